//! Without the header the first request of a visit goes over plain HTTP, open to whoever is on the way. RFC 6797,
//! section 2.3.

use crate::model::{AnsweredUrl, Coverage, Model, ResponseKind, inherit, is_public_name};
use crate::rules::{Findings, Rule};
use crate::tls::Host;

pub(super) struct HstsMissing;

impl Rule for HstsMissing {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        // The header may stand around a snippet.
        if !model.config.is_whole() {
            return;
        }
        for server in model.tls_servers().filter(|server| !model.mentions_hsts(server)) {
            let Some(host) = server.hosts().find(is_public_name) else { continue };
            let is_trusted = model.coverage(server, &host) != Coverage::NotCovered && model.distrust(server).is_none();
            let is_seen = !inherit::in_effect(server.directive, "add_header").is_partial;
            if !is_trusted || !is_seen || model.scripts_headers(server.directive) {
                continue;
            }
            let answers = model.https_answers(server.id);
            let Some(root) = answers.iter().find(|answered| answered.is_root()) else { continue };
            if root.responses.is_empty() || leads_to_the_same_site(root, &host) || model.is_bound_from_above(&host) {
                continue;
            }
            let is_proxied = root.responses.iter().any(|response| response.kind == ResponseKind::Proxy);
            let unless = if is_proxied { ", unless its upstream sends the header" } else { "" };
            let message = format!("{host} is served over HTTPS without HSTS{unless}");
            let finding = sink.info(server.span(), message);
            if is_proxied {
                finding.conditional();
            }
            finding.help(
                "once everything works over HTTPS: add_header Strict-Transport-Security \"max-age=31536000\" always;",
            );
        }
    }
}

/// Whether it only sends visitors to `www.` of the host, or back from there.
fn leads_to_the_same_site(root: &AnsweredUrl<'_>, host: &Host) -> bool {
    root.all(|response| {
        let target = response.location_header.as_ref().and_then(|header| root.url.join(&header.text).ok());
        let target = target.and_then(|target| Host::parse(target.host_str()?.as_bytes()).ok());
        response.kind == ResponseKind::Redirect
            && target.is_some_and(|target| target.is_below(host) || host.is_below(&target))
    })
}
