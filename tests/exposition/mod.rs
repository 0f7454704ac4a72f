//! A reader of Prometheus's text format that is stricter than Prometheus: what it takes, every collector takes.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details>

use std::collections::{BTreeMap, BTreeSet};

/// Series by their metric and labels.
pub(crate) type Series = BTreeMap<(String, Vec<(String, String)>), f64>;

/// Reads the text of a file.
#[track_caller]
pub(crate) fn read(text: &str) -> Series {
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is not ended");
    let mut series = Series::new();
    let mut seen = BTreeSet::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        // Each metric is one group: what it means, of which type it is, its series.
        let (name, help) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')).expect(line);
        assert!(is_name(name) && !help.is_empty() && seen.insert(name.to_owned()), "{line}");
        assert_eq!(lines.next(), Some(format!("# TYPE {name} gauge").as_str()));
        let mut last = None;
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let rest = line.strip_prefix(name).unwrap_or_else(|| panic!("not a series of {name}: {line}"));
            let (labels, value) = read_labels(rest);
            assert!(last < Some(labels.clone()), "not sorted: {line}");
            last = Some(labels.clone());
            let value = value.strip_prefix(' ').and_then(|value| value.parse().ok()).expect(line);
            assert!(series.insert((name.to_owned(), labels), value).is_none(), "twice: {line}");
        }
    }
    series
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.starts_with(|char: char| char.is_ascii_digit())
        && !name.is_empty()
}

/// The labels at the start of a text, and what follows them.
fn read_labels(text: &str) -> (Vec<(String, String)>, &str) {
    let mut labels = Vec::new();
    let Some(mut rest) = text.strip_prefix('{') else { return (labels, text) };
    loop {
        let (name, value) = rest.split_once("=\"").expect(text);
        assert!(is_name(name), "{text}");
        let (value, behind) = read_value(value);
        labels.push((name.to_owned(), value));
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None => return (labels, behind.strip_prefix('}').expect(text)),
        }
    }
}

/// A value up to its quote, and what follows that.
fn read_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((place, char)) = chars.next() {
        match char {
            '"' => return (value, &text[place + 1..]),
            '\\' => value.push(match chars.next() {
                Some((_, 'n')) => '\n',
                Some((_, escaped @ ('\\' | '"'))) => escaped,
                other => panic!("{other:?} is no escape: {text}"),
            }),
            other => value.push(other),
        }
    }
    panic!("without an end: {text}");
}
