//! The values of variables while a request is processed.
//!
//! nginx: <https://nginx.org/en/docs/varindex.html>, src/http/ngx_http_variables.c.

use super::{MAX_VARIABLE_DEPTH, Processing};
use crate::config::Directive;
use crate::model::inherit;
use crate::model::requests::response::Value;
use crate::model::values::map::{Entry, Table, TableKind, key_pattern};
use crate::model::values::uri::escape_args;
use crate::model::values::value::{Piece, pieces};
use crate::nginx::{NginxVersion, parse_time};
use crate::syntax::Word;

/// Tables in tables up to which a text is expanded twice, as nginx does it; each level doubles what it costs.
const MAX_TWICE: u32 = 4;

/// Headers that nginx knows under names of their own, beside `$http_*`.
const HEADER_VARIABLES: &[(&str, &str)] = &[("content_type", "content-type"), ("content_length", "content-length")];

/// Variables of an answer, which are empty before there is one. `$upstream_*` ask the upstream that the request is made
/// for (`ngx_http_upstream_header_variable`).
const OF_THE_ANSWER: &[&str] =
    &["upstream_http_", "upstream_cookie_", "upstream_trailer_", "sent_http_", "sent_trailer_"];

/// Variables that hold a number, whatever the request is.
const NUMBERS: &[&str] = &["connection", "connection_requests", "connections_active", "request_length", "pid"];

/// Headers of which nginx keeps the first (`ngx_http_headers_in`, src/http/ngx_http_request.c).
const SINGLE_HEADERS: &[&str] = &[
    "connection",
    "if-modified-since",
    "if-unmodified-since",
    "if-match",
    "if-none-match",
    "user-agent",
    "referer",
    "content-length",
    "content-range",
    "content-type",
    "range",
    "if-range",
    "transfer-encoding",
    "te",
    "expect",
    "upgrade",
    "accept-encoding",
    "via",
    "authorization",
    "keep-alive",
];

/// "multiple headers of the same name in $http_…": nginx's CHANGES.
const JOINED_SINCE: NginxVersion = NginxVersion::new(1, 23, 0);

impl<'m, 'c> Processing<'m, 'c, '_> {
    /// A parameter with its variables replaced.
    pub(super) fn expand(&mut self, by: Option<Directive<'c>>, text: &str) -> Value {
        self.expand_with(by, text, false)
    }

    /// The same where captures are escaped, if the request was.
    pub(super) fn expand_escaped(&mut self, by: Option<Directive<'c>>, text: &str) -> Value {
        self.expand_with(by, text, self.is_escaped)
    }

    /// What `set` and `if` make of a parameter: captures are escaped, if the request was, as long as no `rewrite` of
    /// the block has matched (`quote` in `ngx_http_rewrite_handler`, src/http/modules/ngx_http_rewrite_module.c).
    pub(super) fn expand_in_script(&mut self, by: Option<Directive<'c>>, text: &str) -> Value {
        self.expand_with(by, text, self.is_escaped && self.script_escapes)
    }

    /// nginx first asks how long the parts are, then for the parts. A table whose regex captures something in
    /// between changes what `$1` before it is; where that does not fit, the request fails, since what nginx did
    /// until 1.30.6 is not defined (`ngx_http_script_check_length`, src/http/ngx_http_script.c).
    fn expand_with(&mut self, by: Option<Directive<'c>>, text: &str, escapes: bool) -> Value {
        if !text.contains('$') {
            return Value::new(text);
        }
        let has_table = |piece| matches!(piece, Piece::Variable(name) if self.model().definitions().table(&name.to_ascii_lowercase()).is_some());
        let asks_twice =
            self.variable_depth < MAX_TWICE && pieces(text).nth(1).is_some() && pieces(text).any(has_table);
        let room = asks_twice.then(|| self.expand_once(by, text, escapes).text.len());
        let value = self.expand_once(by, text, escapes);
        self.is_out_of_room |= value.is_known && room.is_some_and(|room| room < value.text.len());
        value
    }

    fn expand_once(&mut self, by: Option<Directive<'c>>, text: &str, escapes: bool) -> Value {
        let mut value = Value::new("");
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => value.text.push_str(text),
                Piece::Capture(number) => match &self.captures {
                    Some(groups) => {
                        let group = groups.get(number).and_then(Option::as_deref).unwrap_or_default();
                        if escapes {
                            value.text.push_str(&escape_args(group));
                        } else {
                            value.text.push_str(group);
                        }
                    }
                    None => {
                        value.text.push_str(&format!("${number}"));
                        value.is_known = false;
                    }
                },
                Piece::Variable(name) => {
                    let part = self.variable(by, name);
                    value.text.push_str(&part.text);
                    value.is_known &= part.is_known;
                }
            }
        }
        value
    }

    fn variable(&mut self, by: Option<Directive<'c>>, name: &str) -> Value {
        let name = name.to_ascii_lowercase();
        if let Some(value) = self.variables.get(&name) {
            return value.clone();
        }
        if let Some(table) = self.model().definitions().table(&name) {
            if self.variable_depth >= MAX_VARIABLE_DEPTH {
                return Value::new("");
            }
            self.variable_depth += 1;
            let is_out_of_room = std::mem::take(&mut self.is_out_of_room);
            let value = self.table_value(&name, table);
            self.variable_depth -= 1;
            if std::mem::replace(&mut self.is_out_of_room, is_out_of_room) {
                return Value::new("");
            }
            if !table.is_volatile {
                self.variables.insert(name, value.clone());
            }
            return value;
        }
        if let Some(value) = self.built_in(by, &name) {
            return value;
        }
        if self.model().definitions().declares(&name) {
            return Value::new("");
        }
        Value::unknown(format!("${name}"))
    }

    /// What a table gives for the request.
    fn table_value(&mut self, name: &str, table: &'m Table<'c>) -> Value {
        let block = Some(table.block);
        if table.kind == TableKind::Map {
            let source = table.source.map(|word| self.expand(block, &word.text())).unwrap_or_default();
            match source.known().and_then(|source| table.look_up(source)) {
                Some(Entry::Value(value)) => return self.table_word(block, value),
                Some(Entry::Regexes(regexes, default)) => {
                    for &(key, value) in regexes {
                        let pattern = self.model().pattern(key, || key_pattern(key));
                        if self.matches_keeping_captures(block, pattern, &source, "the map's regex") {
                            return self.table_word(block, Some(value));
                        }
                    }
                    return self.table_word(block, default);
                }
                None => {}
            }
        }
        if table.kind == TableKind::Geo
            && table.source.is_none()
            && let Some(value) = self.arrival.request.client.and_then(|client| table.locate(client))
        {
            return self.table_word(block, value);
        }
        let Some(values) = table.possible_values() else { return Value::unknown(format!("${name}")) };
        let clause = |value: &Option<Word<'_>>| match value.map(|word| word.text()) {
            Some(text) if !text.is_empty() => format!("${name} is `{text}`"),
            _ => format!("${name} is empty"),
        };
        if values.len() > 1 && values.iter().flatten().any(|word| word.text().contains('$')) {
            // What a regex of the table captures.
            self.captures = None;
        }
        let taken = match values.len() {
            0 | 1 => 0,
            _ => self.choices.choose(block, format!("${name}"), values, clause),
        };
        self.table_word(block, values.get(taken).copied().flatten())
    }

    fn table_word(&mut self, block: Option<Directive<'c>>, value: Option<Word<'c>>) -> Value {
        match value {
            Some(word) => self.expand(block, &word.text()),
            None => Value::new(""),
        }
    }

    /// The value of a variable of nginx itself; `None` for those that this model does not know to compute.
    fn built_in(&mut self, by: Option<Directive<'c>>, name: &str) -> Option<Value> {
        let request = self.arrival.request;
        if self.is_before_answer
            && let Some(value) = self.before_answer(name)
        {
            return Some(value);
        }
        Some(match name {
            "host" => Value::new(if self.arrival.host.is_empty() {
                self.arrival.server.primary_name()
            } else {
                self.arrival.host.to_owned()
            }),
            "http_host" => Value::new(request.host.as_deref().unwrap_or_default()),
            "scheme" => Value::new(if request.is_tls { "https" } else { "http" }),
            "https" => Value::new(if request.is_tls { "on" } else { "" }),
            "server_port" => Value::new(match request.port {
                0 => String::new(),
                port => port.to_string(),
            }),
            "server_addr" => Value::new(request.address?.to_string()),
            "server_name" => Value::new(self.arrival.server.primary_name()),
            "remote_addr" => Value::new(request.client?.to_string()),
            "request_uri" => Value::new(request.target.as_str()),
            "uri" | "document_uri" => self.uri.clone(),
            "args" | "query_string" => self.args.clone(),
            "is_args" if !self.args.is_known && self.args.text.starts_with('$') => return None,
            "is_args" => Value::new(if self.args.text.is_empty() { "" } else { "?" }),
            "server_protocol" => Value::new(self.arrival.protocol),
            "request" => Value::new(format!("{} {} {}", request.method, request.target, self.arrival.protocol)),
            "ssl_client_verify" if request.is_tls && !self.other_headers_are_unknown() => {
                self.choices.assume(by, "the client has no certificate".to_owned());
                Value::new("NONE")
            }
            "request_method" => Value::new(self.method.as_str()),
            "ssl_server_name" => Value::new(request.sni.as_deref().unwrap_or_default()),
            // Without TLS there is nothing to say of it.
            name if name.starts_with("ssl_") && !request.is_tls => Value::new(""),
            "request_filename" => self.file_path()?,
            "document_root" => self.document_root()?,
            "nginx_version" => Value::new(self.model().environment.version.to_string()),
            "remote_user" => self.header_value(by, "authorization").filter(|value| value.text.is_empty())?,
            name => return self.prefixed(by, name),
        })
    }

    /// What variables hold when a request is made for an upstream that have another value later.
    fn before_answer(&self, name: &str) -> Option<Value> {
        Some(match name {
            // What the client would be told now (`ngx_http_variable_sent_connection`).
            "sent_http_connection" => Value::new(if self.closes_at_once() { "close" } else { "keep-alive" }),
            // These may be left over from what another location has said.
            "sent_http_location" | "sent_http_content_type" | "sent_http_keep_alive" => return None,
            // The first of many.
            name if NUMBERS.contains(&name) => Value::new("1"),
            name if OF_THE_ANSWER.iter().any(|prefix| name.starts_with(prefix)) => Value::new(""),
            _ => return None,
        })
    }

    /// Whether nginx closes connections of clients after each answer.
    fn closes_at_once(&self) -> bool {
        let timeout = inherit::value_in_effect(self.block, "keepalive_timeout").and_then(|timeout| timeout.argument(0));
        timeout.is_some_and(|timeout| parse_time(&timeout.value()) == Ok(0))
    }

    /// `$arg_*`, `$http_*`, `$cookie_*`.
    fn prefixed(&mut self, by: Option<Directive<'c>>, name: &str) -> Option<Value> {
        if let Some(argument) = name.strip_prefix("arg_") {
            if !self.args.is_known {
                return None;
            }
            if argument.is_empty() {
                return Some(Value::new(""));
            }
            let pairs = self.args.text.split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(argument));
            return Some(Value::new(found.map_or("", |(_, value)| value)));
        }
        if let Some(cookie) = name.strip_prefix("cookie_") {
            let header = self.header_value(by, "cookie")?;
            let pairs = header.text.split([';', ',']).filter_map(|pair| pair.trim_start().split_once('='));
            let found = pairs.into_iter().find(|(key, _)| key.trim_end().eq_ignore_ascii_case(cookie));
            return Some(Value::new(found.map_or("", |(_, value)| value.trim_start())));
        }
        if let Some((_, header)) = HEADER_VARIABLES.iter().find(|(variable, _)| *variable == name) {
            return self.header_value(by, header);
        }
        self.header_value(by, &name.strip_prefix("http_")?.replace('_', "-"))
    }

    /// A header of the request; `None` where nothing is known of it.
    pub(super) fn header_value(&mut self, by: Option<Directive<'c>>, header: &str) -> Option<Value> {
        let values: Vec<&str> = self.arrival.request.header_values(header).collect();
        if let Some((first, others)) = values.split_first() {
            let is_joined = match header {
                "cookie" | "x-forwarded-for" => true,
                header if SINGLE_HEADERS.contains(&header) => false,
                _ => self.model().environment.version >= JOINED_SINCE,
            };
            let separator = if header == "cookie" { "; " } else { ", " };
            return Some(Value::new(if is_joined && !others.is_empty() {
                values.join(separator)
            } else {
                (*first).to_owned()
            }));
        }
        if self.other_headers_are_unknown() {
            return None;
        }
        self.choices.assume(by, format!("the request has no {} header", header_name(header)));
        Some(Value::new(""))
    }
}

/// A header's name as people write it: `X-Forwarded-Proto`.
fn header_name(name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let mut chars = part.chars();
        chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
    });
    parts.collect::<Vec<_>>().join("-")
}
