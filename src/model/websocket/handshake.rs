//! The opening handshake as clients send it, and what a server makes of what arrives.
//!
//! RFC 6455, sections 4.1 and 4.2.1.

use crate::model::requests::request::{OtherHeaders, Request};

/// A request that a location is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    /// The handshake of most clients.
    Handshake,
    /// That of Firefox, which has a longer Connection.
    FirefoxHandshake,
    /// A request of an ordinary page.
    Ordinary,
}

/// An example of the RFC.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

impl Asked {
    /// The request with the headers that make it what it is; any others may be there.
    pub(crate) fn of(self, base: &Request) -> Request {
        let (upgrade, connection) = match self {
            Asked::Handshake => ("websocket", "Upgrade"),
            Asked::FirefoxHandshake => ("websocket", "keep-alive, Upgrade"),
            Asked::Ordinary => ("", "keep-alive"),
        };
        let mut request = Request { method: "GET".to_owned(), other_headers: OtherHeaders::Unknown, ..base.clone() };
        request.set_header("upgrade", upgrade);
        request.set_header("connection", connection);
        if self != Asked::Ordinary {
            request.set_header("sec-websocket-key", KEY);
            request.set_header("sec-websocket-version", "13");
        }
        request
    }
}

/// Whether a value of Upgrade asks for a WebSocket.
pub(crate) fn asks_for_websocket(value: &str) -> bool {
    has_token(value, "websocket")
}

/// Whether a value of Connection says that Upgrade is meant.
pub(crate) fn says_upgrade(value: &str) -> bool {
    has_token(value, "upgrade")
}

fn has_token(value: &str, token: &str) -> bool {
    value.split([',', ' ', '\t']).any(|part| part.eq_ignore_ascii_case(token))
}
