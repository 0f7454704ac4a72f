//! Certificates that keep nginx from starting.

use std::fmt::Write as _;

use ngxlint::rules::Severity;

use crate::names::pki;
use crate::question::{findings, with_model};
use crate::random::{Random, seeds};
use crate::real;

const CASES: usize = 120;

const RULES: &[&str] = &["ssl-without-certificate", "cert-file-missing", "cert-unparsable", "cert-key-mismatch"];

const GOOD: &[&str] = &["shop.example.pem", "leaf-only.pem", "bundle-with-text.pem"];

/// What stands in the place of a certificate, all with the key of shop.example.
const BAD: &[&str] = &[
    "missing.pem",
    "broken/empty.pem",
    "broken/der.pem",
    "broken/key-in-place.pem",
    "broken/truncated.pem",
    "broken/bad-base64.pem",
    "broken/garbage.pem",
    "broken/no-pem.pem",
    "broken/csr.pem",
    "broken",
    "shop.example.key",
];

/// What stands in the place of the key of shop.example; nothing: no key is named. One of another algorithm is not among
/// them, for nginx starts with it.
const BAD_KEYS: &[&str] = &["missing.key", "other.example.key", "shop.example.pem", "broken/empty.pem", "broken", ""];

/// `ssl_certificate` with its key, at most one of all in the configuration is bad.
fn certificate(random: &mut Random, level: &str, bad: &mut usize, text: &mut String) {
    let name = if *bad > 0 && random.once_in(4) {
        *bad -= 1;
        random.pick(BAD)
    } else {
        random.pick(GOOD)
    };
    let pki = pki();
    writeln!(text, "{level}ssl_certificate {}/{name};", pki.display()).unwrap();
    let key = if *bad > 0 && random.once_in(4) {
        *bad -= 1;
        random.pick(BAD_KEYS)
    } else {
        "shop.example.key"
    };
    if !key.is_empty() {
        writeln!(text, "{level}ssl_certificate_key {}/{key};", pki.display()).unwrap();
    }
}

fn configuration(random: &mut Random, ports: &[u16]) -> String {
    let mut text = String::from("events { }\nhttp {\n");
    let mut bad = usize::from(random.once_in(2));
    if random.once_in(6) {
        certificate(random, "    ", &mut bad, &mut text);
    }
    if random.once_in(10) {
        writeln!(text, "    ssl_reject_handshake {};", random.pick(&["on", "off"])).unwrap();
    }
    let mut has_default = [false; 2];
    for number in 0..1 + random.below(4) {
        writeln!(text, "    server {{\n        server_name s{number}.test;").unwrap();
        for (socket, port) in ports[..2].iter().enumerate() {
            if random.once_in(3) {
                continue;
            }
            let is_default = !has_default[socket] && random.once_in(4);
            has_default[socket] |= is_default;
            let default = if is_default { " default_server" } else { "" };
            let ssl = if (socket == 0 && !random.once_in(4)) || random.once_in(8) { " ssl" } else { "" };
            writeln!(text, "        listen 127.0.0.1:{port}{default}{ssl};").unwrap();
        }
        // Without any it would be *:80.
        writeln!(text, "        listen 127.0.0.1:{};", ports[2]).unwrap();
        match random.below(6) {
            0 => {}
            1 => text.push_str("        ssl_reject_handshake on;\n"),
            _ => certificate(random, "        ", &mut bad, &mut text),
        }
        text.push_str("    }\n");
    }
    text.push_str("}\n");
    text
}

#[test]
fn certificates_keep_nginx_from_starting_when_ngxlint_says_so() {
    for nginx in real::all() {
        let (mut differences, mut accepted, mut refused) = (Vec::new(), 0, 0);
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("nginx.conf");
        let ports = real::free_ports(3);
        for seed in seeds("certificates") {
            let mut random = Random::new(seed);
            for case in 0..CASES {
                let text = configuration(&mut random, &ports);
                std::fs::write(&root, &text).unwrap();
                let verdict = nginx.test(&root);
                *(if verdict.is_accepted { &mut accepted } else { &mut refused }) += 1;
                let errors = with_model(&root, nginx.version, |model| {
                    let found = findings(model, RULES).into_iter();
                    let errors = found.filter(|finding| finding.severity == Severity::Error);
                    errors.map(|finding| finding.message).collect::<Vec<_>>()
                });
                if errors.is_empty() != verdict.is_accepted {
                    differences.push(format!(
                        "seed {seed}, case {case}:\nnginx: {}\nngxlint: {errors:#?}\n{text}",
                        verdict.text
                    ));
                }
            }
        }
        println!("{nginx:?}: {accepted} accepted, {refused} refused");
        assert!(differences.is_empty(), "{nginx:?}: {}\n{}", differences.len(), differences.join("\n"));
    }
}
