//! Where `--fix` stops: files that nginx cannot read, that cannot be written, or that are not there.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test runs programs and reads their files")]

mod program;

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use program::{Folder, Run};

const SITE: &str = "server {\n    listen 80;\n    location /socket.io/ {\n        proxy_pass http://127.0.0.1:9000;\n        \
     proxy_http_version 1.1;\n    }\n}\n";

/// A root that includes the sites, with a fix for each.
fn sites(names: &[&str]) -> Folder {
    let folder = Folder::new(&[("nginx.conf", "events {}\nhttp {\n    include sites/*;\n}\n")]);
    names.iter().for_each(|name| folder.write(&format!("sites/{name}"), SITE.as_bytes()));
    folder
}

fn check(folder: &Folder, more: &[&str]) -> Run {
    folder.run(&[&["check", "--select", "websocket-missing-upgrade,syntax-error"], more].concat())
}

fn text(folder: &Folder, path: &str) -> String {
    fs::read_to_string(folder.path(path)).unwrap()
}

#[test]
fn what_was_not_written_is_not_counted() {
    let folder = sites(&["a.conf", "b.conf"]);
    fs::set_permissions(folder.path("sites/a.conf"), fs::Permissions::from_mode(0o444)).unwrap();
    let run = check(&folder, &["--fix", "nginx.conf"]);
    run.expect(2, &["websocket-missing-upgrade"], &["cannot change sites/a.conf", "note: made 1 fix in 1 file\n"]);
    let run = check(&folder, &["--fix", "nginx.conf"]);
    run.expect(2, &["websocket-missing-upgrade"], &["cannot change sites/a.conf: it is read-only"]);
    assert!(!run.stderr.contains("made"), "{}", run.stderr);
}

#[test]
fn a_fix_of_several_files_is_made_in_all_or_in_none() {
    const TLS: &str = "server {\n    listen 443 ssl http2;\n    server_name NAME.example;\n    ssl_certificate a.pem;\n    \
                       ssl_certificate_key a.key;\n}\n";
    let folder = sites(&["c.conf"]);
    folder.write("sites/a.conf", TLS.replace("NAME", "a").as_bytes());
    folder.write("sites/b.conf", TLS.replace("NAME", "b").as_bytes());
    fs::set_permissions(folder.path("sites/b.conf"), fs::Permissions::from_mode(0o444)).unwrap();
    let fix = || {
        let rules = ["check", "--select", "websocket-missing-upgrade,listen-http2-deprecated", "--certs", "skip"];
        folder.run(&[&rules[..], &["--fix", "nginx.conf"]].concat())
    };
    let run = fix();
    run.expect(
        2,
        &["sites/a.conf:2:5", "sites/b.conf:2:5"],
        &[
            "error: cannot change sites/a.conf: a fix changes sites/b.conf as well, which cannot be changed",
            "error: cannot change sites/b.conf: it is read-only",
            "note: made 1 fix in 1 file\n",
        ],
    );
    assert_eq!(text(&folder, "sites/a.conf"), TLS.replace("NAME", "a"));
    assert!(fs::read_dir(folder.path("sites")).unwrap().count() == 3, "nothing is left beside the files");
    fs::set_permissions(folder.path("sites/b.conf"), fs::Permissions::from_mode(0o644)).unwrap();
    fix().expect(0, &["no problems found"], &["note: made 1 fix in 2 files\n"]);
    assert!(text(&folder, "sites/a.conf").contains("http2 on;") && text(&folder, "sites/b.conf").contains("http2 on;"));
}

/// The other name would keep the old text.
#[test]
fn a_file_with_several_names_is_left() {
    let folder = sites(&["a.conf", "b.conf"]);
    fs::hard_link(folder.path("sites/a.conf"), folder.path("other")).unwrap();
    let reason = "sites/a.conf: it has 2 names (hard links), and the others would keep the old text";
    check(&folder, &["--fix", "nginx.conf"]).expect(2, &["sites/a.conf"], &[reason, "note: made 1 fix in 1 file\n"]);
    let run = check(&folder, &["--add-ignore", "why", "nginx.conf"]);
    run.expect(2, &[], &["sites/a.conf is left as it is: it has 2 names"]);
    assert_eq!(text(&folder, "other") + &text(&folder, "sites/a.conf"), SITE.repeat(2));
    fs::remove_file(folder.path("other")).unwrap();
    check(&folder, &["--fix", "nginx.conf"]).expect(0, &["no problems found"], &["note: made 1 fix in 1 file\n"]);
}

#[test]
fn any_number_of_files_is_written() {
    let names: Vec<String> = (0..200).map(|number| format!("{number}.conf")).collect();
    let folder = sites(&names.iter().map(String::as_str).collect::<Vec<_>>());
    check(&folder, &["--fix", "nginx.conf"]).expect(
        0,
        &["no problems found"],
        &["note: made 200 fixes in 200 files\n"],
    );
    assert_eq!(fs::read_dir(folder.path("sites")).unwrap().count(), 200);
}

#[test]
fn what_cannot_be_read_is_mended_first() {
    // The quote does not end where it should, so that no block is what it seems to be.
    let broken = "events {}\nhttp {\n  server { listen 80; server_name a.example;\n    location / { return 200 \"a; }\n    \
                  location /b { return 200 \"b\"; }\n  }\n  server { listen 80; server_name b.example; } }\n}\n";
    let folder = Folder::new(&[("nginx.conf", broken)]);
    let run = folder.run(&["check", "--fix=all", "--diff", "nginx.conf"]);
    run.expect(1, &[], &["a fix for nginx.conf left out: nginx cannot read the configuration; that comes first"]);
    assert!(!run.stdout.contains("default_server"), "{}", run.stdout);
    // What is mended is read, and the rest follows.
    let folder = sites(&["a.conf", "b.conf"]);
    folder.write("sites/b.conf", SITE.replace("listen 80;", "listen 80").as_bytes());
    check(&folder, &["--fix", "nginx.conf"]).expect(0, &["no problems found"], &["note: made 3 fixes in 2 files"]);
    // Another configuration does not wait for it.
    folder.write("sites/a.conf", SITE.as_bytes());
    folder.write("other.conf", b"events {}\nhttp {\n    server { listen 80; }\n");
    let run = check(&folder, &["--fix", "nginx.conf", "other.conf"]);
    run.expect(1, &["syntax-error"], &["note: made 1 fix in 1 file"]);
    assert!(text(&folder, "sites/a.conf").contains("Upgrade"));
    // What nginx reads in some way is no obstacle.
    folder.write("sites/a.conf", SITE.replace("listen 80;", "listen 80;\nindex a.html\nautoindex on;").as_bytes());
    check(&folder, &["--fix", "nginx.conf"]).expect(1, &["missing `;`"], &["note: made 1 fix in 1 file"]);
}

#[test]
fn a_run_that_leaves_fixes_says_so() {
    let folder = Folder::new(&[("nginx.conf", &format!("events {{}}\nhttp {{\n}}\n{}", "}\n".repeat(3000)))]);
    let run = folder.run(&["check", "--fix=all", "nginx.conf"]);
    run.expect(1, &["syntax-error"], &["note: there are more fixes than 50 rounds make; run it again", "note: made "]);
}

#[test]
fn audits_change_nothing() {
    let folder = sites(&["a.conf"]);
    for fix in ["--fix", "--fix=all", "--diff"] {
        check(&folder, &["--no-ignores", fix, "nginx.conf"]).expect(2, &[], &["cannot be used with"]);
    }
    assert_eq!(text(&folder, "sites/a.conf"), SITE);
}

#[test]
fn a_dump_is_no_file_to_change() {
    let folder = sites(&["a.conf"]);
    let dump = format!("# configuration file /etc/nginx/nginx.conf:\nevents {{}}\nhttp {{\n{SITE}}}\n");
    folder.write("dump.txt", dump.as_bytes());
    let note =
        "note: a fix for /etc/nginx/nginx.conf left out: what was read is not the file itself; run this where it is\n";
    check(&folder, &["--fix", "dump.txt"]).expect(1, &[], &[note]);
    assert_eq!(text(&folder, "dump.txt"), dump);
    folder.write("new.conf", SITE.as_bytes());
    let run = check(&folder, &["--fix", "--as", "sites/a.conf=new.conf", "nginx.conf"]);
    run.expect(1, &[], &["a fix for sites/a.conf left out: what was read is not the file itself"]);
    assert_eq!(text(&folder, "sites/a.conf") + &text(&folder, "new.conf"), SITE.repeat(2));
}

#[test]
fn git_and_patch_take_a_diff_with_any_names() {
    let names: [&[u8]; 7] =
        [b"a.conf", b"the shop.conf", b"ends .conf", b"\xff.conf", "ä b.conf".as_bytes(), b"q\"x.conf", b"\xfe y.conf"];
    let path = |folder: &Folder, name: &[u8]| folder.path("sites").join(Path::new(std::ffi::OsStr::from_bytes(name)));
    let folder = sites(&[]);
    fs::create_dir(folder.path("sites")).unwrap();
    let write = || names.iter().for_each(|name| fs::write(path(&folder, name), SITE).unwrap());
    write();
    let arguments = ["check", "--diff", "--select", "websocket-missing-upgrade", "nginx.conf"];
    let diff = folder.command(&arguments).output().unwrap().stdout;
    folder.write("fix.diff", &diff);
    let run = |program: &str, arguments: &[&str]| {
        let status = Command::new(program).args(arguments).current_dir(folder.path(".")).status();
        status.is_ok_and(|status| status.success())
    };
    let is_applied = || {
        let is_changed = |name: &&[u8]| fs::read_to_string(path(&folder, name)).unwrap().contains("Upgrade");
        names.iter().filter(|name| is_changed(name)).count() == names.len()
    };
    assert!(run("git", &["init", "-q"]) && run("git", &["apply", "fix.diff"]) && is_applied());
    write();
    if Command::new("patch").arg("--version").output().is_ok() {
        assert!(run("patch", &["-p1", "-s", "-i", "fix.diff"]) && is_applied());
    }
}

/// Two servers of one socket, whose fix changes both.
const HTTP2: &str = "events {}\nhttp {\n    server {\n        # ONE\n        listen 443 ssl http2;\n        server_name a.example;\n    \
                     }\n    include vendor/*;\n}\n";
const VENDORED: &str = "server {\n    listen 443 ssl http2;\n    server_name b.example;\n}\n";

/// What somebody has suppressed, ignored or found before is not changed by the fix of another finding.
#[test]
fn what_is_to_stay_stays() {
    const SELECT: &[&str] = &["check", "--select", "listen-http2-deprecated,unused-suppression", "--certs", "skip"];
    let fix = |folder: &Folder, more: &[&str]| folder.run(&[SELECT, more, &["--diff", "nginx.conf"]].concat());
    let folder = Folder::new(&[("nginx.conf", HTTP2), ("vendor/a.conf", VENDORED)]);
    let both = fix(&folder, &[]);
    assert!(both.stdout.contains("vendor/a.conf") && both.stdout.contains("a/nginx.conf"), "{}", both.stdout);
    // A comment above one of them.
    let commented = HTTP2.replace("# ONE", "# ngxlint: ignore[listen-http2-deprecated] old machines");
    folder.write("nginx.conf", commented.as_bytes());
    assert_eq!(fix(&folder, &[]).stdout, "");
    folder.write("nginx.conf", HTTP2.as_bytes());
    folder.write("s.yaml", b"per-file-ignores:\n  vendor/: [listen-http2-deprecated]\n");
    assert_eq!(fix(&folder, &["--config", "s.yaml"]).stdout, "");
    // What is known of one file.
    folder.run(&[SELECT, &["--write-baseline", "b.json", "nginx.conf"]].concat());
    let mut known: serde_json::Value = serde_json::from_str(&text(&folder, "b.json")).unwrap();
    known["findings"].as_array_mut().unwrap().retain(|finding| finding["file"] == "vendor/a.conf");
    folder.write("b.json", known.to_string().as_bytes());
    assert_eq!(fix(&folder, &["--baseline", "b.json"]).stdout, "");
}

/// A comment at a line that a fix would change is of use, although the finding is told at another.
#[test]
fn a_comment_that_keeps_a_line_is_used() {
    let text = "events {}\nhttp {\n    server {\n        listen 443;\n        listen [::]:443; # ngxlint: \
                ignore[listen-443-without-ssl] the load balancer's network\n        ssl_certificate a.pem;\n        \
                ssl_certificate_key a.key;\n    }\n}\n";
    let folder = Folder::new(&[("nginx.conf", text)]);
    let rules = ["check", "--select", "listen-443-without-ssl,unused-suppression", "--certs", "skip"];
    let run = folder.run(&[&rules[..], &["--fix=all", "--diff", "nginx.conf"]].concat());
    assert_eq!(run.stdout, "", "{}", run.stderr);
}
