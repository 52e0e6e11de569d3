//! `[ksyun]`: what can be switched of the Kingsoft door.

use muster_ksyun::Switches;
use serde::Deserialize;

use super::{Config, Within};

/// `[ksyun]`; see [`Switches`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KsyunConfig {
    most_instances: Within<1, 1_000_000>,
    most_total_capacity: Within<1, 1_000_000>,
    lenient_max_size: bool,
    bare_task_id: bool,
    calls_per_sec: Within<1, 1_000_000>,
}

impl Default for KsyunConfig {
    fn default() -> Self {
        let switches = Switches::default();
        KsyunConfig {
            most_instances: Within(switches.most_instances),
            most_total_capacity: Within(switches.most_total_capacity),
            lenient_max_size: switches.lenient_max_size,
            bare_task_id: switches.bare_task_id,
            calls_per_sec: Within(switches.calls_per_sec),
        }
    }
}

impl Config {
    /// The switches of the Kingsoft door, and what it shows of instance types and zones.
    pub(crate) fn ksyun_switches(&self) -> Switches {
        let settings = self.settings();
        Switches {
            most_instances: self.ksyun.most_instances.0,
            most_total_capacity: self.ksyun.most_total_capacity.0,
            lenient_max_size: self.ksyun.lenient_max_size,
            bare_task_id: self.ksyun.bare_task_id,
            calls_per_sec: self.ksyun.calls_per_sec.0,
            types: self
                .instance_type
                .iter()
                .map(super::TypeConfig::shown_by_ksyun)
                .collect(),
            zones: settings.catalogue.zones.keys().cloned().collect(),
        }
    }
}
