//! Certificates that browsers do not trust, whatever their names and dates.

use crate::model::{CertificateUse, Edge, Model, Server};
use crate::tls::{CertificateFile, Host, Trust};

/// Why browsers do not trust a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrust {
    /// It is signed by its own key.
    SelfSigned,
    /// It leads to a root in its file that nobody is known to trust: that of a private authority, by its subject.
    PrivateAuthority(Box<str>),
}

impl<'c> Model<'c> {
    /// Why browsers trust no certificate that they get for a host of a server, with the first of them. `None` where they
    /// may: the chain leads to a root that is built in or was given (`--ca`, `--system-roots`), it is incomplete, so that
    /// nothing is known of its root, or it is not for browsers, because TLS ends before nginx for this host.
    #[must_use]
    pub fn distrust<'m>(&'m self, server: &'m Server<'c>, host: &Host) -> Option<(Distrust, &'m CertificateUse<'c>)> {
        if host.name().is_some_and(|name| self.edge_of_host(name) == Edge::Tls) {
            return None;
        }
        let socket = self.tls_sockets_of(server.id).next();
        let presenting = socket.map_or(server, |socket| self.presenting_server(socket, server.id));
        let mut kept = self.kept(&presenting.certificates, None);
        let first = kept.next()?;
        let distrust = self.distrust_of(first)?;
        let is_none_trusted = kept.all(|used| self.distrust_of(used).is_some());
        is_none_trusted.then_some((distrust, first))
    }

    fn distrust_of(&self, used: &CertificateUse<'_>) -> Option<Distrust> {
        let judge = |file: &CertificateFile| match &file.chain(&self.environment.anchors, self.environment.now)?.trust {
            Trust::SelfSigned => Some(Distrust::SelfSigned),
            Trust::PrivateRoot { subject, .. } => Some(Distrust::PrivateAuthority(subject.clone())),
            _ => None,
        };
        judge(self.certificate_file(used)?)
    }
}
