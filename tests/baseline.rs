//! `--baseline` and `--write-baseline`: findings that are known.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod program;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use program::Folder;

const ROOT: &str = "events {}\ninclude a.conf;\nhttp {\n    include sites/*;\n    include b.conf;\n}\n";

fn folder() -> Folder {
    Folder::new(&[("nginx.conf", ROOT), ("sites/x", "include  c.conf;\n"), ("sites/y", "include d.conf;\n")])
}

fn entries(folder: &Folder) -> Vec<String> {
    let baseline: Value = serde_json::from_slice(&fs::read(folder.path("known.json")).unwrap()).unwrap();
    assert_eq!(baseline["schema_version"], 1);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = baseline["findings"].as_array().unwrap().iter();
    findings.map(|one| format!("{} {} {}", text(&one["file"]), text(&one["rule"]), text(&one["text"]))).collect()
}

const WRITE: &[&str] = &["check", "nginx.conf", "--write-baseline", "known.json"];
const CHECK: &[&str] = &["check", "nginx.conf", "--baseline", "known.json"];

#[test]
fn what_is_known_is_not_reported_wherever_it_moves() {
    let folder = folder();
    folder.run(WRITE).expect(
        0,
        &["no new problems found", "; 4 known findings are in the baseline\n"],
        &["note: known.json has 4 entries (4 added, 0 dropped)\n"],
    );
    assert_eq!(
        entries(&folder),
        [
            "nginx.conf include-not-found include a.conf;",
            "nginx.conf include-not-found include b.conf;",
            "sites/x include-not-found include c.conf;",
            "sites/y include-not-found include d.conf;",
        ]
    );
    // The same again gives the same bytes.
    let first = fs::read(folder.path("known.json")).unwrap();
    folder.run(WRITE).expect(0, &[], &["known.json has 4 entries (0 added, 0 dropped)\n"]);
    assert_eq!(fs::read(folder.path("known.json")).unwrap(), first);

    // Other lines above, other blanks.
    folder.write("nginx.conf", ROOT.replace("include", "\n# x\n\tinclude  ").as_bytes());
    folder.run(CHECK).expect(0, &["4 known findings"], &[]);
    let report = folder.run(&[CHECK, &["--format=json"]].concat());
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!((&report["summary"]["baselined"], &report["summary"]["errors"]), (&4.into(), &0.into()));
}

#[test]
fn what_is_new_is_reported() {
    let folder = folder();
    folder.run(WRITE).expect(0, &[], &["4 added"]);
    // The same line once more, another line, another file.
    folder.write(
        "nginx.conf",
        ROOT.replace("    include b.conf;", "    include b.conf;\n    include b.conf;").as_bytes(),
    );
    folder.write("sites/y", b"include d.conf;\ninclude e.conf;\n");
    folder.write("sites/z", b"include d.conf;\n");
    let run = folder.run(&[CHECK, &["--format=short"]].concat());
    run.expect(1, &["nginx.conf:6:5: error", "sites/y:2:1: error", "sites/z:1:1: error"], &[]);
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
}

#[test]
fn what_is_gone_is_said_and_dropped() {
    let folder = folder();
    folder.run(WRITE).expect(0, &[], &["4 added"]);
    folder.write("nginx.conf", ROOT.replace("include a.conf;\n", "").as_bytes());
    fs::remove_file(folder.path("sites/y")).unwrap();
    let stale = "note: 2 entries of known.json are not found any more: include-not-found in nginx.conf at `include \
                 a.conf;`, include-not-found in sites/y at `include d.conf;`; --write-baseline known.json drops what is \
                 not needed\n";
    folder.run(CHECK).expect(0, &["; 2 known findings are in the baseline\n"], &[stale]);
    folder.run(WRITE).expect(0, &[], &["known.json has 2 entries (0 added, 2 dropped)\n"]);
    assert_eq!(entries(&folder).len(), 2);
    let run = folder.run(CHECK);
    run.expect(0, &["2 known findings"], &[]);
}

#[test]
fn what_was_not_looked_at_stays() {
    let folder = folder();
    folder.write("other.conf", b"events {}\ninclude no.conf;\n");
    folder.run(&["check", "nginx.conf", "other.conf", "--write-baseline=known.json"]).expect(0, &[], &["5 added"]);
    // Other files, other rules, certificates that are not here.
    let run = folder.run(&["check", "other.conf", "--baseline=known.json"]);
    run.expect(0, &["; 1 known finding is in the baseline\n"], &[]);
    folder.run(&[CHECK, &["--select=hsts"]].concat()).expect(0, &["no problems found"], &[]);
    folder.run(&["check", "other.conf", "--write-baseline=known.json"]).expect(
        0,
        &[],
        &["has 5 entries (0 added, 0 d"],
    );
    folder.run(&[WRITE, &["--ignore=syntax"]].concat()).expect(0, &[], &["has 5 entries (0 added, 0 dropped)"]);
    assert_eq!(entries(&folder).len(), 5);
}

/// A repository without its secrets: what needs no certificate is judged, and files that are gone hold nothing.
#[test]
fn what_needs_no_certificate_is_dropped_without_certificates() {
    let site = |head: &str, rest: &str| {
        format!("server {{\n    listen 443 ssl;\n    server_name {head};\n    ssl_certificate x.pem;\n{rest}}}\n")
    };
    let key = "    ssl_certificate_key x.key;\n";
    let looping = format!("{key}    return 301 https://$host$request_uri;\n");
    let root = "events {}\nhttp {\n    include sites/*;\n}\n";
    let folder =
        Folder::new(&[("nginx.conf", root), ("sites/a", &site("a.test", &looping)), ("sites/b", &site("b.test", key))]);
    let select = ["--select=redirect-loop,cert-key-mismatch,cert-expired"];
    folder.run(&[WRITE, &select].concat()).expect(0, &[], &["(1 added, 0 dropped)"]);
    let known = fs::read_to_string(folder.path("known.json")).unwrap();
    let mut known: Value = serde_json::from_str(&known).unwrap();
    for (file, rule, print) in
        [("sites/b", "cert-expired", "1"), ("sites/gone", "cert-expired", "2"), ("sites/gone", "redirect-loop", "3")]
    {
        let entry = serde_json::json!({"file": file, "rule": rule, "text": "x", "fingerprint": print});
        known["findings"].as_array_mut().unwrap().push(entry);
    }
    folder.write("known.json", known.to_string().as_bytes());
    folder.write("sites/a", site("a.test", key).as_bytes());
    folder.run(&[WRITE, &select].concat()).expect(0, &[], &["has 1 entry (0 added, 3 dropped)"]);
    assert_eq!(entries(&folder), ["sites/b cert-expired x"]);
}

#[test]
fn suppressed_findings_are_not_in_it() {
    let folder = folder();
    folder.write("sites/x", b"include c.conf; # ngxlint: ignore[include-not-found] why\n");
    folder.run(WRITE).expect(0, &["1 suppressed", "3 known findings"], &["3 added"]);
}

#[test]
fn paths_are_those_of_the_repository() {
    let folder = folder();
    fs::create_dir(folder.path(".git")).unwrap();
    folder.run(WRITE).expect(0, &[], &["4 added"]);
    let mut command = folder.command(&["check", "../nginx.conf", "--baseline", "../known.json"]);
    let run = program::Run::of(command.current_dir(folder.path("sites")).output().unwrap());
    run.expect(0, &["4 known findings"], &[]);
    // From outside, they are those of the repository around the files.
    let outside = Folder::new(&[]);
    let (root, known) = (folder.path("nginx.conf"), folder.path("known.json"));
    let run = |folder: &Folder, arguments: &[&str]| {
        let mut command = folder.command(&[&["check", root.to_str().unwrap()], arguments].concat());
        program::Run::of(command.output().unwrap())
    };
    run(&outside, &["--baseline", known.to_str().unwrap()]).expect(0, &["4 known findings"], &[]);
    run(&outside, &["--format=gitlab"]).expect(1, &["\"path\": \"sites/x\""], &[]);
    // With files of another repository, each file is named as its own has it.
    let other = Folder::new(&[("nginx.conf", "events {}\ninclude no.conf;\n"), (".git/HEAD", "")]);
    let both = run(&other, &["nginx.conf", "--baseline", known.to_str().unwrap()]);
    both.expect(1, &["; 4 known findings"], &[]);
    assert_eq!(both.stdout.matches("error[include-not-found]").count(), 1, "{}", both.stdout);
}

#[test]
fn without_a_repository_paths_are_relative_to_the_baseline() {
    for known in ["known.json", "ci/known.json", "../known.json"] {
        let sites = [("etc/sites/x", "include  c.conf;\n"), ("etc/sites/y", "include d.conf;\n")];
        let outside = Folder::new(&sites);
        outside.write("etc/nginx.conf", ROOT.as_bytes());
        fs::create_dir(outside.path("etc/ci")).unwrap();
        let run = |directory: &str, conf: &str, option: &str, known: &str| {
            let mut command = outside.command(&["check", conf, option, known]);
            program::Run::of(command.current_dir(outside.path(directory)).output().unwrap())
        };
        run("etc", "nginx.conf", "--write-baseline", known).expect(0, &[], &["4 added"]);
        run("etc", "nginx.conf", "--baseline", known).expect(0, &["4 known findings"], &[]);
        let from_above = format!("etc/{known}");
        run(".", "etc/nginx.conf", "--baseline", &from_above).expect(0, &["4 known findings"], &[]);
        let absolute = fs::canonicalize(outside.path("etc")).unwrap();
        let (conf, known) = (absolute.join("nginx.conf"), absolute.join(known));
        let (conf, known) = (conf.to_str().unwrap(), known.to_str().unwrap());
        run("etc/sites", conf, "--baseline", known).expect(0, &["4 known findings"], &[]);
        let mut command = outside.command(&["check", conf, "--baseline", known]);
        program::Run::of(command.current_dir("/").output().unwrap()).expect(0, &["4 known findings"], &[]);
        // What is gone is known to be gone from anywhere.
        fs::remove_file(outside.path("etc/sites/x")).unwrap();
        run(".", "etc/nginx.conf", "--baseline", &from_above).expect(0, &["3 known"], &["1 entry of etc/"]);
        outside.write("etc/nginx.conf", b"events {}\n");
        run(".", "etc/nginx.conf", "--write-baseline", &from_above).expect(0, &[], &["(0 added, 3 dropped)"]);
    }
}

#[test]
fn a_file_that_is_no_baseline_ends_the_run() {
    let folder = folder();
    let big = format!("{{\"schema_version\": 1, \"findings\": [{}]}}", "{},".repeat(4 << 20) + "{}");
    let deep = format!("{{\"schema_version\": 1, \"findings\": {}}}", "[".repeat(100_000));
    let wrong = |column: usize| {
        format!(
            "it is no baseline that ngxlint has written: an object with the number `schema_version` and the list `findings` \
             is expected, each finding with `file`, `rule`, `text` and `fingerprint`; see line 1 column {column}\n"
        )
    };
    let cases: &[(&str, &[u8], &str)] = &[
        ("empty", b"", "it is no baseline that ngxlint has written: EOF while parsing a value at line 1 column 0"),
        ("broken", b"{\"schema_version\": 1,\n \"findings\": [", "EOF while parsing a list at line 2 column 14"),
        ("version", b"{\"schema_version\": 2, \"known\": {}}", "its schema_version is 2, and this ngxlint reads 1"),
        ("no version", b"{\"findings\": []}", "missing field `schema_version`"),
        ("array", b"[]", &wrong(2)),
        ("types", b"{\"schema_version\": 1, \"findings\": [{\"file\": 1}]}", &wrong(45)),
        ("brackets", &[b'['; 300], &wrong(1)),
        ("text", b"{\"schema_version\": \"-----BEGIN PRIVATE KEY-----\"}", &wrong(48)),
        ("bytes", b"{\"schema_version\": 1, \"findings\": \"\xff\xfe\"}", "it is no baseline"),
        ("deep", deep.as_bytes(), "it is no baseline"),
        ("10 MB", big.as_bytes(), "missing field `file`"),
        ("40 MB", &[b' '; 40 << 20], "it has 40 MiB, more than the 16 MiB that ngxlint reads"),
        ("nginx.conf", ROOT.as_bytes(), "it is no baseline that ngxlint has written: expected value at line 1"),
    ];
    for (name, text, message) in cases {
        folder.write(name, text);
        for option in ["--baseline", "--write-baseline"] {
            let run = folder.run(&["check", "nginx.conf", option, name]);
            run.expect(2, &[], &[&format!("error: cannot use the baseline {name}: "), message]);
            assert!(run.stderr.len() < 400, "{}", run.stderr);
            assert!(fs::read(folder.path(name)).unwrap() == *text, "{name} is left as it is");
        }
    }
    for option in ["--baseline", "--write-baseline"] {
        let run = folder.run(&["check", "nginx.conf", option, "sites"]);
        run.expect(2, &[], &["cannot use the baseline sites: it is a directory"]);
    }
    folder.run(CHECK).expect(2, &[], &["error: cannot use the baseline known.json: no such file\n"]);
    let run = folder.run(&["check", "nginx.conf", "--write-baseline", "none/known.json"]);
    run.expect(2, &[], &["cannot use the baseline none/known.json: "]);
}

#[test]
fn an_entry_that_stands_there_twice_is_one() {
    let folder = folder();
    folder.run(WRITE).expect(0, &[], &["4 added"]);
    let mut known: Value = serde_json::from_slice(&fs::read(folder.path("known.json")).unwrap()).unwrap();
    let mut twice = known["findings"].as_array().unwrap().clone();
    twice.extend_from_within(..);
    // The fingerprint tells what is known; the rest is for people.
    twice.push(twice[0].clone());
    twice[8]["text"] = "include other.conf;".into();
    known["findings"] = twice.into();
    folder.write("known.json", known.to_string().as_bytes());
    folder.run(CHECK).expect(0, &["; 4 known findings are in the baseline\n"], &[]);
    folder.run(WRITE).expect(0, &[], &["known.json has 4 entries (0 added, 0 dropped)\n"]);
    assert_eq!(entries(&folder).len(), 4);
    folder.write("nginx.conf", ROOT.replace("include a.conf;\n", "").as_bytes());
    folder.run(CHECK).expect(0, &["; 3 known findings"], &["note: 1 entry of known.json is not found any more: "]);
}

/// What was there stays, and nothing else is left.
#[cfg(unix)]
#[test]
fn a_baseline_that_cannot_be_written_stays_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let names = |folder: &Folder, path: &str| fs::read_dir(folder.path(path)).unwrap().count();
    let folder = folder();
    folder.write("kept/known.json", b"{\"schema_version\": 1, \"findings\": []}");
    let old = fs::read(folder.path("kept/known.json")).unwrap();
    let write = ["check", "nginx.conf", "--write-baseline", "kept/known.json"];
    // A limit of the size of files ends the writing of one with an error, as a full disk does.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ngxlint")]);
    let run = program::Run::of(command.args(write).current_dir(folder.0.path()).output().unwrap());
    run.expect(2, &[], &["error: cannot use the baseline kept/known.json: File too large"]);
    assert_eq!((fs::read(folder.path("kept/known.json")).unwrap(), names(&folder, "kept")), (old.clone(), 1));
    for device in ["/dev/full", "/dev/null"] {
        let run = folder.run(&["check", "nginx.conf", "--write-baseline", device]);
        run.expect(2, &[], &[&format!("error: cannot use the baseline {device}: ")]);
    }
    let Some(mut command) = folder.command_as_nobody(&write) else { return };
    fs::set_permissions(folder.path("kept"), fs::Permissions::from_mode(0o555)).unwrap();
    let run = program::Run::of(command.output().unwrap());
    run.expect(2, &[], &["error: cannot use the baseline kept/known.json: Permission denied"]);
    assert_eq!((fs::read(folder.path("kept/known.json")).unwrap(), names(&folder, "kept")), (old, 1));
}

/// Runs that are killed at any moment: the file is the old one or the new one, as a whole.
#[cfg(unix)]
#[test]
fn who_is_killed_leaves_a_whole_baseline() {
    let many: String = (0..3000).map(|number| format!("include gone/{number}.conf;\n")).collect();
    let folder = Folder::new(&[("nginx.conf", &format!("events {{}}\n{many}"))]);
    folder.run(WRITE).expect(0, &[], &["3000 added"]);
    let new = fs::read(folder.path("known.json")).unwrap();
    let old = b"{\"schema_version\": 1, \"findings\": []}";
    // Each run gets a little longer until one ends by itself.
    for step in 0..400 {
        folder.write("known.json", old);
        let mut child = folder.command(WRITE).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(10 * step));
        let has_ended = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        child.wait().unwrap();
        let now = fs::read(folder.path("known.json")).unwrap();
        assert!(now == new || now == old, "{} bytes", now.len());
        if has_ended {
            assert!(now == new);
            return;
        }
    }
    panic!("no run came to its end");
}

#[test]
fn standard_output_is_no_baseline() {
    let folder = folder();
    for option in ["--write-baseline", "--baseline"] {
        let run = folder.run(&["check", "nginx.conf", option, "-"]);
        run.expect(2, &[], &["a baseline is a file, since later runs read it: name one"]);
    }
    assert!(!folder.path("-").exists());
    folder.run(&["check", "nginx.conf", "--write-baseline", "./-"]).expect(0, &[], &["note: ./- has 4 entries"]);
}

/// The file that a link leads to is written, whether it is there already or not.
#[cfg(unix)]
#[test]
fn links_lead_to_what_is_written() {
    let folder = folder();
    fs::create_dir(folder.path("shared")).unwrap();
    std::os::unix::fs::symlink("shared/known.json", folder.path("known.json")).unwrap();
    for added in ["(4 added, 0 dropped)", "(0 added, 0 dropped)"] {
        folder.run(WRITE).expect(0, &[], &[added]);
        assert_eq!(fs::read_link(folder.path("known.json")).unwrap().to_str(), Some("shared/known.json"));
        assert!(folder.path("shared/known.json").is_file());
    }
    folder.run(CHECK).expect(0, &["4 known findings"], &[]);
    // Where the link leads, no file can be.
    std::os::unix::fs::symlink("none/known.json", folder.path("lost.json")).unwrap();
    let run = folder.run(&["check", "nginx.conf", "--write-baseline", "lost.json"]);
    run.expect(2, &[], &["error: cannot use the baseline lost.json: No such file or directory"]);
}

#[test]
fn what_stands_in_it_cannot_speak_to_the_terminal() {
    let folder = folder();
    let known = "{\"schema_version\": 1, \"findings\": [{\"file\": \"nginx.conf\", \"rule\": \"include-not-found\", \
                 \"text\": \"\\u001b[31m\", \"fingerprint\": \"x\"}]}";
    folder.write("known.json", known.as_bytes());
    let run = folder.run(CHECK);
    run.expect(1, &[], &["1 entry of known.json is not found any more"]);
    assert!(!run.stderr.contains('\u{1b}'));
}

/// What depends on a certificate is not gone because the certificate is.
#[test]
fn what_hangs_on_a_certificate_that_is_not_here_stays_known() {
    let site = |port: &str, name: &str, certificate: &str| {
        format!(
            "server {{\nlisten {port} ssl;\nserver_name {name};\nssl_certificate {certificate};\n\
             ssl_certificate_key pki/shop.example.key;\n}}\n"
        )
    };
    let sites = site("443", "shop.example", "pki/shop.example.pem") + &site("8443", "other.example", "x.pem");
    let folder = program::certificates::folder(&format!("events {{}}\nhttp {{\n{sites}}}\n"));
    let certificate = fs::read(folder.path("pki/shop.example.pem")).unwrap();
    let select = ["--select=cert-name-mismatch,redirect-loop", program::certificates::NOW];
    folder.write("x.pem", &certificate);
    folder.run(&[WRITE, &select].concat()).expect(0, &[], &["has 1 entry (1 added, 0 dropped)"]);
    fs::remove_file(folder.path("x.pem")).unwrap();
    folder.run(&[CHECK, &select].concat()).expect(0, &["no problems found"], &[]);
    folder.run(&[WRITE, &select].concat()).expect(0, &[], &["has 1 entry (0 added, 0 dropped)"]);
    folder.write("x.pem", &certificate);
    folder.run(&[CHECK, &select].concat()).expect(0, &["1 known finding is in the baseline"], &[]);
}
