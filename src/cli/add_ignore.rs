//! `--add-ignore`: comments that suppress today's findings, written into the files.

use super::changeable::OUTSIDE;
use super::lint::{FilePlace, Places};
use super::write::{ReplaceError, replace_file};
use super::{RunError, Status, complain, output, with_causes};
use crate::report::{Report, counted, printable};
use crate::rules::{Finding, add_comments};
use crate::source::{FileId, Sources};

/// What became of one file.
struct Done {
    comments: usize,
    suppressed: usize,
}

/// Writes the comments, and says how many are where.
pub(super) fn run(sources: &Sources, report: &Report<'_>, places: &Places, reason: &str) -> Result<Status, RunError> {
    let mut status = if report.has_failed() { Status::Failed } else { Status::Success };
    let mut told = String::new();
    let (mut files, mut comments, mut suppressed) = (0, 0, 0);
    for findings in report.findings().chunk_by(|a, b| a.span.file == b.span.file) {
        let Some(file) = findings.first().map(|finding| finding.span.file) else { continue };
        let Some(place) = places.get(&file).filter(|place| place.may_change || place.is_elsewhere) else {
            let path = sources.path(file).display();
            complain("note", &format!("{} in {path} left out: {OUTSIDE}", counted(findings.len(), "finding")));
            status = if status == Status::Success { Status::Found } else { status };
            continue;
        };
        let Some(done) = write(sources, place, file, findings, reason) else {
            status = Status::Failed;
            continue;
        };
        if done.suppressed < findings.len() && status == Status::Success {
            status = Status::Found;
        }
        files += 1;
        comments += done.comments;
        suppressed += done.suppressed;
        let path = sources.path(file).display().to_string();
        told += &format!("{}: wrote {}\n", printable(&path), counted(done.comments, "comment"));
    }
    if report.checked().files == 0 {
        told += "nothing to lint: no nginx configuration was found\n";
    } else if report.findings().is_empty() {
        told += "no findings: there is nothing to suppress\n";
    } else {
        let all = report.findings().len();
        let findings = counted(all, "finding");
        let verb = if suppressed == 1 || all == 1 { "is" } else { "are" };
        let suppressed = if all == suppressed { findings } else { format!("{suppressed} of {findings}") };
        let (comments, files) = (counted(comments, "comment"), counted(files, "file"));
        told += &format!("wrote {comments} in {files}: {suppressed} {verb} suppressed now\n");
    }
    output::write_to(None, |out| out.write_all(told.as_bytes()))?;
    Ok(status)
}

/// Writes the comments of one file; `None` when the file is left as it is, which is said.
fn write(sources: &Sources, place: &FilePlace, file: FileId, findings: &[Finding], reason: &str) -> Option<Done> {
    let source = sources.file(file);
    let path = source.path.display();
    let all: Vec<&Finding> = findings.iter().collect();
    let made = match add_comments(file, &source.text, &all, reason) {
        Ok(made) => made,
        Err(refused) => {
            let line = source.position(refused.at).line;
            let message = format!("{path} is left as it is: a comment at line {line} would change what nginx reads");
            complain("error", &message);
            return None;
        }
    };
    let written = match place.is_elsewhere {
        true => Err(ReplaceError::Changed),
        false => replace_file(&place.canonical, &source.text, &made.text),
    };
    if let Err(error) = written {
        complain("error", &format!("{path} is left as it is: {}", with_causes(&error)));
        return None;
    }
    for (finding, _) in all.iter().zip(&made.is_suppressed).filter(|(_, is_suppressed)| !**is_suppressed) {
        let line = source.position(finding.span.start).line;
        complain("note", &format!("{path}:{line}: no comment can suppress {} here", finding.rule));
    }
    let suppressed = made.is_suppressed.iter().filter(|&&is_suppressed| is_suppressed).count();
    Some(Done { comments: made.comments, suppressed })
}
