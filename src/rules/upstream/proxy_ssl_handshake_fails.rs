//! nginx refuses every certificate that its upstream presents, or finds no protocol that both speak.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_trusted_certificate>; SSL_CTX_set_verify(3)

use super::{Alike, by_key, consequence, consequence_of_one, relate_others};
use crate::model::Model;
use crate::model::upstream_tls::modules::TlsSetting;
use crate::model::upstream_tls::pass::TlsPass;
use crate::model::upstream_tls::verdict::{FailureKind, TlsFailure};
use crate::rules::{Findings, Rule};
use crate::tls::Distrusted;

pub(super) struct ProxySslHandshakeFails;

impl Rule for ProxySslHandshakeFails {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let rootless = |pass: &TlsPass<'_>| model.rootless_file(pass).is_some();
        report_rootless(model, sink);
        for pass in model.tls_passes().iter().filter(|pass| !rootless(pass)) {
            let Some(failure) = model.tls_failure(pass) else {
                report_one_of_several(model, sink, pass);
                continue;
            };
            // What SNI would mend is told where SNI is missing.
            let Some((reason, help)) = reason(pass, &failure).filter(|_| !model.needs_sni(pass)) else { continue };
            let message = format!("{} {reason}: {}", failure.address, consequence(pass.module));
            let finding = sink.error(pass.pass.span(), message);
            if let FailureKind::Distrusted { server, .. } = failure.kind {
                finding.related(server.span(), "this server answers");
            }
            if let Some(trusted) = pass.setting(TlsSetting::TrustedCertificate).0 {
                finding.related(trusted.span(), "the certificates that nginx trusts here");
            }
            finding.help(help);
        }
    }
}

/// One server of a group whose certificate nginx refuses, or with which it has no protocol in common.
fn report_one_of_several(model: &Model<'_>, sink: &mut Findings, pass: &TlsPass<'_>) {
    let (failing, servers) = model.failing_servers(pass);
    let refused = failing.iter().find_map(|failure| Some((failure, reason(pass, failure)?)));
    let Some((failure, (reason, help))) = refused else { return };
    let message = format!(
        "when nginx chooses {}, one of {servers} servers: it {reason}: {}",
        failure.address,
        consequence_of_one(pass.module)
    );
    let finding = sink.warning(pass.pass.span(), message).conditional();
    if let FailureKind::Distrusted { server, .. } = failure.kind {
        finding.related(server.span(), "this server answers");
    }
    finding.help(help);
}

/// Why nginx breaks off, and what to do.
fn reason(pass: &TlsPass<'_>, failure: &TlsFailure<'_, '_>) -> Option<(String, String)> {
    let trusted = pass.module.name_of(TlsSetting::TrustedCertificate);
    Some(match &failure.kind {
        FailureKind::NoCommonProtocol => {
            let protocols = pass.module.name_of(TlsSetting::Protocols);
            (
                "speaks none of the TLS protocols that nginx offers it".to_owned(),
                format!("let {protocols} here and ssl_protocols there have one in common"),
            )
        }
        FailureKind::Distrusted { file, reason, .. } => {
            let path = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let presents = |what: String| format!("presents {path}, {what}");
            match reason {
                Distrusted::TooLong { .. } => return None,
                Distrusted::SelfSigned => (
                    presents(format!("which signed itself and is not in {trusted}")),
                    format!("put that certificate into {trusted}"),
                ),
                Distrusted::Untrusted { issuer } => (
                    presents(format!("and {trusted} holds no root above it ({issuer} is missing)")),
                    format!(
                        "put the self-signed root of its authority into {trusted}; intermediates alone are not enough"
                    ),
                ),
                Distrusted::Dates { subject, validity } => (
                    presents(format!(
                        "but {subject} is valid from {} to {} only",
                        validity.not_before, validity.not_after
                    )),
                    "renew that certificate".to_owned(),
                ),
                Distrusted::NotForServers => (
                    presents("which is not made for servers (extended key usage)".to_owned()),
                    "get a certificate with the usage serverAuth".to_owned(),
                ),
            }
        }
        _ => return None,
    })
}

fn report_rootless(model: &Model<'_>, sink: &mut Findings) {
    let trusted = |pass: &TlsPass<'_>| pass.setting(TlsSetting::TrustedCertificate).0.map(|directive| directive.id());
    let rootless = model.tls_passes().iter().filter(|pass| model.rootless_file(pass).is_some());
    for Alike { first: pass, others, .. } in by_key(rootless.map(|pass| (trusted(pass), pass))) {
        let Some(directive) = pass.setting(TlsSetting::TrustedCertificate).0 else { continue };
        let path = directive.argument(0).map(|word| word.text().into_owned()).unwrap_or_default();
        let message = format!(
            "{path} holds no root, only certificates that another one signed: nginx accepts no upstream, {}",
            consequence(pass.module)
        );
        let finding = sink.error(directive.span(), message);
        finding.related(pass.pass.span(), "for example here");
        relate_others(finding, &others);
        finding.help(
            "put the self-signed root into the file, at the end of the chain; intermediates alone are not enough",
        );
    }
}
