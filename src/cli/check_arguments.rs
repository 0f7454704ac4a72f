//! The arguments of `ngxlint check`.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::formats::{FormatChoice, FormatParser};
use super::options::{ColorChoice, EnvironmentOptions, FailOn, FileOptions, SettingsOptions};
use super::rule_options::RuleOptions;
use crate::fixes::FixMode;

/// Lint configurations: files, directories, or the output of `nginx -T`
#[derive(Debug, Args)]
#[command(
    long_about = "Lint nginx configurations together with the certificates they name.\n\n\
        Exit status: 0 when there is nothing at or above --fail-on, 1 when there is, 2 when the run itself failed \
        (bad usage, a PATH that cannot be read, a file that could not be changed). With --fix, and with --add-ignore, \
        it tells of what is left.",
    after_help = "Example: ngxlint check /etc/nginx/nginx.conf",
    after_long_help = CHECK_EXAMPLES
)]
pub(super) struct CheckArguments {
    /// Configuration files or directories; `-` reads standard input
    ///
    /// A root file (nginx.conf) is linted with all it includes. A snippet is linted through the root file near it
    /// that includes it, else on its own. A directory is walked for root files and for snippets that no root
    /// includes. A file or standard input can hold the output of `nginx -T`.
    /// [default: the roots that the settings around the working directory name, else /etc/nginx/nginx.conf]
    #[arg(value_name = "PATH", hide_default_value = true)]
    pub(super) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) files: FileOptions,

    #[command(flatten)]
    pub(super) environment: EnvironmentOptions,

    #[command(flatten)]
    pub(super) settings: SettingsOptions,

    /// Show the settings that are in effect, and where each is from, and stop
    #[arg(long, help_heading = "Settings")]
    pub(super) show_settings: bool,

    #[command(flatten)]
    pub(super) rules: RuleOptions,

    #[command(flatten)]
    pub(super) fixes: FixOptions,

    #[command(flatten)]
    pub(super) known: BaselineOptions,

    #[command(flatten)]
    pub(super) output: OutputOptions,
}

impl CheckArguments {
    /// Whether a PATH is standard input.
    pub(super) fn reads_stdin(&self) -> bool {
        self.files.stdin_filename.is_some() || self.paths.iter().any(|path| path.as_os_str() == "-")
    }
}

const CHECK_EXAMPLES: &str = "\
Examples:
  ngxlint check                                          the configuration of this machine
  ngxlint check --root ./image /etc/nginx/nginx.conf     the one in an unpacked image
  nginx -T 2>/dev/null | ngxlint check -                 what nginx itself would read
  ngxlint check --as /etc/nginx/conf.d/shop.conf=new     a file before it is installed
  ngxlint check --format short --fail-on error .         a repository, in CI";

/// Findings that are known.
#[derive(Debug, Args)]
#[command(next_help_heading = "Known findings")]
pub(super) struct BaselineOptions {
    /// Do not report what this file knows
    ///
    /// A finding is known by its rule, its file and the text of its lines, not by line numbers.
    #[arg(long, value_name = "FILE", value_parser = baseline_file())]
    pub(super) baseline: Option<PathBuf>,

    /// Write what is found to this file, for later runs with --baseline
    ///
    /// This run does not report it any more. What the file knows and is not found any more is dropped; what this run has
    /// not looked at stays.
    #[arg(
        long,
        value_name = "FILE",
        value_parser = baseline_file(),
        conflicts_with_all = ["baseline", "fix", "diff"]
    )]
    pub(super) write_baseline: Option<PathBuf>,

    /// Change the files: write comments that suppress what is found today
    ///
    /// # ngxlint: ignore[rule] REASON, above each place. Nothing is reported but where they are; nginx reads the files
    /// as before. Files are changed that --fix would change.
    #[arg(
        long,
        value_name = "REASON",
        value_parser = parse_reason,
        conflicts_with_all = ["no_ignores", "write_baseline", "fix", "diff", "formats", "statistics", "output"],
    )]
    pub(super) add_ignore: Option<String>,
}

/// A file that one run writes and others read.
fn baseline_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.as_os_str() == "-" {
        true => Err("a baseline is a file, since later runs read it: name one (./- where `-` is its name)"),
        false => Ok(path),
    })
}

/// The longest reason; nginx reads comments of up to 4095 bytes.
const LONGEST_REASON: usize = 1000;

/// A reason as it is written on the command line.
fn parse_reason(text: &str) -> Result<String, String> {
    // These are not read as a part of the reason where they follow the bracket.
    let reason = text.trim_start_matches([':', '-', '–', '—', ' ', '\t']).trim_end();
    if reason.is_empty() {
        Err("a suppression has to say why".to_owned())
    } else if reason.chars().any(char::is_control) {
        Err("a reason is one line".to_owned())
    } else if reason.len() > LONGEST_REASON {
        Err(format!("a reason has at most {LONGEST_REASON} bytes"))
    } else {
        Ok(reason.to_owned())
    }
}

/// What is done about the findings.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Fixes")]
pub(super) struct FixOptions {
    /// Change the files: make the safe fixes, which keep the meaning of all else; with --fix=all, all that there are
    ///
    /// Files are changed that are named, or are below a directory that is named or holds the root file; never others to
    /// which settings, includes or links out of the repository lead. One that several configurations of the run read is
    /// changed only as each of them asks for. What is left is reported. Fixes that are not safe (--fix=all) want a look at
    /// what they did.
    #[arg(
        long, value_name = "WHICH", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "safe",
        conflicts_with = "no_ignores"
    )]
    pub(super) fix: Option<FixChoice>,

    /// Show what --fix would change as a unified diff, and change nothing
    ///
    /// For git apply and patch -p1. With --fix=all, all fixes.
    #[arg(long, conflicts_with_all = ["formats", "statistics", "no_ignores"])]
    pub(super) diff: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FixChoice {
    /// Those that keep the meaning of all else
    Safe,
    /// Those that a person should look at as well
    All,
}

impl FixOptions {
    /// Which fixes are made, or shown.
    pub(super) fn mode(&self) -> Option<FixMode> {
        match self.fix {
            Some(FixChoice::All) => Some(FixMode::All),
            Some(FixChoice::Safe) => Some(FixMode::Safe),
            None => self.diff.then_some(FixMode::Safe),
        }
    }
}

/// How the findings are told.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputOptions {
    /// The form of the report [default: human]; repeatable
    ///
    /// With a file it goes there: --format human --format sarif=ngxlint.sarif. With github, the table of findings is
    /// added to the file that GITHUB_STEP_SUMMARY names.
    #[arg(long = "format", value_name = "FORMAT[=FILE]", value_parser = FormatParser)]
    pub(super) formats: Vec<FormatChoice>,

    /// Count the findings of each rule instead of showing them
    #[arg(long, conflicts_with = "formats")]
    pub(super) statistics: bool,

    /// Put suppressed findings into SARIF, too, marked as such
    ///
    /// GitHub's code scanning takes no notice of the mark and would open an alert for each.
    #[arg(long)]
    pub(super) show_suppressed: bool,

    /// Show findings only, without a last line that sums up
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// Exit with 1 when there are findings of this severity or a worse one
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t)]
    pub(super) fail_on: FailOn,

    /// When to use colours; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(super) color: ColorChoice,

    /// Write the report to a file; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}
