//! What rules say of who is told and when, and of what they belong to.

use muster_model::AlarmAction;
use serde::Deserialize;

use super::super::{Beside, Wrong};
use super::rule::word;

/// Kinds of actions.
const ACTIONS: [&str; 7] = [
    "notification",
    "contact",
    "contactGroup",
    "autoscaling",
    "groupwatch",
    "ecsRecovery",
    "iecAction",
];

/// An action as it is sent, by either generation's word for its list.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Action {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "notificationList")]
    camel: Option<Vec<String>>,
    notification_list: Option<Vec<String>>,
}

/// Characters of who is told.
const TARGET_CHARS: usize = 512;
/// Actions, checked.
pub(super) fn actions(
    beside: &Beside,
    at: &str,
    actions: Option<Vec<Action>>,
    most: usize,
) -> Result<Vec<AlarmAction>, Wrong> {
    let actions = actions.unwrap_or_default();
    if actions.len() > most {
        let wanted = format!("at most {most} are right");
        return Err(beside.invalid(at, actions.len(), &wanted));
    }
    let mut read = Vec::new();
    for (n, action) in actions.into_iter().enumerate() {
        let path = format!("{at}.{n}");
        let kind = action.kind.filter(|kind| !kind.is_empty());
        let kind = kind.ok_or_else(|| beside.missing(&format!("{path}.type")))?;
        word(beside, &format!("{path}.type"), &kind, &ACTIONS)?;
        let targets = action
            .camel
            .or(action.notification_list)
            .unwrap_or_default();
        let wanted = match kind.as_str() {
            AlarmAction::NOTIFICATION if targets.is_empty() => Some("a topic is right"),
            // Of Auto Scaling's own the documents want an empty list, and the examples of the Terraform provider send a
            // topic: it is shown again.
            _ if targets.len() > 20 => Some("at most 20 are right"),
            _ => None,
        };
        let wanted = match targets
            .iter()
            .any(|target| target.chars().count() > TARGET_CHARS)
        {
            true => Some("texts of at most 512 characters are right"),
            false => wanted,
        };
        if let Some(wanted) = wanted {
            let got = format!("[{}]", targets.join(", "));
            // The first generation, and the second.
            let name = match at.ends_with("_actions") {
                true => "notificationList",
                false => "notification_list",
            };
            return Err(beside.invalid(&format!("{path}.{name}"), got, wanted));
        }
        read.push(AlarmAction { kind, targets });
    }
    Ok(read)
}

/// A time of the day: digits and `:`, kept as it was sent.
pub(super) fn time_of_day(
    beside: &Beside,
    at: &str,
    text: Option<String>,
) -> Result<Option<String>, Wrong> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let good = |c: char| c.is_ascii_digit() || c == ':';
    match text.len() <= 64 && text.chars().all(good) {
        true => Ok(Some(text)),
        false => Err(beside.invalid(at, text, "hh:mm is right")),
    }
}

/// A time zone, as `GMT+08:00`; kept as it was sent.
pub(super) fn timezone(
    beside: &Beside,
    at: &str,
    text: Option<String>,
) -> Result<Option<String>, Wrong> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let offset = text.strip_prefix("GMT");
    let good = offset.is_some_and(|offset| match offset.strip_prefix(['+', '-']) {
        Some(offset) => offset
            .split_once(':')
            .is_some_and(|(hours, minutes)| digits(hours, 2) && digits(minutes, 2)),
        None => offset.is_empty(),
    });
    match good {
        true => Ok(Some(text)),
        false => Err(beside.invalid(at, text, "GMT+hh:mm or GMT-hh:mm is right")),
    }
}

/// An enterprise project; `0` when none is said.
pub(super) fn enterprise_project(beside: &Beside, id: Option<String>) -> Result<String, Wrong> {
    let id = id.filter(|id| !id.is_empty());
    let id = id.unwrap_or_else(|| "0".to_owned());
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    match id.len() <= 36 && id.chars().all(good) {
        true => Ok(id),
        false => {
            let wanted = "at most 36 small letters, digits and `-` are right";
            Err(beside.invalid("enterprise_project_id", id, wanted))
        }
    }
}

/// The id of a group of resources, if there is one.
pub(super) fn resource_group(
    beside: &Beside,
    at: &str,
    id: Option<String>,
) -> Result<Option<String>, Wrong> {
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match id.len() <= 64 && id.chars().all(good) {
        true => Ok(Some(id)),
        false => {
            let wanted = "at most 64 letters, digits, `-` and `_` are right";
            Err(beside.invalid(at, id, wanted))
        }
    }
}
