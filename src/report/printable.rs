//! Text of unknown origin made fit for a terminal.

use std::borrow::Cow;

/// What to show for a character that must not reach a terminal: controls, which could move the
/// cursor or retitle the window, and those that turn the direction of text around them.
pub(super) fn stand_in(char: char) -> Option<char> {
    match char {
        // The control pictures stand in the order of the controls (Unicode, block U+2400).
        '\0'..='\x1f' => char::from_u32(0x2400 + char as u32),
        '\x7f' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fffe}'..='\u{ffff}' => Some('\u{fffd}'),
        _ => None,
    }
}

/// `text` without characters that a terminal would obey instead of showing; line feeds too are shown.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(|char| stand_in(char).is_some()) {
        text.chars().map(|char| stand_in(char).unwrap_or(char)).collect()
    } else {
        text.into()
    }
}

/// As [`printable`], but with its lines kept.
pub(super) fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(printable("\x1b]0;x\x07 a\u{202e}b\u{9b}31m\r\n"), "␛]0;x␇ a\u{fffd}b\u{fffd}31m␍␊");
        assert_eq!(printable("sérver 日本"), "sérver 日本");
        assert_eq!(printable_lines("a\x1b\r\nb\n"), "a␛\nb");
    }
}
