//! Tables of what nginx does. `tests/nginx` asks a real one about generated cases of the same kinds;
//! what is here was seen there, or in nginx-notes.

use std::path::Path;

use super::*;
use crate::config::Library;
use crate::nginx::NEWEST;
use crate::source::{MemoryFiles, Sources};

/// The model of the content of `http`, for one question.
fn with_model<R>(http: &str, ask: impl FnOnce(&Model<'_>) -> R) -> R {
    let mut files = MemoryFiles::default();
    files.add("/n/nginx.conf", format!("http {{ {http} }}"));
    let sources = Sources::default();
    let library = Library::new(&files, &sources, None);
    let config = Config::load(&library, Path::new("/n/nginx.conf"), None).unwrap();
    let environment = Environment {
        version: NEWEST,
        now: UnixTime(0),
        certificates: CertificateMode::Skip,
        ..Environment::default()
    };
    ask(&Model::build(&config, &files, environment))
}

/// What the first server makes of a request to `http://a.test:8080`: each possible answer.
fn answers(server: &str, uri: &str) -> Vec<String> {
    with_model(&format!("server {{ listen 8080; server_name a.test; {server} }}"), |model| {
        let request = Request {
            address: None,
            port: 8080,
            is_tls: false,
            sni: None,
            method: "GET".into(),
            target: uri.into(),
            host: Some("a.test:8080".into()),
            headers: Vec::new(),
            other_headers: OtherHeaders::Unknown,
            client: None,
        };
        let url = url::Url::parse("http://a.test:8080/").unwrap();
        let start = Start { url, request, socket: None, hsts: Vec::new(), max_hops: 1 };
        let answer = |trace: Trace<'_, '_>| {
            let response = trace.hops.into_iter().next().and_then(|hop| hop.response).unwrap();
            match (response.kind, response.location_header) {
                (ResponseKind::Unknown, _) => "unknown".into(),
                (ResponseKind::Redirect, Some(header)) => {
                    let text = header.text.strip_prefix("http://a.test:8080").unwrap_or(&header.text);
                    format!("{} {text}", response.status.unwrap())
                }
                _ => "other".into(),
            }
        };
        let mut answers: Vec<String> = model.tracer().traces(&start).0.into_iter().map(answer).collect();
        answers.dedup();
        answers
    })
}

// A real nginx is asked about the same rows.
include!("../../tests/nginx/redirects.in.rs");

#[test]
fn redirects_of_the_rewrite_phase() {
    for (server, uri, expected) in REDIRECTS {
        assert_eq!(answers(server, uri), [*expected], "{server} {uri}");
    }
}

// What depends on the request, or on what a regex elsewhere has left, is not guessed.
const UNKNOWN: &[(&str, &[&str])] = &[
    ("if ($http_x) { return 301 /b; } return 301 /c;", &["301 /c", "301 /b"]),
    ("rewrite ^(.*) $1; if ($http_x ~ (.)) { return 301 /b$1; } return 301 /c$1;", &["301 /c", "301 /b$1"]),
    ("set $a $http_x; return 301 /$a;", &["301 /$http_x"]),
];

#[test]
fn what_is_not_known_is_not_guessed() {
    for (server, expected) in UNKNOWN {
        assert_eq!(answers(server, "/"), *expected, "{server}");
    }
}

// Exact, longest `*.x`, longest `x.*`, first regex in file order, default; names in one server each.
// nginx: <https://nginx.org/en/docs/http/server_names.html>
const SELECTION: &[(&[&str], &str, u32, SelectedBy)] = &[
    (&["*.a.test", "www.a.test"], "www.a.test", 1, SelectedBy::Exact), // whatever the order
    (&["b.test", ".a.test"], "x.y.a.test", 1, SelectedBy::WildcardLeading), // any depth
    (&["b.test", "*.a.test"], "a.test", 0, SelectedBy::Default),
    (&["www.*", "*.test"], "www.a.test", 1, SelectedBy::WildcardLeading),
    (&["b.test", "www.*", "www.a.*"], "www.a.test", 2, SelectedBy::WildcardTrailing),
    (&["b.test", "~^w", "~^www"], "www.test", 1, SelectedBy::Regex), // first, not best
    (&["b.test", "~^\\D+$", "~^W"], "www.test", 1, SelectedBy::Regex),
    (&["b.test", "~^A"], "a.test", 1, SelectedBy::Regex), // an upper-case letter: without case
    (&["b.test", "a.test", ".a.test"], "www.a.test", 0, SelectedBy::Default), // the exact name drops it
    (&["b.test", "*.a.test", ".a.test", "a.test"], "a.test", 0, SelectedBy::Default), // reserved, yet ignored
    (&["a.test", "b.test"], "c.test", 0, SelectedBy::Default),
    (&["b.test", "a.test."], "a.test", 0, SelectedBy::Default), // a dot at the end stays
    (&["b.test", "~^$", "~^"], "", 0, SelectedBy::Default),     // no host: no regex is asked
    (&["b.test", "\"\""], "", 1, SelectedBy::Exact),
    (&["~^a"], "a.test", 0, SelectedBy::Default), // alone: names are not looked at
    (&["a.test ~^(a)"], "a.test", 0, SelectedBy::Exact), // but for captures
    (&["b.test", "*.a.test"], ".a.test", 1, SelectedBy::WildcardLeading), // no label is needed
    (&["b.test", ".a.*"], "x.a.*", 1, SelectedBy::WildcardLeading), // the star is a character
    (&["b.test", "$hostname"], "", 0, SelectedBy::Default),
];

#[test]
fn the_server_that_a_host_selects() {
    for (names, host, expected, by) in SELECTION {
        let servers: String = names.iter().map(|name| format!("server {{ listen 80; server_name {name}; }}")).collect();
        with_model(&servers, |model| {
            let socket = model.sockets().next().unwrap();
            let selected = model.select(socket, host).known().map(|(server, by)| (server.id.0, by));
            assert_eq!(selected, Some((*expected, *by)), "{names:?} {host}");
        });
    }
}

// Names of one server, and how many nginx warns of on a socket of its own.
const LONE_CONFLICTS: &[(&str, usize)] = &[
    ("a.test a.test", 0),
    ("a.test a.test ~^b", 0),
    ("a.test a.test ~^(b)", 1),
    ("a.test a.test ~^(b) ~^c", 0), // the last regex counts
];

#[test]
fn names_of_a_lone_server_are_read_for_captures_only() {
    for (names, expected) in LONE_CONFLICTS {
        with_model(&format!("server {{ listen 80; server_name {names}; }}"), |model| {
            let socket = model.sockets().next().unwrap();
            let ignored = model.servers().next().unwrap().names.iter().enumerate();
            let ignored = ignored.filter(|&(number, _)| socket.ignores(ServerId(0), number));
            assert_eq!(ignored.count(), *expected, "{names}");
        });
    }
}

// The regex that has matched sets the captures, wherever in the server it stands.
#[test]
fn the_name_that_a_host_matches() {
    let servers = "server { listen 80; server_name a.test ~^x ~^(?<n>b) ~^(b); }";
    with_model(servers, |model| {
        let socket = model.sockets().next().unwrap();
        let regex = |host| model.select_by_host(socket, host).unwrap().known().unwrap().regex;
        assert_eq!(regex(Some("B.test:8080")), Some(2));
        assert_eq!(regex(Some("a.test")), None);
        assert_eq!(regex(None), None);
        assert_eq!(model.select_by_host(socket, Some("")).unwrap_err(), InvalidHost);
    });
}

#[test]
fn without_a_server_name_in_the_handshake_the_default_server_answers() {
    let servers = "server { listen 443 ssl; } server { listen 443; server_name \"\" a.test; }";
    with_model(servers, |model| {
        let socket = model.sockets().next().unwrap();
        let selected = |sni| model.select_by_sni(socket, sni).known().unwrap().server.id.0;
        assert_eq!(selected(Some("A.test.")), 1);
        assert_eq!([selected(None), selected(Some("")), selected(Some("a..test"))], [0, 0, 0]);
    });
}

// The `listen`s, what is connected to, and the socket; "-" where nothing listens, "?" where it cannot be told.
const SOCKETS: &[(&str, &[(&str, &str)])] = &[
    (
        "80 127.0.0.1:80",
        &[("127.0.0.1", "127.0.0.1:80"), ("127.0.0.2", "0.0.0.0:80"), ("::1", "-"), ("", "0.0.0.0:80")],
    ),
    ("[::]:80 [::1]:80", &[("127.0.0.1", "-"), ("::1", "[::1]:80"), ("::2", "[::]:80"), ("", "[::]:80")]),
    ("[::]:80,ipv6only=off", &[("127.0.0.1", "[::]:80"), ("::1", "[::]:80")]),
    ("[::]:80,ipv6only=on", &[("127.0.0.1", "-")]),
    ("192.0.2.1:80", &[("127.0.0.1", "-"), ("", "192.0.2.1:80")]),
    ("192.0.2.1:80 192.0.2.2:80", &[("192.0.2.2", "192.0.2.2:80"), ("", "?")]),
    ("a.test:80 127.0.0.1:80", &[("127.0.0.1", "127.0.0.1:80"), ("127.0.0.2", "?"), ("", "?")]),
    ("80,quic 81 unix:/s", &[("127.0.0.1", "-"), ("", "-")]),
    ("[::]:80 [::]:80,ipv6only=off", &[("127.0.0.1", "[::]:80")]), // of one `listen` it counts for the socket
    ("1-79", &[("127.0.0.1", "-"), ("", "-")]),
    ("127.0.0.1:1-200 [::]:101-200", &[("127.0.0.1", "127.0.0.1:80")]),
    ("127.0.0.1:1-200 1-9", &[("127.0.0.2", "-")]),
];

#[test]
fn the_socket_that_takes_a_connection() {
    for (listens, connections) in SOCKETS {
        let listens: String =
            listens.split(' ').map(|listen| format!("listen {};", listen.replace(',', " "))).collect();
        with_model(&format!("server {{ {listens} }}"), |model| {
            for (address, expected) in *connections {
                let socket = match model.socket_at(address.parse().ok(), 80, false) {
                    Settled::Known(Some(socket)) => socket.endpoint.to_string(),
                    Settled::Known(None) => "-".to_owned(),
                    Settled::Unknown => "?".to_owned(),
                };
                assert_eq!(socket, *expected, "{listens} {address}");
            }
            assert!(model.sockets_on_port(80).iter().all(|socket| socket.endpoint.port == 80));
        });
    }
}

#[test]
fn a_port_far_up_in_a_range_is_not_known() {
    with_model("server { listen 8000-9000; }", |model| {
        let is_known = |port| model.socket_at(None, port, false).known().map(|socket| socket.is_some());
        assert_eq!([is_known(8000), is_known(8999), is_known(9001)], [Some(true), None, Some(false)]);
    });
}

#[test]
fn a_name_that_no_client_sends_means_no_host() {
    with_model("server { server_name a.test. .b.test. *.c.test. bücher.test d.test; }", |model| {
        let server = model.servers().next().unwrap();
        let hosts: Vec<String> =
            server.names.iter().flat_map(ServerName::witnesses).map(|host| host.to_string()).collect();
        assert_eq!(hosts, ["d.test"]);
    });
}

// A name, and the hosts that stand for it; real nginx is asked for them in `tests/nginx`.
const WITNESSES: &[(&str, &str)] = &[
    ("a.test", "a.test"),
    (".a.test", "a.test www.a.test a.www.a.test"),
    (r"~^(www\.)?a\.test$", "a.test www.a.test"),
    (r"~^(?<customer>.+)\.a\.test$", "x.a.test"),
    (r"~^(?<customer>.*)\.a\.test$", "www.a.test x.a.test"), // the shortest is no host
    (r"~^(shop|blog)\.a\.test$", "shop.a.test blog.a.test"),
    (r"~^WWW\.", "www.example"), // an upper-case letter: without case
    (r"~\.a\.test$", "www.a.test"),
    (r"~^shop", "shop.example"),
    (r"~^(?!x).+\.a\.test$", "wwwx.a.test"),
    (r"~^(?![wx]).+\.a\.test$", ""), // what is found is what the lookahead excludes
    (r"~^(?!api\.)(?<site>.+)\.a\.test$", "x.a.test"),
    ("~.", ""), // says nothing of the host
    ("~^$", ""),
    (r"~^(.)\1\.test$", ""),
];

#[test]
fn hosts_that_stand_for_a_name() {
    for (name, expected) in WITNESSES {
        with_model(&format!("server {{ server_name '{name}'; }}"), |model| {
            let server = model.servers().next().unwrap();
            let hosts: Vec<String> = server.names[0].witnesses().iter().map(ToString::to_string).collect();
            assert_eq!(hosts.join(" "), *expected, "{name}");
        });
    }
}
