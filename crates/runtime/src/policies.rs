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
        let slots = self.directory.slots().into_iter();
        let views = slots.map(|(_, slot)| slot.view());
        let own = views
            .filter(|view| view.group.account == account && !view.group.deleting)
            .find_map(|view| view.parts.policies.get(&id).cloned());
        own.ok_or_else(|| Error::NotFound {
            kind: ResourceKind::Policy,
            id: id.to_string(),
        })
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
