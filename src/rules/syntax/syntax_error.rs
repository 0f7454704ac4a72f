//! What nginx's tokenizer refuses, and semicolons that are missing between two lines. In a template
//! every placeholder gives several errors, of which only the first tells something.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::config::ProblemKind;
use crate::model::Model;
use crate::rules::{Edit, Findings, Fix, Rule, edit};
use crate::source::{FileId, Span};
use crate::syntax::{self, Ast, NodeId, SyntaxErrorKind};

pub(super) struct SyntaxError;

impl Rule for SyntaxError {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let templates: FxHashSet<FileId> =
            model.config.files().filter_map(|file| Some(file.placeholder?.file)).collect();
        for file in model.config.files() {
            let Some(placeholder) = file.placeholder.filter(|_| !file.ast.errors.is_empty()) else { continue };
            let text = &file.ast.text()[placeholder.start as usize..placeholder.end as usize];
            sink.error(
                placeholder,
                format!(
                    "`{}` is not filled in: this is a template, which nginx cannot \
                 read",
                    String::from_utf8_lossy(text)
                ),
            )
            .help("lint the file that is made from the template");
        }
        let files = || model.config.files().filter(|file| !templates.contains(&file.ast.file));
        let errors = files().flat_map(|file| file.ast.errors.iter().map(|error| (file.ast.text(), error)));
        for (text, error) in errors {
            let finding = sink.error(error.span, error.kind.to_string());
            finding.help(error.kind.help());
            finding.fix(mended(text, error));
            if let Some(went_wrong) = error.went_wrong {
                finding.related(went_wrong, "this is read as a part of the open block");
            }
            if let Some(noticed) = error.noticed.filter(|noticed| *noticed != error.span) {
                finding.related(noticed, "nginx stops here");
            }
        }
        let statements = Statements::of(model);
        for problem in model.config.problems.iter().filter(|problem| !templates.contains(&problem.span.file)) {
            let finding = match &problem.kind {
                ProblemKind::MissingSemicolon { directive, last_word, swallowed, is_refused } => {
                    let finding = if *is_refused && problem.is_certain {
                        sink.error(problem.span, format!("missing `;` after `{last_word}`"))
                    } else {
                        let message = format!(
                            "missing `;` after `{last_word}`: nginx takes `{swallowed}` on the next line for a \
                             parameter of `{directive}`"
                        );
                        let finding = sink.warning(problem.span, message);
                        finding.conditional()
                    };
                    finding.help(format!("write `{last_word};`"));
                    finding.fix(statements.around(problem.span).and_then(Statement::ended));
                    finding
                }
                ProblemKind::NotTerminated { directive } => sink
                    .error(problem.span, format!("`{directive}` takes no block: `;` is missing, not `{{`"))
                    .help(format!("end `{directive}` with `;`")),
                ProblemKind::NoBlock { directive } => sink
                    .error(problem.span, format!("`{directive}` needs a block: `{{ … }}` instead of `;`"))
                    .help(format!("write `{directive} {{ … }}`")),
                ProblemKind::BlockAmongEntries { block } => sink
                    .error(problem.span, format!("unexpected `{{`: `{block}` holds entries, which have no blocks"))
                    .help(format!("close `{block}` before it, or put quotes around a word with `{{` in it")),
                _ => continue,
            };
            if let Some((span, message)) = problem.related {
                finding.related(span, message);
            }
        }
    }
}

/// What nginx reads as one directive, where more are meant.
#[derive(Default)]
struct Statement {
    /// The words that lack a semicolon.
    places: BTreeSet<Span>,
    /// Whether nginx refuses it for certain.
    is_refused: bool,
}

impl Statement {
    /// All its semicolons at once: with some of them only, nginx may refuse what is left. What it refuses has no meaning
    /// that could change.
    fn ended(&self) -> Option<Fix> {
        let edits = self.places.iter().map(|place| Some(semicolon_behind(*place)));
        let title = if self.places.len() > 1 { "end the directives with `;`" } else { END_TITLE };
        if self.is_refused { Fix::safe(title, edits) } else { Fix::risky(title, edits) }
    }
}

/// The statements that lack semicolons.
struct Statements<'m> {
    asts: FxHashMap<FileId, &'m Ast<'m>>,
    all: FxHashMap<(FileId, Option<NodeId>), Statement>,
}

impl<'m> Statements<'m> {
    fn of(model: &'m Model<'_>) -> Statements<'m> {
        let asts = model.config.files().map(|file| (file.ast.file, &file.ast)).collect();
        let mut statements = Statements { asts, all: FxHashMap::default() };
        for problem in &model.config.problems {
            if let ProblemKind::MissingSemicolon { is_refused, .. } = &problem.kind {
                let key = statements.key(problem.span);
                let statement = statements.all.entry(key).or_default();
                statement.places.insert(problem.span);
                statement.is_refused |= *is_refused && problem.is_certain;
            }
        }
        statements
    }

    fn key(&self, place: Span) -> (FileId, Option<NodeId>) {
        (place.file, self.asts.get(&place.file).and_then(|ast| ast.last_started(place.start)))
    }

    fn around(&self, place: Span) -> Option<&Statement> {
        self.all.get(&self.key(place))
    }
}

const END_TITLE: &str = "end the directive with `;`";

/// The change that a person would make. Where a brace belongs is only to be guessed.
fn mended(text: &[u8], error: &syntax::SyntaxError) -> Option<Fix> {
    let removed = || [Some(edit::without_text(text, error.span))];
    match &error.kind {
        SyntaxErrorKind::MissingSemicolon { .. } => Fix::safe(END_TITLE, [Some(semicolon_behind(error.span))]),
        SyntaxErrorKind::UnexpectedSemicolon => Fix::safe("take the `;` away", removed()),
        SyntaxErrorKind::ByteOrderMark => {
            let edit = Edit { span: error.span, text: String::new() };
            Fix::safe("take the byte order mark away", [Some(edit)])
        }
        SyntaxErrorKind::UnexpectedClosingBrace => Fix::risky("take the `}` away", removed()),
        SyntaxErrorKind::UnclosedBlock { name, others: 0 } => {
            Fix::risky(format!("close `{name}` here"), [edit::brace_before(text, error.span, error.went_wrong?)])
        }
        _ => None,
    }
}

/// A `;` behind what lacks it.
fn semicolon_behind(span: Span) -> Edit {
    Edit { span: Span { start: span.end, ..span }, text: ";".to_owned() }
}
