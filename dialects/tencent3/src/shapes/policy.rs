//! MetricAlarm and the words around policies.

use muster_model::{AdjustBy, Alarm, AlarmDetail, Metric};
use serde::{Deserialize, Serialize};

use crate::checks;
use crate::fault::Fault;
use crate::words::{ComparisonOperator, Statistic};

/// AdjustmentType.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AdjustmentType {
    /// By a number.
    #[serde(rename = "CHANGE_IN_CAPACITY")]
    Change,
    /// To a number.
    #[serde(rename = "EXACT_CAPACITY")]
    Exact,
    /// By a percentage.
    #[serde(rename = "PERCENT_CHANGE_IN_CAPACITY")]
    Percent,
}

impl AdjustmentType {
    /// As the model says it.
    pub(crate) fn by(self, value: i64) -> AdjustBy {
        match self {
            AdjustmentType::Change => AdjustBy::By(value),
            AdjustmentType::Exact => AdjustBy::To(value),
            AdjustmentType::Percent => AdjustBy::ByPercent(value),
        }
    }
}

/// An adjustment as type and value. To a percentage, which this door has no word for, is by what is missing from it.
pub(crate) fn adjustment(by: AdjustBy) -> (AdjustmentType, i64) {
    match by {
        AdjustBy::By(value) => (AdjustmentType::Change, value),
        AdjustBy::To(value) => (AdjustmentType::Exact, value),
        AdjustBy::ByPercent(value) => (AdjustmentType::Percent, value),
        AdjustBy::ToPercent(value) => (AdjustmentType::Percent, value - 100),
    }
}

macro_rules! metrics {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $word:literal $here:ident $canonical:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum $name { $($(#[$each])* #[serde(rename = $word)] $here,)* }

        impl $name {
            /// The canonical name.
            pub(crate) fn canonical(self) -> Metric {
                let name = match self { $($name::$here => $canonical,)* };
                Metric(name.to_owned())
            }

            /// This door's word for a metric, if it has one.
            pub(crate) fn of(metric: &Metric) -> Option<$name> {
                match metric.0.as_str() {
                    $($canonical => Some($name::$here),)*
                    _ => None,
                }
            }

            /// This door's word for a metric, or else its canonical name.
            pub(crate) fn shown(metric: &Metric) -> Shown<$name> {
                $name::of(metric).map_or_else(|| Shown::Other(metric.0.clone()), Shown::Word)
            }
        }
    };
}

/// A word, or a name that this door has no word for.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Shown<T> {
    /// A word of this door.
    Word(T),
    /// Another name.
    Other(String),
}

/// PredefinedMetricType in answers.
pub(crate) type PredefinedMetric = Shown<PredefinedMetricType>;

metrics!(
    /// PredefinedMetricType.
    PredefinedMetricType {
        /// Average use of the processors, percent.
        "ASG_AVG_CPU_UTILIZATION" Cpu "cpu_util",
        /// Sent in the private network, Mbit/s.
        "ASG_AVG_LAN_TRAFFIC_OUT" LanOut "lan_out",
        /// Received from the private network, Mbit/s.
        "ASG_AVG_LAN_TRAFFIC_IN" LanIn "lan_in",
        /// Sent to the public network, Mbit/s.
        "ASG_AVG_WAN_TRAFFIC_OUT" WanOut "wan_out",
        /// Received from the public network, Mbit/s.
        "ASG_AVG_WAN_TRAFFIC_IN" WanIn "wan_in",
    }
);

metrics!(
    /// MetricName.
    MetricName {
        /// Use of the processors, percent.
        "CPU_UTILIZATION" Cpu "cpu_util",
        /// Use of the memory, percent.
        "MEM_UTILIZATION" Mem "mem_util",
        /// Sent in the private network, Mbit/s.
        "LAN_TRAFFIC_OUT" LanOut "lan_out",
        /// Received from the private network, Mbit/s.
        "LAN_TRAFFIC_IN" LanIn "lan_in",
        /// Sent to the public network, Mbit/s.
        "WAN_TRAFFIC_OUT" WanOut "wan_out",
        /// Received from the public network, Mbit/s.
        "WAN_TRAFFIC_IN" WanIn "wan_in",
        /// Connections.
        "TCP_CURR_ESTAB" Tcp "tcp_established",
    }
);

/// MetricAlarm in requests (L31121). The precise threshold is of answers only (L31208): it is read and left aside.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MetricAlarm {
    comparison_operator: ComparisonOperator,
    metric_name: MetricName,
    threshold: i64,
    period: i64,
    continuous_time: i64,
    statistic: Option<Statistic>,
    #[serde(rename = "PreciseThreshold")]
    _precise_threshold: Option<f64>,
}

/// MetricAlarm in answers.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShownAlarm {
    comparison_operator: ComparisonOperator,
    metric_name: Shown<MetricName>,
    threshold: i64,
    period: u32,
    continuous_time: u32,
    statistic: Statistic,
    precise_threshold: f64,
}

impl From<&Alarm> for ShownAlarm {
    fn from(alarm: &Alarm) -> Self {
        ShownAlarm {
            comparison_operator: alarm.comparison.into(),
            metric_name: MetricName::shown(&alarm.metric),
            threshold: alarm.threshold.round() as i64,
            period: alarm.period_secs,
            continuous_time: alarm.repeat,
            statistic: alarm.statistic.into(),
            precise_threshold: alarm.threshold,
        }
    }
}

/// Percentages go from 1 to 100, everything else from 1 (rule S4).
fn check_threshold(metric: MetricName, threshold: i64) -> Result<(), Fault> {
    let max = match metric {
        MetricName::Cpu | MetricName::Mem => 100,
        MetricName::LanOut
        | MetricName::LanIn
        | MetricName::WanOut
        | MetricName::WanIn
        | MetricName::Tcp => i64::from(i32::MAX),
    };
    match (1..=max).contains(&threshold) {
        true => Ok(()),
        false => Err(Fault::new(
            "InvalidParameterValue.ThresholdOutOfRange",
            Fault::range("MetricAlarm.Threshold", threshold, 1, max).message,
        )),
    }
}

impl MetricAlarm {
    /// Written over what there was: what this door cannot say of an alarm stays, and so does a finer threshold whose
    /// rounded one is written back, or a period of another door.
    pub(crate) fn over(self, old: &Alarm) -> Result<Alarm, Fault> {
        let shown = ShownAlarm::from(old);
        let same_metric = MetricName::of(&old.metric) == Some(self.metric_name);
        let same_threshold = same_metric && self.threshold == shown.threshold;
        let same_period = self.period == i64::from(old.period_secs);
        let new = Alarm::try_from(MetricAlarm {
            threshold: if same_threshold { 1 } else { self.threshold },
            period: if same_period { 60 } else { self.period },
            ..self
        })?;
        let new = Alarm {
            threshold: if same_threshold {
                old.threshold
            } else {
                new.threshold
            },
            period_secs: if same_period {
                old.period_secs
            } else {
                new.period_secs
            },
            ..new
        };
        let same_word = Statistic::from(new.statistic) == Statistic::from(old.statistic);
        Ok(Alarm {
            finer: old.finer,
            statistic: match same_word {
                true => old.statistic,
                false => new.statistic,
            },
            ..new
        })
    }
}

impl TryFrom<MetricAlarm> for Alarm {
    type Error = Fault;

    fn try_from(sent: MetricAlarm) -> Result<Alarm, Fault> {
        check_threshold(sent.metric_name, sent.threshold)?;
        let period_secs = match sent.period {
            60 => 60,
            300 => 300,
            other => {
                return Err(Fault::new(
                    "InvalidParameterValue.Range",
                    Fault::value("MetricAlarm.Period", &other.to_string(), "60 or 300").message,
                ));
            }
        };
        Ok(Alarm {
            metric: sent.metric_name.canonical(),
            comparison: sent.comparison_operator.into(),
            threshold: sent.threshold as f64,
            period_secs,
            repeat: checks::number("MetricAlarm.ContinuousTime", sent.continuous_time, 1, 10)?,
            statistic: sent.statistic.map(Into::into).unwrap_or_default(),
            finer: AlarmDetail::default(),
        })
    }
}
