//! Every client refuses a certificate before its notBefore date. RFC 5280, section 4.1.2.5.

use crate::model::{Model, UsedCertificate};
use crate::rules::certificate::same_file;
use crate::rules::{Findings, Rule};

pub(super) struct CertNotYetValid;

impl Rule for CertNotYetValid {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let now = model.environment.now;
        for used in model.certificate_files().filter(UsedCertificate::is_presented) {
            let Some(leaf) = used.leaf().filter(|leaf| leaf.validity.is_not_yet_valid(now)) else { continue };
            let message = format!("the certificate {} is not valid before {}", used.text(), leaf.validity.not_before);
            let who = used.presenting_text();
            let finding = if let Some(takers) = used.takers().filter(|_| !used.is_of_client()) {
                sink.warning(used.span(), format!("{message}; {takers} get it for {who}")).conditional()
            } else if used.is_of_client() {
                sink.warning(used.span(), format!("{message}: an upstream that asks for one refuses {who}"))
                    .conditional()
            } else {
                sink.error(used.span(), format!("{message}; it is presented for {who}"))
            };
            same_file(finding, &used).help(
                "present the old certificate until then; if it should be valid by now, see whether the clock of this \
                 machine, or of the authority's, is right",
            );
        }
    }
}
