//! Accounts and keys: made, sealed, stored, and held in memory for looking up.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use muster_model::{Access, AccessKey, Account, AccountId, Ids, Site, Time};
use muster_ports::{Commit, Credential, Keys, Row, Store};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::config::SiteConfig;
use crate::seal::{Sealer, entropy, write_private};

/// Name of the first account.
pub(crate) const FIRST_ACCOUNT: &str = "muster";
/// Letters of keys.
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What `muster account` prints, and `credentials.json` holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct NewKey {
    pub(crate) account: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

/// A line of `muster account list`.
#[derive(Serialize, Deserialize)]
pub(crate) struct ListedKey {
    pub(crate) account: String,
    pub(crate) access_key_id: String,
    pub(crate) user: String,
    pub(crate) read_only: bool,
}

struct Held {
    accounts: Vec<Arc<Account>>,
    keys: HashMap<String, Credential>,
}

/// All accounts and keys.
pub(crate) struct Keyring {
    store: Arc<dyn Store>,
    sealer: Arc<Sealer>,
    sites: Vec<SiteConfig>,
    held: RwLock<Held>,
}

/// A text of random letters and digits.
fn random_text<const LENGTH: usize>() -> String {
    // 64 letters would be even; of 62 some are a little likelier, which costs a small part of a bit each.
    entropy::<LENGTH>()
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

impl Keyring {
    /// Reads what is stored and opens the secrets.
    pub(crate) async fn load(
        store: Arc<dyn Store>,
        sealer: Arc<Sealer>,
        sites: Vec<SiteConfig>,
    ) -> Result<Keyring, String> {
        let accounts = store.accounts().await.map_err(|error| error.to_string())?;
        let mut keys = HashMap::new();
        for key in store
            .access_keys()
            .await
            .map_err(|error| error.to_string())?
        {
            keys.insert(key.access_key_id.clone(), credential(&sealer, &key)?);
        }
        Ok(Keyring {
            store,
            sealer,
            sites,
            held: RwLock::new(Held { accounts, keys }),
        })
    }

    fn read<T>(&self, with: impl FnOnce(&Held) -> T) -> T {
        with(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The account with this name.
    pub(crate) fn account(&self, name: &str) -> Option<Arc<Account>> {
        self.read(|held| {
            held.accounts
                .iter()
                .find(|account| account.name == name)
                .cloned()
        })
    }

    /// All accounts.
    pub(crate) fn accounts(&self) -> Vec<Arc<Account>> {
        self.read(|held| held.accounts.clone())
    }

    /// How many accounts there are: they only ever become more.
    pub(crate) fn count(&self) -> usize {
        self.read(|held| held.accounts.len())
    }

    /// The key of an account's user whose secret this is. Every key is compared, in constant time.
    pub(crate) fn by_user(
        &self,
        account: AccountId,
        user: &str,
        secret: &str,
    ) -> Option<(String, Credential)> {
        self.read(|held| {
            let mut found = None;
            for (id, credential) in &held.keys {
                let same = bool::from(credential.secret.as_bytes().ct_eq(secret.as_bytes()));
                if same && credential.account == account && credential.user == user {
                    found = Some((id.clone(), credential.clone()));
                }
            }
            found
        })
    }

    /// Whether there is no account yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.read(|held| held.accounts.is_empty())
    }

    /// Makes an account. Its key comes from [`Keyring::add_key`].
    pub(crate) async fn add_account(&self, name: &str, now: Time) -> Result<Arc<Account>, String> {
        let good = (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !good {
            return Err(format!(
                "`{name}` is no account name: 1 to 64 letters, digits, `-`, `_` and `.`"
            ));
        }
        if self.account(name).is_some() {
            return Err(format!("there is an account `{name}` already"));
        }
        let id: AccountId = Ids::new(u64::from_le_bytes(entropy())).next_id();
        let account = Arc::new(Account {
            id,
            name: name.to_owned(),
            version: 1,
            created_at: now,
        });
        let rows = vec![Row::Account(Arc::clone(&account))];
        self.store
            .commit(Commit {
                guards: Vec::new(),
                rows,
            })
            .await
            .map_err(|error| error.to_string())?;
        self.held
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .accounts
            .push(Arc::clone(&account));
        Ok(account)
    }

    /// Makes a key for an account; `given`: with this id and secret.
    pub(crate) async fn add_key(
        &self,
        account: &Account,
        access: Access,
        given: Option<(String, String)>,
        now: Time,
    ) -> Result<NewKey, String> {
        let (id, secret) =
            given.unwrap_or_else(|| (format!("AKID{}", random_text::<32>()), random_text::<40>()));
        if self.find(&id).is_some_and(|old| old.account != account.id) {
            return Err(format!("the key `{id}` belongs to another account"));
        }
        let key = AccessKey {
            access_key_id: id.clone(),
            account: account.id,
            user: "admin".to_owned(),
            access,
            sealed_secret: self.sealer.seal(&id, &secret)?,
            created_at: now,
        };
        let held = credential(&self.sealer, &key)?;
        let rows = vec![Row::AccessKey(Arc::new(key))];
        self.store
            .commit(Commit {
                guards: Vec::new(),
                rows,
            })
            .await
            .map_err(|error| error.to_string())?;
        self.held
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .keys
            .insert(id.clone(), held);
        Ok(NewKey {
            account: account.name.clone(),
            access_key_id: id,
            secret_access_key: secret,
        })
    }

    /// All keys without their secrets.
    pub(crate) fn list(&self) -> Vec<ListedKey> {
        self.read(|held| {
            let name = |id: AccountId| {
                held.accounts
                    .iter()
                    .find(|account| account.id == id)
                    .map(|a| a.name.clone())
            };
            let mut keys: Vec<ListedKey> = held
                .keys
                .iter()
                .map(|(id, key)| ListedKey {
                    account: name(key.account).unwrap_or_default(),
                    access_key_id: id.clone(),
                    user: key.user.clone(),
                    read_only: key.access == Access::ReadOnly,
                })
                .collect();
            keys.sort_by(|a, b| {
                (&a.account, &a.access_key_id).cmp(&(&b.account, &b.access_key_id))
            });
            keys
        })
    }

    /// Whose secret this is: what the native endpoints are called with. Every key is compared, in constant time.
    pub(crate) fn by_secret(&self, secret: &str) -> Option<Credential> {
        self.read(|held| {
            let mut found = None;
            for credential in held.keys.values() {
                if bool::from(credential.secret.as_bytes().ct_eq(secret.as_bytes())) {
                    found = Some(credential.clone());
                }
            }
            found
        })
    }

    /// Makes the first account and key if there are none; returns the key when it was made up and is to be shown.
    pub(crate) async fn first_key(&self, dir: &Path, now: Time) -> Result<Option<NewKey>, String> {
        let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let given = match (env("MUSTER_ACCESS_KEY_ID"), env("MUSTER_SECRET_ACCESS_KEY")) {
            (Some(id), Some(secret)) => Some((id, secret)),
            (None, None) => None,
            _ => {
                return Err(
                    "MUSTER_ACCESS_KEY_ID and MUSTER_SECRET_ACCESS_KEY must be set together"
                        .to_owned(),
                );
            }
        };
        let fresh = self.is_empty();
        let account = match self.account(FIRST_ACCOUNT) {
            Some(account) => account,
            None => self.add_account(FIRST_ACCOUNT, now).await?,
        };
        if let Some(given) = given {
            self.add_key(&account, Access::Full, Some(given), now)
                .await?;
            return Ok(None);
        }
        // An account without a key: the last start was cut off between the two.
        if !fresh && self.read(|held| held.keys.values().any(|key| key.account == account.id)) {
            return Ok(None);
        }
        let key = self.add_key(&account, Access::Full, None, now).await?;
        let text = serde_json::to_string(&key).map_err(|error| error.to_string())?;
        write_private(&dir.join("credentials.json"), text.as_bytes())?;
        Ok(Some(key))
    }
}

fn credential(sealer: &Sealer, key: &AccessKey) -> Result<Credential, String> {
    let secret = sealer.open_sealed(&key.access_key_id, &key.sealed_secret)?;
    Ok(Credential {
        account: key.account,
        user: key.user.clone(),
        access: key.access,
        secret: Arc::from(secret.as_str()),
    })
}

impl Keys for Keyring {
    fn find(&self, access_key_id: &str) -> Option<Credential> {
        self.read(|held| held.keys.get(access_key_id).cloned())
    }

    fn site(&self, region: &str) -> Option<Site> {
        let bound = self
            .sites
            .iter()
            .find(|site| site.regions.iter().any(|name| name == region));
        Some(bound.map_or_else(Site::default, |site| Site(site.name.clone())))
    }
}
