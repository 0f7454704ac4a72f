//! Telling which block of a configuration answered, without a change to any answer: each gets an access log of its own.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// A configuration whose servers, locations, `if`s and `limit_except`s log what they answer.
#[derive(Debug)]
pub(crate) struct Watched {
    /// What nginx and ngxlint read.
    pub(crate) text: String,
    /// The blocks by the number in their log format: the server's and their own first lines.
    pub(crate) blocks: Vec<String>,
}

/// Adds the logs.
pub(crate) fn watch(text: &str, log: &Path) -> Watched {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut open, mut blocks, mut http): (Vec<String>, Vec<String>, usize) = (Vec::new(), Vec::new(), 0);
    let (mut head, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(piece_length(rest, &head));
        rest = after;
        out.push_str(piece);
        match piece {
            "{" => {
                open.push(head.split_whitespace().collect::<Vec<_>>().join(" "));
                if open.last().is_some_and(|name| name == "http") {
                    http = out.len();
                } else if logs(&open) {
                    out.push_str(&format!(" access_log {} t{};", log.display(), blocks.len()));
                    blocks.push(open[1..].join(" / "));
                }
            }
            "}" => drop(open.pop()),
            ";" => {
                // The name makes the blocks of a server easier to tell.
                if let Some(name) = head.trim().strip_prefix("server_name ")
                    && let [_, server] = &mut open[..]
                {
                    *server = format!("server {name}");
                    if let Some(block) = blocks.last_mut() {
                        block.clone_from(server);
                    }
                }
            }
            _ => {
                head.push_str(piece);
                continue;
            }
        }
        head.clear();
    }
    let format = "escape=none '$http_x_id NUMBER';";
    let formats = (0..blocks.len())
        .map(|number| format!("\n    log_format t{number} {}", format.replace("NUMBER", &number.to_string())));
    out.insert_str(http, &formats.collect::<String>());
    Watched { text: out, blocks }
}

/// The length of what cannot be divided: a variable in braces, an escaped or a quoted text, a character.
fn piece_length(rest: &str, before: &str) -> usize {
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let starts_word = before.is_empty() || before.ends_with([' ', '\n', '(']);
    match rest.as_bytes() {
        [b'$', b'{', ..] => rest.find('}').map_or(first, |end| end + 1),
        [b'\\', ..] => first + rest[first..].chars().next().map_or(0, char::len_utf8),
        [quote @ (b'"' | b'\''), inside @ ..] if starts_word => {
            let mut is_escaped = false;
            let end = inside.iter().position(|byte| {
                let ends = byte == quote && !is_escaped;
                is_escaped = *byte == b'\\' && !is_escaped;
                ends
            });
            end.map_or(first, |end| end + 2)
        }
        _ => first,
    }
}

/// Whether `access_log` may stand there; it may not in an `if` of a server.
fn logs(open: &[String]) -> bool {
    let name = open.last().map(String::as_str).unwrap_or_default();
    let outer = &open[..open.len() - 1];
    match name.split(' ').next() {
        Some("server") => outer.last().is_some_and(|outer| outer == "http"),
        Some("if") => outer.iter().any(|outer| outer.starts_with("location")),
        Some("location" | "limit_except") => true,
        _ => false,
    }
}

/// The number of the block that answered each request. Waits until all of `ids` are in the log, or the rest does not come.
pub(crate) fn read_log(log: &Path, ids: &[usize]) -> HashMap<usize, usize> {
    let start = Instant::now();
    loop {
        let text = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        let found: HashMap<usize, usize> =
            lines.filter_map(|(id, block)| Some((id.parse().ok()?, block.parse().ok()?))).collect();
        if ids.iter().all(|id| found.contains_key(id)) || start.elapsed() > Duration::from_millis(200) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
