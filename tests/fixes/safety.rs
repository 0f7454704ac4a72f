//! What a fix must not break beside the fault: who else is served, who else reads a file.

use std::path::Path;

use ngxlint::model::{Edge, Edges, Environment, Model};
use ngxlint::rules::{Finding, Selection, Severity, run};
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
