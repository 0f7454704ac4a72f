//! The stories of `fixtures/`: each bad side gives exactly the findings of its `expected.txt`, each
//! good side none.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test runs the program and reads its files")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The clock of the fixtures.
const NOW: &str = "2026-06-01T00:00:00Z";

/// The errors and warnings for one root file, as `FILE:LINE severity[rule]`.
fn findings(directory: &Path, root: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_ngxlint"))
        .args(["check", "--format", "json", "--fail-on", "never", "--now", NOW, root])
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["severity"] != "info")
        .map(|finding| {
            let place = &finding["location"];
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            format!(
                "{}:{} {}[{}]",
                text(&place["file"]),
                place["start"]["line"],
                text(&finding["severity"]),
                text(&finding["rule"])
            )
        })
        .collect()
}

fn expected(directory: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(directory.join("expected.txt")).unwrap();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

#[test]
fn bad_sides_give_what_is_expected_and_good_sides_nothing() {
    let mut stories: Vec<PathBuf> =
        std::fs::read_dir(fixtures().join("stories")).unwrap().map(|entry| entry.unwrap().path()).collect();
    stories.sort();
    assert!(stories.len() > 40, "{} stories", stories.len());
    let mut wrong = Vec::new();
    for story in &stories {
        let name = story.file_name().unwrap().to_string_lossy().into_owned();
        let bad = findings(story, "bad/nginx.conf");
        if bad != expected(story) {
            wrong.push(format!("{name}: expected {:?}, found {bad:?}", expected(story)));
        }
        let good = findings(story, "good/nginx.conf");
        if !good.is_empty() {
            wrong.push(format!("{name}: the good side gives {good:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_shop_gives_what_its_readme_says() {
    let shop = fixtures().join("shop");
    assert_eq!(findings(&shop, "nginx.conf"), expected(&shop));
}

/// nginx's documented block for WebSocket, with what else a quiet socket and an application need.
const WEBSOCKET: &str = "events {}
http {
    map $http_upgrade $connection_upgrade {
        default upgrade;
        ''      close;
    }
    server {
        listen 80;
        server_name shop.example;
        location /ws/ {
            proxy_pass http://127.0.0.1:9000;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header Host $host;
            proxy_read_timeout 300s;
        }
    }
}
";

/// All that is said of a configuration, for a version of nginx: rule, message and help.
fn all_said(text: &str, version: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("nginx.conf"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ngxlint"))
        .args([
            "check",
            "--format",
            "json",
            "--fail-on",
            "never",
            "--now",
            NOW,
            "--nginx-version",
            version,
            "nginx.conf",
        ])
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|finding| format!("{}: {} {}", finding["rule"], finding["message"], finding["help"])).collect()
}

#[test]
fn a_line_that_the_websocket_block_lacks_is_named_once() {
    let lines = [
        ("proxy_pass", "proxy_pass"),
        ("proxy_http_version", "proxy_http_version 1.1;"),
        ("proxy_set_header Upgrade", "proxy_set_header Upgrade $http_upgrade;"),
        ("proxy_set_header Connection", "proxy_set_header Connection"),
        ("proxy_set_header Host", "proxy_set_header Host $host;"),
        ("proxy_read_timeout", "proxy_read_timeout 300s;"),
        ("default upgrade", "default upgrade;"),
    ];
    for version in ["1.22.1", "1.31.3"] {
        assert_eq!(all_said(WEBSOCKET, version), Vec::<String>::new(), "{version}");
        for (line, named) in lines {
            let rest: Vec<&str> = WEBSOCKET.lines().filter(|kept| !kept.contains(line)).collect();
            let said = all_said(&rest.join("\n"), version);
            assert!(said.len() == 1 && said[0].contains(named), "{version}, without {line}: {said:#?}");
        }
    }
}

#[test]
fn a_certificate_for_another_name_is_told_once_with_the_websocket_location() {
    let story = fixtures().join("stories/websocket-wrong-certificate");
    let output = Command::new(env!("CARGO_BIN_EXE_ngxlint"))
        .args(["check", "--format", "json", "--fail-on", "never", "--now", NOW, "bad/nginx.conf"])
        .current_dir(story)
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found: Vec<&serde_json::Value> =
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "info").collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    let related: Vec<&str> =
        found[0]["related"].as_array().unwrap().iter().filter_map(|place| place["message"].as_str()).collect();
    assert!(related.iter().any(|message| message.contains("WebSocket")), "{related:?}");
}
