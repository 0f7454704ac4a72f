//! How long the body of a request may be.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size>

use super::Processing;
use crate::model::inherit;
use crate::nginx::parse_offset;

/// The `client_max_body_size` that nginx has where none is set.
const DEFAULT_BODY_SIZE: u64 = 1 << 20;

impl Processing<'_, '_, '_> {
    /// Whether the request says that its body is longer than `client_max_body_size`; 0 is no limit.
    pub(super) fn is_body_too_large(&self) -> bool {
        let length = self.arrival.request.header("content-length").and_then(|length| length.parse::<u64>().ok());
        let limit = inherit::value_in_effect(self.block, "client_max_body_size");
        let limit = limit.and_then(|directive| parse_offset(&directive.argument(0)?.value()).ok());
        let limit = limit.unwrap_or(DEFAULT_BODY_SIZE);
        length.is_some_and(|length| limit != 0 && length > limit)
    }
}
