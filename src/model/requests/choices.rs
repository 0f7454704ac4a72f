//! Trying every assignment of what cannot be known.
//!
//! What is asked is written as if everything were known; where it is not, it asks [`Choices`], which answers with
//! one of the possibilities. [`explore`] asks again until every combination was given.

use rustc_hash::FxHashMap;

use crate::config::Directive;
use crate::model::values::value::{Piece, pieces};

/// What had to be assumed about the world on the way to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition<'c> {
    /// The directive that asks.
    pub directive: Option<Directive<'c>>,
    /// What was assumed, as a clause: "`$http_x` is empty".
    pub text: String,
    /// Whether another assumption was possible and is another answer's.
    pub is_open: bool,
}

impl Condition<'_> {
    /// Whether it is about files that cannot be seen, and that one request asks for and another does not.
    #[must_use]
    pub fn is_of_files(&self) -> bool {
        const OF_FILES: &[&str] = &["try_files", "index", "root", "alias", "autoindex"];
        match self.directive {
            // The default of `root` or `index`.
            None => [" is a file", " is a directory", " does not exist"].iter().any(|end| self.text.ends_with(end)),
            Some(directive) if directive.is_named("if") => asks_for_file_of_request(directive),
            Some(directive) => OF_FILES.iter().any(|name| directive.is_named(name)),
        }
    }

    /// Whether it may be otherwise at the next request of the same client: the page that it comes from, the scheme that a
    /// proxy in front says, and a cookie where the answers can set one.
    #[must_use]
    pub fn may_change(&self, sets_cookies: bool) -> bool {
        const CHANGING: &[&str] = &[
            "referer",
            "forwarded",
            "x_scheme",
            "url_scheme",
            "front_end_https",
            "cf_visitor",
            "fastly_ssl",
            "secure_link",
            "uid_got",
            "early_data",
        ];
        let is_changing = |name: &str| {
            let is_cookie = name == "http_cookie" || name.starts_with("cookie_");
            is_cookie && sets_cookies || CHANGING.iter().any(|changing| name.contains(changing))
        };
        let is_in = |text: &str| {
            pieces(text).any(|piece| matches!(piece, Piece::Variable(name) if is_changing(&name.to_ascii_lowercase())))
        };
        let mut arguments = self.directive.into_iter().flat_map(|directive| directive.arguments());
        is_in(&self.text) || arguments.any(|word| is_in(&word.text()))
    }
}

/// Whether an `if` looks for a file by the URI; one that is the same for all requests, such as the page that a site
/// under maintenance shows, is a condition as any other.
pub(crate) fn asks_for_file_of_request(condition: Directive<'_>) -> bool {
    let mut words = condition.arguments().map(|word| word.text().into_owned());
    let is_of_file = words.next().is_some_and(|sign| sign.trim_start_matches(['(', '!']).starts_with('-'));
    is_of_file && words.any(|path| path.replace("$document_root", "").contains('$'))
}

/// One run's answers to what cannot be known.
#[derive(Debug, Default)]
pub struct Choices<'c> {
    /// Which possibility to take at each fork, and how many there are.
    forks: Vec<Fork>,
    /// Forks that this run has met.
    met: usize,
    /// The questions that were answered, each with what was assumed by that: the same each time, in whatever order the
    /// possibilities come.
    answered: FxHashMap<String, usize>,
    /// What this run has assumed.
    assumed: Vec<Condition<'c>>,
    /// Files that cannot be seen are taken to be as is tried first.
    settles_files: bool,
    /// The files that the request asks for may be there or not, whatever is seen.
    supposes_files: bool,
}

#[derive(Debug, Clone, Copy)]
struct Fork {
    taken: usize,
    count: usize,
}

impl<'c> Choices<'c> {
    /// Which of `possibilities` this run takes as the answer to `question`; `clause` says what each assumes.
    /// The first one is what is tried first. The same question gets the same answer for the whole run.
    pub fn choose<T>(
        &mut self,
        directive: Option<Directive<'c>>,
        question: String,
        possibilities: &[T],
        clause: impl Fn(&T) -> String,
    ) -> usize {
        if let Some(known) = self.known(&question, possibilities, &clause) {
            return known;
        }
        let taken = match self.forks.get(self.met) {
            Some(fork) => fork.taken,
            None => {
                self.forks.push(Fork { taken: 0, count: possibilities.len() });
                0
            }
        };
        self.met += 1;
        self.answer(directive, question, possibilities, clause, taken)
    }

    /// Whether the path of the request stands for many, of which some lead to a file.
    #[must_use]
    pub fn supposes_files(&self) -> bool {
        self.supposes_files
    }

    /// The same about a file that cannot be seen; whoever does not care for files is given the first possibility only,
    /// with a condition that is open all the same.
    pub fn choose_file<T>(
        &mut self,
        directive: Option<Directive<'c>>,
        question: String,
        possibilities: &[T],
        clause: impl Fn(&T) -> String,
    ) -> usize {
        if !self.settles_files {
            return self.choose(directive, question, possibilities, clause);
        }
        if let Some(known) = self.known(&question, possibilities, &clause) {
            return known;
        }
        self.answer(directive, question, possibilities, clause, 0)
    }

    /// The answer that a question has got before, if it is among these.
    fn known<T>(&self, question: &str, possibilities: &[T], clause: impl Fn(&T) -> String) -> Option<usize> {
        let known = self.assumed.get(*self.answered.get(question)?)?;
        possibilities.iter().position(|possibility| clause(possibility) == known.text)
    }

    fn answer<T>(
        &mut self,
        directive: Option<Directive<'c>>,
        question: String,
        possibilities: &[T],
        clause: impl Fn(&T) -> String,
        taken: usize,
    ) -> usize {
        self.answered.insert(question, self.assumed.len());
        let text = possibilities.get(taken).map(clause).unwrap_or_default();
        self.assumed.push(Condition { directive, text, is_open: possibilities.len() > 1 });
        taken
    }

    /// Notes what is taken for granted although it may be otherwise.
    pub fn assume(&mut self, directive: Option<Directive<'c>>, text: String) {
        self.choose(directive, text.clone(), &[text], String::clone);
    }

    /// What this run has assumed, in the order in which it was asked.
    #[must_use]
    pub fn conditions(&self) -> &[Condition<'c>] {
        &self.assumed
    }

    /// Prepares the next run; whether there is one.
    fn advance(&mut self) -> bool {
        self.met = 0;
        self.assumed.clear();
        self.answered.clear();
        while let Some(last) = self.forks.last_mut() {
            if last.taken + 1 < last.count {
                last.taken += 1;
                return true;
            }
            self.forks.pop();
        }
        false
    }
}

/// The answers of `ask` on every assignment, or on the first `limit` of them; whether these are all.
pub fn explore<'c, T>(limit: usize, ask: impl FnMut(&mut Choices<'c>) -> T) -> (Vec<T>, bool) {
    explore_from(Choices::default(), limit, ask)
}

/// The same on one assignment only of the files that cannot be seen.
pub(crate) fn explore_settling_files<'c, T>(limit: usize, ask: impl FnMut(&mut Choices<'c>) -> T) -> (Vec<T>, bool) {
    explore_from(Choices { settles_files: true, ..Choices::default() }, limit, ask)
}

/// The same for a path that stands for many: that there is no such file says nothing.
pub(crate) fn explore_supposing_files<'c, T>(limit: usize, ask: impl FnMut(&mut Choices<'c>) -> T) -> (Vec<T>, bool) {
    explore_from(Choices { supposes_files: true, ..Choices::default() }, limit, ask)
}

fn explore_from<'c, T>(
    mut choices: Choices<'c>,
    limit: usize,
    mut ask: impl FnMut(&mut Choices<'c>) -> T,
) -> (Vec<T>, bool) {
    let mut answers = Vec::new();
    loop {
        answers.push(ask(&mut choices));
        if !choices.advance() {
            return (answers, true);
        }
        if answers.len() >= limit {
            return (answers, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_is_tried_once() {
        let two = ["no".to_owned(), "yes".to_owned()];
        let ask = |choices: &mut Choices<'_>| {
            let first = choices.choose(None, "a".to_owned(), &two, String::clone);
            // Asked only on one side, and the same question twice.
            let second = if first == 1 { choices.choose(None, "b".to_owned(), &two, String::clone) } else { 0 };
            let turned = ["yes".to_owned(), "no".to_owned()];
            (first, second, 1 - choices.choose(None, "a".to_owned(), &turned, String::clone))
        };
        assert_eq!(explore(32, ask), (vec![(0, 0, 0), (1, 0, 1), (1, 1, 1)], true));
        assert_eq!(explore(2, ask), (vec![(0, 0, 0), (1, 0, 1)], false));
    }
}
