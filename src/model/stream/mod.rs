//! The servers of `stream`: which of them takes a connection, where it hands it on, and who answers a TLS client in the
//! end.
//!
//! Sockets, names, maps and what cannot be known are those of the other rooms of the model; here is what `stream` makes
//! of them: no request, but a connection, of which at most the first bytes are read. The sockets of `mail` and `rtmp` are
//! here, too, as far as connections end there.
//!
//! nginx: <https://nginx.org/en/docs/stream/stream_processing.html>

pub mod circle;
pub mod connection;
pub mod dependencies;
pub mod front;
pub mod names;
pub mod passage;
pub mod proxy_protocol;
pub mod server;
pub mod target;
pub mod unreachable;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::ops::{Range, RangeInclusive};
use std::sync::OnceLock;

use rustc_hash::FxHashSet;

use crate::config::{Config, Directive};
use crate::model::sockets::listen::Endpoint;
use crate::model::sockets::socket::Sockets;
use crate::model::stream::front::LedTo;
use crate::model::values::definitions::Definitions;
use crate::model::{ListenSocket, Model, Server, ServerId, further_ports};
use crate::nginx::Contexts;

/// A part of nginx with servers and listen sockets of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Module {
    /// `http`
    Http,
    /// `stream`
    Stream,
    /// `mail`
    Mail,
    /// `rtmp` of nginx-rtmp-module.
    Rtmp,
}

impl Module {
    /// The name of its block.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Module::Http => "http",
            Module::Stream => "stream",
            Module::Mail => "mail",
            Module::Rtmp => "rtmp",
        }
    }

    /// All of them.
    pub const ALL: [Module; 4] = [Module::Http, Module::Stream, Module::Mail, Module::Rtmp];
}

/// The servers and sockets of one module.
#[derive(Debug, Default)]
struct Part {
    servers: Range<usize>,
    sockets: Vec<ListenSocket>,
    /// For each server the sockets it listens on.
    by_server: Vec<Vec<u32>>,
    further_ports: Vec<RangeInclusive<u16>>,
}

impl Part {
    /// Reads the `server`s of a module; they come behind those that are there.
    fn read<'c>(config: &'c Config<'c>, module: Module, servers: &mut Vec<Server<'c>>) -> Part {
        let first = servers.len();
        let blocks = config.top_level_named(module.name()).flat_map(|block| block.children_named("server"));
        // In a snippet they stand in no block; one whose context is not known for sure is taken for one of `http`.
        let context = Contexts::named(module.name()).unwrap_or_default();
        let alone = config.top_level_named("server").filter(|server| server.context() == context);
        for block in blocks.chain(alone).filter(Directive::is_block) {
            servers.push(Server::new(ServerId(servers.len() as u32), block));
        }
        let own = first..servers.len();
        let sockets = ListenSocket::all(servers, own.clone());
        let mut by_server = vec![Vec::new(); own.len()];
        for (number, socket) in sockets.iter().enumerate() {
            for member in &socket.members {
                by_server[member.server.0 as usize - first].push(number as u32);
            }
        }
        Part { further_ports: further_ports(&servers[own.clone()]), servers: own, sockets, by_server }
    }

    fn sockets(&self) -> Sockets<'_> {
        Sockets { all: &self.sockets, further_ports: &self.further_ports }
    }
}

/// What the configuration has besides `http`.
#[derive(Debug, Default)]
pub(crate) struct StreamSide<'c> {
    stream: Part,
    mail: Part,
    rtmp: Part,
    definitions: OnceLock<Definitions<'c>>,
    /// The addresses that some socket of any module listens on.
    own_addresses: OnceLock<FxHashSet<IpAddr>>,
    /// The sockets of `http` to which servers of `stream` lead that end TLS.
    behind_tls: OnceLock<FxHashSet<Endpoint>>,
    /// What each socket of `stream` leads to.
    led_to: OnceLock<Vec<LedTo>>,
}

impl<'c> StreamSide<'c> {
    pub(crate) fn build(config: &'c Config<'c>, servers: &mut Vec<Server<'c>>) -> StreamSide<'c> {
        StreamSide {
            stream: Part::read(config, Module::Stream, servers),
            mail: Part::read(config, Module::Mail, servers),
            rtmp: Part::read(config, Module::Rtmp, servers),
            definitions: OnceLock::new(),
            own_addresses: OnceLock::new(),
            behind_tls: OnceLock::new(),
            led_to: OnceLock::new(),
        }
    }
}

impl<'c> Model<'c> {
    /// The servers of `stream`, in the order of the configuration.
    pub fn stream_servers(&self) -> impl ExactSizeIterator<Item = &Server<'c>> {
        self.servers.get(self.stream.stream.servers.clone()).unwrap_or_default().iter()
    }

    /// The listen sockets of `stream`, by port and address.
    pub fn stream_sockets(&self) -> impl ExactSizeIterator<Item = &ListenSocket> {
        self.stream.stream.sockets.iter()
    }

    /// The listen sockets of `stream` that a server listens on.
    pub fn stream_sockets_of(&self, server: ServerId) -> impl Iterator<Item = &ListenSocket> {
        let part = &self.stream.stream;
        let number = (server.0 as usize).checked_sub(part.servers.start);
        let own = number.and_then(|number| part.by_server.get(number)).map(Vec::as_slice).unwrap_or_default();
        own.iter().map(|&socket| &part.sockets[socket as usize])
    }

    /// The sockets of a module.
    pub(crate) fn sockets_in(&self, module: Module) -> Sockets<'_> {
        match module {
            Module::Http => self.http_sockets(),
            Module::Stream => self.stream.stream.sockets(),
            Module::Mail => self.stream.mail.sockets(),
            Module::Rtmp => self.stream.rtmp.sockets(),
        }
    }

    /// The variables that `stream` defines.
    pub(crate) fn stream_definitions(&self) -> &Definitions<'c> {
        self.stream.definitions.get_or_init(|| Definitions::read(self.config, Contexts::STREAM))
    }
}
