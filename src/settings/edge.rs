//! `edge`: what stands before nginx, for all hosts or host by host.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{error, scalar, yaml};
use crate::model::{Edge, Edges};

/// What stands before nginx.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EdgeSetting {
    /// For hosts of which nothing else is said.
    pub default: Option<Edge>,
    /// By names and wildcards as in `server_name`.
    pub servers: Vec<(String, Edge)>,
}

impl EdgeSetting {
    /// The same as the model asks it.
    #[must_use]
    pub fn edges(&self) -> Edges {
        Edges::new(self.default, self.servers.iter().map(|(name, edge)| (name.as_str(), *edge)))
    }
}

/// `tls` or `none`.
struct Word(Edge);

impl Word {
    fn parse(word: &str) -> Result<Word, String> {
        match word {
            "tls" => Ok(Word(Edge::Tls)),
            "none" => Ok(Word(Edge::None)),
            other => Err(format!("`{other}` is neither tls nor none")),
        }
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
        scalar::text(deserializer, "tls or none", Word::parse)
    }
}

impl<'de> Deserialize<'de> for EdgeSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EdgeSetting, D::Error> {
        struct Said;
        impl<'de> Visitor<'de> for Said {
            type Value = EdgeSetting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tls, none, or a mapping of `default` and `servers`")
            }

            fn visit_str<S: Error>(self, word: &str) -> Result<EdgeSetting, S> {
                let Word(default) = Word::parse(word).map_err(error::said)?;
                Ok(EdgeSetting { default: Some(default), servers: Vec::new() })
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<EdgeSetting, A::Error> {
                let mut setting = EdgeSetting::default();
                yaml::each_entry(entries, &["default", "servers"], |key, entries| {
                    match key {
                        "default" => setting.default = Some(entries.next_value::<Word>()?.0),
                        _ => setting.servers = entries.next_value::<Servers>()?.0,
                    }
                    Ok(())
                })?;
                Ok(setting)
            }
        }
        deserializer.deserialize_any(Said)
    }
}

struct Servers(Vec<(String, Edge)>);

impl<'de> Deserialize<'de> for Servers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Servers, D::Error> {
        let all: Option<Vec<(String, Word)>> = yaml::unique_map(deserializer, |name| match Edges::can_name(name) {
            true => Ok(()),
            false => Err(format!(
                "`{name}` is no name as in server_name: shop.example, *.shop.example, .shop.example or shop.*"
            )),
        })?;
        Ok(Servers(all.unwrap_or_default().into_iter().map(|(name, word)| (name, word.0)).collect()))
    }
}
