//! Activities.

use muster_kit::action::Action;
use muster_kit::decode::{Many, One};
use muster_model::{Activity, ActivityFilter, ActivityId, ActivityStatus, AttemptCode, Outcome};
use serde::{Deserialize, Serialize};

use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::times;
use crate::words::{
    SHOWN_ACTIVITIES, activity_status, activity_type, attempt_number, obstacle_number,
};

/// DescribeScalingActivity.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeScalingActivity {
    scaling_group_id: Option<One>,
    scaling_activity_ids: Option<Many>,
    offset: Option<i64>,
    limit: Option<i64>,
    start_time: Option<String>,
    end_time: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Activities {
    total_count: usize,
    scaling_activity_set: Vec<ScalingActivity>,
}

/// ScalingActivity.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScalingActivity {
    auto_scaling_group_id: String,
    scaling_activity_id: String,
    status: u8,
    r#type: u8,
    error_code: u32,
    succ_ins_list: Vec<String>,
    fail_ins_list: Vec<String>,
    cause: String,
    description: String,
    msg: String,
    start_time: String,
    end_time: String,
}

/// What went wrong, as a number (L1895-1908); 0 = nothing that counts.
fn error_code(activity: &Activity) -> u32 {
    let obstacle = activity.obstacle.map(obstacle_number);
    match activity.status {
        ActivityStatus::PartiallySuccessful | ActivityStatus::Failed => {
            let last = activity.attempts.last().map(|attempt| attempt.code);
            // Failed without an attempt: it ran out of time.
            obstacle.unwrap_or_else(|| attempt_number(last.unwrap_or(AttemptCode::TimedOut)))
        }
        ActivityStatus::Cancelled => obstacle.unwrap_or(0),
        ActivityStatus::Init | ActivityStatus::Running | ActivityStatus::Successful => 0,
    }
}

impl ScalingActivity {
    fn of(activity: &Activity) -> Option<ScalingActivity> {
        let with = |wanted: Outcome| {
            let related = activity.instances.iter();
            let related = related.filter(|related| related.outcome == wanted);
            related
                .map(|related| related.instance.to_string())
                .collect()
        };
        Some(ScalingActivity {
            auto_scaling_group_id: activity.group.to_string(),
            scaling_activity_id: activity.id.to_string(),
            status: activity_status(activity.status),
            r#type: activity_type(activity.kind)?,
            error_code: error_code(activity),
            succ_ins_list: with(Outcome::Successful),
            fail_ins_list: with(Outcome::Failed),
            cause: activity.cause.clone(),
            description: activity.description.clone(),
            msg: match activity.status {
                ActivityStatus::Successful => "success".to_owned(),
                ActivityStatus::Init
                | ActivityStatus::Running
                | ActivityStatus::PartiallySuccessful
                | ActivityStatus::Failed
                | ActivityStatus::Cancelled => activity.status_message.clone(),
            },
            start_time: times::shown(activity.started_at),
            end_time: activity
                .ended_at
                .map_or_else(|| times::OFF.to_owned(), times::shown),
        })
    }
}

impl Action<Ctx> for DescribeScalingActivity {
    const NAME: &'static str = "DescribeScalingActivity";
    type Response = Activities;

    async fn run(self, ctx: &Ctx) -> Result<Activities, Fault> {
        let page = checks::page(self.offset, self.limit)?;
        let item = ctx.group(self.scaling_group_id.as_ref()).await?;
        let mut filters = vec![
            ActivityFilter::Groups(vec![item.group.id]),
            ActivityFilter::Kinds(SHOWN_ACTIVITIES.to_vec()),
        ];
        if let Some(ids) = self.scaling_activity_ids {
            let ids: Vec<ActivityId> =
                checks::ids("scalingActivityIds", &ids.0, checks::MOST_NAMED)?;
            filters.push(ActivityFilter::Ids(ids));
        }
        if let Some(text) = self.start_time {
            filters.push(ActivityFilter::StartedFrom(times::read(
                "startTime",
                &text,
            )?));
        }
        if let Some(text) = self.end_time {
            // To the end of the second that is given.
            let end = times::read("endTime", &text)?.plus_millis(999);
            filters.push(ActivityFilter::EndedUntil(end));
        }
        let found = ctx.api.activities(&ctx.caller, &filters, page).await;
        let found = found.map_err(|error| ctx.refused(&error, &item.group.id.to_string()))?;
        let shown = found.items.iter();
        Ok(Activities {
            total_count: found.total,
            scaling_activity_set: shown.filter_map(|one| ScalingActivity::of(one)).collect(),
        })
    }
}
