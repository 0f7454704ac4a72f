//! A private key that belongs to another certificate, or that nginx cannot load. OpenSSL compares the two when nginx
//! starts, but only if they are of one algorithm: a key of another one is found out by the clients.

use std::mem::discriminant;

use rustc_hash::FxHashSet;

use crate::model::{CertificateMode, Model, TlsUser, UsedKey};
use crate::nginx::tls_files::TlsFileKind;
use crate::rules::certificate::same_key;
use crate::rules::{Findings, Rule};
use crate::source::ReadError;
use crate::tls::{KeyKind, KeyProblem, KeyState};

pub(super) struct CertKeyMismatch;

impl Rule for CertKeyMismatch {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        report_certificates_without_key(model, sink);
        if model.lacks_certificates {
            return;
        }
        let uses = model.key_files();
        let lacks_keys = lacks_keys(model, &uses);
        if let Some(first) = uses.first().filter(|_| lacks_keys) {
            sink.info(first.span(), "none of the private keys can be read here, so nothing is said of them")
                .help("run ngxlint where the keys are; --certs require makes this an error, --certs skip silences it");
        }
        for used in &uses {
            match &used.check.state {
                // Without a certificate nginx does not come to the key: what is wrong with its own file waits behind it.
                KeyState::Unusable(KeyProblem::Unreadable(_)) if used.leaf().is_none() && !used.is_pasted() => {}
                KeyState::Unusable(_) if used.leaf().is_none() && used.path() == used.certificate_path() => {}
                KeyState::Matches | KeyState::Uncompared => {}
                KeyState::Differs { key, fits } => report_difference(model, used, *key, fits.is_some(), sink),
                KeyState::Unusable(KeyProblem::Unreadable(_)) if lacks_keys => {}
                // Of the passwords, cert-file-missing tells.
                KeyState::Unusable(KeyProblem::UnreadablePasswords(_)) => {}
                KeyState::Unusable(problem) => report_problem(model, used, problem, sink),
            }
        }
    }
}

/// nginx: `ngx_http_ssl_merge_srv_conf`, for every server, with TLS sockets or without; `ngx_http_proxy_set_ssl`.
fn report_certificates_without_key(model: &Model<'_>, sink: &mut Findings) {
    let servers = model.servers().filter(|server| !server.has_unseen_certificates);
    let servers = servers.map(|server| (TlsUser::Server(server.id), "ssl_certificate_key"));
    let endpoints = model.tls_endpoints().filter(|endpoint| endpoint.opens_files && !endpoint.has_unseen_certificates);
    let endpoints = endpoints
        .filter_map(|endpoint| Some((TlsUser::Endpoint(endpoint.id), endpoint.side.directive(TlsFileKind::Key)?)));
    let mut seen = FxHashSet::default();
    for (user, directive) in servers.chain(endpoints).filter(|_| model.config.is_whole()) {
        let (certificates, keys) = model.certificates_of(user);
        let Some(certificate) = certificates.get(keys.len()) else { continue };
        if !seen.insert(certificate.word.span()) {
            continue;
        }
        let text = certificate.word.text();
        let who = model.user_text(user);
        let message = format!("no {directive} for the certificate {text} of {who}: nginx does not start");
        sink.error(certificate.word.span(), message)
            .help("name its private key; nginx takes the first key for the first certificate, and so on");
    }
}

/// Whether this is a place without the secrets: no key can be read, for want of rights or in a checkout.
fn lacks_keys(model: &Model<'_>, uses: &[UsedKey<'_, '_>]) -> bool {
    model.environment.certificates == CertificateMode::Auto
        && model.keys.lacks_keys(&model.certificates)
        && uses.iter().all(|used| match &used.check.state {
            KeyState::Unusable(KeyProblem::Unreadable(ReadError::PermissionDenied)) => true,
            _ => used.is_in_checkout(),
        })
}

fn report_difference(model: &Model<'_>, used: &UsedKey<'_, '_>, key: KeyKind, is_of_later: bool, sink: &mut Findings) {
    let Some(leaf) = used.leaf() else { return };
    let (key_file, file) = (used.text(), used.certificate_text());
    let mut finding = if discriminant(&key) == discriminant(&leaf.key) {
        if is_of_later && model.certificate_file(used.certificate).is_some_and(|file| model.starts_with_issuer(file)) {
            return; // cert-chain-incomplete tells it.
        }
        let whose = if is_of_later { "belongs to a later certificate of" } else { "does not belong to" };
        let consequence = if used.is_lazy() {
            format!("every handshake for {} fails", used.users_text())
        } else {
            format!("nginx does not start (key values mismatch); both are those of {}", used.users_text())
        };
        sink.error(used.span(), format!("the key {key_file} {whose} {file}: {consequence}"))
    } else {
        let Some(loading) = used.loading() else { return };
        let who = used.users_text();
        let every_handshake = format!("every handshake for {who} fails");
        let refused = loading.refused.filter(|(_, key)| *key == used.number());
        let message = if let Some((certificate, _)) = refused {
            let earlier = used.sibling_text(certificate);
            let consequence =
                if used.is_lazy() { &*every_handshake } else { "nginx does not start (key values mismatch)" };
            format!("the key {key_file} ({key}) belongs neither to {file} nor to {earlier}: {consequence}")
        // Keys in the order of others find theirs.
        } else if used.is_replaced() || loading.keys.get(used.number()).is_some_and(Option::is_some) {
            return;
        } else {
            let consequence = match used.is_of_client() {
                true => format!("{who} presents no certificate, and an upstream that asks for one refuses it"),
                false if loading.keys.iter().any(Option::is_some) => "no client gets this certificate".to_owned(),
                false => every_handshake,
            };
            format!("the key {key_file} ({key}) is none for {file} ({}): nginx starts, and {consequence}", leaf.key)
        };
        sink.error(used.span(), message)
    };
    finding = finding.related(used.certificate.word.span(), "the certificate that nginx takes it for");
    same_key(finding, used)
        .help("name the key that the certificate was requested with, or renew the certificate with this key");
}

fn report_problem(model: &Model<'_>, used: &UsedKey<'_, '_>, problem: &KeyProblem, sink: &mut Findings) {
    if used.is_pasted() {
        let directive = used.key.directive.name_text();
        sink.error(
            used.span(),
            format!("the key itself stands in the parameter of {directive}: nginx takes it for a path"),
        )
        .help("write `data:` before it, or name a file that holds it");
        return;
    }
    let key = used.text();
    let who = used.users_text();
    let is_certain = model.config.is_whole() || key.starts_with('/');
    match problem {
        KeyProblem::UnsupportedKey(_) => {}
        // nginx does not start if none of the passwords opens it.
        KeyProblem::UnsupportedEncryption(_) => {
            let passwords = used.password_directive();
            let message = format!("the key {key}: {problem}, so the passwords of {passwords} are not tried");
            same_key(sink.info(used.span(), message), used).conditional().help(format!(
                "openssl pkey -noout -in {key} tells whether one opens it; openssl pkcs8 -topk8 writes it anew"
            ));
        }
        KeyProblem::NeedsPassword => {
            let passwords = used.password_directive();
            let message = format!(
                "the key {key} is encrypted and no {passwords} is in effect: nginx asks for the password at each \
                 start, and where it has no terminal it does not start"
            );
            same_key(sink.warning(used.span(), message), used)
                .conditional()
                .help(format!("name a file with the password in {passwords}, or decrypt the key: openssl pkey"));
        }
        _ if problem.stops_nginx() && is_certain => {
            let message = match used.is_lazy() {
                true => format!("no handshake for {who} can load the key {key}: {problem}"),
                false => format!("nginx cannot load the key {key}: {problem}; it is that of {who}"),
            };
            same_key(sink.error(used.span(), message), used).help(match problem {
                KeyProblem::WrongPassword { .. } => "put the password on a line of its own in the file of passwords",
                _ => "name the PEM file of the private key that the certificate was requested with",
            });
        }
        _ if !problem.stops_nginx() && model.environment.certificates == CertificateMode::Require => {
            same_key(
                sink.error(used.span(), format!("cannot read the key {key}: {problem}; it is that of {who}")),
                used,
            );
        }
        _ => {
            same_key(
                sink.info(used.span(), format!("cannot read the key {key}: {problem}; it is that of {who}")),
                used,
            )
            .conditional();
        }
    }
}
