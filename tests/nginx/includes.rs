//! Which files an `include` brings in, and in which order.

use std::path::{Path, PathBuf};

use ngxlint::config::ProblemKind;
use ngxlint::source::ReadError;

use crate::question::{place, with_model};
use crate::random::{Random, seeds};
use crate::real::{self, Nginx};

const CASES: usize = 60;

const DIRECTORIES: &[&str] = &["", "a", "b", "a/c", "a-b", ".h", "[x]"];

const FILES: &[&str] = &[
    "a.conf",
    "b.conf",
    "B.conf",
    "a",
    "a.conf.bak",
    ".hidden.conf",
    "z z",
    "\u{e9}.conf",
    "a{b}",
    "[a].conf",
    "10",
    "9",
    "a~",
    "-x.conf",
    "_.conf",
];

const PATTERNS: &[&str] = &[
    "*",
    "*.conf",
    "a/*",
    "*/*",
    "*/*.conf",
    "?",
    "?.conf",
    "[ab].conf",
    "[!a].conf",
    "[^a].conf",
    "[a-c]*",
    "[A-Z]*",
    ".*",
    ".h/*",
    "a{b}*",
    "{a,b}*",
    "**",
    "a/**/*.conf",
    "*/c/*",
    "a*/a.conf",
    "*/a.conf",
    "[x]/*",
    "\\\\[x]/*",
    "[[]a].conf",
    "[]a]*",
    "[a",
    "a[",
    "none/*",
    "none*/x",
    "./*.conf",
    "a/../*.conf",
    "a//*.conf",
    "[0-9]*",
    "*[!.]*",
    "a\\\\*",
    "\\\\a*",
    "*.conf/",
    "[[:alpha:]]*",
    "[a-]*",
    "?hidden.conf",
    "[.]hidden.conf",
    "a/.",
    "*a*",
    "l*",
    "*.[cb]*",
];

/// A directory tree with a root file; returns the root file.
fn tree(random: &mut Random, directory: &Path) -> PathBuf {
    // The root file stands beside the tree, where no pattern finds it.
    let root = directory.join("root").join("nginx.conf");
    let directory = &directory.join("tree");
    let mut files = Vec::new();
    for name in DIRECTORIES {
        if name.is_empty() || !random.once_in(3) {
            std::fs::create_dir_all(directory.join(name)).unwrap();
            for file in FILES {
                // `a` is a directory of the top.
                if (name.is_empty() && *file == "a") || !random.once_in(4) {
                    continue;
                }
                files.push(directory.join(name).join(file));
            }
        }
    }
    let include = |target: &str| match target.starts_with('/') {
        true => format!("include '{target}';\n"),
        false => format!("include '../tree/{target}';\n"),
    };
    for (number, file) in files.iter().enumerate() {
        let mut text = format!("# {number}\n");
        // Mostly forward, so that circles are rare.
        if random.once_in(6)
            && let Some(later) = files.get(number + 1 + random.below(4))
        {
            text.push_str(&include(&later.strip_prefix(directory).unwrap().display().to_string()));
        } else if random.once_in(40) {
            text.push_str(&include(random.pick(PATTERNS)));
        }
        std::fs::write(file, text).unwrap();
    }
    for number in 0..random.below(4) {
        let target = match random.below(8) {
            0 => PathBuf::from("nowhere"),
            1 => PathBuf::from("a"),
            _ if files.is_empty() => PathBuf::from("root.conf"),
            _ => files[random.below(files.len())].clone(),
        };
        let name = format!("l{number}{}", random.pick(&[".conf", ""]));
        // Its directory may be missing; then there is no link.
        let _ = std::os::unix::fs::symlink(target, directory.join(random.pick(&["", "", "a"])).join(name));
    }
    let mut text = String::from("events { }\n");
    for _ in 0..1 + random.below(4) {
        let target = match random.below(16) {
            0 => "none.conf".to_owned(),
            1 => "a".to_owned(),
            2 | 3 if !files.is_empty() => files[random.below(files.len())].display().to_string(),
            4 => format!("{}/{}", directory.display(), random.pick(PATTERNS)),
            _ => format!("{}{}", random.pick(&["", "", "a/", "b/", "a-b/", ".h/"]), random.pick(PATTERNS)),
        };
        text.push_str(&include(&target));
    }
    std::fs::create_dir_all(root.parent().unwrap()).unwrap();
    std::fs::write(&root, text).unwrap();
    root
}

/// What `nginx -T` reads in which order, or where it stops, against the files or the first problem.
fn difference(nginx: &Nginx, root: &Path) -> Option<String> {
    let (verdict, dumped) = nginx.dump(root);
    with_model(root, nginx.version, |model| {
        let config = model.config;
        let errors: Vec<String> =
            config.files().flat_map(|file| &file.ast.errors).map(|e| e.kind.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let first =
            config.problems.iter().find(|problem| !matches!(problem.kind, ProblemKind::IncludeUnreadable { .. }));
        let Some(problem) = first else {
            let mut expected: Vec<PathBuf> = Vec::new();
            for file in dumped.iter().map(|file| file.canonicalize().unwrap()) {
                if !expected.contains(&file) {
                    expected.push(file);
                }
            }
            let found: Vec<PathBuf> = config.files().map(|file| file.canonical.clone()).collect();
            let is_equal = verdict.is_accepted && expected == found;
            return (!is_equal).then(|| format!("nginx: {}{expected:#?}\nngxlint: {found:#?}", verdict.text));
        };
        let (file, line) = place(model, problem.span);
        let sign = match &problem.kind {
            ProblemKind::IncludeNotFound { error: ReadError::NotFound, .. } => "(2: No such file or directory)",
            ProblemKind::IncludeNotFound { error: ReadError::IsDirectory, .. } => "(21: Is a directory)",
            ProblemKind::IncludeNotFound { error: ReadError::LinkLoop, .. } => {
                "(40: Too many levels of symbolic links)"
            }
            ProblemKind::IncludeCycle { .. } => "(24: Too many open files)",
            other => return Some(format!("ngxlint: {other:?}\nnginx: {}", verdict.text)),
        };
        let is_same = verdict.refusal.as_ref().is_some_and(|refusal| {
            let is_there = refusal.line == Some(line)
                && refusal.file.as_ref().and_then(|file| file.canonicalize().ok()).as_ref() == Some(&file);
            // A circle is followed round and round, and a directory is only noticed when it is read.
            let place_differs = matches!(problem.kind, ProblemKind::IncludeCycle { .. }) || sign.starts_with("(21");
            // A file where a directory should be.
            let is_not_found = sign.starts_with("(2:") && refusal.message.contains("(20: Not a directory)");
            // On its way round it can stop at another file.
            let is_circle = matches!(problem.kind, ProblemKind::IncludeCycle { .. });
            (is_not_found || is_circle || refusal.message.contains(sign)) && (is_there || place_differs)
        });
        (!is_same).then(|| format!("ngxlint: {:?} at {}:{line}\nnginx: {}", problem.kind, file.display(), verdict.text))
    })
}

fn listing(directory: &Path) -> String {
    let mut text = String::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap()) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                open.push(entry.path());
            }
            let content = match kind {
                _ if kind.is_symlink() => format!("-> {:?}", std::fs::read_link(entry.path()).unwrap()),
                _ if kind.is_file() => format!("{:?}", std::fs::read_to_string(entry.path()).unwrap_or_default()),
                _ => continue,
            };
            text.push_str(&format!("  {}: {content}\n", entry.path().display()));
        }
    }
    text
}

#[test]
fn includes_bring_in_the_same_files_in_the_same_order() {
    for nginx in real::all() {
        let (mut differences, mut read, mut refused) = (Vec::new(), 0, 0);
        for seed in seeds("includes") {
            let mut random = Random::new(seed);
            for case in 0..CASES {
                let directory = tempfile::tempdir().unwrap();
                let root = tree(&mut random, &directory.path().canonicalize().unwrap());
                match nginx.test(&root).is_accepted {
                    true => read += 1,
                    false => refused += 1,
                }
                if let Some(difference) = difference(nginx, &root) {
                    let files = listing(directory.path());
                    differences.push(format!("seed {seed}, case {case}:\n{files}{difference}"));
                }
            }
        }
        println!("{nginx:?}: {read} trees read, {refused} refused");
        assert!(differences.is_empty(), "{nginx:?}: {}\n{}", differences.len(), differences.join("\n\n"));
    }
}
