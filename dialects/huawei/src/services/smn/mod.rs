//! Simple Message Notification: topics, who subscribes to them, and publishing (spec `facets.smn`).

mod endpoints;
mod links;
mod publish;
mod subscriptions;
mod topics;

use std::sync::Arc;

use http::{Method, StatusCode};
use muster_kit::page::Page;
use muster_model::{
    Command, Created, Error, RecordCommand, RecordId, RecordSpec, Records, Subscription, Topic,
};
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use links::Link;

use super::{Beside, Codes, Service, Wrong, excerpt, route};
use crate::routes::Route;

/// How often a change is tried again that somebody else was faster with.
const TRIES: usize = 3;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "smn",
    routes: ROUTES,
    write,
    codes: Codes {
        malformed: "SMN.0018",
        absent: "SMN.0006",
        conflict: "SMN.0018",
        quota: "SMN.0004",
        denied: "SMN.0001",
        system: "SMN.0018",
    },
};

static ROUTES: &[Route<Beside>] = &[
    route::<topics::CreateTopic>(Method::POST, "/v2/{project_id}/notifications/topics", 201),
    route::<topics::ListTopics>(Method::GET, "/v2/{project_id}/notifications/topics", 200),
    route::<topics::ListTopicDetails>(
        Method::GET,
        "/v2/{project_id}/notifications/topics/{topic_urn}",
        200,
    ),
    route::<topics::UpdateTopic>(
        Method::PUT,
        "/v2/{project_id}/notifications/topics/{topic_urn}",
        200,
    ),
    route::<topics::DeleteTopic>(
        Method::DELETE,
        "/v2/{project_id}/notifications/topics/{topic_urn}",
        200,
    ),
    route::<topics::ListTopicAttributes>(
        Method::GET,
        "/v2/{project_id}/notifications/topics/{topic_urn}/attributes",
        200,
    ),
    route::<topics::DeleteTopicAttributes>(
        Method::DELETE,
        "/v2/{project_id}/notifications/topics/{topic_urn}/attributes",
        200,
    ),
    route::<topics::UpdateTopicAttribute>(
        Method::PUT,
        "/v2/{project_id}/notifications/topics/{topic_urn}/attributes/{name}",
        200,
    ),
    route::<topics::DeleteTopicAttributeByName>(
        Method::DELETE,
        "/v2/{project_id}/notifications/topics/{topic_urn}/attributes/{name}",
        200,
    ),
    route::<subscriptions::AddSubscription>(
        Method::POST,
        "/v2/{project_id}/notifications/topics/{topic_urn}/subscriptions",
        201,
    ),
    route::<subscriptions::ListSubscriptionsByTopic>(
        Method::GET,
        "/v2/{project_id}/notifications/topics/{topic_urn}/subscriptions",
        200,
    ),
    route::<subscriptions::UpdateSubscription>(
        Method::PUT,
        "/v2/{project_id}/notifications/topics/{topic_urn}/subscriptions/{subscription_urn}",
        200,
    ),
    route::<subscriptions::ListSubscriptions>(
        Method::GET,
        "/v2/{project_id}/notifications/subscriptions",
        200,
    ),
    route::<subscriptions::CancelSubscription>(
        Method::DELETE,
        "/v2/{project_id}/notifications/subscriptions/{subscription_urn}",
        200,
    ),
    route::<publish::PublishMessage>(
        Method::POST,
        "/v2/{project_id}/notifications/topics/{topic_urn}/publish",
        200,
    ),
];

/// An error as this service writes it.
fn write(wrong: &Wrong, request_id: &str) -> Value {
    json!({
        "request_id": request_id,
        "code": wrong.code,
        "message": wrong.message,
        // What other clients of this cloud read.
        "error_code": wrong.code,
        "error_msg": wrong.message,
    })
}

/// What can be wrong: its status, its code and the documented text.
type Known = (StatusCode, &'static str, &'static str);

const NAME: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0002",
    "Parameter: Name is invalid.",
);
const DISPLAY_NAME: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0003",
    "Parameter: DisplayName is invalid.",
);
const MANY_TOPICS: Known = (StatusCode::FORBIDDEN, "SMN.0004", "Exceeded topic limit.");
const TOPIC_URN: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0005",
    "Parameter: TopicUrn is invalid.",
);
const NO_TOPIC: Known = (StatusCode::NOT_FOUND, "SMN.0006", "Topic not found.");
const MANY_SUBSCRIPTIONS: Known = (
    StatusCode::FORBIDDEN,
    "SMN.0007",
    "Exceeded subscription limit.",
);
const SUBJECT: Known = (
    StatusCode::FORBIDDEN,
    "SMN.0008",
    "Parameter: Subject is invalid.",
);
const MESSAGE: Known = (
    StatusCode::FORBIDDEN,
    "SMN.0009",
    "Parameter: Message is invalid.",
);
const TTL: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0010",
    "Parameter: TimeToLive is invalid.",
);
const PROTOCOL: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0011",
    "Parameter: Protocol is invalid.",
);
const ENDPOINT: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0012",
    "Parameter: Endpoint is invalid.",
);
const NO_SUBSCRIPTION: Known = (
    StatusCode::NOT_FOUND,
    "SMN.0013",
    "Subscription resource not found.",
);
const SUBSCRIPTION_URN: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0014",
    "Parameter: SubscriptionUrn is invalid.",
);
const PAGE: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0015",
    "Parameter: Offset or limit is invalid.",
);
const REMARK: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0017",
    "Parameter: Remark is invalid.",
);
const STRUCTURE: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0021",
    "MessageStructure is invalid.",
);
const NO_TEMPLATE: Known = (StatusCode::NOT_FOUND, "SMN.0027", "Template not found.");
const SUBSCRIPTION: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0043",
    "Parameter: subscription is invalid.",
);
const ATTRIBUTE: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0046",
    "Parameter: Attribute name is invalid.",
);
const LONG_VALUE: Known = (
    StatusCode::FORBIDDEN,
    "SMN.0047",
    "Parameter: Value exceeds the maximum length.",
);
const POLICY: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0048",
    "Parameter: Access policy is invalid.",
);
const STATUS: Known = (
    StatusCode::BAD_REQUEST,
    "SMN.0077",
    "Parameter: Status is invalid.",
);

/// An error with its documented text, and what it is about.
fn wrong(known: Known, detail: impl AsRef<str>) -> Wrong {
    let (status, code, text) = known;
    let detail = detail.as_ref();
    Wrong {
        status,
        code: code.to_owned(),
        message: match detail.is_empty() {
            true => text.to_owned(),
            false => format!("{text} {detail}"),
        },
    }
}

/// A parameter with a value that is not right.
fn bad(known: Known, parameter: &str, value: impl std::fmt::Display, wanted: &str) -> Wrong {
    let value = excerpt(value);
    let detail = format!("The value `{value}` of the parameter `{parameter}`: {wanted}.");
    wrong(known, detail)
}

/// A parameter that is not there.
fn absent(known: Known, parameter: &str) -> Wrong {
    wrong(known, format!("The parameter `{parameter}` is missing."))
}

/// An answer that says nothing else.
#[derive(Serialize)]
pub(crate) struct Done {
    request_id: String,
}

/// The topic with this urn.
fn topic<'a>(records: &'a Records, urn: &str) -> Result<&'a Arc<Topic>, Wrong> {
    if !crate::shapes::is_urn(urn) {
        let wanted = "urn:smn:<region>:<project>:<name> is right";
        return Err(bad(TOPIC_URN, "topic_urn", urn, wanted));
    }
    let mut topics = records.topics.values();
    let found = topics.find(|topic| topic.urn() == urn);
    found.ok_or_else(|| wrong(NO_TOPIC, format!("`topic_urn` is `{urn}`.")))
}

/// The subscription with this urn, and its topic.
fn subscription<'a>(
    records: &'a Records,
    urn: &str,
) -> Result<(&'a Arc<Topic>, &'a Arc<Subscription>), Wrong> {
    let malformed = || {
        let wanted = "urn:smn:<region>:<project>:<topic>:<id> is right";
        bad(SUBSCRIPTION_URN, "subscription_urn", urn, wanted)
    };
    let (topic_urn, id) = urn.rsplit_once(':').ok_or_else(malformed)?;
    let is_id = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_id || !crate::shapes::is_urn(topic_urn) {
        return Err(malformed());
    }
    let none = || wrong(NO_SUBSCRIPTION, format!("`subscription_urn` is `{urn}`."));
    let mut topics = records.topics.values();
    let topic = topics.find(|topic| topic.urn() == topic_urn);
    let topic = topic.ok_or_else(none)?;
    let mut all = records.subscriptions.values();
    let found = all.find(|one| one.spec.topic == topic.id && topic.subscription_urn(one.id) == urn);
    Ok((topic, found.ok_or_else(none)?))
}

/// The part of a list that is asked for by `offset` and `limit`.
fn page(beside: &Beside) -> Result<Page, Wrong> {
    let number = |name: &str, default: u64, range: std::ops::RangeInclusive<u64>| {
        let Some(text) = beside.asked(name) else {
            return Ok(default);
        };
        let read = text.trim().parse().ok();
        read.filter(|number| range.contains(number)).ok_or_else(|| {
            let wanted = match name {
                "limit" => "1 to 100 is right",
                _ => "a whole number from 0 on is right",
            };
            bad(PAGE, name, text, wanted)
        })
    };
    let limit = number("limit", 100, 1..=100)?;
    Ok(Page {
        offset: number("offset", 0, 0..=u64::from(u32::MAX))?,
        limit: u32::try_from(limit).unwrap_or(100),
    })
}

/// That part of a list.
fn cut<T>(items: Vec<T>, page: Page) -> Vec<T> {
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let items = items.into_iter().skip(offset);
    items.take(page.limit as usize).collect()
}

impl Beside {
    fn done(&self) -> Done {
        Done {
            request_id: self.request_id.clone(),
        }
    }

    /// Changes records; `quota`: what it is when there are too many.
    async fn change_topics(
        &self,
        commands: Vec<RecordCommand>,
        quota: Known,
    ) -> Result<Created, Failed> {
        let done = self
            .ctx
            .api
            .execute(self.caller(), Command::Records(commands))
            .await;
        done.map_err(|error| match error {
            Error::NameTaken { .. } | Error::Changed { .. } => Failed::Outrun(self.refused(&error)),
            Error::QuotaExceeded { limit, .. } => {
                Failed::Wrong(wrong(quota, format!("There may be {limit}.")))
            }
            Error::NotFound { .. } => Failed::Wrong(wrong(NO_TOPIC, "")),
            other => Failed::Wrong(self.refused(&other)),
        })
    }

    /// Says something else of a record.
    async fn replace_topic(
        &self,
        id: RecordId,
        version: u64,
        spec: RecordSpec,
    ) -> Result<(), Failed> {
        let replace = RecordCommand::Replace { id, version, spec };
        self.change_topics(vec![replace], MANY_TOPICS)
            .await
            .map(|_| ())
    }
}

/// Why a change did not happen.
enum Failed {
    /// Somebody else was faster: look again.
    Outrun(Wrong),
    /// It is not allowed.
    Wrong(Wrong),
}

impl From<Failed> for Wrong {
    fn from(error: Failed) -> Wrong {
        match error {
            Failed::Outrun(wrong) | Failed::Wrong(wrong) => wrong,
        }
    }
}
