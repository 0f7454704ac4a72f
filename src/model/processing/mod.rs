//! A request on its way through nginx's phases, to the answer.
//!
//! nginx: <https://nginx.org/en/docs/dev/development_guide.html#http_phases>,
//! src/http/ngx_http_core_module.c and src/http/ngx_http_request.c.

mod access;
mod body;
mod content;
mod entering;
mod error_page;
mod headers;
mod paths;
mod rewriting;
mod upstream;
mod variables;

pub(super) use entering::respond_in;
pub(super) use rewriting::condition_words;

use rustc_hash::FxHashMap;

use super::requests::choices::Choices;
use super::requests::location::{self, Lookup};
use super::requests::request::{OtherHeaders, Request};
use super::requests::response::{Response, ResponseKind, Step, StepKind, Value};
use super::values::pattern::{Groups, Pattern};
use super::values::uri::RequestPath;
use super::{Model, SelectedBy, Server};
use crate::config::Directive;

/// nginx answers 500 after this many changes of the URI (`NGX_HTTP_MAX_URI_CHANGES`).
const MAX_URI_CHANGES: u32 = 10;

/// Variables that ask for variables, as `map`s do; nginx calls a longer chain a cycle (`ngx_http_variable_depth`).
const MAX_VARIABLE_DEPTH: u32 = 100;

/// A request that has reached its server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival<'m, 'c> {
    pub(super) model: &'m Model<'c>,
    pub(super) request: &'m Request,
    /// The server that Host selected, and why.
    pub(super) server: &'m Server<'c>,
    pub(super) selected_by: SelectedBy,
    /// The name that selected it, if it is a regex, with the host that it matched.
    pub(super) regex_name: Option<(&'m Pattern, &'m str)>,
    /// The host without port, in lower case; empty where the request has none.
    pub(super) host: &'m str,
    /// The server whose `merge_slashes` counts: that of SNI, or the default.
    pub(super) first_server: &'m Server<'c>,
    /// As `$server_protocol` has it.
    pub(super) protocol: &'static str,
    /// The status that nginx has for the connection itself: 497 for plain HTTP on a TLS socket, 496 without a client
    /// certificate, 400 for what is no request.
    pub(super) refused_with: Option<u16>,
}

/// Where a request stands.
#[derive(Debug, Clone)]
enum Phase<'c> {
    ServerRewrite,
    FindLocation,
    LocationRewrite,
    Access,
    TryFiles,
    Content,
    /// `ngx_http_finalize_request` with a status: a redirect or an error, which error_page may catch.
    Finalize(u16, Option<Directive<'c>>),
    /// The headers are sent.
    Send(u16, ResponseKind, Option<Directive<'c>>),
    /// An upstream answers.
    Pass(Directive<'c>),
    /// It cannot be told, and why.
    Lost(String),
}

struct Processing<'m, 'c, 'x> {
    arrival: Arrival<'m, 'c>,
    choices: &'x mut Choices<'c>,
    method: String,
    uri: Value,
    args: Value,
    /// The path was sent with `%` or `+`.
    is_escaped: bool,
    /// What `set`, named captures and tables have given, by name in lower case.
    variables: FxHashMap<String, Value>,
    /// `None`: it cannot be told.
    captures: Option<Groups>,
    variable_depth: u32,
    /// `set` and `if` escape captures.
    script_escapes: bool,
    /// A request is made for an upstream, so that nothing is known of an answer.
    is_before_answer: bool,
    /// A text has become longer while it was put together.
    is_out_of_room: bool,
    /// The location that was found, and the block whose directives are in effect.
    location: Option<Directive<'c>>,
    block: Directive<'c>,
    handler: Option<Directive<'c>>,
    is_internal: bool,
    /// It is asked on behalf of another request, by `auth_request`.
    is_subrequest: bool,
    is_uri_changed: bool,
    uri_changes_left: u32,
    /// The URI was changed once too often.
    is_cycle: bool,
    /// The URI is that of the location, so that `alias` and the URI of `proxy_pass` can replace it.
    is_location_valid: bool,
    /// The URI is what the client sent.
    is_uri_as_sent: bool,
    adds_uri_to_alias: bool,
    has_used_error_page: bool,
    /// The status that an error has left, which later answers keep.
    error_status: u16,
    location_header: Option<Value>,
    /// The directory of the file that was found.
    root: Option<Value>,
    steps: Vec<Step<'c>>,
}

/// The answer to a request, on one assignment of the unknowns.
pub(super) fn respond<'c>(arrival: Arrival<'_, 'c>, choices: &mut Choices<'c>) -> Response<'c> {
    let (path, args) = match arrival.request.target.split_once('?') {
        Some((path, args)) => (path, args),
        None => (arrival.request.target.as_str(), ""),
    };
    // A fragment is cut off, wherever it begins.
    let (path, args) = match path.split_once('#') {
        Some((path, _)) => (path, ""),
        None => (path, args.split('#').next().unwrap_or_default()),
    };
    let merges = super::inherit::flag_in_effect(arrival.first_server.directive, "merge_slashes") != Some(false);
    let read = RequestPath::parse(path, merges);
    // The first line is read before all headers: where it is refused, nginx knows nothing else of the request.
    let is_bad = matches!(read, Err(super::values::uri::PathError::Refused));
    let unread = is_bad.then(|| Request {
        target: String::new(),
        host: None,
        headers: Vec::new(),
        other_headers: OtherHeaders::Absent,
        ..arrival.request.clone()
    });
    let arrival = match &unread {
        Some(unread) => Arrival {
            request: unread,
            server: arrival.first_server,
            selected_by: SelectedBy::Default,
            regex_name: None,
            host: "",
            refused_with: Some(400),
            ..arrival
        },
        None => arrival,
    };
    let (path, args) = match &read {
        Ok(read) => (Value::new(read.path.as_str()), args),
        Err(_) if is_bad => (Value::new(""), ""),
        Err(_) => (Value::unknown("$uri"), args),
    };
    let is_escaped = read.is_ok_and(|read| read.needs_escape);
    let mut processing = Processing::new(arrival, choices, path, args, is_escaped);
    if args.is_empty() && arrival.request.may_have_arguments() {
        processing.args = Value::unknown("$args");
    }
    if let Some((pattern, host)) = arrival.regex_name {
        processing.matches(None, pattern, &Value::new(host), "server_name");
    }
    let first = match arrival.refused_with {
        Some(status) => Phase::Finalize(status, None),
        None => Phase::ServerRewrite,
    };
    processing.run(first)
}

impl<'m, 'c, 'x> Processing<'m, 'c, 'x> {
    /// A request before the first phase.
    fn new(
        arrival: Arrival<'m, 'c>,
        choices: &'x mut Choices<'c>,
        uri: Value,
        args: &str,
        is_escaped: bool,
    ) -> Processing<'m, 'c, 'x> {
        Processing {
            arrival,
            choices,
            method: arrival.request.method.clone(),
            uri,
            args: Value::new(args),
            is_escaped,
            variables: FxHashMap::default(),
            captures: Some(Vec::new()),
            variable_depth: 0,
            script_escapes: true,
            is_before_answer: false,
            is_out_of_room: false,
            location: None,
            block: arrival.server.directive,
            handler: None,
            is_internal: false,
            is_subrequest: false,
            is_uri_changed: false,
            uri_changes_left: MAX_URI_CHANGES + 1,
            is_cycle: false,
            is_location_valid: true,
            is_uri_as_sent: true,
            adds_uri_to_alias: false,
            has_used_error_page: false,
            error_status: 0,
            location_header: None,
            root: None,
            steps: Vec::new(),
        }
    }
}

impl<'m, 'c> Processing<'m, 'c, '_> {
    fn run(mut self, first: Phase<'c>) -> Response<'c> {
        let mut phase = first;
        loop {
            phase = match phase {
                Phase::ServerRewrite => self.server_rewrite(),
                Phase::FindLocation => self.find_location(),
                Phase::LocationRewrite => self.location_rewrite(),
                Phase::Access => self.check_access(),
                Phase::TryFiles => self.try_files(),
                Phase::Content => self.content(),
                Phase::Finalize(status, by) => match self.finalize(status, by) {
                    Ok(next) => next,
                    Err(()) => return self.closed(status, by),
                },
                Phase::Send(status, kind, by) => return self.sent(status, kind, by),
                Phase::Pass(pass) => {
                    let target = self.upstream_target(pass);
                    if upstream::is_refused(pass, &target) {
                        Phase::Finalize(500, Some(pass))
                    } else {
                        return self.passed(pass, target);
                    }
                }
                Phase::Lost(reason) => return self.lost(reason),
            };
        }
    }

    fn model(&self) -> &'m Model<'c> {
        self.arrival.model
    }

    fn server(&self) -> Directive<'c> {
        self.arrival.server.directive
    }

    /// Whether the method is among GET, HEAD and POST, which files answer.
    fn reads(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "POST")
    }

    fn server_rewrite(&mut self) -> Phase<'c> {
        self.block = self.server();
        self.location = None;
        match self.rewrite(self.server()) {
            Some(end) => end,
            None => Phase::FindLocation,
        }
    }

    fn find_location(&mut self) -> Phase<'c> {
        self.handler = None;
        self.is_uri_changed = false;
        self.block = self.server();
        if !self.uri.is_known {
            return Phase::Lost(format!("which location answers {} cannot be told", self.uri.text));
        }
        let (model, server) = (self.model(), self.server());
        let subject = self.uri.clone();
        let lookup = location::find(model, server, &subject.text, &mut |location, pattern| {
            self.matches_keeping_captures(Some(location), pattern, &subject, "location")
        });
        let (location, adds_slash) = match lookup {
            Lookup::Location(location) => (location, false),
            Lookup::AddSlash(location) => (Some(location), true),
            Lookup::TooDeep => return Phase::Lost("locations are nested deeper than is followed".to_owned()),
        };
        self.location = location;
        if let Some(location) = location {
            self.block = location;
            if !self.is_internal && super::inherit::has_in_effect(location, "internal") {
                return Phase::Finalize(404, location.children_named("internal").next());
            }
            self.enter_block(location);
        }
        if self.is_body_too_large() {
            return Phase::Finalize(413, super::inherit::value_in_effect(self.block, "client_max_body_size"));
        }
        if adds_slash && let Some((.., text)) = location.and_then(location::matcher) {
            let mut target = super::values::uri::escape_uri(&text);
            if !self.args.text.is_empty() {
                target.push('?');
                target.push_str(&self.args.text);
            }
            self.location_header = Some(Value { text: target, is_known: self.args.is_known });
            return Phase::Finalize(301, location);
        }
        Phase::LocationRewrite
    }

    /// Puts a block's directives into effect, or those of its `limit_except` (`ngx_http_update_location_config`).
    fn enter_block(&mut self, block: Directive<'c>) {
        self.block = block;
        let limits = block.children_named("limit_except").next();
        if let Some(limit) = limits.filter(|limit| !access::allows_method(*limit, &self.method)) {
            self.block = limit;
        }
        let own = self.block.children().filter(|directive| location::is_content_handler(*directive)).last();
        let handler = match own {
            // A limit_except passes on as its location does.
            None if self.block != block => block.children().filter(|directive| location::is_pass(*directive)).last(),
            own => own,
        };
        self.handler = handler.or(self.handler);
    }

    fn location_rewrite(&mut self) -> Phase<'c> {
        // Where no location was found, the server's directives have run already.
        if self.location.is_some()
            && let Some(end) = self.rewrite(self.block)
        {
            return end;
        }
        if !self.is_uri_changed {
            return Phase::Access;
        }
        match self.count_uri_change() {
            true => Phase::FindLocation,
            false => Phase::Finalize(500, self.steps.last().and_then(|step| step.by)),
        }
    }

    /// Counts a change of the URI; `false` when it was one too many.
    fn count_uri_change(&mut self) -> bool {
        self.uri_changes_left = self.uri_changes_left.saturating_sub(1);
        self.is_cycle = self.uri_changes_left == 0;
        !self.is_cycle
    }

    /// `ngx_http_internal_redirect`
    fn redirect_internally(&mut self, by: Option<Directive<'c>>, kind: StepKind, uri: Value, args: Value) -> Phase<'c> {
        self.steps.push(Step { by, kind, uri: uri.text.clone() });
        if !self.count_uri_change() {
            return Phase::Finalize(500, by);
        }
        self.uri = uri;
        self.args = args;
        self.is_internal = true;
        self.is_uri_as_sent = false;
        self.adds_uri_to_alias = false;
        self.is_location_valid = true;
        self.handler = None;
        Phase::ServerRewrite
    }

    /// `ngx_http_named_location`
    fn enter_named(&mut self, by: Option<Directive<'c>>, kind: StepKind, name: &str) -> Phase<'c> {
        self.steps.push(Step { by, kind, uri: name.to_owned() });
        if !self.count_uri_change() {
            return Phase::Finalize(500, by);
        }
        if self.uri.is_known && self.uri.text.is_empty() {
            return Phase::Finalize(500, by);
        }
        let Some(location) = self.model().locations(self.server()).named(name) else {
            return Phase::Finalize(500, by);
        };
        self.is_internal = true;
        self.handler = None;
        self.is_uri_changed = false;
        self.location = Some(location);
        self.enter_block(location);
        Phase::LocationRewrite
    }

    /// Runs a regex on a text: whether it matches, and what it captures.
    fn matches(&mut self, by: Option<Directive<'c>>, pattern: &Pattern, subject: &Value, place: &str) -> bool {
        let matches = self.matches_keeping_captures(by, pattern, subject, place);
        if !matches {
            // A failed `if` or `rewrite` clears them.
            self.captures = Some(Vec::new());
        }
        matches
    }

    /// The same, where a regex that does not match leaves what the last one has captured.
    fn matches_keeping_captures(
        &mut self,
        by: Option<Directive<'c>>,
        pattern: &Pattern,
        subject: &Value,
        place: &str,
    ) -> bool {
        if let Some(found) = subject.known().and_then(|text| pattern.captures(text)) {
            let Some(found) = found else { return false };
            for (number, name) in pattern.capture_names() {
                let value = found.get(number).cloned().flatten().unwrap_or_default();
                self.variables.insert(name.to_ascii_lowercase(), Value::new(value));
            }
            // Without groups nginx keeps nothing, not even the whole match.
            let groups = if pattern.has_groups() { found } else { Vec::new() };
            self.captures = Some(groups);
            return true;
        }
        let question = format!("{} ~ {}", subject.text, pattern.text());
        let matches = self.choices.choose(by, question, &["does not match", "matches"], |matches| {
            format!("{place} `{}` {matches} {}", pattern.text(), subject.text)
        }) == 1;
        if matches {
            self.captures = if pattern.has_groups() { None } else { Some(Vec::new()) };
            for (_, name) in pattern.capture_names() {
                self.variables.insert(name.to_ascii_lowercase(), Value::unknown(format!("${name}")));
            }
        }
        matches
    }

    fn other_headers_are_unknown(&self) -> bool {
        self.arrival.request.other_headers == OtherHeaders::Unknown
    }

    fn response(&mut self, status: Option<u16>, kind: ResponseKind, by: Option<Directive<'c>>) -> Response<'c> {
        let hsts = self.hsts_headers(status, kind);
        Response {
            server: self.arrival.server.id,
            selected_by: self.arrival.selected_by,
            location: self.location,
            block: self.block,
            kind,
            status,
            by,
            location_header: self.location_header.take(),
            target: None,
            upstream_host: None,
            upstream_request: None,
            root: self.root.take(),
            is_cycle: self.is_cycle,
            steps: std::mem::take(&mut self.steps),
            hsts,
            upstream_hsts: (kind != ResponseKind::Proxy).then_some(0),
            unknown: None,
            conditions: self.choices.conditions().to_vec(),
        }
    }

    fn sent(mut self, status: u16, kind: ResponseKind, by: Option<Directive<'c>>) -> Response<'c> {
        let status = if self.error_status == 0 { status } else { self.error_status };
        self.complete_location();
        let has_target = self.location_header.as_ref().is_some_and(|header| !header.text.is_empty());
        let kind = match (kind, status) {
            (_, 301 | 302 | 303 | 307 | 308) if has_target => ResponseKind::Redirect,
            (kind, _) => kind,
        };
        self.response(Some(status), kind, by)
    }

    /// The connection ends without an answer.
    fn closed(mut self, status: u16, by: Option<Directive<'c>>) -> Response<'c> {
        let mut response = self.response(Some(status), ResponseKind::Closed, by);
        response.hsts.clear();
        response
    }

    fn lost(mut self, reason: String) -> Response<'c> {
        let mut response = self.response(None, ResponseKind::Unknown, None);
        response.hsts.clear();
        response.unknown = Some(reason);
        response
    }

    fn passed(mut self, pass: Directive<'c>, target: Value) -> Response<'c> {
        self.is_before_answer = true;
        let host = self.upstream_host(pass, &target);
        let request = self.arrival.request.says_of_upgrade().then(|| Box::new(self.upstream_request()));
        self.is_before_answer = false;
        self.complete_location();
        let status = Some(self.error_status).filter(|status| *status != 0);
        let mut response = self.response(status, ResponseKind::Proxy, Some(pass));
        response.target = Some(target);
        response.upstream_host = host;
        response.upstream_request = request;
        response
    }
}
