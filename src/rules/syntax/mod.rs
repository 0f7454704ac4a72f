//! What nginx refuses to read.

use super::declare::declare_rules;

declare_rules! { "syntax":
    include_cycle::IncludeCycle = "include-cycle",
    include_not_found::IncludeNotFound = "include-not-found",
    syntax_error::SyntaxError = "syntax-error",
    unused_suppression::UnusedSuppression = "unused-suppression",
}
