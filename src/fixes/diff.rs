//! Changes as a unified diff that `git apply` and `patch -p1` take.

use std::io::{self, Write};

use similar::TextDiff;

/// Lines around a change: as many as are usual, and fewer where some are not to be seen. `git apply` takes no diff
/// without any.
pub const CONTEXTS: [usize; 3] = [3, 2, 1];

/// Writes what turns `old` into `new`; nothing where they are equal. `path` is the file's, from the top of the repository.
///
/// # Errors
/// What `out` says.
pub fn write_diff(path: &str, old: &[u8], new: &[u8], context: usize, out: &mut dyn Write) -> io::Result<()> {
    // Lines as git counts them: a lone CR ends none.
    let lines = |text| <[u8]>::split_inclusive(text, |&byte| byte == b'\n').collect::<Vec<&[u8]>>();
    let (old, new) = (lines(old), lines(new));
    let diff = TextDiff::from_slices(&old, &new);
    let mut unified = diff.unified_diff();
    unified.context_radius(context);
    for (number, hunk) in unified.iter_hunks().enumerate() {
        if number == 0 {
            writeln!(out, "--- {}\n+++ {}", quoted("a", path), quoted("b", path))?;
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

/// A name as git writes it: in quotes, where it has a character that would end it or could not be read back.
fn quoted(side: &str, path: &str) -> String {
    let name = format!("{side}/{}", path.trim_start_matches('/'));
    if !name.contains(|char: char| char.is_control() || matches!(char, '"' | '\\')) {
        return name;
    }
    let mut quoted = String::from("\"");
    for byte in name.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b'\n' => quoted += "\\n",
            b'\t' => quoted += "\\t",
            b' '..=b'~' => quoted.push(char::from(byte)),
            other => quoted += &format!("\\{other:03o}"),
        }
    }
    quoted.push('"');
    quoted
}
