//! The Strict-Transport-Security headers of an answer.

use super::Processing;
use crate::config::Directive;
use crate::model::hsts::settings::{HstsSettingKind, hsts_settings};
use crate::model::requests::response::Value;

impl<'c> Processing<'_, 'c, '_> {
    /// Those that nginx itself puts on an answer with this status; an upstream's is taken for a success.
    pub(super) fn hsts_headers(&mut self, status: Option<u16>) -> Vec<(Directive<'c>, Value)> {
        let mut sent = Vec::new();
        for setting in hsts_settings(self.block, self.model().environment.version) {
            if !setting.applies_to(status) {
                continue;
            }
            let directive = setting.directive;
            let value = self.expand(Some(directive), &setting.value);
            if let HstsSettingKind::Replace { has_types, appends, .. } = setting.kind {
                if has_types {
                    self.choices.assume(Some(directive), "the answer is of a content type that -t names".to_owned());
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
}
