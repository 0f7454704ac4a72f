//! The value of a rule's option, which the rule's own type judges.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_yaml::Value;

use super::error;
use crate::rules::RuleEntry;

/// One option of a rule. Its errors have the place of the value.
pub(super) struct OptionValue<'r> {
    pub(super) rule: &'r RuleEntry,
    pub(super) name: &'r str,
}

/// A value that holds no other: no option is deeper than a list of these, so that aliases cannot grow.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a word or a number")]
enum Scalar {
    Bool(bool),
    Whole(i64),
    Large(u64),
    Real(f64),
    Text(String),
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Value {
        match scalar {
            Scalar::Bool(value) => value.into(),
            Scalar::Whole(value) => value.into(),
            Scalar::Large(value) => value.into(),
            Scalar::Real(value) => value.into(),
            Scalar::Text(value) => value.into(),
        }
    }
}

impl<'de> DeserializeSeed<'de> for OptionValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl OptionValue<'_> {
    fn check<E: Error>(&self, value: Value) -> Result<Value, E> {
        match self.rule.check_option(self.name, &value) {
            Ok(()) => Ok(value),
            Err(error) => {
                // The path in the error is that of the one option, which the place says better.
                let text = error.to_string();
                let reason = text.strip_prefix(&format!("{}: ", self.name)).unwrap_or(&text);
                let kind = self.rule.face().options.get(self.name).map_or("", |option| option.kind.as_str());
                Err(error::said(format!("{} of {} is a {kind}{}", self.name, self.rule.name, error::unlike(reason))))
            }
        }
    }
}

impl<'de> Visitor<'de> for OptionValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.rule.face().options.get(self.name).map_or("a value", |option| option.kind.as_str());
        f.write_str(kind)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.check(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.check(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.check(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.check(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.check(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.check(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<Value, A::Error> {
        let values = Vec::<Scalar>::deserialize(SeqAccessDeserializer::new(values))?;
        self.check(Value::Sequence(values.into_iter().map(Value::from).collect()))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self))
    }
}
