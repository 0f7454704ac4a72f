//! Whether OpenSSL takes a certificate for that of the host that nginx asks for, which is not always what RFC 9525 says.
//!
//! nginx compares with X509_check_host(3) and nothing else: an address is a text like any other, so that iPAddress names
//! never match; the common name counts where there is no dNSName; a wildcard may be a part of a label.

use super::certificate::Certificate;
use super::link::Link;
use super::names::CertificateName;

impl Certificate {
    /// Whether nginx as a client accepts the names of this certificate for `name` (`ngx_ssl_check_host`,
    /// src/event/ngx_event_openssl.c). No certificate is for an empty name.
    #[must_use]
    pub fn is_of_peer(&self, name: &str) -> bool {
        if name.is_empty() {
            return false;
        }
        let dns = self.names().iter().filter(|pattern| !matches!(pattern, CertificateName::Ip(_)));
        let mut dns = dns.peekable();
        if dns.peek().is_none() {
            let Some(link) = Link::open(self) else { return false };
            let mut common_names = link.parsed().subject().iter_common_name();
            return common_names.any(|pattern| pattern.as_str().is_ok_and(|pattern| matches(pattern, name)));
        }
        dns.any(|pattern| matches(&pattern.to_string(), name))
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    if name.len() > 1 && name.starts_with('.') {
        // Any host below a domain.
        let start = pattern.len().checked_sub(name.len());
        return start.and_then(|start| pattern.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(name));
    }
    match wildcard(pattern) {
        Some((prefix, suffix)) => matches_wildcard(prefix, suffix, name),
        None => pattern.eq_ignore_ascii_case(name),
    }
}

/// What stands before and after the one `*` of a pattern; `None` where it is no wildcard: the `*` stands at the start or
/// the end of the first label, which is no A-label, and two dots at least come after it (`valid_star`, crypto/x509/v3_utl.c).
fn wildcard(pattern: &str) -> Option<(&str, &str)> {
    let (prefix, suffix) = pattern.split_once('*')?;
    let is_at_edge = prefix.is_empty() || suffix.starts_with('.');
    let (rest_of_label, rest) = suffix.split_once('.')?;
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_part = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_possible = is_at_edge
        && is_part(prefix)
        && is_part(rest_of_label)
        && !prefix.starts_with('-')
        && !prefix.ends_with('-')
        && !prefix.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"))
        && !rest_of_label.ends_with('-')
        && rest.contains('.')
        && rest.split('.').all(is_label);
    is_possible.then_some((prefix, suffix))
}

/// A `*` stands for letters, digits and hyphens; as a whole label for one at least, as a part of one in no A-label
/// (`wildcard_match`, the same file).
fn matches_wildcard(prefix: &str, suffix: &str, name: &str) -> bool {
    let Some(end) = name.len().checked_sub(suffix.len()).filter(|end| *end >= prefix.len()) else { return false };
    let parts = (name.get(..prefix.len()), name.get(prefix.len()..end), name.get(end..));
    let (Some(start), Some(middle), Some(rest)) = parts else { return false };
    if !start.eq_ignore_ascii_case(prefix) || !rest.eq_ignore_ascii_case(suffix) {
        return false;
    }
    if prefix.is_empty() && suffix.starts_with('.') {
        if middle.is_empty() {
            return false;
        }
    } else if name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--")) {
        return false;
    }
    middle == "*" || middle.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    // What `openssl verify -verify_hostname` says of certificates with these dNSNames (OpenSSL 3.0.19).
    const ROWS: &[(&str, &str, bool)] = &[
        ("a.test", "a.test", true),
        ("A.test", "a.TEST", true),
        ("a.test", "a.test.", false), // a trailing dot is a part of the name
        ("127.0.0.1", "127.0.0.1", true),
        // One label, a whole one.
        ("*.a.test", "w.a.test", true),
        ("*.a.test", "a.test", false),
        ("*.a.test", ".a.test", true), // any host below a.test
        ("*.a.test", "v.w.a.test", false),
        ("*.a.test", "xn--w.a.test", true),
        ("*.a.test", "w_v.a.test", false),
        ("*.a.test", "*.a.test", true),
        ("*.test", "a.test", false), // two dots at least
        ("*.test", "*.test", true),
        // A part of one.
        ("w*.a.test", "ww.a.test", true),
        ("w*.a.test", "w.a.test", true),
        ("*w.a.test", "vw.a.test", true),
        ("w*w.a.test", "wvw.a.test", false),
        ("w*.a.test", "wxn--x.a.test", true),
        ("*w.a.test", "xn--vw.a.test", false),
        ("*-w.a.test", "-w.a.test", true),
        ("xn--*.a.test", "xn--w.a.test", false),
        ("w-*.a.test", "w-v.a.test", false),
        ("*-w.a.test", "v-w.a.test", true),
        ("a.*.test", "a.b.test", false),
        ("*.a_b.test", "w.a_b.test", false),
        // Below a domain.
        ("w.a.test", ".a.test", true),
        ("a.test", ".a.test", false),
        ("aa.test", ".a.test", false),
    ];

    #[test]
    fn names_as_openssl_compares_them() {
        for &(pattern, name, expected) in ROWS {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
