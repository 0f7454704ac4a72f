//! Rules as the user names them.

use crate::rules::{RuleId, Selection, Severity, find_rules, unknown_rule};

use super::arguments::RuleOptions;

/// A rule, or all rules of a category.
#[derive(Debug, Clone)]
pub(super) struct RuleSet(Vec<RuleId>);

/// A rule or category and the severity it is to have; `None` turns it off.
#[derive(Debug, Clone)]
pub(super) struct RuleSeverity {
    rules: RuleSet,
    severity: Option<Severity>,
}

/// The rule or category of this name.
pub(super) fn parse_rule_set(name: &str) -> Result<RuleSet, String> {
    let name = name.trim();
    find_rules(name).map(RuleSet).ok_or_else(|| unknown_rule(name))
}

/// `RULE=error`, `RULE=off` …
pub(super) fn parse_rule_severity(text: &str) -> Result<RuleSeverity, String> {
    let (name, level) = text.split_once('=').ok_or("a rule and a severity are expected: include-not-found=warning")?;
    let severity = match level.trim() {
        "error" => Some(Severity::Error),
        "warning" => Some(Severity::Warning),
        "info" => Some(Severity::Info),
        "off" => None,
        other => return Err(format!("`{other}` is none of error, warning, info, off")),
    };
    Ok(RuleSeverity { rules: parse_rule_set(name)?, severity })
}

impl RuleOptions {
    /// What the options ask of the rules.
    pub(super) fn selection(&self) -> Selection {
        let all = |sets: &[RuleSet]| sets.iter().flat_map(|set| set.0.iter().copied()).collect();
        let severities = self.severities.iter();
        Selection {
            select: all(&self.select),
            ignore: all(&self.ignore),
            severities: severities.flat_map(|given| given.rules.0.iter().map(|&rule| (rule, given.severity))).collect(),
            ignores_comments: self.no_ignores,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_categories_by_name() {
        assert_eq!(parse_rule_set("syntax-error").unwrap().0.len(), 1);
        assert!(parse_rule_set("syntax").unwrap().0.len() > 1);
        assert_eq!(
            parse_rule_set("include-notfound").unwrap_err(),
            "there is no rule `include-notfound`; did you mean `include-not-found`?"
        );
        assert!(parse_rule_severity("syntax=off").unwrap().severity.is_none());
        assert!(parse_rule_severity("syntax=bad").is_err());
        assert!(parse_rule_severity("syntax").is_err());
    }
}
