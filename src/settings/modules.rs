//! `modules` and `extra-directives`: what the nginx of a site reads besides nginx's own directives.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Settings, error, scalar, yaml};
use crate::config::nearest;
use crate::config::{Dialect, OwnDirective};
use crate::nginx::directives::packages;
use crate::nginx::{Contexts, DirectiveName};

/// A third-party package that the tables know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package(pub String);

impl<'de> Deserialize<'de> for Package {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Package, D::Error> {
        scalar::text(deserializer, "the name of a package", |name| {
            let known = packages();
            if known.contains(&name) {
                return Ok(Package(name.to_owned()));
            }
            Err(match nearest(name, known.iter().copied()) {
                Some(meant) => format!("there is no package `{name}` of modules; did you mean `{meant}`?"),
                None => format!(
                    "there is no package `{name}` of modules, only {}; say its directives under extra-directives",
                    known.join(", ")
                ),
            })
        })
    }
}

/// Directives that no table knows, by name.
#[derive(Debug, Clone, Default)]
pub struct ExtraDirectives(pub Vec<(String, OwnDirective)>);

impl<'de> Deserialize<'de> for ExtraDirectives {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ExtraDirectives, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = ExtraDirectives;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_unit<E: Error>(self) -> Result<ExtraDirectives, E> {
                Ok(ExtraDirectives::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<ExtraDirectives, A::Error> {
                let mut all = Vec::new();
                yaml::each_entry_of(entries, &check_name, |name, entries| {
                    all.push((name.to_owned(), entries.next_value_seed(Extra(name))?));
                    Ok(())
                })?;
                Ok(ExtraDirectives(all))
            }
        }
        deserializer.deserialize_any(All)
    }
}

fn check_name(name: &str) -> Result<(), String> {
    // What ends a word to nginx, and what begins or ends a quoted one.
    match name.is_empty() || name.contains(|char: char| char.is_whitespace() || ";{}#\"'\\".contains(char)) {
        true => Err(format!("`{name}` is no name of a directive, which is one word")),
        false => Ok(()),
    }
}

/// What is said of the directive of this name.
struct Extra<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Extra<'_> {
    type Value = OwnDirective;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<OwnDirective, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Extra<'_> {
    type Value = OwnDirective;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of `contexts` and `block`")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<OwnDirective, A::Error> {
        let (mut contexts, mut is_block) = (None, false);
        yaml::each_entry(entries, &["contexts", "block"], |key, entries| {
            match key {
                "contexts" => contexts = Some(entries.next_value_seed(ContextList(self.0))?),
                _ => is_block = entries.next_value()?,
            }
            Ok(())
        })?;
        let contexts = contexts.ok_or_else(|| A::Error::missing_field("contexts"))?;
        Ok(OwnDirective { contexts, is_block })
    }
}

/// Where the directive of this name may stand.
struct ContextList<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for ContextList<'_> {
    type Value = Contexts;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Contexts, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ContextList<'_> {
    type Value = Contexts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of contexts, such as [http, server, location]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Contexts, A::Error> {
        let mut all = Contexts::EMPTY;
        while let Some(context) = names.next_element_seed(ContextName(self.0))? {
            all = all | context;
        }
        match all.is_empty() {
            true => Err(error::said("a directive that may stand nowhere: name its contexts")),
            false => Ok(all),
        }
    }
}

/// A context of the directive of this name.
struct ContextName<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for ContextName<'_> {
    type Value = Contexts;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Contexts, D::Error> {
        let directive = self.0;
        scalar::text(deserializer, "a context", |name| {
            let context = Contexts::named(name).ok_or_else(|| {
                let known: Vec<String> = Contexts::all().map(|context| context.to_string()).collect();
                match nearest(name, known.iter().map(String::as_str)) {
                    Some(meant) => format!("there is no context `{name}`; did you mean `{meant}`?"),
                    None => format!("there is no context `{name}`, only {}", known.join(", ")),
                }
            })?;
            // A module may bring a directive of a name that another package has, or that nginx has elsewhere; what is said
            // of nginx's own would be wrong here, and is known.
            let rows = DirectiveName::find(directive.as_bytes()).map(DirectiveName::rows).unwrap_or_default();
            match rows
                .iter()
                .any(|row| row.package.is_none() && (row.contexts.allows(context) || context == Contexts::ANY))
            {
                true => Err(format!("nginx itself has `{directive}` in {name}: there is nothing to say of it")),
                false => Ok(context),
            }
        })
    }
}

impl Settings {
    /// The directives of the nginx that is spoken of.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        let packages = self.modules.as_ref();
        let own = self.extra_directives.iter().flat_map(|extra| &extra.0);
        Dialect {
            packages: packages.map(|all| all.iter().map(|package| package.0.clone()).collect()),
            own: own.map(|(name, directive)| (name.clone(), *directive)).collect(),
        }
    }
}
