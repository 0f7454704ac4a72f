//! What the rows of the table of variables are written with.

use super::{Variable, VariableContext};
use crate::nginx::NginxVersion;

/// A module and its variables.
pub(super) struct Module {
    name: &'static str,
    context: VariableContext,
    package: Option<&'static str>,
    rows: &'static [Variable],
}

impl Module {
    /// The variables, each with what it shares with its module.
    pub(super) fn variables(&self) -> impl Iterator<Item = Variable> {
        self.rows.iter().map(|row| Variable { module: self.name, context: self.context, package: self.package, ..*row })
    }

    /// The package of a third-party module.
    pub(super) const fn package(self, package: &'static str) -> Module {
        Module { package: Some(package), ..self }
    }

    pub(super) const fn rows(self, rows: &'static [Variable]) -> Module {
        Module { rows, ..self }
    }
}

/// A module, or a file of nginx's source, that adds variables.
pub(super) const fn module(name: &'static str, context: VariableContext) -> Module {
    Module { name, context, package: None, rows: &[] }
}

/// A variable of the module around it.
pub(super) const fn v(name: &'static str) -> Variable {
    Variable {
        name,
        module: "",
        context: VariableContext::Http,
        package: None,
        prefix: false,
        settable: false,
        since: None,
        removed_after: None,
    }
}

impl Variable {
    pub(super) const fn prefix(self) -> Variable {
        Variable { prefix: true, ..self }
    }

    pub(super) const fn settable(self) -> Variable {
        Variable { settable: true, ..self }
    }

    pub(super) const fn since(self, major: u16, minor: u16, patch: u16) -> Variable {
        Variable { since: Some(NginxVersion::new(major, minor, patch)), ..self }
    }

    /// The last release that has the variable.
    pub(super) const fn last(self, major: u16, minor: u16, patch: u16) -> Variable {
        Variable { removed_after: Some(NginxVersion::new(major, minor, patch)), ..self }
    }
}
