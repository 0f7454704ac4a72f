//! JUnit's XML, for servers that show test results: a suite a file, a case a finding.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::printable::printable_lines;
use super::{FAILED, Report, printable};
use crate::rules::{Finding, Severity};

/// The element around all suites, and the name of the suite of a run without findings.
const NAME: &str = env!("CARGO_PKG_NAME");

/// Writes the report; findings below `threshold` are cases that pass. A run without any has a case that passes, since
/// servers take a report without cases for a mistake; one that failed has a case with an error.
///
/// # Errors
/// What `out` says.
pub fn write_junit(report: &Report<'_>, threshold: Option<Severity>, out: &mut dyn Write) -> io::Result<()> {
    let is_failure = |finding: &Finding| threshold.is_some_and(|threshold| finding.severity >= threshold);
    let findings = report.findings();
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let failures = findings.iter().filter(|finding| is_failure(finding)).count();
    let errors = usize::from(report.has_failed());
    let tests = (findings.len() + errors).max(1);
    xml.write_event(Event::Start(counted("testsuites", NAME, tests, failures, errors)))?;
    for found in findings.chunk_by(|a, b| a.span.file == b.span.file) {
        let Some(first) = found.first() else { continue };
        let path = report.repository.path(report.path(first.span.file));
        let failures = found.iter().filter(|finding| is_failure(finding)).count();
        xml.write_event(Event::Start(counted("testsuite", &printable(&path), found.len(), failures, 0)))?;
        for finding in found {
            write_case(report, finding, &path, is_failure(finding), &mut xml)?;
        }
        xml.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    if report.has_failed() {
        xml.write_event(Event::Start(counted("testsuite", NAME, 1, 0, 1)))?;
        let attributes = [("name", "the run"), ("classname", NAME)];
        xml.write_event(Event::Start(BytesStart::new("testcase").with_attributes(attributes)))?;
        let attributes = [("message", FAILED), ("type", "failed")];
        xml.write_event(Event::Empty(BytesStart::new("error").with_attributes(attributes)))?;
        xml.write_event(Event::End(BytesEnd::new("testcase")))?;
        xml.write_event(Event::End(BytesEnd::new("testsuite")))?;
    } else if findings.is_empty() {
        xml.write_event(Event::Start(counted("testsuite", NAME, 1, 0, 0)))?;
        let attributes = [("name", "no findings"), ("classname", NAME)];
        xml.write_event(Event::Empty(BytesStart::new("testcase").with_attributes(attributes)))?;
        xml.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    writeln!(out)
}

/// The start of what holds cases.
fn counted(element: &'static str, name: &str, tests: usize, failures: usize, errors: usize) -> BytesStart<'static> {
    let (tests, failures, errors) = (tests.to_string(), failures.to_string(), errors.to_string());
    let attributes = [("name", name), ("tests", &tests), ("failures", &failures), ("errors", &errors)];
    BytesStart::new(element).with_attributes(attributes)
}

fn write_case(
    report: &Report<'_>,
    finding: &Finding,
    path: &str,
    is_failure: bool,
    xml: &mut Writer<impl Write>,
) -> io::Result<()> {
    let position = report.sources.file(finding.span.file).position(finding.span.start);
    let place = format!("{}:{}", position.line, position.column);
    let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\n\n{help}"));
    let (rule, severity) = (finding.rule, finding.severity);
    let text = printable_lines(&format!("{path}:{place}: {severity}[{rule}] {}{help}", finding.message));
    let (name, path, message) = (format!("{rule} at {place}"), printable(path), printable(&finding.message));
    let attributes = [("name", name.as_str()), ("classname", &path)];
    xml.write_event(Event::Start(BytesStart::new("testcase").with_attributes(attributes)))?;
    let severity = severity.to_string();
    let (element, attributes) = if is_failure {
        ("failure", vec![("message", &*message), ("type", &severity)])
    } else {
        ("system-out", Vec::new())
    };
    xml.write_event(Event::Start(BytesStart::new(element).with_attributes(attributes)))?;
    xml.write_event(Event::Text(BytesText::new(&text)))?;
    xml.write_event(Event::End(BytesEnd::new(element)))?;
    xml.write_event(Event::End(BytesEnd::new("testcase")))?;
    Ok(())
}
