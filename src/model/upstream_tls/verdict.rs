//! Passes whose every connection fails: the upstream is a listen socket of this configuration, or no certificate that it
//! could present would do.

use std::path::PathBuf;

use super::handshake::Greeting;
use super::modules::{MODULES, TlsSetting};
use super::pass::{TlsPass, is_sent};
use crate::config::{Config, Directive};
use crate::model::requests::upstreams::UpstreamAddress;
use crate::model::stream::Module;
use crate::model::{ListenSocket, Model, Server, Settled};
use crate::nginx::DirectiveName;
use crate::tls::{CertificateFile, Distrusted, Verification, holds_root, verify};

/// Why every connection of a pass fails.
#[derive(Debug, Clone)]
pub struct TlsFailure<'m, 'c> {
    /// The socket that is asked, the first where a group has several.
    pub socket: &'m ListenSocket,
    /// Its address.
    pub address: UpstreamAddress,
    /// The SNI that it gets.
    pub sni: Option<String>,
    /// What happens there.
    pub kind: FailureKind<'m, 'c>,
}

impl TlsFailure<'_, '_> {
    /// Hosts for which a server of the socket would answer, by name.
    pub fn hosts(&self, model: &Model<'_>) -> impl Iterator<Item = String> {
        let servers = self.socket.members.iter().map(|member| model.server(member.server));
        let hosts = servers.filter(|server| !server.rejects_handshake).flat_map(Server::hosts);
        hosts.filter(|host| host.name().is_some()).map(|host| host.to_string())
    }
}

/// A connection to a socket of this configuration.
#[derive(Debug, Clone)]
pub struct TlsConnection<'m, 'c> {
    /// The address.
    pub address: UpstreamAddress,
    /// The socket that takes it.
    pub socket: &'m ListenSocket,
    /// What becomes of it.
    pub outcome: TlsOutcome<'m, 'c>,
}

impl TlsConnection<'_, '_> {
    /// Whether the request is sent.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        matches!(self.outcome, TlsOutcome::Answered)
    }
}

/// What becomes of a connection.
#[derive(Debug, Clone)]
pub enum TlsOutcome<'m, 'c> {
    /// The request is sent.
    Answered,
    /// nginx or the socket breaks them off.
    Failed(FailureKind<'m, 'c>),
    /// It cannot be told.
    Unknown,
}

/// What happens to a connection.
#[derive(Debug, Clone)]
pub enum FailureKind<'m, 'c> {
    /// The socket speaks plain HTTP.
    PlainText,
    /// It expects the PROXY protocol first.
    ProxyProtocol,
    /// It speaks none of the TLS protocols that nginx offers.
    NoCommonProtocol,
    /// A server rejects the handshake.
    Rejected(&'m Server<'c>),
    /// nginx does not trust the certificate.
    Distrusted {
        /// The server that presents it.
        server: &'m Server<'c>,
        /// Its file.
        file: &'m CertificateFile,
        /// Why.
        reason: Distrusted,
    },
    /// nginx looks for another name in the certificate.
    OtherName {
        /// The server that presents it.
        server: &'m Server<'c>,
        /// Its file.
        file: &'m CertificateFile,
        /// The name.
        name: String,
    },
}

/// The files that upstreams are verified against, as far as any is verified at all.
pub(crate) fn trusted_files(config: &Config<'_>) -> Vec<PathBuf> {
    let names = |setting: TlsSetting| -> Vec<Option<DirectiveName>> {
        MODULES.iter().map(|module| DirectiveName::find(module.name_of(setting).as_bytes())).collect()
    };
    let (verify, trusted) = (names(TlsSetting::Verify), names(TlsSetting::TrustedCertificate));
    let (mut is_verified, mut paths) = (false, Vec::new());
    for directive in config.directives().filter(|directive| directive.name().is_some()) {
        if trusted.contains(&directive.name()) {
            paths.extend(path(directive));
        } else if verify.contains(&directive.name()) {
            is_verified |= !directive.argument(0).is_some_and(|value| value.is("off"));
        }
    }
    if is_verified { paths } else { Vec::new() }
}

/// The file that a directive names, as nginx would open it.
fn path(directive: Directive<'_>) -> Option<PathBuf> {
    Some(directive.config().directory.join(&*directive.argument(0)?.text()))
}

impl<'c> Model<'c> {
    /// The file against which a pass verifies its upstream, if it was read whole.
    #[must_use]
    pub fn trusted_file(&self, pass: &TlsPass<'_>) -> Option<&CertificateFile> {
        let (Some(directive), false) = pass.setting(TlsSetting::TrustedCertificate) else { return None };
        self.trusted.file(&path(directive)?).filter(|file| file.problem.is_none())
    }

    /// Why every connection of a pass to a socket of this configuration fails; `None` where one may not, where it leads
    /// elsewhere, and where it cannot be told.
    #[must_use]
    pub fn tls_failure(&self, pass: &TlsPass<'_>) -> Option<TlsFailure<'_, 'c>> {
        let Settled::Known(sni) = pass.sni() else { return None };
        self.tls_failure_with(pass, sni)
    }

    /// The same if nginx sent this SNI.
    #[must_use]
    pub fn tls_failure_with(&self, pass: &TlsPass<'_>, sni: Option<&str>) -> Option<TlsFailure<'_, 'c>> {
        let mut first = None;
        for TlsConnection { address, socket, outcome } in self.tls_connections(pass, sni)? {
            let TlsOutcome::Failed(kind) = outcome else { return None };
            first = first.or(Some(TlsFailure { socket, address, sni: sni.map(str::to_owned), kind }));
        }
        first
    }

    /// Whether every connection of a pass to sockets of this configuration fails because no SNI is sent: the handshake is
    /// rejected, or the certificate is another one than that for the name that nginx looks for.
    #[must_use]
    pub fn needs_sni(&self, pass: &TlsPass<'_>) -> bool {
        let Some(failure) = self.tls_failure(pass).filter(|failure| failure.sni.is_none()) else { return false };
        match failure.kind {
            FailureKind::Rejected(_) => true,
            FailureKind::OtherName { .. } | FailureKind::Distrusted { .. } => {
                let name = pass.name.text.as_deref().filter(|name| is_sent(name));
                let named = name.and_then(|name| self.tls_connections(pass, Some(name)));
                named.is_some_and(|all| all.iter().any(TlsConnection::is_answered))
            }
            _ => false,
        }
    }

    /// The connections of a pass with some SNI, one to each address; `None` where it leads elsewhere.
    #[must_use]
    pub fn tls_connections(&self, pass: &TlsPass<'_>, sni: Option<&str>) -> Option<Vec<TlsConnection<'_, 'c>>> {
        let (addresses, is_all) = pass.upstream.as_ref().filter(|_| pass.is_always_tls)?.addresses();
        if !is_all {
            return None;
        }
        addresses.into_iter().map(|address| self.tls_connection(pass, sni, address)).collect()
    }

    /// The connections of a pass to sockets of this configuration that fail, while others of the same group may not; and
    /// how many servers the group has.
    #[must_use]
    pub fn failing_servers(&self, pass: &TlsPass<'_>) -> (Vec<TlsFailure<'_, 'c>>, usize) {
        let (Some(upstream), Settled::Known(sni)) = (pass.upstream.as_ref().filter(|_| pass.is_always_tls), pass.sni())
        else {
            return (Vec::new(), 0);
        };
        let (addresses, _) = upstream.addresses();
        let servers = upstream.servers().count();
        let connections = addresses.into_iter().filter_map(|address| self.tls_connection(pass, sni, address));
        let failures = connections.filter_map(|TlsConnection { address, socket, outcome }| match outcome {
            TlsOutcome::Failed(kind) => Some(TlsFailure { socket, address, sni: sni.map(str::to_owned), kind }),
            TlsOutcome::Answered | TlsOutcome::Unknown => None,
        });
        let failures: Vec<TlsFailure<'_, 'c>> = failures.collect();
        if failures.len() < servers { (failures, servers) } else { (Vec::new(), servers) }
    }

    fn tls_connection(
        &self,
        pass: &TlsPass<'_>,
        sni: Option<&str>,
        address: UpstreamAddress,
    ) -> Option<TlsConnection<'_, 'c>> {
        // A server of stream that ends TLS answers as one of http does.
        let of_stream =
            || self.own_taker(&address).filter(|taker| taker.module == Module::Stream && taker.socket.is_tls);
        let socket = self.socket_of_upstream(&address).or_else(|| of_stream().map(|taker| taker.socket))?;
        Some(TlsConnection { outcome: self.outcome_at(pass, socket, sni), address, socket })
    }

    fn outcome_at<'m>(&'m self, pass: &TlsPass<'_>, socket: &'m ListenSocket, sni: Option<&str>) -> TlsOutcome<'m, 'c> {
        let (server, files) = match self.greeting(pass, socket, sni) {
            None => return TlsOutcome::Unknown,
            Some(Greeting::PlainText) => return TlsOutcome::Failed(FailureKind::PlainText),
            Some(Greeting::ProxyProtocol) => return TlsOutcome::Failed(FailureKind::ProxyProtocol),
            Some(Greeting::NoCommonProtocol) => return TlsOutcome::Failed(FailureKind::NoCommonProtocol),
            Some(Greeting::Rejected(server)) => return TlsOutcome::Failed(FailureKind::Rejected(server)),
            Some(Greeting::Presented { server, files }) => (server, files),
        };
        match pass.verify.settled() {
            Settled::Unknown => return TlsOutcome::Unknown,
            Settled::Known(false) => return TlsOutcome::Answered,
            Settled::Known(true) => {}
        }
        let mut outcomes = files.into_iter().map(|file| self.outcome_of(pass, server, file));
        let first = outcomes.next().unwrap_or(TlsOutcome::Unknown);
        let is_same = |other: TlsOutcome<'_, '_>| std::mem::discriminant(&other) == std::mem::discriminant(&first);
        if outcomes.all(is_same) { first } else { TlsOutcome::Unknown }
    }

    /// What nginx makes of a certificate that is presented to it.
    fn outcome_of<'m>(
        &'m self,
        pass: &TlsPass<'_>,
        server: &'m Server<'c>,
        file: &'m CertificateFile,
    ) -> TlsOutcome<'m, 'c> {
        let verification = self.verification(pass, file);
        if let Some(Verification::Refused(reason)) = verification {
            return TlsOutcome::Failed(FailureKind::Distrusted { server, file, reason });
        }
        let is_of_peer = match (file.leaf(), &pass.name.text) {
            (Some(leaf), Some(name)) if !leaf.is_of_peer(name) => {
                return TlsOutcome::Failed(FailureKind::OtherName { server, file, name: name.clone() });
            }
            (Some(_), Some(_)) => true,
            _ => false,
        };
        if is_of_peer && verification == Some(Verification::Accepted) {
            TlsOutcome::Answered
        } else {
            TlsOutcome::Unknown
        }
    }

    /// What nginx makes of the chain in a file; `None` where more than the trusted file and the depth decides.
    #[must_use]
    pub fn verification(&self, pass: &TlsPass<'_>, file: &CertificateFile) -> Option<Verification> {
        let is_set = |setting| pass.setting(setting) != (None, false);
        if is_set(TlsSetting::Crl) || is_set(TlsSetting::ConfCommand) {
            return None;
        }
        let trusted = self.trusted_file(pass)?;
        let depth = pass.verify_depth()?;
        // Thousands of passes may lead to one server.
        let key = (file.path.clone(), trusted.path.clone(), depth);
        let known = self.verifications.get(&key).cloned();
        known.or_else(|| {
            let verification = verify(&file.certificates, &trusted.certificates, depth, self.environment.now);
            Some(self.verifications.insert(key, Box::new(verification)).clone())
        })
    }

    /// The file that a pass verifies its upstream against, where it holds no self-signed certificate: OpenSSL then
    /// accepts no upstream at all.
    #[must_use]
    pub fn rootless_file(&self, pass: &TlsPass<'_>) -> Option<&CertificateFile> {
        let is_verified = pass.verify.settled() == Settled::Known(true) && pass.is_always_tls;
        let has_other_rules = pass.setting(TlsSetting::ConfCommand) != (None, false);
        let file = self.trusted_file(pass).filter(|_| is_verified && !has_other_rules)?;
        (!file.certificates.is_empty() && !holds_root(&file.certificates)).then_some(file)
    }
}
