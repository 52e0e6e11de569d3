//! The balancers of a group (rules B1-B3). Each of these starts one activity over what is in service.

use muster_kit::action::Action;
use muster_model::{Balancer, BalancerChange, Door, Error, Field, GroupCommand, GroupFilter, Page};
use serde::Deserialize;

use super::Started;
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{ForwardLoadBalancer, ForwardLoadBalancerIdentification, classic};
use crate::words::CheckPolicy;

/// What is given of classic and of application balancers: of both is too much (rule G4).
fn either(
    classic_ids: Option<Vec<String>>,
    forward: Vec<Balancer>,
    names: [&str; 2],
) -> Result<Vec<Balancer>, Fault> {
    let classic = classic(classic_ids.unwrap_or_default())?;
    if !classic.is_empty() && !forward.is_empty() {
        let message = format!(
            "The parameters `{}` and `{}` cannot be given together.",
            names[0], names[1]
        );
        return Err(Fault::new("InvalidParameter.Conflict", message));
    }
    Ok(classic.into_iter().chain(forward).collect())
}

/// As [`either`], but one of both has to be there (rule B2).
fn one_of(
    classic_ids: Option<Vec<String>>,
    forward: Vec<Balancer>,
    names: [&str; 2],
) -> Result<Vec<Balancer>, Fault> {
    let given = either(classic_ids, forward, names)?;
    if given.is_empty() {
        let message = format!(
            "One of the parameters `{}` and `{}` must be given.",
            names[0], names[1]
        );
        return Err(Fault::new("InvalidParameter.MustOneParameter", message));
    }
    Ok(given)
}

const BOTH: [&str; 2] = ["LoadBalancerIds", "ForwardLoadBalancers"];

/// AttachLoadBalancers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttachLoadBalancers {
    auto_scaling_group_id: String,
    load_balancer_ids: Option<Vec<String>>,
    forward_load_balancers: Option<Vec<ForwardLoadBalancer>>,
}

impl Action<Ctx> for AttachLoadBalancers {
    const NAME: &'static str = "AttachLoadBalancers";
    type Response = Started;

    async fn run(self, ctx: &Ctx) -> Result<Started, Fault> {
        checks::group_id(&self.auto_scaling_group_id, ctx.action)?;
        let forward = self.forward_load_balancers.unwrap_or_default();
        let forward = ForwardLoadBalancer::list(forward, |_| false)?;
        let given = one_of(self.load_balancer_ids, forward, BOTH)?;
        let change = GroupCommand::Balancers(BalancerChange::Attach(given));
        ctx.start(&self.auto_scaling_group_id, change).await
    }
}

/// DetachLoadBalancers. The balancers themselves stay.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DetachLoadBalancers {
    auto_scaling_group_id: String,
    load_balancer_ids: Option<Vec<String>>,
    forward_load_balancer_identifications: Option<Vec<ForwardLoadBalancerIdentification>>,
}

impl Action<Ctx> for DetachLoadBalancers {
    const NAME: &'static str = "DetachLoadBalancers";
    type Response = Started;

    async fn run(self, ctx: &Ctx) -> Result<Started, Fault> {
        let id = checks::group_id(&self.auto_scaling_group_id, ctx.action)?;
        let there = bound(id, ctx).await?;
        let forward = self
            .forward_load_balancer_identifications
            .unwrap_or_default();
        let forward = ForwardLoadBalancerIdentification::list(forward, |one| {
            there.iter().any(|old| old.is_same_place(one))
        })?;
        let names = ["LoadBalancerIds", "ForwardLoadBalancerIdentifications"];
        let given = one_of(self.load_balancer_ids, forward, names)?;
        let change = GroupCommand::Balancers(BalancerChange::Detach(given));
        ctx.start(&self.auto_scaling_group_id, change).await
    }
}

/// ModifyLoadBalancerTargetAttributes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyLoadBalancerTargetAttributes {
    auto_scaling_group_id: String,
    forward_load_balancers: Vec<ForwardLoadBalancer>,
}

impl Action<Ctx> for ModifyLoadBalancerTargetAttributes {
    const NAME: &'static str = "ModifyLoadBalancerTargetAttributes";
    type Response = Started;

    async fn run(self, ctx: &Ctx) -> Result<Started, Fault> {
        checks::group_id(&self.auto_scaling_group_id, ctx.action)?;
        // One that is not bound is refused for that.
        let given = ForwardLoadBalancer::list(self.forward_load_balancers, |_| true)?;
        if given.is_empty() {
            return Err(Fault::new(
                "MissingParameter.InScenario",
                "The parameter `ForwardLoadBalancers` must have at least one entry.",
            ));
        }
        let change = GroupCommand::Balancers(BalancerChange::SetTargets(given));
        ctx.start(&self.auto_scaling_group_id, change).await
    }
}

/// ModifyLoadBalancers: what is given takes the place of what was there; nothing given = none (rule B1).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyLoadBalancers {
    auto_scaling_group_id: String,
    load_balancer_ids: Option<Vec<String>>,
    forward_load_balancers: Option<Vec<ForwardLoadBalancer>>,
    load_balancers_check_policy: Option<CheckPolicy>,
}

impl Action<Ctx> for ModifyLoadBalancers {
    const NAME: &'static str = "ModifyLoadBalancers";
    type Response = Started;

    async fn run(self, ctx: &Ctx) -> Result<Started, Fault> {
        let id = checks::group_id(&self.auto_scaling_group_id, ctx.action)?;
        // With DIFF, what is bound already is not checked again.
        let (unchecked, check_all) =
            match self.load_balancers_check_policy.unwrap_or(CheckPolicy::All) {
                CheckPolicy::All => (Vec::new(), true),
                CheckPolicy::Diff => (bound(id, ctx).await?, false),
            };
        let forward = self.forward_load_balancers.unwrap_or_default();
        let forward = ForwardLoadBalancer::list(forward, |one| {
            unchecked.iter().any(|old| old.is_same_place(one))
        })?;
        let balancers = either(self.load_balancer_ids, forward, BOTH)?;
        let change = GroupCommand::Balancers(BalancerChange::Replace {
            door: Door::Tencent3,
            balancers,
            check_all,
        });
        ctx.start(&self.auto_scaling_group_id, change).await
    }
}

/// The balancers of a group.
async fn bound(id: muster_model::GroupId, ctx: &Ctx) -> Result<Vec<Balancer>, Fault> {
    let one = Page {
        offset: 0,
        limit: 1,
    };
    let found = ctx
        .api
        .groups(&ctx.caller, &[GroupFilter::Ids(vec![id])], one)
        .await
        .map_err(|error| ctx.refused(&error))?;
    Ok(found
        .items
        .first()
        .map(|item| item.group.spec.balancers.clone())
        .unwrap_or_default())
}

/// Classic balancers or application balancers of a new group, not both (rule G4).
pub(super) fn of_new_group(
    classic_ids: Option<Vec<String>>,
    forward: Option<Vec<ForwardLoadBalancer>>,
    ctx: &Ctx,
) -> Result<Vec<Balancer>, Fault> {
    let classic_ids = classic_ids.unwrap_or_default();
    let forward = forward.unwrap_or_default();
    if !classic_ids.is_empty() && !forward.is_empty() {
        let problem = muster_model::Problem::ExcludedBy(Field::ForwardBalancers);
        return Err(ctx.refused(&Error::Invalid {
            field: Field::Balancers,
            problem,
        }));
    }
    let mut list = ForwardLoadBalancer::list(forward, |_| false)?;
    list.extend(classic(classic_ids)?);
    Ok(list)
}
