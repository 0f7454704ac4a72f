//! Every client refuses a certificate before its notBefore date. RFC 5280, section 4.1.2.5.

use crate::model::{Model, UsedCertificate};
use crate::rules::certificate::out_of_date;
use crate::rules::{Findings, Rule};

pub(super) struct CertNotYetValid;

impl Rule for CertNotYetValid {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let now = model.environment.now;
        for used in model.certificate_files().filter(UsedCertificate::is_presented) {
            let Some(leaf) = used.leaf().filter(|leaf| leaf.validity.is_not_yet_valid(now)) else { continue };
            let message = format!("the certificate {} is not valid before {}", used.text(), leaf.validity.not_before);
            out_of_date(sink, &used, &message).help(
                "present the old certificate until then; if it should be valid by now, see whether the clock of this \
                 machine, or of the authority's, is right",
            );
        }
    }
}
