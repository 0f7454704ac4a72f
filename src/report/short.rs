//! One line a finding, for the problem matchers of editors.

use std::io::{self, Write};

use super::{Report, printable};

/// Writes `FILE:LINE:COL: severity[rule] message` for each finding.
///
/// # Errors
/// What `out` says.
pub fn write_short(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings_named_first() {
        let path = report.path(finding.span.file).to_string_lossy();
        let position = report.sources.file(finding.span.file).position(finding.span.start);
        let (severity, rule) = (finding.severity, finding.rule);
        let (path, message) = (printable(&path), printable(&finding.message));
        writeln!(out, "{path}:{}:{}: {severity}[{rule}] {message}", position.line, position.column)?;
    }
    Ok(())
}
