//! Asking ngxlint about the same files.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ngxlint::config::{Config, Library};
use ngxlint::model::{CertificateMode, Environment, Model};
use ngxlint::nginx::NginxVersion;
use ngxlint::rules::{self, Finding, Selection};
use ngxlint::source::{RealFiles, Sources, Span};
use ngxlint::tls::UnixTime;

use crate::real::prefix;

/// The model of a configuration, for one question.
pub(crate) fn with_model<R>(root: &Path, version: NginxVersion, ask: impl FnOnce(&Model<'_>) -> R) -> R {
    let now = fixtures_now();
    let environment = Environment { version, now, certificates: CertificateMode::Require, ..Environment::default() };
    with_environment(root, environment, ask)
}

/// The same with the clock of the machine, as nginx has it.
pub(crate) fn with_model_now<R>(root: &Path, version: NginxVersion, ask: impl FnOnce(&Model<'_>) -> R) -> R {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let now = UnixTime(now.try_into().unwrap());
    let environment = Environment { version, now, certificates: CertificateMode::Require, ..Environment::default() };
    with_environment(root, environment, ask)
}

/// The model of a configuration whose files stand below its own directory.
pub(crate) fn with_document_files<R>(root: &Path, version: NginxVersion, ask: impl FnOnce(&Model<'_>) -> R) -> R {
    let prefix = Some(prefix(root).to_path_buf());
    let now = fixtures_now();
    let environment = Environment { version, now, prefix, document_files: true, ..Environment::default() };
    with_environment(root, environment, ask)
}

/// The model of a configuration in a world that is wholly given.
pub(crate) fn with_environment<R>(root: &Path, environment: Environment, ask: impl FnOnce(&Model<'_>) -> R) -> R {
    let files = RealFiles::default();
    let sources = Sources::default();
    let library = Library::new(&files, &sources, None);
    let config = Config::load(&library, root, None).unwrap();
    ask(&Model::build(&config, &files, environment))
}

/// The clock of the fixtures.
fn fixtures_now() -> UnixTime {
    UnixTime::parse_rfc3339("2026-06-01T00:00:00Z").unwrap()
}

/// The findings of some rules.
pub(crate) fn findings(model: &Model<'_>, rules: &[&str]) -> Vec<Finding> {
    let select = rules.iter().map(|rule| rules::find_rule(rule).unwrap()).collect();
    rules::run(model, &Selection { select, ..Selection::default() })
}

/// File and line of a span.
pub(crate) fn place(model: &Model<'_>, span: Span) -> (PathBuf, usize) {
    let file = model.config.sources().file(span.file);
    (file.path.clone(), file.position(span.start).line as usize)
}
