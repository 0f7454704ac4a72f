//! The direction of the rooms: each knows the rooms before it and none after.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test runs the program and reads its files")]

use std::path::{Path, PathBuf};

/// Each room with the rooms that it may use.
const ROOMS: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("syntax", &["source"]),
    ("nginx", &[]),
    ("config", &["source", "syntax", "nginx"]),
    ("tls", &["source"]),
    ("hsts", &["source"]),
    ("model", &["source", "syntax", "nginx", "config", "tls", "hsts"]),
    ("rules", &["source", "syntax", "nginx", "config", "tls", "hsts", "model"]),
    ("fixes", &["source", "rules"]),
    ("settings", &["source", "nginx", "config", "hsts", "tls", "model", "rules"]),
    ("report", &["source", "nginx", "config", "tls", "hsts", "model", "rules"]),
];

/// Rust files longer than this are tables, or two ideas.
const MAX_LINES: usize = 500;

/// Files that are long for a reason: tables of facts, one row a line.
const TABLES: &[&str] = &["nginx/directives/", "nginx/variables/"];

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(directory)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    files
}

#[test]
fn rooms_use_only_the_rooms_before_them() {
    let mut wrong = Vec::new();
    for (room, allowed) in ROOMS {
        for file in rust_files(&source_root().join(room)) {
            let text = std::fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                for used in line.split("crate::").skip(1) {
                    let used =
                        used.split(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap_or_default();
                    let is_room = ROOMS.iter().any(|(name, _)| *name == used) || used == "cli";
                    if is_room && used != *room && !allowed.contains(&used) {
                        wrong.push(format!("{}:{}: {room} uses {used}", file.display(), number + 1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_listed_and_opens_with_what_it_owns() {
    for entry in std::fs::read_dir(source_root()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            assert!(name == "cli" || ROOMS.iter().any(|(room, _)| *room == name), "{name} is in no list");
            let text = std::fs::read_to_string(path.join("mod.rs")).unwrap();
            assert!(text.starts_with("//! "), "{name}/mod.rs does not say what the room owns");
        }
    }
}

#[test]
fn no_file_holds_two_ideas() {
    let root = source_root();
    let mut long = Vec::new();
    for file in rust_files(&root) {
        let relative = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        if lines > MAX_LINES && !TABLES.iter().any(|table| relative.starts_with(table)) {
            long.push(format!("{relative}: {lines}"));
        }
    }
    assert!(long.is_empty(), "longer than {MAX_LINES} lines: {}", long.join(", "));
}
