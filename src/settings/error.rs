//! What is wrong with a settings file, and where.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use crate::config::nearest;
use crate::source::ReadError;

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: ReadError,
    },
    /// It is not what it has to be.
    #[error("{0}")]
    Mistake(Box<Mistake>),
}

/// A mistake in a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub path: PathBuf,
    /// All of it.
    pub text: Vec<u8>,
    /// The place, as bytes of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Mistake {
    pub(super) fn new(path: PathBuf, text: Vec<u8>, span: Range<usize>, told: Told) -> Mistake {
        let Told { message, help, .. } = told;
        Mistake { path, text, span, message, help }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.text.get(..self.span.start).unwrap_or(&self.text);
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        write!(f, "{}:{line}: {}", self.path.display(), self.message)
    }
}

/// Stands before a message of this room, in those that serde makes of it.
const OWN: char = '\u{1}';

/// A message of this room as an error of a deserializer, which adds the place.
pub(super) fn said<E: serde::de::Error>(message: impl fmt::Display) -> E {
    E::custom(format_args!("{OWN}{message}"))
}

/// Whether an error is one of this room.
pub(super) fn is_own(error: &serde_yaml::Error) -> bool {
    error.to_string().contains(OWN)
}

/// What a message says, for people.
pub(super) struct Told {
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// A key that is there twice.
    pub(super) doubled: Option<String>,
}

impl From<&str> for Told {
    fn from(message: &str) -> Told {
        Told { message: message.to_owned(), help: None, doubled: None }
    }
}

/// Puts what a deserializer says into the words of the file.
pub(super) fn told(error: &serde_yaml::Error) -> Told {
    let mut text = error.to_string();
    if let Some(place) = error.location() {
        text = text.replacen(&format!(" at line {} column {}", place.line(), place.column()), "", 1);
    }
    if let Some((_, own)) = text.split_once(OWN) {
        return own.into();
    }
    if text.contains("more than one document") {
        return "settings are one document; here another begins".into();
    }
    // serde's own words, behind the path of the value.
    let kind = |kind: &str| match text.strip_prefix(kind) {
        Some(rest) => Some(("", rest)),
        None => text.split_once(&format!(": {kind}")),
    };
    if let Some((_, rest)) = kind("unknown field `") {
        return unknown_key(rest);
    }
    if let Some((_, rest)) = kind("duplicate field `") {
        let key = rest.trim_end_matches('`');
        return Told { doubled: Some(key.to_owned()), ..format!("`{key}` is said twice").as_str().into() };
    }
    if let Some((_, rest)) = kind("missing field `") {
        return format!("`{}` is missing here", rest.trim_end_matches('`')).as_str().into();
    }
    for words in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some((path, rest)) = kind(words) {
            let (found, expected) = rest.split_once(", expected ").unwrap_or((rest, "something else"));
            let of = if path.is_empty() { String::new() } else { format!("`{path}`: ") };
            let message = format!("{of}expected {}, not {}", named(expected), named(found));
            let is_unquoted = ["integer ", "floating point ", "boolean "].iter().any(|kind| found.starts_with(kind));
            let help = (expected == "text" && is_unquoted).then(|| "put quotes around it".to_owned());
            return Told { help, ..message.as_str().into() };
        }
    }
    text.as_str().into()
}

/// What is wrong with the value of an option, behind what it should be: `not text "soon"`.
pub(super) fn unlike(reason: &str) -> String {
    let found = ["invalid type: ", "invalid value: "].iter().find_map(|words| reason.strip_prefix(words));
    match found.and_then(|rest| rest.split_once(", expected ")) {
        Some((found, _)) => match found.strip_prefix("integer `").map(|number| number.trim_end_matches('`')) {
            Some(number) if !number.starts_with('-') => format!(", and {number} is too large"),
            _ => format!(", not {}", named(found)),
        },
        None => format!(": {reason}"),
    }
}

/// serde's names of types as people know them from YAML.
fn named(text: &str) -> String {
    match text {
        "struct Settings" => "a mapping of settings".to_owned(),
        "struct Said" | "struct WebsocketSetting" | "map" => "a mapping".to_owned(),
        "a sequence" | "sequence" | "struct RuleList" | "tuple struct RuleList" => "a list".to_owned(),
        "unit value" | "null" | "Option value" => "nothing".to_owned(),
        "field identifier" => "a name".to_owned(),
        "u8" | "u32" | "u64" | "usize" => "a number".to_owned(),
        "path string" | "a string" => "text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        _ => {
            match ["string ", "integer ", "floating point ", "boolean "].iter().find_map(|kind| text.strip_prefix(kind))
            {
                Some(value) => value.replace('`', "").replace(" as u128", "").replace(" as i128", ""),
                None => text.to_owned(),
            }
        }
    }
}

/// `root2`, expected one of `roots`, `root`
fn unknown_key(rest: &str) -> Told {
    let mut words = rest.split('`');
    let name = words.next().unwrap_or_default();
    let known: Vec<&str> = words.skip(1).step_by(2).collect();
    match nearest(name, known.iter().copied()) {
        Some(meant) => format!("there is no setting `{name}` here; did you mean `{meant}`?").as_str().into(),
        None => Told {
            help: Some(format!("the settings here are {}", known.join(", "))),
            ..format!("there is no setting `{name}` here").as_str().into()
        },
    }
}
