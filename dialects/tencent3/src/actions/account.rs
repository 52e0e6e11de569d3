//! What an account has, and advice on its groups.

use muster_kit::action::Action;
use muster_model::{Advice as Said, AdviceLevel, GroupAdvice};
use serde::{Deserialize, Serialize};

use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;

/// DescribeAccountLimits.
#[derive(Deserialize)]
pub(crate) struct DescribeAccountLimits {}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Limits {
    max_number_of_launch_configurations: u32,
    number_of_launch_configurations: usize,
    max_number_of_auto_scaling_groups: u32,
    number_of_auto_scaling_groups: usize,
}

impl Action<Ctx> for DescribeAccountLimits {
    const NAME: &'static str = "DescribeAccountLimits";
    type Response = Limits;

    async fn run(self, ctx: &Ctx) -> Result<Limits, Fault> {
        let limits = ctx.api.limits(&ctx.caller).await;
        let limits = limits.map_err(|error| ctx.refused(&error))?;
        Ok(Limits {
            max_number_of_launch_configurations: limits.most_configs,
            number_of_launch_configurations: limits.configs,
            max_number_of_auto_scaling_groups: limits.most_groups,
            number_of_auto_scaling_groups: limits.groups,
        })
    }
}

/// DescribeAutoScalingAdvices.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeAutoScalingAdvices {
    auto_scaling_group_ids: Vec<String>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Advices {
    auto_scaling_advice_set: Vec<AutoScalingAdvice>,
}

/// AutoScalingAdvice.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AutoScalingAdvice {
    auto_scaling_group_id: String,
    level: &'static str,
    advices: Vec<Advice>,
}

/// Advice.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Advice {
    problem: &'static str,
    detail: String,
    solution: &'static str,
    level: &'static str,
}

fn level(level: AdviceLevel) -> &'static str {
    match level {
        AdviceLevel::Warning => "WARNING",
        AdviceLevel::Critical => "CRITICAL",
    }
}

impl From<Said> for Advice {
    fn from(advice: Said) -> Self {
        Advice {
            problem: advice.problem,
            detail: advice.detail,
            solution: advice.solution,
            level: level(advice.level),
        }
    }
}

impl From<GroupAdvice> for AutoScalingAdvice {
    fn from(said: GroupAdvice) -> Self {
        let worst = said.advices.iter().map(|advice| advice.level).max();
        AutoScalingAdvice {
            auto_scaling_group_id: said.group.to_string(),
            level: worst.map_or("NORMAL", level),
            advices: said.advices.into_iter().map(Advice::from).collect(),
        }
    }
}

impl Action<Ctx> for DescribeAutoScalingAdvices {
    const NAME: &'static str = "DescribeAutoScalingAdvices";
    type Response = Advices;

    async fn run(self, ctx: &Ctx) -> Result<Advices, Fault> {
        let ids = &self.auto_scaling_group_ids;
        checks::count(
            "InvalidParameterValue.LimitExceeded",
            "AutoScalingGroupIds",
            ids,
            checks::MAX_IDS,
        )?;
        let groups = checks::group_ids(ids)?;
        let said = ctx.api.advices(&ctx.caller, &groups).await;
        let said = said.map_err(|error| ctx.refused(&error))?;
        Ok(Advices {
            auto_scaling_advice_set: said.into_iter().map(AutoScalingAdvice::from).collect(),
        })
    }
}
