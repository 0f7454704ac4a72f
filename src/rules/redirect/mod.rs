//! Redirects that lead nowhere.

use super::declare::declare_rules;

declare_rules! { "redirect":
    redirect_loop::RedirectLoop = "redirect-loop",
}

/// The URL as a message shows it; a host that stands for any name is shown as `$host`.
pub(super) fn shown(url: &url::Url) -> String {
    url.as_str().replacen(crate::model::starts::ANY_HOST, "$host", 1)
}
