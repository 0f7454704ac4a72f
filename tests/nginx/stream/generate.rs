//! Generated configurations of `stream` in front of `http`. Connections only go to ports further up, so that none goes in
//! a circle.

use std::fmt::Write as _;
use std::path::Path;

use ngxlint::nginx::NginxVersion;

use crate::names::pki;
use crate::random::Random;

/// Ports of one configuration.
pub(crate) const PORTS: usize = STREAM + HTTP + 1;

const STREAM: usize = 14;
const HTTP: usize = 6;

/// `stream` shares sockets, and has `pass`, from here on.
const SHARED_SINCE: NginxVersion = NginxVersion::new(1, 25, 5);

/// All with keys of an elliptic curve, which are fast.
pub(crate) const CERTIFICATES: &[&str] = &[
    "shop.example",
    "api.shop.example",
    "other.example",
    "blog.example",
    "wildcard.shop.example",
    "star.shop.example",
];

/// Keys of maps without `hostnames`, and server names.
const EXACT: &[&str] = &["a.test", "www.a.test", "b.test", "www.b.test", "api.b.test", "x.test", "A.test", "\"\""];

/// The same with it.
const WILDCARDS: &[&str] = &["*.a.test", ".a.test", "*.test", "www.*", ".b.test", "*.b.test", "*.www.a.test"];

const REGEXES: &[&str] = &[
    "~^www\\.",
    "~*^WWW\\.A",
    "~^(?<sub>[a-z]+)\\.a\\.test$",
    "~^(www|api)\\.b\\.test$",
    "~test$",
    "~.",
    "~^a",
    "~^(?<sub>a|b)\\.test$",
];

/// What a greeting says of protocols, as the keys of a map.
const PROTOCOLS: &[&str] = &["~\\bh2\\b", "h2,http/1.1", "~acme", "TLSv1.3", "TLSv1.2", "\"\"", "http/1.1"];

/// The ports of a configuration: those of `stream`, those of `http`, and one that is open when nginx has started.
pub(crate) struct Ports {
    pub(crate) stream: Vec<u16>,
    http: Vec<u16>,
    pub(crate) ready: u16,
}

impl Ports {
    pub(crate) fn new(free: &[u16]) -> Ports {
        let (stream, rest) = free.split_at(STREAM);
        let (http, ready) = rest.split_at(HTTP);
        Ports { stream: stream.to_vec(), http: http.to_vec(), ready: ready[0] }
    }
}

/// Whether the socket of a port wants the PROXY protocol of its clients.
pub(crate) fn expects_header(text: &str, port: u16) -> bool {
    let stream = text.split_once("stream {").map_or("", |(_, stream)| stream);
    let listens = stream.lines().filter_map(|line| line.trim().strip_prefix("listen ")?.strip_suffix(';'));
    let mut of_port = listens.filter(|listen| {
        let address = listen.split(' ').next().unwrap();
        address.rsplit(':').next().unwrap() == port.to_string()
    });
    of_port.any(|listen| listen.contains(" proxy_protocol"))
}

struct Generator<'g> {
    random: &'g mut Random,
    ports: &'g Ports,
    version: NginxVersion,
    directory: &'g Path,
    text: String,
}

/// A configuration; nginx may refuse it.
pub(crate) fn generate(
    random: &mut Random,
    load: &str,
    ports: &Ports,
    version: NginxVersion,
    directory: &Path,
) -> String {
    let mut generator = Generator { random, ports, version, directory, text: String::new() };
    generator.text.push_str(load);
    generator.text.push_str("worker_processes 1;\nevents {\n    worker_connections 512;\n}\n");
    generator.http();
    generator.stream();
    generator.text
}

impl Generator<'_> {
    fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").unwrap();
    }

    fn certificate(&mut self) {
        let certificate = pki().join(self.random.pick(CERTIFICATES));
        let certificate = certificate.display();
        self.line(&format!("        ssl_certificate {certificate}.pem;"));
        self.line(&format!("        ssl_certificate_key {certificate}.key;"));
    }

    fn names(&mut self) {
        let words: Vec<&str> = (0..1 + self.random.below(3))
            .map(|_| match self.random.below(5) {
                0 => self.random.pick(WILDCARDS),
                1 => self.random.pick(&["\"~^www\"", "\"~^(?<sub>[a-z]+)\\.b\"", "\"~A\\.TEST$\""]),
                _ => self.random.pick(EXACT),
            })
            .collect();
        self.line(&format!("        server_name {};", words.join(" ")));
    }

    fn http(&mut self) {
        self.line("http {\n    access_log off;\n    server_names_hash_bucket_size 128;");
        let path = self.directory.display().to_string();
        for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            self.line(&format!("    {name}_temp_path {path}/{name};"));
        }
        let mut count = 0;
        for place in 0..self.ports.http.len() + 2 {
            let address = match self.ports.http.get(place) {
                Some(port) if self.random.once_in(3) => format!("{port}"),
                Some(port) => format!("127.0.0.1:{port}"),
                None => format!("unix:{path}/{}.sock", place - self.ports.http.len()),
            };
            let ssl = if self.random.once_in(8) { "" } else { " ssl" };
            let header = if self.random.once_in(5) { " proxy_protocol" } else { "" };
            for number in 0..1 + self.random.below(3) {
                self.line("    server {");
                let default = if number == 1 && self.random.once_in(4) { " default_server" } else { "" };
                self.line(&format!("        listen {address}{ssl}{header}{default};"));
                if !self.random.once_in(5) {
                    self.names();
                }
                if self.random.once_in(10) {
                    self.line("        ssl_reject_handshake on;");
                }
                if number == 0 || !self.random.once_in(6) {
                    self.certificate();
                }
                self.line(&format!("        return 302 /server-{count};\n    }}"));
                count += 1;
            }
        }
        let ready = self.ports.ready;
        self.line(&format!("    server {{\n        listen 127.0.0.1:{ready};\n        return 204;\n    }}\n}}"));
    }

    /// An address that a connection to the socket `from` of `stream` may go to.
    fn address(&mut self, from: usize) -> String {
        let path = self.directory.display().to_string();
        let port = match self.random.below(10) {
            0 => return format!("unix:{path}/{}.sock", self.random.below(2)),
            1..=3 if from + 1 < self.ports.stream.len() => {
                let further = self.ports.stream.len() - from - 1;
                self.ports.stream[from + 1 + self.random.below(further)]
            }
            _ => self.ports.http[self.random.below(self.ports.http.len())],
        };
        match self.random.below(30) {
            0 => format!("127.0.0.2:{port}"),
            1 => "127.0.0.1:1".to_owned(),
            _ => format!("127.0.0.1:{port}"),
        }
    }

    /// The value of a map; further maps have lower numbers.
    fn value(&mut self, map: usize, from: usize) -> String {
        match self.random.below(14) {
            0 if map > 0 => format!("$m{}", self.random.below(map)),
            1 => "one".to_owned(),
            2 => "TWO".to_owned(),
            3 => "\"\"".to_owned(),
            4 if self.random.once_in(2) => "127.0.0.1".to_owned(),
            // No group, no port, and a name for which there is no resolver.
            4 => self.random.pick(&["won", "127.0.0.1:99999", "localhost:1"]).to_owned(),
            5 if self.random.once_in(2) => "$sub".to_owned(),
            _ => self.address(from),
        }
    }

    fn map(&mut self, number: usize, from: usize) {
        let kind = self.random.below(12);
        let source = match kind {
            0 => "$ssl_preread_alpn_protocols".to_owned(),
            1 => "$ssl_preread_protocol".to_owned(),
            2 | 3 => "$ssl_server_name".to_owned(),
            4 if number > 0 => format!("$m{}", self.random.below(number)),
            5 => "\"$ssl_preread_server_name$ssl_server_name\"".to_owned(),
            6 => "\"$ssl_preread_server_name:$server_port\"".to_owned(),
            7 => "$x".to_owned(),
            _ => "$ssl_preread_server_name".to_owned(),
        };
        self.line(&format!("    map {source} $m{number} {{"));
        let has_hostnames = self.random.once_in(2);
        if has_hostnames {
            self.line("        hostnames;");
        }
        if self.random.once_in(8) {
            self.line("        volatile;");
        }
        let mut keys: Vec<String> = Vec::new();
        for _ in 0..1 + self.random.below(6) {
            let key = match (kind, self.random.below(6)) {
                (0 | 1, _) => self.random.pick(PROTOCOLS).to_owned(),
                (4, 0 | 1) => "one".to_owned(),
                (6, _) => {
                    let port = self.ports.stream[self.random.below(self.ports.stream.len())];
                    format!("{}:{port}", self.random.pick(&["a.test", "www.a.test", "b.test"]))
                }
                (_, 0) => self.random.pick(REGEXES).to_owned(),
                (_, 1 | 2) if has_hostnames => self.random.pick(WILDCARDS).to_owned(),
                _ => self.random.pick(EXACT).to_owned(),
            };
            // nginx refuses a name twice, and one that a wildcard has already.
            let base = |key: &str| key.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase();
            if !keys.iter().any(|known| base(known) == base(&key)) {
                keys.push(key);
            }
        }
        if !self.random.once_in(5) {
            keys.push("default".to_owned());
        }
        for key in keys {
            let value = self.value(number, from);
            let key = if key.contains(['{', '(']) || key.starts_with('~') { format!("\"{key}\"") } else { key };
            self.line(&format!("        {key} {value};"));
        }
        self.line("    }");
    }

    fn stream(&mut self) {
        self.line("stream {\n    proxy_connect_timeout 1s;\n    preread_timeout 1s;");
        if self.version >= SHARED_SINCE {
            self.line("    server_names_hash_bucket_size 128;");
        }
        if self.random.once_in(3) {
            self.line("    ssl_preread on;");
        }
        if self.random.once_in(12) {
            self.line("    proxy_protocol on;");
        }
        let last = self.ports.stream.len() - 1;
        for (name, count) in [("one", 1), ("two", 2), ("www", 1), ("a", 1)] {
            self.line(&format!("    upstream {name} {{"));
            for _ in 0..count {
                let address = self.address(last);
                self.line(&format!("        server {address};"));
            }
            self.line("    }");
        }
        // Maps lead to ports above all servers that ask them.
        let maps = 8;
        for number in 0..maps {
            self.map(number, last / 2);
        }
        for place in 0..self.ports.stream.len() {
            self.socket(place, if place <= last / 2 { maps } else { 0 });
        }
        // The variables that others may ask for.
        let path = self.directory.display().to_string();
        self.line("    map $ssl_preread_server_name $declared {\n        \"~^(?<sub>never)$\" x;\n    }");
        self.line(&format!(
            "    server {{\n        listen unix:{path}/9.sock;\n        set $x none;\n        return text;\n    }}\n}}"
        ));
    }

    fn socket(&mut self, place: usize, maps: usize) {
        let port = self.ports.stream[place];
        let address = if self.random.once_in(4) { format!("127.0.0.1:{port}") } else { format!("{port}") };
        let ssl = if self.random.once_in(4) { " ssl" } else { "" };
        let header = if self.random.once_in(6) { " proxy_protocol" } else { "" };
        let servers = if self.version >= SHARED_SINCE && self.random.once_in(4) { 2 + self.random.below(2) } else { 1 };
        let prereads = ssl.is_empty() && !self.random.once_in(4);
        for number in 0..servers {
            self.line("    server {");
            let default = if number == 1 && self.random.once_in(4) { " default_server" } else { "" };
            self.line(&format!("        listen {address}{ssl}{header}{default};"));
            if self.version >= SHARED_SINCE && (number > 0 || self.random.once_in(8)) {
                self.names();
            }
            if prereads && !self.random.once_in(6) {
                self.line("        ssl_preread on;");
            } else if self.random.once_in(10) {
                let flag = self.random.pick(&["on", "off"]);
                self.line(&format!("        ssl_preread {flag};"));
            }
            if !ssl.is_empty() && (number == 0 || !self.random.once_in(5)) {
                self.certificate();
            }
            if !ssl.is_empty() && self.version >= SHARED_SINCE && self.random.once_in(8) {
                self.line("        ssl_reject_handshake on;");
            }
            if self.random.once_in(6) {
                let flag = self.random.pick(&["on", "off"]);
                self.line(&format!("        proxy_protocol {flag};"));
            }
            if self.random.once_in(16) {
                self.line("        proxy_ssl on;");
            }
            self.handler(place, maps);
            self.line("    }");
        }
    }

    fn handler(&mut self, place: usize, maps: usize) {
        if maps > 0 && self.random.once_in(8) {
            let source = match self.random.below(4) {
                0 => "$ssl_preread_server_name".to_owned(),
                1 => format!("$m{}", self.random.below(maps)),
                2 => "$ssl_server_name".to_owned(),
                _ => self.address(place),
            };
            self.line(&format!("        set $x {source};"));
        }
        let target = match self.random.below(8) {
            0..=4 if maps > 0 => format!("$m{}", self.random.below(maps)),
            5 if maps > 0 => "$x".to_owned(),
            6 => "one".to_owned(),
            _ => self.address(place),
        };
        if self.random.once_in(20) {
            return self.line("        return text;");
        }
        let passes = self.version >= SHARED_SINCE && self.random.once_in(4) && target != "one";
        self.line(&format!("        {} {target};", if passes { "pass" } else { "proxy_pass" }));
        if self.random.once_in(30) {
            self.line("        return text;");
        }
    }
}
