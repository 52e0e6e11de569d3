//! Who may call: two accounts and their keys.

use async_trait::async_trait;
use muster_model::{Access, AccountId, Site};
use muster_ports::{Credential, Identity, Keys, LoggedIn};

/// The key that may do everything.
pub const KEY: &str = "AKIDtest";
/// A key of the same account that may only look.
pub const READ_ONLY: &str = "AKIDreader";
/// A key of another account.
pub const OTHER: &str = "AKIDother";
/// The secret of every key, and the password of its user.
pub const SECRET: &str = "test-secret";
/// The project of the account, for the door that has such ids.
pub const PROJECT: &str = "0dd8cb413000906a2fcdc019b5a84546";
/// The one region that is known to that door; the others take every region for served but `nowhere`.
pub const REGION: &str = "cn-north-4";

/// The accounts.
#[derive(Clone, Copy, Debug)]
pub struct Accounts {
    /// The one that calls, named `test`.
    pub own: AccountId,
    /// Another one, named `other`.
    pub other: AccountId,
}

impl Keys for Accounts {
    fn find(&self, access_key_id: &str) -> Option<Credential> {
        let (account, access) = match access_key_id {
            KEY => (self.own, Access::Full),
            READ_ONLY => (self.own, Access::ReadOnly),
            OTHER => (self.other, Access::Full),
            _ => return None,
        };
        Some(Credential {
            account,
            user: "admin".to_owned(),
            access,
            secret: SECRET.into(),
        })
    }

    fn site(&self, region: &str) -> Option<Site> {
        (region != "nowhere").then(Site::default)
    }
}

#[async_trait]
impl Identity for Accounts {
    fn log_in(&self, _: &str, _: &str, password: &str) -> Option<LoggedIn> {
        let credential = self.find(KEY).filter(|_| password == SECRET)?;
        Some(LoggedIn {
            access_key_id: KEY.to_owned(),
            credential,
        })
    }

    fn account_name(&self, account: AccountId) -> Option<String> {
        let names = [(self.own, "test"), (self.other, "other")];
        let found = names.into_iter().find(|(id, _)| *id == account);
        found.map(|(_, name)| name.to_owned())
    }

    fn project(&self, _: AccountId, _: &str) -> String {
        PROJECT.to_owned()
    }

    fn project_of(&self, id: &str) -> Option<(AccountId, String)> {
        (id == PROJECT).then(|| (self.own, REGION.to_owned()))
    }

    fn regions(&self) -> Vec<String> {
        vec![REGION.to_owned()]
    }

    fn has_sites(&self) -> bool {
        false
    }

    async fn use_region(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
}
