//! Generated configurations: servers on a few sockets, plain and TLS.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ngxlint::nginx::NginxVersion;

use super::locations::Writer;
use super::words::MAPS;
use crate::names::{CERTIFICATES, NAMES};
use crate::random::Random;
use crate::real::Nginx;

/// Groups of servers, each on a port of its own.
pub(crate) const GROUPS: usize = 10;

/// What is the same for all servers of a configuration.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) directory: PathBuf,
    pub(crate) version: NginxVersion,
    /// What loads headers-more; `None` where this nginx has no such module.
    pub(crate) headers_more: Option<String>,
    pub(crate) has_ipv6: bool,
    /// The upstream's port, which is no nginx's.
    pub(crate) upstream: u16,
    /// The port that is open when nginx has started.
    pub(crate) ready: u16,
    pub(crate) ports: Vec<u16>,
}

/// What nginx's own files need, and a server that tells when it has started; every variable that generated servers use is set in it.
pub(crate) fn surrounded(surroundings: &Surroundings, http: &str, servers: &str) -> String {
    let Surroundings { directory, ready, headers_more, .. } = surroundings;
    let path = directory.display();
    let load = headers_more.as_deref().unwrap_or_default();
    let mut text = format!(
        "{load}worker_processes 1;\nerror_log {path}/error.log crit;\nevents {{ worker_connections 512; }}\nhttp {{\naccess_log off;\n"
    );
    for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "{name}_temp_path {path}/{name};").unwrap();
    }
    writeln!(text, "server_names_hash_bucket_size 128;\nvariables_hash_bucket_size 128;").unwrap();
    text.push_str(http);
    text.push_str(servers);
    // nginx opens its sockets in this order: when the last one is open, all are.
    writeln!(
        text,
        "server {{ listen 127.0.0.1:{ready}; set $v1 1; set $v2 2; set $v3 3; set $scheme_x 4; return 204; }}"
    )
    .unwrap();
    text.push_str("}\n");
    text
}

/// A configuration that nginx accepts.
pub(crate) fn generate(random: &mut Random, nginx: &Nginx, surroundings: &Surroundings, root: &Path) -> String {
    let accepted = |http: &str, servers: &[String]| {
        let text = surrounded(surroundings, http, &servers.concat());
        std::fs::write(root, &text).unwrap();
        (nginx.test(root), text)
    };
    let mut writer = Writer::new(random, surroundings);
    let http = loop {
        let http = http_level(&mut writer);
        if accepted(&http, &[]).0.is_accepted {
            break http;
        }
    };
    let mut servers: Vec<String> = Vec::new();
    for &port in &surroundings.ports {
        servers.extend(group(&mut writer, port));
    }
    let before = surrounded(surroundings, &http, "").lines().count() - 2;
    loop {
        let (verdict, text) = accepted(&http, &servers);
        if verdict.is_accepted {
            return text;
        }
        let line = verdict.refusal.as_ref().and_then(|refusal| refusal.line);
        let line = line.unwrap_or_else(|| panic!("{}\n{text}", verdict.text)).saturating_sub(before + 1);
        let mut end = 0;
        let refused = servers.iter().position(|server| {
            end += server.lines().count();
            line < end
        });
        servers.remove(refused.unwrap_or_else(|| panic!("the refusal is of a server: {}", verdict.text)));
    }
}

fn http_level(writer: &mut Writer<'_>) -> String {
    let mut text = String::new();
    for (by, made, entries) in MAPS {
        let mut used: Vec<&str> = Vec::new();
        write!(text, "map {by} {made} {{").unwrap();
        for _ in 0..2 + writer.random.below(entries.len()) {
            let entry = writer.random.pick(entries);
            let key = entry.split(' ').next().unwrap_or_default();
            if !used.iter().any(|used| used.eq_ignore_ascii_case(key)) {
                used.push(key);
                write!(text, " {entry};").unwrap();
            }
        }
        text.push_str(" }\n");
    }
    let client = writer.random.pick(&[
        "default 0; 127.0.0.0/8 1; ::1/128 six",
        "127.0.0.1 x; 127.0.0.2 y",
        "default z; 10.0.0.0/8 ten",
    ]);
    writeln!(text, "geo $by_client {{ {client}; }}\nsplit_clients $host $all_to_one {{ * one; }}").unwrap();
    let passwords = super::site::PASSWORDS;
    writeln!(text, "auth_basic_user_file {passwords};").unwrap();
    let upstream = writer.surroundings.upstream;
    writeln!(text, "upstream up {{ server 127.0.0.1:{upstream}; }}").unwrap();
    writer.text.clear();
    writer.level = 0;
    if !writer.random.once_in(3) {
        writer.line("root site");
    }
    if writer.random.once_in(3) {
        writer.add_headers();
    }
    if writer.random.once_in(4) {
        writer.error_pages();
    }
    if writer.random.once_in(3) {
        writer.settings();
    }
    if writer.random.once_in(8) {
        writer.indexes();
    }
    text + &std::mem::take(&mut writer.text)
}

/// Servers on the sockets of one port.
fn group(writer: &mut Writer<'_>, port: u16) -> Vec<String> {
    let random = &mut *writer.random;
    let is_tls = random.once_in(2);
    let mut addresses = vec![random.pick(&["", "127.0.0.1:", "*:"]).to_owned() + &port.to_string()];
    addresses.push(format!("127.0.0.2:{port}"));
    if writer.surroundings.has_ipv6 {
        addresses.push(format!("[::1]:{port}"));
    }
    let mut has_default = vec![false; addresses.len()];
    let tls: Vec<bool> = addresses.iter().map(|_| is_tls && !random.once_in(6)).collect();
    let few = [2, 4, 8, NAMES.len()][random.below(4)];
    let offset = random.below(NAMES.len());
    let mut servers = Vec::new();
    for server in 0..1 + random.below(5) {
        let random = &mut *writer.random;
        let mut head = String::from("server {\n");
        let mut listens = 0;
        for (number, address) in addresses.iter().enumerate() {
            // The first server of a TLS group has a certificate that others can borrow.
            if !(number == 0 && server == 0) && random.once_in(2) && !(number == 1 && listens == 0) {
                continue;
            }
            listens += 1;
            let is_default = !has_default[number] && random.once_in(6);
            has_default[number] |= is_default;
            let default = if is_default { random.pick(&[" default_server", " default"]) } else { "" };
            // `ssl` of one server counts for all of the socket; not all have to say it.
            let ssl = if tls[number] && !random.once_in(5) { " ssl" } else { "" };
            writeln!(head, "    listen {address}{default}{ssl};").unwrap();
        }
        for _ in 0..random.below(3) {
            let names = (0..1 + random.below(3)).map(|_| NAMES[(offset + random.below(few)) % NAMES.len()]);
            writeln!(head, "    server_name {};", names.collect::<Vec<_>>().join(" ")).unwrap();
        }
        if is_tls {
            certificate(random, server, &mut head);
        }
        writer.text = head;
        writer.level = 1;
        writer.server();
        writer.text.push_str("}\n");
        servers.push(std::mem::take(&mut writer.text));
    }
    servers
}

fn certificate(random: &mut Random, server: usize, text: &mut String) {
    if random.once_in(10) {
        text.push_str("    ssl_reject_handshake on;\n");
    }
    if server == 0 || !random.once_in(4) {
        let certificate = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pki").join(random.pick(CERTIFICATES));
        let certificate = certificate.display();
        writeln!(text, "    ssl_certificate {certificate}.pem;\n    ssl_certificate_key {certificate}.key;").unwrap();
    }
}
