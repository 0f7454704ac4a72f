//! nginx does not start when it cannot read a certificate.

use crate::model::{CertificateMode, Model};
use crate::rules::{Findings, Rule};
use crate::source::ReadError;
use crate::tls::CertificateProblem;

pub(super) struct CertFileMissing;

impl Rule for CertFileMissing {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let unreadable = model.certificate_uses().filter_map(|used| match &used.file?.problem {
            Some(problem @ CertificateProblem::Unreadable(error)) => Some((used, error, problem.stops_nginx())),
            _ => None,
        });
        // Wherever the files are: this names none.
        let (empty, unreadable): (Vec<_>, Vec<_>) = unreadable.partition(|(used, ..)| used.word.value().is_empty());
        for (used, ..) in empty {
            let message =
                "ssl_certificate is empty: nginx opens the directory of nginx.conf instead and does not start";
            sink.error(used.word.span(), message).help(
                "name the PEM file that holds the certificate; in a file that a template writes, its variable was \
                 empty",
            );
        }
        if model.lacks_certificates {
            if let Some((used, ..)) = unreadable.first() {
                let message = match model.certificates.len() {
                    1 => "the certificate file cannot be read here, so nothing is said of certificates".to_owned(),
                    count => format!(
                        "none of the {count} certificate files of this configuration can be read here, so \
                         nothing is said of certificates"
                    ),
                };
                sink.info(used.word.span(), message).help(
                    "run ngxlint where the files are, or give their place with --root or --map; --certs \
                     require makes this an error, --certs skip silences it",
                );
            }
            return;
        }
        for (used, error, stops_nginx) in unreadable {
            let path = used.file.map(|file| file.path.display().to_string()).unwrap_or_default();
            let is_certain = model.config.is_whole() || used.word.text().starts_with('/');
            let message = format!("cannot read the certificate {path}: {error}");
            let finding = if !stops_nginx && model.environment.certificates != CertificateMode::Require {
                // nginx reads certificates as root, and has no limit of size; that it cannot read them is not known.
                sink.warning(used.word.span(), message).conditional()
            } else if !is_certain {
                sink.info(used.word.span(), message).conditional()
            } else {
                sink.error(used.word.span(), message)
            };
            finding.help(match error {
                ReadError::PermissionDenied => "run ngxlint as a user who may read what nginx reads, or with \
                 --certs skip",
                ReadError::NotFound => {
                    "correct the path, or obtain the certificate first; a relative path starts from the directory of the \
                     root file"
                }
                _ => "name the PEM file that holds the certificate",
            });
        }
    }
}
