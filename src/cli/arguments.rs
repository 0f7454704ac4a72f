//! The command line: commands, options and their help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::certs_arguments::CertsArguments;
use super::check_arguments::CheckArguments;
use super::rule_names::{RuleSeverity, parse_rule_set, parse_rule_severity};
use super::trace_arguments::TraceArguments;
use crate::config;
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
