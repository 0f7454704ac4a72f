//! Findings that a comment in the configuration suppresses, and comments that suppress nothing.

mod coverage;
mod placing;
mod unused;

#[cfg(test)]
mod tests;

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};

pub use placing::{Commented, Refused, add_comments};

use super::RuleSet;
use super::{Finding, RuleId, Selection, all_rules, find_rule};
use crate::config::{Annotation, Said, annotations};
use crate::model::{CertificateMode, Model};
use crate::source::{FileId, LineIndex, Span};
use crate::syntax::Ast;

/// The rule that speaks of suppressions.
pub(super) const RULE: &str = "unused-suppression";

/// A finding that a comment suppresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// What the comment says for it; may be empty.
    pub reason: String,
}

/// What the rules say of one configuration, or of several.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is to be reported.
    pub findings: Vec<Finding>,
    /// What comments suppress.
    pub suppressed: Vec<Suppressed>,
    /// The rules and categories in comments for which something was suppressed, or may be by another run.
    pub(super) used: FxHashSet<Span>,
    /// Rules that have not run everywhere, or had certificates to look at that are not here.
    pub silent: FxHashSet<RuleId>,
}

impl Outcome {
    /// The outcomes of several configurations as one: a comment in a file of two of them is unused if it is in both.
    #[must_use]
    pub fn merged(outcomes: impl IntoIterator<Item = Outcome>) -> Outcome {
        let mut all = Outcome::default();
        for outcome in outcomes {
            all.findings.extend(outcome.findings);
            all.suppressed.extend(outcome.suppressed);
            all.used.extend(outcome.used);
            all.silent.extend(outcome.silent);
        }
        let rule = find_rule(RULE);
        all.findings.retain(|finding| Some(finding.rule) != rule || !all.used.contains(&finding.span));
        all
    }
}

/// One comment that suppresses.
#[derive(Debug)]
struct Suppression {
    span: Span,
    place: Place,
    /// The bytes on which findings must start.
    covers: Range<u32>,
    names: Vec<Name>,
    reason: String,
    /// What goes with the comment when nothing of it is needed: its line, if there is nothing else on it.
    whole: Span,
}

/// Where a comment stands to what it suppresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Above,
    EndOfLine,
    File,
}

/// A rule or category between the brackets.
#[derive(Debug)]
struct Name {
    span: Span,
    rules: Vec<RuleId>,
    is_used: bool,
    /// What goes with it when it is not needed; `None` where it is the only one.
    with_comma: Option<Span>,
}

impl Suppression {
    fn new(ast: &Ast<'_>, lines: &LineIndex, annotation: &Annotation<'_>) -> Option<Suppression> {
        let Said::Ignore(ignore) = &annotation.said else { return None };
        let spans: Vec<Span> = ignore.names.iter().map(|(span, _)| *span).collect();
        let mut names = Vec::new();
        for (number, (span, name)) in ignore.names.iter().enumerate() {
            if let Ok(RuleSet { mut rules, .. }) = RuleSet::parse(name) {
                // A category means what is wrong with the configuration, not with the next comment.
                rules.retain(|rule| rule.as_str() != RULE || name == RULE);
                names.push(Name { span: *span, rules, is_used: false, with_comma: with_comma(&spans, number) });
            }
        }
        let (place, covers) = match (ignore.is_for_file, annotation.comment.own_line) {
            (true, _) => (Place::File, 0..u32::MAX),
            (false, true) => (Place::Above, coverage::of_line(ast, lines, annotation)),
            (false, false) => (Place::EndOfLine, coverage::of_line(ast, lines, annotation)),
        };
        Some(Suppression {
            span: annotation.span,
            place,
            covers,
            names,
            reason: ignore.reason.clone().into_owned(),
            whole: whole(ast, annotation),
        })
    }

    /// Whether it suppresses `finding`, which it remembers.
    fn takes(&mut self, finding: &Finding) -> bool {
        self.is_used_at(finding.span.start, finding.rule)
    }

    /// Whether it keeps a rule from what starts at `offset`, which it remembers.
    fn is_used_at(&mut self, offset: u32, rule: RuleId) -> bool {
        if !self.covers.contains(&offset) {
            return false;
        }
        let names = self.names.iter_mut().filter(|name| name.rules.contains(&rule));
        names.map(|name| name.is_used = true).count() > 0
    }
}

/// A name between others, with the comma that goes with it.
fn with_comma(spans: &[Span], number: usize) -> Option<Span> {
    let own = *spans.get(number)?;
    match (spans.get(number + 1), number.checked_sub(1).and_then(|before| spans.get(before))) {
        (Some(next), _) => Some(Span { end: next.start, ..own }),
        (None, Some(before)) => Some(Span { start: before.end, ..own }),
        (None, None) => None,
    }
}

/// The annotation with the blanks before it; with the whole line, if there is nothing else on it.
fn whole(ast: &Ast<'_>, annotation: &Annotation<'_>) -> Span {
    let Span { start, end, .. } = annotation.span;
    let before = ast.text().get(..start as usize).unwrap_or_default();
    let blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count() as u32;
    let is_alone = annotation.comment.own_line && annotation.comment.span.start == start;
    let behind = ast.text().get(end as usize..).unwrap_or_default();
    let line_end = if behind.starts_with(b"\r\n") { 2 } else { u32::from(behind.starts_with(b"\n")) };
    Span { start: start - blanks, end: if is_alone { end + line_end } else { end }, ..annotation.span }
}

/// The comments of a configuration, by file.
#[derive(Debug, Default)]
struct Suppressions {
    files: FxHashMap<FileId, Vec<Suppression>>,
}

impl Suppressions {
    fn of_file(ast: &Ast<'_>, lines: &LineIndex) -> Vec<Suppression> {
        annotations(ast).filter_map(|annotation| Suppression::new(ast, lines, &annotation)).collect()
    }

    fn new(model: &Model<'_>) -> Suppressions {
        let mut files: FxHashMap<FileId, Vec<Suppression>> = FxHashMap::default();
        for file in model.config.files() {
            let found = Suppressions::of_file(&file.ast, model.config.sources().file(file.ast.file).lines());
            if !found.is_empty() {
                files.insert(file.ast.file, found);
            }
        }
        Suppressions { files }
    }

    /// Takes what is suppressed out of `findings`. Every comment that covers a finding counts as used, and the first
    /// with a reason gives it. So does one that covers what a fix of the rule would change, and there is no such fix:
    /// whoever has written it wants these lines as they are.
    fn take(&mut self, findings: Vec<Finding>, outcome: &mut Outcome) {
        for mut finding in findings {
            let comments = self.files.get_mut(&finding.span.file).map(Vec::as_mut_slice).unwrap_or_default();
            let mut reason: Option<&str> = None;
            for comment in comments {
                if comment.takes(&finding) && reason.is_none_or(str::is_empty) {
                    reason = Some(&comment.reason);
                }
            }
            match reason.map(str::to_owned) {
                Some(reason) => outcome.suppressed.push(Suppressed { finding, reason }),
                None => {
                    if self.keep_from(&finding) {
                        finding.fix = None;
                    }
                    outcome.findings.push(finding);
                }
            }
        }
    }

    /// Whether comments keep the rule of a finding from a line that its fix would change.
    fn keep_from(&mut self, finding: &Finding) -> bool {
        let mut is_kept = false;
        for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
            for comment in self.files.get_mut(&edit.span.file).map(Vec::as_mut_slice).unwrap_or_default() {
                is_kept |= comment.is_used_at(edit.span.start, finding.rule);
            }
        }
        is_kept
    }

    /// All comments, in the order of the files and of their lines.
    fn all(&self) -> impl Iterator<Item = &Suppression> {
        let mut all: Vec<&Suppression> = self.files.values().flatten().collect();
        all.sort_by_key(|suppression| suppression.span);
        all.into_iter()
    }
}

/// Separates what is suppressed, and says which comments suppress nothing.
///
/// `unused-suppression` can be suppressed as any other rule. Whether a comment that does so is needed is looked at last,
/// and what is said of that one cannot be suppressed.
pub(super) fn apply(model: &Model<'_>, selection: &Selection, findings: Vec<Finding>) -> Outcome {
    let mut suppressions = Suppressions::new(model);
    let mut outcome = Outcome::default();
    if suppressions.files.is_empty() {
        return Outcome { findings, ..outcome };
    }
    let Some(rule) = find_rule(RULE) else { return Outcome { findings, ..outcome } };
    let (about_comments, findings): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|finding| finding.rule == rule);
    suppressions.take(findings, &mut outcome);
    if selection.includes(rule) {
        let judge = Judge::new(model, selection);
        let about_itself = |name: &Name| name.rules.contains(&rule);
        let mut found = judge.unused_among(&suppressions, rule, |name| !about_itself(name));
        found.extend(judge.without_reason(&suppressions, rule));
        found.extend(about_comments);
        suppressions.take(found, &mut outcome);
        outcome.findings.extend(judge.unused_among(&suppressions, rule, about_itself));
        let names = suppressions.all().flat_map(|comment| comment.names.iter().map(move |name| (comment, name)));
        outcome.used.extend(names.filter(|(comment, name)| !judge.is_unused(comment, name)).map(|(_, name)| name.span));
    }
    outcome
}

/// The rules that have not run, or have certificates to look at that are not here.
pub(super) fn silent(model: &Model<'_>, selection: &Selection) -> FxHashSet<RuleId> {
    let judge = Judge::new(model, selection);
    all_rules().iter().map(|entry| entry.id).filter(|&rule| !judge.has_known_all(rule)).collect()
}

/// What this run can say of comments.
struct Judge<'a> {
    selection: &'a Selection,
    /// Whether there are certificates that are not known.
    lacks_certificates: bool,
    /// Whether there are some among them that cannot be loaded, and so nobody knows what is in them.
    has_lost_certificates: bool,
    /// Whether nginx may have others than those that were read.
    has_certificates_elsewhere: bool,
    /// The blocks whose certificates cannot be loaded.
    without_certificate: Vec<Span>,
    /// Whether there is a configuration around, which is not known.
    is_part: bool,
    /// Whether there are files in it that are not known, where most rules take heed of what may be in them.
    has_gaps: bool,
}

impl<'a> Judge<'a> {
    fn new(model: &Model<'_>, selection: &'a Selection) -> Judge<'a> {
        let lacks_certificates = model.environment.certificates == CertificateMode::Skip
            || model.lacks_certificates && model.certificates.files().next().is_some();
        let lost = || model.certificate_uses().filter(|used| used.file.is_some() && used.leaf().is_none());
        let blocks = lost().flat_map(|used| {
            let servers = used.servers.iter().map(|&id| model.server(id).directive);
            servers.chain(used.endpoints.iter().map(|&id| model.tls_endpoint(id).block)).collect::<Vec<_>>()
        });
        Judge {
            selection,
            lacks_certificates,
            has_lost_certificates: lost().next().is_some() || model.lacks_authorities(),
            has_certificates_elsewhere: model.has_certificates_elsewhere,
            without_certificate: blocks.filter_map(|block| block.whole_span()).collect(),
            is_part: !model.config.is_whole(),
            has_gaps: model.config.has_gaps(),
        }
    }

    /// Whether a rule has run, and has known something that it goes by.
    fn has_run(&self, rule: RuleId) -> bool {
        self.selection.includes(rule) && !(self.lacks_certificates && rule.entry().reads_certificates)
    }

    /// Whether a rule has run, and has known all that it goes by.
    fn has_known_all(&self, rule: RuleId) -> bool {
        self.has_run(rule) && !(self.has_lost_certificates && rule.entry().reads_certificates)
    }

    /// Whether another run, with the files that this one lacks, may find something.
    fn is_uncertain(&self, name: &Name) -> bool {
        let is_of_syntax = |rule: &RuleId| rule.entry().category == "syntax";
        self.is_part
            || self.has_gaps && !name.rules.iter().all(is_of_syntax)
            || !name.rules.iter().all(|&rule| self.has_known_all(rule))
    }

    /// Whether nginx has no use for it, whatever certificates it has.
    fn is_safe_to_remove(&self, name: &Name) -> bool {
        let reads = |rule: &RuleId| rule.entry().reads_certificates;
        let may_differ = self.has_certificates_elsewhere && name.rules.iter().any(reads);
        !self.is_uncertain(name) && !may_differ
    }

    fn is_unused(&self, comment: &Suppression, name: &Name) -> bool {
        let is_beside = |block: &Span| {
            let covered = comment.covers.start.min(comment.span.start)..comment.covers.end.max(comment.span.end);
            block.file == comment.span.file && block.start < covered.end && covered.start < block.end
        };
        let has_run = |rule: RuleId| {
            let is_blind = rule.entry().reads_certificates && self.without_certificate.iter().any(is_beside);
            self.has_run(rule) && !is_blind
        };
        !name.is_used && name.rules.iter().all(|&rule| has_run(rule))
    }
}
