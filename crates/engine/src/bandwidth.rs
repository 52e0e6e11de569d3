//! Policies that size a bandwidth: when they are due, and what an execution makes of it.
//!
//! An execution never fails as a command: what came of it stands in the policy's log. A time that was missed is made up for
//! once; one of a policy that is off passes.

use std::sync::Arc;

use muster_model::{
    AlarmRuleId, Bandwidth, BandwidthExecution, BandwidthPolicy, BandwidthPolicySpec,
    BandwidthSpec, BandwidthTrigger, ExecutedBy, ExecutionId, RecordCommand, Records, Resize,
    ResizeWay, Time,
};

use crate::schedule::next_after;

/// Executions of one policy that are kept.
const KEPT: usize = 50;

/// When a policy is due; `None` = never by time.
#[must_use]
pub fn bandwidth_due(spec: &BandwidthPolicySpec) -> Option<Time> {
    match &spec.trigger {
        BandwidthTrigger::Timed(times) => next_after(times, spec.looked_at),
        BandwidthTrigger::Alarm { .. } => None,
    }
}

/// What a time that has come leads to.
#[must_use]
pub fn bandwidth_by_itself(spec: &BandwidthPolicySpec) -> ExecutedBy {
    match &spec.trigger {
        BandwidthTrigger::Timed(times) if times.cron.is_some() => ExecutedBy::Recurrence,
        BandwidthTrigger::Timed(_) => ExecutedBy::Time,
        BandwidthTrigger::Alarm { .. } => ExecutedBy::Alarm,
    }
}

/// What alarm rules that have fired, each with its value, lead to: the policies that name them act.
#[must_use]
pub fn bandwidth_rung(
    records: &Records,
    fired: &[(AlarmRuleId, Option<f64>)],
) -> Vec<RecordCommand> {
    let mut commands = Vec::new();
    for (rule, value) in fired {
        let names_it = |policy: &&Arc<BandwidthPolicy>| matches!(&policy.spec.trigger, BandwidthTrigger::Alarm { alarm_id, .. } if *alarm_id == rule.alarm_id());
        let mut named: Vec<&Arc<BandwidthPolicy>> = records
            .bandwidth_policies
            .values()
            .filter(names_it)
            .collect();
        named.sort_by_key(|policy| (policy.head.ordinal, policy.id));
        commands.extend(named.iter().map(|policy| RecordCommand::ResizeBandwidth {
            policy: policy.id,
            by: ExecutedBy::Alarm,
            value: *value,
        }));
    }
    commands
}

/// What becomes of a policy and of its bandwidth.
pub(crate) struct Executed {
    pub(crate) policy: BandwidthPolicySpec,
    /// The bandwidth, if its size changes.
    pub(crate) bandwidth: Option<BandwidthSpec>,
}

/// The record of a bandwidth, if there is one yet.
pub(crate) fn sized<'a>(records: &'a Records, bandwidth: &str) -> Option<&'a Bandwidth> {
    let mut all = records.bandwidths.values();
    all.find(|one| one.spec.bandwidth == bandwidth)
        .map(|one| &**one)
}

fn resized(old: u32, change: Resize) -> u32 {
    let (least, most) = (BandwidthSpec::LEAST, BandwidthSpec::MOST);
    let wanted = match change.way {
        ResizeWay::Set => change.size,
        // A limit that has been passed already turns nothing round.
        ResizeWay::Add => {
            let limit = change.limit.unwrap_or(most).max(old);
            old.saturating_add(change.size).min(limit)
        }
        ResizeWay::Reduce => {
            let limit = change.limit.unwrap_or(least).min(old);
            old.saturating_sub(change.size).max(limit)
        }
    };
    wanted.clamp(least, most)
}

/// What an execution for a value asks for; `None` = no step is for that value.
fn change_for(spec: &BandwidthPolicySpec, value: Option<f64>) -> Option<Resize> {
    let (false, Some(value)) = (spec.steps.is_empty(), value) else {
        return Some(spec.change);
    };
    let fits = |lower: Option<f64>, upper: Option<f64>| {
        lower.is_none_or(|lower| value >= lower) && upper.is_none_or(|upper| value < upper)
    };
    let step = spec.steps.iter().find(|step| fits(step.lower, step.upper));
    step.map(|step| step.change)
}

/// Executes a policy. `value`: of the alarm that asks, if one does.
pub(crate) fn execute(
    policy: &BandwidthPolicy,
    records: &Records,
    (by, value): (ExecutedBy, Option<f64>),
    (id, now): (ExecutionId, Time),
) -> Executed {
    let mut next = policy.spec.clone();
    if by != ExecutedBy::Call {
        next.looked_at = now;
    }
    let old = sized(records, &next.bandwidth).map_or(BandwidthSpec::LEAST, |one| one.spec.size);
    let asked = change_for(&next, value);
    let change = asked.unwrap_or(next.change);
    let wanted = asked.map_or(old, |change| resized(old, change));
    let cools = by == ExecutedBy::Alarm
        && next
            .changed_at
            .is_some_and(|at| now < at.plus_secs(next.cooldown_secs.into()));
    let failed = match (next.enabled, asked, cools, wanted == old) {
        // A time that comes while the policy is off passes.
        (false, ..) if by != ExecutedBy::Call => {
            return Executed {
                policy: next,
                bandwidth: None,
            };
        }
        (false, ..) => Some("the policy is off".to_owned()),
        (true, None, ..) => Some("no interval is for the value of the alarm".to_owned()),
        (true, Some(_), true, _) => Some("the policy is cooling down".to_owned()),
        (true, Some(_), false, true) => Some(format!("the bandwidth has {old} Mbit/s already")),
        (true, Some(_), false, false) => None,
    };
    let bandwidth = failed.is_none().then(|| BandwidthSpec {
        bandwidth: next.bandwidth.clone(),
        size: wanted,
    });
    if bandwidth.is_some() {
        next.changed_at = Some(now);
    }
    next.executions.push(BandwidthExecution {
        id,
        at: now,
        by,
        bandwidth: next.bandwidth.clone(),
        change,
        old,
        wanted,
        failed,
    });
    let over = next.executions.len().saturating_sub(KEPT);
    next.executions.drain(..over);
    Executed {
        policy: next,
        bandwidth,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_and_turn_nothing_round() {
        let change = |way, size, limit| Resize { way, size, limit };
        for (old, change, new) in [
            (5, change(ResizeWay::Add, 5, None), 10),
            (5, change(ResizeWay::Add, 5, Some(8)), 8),
            (9, change(ResizeWay::Add, 5, Some(8)), 9),
            (1999, change(ResizeWay::Add, 5, None), 2000),
            (10, change(ResizeWay::Reduce, 4, None), 6),
            (10, change(ResizeWay::Reduce, 4, Some(8)), 8),
            (7, change(ResizeWay::Reduce, 4, Some(8)), 7),
            (2, change(ResizeWay::Reduce, 4, None), 1),
            (2, change(ResizeWay::Set, 300, None), 300),
        ] {
            assert_eq!(resized(old, change), new, "{old} {change:?}");
        }
    }

    #[test]
    fn steps_are_chosen_by_value() {
        let step = |lower, upper, size| muster_model::BandwidthStep {
            lower,
            upper,
            change: Resize {
                way: ResizeWay::Set,
                size,
                limit: None,
            },
        };
        let spec = BandwidthPolicySpec {
            name: String::new(),
            description: None,
            bandwidth: "b".to_owned(),
            enabled: true,
            cooldown_secs: 0,
            trigger: BandwidthTrigger::Alarm {
                alarm_id: "a".to_owned(),
                interval: true,
            },
            change: step(None, None, 7).change,
            steps: vec![step(None, Some(10.0), 1), step(Some(10.0), Some(20.0), 2)],
            looked_at: Time(0),
            changed_at: None,
            executions: Vec::new(),
        };
        let size = |value| change_for(&spec, value).map(|change| change.size);
        assert_eq!(
            [None, Some(9.9), Some(10.0), Some(20.0)].map(size),
            [Some(7), Some(1), Some(2), None]
        );
    }
}
