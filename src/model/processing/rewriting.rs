//! The rewrite phase: `return`, `rewrite`, `set`, `if` and `break`.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_rewrite_module.html>, src/http/ngx_http_script.c.

use std::path::Path;
use std::sync::LazyLock;

use super::{Phase, Processing};
use crate::config::Directive;
use crate::model::requests::choices::asks_for_file_of_request;
use crate::model::requests::document_files::Found;
use crate::model::requests::response::{ResponseKind, Step, StepKind, Value};
use crate::model::values::pattern::Pattern;
use crate::model::values::uri::unescape_redirect;
use crate::nginx::DirectiveName;

/// The rewrite module's directives directly in a block, in reverse order.
fn rewrite_directives(block: Directive<'_>) -> Vec<Directive<'_>> {
    static NAMES: LazyLock<Vec<DirectiveName>> =
        LazyLock::new(|| DirectiveName::find_all(&["return", "rewrite", "set", "if", "break"]));
    let mut found: Vec<_> = block.children_of(&NAMES).collect();
    found.sort_by_key(|directive| std::cmp::Reverse(directive.id()));
    found
}

/// What nginx knows of every connection over TLS, whatever it is.
const SAID_OF_TLS: &[&str] = &["$ssl_protocol", "$ssl_cipher", "$ssl_session_reused", "$ssl_client_verify"];

/// What a directive leads to.
enum Flow<'c> {
    Next,
    /// The directives of an `if` come next.
    Enter(Directive<'c>),
    /// The rest of this phase is passed over.
    Stop,
    End(Phase<'c>),
}

impl<'c> Processing<'_, 'c, '_> {
    /// Runs the directives of a block; `Some` when they end the request.
    pub(super) fn rewrite(&mut self, block: Directive<'c>) -> Option<Phase<'c>> {
        if let Some(reason) = other_language(block, self.location.is_none()) {
            return Some(Phase::Lost(reason));
        }
        let mut pending = rewrite_directives(block);
        self.script_escapes = true;
        while let Some(directive) = pending.pop() {
            let location_header = self.location_header.clone();
            let flow = self.run_rewrite_directive(directive);
            if std::mem::take(&mut self.is_out_of_room) {
                self.location_header = location_header;
                return Some(Phase::Finalize(500, Some(directive)));
            }
            match flow {
                Flow::Next => {}
                Flow::Enter(block) => pending.extend(rewrite_directives(block)),
                Flow::Stop => break,
                Flow::End(phase) => return Some(phase),
            }
        }
        None
    }

    fn run_rewrite_directive(&mut self, directive: Directive<'c>) -> Flow<'c> {
        match &*directive.name_text() {
            "return" => Flow::End(self.run_return(directive)),
            "rewrite" => self.run_rewrite(directive),
            "set" => {
                self.run_set(directive);
                Flow::Next
            }
            "if" if self.condition(directive) => {
                // An `if` of a location is a location of its own, one of a server is not.
                if directive.parent().is_none_or(|parent| !parent.is_named("server")) && self.location.is_some() {
                    self.enter_block(directive);
                }
                Flow::Enter(directive)
            }
            "if" => Flow::Next,
            _ => {
                if self.is_uri_changed {
                    self.is_location_valid = false;
                    self.is_uri_changed = false;
                }
                Flow::Stop
            }
        }
    }

    fn run_set(&mut self, directive: Directive<'c>) {
        let (Some(name), Some(value)) = (directive.argument(0), directive.argument(1)) else { return };
        let value = self.expand_in_script(Some(directive), &value.text());
        match name.text().trim_start_matches('$').to_ascii_lowercase().as_str() {
            "args" => {
                self.args = value;
                // An upstream gets the URI with the new arguments (`ngx_http_variable_set_args`).
                self.is_uri_as_sent = false;
            }
            name => {
                self.variables.insert(name.to_owned(), value);
            }
        }
    }

    fn run_return(&mut self, directive: Directive<'c>) -> Phase<'c> {
        let (Some(first), second) = (directive.argument(0), directive.argument(1)) else {
            return Phase::Lost("nginx refuses a return without parameters".to_owned());
        };
        let first = first.text();
        let (status, text) = match first.parse::<u16>() {
            Ok(status) => (status, second.map(|text| text.text())),
            // `return URL` is a temporary redirect.
            Err(_) => (302, Some(first)),
        };
        if status >= 400 && text.as_ref().is_none_or(|text| text.is_empty()) {
            return Phase::Finalize(status, Some(directive));
        }
        let text = self.expand(Some(directive), &text.unwrap_or_default());
        match status {
            301 | 302 | 303 | 307 | 308 => {
                self.location_header = Some(text);
                Phase::Finalize(status, Some(directive))
            }
            _ => Phase::Send(status, ResponseKind::Return, Some(directive)),
        }
    }

    fn run_rewrite(&mut self, directive: Directive<'c>) -> Flow<'c> {
        let (Some(regex), Some(replacement)) = (directive.argument(0), directive.argument(1)) else {
            return Flow::Next;
        };
        let pattern = self.model().pattern(regex, || Pattern::new(regex.text(), false));
        let uri = self.uri.clone();
        if !self.matches(Some(directive), pattern, &uri, "rewrite") {
            return Flow::Next;
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
        self.is_internal = true;
        self.is_uri_as_sent = false;
        self.script_escapes = false;
        let old_args = Some(self.args.clone()).filter(|args| keeps_args && !args.text.is_empty());
        if is_redirect {
            self.is_uri_changed = true;
            let mut target = self.expand_escaped(Some(directive), text);
            // A variable in the place of what is unknown is not to be decoded.
            if target.is_known {
                target.text = unescape_redirect(&target.text);
            }
            if let Some(args) = old_args {
                target.text.push(if text.contains('?') { '&' } else { '?' });
                target.text.push_str(&args.text);
                target.is_known &= args.is_known;
            }
            self.location_header = Some(target);
            let status = if flag == "permanent" { 301 } else { 302 };
            return Flow::End(Phase::Finalize(status, Some(directive)));
        }
        let (path, args) = match text.split_once('?') {
            Some((path, args)) => (path, Some(args)),
            None => (text, None),
        };
        let path = self.expand(Some(directive), path);
        match args {
            Some(args) => {
                let mut args = self.expand_escaped(Some(directive), args);
                if let Some(old) = old_args {
                    args.text.push('&');
                    args.text.push_str(&old.text);
                    args.is_known &= old.is_known;
                }
                self.args = args;
            }
            None => self.args = old_args.unwrap_or_else(|| Value::new("")),
        }
        if path.text.is_empty() {
            self.uri = path;
            return Flow::End(Phase::Finalize(500, Some(directive)));
        }
        // A location's directives are followed by a new search, unless `break` ends them.
        let kind = if self.location.is_none() || flag == "break" { StepKind::Replace } else { StepKind::Rewrite };
        self.steps.push(Step { by: Some(directive), kind, uri: path.text.clone() });
        self.uri = path;
        match flag.as_str() {
            "break" => {
                self.is_location_valid = false;
                self.is_uri_changed = false;
                Flow::Stop
            }
            "last" => {
                self.is_uri_changed = true;
                Flow::Stop
            }
            _ => {
                self.is_uri_changed = true;
                Flow::Next
            }
        }
    }

    /// Whether an `if` holds.
    ///
    /// nginx: <https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#if>
    fn condition(&mut self, directive: Directive<'c>) -> bool {
        let words = condition_words(directive);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [subject] => {
                let value = self.expand_in_script(Some(directive), subject);
                let known = value.known().map(|text| !text.is_empty() && text != "0");
                let known = known.or(self.is_said_of_tls(subject).then_some(true));
                self.decide(directive, &value.text, known)
            }
            [subject, sign @ ("=" | "!="), value] => {
                let subject = self.expand_in_script(Some(directive), subject);
                let value = self.expand_in_script(Some(directive), value);
                let known = subject.known().zip(value.known()).map(|(subject, value)| subject == value);
                let is_other = value.known() == Some("") && self.is_said_of_tls(&subject.text);
                let known = known.or(is_other.then_some(false));
                let question = format!("{} = {}", subject.text, value.text);
                self.decide(directive, &question, known) == (*sign == "=")
            }
            [subject, sign @ ("~" | "~*" | "!~" | "!~*"), regex] => {
                let subject = self.expand_in_script(Some(directive), subject);
                let pattern = self.model().pattern(directive.name_word(), || Pattern::new(*regex, sign.ends_with('*')));
                self.matches(Some(directive), pattern, &subject, "the regex") != sign.starts_with('!')
            }
            [sign, path] if sign.trim_start_matches('!').starts_with('-') => {
                let path = self.expand_in_script(Some(directive), path);
                self.file_condition(directive, sign.trim_start_matches('!'), &path) != sign.starts_with('!')
            }
            _ => self.decide(directive, &words.join(" "), None),
        }
    }

    /// What a condition is; where it cannot be told, one of both.
    fn decide(&mut self, directive: Directive<'c>, question: &str, known: Option<bool>) -> bool {
        if let Some(holds) = known {
            return holds;
        }
        let words = condition_words(directive);
        let shown: Vec<&str> = words.iter().map(|word| if word.is_empty() { "\"\"" } else { word.as_str() }).collect();
        let shown = shown.join(" ");
        // A question that is the same in other words gets the same answer, but is told as it is written here.
        let negated = words.get(1).is_some_and(|sign| sign == "!=");
        let (no, yes) = if negated { ("holds", "does not hold") } else { ("does not hold", "holds") };
        let clause = |holds: &&str| format!("`if ({shown})` {holds}");
        self.choices.choose(Some(directive), question.to_owned(), &[no, yes], clause) == 1
    }

    /// Whether a text is a variable that is empty on plain connections only.
    fn is_said_of_tls(&self, text: &str) -> bool {
        self.arrival.request.is_tls && SAID_OF_TLS.iter().any(|name| text.eq_ignore_ascii_case(name))
    }

    fn file_condition(&mut self, directive: Directive<'c>, sign: &str, path: &Value) -> bool {
        let found = match path.known() {
            Some(known) if !self.supposes(known) => self.look_for(Path::new(known)),
            _ => None,
        };
        let known = match (found, sign) {
            (Some(Found::Nothing | Found::Forbidden), _) => Some(false),
            (Some(found), "-f") => Some(found == Found::File),
            (Some(found), "-d") => Some(found == Found::Directory),
            (Some(_), "-e") => Some(true),
            // Whether it may be executed is not looked at.
            _ => None,
        };
        let question = format!("{sign} {}", path.text);
        let is_there = match sign {
            "-f" => "is a file",
            "-d" => "is a directory",
            "-x" => "is executable",
            _ => "exists",
        };
        known.unwrap_or_else(|| {
            let clause = |not: &&str| format!("{not}{} {is_there}", path.text);
            let taken = if asks_for_file_of_request(directive) {
                self.choices.choose_file(Some(directive), question, &["not so: ", ""], clause)
            } else {
                self.choices.choose(Some(directive), question, &["not so: ", ""], clause)
            };
            taken == 1
        })
    }
}

/// The words between the parentheses of an `if`.
pub(in crate::model) fn condition_words(directive: Directive<'_>) -> Vec<String> {
    let mut words: Vec<String> = directive.arguments().map(|word| word.text().into_owned()).collect();
    let is_bare = |text: &str, sign: &str| text == sign;
    if let Some(first) = words.first_mut() {
        if is_bare(first, "(") {
            words.remove(0);
        } else if let Some(rest) = first.strip_prefix('(') {
            *first = rest.to_owned();
        }
    }
    if let Some(last) = words.last_mut() {
        if is_bare(last, ")") {
            words.pop();
        } else if last.ends_with(')') {
            last.pop();
        }
    }
    words
}

/// The directives of other modules that take part in the rewrite phase, by which anything can happen.
fn other_language(block: Directive<'_>, is_server: bool) -> Option<String> {
    static OF_SERVERS: LazyLock<Vec<DirectiveName>> =
        LazyLock::new(|| DirectiveName::find_all(&["server_rewrite_by_lua_block", "server_rewrite_by_lua_file"]));
    static OF_LOCATIONS: LazyLock<Vec<DirectiveName>> =
        LazyLock::new(|| DirectiveName::find_all(&["rewrite_by_lua", "rewrite_by_lua_block", "rewrite_by_lua_file"]));
    let names = if is_server { &OF_SERVERS } else { &OF_LOCATIONS };
    block.children_of(names).next().map(|directive| format!("what {} does cannot be told", directive.name_text()))
}
