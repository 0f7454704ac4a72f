//! A rule's face as a page of Markdown, for those who show help beside a finding.

use std::fmt::Write as _;

use crate::rules::{Example, RuleEntry};

/// The reason and the cure, without marks.
pub(super) fn plain_text(entry: &RuleEntry) -> String {
    let face = entry.face();
    format!("{}\n\n{}", face.rationale.trim(), face.fix.trim())
}

/// The reason, the cure, an example of each kind, and the sources.
pub(super) fn markdown(entry: &RuleEntry) -> String {
    let face = entry.face();
    let mut page = format!("{}\n\n## How to fix it\n\n{}\n", face.rationale.trim(), face.fix.trim());
    for (heading, examples) in [("Bad", &face.bad), ("Good", &face.good)] {
        if let Some(example) = examples.first() {
            // Writing to a String cannot fail.
            let _ = write!(page, "\n## {heading}\n\n{}", example_text(example));
        }
    }
    page += "\n## References\n\n";
    for reference in face.references.iter().chain([&entry.url()]) {
        let _ = writeln!(page, "- <{reference}>");
    }
    page
}

fn example_text(example: &Example) -> String {
    let note = example.note.as_ref().map_or_else(String::new, |note| format!("{}\n\n", note.trim()));
    format!("{note}```nginx\n{}\n```\n", example.config.trim_end())
}
