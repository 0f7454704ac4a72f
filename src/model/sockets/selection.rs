//! Which server of a listen socket answers: first to SNI, then to Host.
//!
//! The two are looked for apart, so that a certificate and the content behind it may come from different servers.

use crate::model::sockets::request_host::{InvalidHost, RequestHost};
use crate::model::{ListenSocket, Model, SelectedBy, Server, Settled};

/// The server that answers on a socket.
#[derive(Debug, Clone, Copy)]
pub struct Selected<'m, 'c> {
    /// The server.
    pub server: &'m Server<'c>,
    /// Why that one.
    pub by: SelectedBy,
    /// With [`SelectedBy::Regex`], which of its names matched, and so has set the captures.
    pub regex: Option<usize>,
}

impl<'c> Model<'c> {
    /// The server that `host` (lower case, no port, no trailing dot) selects on a socket.
    #[must_use]
    pub fn select(&self, socket: &ListenSocket, host: &str) -> Settled<(&Server<'c>, SelectedBy)> {
        match self.selected(socket, host) {
            Settled::Known(selected) => Settled::Known((selected.server, selected.by)),
            Settled::Unknown => Settled::Unknown,
        }
    }

    /// The server that a TLS handshake selects by its SNI, as the client sent it.
    ///
    /// Without one, or with one that is no host, nginx looks for no name at all, not even for the empty one
    /// (`ngx_http_ssl_servername`, src/http/ngx_http_request.c).
    #[must_use]
    pub fn select_by_sni(&self, socket: &ListenSocket, sni: Option<&str>) -> Settled<Selected<'_, 'c>> {
        match sni.map(|sni| RequestHost::parse(sni, self.environment.version)) {
            Some(Ok(host)) => self.selected(socket, &host.name),
            None | Some(Err(InvalidHost)) => Settled::Known(self.default_of(socket)),
        }
    }

    /// The server that a request selects by its Host header, as the client sent it; `None` for a request of HTTP/1.0
    /// without one, which a server named "" answers.
    ///
    /// # Errors
    /// nginx answers 400 to an invalid or empty Host, and it is the server of the connection that does: the one that
    /// SNI selected, or the default server.
    pub fn select_by_host(
        &self,
        socket: &ListenSocket,
        host: Option<&str>,
    ) -> Result<Settled<Selected<'_, 'c>>, InvalidHost> {
        let host = host.map(|host| RequestHost::parse(host, self.environment.version)).transpose()?;
        Ok(self.selected(socket, host.as_ref().map_or("", |host| &host.name)))
    }

    fn default_of(&self, socket: &ListenSocket) -> Selected<'_, 'c> {
        Selected { server: self.server(socket.default.server), by: SelectedBy::Default, regex: None }
    }

    fn selected(&self, socket: &ListenSocket, host: &str) -> Settled<Selected<'_, 'c>> {
        match socket.find(&self.servers, host) {
            Settled::Known(Some((server, by, regex))) => {
                Settled::Known(Selected { server: self.server(server), by, regex })
            }
            Settled::Known(None) => Settled::Known(self.default_of(socket)),
            Settled::Unknown => Settled::Unknown,
        }
    }
}
