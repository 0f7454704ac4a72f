//! The directives that nginx and widely used third-party modules know.
//!
//! The facts are the rows of the tables beside this file; this file gives them their types and finds them.

mod core;
mod http;
mod http_upstream;
mod mail;
mod row;
mod stream;
mod third_party;
mod words;

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::{Arguments, Contexts, NginxVersion};

/// The name of a directive that the tables know. All directives of that name share it: `server` has one in
/// `http`, in `upstream`, in `stream` …
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DirectiveName(u16);

/// One module's directive of a name: a row of nginx's command tables.
#[derive(Debug, Clone, Copy)]
pub struct Directive {
    /// As it is written in a configuration; nginx compares it with case.
    pub name: &'static str,
    /// The module whose command table holds it, as in nginx's source.
    pub module: &'static str,
    /// The third-party package it comes with; `None` for nginx's own.
    pub package: Option<&'static str>,
    /// Where it may stand in the newest release, see [`Directive::contexts_in`].
    pub contexts: Contexts,
    /// Whether `{` follows its arguments; what stands inside is [`Contexts::inside`].
    pub block: bool,
    /// How many arguments it takes in the newest release, see [`Directive::arguments_in`].
    pub arguments: Arguments,
    /// What the arguments are, where one of nginx's common setters reads them; `None`: the module's own code does.
    pub value: Option<ValueKind>,
    /// The words that [`ValueKind::OneOf`] and [`ValueKind::SetOf`] accept, without case.
    pub values: &'static [&'static str],
    /// A word of `values` with the first release that accepts it, if it came after the directive.
    latest_value: Option<(&'static str, NginxVersion)>,
    /// What nginx does with a second one on the same level.
    pub duplicate: Duplicate,
    /// The first release that has it; `None`: it is older than the documentation tells, or of a third party.
    pub since: Option<NginxVersion>,
    /// The last release that has it; `None`: the newest has it still.
    pub removed_after: Option<NginxVersion>,
    /// From when on nginx warns of it.
    pub deprecated: Option<Deprecated>,
    /// What it was in earlier releases, if it was different.
    pub changed: Option<Earlier>,
    /// The default of the newest release in the words of the documentation; `4k|8k` depends on the platform.
    /// [`default_value`](super::default_value) knows earlier ones.
    pub default: Option<&'static str>,
    page: Option<&'static str>,
    undocumented: bool,
}

/// The kinds of values that nginx's common setters read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// `on` or `off`: [`parse_flag`](super::parse_flag).
    Flag,
    /// Any text.
    Text,
    /// A number without a sign: [`parse_number`](super::parse_number).
    Number,
    /// A size with `k` or `m`: [`parse_size`](super::parse_size).
    Size,
    /// A size with `k`, `m` or `g`: [`parse_offset`](super::parse_offset).
    Offset,
    /// A time down to milliseconds: [`parse_time`](super::parse_time).
    Time,
    /// A time in whole seconds: [`parse_seconds`](super::parse_seconds).
    Seconds,
    /// Two arguments, a number and a size.
    Buffers,
    /// Two arguments, a name and a value.
    KeyValue,
    /// A directory and up to three widths of subdirectories.
    Path,
    /// Rights such as `user:rw group:r`.
    Access,
    /// One of [`Directive::values`].
    OneOf,
    /// One or more of [`Directive::values`].
    SetOf,
}

/// What nginx does with a directive that stands twice on one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duplicate {
    /// "directive is duplicate": nginx does not start.
    Rejected,
    /// nginx accepts it. Most often it adds to the first; some directives ask for another name or zone than the
    /// first one's (`log_format`, `limit_req`), and of some the last one counts (`ssl_session_cache`).
    Allowed,
    /// Nobody has seen: directives that nginx has long removed, and third-party code of its own.
    Unknown,
}

/// A directive that nginx still reads, but warns of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deprecated {
    /// The first release that warns.
    pub since: NginxVersion,
    /// What nginx recommends instead; `None`: the directive has no effect any more and nothing takes its place.
    pub instead: Option<&'static str>,
}

/// What a directive was in the releases before `before`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Earlier {
    /// The first release in which it is what it is now.
    pub before: NginxVersion,
    /// Where it might stand.
    pub contexts: Contexts,
    /// How many arguments it took.
    pub arguments: Arguments,
}

impl DirectiveName {
    /// The name that is written `name`, with case; `None` when no table knows it.
    #[must_use]
    pub fn find(name: &[u8]) -> Option<DirectiveName> {
        TABLE.by_name.get(name).copied()
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.rows().first().map_or("", |row| row.name)
    }

    /// Several names, for those who look for all of them again and again; one that no table knows is left out.
    pub(crate) fn find_all(names: &[&str]) -> Vec<DirectiveName> {
        names.iter().filter_map(|name| DirectiveName::find(name.as_bytes())).collect()
    }

    /// All names that the tables know, each at its [`number`](DirectiveName::number).
    pub(crate) fn all() -> impl Iterator<Item = DirectiveName> {
        (0..).zip(&TABLE.ranges).map(|(number, _)| DirectiveName(number))
    }

    /// Its place among all names.
    pub(crate) fn number(self) -> usize {
        usize::from(self.0)
    }

    /// The directives of this name, at least one; sorted by module.
    #[must_use]
    pub fn rows(self) -> &'static [Directive] {
        let (start, end) = TABLE.ranges[usize::from(self.0)];
        &TABLE.rows[usize::from(start)..usize::from(end)]
    }

    /// The directive of this name that may stand in `place` (or in one of its contexts, if it has several).
    #[must_use]
    pub fn in_context(self, place: Contexts) -> Option<&'static Directive> {
        self.rows().iter().find(|row| row.contexts.allows(place))
    }

    /// Every context in which a directive of this name may stand.
    #[must_use]
    pub fn contexts(self) -> Contexts {
        self.rows().iter().fold(Contexts::EMPTY, |all, row| all | row.contexts)
    }

    /// The known name nearest to `name`, at most two edits away, for a "did you mean"; the first in the
    /// alphabet among equals. Edits are counted without case, so `Server_Name` is near to `server_name`.
    #[must_use]
    pub fn nearest(name: &[u8]) -> Option<DirectiveName> {
        const FARTHEST: usize = 2;
        if name.len() > LONGEST_NAME + FARTHEST {
            return None;
        }
        let name = name.to_ascii_lowercase();
        let distances = (0..).zip(&TABLE.ranges).filter_map(|(index, _)| {
            let known = DirectiveName(index);
            let distance = edit_distance(&name, known.as_str().as_bytes(), FARTHEST)?;
            // Two edits of a word of three letters make another word.
            (distance * 2 < name.len()).then_some((distance, known))
        });
        distances.min().map(|(_, known)| known)
    }
}

impl Directive {
    /// Whether `version` knows the directive.
    #[must_use]
    pub fn exists_in(&self, version: NginxVersion) -> bool {
        self.since.is_none_or(|first| first <= version) && self.removed_after.is_none_or(|last| version <= last)
    }

    /// How many arguments it takes in `version`.
    #[must_use]
    pub fn arguments_in(&self, version: NginxVersion) -> Arguments {
        self.earlier(version).map_or(self.arguments, |earlier| earlier.arguments)
    }

    /// Where it may stand in `version`.
    #[must_use]
    pub fn contexts_in(&self, version: NginxVersion) -> Contexts {
        self.earlier(version).map_or(self.contexts, |earlier| earlier.contexts)
    }

    /// Whether `word` is one of its [`values`](Directive::values) in `version`. nginx compares without case.
    #[must_use]
    pub fn accepts_word(&self, word: &[u8], version: NginxVersion) -> bool {
        let latest = self.latest_value.filter(|(_, since)| version < *since).map(|(value, _)| value);
        self.values.iter().any(|value| value.as_bytes().eq_ignore_ascii_case(word) && latest != Some(*value))
    }

    /// The first release that accepts a word, where that came later than the directive.
    #[must_use]
    pub fn word_since(&self, word: &[u8]) -> Option<NginxVersion> {
        self.latest_value.filter(|(value, _)| word.eq_ignore_ascii_case(value.as_bytes())).map(|(_, since)| since)
    }

    /// The page and place that document it; `None` when it is not documented.
    #[must_use]
    pub fn documentation(&self) -> Option<String> {
        self.page.map(|page| match page.starts_with("https://") {
            true => format!("{page}#{}", self.name),
            false => format!("https://nginx.org/en/docs/{page}.html#{}", self.name),
        })
    }

    fn earlier(&self, version: NginxVersion) -> Option<&Earlier> {
        self.changed.as_ref().filter(|earlier| version < earlier.before)
    }
}

/// Every directive, sorted by name and module.
pub fn all_directives() -> &'static [Directive] {
    &TABLE.rows
}

/// The third-party packages of which the tables have directives, sorted.
#[must_use]
pub fn packages() -> &'static [&'static str] {
    static PACKAGES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let mut all: Vec<&str> = TABLE.rows.iter().filter_map(|row| row.package).collect();
        all.sort_unstable();
        all.dedup();
        all
    });
    &PACKAGES
}

/// No name of the tables is longer.
const LONGEST_NAME: usize = 64;

/// The tables as lookups need them.
struct Table {
    /// Sorted by name and module, so that those of one name stand together.
    rows: Vec<Directive>,
    /// For each name in order, the rows that have it.
    ranges: Vec<(u16, u16)>,
    by_name: FxHashMap<&'static [u8], DirectiveName>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let modules =
        [core::MODULES, http::MODULES, http_upstream::MODULES, stream::MODULES, mail::MODULES, third_party::MODULES];
    let mut rows: Vec<Directive> = modules.into_iter().flatten().flat_map(row::Module::directives).collect();
    rows.sort_by_key(|row| (row.name, row.module));
    let mut table = Table { rows, ranges: Vec::new(), by_name: FxHashMap::default() };
    let mut start = 0;
    for (index, same) in (0..).zip(table.rows.chunk_by(|one, other| one.name == other.name)) {
        let end = start + u16::try_from(same.len()).expect("the tables hold fewer than 65,536 rows");
        table.ranges.push((start, end));
        table.by_name.insert(same[0].name.as_bytes(), DirectiveName(index));
        start = end;
    }
    table
});

/// The text nearest to `name` among some, at most two edits away and without case; the first in the alphabet among equals.
#[must_use]
pub fn nearest_text<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    const FARTHEST: usize = 2;
    let name = name.to_ascii_lowercase();
    let distances = known.filter(|known| known.len() <= LONGEST_NAME).filter_map(|known| {
        let distance = edit_distance(name.as_bytes(), known.to_ascii_lowercase().as_bytes(), FARTHEST)?;
        (distance * 2 < name.len()).then_some((distance, known))
    });
    distances.min().map(|(_, known)| known)
}

/// The number of insertions, deletions, replacements and swaps of neighbours that make `one` into `other`;
/// `None` when it is above `limit`. Of a word too far away only the first letters are looked at.
fn edit_distance(one: &[u8], other: &[u8], limit: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > limit {
        return None;
    }
    // The rows of the matrix for the letter at hand and the two before it.
    let [mut before, mut above, mut current] = [[0; LONGEST_NAME + 1]; 3];
    for (column, distance) in above.iter_mut().enumerate() {
        *distance = column;
    }
    for (row, byte) in one.iter().enumerate() {
        current[0] = row + 1;
        let mut nearest = current[0];
        for (column, wanted) in other.iter().enumerate() {
            let replaced = above[column] + usize::from(byte != wanted);
            let mut distance = replaced.min(above[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && one[row - 1] == *wanted && other[column - 1] == *byte {
                distance = distance.min(before[column - 1] + 1);
            }
            current[column + 1] = distance;
            nearest = nearest.min(distance);
        }
        if nearest > limit {
            return None;
        }
        (before, above, current) = (above, current, before);
    }
    Some(above[other.len()]).filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests;
