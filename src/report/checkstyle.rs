//! Checkstyle's XML, which most CI servers read.
//!
//! Checkstyle: `XMLLogger`, <https://checkstyle.org/cmdline.html>.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, Event};

use super::{Report, printable};
use crate::rules::Finding;

/// The version of the format.
const VERSION: &str = "4.3";

/// Writes one `file` element for each file with findings.
///
/// # Errors
/// What `out` says.
pub fn write_checkstyle(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.write_event(Event::Start(BytesStart::new("checkstyle").with_attributes([("version", VERSION)])))?;
    for found in report.findings().chunk_by(|a, b| a.span.file == b.span.file) {
        let Some(first) = found.first() else { continue };
        let path = report.repository.path(report.path(first.span.file));
        let path = printable(&path);
        xml.write_event(Event::Start(BytesStart::new("file").with_attributes([("name", &*path)])))?;
        for finding in found {
            write_error(report, finding, &mut xml)?;
        }
        xml.write_event(Event::End(BytesEnd::new("file")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("checkstyle")))?;
    writeln!(out)
}

fn write_error(report: &Report<'_>, finding: &Finding, xml: &mut Writer<impl Write>) -> io::Result<()> {
    let position = report.sources.file(finding.span.file).position(finding.span.start);
    let (line, column) = (position.line.to_string(), position.column.to_string());
    let source = format!("ngxlint.{}.{}", finding.rule.entry().category, finding.rule);
    let attributes = [
        ("line", line.as_str()),
        ("column", &column),
        ("severity", &finding.severity.to_string()),
        ("message", &printable(&finding.message)),
        ("source", &source),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let attributes = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    xml.write_event(Event::Empty(BytesStart::new("error").with_attributes(attributes)))
}
