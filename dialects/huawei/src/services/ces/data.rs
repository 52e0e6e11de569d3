//! Values of metrics: pushed, and what they come to.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use muster_kit::action::Action;
use muster_model::{
    Dimension, GroupView, MetricName, MetricSource, Reading, Statistic, Summary, Time,
};
use serde::{Deserialize, Serialize};

use super::super::{Beside, Wrong};
use super::metrics::{self, Dim};
use super::rule::{FILTERS, word};
use super::v1::Nothing;

/// Values in one request at the most.
const VALUES: usize = 1000;
/// Metrics in one question at the most.
const METRICS: usize = 500;
/// Points in one answer at the most.
const POINTS: usize = 3000;
/// How old a value may be, milliseconds: three days.
const OLD_MS: i64 = 3 * 86_400_000;
/// How far ahead of the clock it may be, milliseconds: ten minutes.
const AHEAD_MS: i64 = 600_000;
/// The longest time that values are kept for, seconds.
const TTL_SECS: i64 = 604_800;
/// Moments that can be asked for, milliseconds.
const MOMENTS: (i64, i64) = (1_111_111_111_111, 9_999_999_999_999);
/// Seconds of a period, and the longest stretch that is shown by it, hours.
const PERIODS: [(i64, i64); 7] = [
    (1, 4),
    (60, 4),
    (300, 24),
    (1200, 72),
    (3600, 240),
    (14_400, 720),
    (86_400, 4320),
];

/// A metric as it is sent.
#[derive(Deserialize)]
struct MetricOf {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Option<Vec<Dim>>,
}

impl MetricOf {
    fn read(self, beside: &Beside, at: &str) -> Result<MetricName, Wrong> {
        let given = |text: Option<String>, name: &str| {
            let text = text.filter(|text| !text.is_empty());
            text.ok_or_else(|| beside.missing(&format!("{at}.{name}")))
        };
        let namespace = given(self.namespace, "namespace")?;
        metrics::namespace(beside, &format!("{at}.namespace"), &namespace)?;
        let name = given(self.metric_name, "metric_name")?;
        metrics::metric_name(beside, &format!("{at}.metric_name"), &name)?;
        let at = format!("{at}.dimensions");
        let dims = self.dimensions.unwrap_or_default();
        if dims.is_empty() {
            return Err(beside.missing(&at));
        }
        let dimensions = metrics::dimensions(beside, &at, dims)?;
        if let Some(n) = dimensions.iter().position(|one| one.value.is_empty()) {
            return Err(beside.missing(&format!("{at}.{n}.value")));
        }
        Ok(MetricName {
            namespace,
            name,
            dimensions,
        })
    }
}

#[derive(Deserialize)]
struct Item {
    metric: Option<MetricOf>,
    ttl: Option<i64>,
    collect_time: Option<i64>,
    value: Option<f64>,
    unit: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Item {
    fn read(
        self,
        beside: &Beside,
        n: usize,
        views: &[Arc<GroupView>],
    ) -> Result<Vec<Reading>, Wrong> {
        let path = |name: &str| format!("{n}.{name}");
        let metric = self.metric.ok_or_else(|| beside.missing(&path("metric")))?;
        let name = metric.read(beside, &path("metric"))?;
        let ttl = self.ttl.ok_or_else(|| beside.missing(&path("ttl")))?;
        if !(1..=TTL_SECS).contains(&ttl) {
            return Err(beside.invalid(&path("ttl"), ttl, &format!("1 to {TTL_SECS} is right")));
        }
        let at = self.collect_time;
        let at = at.ok_or_else(|| beside.missing(&path("collect_time")))?;
        let now = beside.ctx.api.now().0;
        if !(now - OLD_MS..=now + AHEAD_MS).contains(&at) {
            let wanted = format!(
                "milliseconds from three days ago to ten minutes ahead are right, {} to {}",
                now - OLD_MS,
                now + AHEAD_MS
            );
            return Err(beside.invalid(&path("collect_time"), at, &wanted));
        }
        let value = self.value.ok_or_else(|| beside.missing(&path("value")))?;
        if !value.is_finite() {
            return Err(beside.invalid(&path("value"), value, "a number is right"));
        }
        let unit = self.unit.unwrap_or_default();
        if unit.chars().count() > 32 {
            return Err(beside.invalid(&path("unit"), unit, "at most 32 characters are right"));
        }
        if let Some(kind) = &self.kind {
            word(beside, &path("type"), kind, &["int", "float"])?;
        }
        let reading = |source, member| Reading {
            source,
            member,
            at: Time(at),
            value,
            unit: unit.clone(),
        };
        let of_member = metrics::of_member(&name, views);
        let own = reading(metrics::source(name, views), None);
        let of_group = of_member.map(|(id, source)| reading(source, Some(id)));
        Ok(of_group.into_iter().chain([own]).collect())
    }
}

/// CreateMetricData: a bare list.
#[derive(Deserialize)]
pub(super) struct CreateMetricData {
    items: Option<Vec<Item>>,
}

impl Action<Beside> for CreateMetricData {
    const NAME: &'static str = "CreateMetricData";
    type Response = Nothing;

    async fn run(self, beside: &Beside) -> Result<Nothing, Wrong> {
        let items = self.items.unwrap_or_default();
        if items.is_empty() {
            let message = "The content must be specified.".to_owned();
            return Err(beside.wrong(StatusCode::BAD_REQUEST, "ces.0001", message));
        }
        if items.len() > VALUES {
            let wanted = format!("at most {VALUES} values are right");
            return Err(beside.invalid("the request", items.len(), &wanted));
        }
        let views = beside.views().await?;
        let mut readings = Vec::new();
        for (n, item) in items.into_iter().enumerate() {
            readings.extend(item.read(beside, n, &views)?);
        }
        let pushed = beside.ctx.api.push(beside.caller(), &readings).await;
        pushed.map_err(|error| beside.refused(&error))?;
        Ok(Nothing {})
    }
}

/// What is asked for: how values are summed up, and of which stretch.
struct Asked {
    period: i64,
    filter: String,
    from: i64,
    to: i64,
}

impl Asked {
    /// Begins at a period's begin, and not before what is shown by it.
    fn new(
        beside: &Beside,
        period: i64,
        filter: String,
        from: i64,
        to: i64,
    ) -> Result<Asked, Wrong> {
        let Some((_, hours)) = PERIODS.iter().find(|(known, _)| *known == period) else {
            let all: Vec<String> = PERIODS.iter().map(|(secs, _)| secs.to_string()).collect();
            let wanted = format!("one of {} is right", all.join(", "));
            return Err(beside.invalid("period", period, &wanted));
        };
        word(beside, "filter", &filter, &FILTERS)?;
        for (name, moment) in [("from", from), ("to", to)] {
            if !(MOMENTS.0..=MOMENTS.1).contains(&moment) {
                let wanted = format!("{} to {} is right", MOMENTS.0, MOMENTS.1);
                return Err(beside.invalid(name, moment, &wanted));
            }
        }
        if from >= to {
            return Err(beside.invalid("from", from, &format!("less than `to`, {to}, is right")));
        }
        let from = from.max(to - hours * 3_600_000);
        let length = period * 1000;
        Ok(Asked {
            period,
            filter,
            from: match period {
                1 => from,
                _ => from.div_euclid(length) * length,
            },
            to,
        })
    }

    async fn answer(
        &self,
        beside: &Beside,
        source: &MetricSource,
    ) -> Result<BTreeMap<Time, Summary>, Wrong> {
        let period = u32::try_from(self.period).unwrap_or(1);
        let api = &beside.ctx.api;
        let (first, end) = (Time(self.from), Time(self.to + 1));
        let asked = api.statistics(beside.caller(), source, period, first, end);
        asked.await.map_err(|error| beside.refused(&error))
    }

    fn point(&self, at: Time, summary: &Summary, unit: Option<&str>) -> Point {
        let shown =
            |name: &str, statistic| (self.filter == name).then(|| summary.statistic(statistic));
        Point {
            max: shown("max", Statistic::Maximum),
            min: shown("min", Statistic::Minimum),
            average: shown("average", Statistic::Average),
            sum: shown("sum", Statistic::Sum),
            variance: shown("variance", Statistic::Variance),
            timestamp: at.0,
            unit: unit.map(str::to_owned),
        }
    }
}

#[derive(Serialize)]
struct Point {
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    average: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sum: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variance: Option<f64>,
    timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
}

/// The unit of a metric: as it was pushed, or as metrics of groups have it.
async fn unit_of(beside: &Beside, name: &str, source: &MetricSource) -> Result<String, Wrong> {
    Ok(match source {
        MetricSource::Group { .. } => metrics::unit(name).to_owned(),
        MetricSource::Account(metric) => {
            let records = beside.records().await?;
            let all = records.readings.values();
            let of = all.filter(|readings| readings.spec.metric == *metric);
            let newest = of.max_by_key(|readings| readings.spec.from);
            newest
                .map(|readings| readings.spec.unit.clone())
                .unwrap_or_default()
        }
    })
}

/// ShowMetricData.
#[derive(Deserialize)]
pub(super) struct ShowMetricData {}

/// Its answer.
#[derive(Serialize)]
pub(super) struct Shown {
    datapoints: Vec<Point>,
    metric_name: String,
}

/// The dimensions of a query: `dim.0=name,value`.
pub(super) fn asked_dimensions(beside: &Beside) -> Result<Vec<Dimension>, Wrong> {
    let mut dimensions = Vec::new();
    for n in 0..4 {
        let name = format!("dim.{n}");
        if let Some(text) = beside.asked(&name) {
            let wanted = "a name and a value, joined by a comma, are right";
            let (name, value) = text
                .split_once(',')
                .ok_or_else(|| beside.bad_query(&name, text, wanted))?;
            dimensions.push(Dimension {
                name: name.to_owned(),
                value: value.to_owned(),
            });
        }
    }
    Ok(dimensions)
}

impl Action<Beside> for ShowMetricData {
    const NAME: &'static str = "ShowMetricData";
    type Response = Shown;

    async fn run(self, beside: &Beside) -> Result<Shown, Wrong> {
        let given = |name: &str| {
            let missing = || {
                let message = format!("The parameter `{name}` is missing.");
                beside.wrong(StatusCode::BAD_REQUEST, "ces.0013", message)
            };
            beside.asked(name).map(str::to_owned).ok_or_else(missing)
        };
        let (namespace, metric_name) = (given("namespace")?, given("metric_name")?);
        given("dim.0")?;
        let filter = given("filter")?;
        let number = |name| beside.query_number(name, None, 0, i64::MAX);
        let asked = Asked::new(
            beside,
            number("period")?,
            filter,
            number("from")?,
            number("to")?,
        )?;
        let name = MetricName {
            namespace,
            name: metric_name.clone(),
            dimensions: asked_dimensions(beside)?,
        };
        let source = metrics::source(name, &beside.views().await?);
        let unit = unit_of(beside, &metric_name, &source).await?;
        let found = asked.answer(beside, &source).await?;
        let points = found.iter().take(POINTS);
        let points = points.map(|(at, summary)| asked.point(*at, summary, Some(&unit)));
        Ok(Shown {
            datapoints: points.collect(),
            metric_name,
        })
    }
}

/// BatchListMetricData.
#[derive(Deserialize)]
pub(super) struct BatchListMetricData {
    metrics: Option<Vec<MetricOf>>,
    period: Option<serde_json::Value>,
    filter: Option<String>,
    from: Option<i64>,
    to: Option<i64>,
}

#[derive(Serialize)]
struct MetricShown {
    unit: String,
    datapoints: Vec<Point>,
    namespace: String,
    metric_name: String,
    dimensions: Vec<Dim>,
}

/// Its answer.
#[derive(Serialize)]
pub(super) struct BatchShown {
    metrics: Vec<MetricShown>,
}

impl Action<Beside> for BatchListMetricData {
    const NAME: &'static str = "BatchListMetricData";
    type Response = BatchShown;

    async fn run(self, beside: &Beside) -> Result<BatchShown, Wrong> {
        let wanted = self.metrics.unwrap_or_default();
        if wanted.is_empty() {
            return Err(beside.missing("metrics"));
        }
        if wanted.len() > METRICS {
            let right = format!("at most {METRICS} are right");
            return Err(beside.invalid("metrics", wanted.len(), &right));
        }
        // A number, and a text in the SDK.
        let period = self.period.ok_or_else(|| beside.missing("period"))?;
        let read = period.as_i64();
        let read = read.or_else(|| period.as_str().and_then(|text| text.parse().ok()));
        let period = read.ok_or_else(|| beside.invalid("period", &period, "seconds are right"))?;
        let filter = self.filter.ok_or_else(|| beside.missing("filter"))?;
        let from = self.from.ok_or_else(|| beside.missing("from"))?;
        let to = self.to.ok_or_else(|| beside.missing("to"))?;
        let asked = Asked::new(beside, period, filter, from, to)?;
        let views = beside.views().await?;
        let mut left = POINTS;
        let mut metrics = Vec::new();
        for (n, metric) in wanted.into_iter().enumerate() {
            let name = metric.read(beside, &format!("metrics.{n}"))?;
            let source = metrics::source(name.clone(), &views);
            let unit = unit_of(beside, &name.name, &source).await?;
            let found = asked.answer(beside, &source).await?;
            let points = found.iter().take(left);
            let points = points.map(|(at, summary)| asked.point(*at, summary, None));
            let points: Vec<Point> = points.collect();
            left -= points.len();
            metrics.push(MetricShown {
                unit,
                datapoints: points,
                namespace: name.namespace,
                metric_name: name.name,
                dimensions: name.dimensions.iter().map(Dim::from).collect(),
            });
        }
        Ok(BatchShown { metrics })
    }
}
