//! Each format of the report, read by a program that is not ours, or against its published schema.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start programs")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test stops at what it does not expect")]

#[path = "../program/mod.rs"]
mod program;

mod github;
mod hooks;
#[cfg(unix)]
mod hostile;
mod kit;
mod reports;
mod xml;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use program::{Folder, Run};

/// A repository with findings of each severity; two of them are equal but for their line, one text holds what XML and
/// workflow commands have to escape.
pub(crate) fn repository() -> Folder {
    const PROXY: &str = "location /ws/ { proxy_pass http://127.0.0.1:9; proxy_set_header Upgrade $http_upgrade; }";
    let conf = format!(
        "events {{}}\nhttp {{\n    server {{\n        listen 80;\n        server_name a.test;\n        {PROXY}\n    }}\n    \
         server {{\n        listen 80;\n        server_name b.test;\n        {PROXY}\n    }}\n    \
         server {{\n        listen 80;\n        server_name a.test \"<&>%0A,:\";\n        return 301 http://a.test$request_uri;\n    }}\n    \
         include missing/<a&b>.conf;\n}}\n"
    );
    let folder = Folder::new(&[("deploy/a b/nginx.conf", &conf)]);
    let made = Command::new("git").args(["init", "-q"]).current_dir(folder.0.path()).output().unwrap();
    assert!(made.status.success(), "git init: {}", String::from_utf8_lossy(&made.stderr));
    folder
}

/// The report of the repository, made by a run below its top.
pub(crate) fn report(folder: &Folder, format: &str) -> Run {
    let mut command = folder.command(&["check", "nginx.conf", "--format", format]);
    Run::of(command.current_dir(folder.path("deploy/a b")).output().unwrap())
}

/// The program of this name; `None` where it is not, which is said loudly and fails in CI.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: there is no {name} on this machine, so it does not read what we write");
        assert!(std::env::var_os("CI").is_none(), "in CI there has to be {name}");
    }
    found
}

/// Runs a tool in a folder.
pub(crate) fn run_tool(tool: &Path, arguments: &[&str], folder: &Path) -> Output {
    Command::new(tool).args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

/// All that a tool said.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
