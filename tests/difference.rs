//! `ngxlint trace --diff`, as people and other programs run it.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod program;

use std::path::Path;

use serde_json::json;

use program::traced::{CERTIFICATE, CONF, folder, read};
use program::{Folder, Run};

impl Folder {
    /// Compares the configuration with one in which `from` is `to`.
    fn diff(&self, from: &str, to: &str, arguments: &[&str]) -> Run {
        assert!(CONF.contains(from), "{from}");
        self.write("new/nginx.conf", CONF.replace(from, to).as_bytes());
        self.write("new/pki/shop.pem", CERTIFICATE.as_bytes());
        self.run(&[&["trace", "--diff", "nginx.conf", "new"], arguments].concat())
    }
}

#[test]
fn alike_configurations_do_not_differ() {
    let folder = folder();
    folder.diff("\n", "\n\n", &[]).expect(0, &["no difference: "], &[]);
    let report = read(&folder.diff("\n", "\n\n", &["--format=json"]), ngxlint::report::DIFFERENCE_SCHEMA);
    assert_eq!(report["differences"], json!([]));
    assert_eq!(report["summary"]["different"], 0);
}

#[test]
fn what_differs_by_host_and_path() {
    let folder = folder();
    // What is changed; a URL that is answered differently, and what changes there.
    const ROWS: &[(&str, &str, &str, &str)] = &[
        ("return 410", "return 404", "https://shop.example/gone", "status"),
        ("9000", "9001", "https://shop.example/", "upstream"),
        ("max-age=300", "max-age=1", "https://shop.example/", "hsts"),
        ("https://other.example/", "https://another.example/", "https://shop.example/out", "redirect"),
        ("301 https://shop", "301 https://www.shop", "http://shop.example/", "redirect"),
        ("server_name bare.example", "server_name else.example", "https://bare.example/", "server"),
        ("ssl_certificate pki", "ssl_certificate lost", "https://shop.example/", "certificate"),
        ("proxy_pass", "proxy_set_header Host $host; proxy_pass", "https://shop.example/", "upstream-headers"),
        ("root .", "root app", "http://plain.example:8080/app/", "root"),
        ("listen 8443 ssl;", "", "https://shop.example:8443/", "connection"),
        ("ssl_reject_handshake on;", "", "https://no.example/", "connection"),
        ("127.0.0.1:9000", "127.0.0.1:9001", "https://any-host.invalid/", "upstream"),
    ];
    for (from, to, url, aspect) in ROWS {
        let run = folder.diff(from, to, &["--format=json"]);
        let report = read(&run, ngxlint::report::DIFFERENCE_SCHEMA);
        let found = report["differences"].as_array().unwrap().iter().find(|found| found["url"] == *url);
        let changes = found.unwrap_or_else(|| panic!("{from} {report:#}"))["changes"].as_array().unwrap();
        assert!(changes.contains(&json!(aspect)), "{from}: {changes:?}");
        assert_eq!(run.status, 1);
    }
    // What only follows from another difference says so.
    let report = read(&folder.diff("9000", "9001", &["--format=json"]), ngxlint::report::DIFFERENCE_SCHEMA);
    let followers = report["differences"].as_array().unwrap().iter().filter(|found| found["follows"].is_string());
    assert!(followers.clone().all(|found| found["url"].as_str().unwrap().starts_with("http://")), "{report:#}");
    assert!(followers.count() > 0, "{report:#}");
}

#[test]
fn human_form_of_a_difference() {
    let folder = folder();
    insta::assert_snapshot!("diff", folder.diff("127.0.0.1:9000", "127.0.0.1:9001", &[]).stdout);
    let run = folder.diff("server_name bare.example", "server_name else.example", &["--color=always"]);
    run.expect(1, &["\x1b[1mbare.example", "\x1b[31m    - server", "\x1b[32m    + server"], &[]);
}

/// What `trace --diff` says of two versions of one server.
fn diff_of_servers(old: &str, new: &str, arguments: &[&str]) -> Run {
    let conf = |server: &str| format!("events {{}}\nhttp {{ {server} }}\n");
    let folder = Folder::new(&[("old.conf", &conf(old)), ("new.conf", &conf(new))]);
    let report = read(
        &folder.run(&[&["trace", "--diff", "old.conf", "new.conf", "--format=json"], arguments].concat()),
        ngxlint::report::DIFFERENCE_SCHEMA,
    );
    assert_ne!(report["differences"], json!([]), "{old} {new}");
    folder.run(&[&["trace", "--diff", "old.conf", "new.conf", "--no-files"], arguments].concat())
}

#[test]
fn another_certificate_for_the_same_names() {
    const PLACES: &[&str] = &["old.pem", "new.pem"];
    let conf = |certificate: &str| {
        let server = format!("listen 443 ssl; server_name shop.example; ssl_certificate {certificate}; return 204;");
        format!("events {{}}\nhttp {{ server {{ {server} }} }}\n")
    };
    let diff = |old: &str, new: &str| {
        let folder = Folder::new(&[("old.conf", &conf(PLACES[0])), ("new.conf", &conf(PLACES[1]))]);
        for (place, name) in PLACES.iter().zip([old, new]) {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pki").join(name);
            folder.write(place, &std::fs::read(path).unwrap());
        }
        let json = ["trace", "--diff", "old.conf", "new.conf", "--now=2026-06-15", "--format=json"];
        read(&folder.run(&json), ngxlint::report::DIFFERENCE_SCHEMA);
        folder.run(&json[..5])
    };
    diff("shop.example.pem", "shop.example.pem").expect(0, &["no difference"], &[]);
    diff("shop.example.pem", "expired.shop.example.pem").expect(
        1,
        &["- certificate  old.pem, until 2124-01-01\n", "+ certificate  new.pem, expired on 2025-04-01\n"],
        &[],
    );
    diff("expired.shop.example.pem", "shop.example.pem").expect(
        1,
        &["+ certificate  new.pem, renewed, until 2124-01-01\n"],
        &[],
    );
    diff("shop.example.pem", "rsa.shop.example.pem").expect(
        1,
        &["+ certificate  new.pem, for shop.example, RSA 2048\n"],
        &[],
    );
    // The host keeps its name among the certificate's.
    diff("shop.example.pem", "api.shop.example.pem").expect(1, &["for shop.example, www.shop.example\n"], &[]);
}

#[test]
fn servers_of_an_upstream_group() {
    let conf = |servers: &str| {
        format!(
            "upstream app {{ {servers} }} server {{ listen 80; server_name a.example; location / {{ proxy_pass http://app; }} }}"
        )
    };
    diff_of_servers(&conf("server 10.0.0.1:80;"), &conf("server 10.0.0.2;"), &[]).expect(
        1,
        &["- response     the one of http://app/ (10.0.0.1:80)", "+ response     the one of http://app/ (10.0.0.2:80)"],
        &[],
    );
    let both = conf("server 10.0.0.1; server 10.0.0.2 weight=1;");
    let changed = conf("server 10.0.0.1; server 10.0.0.2 weight=3 down;");
    diff_of_servers(&both, &changed, &[]).expect(1, &["(10.0.0.2:80 down weight=3, 10.0.0.1:80)"], &[]);
}

#[test]
fn what_the_upstream_is_sent_and_where_files_are() {
    let server = |inside: &str| format!("server {{ listen 80; server_name a.example; location / {{ {inside} }} }}");
    let proxied = |headers: &str| server(&format!("{headers} proxy_pass http://10.0.0.1:9000;"));
    let upgrading = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
    diff_of_servers(&proxied("proxy_set_header Host $host;"), &proxied(""), &[]).expect(
        1,
        &["- to upstream  Host: $host\n", "+ to upstream  Host: 10.0.0.1:9000\n"],
        &[],
    );
    diff_of_servers(&proxied(upgrading), &proxied(""), &[]).expect(
        1,
        &["- to upstream  Connection: upgrade, Upgrade: $http_upgrade\n", "+ to upstream  no Connection, no Upgrade\n"],
        &[],
    );
    let files = |root: &str| server(&format!("root {root};"));
    diff_of_servers(&files("/nowhere/a"), &files("/nowhere/b"), &[]).expect(
        1,
        &["- root         /nowhere/a\n", "+ root         /nowhere/b\n"],
        &[],
    );
}

#[test]
fn who_is_let_in() {
    let server = |inside: &str| {
        format!(
            "server {{ listen 80; server_name a.example; {inside} location / {{ return 204; }} location /x {{ proxy_pass http://10.0.0.1; }} }}"
        )
    };
    let (closed, open) = (server("allow 10.0.0.0/8; deny all;"), server(""));
    diff_of_servers(&closed, &open, &[]).expect(
        1,
        &[
            "- conditions   403, nginx's own error page, when the client's address is denied\n",
            "+ conditions   those who got 403 are let in, too\n",
        ],
        &[],
    );
    diff_of_servers(&open, &closed, &[]).expect(
        1,
        &[
            "- conditions   all are let in\n",
            "+ conditions   403, nginx's own error page, when the client's address is denied\n",
        ],
        &[],
    );
}

#[test]
fn the_stories_of_the_fixtures_are_traced() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Folder::new(&[]);
    let conf = root.join("fixtures/shop").to_string_lossy().into_owned();
    let run = folder.run(&["trace", "https://api.shop.example/", "--conf", &conf]);
    run.expect(1, &["1 leads back to itself: the redirect never ends."], &[]);
    folder.run(&["trace", "--diff", &conf, &conf]).expect(0, &["no difference"], &[]);
}
