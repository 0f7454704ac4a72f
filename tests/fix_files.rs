//! `--fix` and `--diff` as users run them: what becomes of the files, whatever happens meanwhile.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test runs programs and reads their files")]
#![allow(clippy::print_stderr, reason = "what was not tested is to be seen")]

mod program;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use program::{Folder, Run};

/// Two sites; the location lacks the headers of a handshake, and the server the time (not safe).
const ROOT: &str = "events {}\nhttp {\n    include sites/*.conf;\n}\n";

const SITE: &str = "# the shop\nserver {\n    listen 80;\n    server_name shop.example;\n    location /socket.io/ {\n        \
     proxy_pass http://127.0.0.1:9000; # here\n        proxy_http_version 1.1;\n    }\n}\n";

const FIXED: &str = "# the shop\nserver {\n    listen 80;\n    server_name shop.example;\n    location /socket.io/ {\n        \
     proxy_pass http://127.0.0.1:9000; # here\n        proxy_set_header Upgrade $http_upgrade;\n        \
     proxy_set_header Connection \"upgrade\";\n        proxy_http_version 1.1;\n    }\n}\n";

/// As above, with the headers beside the only line that sets one.
const RULES: &str = "websocket-missing-upgrade,syntax-error";

fn sites() -> Folder {
    Folder::new(&[("nginx.conf", ROOT), ("sites/shop.conf", SITE)])
}

fn fix(folder: &Folder, more: &[&str]) -> Run {
    folder.run(&[&["check", "--fix", "--select", RULES], more].concat())
}

impl Folder {
    fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).unwrap()
    }

    #[track_caller]
    fn holds(&self, path: &str, text: &str) {
        assert_eq!(String::from_utf8_lossy(&self.read(path)), text, "{path}");
    }

    /// The names in a directory, those that begin with a dot as well.
    fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(path)).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn the_lines_that_are_missing_and_no_others() {
    let folder = sites();
    fix(&folder, &["nginx.conf"]).expect(0, &["no problems found"], &["note: made 1 fix in 1 file"]);
    folder.holds("sites/shop.conf", FIXED);
    folder.holds("nginx.conf", ROOT);
    // To do it again changes nothing, and says nothing.
    let before = fs::metadata(folder.path("sites/shop.conf")).unwrap();
    fix(&folder, &["nginx.conf"]).expect(0, &["no problems found"], &[]);
    assert_eq!(fs::metadata(folder.path("sites/shop.conf")).unwrap().ino(), before.ino());
}

#[test]
fn all_means_those_that_are_not_safe_as_well() {
    let folder = sites();
    // A web service may have this name, too.
    folder.write("sites/shop.conf", SITE.replace("/socket.io/", "/ws/").as_bytes());
    let check = |fix: &[&str]| folder.run(&[&["check", "--select", "websocket", "nginx.conf"], fix].concat());
    let shown = ["it can be fixed with --fix=all\n", "--fix=all: send Upgrade and Connection on"];
    check(&[]).expect(1, &shown, &[]);
    check(&["--fix"]).expect(1, &shown, &[]);
    check(&["--fix=all"]).expect(0, &["no problems found"], &["note: made 3 fixes in 1 file"]);
    let text = String::from_utf8(folder.read("sites/shop.conf")).unwrap();
    for line in ["proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Host $host;", "proxy_read_timeout 300s;"]
    {
        assert_eq!(text.matches(line).count(), 1, "{text}");
    }
}

#[test]
fn exit_statuses() {
    let left = "events {}\nhttp { server { listen 443; server_name shop.example; }\n}\nuser nobody";
    let folder = Folder::new(&[("nginx.conf", left)]);
    let rest = ["listen-443-without-ssl"];
    folder.run(&["check", "--fix", "nginx.conf"]).expect(1, &rest, &["note: made 1 fix in 1 file"]);
    folder.holds("nginx.conf", &format!("{left};"));
    folder.run(&["check", "--fix", "--fail-on", "never", "nginx.conf"]).expect(0, &rest, &[]);
    folder.run(&["check", "--fix", "missing.conf"]).expect(2, &[], &["cannot"]);
    folder.run(&["check", "--fix", "--quiet", "nginx.conf"]).expect(1, &rest, &[]);
}

#[test]
fn standard_input_is_not_changed() {
    let folder = sites();
    for arguments in
        [&["check", "--fix", "-"][..], &["check", "--diff", "-"], &["check", "--fix=all", "nginx.conf", "-"]]
    {
        folder.run_with_stdin(arguments, SITE.as_bytes()).expect(2, &[], &["standard input cannot be changed"]);
    }
    folder.holds("sites/shop.conf", SITE);
}

#[test]
fn crlf_a_missing_line_end_and_other_bytes_stay() {
    for (text, fixed) in [
        (SITE.replace('\n', "\r\n"), FIXED.replace('\n', "\r\n")),
        (SITE.trim_end().to_owned(), FIXED.trim_end().to_owned()),
        (SITE.replace("    ", "\t"), FIXED.replace("    ", "\t")),
        // A line keeps its own end, and those that are added behind it have the same.
        (SITE.replace("shop\n", "shop\r\n"), FIXED.replace("shop\n", "shop\r\n")),
    ] {
        let folder = Folder::new(&[("nginx.conf", ROOT), ("sites/shop.conf", &text)]);
        fix(&folder, &["nginx.conf"]).expect(0, &[], &["note: made 1 fix"]);
        folder.holds("sites/shop.conf", &fixed);
    }
    let latin1 = |text: &str| {
        text.bytes().flat_map(|byte| if byte == b'#' { vec![b'#', 0xe4, 0xff] } else { vec![byte] }).collect()
    };
    let (text, fixed): (Vec<u8>, Vec<u8>) = (latin1(SITE), latin1(FIXED));
    let folder = sites();
    folder.write("sites/shop.conf", &text);
    fix(&folder, &["nginx.conf"]).expect(0, &[], &["note: made 1 fix"]);
    assert_eq!(folder.read("sites/shop.conf"), fixed);
}

#[test]
fn semicolons_where_they_belong() {
    for (text, fixed) in [
        ("http { server { listen 80 } }", "http { server { listen 80; } }"),
        ("http { server { listen 80 # all\n } }\n", "http { server { listen 80; # all\n } }\n"),
        (
            "http {\r\n  server {\r\n    listen 80\r\n  }\r\n}\r\n",
            "http {\r\n  server {\r\n    listen 80;\r\n  }\r\n}\r\n",
        ),
        (
            "http { server {\n listen 80\n server_name a.example;\n } }\n",
            "http { server {\n listen 80;\n server_name a.example;\n } }\n",
        ),
        ("http { }\nuser \"nobody\"", "http { }\nuser \"nobody\";"),
        ("http { server { listen 80;; }; }\n", "http { server { listen 80; } }\n"),
        (
            "http { server {\n listen 80\n default_server\n deferred;;\n } }\n",
            "http { server {\n listen 80\n default_server\n deferred;\n } }\n",
        ),
        ("http { server { listen 80;\n ;\n } }\n", "http { server { listen 80;\n } }\n"),
        ("http { server { listen 80;\n ; # why\n } }\n", "http { server { listen 80;\n # why\n } }\n"),
    ] {
        let folder = Folder::new(&[("nginx.conf", &format!("events {{}}\n{text}"))]);
        fix(&folder, &["nginx.conf"]).expect(0, &["no problems found"], &["note: made"]);
        folder.holds("nginx.conf", &format!("events {{}}\n{fixed}"));
    }
    let folder = Folder::new(&[("nginx.conf", "\u{feff}events {}\nhttp {}\n")]);
    fix(&folder, &["nginx.conf"]).expect(0, &["no problems found"], &["note: made 1 fix"]);
    folder.holds("nginx.conf", "events {}\nhttp {}\n");
}

#[test]
fn mode_and_owner_stay() {
    let folder = sites();
    let site = folder.path("sites/shop.conf");
    let is_root = fs::metadata(&site).unwrap().uid() == 0;
    fs::set_permissions(&site, fs::Permissions::from_mode(0o640)).unwrap();
    if is_root {
        std::os::unix::fs::chown(&site, Some(65534), Some(65534)).unwrap();
    } else {
        eprintln!("SKIPPED: only root can give a file to another user");
    }
    fix(&folder, &["nginx.conf"]).expect(0, &[], &["note: made 1 fix"]);
    let after = fs::metadata(&site).unwrap();
    assert_eq!(after.permissions().mode() & 0o7777, 0o640);
    assert_eq!(after.uid(), if is_root { 65534 } else { after.uid() });
    folder.holds("sites/shop.conf", FIXED);
}

#[test]
fn a_link_is_followed_to_its_target() {
    let folder = Folder::new(&[("nginx.conf", ROOT), ("available/shop.conf", SITE), ("sites/empty.conf", "")]);
    symlink("../available/shop.conf", folder.path("sites/shop.conf")).unwrap();
    fix(&folder, &["nginx.conf"]).expect(0, &[], &["note: made 1 fix in 1 file"]);
    assert!(fs::symlink_metadata(folder.path("sites/shop.conf")).unwrap().is_symlink());
    folder.holds("available/shop.conf", FIXED);
    assert_eq!(folder.names("sites"), ["empty.conf", "shop.conf"]);
}

#[test]
fn a_file_outside_of_the_tree_is_left_alone() {
    let folder = Folder::new(&[("etc/nginx.conf", ROOT), ("etc/sites/empty.conf", ""), ("elsewhere/shop.conf", SITE)]);
    symlink("../../elsewhere/shop.conf", folder.path("etc/sites/shop.conf")).unwrap();
    fix(&folder, &["etc"]).expect(1, &["websocket-missing-upgrade"], &["note: a fix for ", "shop.conf left out"]);
    folder.holds("elsewhere/shop.conf", SITE);
    // Unless it is named.
    fix(&folder, &["etc", "elsewhere/shop.conf"]).expect(0, &[], &["note: made 1 fix in 1 file"]);
    folder.holds("elsewhere/shop.conf", FIXED);
}

#[test]
fn a_named_link_names_its_target() {
    for more in [&[][..], &["--map", "/etc/letsencrypt=certs"], &["--root", "certs"]] {
        let files = [("etc/sites/empty.conf", ""), ("certs/a", ""), ("elsewhere/shop.conf", "listen 80\n")];
        let folder = Folder::new(&files);
        symlink("../../elsewhere/shop.conf", folder.path("etc/sites/shop.conf")).unwrap();
        fix(&folder, &[&["etc/sites/shop.conf"], more].concat()).expect(0, &[], &["note: made 1 fix in 1 file"]);
        folder.holds("elsewhere/shop.conf", "listen 80;\n");
    }
}

#[test]
fn the_working_directory_with_files_in_other_places() {
    for path in [".", "./", "../nginx", "nginx.conf", "sites/../../nginx"] {
        for map in [["--map", "/etc/letsencrypt=../certs"], ["--root", "../certs"]] {
            let files = [("nginx/nginx.conf", ROOT), ("certs/a", ""), ("nginx/available/shop.conf", SITE)];
            let folder = Folder::new(&files);
            fs::create_dir(folder.path("nginx/sites")).unwrap();
            symlink("../available/shop.conf", folder.path("nginx/sites/shop.conf")).unwrap();
            let mut command = folder.command(&["check", "--fix", "--select", RULES, path]);
            let run = Run::of(command.args(map).current_dir(folder.path("nginx")).output().unwrap());
            run.expect(0, &[], &["note: made 1 fix in 1 file"]);
            folder.holds("nginx/available/shop.conf", FIXED);
        }
    }
}

/// Two roots that read one location; one of them sends Upgrade and Connection already.
fn two_roots(location: &str) -> Folder {
    let root = |lines: &str| {
        format!(
            "events {{}}\nhttp {{ server {{ listen 80; server_name a.example; {lines} include ../snip/ws.conf; }} }}\n"
        )
    };
    let sends = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
    Folder::new(&[
        (".git/HEAD", ""),
        (".ngxlint.yaml", "roots: [prod/nginx.conf, dev/nginx.conf]\n"),
        ("prod/nginx.conf", &root(sends)),
        ("dev/nginx.conf", &root("")),
        ("snip/ws.conf", location),
    ])
}

#[test]
fn a_snippet_is_linted_through_every_root_that_includes_it() {
    let location = "# ngxlint: ignore[websocket] not in dev\nlocation /socket.io/ { proxy_pass http://127.0.0.1:9; }\n";
    let folder = two_roots(location);
    for path in ["snip/ws.conf", "snip", "."] {
        folder.run(&["check", "--fix", "--quiet", "--format=short", path]).expect(0, &[], &[]);
        folder.holds("snip/ws.conf", location);
    }
}

#[test]
fn what_one_configuration_needs_is_not_written_for_another() {
    let location = "location /socket.io/ {\n    proxy_pass http://127.0.0.1:9;\n}\n";
    let folder = two_roots(location);
    let fix = |path: &str| folder.run(&["check", "--fix=all", "--select", "websocket-missing-upgrade", path]);
    for path in ["snip/ws.conf", "."] {
        fix(path).expect(1, &["websocket-missing-upgrade"], &["snip/ws.conf left out: another configuration"]);
        folder.holds("snip/ws.conf", location);
    }
    // What both need is made.
    let dev = folder.read("dev/nginx.conf");
    folder.write("prod/nginx.conf", &dev);
    fix("snip/ws.conf").expect(0, &[], &["note: made"]);
    assert_ne!(folder.read("snip/ws.conf"), location.as_bytes());
}

#[test]
fn what_is_safe_in_one_configuration_only_is_not_made_as_safe() {
    let location = "location / {\n    proxy_pass https://api.partner.example;\n}\n";
    let folder = two_roots(location);
    let root = |lines: &str| {
        format!(
            "events {{}}\nhttp {{ server {{ listen 80; server_name a.example; {lines} include ../snip/ws.conf; }} }}\n"
        )
    };
    folder.write("prod/nginx.conf", root("").as_bytes());
    // The upstream is asked for another host than SNI would name.
    folder.write("dev/nginx.conf", root("proxy_set_header Host $host;").as_bytes());
    let fix = |which: &str| folder.run(&["check", which, "--select", "proxy-ssl-sni-missing", "snip/ws.conf"]);
    fix("--fix").expect(1, &["proxy-ssl-sni-missing"], &["snip/ws.conf left out: another configuration"]);
    folder.holds("snip/ws.conf", location);
    fix("--fix=all").expect(0, &[], &["note: made 1 fix in 1 file"]);
    folder.holds("snip/ws.conf", &location.replace("example;\n", "example;\n    proxy_ssl_server_name on;\n"));
}

#[test]
fn git_takes_a_diff_with_bytes_that_are_no_text() {
    let folder = sites();
    let text = [b"# \xe4\xff\r \n".as_slice(), SITE.as_bytes()].concat();
    let text: Vec<u8> =
        text.iter().flat_map(|&byte| if byte == b'#' { vec![b'#', 0xe4] } else { vec![byte] }).collect();
    folder.write("sites/shop.conf", &text);
    let diff = folder.command(&["check", "--diff", "--select", RULES, "nginx.conf"]).output().unwrap().stdout;
    folder.write("fix.diff", &diff);
    for arguments in [&["init", "-q"][..], &["apply", "fix.diff"]] {
        assert!(Command::new("git").args(arguments).current_dir(folder.path(".")).status().unwrap().success());
    }
    let applied = folder.read("sites/shop.conf");
    assert_ne!(applied, text);
    folder.write("sites/shop.conf", &text);
    fix(&folder, &["nginx.conf"]).expect(0, &[], &["note: made 1 fix"]);
    assert_eq!(folder.read("sites/shop.conf"), applied);
}

#[test]
fn git_takes_the_diff_and_makes_the_same_of_it() {
    let texts = [
        SITE.to_owned(),
        SITE.replace('\n', "\r\n"),
        SITE.trim_end().to_owned(),
        "server { listen 80; location /socket.io/ { proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; } }"
            .to_owned(),
    ];
    for text in texts {
        for (mode, name) in [("--fix", "shop.conf"), ("--fix=all", "the shop \"ä\"\t.conf")] {
            let folder = Folder::new(&[("nginx/nginx.conf", ROOT)]);
            let path = format!("nginx/sites/{name}");
            folder.write(&path, text.as_bytes());
            let git = |arguments: &[&str]| {
                let output = Command::new("git").args(arguments).current_dir(folder.path(".")).output().unwrap();
                assert!(output.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&output.stderr));
            };
            git(&["init", "-q"]);
            // From a folder below the top, as people run it.
            let mut command = folder.command(&["check", mode, "--diff", "--select", "websocket", "nginx.conf"]);
            let diff = Run::of(command.current_dir(folder.path("nginx")).output().unwrap());
            diff.expect(1, &["+        proxy_set_header Upgrade", ""][usize::from(!text.contains("\n"))..], &[]);
            assert_eq!(folder.read(&path), text.as_bytes(), "--diff changes nothing");
            folder.write("fix.diff", diff.stdout.as_bytes());
            git(&["apply", "--check", "fix.diff"]);
            git(&["apply", "fix.diff"]);
            let applied = folder.read(&path);
            folder.write(&path, text.as_bytes());
            folder.run(&["check", mode, "--select", "websocket", "--fail-on", "never", "nginx/nginx.conf"]).expect(
                0,
                &[],
                &["note: made"],
            );
            assert_eq!(String::from_utf8_lossy(&folder.read(&path)), String::from_utf8_lossy(&applied));
            assert_ne!(applied, text.as_bytes());
        }
    }
}

#[test]
fn nothing_to_fix_is_no_diff() {
    let folder = Folder::new(&[("nginx.conf", "events {}\nhttp {}\n")]);
    let diff = folder.run(&["check", "--diff", "nginx.conf"]);
    diff.expect(0, &[], &[]);
    assert_eq!(diff.stdout, "");
}

#[test]
fn a_read_only_file_stays() {
    let folder = sites();
    let site = folder.path("sites/shop.conf");
    fs::set_permissions(&site, fs::Permissions::from_mode(0o444)).unwrap();
    fix(&folder, &["nginx.conf"]).expect(
        2,
        &["websocket-missing-upgrade"],
        &["error: cannot change sites/shop.conf: it is read-only"],
    );
    folder.holds("sites/shop.conf", SITE);
    assert_eq!(folder.names("sites"), ["shop.conf"]);
}

#[test]
fn a_read_only_directory_stays() {
    let folder = sites();
    let Some(mut command) = folder.command_as_nobody(&["check", "--fix", "--select", RULES, "nginx.conf"]) else {
        return;
    };
    fs::set_permissions(folder.path("sites/shop.conf"), fs::Permissions::from_mode(0o666)).unwrap();
    fs::set_permissions(folder.path("sites"), fs::Permissions::from_mode(0o555)).unwrap();
    let run = Run::of(command.output().unwrap());
    fs::set_permissions(folder.path("sites"), fs::Permissions::from_mode(0o755)).unwrap();
    run.expect(2, &["websocket-missing-upgrade"], &["error: cannot change sites/shop.conf: Permission denied"]);
    folder.holds("sites/shop.conf", SITE);
    assert_eq!(folder.names("sites"), ["shop.conf"]);
}

#[test]
fn a_full_disk_leaves_the_file_as_it_was() {
    let folder = sites();
    let long = format!("{}{SITE}", "# a comment to make the file longer than the limit\n".repeat(100));
    folder.write("sites/shop.conf", long.as_bytes());
    // A limit of the size of files ends the writing of one with an error, as a full disk does. Blocks are 1024 bytes.
    let mut command = Command::new("bash");
    command.args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$@\"", "bash", env!("CARGO_BIN_EXE_ngxlint")]);
    command.args(["check", "--fix", "--select", RULES, "nginx.conf"]).current_dir(folder.path("."));
    let run = Run::of(command.output().unwrap());
    run.expect(2, &["websocket-missing-upgrade"], &["error: cannot change sites/shop.conf: File too large"]);
    folder.holds("sites/shop.conf", &long);
    assert_eq!(folder.names("sites"), ["shop.conf"]);
}

/// Runs that are killed at any moment: each file is the old one or the new one, as a whole.
#[test]
fn who_is_killed_leaves_whole_files() {
    const FILES: usize = 40;
    let long = |text: &str| format!("{}{text}", "# a comment to make the file longer\n".repeat(300));
    let (old, new) = (long(SITE), long(FIXED));
    let folder = Folder::new(&[("nginx.conf", ROOT)]);
    let names: Vec<String> = (0..FILES).map(|number| format!("sites/{number:02}.conf")).collect();
    let is_new = |name: &String| match folder.read(name) {
        text if text == old.as_bytes() => false,
        text if text == new.as_bytes() => true,
        text => panic!("{name} is half written: {}", String::from_utf8_lossy(&text)),
    };
    let mut halfway = 0;
    // Each run gets a little longer until one ends by itself.
    for step in 0..200 {
        names.iter().for_each(|name| folder.write(name, old.as_bytes()));
        let mut child = folder
            .command(&["check", "--fix", "--select", RULES, "--format", "short", "--fail-on", "never", "nginx.conf"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(10 * step));
        let has_ended = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        child.wait().unwrap();
        let changed = names.iter().filter(|name| is_new(name)).count();
        halfway += usize::from(changed > 0 && changed < FILES);
        // What such a run leaves is in nobody's way: nginx reads no names that begin with a dot.
        for name in folder.names("sites").iter().filter(|name| name.starts_with('.')) {
            assert!(name.starts_with(".ngxlint."), "{name}");
            fs::remove_file(folder.path("sites").join(name)).unwrap();
        }
        if has_ended {
            assert_eq!(changed, FILES);
            eprintln!("{step} runs were killed, {halfway} of them between two files");
            return;
        }
    }
    panic!("no run came to its end");
}

#[test]
fn what_a_killed_run_left_is_not_in_the_way() {
    let folder = sites();
    folder.write("sites/.ngxlint.1.0", b"half a fi");
    fix(&folder, &["nginx.conf"]).expect(0, &[], &["note: made 1 fix in 1 file"]);
    folder.holds("sites/shop.conf", FIXED);
}

#[test]
fn files_that_several_roots_share_are_mended_once() {
    let folder = Folder::new(&[("a/nginx.conf", "events {}\nhttp { include ../shop.conf; }\n"), ("shop.conf", SITE)]);
    folder.write("b/nginx.conf", b"events {}\nhttp { include ../shop.conf; }\n");
    fix(&folder, &["."]).expect(0, &[], &["note: made 1 fix in 1 file"]);
    folder.holds("shop.conf", FIXED);
    assert!(Path::new(&folder.path("b/nginx.conf")).exists());
}

#[test]
fn a_file_that_another_root_reads_is_left_alone() {
    // One needs a.example, to the other it is a name that another server has.
    const A: &str = "events {}\nhttp { server { listen 80; include snip/names.conf; } }\n";
    const B: &str = "events {}\nhttp { server { listen 80 default_server; server_name a.example; }\n\
                     server { listen 80; include snip/names.conf; } }\n";
    const NAMES: &str = "server_name b.example a.example;\n";
    let folder = Folder::new(&[("nginx-a.conf", A), ("nginx-b.conf", B), ("snip/names.conf", NAMES)]);
    let fix = |paths: &[&str]| {
        folder.run(&[&["check", "--fix", "--select", "conflicting-server-name,unused-suppression"], paths].concat())
    };
    let named =
        "a fix for snip/names.conf left out: nginx-a.conf reads the file, too, and is not linted; name it as well";
    let shared = "a fix for snip/names.conf left out: another configuration that reads the file does not ask";
    fix(&["nginx-b.conf"]).expect(1, &["conflicting-server-name"], &[named]);
    fix(&["nginx-b.conf", "nginx-a.conf"]).expect(1, &["conflicting-server-name"], &[shared]);
    folder.holds("snip/names.conf", NAMES);
    // A comment that suppresses for one of them.
    let commented = "# ngxlint: ignore[conflicting-server-name] one has it\nserver_name b.example a.example;\n";
    folder.write("snip/names.conf", commented.as_bytes());
    let diff =
        |path: &str| folder.run(&["check", "--diff", "--select", "conflicting-server-name,unused-suppression", path]);
    assert_eq!(diff("nginx-a.conf").stdout, "");
    // In a repository it may stand anywhere.
    folder.write(".git/HEAD", b"");
    folder.write("snip/names.conf", NAMES.as_bytes());
    folder.write("hosts/a/nginx.conf", A.replace("snip/", "../../snip/").as_bytes());
    std::fs::remove_file(folder.path("nginx-a.conf")).unwrap();
    fix(&["nginx-b.conf"]).expect(1, &[], &["hosts/a/nginx.conf reads the file, too"]);
    folder.holds("snip/names.conf", NAMES);
    std::fs::remove_file(folder.path("hosts/a/nginx.conf")).unwrap();
    fix(&["nginx-b.conf"]).expect(0, &[], &["made 1 fix"]);
    folder.holds("snip/names.conf", "server_name b.example;\n");
}
