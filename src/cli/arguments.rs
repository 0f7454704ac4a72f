//! The command line: commands, options and their help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::add_ignore::parse_reason;
use super::certs_arguments::CertsArguments;
use super::formats::{FormatChoice, FormatParser};
use super::rule_names::{RuleSeverity, parse_rule_set, parse_rule_severity};
use super::trace_arguments::TraceArguments;
use crate::config;
use crate::fixes::FixMode;
use crate::model::{CertificateMode, Edge};
use crate::nginx::{Contexts, NginxVersion};
use crate::rules::{RuleSet, Severity};
use crate::tls::UnixTime;

/// Finds what `nginx -t` calls successful and users then see in their browsers: the wrong certificate,
/// a WebSocket that never upgrades, a redirect that never ends.
#[derive(Debug, Parser)]
#[command(name = "ngxlint", version, max_term_width = 100, after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  ngxlint check                       lint /etc/nginx/nginx.conf and all it includes
  ngxlint check .                     lint every nginx configuration of a repository
  ngxlint trace https://shop.example  what nginx would answer to a request, and why
  ngxlint certs                       every certificate, what expires first comes first
  ngxlint explain redirect-loop       why a rule exists, and what to do about it";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Check(Box<CheckArguments>),
    Trace(Box<TraceArguments>),
    Certs(Box<CertsArguments>),
    Init(InitArguments),
    Rules(RulesArguments),
    Explain(ExplainArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
    RebuildPreload(RebuildPreloadArguments),
}

/// Lint configurations: files, directories, or the output of `nginx -T`
#[derive(Debug, Args)]
#[command(
    long_about = "Lint nginx configurations together with the certificates they name.\n\n\
        Exit status: 0 when there is nothing at or above --fail-on, 1 when there is, 2 when the run itself failed \
        (bad usage, a PATH that cannot be read).",
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

/// Which files are read, and from where.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Files")]
pub(super) struct FileOptions {
    /// nginx's -p, the base of relative root, log and temp paths
    ///
    /// It does not change which files are read: includes and certificates are relative to the directory of the root
    /// file whatever the prefix, as in nginx.
    #[arg(short, long, value_name = "DIR")]
    pub(super) prefix: Option<PathBuf>,

    /// A directory that stands for /: read /etc/nginx/x from DIR/etc/nginx/x
    #[arg(long, value_name = "DIR")]
    pub(super) root: Option<PathBuf>,

    /// Read what is below FROM from below TO; repeatable, the first match counts
    ///
    /// For example --map /etc/letsencrypt=tests/certificates.
    #[arg(long = "map", value_name = "FROM=TO", value_parser = parse_path_pair)]
    pub(super) maps: Vec<PathPair>,

    /// Read FILE in the place of PATH; repeatable
    ///
    /// PATH need not exist yet, and findings name it. Without a PATH to lint, it is what is linted: for Ansible,
    /// validate: ngxlint check --as /etc/nginx/conf.d/shop.conf=%s
    #[arg(long = "as", value_name = "PATH=FILE", value_parser = parse_path_pair)]
    pub(super) replacements: Vec<PathPair>,

    /// The name and place of what `-` reads, so that its includes are found
    #[arg(long, value_name = "PATH")]
    pub(super) stdin_filename: Option<PathBuf>,

    /// The blocks around the snippets that are linted, as in http,server
    ///
    /// Where a snippet stands is otherwise inferred from its directives, or said by a comment in it:
    /// # ngxlint: context=http,server
    #[arg(long, value_name = "BLOCKS", value_parser = parse_context)]
    pub(super) context: Option<Contexts>,

    /// Show which files are read, and as what, and stop
    #[arg(long)]
    pub(super) show_files: bool,
}

/// Where settings are from.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub(super) struct SettingsOptions {
    /// The settings [default: the nearest .ngxlint.yaml upwards from PATH]
    ///
    /// It is looked for in the directory of each PATH and those above it, up to the one with .git in it. What the command
    /// line says comes first. NGXLINT_CONFIG names a file, too.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub(super) config: Option<PathBuf>,

    /// Look for no settings
    #[arg(long)]
    pub(super) no_config: bool,
}

/// What is assumed of the world.
#[derive(Debug, Args)]
#[command(next_help_heading = "Environment")]
pub(super) struct EnvironmentOptions {
    /// What stands before nginx; tls: TLS ends there
    ///
    /// At a CDN or a load balancer that speaks plain HTTP to nginx and says the scheme of the client in
    /// X-Forwarded-Proto. This is for all hosts; settings can say it host by host.
    #[arg(long, value_name = "KIND", value_enum)]
    pub(super) edge: Option<EdgeName>,

    /// The nginx that will run this [default: the newest release known]
    #[arg(long, value_name = "VERSION")]
    pub(super) nginx_version: Option<NginxVersion>,

    /// Whether certificates are opened [default: auto]
    #[arg(long, value_name = "MODE", value_enum)]
    pub(super) certs: Option<CertificateModeName>,

    /// Trust anchors (PEM) besides the built-in public ones; repeatable
    ///
    /// For sites whose clients know the root of a private authority. Of a file with a chain in it the roots count.
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Vec<PathBuf>,

    /// Trust the roots of this machine, too
    #[arg(long)]
    pub(super) system_roots: bool,

    /// The time against which certificates are judged, RFC 3339 [default: now]
    ///
    /// For runs that can be repeated: --now 2026-06-15T12:00:00Z, or --now 2026-06-15.
    #[arg(long, value_name = "TIME", value_parser = UnixTime::parse_rfc3339)]
    pub(super) now: Option<UnixTime>,
}

/// Which rules are run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct RuleOptions {
    /// Run only these rules or categories; repeatable
    #[arg(long, value_name = "RULE,…", value_delimiter = ',', value_parser = parse_rule_set)]
    pub(super) select: Vec<RuleSet>,

    /// Do not run these rules or categories; repeatable
    #[arg(long, value_name = "RULE,…", value_delimiter = ',', value_parser = parse_rule_set)]
    pub(super) ignore: Vec<RuleSet>,

    /// Give a rule or category another severity: error, warning, info or off; repeatable
    ///
    /// For example --severity include-not-found=warning,syntax-error=off. The last that names a rule counts.
    #[arg(long = "severity", value_name = "RULE=LEVEL,…", value_delimiter = ',', value_parser = parse_rule_severity)]
    pub(super) severities: Vec<RuleSeverity>,

    /// Report what comments in the configuration suppress, too
    ///
    /// For audits: `# ngxlint: ignore[rule] reason` has no effect.
    #[arg(long)]
    pub(super) no_ignores: bool,
}

/// Findings that are known.
#[derive(Debug, Args)]
#[command(next_help_heading = "Known findings")]
pub(super) struct BaselineOptions {
    /// Do not report what this file knows
    ///
    /// A finding is known by its rule, its file and the text of its lines, not by line numbers.
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,

    /// Write what is found to this file, and report it no more
    ///
    /// What the file knows and is not found any more is dropped; what this run has not looked at stays.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "fix", "diff"])]
    pub(super) write_baseline: Option<PathBuf>,

    /// Write comments into the configuration that suppress what is found
    ///
    /// # ngxlint: ignore[rule] REASON, above each place. Nothing is reported but where they are; nginx reads the files
    /// as before.
    #[arg(
        long,
        value_name = "REASON",
        value_parser = parse_reason,
        conflicts_with_all = ["no_ignores", "write_baseline", "fix", "diff", "formats", "statistics", "output"],
    )]
    pub(super) add_ignore: Option<String>,
}

/// What is done about the findings.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Fixes")]
pub(super) struct FixOptions {
    /// Change the files: make the fixes that keep the meaning of all else, or all that there are
    ///
    /// Files are changed that are named, or are below a directory that is named or holds the root file. What is left is
    /// reported. Fixes that are not safe (--fix=all) want a look at what they did.
    #[arg(long, value_name = "WHICH", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "safe")]
    pub(super) fix: Option<FixChoice>,

    /// Show what --fix would change as a unified diff, and change nothing
    ///
    /// For git apply and patch -p1. With --fix=all, all fixes.
    #[arg(long, conflicts_with_all = ["formats", "statistics"])]
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

    /// Write the report to a file
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// Write settings for a repository: .ngxlint.yaml, with comments
#[derive(Debug, Args)]
#[command(after_help = "Example: ngxlint init")]
pub(super) struct InitArguments {
    /// The directory with the configuration, which gets the file
    #[arg(value_name = "PATH", hide_default_value = true)]
    pub(super) path: Option<PathBuf>,

    /// Write another file, or `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// List the rules
#[derive(Debug, Args)]
#[command(after_help = "Example: ngxlint rules --format json")]
pub(super) struct RulesArguments {
    /// The form of the list
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(super) format: ListFormat,

    /// Say also what the rules go by: the browsers' HSTS preload list and its date
    #[arg(short, long)]
    pub(super) verbose: bool,
}

/// Make the HSTS preload list anew from the file that Chromium keeps
///
/// For those who maintain ngxlint: the list is part of the program (src/hsts/preload/README.md).
#[derive(Debug, Args)]
#[command(hide = true)]
pub(super) struct RebuildPreloadArguments {
    /// Chromium's net/http/transport_security_state_static.json
    pub(super) file: PathBuf,

    /// The day as of which the list is
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    pub(super) date: String,

    /// Where it is from, in a few words
    #[arg(long, value_name = "TEXT", default_value = "Chromium")]
    pub(super) source: String,

    /// Where to write it
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
}

/// Write what completes the words of ngxlint's command line in a shell
#[derive(Debug, Args)]
#[command(after_help = "Example: ngxlint completions bash > /etc/bash_completion.d/ngxlint")]
pub(super) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: Shell,
}

/// Write the manual pages: ngxlint(1) and one for each command
#[derive(Debug, Args)]
#[command(after_help = "Example: ngxlint man /usr/local/share/man/man1")]
pub(super) struct ManArguments {
    /// The directory that gets them
    #[arg(value_name = "DIR")]
    pub(super) directory: PathBuf,
}

/// Say why a rule exists, with a bad and a good example, and how to fix it
#[derive(Debug, Args)]
#[command(after_help = "Example: ngxlint explain include-not-found")]
pub(super) struct ExplainArguments {
    /// The rule's id, as findings and `ngxlint rules` show it
    pub(super) rule: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ListFormat {
    /// A table
    #[default]
    Human,
    /// An array of objects, for programs
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum FailOn {
    Error,
    #[default]
    Warning,
    Info,
    Never,
}

impl FailOn {
    /// The least severity that counts.
    pub(super) fn threshold(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Info => Some(Severity::Info),
            FailOn::Never => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CertificateModeName {
    /// As require when any certificate or key can be read, else they are left alone
    Auto,
    /// One that cannot be read is an error
    Require,
    /// They are not opened
    Skip,
}

impl From<CertificateModeName> for CertificateMode {
    fn from(name: CertificateModeName) -> CertificateMode {
        match name {
            CertificateModeName::Auto => CertificateMode::Auto,
            CertificateModeName::Require => CertificateMode::Require,
            CertificateModeName::Skip => CertificateMode::Skip,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum EdgeName {
    /// TLS ends before nginx
    Tls,
    /// Nothing does, whatever the settings say
    None,
}

impl From<EdgeName> for Edge {
    fn from(name: EdgeName) -> Edge {
        match name {
            EdgeName::Tls => Edge::Tls,
            EdgeName::None => Edge::None,
        }
    }
}

/// Two paths with `=` between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathPair {
    /// What nginx, or the user, calls it.
    pub(super) from: PathBuf,
    /// What is read.
    pub(super) to: PathBuf,
}

fn parse_path_pair(text: &str) -> Result<PathPair, String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok(PathPair { from: from.into(), to: to.into() }),
        _ => Err("two paths with `=` between them are expected".to_owned()),
    }
}

fn parse_day(text: &str) -> Result<String, String> {
    match UnixTime::parse_rfc3339(text) {
        Ok(_) if text.len() == "2026-06-15".len() => Ok(text.to_owned()),
        _ => Err("a day as in 2026-06-15 is expected".to_owned()),
    }
}

fn parse_context(text: &str) -> Result<Contexts, String> {
    config::parse_context(text)
        .ok_or_else(|| "blocks of nginx, the outermost first, are expected: http,server or main".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
