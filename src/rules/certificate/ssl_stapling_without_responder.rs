//! To staple, nginx asks the OCSP responder that the certificate names. Without one, or without the issuer's certificate,
//! it ignores `ssl_stapling` and says so only in its log.

use rustc_hash::FxHashSet;

use crate::config::Directive;
use crate::model::certificates::certificate_use::spelled_out;
use crate::model::{IgnoredStapling, Model, StaplingProblem, inherit};
use crate::rules::{Findings, Fix, Rule, edit};

pub(super) struct SslStaplingWithoutResponder;

impl Rule for SslStaplingWithoutResponder {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut ignored = model.ignored_staplings();
        ignored.sort_by(|a, b| (a.directive.span(), &a.reason).cmp(&(b.directive.span(), &b.reason)));
        for same in ignored.chunk_by(|a, b| a.directive.span() == b.directive.span() && a.reason == b.reason) {
            let fix = same.first().and_then(|it| without(model, it.directive, &ignored));
            report(same, fix, sink);
        }
    }
}

/// What is wrong in the same way with some certificates of one `ssl_stapling`.
fn report(same: &[IgnoredStapling<'_>], fix: Option<Fix>, sink: &mut Findings) {
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
    finding.fix(fix);
}

/// Takes an `ssl_stapling` of `http` away of which no server has any use, and the `ssl_stapling_verify` beside it.
fn without(model: &Model<'_>, stapling: Directive<'_>, ignored: &[IgnoredStapling<'_>]) -> Option<Fix> {
    const NAME: &str = "ssl_stapling";
    let is_ignored = |certificate: crate::source::Span| {
        ignored.iter().any(|it| it.certificate.span() == certificate && it.reason == StaplingProblem::NoResponder)
    };
    let around = inherit::in_effect(stapling.parent()?, NAME);
    let is_of_http = stapling.ancestors().any(|block| block.is_named("http"));
    let outer = stapling.parent().and_then(|block| block.parent()).map(|block| inherit::in_effect(block, NAME));
    let is_alone = around.directives.len() == 1 && outer.is_none_or(|outer| outer.directives.is_empty());
    let mut users = model.servers().filter(|server| inherit::value_in_effect(server.directive, NAME) == Some(stapling));
    let is_useless = users.all(|server| {
        !server.has_unseen_certificates && server.certificates.iter().all(|used| is_ignored(used.word.span()))
    });
    if !is_of_http || !is_alone || !is_useless || stapling.readings() > 1 || !model.config.is_whole() {
        return None;
    }
    let is_last = model.config.directives().filter(|directive| directive.is_named(NAME)).count() == 1;
    let verify = stapling.parent()?.children_named("ssl_stapling_verify").next();
    let verify = verify.filter(|verify| is_last && verify.readings() == 1);
    Fix::safe("remove what nginx ignores", edit::without_all(std::iter::once(stapling).chain(verify).collect()))
}
