//! Activities.

use muster_kit::action::Action;
use muster_model::{Activity, ActivityFilter, ActivityId, ActivityStatus, Outcome};
use serde::{Deserialize, Serialize};

use crate::checks::{self, Many, One};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::times;
use crate::words::{SHOWN_ACTIVITIES, activity_status, activity_type, attempt_number};

/// DescribeScalingActivity.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeScalingActivity {
    scaling_group_id: One,
    scaling_activity_id: Option<Many>,
    marker: Option<i64>,
    max_results: Option<i64>,
    start_time: Option<String>,
    end_time: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Activities {
    scaling_activity_count: usize,
    scaling_activity_set: Vec<ScalingActivity>,
}

/// ScalingActivity.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScalingActivity {
    scaling_group_id: String,
    status: u8,
    cause: String,
    description: String,
    start_time: String,
    scaling_activity_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    r#type: u8,
    succ_ins_list: Vec<String>,
    fail_ins_list: Vec<String>,
    error_code: u32,
}

/// What went wrong, as a number; 0 = nothing that counts.
fn error_code(activity: &Activity) -> u32 {
    match activity.status {
        ActivityStatus::PartiallySuccessful | ActivityStatus::Failed => {
            let last = activity.attempts.last();
            // Failed without an attempt: it ran out of time.
            let code = last.map_or(muster_model::AttemptCode::TimedOut, |attempt| attempt.code);
            attempt_number(code)
        }
        ActivityStatus::Init
        | ActivityStatus::Running
        | ActivityStatus::Successful
        | ActivityStatus::Cancelled => 0,
    }
}

impl ScalingActivity {
    fn of(activity: &Activity) -> Option<ScalingActivity> {
        let with = |wanted: Outcome| {
            let related = activity.instances.iter();
            let related = related.filter(|related| related.outcome == wanted);
            related.map(|related| related.instance.uuid()).collect()
        };
        Some(ScalingActivity {
            scaling_group_id: activity.group.decimal(),
            status: activity_status(activity.status),
            cause: activity.cause.clone(),
            description: activity.description.clone(),
            start_time: times::shown(activity.started_at),
            scaling_activity_id: activity.id.decimal(),
            end_time: activity.ended_at.map(times::shown),
            r#type: activity_type(activity.kind)?,
            succ_ins_list: with(Outcome::Successful),
            fail_ins_list: with(Outcome::Failed),
            error_code: error_code(activity),
        })
    }
}

impl Action<Ctx> for DescribeScalingActivity {
    const NAME: &'static str = "DescribeScalingActivity";
    type Response = Activities;

    async fn run(self, ctx: &Ctx) -> Result<Activities, Fault> {
        let page = checks::page(self.marker, self.max_results, checks::PAGES, ctx)?;
        let item = ctx.group(&self.scaling_group_id).await?;
        let mut filters = vec![
            ActivityFilter::Groups(vec![item.group.id]),
            ActivityFilter::Kinds(SHOWN_ACTIVITIES.to_vec()),
        ];
        if let Some(ids) = self.scaling_activity_id {
            let ids: Vec<ActivityId> = checks::ids("ScalingActivityId", &ids.0)?;
            filters.push(ActivityFilter::Ids(ids));
        }
        if let Some(text) = self.start_time {
            filters.push(ActivityFilter::StartedFrom(times::read(
                "StartTime",
                &text,
            )?));
        }
        if let Some(text) = self.end_time {
            // To the end of the second that is given.
            let end = times::read("EndTime", &text)?.plus_millis(999);
            filters.push(ActivityFilter::EndedUntil(end));
        }
        let found = ctx.api.activities(&ctx.caller, &filters, page).await;
        let found = found.map_err(|error| ctx.refused(&error, &self.scaling_group_id.0))?;
        let shown = found.items.iter();
        Ok(Activities {
            scaling_activity_count: found.total,
            scaling_activity_set: shown.filter_map(|one| ScalingActivity::of(one)).collect(),
        })
    }
}
