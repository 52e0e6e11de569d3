//! Subscriptions: who hears a topic.

use http::StatusCode;
use muster_kit::action::Action;
use muster_model::{
    RecordCommand, RecordId, RecordSpec, Records, Subscription, SubscriptionSpec,
    SubscriptionStatus, Topic,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::endpoints::{
    Extension, check_endpoint, check_extension, check_protocol, check_remark, headers, status,
};
use super::{
    Beside, Done, ENDPOINT, Failed, MANY_SUBSCRIPTIONS, PROTOCOL, REMARK, STATUS, SUBSCRIPTION,
    TRIES, Wrong, absent, bad, cut, page, subscription, topic, wrong,
};
use crate::checks::filled;

/// Bytes of a code that went to a phone.
const CODE_BYTES: usize = 32;
/// Subscriptions that are made in one go at the most.
const AT_ONCE: usize = 50;
/// A subscription as it is asked for.
#[derive(Clone, Deserialize)]
pub(crate) struct Asked {
    protocol: Option<String>,
    endpoint: Option<String>,
    remark: Option<String>,
    extension: Option<Extension>,
}

/// AddSubscription: one, or several at once.
#[derive(Deserialize)]
pub(crate) struct AddSubscription {
    topic_urn: String,
    protocol: Option<String>,
    endpoint: Option<String>,
    remark: Option<String>,
    extension: Option<Extension>,
    subscriptions: Option<Vec<Asked>>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Added {
    request_id: String,
    /// The first that was asked for.
    subscription_urn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscriptions_result: Option<Vec<AddedOne>>,
}

/// One of several.
#[derive(Serialize)]
pub(crate) struct AddedOne {
    protocol: String,
    endpoint: String,
    subscription_urn: String,
}

impl Asked {
    fn spec(self, topic: &Topic, beside: &Beside) -> Result<SubscriptionSpec, Wrong> {
        let protocol = filled(self.protocol).ok_or_else(|| absent(PROTOCOL, "protocol"))?;
        check_protocol(&protocol)?;
        let endpoint = filled(self.endpoint).ok_or_else(|| absent(ENDPOINT, "endpoint"))?;
        check_endpoint(&protocol, &endpoint)?;
        let remark = self.remark.unwrap_or_default();
        check_remark(&remark)?;
        let extension = self.extension.unwrap_or_default();
        check_extension(&protocol, &extension)?;
        Ok(SubscriptionSpec {
            topic: topic.id,
            status: status(&protocol, &beside.topics),
            by_code: extension.by_code(&protocol),
            protocol,
            endpoint,
            remark,
            headers: headers(Some(extension))?,
            token: hex::encode((beside.ctx.random)()),
            base_url: beside.base_url.clone(),
        })
    }
}

/// The subscription of a topic for an endpoint.
fn of_endpoint<'a>(records: &'a Records, spec: &SubscriptionSpec) -> Option<&'a Subscription> {
    let mut all = records.subscriptions.values().map(AsRef::as_ref);
    all.find(|one| {
        one.spec.topic == spec.topic
            && one.spec.protocol == spec.protocol
            && one.spec.endpoint == spec.endpoint
    })
}

/// What makes the subscriptions that are not there yet. One that was cancelled begins anew.
fn missing(records: &Records, specs: &[SubscriptionSpec]) -> Vec<RecordCommand> {
    let mut commands = Vec::new();
    for (at, spec) in specs.iter().enumerate() {
        let same = |other: &SubscriptionSpec| {
            other.protocol == spec.protocol && other.endpoint == spec.endpoint
        };
        if specs[..at].iter().any(same) {
            continue;
        }
        match of_endpoint(records, spec) {
            Some(known) if known.spec.status != SubscriptionStatus::Cancelled => continue,
            Some(cancelled) => commands.push(RecordCommand::Delete {
                id: RecordId::Subscription(cancelled.id),
            }),
            None => {}
        }
        let spec = RecordSpec::Subscription(Box::new(spec.clone()));
        commands.push(RecordCommand::Create(spec));
    }
    commands
}

impl Action<Beside> for AddSubscription {
    const NAME: &'static str = "AddSubscription";
    type Response = Added;

    /// What is there already is as good as new (200 instead of 201).
    async fn run(self, beside: &Beside) -> Result<Added, Wrong> {
        let several = self.subscriptions.filter(|list| !list.is_empty());
        let is_list = several.is_some();
        let asked = several.unwrap_or_else(|| {
            vec![Asked {
                protocol: self.protocol,
                endpoint: self.endpoint,
                remark: self.remark,
                extension: self.extension,
            }]
        });
        if asked.len() > AT_ONCE {
            let detail = format!("`subscriptions` has {} entries; 50 are right.", asked.len());
            return Err(wrong(SUBSCRIPTION, detail));
        }
        for _ in 0..TRIES {
            let records = beside.records().await?;
            let topic = topic(&records, &self.topic_urn)?;
            let specs = asked.iter().cloned().map(|one| one.spec(topic, beside));
            let specs: Vec<_> = specs.collect::<Result<_, _>>()?;
            let commands = missing(&records, &specs);
            if commands.is_empty() {
                beside.answer_with(StatusCode::OK);
            } else {
                match beside.change_topics(commands, MANY_SUBSCRIPTIONS).await {
                    Ok(_) => {}
                    Err(Failed::Outrun(_)) => continue,
                    Err(Failed::Wrong(wrong)) => return Err(wrong),
                }
            }
            let records = beside.records().await?;
            let made = specs.into_iter().filter_map(|spec| {
                let found = of_endpoint(&records, &spec)?;
                Some(AddedOne {
                    subscription_urn: topic.subscription_urn(found.id),
                    protocol: spec.protocol,
                    endpoint: spec.endpoint,
                })
            });
            let made: Vec<AddedOne> = made.collect();
            // Taken away again in between: it begins anew.
            let Some(first) = made.first() else {
                continue;
            };
            return Ok(Added {
                request_id: beside.request_id.clone(),
                subscription_urn: first.subscription_urn.clone(),
                subscriptions_result: is_list.then_some(made),
            });
        }
        Err(beside.broken("The topic changes too fast"))
    }
}

/// A subscription as lists show it.
#[derive(Serialize)]
pub(crate) struct Shown {
    topic_urn: String,
    protocol: String,
    subscription_urn: String,
    owner: String,
    endpoint: String,
    remark: String,
    status: u32,
    filter_polices: Vec<Value>,
    extension: ExtensionShown,
}

/// What of an extension is shown: no headers, for there may be secrets among them.
#[derive(Serialize)]
struct ExtensionShown {
    verification_code_enabled: bool,
}

fn number(status: SubscriptionStatus) -> u32 {
    match status {
        SubscriptionStatus::Unconfirmed => 0,
        SubscriptionStatus::Confirmed => 1,
        SubscriptionStatus::Cancelled => 3,
    }
}

/// The answer of lists.
#[derive(Serialize)]
pub(crate) struct Listed {
    request_id: String,
    subscription_count: usize,
    subscriptions: Vec<Shown>,
}

/// The subscriptions that are asked for, oldest first.
fn list(beside: &Beside, records: &Records, of: Option<&Topic>) -> Result<Listed, Wrong> {
    let page = page(beside)?;
    let status = beside.asked("status").map(|text| match text {
        "0" | "1" | "2" | "3" | "4" => Ok(text),
        _ => Err(bad(STATUS, "status", text, "0 to 4 is right")),
    });
    let status = status.transpose()?;
    let is = |name: &str, value: &str| beside.asked(name).is_none_or(|asked| asked == value);
    let fuzzy = beside.asked("fuzzy_remark");
    fuzzy.map(check_remark).transpose()?;
    beside.asked("protocol").map(check_protocol).transpose()?;
    let mut found: Vec<_> = records
        .subscriptions
        .values()
        .filter(|one| of.is_none_or(|topic| one.spec.topic == topic.id))
        .filter(|one| is("protocol", &one.spec.protocol) && is("endpoint", &one.spec.endpoint))
        .filter(|one| fuzzy.is_none_or(|part| one.spec.remark.contains(part)))
        .filter(|one| status.is_none_or(|asked| number(one.spec.status).to_string() == asked))
        .collect();
    found.sort_by_key(|one| (one.head.created_at, one.head.ordinal, one.id));
    let shown = found.into_iter().filter_map(|one| {
        let topic = records.topics.get(&one.spec.topic)?;
        Some(Shown {
            topic_urn: topic.urn(),
            protocol: one.spec.protocol.clone(),
            subscription_urn: topic.subscription_urn(one.id),
            owner: topic.spec.project.clone(),
            endpoint: one.spec.endpoint.clone(),
            remark: one.spec.remark.clone(),
            status: number(one.spec.status),
            filter_polices: Vec::new(),
            extension: ExtensionShown {
                verification_code_enabled: one.spec.by_code,
            },
        })
    });
    let all: Vec<Shown> = shown.collect();
    Ok(Listed {
        request_id: beside.request_id.clone(),
        subscription_count: all.len(),
        subscriptions: cut(all, page),
    })
}

/// ListSubscriptions.
#[derive(Deserialize)]
pub(crate) struct ListSubscriptions {}

impl Action<Beside> for ListSubscriptions {
    const NAME: &'static str = "ListSubscriptions";
    type Response = Listed;

    async fn run(self, beside: &Beside) -> Result<Listed, Wrong> {
        let records = beside.records().await?;
        list(beside, &records, None)
    }
}

/// ListSubscriptionsByTopic.
#[derive(Deserialize)]
pub(crate) struct ListSubscriptionsByTopic {
    topic_urn: String,
}

impl Action<Beside> for ListSubscriptionsByTopic {
    const NAME: &'static str = "ListSubscriptionsByTopic";
    type Response = Listed;

    async fn run(self, beside: &Beside) -> Result<Listed, Wrong> {
        let records = beside.records().await?;
        let topic = topic(&records, &self.topic_urn)?;
        list(beside, &records, Some(topic))
    }
}

/// UpdateSubscription: its remark.
#[derive(Deserialize)]
pub(crate) struct UpdateSubscription {
    topic_urn: String,
    subscription_urn: String,
    remark: Option<String>,
    /// By which a phone says yes: nothing goes to phones here.
    verification_code: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Updated {
    request_id: String,
    subscription_urn: String,
}

impl Action<Beside> for UpdateSubscription {
    const NAME: &'static str = "UpdateSubscription";
    type Response = Updated;

    async fn run(self, beside: &Beside) -> Result<Updated, Wrong> {
        let remark = self.remark.ok_or_else(|| absent(REMARK, "remark"))?;
        check_remark(&remark)?;
        if let Some(code) = self.verification_code
            && code.len() > CODE_BYTES
        {
            let wanted = "at most 32 characters are right";
            return Err(beside.invalid("verification_code", code, wanted));
        }
        for _ in 0..TRIES {
            let records = beside.records().await?;
            topic(&records, &self.topic_urn)?;
            let (_, found) = subscription(&records, &self.subscription_urn)?;
            let mut spec = found.spec.clone();
            spec.remark.clone_from(&remark);
            let spec = RecordSpec::Subscription(Box::new(spec));
            let id = RecordId::Subscription(found.id);
            match beside.replace_topic(id, found.head.version, spec).await {
                Ok(()) => {
                    return Ok(Updated {
                        request_id: beside.request_id.clone(),
                        subscription_urn: self.subscription_urn,
                    });
                }
                Err(Failed::Outrun(_)) => {}
                Err(Failed::Wrong(wrong)) => return Err(wrong),
            }
        }
        Err(beside.broken("The subscription changes too fast"))
    }
}

/// CancelSubscription.
#[derive(Deserialize)]
pub(crate) struct CancelSubscription {
    subscription_urn: String,
}

impl Action<Beside> for CancelSubscription {
    const NAME: &'static str = "CancelSubscription";
    type Response = Done;

    async fn run(self, beside: &Beside) -> Result<Done, Wrong> {
        let records = beside.records().await?;
        let (_, found) = subscription(&records, &self.subscription_urn)?;
        let id = RecordId::Subscription(found.id);
        let delete = RecordCommand::Delete { id };
        beside
            .change_topics(vec![delete], MANY_SUBSCRIPTIONS)
            .await?;
        Ok(beside.done())
    }
}
