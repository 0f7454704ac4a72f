//! The seeds of the fuzz targets through the functions that the targets call.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads files and stops at what it does not expect"
)]

mod fuzzed;

use std::collections::BTreeSet;
use std::path::Path;

use fuzzed::TARGETS;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_seed_is_read() {
    for target in TARGETS {
        let own = root().join("fuzz/seeds").join(target.name);
        let mut count = 0;
        for directory in target.seeds.iter().map(|path| root().join(path)).chain([own]) {
            for entry in walkdir::WalkDir::new(&directory).sort_by_file_name() {
                let entry = entry.unwrap();
                if entry.file_type().is_file() {
                    let seed = std::fs::read(entry.path()).unwrap();
                    // A panic does not say which seed it was.
                    println!("{}: {}", target.name, entry.path().display());
                    (target.check)(&seed);
                    count += 1;
                }
            }
        }
        assert!(count > 0, "{} has no seeds", target.name);
    }
}

#[test]
fn every_target_is_built_and_listed() {
    let listed: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let files = std::fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap();
    let files = files.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned());
    assert_eq!(files.collect::<BTreeSet<_>>(), listed);
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let names = manifest.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let built: BTreeSet<String> = names.filter(|name| *name != "ngxlint-fuzz").map(str::to_owned).collect();
    assert_eq!(built, listed);
}
