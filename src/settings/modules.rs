//! `modules` and `extra-directives`: what the nginx of a site reads besides nginx's own directives.

use std::fmt;

use serde::de::{DeserializeSeed, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Settings, scalar, yaml};
use crate::config::nearest;
use crate::config::{Dialect, OwnDirective};
use crate::nginx::Contexts;
use crate::nginx::directives::packages;

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
        let all: Option<Vec<(String, Extra)>> = yaml::unique_map(deserializer, |name| {
            // What ends a word to nginx, and what begins or ends a quoted one.
            match name.is_empty() || name.contains(|char: char| char.is_whitespace() || ";{}#\"'\\".contains(char)) {
                true => Err(format!("`{name}` is no name of a directive, which is one word")),
                false => Ok(()),
            }
        })?;
        Ok(ExtraDirectives(all.unwrap_or_default().into_iter().map(|(name, extra)| (name, extra.0)).collect()))
    }
}

struct Extra(OwnDirective);

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Extra, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Said {
            contexts: ContextList,
            #[serde(default)]
            block: bool,
        }
        let said = Said::deserialize(deserializer)?;
        Ok(Extra(OwnDirective { contexts: said.contexts.0, is_block: said.block }))
    }
}

struct ContextList(Contexts);

impl<'de> Deserialize<'de> for ContextList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ContextList, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = ContextList;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of contexts, such as [http, server, location]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<ContextList, A::Error> {
                let mut all = Contexts::EMPTY;
                while let Some(context) = names.next_element_seed(ContextName)? {
                    all = all | context;
                }
                match all.is_empty() {
                    true => Err(A::Error::invalid_length(0, &self)),
                    false => Ok(ContextList(all)),
                }
            }
        }
        deserializer.deserialize_seq(Names)
    }
}

struct ContextName;

impl<'de> DeserializeSeed<'de> for ContextName {
    type Value = Contexts;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Contexts, D::Error> {
        scalar::text(deserializer, "a context", |name| {
            Contexts::named(name).ok_or_else(|| {
                let known: Vec<String> = Contexts::all().map(|context| context.to_string()).collect();
                match nearest(name, known.iter().map(String::as_str)) {
                    Some(meant) => format!("there is no context `{name}`; did you mean `{meant}`?"),
                    None => format!("there is no context `{name}`, only {}", known.join(", ")),
                }
            })
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
