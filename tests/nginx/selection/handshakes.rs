//! Which certificate is presented, and which server answers behind it.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ngxlint::model::{CertificateSource, InvalidHost, ListenSocket, Model, Server, Settled};

use super::{
    GROUPS, ODD_HOSTS, Tally, addresses, compare_conflicts, group, request, server_number, socket_of, start, surrounded,
};
use crate::names::{CERTIFICATES, HOSTS, pki};
use crate::question::with_model;
use crate::random::{Random, seeds};
use crate::real::{self, Nginx, free_ports};

/// Handshakes in one configuration; each starts an `openssl`.
const HANDSHAKES: usize = 120;

/// What a TLS client sees.
#[derive(Debug, PartialEq, Eq)]
enum Handshake {
    Rejected,
    /// The file of the certificate, and the server that answers.
    Done(Option<PathBuf>, Option<u32>),
}

/// The certificate's base64, by which files and handshakes are compared.
fn first_certificate(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("-----BEGIN CERTIFICATE-----")?;
    Some(rest.split_once("-----END")?.0.split_whitespace().collect())
}

fn handshake(address: SocketAddr, sni: Option<&str>, host: &str, known: &[(PathBuf, String)]) -> Handshake {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-ign_eof", "-connect", &address.to_string()]);
    match sni {
        Some(sni) => command.args(["-servername", sni]),
        None => command.arg("-noservername"),
    };
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("openssl is there");
    // Where the handshake fails nobody reads it.
    let _ = child.stdin.take().unwrap().write_all(request(Some(host)).as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let Some(presented) = first_certificate(&text) else { return Handshake::Rejected };
    let file = known.iter().find(|(_, certificate)| *certificate == presented).map(|(file, _)| file.clone());
    Handshake::Done(file, server_number(&text))
}

pub(crate) fn has_openssl() -> bool {
    let is_there = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("SKIPPED: there is no openssl on this machine, so no handshake is compared");
        assert!(std::env::var_os("CI").is_none(), "in CI an openssl has to be there");
    }
    is_there
}

/// What the model expects of a handshake.
fn expected_handshake(model: &Model<'_>, socket: &ListenSocket, sni: Option<&str>, host: &str) -> Settled<Handshake> {
    let Settled::Known(by_sni) = model.select_by_sni(socket, sni) else { return Settled::Unknown };
    let by_sni = by_sni.server;
    if by_sni.rejects_handshake {
        return Settled::Known(Handshake::Rejected);
    }
    let file = |server: &Server<'_>| match server.certificates.first().map(|used| &used.source) {
        Some(CertificateSource::File(path)) => Some(path.clone()),
        _ => None,
    };
    let answering = match model.select_by_host(socket, Some(host)) {
        Ok(Settled::Known(by_host)) => Some(by_host.server.id.0),
        Ok(Settled::Unknown) => return Settled::Unknown,
        Err(InvalidHost) => None,
    };
    Settled::Known(Handshake::Done(file(model.presenting_server(socket, by_sni.id)), answering))
}

#[test]
fn the_same_certificate_is_presented_for_a_name() {
    if !has_openssl() {
        return;
    }
    let known: Vec<(PathBuf, String)> = CERTIFICATES
        .iter()
        .map(|name| pki().join(format!("{name}.pem")))
        .map(|path| (path.clone(), first_certificate(&std::fs::read_to_string(path).unwrap()).unwrap()))
        .collect();
    for nginx in real::all() {
        let mut tally = Tally::default();
        for seed in seeds("sni") {
            let mut random = Random::new(seed);
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().join("nginx.conf");
            let ports = free_ports(GROUPS);
            let (mut servers, mut count) = (String::new(), 0);
            ports.iter().for_each(|&port| group(&mut random, port, true, &mut count, &mut servers));
            let text = surrounded(directory.path(), &servers);
            let text = without_some_certificates(nginx, &root, &mut random, text);
            let running = start(nginx, &root, &text, ports[0]);
            with_model(&root, nginx.version, |model| {
                compare_conflicts(model, &running.log(), &mut tally);
                let mut left = HANDSHAKES;
                while left > 0 {
                    let addresses = addresses(ports[random.below(ports.len())]);
                    let address = addresses[random.below(addresses.len())];
                    let Some(socket) = socket_of(model, address).filter(|socket| socket.is_tls) else { continue };
                    left -= 1;
                    let is_name = |host: &&str| {
                        !host.is_empty() && !host.contains(['[', ':', '/']) && host.parse::<IpAddr>().is_err()
                    };
                    let names: Vec<&str> = HOSTS.iter().chain(ODD_HOSTS).copied().filter(is_name).collect();
                    let sni = if random.once_in(8) { None } else { Some(random.pick(&names)) };
                    let host = sni.filter(|_| !random.once_in(3)).unwrap_or(random.pick(&names));
                    let expected = expected_handshake(model, socket, sni, host);
                    let found = handshake(address, sni, host, &known);
                    tally.compare(expected, &found, &format!("seed {seed}, {address}, SNI {sni:?}, Host {host}"));
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

#[test]
fn a_certificate_of_its_own_for_each_name() {
    if !has_openssl() {
        return;
    }
    const NAMES: &[&str] = &["shop.example", "API.shop.example", "blog.example", "news.blog.example"];
    for nginx in real::all() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("nginx.conf");
        let port = free_ports(1)[0];
        let pki = pki();
        let pki = pki.display();
        let servers = format!(
            "    server {{ listen {port} ssl; server_name _;\n        ssl_certificate {pki}/localhost.pem; \
             ssl_certificate_key {pki}/localhost.key; }}\n    server {{ listen {port} ssl; server_name {};\n        \
             ssl_certificate {pki}/${{ssl_server_name}}.pem; ssl_certificate_key {pki}/$ssl_server_name.key;\n        \
             return 200 \"server 1.\"; }}\n",
            NAMES.join(" ")
        );
        let text = surrounded(directory.path(), &servers);
        let _running = start(nginx, &root, &text, port);
        let mut tally = Tally::default();
        with_model(&root, nginx.version, |model| {
            let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
            let socket = socket_of(model, address).unwrap();
            for name in NAMES {
                let name = name.to_ascii_lowercase();
                let server = model.select_by_sni(socket, Some(&name)).known().unwrap().server;
                let host = name.parse().unwrap();
                let file = model.certificate_file_for(&server.certificates[0], &host);
                let expected = match file {
                    Some(file) => Settled::Known(file.path.clone()),
                    None => Settled::Unknown,
                };
                let known: Vec<_> = file.iter().map(|file| file.path.clone()).collect();
                let known: Vec<_> = known
                    .into_iter()
                    .map(|path| (path.clone(), first_certificate(&std::fs::read_to_string(path).unwrap()).unwrap()))
                    .collect();
                match handshake(address, Some(&name), &name, &known) {
                    Handshake::Done(Some(found), Some(1)) => tally.compare(expected, &found, &name),
                    other => tally.compare(expected, &PathBuf::from(format!("{other:?}")), &name),
                }
            }
        });
        assert!(tally.differences.is_empty(), "{nginx:?}\n{}\n{text}", tally.differences.join("\n"));
        assert_eq!((tally.asked, tally.unknown), (4, 1));
    }
}

/// Takes the certificate away from some servers, as long as nginx still starts.
fn without_some_certificates(nginx: &Nginx, root: &Path, random: &mut Random, text: String) -> String {
    let mut text = text;
    for _ in 0..12 {
        let places: Vec<usize> = text.match_indices("        ssl_certificate ").map(|(at, _)| at).collect();
        let at = places[random.below(places.len())];
        let end = at + text[at..].match_indices('\n').nth(1).unwrap().0 + 1;
        let shorter = format!("{}{}", &text[..at], &text[end..]);
        std::fs::write(root, &shorter).unwrap();
        if nginx.test(root).is_accepted {
            text = shorter;
        }
    }
    text
}
