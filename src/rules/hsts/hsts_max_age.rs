//! How long browsers remember: a policy that ends before the next visit protects nobody. RFC 6797, section 6.1.1.

use serde::Deserialize;

use super::{YEAR, time_text};
use crate::model::{HstsHeader, Model, Server};
use crate::rules::{Findings, Options, Rule};
use crate::tls::Host;

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
        let headers = |server| model.hsts_headers(server).iter().map(move |header| (server, header));
        for (server, header) in model.tls_servers().flat_map(headers) {
            let Some(policy) = header.policy else { continue };
            let age = time_text(policy.max_age);
            let is_short = policy.max_age < minimum;
            if let Some((host, above)) = bound_from_above(model, server, header).filter(|_| is_short) {
                let message = if policy.max_age == 0 {
                    format!("max-age=0 has no effect: {above}'s includeSubDomains still binds {host}")
                } else {
                    format!(
                        "HSTS of {host} is forgotten {age} after the last visit, but {above}'s includeSubDomains still \
                             binds it"
                    )
                };
                sink.info(header.span(), message).help(format!(
                    "what browsers know of {above} holds for the names below it; leave the header out here"
                ));
            } else if policy.max_age == 0 {
                let message = "max-age=0 takes HSTS back: browsers forget that the host wants https";
                sink.info(header.span(), message).help("keep it until every browser has come by, then remove it");
            } else if is_short && policy.preload && policy.max_age < YEAR {
                // The list asks for more: hsts-preload-ineligible says so.
            } else if is_short {
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

/// The first host that a header is for, with the domain above it whose policy binds it, if that is so of each.
fn bound_from_above<'c>(model: &Model<'c>, server: &Server<'c>, header: &HstsHeader<'c>) -> Option<(Host, Host)> {
    let hosts = model.bound_hosts(server, header).into_iter();
    let bound: Option<Vec<(Host, Host)>> =
        hosts.map(|host| model.domain_that_binds(&host).map(|above| (host, above))).collect();
    bound?.into_iter().next()
}
