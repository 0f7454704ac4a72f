//! The inside of `*_by_lua_block { … }`, which Lua's own lexer rules delimit.
//!
//! <https://github.com/openresty/lua-nginx-module#content_by_lua_block>

use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_till, take_until, take_while, take_while1};
use nom::combinator::{cut, opt, recognize};
use nom::multi::many0_count;
use nom::sequence::preceded;
use nom::{IResult, Parser};

/// Whether the block of this directive holds Lua.
pub(super) fn is_lua_block(name: &[u8]) -> bool {
    name.ends_with(b"_by_lua_block")
}

/// The length of the Lua code up to the brace that closes its block; `None` without that brace.
pub(super) fn code_length(input: &[u8]) -> Option<usize> {
    let mut rest = input;
    let mut depth = 0usize;
    loop {
        (rest, _) = skipped(rest).ok()?;
        let (&brace, tail) = rest.split_first()?;
        match brace {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(input.len() - rest.len()),
            b'}' => depth -= 1,
            _ => {}
        }
        rest = tail;
    }
}

/// Everything that is no brace of the code itself.
fn skipped(input: &[u8]) -> IResult<&[u8], usize> {
    let plain = take_while1(|byte| !matches!(byte, b'{' | b'}' | b'"' | b'\'' | b'-' | b'['));
    many0_count(alt((plain, line_or_long_comment, quoted, long_bracket, recognize(alt((tag("-"), tag("[")))))))
        .parse(input)
}

fn line_or_long_comment(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize(preceded(tag("--"), alt((long_bracket, take_till(|byte| byte == b'\n'))))).parse(input)
}

/// `[[…]]`, `[=[…]=]`, …
fn long_bracket(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let (body, level) = recognize((tag("["), take_while(|byte| byte == b'='), tag("["))).parse(input)?;
    let mut close = level.to_vec();
    close.fill(b'=');
    if let [first, .., last] = close.as_mut_slice() {
        (*first, *last) = (b']', b']');
    }
    // Without its end nothing behind it is code.
    let (rest, _) = cut((take_until(close.as_slice()), take(close.len()))).parse(body)?;
    Ok((rest, &input[..input.len() - rest.len()]))
}

/// A quoted string; Lua ends it at the line's end if not before.
fn quoted(input: &[u8]) -> IResult<&[u8], &[u8]> {
    alt((|input| quoted_by(b'"', input), |input| quoted_by(b'\'', input))).parse(input)
}

fn quoted_by(quote: u8, input: &[u8]) -> IResult<&[u8], &[u8]> {
    let mark = [quote];
    let plain = take_while1(move |byte| byte != quote && byte != b'\\' && byte != b'\n');
    let escaped = recognize((tag("\\"), opt(take(1usize))));
    recognize((tag(&mark[..]), many0_count(alt((plain, escaped))), opt(tag(&mark[..])))).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_of_strings_and_comments_do_not_count() {
        for code in [
            r#" ngx.say("}") -- }
"#,
            " local t = { a = { 1 } } ",
            " local s = [==[ } ]] ]==] ",
            " --[[ } \n } ]] x = 1 ",
            r" s = 'it\'s }' ",
            " a = b - c[1] ",
        ] {
            let text = format!("{code}}} }}");
            assert_eq!(code_length(text.as_bytes()), Some(code.len()), "{code}");
        }
        assert_eq!(code_length(b" if x then { end "), None);
        assert_eq!(code_length(b" s = [==[ } ]] "), None);
        assert_eq!(code_length(b" --[[ } "), None);
    }
}
