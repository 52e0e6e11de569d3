//! What both generations say of a rule: names, conditions, actions; and what is looked at because of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_model::{
    Alarm, AlarmCheck, AlarmDetail, AlarmPolicy, AlarmRuleSpec, AlarmState, Asks, Comparison,
    Cycle, Dimension, GroupView, Metric, MetricName, Standing, Statistic,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::form::{Form, may, must};
use super::super::{Beside, Wrong};
use super::metrics;

/// Seconds of a period.
pub(super) const PERIODS: [i64; 7] = [0, 1, 300, 1200, 3600, 14_400, 86_400];
/// How often in a row.
const COUNTS: [i64; 12] = [1, 2, 3, 4, 5, 10, 15, 30, 60, 90, 120, 180];
/// Seconds after which it asks again.
const SUPPRESSED: [i64; 10] = [0, 300, 600, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400];
/// Ways to sum a period up.
pub(super) const FILTERS: [&str; 5] = ["average", "max", "min", "sum", "variance"];
/// Comparisons with a threshold: the first six of values, the others of how far they are away from the period before.
const OPERATORS: [&str; 9] = [
    ">",
    ">=",
    "<",
    "<=",
    "=",
    "!=",
    "cycle_decrease",
    "cycle_increase",
    "cycle_wave",
];
/// Those of them that conditions of events may have.
const OF_EVENTS: usize = 6;
/// Kinds of rules.
pub(super) const KINDS: [&str; 6] = [
    "ALL_INSTANCE",
    "RESOURCE_GROUP",
    "MULTI_INSTANCE",
    "EVENT.SYS",
    "EVENT.CUSTOM",
    "DNSHealthCheck",
];
/// Characters of the names of dimensions, joined by commas.
const DIMENSION_CHARS: usize = 131;
/// The largest magnitude of a threshold.
const MOST: f64 = 1.797_693_134_862_315_7e108;

fn listed<T: std::fmt::Display>(all: &[T]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    format!("one of {} is right", all.join(", "))
}

/// One of a closed list of words.
pub(super) fn word(beside: &Beside, at: &str, text: &str, all: &[&str]) -> Result<(), Wrong> {
    match all.contains(&text) {
        true => Ok(()),
        false => Err(beside.invalid(at, text, &listed(all))),
    }
}

fn number(beside: &Beside, at: &str, value: i64, all: &[i64]) -> Result<u32, Wrong> {
    match u32::try_from(value) {
        Ok(number) if all.contains(&value) => Ok(number),
        Ok(_) | Err(_) => Err(beside.invalid(at, value, &listed(all))),
    }
}

/// 1 to 128 letters, digits, `_`, `-` or Chinese characters.
pub(super) fn name(beside: &Beside, at: &str, text: Option<String>) -> Result<String, Wrong> {
    let text = text.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| beside.missing(at))?;
    let good = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '_' | '-' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
    };
    match text.chars().count() <= 128 && text.chars().all(good) {
        true => Ok(text),
        false => {
            let wanted = "1 to 128 letters, digits, `_`, `-` or Chinese characters are right";
            Err(beside.invalid(at, text, wanted))
        }
    }
}

/// At most 256 characters.
pub(super) fn description(
    beside: &Beside,
    at: &str,
    text: Option<String>,
) -> Result<String, Wrong> {
    let text = text.unwrap_or_default();
    match text.chars().count() <= 256 {
        true => Ok(text),
        false => Err(beside.invalid(at, text, "at most 256 characters are right")),
    }
}

/// 1 to 4; 2 when it is not given.
pub(super) fn level(beside: &Beside, at: &str, level: Option<i64>) -> Result<u8, Wrong> {
    match level {
        None => Ok(2),
        Some(level @ 1..=4) => Ok(level.unsigned_abs() as u8),
        Some(other) => Err(beside.invalid(at, other, "1 to 4 is right")),
    }
}

/// Names of levels, as thresholds are given by them.
const LEVELS: [&str; 4] = ["critical", "major", "minor", "info"];

/// Thresholds by level.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Levels {
    #[serde(skip_serializing_if = "Option::is_none")]
    critical: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    major: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<f64>,
}

impl Levels {
    /// How they are shown, if there are any.
    pub(super) fn of(levels: &[Option<f64>; 4]) -> Option<Levels> {
        let [critical, major, minor, info] = *levels;
        levels.iter().any(Option::is_some).then_some(Levels {
            critical,
            major,
            minor,
            info,
        })
    }
}

/// What both generations say of a condition.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    /// Where in the request it is.
    pub(super) at: String,
    /// It is of events and not of a metric.
    pub(super) of_events: bool,
    /// The counts that are right.
    pub(super) most: usize,
    pub(super) metric: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) dimension_name: Option<String>,
    pub(super) period: Option<i64>,
    pub(super) filter: Option<String>,
    pub(super) operator: Option<String>,
    pub(super) value: Option<f64>,
    pub(super) levels: Option<Levels>,
    pub(super) unit: Option<String>,
    pub(super) count: Option<i64>,
    pub(super) suppress: Option<i64>,
    pub(super) level: Option<i64>,
    pub(super) enabled: Option<bool>,
    pub(super) kept: BTreeMap<String, Value>,
}

/// Counts of the first generation, and of the second.
pub(super) const COUNTS_V1: usize = 5;
/// See [`COUNTS_V1`].
pub(super) const COUNTS_V2: usize = COUNTS.len();

fn operator(
    beside: &Beside,
    at: &str,
    text: Option<String>,
    of_events: bool,
) -> Result<String, Wrong> {
    let text = text.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| beside.missing(at))?;
    let right = match of_events {
        true => &OPERATORS[..OF_EVENTS],
        false => &OPERATORS[..],
    };
    word(beside, at, &text, right)?;
    Ok(text)
}

/// The thresholds by level, with the plain one checked: one of them has to be there.
fn levels(
    beside: &Beside,
    at: &str,
    value: Option<f64>,
    levels: Option<Levels>,
) -> Result<[Option<f64>; 4], Wrong> {
    let levels = levels.unwrap_or_default();
    let levels = [levels.critical, levels.major, levels.minor, levels.info];
    let by_level = LEVELS.iter().zip(levels);
    let by_level = by_level.map(|(name, value)| (format!("{at}hierarchical_value.{name}"), value));
    let mut any = false;
    for (at, value) in [(format!("{at}value"), value)].into_iter().chain(by_level) {
        any |= value.is_some();
        if let Some(value) = value
            && (!value.is_finite() || value.abs() > MOST)
        {
            return Err(beside.invalid(&at, value, "a number of at most 1.8e108 is right"));
        }
    }
    match any {
        true => Ok(levels),
        false => Err(beside.missing(&format!("{at}value"))),
    }
}

impl Condition {
    /// The condition, checked.
    pub(super) fn read(self, beside: &Beside) -> Result<AlarmPolicy, Wrong> {
        let path = |name: &str| format!("{}{name}", self.at);
        let metric = self.metric.clone().unwrap_or_default();
        if metric.is_empty() {
            return Err(beside.missing(&path("metric_name")));
        }
        metrics::metric_name(beside, &path("metric_name"), &metric)?;
        let given =
            |value: Option<i64>, name: &str| value.ok_or_else(|| beside.missing(&path(name)));
        let periods = match self.of_events {
            true => &PERIODS[..],
            false => &PERIODS[1..],
        };
        let period_secs = number(
            beside,
            &path("period"),
            given(self.period, "period")?,
            periods,
        )?;
        let filter = match self.filter {
            Some(filter) => filter,
            None if period_secs <= 1 => "average".to_owned(),
            None => return Err(beside.missing(&path("filter"))),
        };
        word(beside, &path("filter"), &filter, &FILTERS)?;
        let at = path("comparison_operator");
        let operator = operator(beside, &at, self.operator, self.of_events)?;
        let levels = levels(beside, &self.at, self.value, self.levels)?;
        let unit = self.unit.unwrap_or_default();
        if unit.chars().count() > 32 {
            return Err(beside.invalid(&path("unit"), unit, "at most 32 characters are right"));
        }
        let count = given(self.count, "count")?;
        let count = match self.of_events {
            true if (1..=180).contains(&count) => count.unsigned_abs() as u32,
            true => return Err(beside.invalid(&path("count"), count, "1 to 180 is right")),
            false => number(beside, &path("count"), count, &COUNTS[..self.most])?,
        };
        let suppress = self.suppress;
        let suppress_secs = suppress
            .map(|secs| number(beside, &path("suppress_duration"), secs, &SUPPRESSED))
            .transpose()?;
        let level = level(beside, &path("level"), self.level)?;
        if let Some(name) = &self.dimension_name
            && name.chars().count() > DIMENSION_CHARS
        {
            let wanted = format!("at most {DIMENSION_CHARS} characters are right");
            return Err(beside.invalid(&path("dimension_name"), name, &wanted));
        }
        Ok(AlarmPolicy {
            metric,
            namespace: self.namespace.filter(|text| !text.is_empty()),
            dimension_name: self.dimension_name.filter(|text| !text.is_empty()),
            period_secs,
            filter,
            operator,
            value: self.value,
            levels,
            unit,
            count,
            suppress_secs,
            level,
            enabled: self.enabled.unwrap_or(true),
            kept: self.kept,
        })
    }
}

/// What a condition says that means nothing here: shown again as it was sent.
pub(super) fn kept(
    at: &str,
    beside: &Beside,
    extra_info: Option<Value>,
    kind: Option<Value>,
) -> Result<BTreeMap<String, Value>, Wrong> {
    let mut kept = BTreeMap::new();
    for (name, form, value) in [
        ("extra_info", EXTRA_INFO, extra_info),
        ("type", Form::Text(255), kind),
    ] {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            let value = form.read(beside, &format!("{at}.{name}"), value)?;
            kept.insert(name.to_owned(), value);
        }
    }
    Ok(kept)
}

/// What is said of the metrics of processes.
const EXTRA_INFO: Form = Form::Of(&[
    must("origin_metric_name", Form::Text(4096)),
    may("metric_prefix", Form::Text(4096)),
    may("custom_proc_name", Form::Text(250)),
    may("metric_type", Form::Text(32)),
]);

/// What is looked at because of a rule's resources and conditions. Rules of events look at nothing: there are none here.
pub(super) fn checks(spec: &AlarmRuleSpec, views: &[Arc<GroupView>]) -> Vec<AlarmCheck> {
    let of_events = spec.kind.as_deref().is_some_and(is_of_events);
    let mut checks = Vec::new();
    for (resource, dimensions) in spec.resources.iter().enumerate() {
        for (policy, condition) in spec.policies.iter().enumerate() {
            if of_events || condition.period_secs == 0 || !is_of(condition, dimensions) {
                continue;
            }
            let name = MetricName {
                namespace: condition
                    .namespace
                    .clone()
                    .unwrap_or_else(|| spec.namespace.clone()),
                name: condition.metric.clone(),
                dimensions: dimensions.clone(),
            };
            let source = metrics::source(name, views);
            for threshold in thresholds(condition) {
                checks.push(AlarmCheck {
                    resource,
                    policy,
                    source: source.clone(),
                    alarm: alarm(condition, threshold),
                    cycle: cycle(condition),
                });
            }
        }
    }
    checks
}

/// Whether a kind of rule is about events.
pub(super) fn is_of_events(kind: &str) -> bool {
    kind.starts_with("EVENT.")
}

/// Whether a condition is about things with these dimensions.
fn is_of(condition: &AlarmPolicy, dimensions: &[Dimension]) -> bool {
    let Some(names) = &condition.dimension_name else {
        return true;
    };
    let names: Vec<&str> = names.split(',').collect();
    names.len() == dimensions.len()
        && dimensions
            .iter()
            .all(|one| names.contains(&one.name.as_str()))
}

/// Those by level count before the plain one.
fn thresholds(condition: &AlarmPolicy) -> Vec<f64> {
    let levels: Vec<f64> = condition.levels.iter().flatten().copied().collect();
    match levels.is_empty() {
        true => condition.value.into_iter().collect(),
        false => levels,
    }
}

/// The comparison with the period before, if it is one.
fn cycle(condition: &AlarmPolicy) -> Option<Cycle> {
    let mut all = Cycle::ALL.into_iter();
    all.find(|cycle| cycle.word() == condition.operator)
}

fn alarm(condition: &AlarmPolicy, threshold: f64) -> Alarm {
    Alarm {
        metric: Metric(condition.metric.clone()),
        comparison: match condition.operator.as_str() {
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            "!=" => Comparison::NotEqual,
            // As far as the threshold, or farther.
            _ if cycle(condition).is_some() => Comparison::GreaterOrEqual,
            _ => Comparison::Equal,
        },
        threshold,
        period_secs: condition.period_secs,
        repeat: condition.count,
        statistic: match condition.filter.as_str() {
            "max" => Statistic::Maximum,
            "min" => Statistic::Minimum,
            "sum" => Statistic::Sum,
            "variance" => Statistic::Variance,
            _ => Statistic::Average,
        },
        finer: AlarmDetail {
            breaches: None,
            asks: Asks::OnChange {
                again_secs: condition.suppress_secs.filter(|secs| *secs > 0),
            },
            level: Some(condition.level),
        },
    }
}

/// Forgets how a rule stood. When it last fired stays: policies know of that.
pub(super) fn judge_afresh(spec: &mut AlarmRuleSpec) {
    spec.state = AlarmState {
        fired: spec.state.fired,
        turns: std::mem::take(&mut spec.state.turns),
        ..AlarmState::default()
    };
}

/// The word for how a rule stands.
pub(super) fn state_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Breach => "alarm",
        Standing::Ok => "ok",
        Standing::Unknown => "insufficient_data",
    }
}
