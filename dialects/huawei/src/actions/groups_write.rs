//! Groups: made, switched, deleted.

use std::collections::BTreeSet;

use muster_kit::action::Action;
use muster_model::{
    Allocation, Balancer, Command, ConfigId, Created, Door, GroupCommand, GroupSpec, HealthCheck,
    HuaweiExtras, HuaweiNetwork, Network as Place, RetryPolicy, ServiceSettings, Size, ZonesCheck,
};
use serde::{Deserialize, Serialize};

use super::Empty;
use crate::checks::{self, NameCodes, filled};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::group::{
    Network, Pool, audit_secs, listeners, networks, pool_protocols, pools, security_groups,
};
use crate::shapes::{IdOnly, SingleTag};
use crate::words::{AuditMethod, GroupAction, TerminatePolicy, ZonePolicy};

/// Codes of a group's name.
pub(super) const GROUP_NAME: NameCodes = NameCodes("AS.2002", "AS.2003", "AS.2022");
/// Instances of a group at the most (L501).
pub(super) const MOST_INSTANCES: i64 = 300;
/// The largest number of a group that says none (L501).
const MAX_DEFAULT: i64 = 1;
/// Groups of an account at the most (L479).
pub(super) const MOST_GROUPS: u32 = 25;
/// The longest cooldown, seconds (L502).
const COOLDOWN_SECS: i64 = 86_400;
/// Minutes between audits (rule G16).
const AUDIT_MINUTES: [i64; 6] = [0, 1, 5, 15, 60, 180];

/// CreateScalingGroup.
#[derive(Deserialize)]
pub(crate) struct CreateScalingGroup {
    scaling_group_name: Option<String>,
    scaling_configuration_id: Option<String>,
    desire_instance_number: Option<i64>,
    desired_instance_number: Option<i64>,
    min_instance_number: Option<i64>,
    max_instance_number: Option<i64>,
    cool_down_time: Option<i64>,
    lb_listener_id: Option<String>,
    lbaas_listeners: Option<Vec<Pool>>,
    available_zones: Option<Vec<String>>,
    networks: Option<Vec<Network>>,
    security_groups: Option<Vec<IdOnly>>,
    vpc_id: Option<String>,
    health_periodic_audit_method: Option<String>,
    health_periodic_audit_time: Option<i64>,
    health_periodic_audit_grace_period: Option<i64>,
    instance_terminate_policy: Option<String>,
    notifications: Option<Vec<String>>,
    delete_publicip: Option<bool>,
    delete_volume: Option<bool>,
    enterprise_project_id: Option<String>,
    multi_az_priority_policy: Option<String>,
    iam_agency_name: Option<String>,
    description: Option<String>,
    tags: Option<Vec<SingleTag>>,
}

/// Its answer, and that of a change.
#[derive(Serialize)]
pub(crate) struct GroupMade {
    pub(super) scaling_group_id: String,
}

pub(super) fn cooldown(value: i64) -> Result<u32, Fault> {
    checks::number("AS.2006", "cool_down_time", value, 0, COOLDOWN_SECS)
}

pub(super) fn min(value: i64) -> Result<u32, Fault> {
    size("min_instance_number", value)
}

pub(super) fn max(value: i64) -> Result<u32, Fault> {
    size("max_instance_number", value)
}

/// Below zero is wrong, more than the quota is too much.
fn size(parameter: &str, value: i64) -> Result<u32, Fault> {
    let code = match value < 0 {
        true => "AS.2004",
        false => "AS.2045",
    };
    checks::number(code, parameter, value, 0, MOST_INSTANCES)
}

pub(super) fn desired(value: i64) -> Result<u32, Fault> {
    checks::number(
        "AS.2005",
        "desire_instance_number",
        value,
        0,
        MOST_INSTANCES,
    )
}

/// Sizes in their order (rule G2).
pub(super) fn check_order(size: Size) -> Result<(), Fault> {
    if size.min > size.max {
        let detail = format!(
            "`min_instance_number` is {}, `max_instance_number` is {}.",
            size.min, size.max
        );
        return Err(Fault::new("AS.2004", detail));
    }
    match (size.min..=size.max).contains(&size.desired) {
        true => Ok(()),
        false => {
            let detail = format!(
                "`desire_instance_number` is {}, it must be within {} and {}.",
                size.desired, size.min, size.max
            );
            Err(Fault::new("AS.2005", detail))
        }
    }
}

/// How health is judged; only a group with a balancer can ask it.
pub(super) fn audit_method(text: Option<&String>, bound: bool) -> Result<AuditMethod, Fault> {
    const NAME: &str = "health_periodic_audit_method";
    match checks::word_if_given("AS.2029", NAME, text)? {
        Some(AuditMethod::Elb) if !bound => {
            let wanted = "the group has no load balancer";
            Err(Fault::value("AS.2029", NAME, "ELB_AUDIT", wanted))
        }
        Some(method) => Ok(method),
        None if bound => Ok(AuditMethod::Elb),
        None => Ok(AuditMethod::Nova),
    }
}

pub(super) fn audit_time(minutes: i64) -> Result<u32, Fault> {
    match u32::try_from(minutes) {
        Ok(known) if AUDIT_MINUTES.contains(&minutes) => Ok(audit_secs(known)),
        Ok(_) | Err(_) => {
            let wanted = "one of 0, 1, 5, 15, 60, 180 is right";
            Err(Fault::value(
                "AS.2031",
                "health_periodic_audit_time",
                minutes,
                wanted,
            ))
        }
    }
}

pub(super) fn grace(value: i64) -> Result<u32, Fault> {
    checks::number(
        "AS.2046",
        "health_periodic_audit_grace_period",
        value,
        0,
        86_400,
    )
}

pub(super) fn zones(list: &[String]) -> Result<(), Fault> {
    let zone = |zone: &String| checks::text_id("AS.2011", "available_zones", zone);
    list.iter().try_for_each(zone)
}

pub(super) fn notices(list: &[String]) -> Result<(), Fault> {
    match list.iter().find(|word| *word != "EMAIL") {
        None => Ok(()),
        Some(word) => Err(Fault::value(
            "AS.2034",
            "notifications",
            word,
            "EMAIL is right",
        )),
    }
}

pub(super) fn description(text: &str) -> Result<(), Fault> {
    let good = text.chars().count() <= 256 && !text.contains(['<', '>']);
    match good {
        true => Ok(()),
        false => {
            let wanted = "at most 256 characters without < and > are right";
            Err(Fault::value("AS.0022", "description", text, wanted))
        }
    }
}

/// The configuration that a group is to use.
pub(super) fn config(id: &str) -> Result<ConfigId, Fault> {
    ConfigId::parse_uuid(id)
        .map_err(|_| Fault::new("AS.1004", format!("`scaling_configuration_id` is `{id}`.")))
}

/// What instances that are not healthy lead to here: they are replaced (rule G18).
const SERVICE: ServiceSettings = ServiceSettings {
    replace_unhealthy: true,
    replace_balancer_unhealthy: true,
    scaling_mode: muster_model::ScalingMode::Classic,
    replace_mode: muster_model::ReplaceMode::Recreate,
    auto_update_tags: false,
    sync_desired: false,
    unhealthy_first: false,
};

impl CreateScalingGroup {
    fn size(&self) -> Result<Size, Fault> {
        let given = self.desire_instance_number.or(self.desired_instance_number);
        let min = min(self.min_instance_number.unwrap_or(0))?;
        let size = Size {
            min,
            desired: given.map_or(Ok(min), desired)?,
            max: max(self.max_instance_number.unwrap_or(MAX_DEFAULT))?,
        };
        check_order(size)?;
        Ok(size)
    }

    fn balancers(&self) -> Result<Vec<Balancer>, Fault> {
        let classic = listeners(self.lb_listener_id.as_deref().unwrap_or_default())?;
        let pools = pools(self.lbaas_listeners.as_deref().unwrap_or_default())?;
        match (classic.is_empty(), pools.is_empty()) {
            (false, false) => Err(Fault::new(
                "AS.2026",
                "`lb_listener_id` and `lbaas_listeners` exclude each other.",
            )),
            (false, true) => Ok(classic),
            (true, _) => Ok(pools),
        }
    }

    /// Where machines go, and what is said of each subnet.
    fn network(&mut self) -> Result<(Place, Vec<HuaweiNetwork>), Fault> {
        let vpc = filled(self.vpc_id.take()).ok_or_else(|| Fault::missing("AS.2017", "vpc_id"))?;
        checks::text_id("AS.2012", "vpc_id", &vpc)?;
        let details = networks(self.networks.as_deref().unwrap_or_default())?;
        let zone_list = self.available_zones.take().unwrap_or_default();
        zones(&zone_list)?;
        let subnets = details.iter().map(|network| network.subnet.clone());
        let place = Place {
            vpc,
            subnets: subnets.collect(),
            zones: zone_list,
            security_groups: security_groups(self.security_groups.as_deref().unwrap_or_default())?,
            ipv6_addresses: u32::from(details.iter().any(|network| network.ipv6)),
        };
        Ok((place, details))
    }

    fn spec(mut self) -> Result<GroupSpec, Fault> {
        let name = checks::given_name(
            "scaling_group_name",
            self.scaling_group_name.take(),
            &GROUP_NAME,
        )?;
        let size = self.size()?;
        let cooldown_secs = cooldown(self.cool_down_time.unwrap_or(300))?;
        let (network, details) = self.network()?;
        let balancers = self.balancers()?;
        let method = audit_method(
            self.health_periodic_audit_method.as_ref(),
            !balancers.is_empty(),
        )?;
        let termination: Option<TerminatePolicy> = checks::word_if_given(
            "AS.2032",
            "instance_terminate_policy",
            self.instance_terminate_policy.as_ref(),
        )?;
        let spread: Option<ZonePolicy> = checks::word_if_given(
            "AS.2053",
            "multi_az_priority_policy",
            self.multi_az_priority_policy.as_ref(),
        )?;
        notices(self.notifications.as_deref().unwrap_or_default())?;
        description(self.description.as_deref().unwrap_or_default())?;
        Ok(GroupSpec {
            name,
            config: filled(self.scaling_configuration_id)
                .map(|id| config(&id))
                .transpose()?,
            size,
            // A new group waits until it is resumed (rule G3).
            enabled: false,
            cooldown_secs,
            network,
            spread: spread.unwrap_or(ZonePolicy::Balanced).into(),
            zones_check: ZonesCheck::Any,
            termination: termination.unwrap_or(TerminatePolicy::OldConfigOld).into(),
            retry: RetryPolicy::Immediate,
            health: HealthCheck {
                kind: method.into(),
                period_secs: audit_time(self.health_periodic_audit_time.unwrap_or(5))?,
                grace_secs: grace(self.health_periodic_audit_grace_period.unwrap_or(600))?,
            },
            balancers,
            unheard: BTreeSet::new(),
            project: 0,
            tags: SingleTag::tags(self.tags.as_deref().unwrap_or_default())?,
            service: SERVICE,
            allocation: Allocation::LaunchConfiguration,
            capacity_rebalance: false,
            name_index: None,
            host_name_index: None,
            concurrent_scale_out: false,
            huawei: Some(HuaweiExtras {
                enterprise_project: filled(self.enterprise_project_id),
                description: filled(self.description),
                agency: filled(self.iam_agency_name),
                notifications: self.notifications.unwrap_or_default(),
                delete_public_ip: self.delete_publicip.unwrap_or(false),
                delete_volume: self.delete_volume.unwrap_or(false),
                networks: details,
                pool_protocols: pool_protocols(self.lbaas_listeners.as_deref().unwrap_or_default()),
            }),
        })
    }
}

impl Action<Ctx> for CreateScalingGroup {
    const NAME: &'static str = "CreateScalingGroup";
    type Response = GroupMade;

    async fn run(self, ctx: &Ctx) -> Result<GroupMade, Fault> {
        let spec = Box::new(self.spec()?);
        if ctx.views().await?.len() >= MOST_GROUPS as usize {
            return Err(Fault::new(
                "AS.2023",
                format!("There may be {MOST_GROUPS}."),
            ));
        }
        let made = ctx
            .execute(Command::CreateGroup {
                door: Door::Huawei,
                site: ctx.caller.site.clone(),
                spec,
            })
            .await?;
        match made {
            Created::Group(id) => Ok(GroupMade {
                scaling_group_id: id.uuid(),
            }),
            _ => Err(Fault::system("The request made nothing.")),
        }
    }
}

/// ResumeOrPauseScalingGroup.
#[derive(Deserialize)]
pub(crate) struct ResumeOrPauseScalingGroup {
    scaling_group_id: String,
    action: Option<String>,
}

impl Action<Ctx> for ResumeOrPauseScalingGroup {
    const NAME: &'static str = "ResumeOrPauseScalingGroup";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let action = self
            .action
            .ok_or_else(|| Fault::missing("AS.2008", "action"))?;
        let action: GroupAction = checks::word("AS.2008", "action", &action)?;
        let view = ctx.staying(&self.scaling_group_id).await?;
        let command = match action {
            GroupAction::Resume if view.group.spec.config.is_none() => {
                let detail = format!("`scaling_group_id` is `{}`.", self.scaling_group_id);
                return Err(Fault::new("AS.2018", detail));
            }
            GroupAction::Resume => GroupCommand::Enable,
            GroupAction::Pause => GroupCommand::Disable,
        };
        ctx.change(view.group.id, command).await?;
        Ok(Empty {})
    }
}

/// DeleteScalingGroup.
#[derive(Deserialize)]
pub(crate) struct DeleteScalingGroup {
    scaling_group_id: String,
    force_delete: Option<String>,
}

impl Action<Ctx> for DeleteScalingGroup {
    const NAME: &'static str = "DeleteScalingGroup";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let force = checks::yes("AS.2019", "force_delete", self.force_delete.as_ref())?;
        let view = ctx.view(&self.scaling_group_id).await?;
        // It goes already.
        if !view.group.deleting {
            ctx.change(view.group.id, GroupCommand::Delete { force })
                .await?;
        }
        Ok(Empty {})
    }
}
