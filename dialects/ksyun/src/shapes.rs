//! Structures that occur in several places.

use std::collections::BTreeMap;

use muster_model::{self as model, Balancer, BalancerPlace, GroupSpec, HealthKind, Target};
use serde::{Deserialize, Serialize};

use crate::checks::{self, Many};
use crate::fault::Fault;
use crate::words::HealthCheckType;

/// Weight of a port when none is given (L357).
const DEFAULT_WEIGHT: i64 = 20;
/// Balancers that one request may name.
const MOST_SLBS: usize = 100;

/// A key and a value; both together or none.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    key: Option<String>,
    value: Option<String>,
}

/// A tag in answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShownTag {
    key: String,
    value: String,
}

impl Tag {
    /// Checks and converts (L1346-1360); what is there already may have been put there by another door.
    pub(crate) fn list(given: Vec<Tag>, there: &[model::Tag]) -> Result<Vec<model::Tag>, Fault> {
        if given.len() > 10 {
            return Err(Fault::value("Tag", &given.len().to_string(), "at most 10"));
        }
        let mut tags: Vec<model::Tag> = Vec::with_capacity(given.len());
        for (at, tag) in given.into_iter().enumerate() {
            let key = checks::needed(&format!("Tag.{at}.Key"), tag.key)?;
            let value = tag.value.unwrap_or_default();
            if tags.iter().any(|old| old.key == key) {
                return Err(Fault::value("Tag", &key, "each key once"));
            }
            let tag = model::Tag { key, value };
            if !there.contains(&tag) {
                tag_text(&format!("Tag.{at}.Key"), &tag.key, 1, 128, KEY_SIGNS)?;
                tag_text(&format!("Tag.{at}.Value"), &tag.value, 0, 256, VALUE_SIGNS)?;
            }
            tags.push(tag);
        }
        Ok(tags)
    }

    /// What is shown.
    pub(crate) fn shown(tags: &[model::Tag]) -> Vec<ShownTag> {
        let shown = |tag: &model::Tag| ShownTag {
            key: tag.key.clone(),
            value: tag.value.clone(),
        };
        tags.iter().map(shown).collect()
    }
}

/// Signs in keys of tags: those of both documented sets, which differ in print (L1350, L1564, contradiction K30).
const KEY_SIGNS: &str = "+-±_=.、/@:";
/// Signs in their values (L1358, L1572).
const VALUE_SIGNS: &str = "+-±_=.、/@:()[]（）【】";

/// A Chinese character.
fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Chinese and English letters, digits, and some signs.
fn tag_text(parameter: &str, text: &str, min: usize, max: usize, signs: &str) -> Result<(), Fault> {
    let good = |c: char| c.is_ascii_alphanumeric() || is_chinese(c) || signs.contains(c);
    match text.chars().all(good) {
        true => checks::text(parameter, text, min, max),
        false => {
            let wanted = format!("Chinese and English letters, digits and {signs}");
            let start: String = text.chars().take(64).collect();
            Err(Fault::value(parameter, &start, &wanted))
        }
    }
}

/// SystemDisk.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SystemDisk {
    disk_type: Option<String>,
    disk_size: Option<i64>,
}

/// The documented types, and the one that Terraform knows besides.
const SYSTEM_DISK_TYPES: [&str; 5] = ["Local_SSD", "SSD2.0", "SATA2.0", "SSD3.0", "EHDD"];

impl SystemDisk {
    /// Over what is there: what is not given stays, and so does what only another door has words for.
    pub(crate) fn over(self, old: Option<&model::SystemDisk>) -> Result<model::SystemDisk, Fault> {
        let old = old.cloned().unwrap_or_default();
        if let Some(kind) = &self.disk_type
            && Some(kind) != old.disk_type.as_ref()
            && !SYSTEM_DISK_TYPES.contains(&kind.as_str())
        {
            let wanted = format!("one of {}", SYSTEM_DISK_TYPES.join(", "));
            return Err(Fault::value("SystemDisk.DiskType", kind, &wanted));
        }
        if let Some(size) = self.disk_size {
            checks::number("SystemDisk.DiskSize", size, 1, 32_000)?;
        }
        Ok(model::SystemDisk {
            disk_type: self.disk_type.or(old.disk_type),
            size_gb: self.disk_size.or(old.size_gb),
            ..old
        })
    }
}

/// DataDisk.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DataDisk {
    #[serde(rename = "Type")]
    kind: Option<String>,
    size: Option<i64>,
    delete_with_instance: Option<bool>,
    snapshot_id: Option<String>,
}

/// A data disk in `DataDiskEbsDetail`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownDisk<'a> {
    delete_with_instance: bool,
    size: i64,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot_id: Option<&'a String>,
}

impl DataDisk {
    /// In place of what is there; a disk keeps what only another door has words for.
    pub(crate) fn list(
        given: Vec<DataDisk>,
        old: &[model::DataDisk],
    ) -> Result<Vec<model::DataDisk>, Fault> {
        if given.len() > 20 {
            return Err(Fault::value(
                "DataDisk",
                &given.len().to_string(),
                "at most 20",
            ));
        }
        let disk = |(at, disk): (usize, DataDisk)| {
            let there = old.get(at).cloned().unwrap_or_default();
            if let Some(kind) = &disk.kind {
                checks::passed_on(&format!("DataDisk.{at}.Type"), kind)?;
            }
            if let Some(size) = disk.size {
                checks::number(&format!("DataDisk.{at}.Size"), size, 1, 32_000)?;
            }
            Ok(model::DataDisk {
                disk_type: disk.kind,
                size_gb: disk.size,
                snapshot: disk.snapshot_id.or_else(|| there.snapshot.clone()),
                delete_with_instance: disk.delete_with_instance,
                ..there
            })
        };
        given.into_iter().enumerate().map(disk).collect()
    }

    /// The JSON text that is shown; none without disks, which an older Terraform provider could not stand.
    pub(crate) fn shown(disks: &[model::DataDisk]) -> Option<String> {
        if disks.is_empty() {
            return None;
        }
        let shown: Vec<ShownDisk<'_>> = disks
            .iter()
            .map(|disk| ShownDisk {
                delete_with_instance: disk.delete_with_instance.unwrap_or(false),
                size: disk.size_gb.unwrap_or(0),
                kind: disk.disk_type.as_ref(),
                snapshot_id: disk.snapshot.as_ref(),
            })
            .collect();
        serde_json::to_string(&shown).ok()
    }
}

/// Slb in requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Slb {
    id: Option<String>,
    listener_id: Option<String>,
    server_port: Option<Many>,
    weight: Option<i64>,
    health_check_type: Option<HealthCheckType>,
}

/// SlbConfig in answers.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SlbConfig {
    pub(crate) slb_id: String,
    pub(crate) listener_id: String,
    pub(crate) server_port_set: Vec<u16>,
    pub(crate) weight: u16,
    health_check_type: HealthCheckType,
}

impl SlbConfig {
    /// A balancer, if this door has words for it.
    pub(crate) fn of(balancer: &Balancer, health: HealthKind) -> Option<SlbConfig> {
        match balancer {
            Balancer::Forward {
                balancer,
                listener,
                targets,
                ..
            } => Some(SlbConfig {
                slb_id: balancer.clone(),
                listener_id: listener.clone(),
                server_port_set: targets.iter().map(|target| target.port).collect(),
                weight: weight_of(targets),
                health_check_type: health.into(),
            }),
            Balancer::Classic { .. } | Balancer::Listener { .. } | Balancer::Pool { .. } => None,
        }
    }
}

/// The balancers of a group that this door has words for, each with how it counts for health.
pub(crate) fn slb_configs(spec: &GroupSpec) -> Vec<SlbConfig> {
    let shown = |balancer: &Balancer| {
        let health = match spec.hears(&balancer.place()) {
            true => HealthKind::Balancer,
            false => HealthKind::Machine,
        };
        SlbConfig::of(balancer, health)
    };
    spec.balancers.iter().filter_map(shown).collect()
}

/// The one weight that is shown of several.
fn weight_of(targets: &[Target]) -> u16 {
    targets.first().map_or(0, |target| target.weight)
}

/// Ports of the machines, each once; a value may be several, joined by commas.
fn ports(name: &str, given: Option<Many>) -> Result<Vec<u16>, Fault> {
    let name = format!("{name}.ServerPort");
    let given = checks::needed(&name, given)?;
    let mut ports = Vec::new();
    for text in given.0.iter().flat_map(|value| value.split(',')) {
        let number = text.trim().parse().unwrap_or(0);
        if number == 0 {
            return Err(Fault::value(&name, text, "a port, 1 to 65535"));
        }
        if ports.contains(&number) {
            return Err(Fault::value(&name, text, "each port once"));
        }
        ports.push(number);
    }
    Ok(ports)
}

/// Bindings as asked for, and of those that say so whether they count for health. One that is there at the same listener keeps
/// what this door has no words for; if ports and weight are those shown, also the single weights of its ports.
pub(crate) fn balancers(
    given: Vec<Slb>,
    old: &[Balancer],
) -> Result<(Vec<Balancer>, BTreeMap<BalancerPlace, bool>), Fault> {
    if given.len() > MOST_SLBS {
        let count = given.len().to_string();
        return Err(Fault::value("Slb", &count, "at most 100"));
    }
    let mut there: Vec<&Balancer> = old.iter().collect();
    let mut list: Vec<Balancer> = Vec::with_capacity(given.len());
    let mut heard = BTreeMap::new();
    for (at, slb) in given.into_iter().enumerate() {
        let name = format!("Slb.{at}");
        let id = checks::needed(&format!("{name}.Id"), slb.id)?;
        let listener = checks::needed(&format!("{name}.ListenerId"), slb.listener_id)?;
        checks::passed_on(&format!("{name}.Id"), &id)?;
        checks::passed_on(&format!("{name}.ListenerId"), &listener)?;
        let ports = ports(&name, slb.server_port)?;
        let weight = slb.weight.unwrap_or(DEFAULT_WEIGHT);
        let weight = checks::number(&format!("{name}.Weight"), weight, 0, 100)?;
        let weight = u16::try_from(weight).unwrap_or(0);
        let balancer = over(&mut there, id, listener, &ports, weight);
        if list.iter().any(|other| other.is_same_place(&balancer)) {
            return Err(Fault::value(
                &format!("{name}.ListenerId"),
                &balancer.name(),
                "each listener once",
            ));
        }
        if let Some(word) = slb.health_check_type {
            let counts = HealthKind::from(word) == HealthKind::Balancer;
            heard.insert(balancer.place(), counts);
        }
        list.push(balancer);
    }
    Ok((list, heard))
}

/// A binding over the one that is there at the same listener, which is taken off the list.
fn over(
    there: &mut Vec<&Balancer>,
    id: String,
    listener: String,
    ports: &[u16],
    weight: u16,
) -> Balancer {
    let plain = || {
        let target = |port: &u16| Target {
            port: *port,
            weight,
        };
        ports.iter().map(target).collect::<Vec<_>>()
    };
    let same = |one: &&Balancer| matches!(one, Balancer::Forward { balancer, listener: at, .. } if *balancer == id && *at == listener);
    let found = there.iter().position(same).map(|at| there.remove(at));
    match found {
        Some(Balancer::Forward {
            location,
            region,
            targets,
            ..
        }) => {
            let as_shown = weight_of(targets) == weight
                && targets.len() == ports.len()
                && targets.iter().all(|target| ports.contains(&target.port));
            Balancer::Forward {
                balancer: id,
                listener,
                location: location.clone(),
                region: region.clone(),
                targets: if as_shown { targets.clone() } else { plain() },
            }
        }
        Some(_) | None => Balancer::Forward {
            balancer: id,
            listener,
            location: None,
            region: None,
            targets: plain(),
        },
    }
}
