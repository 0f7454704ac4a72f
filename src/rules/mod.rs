//! The rules, and the engine that runs them.
//!
//! A rule is a pure function of the model. It opens nothing, prints nothing, knows no output format.
//! Each has a Rust file here, a face `rules/<category>/<rule-id>.yaml`, and one line in its
//! category's `mod.rs`.

mod addition;
mod declare;
mod edit;
mod face;
mod finding;
mod listening;
mod names;
mod registry;
mod rejecting_server;
mod suppression;

mod certificate;
mod hsts;
mod redirect;
mod stream;
mod syntax;
mod upstream;
mod websocket;

#[cfg(test)]
mod tests;

use rayon::prelude::*;

pub use face::{Example, Face, FaceError, OptionFace};
pub use finding::{Certainty, Edit, Finding, Findings, Fix, Related, Severity};
pub use names::{RuleSet, UnknownRule, UnknownSeverity};
pub use registry::{Options, PROJECT, RuleEntry, RuleId, all_rules, find_rule};
pub use suppression::{Commented, Outcome, Refused, Suppressed, add_comments};

use crate::model::Model;

/// One rule.
pub trait Rule: Sync {
    /// Looks at the model and reports to `sink`.
    fn check(&self, model: &Model<'_>, sink: &mut Findings);

    /// Asks the model for what it works out in parallel by itself, before the rules run in parallel: a thread that waits
    /// for its share of such work could take up a rule that waits for the whole.
    fn prepare(&self, _model: &Model<'_>) {}

    /// Reads options as the rule will, and says what is wrong with them. Rules that have options have this, too.
    fn read_options(&self, _options: &serde_yaml::Value) -> Result<(), serde_yaml::Error> {
        Ok(())
    }
}

/// What a run asks of the rules.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only these; empty: all.
    pub select: Vec<RuleId>,
    /// Not these.
    pub ignore: Vec<RuleId>,
    /// Other severities than the rules' own; `None` turns a rule off.
    pub severities: Vec<(RuleId, Option<Severity>)>,
    /// Whether comments suppress nothing (`--no-ignores`).
    pub ignores_comments: bool,
    /// Options that are other than in a rule's face, by name; they were read by the rule once.
    pub options: Vec<(RuleId, serde_yaml::Mapping)>,
}

impl Selection {
    fn severity(&self, rule: RuleId) -> Option<&Option<Severity>> {
        self.severities.iter().rev().find(|(id, _)| *id == rule).map(|(_, severity)| severity)
    }

    /// The options that a rule runs with.
    fn options(&self, rule: &RuleEntry) -> serde_yaml::Value {
        if rule.face().options.is_empty() {
            return serde_yaml::Value::Null;
        }
        let given = self.options.iter().filter(|(id, _)| *id == rule.id).flat_map(|(_, options)| options.clone());
        rule.face().default_options().into_iter().chain(given).collect::<serde_yaml::Mapping>().into()
    }

    /// Whether a rule is run.
    #[must_use]
    pub fn includes(&self, rule: RuleId) -> bool {
        (self.select.is_empty() || self.select.contains(&rule))
            && !self.ignore.contains(&rule)
            && self.severity(rule) != Some(&None)
            && !(self.ignores_comments && rule.as_str() == suppression::RULE)
    }
}

/// The findings of the selected rules that no comment suppresses, as [`judge`] has them.
#[must_use]
pub fn run(model: &Model<'_>, selection: &Selection) -> Vec<Finding> {
    judge(model, selection).findings
}

/// Runs the selected rules over a model, in parallel. The findings are sorted by place and rule, and
/// each is there once, however often the file it points into is included.
#[must_use]
pub fn judge(model: &Model<'_>, selection: &Selection) -> Outcome {
    let selected: Vec<&RuleEntry> = all_rules().iter().filter(|entry| selection.includes(entry.id)).collect();
    selected.iter().for_each(|entry| entry.rule.prepare(model));
    let found: Vec<Vec<Finding>> = selected
        .par_iter()
        .map(|entry| {
            let mut sink = Findings::new(entry.id, selection.options(entry));
            entry.rule.check(model, &mut sink);
            sink.into_vec()
        })
        .collect();
    let mut findings: Vec<Finding> = found.into_iter().flatten().collect();
    if model.has_certificates_elsewhere {
        // Those that nginx has may ask for nothing of the kind.
        let hang_on_them = findings.iter_mut().filter(|finding| finding.rule.entry().reads_certificates);
        hang_on_them.filter_map(|finding| finding.fix.as_mut()).for_each(|fix| fix.is_safe = false);
    }
    findings.sort_by(|a, b| (a.span, a.rule, &a.message).cmp(&(b.span, b.rule, &b.message)));
    findings.dedup_by(|a, b| (a.span, a.rule, &a.message) == (b.span, b.rule, &b.message));
    let mut outcome = if selection.ignores_comments {
        Outcome { findings, ..Outcome::default() }
    } else {
        suppression::apply(model, selection, findings)
    };
    let suppressed = outcome.suppressed.iter_mut().map(|suppressed| &mut suppressed.finding);
    for finding in outcome.findings.iter_mut().chain(suppressed) {
        if let Some(Some(severity)) = selection.severity(finding.rule) {
            finding.severity = *severity;
        }
    }
    outcome.silent = suppression::silent(model, selection);
    // What is said of comments stands at the end.
    outcome.findings.sort_by(|a, b| (a.span, a.rule, &a.message).cmp(&(b.span, b.rule, &b.message)));
    outcome
}
