//! Comments that suppress findings, and the option that writes them.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test stops at what it does not expect")]

mod program;

use std::fs;
use std::process::Command;

use serde_json::Value;

use program::{Folder, Run};

const SUPPRESSED: &str =
    "events {}\n# ngxlint: ignore[include-not-found] every host has its own\ninclude local.conf;\n";

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", run.stdout, run.stderr))
}

#[test]
fn what_is_suppressed_is_counted_and_audits_see_it() {
    let folder = Folder::new(&[("nginx.conf", SUPPRESSED)]);
    let run = folder.run(&["check", "nginx.conf"]);
    run.expect(0, &["no problems found in 1 file (0 servers, 0 certificates checked, 1 suppressed)\n"], &[]);
    let report = json(&folder.run(&["check", "--format=json", "nginx.conf"]));
    assert_eq!(report["summary"]["suppressed"], 1);
    assert_eq!(report["findings"].as_array().unwrap().len(), 0);
    let report = json(&folder.run(&["check", "--format=json", "--no-ignores", "nginx.conf"]));
    assert_eq!(report["summary"]["suppressed"], 0);
    assert_eq!(report["findings"][0]["rule"], "include-not-found");
}

#[test]
fn comments_that_do_nothing_are_findings() {
    let text = "events {}\n# ngxlint: ignore[include-not-found]\n# ngxlint: ingore[syntax] x\ninclude local.conf;\n\
                gzip on; # ngxlint: ignore[include-nowhere,syntax] x\n";
    let folder = Folder::new(&[("nginx.conf", text)]);
    let run = folder.run(&["check", "--format=short", "nginx.conf"]);
    run.expect(
        1,
        &[
            "nginx.conf:2:1: warning[unused-suppression] this suppression does not say why\n",
            "nginx.conf:3:1: warning[unused-suppression] `ingore` is nothing that ngxlint knows; did you mean `ignore`?\n",
            "nginx.conf:5:28: warning[unused-suppression] there is no rule `include-nowhere`; did you mean",
            "nginx.conf:5:44: warning[unused-suppression] the rules of `syntax` find nothing on this line",
        ],
        &[],
    );
    folder.run(&["check", "--no-ignores", "--select=unused-suppression", "nginx.conf"]).expect(0, &[], &[]);
    folder.run(&["check", "--ignore=syntax", "nginx.conf"]).expect(0, &["no problems found"], &[]);
}

#[test]
fn a_fix_takes_out_what_is_not_needed() {
    let text = "events {}\n\t# ngxlint: ignore[include-cycle] x\r\ngzip on; # why # ngxlint: ignore[include-cycle] x\r\n\
                # ngxlint: ignore[include-cycle, syntax, syntax-error] x\r\ninclude no;\r\n";
    let folder = Folder::new(&[("nginx.conf", text)]);
    let report = json(&folder.run(&["check", "--format=json", "nginx.conf"]));
    let mut mended = text.to_owned();
    let edits = report["findings"].as_array().unwrap().iter().rev().map(|finding| {
        assert_eq!(finding["fix"]["safe"], true);
        &finding["fix"]["edits"][0]
    });
    for edit in edits {
        let at = |key: &str| edit[key].as_u64().unwrap() as usize;
        mended.replace_range(at("start_offset")..at("end_offset"), "");
    }
    let expected = "events {}\ngzip on; # why\r\n# ngxlint: ignore[syntax] x\r\ninclude no;\r\n";
    assert_eq!(mended, expected);
}

#[test]
fn a_comment_in_a_shared_file_is_needed_if_one_configuration_needs_it() {
    let shared = "listen 443; # ngxlint: ignore[listen-443-without-ssl] TLS ends at the edge\n";
    let plain = "events {}\nhttp { server { include shared; } }\n";
    let tls = "events {}\nhttp { server { include shared; } server { listen 443 ssl; server_name a.test; } }\n";
    let folder = Folder::new(&[("a.conf", plain), ("b.conf", tls), ("shared", shared)]);
    let check = |paths: &[&str]| {
        let options = ["check", "--format=short", "--select=listen-443-without-ssl,unused-suppression"];
        folder.run(&[&options, paths].concat())
    };
    check(&["a.conf"]).expect(0, &[], &[]);
    check(&["b.conf"]).expect(1, &["shared:1:31: warning[unused-suppression]"], &[]);
    for paths in [["a.conf", "b.conf"], ["b.conf", "a.conf"]] {
        let run = check(&paths);
        run.expect(0, &[], &[]);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn sarif_has_them_where_they_are_asked_for() {
    let folder = Folder::new(&[("nginx.conf", SUPPRESSED)]);
    let results = |arguments: &[&str]| {
        let run = folder.run(&[&["check", "--format=sarif", "nginx.conf"], arguments].concat());
        assert_eq!(run.status, 0, "{}", run.stderr);
        json(&run)["runs"][0]["results"].clone()
    };
    // GitHub opens an alert for what is in the log, whatever is said of it.
    assert_eq!(results(&[]), serde_json::json!([]));
    let shown = results(&["--show-suppressed"]);
    assert_eq!(shown[0]["ruleId"], "include-not-found");
    let expected = serde_json::json!([{"kind": "inSource", "justification": "every host has its own"}]);
    assert_eq!(shown[0]["suppressions"], expected);
    assert_eq!(results(&["--no-ignores", "--fail-on=never"])[0]["suppressions"], Value::Null);
}

#[test]
fn certs_obeys_them() {
    let site = "events {}\nhttp { server { listen 443 ssl; server_name a.test;\nssl_certificate a.pem; # ngxlint: \
                ignore[certificate] comes with the deployment\nssl_certificate_key a.key; } }\n";
    let folder = Folder::new(&[("nginx.conf", site), ("a.pem", "none"), ("a.key", "none")]);
    let certs = |more: &[&str]| folder.run(&[&["certs", "nginx.conf", "--select=cert-unparsable"], more].concat());
    assert_eq!(certs(&[]).status, 0, "{}", certs(&[]).stdout);
    assert_eq!(certs(&["--no-ignores"]).status, 1);
}

// --add-ignore.

/// A site with findings in two files, one of them behind a link, and in a directive of several lines.
fn site() -> Folder {
    let root = "events {}\r\nhttp {\r\n    include sites-enabled/*;\r\n\tinclude\r\n\t\tno.conf;\r\n}\r\n";
    let site = "server {\n    listen 80;\n    include other.conf;\n    include no.conf; include nowhere.conf;\n}\n";
    let folder = Folder::new(&[("nginx.conf", root), ("sites-available/a", site)]);
    fs::create_dir(folder.path("sites-enabled")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../sites-available/a", folder.path("sites-enabled/a")).unwrap();
    folder
}

#[cfg(unix)]
#[test]
fn comments_are_written_above_each_place() {
    use std::os::unix::fs::PermissionsExt;
    let folder = site();
    fs::set_permissions(folder.path("sites-available/a"), fs::Permissions::from_mode(0o640)).unwrap();
    let run = folder.run(&["check", "nginx.conf", "--add-ignore", "before the move"]);
    run.expect(
        0,
        &[
            "nginx.conf: wrote 1 comment\n",
            "sites-available/a: wrote 2 comments\n",
            "wrote 3 comments in 2 files: 4 findings are suppressed now\n",
        ],
        &[],
    );
    let read = |path: &str| fs::read_to_string(folder.path(path)).unwrap();
    assert_eq!(
        read("nginx.conf"),
        "events {}\r\nhttp {\r\n    include sites-enabled/*;\r\n\t# ngxlint: ignore[include-not-found] before the \
         move\r\n\tinclude\r\n\t\tno.conf;\r\n}\r\n"
    );
    assert_eq!(
        read("sites-available/a"),
        "server {\n    listen 80;\n    # ngxlint: ignore[include-not-found] before the move\n    include other.conf;\n    \
         # ngxlint: ignore[include-not-found] before the move\n    include no.conf; include nowhere.conf;\n}\n"
    );
    assert_eq!(fs::read_link(folder.path("sites-enabled/a")).unwrap().to_str(), Some("../sites-available/a"));
    let mode = fs::metadata(folder.path("sites-available/a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    let run = folder.run(&["check", "nginx.conf"]);
    run.expect(0, &["no problems found", "4 suppressed"], &[]);
    let before = read("nginx.conf");
    let run = folder.run(&["check", "nginx.conf", "--add-ignore", "again"]);
    run.expect(0, &["no findings: there is nothing to suppress\n"], &[]);
    assert_eq!(read("nginx.conf"), before);
}

#[test]
fn a_comment_of_the_same_reason_takes_another_rule() {
    let folder = Folder::new(&[(
        "nginx.conf",
        "events {}\n# ngxlint: ignore[unused-suppression,syntax-error] known\ninclude no.conf;\n",
    )]);
    let run = folder.run(&["check", "nginx.conf", "--select=include-not-found", "--add-ignore", "known"]);
    run.expect(0, &["wrote 1 comment in 1 file: 1 finding is suppressed now\n"], &[]);
    let text = fs::read_to_string(folder.path("nginx.conf")).unwrap();
    assert!(text.contains("\n# ngxlint: ignore[unused-suppression,syntax-error,include-not-found] known\n"), "{text}");
}

#[test]
fn reasons_are_one_line_that_says_something() {
    let folder = Folder::new(&[("nginx.conf", "events {}\ninclude no.conf;\n")]);
    for reason in ["", "  ", ":", "two\nlines", "\u{1b}[31m", &"x".repeat(2000)] {
        let run = folder.run(&["check", "nginx.conf", "--add-ignore", reason]);
        assert_eq!(run.status, 2, "{reason:?}: {}", run.stdout);
    }
    let run = folder.run(&["check", "nginx.conf", "--add-ignore", "x", "--no-ignores"]);
    run.expect(2, &[], &["cannot be used with"]);
    let run = folder.run_with_stdin(&["check", "-", "--add-ignore", "x"], b"events {}\ninclude no.conf;\n");
    run.expect(2, &[], &["error: standard input cannot be changed: give --fix, --diff and --add-ignore the files"]);
    let other = [("other.conf", "events {}\ninclude other;\n")];
    other.iter().for_each(|(path, text)| folder.write(path, text.as_bytes()));
    let run = folder.run(&["check", "--as", "nginx.conf=other.conf", "--add-ignore", "x"]);
    run.expect(2, &[], &["nginx.conf is left as it is: it is not what was read"]);
    // The file that the output of `nginx -T` speaks of is another one, or is not there.
    let root = folder.path("nginx.conf");
    let dump = format!("# configuration file {}:\nevents {{}}\ninclude gone.conf;\n", root.display());
    folder.write("dump.txt", dump.as_bytes());
    let before = fs::read(&root).unwrap();
    let run = folder.run(&["check", "dump.txt", "--add-ignore", "x"]);
    run.expect(
        2,
        &["wrote 0 comments in 0 files: 0 of 1 finding is suppressed now"],
        &["in its place (--as, or the output of `nginx -T`)"],
    );
    assert_eq!((fs::read(&root).unwrap(), fs::read(folder.path("dump.txt")).unwrap()), (before, dump.into_bytes()));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_left_as_it_is() {
    use std::os::unix::fs::PermissionsExt;
    let folder = site();
    fs::set_permissions(folder.path("nginx.conf"), fs::Permissions::from_mode(0o444)).unwrap();
    let run = folder.run(&["check", "nginx.conf", "--add-ignore", "x"]);
    run.expect(2, &["sites-available/a: wrote 2 comments\n"], &["nginx.conf is left as it is: it is read-only"]);

    let folder = site();
    fs::set_permissions(folder.path("sites-available"), fs::Permissions::from_mode(0o555)).unwrap();
    let before = fs::read(folder.path("sites-available/a")).unwrap();
    if let Some(mut command) = folder.command_as_nobody(&["check", "nginx.conf", "--add-ignore", "x"]) {
        for (path, mode) in [("nginx.conf", 0o666), ("sites-available/a", 0o666), (".", 0o777)] {
            fs::set_permissions(folder.path(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        // What is nobody's stays so only if nobody owns it.
        let run = Run::of(command.output().unwrap());
        assert_eq!(run.status, 2, "{}", run.stderr);
        assert!(run.stderr.contains("sites-available/a is left as it is: "), "{}", run.stderr);
        assert_eq!(fs::read(folder.path("sites-available/a")).unwrap(), before);
    }
    fs::set_permissions(folder.path("sites-available"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
/// A file is refused where a comment would be something else to nginx, and the message says where.
#[test]
fn what_a_comment_would_change_is_left_as_it_is() {
    let text = "\u{feff}events {}\ninclude no.conf;\n";
    let folder = Folder::new(&[("nginx.conf", text)]);
    let run = folder.run(&["check", "nginx.conf", "--add-ignore", "x"]);
    run.expect(2, &[], &["nginx.conf is left as it is: a comment at line 1 would change what nginx reads"]);
    assert_eq!(fs::read_to_string(folder.path("nginx.conf")).unwrap(), text);
}

#[test]
fn a_full_disk_and_a_kill_in_the_middle_leave_whole_files() {
    // A file of 0 bytes is the largest that may be written: an error, or the death of the process.
    for (script, is_killed) in [("trap '' XFSZ; ulimit -f 0", false), ("ulimit -f 0; ulimit -c 0", true)] {
        let folder = site();
        let before =
            [fs::read(folder.path("nginx.conf")).unwrap(), fs::read(folder.path("sites-available/a")).unwrap()];
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{script}; exec \"$@\""), "sh", env!("CARGO_BIN_EXE_ngxlint")]);
        command.args(["check", "nginx.conf", "--add-ignore", "x"]).current_dir(folder.0.path());
        let output = command.output().unwrap();
        if is_killed {
            assert_eq!(output.status.code(), None);
        } else {
            Run::of(output).expect(2, &[], &["nginx.conf is left as it is: File too large"]);
            assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 3, "no other file is left");
        }
        let after = [fs::read(folder.path("nginx.conf")).unwrap(), fs::read(folder.path("sites-available/a")).unwrap()];
        assert_eq!(before, after, "{script}");
        // What a killed process leaves is no configuration.
        folder.run(&["check", "nginx.conf", "--add-ignore", "x"]).expect(0, &["3 comments in 2 files"], &[]);
        folder.run(&["check", "."]).expect(0, &["no problems found in 2 files"], &[]);
    }
}

/// Two sites, the second of which has a certificate of another name, which a comment suppresses.
const SITES: &str = "events {}
http {
    server {
        listen 443 ssl;
        server_name shop.example;
        # ngxlint: ignore[cert-weak] as of old
        ssl_certificate pki/shop.example.pem;
        ssl_certificate_key pki/shop.example.key;
    }
    server {
        listen 8443 ssl;
        # ngxlint: ignore[cert-name-mismatch] the load balancer asks no name
        server_name other.example;
        ssl_certificate x.pem;
        ssl_certificate_key pki/shop.example.key;
    }
}
";

#[test]
fn what_hangs_on_a_certificate_that_is_not_here_is_not_taken_out() {
    let folder = program::certificates::folder(SITES);
    let check = |more: &[&str]| {
        let select = ["check", program::certificates::NOW, "--select=cert-name-mismatch,cert-weak,unused-suppression"];
        folder.run(&[&select, more, &["nginx.conf"]].concat())
    };
    for text in [None, Some("no certificate")] {
        if let Some(text) = text {
            folder.write("x.pem", text.as_bytes());
        }
        for mode in ["--certs=auto", "--certs=require"] {
            // Beside it, the other one may be of use to a run that knows all.
            check(&[mode, "--format=short"]).expect(
                0,
                &["6:27: info[unused-suppression] `cert-weak` finds nothing"],
                &[],
            );
            assert!(!check(&[mode]).stdout.contains("cert-name-mismatch"));
            assert_eq!(check(&[mode, "--diff"]).stdout, "");
        }
    }
    folder.write("x.pem", &std::fs::read(folder.path("pki/shop.example.pem")).unwrap());
    check(&["--format=short"]).expect(1, &["6:27: warning[unused-suppression] `cert-weak` finds nothing"], &[]);
    assert!(check(&["--diff"]).stdout.contains("-        # ngxlint: ignore[cert-weak] as of old"));
    assert!(!check(&["--diff"]).stdout.contains("-        # ngxlint: ignore[cert-name"));
}

#[test]
fn certificates_that_stand_somewhere_else_make_no_fix_safe() {
    let site = SITES
        .replace("x.pem", "pki/shop.example.pem")
        .replace("ssl_certificate pki", "ssl_stapling on; ssl_certificate pki");
    let folder = program::certificates::folder(&site);
    let fixes = |conf: &str, more: &[&str]| {
        let select = "--select=ssl-stapling-without-responder,cert-weak,unused-suppression";
        let arguments = ["check", program::certificates::NOW, "--format=json", select, conf];
        let report = json(&folder.run(&[&arguments, more].concat()));
        let findings = report["findings"].as_array().unwrap().clone();
        let mut fixes: Vec<String> = findings
            .iter()
            .map(|one| {
                format!(
                    "{} {} {}",
                    one["rule"].as_str().unwrap(),
                    one["severity"].as_str().unwrap(),
                    one["fix"]["safe"]
                )
            })
            .collect();
        fixes.dedup();
        fixes
    };
    let expected = |safe: bool| {
        [format!("unused-suppression warning {safe}"), format!("ssl-stapling-without-responder info {safe}")]
    };
    assert_eq!(fixes("nginx.conf", &[]), expected(true));
    folder.write("live.conf", site.replace("pki/", "/etc/letsencrypt/live/").as_bytes());
    assert_eq!(fixes("live.conf", &["--map=/etc/letsencrypt/live=pki"]), expected(false));
    folder.write("image/nginx.conf", site.replace("pki/", "/certs/").as_bytes());
    folder.copy_certificates("image/certs");
    assert_eq!(fixes("image/nginx.conf", &["--root=image"]), expected(false));
}
