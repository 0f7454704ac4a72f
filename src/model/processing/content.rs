//! What answers in a location: `try_files`, an upstream, an index, a file, a listing.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#try_files>,
//! <https://nginx.org/en/docs/http/ngx_http_index_module.html>, src/http/modules/ngx_http_static_module.c.

use std::borrow::Cow;
use std::path::Path;

use super::paths::{Alias, Mapping};
use super::{Phase, Processing};
use crate::config::Directive;
use crate::model::inherit;
use crate::model::requests::document_files::Found;
use crate::model::requests::location;
use crate::model::requests::response::{ResponseKind, StepKind, Value};
use crate::model::values::uri::escape_uri;
use crate::model::values::value::has_variables;

/// The `index` that nginx has where none is set.
const DEFAULT_INDEX: &str = "index.html";

impl<'c> Processing<'_, 'c, '_> {
    /// `ngx_http_try_files_handler`
    pub(super) fn try_files(&mut self) -> Phase<'c> {
        let Some(directive) = self.block.children_named("try_files").next() else { return Phase::Content };
        let words: Vec<Cow<'c, str>> = directive.arguments().map(|word| word.text()).collect();
        let Some((last, tried)) = words.split_last() else { return Phase::Content };
        let Some(mapping) = self.mapping() else { return Phase::Finalize(500, Some(directive)) };
        // Behind a mere status the files are the site; else they are what its program leaves over.
        let possible = match last.starts_with('=') {
            true => [Found::File, Found::Directory, Found::Nothing],
            false => [Found::Nothing, Found::File, Found::Directory],
        };
        for word in tried {
            let (name, wants_directory) = match word.strip_suffix('/') {
                Some(name) => (name, true),
                None => (&**word, false),
            };
            let name = self.tried_name(directive, &mapping, name);
            let path = Value {
                text: [mapping.base.text.as_str(), name.text.as_str()].concat(),
                is_known: mapping.base.is_known && name.is_known,
            };
            let found = self.find_file(Some(directive), &mapping, &path, &possible);
            let is_directory = found == Found::Directory;
            if matches!(found, Found::Nothing | Found::Forbidden) || is_directory != wants_directory {
                continue;
            }
            let rest = self.below_base(&mapping, &path);
            match mapping.alias {
                Alias::None => self.uri = rest,
                Alias::Prefix(length) => {
                    self.uri.text.truncate(length);
                    self.uri.text.push_str(&rest.text);
                    self.uri.is_known &= rest.is_known;
                }
                Alias::Whole if !is_directory => {
                    self.uri = rest;
                    self.adds_uri_to_alias = true;
                }
                Alias::Whole => {}
            }
            return Phase::Content;
        }
        if let Some(status) = last.strip_prefix('=').and_then(|status| status.parse::<u16>().ok()) {
            return self.end_with(status, directive);
        }
        let target = self.tried_name(directive, &mapping, last);
        if target.text.starts_with('@') {
            return self.enter_named(Some(directive), StepKind::TryFiles, &target.text);
        }
        let (uri, args) = split_args(&target);
        self.redirect_internally(Some(directive), StepKind::TryFiles, uri, args)
    }

    /// What `=code` of try_files gives.
    fn end_with(&mut self, status: u16, directive: Directive<'c>) -> Phase<'c> {
        match status {
            201 | 204 | 300.. => Phase::Finalize(status, Some(directive)),
            _ => Phase::Lost(format!("nginx hangs on try_files … ={status}")),
        }
    }

    /// A parameter, where it holds variables without what it has in common with the location: `alias` replaces that.
    fn tried_name(&mut self, directive: Directive<'c>, mapping: &Mapping, word: &str) -> Value {
        let mut name = self.expand(Some(directive), word);
        if let Alias::Prefix(length) = mapping.alias
            && has_variables(word)
            && self.uri.text.get(..length).is_some_and(|begin| name.text.starts_with(begin))
        {
            name.text.drain(..length);
        }
        name
    }

    fn below_base(&self, mapping: &Mapping, path: &Value) -> Value {
        let text = path.text.get(mapping.base.text.len()..).unwrap_or_default();
        Value { text: text.to_owned(), is_known: path.is_known }
    }

    /// The content phase.
    pub(super) fn content(&mut self) -> Phase<'c> {
        if let Some(handler) = self.handler {
            return self.run_handler(handler);
        }
        let Some(uri) = self.uri.known().map(str::to_owned) else {
            return Phase::Lost(format!("which file answers {} cannot be told", self.uri.text));
        };
        if let Some(reason) = self.other_content() {
            return Phase::Lost(reason);
        }
        let is_directory = uri.ends_with('/');
        if is_directory
            && self.reads()
            && let Some(phase) = self.index()
        {
            return phase;
        }
        if is_directory && matches!(self.method.as_str(), "GET" | "HEAD") && self.is_on("autoindex") {
            return self.list_directory();
        }
        if !self.reads() {
            return Phase::Finalize(405, None);
        }
        if is_directory {
            return Phase::Finalize(403, None);
        }
        self.file()
    }

    fn run_handler(&mut self, handler: Directive<'c>) -> Phase<'c> {
        if location::is_pass(handler) {
            return match self.pass_in_effect(handler) {
                Some(pass) => Phase::Pass(pass),
                None => Phase::Finalize(500, Some(handler)),
            };
        }
        match &*handler.name_text() {
            "empty_gif" | "stub_status" if matches!(self.method.as_str(), "GET" | "HEAD") => {
                Phase::Send(200, ResponseKind::Static, Some(handler))
            }
            "empty_gif" | "stub_status" => Phase::Finalize(405, Some(handler)),
            "flv" | "mp4" if self.uri.is_known && !self.uri.text.ends_with('/') => self.file(),
            name => Phase::Lost(format!("what {name} answers cannot be told")),
        }
    }

    /// The handler stays when a later `if` is entered, but the upstream is the one of that `if`, which takes it from
    /// its location only: `None` where it has none ("no upstream configuration").
    fn pass_in_effect(&self, handler: Directive<'c>) -> Option<Directive<'c>> {
        let name = handler.name_text();
        let blocks = std::iter::once(self.block).chain(self.block.ancestors());
        let inherits = |block: &Directive<'c>| block.is_named("if") || block.is_named("limit_except");
        let mut is_open = true;
        let blocks = blocks.take_while(|block| std::mem::replace(&mut is_open, inherits(block)));
        blocks.filter_map(|block| block.children_named(&name).last()).next()
    }

    /// Modules that answer before files do.
    fn other_content(&self) -> Option<String> {
        let is_on = |name: &str| self.is_on(name);
        if inherit::has_in_effect(self.block, "dav_methods") && !self.reads() {
            return Some("what dav_methods answers cannot be told".to_owned());
        }
        is_on("random_index").then(|| "which file random_index takes cannot be told".to_owned())
    }

    fn is_on(&self, name: &str) -> bool {
        inherit::flag_in_effect(self.block, name) == Some(true)
    }

    /// `ngx_http_index_handler`; `None` where no index file is there.
    fn index(&mut self) -> Option<Phase<'c>> {
        let in_effect = inherit::in_effect(self.block, "index").directives;
        let directive = in_effect.last().copied();
        let mut names: Vec<Cow<'c, str>> =
            in_effect.iter().flat_map(|index| index.arguments()).map(|word| word.text()).collect();
        if names.is_empty() {
            names.push(DEFAULT_INDEX.into());
        }
        let mut has_directory = false;
        for name in names {
            let name = self.expand(directive, &name);
            if name.text.starts_with('/') {
                let args = self.args.clone();
                return Some(self.redirect_internally(directive, StepKind::Index, name, args));
            }
            let Some(mapping) = self.mapping() else { return Some(Phase::Finalize(500, directive)) };
            let directory = self.path_of(&mapping, &self.uri);
            let path = Value {
                text: [directory.text.as_str(), name.text.as_str()].concat(),
                is_known: directory.is_known && name.is_known,
            };
            match self.find_file(directive, &mapping, &path, &[Found::File, Found::Nothing]) {
                Found::Nothing if has_directory => continue,
                Found::Nothing => {
                    let bare = Value { text: directory.text.trim_end_matches('/').to_owned(), ..directory.clone() };
                    match self.find_file(directive, &mapping, &bare, &[Found::Directory, Found::Nothing]) {
                        Found::Directory => has_directory = true,
                        Found::Nothing => return Some(Phase::Finalize(404, directive)),
                        _ if directory.text.ends_with('/') => return Some(Phase::Finalize(404, directive)),
                        // `alias` without a slash at its end: "is not a directory" (`ngx_http_index_test_dir`).
                        _ => return Some(Phase::Finalize(500, directive)),
                    }
                }
                _ => {
                    let uri = Value { text: format!("{}{}", self.uri.text, name.text), ..self.uri.clone() };
                    let args = self.args.clone();
                    return Some(self.redirect_internally(directive, StepKind::Index, uri, args));
                }
            }
        }
        None
    }

    fn list_directory(&mut self) -> Phase<'c> {
        let by = inherit::value_in_effect(self.block, "autoindex");
        let Some(mapping) = self.mapping() else { return Phase::Finalize(500, by) };
        let mut path = self.path_of(&mapping, &self.uri);
        // The last character is taken for the slash, which an `alias` without one does not have.
        path.text.pop();
        match self.find_file(by, &mapping, &path, &[Found::Directory, Found::Nothing]) {
            Found::Directory => {
                self.root = Some(mapping.base);
                Phase::Send(200, ResponseKind::Static, by)
            }
            _ => Phase::Finalize(404, by),
        }
    }

    /// `ngx_http_static_handler`
    fn file(&mut self) -> Phase<'c> {
        let root = inherit::value_in_effect(self.block, "root");
        let Some(mapping) = self.mapping() else { return Phase::Finalize(500, root) };
        let path = self.path_of(&mapping, &self.uri);
        if self.has_compressed(&path) {
            return Phase::Send(200, ResponseKind::Static, inherit::value_in_effect(self.block, "gzip_static"));
        }
        match self.find_file(root, &mapping, &path, &[Found::File, Found::Nothing, Found::Directory]) {
            Found::Directory => {
                let mut target = format!("{}/", escape_uri(&self.uri.text));
                if !self.args.text.is_empty() {
                    target.push('?');
                    target.push_str(&self.args.text);
                }
                self.location_header = Some(Value { text: target, is_known: self.args.is_known });
                Phase::Finalize(301, root)
            }
            Found::File if self.method == "POST" => Phase::Finalize(405, root),
            Found::File => {
                self.root = Some(mapping.base);
                Phase::Send(200, ResponseKind::Static, root)
            }
            Found::Forbidden => Phase::Finalize(403, root),
            Found::Nothing | Found::Special => Phase::Finalize(404, root),
        }
    }
}

impl Processing<'_, '_, '_> {
    /// Whether `gzip_static` answers with the compressed file beside a path, as far as it can be seen.
    ///
    /// nginx: <https://nginx.org/en/docs/http/ngx_http_gzip_static_module.html#gzip_static>
    fn has_compressed(&mut self, path: &Value) -> bool {
        let mode = inherit::value_in_effect(self.block, "gzip_static").and_then(|directive| directive.argument(0));
        let takes_it = match mode {
            Some(mode) if mode.is("always") => true,
            Some(mode) if mode.is("on") => {
                self.arrival.request.header("accept-encoding").is_some_and(|codings| codings.contains("gzip"))
            }
            _ => false,
        };
        takes_it
            && self.method != "POST"
            && path.is_known
            && self.look_for(Path::new(&format!("{}.gz", path.text))) == Some(Found::File)
    }
}

/// Splits a URI from its arguments.
pub(super) fn split_args(target: &Value) -> (Value, Value) {
    let (uri, args) = target.text.split_once('?').unwrap_or((&target.text, ""));
    let part = |text: &str| Value { text: text.to_owned(), is_known: target.is_known || !text.contains('$') };
    (part(uri), part(args))
}
