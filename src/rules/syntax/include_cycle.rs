//! nginx follows a cycle of includes until it runs out of file descriptors.

use crate::config::ProblemKind;
use crate::model::Model;
use crate::rules::{Findings, Rule};

pub(super) struct IncludeCycle;

impl Rule for IncludeCycle {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for problem in &model.config.problems {
            match &problem.kind {
                ProblemKind::IncludeCycle { files } => {
                    let chain: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
                    let first = chain.first().cloned().unwrap_or_default();
                    let finding = match chain.as_slice() {
                        [_] => sink.error(problem.span, format!("{first} includes itself")),
                        _ => sink.error(
                            problem.span,
                            format!("this include closes a circle: {} -> {first}", chain.join(" -> ")),
                        ),
                    };
                    finding.help("remove this include, or move what both files need into a third one");
                }
                ProblemKind::TooManyDirectives { limit } => {
                    let message = format!(
                        "more than {limit} directives, includes counted each time: the rest \
                     is not checked"
                    );
                    sink.warning(problem.span, message).help(
                        "files that include others more than once, several levels deep, multiply: include \
                         each once",
                    );
                }
                _ => {}
            }
        }
    }
}
