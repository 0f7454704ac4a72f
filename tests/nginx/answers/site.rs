//! The files that generated servers can find.

use std::path::Path;

/// Files below the directory of the configuration; each holds its own path.
const FILES: &[&str] = &[
    "html/index.html",
    "html/a/index.html",
    "html/b.html",
    "html/x",
    "site/index.html",
    "site/b.html",
    "site/x",
    "site/e.html",
    "site/e404.html",
    "site/fallback.html",
    "site/a/index.html",
    "site/a/b.html",
    "site/a/b/z.html",
    "site/a/x",
    "site/A/x",
    "site/a b",
    "site/a+b",
    "site/a%25b",
    "site/b/12/z",
    "site/b/12/é",
    "site/b/index.htm",
    "site/dir/index.htm",
    "site/dir/sub/index.html",
    "site/empty/none/x",
    "site/new/a",
    "site/new/index.html",
    "site/old/thing.html",
    "site/www/index.html",
    "alt/guide.html",
    "alt/index.html",
    "alt/b.html",
    "alt/b/index.html",
    "alt/x",
    "alt/e.html",
];

/// What `auth_basic_user_file` names: `user` with the password `pass`.
pub(crate) const PASSWORDS: &str = "passwords";

pub(crate) fn write(directory: &Path) {
    for file in FILES {
        let path = directory.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file).unwrap();
    }
    std::fs::write(directory.join(PASSWORDS), "user:{PLAIN}pass\n").unwrap();
}
