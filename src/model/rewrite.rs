//! The rewrite phase: what `return`, `rewrite`, `set`, `if` and `break` make of a request.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_rewrite_module.html>

use rustc_hash::FxHashMap;

use super::inherit::flag_in_effect;
use super::pattern::Pattern;
use super::value::{Piece, pieces};
use super::{Model, Server, Settled, location};
use crate::config::Directive;
use crate::source::Span;

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
    let first = Branch {
        pending: rewrite_directives(server.directive),
        stage: Stage::Server,
        uri: Settled::Known(normalized(server, path)),
        args: Settled::Known(args.to_owned()),
        variables: FxHashMap::default(),
        captures: Settled::Known(Vec::new()),
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
                    let mut other = branch.clone();
                    other.conditions.push(Condition { directive: condition, holds: false });
                    branches.push(other);
                    branch.enter(condition);
                    branch.conditions.push(Condition { directive: condition, holds: true });
                    // Which regex matched is not known either.
                    branch.captures = Settled::Unknown;
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
                    let value = self.expand(branch, &value.text());
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
        let Settled::Known(uri) = &branch.uri else { return Step::Done(Answer::Unknown) };
        match location::find(self.model, self.server.directive, uri) {
            Settled::Known(Some(location)) => {
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
        let Some(captures) = pattern.captures(&uri) else { return Step::Done(Answer::Unknown) };
        let Some(captures) = captures else {
            branch.captures = Settled::Known(Vec::new());
            return Step::Next;
        };
        let groups = captures.iter().map(|group| group.map(|group| group.as_str().to_owned())).collect();
        branch.captures = Settled::Known(groups);
        for (number, name) in pattern.capture_names() {
            let value = captures.get(number).map_or(String::new(), |group| group.as_str().to_owned());
            branch.variables.insert(name.to_owned(), Settled::Known(value));
        }
        let text = replacement.text();
        let flag = directive.argument(2).map(|flag| flag.text().into_owned()).unwrap_or_default();
        // Only what is written counts, not what a variable holds.
        let is_absolute = ["http://", "https://", "$scheme"].iter().any(|prefix| text.starts_with(prefix));
        let (text, keeps_args) = match text.strip_suffix('?') {
            Some(text) => (text, false),
            None => (&*text, true),
        };
        let Settled::Known(mut target) = self.expand(branch, text) else { return Step::Done(Answer::Unknown) };
        let Settled::Known(args) = branch.args.clone() else { return Step::Done(Answer::Unknown) };
        if keeps_args && !args.is_empty() {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(&args);
        }
        if is_absolute || flag == "redirect" || flag == "permanent" {
            let status = if flag == "permanent" { 301 } else { 302 };
            return Step::Done(Answer::Redirect { status, location: target, by: directive });
        }
        let (path, args) = target.split_once('?').unwrap_or((&target, ""));
        branch.uri = Settled::Known(path.to_owned());
        branch.args = Settled::Known(args.to_owned());
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
                let Some(captures) = pattern.captures(&subject) else { return Settled::Unknown };
                let groups = captures.as_ref().map(|captures| {
                    captures.iter().map(|group| group.map(|group| group.as_str().to_owned())).collect()
                });
                branch.captures = Settled::Known(groups.unwrap_or_default());
                if let Some(captures) = &captures {
                    for (number, name) in pattern.capture_names() {
                        let value = captures.get(number).map_or(String::new(), |group| group.as_str().to_owned());
                        branch.variables.insert(name.to_owned(), Settled::Known(value));
                    }
                }
                Settled::Known(captures.is_some() != sign.starts_with('!'))
            }
            _ => Settled::Unknown,
        }
    }

    fn expand(&self, branch: &Branch<'c>, text: &str) -> Settled<String> {
        let mut value = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => value.push_str(text),
                Piece::Capture(number) => match &branch.captures {
                    Settled::Known(groups) => {
                        value.push_str(groups.get(number).and_then(Option::as_deref).unwrap_or_default());
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

/// The path that nginx matches: decoded, and with one slash in the place of several (`merge_slashes`).
fn normalized(server: &Server<'_>, path: &str) -> String {
    let mut path = decoded(path);
    if flag_in_effect(server.directive, "merge_slashes") != Some(false) {
        let mut last = None;
        path.retain(|char| last.replace(char) != Some('/') || char != '/');
    }
    path
}

/// The path, percent-decoded if that gives text.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = |index: usize| tail.get(index).and_then(|&digit| char::from(digit).to_digit(16));
        if byte == b'%'
            && let (Some(high), Some(low)) = (hex(0), hex(1))
        {
            bytes.push((high * 16 + low) as u8);
            rest = &tail[2..];
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

/// The place of an `if`, for messages.
impl Condition<'_> {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.directive.span()
    }
}
