//! What a rule reports.

use std::fmt;

use crate::source::Span;

use super::{Options, RuleId};

/// How bad a finding is. The order is that of badness: `Info < Warning < Error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Advice.
    Info,
    /// Clients break under a condition that is likely and named.
    Warning,
    /// nginx will not start, or some client certainly breaks.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        })
    }
}

/// Whether a finding holds on every assignment of what cannot be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// It holds whatever the unknowns are.
    Certain,
    /// It holds on a condition, which the message names.
    Conditional,
}

/// Another place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Related {
    /// The place; it may be in another file.
    pub span: Span,
    /// What is to be seen there.
    pub message: String,
    /// Whether a request comes there on its way, which the places of this kind tell in order.
    pub is_hop: bool,
}

/// One replacement of a fix; an empty span inserts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// The bytes that are replaced.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// A change that makes a finding go away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fix {
    /// What it does, in the imperative.
    pub title: String,
    /// Whether it keeps the meaning of all else and every comment.
    pub is_safe: bool,
    /// The replacements, sorted, without overlaps.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// One that keeps the meaning of all else and every comment. `None` where an edit cannot be made.
    pub(super) fn safe(title: impl Into<String>, edits: impl IntoIterator<Item = Option<Edit>>) -> Option<Fix> {
        Fix::new(title.into(), true, edits)
    }

    /// One that a person has to look at. `None` where an edit cannot be made.
    pub(super) fn risky(title: impl Into<String>, edits: impl IntoIterator<Item = Option<Edit>>) -> Option<Fix> {
        Fix::new(title.into(), false, edits)
    }

    fn new(title: String, is_safe: bool, edits: impl IntoIterator<Item = Option<Edit>>) -> Option<Fix> {
        let mut edits: Vec<Edit> = edits.into_iter().collect::<Option<_>>()?;
        edits.sort_by_key(|edit| edit.span);
        (!edits.is_empty()).then_some(Fix { title, is_safe, edits })
    }
}

/// Something that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that found it.
    pub rule: RuleId,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it holds on every assignment of the unknowns.
    pub certainty: Certainty,
    /// One line that names the hosts and files involved.
    pub message: String,
    /// Which lines to change.
    pub help: Option<String>,
    /// The place to change.
    pub span: Span,
    /// Other places, in the order in which they explain it.
    pub related: Vec<Related>,
    /// A change that would mend it.
    pub fix: Option<Fix>,
}

impl Finding {
    /// Adds a place that explains the finding.
    pub fn related(&mut self, span: Span, message: impl Into<String>) -> &mut Finding {
        self.related.push(Related { span, message: message.into(), is_hop: false });
        self
    }

    /// Adds a place to which a request comes on its way from one to the other, in the order of the way.
    pub fn hop(&mut self, span: Span, message: impl Into<String>) -> &mut Finding {
        self.related.push(Related { span, message: message.into(), is_hop: true });
        self
    }

    /// Says which lines to change.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Finding {
        self.help = Some(help.into());
        self
    }

    /// Offers a change that mends it, if there is one.
    pub fn fix(&mut self, fix: Option<Fix>) -> &mut Finding {
        self.fix = fix;
        self
    }

    /// Marks it as true only on a condition, which the message names.
    pub fn conditional(&mut self) -> &mut Finding {
        self.certainty = Certainty::Conditional;
        self
    }
}

/// Where a rule puts what it finds; it knows which rule is running.
#[derive(Debug)]
pub struct Findings {
    rule: RuleId,
    options: serde_yaml::Value,
    found: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(rule: RuleId, options: serde_yaml::Value) -> Findings {
        Findings { rule, options, found: Vec::new() }
    }

    /// The options that the rule runs with.
    pub fn options<T: Options>(&self) -> T {
        T::read(&self.options).expect("options of a face are read by a test, and those of settings before a run")
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.found
    }

    /// Reports an error at `span`.
    pub fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Finding {
        self.add(Severity::Error, span, message.into())
    }

    /// Reports a warning at `span`.
    pub fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Finding {
        self.add(Severity::Warning, span, message.into())
    }

    /// Reports advice at `span`.
    pub fn info(&mut self, span: Span, message: impl Into<String>) -> &mut Finding {
        self.add(Severity::Info, span, message.into())
    }

    /// Reports with a severity that the rule has worked out.
    pub fn add(&mut self, severity: Severity, span: Span, message: String) -> &mut Finding {
        // A message is one line in every format; names in it come from files of any content.
        let message = if message.contains(char::is_control) {
            message.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
        } else {
            message
        };
        self.found.push(Finding {
            rule: self.rule,
            severity,
            certainty: Certainty::Certain,
            message,
            help: None,
            span,
            related: Vec::new(),
            fix: None,
        });
        self.found.last_mut().expect("a finding was pushed in the line above")
    }
}
