//! What endpoints follow without a key: the links in their messages, and the certificate of signatures.

use http::{Method, StatusCode};
use muster_kit::http::{Incoming, Reply};
use muster_model::{CERTIFICATE_PATH, Error, SubscriberAnswer};
use serde_json::json;

use super::{NO_SUBSCRIPTION, SERVICE, SUBSCRIPTION_URN, TOPIC_URN, Wrong, absent, write, wrong};
use crate::door::Huawei;

/// A link.
pub(crate) enum Link {
    /// Yes, they want to hear the topic.
    Confirm,
    /// No, they do not want to hear it any more.
    Unsubscribe,
    /// The certificate.
    Certificate,
}

impl Link {
    /// The link that a request follows, if it does.
    pub(crate) fn of(incoming: &Incoming) -> Option<Link> {
        if incoming.head.method != Method::GET {
            return None;
        }
        match incoming.head.path.as_str() {
            "/smn/subscription/confirm" | "/rest/v2/notifications/subscription/confirm" => {
                Some(Link::Confirm)
            }
            "/smn/subscription/unsubscribe" => Some(Link::Unsubscribe),
            CERTIFICATE_PATH => Some(Link::Certificate),
            _ => None,
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Link::Confirm => "ConfirmSubscription",
            Link::Unsubscribe => "UnsubscribeSubscription",
            Link::Certificate => "ShowSigningCertificate",
        }
    }
}

/// What somebody says with a link: the topic or the subscription, and the secret.
fn answer(link: &Link, incoming: &Incoming) -> Result<SubscriberAnswer, Wrong> {
    let (name, known, wants) = match link {
        Link::Confirm => ("topic_urn", TOPIC_URN, true),
        Link::Unsubscribe | Link::Certificate => ("subscription_urn", SUBSCRIPTION_URN, false),
    };
    let given = |name: &str| incoming.pairs.get(name).filter(|text| !text.is_empty());
    let urn = given(name).ok_or_else(|| absent(known, name))?;
    let token = given("token").ok_or_else(|| absent(NO_SUBSCRIPTION, "token"))?;
    Ok(SubscriberAnswer {
        urn: urn.to_owned(),
        token: token.to_owned(),
        wants,
    })
}

impl Huawei {
    /// Answers who follows a link.
    pub(crate) async fn follow(&self, link: &Link, incoming: &Incoming) -> Reply {
        if let Link::Certificate = link {
            let pem = self.options.topics.certificate.to_string();
            return Reply {
                content_type: "application/x-pem-file",
                ..Reply::json(StatusCode::OK, pem)
            };
        }
        match self.said(link, incoming).await {
            Ok(urn) => {
                let message = match link {
                    Link::Confirm => "The subscription is confirmed.",
                    Link::Unsubscribe | Link::Certificate => "The subscription is cancelled.",
                };
                let body = json!({
                    "request_id": incoming.request_id,
                    "subscription_urn": urn,
                    "message": message,
                });
                Reply::json(StatusCode::OK, body.to_string())
            }
            Err(wrong) => {
                let body = write(&wrong, &incoming.request_id).to_string();
                let mut reply = Reply::json(wrong.status, body);
                reply.code = wrong.code;
                reply
            }
        }
    }

    async fn said(&self, link: &Link, incoming: &Incoming) -> Result<String, Wrong> {
        let answer = answer(link, incoming)?;
        let said = self.api.subscriber_says(&answer).await;
        said.map_err(|error| match error {
            // Neither the secret nor whether there is such a subscription is told.
            Error::NotFound { .. } => wrong(
                NO_SUBSCRIPTION,
                "The link is not, or not any more, that of a subscription.",
            ),
            other => Wrong {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: SERVICE.codes.system.to_owned(),
                message: format!("{other}."),
            },
        })
    }
}
