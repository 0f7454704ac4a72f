//! A request as a client sends it.

use std::net::IpAddr;

use url::Url;

/// What is known of the request headers that [`Request::headers`] does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtherHeaders {
    /// The request has no others: what is asked is this one request.
    #[default]
    Absent,
    /// It may have any: what is asked is all requests of this kind.
    Unknown,
}

/// A request that reaches a listen socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The address that the client connected to, where it is known.
    pub address: Option<IpAddr>,
    /// The port that the client connected to; 0 on a Unix-domain socket.
    pub port: u16,
    /// Whether the client speaks TLS.
    pub is_tls: bool,
    /// The SNI, as sent.
    pub sni: Option<String>,
    /// The method, in upper case.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// The Host header, as sent: with a port where the client adds one.
    pub host: Option<String>,
    /// Other headers: name in lower case, and value.
    pub headers: Vec<(String, String)>,
    /// What is known of the headers that are not listed.
    pub other_headers: OtherHeaders,
    /// The address of the client, where it is known.
    pub client: Option<IpAddr>,
}

impl Request {
    /// What a browser sends for `url`; `None` for a URL that is neither http nor https.
    ///
    /// An IP address is sent as Host, but never as SNI (RFC 6066, section 3).
    #[must_use]
    pub fn get(url: &Url) -> Option<Request> {
        let is_tls = match url.scheme() {
            "https" | "wss" => true,
            "http" | "ws" => false,
            _ => return None,
        };
        let name = url.host_str()?;
        let (sni, address) = match url.host()? {
            url::Host::Domain(name) => (Some(name.to_owned()), None),
            url::Host::Ipv4(address) => (None, Some(IpAddr::V4(address))),
            url::Host::Ipv6(address) => (None, Some(IpAddr::V6(address))),
        };
        let host = url.port().map_or(name.to_owned(), |port| format!("{name}:{port}"));
        let target = url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        Some(Request {
            address,
            port: url.port_or_known_default()?,
            is_tls,
            sni: sni.filter(|_| is_tls),
            method: "GET".to_owned(),
            target,
            host: Some(host),
            headers: Vec::new(),
            other_headers: OtherHeaders::Absent,
            client: None,
        })
    }

    /// Gives a header other than Host, by its name in lower case, a value of its own.
    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// The values of a header other than Host, by its name in lower case, in the order in which they are sent.
    pub fn header_values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether all requests for a path are meant, with a query or without: handshakes often have a token there.
    pub(crate) fn may_have_arguments(&self) -> bool {
        self.other_headers == OtherHeaders::Unknown && self.says_of_upgrade() && !self.target.contains('?')
    }

    /// Whether the request has an Upgrade header, or is said to have none: what becomes of it is then worked out.
    pub(crate) fn says_of_upgrade(&self) -> bool {
        self.header("upgrade").is_some()
    }

    /// The first value of a header other than Host, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_values(name).next()
    }
}
