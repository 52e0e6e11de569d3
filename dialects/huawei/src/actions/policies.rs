//! Policies, shown.

use muster_kit::action::Action;
use serde::{Deserialize, Serialize};

use super::Numbers;
use crate::checks::{self, PAGE, filled, page};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::policy::{PolicyDetail, is_shown, policy_type};
use crate::words::PolicyType;

/// ListScalingPolicies.
#[derive(Deserialize)]
pub(crate) struct ListScalingPolicies {
    scaling_group_id: String,
    scaling_policy_name: Option<String>,
    scaling_policy_type: Option<String>,
    scaling_policy_id: Option<String>,
    start_number: Option<String>,
    limit: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Policies {
    #[serde(flatten)]
    numbers: Numbers,
    scaling_policies: Vec<PolicyDetail>,
}

impl Action<Ctx> for ListScalingPolicies {
    const NAME: &'static str = "ListScalingPolicies";
    type Response = Policies;

    async fn run(self, ctx: &Ctx) -> Result<Policies, Fault> {
        let wanted: Option<PolicyType> = checks::word_if_given(
            "AS.3002",
            "scaling_policy_type",
            filled(self.scaling_policy_type).as_ref(),
        )?;
        let page = page(PAGE, self.start_number.as_ref(), self.limit.as_ref())?;
        let view = ctx.view(&self.scaling_group_id).await?;
        let (name, id) = (
            filled(self.scaling_policy_name),
            filled(self.scaling_policy_id),
        );
        let mut policies = view.policies_and_tasks();
        policies.retain(|policy| {
            is_shown(policy)
                && wanted.is_none_or(|wanted| wanted == policy_type(policy))
                && name
                    .as_ref()
                    .is_none_or(|name| policy.name.contains(name.as_str()))
                && id.as_ref().is_none_or(|id| *id == policy.id.uuid())
        });
        let cut = page.cut(policies);
        let shown = cut
            .items
            .iter()
            .map(|policy| PolicyDetail::new(&view, policy));
        Ok(Policies {
            scaling_policies: shown.collect(),
            numbers: Numbers::of(cut.total, page),
        })
    }
}

/// ShowScalingPolicy.
#[derive(Deserialize)]
pub(crate) struct ShowScalingPolicy {
    scaling_policy_id: String,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Shown {
    scaling_policy: PolicyDetail,
}

impl Action<Ctx> for ShowScalingPolicy {
    const NAME: &'static str = "ShowScalingPolicy";
    type Response = Shown;

    async fn run(self, ctx: &Ctx) -> Result<Shown, Fault> {
        let (view, policy) = ctx.policy(&self.scaling_policy_id).await?;
        Ok(Shown {
            scaling_policy: PolicyDetail::new(&view, &policy),
        })
    }
}
