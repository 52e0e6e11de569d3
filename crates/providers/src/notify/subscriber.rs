//! Subscribers of topics: each delivery is a POST of JSON to the address that subscribed, or a mail, in the form of the
//! service whose topics they are ("HTTP or HTTPS Message Format" of Simple Message Notification).

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use muster_model::{Delivery, DeliveryKind, Time};
use muster_ports::{Notifier, NotifyError, SavedEvent};
use serde_json::{Map, Value};

use super::mail::{MailError, MailServer, MailServerOptions, Text};
use super::webhook::verdict;
use super::within;
use crate::http_client::{AddressError, HttpClient, address, cause};

/// Bytes of an answer that are read; the connection is used again if that was all.
const ANSWER_BYTES: usize = 64 * 1024;
const MEDIA_TYPE: &str = "application/json; charset=utf-8";

/// Signs a text: base64 of the signature that the certificate verifies.
pub type Sign = Arc<dyn Fn(&str) -> Result<String, String> + Send + Sync>;

/// The ways to subscribers.
pub struct SubscribersOptions {
    /// The mail server, if there is one.
    pub mail: Option<MailServerOptions>,
    /// Signs messages.
    pub sign: Sign,
    /// An answer that does not come in this time is none.
    pub timeout: Duration,
}

/// The ways to subscribers.
pub struct Subscribers {
    mail: Option<MailServer>,
    sign: Sign,
    timeout: Duration,
    plain: OnceLock<HttpClient>,
    tls: OnceLock<HttpClient>,
}

impl Subscribers {
    /// The ways to subscribers.
    ///
    /// # Errors
    /// The mail server's address, or who mail is from.
    pub fn new(options: &SubscribersOptions) -> Result<Subscribers, MailError> {
        Ok(Subscribers {
            mail: options.mail.as_ref().map(MailServer::new).transpose()?,
            sign: Arc::clone(&options.sign),
            timeout: options.timeout,
            plain: OnceLock::new(),
            tls: OnceLock::new(),
        })
    }

    /// The way to an address: connections are kept for all of a scheme.
    fn way(&self, url: &str) -> Result<&HttpClient, AddressError> {
        let kept = match address(url)?.scheme_str() == Some("https") {
            true => &self.tls,
            false => &self.plain,
        };
        match kept.get() {
            Some(client) => Ok(client),
            None => {
                let (client, _) = HttpClient::to(url)?;
                Ok(kept.get_or_init(|| client))
            }
        }
    }

    async fn post(&self, delivery: &Delivery) -> Result<(), NotifyError> {
        let client = self.way(&delivery.endpoint).map_err(|error| match error {
            AddressError::Url(_) => NotifyError::Refused(error.to_string()),
            AddressError::Certificates(_) => NotifyError::Failed(error.to_string()),
        })?;
        let request = request(delivery, &self.sign)?;
        let answer = client.send(request).await.map_err(|error| {
            let text = cause(&error);
            match error.is_connect() {
                true => NotifyError::Failed(text),
                false => NotifyError::Unknown(text),
            }
        })?;
        let (parts, body) = answer.into_parts();
        let _rest = Limited::new(body, ANSWER_BYTES).collect().await;
        verdict(parts.status)
    }

    async fn mail(&self, delivery: &Delivery) -> Result<(), NotifyError> {
        let Some(server) = &self.mail else {
            return Err(NotifyError::Failed("there is no mail server".to_owned()));
        };
        let to: Mailbox = delivery
            .endpoint
            .parse()
            .map_err(|_| NotifyError::Refused("the endpoint is not a mail address".to_owned()))?;
        server.send(&[to], letter(delivery)).await
    }

    async fn send(&self, delivery: &Delivery) -> Result<(), NotifyError> {
        match delivery.protocol.as_str() {
            "http" | "https" => self.post(delivery).await,
            "email" => self.mail(delivery).await,
            other => Err(NotifyError::Refused(format!(
                "nothing is delivered by `{other}`"
            ))),
        }
    }
}

/// A moment as messages have it.
fn utc(at: Time) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::MAX);
    let civil = TimeZone::UTC.to_datetime(at);
    civil.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What is signed: names and values of some members, a line each, in the order of their names. An empty subject is left out.
fn signed_text(delivery: &Delivery) -> String {
    let at = utc(delivery.timestamp);
    let subscribe = delivery.subscribe_url.as_deref().unwrap_or_default();
    let is_message = delivery.kind == DeliveryKind::Notification;
    let parts = [
        ("message", delivery.message.as_str()),
        ("message_id", &delivery.message_id),
        ("subject", if is_message { &delivery.subject } else { "" }),
        ("subscribe_url", if is_message { "" } else { subscribe }),
        ("timestamp", &at),
        ("topic_urn", &delivery.topic_urn),
        ("type", delivery.kind.word()),
    ];
    let optional = |name: &str| matches!(name, "subject" | "subscribe_url");
    let mut text = String::new();
    for (name, value) in parts {
        if !(value.is_empty() && optional(name)) {
            text.push_str(name);
            text.push('\n');
            text.push_str(value);
            text.push('\n');
        }
    }
    text
}

/// The message as it is posted.
fn body(delivery: &Delivery, signature: String) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: String| body.insert(name.to_owned(), Value::String(value));
    put("type", delivery.kind.word().to_owned());
    put("topic_urn", delivery.topic_urn.clone());
    put("message_id", delivery.message_id.clone());
    if delivery.kind == DeliveryKind::Notification {
        put("subject", delivery.subject.clone());
    }
    put("message", delivery.message.clone());
    put("timestamp", utc(delivery.timestamp));
    if let Some(url) = &delivery.subscribe_url {
        put("subscribe_url", url.clone());
    }
    if let Some(url) = &delivery.unsubscribe_url {
        put("unsubscribe_url", url.clone());
    }
    put("signature", signature);
    put("signature_version", "v1".to_owned());
    put("signing_cert_url", delivery.signing_cert_url.clone());
    Value::Object(body)
}

fn request(delivery: &Delivery, sign: &Sign) -> Result<Request<Full<Bytes>>, NotifyError> {
    let signature = sign(&signed_text(delivery)).map_err(NotifyError::Failed)?;
    let body = body(delivery, signature).to_string();
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&delivery.endpoint)
        .header(http::header::CONTENT_TYPE, MEDIA_TYPE)
        .header(http::header::USER_AGENT, "muster")
        .header("X-SMN-MESSAGE-TYPE", delivery.kind.word())
        .header("X-SMN-MESSAGE-ID", &delivery.message_id)
        .header("X-SMN-TOPIC-URN", &delivery.topic_urn)
        .header("X-SMN-SUBSCRIPTION-URN", &delivery.subscription_urn);
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    request
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| NotifyError::Refused(error.to_string()))
}

/// The message as a letter: its text, and the link that its reader may follow.
fn letter(delivery: &Delivery) -> Text {
    let mut body = delivery.message.clone();
    if let Some(url) = &delivery.subscribe_url {
        body.push_str(&format!("\n\nTo confirm: {url}\n"));
    }
    if let Some(url) = &delivery.unsubscribe_url {
        body.push_str(&format!("\n\n--\nTo unsubscribe: {url}\n"));
    }
    let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    // A line break in a subject would be another header.
    let subject = named(&delivery.subject).unwrap_or_else(|| delivery.topic_urn.clone());
    Text {
        id: format!("{}.{}@muster", delivery.message_id, delivery.subscription),
        subject: subject.replace(char::is_control, " "),
        body,
        from_name: named(&delivery.display_name),
    }
}

#[async_trait]
impl Notifier for Subscribers {
    async fn deliver(&self, message: &SavedEvent) -> Result<(), NotifyError> {
        let delivery: Delivery = serde_json::from_value(message.event.body.clone())
            .map_err(|error| NotifyError::Refused(format!("not a delivery: {error}")))?;
        within(self.timeout, self.send(&delivery)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn delivery(kind: DeliveryKind) -> Delivery {
        let urn = "urn:smn:cn-north-4:0dd8:gsh";
        let is_message = kind == DeliveryKind::Notification;
        let link = |path: &str| Some(format!("http://here/{path}"));
        Delivery {
            subscription: muster_model::Ids::new(1).next_id(),
            subscription_urn: format!("{urn}:1"),
            topic_urn: urn.to_owned(),
            display_name: "News".to_owned(),
            kind,
            protocol: "http".to_owned(),
            endpoint: "http://127.0.0.1:9/x".to_owned(),
            headers: BTreeMap::from([("x-team".to_owned(), "ops".to_owned())]),
            message_id: "88c726942175432bac921eafd0036163".to_owned(),
            subject: "demo".to_owned(),
            message: "My test message".to_owned(),
            timestamp: Time(1_471_246_156_000),
            ttl_secs: 60,
            subscribe_url: link("yes").filter(|_| !is_message),
            unsubscribe_url: link("no").filter(|_| is_message),
            signing_cert_url: "http://here/cert".to_owned(),
        }
    }

    #[test]
    fn what_is_signed_is_as_documented() {
        let message = signed_text(&delivery(DeliveryKind::Notification));
        assert_eq!(
            message,
            "message\nMy test message\nmessage_id\n88c726942175432bac921eafd0036163\nsubject\ndemo\n\
             timestamp\n2016-08-15T07:29:16Z\ntopic_urn\nurn:smn:cn-north-4:0dd8:gsh\ntype\nNotification\n"
        );
        let mut plain = delivery(DeliveryKind::Notification);
        plain.subject.clear();
        assert!(!signed_text(&plain).contains("subject"));
        let asked = signed_text(&delivery(DeliveryKind::SubscriptionConfirmation));
        assert!(asked.contains("\nsubscribe_url\nhttp://here/yes\ntimestamp\n"));
        assert!(!asked.contains("subject"), "{asked}");
    }

    #[test]
    fn a_post_has_the_documented_headers_and_members() {
        let sign: Sign = Arc::new(|text| Ok(format!("{} bytes", text.len())));
        let sent = request(&delivery(DeliveryKind::Notification), &sign).unwrap();
        let header = |name: &str| sent.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-smn-message-type"), "Notification");
        assert_eq!(
            header("x-smn-message-id"),
            "88c726942175432bac921eafd0036163"
        );
        assert_eq!(header("x-smn-topic-urn"), "urn:smn:cn-north-4:0dd8:gsh");
        assert_eq!(
            header("x-smn-subscription-urn"),
            "urn:smn:cn-north-4:0dd8:gsh:1"
        );
        assert_eq!(header("x-team"), "ops");
        let names = |kind| -> Vec<String> {
            let body = body(&delivery(kind), "s".to_owned());
            body.as_object().unwrap().keys().cloned().collect()
        };
        let all = |more: &[&str]| {
            let mut names: Vec<String> = more.iter().map(ToString::to_string).collect();
            names.extend(
                "message message_id signature signature_version signing_cert_url timestamp topic_urn type"
                    .split(' ')
                    .map(ToOwned::to_owned),
            );
            names.sort();
            names
        };
        let mut message = names(DeliveryKind::Notification);
        message.sort();
        assert_eq!(message, all(&["subject", "unsubscribe_url"]));
        let mut asked = names(DeliveryKind::SubscriptionConfirmation);
        asked.sort();
        assert_eq!(asked, all(&["subscribe_url"]));
    }

    #[test]
    fn a_letter_has_one_subject_line() {
        let mut message = delivery(DeliveryKind::Notification);
        message.subject = "a\r\nBcc: b".to_owned();
        let text = letter(&message);
        assert_eq!(text.subject, "a  Bcc: b");
        assert_eq!(text.from_name.as_deref(), Some("News"));
        assert!(text.body.ends_with("To unsubscribe: http://here/no\n"));
    }
}
