//! An include without wildcards has to name a file that nginx can open.

use crate::config::{Elsewhere, ProblemKind};
use crate::model::Model;
use crate::rules::{Findings, Rule};
use crate::source::ReadError;

pub(super) struct IncludeNotFound;

/// How many more includes of a snippet a finding points at.
const SHOWN: usize = 4;

impl Rule for IncludeNotFound {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        report_unfollowed(model, sink);
        for problem in &model.config.problems {
            match &problem.kind {
                ProblemKind::IncludeNotFound { path, is_packaged: true, .. } if problem.is_certain => {
                    let message = format!("{} is not here: nginx's package is taken to bring it", path.display());
                    let finding = sink.info(problem.span, message).conditional();
                    finding.help("nothing to do if nginx is installed where this is deployed; else add the file");
                }
                ProblemKind::IncludeNotFound { path, error, elsewhere, .. } if problem.is_certain => {
                    let path = path.display();
                    let finding = sink.error(problem.span, format!("cannot include {path}: {error}"));
                    if let Some(elsewhere) = elsewhere {
                        finding.help(option_for(elsewhere));
                        continue;
                    }
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
                ProblemKind::IncludeUnreadable { path, error } => {
                    sink.warning(
                        problem.span,
                        format!(
                            "cannot look into {}: {error}; what nginx would include from it was not \
                         checked",
                            path.display()
                        ),
                    )
                    .conditional()
                    .help("run ngxlint as a user who may read what nginx reads");
                }
                _ => {}
            }
        }
    }
}

/// A lone snippet's includes start from a directory that can only be guessed: one finding a file.
fn report_unfollowed(model: &Model<'_>, sink: &mut Findings) {
    let mut unfollowed: Vec<_> = model
        .config
        .problems
        .iter()
        .filter_map(|problem| match &problem.kind {
            ProblemKind::IncludeNotFound { path, error, is_packaged: false, elsewhere } if !problem.is_certain => {
                Some((problem.span, path.display(), error, elsewhere))
            }
            _ => None,
        })
        .collect();
    unfollowed.sort_by_key(|(span, ..)| *span);
    unfollowed.dedup_by_key(|(span, ..)| *span);
    for group in unfollowed.chunk_by(|a, b| a.0.file == b.0.file) {
        let Some((span, path, error, _)) = group.first() else { continue };
        let others = match group.len() - 1 {
            0 => String::new(),
            1 => ", nor one below it".to_owned(),
            count => format!(", nor {count} below it"),
        };
        let message = format!("cannot follow this include{others}: {path}: {error}");
        let finding = sink.info(*span, message).conditional();
        for (span, path, error, _) in group.iter().skip(1).take(SHOWN) {
            finding.related(*span, format!("{path}: {error}"));
        }
        finding.help(match group.iter().find_map(|(.., elsewhere)| elsewhere.as_ref()) {
            Some(elsewhere) => option_for(elsewhere),
            None => "lint the root file that includes this one (nginx.conf): relative paths start from its directory; \
                     what the included files say is not known here"
                .to_owned(),
        });
    }
}

/// How to say that the files are in another place.
fn option_for(Elsewhere { from, to }: &Elsewhere) -> String {
    let (from, to) = (from.display(), to.display());
    if from.to_string() == "/" {
        format!("the file is below {to}: run ngxlint with --root {to}")
    } else {
        format!("{to} seems to stand for {from}: run ngxlint with --map {from}={to}")
    }
}
