//! Groups: describe.

use muster_kit::action::Action;
use muster_kit::filter::{FilterName, Match};
use muster_kit::time::format_utc;
use muster_model::{Allocation, Balancer, GroupFilter, GroupItem};
use serde::{Deserialize, Serialize};

use super::{Selection, SentFilter, exact, page, tag_filter};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{ForwardLoadBalancer, IndexSettings, SpotMixedPolicy, Tag};
use crate::words::{
    AllocationPolicy, HealthCheckType, ReplaceMode, RetryPolicy, ScalingMode, SubnetPolicy,
    TerminationPolicy, group_status,
};

/// DescribeAutoScalingGroups.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeAutoScalingGroups {
    auto_scaling_group_ids: Option<Vec<String>>,
    filters: Option<Vec<SentFilter>>,
    limit: Option<i64>,
    offset: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Groups {
    auto_scaling_group_set: Vec<Group>,
    total_count: usize,
}

/// ServiceSettings in answers: every member is there.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ShownServiceSettings {
    replace_monitor_unhealthy: bool,
    scaling_mode: ScalingMode,
    replace_load_balancer_unhealthy: bool,
    replace_mode: ReplaceMode,
    auto_update_instance_tags: bool,
    desired_capacity_sync_with_max_min_size: bool,
    priority_scale_in_unhealthy: bool,
}

/// AutoScalingGroup.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Group {
    auto_scaling_group_id: String,
    auto_scaling_group_name: String,
    auto_scaling_group_status: &'static str,
    created_time: String,
    default_cooldown: u32,
    desired_capacity: u32,
    enabled_status: &'static str,
    forward_load_balancer_set: Vec<ForwardLoadBalancer>,
    instance_count: usize,
    in_service_instance_count: usize,
    launch_configuration_id: String,
    launch_configuration_name: String,
    load_balancer_id_set: Vec<String>,
    max_size: u32,
    min_size: u32,
    project_id: i64,
    subnet_id_set: Vec<String>,
    termination_policy_set: [TerminationPolicy; 1],
    vpc_id: String,
    zone_set: Vec<String>,
    retry_policy: RetryPolicy,
    in_activity_status: &'static str,
    tags: Vec<Tag>,
    service_settings: ShownServiceSettings,
    ipv6_address_count: u32,
    multi_zone_subnet_policy: SubnetPolicy,
    health_check_type: HealthCheckType,
    load_balancer_health_check_grace_period: u32,
    instance_allocation_policy: AllocationPolicy,
    spot_mixed_allocation_policy: SpotMixedPolicy,
    capacity_rebalance: bool,
    instance_name_index_settings: IndexSettings,
    host_name_index_settings: IndexSettings,
    concurrent_scale_out_for_desired_capacity: bool,
}

impl Group {
    fn shown(item: &GroupItem, own_region: &str) -> Group {
        let group = &item.group;
        let spec = &group.spec;
        let classic = |balancer: &Balancer| match balancer {
            Balancer::Classic { balancer } => Some(balancer.clone()),
            Balancer::Forward { .. } | Balancer::Listener { .. } | Balancer::Pool { .. } => None,
        };
        Group {
            auto_scaling_group_id: group.id.to_string(),
            auto_scaling_group_name: spec.name.clone(),
            auto_scaling_group_status: group_status(group.abnormal),
            created_time: format_utc(group.created_at.0),
            default_cooldown: spec.cooldown_secs,
            desired_capacity: spec.size.desired,
            enabled_status: if spec.enabled { "ENABLED" } else { "DISABLED" },
            forward_load_balancer_set: ForwardLoadBalancer::shown(&spec.balancers, own_region),
            instance_count: item.total,
            in_service_instance_count: item.in_service,
            launch_configuration_id: spec.config.map(|id| id.to_string()).unwrap_or_default(),
            launch_configuration_name: item.config_name.clone(),
            load_balancer_id_set: spec.balancers.iter().filter_map(classic).collect(),
            max_size: spec.size.max,
            min_size: spec.size.min,
            project_id: spec.project,
            subnet_id_set: spec.network.subnets.clone(),
            termination_policy_set: [spec.termination.into()],
            vpc_id: spec.network.vpc.clone(),
            zone_set: spec.network.zones.clone(),
            retry_policy: spec.retry.into(),
            in_activity_status: if item.busy {
                "IN_ACTIVITY"
            } else {
                "NOT_IN_ACTIVITY"
            },
            tags: Tag::shown(&spec.tags, "auto-scaling-group"),
            service_settings: ShownServiceSettings {
                replace_monitor_unhealthy: spec.service.replace_unhealthy,
                scaling_mode: spec.service.scaling_mode.into(),
                replace_load_balancer_unhealthy: spec.service.replace_balancer_unhealthy,
                replace_mode: spec.service.replace_mode.into(),
                auto_update_instance_tags: spec.service.auto_update_tags,
                desired_capacity_sync_with_max_min_size: spec.service.sync_desired,
                priority_scale_in_unhealthy: spec.service.unhealthy_first,
            },
            ipv6_address_count: spec.network.ipv6_addresses,
            multi_zone_subnet_policy: spec.spread.into(),
            health_check_type: spec.health.kind.into(),
            load_balancer_health_check_grace_period: spec.health.grace_secs,
            instance_allocation_policy: match spec.allocation {
                Allocation::LaunchConfiguration => AllocationPolicy::LaunchConfiguration,
                Allocation::SpotMixed(_) => AllocationPolicy::SpotMixed,
            },
            spot_mixed_allocation_policy: SpotMixedPolicy::shown(spec.allocation),
            capacity_rebalance: spec.capacity_rebalance,
            instance_name_index_settings: IndexSettings::shown(spec.name_index),
            host_name_index_settings: IndexSettings::shown(spec.host_name_index),
            concurrent_scale_out_for_desired_capacity: spec.concurrent_scale_out,
        }
    }
}

const SELECTION: Selection = Selection {
    names: &[
        exact("auto-scaling-group-id"),
        exact("auto-scaling-group-name"),
        exact("vague-auto-scaling-group-name"),
        exact("launch-configuration-id"),
        exact("tag-key"),
        exact("tag-value"),
        FilterName {
            name: "tag:",
            how: Match::Keyed,
        },
    ],
    ids: "AutoScalingGroupIds",
    conflict: "InvalidParameter.Conflict",
    too_many: "InvalidParameterValue.LimitExceeded",
    unknown: "InvalidParameterValue.Filter",
};

impl Action<Ctx> for DescribeAutoScalingGroups {
    const NAME: &'static str = "DescribeAutoScalingGroups";
    type Response = Groups;

    async fn run(self, ctx: &Ctx) -> Result<Groups, Fault> {
        let page = page(self.offset, self.limit)?;
        let sent = SELECTION.check(self.auto_scaling_group_ids.as_ref(), self.filters)?;
        let mut filters = Vec::new();
        if let Some(ids) = self.auto_scaling_group_ids.filter(|ids| !ids.is_empty()) {
            filters.push(GroupFilter::Ids(checks::group_ids(&ids)?));
        }
        for filter in sent {
            filters.push(match (filter.name, tag_filter(&filter)) {
                (_, Some(tags)) => GroupFilter::Tags(tags),
                ("auto-scaling-group-id", None) => {
                    GroupFilter::Ids(checks::group_ids(&filter.values)?)
                }
                ("auto-scaling-group-name", None) => GroupFilter::Names(filter.values),
                ("launch-configuration-id", None) => {
                    GroupFilter::Configs(checks::config_ids(&filter.values)?)
                }
                (_, None) => GroupFilter::NameContains(filter.values),
            });
        }
        let found = ctx
            .api
            .groups(&ctx.caller, &filters, page)
            .await
            .map_err(|error| ctx.refused(&error))?;
        Ok(Groups {
            auto_scaling_group_set: found
                .items
                .iter()
                .map(|item| Group::shown(item, &ctx.region))
                .collect(),
            total_count: found.total,
        })
    }
}
