//! Topics and their subscriptions: whoever publishes to a topic is heard by those who subscribe to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, Event, EventKind, GroupId, NotificationTarget, Subscription, SubscriptionId, Time,
    Topic, TopicId,
};

/// The kind of a topic that is named by a urn.
pub const URN: &str = "URN";
/// A message that says nothing else is kept for those who do not answer this long, seconds.
pub const MESSAGE_TTL_SECS: u32 = 3600;

/// What a topic says (spec `facets.smn`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicSpec {
    /// Its name, unique in the account and site.
    pub name: String,
    /// The name that mail shows as its sender.
    #[serde(default)]
    pub display_name: String,
    /// The region that its urn names.
    #[serde(default)]
    pub region: String,
    /// The project that its urn names.
    #[serde(default)]
    pub project: String,
    /// The enterprise project that it is said to belong to.
    #[serde(default)]
    pub enterprise_project: String,
    /// What it is for, in words.
    #[serde(default)]
    pub introduction: String,
    /// Who may publish to it, in JSON as it was given; kept, and bound to the account whatever it says.
    #[serde(default)]
    pub access_policy: String,
}

/// Where a subscription stands. Only those who confirmed hear messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubscriptionStatus {
    /// Nobody at the endpoint has said yes.
    #[default]
    Unconfirmed,
    /// The endpoint hears messages.
    Confirmed,
    /// Somebody at the endpoint has said no.
    Cancelled,
}

/// What a subscription says (spec `facets.smn`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionSpec {
    /// The topic that it hears.
    pub topic: TopicId,
    /// How messages go: `http`, `https`, `email`, or one of those that are kept and not served.
    pub protocol: String,
    /// Where they go.
    pub endpoint: String,
    /// What it is for, in words.
    pub remark: String,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// Headers that go with messages to an address.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The secret that whoever hears it says yes or no with: it is random, and made by the door.
    #[serde(default)]
    pub token: String,
    /// Where this service is, as its operator says or whoever made the subscription sees it: links begin with it.
    #[serde(default)]
    pub base_url: String,
    /// Whether its owner wants phones to be asked by a code; kept, for nothing goes to phones here.
    #[serde(default)]
    pub by_code: bool,
}

impl Topic {
    /// `urn:smn:<region>:<project>:<name>`.
    #[must_use]
    pub fn urn(&self) -> String {
        let spec = &self.spec;
        format!("urn:smn:{}:{}:{}", spec.region, spec.project, spec.name)
    }

    /// The urn of one of its subscriptions.
    #[must_use]
    pub fn subscription_urn(&self, id: SubscriptionId) -> String {
        format!("{}:{}", self.urn(), id.uuid().replace('-', ""))
    }
}

impl Subscription {
    /// The last moment at which its secret says yes or no: 48 hours after it last changed.
    #[must_use]
    pub fn answer_until(&self) -> Time {
        self.head.updated_at.plus_secs(48 * 3600)
    }
}

/// What somebody publishes to a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// What it is about, in a line; mail shows it.
    #[serde(default)]
    pub subject: String,
    /// The message, for every protocol that `by_protocol` does not name.
    pub message: String,
    /// Messages for single protocols (`email`, `http`, ...).
    #[serde(default, rename = "message_structure")]
    pub by_protocol: BTreeMap<String, String>,
    /// An endpoint that does not answer for this long does not get it; `None` = an hour.
    #[serde(default, rename = "time_to_live")]
    pub ttl_secs: Option<u32>,
}

impl Publication {
    /// The message for a protocol.
    #[must_use]
    pub fn for_protocol(&self, protocol: &str) -> &str {
        self.by_protocol.get(protocol).unwrap_or(&self.message)
    }
}

/// A published message as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// Its id: 32 hex digits.
    pub message_id: String,
    /// What it says.
    #[serde(flatten)]
    pub publication: Publication,
}

/// The event kinds of topics.
impl Event {
    /// Tells a topic: committed as a row, it goes to whoever hears the topic with this urn, be it a topic of the account's
    /// own or one of a receiver that the operator named. `id` is a fresh one; it is what receivers know the message by.
    #[must_use]
    pub fn published(
        account: AccountId,
        at: Time,
        urn: &str,
        publication: Publication,
        id: u128,
    ) -> Event {
        let published = Published {
            message_id: format!("{id:032x}"),
            publication,
        };
        Event {
            // What an account publishes stays in order; it is of no group, and keys are unique over all kinds.
            group: GroupId::new(account.key()),
            account: Some(account),
            at,
            kind: EventKind::Published,
            to: Some(NotificationTarget::Topic {
                kind: URN.to_owned(),
                name: urn.to_owned(),
            }),
            body: serde_json::to_value(published).unwrap_or_default(),
        }
    }
}

/// What kind of message goes to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryKind {
    /// Asks whether the endpoint wants to hear the topic.
    SubscriptionConfirmation,
    /// A message of the topic.
    Notification,
    /// Says that the endpoint does not hear the topic any more.
    UnsubscribeConfirmation,
}

impl DeliveryKind {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            DeliveryKind::SubscriptionConfirmation => "SubscriptionConfirmation",
            DeliveryKind::Notification => "Notification",
            DeliveryKind::UnsubscribeConfirmation => "UnsubscribeConfirmation",
        }
    }
}

/// A message on its way to one endpoint: the body of an event of kind [`EventKind::Delivery`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// Its urn.
    pub subscription_urn: String,
    /// The urn of the topic.
    pub topic_urn: String,
    /// The name that mail shows as its sender.
    pub display_name: String,
    /// What kind of message it is.
    pub kind: DeliveryKind,
    /// How it goes.
    pub protocol: String,
    /// Where it goes.
    pub endpoint: String,
    /// Headers that go with it.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The message's id: the same for all endpoints, and each time that it is sent.
    pub message_id: String,
    /// What it is about.
    #[serde(default)]
    pub subject: String,
    /// What it says.
    pub message: String,
    /// When it was sent first.
    pub timestamp: Time,
    /// It is given up after this, seconds.
    pub ttl_secs: u32,
    /// The link with which the endpoint says yes, if it may.
    #[serde(default)]
    pub subscribe_url: Option<String>,
    /// The link with which the endpoint says no, if it may.
    #[serde(default)]
    pub unsubscribe_url: Option<String>,
    /// Where the certificate of signatures is.
    pub signing_cert_url: String,
}

/// What somebody at an endpoint says with the secret of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriberAnswer {
    /// The urn of the topic or of the subscription that the link named.
    pub urn: String,
    /// The secret.
    pub token: String,
    /// Yes or no.
    pub wants: bool,
}

/// A piece of a link, so that it stays one.
fn in_link(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A message to one subscription of a topic.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// What kind it is.
    pub kind: DeliveryKind,
    /// Its id.
    pub message_id: String,
    /// What it is about.
    pub subject: &'a str,
    /// What it says.
    pub message: &'a str,
    /// When.
    pub at: Time,
    /// It is given up after this, seconds.
    pub ttl_secs: u32,
}

/// The path of the certificate that signatures are checked with.
pub const CERTIFICATE_PATH: &str = "/smn/SMN_signing.pem";

impl Topic {
    /// A letter on its way to a subscription of this topic, as an event. Each subscription hears in order.
    #[must_use]
    pub fn delivery(&self, subscription: &Subscription, letter: &Letter<'_>) -> Event {
        let spec = &subscription.spec;
        let urn = self.urn();
        let subscription_urn = self.subscription_urn(subscription.id);
        let region = in_link(&self.spec.region);
        let base = &spec.base_url;
        let token = in_link(&spec.token);
        let subscribe = format!(
            "{base}/smn/subscription/confirm?token={token}&topic_urn={}&region={region}&region_id={region}",
            in_link(&urn)
        );
        let unsubscribe = format!(
            "{base}/smn/subscription/unsubscribe?region={region}&region_id={region}&subscription_urn={}&token={token}",
            in_link(&subscription_urn)
        );
        let (subscribe, unsubscribe) = match letter.kind {
            DeliveryKind::Notification => (None, Some(unsubscribe)),
            DeliveryKind::SubscriptionConfirmation => (Some(subscribe), None),
            // Whoever said no can come back; one that its owner took away cannot.
            DeliveryKind::UnsubscribeConfirmation => match spec.status {
                SubscriptionStatus::Cancelled => (Some(subscribe), None),
                SubscriptionStatus::Unconfirmed | SubscriptionStatus::Confirmed => (None, None),
            },
        };
        let delivery = Delivery {
            subscription: subscription.id,
            subscription_urn,
            topic_urn: urn,
            display_name: self.spec.display_name.clone(),
            kind: letter.kind,
            protocol: spec.protocol.clone(),
            endpoint: spec.endpoint.clone(),
            headers: spec.headers.clone(),
            message_id: letter.message_id.clone(),
            subject: letter.subject.to_owned(),
            message: letter.message.to_owned(),
            timestamp: letter.at,
            ttl_secs: letter.ttl_secs,
            subscribe_url: subscribe,
            unsubscribe_url: unsubscribe,
            signing_cert_url: format!("{base}{CERTIFICATE_PATH}"),
        };
        Event {
            // Of no group: what goes to a subscription is in order under its key.
            group: GroupId::new(subscription.id.key()),
            account: Some(self.head.account),
            at: letter.at,
            kind: EventKind::Delivery,
            to: None,
            body: serde_json::to_value(delivery).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ids, RecordHead, Site};

    fn pair(status: SubscriptionStatus) -> (Topic, Subscription) {
        let mut ids = Ids::new(1);
        let head = RecordHead {
            account: ids.next_id(),
            site: Site::default(),
            version: 1,
            ordinal: 1,
            created_at: Time(0),
            updated_at: Time(0),
        };
        let topic = Topic {
            id: ids.next_id(),
            head: head.clone(),
            spec: TopicSpec {
                name: "gsh".to_owned(),
                region: "cn-north-4".to_owned(),
                project: "0dd8".to_owned(),
                ..TopicSpec::default()
            },
        };
        let spec = SubscriptionSpec {
            topic: topic.id,
            protocol: "http".to_owned(),
            endpoint: "http://127.0.0.1:1/x".to_owned(),
            remark: String::new(),
            status,
            headers: BTreeMap::new(),
            token: "a/b".to_owned(),
            base_url: "http://here".to_owned(),
            by_code: false,
        };
        let id = ids.next_id();
        (topic, Subscription { id, head, spec })
    }

    fn links(kind: DeliveryKind, status: SubscriptionStatus) -> (Option<String>, Option<String>) {
        let (topic, subscription) = pair(status);
        let letter = Letter {
            kind,
            message_id: "1".to_owned(),
            subject: "",
            message: "m",
            at: Time(0),
            ttl_secs: 60,
        };
        let event = topic.delivery(&subscription, &letter);
        assert_eq!(event.group.key(), subscription.id.key());
        assert_eq!(event.ttl_secs(), Some(60));
        assert_eq!((event.to.clone(), event.hook_token()), (None, None));
        let read: Delivery = serde_json::from_value(event.body).unwrap();
        (read.subscribe_url, read.unsubscribe_url)
    }

    #[test]
    fn a_letter_has_the_link_that_its_reader_may_follow() {
        use SubscriptionStatus::{Cancelled, Confirmed, Unconfirmed};
        let (yes, no) = links(DeliveryKind::SubscriptionConfirmation, Unconfirmed);
        assert_eq!(
            yes.as_deref(),
            Some(
                "http://here/smn/subscription/confirm?token=a%2Fb&topic_urn=urn:smn:cn-north-4:0dd8:gsh\
                 &region=cn-north-4&region_id=cn-north-4"
            )
        );
        assert_eq!(no, None);
        let (yes, no) = links(DeliveryKind::Notification, Confirmed);
        assert_eq!(yes, None);
        let (topic, subscription) = pair(Confirmed);
        let urn = topic.subscription_urn(subscription.id);
        assert!(urn.starts_with("urn:smn:cn-north-4:0dd8:gsh:"), "{urn}");
        assert!(
            no.unwrap()
                .contains(&format!("subscription_urn={urn}&token=a%2Fb"))
        );
        assert!(
            links(DeliveryKind::UnsubscribeConfirmation, Cancelled)
                .0
                .is_some()
        );
        assert!(
            links(DeliveryKind::UnsubscribeConfirmation, Confirmed)
                .0
                .is_none()
        );
    }

    #[test]
    fn a_publication_says_to_each_protocol_what_is_meant_for_it() {
        let publication = Publication {
            message: "all".to_owned(),
            by_protocol: [("email".to_owned(), "mail".to_owned())].into(),
            ttl_secs: Some(7),
            ..Publication::default()
        };
        assert_eq!(publication.for_protocol("email"), "mail");
        assert_eq!(publication.for_protocol("http"), "all");
        let account = Ids::new(2).next_id();
        let event = Event::published(account, Time(5), "urn:smn:a:b:c", publication.clone(), 15);
        assert_eq!(event.ttl_secs(), Some(7));
        let read: Published = serde_json::from_value(event.body).unwrap();
        assert_eq!(read.publication, publication);
        assert_eq!(read.message_id, "0000000000000000000000000000000f");
    }
}
