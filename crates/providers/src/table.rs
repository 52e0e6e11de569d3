//! A table of members for balancers that follow it: Muster writes down who is to get load, and serves that at
//! `GET /_muster/v1/balancers`; whatever carries the load reads it there. The table itself carries none and knows
//! nothing of health.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use muster_model::{
    BalancerTarget, GroupId, Instance, Member, MemberHealth, MemberSpec, MemberState, OwnerKey,
};
use muster_ports::{BalancerError, Listing, LoadBalancer, MemberTable};

/// The table. In memory: what is written down of the instances fills it at the start.
#[derive(Default)]
pub struct TableBalancer {
    table: Mutex<MemberTable>,
}

impl TableBalancer {
    /// The table as `instances` say it is, of the targets that are `ours`.
    pub fn of<'a>(
        instances: impl IntoIterator<Item = &'a Instance>,
        ours: impl Fn(&BalancerTarget) -> bool,
    ) -> TableBalancer {
        let mut table = MemberTable::default();
        for instance in instances {
            for binding in instance
                .bindings
                .iter()
                .filter(|binding| binding.wanted && ours(&binding.target))
            {
                table.put(Member {
                    owner: OwnerKey {
                        group: instance.group,
                        instance: instance.id,
                    },
                    target: binding.target.clone(),
                    weight: binding.weight,
                    state: MemberState::Active,
                    health: MemberHealth::Unknown,
                    in_flight: None,
                });
            }
        }
        TableBalancer {
            table: Mutex::new(table),
        }
    }

    fn table(&self) -> MutexGuard<'_, MemberTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl LoadBalancer for TableBalancer {
    async fn attach(&self, member: &MemberSpec) -> Result<(), BalancerError> {
        self.table().attach(member);
        Ok(())
    }

    async fn drain(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError> {
        self.table().drain(owner, target);
        Ok(())
    }

    /// Whoever follows the table does not say what they have.
    async fn in_flight(
        &self,
        owner: &OwnerKey,
        target: &BalancerTarget,
    ) -> Result<Option<u32>, BalancerError> {
        Ok(self.table().member(owner, target).is_none().then_some(0))
    }

    async fn detach(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError> {
        self.table().detach(owner, target);
        Ok(())
    }

    async fn list(&self, group: Option<GroupId>) -> Result<Listing, BalancerError> {
        Ok(self.table().list(group).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_ports::contract::balancer::CASES;

    #[test]
    fn the_contract() {
        for (_, case) in CASES {
            pollster::block_on(case(&TableBalancer::default()));
        }
    }
}
