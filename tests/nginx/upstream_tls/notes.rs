//! Behaviours of nginx with its upstreams that surprise.

use std::fmt::Write as _;
use std::path::Path;

use ngxlint::model::Settled;

use super::generate::Front;
use super::{Seen, ask};
use crate::names::pki;
use crate::question::with_model_now;
use crate::real::{self, Nginx, free_ports};

/// What stands in a location, and the SNI that the upstream gets. `8443` is an upstream over TLS, `pool` and `a.test` are
/// groups with it, `unix:SOCKET` leads to it, too; `$constant` is set to `a.test` by the server, `$changed` too, and
/// again in another location.
const SENT: &[(&str, &str)] = &[
    // Off unless it is switched on; a name alone does not do it.
    ("proxy_pass https://a.test;", ""),
    ("proxy_ssl_name a.test; proxy_pass https://127.0.0.1:8443;", ""),
    ("proxy_ssl_server_name on; proxy_ssl_name a.test; proxy_pass https://127.0.0.1:8443;", "a.test"),
    // The host as it is written, the group, the path; no address.
    ("proxy_ssl_server_name on; proxy_pass https://pool;", "pool"),
    ("proxy_ssl_server_name on; proxy_pass https://a.test;", "a.test"),
    ("proxy_ssl_server_name on; proxy_pass https://localhost:8443;", "localhost"),
    ("proxy_ssl_server_name on; proxy_pass https://127.0.0.1:8443;", ""),
    ("proxy_ssl_server_name on; proxy_pass https://unix:SOCKET;", "SOCKET"),
    ("proxy_ssl_server_name on; proxy_ssl_name $proxy_host; proxy_pass https://unix:SOCKET;", "localhost"),
    // The port is taken away, a trailing dot and capitals are not; what looks like an address is one.
    ("proxy_ssl_server_name on; proxy_ssl_name A.test:81; proxy_pass https://pool;", "A.test"),
    ("proxy_ssl_server_name on; proxy_ssl_name a.test.; proxy_pass https://pool;", "a.test."),
    ("proxy_ssl_server_name on; proxy_ssl_name [::1]:81; proxy_pass https://pool;", ""),
    ("proxy_ssl_server_name on; proxy_ssl_name 010.0..1; proxy_pass https://pool;", ""),
    ("proxy_ssl_server_name on; proxy_ssl_name 10.0.1; proxy_pass https://pool;", "10.0.1"),
    ("proxy_ssl_server_name on; proxy_ssl_name 10.0.0.256; proxy_pass https://pool;", "10.0.0.256"),
    ("proxy_ssl_server_name on; proxy_ssl_name \"\"; proxy_pass https://pool;", ""),
    // Variables.
    ("proxy_ssl_server_name on; set $to pool; proxy_pass https://$to;", "pool"),
    ("proxy_ssl_server_name on; set $a po; set $to ${a}ol; proxy_pass https://$to$request_uri;", "pool"),
    ("proxy_ssl_server_name on; set $to pool; set $to a.test; proxy_pass https://$to;", "a.test"),
    ("proxy_ssl_server_name on; proxy_ssl_name $constant; proxy_pass https://pool;", "a.test"),
    ("proxy_ssl_server_name on; proxy_ssl_name $server_name; proxy_pass https://pool;", "front.test"),
    ("proxy_ssl_server_name on; proxy_ssl_name $proxy_host; proxy_pass https://localhost:8443;", "localhost"),
    // The server's `set` counts where the location has none, limit_except or not.
    ("proxy_ssl_server_name on; proxy_ssl_name $constant; limit_except POST { proxy_pass https://pool; }", "a.test"),
];

/// The same where it cannot be told, and what nginx does with this request.
const UNTOLD: &[(&str, &str)] = &[
    ("proxy_ssl_server_name on; proxy_ssl_name $host; proxy_pass https://pool;", "front.test"),
    ("proxy_ssl_server_name on; proxy_ssl_name $changed; proxy_pass https://pool;", "a.test"),
    ("proxy_ssl_server_name on; set $to pool; if ($arg_x) { set $to a.test; } proxy_pass https://$to;", "pool"),
    ("proxy_ssl_server_name on; set $to pool; break; set $to a.test; proxy_pass https://$to;", "pool"),
    // The directives of its location do not run.
    (
        "proxy_ssl_server_name on; set $own a.test; proxy_ssl_name $own; limit_except POST { proxy_pass https://pool; }",
        "",
    ),
];

/// `http` with an upstream over TLS on `port`, the groups that lead to it, and a front server on `front`.
fn surrounded(directory: &Path, port: u16, front: u16, http: &str, locations: &str) -> String {
    let mut text = "worker_processes 1;\nevents { }\nhttp {\naccess_log off;\n".to_owned();
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "{kind}_temp_path {}/{kind};", directory.display()).unwrap();
    }
    let certificate = pki().join("shop.example");
    writeln!(
        text,
        "{http}\nserver {{\nlisten 127.0.0.1:{port} ssl;\nlisten unix:{0}/upstream.sock ssl;\nssl_certificate {1}.pem;\n\
         ssl_certificate_key {1}.key;\nadd_header X-SNI \"[$ssl_server_name]\";\nreturn 200;\n}}\n\
         server {{\nlisten 127.0.0.1:{front};\nserver_name front.test;\nset $constant a.test;\nset $changed a.test;\n\
         location /changes/ {{ set $changed b.test; return 204; }}\n{locations}}}\n}}",
        directory.display(),
        certificate.display()
    )
    .unwrap();
    text
}

fn ask_path(port: u16, path: &str) -> Seen {
    ask(&Front { port, path: path.to_owned(), line: 0, is_uwsgi: false })
}

fn compare_names(nginx: &Nginx, wrong: &mut Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("nginx.conf");
    let ports = free_ports(2);
    let socket = directory.path().join("upstream.sock").display().to_string();
    let fill = |text: &str| text.replace("8443", &ports[0].to_string()).replace("SOCKET", &socket);
    let rows: Vec<(&str, &str)> = SENT.iter().chain(UNTOLD).copied().collect();
    let (mut locations, mut groups) = (String::new(), String::new());
    for group in ["pool", "a.test"] {
        writeln!(groups, "upstream {group} {{ server 127.0.0.1:{}; }}", ports[0]).unwrap();
    }
    for (number, (row, _)) in rows.iter().enumerate() {
        writeln!(locations, "location = /{number} {{ {} }}", fill(row)).unwrap();
    }
    // A session that is resumed keeps its name.
    groups.push_str("ssl_session_tickets off;\nssl_session_cache off;\n");
    let text = surrounded(directory.path(), ports[0], ports[1], &groups, &locations);
    std::fs::write(&root, &text).unwrap();
    let _running = nginx.start(&root, ports[1]).unwrap_or_else(|log| panic!("{nginx:?}\n{log}\n{text}"));
    with_model_now(&root, nginx.version, |model| {
        for (number, (row, expected)) in rows.iter().enumerate() {
            let expected = fill(expected);
            let seen = ask_path(ports[1], &format!("/{number}"));
            if seen != Seen::Answered(Some(expected.clone())) {
                wrong.push(format!("{row}: expected {expected}, nginx {seen:?}"));
            }
            let pass = model
                .tls_passes()
                .iter()
                .find(|pass| pass.place().argument(1).is_some_and(|path| path.text() == format!("/{number}")));
            let told = pass.map(|pass| pass.sni());
            let is_told = number < SENT.len();
            let fits = match told {
                Some(Settled::Known(sni)) => is_told && sni.unwrap_or_default() == expected,
                Some(Settled::Unknown) => !is_told,
                None => false,
            };
            if !fits {
                wrong.push(format!("{row}: expected {expected}, ngxlint {told:?}"));
            }
        }
    });
}

#[test]
fn names_of_upstreams() {
    for nginx in real::all() {
        let mut wrong = Vec::new();
        compare_names(nginx, &mut wrong);
        assert!(wrong.is_empty(), "{nginx:?}: {}\n{}", wrong.len(), wrong.join("\n"));
    }
}

type Shared = (&'static str, &'static str, &'static [(&'static str, bool)]);

/// What stands in the group, whether sessions are reused, and who is answered where `/off` does not verify, `/on` does
/// and could, and `/bad` does and trusts another root.
const SHARED: &[Shared] = &[
    // A session that was never verified is refused where it is; one that was is good for everybody.
    ("", "on", &[("/off", true), ("/on", false)]),
    ("", "on", &[("/on", true), ("/bad", true)]),
    ("", "off", &[("/off", true), ("/on", true), ("/bad", false)]),
    // A connection is never looked at again.
    ("keepalive 8;", "off", &[("/off", true), ("/bad", true)]),
    ("keepalive 8;", "on", &[("/on", true), ("/bad", true)]),
];

#[test]
fn sessions_and_connections_are_shared_between_locations() {
    for nginx in real::all() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("nginx.conf");
        for (group, reuse, asks) in SHARED {
            let ports = free_ports(2);
            let http = format!(
                "upstream pool {{ server 127.0.0.1:{}; {group} }}\nproxy_http_version 1.1;\n\
                 proxy_set_header Connection \"\";\nproxy_ssl_session_reuse {reuse};\nproxy_ssl_name shop.example;",
                ports[0]
            );
            let verify = |trusted: &str| {
                format!("proxy_ssl_verify on; proxy_ssl_trusted_certificate {}/{trusted}.pem;", pki().display())
            };
            let locations = format!(
                "location /off {{ proxy_pass https://pool; }}\nlocation /on {{ {} proxy_pass https://pool; }}\n\
                 location /bad {{ {} proxy_pass https://pool; }}\n",
                verify("root"),
                verify("localhost")
            );
            let _ = std::fs::remove_file(directory.path().join("upstream.sock"));
            std::fs::write(&root, surrounded(directory.path(), ports[0], ports[1], &http, &locations)).unwrap();
            let _running = nginx.start(&root, ports[1]).unwrap();
            for (path, is_answered) in *asks {
                let seen = ask_path(ports[1], path);
                let what = format!("{nginx:?}: {group} reuse {reuse}, {path} of {asks:?}");
                assert_eq!(matches!(seen, Seen::Answered(_)), *is_answered, "{what}");
            }
        }
    }
}
