//! Which hosts are public, and which domain they belong to, as far as their names say.

use psl::Psl;

use crate::tls::Host;

/// Top-level domains that are for the machine itself, for Tor, or that private networks have for themselves, beside those
/// that no public authority certifies ([`Host::is_internal`]).
const PRIVATE_DOMAINS: &[&str] = &["localdomain", "intranet", "private", "corp", "home", "arpa", "onion"];

/// Whether a host may be a public site: a DNS name of several labels that no private network has for itself.
#[must_use]
pub fn is_public_name(host: &Host) -> bool {
    let Some((_, top_level)) = host.name().and_then(|name| name.rsplit_once('.')) else { return false };
    !host.is_internal() && !PRIVATE_DOMAINS.contains(&top_level)
}

/// The domain that somebody has registered for a host: `shop.example` for `www.shop.example`, `a.github.io` for
/// `www.a.github.io`. `None` for an address and a public suffix.
///
/// The Public Suffix List, <https://publicsuffix.org/>, with its part of private domains; of a top-level domain that it
/// does not know, the label below is taken.
#[must_use]
pub fn registrable_domain(host: &Host) -> Option<Host> {
    let domain = psl::List.domain(host.name()?.as_bytes())?;
    Host::parse(domain.as_bytes()).ok()
}

/// Whether a host is on the Public Suffix List itself: others register their domains below it.
#[must_use]
pub fn is_public_suffix(host: &Host) -> bool {
    let Some(name) = host.name() else { return false };
    psl::List.suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_and_suffixes() {
        for (host, domain, is_suffix) in [
            ("shop.example", Some("shop.example"), false),
            ("www.shop.example", Some("shop.example"), false),
            ("a.b.c.shop.co.uk", Some("shop.co.uk"), false),
            ("co.uk", None, true),
            ("a.github.io", Some("a.github.io"), false),
            ("www.a.github.io", Some("a.github.io"), false),
            ("github.io", None, true),
            ("xn--bcher-kva.example", Some("xn--bcher-kva.example"), false),
            ("b.c.ck", Some("b.c.ck"), false), // *.ck
            ("www.ck", Some("www.ck"), false), // !www.ck
            ("example", None, false),
            ("192.0.2.1", None, false),
            ("2001:db8::1", None, false),
        ] {
            let host: Host = host.parse().unwrap();
            let found = registrable_domain(&host);
            assert_eq!(found.as_ref().and_then(Host::name), domain, "{host}");
            assert_eq!(is_public_suffix(&host), is_suffix, "{host}");
        }
    }

    #[test]
    fn names_of_private_networks() {
        for host in ["shop.example", "a.b.dev", "xn--bcher-kva.example"] {
            assert!(is_public_name(&host.parse().unwrap()), "{host}");
        }
        for host in ["localhost", "intranet", "a.local", "a.b.corp", "x.onion", "x.home.arpa", "192.0.2.1", "a.test"] {
            assert!(!is_public_name(&host.parse().unwrap()), "{host}");
        }
    }
}
