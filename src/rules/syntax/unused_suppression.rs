//! Comments for ngxlint that it does not understand. Which of the others suppress nothing is known when all rules have
//! run: see `rules::suppression`.

use crate::config::{Ignore, Mistake, Said, annotations};
use crate::model::Model;
use crate::rules::{Findings, Rule, RuleSet};
use crate::source::Span;

pub(super) struct UnusedSuppression;

impl Rule for UnusedSuppression {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for annotation in model.config.files().flat_map(|file| annotations(&file.ast)) {
            match &annotation.said {
                Said::Mistaken(mistake) => report(mistake, annotation.span, sink),
                Said::Ignore(Ignore { names, .. }) => {
                    let wrong = names.iter().filter_map(|(span, name)| Some((span, RuleSet::parse(name).err()?)));
                    for (span, error) in wrong {
                        sink.warning(*span, error.to_string())
                            .help("name rules or categories, with commas between them, as `ngxlint rules` lists them");
                    }
                }
                Said::Context(_) => {}
            }
        }
    }
}

fn report(mistake: &Mistake, span: Span, sink: &mut Findings) {
    let (message, help) = match mistake {
        Mistake::NoColon { meant } => (
            format!(
                "without a colon behind `ngxlint` this comment says nothing to it; did you mean `ngxlint: {meant}`?"
            ),
            format!("write # ngxlint: {meant}"),
        ),
        Mistake::UnknownWord { word, nearest } => {
            let meant = nearest.map_or(String::new(), |nearest| format!("; did you mean `{nearest}`?"));
            (
                format!("`{word}` is nothing that ngxlint knows{meant}"),
                "what it knows: # ngxlint: ignore[rule] reason\n               # ngxlint: ignore-file[rule] reason\n               \
                 # ngxlint: context=http,server"
                    .to_owned(),
            )
        }
        Mistake::NoBrackets { word } => (
            format!("`{word}` does not say which rules, so it suppresses nothing"),
            format!("write # ngxlint: {word}[rule] reason"),
        ),
        Mistake::UnclosedBracket { word } => {
            (format!("the bracket behind `{word}` is never closed"), format!("write # ngxlint: {word}[rule] reason"))
        }
        Mistake::NoRules { word } => (
            format!("`{word}` names no rule, so it suppresses nothing"),
            format!("write # ngxlint: {word}[rule] reason"),
        ),
        Mistake::Context { chain } if chain.is_empty() => (
            "`context` does not say which blocks are around this file".to_owned(),
            "name the blocks, the outermost first: # ngxlint: context=http,server".to_owned(),
        ),
        Mistake::Context { chain } => (
            format!("`{chain}` is no chain of blocks that nginx has"),
            "name the blocks, the outermost first: # ngxlint: context=http,server".to_owned(),
        ),
    };
    sink.warning(span, message).help(help);
}
