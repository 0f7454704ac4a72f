//! What is chosen, and what becomes of the text.

use std::path::Path;

use super::*;
use crate::source::Span;

fn fix(edits: &[(u32, u32, &str)]) -> Fix {
    let edit = |&(start, end, text): &(u32, u32, &str)| Edit {
        span: Span { file: FileId(0), start, end },
        text: text.to_owned(),
    };
    Fix { title: String::new(), is_safe: true, edits: edits.iter().map(edit).collect() }
}

/// What the fixes that can be made together make of `0123456789`.
fn made(fixes: &[Fix]) -> String {
    let made = apply(&choose(fixes), |_| b"0123456789");
    made.get(&FileId(0)).map_or_else(String::new, |text| String::from_utf8_lossy(text).into_owned())
}

#[test]
fn edits_are_made_together_unless_they_touch() {
    for (fixes, text) in [
        (vec![fix(&[(1, 3, "A")]), fix(&[(5, 5, "B")])], "0A34B56789"),
        (vec![fix(&[(5, 5, "B")]), fix(&[(1, 3, "A")])], "0A34B56789"),
        (vec![fix(&[(1, 4, "A")]), fix(&[(3, 6, "B")])], "0A456789"),
        (vec![fix(&[(1, 4, "A")]), fix(&[(4, 6, "B")])], "0A456789"),
        (vec![fix(&[(4, 4, "A")]), fix(&[(4, 4, "A")])], "0123A456789"),
        // Two that meet and go away are none.
        (vec![fix(&[(1, 4, "")]), fix(&[(4, 6, "")])], "06789"),
        (vec![fix(&[(4, 6, "")]), fix(&[(6, 8, "")]), fix(&[(1, 4, "")])], "089"),
        (vec![fix(&[(1, 4, "")]), fix(&[(4, 4, "B")])], "0456789"),
        (vec![fix(&[(1, 4, "")]), fix(&[(1, 4, "")]), fix(&[(2, 5, "")])], "0456789"),
        (vec![fix(&[(2, 8, "A")]), fix(&[(4, 4, "B")])], "01A89"),
        (vec![fix(&[(4, 4, "B")]), fix(&[(2, 8, "A")])], "0123B456789"),
        // A fix is made as a whole.
        (vec![fix(&[(0, 1, "A")]), fix(&[(0, 1, "B"), (9, 10, "B")]), fix(&[(9, 10, "C")])], "A12345678C"),
        // Two texts at one place keep their order.
        (vec![fix(&[(4, 4, "A"), (4, 4, "B")])], "0123AB456789"),
    ] {
        assert_eq!(made(&fixes), text, "{fixes:?}");
    }
}

#[test]
fn what_is_at_the_ends_of_a_file_can_be_changed() {
    assert_eq!(made(&[fix(&[(0, 0, "A"), (10, 10, "B")])]), "A0123456789B");
    assert_eq!(made(&[fix(&[(0, 10, "")])]), "");
}

fn diff(path: &str, old: &str, new: &str) -> String {
    let mut out = Vec::new();
    write_diff(Path::new(path), old.as_bytes(), new.as_bytes(), CONTEXTS[0], &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_diff_is_as_git_reads_it() {
    assert_eq!(diff("a.conf", "a;\n", "a;\n"), "");
    assert_eq!(
        diff("s/a.conf", "a;\nb;\n", "a;\nc;\n"),
        "--- a/s/a.conf\n+++ b/s/a.conf\n@@ -1,2 +1,2 @@\n a;\n-b;\n+c;\n"
    );
    assert_eq!(
        diff("a\"\t.conf", "a", "b"),
        "--- \"a/a\\\"\\t.conf\"\n+++ \"b/a\\\"\\t.conf\"\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    );
}

#[test]
fn names_are_as_git_and_patch_read_them() {
    let head = |path: &str| diff(path, "a", "b").lines().next().unwrap().to_owned();
    assert_eq!(head("the shop/ä.conf"), "--- a/the shop/ä.conf\t");
    assert_eq!(head("ä.conf"), "--- a/ä.conf");
    assert_eq!(head("a \"ä\".conf"), "--- \"a/a \\\"\\303\\244\\\".conf\"\t");
    assert_eq!(head("/etc/nginx.conf"), "--- a/etc/nginx.conf");
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_keeps_its_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let mut out = Vec::new();
    let name = std::ffi::OsStr::from_bytes(b"\xff.conf");
    write_diff(Path::new(name), b"a", b"b", 1, &mut out).unwrap();
    assert!(out.starts_with(b"--- \"a/\\377.conf\"\n+++ \"b/\\377.conf\"\n"));
}

#[test]
fn a_diff_has_the_bytes_of_the_file() {
    let mut out = Vec::new();
    write_diff(Path::new("a.conf"), b"# \xe4\rx\nb;\n", b"# \xe4\rx\nc\xff;", 3, &mut out).unwrap();
    let wanted: &[u8] =
        b"--- a/a.conf\n+++ b/a.conf\n@@ -1,2 +1,2 @@\n # \xe4\rx\n-b;\n+c\xff;\n\\ No newline at end of file\n";
    assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(wanted));
    assert_eq!(out, wanted);
}
