//! nginx takes whatever certificate an upstream presents, unless it is told to verify it: TLS that keeps listeners out and
//! lets impostors in.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_verify>

use std::collections::BTreeSet;

use super::{Alike, by_key, relate_others};
use crate::config::ItemId;
use crate::model::upstream_tls::modules::TlsSetting;
use crate::model::upstream_tls::pass::TlsPass;
use crate::model::upstream_tls::reach::Reach;
use crate::model::{Model, Settled};
use crate::rules::{Findings, Rule, Severity};

pub(super) struct ProxySslVerifyOff;

impl Rule for ProxySslVerifyOff {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let passes = || model.tls_passes().iter().filter(|pass| pass.is_always_tls);
        let used: BTreeSet<ItemId> = passes().filter(|pass| pass.verify.is_on).filter_map(trusted).collect();
        let unverified = passes().filter(|pass| pass.verify.settled() == Settled::Known(false));
        // Somebody has written a file to verify against, and thought that this is all.
        let is_meant = |pass: &&TlsPass<'_>| {
            pass.verify.by.is_none() && trusted(pass).is_some_and(|trusted| !used.contains(&trusted))
        };
        let (meant, others): (Vec<_>, Vec<_>) = unverified.partition(is_meant);
        for Alike { first: pass, others, .. } in by_key(meant.into_iter().map(|pass| (trusted(pass), pass))) {
            report_useless_file(sink, pass, &others);
        }
        let upstreams =
            others.into_iter().filter_map(|pass| Some(((name(pass)?, model.reach(pass)?, pass.module.pass), pass)));
        for Alike { key: (name, reach, _), first: pass, others } in by_key(upstreams) {
            report_upstream(sink, &name, reach, pass, &others);
        }
    }
}

/// The directive that says what is trusted.
fn trusted(pass: &TlsPass<'_>) -> Option<ItemId> {
    pass.setting(TlsSetting::TrustedCertificate).0.map(|directive| directive.id())
}

fn report_useless_file(sink: &mut Findings, pass: &TlsPass<'_>, others: &[&TlsPass<'_>]) {
    let Some(directive) = pass.setting(TlsSetting::TrustedCertificate).0 else { return };
    let (trusted, verify) =
        (pass.module.name_of(TlsSetting::TrustedCertificate), pass.module.name_of(TlsSetting::Verify));
    let message = format!("{trusted} has no effect: {verify} is off, so nginx accepts any certificate of the upstream");
    let finding = sink.warning(directive.span(), message);
    finding.related(pass.pass.span(), "for example here");
    relate_others(finding, others);
    finding.help(format!("add {verify} on;"));
}

fn report_upstream(sink: &mut Findings, name: &str, reach: Reach, pass: &TlsPass<'_>, others: &[&TlsPass<'_>]) {
    let severity = match reach {
        Reach::Here => return,
        Reach::Private => Severity::Info,
        Reach::Public => Severity::Warning,
    };
    let verify = pass.module.name_of(TlsSetting::Verify);
    let message = format!(
        "the certificate of {name} is not verified ({verify} is off): whoever stands in between can answer in its place"
    );
    let finding = sink.add(severity, pass.pass.span(), message);
    if let Some(off) = pass.verify.by {
        finding.related(off.span(), "it is switched off here");
    }
    relate_others(finding, others);
    finding.help(format!(
        "{verify} on; with {} and the root of its authority, for a public one the bundle of the system",
        pass.module.name_of(TlsSetting::TrustedCertificate)
    ));
}

/// What the upstream is called.
fn name(pass: &TlsPass<'_>) -> Option<String> {
    let host = pass.upstream.as_ref().map(|upstream| upstream.host.to_ascii_lowercase());
    host.or_else(|| pass.domain.as_ref().map(|domain| format!("hosts below {domain}")))
}
