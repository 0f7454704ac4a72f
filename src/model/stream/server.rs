//! What one `server` of `stream` does with a connection.

use crate::config::Directive;
use crate::model::inherit;
use crate::model::{Model, Server};

/// What a server does, as its directives say.
#[derive(Debug, Clone, Copy)]
pub struct Handling<'c> {
    /// What decides where a connection goes: `proxy_pass`, `pass` or `return`. The last one counts
    /// (`cscf->handler` in src/stream). `None`: nginx closes each connection.
    pub handler: Option<Directive<'c>>,
    /// `ssl_preread on`
    pub prereads: bool,
    /// The `proxy_protocol` in effect, if it is not off; `pass` knows nothing of it. It may hold variables, as nginx's
    /// own tests have it for a release to come.
    pub proxy_protocol: Option<Directive<'c>>,
    /// `proxy_ssl on`: nginx speaks TLS of its own with the upstream.
    pub encrypts: bool,
    /// Whether it cannot be told what it does: code of another language runs, or an include could not be followed.
    pub is_unknown: bool,
}

/// The directives that handle connections.
const HANDLERS: &[&str] = &["proxy_pass", "pass", "return"];

/// Directives whose code may end a connection, hand it on or set variables.
const CODE: &[&str] = &[
    "content_by_lua",
    "content_by_lua_block",
    "content_by_lua_file",
    "js_access",
    "js_preread",
    "preread_by_lua_block",
    "preread_by_lua_file",
    "ssl_certificate_by_lua_block",
    "ssl_certificate_by_lua_file",
    "ssl_client_hello_by_lua_block",
    "ssl_client_hello_by_lua_file",
];

impl<'c> Handling<'c> {
    /// Reads the directives in effect in a server of `stream`.
    #[must_use]
    pub fn of(server: &Server<'c>) -> Handling<'c> {
        let block = server.directive;
        let levels = || std::iter::once(block).chain(block.parent());
        let own = block.children().filter(|directive| HANDLERS.iter().any(|name| directive.is_named(name)));
        let proxy_protocol = inherit::value_in_effect(block, "proxy_protocol");
        let is_on = |directive: &Directive<'_>| directive.argument(0).is_some_and(|word| !word.is("off"));
        Handling {
            handler: own.last(),
            prereads: inherit::flag_in_effect(block, "ssl_preread") == Some(true),
            proxy_protocol: proxy_protocol.filter(is_on),
            encrypts: inherit::flag_in_effect(block, "proxy_ssl") == Some(true),
            is_unknown: levels().any(|level| level.is_incomplete() || runs_code(level)),
        }
    }

    /// The parameter of the handler: an address, a group, or variables that become one.
    #[must_use]
    pub fn target_text(&self) -> Option<String> {
        self.handler?.argument(0).map(|word| word.text().into_owned())
    }

    /// Whether the handler is `pass`, which hands the connection itself on.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.handler.is_some_and(|handler| handler.is_named("pass"))
    }

    /// Whether the handler is `proxy_pass`, which makes another connection.
    #[must_use]
    pub fn proxies(&self) -> bool {
        self.handler.is_some_and(|handler| handler.is_named("proxy_pass"))
    }
}

/// Whether a directive of a block runs code that decides where connections go.
fn runs_code(block: Directive<'_>) -> bool {
    CODE.iter().any(|name| block.children_named(name).next().is_some())
}

impl Model<'_> {
    /// Where a server of `stream` listens, for a message: `the stream server on 0.0.0.0:443`.
    #[must_use]
    pub fn stream_server_text(&self, server: &Server<'_>) -> String {
        let named = server.names.iter().find(|name| !name.is_no_host());
        let socket = self.stream_sockets_of(server.id).next().map(|socket| socket.endpoint.to_string());
        match (named, socket) {
            (Some(name), _) => format!("the stream server {name}"),
            (None, Some(socket)) => format!("the stream server on {socket}"),
            (None, None) => "the stream server".to_owned(),
        }
    }
}
