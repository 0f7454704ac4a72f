//! Texts with variables in them.

/// A piece of a parameter that nginx expands when a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Text that stays as it is.
    Text(&'t str),
    /// `$name` or `${name}`, here without the signs.
    Variable(&'t str),
    /// `$1` to `$9`: what the last regex captured.
    Capture(usize),
}

/// Splits a value at its variables (`ngx_http_script_compile`, src/http/ngx_http_script.c). A `$`
/// without a name, which nginx refuses, stays text.
pub fn pieces(value: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = value;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, length) = variable(rest).unwrap_or_else(|| {
            let after_sign = usize::from(rest.starts_with('$'));
            let end = rest[after_sign..].find('$').map_or(rest.len(), |end| end + after_sign);
            (Piece::Text(&rest[..end]), end)
        });
        rest = &rest[length..];
        Some(piece)
    })
}

/// Whether a value holds any variable.
#[must_use]
pub fn has_variables(value: &str) -> bool {
    pieces(value).any(|piece| !matches!(piece, Piece::Text(_)))
}

/// The variable at the start of `text`, with the length of what names it.
fn variable(text: &str) -> Option<(Piece<'_>, usize)> {
    let rest = text.strip_prefix('$')?;
    if let Some(digit) = rest.bytes().next().filter(|byte| (b'1'..=b'9').contains(byte)) {
        return Some((Piece::Capture(usize::from(digit - b'0')), 2));
    }
    if let Some(braced) = rest.strip_prefix('{') {
        let end = braced.find('}')?;
        let name = &braced[..end];
        return is_name(name).then_some((Piece::Variable(name), end + 3));
    }
    let end = rest.find(|char: char| !(char.is_ascii_alphanumeric() || char == '_')).unwrap_or(rest.len());
    (end > 0).then(|| (Piece::Variable(&rest[..end]), end + 1))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::Piece::{Capture, Text, Variable};
    use super::*;

    const VALUES: &[(&str, &[Piece<'_>])] = &[
        ("https://$host$request_uri", &[Text("https://"), Variable("host"), Variable("request_uri")]),
        ("${a}b$c-d", &[Variable("a"), Text("b"), Variable("c"), Text("-d")]),
        ("/$1/$22", &[Text("/"), Capture(1), Text("/"), Capture(2), Text("2")]),
        ("a$", &[Text("a"), Text("$")]),
        ("${", &[Text("${")]),
        ("", &[]),
    ];

    #[test]
    fn values_split_at_their_variables() {
        for (value, expected) in VALUES {
            assert_eq!(pieces(value).collect::<Vec<_>>(), *expected, "{value}");
        }
    }
}
