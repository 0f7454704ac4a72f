//! How long browsers remember: a policy that ends before the next visit protects nobody. RFC 6797, section 6.1.1.

use serde::Deserialize;

use super::time_text;
use crate::model::Model;
use crate::rules::{Findings, Options, Rule};

pub(super) struct HstsMaxAge;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bounds {
    minimum: u64,
    maximum: Option<u64>,
}

impl Options for Bounds {}

impl Rule for HstsMaxAge {
    fn read_options(&self, options: &serde_yaml::Value) -> Result<(), serde_yaml::Error> {
        Bounds::read(options).map(drop)
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let Bounds { minimum, maximum } = sink.options();
        for header in model.tls_servers().flat_map(|server| model.hsts_headers(server)) {
            let Some(policy) = header.policy else { continue };
            let age = time_text(policy.max_age);
            if policy.max_age == 0 {
                let message = "max-age=0 takes HSTS back: browsers forget that the host wants https";
                sink.info(header.span(), message).help("keep it until every browser has come by, then remove it");
            } else if policy.max_age < minimum {
                let message = format!(
                    "HSTS is forgotten {age} after the last visit; at least {} are asked for",
                    time_text(minimum)
                );
                sink.warning(header.span(), message).help(
                    "a short time is for a first roll-out; once nothing has broken, send max-age=31536000 (a year)",
                );
            } else if let Some(maximum) = maximum.filter(|maximum| policy.max_age > *maximum) {
                let message = format!("HSTS lasts {age}; at most {} are allowed", time_text(maximum));
                sink.warning(header.span(), message).help(format!("send max-age={maximum} or less"));
            }
        }
    }
}
