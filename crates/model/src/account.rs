//! Accounts, their keys and sites.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Time};

/// A tenant. Accounts never see each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name, unique.
    pub name: String,
    /// Guards the account's collections (which groups and configurations exist, under which names).
    pub version: u64,
    /// When it was made.
    pub created_at: Time,
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// Everything.
    Full,
    /// Only look.
    ReadOnly,
}

/// A key pair as it is stored: the secret is sealed (encrypted), never in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// The public half, `SecretId` / `AccessKeyId` / `AK`.
    pub access_key_id: String,
    /// Whose it is.
    pub account: AccountId,
    /// The user it belongs to, `admin` for the first.
    pub user: String,
    /// What it may do.
    pub access: Access,
    /// The sealed secret, base64.
    pub sealed_secret: String,
    /// When it was made.
    pub created_at: Time,
}

/// The place that region names are bound to. Every region name means `local` unless the configuration says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Site(pub String);

impl Default for Site {
    fn default() -> Self {
        Site("local".to_owned())
    }
}
