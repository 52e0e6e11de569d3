//! Tokens: what a password log-in gives. The server keeps none of them: a token carries what it stands for, sealed, so
//! that it survives a restart, and stops when its key is gone or a day is over.

use serde::{Deserialize, Serialize};

/// How long a token lasts, seconds (L313).
pub(crate) const TOKEN_SECS: i64 = 24 * 3600;

/// What a token stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    /// The key whose secret was the password.
    pub(crate) key: String,
    /// The project that it is scoped to; `None` = the account as a whole.
    pub(crate) project: Option<String>,
    /// The region of that project, empty when it is not known.
    pub(crate) region: String,
    /// When it was given, seconds since the Unix epoch.
    pub(crate) issued: i64,
}

impl Token {
    /// When it ends, seconds since the Unix epoch.
    pub(crate) fn expires(&self) -> i64 {
        self.issued.saturating_add(TOKEN_SECS)
    }

    /// Whether it still counts.
    pub(crate) fn is_fresh(&self, now_unix_secs: i64) -> bool {
        (self.issued - 60..self.expires()).contains(&now_unix_secs)
    }
}
