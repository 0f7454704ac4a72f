//! Which hosts are public, as far as their names say.

use crate::tls::Host;

/// Top-level domains that are for private networks, tests and the machine itself (RFC 2606, RFC 6761, RFC 8375, ICANN's
/// `.internal`, and what people use).
const PRIVATE_DOMAINS: &[&str] = &[
    "local",
    "localhost",
    "localdomain",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "arpa",
    "test",
    "invalid",
    "onion",
];

/// Whether a host may be a public site: a DNS name of several labels that no private network has for itself.
#[must_use]
pub fn is_public_name(host: &Host) -> bool {
    let Some((_, top_level)) = host.name().and_then(|name| name.rsplit_once('.')) else { return false };
    !PRIVATE_DOMAINS.contains(&top_level)
}
