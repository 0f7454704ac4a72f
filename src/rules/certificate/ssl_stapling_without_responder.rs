//! To staple, nginx asks the OCSP responder that the certificate names. Without one, or without the issuer's certificate,
//! it ignores `ssl_stapling` and says so only in its log.

use rustc_hash::FxHashSet;

use crate::model::certificates::certificate_use::spelled_out;
use crate::model::{IgnoredStapling, Model, StaplingProblem};
use crate::rules::{Findings, Rule};

pub(super) struct SslStaplingWithoutResponder;

impl Rule for SslStaplingWithoutResponder {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut ignored = model.ignored_staplings();
        ignored.sort_by(|a, b| (a.directive.span(), &a.reason).cmp(&(b.directive.span(), &b.reason)));
        for same in ignored.chunk_by(|a, b| a.directive.span() == b.directive.span() && a.reason == b.reason) {
            report(same, sink);
        }
    }
}

/// What is wrong in the same way with some certificates of one `ssl_stapling`.
fn report(same: &[IgnoredStapling<'_>], sink: &mut Findings) {
    let Some(IgnoredStapling { directive, certificate, reason }) = same.first() else { return };
    let mut files: Vec<String> = same.iter().map(|ignored| ignored.certificate.text().into_owned()).collect();
    let mut seen = FxHashSet::default();
    files.retain(|file| seen.insert(file.clone()));
    let what = format!("nginx ignores `ssl_stapling on` for {}", spelled_out(&files));
    let span = directive.span();
    let finding = match reason {
        StaplingProblem::NoResponder | StaplingProblem::Neither => {
            let issuer = match reason {
                StaplingProblem::Neither => ", and the issuer's certificate is not there, either",
                _ => "",
            };
            sink.info(span, format!("{what}: a certificate without the URL of an OCSP responder{issuer}")).help(
                "delete ssl_stapling and ssl_stapling_verify; Let's Encrypt and others have ended OCSP, so no \
                 certificate of theirs brings a responder again",
            )
        }
        StaplingProblem::NoIssuer => sink
            .warning(span, format!("{what}: the issuer's certificate is not there, which a request has to name"))
            .help(
                "append the issuer's certificate to the file of the certificate, or name it in ssl_trusted_certificate",
            ),
        StaplingProblem::NotHttp(url) => sink
            .warning(span, format!("{what}: the responder's URL {url} does not begin with http://"))
            .help("give a URL with http:// in ssl_stapling_responder; the response is signed, so that is no risk"),
    };
    finding.related(certificate.span(), "this certificate");
}
