//! Which server answers, which certificate is presented, and which names are ignored.

mod handshakes;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use ngxlint::model::{InvalidHost, ListenSocket, Model, Settled};

pub(crate) use self::handshakes::has_openssl;
use crate::names::{CERTIFICATES, HOSTS, NAMES, pki};
use crate::question::with_model;
use crate::random::{Random, seeds};
use crate::real::{self, Nginx, Running, free_ports};

/// Groups of servers in one configuration, each on ports of its own.
const GROUPS: usize = 24;

/// Asked for as well: hosts that nginx refuses, or takes for another.
const ODD_HOSTS: &[&str] =
    &["[::1]x", ".a.test", "a.*", "x.a.*", "a.test..", "a.test.:8.", "a.test:65536", "x@b.test", "b/.test", "", "."];

pub(crate) fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// What all servers need: files below `directory`, no access log.
fn surrounded(directory: &Path, servers: &str) -> String {
    let path = directory.display();
    format!(
        "worker_processes 1;\nevents {{ worker_connections 512; }}\nhttp {{\n    access_log off;\n    \
         server_names_hash_bucket_size 128;\n    client_body_temp_path {path}/body;\n    proxy_temp_path {path}/proxy;\n    \
         fastcgi_temp_path {path}/fastcgi;\n    uwsgi_temp_path {path}/uwsgi;\n    scgi_temp_path {path}/scgi;\n{servers}}}\n"
    )
}

/// Servers on a few sockets of their own; each answers with its number.
fn group(random: &mut Random, port: u16, is_tls: bool, count: &mut usize, text: &mut String) {
    let mut addresses = vec![format!("{port}"), format!("127.0.0.2:{port}")];
    if has_ipv6() {
        addresses.push(format!("[::1]:{port}"));
    }
    let mut has_default = vec![false; addresses.len()];
    let few = [2, 4, 8, NAMES.len()][random.below(4)];
    let offset = random.below(NAMES.len());
    let tls_addresses: Vec<bool> = addresses.iter().map(|_| is_tls && !random.once_in(6)).collect();
    let servers = 1 + random.below(5);
    for server in 0..servers {
        text.push_str("    server {\n");
        let mut listens = 0;
        for (number, address) in addresses.iter().enumerate() {
            // The first server of a TLS group has a certificate that others can borrow.
            if !(number == 0 && server == 0) && random.once_in(2) && !(number == 2 && listens == 0) {
                continue;
            }
            listens += 1;
            let is_default = !has_default[number] && random.once_in(6);
            has_default[number] |= is_default;
            let default = if is_default { random.pick(&[" default_server", " default"]) } else { "" };
            // `ssl` of one server counts for all of the socket; not all have to say it.
            let ssl = if tls_addresses[number] && !random.once_in(5) { " ssl" } else { "" };
            text.push_str(&format!("        listen {address}{default}{ssl};\n"));
        }
        for _ in 0..random.below(3) {
            let names: Vec<&str> =
                (0..1 + random.below(3)).map(|_| NAMES[(offset + random.below(few)) % NAMES.len()]).collect();
            text.push_str(&format!("        server_name {};\n", names.join(" ")));
        }
        if is_tls {
            if random.once_in(8) {
                text.push_str("        ssl_reject_handshake on;\n");
            }
            let certificate = pki().join(random.pick(CERTIFICATES));
            let certificate = certificate.display();
            text.push_str(&format!(
                "        ssl_certificate {certificate}.pem;\n        ssl_certificate_key {certificate}.key;\n"
            ));
        }
        text.push_str(&format!("        return 200 \"server {count}.\";\n    }}\n"));
        *count += 1;
    }
}

fn start(nginx: &Nginx, root: &Path, text: &str, port: u16) -> Running {
    std::fs::write(root, text).unwrap();
    match nginx.start(root, port) {
        Ok(running) => running,
        Err(log) => panic!("{nginx:?} does not start:\n{log}\n{text}"),
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream
}

fn request(host: Option<&str>) -> String {
    match host {
        Some(host) => format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
        None => "GET / HTTP/1.0\r\n\r\n".to_owned(),
    }
}

/// The number in `server N.`
fn server_number(answer: &str) -> Option<u32> {
    answer.split_once("\r\n\r\nserver ")?.1.split('.').next()?.parse().ok()
}

/// The socket that a connection to `address` reaches.
fn socket_of<'m>(model: &'m Model<'_>, address: SocketAddr) -> Option<&'m ListenSocket> {
    model.socket_at(Some(address.ip()), address.port(), false).known().flatten()
}

fn addresses(port: u16) -> Vec<SocketAddr> {
    let mut ips: Vec<IpAddr> = vec![Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(127, 0, 0, 2).into()];
    if has_ipv6() {
        ips.push(Ipv6Addr::LOCALHOST.into());
    }
    ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()
}

#[derive(Debug, Default)]
struct Tally {
    asked: usize,
    unknown: usize,
    differences: Vec<String>,
}

impl Tally {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, expected: Settled<T>, found: &T, what: &str) {
        self.asked += 1;
        match expected {
            Settled::Unknown => self.unknown += 1,
            Settled::Known(expected) if expected == *found => {}
            Settled::Known(expected) => {
                self.differences.push(format!("{what}: ngxlint {expected:?}, nginx {found:?}"));
            }
        }
    }
}

/// `[name] on [socket]` of each warning, and of each conflict.
fn compare_conflicts(model: &Model<'_>, log: &str, tally: &mut Tally) {
    let mut warned: Vec<String> = log
        .lines()
        .filter_map(|line| line.split_once("conflicting server name \"")?.1.strip_suffix(", ignored"))
        .map(|line| line.replacen("\" on ", " on ", 1))
        .collect();
    let mut expected = Vec::new();
    for socket in model.sockets() {
        for conflict in &socket.names.conflicts {
            if socket.ignores(conflict.ignored.0, conflict.ignored.1) {
                let name = model.name(conflict.ignored);
                let name = name.word.map(|word| word.text().to_ascii_lowercase()).unwrap_or_default();
                expected.push(format!("{name} on {}", socket.endpoint));
            }
        }
    }
    warned.sort();
    expected.sort();
    tally.compare(Settled::Known(expected), &warned, "conflicts");
}

#[test]
fn the_same_server_answers_to_a_host() {
    for nginx in real::all() {
        let mut tally = Tally::default();
        for seed in seeds("hosts") {
            let mut random = Random::new(seed);
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().join("nginx.conf");
            let ports = free_ports(GROUPS);
            let (mut servers, mut count) = (String::new(), 0);
            ports.iter().for_each(|&port| group(&mut random, port, false, &mut count, &mut servers));
            let text = surrounded(directory.path(), &servers);
            let running = start(nginx, &root, &text, ports[0]);
            with_model(&root, nginx.version, |model| {
                compare_conflicts(model, &running.log(), &mut tally);
                for address in ports.iter().flat_map(|&port| addresses(port)) {
                    let Some(socket) = socket_of(model, address) else {
                        assert!(TcpStream::connect(address).is_err(), "{address} should be closed");
                        continue;
                    };
                    let names = socket.members.iter().flat_map(|member| &model.server(member.server).names);
                    let witnesses: Vec<String> =
                        names.flat_map(|name| name.witnesses()).map(|host| host.to_string()).collect();
                    let hosts = HOSTS.iter().chain(ODD_HOSTS).copied().chain(witnesses.iter().map(String::as_str));
                    for host in hosts.map(Some).chain([None]) {
                        let sent = host.map(|host| match random.below(3) {
                            0 => format!("{host}:{}", address.port()),
                            _ => host.to_owned(),
                        });
                        let mut answer = String::new();
                        let mut stream = connect(address);
                        stream.write_all(request(sent.as_deref()).as_bytes()).unwrap();
                        stream.read_to_string(&mut answer).unwrap();
                        let expected = match model.select_by_host(socket, sent.as_deref()) {
                            Ok(Settled::Known(selected)) => Settled::Known(Some(selected.server.id.0)),
                            Ok(Settled::Unknown) => Settled::Unknown,
                            Err(InvalidHost) => Settled::Known(None),
                        };
                        let what = format!("seed {seed}, {address}, Host {sent:?}");
                        tally.compare(expected, &server_number(&answer), &what);
                    }
                }
            });
            if !tally.differences.is_empty() {
                tally.differences.push(text);
                break;
            }
        }
        println!("{nginx:?}: {} asked, {} unknown", tally.asked, tally.unknown);
        assert!(tally.differences.is_empty(), "{nginx:?}\n{}", tally.differences.join("\n"));
    }
}

/// The `listen`s of the first server and of the second; `P` stands for a port.
const LISTENS: &[(&[&str], &[&str])] = &[
    (&["P"], &[]),
    (&["*:P"], &["127.0.0.2:P"]),
    (&["localhost:P"], &["127.0.0.1:P default_server"]),
    (&["127.0.0.01:P"], &[]),
    (&["P-P"], &["P default"]),
    (&["[::]:P"], &[]),
    (&["[::]:P", "P"], &["[::1]:P", "127.0.0.2:P"]),
    (&["[::]:P ipv6only=off"], &[]),
    (&["[::]:P"], &["[::]:P ipv6only=off default_server"]),
    (&["[::]:P ipv6only=on"], &["[::]:P"]),
    (&["[::]:P ipv6only=off", "[::1]:P"], &["[::]:P default_server"]),
    (&["127.0.0.1:P reuseport", "127.0.0.2:P backlog=8"], &["127.0.0.2:P default_server"]),
    (&["P bind"], &["127.0.0.1:P", "[::1]:P deferred"]),
];

#[test]
fn the_same_socket_takes_a_connection() {
    for nginx in real::all() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("nginx.conf");
        let ports = free_ports(LISTENS.len() + 1);
        let mut servers = format!("    server {{ listen {}; }}\n", ports[LISTENS.len()]);
        for (number, ((first, second), port)) in LISTENS.iter().zip(&ports).enumerate() {
            for (listens, server) in [(first, 2 * number + 1), (second, 2 * number + 2)] {
                let listens: String = listens
                    .iter()
                    .map(|listen| format!("listen {}; ", listen.replace('P', &port.to_string())))
                    .collect();
                // A server without any would listen on port 80.
                if !listens.is_empty() && (has_ipv6() || !listens.contains("[::")) {
                    servers.push_str(&format!("    server {{ {listens}return 200 \"server {server}.\"; }}\n"));
                }
            }
        }
        let text = surrounded(directory.path(), &servers);
        let _running = start(nginx, &root, &text, ports[LISTENS.len()]);
        let mut tally = Tally::default();
        with_model(&root, nginx.version, |model| {
            for address in ports[..LISTENS.len()].iter().flat_map(|&port| addresses(port)) {
                let expected = socket_of(model, address).map(|socket| {
                    let server = model.select_by_host(socket, Some("a.test")).unwrap().known().unwrap().server;
                    let answer = server.directive.children_named("return").next().unwrap().argument(1).unwrap();
                    answer.text().into_owned()
                });
                let found = TcpStream::connect(address).ok().map(|mut stream| {
                    let mut answer = String::new();
                    stream.write_all(request(Some("a.test")).as_bytes()).unwrap();
                    stream.read_to_string(&mut answer).unwrap();
                    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
                });
                tally.compare(Settled::Known(expected), &found, &address.to_string());
            }
        });
        assert!(tally.differences.is_empty(), "{nginx:?}\n{}\n{text}", tally.differences.join("\n"));
    }
}
