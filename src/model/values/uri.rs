//! How nginx reads the path of a request, and how `rewrite` writes what it has captured of one.

/// The path of a request, as locations and regexes see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestPath {
    /// Decoded, without `.` and `..`.
    pub(crate) path: String,
    /// Whether it was sent with a `%` or a `+`: then `rewrite` escapes what it captures of it.
    pub(crate) needs_escape: bool,
}

/// Why a path cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathError {
    /// nginx answers 400.
    Refused,
    /// Its bytes are no UTF-8 text, which this model does not follow.
    NotText,
}

impl RequestPath {
    /// Reads what was sent before the `?` (`ngx_http_parse_complex_uri`, src/http/ngx_http_parse.c).
    pub(crate) fn parse(sent: &str, merges_slashes: bool) -> Result<RequestPath, PathError> {
        let (path, needs_escape) = decoded(sent, merges_slashes).ok_or(PathError::Refused)?;
        let path = String::from_utf8(path).map_err(|_| PathError::NotText)?;
        Ok(RequestPath { path, needs_escape })
    }
}

/// The path and whether it was sent with `%` or `+`; `None` where nginx answers 400.
fn decoded(sent: &str, merges_slashes: bool) -> Option<(Vec<u8>, bool)> {
    let mut path = Vec::with_capacity(sent.len());
    let mut has_plus = false;
    let mut rest = sent.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let mut is_slash = byte == b'/';
        let mut byte = byte;
        if byte == b'%' {
            let (code, tail) = rest.split_first_chunk::<2>()?;
            rest = tail;
            byte = decode(*code).filter(|&decoded| decoded != 0)?;
            // A decoded slash separates like any other, and so does a decoded dot count.
            is_slash = byte == b'/';
        }
        has_plus |= byte == b'+';
        if !is_slash {
            path.push(byte);
            continue;
        }
        let ends_with_slash = end_segment(&mut path)? || merges_slashes && path.ends_with(b"/");
        if !ends_with_slash {
            path.push(b'/');
        }
    }
    end_segment(&mut path)?;
    let needs_escape = has_plus || sent.contains('%');
    Some((path, needs_escape))
}

/// Takes a `.` or `..` away that ends the path, so that it ends with a slash, and says whether there
/// was one; `None` where it would lead above the root.
fn end_segment(path: &mut Vec<u8>) -> Option<bool> {
    if path.ends_with(b"/..") {
        path.truncate(path.len() - 3);
        let parent = path.iter().rposition(|&byte| byte == b'/')?;
        path.truncate(parent + 1);
    } else if path.ends_with(b"/.") {
        path.pop();
    } else {
        return Some(false);
    }
    Some(true)
}

fn decode(code: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(code[0])? * 16 + digit(code[1])?) as u8)
}

/// What `$1` becomes in arguments and in redirects of a request with escapes
/// (`ngx_escape_uri` with `NGX_ESCAPE_ARGS`, src/core/ngx_string.c).
pub(crate) fn escape_args(text: &str) -> String {
    escape(text, b"\"#%&+;<>?\\^`{|}")
}

/// A path as nginx writes it where it redirects or asks an upstream (`ngx_escape_uri` with `NGX_ESCAPE_URI`).
pub(crate) fn escape_uri(text: &str) -> String {
    escape(text, b"\"#%<>?\\^`{|}")
}

fn escape(text: &str, special: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if byte <= b' ' || byte >= 0x7f || special.contains(&byte) {
            escaped.push_str(&format!("%{byte:02X}"));
        } else {
            escaped.push(char::from(byte));
        }
    }
    escaped
}

/// The target of a redirect by `rewrite`: what needs no escape before the `?` is decoded again
/// (`ngx_unescape_uri` with `NGX_UNESCAPE_REDIRECT`).
pub(crate) fn unescape_redirect(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.find(['%', '?']) {
        unescaped.push_str(&rest[..next]);
        rest = &rest[next..];
        if rest.starts_with('?') {
            break;
        }
        let code = rest.as_bytes().get(1..3).and_then(|code| decode([code[0], code[1]]));
        match code {
            Some(byte) if byte > b'%' && byte < 0x7f => {
                unescaped.push(char::from(byte));
                rest = &rest[3..];
                if byte == b'?' {
                    break;
                }
            }
            Some(_) => {
                unescaped.push_str(&rest[..3]);
                rest = &rest[3..];
            }
            // nginx drops a `%` without a digit behind it, and with one digit that and what follows.
            None => {
                let has_digit = rest.as_bytes().get(1).is_some_and(u8::is_ascii_hexdigit);
                let dropped: usize = rest.chars().take(if has_digit { 3 } else { 1 }).map(char::len_utf8).sum();
                rest = &rest[dropped..];
            }
        }
    }
    unescaped.push_str(rest);
    unescaped
}

#[cfg(test)]
mod tests {
    use super::*;

    // Asked of nginx 1.22.1 and 1.31.3 by `return 302 $uri`.
    const PATHS: &[(&str, Option<&str>)] = &[
        ("/", Some("/")),
        ("/a/../b/./c", Some("/b/c")),
        ("/a/b/..", Some("/a/")),
        ("/a/.", Some("/a/")),
        ("//a//b", Some("/a/b")),
        ("/a/%2Fb", Some("/a/b")),
        ("/a/%2E%2e/b", Some("/b")),
        ("/a%3Fb%25%23", Some("/a?b%#")),
        ("/a..b/.c/...", Some("/a..b/.c/...")),
        ("/..", None),
        ("/a/../../b", None),
        ("/%00", None),
        ("/%zz", None),
        ("/%C3%A9", Some("/\u{e9}")),
    ];

    #[test]
    fn paths_are_decoded_and_dots_resolved() {
        for (sent, expected) in PATHS {
            assert_eq!(RequestPath::parse(sent, true).ok().map(|read| read.path).as_deref(), *expected, "{sent}");
        }
        let unmerged = RequestPath::parse("//a//b", false).map(|read| read.path);
        assert_eq!(unmerged.as_deref(), Ok("//a//b"));
        assert_eq!(RequestPath::parse("/%FF", true), Err(PathError::NotText));
    }

    // What 1.22.1 and 1.31.3 make of `/r/$1?x=$1` with `redirect`, for one `$1`.
    #[test]
    fn captures_are_escaped_and_redirects_unescaped() {
        let capture = "a b?\"<>\\^`{|}%#&+;=/\u{e9}";
        let escaped = "a%20b%3F%22%3C%3E%5C%5E%60%7B%7C%7D%25%23%26%2B%3B=/%C3%A9";
        assert_eq!(escape_args(capture), escaped);
        let location = unescape_redirect(&format!("/s/{escaped}?x={escaped}"));
        assert_eq!(location, format!("/s/a%20b?%22%3C%3E%5C%5E%60%7B%7C%7D%25%23%26%2B%3B=/%C3%A9?x={escaped}"));
        assert_eq!(unescape_redirect("/a%2Bb%2e?%2B"), "/a+b.?%2B");
        assert_eq!(unescape_redirect("/a%b"), "/a");
        assert_eq!(unescape_redirect("/%zb%az."), "/zb.");
    }
}
