//! Alarms and adjustments in the words and units of this door.

use muster_kit::decode::decode;
use muster_kit::node::{Limits, json};
use muster_model::{AdjustBy, Alarm, AlarmDetail, Metric};
use serde::{Deserialize, Serialize};

use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::words::{Function, Operator};

/// Periods in a row when nothing is said (L2039).
const DEFAULT_REPEAT: i64 = 3;
/// A period when nothing is said, seconds (contradiction K17).
const DEFAULT_PERIOD_SECS: i64 = 300;
/// Bits in a byte: traffic is in MByte/s here and in Mbit/s inside.
const BITS: f64 = 8.0;

/// dimensionName.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dimension {
    /// Use of the processors, percent.
    CpuUsage,
    /// Use of the memory, percent.
    MemUsage,
    /// Sent, MByte/s.
    NetOuttraffic,
    /// Received, MByte/s.
    NetIntraffic,
    /// Sent by the listeners, MByte/s.
    ListenerOuttraffic,
    /// Received by the listeners, MByte/s.
    ListenerIntraffic,
}

impl Dimension {
    const ALL: [Dimension; 6] = [
        Dimension::CpuUsage,
        Dimension::MemUsage,
        Dimension::NetOuttraffic,
        Dimension::NetIntraffic,
        Dimension::ListenerOuttraffic,
        Dimension::ListenerIntraffic,
    ];

    /// The canonical name of the metric.
    fn canonical(self) -> &'static str {
        match self {
            Dimension::CpuUsage => "cpu_util",
            Dimension::MemUsage => "mem_util",
            Dimension::NetOuttraffic => "lan_out",
            Dimension::NetIntraffic => "lan_in",
            Dimension::ListenerOuttraffic => "listener_out",
            Dimension::ListenerIntraffic => "listener_in",
        }
    }

    /// This door's word for a metric; none for what stays on its door (concept map, metrics).
    fn of(metric: &Metric) -> Option<Dimension> {
        let mut all = Dimension::ALL.into_iter();
        all.find(|dimension| dimension.canonical() == metric.0)
    }

    /// How many of the metric's units this door's unit has.
    fn factor(self) -> f64 {
        match self {
            Dimension::CpuUsage | Dimension::MemUsage => 1.0,
            Dimension::NetOuttraffic
            | Dimension::NetIntraffic
            | Dimension::ListenerOuttraffic
            | Dimension::ListenerIntraffic => BITS,
        }
    }

    /// 0 to 100 percent, or traffic above 0 (L2038).
    fn check(self, threshold: f64) -> Result<(), Fault> {
        let (good, wanted) = match self {
            Dimension::CpuUsage | Dimension::MemUsage => {
                ((0.0..=100.0).contains(&threshold), "0 to 100")
            }
            Dimension::NetOuttraffic
            | Dimension::NetIntraffic
            | Dimension::ListenerOuttraffic
            | Dimension::ListenerIntraffic => (threshold > 0.0, "above 0"),
        };
        match good {
            true => Ok(()),
            false => Err(Fault::value(
                "Metric.threshold",
                &threshold.to_string(),
                wanted,
            )),
        }
    }
}

/// Metric in requests: JSON in a text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentMetric {
    dimension_name: Dimension,
    comparison_operator: Operator,
    threshold: f64,
    repeat_times: Option<i64>,
    function: Function,
    period: Option<i64>,
}

/// An alarm as it is given.
pub(crate) fn read(text: &str) -> Result<Alarm, Fault> {
    let wrong = |why: &str| Fault::value("Metric", text, why);
    let tree = json::parse_object(text.as_bytes(), &Limits::default())
        .map_err(|error| wrong(&error.to_string()))?;
    let sent: SentMetric = decode(&tree)
        .map_err(|error| wrong(&error.to_string()))?
        .value;
    let dimension = sent.dimension_name;
    dimension.check(sent.threshold)?;
    let repeat = sent.repeat_times.unwrap_or(DEFAULT_REPEAT);
    let period = sent.period.unwrap_or(DEFAULT_PERIOD_SECS);
    Ok(Alarm {
        metric: Metric(dimension.canonical().to_owned()),
        comparison: sent.comparison_operator.into(),
        threshold: sent.threshold * dimension.factor(),
        period_secs: checks::number("Metric.period", period, 60, 999_999)?,
        repeat: checks::number("Metric.repeatTimes", repeat, 1, 10)?,
        statistic: sent.function.into(),
        finer: AlarmDetail::default(),
    })
}

/// An alarm that is written over another: what this door cannot say of it stays.
pub(crate) fn over(text: &str, old: &Alarm) -> Result<Alarm, Fault> {
    let new = read(text)?;
    Ok(Alarm {
        finer: old.finer,
        statistic: match Function::from(new.statistic) == Function::from(old.statistic) {
            true => old.statistic,
            false => new.statistic,
        },
        ..new
    })
}

/// Metric in answers.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShownMetric {
    dimension_name: Dimension,
    comparison_operator: Operator,
    threshold: serde_json::Number,
    repeat_times: u32,
    period: u32,
    function: Function,
}

impl ShownMetric {
    /// As it is shown; `None` = there is no word for the metric.
    pub(crate) fn of(alarm: &Alarm) -> Option<ShownMetric> {
        let dimension = Dimension::of(&alarm.metric)?;
        Some(ShownMetric {
            dimension_name: dimension,
            comparison_operator: alarm.comparison.into(),
            threshold: plain(alarm.threshold / dimension.factor()),
            repeat_times: alarm.repeat,
            period: alarm.period_secs,
            function: alarm.statistic.into(),
        })
    }
}

/// A number without a fraction that is zero.
fn plain(value: f64) -> serde_json::Number {
    let whole = value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0;
    match whole {
        // Exact by the check.
        true => serde_json::Number::from(value as i64),
        false => serde_json::Number::from_f64(value).unwrap_or_else(|| 0.into()),
    }
}

/// AdjustmentType.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AdjustmentType {
    /// To a number.
    #[serde(rename = "TotalCapacity")]
    Total,
    /// By a number.
    #[serde(rename = "QuantityChangeInCapacity")]
    Quantity,
    /// By a percentage.
    #[serde(rename = "PercentChangeInCapacity")]
    Percent,
}

/// An adjustment as type and value. To a percentage, for which there is no word, is by what is missing from it.
pub(crate) fn shown_adjustment(by: AdjustBy) -> (AdjustmentType, i64) {
    match by {
        AdjustBy::To(value) => (AdjustmentType::Total, value),
        AdjustBy::By(value) => (AdjustmentType::Quantity, value),
        AdjustBy::ByPercent(value) => (AdjustmentType::Percent, value),
        AdjustBy::ToPercent(value) => (AdjustmentType::Percent, value - 100),
    }
}

/// The ranges of L2056.
pub(crate) fn adjust(kind: AdjustmentType, value: i64, ctx: &Ctx) -> Result<AdjustBy, Fault> {
    let (min, max) = match kind {
        AdjustmentType::Total => (0, i64::from(ctx.switches.most_total_capacity)),
        AdjustmentType::Quantity => (-10, 10),
        AdjustmentType::Percent => (-100, 100),
    };
    if !(min..=max).contains(&value) {
        return Err(Fault::range("AdjustmentValue", value, min, max));
    }
    Ok(match kind {
        AdjustmentType::Total => AdjustBy::To(value),
        AdjustmentType::Quantity => AdjustBy::By(value),
        AdjustmentType::Percent => AdjustBy::ByPercent(value),
    })
}
