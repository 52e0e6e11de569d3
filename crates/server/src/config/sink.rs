//! `[[sink]]`: who is told.

use muster_model::AccountId;
use muster_runtime::Targets;
use serde::Deserialize;

use super::Within;

/// `[[sink]]`: a receiver of messages, and which are its.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SinkConfig {
    pub(crate) name: String,
    pub(crate) kind: SinkKind,
    pub(crate) account: Option<String>,
    #[serde(default)]
    user_groups: Vec<String>,
    #[serde(default)]
    queues: Vec<String>,
    #[serde(default)]
    topics: Vec<String>,
    #[serde(default)]
    unaddressed: bool,
    #[serde(default = "patience")]
    pub(crate) patience_secs: Within<0, 86_400>,
    #[serde(default = "timeout")]
    pub(crate) timeout_secs: Within<1, 300>,
    #[serde(default = "groups_at_once")]
    pub(crate) groups_at_once: Within<1, 256>,
    pub(crate) url: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) secret: Option<String>,
    pub(crate) secret_env: Option<String>,
    pub(crate) from: Option<String>,
    #[serde(default)]
    pub(crate) to: Vec<String>,
    pub(crate) subject: Option<String>,
}

/// Whether a kind of receiver has something.
#[derive(Clone, Copy)]
enum Need {
    No,
    May,
    Must,
}

/// What a receiver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SinkKind {
    /// A POST to an address.
    Webhook,
    /// Mail.
    Smtp,
    /// A subject of a message broker.
    Nats,
    /// Fetched from here.
    Queue,
}

fn patience() -> Within<0, 86_400> {
    Within(86_400)
}

fn timeout() -> Within<1, 300> {
    Within(10)
}

fn groups_at_once() -> Within<1, 256> {
    Within(8)
}

impl std::fmt::Debug for SinkConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SinkConfig")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl SinkConfig {
    /// What is wrong with it as a whole, if anything is.
    pub(super) fn problem(&self) -> Option<String> {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !(1..=64).contains(&self.name.len()) || !self.name.chars().all(good) {
            return Some("a name of 1 to 64 letters, digits, `-` and `_` is right".to_owned());
        }
        let named = [&self.user_groups, &self.queues, &self.topics];
        if named.iter().all(|names| names.is_empty()) && !self.unaddressed {
            let needed = "one of user_groups, queues, topics and unaddressed is needed";
            return Some(needed.to_owned());
        }
        for (name, given, need) in self.parts() {
            match (given, need) {
                (false, Need::Must) => return Some(format!("{name} is needed")),
                (true, Need::No) => return Some(format!("{name} is not for this kind")),
                (true, Need::Must) | (_, Need::May) | (false, Need::No) => {}
            }
        }
        if self.user.is_some() && self.secret.is_none() && self.secret_env.is_none() {
            return Some("user goes with secret or secret_env".to_owned());
        }
        if self.secret.is_some() && self.secret_env.is_some() {
            return Some("exactly one of secret and secret_env is right".to_owned());
        }
        None
    }

    /// What a kind may have: its name, whether it is there, and whether it has to be.
    fn parts(&self) -> [(&'static str, bool, Need); 6] {
        use Need::{May, Must, No};
        let [url, user, secret, from, to, subject] = match self.kind {
            SinkKind::Webhook => [Must, No, Must, No, No, No],
            SinkKind::Smtp => [Must, May, May, Must, Must, No],
            SinkKind::Nats => [Must, May, May, No, No, Must],
            SinkKind::Queue => [No; 6],
        };
        let has_secret = self.secret.is_some() || self.secret_env.is_some();
        [
            ("url", self.url.is_some(), url),
            ("user", self.user.is_some(), user),
            ("secret or secret_env", has_secret, secret),
            ("from", self.from.is_some(), from),
            ("to", !self.to.is_empty(), to),
            ("subject", self.subject.is_some(), subject),
        ]
    }

    /// The secret, from here or from the environment; empty when there is none.
    pub(crate) fn secret(&self) -> Result<String, String> {
        match (&self.secret, &self.secret_env) {
            (Some(secret), _) => Ok(secret.clone()),
            (None, Some(name)) => {
                let absent = |_| format!("the environment variable {name} is not set");
                std::env::var(name).map_err(absent)
            }
            (None, None) => Ok(String::new()),
        }
    }

    /// Which messages are its; `account` is the one that it names.
    pub(crate) fn targets(&self, account: Option<AccountId>) -> Targets {
        Targets {
            account,
            user_groups: self.user_groups.clone(),
            queues: self.queues.clone(),
            topics: self.topics.clone(),
            unaddressed: self.unaddressed,
        }
    }
}
