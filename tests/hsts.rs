//! HSTS findings that depend on how the program is run, and that no example of a face can show.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod program;

use std::path::Path;

use program::Folder;

/// `ngxlint check` of a configuration whose certificates are those of fixtures/pki: its report about one rule.
fn report(folder: &Folder, rule: &str, arguments: &[&str]) -> String {
    let fixed = ["check", "nginx.conf", "--select", rule, "--now", "2026-06-01T00:00:00Z", "--fail-on", "never"];
    let run = folder.run(&[&fixed, arguments].concat());
    run.expect(0, &[], &[]);
    run.stdout
}

fn with_pki(http: &str) -> Folder {
    let folder = Folder::new(&[("nginx.conf", &format!("events {{}}\nhttp {{\n{http}\n}}\n"))]);
    let pki = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pki");
    for entry in std::fs::read_dir(pki).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            folder.write(&format!("pki/{}", path.file_name().unwrap().display()), &std::fs::read(&path).unwrap());
        }
    }
    folder
}

#[test]
fn whoever_gives_the_root_says_that_clients_trust_it() {
    let server = |certificate: &str, key: &str| {
        with_pki(&format!(
            "server {{ listen 443 ssl; server_name intranet.company.example; ssl_certificate pki/{certificate}.pem; \
             ssl_certificate_key pki/{key}.key; add_header Strict-Transport-Security max-age=31536000 always; }}"
        ))
    };
    for (certificate, key, root) in [
        ("with-root.company.example", "intranet.company.example", "pki/root.pem"),
        ("company.example", "company.example", "pki/company.example.pem"),
    ] {
        let folder = server(certificate, key);
        let says = |arguments: &[&str]| report(&folder, "hsts-untrusted-cert", arguments);
        assert!(says(&["--format", "short"]).contains("warning[hsts-untrusted-cert]"), "{certificate}");
        assert!(says(&["--format", "short", "--ca", "pki/localhost.pem"]).contains("[hsts-untrusted-cert]"));
        assert_eq!(says(&["--format", "short", "--ca", root]), "", "{certificate}");
        // What nginx presents is not what browsers see.
        assert_eq!(says(&["--format", "short", "--edge", "tls"]), "", "{certificate}");
    }
}

#[test]
fn a_table_of_two_hundred_subdomains_is_cut_with_a_count() {
    let tls = "ssl_certificate pki/wildcard.shop.example.pem; ssl_certificate_key pki/wildcard.shop.example.key;";
    let names = |prefix: &str, count: usize| {
        (0..count).map(|number| format!(" {prefix}{number}.shop.example")).collect::<String>()
    };
    let folder = with_pki(&format!(
        "server {{ listen 443 ssl; server_name shop.example; {tls}
             add_header Strict-Transport-Security \"max-age=31536000; includeSubDomains\" always;
             location /news {{ return 302 https://news.shop.example/; }} }}
         server {{ listen 443 ssl; server_name{}; {tls} }}
         server {{ listen 80; server_name{}; root /srv; }}",
        names("good", 180),
        names("bad", 20),
    ));
    let report: serde_json::Value =
        serde_json::from_str(&report(&folder, "hsts-subdomains-uncovered", &["--format", "json"])).unwrap();
    let finding = &report["findings"][0];
    assert_eq!(
        finding["message"],
        "includeSubDomains on shop.example locks browsers out of bad0.shop.example and 19 more: served on plain HTTP only"
    );
    let related: Vec<&str> =
        finding["related"].as_array().unwrap().iter().map(|place| place["message"].as_str().unwrap()).collect();
    assert_eq!(related.len(), 9);
    assert!(related[0].starts_with("bad0.shop.example is served on plain HTTP only; over HTTPS clients get "));
    assert!(related[8].ends_with("; and 192 more names: 11 on plain HTTP only, 180 over HTTPS, 1 not served here"));
}
