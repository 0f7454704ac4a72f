//! GitLab's Code Quality report.
//!
//! GitLab: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use super::fingerprint::fingerprints;
use crate::rules::{Finding, Severity};

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    /// Two issues of the same fingerprint are one to GitLab.
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    /// From the top of the repository, without `./`.
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes an array of issues. That a run has failed is none: it has no place in a file, which GitLab asks for, so the
/// exit status must fail the job.
///
/// # Errors
/// What `out` says.
pub fn write_gitlab(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let issues: Vec<Issue> = report
        .findings()
        .iter()
        .zip(fingerprints(report, report.findings()))
        .map(|(finding, fingerprint)| issue(report, finding, fingerprint))
        .collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

fn issue(report: &Report<'_>, finding: &Finding, fingerprint: String) -> Issue {
    let file = report.sources.file(finding.span.file);
    let lines = Lines { begin: file.position(finding.span.start).line, end: file.position(finding.span.end).line };
    Issue {
        description: finding.message.clone(),
        check_name: finding.rule.as_str(),
        fingerprint,
        severity: match finding.severity {
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Info => "info",
        },
        location: Location { path: report.repository.path(&file.path), lines },
    }
}
