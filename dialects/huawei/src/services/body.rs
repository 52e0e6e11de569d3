//! Parts of a body with many members of which few mean anything here: what means something is read and checked, the rest is
//! checked by a table, kept, and shown again.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::form::{self, Form, Member};
use super::{Beside, Wrong};

/// A structure of the request. Its members that are null are told from those that are not there
/// ([`muster_kit::decode::WITH_NULLS`]); most take both for the same.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename = "muster::WithNulls")]
pub(crate) struct Body(BTreeMap<String, Value>);

/// A reader of a structure that says where in the request it is.
pub(crate) struct Reader<'a> {
    beside: &'a Beside,
    at: String,
    body: Body,
}

impl Body {
    /// Reads this structure, which stands at `at`.
    pub(crate) fn read<'a>(self, beside: &'a Beside, at: &str) -> Reader<'a> {
        Reader {
            beside,
            at: at.to_owned(),
            body: self,
        }
    }
}

impl<'a> Reader<'a> {
    fn path(&self, name: &str) -> String {
        match self.at.as_str() {
            "" => name.to_owned(),
            at => format!("{at}.{name}"),
        }
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

    /// A member, as its form has it; `null` is as good as nothing.
    pub(crate) fn member(&mut self, name: &str, form: &Form) -> Result<Option<Value>, Wrong> {
        let value = self.body.0.remove(name).filter(|value| !value.is_null());
        let path = self.path(name);
        value
            .map(|value| form.read(self.beside, &path, value))
            .transpose()
    }

    /// A text of at most so many characters.
    pub(crate) fn text(&mut self, name: &str, most: usize) -> Result<Option<String>, Wrong> {
        let value = self.member(name, &Form::Text(most))?;
        Ok(value.and_then(|value| value.as_str().map(str::to_owned)))
    }

    /// A text of at most so many characters without `<` and `>`.
    pub(crate) fn words(&mut self, name: &str, most: usize) -> Result<Option<String>, Wrong> {
        let value = self.member(name, &Form::Words(most))?;
        Ok(value.and_then(|value| value.as_str().map(str::to_owned)))
    }

    /// A text of at most so many characters, in lines.
    pub(crate) fn lines(&mut self, name: &str, most: usize) -> Result<Option<String>, Wrong> {
        let value = self.member(name, &Form::Lines(most))?;
        Ok(value.and_then(|value| value.as_str().map(str::to_owned)))
    }

    /// A text that is there and not empty.
    pub(crate) fn needed(&mut self, name: &str, most: usize) -> Result<String, Wrong> {
        let text = self.text(name, most)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| self.missing(name))
    }

    /// One of a closed list of words.
    pub(crate) fn word(
        &mut self,
        name: &str,
        words: &'static [&'static str],
    ) -> Result<Option<String>, Wrong> {
        let value = self.member(name, &Form::OneOf(words))?;
        Ok(value.and_then(|value| value.as_str().map(str::to_owned)))
    }

    /// A whole number within bounds.
    pub(crate) fn whole(&mut self, name: &str, min: i64, max: i64) -> Result<Option<i64>, Wrong> {
        let value = self.member(name, &Form::Whole(min, max))?;
        Ok(value.and_then(|value| value.as_i64()))
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Wrong> {
        let value = self.member(name, &Form::Flag)?;
        Ok(value.and_then(|value| value.as_bool()))
    }

    /// Texts, at most so many.
    pub(crate) fn texts(&mut self, name: &str, most: usize) -> Result<Option<Vec<String>>, Wrong> {
        const TEXT: Form = Form::Text(4096);
        let value = self.member(name, &Form::List(most, &TEXT))?;
        let text = |item: &Value| item.as_str().map(str::to_owned);
        Ok(value.and_then(|value| value.as_array()?.iter().map(text).collect()))
    }

    /// A structure, to be read in its turn.
    pub(crate) fn structure(&mut self, name: &str) -> Result<Option<Reader<'a>>, Wrong> {
        let value = self.body.0.remove(name).filter(|value| !value.is_null());
        let (path, beside) = (self.path(name), self.beside);
        value.map(|value| inner(beside, path, value)).transpose()
    }

    /// Structures, at most so many, each to be read in its turn.
    pub(crate) fn structures(
        &mut self,
        name: &str,
        most: usize,
    ) -> Result<Option<Vec<Reader<'a>>>, Wrong> {
        let (path, beside) = (self.path(name), self.beside);
        let right = format!("a list of at most {most} is right");
        match self.body.0.remove(name).filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(Value::Array(items)) if items.len() <= most => {
                let numbered = items.into_iter().enumerate();
                let read = numbered.map(|(n, item)| inner(beside, format!("{path}.{n}"), item));
                read.collect::<Result<_, _>>().map(Some)
            }
            Some(Value::Array(items)) => {
                let got = format!("{} entries", items.len());
                Err(beside.invalid(&path, got, &right))
            }
            Some(other) => Err(beside.invalid(&path, other, &right)),
        }
    }

    /// A member that is only checked.
    pub(crate) fn check(&mut self, member: &Member) -> Result<(), Wrong> {
        let name = member.name();
        self.member(name, member.form()).map(|_| ())
    }

    /// What a table names of the rest, checked.
    pub(crate) fn kept(&mut self, members: &[Member]) -> Result<BTreeMap<String, Value>, Wrong> {
        let rest = std::mem::take(&mut self.body.0).into_iter().collect();
        let kept = form::structure(self.beside, &self.at, rest, members)?;
        Ok(kept.into_iter().collect())
    }
}

fn inner(beside: &Beside, at: String, value: Value) -> Result<Reader<'_>, Wrong> {
    match value {
        Value::Object(members) => Ok(Reader {
            beside,
            at,
            body: Body(members.into_iter().collect()),
        }),
        other => Err(beside.invalid(&at, other, "a structure is right")),
    }
}
