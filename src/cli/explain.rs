//! `ngxlint explain RULE`: the rule's face, for people.

use std::io::{self, Write};

use super::arguments::ExplainArguments;
use super::{RunError, Status, output};
use crate::report::wrapping;
use crate::rules::{Example, OptionFace, RuleEntry, UnknownRule, find_rule};

/// Longer lines of prose are hard to read.
const MAX_WIDTH: usize = 90;

/// Runs the command.
pub(super) fn run(arguments: &ExplainArguments) -> Result<Status, RunError> {
    let rule = find_rule(&arguments.rule).ok_or_else(|| RunError::UnknownRule(UnknownRule::new(&arguments.rule)))?;
    output::write_to(None, |out| write_face(rule.entry(), output::width().min(MAX_WIDTH), out))?;
    Ok(Status::Success)
}

fn write_face(entry: &RuleEntry, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let face = entry.face();
    writeln!(out, "{} ({})", entry.name, entry.category)?;
    writeln!(out, "{}\n", fill(&face.summary, width))?;
    for paragraph in paragraphs(&face.rationale) {
        writeln!(out, "{}\n", fill(&paragraph, width))?;
    }
    write_examples("Bad", &face.bad, out)?;
    write_examples("Good", &face.good, out)?;
    writeln!(out, "How to fix it")?;
    for paragraph in paragraphs(&face.fix) {
        writeln!(out, "{}\n", fill(&paragraph, width))?;
    }
    if !face.options.is_empty() {
        writeln!(out, "Options")?;
        for (name, option) in &face.options {
            let text = format!("{name} ({}, default {}): {}", option.kind, default_of(option), option.description);
            let options = wrapping(width).initial_indent("  ").subsequent_indent("      ");
            writeln!(out, "{}", textwrap::fill(&text, options))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "References")?;
    for reference in face.references.iter().chain([&entry.url()]) {
        writeln!(out, "  {reference}")?;
    }
    Ok(())
}

fn write_examples(heading: &str, examples: &[Example], out: &mut dyn Write) -> io::Result<()> {
    for example in examples {
        match &example.note {
            Some(note) => writeln!(out, "{heading}: {note}\n")?,
            None => writeln!(out, "{heading}\n")?,
        }
        write_config(&example.config, out)?;
        for (path, text) in &example.files {
            writeln!(out, "  {path}:\n")?;
            write_config(text, out)?;
        }
    }
    Ok(())
}

fn write_config(text: &str, out: &mut dyn Write) -> io::Result<()> {
    for line in text.trim_end().lines() {
        writeln!(out, "{}", format!("    {line}").trim_end())?;
    }
    writeln!(out)
}

fn default_of(option: &OptionFace) -> String {
    serde_json::to_string(&option.default).unwrap_or_default()
}

/// The paragraphs of a text that was broken into lines elsewhere. A line that is indented or starts
/// a list item starts a paragraph of its own.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let starts = line.starts_with([' ', '-', '*']);
        match paragraphs.last_mut() {
            _ if line.trim().is_empty() => is_open = false,
            Some(last) if is_open && !starts => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => {
                paragraphs.push(line.trim_end().to_owned());
                is_open = true;
            }
        }
    }
    paragraphs
}

fn fill(text: &str, width: usize) -> String {
    textwrap::fill(text, wrapping(width))
}
