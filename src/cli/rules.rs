//! `ngxlint rules`: what is looked for.

use std::io::{self, Write};

use serde::Serialize;

use super::arguments::{ListFormat, RulesArguments};
use super::{RunError, Status, output};
use crate::hsts::PreloadList;
use crate::report::wrapping;
use crate::rules::all_rules;

#[derive(Serialize)]
struct RuleObject {
    id: &'static str,
    category: &'static str,
    summary: &'static str,
    url: String,
}

/// Runs the command.
pub(super) fn run(arguments: &RulesArguments) -> Result<Status, RunError> {
    output::write_to(None, |out| match arguments.format {
        ListFormat::Human => {
            write_table(output::width(), out)?;
            if arguments.verbose { write_sources(out) } else { Ok(()) }
        }
        ListFormat::Json => {
            let rules = all_rules().iter().map(|entry| RuleObject {
                id: entry.name,
                category: entry.category,
                summary: &entry.face().summary,
                url: entry.url(),
            });
            serde_json::to_writer_pretty(&mut *out, &rules.collect::<Vec<_>>())?;
            writeln!(out)
        }
    })?;
    Ok(Status::Success)
}

/// One row a rule; on a narrow terminal the summary goes to lines of its own.
fn write_table(width: usize, out: &mut dyn Write) -> io::Result<()> {
    let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
    let names = longest(&mut all_rules().iter().map(|entry| entry.name.len()));
    let categories = longest(&mut all_rules().iter().map(|entry| entry.category.len()));
    let indent = names + categories + 4;
    let is_narrow = width < indent + 30;
    for entry in all_rules() {
        let head = format!("{:names$}  {:categories$}", entry.name, entry.category);
        let summary = &entry.face().summary;
        if is_narrow {
            let unaligned = format!("{} {}", entry.name, entry.category);
            let head = if head.trim_end().len() > width { &unaligned } else { head.trim_end() };
            writeln!(out, "{}", textwrap::fill(head, wrapping(width)))?;
            writeln!(out, "{}", textwrap::fill(summary, indented(width, "    ")))?;
        } else {
            let mut head = format!("{head}  ");
            for line in textwrap::wrap(summary, wrapping(width - indent)) {
                writeln!(out, "{}", format!("{head:indent$}{line}").trim_end())?;
                head.clear();
            }
        }
    }
    Ok(())
}

/// The facts that change while the program stays the same.
fn write_sources(out: &mut dyn Write) -> io::Result<()> {
    let list = PreloadList::shipped();
    writeln!(out, "\nHSTS preload list: {} hosts as of {} ({})", list.len(), list.date(), list.source())
}

fn indented(width: usize, indent: &str) -> textwrap::Options<'_> {
    wrapping(width).initial_indent(indent).subsequent_indent(indent)
}
