//! An upstream is verified in one place and not in another, and nginx takes a session or a connection of the one for the
//! other.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_session_reuse>,
//! <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive>

use crate::model::Model;
use crate::model::upstream_tls::modules::TlsSetting;
use crate::nginx::Contexts;
use crate::rules::{Findings, Rule};

pub(super) struct ProxySslVerifyMixed;

impl Rule for ProxySslVerifyMixed {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for half in model.half_verified() {
            let (verified, unverified) = (half.verified, half.unverified);
            let Some(upstream) = &verified.upstream else { continue };
            let failing = if verified.module.side == Contexts::STREAM { "are closed" } else { "are answered with 502" };
            let shared = match half.keepalive {
                Some(_) => "connections opened there are used here, unverified".to_owned(),
                None => format!(
                    "TLS sessions begun there go on here, where requests {failing}; or the other way round, unverified"
                ),
            };
            let message = format!("{} is verified here and elsewhere not: {shared}", upstream.host);
            let finding = sink.warning(verified.pass.span(), message);
            finding.conditional();
            finding.related(unverified.pass.span(), "it is not verified here");
            if let Some(keepalive) = half.keepalive {
                finding.related(keepalive.span(), "connections are kept for all");
            }
            if let Some(by) = unverified.verify.by {
                finding.related(by.span(), "it is switched off here");
            }
            finding.help(format!(
                "verify it in both places; or give each an upstream group of its own, and {} off",
                verified.module.name_of(TlsSetting::SessionReuse)
            ));
        }
    }
}
