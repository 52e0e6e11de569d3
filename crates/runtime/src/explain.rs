//! The last evaluations of a group: what was seen, what was decided, and why.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::PoisonError;

use muster_engine::{Evaluation, PlannedCall, Record};
use muster_model::{GroupId, GroupView, Statistic, Time};
use muster_ports::Clock;
use serde_json::{Value, json};

use crate::directory::Slot;
use crate::runtime::Runtime;

/// Points of a metric that are shown, newest first.
const SHOWN_POINTS: usize = 20;

/// Members shown that would leave next.
const SHOWN_VICTIMS: u32 = 5;

fn evaluation_json(e: &Evaluation) -> Value {
    let reasons = &e.record.reasons;
    json!({
        "at_ms": e.record.at.0,
        "first_at_ms": e.first_at.0,
        "count": e.count,
        "trigger": e.trigger,
        "desired": e.desired,
        "members": e.members,
        "inputs": e.record.inputs,
        "reasons": reasons.iter().map(|reason| &reason.text).collect::<Vec<_>>(),
        "why": reasons.iter().map(|reason| json!({
            "code": reason.code, "clamps": reason.clamps,
        })).collect::<Vec<_>>(),
        "more_reasons": e.record.more,
        "victims": e.record.victims,
        "decision": e.record.decision,
        "calls": e.calls,
    })
}

/// The newest activity, and why it began: that is kept with it, also over a restart.
fn last_activity(view: &GroupView) -> Option<Value> {
    let activity = view.activities.get(&view.group.last_activity?)?;
    Some(json!({
        "activity": activity.id.to_string(),
        "kind": format!("{:?}", activity.kind),
        "status": format!("{:?}", activity.status),
        "started_at_ms": activity.started_at.0,
        "why": activity.why,
    }))
}

/// The newest values of each metric, the newest first.
fn metrics(view: &GroupView) -> Value {
    let mut by_metric: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for series in view.parts.series.values() {
        let values = by_metric.entry(&series.metric.0).or_default();
        values.extend(series.values());
    }
    let shown = by_metric.into_iter().map(|(metric, mut values)| {
        values.sort_by_key(|(instance, at, _)| (Reverse(*at), *instance));
        values.truncate(SHOWN_POINTS);
        let points = values.iter().map(|(instance, at, summary)| {
            json!({
                "at_ms": at.0,
                "instance": instance.map(|id| id.to_string()),
                "value": summary.statistic(Statistic::Average),
                "of": summary.count,
            })
        });
        json!({ "metric": metric, "points": points.collect::<Vec<_>>() })
    });
    shown.collect()
}

impl Runtime {
    /// Keeps and counts what an evaluation of a group says: a turn, or a command.
    pub(crate) fn evaluated(
        &self,
        slot: &Slot,
        record: Record,
        trigger: &'static str,
        view: &GroupView,
        calls: &[PlannedCall],
    ) {
        self.metrics.evaluated(&record);
        let mut kept = slot
            .evaluations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kept.keep(record, trigger, view, calls);
    }

    /// The last evaluations of a group, newest last, and how it stands; `None` when there is no such group. Times are
    /// milliseconds since the Unix epoch.
    #[must_use]
    pub fn explain(&self, id: GroupId) -> Option<Value> {
        let slot = self.directory.group(id)?;
        let view = slot.view();
        let kept = slot
            .evaluations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let evaluations: Vec<Value> = kept.iter().map(evaluation_json).collect();
        drop(kept);
        let retry = &view.group.retry;
        Some(json!({
            "group": id.to_string(),
            "name": view.group.spec.name,
            "account": view.group.account.to_string(),
            "enabled": view.group.spec.enabled,
            "min": view.group.spec.size.min,
            "desired": view.group.spec.size.desired,
            "max": view.group.spec.size.max,
            "wake_at_ms": view.group.wake_at.map(|at| at.0),
            "failures": retry.failures,
            "brake": retry.brake.as_ref().map(|b| json!({
                "kind": format!("{:?}", b.kind), "since_ms": b.since.0, "failures": b.failures, "reason": b.reason,
                "release": "change capacity or configuration, or enable the group",
            })),
            "storm": retry.storm.map(|storm| json!({
                "since_ms": storm.since.0, "replaced": storm.replaced,
                "not_before_ms": storm.not_before.map(|at| at.0),
            })),
            "schedules": view.parts.schedules.values().map(|schedule| json!({
                "id": schedule.id.to_string(),
                "name": schedule.name,
                "next_ms": muster_engine::schedule::preview(schedule, 5).iter().map(|at| at.0).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "policies": view.parts.policies.values().map(|policy| json!({
                "id": policy.id.to_string(),
                "name": policy.name,
                "enabled": policy.enabled,
                "rule": format!("{:?}", policy.kind),
                "evaluated_ms": policy.watch.evaluated.map(|at| at.0),
                "acted_ms": policy.watch.acted.map(|at| at.0),
                "rung_ms": policy.watch.rung.map(|rung| rung.at.0),
                "options": policy.options,
                "stands": { "high": policy.watch.high, "low": policy.watch.low },
            })).collect::<Vec<_>>(),
            "metrics": metrics(&view),
            "looks": self.looks_at(&view),
            "alarms": self.alarms_of(&view),
            "cooldown_until_ms": view.group.cooldown.as_ref().map(|cooldown| cooldown.until.0),
            "view": muster_engine::explain::view_text(&view, Time(0)),
            "last_activity": last_activity(&view),
            "would_leave": muster_engine::who_leaves(
                &view, self.clock.now(), &self.options.settings, SHOWN_VICTIMS,
            ),
            "evaluations": evaluations,
        }))
    }
}
