//! An include without wildcards has to name a file that nginx can open.

use crate::config::ProblemKind;
use crate::model::Model;
use crate::rules::{Findings, Rule};
use crate::source::ReadError;

pub(super) struct IncludeNotFound;

impl Rule for IncludeNotFound {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for problem in &model.config.problems {
            match &problem.kind {
                ProblemKind::IncludeNotFound { path, error } if problem.is_certain => {
                    let path = path.display();
                    let finding = sink.error(problem.span, format!("cannot include {path}: {error}"));
                    finding.help(match error {
                        ReadError::NotFound => {
                            "create the file or correct the path; a relative one starts from the directory of the root \
                             file, and a pattern (`*.conf`) may match nothing"
                        }
                        ReadError::IsDirectory => "include the files in it: add `/*.conf`",
                        ReadError::PermissionDenied => "run ngxlint as a user who may read what nginx reads",
                        _ => "name a regular file that nginx can read",
                    });
                    if *error == ReadError::PermissionDenied {
                        finding.conditional();
                    }
                }
                // A lone snippet's includes start from a directory that can only be guessed.
                ProblemKind::IncludeNotFound { path, error } => {
                    sink.info(
                        problem.span,
                        format!("cannot follow this include, {}: {error}; the root file of this snippet is not known", path.display()),
                    )
                    .conditional()
                    .help("lint the root file that includes this one (nginx.conf), so that relative paths resolve");
                }
                ProblemKind::IncludeUnreadable { path, error } => {
                    sink.warning(
                        problem.span,
                        format!("cannot look into {}: {error}; what nginx would include from it was not checked", path.display()),
                    )
                    .conditional()
                    .help("run ngxlint as a user who may read what nginx reads");
                }
                _ => {}
            }
        }
    }
}
