//! Findings that are known, in a file: they are not reported again.

use std::io::{self, Write};

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::fingerprint::{excerpt, fingerprints_in};
use super::{Report, Scope};
use crate::rules::{Edit, Finding, RuleId, find_rule};
use crate::source::{FileId, Span};

/// Grows when a file of the old form would be misread.
const SCHEMA_VERSION: u64 = 1;

/// Characters of the lines of a finding that its entry shows.
const SHOWN: usize = 80;

/// What is known, sorted by file, rule and text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    schema_version: u64,
    findings: Vec<KnownFinding>,
}

/// One known finding. The fingerprint tells which; the rest tells people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KnownFinding {
    /// The file, from the top of the repository.
    pub file: String,
    /// The rule.
    pub rule: String,
    /// The start of its lines.
    pub text: String,
    fingerprint: String,
}

/// Why a file is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is no JSON, or not of this form.
    #[error("it is no baseline that ngxlint has written: {reason}")]
    Form {
        /// What is not as it should be, and where.
        reason: String,
    },
    /// Another version of ngxlint has written it.
    #[error("its schema_version is {found}, and this ngxlint reads {SCHEMA_VERSION}")]
    Version {
        /// The version it names.
        found: u64,
    },
}

impl From<serde_json::Error> for BaselineError {
    fn from(error: serde_json::Error) -> BaselineError {
        let text = error.to_string();
        // The types that the program calls by names of its own, and values of any length.
        let is_shape = error.is_data() && !text.starts_with("missing field");
        let shape = format!(
            "an object with the number `schema_version` and the list `findings` is expected, each finding with `file`, \
             `rule`, `text` and `fingerprint`; see line {} column {}",
            error.line(),
            error.column()
        );
        BaselineError::Form { reason: if is_shape { shape } else { text } }
    }
}

/// What a new baseline changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaselineChange {
    /// All its entries.
    pub entries: usize,
    /// Those that the old one has not.
    pub added: usize,
    /// Those of the old one that it has not.
    pub dropped: usize,
}

impl Baseline {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`BaselineError`] when it is none, or one of another version.
    pub fn parse(text: &[u8]) -> Result<Baseline, BaselineError> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: u64,
        }
        let Version { schema_version: found } = serde_json::from_slice(text)?;
        if found != SCHEMA_VERSION {
            return Err(BaselineError::Version { found });
        }
        Ok(serde_json::from_slice(text)?)
    }

    /// Writes it as [`Baseline::parse`] reads it, with a line for each value.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }

    /// Today's findings, and those entries of `old` of which this run can say nothing.
    #[must_use]
    pub fn renewed(old: &Baseline, report: &Report<'_>, scope: &Scope<'_>) -> (Baseline, BaselineChange) {
        let today = report.findings().iter().zip(fingerprints_in(scope.repository, report, report.findings()));
        let mut findings: Vec<KnownFinding> = today
            .map(|(finding, fingerprint)| KnownFinding {
                file: scope.repository.path(report.path(finding.span.file)),
                rule: finding.rule.as_str().to_owned(),
                text: excerpt(report, finding, SHOWN),
                fingerprint,
            })
            .collect();
        let seen = scope.paths(report);
        let now: FxHashSet<String> = findings.iter().map(|known| known.fingerprint.clone()).collect();
        let kept = old.findings.iter().filter(|known| !now.contains(&known.fingerprint) && !scope.judges(known, &seen));
        findings.extend(kept.cloned());
        findings.sort();
        findings.dedup();
        let before: FxHashSet<&str> = old.findings.iter().map(|known| known.fingerprint.as_str()).collect();
        let after: FxHashSet<&str> = findings.iter().map(|known| known.fingerprint.as_str()).collect();
        let change = BaselineChange {
            entries: findings.len(),
            added: after.difference(&before).count(),
            dropped: before.difference(&after).count(),
        };
        (Baseline { schema_version: SCHEMA_VERSION, findings }, change)
    }
}

impl Scope<'_> {
    /// The files that were looked at, as a baseline names them.
    fn paths(&self, report: &Report<'_>) -> FxHashSet<String> {
        self.files.iter().map(|file| self.repository.path(report.path(*file))).collect()
    }

    /// Whether this run would have found it: it has looked at the file, and the rule has run, or is gone. In a file that
    /// is gone nobody finds it.
    fn judges(&self, known: &KnownFinding, seen: &FxHashSet<String>) -> bool {
        let has_run = || find_rule(&known.rule).is_none_or(|rule| !self.silent.contains(&rule));
        seen.contains(&known.file) && has_run() || (self.is_gone)(&known.file)
    }
}

impl Report<'_> {
    /// Takes out what is known. Gives back the entries that match nothing any more.
    pub fn take_known(&mut self, baseline: &Baseline, scope: &Scope<'_>) -> Vec<KnownFinding> {
        let mut known: FxHashMap<&str, &KnownFinding> =
            baseline.findings.iter().map(|known| (known.fingerprint.as_str(), known)).collect();
        // One that stands there twice is one.
        let entries = known.len();
        let prints = fingerprints_in(scope.repository, self, self.findings());
        let findings = std::mem::take(&mut self.findings).into_iter().zip(prints);
        let (unknown, taken): (Vec<_>, Vec<_>) =
            findings.partition(|(_, print)| known.remove(print.as_str()).is_none());
        self.checked.baselined = entries - known.len();
        self.findings = unknown.into_iter().map(|(finding, _)| finding).collect();
        self.keep_fixes_from(taken.into_iter().map(|(finding, _)| finding));
        let seen = scope.paths(self);
        let mut stale: Vec<KnownFinding> =
            known.into_values().filter(|known| scope.judges(known, &seen)).cloned().collect();
        stale.sort();
        stale
    }

    /// Takes the fixes away that would change what is known: it was decided to leave that.
    fn keep_fixes_from(&mut self, known: impl Iterator<Item = Finding>) {
        let mut kept: FxHashMap<(RuleId, FileId), Vec<Span>> = FxHashMap::default();
        known.for_each(|finding| kept.entry((finding.rule, finding.span.file)).or_default().push(finding.span));
        for finding in &mut self.findings {
            let rule = finding.rule;
            let is_kept = |edit: &Edit| {
                let spans = kept.get(&(rule, edit.span.file)).map(Vec::as_slice).unwrap_or_default();
                spans.iter().any(|span| (span.start..span.end).contains(&edit.span.start))
            };
            finding.fix = finding.fix.take().filter(|fix| !fix.edits.iter().any(is_kept));
        }
    }
}
