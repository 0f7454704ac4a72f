//! SARIF, GitLab's Code Quality, and several reports of one run.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::program::{Folder, Run};
use super::{report, repository, run_tool, said, tool};

/// The SARIF log with one line changed before the run.
fn sarif(change: impl Fn(&str) -> String) -> Value {
    let folder = repository();
    let path = folder.path("deploy/a b/nginx.conf");
    fs::write(&path, change(&fs::read_to_string(&path).unwrap())).unwrap();
    serde_json::from_str(&report(&folder, "sarif").stdout).unwrap()
}

/// `--rule-kind Ghas` are the rules of GitHub's code scanning.
#[test]
fn sarif_passes_the_validator_of_its_authors() {
    let folder = repository();
    let run = report(&folder, "sarif");
    assert_eq!(run.status, 1, "{}", run.stderr);
    fs::write(folder.path("report.sarif"), &run.stdout).unwrap();
    let Some(multitool) = tool("Sarif.Multitool") else { return };
    let arguments = ["validate", "report.sarif", "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning"];
    let judge = || {
        let output = run_tool(&multitool, &arguments, folder.0.path());
        let text = said(&output);
        assert!(text.contains("Analysis completed successfully"), "{text}");
        // Its status is that of the run, not of the verdict.
        if text.contains(": error ") || text.contains(": warning ") { Err(text) } else { Ok(()) }
    };
    judge().unwrap_or_else(|text| panic!("{text}"));
    fs::write(folder.path("report.sarif"), run.stdout.replace("\"startLine\": ", "\"startLine\": -")).unwrap();
    assert!(judge().is_err(), "it sees what is wrong");
}

#[test]
fn sarif_paths_are_those_of_the_repository() {
    let log = sarif(str::to_owned);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() >= 3, "{log:#}");
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "deploy/a%20b/nginx.conf");
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        assert!(place["region"]["startLine"].as_u64() > Some(0), "{result:#}");
        let rule = &log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["help"]["markdown"].as_str().is_some_and(|help| help.contains("```")), "{rule:#}");
        for related in result["relatedLocations"].as_array().into_iter().flatten() {
            let link = format!("]({})", related["id"]);
            assert!(result["message"]["text"].as_str().unwrap().contains(&link), "{result:#}");
        }
    }
    assert_eq!(log["runs"][0]["columnKind"], "unicodeCodePoints");
}

/// The fingerprints by rule and message, in order.
fn fingerprints(log: &Value) -> Vec<(String, String)> {
    let results = log["runs"][0]["results"].as_array().unwrap().iter();
    results
        .map(|result| {
            let print = result["partialFingerprints"]["ngxlint/v1"].as_str().unwrap();
            (result["ruleId"].as_str().unwrap().to_owned(), print.to_owned())
        })
        .collect()
}

#[test]
fn fingerprints_stay_when_lines_move_and_differ_between_equal_findings() {
    let before = fingerprints(&sarif(str::to_owned));
    assert_eq!(before.iter().map(|(_, print)| print).collect::<BTreeSet<_>>().len(), before.len(), "{before:#?}");
    let moved = sarif(|text| format!("# one\n\n# two\n{}", text.replace("        listen", "\tlisten")));
    assert_eq!(fingerprints(&moved), before);
    let changed = sarif(|text| text.replacen("proxy_pass http://127.0.0.1:9;", "proxy_pass http://127.0.0.1:8;", 1));
    assert_ne!(fingerprints(&changed), before);
}

/// The way of a request, and nothing that is no hop of it.
#[test]
fn redirects_are_code_flows_of_sarif() {
    let server = |rest: &str| format!("events {{}}\nhttp {{ server {{ listen 80; server_name a.test;\n{rest}\n}} }}\n");
    let redirects = |pairs: &[(&str, &str)]| -> String {
        let lines = pairs.iter().map(|(from, to)| format!("location = {from} {{ return 301 http://a.test{to}; }}"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let flows = |rule: &str, text: &str| -> Vec<Vec<u64>> {
        let folder = Folder::new(&[("nginx.conf", text)]);
        let run = folder.run(&["check", "--select", rule, "--format=sarif", "--fail-on=never", "nginx.conf"]);
        let log: Value = serde_json::from_str(&run.stdout).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        assert!(!results.is_empty(), "{rule}");
        let lines = |flow: &Value| {
            let steps = flow["threadFlows"][0]["locations"].as_array().unwrap().iter();
            steps.map(|step| step["location"]["physicalLocation"]["region"]["startLine"].as_u64().unwrap()).collect()
        };
        results.iter().flat_map(|result| result["codeFlows"].as_array().into_iter().flatten()).map(lines).collect()
    };
    let around = redirects(&[("/", "/b"), ("/b", "/c"), ("/c", "/")]);
    assert_eq!(flows("redirect-loop", &server(&around)), [[3, 4, 5]]);
    let host = |from: &str, to: &str| {
        format!("server {{ listen 80; server_name {from}.test; return 301 http://{to}.test/; }}\n")
    };
    let chain =
        format!("{}{}{}server {{ listen 80; server_name d.test; }}", host("a", "b"), host("b", "c"), host("c", "d"));
    assert_eq!(flows("redirect-chain", &format!("events {{}}\nhttp {{\n{chain}\n}}\n")), [vec![3, 4, 5], vec![4, 5]]);
    // One hop is no way.
    assert_eq!(flows("redirect-loop", &server(&redirects(&[("/", "/")]))), [[0; 0]; 0]);
}

/// What GitLab asks of an issue: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.
fn issue_schema() -> Value {
    json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "minLength": 1},
                "fingerprint": {"type": "string", "minLength": 1},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "pattern": "^[^./]"},
                        "lines": {
                            "type": "object",
                            "required": ["begin"],
                            "properties": {"begin": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    })
}

#[test]
fn gitlab_issues_have_what_gitlab_asks_for() {
    let folder = repository();
    let issues: Value = serde_json::from_str(&report(&folder, "gitlab").stdout).unwrap();
    jsonschema::validate(&issue_schema(), &issues).unwrap_or_else(|error| panic!("{error}: {issues:#}"));
    let issues = issues.as_array().unwrap();
    let prints: BTreeSet<&str> = issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(prints.len(), issues.len(), "GitLab takes issues of one fingerprint for one");
    for issue in issues {
        assert!(folder.path(issue["location"]["path"].as_str().unwrap()).is_file(), "{issue:#}");
    }
    let twins = issues.iter().filter(|issue| issue["check_name"] == "websocket-missing-upgrade").count();
    assert_eq!(twins, 2, "{issues:#?}");
}

#[test]
fn several_reports_of_one_run_go_to_their_files() {
    let folder = repository();
    let arguments = ["check", "deploy", "--format=short", "--format=sarif=a.sarif", "--format=junit=a.xml"];
    let run = folder.run(&arguments);
    run.expect(1, &["deploy/a b/nginx.conf:"], &[]);
    let log: Value = serde_json::from_slice(&fs::read(folder.path("a.sarif")).unwrap()).unwrap();
    let shown = run.stdout.lines().count();
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), shown);
    assert!(fs::read_to_string(folder.path("a.xml")).unwrap().starts_with("<?xml"));

    folder.run(&["check", "--format=json", "--format=sarif", "deploy"]).expect(2, &[], &["only one --format"]);
    folder.run(&["check", "--format=sarif=x", "-o", "y", "deploy"]).expect(2, &[], &["--output names a file"]);
    folder.run(&["check", "--format=sarif=no/such/x", "deploy"]).expect(2, &[], &["cannot write no/such/x"]);
}

#[test]
fn statistics_count_by_rule() {
    let folder = repository();
    let run: Run = folder.run(&["check", "--statistics", "deploy"]);
    run.expect(1, &["2  error    websocket-missing-upgrade"], &[]);
}

#[test]
fn a_run_that_failed_looks_so_to_servers() {
    let folder = repository();
    let failed = |format: &str| {
        let run = folder.run(&["check", "--format", format, "nothere.conf"]);
        assert_eq!(run.status, 2, "{}", run.stdout);
        run.stdout
    };
    let junit = failed("junit");
    assert!(
        junit.contains("failures=\"0\" errors=\"1\"") && junit.contains("<error message=\"the run failed"),
        "{junit}"
    );
    assert!(!junit.contains("no findings"), "{junit}");
    let github = failed("github");
    assert!(github.starts_with("::error title=ngxlint::the run failed"), "{github}");
    // An issue needs a line of a file: here the exit status has to tell.
    assert_eq!(failed("gitlab").trim(), "[]");
}

#[test]
fn two_reports_do_not_share_a_file() {
    let folder = repository();
    let run = folder.run(&["check", "--format", "json=out", "--format", "sarif=./out", "."]);
    run.expect(2, &[], &["error: two reports cannot go to one file: ./out"]);
    assert!(!folder.path("out").exists());
}
