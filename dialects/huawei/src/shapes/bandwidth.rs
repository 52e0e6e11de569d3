//! Policies that size a bandwidth, as they are sent and shown.

use muster_model::{
    BandwidthExecution, BandwidthPolicy, BandwidthSpec, BandwidthStep, BandwidthTrigger, Resize,
    ResizeWay,
};
use serde::{Deserialize, Serialize};

use crate::checks;
use crate::fault::Fault;
use crate::words::ResizeOperation;

/// ScalingPolicyActionV2.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct ActionV2 {
    pub(crate) operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) percentage: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<i64>,
}

/// IntervalAlarmActionsV2.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct IntervalAction {
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_bound: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_bound: Option<f64>,
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percentage: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<i64>,
}

impl ActionV2 {
    /// What it makes of a bandwidth; nothing said is 1 Mbit/s more. `of`: the name of what it stands in.
    pub(crate) fn resize(&self, of: &str) -> Result<Resize, Fault> {
        let most = i64::from(BandwidthSpec::MOST);
        let name = |name: &str| format!("{of}.{name}");
        let operation = self.operation.as_ref();
        if operation.is_some_and(String::is_empty) {
            return Err(Fault::missing("AS.3016", &name("operation")));
        }
        let operation: Option<ResizeOperation> =
            checks::word_if_given("AS.3017", &name("operation"), operation)?;
        if let Some(percentage) = self.percentage {
            let wanted = "a bandwidth is changed by `size`";
            let name = name("percentage");
            return Err(Fault::value("AS.3035", &name, percentage, wanted));
        }
        let size = self.size.unwrap_or(1);
        let limit = self
            .limits
            .map(|limit| checks::number("AS.3043", &name("limits"), limit, 1, most));
        Ok(Resize {
            way: operation.unwrap_or(ResizeOperation::Add).into(),
            size: checks::number("AS.3018", &name("size"), size, 1, most)?,
            limit: limit.transpose()?,
        })
    }

    /// How it is shown.
    pub(crate) fn of(change: Resize) -> ActionV2 {
        ActionV2 {
            operation: Some(ResizeOperation::from(change.way).word().to_owned()),
            size: Some(change.size.into()),
            percentage: None,
            limits: change.limit.map(i64::from),
        }
    }

    /// What is not said of it stays.
    pub(crate) fn over(self, old: ActionV2) -> ActionV2 {
        let says_how_much = self.size.is_some() || self.percentage.is_some();
        let (size, percentage) = match says_how_much {
            true => (self.size, self.percentage),
            false => (old.size, old.percentage),
        };
        ActionV2 {
            operation: self.operation.or(old.operation),
            size,
            percentage,
            limits: self.limits.or(old.limits),
        }
    }
}

impl IntervalAction {
    /// What is done for values in its range.
    pub(crate) fn step(&self) -> Result<BandwidthStep, Fault> {
        let (lower, upper) = (self.lower_bound, self.upper_bound);
        let finite = |value: Option<f64>| value.is_none_or(f64::is_finite);
        let is_range = match (lower, upper) {
            (None, None) => false,
            (Some(lower), Some(upper)) => lower < upper,
            (Some(_), None) | (None, Some(_)) => true,
        };
        if !is_range || !finite(lower) || !finite(upper) {
            let name = "interval_alarm_actions.lower_bound";
            let got = lower.map_or_else(|| "null".to_owned(), |lower| lower.to_string());
            let wanted = "one bound has to be given, and the lower one is below the upper one";
            return Err(Fault::value("AS.0022", name, got, wanted));
        }
        Ok(BandwidthStep {
            lower,
            upper,
            change: ActionV2 {
                operation: self.operation.clone(),
                size: self.size,
                percentage: self.percentage,
                limits: self.limits,
            }
            .resize("interval_alarm_actions")?,
        })
    }

    /// How it is shown.
    pub(crate) fn of(step: &BandwidthStep) -> IntervalAction {
        let action = ActionV2::of(step.change);
        IntervalAction {
            lower_bound: step.lower,
            upper_bound: step.upper,
            operation: action.operation,
            size: action.size,
            percentage: None,
            limits: action.limits,
        }
    }
}

/// The word of a policy's type.
pub(crate) fn type_of(policy: &BandwidthPolicy) -> crate::words::PolicyTypeV2 {
    use crate::words::PolicyTypeV2 as T;
    match &policy.spec.trigger {
        BandwidthTrigger::Alarm { interval: true, .. } => T::IntervalAlarm,
        BandwidthTrigger::Alarm {
            interval: false, ..
        } => T::Alarm,
        BandwidthTrigger::Timed(times) if times.cron.is_some() => T::Recurrence,
        BandwidthTrigger::Timed(_) => T::Scheduled,
    }
}

/// The limit that an execution was held to, as the log shows it.
pub(crate) fn limit_value(execution: &BandwidthExecution) -> u32 {
    match (execution.change.way, execution.change.limit) {
        (_, Some(limit)) => limit,
        (ResizeWay::Reduce, None) => BandwidthSpec::LEAST,
        (ResizeWay::Add | ResizeWay::Set, None) => BandwidthSpec::MOST,
    }
}
