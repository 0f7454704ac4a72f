//! The Strict-Transport-Security headers of an answer.

use super::Processing;
use crate::config::Directive;
use crate::model::hsts::settings::{HstsSettingKind, hsts_settings};
use crate::model::requests::response::{ResponseKind, Value};

impl<'c> Processing<'_, 'c, '_> {
    /// Those that nginx itself puts on an answer with this status; an upstream's is taken for a success.
    pub(super) fn hsts_headers(&mut self, status: Option<u16>, kind: ResponseKind) -> Vec<(Directive<'c>, Value)> {
        let mut sent = Vec::new();
        for setting in hsts_settings(self.block, self.model().environment.version) {
            if !setting.applies_to(status) {
                continue;
            }
            let directive = setting.directive;
            let value = self.expand(Some(directive), &setting.value);
            if let HstsSettingKind::Replace { types, appends, .. } = &setting.kind {
                if !types.is_empty() && !self.is_of_type(directive, types, kind) {
                    continue;
                }
                if !appends {
                    sent.clear();
                }
            }
            if !value.text.is_empty() {
                sent.push((directive, value));
            }
        }
        sent.shrink_to_fit();
        sent
    }

    /// Whether the answer is of one of these content types. That of nginx's own pages is known.
    fn is_of_type(&mut self, by: Directive<'c>, types: &[String], kind: ResponseKind) -> bool {
        if matches!(kind, ResponseKind::Error | ResponseKind::Redirect) {
            return types.iter().any(|known| known.eq_ignore_ascii_case("text/html"));
        }
        let list = types.join(" ");
        let possibilities = [format!("the answer is of type {list}"), format!("the answer is not of type {list}")];
        self.choices.choose(Some(by), format!("content type {list}"), &possibilities, Clone::clone) == 0
    }
}
