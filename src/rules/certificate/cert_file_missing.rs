//! nginx does not start when it cannot read a certificate, or another file that it needs for TLS.

use crate::model::{CertificateMode, Model, UsedTlsFile};
use crate::nginx::tls_files::TlsFileKind;
use crate::rules::certificate::same_file;
use crate::rules::{Finding, Findings, Rule};
use crate::source::ReadError;
use crate::syntax::Word;
use crate::tls::CertificateProblem;

pub(super) struct CertFileMissing;

impl Rule for CertFileMissing {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let unreadable = model.certificate_files().filter_map(|used| match &used.file?.problem {
            Some(problem @ CertificateProblem::Unreadable(error)) => Some((used, error, problem.stops_nginx())),
            _ => None,
        });
        // Wherever the files are: this names none.
        let (empty, unreadable): (Vec<_>, Vec<_>) = unreadable.partition(|(used, ..)| used.word.value().is_empty());
        for (used, ..) in empty {
            let message = format!(
                "{} is empty: nginx opens the directory of nginx.conf instead and does not start",
                used.directive_name()
            );
            sink.error(used.word.span(), message).help(
                "name the PEM file that holds the certificate; in a file that a template writes, its variable was \
                 empty",
            );
        }
        let files = model.tls_files();
        // Passwords may come from a named pipe, as nginx's documentation says; it is not opened here.
        let is_pipe = |used: &UsedTlsFile<'_, '_>, error: &ReadError| {
            used.row.kind == TlsFileKind::Passwords && *error == ReadError::NotRegular
        };
        let others = files.iter().filter_map(|used| Some((used, used.content.read_error()?)));
        let others: Vec<_> = others.filter(|(used, error)| !is_pipe(used, error)).collect();
        if model.lacks_certificates {
            let word = unreadable.first().map(|(used, ..)| used.word).or(others.first().map(|(used, _)| used.word));
            if let Some(word) = word {
                let message = match model.certificates.len() {
                    0 => "the files of TLS cannot be read here, so nothing is said of them".to_owned(),
                    1 => "the certificate file cannot be read here, so nothing is said of certificates".to_owned(),
                    count => format!(
                        "none of the {count} certificate files of this configuration can be read here, so \
                         nothing is said of certificates"
                    ),
                };
                sink.info(word.span(), message).help(
                    "run ngxlint where the files are, or give their place with --root or --map; --certs \
                     require makes this an error, --certs skip silences it",
                );
            }
            return;
        }
        for (used, error, stops_nginx) in unreadable {
            let path = used.file.map(|file| file.path.display().to_string()).unwrap_or_default();
            let users = format!("; it is that of {}", used.users_text());
            let missing = Missing { word: used.word, what: "the certificate", path, error, stops_nginx, users };
            same_file(missing.report(model, sink), &used);
        }
        for (used, error) in others {
            let path = used.path.display().to_string();
            let stops_nginx = CertificateProblem::Unreadable(error.clone()).stops_nginx();
            Missing { word: used.word, what: what(used.row.kind), path, error, stops_nginx, users: String::new() }
                .report(model, sink);
        }
    }
}

/// What messages call a file of a kind.
fn what(kind: TlsFileKind) -> &'static str {
    match kind {
        TlsFileKind::Authorities => "the authorities' certificates",
        TlsFileKind::RevocationLists => "the revocation list",
        TlsFileKind::DhParameters => "the Diffie-Hellman parameters",
        TlsFileKind::OcspResponse => "the OCSP response",
        TlsFileKind::Passwords => "the passwords",
        TlsFileKind::TicketKey => "the key of session tickets",
        TlsFileKind::Certificate | TlsFileKind::Key => "the file",
    }
}

/// A file that cannot be read.
struct Missing<'m, 'c> {
    word: Word<'c>,
    what: &'static str,
    path: String,
    error: &'m ReadError,
    /// Whether nginx cannot read it, either.
    stops_nginx: bool,
    /// Whose it is, if that is told.
    users: String,
}

impl Missing<'_, '_> {
    fn report<'s>(&self, model: &Model<'_>, sink: &'s mut Findings) -> &'s mut Finding {
        let is_certain = model.config.is_whole() || self.word.text().starts_with('/');
        let message = format!("cannot read {} {}: {}{}", self.what, self.path, self.error, self.users);
        let span = self.word.span();
        let finding = if !self.stops_nginx && model.environment.certificates != CertificateMode::Require {
            // nginx reads such files as root, and has no limit of size; that it cannot read them is not known.
            sink.warning(span, message).conditional()
        } else if is_certain {
            sink.error(span, message)
        } else {
            sink.info(span, message).conditional()
        };
        finding.help(match self.error {
            ReadError::PermissionDenied => {
                "run ngxlint as a user who may read what nginx reads, or with \
             --certs skip"
            }
            ReadError::NotFound => {
                "correct the path, or obtain the file first; a relative path starts from the directory of the \
                 root file"
            }
            _ => "name the file that holds it",
        })
    }
}
