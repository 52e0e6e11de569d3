//! Health in the simulated world: much turns unhealthy at once, and nobody replaces more of it than there may be.

use muster_engine::lifecycle::{Role, role};
use muster_model::{ActivityKind, GroupId, GroupView, InstanceId, MachineHealth};

use crate::driver::World;

impl World {
    /// Now and then most machines of a group turn unhealthy at once, or all get well.
    pub(crate) fn storms(&mut self) {
        if let Some(group) = self.cursed {
            self.befall_all(group, MachineHealth::Unhealthy);
        }
        let odds = self.dice.odds;
        let groups: Vec<_> = self.groups.keys().copied().collect();
        for group in groups {
            let storm = self.dice.strikes(odds.storm);
            let recovery = self.dice.strikes(odds.recovery);
            let health = match (storm, recovery) {
                (true, _) => MachineHealth::Unhealthy,
                (false, true) => MachineHealth::Healthy,
                (false, false) => continue,
            };
            self.note(|| format!("all machines of {group} turn {health:?}"));
            let listed = self.machines.list(Some(group));
            let all: Vec<InstanceId> = listed.iter().map(|machine| machine.id).collect();
            for id in all {
                if recovery || !self.dice.strikes(200) {
                    self.machines.tamper(id, |machine| machine.health = health);
                }
            }
        }
    }

    /// The health of all machines of a group.
    pub(crate) fn befall_all(&mut self, group: GroupId, health: MachineHealth) {
        let listed = self.machines.list(Some(group));
        for machine in listed {
            self.machines
                .tamper(machine.id, |machine| machine.health = health);
        }
    }

    /// A replacement takes what is unhealthy, no more than a share of the members, and one when much is unhealthy.
    pub(crate) fn check_replacement(&mut self, before: &GroupView, after: &GroupView) {
        let busy = after
            .group
            .busy
            .filter(|_| after.group.busy != before.group.busy);
        let Some(activity) = busy.and_then(|id| after.activities.get(&id)) else {
            return;
        };
        if activity.kind != ActivityKind::ReplaceUnhealthy {
            return;
        }
        let taken = activity.instances.len();
        let sick = |id: &InstanceId| {
            after
                .instances
                .get(id)
                .is_some_and(|i| i.sick_since.is_some())
        };
        if !activity.instances.iter().all(|one| sick(&one.instance)) {
            self.broken
                .push(format!("{} replaces a member that is healthy", activity.id));
        }
        let count = |wanted: Role| {
            let states = after.instances.values().map(|i| role(i.state));
            states.filter(|role| *role == wanted).count()
        };
        let resetting = if activity.in_place { taken } else { 0 };
        let serving = count(Role::Serving) + taken;
        let coming = count(Role::Coming) - resetting;
        let desired = after.group.spec.size.desired as usize;
        let of = desired.max(serving);
        let missing = desired.saturating_sub(serving + coming);
        let members = after.instances.values();
        let unhealthy = members.filter(|i| i.sick_since.is_some()).count();
        let settings = &self.settings;
        let share = of * settings.replace_percent as usize / 100;
        let storm = of >= settings.storm_members as usize
            && (unhealthy + missing) * 100 > of * settings.storm_percent as usize;
        let most = match storm {
            true => 1,
            false => share.saturating_sub(missing).max(1),
        };
        if taken > most {
            self.broken.push(format!(
                "{} replaces {taken} of {of} members at once, {unhealthy} of them unhealthy and {missing} missing: {most} is the most",
                activity.id
            ));
        }
    }
}
