//! What is done with policies that size a bandwidth.

use muster_model::{
    BandwidthPolicy, BandwidthPolicySpec, BandwidthStep, BandwidthTrigger, Created, ExecutedBy,
    RecordCommand, RecordId, RecordSpec, Resize,
};

use super::policies_v2::{Given, description, new_description};
use super::policies_write::{MOST_POLICIES, check_alarm_exists, cooldown};
use crate::checks::{self, filled};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::bandwidth::{ActionV2, IntervalAction, type_of};
use crate::shapes::policy::Scheduled;
use crate::words::{PolicyAction, PolicyTypeV2};

/// Steps of one policy at the most.
const MOST_STEPS: usize = 10;

/// What a policy says from now on, if nobody has changed it meanwhile.
async fn replace(
    policy: &BandwidthPolicy,
    spec: BandwidthPolicySpec,
    ctx: &Ctx,
) -> Result<(), Fault> {
    let replace = RecordCommand::Replace {
        id: RecordId::BandwidthPolicy(policy.id),
        version: policy.head.version,
        spec: RecordSpec::BandwidthPolicy(Box::new(spec)),
    };
    ctx.change_records(replace).await.map(|_| ())
}

pub(super) async fn delete(policy: &BandwidthPolicy, ctx: &Ctx) -> Result<(), Fault> {
    let id = RecordId::BandwidthPolicy(policy.id);
    ctx.change_records(RecordCommand::Delete { id })
        .await
        .map(|_| ())
}

/// Switches a policy on or off, or executes it. What comes of an execution stands in its log.
pub(super) async fn act(
    policy: &BandwidthPolicy,
    action: PolicyAction,
    ctx: &Ctx,
) -> Result<(), Fault> {
    let enabled = match action {
        PolicyAction::Resume => true,
        PolicyAction::Pause => false,
        PolicyAction::Execute if !policy.spec.enabled => {
            return Err(Fault::new("AS.3027", "The policy is paused."));
        }
        PolicyAction::Execute => {
            let execute = RecordCommand::ResizeBandwidth {
                policy: policy.id,
                by: ExecutedBy::Call,
                value: None,
            };
            return ctx.change_records(execute).await.map(|_| ());
        }
    };
    let spec = BandwidthPolicySpec {
        enabled,
        ..policy.spec.clone()
    };
    replace(policy, spec, ctx).await
}

/// What a policy waits for: what is given, over what it was. A rule that it had is not looked at.
async fn trigger(
    kind: PolicyTypeV2,
    given: &Given,
    old: Option<&BandwidthTrigger>,
    ctx: &Ctx,
) -> Result<BandwidthTrigger, Fault> {
    let (old_alarm, old_times) = match old {
        Some(BandwidthTrigger::Alarm { alarm_id, .. }) => (Some(alarm_id), None),
        Some(BandwidthTrigger::Timed(times)) => (None, Some(times)),
        None => (None, None),
    };
    let now = ctx.api.now();
    let recurs = kind == PolicyTypeV2::Recurrence;
    let old_times = old_times.filter(|times| times.cron.is_some() == recurs);
    let scheduled = || {
        let was = old_times.map(Scheduled::of);
        let all = match (given.scheduled_policy.clone(), was) {
            (Some(new), Some(was)) => Some(new.over(was)),
            (new, was) => new.or(was),
        };
        all.ok_or_else(|| Fault::missing("AS.3003", "scheduled_policy"))
    };
    match kind {
        PolicyTypeV2::Alarm | PolicyTypeV2::IntervalAlarm => {
            let id = filled(given.alarm_id.clone()).or_else(|| old_alarm.cloned());
            let alarm_id = id.ok_or_else(|| Fault::missing("AS.3026", "alarm_id"))?;
            if old_alarm != Some(&alarm_id) {
                check_alarm_exists(&alarm_id, ctx).await?;
            }
            Ok(BandwidthTrigger::Alarm {
                alarm_id,
                interval: kind == PolicyTypeV2::IntervalAlarm,
            })
        }
        PolicyTypeV2::Scheduled => scheduled()?
            .once(now, old_times)
            .map(BandwidthTrigger::Timed),
        PolicyTypeV2::Recurrence => match (old_times, &given.scheduled_policy) {
            (Some(times), None) => Ok(BandwidthTrigger::Timed(times.clone())),
            _ => scheduled()?.recurring(now).map(BandwidthTrigger::Timed),
        },
    }
}

fn steps(given: Option<&Vec<IntervalAction>>) -> Result<Option<Vec<BandwidthStep>>, Fault> {
    let Some(given) = given else {
        return Ok(None);
    };
    checks::count("AS.0022", "interval_alarm_actions", given, MOST_STEPS)?;
    let steps: Result<Vec<_>, _> = given.iter().map(IntervalAction::step).collect();
    steps.map(Some)
}

/// Steps are for values of alarms, and a policy by intervals has some.
fn check_steps(kind: PolicyTypeV2, steps: &[BandwidthStep]) -> Result<(), Fault> {
    let name = "interval_alarm_actions";
    match (kind, steps.is_empty()) {
        (PolicyTypeV2::IntervalAlarm, true) => Err(Fault::missing("AS.3015", name)),
        (PolicyTypeV2::Scheduled | PolicyTypeV2::Recurrence, false) => {
            let detail = format!("`{name}` is of policies by alarm only.");
            Err(Fault::new("AS.0022", detail))
        }
        _ => Ok(()),
    }
}

fn bandwidth(id: String) -> Result<String, Fault> {
    checks::text_id("AS.3055", "scaling_resource_id", &id)?;
    Ok(id)
}

/// Makes a policy of a bandwidth.
pub(super) async fn create(
    name: String,
    resource: String,
    kind: PolicyTypeV2,
    given: Given,
    ctx: &Ctx,
) -> Result<String, Fault> {
    let bandwidth = bandwidth(resource)?;
    let trigger = trigger(kind, &given, None, ctx).await?;
    let action = given.scaling_policy_action.unwrap_or_default();
    let change: Resize = action.resize("scaling_policy_action")?;
    let steps = steps(given.interval_alarm_actions.as_ref())?.unwrap_or_default();
    check_steps(kind, &steps)?;
    let spec = BandwidthPolicySpec {
        name,
        description: description(given.description)?,
        bandwidth,
        enabled: true,
        cooldown_secs: cooldown(given.cool_down_time.unwrap_or(300))?,
        trigger,
        change,
        steps,
        looked_at: ctx.api.now(),
        changed_at: None,
        executions: Vec::new(),
    };
    if ctx.records().await?.bandwidth_policies.len() >= MOST_POLICIES {
        let detail = format!("There may be {MOST_POLICIES} of bandwidths.");
        return Err(Fault::new("AS.3032", detail));
    }
    let create = RecordCommand::Create(RecordSpec::BandwidthPolicy(Box::new(spec)));
    match ctx.change_records(create).await? {
        Created::Record(RecordId::BandwidthPolicy(id)) => Ok(id.uuid()),
        _ => Err(Fault::system("The request made nothing.")),
    }
}

/// Changes one: what is not given stays.
pub(super) async fn update(
    policy: &BandwidthPolicy,
    name: Option<String>,
    resource: Option<String>,
    kind: Option<PolicyTypeV2>,
    given: Given,
    ctx: &Ctx,
) -> Result<(), Fault> {
    let old = &policy.spec;
    let kind = kind.unwrap_or_else(|| type_of(policy));
    let trigger = trigger(kind, &given, Some(&old.trigger), ctx).await?;
    let change = match given.scaling_policy_action {
        Some(action) => action
            .over(ActionV2::of(old.change))
            .resize("scaling_policy_action")?,
        None => old.change,
    };
    let steps = steps(given.interval_alarm_actions.as_ref())?;
    let steps = steps.unwrap_or_else(|| match kind {
        PolicyTypeV2::Alarm | PolicyTypeV2::IntervalAlarm => old.steps.clone(),
        PolicyTypeV2::Scheduled | PolicyTypeV2::Recurrence => Vec::new(),
    });
    check_steps(kind, &steps)?;
    let cooldown_secs = given.cool_down_time.map(cooldown).transpose()?;
    let spec = BandwidthPolicySpec {
        name: name.unwrap_or_else(|| old.name.clone()),
        description: new_description(given.description, old.description.as_ref())?,
        bandwidth: resource
            .map(bandwidth)
            .transpose()?
            .unwrap_or_else(|| old.bandwidth.clone()),
        cooldown_secs: cooldown_secs.unwrap_or(old.cooldown_secs),
        // Times that are new begin now.
        looked_at: match trigger == old.trigger {
            true => old.looked_at,
            false => ctx.api.now(),
        },
        trigger,
        change,
        steps,
        ..old.clone()
    };
    replace(policy, spec, ctx).await
}
