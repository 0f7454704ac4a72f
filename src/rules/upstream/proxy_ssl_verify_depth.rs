//! The chain of the upstream's certificate is longer than nginx follows it: one intermediate unless it is told otherwise.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_verify_depth>; SSL_CTX_set_verify_depth(3)

use super::{Alike, by_key, consequence, relate_others, said_for};
use crate::model::upstream_tls::modules::TlsSetting;
use crate::model::upstream_tls::pass::TlsPass;
use crate::model::upstream_tls::verdict::FailureKind;
use crate::model::{Model, Settled};
use crate::rules::addition::{Line, beside};
use crate::rules::{Findings, Fix, Rule, edit};
use crate::tls::{Distrusted, single_chain};

pub(super) struct ProxySslVerifyDepth;

impl Rule for ProxySslVerifyDepth {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let passes = || model.tls_passes().iter().filter(|pass| pass.is_always_tls);
        let refused = passes().filter_map(|pass| {
            let (address, intermediates) = too_long(model, pass)?;
            let by = pass.setting(TlsSetting::VerifyDepth).0.unwrap_or(pass.pass);
            Some(((by.id(), address, intermediates), pass))
        });
        for Alike { key: (_, address, intermediates), first: pass, others } in by_key(refused) {
            report_chain(model, sink, &address, intermediates, pass, &others);
        }
        let trusted =
            |pass: &TlsPass<'_>| pass.setting(TlsSetting::TrustedCertificate).0.map(|directive| directive.id());
        let short = passes().filter(|pass| model.tls_failure(pass).is_none() && excess(model, pass).is_some());
        for Alike { first: pass, others, .. } in by_key(short.map(|pass| ((trusted(pass), pass.verify_depth()), pass)))
        {
            report_file(model, sink, pass, &others);
        }
    }
}

/// The first socket of nginx's own that a pass leads to, and the intermediates of what it presents, if those are too many.
fn too_long(model: &Model<'_>, pass: &TlsPass<'_>) -> Option<(String, usize)> {
    let failure = model.tls_failure(pass)?;
    match failure.kind {
        FailureKind::Distrusted { reason: Distrusted::TooLong { intermediates }, .. } => {
            Some((failure.address.to_string(), intermediates))
        }
        _ => None,
    }
}

fn report_chain(
    model: &Model<'_>,
    sink: &mut Findings,
    address: &str,
    intermediates: usize,
    pass: &TlsPass<'_>,
    others: &[&TlsPass<'_>],
) {
    let Some(depth) = pass.verify_depth() else { return };
    let by = pass.setting(TlsSetting::VerifyDepth).0;
    let message = format!(
        "{address} presents a certificate with {} below its root, and nginx follows {depth}: {}",
        counted(intermediates),
        consequence(pass.module)
    );
    let finding = sink.error(by.unwrap_or(pass.pass).span(), message);
    if by.is_some() {
        finding.related(pass.pass.span(), "for example here");
    }
    relate_others(finding, others);
    finding.help(help(pass, intermediates));
    finding.fix(deeper(model, pass, intermediates));
}

/// Where the depth is said, or where it is not.
fn deeper(model: &Model<'_>, pass: &TlsPass<'_>, intermediates: usize) -> Option<Fix> {
    let title = format!("follow {}", counted(intermediates));
    let depth = intermediates.to_string();
    match pass.setting(TlsSetting::VerifyDepth).0 {
        Some(by) => Fix::risky(title, [by.argument(0).map(|word| edit::word_replaced(word, depth))]),
        None => Fix::safe(title, said_for(pass, &[(TlsSetting::VerifyDepth, depth)], model.environment.version)),
    }
}

/// What the trusted file says of its chain, where that is longer than nginx follows it.
fn excess<'m>(model: &'m Model<'_>, pass: &TlsPass<'_>) -> Option<(usize, usize, &'m str)> {
    if pass.verify.settled() != Settled::Known(true) {
        return None;
    }
    let depth = pass.verify_depth()?;
    let (intermediates, last) = single_chain(&model.trusted_file(pass)?.certificates)?;
    (intermediates > depth).then_some((depth, intermediates, last))
}

fn report_file(model: &Model<'_>, sink: &mut Findings, pass: &TlsPass<'_>, others: &[&TlsPass<'_>]) {
    let Some((depth, intermediates, last)) = excess(model, pass) else { return };
    let Some(directive) = pass.setting(TlsSetting::TrustedCertificate).0 else { return };
    let path = directive.argument(0).map(|word| word.text().into_owned()).unwrap_or_default();
    let message = format!(
        "an upstream with a certificate of {last} is refused: {path} has {} below its root, and nginx follows {depth}",
        counted(intermediates)
    );
    let finding = sink.warning(directive.span(), message);
    finding.conditional();
    if let Some(by) = pass.setting(TlsSetting::VerifyDepth).0 {
        finding.related(by.span(), "the depth is set here");
    }
    finding.related(pass.pass.span(), "for example here");
    relate_others(finding, others);
    finding.help(help(pass, intermediates));
    let line = Line::new(pass.module.name_of(TlsSetting::VerifyDepth), intermediates.to_string());
    finding.fix(match pass.setting(TlsSetting::VerifyDepth).0 {
        Some(_) => deeper(model, pass, intermediates),
        None => {
            let edit = beside(directive, &[line], model.environment.version);
            Fix::risky(format!("follow {}", counted(intermediates)), [edit])
        }
    });
}

fn counted(intermediates: usize) -> String {
    format!("{intermediates} intermediate{}", if intermediates == 1 { "" } else { "s" })
}

fn help(pass: &TlsPass<'_>, intermediates: usize) -> String {
    format!("{} {intermediates};", pass.module.name_of(TlsSetting::VerifyDepth))
}
