//! Quotas.

use muster_kit::action::Action;
use serde::{Deserialize, Serialize};

use super::configs_write::MOST_CONFIGS;
use super::groups_write::MOST_GROUPS;
use super::policies_write::MOST_POLICIES;
use crate::context::Ctx;
use crate::fault::Fault;

/// Instances of a group, as documented (L3374).
const INSTANCES: i64 = 200;

/// ShowResourceQuota.
#[derive(Deserialize)]
pub(crate) struct ShowResourceQuota {}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Shown {
    quotas: Quotas,
}

#[derive(Serialize)]
struct Quotas {
    resources: Vec<Quota>,
}

#[derive(Serialize)]
struct Quota {
    #[serde(rename = "type")]
    kind: &'static str,
    used: i64,
    quota: i64,
    max: i64,
    min: i64,
}

fn quota(kind: &'static str, used: i64, quota: i64, max: i64) -> Quota {
    Quota {
        kind,
        used,
        quota,
        max,
        min: 0,
    }
}

fn shown(resources: Vec<Quota>) -> Shown {
    Shown {
        quotas: Quotas { resources },
    }
}

fn used(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn policies(used: i64) -> Quota {
    let most = i64::try_from(MOST_POLICIES).unwrap_or(i64::MAX);
    quota("scaling_Policy", used, most, 50)
}

impl Action<Ctx> for ShowResourceQuota {
    const NAME: &'static str = "ShowResourceQuota";
    type Response = Shown;

    async fn run(self, ctx: &Ctx) -> Result<Shown, Fault> {
        let limits = ctx.api.limits(&ctx.caller).await;
        let limits = limits.map_err(|error| ctx.refused(&error))?;
        let (groups, configs) = (
            MOST_GROUPS.min(limits.most_groups),
            // Here twice as many as elsewhere.
            MOST_CONFIGS.min(limits.most_configs.saturating_mul(2)),
        );
        Ok(shown(vec![
            quota("scaling_Group", used(limits.groups), groups.into(), 50),
            quota("scaling_Config", used(limits.configs), configs.into(), 200),
            // These are counted per group only (rule Q1).
            policies(-1),
            quota("scaling_Instance", -1, INSTANCES, 1000),
        ]))
    }
}

/// ShowPolicyAndInstanceQuota.
#[derive(Deserialize)]
pub(crate) struct ShowPolicyAndInstanceQuota {
    scaling_group_id: String,
}

impl Action<Ctx> for ShowPolicyAndInstanceQuota {
    const NAME: &'static str = "ShowPolicyAndInstanceQuota";
    type Response = Shown;

    async fn run(self, ctx: &Ctx) -> Result<Shown, Fault> {
        let view = ctx.view(&self.scaling_group_id).await?;
        Ok(shown(vec![
            policies(used(view.parts.policies.len())),
            quota(
                "scaling_Instance",
                used(view.instances.len()),
                INSTANCES,
                1000,
            ),
        ]))
    }
}
