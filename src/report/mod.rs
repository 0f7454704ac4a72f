//! What was found, told to people and to programs: one file a format.
//!
//! It reads the findings of [`crate::rules`], the traces and inventories of [`crate::model`] and the texts of
//! [`crate::source`]. It finds nothing, opens nothing and does not know where its output goes: each format writes to
//! what it is given.

mod baseline;
mod certs;
mod certs_human;
mod certs_json;
mod checkstyle;
mod difference_human;
mod difference_json;
mod difference_words;
mod excerpt;
mod fingerprint;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod page;
mod printable;
mod prometheus;
mod repository;
mod rule_page;
mod sarif;
mod secrets;
mod short;
mod statistics;
mod trace;
mod trace_human;
mod trace_json;
mod trace_words;

use std::cmp::Ordering;
use std::path::Path;

use rustc_hash::FxHashSet;

pub use baseline::{Baseline, BaselineChange, BaselineError, KnownFinding};
pub use certs::CertsReport;
pub use certs_human::write_certs_human;
pub use certs_json::{CERTS_SCHEMA, write_certs_json};
pub use checkstyle::write_checkstyle;
pub use difference_human::write_difference_human;
pub use difference_json::{DIFFERENCE_SCHEMA, write_difference_json};
pub use github::{write_github, write_github_summary};
pub use gitlab::write_gitlab;
pub use human::{HumanStyle, Misplaced, write_human, write_misplaced};
pub(crate) use human::{counted, wrapping};
pub use json::{FINDINGS_SCHEMA, write_json};
pub use junit::write_junit;
pub use printable::printable;
pub use prometheus::write_certs_prometheus;
pub use repository::{Repository, without_dots};
pub use sarif::write_sarif;
pub use secrets::Secrets;
pub use short::write_short;
pub use statistics::write_statistics;
pub use trace::TraceReport;
pub use trace_human::write_trace_human;
pub use trace_json::{TRACE_SCHEMA, write_trace_json};

use crate::nginx::NginxVersion;
use crate::rules::{Finding, RuleId, Severity, Suppressed};
use crate::source::{FileId, Sources, Span};

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Configuration files, each once.
    pub files: usize,
    /// `server` blocks of `http`.
    pub servers: usize,
    /// Certificate files.
    pub certificates: usize,
    /// Certificates of which nothing is known: those that variables name, or that stand in the configuration.
    pub unknown_certificates: usize,
    /// Findings that a comment in the configuration suppresses.
    pub suppressed: usize,
    /// Findings that the baseline knows.
    pub baselined: usize,
}

/// What a run has looked at, so that what is known and not found is known to be gone.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The configuration files.
    pub files: &'a FxHashSet<FileId>,
    /// The rules that have not run everywhere, or have not known what they go by.
    pub silent: &'a FxHashSet<RuleId>,
    /// What the paths of the baseline are relative to.
    pub repository: &'a Repository,
    /// Whether a file, as the baseline names it, is no longer there.
    pub is_gone: &'a dyn Fn(&str) -> bool,
}

/// What reports for machines say of a run that failed; which PATH it was is on standard error.
const FAILED: &str = "the run failed: something that was to be linted could not be read; standard error says what";

/// The outcome of a run.
#[derive(Debug)]
pub struct Report<'s> {
    sources: &'s Sources,
    findings: Vec<Finding>,
    suppressed: Vec<Suppressed>,
    named: FxHashSet<FileId>,
    checked: Checked,
    nginx_version: NginxVersion,
    repository: Repository,
    has_failed: bool,
    shows_suppressed: bool,
}

impl<'s> Report<'s> {
    /// Puts the findings of all configurations together: sorted by file, offset and rule, and each
    /// once when two configurations raise it at the same place.
    ///
    /// `named` are the files that were asked for, where they are not all; people see theirs first.
    #[must_use]
    pub fn new(
        sources: &'s Sources,
        mut findings: Vec<Finding>,
        named: FxHashSet<FileId>,
        checked: Checked,
        nginx_version: NginxVersion,
    ) -> Report<'s> {
        let ranks = path_ranks(sources);
        findings.sort_by(|a, b| in_order(&ranks, a, b));
        findings.dedup_by(|a, b| is_same(a, b));
        let repository = Repository::default();
        let suppressed = Vec::new();
        Report {
            sources,
            findings,
            suppressed,
            named,
            checked,
            nginx_version,
            repository,
            has_failed: false,
            shows_suppressed: false,
        }
    }

    /// The same with what comments in the configuration suppress, in any order.
    #[must_use]
    pub fn with_suppressed(mut self, mut suppressed: Vec<Suppressed>) -> Report<'s> {
        let ranks = path_ranks(self.sources);
        suppressed.sort_by(|a, b| in_order(&ranks, &a.finding, &b.finding));
        suppressed.dedup_by(|a, b| is_same(&a.finding, &b.finding));
        self.checked.suppressed = suppressed.len();
        Report { suppressed, ..self }
    }

    /// The same, with what is suppressed in the formats that have a word for it, which is SARIF.
    #[must_use]
    pub fn showing_suppressed(self, shows_suppressed: bool) -> Report<'s> {
        Report { shows_suppressed, ..self }
    }

    /// The same, seen from a repository.
    #[must_use]
    pub fn within(self, repository: Repository) -> Report<'s> {
        Report { repository, ..self }
    }

    /// The same of a run in which something that was asked for could not be read, which was said elsewhere.
    #[must_use]
    pub fn with_failure(self, has_failed: bool) -> Report<'s> {
        Report { has_failed, ..self }
    }

    /// Whether something that was asked for could not be read.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// The files that it is of.
    #[must_use]
    pub fn sources(&self) -> &'s Sources {
        self.sources
    }

    /// The findings by file, offset and rule.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The findings of the named files, then all others, in the same order.
    fn findings_named_first(&self) -> impl Iterator<Item = &Finding> {
        let is_named = |finding: &&Finding| self.named.contains(&finding.span.file);
        let others = self.findings.iter().filter(move |finding| !is_named(finding));
        self.findings.iter().filter(is_named).chain(others)
    }

    /// The number of findings of this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// How much was looked at.
    #[must_use]
    pub fn checked(&self) -> Checked {
        self.checked
    }

    fn path(&self, file: FileId) -> &'s Path {
        self.sources.path(file)
    }
}

/// By file, offset and rule; `ranks` are the places of the files.
fn in_order(ranks: &[u32], a: &Finding, b: &Finding) -> Ordering {
    let place = |span: Span| (ranks.get(span.file.0 as usize), span.start, span.end);
    (place(a.span), a.rule, &a.message)
        .cmp(&(place(b.span), b.rule, &b.message))
        .then(b.severity.cmp(&a.severity))
        .then_with(|| (&a.certainty, &a.help).cmp(&(&b.certainty, &b.help)))
}

/// Whether two configurations raise the same at the same place.
fn is_same(a: &Finding, b: &Finding) -> bool {
    (a.span, a.rule, &a.message) == (b.span, b.rule, &b.message)
}

/// For each file its place in the order of the paths that are shown.
fn path_ranks(sources: &Sources) -> Vec<u32> {
    let mut files: Vec<u32> = (0..sources.len() as u32).collect();
    files.sort_by_key(|&file| sources.path(FileId(file)).as_os_str());
    let mut ranks = vec![0; files.len()];
    for (rank, file) in files.into_iter().enumerate() {
        if let Some(place) = ranks.get_mut(file as usize) {
            *place = rank as u32;
        }
    }
    ranks
}
