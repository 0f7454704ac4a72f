//! The commands, one file each, and what they share: arguments, input, output.
//!
//! This room puts the others together. Only here are the arguments, the environment, the clock,
//! standard input and the standard streams looked at.
#![allow(clippy::disallowed_methods, reason = "the command line is where the program meets the world")]

mod add_ignore;
mod analyses;
mod arguments;
mod baseline;
mod certs;
mod certs_arguments;
mod changeable;
mod check;
mod check_arguments;
mod completions;
mod configuration;
mod difference;
mod directories;
mod explain;
mod fix;
mod formats;
mod init;
mod input;
mod linked;
mod lint;
mod man;
mod options;
mod output;
mod per_file_ignores;
mod progress;
mod readers;
mod rebuild_preload;
mod repository;
mod rule_options;
mod rules;
mod settings;
mod show_files;
mod show_settings;
mod shown;
mod trace;
mod trace_arguments;
mod write;

use std::io::Write;
use std::panic;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

use crate::config::TargetError;
use crate::settings::SettingsError;
use crate::source::ReadError;

/// What a run ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing at or above `--fail-on`; an answer that a browser shows; no difference.
    Success,
    /// There are such findings; there is no such answer, or none that can be told; a difference.
    Found,
    /// The run itself failed.
    Failed,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(match status {
            Status::Success => 0,
            Status::Found => 1,
            Status::Failed => 2,
        })
    }
}

/// Why the roots of this machine cannot be trusted.
const NO_SYSTEM_ROOTS: &str = "this machine has no bundle of trusted roots in the usual places";

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
enum RunError {
    /// `--root` names no directory that can be used.
    #[error("cannot use --root {}", path.display())]
    Root {
        path: PathBuf,
        #[source]
        source: ReadError,
    },
    /// The file that `--as` puts in the place of another cannot be read.
    #[error("cannot read {}, given with --as", path.display())]
    Replacement {
        path: PathBuf,
        #[source]
        source: ReadError,
    },
    /// Settings cannot be used.
    #[error(transparent)]
    Settings(#[from] crate::settings::SettingsError),
    /// `init` where there are settings.
    #[error("{} exists already and is left as it is; `ngxlint init -o -` shows what would be written", .0.display())]
    SettingsExist(PathBuf),
    /// A file of `--ca` holds no certificates.
    #[error("cannot use --ca {0}")]
    TrustAnchors(#[from] crate::tls::AnchorError),
    /// `--system-roots` where there are none.
    #[error("--system-roots: {NO_SYSTEM_ROOTS}")]
    NoSystemRoots,
    /// The file that `rebuild-preload` reads cannot be read.
    #[error("cannot read {}", path.display())]
    PreloadFile {
        path: PathBuf,
        #[source]
        source: ReadError,
    },
    /// It is not Chromium's list.
    #[error("cannot use {}", path.display())]
    PreloadList {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is asked about cannot be read.
    #[error("{0}")]
    Target(TargetError),
    /// The directory is too large to look for a configuration in it.
    #[error("cannot search {}: it holds more than {limit} files and folders; name the root file", path.display())]
    TooManyFiles { path: PathBuf, limit: usize },
    /// Nothing to ask.
    #[error("no nginx configuration was found{place}")]
    NoConfiguration { place: String },
    /// More than one to ask.
    #[error("there are several nginx configurations{place}: {names}; name the one that is meant, as in {example}")]
    SeveralConfigurations { place: String, names: String, example: String },
    /// What is to be asked is no configuration at all.
    #[error("{} is no nginx configuration: {problem}", path.display())]
    NotAConfiguration { path: PathBuf, problem: String },
    /// An edge together with the header that an edge sends.
    #[error(
        "{said} cannot be used with -H 'X-Forwarded-Proto: …': the edge sends this header, with the scheme of the URL"
    )]
    SchemeSaidTwice { said: String },
    /// Standard input cannot be read.
    #[error("cannot read standard input")]
    Stdin(#[source] ReadError),
    /// `--stdin-filename` without anything that reads standard input.
    #[error("--stdin-filename names what the PATH `-` reads, but no PATH is `-`")]
    StdinNotRead,
    /// The report cannot be written.
    #[error("cannot write {place}")]
    Output {
        place: String,
        #[source]
        source: std::io::Error,
    },
    /// The baseline cannot be read, or cannot be written.
    #[error("cannot use the baseline {}", path.display())]
    Baseline {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The baseline is a link to what is no file of its repository.
    #[error(
        "cannot write the baseline {}: it is a link out of the repository, or below one; name the file itself",
        .0.display()
    )]
    BaselineOutside(PathBuf),
    /// The same for a report.
    #[error("cannot write {}: it is a link out of the repository, or below one; name the file itself", .0.display())]
    OutputOutside(PathBuf),
    /// Two reports for one place.
    #[error("only one --format can go to standard output; give the others a file, as in --format sarif=ngxlint.sarif")]
    SeveralFormats,
    /// As above, in a file: the second would take the place of the first.
    #[error("two reports cannot go to one file: {}", .0.display())]
    FormatsToOneFile(PathBuf),
    /// A report in the place of what it is about.
    #[error("{} is read by this run: a report cannot take its place", .0.display())]
    OutputIsRead(PathBuf),
    /// `--output` where every report has a file of its own.
    #[error("--output names a file, but every --format has one of its own")]
    OutputNotUsed,
    /// `--fix` or `--diff` of what is no file.
    #[error("standard input cannot be changed: give --fix, --diff and --add-ignore the files themselves")]
    FixOfStdin,
    /// `explain` of a rule that does not exist.
    #[error("{0}")]
    UnknownRule(crate::rules::UnknownRule),
}

/// Runs the program with the arguments of this process.
#[must_use]
pub fn run() -> Status {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nobody is left to be told when this cannot be printed.
            let _ = error.print();
            return if error.use_stderr() { Status::Failed } else { Status::Success };
        }
    };
    let outcome = panic::catch_unwind(|| match arguments.command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Certs(arguments) => certs::run(&arguments),
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
        Command::RebuildPreload(arguments) => rebuild_preload::run(&arguments),
    });
    match outcome {
        Ok(Ok(status)) => status,
        Ok(Err(RunError::Settings(SettingsError::Mistake(mistake)))) => {
            output::show_mistake(&mistake);
            Status::Failed
        }
        Ok(Err(error)) => {
            complain("error", &with_causes(&error));
            Status::Failed
        }
        // The panic hook has said what and where.
        Err(_) => {
            complain("error", "this is a mistake in ngxlint; please report it with the lines above");
            Status::Failed
        }
    }
}

/// An error with what led to it.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Writes one line to standard error.
fn complain(kind: &str, message: &str) {
    // Without standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{kind}: {}", crate::report::printable(message));
}
