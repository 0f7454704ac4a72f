//! What a listen socket of this configuration makes of a TLS connection that nginx opens to it.

use std::collections::BTreeSet;

use super::modules::TlsSetting;
use super::pass::TlsPass;
use crate::config::Directive;
use crate::model::{ListenSocket, Model, Server, Settled, inherit};
use crate::nginx::{DirectiveName, default_value};
use crate::tls::{CertificateFile, Host};

/// How a socket answers to a ClientHello.
#[derive(Debug, Clone)]
pub enum Greeting<'m, 'c> {
    /// It speaks plain HTTP.
    PlainText,
    /// It expects the PROXY protocol first, which is not sent.
    ProxyProtocol,
    /// It speaks none of the protocols that nginx offers.
    NoCommonProtocol,
    /// The server that SNI selects, or the default server, rejects the handshake.
    Rejected(&'m Server<'c>),
    /// A server presents one of these certificates: which one, the ciphers decide.
    Presented {
        /// The server that SNI selects.
        server: &'m Server<'c>,
        /// The files, one at least.
        files: Vec<&'m CertificateFile>,
    },
}

impl<'c> Model<'c> {
    /// How a socket answers to a pass that sends this SNI; `None` where it cannot be told.
    #[must_use]
    pub fn greeting<'m>(
        &'m self,
        pass: &TlsPass<'_>,
        socket: &'m ListenSocket,
        sni: Option<&str>,
    ) -> Option<Greeting<'m, 'c>> {
        if socket.is_quic || socket.has_unseen_names {
            return None;
        }
        let sends_proxy_protocol = match pass.module.scheme {
            // Only `stream` has it.
            Some(_) => false,
            None => {
                let in_effect = inherit::in_effect(pass.block, "proxy_protocol");
                if in_effect.is_partial {
                    return None;
                }
                let value = in_effect.directives.last().and_then(|directive| directive.argument(0));
                value.is_some_and(|value| !value.is("off"))
            }
        };
        if socket.has_proxy_protocol != sends_proxy_protocol {
            // Without `proxy_protocol` its header is no ClientHello, which the socket may take for either.
            return socket.has_proxy_protocol.then_some(Greeting::ProxyProtocol);
        }
        if !socket.is_tls {
            return Some(Greeting::PlainText);
        }
        let Settled::Known(selected) = self.select_by_sni(socket, sni) else { return None };
        let default = self.server(socket.default.server);
        let offered = self.protocols(pass.block, pass.module.name_of(TlsSetting::Protocols))?;
        let is_spoken = |server: &Server<'_>| {
            self.protocols(server.directive, "ssl_protocols").is_none_or(|spoken| !spoken.is_disjoint(&offered))
        };
        // Which of the two counts depends on the version of OpenSSL.
        if !is_spoken(default) && !is_spoken(selected.server) {
            return Some(Greeting::NoCommonProtocol);
        }
        if selected.server.rejects_handshake {
            return Some(Greeting::Rejected(selected.server));
        }
        let presenting = self.presenting_server(socket, selected.server.id);
        let host = sni.and_then(|sni| Host::parse(sni.as_bytes()).ok());
        let files = self.kept(&presenting.certificates, host.as_ref()).map(|used| match &host {
            Some(host) => self.certificate_file_for(used, host),
            None => self.certificate_file(used),
        });
        let files: Vec<&CertificateFile> = files.collect::<Option<_>>()?;
        let is_known = !files.is_empty()
            && !presenting.has_unseen_certificates
            && files.iter().all(|file| file.problem.is_none() && file.leaf().is_some());
        is_known.then_some(Greeting::Presented { server: selected.server, files })
    }

    /// The TLS protocols that a directive names, or its default, in the words of nginx; `None` where it cannot be told.
    pub(crate) fn protocols(&self, block: Directive<'_>, name: &str) -> Option<BTreeSet<String>> {
        let in_effect = inherit::in_effect(block, name);
        if in_effect.is_partial || in_effect.directives.is_empty() && !self.config.is_whole() {
            return None;
        }
        let words: Vec<String> = match in_effect.directives.last() {
            Some(directive) => directive.arguments().map(|word| word.text().into_owned()).collect(),
            None => {
                let default =
                    default_value(DirectiveName::find(name.as_bytes())?, block.context(), self.environment.version)?;
                default.split_whitespace().map(str::to_owned).collect()
            }
        };
        Some(words.into_iter().map(|word| word.to_ascii_lowercase()).collect())
    }
}
