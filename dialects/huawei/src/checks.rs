//! Checks of form and range that are this door's own.

use muster_kit::page::{Page, PageError, PageRules};

use crate::fault::Fault;
use crate::words::Word;

/// Codes of a name: not given, too long, of other characters.
pub(crate) struct NameCodes(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static str,
);

/// Characters in a name (L497).
const NAME_CHARS: usize = 64;

/// 1 to 64 Chinese or ASCII letters, digits, `_` and `-`.
pub(crate) fn name(parameter: &str, value: &str, codes: &NameCodes) -> Result<(), Fault> {
    if value.is_empty() {
        return Err(Fault::missing(codes.0, parameter));
    }
    let chars = value.chars().count();
    if chars > NAME_CHARS {
        let wanted = format!("it has {chars} characters, at most {NAME_CHARS} are allowed");
        return Err(Fault::value(codes.1, parameter, value, &wanted));
    }
    let good = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '_' | '-' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
    };
    match value.chars().all(good) {
        true => Ok(()),
        false => {
            let wanted = "Chinese characters, letters, digits, `_` and `-` only";
            Err(Fault::value(codes.2, parameter, value, wanted))
        }
    }
}

/// A name that has to be given.
pub(crate) fn given_name(
    parameter: &str,
    value: Option<String>,
    codes: &NameCodes,
) -> Result<String, Fault> {
    let value = value.unwrap_or_default();
    name(parameter, &value, codes)?;
    Ok(value)
}

/// A whole number in a range.
pub(crate) fn number(
    code: &'static str,
    parameter: &str,
    value: i64,
    min: i64,
    max: i64,
) -> Result<u32, Fault> {
    match u32::try_from(value) {
        Ok(number) if (min..=max).contains(&value) => Ok(number),
        Ok(_) | Err(_) => {
            let wanted = format!("{min} to {max} is right");
            Err(Fault::value(code, parameter, value, &wanted))
        }
    }
}

/// One of a closed list of words.
pub(crate) fn word<W: Word>(code: &'static str, parameter: &str, text: &str) -> Result<W, Fault> {
    W::read(text).ok_or_else(|| {
        let wanted = format!("one of {} is right", W::ALL.join(", "));
        Fault::value(code, parameter, text, &wanted)
    })
}

/// One of a closed list of words, if it is given.
pub(crate) fn word_if_given<W: Word>(
    code: &'static str,
    parameter: &str,
    text: Option<&String>,
) -> Result<Option<W>, Fault> {
    text.map(|text| word(code, parameter, text)).transpose()
}

/// `yes`, `no` or nothing, which is `no`.
pub(crate) fn yes(
    code: &'static str,
    parameter: &str,
    text: Option<&String>,
) -> Result<bool, Fault> {
    match text.map(String::as_str) {
        None | Some("no") => Ok(false),
        Some("yes") => Ok(true),
        Some(other) => Err(Fault::value(code, parameter, other, "yes or no is right")),
    }
}

/// At most so many.
pub(crate) fn count<T>(
    code: &'static str,
    parameter: &str,
    list: &[T],
    max: usize,
) -> Result<(), Fault> {
    match list.len() <= max {
        true => Ok(()),
        false => {
            let got = list.len();
            let detail = format!(
                "The parameter `{parameter}` has {got} entries; at most {max} are allowed."
            );
            Err(Fault::new(code, detail))
        }
    }
}

/// What is kept as text and only passed on: 1 to 64 characters without blanks.
pub(crate) fn text_id(code: &'static str, parameter: &str, value: &str) -> Result<(), Fault> {
    let good = |c: char| !c.is_whitespace() && !c.is_control();
    match (1..=64).contains(&value.len()) && value.chars().all(good) {
        true => Ok(()),
        false => Err(Fault::value(code, parameter, value, "an id is right")),
    }
}

/// The same, if it is given and not empty.
pub(crate) fn text_id_if_given(
    code: &'static str,
    parameter: &str,
    value: Option<&String>,
) -> Result<(), Fault> {
    let value = value.filter(|value| !value.is_empty());
    value.map_or(Ok(()), |value| text_id(code, parameter, value))
}

/// Something has the form of the ids of this API, if it is given.
pub(crate) fn uuid_if_given(
    code: &'static str,
    parameter: &str,
    value: Option<&String>,
) -> Result<(), Fault> {
    let Some(value) = value else {
        return Ok(());
    };
    let parts = value.split('-');
    let is_hex = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    match parts.clone().map(str::len).eq([8, 4, 4, 4, 12]) && parts.clone().all(is_hex) {
        true => Ok(()),
        false => Err(Fault::value(code, parameter, value, "an id is right")),
    }
}

/// Codes of `start_number` and `limit`.
pub(crate) type PageCodes = (&'static str, &'static str);
/// Those of most lists.
pub(crate) const PAGE: PageCodes = ("AS.1001", "AS.1002");
/// Those of instances.
pub(crate) const INSTANCES_PAGE: PageCodes = ("AS.4000", "AS.4001");
/// Those of activities.
pub(crate) const LOGS_PAGE: PageCodes = ("AS.9003", "AS.9004");

/// The part of a list that is asked for (rule A6).
pub(crate) fn page(
    codes: PageCodes,
    start: Option<&String>,
    limit: Option<&String>,
) -> Result<Page, Fault> {
    const RULES: PageRules = PageRules {
        default_limit: 20,
        min_limit: 0,
        max_limit: 100,
    };
    let number = |code, parameter: &str, text: Option<&String>| {
        let read = |text: &String| text.trim().parse::<i64>();
        let read = text.map(read).transpose();
        let bad = text.cloned().unwrap_or_default();
        read.map_err(|_| Fault::value(code, parameter, bad, "a whole number is right"))
    };
    let start = number(codes.0, "start_number", start)?;
    let limit = number(codes.1, "limit", limit)?;
    RULES.page(start, limit).map_err(|error| match error {
        PageError::Offset { got } => {
            Fault::value(codes.0, "start_number", got, "0 or more is right")
        }
        PageError::Limit { got, .. } => Fault::value(codes.1, "limit", got, "0 to 100 is right"),
    })
}

/// Text that is not there when it is empty.
pub(crate) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
