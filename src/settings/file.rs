//! The settings file: where it is looked for, how it is read, and where in it things stand.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::error::{self, Told};
use super::place::{Step, find_place};
use super::{Mistake, Settings, SettingsError};
use crate::source::{FileSystem, RealFiles};

/// What the file is called.
pub const FILE_NAME: &str = ".ngxlint.yaml";

/// A file of this size has more than anybody writes; to read another would take time and memory for nothing.
pub const MAX_BYTES: u64 = 1 << 20;

/// Brackets inside each other. The YAML parser takes time that grows with the square of their number.
const MAX_NESTING: usize = 64;

/// A settings file that was read.
#[derive(Debug, Clone)]
pub struct SettingsFile {
    /// As messages show it.
    pub path: PathBuf,
    /// The directory that its paths are relative to: absolute, without links.
    pub directory: PathBuf,
    /// What it says.
    pub settings: Settings,
    text: String,
}

/// The settings file for what is in `directory`: there or in the nearest directory above it, up to the one that is a
/// repository's (it has `.git`), or to the root of the file system where there is none.
#[must_use]
pub fn find_file(directory: &Path) -> Option<PathBuf> {
    let files = RealFiles::default();
    for above in directory.ancestors() {
        // A link that leads nowhere is meant to be one: to read it says what is wrong.
        if files.has_entry(&above.join(FILE_NAME)) {
            return Some(above.join(FILE_NAME));
        }
        if files.kind(&above.join(".git")).is_ok() {
            break;
        }
    }
    None
}

impl SettingsFile {
    /// Reads a file. `shown` is how messages name it.
    ///
    /// # Errors
    /// [`SettingsError`] when it cannot be read, and for the first mistake in it.
    pub fn read(path: &Path, shown: PathBuf) -> Result<SettingsFile, SettingsError> {
        let files = RealFiles::default();
        let unreadable = |source| SettingsError::Unreadable { path: shown.clone(), source };
        let text = files.read(path, MAX_BYTES).map_err(unreadable)?;
        // Of a link, the directory where it stands: it was found there.
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let directory = files.canonicalize(directory).map_err(unreadable)?;
        let mistake = |text: &[u8], (span, told): (Range<usize>, Told)| {
            SettingsError::Mistake(Box::new(Mistake::new(shown.clone(), text.to_vec(), span, told)))
        };
        let text = String::from_utf8(text).map_err(|error| {
            let place = error.utf8_error().valid_up_to();
            mistake(error.as_bytes(), (place..place + 1, "this byte is not UTF-8".into()))
        })?;
        match parse(&text) {
            Ok(settings) => Ok(SettingsFile { path: shown, directory, settings, text }),
            Err(found) => Err(mistake(text.as_bytes(), found)),
        }
    }

    /// A path of the file, as the run uses it.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        let joined: PathBuf = self.directory.join(path).components().collect();
        if joined.as_os_str().is_empty() { self.directory.clone() } else { joined }
    }

    /// What is wrong with a value when it is used.
    #[must_use]
    pub fn mistake(&self, steps: &[Step<'_>], message: String) -> SettingsError {
        let (before, body) = split_mark(&self.text);
        let place = find_place(body, steps).unwrap_or(0..0);
        let span = place.start + before.len()..place.end + before.len();
        let (path, text) = (self.path.clone(), self.text.clone().into_bytes());
        SettingsError::Mistake(Box::new(Mistake::new(path, text, span, message.as_str().into())))
    }

    /// All of the file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line (from 1) of a key, inside the one before it; the last key that is found where not all are.
    #[must_use]
    pub fn line_of(&self, keys: &[&str]) -> usize {
        let mut lines = self.text.lines().enumerate().peekable();
        let mut found = 1;
        for (depth, key) in keys.iter().enumerate() {
            let is_key = |line: &str| {
                let is_top = !line.starts_with([' ', '\t']);
                let line = line.trim_start();
                let rest = line.strip_prefix(key).or_else(|| {
                    let quoted = line.strip_prefix(['"', '\''])?.strip_prefix(key)?;
                    quoted.strip_prefix(['"', '\''])
                });
                is_top == (depth == 0) && rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
            };
            // The mapping ends with the next key of the top.
            let is_inside = |line: &str| depth == 0 || line.is_empty() || line.starts_with([' ', '\t', '#', '}', ']']);
            match lines.by_ref().take_while(|(_, line)| is_inside(line)).find(|(_, line)| is_key(line)) {
                Some((number, _)) => found = number + 1,
                None => break,
            }
        }
        found
    }
}

/// Reads the text of a file. The error has its place, in bytes.
pub(super) fn parse(text: &str) -> Result<Settings, (Range<usize>, Told)> {
    let (before, body) = split_mark(text);
    parse_body(body).map_err(|(place, told)| (place.start + before.len()..place.end + before.len(), told))
}

/// A byte order mark and the text behind it. The YAML parser takes the mark for a column, so that the second line would
/// stand further to the left than the first.
fn split_mark(text: &str) -> (&str, &str) {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split_at(text.len() - body.len())
}

fn parse_body(text: &str) -> Result<Settings, (Range<usize>, Told)> {
    if let Some((place, char)) = text.char_indices().find(|(_, char)| is_forbidden(*char)) {
        let message = format!("a control character (U+{:04X})", u32::from(char));
        return Err((place..place + char.len_utf8(), message.as_str().into()));
    }
    if let Some(place) = too_deep(text) {
        let message = format!("more than {MAX_NESTING} brackets inside each other");
        return Err((place..place + 1, message.as_str().into()));
    }
    serde_yaml::from_str::<Option<Settings>>(text).map(Option::unwrap_or_default).map_err(|error| {
        let mut told = error::told(&error);
        let place = match error.location() {
            Some(place) => offset(text, place.line(), place.column()),
            // Of errors without a place, that of several documents has one that can be seen.
            None => {
                let last = |mark: &str| text.match_indices(mark).map(|(at, _)| at + 1).last();
                last("\n---").or_else(|| last("\n...")).unwrap_or(0)
            }
        };
        let place = told.doubled.take().and_then(|key| second_place(text, place, &key)).unwrap_or(place);
        if text[place..].starts_with('\t') {
            told = Told { help: Some("YAML is indented with spaces".to_owned()), .."a tab cannot stand here".into() };
        }
        let token = token(text, place);
        if text.get(token.clone()).is_some_and(|word| word.trim_matches(['"', '\'']) == MERGE_KEY) {
            told = Told {
                help: Some("write out what it stands for; an alias can be the whole value of a key".to_owned()),
                .."merge keys are not read here".into()
            };
        }
        (token, told)
    })
}

/// YAML 1.1 takes the keys of one mapping into another by it; YAML 1.2 does not have it.
const MERGE_KEY: &str = "<<";

/// What YAML does not allow anywhere (<https://yaml.org/spec/1.2.2/#51-character-set>), as far as it is in UTF-8.
fn is_forbidden(char: char) -> bool {
    char.is_control() && !matches!(char, '\t' | '\n' | '\r' | '\u{85}')
}

fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.bytes().enumerate().find_map(|(place, byte)| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth > MAX_NESTING).then_some(place)
    })
}

/// The byte at a line and column, both from 1, the column in characters.
pub(super) fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let before: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    (start + before).min(text.len())
}

/// What stands at a place: a word, a quoted text, or one character.
pub(super) fn token(text: &str, start: usize) -> Range<usize> {
    let line = text[start..].lines().next().unwrap_or_default();
    let quote = line.chars().next().filter(|char| matches!(char, '"' | '\''));
    let length = match quote {
        Some(quote) => line[1..].find(quote).map(|end| end + 2),
        None => {
            let is_end = |at: &usize| {
                let rest = &line[*at..];
                rest.starts_with([',', ']', '}']) || rest.starts_with(" #") || rest == ":" || rest.starts_with(": ")
            };
            line.char_indices().map(|(at, _)| at).find(is_end)
        }
    };
    let end = start + length.unwrap_or(line.trim_end().len()).max(line.chars().next().map_or(0, char::len_utf8));
    start..end
}

/// Where a key stands a second time, from the start of its mapping on: on the same column, or in the same braces.
fn second_place(text: &str, start: usize, key: &str) -> Option<usize> {
    let column = |place: usize| text[..place].rfind('\n').map_or(place, |line| place - line - 1);
    let found = text[start..].match_indices(key).map(|(at, _)| start + at);
    let is_key = |place: &usize| {
        let rest = text[place + key.len()..].trim_start_matches(['"', '\'']).trim_start_matches(' ');
        let is_word = text[..*place].ends_with([' ', '\n', '"', '\'', ',', '{', '\t']) || *place == 0;
        is_word && rest.starts_with(':')
    };
    let keys: Vec<usize> = found.filter(is_key).collect();
    let first = *keys.first()?;
    keys.iter().skip(1).copied().find(|&other| column(other) == column(first)).or(keys.get(1).copied())
}
