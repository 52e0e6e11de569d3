//! Names of metrics, and where their values are kept.

use std::sync::Arc;

use muster_model::{Dimension, GroupId, GroupView, InstanceId, Metric, MetricName, MetricSource};
use serde::{Deserialize, Serialize};

use super::super::{Beside, Wrong};

/// The namespace of the metrics of groups (L4829).
pub(super) const SYS_AS: &str = "SYS.AS";
/// Their dimension (L4853).
pub(super) const GROUP: &str = "AutoScalingGroup";
/// Dimensions of a metric at the most.
const DIMENSIONS: usize = 4;
/// Bytes a second in a Mbit/s.
const BYTES: f64 = 125_000.0;

/// The metrics of groups (L4833-4844): name, canonical name, what the canonical value is multiplied by, unit.
pub(super) const OF_GROUPS: [(&str, &str, f64, &str); 9] = [
    ("cpu_util", "cpu_util", 1.0, "%"),
    ("mem_util", "mem_util", 1.0, "%"),
    (
        "network_incoming_bytes_rate_inband",
        "lan_in",
        BYTES,
        "Byte/s",
    ),
    (
        "network_outgoing_bytes_rate_inband",
        "lan_out",
        BYTES,
        "Byte/s",
    ),
    ("instance_num", "instance_num", 1.0, "count"),
    (
        "disk_read_bytes_rate",
        "disk_read_bytes_rate",
        1.0,
        "Byte/s",
    ),
    (
        "disk_write_bytes_rate",
        "disk_write_bytes_rate",
        1.0,
        "Byte/s",
    ),
    (
        "disk_read_requests_rate",
        "disk_read_requests_rate",
        1.0,
        "request/s",
    ),
    (
        "disk_write_requests_rate",
        "disk_write_requests_rate",
        1.0,
        "request/s",
    ),
];

/// What the agent on a machine calls some of them.
const OF_AGENT: [(&str, &str); 2] = [("cpu_usage", "cpu_util"), ("mem_usedPercent", "mem_util")];

/// A dimension as it is sent and shown.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Dim {
    name: Option<String>,
    value: Option<String>,
}

impl From<&Dimension> for Dim {
    fn from(dimension: &Dimension) -> Dim {
        Dim {
            name: Some(dimension.name.clone()),
            value: Some(dimension.value.clone()),
        }
    }
}

/// A text that begins with a letter and goes on with letters, digits and some signs.
fn is_name(text: &str, most: usize, signs: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let goes_on = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
    begins && text.len() <= most && text.chars().all(goes_on)
}

/// Checks a namespace: `service.item`.
pub(super) fn namespace(beside: &Beside, at: &str, text: &str) -> Result<(), Wrong> {
    let parts: Vec<&str> = text.split('.').collect();
    let good = |part: &&str| is_name(part, 32, "_");
    match (3..=32).contains(&text.len()) && parts.len() == 2 && parts.iter().all(good) {
        true => Ok(()),
        false => Err(beside.invalid(
            at,
            text,
            "`service.item` in 3 to 32 letters, digits and `_` is right",
        )),
    }
}

/// Checks a metric's name.
pub(super) fn metric_name(beside: &Beside, at: &str, text: &str) -> Result<(), Wrong> {
    match is_name(text, 96, "_-.") {
        true => Ok(()),
        false => Err(beside.invalid(
            at,
            text,
            "a letter, then letters, digits, `_` and `-`, 96 at the most, are right",
        )),
    }
}

/// Dimensions that are right, by name.
pub(super) fn dimensions(
    beside: &Beside,
    at: &str,
    dims: Vec<Dim>,
) -> Result<Vec<Dimension>, Wrong> {
    if dims.len() > DIMENSIONS {
        let wanted = format!("at most {DIMENSIONS} are right");
        return Err(beside.invalid(at, dims.len(), &wanted));
    }
    let mut read = Vec::new();
    for (n, dim) in dims.into_iter().enumerate() {
        let name = dim.name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| beside.missing(&format!("{at}.{n}.name")))?;
        let value = dim.value.unwrap_or_default();
        if !is_name(&name, 32, "_-") {
            let wanted = "a letter, then letters, digits, `_` and `-`, 32 at the most, are right";
            return Err(beside.invalid(&format!("{at}.{n}.name"), name, wanted));
        }
        if value.chars().count() > 256 {
            let wanted = "at most 256 characters are right";
            return Err(beside.invalid(&format!("{at}.{n}.value"), value, wanted));
        }
        read.push(Dimension { name, value });
    }
    Ok(read)
}

/// A metric, and where its values are: those of a group that exists are with it.
pub(super) fn source(name: MetricName, views: &[Arc<GroupView>]) -> MetricSource {
    let group = match name.dimensions.as_slice() {
        [dimension] if name.namespace == SYS_AS && dimension.name == GROUP => {
            GroupId::parse_any(&dimension.value).ok()
        }
        _ => None,
    };
    let group = group.filter(|id| views.iter().any(|view| view.group.id == *id));
    match group {
        Some(group) => of_group(group, &name.name),
        None => MetricSource::Account(sorted(name)),
    }
}

/// The same metric whatever the order of its dimensions.
fn sorted(mut name: MetricName) -> MetricName {
    name.dimensions.sort();
    name
}

fn of_group(group: GroupId, name: &str) -> MetricSource {
    let found = OF_GROUPS.iter().find(|(own, ..)| *own == name);
    let (metric, factor) = found.map_or((name, 1.0), |(_, canonical, factor, _)| {
        (*canonical, *factor)
    });
    MetricSource::Group {
        group,
        metric: Metric(metric.to_owned()),
        factor,
    }
}

/// The member that a metric of a machine is of, and the metric of its group that it goes into.
pub(super) fn of_member(
    name: &MetricName,
    views: &[Arc<GroupView>],
) -> Option<(InstanceId, MetricSource)> {
    let [dimension] = name.dimensions.as_slice() else {
        return None;
    };
    let of_machines = matches!(name.namespace.as_str(), "SYS.ECS" | "AGT.ECS");
    if !of_machines || dimension.name != "instance_id" {
        return None;
    }
    let agent = OF_AGENT.iter().find(|(own, _)| *own == name.name);
    let metric = agent.map_or(name.name.as_str(), |(_, canonical)| *canonical);
    OF_GROUPS.iter().find(|(own, ..)| *own == metric)?;
    let id = InstanceId::parse_any(&dimension.value).ok()?;
    let view = views.iter().find(|view| view.instances.contains_key(&id))?;
    Some((id, of_group(view.group.id, metric)))
}

/// The unit of a metric of groups.
pub(super) fn unit(name: &str) -> &'static str {
    let found = OF_GROUPS.iter().find(|(own, ..)| *own == name);
    found.map_or("", |(_, _, _, unit)| *unit)
}
