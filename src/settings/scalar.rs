//! Values that are one word, each with an error of its own kind.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::error;
use crate::model::CertificateMode;

/// Gives the text of a scalar to `parse`. An error of it has the place of the scalar.
pub(super) fn text<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(Text { expected, parse, made: PhantomData })
}

/// The same for text that is not to be anything else: YAML takes `5`, `true` and nothing at all for other values, and
/// editors do, too.
pub(super) fn plain_text<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(Text { expected: "text", parse, made: PhantomData })
}

struct Text<F, T> {
    expected: &'static str,
    parse: F,
    made: PhantomData<T>,
}

impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Text<F, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<S: Error>(self, text: &str) -> Result<T, S> {
        (self.parse)(text).map_err(error::said)
    }
}

/// The same where nothing may be said.
fn optional_text<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, D::Error> {
    struct Perhaps<F, T> {
        expected: &'static str,
        parse: F,
        made: PhantomData<T>,
    }
    impl<'de, T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'de> for Perhaps<F, T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.expected)
        }

        fn visit_none<S: Error>(self) -> Result<Option<T>, S> {
            Ok(None)
        }

        fn visit_unit<S: Error>(self) -> Result<Option<T>, S> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
            text(deserializer, self.expected, self.parse).map(Some)
        }
    }
    deserializer.deserialize_option(Perhaps { expected, parse, made: PhantomData })
}

/// A path.
pub(super) struct PlainPath(pub(super) PathBuf);

impl<'de> Deserialize<'de> for PlainPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PlainPath, D::Error> {
        plain_text(deserializer, |path| Ok::<_, Infallible>(PlainPath(path.into())))
    }
}

/// A path, where one is said.
pub(super) fn optional_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    Ok(Option::<PlainPath>::deserialize(deserializer)?.map(|path| path.0))
}

/// A list of paths, where one is said.
pub(super) fn optional_paths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<PathBuf>>, D::Error> {
    let paths = Option::<Vec<PlainPath>>::deserialize(deserializer)?;
    Ok(paths.map(|paths| paths.into_iter().map(|path| path.0).collect()))
}

/// A value that is read from text.
pub(super) fn optional<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    optional_text(deserializer, "a word", T::from_str)
}

/// `auto`, `require`, `skip`.
pub(super) fn optional_certificates<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<CertificateMode>, D::Error> {
    optional_text(deserializer, "auto, require or skip", |word| match word {
        "auto" => Ok(CertificateMode::Auto),
        "require" => Ok(CertificateMode::Require),
        "skip" => Ok(CertificateMode::Skip),
        other => Err(format!("`{other}` is none of auto, require, skip")),
    })
}
