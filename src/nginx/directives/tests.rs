use super::*;
use crate::nginx::NEWEST;

fn find(name: &str) -> DirectiveName {
    DirectiveName::find(name.as_bytes()).expect("a row names a known directive")
}

fn version(text: &str) -> NginxVersion {
    text.parse().expect("a row names a version")
}

#[test]
fn the_tables_are_sorted_and_each_module_has_a_name_once() {
    for modules in
        [core::MODULES, http::MODULES, http_upstream::MODULES, stream::MODULES, mail::MODULES, third_party::MODULES]
    {
        for module in modules {
            let names: Vec<&str> = module.directives().map(|row| row.name).collect();
            assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        }
    }
    let rows = all_directives();
    assert!(rows.windows(2).all(|pair| (pair[0].name, pair[0].module) < (pair[1].name, pair[1].module)));
}

#[test]
fn directives_of_one_name_stand_in_different_contexts() {
    for name in (0..).map(DirectiveName).take(TABLE.ranges.len()) {
        let mut seen = Contexts::EMPTY;
        for row in name.rows() {
            assert!(!seen.intersects(row.contexts), "{} of {}", row.name, row.module);
            seen = seen | row.contexts;
        }
    }
}

#[test]
fn every_row_is_consistent() {
    for row in all_directives() {
        let words = matches!(row.value, Some(ValueKind::OneOf | ValueKind::SetOf));
        assert_eq!(words, !row.values.is_empty(), "{}", row.name);
        assert!(row.name.len() <= LONGEST_NAME, "{}", row.name);
        assert!(!row.contexts.is_empty() && !row.module.is_empty(), "{}", row.name);
        assert!(row.since.is_none_or(|since| row.removed_after.is_none_or(|last| since <= last)), "{}", row.name);
        if let (Some(ValueKind::Flag), Some(default)) = (row.value, row.default) {
            assert!(matches!(default, "on" | "off"), "{} {default}", row.name);
        }
    }
}

#[test]
fn contexts_and_modules_of_known_directives() {
    // Name, context to look in, module, contexts; `-` where nginx says "directive is not allowed here".
    const ROWS: &[(&str, Contexts, &str, &str)] = &[
        ("add_header", Contexts::HTTP, "ngx_http_headers_filter_module", "http, server, location, if in location"),
        ("add_header", Contexts::IF_IN_SERVER, "-", "-"),
        ("listen", Contexts::SERVER, "ngx_http_core_module", "server"),
        ("listen", Contexts::STREAM_SERVER, "ngx_stream_core_module", "stream server"),
        ("listen", Contexts::MAIL_SERVER, "ngx_mail_core_module", "mail server"),
        ("listen", Contexts::HTTP, "-", "-"),
        ("server", Contexts::UPSTREAM, "ngx_http_upstream", "upstream"),
        ("server", Contexts::HTTP, "ngx_http_core_module", "http"),
        ("return", Contexts::IF_IN_SERVER, "ngx_http_rewrite_module", "server, if in server, location, if in location"),
        ("return", Contexts::STREAM_SERVER, "ngx_stream_return_module", "stream server"),
        ("proxy_pass", Contexts::LIMIT_EXCEPT, "ngx_http_proxy_module", "location, if in location, limit_except"),
        ("if", Contexts::LOCATION, "ngx_http_rewrite_module", "server, location"),
        ("include", Contexts::UPSTREAM, "ngx_conf_file", "any"),
        ("worker_connections", Contexts::EVENTS, "ngx_event", "events"),
        (
            "more_set_headers",
            Contexts::LOCATION,
            "ngx_http_headers_more_filter_module",
            "http, server, location, if in location",
        ),
    ];
    for (name, place, module, contexts) in ROWS {
        let found = find(name).in_context(*place);
        assert_eq!(found.map_or("-", |row| row.module), *module, "{name} in {place}");
        assert_eq!(found.map_or("-".to_owned(), |row| row.contexts.to_string()), *contexts, "{name} in {place}");
    }
    assert_eq!(find("listen").rows().iter().filter(|row| row.package.is_none()).count(), 3);
}

#[test]
fn a_directive_exists_in_its_releases_only() {
    const ROWS: &[(&str, Contexts, &str, bool)] = &[
        ("http2", Contexts::SERVER, "1.25.0", false),
        ("http2", Contexts::SERVER, "1.25.1", true),
        ("ssl", Contexts::SERVER, "1.25.0", true),
        ("ssl", Contexts::SERVER, "1.25.1", false),
        ("ssl_reject_handshake", Contexts::HTTP, "1.18.0", false),
        ("ssl_reject_handshake", Contexts::HTTP, "1.19.4", true),
        ("add_header_inherit", Contexts::LOCATION, "1.29.2", false),
        ("add_header_inherit", Contexts::LOCATION, "1.29.3", true),
        ("server_name", Contexts::STREAM_SERVER, "1.25.4", false),
        ("server_name", Contexts::STREAM_SERVER, "1.25.5", true),
        ("server_name", Contexts::SERVER, "1.14.0", true),
        ("proxy_http_version", Contexts::HTTP, "1.1.3", false),
        ("client_body_early_read", Contexts::HTTP, "1.31.4", false),
    ];
    for (name, place, release, exists) in ROWS {
        let row = find(name).in_context(*place).expect("a row names a context of the directive");
        assert_eq!(row.exists_in(version(release)), *exists, "{name} in {release}");
    }
}

#[test]
fn arguments_and_words_follow_the_version() {
    let keepalive = find("keepalive").in_context(Contexts::UPSTREAM).expect("keepalive stands in upstream");
    assert_eq!(keepalive.arguments_in(version("1.29.6")), Arguments::exactly(1));
    assert_eq!(keepalive.arguments_in(version("1.29.7")), Arguments::between(1, 2));
    assert_eq!(keepalive.contexts_in(version("1.22.1")), Contexts::UPSTREAM);

    let http_version = find("proxy_http_version").in_context(Contexts::HTTP).expect("it stands in http");
    assert!(!http_version.accepts_word(b"2", version("1.29.3")));
    assert!(http_version.accepts_word(b"2", version("1.29.4")));
    assert_eq!(http_version.word_since(b"2"), Some(version("1.29.4")));
    assert_eq!(http_version.word_since(b"1.1"), None);
    assert!(http_version.accepts_word(b"1.1", version("1.22.1")));
    assert!(!http_version.accepts_word(b"3", NEWEST));
    let protocols = find("ssl_protocols").in_context(Contexts::SERVER).expect("it stands in server");
    assert!(protocols.accepts_word(b"tlsv1.3", NEWEST));
}

#[test]
fn documentation_is_where_the_reference_has_it() {
    const ROWS: &[(&str, Contexts, Option<&str>)] = &[
        ("add_header", Contexts::HTTP, Some("https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header")),
        ("include", Contexts::HTTP, Some("https://nginx.org/en/docs/ngx_core_module.html#include")),
        ("error_log", Contexts::SERVER, Some("https://nginx.org/en/docs/ngx_core_module.html#error_log")),
        ("server", Contexts::UPSTREAM, Some("https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server")),
        (
            "more_set_headers",
            Contexts::HTTP,
            Some("https://github.com/openresty/headers-more-nginx-module#more_set_headers"),
        ),
        ("post_action", Contexts::HTTP, None),
    ];
    for (name, place, url) in ROWS {
        let row = find(name).in_context(*place).expect("a row names a context of the directive");
        assert_eq!(row.documentation().as_deref(), *url, "{name}");
    }
}

#[test]
fn deprecated_directives_name_what_takes_their_place() {
    let deprecated = |name: &str| find(name).rows()[0].deprecated;
    assert_eq!(
        deprecated("http2_idle_timeout"),
        Some(Deprecated { since: version("1.19.7"), instead: Some("keepalive_timeout") })
    );
    assert_eq!(deprecated("http2_push"), Some(Deprecated { since: version("1.25.1"), instead: None }));
    assert_eq!(deprecated("listen"), None);
}

#[test]
fn a_misspelt_name_finds_its_neighbour() {
    const ROWS: &[(&str, Option<&str>)] = &[
        ("proxy_pas", Some("proxy_pass")),
        ("proxy_psas", Some("proxy_pass")),
        ("server_nmae", Some("server_name")),
        ("Server_Name", Some("server_name")),
        ("ssl_certificat_key", Some("ssl_certificate_key")),
        ("lisen", Some("listen")),
        ("istlen", Some("listen")),
        ("something_else_entirely", None),
        ("xyz", None),
        ("", None),
    ];
    assert_eq!(DirectiveName::nearest(&[b'x'; 1 << 20]), None);
    for (written, meant) in ROWS {
        assert_eq!(DirectiveName::nearest(written.as_bytes()).map(DirectiveName::as_str), *meant, "{written}");
    }
}

#[test]
fn a_name_is_found_with_case_only() {
    assert_eq!(find("server_name").as_str(), "server_name");
    assert_eq!(DirectiveName::find(b"Server_Name"), None);
    assert_eq!(DirectiveName::find(b""), None);
}
