//! What the PATHs of a command line are read from.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::RunError;
use super::options::FileOptions;
use crate::source::{
    FileKind, FileSystem, MAX_CONFIGURATION_BYTES, Overlay, PathMap, ReadError, RealFiles, parse_dump,
};

/// What is linted when no PATH is given.
pub(super) const DEFAULT_PATH: &str = "/etc/nginx/nginx.conf";

/// The PATH that stands for standard input.
pub(super) const STDIN: &str = "-";

/// The name of standard input where the user gives none.
const STDIN_NAME: &str = "<stdin>";

/// Texts that take the place of files, by the real path of each: what fixes have made of them so far.
pub(super) type Changes = BTreeMap<PathBuf, Vec<u8>>;

/// The files of a run and the PATHs in them.
pub(super) struct Input {
    places: Places,
    /// The real files, with standard input and `--as` files in their places.
    files: Overlay<RealFiles>,
    paths: Vec<PathBuf>,
    /// What is read from somewhere else than from where it seems to be.
    replaced: Vec<PathBuf>,
    /// Standard input, where it is the output of `nginx -T`.
    dumped: Option<Vec<u8>>,
}

/// PATHs that are read from the same files.
pub(super) struct PathGroup<'i> {
    pub(super) files: Box<dyn FileSystem + 'i>,
    pub(super) paths: Vec<PathBuf>,
    /// Whether they are read from the text of a dump.
    pub(super) is_dump: bool,
}

impl Input {
    /// Sorts out what is to be read, and reads standard input if it is.
    pub(super) fn open(paths: &[PathBuf], options: &FileOptions, changes: &Changes) -> Result<Input, RunError> {
        let reads_stdin = match (paths, &options.stdin_filename) {
            ([], Some(_)) => true,
            (paths, name) => {
                let reads = paths.iter().any(|path| path.as_os_str() == STDIN);
                if name.is_some() && !reads {
                    return Err(RunError::StdinNotRead);
                }
                reads
            }
        };
        let places = Places::new(options)?;
        let mut files = Overlay::new(RealFiles::new(places.map.clone()));
        let mut replaced = Vec::new();
        for pair in &options.replacements {
            let text = RealFiles::default()
                .read(&pair.to, MAX_CONFIGURATION_BYTES)
                .map_err(|source| RunError::Replacement { path: pair.to.clone(), source })?;
            files.add(&places.real_path(&pair.from), text);
            replaced.push(places.real_path(&pair.from));
        }
        let mut wanted: Vec<PathBuf> = match paths {
            [] if reads_stdin => vec![STDIN.into()],
            [] if !options.replacements.is_empty() => {
                options.replacements.iter().map(|pair| pair.from.clone()).collect()
            }
            [] => vec![DEFAULT_PATH.into()],
            paths => paths.to_vec(),
        };
        let mut dumped = None;
        if reads_stdin {
            let text = read_stdin()?;
            if parse_dump(&text, &files).is_some() {
                wanted.retain(|path| path.as_os_str() != STDIN);
                dumped = Some(text);
            } else {
                let name = options.stdin_filename.clone().unwrap_or_else(|| STDIN_NAME.into());
                files.add(&places.real_path(&name), text);
                replaced.push(places.real_path(&name));
                wanted.iter_mut().filter(|path| path.as_os_str() == STDIN).for_each(|path| *path = name.clone());
            }
        }
        for (path, text) in changes {
            files.add_canonical(path.clone(), text.clone());
        }
        let paths = wanted.iter().map(|path| places.real_path(path)).collect();
        Ok(Input { places, files, paths, replaced, dumped })
    }

    /// What is read from somewhere else than from where it seems to be.
    pub(super) fn replaced(&self) -> &[PathBuf] {
        &self.replaced
    }

    /// Where what nginx calls `path` is on this machine.
    pub(super) fn real_path(&self, path: &Path) -> PathBuf {
        self.places.real_path(path)
    }

    /// The PATHs by what they are read from: each dump is a world of its own.
    pub(super) fn groups(&self) -> Vec<PathGroup<'_>> {
        let mut groups = Vec::new();
        let mut plain = Vec::new();
        if let Some(dump) = self.dumped.as_deref().and_then(|text| parse_dump(text, &self.files)) {
            let paths = vec![dump.root().to_path_buf()];
            groups.push(PathGroup { paths, files: Box::new(dump), is_dump: true });
        }
        for path in &self.paths {
            // What cannot be read is reported where it is asked for by its path.
            let text = match self.files.kind(path) {
                Ok(FileKind::File) => self.files.read(path, MAX_CONFIGURATION_BYTES).unwrap_or_default(),
                _ => Vec::new(),
            };
            match parse_dump(&text, &self.files) {
                Some(dump) => {
                    let paths = vec![dump.root().to_path_buf()];
                    groups.push(PathGroup { paths, files: Box::new(dump), is_dump: true });
                }
                None => plain.push(path.clone()),
            }
        }
        if !plain.is_empty() {
            groups.insert(0, PathGroup { files: Box::new(&self.files), paths: plain, is_dump: false });
        }
        groups
    }
}

/// Where the PATHs of the command line are, below `--root` too.
pub(super) struct Places {
    map: PathMap,
    /// `--root` as it was given.
    given_root: Option<PathBuf>,
}

impl Places {
    pub(super) fn new(options: &FileOptions) -> Result<Places, RunError> {
        let root = options
            .root
            .as_deref()
            .map(|root| real_directory(root).map_err(|source| RunError::Root { path: root.to_path_buf(), source }));
        // Relative to the working directory, whatever the configuration's own directory is.
        let absolute = |path: &Path| {
            let found = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
            found.unwrap_or_else(|_| path.to_path_buf())
        };
        let prefixes = options.maps.iter().map(|pair| (pair.from.clone(), absolute(&pair.to))).collect();
        let map = PathMap { root: root.transpose()?, prefixes };
        let given_root = options.root.as_deref().and_then(|root| std::path::absolute(root).ok());
        Ok(Places { map, given_root })
    }

    pub(super) fn real_path(&self, path: &Path) -> PathBuf {
        if let (Some(given), Some(root)) = (&self.given_root, &self.map.root)
            && let Ok(rest) = path.strip_prefix(given)
        {
            return root.join(rest);
        }
        self.map.real_path(path)
    }
}

/// The real path of a directory that is to stand for `/`.
pub(super) fn real_directory(path: &Path) -> Result<PathBuf, ReadError> {
    let real = RealFiles::default();
    match real.kind(path)? {
        FileKind::Directory => real.canonicalize(path),
        _ => Err(ReadError::Other("it is not a directory".to_owned())),
    }
}

fn read_stdin() -> Result<Vec<u8>, RunError> {
    let mut text = Vec::new();
    let limit = MAX_CONFIGURATION_BYTES;
    std::io::stdin().take(limit + 1).read_to_end(&mut text).map_err(|error| RunError::Stdin(error.into()))?;
    match text.len() as u64 {
        size if size > limit => Err(RunError::Stdin(ReadError::TooLarge { size, limit })),
        _ => Ok(text),
    }
}
