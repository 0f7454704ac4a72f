//! Fixes are safe only where ordinary requests stay what they are. Each case was asked of real nginx: connections to the
//! upstream that are kept no longer, HTTP/1.1 in the place of 1.0, an answer of `if` to another value of a map.

use super::{added_lines, adds, site};

const MAP: &str = "map $http_upgrade $connection_upgrade {\ndefault upgrade;\n'' close;\n}";
const GROUP: &str = "upstream app {\nserver 127.0.0.1:9000;\nkeepalive 16;\n}";
const UPGRADE: &str = "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Host $host;";

fn location(path: &str, pass: &str, lines: &str) -> String {
    format!("{path} {{\nproxy_http_version 1.1;\nproxy_read_timeout 300s;\nproxy_pass {pass};\n{lines}\n}}")
}

#[test]
fn connections_to_the_upstream_are_kept_as_before() {
    const LINE: &str = "nginx.conf: proxy_set_header Connection $connection_upgrade;";
    const RISKY: &str = "? nginx.conf: proxy_set_header Connection $connection_upgrade;";
    let with = |connection: &str, group: &str, map: &str| {
        let lines = if connection.is_empty() {
            UPGRADE.to_owned()
        } else {
            format!("{UPGRADE}\nproxy_set_header Connection {connection};")
        };
        site(&location("/", "http://app", &lines), "", &format!("{map}\n{group}"))
    };
    let keeping_map = MAP.replace("close", "''");
    let without = GROUP.replace("keepalive 16;\n", "");
    for connection in ["\"\"", "\"upgrade\""] {
        adds(&with(connection, GROUP, MAP), &[RISKY]);
        adds(&with(connection, GROUP, &keeping_map), &[LINE]);
        adds(&with(connection, &GROUP.replace("16", "0"), MAP), &[LINE]);
        // From 1.29.7 on a group keeps connections by itself.
        assert_eq!(added_lines(&with(connection, &without, MAP), "1.29.6"), [LINE]);
        assert_eq!(added_lines(&with(connection, &without, MAP), "1.29.7"), [RISKY]);
    }
    // Without any Connection, too; and before, nginx says `close` by itself.
    assert_eq!(added_lines(&with("", &without, MAP), "1.29.7"), [RISKY]);
    assert_eq!(added_lines(&with("", GROUP, MAP), "1.29.6"), [LINE]);
    // No requests worth the name come there but handshakes, unless somebody keeps connections on purpose.
    let named = |lines: &str| site(&location("/ws/", "http://app", lines), "", &format!("{MAP}\n{GROUP}"));
    adds(&named(UPGRADE), &[LINE]);
    adds(&named(&format!("{UPGRADE}\nproxy_set_header Connection \"\";")), &[RISKY]);
}

#[test]
fn the_version_of_ordinary_requests_stays() {
    let at = |path: &str| {
        let lines = format!("{UPGRADE}\nproxy_set_header Connection $connection_upgrade;");
        let block = location(path, "http://127.0.0.1:9000", &lines).replace("1.1;", "1.0;");
        added_lines(&site(&block, "", MAP), "1.31.3")
    };
    assert_eq!(at("/"), ["? nginx.conf: proxy_http_version 1.1;"]);
    assert_eq!(at("/ws/"), ["nginx.conf: proxy_http_version 1.1;"]);
}

#[test]
fn a_map_is_turned_round_where_nobody_else_reads_it() {
    let block = location(
        "/ws/",
        "http://127.0.0.1:9000",
        &format!("{UPGRADE}\nproxy_set_header Connection $connection_upgrade;"),
    );
    let turned = MAP.replace("default upgrade", "default close").replace("'' close", "'' upgrade");
    let (safe, risky) = (
        ["nginx.conf: '' close;", "nginx.conf: default upgrade;"],
        ["? nginx.conf: '' close;", "? nginx.conf: default upgrade;"],
    );
    adds(&site(&block, "", &turned), &safe);
    for reader in [
        "if ($connection_upgrade = close) {\nreturn 426;\n}",
        "access_log logs/a.log combined if=$connection_upgrade;",
        "set $x \"a${CONNECTION_UPGRADE}\";",
    ] {
        let other =
            format!("server {{\nlisten 81;\nserver_name other.example;\nlocation / {{\n{reader}\nreturn 200;\n}}\n}}");
        adds(&site(&block, "", &format!("{turned}\n{other}")), &risky);
    }
}

#[test]
fn what_is_hidden_from_ordinary_answers_stays_hidden() {
    let is_mended = |path: &str| {
        let lines = format!("{UPGRADE}\nproxy_set_header Connection $connection_upgrade;\nproxy_hide_header Upgrade;");
        let text = site(&location(path, "http://127.0.0.1:9000", &lines), "", MAP);
        !super::case_of(&text).mended(super::VERSIONS[1], super::FixMode::Safe).unwrap().shown().contains("hide_header")
    };
    assert!(is_mended("/ws/"));
    assert!(!is_mended("/"));
}

#[test]
fn a_block_gets_of_the_outer_headers_those_that_a_handshake_needs() {
    let outer = format!("{UPGRADE}\nproxy_set_header Connection $connection_upgrade;\nproxy_set_header X-A a;");
    let block = location("/ws/", "http://127.0.0.1:9000", "proxy_set_header X-B b;");
    let text = site(&block, &outer, MAP);
    let mended = super::case_of(&text).mended(super::VERSIONS[1], super::FixMode::Safe).unwrap().shown();
    let block = mended.split_once("location /ws/").unwrap().1;
    assert!(block.contains("proxy_set_header Upgrade $http_upgrade;"), "{mended}");
    assert!(block.contains("proxy_set_header Connection $connection_upgrade;"), "{mended}");
    assert!(!block.contains("X-A") && !block.contains("Host"), "{mended}");
}
