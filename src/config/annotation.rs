//! Comments that speak to ngxlint: `# ngxlint: ignore[rule] reason`, `# ngxlint: context=http,server`.
//!
//! Large letters and blanks around the colon are as good. What is meant for ngxlint and is not understood is told: its
//! author thinks that it suppresses something.

use std::borrow::Cow;

use super::snippet::parse_context;
use crate::nginx::Contexts;
use crate::source::Span;
use crate::syntax::{Ast, Comment};

/// What such a comment begins with, between its `#` and its colon.
const NAME: &[u8] = b"ngxlint";

/// The words that can follow.
const WORDS: &[&str] = &["context", "ignore", "ignore-file"];

/// Words that other linters have for `ignore`.
const OTHER_WORDS: &[&str] = &["disable", "noqa", "nolint", "suppress"];

/// What other linters say of the line that is meant. Ours go by where the comment stands.
const OTHER_ENDS: &[&str] = &["-next-line", "-this-line", "-next", "-line"];

/// A comment, or the part of one, that speaks to ngxlint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation<'s> {
    /// The comment.
    pub comment: Comment,
    /// From the `#` before `ngxlint:` to the end of the line; other text may stand before it.
    pub span: Span,
    /// What it says.
    pub said: Said<'s>,
}

/// What an annotation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said<'s> {
    /// `context=`: where the snippet stands.
    Context(Contexts),
    /// `ignore[…]`, `ignore-file[…]`: findings are not to be reported.
    Ignore(Ignore<'s>),
    /// Nothing that is understood.
    Mistaken(Mistake),
}

/// `ignore[…] reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore<'s> {
    /// Whether it is meant for the whole file.
    pub is_for_file: bool,
    /// The rules or categories, as they are written; at least one.
    pub names: Vec<(Span, Cow<'s, str>)>,
    /// Why; may be empty.
    pub reason: Cow<'s, str>,
}

/// Why an annotation is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// There is no colon behind the name.
    NoColon {
        /// What may have been meant, from its word on.
        meant: String,
    },
    /// No word that ngxlint knows.
    UnknownWord {
        /// The word; may be empty.
        word: String,
        /// One that may have been meant.
        nearest: Option<&'static str>,
    },
    /// `ignore` without the rules.
    NoBrackets {
        /// `ignore` or `ignore-file`.
        word: &'static str,
    },
    /// `ignore[` without `]`.
    UnclosedBracket {
        /// `ignore` or `ignore-file`.
        word: &'static str,
    },
    /// Nothing between the brackets.
    NoRules {
        /// `ignore` or `ignore-file`.
        word: &'static str,
    },
    /// `context` that is followed by no chain of blocks.
    Context {
        /// What follows.
        chain: String,
    },
}

/// The annotations of a file, in order. They are comments to nginx, too: a `#` in a string or in Lua is none.
pub fn annotations<'a, 's>(ast: &'a Ast<'s>) -> impl Iterator<Item = Annotation<'s>> + 'a {
    ast.comments.iter().filter_map(|comment| parse(ast.text(), *comment))
}

fn parse(file: &[u8], comment: Comment) -> Option<Annotation<'_>> {
    let Span { start, end, .. } = comment.span;
    let text = file.get(start as usize..end as usize)?;
    memchr::memchr_iter(b'#', text).filter(|&at| is_apart(text, at)).find_map(|sign| {
        let (name, rest) = name_and_rest(text.get(sign..)?)?;
        let said = match rest.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start) {
            Some(behind) => {
                let said = Reader { comment, start: end - behind.len() as u32, rest: behind }.said();
                // "NGXLINT : a linter" is said to people.
                let is_exact = name == NAME && rest.starts_with(b":");
                let is_meant = is_exact || !matches!(said, Said::Mistaken(Mistake::UnknownWord { nearest: None, .. }));
                is_meant.then_some(said)?
            }
            None => Said::Mistaken(Mistake::NoColon { meant: meant_without_colon(rest)? }),
        };
        Some(Annotation { comment, span: Span { start: start + sign as u32, ..comment.span }, said })
    })
}

/// Whether the `#` at `at` can begin an annotation: behind other text of the comment, but not in the middle of a word.
fn is_apart(text: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| text.get(before)).is_none_or(u8::is_ascii_whitespace)
}

/// The name of the program behind one or more `#`, and what follows it.
fn name_and_rest(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let signs = text.iter().take_while(|&&byte| byte == b'#').count();
    let named = text.get(signs..)?.trim_ascii_start().split_at_checked(NAME.len())?;
    named.0.eq_ignore_ascii_case(NAME).then_some(named)
}

/// What a comment may have meant that has no colon behind the name; `None` if it is a sentence about ngxlint: those have
/// no brackets behind these words, no hyphen in them or before them, and do not end with them.
fn meant_without_colon(rest: &[u8]) -> Option<String> {
    let sign = rest.first().filter(|&&byte| byte.is_ascii_whitespace() || matches!(byte, b'-' | b'=' | b'.' | b','))?;
    let (word, behind) = split_word(rest.get(1..)?.trim_ascii_start());
    let word = String::from_utf8_lossy(word).to_ascii_lowercase();
    let meant = meaning(&word)?;
    let behind = String::from_utf8_lossy(behind.trim_ascii());
    if meant == "context" {
        return behind.starts_with('=').then(|| format!("{meant}{behind}"));
    }
    let list = behind.strip_prefix('[').and_then(|list| list.split_once(']')).map(|(list, _)| list);
    let is_meant = behind.starts_with(['[', '(', '=']) || behind.is_empty() || word.contains('-') || *sign == b'-';
    is_meant.then(|| format!("{meant}[{}] reason", list.unwrap_or("rule")))
}

/// Splits off the word at the start of a text.
fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    let is_letter = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.split_at(text.iter().take_while(is_letter).count())
}

/// Which of our words stands for one in small letters: itself, or what other linters call it.
fn meaning(word: &str) -> Option<&'static str> {
    let word = OTHER_ENDS.iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
    let is_other = |word: &str| OTHER_WORDS.contains(&word);
    match word.strip_suffix("-file") {
        _ if is_other(word) => Some("ignore"),
        Some(word) if is_other(word) => Some("ignore-file"),
        _ => WORDS.iter().copied().find(|known| *known == word),
    }
}

/// What stands behind the marker.
struct Reader<'s> {
    comment: Comment,
    /// Where it starts in the file.
    start: u32,
    rest: &'s [u8],
}

impl<'s> Reader<'s> {
    fn said(&self) -> Said<'s> {
        let (word, rest) = split_word(self.rest);
        match word.to_ascii_lowercase().as_slice() {
            b"context" => self.context(rest),
            b"ignore" => self.ignore("ignore", rest),
            b"ignore-file" => self.ignore("ignore-file", rest),
            _ => Said::Mistaken(unknown_word(word)),
        }
    }

    fn context(&self, rest: &[u8]) -> Said<'s> {
        let chain = rest.strip_prefix(b"=").unwrap_or(rest).split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let chain = String::from_utf8_lossy(chain).into_owned();
        let found = if rest.starts_with(b"=") { parse_context(&chain) } else { None };
        found.map_or(Said::Mistaken(Mistake::Context { chain }), Said::Context)
    }

    fn ignore(&self, word: &'static str, rest: &'s [u8]) -> Said<'s> {
        let Some(list) = rest.trim_ascii_start().strip_prefix(b"[") else {
            return Said::Mistaken(Mistake::NoBrackets { word });
        };
        let Some(length) = memchr::memchr(b']', list) else {
            return Said::Mistaken(Mistake::UnclosedBracket { word });
        };
        let (list, rest) = list.split_at(length);
        let names: Vec<_> = list
            .split(|&byte| byte == b',')
            .map(<[u8]>::trim_ascii)
            .filter(|name| !name.is_empty())
            .map(|name| (self.span_of(name), String::from_utf8_lossy(name)))
            .collect();
        if names.is_empty() {
            return Said::Mistaken(Mistake::NoRules { word });
        }
        Said::Ignore(Ignore { is_for_file: word == "ignore-file", names, reason: reason(&rest[1..]) })
    }

    /// Where a part of [`Reader::rest`] stands in the file.
    fn span_of(&self, part: &[u8]) -> Span {
        let start = self.start + (part.as_ptr() as usize - self.rest.as_ptr() as usize) as u32;
        Span { start, end: start + part.len() as u32, ..self.comment.span }
    }
}

/// The text behind the brackets, without what people put between the two.
fn reason(text: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(text) {
        Cow::Borrowed(text) => Cow::Borrowed(bare(text)),
        Cow::Owned(text) => Cow::Owned(bare(&text).to_owned()),
    }
}

fn bare(text: &str) -> &str {
    text.trim_start_matches([':', '-', '–', '—', ' ', '\t']).trim_end()
}

fn unknown_word(word: &[u8]) -> Mistake {
    let word = String::from_utf8_lossy(word).into_owned();
    let nearest = meaning(&word.to_ascii_lowercase()).or_else(|| nearest(&word, WORDS.iter().copied()));
    Mistake::UnknownWord { word, nearest }
}

/// The word that `name` is most like, if they have much in common.
pub fn nearest<'w>(name: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let likenesses = words.into_iter().map(|word| (strsim::jaro_winkler(name, word), word));
    // Below this they have little in common; clap uses 0.7 for its own suggestions.
    let alike = likenesses.filter(|(likeness, _)| *likeness > 0.7);
    alike.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::syntax::parse;

    /// What the annotations of `text` say, in short.
    fn said(text: &str) -> Vec<String> {
        let ast = parse(FileId(0), text.as_bytes());
        let short = |annotation: Annotation<'_>| match annotation.said {
            Said::Context(context) => format!("{context:?}"),
            Said::Ignore(Ignore { is_for_file, names, reason }) => {
                for (span, name) in &names {
                    assert_eq!(&text[span.start as usize..span.end as usize], name);
                }
                let names: Vec<&str> = names.iter().map(|(_, name)| &**name).collect();
                format!("{}[{}] {reason}", if is_for_file { "file" } else { "line" }, names.join(","))
            }
            Said::Mistaken(mistake) => format!("{mistake:?}"),
        };
        annotations(&ast).map(short).collect()
    }

    #[test]
    fn what_comments_say() {
        let ignore = |text: &str| said(text).join(" ");
        assert_eq!(ignore("# ngxlint: ignore[a-b] as c says"), "line[a-b] as c says");
        assert_eq!(ignore("a; #ngxlint:ignore-file[ a , b, ]: c"), "file[a,b] c");
        assert_eq!(ignore("a; # old port ## ngxlint: ignore[a] -- c"), "line[a] c");
        assert_eq!(ignore("#   ngxlint:  ignore [a]"), "line[a] ");
        assert_eq!(ignore("# ngxlint: ignore[a] x # ngxlint: ignore[b] y"), "line[a] x # ngxlint: ignore[b] y");
        assert_eq!(ignore("# ngxlint: ignore"), "NoBrackets { word: \"ignore\" }");
        assert_eq!(ignore("# ngxlint: ignore-file(a)"), "NoBrackets { word: \"ignore-file\" }");
        assert_eq!(ignore("# ngxlint: ignore[a\n# ]"), "UnclosedBracket { word: \"ignore\" }");
        assert_eq!(ignore("# ngxlint: ignore[ , ] c"), "NoRules { word: \"ignore\" }");
        assert_eq!(ignore("# ngxlint: ingore[a]"), "UnknownWord { word: \"ingore\", nearest: Some(\"ignore\") }");
        assert_eq!(ignore("# ngxlint: off"), "UnknownWord { word: \"off\", nearest: None }");
        assert_eq!(ignore("#NGXLINT:Ignore[a] b"), "line[a] b");
        assert_eq!(ignore("# see below # NgxLint\t: ignore[a] b"), "line[a] b");
        assert_eq!(ignore("# ngxlint: context=htp"), "Context { chain: \"htp\" }");
        assert_eq!(ignore("# ngxlint: context=http,server x"), format!("{:?}", Contexts::SERVER));
    }

    #[test]
    fn what_is_meant_for_ngxlint_and_is_not_understood_is_told() {
        for (text, meant) in [
            ("# ngxlint ignore[a-b,c] why", "ignore[a-b,c] reason"),
            ("a; #ngxlint-ignore a-b", "ignore[rule] reason"),
            ("# NGXLINT Ignore [a]", "ignore[a] reason"),
            ("# ngxlint ignore", "ignore[rule] reason"),
            ("# ngxlint ignore-file: old", "ignore-file[rule] reason"),
            ("# ngxlint disable-next-line a-b", "ignore[rule] reason"),
            ("# ngxlint nolint=a", "ignore[rule] reason"),
            ("# ngxlint-disable-file", "ignore-file[rule] reason"),
            ("# ngxlint context=http,server", "context=http,server"),
        ] {
            assert_eq!(said(text), [format!("NoColon {{ meant: {meant:?} }}")], "{text}");
        }
        for (word, nearest) in
            [("ignore-next-line", "ignore"), ("disable", "ignore"), ("ignore_file", "ignore-file"), ("noqa", "ignore")]
        {
            let expected = format!("UnknownWord {{ word: {word:?}, nearest: Some({nearest:?}) }}");
            assert_eq!(said(&format!("# ngxlint: {word}[a] b")), [expected]);
        }
    }

    #[test]
    fn what_is_no_comment_says_nothing() {
        for text in [
            "add_header X '# ngxlint: ignore[a]';",
            "content_by_lua_block {\n# ngxlint: ignore[a]\n}",
            "a b# ngxlint: ignore[a];",
            "# write `# ngxlint: ignore[a] why` above it",
            "# ngxlint found this",
            "# ngxlint is run on this file",
            "# NGXLINT : a linter; its manual is in the wiki",
            "# Ngxlint: see below",
            "# ngxlint ignores this file",
            "# ngxlint, ignore what it says here",
            "# ngxlint ignore lists are in .ngxlint.yaml",
            "# ngxlint context matters here",
            "# nginx-lint: ignore[a] is another linter",
            "# ngxlinter ignore[a]",
            "# ngxlint",
            "# ngxlint-",
        ] {
            assert!(said(text).is_empty(), "{text}");
        }
    }
}
