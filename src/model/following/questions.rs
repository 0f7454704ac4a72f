//! The requests that show what a change of a configuration changes: every host that it names, wherever it listens, with
//! `/` and a path of each location.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::rc::Rc;

use url::Url;

use crate::model::following::starts::{ANY_HOST, NAMES_WITH_ALL_PATHS, hosts_of};
use crate::model::following::witness::Witnesses;
use crate::model::requests::location::matcher;
use crate::model::sockets::listen::Address;
use crate::model::{ListenSocket, Model, Server};

/// Stands for all IPv6 addresses that have no socket of their own; nobody listens on it (RFC 3849).
const ANY_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));

/// Regexes of a server for which a path is asked: each request tries all of them one by one, as in nginx.
const MAX_REGEXES: usize = 256;

/// A request that two configurations are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked for.
    pub url: Url,
    /// The address that the client connects to, where the port has several sockets.
    pub address: Option<IpAddr>,
    /// Whether the host stands for all that nobody names.
    pub is_stand_in: bool,
}

/// A port, on an address if that matters.
type Place = (u16, Option<IpAddr>);

/// Paths, which many hosts have in common.
type Paths = BTreeSet<Rc<str>>;

/// The requests for two configurations, by host, port and path, and how many locations and rewrites they leave out,
/// because their server has too many regexes.
pub(crate) fn questions(old: &Model<'_>, new: &Model<'_>) -> (Vec<Question>, usize) {
    let mut survey = Survey { ipv6_ports: ipv6_ports(old, new), ..Survey::default() };
    let left_out = [survey.add(old), survey.add(new)].into_iter().max().unwrap_or(0);
    let questions = survey.into_questions(|place| {
        let spoken = [schemes_at(old, place), schemes_at(new, place)].concat();
        ["http", "https"].into_iter().filter(|scheme| spoken.contains(scheme)).collect()
    });
    (questions, left_out)
}

/// What a client may speak at a place; `stream` mostly has TLS to hand on.
fn schemes_at(model: &Model<'_>, place: Place) -> Vec<&'static str> {
    match socket_at(model, place) {
        Some(socket) => vec![if socket.is_tls { "https" } else { "http" }],
        None => model.front_at(place.1, place.0).map(|_| "https").into_iter().collect(),
    }
}

fn socket_at<'m>(model: &'m Model<'_>, (port, address): Place) -> Option<&'m ListenSocket> {
    model.socket_at(address, port, false).known().flatten()
}

/// How a port listens on the wildcard addresses of the two families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Families {
    Nothing,
    Ipv4,
    Ipv6,
    /// On both, with the same servers.
    Alike,
    /// On both, with other servers.
    Apart,
}

fn families(model: &Model<'_>, port: u16) -> Families {
    let wildcard = |is_v6: bool| {
        let mut sockets = model.sockets_on_port(port).iter().filter(|socket| !socket.is_quic);
        sockets.find(|socket| match socket.endpoint.address {
            Address::Ip(address) => address.is_unspecified() && address.is_ipv6() == is_v6,
            _ => false,
        })
    };
    let servers = |socket: &ListenSocket| socket.members.iter().map(|member| member.server).collect::<Vec<_>>();
    match (wildcard(false), wildcard(true)) {
        (None, None) => Families::Nothing,
        (Some(_), None) => Families::Ipv4,
        (None, Some(_)) => Families::Ipv6,
        (Some(v4), Some(v6)) => {
            let is_alike = v4.is_tls == v6.is_tls && v4.default.server == v6.default.server;
            if is_alike && servers(v4) == servers(v6) { Families::Alike } else { Families::Apart }
        }
    }
}

/// The ports on which a client of IPv6 may be answered differently from one of IPv4.
fn ipv6_ports(old: &Model<'_>, new: &Model<'_>) -> BTreeSet<u16> {
    let ports = old.sockets().chain(new.sockets()).map(|socket| socket.endpoint.port).collect::<BTreeSet<_>>();
    let differs = |port: &u16| {
        let (old, new) = (families(old, *port), families(new, *port));
        let is_simple = |families| matches!(families, Families::Nothing | Families::Ipv4);
        old == Families::Apart || new == Families::Apart || old != new && !(is_simple(old) && is_simple(new))
    };
    ports.into_iter().filter(differs).collect()
}

/// What the configurations name.
#[derive(Debug, Default)]
struct Survey {
    /// Ports whose IPv6 side is asked for as well.
    ipv6_ports: BTreeSet<u16>,
    /// What is asked for each host.
    hosts: BTreeMap<String, BTreeMap<Place, Paths>>,
    /// What is asked of default servers.
    rest: BTreeMap<Place, Paths>,
    witnesses: Witnesses,
    left_out: usize,
}

impl Survey {
    /// Adds a configuration, and says how many regexes of it are left out.
    fn add(&mut self, model: &Model<'_>) -> usize {
        self.left_out = 0;
        for server in model.servers() {
            self.add_server(model, server);
        }
        self.left_out
    }

    fn add_server(&mut self, model: &Model<'_>, server: &Server<'_>) {
        let paths = self.paths(server);
        let mut places = BTreeSet::new();
        for socket in model.sockets_of(server.id) {
            let Some(place) = self.place(socket) else { continue };
            places.insert(place);
            if socket.default.server == server.id {
                self.rest.entry(place).or_default().extend(paths.iter().cloned());
            }
        }
        // Whoever knows the host tries the usual ports.
        let addresses: BTreeSet<Option<IpAddr>> = places.iter().map(|(_, address)| *address).collect();
        places.extend([80, 443].into_iter().flat_map(|port| addresses.iter().map(move |address| (port, *address))));
        let hosts: BTreeSet<String> = server.names.iter().flat_map(hosts_of).collect();
        let root = Paths::from(["/".into()]);
        for (number, host) in hosts.into_iter().enumerate() {
            let asked = if number < NAMES_WITH_ALL_PATHS { &paths } else { &root };
            let of_host = self.hosts.entry(host).or_default();
            for place in &places {
                of_host.entry(*place).or_default().extend(asked.iter().cloned());
            }
        }
    }

    /// `/`, a path of each location, at all depths, and one that each `rewrite` takes.
    fn paths(&mut self, server: &Server<'_>) -> Paths {
        let mut paths = Paths::from(["/".into()]);
        let mut regexes = 0;
        for directive in server.directive.descendants() {
            let is_location = directive.is_named("location");
            if !is_location && !directive.is_named("rewrite") {
                continue;
            }
            if !is_location || matcher(directive).is_some_and(|(modifier, ..)| modifier.is_regex()) {
                regexes += 1;
                if regexes > MAX_REGEXES {
                    self.left_out += 1;
                    continue;
                }
            }
            let path = match is_location {
                true => self.witnesses.of_location(directive),
                false => self.witnesses.of_rewrite(directive),
            };
            paths.extend(path.map(Rc::from));
        }
        paths
    }

    /// Where a client connects to reach a socket; `None` where that is no address and port.
    fn place(&self, socket: &ListenSocket) -> Option<Place> {
        let port = socket.endpoint.port;
        match socket.endpoint.address {
            Address::Ip(address) if !socket.is_quic => {
                let address = match address {
                    IpAddr::V6(address) if address.is_unspecified() && self.ipv6_ports.contains(&port) => Some(ANY_V6),
                    address if address.is_unspecified() => None,
                    address => Some(address),
                };
                Some((port, address))
            }
            _ => None,
        }
    }

    fn into_questions(self, schemes: impl Fn(Place) -> Vec<&'static str>) -> Vec<Question> {
        let mut known: BTreeMap<Place, Vec<&'static str>> = BTreeMap::new();
        let mut questions = Vec::new();
        let mut ask = |host: &str, place: Place, paths: &Paths, is_stand_in: bool| {
            for scheme in known.entry(place).or_insert_with(|| schemes(place)).iter() {
                let Ok(mut url) = Url::parse(&format!("{scheme}://{host}:{}/", place.0)) else { continue };
                for path in paths {
                    url.set_path(path);
                    questions.push(Question { url: url.clone(), address: place.1, is_stand_in });
                }
            }
        };
        for (host, places) in &self.hosts {
            places.iter().for_each(|(&place, paths)| ask(host, place, paths, false));
        }
        for (&place, paths) in &self.rest {
            ask(ANY_HOST, place, paths, true);
        }
        questions
    }
}
