//! SARIF 2.1.0, as code scanning of GitHub wants it.
//!
//! OASIS: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>;
//! GitHub: <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::json;
use serde_sarif::sarif::{
    ArtifactChange, ArtifactContent, ArtifactLocation, CodeFlow, Fix, Invocation, Location, Message,
    MultiformatMessageString, PhysicalLocation, PropertyBag, Region, Replacement, ReportingConfiguration,
    ReportingDescriptor, Result as SarifResult, ResultKind, ResultLevel, Run, Sarif, Suppression, ThreadFlow,
    ThreadFlowLocation, Tool, ToolComponent,
};

use super::Report;
use super::fingerprint::fingerprints;
use super::rule_page::{markdown, plain_text};
use crate::rules::{self, Finding, RuleEntry, Severity, all_rules};
use crate::source::{FileId, Span};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The base of all paths of the repository; whoever reads the log puts the place of the repository there.
const REPOSITORY: &str = "%SRCROOT%";

/// The name of our fingerprints; another way to make them would get another number.
const FINGERPRINT: &str = "ngxlint/v1";

/// Writes the report as one SARIF log with one run.
///
/// # Errors
/// What `out` says.
pub fn write_sarif(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let suppressed = if report.shows_suppressed { &report.suppressed[..] } else { &[] };
    let suppressed: Vec<(&Finding, Option<&str>)> =
        suppressed.iter().map(|one| (&one.finding, Some(one.reason.as_str()))).collect();
    let all: Vec<(&Finding, Option<&str>)> =
        report.findings().iter().map(|finding| (finding, None)).chain(suppressed).collect();
    let used: Vec<&RuleEntry> =
        all_rules().iter().filter(|entry| all.iter().any(|(finding, _)| finding.rule == entry.id)).collect();
    let driver = ToolComponent::builder()
        .name(env!("CARGO_PKG_NAME").to_owned())
        .version(env!("CARGO_PKG_VERSION").to_owned())
        .semantic_version(env!("CARGO_PKG_VERSION").to_owned())
        .information_uri(rules::PROJECT.to_owned())
        .rules(used.iter().map(|entry| descriptor(entry)).collect::<Vec<_>>())
        .build();
    let prints = fingerprints(report, all.iter().map(|(finding, _)| *finding));
    let results = all.iter().zip(prints).map(|((finding, reason), print)| {
        let index = used.iter().position(|entry| entry.id == finding.rule).unwrap_or_default();
        let result = result(report, finding, index, print);
        SarifResult { suppressions: reason.map(|reason| vec![suppression(reason)]), ..result }
    });
    let repository = ArtifactLocation::builder().description(text("the top of the repository")).build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .results(results.collect::<Vec<_>>())
        .column_kind(json!("unicodeCodePoints"))
        .original_uri_base_ids(BTreeMap::from([(REPOSITORY.to_owned(), repository)]))
        .invocations(vec![Invocation::builder().execution_successful(!report.has_failed()).build()])
        .build();
    let log = Sarif::builder().schema(SCHEMA.to_owned()).version(json!("2.1.0")).runs(vec![run]).build();
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn descriptor(entry: &RuleEntry) -> ReportingDescriptor {
    let face = entry.face();
    let message = |text: &str| MultiformatMessageString::builder().text(text.to_owned()).build();
    let help = MultiformatMessageString::builder().text(plain_text(entry)).markdown(markdown(entry)).build();
    let properties = PropertyBag::builder().tags(vec![entry.category.to_owned()]).build();
    ReportingDescriptor::builder()
        .id(entry.name.to_owned())
        .name(pascal_case(entry.name))
        .short_description(message(&face.summary))
        .full_description(message(&plain_text(entry)))
        .help(help)
        .help_uri(entry.url())
        .default_configuration(ReportingConfiguration::builder().level(json!("warning")).build())
        .properties(properties)
        .build()
}

fn result(report: &Report<'_>, finding: &Finding, rule_index: usize, print: String) -> SarifResult {
    let related: Vec<Location> = (1..)
        .zip(&finding.related)
        .map(|(id, related)| location(report, related.span, Some(id), Some(&related.message)))
        .collect();
    let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\n\n{help}"));
    // What is quoted of a configuration is no link.
    let mut told = format!("{}{help}", finding.message).replace("](", "\\](");
    if !finding.related.is_empty() {
        let links = (1..).zip(&finding.related).map(|(id, related)| format!("[{}]({id})", link_text(&related.message)));
        told += &format!("\n\nSee: {}", links.collect::<Vec<_>>().join("; "));
    }
    let (kind, level) = match finding.severity {
        Severity::Error => (ResultKind::Fail, ResultLevel::Error),
        Severity::Warning => (ResultKind::Fail, ResultLevel::Warning),
        Severity::Info => (ResultKind::Fail, ResultLevel::Note),
    };
    let base = SarifResult::builder()
        .rule_id(finding.rule.as_str().to_owned())
        .rule_index(rule_index as i64)
        .kind(kind)
        .level(level)
        .message(text(told))
        .locations(vec![location(report, finding.span, None, None)])
        .partial_fingerprints(BTreeMap::from([(FINGERPRINT.to_owned(), print)]))
        .properties(
            PropertyBag::builder()
                .additional_properties(BTreeMap::from([("certainty".to_owned(), json!(finding.certainty))]))
                .build(),
        )
        .build();
    SarifResult {
        code_flows: code_flow(report, finding).map(|flow| vec![flow]),
        related_locations: (!related.is_empty()).then_some(related),
        fixes: finding.fix.as_ref().map(|made| vec![fix(report, made)]),
        ..base
    }
}

/// A comment in the configuration. GitHub takes no notice of it, and would open an alert; others hide the result.
fn suppression(reason: &str) -> Suppression {
    let base = Suppression::builder().kind(json!("inSource")).build();
    Suppression { justification: (!reason.is_empty()).then(|| reason.to_owned()), ..base }
}

/// The hops of a redirect, one after the other. The way begins at the finding, whether that is told once more or not.
fn code_flow(report: &Report<'_>, finding: &Finding) -> Option<CodeFlow> {
    let hops = || finding.related.iter().filter(|related| related.is_hop);
    let first = hops().next()?;
    let begins = (first.span != finding.span).then_some((finding.span, &finding.message));
    let steps = begins.into_iter().chain(hops().map(|hop| (hop.span, &hop.message)));
    let steps = steps.map(|(span, message)| {
        ThreadFlowLocation::builder().location(location(report, span, None, Some(message))).build()
    });
    let flow = ThreadFlow::builder().locations(steps.collect::<Vec<_>>()).build();
    Some(CodeFlow::builder().thread_flows(vec![flow]).build())
}

fn fix(report: &Report<'_>, fix: &rules::Fix) -> Fix {
    let mut changes: Vec<ArtifactChange> = Vec::new();
    let mut files: Vec<FileId> = Vec::new();
    for edit in &fix.edits {
        let inserted = ArtifactContent::builder().text(edit.text.clone()).build();
        let replacement =
            Replacement::builder().deleted_region(region(report, edit.span)).inserted_content(inserted).build();
        match files.iter().position(|file| *file == edit.span.file).and_then(|at| changes.get_mut(at)) {
            Some(change) => change.replacements.push(replacement),
            None => {
                files.push(edit.span.file);
                changes.push(
                    ArtifactChange::builder()
                        .artifact_location(artifact(report, edit.span.file))
                        .replacements(vec![replacement])
                        .build(),
                );
            }
        }
    }
    Fix::builder().description(text(fix.title.clone())).artifact_changes(changes).build()
}

fn location(report: &Report<'_>, span: Span, id: Option<i64>, message: Option<&str>) -> Location {
    let place =
        PhysicalLocation::builder().artifact_location(artifact(report, span.file)).region(region(report, span)).build();
    let base = Location::builder().physical_location(place).build();
    Location { id, message: message.map(text), ..base }
}

fn artifact(report: &Report<'_>, file: FileId) -> ArtifactLocation {
    let uri = report.repository.uri(report.path(file));
    let base = ArtifactLocation::builder().uri(uri.clone()).build();
    let is_inside = !uri.starts_with("file:");
    ArtifactLocation { uri_base_id: is_inside.then(|| REPOSITORY.to_owned()), ..base }
}

fn region(report: &Report<'_>, span: Span) -> Region {
    let file = report.sources.file(span.file);
    let (start, end) = (file.position(span.start), file.position(span.end));
    Region::builder()
        .start_line(i64::from(start.line))
        .start_column(i64::from(start.column))
        .end_line(i64::from(end.line))
        .end_column(i64::from(end.column))
        .build()
}

fn text(text: impl Into<String>) -> Message {
    Message::builder().text(text.into()).build()
}

/// A text that may stand between the brackets of a link (section 3.11.6).
fn link_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

/// `redirect-loop` as `RedirectLoop`: a name that the specification calls readable.
fn pascal_case(id: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    id.split('-').map(capital).collect()
}
