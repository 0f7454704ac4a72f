//! The tree of a configuration and the view that the rest of the program has of it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rayon::prelude::*;

use super::{LoadedFile, Problem, Surroundings};
use crate::nginx::{Contexts, DirectiveName};
use crate::source::{FileId, Sources, Span};
use crate::syntax::{Comment, NodeId, NodeKind, Word};

/// A directive of one [`Config`]. The order is nginx's reading order; a block comes before what it
/// holds. A file that is included twice gives each of its directives two ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub u32);

impl ItemId {
    /// Stands for "the top level" where a parent is asked for.
    pub(super) const TOP: ItemId = ItemId(u32::MAX);
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub(super) file: u32,
    pub(super) node: NodeId,
    /// The words of the node that are this directive's; more than one directive share a node when a
    /// semicolon is missing between them.
    pub(super) first_word: u32,
    pub(super) word_count: u32,
    pub(super) parent: ItemId,
    /// The item behind this one and all that it holds.
    pub(super) next: ItemId,
    pub(super) name: Option<DirectiveName>,
    /// Where it stands; empty for the entry of a `map` and the like.
    pub(super) context: Contexts,
    /// The `include` that brought it in.
    pub(super) included_by: Option<ItemId>,
}

/// One configuration: a root file or a snippet, with everything it includes.
#[derive(Debug)]
pub struct Config<'l> {
    pub(super) sources: &'l Sources,
    pub(super) files: Vec<&'l LoadedFile<'l>>,
    pub(super) items: Vec<Item>,
    pub(super) index: NameIndex,
    /// The paths by which files are opened that are not their real ones, sorted.
    pub(super) aliases: Vec<(FileId, PathBuf)>,
    /// How often each file is read; empty until somebody asks.
    pub(super) readings: OnceLock<Vec<u32>>,
    /// Blocks in which an include could not be followed.
    pub(super) incomplete: Vec<ItemId>,
    /// The directory that relative includes and certificate files start from.
    pub directory: PathBuf,
    /// What stands around a snippet; `None` for a root file.
    pub surroundings: Option<Surroundings>,
    /// What nginx would refuse to read.
    pub problems: Vec<Problem>,
}

impl<'l> Config<'l> {
    /// Whether this is a whole configuration, so that what is not in it does not exist.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.surroundings.is_none()
    }

    /// Whether an include outside of all blocks could not be followed.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.incomplete.binary_search(&ItemId::TOP).is_ok()
    }

    /// Whether an include could not be followed.
    #[must_use]
    pub fn has_gaps(&self) -> bool {
        !self.incomplete.is_empty()
    }

    /// The texts of the files.
    #[must_use]
    pub fn sources(&self) -> &'l Sources {
        self.sources
    }

    /// The files, the root first, then in the order of first inclusion.
    pub fn files(&self) -> impl Iterator<Item = &'l LoadedFile<'l>> {
        self.files.iter().copied()
    }

    /// The path that messages show for a file.
    #[must_use]
    pub fn path(&self, file: FileId) -> &'l Path {
        self.sources.path(file)
    }

    /// The other paths by which a file is opened, as nginx makes them from includes: through links.
    pub fn opened_as(&self, file: FileId) -> impl Iterator<Item = &Path> {
        let first = self.aliases.partition_point(|(other, _)| *other < file);
        let of_file = self.aliases.iter().skip(first).take_while(move |(other, _)| *other == file);
        of_file.map(|(_, path)| path.as_path())
    }

    /// The number of directives.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no directive at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All directives in nginx's reading order.
    pub fn directives(&self) -> impl Iterator<Item = Directive<'_>> {
        (0..self.items.len() as u32).map(|id| self.directive(ItemId(id)))
    }

    /// All directives of this name, in the given context or in any of several.
    pub fn directives_named(&self, name: &'static str, context: Contexts) -> impl Iterator<Item = Directive<'_>> {
        let name = known(name);
        self.directives()
            .filter(move |directive| directive.item().name == name && directive.item().context.intersects(context))
    }

    /// The directives of this name that stand in no block.
    pub fn top_level_named(&self, name: &str) -> impl Iterator<Item = Directive<'_>> {
        self.named(ItemId::TOP, name)
    }

    /// The directive behind an id of this configuration.
    #[must_use]
    pub fn directive(&self, id: ItemId) -> Directive<'_> {
        Directive { config: self, id }
    }

    /// Whether there is a directive of this name anywhere, or may be in a file whose `include` could not be followed.
    pub(crate) fn may_have(&self, name: DirectiveName) -> bool {
        self.index.has(name) || !self.incomplete.is_empty()
    }

    /// The directives of these names that stand in no block, by name and order.
    pub(crate) fn top_level_of(&self, names: &'static [DirectiveName]) -> impl Iterator<Item = Directive<'_>> {
        names.iter().flat_map(|&name| self.indexed(ItemId::TOP, Some(name)))
    }

    /// How often a file is read. Each reading gives its first directive an id.
    fn readings(&self, file: u32) -> usize {
        let count_all = || {
            let mut readings = vec![0; self.files.len()];
            let firsts = self.items.iter().filter(|item| item.node == NodeId(0) && item.first_word == 0);
            firsts.for_each(|item| readings[item.file as usize] += 1);
            readings
        };
        self.readings.get_or_init(count_all).get(file as usize).map_or(0, |&count| count as usize)
    }

    fn named(&self, parent: ItemId, name: &str) -> impl Iterator<Item = Directive<'_>> + use<'_, 'l> {
        self.indexed(parent, known(name))
    }

    fn indexed(
        &self,
        parent: ItemId,
        name: Option<DirectiveName>,
    ) -> impl Iterator<Item = Directive<'_>> + use<'_, 'l> {
        let found = name.map_or(&[][..], |name| self.index.find(parent, name));
        found.iter().map(|&(_, id)| self.directive(id))
    }
}

/// All directives by parent, name and order.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    entries: Vec<(DirectiveName, ItemId)>,
    /// Where the entries of each parent begin, those of the top level last; one more than there are parents.
    starts: Vec<u32>,
    /// Which names there are at all, by their numbers: most of what is asked for is nowhere.
    present: Vec<bool>,
}

impl NameIndex {
    /// Indexes `entries` (parent, name and id) of a configuration with `count` items.
    pub(super) fn new(count: usize, mut entries: Vec<(ItemId, DirectiveName, ItemId)>) -> NameIndex {
        // The top level has the largest id, so it comes last.
        entries.par_sort_unstable();
        let mut starts = Vec::with_capacity(count + 2);
        for (place, (parent, ..)) in entries.iter().enumerate() {
            let parent = if *parent == ItemId::TOP { count } else { parent.0 as usize };
            starts.resize(starts.len().max(parent + 1), place as u32);
        }
        starts.resize(count + 2, entries.len() as u32);
        let mut present = vec![false; DirectiveName::all().count()];
        entries.iter().for_each(|(_, name, _)| present[name.number()] = true);
        // Collected in place, they would keep the room of the parents.
        let mut named = Vec::with_capacity(entries.len());
        named.extend(entries.into_iter().map(|(_, name, id)| (name, id)));
        NameIndex { entries: named, starts, present }
    }

    fn has(&self, name: DirectiveName) -> bool {
        self.present.get(name.number()).is_some_and(|&is_present| is_present)
    }

    fn find(&self, parent: ItemId, name: DirectiveName) -> &[(DirectiveName, ItemId)] {
        if !self.has(name) {
            return &[];
        }
        let parent = if parent == ItemId::TOP { self.starts.len().saturating_sub(2) } else { parent.0 as usize };
        let place = |at: usize| self.starts.get(at).map_or(0, |&start| start as usize);
        let own = &self.entries[place(parent)..place(parent + 1)];
        let start = own.partition_point(|&(known, _)| known < name);
        let length = own[start..].iter().take_while(|&&(known, _)| known == name).count();
        &own[start..start + length]
    }
}

/// The interned name; a name that the tables do not know would silently find nothing.
fn known(name: &str) -> Option<DirectiveName> {
    let found = DirectiveName::find(name.as_bytes());
    debug_assert!(found.is_some(), "the directive table does not know {name:?}");
    found
}

/// A directive, with its place in the configuration.
#[derive(Clone, Copy)]
pub struct Directive<'c> {
    config: &'c Config<'c>,
    id: ItemId,
}

impl PartialEq for Directive<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Directive<'_> {}

impl std::fmt::Debug for Directive<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} `{}`", self.id, self.name_text())
    }
}

impl<'c> Directive<'c> {
    fn item(&self) -> &'c Item {
        &self.config.items[self.id.0 as usize]
    }

    fn file(&self) -> &'c LoadedFile<'c> {
        self.config.files[self.item().file as usize]
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> ItemId {
        self.id
    }

    /// The configuration it belongs to.
    #[must_use]
    pub fn config(&self) -> &'c Config<'c> {
        self.config
    }

    /// The name as the tables know it; `None` for unknown directives and the entries of a `map`.
    #[must_use]
    pub fn name(&self) -> Option<DirectiveName> {
        self.item().name
    }

    /// Whether this is a directive (not an entry) of that name.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.item().name.is_some_and(|known| known.as_str() == name)
    }

    /// The first word, as written in the file but for its quotes.
    #[must_use]
    pub fn name_text(&self) -> std::borrow::Cow<'c, str> {
        self.word(0).text()
    }

    /// Where it stands; empty for the entry of a `map` and the like.
    #[must_use]
    pub fn context(&self) -> Contexts {
        self.item().context
    }

    /// The word that names it.
    #[must_use]
    pub fn name_word(&self) -> Word<'c> {
        self.word(0)
    }

    fn word(&self, index: usize) -> Word<'c> {
        let item = self.item();
        self.file().ast.word(item.node, item.first_word as usize + index).expect("an item's words are its node's")
    }

    /// The number of parameters.
    #[must_use]
    pub fn argument_count(&self) -> usize {
        self.item().word_count as usize - 1
    }

    /// A parameter; 0 is the first one behind the name.
    #[must_use]
    pub fn argument(&self, index: usize) -> Option<Word<'c>> {
        (index < self.argument_count()).then(|| self.word(index + 1))
    }

    /// The parameters in order.
    pub fn arguments(&self) -> impl Iterator<Item = Word<'c>> + use<'c> {
        let this = *self;
        (0..self.argument_count()).map(move |index| this.word(index + 1))
    }

    /// Whether it ends with a block of directives or entries.
    #[must_use]
    pub fn is_block(&self) -> bool {
        self.file().ast.kind(self.item().node) == NodeKind::Block && self.ends_node()
    }

    /// The block it stands in.
    #[must_use]
    pub fn parent(&self) -> Option<Directive<'c>> {
        let parent = self.item().parent;
        (parent != ItemId::TOP).then(|| self.config.directive(parent))
    }

    /// Whether an include in its block could not be followed, so that more stands in it than is seen;
    /// the files of nginx's package aside, which hold nothing that matters.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.config.incomplete.binary_search(&self.id).is_ok()
    }

    /// The blocks around it, the innermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = Directive<'c>> + use<'c> {
        std::iter::successors(self.parent(), Directive::parent)
    }

    /// What stands directly inside its block, in order, `include`s and what they brought in alike.
    pub fn children(&self) -> impl Iterator<Item = Directive<'c>> + use<'c> {
        let config = self.config;
        let end = self.item().next;
        let inside = move |id: ItemId| (id < end).then_some(id);
        std::iter::successors(inside(ItemId(self.id.0 + 1)), move |id| inside(config.items[id.0 as usize].next))
            .map(|id| config.directive(id))
    }

    /// The directives of this name directly inside its block, in order.
    pub fn children_named(&self, name: &str) -> impl Iterator<Item = Directive<'c>> + use<'c> {
        self.config.named(self.id, name)
    }

    /// The directives of these names directly inside its block, by name and order.
    pub(crate) fn children_of(&self, names: &'static [DirectiveName]) -> impl Iterator<Item = Directive<'c>> + use<'c> {
        let (config, id) = (self.config, self.id);
        names.iter().flat_map(move |&name| config.indexed(id, Some(name)))
    }

    /// Everything inside its block at any depth, in order.
    pub fn descendants(&self) -> impl Iterator<Item = Directive<'c>> + use<'c> {
        let config = self.config;
        (self.id.0 + 1..self.item().next.0).map(move |id| config.directive(ItemId(id)))
    }

    /// The `include` that brought it in.
    #[must_use]
    pub fn included_by(&self) -> Option<Directive<'c>> {
        self.item().included_by.map(|id| self.config.directive(id))
    }

    /// From the name to the `;`, or to the `{` of a block.
    #[must_use]
    pub fn span(&self) -> Span {
        let start = self.word(0).span();
        if self.ends_node() {
            start.to(self.file().ast.head_span(self.item().node))
        } else {
            start.to(self.word(self.argument_count()).span())
        }
    }

    /// From the name to the `;`, or to the `}` of a block. `None` where it has no end of its own, since a semicolon or a
    /// brace is missing.
    #[must_use]
    pub fn whole_span(&self) -> Option<Span> {
        let item = self.item();
        let ast = &self.file().ast;
        let whole = ast.full_span(item.node);
        let is_ended = matches!(ast.text().get(whole.end as usize - 1), Some(b';' | b'}'));
        (self.ends_node() && item.first_word == 0 && is_ended).then_some(whole)
    }

    /// The text of the file it stands in.
    #[must_use]
    pub fn file_text(&self) -> &'c [u8] {
        self.file().ast.text()
    }

    /// Whether a comment stands between its words, or in its block.
    #[must_use]
    pub fn holds_comments(&self) -> bool {
        let ast = &self.file().ast;
        let whole = ast.full_span(self.item().node);
        !ast.comments_between(whole.start, whole.end).is_empty()
    }

    /// How often the configuration reads the file it stands in: more than once where several `include`s name it.
    #[must_use]
    pub fn readings(&self) -> usize {
        self.config.readings(self.item().file)
    }

    /// The same place of the file in each reading, itself among them.
    pub fn in_each_reading(&self) -> impl Iterator<Item = Directive<'c>> + use<'c> {
        let (config, this) = (self.config, *self);
        let is_same = |one: &Item, other: &Item| {
            (one.file, one.node, one.first_word) == (other.file, other.node, other.first_word)
        };
        let ids = if self.readings() > 1 { 0..config.items.len() as u32 } else { this.id.0..this.id.0 + 1 };
        let all = ids.map(|id| config.directive(ItemId(id)));
        all.filter(move |directive| is_same(directive.item(), this.item()))
    }

    /// The comments above it and at the end of its line.
    #[must_use]
    pub fn comments(&self) -> Vec<Comment> {
        self.file().ast.comments_of(self.item().node)
    }

    /// Whether the `;` or `{` of the node is this directive's: not so when its semicolon is missing.
    fn ends_node(&self) -> bool {
        let item = self.item();
        (item.first_word + item.word_count) as usize == self.file().ast.word_count(item.node)
    }
}
