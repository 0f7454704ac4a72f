//! The whole program, as people and other programs run it.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test stops at what it does not expect")]

mod program;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use program::{Folder, Run};

const GOOD: &str = "events {}\nhttp {\n    server {\n        listen 8080;\n    }\n}\n";

/// An error on line 2, at column 1.
const BAD: &str = "events {}\ninclude missing.conf;\n";

const BAD_LINE: &str = "nginx.conf:2:1: error[include-not-found] ";

// Exit status and selection.

#[test]
fn exit_statuses() {
    let folder = Folder::new(&[("nginx.conf", BAD), ("good.conf", GOOD)]);
    const ROWS: &[(i32, &[&str])] = &[
        (1, &["nginx.conf"]),
        (0, &["good.conf"]),
        (1, &["--fail-on=error", "nginx.conf"]),
        (0, &["--fail-on=never", "nginx.conf"]),
        (0, &["--severity=include-not-found=info", "nginx.conf"]),
        (0, &["--severity=syntax=warning", "--fail-on=error", "nginx.conf"]),
        (1, &["--severity=include-not-found=info", "--fail-on=info", "nginx.conf"]),
        (0, &["--severity", "include-cycle=info,include-not-found=off", "nginx.conf"]),
        (0, &["--ignore=syntax-error,include-not-found", "nginx.conf"]),
        (0, &["--ignore=syntax", "nginx.conf"]),
        (0, &["--select=include-cycle", "nginx.conf"]),
        (1, &["--select=syntax", "nginx.conf"]),
        (1, &["--now=2026-06-15", "--nginx-version=1.18.0", "--certs=skip", "-p", "/srv", "nginx.conf"]),
    ];
    for (status, arguments) in ROWS {
        let run = folder.run(&[&["check"], *arguments].concat());
        assert_eq!((run.status, run.stderr.as_str()), (*status, ""), "{arguments:?}\n{}", run.stdout);
    }
}

#[test]
fn bad_usage() {
    let folder = Folder::new(&[("nginx.conf", GOOD)]);
    const ROWS: &[(&[&str], &str)] = &[
        (&["check", "--select=include-notfound", "nginx.conf"], "did you mean `include-not-found`?"),
        (&["check", "--severity=syntax-error=bad", "nginx.conf"], "`bad` is none of error, warning, info, off"),
        (&["check", "--now=yesterday", "nginx.conf"], "is not an RFC 3339 time"),
        (&["check", "--nginx-version=new", "nginx.conf"], "is not a version of nginx"),
        (&["check", "--context=http,types", "nginx.conf"], "blocks of nginx"),
        (&["check", "--map=a", "nginx.conf"], "two paths with `=` between them"),
        (&["check", "--root=nothere", "nginx.conf"], "cannot use --root nothere: no such file"),
        (&["check", "--root=nginx.conf", "nginx.conf"], "it is not a directory"),
        (&["check", "--as=nginx.conf=nothere", "nginx.conf"], "cannot read nothere, given with --as: no such file"),
        (&["check", "--stdin-filename=a.conf", "nginx.conf"], "no PATH is `-`"),
        (&["check", "-o", "nothere/report", "nginx.conf"], "cannot write nothere/report: No such file"),
        (&["explain", "include-cycl"], "did you mean `include-cycle`?"),
        (&["explain", "zzz"], "`ngxlint rules` lists them"),
        (&["chek"], "check"),
        (&[], "Usage"),
    ];
    for (arguments, message) in ROWS {
        let run = folder.run(arguments);
        assert!(run.status == 2 && run.stderr.contains(message), "{arguments:?}: {}\n{}", run.status, run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

// Input of other kinds.

const DUMP: &str = "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n\
    # configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp { include conf.d/*.conf; }\n\n\
    # configuration file /etc/nginx/conf.d/a.conf:\nserver {\n    listen 80\n}\n\n";

#[test]
fn dump_of_a_running_nginx() {
    let folder = Folder::new(&[("dump.txt", DUMP), ("nginx.conf", BAD)]);
    let line = "/etc/nginx/conf.d/a.conf:2:12: error[syntax-error] missing `;` after `80`";
    folder.run_with_stdin(&["check", "--format=short", "-"], DUMP.as_bytes()).expect(1, &[line], &[]);
    folder.run(&["check", "--format=short", "dump.txt", "nginx.conf"]).expect(1, &[line, BAD_LINE], &[]);
}

#[test]
fn standard_input_in_its_place() {
    let folder =
        Folder::new(&[("etc/nginx.conf", "events {}\nhttp { include sites/*; }\n"), ("etc/part.conf", "gzip on;")]);
    let bad = b"include part.conf;\nserver { listen 80 }\n";
    let run = folder.run_with_stdin(&["check", "--format=short", "-"], bad);
    run.expect(1, &["<stdin>:1:1: info[include-not-found]", "<stdin>:2:17: error[syntax-error]"], &[]);
    for arguments in [&["-", "--stdin-filename=etc/sites/a"][..], &["--stdin-filename=etc/sites/a"]] {
        let run = folder.run_with_stdin(&[&["check", "--format=short"], arguments].concat(), bad);
        run.expect(1, &["etc/sites/a:2:17: error[syntax-error]"], &[]);
        assert!(!run.stdout.contains("include-not-found"), "{}", run.stdout);
    }
    let run = folder.run_with_stdin(&["check", "--show-files", "--stdin-filename=etc/sites/a"], bad);
    assert_eq!(
        run.stdout,
        "etc/nginx.conf: root configuration\n  etc/sites/a (in http)\n    etc/part.conf (in http)\n"
    );
}

#[test]
fn file_in_the_place_of_one_that_is_not_there_yet() {
    let folder = Folder::new(&[
        ("etc/nginx/nginx.conf", "events {}\nhttp { include conf.d/*.conf; }\n"),
        ("etc/nginx/conf.d/old.conf", "server { listen 80; }\n"),
        ("tmp/new", "server { listen 81 }\n"),
    ]);
    let line = "etc/nginx/conf.d/new.conf:1:17: error[syntax-error]";
    let absolute = format!("{}=tmp/new", folder.path("etc/nginx/conf.d/new.conf").display());
    let rows: [&[&str]; 4] = [
        &["--as", "etc/nginx/conf.d/new.conf=tmp/new"],
        &["--as", "etc/nginx/conf.d/new.conf=tmp/new", "etc/nginx/nginx.conf"],
        &["--as", &absolute, "etc/nginx/nginx.conf"],
        &["--as", "/etc/nginx/conf.d/new.conf=tmp/new", "--root", ".", "/etc/nginx/nginx.conf"],
    ];
    for arguments in rows {
        let run = folder.run(&[&["check", "--format=short", "--select=syntax"], arguments].concat());
        run.expect(1, &[line], &[]);
        assert_eq!(run.stdout.lines().count(), 1, "{arguments:?}\n{}", run.stdout);
    }
    let run = folder.run(&["check", "--format=short", "--select=syntax", "--as", "etc/nginx/conf.d/old.conf=tmp/new"]);
    run.expect(1, &["etc/nginx/conf.d/old.conf:1:17: error"], &[]);
}

#[test]
fn paths_below_another_root_and_mapped_ones() {
    let folder = Folder::new(&[
        ("image/etc/nginx/nginx.conf", "events {}\ninclude /etc/nginx/a.conf;\ninclude /srv/b.conf;\n"),
        ("image/etc/nginx/a.conf", "user www;\nuser\n"),
        ("certs/b.conf", "user www;\n"),
    ]);
    let line = "image/etc/nginx/a.conf:2:1: error[syntax-error]";
    let missing = "cannot include /srv/b.conf";
    for path in ["/etc/nginx/nginx.conf", "/etc/nginx", "image/etc/nginx/nginx.conf", "image"] {
        let run = folder.run(&["check", "--format=short", "--root=image", path]);
        run.expect(1, &[line, missing], &[]);
        let run = folder.run(&["check", "--format=short", "--root=image", "--map=/srv=certs", path]);
        run.expect(1, &[line], &[]);
        assert!(!run.stdout.contains(missing), "{path}: {}", run.stdout);
    }
    let run = folder.run(&["check", "--format=short", "--map=/etc/nginx=image/etc/nginx", "/etc/nginx/nginx.conf"]);
    run.expect(1, &[line, missing], &[]);
}

#[test]
fn the_changed_file_is_linted_through_its_root_and_told_first() {
    let folder = Folder::new(&[
        ("nginx.conf", "events {}\nhttp { include sites/*; }\ninclude missing.conf;\n"),
        ("sites/a", "server { listen 80 }\n"),
        ("sites/b", "server { listen 80 }\n"),
    ]);
    let files = |run: Run| -> Vec<String> {
        run.stdout.lines().map(|line| line.split(':').next().unwrap().to_owned()).collect()
    };
    assert_eq!(
        files(folder.run(&["check", "--format=short", "--select=syntax", "sites/b"])),
        ["sites/b", "nginx.conf", "sites/a"]
    );
    assert_eq!(
        files(folder.run(&["check", "--format=short", "--select=syntax", "."])),
        ["nginx.conf", "sites/a", "sites/b"]
    );
    // However often and by whatever path a configuration is asked for, it is linted once.
    let twice = folder.run(&[
        "check",
        "--format=short",
        "--select=syntax",
        "sites/b",
        "./nginx.conf",
        "nginx.conf",
        ".",
        "sites/a",
    ]);
    assert_eq!(files(twice), ["nginx.conf", "sites/a", "sites/b"]);
}

#[test]
fn two_roots_that_share_a_file_raise_its_findings_once() {
    let folder = Folder::new(&[
        ("a/nginx.conf", "events {}\ninclude ../shared.conf;\n"),
        ("b/nginx.conf", "events {}\ninclude ../shared.conf;\n"),
        ("shared.conf", "user www;\nuser\n"),
    ]);
    let run = folder.run(&["check", "--format=short", "--select=syntax", "a/nginx.conf", "b/nginx.conf"]);
    run.expect(1, &["shared.conf:2:1: error"], &[]);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
}

#[test]
fn files_of_a_run_are_shown() {
    let folder = Folder::new(&[
        ("nginx.conf", "events {}\nhttp { include mime.types; include sites/*; }\n"),
        ("mime.types", "types { text/html html; }\n"),
        ("sites/a", "server { include snippets/log.conf; include snippets/empty.conf; }\n"),
        ("sites/b", "server { include snippets/log.conf; }\n"),
        ("snippets/log.conf", "access_log off;\n"),
        ("snippets/empty.conf", "# nothing\n"),
        ("lone.conf", "# ngxlint: context=http,server\ngzip on;\n"),
        ("guess.conf", "proxy_set_header Host $host;\nproxy_pass http://x;\n"),
        ("supervisor.conf", "[program:x]\ncommand=/bin/x\n"),
    ]);
    let run = folder.run(&["check", "--show-files", "."]);
    run.expect(0, &[], &[]);
    insta::assert_snapshot!(run.stdout);
}

// Output.

#[test]
fn json_follows_its_schema() {
    let schema: Value = serde_json::from_str(ngxlint::report::FINDINGS_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let stories = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/stories");
    let folder = Folder::new(&[("nginx.conf", BAD), ("good.conf", GOOD), ("é.conf", "events {} é é\nuser }\n")]);
    for path in [".", "good.conf", stories] {
        let run = folder.run(&["check", "--format=json", path]);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{path}: {errors:#?}");
        assert_eq!(run.stdout, folder.run(&["check", "--format=json", path]).stdout, "{path}: not the same twice");
    }
    let run = folder.run(&["check", "--format=json", "--nginx-version=1.18", "nginx.conf"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["tool"]["nginx_version"], "1.18.0");
    assert_eq!(report["summary"]["errors"], 1);
    let start = serde_json::json!({"line": 2, "column": 1, "offset": 10});
    assert_eq!(report["findings"][0]["location"]["start"], start);
}

#[test]
fn human_report() {
    let folder = Folder::new(&[
        ("nginx.conf", "events {}\nhttp {\n\tserver {\r\n\t\tlisten 80\r\n\t\tserver_name shop.example;\r\n\t}\n}\n"),
        ("good.conf", GOOD),
    ]);
    let narrow =
        Run::of(folder.command(&["check", "--select=syntax", "nginx.conf"]).env("COLUMNS", "40").output().unwrap());
    insta::assert_snapshot!("human_narrow", narrow.stdout);
    let ascii =
        Run::of(folder.command(&["check", "--select=syntax", "nginx.conf"]).env("LC_ALL", "C").output().unwrap());
    insta::assert_snapshot!("human_ascii", ascii.stdout);
    assert!(ascii.stdout.is_ascii());
    folder.run(&["check", "good.conf"]).expect(0, &["no problems found in 1 file ("], &[]);
}

#[test]
fn colours_are_the_callers_choice() {
    let folder = Folder::new(&[("nginx.conf", BAD)]);
    let is_colored = |arguments: &[&str], variable: (&str, &str)| {
        let mut command = folder.command(&[&["check", "nginx.conf"], arguments].concat());
        Run::of(command.env(variable.0, variable.1).output().unwrap()).stdout.contains('\x1b')
    };
    assert!(!is_colored(&[], ("TERM", "xterm")), "standard output is a pipe");
    assert!(is_colored(&["--color=always"], ("NO_COLOR", "1")), "an option outweighs the environment");
    assert!(!is_colored(&["--color=never"], ("TERM", "xterm")));
    #[cfg(target_os = "linux")]
    {
        assert!(on_terminal(&folder, "check nginx.conf", "").contains("\x1b[31m"));
        assert!(!on_terminal(&folder, "check nginx.conf", "NO_COLOR=1").contains("\x1b[31m"));
        assert!(on_terminal(&folder, "check nginx.conf", "NO_COLOR=").contains("\x1b[31m"));
    }
}

/// What the program writes to a terminal, which `script` of util-linux makes.
#[cfg(target_os = "linux")]
fn on_terminal(folder: &Folder, arguments: &str, variable: &str) -> String {
    let command =
        format!("env -u NO_COLOR TERM=xterm LC_ALL=C.UTF-8 {variable} {} {arguments}", env!("CARGO_BIN_EXE_ngxlint"));
    let output = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(folder.0.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_reader_that_has_seen_enough() {
    let folder = Folder::new(&[]);
    let lines: String = (0..20_000).map(|number| format!("include missing{number}.conf;\n")).collect();
    folder.write("nginx.conf", format!("events {{}}\n{lines}").as_bytes());
    let mut command = folder.command(&["check", "--format=short", "nginx.conf"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let run = Run::of(child.wait_with_output().unwrap());
    run.expect(1, &[], &[]);
    let run = folder.run(&["check", "--format=short", "nginx.conf"]);
    assert_eq!(run.stdout.lines().count(), 20_000);
}

#[test]
fn report_in_a_file() {
    let folder = Folder::new(&[("nginx.conf", BAD), ("report", "old")]);
    let run = folder.run(&["check", "--format=short", "-o", "report", "nginx.conf"]);
    run.expect(1, &[], &[]);
    assert_eq!(run.stdout, "");
    assert!(fs::read_to_string(folder.path("report")).unwrap().starts_with(BAD_LINE));
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 2, "nothing else is left behind");
    if Path::new("/dev/stdout").exists() {
        folder.run(&["check", "--format=short", "-o", "/dev/stdout", "nginx.conf"]).expect(1, &[BAD_LINE], &[]);
    }
}

#[test]
fn rules_and_their_explanations() {
    let folder = Folder::new(&[]);
    let run = folder.run(&["rules", "--format=json"]);
    let rules: Value = serde_json::from_str(&run.stdout).unwrap();
    let table = folder.run(&["rules"]);
    for rule in rules.as_array().unwrap() {
        let id = rule["id"].as_str().unwrap();
        assert!(table.stdout.contains(id));
        let run = folder.run(&["explain", id]);
        run.expect(0, &[id, rule["summary"].as_str().unwrap(), "Bad", "Good", "How to fix it", "References"], &[]);
    }
    let narrow = Run::of(folder.command(&["rules"]).env("COLUMNS", "45").output().unwrap());
    assert!(narrow.stdout.lines().all(|line| line.chars().count() <= 45), "{}", narrow.stdout);
    folder.run(&["explain", "include-not-found"]).expect(0, &["include snippets/ssl.conf;\n    #^^^"], &[]);
    assert!(!table.stdout.contains("hosts as of"));
    folder.run(&["rules", "--verbose"]).expect(0, &["HSTS preload list: ", " hosts as of 20"], &[]);
}

#[test]
fn the_preload_list_is_made_from_chromiums_file() {
    let text = "// comment\n{ \"entries\": [\n  // comment\n  { \"name\": \"dev\", \"mode\": \"force-https\" } ] }\n";
    let folder = Folder::new(&[("list.json", text), ("none.json", "{ \"entries\": [] }"), ("other.json", "[1")]);
    let run = |file: &str, date: &str| folder.run(&["rebuild-preload", file, "--date", date, "-o", "list.bin"]);
    run("list.json", "2026-12-31").expect(0, &["1 hosts, "], &[]);
    assert!(fs::read(folder.path("list.bin")).unwrap().starts_with(b"ngxlint HSTS preload list 1\n2026-12-31\n"));
    run("missing.json", "2026-12-31").expect(2, &[], &["error: cannot read missing.json: no such file"]);
    run("none.json", "2026-12-31").expect(2, &[], &["error: cannot use none.json: it forces no host to https"]);
    run("other.json", "2026-12-31").expect(
        2,
        &[],
        &["error: cannot use other.json: it is not Chromium's list of hosts"],
    );
    run("list.json", "yesterday").expect(2, &[], &["a day as in 2026-06-15 is expected"]);
}

#[test]
fn help() {
    let folder = Folder::new(&[]);
    insta::assert_snapshot!("help", folder.run(&["--help"]).stdout);
    insta::assert_snapshot!("help_check", folder.run(&["check", "-h"]).stdout);
    for command in ["check", "trace", "certs", "rules", "explain"] {
        folder.run(&[command, "--help"]).expect(0, &["Example"], &[]);
    }
    folder.run(&["--version"]).expect(0, &["ngxlint 0.1.0"], &[]);
}

/// A folder is linted as the files in it are: through the root that includes them, wherever the program is started.
#[test]
fn a_folder_below_the_root_is_linted_through_it() {
    const SITE: &str = "server {\n    listen 80;\n    server_name shop.example;\n}\n";
    let folder = Folder::new(&[
        ("nginx.conf", "events {}\nhttp {\n    include sites-enabled/*;\n}\n"),
        ("sites-enabled/a", SITE),
        ("sites-enabled/b", SITE),
    ]);
    let finding = "b:3:17: warning[conflicting-server-name]";
    folder.run(&["check", "--format", "short", "sites-enabled"]).expect(1, &["sites-enabled/", finding], &[]);
    let inside =
        folder.command(&["check", "--format", "short", "."]).current_dir(folder.path("sites-enabled")).output();
    let inside = inside.unwrap();
    assert!(String::from_utf8_lossy(&inside.stdout).contains(finding), "{inside:?}");
}
