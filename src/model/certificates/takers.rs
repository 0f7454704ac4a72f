//! Which clients get which of the certificates that a server has for several kinds of key.
//!
//! OpenSSL chooses by what the client takes, and by `ssl_ciphers` and `ssl_protocols`; the names in the certificates play
//! no part in it: SSL_CTX_set_cipher_list(3), and RFC 8446, section 4.4.2.2.

use crate::config::Directive;
use crate::model::certificates::tls_user::TlsUser;
use crate::model::{CertificateUse, Model, Server, UsedCertificate, inherit};
use crate::tls::{Certificate, Curve, Host, KeyKind};

/// The clients that get a certificate which ordinary ones do not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takers {
    /// Those that take no other kind of key.
    OfKind(KeyKind),
    /// Those without TLS 1.3: `ssl_ciphers` leaves them this kind.
    BeforeTls13,
}

impl std::fmt::Display for Takers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Takers::OfKind(kind) => write!(f, "clients that take only {}", kind.algorithm()),
            Takers::BeforeTls13 => f.write_str("clients without TLS 1.3 (ssl_ciphers)"),
        }
    }
}

/// What a server agrees to.
#[derive(Debug, Clone, Copy)]
struct Terms {
    /// Whether its ciphers of TLS 1.2 go with RSA keys.
    rsa: bool,
    /// Whether they go with those of elliptic curves.
    curves: bool,
    /// Whether it may speak TLS 1.3, whose ciphers go with all keys.
    tls13: bool,
}

impl Terms {
    const ANY: Terms = Terms { rsa: true, curves: true, tls13: true };

    /// Whether some client can get a certificate with such a key.
    fn allow(self, kind: KeyKind) -> bool {
        match kind {
            KeyKind::Rsa { .. } | KeyKind::RsaPss { .. } => self.rsa || self.tls13,
            KeyKind::Ec(_) | KeyKind::Ed25519 | KeyKind::Ed448 => self.curves || self.tls13,
            KeyKind::Dsa | KeyKind::Other => true,
        }
    }
}

/// The kinds of key that the ciphers of a list go with, RSA and curves; both where that is not plain (openssl-ciphers(1)).
fn authentications(list: &str) -> (bool, bool) {
    let (mut rsa, mut curves) = (false, false);
    let (mut no_rsa, mut no_curves) = (false, false);
    for item in list.split([':', ',', ' ', ';']).filter(|item| !item.is_empty() && !item.starts_with(['@', '+', '-'])) {
        let (is_excluded, item) = item.strip_prefix('!').map_or((false, item), |item| (true, item));
        let has = |names: &[&str]| item.split('+').any(|part| names.contains(&part));
        if is_excluded {
            no_rsa |= item == "aRSA";
            no_curves |= ["aECDSA", "ECDSA"].contains(&item);
        } else if has(&["aRSA", "kRSA", "RSA"]) || ["ECDHE-RSA-", "DHE-RSA-", "AES"].iter().any(|of| is_suite(item, of))
        {
            rsa = true;
        } else if has(&["aECDSA", "ECDSA"]) || is_suite(item, "ECDHE-ECDSA-") {
            curves = true;
        } else {
            (rsa, curves) = (true, true);
        }
    }
    // A list that leaves nothing is no list.
    match (rsa && !no_rsa, curves && !no_curves) {
        (false, false) => (true, true),
        both => both,
    }
}

/// Whether an item is the name of one cipher, not of a group of them (`AES128`, `AESGCM`).
fn is_suite(item: &str, beginning: &str) -> bool {
    item.starts_with(beginning) && item.contains('-') && !item.contains('+')
}

/// The order in which clients of today take certificates.
fn rank(leaf: &Certificate) -> u8 {
    match leaf.key {
        // What browsers do not know.
        KeyKind::RsaPss { .. }
        | KeyKind::Ec(Curve::Brainpool | Curve::Secp256k1 | Curve::P224 | Curve::Other)
        | KeyKind::Dsa
        | KeyKind::Other => 4,
        KeyKind::Ec(_) => 0,
        KeyKind::Ed25519 => 1,
        KeyKind::Ed448 => 2,
        KeyKind::Rsa { .. } => 3,
    }
}

/// A certificate in effect, with what is in its file.
type Presented<'s, 'd, 'm> = (&'s CertificateUse<'d>, &'m Certificate);

impl<'c> Model<'c> {
    /// The certificate that an ordinary client gets of `server`; `None` where there is none, or where one of several
    /// is not known.
    ///
    /// Of those that are [kept](Model::kept), clients of today take the one of an elliptic curve before that of RSA; the
    /// names play no part in it.
    pub(crate) fn presented<'s, 'd>(
        &self,
        server: &'s Server<'d>,
        sni: Option<&Host>,
    ) -> Option<Presented<'s, 'd, '_>> {
        ordinary(self.allowed(server, sni)?.0)
    }

    /// The same of certificates that are in effect together, whatever the ciphers.
    #[must_use]
    pub fn presented_of<'s, 'd>(
        &self,
        certificates: &'s [CertificateUse<'d>],
        sni: Option<&Host>,
    ) -> Option<Presented<'s, 'd, '_>> {
        ordinary(self.known(certificates, sni)?)
    }

    /// The certificate of RSA that some clients get of `server`, where ordinary ones get another.
    #[must_use]
    pub fn presented_to_some<'s, 'd>(
        &self,
        server: &'s Server<'d>,
        sni: Option<&Host>,
    ) -> Option<(&'s CertificateUse<'d>, &Certificate, Takers)> {
        if server.certificates.len() < 2 {
            return None;
        }
        let (allowed, terms) = self.allowed(server, sni)?;
        of_rsa(allowed, terms)
    }

    /// The same of certificates that are in effect together, whatever the ciphers.
    #[must_use]
    pub fn presented_to_some_of<'s, 'd>(
        &self,
        certificates: &'s [CertificateUse<'d>],
        sni: Option<&Host>,
    ) -> Option<(&'s CertificateUse<'d>, &Certificate, Takers)> {
        of_rsa(self.known(certificates, sni)?, Terms::ANY)
    }

    /// Those that are kept, if all of them are known.
    fn known<'s, 'd>(
        &self,
        certificates: &'s [CertificateUse<'d>],
        sni: Option<&Host>,
    ) -> Option<Vec<Presented<'s, 'd, '_>>> {
        self.kept(certificates, sni).map(|used| Some((used, self.leaf_for(used, sni)?))).collect()
    }

    /// Those of them that some client can get.
    fn allowed<'s, 'd>(
        &self,
        server: &'s Server<'d>,
        sni: Option<&Host>,
    ) -> Option<(Vec<Presented<'s, 'd, '_>>, Terms)> {
        let mut known = self.known(&server.certificates, sni)?;
        if known.len() < 2 {
            return Some((known, Terms::ANY));
        }
        let terms = self.terms(server);
        if known.iter().any(|(_, leaf)| terms.allow(leaf.key)) {
            known.retain(|(_, leaf)| terms.allow(leaf.key));
        }
        Some((known, terms))
    }

    fn terms(&self, server: &Server<'_>) -> Terms {
        let ciphers = inherit::in_effect(server.directive, "ssl_ciphers");
        let list = ciphers.directives.last().filter(|_| !ciphers.is_partial).and_then(|ciphers| ciphers.argument(0));
        let Some(list) = list else { return Terms::ANY };
        let (rsa, curves) = authentications(&list.text());
        // Which of the two nginx asks depends on its version and on OpenSSL's.
        let defaults = self.tls_sockets_of(server.id).map(|socket| self.server(socket.default.server).directive);
        let may_speak = |block: Directive<'_>| {
            self.protocols(block, "ssl_protocols").is_none_or(|protocols| protocols.contains("tlsv1.3"))
        };
        let tls13 = std::iter::once(server.directive).chain(defaults).any(may_speak);
        Terms { rsa, curves, tls13 }
    }
}

fn ordinary<'s, 'd, 'm>(known: Vec<Presented<'s, 'd, 'm>>) -> Option<Presented<'s, 'd, 'm>> {
    known.into_iter().min_by_key(|(_, leaf)| rank(leaf))
}

fn of_rsa<'s, 'd, 'm>(
    known: Vec<Presented<'s, 'd, 'm>>,
    terms: Terms,
) -> Option<(&'s CertificateUse<'d>, &'m Certificate, Takers)> {
    const RSA: u8 = 3;
    let is_second = known.iter().any(|(_, leaf)| rank(leaf) < RSA);
    let (used, leaf) = known.into_iter().find(|(_, leaf)| is_second && rank(leaf) == RSA)?;
    Some((used, leaf, if terms.curves { Takers::OfKind(leaf.key) } else { Takers::BeforeTls13 }))
}

impl UsedCertificate<'_, '_> {
    /// Who gets it, where ordinary clients get another certificate of all that present it.
    #[must_use]
    pub fn takers(&self) -> Option<Takers> {
        let key = self.leaf()?.key;
        let servers = self.presenting().map(|server| TlsUser::Server(server.id));
        let endpoints = self.presenting_endpoints().map(|endpoint| TlsUser::Endpoint(endpoint.id));
        let mut takers = None;
        for user in servers.chain(endpoints) {
            let (ordinary, some) = match user {
                TlsUser::Server(id) => {
                    let server = self.model().server(id);
                    (self.model().presented(server, self.name()), self.model().presented_to_some(server, self.name()))
                }
                TlsUser::Endpoint(_) => {
                    let certificates = self.model().certificates_of(user).0;
                    (
                        self.model().presented_of(certificates, self.name()),
                        self.model().presented_to_some_of(certificates, self.name()),
                    )
                }
            };
            if ordinary.is_none_or(|(used, _)| self.is(used)) {
                return None;
            }
            takers = some.filter(|(used, ..)| self.is(used)).map(|(.., takers)| takers).or(takers);
        }
        takers.or(Some(Takers::OfKind(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphers_go_with_kinds_of_keys() {
        const ROWS: &[(&str, (bool, bool))] = &[
            ("ECDHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256", (true, false)),
            ("ECDHE-ECDSA-AES128-GCM-SHA256", (false, true)),
            ("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256", (true, true)),
            ("HIGH:!aNULL:!MD5", (true, true)),
            ("HIGH:!aECDSA", (true, false)),
            ("HIGH !ECDSA", (true, false)),
            ("HIGH:!aRSA", (false, true)),
            ("EECDH+AESGCM:EDH+AESGCM", (true, true)),
            ("ECDHE+aRSA:@STRENGTH", (true, false)),
            ("AES128", (true, true)),
            ("DEFAULT@SECLEVEL=0", (true, true)),
            ("", (true, true)),
        ];
        for (list, expected) in ROWS {
            assert_eq!(authentications(list), *expected, "{list}");
        }
    }
}
