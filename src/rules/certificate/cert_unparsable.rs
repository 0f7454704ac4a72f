//! nginx does not start when a certificate file is not what OpenSSL expects.

use crate::model::Model;
use crate::rules::{Findings, Rule};
use crate::tls::CertificateProblem;

pub(super) struct CertUnparsable;

impl Rule for CertUnparsable {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for used in model.certificate_uses() {
            let Some(file) = used.file else { continue };
            let Some(problem) = &file.problem else { continue };
            if matches!(problem, CertificateProblem::Unreadable(_)) {
                continue;
            }
            let path = file.path.display();
            let finding = if problem.stops_nginx() {
                sink.error(used.span(), format!("nginx cannot load the certificate {path}: {problem}"))
            } else {
                sink.warning(used.span(), format!("the certificate {path} is damaged: {problem}"))
            };
            if let Some(help) = problem.help(&file.path) {
                finding.help(help);
            }
        }
    }
}
