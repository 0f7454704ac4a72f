//! Configurations with upstreams over TLS.

use std::fmt::Write as _;
use std::path::Path;

use super::authority::{Authority, PRESENTED};
use crate::random::Random;
use crate::real::{Nginx, free_ports};
use crate::selection::has_ipv6;

/// Sockets of upstreams, front servers with their locations, and front servers of `stream`.
const SOCKETS: usize = 10;
const SERVERS: usize = 4;
const LOCATIONS: usize = 45;
const STREAMS: usize = 24;

const SERVER_NAMES: &[&str] =
    &["a.test", "www.b.test", "*.b.test", "pool", ".pool.test", "localhost", "127.0.0.1", "_"];

/// What `…_ssl_name` says; `$constant`, `$upstream` and `$named` are set.
const NAMES: &[&str] = &[
    "a.test",
    "A.Test",
    "a.test:8443",
    "a.test.",
    "www.b.test",
    "w.b.test",
    "b.test",
    "pool",
    "pool.test",
    "127.0.0.1",
    "10.0.0",
    "[::1]",
    "\"\"",
    "/x",
    ".b.test",
    "$proxy_host",
    "$constant",
    "$named",
];

/// A pass, and how it is asked.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) port: u16,
    pub(super) path: String,
    /// The line of the pass.
    pub(super) line: usize,
    pub(super) is_uwsgi: bool,
}

#[derive(Debug)]
pub(super) struct Generated {
    pub(super) text: String,
    pub(super) fronts: Vec<Front>,
    /// A port that tells when nginx has started.
    pub(super) ready: u16,
}

struct Generator<'r> {
    random: &'r mut Random,
    directory: &'r Path,
    authority: &'r Authority,
    text: String,
    /// The ports of the upstreams.
    ports: Vec<u16>,
    fronts: Vec<Front>,
}

/// Writes a line of the configuration.
macro_rules! line {
    ($generator:expr, $($text:tt)*) => { writeln!($generator.text, $($text)*).unwrap() };
}

impl Generator<'_> {
    /// Settings of a module on a level; `$` in names only where the variables are set.
    fn settings(&mut self, prefix: &str, often: usize, has_variables: bool) {
        let directory = self.directory.display().to_string();
        let mut lines = Vec::new();
        if self.random.once_in(often - 1) {
            lines.push(format!("server_name {}", self.random.pick(&["on", "on", "on", "off"])));
        }
        if self.random.once_in(often + 1) {
            let name = self.random.pick(NAMES);
            // $proxy_host is of the proxy module of http.
            let is_possible = !name.contains('$') || has_variables && (prefix == "proxy" || *name != *"$proxy_host");
            lines.push(format!("name {}", if is_possible { name } else { "a.test" }));
        }
        if self.random.once_in(often) {
            lines.push(format!("verify {}", self.random.pick(&["on", "off"])));
        }
        if self.random.once_in(often + 2) {
            lines.push(format!("verify_depth {}", self.random.below(4)));
        }
        if self.random.once_in(often) {
            let trusted = self.authority.trusted();
            let at = if !self.random.once_in(3) { 0 } else { self.random.below(trusted.len()) };
            lines.push(format!("trusted_certificate {directory}/{}.pem", trusted[at]));
        }
        if self.random.once_in(often * 5) {
            lines.push(format!("protocols {}", self.random.pick(&["TLSv1.2", "TLSv1.3", "TLSv1.2 TLSv1.3"])));
        }
        if self.random.once_in(often * 3) {
            lines.push(format!("session_reuse {}", self.random.pick(&["on", "off"])));
        }
        for setting in lines {
            line!(self, "        {prefix}_ssl_{setting};");
        }
    }

    fn upstreams(&mut self) {
        for port in self.ports.clone() {
            let is_plain = self.random.once_in(12);
            let proxied = if self.random.once_in(15) { " proxy_protocol" } else { "" };
            let protocols = self.random.pick(&["", "", "", "", "", "", "TLSv1.2", "TLSv1.3"]);
            for number in 0..1 + self.random.below(3) {
                line!(self, "    server {{");
                // nginx of this age knows no `http2 on;`, and grpc_pass wants HTTP/2.
                let options = if is_plain { "" } else { " ssl http2" };
                let options = format!("{options}{proxied}");
                line!(self, "        listen 127.0.0.1:{port}{options};");
                if has_ipv6() {
                    line!(self, "        listen [::1]:{port}{options};");
                }
                line!(self, "        listen unix:{}/{port}.sock{options};", self.directory.display());
                if number > 0 || self.random.once_in(2) {
                    line!(self, "        server_name {};", self.random.pick(SERVER_NAMES));
                }
                if self.random.once_in(9) {
                    line!(self, "        ssl_reject_handshake on;");
                }
                if !protocols.is_empty() {
                    line!(self, "        ssl_protocols {protocols};");
                }
                let path = self.directory.join(self.random.pick(PRESENTED));
                let key = path.with_extension("key");
                line!(self, "        ssl_certificate {}.pem;", path.display());
                line!(self, "        ssl_certificate_key {};", key.display());
                line!(self, "        add_header X-SNI \"[$ssl_server_name]\" always;\n        return 200;\n    }}");
            }
        }
    }

    fn group(&mut self, name: &str) {
        line!(self, "    upstream {name} {{");
        for _ in 0..1 + self.random.below(2) {
            let port = self.port();
            // One that has failed is asked again by the next.
            line!(self, "        server 127.0.0.1:{port} max_fails=0;");
        }
        line!(self, "    }}");
    }

    fn port(&mut self) -> u16 {
        self.ports[self.random.below(self.ports.len())]
    }

    /// The upstream of a pass, and the `set` that it needs.
    fn target(&mut self, groups: &[&str], has_variables: bool) -> (String, Option<String>) {
        let port = self.port();
        match self.random.below(12) {
            0 | 1 => (self.random.pick(groups).to_owned(), None),
            2 if has_ipv6() => (format!("[::1]:{port}"), None),
            3 => (format!("unix:{}/{port}.sock", self.directory.display()), None),
            4 => (format!("localhost:{port}"), None),
            5 if has_variables => ("$target".to_owned(), Some(format!("set $target 127.0.0.1:{port};"))),
            6 if has_variables => {
                let group = self.random.pick(groups);
                ("$target".to_owned(), Some(format!("set $part {group}; set $target $part;")))
            }
            _ => (format!("127.0.0.1:{port}"), None),
        }
    }

    fn location(&mut self, port: u16, number: usize) {
        let (pass, prefix, scheme) = match self.random.below(10) {
            0 => ("grpc_pass", "grpc", "grpcs"),
            1 => ("uwsgi_pass", "uwsgi", "suwsgi"),
            2 => ("proxy_pass", "proxy", "http"),
            _ => ("proxy_pass", "proxy", "https"),
        };
        let (target, set) = self.target(&["pool", "a.test", "back_end"], true);
        // Plain passes with variables are not followed.
        let (target, set) = if scheme == "http" { (format!("127.0.0.1:{}", self.port()), None) } else { (target, set) };
        // Of these only proxy_pass stands in limit_except.
        let form = self.random.below(8) + usize::from(prefix != "proxy") * 3;
        let path = if form == 0 { format!("/{number}/x") } else { format!("/{number}") };
        if form == 0 {
            line!(self, "        location /{number}/ {{");
            self.settings(prefix, 4, true);
        }
        line!(self, "        location = {path} {{");
        line!(self, "        set $constant a.test;");
        if let Some(set) = set {
            line!(self, "        {set}");
        }
        self.settings(prefix, 3, true);
        match form {
            1 => line!(self, "        if ($uri) {{"),
            2 => line!(self, "        limit_except POST {{"),
            _ => {}
        }
        line!(self, "        {pass} {scheme}://{target};");
        let line = self.text.lines().count();
        self.fronts.push(Front { port, path, line, is_uwsgi: prefix == "uwsgi" });
        for _ in 0..usize::from(form < 3) {
            line!(self, "        }}");
        }
        line!(self, "        }}");
    }

    fn stream(&mut self, ports: &[u16]) {
        line!(self, "stream {{");
        line!(self, "        proxy_ssl_trusted_certificate {}/t-all.pem;", self.directory.display());
        self.group("pool");
        self.group("back_end");
        for &port in ports {
            line!(self, "    server {{\n        listen 127.0.0.1:{port};\n        proxy_ssl on;");
            if self.random.once_in(8) {
                line!(self, "        proxy_protocol on;");
            }
            self.settings("proxy", 3, false);
            let (target, _) = self.target(&["pool", "back_end"], false);
            line!(self, "        proxy_pass {target};");
            let line = self.text.lines().count();
            self.fronts.push(Front { port, path: "/".to_owned(), line, is_uwsgi: false });
            line!(self, "    }}");
        }
        line!(self, "}}");
    }
}

pub(super) fn generate(random: &mut Random, nginx: &Nginx, directory: &Path, authority: &Authority) -> Generated {
    let mut ports = free_ports(1 + SOCKETS + SERVERS + STREAMS);
    let ready = ports.remove(0);
    let streams = ports.split_off(SOCKETS + SERVERS);
    let fronts = ports.split_off(SOCKETS);
    let path = directory.display();
    let mut generator = Generator { random, directory, authority, text: String::new(), ports, fronts: Vec::new() };
    for port in &generator.ports {
        // Sockets of an earlier run.
        let _ = std::fs::remove_file(directory.join(format!("{port}.sock")));
    }
    let has_stream = nginx.loads_stream();
    generator.text.push_str(has_stream.as_deref().unwrap_or_default());
    line!(generator, "worker_processes 1;\nevents {{ worker_connections 1024; }}\nhttp {{\n    access_log off;");
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        line!(generator, "    {kind}_temp_path {path}/{kind};");
    }
    // A session that is resumed has the verdict of the pass that began it.
    line!(generator, "    ssl_session_tickets off;\n    ssl_session_cache off;");
    line!(generator, "    server {{ listen 127.0.0.1:{ready}; }}");
    for prefix in ["proxy", "grpc", "uwsgi"] {
        line!(generator, "        {prefix}_ssl_trusted_certificate {path}/t-all.pem;");
    }
    for name in ["pool", "a.test", "back_end"] {
        generator.group(name);
    }
    generator.upstreams();
    for (number, port) in fronts.iter().enumerate() {
        line!(generator, "    server {{\n        listen 127.0.0.1:{port};\n        set $named www.b.test;");
        for prefix in ["proxy", "grpc", "uwsgi"] {
            generator.settings(prefix, 4, false);
        }
        for location in 0..LOCATIONS {
            generator.location(*port, number * LOCATIONS + location);
        }
        line!(generator, "    }}");
    }
    line!(generator, "}}");
    if has_stream.is_some() {
        generator.stream(&streams);
    }
    Generated { text: generator.text, fronts: generator.fronts, ready }
}
