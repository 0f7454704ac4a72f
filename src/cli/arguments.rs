//! The command line: commands, their options and help. What several of them take is in `options` and `rule_options`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::certs_arguments::CertsArguments;
use super::check_arguments::CheckArguments;
use super::trace_arguments::TraceArguments;
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

fn parse_day(text: &str) -> Result<String, String> {
    match UnixTime::parse_rfc3339(text) {
        Ok(_) if text.len() == "2026-06-15".len() => Ok(text.to_owned()),
        _ => Err("a day as in 2026-06-15 is expected".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
