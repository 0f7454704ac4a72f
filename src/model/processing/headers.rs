//! The Strict-Transport-Security headers that `add_header` adds to an answer.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header>

use super::Processing;
use crate::config::Directive;
use crate::model::inherit;
use crate::model::response::Value;

/// The statuses of answers that get headers without `always`.
const SAFE_STATUSES: &[u16] = &[200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

impl<'c> Processing<'_, 'c, '_> {
    /// Those of an answer with this status; an upstream's is taken for a success.
    pub(super) fn hsts_headers(&mut self, status: Option<u16>) -> Vec<(Directive<'c>, Value)> {
        let is_safe = status.is_none_or(|status| SAFE_STATUSES.contains(&status));
        let mut sent = Vec::new();
        for header in inherit::headers_in_effect(self.block, self.model().environment.version) {
            let (Some(name), Some(value)) = (header.argument(0), header.argument(1)) else { continue };
            let is_always = header.argument(2).is_some_and(|word| word.is("always"));
            if !name.text().eq_ignore_ascii_case("strict-transport-security") || !is_safe && !is_always {
                continue;
            }
            let value = self.expand(Some(header), &value.text());
            if !value.text.is_empty() {
                sent.push((header, value));
            }
        }
        sent
    }
}
