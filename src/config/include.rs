//! What an `include` stands for, and the rounds in which a configuration's files are read.

use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use super::Elsewhere;
use super::glob;
use super::library::{Library, LoadedFile};
use crate::source::{FileId, FileSystem, ReadError};
use crate::syntax::NodeId;

/// What one `include` parameter leads to.
#[derive(Debug)]
pub(super) struct IncludeTarget<'l> {
    /// The files in nginx's order, by the path that nginx would open; those that cannot be read
    /// with the reason.
    pub(super) files: Vec<(PathBuf, Result<&'l LoadedFile<'l>, ReadError>)>,
    /// Directories that the pattern leads into but that cannot be listed.
    pub(super) unreadable: Vec<(PathBuf, ReadError)>,
}

/// All includes of one configuration by their parameter. Every include is resolved from the same
/// directory, so the same text always leads to the same files.
pub(super) type Includes<'l> = FxHashMap<Vec<u8>, IncludeTarget<'l>>;

/// The path that nginx makes of a relative one: from the directory of the root file, whatever the
/// prefix (`ngx_conf_full_name`, src/core/ngx_conf_file.c).
pub(super) fn full_path(directory: &Path, value: &[u8]) -> PathBuf {
    directory.join(&*String::from_utf8_lossy(value))
}

/// The directory that the includes of a root file start from: its own, as the path spells it.
pub(super) fn root_directory(root: &Path) -> PathBuf {
    let parent = root.parent().unwrap_or(Path::new(""));
    parent.strip_prefix(".").unwrap_or(parent).to_path_buf()
}

/// Follows the includes of `root` and of all they lead to, a level at a time, in parallel.
pub(super) fn follow<'l>(library: &'l Library<'_>, root: &'l LoadedFile<'l>, directory: &Path) -> Includes<'l> {
    let mut includes = Includes::default();
    let mut seen: FxHashSet<&Path> = FxHashSet::from_iter([root.canonical.as_path()]);
    let mut round = vec![root];
    while !round.is_empty() {
        let parameters = round.iter().flat_map(|file| file.includes.iter().map(move |&node| parameter(file, node)));
        let mut wanted: Vec<Vec<u8>> = parameters.flatten().filter(|value| !includes.contains_key(value)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let matches: Vec<glob::Matches> = wanted
            .iter()
            .map(|value| match full_path(directory, value) {
                pattern if glob::is_pattern(value) => glob::expand(library.files(), &pattern),
                path => glob::Matches { paths: vec![path], unreadable: Vec::new() },
            })
            .collect();
        let paths: Vec<PathBuf> = matches.iter().flat_map(|matches| matches.paths.iter().cloned()).collect();
        let mut loaded = library.load_all(&paths).into_iter();
        round.clear();
        for (value, glob::Matches { paths, unreadable }) in wanted.into_iter().zip(matches) {
            let files: Vec<_> = paths.into_iter().zip(loaded.by_ref()).collect();
            let new = files.iter().filter_map(|(_, file)| file.as_ref().ok());
            round.extend(new.filter(|file| seen.insert(file.canonical.as_path())));
            includes.insert(value, IncludeTarget { files, unreadable });
        }
    }
    includes
}

/// The paths by which files are opened that are not their real ones, sorted; `root` is one of them.
pub(super) fn aliases<'l>(
    library: &Library<'_>,
    root: (&Path, &'l LoadedFile<'l>),
    includes: &Includes<'l>,
) -> Vec<(FileId, PathBuf)> {
    let included = includes.values().flat_map(|target| &target.files);
    let opened = included.filter_map(|(path, file)| Some((path.as_path(), *file.as_ref().ok()?)));
    let is_alias = |(path, file): &(&Path, &LoadedFile<'_>)| !library.is_canonical(path, &file.canonical);
    let mut aliases: Vec<(FileId, PathBuf)> =
        opened.chain([root]).filter(is_alias).map(|(path, file)| (file.ast.file, path.to_path_buf())).collect();
    aliases.sort_unstable();
    aliases.dedup();
    aliases
}

/// The files beside nginx.conf that nginx's own package brings, and Debian's.
const PACKAGED: &[&str] = &[
    "mime.types",
    "fastcgi_params",
    "fastcgi.conf",
    "proxy_params",
    "scgi_params",
    "uwsgi_params",
    "koi-utf",
    "koi-win",
    "win-utf",
];

/// Whether the file at `path`, which does not exist, comes with nginx's package, and the directory is
/// not that of an installed nginx: none of the others is there either.
pub(super) fn is_left_to_package(files: &dyn FileSystem, path: &Path) -> bool {
    let named = |name: &&&str| path.file_name().is_some_and(|found| found == **name);
    PACKAGED.iter().any(|name| named(&name))
        && PACKAGED.iter().all(|name| files.kind(&path.with_file_name(name)).is_err())
}

/// Directories above a root file in which its absolute paths are looked for: `etc/nginx` below the
/// folder of an image or a host, below the repository.
const LEVELS_UP: usize = 5;

/// Where an absolute `path` that does not exist is found when the directory of the root file, or one
/// above it, stands for a part of it; the longest such part.
pub(super) fn find_elsewhere(files: &dyn FileSystem, directory: &Path, path: &Path) -> Option<Elsewhere> {
    if !path.is_absolute() || path.starts_with(directory) {
        return None;
    }
    path.ancestors().collect::<Vec<_>>().into_iter().rev().find_map(|from| {
        let rest = path.strip_prefix(from).ok().filter(|rest| rest.file_name().is_some())?;
        let above = directory.ancestors().filter(|to| !to.as_os_str().is_empty()).take(LEVELS_UP);
        // The name of a file alone is found in many places.
        let is_named = |to: &Path| rest.iter().count() > 1 || from.file_name() == to.file_name();
        let to = above.into_iter().find(|to| *to != from && is_named(to) && files.kind(&to.join(rest)).is_ok())?;
        let (mut from, mut to) = (from.to_path_buf(), to.to_path_buf());
        // `/etc/nginx` is `./nginx` says more than `/etc` is `.`; a whole root directory says most.
        let down = |to: &Path, name: &Path| directory.starts_with(to.join(name));
        for name in rest.iter().map(Path::new).take_while(|_| from != Path::new("/")).collect::<Vec<_>>() {
            if from.ends_with("nginx") || !down(&to, name) {
                break;
            }
            from.push(name);
            to.push(name);
        }
        Some(Elsewhere { from, to: to.strip_prefix(".").map(Path::to_path_buf).unwrap_or(to) })
    })
}

/// The one parameter of an `include`; other counts are refused by nginx and lead nowhere.
pub(super) fn parameter(file: &LoadedFile<'_>, node: NodeId) -> Option<Vec<u8>> {
    let word = if file.ast.word_count(node) == 2 { file.ast.word(node, 1) } else { None };
    word.map(|word| word.value().into_owned())
}
