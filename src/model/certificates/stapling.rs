//! `ssl_stapling on`: to which certificates nginx staples nothing all the same.

use crate::config::Directive;
use crate::model::certificates::tls_user::TlsUser;
use crate::model::{CertificateUse, Model, inherit};
use crate::syntax::Word;
use crate::tls::{Certificate, CertificateFile};

/// A certificate for which nginx ignores `ssl_stapling on`.
#[derive(Debug, Clone)]
pub struct IgnoredStapling<'c> {
    /// The `ssl_stapling`.
    pub directive: Directive<'c>,
    /// The certificate, as `ssl_certificate` names it.
    pub certificate: Word<'c>,
    /// Why.
    pub reason: StaplingProblem,
}

/// Why nginx has nothing to staple (`ngx_ssl_stapling_certificate`, src/event/ngx_event_openssl_stapling.c).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StaplingProblem {
    /// The certificate names no responder, and the configuration neither.
    NoResponder,
    /// The issuer's certificate, which a request names, is neither in the file nor among the trusted ones.
    NoIssuer,
    /// Both are missing; nginx's log tells of the issuer.
    Neither,
    /// The responder's URL does not begin with `http://`.
    NotHttp(Box<str>),
}

impl<'c> Model<'c> {
    /// All of them, in the order of the servers.
    #[must_use]
    pub fn ignored_staplings(&self) -> Vec<IgnoredStapling<'c>> {
        let servers = self.servers().map(|server| (TlsUser::Server(server.id), server.directive));
        let endpoints = self.tls_endpoints().filter(|endpoint| endpoint.is_server() && endpoint.opens_files);
        let endpoints = endpoints.map(|endpoint| (TlsUser::Endpoint(endpoint.id), endpoint.block));
        let mut ignored = Vec::new();
        for (user, block) in servers.chain(endpoints) {
            let (certificates, keys) = self.certificates_of(user);
            // nginx looks at those that it has as it starts.
            if certificates.is_empty() || certificates.iter().chain(keys).any(CertificateUse::has_variables) {
                continue;
            }
            let Some(directive) = inherit::value_in_effect(block, "ssl_stapling") else { continue };
            let value = |name: &str| {
                let word = inherit::value_in_effect(block, name).and_then(|directive| directive.argument(0));
                word.map(|word| word.text()).filter(|text| !text.is_empty())
            };
            if !directive.argument(0).is_some_and(|word| word.is("on")) || value("ssl_stapling_file").is_some() {
                continue;
            }
            for used in self.kept(certificates, None) {
                let file = self.certificate_file(used).filter(|file| file.problem.is_none());
                let reason = file.and_then(|file| {
                    let responder = value("ssl_stapling_responder").map(|url| url.into_owned().into());
                    self.stapling_problem(file, responder, user)
                });
                ignored.extend(reason.map(|reason| IgnoredStapling { directive, certificate: used.word, reason }));
            }
        }
        ignored
    }

    fn stapling_problem(
        &self,
        file: &CertificateFile,
        responder: Option<Box<str>>,
        user: TlsUser,
    ) -> Option<StaplingProblem> {
        let (leaf, chain) = file.certificates.split_first()?;
        // It looks for the issuer first (`ngx_ssl_stapling_issuer`).
        let is_issuer = |issuer: &Certificate| leaf.names_issuer(issuer);
        let mut trusted = self.authorities_of(user);
        let is_known = chain.iter().any(is_issuer)
            || trusted.any(|file| file.problem.is_some() || file.certificates.iter().any(is_issuer));
        let url = match (responder.or_else(|| leaf.ocsp_url()), is_known) {
            (Some(url), true) => url,
            (Some(_), false) => return Some(StaplingProblem::NoIssuer),
            (None, true) => return Some(StaplingProblem::NoResponder),
            (None, false) => return Some(StaplingProblem::Neither),
        };
        const SCHEME: &str = "http://";
        let is_http =
            url.len() > SCHEME.len() && url.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME));
        (!is_http).then_some(StaplingProblem::NotHttp(url))
    }
}
