//! An inventory of certificates with what its forms, for people and for programs, all need.

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::certificates::inventory::{Inventory, ListedCertificate, ListedKey, ListedSource, Protocol};
use crate::nginx::NginxVersion;
use crate::nginx::tls_files::TlsFileKind;
use crate::rules::{Finding, Severity};
use crate::source::{Sources, Span};
use crate::tls::{AnchorSource, Certificate, Chain, KeyState, OddityKind, Trust, UnixTime};

/// What is known of the certificates of some configurations.
pub struct CertsReport<'r> {
    /// The texts of the configurations.
    pub sources: &'r Sources,
    /// The certificates, each once, with the paths that people know.
    pub inventory: &'r Inventory,
    /// What rules say of them, sorted.
    pub findings: &'r [Finding],
    /// The severity from which on a finding is a failure.
    pub threshold: Option<Severity>,
    /// The time against which they are judged.
    pub now: UnixTime,
    /// The nginx that is assumed.
    pub nginx_version: NginxVersion,
    /// Whether all that was asked for could be read.
    pub is_complete: bool,
}

/// How bad a certificate is, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Unreadable,
    Dated(i64),
    Unknown,
}

impl<'r> CertsReport<'r> {
    /// The certificates by the days that are left, then by path. Those that cannot be read come first, those of which
    /// nothing can be known last.
    pub(super) fn certificates(&self) -> Vec<&'r ListedCertificate> {
        let mut certificates: Vec<&ListedCertificate> = self.inventory.certificates.iter().collect();
        certificates.sort_by_cached_key(|listed| {
            let rank = match (&listed.leaf, listed.unknown) {
                (Some(leaf), _) => Rank::Dated(leaf.validity.days_left(self.now)),
                (None, None) => Rank::Unreadable,
                (None, Some(_)) => Rank::Unknown,
            };
            (rank, listed.source.clone())
        });
        certificates
    }

    /// Whether a finding is a failure.
    #[must_use]
    pub fn fails(&self, finding: &Finding) -> bool {
        self.threshold.is_some_and(|threshold| finding.severity >= threshold)
    }

    /// Whether the run is to fail.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.findings.iter().any(|finding| self.fails(finding))
    }

    /// How many findings there are, by rule and severity.
    pub(super) fn finding_counts(&self) -> BTreeMap<(&'static str, Severity), usize> {
        let mut counts = BTreeMap::new();
        for finding in self.findings {
            *counts.entry((finding.rule.as_str(), finding.severity)).or_insert(0) += 1;
        }
        counts
    }

    /// The file and line of a place.
    pub(super) fn place(&self, span: Span) -> (String, u32) {
        let file = self.sources.file(span.file);
        (shown(&file.path), file.position(span.start).line)
    }
}

/// A path for people and programs that read UTF-8.
pub(super) fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    // A key that stands where its file should be named.
    text.split_once(PEM_START).map_or_else(|| text.clone().into_owned(), |_| "(the key itself)".to_owned())
}

const PEM_START: &str = "-----BEGIN ";

/// The file of a certificate, or the parameter where there is none.
pub(super) fn source_text(source: &ListedSource) -> String {
    match source {
        ListedSource::File(path) => shown(path),
        ListedSource::Unknown(text) => text.clone(),
    }
}

/// The names of a certificate.
pub(super) fn names(leaf: &Certificate) -> Vec<String> {
    leaf.names().iter().map(ToString::to_string).collect()
}

/// How a chain is for the clients of a server, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ChainState {
    /// It leads to a trust anchor.
    Complete,
    /// It leads to a root in the file that clients must be given.
    PrivateRoot,
    SelfSigned,
    /// An intermediate is missing.
    Incomplete,
    /// The issuer may be a private authority, or missing.
    IssuerUnknown,
    Refused,
    /// The file starts with an issuer, whose key the server does not have.
    LeafNotFirst,
}

impl ChainState {
    pub(super) fn of(chain: &Chain) -> ChainState {
        if chain.oddities.iter().any(|oddity| matches!(oddity.kind, OddityKind::LeafNotFirst { .. })) {
            return ChainState::LeafNotFirst;
        }
        match chain.trust {
            Trust::Anchored { .. } => ChainState::Complete,
            Trust::PrivateRoot { .. } => ChainState::PrivateRoot,
            Trust::SelfSigned => ChainState::SelfSigned,
            Trust::Incomplete(_) => ChainState::Incomplete,
            Trust::IssuerUnknown(_) => ChainState::IssuerUnknown,
            Trust::Refused { .. } => ChainState::Refused,
        }
    }

    /// Whether nothing is missing in the file; `None` where that is not known.
    pub(super) fn is_complete(self) -> Option<bool> {
        match self {
            ChainState::Complete | ChainState::PrivateRoot | ChainState::SelfSigned => Some(true),
            ChainState::Incomplete | ChainState::Refused | ChainState::LeafNotFirst => Some(false),
            ChainState::IssuerUnknown => None,
        }
    }
}

/// How a chain is, in words.
pub(super) fn chain_text(chain: &Chain) -> String {
    let place = |url: &Option<Box<str>>| url.as_ref().map(|url| format!(" (to be had at {url})")).unwrap_or_default();
    let mut text = match &chain.trust {
        _ if ChainState::of(chain) == ChainState::LeafNotFirst => {
            "the file starts with an issuer instead of the server's own certificate".to_owned()
        }
        Trust::Anchored { anchor, source } => {
            let who = match source {
                AnchorSource::Public => "",
                AnchorSource::System => ", which this machine trusts",
                AnchorSource::Given => ", given with --ca",
            };
            format!("complete, to {anchor}{who}")
        }
        Trust::Refused { anchor, reason } => format!("refused by clients, though it leads to {anchor}: {reason}"),
        Trust::SelfSigned => "self-signed".to_owned(),
        Trust::PrivateRoot { subject, .. } => format!("complete, to the private root {subject}"),
        Trust::Incomplete(missing) => {
            format!("incomplete: the certificate of {} is missing{}", missing.issuer, place(&missing.url))
        }
        Trust::IssuerUnknown(missing) => {
            format!("issuer unknown: {} is neither in the file nor a known root{}", missing.issuer, place(&missing.url))
        }
    };
    let mut said = Vec::new();
    for oddity in &chain.oddities {
        said.extend(oddity_word(&oddity.kind).filter(|word| !said.contains(word)));
    }
    if !said.is_empty() {
        text = format!("{text}; {}", said.join(", "));
    }
    text
}

/// What is odd about the certificates behind the leaf.
fn oddity_word(kind: &OddityKind) -> Option<&'static str> {
    Some(match kind {
        OddityKind::WrongOrder { .. } => "out of order",
        OddityKind::Duplicate { .. } => "a certificate is there twice",
        OddityKind::Unrelated => "a certificate does not belong there",
        OddityKind::NeedlessRoot => "the root is sent needlessly",
        OddityKind::Expired { is_needed: true, .. } => "an issuer has expired",
        OddityKind::NotYetValid { is_needed: true, .. } => "an issuer is not yet valid",
        OddityKind::WeakKey(_) => "a weak key",
        OddityKind::WeakSignature(_) => "a weak signature",
        OddityKind::LeafIsAuthority => "the leaf is an authority's",
        OddityKind::NotForServers => "the leaf is not for TLS servers",
        OddityKind::NotForSignatures(_) => "the leaf's key may not sign",
        OddityKind::LeafNotFirst { .. }
        | OddityKind::NoNames
        | OddityKind::Expired { .. }
        | OddityKind::NotYetValid { .. } => return None,
    })
}

/// What a file beside certificates and keys is for, as one word.
pub(super) fn role_word(kind: TlsFileKind) -> &'static str {
    match kind {
        TlsFileKind::Certificate => "certificate",
        TlsFileKind::Key => "key",
        TlsFileKind::Passwords => "passwords",
        TlsFileKind::Authorities => "authorities",
        TlsFileKind::RevocationLists => "revocation-lists",
        TlsFileKind::DhParameters => "dh-parameters",
        TlsFileKind::OcspResponse => "ocsp-response",
        TlsFileKind::TicketKey => "ticket-key",
    }
}

/// The part of nginx, as its configuration calls it.
pub(super) fn protocol_word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http => "http",
        Protocol::Stream => "stream",
        Protocol::Mail => "mail",
    }
}

/// How a key is, in words.
pub(super) fn key_text(key: &ListedKey) -> String {
    let path = shown(&key.path);
    let exposed = match key.check.exposure {
        None => "",
        Some(exposure) if exposure.is_writable() => "; every user of the machine can change it",
        Some(_) => "; every user of the machine can read it",
    };
    match &key.check.state {
        KeyState::Matches => format!("{path} matches{exposed}"),
        KeyState::Uncompared => format!("{path}: there is no certificate to compare it with{exposed}"),
        KeyState::Differs { key, fits: None } => format!("{path} is another certificate's ({key}){exposed}"),
        KeyState::Differs { key, fits: Some(place) } => {
            format!("{path} belongs to the certificate on line {} ({key}){exposed}", place.line)
        }
        KeyState::Unusable(problem) => format!("{path}: {problem}{exposed}"),
    }
}

/// The state of a key as one word.
pub(super) fn key_word(key: &ListedKey) -> &'static str {
    match &key.check.state {
        KeyState::Matches => "matches",
        KeyState::Uncompared => "uncompared",
        KeyState::Differs { .. } => "differs",
        KeyState::Unusable(_) => "unusable",
    }
}
