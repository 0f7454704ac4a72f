//! Keys and signatures that are too weak for OpenSSL and for browsers, and certificates that are not made for servers.
//! NIST SP 800-57 part 1; CA/Browser Forum, Baseline Requirements, sections 6.1.5 and 7.1.3; RFC 5280, section 4.2.1.12.

use crate::model::{Model, TlsFileContent, UsedCertificate, UsedTlsFile};
use crate::rules::certificate::same_file;
use crate::rules::{Findings, Rule, Severity};
use crate::tls::{Certificate, Curve, KeyKind, Oddity, OddityKind, UnsignedHandshakes};

pub(super) struct CertWeak;

impl Rule for CertWeak {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for used in model.judged_certificate_files() {
            for oddity in used.chain().into_iter().flat_map(|chain| &chain.oddities) {
                report(&used, oddity, sink);
            }
            report_client(&used, sink);
        }
        for used in model.tls_files() {
            report_parameters(&used, sink);
        }
    }
}

/// OpenSSL asks certificates of clients for their purpose. Public authorities no longer make certificates for both.
fn report_client(used: &UsedCertificate<'_, '_>, sink: &mut Findings) {
    let excludes = |used: &UsedCertificate<'_, '_>| used.leaf().is_some_and(Certificate::excludes_clients);
    if used.is_of_client() && used.is_presented() && excludes(used) {
        let message = format!(
            "the certificate {} is not for TLS clients (extended key usage): an upstream that asks for one refuses {}",
            used.text(),
            used.presenting_text(),
        );
        same_file(sink.warning(used.span(), message), used).conditional().help(
            "get a certificate with the extended key usage clientAuth; those of public authorities are for servers",
        );
    }
}

fn report_parameters(used: &UsedTlsFile<'_, '_>, sink: &mut Findings) {
    let TlsFileContent::DhParameters(Ok(bits @ 1..2048)) = used.content else { return };
    let message = format!(
        "the Diffie-Hellman parameters {} are weak ({bits} bits): nginx does not start with them on Debian, Ubuntu and \
         OpenSSL from 3.2",
        used.word.text(),
    );
    sink.error(used.word.span(), message)
        .help("make a file of 2048 bits or more, or delete the directive, for clients of today do without");
}

fn report(used: &UsedCertificate<'_, '_>, oddity: &Oddity, sink: &mut Findings) {
    let whose = match oddity.place.index {
        0 => format!("the certificate {}", used.text()),
        _ => format!("the issuer on line {} of {}", oddity.place.line, used.text()),
    };
    let is_of_site = used.is_of_site();
    let (severity, message, help) = match &oddity.kind {
        OddityKind::WeakKey(KeyKind::Ec(_)) if !is_of_site => return,
        // With another certificate, clients take that one. An issuer's key plays no part in what clients offer.
        OddityKind::WeakKey(KeyKind::Ec(curve @ (Curve::Secp256k1 | Curve::P224))) if oddity.place.index == 0 => (
            if used.is_alone() { Severity::Error } else { Severity::Warning },
            format!(
                "{whose} has a key on a curve that no client offers of itself ({}): {}",
                KeyKind::Ec(*curve),
                match used.is_alone() {
                    true => format!("every handshake for {} fails", used.presenting_text()),
                    false => "nobody gets it".to_owned(),
                }
            ),
            "make a key on P-256 and get a certificate for it",
        ),
        OddityKind::WeakKey(KeyKind::Ec(_)) => (
            Severity::Warning,
            format!("{whose} has a key on a curve that browsers do not know: they refuse {}", used.presenting_text()),
            "make a key on P-256 and get a certificate for it",
        ),
        // OpenSSL loads a long one, and then has no cipher suite for it.
        OddityKind::WeakKey(KeyKind::Dsa) => (
            if is_of_site { Severity::Error } else { Severity::Warning },
            format!("{whose} has a DSA key: no TLS client of today takes it"),
            "make a key on P-256 and get a certificate for it",
        ),
        OddityKind::WeakKey(key) => (
            if is_of_site { Severity::Error } else { Severity::Warning },
            format!(
                "{whose} has a weak key ({key}): nginx does not start with it on Debian, Ubuntu and OpenSSL from 3.2"
            ),
            "make a key of 2048 bits or more, or on P-256, and get a certificate for it",
        ),
        OddityKind::WeakSignature(hash) => (
            if is_of_site { Severity::Error } else { Severity::Warning },
            format!(
                "{whose} is signed with {hash}: nginx does not start with it on Debian, Ubuntu and OpenSSL from 3.2"
            ),
            "get a certificate that is signed with SHA-256; browsers refuse others, too",
        ),
        OddityKind::NotForServers if is_of_site => (
            Severity::Error,
            format!(
                "{whose} is not for TLS servers (extended key usage): clients refuse it for {}",
                used.presenting_text()
            ),
            "get a certificate with the extended key usage serverAuth",
        ),
        OddityKind::NotForSignatures(handshakes) if is_of_site => {
            let (severity, breaks) = match handshakes {
                UnsignedHandshakes::All => (Severity::Error, "browsers and OpenSSL refuse it"),
                UnsignedHandshakes::Tls12 => {
                    (Severity::Error, "no handshake over TLS 1.2 succeeds, and over TLS 1.3 Chrome refuses it")
                }
                UnsignedHandshakes::Some => (Severity::Warning, "clients that look at it (Chrome, Android) refuse it"),
            };
            (
                severity,
                format!("the key of {whose} may not sign (key usage): {breaks} for {}", used.presenting_text()),
                "get a certificate with the key usage digitalSignature",
            )
        }
        OddityKind::LeafIsAuthority if is_of_site => (
            Severity::Warning,
            format!(
                "{whose} is a certificate authority's: some clients (rustls, Java's newer ones) refuse it for {}",
                used.presenting_text()
            ),
            "get a certificate with CA:FALSE, and keep the authority's key off this server",
        ),
        _ => return,
    };
    same_file(sink.add(severity, used.span(), message), used).help(help);
}
