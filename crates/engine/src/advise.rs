//! What is to be said of how a group is set up: pure, like every judgement.

use muster_model::{
    Advice, AdviceLevel, Alarm, BrakeKind, Comparison, ConfigStatus, GroupView, Lifecycle,
    PolicyKind, RetryState, Statistic,
};

/// What is to be said of a group, the worst first.
#[must_use]
pub fn advise(view: &GroupView) -> Vec<Advice> {
    let mut found = Vec::new();
    able(view, &mut found);
    sizes_and_places(view, &mut found);
    members(view, &mut found);
    hooks(view, &mut found);
    policies(view, &mut found);
    found.sort_by_key(|advice| std::cmp::Reverse(advice.level));
    found
}

fn say(
    found: &mut Vec<Advice>,
    level: AdviceLevel,
    problem: &'static str,
    detail: String,
    solution: &'static str,
) {
    found.push(Advice {
        problem,
        detail,
        solution,
        level,
    });
}

/// Whether the group can do its work at all.
fn able(view: &GroupView, found: &mut Vec<Advice>) {
    let retry = &view.group.retry;
    if let Some(abnormal) = view.group.abnormal {
        say(
            found,
            AdviceLevel::Critical,
            "GroupAbnormal",
            format!("The group cannot do its work: {abnormal:?} is not usable."),
            "It is recommended to repair or replace the resource that is named.",
        );
    }
    match &view.config {
        None => say(
            found,
            AdviceLevel::Critical,
            "NoLaunchConfiguration",
            "The group has no launch configuration: nothing can be launched.".to_owned(),
            "It is recommended to set a launch configuration.",
        ),
        Some(config) if config.status != ConfigStatus::Normal => say(
            found,
            AdviceLevel::Critical,
            "InvalidLaunchConfiguration",
            format!(
                "The launch configuration `{}` is not usable: {:?}.",
                config.id, config.status
            ),
            "It is recommended to modify the launch configuration.",
        ),
        Some(_) => {}
    }
    brakes(retry, found);
}

/// Whether launching or replacing has slowed down or stopped.
fn brakes(retry: &RetryState, found: &mut Vec<Advice>) {
    if let Some(brake) = &retry.brake
        && brake.kind == BrakeKind::Replacements
    {
        say(
            found,
            AdviceLevel::Critical,
            "ReplacementBrakeEngaged",
            format!(
                "Unhealthy instances are not replaced any more: {}.",
                brake.reason
            ),
            "It is recommended to remove the cause, then to change the capacity or the launch configuration, or to enable the group: that releases the brake, and so do instances that turn healthy.",
        );
    } else if let Some(brake) = &retry.brake {
        say(
            found,
            AdviceLevel::Critical,
            "LaunchBrakeEngaged",
            format!(
                "After {} failed activities in a row nothing is launched any more; the last failure: {}.",
                brake.failures, brake.reason
            ),
            "It is recommended to remove the cause, then to change the capacity or the launch configuration, or to enable the group: that releases the brake.",
        );
    } else if retry.failures > 0 {
        say(
            found,
            AdviceLevel::Warning,
            "ScaleOutFails",
            format!("The last {} scale-out activities failed.", retry.failures),
            "It is recommended to look at the status messages of the last activities.",
        );
    }
    if let Some(storm) = retry.storm {
        say(
            found,
            AdviceLevel::Warning,
            "ReplacementSlowed",
            format!(
                "A large share of the instances is unhealthy at once: they are replaced one at a time; {} so far.",
                storm.replaced
            ),
            "It is recommended to look for what the unhealthy instances have in common.",
        );
    }
}

fn sizes_and_places(view: &GroupView, found: &mut Vec<Advice>) {
    let spec = &view.group.spec;
    if spec.size.max == 0 {
        say(
            found,
            AdviceLevel::Warning,
            "ZeroMaxSize",
            "The maximum size is 0: the group can never have an instance.".to_owned(),
            "It is recommended to raise the maximum size.",
        );
    }
    let places = match spec.network.subnets.is_empty() {
        true => spec.network.zones.len(),
        false => spec.network.subnets.len(),
    };
    if spec.size.max > 1 && places <= 1 {
        say(
            found,
            AdviceLevel::Warning,
            "SingleZone",
            "All instances are in one subnet or zone: they are lost together.".to_owned(),
            "It is recommended to add subnets in other zones.",
        );
    }
}

fn members(view: &GroupView, found: &mut Vec<Advice>) {
    let service = view.group.spec.service;
    let sick = view
        .instances
        .values()
        .filter(|i| i.state == Lifecycle::InService)
        .filter(|i| {
            (i.health.machine_unhealthy && !service.replace_unhealthy)
                || (i.health.balancer_unhealthy && !service.replace_balancer_unhealthy)
        })
        .count();
    if sick > 0 {
        say(
            found,
            AdviceLevel::Warning,
            "UnhealthyInstancesStay",
            format!(
                "{sick} instance(s) in service are unhealthy, and the group does not replace such."
            ),
            "It is recommended to switch the replacement of unhealthy instances on.",
        );
    }
}

fn hooks(view: &GroupView, found: &mut Vec<Advice>) {
    for hook in view.parts.hooks.values() {
        if hook.active && hook.target.is_none() && hook.command.is_none() {
            say(
                found,
                AdviceLevel::Warning,
                "HookWithoutListener",
                format!(
                    "The lifecycle hook `{}` tells nobody: instances wait up to {} seconds for a call by hand.",
                    hook.name, hook.timeout_secs
                ),
                "It is recommended to set a notification target or a command.",
            );
        }
    }
}

fn policies(view: &GroupView, found: &mut Vec<Advice>) {
    let size = view.group.spec.size;
    for policy in view.parts.policies.values() {
        let unreachable = match &policy.kind {
            PolicyKind::Simple { alarm, .. } => never(alarm),
            PolicyKind::External { .. }
            | PolicyKind::Target(_)
            | PolicyKind::Timed { .. }
            | PolicyKind::Unhealthy => false,
        };
        let why = match (policy.enabled, size.min == size.max, unreachable) {
            (false, ..) | (true, false, false) => continue,
            (true, true, _) => format!("minimum and maximum size are both {}", size.min),
            (true, false, true) => {
                "its alarm compares a percentage with a value that no percentage has".to_owned()
            }
        };
        say(
            found,
            AdviceLevel::Warning,
            "PolicyNeverFires",
            format!(
                "The scaling policy `{}` can never change anything: {why}.",
                policy.name
            ),
            "It is recommended to change the sizes or the policy.",
        );
    }
}

/// Whether an alarm over a percentage can never come true.
fn never(alarm: &Alarm) -> bool {
    if !matches!(alarm.metric.0.as_str(), "cpu_util" | "mem_util") {
        return false;
    }
    match alarm.statistic {
        Statistic::Average | Statistic::Maximum | Statistic::Minimum => {}
        // These are no percentages any more.
        Statistic::Sum | Statistic::Variance => return false,
    }
    let at = alarm.threshold;
    match alarm.comparison {
        Comparison::Greater => at >= 100.0,
        Comparison::GreaterOrEqual => at > 100.0,
        Comparison::Less => at <= 0.0,
        Comparison::LessOrEqual => at < 0.0,
        Comparison::Equal => !(0.0..=100.0).contains(&at),
        Comparison::NotEqual => false,
    }
}
