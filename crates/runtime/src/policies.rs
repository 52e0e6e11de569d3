//! What is set of policies natively.

use std::sync::Arc;

use muster_model::{
    AccountId, Created, Error, GroupCommand, Policy, PolicyCommand, PolicyId, PolicyOptions,
    ResourceKind,
};

use crate::runtime::Runtime;

impl Runtime {
    /// A policy of an account.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for one of another account: accounts never see each other.
    pub fn policy(&self, account: AccountId, id: PolicyId) -> Result<Arc<Policy>, Error> {
        self.policy_where(account, &id.to_string(), |policy| policy.id == id)
    }

    fn policy_where(
        &self,
        account: AccountId,
        id: &str,
        is_meant: impl Fn(&Policy) -> bool,
    ) -> Result<Arc<Policy>, Error> {
        let slots = self.directory.slots().into_iter();
        let mut views = slots.map(|(_, slot)| slot.view());
        let own = views.find_map(|view| {
            let own = view.group.account == account && !view.group.deleting;
            let mut policies = view.parts.policies.values();
            policies.find(|policy| own && is_meant(policy)).cloned()
        });
        own.ok_or_else(|| Error::NotFound {
            kind: ResourceKind::Policy,
            id: id.to_owned(),
        })
    }

    /// A policy of an account, by its id in any spelling.
    ///
    /// # Errors
    /// As [`Runtime::policy`].
    pub fn policy_called(&self, account: AccountId, text: &str) -> Result<Arc<Policy>, Error> {
        self.policy_where(account, text, |policy| policy.is_called(text))
    }

    /// Sets the options of a policy of an account, as a whole; they are within their ranges.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Store`].
    pub async fn set_policy_options(
        &self,
        account: AccountId,
        id: PolicyId,
        options: PolicyOptions,
    ) -> Result<Created, Error> {
        let group = self.policy(account, id)?.group;
        let options = Box::new(options);
        let command = PolicyCommand::SetOptions { id, options };
        self.apply_to(group, &GroupCommand::Policy(command)).await
    }
}
