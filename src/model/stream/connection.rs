//! The values of variables while a connection to `stream` is handled.
//!
//! nginx keeps the value of a variable for the connection once it was asked for, even an empty one that would not be
//! empty a phase later: `set` and `limit_conn` come before the handshake and before the client's greeting is read.
//!
//! nginx: <https://nginx.org/en/docs/stream/stream_processing.html>, src/stream/ngx_stream_variables.c.

use rustc_hash::FxHashMap;

use crate::config::Directive;
use crate::model::requests::choices::Choices;
use crate::model::requests::response::Value;
use crate::model::values::map::{Entry, Table, TableKind, key_pattern};
use crate::model::values::pattern::Groups;
use crate::model::values::value::{Piece, pieces};
use crate::model::{ListenSocket, Model, NameKind, Pattern, Server, inherit};
use crate::syntax::Word;

/// Tables in tables that are followed; nginx has no limit, and gives a variable that asks for itself no value.
const MAX_DEPTH: usize = 16;

/// What a client of today says in its greeting: Firefox and Chrome offer HTTP/2 and TLS 1.3.
const ALPN: &str = "h2,http/1.1";
const PROTOCOL: &str = "TLSv1.3";

/// What a client does when it has the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client<'n> {
    /// It speaks TLS, as a browser does, with this SNI.
    Tls(Option<&'n str>),
    /// It speaks something else.
    Plain,
}

/// What is known of the client's greeting by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// Nothing: it was not read.
    Unread,
    /// `ssl_preread` has read it.
    Preread,
    /// nginx has answered it.
    Answered,
}

/// A value of a table that was taken.
#[derive(Debug, Clone, Copy)]
pub struct TakenEntry<'c> {
    /// The `map`, `geo` or `split_clients` block.
    pub block: Directive<'c>,
    /// The value; `None`: there was none, and no default.
    pub value: Option<Word<'c>>,
    /// Whether the name that the client asks for was looked up.
    pub is_by_name: bool,
    /// Whether the version of TLS that the client offers was looked up.
    pub is_by_protocol: bool,
}

impl<'c> TakenEntry<'c> {
    /// The entry of the block, key and value.
    #[must_use]
    pub fn directive(&self) -> Option<Directive<'c>> {
        let value = self.value?.span();
        self.block.children().find(|entry| entry.argument(0).is_some_and(|word| word.span() == value))
    }

    /// Whether it stands for all that has no entry of its own.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.directive().is_none_or(|entry| entry.name_word().is("default"))
    }
}

/// The keys of the zones that `limit_conn` asks for in a server.
pub(crate) fn limit_keys<'c>(server: Directive<'c>) -> impl Iterator<Item = Word<'c>> {
    let limits = inherit::in_effect(server, "limit_conn").directives.into_iter();
    limits.filter_map(move |limit| {
        let name = limit.argument(0)?.text().into_owned();
        let mut zones = server.parent()?.children_named("limit_conn_zone");
        let is_meant = |zone: &Directive<'_>| {
            let text = zone.argument(1).map(|word| word.text().into_owned()).unwrap_or_default();
            text.strip_prefix("zone=").and_then(|zone| zone.split(':').next()) == Some(name.as_str())
        };
        zones.find(is_meant)?.argument(0)
    })
}

/// One connection on one socket.
pub(crate) struct Connection<'m, 'c, 'k> {
    model: &'m Model<'c>,
    socket: &'m ListenSocket,
    client: Client<'k>,
    choices: &'k mut Choices<'c>,
    pub(crate) greeting: Greeting,
    /// The server by now.
    pub(crate) server: &'m Server<'c>,
    variables: FxHashMap<String, Value>,
    /// What the last regex captured; `None` where it is not known.
    captures: Option<Groups>,
    depth: usize,
    /// The values of tables, in the order in which they were taken.
    pub(crate) taken: Vec<TakenEntry<'c>>,
}

impl<'m, 'c, 'k> Connection<'m, 'c, 'k> {
    pub(crate) fn new(
        model: &'m Model<'c>,
        socket: &'m ListenSocket,
        client: Client<'k>,
        choices: &'k mut Choices<'c>,
    ) -> Self {
        Connection {
            model,
            socket,
            client,
            choices,
            greeting: Greeting::Unread,
            server: model.server(socket.default.server),
            variables: FxHashMap::default(),
            captures: Some(Vec::new()),
            depth: 0,
            taken: Vec::new(),
        }
    }

    pub(crate) fn choices(&mut self) -> &mut Choices<'c> {
        self.choices
    }

    /// What the default server does before a greeting is read: its `set`s, and what asks for variables beside them.
    pub(crate) fn prepare(&mut self) {
        let server = self.server.directive;
        for directive in server.children_named("set") {
            let (Some(name), Some(value)) = (directive.argument(0), directive.argument(1)) else { continue };
            let value = self.expand(&value.text());
            self.variables.insert(name.text().trim_start_matches('$').to_ascii_lowercase(), value);
        }
        for key in limit_keys(server) {
            self.expand(&key.text());
        }
    }

    /// Takes the server that a name has selected; a regex sets its captures.
    pub(crate) fn select(&mut self, server: &'m Server<'c>, regex: Option<usize>, name: &str) {
        self.server = server;
        let kind = regex.and_then(|number| server.names.get(number)).map(|name| &name.kind);
        if let Some(NameKind::Regex(pattern)) = kind {
            self.matches(None, pattern, &Value::new(name));
        }
    }

    /// A text with its variables replaced.
    pub(crate) fn expand(&mut self, text: &str) -> Value {
        let mut value = Value::new("");
        for piece in pieces(text) {
            let part = match piece {
                Piece::Text(text) => Value::new(text),
                Piece::Variable(name) => self.variable(&name.to_ascii_lowercase()),
                Piece::Capture(number) => match &self.captures {
                    Some(groups) => Value::new(groups.get(number).and_then(Option::as_deref).unwrap_or_default()),
                    None => Value::unknown(format!("${number}")),
                },
            };
            value.text.push_str(&part.text);
            value.is_known &= part.is_known;
        }
        value
    }

    fn variable(&mut self, name: &str) -> Value {
        if let Some(value) = self.variables.get(name) {
            return value.clone();
        }
        let model = self.model;
        let value = match model.stream_definitions().table(name) {
            Some(_) if self.depth >= MAX_DEPTH => return Value::new(""),
            Some(table) => {
                self.depth += 1;
                let value = self.table_value(name, table);
                self.depth -= 1;
                if table.is_volatile {
                    return value;
                }
                value
            }
            None => match self.built_in(name) {
                Some(value) => value,
                None if model.stream_definitions().declares(name) => Value::new(""),
                None => Value::unknown(format!("${name}")),
            },
        };
        self.variables.insert(name.to_owned(), value.clone());
        value
    }

    fn table_value(&mut self, name: &str, table: &'m Table<'c>) -> Value {
        if table.kind == TableKind::Map {
            let source = table.source.map(|word| self.expand(&word.text())).unwrap_or_default();
            match source.known().and_then(|source| table.look_up(source)) {
                Some(Entry::Value(value)) => return self.entry_value(table, value),
                Some(Entry::Regexes(regexes, default)) => {
                    for &(key, value) in regexes {
                        let pattern = self.model.pattern(key, || key_pattern(key));
                        if self.matches(Some(table.block), pattern, &source) {
                            return self.entry_value(table, Some(value));
                        }
                    }
                    return self.entry_value(table, default);
                }
                None => {}
            }
        }
        let Some(values) = table.possible_values() else { return Value::unknown(format!("${name}")) };
        let said = |value: &Option<Word<'_>>| match value.map(|word| word.text()) {
            Some(text) if !text.is_empty() => format!("${name} is `{text}`"),
            _ => format!("${name} is empty"),
        };
        let possibilities: Vec<String> = values.iter().map(said).collect();
        if possibilities.len() > 1 {
            // What a regex of the table captures.
            self.captures = None;
        }
        let taken = match possibilities.len() {
            0 | 1 => 0,
            _ => self.choices.choose(Some(table.block), format!("${name}"), &possibilities, Clone::clone),
        };
        self.entry_value(table, values.get(taken).copied().flatten())
    }

    fn entry_value(&mut self, table: &Table<'c>, value: Option<Word<'c>>) -> Value {
        let (is_by_name, is_by_protocol) = (table.asks_for_name(), table.asks_for("ssl_preread_protocol"));
        self.taken.push(TakenEntry { block: table.block, value, is_by_name, is_by_protocol });
        value.map_or(Value::new(""), |word| self.expand(&word.text()))
    }

    fn built_in(&self, name: &str) -> Option<Value> {
        let of_greeting = |is_known: bool, text: &str| Value::new(if is_known { text } else { "" });
        let is_preread = self.greeting == Greeting::Preread;
        let sni = match self.client {
            Client::Tls(sni) => sni.unwrap_or_default(),
            Client::Plain => "",
        };
        Some(match name {
            "ssl_preread_server_name" => of_greeting(is_preread, sni),
            "ssl_preread_alpn_protocols" => of_greeting(is_preread, ALPN),
            "ssl_preread_protocol" => of_greeting(is_preread, PROTOCOL),
            "ssl_server_name" => of_greeting(self.greeting == Greeting::Answered, sni),
            "server_name" => Value::new(self.server.primary_name()),
            "server_port" => Value::new(match self.socket.endpoint.port {
                0 => String::new(),
                port => port.to_string(),
            }),
            "protocol" => Value::new(if self.socket.is_udp { "UDP" } else { "TCP" }),
            "nginx_version" => Value::new(self.model.environment.version.to_string()),
            _ => return None,
        })
    }

    /// Whether a regex matches; one that does not leaves what the last one has captured.
    fn matches(&mut self, by: Option<Directive<'c>>, pattern: &Pattern, subject: &Value) -> bool {
        if let Some(found) = subject.known().and_then(|text| pattern.captures(text)) {
            let Some(found) = found else { return false };
            for (number, name) in pattern.capture_names() {
                let value = found.get(number).cloned().flatten().unwrap_or_default();
                self.variables.insert(name.to_ascii_lowercase(), Value::new(value));
            }
            self.captures = Some(if pattern.has_groups() { found } else { Vec::new() });
            return true;
        }
        let question = format!("{} ~ {}", subject.text, pattern.text());
        let possibilities = [
            format!("`{}` does not match {}", pattern.text(), subject.text),
            format!("`{}` matches {}", pattern.text(), subject.text),
        ];
        let matches = self.choices.choose(by, question, &possibilities, Clone::clone) == 1;
        if matches {
            self.captures = None;
            for (_, name) in pattern.capture_names() {
                self.variables.insert(name.to_ascii_lowercase(), Value::unknown(format!("${name}")));
            }
        }
        matches
    }
}
