//! What only groups have: service settings, spot mix, indexes, balancers.

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
        let begin = self.begin_index.unwrap_or(0);
        let length = self.index_length.unwrap_or(0);
        Ok(model::NameIndex {
            enabled: self.enabled.unwrap_or(false),
            begin: crate::checks::number(&format!("{parameter}.BeginIndex"), begin, 0, 99_999_999)?,
            length: crate::checks::number(&format!("{parameter}.IndexLength"), length, 0, 8)?,
        })
    }

    pub(crate) fn shown(index: Option<model::NameIndex>) -> IndexSettings {
        let index = index.unwrap_or_default();
        IndexSettings {
            enabled: Some(index.enabled),
            begin_index: Some(i64::from(index.begin)),
            index_length: (index.length > 0).then_some(i64::from(index.length)),
        }
    }
}

/// ForwardLoadBalancer. In answers no member is ever null (Terraform reads them all).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ForwardLoadBalancer {
    load_balancer_id: String,
    listener_id: String,
    target_attributes: Vec<TargetAttribute>,
    location_id: Option<String>,
    region: Option<String>,
}

/// TargetAttribute.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TargetAttribute {
    port: i64,
    weight: i64,
}

impl ForwardLoadBalancer {
    /// Checks and converts (rules B2, B3).
    pub(crate) fn list(balancers: Vec<ForwardLoadBalancer>) -> Result<Vec<model::Balancer>, Fault> {
        crate::checks::count(
            "InvalidParameterValue.LimitExceeded",
            "ForwardLoadBalancers",
            &balancers,
            100,
        )?;
        let mut list: Vec<model::Balancer> = Vec::with_capacity(balancers.len());
        for (at, given) in balancers.into_iter().enumerate() {
            let name = format!("ForwardLoadBalancers.{at}");
            if given.target_attributes.is_empty() {
                let message = format!(
                    "The parameter `{name}.TargetAttributes` must have at least one entry."
                );
                return Err(Fault::new("InvalidParameterValue.ForwardLb", message));
            }
            let mut targets: Vec<model::Target> = Vec::new();
            for target in &given.target_attributes {
                let port = crate::checks::number(
                    &format!("{name}.TargetAttributes.Port"),
                    target.port,
                    1,
                    65_535,
                )?;
                let weight = crate::checks::number(
                    &format!("{name}.TargetAttributes.Weight"),
                    target.weight,
                    0,
                    100,
                )?;
                let (port, weight) = (
                    u16::try_from(port).unwrap_or(0),
                    u16::try_from(weight).unwrap_or(0),
                );
                if targets.iter().any(|old| old.port == port) {
                    let message =
                        format!("The port `{port}` is in `{name}.TargetAttributes` twice.");
                    return Err(Fault::new(
                        "InvalidParameterValue.TargetPortDuplicated",
                        message,
                    ));
                }
                targets.push(model::Target { port, weight });
            }
            let location = given.location_id.filter(|id| !id.is_empty());
            let same = |old: &model::Balancer| matches!(old, model::Balancer::Forward { listener, location: at, .. } if *listener == given.listener_id && *at == location);
            if list.iter().any(same) {
                let message = format!(
                    "The listener `{}` is in `ForwardLoadBalancers` twice.",
                    given.listener_id
                );
                return Err(Fault::new(
                    "InvalidParameterValue.DuplicatedForwardLb",
                    message,
                ));
            }
            list.push(model::Balancer::Forward {
                balancer: given.load_balancer_id,
                listener: given.listener_id,
                location,
                region: given.region,
                targets,
            });
        }
        Ok(list)
    }

    /// The balancers that this door has words for.
    pub(crate) fn shown(
        balancers: &[model::Balancer],
        own_region: &str,
    ) -> Vec<ForwardLoadBalancer> {
        let forward = |balancer: &model::Balancer| match balancer {
            model::Balancer::Forward {
                balancer,
                listener,
                location,
                region,
                targets,
            } => Some(ForwardLoadBalancer {
                load_balancer_id: balancer.clone(),
                listener_id: listener.clone(),
                target_attributes: targets
                    .iter()
                    .map(|target| TargetAttribute {
                        port: i64::from(target.port),
                        weight: i64::from(target.weight),
                    })
                    .collect(),
                location_id: Some(location.clone().unwrap_or_default()),
                region: Some(region.clone().unwrap_or_else(|| own_region.to_owned())),
            }),
            model::Balancer::Classic { .. }
            | model::Balancer::Listener { .. }
            | model::Balancer::Pool { .. } => None,
        };
        balancers.iter().filter_map(forward).collect()
    }
}
