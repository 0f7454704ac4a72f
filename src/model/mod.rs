//! What nginx would do with a configuration.
//!
//! It owns listen sockets, server selection, inheritance, locations and redirects. It reads the tree
//! of [`crate::config`], the facts of [`crate::nginx`] and the certificates of [`crate::tls`], and
//! never judges: that is for the rules.

use crate::config::Config;
use crate::nginx::NginxVersion;
use crate::tls::{CertificateStore, UnixTime};

/// What a run assumes of the world around a configuration.
#[derive(Debug, Clone, Copy)]
pub struct Environment {
    /// The nginx that will run the configuration.
    pub version: NginxVersion,
    /// The time against which certificates are judged.
    pub now: UnixTime,
    /// Whether certificates were opened at all (`--certs`).
    pub certificates: CertificateMode,
}

/// What is done about certificate files (`--certs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CertificateMode {
    /// As `Require` when any of the configuration's can be read; else nothing is said of them.
    #[default]
    Auto,
    /// One that cannot be read is an error.
    Require,
    /// They are not opened.
    Skip,
}

/// The model of one configuration.
#[derive(Debug)]
pub struct Model<'c> {
    /// The tree it was made from.
    pub config: &'c Config<'c>,
    /// The certificates that the configuration names.
    pub certificates: CertificateStore,
    /// What is assumed of the world.
    pub environment: Environment,
}

impl<'c> Model<'c> {
    /// Models a configuration; certificate files are read through `files`.
    pub fn build(config: &'c Config<'c>, files: &dyn crate::source::FileSystem, environment: Environment) -> Model<'c> {
        let _ = files;
        Model { config, certificates: CertificateStore::default(), environment }
    }

    /// The number of `server` blocks of `http`.
    #[must_use]
    pub fn server_count(&self) -> usize {
        0
    }
}
