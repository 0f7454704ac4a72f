//! Where `proxy_pass` and `pass` of `stream` lead: to an address, a group, or a socket of this same nginx.
//!
//! nginx: <https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html#proxy_pass>,
//! <https://nginx.org/en/docs/stream/ngx_stream_pass_module.html>

use std::net::IpAddr;

use crate::config::Directive;
use crate::model::requests::upstreams::{UpstreamAddress, address, group_addresses};
use crate::model::sockets::listen::Address;
use crate::model::stream::Module;
use crate::model::stream::server::Handling;
use crate::model::values::value::{Piece, has_variables, pieces};
use crate::model::{ListenSocket, Model, Server, Settled};
use crate::syntax::Word;

/// What a text says to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination<'c> {
    /// This address.
    Address(UpstreamAddress),
    /// The addresses of a group, and whether they are all of it.
    Group(Directive<'c>, Vec<UpstreamAddress>, bool),
    /// A name, which nginx asks a resolver for.
    Name,
    /// Nothing that nginx could connect to: an empty text, or an address without a port.
    Nothing,
}

/// A socket of this configuration, and the module that it is of.
#[derive(Debug, Clone, Copy)]
pub struct Taker<'m> {
    /// The module.
    pub module: Module,
    /// The socket.
    pub socket: &'m ListenSocket,
}

/// Whether a socket of this configuration takes a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found<'m> {
    /// This one does.
    Here(Taker<'m>),
    /// None does: the address is another machine's, or another program's.
    Elsewhere,
    /// It cannot be told.
    Unknown,
}

/// A text that a handler may become, and the value of a table that it comes from.
#[derive(Debug, Clone)]
pub struct PossibleTarget<'c> {
    /// What nginx would connect to.
    pub text: String,
    /// The value of a `map` that says so, the last of several; `None` where the handler says it itself.
    pub entry: Option<Word<'c>>,
    /// The key that it belongs to.
    pub key: Option<Word<'c>>,
    /// Whether nothing but that key decides: no other table may keep connections from it.
    pub is_direct: bool,
}

/// Texts that one handler may become; a map of all customers of a hoster has some thousand.
const MAX_TARGETS: usize = 8192;

/// Variables in variables that are replaced.
const MAX_DEPTH: usize = 8;

impl<'c> Model<'c> {
    /// What `proxy_pass` makes of a text (`ngx_stream_proxy_handler`). One with variables is not resolved when nginx
    /// starts, so that even `localhost` is a name.
    pub(crate) fn stream_destination(&self, text: &str, is_written_out: bool) -> Destination<'c> {
        if let Some(group) = self.stream_group(text) {
            let (addresses, is_all) = group_addresses(group, 0);
            return Destination::Group(group, addresses, is_all && !is_balanced_by_code(group));
        }
        let is_name = |text: &str| text.bytes().any(|byte| byte.is_ascii_alphabetic()) && !text.contains("[");
        match address(text, 0) {
            Some(UpstreamAddress::Ip(_, 0)) => Destination::Nothing,
            Some(found) if is_written_out || !is_name(text) || text.starts_with("unix:") => Destination::Address(found),
            // Without a port nginx asks no resolver.
            _ => match text.rsplit_once(':') {
                Some((name, port)) if !name.is_empty() && !is_number_beyond(port) => Destination::Name,
                _ => Destination::Nothing,
            },
        }
    }

    /// The address that `pass` makes of a text: it knows neither groups nor a resolver.
    pub(crate) fn pass_destination(text: &str) -> Destination<'c> {
        match address(text, 0) {
            Some(UpstreamAddress::Ip(_, 0)) | None => Destination::Nothing,
            Some(UpstreamAddress::Ip(..)) if !text.starts_with(|char: char| char.is_ascii_digit() || char == '[') => {
                Destination::Nothing
            }
            Some(found) => Destination::Address(found),
        }
    }

    /// The addresses that `proxy_pass` makes of a text, and whether they are all.
    pub(crate) fn stream_addresses(&self, text: &str, is_written_out: bool) -> (Vec<UpstreamAddress>, bool) {
        match self.stream_destination(text, is_written_out) {
            Destination::Address(address) => (vec![address], true),
            Destination::Group(_, addresses, is_all) => (addresses, is_all),
            Destination::Name | Destination::Nothing => (Vec::new(), false),
        }
    }

    /// The socket of this configuration that takes a connection which `proxy_pass` makes, if one does for sure.
    pub(crate) fn own_taker(&self, address: &UpstreamAddress) -> Option<Taker<'_>> {
        match self.taker_of(address) {
            Found::Here(taker) => Some(taker),
            Found::Elsewhere | Found::Unknown => None,
        }
    }

    /// The socket that takes a connection which `proxy_pass` makes. The address has to be this machine's for sure: a
    /// loopback one, or one that the configuration listens on.
    pub(crate) fn taker_of(&self, address: &UpstreamAddress) -> Found<'_> {
        match address {
            UpstreamAddress::Unix(path) => self.only_taker(|module| {
                let found = self.sockets_in(module).find(&Address::Unix(path.clone()), 0, false);
                Settled::Known(found)
            }),
            UpstreamAddress::Ip(ip, port) if self.is_own_address(*ip) => {
                // Linux takes the unspecified address for the loopback one.
                let ip = match ip {
                    IpAddr::V4(ip) if ip.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
                    IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
                    ip => *ip,
                };
                self.only_taker(|module| self.sockets_in(module).at(Some(ip), *port, false))
            }
            UpstreamAddress::Ip(..) => Found::Elsewhere,
        }
    }

    /// The socket that `pass` hands a connection to: one of exactly this address, or of all addresses of its family,
    /// whatever the machine's own addresses are (`ngx_stream_pass_match`).
    pub(crate) fn passed_to(&self, address: &UpstreamAddress) -> Found<'_> {
        let UpstreamAddress::Ip(ip, port) = address else { return self.taker_of(address) };
        self.only_taker(|module| match self.sockets_in(module).at(Some(*ip), *port, false) {
            // It compares families, so that `ipv6only=off` makes no difference.
            Settled::Known(Some(socket)) if socket.takes_ipv4 && ip.is_ipv4() => Settled::Known(None),
            found => found,
        })
    }

    /// The one socket that is found among all modules; where there are several, nginx does not start.
    fn only_taker<'m>(&'m self, find: impl Fn(Module) -> Settled<Option<&'m ListenSocket>>) -> Found<'m> {
        let mut taker = None;
        for module in Module::ALL {
            match find(module) {
                Settled::Unknown => return Found::Unknown,
                Settled::Known(None) => {}
                Settled::Known(Some(socket)) => match taker {
                    Some(_) => return Found::Unknown,
                    None => taker = Some(Taker { module, socket }),
                },
            }
        }
        match taker {
            Some(taker) => Found::Here(taker),
            None if self.config.is_incomplete() => Found::Unknown,
            None => Found::Elsewhere,
        }
    }

    /// Whether an address is one of this machine: the loopback, or one that some socket listens on.
    fn is_own_address(&self, ip: IpAddr) -> bool {
        let find_all = || {
            let sockets = Module::ALL.into_iter().flat_map(|module| self.sockets_in(module).all);
            sockets.filter_map(|socket| match socket.endpoint.address {
                Address::Ip(ip) => Some(ip),
                Address::Name(_) | Address::Unix(_) => None,
            })
        };
        ip.is_loopback()
            || ip.is_unspecified()
            || self.stream.own_addresses.get_or_init(|| find_all().collect()).contains(&ip)
    }

    /// The texts that the handler of a server may become, as far as tables and `set` say them.
    #[must_use]
    pub fn possible_targets(&self, server: &Server<'c>) -> Vec<PossibleTarget<'c>> {
        let Some(text) = Handling::of(server).target_text() else { return Vec::new() };
        let mut found = Vec::new();
        let mut open = vec![(PossibleTarget { text, entry: None, key: None, is_direct: true }, 0)];
        while let Some((target, depth)) = open.pop() {
            let Some(name) = first_variable(&target.text) else {
                found.push(target);
                continue;
            };
            if depth >= MAX_DEPTH || found.len() + open.len() >= MAX_TARGETS {
                continue;
            }
            let replaced = |value: &str| with_first_variable(&target.text, value);
            if let Some(table) = self.stream_definitions().table(&name) {
                let is_direct = target.entry.is_none() && variables(&target.text) == 1;
                let entries = table.block.children().filter(|entry| is_entry(*entry));
                let targets = entries.filter_map(|entry| {
                    let value = entry.argument(0)?;
                    let (text, key) = (replaced(&value.text()), Some(entry.name_word()));
                    Some(PossibleTarget { text, entry: Some(value), key, is_direct })
                });
                open.extend(targets.map(|target| (target, depth + 1)));
            } else {
                let mut sets = server.directive.children_named("set");
                let set = sets.find(|set| {
                    set.argument(0).is_some_and(|word| word.text().trim_start_matches('$').eq_ignore_ascii_case(&name))
                });
                let value = set.and_then(|set| set.argument(1)).map(|value| replaced(&value.text()));
                open.extend(value.map(|text| (PossibleTarget { text, ..target }, depth + 1)));
            }
        }
        found.sort_by_key(|target| target.entry.map(|entry| entry.span()));
        found
    }

    /// The sockets of this configuration to which a handler may lead, each with the texts that lead there.
    #[must_use]
    pub fn possible_takers(&self, server: &Server<'c>) -> Vec<(PossibleTarget<'c>, Taker<'_>)> {
        let handling = Handling::of(server);
        if !handling.proxies() && !handling.passes() {
            return Vec::new();
        }
        let is_written_out = handling.target_text().is_some_and(|text| !has_variables(&text));
        let mut found = Vec::new();
        for target in self.possible_targets(server) {
            let destination = match handling.passes() {
                true => Model::pass_destination(&target.text),
                false => self.stream_destination(&target.text, is_written_out),
            };
            let addresses = match destination {
                Destination::Address(address) => vec![address],
                Destination::Group(_, addresses, _) => addresses,
                Destination::Name | Destination::Nothing => Vec::new(),
            };
            for address in addresses {
                let taker = if handling.passes() { self.passed_to(&address) } else { self.taker_of(&address) };
                if let Found::Here(taker) = taker {
                    found.push((target.clone(), taker));
                }
            }
        }
        found
    }
}

fn is_balanced_by_code(group: Directive<'_>) -> bool {
    group.children().any(|child| child.name_text().starts_with("balancer_by_lua"))
}

/// Whether a port is a number that no port has.
fn is_number_beyond(port: &str) -> bool {
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    is_number && !port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether a line of a `map` is one that gives a value.
fn is_entry(entry: Directive<'_>) -> bool {
    !entry.name_word().is("include")
}

fn variables(text: &str) -> usize {
    pieces(text).filter(|piece| !matches!(piece, Piece::Text(_))).count()
}

fn first_variable(text: &str) -> Option<String> {
    pieces(text).find_map(|piece| match piece {
        Piece::Variable(name) => Some(name.to_ascii_lowercase()),
        Piece::Capture(number) => Some(number.to_string()),
        Piece::Text(_) => None,
    })
}

fn with_first_variable(text: &str, value: &str) -> String {
    let mut is_replaced = false;
    let written = pieces(text).map(|piece| match piece {
        Piece::Text(text) => text.to_owned(),
        _ if !std::mem::replace(&mut is_replaced, true) => value.to_owned(),
        Piece::Variable(name) => format!("${{{name}}}"),
        Piece::Capture(number) => format!("${number}"),
    });
    written.collect()
}
