//! What nginx refuses when it reads a configuration, and when it starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use ngxlint::rules::Severity;

use super::super::Setting;
use super::super::client::Client;
use super::super::configuration::surrounded;
use super::{compare, written};
use crate::question::{findings, with_document_files};
use crate::real::{self, Running};

/// A configuration and what nginx makes of it.
struct Start {
    title: &'static str,
    http: &'static str,
    is_accepted: bool,
    /// The rule that says so; nothing says it of `listen` and of variables, which other modules can make.
    rule: Option<&'static str>,
}

const STARTS: &[Start] = &[
    Start {
        title: "10",
        http: "server { listen 8443 ssl default_server; ssl_reject_handshake on; }
               server { listen 8443 ssl; server_name a.test; }",
        is_accepted: false,
        rule: Some("ssl-without-certificate"),
    },
    Start { title: "46", http: "server { listen ${PORT}; }", is_accepted: false, rule: None },
    Start { title: "46", http: "server { listen 8080; return 200 ${APP_NAME}; }", is_accepted: false, rule: None },
    // Variables have no case: it is $host.
    Start { title: "46", http: "server { listen 8080; return 200 ${HOST}; }", is_accepted: true, rule: None },
    Start { title: "46", http: "server { listen 8080; server_name ${HOST}; }", is_accepted: true, rule: None },
];

/// The rules that say what keeps nginx from starting.
const RULES: &[&str] = &["ssl-without-certificate", "syntax-error"];

#[test]
fn the_notes_about_nginx_t_are_true_and_found() {
    for nginx in real::all() {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let setting = Setting::new(nginx, directory.path());
        for Start { title, http, is_accepted, rule } in STARTS {
            let text = surrounded(&setting.surroundings, &written(&setting, http), "");
            std::fs::write(&setting.root, text).unwrap();
            assert_eq!(nginx.test(&setting.root).is_accepted, *is_accepted, "{nginx:?}, note {title}: {http}");
            let found = with_document_files(&setting.root, nginx.version, |model| {
                let found = findings(model, RULES).into_iter();
                let errors = found.filter(|finding| finding.severity == Severity::Error);
                errors.map(|finding| finding.rule.to_string()).collect::<Vec<_>>()
            });
            let expected: Vec<String> = rule.iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{nginx:?}, note {title}: {http}");
        }
    }
}

// Note 13.
#[test]
fn a_bound_address_beside_the_wildcard_is_accepted_but_does_not_start() {
    for nginx in real::all() {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let setting = Setting::new(nginx, directory.path());
        let http = written(&setting, "server { listen 8080; listen 127.0.0.1:8080 bind; }");
        std::fs::write(&setting.root, surrounded(&setting.surroundings, &http, "")).unwrap();
        assert!(nginx.test(&setting.root).is_accepted, "{nginx:?}");
        // It opens the other sockets, and tries for a while to open this one.
        let started = nginx.start(&setting.root, setting.surroundings.ready);
        let log = || started.as_ref().map_or_else(Clone::clone, Running::log);
        let begin = Instant::now();
        while !log().contains("still could not bind()") {
            assert!(begin.elapsed() < Duration::from_secs(10), "{nginx:?} starts: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

// Note 39: certificates and includes are below the configuration's directory, roots and logs below the prefix.
#[test]
fn a_root_is_below_the_prefix_and_an_include_beside_the_configuration() {
    for nginx in real::all() {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut setting = Setting::new(nginx, directory.path());
        let beside = directory.path().join("conf");
        std::fs::create_dir(&beside).unwrap();
        setting.root = beside.join("nginx.conf");
        let server = written(&setting, "server { listen 8080; root site; location /a { root alt; } }");
        std::fs::write(beside.join("server.inc"), server).unwrap();
        let text = surrounded(&setting.surroundings, "include server.inc;\n", "");
        let asks = [("GET http://a.test:8080/e.html", "200"), ("GET http://a.test:8080/a/none", "404")];
        let mut wrong = Vec::new();
        compare(&setting, "39", &text, &asks, &mut wrong);
        assert!(wrong.is_empty(), "{nginx:?}\n{}", wrong.join("\n"));
    }
}

// Note 45. ngxlint has no model of `stream`.
#[test]
fn a_stream_socket_that_ends_tls_prereads_nothing() {
    for nginx in real::all() {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let setting = Setting::new(nginx, directory.path());
        let stream = written(
            &setting,
            "stream { server { listen 8443 ssl; cert shop.example; ssl_preread on;
                 return \"[$ssl_preread_server_name][$ssl_server_name]\"; } }\n",
        );
        let Some(load) = nginx.loads_stream() else {
            eprintln!("SKIPPED: {nginx:?} has no stream module");
            continue;
        };
        let http = surrounded(&setting.surroundings, "", "");
        std::fs::write(&setting.root, format!("{load}{http}{stream}")).unwrap();
        let _running = nginx.start(&setting.root, setting.surroundings.ready).unwrap();
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), setting.surroundings.ports[1]);
        assert_eq!(Client::new().read(address, "a.test"), "[][a.test]", "{nginx:?}");
    }
}
