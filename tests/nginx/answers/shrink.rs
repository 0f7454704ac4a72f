//! Making a configuration smaller as long as it still shows a difference.

use std::ops::Range;

/// Removes lines, and blocks with all that is in them, as long as `shows` says so.
pub(crate) fn shrink(text: &str, mut shows: impl FnMut(&str) -> bool) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    loop {
        let before = lines.len();
        let mut at = 0;
        while at < lines.len() {
            let Some(range) = removable(&lines, at) else {
                at += 1;
                continue;
            };
            let rest = [&lines[..range.start], &lines[range.end..]].concat();
            if shows(&rest.join("\n")) {
                lines = rest;
            } else {
                at += 1;
            }
        }
        if lines.len() == before {
            return lines.join("\n");
        }
    }
}

/// A directive, or a block from its first to its last line.
fn removable(lines: &[String], at: usize) -> Option<Range<usize>> {
    let line = lines[at].trim_end();
    if line == "}" || line.trim() == "}" {
        return None;
    }
    if !line.ends_with('{') {
        return Some(at..at + 1);
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let length = lines[at..].iter().position(|end| end.trim() == "}" && indent(end) == indent(line))?;
    Some(at..at + length + 1)
}
