//! `ngxlint check --fix` and `--diff`: fixes in rounds, until nothing is left to mend.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;

use super::RunError;
use super::changeable::OUTSIDE;
use super::input::Changes;
use super::lint::Places;
use super::readers::OtherReaders;
use super::write::{ReplaceError, Replacement};
use crate::fixes::{self, FixMode};
use crate::report::{Report, Repository, Secrets, counted};
use crate::rules::{Fix, RuleId};
use crate::source::{FileId, Sources};

/// What is not stable after as many rounds is mended as far as that.
const MAX_ROUNDS: usize = 50;

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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// What was read is not the file itself.
    Replaced,
    /// The file is not below what is linted.
    Outside,
    /// Another configuration reads the file and does not offer the same, or not as a safe one.
    Shared,
    /// This configuration, which is not linted, reads the file, too.
    ReadBy(PathBuf),
    /// nginx cannot read the configuration.
    Misread,
}

struct OfferedFile {
    canonical: PathBuf,
    /// The path that messages show.
    shown: PathBuf,
    text: Vec<u8>,
}

impl Offer {
    /// What `report` offers.
    pub(super) fn new(
        sources: &Sources,
        report: &Report<'_>,
        places: &Places,
        others: &OtherReaders,
        mode: FixMode,
    ) -> Offer {
        let syntax_errors = places.values().map(|place| place.syntax_errors).sum();
        let mut offer =
            Offer { fixes: Vec::new(), files: BTreeMap::new(), syntax_errors, left_alone: LeftAlone::new() };
        for finding in report.findings() {
            let Some(fix) = finding.fix.as_ref().filter(|fix| mode.takes(fix)) else { continue };
            let files: BTreeSet<FileId> = fix.edits.iter().map(|edit| edit.span.file).collect();
            let reason = |file: &FileId| match places.get(file) {
                Some(place) if place.is_elsewhere => Some(Reason::Replaced),
                Some(place) if place.may_change && place.is_misread(finding.rule) => Some(Reason::Misread),
                Some(place) if place.may_change => match others.get(&place.canonical) {
                    Some(reader) => Some(Reason::ReadBy(reader.clone())),
                    None => (!place.all_readers_offer(finding.rule, fix, mode)).then_some(Reason::Shared),
                },
                _ => Some(Reason::Outside),
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

    /// The real paths of the files that a fix changes.
    fn files_of(&self, fix: &Fix) -> BTreeSet<PathBuf> {
        let files = fix.edits.iter().filter_map(|edit| self.files.get(&edit.span.file));
        files.map(|file| file.canonical.clone()).collect()
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
    /// The fixes that were made: the files of each.
    made: Vec<BTreeSet<PathBuf>>,
    /// Whether there are more to make.
    is_cut: bool,
    /// The files that could not be written.
    failed: BTreeSet<PathBuf>,
    /// What was not changed.
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
    let mut mended = Mended::default();
    let mut rejected = Rejected::new();
    for round in 0.. {
        if round == MAX_ROUNDS {
            mended.is_cut = !offer.choose(usize::MAX, &rejected).is_empty();
            break;
        }
        let mut limit = usize::MAX;
        let next = loop {
            let chosen = offer.choose(limit, &rejected);
            let Some(&first) = chosen.first() else { break None };
            let changes = mended.with(&offer, &chosen);
            let next = relint(&changes)?;
            if next.syntax_errors <= offer.syntax_errors {
                mended.made.extend(chosen.iter().map(|fix| offer.files_of(fix)));
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
        for file in std::mem::take(&mut offer.files).into_values() {
            let original = Original { shown: file.shown, text: file.text };
            mended.originals.entry(file.canonical).or_insert(original);
        }
        mended.changes = changes;
        offer = next;
    }
    mended.left_alone = offer.left_alone;
    Ok(mended)
}

/// A diff that shows no private key, if need be with fewer lines around the changes.
fn diff(repository: &Repository, secrets: &Secrets, original: &Original, text: &[u8]) -> Option<Vec<u8>> {
    let path = repository.path_of(&original.shown);
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

    /// Writes the changed files. Those that cannot be written are told, with the reason. A fix that changes several files
    /// is made in all of them or in none.
    pub(super) fn write(&mut self) -> Vec<(PathBuf, ReplaceError)> {
        let mut ready = BTreeMap::new();
        let mut failures = BTreeMap::new();
        for (path, original, text) in self.changed() {
            match Replacement::prepare(path, &original.text, text) {
                Ok(replacement) => drop(ready.insert(path, replacement)),
                Err(error) => drop(failures.insert(path.clone(), error)),
            }
        }
        while let Some((failed, other)) = self.halved(&failures) {
            ready.remove(&other);
            failures.insert(other, ReplaceError::Halved(self.shown(&failed)));
        }
        for (path, replacement) in ready {
            if let Err(error) = replacement.place() {
                failures.insert(path.clone(), error);
            }
        }
        let told = failures.keys().map(|path| self.shown(path)).collect::<Vec<_>>();
        self.failed = failures.keys().cloned().collect();
        told.into_iter().zip(failures.into_values()).collect()
    }

    /// A file that cannot be written, and another one that a fix changes together with it.
    fn halved(&self, failures: &BTreeMap<PathBuf, ReplaceError>) -> Option<(PathBuf, PathBuf)> {
        let mut several = self.made.iter().filter(|files| files.len() > 1 && !failures.is_empty());
        several.find_map(|files| {
            let failed = files.iter().find(|file| failures.contains_key(*file))?;
            let other = files.iter().find(|file| !failures.contains_key(*file))?;
            Some((failed.clone(), other.clone()))
        })
    }

    /// The path that messages show.
    fn shown(&self, path: &PathBuf) -> PathBuf {
        self.originals.get(path).map_or_else(|| path.clone(), |original| original.shown.clone())
    }

    /// What was written: `3 fixes in 2 files`; `None` where nothing was.
    pub(super) fn summary(&self) -> Option<String> {
        let fixes = self.made.iter().filter(|files| files.is_disjoint(&self.failed)).count();
        let files = self.changed().filter(|(path, ..)| !self.failed.contains(*path)).count();
        let counted_fixes = format!("{fixes} fix{}", if fixes == 1 { "" } else { "es" });
        (files > 0).then(|| format!("{counted_fixes} in {}", counted(files, "file")))
    }

    /// What is said of files that are not changed although a fix is there for them.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        let cut = self.is_cut.then(|| format!("there are more fixes than {MAX_ROUNDS} rounds make; run it again"));
        let left_alone = self.left_alone.iter().map(|((path, reason), count)| {
            let fixes = if *count == 1 { "a fix".to_owned() } else { format!("{count} fixes") };
            let reason = match reason {
                Reason::Replaced => "what was read is not the file itself; run this where it is".to_owned(),
                Reason::Misread => "nginx cannot read the configuration; that comes first".to_owned(),
                Reason::Outside => OUTSIDE.to_owned(),
                Reason::Shared => "another configuration that reads the file does not ask for the same".to_owned(),
                Reason::ReadBy(reader) => {
                    format!("{} reads the file, too, and is not linted; name it as well", reader.display())
                }
            };
            format!("{fixes} for {} left out: {reason}", path.display())
        });
        left_alone.chain(cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Edit, all_rules};
    use crate::source::Span;

    /// What a run over one file offers: to put each of these texts at its start.
    fn offer(text: &str, syntax_errors: usize, added: &[&str]) -> Offer {
        let file = FileId(0);
        let rule = all_rules().first().map(|entry| entry.id).unwrap_or_else(|| panic!("there are rules"));
        let edit = |text: &&str| Edit { span: Span { file, start: 0, end: 0 }, text: (*text).to_owned() };
        let fix = |text| (rule, Fix { title: String::new(), is_safe: true, edits: vec![edit(text)] });
        let place = OfferedFile { canonical: "a".into(), shown: "a".into(), text: text.as_bytes().to_vec() };
        Offer {
            fixes: added.iter().map(fix).collect(),
            files: BTreeMap::from([(file, place)]),
            syntax_errors,
            left_alone: LeftAlone::new(),
        }
    }

    #[test]
    fn what_leaves_more_that_cannot_be_read_is_not_made() {
        for (errors, expected) in [(0, "good;"), (1, "good;bad")] {
            // Each is offered until it is there, and `bad` is a syntax error.
            let added =
                |text: &str| ["bad", "good;"].into_iter().filter(|added| !text.contains(added)).collect::<Vec<_>>();
            let relint = |changes: &Changes| {
                let text = changes.values().next().map(|text| String::from_utf8_lossy(text).into_owned());
                let text = text.unwrap_or_default();
                let count = usize::from(text.contains("bad")).max(errors);
                Ok(offer(&text, count, &added(&text)))
            };
            let mended = mend(offer("", errors, &added("")), relint).unwrap_or_else(|error| panic!("{error}"));
            let texts: Vec<_> = mended.changes.values().map(|text| String::from_utf8_lossy(text)).collect();
            assert_eq!(texts, [expected]);
        }
    }
}
