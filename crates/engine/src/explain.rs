//! Views and plans as text: for golden tests, scenario scripts and `explain`.
//!
//! Ids are printed as they are; times as seconds since `zero`, so that a text is the same wherever a run starts.

use std::fmt::Write as _;

use muster_model::{Activity, CallPhase, GroupView, Instance, Outcome, Time};

use crate::Plan;

/// Seconds from `zero`, with milliseconds only where there are any.
fn at(time: Time, zero: Time) -> String {
    let millis = time.0 - zero.0;
    match millis % 1000 {
        0 => format!("{}s", millis / 1000),
        _ => format!("{}.{:03}s", millis / 1000, (millis % 1000).abs()),
    }
}

/// A view, one line for the group and one for each member and open activity.
#[must_use]
pub fn view_text(view: &GroupView, zero: Time) -> String {
    let mut text = String::new();
    let group = &view.group;
    let size = group.spec.size;
    let _ = write!(
        text,
        "group {} {} min={} desired={} max={} members={}",
        group.spec.name,
        if group.spec.enabled {
            "enabled"
        } else {
            "disabled"
        },
        size.min,
        size.desired,
        size.max,
        view.instances.len()
    );
    if group.retry.failures > 0 {
        let _ = write!(text, " failures={}", group.retry.failures);
    }
    if let Some(until) = group.retry.not_before {
        let _ = write!(text, " not-before={}", at(until, zero));
    }
    if let Some(brake) = &group.retry.brake {
        let _ = write!(text, " brake=\"{}\"", brake.reason);
    }
    if let Some(storm) = &group.retry.storm {
        let _ = write!(
            text,
            " storm-since={} replaced={}",
            at(storm.since, zero),
            storm.replaced
        );
        if let Some(until) = storm.not_before {
            let _ = write!(text, " no-replacement-before={}", at(until, zero));
        }
    }
    if let Some(cooldown) = &group.cooldown {
        let _ = write!(text, " cooldown-until={}", at(cooldown.until, zero));
    }
    if group.deleting {
        text.push_str(" deleting");
    }
    let _ = writeln!(
        text,
        " wake={}",
        group
            .wake_at
            .map_or("never".to_owned(), |wake| at(wake, zero))
    );
    for instance in view.instances.values() {
        let _ = writeln!(text, "  {}", instance_text(instance, zero));
    }
    pool_text(&mut text, view, zero);
    for activity in view.activities.values() {
        let _ = writeln!(text, "  {}", activity_text(activity, zero));
    }
    text
}

/// The warm pool and what is in it.
fn pool_text(text: &mut String, view: &GroupView, zero: Time) {
    if let Some(pool) = &view.group.warm_pool {
        let _ = write!(text, "  warm pool capacity={}", pool.capacity);
        if let Some(until) = pool.not_before {
            let _ = write!(
                text,
                " failures={} not-before={}",
                pool.failures,
                at(until, zero)
            );
        }
        text.push('\n');
    }
    for instance in view.pool.values() {
        let _ = writeln!(text, "  pool {}", instance_text(instance, zero));
    }
}

/// A member in one line.
#[must_use]
pub fn instance_text(instance: &Instance, zero: Time) -> String {
    let place = &instance.placement;
    let mut text = format!(
        "{} {:?} {:?} {}@{}",
        instance.id,
        instance.state,
        instance.origin,
        place.instance_type,
        if place.subnet.is_empty() {
            &place.zone
        } else {
            &place.subnet
        }
    );
    if place.spot {
        text.push_str(" spot");
    }
    if !instance.health.is_healthy() {
        text.push_str(" unhealthy");
    }
    if let Some(since) = instance.sick_since {
        let _ = write!(text, " since={}", at(since, zero));
    }
    if instance.protected {
        text.push_str(" protected");
    }
    for binding in &instance.bindings {
        let target = &binding.target;
        let _ = write!(
            text,
            " {}{}:{}*{}",
            if binding.wanted { '+' } else { '-' },
            target.listener,
            target.port,
            binding.weight
        );
    }
    if let Some(by) = instance.healthy_by {
        let _ = write!(text, " healthy-by={}", at(by, zero));
    }
    if let Some(by) = instance.drain_by {
        let _ = write!(text, " drain-by={}", at(by, zero));
    }
    for wait in instance.hooks.iter().filter(|wait| wait.verdict.is_none()) {
        let _ = write!(text, " {} until={}", wait.hook, at(wait.deadline, zero));
    }
    if let Some(call) = &instance.call {
        let _ = write!(text, " {}#{}", call.kind.name(), call.attempt);
        match call.phase {
            CallPhase::Due { at: due } => {
                let _ = write!(text, " due={}", at(due, zero));
            }
            CallPhase::InFlight { until } => {
                let _ = write!(text, " in-flight-until={}", at(until, zero));
            }
        }
    }
    text
}

/// An activity in one line.
#[must_use]
pub fn activity_text(activity: &Activity, zero: Time) -> String {
    let count = |outcome| {
        activity
            .instances
            .iter()
            .filter(|related| related.outcome == outcome)
            .count()
    };
    let mut text = format!(
        "{:?} {:?} wanted={} ok={} failed={} started={}",
        activity.kind,
        activity.status,
        activity.wanted,
        count(Outcome::Successful),
        count(Outcome::Failed),
        at(activity.started_at, zero)
    );
    if let Some(ended) = activity.ended_at {
        let _ = write!(text, " ended={}", at(ended, zero));
    }
    if !activity.status_message.is_empty() {
        let _ = write!(text, " \"{}\"", activity.status_message);
    }
    text
}

/// A plan: what is written, what is asked, and why.
#[must_use]
pub fn plan_text(plan: &Plan, zero: Time) -> String {
    let mut text = String::new();
    for instance in &plan.change.instances {
        let _ = writeln!(text, "write {}", instance_text(instance, zero));
    }
    for id in &plan.change.gone {
        let _ = writeln!(text, "drop {id}");
    }
    for activity in &plan.change.activities {
        let _ = writeln!(text, "write {}", activity_text(activity, zero));
    }
    for call in &plan.calls {
        let _ = writeln!(
            text,
            "call {} {} #{} until={}",
            call.kind.name(),
            call.owner.instance,
            call.attempt,
            at(call.until, zero)
        );
    }
    for reason in &plan.record.reasons {
        let _ = writeln!(text, "because {}", reason.text);
    }
    text
}
