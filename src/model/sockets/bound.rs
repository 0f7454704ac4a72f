//! Which sockets nginx calls `bind` for, and which of them Linux refuses because others have the address.
//!
//! Within a module, a socket of all addresses of a port takes the connections of single addresses too, so that nginx
//! binds those only where a parameter asks for it (`ngx_http_init_listening`, src/http/ngx_http.c, and its like in stream
//! and mail). Modules know nothing of each other. `nginx -t` calls `bind`, too, but says nothing where the address is in
//! use (`ngx_open_listening_sockets`, src/core/ngx_connection.c).

use std::net::IpAddr;

use crate::model::sockets::listen::Address;
use crate::model::sockets::socket::{ANY_V4, ANY_V6};
use crate::model::stream::Module;
use crate::model::{ListenSocket, Member, Model};
use crate::nginx::NginxVersion;

/// A socket, and the module that it is of.
#[derive(Debug, Clone, Copy)]
pub struct BoundSocket<'m> {
    /// The module.
    pub module: Module,
    /// The socket.
    pub socket: &'m ListenSocket,
}

/// What becomes of two sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConflictKind {
    /// The second `bind` fails, and nginx does not start.
    Refused,
    /// Both say `reuseport`, and the kernel gives each connection to one of them.
    Dealt,
    /// Both take datagrams: nginx sets `SO_REUSEADDR`, with which Linux lets both of them bind, and gives all datagrams
    /// to one (`ngx_open_listening_sockets`, src/core/ngx_connection.c; socket(7)).
    Deaf,
    /// Two servers on one socket, which this module does not know, so that even `nginx -t` refuses it.
    Duplicate,
}

/// Two `listen`s that cannot be there together.
#[derive(Debug, Clone, Copy)]
pub struct ListenConflict<'m> {
    /// What becomes of them.
    pub kind: ConflictKind,
    /// The one that stays.
    pub first: BoundSocket<'m>,
    /// The `listen` that says so.
    pub first_member: Member,
    /// The other one.
    pub second: BoundSocket<'m>,
    /// The `listen` that says so.
    pub second_member: Member,
}

/// Conflicts that are told of one configuration.
const MAX_CONFLICTS: usize = 256;

impl Model<'_> {
    /// The `listen`s that keep nginx from starting on Linux, or from answering all connections in the same way. Of
    /// addresses that are names nothing is known.
    #[must_use]
    pub fn listen_conflicts(&self) -> Vec<ListenConflict<'_>> {
        let mut bound: Vec<BoundSocket<'_>> = Module::ALL.into_iter().flat_map(|module| self.bound(module)).collect();
        let key = |bound: &BoundSocket<'_>| (bound.socket.endpoint.clone(), bound.socket.is_udp, bound.module);
        bound.sort_by_cached_key(key);
        let mut found: Vec<ListenConflict<'_>> = Vec::new();
        for on_port in bound.chunk_by(|a, b| a.socket.endpoint.port == b.socket.endpoint.port) {
            let is_same = |a: &BoundSocket<'_>, b: &BoundSocket<'_>| {
                a.socket.endpoint == b.socket.endpoint && a.socket.is_udp == b.socket.is_udp
            };
            for same in on_port.chunk_by(is_same) {
                let Some((first, others)) = same.split_first() else { continue };
                found.extend(others.iter().filter_map(|second| self.conflict(*first, *second)));
            }
            // Of datagrams, the socket of the address itself gets those that are sent to it.
            let on_port = || on_port.iter().filter(|bound| !bound.socket.is_udp);
            let is_any = |bound: &&BoundSocket<'_>| bound.socket.endpoint.address.is_wildcard();
            for any in on_port().filter(is_any) {
                let others = on_port().filter(|other| is_within(any.socket, other.socket));
                found.extend(others.filter_map(|other| self.conflict(*any, *other)));
            }
            if found.len() > MAX_CONFLICTS {
                break;
            }
        }
        found.extend(self.duplicates());
        found
    }

    /// The sockets that nginx calls `bind` for in a module.
    fn bound(&self, module: Module) -> impl Iterator<Item = BoundSocket<'_>> {
        let sockets = self.sockets_in(module);
        let has_any = move |socket: &ListenSocket, any: IpAddr| {
            sockets.find(&Address::Ip(any), socket.endpoint.port, socket.is_udp).is_some()
        };
        let is_bound = move |socket: &&ListenSocket| {
            let is_taken_along = match &socket.endpoint.address {
                Address::Ip(ip) => has_any(socket, if ip.is_ipv4() { ANY_V4 } else { ANY_V6 }),
                Address::Name(_) => has_any(socket, ANY_V4) || has_any(socket, ANY_V6),
                Address::Unix(_) => false,
            };
            socket.has_own_bind || socket.endpoint.address.is_wildcard() || !is_taken_along
        };
        sockets.all.iter().filter(is_bound).map(move |socket| BoundSocket { module, socket })
    }

    /// The conflict of two sockets of which one's address is the other's or among the other's.
    fn conflict<'m>(&'m self, one: BoundSocket<'m>, other: BoundSocket<'m>) -> Option<ListenConflict<'m>> {
        let kind = match one.socket.has_reuseport && other.socket.has_reuseport {
            // The kernel prefers the socket of the address itself.
            true if one.socket.endpoint != other.socket.endpoint => return None,
            true => ConflictKind::Dealt,
            false if one.socket.is_udp => ConflictKind::Deaf,
            false => ConflictKind::Refused,
        };
        let mut pair = [(one, self.binding_member(one.socket)), (other, self.binding_member(other.socket))];
        pair.sort_by_key(|(_, member)| self.server(member.server).listen_span(member.listen));
        // In one module it is the parameter of a single address that is too much.
        if one.module == other.module
            && pair[0].0.socket.has_own_bind
            && pair[1].0.socket.endpoint.address.is_wildcard()
        {
            pair.swap(0, 1);
        }
        let [(first, first_member), (second, second_member)] = pair;
        Some(ListenConflict { kind, first, first_member, second, second_member })
    }

    /// The `listen` that makes nginx bind a socket: the one that asks for it, or the first.
    fn binding_member(&self, socket: &ListenSocket) -> Member {
        let asks = |member: &&Member| {
            let listen = self.server(member.server).listens.get(member.listen);
            listen.is_some_and(|listen| listen.has_own_bind)
        };
        socket.members.iter().find(asks).or(socket.members.first()).copied().unwrap_or(socket.default)
    }

    /// Servers of `mail`, and of `stream` before 1.25.5, on one socket.
    fn duplicates(&self) -> impl Iterator<Item = ListenConflict<'_>> {
        const SHARED_SINCE: NginxVersion = NginxVersion::new(1, 25, 5);
        let knows_none = |module: &Module| match module {
            Module::Http | Module::Rtmp => false,
            Module::Stream => self.environment.version < SHARED_SINCE,
            Module::Mail => true,
        };
        let modules = Module::ALL.into_iter().filter(knows_none);
        let sockets = modules.flat_map(|module| self.sockets_in(module).all.iter().map(move |socket| (module, socket)));
        sockets.filter_map(|(module, socket)| {
            let [first_member, second_member, ..] = socket.members[..] else { return None };
            let bound = BoundSocket { module, socket };
            let kind = ConflictKind::Duplicate;
            Some(ListenConflict { kind, first: bound, first_member, second: bound, second_member })
        })
    }
}

/// Whether a socket of all addresses, another one, takes those of a socket, too.
fn is_within(any: &ListenSocket, other: &ListenSocket) -> bool {
    let Address::Ip(ip) = other.endpoint.address else { return false };
    let is_v6 = any.endpoint.address == Address::Ip(ANY_V6);
    any.endpoint != other.endpoint && (is_v6 == ip.is_ipv6() || is_v6 && any.takes_ipv4)
}
