//! The program in a folder of its own, as the tests of the whole program run it.
#![allow(dead_code, reason = "each test file takes what it needs")]

pub(crate) mod certificates;
pub(crate) mod traced;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder with files, in which the program runs.
pub(crate) struct Folder(pub(crate) TempDir);

/// What the program said.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        files.iter().for_each(|(path, text)| folder.write(path, text.as_bytes()));
        folder
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ngxlint"));
        command.args(arguments).current_dir(self.0.path()).env_clear().env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// The program as another user than root, where it is root who tests: for root, every directory is writable. `None`
    /// where it cannot be, which is said.
    #[cfg(unix)]
    #[allow(clippy::print_stderr, reason = "what was not tested is to be seen")]
    pub(crate) fn command_as_nobody(&self, arguments: &[&str]) -> Option<Command> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        if fs::metadata(self.path(".")).unwrap().uid() != 0 {
            return Some(self.command(arguments));
        }
        let has_setpriv = Command::new("setpriv").arg("--version").output().is_ok_and(|output| output.status.success());
        if !has_setpriv {
            eprintln!("SKIPPED: for root every directory is writable, and there is no setpriv to be another user");
            return None;
        }
        // Where only root can go, nobody can run it.
        let program = self.path("ngxlint");
        fs::copy(env!("CARGO_BIN_EXE_ngxlint"), &program).unwrap();
        fs::set_permissions(self.path("."), fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program).args(arguments);
        command.current_dir(self.path("."));
        Some(command)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    pub(crate) fn run_with_stdin(&self, arguments: &[&str], text: &[u8]) -> Run {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(text);
        Run::of(child.wait_with_output().unwrap())
    }
}

impl Run {
    pub(crate) fn of(output: Output) -> Run {
        Run {
            status: output.status.code().expect("the program was not killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn expect(&self, status: i32, stdout: &[&str], stderr: &[&str]) {
        let said = format!("\nstatus {}\n--- stdout\n{}\n--- stderr\n{}", self.status, self.stdout, self.stderr);
        assert_eq!(self.status, status, "{said}");
        stdout.iter().for_each(|part| assert!(self.stdout.contains(part), "stdout lacks {part:?}{said}"));
        stderr.iter().for_each(|part| assert!(self.stderr.contains(part), "stderr lacks {part:?}{said}"));
        assert_eq!(stderr.is_empty(), self.stderr.is_empty(), "{said}");
    }
}
