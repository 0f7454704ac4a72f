//! `ngxlint certs`, as people and other programs run it.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod exposition;
mod program;

use std::fs;

use serde_json::json;

use program::certificates::{NOW, files, folder, listed};
use program::{Folder, Run};

const CONF: &str = "events {}
http {
    server { listen 443 ssl default_server; server_name _; ssl_reject_handshake on; }
    server {
        listen 443 ssl;
        server_name shop.example api.shop.example;
        ssl_certificate pki/shop.example.pem;
        ssl_certificate_key pki/shop.example.key;
    }
    server {
        listen 443 ssl;
        server_name old.example ~^old\\d+\\.;
        ssl_certificate pki/expired.shop.example.pem;
        ssl_certificate_key pki/shop.example.key;
    }
    server {
        listen 443 ssl;
        server_name *.shop.example;
        ssl_certificate pki/wildcard.shop.example.pem;
        ssl_certificate_key pki/wildcard.shop.example.key;
    }
    server { listen 443 ssl; server_name a.example; ssl_certificate $file; ssl_certificate_key $file; }
    server { listen 443 ssl; server_name b.example; ssl_certificate data:$pem; ssl_certificate_key data:$pem; }
    server { listen 443 ssl; server_name c.example; ssl_certificate pki/missing.pem; ssl_certificate_key x.key; }
    server { listen 80; server_name other.example; }
}
stream {
    server { listen 8443 ssl; ssl_certificate pki/other.example.pem; ssl_certificate_key pki/other.example.key; }
}
mail {
    server {
        listen 993 ssl;
        server_name shop.example;
        ssl_certificate pki/shop.example.pem;
        ssl_certificate_key pki/shop.example.key;
    }
}
";

#[test]
fn what_is_known_of_certificates() {
    let folder = folder(CONF);
    let report = folder.certs_json(&["nginx.conf"]);
    assert_eq!(
        files(&report),
        [
            "pki/missing.pem",
            "pki/expired.shop.example.pem",
            "pki/other.example.pem",
            "pki/shop.example.pem",
            "pki/wildcard.shop.example.pem",
            "$file",
            "data:$pem",
        ]
    );
    let shop = listed(&report, "pki/shop.example.pem");
    let intermediate = "O=ngxlint fixtures, CN=ngxlint test intermediate";
    let root = "O=ngxlint fixtures, CN=ngxlint test root";
    assert_eq!(
        *shop,
        json!({
            "file": "pki/shop.example.pem",
            "parameter": null,
            "unknown": null,
            "problem": null,
            "leaf": {
                "subject": "CN=shop.example",
                "issuer": intermediate,
                "serial": shop["leaf"]["serial"],
                "names": ["shop.example", "www.shop.example"],
                "key": "EC P-256",
                "not_before": "2024-01-01T00:00:00Z",
                "not_after": "2124-01-01T00:00:00Z",
                "days_left": 35642,
                "expired": false
            },
            "chain": {
                "state": "issuer-unknown",
                "root": null,
                "missing_issuer": root,
                "missing_issuer_url": null,
                "detail": format!("issuer unknown: {root} is neither in the file nor a known root")
            },
            "keys": [{
                "file": "pki/shop.example.key",
                "state": "matches",
                "exposed": false,
                "detail": "pki/shop.example.key matches"
            }],
            "replaced_by": [],
            "servers": [{
                "protocol": "http",
                "file": "nginx.conf",
                "line": 4,
                "names": [
                    {"name": "shop.example", "covered": "yes"},
                    {"name": "api.shop.example", "covered": "no"}
                ]
            }, {
                "protocol": "mail",
                "file": "nginx.conf",
                "line": 31,
                "names": [{"name": "shop.example", "covered": "yes"}]
            }],
            "clients": [],
            "uncovered_names": ["api.shop.example"],
            // `*.shop.example` is a name for www.shop.example, if of another server.
            "unserved_names": []
        })
    );
    let expired = listed(&report, "pki/expired.shop.example.pem");
    assert_eq!((&expired["leaf"]["expired"], &expired["leaf"]["days_left"]), (&json!(true), &json!(-426)));
    assert_eq!(expired["keys"][0]["state"], "differs");
    assert_eq!(expired["servers"][0]["names"][1], json!({"name": "~^old\\d+\\.", "covered": "unknown"}));
    assert_eq!(expired["uncovered_names"], json!(["old.example"]));
    let wildcard = listed(&report, "pki/wildcard.shop.example.pem");
    assert_eq!(wildcard["servers"][0]["names"], json!([{"name": "*.shop.example", "covered": "partly"}]));
    // The server of stream answers whatever the name.
    assert_eq!(listed(&report, "pki/other.example.pem")["unserved_names"], json!([]));
    assert_eq!(listed(&report, "pki/missing.pem")["problem"], "no such file");
    assert_eq!(listed(&report, "$file")["unknown"], "the path depends on a variable");
    assert_eq!(listed(&report, "data:$pem")["unknown"], "the certificate is the value of a variable");
    // Its directory is the variable's secret.
    assert_eq!(report["unused"], json!([]));
    let trusted = folder.certs_json(&["--ca=pki/root.pem", "nginx.conf"]);
    let chain = &listed(&trusted, "pki/shop.example.pem")["chain"];
    assert_eq!((&chain["state"], &chain["root"]), (&json!("complete"), &json!(root)));
}

#[test]
fn the_listing_for_people() {
    let folder = folder(CONF);
    let wide = folder.certs(&["nginx.conf", "--select=cert-expired"]);
    insta::assert_snapshot!("wide", wide.stdout);
    assert_eq!(wide.status, 1);
    let mut narrow = folder.command(&["certs", NOW, "nginx.conf", "--fail-on=never"]);
    let narrow = Run::of(narrow.env("COLUMNS", "40").output().unwrap());
    let is_long = |line: &&str| line.chars().count() > 40 && line.trim().contains(' ');
    assert_eq!(narrow.stdout.lines().find(is_long), None, "{}", narrow.stdout);
}

#[test]
fn names_that_nobody_serves() {
    const ROWS: &[(&str, &[&str])] = &[
        ("shop.example", &["www.shop.example"]),
        ("shop.example www.shop.example", &[]),
        ("shop.example www.*", &[]),
        ("shop.example ~^www", &[]),
        ("*.shop.example", &["shop.example"]),
        ("_", &[]), // The default server, for whatever name.
    ];
    for (names, expected) in ROWS {
        let conf = format!(
            "events {{}}\nhttp {{ server {{ listen 443 ssl; server_name {names}; \
             ssl_certificate pki/shop.example.pem; ssl_certificate_key pki/shop.example.key; }}\n\
             server {{ listen 80; server_name shop.example www.shop.example; }} }}\n"
        );
        let report = folder(&conf).certs_json(&["nginx.conf"]);
        assert_eq!(report["certificates"][0]["unserved_names"], json!(expected), "{names}");
    }
}

#[test]
fn files_that_nothing_uses() {
    let conf = |server: &str| format!("events {{}}\nhttp {{\n{server}\n}}\n");
    let site = |name: &str| {
        format!(
            "server {{ listen 443 ssl; server_name {name}; ssl_certificate ../c/{name}.pem; \
             ssl_certificate_key ../c/{name}.key; proxy_ssl_certificate ../c/client.shop.example.pem; }}"
        )
    };
    let folder =
        Folder::new(&[("a/nginx.conf", &conf(&site("shop.example"))), ("b/nginx.conf", &conf(&site("blog.example")))]);
    folder.copy_certificates("c");
    let names = [
        "shop.example.pem",
        "blog.example.pem",
        "other.example.pem",
        "client.shop.example.pem",
        "root.pem",
        "leaf-only.pem",
        "shop.example.key",
        "expired.shop.example.pem",
    ];
    for entry in fs::read_dir(folder.path("c")).unwrap() {
        let path = entry.unwrap().path();
        if !names.iter().any(|name| path.ends_with(name)) {
            fs::remove_file(path).unwrap();
        }
    }
    folder.write("c/notes.pem", b"nothing");
    folder.write("c/certificate.bak", &fs::read(folder.path("c/other.example.pem")).unwrap());
    let unused = |paths: &[&str]| -> Vec<String> {
        let report = folder.certs_json(paths);
        report["unused"].as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap().to_owned()).collect()
    };
    // Not a root, not a copy of what is used, not a client's certificate that is named.
    assert_eq!(unused(&["a", "b"]), ["c/expired.shop.example.pem", "c/other.example.pem"]);
    assert_eq!(unused(&["b"]).len(), 4, "{:?}", unused(&["b"]));
}

#[test]
fn one_row_a_file() {
    let server =
        |name: &str, certificates: &str| format!("server {{ listen 443 ssl; server_name {name}; {certificates} }}\n");
    let two = "ssl_certificate pki/shop.example.pem; ssl_certificate_key pki/shop.example.key;
        ssl_certificate pki/rsa.shop.example.pem; ssl_certificate_key pki/rsa.shop.example.key;";
    let conf = format!(
        "events {{}}\nhttp {{\nssl_certificate pki/wildcard.shop.example.pem;\n\
         ssl_certificate_key pki/wildcard.shop.example.key;\n{}{}{}{}}}\n",
        server("shop.example", two),
        server("a.shop.example", ""),
        server("b.shop.example", ""),
        server(
            "other.example",
            "ssl_certificate pki/$ssl_server_name.pem; ssl_certificate_key pki/$ssl_server_name.key;"
        ),
    );
    let folder = folder(&conf);
    fs::write(folder.path("second.conf"), &conf).unwrap();
    let report = folder.certs_json(&["nginx.conf", "second.conf"]);
    let of = |file: &str| listed(&report, &format!("pki/{file}.pem"));
    assert_eq!(report["certificates"].as_array().unwrap().len(), 4, "{:?}", files(&report));
    // Two servers, each of two configurations.
    assert_eq!(of("wildcard.shop.example")["servers"].as_array().unwrap().len(), 4);
    assert_eq!(of("wildcard.shop.example")["keys"].as_array().unwrap().len(), 1);
    assert_eq!(of("rsa.shop.example")["leaf"]["key"], "RSA 2048");
    assert_eq!(of("other.example")["servers"][0]["names"], json!([{"name": "other.example", "covered": "yes"}]));
    let skipped = folder.certs_json(&["--certs=skip", "nginx.conf"]);
    assert_eq!(skipped["certificates"][0]["unknown"], "certificates are not opened (--certs skip)");
}

#[test]
fn exit_statuses() {
    let site = |listen: &str, name: &str, certificate: &str| {
        format!(
            "server {{ listen {listen} ssl; server_name {name}; ssl_certificate pki/{certificate}.pem; \
             ssl_certificate_key pki/{certificate}.key; }}"
        )
    };
    let http = |server: &str| format!("events {{}}\nhttp {{ {server} }}\n");
    let stream = |server: &str| format!("events {{}}\nstream {{ {server} }}\n");
    let good = site("443", "shop.example", "shop.example");
    let rows: [(i32, String, &[&str]); 11] = [
        (0, http(&good), &[]),
        (1, http(&site("443", "shop.example", "expired.shop.example")), &[]),
        (1, http(&site("443", "shop.example", "soon.shop.example")), &[]),
        (0, http(&site("443", "shop.example", "soon.shop.example")), &["--fail-on=error"]),
        (1, http(&site("443", "api.shop.example", "shop.example")), &["--fail-on=error"]),
        (0, http(&site("443", "api.shop.example", "shop.example")), &["--fail-on=never"]),
        (1, http(&format!("{good}{}", site("443", "a.example", "missing"))), &[]),
        // Without the secrets of a repository nothing is wrong with it.
        (0, http(&site("443", "a.example", "missing")), &[]),
        (1, stream(&site("443", "shop.example", "expired.shop.example")), &[]),
        (0, stream(&site("443", "shop.example", "shop.example")), &[]),
        (0, stream(&site("443", "a.example", "missing")), &[]),
    ];
    for (status, conf, arguments) in rows {
        let folder = folder(&conf);
        let run = folder.certs(&[&["nginx.conf"], arguments].concat());
        assert_eq!((run.status, run.stderr.as_str()), (status, ""), "{conf} {arguments:?}\n{}", run.stdout);
    }
    let folder = folder("events {}\nhttp { server { listen 80 } }\n");
    folder.certs(&["nothere.conf"]).expect(2, &[], &["cannot read nothere.conf"]);
    folder.certs(&["nginx.conf"]).expect(
        0,
        &["0 certificates"],
        &["nginx would refuse this configuration, see nginx.conf:2"],
    );
    folder.certs(&["--show-files", "nginx.conf"]).expect(0, &["nginx.conf: root"], &[]);
}

#[test]
fn metrics() {
    let folder = folder(CONF);
    let run = folder.certs(&["--format=prometheus", "nginx.conf"]);
    assert_eq!(run.stdout, folder.certs(&["--format=prometheus", "nginx.conf"]).stdout, "not the same twice");
    let metrics = exposition::read(&run.stdout);
    let value = |name: &str, labels: &[(&str, &str)]| {
        let labels: Vec<(String, String)> =
            labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        metrics.get(&(format!("ngxlint_{name}"), labels)).copied()
    };
    let shop = ("path", "pki/shop.example.pem");
    let expired = ("path", "pki/expired.shop.example.pem");
    let not_after = "certificate_not_after_timestamp_seconds";
    // 2124-01-01, 2025-04-01.
    assert_eq!(value(not_after, &[shop, ("server_name", "shop.example")]), Some(4_859_740_800.0));
    assert_eq!(value(not_after, &[expired, ("server_name", "old.example")]), Some(1_743_465_600.0));
    // A server of stream without a name.
    assert_eq!(value(not_after, &[("path", "pki/other.example.pem"), ("server_name", "")]), Some(4_859_740_800.0));
    assert_eq!(value("certificate_covers_host", &[shop, ("server_name", "shop.example")]), Some(1.0));
    assert_eq!(value("certificate_covers_host", &[shop, ("server_name", "api.shop.example")]), Some(0.0));
    assert_eq!(value("certificate_key_matches", &[shop]), Some(1.0));
    assert_eq!(value("certificate_key_matches", &[expired]), Some(0.0));
    assert_eq!(value("certificate_readable", &[("path", "pki/missing.pem")]), Some(0.0));
    assert_eq!(value("certificate_readable", &[("path", "$file")]), None);
    assert_eq!(value("certificate_chain_complete", &[shop]), None, "its issuer may be a private authority's");
    assert_eq!(value("findings", &[("rule", "cert-expired"), ("severity", "error")]), Some(1.0));
    assert_eq!(value("run_complete", &[]), Some(1.0));
    let trusted = folder.certs(&["--format=prometheus", "--ca=pki/root.pem", "nginx.conf"]);
    let complete = (String::from("ngxlint_certificate_chain_complete"), vec![("path".to_owned(), shop.1.to_owned())]);
    assert_eq!(exposition::read(&trusted.stdout).get(&complete), Some(&1.0));
    let failed = exposition::read(&folder.certs(&["--format=prometheus", "nginx.conf", "nothere"]).stdout);
    assert_eq!(failed.get(&("ngxlint_run_complete".to_owned(), Vec::new())), Some(&0.0));
}

#[cfg(unix)]
#[test]
fn labels_hold_whatever_a_path_holds() {
    let conf = "events {}\nhttp { server { listen 443 ssl; server_name shop.example; \
        ssl_certificate 'a \"b\\\\\n c,d}é/shop.example.pem'; ssl_certificate_key k; } }\n";
    let folder = Folder::new(&[("nginx.conf", conf)]);
    folder.copy_certificates("a \"b\\\n c,d}é");
    let run = folder.certs(&["--format=prometheus", "nginx.conf"]);
    let metrics = exposition::read(&run.stdout);
    let labels = vec![("path".to_owned(), "a \"b\\\n c,d}é/shop.example.pem".to_owned())];
    assert_eq!(metrics.get(&("ngxlint_certificate_readable".to_owned(), labels)), Some(&1.0), "{}", run.stdout);
}

#[test]
fn the_file_for_the_collector() {
    let folder = folder(CONF);
    fs::create_dir(folder.path("textfile")).unwrap();
    folder.write("textfile/ngxlint.prom", b"old");
    let run = folder.certs(&["--format=prometheus", "-o", "textfile/ngxlint.prom", "nginx.conf"]);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    exposition::read(&fs::read_to_string(folder.path("textfile/ngxlint.prom")).unwrap());
    assert_eq!(fs::read_dir(folder.path("textfile")).unwrap().count(), 1, "nothing else is left behind");
}

#[test]
fn no_key_is_shown() {
    let folder = folder(&CONF.replace("data:$pem", "'data:-----BEGIN SECRET'"));
    let body = |key: &str| key.lines().nth(1).unwrap().to_owned();
    let secret = body(include_str!("../fixtures/pki/shop.example.key"));
    for format in ["human", "json", "prometheus"] {
        let run = folder.certs(&["--format", format, "nginx.conf"]);
        assert!(!run.stdout.contains(&secret) && !run.stdout.contains("SECRET"), "{format}");
    }
}

/// A configuration of one server with these certificates, each with a key.
fn with_pairs(pairs: &[(&str, &str)]) -> Folder {
    let text = |(certificate, key): &(&str, &str)| {
        format!("ssl_certificate pki/{certificate}.shop.example.pem; ssl_certificate_key pki/{key}.shop.example.key;\n")
            .replace("/.shop", "/shop")
    };
    let pairs: String = pairs.iter().map(text).collect();
    folder(&format!("events {{}}\nhttp {{ server {{ listen 443 ssl; server_name shop.example;\n{pairs} }} }}\n"))
}

#[test]
fn of_certificates_with_one_kind_of_key_the_last_is_presented() {
    let folder = with_pairs(&[("expired", "expired"), ("rsa", "rsa"), ("", "")]);
    let report = folder.certs_json(&["nginx.conf"]);
    let expired = listed(&report, "pki/expired.shop.example.pem");
    assert_eq!(expired["replaced_by"], json!(["pki/shop.example.pem"]));
    assert_eq!(expired["servers"], json!([]));
    for presented in ["pki/rsa.shop.example.pem", "pki/shop.example.pem"] {
        let presented = listed(&report, presented);
        assert_eq!((&presented["replaced_by"], &presented["servers"][0]["line"]), (&json!([]), &json!(2)));
    }
    let counts: Vec<_> = report["findings"].as_array().unwrap().iter().map(|count| &count["rule"]).collect();
    assert!(counts.contains(&&json!("cert-replaced")) && !counts.contains(&&json!("cert-expired")), "{counts:?}");
    let metrics = folder.certs(&["nginx.conf", "--format=prometheus"]).stdout;
    let of_expired: Vec<&str> = metrics.lines().filter(|line| line.contains("pki/expired")).collect();
    assert_eq!(of_expired, ["ngxlint_certificate_readable{path=\"pki/expired.shop.example.pem\"} 1"]);
}

#[test]
fn keys_in_another_order_than_their_certificates_match() {
    let folder = with_pairs(&[("", "rsa"), ("rsa", "")]);
    let report = folder.certs_json(&["nginx.conf", "--ca=pki/root.pem"]);
    for name in ["shop.example", "rsa.shop.example"] {
        let (certificate, key) = (format!("pki/{name}.pem"), format!("pki/{name}.key"));
        let keys = &listed(&report, &certificate)["keys"];
        assert_eq!((&keys[0]["file"], &keys[0]["state"]), (&json!(key), &json!("matches")));
        assert_eq!(keys.as_array().unwrap().len(), 1);
    }
    let metrics = folder.certs(&["nginx.conf", "--format=prometheus"]).stdout;
    assert!(
        !metrics.contains("\"} 0\n") && metrics.contains("key_matches{path=\"pki/rsa.shop.example.pem\"} 1"),
        "{metrics}"
    );
}

#[test]
fn a_key_without_a_certificate_to_compare_it_with_matches_nothing() {
    let conf = "events {}\nhttp { server { listen 443 ssl; ssl_certificate pki/none.pem; ssl_certificate_key pki/shop.example.key; }
        server { listen 444 ssl; ssl_certificate pki/shop.example.pem; ssl_certificate_key pki/shop.example.key; } }";
    let folder = folder(conf);
    let report = folder.certs_json(&["nginx.conf"]);
    assert_eq!(listed(&report, "pki/none.pem")["keys"][0]["state"], "uncompared");
    let metrics = folder.certs(&["nginx.conf", "--format=prometheus"]).stdout;
    let matching: Vec<&str> =
        metrics.lines().filter(|line| line.starts_with("ngxlint_certificate_key_matches")).collect();
    assert_eq!(matching, ["ngxlint_certificate_key_matches{path=\"pki/shop.example.pem\"} 1"]);
}

#[test]
fn what_nothing_is_known_of_is_counted() {
    let metrics = |conf: &str| {
        let stdout = folder(conf).certs(&["nginx.conf", "--format=prometheus"]).stdout;
        stdout.lines().find(|line| line.starts_with("ngxlint_certificates_unknown")).map(str::to_owned)
    };
    assert_eq!(metrics(CONF).as_deref(), Some("ngxlint_certificates_unknown 2"));
    let known = "events {}\nhttp { server { listen 443 ssl; ssl_certificate pki/shop.example.pem;
        ssl_certificate_key pki/shop.example.key; } }";
    assert_eq!(metrics(known).as_deref(), Some("ngxlint_certificates_unknown 0"));
    let folder = folder(CONF);
    let checked = folder.run(&["check", NOW, "nginx.conf"]).stdout;
    assert!(checked.trim_end().ends_with("certificates checked, 2 not known)"), "{checked}");
}

#[test]
fn bundles_in_the_wrong_order_and_keys_may_be_unused() {
    let folder = with_pairs(&[("", "")]);
    for entry in fs::read_dir(folder.path("pki")).unwrap() {
        let path = entry.unwrap().path();
        let kept = ["pki/shop.example.pem", "pki/shop.example.key", "pki/blog.example.key", "pki/root.pem"];
        if path.is_file() && !kept.iter().any(|name| path.ends_with(name)) {
            fs::remove_file(path).unwrap();
        }
    }
    let text = |name: &str| fs::read(format!("fixtures/pki/{name}.pem")).unwrap();
    folder.write("pki/bundle.crt", &[text("intermediate"), text("other.example")].concat());
    let report = folder.certs_json(&["nginx.conf"]);
    let unused: Vec<&serde_json::Value> =
        report["unused"].as_array().unwrap().iter().map(|file| &file["file"]).collect();
    assert_eq!(unused, [&json!("pki/bundle.crt")]);
    assert_eq!(report["unused"][0]["names"], json!(["other.example", "www.other.example"]));
    assert_eq!(report["unused_keys"], json!(["pki/blog.example.key"]));
}

#[test]
fn the_name_of_a_mail_server_is_not_said_to_be_uncovered() {
    let conf = "events {}
        mail { auth_http 127.0.0.1:9; ssl_certificate pki/shop.example.pem; ssl_certificate_key pki/shop.example.key;
        server { listen 993 ssl; server_name mail.other.example; } }";
    let folder = folder(conf);
    let report = folder.certs_json(&["nginx.conf"]);
    let shop = listed(&report, "pki/shop.example.pem");
    assert_eq!(shop["servers"][0]["names"], json!([{"name": "mail.other.example", "covered": "unknown"}]));
    assert_eq!((&shop["uncovered_names"], &report["findings"]), (&json!([]), &json!([])));
}
