//! Redirects that lead nowhere.

use super::declare::declare_rules;

declare_rules! { "redirect":
    redirect_loop::RedirectLoop = "redirect-loop",
}
