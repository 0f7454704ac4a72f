//! The directives that name files of TLS: certificates, keys, and what peers are verified with.
//!
//! Source: the merge functions and `…_set_ssl` of nginx's ssl, proxy, grpc and uwsgi modules in the releases 1.22.1 to
//! 1.31.5. What `nginx -t` opens was asked of 1.22.1 and 1.31.3, directive by directive.

use super::{Contexts, NginxVersion};

/// What a file that a directive names is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsFileKind {
    /// The certificate that is presented, with the issuers behind it.
    Certificate,
    /// Its private key.
    Key,
    /// Passwords of encrypted keys.
    Passwords,
    /// Certificates of the authorities by which peers are verified.
    Authorities,
    /// What those authorities have revoked.
    RevocationLists,
    /// Parameters of Diffie-Hellman key exchange.
    DhParameters,
    /// What an OCSP responder said of the certificate.
    OcspResponse,
    /// The key of session tickets.
    TicketKey,
}

/// When nginx opens a file as it starts, so that it does not start without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Opened {
    /// While it reads the directive, whether anything uses it or not.
    Always,
    /// For each block that is set up for TLS.
    WithTls,
    /// For those that verify certificates of peers.
    ToVerify,
    /// For those with `ssl_stapling on`.
    ToStaple,
}

/// Which side of TLS a setting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsSide {
    /// A server of `http`, `stream` or `mail`, towards its clients.
    Server,
    /// `proxy_pass`, in `http` and in `stream`, towards upstreams.
    Proxy,
    /// `grpc_pass`.
    Grpc,
    /// `uwsgi_pass`.
    Uwsgi,
}

/// A directive that names a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsFile {
    /// Its name.
    pub directive: &'static str,
    /// Whose setting it is.
    pub side: TlsSide,
    /// The contexts for which this row is: one directive may be opened differently in `http` and in `mail`.
    pub contexts: Contexts,
    /// What the file is for.
    pub kind: TlsFileKind,
    opened: Opened,
    /// What held before a release.
    earlier: Option<(NginxVersion, Opened)>,
}

impl TlsFile {
    /// When `version` opens the file.
    #[must_use]
    pub fn opened(&self, version: NginxVersion) -> Opened {
        match self.earlier {
            Some((until, opened)) if version < until => opened,
            _ => self.opened,
        }
    }

    const fn before(self, major: u16, minor: u16, patch: u16, opened: Opened) -> TlsFile {
        TlsFile { earlier: Some((NginxVersion::new(major, minor, patch), opened)), ..self }
    }
}

impl TlsSide {
    /// The directives of this side that name files and may stand in a block of `context`.
    pub fn files(self, context: Contexts) -> impl Iterator<Item = &'static TlsFile> {
        TLS_FILES.iter().filter(move |row| row.side == self && row.contexts.intersects(context))
    }

    /// The directive of this side that names files of a kind; the one that is judged first, where there are several.
    #[must_use]
    pub fn directive(self, kind: TlsFileKind) -> Option<&'static str> {
        TLS_FILES.iter().find(|row| row.side == self && row.kind == kind).map(|row| row.directive)
    }

    /// What switches on that certificates of peers are verified.
    #[must_use]
    pub const fn verify(self) -> &'static str {
        match self {
            TlsSide::Server => "ssl_verify_client",
            TlsSide::Proxy => "proxy_ssl_verify",
            TlsSide::Grpc => "grpc_ssl_verify",
            TlsSide::Uwsgi => "uwsgi_ssl_verify",
        }
    }
}

/// Servers that speak TLS to clients.
const SERVERS: Contexts = HTTP.union(STREAM).union(MAIL);
const HTTP: Contexts = Contexts::HTTP.union(Contexts::SERVER);
const STREAM: Contexts = Contexts::STREAM.union(Contexts::STREAM_SERVER);
const MAIL: Contexts = Contexts::MAIL.union(Contexts::MAIL_SERVER);
/// Blocks that pass requests on to upstreams, and those around them.
const LOCATIONS: Contexts = HTTP.union(Contexts::LOCATION);
const PROXIES: Contexts = LOCATIONS.union(STREAM);

const fn file(
    side: TlsSide,
    directive: &'static str,
    contexts: Contexts,
    kind: TlsFileKind,
    opened: Opened,
) -> TlsFile {
    TlsFile { directive, side, contexts, kind, opened, earlier: None }
}

use Opened::{Always, ToStaple, ToVerify, WithTls};
use TlsFileKind::{Authorities, Certificate, DhParameters, Key, OcspResponse, Passwords, RevocationLists, TicketKey};
use TlsSide::{Grpc, Proxy, Server, Uwsgi};

/// All of them, but for `ssl_ech_file`, which nginx 1.31 ignores with the releases of OpenSSL that there are. An empty
/// value names no file where the directive is a plain string, so not for keys of tickets; of certificates, see
/// [`EMPTY_CERTIFICATE_SINCE`].
#[rustfmt::skip] // A table: one row a line.
pub const TLS_FILES: &[TlsFile] = &[
    file(Server, "ssl_certificate", SERVERS, Certificate, WithTls),
    file(Server, "ssl_certificate_key", SERVERS, Key, WithTls),
    file(Server, "ssl_password_file", SERVERS, Passwords, Always),
    file(Server, "ssl_client_certificate", SERVERS, Authorities, ToVerify),
    file(Server, "ssl_trusted_certificate", HTTP, Authorities, WithTls),
    file(Server, "ssl_trusted_certificate", STREAM, Authorities, WithTls).before(1, 27, 2, ToVerify),
    file(Server, "ssl_trusted_certificate", MAIL, Authorities, ToVerify),
    file(Server, "ssl_crl", HTTP, RevocationLists, WithTls),
    file(Server, "ssl_crl", STREAM, RevocationLists, WithTls).before(1, 27, 2, ToVerify),
    file(Server, "ssl_crl", MAIL, RevocationLists, ToVerify),
    file(Server, "ssl_dhparam", SERVERS, DhParameters, WithTls),
    file(Server, "ssl_stapling_file", HTTP.union(STREAM), OcspResponse, ToStaple),
    file(Server, "ssl_session_ticket_key", SERVERS, TicketKey, WithTls),
    file(Proxy, "proxy_ssl_certificate", PROXIES, Certificate, WithTls),
    file(Proxy, "proxy_ssl_certificate_key", PROXIES, Key, WithTls),
    file(Proxy, "proxy_ssl_password_file", PROXIES, Passwords, Always),
    file(Proxy, "proxy_ssl_trusted_certificate", PROXIES, Authorities, ToVerify),
    file(Proxy, "proxy_ssl_crl", PROXIES, RevocationLists, ToVerify),
    file(Grpc, "grpc_ssl_certificate", LOCATIONS, Certificate, WithTls),
    file(Grpc, "grpc_ssl_certificate_key", LOCATIONS, Key, WithTls),
    file(Grpc, "grpc_ssl_password_file", LOCATIONS, Passwords, Always),
    file(Grpc, "grpc_ssl_trusted_certificate", LOCATIONS, Authorities, ToVerify),
    file(Grpc, "grpc_ssl_crl", LOCATIONS, RevocationLists, ToVerify),
    file(Uwsgi, "uwsgi_ssl_certificate", LOCATIONS, Certificate, WithTls),
    file(Uwsgi, "uwsgi_ssl_certificate_key", LOCATIONS, Key, WithTls),
    file(Uwsgi, "uwsgi_ssl_password_file", LOCATIONS, Passwords, Always),
    file(Uwsgi, "uwsgi_ssl_trusted_certificate", LOCATIONS, Authorities, ToVerify),
    file(Uwsgi, "uwsgi_ssl_crl", LOCATIONS, RevocationLists, ToVerify),
];

/// A directive of `http` that passes requests on, and how it does so over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsPass {
    /// Its name.
    pub directive: &'static str,
    /// How its parameter begins for TLS, in any case. With a variable anywhere in it nginx sets up TLS as well.
    pub scheme: &'static str,
    /// Whose settings it obeys.
    pub side: TlsSide,
}

/// All of them. In `stream`, `proxy_ssl on` stands for the scheme.
pub const TLS_PASSES: &[TlsPass] = &[
    TlsPass { directive: "proxy_pass", scheme: "https://", side: Proxy },
    TlsPass { directive: "grpc_pass", scheme: "grpcs://", side: Grpc },
    TlsPass { directive: "uwsgi_pass", scheme: "suwsgi://", side: Uwsgi },
];

/// From this release an empty `proxy_ssl_certificate` (grpc, uwsgi) means none.
pub const EMPTY_CERTIFICATE_SINCE: NginxVersion = NginxVersion::new(1, 23, 0);

/// From this release nginx reads authorities and revocation lists itself: a list alone is no authority, and an authority
/// alone is no list. Before, OpenSSL took either for both.
pub const OWN_READERS_SINCE: NginxVersion = NginxVersion::new(1, 27, 2);

/// From this release `ssl_trusted_certificate` alone is enough for `ssl_verify_client`; before, nginx asks for
/// `ssl_client_certificate`.
pub const TRUST_ALONE_SINCE: NginxVersion = NginxVersion::new(1, 27, 2);

/// From this release servers of `stream` share listen sockets, with `server_name` and `ssl_reject_handshake`, and each is
/// set up for TLS that has a certificate, whether its `listen` says `ssl` or not.
pub const STREAM_NAMES_SINCE: NginxVersion = NginxVersion::new(1, 25, 5);

/// How the parameter of a certificate or key begins that stands for itself: PEM, in nginx from 1.15.10.
pub const DATA_PREFIX: &str = "data:";

/// How the parameter of a key begins that is in no file: in an engine or, from 1.29.0, a store of OpenSSL. Of a
/// certificate, nginx takes these for paths.
pub const KEY_PREFIXES: &[&str] = &["engine:", "store:"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nginx::DirectiveName;

    #[test]
    fn rows_are_of_known_directives_and_stand_where_those_may() {
        for row in TLS_FILES {
            let known = DirectiveName::find(row.directive.as_bytes()).expect("a known directive").contexts();
            assert!(known.contains(row.contexts), "{}: {known}", row.directive);
        }
    }

    #[test]
    fn every_side_has_certificates_keys_passwords_and_authorities() {
        for side in TLS_PASSES.iter().map(|pass| pass.side).chain([Server]) {
            for kind in [Certificate, Key, Passwords, Authorities, RevocationLists] {
                assert!(side.directive(kind).is_some(), "{side:?} {kind:?}");
            }
            assert!(DirectiveName::find(side.verify().as_bytes()).is_some(), "{}", side.verify());
        }
    }

    #[test]
    fn directives_of_such_names_are_in_the_table() {
        /// nginx has a cache of certificates, a switch and a number that are called alike.
        const NO_FILES: &[&str] = &["_cache", "_compression", "_verify", "_depth"];
        for row in crate::nginx::directives::all_directives().iter().filter(|row| row.package.is_none()) {
            let is_named = ["_certificate", "_certificate_key", "_crl", "_dhparam", "_password_file"]
                .iter()
                .any(|ending| row.name.ends_with(ending) && row.name.contains("ssl_"));
            let is_other = NO_FILES.iter().any(|ending| row.name.ends_with(ending));
            if is_named && !is_other {
                assert!(TLS_FILES.iter().any(|file| file.directive == row.name), "{}", row.name);
            }
        }
    }
}
