//! What the tokenizer accepts, and the line at which it stops.

use std::path::Path;

use ngxlint::rules::Severity;

use crate::question::{findings, place, with_model};
use crate::random::{Random, seeds};
use crate::real::{self, Nginx};

const CASES: usize = 400;

/// Words of entries; most are valid, all are harmless.
const WORDS: &[&str] = &[
    "a",
    "b.c",
    "text/html",
    "x=y",
    "\"x y\"",
    "'x;y'",
    "\"it's\"",
    "'{'",
    "\"}\"",
    "'a\\'b'",
    "\"\\\"\"",
    "\\;",
    "a\\ b",
    "a#b",
    "a}b",
    "}x",
    "${a}b",
    "$",
    "a$",
    "\"\"",
    "''",
    "\\\"",
    "a\"b",
    "a'b",
    "(",
    ")",
    "\u{b}",
    "a\u{b}b",
    "\u{e9}",
    "\0",
    "\\\\",
    "\\n",
    "\"a\nb\"",
    "\u{feff}",
];

const BLANKS: &[&str] = &[" ", "  ", "\n", "\t", "\r\n", "\r", "\n    ", " # c\n", "\n# \"it's\" { ;\n", "\n#\n"];

/// What a slip of the finger adds.
const SLIPS: &[&str] = &[
    "\"", "'", ";", "{", "}", "\\", "#", "$", "${", " ", "\n", "\r", ")", "(", "\"a\"b", "'a'#", "\"a\")", "\"a\")b",
    "\0", "\u{feff}", ";;", "{ }", "a{", "a {", "\u{b}", "}}", "a;b;", "\n}\n", "include",
];

fn entry(random: &mut Random, text: &mut String) {
    for _ in 0..1 + random.below(4) {
        if random.once_in(400) {
            text.push_str(&"l".repeat(4094 + random.below(4)));
        } else {
            text.push_str(random.pick(WORDS));
        }
        text.push_str(random.pick(BLANKS));
    }
    text.push_str(random.pick(&[";", ";", ";\n", ";\n        ", "; # c\n"]));
}

/// `types` takes entries of any words, so that little but the tokenizer can refuse it.
fn soup(random: &mut Random) -> String {
    let mut text = String::new();
    if random.once_in(60) {
        text.push('\u{feff}');
    }
    text.push_str(random.pick(&["", "# c\n", "\n", "env A;\n", "env 'A=b';\r\n"]));
    text.push_str("events { }\nhttp {\n    types {\n        ");
    for _ in 0..random.below(6) {
        entry(random, &mut text);
    }
    if random.once_in(20) {
        let length = 4090 + random.below(10);
        text.push_str(&match random.below(4) {
            0 => format!("a {};", "w".repeat(length)),
            1 => format!("a \"{}\";", "w".repeat(length)),
            2 => format!("#{}\n", "c".repeat(length)),
            _ => format!("a '{}\n{}';", "w".repeat(length / 2), "w".repeat(length - length / 2)),
        });
    }
    text.push_str("\n    }\n    map $host $b {\n        default 0;\n    }\n}\n");
    for _ in 0..random.below(3) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let at = places[random.below(places.len())];
        match random.below(4) {
            0 => drop(text.remove(at)),
            1 => text.truncate(at),
            _ => text.insert_str(at, random.pick(SLIPS)),
        }
        if text.is_empty() {
            break;
        }
    }
    text
}

/// Whether nginx refuses for what the tokenizer sees, or because a block is none.
fn is_syntax(message: &str, text: &str) -> bool {
    const SIGNS: &[&str] = &[
        "unexpected \"",
        "unexpected end of file",
        "too long parameter",
        "is not terminated by \";\"",
        "has no opening \"{\"",
    ];
    let is_byte_order_mark = text.starts_with('\u{feff}') && message.starts_with("unknown directive \"\u{feff}");
    is_byte_order_mark || SIGNS.iter().any(|sign| message.contains(sign))
}

/// How many texts met which fate, so that a run can be seen to be worth something.
#[derive(Debug, Default)]
struct Tally {
    accepted: usize,
    refused_by_tokenizer: usize,
    refused_otherwise: usize,
}

/// What differs between nginx and ngxlint on one text, if anything.
fn difference(nginx: &Nginx, root: &Path, text: &str, tally: &mut Tally) -> Option<String> {
    std::fs::write(root, text).unwrap();
    let verdict = nginx.test(root);
    let errors = with_model(root, nginx.version, |model| {
        let found = findings(model, &["syntax-error"]);
        let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
        let lines = |finding: &ngxlint::rules::Finding| {
            let spans = std::iter::once(finding.span).chain(finding.related.iter().map(|related| related.span));
            spans.map(|span| place(model, span).1).collect::<Vec<_>>()
        };
        errors.map(|finding| (finding.message.clone(), lines(finding))).collect::<Vec<_>>()
    });
    let is_syntax_error = verdict.refusal.as_ref().map(|refusal| is_syntax(&refusal.message, text));
    match is_syntax_error {
        None => tally.accepted += 1,
        Some(true) => tally.refused_by_tokenizer += 1,
        Some(false) => tally.refused_otherwise += 1,
    }
    match verdict.refusal {
        None if verdict.is_accepted && errors.is_empty() => None,
        None => Some(format!("nginx accepts it: {}\nngxlint: {errors:?}", verdict.text)),
        Some(refusal) if is_syntax_error == Some(true) => {
            let line = refusal.line.unwrap_or_default();
            // nginx stops at a block among entries, ngxlint points at the brace that is missing above it; and
            // nginx names the last line of a directive that starts with a byte order mark.
            let is_explained = |message: &str| {
                (refusal.message == "unexpected \"{\"" && message.contains("is never closed"))
                    || (refusal.message.starts_with("unknown directive") && message.contains("byte order mark"))
            };
            let is_found = errors.iter().any(|(message, lines)| lines.contains(&line) || is_explained(message));
            (!is_found).then(|| format!("nginx: {} in line {line}\nngxlint: {errors:?}", refusal.message))
        }
        Some(_) => None,
    }
}

/// A text as Rust would write it, long runs of a letter left out.
fn shortened(text: &str) -> String {
    let long = ["l", "w", "c"].map(|letter| letter.repeat(64));
    let text = long.iter().fold(text.to_owned(), |text, run| text.replace(run, "~"));
    format!("{text:?} (~: 64 letters)")
}

#[test]
fn the_tokenizer_refuses_the_same_texts_at_the_same_lines() {
    for nginx in real::all() {
        let (mut differences, mut tally) = (Vec::new(), Tally::default());
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("nginx.conf");
        for seed in seeds("syntax") {
            let mut random = Random::new(seed);
            for case in 0..CASES {
                let text = soup(&mut random);
                if let Some(difference) = difference(nginx, &root, &text, &mut tally) {
                    differences.push(format!("seed {seed}, case {case}:\n{}\n{difference}", shortened(&text)));
                }
            }
        }
        println!("{nginx:?}: {tally:?}");
        assert!(differences.is_empty(), "{nginx:?}: {}\n{}", differences.len(), differences.join("\n\n"));
    }
}
