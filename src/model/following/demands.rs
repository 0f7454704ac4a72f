//! What the directives of a server that lead elsewhere ask of a request: paths that their conditions and maps look for,
//! and whether the host matters.

use rustc_hash::FxHashSet;

use crate::config::{Directive, ItemId};
use crate::model::Model;
use crate::model::following::witness::{Witnesses, as_sent};
use crate::model::processing::condition_words;
use crate::model::values::map::Table;
use crate::model::values::value::{Piece, pieces};

/// The variables that hold the path.
const PATH_VARIABLES: &[&str] = &["uri", "request_uri", "document_uri"];

/// The variables that hold the host.
const HOST_VARIABLES: &[&str] = &["host", "http_host"];

/// What directives ask of a request.
#[derive(Debug, Default)]
pub(crate) struct Demands {
    /// Paths, as they are sent, that are looked for.
    pub(crate) paths: Vec<String>,
    /// Whether another host may be led elsewhere.
    pub(crate) by_host: bool,
}

impl Demands {
    /// Of directives that lead elsewhere, and of each `if` around them; at most `most` paths.
    pub(crate) fn of<'c>(model: &Model<'c>, leading: &[Directive<'c>], most: usize) -> Demands {
        let mut demands = Demands::default();
        let mut witnesses = Witnesses::default();
        let mut seen: FxHashSet<ItemId> = FxHashSet::default();
        for directive in leading {
            let conditions = directive.ancestors().filter(|block| block.is_named("if"));
            for asking in std::iter::once(*directive).chain(conditions) {
                if !seen.insert(asking.id()) {
                    break;
                }
                if asking.is_named("if") && demands.paths.len() < most {
                    demands.add(path_of_condition(asking, &mut witnesses), most);
                }
                for word in asking.arguments().filter(|word| word.raw().contains(&b'$')) {
                    demands.ask_word(model, &word.text(), most);
                }
            }
        }
        demands
    }

    fn ask_word(&mut self, model: &Model<'_>, text: &str, most: usize) {
        for name in variables(text) {
            self.by_host |= HOST_VARIABLES.contains(&name.as_str());
            let Some(table) = model.definitions().table(&name) else { continue };
            let source = table.source.map(|word| word.text()).unwrap_or_default();
            self.by_host |= variables(&source).any(|name| HOST_VARIABLES.contains(&name.as_str()));
            if is_path(&source) && self.paths.len() < most {
                self.add(table.paths().iter().cloned(), most);
            }
        }
    }

    fn add(&mut self, paths: impl IntoIterator<Item = String>, most: usize) {
        for path in paths {
            if self.paths.len() < most && !self.paths.contains(&path) {
                self.paths.push(path);
            }
        }
    }
}

/// The variables of a text, in lower case.
fn variables(text: &str) -> impl Iterator<Item = String> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Variable(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    })
}

/// Whether a text is the path of the request.
fn is_path(text: &str) -> bool {
    let name = match pieces(text).next() {
        Some(Piece::Variable(name)) if pieces(text).nth(1).is_none() => name.to_ascii_lowercase(),
        _ => return false,
    };
    PATH_VARIABLES.contains(&name.as_str())
}

/// A path for which an `if` that asks for it holds.
fn path_of_condition(condition: Directive<'_>, witnesses: &mut Witnesses) -> Option<String> {
    let words = condition_words(condition);
    let [subject, sign, value] = words.as_slice() else { return None };
    if !is_path(subject) {
        return None;
    }
    match sign.as_str() {
        "=" => as_sent(value),
        "~" => witnesses.of_regex(value.clone(), false),
        "~*" => witnesses.of_regex(value.clone(), true),
        _ => None,
    }
}

/// Keys of a map that are tried.
const MAX_KEYS: usize = 64;

/// Those of them that are regexes.
const MAX_REGEX_KEYS: usize = 16;

impl Table<'_> {
    /// Paths that the keys of a map stand for, first those that lead to another key.
    pub(crate) fn find_paths(&self) -> Vec<String> {
        let mut witnesses = Witnesses::default();
        let mut exact: Vec<_> = self.exact_entries().filter(|(key, _)| key.starts_with('/')).collect();
        exact.sort_by_cached_key(|(_, value)| (!self.has_exact(&value.text()), value.span()));
        let mut regexes: Vec<String> = Vec::new();
        for (key, _) in self.regex_entries().iter().take(MAX_KEYS) {
            let text = key.text();
            let rest = text.strip_prefix('~').unwrap_or(&text);
            let (regex, ignores_case) = rest.strip_prefix('*').map_or((rest, false), |regex| (regex, true));
            regexes.extend(witnesses.of_regex(regex.to_owned(), ignores_case));
            if regexes.len() == MAX_REGEX_KEYS {
                break;
            }
        }
        let exact = exact.into_iter().filter_map(|(key, _)| as_sent(key));
        let mut paths: Vec<String> = exact.take(MAX_KEYS - regexes.len()).collect();
        // Where only some are asked, both kinds are among them.
        let few = paths.split_off(paths.len().min(4));
        paths.extend(regexes);
        paths.extend(few);
        paths
    }
}
