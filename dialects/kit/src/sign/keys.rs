//! A bounded store of signing keys already derived, for a caller that wants to save the derivation (three HMACs) on
//! each request. Optional: checking without it is right, only slower.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use super::canonical::{HmacSha256, same};

/// Signing keys by credential (`SecretId/date/service/...`).
///
/// A key is kept only after a signature made with it was accepted, so strangers cannot fill the store. When it is full
/// it is emptied: entries live a day at most anyway, and deriving again costs about a microsecond.
pub struct SigningKeys {
    capacity: usize,
    keys: Mutex<HashMap<String, Derived>>,
}

struct Derived {
    /// The secret the key came from: after a change of secret the old key must not count.
    secret: Zeroizing<Vec<u8>>,
    key: HmacSha256,
}

impl SigningKeys {
    /// An empty store for at most `capacity` keys (at least one).
    pub fn new(capacity: usize) -> Self {
        SigningKeys {
            capacity: capacity.max(1),
            keys: Mutex::default(),
        }
    }

    /// How many keys are kept now.
    pub fn len(&self) -> usize {
        self.keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Whether no key is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get(&self, credential: &str, secret: &[u8]) -> Option<HmacSha256> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let derived = keys.get(credential)?;
        same(&derived.secret, secret).then(|| derived.key.clone())
    }

    pub(super) fn keep(&self, credential: &str, secret: &[u8], key: HmacSha256) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= self.capacity && !keys.contains_key(credential) {
            keys.clear();
        }
        keys.insert(
            credential.to_owned(),
            Derived {
                secret: Zeroizing::new(secret.to_vec()),
                key,
            },
        );
    }
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeys")
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
