//! `websocket`: the words by which locations and upstreams say what they are for.

use serde::{Deserialize, Deserializer};

use super::scalar;
use crate::config::nearest;
use crate::model::websocket::Patterns;

/// The words by which locations and upstreams say that they are for WebSocket.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WebsocketSetting {
    /// Words of a location's path or of an upstream's name that mean WebSocket, besides those that ngxlint knows;
    /// `/word` is a whole segment of a path.
    #[serde(deserialize_with = "patterns")]
    #[cfg_attr(test, schemars(schema_with = "super::schema::words"))]
    pub patterns: Vec<String>,
    /// Words that ngxlint knows and that do not mean WebSocket here, with or without a slash in front.
    #[serde(deserialize_with = "known")]
    pub without: Vec<String>,
}

/// A word of a path, or of a name.
#[derive(Deserialize)]
struct Pattern(#[serde(deserialize_with = "pattern")] String);

fn patterns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Vec::<Pattern>::deserialize(deserializer)?.into_iter().map(|word| word.0).collect())
}

/// One without letters would be in every path.
fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    scalar::plain_text(deserializer, |word| match word.trim_matches('/').trim().is_empty() {
        true => Err(format!("`{word}` is no word: it would be in every path")),
        false => Ok(word.to_owned()),
    })
}

/// A word of the table.
#[derive(Deserialize)]
struct Known(#[serde(deserialize_with = "known_word")] String);

fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Vec::<Known>::deserialize(deserializer)?.into_iter().map(|word| word.0).collect())
}

fn known_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    scalar::text(deserializer, "a word", |word| {
        if Patterns::knows(word) {
            return Ok(word.to_owned());
        }
        Err(match nearest(word.trim_start_matches('/'), Patterns::known_words()) {
            Some(meant) => format!("ngxlint knows no word `{word}` of WebSocket; did you mean `{meant}`?"),
            None => format!("ngxlint knows no word `{word}` of WebSocket, so there is nothing to leave out"),
        })
    })
}
