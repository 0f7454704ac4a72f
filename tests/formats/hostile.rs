//! Names of files and texts that each format has to escape in its own way, many findings, and runs that failed in part.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::program::{Folder, Run};
use super::xml::{CHECKSTYLE, is_valid, junit_schema};
use super::{run_tool, said, tool};

const NAMES: &[&[u8]] = &[
    b"a b",
    b"p%20q",
    b"%25%0A",
    b"h#x?",
    b"quo\"te'",
    b"new\nline",
    b"bad\xff\xfe",
    b"c,d:e;f",
    b"pipe|tick`",
    b"<x>&amp;",
    "ä😀".as_bytes(),
    b"back\\slash",
    b"[a](1)",
    b"-dash",
    b"*",
    b"]]>",
    b"::error file=x::y",
    b"\x1b[31m",
];

/// A file that is not there, so that messages name it.
const MISSING: &str = "gone/x](7) ]]>&<b>|`_\u{1}\u{1b}😀%0A";

const FORMATS: &[&str] = &["short", "json", "sarif", "github", "gitlab", "junit", "checkstyle"];

/// A repository with a file of each name below a folder.
fn repository() -> Folder {
    let folder = Folder::new(&[("deploy/nginx.conf", "events {}\nhttp {\n    include sites/*;\n}\n")]);
    assert!(Command::new("git").args(["init", "-q"]).current_dir(folder.0.path()).status().unwrap().success());
    fs::create_dir(folder.path("deploy/sites")).unwrap();
    for (number, name) in NAMES.iter().enumerate() {
        let text = format!(
            "# é😀\nserver {{ set $a \"é😀\"; listen 80; server_name s{number}.test; location /ws/ {{ set $é \"😀\"; proxy_pass \
             http://127.0.0.1:9; proxy_set_header Upgrade $http_upgrade; }} }}\n\
             include \"{MISSING}\";\n"
        );
        fs::write(folder.path("deploy/sites").join(OsStr::from_bytes(name)), text).unwrap();
    }
    folder
}

/// The report of a run below the top of the repository, one PATH of which is not there.
fn report(folder: &Folder, format: &str) -> String {
    let rules = "websocket-missing-upgrade,include-not-found";
    let mut command = folder.command(&["check", "--select", rules, "--format", format, ".", "nothere.conf"]);
    let run = Run::of(command.current_dir(folder.path("deploy")).output().unwrap());
    run.expect(2, &[], &["error: cannot read nothere.conf: no such file\n"]);
    run.stdout
}

fn unescaped(uri: &str) -> PathBuf {
    let mut bytes = Vec::new();
    let mut rest = uri.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let is_escape = first == b'%';
        bytes.push(if is_escape {
            u8::from_str_radix(std::str::from_utf8(&behind[..2]).unwrap(), 16).unwrap()
        } else {
            first
        });
        rest = if is_escape { &behind[2..] } else { behind };
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[test]
fn sarif_leads_to_the_files_and_says_that_the_run_failed() {
    let folder = repository();
    let text = report(&folder, "sarif");
    let log: Value = serde_json::from_str(&text).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let results = run["results"].as_array().unwrap();
    let uri = |result: &Value| {
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        unescaped(uri.as_str().unwrap())
    };
    let files: BTreeSet<PathBuf> = results.iter().map(uri).collect();
    files.iter().for_each(|file| assert!(folder.0.path().join(file).is_file(), "{file:?}"));
    assert_eq!(files.len(), NAMES.len());
    let text_of = |result: &Value| result["message"]["text"].as_str().unwrap().to_owned();
    // No link to a place that is not there.
    assert!(results.iter().any(|result| text_of(result).contains("x\\](7) ]]>&<b>|`_")), "{text}");
    let Some(multitool) = tool("Sarif.Multitool") else { return };
    fs::write(folder.path("report.sarif"), &text).unwrap();
    let arguments = ["validate", "report.sarif", "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning"];
    let verdict = said(&run_tool(&multitool, &arguments, folder.0.path()));
    assert!(verdict.contains("Analysis completed successfully"), "{verdict}");
    assert!(!verdict.contains(": error ") && !verdict.contains(": warning "), "{verdict}");
}

/// `text` with the replacements of a fix, whose columns count code points.
fn mended(text: &str, replacements: &[&Value]) -> String {
    let offset = |region: &Value, line: &str, column: &str| {
        let number = |key: &str| region[key].as_u64().unwrap() as usize - 1;
        let start: usize = text.split_inclusive('\n').take(number(line)).map(str::len).sum();
        start + text[start..].chars().take(number(column)).map(char::len_utf8).sum::<usize>()
    };
    let mut edits: Vec<(usize, usize, &str)> = replacements
        .iter()
        .map(|replacement| {
            let region = &replacement["deletedRegion"];
            let (start, end) = (offset(region, "startLine", "startColumn"), offset(region, "endLine", "endColumn"));
            (start, end, replacement["insertedContent"]["text"].as_str().unwrap())
        })
        .collect();
    edits.sort();
    let mut mended = text.to_owned();
    edits.iter().rev().for_each(|(start, end, inserted)| mended.replace_range(start..end, inserted));
    mended
}

#[test]
fn fixes_of_sarif_make_what_fix_makes() {
    let folder = repository();
    let log: Value = serde_json::from_str(&report(&folder, "sarif")).unwrap();
    let mut expected: Vec<(PathBuf, String)> = Vec::new();
    for result in log["runs"][0]["results"].as_array().unwrap() {
        for change in result["fixes"][0]["artifactChanges"].as_array().into_iter().flatten() {
            let path = folder.0.path().join(unescaped(change["artifactLocation"]["uri"].as_str().unwrap()));
            let replacements: Vec<&Value> = change["replacements"].as_array().unwrap().iter().collect();
            let text = mended(&fs::read_to_string(&path).unwrap(), &replacements);
            expected.push((path, text));
        }
    }
    assert_eq!(expected.len(), NAMES.len());
    let run = folder.run(&["check", "--select", "websocket-missing-upgrade", "--fix=all", "deploy"]);
    run.expect(0, &[], &["note: made 18 fixes in 18 files"]);
    for (path, text) in expected {
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "{path:?}");
    }
}

#[test]
fn xml_says_that_the_run_failed_and_fits_its_schemas() {
    let folder = repository();
    let junit = report(&folder, "junit");
    assert!(junit.contains("errors=\"1\"") && junit.contains("<error message=\"the run failed"), "{junit}");
    let checkstyle = report(&folder, "checkstyle");
    // A schema of its own for what every program reads: without controls, and with the names in whole.
    for (text, schema) in [(&junit, junit_schema()), (&checkstyle, Some(CHECKSTYLE.into()))] {
        assert!(!text.contains(['\u{1}', '\u{1b}']) && text.contains("␛"), "{text}");
        let Some(schema) = schema else { continue };
        if let Some(verdict) = is_valid(&folder, text, schema.to_str().unwrap()) {
            verdict.unwrap_or_else(|said| panic!("{said}\n{text}"));
        }
    }
}

#[test]
fn commands_and_tables_of_github_keep_their_form() {
    let folder = repository();
    let summary = folder.path("summary.md");
    let mut command = folder.command(&["check", "--format", "github", "--fail-on=never", "deploy", "nothere.conf"]);
    let run = Run::of(command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap());
    let lines: Vec<&str> = run.stdout.lines().collect();
    let (last, commands) = lines.split_last().unwrap();
    assert!(
        commands[0].starts_with("::error title=ngxlint::the run failed"),
        "ten of a kind are shown: {}",
        commands[0]
    );
    assert!(last.starts_with("ngxlint: the run failed; 36 errors, "), "{last}");
    let place = |command: &&str| {
        command.strip_prefix("::")?.split_once(" file=")?.1.split_once(',').map(|one| one.0.to_owned())
    };
    for name in commands[1..].iter().map(|command| place(command).unwrap()) {
        let name = name.replace("%3A", ":").replace("%2C", ",").replace("%0A", "\n").replace("%25", "%");
        // Controls, and bytes that are no text, cannot be written.
        let is_told = name.contains(['␛', '\u{fffd}']) || folder.path(&name).is_file();
        assert!(is_told, "{name}");
    }
    let text = fs::read_to_string(&summary).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), commands.len() + 1, "two lines of heading, and the failure stands above: {text}");
    for row in &rows {
        let bars = row.match_indices('|').filter(|(at, _)| !row[..*at].ends_with('\\')).count();
        assert_eq!(bars, 5, "{row}");
        assert!(!row.contains(" `") && !row.contains("<b>") && !row.contains("<x>"), "{row}");
    }
}

#[test]
fn gitlab_has_an_issue_for_each_finding_at_paths_of_the_repository() {
    let folder = repository();
    let issues: Value = serde_json::from_str(&report(&folder, "gitlab")).unwrap();
    let issues = issues.as_array().unwrap();
    let prints: BTreeSet<&str> = issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(prints.len(), issues.len());
    for issue in issues {
        let path = issue["location"]["path"].as_str().unwrap();
        assert!(
            path.starts_with("deploy/sites/") && (path.contains('\u{fffd}') || folder.path(path).is_file()),
            "{path}"
        );
    }
}

#[test]
fn ten_thousand_findings_are_in_every_report() {
    const COUNT: usize = 10_000;
    let mut conf = "events {}\nhttp {\n".to_owned();
    (0..COUNT).for_each(|number| writeln!(conf, "    include missing/{number}.conf;").unwrap());
    conf += "}\n";
    let folder = Folder::new(&[("nginx.conf", &conf)]);
    let summary = folder.path("summary.md");
    let formats: Vec<String> = FORMATS.iter().map(|format| format!("--format={format}={format}")).collect();
    let formats: Vec<&str> = formats.iter().map(String::as_str).collect();
    let mut command = folder.command(&[&["check", "nginx.conf"], &formats[..]].concat());
    let run = Run::of(command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap());
    run.expect(1, &[], &[]);
    assert_eq!(run.stdout, "");
    let read = |name: &str| fs::read_to_string(folder.path(name)).unwrap();
    let json = |name: &str| -> Value { serde_json::from_str(&read(name)).unwrap() };
    assert_eq!(json("json")["findings"].as_array().unwrap().len(), COUNT);
    assert_eq!(json("sarif")["runs"][0]["results"].as_array().unwrap().len(), COUNT);
    let issues = json("gitlab");
    let prints = issues.as_array().unwrap().iter().map(|issue| issue["fingerprint"].as_str().unwrap());
    assert_eq!(prints.collect::<BTreeSet<_>>().len(), COUNT);
    assert_eq!(read("short").lines().count(), COUNT);
    assert_eq!(read("junit").matches("<testcase ").count(), COUNT);
    assert_eq!(read("checkstyle").matches("<error ").count(), COUNT);
    let github = read("github");
    assert_eq!(github.lines().filter(|line| line.starts_with("::error ")).count(), COUNT);
    assert!(github.trim_end().ends_with("the other 9990 are in this log"));
    let table = read("summary.md");
    assert_eq!(table.lines().filter(|line| line.starts_with("| error")).count(), 1000);
    assert!(table.ends_with("\n… and 9000 more\n"));

    // A summary of more than 1 MiB is not shown at all.
    let long = |number: usize| format!("include {number}{};\n", "x".repeat(4000));
    let conf = format!("events {{}}\n{}", (0..COUNT / 20).map(long).collect::<String>());
    folder.write("nginx.conf", conf.as_bytes());
    fs::remove_file(&summary).unwrap();
    let mut command = folder.command(&["check", "nginx.conf", "--format=github=github"]);
    Run::of(command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap()).expect(1, &[], &[]);
    let table = read("summary.md");
    assert!((200 << 10..1 << 20).contains(&table.len()), "{}", table.len());
    assert!(table.contains("\n… and "), "the rest is counted");
}

#[test]
fn a_run_without_findings_has_a_report_in_every_format() {
    let folder = Folder::new(&[("nginx.conf", "events {}\n")]);
    for format in FORMATS {
        let run = folder.run(&["check", "--format", format, "nginx.conf"]);
        run.expect(0, &[], &[]);
        match *format {
            "json" | "sarif" | "gitlab" => drop(serde_json::from_str::<Value>(&run.stdout).unwrap()),
            "short" => assert_eq!(run.stdout, ""),
            "github" => assert_eq!(run.stdout, "ngxlint: 0 errors, 0 warnings, 0 infos\n"),
            _ => assert!(run.stdout.starts_with("<?xml"), "{}", run.stdout),
        }
    }
}

/// What cannot be written fails the run, and leaves what was there.
#[test]
fn reports_that_cannot_be_written_fail_the_run() {
    let folder = Folder::new(&[("nginx.conf", "events {}\n"), ("there", "old")]);
    fs::create_dir(folder.path("folder")).unwrap();
    for (output, message) in [
        ("folder", "error: cannot write folder: "),
        ("none/x", "error: cannot write none/x: No such file or directory"),
        ("there/x", "error: cannot write there/x: Not a directory"),
        ("/dev/full", "error: cannot write /dev/full: No space left on device"),
    ] {
        if Path::new(output) == Path::new("/dev/full") && !Path::new(output).exists() {
            continue;
        }
        folder.run(&["check", "nginx.conf", "-o", output]).expect(2, &[], &[message]);
        let format = format!("--format=sarif={output}");
        folder.run(&["check", "nginx.conf", "--format=human", &format]).expect(2, &["no problems found"], &[message]);
        let mut command = folder.command(&["check", "nginx.conf", "--format=github"]);
        let run = Run::of(command.env("GITHUB_STEP_SUMMARY", output).output().unwrap());
        run.expect(2, &["ngxlint: 0 errors"], &[message]);
    }
    assert_eq!(fs::read(folder.path("there")).unwrap(), b"old");
}
