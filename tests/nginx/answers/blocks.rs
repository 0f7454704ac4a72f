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

/// What the log says of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Logged {
    /// The block that answered.
    pub(crate) block: Option<usize>,
    /// Host and URI that the upstream was asked for.
    pub(crate) upstream: Option<String>,
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
    let format = "escape=none '$http_x_id NUMBER $server_port $http_host$request_uri';";
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

/// Reads the log when all of `ids` are in it, or when the rest does not come.
pub(crate) fn read_log(log: &Path, backend: u16, ids: &[usize]) -> HashMap<usize, Logged> {
    let start = Instant::now();
    loop {
        let mut found: HashMap<usize, Logged> = HashMap::new();
        for line in String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).lines() {
            let mut words = line.splitn(4, ' ');
            let id = words.next().and_then(|id| id.parse().ok());
            let block = words.next().and_then(|block| block.parse().ok());
            let port: Option<u16> = words.next().and_then(|port| port.parse().ok());
            let (Some(id), Some(block), Some(port)) = (id, block, port) else { continue };
            let logged = found.entry(id).or_default();
            if port == backend {
                logged.upstream = words.next().map(str::to_owned);
            } else {
                logged.block = Some(block);
            }
        }
        if ids.iter().all(|id| found.get(id).is_some_and(|logged| logged.block.is_some()))
            || start.elapsed() > Duration::from_millis(300)
        {
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
