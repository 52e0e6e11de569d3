//! Load in the simulated world: what is measured of it comes late, doubled, out of order, of some members only, or not at
//! all; and nobody takes machines away on the strength of what is not there.

use std::collections::BTreeSet;

use muster_engine::lifecycle::{Role, role};
use muster_model::{
    ActivityKind, Alarm, Change, GroupCommand, GroupId, GroupView, Instance, InstanceId, Metric,
    MissingData, PolicyKind, Time, TriggerKind, Warmup,
};

use crate::driver::World;

/// Values that are remembered at the most: as many as policies of the seeds look back at.
const REMEMBERED: usize = 20_000;

/// A value that the service was given.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    group: GroupId,
    metric: Metric,
    point: muster_model::Point,
}

impl World {
    /// What is measured of a group now, with the faults of the road: given to the service at once, later, twice, or never.
    /// `load` is shared by the members that serve; each fault strikes with `faults` thousandths.
    pub fn measure(&mut self, group: GroupId, metric: &Metric, load: f64, faults: u32) {
        let Some(view) = self.groups.get(&group).cloned() else {
            return;
        };
        let serving: Vec<InstanceId> = view
            .instances
            .values()
            .filter(|i| role(i.state) == Role::Serving)
            .map(|i| i.id)
            .collect();
        let each = load / serving.len().max(1) as f64;
        let whole = self.dice.strikes(200);
        let of: Vec<Option<InstanceId>> = match whole {
            true => vec![None],
            false => serving.into_iter().map(Some).collect(),
        };
        let mut points = Vec::new();
        for instance in of {
            if self.dice.strikes(faults) {
                continue;
            }
            let late = match self.dice.strikes(faults) {
                true => self.dice.millis(200_000),
                false => 0,
            };
            let point = muster_model::Point {
                at: self.now.plus_millis(-late),
                instance,
                value: each,
            };
            points.push((metric.clone(), point));
            if self.dice.strikes(faults) {
                points.push((metric.clone(), point));
            }
        }
        if self.dice.strikes(faults) {
            points.reverse();
        }
        let command = GroupCommand::Measured(points);
        let lost = self.command(group, &command).is_err();
        if lost && self.dice.strikes(500) {
            // Whoever measures does not know whether it came, and tells it again.
            let _ = self.command(group, &command);
        }
    }

    /// Remembers what the service may know: also what it was given in a commit whose end is not known.
    pub(crate) fn given(&mut self, group: GroupId, command: &GroupCommand) {
        let GroupCommand::Measured(points) = command else {
            return;
        };
        let given = points.iter().map(|(metric, point)| Given {
            group,
            metric: metric.clone(),
            point: *point,
        });
        self.given.extend(given);
        let surplus = self.given.len().saturating_sub(REMEMBERED);
        self.given.drain(..surplus);
    }

    /// A policy that takes machines away has a value of every period that it looks at, of enough members (promise P6).
    /// Worked out anew from what the service was given, not from what it has kept.
    pub(crate) fn check_scale_in(&mut self, before: &GroupView, change: &Change) {
        for activity in &change.activities {
            let new = !before.activities.contains_key(&activity.id);
            let TriggerKind::Policy { policy, .. } = &activity.trigger.kind else {
                continue;
            };
            if !new || activity.kind != ActivityKind::ScaleIn {
                continue;
            }
            let Some(policy) = before.parts.policies.get(policy) else {
                continue;
            };
            let alarm = match &policy.kind {
                PolicyKind::Simple { alarm, .. } => Some(alarm.clone()),
                PolicyKind::Target(target) => target.low(),
                // It relies on no value: the time asks for it.
                PolicyKind::Timed { .. } => continue,
                PolicyKind::External { .. } | PolicyKind::Unhealthy => None,
            };
            self.scale_ins += 1;
            let share = match policy.options.missing_data {
                MissingData::OutOnly => 1.0,
                MissingData::Hold | MissingData::Ignore | MissingData::Breach => {
                    policy.options.min_reporting
                }
            };
            let wrong = match alarm {
                None => Some("it has no alarm that asks for less".to_owned()),
                Some(alarm) => self.blind(before, &alarm, policy.created_at, share),
            };
            if policy.options.shadow {
                self.broken.push(format!("{} acts in shadow", policy.name));
            }
            if let Some(wrong) = wrong {
                self.broken.push(format!(
                    "P6: {} scales in at {}, but {wrong}",
                    policy.name, self.now.0
                ));
            }
        }
    }

    /// What is missing for a scale-in, if anything.
    fn blind(&self, before: &GroupView, alarm: &Alarm, anchor: Time, share: f64) -> Option<String> {
        let period = i64::from(alarm.period_secs) * 1000;
        let end = anchor.0 + (self.now.0 - anchor.0).div_euclid(period) * period;
        for back in 0..i64::from(alarm.repeat) {
            let (from, until) = (end - (back + 1) * period, end - back * period);
            let heard: BTreeSet<Option<InstanceId>> = self
                .given
                .iter()
                .filter(|given| given.group == before.group.id && given.metric == alarm.metric)
                .filter(|given| (from..until).contains(&given.point.at.0))
                .map(|given| given.point.instance)
                .filter(|id| {
                    let member = id.and_then(|id| before.instances.get(&id));
                    !member.is_some_and(|member| is_young(member))
                })
                .collect();
            if heard.is_empty() {
                return Some(format!("nothing is known from {from} to {until}"));
            }
            if heard.contains(&None) {
                continue;
            }
            let expected: Vec<InstanceId> = before
                .instances
                .values()
                .filter(|i| role(i.state) == Role::Serving && !is_young(i))
                .filter(|i| i.in_service_at.is_some_and(|at| at.0 <= from))
                .map(|i| i.id)
                .collect();
            let reported = expected.iter().filter(|id| heard.contains(&Some(**id)));
            let reported = reported.count();
            let needed = share * expected.len() as f64;
            if expected.is_empty() || (reported as f64) < needed {
                return Some(format!(
                    "{reported} of {} members reported from {from} to {until}",
                    expected.len()
                ));
            }
        }
        None
    }
}

/// It warms up, or is on its way into service.
fn is_young(instance: &Instance) -> bool {
    match instance.warmup {
        Warmup::Waiting | Warmup::Until(_) => true,
        Warmup::NotNeeded | Warmup::Done => role(instance.state) == Role::Coming,
    }
}
