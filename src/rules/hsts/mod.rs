//! placeholder
pub(super) const RULES: &[crate::rules::registry::Declared] = &[];
