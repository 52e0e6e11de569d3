//! The metrics that there are: those of groups, and those that values were pushed of.

use std::collections::BTreeMap;

use muster_kit::action::Action;
use muster_model::{Dimension, MetricName};
use serde::{Deserialize, Serialize};

use super::super::{Beside, Wrong};
use super::data::asked_dimensions;
use super::metrics::{Dim, GROUP, OF_GROUPS, SYS_AS};
use super::v1::MetaData;

/// ListMetrics.
#[derive(Deserialize)]
pub(super) struct ListMetrics {}

#[derive(Serialize)]
struct Named {
    namespace: String,
    dimensions: Vec<Dim>,
    metric_name: String,
    unit: String,
}

/// Its answer.
#[derive(Serialize)]
pub(super) struct Metrics {
    metrics: Vec<Named>,
    meta_data: MetaData,
}

/// A metric as one text: the marker of its list.
fn marker(name: &MetricName) -> String {
    let dims = name.dimensions.iter();
    let dims: Vec<String> = dims
        .map(|one| format!("{}:{}", one.name, one.value))
        .collect();
    format!("{}.{}.{}", name.namespace, name.name, dims.join(","))
}

impl Action<Beside> for ListMetrics {
    const NAME: &'static str = "ListMetrics";
    type Response = Metrics;

    async fn run(self, beside: &Beside) -> Result<Metrics, Wrong> {
        let limit = beside
            .query_number("limit", Some(1000), 1, 1000)?
            .unsigned_abs() as usize;
        let mut all: BTreeMap<MetricName, String> = BTreeMap::new();
        for view in beside.views().await? {
            for (name, _, _, unit) in OF_GROUPS {
                let name = MetricName {
                    namespace: SYS_AS.to_owned(),
                    name: name.to_owned(),
                    dimensions: vec![Dimension {
                        name: GROUP.to_owned(),
                        value: view.group.id.uuid(),
                    }],
                };
                all.insert(name, unit.to_owned());
            }
        }
        let records = beside.records().await?;
        for readings in records.readings.values() {
            all.insert(readings.spec.metric.clone(), readings.spec.unit.clone());
        }
        let wanted = asked_dimensions(beside)?;
        let mut all: Vec<(MetricName, String)> = all.into_iter().collect();
        all.retain(|(name, _)| {
            beside
                .asked("namespace")
                .is_none_or(|asked| asked == name.namespace)
                && beside
                    .asked("metric_name")
                    .is_none_or(|asked| asked == name.name)
                && wanted.iter().all(|one| name.dimensions.contains(one))
        });
        match beside.asked("order").unwrap_or("asc") {
            "asc" => {}
            "desc" => all.reverse(),
            other => return Err(beside.bad_query("order", other, "asc or desc is right")),
        }
        let total = all.len();
        if let Some(start) = beside.asked("start") {
            let at = all.iter().position(|(name, _)| marker(name) == start);
            let at = at
                .ok_or_else(|| beside.bad_query("start", start, "the marker of a list is right"))?;
            all.drain(..=at);
        }
        all.truncate(limit);
        Ok(Metrics {
            meta_data: MetaData {
                count: all.len(),
                total,
                marker: all.last().map(|(name, _)| marker(name)).unwrap_or_default(),
            },
            metrics: all
                .into_iter()
                .map(|(name, unit)| Named {
                    dimensions: name.dimensions.iter().map(Dim::from).collect(),
                    namespace: name.namespace,
                    metric_name: name.name,
                    unit,
                })
                .collect(),
        })
    }
}
