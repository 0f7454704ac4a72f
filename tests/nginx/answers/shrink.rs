//! Making a configuration smaller as long as it still shows a difference.

use std::ops::Range;

/// How many directives that follow each other are tried to be removed at once.
const STEPS: &[usize] = &[16, 4, 1, 1];

/// Removes lines, and blocks with all that is in them, as long as `shows` says so.
pub(crate) fn shrink(text: &str, mut shows: impl FnMut(&str) -> bool) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    for &step in STEPS {
        let mut at = 0;
        while at < lines.len() {
            let end = (0..step).try_fold(at, |end, _| Some(removable(&lines, end)?.end)).filter(|&end| end > at);
            let rest = end.map(|end| [&lines[..at], &lines[end..]].concat());
            match (rest.filter(|rest| shows(&rest.join("\n"))), end) {
                (Some(rest), _) => lines = rest,
                (None, Some(end)) if step > 1 && !lines[at].starts_with("http") => at = end,
                (None, _) => at += 1,
            }
        }
    }
    lines.join("\n")
}

/// A directive, or a block from its first to its last line.
fn removable(lines: &[&str], at: usize) -> Option<Range<usize>> {
    let line = lines.get(at)?.trim_end();
    if line.trim() == "}" {
        return None;
    }
    if !line.ends_with('{') {
        return Some(at..at + 1);
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let length = lines[at..].iter().position(|end| end.trim() == "}" && indent(end) == indent(line))?;
    Some(at..at + length + 1)
}
