//! Parts of a body with many members of which few mean anything here: what means something is read and checked, the rest is
//! kept and shown as it was sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Beside, Wrong};

/// A structure of the request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Body(BTreeMap<String, Value>);

/// A reader of a structure that says where in the request it is.
pub(crate) struct Reader<'a> {
    beside: &'a Beside,
    at: &'static str,
    body: Body,
}

impl Body {
    /// Reads this structure, which stands at `at`.
    pub(crate) fn read<'a>(self, beside: &'a Beside, at: &'static str) -> Reader<'a> {
        Reader {
            beside,
            at,
            body: self,
        }
    }
}

impl Reader<'_> {
    fn path(&self, name: &str) -> String {
        match self.at {
            "" => name.to_owned(),
            at => format!("{at}.{name}"),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.body.0.remove(name).filter(|value| !value.is_null())
    }

    /// Whether a member is there, and null.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.body.0.get(name).is_some_and(Value::is_null)
    }

    /// A member that is missing.
    pub(crate) fn missing(&self, name: &str) -> Wrong {
        self.beside.missing(&self.path(name))
    }

    /// A value that is not right.
    pub(crate) fn invalid(&self, name: &str, value: impl std::fmt::Display, why: &str) -> Wrong {
        self.beside.invalid(&self.path(name), value, why)
    }

    /// A text of at most so many characters.
    pub(crate) fn text(&mut self, name: &str, most: usize) -> Result<Option<String>, Wrong> {
        let text = match self.take(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => number.to_string(),
            Some(other) => return Err(self.invalid(name, other, "a text is right")),
        };
        let chars = text.chars().count();
        match chars <= most && !text.chars().any(char::is_control) {
            true => Ok(Some(text)),
            false => {
                let why = format!(
                    "it has {chars} characters; at most {most} that can be printed are right"
                );
                Err(self.invalid(name, text, &why))
            }
        }
    }

    /// A text that is there and not empty.
    pub(crate) fn needed(&mut self, name: &str, most: usize) -> Result<String, Wrong> {
        let text = self.text(name, most)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| self.missing(name))
    }

    /// One of a closed list of words.
    pub(crate) fn word(&mut self, name: &str, words: &[&str]) -> Result<Option<String>, Wrong> {
        match self.text(name, 255)? {
            Some(text) if words.contains(&text.as_str()) => Ok(Some(text)),
            Some(text) => {
                let why = format!("one of {} is right", words.join(", "));
                Err(self.invalid(name, text, &why))
            }
            None => Ok(None),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn whole(&mut self, name: &str, min: i64, max: i64) -> Result<Option<i64>, Wrong> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let number = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        match number {
            Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
            Some(_) | None => Err(self.invalid(name, value, &format!("{min} to {max} is right"))),
        }
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Wrong> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(other) => Err(self.invalid(name, other, "true or false is right")),
        }
    }

    /// Texts, at most so many.
    pub(crate) fn texts(&mut self, name: &str, most: usize) -> Result<Option<Vec<String>>, Wrong> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let texts = value.as_array().map(|items| {
            let text = |item: &Value| item.as_str().map(str::to_owned);
            items.iter().map(text).collect::<Option<Vec<String>>>()
        });
        match texts.flatten() {
            Some(texts) if texts.len() <= most => Ok(Some(texts)),
            Some(_) | None => {
                let why = format!("a list of at most {most} texts is right");
                Err(self.invalid(name, value, &why))
            }
        }
    }

    /// What of the rest has one of these names, as it was sent.
    pub(crate) fn kept(mut self, names: &[&str]) -> BTreeMap<String, Value> {
        self.body
            .0
            .retain(|name, value| names.contains(&name.as_str()) && !value.is_null());
        self.body.0
    }
}
