//! Flavors and zones: what the catalogue lists, and what is used; a fresh installation shows a few usual ones.

use std::collections::{BTreeMap, BTreeSet};

use muster_kit::action::Action;
use muster_model::Architecture;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::services::{Beside, Wrong};

/// What is shown where no types are listed and none is used: every well-formed name is accepted then.
const USUAL: [&str; 8] = [
    "s6.small.1",
    "s6.medium.2",
    "s6.large.2",
    "s6.large.4",
    "s6.xlarge.2",
    "s6.xlarge.4",
    "s6.2xlarge.2",
    "s6.2xlarge.4",
];

/// Processors and memory (MiB) of a flavor: as its name says, `family.size.ratio`. Where the operator says how many cores
/// and how much memory it has, that counts; a name of another form is one core, or those, with 1 GiB each.
pub(in crate::services) fn size(
    name: &str,
    cores: Option<u32>,
    memory_gb: Option<u32>,
) -> (u32, u32) {
    let mut parts = name.split('.').skip(1);
    let (size, ratio) = (parts.next().unwrap_or_default(), parts.next());
    let named = match size {
        "small" | "medium" => Some(1),
        "large" => Some(2),
        "xlarge" => Some(4),
        size => {
            let many = size.strip_suffix("xlarge");
            let many = many.and_then(|many| many.parse::<u32>().ok());
            many.and_then(|many| many.checked_mul(4))
        }
    };
    let vcpus = cores.or(named).unwrap_or(1).clamp(1, 4096);
    let ratio = ratio.and_then(|ratio| ratio.parse::<u32>().ok());
    let ratio = ratio.filter(|_| named.is_some()).unwrap_or(1).clamp(1, 64);
    (vcpus, memory_gb.unwrap_or(vcpus * ratio) * 1024)
}

/// A flavor: in which zones it is, and whether it is to be had.
struct Known {
    zones: BTreeSet<String>,
    sold_out: bool,
    cores: Option<u32>,
    memory_gb: Option<u32>,
    architecture: Architecture,
}

impl Beside {
    /// The zones there are.
    pub(in crate::services) async fn zones(&self) -> Result<BTreeMap<String, bool>, Wrong> {
        let catalogue = self.catalogue();
        let here = |site: &Option<muster_model::Site>| {
            site.as_ref().is_none_or(|site| *site == self.caller().site)
        };
        let listed = catalogue.zones.iter().filter(|(_, zone)| here(&zone.site));
        let mut zones: BTreeMap<String, bool> = listed
            .map(|(name, zone)| (name.clone(), !zone.unavailable))
            .collect();
        if catalogue.strict {
            return Ok(zones);
        }
        for view in self.views().await? {
            let named = view.group.spec.network.zones.iter();
            named.for_each(|zone| {
                zones.entry(zone.clone()).or_insert(true);
            });
        }
        if zones.is_empty() {
            let names = match self.region.as_str() {
                "" => ["az1.dc1", "az2.dc1", "az3.dc1"].map(str::to_owned),
                region => ["a", "b", "c"].map(|letter| format!("{region}{letter}")),
            };
            zones.extend(names.map(|name| (name, true)));
        }
        zones.remove("");
        Ok(zones)
    }

    async fn flavors(&self) -> Result<BTreeMap<String, Known>, Wrong> {
        let catalogue = self.catalogue();
        let listed = catalogue.types.iter().map(|(name, one)| {
            let known = Known {
                zones: one.zones.clone(),
                sold_out: one.sold_out,
                cores: one.cores,
                memory_gb: one.memory_gb,
                architecture: one.architecture,
            };
            (name.clone(), known)
        });
        let mut flavors: BTreeMap<String, Known> = listed.collect();
        if catalogue.strict {
            return Ok(flavors);
        }
        let mut used = BTreeSet::new();
        for view in self.views().await? {
            let config = view.config.iter();
            used.extend(config.flat_map(|config| config.spec.instance_types.clone()));
        }
        let records = self.records().await?;
        let servers = records.servers.values();
        used.extend(servers.map(|server| server.spec.instance_type.clone()));
        if flavors.is_empty() {
            used.extend(USUAL.map(str::to_owned));
        }
        for name in used {
            flavors.entry(name).or_insert(Known {
                zones: BTreeSet::new(),
                sold_out: false,
                cores: None,
                memory_gb: None,
                architecture: Architecture::default(),
            });
        }
        Ok(flavors)
    }
}

fn shown(name: &str, known: &Known, zones: &BTreeMap<String, bool>) -> Value {
    let (vcpus, ram) = size(name, known.cores, known.memory_gb);
    let status = |available: bool| match available && !known.sold_out {
        true => "normal",
        false => "sellout",
    };
    let there = zones
        .iter()
        .filter(|(zone, _)| known.zones.is_empty() || known.zones.contains(*zone));
    let there = there.map(|(zone, available)| format!("{zone}({})", status(*available)));
    let there = there.collect::<Vec<_>>().join(",");
    let family = name.split('.').next().unwrap_or_default();
    let mut shown = json!({
        "id": name,
        "name": name,
        "vcpus": vcpus.to_string(),
        "ram": ram,
        "disk": "0",
        "swap": "",
        "links": [],
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "OS-FLV-DISABLED:disabled": false,
        "rxtx_factor": 1.0,
        "rxtx_quota": null,
        "rxtx_cap": null,
        "os-flavor-access:is_public": true,
        "attachableQuantity": null,
        "os_extra_specs": {
            "ecs:performancetype": "normal",
            "ecs:generation": family,
            "ecs:virtualization_env_types": "QingTian",
            "resource_type": "IOoptimized",
            "cond:operation:status": status(true),
            "cond:operation:az": there,
        },
    });
    // Of the others nothing is said.
    if known.architecture == Architecture::Arm {
        shown["os_extra_specs"]["ecs:instance_architecture"] = json!("arm64");
    }
    shown
}

/// ListFlavors. What it asks for stands in the query.
#[derive(Deserialize)]
pub(super) struct ListFlavors {}

impl Action<Beside> for ListFlavors {
    const NAME: &'static str = "ListFlavors";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let zones = beside.zones().await?;
        let mut flavors: Vec<(String, Known)> = beside.flavors().await?.into_iter().collect();
        if let Some(zone) = beside.asked("availability_zone") {
            let known = zones.contains_key(zone) || !beside.catalogue().strict;
            flavors.retain(|(_, one)| known && (one.zones.is_empty() || one.zones.contains(zone)));
        }
        flavors.retain(|(name, _)| beside.matches("flavor_id", name));
        let window = beside.window(1000, 1000)?;
        let flavors = window.cut(flavors, |(name, _)| name.clone());
        let shown = flavors.iter().map(|(name, one)| shown(name, one, &zones));
        Ok(json!({ "flavors": shown.collect::<Vec<_>>() }))
    }
}

/// NovaListAvailabilityZones.
#[derive(Deserialize)]
pub(super) struct NovaListAvailabilityZones {}

impl Action<Beside> for NovaListAvailabilityZones {
    const NAME: &'static str = "NovaListAvailabilityZones";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let zones = beside.zones().await?;
        let zones = zones.iter().map(|(name, available)| {
            json!({ "zoneName": name, "zoneState": { "available": available }, "hosts": null })
        });
        Ok(json!({ "availabilityZoneInfo": zones.collect::<Vec<_>>() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_from_names() {
        for (name, cores, memory_gb, wanted) in [
            ("s3.xlarge.4", None, None, (4, 16_384)),
            ("s6.small.1", None, None, (1, 1024)),
            ("c6.medium.2", None, None, (1, 2048)),
            ("m6.8xlarge.8", None, None, (32, 262_144)),
            ("s3.xlarge.4", Some(8), None, (8, 32_768)),
            ("mine", Some(2), Some(16), (2, 16_384)),
            ("mine", Some(2), None, (2, 2048)),
            ("mine", None, None, (1, 1024)),
            ("a.99999999999xlarge.4", None, None, (1, 1024)),
            ("a.2xlarge.-1", None, None, (8, 8192)),
            ("", None, None, (1, 1024)),
        ] {
            assert_eq!(size(name, cores, memory_gb), wanted, "{name}");
        }
    }
}
