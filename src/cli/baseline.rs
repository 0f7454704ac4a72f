//! `--baseline` and `--write-baseline`.

use std::path::Path;

use rustc_hash::FxHashSet;

use super::changeable::leads_out;
use super::check_arguments::BaselineOptions;
use super::write::write_file;
use super::{RunError, complain};
use crate::report::{Baseline, KnownFinding, Report, Repository, Scope, Secrets};
use crate::rules::RuleId;
use crate::source::{FileId, FileSystem, ReadError, RealFiles};

/// Larger files are not read: 50,000 findings have 16 MiB, and nobody works those off.
const MAX_BYTES: u64 = 16 << 20;

/// Stale entries that a note names.
const NAMED: usize = 5;

/// Takes what is known out of the report; writes what is known from now on. Entries that are not found any more are
/// said, if notes are wanted.
pub(super) fn apply(
    options: &BaselineOptions,
    report: &mut Report<'_>,
    repository: &Repository,
    files: &FxHashSet<FileId>,
    silent: &FxHashSet<RuleId>,
    wants_notes: bool,
) -> Result<(), RunError> {
    let Some(path) = options.baseline.as_ref().or(options.write_baseline.as_ref()) else { return Ok(()) };
    let repository = &repository.seen_from(path);
    let is_gone = |file: &str| is_gone(repository, file);
    let scope = &Scope { files, silent, repository, is_gone: &is_gone };
    if let Some(path) = &options.baseline {
        let baseline = read(path).map_err(|source| RunError::Baseline { path: path.clone(), source })?;
        let stale = report.take_known(&baseline, scope);
        if wants_notes && !stale.is_empty() {
            complain("note", &stale_note(path, &stale));
        }
    }
    if let Some(path) = &options.write_baseline {
        if leads_out(path) {
            return Err(RunError::BaselineOutside(path.clone()));
        }
        let failed = |source| RunError::Baseline { path: path.clone(), source };
        let old = match RealFiles::default().kind(path) {
            Err(ReadError::NotFound) => Baseline::default(),
            _ => read(path).map_err(failed)?,
        };
        let (baseline, change) = Baseline::renewed(&old, report, scope);
        let secrets = Secrets::of(report.sources());
        write_file(path, |out| secrets.cover(out, |out| baseline.write(out)))
            .map_err(|error| failed(Box::new(error)))?;
        report.take_known(&baseline, scope);
        let message = format!(
            "{} has {} ({} added, {} dropped)",
            path.display(),
            entries(change.entries),
            change.added,
            change.dropped
        );
        complain("note", &message);
    }
    Ok(())
}

fn read(path: &Path) -> Result<Baseline, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Baseline::parse(&RealFiles::default().read(path, MAX_BYTES)?)?)
}

/// Whether a file that an entry names is no longer there.
fn is_gone(repository: &Repository, file: &str) -> bool {
    repository.places(file).all(|path| RealFiles::default().kind(&path) == Err(ReadError::NotFound))
}

fn stale_note(path: &Path, stale: &[KnownFinding]) -> String {
    let mut named: Vec<String> =
        stale.iter().take(NAMED).map(|known| format!("{} in {} at `{}`", known.rule, known.file, known.text)).collect();
    if let Some(more @ 1..) = stale.len().checked_sub(NAMED) {
        named.push(format!("{more} more"));
    }
    let path = path.display();
    let verb = if stale.len() == 1 { "is" } else { "are" };
    format!(
        "{} of {path} {verb} not found any more: {}; --write-baseline {path} drops what is not needed",
        entries(stale.len()),
        named.join(", ")
    )
}

fn entries(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}
