//! What nginx answers to a request, and how it came to it.

use crate::config::Directive;
use crate::model::requests::choices::Condition;
use crate::model::requests::upstream_request::UpstreamRequest;
use crate::model::{SelectedBy, ServerId};

/// A text of which parts may depend on what cannot be seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Value {
    /// The text; what is unknown stands in it as the variable that it is: `https://$cookie_host/`.
    pub text: String,
    /// Whether all of it is known.
    pub is_known: bool,
}

impl Value {
    /// A text that is known.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Value {
        Value { text: text.into(), is_known: true }
    }

    /// What a variable holds that nobody knows.
    #[must_use]
    pub fn unknown(text: impl Into<String>) -> Value {
        Value { text: text.into(), is_known: false }
    }

    /// The text, if all of it is known.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        self.is_known.then_some(self.text.as_str())
    }
}

/// What kind of answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseKind {
    /// A status 301, 302, 303, 307 or 308 with a Location.
    Redirect,
    /// What a `return` says.
    Return,
    /// What an upstream says.
    Proxy,
    /// A file, a listing, or what a module of nginx makes by itself (`stub_status`, `empty_gif`).
    Static,
    /// A page of nginx's own for an error.
    Error,
    /// The connection is closed without an answer (`return 444`).
    Closed,
    /// It cannot be told.
    Unknown,
}

/// What happened to the URI on the way to the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<'c> {
    /// The directive that did it; `None` for a default of nginx, such as `index index.html`.
    pub by: Option<Directive<'c>>,
    /// What it did.
    pub kind: StepKind,
    /// The URI after it, or the name of a named location.
    pub uri: String,
}

/// How a URI was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// `rewrite` before a location was looked for, or with `break`: the location stays.
    Replace,
    /// `rewrite` in a location, to a URI whose location is looked for anew.
    Rewrite,
    /// The last parameter of `try_files`.
    TryFiles,
    /// A file of `index`.
    Index,
    /// `error_page` for this status.
    ErrorPage(u16),
}

/// An answer of nginx.
#[derive(Debug, Clone)]
pub struct Response<'c> {
    /// The server that Host selected.
    pub server: ServerId,
    /// Why that one.
    pub selected_by: SelectedBy,
    /// The location that answers, the last after internal redirects; `None` where none is reached.
    pub location: Option<Directive<'c>>,
    /// The block whose directives are in effect: the location, an `if` or `limit_except` in it, or the server.
    pub block: Directive<'c>,
    /// What kind of answer it is.
    pub kind: ResponseKind,
    /// The status; `None` where an upstream decides, or where it cannot be told.
    pub status: Option<u16>,
    /// The directive that made the answer.
    pub by: Option<Directive<'c>>,
    /// The Location header, complete, as it is sent.
    pub location_header: Option<Value>,
    /// The upstream, with the URI that it is asked for.
    pub target: Option<Value>,
    /// How the URI was changed on the way.
    pub steps: Vec<Step<'c>>,
    /// The Host header that the upstream gets, where nginx speaks HTTP to it; `None` where it gets none.
    pub upstream_host: Option<Value>,
    /// What else a `proxy_pass` sends, where the request says something of Upgrade.
    pub upstream_request: Option<Box<UpstreamRequest<'c>>>,
    /// The directory, that of `root` or `alias`, of the file or listing that is the answer.
    pub root: Option<Value>,
    /// Whether nginx gave up because the URI was changed too often: a cycle of internal redirects.
    pub is_cycle: bool,
    /// The values of Strict-Transport-Security, in the order in which they are sent, each with its `add_header`.
    pub hsts: Vec<(Directive<'c>, Value)>,
    /// How many of these, the first, are the upstream's; `None` where there is one and it was not looked at (as by
    /// [`Model::with_upstream_hsts`](crate::model::Model::with_upstream_hsts)) or is not seen.
    pub upstream_hsts: Option<usize>,
    /// Why it cannot be told, where it cannot.
    pub unknown: Option<String>,
    /// What was assumed.
    pub conditions: Vec<Condition<'c>>,
}

impl Response<'_> {
    /// The URIs after each internal redirect: each change for which nginx looks for a location anew.
    pub fn internal_redirects(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter(|step| step.kind != StepKind::Replace).map(|step| step.uri.as_str())
    }
}
