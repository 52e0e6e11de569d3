//! The balancers of the simulated world.

use std::sync::Arc;

use muster_engine::{PlannedCall, balancers};
use muster_model::{
    Binding, CallKind, GroupId, LaunchSpec, Member, MemberHealth, MemberSpec, MemberState, OwnerKey,
};

use crate::balancers::seen;
use crate::driver::World;

/// What a call carries, as the service knows it when it makes the call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried {
    /// For a launch.
    pub(crate) launch: Option<LaunchSpec>,
    /// For a call to the balancers.
    pub(crate) bindings: Vec<Binding>,
}

impl World {
    /// The bindings that a call to the balancers is about; a call to the machines is about none.
    pub(crate) fn bindings_of(&self, call: &PlannedCall) -> Vec<Binding> {
        match call.kind {
            CallKind::Bind | CallKind::Unbind | CallKind::Rebind => {}
            CallKind::Launch
            | CallKind::Terminate
            | CallKind::Adopt
            | CallKind::Release
            | CallKind::Start
            | CallKind::Stop(_)
            | CallKind::Reset(_)
            | CallKind::Command(_)
            | CallKind::Tag => return Vec::new(),
        }
        self.groups
            .get(&call.owner.group)
            .and_then(|view| view.instances.get(&call.owner.instance))
            .map(|instance| instance.bindings.clone())
            .unwrap_or_default()
    }

    /// Makes the balancers agree with these bindings.
    pub(crate) fn balance(&mut self, owner: &OwnerKey, bindings: &[Binding]) {
        for binding in bindings {
            if binding.wanted {
                self.members.attach(&MemberSpec {
                    owner: owner.clone(),
                    target: binding.target.clone(),
                    weight: binding.weight,
                    address: None,
                    machine_port: None,
                });
            } else {
                self.members.detach(owner, &binding.target);
            }
        }
    }

    /// Members fall sick now and then.
    pub(crate) fn trouble_members(&mut self) {
        let odds = self.dice.odds;
        for member in self.members.list(None) {
            if self.dice.strikes(odds.sickness) {
                self.members.put(Member {
                    health: MemberHealth::Unhealthy,
                    ..(*member).clone()
                });
            }
        }
    }

    /// What the balancers list.
    pub(crate) fn listed_members(&self) -> Vec<Arc<Member>> {
        let members = self.members.list(None);
        members
            .iter()
            .map(|member| seen(member, &self.machines))
            .collect()
    }

    /// Clears away members that nobody else does.
    pub(crate) fn sweep_members(&mut self, members: &[Arc<Member>]) {
        for member in members {
            if balancers::is_stray(self.groups.get(&member.owner.group), member) {
                self.members.detach(&member.owner, &member.target);
            }
        }
    }

    /// Intent before effect: every member whose instance is there is written down in it.
    pub(crate) fn check_members(&mut self) {
        for member in self.members.list(None) {
            let instance = self
                .groups
                .get(&member.owner.group)
                .and_then(|view| view.instances.get(&member.machine()));
            let Some(instance) = instance else {
                continue;
            };
            if instance
                .bindings
                .iter()
                .all(|binding| binding.target != member.target)
            {
                self.broken.push(format!(
                    "{} is a member at {:?} and nothing says so",
                    member.owner, member.target
                ));
            }
        }
    }

    /// How the members differ from what is in service (invariant I7), in words.
    pub(crate) fn members_unrest(&self, id: GroupId) -> Vec<String> {
        let Some(view) = self.groups.get(&id) else {
            return Vec::new();
        };
        let mut expected: Vec<_> = view
            .instances
            .values()
            .flat_map(|instance| {
                balancers::wanted(&view.group, instance.state)
                    .into_iter()
                    .map(|binding| (binding.target, instance.id, binding.weight))
            })
            .collect();
        expected.sort();
        let listed = self.members.list(Some(id));
        let mut found: Vec<_> = listed
            .iter()
            .map(|member| (member.target.clone(), member.machine(), member.weight))
            .collect();
        found.sort();
        let draining = listed
            .iter()
            .any(|member| member.state == MemberState::Draining);
        if expected == found && !draining {
            return Vec::new();
        }
        vec![format!(
            "the members are {found:?}, but in service is {expected:?}"
        )]
    }
}
