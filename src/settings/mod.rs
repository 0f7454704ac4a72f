//! What `.ngxlint.yaml` says: the types of the file, where it is looked for, and what is wrong with it.
//!
//! The room reads a settings file and finds the mistakes in it, each at its place. What the command line says besides,
//! and what is in effect in the end, is for [`crate::cli`]. The comments on the types are what editors show: the JSON
//! Schema is made from them.

mod edge;
mod error;
mod file;
mod modules;
mod option_value;
mod place;
mod rules;
mod scalar;
#[cfg(test)]
mod schema;
mod starter;
#[cfg(test)]
mod tests;
mod websocket;
mod yaml;

use std::path::PathBuf;

use serde::Deserialize;

use crate::model::CertificateMode;
use crate::nginx::NginxVersion;

pub use edge::EdgeSetting;
pub use error::{Mistake, SettingsError};
pub use file::{FILE_NAME, MAX_BYTES, SettingsFile, find_file};
pub use modules::{ExtraDirectives, Package};
pub use place::Step;
pub use rules::{FileGlob, PerFileIgnores, RuleList, RuleSetting, RuleSettings};
pub use starter::{Starter, starter};
pub use websocket::WebsocketSetting;

/// The JSON Schema of a settings file, for editors.
pub const SETTINGS_SCHEMA: &str = include_str!("schema/settings.schema.json");

/// Settings of ngxlint: what `ngxlint check`, `certs` and `trace` take for granted in this repository. Paths are relative
/// to the directory of the file, and what the command line says comes first.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("type" = ["object", "null"])))]
pub struct Settings {
    /// Root files, such as nginx.conf. A file that one of them includes is linted through it, and without a PATH on the
    /// command line these are linted.
    #[serde(deserialize_with = "scalar::optional_paths")]
    pub roots: Option<Vec<PathBuf>>,

    /// The nginx that will run the configuration, such as 1.29.7. Defaults and rules follow it. By default the newest
    /// release known.
    #[serde(deserialize_with = "scalar::optional")]
    #[cfg_attr(test, schemars(schema_with = "schema::version"))]
    pub nginx_version: Option<NginxVersion>,

    /// nginx's -p: the base of relative root, log and temp paths.
    #[serde(deserialize_with = "scalar::optional_path")]
    pub prefix: Option<PathBuf>,

    /// A directory that stands for /: /etc/nginx/x is read from DIR/etc/nginx/x. For an unpacked image, or a repository
    /// that mirrors a machine.
    #[serde(deserialize_with = "scalar::optional_path")]
    pub root: Option<PathBuf>,

    /// Paths that are read from elsewhere: what nginx finds below the key is read from below the value. The first key
    /// that fits counts.
    #[serde(deserialize_with = "yaml::map_of_paths")]
    #[cfg_attr(test, schemars(schema_with = "schema::map"))]
    pub map: Option<Vec<(PathBuf, PathBuf)>>,

    /// Whether certificates are opened. `auto`: when any certificate or key of the configuration can be read, one that
    /// cannot is an error. `require`: always. `skip`: they are not opened.
    #[serde(deserialize_with = "scalar::optional_certificates")]
    #[cfg_attr(test, schemars(schema_with = "schema::certificates"))]
    pub certs: Option<CertificateMode>,

    /// Files of trust anchors (PEM) besides the built-in public ones.
    #[serde(deserialize_with = "scalar::optional_paths")]
    pub ca: Option<Vec<PathBuf>>,

    /// Whether the roots of the machine are trusted, too.
    pub system_roots: Option<bool>,

    /// What stands before nginx. `tls`: TLS ends there, at a CDN or a load balancer that speaks plain HTTP to nginx and
    /// says the scheme in X-Forwarded-Proto. Either for all hosts, or host by host.
    #[cfg_attr(test, schemars(schema_with = "schema::edge"))]
    pub edge: Option<EdgeSetting>,

    /// Only these rules or categories are run.
    #[serde(deserialize_with = "rules::selected")]
    #[cfg_attr(test, schemars(schema_with = "schema::selected"))]
    pub select: Option<RuleList>,

    /// These rules or categories are not run.
    #[cfg_attr(test, schemars(schema_with = "schema::rule_list"))]
    pub ignore: Option<RuleList>,

    /// Rules or categories that are not run on some files, by glob. A glob without a slash fits files of any directory, and
    /// one that ends with a slash what is below folders, as in .gitignore; others are relative to the directory of this
    /// file. A glob that ends in a name without wildcards fits a folder, too. A file that is included through a link is
    /// known by both paths.
    #[cfg_attr(test, schemars(schema_with = "schema::per_file_ignores"))]
    pub per_file_ignores: Option<PerFileIgnores>,

    /// Another severity (off, info, warning, error) for a rule or category; or, for a rule, its severity and options.
    #[cfg_attr(test, schemars(schema_with = "schema::rules"))]
    pub rules: Option<RuleSettings>,

    /// The words by which locations and upstreams say that they are for WebSocket.
    pub websocket: Option<WebsocketSetting>,

    /// Packages of third-party modules that nginx loads. The directives of others are not taken for directives where it
    /// is to be told what a line is meant to be. By default any may be loaded.
    #[cfg_attr(test, schemars(schema_with = "schema::packages"))]
    pub modules: Option<Vec<Package>>,

    /// Directives of modules that ngxlint does not know, by name. nginx's own are none.
    #[cfg_attr(test, schemars(schema_with = "schema::extra_directives"))]
    pub extra_directives: Option<ExtraDirectives>,
}
