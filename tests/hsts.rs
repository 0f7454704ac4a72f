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

#[test]
fn headers_are_lost_on_files_even_where_the_path_of_the_location_is_none() {
    const TLS: &str = "listen 443 ssl; server_name shop.example; ssl_certificate pki/wildcard.shop.example.pem; \
                       ssl_certificate_key pki/wildcard.shop.example.key;";
    let says = |http: &str, root: &str| {
        let folder = with_pki("");
        for file in ["index.html", "blog/post.html", "static/app.css"] {
            folder.write(&format!("www/{file}"), b"x");
        }
        let root = folder.path(root);
        let http = http.replace("TLS", TLS).replace("ROOT", root.to_str().unwrap());
        folder.write("nginx.conf", format!("events {{}}\nhttp {{\n{http}\n}}\n").as_bytes());
        report(&folder, "hsts-header-lost", &["--format", "short"])
    };
    // Seen on nginx 1.22.1: /blog/ is a 403, and /blog/post.html a 200; neither carries the header.
    let of_location = |location: &str| {
        let header = "add_header Strict-Transport-Security max-age=31536000;";
        says(&format!("server {{ TLS root ROOT; {header} {location} }}"), "www")
    };
    let blog = of_location("location /blog/ { add_header X-Frame-Options DENY; }");
    assert!(blog.contains("warning[hsts-header-lost] files below https://shop.example/blog/ are answered"), "{blog}");
    let blog = of_location("location /blog { add_header X-Frame-Options DENY; try_files $uri =404; }");
    assert!(blog.contains("files below https://shop.example/blog/ are answered without HSTS"), "{blog}");
    let styles = of_location("location ~* \\.(css|js)$ { add_header X-A public; }");
    assert!(styles.contains("info[hsts-header-lost] https://shop.example/x.css is answered without HSTS"), "{styles}");
    assert_eq!(of_location("location = /nothing.html { add_header X-A public; }"), "");
    assert_eq!(of_location("location /gone { add_header X-A public; return 404; }"), "");
    // A server with no front page has files all the same.
    let header = "add_header Strict-Transport-Security max-age=31536000;";
    let server = says(&format!("{header} server {{ TLS root ROOT; add_header X-A b; }}"), "www/blog");
    assert!(server.contains("files below https://shop.example/ are answered without HSTS"), "{server}");
}

#[test]
fn what_may_be_locked_out_is_named_beside_what_is() {
    let folder = with_pki(
        "server { listen 443 ssl default_server; server_name shop.example; \
           ssl_certificate pki/wildcard.shop.example.pem; ssl_certificate_key pki/wildcard.shop.example.key; \
           add_header Strict-Transport-Security \"max-age=31536000; includeSubDomains\" always; }
         server { listen 80; server_name a.shop.example b.shop.example *.tenants.shop.example; root /srv; }",
    );
    let said = report(&folder, "hsts-subdomains-uncovered", &["--format", "short"]);
    let names = "locks browsers out of a.shop.example and b.shop.example: served on plain HTTP only, and perhaps out of \
                 *.tenants.shop.example";
    assert!(said.contains(names), "{said}");
}

#[test]
fn a_name_that_the_certificate_of_the_same_server_lacks_is_told_once() {
    let server = "listen 443 ssl; ssl_certificate pki/shop.example.pem; ssl_certificate_key pki/shop.example.key;";
    let header = "add_header Strict-Transport-Security \"max-age=31536000; includeSubDomains\" always;";
    let says = |http: &str| report(&with_pki(http), "hsts-subdomains-uncovered", &["--format", "short"]);
    let same = format!("server {{ {server} server_name shop.example api.shop.example; {header} }}");
    assert_eq!(says(&same), "");
    let other = format!(
        "server {{ {server} server_name shop.example; {header} }} server {{ {server} server_name api.shop.example; }}"
    );
    assert!(says(&other).contains("locks browsers out of api.shop.example"));
}

#[test]
fn all_that_the_preload_list_minds_is_said_at_once() {
    let folder = with_pki(
        "server { listen 80; server_name shop.example; root /srv; }
         server { listen 443 ssl; server_name shop.example; ssl_certificate pki/wildcard.shop.example.pem; \
           ssl_certificate_key pki/wildcard.shop.example.key; \
           add_header Strict-Transport-Security \"max-age=10368000; preload\" always; }",
    );
    let said = report(&folder, "hsts-preload-ineligible", &["--format", "short"]);
    let all = "includeSubDomains and for a max-age of a year (31536000), not 120 days; besides, http://shop.example/ is \
               not redirected to https";
    assert!(said.contains(all), "{said}");
    assert_eq!(report(&folder, "hsts-max-age", &["--format", "short"]), "");
}
