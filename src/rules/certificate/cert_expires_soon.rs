//! A certificate that should have been renewed by now. Automatic renewal starts at a third of the
//! lifetime before the end, so one that comes this close was forgotten.

use serde::Deserialize;

use crate::model::Model;
use crate::rules::{Findings, Options, Rule};

pub(super) struct CertExpiresSoon;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Limits {
    days: u32,
    lifetime_share: u32,
}

impl Options for Limits {}

impl Rule for CertExpiresSoon {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let limits = Limits::defaults("cert-expires-soon");
        let now = model.environment.now;
        for used in model.certificate_uses().filter(|used| used.presenting().next().is_some()) {
            let soon = used.leaf().filter(|leaf| leaf.validity.expires_soon(now, limits.days, limits.lifetime_share));
            let Some(leaf) = soon else { continue };
            let message = format!(
                "the certificate {} expires on {}, in {} days; it is presented for {}",
                used.text(),
                leaf.validity.not_after,
                leaf.validity.days_left(now),
                used.presenting_text(),
            );
            sink.warning(used.span(), message)
                .help("renew the certificate and reload nginx; see why automatic renewal has not done so");
        }
    }
}
