//! NATS: each message is a CloudEvent on a subject, and has arrived when it is acknowledged: by a stream (JetStream) that
//! keeps it, or by a subscriber that replies.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, HeaderMap, RequestErrorKind};
use async_trait::async_trait;
use bytes::Bytes;
use muster_ports::{Notifier, NotifyError, SavedEvent};
use serde_json::Value;
use tokio::sync::Mutex;

use super::cloud_event::{MEDIA_TYPE, cloud_event};
use super::within;
use crate::http_client::cause;

/// Where messages go.
pub struct NatsOptions {
    /// `nats://` or `tls://`, host and port.
    pub url: String,
    /// The subject.
    pub subject: String,
    /// User and password.
    pub login: Option<(String, String)>,
    /// Or a token.
    pub token: Option<String>,
    /// An acknowledgement that does not come in this time is none.
    pub timeout: Duration,
}

/// A subject of NATS.
pub struct Nats {
    options: NatsOptions,
    client: Mutex<Option<Client>>,
}

impl Nats {
    /// The subject; the connection is made with the first message.
    #[must_use]
    pub fn new(options: NatsOptions) -> Nats {
        Nats {
            options,
            client: Mutex::default(),
        }
    }

    /// The connection. One that was lost comes back by itself.
    async fn client(&self) -> Result<Client, NotifyError> {
        let mut kept = self.client.lock().await;
        if let Some(client) = &*kept {
            return match client.connection_state() {
                State::Connected => Ok(client.clone()),
                State::Pending | State::Disconnected => {
                    Err(NotifyError::Failed("the connection is lost".to_owned()))
                }
            };
        }
        let mut options = ConnectOptions::new()
            .name("muster")
            .connection_timeout(self.options.timeout)
            .request_timeout(Some(self.options.timeout));
        if let Some((user, password)) = &self.options.login {
            options = options.user_and_password(user.clone(), password.clone());
        }
        if let Some(token) = &self.options.token {
            options = options.token(token.clone());
        }
        let client = options.connect(&self.options.url).await;
        let client = client.map_err(|error| NotifyError::Failed(cause(&error)))?;
        *kept = Some(client.clone());
        Ok(client)
    }

    async fn publish(&self, message: &SavedEvent) -> Result<(), NotifyError> {
        let client = self.client().await?;
        let mut headers = HeaderMap::new();
        headers.insert("Content-Type", MEDIA_TYPE);
        // A stream keeps one of those that come twice with the same id.
        headers.insert(
            "Nats-Msg-Id",
            format!("{}.{}", message.event.group, message.seq),
        );
        let body = Bytes::from(cloud_event(message).to_string());
        let subject = self.options.subject.clone();
        let answer = client.request_with_headers(subject, headers, body).await;
        match answer {
            Ok(answer) => verdict(&answer.payload),
            Err(error) => Err(match error.kind() {
                RequestErrorKind::NoResponders => {
                    NotifyError::Failed("no stream and no subscriber takes the subject".to_owned())
                }
                RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                    NotifyError::Refused(cause(&error))
                }
                RequestErrorKind::TimedOut | RequestErrorKind::Other => {
                    NotifyError::Unknown(cause(&error))
                }
            }),
        }
    }
}

/// What an acknowledgement says: a stream has its errors in it.
fn verdict(answer: &[u8]) -> Result<(), NotifyError> {
    let answer: Value = serde_json::from_slice(answer).unwrap_or(Value::Null);
    let Some(error) = answer.get("error") else {
        return Ok(());
    };
    let text = format!("the stream answered {error}");
    match error["code"].as_u64() {
        Some(400) => Err(NotifyError::Refused(text)),
        _ => Err(NotifyError::Failed(text)),
    }
}

#[async_trait]
impl Notifier for Nats {
    async fn deliver(&self, message: &SavedEvent) -> Result<(), NotifyError> {
        within(self.options.timeout, self.publish(message)).await
    }
}
