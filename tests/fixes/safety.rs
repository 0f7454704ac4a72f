//! What a fix must not break beside the fault: who else is served, who else reads a file.

use std::path::Path;

use ngxlint::fixes::FixMode;
use ngxlint::model::{Edge, Edges, Environment, Model};
use ngxlint::rules::{Certainty, Finding, Selection, Severity, run};
use ngxlint::source::Sources;

use super::{Case, VERSIONS, adds, case_of, environment, pki};

fn with_certificates(text: &str) -> Case {
    let mut case = case_of(text);
    for (path, bytes) in pki() {
        case.files.add(Path::new(super::DIRECTORY).join("pki").join(path), bytes);
    }
    case
}

/// What is said where something stands in front of nginx for some hosts.
fn behind(case: &Case, edges: Edges) -> Vec<Finding> {
    let sources = Sources::default();
    let library = ngxlint::config::Library::new(&case.files, &sources, None);
    let config = ngxlint::config::Config::load(&library, &case.root, None).unwrap();
    let environment = Environment { edge: edges, ..environment(Edge::None) };
    run(&Model::build(&config, &case.files, environment), &Selection::default())
}

#[test]
fn ssl_is_not_said_where_tls_ends_in_front_of_nginx() {
    let server = |name: &str| {
        format!(
            "server {{\nlisten 443;\nserver_name {name};\nssl_certificate pki/wildcard.shop.example.pem;\n\
             ssl_certificate_key pki/wildcard.shop.example.key;\n}}\n"
        )
    };
    let case = |names: &[&str]| {
        let servers: String = names.iter().map(|name| server(name)).collect();
        with_certificates(&format!("events {{}}\nhttp {{\n{servers}}}\n"))
    };
    let found = |case: &Case, edges: Edges| -> Vec<(Severity, bool)> {
        let found = behind(case, edges).into_iter().filter(|one| one.rule.as_str() == "listen-443-without-ssl");
        found.map(|one| (one.severity, one.fix.is_some_and(|fix| fix.is_safe))).collect()
    };
    let a_is_behind = || Edges::new(None, [("a.shop.example", Edge::Tls)]);
    let both = case(&["a.shop.example", "b.shop.example"]);
    let one_server = case(&["a.shop.example b.shop.example"]);
    for case in [&both, &one_server] {
        assert_eq!(found(case, Edge::None.into()), [(Severity::Error, true)]);
        assert_eq!(found(case, Edge::Tls.into()), []);
        assert_eq!(found(case, a_is_behind()), [(Severity::Warning, false)]);
        assert_eq!(found(case, Edges::new(None, [(".shop.example", Edge::Tls)])), []);
        assert_eq!(found(case, Edges::new(None, [("c.shop.example", Edge::Tls)])), [(Severity::Error, true)]);
    }
    assert_eq!(found(&case(&["a.shop.example"]), a_is_behind()), []);
}

#[test]
fn a_map_that_something_else_asks_is_not_changed_unseen() {
    let stream = |more: &str, own: &str| {
        format!(
            "events {{}}\nstream {{\nmap $ssl_preread_server_name $up {{\na.example 127.0.0.1:1;\ndefault 127.0.0.1:2;\n}}\n\
             {more}\nserver {{\nlisten 443 ssl;\nssl_certificate pki/shop.example.pem;\n\
             ssl_certificate_key pki/shop.example.key;\nproxy_pass $up;\n{own}\n}}\n\
             server {{\nlisten 8443;\nssl_preread on;\nproxy_pass 127.0.0.1:443;\n}}\n}}\n"
        )
    };
    const LINE: &str = "nginx.conf: map $ssl_server_name $up {";
    let risky = format!("? {LINE}");
    adds(&stream("", ""), &[LINE]);
    adds(&stream("", "proxy_ssl on;\nproxy_ssl_server_name on;\nproxy_ssl_name $up;"), &[LINE]);
    adds(&stream("log_format y 'route ${up}';", ""), &[&risky]);
    adds(&stream("map $UP $other {\ndefault x;\n}", ""), &[&risky]);
    adds(&stream("upstream u {\nhash $up;\nserver 127.0.0.1:3;\n}", ""), &[&risky]);
    adds(&stream("log_format y 'route $upstream_addr';", ""), &[LINE]);
    // To http it is another variable.
    adds(&(stream("", "") + "http {\nlog_format y '$up';\nmap $host $up {\ndefault x;\n}\n}\n"), &[LINE]);
}

#[test]
fn nothing_gets_worse_but_what_the_fault_has_hidden() {
    let server = |name: &str| {
        format!(
            "server {{\nlisten 443;\nserver_name {name};\nssl_certificate pki/wildcard.shop.example.pem;\n\
             ssl_certificate_key pki/wildcard.shop.example.key;\n}}\n"
        )
    };
    let servers = server("a.shop.example") + &server("b.shop.example");
    let case = with_certificates(&format!("events {{}}\nhttp {{\n{servers}}}\n"));
    let linted = case.lint(VERSIONS[1]);
    let finding = linted.findings.iter().find(|finding| finding.rule.as_str() == "listen-443-without-ssl").unwrap();
    let fix = finding.fix.as_ref().unwrap();
    let (mended, faults) = super::faults(&case, &linted, finding, fix, VERSIONS[1]);
    assert_eq!(faults, [""; 0]);
    let severity = |case: &Case| {
        let found = case.lint(VERSIONS[1]).findings.into_iter();
        found
            .filter(|finding| finding.rule.as_str() == "implicit-default-server")
            .map(|finding| finding.severity)
            .next()
    };
    assert_eq!((severity(&case), severity(&mended)), (Some(Severity::Info), Some(Severity::Warning)));
}

const CERTIFICATE: &str = "ssl_certificate pki/shop.example.pem;\nssl_certificate_key pki/shop.example.key;\n";

fn http(text: &str) -> Case {
    with_certificates(&format!("events {{}}\nhttp {{\n{text}\n}}\n"))
}

/// The fixes that a rule offers: whether each is safe.
fn offered(case: &Case, rule: &str) -> Vec<Option<bool>> {
    let found = case.lint(VERSIONS[1]).findings.into_iter().filter(|finding| finding.rule.as_str() == rule);
    found.map(|finding| finding.fix.map(|fix| fix.is_safe)).collect()
}

#[test]
fn a_port_of_a_range_may_have_a_default_server() {
    let plain =
        |listen: &str, name: &str| format!("server {{\nlisten {listen};\nserver_name {name};\nreturn 200;\n}}\n");
    let tls = |listen: &str, name: &str| {
        format!("server {{\nlisten {listen};\nserver_name {name};\n{CERTIFICATE}return 200;\n}}\n")
    };
    let two = plain("127.0.0.1:8100-8110", "a.example") + &plain("127.0.0.1:8105", "b.example");
    assert_eq!(offered(&http(&two), "implicit-default-server"), [Some(true)]);
    let three = two.clone() + &plain("127.0.0.1:8107 default_server", "c.example");
    assert_eq!(offered(&http(&three), "implicit-default-server"), [None]);
    // Of one port another server is the first.
    let first = plain("127.0.0.1:8101", "z.example") + &two;
    assert_eq!(offered(&http(&first), "implicit-default-server"), [Some(true), None]);
    // A host name may mean the same address.
    let named = two.clone() + &plain("host.example:8105 default_server", "d.example");
    assert_eq!(offered(&http(&named), "implicit-default-server"), [None]);
    // Not all ports of it are looked at.
    let long = two.replace("8110", "8510");
    assert_eq!(offered(&http(&long), "implicit-default-server"), [None]);

    let two = tls("127.0.8.1:8441 ssl", "shop.example") + &tls("127.0.8.1:8441 ssl", "www.shop.example");
    assert_eq!(offered(&http(&two), "implicit-default-server"), [Some(false)]);
    let range = two.replacen("8441", "8440-8445", 1) + &tls("127.0.8.1:8442 ssl default_server", "other.example");
    assert_eq!(offered(&http(&range), "implicit-default-server"), [None]);
}

#[test]
fn strangers_are_redirected_still() {
    let server = |listen: &str, name: &str, target: &str| {
        format!(
            "server {{\nlisten {listen};\nserver_name {name};\n{CERTIFICATE}root /srv;\n\
             return 301 https://{target}$request_uri;\n}}\n"
        )
    };
    let alone =
        |target: &str| offered(&http(&server("443 ssl default_server", "shop.example", target)), "redirect-loop");
    assert_eq!(alone("shop.example"), [Some(false)]);
    assert_eq!(alone("$hostname"), [None; 0]);
    assert_eq!(alone("$host"), [Some(true)]);
    assert_eq!(alone("${host}"), [Some(true)]);
    let other = "server {\nlisten 443 ssl default_server;\nserver_name _;\nssl_reject_handshake on;\n}\n";
    let both = other.to_owned() + &server("443 ssl", "shop.example", "shop.example");
    assert_eq!(offered(&http(&both), "redirect-loop"), [Some(true)]);
}

#[test]
fn what_could_not_be_read_may_say_it() {
    const MISSING: &str = "include missing.conf;\n";
    let server = |listen: &str, name: &str, more: &str| {
        format!("server {{\nlisten {listen};\nserver_name {name};\n{CERTIFICATE}{more}}}\n")
    };
    let two = server("80", "shop.example", "return 200;\n") + &server("80", "www.shop.example", "return 200;\n");
    let two = two.replace(CERTIFICATE, "");
    assert_eq!(offered(&http(&two), "implicit-default-server"), [Some(true)]);
    assert_eq!(offered(&http(&(MISSING.to_owned() + &two)), "implicit-default-server"), [None]);
    let http2 = server("443 ssl http2", "shop.example", "return 200;\n");
    assert_eq!(offered(&http(&http2), "listen-http2-deprecated"), [Some(true)]);
    assert_eq!(offered(&http(&(MISSING.to_owned() + &http2)), "listen-http2-deprecated"), [Some(false)]);
    let without_ssl = server("443", "shop.example", "return 200;\n");
    assert_eq!(offered(&http(&without_ssl), "listen-443-without-ssl"), [Some(true)]);
    assert_eq!(offered(&http(&(MISSING.to_owned() + &without_ssl)), "listen-443-without-ssl"), [Some(false)]);

    let lost = |more: &str| {
        let inside = format!(
            "add_header Strict-Transport-Security \"max-age=31536000\" always;\n\
             location / {{\nadd_header X-Y y;\n{more}return 200;\n}}\n"
        );
        let linted = http(&server("443 ssl", "shop.example", &inside)).lint(VERSIONS[1]);
        let found = linted.findings.into_iter().find(|finding| finding.rule.as_str() == "hsts-header-lost").unwrap();
        (found.certainty, found.fix.unwrap().is_safe)
    };
    assert_eq!(lost(""), (Certainty::Certain, true));
    assert_eq!(lost(MISSING), (Certainty::Conditional, false));
}

#[test]
fn ssl_is_not_said_where_the_file_shows_that_tls_ends_before() {
    let found = |listen: &str, more: &str, around: &str| {
        let text = format!(
            "{around}server {{\nlisten {listen};\nserver_name shop.example;\n{CERTIFICATE}{more}root /srv;\n}}\n"
        );
        let found = http(&text).lint(VERSIONS[1]).findings;
        let found = found.into_iter().find(|finding| finding.rule.as_str() == "listen-443-without-ssl").unwrap();
        (found.severity, found.certainty, found.fix.unwrap().is_safe)
    };
    let certain = (Severity::Error, Certainty::Certain, true);
    let conditional = (Severity::Warning, Certainty::Conditional, false);
    assert_eq!(found("443", "", ""), certain);
    assert_eq!(found("443", "", "log_format main '$remote_addr $http_x_forwarded_for';\n"), certain);
    assert_eq!(found("443", "", "server {\nlisten 80;\nset_real_ip_from 10.0.0.0/8;\n}\n"), certain);
    assert_eq!(found("443 proxy_protocol", "", ""), conditional);
    for sign in [
        "set_real_ip_from 10.0.0.0/8;\n",
        "real_ip_header X-Forwarded-For;\n",
        "proxy_set_header X-Forwarded-Proto ${http_x_forwarded_proto};\n",
    ] {
        assert_eq!(found("443", sign, ""), conditional, "{sign}");
        assert_eq!(found("443", "", sign), conditional, "{sign}");
    }
    let redirects = "if ($http_x_forwarded_proto != https) {\nreturn 301 https://shop.example$request_uri;\n}\n";
    assert_eq!(found("443", redirects, ""), conditional);
    let map = "map $http_x_forwarded_proto $is_https {\ndefault off;\nhttps on;\n}\n";
    assert_eq!(found("443", "", map), conditional);
}

#[test]
fn blocks_inside_are_asked_before_they_inherit_a_header() {
    let site = |inner: &str| {
        http(&format!(
            "server {{\nlisten 443 ssl default_server;\nserver_name shop.example;\n{CERTIFICATE}\
             add_header Strict-Transport-Security \"max-age=31536000\" always;\n\
             location /a/ {{\nadd_header X-A 1;\nroot /srv;\nlocation /a/b/ {{\n{inner}}}\n}}\n}}\n\
             server {{\nlisten 127.0.0.1:8081;\nserver_name back.example;\n\
             add_header Strict-Transport-Security \"max-age=63072000\" always;\nroot /srv;\n}}\n"
        ))
    };
    assert_eq!(offered(&site("root /srv;\n"), "hsts-header-lost"), [Some(true)]);
    assert_eq!(offered(&site("proxy_pass http://127.0.0.1:8081;\n"), "hsts-header-lost"), [None]);
    // It inherits nothing.
    let own = site("add_header X-B 1;\nproxy_pass http://127.0.0.1:8081;\n");
    assert_eq!(offered(&own, "hsts-header-lost"), [Some(true)]);
}

#[test]
fn a_header_is_repeated_as_it_becomes() {
    let case = http(&format!(
        "server {{\nlisten 443 ssl default_server;\nserver_name shop.example;\n{CERTIFICATE}\
         location /a/ {{\nadd_header X y;\nroot /srv;\n}}\n\
         add_header Strict-Transport-Security \"max-age=31536000\";\n}}\n"
    ));
    let mended = case.mended(VERSIONS[1], FixMode::Safe).unwrap().shown();
    assert_eq!(mended.matches("\"max-age=31536000\" always;").count(), 2, "{mended}");
}

#[test]
fn no_space_is_left_at_the_end_of_a_line() {
    let both = |gap: &str| {
        let text = format!(
            "  ssl_stapling on;{gap}ssl_stapling_verify on;\nserver {{\nlisten 443 ssl default_server;\n\
             server_name shop.example;\n{CERTIFICATE}listen 8443 ssl http2\n#both\n;\nreturn 200;\n}}"
        );
        http(&text).mended(VERSIONS[1], FixMode::Safe).unwrap().shown()
    };
    for gap in [" ", "", "\n  "] {
        let mended = both(gap);
        assert!(!mended.contains("ssl_stapling"), "{mended}");
        assert!(mended.lines().all(|line| line.trim_end() == line), "{mended}");
        assert!(mended.contains("http {\nserver {"), "{mended}");
    }
}
