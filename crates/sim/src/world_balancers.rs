//! The balancers of the simulated world.

use std::collections::BTreeSet;
use std::sync::Arc;

use muster_engine::{PlannedCall, balancers};
use muster_model::{
    BalancerPlace, BalancerTarget, Binding, CallKind, GroupId, InstanceId, LaunchSpec,
    MachineState, Member, MemberHealth, MemberSpec, MemberState, OwnerKey, Time,
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
    /// Until when what goes may finish what it has.
    pub(crate) drain_by: Option<Time>,
}

/// The load of a member that is drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// When it has finished what it has.
    until: Time,
    /// Until when it may take for that; `None`: it may be cut off.
    by: Option<Time>,
}

/// What the balancers list, and who of them does not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listed {
    pub(crate) members: Vec<Arc<Member>>,
    pub(crate) silent: Vec<BalancerPlace>,
}

/// Longest time that a balancer is silent, milliseconds: longer than patience with it.
const SILENT_MILLIS: i64 = 120_000;

/// Longest time that a member takes to finish what it has, milliseconds: some have to be cut off.
const LOAD_MILLIS: i64 = 60_000;

impl World {
    /// The bindings that a call to the balancers is about, and how long they may take; a call to the machines is about
    /// none.
    pub(crate) fn bindings_of(&self, call: &PlannedCall) -> (Vec<Binding>, Option<Time>) {
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
            | CallKind::Tag => return (Vec::new(), None),
        }
        self.groups
            .get(&call.owner.group)
            .and_then(|view| view.instances.get(&call.owner.instance))
            .map(|instance| (instance.bindings.clone(), instance.drain_by))
            .unwrap_or_default()
    }

    /// Makes the balancers agree with these bindings: what goes is drained, and taken off when it has nothing left or is
    /// waited for no longer. Returns how many are waited for.
    pub(crate) fn balance(
        &mut self,
        owner: &OwnerKey,
        bindings: &[Binding],
        drain_by: Option<Time>,
    ) -> u32 {
        let mut left = 0;
        for binding in bindings {
            if binding.wanted {
                self.members.attach(&MemberSpec {
                    owner: owner.clone(),
                    target: binding.target.clone(),
                    weight: binding.weight,
                    address: None,
                    machine_port: None,
                });
                // It takes load again: what it has when it is drained the next time is another matter.
                self.load.remove(&(binding.target.clone(), owner.instance));
            } else {
                left += u32::from(self.is_loaded(owner, &binding.target, drain_by));
            }
        }
        if left > 0 && drain_by.is_some() {
            return left;
        }
        for binding in bindings.iter().filter(|binding| !binding.wanted) {
            self.take_off(owner, &binding.target);
        }
        0
    }

    /// Drains a member; whether it still has load.
    fn is_loaded(&mut self, owner: &OwnerKey, target: &BalancerTarget, by: Option<Time>) -> bool {
        if self.members.drain(owner, target).is_none() {
            return false;
        }
        let key = (target.clone(), owner.instance);
        if !self.load.contains_key(&key) {
            let millis = match self.dice.strikes(self.dice.odds.load) {
                true => self.dice.millis(LOAD_MILLIS),
                false => 0,
            };
            let load = Load {
                until: self.now.plus_millis(millis),
                by,
            };
            self.load.insert(key.clone(), load);
        }
        self.load
            .get(&key)
            .is_some_and(|load| load.until > self.now)
    }

    /// Takes a member off. One that has load and a machine that runs has been given its time.
    fn take_off(&mut self, owner: &OwnerKey, target: &BalancerTarget) {
        let load = self.load.remove(&(target.clone(), owner.instance));
        let there = self.members.detach(owner, target);
        let runs = self
            .machines
            .get(owner.instance)
            .is_some_and(|machine| machine.state == MachineState::Running);
        let now = self.now;
        let early = |load: &Load| load.until > now && load.by.is_some_and(|by| by > now);
        if there && runs && load.as_ref().is_some_and(early) {
            self.broken.push(format!(
                "{owner} was cut off at {target:?} before its time: {load:?}"
            ));
        }
    }

    /// Balancers fall silent or forget everything, members fall sick or are lost, now and then.
    pub(crate) fn trouble_members(&mut self) {
        let odds = self.dice.odds;
        let now = self.now;
        self.silent.retain(|_, until| *until > now);
        let members = self.members.list(None);
        let places: BTreeSet<BalancerPlace> = members.iter().map(|m| m.target.place()).collect();
        for place in places {
            if self.dice.strikes(odds.silent_balancer) {
                let until = now.plus_millis(self.dice.millis(SILENT_MILLIS));
                self.note(|| format!("{place} is silent until {}", until.0));
                self.silent.entry(place.clone()).or_insert(until);
            }
            if self.dice.strikes(odds.forgetful_balancer) {
                self.note(|| format!("{place} forgets its members"));
                for member in members.iter().filter(|m| m.target.is_at(&place)) {
                    self.load.remove(&(member.target.clone(), member.machine()));
                    self.members.detach(&member.owner, &member.target);
                }
            }
        }
        for member in self.members.list(None) {
            if self.dice.strikes(odds.lost_member) {
                self.note(|| format!("{} is lost at {:?}", member.owner, member.target));
                self.load.remove(&(member.target.clone(), member.machine()));
                self.members.detach(&member.owner, &member.target);
            } else if self.dice.strikes(odds.sickness) {
                self.members.put(Member {
                    health: MemberHealth::Unhealthy,
                    ..(*member).clone()
                });
            }
        }
    }

    /// Whether the balancer at a target does not answer just now.
    pub(crate) fn is_silent(&self, target: &BalancerTarget) -> bool {
        let until = self.silent.get(&target.place());
        until.is_some_and(|until| *until > self.now)
    }

    /// What the balancers list.
    pub(crate) fn listed_members(&mut self) -> Listed {
        let now = self.now;
        let silent = self.silent.iter().filter(|(_, until)| **until > now);
        let mut listed = Listed {
            members: Vec::new(),
            silent: silent.map(|(place, _)| place.clone()).collect(),
        };
        for member in self.members.list(None) {
            if self.is_silent(&member.target) {
                continue;
            }
            let mut member = seen(&member, &self.machines);
            if self.dice.strikes(self.dice.odds.unknown_health) {
                Arc::make_mut(&mut member).health = MemberHealth::Unknown;
            }
            listed.members.push(member);
        }
        listed
    }

    /// Promise P6: nobody is called unhealthy by a balancer unless one that answered said so. `before` = who was.
    pub(crate) fn check_verdicts(
        &mut self,
        id: GroupId,
        before: &BTreeSet<InstanceId>,
        listed: &[Arc<Member>],
    ) {
        for instance in self.sick_at_balancers(id) {
            let said = listed.iter().any(|member| {
                member.machine() == instance && member.health == MemberHealth::Unhealthy
            });
            if !said && !before.contains(&instance) {
                let text = format!("{instance} is called unhealthy, and no balancer said so");
                self.broken.push(text);
            }
        }
    }

    /// The instances of a group that their balancers call unhealthy.
    pub(crate) fn sick_at_balancers(&self, id: GroupId) -> BTreeSet<InstanceId> {
        let instances = self.groups.get(&id).map(|view| &view.instances);
        instances
            .into_iter()
            .flatten()
            .filter(|(_, instance)| instance.health.balancer_unhealthy)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Clears away members that nobody else does.
    pub(crate) fn sweep_members(&mut self, members: &[Arc<Member>]) {
        for member in members {
            if balancers::is_stray(self.groups.get(&member.owner.group), member) {
                self.load.remove(&(member.target.clone(), member.machine()));
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
