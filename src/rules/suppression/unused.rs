//! What is said of comments that suppress nothing, or do not say why.

use super::{Judge, Name, Place, Suppression, Suppressions};
use crate::rules::{Edit, Finding, Findings, Fix, RuleId};

impl Judge<'_> {
    /// The findings about those of some names for which nothing is suppressed.
    pub(super) fn unused_among(
        &self,
        comments: &Suppressions,
        rule: RuleId,
        is_asked: impl Fn(&Name) -> bool,
    ) -> Vec<Finding> {
        let mut sink = Findings::new(rule, serde_yaml::Value::Null);
        for comment in comments.all() {
            for name in comment.names.iter().filter(|name| is_asked(name) && self.is_unused(comment, name)) {
                self.report_unused(comment, name, &mut sink);
            }
        }
        sink.into_vec()
    }

    fn report_unused(&self, comment: &Suppression, name: &Name, sink: &mut Findings) {
        let place = match comment.place {
            Place::Above => "on the line below",
            Place::EndOfLine => "on this line",
            Place::File => "in this file",
        };
        let rules = match name.rules.as_slice() {
            [rule] => format!("`{rule}` finds"),
            rules => {
                format!("the rules of `{}` find", rules.first().map_or("", |rule| rule.entry().category))
            }
        };
        let message = format!("{rules} nothing {place}, so there is nothing to suppress");
        let is_uncertain = self.is_uncertain(name);
        let finding = if is_uncertain {
            let message = format!("{message}, as far as can be told without files that are not here");
            sink.info(name.span, message).conditional()
        } else {
            sink.warning(name.span, message)
        };
        let (help, removed) = match name.with_comma {
            Some(span) => ("remove it from the brackets", span),
            None => ("remove the comment", comment.whole),
        };
        finding.help(help);
        let edits = vec![Edit { span: removed, text: String::new() }];
        finding.fix = Some(Fix { title: help.to_owned(), is_safe: self.is_safe_to_remove(name), edits });
    }

    /// The findings about comments that are of use and do not say why.
    pub(super) fn without_reason(&self, comments: &Suppressions, rule: RuleId) -> Vec<Finding> {
        let mut sink = Findings::new(rule, serde_yaml::Value::Null);
        for comment in comments.all().filter(|comment| comment.reason.is_empty()) {
            if comment.names.iter().any(|name| !self.is_unused(comment, name)) {
                sink.warning(comment.span, "this suppression does not say why")
                    .help("write the reason behind the brackets, for whoever reads it next");
            }
        }
        sink.into_vec()
    }
}
