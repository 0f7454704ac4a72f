//! How a category declares its rules.

use super::Rule;

/// What a category's `mod.rs` says of one rule.
pub(super) struct Declared {
    pub(super) name: &'static str,
    pub(super) category: &'static str,
    pub(super) face_text: &'static str,
    pub(super) rule: &'static dyn Rule,
    pub(super) reads_certificates: bool,
}

/// Declares the rules of a category: their modules, and the list that registers them. `reads certificates` stands behind
/// those that find some of what they find only where the files of certificates and keys are there.
macro_rules! declare_rules {
    ($category:literal: $($module:ident :: $rule:ident = $name:literal $(reads $files:ident)?,)+) => {
        $(mod $module;)+

        pub(super) const RULES: &[$crate::rules::declare::Declared] = &[$(
            $crate::rules::declare::Declared {
                name: $name,
                category: $category,
                face_text: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/rules/", $category, "/", $name, ".yaml"
                )),
                rule: &$module::$rule,
                reads_certificates: !(&[$(stringify!($files))?] as &[&str]).is_empty(),
            },
        )+];
    };
}
pub(super) use declare_rules;
