//! `[smn]`: topics that are made here, and how those who subscribe are told.

use std::time::Duration;

use muster_providers::notify::mail::MailServerOptions;
use serde::Deserialize;

use super::Within;

/// When a subscription counts as confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Confirmation {
    /// When it is made.
    AtOnce,
    /// When its endpoint has followed the link.
    ByEndpoint,
}

/// `[smn]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SmnConfig {
    pub(crate) confirmed: Confirmation,
    pub(crate) timeout_secs: Within<1, 300>,
    pub(crate) endpoints_at_once: Within<1, 1024>,
    public_url: Option<String>,
    mail_url: Option<String>,
    mail_from: Option<String>,
    mail_user: Option<String>,
    mail_secret: Option<String>,
    mail_secret_env: Option<String>,
}

impl Default for SmnConfig {
    fn default() -> Self {
        SmnConfig {
            confirmed: Confirmation::AtOnce,
            timeout_secs: Within(10),
            endpoints_at_once: Within(64),
            public_url: None,
            mail_url: None,
            mail_from: None,
            mail_user: None,
            mail_secret: None,
            mail_secret_env: None,
        }
    }
}

impl std::fmt::Debug for SmnConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmnConfig")
            .field("confirmed", &self.confirmed)
            .field("mail_url", &self.mail_url)
            .finish_non_exhaustive()
    }
}

impl SmnConfig {
    /// Where clients reach this service, without a `/` at the end.
    pub(crate) fn public_url(&self) -> Option<&str> {
        self.public_url
            .as_deref()
            .map(|url| url.trim_end_matches('/'))
    }

    fn public_problem(&self) -> Option<String> {
        let text = self.public_url.as_ref()?;
        let url: Option<http::Uri> = text.parse().ok();
        let good = url.is_some_and(|url| {
            matches!(url.scheme_str(), Some("http" | "https"))
                && url.host().is_some_and(|host| !host.is_empty())
                && url.query().is_none()
        });
        let wrong = || format!("public_url `{text}`: http://HOST:PORT or https://HOST is right");
        (!good).then(wrong)
    }

    /// What is wrong with it as a whole, if anything is.
    pub(super) fn problem(&self) -> Option<String> {
        if let Some(problem) = self.public_problem() {
            return Some(problem);
        }
        let secrets = [&self.mail_secret, &self.mail_secret_env];
        let secrets = secrets.into_iter().flatten().count();
        let rest = self.mail_from.is_some() || self.mail_user.is_some() || secrets > 0;
        match &self.mail_url {
            None if rest => Some("mail_url is needed with the others of mail".to_owned()),
            Some(_) if self.mail_from.is_none() => Some("mail_from is needed".to_owned()),
            _ if secrets > 1 => Some("one of mail_secret and mail_secret_env is right".to_owned()),
            _ if self.mail_user.is_some() != (secrets > 0) => {
                Some("mail_user goes with mail_secret or mail_secret_env".to_owned())
            }
            None | Some(_) => None,
        }
    }

    fn secret(&self) -> Result<String, String> {
        match (&self.mail_secret, &self.mail_secret_env) {
            (Some(secret), _) => Ok(secret.clone()),
            (None, Some(name)) => {
                let absent = |_| format!("the environment variable {name} is not set");
                std::env::var(name).map_err(absent)
            }
            (None, None) => Ok(String::new()),
        }
    }

    /// Whether there is a mail server.
    pub(crate) fn has_mail(&self) -> bool {
        self.mail_url.is_some()
    }

    /// How long an endpoint may take.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_secs.0))
    }

    /// The mail server, if there is one.
    pub(crate) fn mail(&self) -> Result<Option<MailServerOptions>, String> {
        let Some(url) = &self.mail_url else {
            return Ok(None);
        };
        let secret = self.secret()?;
        Ok(Some(MailServerOptions {
            url: url.clone(),
            login: self.mail_user.clone().map(|user| (user, secret)),
            from: self.mail_from.clone().unwrap_or_default(),
            timeout: self.timeout(),
        }))
    }
}
