//! Values of metrics that are pushed: each goes to the group that it is of.

use std::collections::BTreeMap;

use muster_model::{
    AccountId, Error, GroupCommand, GroupId, InstanceId, Metric, Point, ResourceKind,
};

use crate::runtime::Runtime;

/// What a value is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// A group as a whole.
    Group(GroupId),
    /// A member of one.
    Instance(InstanceId),
}

impl Runtime {
    /// Takes values in, each with its metric: all or, where one is of nothing that the account has, none. Alarms that
    /// they complete are looked at in a turn that is due at once.
    ///
    /// # Errors
    /// [`Error::NotFound`] for what a value is of; [`Error::QuotaExceeded`] for too many metrics of a group, after those
    /// of other groups have been kept; [`Error::Store`].
    pub async fn measure(
        &self,
        account: AccountId,
        values: &[(Measured, Metric, Point)],
    ) -> Result<(), Error> {
        let mut by_group: BTreeMap<GroupId, Vec<(Metric, Point)>> = BTreeMap::new();
        for (of, metric, point) in values {
            let group = self.measured_group(account, *of)?;
            let points = by_group.entry(group).or_default();
            points.push((metric.clone(), *point));
        }
        for (group, points) in by_group {
            self.apply_to(group, &GroupCommand::Measured(points))
                .await?;
        }
        Ok(())
    }

    fn measured_group(&self, account: AccountId, of: Measured) -> Result<GroupId, Error> {
        let found = match of {
            Measured::Group(id) => self.directory.group(id).map(|slot| slot.view()),
            Measured::Instance(id) => {
                let slots = self.directory.slots().into_iter();
                let mut views = slots.map(|(_, slot)| slot.view());
                views.find(|view| view.instances.contains_key(&id))
            }
        };
        // Accounts never see each other.
        let own = found.filter(|view| view.group.account == account && !view.group.deleting);
        own.map(|view| view.group.id).ok_or_else(|| match of {
            Measured::Group(id) => Error::NotFound {
                kind: ResourceKind::Group,
                id: id.to_string(),
            },
            Measured::Instance(id) => Error::NotFound {
                kind: ResourceKind::Instance,
                id: id.to_string(),
            },
        })
    }
}
