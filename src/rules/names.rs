//! Rules as people name them, one by one or by category.

use super::{RuleId, Severity, all_rules, find_rule};
use crate::config::nearest;

/// A rule, or all rules of a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// As it was written.
    pub name: String,
    /// The rules.
    pub rules: Vec<RuleId>,
}

/// A name that is neither a rule's nor a category's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule `{name}`{}", match nearest {
    Some(nearest) => format!("; did you mean `{nearest}`?"),
    None => "; `ngxlint rules` lists them".to_owned(),
})]
pub struct UnknownRule {
    /// As it was written.
    pub name: String,
    /// The rule or category that may have been meant.
    pub nearest: Option<&'static str>,
}

/// A word that is no severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of error, warning, info, off")]
pub struct UnknownSeverity(pub String);

impl RuleSet {
    /// The rule or category of this name.
    ///
    /// # Errors
    /// [`UnknownRule`] when there is none.
    pub fn parse(name: &str) -> Result<RuleSet, UnknownRule> {
        let name = name.trim();
        let rules = match find_rule(name) {
            Some(rule) => vec![rule],
            None => all_rules().iter().filter(|entry| entry.category == name).map(|entry| entry.id).collect(),
        };
        if rules.is_empty() { Err(UnknownRule::new(name)) } else { Ok(RuleSet { name: name.to_owned(), rules }) }
    }

    /// The rule, where it is not a category.
    #[must_use]
    pub fn rule(&self) -> Option<RuleId> {
        find_rule(&self.name)
    }
}

impl UnknownRule {
    /// Looks for what may have been meant.
    #[must_use]
    pub fn new(name: &str) -> UnknownRule {
        let rules = all_rules();
        let known = rules.iter().map(|entry| entry.name).chain(rules.iter().map(|entry| entry.category));
        UnknownRule { name: name.to_owned(), nearest: nearest(name, known) }
    }
}

impl Severity {
    /// The severity of this name; `None` inside for `off`.
    ///
    /// # Errors
    /// [`UnknownSeverity`] for any other word.
    pub fn parse(word: &str) -> Result<Option<Severity>, UnknownSeverity> {
        match word.trim() {
            "error" => Ok(Some(Severity::Error)),
            "warning" => Ok(Some(Severity::Warning)),
            "info" => Ok(Some(Severity::Info)),
            "off" => Ok(None),
            other => Err(UnknownSeverity(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_categories_by_name() {
        assert_eq!(RuleSet::parse("syntax-error").unwrap().rules.len(), 1);
        assert!(RuleSet::parse(" syntax").unwrap().rules.len() > 1);
        assert_eq!(
            RuleSet::parse("include-notfound").unwrap_err().to_string(),
            "there is no rule `include-notfound`; did you mean `include-not-found`?"
        );
        assert_eq!(Severity::parse("off"), Ok(None));
        assert!(Severity::parse("bad").is_err());
    }
}
