//! What stands behind the leaf in a certificate file: the intermediates that lead to a root which clients know, in order.
//! RFC 5246, section 7.4.2; RFC 8446, section 4.4.2.

use rustc_hash::FxHashSet;

use crate::model::{Model, UsedCertificate};
use crate::rules::certificate::same_file;
use crate::rules::{Findings, Rule, Severity};
use crate::tls::{Chain, MissingIssuer, Oddity, OddityKind, Refusal, Trust};

pub(super) struct CertChainIncomplete;

impl Rule for CertChainIncomplete {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        // Issuers that other files of the configuration hold.
        let mut known = None;
        for used in model.judged_certificate_files().filter(UsedCertificate::is_of_site) {
            let Some(chain) = used.chain() else { continue };
            let is_reversed =
                chain.oddities.iter().any(|oddity| matches!(oddity.kind, OddityKind::LeafNotFirst { .. }));
            match &chain.trust {
                _ if is_reversed => {}
                Trust::Incomplete(missing) => report_missing(&used, missing, sink),
                Trust::IssuerUnknown(missing) if missing.of.index == 0 => {
                    let known = known.get_or_insert_with(|| issuers(model));
                    let is_likely = model.environment.anchors.has_given()
                        || missing.url.is_some()
                        || missing.namesake.is_some()
                        || known.contains(&*missing.issuer);
                    report_unknown(&used, missing, is_likely, sink);
                }
                Trust::Refused { reason, .. } if *reason != Refusal::Dates => {
                    let message = format!("clients refuse the chain of {}: {reason}", used.text());
                    let finding = match used.takers() {
                        None => sink.error(used.span(), message),
                        Some(takers) => sink.warning(used.span(), format!("{message} ({takers} get it)")).conditional(),
                    };
                    same_file(finding, &used).help("get the chain anew from the authority, and name that file");
                }
                _ => {}
            }
            report_oddities(&used, chain, sink);
        }
    }
}

/// The subjects of all authorities' certificates.
fn issuers<'m>(model: &'m Model<'_>) -> FxHashSet<&'m str> {
    let certificates = model.certificates.files().flat_map(|file| &file.certificates);
    certificates.filter(|certificate| certificate.is_ca).map(|certificate| &*certificate.subject).collect()
}

/// The certificate of a file that a message means.
fn whose(used: &UsedCertificate<'_, '_>, missing: &MissingIssuer) -> String {
    match missing.of.index {
        0 => format!("the certificate {}", used.text()),
        _ => format!("the issuer on line {} of {}", missing.of.line, used.text()),
    }
}

/// Who is refused, and by which clients if not by all.
fn who(used: &UsedCertificate<'_, '_>) -> String {
    let who = used.presenting_text();
    used.takers().map_or_else(|| who.clone(), |takers| format!("{who} ({takers} get it)"))
}

fn help(missing: &MissingIssuer) -> String {
    let place = match &missing.url {
        Some(url) => format!("it can be had (in DER form) at {url}"),
        None => "authorities deliver it as chain.pem or ca-bundle, or with the certificate as fullchain.pem".to_owned(),
    };
    match missing.namesake {
        Some(namesake) => {
            format!("replace the one on line {} by the certificate of {}; {place}", namesake.line, missing.issuer)
        }
        None => format!("append the certificate of {} to the file; {place}", missing.issuer),
    }
}

/// Only a public authority makes such leaves, so no client can have been given the issuer.
fn report_missing(used: &UsedCertificate<'_, '_>, missing: &MissingIssuer, sink: &mut Findings) {
    let is_error = missing.of.index == 0 && used.takers().is_none();
    let message = format!(
        "the chain is incomplete: {} was issued by {}, whose certificate is not in the file; curl, mobile apps and some \
         browsers refuse {}",
        whose(used, missing),
        missing.issuer,
        who(used),
    );
    let finding = sink.add(if is_error { Severity::Error } else { Severity::Warning }, used.span(), message);
    if !is_error {
        finding.conditional();
    }
    same_file(finding, used).help(help(missing));
}

fn report_unknown(used: &UsedCertificate<'_, '_>, missing: &MissingIssuer, is_likely: bool, sink: &mut Findings) {
    let namesake = match missing.namesake {
        Some(place) => format!("; the one of that name on line {} has another key", place.line),
        None => String::new(),
    };
    let message = format!(
        "the issuer of {}, {}, is neither in the file nor a known root{namesake}: clients that do not have it refuse {}",
        whose(used, missing),
        missing.issuer,
        who(used),
    );
    let severity = if is_likely { Severity::Warning } else { Severity::Info };
    let root = "if it is the root of a private authority, run ngxlint with --ca and its file";
    // Nothing speaks for a file that lacks something.
    let help = match is_likely {
        true => format!("{}; {root}", help(missing)),
        false => format!("{root}; else {}", help(missing)),
    };
    same_file(sink.add(severity, used.span(), message), used).conditional().help(help);
}

/// Of each kind the first, and how many there are.
fn report_oddities(used: &UsedCertificate<'_, '_>, chain: &Chain, sink: &mut Findings) {
    let file = used.text();
    let mut seen = FxHashSet::default();
    for Oddity { place, kind } in &chain.oddities {
        let same =
            chain.oddities.iter().filter(|other| std::mem::discriminant(&other.kind) == std::mem::discriminant(kind));
        if !seen.insert(std::mem::discriminant(kind)) {
            continue;
        }
        let more = match same.count() {
            1 => String::new(),
            count => format!(" (and {} more like it)", count - 1),
        };
        let line = place.line;
        let (severity, message, help) = match kind {
            OddityKind::LeafNotFirst { leaf } => (
                Severity::Error,
                format!("{file} starts with an issuer; the server's own certificate stands on line {}", leaf.line),
                "put the server's own certificate first, then its issuer, and so on",
            ),
            OddityKind::WrongOrder { issued } => (
                Severity::Warning,
                format!(
                    "{file} is out of order: the certificate on line {line} issued the one on line {}{more}",
                    issued.line
                ),
                "put each certificate behind the one that it issued; TLS 1.2 asks for it, and some clients insist",
            ),
            OddityKind::Unrelated => (
                Severity::Warning,
                format!("the certificate on line {line} of {file} has nothing to do with the first one{more}"),
                "delete it; a client that takes the certificates for a chain refuses them",
            ),
            OddityKind::Duplicate { first } => (
                Severity::Info,
                format!("the certificate on line {line} of {file} is the one on line {} again{more}", first.line),
                "delete it; it is sent in every handshake",
            ),
            OddityKind::NeedlessRoot => (
                Severity::Info,
                format!("{file} holds a root on line {line}: clients have it already, or do not trust it{more}"),
                "delete it; it is sent in every handshake",
            ),
            OddityKind::Expired { on, is_needed } => (
                if *is_needed { Severity::Error } else { Severity::Info },
                format!("the issuer on line {line} of {file} expired on {on}{}{more}", spare(*is_needed)),
                "replace it by the authority's current one",
            ),
            OddityKind::NotYetValid { from, is_needed } => (
                if *is_needed { Severity::Error } else { Severity::Info },
                format!("the issuer on line {line} of {file} is not valid before {from}{}{more}", spare(*is_needed)),
                "replace it by the one that is valid now",
            ),
            _ => continue,
        };
        same_file(sink.add(severity, used.span(), message), used).help(help);
    }
}

fn spare(is_needed: bool) -> &'static str {
    if is_needed { "" } else { "; clients that find another way to a root do without it" }
}
