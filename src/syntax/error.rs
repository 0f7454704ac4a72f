//! What the tokenizer refuses, and where a person would point at.

use std::fmt;

use crate::source::Span;

/// One thing that nginx would refuse in the syntax of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// Where a person would mend it.
    pub span: Span,
    /// Where the text goes on as if nothing was missing: what follows an unclosed block.
    pub went_wrong: Option<Span>,
    /// Where nginx stops, when that is another place.
    pub noticed: Option<Span>,
}

/// The kinds of [`SyntaxError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// The file starts with EF BB BF, which nginx takes for a part of the first directive's name.
    ByteOrderMark,
    /// A `;` that ends nothing.
    UnexpectedSemicolon,
    /// A `{` without a directive before it.
    UnexpectedOpeningBrace,
    /// A `}` that closes nothing.
    UnexpectedClosingBrace,
    /// A directive is followed by `}` or by the end of the file instead of `;`.
    MissingSemicolon {
        /// Its last word, as written.
        last_word: String,
    },
    /// A block that is never closed.
    UnclosedBlock {
        /// The name of the block.
        name: String,
        /// How many blocks around it are not closed either.
        others: usize,
    },
    /// A quote that is never closed, or only by the opening quote of a later string.
    UnterminatedQuote {
        /// `"` or `'`.
        quote: char,
    },
    /// Something touches the end of a quoted word.
    UnexpectedAfterQuote {
        /// The first character of it.
        found: char,
    },
    /// A word or a comment longer than nginx's buffer.
    TooLong {
        /// "parameter" or "comment".
        what: &'static str,
    },
    /// The Lua of a `*_by_lua_block` has no closing brace.
    UnclosedCode {
        /// The name of the block.
        name: String,
    },
}

impl fmt::Display for SyntaxErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrderMark => f.write_str("the file starts with a byte order mark, which nginx reads as text"),
            Self::UnexpectedSemicolon => f.write_str("unexpected `;`: it ends no directive"),
            Self::UnexpectedOpeningBrace => f.write_str("unexpected `{`: no directive stands before it"),
            Self::UnexpectedClosingBrace => f.write_str("unexpected `}`: no block is open here"),
            Self::MissingSemicolon { last_word } => write!(f, "missing `;` after `{last_word}`"),
            Self::UnclosedBlock { name, others: 0 } => {
                write!(f, "the block `{name}` is never closed: a `}}` is missing")
            }
            Self::UnclosedBlock { name, others } => {
                write!(f, "the block `{name}` and {others} around it are never closed: {} `}}` are missing", others + 1)
            }
            Self::UnterminatedQuote { quote } => write!(f, "the string that starts with {quote} here is not ended"),
            Self::UnexpectedAfterQuote { found } => {
                write!(f, "unexpected `{}` after a quoted string", found.escape_debug())
            }
            Self::TooLong { what } => write!(f, "{what} too long: nginx reads at most 4096 bytes of it"),
            Self::UnclosedCode { name } => write!(f, "the Lua of `{name}` has no closing `}}`"),
        }
    }
}

impl SyntaxErrorKind {
    /// How to mend it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::ByteOrderMark => "save the file as UTF-8 without a byte order mark".into(),
            Self::UnexpectedSemicolon => "remove the `;`".into(),
            Self::UnexpectedOpeningBrace => "write the name of the block before `{`, or remove the brace".into(),
            Self::UnexpectedClosingBrace => "remove this `}`, or open the block that it should close".into(),
            Self::MissingSemicolon { .. } => "end the directive with `;`".into(),
            Self::UnclosedBlock { .. } => "add the closing `}` where the block should end".into(),
            Self::UnterminatedQuote { quote } => format!("add the closing {quote}"),
            Self::UnexpectedAfterQuote { .. } => {
                "after a closing quote nginx expects white space, `;`, `{` or `)`; put quotes around the whole word"
                    .into()
            }
            Self::TooLong { what } => match *what {
                "comment" => "break the comment into several lines".into(),
                _ => "a quote may be missing before it; otherwise split the value".into(),
            },
            Self::UnclosedCode { .. } => "add the closing `}`; braces in Lua strings and comments do not count".into(),
        }
    }
}
