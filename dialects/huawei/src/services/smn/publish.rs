//! Publishing to a topic.

use std::collections::BTreeMap;

use muster_kit::action::Action;
use muster_model::{Command, Created, Error, Publication};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::endpoints::check_protocol;
use super::{
    Beside, MESSAGE, NO_TEMPLATE, NO_TOPIC, STRUCTURE, SUBJECT, TTL, Wrong, absent, bad, topic,
    wrong,
};
use crate::checks::filled;

/// Bytes of a subject at the most.
const SUBJECT_BYTES: usize = 512;
/// Bytes of a message at the most.
const MESSAGE_BYTES: usize = 256 * 1024;
/// Seconds that a message may be kept at the most.
const TTL_SECS: u32 = 86_400;
/// The message of a structure for those protocols that it does not name.
const DEFAULT: &str = "default";

/// PublishMessage: a structure counts more than a template, and that more than a message.
#[derive(Deserialize)]
pub(crate) struct PublishMessage {
    topic_urn: String,
    subject: Option<String>,
    message: Option<String>,
    message_structure: Option<String>,
    message_template_name: Option<String>,
    time_to_live: Option<Value>,
    /// What a template's tags are replaced by.
    tags: Option<BTreeMap<String, String>>,
    message_attributes: Option<Vec<Attribute>>,
    locale: Option<String>,
}

/// What filters of subscriptions look at. There are none here, so it is only checked.
#[derive(Deserialize)]
struct Attribute {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    value: Option<Value>,
}

/// Bytes of a language.
const LOCALE_BYTES: usize = 35;
/// Characters of a tag's name, and bytes of what it is replaced by.
const TAG: (usize, usize) = (21, 1024);
/// Characters of an attribute.
const ATTRIBUTE_CHARS: usize = 32;
/// Texts of an attribute that is a list.
const ATTRIBUTE_TEXTS: usize = 10;

fn is_attribute_name(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=ATTRIBUTE_CHARS).contains(&name.len())
        && name.bytes().all(good)
        && !name.starts_with('_')
        && !name.ends_with('_')
        && !name.contains("__")
}

fn is_attribute_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        let good = |c: char| c.is_alphanumeric() || c == '_';
        (1..=ATTRIBUTE_CHARS).contains(&text.chars().count()) && text.chars().all(good)
    })
}

/// Some of a list, each once.
fn are_texts(value: &Value, is_right: impl Fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|all| {
        let twice = |at: usize| all[at + 1..].contains(&all[at]);
        (1..=ATTRIBUTE_TEXTS).contains(&all.len())
            && all.iter().all(is_right)
            && !(0..all.len()).any(twice)
    })
}

impl Attribute {
    fn check(&self, beside: &Beside, n: usize) -> Result<(), Wrong> {
        let at = |name: &str| format!("message_attributes.{n}.{name}");
        let given = |text: &Option<String>, name: &str| {
            let text = text.clone().filter(|text| !text.is_empty());
            text.ok_or_else(|| beside.missing(&at(name)))
        };
        let name = given(&self.name, "name")?;
        if !is_attribute_name(&name) {
            let wanted = "1 to 32 small letters, digits and single `_` between them are right";
            return Err(beside.invalid(&at("name"), name, wanted));
        }
        let kind = given(&self.kind, "type")?;
        let value = self.value.as_ref().filter(|value| !value.is_null());
        let value = value.ok_or_else(|| beside.missing(&at("value")))?;
        let is_protocol = |value: &Value| {
            value
                .as_str()
                .is_some_and(|text| check_protocol(text).is_ok())
        };
        let (good, wanted) = match kind.as_str() {
            "STRING" => (
                is_attribute_text(value),
                "1 to 32 letters, digits and `_` are right",
            ),
            "STRING_ARRAY" => (
                are_texts(value, is_attribute_text),
                "1 to 10 texts of 1 to 32 letters, digits and `_`, each once, are right",
            ),
            "PROTOCOL" => (
                are_texts(value, is_protocol),
                "a list of protocols, each once, is right",
            ),
            _ => {
                let wanted = "one of STRING, STRING_ARRAY, PROTOCOL is right";
                return Err(beside.invalid(&at("type"), kind, wanted));
            }
        };
        match good {
            true => Ok(()),
            false => Err(beside.invalid(&at("value"), value, wanted)),
        }
    }
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Published {
    request_id: String,
    message_id: String,
}

fn check_subject(subject: &str) -> Result<(), Wrong> {
    match subject.len() <= SUBJECT_BYTES && !subject.chars().any(char::is_control) {
        true => Ok(()),
        false => {
            let wanted = "at most 512 bytes that can be printed are right";
            Err(bad(SUBJECT, "subject", subject, wanted))
        }
    }
}

fn check_message(message: &str) -> Result<(), Wrong> {
    match message.len() <= MESSAGE_BYTES {
        true => Ok(()),
        false => {
            let detail = format!("The message has {} bytes; 256 KB are right.", message.len());
            Err(wrong(MESSAGE, detail))
        }
    }
}

/// The messages of a structure: JSON text of an object, by protocol.
fn structure(text: &str) -> Result<BTreeMap<String, String>, Wrong> {
    let read = serde_json::from_str::<BTreeMap<String, String>>(text);
    let read = read.map_err(|error| {
        let detail = format!("`message_structure` is not a JSON object of texts: {error}.");
        wrong(STRUCTURE, detail)
    })?;
    match read.contains_key(DEFAULT) {
        true => Ok(read),
        false => Err(wrong(STRUCTURE, "`message_structure` has no `default`.")),
    }
}

/// Seconds, as a text or a number.
fn ttl(value: &Value) -> Result<u32, Wrong> {
    let read = match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number
            .as_u64()
            .and_then(|number| u32::try_from(number).ok()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let read = read.filter(|secs| (1..=TTL_SECS).contains(secs));
    read.ok_or_else(|| {
        let wanted = "a whole number of seconds from 1 to 86400 is right";
        bad(TTL, "time_to_live", value, wanted)
    })
}

impl PublishMessage {
    /// Checks what nothing here acts on.
    fn check(&self, beside: &Beside) -> Result<(), Wrong> {
        if let Some(locale) = &self.locale
            && locale.len() > LOCALE_BYTES
        {
            let wanted = "a language, as zh-cn, is right";
            return Err(beside.invalid("locale", locale, wanted));
        }
        let (chars, bytes) = TAG;
        for (name, value) in self.tags.iter().flatten() {
            if name.chars().count() > chars || value.len() > bytes {
                let wanted = "names of at most 21 characters and values of at most 1 KB are right";
                return Err(beside.invalid("tags", name, wanted));
            }
        }
        let attributes = self.message_attributes.iter().flatten().enumerate();
        for (n, attribute) in attributes {
            attribute.check(beside, n)?;
        }
        Ok(())
    }

    fn publication(self) -> Result<Publication, Wrong> {
        let subject = self.subject.unwrap_or_default();
        check_subject(&subject)?;
        let ttl_secs = self.time_to_live.filter(|value| !value.is_null());
        let ttl_secs = ttl_secs.as_ref().map(ttl).transpose()?;
        let by_protocol = filled(self.message_structure).map(|text| structure(&text));
        let (message, by_protocol) = match (by_protocol, filled(self.message_template_name)) {
            (Some(read), _) => {
                let mut read = read?;
                (read.remove(DEFAULT).unwrap_or_default(), read)
            }
            (None, Some(template)) => {
                let detail = format!("`message_template_name` is `{template}`.");
                return Err(wrong(NO_TEMPLATE, detail));
            }
            (None, None) => {
                let message = filled(self.message);
                let message = message.ok_or_else(|| absent(MESSAGE, "message"))?;
                (message, BTreeMap::new())
            }
        };
        check_message(&message)?;
        by_protocol
            .values()
            .try_for_each(|text| check_message(text))?;
        Ok(Publication {
            subject,
            message,
            by_protocol,
            ttl_secs,
        })
    }
}

impl Action<Beside> for PublishMessage {
    const NAME: &'static str = "PublishMessage";
    type Response = Published;

    async fn run(self, beside: &Beside) -> Result<Published, Wrong> {
        let urn = self.topic_urn.clone();
        self.check(beside)?;
        let publication = Box::new(self.publication()?);
        let records = beside.records().await?;
        let topic = topic(&records, &urn)?.id;
        let command = Command::Publish { topic, publication };
        let done = beside.ctx.api.execute(beside.caller(), command).await;
        let done = done.map_err(|error| match error {
            Error::NotFound { .. } => wrong(NO_TOPIC, format!("`topic_urn` is `{urn}`.")),
            other => beside.refused(&other),
        })?;
        match done {
            Created::Message(number) => Ok(Published {
                request_id: beside.request_id.clone(),
                message_id: format!("{number:032x}"),
            }),
            _ => Err(beside.broken("The message has no number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value) -> Result<Publication, (u16, String)> {
        let mut body = body;
        body["topic_urn"] = "urn:smn:a:b:c".into();
        let request: PublishMessage = serde_json::from_value(body).unwrap();
        let wrong = |wrong: Wrong| (wrong.status.as_u16(), wrong.code);
        request.publication().map_err(wrong)
    }

    #[test]
    fn a_structure_counts_more_than_a_template_and_that_more_than_a_message() {
        let text = r#"{"default":"all","email":"mail"}"#;
        let all = json!({
            "message": "m", "message_template_name": "t", "message_structure": text,
            "subject": "s", "time_to_live": "60",
        });
        let read_all = read(all).unwrap();
        assert_eq!(read_all.for_protocol("http"), "all");
        assert_eq!(read_all.for_protocol("email"), "mail");
        assert_eq!(
            (read_all.subject.as_str(), read_all.ttl_secs),
            ("s", Some(60))
        );
        let template = json!({ "message": "m", "message_template_name": "t" });
        assert_eq!(read(template), Err((404, "SMN.0027".to_owned())));
        assert_eq!(read(json!({ "message": "m" })).unwrap().message, "m");
    }

    #[test]
    fn what_is_wrong_has_its_code() {
        let long = "a".repeat(256 * 1024 + 1);
        for (body, status, code) in [
            (json!({}), 403, "SMN.0009"),
            (json!({ "message": "" }), 403, "SMN.0009"),
            (json!({ "message": long }), 403, "SMN.0009"),
            (
                json!({ "message": "m", "subject": "a".repeat(513) }),
                403,
                "SMN.0008",
            ),
            (
                json!({ "message": "m", "subject": "a\nb" }),
                403,
                "SMN.0008",
            ),
            (json!({ "message_structure": "{" }), 400, "SMN.0021"),
            (
                json!({ "message_structure": "{\"email\":\"x\"}" }),
                400,
                "SMN.0021",
            ),
            (
                json!({ "message_structure": "{\"default\":1}" }),
                400,
                "SMN.0021",
            ),
            (
                json!({ "message": "m", "time_to_live": "0" }),
                400,
                "SMN.0010",
            ),
            (
                json!({ "message": "m", "time_to_live": "86401" }),
                400,
                "SMN.0010",
            ),
            (
                json!({ "message": "m", "time_to_live": "1h" }),
                400,
                "SMN.0010",
            ),
        ] {
            let shown = body.to_string();
            let shown = shown.get(..80).unwrap_or(&shown).to_owned();
            assert_eq!(read(body), Err((status, code.to_owned())), "{shown}");
        }
    }
}
