//! What an upstream is sent, besides what it is asked for.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header>.

use std::fmt;

use crate::config::Directive;
use crate::model::requests::response::Value;

/// The HTTP version of `proxy_http_version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpstreamVersion {
    /// `1.0`
    Http10,
    /// `1.1`
    Http11,
    /// `2`, from 1.29.4.
    Http2,
}

impl UpstreamVersion {
    /// Reads a value of `proxy_http_version`.
    #[must_use]
    pub fn parse(text: &str) -> Option<UpstreamVersion> {
        match text {
            "1.0" => Some(UpstreamVersion::Http10),
            "1.1" => Some(UpstreamVersion::Http11),
            "2" => Some(UpstreamVersion::Http2),
            _ => None,
        }
    }
}

impl fmt::Display for UpstreamVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UpstreamVersion::Http10 => "HTTP/1.0",
            UpstreamVersion::Http11 => "HTTP/1.1",
            UpstreamVersion::Http2 => "HTTP/2",
        })
    }
}

/// A header that an upstream gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamHeader<'c> {
    /// The name, in lower case.
    pub name: String,
    /// The value; an empty one is not sent.
    pub value: Value,
    /// The `proxy_set_header`; `None` for what the client has sent, and for nginx's own `Connection: close`.
    pub by: Option<Directive<'c>>,
}

/// What a `proxy_pass` sends; Host is told elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamRequest<'c> {
    /// The method.
    pub method: Value,
    /// The version; `None` where the value of `proxy_http_version` is none that nginx knows.
    pub version: Option<UpstreamVersion>,
    /// The headers, those of `proxy_set_header` first.
    pub headers: Vec<UpstreamHeader<'c>>,
    /// The `proxy_cache` that may have an answer to this request without asking the upstream.
    pub cache: Option<Directive<'c>>,
}

impl<'c> UpstreamRequest<'c> {
    /// The headers of a name in lower case, those with an empty value, which are not sent, among them.
    pub fn headers_named<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r UpstreamHeader<'c>> {
        self.headers.iter().filter(move |header| header.name == name)
    }
}
