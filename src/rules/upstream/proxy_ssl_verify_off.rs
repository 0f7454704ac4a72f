//! nginx takes whatever certificate an upstream presents, unless it is told to verify it: TLS that keeps listeners out and
//! lets impostors in.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_verify>

use super::{by_key, relate_others};
use crate::model::upstream_tls::modules::TlsSetting;
use crate::model::upstream_tls::pass::TlsPass;
use crate::model::upstream_tls::reach::Reach;
use crate::model::{Model, Settled};
use crate::rules::{Findings, Rule, Severity};

pub(super) struct ProxySslVerifyOff;

impl Rule for ProxySslVerifyOff {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let passes = model.tls_passes().iter().filter(|pass| pass.is_always_tls);
        let unverified = passes.filter(|pass| pass.verify.settled() == Settled::Known(false));
        let upstreams = unverified.filter_map(|pass| Some(((name(pass)?, model.reach(pass)?), pass)));
        for ((name, reach), pass, others) in by_key(upstreams) {
            let severity = match reach {
                Reach::Here => continue,
                Reach::Private => Severity::Info,
                Reach::Public => Severity::Warning,
            };
            let verify = pass.module.name_of(TlsSetting::Verify);
            let message = format!(
                "the certificate of {name} is not verified ({verify} is off): whoever stands in between can answer in its \
                 place"
            );
            let finding = sink.add(severity, pass.pass.span(), message);
            if let Some(off) = pass.verify.by {
                finding.related(off.span(), "it is switched off here");
            }
            relate_others(finding, &others);
            finding.help(format!(
                "{verify} on; with {} and the root of its authority, for a public one the bundle of the system",
                pass.module.name_of(TlsSetting::TrustedCertificate)
            ));
        }
    }
}

/// What the upstream is called.
fn name(pass: &TlsPass<'_>) -> Option<String> {
    let host = pass.upstream.as_ref().map(|upstream| upstream.host.to_ascii_lowercase());
    host.or_else(|| pass.domain.as_ref().map(|domain| format!("hosts below {domain}")))
}
