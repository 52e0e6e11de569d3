//! What may stand where in a request, as tables: texts, words, numbers, lists and structures, and how they are read.
//!
//! Read leniently, as elsewhere: numbers and booleans may be written as texts, a number may stand for a text, `null` is as
//! good as nothing. What is read comes out as it is documented. Members that no table names are left out.

use serde_json::{Map, Value};

use super::{Beside, Wrong};

/// What may stand somewhere.
#[derive(Debug)]
pub(crate) enum Form {
    /// A text of at most so many characters.
    Text(usize),
    /// A text of at most so many characters without `<` and `>`.
    Words(usize),
    /// A text of at most so many characters, in lines.
    Lines(usize),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Yes or no.
    Flag,
    /// A whole number within bounds.
    Whole(i64, i64),
    /// A list of at most so many.
    List(usize, &'static Form),
    /// Texts by names that are free.
    Texts {
        /// How many there may be.
        most: usize,
        /// Characters of a name at the most.
        name: usize,
        /// Characters of a text at the most.
        text: usize,
    },
    /// A structure.
    Of(&'static [Member]),
}

/// A member of a structure.
#[derive(Debug)]
pub(crate) struct Member {
    name: &'static str,
    form: Form,
    needed: bool,
}

impl Member {
    /// What it is called.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// What may stand there.
    pub(crate) fn form(&self) -> &Form {
        &self.form
    }
}

/// A member that may be there.
pub(crate) const fn may(name: &'static str, form: Form) -> Member {
    Member {
        name,
        form,
        needed: false,
    }
}

/// A member that has to be there.
pub(crate) const fn must(name: &'static str, form: Form) -> Member {
    Member {
        name,
        form,
        needed: true,
    }
}

/// The whole number that a value is, if it is one.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            // 5.0, as far as such numbers are exact.
            let float = number.as_f64()?;
            let exact = float.fract() == 0.0 && float.abs() < 9e15;
            exact.then(|| format!("{float:.0}").parse().ok())?
        }),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The answer that a value is, if it is one.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

fn text(
    beside: &Beside,
    at: &str,
    value: Value,
    most: usize,
    in_lines: bool,
) -> Result<String, Wrong> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        other => return Err(beside.invalid(at, other, "a text is right")),
    };
    let chars = text.chars().count();
    let strange = |c: char| c.is_control() && !(in_lines && matches!(c, '\n' | '\r' | '\t'));
    match chars <= most && !text.chars().any(strange) {
        true => Ok(text),
        false => {
            let why =
                format!("it has {chars} characters; at most {most} that can be printed are right");
            Err(beside.invalid(at, text, &why))
        }
    }
}

impl Form {
    /// What stands at a place, checked.
    pub(crate) fn read(&self, beside: &Beside, at: &str, value: Value) -> Result<Value, Wrong> {
        match self {
            Form::Text(most) => text(beside, at, value, *most, false).map(Value::String),
            Form::Lines(most) => text(beside, at, value, *most, true).map(Value::String),
            Form::Words(most) => {
                let text = text(beside, at, value, *most, false)?;
                match text.contains(['<', '>']) {
                    false => Ok(Value::String(text)),
                    true => Err(beside.invalid(at, text, "a text without `<` and `>` is right")),
                }
            }
            Form::OneOf(words) => match &value {
                Value::String(text) if words.contains(&text.as_str()) => Ok(value),
                Value::String(text) => {
                    let why = format!("one of {} is right", words.join(", "));
                    Err(beside.invalid(at, text, &why))
                }
                other => Err(beside.invalid(at, other, "a text is right")),
            },
            Form::Flag => match flag(&value) {
                Some(flag) => Ok(Value::Bool(flag)),
                None => Err(beside.invalid(at, value, "true or false is right")),
            },
            Form::Whole(min, max) => match whole(&value) {
                Some(number) if (*min..=*max).contains(&number) => Ok(Value::from(number)),
                Some(_) | None => {
                    Err(beside.invalid(at, value, &format!("{min} to {max} is right")))
                }
            },
            Form::List(most, form) => list(beside, at, value, *most, form),
            Form::Texts {
                most,
                name,
                text: length,
            } => texts(beside, at, value, (*most, *name, *length)),
            Form::Of(members) => match value {
                Value::Object(given) => structure(beside, at, given, members).map(Value::Object),
                other => Err(beside.invalid(at, other, "a structure is right")),
            },
        }
    }
}

fn list(beside: &Beside, at: &str, value: Value, most: usize, form: &Form) -> Result<Value, Wrong> {
    match value {
        Value::Array(items) if items.len() <= most => {
            let numbered = items.into_iter().enumerate();
            let read = numbered.map(|(n, item)| form.read(beside, &format!("{at}.{n}"), item));
            read.collect::<Result<Vec<Value>, Wrong>>()
                .map(Value::Array)
        }
        Value::Array(items) => {
            let why = format!("a list of at most {most} is right");
            Err(beside.invalid(at, format!("{} entries", items.len()), &why))
        }
        other => {
            let why = format!("a list of at most {most} is right");
            Err(beside.invalid(at, other, &why))
        }
    }
}

fn texts(
    beside: &Beside,
    at: &str,
    value: Value,
    (most, name_chars, text_chars): (usize, usize, usize),
) -> Result<Value, Wrong> {
    let Value::Object(members) = value else {
        return Err(beside.invalid(at, value, "a structure of texts is right"));
    };
    if members.len() > most {
        let why = format!("at most {most} are right");
        return Err(beside.invalid(at, format!("{} entries", members.len()), &why));
    }
    let mut read = Map::new();
    for (name, value) in members {
        if name.is_empty() || name.chars().count() > name_chars {
            let why = format!("names of 1 to {name_chars} characters are right");
            return Err(beside.invalid(at, name, &why));
        }
        if value.is_null() {
            continue;
        }
        let text = text(beside, &format!("{at}.{name}"), value, text_chars, false)?;
        read.insert(name, Value::String(text));
    }
    Ok(Value::Object(read))
}

/// The members of a structure that a table names. What is there is looked at before what is not.
pub(super) fn structure(
    beside: &Beside,
    at: &str,
    mut given: Map<String, Value>,
    members: &[Member],
) -> Result<Map<String, Value>, Wrong> {
    let path = |member: &Member| match at {
        "" => member.name.to_owned(),
        at => format!("{at}.{}", member.name),
    };
    let mut read = Map::new();
    for member in members {
        let value = given.remove(member.name);
        if let Some(value) = value.filter(|value| !value.is_null()) {
            let value = member.form.read(beside, &path(member), value)?;
            read.insert(member.name.to_owned(), value);
        }
    }
    let mut needed = members.iter().filter(|member| member.needed);
    match needed.find(|member| !read.contains_key(member.name)) {
        Some(member) => Err(beside.missing(&path(member))),
        None => Ok(read),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_answers_are_taken_leniently() {
        for (value, wanted) in [
            (json!(5), Some(5)),
            (json!("5"), Some(5)),
            (json!(5.0), Some(5)),
            (json!(-1), Some(-1)),
            (json!(5.5), None),
            (json!(1e30), None),
            (json!("x"), None),
            (json!(true), None),
            (json!([5]), None),
        ] {
            assert_eq!(whole(&value), wanted, "{value}");
        }
        for (value, wanted) in [
            (json!(true), Some(true)),
            (json!("FALSE"), Some(false)),
            (json!("no"), None),
            (json!(1), None),
        ] {
            assert_eq!(flag(&value), wanted, "{value}");
        }
    }
}
