//! Verification without anything to verify against keeps nginx from starting.

use std::fmt::Write as _;

use ngxlint::rules::Severity;

use crate::names::pki;
use crate::question::{findings, with_model};
use crate::random::{Random, seeds};
use crate::real::{self, Nginx, free_ports};

const CASES: usize = 120;

const PREFIXES: &[&str] = &["proxy", "proxy", "grpc", "uwsgi"];

const PASSES: &[(&str, &str)] = &[
    ("proxy", "proxy_pass https://127.0.0.1:1;"),
    ("proxy", "proxy_pass http://127.0.0.1:1;"),
    ("proxy", "proxy_pass $target;"),
    ("proxy", "proxy_pass https://$target;"),
    ("proxy", "proxy_pass http://$target;"),
    ("proxy", "proxy_pass HTTPS://pool;"),
    ("grpc", "grpc_pass grpcs://127.0.0.1:1;"),
    ("grpc", "grpc_pass 127.0.0.1:1;"),
    ("grpc", "grpc_pass $target;"),
    ("uwsgi", "uwsgi_pass suwsgi://127.0.0.1:1;"),
    ("uwsgi", "uwsgi_pass uwsgi://127.0.0.1:1;"),
    ("uwsgi", "uwsgi_pass pool;"),
    ("", "return 204;"),
];

fn settings(random: &mut Random, prefix: &str, text: &mut String) {
    if random.once_in(3) {
        writeln!(text, "    {prefix}_ssl_verify {};", random.pick(&["on", "on", "off", "ON"])).unwrap();
    }
    if random.once_in(4) {
        match random.below(4) {
            0 => writeln!(text, "    {prefix}_ssl_trusted_certificate \"\";").unwrap(),
            _ => writeln!(text, "    {prefix}_ssl_trusted_certificate {}/root.pem;", pki().display()).unwrap(),
        }
    }
}

/// nginx makes TLS ready where a variable may hold the scheme; it knows no `if` and `limit_except` of these settings.
fn configuration(random: &mut Random, nginx: &Nginx, ports: &[u16]) -> String {
    let has_stream = nginx.loads_stream().filter(|_| random.once_in(3));
    let mut text = has_stream.clone().unwrap_or_default();
    text.push_str("events { }\nhttp {\nupstream pool { server 127.0.0.1:1; }\n");
    let prefix = random.pick(PREFIXES);
    settings(random, prefix, &mut text);
    for port in &ports[..2] {
        writeln!(text, "server {{ listen 127.0.0.1:{port}; set $target 127.0.0.1:1;").unwrap();
        let prefix = random.pick(PREFIXES);
        settings(random, prefix, &mut text);
        for number in 0..random.below(3) {
            let (prefix, pass) = PASSES[random.below(PASSES.len())];
            let prefix = if prefix.is_empty() { "proxy" } else { prefix };
            writeln!(text, "location /{number} {{").unwrap();
            settings(random, prefix, &mut text);
            match random.below(4) {
                0 => writeln!(text, "if ($uri) {{ {pass} }}").unwrap(),
                1 => writeln!(text, "location /{number}/x {{ {pass} }}").unwrap(),
                _ => writeln!(text, "{pass}").unwrap(),
            }
            text.push_str("}\n");
        }
        text.push_str("}\n");
    }
    text.push_str("}\n");
    if has_stream.is_some() {
        text.push_str("stream {\n");
        settings(random, "proxy", &mut text);
        writeln!(text, "server {{ listen 127.0.0.1:{}; proxy_ssl {};", ports[2], random.pick(&["on", "on", "off"]))
            .unwrap();
        settings(random, "proxy", &mut text);
        text.push_str("proxy_pass 127.0.0.1:1; }\n}\n");
    }
    text
}

#[test]
fn verification_without_trust_keeps_nginx_from_starting() {
    for nginx in real::all() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("nginx.conf");
        let ports = free_ports(3);
        let (mut differences, mut refused) = (Vec::new(), 0);
        for seed in seeds("trust") {
            let mut random = Random::new(seed);
            for case in 0..CASES {
                let text = configuration(&mut random, nginx, &ports);
                std::fs::write(&root, &text).unwrap();
                let verdict = nginx.test(&root);
                refused += usize::from(!verdict.is_accepted);
                let errors = with_model(&root, nginx.version, |model| {
                    let found = findings(model, &["proxy-ssl-verify-without-trust"]);
                    found.iter().filter(|finding| finding.severity == Severity::Error).count()
                });
                if (errors == 0) != verdict.is_accepted {
                    differences.push(format!("seed {seed}, case {case}: {}\n{errors} errors\n{text}", verdict.text));
                }
            }
        }
        println!("{nginx:?}: {refused} refused");
        assert!(differences.is_empty() && refused > 0, "{nginx:?}: {}\n{}", differences.len(), differences.join("\n"));
    }
}
