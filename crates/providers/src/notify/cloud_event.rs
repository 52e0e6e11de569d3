//! A message as a CloudEvent (specification 1.0, JSON format).

use jiff::Timestamp;
use muster_model::{Event, EventKind};
use muster_ports::SavedEvent;
use serde_json::{Value, json};

/// The media type of a CloudEvent in JSON.
pub(super) const MEDIA_TYPE: &str = "application/cloudevents+json";

/// The number of a message within its source: the same each time that it is sent.
pub(super) fn id(message: &SavedEvent) -> String {
    message.seq.to_string()
}

/// What a message is, in a word.
pub(super) fn kind(message: &SavedEvent) -> &'static str {
    match message.event.kind {
        EventKind::Notification => "notification",
        EventKind::Hook => "hook",
        EventKind::Published => "published",
        EventKind::Delivery => "delivery",
    }
}

/// Where it comes from: a group, or what an account publishes.
fn source(event: &Event) -> String {
    match event.kind {
        EventKind::Notification | EventKind::Hook => format!("/muster/groups/{}", event.group),
        EventKind::Published | EventKind::Delivery => "/muster/topics".to_owned(),
    }
}

/// The message.
pub(super) fn cloud_event(message: &SavedEvent) -> Value {
    let event = &message.event;
    let at = Timestamp::from_millisecond(event.at.0).unwrap_or(Timestamp::MAX);
    json!({
        "specversion": "1.0",
        "id": id(message),
        "source": source(event),
        "type": format!("muster.{}", kind(message)),
        "time": at.to_string(),
        "datacontenttype": "application/json",
        "data": event.body,
    })
}
