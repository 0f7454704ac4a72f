//! How often each rule spoke.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::Report;
use crate::rules::{RuleId, Severity};

/// Writes a line for each rule that found something, the most frequent first: count, severity, rule, what it is about.
///
/// # Errors
/// What `out` says.
pub fn write_statistics(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut counts: BTreeMap<(RuleId, Severity), usize> = BTreeMap::new();
    for finding in report.findings() {
        *counts.entry((finding.rule, finding.severity)).or_default() += 1;
    }
    let mut rows: Vec<((RuleId, Severity), usize)> = counts.into_iter().collect();
    rows.sort_by(|(key, count), (other_key, other)| {
        other.cmp(count).then(other_key.1.cmp(&key.1)).then(key.cmp(other_key))
    });
    let digits = rows.iter().map(|(_, count)| count.to_string().len()).max().unwrap_or(0);
    let names = rows.iter().map(|((rule, _), _)| rule.as_str().len()).max().unwrap_or(0);
    for ((rule, severity), count) in rows {
        let summary = &rule.entry().face().summary;
        writeln!(out, "{count:digits$}  {severity:7}  {rule:names$}  {summary}")?;
    }
    Ok(())
}
