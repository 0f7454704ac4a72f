//! One JSON object, for programs. Its form is [`FINDINGS_SCHEMA`].

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::Report;
use crate::nginx::NginxVersion;
use crate::rules::{Certainty, Edit, Finding, Fix, Related, Severity};
use crate::source::{FileId, Span};

/// The JSON Schema of what [`write_json`] writes.
pub const FINDINGS_SCHEMA: &str = include_str!("schema/findings.schema.json");

/// Grows when a program that reads the report would have to change.
const SCHEMA_VERSION: u32 = 1;

/// Writes the report as one object and a line feed.
///
/// # Errors
/// What `out` says.
pub fn write_json(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let object = ReportObject {
        schema_version: SCHEMA_VERSION,
        tool: Tool::new(report.nginx_version),
        findings: FindingList(report),
        summary: Summary {
            files: report.checked.files,
            servers: report.checked.servers,
            certificates: report.checked.certificates,
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            infos: report.count(Severity::Info),
            suppressed: report.checked.suppressed,
            baselined: report.checked.baselined,
        },
    };
    serde_json::to_writer_pretty(&mut *out, &object)?;
    writeln!(out)
}

#[derive(Serialize)]
struct ReportObject<'r> {
    schema_version: u32,
    tool: Tool,
    findings: FindingList<'r>,
    summary: Summary,
}

/// Who has written a report, and for which nginx.
#[derive(Serialize)]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
    nginx_version: String,
}

impl Tool {
    pub(super) fn new(nginx_version: NginxVersion) -> Tool {
        Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            nginx_version: nginx_version.to_string(),
        }
    }
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    servers: usize,
    certificates: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
    baselined: usize,
}

/// The findings, made into objects one by one while they are written.
struct FindingList<'r>(&'r Report<'r>);

impl Serialize for FindingList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.findings.iter().map(|finding| FindingObject::new(self.0, finding)))
    }
}

#[derive(Serialize)]
struct FindingObject<'r> {
    rule: &'static str,
    category: &'static str,
    severity: Severity,
    certainty: Certainty,
    message: &'r str,
    help: Option<&'r str>,
    url: String,
    location: Location,
    related: Vec<RelatedObject<'r>>,
    fix: Option<FixObject<'r>>,
}

#[derive(Serialize)]
struct Location {
    file: String,
    start: Place,
    end: Place,
}

#[derive(Serialize)]
struct Place {
    line: u32,
    column: u32,
    offset: u32,
}

#[derive(Serialize)]
struct RelatedObject<'r> {
    location: Location,
    message: &'r str,
}

#[derive(Serialize)]
struct FixObject<'r> {
    title: &'r str,
    safe: bool,
    edits: Vec<EditObject<'r>>,
}

#[derive(Serialize)]
struct EditObject<'r> {
    file: String,
    start_offset: u32,
    end_offset: u32,
    text: &'r str,
}

impl<'r> FindingObject<'r> {
    fn new(report: &Report<'_>, finding: &'r Finding) -> FindingObject<'r> {
        let related = |related: &'r Related| RelatedObject {
            location: Location::new(report, related.span),
            message: &related.message,
        };
        FindingObject {
            rule: finding.rule.as_str(),
            category: finding.rule.entry().category,
            severity: finding.severity,
            certainty: finding.certainty,
            message: &finding.message,
            help: finding.help.as_deref(),
            url: finding.rule.entry().url(),
            location: Location::new(report, finding.span),
            related: finding.related.iter().map(related).collect(),
            fix: finding.fix.as_ref().map(|fix| FixObject::new(report, fix)),
        }
    }
}

impl Location {
    fn new(report: &Report<'_>, span: Span) -> Location {
        let file = report.sources.file(span.file);
        let place = |offset| {
            let position = file.position(offset);
            Place { line: position.line, column: position.column, offset }
        };
        Location { file: shown(report, span.file), start: place(span.start), end: place(span.end) }
    }
}

impl<'r> FixObject<'r> {
    fn new(report: &Report<'_>, fix: &'r Fix) -> FixObject<'r> {
        let edit = |edit: &'r Edit| EditObject {
            file: shown(report, edit.span.file),
            start_offset: edit.span.start,
            end_offset: edit.span.end,
            text: &edit.text,
        };
        FixObject { title: &fix.title, safe: fix.is_safe, edits: fix.edits.iter().map(edit).collect() }
    }
}

fn shown(report: &Report<'_>, file: FileId) -> String {
    report.path(file).to_string_lossy().into_owned()
}
