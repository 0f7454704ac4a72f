//! JUnit's XML, for servers that show test results: a suite a file, a case a finding.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::Report;
use crate::rules::{Finding, Severity};
use crate::source::FileId;

/// Writes the report; findings below `threshold` are cases that pass. A file without any has a case that passes, since
/// servers take a report without cases for a mistake.
///
/// # Errors
/// What `out` says.
pub fn write_junit(report: &Report<'_>, threshold: Option<Severity>, out: &mut dyn Write) -> io::Result<()> {
    let mut suites = quick_junit::Report::new(env!("CARGO_PKG_NAME"));
    let mut open: Option<(FileId, TestSuite)> = None;
    for finding in report.findings() {
        let file = finding.span.file;
        if open.as_ref().is_none_or(|(known, _)| *known != file) {
            suites.add_test_suites(open.take().map(|(_, suite)| suite));
            open = Some((file, TestSuite::new(report.repository.path(report.path(file)))));
        }
        if let Some((_, suite)) = &mut open {
            suite.add_test_case(case(report, finding, threshold));
        }
    }
    suites.add_test_suites(open.map(|(_, suite)| suite));
    if report.findings().is_empty() {
        let mut suite = TestSuite::new(env!("CARGO_PKG_NAME"));
        suite.add_test_case(TestCase::new("no findings", TestCaseStatus::success()));
        suites.add_test_suite(suite);
    }
    suites.serialize(&mut *out).map_err(io::Error::other)?;
    Ok(())
}

fn case(report: &Report<'_>, finding: &Finding, threshold: Option<Severity>) -> TestCase {
    let file = report.sources.file(finding.span.file);
    let position = file.position(finding.span.start);
    let path = report.repository.path(&file.path);
    let place = format!("{path}:{}:{}", position.line, position.column);
    let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\n\n{help}"));
    let text = format!("{place}: {}[{}] {}{help}", finding.severity, finding.rule, finding.message);
    let is_failure = threshold.is_some_and(|threshold| finding.severity >= threshold);
    let status = if is_failure {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status
            .set_message(finding.message.clone())
            .set_type(finding.severity.to_string())
            .set_description(text.clone());
        status
    } else {
        TestCaseStatus::success()
    };
    let mut case = TestCase::new(format!("{} at {}:{}", finding.rule, position.line, position.column), status);
    case.set_classname(path);
    if !is_failure {
        case.set_system_out(text);
    }
    case
}
