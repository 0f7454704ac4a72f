//! Where reports go, and what is known of the terminal that shows them.

use std::env;
use std::ffi::OsString;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::RunError;
use super::changeable::leads_out;
use super::options::ColorChoice;
use super::write::{place_of, write_file};
use crate::report::{self, HumanStyle, Secrets};
use crate::settings::Mistake;
use crate::source::{FileId, Sources};

/// The width of what is no terminal; people read it in a pager or a CI log.
const DEFAULT_WIDTH: usize = 100;

/// What stands for standard output in the place of a file.
const STDOUT: &str = "-";

/// Wider lines of prose are hard to read, narrower ones cannot hold a line of configuration.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=160;

/// The file that `--output` names, if it is one: `-` is standard output, as in other programs.
pub(super) fn file_of(output: Option<&Path>) -> Option<&Path> {
    output.filter(|path| path.as_os_str() != STDOUT)
}

/// The style of a report that goes to standard output, or to a file.
pub(super) fn human_style(choice: ColorChoice, output: Option<&Path>) -> HumanStyle {
    let is_terminal = file_of(output).is_none() && io::stdout().is_terminal();
    let color = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => is_terminal && variable("NO_COLOR").is_none() && env::var("TERM").as_deref() != Ok("dumb"),
    };
    HumanStyle {
        width: width(),
        color,
        links: color && is_terminal && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout),
        unicode: is_unicode(),
    }
}

/// The style of what goes to standard error.
fn error_style() -> HumanStyle {
    let is_terminal = io::stderr().is_terminal();
    let is_dumb = env::var("TERM").as_deref() == Ok("dumb");
    let color = is_terminal && variable("NO_COLOR").is_none() && !is_dumb;
    HumanStyle { width: width(), color, links: false, unicode: is_unicode() }
}

/// Shows a mistake in the settings, with its lines, on standard error.
pub(super) fn show_mistake(mistake: &Mistake) {
    let Mistake { path, text, span, message, help } = mistake;
    let shown = report::Misplaced { path, text, span: span.clone(), message, help: help.as_deref() };
    // Without standard error there is nobody to tell.
    let _ = report::write_misplaced(&shown, error_style(), &mut io::stderr());
}

/// The columns that text may take.
pub(super) fn width() -> usize {
    let said = env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok()).filter(|&width| width > 0);
    let terminal = || {
        let is_terminal = io::stdout().is_terminal();
        is_terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| usize::from(width.0))
    };
    said.or_else(terminal).unwrap_or(DEFAULT_WIDTH).clamp(*WIDTHS.start(), *WIDTHS.end())
}

/// A variable that is set to something (<https://no-color.org>: "when present and not an empty string").
pub(super) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether the locale's encoding is UTF-8; where no locale is set, as in most containers, it is taken to be.
fn is_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
    locale.is_none_or(|locale| {
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Gives `write` the place where a report goes: the file `output`, or standard output.
///
/// A file appears with all of its text or is left as it was. A reader of standard output that has
/// seen enough (`| head`) is no failure.
pub(super) fn write_to(
    output: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), RunError> {
    match file_of(output) {
        None => {
            let mut stdout = BufWriter::new(io::stdout().lock());
            let outcome = write(&mut stdout).and_then(|()| stdout.flush());
            // What could not be written must not be tried again when the buffer goes.
            let _ = stdout.into_parts();
            match outcome {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    Err(RunError::Output { place: "to standard output".to_owned(), source: error })
                }
                _ => Ok(()),
            }
        }
        Some(path) => {
            refuse_outside(path)?;
            write_file(path, write).map_err(|source| RunError::Output { place: path.display().to_string(), source })
        }
    }
}

/// Refuses to put a report where a link out of a repository leads: whoever made the link has not made what is there. A
/// device or a pipe keeps what it is.
fn refuse_outside(path: &Path) -> Result<(), RunError> {
    let is_other = std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    if !is_other && leads_out(path) { Err(RunError::OutputOutside(path.to_path_buf())) } else { Ok(()) }
}

/// Refuses to put a report in the place of what is read: of `paths`, which may be links. And where no report may be at
/// all.
pub(super) fn refuse_read<'p>(
    output: Option<&Path>,
    paths: impl IntoIterator<Item = &'p Path>,
) -> Result<(), RunError> {
    let Some(output) = file_of(output) else { return Ok(()) };
    refuse_outside(output)?;
    if !output.is_file() {
        return Ok(());
    }
    let place = place_of(output);
    match paths.into_iter().any(|path| std::fs::canonicalize(path).is_ok_and(|path| path == place)) {
        true => Err(RunError::OutputIsRead(output.to_path_buf())),
        false => Ok(()),
    }
}

/// The files behind `sources`, as messages show them.
pub(super) fn paths_of(sources: &Sources) -> impl Iterator<Item = &Path> {
    (0..sources.len()).map(|number| sources.path(FileId(number as u32)))
}

/// As [`write_to`], of what `sources` say, and without the private keys that stand there.
pub(super) fn write_report(
    sources: &Sources,
    output: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), RunError> {
    refuse_read(output, paths_of(sources))?;
    let secrets = Secrets::of(sources);
    write_to(output, |out| secrets.cover(out, write))
}

/// The file to which GitHub Actions wants what it shows as the summary of a step.
pub(super) fn step_summary() -> Option<PathBuf> {
    variable("GITHUB_STEP_SUMMARY").map(PathBuf::from)
}

/// Lets `write` add to the end of a file, which others write to as well.
pub(super) fn append_to(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), RunError> {
    let append = || {
        let mut file = BufWriter::new(std::fs::OpenOptions::new().append(true).create(true).open(path)?);
        write(&mut file).and_then(|()| file.flush())
    };
    append().map_err(|source| RunError::Output { place: path.display().to_string(), source })
}
