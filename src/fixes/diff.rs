//! Changes as a unified diff that `git apply` and `patch -p1` take.

use std::io::{self, Write};
use std::path::Path;

use similar::TextDiff;

/// Lines around a change: as many as are usual, and fewer where some are not to be seen. `git apply` takes no diff
/// without any.
pub const CONTEXTS: [usize; 3] = [3, 2, 1];

/// Writes what turns `old` into `new`; nothing where they are equal. `path` is the file's, from the top of the repository.
///
/// # Errors
/// What `out` says.
pub fn write_diff(path: &Path, old: &[u8], new: &[u8], context: usize, out: &mut dyn Write) -> io::Result<()> {
    // Lines as git counts them: a lone CR ends none.
    let lines = |text| <[u8]>::split_inclusive(text, |&byte| byte == b'\n').collect::<Vec<&[u8]>>();
    let (old, new) = (lines(old), lines(new));
    let diff = TextDiff::from_slices(&old, &new);
    let mut unified = diff.unified_diff();
    unified.context_radius(context);
    for (number, hunk) in unified.iter_hunks().enumerate() {
        if number == 0 {
            for (mark, side) in [("---", "a"), ("+++", "b")] {
                write!(out, "{mark} ")?;
                out.write_all(&quoted(side, path))?;
                writeln!(out)?;
            }
        }
        writeln!(out, "{}", hunk.header())?;
        // Not `to_writer`, which writes other bytes for what is not UTF-8.
        for change in hunk.iter_changes() {
            write!(out, "{}", change.tag())?;
            out.write_all(change.value())?;
            if !change.value().ends_with(b"\n") {
                out.write_all(b"\n\\ No newline at end of file\n")?;
            }
        }
    }
    Ok(())
}

/// A name as git writes it: in quotes, where it has a byte that would end it or could not be read back, and with a tab
/// behind it where `patch` would end it at a space.
fn quoted(side: &str, path: &Path) -> Vec<u8> {
    let path = path.as_os_str().as_encoded_bytes();
    let path = &path[path.iter().take_while(|&&byte| byte == b'/').count()..];
    let name = [side.as_bytes(), b"/", path].concat();
    let needs_quotes = |char: char| char.is_control() || matches!(char, '"' | '\\');
    let is_plain = std::str::from_utf8(&name).is_ok_and(|name| !name.contains(needs_quotes));
    let mut quoted = if is_plain { name.clone() } else { c_quoted(&name) };
    if name.contains(&b' ') {
        quoted.push(b'\t');
    }
    quoted
}

/// As in C, with numbers for all but ASCII.
fn c_quoted(name: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for &byte in name {
        match byte {
            b'"' | b'\\' => quoted.extend([b'\\', byte]),
            b'\n' => quoted.extend(b"\\n"),
            b'\t' => quoted.extend(b"\\t"),
            b' '..=b'~' => quoted.push(byte),
            other => quoted.extend(format!("\\{other:03o}").bytes()),
        }
    }
    quoted.push(b'"');
    quoted
}
