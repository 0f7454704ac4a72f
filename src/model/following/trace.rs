//! The way of a request: its hops, and how it ends.

use url::Url;

use crate::model::requests::choices::Condition;
use crate::model::requests::request::Request;
use crate::model::requests::response::Response;
use crate::model::stream::passage::Passage;
use crate::model::{Coverage, HstsPolicy, ListenSocket, SelectedBy, ServerId};

/// Why there is no answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No listen socket has the port and address.
    NothingListens,
    /// `ssl_reject_handshake`.
    HandshakeRejected,
    /// TLS to a socket that does not speak it.
    TlsToPlainSocket,
}

/// The TLS handshake of a hop.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// The SNI that was sent.
    pub sni: Option<String>,
    /// The server that it selects.
    pub server: ServerId,
    /// Why that one.
    pub selected_by: SelectedBy,
    /// The server whose `ssl_certificate` is presented: that one, or the default server.
    pub presenting: ServerId,
    /// Whether `ssl_reject_handshake` ends it.
    pub is_rejected: bool,
    /// Whether the certificate is good for the host of the URL.
    pub coverage: Coverage,
}

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct Hop<'m, 'c> {
    /// What was asked for.
    pub url: Url,
    /// The request that was sent.
    pub request: Request,
    /// The listen socket of `http` that took it.
    pub socket: Option<&'m ListenSocket>,
    /// The way through `stream`, where the client reached a socket of that.
    pub passage: Option<Passage<'m, 'c>>,
    /// The handshake, where there was one.
    pub tls: Option<Handshake>,
    /// Why there is no response.
    pub refusal: Option<Refusal>,
    /// The answer.
    pub response: Option<Response<'c>>,
    /// The policy of the first Strict-Transport-Security header of the answer.
    pub hsts: Option<HstsPolicy>,
    /// The next URL that the browser asks for.
    pub target: Option<Url>,
    /// The target was `http:` and the browser makes it `https:` because of HSTS.
    pub is_upgraded: bool,
    /// What was assumed on this hop.
    pub conditions: Vec<Condition<'c>>,
}

impl<'m> Hop<'m, '_> {
    /// The listen socket that the client reached, of `http` or of `stream`.
    #[must_use]
    pub fn listen(&self) -> Option<&'m ListenSocket> {
        let first = self.passage.as_ref().and_then(|passage| passage.stops.first());
        first.map(|stop| stop.socket).or(self.socket)
    }
}

/// How a trace ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The last hop is an answer that is no redirect.
    Answered,
    /// The last hop leads back to the one with this number.
    Loop(usize),
    /// The last hop leads to a host that is not of this configuration.
    External,
    /// The last hop gets no answer.
    Refused,
    /// More hops than were allowed.
    Truncated,
    /// It cannot be told.
    Undetermined,
}

/// A way through redirects.
#[derive(Debug, Clone)]
pub struct Trace<'m, 'c> {
    /// The requests in order; at least one.
    pub hops: Vec<Hop<'m, 'c>>,
    /// How it ends.
    pub outcome: Outcome,
}

/// A host that a browser knows by HSTS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KnownHstsHost {
    /// The host, in lower case.
    pub host: String,
    /// Whether hosts below it are bound as well.
    pub include_subdomains: bool,
}

/// What a trace starts with.
#[derive(Debug, Clone)]
pub struct Start<'m> {
    /// The URL.
    pub url: Url,
    /// The first request; later ones are what a browser makes of the redirect.
    pub request: Request,
    /// The socket that takes it, where that is known; else it is looked for.
    pub socket: Option<&'m ListenSocket>,
    /// Hosts that are known by HSTS before.
    pub hsts: Vec<KnownHstsHost>,
    /// Requests that are followed.
    pub max_hops: usize,
}
