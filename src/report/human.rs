//! Findings for people, drawn by miette: the lines, what is wrong with them, which ones to write.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use textwrap::{WordSeparator, WordSplitter};

use super::Report;
use super::excerpt::Excerpt;
use super::printable::{printable, printable_lines};
use super::secrets::Secrets;
use crate::rules::{Certainty, Finding, Fix, Severity};
use crate::source::{Sources, Span};

/// Related places that are shown; a name that stands in 10,000 servers needs no 10,000 snippets.
const MAX_RELATED: usize = 12;

/// The least room for a label before its next line: words, not letters, are to stand below each other.
const MIN_LABEL_WIDTH: usize = 24;

/// How the terminal, or whatever reads the report, wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HumanStyle {
    /// Columns; text is wrapped and lines are cut to them.
    pub width: usize,
    /// Whether to use colours.
    pub color: bool,
    /// Whether the documentation is a link behind the rule's id, as terminals know it, or a line of its own.
    pub links: bool,
    /// Whether to draw with more than ASCII.
    pub unicode: bool,
}

/// A mistake at a place of some file that is no configuration.
#[derive(Debug, Clone)]
pub struct Misplaced<'a> {
    /// The file.
    pub path: &'a Path,
    /// All of it.
    pub text: &'a [u8],
    /// The place, as bytes of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: &'a str,
    /// What to write instead.
    pub help: Option<&'a str>,
}

/// Writes such a mistake with its lines.
///
/// # Errors
/// What `out` says.
pub fn write_misplaced(mistake: &Misplaced<'_>, style: HumanStyle, out: &mut dyn Write) -> io::Result<()> {
    let sources = Sources::default();
    let file = sources.add(mistake.path.to_path_buf(), mistake.text.to_vec());
    let span = Span { file, start: mistake.span.start as u32, end: mistake.span.end as u32 };
    let excerpt = Excerpt::new(&sources, &[span], style.width.saturating_sub(10).max(16));
    let labels =
        excerpt.marks.iter().map(|mark| LabeledSpan::new_primary_with_span(None, (mark.start, mark.end - mark.start)));
    // They may quote what stands there. Once they are wrapped, a key is harder to find.
    let secrets = Secrets::of(&sources);
    let drawing = Drawing {
        severity: Severity::Error,
        code: "error[settings]".to_owned(),
        message: printable(&with_short_quotes(&secrets.without(mistake.message))).into_owned(),
        help: mistake.help.map(|help| printable_lines(&secrets.without(help))),
        url: None,
        labels: labels.collect(),
        lines: Lines(excerpt),
    };
    let mut text = String::new();
    handler(style, &drawing).render_report(&mut text, &drawing).map_err(io::Error::other)?;
    write!(out, "{text}")
}

/// Characters of a value that a message quotes: who pastes a whole file into a value does not want to read it again.
const QUOTED: usize = 60;

/// The message, with the start of what stands there between quotes, if that is long.
fn with_short_quotes(message: &str) -> String {
    let mut short = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(open) = rest.find(['`', '"']) {
        let (before, quoted) = rest.split_at(open + 1);
        short.push_str(before);
        let is_string = before.ends_with('"');
        let mut is_escaped = false;
        let is_end = |&(_, char): &(usize, char)| {
            let ends = if is_string { char == '"' && !is_escaped } else { char == '`' };
            is_escaped = char == '\\' && !is_escaped;
            ends
        };
        let end = quoted.char_indices().find(is_end).map_or(quoted.len(), |(end, _)| end);
        let (value, behind) = quoted.split_at(end);
        match value.char_indices().nth(QUOTED) {
            Some((cut, _)) => {
                short.push_str(&value[..cut]);
                short.push('…');
            }
            None => short.push_str(value),
        }
        let close = behind.chars().next().map_or(0, char::len_utf8);
        short.push_str(&behind[..close]);
        rest = &behind[close..];
    }
    short + rest
}

/// Writes each finding with its lines, and, unless it is to be quiet, a line that sums up.
///
/// # Errors
/// What `out` says.
pub fn write_human(report: &Report<'_>, style: HumanStyle, is_quiet: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    for finding in report.findings_named_first() {
        text.clear();
        render(report, finding, style, &mut text).map_err(io::Error::other)?;
        writeln!(out, "{text}")?;
    }
    match report.checked.files {
        _ if is_quiet => Ok(()),
        // After an error message, "nothing to lint" would be wrong.
        0 if report.has_failed() => Ok(()),
        0 => writeln!(out, "nothing to lint: no nginx configuration was found"),
        _ => {
            writeln!(out, "{}", summary(report, style))?;
            fixable(report).map_or(Ok(()), |line| writeln!(out, "{line}"))
        }
    }
}

fn render(report: &Report<'_>, finding: &Finding, style: HumanStyle, text: &mut String) -> fmt::Result {
    let drawing = Drawing::new(report, finding, style);
    handler(style, &drawing).render_report(text, &drawing)?;
    if let Some(url) = drawing.url.as_ref().filter(|_| !style.links) {
        text.push_str("  docs: ");
        text.push_str(url);
        text.push('\n');
    }
    Ok(())
}

fn handler(style: HumanStyle, drawing: &Drawing) -> GraphicalReportHandler {
    let mut styles = if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let own = match drawing.severity {
        Severity::Error => styles.error,
        Severity::Warning => styles.warning,
        Severity::Info => styles.advice,
    };
    // miette deals the styles out to the labels in the order of their offsets.
    let mut labels: Vec<&LabeledSpan> = drawing.labels.iter().collect();
    labels.sort_by_key(|label| label.offset());
    styles.highlights = labels.iter().map(|label| if label.primary() { own } else { styles.help }).collect();
    let characters = if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_width(style.width)
        .with_break_words(false)
        .with_word_separator(WordSeparator::AsciiSpace)
        .with_word_splitter(WordSplitter::NoHyphenation)
        .with_urls(style.links)
        .with_link_display_text("(docs)")
        .without_syntax_highlighting()
}

/// One finding as miette wants it.
#[derive(Debug)]
struct Drawing {
    severity: Severity,
    code: String,
    message: String,
    help: Option<String>,
    url: Option<String>,
    labels: Vec<LabeledSpan>,
    lines: Lines,
}

impl Drawing {
    fn new(report: &Report<'_>, finding: &Finding, style: HumanStyle) -> Drawing {
        let related = &finding.related[..finding.related.len().min(MAX_RELATED)];
        let spans: Vec<Span> = [finding.span].into_iter().chain(related.iter().map(|related| related.span)).collect();
        let deepest = spans.iter().map(|span| report.sources.file(span.file).position(span.start).line).max();
        let number_width = (deepest.unwrap_or(0) + 2).to_string().len();
        // Line number, bar and the spaces around them; arrows at the left where a place has several lines.
        let gutter = number_width + 4;
        let excerpt = Excerpt::new(report.sources, &spans, style.width.saturating_sub(gutter + 4).max(16));
        let texts = std::iter::once(None).chain(related.iter().map(|related| Some(related.message.as_str())));
        let labels = texts.zip(&excerpt.marks).map(|(text, mark)| {
            let length = mark.end - mark.start;
            let room = style.width.saturating_sub(gutter + mark.indent + length / 2 + 4).max(MIN_LABEL_WIDTH);
            let text = text.map(|text| textwrap::fill(&printable(text), wrapping(room)));
            match text {
                None => LabeledSpan::new_primary_with_span(None, (mark.start, length)),
                text => LabeledSpan::new(text, mark.start, length),
            }
        });
        let condition = match finding.certainty {
            Certainty::Certain => "",
            Certainty::Conditional => " (on a condition)",
        };
        let unshown = finding.related.len() - related.len();
        let mut help = finding.help.as_deref().map(printable_lines);
        if unshown > 0 {
            let text = help.get_or_insert_default();
            *text = format!("{text}{}({unshown} more places are not shown)", if text.is_empty() { "" } else { "\n" });
        }
        if let Some(fix) = &finding.fix {
            let text = help.get_or_insert_default();
            let (end, option) = (if text.is_empty() { "" } else { "\n" }, option_for(fix));
            *text = format!("{text}{end}{option}: {}", printable(&fix.title));
        }
        Drawing {
            severity: finding.severity,
            code: format!("{}[{}]{condition}", finding.severity, finding.rule),
            message: printable(&finding.message).into_owned(),
            help,
            url: Some(finding.rule.entry().url()),
            labels: labels.collect(),
            lines: Lines(excerpt),
        }
    }
}

/// Text breaks at spaces only, so that paths, addresses and rule ids can be copied.
pub(crate) fn wrapping(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
}

impl fmt::Display for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawing {}

impl Diagnostic for Drawing {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn url<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.url.as_ref().map(|url| Box::new(url) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.lines)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// An excerpt as a source of miette's: it draws one snippet for each of the excerpt's.
#[derive(Debug)]
struct Lines(Excerpt);

impl SourceCode for Lines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        // A span over two snippets is miette's question whether they can be drawn as one.
        let snippet = self.0.snippets.iter().find(|snippet| snippet.start <= start && end <= snippet.end);
        let snippet = snippet.ok_or(MietteError::OutOfBounds)?;
        let name = snippet.name.clone();
        // Without context it asks what to write above the snippet: the file, line and column of a label.
        let contents = if context_lines_before == 0 {
            let mark = self.0.marks.iter().find(|mark| mark.start == start);
            let (line, column) = mark.map_or((snippet.first_line, 0), |mark| {
                (mark.position.line as usize - 1, mark.position.column as usize - 1)
            });
            MietteSpanContents::new_named(name, &self.0.text.as_bytes()[start..end], *span, line, column, 1)
        } else {
            let lines = &self.0.text.as_bytes()[snippet.start..snippet.end];
            let span = (snippet.start, snippet.end - snippet.start).into();
            MietteSpanContents::new_named(name, lines, span, snippet.first_line, 0, snippet.line_count)
        };
        Ok(Box::new(contents))
    }
}

/// `3 errors, 1 warning in 12 files (8 servers, 5 certificates checked)`.
fn summary(report: &Report<'_>, style: HumanStyle) -> String {
    let checked = report.checked;
    let (errors, warnings, infos) =
        (report.count(Severity::Error), report.count(Severity::Warning), report.count(Severity::Info));
    let counts: Vec<String> = [(errors, "error"), (warnings, "warning"), (infos, "info")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| counted(count, noun))
        .collect();
    let (color, found) = if counts.is_empty() {
        // Known ones are problems all the same.
        ("32", if checked.baselined > 0 { "no new problems found" } else { "no problems found" }.to_owned())
    } else {
        (if errors > 0 { "31" } else { "33" }, counts.join(", "))
    };
    let found = if style.color { format!("\x1b[1;{color}m{found}\x1b[0m") } else { found };
    let unknown = match checked.unknown_certificates {
        0 => String::new(),
        count => format!(", {count} not known"),
    };
    let suppressed = match checked.suppressed {
        0 => String::new(),
        count => format!(", {count} suppressed"),
    };
    let known = match checked.baselined {
        0 => String::new(),
        1 => "; 1 known finding is in the baseline".to_owned(),
        count => format!("; {count} known findings are in the baseline"),
    };
    format!(
        "{found} in {} ({}, {} checked{unknown}{suppressed}){known}",
        counted(checked.files, "file"),
        counted(checked.servers, "server"),
        counted(checked.certificates, "certificate"),
    )
}

/// `3 of them can be fixed with --fix, 1 more with --fix=all`; `None` where there is no fix.
fn fixable(report: &Report<'_>) -> Option<String> {
    let fixes = || report.findings().iter().filter_map(|finding| finding.fix.as_ref());
    let safe = fixes().filter(|fix| fix.is_safe).count();
    let of_all = |count: usize| if report.findings().len() == 1 { "it".to_owned() } else { format!("{count} of them") };
    match (safe, fixes().count() - safe) {
        (0, 0) => None,
        (0, others) => Some(format!("{} can be fixed with --fix=all", of_all(others))),
        (safe, 0) => Some(format!("{} can be fixed with --fix", of_all(safe))),
        (safe, others) => Some(format!("{safe} of them can be fixed with --fix, {others} more with --fix=all")),
    }
}

/// What makes a fix.
fn option_for(fix: &Fix) -> &'static str {
    if fix.is_safe { "--fix" } else { "--fix=all" }
}

/// `1 file`, `3 files`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    // "3 infos" is what the JSON says too.
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
