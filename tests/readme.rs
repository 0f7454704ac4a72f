//! What the README shows is what the program prints.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test runs the program and reads its files")]

use std::process::Command;

use ngxlint::rules::all_rules;

const README: &str = include_str!("../README.md");

fn check(arguments: &[&str]) -> String {
    run(&[&["check", "fixtures/shop", "--now", "2026-06-01T00:00:00Z"], arguments].concat())
}

/// What is printed by a run that finds something.
fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ngxlint"))
        .args(arguments)
        .env("COLUMNS", "100")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The text of the first fenced block that starts so.
fn block(start: &str) -> &'static str {
    let (_, rest) = README.split_once(start).unwrap_or_else(|| panic!("the README has no {start:?}"));
    rest.split_once("\n```").unwrap().0.trim_start_matches('\n')
}

#[test]
fn the_short_report() {
    let shown = block("```console\n$ ngxlint check fixtures/shop --format short\n");
    assert_eq!(check(&["--format", "short"]).trim_end(), shown);
}

#[test]
fn a_finding_in_full() {
    let report = check(&["--select", "default-server-foreign-cert", "--color", "never"]);
    let shown = block("```text\n");
    assert!(report.contains(shown), "the README shows\n{shown}\nthe program prints\n{report}");
}

#[test]
fn the_trace_of_a_request() {
    let shown = block("```console\n$ ngxlint trace https://nobody.example/ --conf fixtures/shop\n");
    assert_eq!(run(&["trace", "https://nobody.example/", "--conf", "fixtures/shop"]).trim_end(), shown);
}

#[test]
fn every_rule_with_its_summary() {
    let rows: String = all_rules()
        .iter()
        .map(|rule| format!("| [{0}](rules/{1}/{0}.yaml) | {2} |\n", rule.name, rule.category, rule.face().summary))
        .collect();
    assert!(README.contains(&rows), "the table of rules is to be\n{rows}");
}
