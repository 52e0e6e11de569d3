//! Policies: made, changed, deleted, executed.

use muster_kit::action::Action;
use muster_model::{
    AdjustBy, Created, Door, GroupCommand, GroupView, Policy, PolicyCommand, PolicyKind, PolicySpec,
};
use serde::{Deserialize, Serialize};

use super::{Empty, policies_bandwidth};
use crate::checks::{self, NameCodes, filled};
use crate::context::{AnyPolicy, Ctx};
use crate::fault::Fault;
use crate::shapes::policy::{Adjust, Scheduled, is_waiting, policy_type};
use crate::words::{PolicyAction, PolicyType};

pub(super) const POLICY_NAME: NameCodes = NameCodes("AS.3013", "AS.3014", "AS.3031");
/// Policies of a group at the most (L3374).
pub(super) const MOST_POLICIES: usize = 50;
/// The longest cooldown, seconds (L2289).
const COOLDOWN_SECS: i64 = 86_400;

/// CreateScalingPolicy.
#[derive(Deserialize)]
pub(crate) struct CreateScalingPolicy {
    scaling_policy_name: Option<String>,
    scaling_group_id: Option<String>,
    scaling_policy_type: Option<String>,
    alarm_id: Option<String>,
    scheduled_policy: Option<Scheduled>,
    scaling_policy_action: Option<Adjust>,
    cool_down_time: Option<i64>,
}

/// Its answer, and that of a change.
#[derive(Serialize)]
pub(crate) struct PolicyMade {
    pub(super) scaling_policy_id: String,
}

pub(super) fn cooldown(value: i64) -> Result<u32, Fault> {
    checks::number("AS.3012", "cool_down_time", value, 0, COOLDOWN_SECS)
}

/// The id of an alarm rule that exists.
pub(super) async fn check_alarm_exists(id: &str, ctx: &Ctx) -> Result<(), Fault> {
    check_alarm_id(id)?;
    match ctx.alarm_rule(id).await? {
        Some(_) => Ok(()),
        None => Err(Fault::new("AS.3030", format!("`alarm_id` is `{id}`."))),
    }
}

/// The id of an alarm rule that exists and that no other group uses (rule P5).
async fn check_alarm(id: &str, view: &GroupView, ctx: &Ctx) -> Result<(), Fault> {
    check_alarm_exists(id, ctx).await?;
    let uses = |policy: &Policy| matches!(&policy.kind, PolicyKind::External { alarm_id, .. } if alarm_id == id);
    let others = ctx.views().await?;
    let mut others = others
        .iter()
        .filter(|other| other.group.id != view.group.id);
    match others.any(|other| other.parts.policies.values().any(|policy| uses(policy))) {
        true => Err(Fault::new("AS.3034", format!("`alarm_id` is `{id}`."))),
        false => Ok(()),
    }
}

/// The form of an alarm rule's id: `al` and 22 letters or digits.
fn check_alarm_id(id: &str) -> Result<(), Fault> {
    let body = id.strip_prefix("al").unwrap_or_default();
    if body.len() != 22 || !body.bytes().all(|b| b.is_ascii_alphanumeric()) {
        let wanted = "`al` and 22 letters or digits are right";
        return Err(Fault::value("AS.3050", "alarm_id", id, wanted));
    }
    Ok(())
}

/// What a policy is to be: what is given, over what it was.
pub(super) struct Wanted {
    pub(super) kind: PolicyType,
    pub(super) alarm_id: Option<String>,
    pub(super) scheduled: Option<Scheduled>,
    pub(super) adjust: Option<AdjustBy>,
}

impl Wanted {
    /// The kind, with the parts that it needs.
    pub(super) async fn kind(
        self,
        old: Option<&PolicyKind>,
        view: &GroupView,
        ctx: &Ctx,
    ) -> Result<PolicyKind, Fault> {
        let now = ctx.api.now();
        let (old_alarm, old_times, old_adjust) = match old {
            Some(PolicyKind::External { alarm_id, adjust }) => {
                (Some(alarm_id), None, Some(*adjust))
            }
            Some(PolicyKind::Timed { times, adjust }) => (None, Some(times), Some(*adjust)),
            Some(PolicyKind::Simple { adjust, .. }) => (None, None, Some(*adjust)),
            Some(PolicyKind::Target(_) | PolicyKind::Unhealthy) | None => (None, None, None),
        };
        let adjust = self.adjust.or(old_adjust).unwrap_or(AdjustBy::By(1));
        let untouched = self.scheduled.is_none();
        // What of the times is not given stays, if they are of the same kind.
        let scheduled = |was: Option<Scheduled>| match (self.scheduled, was) {
            (Some(new), Some(was)) => Some(new.over(was)),
            (new, was) => new.or(was),
        };
        let missing = || Fault::missing("AS.3003", "scheduled_policy");
        match self.kind {
            PolicyType::Alarm => {
                let id = self.alarm_id.or_else(|| old_alarm.cloned());
                let id = id.ok_or_else(|| Fault::missing("AS.3026", "alarm_id"))?;
                if old_alarm != Some(&id) {
                    check_alarm(&id, view, ctx).await?;
                }
                Ok(PolicyKind::External {
                    alarm_id: id,
                    adjust,
                })
            }
            PolicyType::Scheduled => {
                let old_times = old_times.filter(|times| times.cron.is_none());
                let given = scheduled(old_times.map(Scheduled::of)).ok_or_else(missing)?;
                let times = match old_times {
                    Some(times) if given == Scheduled::of(times) => times.clone(),
                    _ => given.once(now, old_times)?,
                };
                Ok(PolicyKind::Timed { times, adjust })
            }
            PolicyType::Recurrence => {
                let old_times = old_times.filter(|times| times.cron.is_some());
                let given = scheduled(old_times.map(Scheduled::of)).ok_or_else(missing)?;
                let times = match old_times {
                    // What is written back as it was shown may be another door's.
                    Some(times) if untouched || given == Scheduled::of(times) => times.clone(),
                    _ => given.recurring(now)?,
                };
                Ok(PolicyKind::Timed { times, adjust })
            }
        }
    }
}

impl Action<Ctx> for CreateScalingPolicy {
    const NAME: &'static str = "CreateScalingPolicy";
    type Response = PolicyMade;

    async fn run(self, ctx: &Ctx) -> Result<PolicyMade, Fault> {
        let name = checks::given_name(
            "scaling_policy_name",
            self.scaling_policy_name,
            &POLICY_NAME,
        )?;
        let kind = filled(self.scaling_policy_type);
        let kind = kind.ok_or_else(|| Fault::missing("AS.3011", "scaling_policy_type"))?;
        let kind: PolicyType = checks::word("AS.3002", "scaling_policy_type", &kind)?;
        let group = filled(self.scaling_group_id);
        let group = group.ok_or_else(|| Fault::missing("AS.3019", "scaling_group_id"))?;
        let cooldown_secs = cooldown(self.cool_down_time.unwrap_or(300))?;
        let adjust = self.scaling_policy_action.unwrap_or_default().by()?;
        let view = ctx.staying(&group).await?;
        let wanted = Wanted {
            kind,
            alarm_id: filled(self.alarm_id),
            scheduled: self.scheduled_policy,
            adjust: Some(adjust),
        };
        let kind = wanted.kind(None, &view, ctx).await?;
        if view.parts.policies.len() >= MOST_POLICIES {
            return Err(Fault::new(
                "AS.3032",
                format!("There may be {MOST_POLICIES}."),
            ));
        }
        let command = PolicyCommand::Create {
            door: Door::Huawei,
            spec: Box::new(PolicySpec {
                name,
                enabled: true,
                cooldown_secs: Some(cooldown_secs),
                kind,
                notify_groups: Vec::new(),
            }),
        };
        match ctx
            .change(view.group.id, GroupCommand::Policy(command))
            .await?
        {
            Created::Policy(id) => Ok(PolicyMade {
                scaling_policy_id: id.uuid(),
            }),
            _ => Err(Fault::system("The request made nothing.")),
        }
    }
}

/// UpdateScalingPolicy: what is not given stays (rule P11).
#[derive(Deserialize)]
pub(crate) struct UpdateScalingPolicy {
    scaling_policy_id: String,
    scaling_policy_name: Option<String>,
    scaling_policy_type: Option<String>,
    alarm_id: Option<String>,
    scheduled_policy: Option<Scheduled>,
    scaling_policy_action: Option<Adjust>,
    cool_down_time: Option<i64>,
}

impl UpdateScalingPolicy {
    /// The adjustment: what is not said of it stays.
    fn adjust(&self, old: &PolicyKind) -> Result<Option<AdjustBy>, Fault> {
        let Some(new) = &self.scaling_policy_action else {
            return Ok(None);
        };
        let was = match old {
            PolicyKind::Timed { adjust, .. }
            | PolicyKind::External { adjust, .. }
            | PolicyKind::Simple { adjust, .. } => Adjust::of(*adjust),
            PolicyKind::Target(_) | PolicyKind::Unhealthy => Adjust::default(),
        };
        let says_how_many = new.instance_number.is_some() || new.instance_percentage.is_some();
        let merged = Adjust {
            operation: new.operation.clone().or(was.operation),
            instance_number: match says_how_many {
                true => new.instance_number,
                false => was.instance_number,
            },
            instance_percentage: match says_how_many {
                true => new.instance_percentage,
                false => was.instance_percentage,
            },
        };
        merged.by().map(Some)
    }
}

impl Action<Ctx> for UpdateScalingPolicy {
    const NAME: &'static str = "UpdateScalingPolicy";
    type Response = PolicyMade;

    async fn run(self, ctx: &Ctx) -> Result<PolicyMade, Fault> {
        let (view, policy) = ctx.policy(&self.scaling_policy_id).await?;
        if let Some(name) = self
            .scaling_policy_name
            .as_ref()
            .filter(|name| **name != policy.name)
        {
            checks::name("scaling_policy_name", name, &POLICY_NAME)?;
        }
        let kind: Option<PolicyType> = checks::word_if_given(
            "AS.3002",
            "scaling_policy_type",
            self.scaling_policy_type.as_ref(),
        )?;
        // What is written back as it was shown may be another door's.
        let own = policy.cooldown_secs;
        let cooldown_secs = self.cool_down_time.map(|secs| match own {
            Some(own) if secs == i64::from(own) => Ok(own),
            Some(_) | None => cooldown(secs),
        });
        let cooldown_secs = cooldown_secs.transpose()?;
        let adjust = self.adjust(&policy.kind)?;
        let changes = kind.is_some() || self.alarm_id.is_some() || self.scheduled_policy.is_some();
        // A policy of another door keeps what it is, unless a kind of this door is asked for.
        let is_own = matches!(
            policy.kind,
            PolicyKind::Timed { .. } | PolicyKind::External { .. }
        );
        let new = match (changes, is_own) {
            (true, _) | (false, true) => {
                let wanted = Wanted {
                    kind: kind.unwrap_or_else(|| policy_type(&policy)),
                    alarm_id: filled(self.alarm_id),
                    scheduled: self.scheduled_policy,
                    adjust,
                };
                wanted.kind(Some(&policy.kind), &view, ctx).await?
            }
            (false, false) => match (&policy.kind, adjust) {
                (PolicyKind::Simple { alarm, .. }, Some(adjust)) => PolicyKind::Simple {
                    alarm: alarm.clone(),
                    adjust,
                },
                (kind, _) => kind.clone(),
            },
        };
        let spec = PolicySpec {
            name: self
                .scaling_policy_name
                .unwrap_or_else(|| policy.name.clone()),
            enabled: policy.enabled,
            cooldown_secs: cooldown_secs.or(policy.cooldown_secs),
            kind: new,
            notify_groups: policy.notify_groups.clone(),
        };
        modify(&view, &policy, spec, ctx).await?;
        Ok(PolicyMade {
            scaling_policy_id: policy.id.uuid(),
        })
    }
}

async fn modify(
    view: &GroupView,
    policy: &Policy,
    spec: PolicySpec,
    ctx: &Ctx,
) -> Result<(), Fault> {
    let command = PolicyCommand::Modify {
        id: policy.id,
        spec: Box::new(spec),
    };
    ctx.change_policy(view, command).await.map(|_| ())
}

/// Switches a policy on or off.
pub(super) async fn switch(
    view: &GroupView,
    policy: &Policy,
    enabled: bool,
    ctx: &Ctx,
) -> Result<(), Fault> {
    let spec = PolicySpec {
        name: policy.name.clone(),
        enabled,
        cooldown_secs: policy.cooldown_secs,
        kind: policy.kind.clone(),
        notify_groups: policy.notify_groups.clone(),
    };
    modify(view, policy, spec, ctx).await
}

pub(super) async fn delete(view: &GroupView, policy: &Policy, ctx: &Ctx) -> Result<(), Fault> {
    let command = PolicyCommand::Delete { id: policy.id };
    ctx.change_policy(view, command).await.map(|_| ())
}

/// DeleteScalingPolicy.
#[derive(Deserialize)]
pub(crate) struct DeleteScalingPolicy {
    scaling_policy_id: String,
}

impl Action<Ctx> for DeleteScalingPolicy {
    const NAME: &'static str = "DeleteScalingPolicy";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        match ctx.any_policy(&self.scaling_policy_id).await? {
            AnyPolicy::OfGroup(view, policy) => delete(&view, &policy, ctx).await?,
            AnyPolicy::OfBandwidth(policy) => policies_bandwidth::delete(&policy, ctx).await?,
        }
        Ok(Empty {})
    }
}

/// ExecuteResumeOrPauseScalingPolicy.
#[derive(Deserialize)]
pub(crate) struct ExecuteResumeOrPauseScalingPolicy {
    scaling_policy_id: String,
    action: Option<String>,
}

impl Action<Ctx> for ExecuteResumeOrPauseScalingPolicy {
    const NAME: &'static str = "ExecuteResumeOrPauseScalingPolicy";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let word = self
            .action
            .ok_or_else(|| Fault::missing("AS.3022", "action"))?;
        let action: PolicyAction = checks::word("AS.3022", "action", &word)?;
        let (view, policy) = match ctx.any_policy(&self.scaling_policy_id).await? {
            AnyPolicy::OfGroup(view, policy) => (view, policy),
            AnyPolicy::OfBandwidth(policy) => {
                policies_bandwidth::act(&policy, action, ctx).await?;
                return Ok(Empty {});
            }
        };
        match action {
            PolicyAction::Resume => switch(&view, &policy, true, ctx).await?,
            PolicyAction::Pause => switch(&view, &policy, false, ctx).await?,
            PolicyAction::Execute if !policy.enabled => {
                return Err(Fault::new("AS.3027", "The policy is paused."));
            }
            PolicyAction::Execute if is_waiting(&view, &policy) => {
                let detail = "The policy waits already for the activity that runs.";
                return Err(Fault::new("AS.0034", detail));
            }
            // By hand, it ignores cooldown (rule P10).
            PolicyAction::Execute => {
                let command = PolicyCommand::Execute {
                    id: policy.id,
                    honor_cooldown: false,
                };
                ctx.change_policy(&view, command).await?;
            }
        }
        Ok(Empty {})
    }
}
