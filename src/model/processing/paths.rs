//! The files behind a URI: `root` and `alias`.
//!
//! nginx: `ngx_http_map_uri_to_path` in src/http/ngx_http_core_module.c.

use std::path::{Path, PathBuf};

use super::Processing;
use crate::config::Directive;
use crate::model::Settled;
use crate::model::inherit;
use crate::model::requests::document_files::Found;
use crate::model::requests::location::{self, Modifier};
use crate::model::requests::response::Value;

/// The `root` that nginx has where none is set.
const DEFAULT_ROOT: &str = "html";

/// How a URI becomes a path.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    /// The directory, or with a regex location's `alias` the file.
    pub(super) base: Value,
    /// What of the URI `alias` replaces.
    pub(super) alias: Alias,
}

/// What `alias` does to a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alias {
    /// It is a `root`.
    None,
    /// The first bytes, which the location's prefix has, are replaced.
    Prefix(usize),
    /// In a regex location: the whole is replaced.
    Whole,
}

impl<'c> Processing<'_, 'c, '_> {
    /// The mapping in effect; `None` where nginx answers 500, because the URI is no longer that of the location.
    pub(super) fn mapping(&mut self) -> Option<Mapping> {
        let directive = inherit::value_in_effect(self.block, "root");
        let is_alias = directive.is_some_and(|directive| directive.is_named("alias"));
        let alias = match directive.filter(|_| is_alias).and_then(location::around).and_then(location::matcher) {
            Some((modifier, ..)) if modifier.is_regex() => Alias::Whole,
            Some((Modifier::Named, ..)) | None => Alias::None,
            Some((.., text)) => Alias::Prefix(text.len()),
        };
        if is_alias && !self.is_location_valid {
            return None;
        }
        let text = directive.and_then(|directive| directive.argument(0)).map(|word| word.text().into_owned());
        let mut base = self.expand(directive, text.as_deref().unwrap_or(DEFAULT_ROOT));
        // nginx takes the slash at the end of a root away, so that a URI does not begin with two.
        if !is_alias && base.text.ends_with('/') {
            base.text.pop();
        }
        if base.is_known && !base.text.starts_with('/') {
            base = match &self.model().environment.prefix {
                Some(prefix) => Value::new(prefix.join(&base.text).to_string_lossy()),
                None => Value::unknown(base.text),
            };
        }
        Some(Mapping { base, alias })
    }

    /// The path of what the URI asks for.
    pub(super) fn path_of(&self, mapping: &Mapping, uri: &Value) -> Value {
        let rest = match mapping.alias {
            Alias::None => uri.text.as_str(),
            Alias::Prefix(length) => uri.text.get(length..).unwrap_or_default(),
            Alias::Whole if self.adds_uri_to_alias => uri.text.as_str(),
            Alias::Whole => "",
        };
        Value { text: [mapping.base.text.as_str(), rest].concat(), is_known: mapping.base.is_known && uri.is_known }
    }

    /// `$request_filename`
    pub(super) fn file_path(&mut self) -> Option<Value> {
        let mapping = self.mapping()?;
        Some(self.path_of(&mapping, &self.uri))
    }

    /// `$document_root`
    pub(super) fn document_root(&mut self) -> Option<Value> {
        self.mapping().map(|mapping| mapping.base)
    }

    /// What stands at a path, where it can be seen: its document root exists, or the directory that it is in.
    pub(super) fn look_for(&mut self, path: &Path) -> Option<Found> {
        let root =
            self.mapping().filter(|mapping| mapping.base.is_known).map(|mapping| PathBuf::from(mapping.base.text));
        let root = root.filter(|root| path.starts_with(root)).or_else(|| path.parent().map(Path::to_path_buf))?;
        self.model().documents.find(&root, path).known()
    }

    /// Whether a path is that of a file that the request stands for.
    pub(super) fn supposes(&self, path: &str) -> bool {
        let is_asked_for = || {
            let asked = self.arrival.request.target.split('?').next().unwrap_or_default();
            let name = asked.rsplit('/').next().unwrap_or_default();
            !name.is_empty() && path.contains(name)
        };
        self.choices.supposes_files() && is_asked_for()
    }

    /// What stands at the path of a mapping; where it cannot be seen, one of `possible`, the first of which is
    /// tried first.
    pub(super) fn find_file(
        &mut self,
        by: Option<Directive<'c>>,
        mapping: &Mapping,
        path: &Value,
        possible: &[Found],
    ) -> Found {
        if path.is_known && !self.supposes(&path.text) {
            let base = Path::new(&mapping.base.text);
            // An alias can be a file.
            let is_directory = mapping.alias == Alias::None || mapping.base.text.ends_with('/');
            let root = if is_directory { base } else { base.parent().unwrap_or(base) };
            if let Settled::Known(found) = self.model().documents.find(root, Path::new(&path.text)) {
                // A path that ends with a slash is a directory's.
                return if found != Found::Directory && path.text.ends_with('/') { Found::Nothing } else { found };
            }
        }
        let bare = path.text.trim_end_matches('/');
        let is_possible = |found: &&Found| **found != Found::File || bare == path.text;
        let mut possible: Vec<Found> = possible.iter().filter(is_possible).copied().collect();
        // A site that is served at all most likely has its document root.
        if bare == mapping.base.text.trim_end_matches('/') {
            possible.sort_by_key(|found| *found != Found::Directory);
        }
        let clause = |found: &Found| match found {
            Found::File => [bare, " is a file"].concat(),
            Found::Directory => [bare, " is a directory"].concat(),
            _ => [bare, " does not exist"].concat(),
        };
        let taken = self.choices.choose_file(by, ["file ", bare].concat(), &possible, clause);
        possible.get(taken).copied().unwrap_or(Found::Nothing)
    }
}
