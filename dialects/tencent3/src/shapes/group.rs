//! What only groups have: service settings, spot mix, indexes.

use muster_model as model;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::words::{ReplaceMode, ScalingMode, SpotStrategy};

/// ServiceSettings in requests; what is left out keeps its value.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceSettings {
    replace_monitor_unhealthy: Option<bool>,
    scaling_mode: Option<ScalingMode>,
    replace_load_balancer_unhealthy: Option<bool>,
    replace_mode: Option<ReplaceMode>,
    auto_update_instance_tags: Option<bool>,
    desired_capacity_sync_with_max_min_size: Option<bool>,
    priority_scale_in_unhealthy: Option<bool>,
}

impl ServiceSettings {
    pub(crate) fn over(self, old: model::ServiceSettings) -> model::ServiceSettings {
        model::ServiceSettings {
            replace_unhealthy: self
                .replace_monitor_unhealthy
                .unwrap_or(old.replace_unhealthy),
            replace_balancer_unhealthy: self
                .replace_load_balancer_unhealthy
                .unwrap_or(old.replace_balancer_unhealthy),
            scaling_mode: self.scaling_mode.map_or(old.scaling_mode, Into::into),
            replace_mode: self.replace_mode.map_or(old.replace_mode, Into::into),
            auto_update_tags: self
                .auto_update_instance_tags
                .unwrap_or(old.auto_update_tags),
            sync_desired: self
                .desired_capacity_sync_with_max_min_size
                .unwrap_or(old.sync_desired),
            unhealthy_first: self
                .priority_scale_in_unhealthy
                .unwrap_or(old.unhealthy_first),
        }
    }
}

/// SpotMixedAllocationPolicy. In answers the members are null unless the group is a spot mix (rule G11).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SpotMixedPolicy {
    base_capacity: Option<i64>,
    on_demand_percentage_above_base_capacity: Option<i64>,
    spot_allocation_strategy: Option<SpotStrategy>,
    compensate_with_base_instance: Option<bool>,
}

impl SpotMixedPolicy {
    pub(crate) fn mix(self) -> Result<model::SpotMix, Fault> {
        let percent = self.on_demand_percentage_above_base_capacity.unwrap_or(70);
        Ok(model::SpotMix {
            base: crate::checks::size(
                "SpotMixedAllocationPolicy.BaseCapacity",
                self.base_capacity.unwrap_or(0),
            )?,
            on_demand_percent: crate::checks::number(
                "SpotMixedAllocationPolicy.OnDemandPercentageAboveBaseCapacity",
                percent,
                0,
                100,
            )?,
            strategy: self
                .spot_allocation_strategy
                .unwrap_or(SpotStrategy::Cost)
                .into(),
            compensate: self.compensate_with_base_instance.unwrap_or(true),
        })
    }

    pub(crate) fn shown(allocation: model::Allocation) -> SpotMixedPolicy {
        match allocation {
            model::Allocation::LaunchConfiguration => SpotMixedPolicy::default(),
            model::Allocation::SpotMixed(mix) => SpotMixedPolicy {
                base_capacity: Some(i64::from(mix.base)),
                on_demand_percentage_above_base_capacity: Some(i64::from(mix.on_demand_percent)),
                spot_allocation_strategy: Some(mix.strategy.into()),
                compensate_with_base_instance: Some(mix.compensate),
            },
        }
    }
}

/// InstanceNameIndexSettings, HostNameIndexSettings.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct IndexSettings {
    enabled: Option<bool>,
    begin_index: Option<i64>,
    index_length: Option<i64>,
}

impl IndexSettings {
    pub(crate) fn index(self, parameter: &str) -> Result<model::NameIndex, Fault> {
        let length = self.index_length.unwrap_or(0);
        let length = crate::checks::number(&format!("{parameter}.IndexLength"), length, 0, 8)?;
        let most = match length {
            0 => 99_999_999,
            digits => 10i64.pow(digits) - 1,
        };
        let begin =
            |value| crate::checks::number(&format!("{parameter}.BeginIndex"), value, 0, most);
        Ok(model::NameIndex {
            enabled: self.enabled.unwrap_or(false),
            begin: self.begin_index.map(begin).transpose()?,
            length,
        })
    }

    pub(crate) fn shown(index: Option<model::NameIndex>) -> IndexSettings {
        let index = index.unwrap_or_default();
        IndexSettings {
            enabled: Some(index.enabled),
            begin_index: Some(i64::from(index.begin.unwrap_or(0))),
            index_length: (index.length > 0).then_some(i64::from(index.length)),
        }
    }
}
