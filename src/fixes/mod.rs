//! The fixes that findings offer: which of them can be made together, and the texts that they make.
//!
//! It reads the findings of [`crate::rules`] and the texts of [`crate::source`]. It writes nothing.

mod diff;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::rules::{Edit, Fix};
use crate::source::FileId;

pub use diff::{CONTEXTS, write_diff};

/// Which fixes are made (`--fix`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixMode {
    /// Those that keep the meaning of all else.
    Safe,
    /// Those that a person should look at as well.
    All,
}

impl FixMode {
    /// Whether it makes this one.
    #[must_use]
    pub fn takes(self, fix: &Fix) -> bool {
        self == FixMode::All || fix.is_safe
    }
}

/// The fixes that can be made together: in their order, each as a whole, without those that touch what an earlier one
/// changes. Of two with the same edits the second waits, as it may not be needed then.
pub fn choose<'f>(fixes: impl IntoIterator<Item = &'f Fix>) -> Vec<&'f Fix> {
    let mut taken = Taken::default();
    fixes.into_iter().filter(|fix| taken.take(&fix.edits)).collect()
}

/// The places that chosen fixes change, by file and start, with their ends and whether they only take something away.
#[derive(Default)]
struct Taken(BTreeMap<(FileId, u32), (u32, bool)>);

impl Taken {
    fn take(&mut self, edits: &[Edit]) -> bool {
        if edits.iter().any(|edit| self.touches(edit)) {
            return false;
        }
        for edit in edits {
            let (end, removes) = self.0.entry((edit.span.file, edit.span.start)).or_insert((0, true));
            *end = edit.span.end.max(*end);
            *removes &= edit.text.is_empty();
        }
        true
    }

    /// Places that meet count as one: what is put at the end of a removed line belongs to neither. Of two that go away
    /// nothing is left to be confused.
    fn touches(&self, edit: &Edit) -> bool {
        let span = edit.span;
        let before = self.0.range(..=(span.file, span.end)).rev();
        let mut near = before.take_while(|&(&(file, _), &(end, _))| file == span.file && end >= span.start);
        let is_apart = |start: u32, end: u32| end == span.start || start == span.end;
        near.any(|(&(_, start), &(end, removes))| {
            !(removes && edit.text.is_empty() && is_apart(start, end) && span.start < span.end)
        })
    }
}

/// The texts that the fixes make of the files which they change, where `text_of` gives what these are now.
pub fn apply<'t>(fixes: &[&Fix], text_of: impl Fn(FileId) -> &'t [u8]) -> BTreeMap<FileId, Vec<u8>> {
    let mut edits: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    for edit in fixes.iter().flat_map(|fix| &fix.edits) {
        edits.entry(edit.span.file).or_default().push(edit);
    }
    let changed = edits.into_iter().map(|(file, mut edits)| {
        // Stable, so that two texts put at one place keep their order.
        edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        (file, changed(text_of(file), &edits))
    });
    changed.collect()
}

fn changed(text: &[u8], edits: &[&Edit]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut at = 0;
    for edit in edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        result.extend_from_slice(text.get(at..start).unwrap_or_default());
        result.extend_from_slice(edit.text.as_bytes());
        at = end.max(at);
    }
    result.extend_from_slice(text.get(at..).unwrap_or_default());
    result
}
