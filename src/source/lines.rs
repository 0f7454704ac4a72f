//! Offsets to lines and columns.

use std::sync::OnceLock;

/// A place as people count: line and column from 1, columns in Unicode scalar values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in Unicode scalar values; a byte that is not UTF-8 counts as one.
    pub column: u32,
}

/// Columns further than this from the start of their line are counted from a checkpoint, so that a
/// thousand places on one line of a megabyte do not each count it from its start.
const CHECKPOINT_BYTES: usize = 4096;

/// Where the lines of one file begin; built once a file.
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
    /// Offsets of characters, about [`CHECKPOINT_BYTES`] apart, with the characters before them.
    checkpoints: OnceLock<Vec<(usize, usize)>>,
}

impl LineIndex {
    /// Indexes `text`. Only LF ends a line, as in nginx; a CR before it belongs to the line.
    #[must_use]
    pub fn new(text: &[u8]) -> LineIndex {
        let ends = memchr::memchr_iter(b'\n', text);
        let starts = std::iter::once(0).chain(ends.map(|end| end as u32 + 1)).collect();
        LineIndex { starts, checkpoints: OnceLock::new() }
    }

    /// The line (from 0) that holds `offset`.
    #[must_use]
    pub fn line_of(&self, offset: u32) -> usize {
        self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    /// The bytes of `line` (from 0) without its line end, as offsets into `text`.
    #[must_use]
    pub fn line_range(&self, text: &[u8], line: usize) -> std::ops::Range<usize> {
        let start = self.starts.get(line).map_or(text.len(), |&start| start as usize);
        let mut end = self.starts.get(line + 1).map_or(text.len(), |&next| next as usize - 1);
        if end > start && text.get(end - 1) == Some(&b'\r') {
            end -= 1;
        }
        start..end.max(start)
    }

    /// Line and column of `offset` in `text`, the text this index was built from.
    #[must_use]
    pub fn position(&self, text: &[u8], offset: u32) -> Position {
        let offset = offset.min(text.len() as u32);
        let line = self.line_of(offset);
        let (start, offset) = (self.starts[line] as usize, offset as usize);
        let column = if offset - start <= CHECKPOINT_BYTES {
            characters(&text[start..offset])
        } else {
            self.characters_before(text, offset) - self.characters_before(text, start)
        };
        Position { line: line as u32 + 1, column: column as u32 + 1 }
    }

    /// The number of characters of `text` before `offset`.
    fn characters_before(&self, text: &[u8], offset: usize) -> usize {
        let checkpoints = self.checkpoints.get_or_init(|| checkpoints(text));
        let nearest = checkpoints.partition_point(|&(start, _)| start <= offset).checked_sub(1);
        let (start, count) = nearest.map_or((0, 0), |nearest| checkpoints[nearest]);
        count + characters(&text[start..offset])
    }
}

/// The number of scalar values, each byte that is not UTF-8 being one.
fn characters(text: &[u8]) -> usize {
    text.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

fn checkpoints(text: &[u8]) -> Vec<(usize, usize)> {
    let mut checkpoints = vec![(0, 0)];
    let (mut offset, mut count, mut next) = (0, 0, CHECKPOINT_BYTES);
    for chunk in text.utf8_chunks() {
        let lengths = chunk.valid().chars().map(char::len_utf8).chain(chunk.invalid().iter().map(|_| 1));
        for length in lengths {
            if offset >= next {
                checkpoints.push((offset, count));
                next = offset + CHECKPOINT_BYTES;
            }
            offset += length;
            count += 1;
        }
    }
    checkpoints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_scalar_values_and_stray_bytes() {
        let text = "a;\nsérver\r\n\u{1f600}x".as_bytes();
        let index = LineIndex::new(text);
        let at = |offset| index.position(text, offset);
        assert_eq!(at(0), Position { line: 1, column: 1 });
        assert_eq!(at(6), Position { line: 2, column: 3 }); // after the two bytes of é
        assert_eq!(at(16), Position { line: 3, column: 2 });
        assert_eq!(index.line_range(text, 1), 3..10);
        let stray = b"\xff\xfex";
        assert_eq!(LineIndex::new(stray).position(stray, 2), Position { line: 1, column: 3 });
    }

    #[test]
    fn columns_of_long_lines_are_those_of_short_ones() {
        let mut text = b"first\n".to_vec();
        (0..5000).for_each(|_| text.extend_from_slice("a\u{e9}\u{1f600}".as_bytes()));
        text.extend_from_slice(b"\xff\xfe\xe2\x82");
        text.extend_from_slice(&[b'x'; 9000]);
        let index = LineIndex::new(&text);
        for offset in (6..text.len()).step_by(61) {
            let counted = characters(&text[6..offset]) as u32 + 1;
            assert_eq!(index.position(&text, offset as u32), Position { line: 2, column: counted }, "{offset}");
        }
    }

    #[test]
    fn offset_behind_the_text_is_its_end() {
        let index = LineIndex::new(b"ab");
        assert_eq!(index.position(b"ab", 9), Position { line: 1, column: 3 });
        assert_eq!(LineIndex::new(b"").position(b"", 0), Position { line: 1, column: 1 });
    }
}
