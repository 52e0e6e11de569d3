//! Scaling policies made and changed (rules S1-S4).

use muster_kit::action::Action;
use muster_model::{
    AdjustBy, Alarm, Created, Door, GroupCommand, PolicyCommand, PolicyKind, PolicySpec,
    TargetTracking,
};
use serde::{Deserialize, Serialize};

use super::Empty;
use super::notifications::check_groups;
use super::policies::{named, on};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{AdjustmentType, MetricAlarm, PredefinedMetricType};

/// Longest cooldown and warm-up, seconds.
const MAX_SECS: i64 = 3600;
/// Cooldown and warm-up when nothing is said, seconds.
const DEFAULT_SECS: u32 = 300;

/// 1 to 60 characters: letters (Chinese ones too), digits, `_`, `-`, `.` (rule S1).
fn check_name(name: &str) -> Result<(), Fault> {
    let length = name.chars().count();
    if length > 60 {
        return Err(Fault::new(
            "InvalidParameterValue.TooLong",
            format!(
                "The parameter `ScalingPolicyName` is {length} characters long; at most 60 are allowed."
            ),
        ));
    }
    // The length in bytes is bounded by what was checked.
    checks::name("ScalingPolicyName", name, usize::MAX, true)
}

fn secs(parameter: &str, value: Option<i64>) -> Result<Option<u32>, Fault> {
    let checked = value.map(|value| checks::number(parameter, value, 0, MAX_SECS));
    checked.transpose()
}

fn user_groups(ids: Option<Vec<String>>) -> Result<Option<Vec<String>>, Fault> {
    ids.as_deref().map_or(Ok(()), check_groups)?;
    Ok(ids)
}

/// How a SIMPLE policy changes the size. An exact size is not negative.
fn adjust(kind: AdjustmentType, value: i64) -> Result<AdjustBy, Fault> {
    let (min, max) = match kind {
        AdjustmentType::Exact => (0, i64::from(i32::MAX)),
        AdjustmentType::Change | AdjustmentType::Percent => {
            (i64::from(i32::MIN), i64::from(i32::MAX))
        }
    };
    if !(min..=max).contains(&value) {
        return Err(Fault::range("AdjustmentValue", value, min, max));
    }
    Ok(kind.by(value))
}

/// The value to hold: a percentage below 100, or any positive number (rule S3).
fn target(metric: PredefinedMetricType, value: i64) -> Result<f64, Fault> {
    let max = match metric {
        PredefinedMetricType::Cpu => 99,
        PredefinedMetricType::LanOut
        | PredefinedMetricType::LanIn
        | PredefinedMetricType::WanOut
        | PredefinedMetricType::WanIn => i64::from(i32::MAX),
    };
    checks::number("TargetValue", value, 1, max).map(f64::from)
}

fn needed<T>(value: Option<T>, parameter: &str, policy_type: &str) -> Result<T, Fault> {
    value.ok_or_else(|| {
        Fault::new(
            "MissingParameter",
            format!("The parameter `{parameter}` is missing: a {policy_type} policy needs it."),
        )
    })
}

/// ScalingPolicyType.
#[derive(Clone, Copy, Deserialize)]
pub(crate) enum PolicyType {
    /// An alarm leads to an adjustment.
    #[serde(rename = "SIMPLE")]
    Simple,
    /// A metric is held at a value.
    #[serde(rename = "TARGET_TRACKING")]
    TargetTracking,
}

/// CreateScalingPolicy. What belongs to the other type is read and left aside.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateScalingPolicy {
    auto_scaling_group_id: String,
    scaling_policy_name: String,
    scaling_policy_type: Option<PolicyType>,
    adjustment_type: Option<AdjustmentType>,
    adjustment_value: Option<i64>,
    cooldown: Option<i64>,
    metric_alarm: Option<MetricAlarm>,
    predefined_metric_type: Option<PredefinedMetricType>,
    target_value: Option<i64>,
    estimated_instance_warmup: Option<i64>,
    disable_scale_in: Option<bool>,
    notification_user_group_ids: Option<Vec<String>>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedPolicy {
    auto_scaling_policy_id: String,
}

impl Action<Ctx> for CreateScalingPolicy {
    const NAME: &'static str = "CreateScalingPolicy";
    type Response = CreatedPolicy;

    async fn run(self, ctx: &Ctx) -> Result<CreatedPolicy, Fault> {
        check_name(&self.scaling_policy_name)?;
        let notify_groups = user_groups(self.notification_user_group_ids)?.unwrap_or_default();
        let cooldown = secs("Cooldown", self.cooldown)?.unwrap_or(DEFAULT_SECS);
        let warmup = secs("EstimatedInstanceWarmup", self.estimated_instance_warmup)?;
        let (kind, cooldown_secs) = match self.scaling_policy_type.unwrap_or(PolicyType::Simple) {
            PolicyType::Simple => {
                let simple = "SIMPLE";
                let kind = needed(self.adjustment_type, "AdjustmentType", simple)?;
                let value = needed(self.adjustment_value, "AdjustmentValue", simple)?;
                let alarm = needed(self.metric_alarm, "MetricAlarm", simple)?;
                let kind = PolicyKind::Simple {
                    alarm: Alarm::try_from(alarm)?,
                    adjust: adjust(kind, value)?,
                };
                (kind, Some(cooldown))
            }
            PolicyType::TargetTracking => {
                let tracking = "TARGET_TRACKING";
                let metric = self.predefined_metric_type;
                let metric = needed(metric, "PredefinedMetricType", tracking)?;
                let value = needed(self.target_value, "TargetValue", tracking)?;
                let kind = PolicyKind::Target(TargetTracking {
                    metric: metric.canonical(),
                    target: target(metric, value)?,
                    warmup_secs: warmup.unwrap_or(DEFAULT_SECS),
                    disable_scale_in: self.disable_scale_in.unwrap_or(false),
                });
                (kind, None)
            }
        };
        let spec = PolicySpec {
            name: self.scaling_policy_name,
            enabled: true,
            cooldown_secs,
            kind,
            notify_groups,
        };
        let command = GroupCommand::Policy(PolicyCommand::Create {
            door: Door::Tencent3,
            spec: Box::new(spec),
        });
        let Created::Policy(id) = ctx.on_group(&self.auto_scaling_group_id, command).await? else {
            return Err(Fault::made_nothing());
        };
        Ok(CreatedPolicy {
            auto_scaling_policy_id: id.to_string(),
        })
    }
}

/// ModifyScalingPolicy: what is left out stays, and so does the type.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyScalingPolicy {
    auto_scaling_policy_id: String,
    scaling_policy_name: Option<String>,
    adjustment_type: Option<AdjustmentType>,
    adjustment_value: Option<i64>,
    cooldown: Option<i64>,
    metric_alarm: Option<MetricAlarm>,
    predefined_metric_type: Option<PredefinedMetricType>,
    target_value: Option<i64>,
    estimated_instance_warmup: Option<i64>,
    disable_scale_in: Option<bool>,
    notification_user_group_ids: Option<Vec<String>>,
}

impl Action<Ctx> for ModifyScalingPolicy {
    const NAME: &'static str = "ModifyScalingPolicy";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let old = named(&self.auto_scaling_policy_id, ctx).await?;
        if let Some(name) = self
            .scaling_policy_name
            .as_ref()
            .filter(|n| **n != old.name)
        {
            check_name(name)?;
        }
        let notify_groups = user_groups(self.notification_user_group_ids)?;
        // What is written back as it was shown may be another door's.
        let cooldown = match (self.cooldown, old.cooldown_secs) {
            (Some(value), Some(own)) if value == i64::from(own) => Some(own),
            (value, _) => secs("Cooldown", value)?,
        };
        let warmup = secs("EstimatedInstanceWarmup", self.estimated_instance_warmup)?;
        let mut cooldown_secs = old.cooldown_secs;
        let kind = match &old.kind {
            PolicyKind::Simple { alarm, adjust: by } => {
                cooldown_secs = cooldown.or(cooldown_secs);
                let shown = crate::shapes::adjustment(*by);
                let given = (
                    self.adjustment_type.unwrap_or(shown.0),
                    self.adjustment_value.unwrap_or(shown.1),
                );
                PolicyKind::Simple {
                    alarm: match self.metric_alarm {
                        None => alarm.clone(),
                        Some(sent) => sent.over(alarm)?,
                    },
                    adjust: match given == shown {
                        true => *by,
                        false => adjust(given.0, given.1)?,
                    },
                }
            }
            PolicyKind::Target(tracking) => {
                let metric = self
                    .predefined_metric_type
                    .or_else(|| PredefinedMetricType::of(&tracking.metric));
                let value = self.target_value.unwrap_or(tracking.target.round() as i64);
                PolicyKind::Target(TargetTracking {
                    metric: metric.map_or_else(|| tracking.metric.clone(), |m| m.canonical()),
                    target: match metric {
                        Some(metric) => target(metric, value)?,
                        None => tracking.target,
                    },
                    warmup_secs: warmup.unwrap_or(tracking.warmup_secs),
                    disable_scale_in: self.disable_scale_in.unwrap_or(tracking.disable_scale_in),
                })
            }
            other @ (PolicyKind::External { .. }
            | PolicyKind::Timed { .. }
            | PolicyKind::Unhealthy) => other.clone(),
        };
        let spec = PolicySpec {
            name: self.scaling_policy_name.unwrap_or_else(|| old.name.clone()),
            enabled: old.enabled,
            cooldown_secs,
            kind,
            notify_groups: notify_groups.unwrap_or_else(|| old.notify_groups.clone()),
        };
        let command = PolicyCommand::Modify {
            id: old.id,
            spec: Box::new(spec),
        };
        ctx.execute(on(old.group, command)).await?;
        Ok(Empty {})
    }
}
