//! Mail: each message is one, handed to an SMTP server.

use std::time::Duration;

use async_trait::async_trait;
use http::Uri;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::response::Code;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use muster_model::EventKind;
use muster_ports::{Notifier, NotifyError, SavedEvent};

use super::within;
use crate::http_client::cause;

/// Where mail is handed over, and to whom it goes.
pub struct MailOptions {
    /// `smtp://` (plain), `smtp+starttls://` or `smtps://`, host and port.
    pub url: String,
    /// User and password, if the server wants them.
    pub login: Option<(String, String)>,
    /// Who it is from.
    pub from: String,
    /// Who it is for.
    pub to: Vec<String>,
    /// An answer that does not come in this time is none.
    pub timeout: Duration,
}

/// Why mail cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server.
    #[error(
        "`{0}` is not the address of a mail server: smtp://HOST, smtp+starttls://HOST or smtps://HOST is right"
    )]
    Url(String),
    /// An address.
    #[error("`{0}` is not a mail address")]
    Address(String),
    /// TLS.
    #[error("TLS: {0}")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// Where mail is handed over, whoever it is for.
#[derive(Clone)]
pub struct MailServerOptions {
    /// `smtp://` (plain), `smtp+starttls://` or `smtps://`, host and port.
    pub url: String,
    /// User and password, if the server wants them.
    pub login: Option<(String, String)>,
    /// Who it is from.
    pub from: String,
    /// An answer that does not come in this time is none.
    pub timeout: Duration,
}

/// What a letter says.
pub(super) struct Text {
    /// Its Message-ID, without brackets.
    pub(super) id: String,
    /// What it is about.
    pub(super) subject: String,
    /// What it says.
    pub(super) body: String,
    /// The name that it is from, instead of the server's own.
    pub(super) from_name: Option<String>,
}

/// A mail server.
pub(super) struct MailServer {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    pub(super) timeout: Duration,
}

impl MailServer {
    /// The way to a server.
    pub(super) fn new(options: &MailServerOptions) -> Result<MailServer, MailError> {
        let wrong = || MailError::Url(options.url.clone());
        let uri: Uri = options.url.parse().map_err(|_| wrong())?;
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(wrong)?;
        let (port, tls) = match uri.scheme_str() {
            Some("smtp") => (25, Tls::None),
            Some("smtp+starttls") => (587, Tls::Required(TlsParameters::new(host.to_owned())?)),
            Some("smtps") => (465, Tls::Wrapper(TlsParameters::new(host.to_owned())?)),
            _ => return Err(wrong()),
        };
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(uri.port_u16().unwrap_or(port))
            .tls(tls)
            .timeout(Some(options.timeout));
        if let Some((user, password)) = &options.login {
            server = server.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(MailServer {
            server: server.build(),
            from: mailbox(&options.from)?,
            timeout: options.timeout,
        })
    }

    fn letter(&self, to: &[Mailbox], text: Text) -> Result<Message, NotifyError> {
        let mut from = self.from.clone();
        if let Some(name) = text.from_name {
            from.name = Some(name);
        }
        let mut letter = Message::builder()
            .from(from)
            .message_id(Some(format!("<{}>", text.id)))
            .subject(text.subject)
            .header(ContentType::TEXT_PLAIN);
        for to in to {
            letter = letter.to(to.clone());
        }
        letter
            .body(text.body)
            .map_err(|error| NotifyError::Refused(error.to_string()))
    }

    /// Hands a letter over.
    pub(super) async fn send(&self, to: &[Mailbox], text: Text) -> Result<(), NotifyError> {
        let letter = self.letter(to, text)?;
        match self.server.send(letter).await {
            Ok(_) => Ok(()),
            Err(error) => Err(verdict(&error)),
        }
    }
}

/// Mail.
pub struct Mail {
    server: MailServer,
    to: Vec<Mailbox>,
}

pub(super) fn mailbox(address: &str) -> Result<Mailbox, MailError> {
    let wrong = |_| MailError::Address(address.to_owned());
    address.parse().map_err(wrong)
}

impl Mail {
    /// Mail over a server.
    ///
    /// # Errors
    /// See [`MailError`].
    pub fn new(options: &MailOptions) -> Result<Mail, MailError> {
        let server = MailServer::new(&MailServerOptions {
            url: options.url.clone(),
            login: options.login.clone(),
            from: options.from.clone(),
            timeout: options.timeout,
        })?;
        let to = options.to.iter().map(|address| mailbox(address));
        Ok(Mail {
            server,
            to: to.collect::<Result<_, _>>()?,
        })
    }

    async fn send(&self, message: &SavedEvent) -> Result<(), NotifyError> {
        let text = Text {
            id: format!("{}.{}@muster", message.seq, message.event.group),
            subject: subject(message),
            body: serde_json::to_string_pretty(&message.event.body).unwrap_or_default(),
            from_name: None,
        };
        self.server.send(&self.to, text).await
    }
}

/// What it is about, in a line.
fn subject(message: &SavedEvent) -> String {
    let event = &message.event;
    let first = |names: [&str; 2]| {
        let mut words = names.into_iter().map(|name| event.body[name].as_str());
        words.find_map(|word| word).unwrap_or_default()
    };
    let what = match event.kind {
        EventKind::Notification => [
            first(["ActivityType", "topic_scene"]),
            first(["StatusCode", ""]),
        ],
        EventKind::Hook => [
            first(["LifecycleTransition", "lifecycle_transition"]),
            first(["InstanceId", "instance_id"]),
        ],
        EventKind::Published | EventKind::Delivery => {
            return format!("[muster] {}", first(["subject", ""]));
        }
    };
    format!("[muster] {} {}", event.group, what.join(" ").trim_end())
}

/// Whether a server complains of who hands the letter over, not of the letter.
fn is_about_login(code: Code) -> bool {
    matches!(u16::from(code), 530 | 534 | 535 | 538)
}

/// What a failure says of a letter.
fn verdict(error: &lettre::transport::smtp::Error) -> NotifyError {
    let text = cause(error);
    if error.is_client() || (error.is_permanent() && !error.status().is_some_and(is_about_login)) {
        NotifyError::Refused(text)
    } else if error.is_transient() || error.is_permanent() || error.is_tls() {
        NotifyError::Failed(text)
    } else {
        NotifyError::Unknown(text)
    }
}

#[async_trait]
impl Notifier for Mail {
    async fn deliver(&self, message: &SavedEvent) -> Result<(), NotifyError> {
        within(self.server.timeout, self.send(message)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str, from: &str) -> MailOptions {
        MailOptions {
            url: url.to_owned(),
            login: None,
            from: from.to_owned(),
            to: vec!["ops@example.org".to_owned()],
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn wrong_addresses_are_told() {
        for url in ["smtp://mail", "smtps://mail:4650", "smtp+starttls://mail"] {
            assert!(
                Mail::new(&options(url, "Muster <m@example.org>")).is_ok(),
                "{url}"
            );
        }
        for url in ["mail", "http://mail", "smtp://"] {
            assert!(
                matches!(Mail::new(&options(url, "m@x.org")), Err(MailError::Url(_))),
                "{url}"
            );
        }
        let nobody = Mail::new(&options("smtp://mail", "nobody"));
        assert!(matches!(nobody, Err(MailError::Address(_))));
    }

    #[test]
    fn a_subject_says_what_it_is_about() {
        let message = |kind, body| SavedEvent {
            seq: 1,
            event: muster_model::Event {
                group: muster_model::Ids::new(1).next_id(),
                account: None,
                at: muster_model::Time(0),
                kind,
                to: None,
                body,
            },
        };
        let ended = serde_json::json!({ "ActivityType": "SCALE_IN", "StatusCode": "FAILED" });
        let ended = message(EventKind::Notification, ended);
        assert_eq!(subject(&ended), "[muster] asg-kxegjwej SCALE_IN FAILED");
        let strange = message(EventKind::Hook, serde_json::Value::Null);
        assert_eq!(subject(&strange), "[muster] asg-kxegjwej ");
        let urn = serde_json::json!({ "topic_scene": "SCALING_UP" });
        let urn = message(EventKind::Notification, urn);
        assert_eq!(subject(&urn), "[muster] asg-kxegjwej SCALING_UP");
        let published = message(EventKind::Published, serde_json::json!({ "subject": "hi" }));
        assert_eq!(subject(&published), "[muster] hi");
    }
}
