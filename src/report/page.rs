//! Labels with their texts beside them, or below each other where there is little room.

use std::io::{self, Write};

use super::human::{HumanStyle, wrapping};
use super::printable::printable;

/// The labels' column; the longest is `certificate`.
const LABEL_WIDTH: usize = 13;

/// Below this the text of a row gets the room of the labels' column as well.
const NARROW: usize = 60;

/// How a text is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Doubtful,
    Bad,
}

/// One fact, with a label.
pub(super) struct Row {
    pub(super) label: &'static str,
    pub(super) text: String,
    pub(super) tone: Tone,
}

impl Row {
    pub(super) fn new(label: &'static str, text: String) -> Row {
        Row { label, text, tone: Tone::Plain }
    }

    pub(super) fn toned(self, tone: Tone) -> Row {
        Row { tone, ..self }
    }
}

/// What is written to, and how it wants it.
pub(super) struct Page<'o> {
    pub(super) style: HumanStyle,
    pub(super) out: &'o mut dyn Write,
}

impl Page<'_> {
    /// A line that stands above others.
    pub(super) fn title(&mut self, text: &str) -> io::Result<()> {
        let text = printable(text);
        if self.style.color { writeln!(self.out, "\x1b[1m{text}\x1b[0m") } else { writeln!(self.out, "{text}") }
    }

    /// One of several texts below a title.
    pub(super) fn item(&mut self, tone: Tone, text: &str) -> io::Result<()> {
        let options = wrapping(self.style.width).initial_indent("   ").subsequent_indent("     ");
        for line in textwrap::wrap(&printable(text), options) {
            writeln!(self.out, "{}", self.toned(tone, &line))?;
        }
        Ok(())
    }

    pub(super) fn row(&mut self, margin: &str, row: &Row) -> io::Result<()> {
        let width = self.style.width;
        let text = printable(&row.text);
        let label_width = if width < NARROW { 0 } else { LABEL_WIDTH };
        let indent = format!("{margin}   {:label_width$}", if label_width == 0 { "  " } else { "" });
        let room = width.saturating_sub(textwrap::core::display_width(&indent)).max(16);
        let mut lines = textwrap::wrap(&text, wrapping(room)).into_iter();
        let label = self.dim(&format!("{:label_width$}", row.label));
        if label_width == 0 {
            writeln!(self.out, "{margin}   {label}")?;
        } else if let Some(first) = lines.next() {
            writeln!(self.out, "{margin}   {label}{}", self.toned(row.tone, &first))?;
        }
        for line in lines {
            writeln!(self.out, "{indent}{}", self.toned(row.tone, &line))?;
        }
        Ok(())
    }

    pub(super) fn paragraph(&mut self, margin: &str, tone: Tone, text: &str) -> io::Result<()> {
        let indent = " ".repeat(textwrap::core::display_width(margin));
        let room = self.style.width.saturating_sub(indent.len()).max(16);
        for (number, line) in textwrap::wrap(&printable(text), wrapping(room)).iter().enumerate() {
            let margin = if number == 0 { margin } else { &indent };
            writeln!(self.out, "{margin}{}", self.toned(tone, line))?;
        }
        Ok(())
    }

    pub(super) fn dim(&self, text: &str) -> String {
        if self.style.color { format!("\x1b[2m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn toned(&self, tone: Tone, text: &str) -> String {
        let color = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Good => "32",
            Tone::Doubtful => "33",
            Tone::Bad => "31",
        };
        if self.style.color { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
