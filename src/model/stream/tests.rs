//! Tables of what nginx does with connections to `stream`, as seen on 1.22.1 and 1.31.3. `tests/nginx/stream.rs` asks a
//! real one about generated cases of the same kinds.

use std::path::Path;

use super::connection::Client;
use super::passage::{Closing, End, Passage};
use crate::config::{Config, Library};
use crate::model::{CertificateMode, Environment, Model};
use crate::nginx::NEWEST;
use crate::source::{MemoryFiles, Sources};

/// The model of a `stream`, before two TLS sockets of `http` and one that is behind the PROXY protocol.
fn with_model<R>(stream: &str, ask: impl FnOnce(&Model<'_>) -> R) -> R {
    let http = "server { listen 127.0.0.1:1; listen unix:/one ssl; } server { listen 2 ssl; }
        server { listen 127.0.0.1:3 ssl proxy_protocol; } server { listen [::]:4 ssl ipv6only=off; }";
    let mut files = MemoryFiles::default();
    files.add("/n/nginx.conf", format!("stream {{ {stream} }} http {{ {http} }}"));
    let sources = Sources::default();
    let library = Library::new(&files, &sources, None);
    let config = Config::load(&library, Path::new("/n/nginx.conf"), None).unwrap();
    let environment = Environment { version: NEWEST, certificates: CertificateMode::Skip, ..Environment::default() };
    ask(&Model::build(&config, &files, environment))
}

/// Where a way ends: the socket, the address, or why not.
fn end(way: &Passage<'_, '_>) -> String {
    match &way.end {
        End::Taken(taker) => format!("{} {}", taker.module.name(), taker.socket.endpoint),
        End::Elsewhere(address) => format!("elsewhere {address}"),
        End::Unknown(_) => "unknown".to_owned(),
        End::Closed(closing) => match closing {
            Closing::HandshakeRejected(_) => "rejected",
            Closing::NoHandler => "no handler",
            Closing::Returned => "text",
            Closing::NoAddress => "no address",
            Closing::NoResolver => "no resolver",
            Closing::NoSocket => "no socket",
            Closing::Circle => "circle",
            Closing::PassedAfterReading => "read",
            Closing::ProxyProtocolMissing(_) => "header missing",
            Closing::ProxyProtocolUnexpected(_) => "header unexpected",
            Closing::EncryptedToPlain(_) => "TLS to plain",
            Closing::EncryptedTwice(_) => "TLS in TLS",
        }
        .to_owned(),
    }
}

/// The ways of a client with this SNI to port 443.
fn ways(stream: &str, client: Client<'_>) -> Vec<String> {
    with_model(stream, |model| {
        let socket = model.stream_sockets().find(|socket| socket.endpoint.port == 443).unwrap();
        model.passages(socket, client).0.iter().map(end).collect()
    })
}

const MAP: &str = "map $ssl_preread_server_name $m { hostnames; a.test 127.0.0.1:1; *.a.test unix:/one; \
                   ~^(?<n>b)\\.test$ $n; \"\" 127.0.0.1:2; default 192.0.2.1:443; } upstream B { server 127.0.0.1:2; }";

// The server, the SNI, and where the client gets.
const NAMES: &[(&str, Option<&str>, &str)] = &[
    ("listen 443; ssl_preread on; proxy_pass $m;", Some("A.test"), "http 127.0.0.1:1"),
    ("listen 443; ssl_preread on; proxy_pass $m;", Some("x.a.test"), "http unix:/one"),
    ("listen 443; ssl_preread on; proxy_pass $m;", Some("b.test"), "http 0.0.0.0:2"), // a capture, a group without case
    ("listen 443; ssl_preread on; proxy_pass $m;", Some("c.test"), "elsewhere 192.0.2.1:443"),
    ("listen 443; ssl_preread on; proxy_pass $m;", None, "http 0.0.0.0:2"),
    // Nothing reads the name, or something has asked for it before.
    ("listen 443; proxy_pass $m;", Some("a.test"), "http 0.0.0.0:2"),
    ("listen 443; ssl_preread on; set $x $ssl_preread_server_name; proxy_pass $m;", Some("a.test"), "http 0.0.0.0:2"),
    ("listen 443; ssl_preread on; set $x 127.0.0.1:1; proxy_pass $x;", Some("a.test"), "http 127.0.0.1:1"),
    ("listen 443 ssl; ssl_preread on; proxy_pass $m;", Some("a.test"), "http 0.0.0.0:2"),
    ("listen 443 ssl; proxy_pass 127.0.0.1:2;", Some("a.test"), "http 0.0.0.0:2"),
    // Of several handlers the last counts.
    ("listen 443; proxy_pass 127.0.0.1:2; return x;", Some("a.test"), "text"),
    ("listen 443;", Some("a.test"), "no handler"),
    // What can be connected to.
    ("listen 443; ssl_preread on; proxy_pass $ssl_preread_server_name;", Some("a.test"), "no address"),
    (
        "listen 443; resolver 192.0.2.53; ssl_preread on; proxy_pass $ssl_preread_server_name:2;",
        Some("a.test"),
        "elsewhere a.test:2",
    ),
    (
        "listen 443; resolver 192.0.2.53; ssl_preread on; proxy_pass $ssl_preread_server_name:2;",
        Some("localhost"),
        "elsewhere localhost:2",
    ),
    ("listen 443; ssl_preread on; proxy_pass $ssl_preread_server_name:2;", Some("a.test"), "no resolver"),
    ("listen 443; ssl_preread on; proxy_pass $ssl_preread_server_name:99999;", Some("a.test"), "no address"),
    ("listen 443; ssl_preread on; proxy_pass $ssl_preread_server_name:2;", None, "no address"),
    ("listen 443; proxy_pass localhost:2;", None, "http 0.0.0.0:2"),
    ("listen 443; proxy_pass 127.0.0.9:1;", None, "elsewhere 127.0.0.9:1"),
    ("listen 443; proxy_pass 192.0.2.9:2;", None, "elsewhere 192.0.2.9:2"), // perhaps another machine
    ("listen 443; proxy_pass 127.0.0.1:4;", None, "http [::]:4"),
    // pass takes the address as it is, of any machine, and minds the family.
    ("listen 443; pass 192.0.2.9:2;", None, "http 0.0.0.0:2"),
    ("listen 443; pass 127.0.0.1:4;", None, "no socket"),
    ("listen 443; pass [::1]:4;", None, "http [::]:4"),
    ("listen 443; pass 127.0.0.9:1;", None, "no socket"),
    ("listen 443; ssl_preread on; pass $ssl_preread_server_name:2;", Some("localhost"), "no address"),
    ("listen 443 ssl; ssl_preread on; pass 127.0.0.1:1;", None, "read"),
    ("listen 443; pass 127.0.0.1:443;", None, "circle"),
    ("listen 443; proxy_pass 127.0.0.1:5; } server { listen 127.0.0.1:5; proxy_pass 127.0.0.1:443;", None, "circle"),
    // The PROXY protocol; `pass` sends none.
    ("listen 443; proxy_protocol on; proxy_pass 127.0.0.1:3;", None, "http 127.0.0.1:3"),
    ("listen 443; proxy_pass 127.0.0.1:3;", None, "header missing"),
    ("listen 443; proxy_protocol on; proxy_pass 127.0.0.1:2;", None, "header unexpected"),
    ("listen 443 proxy_protocol; proxy_pass 127.0.0.1:2;", None, "http 0.0.0.0:2"),
    ("listen 443 proxy_protocol; proxy_pass 127.0.0.1:3;", None, "header missing"),
    ("listen 443; proxy_protocol on; pass 127.0.0.1:3;", None, "header missing"),
    // proxy_ssl
    ("listen 443; proxy_ssl on; proxy_pass 127.0.0.1:2;", None, "TLS in TLS"),
    ("listen 443 ssl; proxy_ssl on; proxy_pass 127.0.0.1:2;", None, "http 0.0.0.0:2"),
    ("listen 443 ssl; proxy_ssl on; proxy_pass 127.0.0.1:1;", None, "TLS to plain"),
    // Servers of one socket.
    (
        "listen 443; ssl_preread on; return x; } server { listen 443; server_name a.test; pass 127.0.0.1:2;",
        Some("a.test"),
        "http 0.0.0.0:2",
    ),
    (
        "listen 443; return x; } server { listen 443; server_name a.test; ssl_preread on; pass 127.0.0.1:2;",
        Some("a.test"),
        "text",
    ),
    (
        "listen 443 ssl; ssl_reject_handshake on; } server { listen 443; server_name a.test; return x;",
        Some("b.test"),
        "rejected",
    ),
    // A header before it hides the greeting from one that reads it.
    (
        "listen 443; proxy_protocol on; proxy_pass 127.0.0.1:444; } server { listen 444; ssl_preread on; proxy_pass $m;",
        Some("a.test"),
        "header unexpected",
    ),
];

#[test]
fn where_a_name_leads() {
    for (server, sni, expected) in NAMES {
        let found = ways(&format!("{MAP} server {{ {server} }}"), Client::Tls(*sni));
        assert_eq!(found, [*expected], "{server} {sni:?}");
    }
}

#[test]
fn what_is_not_known_is_tried_or_left_open() {
    let group = "upstream g { server 127.0.0.1:1; server 127.0.0.1:2; server backend:1; }";
    assert_eq!(
        ways(&format!("{group} server {{ listen 443; proxy_pass g; }}"), Client::Plain),
        ["http 127.0.0.1:1", "http 0.0.0.0:2", "elsewhere g"]
    );
    let geo = "geo $g { default 127.0.0.1:1; 10.0.0.0/8 127.0.0.1:2; }";
    assert_eq!(
        ways(&format!("{geo} server {{ listen 443; proxy_pass $g; }}"), Client::Plain),
        ["http 127.0.0.1:1", "http 0.0.0.0:2"]
    );
    assert_eq!(ways("server { listen 443; proxy_pass 127.0.0.1:$remote_port; }", Client::Plain), ["unknown"]);
    assert_eq!(ways("server { listen 443; js_preread a.b; proxy_pass 127.0.0.1:1; }", Client::Plain), ["unknown"]);
}

// The names that are asked for on port 443: keys of maps, also behind other text and other maps, and server names.
const ASKED: &[(&str, &str)] = &[
    (
        "map $ssl_preread_server_name $m { a.test 1.1.1.1:1; default x; } server { listen 443; ssl_preread on; proxy_pass $m; }",
        "a.test",
    ),
    (
        "map $ssl_preread_server_name:$server_port $m { a.test:443 1.1.1.1:1; b.test:444 x; } \
         map $m $n { default $m; } server { listen 443; ssl_preread on; proxy_pass $n; }",
        "a.test",
    ),
    (
        "map $ssl_preread_server_name $m { hostnames; .a.test 1.1.1.1:1; ~^www\\.(shop|blog)\\.test$ x; } \
         server { listen 443; ssl_preread on; proxy_pass $m; }",
        "a.test www.a.test x.a.test a.www.a.test www.shop.test www.blog.test",
    ),
    ("map $ssl_preread_server_name $m { a.test 1.1.1.1:1; } server { listen 443; proxy_pass $m; }", ""),
    ("server { listen 443; ssl_preread on; return x; } server { listen 443; server_name a.test; return x; }", "a.test"),
    ("server { listen 443; ssl_preread on; server_name a.test; return x; }", ""), // alone: no name is asked for
];

#[test]
fn the_names_that_are_asked_for() {
    for (stream, expected) in ASKED {
        with_model(stream, |model| {
            let socket = model.stream_sockets().next().unwrap();
            let routes = model.stream_routes(socket);
            let hosts: Vec<String> =
                routes.iter().flat_map(|route| &route.hosts).map(|routed| routed.host.to_string()).collect();
            assert_eq!(hosts.join(" "), *expected, "{stream}");
        });
    }
}
