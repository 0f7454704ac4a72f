//! Upstreams are to be verified, and nothing says against what: nginx does not start. Unlike other clients it knows no
//! roots of its own.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_trusted_certificate>,
//! `ngx_http_proxy_set_ssl` in src/http/modules/ngx_http_proxy_module.c.

use super::{Alike, by_key, relate_others};
use crate::model::Model;
use crate::model::upstream_tls::modules::TlsSetting;
use crate::model::upstream_tls::pass::TlsPass;
use crate::rules::{Findings, Rule};

pub(super) struct ProxySslVerifyWithoutTrust;

impl Rule for ProxySslVerifyWithoutTrust {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        // Where a variable may hold the scheme, nginx makes ready for TLS.
        let untrusting = model.tls_passes().iter().filter(|pass| pass.verify.is_on && lacks_trust(pass));
        let key = |pass: &TlsPass<'_>| pass.verify.by.map(|verify| verify.id());
        for Alike { first: pass, others, .. } in by_key(untrusting.map(|pass| (key(pass), pass))) {
            let Some(verify) = pass.verify.by else { continue };
            let trusted = pass.module.name_of(TlsSetting::TrustedCertificate);
            let message = format!("nginx does not start: no {trusted} for {}", pass.module.name_of(TlsSetting::Verify));
            let finding = sink.error(verify.span(), message);
            finding.related(pass.pass.span(), "this upstream is to be verified");
            relate_others(finding, &others);
            finding.help(format!(
                "add {trusted} with the root of the upstream's authority, for a public one the bundle of the system \
                 (/etc/ssl/certs/ca-certificates.crt)"
            ));
        }
    }
}

/// Whether no file is given, or an empty one.
fn lacks_trust(pass: &TlsPass<'_>) -> bool {
    match pass.setting(TlsSetting::TrustedCertificate) {
        (_, true) => false,
        (None, false) => true,
        (Some(directive), false) => directive.argument(0).is_some_and(|word| word.text().is_empty()),
    }
}
