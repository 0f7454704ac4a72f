//! Sites with locations for WebSocket, right and wrong in all the ways that the headers can be.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use ngxlint::nginx::NginxVersion;

use crate::random::Random;

/// What is asked for.
pub(crate) const PATHS: [&str; 3] = ["/ws/x", "/ws/", "/other"];

/// `proxy_http_version 2`: nginx's CHANGES.
const HTTP2_SINCE: NginxVersion = NginxVersion::new(1, 29, 4);

/// What a generated configuration runs with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'d> {
    pub(crate) directory: &'d Path,
    pub(crate) port: u16,
    pub(crate) echo: u16,
    pub(crate) version: NginxVersion,
}

/// A server, and the lines that are there for it.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) host: String,
    pub(crate) lines: Range<usize>,
    /// Whether nothing but its headers, version and the like decides on the handshakes for `/ws/x`, all of which are
    /// seen in its lines.
    pub(crate) is_plain: bool,
}

/// The head of a configuration, up to the first server.
pub(crate) fn head(place: Place<'_>) -> String {
    let path = place.directory.display();
    let (port, echo) = (place.port, place.echo);
    format!(
        "worker_processes 1;\nevents {{ worker_connections 512; }}\nhttp {{\n    access_log off;\n    \
         client_body_temp_path {path}/body;\n    proxy_temp_path {path}/proxy;\n    fastcgi_temp_path {path}/fastcgi;\n    \
         uwsgi_temp_path {path}/uwsgi;\n    scgi_temp_path {path}/scgi;\n    server_names_hash_max_size 4096;\n    \
         variables_hash_max_size 4096;\n    proxy_headers_hash_max_size 1024;\n    proxy_cache_path {path}/cache keys_zone=pages:1m;\n    \
         upstream plain {{ server 127.0.0.1:{echo}; }}\n    \
         upstream kept {{ server 127.0.0.1:{echo}; keepalive 4; }}\n    \
         server {{ listen 127.0.0.1:{port} default_server; return 404; }}\n"
    )
}

/// A configuration of `count` sites.
pub(crate) fn generate(random: &mut Random, place: Place<'_>, count: usize) -> (String, Vec<Site>) {
    let mut text = head(place);
    let has_outer = random.once_in(3);
    if has_outer {
        // With the variables of the first site.
        settings(random, place, 0, "    ", true, &mut text);
    }
    let mut sites = Vec::new();
    for number in 0..count {
        let first = text.lines().count() + 1;
        let is_plain = site(random, place, number, &mut text) && !has_outer;
        let lines = first..text.lines().count() + 1;
        sites.push(Site { host: format!("a{number}.test"), lines, is_plain });
    }
    text.push_str("}\n");
    (text, sites)
}

fn site(random: &mut Random, place: Place<'_>, number: usize, text: &mut String) -> bool {
    let start = text.len();
    map(random, number, text);
    writeln!(text, "    server {{\n        listen 127.0.0.1:{};\n        server_name a{number}.test;", place.port)
        .unwrap();
    writeln!(text, "        set $c{number} \"\";").unwrap();
    if !random.once_in(3) {
        writeln!(text, "        if ($http_upgrade = websocket) {{\n            set $c{number} upgrade;\n        }}")
            .unwrap();
    }
    let inner = random.once_in(2);
    settings(random, place, number, "        ", inner, text);
    let mut is_plain = random.once_in(2);
    if !is_plain {
        barrier(random, number, "        ", text);
    }
    if is_plain {
        let matcher = random.pick(&["/ws/", "= /ws/x", "^~ /ws/", "~ ^/ws/", "~* ^/WS/"]);
        is_plain &= location(random, place, number, matcher, "        ", text);
    } else {
        let mut matchers = vec!["/ws/", "= /ws/x", "^~ /ws/x", "~ ^/ws/", "~ x$", "/", "/other", "~ ^/o", "/ws"];
        for _ in 0..=random.below(3) {
            let matcher = matchers.remove(random.below(matchers.len()));
            is_plain &= location(random, place, number, matcher, "        ", text);
        }
    }
    text.push_str("    }\n");
    // What a client may send in a header of its own is for nobody to know.
    is_plain && !text[start..].contains("http_x_y")
}

fn map(random: &mut Random, number: usize, text: &mut String) {
    let right = [
        ("$http_upgrade", "default upgrade; '' close;"),
        ("$http_upgrade", "default upgrade; '' '';"),
        ("$http_upgrade", "default keep-alive; websocket upgrade;"),
        ("$http_upgrade", "~*^websocket$ upgrade; default close;"),
        ("$http_connection", "~*upgrade upgrade; default close;"),
    ];
    let wrong = [
        ("$http_upgrade", "default close; '' upgrade;"),
        ("$http_upgrade", "'' close;"),
        ("$http_upgrade", "default $http_upgrade; '' close;"),
        ("$http_connection", "upgrade upgrade;"),
        ("$http_connection", "default close; '~keep-alive' upgrade;"),
        ("$request_method", "default close; websocket upgrade;"),
        ("$http_x_y", "default upgrade; '' close;"),
        ("$http_upgrade", "WebSocket upgrade; h2c close;"),
    ];
    let rows: &[(&str, &str)] = if random.once_in(3) { &wrong } else { &right };
    let (source, values) = rows[random.below(rows.len())];
    writeln!(text, "    map {source} $m{number} {{\n        {values}\n    }}").unwrap();
}

/// Headers, the version and what else matters at one level.
fn settings(random: &mut Random, place: Place<'_>, number: usize, indent: &str, is_likely: bool, text: &mut String) {
    let mut line = |line: &str| writeln!(text, "{indent}{line}").unwrap();
    if random.below(4) < if is_likely { 3 } else { 1 } {
        let (map, set) = (format!("$m{number}"), format!("$c{number}"));
        let count = std::cell::Cell::new(0);
        let mut header = |name: &str, value: &str| {
            count.set(count.get() + 1);
            line(&format!("proxy_set_header {name} {value};"));
        };
        if !random.once_in(12) {
            let value = match random.once_in(9) {
                false => random.pick(&["$http_upgrade", "websocket", "WebSocket", "\"$http_upgrade\""]),
                true => random.pick(&[
                    &*map,
                    "$connection",
                    "\"\"",
                    "upgrade",
                    "h2c",
                    "$http_connection",
                    &*set,
                    "$http_x_y",
                ]),
            };
            header("Upgrade", if value == "$connection" { "$http_connection" } else { value });
        }
        if !random.once_in(12) {
            let value = match random.once_in(9) {
                false => random.pick(&[
                    "upgrade",
                    "Upgrade",
                    "\"upgrade\"",
                    "\"keep-alive, Upgrade\"",
                    &*map,
                    &*map,
                    "$http_connection",
                ]),
                true => random.pick(&["close", "\"\"", "keep-alive", "$http_upgrade", &*set, "$http_x_y", "upgraded"]),
            };
            header("Connection", value);
        }
        if random.once_in(3) {
            header("Host", "$host");
        }
        if random.once_in(40) {
            header("Sec-WebSocket-Key", "\"\"");
        }
        if random.once_in(40) {
            header("Sec-WebSocket-Version", "8");
        }
        if count.get() == 0 || random.once_in(6) {
            header("X-Real-IP", "$remote_addr");
        }
    }
    if random.below(4) < if is_likely { 3 } else { 1 } {
        let version = match random.below(10) {
            0 => "1.0",
            1 if place.version >= HTTP2_SINCE => "2",
            _ => "1.1",
        };
        line(&format!("proxy_http_version {version};"));
    }
    let rare = [
        ["proxy_method POST;", "proxy_method GET;"][random.below(2)],
        "proxy_pass_request_headers off;",
        "proxy_hide_header Upgrade;",
        "proxy_hide_header Sec-WebSocket-Accept;",
        "proxy_pass_header Upgrade;",
        "proxy_hide_header Connection;",
        "proxy_buffering off;",
        "proxy_ignore_client_abort on;",
    ];
    for setting in rare {
        if random.once_in(60) {
            line(setting);
        }
    }
}

/// What stands before the locations, or in one before its handler; whether there is anything.
fn barrier(random: &mut Random, number: usize, indent: &str, text: &mut String) -> bool {
    let barriers = [
        "return 404;".to_owned(),
        "return 301 https://www.a.test$request_uri;".to_owned(),
        "rewrite ^/ws/(.*)$ /other/$1 last;".to_owned(),
        "rewrite ^/other$ /ws/x last;".to_owned(),
        "rewrite ^/ws/x$ /ws/y break;".to_owned(),
        format!("if ($http_upgrade = '') {{\n{indent}    return 403;\n{indent}}}"),
        format!("if ($http_upgrade) {{\n{indent}    return 403;\n{indent}}}"),
        format!("if ($http_upgrade ~* ^web) {{\n{indent}    set $c{number} upgrade;\n{indent}}}"),
    ];
    let is_there = random.once_in(5);
    if is_there {
        writeln!(text, "{indent}{}", barriers[random.below(barriers.len())]).unwrap();
    }
    is_there
}

/// Whether the location passes on all requests that it gets.
fn location(
    random: &mut Random,
    place: Place<'_>,
    number: usize,
    matcher: &str,
    indent: &str,
    text: &mut String,
) -> bool {
    writeln!(text, "{indent}location {matcher} {{").unwrap();
    let within = format!("{indent}    ");
    settings(random, place, number, &within, true, text);
    let mut is_plain = true;
    if random.once_in(8) {
        is_plain &= !barrier(random, number, &within, text);
    }
    if random.once_in(25) {
        is_plain = false;
        writeln!(text, "{within}limit_except POST {{\n{within}    deny all;\n{within}}}").unwrap();
    }
    let upstream = match random.below(5) {
        0 => format!("127.0.0.1:{}", place.echo),
        1 | 2 => "kept".to_owned(),
        _ => "plain".to_owned(),
    };
    let uri = if matcher.contains('~') || random.once_in(2) { "" } else { "/" };
    match random.below(12) {
        0 => {
            is_plain = false;
            writeln!(text, "{within}if ($http_upgrade = websocket) {{\n{within}    proxy_pass http://{upstream};\n{within}}}\n{within}return 200;").unwrap();
        }
        1 => {
            is_plain = false;
            writeln!(
                text,
                "{within}if ($http_connection ~ Upgrade) {{\n{within}    proxy_pass http://{upstream};\n{within}}}"
            )
            .unwrap();
        }
        _ => writeln!(text, "{within}proxy_pass http://{upstream}{uri};").unwrap(),
    }
    if matcher == "/ws/" && random.once_in(6) {
        is_plain = false;
        location(random, place, number, "/ws/x", &within, text);
    }
    writeln!(text, "{indent}}}").unwrap();
    is_plain
}
