//! Comments that speak to ngxlint: `# ngxlint: ignore[rule] reason`, `# ngxlint: context=http,server`.

use std::borrow::Cow;

use super::snippet::parse_context;
use crate::nginx::Contexts;
use crate::source::Span;
use crate::syntax::{Ast, Comment};

/// What such a comment begins with, behind its `#`.
const MARKER: &[u8] = b"ngxlint:";

/// The words that can follow.
const WORDS: &[&str] = &["context", "ignore", "ignore-file"];

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
    let has_any = memchr::memmem::find(ast.text(), MARKER).is_some();
    let comments = if has_any { &ast.comments[..] } else { &[] };
    comments.iter().filter_map(|comment| parse(ast.text(), *comment))
}

fn parse(file: &[u8], comment: Comment) -> Option<Annotation<'_>> {
    let Span { start, end, .. } = comment.span;
    let text = file.get(start as usize..end as usize)?;
    let sign = memchr::memchr_iter(b'#', text).find(|&at| is_marked(text, at))?;
    let after_sign = text.get(sign..)?;
    let rest = after_marker(after_sign)?;
    let reader = Reader { comment, start: end - rest.len() as u32, rest };
    let span = Span { start: start + sign as u32, ..comment.span };
    Some(Annotation { comment, span, said: reader.said() })
}

/// Whether the `#` at `at` begins an annotation. It can stand behind other text of the comment, but not in the middle of
/// a word.
fn is_marked(text: &[u8], at: usize) -> bool {
    let is_apart = at.checked_sub(1).and_then(|before| text.get(before)).is_none_or(u8::is_ascii_whitespace);
    is_apart && text.get(at..).is_some_and(|rest| after_marker(rest).is_some())
}

fn after_marker(text: &[u8]) -> Option<&[u8]> {
    let signs = text.iter().take_while(|&&byte| byte == b'#').count();
    Some(text.get(signs..)?.trim_ascii_start().strip_prefix(MARKER)?.trim_ascii_start())
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
        let is_letter = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let (word, rest) = self.rest.split_at(self.rest.iter().take_while(is_letter).count());
        match word {
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
    let nearest = nearest(&word, WORDS.iter().copied());
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
        assert_eq!(ignore("# ngxlint: context=htp"), "Context { chain: \"htp\" }");
        assert_eq!(ignore("# ngxlint: context=http,server x"), format!("{:?}", Contexts::SERVER));
    }

    #[test]
    fn what_is_no_comment_says_nothing() {
        for text in [
            "add_header X '# ngxlint: ignore[a]';",
            "content_by_lua_block {\n# ngxlint: ignore[a]\n}",
            "a b# ngxlint: ignore[a];",
            "# write `# ngxlint: ignore[a] why` above it",
            "# ngxlint found this",
        ] {
            assert!(said(text).is_empty(), "{text}");
        }
    }
}
