//! HSTS policies that the configuration cannot keep. RFC 6797.

use super::declare::declare_rules;

declare_rules! { "hsts":
    hsts_subdomains_uncovered::HstsSubdomainsUncovered = "hsts-subdomains-uncovered",
}
