//! The planner: what a group needs next.

use std::sync::Arc;

use muster_model::{
    CallKind, Change, ConfigSpec, Group, GroupView, Ids, Instance, LaunchSpec, OwnerKey, Time,
};

use crate::Settings;

/// What a group needs next. Nothing of it has happened: the shell commits `change` first (guarded by the version that
/// the view had), and only then makes the `calls`.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is written down: the intent.
    pub change: Change,
    /// What is then asked of the back end. Each answer comes back as `GroupCommand::StepDone`.
    pub calls: Vec<PlannedCall>,
    /// Why, and why not: for `explain`.
    pub reasons: Vec<Reason>,
}

/// A call to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCall {
    /// The key of the call, and what is on the machine.
    pub owner: OwnerKey,
    /// What is asked.
    pub kind: CallKind,
    /// Which attempt: goes back with the answer.
    pub attempt: u32,
    /// When it counts as unanswered: the shell then gives it up and reports `StepResult::Unknown`.
    pub until: Time,
}

/// One reason, in words, with the numbers in it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Reason(pub String);

/// Plans a turn of a group. Deterministic: the same view, time and ids give the same plan. When the plan's change is
/// empty there is nothing to commit; `view.group.wake_at` then still is when to look again.
#[must_use]
pub fn plan(view: &GroupView, now: Time, ids: &mut Ids, settings: &Settings) -> Plan {
    let _ = (view, now, ids, settings);
    Plan {
        change: Change::default(),
        calls: Vec::new(),
        reasons: Vec::new(),
    }
}

/// What the back end needs for the machine of `instance`: the same for every attempt in one place.
#[must_use]
pub fn launch_spec(group: &Group, instance: &Instance, config: Arc<ConfigSpec>) -> LaunchSpec {
    LaunchSpec {
        owner: OwnerKey {
            group: group.id,
            instance: instance.id,
        },
        name: instance.name.clone(),
        group_name: group.spec.name.clone(),
        vpc: group.spec.network.vpc.clone(),
        placement: instance.placement.clone(),
        image: config
            .image
            .clone()
            .or_else(|| config.image_family.clone())
            .unwrap_or_default(),
        user_data: config.user_data.clone(),
        security_groups: match config.security_groups.is_empty() {
            false => config.security_groups.clone(),
            true => group.spec.network.security_groups.clone(),
        },
        tags: group
            .spec
            .tags
            .iter()
            .chain(&config.instance_tags)
            .cloned()
            .collect(),
        config,
    }
}
