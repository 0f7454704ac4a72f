//! Where a value of a settings file stands, for what turns out to be wrong only when it is used.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{error, file};

/// One step from the top of the file down to a value.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// The value of a key.
    Key(&'a str),
    /// An item of a list, from 0.
    Item(usize),
}

/// The bytes of a value, or of the start of one that holds others. `None` where there is none.
pub(super) fn find_place(text: &str, steps: &[Step<'_>]) -> Option<Range<usize>> {
    // The parser says where it was when somebody was not content with a value: here, with the one that is looked for.
    let error = Probe(steps).deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    let place = error.location().filter(|_| error::is_own(&error))?;
    Some(file::token(text, file::offset(text, place.line(), place.column())))
}

/// Goes down the steps, and fails at the value behind the last.
struct Probe<'a>(&'a [Step<'a>]);

impl Probe<'_> {
    fn end<E: Error>(&self) -> Result<(), E> {
        if self.0.is_empty() { Err(error::said("here")) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.end()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.end()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.end()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.end()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.end()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.end()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.end()?;
        if let [Step::Item(number), rest @ ..] = self.0 {
            for _ in 0..*number {
                items.next_element::<IgnoredAny>()?;
            }
            items.next_element_seed(Probe(rest))?;
        }
        IgnoredAny.visit_seq(items).map(drop)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.end()?;
        while let Some(key) = entries.next_key_seed(Text)? {
            match self.0 {
                [Step::Key(wanted), rest @ ..] if key == *wanted => entries.next_value_seed(Probe(rest))?,
                _ => entries.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }
}

/// A key.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        String::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_however_they_are_written() {
        use Step::{Item, Key};
        let text = "roots: &a [x, \"b c\", é]\nroot: 'im'\nca:\n- one\n-  two\nsystem-roots: true\nrules:\n  {hsts: off, root: 5}\nselect: *a\n";
        let cases: &[(&[Step<'_>], Option<&str>)] = &[
            (&[Key("roots"), Item(1)], Some("\"b c\"")),
            (&[Key("roots"), Item(2)], Some("é")),
            (&[Key("root")], Some("'im'")),
            (&[Key("ca"), Item(1)], Some("two")),
            (&[Key("system-roots")], Some("true")),
            (&[Key("rules"), Key("root")], Some("5")),
            (&[Key("ca"), Item(2)], None),
            (&[Key("nothing")], None),
        ];
        for (steps, expected) in cases {
            assert_eq!(find_place(text, steps).and_then(|place| text.get(place)), *expected, "{steps:?}");
        }
    }
}
