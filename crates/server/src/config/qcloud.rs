//! `[qcloud]`: what can be switched of the door of 2017.

use muster_engine::Quotas2017;
use muster_qcloud::Switches;
use serde::Deserialize;

use super::{Config, Within};

/// `[qcloud]`; see [`Switches`] and [`Quotas2017`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct QcloudConfig {
    default_region: String,
    most_instances: Within<1, 1_000_000>,
    configs_per_project: Within<1, 1_000_000>,
    groups_per_project: Within<1, 1_000_000>,
    tasks_per_group: Within<1, 1_000_000>,
    left_tasks: Within<0, 1_000_000>,
    calls_per_sec: Within<1, 1_000_000>,
    nonces_per_key: Within<1, 100_000_000>,
    refuse_signed_before_start: bool,
    code_as_text: bool,
    hook_id_as_text: bool,
    hide_default_policy: bool,
    vpc_spelling: bool,
}

impl Default for QcloudConfig {
    fn default() -> Self {
        let switches = Switches::default();
        let quotas = Quotas2017::default();
        QcloudConfig {
            default_region: switches.default_region,
            most_instances: Within(switches.most_instances),
            configs_per_project: Within(quotas.configs),
            groups_per_project: Within(quotas.groups),
            tasks_per_group: Within(quotas.tasks),
            left_tasks: Within(quotas.left_tasks),
            calls_per_sec: Within(switches.calls_per_sec),
            nonces_per_key: Within(switches.nonces_per_key),
            refuse_signed_before_start: switches.refuse_signed_before_start,
            code_as_text: switches.code_as_text,
            hook_id_as_text: switches.hook_id_as_text,
            hide_default_policy: switches.hide_default_policy,
            vpc_spelling: switches.vpc_spelling,
        }
    }
}

impl QcloudConfig {
    /// What may be made through the door of 2017.
    pub(crate) fn quotas(&self) -> Quotas2017 {
        Quotas2017 {
            configs: self.configs_per_project.0,
            groups: self.groups_per_project.0,
            tasks: self.tasks_per_group.0,
            left_tasks: self.left_tasks.0,
        }
    }
}

impl Config {
    /// The switches of the door of 2017, and what it shows of instance types and subnets.
    pub(crate) fn qcloud_switches(&self) -> Switches {
        let settings = self.settings();
        let own = &self.qcloud;
        let types = settings.types.iter();
        let subnets = settings.catalogue.subnets.iter();
        Switches {
            default_region: own.default_region.clone(),
            most_instances: own.most_instances.0,
            calls_per_sec: own.calls_per_sec.0,
            nonces_per_key: own.nonces_per_key.0,
            refuse_signed_before_start: own.refuse_signed_before_start,
            code_as_text: own.code_as_text,
            hook_id_as_text: own.hook_id_as_text,
            hide_default_policy: own.hide_default_policy,
            vpc_spelling: own.vpc_spelling,
            cores: types
                .map(|(name, facts)| (name.clone(), facts.cores))
                .collect(),
            subnets: subnets
                .map(|(id, subnet)| (id.clone(), (subnet.zone.clone(), subnet.vpc.clone())))
                .collect(),
        }
    }
}
