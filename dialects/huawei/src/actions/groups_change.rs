//! Groups, changed. Clients send back what they were shown: values are compared, presence does not matter (rule G9).

use muster_kit::action::Action;
use muster_model::{
    Balancer, BalancerChange, Door, GroupCommand, GroupPatch, GroupView, HuaweiExtras,
};
use serde::Deserialize;

use super::groups_write::{
    GROUP_NAME, GroupMade, agency, audit_method, audit_time, check_order, config, cooldown,
    description, desired, enterprise_project, grace, max, min, notices, zones,
};
use crate::checks::{self, filled};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::IdOnly;
use crate::shapes::group::{
    Network, Pool, are_shown, audit_minutes, listeners, networks, pool_protocols, pools,
    security_groups, shown_networks,
};
use crate::words::{AuditMethod, TerminatePolicy, ZonePolicy};

/// UpdateScalingGroup.
#[derive(Deserialize)]
pub(crate) struct UpdateScalingGroup {
    scaling_group_id: String,
    scaling_group_name: Option<String>,
    desire_instance_number: Option<i64>,
    desired_instance_number: Option<i64>,
    min_instance_number: Option<i64>,
    max_instance_number: Option<i64>,
    cool_down_time: Option<i64>,
    available_zones: Option<Vec<String>>,
    networks: Option<Vec<Network>>,
    security_groups: Option<Vec<IdOnly>>,
    lb_listener_id: Option<String>,
    lbaas_listeners: Option<Vec<Pool>>,
    health_periodic_audit_method: Option<String>,
    health_periodic_audit_time: Option<i64>,
    health_periodic_audit_grace_period: Option<i64>,
    instance_terminate_policy: Option<String>,
    scaling_configuration_id: Option<String>,
    notifications: Option<Vec<String>>,
    delete_publicip: Option<bool>,
    delete_volume: Option<bool>,
    enterprise_project_id: Option<String>,
    multi_az_priority_policy: Option<String>,
    iam_agency_name: Option<String>,
    description: Option<String>,
}

/// A number as it is given. What is written back as it was shown may be another door's, and out of this one's range.
fn number(
    value: Option<i64>,
    shown: u32,
    read: impl Fn(i64) -> Result<u32, Fault>,
) -> Result<Option<u32>, Fault> {
    let read = |value| match value == i64::from(shown) {
        true => Ok(shown),
        false => read(value),
    };
    value.map(read).transpose()
}

/// Whether anything may be changed that needs a group which is idle, empty and off.
fn check_quiet(view: &GroupView, what: &str) -> Result<(), Fault> {
    let (busy, count) = (view.is_busy(), view.instances.len());
    if busy || count > 0 || view.group.spec.enabled {
        let detail = format!(
            "`{what}`: the group has {count} instances, is {} and {}.",
            if view.group.spec.enabled {
                "in service"
            } else {
                "paused"
            },
            if busy { "scaling" } else { "idle" },
        );
        return Err(Fault::new("AS.2030", detail));
    }
    Ok(())
}

impl UpdateScalingGroup {
    /// The balancers that there are to be, if that changes.
    fn balancers(&self, view: &GroupView) -> Result<Option<Vec<Balancer>>, Fault> {
        let shown = |balancer: &&Balancer| balancer.is_shown_by(Door::Huawei);
        let old = &view.group.spec.balancers;
        let old: Vec<Balancer> = old.iter().filter(shown).cloned().collect();
        let is_pool = |balancer: &Balancer| matches!(balancer, Balancer::Pool { .. });
        let (old_pools, old_listeners): (Vec<Balancer>, Vec<Balancer>) =
            old.iter().cloned().partition(is_pool);
        let new_listeners = match &self.lb_listener_id {
            Some(list) => listeners(list)?,
            None => old_listeners.clone(),
        };
        let new_pools = match &self.lbaas_listeners {
            Some(list) => pools(list)?,
            None => old_pools.clone(),
        };
        if new_listeners != old_listeners {
            check_quiet(view, "lb_listener_id")?;
        }
        if new_pools != old_pools && view.is_busy() {
            return Err(Fault::new("AS.2047", "`lbaas_listeners` changes."));
        }
        if !new_listeners.is_empty() && !new_pools.is_empty() {
            let detail = "`lb_listener_id` and `lbaas_listeners` exclude each other.";
            return Err(Fault::new("AS.2026", detail));
        }
        let changed = new_listeners != old_listeners || new_pools != old_pools;
        Ok(changed.then(|| new_listeners.into_iter().chain(new_pools).collect()))
    }

    /// What changes of sizes: in order, and not below those that are protected.
    fn sizes(&self, view: &GroupView, patch: &mut GroupPatch) -> Result<(), Fault> {
        let mut size = view.group.spec.size;
        let wanted = self.desire_instance_number.or(self.desired_instance_number);
        patch.min = number(self.min_instance_number, size.min, min)?;
        patch.max = number(self.max_instance_number, size.max, max)?;
        patch.desired = number(wanted, size.desired, desired)?;
        size.min = patch.min.unwrap_or(size.min);
        size.max = patch.max.unwrap_or(size.max);
        let changes = patch.desired.is_some_and(|desired| desired != size.desired);
        size.desired = patch.desired.unwrap_or(size.desired);
        check_order(size)?;
        let protected = view
            .instances
            .values()
            .filter(|instance| instance.protected)
            .count();
        if changes && (size.desired as usize) < protected {
            let detail = format!(
                "`desire_instance_number` is {}, {protected} instances are protected.",
                size.desired
            );
            return Err(Fault::new("AS.2010", detail));
        }
        Ok(())
    }

    /// Where machines go, and what Huawei alone says.
    fn places(&mut self, view: &GroupView, patch: &mut GroupPatch) -> Result<(), Fault> {
        let spec = &view.group.spec;
        let old = spec.huawei.clone().unwrap_or_default();
        let mut extras = old.clone();
        if let Some(list) = self.available_zones.take() {
            zones(&list)?;
            if list != spec.network.zones && view.is_busy() {
                return Err(Fault::new("AS.2054", "`available_zones` changes."));
            }
            patch.zones = Some(list);
        }
        let shown = shown_networks(&spec.network, &old);
        let changed = |list: &&Vec<Network>| !are_shown(list, &shown);
        if let Some(list) = self.networks.as_ref().filter(changed) {
            let new = networks(list)?;
            let ids: Vec<String> = new.iter().map(|network| network.subnet.clone()).collect();
            if ids != spec.network.subnets {
                check_quiet(view, "networks")?;
            }
            patch.ipv6_addresses = Some(u32::from(new.iter().any(|network| network.ipv6)));
            patch.subnets = Some(ids);
            extras.networks = new;
        }
        if let Some(list) = &self.security_groups {
            let same = list.iter().map(|group| group.id.as_ref());
            let same = same.eq(spec.network.security_groups.iter().map(Some));
            let new = match same {
                true => spec.network.security_groups.clone(),
                false => security_groups(list)?,
            };
            if new != spec.network.security_groups {
                check_quiet(view, "security_groups")?;
            }
            patch.security_groups = Some(new);
        }
        self.extras(&mut extras)?;
        patch.huawei = (extras != old || spec.huawei.is_some()).then_some(extras);
        Ok(())
    }

    fn extras(&mut self, extras: &mut HuaweiExtras) -> Result<(), Fault> {
        if let Some(list) = self.notifications.take() {
            notices(&list)?;
            extras.notifications = list;
        }
        if let Some(text) = self.description.take() {
            description(&text)?;
            extras.description = filled(Some(text));
        }
        if let Some(name) = self.iam_agency_name.take() {
            agency(Some(&name))?;
            extras.agency = filled(Some(name));
        }
        let shown = extras.enterprise_project.as_deref().unwrap_or("0");
        let id = self.enterprise_project_id.take();
        if let Some(id) = id.filter(|id| id != shown) {
            enterprise_project(Some(&id))?;
            extras.enterprise_project = filled(Some(id));
        }
        if let Some(list) = &self.lbaas_listeners {
            extras.pool_protocols = pool_protocols(list);
        }
        extras.delete_public_ip = self.delete_publicip.unwrap_or(extras.delete_public_ip);
        extras.delete_volume = self.delete_volume.unwrap_or(extras.delete_volume);
        Ok(())
    }

    fn patch(mut self, view: &GroupView, bound: bool) -> Result<GroupPatch, Fault> {
        let mut patch = GroupPatch::default();
        let old = &view.group.spec;
        let new_name = self.scaling_group_name.as_ref();
        if let Some(name) = new_name.filter(|name| **name != old.name) {
            checks::name("scaling_group_name", name, &GROUP_NAME)?;
        }
        self.sizes(view, &mut patch)?;
        self.places(view, &mut patch)?;
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
        let shown = AuditMethod::from(old.health.kind).word();
        let method = self.health_periodic_audit_method.as_ref();
        if let Some(text) = method.filter(|text| *text != shown) {
            patch.health_kind = Some(audit_method(Some(text), bound)?.into());
        }
        let shown = i64::from(audit_minutes(old.health.period_secs));
        let minutes = self.health_periodic_audit_time;
        patch.health_period_secs = minutes
            .filter(|minutes| *minutes != shown)
            .map(audit_time)
            .transpose()?;
        let given = self.health_periodic_audit_grace_period;
        patch.health_grace_secs = number(given, old.health.grace_secs, grace)?;
        patch.cooldown_secs = number(self.cool_down_time, old.cooldown_secs, cooldown)?;
        patch.config = filled(self.scaling_configuration_id)
            .map(|id| config(&id))
            .transpose()?;
        patch.name = self.scaling_group_name;
        patch.termination = termination.map(Into::into);
        patch.spread = spread.map(Into::into);
        Ok(patch)
    }
}

impl Action<Ctx> for UpdateScalingGroup {
    const NAME: &'static str = "UpdateScalingGroup";
    type Response = GroupMade;

    async fn run(mut self, ctx: &Ctx) -> Result<GroupMade, Fault> {
        let view = ctx.staying(&self.scaling_group_id).await?;
        // Zones that are shown may be those of the subnets: they do not become the group's own.
        let shown = ctx.api.catalogue().zones_of(&view.group.spec.network);
        self.available_zones = self.available_zones.filter(|list| *list != shown);
        let id = view.group.id;
        let balancers = self.balancers(&view)?;
        let bound = match &balancers {
            Some(new) => !new.is_empty(),
            None => !view.group.spec.balancers.is_empty(),
        };
        let mut patch = self.patch(&view, bound)?;
        patch.balancers = balancers.map(|balancers| BalancerChange::Replace {
            door: Door::Huawei,
            balancers,
            check_all: false,
        });
        ctx.change(id, GroupCommand::Modify(Box::new(patch)))
            .await?;
        Ok(GroupMade {
            scaling_group_id: id.uuid(),
        })
    }
}
