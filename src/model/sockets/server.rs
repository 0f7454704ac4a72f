//! One `server` of `http`.

use std::fmt;
use std::path::PathBuf;

use crate::config::Directive;
use crate::model::inherit;
use crate::model::sockets::listen::Listen;
use crate::model::sockets::server_names::ServerName;
use crate::model::values::value::{Piece, has_variables, pieces};
use crate::nginx::Contexts;
use crate::nginx::tls_files::{DATA_PREFIX, KEY_PREFIXES, TlsFileKind, TlsSide};
use crate::source::Span;
use crate::syntax::Word;
use crate::tls::Host;

/// A server of one model, in the order of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(pub u32);

/// Where the bytes of a certificate or key come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateSource {
    /// A file, by the path that nginx would open.
    File(PathBuf),
    /// A path with `$ssl_server_name` in it: for each name another file, [`CertificateUse::file_for`].
    PerName,
    /// Another variable, `data:`, or of a key `engine:` or `store:`: nothing is known of it.
    Unknown,
}

/// One `ssl_certificate` or `ssl_certificate_key` in effect in a server, or what is their like for upstreams.
#[derive(Debug, Clone)]
pub struct CertificateUse<'c> {
    /// The directive, which may stand in `http`.
    pub directive: Directive<'c>,
    /// Its parameter.
    pub word: Word<'c>,
    /// What it names.
    pub source: CertificateSource,
}

/// One `server` of `http`, or of another module that listens as it does.
#[derive(Debug)]
pub struct Server<'c> {
    /// Its number.
    pub id: ServerId,
    /// The `server` block.
    pub directive: Directive<'c>,
    /// Its `listen`s; the implied one when it has none, unless they may stand in a file whose include
    /// could not be followed.
    pub listens: Vec<Listen<'c>>,
    /// Its names; one empty name when it has none.
    pub names: Vec<ServerName<'c>>,
    /// The certificates in effect: of the server, or of `http`.
    pub certificates: Vec<CertificateUse<'c>>,
    /// The keys in effect: nginx takes the first for the first certificate, and so on.
    pub certificate_keys: Vec<CertificateUse<'c>>,
    /// The `ssl_password_file` in effect.
    pub password_file: Option<PathBuf>,
    /// Whether there may be others in a file whose include could not be followed.
    pub has_unseen_certificates: bool,
    /// `ssl_reject_handshake on` is in effect.
    pub rejects_handshake: bool,
    /// `ssl on` of nginx before 1.25.1 is in effect: all its sockets speak TLS.
    pub has_ssl_on: bool,
    /// `http2 on` is in effect.
    pub has_http2_on: bool,
}

impl<'c> Server<'c> {
    pub(crate) fn new(id: ServerId, directive: Directive<'c>) -> Server<'c> {
        let mut listens: Vec<Listen<'c>> = directive.children_named("listen").filter_map(Listen::parse).collect();
        // Other modules have no such default.
        let is_of_http = directive.context().intersects(Contexts::HTTP);
        if is_of_http && directive.children_named("listen").next().is_none() && !directive.is_incomplete() {
            listens.push(Listen::implied());
        }
        let mut names: Vec<ServerName<'c>> = directive
            .children_named("server_name")
            .flat_map(|names| names.arguments().map(ServerName::parse))
            .collect();
        if names.is_empty() {
            names.push(ServerName::empty());
        }
        Server {
            id,
            directive,
            listens,
            names,
            certificates: certificates(directive, TlsSide::Server, TlsFileKind::Certificate),
            certificate_keys: certificates(directive, TlsSide::Server, TlsFileKind::Key),
            password_file: password_file(directive, TlsSide::Server),
            has_unseen_certificates: inherit::in_effect(directive, "ssl_certificate").is_partial,
            rejects_handshake: inherit::flag_in_effect(directive, "ssl_reject_handshake") == Some(true),
            has_ssl_on: inherit::flag_in_effect(directive, "ssl") == Some(true),
            has_http2_on: inherit::flag_in_effect(directive, "http2") == Some(true),
        }
    }

    /// The place that stands for the server: its first `server_name`, else the `server` itself.
    #[must_use]
    pub fn span(&self) -> Span {
        self.directive.children_named("server_name").next().map_or(self.directive.span(), |names| names.span())
    }

    /// The place of a `listen` of this server that takes part in a socket; of the `server` for the
    /// implied one.
    #[must_use]
    pub fn listen_span(&self, listen: usize) -> Span {
        let directive = self.listens.get(listen).and_then(|listen| listen.directive);
        directive.unwrap_or(self.directive).span()
    }

    /// `$server_name`: the first name, without the dot of `.example.com`, in lower case unless it is a regex
    /// (`ngx_http_core_server_name`, src/http/ngx_http_core_module.c).
    #[must_use]
    pub fn primary_name(&self) -> String {
        let first = self.names.first().and_then(|name| name.word).map(|word| word.text().into_owned());
        let first = first.unwrap_or_default();
        if first.starts_with('~') {
            return first;
        }
        first.strip_prefix('.').unwrap_or(&first).to_ascii_lowercase()
    }

    /// The hosts that its exact names mean.
    pub fn hosts(&self) -> impl Iterator<Item = Host> {
        self.names.iter().filter_map(ServerName::host)
    }

    /// Whether it has a name that some client can ask for.
    #[must_use]
    pub fn has_real_name(&self) -> bool {
        self.names.iter().any(|name| !name.is_no_host())
    }

    /// Whether it is a site's: it has a name that some client can ask for, or one that is meant to be.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.has_real_name() || self.names.iter().any(|name| name.meant_host().is_some())
    }

    /// Whether the `server_name` directive is there at all.
    #[must_use]
    pub fn has_server_name(&self) -> bool {
        self.directive.children_named("server_name").next().is_some()
    }
}

/// The first name, as messages call the server.
impl fmt::Display for Server<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meant = || self.names.iter().find(|name| name.meant_host().is_some());
        match self.names.iter().find(|name| !name.is_no_host()).or_else(meant) {
            Some(name) => name.fmt(f),
            None => f.write_str("the server without a name"),
        }
    }
}

impl CertificateUse<'_> {
    /// Whether it has to be looked for at each handshake.
    #[must_use]
    pub fn has_variables(&self) -> bool {
        reads_variables(self.directive) && has_variables(&self.word.text())
    }

    /// The path for a client that asks for `host`, as it is written; `None` where it cannot be told.
    #[must_use]
    pub fn text_for(&self, host: &Host) -> Option<String> {
        match (&self.source, host) {
            (CertificateSource::File(_), _) => Some(self.word.text().into_owned()),
            // For an address clients send no SNI (RFC 6066, section 3).
            (CertificateSource::PerName, Host::Name(name)) => Some(with_name(&self.word.text(), name)),
            (CertificateSource::PerName, Host::Ip(_)) | (CertificateSource::Unknown, _) => None,
        }
    }

    /// The path that nginx would open for a client that asks for `host`.
    #[must_use]
    pub fn file_for(&self, host: &Host) -> Option<PathBuf> {
        self.text_for(host).map(|text| self.directive.config().directory.join(text))
    }
}

/// A value with `name` in the place of its variables.
fn with_name(value: &str, name: &str) -> String {
    let text = |piece| match piece {
        Piece::Text(text) => text,
        Piece::Variable(_) | Piece::Capture(_) => name,
    };
    pieces(value).map(text).collect()
}

pub(crate) fn password_file(block: Directive<'_>, side: TlsSide) -> Option<PathBuf> {
    let directive = inherit::value_in_effect(block, side.directive(TlsFileKind::Passwords)?)?;
    Some(directive.config().directory.join(&*directive.argument(0)?.text()))
}

/// The directives in effect that name certificates or keys of a side.
pub(crate) fn certificates<'c>(block: Directive<'c>, side: TlsSide, kind: TlsFileKind) -> Vec<CertificateUse<'c>> {
    let in_effect = side.directive(kind).map(|name| inherit::in_effect(block, name)).unwrap_or_default();
    in_effect
        .directives
        .into_iter()
        .filter_map(|directive| {
            let word = directive.argument(0)?;
            Some(CertificateUse { directive, word, source: CertificateSource::of(directive, &word.text(), kind) })
        })
        .collect()
}

/// Whether nginx looks for variables in the parameter of a directive that names a certificate or key: `mail` has none.
fn reads_variables(directive: Directive<'_>) -> bool {
    !directive.context().intersects(Contexts::MAIL | Contexts::MAIL_SERVER)
}

impl CertificateSource {
    /// What `text` names as the parameter of `directive`.
    fn of(directive: Directive<'_>, text: &str, kind: TlsFileKind) -> CertificateSource {
        let prefixes = if kind == TlsFileKind::Key { KEY_PREFIXES } else { &[] };
        let is_elsewhere = text.starts_with(DATA_PREFIX) || prefixes.iter().any(|prefix| text.starts_with(prefix));
        let has_variables = reads_variables(directive) && has_variables(text);
        let is_known = |piece| matches!(piece, Piece::Text(_) | Piece::Variable("ssl_server_name"));
        // Of an upstream's certificate the variable is about the client's connection.
        let is_per_name = directive.is_named("ssl_certificate") || directive.is_named("ssl_certificate_key");
        if is_elsewhere || has_variables && !(is_per_name && pieces(text).all(is_known)) {
            CertificateSource::Unknown
        } else if has_variables {
            CertificateSource::PerName
        } else {
            CertificateSource::File(directive.config().directory.join(text))
        }
    }
}
