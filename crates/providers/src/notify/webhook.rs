//! Webhooks: each message is a POST of a CloudEvent, signed after the Standard Webhooks specification.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use muster_ports::{Notifier, NotifyError, SavedEvent};
use sha2::Sha256;

use super::cloud_event::{MEDIA_TYPE, cloud_event, id};
use super::within;
use crate::http_client::{AddressError, HttpClient, cause};

/// Bytes of an answer that are read; the connection is used again if that was all.
const ANSWER_BYTES: usize = 64 * 1024;

/// Where messages are posted, and how they are signed.
pub struct WebhookOptions {
    /// `http://` or `https://`.
    pub url: String,
    /// Key of the signature.
    pub secret: Vec<u8>,
    /// An answer that does not come in this time is none.
    pub timeout: Duration,
    /// The real clock, seconds since the Unix epoch: receivers refuse what was signed long ago.
    pub now_unix_secs: Arc<dyn Fn() -> i64 + Send + Sync>,
}

/// A webhook.
pub struct Webhook {
    client: HttpClient,
    uri: Uri,
    options: WebhookOptions,
}

impl Webhook {
    /// The webhook at an address.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn new(options: WebhookOptions) -> Result<Webhook, AddressError> {
        let (client, uri) = HttpClient::to(&options.url)?;
        Ok(Webhook {
            client,
            uri,
            options,
        })
    }

    /// `v1,` and the HMAC of number, time and body.
    fn signature(&self, id: &str, at: i64, body: &[u8]) -> Result<String, NotifyError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.options.secret)
            .map_err(|error| NotifyError::Refused(format!("the secret: {error}")))?;
        mac.update(format!("{id}.{at}.").as_bytes());
        mac.update(body);
        Ok(format!("v1,{}", BASE64.encode(mac.finalize().into_bytes())))
    }

    fn request(&self, message: &SavedEvent) -> Result<Request<Full<Bytes>>, NotifyError> {
        let (id, at) = (id(message), (self.options.now_unix_secs)());
        let body = cloud_event(message).to_string().into_bytes();
        let signature = self.signature(&id, at, &body)?;
        Request::builder()
            .method(Method::POST)
            .uri(self.uri.clone())
            .header(http::header::CONTENT_TYPE, MEDIA_TYPE)
            .header(http::header::USER_AGENT, "muster")
            .header("webhook-id", id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature)
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| NotifyError::Refused(error.to_string()))
    }

    async fn post(&self, message: &SavedEvent) -> Result<(), NotifyError> {
        let request = self.request(message)?;
        let answer = self.client.send(request).await;
        let answer = answer.map_err(|error| {
            let text = cause(&error);
            match error.is_connect() {
                true => NotifyError::Failed(text),
                false => NotifyError::Unknown(text),
            }
        })?;
        let (parts, body) = answer.into_parts();
        // The answer is in its status; its body only has to be out of the way.
        let _rest = Limited::new(body, ANSWER_BYTES).collect().await;
        verdict(parts.status)
    }
}

/// What a status says of a message. Most that receivers say wrongly or in passing is worth another try.
pub(super) fn verdict(status: StatusCode) -> Result<(), NotifyError> {
    let text = format!("the receiver answered {}", status.as_u16());
    match status {
        _ if status.is_success() => Ok(()),
        StatusCode::BAD_REQUEST
        | StatusCode::GONE
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY => Err(NotifyError::Refused(text)),
        _ => Err(NotifyError::Failed(text)),
    }
}

#[async_trait]
impl Notifier for Webhook {
    async fn deliver(&self, message: &SavedEvent) -> Result<(), NotifyError> {
        within(self.options.timeout, self.post(message)).await
    }
}
