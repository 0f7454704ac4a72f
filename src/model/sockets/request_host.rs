//! The host that a client asks for, as nginx reads it from a Host header or from SNI.

use crate::nginx::NginxVersion;

/// A host as nginx compares it with server names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestHost {
    /// In lower case, without a port and without one trailing dot; an IPv6 address keeps its brackets.
    pub name: String,
    /// The port behind it: what `$request_port` says.
    pub port: Option<u16>,
}

/// A host that nginx refuses: it answers 400 to such a Host header, and takes such an SNI for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidHost;

/// "Validation of host and port … has been changed to follow RFC 3986": nginx's CHANGES.
const STRICT_SINCE: NginxVersion = NginxVersion::new(1, 29, 4);

impl RequestHost {
    /// Reads what a client sent (`ngx_http_validate_host`, src/http/ngx_http_request.c).
    ///
    /// # Errors
    /// [`InvalidHost`] for what the nginx of that version refuses; an empty host is refused by all.
    pub fn parse(text: &str, version: NginxVersion) -> Result<RequestHost, InvalidHost> {
        let (name, port) = if version >= STRICT_SINCE { split_strictly(text)? } else { split_loosely(text)? };
        if name.is_empty() {
            return Err(InvalidHost);
        }
        Ok(RequestHost { name: name.to_ascii_lowercase(), port })
    }
}

fn split_strictly(text: &str) -> Result<(&str, Option<u16>), InvalidHost> {
    let is_literal = text.starts_with('[');
    let end = if is_literal { text.find(']').ok_or(InvalidHost)? + 1 } else { text.find(':').unwrap_or(text.len()) };
    let (host, rest) = text.split_at(end);
    let is_allowed = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || b"-._~!$&'()*+,;=".contains(&byte)
            || (if is_literal { b"[:]".as_slice() } else { b"%" }).contains(&byte)
    };
    // In an address the one bracket is at its start.
    if !host.bytes().all(is_allowed) || host.contains("..") || host.rfind('[').is_some_and(|at| at > 0) {
        return Err(InvalidHost);
    }
    let digits = match rest.strip_prefix(':') {
        Some(digits) => digits,
        None if rest.is_empty() => "",
        None => return Err(InvalidHost),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidHost);
    }
    // An absent port, an empty one and 0 are the same to nginx.
    let port = match digits.trim_start_matches('0') {
        "" => None,
        digits => Some(digits.parse().map_err(|_| InvalidHost)?),
    };
    Ok((host.strip_suffix('.').unwrap_or(host), port))
}

/// As nginx did it before: what is behind the host is taken for a port and not looked at.
fn split_loosely(text: &str) -> Result<(&str, Option<u16>), InvalidHost> {
    if text.contains("..") || text.bytes().any(|byte| byte <= b' ' || byte == 0x7f || byte == b'/') {
        return Err(InvalidHost);
    }
    let end = if text.starts_with('[') { text.find(']').map(|end| end + 1) } else { text.find(':') };
    let (host, rest) = text.split_at(end.unwrap_or(text.len()));
    // Only the last dot of all is dropped.
    let name = if rest.contains('.') { host } else { host.strip_suffix('.').unwrap_or(host) };
    // `$request_port` is not older than the strict way.
    Ok((name, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nginx::NEWEST;

    const OLD: NginxVersion = NginxVersion::new(1, 22, 1);

    // What is sent, and what 1.22.1 and 1.31.3 make of it; "400" where they refuse it.
    const HOSTS: &[(&str, &str, &str)] = &[
        ("Shop.Example", "shop.example", "shop.example"),
        ("a.test.", "a.test", "a.test"),
        ("a.test.:8080", "a.test", "a.test 8080"),
        ("a:", "a", "a"),
        ("a:0", "a", "a"),
        ("a:0080", "a", "a 80"),
        (".a.test", ".a.test", ".a.test"),
        ("[::1]:8080", "[::1]", "[::1] 8080"),
        ("[]", "[]", "[]"),
        ("[a.]", "[a.]", "[a.]"),
        ("_~!$&'()*+,;=%zz", "_~!$&'()*+,;=%zz", "_~!$&'()*+,;=%zz"),
        // Refused by all.
        ("", "400", "400"),
        (".", "400", "400"),
        (":80", "400", "400"),
        ("a..", "400", "400"),
        ("a..b", "400", "400"),
        ("a b", "400", "400"),
        ("a/b", "400", "400"),
        ("a\u{7f}", "400", "400"),
        // Refused from 1.29.4.
        ("a:65536", "a", "400"),
        ("a:8a", "a", "400"),
        ("a:1:2", "a", "400"),
        ("a.:80.", "a.", "400"),
        ("a@b", "a@b", "400"),
        ("a\\b", "a\\b", "400"),
        ("é", "é", "400"),
        ("[::1", "[::1", "400"),
        ("[::1]x", "[::1]", "400"),
        ("[[]", "[[]", "400"),
        ("a]", "a]", "400"),
    ];

    #[test]
    fn hosts_as_nginx_reads_them() {
        let read = |text, version| match RequestHost::parse(text, version) {
            Ok(RequestHost { name, port: None }) => name,
            Ok(RequestHost { name, port: Some(port) }) => format!("{name} {port}"),
            Err(InvalidHost) => "400".to_owned(),
        };
        for (text, old, new) in HOSTS {
            assert_eq!((read(text, OLD), read(text, NEWEST)), (old.to_string(), new.to_string()), "{text}");
        }
    }
}
