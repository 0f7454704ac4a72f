//! What nginx refuses to read, or warns of.

use super::declare::declare_rules;

declare_rules! { "syntax":
    include_cycle::IncludeCycle = "include-cycle",
    include_not_found::IncludeNotFound = "include-not-found",
    listen_http2_deprecated::ListenHttp2Deprecated = "listen-http2-deprecated",
    syntax_error::SyntaxError = "syntax-error",
    unused_suppression::UnusedSuppression = "unused-suppression",
}
