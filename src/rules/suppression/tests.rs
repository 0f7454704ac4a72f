//! What comments cover, and where they are written.

use std::path::Path;

use super::*;
use crate::config::{Config, Dialect, Library, infer_surroundings};
use crate::model::Environment;
use crate::rules::judge;
use crate::source::{MemoryFiles, Sources};

/// What is found and what is suppressed, as `LINE rule`; each `include no;` is a finding.
fn outcome(text: &str, selection: &Selection) -> (Vec<String>, Vec<String>) {
    let mut memory = MemoryFiles::default();
    memory.add("/n/nginx.conf", text);
    let sources = Sources::default();
    let library = Library::new(&memory, &sources, Some("/n".into()));
    let path = Path::new("/n/nginx.conf");
    let is_root = text.contains("events");
    let surroundings =
        (!is_root).then(|| infer_surroundings(&Dialect::default(), &library.load(path).unwrap().ast, None));
    let config = Config::load(&library, path, surroundings).unwrap();
    let model = Model::build(&config, &memory, Environment::default());
    let shown = |finding: &Finding| {
        let line = sources.file(finding.span.file).position(finding.span.start).line;
        format!("{line} {} {}", finding.severity, finding.rule)
    };
    let Outcome { findings, suppressed, .. } = judge(&model, selection);
    (
        findings.iter().map(shown).collect(),
        suppressed.iter().map(|one| format!("{}: {}", shown(&one.finding), one.reason)).collect(),
    )
}

/// The lines of findings and of what is suppressed, with the first letter of the rule.
fn lines(text: &str) -> String {
    let (found, suppressed) = outcome(&format!("events {{}}\n{text}"), &Selection::default());
    let short = |all: &[String]| -> String {
        let short = all.iter().map(|one| {
            let mut words = one.split(' ');
            let line: usize = words.next().unwrap().parse().unwrap();
            format!("{}{}", line - 1, &words.nth(1).unwrap()[..1])
        });
        short.collect::<Vec<_>>().join(" ")
    };
    format!("{} | {}", short(&found), short(&suppressed))
}

/// The configuration, lines of findings and lines of what is suppressed: i(nclude-not-found), u(nused-suppression).
const COVERAGE: &[(&str, &str)] = &[
    ("include no;", "1i | "),
    ("# ngxlint: ignore[include-not-found] x\ninclude no;\ninclude no;", "3i | 2i"),
    // Other comments and blank lines between.
    ("# ngxlint: ignore[include-not-found] x\n\n# more\n  include no;", " | 4i"),
    ("# ngxlint: ignore[syntax] x\n# ngxlint: ignore[hsts] x\ninclude no;", "2u | 3i"),
    ("include no; # ngxlint: ignore[include-not-found] x\ninclude no;", "2i | 1i"),
    // All lines of a directive, from above and from its end, but not what stands behind it.
    ("# ngxlint: ignore[syntax] x\ninclude\n  no; include no;", "3i | 2i"),
    ("include\n  no; # ngxlint: ignore[syntax] x", " | 1i"),
    ("include no; include\n  no; # ngxlint: ignore[syntax] x", "1i | 1i"),
    // The head of a block, not what it holds.
    ("# ngxlint: ignore[syntax] x\nhttp {\n include no;\n}", "1u 3i | "),
    ("http { # ngxlint: ignore[syntax] x\n include no;\n} # ngxlint: ignore[syntax] x", "1u 2i 3u | "),
    ("# ngxlint: ignore-file[syntax] x\nhttp {\n include no;\n}", " | 3i"),
    ("http {\n include no;\n}\n# ngxlint: ignore-file[include-not-found] x", " | 2i"),
    // Strings and Lua hold no comments.
    ("http { log_format x '\n# ngxlint: ignore[syntax] x\n'; include no; }", "3i | "),
    ("http { init_by_lua_block {\n# ngxlint: ignore[syntax] x\n} }\ninclude no;", "4i | "),
    // Without a reason it suppresses all the same.
    ("# ngxlint: ignore[syntax]\ninclude no;", "1u | 2i"),
    // `unused-suppression` is suppressed like any other, but not where that suppresses nothing.
    ("# ngxlint: ignore[include-cycle,unused-suppression] x\ngzip on;", " | 1u"),
    ("# ngxlint: ignore[unused-suppression] x\n# ngxlint: ignore[include-cycle]\ngzip on;", " | 2u"),
    ("# ngxlint: ignore[unused-suppression] x\ngzip on;", "1u | "),
    ("# ngxlint: ignore[unused-suppression] x\n# ngxlint: ignore[unused-suppression] x\ngzip on;", "1u 2u | "),
    ("# ngxlint: ignore[syntax] x\ngzip on;", "1u | "),
    ("# ngxlint: ignore-file[unused-suppression] x\n# ngxlint: nonsense\n# ngxlint: ignore[nonsense] x", " | 2u 3u"),
];

#[test]
fn what_a_comment_covers() {
    for (text, expected) in COVERAGE {
        assert_eq!(lines(text), *expected, "{text}");
        assert_eq!(lines(&text.replace('\n', "\r\n")), *expected, "{text}, with CRLF");
    }
}

#[test]
fn what_did_not_run_is_not_called_unused() {
    let text = "events {}\n# ngxlint: ignore[include-cycle] x\ngzip on;";
    let id = |name: &str| find_rule(name).unwrap();
    let asked = |selection: &Selection| outcome(text, selection).0;
    assert_eq!(asked(&Selection::default()), ["2 warning unused-suppression"]);
    assert_eq!(
        asked(&Selection { severities: vec![(id(RULE), Some(crate::rules::Severity::Info))], ..Selection::default() }),
        ["2 info unused-suppression"]
    );
    for selection in [
        Selection { select: vec![id(RULE)], ..Selection::default() },
        Selection { select: vec![id("include-cycle")], ..Selection::default() },
        Selection { ignore: vec![id("include-cycle")], ..Selection::default() },
        Selection { severities: vec![(id("include-cycle"), None)], ..Selection::default() },
        Selection { ignores_comments: true, ..Selection::default() },
    ] {
        assert!(asked(&selection).is_empty(), "{selection:?}");
    }
    // A category of which only a part has run.
    let text = text.replace("include-cycle", "syntax");
    let part = Selection { ignore: vec![id("include-cycle")], ..Selection::default() };
    assert!(outcome(&text, &part).0.is_empty());
    // Certificates that are not here.
    let site = "events {}\nhttp { server { listen 443 ssl; ssl_certificate no; ssl_certificate_key no;\n\
                # ngxlint: ignore[cert-expired] x\nserver_name a.test; } }";
    assert!(outcome(site, &Selection::default()).0.iter().all(|one| !one.contains(RULE)));
    let site = site.replace("cert-expired", "redirect-loop");
    assert!(outcome(&site, &Selection::default()).0.contains(&format!("3 warning {RULE}")));
    // What only the configuration around can tell.
    let part = "# ngxlint: ignore[websocket-cached] x\nserver { listen 80; }";
    assert_eq!(outcome(part, &Selection::default()).0, ["1 info unused-suppression"]);
    let gap = "events {}\n# ngxlint: ignore[websocket-cached] x\ngzip on;\ninclude no;";
    assert_eq!(outcome(gap, &Selection::default()).0, ["2 info unused-suppression", "4 error include-not-found"]);
}

#[test]
fn audits_see_everything() {
    let text = "events {}\n# ngxlint: ignore[include-not-found]\ninclude no;\n# ngxlint: nonsense";
    let audit = Selection { ignores_comments: true, ..Selection::default() };
    assert_eq!(outcome(text, &audit), (vec!["3 error include-not-found".to_owned()], Vec::new()));
}

/// `text` with comments for the findings at `|`, which is taken out.
fn commented(text: &str) -> (String, Vec<bool>) {
    let mut places = Vec::new();
    let mut plain = String::new();
    for char in text.chars() {
        if char == '|' { places.push(plain.len() as u32) } else { plain.push(char) }
    }
    let rule = find_rule("include-not-found").unwrap();
    let mut sink = crate::rules::Findings::new(rule, serde_yaml::Value::Null);
    for start in places {
        sink.error(Span { file: FileId(0), start, end: start + 1 }, "x");
    }
    let findings = sink.into_vec();
    let made = add_comments(FileId(0), plain.as_bytes(), &findings.iter().collect::<Vec<_>>(), "why").unwrap();
    (String::from_utf8(made.text).unwrap(), made.is_suppressed)
}

/// A file with `|` at its findings, and the same with comments; `C` stands for one.
const PLACES: &[(&str, &str)] = &[
    ("a;\n  |b;\n", "a;\n  C\n  b;\n"),
    ("|a; |b;", "C\na; b;"),
    ("a;\r\n\t|b;\r\n", "a;\r\n\tC\r\n\tb;\r\n"),
    ("a;\r\n|b;", "a;\r\nC\r\nb;"),
    // In a string of several lines, and behind it.
    ("a \"x\n  |y\n\";\n", "C\na \"x\n  y\n\";\n"),
    ("a 'x\n  y'; |b; c;\n", "a 'x\n  y'; \n  C\n  b; c;\n"),
    // A line that begins within a directive.
    ("a x\n  |y;\n", "C\na x\n  y;\n"),
    ("a x\n  y; |b\n  z;\n", "a x\n  y; \n  C\n  b\n  z;\n"),
    ("a { |b; }\n", "C\na { b; }\n"),
    // Within a line and above a later one, in any order.
    ("a\n x; |b {\n  y;\n}\n|c;\n", "a\n x; \n C\n b {\n  y;\n}\nC\nc;\n"),
    ("a {\n    |b;\n|}\n", "a {\n    C\n    b;\nC\n}\n"),
    // Lua has no place for comments of nginx.
    ("x_by_lua_block {\n  |a\n}\n", "C\nx_by_lua_block {\n  a\n}\n"),
    ("x_by_lua_block {\n  a\n} |b;\n", "x_by_lua_block {\n  a\n} \nC\nb;\n"),
    // Other comments stay where they are.
    ("# x\n|a;\n", "# x\nC\na;\n"),
    ("# ngxlint: ignore[hsts] why\n|a;\n", "# ngxlint: ignore[hsts,include-not-found] why\na;\n"),
    ("# ngxlint: ignore[hsts] why\n# x\n|a;\n", "# ngxlint: ignore[hsts,include-not-found] why\n# x\na;\n"),
    ("# ngxlint: ignore[hsts] other\n|a;\n", "# ngxlint: ignore[hsts] other\nC\na;\n"),
    ("# ngxlint: ignore-file[hsts] why\n|a;\n", "# ngxlint: ignore-file[hsts] why\nC\na;\n"),
    ("b; # ngxlint: ignore[hsts] why\n|a;\n", "b; # ngxlint: ignore[hsts] why\nC\na;\n"),
    ("a;\n|", "a;\nC\n"),
];

#[test]
fn comments_stand_between_directives() {
    for (text, expected) in PLACES {
        let (made, is_suppressed) = commented(text);
        assert_eq!(made, expected.replace('C', "# ngxlint: ignore[include-not-found] why"), "{text}");
        assert!(is_suppressed.iter().all(|&is_suppressed| is_suppressed), "{text}");
    }
}

/// Pieces of files in any order.
const TEXT: &str =
    "(a|x_by_lua_block|#| |;|\\{|\\}|\"|'|\\\\|\n|\r\n|\t|\u{feff}|# ngxlint: ignore\\[hsts\\] why\n){0,40}";

proptest::proptest! {
    /// Whatever stands in a file: no panic, and what is written is comments only. The directives are compared by
    /// [`add_comments`] itself; here it is the text.
    #[test]
    fn any_text_keeps_its_bytes(text in TEXT, places in proptest::collection::vec(0usize..60, 1..4)) {
        let rule = find_rule("include-not-found").unwrap();
        let mut sink = crate::rules::Findings::new(rule, serde_yaml::Value::Null);
        for place in places {
            let start = place.min(text.len()) as u32;
            sink.error(Span { file: FileId(0), start, end: start }, "x");
        }
        let findings = sink.into_vec();
        let all: Vec<&Finding> = findings.iter().collect();
        if let Ok(made) = add_comments(FileId(0), text.as_bytes(), &all, "why") {
            let made_text = String::from_utf8(made.text).unwrap();
            let taken_out = made_text.replace("# ngxlint: ignore[include-not-found] why", "");
            let taken_out = taken_out.replace(",include-not-found", "");
            let words = |text: &str| text.split_ascii_whitespace().collect::<Vec<_>>().concat();
            proptest::prop_assert_eq!(words(&taken_out), words(&text));
            proptest::prop_assert!(made.comments > 0);
        }
    }
}

#[test]
fn what_nginx_would_read_otherwise_is_not_written() {
    let rule = find_rule("syntax-error").unwrap();
    let mut sink = crate::rules::Findings::new(rule, serde_yaml::Value::Null);
    sink.error(Span { file: FileId(0), start: 0, end: 3 }, "a byte order mark");
    let findings = sink.into_vec();
    let findings: Vec<&Finding> = findings.iter().collect();
    assert!(add_comments(FileId(0), b"\xef\xbb\xbfa;", &findings, "why").is_err());
    // Longer than the buffer that nginx has for a comment.
    assert!(add_comments(FileId(0), b"a;", &findings, &"x".repeat(5000)).is_err());
    // The place is that of the comment which does it.
    let mut sink = crate::rules::Findings::new(rule, serde_yaml::Value::Null);
    for start in [3, 10] {
        sink.error(Span { file: FileId(0), start, end: start + 1 }, "x");
    }
    let text = b"\xef\xbb\xbfa;\nb;\nc;\n";
    let findings = sink.into_vec();
    let all: Vec<&Finding> = findings.iter().collect();
    let refused = add_comments(FileId(0), text, &all, "why");
    assert!(refused.is_err_and(|refused| refused.at == 0));
}
