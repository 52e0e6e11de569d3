//! The simulated balancers: members kept with the simulated machines, with faults and a health that can be ordered.

use std::sync::Arc;

use async_trait::async_trait;
use muster_model::{
    BalancerTarget, GroupId, InstanceId, MachineState, Member, MemberHealth, MemberSpec, OwnerKey,
};
use muster_ports::{BalancerError, ComputeError, Listing, LoadBalancer};

use crate::compute::{ActError, SimCompute};
use crate::faults::Op;
use crate::machines::Machines;

fn balancer_error(error: ComputeError) -> BalancerError {
    match error {
        ComputeError::Unknown(message) => BalancerError::Unknown(message),
        ComputeError::Quota(message) => BalancerError::Quota(message),
        ComputeError::Refused(message) => BalancerError::Refused(message),
        ComputeError::SoldOut(message) | ComputeError::Failed(message) => {
            BalancerError::Failed(message)
        }
    }
}

/// A member as the balancer sees it: one whose machine does not run is unhealthy; otherwise as was ordered.
pub(crate) fn seen(member: &Arc<Member>, machines: &Machines) -> Arc<Member> {
    let runs = machines
        .get(member.machine())
        .is_some_and(|machine| machine.state == MachineState::Running);
    let health = match (runs, member.health) {
        (false, _) | (true, MemberHealth::Unhealthy) => MemberHealth::Unhealthy,
        (true, MemberHealth::Healthy | MemberHealth::Unknown) => MemberHealth::Healthy,
    };
    if health == member.health {
        return Arc::clone(member);
    }
    Arc::new(Member {
        health,
        ..(**member).clone()
    })
}

impl SimCompute {
    /// Lets a balancer find a machine unhealthy, or healthy, at all targets of a listener.
    ///
    /// # Errors
    /// See [`ActError`].
    pub fn judge(
        &self,
        balancer: &str,
        listener: &str,
        machine: InstanceId,
        health: MemberHealth,
    ) -> Result<(), ActError> {
        let mut state = self.state();
        let members: Vec<Arc<Member>> = state
            .members
            .list(None)
            .into_iter()
            .filter(|member| member.target.balancer == balancer)
            .filter(|member| member.target.listener == listener && member.machine() == machine)
            .collect();
        let Some(owner) = members.first().map(|member| member.owner.clone()) else {
            return Err(ActError::NotFound(machine.to_string()));
        };
        for member in members {
            let judged = Member {
                health,
                ..(*member).clone()
            };
            let key = (member.target.clone(), machine);
            match health {
                MemberHealth::Unhealthy => state.judged.insert(key),
                MemberHealth::Healthy | MemberHealth::Unknown => state.judged.remove(&key),
            };
            let judged = state.members.put(judged);
            state.note_member(&judged).map_err(ActError::Journal)?;
        }
        drop(state);
        self.hint(owner.group);
        Ok(())
    }
}

#[async_trait]
impl LoadBalancer for SimCompute {
    async fn attach(&self, member: &MemberSpec) -> Result<(), BalancerError> {
        let id = member.owner.instance;
        self.call(Op::LbAttach, Some(id), &self.place(id), |state, _| {
            let mut member = state.members.attach(member);
            if state.judged.contains(&(member.target.clone(), id)) {
                let health = MemberHealth::Unhealthy;
                member = state.members.put(Member {
                    health,
                    ..(*member).clone()
                });
            }
            state.note_member(&member).map_err(ComputeError::Unknown)
        })
        .await
        .map_err(balancer_error)
    }

    async fn drain(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError> {
        let mut state = self.state();
        match state.members.drain(owner, target) {
            Some(member) => state.note_member(&member).map_err(BalancerError::Unknown),
            None => Ok(()),
        }
    }

    /// Simulated members carry no load.
    async fn in_flight(
        &self,
        _owner: &OwnerKey,
        _target: &BalancerTarget,
    ) -> Result<Option<u32>, BalancerError> {
        Ok(Some(0))
    }

    async fn detach(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError> {
        let id = owner.instance;
        self.call(
            Op::LbDetach,
            Some(id),
            &self.place(id),
            |state, _| match state.members.detach(owner, target) {
                true => state
                    .note_no_member(target, owner)
                    .map_err(ComputeError::Unknown),
                false => Ok(()),
            },
        )
        .await
        .map_err(balancer_error)
    }

    async fn list(&self, group: Option<GroupId>) -> Result<Listing, BalancerError> {
        let state = self.state();
        let members = state.members.list(group);
        let seen = members.iter().map(|member| seen(member, &state.machines));
        Ok(seen.collect::<Vec<_>>().into())
    }
}
