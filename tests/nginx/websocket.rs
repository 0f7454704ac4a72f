//! Whether a WebSocket opens through nginx: 101 and a message that comes back, or not.

mod echo;
mod sites;

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ngxlint::model::Model;
use ngxlint::model::websocket::Asked;
use ngxlint::rules::{Finding, Severity};
use url::Url;

use self::echo::{CONNECTIONS, Echo, open};
use self::sites::{PATHS, Place, Site, generate, head};
use crate::answers::shrink::shrink;
use crate::question::{findings, place as place_of, with_model};
use crate::random::{Random, seeds};
use crate::real::{self, Nginx, free_ports};

/// Configurations of one round, and the sites of each.
const CONFIGURATIONS: usize = 8;
const SITES: usize = 60;

/// Differences that are made smaller before a run ends.
const ENOUGH: usize = 4;

/// How the handshakes of [`CONNECTIONS`] are called.
const ASKED: [Asked; 2] = [Asked::Handshake, Asked::FirefoxHandshake];

/// The rules that say that handshakes fail.
const FAILING: &[&str] = &[
    "websocket-header-value",
    "websocket-headers-not-inherited",
    "websocket-http-version",
    "websocket-missing-upgrade",
    "websocket-not-proxied",
    "websocket-unreachable",
    "websocket-upgrade-hidden",
];

/// Those of a header that is not sent at all.
const MISSING: &[&str] = &["websocket-headers-not-inherited", "websocket-missing-upgrade"];

/// One handshake, by the host, the path and which client it is of.
#[derive(Debug, Clone, Copy)]
struct Pair<'s> {
    host: &'s str,
    path: &'s str,
    client: usize,
}

impl Pair<'_> {
    fn open(&self, port: u16) -> Result<(), String> {
        open(port, self.host, self.path, CONNECTIONS[self.client]).map(drop)
    }

    fn expected(&self, model: &Model<'_>, port: u16) -> Option<bool> {
        let url = Url::parse(&format!("http://{}:{port}{}", self.host, self.path)).unwrap();
        model.accepts_handshake(&url, ASKED[self.client])
    }
}

fn errors(model: &Model<'_>) -> Vec<Finding> {
    findings(model, FAILING).into_iter().filter(|finding| finding.severity > Severity::Info).collect()
}

/// The smallest configuration that can be found in which nginx does not do with a handshake what the model says.
fn shrunk(nginx: &Nginx, root: &Path, port: u16, text: &str, pair: Pair<'_>) -> String {
    let shows = |text: &str| {
        std::fs::write(root, text).unwrap();
        if !text.contains(&format!("{port} default_server")) || !nginx.test(root).is_accepted {
            return false;
        }
        let Ok(_running) = nginx.start(root, port) else { return false };
        let seen = pair.open(port).is_ok();
        with_model(root, nginx.version, |model| pair.expected(model, port)).is_some_and(|expected| expected != seen)
    };
    format!("{pair:?}\n{}", shrink(text, shows))
}

#[test]
fn handshakes_succeed_where_the_model_says_so() {
    let echo = Echo::start();
    for nginx in real::all() {
        let (mut pairs, mut opened, mut untold, mut told) = (0, 0, 0, 0);
        let mut differences: Vec<String> = Vec::new();
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root = directory.path().join("nginx.conf");
        let start = Instant::now();
        for seed in seeds("websocket") {
            let mut random = Random::new(seed);
            for _ in 0..CONFIGURATIONS {
                let port = free_ports(1)[0];
                let place = Place { directory: directory.path(), port, echo: echo.port, version: nginx.version };
                let (text, sites) = generate(&mut random, place, SITES);
                std::fs::write(&root, &text).unwrap();
                let running = nginx.start(&root, port).unwrap_or_else(|log| panic!("{nginx:?}: {log}\n{text}"));
                let asked = sites.iter().flat_map(|site| {
                    let of = move |path| (0..2).map(move |client| Pair { host: &site.host, path, client });
                    PATHS.into_iter().flat_map(of)
                });
                let asked: Vec<Pair<'_>> = asked.collect();
                let seen: Vec<Result<(), String>> = asked.iter().map(|pair| pair.open(port)).collect();
                drop(running);
                pairs += seen.len();
                opened += seen.iter().filter(|seen| seen.is_ok()).count();
                let mut different = Vec::new();
                with_model(&root, nginx.version, |model| {
                    for (pair, seen) in asked.iter().zip(&seen) {
                        match pair.expected(model, port) {
                            None => untold += 1,
                            Some(expected) if expected != seen.is_ok() => different.push((*pair, seen.clone())),
                            Some(_) => {}
                        }
                    }
                    let found = errors(model);
                    for (site, seen) in sites.iter().zip(seen.chunks(PATHS.len() * 2)) {
                        told += usize::from(site.is_plain);
                        let Err(wrong) = judge(model, &found, site, &seen[..2]) else { continue };
                        let lines: Vec<&str> = text.lines().collect();
                        let lines = lines[site.lines.start - 1..site.lines.end - 1].join("\n");
                        differences.push(format!("seed {seed}: {wrong}\n{lines}"));
                    }
                });
                for (pair, seen) in different.into_iter().take(ENOUGH.saturating_sub(differences.len())) {
                    let small = shrunk(nginx, &root, port, &text, pair);
                    println!("seed {seed}: {seen:?}: {small}");
                    differences.push(format!("seed {seed}: nginx says {seen:?}: {small}"));
                }
            }
        }
        println!(
            "{nginx:?}: {pairs} pairs, {opened} opened, {untold} not told, {told} sites judged, {:?}",
            start.elapsed()
        );
        assert!(differences.is_empty(), "{nginx:?}: {} differ\n{}", differences.len(), differences.join("\n\n"));
        assert!(opened * 10 > pairs && opened * 10 < pairs * 9, "one side is hardly there: {opened} of {pairs}");
        assert!(untold * 100 <= pairs * 3, "more than 3 % cannot be told: {untold}");
    }
}

/// What is found in the lines of a site, or because of them.
fn found_in<'f>(model: &Model<'_>, found: &'f [Finding], lines: &Range<usize>) -> (Vec<String>, Vec<&'f str>) {
    let is_inside = |finding: &&Finding| {
        let spans = finding.related.iter().map(|related| related.span).chain([finding.span]);
        spans.into_iter().any(|span| lines.contains(&place_of(model, span).1))
    };
    let own: Vec<&Finding> = found.iter().filter(is_inside).collect();
    let mut rules: Vec<String> = own.iter().map(|finding| finding.rule.to_string()).collect();
    rules.sort();
    rules.dedup();
    (rules, own.iter().map(|finding| finding.message.as_str()).collect())
}

/// Whether the rules say of a plain site what was seen at `/ws/x`.
fn judge(model: &Model<'_>, found: &[Finding], site: &Site, seen: &[Result<(), String>]) -> Result<(), String> {
    if !site.is_plain {
        return Ok(());
    }
    let (rules, said) = found_in(model, found, &site.lines);
    match (seen[0].is_ok(), seen[1].is_ok(), rules.len()) {
        (true, true, 0) | (false, _, 1) => Ok(()),
        // One of the two headers is missing, and the other one is wrong.
        (false, _, 2) if rules[0] == "websocket-header-value" && MISSING.contains(&rules[1].as_str()) => Ok(()),
        (true, false, 1) if said.iter().all(|said| said.contains("Firefox")) => Ok(()),
        _ => Err(format!("{seen:?}, but the rules say {rules:?} {said:?}")),
    }
}

/// A server, and whether its handshakes for `/ws/` succeed, before nginx 1.29.7 and from it on.
struct Case {
    /// The rule that says so where they do not; empty where they do.
    rule: &'static str,
    server: &'static str,
    opens: (bool, bool),
}

const fn case(rule: &'static str, opens: (bool, bool), server: &'static str) -> Case {
    Case { rule, server, opens }
}

const GOOD: &str =
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";

/// `UP` is the upstream, `GOOD` the lines of nginx's documentation.
#[rustfmt::skip]
const CASES: &[Case] = &[
    case("", (true, true), "location /ws/ { proxy_pass UP; GOOD }"),
    case("", (true, true), "GOOD location /ws/ { proxy_pass UP; }"),
    case("", (true, true), "location /ws/ { proxy_pass http://kept; GOOD }"),
    case("", (true, true), "location /ws/ { if ($http_upgrade) { proxy_pass UP; } GOOD }"),
    case("", (true, true), "location /ws/ { proxy_pass UP; GOOD auth_basic off; proxy_buffering off; }"),
    // `keepalive` in the upstream changes nothing of what is sent.
    case("websocket-missing-upgrade", (false, false), "location /ws/ { proxy_pass http://kept; proxy_http_version 1.1; }"),
    case("websocket-missing-upgrade", (false, false), "location /ws/ { proxy_pass UP; }"),
    case("websocket-missing-upgrade", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; }"),
    case("websocket-missing-upgrade", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Connection upgrade; }"),
    case("websocket-missing-upgrade", (false, false), "location /ws/ { proxy_pass UP; GOOD proxy_pass_request_headers off; }"),
    case("websocket-missing-upgrade", (false, false), "location /ws/ { proxy_pass UP; GOOD proxy_set_header Sec-WebSocket-Key ''; }"),
    case("websocket-http-version", (false, true), "location /ws/ { proxy_pass UP; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }"),
    case("websocket-http-version", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.0; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }"),
    case("websocket-http-version", (false, false), "location /ws/ { proxy_pass UP; GOOD proxy_method POST; }"),
    case("websocket-header-value", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $right; proxy_set_header Connection upgrade; }"),
    case("websocket-header-value", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_upgrade; }"),
    case("websocket-header-value", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection ''; }"),
    case("websocket-header-value", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection close; }"),
    case("websocket-header-value", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $swapped; }"),
    case("websocket-header-value", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $without_default; }"),
    case("websocket-header-value", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $of_another; }"),
    case("", (true, true), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $right; }"),
    case("", (true, true), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; }"),
    case("websocket-headers-not-inherited", (false, false), "GOOD location /ws/ { proxy_pass UP; proxy_set_header Host $host; }"),
    case("websocket-headers-not-inherited", (false, false), "GOOD location /ws/ { proxy_pass UP; proxy_set_header X-A b; proxy_set_header Upgrade $http_upgrade; }"),
    case("websocket-upgrade-hidden", (false, false), "location /ws/ { proxy_pass UP; GOOD proxy_hide_header Upgrade; }"),
    case("websocket-upgrade-hidden", (false, false), "location /ws/ { proxy_pass UP; GOOD proxy_hide_header Sec-WebSocket-Accept; }"),
    case("", (true, true), "location /ws/ { proxy_pass UP; GOOD proxy_hide_header Connection; }"),
    case("websocket-unreachable", (false, false), "location /ws/ { proxy_pass UP; GOOD } location ~ ^/ws { proxy_pass UP; }"),
    case("", (true, true), "location ^~ /ws/ { proxy_pass UP; GOOD } location ~ ^/ws { proxy_pass UP; }"),
    case("websocket-unreachable", (false, false), "return 301 http://www.a.test$request_uri; location /ws/ { proxy_pass UP; GOOD }"),
    case("websocket-unreachable", (false, false), "if ($http_upgrade) { return 403; } location /ws/ { proxy_pass UP; GOOD }"),
    case("websocket-unreachable", (false, false), "location /ws/ { proxy_pass UP; GOOD limit_except POST { deny all; } }"),
    case("websocket-unreachable", (false, false), "location /ws/ { rewrite ^/ws/(.*)$ /$1 last; proxy_pass UP; GOOD } location / { proxy_pass UP; }"),
    case("websocket-unreachable", (false, false), "GOOD location /ws/ { proxy_pass UP; } location ~ ^/w { proxy_pass UP; proxy_set_header X-A b; }"),
    case("websocket-unreachable", (false, false), "GOOD location /ws/ { proxy_pass UP; limit_except POST { deny all; } }"),
    case("websocket-unreachable", (false, false), "location /ws/ { proxy_pass UP; GOOD return 301 https://www.b.test$request_uri; }"),
    case("websocket-unreachable", (false, false), "location /ws/ { proxy_pass UP; GOOD auth_request /deny; } location = /deny { internal; return 401; }"),
    case("websocket-unreachable", (false, false), "location /ws/ { proxy_pass UP; GOOD auth_request /deny; } location = /deny { return 403; }"),
    case("websocket-unreachable", (false, false), "location /ws/ { proxy_pass UP; GOOD auth_request /odd; } location /odd { return 404; }"),
    case("websocket-unreachable", (false, false), "location /ws/ { proxy_pass UP; GOOD auth_request /nowhere; }"),
    case("", (true, true), "location /ws/ { proxy_pass UP; GOOD auth_request /in; } location = /in { internal; return 204; }"),
    case("", (true, true), "location /ws/ { proxy_pass UP; GOOD auth_request /in; } location = /in { internal; deny all; if ($http_upgrade) { return 200; } return 403; }"),
    case("", (true, true), "location /ws/ { proxy_pass UP; GOOD auth_request /in; } location = /in { internal; auth_request /no; return 200; } location = /no { return 403; }"),
    case("websocket-missing-upgrade", (false, false), "location /ws/ { GOOD try_files $uri @app; } location @app { proxy_pass UP; proxy_set_header Host $host; }"),
    case("websocket-headers-not-inherited", (false, false), "GOOD location /ws/ { try_files $uri @app; } location @app { proxy_pass UP; proxy_set_header Host $host; }"),
    case("websocket-header-value", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection; }"),
    case("websocket-header-value", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $sent_http_connection; }"),
    case("websocket-header-value", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $upstream_http_connection; }"),
    case("websocket-header-value", (false, false), "location /ws/ { proxy_pass UP; proxy_http_version 1.1; proxy_set_header Upgrade $upstream_http_upgrade; proxy_set_header Connection upgrade; }"),
    case("websocket-not-proxied", (false, false), "GOOD location /ws/ { grpc_pass grpc://127.0.0.1:PORT; }"),
    case("websocket-not-proxied", (false, false), "location /ws/ { GOOD }"),
    case("websocket-not-proxied", (false, false), "location /ws/ { grpc_pass grpc://127.0.0.1:PORT; GOOD }"),
    // The fixed one says the same of ordinary requests, and works.
    case("", (true, true), "location / { proxy_pass UP; GOOD }"),
];

const MAPS: &str = "    map $http_upgrade $right { default upgrade; '' close; }\n    \
                    map $http_upgrade $swapped { default close; '' upgrade; }\n    \
                    map $http_upgrade $without_default { '' close; }\n    \
                    map $request_method $of_another { default close; }\n";

#[test]
fn each_rule_says_what_real_nginx_does() {
    let echo = Echo::start();
    for nginx in real::all() {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root = directory.path().join("nginx.conf");
        let port = free_ports(1)[0];
        let place = Place { directory: directory.path(), port, echo: echo.port, version: nginx.version };
        let mut text = head(place);
        text.push_str(MAPS);
        let mut sites = Vec::new();
        for (number, case) in CASES.iter().enumerate() {
            let server = case.server.replace("UP", &format!("http://127.0.0.1:{}", echo.port));
            let server = server.replace("GOOD", GOOD).replace("PORT", &echo.port.to_string());
            let first = text.lines().count() + 1;
            writeln!(text, "    server {{ listen 127.0.0.1:{port}; server_name a{number}.test; {server} }}").unwrap();
            sites.push((case, format!("a{number}.test"), first..first + 1));
        }
        text.push_str("}\n");
        std::fs::write(&root, &text).unwrap();
        let _running = nginx.start(&root, port).unwrap_or_else(|log| panic!("{nginx:?}: {log}\n{text}"));
        let is_new = nginx.version >= "1.29.7".parse().unwrap();
        let mut wrong = String::new();
        with_model(&root, nginx.version, |model| {
            let found = errors(model);
            for (case, host, lines) in &sites {
                let pair = Pair { host, path: "/ws/", client: 0 };
                let (seen, expected) = (pair.open(port), pair.expected(model, port));
                let opens = if is_new { case.opens.1 } else { case.opens.0 };
                let (rules, _) = found_in(model, &found, lines);
                let said: &[&str] = if opens { &[] } else { &[case.rule] };
                if seen.is_ok() != opens || expected != Some(opens) || rules != said {
                    writeln!(wrong, "{}: nginx {seen:?}, model {expected:?}, rules {rules:?}", case.server).unwrap();
                }
            }
        });
        assert!(wrong.is_empty(), "{nginx:?}:\n{wrong}");
    }
}

/// nginx takes no upgrade for a subrequest, and ends the connection of the client with it.
#[test]
fn a_mirror_that_takes_the_handshake_ends_the_socket() {
    let echo = Echo::start();
    for nginx in real::all() {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root: PathBuf = directory.path().join("nginx.conf");
        let port = free_ports(1)[0];
        let mut text = head(Place { directory: directory.path(), port, echo: echo.port, version: nginx.version });
        let mut sites = Vec::new();
        for (name, headers) in [("copied", GOOD), ("ordinary", "")] {
            let first = text.lines().count() + 1;
            writeln!(
                text,
                "    server {{ listen 127.0.0.1:{port}; server_name {name}.test;\n    \
                 location /ws/ {{ mirror /copy; proxy_pass http://plain; {GOOD} }}\n    \
                 location = /copy {{ internal; proxy_pass http://plain; {headers} }} }}"
            )
            .unwrap();
            sites.push((name, first..text.lines().count() + 1));
        }
        text.push_str("}\n");
        std::fs::write(&root, &text).unwrap();
        let _running = nginx.start(&root, port).unwrap_or_else(|log| panic!("{nginx:?}: {log}\n{text}"));
        with_model(&root, nginx.version, |model| {
            let found = errors(model);
            for (name, lines) in &sites {
                let is_closed = match open(port, &format!("{name}.test"), "/ws/", CONNECTIONS[0]) {
                    Ok(mut socket) => {
                        socket.get_ref().set_read_timeout(Some(Duration::from_millis(1500))).unwrap();
                        !is_silence(&socket.read().unwrap_err())
                    }
                    // The answer to the copy was there first.
                    Err(_) => true,
                };
                let (rules, _) = found_in(model, &found, lines);
                let said: &[&str] = if is_closed { &["websocket-unreachable"] } else { &[] };
                assert_eq!(is_closed, *name == "copied", "{nginx:?}: {name}");
                assert_eq!(rules, said, "{nginx:?}: {name}");
            }
        });
    }
}

/// Whether nothing has come for as long as was waited.
fn is_silence(error: &tungstenite::Error) -> bool {
    matches!(error, tungstenite::Error::Io(error)
        if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut))
}

#[test]
fn an_older_nginx_does_not_start_with_http2() {
    for nginx in real::all() {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root: PathBuf = directory.path().join("nginx.conf");
        let place = Place { directory: directory.path(), port: free_ports(1)[0], echo: 9, version: nginx.version };
        let server = format!("server {{ location /ws/ {{ proxy_pass http://plain; {GOOD} }} }}").replace("1.1", "2");
        std::fs::write(&root, format!("{}    {server}\n}}\n", head(place))).unwrap();
        let is_accepted = nginx.test(&root).is_accepted;
        let said = with_model(&root, nginx.version, |model| {
            let found = findings(model, &["websocket-http-version"]);
            found.iter().map(|finding| finding.message.contains("does not start")).collect::<Vec<_>>()
        });
        assert_eq!(said, [!is_accepted], "{nginx:?}");
    }
}

/// How long a socket over which nobody sends anything stays open; 504 instead of 101 where there is no time at all.
#[test]
fn proxy_read_timeout_ends_a_quiet_socket() {
    let echo = Echo::start();
    for nginx in real::all() {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root: PathBuf = directory.path().join("nginx.conf");
        let port = free_ports(1)[0];
        let place = Place { directory: directory.path(), port, echo: echo.port, version: nginx.version };
        let mut text = head(place);
        let times = [
            ("read", "proxy_read_timeout 1s;", true),
            ("send", "proxy_send_timeout 1s; send_timeout 1s; client_body_timeout 1s; keepalive_timeout 1s;", false),
            ("never", "proxy_read_timeout 0;", true),
        ];
        for (name, time, _) in times {
            writeln!(text, "    server {{\n        listen 127.0.0.1:{port};\n        server_name {name}.test;")
                .unwrap();
            writeln!(text, "        location /ws/ {{ proxy_pass http://plain; {GOOD} {time} }}\n    }}").unwrap();
        }
        text.push_str("}\n");
        std::fs::write(&root, &text).unwrap();
        let _running = nginx.start(&root, port).unwrap_or_else(|log| panic!("{nginx:?}: {log}\n{text}"));
        for (name, _, ends) in times {
            let mut socket = match open(port, &format!("{name}.test"), "/ws/", CONNECTIONS[0]) {
                Ok(socket) => socket,
                Err(error) => {
                    assert!(name == "never" && error.contains("504"), "{nginx:?}: {name}: {error}");
                    continue;
                }
            };
            socket.get_ref().set_read_timeout(Some(Duration::from_millis(2500))).unwrap();
            let error = socket.read().unwrap_err();
            assert_eq!(!is_silence(&error), ends, "{nginx:?}: {name}: {error}");
        }
    }
}
