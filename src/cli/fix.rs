//! `ngxlint check --fix` and `--diff`: fixes in rounds, until nothing is left to mend.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;

use super::RunError;
use super::changeable::OUTSIDE;
use super::input::Changes;
use super::lint::Places;
use super::write::{ReplaceError, replace_file};
use crate::fixes::{self, FixMode};
use crate::report::{Report, Repository, Secrets, counted};
use crate::rules::{Finding, Fix, RuleId};
use crate::source::{FileId, Sources};

/// What is not stable after as many rounds is mended as far as that.
const MAX_ROUNDS: usize = 50;

/// The rule that no fix may give something to say.
const SYNTAX: &str = "syntax-error";

/// The fixes that a run offers, with all that is needed to make them.
pub(super) struct Offer {
    fixes: Vec<(RuleId, Fix)>,
    files: BTreeMap<FileId, OfferedFile>,
    syntax_errors: usize,
    /// Files that are not changed.
    left_alone: LeftAlone,
}

/// Files with the number of fixes that are not made there, by the reason.
type LeftAlone = BTreeMap<(PathBuf, Reason), usize>;

/// Why a fix is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// The file is not below what is linted.
    Outside,
    /// Another configuration reads the file and does not offer the same.
    Shared,
}

struct OfferedFile {
    canonical: PathBuf,
    /// The path that messages show.
    shown: PathBuf,
    text: Vec<u8>,
}

impl Offer {
    /// What `report` offers.
    pub(super) fn new(sources: &Sources, report: &Report<'_>, places: &Places, mode: FixMode) -> Offer {
        let is_syntax = |finding: &&Finding| finding.rule.as_str() == SYNTAX;
        let syntax_errors = report.findings().iter().filter(is_syntax).count();
        let mut offer =
            Offer { fixes: Vec::new(), files: BTreeMap::new(), syntax_errors, left_alone: LeftAlone::new() };
        for finding in report.findings() {
            let Some(fix) = finding.fix.as_ref().filter(|fix| mode.takes(fix)) else { continue };
            let files: BTreeSet<FileId> = fix.edits.iter().map(|edit| edit.span.file).collect();
            let reason = |file: &FileId| match places.get(file) {
                Some(place) if !place.may_change => Some(Reason::Outside),
                Some(place) if !place.all_readers_offer(finding.rule, fix) => Some(Reason::Shared),
                place => place.is_none().then_some(Reason::Outside),
            };
            match files.iter().find_map(|file| Some((file, reason(file)?))) {
                Some((&file, reason)) => {
                    *offer.left_alone.entry((sources.path(file).to_path_buf(), reason)).or_default() += 1;
                }
                None => {
                    for file in files {
                        offer.add_file(sources, file, places);
                    }
                    offer.fixes.push((finding.rule, fix.clone()));
                }
            }
        }
        offer
    }

    fn add_file(&mut self, sources: &Sources, file: FileId, places: &Places) {
        if let Some(place) = places.get(&file) {
            self.files.entry(file).or_insert_with(|| OfferedFile {
                canonical: place.canonical.clone(),
                shown: sources.path(file).to_path_buf(),
                text: sources.file(file).text.clone(),
            });
        }
    }

    /// The first `limit` fixes that can be made together, without those that were rejected.
    fn choose(&self, limit: usize, rejected: &Rejected) -> Vec<&Fix> {
        let wanted = self.fixes.iter().filter(|(rule, fix)| !rejected.contains(&self.key(*rule, fix)));
        let mut chosen = fixes::choose(wanted.map(|(_, fix)| fix));
        chosen.truncate(limit);
        chosen
    }

    fn key(&self, rule: RuleId, fix: &Fix) -> FixKey {
        let file = fix.edits.first().and_then(|edit| self.files.get(&edit.span.file));
        let path = file.map(|file| file.canonical.clone()).unwrap_or_default();
        (rule, path, fix.edits.iter().map(|edit| edit.text.clone()).collect())
    }
}

/// What a fix is called from round to round: its rule, its file, what it writes.
type FixKey = (RuleId, PathBuf, Vec<String>);
type Rejected = BTreeSet<FixKey>;

/// What fixes make of the files of a run.
#[derive(Default)]
pub(super) struct Mended {
    /// The files as they were, by their real paths.
    originals: BTreeMap<PathBuf, Original>,
    /// The texts as they are to be.
    changes: Changes,
    /// The number of fixes that were made.
    made: usize,
    /// What was not changed from the start.
    left_alone: LeftAlone,
}

struct Original {
    shown: PathBuf,
    text: Vec<u8>,
}

/// Makes what `offer` offers, and what `relint` offers for the texts that come of it, until there is nothing more.
///
/// A fix that would leave more syntax errors than there were is not made.
pub(super) fn mend(mut offer: Offer, relint: impl Fn(&Changes) -> Result<Offer, RunError>) -> Result<Mended, RunError> {
    let mut mended = Mended { left_alone: std::mem::take(&mut offer.left_alone), ..Mended::default() };
    let mut rejected = Rejected::new();
    for _ in 0..MAX_ROUNDS {
        let mut limit = usize::MAX;
        let next = loop {
            let chosen = offer.choose(limit, &rejected);
            let Some(&first) = chosen.first() else { break None };
            let changes = mended.with(&offer, &chosen);
            let next = relint(&changes)?;
            if next.syntax_errors <= offer.syntax_errors {
                mended.made += chosen.len();
                break Some((changes, next));
            }
            limit = chosen.len() / 2;
            if limit == 0 {
                rejected
                    .extend(offer.fixes.iter().filter(|(_, fix)| fix == first).map(|(id, fix)| offer.key(*id, fix)));
                limit = usize::MAX;
            }
        };
        let Some((changes, next)) = next else { break };
        for file in offer.files.into_values() {
            let original = Original { shown: file.shown, text: file.text };
            mended.originals.entry(file.canonical).or_insert(original);
        }
        mended.changes = changes;
        offer = next;
    }
    Ok(mended)
}

/// A diff that shows no private key, if need be with fewer lines around the changes.
fn diff(repository: &Repository, secrets: &Secrets, original: &Original, text: &[u8]) -> Option<Vec<u8>> {
    let path = repository.path(&original.shown);
    fixes::CONTEXTS.iter().find_map(|&context| {
        let mut diff = Vec::new();
        // Writing to a Vec cannot fail.
        fixes::write_diff(&path, &original.text, text, context, &mut diff).ok()?;
        (!secrets.are_in(&diff)).then_some(diff)
    })
}

impl Mended {
    /// The texts when `fixes` are made as well.
    fn with(&self, offer: &Offer, fixes: &[&Fix]) -> Changes {
        let text_of = |file: FileId| offer.files.get(&file).map_or(&[][..], |file| &file.text);
        let mut changes = self.changes.clone();
        for (file, text) in fixes::apply(fixes, text_of) {
            if let Some(file) = offer.files.get(&file) {
                changes.insert(file.canonical.clone(), text);
            }
        }
        changes
    }

    /// The files that are to change: real path, what it was, what it is to be.
    fn changed(&self) -> impl Iterator<Item = (&PathBuf, &Original, &Vec<u8>)> {
        let known = self.changes.iter().filter_map(|(path, text)| Some((path, self.originals.get(path)?, text)));
        known.filter(|(_, original, text)| original.text != **text)
    }

    /// Writes all changes as a unified diff, but for those that would show a private key.
    pub(super) fn write_diff(&self, repository: &Repository, secrets: &Secrets, out: &mut dyn Write) -> io::Result<()> {
        let mut diffs = self.changed().filter_map(|(_, original, text)| diff(repository, secrets, original, text));
        diffs.try_for_each(|diff| out.write_all(&diff))
    }

    /// The files whose changes cannot be shown without a private key that stands there.
    pub(super) fn showing(&self, repository: &Repository, secrets: &Secrets) -> Vec<PathBuf> {
        let shows =
            |(_, original, text): &(_, &Original, &Vec<u8>)| diff(repository, secrets, original, text).is_none();
        self.changed().filter(shows).map(|(_, original, _)| original.shown.clone()).collect()
    }

    /// Whether no file is to change.
    pub(super) fn is_empty(&self) -> bool {
        self.changed().next().is_none()
    }

    /// Writes the changed files. Those that cannot be written are told, with the reason.
    pub(super) fn write(&self) -> Vec<(PathBuf, ReplaceError)> {
        let written = self.changed().map(|(path, original, text)| {
            let outcome = replace_file(path, &original.text, text);
            outcome.map_err(|error| (original.shown.clone(), error))
        });
        written.filter_map(Result::err).collect()
    }

    /// `3 fixes in 2 files`.
    pub(super) fn summary(&self) -> String {
        let fixes = format!("{} fix{}", self.made, if self.made == 1 { "" } else { "es" });
        format!("{fixes} in {}", counted(self.changed().count(), "file"))
    }

    /// What is said of files that are not changed although a fix is there for them.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        self.left_alone.iter().map(|((path, reason), count)| {
            let fixes = if *count == 1 { "a fix".to_owned() } else { format!("{count} fixes") };
            let reason = match reason {
                Reason::Outside => OUTSIDE,
                Reason::Shared => "another configuration that reads the file does not ask for the same",
            };
            format!("{fixes} for {} left out: {reason}", path.display())
        })
    }
}
