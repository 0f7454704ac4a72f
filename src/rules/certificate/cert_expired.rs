//! Every client refuses a certificate after its notAfter date. RFC 5280, section 4.1.2.5.

use crate::model::Model;
use crate::rules::{Findings, Rule};

pub(super) struct CertExpired;

impl Rule for CertExpired {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let now = model.environment.now;
        for used in model.certificate_uses().filter(|used| used.presenting().next().is_some()) {
            let Some(leaf) = used.leaf().filter(|leaf| leaf.validity.is_expired(now)) else { continue };
            let message = format!(
                "the certificate {} expired on {}, {} days ago; it is presented for {}",
                used.text(),
                leaf.validity.not_after,
                leaf.validity.not_after.days_until(now),
                used.presenting_text(),
            );
            sink.error(used.span(), message).help(
                "renew the certificate and reload nginx; if it was renewed, this path still holds the old \
                 file",
            );
        }
    }
}
