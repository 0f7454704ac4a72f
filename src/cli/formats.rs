//! The forms of a report, and where each goes.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::{Arg, Command, ValueEnum};
use rustc_hash::FxHashSet;

use super::RunError;
use super::output::file_of;
use super::write::place_of;

/// A form that a report can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// With the lines concerned, for people
    #[default]
    Human,
    /// FILE:LINE:COL: severity[rule] message, for editors
    Short,
    /// One object, for programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// GitLab's Code Quality report
    Gitlab,
    /// JUnit's XML
    Junit,
    /// Checkstyle's XML
    Checkstyle,
}

/// A form, and the file that is to have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FormatChoice {
    format: Format,
    file: Option<PathBuf>,
}

/// Reads `FORMAT` and `FORMAT=FILE`.
#[derive(Debug, Clone, Copy)]
pub(super) struct FormatParser;

impl TypedValueParser for FormatParser {
    type Value = FormatChoice;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<FormatChoice, clap::Error> {
        let text = value.to_string_lossy();
        let (name, file) = match text.split_once('=') {
            Some((name, file)) if !file.is_empty() => (name, Some(file.into())),
            _ => (&*text, None),
        };
        let format = EnumValueParser::<Format>::new().parse_ref(command, argument, OsStr::new(name))?;
        Ok(FormatChoice { format, file })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Format::value_variants().iter().filter_map(Format::to_possible_value)))
    }
}

/// A report that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) format: Format,
    /// `None`: standard output.
    pub(super) file: Option<PathBuf>,
}

/// What is to be written, and where. A form without a file of its own goes to `output`, else to standard output.
pub(super) fn destinations(formats: &[FormatChoice], output: Option<&Path>) -> Result<Vec<Destination>, RunError> {
    if formats.is_empty() {
        return Ok(vec![Destination { format: Format::default(), file: output.map(Path::to_path_buf) }]);
    }
    let without_file = formats.iter().filter(|choice| choice.file.is_none()).count();
    if without_file == 0 && output.is_some() {
        return Err(RunError::OutputNotUsed);
    }
    let place = |choice: &FormatChoice| file_of(choice.file.as_deref().or(output)).map(Path::to_path_buf);
    let destinations = formats.iter().map(|choice| Destination { format: choice.format, file: place(choice) });
    let destinations: Vec<Destination> = destinations.collect();
    let shared = destinations.iter().filter(|destination| destination.file.is_none()).count();
    if without_file > 1 || shared > 1 {
        return Err(RunError::SeveralFormats);
    }
    let mut files = FxHashSet::default();
    for file in destinations.iter().filter_map(|destination| destination.file.as_ref()) {
        if !files.insert(place_of(file)) {
            return Err(RunError::FormatsToOneFile(file.clone()));
        }
    }
    Ok(destinations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(formats: &[(Format, Option<&str>)], output: Option<&str>) -> Option<Vec<(Format, Option<PathBuf>)>> {
        let formats = formats.iter().map(|&(format, file)| FormatChoice { format, file: file.map(PathBuf::from) });
        let found = destinations(&formats.collect::<Vec<_>>(), output.map(Path::new)).ok()?;
        Some(found.into_iter().map(|found| (found.format, found.file)).collect())
    }

    #[test]
    fn one_report_goes_to_standard_output_and_any_number_to_files() {
        let (human, sarif) = (Format::Human, Format::Sarif);
        assert_eq!(places(&[], None), Some(vec![(human, None)]));
        assert_eq!(places(&[], Some("o")), Some(vec![(human, Some("o".into()))]));
        assert_eq!(
            places(&[(human, None), (sarif, Some("s"))], None),
            Some(vec![(human, None), (sarif, Some("s".into()))])
        );
        assert_eq!(
            places(&[(human, Some("-")), (sarif, None)], Some("s")),
            Some(vec![(human, None), (sarif, Some("s".into()))])
        );
        assert_eq!(places(&[(human, None)], Some("-")), Some(vec![(human, None)]));
        assert_eq!(places(&[(human, None), (sarif, Some("-"))], None), None);
        assert_eq!(places(&[(human, None), (sarif, None)], None), None);
        assert_eq!(places(&[(sarif, Some("s"))], Some("o")), None);
        assert_eq!(places(&[(human, Some("s")), (sarif, Some("./s"))], None), None);
        assert_eq!(places(&[(human, None), (sarif, Some("src/../s"))], Some("s")), None);
    }
}
