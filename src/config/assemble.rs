//! Files to one tree: includes are followed in place, blocks give their contexts.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::dialect::Dialect;
use super::include::{self, IncludeTarget, Includes};
use super::tree::{Item, NameIndex};
use super::{Config, ItemId, Library, LoadedFile, Problem, ProblemKind, Surroundings, limits, semicolon};
use crate::nginx::{BlockBody, Contexts, DirectiveName};
use crate::source::{FileId, FileSystem, ReadError, Span};
use crate::syntax::{NodeId, NodeKind};

/// Blocks of entries whose handlers know no `include`: nginx refuses it as a value
/// (src/http/modules/ngx_http_charset_filter_module.c, ngx_http_split_clients_module.c).
const WITHOUT_INCLUDE: &[&str] = &["charset_map", "split_clients"];

impl<'l> Config<'l> {
    /// Reads a configuration: `path` and all it includes, relative to the directory of `path`.
    /// `surroundings` say where a snippet stands; `None` means that `path` is a root file.
    ///
    /// # Errors
    /// [`ReadError`] when `path` itself cannot be read. Whatever else is wrong is a [`Problem`].
    pub fn load(
        library: &'l Library<'_>,
        path: &Path,
        surroundings: Option<Surroundings>,
    ) -> Result<Config<'l>, ReadError> {
        let root: &'l LoadedFile<'l> = library.load(path)?;
        let given = surroundings.as_ref().and_then(|found| found.directory.clone());
        let directory = given.unwrap_or_else(|| include::root_directory(path));
        let includes = include::follow(library, root, &directory);
        let top = match &surroundings {
            None => BlockBody::Directives(Contexts::MAIN),
            Some(Surroundings { context: Some(context), .. }) => BlockBody::Directives(*context),
            Some(_) => BlockBody::Unknown,
        };
        let config = Config {
            sources: library.sources(),
            files: Vec::new(),
            items: Vec::new(),
            aliases: include::aliases(library, (path, root), &includes),
            index: NameIndex::default(),
            readings: OnceLock::new(),
            directory,
            surroundings,
            problems: Vec::new(),
            incomplete: Vec::new(),
        };
        let mut assembly = Assembly {
            file_system: library.files(),
            dialect: library.dialect(),
            config,
            includes: &includes,
            numbers: FxHashMap::default(),
            frames: Vec::new(),
        };
        assembly.open_file(root, ItemId::TOP, top, None);
        assembly.run();
        Ok(assembly.finish())
    }
}

/// Nodes that are still to be taken over.
struct Frame<'l> {
    /// A file that is opened with this frame: it gets its number once the files before it are read.
    opens: Option<&'l LoadedFile<'l>>,
    file: u32,
    next: u32,
    end: u32,
    parent: ItemId,
    body: BlockBody,
    included_by: Option<ItemId>,
    /// The block that ends with this frame.
    closes: Option<ItemId>,
}

struct Assembly<'i, 'l> {
    dialect: &'i Dialect,
    file_system: &'l dyn FileSystem,
    config: Config<'l>,
    includes: &'i Includes<'l>,
    numbers: FxHashMap<FileId, u32>,
    frames: Vec<Frame<'l>>,
}

impl<'l> Assembly<'_, 'l> {
    fn run(&mut self) {
        while let Some(frame) = self.frames.last_mut() {
            if let Some(file) = frame.opens.take() {
                let files = &mut self.config.files;
                frame.file = *self.numbers.entry(file.ast.file).or_insert_with(|| {
                    files.push(file);
                    files.len() as u32 - 1
                });
            }
            if frame.next >= frame.end {
                if let Some(block) = frame.closes {
                    self.config.items[block.0 as usize].next = ItemId(self.config.items.len() as u32);
                }
                self.frames.pop();
                continue;
            }
            let node = NodeId(frame.next);
            frame.next = self.config.files[frame.file as usize].ast.next(node).0;
            if self.config.items.len() >= limits::ITEMS {
                return self.give_up();
            }
            self.take(node);
        }
    }

    /// Adds the directive of a node, or the several ones that a missing semicolon made one node.
    fn take(&mut self, node: NodeId) {
        let Some(frame) = self.frames.last() else { return };
        let (file, body) = (self.config.files[frame.file as usize], frame.body);
        let mut first = 0;
        if let BlockBody::Directives(context) = body {
            while let Some(swallowed) = semicolon::find_swallowed(self.dialect, &file.ast, node, first, context) {
                self.report_semicolon(file, node, first, &swallowed);
                if !swallowed.is_refused {
                    break;
                }
                self.add(node, first, swallowed.at - first);
                first = swallowed.at;
            }
        }
        let id = self.add(node, first, file.ast.word_count(node) - first);
        match file.ast.kind(node) {
            NodeKind::Block => {
                if let BlockBody::Entries = body {
                    self.report_block_among_entries(id, file, node);
                }
                self.open_block(id, node);
            }
            NodeKind::Simple if self.is_include(id, body) => self.include(id, file, node),
            NodeKind::Simple | NodeKind::Code => {}
        }
        self.check_ending(id, file, node);
    }

    fn add(&mut self, node: NodeId, first: usize, count: usize) -> ItemId {
        let id = ItemId(self.config.items.len() as u32);
        let Some(frame) = self.frames.last() else { return id };
        let word = self.config.files[frame.file as usize].ast.word(node, first);
        let (name, context) = match frame.body {
            BlockBody::Directives(context) => (word.and_then(|word| DirectiveName::find(&word.value())), context),
            BlockBody::Entries | BlockBody::Code | BlockBody::Unknown => (None, Contexts::EMPTY),
        };
        self.config.items.push(Item {
            file: frame.file,
            node,
            first_word: first as u32,
            word_count: count as u32,
            parent: frame.parent,
            next: ItemId(id.0 + 1),
            name,
            context,
            included_by: frame.included_by,
        });
        id
    }

    fn open_block(&mut self, id: ItemId, node: NodeId) {
        let Some(&Frame { file, included_by, .. }) = self.frames.last() else { return };
        let item = self.config.items[id.0 as usize];
        let body = match item.name {
            Some(name) => item.context.inside(name.as_str().as_bytes()),
            None => BlockBody::Unknown,
        };
        let end = self.config.files[file as usize].ast.next(node).0;
        self.frames.push(Frame {
            opens: None,
            file,
            next: node.0 + 1,
            end,
            parent: id,
            body,
            included_by,
            closes: Some(id),
        });
    }

    fn is_include(&self, id: ItemId, body: BlockBody) -> bool {
        let directive = self.config.directive(id);
        let follows = match body {
            BlockBody::Directives(_) | BlockBody::Unknown => true,
            BlockBody::Entries => {
                !directive.parent().is_some_and(|block| WITHOUT_INCLUDE.iter().any(|name| block.is_named(name)))
            }
            BlockBody::Code => false,
        };
        follows && directive.name_word().is("include")
    }

    fn include(&mut self, id: ItemId, file: &LoadedFile<'_>, node: NodeId) {
        let Some(frame) = self.frames.last() else { return };
        let (parent, body) = (frame.parent, frame.body);
        let includes = self.includes;
        let Some(IncludeTarget { files, unreadable }) =
            include::parameter(file, node).and_then(|value| includes.get(&value))
        else {
            return;
        };
        let span = self.config.directive(id).span();
        // Where the root file is not known, a pattern that matches nothing may match there.
        if !unreadable.is_empty() || files.is_empty() && !self.config.is_whole() {
            self.config.incomplete.push(parent);
        }
        for (path, error) in unreadable {
            self.problem(ProblemKind::IncludeUnreadable { path: path.clone(), error: error.clone() }, span, None);
        }
        // Frames are taken from the end, so the first file goes on last.
        let mut opened = Vec::new();
        for (path, target) in files {
            match target {
                Err(error) => {
                    let is_absent = *error == ReadError::NotFound;
                    let is_packaged = is_absent && include::is_left_to_package(self.file_system, path);
                    if !is_packaged {
                        self.config.incomplete.push(parent);
                    }
                    let is_searched = is_absent && self.config.problems.len() < limits::ELSEWHERE;
                    let look = || include::find_elsewhere(self.file_system, &self.config.directory, path);
                    let elsewhere = if is_searched { look() } else { None };
                    let kind = ProblemKind::IncludeNotFound {
                        path: path.clone(),
                        error: error.clone(),
                        is_packaged,
                        elsewhere,
                    };
                    self.problem(kind, span, None);
                }
                Ok(target) => match self.cycle_through(target) {
                    Some(files) => self.problem(ProblemKind::IncludeCycle { files }, span, None),
                    None => opened.push(*target),
                },
            }
        }
        for target in opened.into_iter().rev() {
            self.open_file(target, parent, body, Some(id));
        }
    }

    fn open_file(&mut self, file: &'l LoadedFile<'l>, parent: ItemId, body: BlockBody, included_by: Option<ItemId>) {
        let end = file.ast.len() as u32;
        self.frames.push(Frame { opens: Some(file), file: 0, next: 0, end, parent, body, included_by, closes: None });
    }

    /// The files from `target` to the one that is being read, if `target` is already open.
    fn cycle_through(&self, target: &LoadedFile<'_>) -> Option<Vec<PathBuf>> {
        let frame = self.frames.last()?;
        let mut chain = vec![frame.file];
        let mut site = frame.included_by;
        while let Some(include) = site {
            let item = &self.config.items[include.0 as usize];
            chain.push(item.file);
            site = item.included_by;
        }
        let known = self.numbers.get(&target.ast.file);
        let position = known.and_then(|target| chain.iter().position(|number| number == target));
        let position = position.or((chain.len() > limits::INCLUDE_DEPTH).then_some(chain.len() - 1))?;
        let path = |number: &u32| self.config.sources.path(self.config.files[*number as usize].ast.file).to_path_buf();
        Some(chain[..=position].iter().rev().map(path).collect())
    }

    fn report_semicolon(
        &mut self,
        file: &LoadedFile<'_>,
        node: NodeId,
        first: usize,
        swallowed: &semicolon::Swallowed,
    ) {
        let text = |at| file.ast.word(node, at).map(|word| word.text().into_owned()).unwrap_or_default();
        let kind = ProblemKind::MissingSemicolon {
            directive: text(first),
            last_word: text(swallowed.at - 1),
            swallowed: text(swallowed.at),
            is_refused: swallowed.is_refused,
        };
        let span_of = |at| file.ast.word(node, at).map(|word| word.span());
        if let (Some(last), Some(next)) = (span_of(swallowed.at - 1), span_of(swallowed.at)) {
            self.problem(kind, last, Some((next, "this is read as a parameter")));
        }
    }

    /// A directive with the wrong kind of end: nginx says so before it looks at anything else.
    fn check_ending(&mut self, id: ItemId, file: &LoadedFile<'_>, node: NodeId) {
        let item = self.config.items[id.0 as usize];
        let Some(row) = item.name.and_then(|name| name.in_context(item.context)) else { return };
        let directive = || row.name.to_owned();
        let kind = match (row.block, file.ast.kind(node)) {
            (false, NodeKind::Block) => ProblemKind::NotTerminated { directive: directive() },
            (true, NodeKind::Simple) => ProblemKind::NoBlock { directive: directive() },
            _ => return,
        };
        self.problem(kind, self.config.directive(id).span(), end_on_another_line(file, node));
    }

    /// Blocks of entries have handlers of their own, which know no blocks (`ngx_conf_parse`,
    /// src/core/ngx_conf_file.c).
    fn report_block_among_entries(&mut self, id: ItemId, file: &LoadedFile<'_>, node: NodeId) {
        let directive = self.config.directive(id);
        let block = directive.parent().map(|block| block.name_text().into_owned()).unwrap_or_default();
        let span = directive.span();
        self.problem(ProblemKind::BlockAmongEntries { block }, span, end_on_another_line(file, node));
    }

    fn problem(&mut self, kind: ProblemKind, span: Span, related: Option<(Span, &'static str)>) {
        let is_certain = self.config.is_whole();
        self.config.problems.push(Problem { kind, span, related, is_certain });
    }

    fn give_up(&mut self) {
        let last = self.config.items.len() as u32 - 1;
        let span = self.config.directive(ItemId(last)).span();
        self.problem(ProblemKind::TooManyDirectives { limit: limits::ITEMS }, span, None);
        let end = ItemId(self.config.items.len() as u32);
        for block in self.frames.drain(..).filter_map(|frame| frame.closes) {
            self.config.items[block.0 as usize].next = end;
        }
    }

    fn finish(self) -> Config<'l> {
        let mut config = self.config;
        config.items.shrink_to_fit();
        let named = config.items.iter().enumerate();
        config.index = NameIndex::new(
            config.items.len(),
            named.filter_map(|(id, item)| Some((item.parent, item.name?, ItemId(id as u32)))).collect(),
        );
        config.incomplete.sort_unstable();
        config
    }
}

/// The `;` or `{` of a directive, where nginx stops, if it is not on the line where the directive starts.
fn end_on_another_line(file: &LoadedFile<'_>, node: NodeId) -> Option<(Span, &'static str)> {
    let head = file.ast.head_span(node);
    let text = file.ast.text().get(head.start as usize..head.end as usize)?;
    memchr::memchr(b'\n', text)?;
    Some((Span { start: head.end - 1, ..head }, "nginx stops here"))
}
