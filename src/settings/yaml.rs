//! Mappings whose keys are names: each may stand once, and they keep their order.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;

use rustc_hash::FxHashSet;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::scalar::PlainPath;
use crate::config::nearest;

/// Says what is wrong with a key.
type Check<'c> = &'c dyn Fn(&str) -> Result<(), String>;

/// A key that may stand once in its mapping.
struct Unique<'s> {
    seen: &'s FxHashSet<String>,
    check: Check<'s>,
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        super::scalar::text(deserializer, "a name", |key| match self.seen.contains(key) {
            true => Err(format!("`{key}` is said twice")),
            false => (self.check)(key).map(|()| key.to_owned()),
        })
    }
}

/// Gives each key of a mapping to `read`, which takes its value. Only `known` ones may be there.
pub(super) fn each_entry<'de, A: MapAccess<'de>>(
    entries: A,
    known: &[&str],
    read: impl FnMut(&str, &mut A) -> Result<(), A::Error>,
) -> Result<(), A::Error> {
    let check = |key: &str| match (known.contains(&key), nearest(key, known.iter().copied())) {
        (true, _) => Ok(()),
        (false, Some(meant)) => Err(format!("there is no setting `{key}` here; did you mean `{meant}`?")),
        (false, None) => Err(format!("there is no setting `{key}` here, only {}", known.join(", "))),
    };
    each_entry_of(entries, &check, read)
}

/// The same for keys that `check` knows.
pub(super) fn each_entry_of<'de, A: MapAccess<'de>>(
    mut entries: A,
    check: Check<'_>,
    mut read: impl FnMut(&str, &mut A) -> Result<(), A::Error>,
) -> Result<(), A::Error> {
    let mut seen: FxHashSet<String> = FxHashSet::default();
    while let Some(key) = entries.next_key_seed(Unique { seen: &seen, check })? {
        read(&key, &mut entries)?;
        seen.insert(key);
    }
    Ok(())
}

/// Paths that nginx knows, with others that stand for them.
pub(super) fn map_of_paths<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<(PathBuf, PathBuf)>>, D::Error> {
    let pairs: Option<Vec<(PathBuf, PlainPath)>> = unique_map(deserializer, |path| match path.starts_with('/') {
        true => Ok(()),
        false => Err(format!("`{path}` is no path of nginx: it begins with /")),
    })?;
    Ok(pairs.map(|pairs| pairs.into_iter().map(|(from, to)| (from, to.0)).collect()))
}

/// A mapping of text to something, in its order; `None` for nothing at all. What is wrong with a key has its place.
pub(super) fn unique_map<'de, D, K, V>(
    deserializer: D,
    check: fn(&str) -> Result<(), String>,
) -> Result<Option<Vec<(K, V)>>, D::Error>
where
    D: Deserializer<'de>,
    K: From<String>,
    V: Deserialize<'de>,
{
    struct Entries<K, V> {
        check: fn(&str) -> Result<(), String>,
        made: PhantomData<(K, V)>,
    }
    impl<'de, K: From<String>, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
        type Value = Option<Vec<(K, V)>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a mapping")
        }

        fn visit_unit<S: Error>(self) -> Result<Self::Value, S> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            each_entry_of(entries, &self.check, |key, entries| {
                all.push((K::from(key.to_owned()), entries.next_value()?));
                Ok(())
            })?;
            Ok(Some(all))
        }
    }
    deserializer.deserialize_any(Entries { check, made: PhantomData })
}
