//! The `server`s of `stream` and `mail`, as far as their certificates go.

use std::path::PathBuf;

use crate::config::{Config, Directive};
use crate::model::inherit;
use crate::model::sockets::server::{CertificateSource, CertificateUse, certificates, password_file};
use crate::model::sockets::server_names::ServerName;
use crate::nginx::Contexts;
use crate::tls::KeyPair;

/// A `server` of `stream` or `mail` that speaks TLS.
#[derive(Debug)]
pub(crate) struct OtherServer<'c> {
    pub(crate) directive: Directive<'c>,
    pub(crate) names: Vec<ServerName<'c>>,
    pub(crate) certificates: Vec<CertificateUse<'c>>,
    keys: Vec<CertificateUse<'c>>,
    password_file: Option<PathBuf>,
}

impl<'c> OtherServer<'c> {
    /// Those of a configuration, in its order.
    pub(crate) fn all(config: &'c Config<'c>) -> Vec<OtherServer<'c>> {
        let blocks = config.directives_named("server", Contexts::STREAM | Contexts::MAIL).filter(Directive::is_block);
        blocks.filter(|block| speaks_tls(*block)).map(OtherServer::new).collect()
    }

    fn new(directive: Directive<'c>) -> OtherServer<'c> {
        let names = directive.children_named("server_name");
        OtherServer {
            directive,
            names: names.flat_map(|names| names.arguments().map(ServerName::parse)).collect(),
            certificates: certificates(directive, "ssl_certificate"),
            keys: certificates(directive, "ssl_certificate_key"),
            password_file: password_file(directive),
        }
    }

    /// Whether clients get it for whatever name they ask: `mail` selects no server by SNI.
    pub(crate) fn answers_any_name(&self) -> bool {
        self.names.is_empty() || self.is_mail()
    }

    pub(crate) fn is_mail(&self) -> bool {
        self.directive.context() == Contexts::MAIL
    }

    /// The files of its certificates.
    pub(crate) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        self.certificates.iter().filter_map(path)
    }

    /// Its certificates with their keys, as far as they are in files.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = KeyPair> {
        self.certificates.iter().zip(&self.keys).filter_map(|(certificate, key)| {
            let password_file = self.password_file.clone();
            Some(KeyPair { certificate: path(certificate)?, key: path(key)?, password_file })
        })
    }
}

fn path(used: &CertificateUse<'_>) -> Option<PathBuf> {
    match &used.source {
        CertificateSource::File(path) => Some(path.clone()),
        CertificateSource::PerName | CertificateSource::Unknown => None,
    }
}

/// `listen … ssl`, and what `mail` has besides: `ssl on` until nginx 1.25.1, and `starttls`.
fn speaks_tls(server: Directive<'_>) -> bool {
    let mut listens = server.children_named("listen");
    let has_starttls = || {
        let value = inherit::value_in_effect(server, "starttls").and_then(|starttls| starttls.argument(0));
        value.is_some_and(|value| value.is("on") || value.is("only"))
    };
    listens.any(|listen| listen.arguments().skip(1).any(|word| word.is("ssl")))
        || server.context() == Contexts::MAIL
            && (inherit::flag_in_effect(server, "ssl") == Some(true) || has_starttls())
}
