//! Which sockets nginx can bind beside each other: what listen-conflict says, and whether nginx starts.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use ngxlint::model::sockets::bound::ConflictKind;

use crate::names::pki;
use crate::question::with_model;
use crate::random::{Random, seeds};
use crate::real::{self, Nginx, free_ports};
use crate::selection::has_ipv6;

/// Generated cases beside the written ones.
const GENERATED: usize = 60;

/// Cases that are asked at once; a nginx that cannot bind tries again for two seconds.
const AT_ONCE: usize = 8;

/// The `listen`s of servers of their own, `module address`; `P` stands for a port, `DIR` for a directory.
const CASES: &[&[&str]] = &[
    // Modules know nothing of each other.
    &["http P", "stream P"],
    &["stream P", "http P"],
    &["http P", "stream 127.0.0.1:P"],
    &["http 127.0.0.1:P", "stream P"],
    &["http 127.0.0.1:P", "stream 127.0.0.1:P"],
    &["http 127.0.0.1:P", "stream 127.0.0.2:P"],
    &["http localhost:P", "stream 127.0.0.1:P"],
    &["http P", "stream P udp"],
    &["http 0.0.0.0:P", "stream *:P"],
    &["http unix:DIR/s", "stream unix:DIR/s"],
    &["http P", "mail P"],
    &["stream P", "mail 127.0.0.1:P"],
    // Families.
    &["http P", "stream [::]:P"],
    &["http P", "stream [::]:P ipv6only=off"],
    &["http 127.0.0.1:P", "stream [::]:P ipv6only=off"],
    &["http [::]:P", "stream [::1]:P"],
    &["http P", "http [::]:P ipv6only=off"],
    &["http 127.0.0.1:P", "http [::]:P ipv6only=off"],
    &["http [::1]:P", "http [::]:P ipv6only=off"],
    &["http [::1]:P bind", "http [::]:P"],
    // reuseport
    &["http P reuseport", "stream P reuseport"],
    &["http P reuseport", "stream P"],
    &["http P reuseport", "stream 127.0.0.1:P reuseport"],
    &["http P reuseport", "http 127.0.0.1:P reuseport"],
    &["http P reuseport", "http 127.0.0.1:P bind"],
    // In one module a parameter asks for a bind of its own.
    &["http P", "http 127.0.0.1:P"],
    &["http P", "http 127.0.0.1:P bind"],
    &["http 127.0.0.1:P backlog=8", "http P"],
    &["http P", "http 127.0.0.1:P so_keepalive=on"],
    &["http P", "http 127.0.0.1:P deferred"],
    &["http P", "http 127.0.0.1:P fastopen=3"],
    &["http P", "http 127.0.0.1:P rcvbuf=8k"],
    &["http P bind", "http 127.0.0.1:P"],
    &["http 127.0.0.1:P bind", "http 127.0.0.2:P"],
    &["http P", "http 127.0.0.1:P ssl"],
    &["stream P", "stream 127.0.0.1:P"],
    &["stream P", "stream 127.0.0.1:P bind"],
    &["stream P udp", "stream 127.0.0.1:P udp bind"],
    &["mail P", "mail 127.0.0.1:P bind"],
    // Sockets that are shared.
    &["http P", "http P"],
    &["stream P", "stream P"],
    &["stream P udp", "stream P udp"],
    &["stream P", "stream P udp"],
    &["mail P", "mail P"],
];

const MODULES: &[&str] = &["http", "http", "stream", "stream", "mail"];

const ADDRESSES: &[&str] =
    &["P", "P", "127.0.0.1:P", "127.0.0.2:P", "[::]:P", "[::1]:P", "*:P", "localhost:P", "unix:DIR/s"];

const PARAMETERS: &[&str] = &["", "", "", " bind", " reuseport", " reuseport", " backlog=8", " ipv6only=off"];

fn configuration(case: &[String], ready: u16) -> String {
    let mut text = "worker_processes 1;\nevents { worker_connections 64; }\n".to_owned();
    let listens = |module: &str| -> Vec<String> {
        case.iter().filter_map(|listen| listen.strip_prefix(module)?.strip_prefix(' ').map(str::to_owned)).collect()
    };
    // Blocks bind in their order.
    let mut modules: Vec<&str> = case.iter().filter_map(|listen| listen.split(' ').next()).collect();
    modules.push("http");
    let mut seen: Vec<&str> = Vec::new();
    for module in modules {
        if seen.contains(&module) {
            continue;
        }
        seen.push(module);
        text.push_str(&format!("{module} {{\n"));
        match module {
            "http" => {
                let pki = pki().display().to_string();
                text.push_str(&format!(
                    "access_log off;\nssl_certificate {pki}/shop.example.pem;\nssl_certificate_key \
                     {pki}/shop.example.key;\nserver {{ listen 127.0.0.1:{ready}; return 204; }}\n"
                ));
            }
            "mail" => text.push_str("server_name h.test;\nauth_http 127.0.0.1:1;\n"),
            _ => {}
        }
        for listen in listens(module) {
            let content = match module {
                "http" => "return 200;",
                "stream" => "return text;",
                _ => "protocol smtp; smtp_auth none;",
            };
            text.push_str(&format!("server {{ listen {listen}; {content} }}\n"));
        }
        text.push_str("}\n");
    }
    text
}

/// Whether nginx starts; `None` where it refuses the configuration for another reason.
fn starts(nginx: &Nginx, root: &Path, ready: u16) -> Option<bool> {
    let verdict = nginx.test(root);
    if !verdict.is_accepted {
        return verdict.text.contains("address and port pair").then_some(false);
    }
    let Ok(running) = nginx.start(root, ready) else { return Some(false) };
    let start = Instant::now();
    loop {
        if running.log().contains("failed (98") {
            return Some(false);
        }
        // It answers when it has bound all sockets; before, the system takes the connection.
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, ready)).unwrap();
        client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        client.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        if client.read(&mut [0; 16]).is_ok_and(|read| read > 0) {
            return Some(true);
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{}", running.log());
    }
}

/// What differs in one case, if anything; and whether it was asked at all.
fn compare(nginx: &Nginx, case: &[&str], ports: &[u16]) -> (bool, Option<String>) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("nginx.conf");
    let place = |listen: &&str| {
        let (module, address) = listen.split_once(' ').unwrap();
        let address = address.replace('P', &ports[0].to_string());
        format!("{module} {}", address.replace("DIR", &directory.path().display().to_string()))
    };
    let case: Vec<String> = case.iter().map(place).collect();
    let mut text = String::new();
    for (module, load) in [("stream", nginx.loads_stream()), ("mail", nginx.loads_mail())] {
        if case.iter().any(|listen| listen.starts_with(module)) {
            match load {
                Some(load) => text.push_str(&load),
                None => return (false, None),
            }
        }
    }
    text.push_str(&configuration(&case, ports[1]));
    std::fs::write(&root, &text).unwrap();
    let Some(starts) = starts(nginx, &root, ports[1]) else { return (false, None) };
    let conflicts: Vec<ConflictKind> = with_model(&root, nginx.version, |model| {
        model.listen_conflicts().iter().map(|conflict| conflict.kind).collect()
    });
    let is_expected = conflicts.iter().all(|kind| *kind == ConflictKind::Dealt);
    let difference = format!("{case:?}: nginx starts: {starts}, ngxlint: {conflicts:?}");
    (true, (starts != is_expected).then_some(difference))
}

#[test]
fn nginx_starts_unless_listen_conflict_says_not() {
    for nginx in real::all() {
        let mut cases: Vec<Vec<&str>> = CASES.iter().map(|case| case.to_vec()).collect();
        let mut generated: Vec<String> = Vec::new();
        for seed in seeds("binding") {
            let mut random = Random::new(seed);
            for _ in 0..GENERATED * 3 {
                let (module, address) = (random.pick(MODULES), random.pick(ADDRESSES));
                let parameter = match random.pick(PARAMETERS) {
                    " ipv6only=off" if !address.starts_with("[::]") => "",
                    // Newer kernels know it for internet addresses only.
                    " reuseport" if address.starts_with("unix:") => "",
                    parameter => parameter,
                };
                generated.push(format!("{module} {address}{parameter}"));
            }
        }
        cases.extend(generated.chunks(3).map(|case| case.iter().map(String::as_str).collect()));
        cases.retain(|case| has_ipv6() || !case.iter().any(|listen| listen.contains("[::")));
        let (mut asked, mut differences) = (0, Vec::new());
        for chunk in cases.chunks(AT_ONCE) {
            let ports: Vec<Vec<u16>> = chunk.iter().map(|_| free_ports(2)).collect();
            let found: Vec<(bool, Option<String>)> = std::thread::scope(|scope| {
                let ask = |(case, ports): (&Vec<&str>, &Vec<u16>)| compare(nginx, case, ports);
                let threads: Vec<_> = chunk.iter().zip(&ports).map(|pair| scope.spawn(move || ask(pair))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            asked += found.iter().filter(|(is_asked, _)| *is_asked).count();
            differences.extend(found.into_iter().filter_map(|(_, difference)| difference));
        }
        println!("{nginx:?}: {asked} of {} cases asked", cases.len());
        assert!(differences.is_empty(), "{nginx:?}\n{}", differences.join("\n"));
    }
}
