//! Topics: what is published goes to those who subscribe.
//!
//! Two steps of the outbox. A message for a topic of an account's own is *spread*: for each subscription that hears it, one
//! delivery is committed. Deliveries are messages themselves, one lane per subscription: an endpoint that does not answer
//! holds up nobody else. Both steps go on after a crash where they were.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use muster_model::{
    AccountId, Created, Delivery, DeliveryKind, Error, Event, EventKind, Ids, Letter,
    MESSAGE_TTL_SECS, NotificationTarget, Publication, Published, Record, RecordChange,
    RecordCommand, RecordId, RecordSpec, Records, ResourceKind, SubscriberAnswer, Subscription,
    SubscriptionStatus, Time, Topic, TopicId, URN,
};
use muster_ports::{ApiResult, Clock, Commit, Notifier, NotifyError, Row, SavedEvent};
use subtle::ConstantTimeEq;

use crate::api::Ask;
use crate::commit::store_error;
use crate::runtime::Runtime;

/// What answers a link whose secret is not, or not any more, that of a subscription.
fn no_subscription(urn: &str) -> Error {
    Error::NotFound {
        kind: ResourceKind::Record,
        id: urn.to_owned(),
    }
}

/// A fresh number for a message.
fn fresh_number(ids: &mut Ids) -> u128 {
    let keys = [ids.next_key(), ids.next_key(), ids.next_key()];
    let bits = keys.into_iter().map(|key| u128::from(key.bits()));
    bits.fold(0, |number, bits| (number << 41) | bits)
}

/// Whether messages go to endpoints of a protocol that are asked first.
fn is_asked(subscription: &Subscription) -> bool {
    match subscription.spec.protocol.as_str() {
        "http" | "https" => true,
        // A program can read what it did not ask for; people are asked only where they have to say yes.
        "email" => subscription.spec.status == SubscriptionStatus::Unconfirmed,
        _ => false,
    }
}

/// The urn of the topic that a message is for.
fn urn_of(event: &Event) -> Option<&str> {
    match &event.to {
        Some(NotificationTarget::Topic { kind, name }) if kind == URN => Some(name),
        Some(
            NotificationTarget::Topic { .. }
            | NotificationTarget::Queue { .. }
            | NotificationTarget::UserGroups(_),
        )
        | None => None,
    }
}

/// The topic with this urn.
pub(crate) fn topic<'a>(records: &'a Records, urn: &str) -> Option<&'a Arc<Topic>> {
    let name = urn.rsplit(':').next()?;
    let mut topics = records.topics.values();
    topics.find(|topic| topic.spec.name == name && topic.urn() == urn)
}

/// What a message is about, in a line.
fn subject(event: &Event) -> String {
    let word = |name: &str| event.body[name].as_str().unwrap_or_default();
    let words = match event.kind {
        EventKind::Hook => [word("lifecycle_transition"), word("scaling_group_name")],
        EventKind::Notification => [word("topic_scene"), word("scaling_group_name")],
        EventKind::Published | EventKind::Delivery => return word("subject").to_owned(),
    };
    format!("[Auto Scaling] {}", words.join(" "))
}

/// What a message says, as somebody publishes it. Those of groups are their body.
fn published(saved: &SavedEvent) -> Published {
    let event = &saved.event;
    let read = match event.kind {
        EventKind::Published => serde_json::from_value(event.body.clone()).ok(),
        EventKind::Notification | EventKind::Hook | EventKind::Delivery => None,
    };
    read.unwrap_or_else(|| Published {
        // The number in the stream: the same when the message is spread again after a crash.
        message_id: format!("{:032x}", saved.seq),
        publication: Publication {
            subject: subject(event),
            message: event.body.to_string(),
            ..Publication::default()
        },
    })
}

/// What goes to the subscriptions of a topic for one message.
fn deliveries(records: &Records, topic: &Topic, saved: &SavedEvent) -> Vec<Row> {
    let said = published(saved);
    let publication = &said.publication;
    let mut hearing: Vec<_> = records
        .subscriptions
        .values()
        .filter(|one| one.spec.topic == topic.id)
        .filter(|one| one.spec.status == SubscriptionStatus::Confirmed)
        .collect();
    hearing.sort_by_key(|one| (one.head.created_at, one.head.ordinal, one.id));
    let rows = hearing.into_iter().map(|subscription| {
        let letter = Letter {
            kind: DeliveryKind::Notification,
            message_id: said.message_id.clone(),
            subject: &publication.subject,
            message: publication.for_protocol(&subscription.spec.protocol),
            at: saved.event.at,
            ttl_secs: publication.ttl_secs.unwrap_or(MESSAGE_TTL_SECS),
        };
        Row::Event(topic.delivery(subscription, &letter))
    });
    rows.collect()
}

/// A letter of the service itself.
fn notice(
    topic: &Topic,
    subscription: &Subscription,
    kind: DeliveryKind,
    at: Time,
    ids: &mut Ids,
) -> Row {
    let urn = topic.urn();
    let valid = "The subscribe_url is valid only within 48 hours.";
    let message = match kind {
        DeliveryKind::SubscriptionConfirmation => format!(
            "You are invited to subscribe to topic: {urn}. To confirm this subscription, please visit the \
             subscribe_url included in this message. {valid}"
        ),
        DeliveryKind::UnsubscribeConfirmation
            if subscription.spec.status == SubscriptionStatus::Cancelled =>
        {
            format!(
                "You are unsubscribed from topic: {urn}. To subscribe to this topic again, please visit the \
                 subscribe_url included in this message. {valid}"
            )
        }
        DeliveryKind::UnsubscribeConfirmation | DeliveryKind::Notification => {
            format!("You are unsubscribed from topic: {urn}.")
        }
    };
    let letter = Letter {
        kind,
        message_id: format!("{:032x}", fresh_number(ids)),
        subject: kind.word(),
        message: &message,
        at,
        ttl_secs: MESSAGE_TTL_SECS,
    };
    Row::Event(topic.delivery(subscription, &letter))
}

/// What the endpoints of subscriptions are told of a change: committed with it.
pub(crate) fn notices(
    before: &Records,
    change: &RecordChange,
    at: Time,
    ids: &mut Ids,
) -> Vec<Row> {
    let after = before.after(change);
    let mut rows = Vec::new();
    for record in &change.put {
        let Record::Subscription(subscription) = record else {
            continue;
        };
        let Some(topic) = after.topics.get(&subscription.spec.topic) else {
            continue;
        };
        let old = before.subscriptions.get(&subscription.id);
        let was = old.map(|old| old.spec.status);
        let left = subscription.spec.status == SubscriptionStatus::Cancelled
            && was != Some(SubscriptionStatus::Cancelled);
        if old.is_none() && is_asked(subscription) {
            let kind = DeliveryKind::SubscriptionConfirmation;
            rows.push(notice(topic, subscription, kind, at, ids));
        } else if left && subscription.spec.protocol != "email" {
            let kind = DeliveryKind::UnsubscribeConfirmation;
            rows.push(notice(topic, subscription, kind, at, ids));
        }
    }
    for id in &change.gone {
        let RecordId::Subscription(id) = id else {
            continue;
        };
        let Some(old) = before.subscriptions.get(id) else {
            continue;
        };
        let heard = old.spec.status == SubscriptionStatus::Confirmed;
        let is_program = matches!(old.spec.protocol.as_str(), "http" | "https");
        if let Some(topic) = before.topics.get(&old.spec.topic)
            && heard
            && is_program
        {
            let kind = DeliveryKind::UnsubscribeConfirmation;
            rows.push(notice(topic, old, kind, at, ids));
        }
    }
    rows
}

/// Whether nobody is to get a delivery any more: who subscribed has left since.
fn is_moot(records: &Records, delivery: &Delivery) -> bool {
    let status = records.subscriptions.get(&delivery.subscription);
    let status = status.map(|subscription| subscription.spec.status);
    match delivery.kind {
        DeliveryKind::Notification => status != Some(SubscriptionStatus::Confirmed),
        DeliveryKind::SubscriptionConfirmation => status.is_none(),
        DeliveryKind::UnsubscribeConfirmation => false,
    }
}

impl Runtime {
    /// Whether the topic that a message is for is one that its account made.
    pub(crate) fn is_own_topic(&self, event: &Event) -> bool {
        let (Some(urn), Some(account)) = (urn_of(event), event.account) else {
            return false;
        };
        topic(&self.records_of(account), urn).is_some()
    }

    /// Whether a target is a topic that an account made.
    pub(crate) fn has_topic(
        &self,
        account: AccountId,
        target: Option<&NotificationTarget>,
    ) -> bool {
        match target {
            Some(NotificationTarget::Topic { kind, name }) if kind == URN => {
                topic(&self.records_of(account), name).is_some()
            }
            Some(_) | None => false,
        }
    }

    /// Whether a message need not be delivered any more.
    pub(crate) fn is_moot(&self, event: &Event) -> bool {
        let (EventKind::Delivery, Some(account)) = (event.kind, event.account) else {
            return false;
        };
        let delivery: Result<Delivery, _> = serde_json::from_value(event.body.clone());
        delivery.is_ok_and(|delivery| is_moot(&self.records_of(account), &delivery))
    }

    /// Publishes to a topic of the caller's: it is written down, and the outbox does the rest.
    pub(crate) async fn publish(
        &self,
        caller: &Ask<'_>,
        id: TopicId,
        publication: Publication,
    ) -> ApiResult<Created> {
        let records = self.records_of(caller.account);
        let topic = records.topics.get(&id);
        let topic = topic.filter(|topic| topic.head.site == caller.site);
        let urn = topic
            .map(|topic| topic.urn())
            .ok_or_else(|| no_subscription(&id.to_string()))?;
        let number = fresh_number(&mut self.fresh_ids());
        if !caller.check {
            let now = self.clock.now();
            let event = Event::published(caller.account, now, &urn, publication, number);
            self.commit_messages(vec![Row::Event(event)]).await?;
        }
        Ok(Created::Message(number))
    }

    /// Tells a topic something on behalf of an account: the way for services beside Auto Scaling. `urn` may be one of a
    /// topic that only the operator's receivers know. What else goes with it can be committed together instead: see
    /// [`Event::published`]. Returns the number of the message.
    ///
    /// # Errors
    /// The store did not take it; it is not known whether it did.
    pub async fn tell_topic(
        &self,
        account: AccountId,
        urn: &str,
        publication: Publication,
    ) -> ApiResult<u128> {
        let number = fresh_number(&mut self.fresh_ids());
        let event = Event::published(account, self.clock.now(), urn, publication, number);
        self.commit_messages(vec![Row::Event(event)]).await?;
        Ok(number)
    }

    async fn commit_messages(&self, rows: Vec<Row>) -> ApiResult<()> {
        let guards = Vec::new();
        let committed = self.commit(Commit { guards, rows }).await;
        // Also when it is not known whether it went through.
        self.ring();
        committed.map_err(|error| store_error(&error))
    }

    /// Commits one delivery for each subscription that hears a message.
    async fn spread(&self, saved: &SavedEvent) -> Result<(), NotifyError> {
        let (Some(urn), Some(account)) = (urn_of(&saved.event), saved.event.account) else {
            return Ok(());
        };
        let records = self.records_of(account);
        // One that was deleted since has nobody who hears it.
        let Some(topic) = topic(&records, urn) else {
            return Ok(());
        };
        let rows = deliveries(&records, topic, saved);
        if rows.is_empty() {
            return Ok(());
        }
        let committed = self.commit_messages(rows).await;
        committed.map_err(|error| NotifyError::Unknown(error.to_string()))
    }

    /// Somebody who has the secret of a subscription says yes or no. Returns its urn. Saying it twice says it once.
    pub(crate) async fn subscriber_says(&self, answer: &SubscriberAnswer) -> ApiResult<String> {
        let absent = || no_subscription(&answer.urn);
        let (topic, subscription) = self.with_token(answer).ok_or_else(absent)?;
        let urn = topic.subscription_urn(subscription.id);
        let said = match answer.wants {
            true => SubscriptionStatus::Confirmed,
            false => SubscriptionStatus::Cancelled,
        };
        if subscription.spec.status == said {
            return Ok(urn);
        }
        // No is taken at any time; a link to say yes with is good for two days.
        if answer.wants && self.clock.now() > subscription.answer_until() {
            return Err(absent());
        }
        let head = &subscription.head;
        self.change_records(head.account, &head.site, |records| {
            // As it is now: it may have changed, or gone, since it was found.
            let now = records.subscriptions.get(&subscription.id);
            let replace = |now: &Arc<Subscription>| {
                let mut spec = now.spec.clone();
                spec.status = said;
                RecordCommand::Replace {
                    id: RecordId::Subscription(now.id),
                    version: now.head.version,
                    spec: RecordSpec::Subscription(Box::new(spec)),
                }
            };
            now.map(replace).into_iter().collect()
        })
        .await?;
        Ok(urn)
    }

    /// The subscription with this secret, of the topic that is named, or the one that is named itself.
    fn with_token(&self, answer: &SubscriberAnswer) -> Option<(Arc<Topic>, Arc<Subscription>)> {
        for account in self.directory.accounts() {
            let records = account.records();
            let mut subscriptions = records.subscriptions.values();
            let found = subscriptions.find(|one| {
                let token = one.spec.token.as_bytes();
                bool::from(token.ct_eq(answer.token.as_bytes()))
            });
            if let Some(found) = found {
                let topic = records.topics.get(&found.spec.topic)?;
                let named =
                    topic.urn() == answer.urn || topic.subscription_urn(found.id) == answer.urn;
                return named.then(|| (Arc::clone(topic), Arc::clone(found)));
            }
        }
        None
    }
}

/// The step from a message to its deliveries.
pub struct Spread(Weak<Runtime>);

impl Spread {
    /// The step of this runtime.
    #[must_use]
    pub fn of(runtime: &Arc<Runtime>) -> Spread {
        Spread(Arc::downgrade(runtime))
    }
}

#[async_trait]
impl Notifier for Spread {
    async fn deliver(&self, message: &SavedEvent) -> Result<(), NotifyError> {
        match self.0.upgrade() {
            Some(runtime) => runtime.spread(message).await,
            None => Err(NotifyError::Failed("the runtime has stopped".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_model::{RecordHead, Site, SubscriptionSpec, TopicSpec};

    const URN_OF_NEWS: &str = "urn:smn:r:p:news";

    fn head() -> RecordHead {
        RecordHead {
            account: Ids::new(9).next_id(),
            site: Site::default(),
            version: 1,
            ordinal: 1,
            created_at: Time(0),
            updated_at: Time(0),
        }
    }

    fn subscription(seed: u64, protocol: &str, status: SubscriptionStatus) -> Subscription {
        Subscription {
            id: Ids::new(seed).next_id(),
            head: head(),
            spec: SubscriptionSpec {
                topic: Ids::new(1).next_id(),
                protocol: protocol.to_owned(),
                endpoint: format!("{protocol} {seed}"),
                remark: String::new(),
                status,
                headers: std::collections::BTreeMap::new(),
                token: format!("token {seed}"),
                base_url: "http://here".to_owned(),
                by_code: false,
            },
        }
    }

    fn records(subscriptions: &[Subscription]) -> Records {
        let news = Topic {
            id: Ids::new(1).next_id(),
            head: head(),
            spec: TopicSpec {
                name: "news".to_owned(),
                region: "r".to_owned(),
                project: "p".to_owned(),
                ..TopicSpec::default()
            },
        };
        let subscriptions = subscriptions.iter().cloned();
        let all = subscriptions.map(|one| Record::Subscription(Arc::new(one)));
        all.chain([Record::Topic(Arc::new(news))]).collect()
    }

    fn sent(rows: &[Row]) -> Vec<String> {
        let read = |row: &Row| {
            let Row::Event(event) = row else {
                panic!("only messages")
            };
            let delivery: Delivery = serde_json::from_value(event.body.clone()).unwrap();
            assert_eq!(
                event.group.key(),
                delivery.subscription.key(),
                "its own lane"
            );
            format!(
                "{} {}: {}",
                delivery.kind.word(),
                delivery.endpoint,
                delivery.subject
            )
        };
        rows.iter().map(read).collect()
    }

    #[test]
    fn a_message_goes_to_those_who_confirmed() {
        use SubscriptionStatus::{Cancelled, Confirmed, Unconfirmed};
        let records = records(&[
            subscription(2, "http", Confirmed),
            subscription(3, "http", Unconfirmed),
            subscription(4, "email", Confirmed),
            subscription(5, "http", Cancelled),
        ]);
        let news = topic(&records, URN_OF_NEWS).unwrap();
        assert!(topic(&records, "urn:smn:other:p:news").is_none());
        let event = |kind, body| SavedEvent {
            seq: 7,
            event: Event {
                group: Ids::new(6).next_id(),
                account: Some(head().account),
                at: Time(5),
                kind,
                to: None,
                body,
            },
        };
        let hook = serde_json::json!({
            "lifecycle_transition": "INSTANCE_LAUNCHING", "scaling_group_name": "g",
        });
        let rows = deliveries(&records, news, &event(EventKind::Hook, hook));
        let mut told = sent(&rows);
        told.sort();
        let subject = "[Auto Scaling] INSTANCE_LAUNCHING g";
        assert_eq!(
            told,
            [
                format!("Notification email 4: {subject}"),
                format!("Notification http 2: {subject}"),
            ]
        );
        // Spread again after a crash, it is the same message.
        let end = serde_json::json!({ "topic_scene": "SCALING_UP", "scaling_group_name": "g" });
        let ended = event(EventKind::Notification, end);
        assert_eq!(
            deliveries(&records, news, &ended),
            deliveries(&records, news, &ended)
        );
    }

    #[test]
    fn endpoints_are_told_what_becomes_of_their_subscriptions() {
        use SubscriptionStatus::{Cancelled, Confirmed, Unconfirmed};
        let put = |one: Subscription| RecordChange {
            put: vec![Record::Subscription(Arc::new(one))],
            ..RecordChange::default()
        };
        let gone = |one: &Subscription| RecordChange {
            gone: vec![RecordId::Subscription(one.id)],
            ..RecordChange::default()
        };
        let told = |before: &[Subscription], change: &RecordChange| {
            let rows = notices(&records(before), change, Time(5), &mut Ids::new(3));
            let words = sent(&rows).into_iter();
            let words = words.map(|text| text.split(' ').next().unwrap_or_default().to_owned());
            words.collect::<Vec<_>>()
        };
        let asked = ["SubscriptionConfirmation"];
        let left = ["UnsubscribeConfirmation"];
        let nothing: [&str; 0] = [];
        let one = |protocol, status| subscription(2, protocol, status);
        assert_eq!(told(&[], &put(one("http", Confirmed))), asked);
        assert_eq!(told(&[], &put(one("http", Unconfirmed))), asked);
        assert_eq!(told(&[], &put(one("email", Unconfirmed))), asked);
        assert_eq!(told(&[], &put(one("email", Confirmed))), nothing);
        assert_eq!(told(&[], &put(one("sms", Unconfirmed))), nothing);
        let confirmed = one("http", Confirmed);
        let before = std::slice::from_ref(&confirmed);
        assert_eq!(told(before, &put(one("http", Cancelled))), left);
        assert_eq!(told(before, &put(one("http", Confirmed))), nothing);
        assert_eq!(told(before, &gone(&confirmed)), left);
        let cancelled = one("http", Cancelled);
        let before = std::slice::from_ref(&cancelled);
        assert_eq!(told(before, &gone(&cancelled)), nothing);
        assert_eq!(told(before, &put(one("http", Confirmed))), nothing);
    }

    #[test]
    fn what_nobody_wants_any_more_is_not_delivered() {
        use SubscriptionStatus::{Cancelled, Confirmed, Unconfirmed};
        let is_moot_for = |status: Option<SubscriptionStatus>, kind| {
            let one = subscription(2, "http", status.unwrap_or_default());
            let there: &[Subscription] = match status {
                Some(_) => std::slice::from_ref(&one),
                None => &[],
            };
            let records = records(there);
            let news = topic(&records, URN_OF_NEWS).unwrap();
            let Row::Event(event) = notice(news, &one, kind, Time(5), &mut Ids::new(3)) else {
                panic!("a message")
            };
            let delivery: Delivery = serde_json::from_value(event.body).unwrap();
            is_moot(&records, &delivery)
        };
        for (status, message, asked) in [
            (Some(Confirmed), false, false),
            (Some(Unconfirmed), true, false),
            (Some(Cancelled), true, false),
            (None, true, true),
        ] {
            let moot = |kind| is_moot_for(status, kind);
            assert_eq!(moot(DeliveryKind::Notification), message, "{status:?}");
            assert_eq!(
                moot(DeliveryKind::SubscriptionConfirmation),
                asked,
                "{status:?}"
            );
            assert!(!moot(DeliveryKind::UnsubscribeConfirmation), "{status:?}");
        }
    }
}
