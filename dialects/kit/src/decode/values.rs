//! Parameters given as one value or as a list: old clients send `X`, `X.0` and `X.1` for the same thing.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

/// Values given as one (`X`) or as several (`X.1`, `X.2`, from any index on).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Many(pub Vec<String>);

/// One value, given as such or as the only one of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct One(pub String);

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or a list of values")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
        Ok(vec![text.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(all)
    }
}

impl<'de> Deserialize<'de> for Many {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values).map(Many)
    }
}

impl<'de> Deserialize<'de> for One {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut all = deserializer.deserialize_any(Values)?;
        match (all.pop(), all.is_empty()) {
            (Some(one), true) => Ok(One(one)),
            _ => Err(de::Error::custom("one value")),
        }
    }
}
