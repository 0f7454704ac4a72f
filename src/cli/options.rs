//! Options that several commands take.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::config;
use crate::model::{CertificateMode, Edge};
use crate::nginx::{Contexts, NginxVersion};
use crate::rules::Severity;
use crate::tls::UnixTime;

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

fn parse_context(text: &str) -> Result<Contexts, String> {
    config::parse_context(text)
        .ok_or_else(|| "blocks of nginx, the outermost first, are expected: http,server or main".to_owned())
}
