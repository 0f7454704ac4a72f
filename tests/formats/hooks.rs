//! The hooks, run by the real pre-commit.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::{Folder, said, tool};

const HOOKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/.pre-commit-hooks.yaml");

const SITE: &str = "server {\n    listen 80;\n    server_name shop.example;\n    location /socket.io/ {\n        proxy_pass \
                    http://127.0.0.1:9000;\n        proxy_http_version 1.1;\n        proxy_read_timeout 1h;\n    }\n}\n";

fn git(folder: &Folder, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@a.example"];
    let output = Command::new("git").args(identity).args(arguments).current_dir(folder.0.path()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(folder: &Folder) -> String {
    git(folder, &["init", "-q"]);
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "--no-verify", "--allow-empty", "-m", "all"]);
    git(folder, &["rev-parse", "HEAD"])
}

/// A repository of hooks as ours is, but that the program is there already: to build it takes minutes.
fn hooks() -> (Folder, String) {
    let text = fs::read_to_string(HOOKS).unwrap();
    assert_eq!(text.matches("language: rust").count(), 2);
    let folder = Folder::new(&[(".pre-commit-hooks.yaml", &text.replace("language: rust", "language: system"))]);
    let commit = commit(&folder);
    (folder, commit)
}

fn pre_commit(program: &Path, home: &Path, folder: &Folder, hook: &str) -> Output {
    let bin = Path::new(env!("CARGO_BIN_EXE_ngxlint")).parent().unwrap().to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([bin].into_iter().chain(std::env::split_paths(&path))).unwrap();
    let mut command = Command::new(program);
    command.args(["run", hook, "--verbose"]).current_dir(folder.0.path());
    command.env("PATH", path).env("PRE_COMMIT_HOME", home).output().unwrap()
}

#[test]
fn pre_commit_runs_the_hooks() {
    let Some(program) = tool("pre-commit") else { return };
    let (hooks, revision) = hooks();
    let settings = format!(
        "repos:\n- repo: {}\n  rev: {revision}\n  hooks:\n  - id: ngxlint-fix\n  - id: ngxlint\n",
        hooks.0.path().display()
    );
    let folder = Folder::new(&[
        (".pre-commit-config.yaml", &settings),
        ("nginx.conf", "events {}\nhttp {\n    include sites-enabled/*;\n}\n"),
    ]);
    commit(&folder);
    let home = folder.path(".git/pre-commit");
    let run = |hook: &str| {
        git(&folder, &["add", "-A"]);
        pre_commit(&program, &home, &folder, hook)
    };
    // Nothing of nginx is staged.
    folder.write("README", b"x\n");
    for hook in ["ngxlint", "ngxlint-fix"] {
        let skipped = run(hook);
        assert!(skipped.status.success() && said(&skipped).contains("Skipped"), "{}", said(&skipped));
    }
    // The snippet alone is staged, and linted through its root.
    folder.write("sites-enabled/a shop", SITE.as_bytes());
    let found = run("ngxlint");
    assert_eq!(found.status.code(), Some(1), "{}", said(&found));
    assert!(said(&found).contains("[websocket-missing-upgrade]"), "{}", said(&found));
    let fixed = run("ngxlint-fix");
    assert_eq!(fixed.status.code(), Some(1), "{}", said(&fixed));
    assert!(said(&fixed).contains("files were modified by this hook"), "{}", said(&fixed));
    assert!(fs::read_to_string(folder.path("sites-enabled/a shop")).unwrap().contains("Upgrade $http_upgrade;"));
    for hook in ["ngxlint", "ngxlint-fix"] {
        let clean = run(hook);
        assert!(clean.status.success(), "{}", said(&clean));
    }
    // What no fix mends fails both.
    folder.write("nginx.conf", b"events {}\nhttp {\n    include sites-enabled/*;\n    include gone.conf;\n}\n");
    for hook in ["ngxlint", "ngxlint-fix"] {
        let found = run(hook);
        assert_eq!(found.status.code(), Some(1), "{}", said(&found));
        assert!(said(&found).contains("error[include-not-found]"), "{}", said(&found));
        assert!(!said(&found).contains("files were modified"), "{}", said(&found));
    }
}
