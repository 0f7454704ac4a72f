//! nginx does not start when a certificate file, or another one that it needs for TLS, is not what OpenSSL expects.

use std::path::Path;

use crate::model::{Model, TlsFileContent, UsedTlsFile};
use crate::nginx::tls_files::{OWN_READERS_SINCE, TlsFileKind};
use crate::rules::certificate::same_file;
use crate::rules::{Findings, Rule};
use crate::tls::{CertificateProblem, FileProblem};

pub(super) struct CertUnparsable;

impl Rule for CertUnparsable {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for used in model.certificate_files() {
            let Some(file) = used.file else { continue };
            let Some(problem) = &file.problem else { continue };
            if matches!(problem, CertificateProblem::Unreadable(_)) {
                continue;
            }
            let path = file.path.display();
            let who = used.users_text();
            let finding = if problem.stops_nginx() {
                sink.error(
                    used.span(),
                    format!("nginx cannot load the certificate {path}: {problem}; it is that of {who}"),
                )
            } else {
                sink.warning(used.span(), format!("the certificate {path} is damaged: {problem}; it is that of {who}"))
            };
            same_file(finding, &used);
            if let Some(help) = problem.help(&file.path) {
                finding.help(help);
            }
        }
        for used in model.tls_files() {
            match used.content {
                TlsFileContent::Authorities(file) => {
                    if let Some(problem) = &file.problem {
                        report_authorities(model, &used, problem, sink);
                    }
                }
                TlsFileContent::RevocationLists(file) => report(model, &used, file.problem.as_ref(), sink),
                TlsFileContent::DhParameters(parameters) => report(model, &used, parameters.as_ref().err(), sink),
                TlsFileContent::OcspResponse(problem) => report(model, &used, problem.as_ref(), sink),
                TlsFileContent::Secret { problem, .. } => report(model, &used, problem.as_ref(), sink),
            }
        }
    }
}

/// OpenSSL skips in such a file what is no certificate, and takes each in any of its forms.
fn report_authorities(
    model: &Model<'_>,
    used: &UsedTlsFile<'_, '_>,
    problem: &CertificateProblem,
    sink: &mut Findings,
) {
    if !problem.stops_nginx() || matches!(problem, CertificateProblem::Unreadable(_)) {
        return;
    }
    // Before, OpenSSL was content with a revocation list alone, but for the names that clients are told.
    if matches!(problem, CertificateProblem::OtherOnly { label } if **label == *"X509 CRL")
        && model.environment.version < OWN_READERS_SINCE
        && used.row.directive != "ssl_client_certificate"
    {
        return;
    }
    let message = format!("nginx cannot load the authorities' certificates {}: {problem}", used.path.display());
    sink.error(used.word.span(), message).help(help(used.path, problem));
}

fn help(path: &Path, problem: &CertificateProblem) -> String {
    let is_of_another = matches!(problem, CertificateProblem::PrivateKeyOnly | CertificateProblem::RequestOnly);
    let help = if is_of_another { None } else { problem.help(path) };
    help.unwrap_or_else(|| "name a PEM file with the certificates of the authorities".to_owned())
}

fn report(model: &Model<'_>, used: &UsedTlsFile<'_, '_>, problem: Option<&FileProblem>, sink: &mut Findings) {
    let Some(problem) = problem.filter(|problem| !matches!(problem, FileProblem::Unreadable(_))) else { return };
    let path = used.path.display();
    let (what, help) = match used.row.kind {
        TlsFileKind::RevocationLists => (
            "the revocation list",
            "name the list in PEM (`BEGIN X509 CRL`): openssl crl -inform der converts one that an authority publishes",
        ),
        TlsFileKind::DhParameters => (
            "the Diffie-Hellman parameters",
            "make the file: openssl dhparam 2048; or delete the directive, for clients of today do without",
        ),
        TlsFileKind::TicketKey => ("the key of session tickets", "make the file: openssl rand 80"),
        _ => ("the OCSP response", "make the file: openssl ocsp -respout; it is in DER form"),
    };
    // Before, OpenSSL took certificates instead, and then missed the lists of their authorities.
    let is_taken = model.environment.version < OWN_READERS_SINCE
        && used.row.kind == TlsFileKind::RevocationLists
        && matches!(problem, FileProblem::OtherOnly { found, .. } if found.ends_with("CERTIFICATE"));
    let message = if is_taken {
        format!("{what} {path} is none: {problem}; nginx starts, and refuses every certificate of a peer")
    } else {
        format!("nginx cannot load {what} {path}: {problem}")
    };
    sink.error(used.word.span(), message).help(help);
}
