//! Whether a host is there over TLS at all.

use url::Url;

use crate::model::following::starts::ANY_HOST;
use crate::model::{ListenSocket, Model, NameKind, SelectedBy, ServerName};

/// What of a configuration is there for clients over TLS.
#[derive(Debug)]
pub struct TlsSide<'m, 'c> {
    model: &'m Model<'c>,
    /// Whether a default server is there for any name.
    has_catch_all: bool,
    /// The sockets on which some name is not written out.
    with_patterns: Vec<&'m ListenSocket>,
    /// Whether any socket speaks TLS.
    pub is_there: bool,
}

impl<'m, 'c> TlsSide<'m, 'c> {
    /// Looks through the sockets.
    #[must_use]
    pub fn new(model: &'m Model<'c>) -> TlsSide<'m, 'c> {
        // What comes to stream there may be answered by anybody.
        let has_catch_all = model.has_https_front();
        let mut side = TlsSide { model, has_catch_all, with_patterns: Vec::new(), is_there: false };
        for socket in model.sockets().filter(|socket| socket.is_tls) {
            let default = model.server(socket.default.server);
            side.is_there = true;
            side.has_catch_all |= !default.has_real_name() && !default.rejects_handshake;
            let is_pattern = |name: &ServerName<'_>| !matches!(name.kind, NameKind::Exact(_) | NameKind::Invalid);
            let mut servers = socket.members.iter().map(|member| model.server(member.server));
            if servers.any(|server| server.names.iter().any(is_pattern)) {
                side.with_patterns.push(socket);
            }
        }
        side
    }

    /// Whether some server is there for the host of a URL, or may be.
    #[must_use]
    pub fn serves(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        if self.has_catch_all || self.is_there && host == ANY_HOST {
            return true;
        }
        let is_named = |socket: &&ListenSocket| {
            self.model.select(socket, host).known().is_none_or(|(server, by)| {
                by != SelectedBy::Default || server.names.iter().any(|name| name.is_name_of(host) != Some(false))
            })
        };
        let mut owners = self.model.owners_of(host);
        owners.any(|owner| self.model.tls_sockets_of(owner.id).next().is_some())
            || self.with_patterns.iter().any(is_named)
    }
}
