//! Workflow commands of GitHub Actions, which show findings beside the lines of a pull request, and the summary of a
//! step.
//!
//! GitHub: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.

use std::io::{self, Write};

use super::printable::stand_in;
use super::{FAILED, Report, printable};
use crate::rules::{Finding, Severity};

/// Annotations of each kind that GitHub shows for a step.
const SHOWN: usize = 10;

/// Rows of the summary's table; nobody reads more.
const ROWS: usize = 1000;

/// Bytes of the summary's rows. GitHub shows none of a summary of more than 1 MiB, and this run may not be the only one
/// of its step.
const SUMMARY_BYTES: usize = 512 << 10;

/// Writes a command for each finding, the worst first, since only the first ten of each kind are shown; then a line
/// that counts them. That a run has failed comes before all.
///
/// # Errors
/// What `out` says.
pub fn write_github(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let failures = usize::from(report.has_failed());
    if report.has_failed() {
        writeln!(out, "::error title=ngxlint::{FAILED}")?;
    }
    let mut hidden = 0;
    for severity in [Severity::Error, Severity::Warning, Severity::Info] {
        let found = report.findings_named_first().filter(|finding| finding.severity == severity);
        for finding in found {
            write_command(report, finding, out)?;
        }
        let others = if severity == Severity::Error { failures } else { 0 };
        hidden += (others + report.count(severity)).saturating_sub(SHOWN);
    }
    let failed = if report.has_failed() { "the run failed; " } else { "" };
    let counts = format!("{failed}{}", counts(report));
    if hidden == 0 {
        writeln!(out, "ngxlint: {counts}")
    } else {
        writeln!(
            out,
            "ngxlint: {counts}; GitHub shows {SHOWN} of a kind beside the code, the other {hidden} are in this log"
        )
    }
}

fn write_command(report: &Report<'_>, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let file = report.sources.file(finding.span.file);
    let (start, end) = (file.position(finding.span.start), file.position(finding.span.end));
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let path = report.repository.path(&file.path);
    write!(out, "::{command} file={},line={}", property(&path), start.line)?;
    // A finding of several lines cannot have columns.
    if start.line == end.line {
        write!(out, ",col={},endColumn={}", start.column, end.column)?;
    } else {
        write!(out, ",endLine={}", end.line)?;
    }
    write!(out, ",title={}::", property(&format!("ngxlint: {}", finding.rule)))?;
    let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\n\n{help}"));
    writeln!(out, "{}", data(&format!("{path}:{}:{}: {}{help}", start.line, start.column, finding.message)))
}

/// Writes the table that a step's summary shows, as Markdown.
///
/// # Errors
/// What `out` says.
pub fn write_github_summary(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### ngxlint: {}\n", counts(report))?;
    if report.has_failed() {
        writeln!(out, "**Error:** {FAILED}\n")?;
    }
    if report.findings().is_empty() {
        return Ok(());
    }
    writeln!(out, "| severity | rule | place | finding |\n|---|---|---|---|")?;
    let mut worst_first: Vec<&Finding> = report.findings_named_first().collect();
    worst_first.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let (mut rows, mut bytes) = (0, 0);
    for finding in worst_first.iter().take(ROWS) {
        let file = report.sources.file(finding.span.file);
        let line = file.position(finding.span.start).line;
        let place = format!("{}:{line}", report.repository.path(&file.path));
        let (severity, rule, url) = (finding.severity, finding.rule, finding.rule.entry().url());
        let row = format!("| {severity} | [{rule}]({url}) | {} | {} |", cell(&place), cell(&finding.message));
        bytes += row.len();
        if bytes > SUMMARY_BYTES {
            break;
        }
        writeln!(out, "{row}")?;
        rows += 1;
    }
    if let Some(more @ 1..) = worst_first.len().checked_sub(rows) {
        writeln!(out, "\n… and {more} more")?;
    }
    Ok(())
}

fn counts(report: &Report<'_>) -> String {
    let one = |severity, word: &str| match report.count(severity) {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    format!("{}, {}, {}", one(Severity::Error, "error"), one(Severity::Warning, "warning"), one(Severity::Info, "info"))
}

/// The text of a command. Line ends are kept, other controls are shown: they would reach the terminal of whoever reads
/// the log.
fn data(text: &str) -> String {
    let shown = |char: char| if matches!(char, '\r' | '\n') { char } else { stand_in(char).unwrap_or(char) };
    let text: String = text.chars().map(shown).collect();
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A text between the bars of a table: nothing in it is Markdown or HTML.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for char in printable(text).chars() {
        match char {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => safe.extend(['\\', char]),
            _ => safe.push(char),
        }
    }
    safe
}
