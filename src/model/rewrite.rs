//! The rewrite phase: what `return`, `rewrite`, `set`, `if` and `break` make of a request.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_rewrite_module.html>

use rustc_hash::FxHashMap;

use super::inherit::flag_in_effect;
use super::pattern::Pattern;
use super::uri::{RequestPath, escape_args, unescape_redirect};
use super::value::{Piece, pieces};
use super::{Model, NameKind, Server, Settled, location};
use crate::config::Directive;
use crate::nginx::Contexts;

/// A request as it reaches a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Request {
    /// Whether it came over TLS.
    pub is_tls: bool,
    /// The Host header, in lower case, without a port.
    pub host: String,
    /// The port that nginx listens on.
    pub port: u16,
    /// Path and query as sent.
    pub uri: String,
}

/// What becomes of a request, on one assignment of what is unknown.
#[derive(Debug, Clone)]
pub struct Outcome<'c> {
    /// Conditions on unknown values that were taken for true or false on the way.
    pub conditions: Vec<Condition<'c>>,
    /// The answer.
    pub answer: Answer<'c>,
}

/// A condition that cannot be decided, and what was assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition<'c> {
    /// The `if`.
    pub directive: Directive<'c>,
    /// Whether it was taken for true.
    pub holds: bool,
}

/// An answer to a request.
#[derive(Debug, Clone)]
pub enum Answer<'c> {
    /// A redirect to the value of Location.
    Redirect {
        /// The status.
        status: u16,
        /// The Location header, before a relative one is completed.
        location: String,
        /// The `return` or `rewrite`.
        by: Directive<'c>,
    },
    /// Anything that is no redirect of the rewrite phase.
    Other,
    /// It depends on what cannot be seen.
    Unknown,
}

/// Branches that are followed for one request; each unknown `if` doubles them. Configurations that
/// decide on more than five unknowns in a row are not understood by people either.
const MAX_BRANCHES: usize = 32;

/// nginx answers 500 after this many internal changes of the URI (`NGX_HTTP_MAX_URI_CHANGES`).
const MAX_URI_CHANGES: u32 = 10;

/// The outcomes of `request` on `server`, one for each assignment of the unknown conditions.
#[must_use]
pub fn evaluate<'c>(model: &Model<'c>, server: &Server<'c>, request: &Request) -> Vec<Outcome<'c>> {
    let (path, args) = request.uri.split_once('?').unwrap_or((&request.uri, ""));
    let path = read_path(model, server, request, path);
    // A regex among the names leaves its captures, if it was the name that selected the server.
    let has_regex_name = server.names.iter().any(|name| matches!(name.kind, NameKind::Regex(_)));
    let first = Branch {
        pending: rewrite_directives(server.directive),
        stage: Stage::Server,
        needs_escape: path.as_ref().is_some_and(|path| path.needs_escape),
        uri: path.map_or(Settled::Unknown, |path| Settled::Known(path.path)),
        args: Settled::Known(args.to_owned()),
        variables: FxHashMap::default(),
        captures: if has_regex_name { Settled::Unknown } else { Settled::Known(Vec::new()) },
        is_changed: false,
        changes: 0,
        conditions: Vec::new(),
    };
    let evaluation = Evaluation { model, server, request };
    let mut branches = vec![first];
    let mut outcomes = Vec::new();
    while let Some(mut branch) = branches.pop() {
        let answer = loop {
            match evaluation.step(&mut branch) {
                Step::Next => {}
                Step::Done(answer) => break answer,
                Step::Split(condition) if branches.len() + outcomes.len() >= MAX_BRANCHES => {
                    branch.conditions.push(Condition { directive: condition, holds: true });
                    break Answer::Unknown;
                }
                Step::Split(condition) => {
                    evaluation.forget_captures(&mut branch, condition);
                    let mut other = branch.clone();
                    other.conditions.push(Condition { directive: condition, holds: false });
                    branches.push(other);
                    branch.enter(condition);
                    branch.conditions.push(Condition { directive: condition, holds: true });
                }
            }
        };
        outcomes.push(Outcome { conditions: branch.conditions, answer });
    }
    outcomes
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Server,
    Location,
}

enum Step<'c> {
    Next,
    Done(Answer<'c>),
    /// An `if` that cannot be decided.
    Split(Directive<'c>),
}

#[derive(Debug, Clone)]
struct Branch<'c> {
    /// What is still to be run, the next one last.
    pending: Vec<Directive<'c>>,
    stage: Stage,
    uri: Settled<String>,
    /// Whether the request came with `%` or `+` in its path.
    needs_escape: bool,
    args: Settled<String>,
    variables: FxHashMap<String, Settled<String>>,
    captures: Settled<Vec<Option<String>>>,
    is_changed: bool,
    changes: u32,
    conditions: Vec<Condition<'c>>,
}

impl<'c> Branch<'c> {
    fn enter(&mut self, block: Directive<'c>) {
        self.pending.extend(rewrite_directives(block));
    }

    /// Runs a regex: whether it matches, which sets or clears captures; `None` where that cannot be
    /// told.
    fn apply(&mut self, pattern: &Pattern, text: &str) -> Option<bool> {
        let Some(captures) = pattern.captures(text)? else {
            self.captures = Settled::Known(Vec::new());
            return Some(false);
        };
        let groups = captures.iter().map(|group| group.map(|group| group.as_str().to_owned())).collect();
        self.captures = Settled::Known(groups);
        for (number, name) in pattern.capture_names() {
            let value = captures.get(number).map_or(String::new(), |group| group.as_str().to_owned());
            self.variables.insert(name.to_owned(), Settled::Known(value));
        }
        Some(true)
    }
}

/// The rewrite module's directives directly in a block, in reverse order.
fn rewrite_directives(block: Directive<'_>) -> Vec<Directive<'_>> {
    const NAMES: &[&str] = &["return", "rewrite", "set", "if", "break"];
    let mut found: Vec<_> = NAMES.iter().flat_map(|name| block.children_named(name)).collect();
    found.sort_by_key(|directive| std::cmp::Reverse(directive.id()));
    found
}

struct Evaluation<'m, 'c> {
    model: &'m Model<'c>,
    server: &'m Server<'c>,
    request: &'m Request,
}

impl<'c> Evaluation<'_, 'c> {
    fn step(&self, branch: &mut Branch<'c>) -> Step<'c> {
        let Some(directive) = branch.pending.pop() else { return self.end_of_stage(branch) };
        match &*directive.name_text() {
            "return" => Step::Done(self.run_return(branch, directive)),
            "rewrite" => self.run_rewrite(branch, directive),
            "set" => {
                if let (Some(name), Some(value)) = (directive.argument(0), directive.argument(1)) {
                    let text = value.text();
                    let value = self.expand(branch, &text);
                    if value == Settled::Unknown && self.asks_map(branch, &text) {
                        branch.captures = Settled::Unknown;
                    }
                    match name.text().trim_start_matches('$') {
                        "args" => branch.args = value,
                        name => {
                            branch.variables.insert(name.to_owned(), value);
                        }
                    }
                }
                Step::Next
            }
            "if" => match self.condition(branch, directive) {
                Settled::Known(true) => {
                    branch.enter(directive);
                    Step::Next
                }
                Settled::Known(false) => Step::Next,
                Settled::Unknown => Step::Split(directive),
            },
            // `break` ends this stage's rewriting, and keeps a changed URI in its location.
            _ => {
                branch.pending.clear();
                branch.is_changed = false;
                Step::Next
            }
        }
    }

    /// After the server's directives a location is looked for; after a location's, again if the URI
    /// has changed.
    fn end_of_stage(&self, branch: &mut Branch<'c>) -> Step<'c> {
        if matches!(branch.stage, Stage::Location) {
            if !branch.is_changed {
                return Step::Done(Answer::Other);
            }
            branch.changes += 1;
            if branch.changes > MAX_URI_CHANGES {
                return Step::Done(Answer::Other);
            }
        }
        branch.is_changed = false;
        let Settled::Known(uri) = branch.uri.clone() else { return Step::Done(Answer::Unknown) };
        match location::find(self.model, self.server.directive, &uri) {
            Settled::Known(Some(location)) => {
                // Each regex on the way in leaves what it captured, the innermost last.
                let mut patterns = location::patterns_around(self.model, location);
                patterns.reverse();
                if !patterns.into_iter().all(|pattern| branch.apply(pattern, &uri).is_some()) {
                    return Step::Done(Answer::Unknown);
                }
                branch.stage = Stage::Location;
                branch.pending = rewrite_directives(location);
                Step::Next
            }
            Settled::Known(None) => Step::Done(Answer::Other),
            Settled::Unknown => Step::Done(Answer::Unknown),
        }
    }

    fn run_return(&self, branch: &Branch<'c>, directive: Directive<'c>) -> Answer<'c> {
        let (Some(first), second) = (directive.argument(0), directive.argument(1)) else { return Answer::Other };
        let first = first.text();
        let (status, value) = match (first.parse::<u16>(), second) {
            (Ok(status @ (301 | 302 | 303 | 307 | 308)), Some(value)) => (status, value.text()),
            (Ok(_), _) => return Answer::Other,
            // `return URL` is a temporary redirect.
            (Err(_), _) => (302, first),
        };
        match self.expand(branch, &value) {
            Settled::Known(location) => Answer::Redirect { status, location, by: directive },
            Settled::Unknown => Answer::Unknown,
        }
    }

    fn run_rewrite(&self, branch: &mut Branch<'c>, directive: Directive<'c>) -> Step<'c> {
        let (Some(regex), Some(replacement)) = (directive.argument(0), directive.argument(1)) else {
            return Step::Next;
        };
        let Settled::Known(uri) = branch.uri.clone() else { return Step::Done(Answer::Unknown) };
        let pattern = self.model.pattern(regex, || Pattern::new(regex.text(), false));
        match branch.apply(pattern, &uri) {
            Some(true) => {}
            Some(false) => return Step::Next,
            None => return Step::Done(Answer::Unknown),
        }
        let text = replacement.text();
        let flag = directive.argument(2).map(|flag| flag.text().into_owned()).unwrap_or_default();
        // Only what is written counts, not what a variable holds.
        let is_absolute = ["http://", "https://", "$scheme"].iter().any(|prefix| text.starts_with(prefix));
        let is_redirect = is_absolute || flag == "redirect" || flag == "permanent";
        let (text, keeps_args) = match text.strip_suffix('?') {
            Some(text) => (text, false),
            None => (&*text, true),
        };
        let Settled::Known(old_args) = branch.args.clone() else { return Step::Done(Answer::Unknown) };
        let added_args = Some(old_args).filter(|args| keeps_args && !args.is_empty());
        if is_redirect {
            let Settled::Known(target) = self.expand_escaped(branch, text, true) else {
                return Step::Done(Answer::Unknown);
            };
            let mut location = unescape_redirect(&target);
            if let Some(args) = added_args {
                location.push(if text.contains('?') { '&' } else { '?' });
                location.push_str(&args);
            }
            let status = if flag == "permanent" { 301 } else { 302 };
            return Step::Done(Answer::Redirect { status, location, by: directive });
        }
        let (path, args) = match text.split_once('?') {
            Some((path, args)) => (path, Some(args)),
            None => (text, None),
        };
        let Settled::Known(path) = self.expand(branch, path) else { return Step::Done(Answer::Unknown) };
        // nginx answers 500 to a URI of no length.
        if path.is_empty() {
            return Step::Done(Answer::Other);
        }
        match args.map(|args| self.expand_escaped(branch, args, true)) {
            Some(Settled::Unknown) => return Step::Done(Answer::Unknown),
            Some(Settled::Known(mut args)) => {
                if let Some(old) = added_args {
                    args.push('&');
                    args.push_str(&old);
                }
                branch.args = Settled::Known(args);
            }
            None => branch.args = Settled::Known(added_args.unwrap_or_default()),
        }
        branch.uri = Settled::Known(path);
        branch.is_changed = true;
        match flag.as_str() {
            "last" => branch.pending.clear(),
            "break" => {
                branch.pending.clear();
                branch.is_changed = false;
            }
            _ => {}
        }
        Step::Next
    }

    /// Whether an `if` holds.
    ///
    /// nginx: <https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#if>
    fn condition(&self, branch: &mut Branch<'c>, directive: Directive<'c>) -> Settled<bool> {
        let mut words: Vec<String> = directive.arguments().map(|word| word.text().into_owned()).collect();
        if let Some(first) = words.first_mut().filter(|first| first.starts_with('(')) {
            first.remove(0);
        }
        if let Some(last) = words.last_mut().filter(|last| last.ends_with(')')) {
            last.pop();
        }
        words.retain(|word| !word.is_empty());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (subject, rest) = match words.split_first() {
            Some((subject, rest)) if subject.starts_with('$') => (self.expand(branch, subject), rest),
            // -f, -d, -e, -x and their negations ask the file system.
            _ => return Settled::Unknown,
        };
        let Settled::Known(subject) = subject else { return Settled::Unknown };
        match rest {
            [] => Settled::Known(!subject.is_empty() && subject != "0"),
            ["="] => Settled::Known(subject.is_empty()),
            ["!="] => Settled::Known(!subject.is_empty()),
            [sign @ ("=" | "!="), value] => match self.expand(branch, value) {
                Settled::Known(value) => Settled::Known((subject == value) == (*sign == "=")),
                Settled::Unknown => Settled::Unknown,
            },
            [sign @ ("~" | "~*" | "!~" | "!~*"), regex] => {
                let pattern = self.model.pattern(directive.name_word(), || Pattern::new(*regex, sign.ends_with('*')));
                match branch.apply(pattern, &subject) {
                    Some(matches) => Settled::Known(matches != sign.starts_with('!')),
                    None => Settled::Unknown,
                }
            }
            _ => Settled::Unknown,
        }
    }

    /// What an `if` that cannot be decided may have done to captures.
    fn forget_captures(&self, branch: &mut Branch<'c>, directive: Directive<'c>) {
        let words: Vec<String> = directive.arguments().map(|word| word.text().into_owned()).collect();
        let is_regex = words.get(1).is_some_and(|sign| sign.trim_start_matches('!').starts_with('~'));
        if is_regex || words.iter().any(|word| self.asks_map(branch, word.trim_matches(['(', ')']))) {
            branch.captures = Settled::Unknown;
        }
        if let Some(regex) = words.get(2).filter(|_| is_regex) {
            let regex = if words.len() == 3 { regex.strip_suffix(')').unwrap_or(regex) } else { regex };
            let pattern = self.model.pattern(directive.name_word(), || Pattern::new(regex, words[1].ends_with('*')));
            for (_, name) in pattern.capture_names() {
                branch.variables.insert(name.to_owned(), Settled::Unknown);
            }
        }
    }

    /// Whether a value asks a `map`, whose regexes leave their captures, too.
    fn asks_map(&self, branch: &Branch<'c>, text: &str) -> bool {
        let maps = || self.model.config.directives_named("map", Contexts::HTTP);
        pieces(text).any(|piece| match piece {
            Piece::Variable(name) if !branch.variables.contains_key(name) => {
                maps().filter_map(|map| map.argument(1)).any(|word| word.text().strip_prefix('$') == Some(name))
            }
            _ => false,
        })
    }

    fn expand(&self, branch: &Branch<'c>, text: &str) -> Settled<String> {
        self.expand_escaped(branch, text, false)
    }

    /// `escapes`: captures are escaped, if the request was.
    fn expand_escaped(&self, branch: &Branch<'c>, text: &str, escapes: bool) -> Settled<String> {
        let mut value = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => value.push_str(text),
                Piece::Capture(number) => match &branch.captures {
                    Settled::Known(groups) => {
                        let group = groups.get(number).and_then(Option::as_deref).unwrap_or_default();
                        if escapes && branch.needs_escape {
                            value.push_str(&escape_args(group));
                        } else {
                            value.push_str(group);
                        }
                    }
                    Settled::Unknown => return Settled::Unknown,
                },
                Piece::Variable(name) => match self.variable(branch, name) {
                    Settled::Known(text) => value.push_str(&text),
                    Settled::Unknown => return Settled::Unknown,
                },
            }
        }
        Settled::Known(value)
    }

    /// nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#variables>
    fn variable(&self, branch: &Branch<'c>, name: &str) -> Settled<String> {
        if let Some(value) = branch.variables.get(name) {
            return value.clone();
        }
        let known = |value: &str| Settled::Known(value.to_owned());
        let request = self.request;
        match name {
            "host" => known(&request.host),
            "http_host" => match (request.is_tls, request.port) {
                (true, 443) | (false, 80) => known(&request.host),
                (_, port) => Settled::Known(format!("{}:{port}", request.host)),
            },
            "scheme" => known(if request.is_tls { "https" } else { "http" }),
            "https" => known(if request.is_tls { "on" } else { "" }),
            "server_port" => Settled::Known(request.port.to_string()),
            "request_uri" => known(&request.uri),
            "uri" | "document_uri" => branch.uri.clone(),
            "args" | "query_string" => branch.args.clone(),
            "is_args" => match &branch.args {
                Settled::Known(args) => known(if args.is_empty() { "" } else { "?" }),
                Settled::Unknown => Settled::Unknown,
            },
            "request_method" => known("GET"),
            "ssl_server_name" => known(if request.is_tls { &request.host } else { "" }),
            "server_name" => known(&self.server.primary_name()),
            _ => Settled::Unknown,
        }
    }
}

/// The path that nginx matches. Slashes are merged before the Host header is read: by the word of the
/// server that SNI selected, or of the default server.
fn read_path(model: &Model<'_>, server: &Server<'_>, request: &Request, sent: &str) -> Option<RequestPath> {
    let merges = |server: &Server<'_>| flag_in_effect(server.directive, "merge_slashes") != Some(false);
    let sockets = model.sockets_of(server.id).filter(|socket| socket.endpoint.port == request.port);
    let mut answers: Vec<bool> = if request.is_tls {
        vec![merges(server)]
    } else {
        sockets.map(|socket| merges(model.server(socket.default.server))).collect()
    };
    answers.dedup();
    match answers.as_slice() {
        [] => RequestPath::parse(sent, true),
        [merges] => RequestPath::parse(sent, *merges),
        _ => RequestPath::parse(sent, true).filter(|_| !sent.contains("//")),
    }
}
