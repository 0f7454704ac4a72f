//! Texts with variables that are the same for every request.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::config::{Config, Directive, ItemId};
use crate::model::requests::location;
use crate::model::values::definitions::capture_names;
use crate::model::values::value::{Piece, pieces};

/// Variables in variables up to which they are followed.
const MAX_DEPTH: usize = 8;

/// The `set`s of a configuration.
pub(super) struct Constants<'c> {
    /// By the name, in lower case; in the order of the configuration.
    sets: FxHashMap<String, Vec<Directive<'c>>>,
    /// What regexes capture by name, in lower case.
    captured: FxHashSet<String>,
    /// What was found for a variable in a location or a server.
    known: FxHashMap<(ItemId, String), Option<String>>,
}

impl<'c> Constants<'c> {
    pub(super) fn read(config: &'c Config<'c>) -> Constants<'c> {
        let mut constants =
            Constants { sets: FxHashMap::default(), captured: FxHashSet::default(), known: FxHashMap::default() };
        for directive in config.directives() {
            if let Some(name) = variable_set(directive) {
                constants.sets.entry(name).or_default().push(directive);
            }
            for word in directive.arguments().filter(|word| memchr::memmem::find(word.raw(), b"(?").is_some()) {
                constants.captured.extend(capture_names(&word.text()).map(str::to_ascii_lowercase));
            }
        }
        constants
    }

    /// What a parameter that stands in `block` of `http` is for every request; `None` where requests decide. `built_in`
    /// knows variables of nginx's own.
    pub(super) fn expand(
        &mut self,
        block: Directive<'c>,
        text: &str,
        built_in: &dyn Fn(&str) -> Option<String>,
    ) -> Option<String> {
        self.expand_within(block, text, built_in, MAX_DEPTH)
    }

    fn expand_within(
        &mut self,
        block: Directive<'c>,
        text: &str,
        built_in: &dyn Fn(&str) -> Option<String>,
        depth: usize,
    ) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let mut expanded = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => expanded.push_str(text),
                Piece::Capture(_) => return None,
                Piece::Variable(name) => {
                    let name = name.to_ascii_lowercase();
                    let value = match built_in(&name) {
                        Some(value) => value,
                        None => {
                            let value = self.value_set(block, &name)?;
                            self.expand_within(block, &value, built_in, depth)?
                        }
                    };
                    expanded.push_str(&value);
                }
            }
        }
        Some(expanded)
    }

    /// What `set` makes of a variable before the content of `block` is asked for: in its location, which runs whatever
    /// came before, else in the server.
    fn value_set(&mut self, block: Directive<'c>, name: &str) -> Option<String> {
        let location = location::around(block)?;
        let server = location.ancestors().find(|around| around.is_named("server"))?;
        let is_set_here = self.sets_in(location, name).next().is_some();
        match block.is_named("limit_except") {
            // The directives of its location do not run.
            true if is_set_here => None,
            false if is_set_here => self.value_in(location, name),
            _ => self.value_in(server, name),
        }
    }

    fn value_in(&mut self, level: Directive<'c>, name: &str) -> Option<String> {
        let key = (level.id(), name.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let value = self.find_value(level, name);
        self.known.insert(key, value.clone());
        value
    }

    /// The value of the last `set` directly in a location or a server, if it is what every request finds there.
    fn find_value(&self, level: Directive<'c>, name: &str) -> Option<String> {
        let last = self.sets_in(level, name).filter(|set| set.parent() == Some(level)).last()?;
        let is_unsure = |set: Directive<'_>| {
            // A location inside has its own requests; from one to another a request takes its variables along.
            set.parent() != Some(level)
                && (level.is_named("server") || set.ancestors().next().is_some_and(|around| around.is_named("if")))
        };
        let is_captured = level.is_named("server") && self.captured.contains(name);
        if level.is_incomplete() || is_captured || self.sets_in(level, name).any(is_unsure) {
            return None;
        }
        let mut before = level.children().take_while(|directive| *directive != last);
        if before.any(ends_directives) { None } else { Some(last.argument(1)?.text().into_owned()) }
    }

    /// The `set`s of a variable inside a block, at any depth.
    fn sets_in(&self, block: Directive<'c>, name: &str) -> impl Iterator<Item = Directive<'c>> {
        let sets = self.sets.get(name).map(Vec::as_slice).unwrap_or_default();
        let first = sets.partition_point(|set| set.id() < block.id());
        // What is inside a block follows it without a gap.
        sets[first..].iter().copied().take_while(move |set| set.ancestors().any(|around| around == block))
    }
}

/// The variable that a `set` sets.
fn variable_set(directive: Directive<'_>) -> Option<String> {
    if !directive.is_named("set") {
        return None;
    }
    Some(directive.argument(0)?.text().strip_prefix('$')?.to_ascii_lowercase())
}

/// Whether what follows a directive in its block may not run.
fn ends_directives(directive: Directive<'_>) -> bool {
    let ends = |directive: Directive<'_>| {
        directive.is_named("break") || directive.is_named("return") || directive.is_named("rewrite")
    };
    ends(directive) || directive.is_named("if") && directive.children().any(ends)
}
