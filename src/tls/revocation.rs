//! Certificate revocation lists: RFC 5280, section 5.

use std::path::Path;

use x509_parser::der_parser::asn1_rs::{Any, FromBer, Tag};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use super::certificate::name_text;
use super::file_problem::{FileProblem, read_blocks};
use super::validity::UnixTime;
use crate::source::{FileSystem, MAX_CERTIFICATE_BYTES};

/// The label of a list in PEM.
const LABEL: &str = "X509 CRL";

/// A file of revocation lists, as `ssl_crl` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationFile {
    /// The lists that could be read, in the order of the file.
    pub lists: Vec<RevocationList>,
    /// What is wrong with the file.
    pub problem: Option<FileProblem>,
    /// Whether there is more in it than is in `lists`.
    pub is_partial: bool,
}

/// What an authority has revoked, as far as rules ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    /// The authority, as in `O=Shop, CN=root`.
    pub issuer: Box<str>,
    /// When it was made.
    pub this_update: UnixTime,
    /// When the next one is due; verifiers refuse whatever this authority signed when it is past.
    pub next_update: Option<UnixTime>,
}

impl RevocationFile {
    /// Reads the file at `path`.
    #[must_use]
    pub fn read(files: &dyn FileSystem, path: &Path) -> RevocationFile {
        match files.read(path, MAX_CERTIFICATE_BYTES) {
            Ok(text) => RevocationFile::parse(&text),
            Err(error) => RevocationFile { lists: Vec::new(), problem: Some(error.into()), is_partial: true },
        }
    }

    /// Parses the text of a file.
    #[must_use]
    pub fn parse(text: &[u8]) -> RevocationFile {
        let blocks = match read_blocks(text, &[LABEL], usize::MAX) {
            Ok(blocks) => blocks,
            Err(problem) => return RevocationFile { lists: Vec::new(), problem: Some(problem), is_partial: true },
        };
        let mut file = RevocationFile { lists: Vec::new(), problem: None, is_partial: false };
        for block in blocks {
            if !Any::from_ber(&block.data).is_ok_and(|(_, any)| any.tag() == Tag::Sequence) {
                file.problem = file.problem.or(Some(FileProblem::BadDer { line: block.line }));
            }
            match RevocationList::parse(&block.data) {
                Some(list) => file.lists.push(list),
                None => file.is_partial = true,
            }
        }
        file
    }

    /// The authorities of which no list is current at the time `now`, each once and with the day when its last one
    /// ended.
    #[must_use]
    pub fn outdated(&self, now: UnixTime) -> Vec<(&str, UnixTime)> {
        let mut outdated: Vec<(&str, UnixTime)> = Vec::new();
        for list in &self.lists {
            let of_issuer = || self.lists.iter().filter(|other| other.issuer == list.issuer);
            let last = of_issuer().map(|list| list.next_update).max_by_key(|end| end.map_or(i64::MAX, |end| end.0));
            if let Some(Some(end)) = last
                && end < now
                && !outdated.iter().any(|(issuer, _)| **issuer == *list.issuer)
            {
                outdated.push((&list.issuer, end));
            }
        }
        outdated
    }

    /// How many authorities it has lists of.
    #[must_use]
    pub fn issuer_count(&self) -> usize {
        let mut issuers: Vec<&str> = self.lists.iter().map(|list| &*list.issuer).collect();
        issuers.sort_unstable();
        issuers.dedup();
        issuers.len()
    }
}

impl RevocationList {
    /// Reads what stands before the entries, of which there may be a million:
    /// `CertificateList ::= SEQUENCE { SEQUENCE { version OPTIONAL, signature, issuer, thisUpdate, nextUpdate OPTIONAL, …`
    fn parse(der: &[u8]) -> Option<RevocationList> {
        let (_, list) = Any::from_ber(der).ok()?;
        let (_, to_be_signed) = Any::from_ber(list.data).ok()?;
        let (mut rest, first) = Any::from_ber(to_be_signed.data).ok()?;
        if first.tag() == Tag::Integer {
            (rest, _) = Any::from_ber(rest).ok()?;
        }
        let (rest, issuer) = X509Name::from_der(rest).ok()?;
        let (rest, this_update) = ASN1Time::from_der(rest).ok()?;
        let is_time = |any: &Any<'_>| matches!(any.tag(), Tag::UtcTime | Tag::GeneralizedTime);
        let next_update = match Any::from_ber(rest) {
            Ok((_, any)) if is_time(&any) => Some(UnixTime(ASN1Time::from_der(rest).ok()?.1.timestamp())),
            _ => None,
        };
        Some(RevocationList { issuer: name_text(&issuer), this_update: UnixTime(this_update.timestamp()), next_update })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::der::tlv;
    use crate::tls::forged::common_name;
    use crate::tls::forged::pem;

    /// A list of `issuer`, as far as it is read; times are UTCTime.
    fn list(issuer: &[u8], this_update: &[u8], next_update: Option<&[u8]>) -> String {
        let mut fields = tlv(0x02, &[1]);
        fields.extend(tlv(0x30, &tlv(0x06, b"\x2a\x86\x48\xce\x3d\x04\x03\x02")));
        fields.extend(common_name(0x0c, issuer));
        fields.extend(tlv(0x17, this_update));
        next_update.into_iter().for_each(|time| fields.extend(tlv(0x17, time)));
        fields.extend(tlv(0x30, &[]));
        pem(LABEL, &tlv(0x30, &tlv(0x30, &fields)), 64)
    }

    #[test]
    fn an_authority_is_outdated_when_its_last_list_has_ended() {
        let now = UnixTime::parse_rfc3339("2026-06-01").unwrap();
        let old = list(b"a", b"250101000000Z", Some(b"250201000000Z"));
        let older = list(b"a", b"240101000000Z", Some(b"240201000000Z"));
        let current = list(b"a", b"260501000000Z", Some(b"260701000000Z"));
        let endless = list(b"a", b"240101000000Z", None);
        let other = list(b"b", b"260501000000Z", Some(b"260701000000Z"));
        // The lists, when the last one of `a` ended if it did, and how many authorities they are of.
        let rows: [(&[&String], Option<&str>, usize); 6] = [
            (&[&old], Some("2025-02-01"), 1),
            (&[&older, &old], Some("2025-02-01"), 1),
            (&[&old, &current], None, 1),
            (&[&old, &endless], None, 1),
            (&[&other, &old], Some("2025-02-01"), 2),
            (&[&other], None, 1),
        ];
        for (lists, end, issuers) in rows {
            let text: String = lists.iter().map(|list| list.as_str()).collect();
            let file = RevocationFile::parse(text.as_bytes());
            assert_eq!((&file.problem, file.is_partial, file.lists.len()), (&None, false, lists.len()));
            let found: Vec<String> = file.outdated(now).iter().map(|(issuer, end)| format!("{issuer} {end}")).collect();
            assert_eq!(found, end.map(|end| format!("CN=a {end}")).into_iter().collect::<Vec<_>>());
            assert_eq!(file.issuer_count(), issuers);
        }
    }

    #[test]
    fn what_nginx_would_not_take_for_a_list() {
        let good = list(b"a", b"250101000000Z", None);
        let certificate = good.replace(LABEL, "CERTIFICATE");
        let rows: [(&str, Option<&str>, bool); 8] = [
            (&good, None, false),
            (&format!("text\n{certificate}{good}"), None, false),
            (&certificate, Some("it holds `BEGIN CERTIFICATE` and no `BEGIN X509 CRL`"), true),
            (" \n", Some("it is empty"), true),
            ("0\u{3}", Some("it is not a PEM file: it has no line `-----BEGIN X509 CRL-----`"), true),
            (&good.replace("END", "END "), Some("the `-----END` on line 4 is damaged"), true),
            (
                &pem(LABEL, &[0x02, 1, 1], 64),
                Some("the PEM block that begins on line 1 does not hold what it says"),
                true,
            ),
            // A sequence of something else; OpenSSL may have more to say.
            (&pem(LABEL, &tlv(0x30, &[]), 64), None, true),
        ];
        for (text, problem, is_partial) in rows {
            let file = RevocationFile::parse(text.as_bytes());
            let found = file.problem.map(|problem| problem.to_string());
            assert!(
                found
                    .as_deref()
                    .zip(problem)
                    .map_or(found.as_deref() == problem, |(found, start)| found.starts_with(start)),
                "{text}: {found:?}"
            );
            assert_eq!(file.is_partial, is_partial, "{text}");
        }
    }
}
