//! nginx's tokens as nom combinators over bytes.

use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_till, take_while, take_while1};
use nom::combinator::{opt, recognize};
use nom::multi::{many0_count, many1_count};
use nom::sequence::preceded;
use nom::{IResult, Parser};

/// nginx's buffer for one token and what ends it (`NGX_CONF_BUFFER`).
pub(super) const MAX_TOKEN: usize = 4096;

/// The only bytes that separate words; vertical tab and form feed do not.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

pub(super) fn blank(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(is_blank).parse(input)
}

/// From `#` to the end of the line, where nginx expects a word to start.
pub(super) fn comment(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize(preceded(tag("#"), take_till(|byte| byte == b'\n'))).parse(input)
}

/// A word without quotes. A `{` directly after `$` belongs to it (`${name}`), as do `}`, `#` and
/// quotes that do not start it; a backslash keeps any byte in it.
pub(super) fn bare_word(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let plain = take_while1(|byte| !is_blank(byte) && !matches!(byte, b';' | b'{' | b'\\' | b'$'));
    let variable = recognize(preceded(tag("$"), take_while(|byte| byte == b'{')));
    recognize(many1_count(alt((plain, escaped, variable)))).parse(input)
}

/// A word in `quote`s; fails when the closing one is missing.
pub(super) fn quoted_word(quote: u8, input: &[u8]) -> IResult<&[u8], &[u8]> {
    let mark = [quote];
    let plain = take_while1(|byte| byte != quote && byte != b'\\');
    recognize((tag(&mark[..]), many0_count(alt((plain, escaped))), tag(&mark[..]))).parse(input)
}

fn escaped(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize((tag("\\"), opt(take(1usize)))).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    // What nginx takes for one word, asked of `nginx -t` 1.22.1 and 1.31.3.
    const BARE: &[(&str, &str)] = &[
        ("a b", "a"),
        ("a#b;", "a#b"),
        ("a}b;", "a}b"),
        ("${a}b{", "${a}b"),
        ("${{a}};", "${{a}}"),
        ("$a{", "$a"),
        ("a\"b c\"", "a\"b"),
        ("a\\;b;", "a\\;b"),
        ("a\\ b c", "a\\ b"),
        ("a\x0bb c", "a\x0bb"),
        ("^(.*)$;", "^(.*)$"),
    ];

    #[test]
    fn bare_words() {
        for (input, word) in BARE {
            let (_, found) = bare_word(input.as_bytes()).unwrap();
            assert_eq!(found, word.as_bytes(), "in {input:?}");
        }
    }

    #[test]
    fn quoted_words_end_at_the_same_quote() {
        let (rest, word) = quoted_word(b'"', br#""a'\"b;{ } # c"d"#).unwrap();
        assert_eq!((word, rest), (&br#""a'\"b;{ } # c""#[..], &b"d"[..]));
        assert!(quoted_word(b'\'', b"'a").is_err());
    }
}
