//! What the rows of the tables are written with.

use super::{Contexts, Directive, Duplicate, ValueKind};
use crate::nginx::{Arguments, NginxVersion};

/// A module and its directives.
pub(super) struct Module {
    name: &'static str,
    package: Option<&'static str>,
    page: Option<&'static str>,
    rows: &'static [Directive],
}

impl Module {
    /// The directives, each with what it shares with its module.
    pub(super) fn directives(&self) -> impl Iterator<Item = Directive> {
        self.rows.iter().map(|row| Directive {
            module: self.name,
            package: self.package,
            page: if row.undocumented { None } else { row.page.or(self.page) },
            ..*row
        })
    }

    /// The page that documents the module: below nginx's own documentation, or a whole URL.
    pub(super) const fn page(self, page: &'static str) -> Module {
        Module { page: Some(page), ..self }
    }

    /// The package of a third-party module.
    pub(super) const fn package(self, package: &'static str) -> Module {
        Module { package: Some(package), ..self }
    }

    pub(super) const fn rows(self, rows: &'static [Directive]) -> Module {
        Module { rows, ..self }
    }
}

/// A module named as in nginx's source.
pub(super) const fn module(name: &'static str) -> Module {
    Module { name, package: None, page: None, rows: &[] }
}

/// A directive of the module around it.
pub(super) const fn d(name: &'static str, contexts: Contexts, arguments: Arguments) -> Directive {
    Directive {
        name,
        module: "",
        package: None,
        contexts,
        block: false,
        arguments,
        value: None,
        values: &[],
        latest_value: None,
        duplicate: Duplicate::Unknown,
        since: None,
        removed_after: None,
        deprecated: None,
        changed: None,
        default: None,
        page: None,
        undocumented: false,
    }
}

pub(super) const fn exactly(count: u8) -> Arguments {
    Arguments::exactly(count)
}

pub(super) const fn between(least: u8, most: u8) -> Arguments {
    Arguments::between(least, most)
}

pub(super) const fn at_least(least: u8) -> Arguments {
    Arguments::at_least(least)
}

pub(super) const fn one_or_three() -> Arguments {
    Arguments::one_or_three()
}

impl Directive {
    pub(super) const fn block(self) -> Directive {
        Directive { block: true, ..self }
    }

    pub(super) const fn flag(self) -> Directive {
        Directive { value: Some(ValueKind::Flag), ..self }
    }

    pub(super) const fn text(self) -> Directive {
        Directive { value: Some(ValueKind::Text), ..self }
    }

    pub(super) const fn number(self) -> Directive {
        Directive { value: Some(ValueKind::Number), ..self }
    }

    pub(super) const fn size(self) -> Directive {
        Directive { value: Some(ValueKind::Size), ..self }
    }

    pub(super) const fn offset(self) -> Directive {
        Directive { value: Some(ValueKind::Offset), ..self }
    }

    pub(super) const fn time(self) -> Directive {
        Directive { value: Some(ValueKind::Time), ..self }
    }

    pub(super) const fn seconds(self) -> Directive {
        Directive { value: Some(ValueKind::Seconds), ..self }
    }

    pub(super) const fn buffers(self) -> Directive {
        Directive { value: Some(ValueKind::Buffers), ..self }
    }

    pub(super) const fn key_value(self) -> Directive {
        Directive { value: Some(ValueKind::KeyValue), ..self }
    }

    pub(super) const fn path(self) -> Directive {
        Directive { value: Some(ValueKind::Path), ..self }
    }

    pub(super) const fn access(self) -> Directive {
        Directive { value: Some(ValueKind::Access), ..self }
    }

    pub(super) const fn one_of(self, values: &'static [&'static str]) -> Directive {
        Directive { value: Some(ValueKind::OneOf), values, ..self }
    }

    pub(super) const fn set_of(self, values: &'static [&'static str]) -> Directive {
        Directive { value: Some(ValueKind::SetOf), values, ..self }
    }

    /// `value` is the one word of `values` that came later than the directive.
    pub(super) const fn value_since(self, value: &'static str, major: u16, minor: u16, patch: u16) -> Directive {
        Directive { latest_value: Some((value, NginxVersion::new(major, minor, patch))), ..self }
    }

    pub(super) const fn once(self) -> Directive {
        Directive { duplicate: Duplicate::Rejected, ..self }
    }

    pub(super) const fn repeats(self) -> Directive {
        Directive { duplicate: Duplicate::Allowed, ..self }
    }

    pub(super) const fn default(self, value: &'static str) -> Directive {
        Directive { default: Some(value), ..self }
    }

    pub(super) const fn since(self, major: u16, minor: u16, patch: u16) -> Directive {
        Directive { since: Some(NginxVersion::new(major, minor, patch)), ..self }
    }

    /// The last release that has the directive.
    pub(super) const fn last(self, major: u16, minor: u16, patch: u16) -> Directive {
        Directive { removed_after: Some(NginxVersion::new(major, minor, patch)), ..self }
    }

    /// The release that began to warn of the directive, and what it recommends instead.
    pub(super) const fn deprecated(
        self,
        major: u16,
        minor: u16,
        patch: u16,
        instead: Option<&'static str>,
    ) -> Directive {
        Directive {
            deprecated: Some(super::Deprecated { since: NginxVersion::new(major, minor, patch), instead }),
            ..self
        }
    }

    /// What the directive was in the releases before this one.
    pub(super) const fn before(self, release: (u16, u16, u16), contexts: Contexts, arguments: Arguments) -> Directive {
        let before = NginxVersion::new(release.0, release.1, release.2);
        Directive { changed: Some(super::Earlier { before, contexts, arguments }), ..self }
    }

    /// The page that documents the directive where it is not its module's.
    pub(super) const fn page(self, page: &'static str) -> Directive {
        Directive { page: Some(page), ..self }
    }

    pub(super) const fn undocumented(self) -> Directive {
        Directive { undocumented: true, ..self }
    }
}
