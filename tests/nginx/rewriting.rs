//! Where `return` and `rewrite` send a request.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;

use ngxlint::model::{OtherHeaders, Request, Response, ResponseKind, Start};
use url::Url;

use crate::question::with_model;
use crate::random::{Random, seeds};
use crate::real::{self, Nginx, free_ports};

/// Servers in one configuration; each gets all of [`URIS`].
const SERVERS: usize = 60;

const URIS: &[&str] = &[
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/a/b.html",
    "/A/x",
    "/b/12/z",
    "/old/thing",
    "/x",
    "/new/a",
    "/a%20b",
    "/a/../b/1/x",
    "//a//b",
    "/a?x=1",
    "/a/b?x=1&y=2",
    "/a+b?z=+",
    "/a%3Fb?x",
    "/%61/q",
    "/a/?",
    "/b/12/%C3%A9",
    "/a/%2Fb",
    "/a/./b",
    "/a%25b",
    "/a/b?x=%20",
    "/a%2Bb/c",
];

const TEXTS: &[&str] = &[
    "a",
    "/",
    "-",
    "$v1",
    "$v2",
    "${v1}",
    "$1",
    "$2",
    "$uri",
    "$args",
    "$is_args",
    "$request_uri",
    "$host",
    "$scheme",
    "$http_host",
    "$server_name",
    "$server_port",
    "$query_string",
    "$request_method",
    "$document_uri",
    "$mapped",
    "$arg_x",
];

const REGEXES: &[&str] = &[
    "^/a(.*)$",
    "^/(.*)$",
    "^/old/(.+)",
    "^",
    "^/x",
    "(?i)^/A",
    "\"^/b/(\\d{1,3})/(?<v1>.*)$\"",
    "\\.html$",
    "^(/nowhere)",
    "^/(a|b)/?(.*)?$",
    ".",
    "^/new/(.*)",
    "^/(x)?(.)",
    " ",
    "[",
    "^/[a-c]/(.*)",
];

const REPLACEMENTS: &[&str] = &[
    "/new/$1",
    "/b/$2$1?",
    "/c?x=$1",
    "/c?x=$1?",
    "$v1",
    "/v/$v1",
    "http://$host/$1",
    "https://other.test$uri",
    "$scheme://x.test/$1",
    "${scheme}://x.test/",
    "/d$is_args$args",
    "login",
    "\"/e f\"",
    "$request_uri",
    "/$1?$args",
    "/f?$v2",
    "$scheme_x/y",
    "/g$uri",
    "https://other.test$request_uri?",
    "http://other.test?a=$1&b=$uri",
    "/x",
    "/a/$1",
    "/h?",
    "/%2e%20$1",
];

const CONDITIONS: &[&str] = &[
    "$v1",
    "$v2 = a",
    "$v1 != ''",
    "$uri ~ ^/a/(.*)$",
    "$uri !~* B",
    "$args ~ \"x=(.)\"",
    "$request_method = GET",
    "$http_x = y",
    "-f $request_filename",
    "$arg_x",
    "$request_uri ~ \"^/(?<v2>[a-z]+)\"",
    "$host ~ ^(.)",
    "$scheme = http",
    "$uri = /a",
    "$mapped",
    "$args",
    "$request_method != POST",
    "$http_host ~* ^S",
    "$is_args",
    "$uri ~ ^/x",
];

const LOCATIONS: &[&str] = &[
    "/",
    "/a",
    "/a/",
    "= /a",
    "= /",
    "^~ /a/",
    "~ ^/a/(.*)$",
    "~* \\.HTML$",
    "~ b",
    "/b/",
    "~ ^/(?<v2>[a-z]+)/",
    "/new/",
    "/old",
    "~ ^/new/(.*)",
    "^~ /b/1",
    "@named",
    "=/x",
    "~^/x",
];

const NESTED: &[&str] = &["/a/b", "= /a/b", "~ \\.html$", "~ (.)$", "/a/", "^~ /a/b.", "/b/12", "~ z"];

fn text(random: &mut Random) -> String {
    (0..1 + random.below(3)).map(|_| random.pick(TEXTS)).collect()
}

fn condition(random: &mut Random, level: &str, depth: usize, text: &mut String) {
    writeln!(text, "{level}if ({}) {{", random.pick(CONDITIONS)).unwrap();
    directives(random, &format!("{level}    "), depth + 1, text);
    writeln!(text, "{level}}}").unwrap();
}

/// Directives of the rewrite module; an `if` holds no other `if`.
fn directives(random: &mut Random, level: &str, depth: usize, out: &mut String) {
    for _ in 0..1 + random.below(3) {
        match random.below(12) {
            0 => writeln!(out, "{level}return {} {};", random.pick(&["301", "302", "303", "307", "308"]), text(random)),
            1 => writeln!(out, "{level}return {} /{};", random.pick(&["301", "302"]), text(random)),
            2 => writeln!(out, "{level}return {}://{};", random.pick(&["http", "https", "$scheme"]), text(random)),
            3 => writeln!(
                out,
                "{level}return {};",
                random.pick(&["200 x", "404", "301", "403", "200", "444 x", "300 /x"])
            ),
            4 => writeln!(out, "{level}set {} {};", random.pick(&["$v1", "$v2", "$args"]), text(random)),
            5 => writeln!(out, "{level}set {} \"\";", random.pick(&["$v1", "$v2", "$args"])),
            6 if random.once_in(2) => writeln!(out, "{level}break;"),
            7 | 8 if depth == 0 => {
                condition(random, level, depth, out);
                Ok(())
            }
            _ => writeln!(
                out,
                "{level}rewrite {} {}{};",
                random.pick(REGEXES),
                random.pick(REPLACEMENTS),
                random.pick(&["", "", " last", " last", " break", " redirect", " permanent"])
            ),
        }
        .unwrap();
    }
}

fn server(random: &mut Random) -> String {
    let mut out = String::new();
    if !random.once_in(3) {
        directives(random, "        ", 0, &mut out);
    }
    if random.once_in(10) {
        out.push_str("        merge_slashes off;\n");
    }
    let mut used: Vec<&str> = Vec::new();
    for _ in 0..random.below(5) {
        let location = random.pick(LOCATIONS);
        if used.contains(&location) {
            continue;
        }
        used.push(location);
        writeln!(out, "        location {location} {{").unwrap();
        if !random.once_in(4) {
            directives(random, "            ", 0, &mut out);
        }
        if random.once_in(3) {
            let nested = random.pick(NESTED);
            writeln!(out, "            location {nested} {{").unwrap();
            directives(random, "                ", 0, &mut out);
            out.push_str("            }\n");
        }
        out.push_str("        }\n");
    }
    out
}

/// A whole configuration; the servers are told apart by their names.
fn surrounded(directory: &Path, port: u16, servers: &[String]) -> String {
    let path = directory.display();
    let mut text = format!(
        "worker_processes 1;\nevents {{ worker_connections 512; }}\nhttp {{\n    access_log off;\n    root {path}/none;\n    \
         client_body_temp_path {path}/body;\n    proxy_temp_path {path}/proxy;\n    fastcgi_temp_path {path}/fastcgi;\n    \
         uwsgi_temp_path {path}/uwsgi;\n    scgi_temp_path {path}/scgi;\n    server_names_hash_bucket_size 128;\n    \
         map $http_y $mapped {{ default m; }}\n    server {{ listen 127.0.0.1:{port}; set $v1 1; set $v2 2; set $scheme_x 3; }}\n"
    );
    for (number, body) in servers.iter().enumerate() {
        writeln!(
            text,
            "    server {{\n        listen 127.0.0.1:{port};\n        server_name s{number}.test;\n{body}    }}"
        )
        .unwrap();
    }
    text.push_str("}\n");
    text
}

/// Servers that nginx accepts.
fn accepted_servers(nginx: &Nginx, root: &Path, port: u16, random: &mut Random) -> Vec<String> {
    let mut servers = Vec::new();
    while servers.len() < SERVERS {
        let body = server(random);
        std::fs::write(root, surrounded(root.parent().unwrap(), port, std::slice::from_ref(&body))).unwrap();
        if nginx.test(root).is_accepted {
            servers.push(body);
        }
    }
    servers
}

/// Status and Location, if it is a redirect that a client can follow.
type Redirect = Option<(u16, String)>;

fn ask(port: u16, host: &str, uri: &str) -> Redirect {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    write!(stream, "GET {uri} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    let location = head.lines().find_map(|line| line.strip_prefix("Location: "))?;
    (matches!(status, 301 | 302 | 303 | 307 | 308) && !location.is_empty()).then(|| (status, location.to_owned()))
}

/// Whether an answer of the model is what nginx answered; `None` where the model does not know.
fn fits(response: &Response<'_>, found: &Redirect) -> Option<bool> {
    match (response.kind, &response.location_header) {
        (ResponseKind::Unknown, _) => None,
        (ResponseKind::Redirect, Some(location)) => {
            Some(*found == Some((response.status?, location.known()?.to_owned())))
        }
        _ => Some(found.is_none()),
    }
}

fn request(host: &str, port: u16, uri: &str) -> Request {
    Request {
        address: Some(Ipv4Addr::LOCALHOST.into()),
        port,
        is_tls: false,
        sni: None,
        method: "GET".to_owned(),
        target: uri.to_owned(),
        host: Some(format!("{host}:{port}")),
        headers: Vec::new(),
        other_headers: OtherHeaders::Absent,
        client: Some(Ipv4Addr::LOCALHOST.into()),
    }
}

#[derive(Debug, Default)]
struct Tally {
    asked: usize,
    redirects: usize,
    unknown: usize,
    conditional: usize,
}

fn compare(
    nginx: &Nginx,
    root: &Path,
    text: &str,
    port: u16,
    bodies: &[String],
    seed: u64,
    tally: &mut Tally,
) -> Vec<String> {
    std::fs::write(root, text).unwrap();
    let _running = nginx.start(root, port).unwrap_or_else(|log| panic!("{nginx:?} does not start:\n{log}\n{text}"));
    with_model(root, nginx.version, |model| {
        let mut differences = Vec::new();
        for (number, server) in model.servers().skip(1).enumerate() {
            let host = format!("s{number}.test");
            for uri in URIS {
                let found = ask(port, &host, uri);
                let start = Start {
                    url: Url::parse(&format!("http://{host}:{port}/")).unwrap(),
                    request: request(&host, port, uri),
                    socket: None,
                    hsts: Vec::new(),
                    max_hops: 1,
                };
                let (traces, _) = model.tracer().traces(&start);
                let responses: Vec<_> = traces.iter().filter_map(|trace| trace.hops[0].response.as_ref()).collect();
                assert!(responses.iter().all(|response| response.server == server.id));
                let verdicts: Vec<_> = responses.iter().map(|response| fits(response, &found)).collect();
                tally.asked += 1;
                tally.redirects += usize::from(found.is_some());
                tally.conditional += usize::from(responses.len() > 1);
                tally.unknown += usize::from(verdicts.contains(&None));
                if verdicts.iter().all(|verdict| *verdict == Some(false)) {
                    let answers: Vec<_> =
                        responses.iter().map(|response| (response.status, &response.location_header)).collect();
                    differences
                        .push(format!("seed {seed}, {uri}: nginx {found:?}, ngxlint {answers:?}\n{}", bodies[number]));
                }
            }
        }
        differences
    })
}

#[test]
fn redirects_lead_to_the_same_place() {
    for nginx in real::all() {
        let (mut tally, mut differences) = (Tally::default(), Vec::new());
        for seed in seeds("rewrite") {
            let mut random = Random::new(seed);
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().join("nginx.conf");
            let port = free_ports(1)[0];
            let servers = accepted_servers(nginx, &root, port, &mut random);
            let text = surrounded(directory.path(), port, &servers);
            differences.extend(compare(nginx, &root, &text, port, &servers, seed, &mut tally));
        }
        println!("{nginx:?}: {tally:?}");
        assert!(differences.is_empty(), "{nginx:?}: {}\n{}", differences.len(), differences.join("\n"));
    }
}

include!("redirects.in.rs");

/// The rows of the model's own table, in the words of that table.
#[test]
fn the_model_s_table_of_redirects_is_true() {
    for nginx in real::all() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("nginx.conf");
        let ports = free_ports(REDIRECTS.len());
        let mut servers = String::new();
        for ((server, ..), port) in REDIRECTS.iter().zip(&ports) {
            writeln!(servers, "    server {{ listen 127.0.0.1:{port}; server_name a.test; {server} }}").unwrap();
        }
        let text =
            surrounded(directory.path(), ports[0], &[]).replacen("    server {", &format!("{servers}    server {{"), 1);
        std::fs::write(&root, &text).unwrap();
        let _running =
            nginx.start(&root, ports[0]).unwrap_or_else(|log| panic!("{nginx:?} does not start:\n{log}\n{text}"));
        for ((server, uri, expected), port) in REDIRECTS.iter().zip(&ports) {
            let found = ask(*port, "a.test", uri).map_or("other".to_owned(), |(status, location)| {
                format!("{status} {}", location.strip_prefix(&format!("http://a.test:{port}")).unwrap_or(&location))
            });
            assert_eq!(found, *expected, "{nginx:?}: {server} {uri}");
        }
    }
}
