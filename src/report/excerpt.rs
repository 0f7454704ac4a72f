//! The lines around places of several files, as one text that a renderer can draw from.

use std::borrow::Cow;
use std::ops::Range;

use rustc_hash::FxHashMap;
use textwrap::core::display_width;

use super::printable::{printable, stand_in};
use super::secrets::{self, MARK};
use crate::source::{FileId, Position, SourceFile, Sources, Span};

/// Lines shown before and behind the lines of a place.
const CONTEXT_LINES: usize = 1;

/// Places of one file with at most this many lines between what is shown of them share a snippet.
const JOINED_GAP: usize = 2;

/// Of a place that covers more lines, only the first is shown: an unclosed quote can cover a file.
const MAX_PLACE_LINES: usize = 6;

/// As nginx's own files are indented.
const TAB_WIDTH: usize = 4;

/// Where a place is in the text of an [`Excerpt`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The columns that stand left of the place on its line.
    pub(super) indent: usize,
    /// The line and column in the file.
    pub(super) position: Position,
}

/// Consecutive lines of one file, in the excerpt's text.
#[derive(Debug)]
pub(super) struct Snippet {
    pub(super) name: String,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The number of the first line, from 0.
    pub(super) first_line: usize,
    pub(super) line_count: usize,
}

/// Lines of several files, without anything that a terminal would obey, cut to a width.
#[derive(Debug, Default)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// In the order in which their places were given.
    pub(super) snippets: Vec<Snippet>,
    /// One for each place.
    pub(super) marks: Vec<Mark>,
}

/// Lines of a file that are to be one snippet, with the places in them.
struct Cluster {
    file: FileId,
    first_line: usize,
    last_line: usize,
    /// Indices of the places, ascending.
    places: Vec<usize>,
}

impl Excerpt {
    /// The lines of `places`, each at most `width` columns wide.
    pub(super) fn new(sources: &Sources, places: &[Span], width: usize) -> Excerpt {
        let spans: Vec<Span> = places.iter().map(|&span| shown_span(sources.file(span.file), span)).collect();
        let mut excerpt = Excerpt::default();
        let mut marks: Vec<Option<Mark>> = vec![None; places.len()];
        for cluster in clusters(sources, &spans) {
            excerpt.add(sources.file(cluster.file), &cluster, &spans, width, &mut marks);
        }
        excerpt.marks = marks.into_iter().map(|mark| mark.expect("every place is in one cluster")).collect();
        excerpt
    }

    fn add(&mut self, file: &SourceFile, cluster: &Cluster, spans: &[Span], width: usize, marks: &mut [Option<Mark>]) {
        let start = self.text.len();
        for line in cluster.first_line..=cluster.last_line {
            let range = file.lines().line_range(&file.text, line);
            let ends =
                cluster.places.iter().flat_map(|&place| [(place, spans[place].start), (place, spans[place].end)]);
            // A place that starts or ends behind the line's last byte, at its line feed, counts here.
            let ends: Vec<(usize, usize)> = ends
                .filter(|&(_, offset)| file.lines().line_of(offset) == line)
                .map(|(place, offset)| (place, (offset as usize).clamp(range.start, range.end) - range.start))
                .collect();
            let offsets: Vec<usize> = ends.iter().map(|&(_, offset)| offset).collect();
            let shown = ShownLine::new(&without_keys(file, range), &offsets, width);
            for (&(place, _), &at) in ends.iter().zip(&shown.offsets) {
                let indent = display_width(&shown.text[..at]);
                let at = self.text.len() + at;
                let position = || file.position(spans[place].start);
                // The start comes first, unless it stands on an earlier line.
                let mark =
                    marks[place].get_or_insert_with(|| Mark { start: at, end: at, indent, position: position() });
                mark.end = at.max(mark.start);
            }
            self.text.push_str(&shown.text);
            self.text.push('\n');
        }
        self.snippets.push(Snippet {
            name: printable(&file.path.to_string_lossy()).into_owned(),
            start,
            end: self.text.len(),
            first_line: cluster.first_line,
            line_count: cluster.last_line - cluster.first_line + 1,
        });
    }
}

/// A line with a mark for each character of a private key.
fn without_keys(file: &SourceFile, line: Range<usize>) -> Cow<'_, [u8]> {
    let mut text = Cow::Borrowed(file.text.get(line.clone()).unwrap_or_default());
    let places = secrets::places(file);
    let first = places.partition_point(|place| place.end <= line.start);
    for place in places.iter().skip(first).take_while(|place| place.start < line.end) {
        let covered = place.start.max(line.start) - line.start..place.end.min(line.end) - line.start;
        if let Some(bytes) = text.to_mut().get_mut(covered) {
            // A key is ASCII: what is not stays as wide as it was.
            bytes.iter_mut().filter(|byte| !byte.is_ascii_whitespace()).for_each(|byte| *byte = MARK as u8);
        }
    }
    text
}

/// The part of a span that is shown.
fn shown_span(file: &SourceFile, span: Span) -> Span {
    let length = file.text.len() as u32;
    let (start, end) = (span.start.min(length), span.end.clamp(span.start.min(length), length));
    let (first, last) = (file.lines().line_of(start), file.lines().line_of(end));
    // The end stands behind the last byte: at the start of a line it belongs to the line before.
    let last = if end > start { file.lines().line_of(end - 1) } else { last };
    let line_end = |line| file.lines().line_range(&file.text, line).end as u32;
    let end = if last - first >= MAX_PLACE_LINES { line_end(first) } else { end.min(line_end(last)) };
    Span { start, end: end.max(start), ..span }
}

/// Puts places of the same file that are near each other together. The order is that of the places.
fn clusters(sources: &Sources, spans: &[Span]) -> Vec<Cluster> {
    let mut by_file: FxHashMap<FileId, Vec<Cluster>> = FxHashMap::default();
    for (place, span) in spans.iter().enumerate() {
        let file = sources.file(span.file);
        let line_count = file.lines().line_of(file.text.len() as u32) + 1;
        let first_line = file.lines().line_of(span.start).saturating_sub(CONTEXT_LINES);
        let last_line = (file.lines().line_of(span.end) + CONTEXT_LINES).min(line_count - 1);
        // Behind the last line feed there is no line to show.
        let is_empty = |line| file.lines().line_range(&file.text, line).is_empty();
        let last_line =
            if last_line > file.lines().line_of(span.end) && is_empty(last_line) { last_line - 1 } else { last_line };
        by_file.entry(span.file).or_default().push(Cluster {
            file: span.file,
            first_line,
            last_line,
            places: vec![place],
        });
    }
    // The order of the map does not matter: the clusters are sorted below.
    let mut all: Vec<Cluster> = Vec::with_capacity(spans.len());
    let mut files: Vec<Vec<Cluster>> = by_file.into_values().collect();
    for clusters in &mut files {
        clusters.sort_by_key(|cluster| (cluster.first_line, cluster.places[0]));
        let mut joined: Vec<Cluster> = Vec::new();
        for mut cluster in clusters.drain(..) {
            match joined.last_mut() {
                Some(last) if cluster.first_line <= last.last_line + JOINED_GAP => {
                    last.last_line = last.last_line.max(cluster.last_line);
                    last.places.append(&mut cluster.places);
                }
                _ => joined.push(cluster),
            }
        }
        all.append(&mut joined);
    }
    all.iter_mut().for_each(|cluster| cluster.places.sort_unstable());
    all.sort_by_key(|cluster| cluster.places[0]);
    all
}

/// One line as it is shown.
struct ShownLine {
    text: String,
    /// Where the offsets that were asked for are in `text`.
    offsets: Vec<usize>,
}

impl ShownLine {
    /// `line` in at most `width` columns, with what stands at `offsets` visible if there is room.
    fn new(line: &[u8], offsets: &[usize], width: usize) -> ShownLine {
        let whole = ShownLine::from(line, 0, offsets, width);
        let (Some(&first), Some(&last)) = (offsets.iter().min(), offsets.iter().max()) else { return whole.0 };
        if whole.1 >= last {
            return whole.0;
        }
        // The place in the middle when there is room around it, else its start near the left.
        let before = width.saturating_sub(last - first) / 2;
        let mut from = first.saturating_sub(before.max(width / 8));
        while from > 0 && line.get(from).is_some_and(|byte| byte & 0xc0 == 0x80) {
            from -= 1;
        }
        ShownLine::from(line, from, offsets, width).0
    }

    /// The line from a byte on, and the first byte that found no room.
    fn from(line: &[u8], from: usize, offsets: &[usize], width: usize) -> (ShownLine, usize) {
        let mut text = String::new();
        // Offsets of characters in the line and in the text, ascending.
        let mut steps: Vec<(usize, usize)> = Vec::new();
        let mut columns = 0;
        if from > 0 {
            text.push('…');
            columns = 1;
        }
        let mut offset = from;
        // More bytes than this cannot be shown, save for marks without a width.
        let window = &line[from..line.len().min(from + width * 8)];
        let is_cut = from + window.len() < line.len();
        let mut buffer = [0; 4];
        let chunks = window.utf8_chunks();
        let characters = chunks.flat_map(|chunk| {
            let valid = chunk.valid().chars().map(|char| (char, char.len_utf8()));
            valid.chain(chunk.invalid().iter().map(|_| (char::REPLACEMENT_CHARACTER, 1)))
        });
        let mut overflow = false;
        for (char, length) in characters {
            let tab = TAB_WIDTH - columns % TAB_WIDTH;
            let shown = stand_in(char).unwrap_or(char);
            let wide = if char == '\t' { tab } else { display_width(shown.encode_utf8(&mut buffer)) };
            // One column is kept for the dots, unless this is the line's last character.
            let is_last = !is_cut && offset + length == line.len();
            if columns + wide + usize::from(!is_last) > width {
                overflow = true;
                break;
            }
            steps.push((offset, text.len()));
            if char == '\t' {
                text.extend(std::iter::repeat_n(' ', tab))
            } else {
                text.push(shown)
            }
            columns += wide;
            offset += length;
        }
        steps.push((offset, text.len()));
        if overflow || is_cut {
            text.push('…');
        }
        let to_shown = |&wanted: &usize| {
            let step = steps.partition_point(|&(offset, _)| offset < wanted);
            steps.get(step).or(steps.last()).map_or(0, |&(_, at)| at)
        };
        (ShownLine { offsets: offsets.iter().map(to_shown).collect(), text }, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &[u8], offsets: &[usize], width: usize) -> (String, Vec<String>) {
        let line = ShownLine::new(line, offsets, width);
        let from = line.offsets.iter().map(|&at| line.text[at..].to_owned()).collect();
        (line.text, from)
    }

    #[test]
    fn lines_are_cut_around_their_places() {
        let long = format!("{}HERE{}", "a".repeat(1 << 20), "b".repeat(1 << 20));
        let (text, from) = shown(long.as_bytes(), &[1 << 20, (1 << 20) + 4], 20);
        assert_eq!(text, "…aaaaaaaaHEREbbbbbb…");
        assert_eq!(from, ["HEREbbbbbb…", "bbbbbb…"]);
        assert_eq!(shown(b"0123456789", &[3], 10).0, "0123456789");
        assert_eq!(shown(b"0123456789a", &[3], 10).0, "012345678…");
        assert_eq!(shown("é日本x".as_bytes(), &[2], 80).1, ["日本x"]);
    }

    #[test]
    fn tabs_controls_and_stray_bytes_keep_places_right() {
        let (text, from) = shown(b"\ta\x1b[31m\xff\xfeX", &[1, 7, 9], 80);
        assert_eq!(text, "    a␛[31m\u{fffd}\u{fffd}X");
        assert_eq!(from, ["a␛[31m\u{fffd}\u{fffd}X", "\u{fffd}\u{fffd}X", "X"]);
    }

    fn excerpt(text: &str, spans: &[(u32, u32)]) -> Excerpt {
        let sources = Sources::default();
        let file = sources.add("a.conf".into(), text.into());
        let places: Vec<Span> = spans.iter().map(|&(start, end)| Span { file, start, end }).collect();
        Excerpt::new(&sources, &places, 80)
    }

    #[test]
    fn near_places_share_a_snippet() {
        let text = "0\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n";
        let two = excerpt(text, &[(27, 28), (0, 1)]);
        assert_eq!(two.text, "8\n9\n0\n1\n");
        assert_eq!(two.snippets.iter().map(|snippet| snippet.first_line).collect::<Vec<_>>(), [8, 0]);
        assert_eq!(excerpt(text, &[(0, 1), (9, 10)]).text, "0\n1\n2\n3\n4\n");
    }

    #[test]
    fn places_at_the_ends_of_files() {
        assert_eq!(excerpt("", &[(0, 0)]).text, "\n");
        assert_eq!(excerpt("a;\n", &[(3, 3)]).text, "a;\n\n");
        assert_eq!(excerpt("a {\n b;\n", &[(0, 99)]).text, "a {\n b;\n");
        let many = excerpt(&"x\n".repeat(99), &[(0, 198)]);
        assert_eq!((many.text.as_str(), many.marks[0].end), ("x\nx\n", 1));
    }
}
