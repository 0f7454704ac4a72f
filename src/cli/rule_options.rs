//! Rules as the command line names them.

use clap::Args;

use crate::rules::{RuleId, RuleSet, Selection, Severity};

/// Which rules are run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct RuleOptions {
    /// Run only these rules or categories; repeatable
    #[arg(long, value_name = "RULE,…", value_delimiter = ',', value_parser = parse_rule_set)]
    pub(super) select: Vec<RuleSet>,

    /// Do not run these rules or categories; repeatable
    #[arg(long, value_name = "RULE,…", value_delimiter = ',', value_parser = parse_rule_set)]
    pub(super) ignore: Vec<RuleSet>,

    /// Give a rule or category another severity: error, warning, info or off; repeatable
    ///
    /// For example --severity include-not-found=warning,syntax-error=off. The last that names a rule counts.
    #[arg(long = "severity", value_name = "RULE=LEVEL,…", value_delimiter = ',', value_parser = parse_rule_severity)]
    pub(super) severities: Vec<RuleSeverity>,

    /// Report what comments in the configuration suppress, too
    ///
    /// For audits: `# ngxlint: ignore[rule] reason` has no effect.
    #[arg(long)]
    pub(super) no_ignores: bool,
}

/// A rule or category and the severity it is to have; `None` turns it off.
#[derive(Debug, Clone)]
pub(super) struct RuleSeverity {
    rules: RuleSet,
    severity: Option<Severity>,
}

/// The rule or category of this name.
fn parse_rule_set(name: &str) -> Result<RuleSet, String> {
    RuleSet::parse(name).map_err(|error| error.to_string())
}

/// `RULE=error`, `RULE=off` …
fn parse_rule_severity(text: &str) -> Result<RuleSeverity, String> {
    let (name, level) = text.split_once('=').ok_or("a rule and a severity are expected: include-not-found=warning")?;
    let severity = Severity::parse(level).map_err(|error| error.to_string())?;
    Ok(RuleSeverity { rules: parse_rule_set(name)?, severity })
}

impl RuleOptions {
    /// Lets the options decide, where they say something: `--select` takes the place of what was selected, what is
    /// ignored is ignored, too, and a severity outweighs another.
    pub(super) fn apply(&self, selection: &mut Selection) {
        let all = |sets: &[RuleSet]| -> Vec<_> { sets.iter().flat_map(|set| set.rules.iter().copied()).collect() };
        if !self.select.is_empty() {
            selection.select = all(&self.select);
            // Who names a rule wants to see it, whatever the settings say.
            let named: Vec<RuleId> = self.select.iter().filter_map(RuleSet::rule).collect();
            selection.ignore.retain(|rule| !named.contains(rule));
            selection.severities.retain(|(rule, severity)| severity.is_some() || !named.contains(rule));
        }
        selection.ignore.extend(all(&self.ignore));
        selection.ignores_comments |= self.no_ignores;
        let severities = self.severities.iter();
        selection
            .severities
            .extend(severities.flat_map(|given| given.rules.rules.iter().map(|&rule| (rule, given.severity))));
    }

    /// Whether `--severity` says something of a rule.
    pub(super) fn names(&self, rule: RuleId) -> bool {
        self.severities.iter().any(|said| said.rules.rules.contains(&rule))
    }

    /// What `--severity` says.
    pub(super) fn said_severities(&self) -> impl Iterator<Item = (&str, Option<Severity>)> {
        self.severities.iter().map(|said| (said.rules.name.as_str(), said.severity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_of_rules() {
        assert!(parse_rule_severity("syntax=off").unwrap().severity.is_none());
        assert!(parse_rule_severity("syntax=bad").is_err());
        assert!(parse_rule_severity("syntax").is_err());
    }
}
