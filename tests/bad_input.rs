//! Bad input: the whole program gives a message, or a finding, and goes on.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test stops at what it does not expect")]

mod program;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use program::{Folder, Run};

/// An error on line 2, at column 1.
const BAD: &str = "events {}\ninclude missing.conf;\n";

const BAD_LINE: &str = "nginx.conf:2:1: error[include-not-found] ";

#[test]
fn missing_root_file() {
    let folder = Folder::new(&[("nginx.conf", BAD)]);
    folder.run(&["check", "nothere.conf"]).expect(2, &[], &["error: cannot read nothere.conf: no such file\n"]);
    // The other PATHs are linted all the same.
    folder.run(&["check", "--format=short", "nothere.conf", "nginx.conf"]).expect(2, &[BAD_LINE], &["nothere.conf"]);
    folder.run(&["check", "--root", "."]).expect(2, &[], &["/etc/nginx/nginx.conf: no such file"]);
}

#[test]
fn directory_as_root_file_is_walked() {
    let folder = Folder::new(&[("a b/nginx.conf", BAD), ("a b/conf.d/x.conf", "server { listen 80 }\n")]);
    let run = folder.run(&["check", "--format=short", "a b"]);
    run.expect(1, &["a b/nginx.conf:2:1: error", "a b/conf.d/x.conf:1:"], &[]);
}

#[test]
fn nothing_to_lint_is_success_with_a_line_saying_so() {
    let folder = Folder::new(&[("README.md", "hello")]);
    folder.run(&["check", "."]).expect(0, &["nothing to lint"], &[]);
    let run = folder.run(&["check", "--format=short", "."]);
    run.expect(0, &[], &["nothing to lint"]);
    assert_eq!(run.stdout, "");
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_not_opened() {
    let folder = Folder::new(&[("nginx.conf", "events {}\ninclude pipe;\ninclude sites;\n"), ("sites/a", "")]);
    let made = Command::new("mkfifo").arg(folder.path("pipe")).status().unwrap();
    assert!(made.success());
    folder.run(&["check", "pipe"]).expect(2, &[], &["cannot read pipe: it is not a regular file"]);
    let run = folder.run(&["check", "--format=short", "nginx.conf"]);
    run.expect(1, &["nginx.conf:2:1: error", "not a regular file", "nginx.conf:3:1: error", "it is a directory"], &[]);
}

#[cfg(unix)]
#[test]
fn unreadable_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new(&[("nginx.conf", BAD), ("secret.conf", "a;"), ("conf.d/x.conf", "server {}\n")]);
    for path in ["secret.conf", "conf.d"] {
        fs::set_permissions(folder.path(path), fs::Permissions::from_mode(0o0)).unwrap();
    }
    let is_root = fs::read(folder.path("secret.conf")).is_ok();
    if is_root {
        eprintln!("skipped: this user can read everything");
    } else {
        let run = folder.run(&["check", "--format=short", "secret.conf", "nginx.conf", "."]);
        run.expect(
            2,
            &[BAD_LINE],
            &["error: cannot read secret.conf: permission denied", "note: passed over ./conf.d"],
        );
    }
    fs::set_permissions(folder.path("conf.d"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn file_of_200_megabytes() {
    let folder = Folder::new(&[("nginx.conf", "events {}\ninclude big.conf;\n")]);
    let mut file = fs::File::create(folder.path("big.conf")).unwrap();
    let piece = b"a;".repeat(1 << 19);
    (0..200).for_each(|_| file.write_all(&piece).unwrap());
    let message = "it has 200 MiB, more than the 64 MiB that ngxlint reads";
    folder.run(&["check", "big.conf"]).expect(2, &[], &["cannot read big.conf", message]);
    folder.run(&["check", "--format=short", "nginx.conf"]).expect(1, &["nginx.conf:2:1: error", message], &[]);
    fs::remove_file(folder.path("big.conf")).unwrap();
    let run = folder.run_with_stdin_of(&["check", "-"], &piece, 65);
    run.expect(2, &[], &["error: cannot read standard input: it has 64 MiB"]);
}

impl Folder {
    /// Writes `piece` to standard input some times, until nobody reads.
    fn run_with_stdin_of(&self, arguments: &[&str], piece: &[u8], times: usize) -> Run {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let _ = (0..times).try_for_each(|_| stdin.write_all(piece));
        drop(stdin);
        Run::of(child.wait_with_output().unwrap())
    }
}

#[test]
fn nested_braces_by_the_hundred_thousand() {
    let folder = Folder::new(&[("open.conf", &"a{".repeat(200_000)), ("nginx.conf", BAD)]);
    folder.write("closed.conf", format!("{}{}", "a {\n".repeat(200_000), "}\n".repeat(200_000)).as_bytes());
    for format in ["human", "short", "json"] {
        let run = folder.run(&["check", "--format", format, "open.conf", "nginx.conf"]);
        run.expect(1, &["never closed", "missing.conf"], &[]);
        folder.run(&["check", "--format", format, "closed.conf"]).expect(0, &[], &[]);
    }
}

#[test]
fn random_bytes() {
    let folder = Folder::new(&[("nginx.conf", BAD)]);
    // xorshift: the same bytes at each run.
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    for number in 0..8 {
        let bytes: Vec<u8> = (0..64 << 10).map(|_| next()).collect();
        folder.write(&format!("random{number}.conf"), &bytes);
    }
    for format in ["human", "short", "json"] {
        let run = folder.run(&["check", "--format", format, "."]);
        run.expect(1, &["missing.conf"], &[]);
        // Nothing in a file may speak to the terminal.
        let is_plain = |char: char| !char.is_control() || char == '\n';
        assert!(run.stdout.chars().all(is_plain), "{format}");
    }
}

#[cfg(unix)]
#[test]
fn symlink_loop() {
    let folder = Folder::new(&[("nginx.conf", "events {}\ninclude loop.conf;\n"), ("sites/a.conf", "server {}\n")]);
    std::os::unix::fs::symlink("loop.conf", folder.path("loop.conf")).unwrap();
    std::os::unix::fs::symlink("..", folder.path("sites/up")).unwrap();
    let message = "too many levels of symbolic links";
    folder.run(&["check", "loop.conf"]).expect(2, &[], &[message]);
    let run = folder.run(&["check", "--format=short", "."]);
    run.expect(1, &["nginx.conf:2:1: error", message], &["note: passed over ./sites/up", message]);
}

#[test]
fn path_with_spaces_and_letters_of_all_kinds() {
    let folder = Folder::new(&[("größe 日本/nginx conf", BAD), ("größe 日本/x.conf", "")]);
    let run = folder.run(&["check", "--format=short", "größe 日本/nginx conf"]);
    run.expect(1, &["größe 日本/nginx conf:2:1: error"], &[]);
    folder.run(&["check", "größe 日本/nginx conf"]).expect(1, &["[größe 日本/nginx conf:2:1]"], &[]);
}

#[test]
fn control_characters_and_long_lines_are_shown_safely() {
    let long =
        format!("events {{}}\n{}include missing\x1b]0;x\x07.conf;{}\n", "a; ".repeat(400_000), " b;".repeat(400_000));
    let folder = Folder::new(&[("nginx.conf", &long)]);
    let run = folder.run(&["check", "nginx.conf"]);
    run.expect(1, &["include missing␛]0;x␇.conf;", "nginx.conf:2:1200001]"], &[]);
    assert!(run.stdout.len() < 3000, "{}", run.stdout.len());
    assert!(!run.stdout.contains(['\x1b', '\x07']));
}
