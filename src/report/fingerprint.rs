//! What stays the same of a finding when lines above it come and go.

use std::fmt::Write as _;
use std::path::Path;

use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use super::{Report, Repository};
use crate::rules::Finding;
use crate::source::SourceFile;

/// Bytes of a digest that are written out: enough for as many findings as there are.
const BYTES: usize = 16;

/// One text for each of `findings`, in their order: made from its rule, its file, the text of its lines and its
/// number among findings of the same text, never from a line number.
pub(super) fn fingerprints<'f>(report: &Report<'_>, findings: impl IntoIterator<Item = &'f Finding>) -> Vec<String> {
    fingerprints_in(&report.repository, report, findings)
}

/// The same with the paths of `repository`.
pub(super) fn fingerprints_in<'f>(
    repository: &Repository,
    report: &Report<'_>,
    findings: impl IntoIterator<Item = &'f Finding>,
) -> Vec<String> {
    let mut seen: FxHashMap<[u8; BYTES], u32> = FxHashMap::default();
    let one = |finding: &Finding| {
        let key = digest(repository, report, finding, 0);
        let ordinal = seen.entry(key).or_default();
        let own = if *ordinal == 0 { key } else { digest(repository, report, finding, *ordinal) };
        *ordinal += 1;
        own.iter().fold(String::with_capacity(2 * BYTES), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    findings.into_iter().map(one).collect()
}

fn digest(repository: &Repository, report: &Report<'_>, finding: &Finding, ordinal: u32) -> [u8; BYTES] {
    let file = report.sources.file(finding.span.file);
    let mut digest = Sha256::new();
    let path = repository.path(Path::new(&file.path));
    for part in [finding.rule.as_str().as_bytes(), path.as_bytes(), &normalised_lines(file, finding)] {
        digest.update(part);
        digest.update([0]);
    }
    digest.update(ordinal.to_le_bytes());
    let mut bytes = [0; BYTES];
    bytes.iter_mut().zip(digest.finalize()).for_each(|(byte, full)| *byte = full);
    bytes
}

/// The start of the lines that a finding points at, for people.
pub(super) fn excerpt(report: &Report<'_>, finding: &Finding, characters: usize) -> String {
    let lines = normalised_lines(report.sources.file(finding.span.file), finding);
    let text = String::from_utf8_lossy(&lines);
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// The lines that a finding points at, with one space for all that separates words.
fn normalised_lines(file: &SourceFile, finding: &Finding) -> Vec<u8> {
    let lines = file.lines();
    let first = lines.line_range(&file.text, lines.line_of(finding.span.start)).start;
    let last = lines.line_range(&file.text, lines.line_of(finding.span.end.max(finding.span.start + 1) - 1)).end;
    let text = file.text.get(first..last.max(first)).unwrap_or_default();
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}
