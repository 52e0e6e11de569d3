//! A scheduled action and a policy that sets a number at a time are one thing in two words: the Tencents and Kingsoft have
//! the first, Huawei the second. Each is shown where the other word is used, under the same key (concept map, scheduled
//! task). A policy that adds or removes is no scheduled action.

use std::sync::Arc;

use crate::{
    AdjustBy, Door, Error, Field, GroupCommand, GroupView, KeptBounds, Policy, PolicyCommand,
    PolicyId, PolicyKind, PolicyMemory, PolicyOptions, PolicySpec, Problem, Schedule,
    ScheduleCommand, ScheduleId, ScheduleSpec, Size, Watch,
};

impl Policy {
    /// Itself as a scheduled action of a group of this size, whose bounds it leaves as they are; `None` = it does not set
    /// a number at a time.
    #[must_use]
    pub fn as_schedule(&self, size: Size) -> Option<Schedule> {
        match &self.kind {
            PolicyKind::Timed {
                times,
                adjust: AdjustBy::To(number),
            } => Some(Schedule {
                waits_for: None,
                id: ScheduleId::new(self.id.key()),
                group: self.group,
                name: self.name.clone(),
                enabled: self.enabled,
                times: times.clone(),
                min: size.min,
                max: size.max,
                desired: u32::try_from(*number).ok(),
                created_at: self.created_at,
                ordinal: self.ordinal,
                fired_at: self.watch.acted,
                next_at: None,
                keeps: KeptBounds::default(),
                is_task: false,
                updated_at: None,
            }),
            PolicyKind::Timed { .. }
            | PolicyKind::Simple { .. }
            | PolicyKind::External { .. }
            | PolicyKind::Target(_)
            | PolicyKind::Unhealthy => None,
        }
    }
}

impl Schedule {
    /// The number that it is shown to set: without one of its own the group's is clamped, to its minimum at least.
    #[must_use]
    pub fn shown_desired(&self) -> u32 {
        self.desired.unwrap_or(self.min)
    }

    /// Itself as a policy.
    #[must_use]
    pub fn as_policy(&self, door: Door) -> Policy {
        Policy {
            id: PolicyId::new(self.id.key()),
            group: self.group,
            name: self.name.clone(),
            door,
            enabled: self.enabled,
            // It has none: that of its group is shown.
            cooldown_secs: None,
            kind: PolicyKind::Timed {
                times: self.times.clone(),
                adjust: AdjustBy::To(i64::from(self.shown_desired())),
            },
            created_at: self.created_at,
            ordinal: self.ordinal,
            // It is a policy in other words only: nobody names it by one.
            number: None,
            notify_groups: Vec::new(),
            watch: Watch::default(),
            options: PolicyOptions::default(),
            memory: PolicyMemory::default(),
            description: None,
        }
    }
}

impl GroupView {
    /// The scheduled actions, and the policies that are such in other words; oldest first.
    #[must_use]
    pub fn tasks(&self) -> Vec<Arc<Schedule>> {
        let size = self.group.spec.size;
        let policies = self.parts.policies.values();
        let policies = policies.filter_map(|policy| policy.as_schedule(size).map(Arc::new));
        let mut all: Vec<Arc<Schedule>> = self.parts.schedules.values().cloned().collect();
        all.extend(policies);
        all.sort_by_key(|one| (one.created_at, one.ordinal, one.id));
        all
    }

    /// The policies, and the scheduled actions as such; oldest first. What was made as a scheduled task is none of them.
    #[must_use]
    pub fn policies_and_tasks(&self) -> Vec<Arc<Policy>> {
        let door = self.group.door;
        let tasks = self.parts.schedules.values();
        let tasks = tasks.filter(|task| !task.is_task);
        let tasks = tasks.map(|task| Arc::new(task.as_policy(door)));
        let mut all: Vec<Arc<Policy>> = self.parts.policies.values().cloned().collect();
        all.extend(tasks);
        all.sort_by_key(|one| (one.created_at, one.ordinal, one.id));
        all
    }

    /// The command that changes a scheduled action, whichever word it was made with.
    ///
    /// # Errors
    /// [`Error::Invalid`]: of a policy the bounds are those of the group, and it always sets a number.
    pub fn modify_task(
        &self,
        id: ScheduleId,
        spec: ScheduleSpec,
        restart: bool,
    ) -> Result<GroupCommand, Error> {
        let policy = PolicyId::new(id.key());
        let Some(old) = self.parts.policies.get(&policy) else {
            return Ok(GroupCommand::Schedule(ScheduleCommand::Modify {
                id,
                spec: Box::new(spec),
                restart,
            }));
        };
        let size = self.group.spec.size;
        let refused = |field| {
            let why = "it is a policy that sets the desired number alone".to_owned();
            Error::Invalid {
                field,
                problem: Problem::Unusable(why),
            }
        };
        let desired = match (spec.min == size.min, spec.max == size.max, spec.desired) {
            (false, _, _) => return Err(refused(Field::Min)),
            (true, false, _) => return Err(refused(Field::Max)),
            (true, true, None) => return Err(refused(Field::Desired)),
            (true, true, Some(desired)) => desired,
        };
        Ok(GroupCommand::Policy(PolicyCommand::Modify {
            id: policy,
            spec: Box::new(PolicySpec {
                name: spec.name,
                enabled: old.enabled,
                cooldown_secs: old.cooldown_secs,
                kind: PolicyKind::Timed {
                    times: spec.times,
                    adjust: AdjustBy::To(i64::from(desired)),
                },
                notify_groups: old.notify_groups.clone(),
            }),
        }))
    }

    /// The command that deletes a scheduled action, whichever word it was made with.
    #[must_use]
    pub fn delete_task(&self, id: ScheduleId) -> GroupCommand {
        let policy = PolicyId::new(id.key());
        match self.parts.policies.contains_key(&policy) {
            true => GroupCommand::Policy(PolicyCommand::Delete { id: policy }),
            false => GroupCommand::Schedule(ScheduleCommand::Delete { id }),
        }
    }
}
