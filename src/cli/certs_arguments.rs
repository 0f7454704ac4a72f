//! The arguments of `ngxlint certs`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::options::{ColorChoice, EnvironmentOptions, FailOn, FileOptions, SettingsOptions};
use super::rule_options::RuleOptions;

/// List every certificate, the names it covers and the servers that use it
#[derive(Debug, Args)]
#[command(
    long_about = "List every certificate that the configuration names: when it expires, its names, its issuer, its \
        chain and its key; the servers that present it, which of their names it does not cover, and which of its names \
        no TLS server has; and the certificates in the same directories that nothing uses.\n\n\
        Servers of stream and mail are among them. Findings are those of `ngxlint check --select certificate`, unless \
        --select names other rules.\n\n\
        Exit status: 0 when there is no finding at or above --fail-on, 1 when there is one (a certificate has expired, \
        cannot be read, does not cover a name of its server, …) or when a certificate of a stream or mail server has \
        expired, cannot be read or has another key, 2 when the run itself failed.",
    after_help = "Example: ngxlint certs /etc/nginx/nginx.conf",
    after_long_help = EXAMPLES
)]
pub(super) struct CertsArguments {
    /// Configuration files or directories, as for `check`; `-` reads standard input
    /// [default: the roots that the settings around the working directory name, else /etc/nginx/nginx.conf]
    #[arg(value_name = "PATH", hide_default_value = true)]
    pub(super) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) files: FileOptions,

    #[command(flatten)]
    pub(super) environment: EnvironmentOptions,

    #[command(flatten)]
    pub(super) settings: SettingsOptions,

    #[command(flatten)]
    pub(super) rules: RuleOptions,

    #[command(flatten)]
    pub(super) output: CertsOutputOptions,
}

const EXAMPLES: &str = "\
Examples:
  ngxlint certs                                     what expires first comes first
  ngxlint certs --now 2026-12-24                    and how it will be at Christmas
  ngxlint certs --format json . | jq '.unused'      certificates that nothing uses
  ngxlint certs --format prometheus -o /var/lib/node_exporter/textfile/ngxlint.prom
                                                    for alerts, from a timer of systemd or cron";

/// How the certificates are told.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct CertsOutputOptions {
    /// The form of the list
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(super) format: CertsFormat,

    /// Exit with 1 when there are findings of this severity or a worse one
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t)]
    pub(super) fail_on: FailOn,

    /// When to use colours; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(super) color: ColorChoice,

    /// Write the list to a file, which appears at once and with all of its text
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum CertsFormat {
    /// For people
    #[default]
    Human,
    /// One object, for programs
    Json,
    /// Metrics, for the textfile collector of node_exporter
    Prometheus,
}
