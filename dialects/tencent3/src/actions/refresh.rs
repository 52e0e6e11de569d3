//! Instance refreshes (rules R1-R9).

use std::sync::Arc;

use muster_kit::action::Action;
use muster_kit::time::format_utc;
use muster_model::{
    Created, Field, GroupCommand, Problem, Refresh, RefreshBatch as Batch, RefreshCommand,
    RefreshId, RefreshInstance, RefreshSettings as Asked,
};
use serde::{Deserialize, Serialize};

use super::{Empty, Selection, SentFilter, exact, page};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::words::{
    BatchPause, FailProcess, RefreshBatchStatus, RefreshInstanceStatus, RefreshMode, RefreshStatus,
};

/// RollingUpdateSettings.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RollingUpdateSettings {
    batch_number: i64,
    batch_pause: Option<BatchPause>,
    max_surge: Option<i64>,
    fail_process: Option<FailProcess>,
}

/// RefreshSettings.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RefreshSettings {
    rolling_update_settings: RollingUpdateSettings,
    check_instance_target_health: Option<bool>,
    check_instance_target_health_timeout: Option<i64>,
}

impl RefreshSettings {
    /// What is asked, in the model's words. A roll-back takes no surge.
    fn asked(&self, surges: bool, ctx: &Ctx) -> Result<Asked, Fault> {
        let rolling = &self.rolling_update_settings;
        let range = |field, value, min| {
            let problem = Problem::Range {
                value,
                min,
                max: 2000,
            };
            ctx.refused(&muster_model::Error::Invalid { field, problem })
        };
        let number = |field, value: i64, min| match u32::try_from(value) {
            Ok(number) if value >= min => Ok(number),
            Ok(_) | Err(_) => Err(range(field, value, min)),
        };
        let surge = rolling.max_surge.unwrap_or(0);
        if !surges && surge != 0 {
            return Err(Fault::value(
                "RefreshSettings.RollingUpdateSettings.MaxSurge",
                &surge.to_string(),
                "a rollback takes no surge",
            ));
        }
        Ok(Asked {
            batches: number(Field::Batches, rolling.batch_number, 1)?,
            pause: rolling.batch_pause.map(Into::into).unwrap_or_default(),
            max_surge: number(Field::MaxSurge, surge, 0)?,
            on_failure: rolling.fail_process.map(Into::into).unwrap_or_default(),
            check_target_health: self.check_instance_target_health.unwrap_or(false),
            target_health_timeout_secs: checks::number(
                "RefreshSettings.CheckInstanceTargetHealthTimeout",
                self.check_instance_target_health_timeout.unwrap_or(1800),
                60,
                7200,
            )?,
        })
    }
}

impl From<Asked> for RefreshSettings {
    fn from(asked: Asked) -> Self {
        RefreshSettings {
            rolling_update_settings: RollingUpdateSettings {
                batch_number: i64::from(asked.batches),
                batch_pause: Some(asked.pause.into()),
                max_surge: Some(i64::from(asked.max_surge)),
                fail_process: Some(asked.on_failure.into()),
            },
            check_instance_target_health: Some(asked.check_target_health),
            check_instance_target_health_timeout: Some(i64::from(asked.target_health_timeout_secs)),
        }
    }
}

/// The answer of an action that begins a refresh.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Begun {
    refresh_activity_id: String,
}

async fn begin(ctx: &Ctx, group: &str, command: RefreshCommand) -> Result<Begun, Fault> {
    let Created::Refresh(refresh) = ctx.on_group(group, GroupCommand::Refresh(command)).await?
    else {
        return Err(Fault::made_nothing());
    };
    Ok(Begun {
        refresh_activity_id: refresh.to_string(),
    })
}

/// StartInstanceRefresh.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StartInstanceRefresh {
    auto_scaling_group_id: String,
    refresh_settings: RefreshSettings,
    refresh_mode: Option<RefreshMode>,
}

impl Action<Ctx> for StartInstanceRefresh {
    const NAME: &'static str = "StartInstanceRefresh";
    type Response = Begun;

    async fn run(self, ctx: &Ctx) -> Result<Begun, Fault> {
        let command = RefreshCommand::Start {
            mode: self.refresh_mode.map(Into::into).unwrap_or_default(),
            settings: self.refresh_settings.asked(true, ctx)?,
        };
        begin(ctx, &self.auto_scaling_group_id, command).await
    }
}

/// RollbackInstanceRefresh.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RollbackInstanceRefresh {
    auto_scaling_group_id: String,
    refresh_settings: RefreshSettings,
    origin_refresh_activity_id: String,
    refresh_mode: Option<RefreshMode>,
}

impl Action<Ctx> for RollbackInstanceRefresh {
    const NAME: &'static str = "RollbackInstanceRefresh";
    type Response = Begun;

    async fn run(self, ctx: &Ctx) -> Result<Begun, Fault> {
        let mode: muster_model::RefreshMode = self.refresh_mode.map(Into::into).unwrap_or_default();
        if mode != muster_model::RefreshMode::Reset {
            return Err(Fault::value(
                "RefreshMode",
                "ROLLING_UPDATE_REPLACE",
                "a rollback reinstalls: ROLLING_UPDATE_RESET",
            ));
        }
        let command = RefreshCommand::RollBack {
            origin: refresh_id(
                "OriginRefreshActivityId",
                &self.origin_refresh_activity_id,
                ctx,
            )?,
            settings: self.refresh_settings.asked(false, ctx)?,
        };
        begin(ctx, &self.auto_scaling_group_id, command).await
    }
}

/// The refresh to work on. These actions list no code for a malformed id: such a refresh does not exist (rule I3).
fn refresh_id(parameter: &str, value: &str, ctx: &Ctx) -> Result<RefreshId, Fault> {
    if !RefreshId::is_well_formed(value) {
        let code = "ResourceNotFound.RefreshActivityNotFound";
        return Err(checks::bad_id(code, parameter, value, "asr-"));
    }
    RefreshId::parse(value).map_err(|_| {
        ctx.refused(&muster_model::Error::NotFound {
            kind: muster_model::ResourceKind::Refresh,
            id: value.to_owned(),
        })
    })
}

macro_rules! on_refresh {
    ($($(#[$doc:meta])* $action:ident: $id:ident => $command:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $action {
            auto_scaling_group_id: String,
            refresh_activity_id: String,
        }

        impl Action<Ctx> for $action {
            const NAME: &'static str = stringify!($action);
            type Response = Empty;

            async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
                let $id = refresh_id("RefreshActivityId", &self.refresh_activity_id, ctx)?;
                ctx.on_group(&self.auto_scaling_group_id, GroupCommand::Refresh($command)).await?;
                Ok(Empty {})
            }
        }
    )*};
}

on_refresh! {
    /// StopInstanceRefresh.
    StopInstanceRefresh: id => RefreshCommand::Stop { id };
    /// CancelInstanceRefresh.
    CancelInstanceRefresh: id => RefreshCommand::Cancel { id };
}

/// ResumeMode.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) enum ResumeMode {
    /// The failed ones once more.
    #[serde(rename = "RETRY")]
    Retry,
    /// Past them.
    #[serde(rename = "CONTINUE")]
    Continue,
}

/// ResumeInstanceRefresh.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResumeInstanceRefresh {
    auto_scaling_group_id: String,
    refresh_activity_id: String,
    resume_mode: Option<ResumeMode>,
}

impl Action<Ctx> for ResumeInstanceRefresh {
    const NAME: &'static str = "ResumeInstanceRefresh";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let command = RefreshCommand::Resume {
            id: refresh_id("RefreshActivityId", &self.refresh_activity_id, ctx)?,
            retry: match self.resume_mode {
                None | Some(ResumeMode::Retry) => true,
                Some(ResumeMode::Continue) => false,
            },
        };
        ctx.on_group(&self.auto_scaling_group_id, GroupCommand::Refresh(command))
            .await?;
        Ok(Empty {})
    }
}

/// DescribeRefreshActivities.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeRefreshActivities {
    refresh_activity_ids: Option<Vec<String>>,
    filters: Option<Vec<SentFilter>>,
    limit: Option<i64>,
    offset: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RefreshActivities {
    total_count: usize,
    refresh_activity_set: Vec<RefreshActivity>,
}

/// RefreshActivity.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RefreshActivity {
    auto_scaling_group_id: String,
    refresh_activity_id: String,
    origin_refresh_activity_id: String,
    refresh_batch_set: Vec<RefreshBatch>,
    refresh_mode: RefreshMode,
    refresh_settings: RefreshSettings,
    activity_type: &'static str,
    status: RefreshStatus,
    current_refresh_batch_num: u32,
    start_time: Option<String>,
    end_time: Option<String>,
    created_time: String,
}

/// RefreshBatch.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RefreshBatch {
    refresh_batch_num: usize,
    refresh_batch_status: RefreshBatchStatus,
    refresh_batch_related_instance_set: Vec<RelatedInstance>,
    start_time: Option<String>,
    end_time: Option<String>,
}

/// RefreshBatchRelatedInstance.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RelatedInstance {
    instance_id: String,
    instance_status: RefreshInstanceStatus,
    last_activity_id: String,
    instance_status_message: String,
}

fn time(at: Option<muster_model::Time>) -> Option<String> {
    at.map(|at| format_utc(at.0))
}

impl From<&RefreshInstance> for RelatedInstance {
    fn from(member: &RefreshInstance) -> Self {
        RelatedInstance {
            instance_id: member.instance.to_string(),
            instance_status: member.status.into(),
            last_activity_id: member.activity.map(|id| id.to_string()).unwrap_or_default(),
            instance_status_message: member.message.clone(),
        }
    }
}

fn batch((at, batch): (usize, &Batch)) -> RefreshBatch {
    RefreshBatch {
        refresh_batch_num: at + 1,
        refresh_batch_status: batch.status.into(),
        refresh_batch_related_instance_set: batch.instances.iter().map(Into::into).collect(),
        start_time: time(batch.started_at),
        end_time: time(batch.ended_at),
    }
}

fn kind(refresh: &Refresh) -> &'static str {
    match refresh.origin {
        None => "NORMAL",
        Some(_) => "ROLLBACK",
    }
}

impl From<&Refresh> for RefreshActivity {
    fn from(refresh: &Refresh) -> Self {
        RefreshActivity {
            auto_scaling_group_id: refresh.group.to_string(),
            refresh_activity_id: refresh.id.to_string(),
            origin_refresh_activity_id: refresh.origin.map(|id| id.to_string()).unwrap_or_default(),
            // The newest batch first (L28088).
            refresh_batch_set: refresh
                .batches
                .iter()
                .enumerate()
                .rev()
                .map(batch)
                .collect(),
            refresh_mode: refresh.mode.into(),
            refresh_settings: refresh.settings.into(),
            activity_type: kind(refresh),
            status: refresh.status.into(),
            current_refresh_batch_num: refresh.current,
            start_time: time(refresh.started_at),
            end_time: time(refresh.ended_at),
            created_time: format_utc(refresh.created_at.0),
        }
    }
}

const SELECTION: Selection = Selection {
    names: &[
        exact("auto-scaling-group-id"),
        exact("refresh-activity-status-code"),
        exact("refresh-activity-type"),
        exact("refresh-activity-id"),
    ],
    ids: "RefreshActivityIds",
    conflict: "InvalidParameter.Conflict",
    too_many: "InvalidParameterValue.LimitExceeded",
    unknown: "InvalidParameterValue.Filter",
};

impl Action<Ctx> for DescribeRefreshActivities {
    const NAME: &'static str = "DescribeRefreshActivities";
    type Response = RefreshActivities;

    async fn run(self, ctx: &Ctx) -> Result<RefreshActivities, Fault> {
        let page = page(self.offset, self.limit)?;
        let sent = SELECTION.check(self.refresh_activity_ids.as_ref(), self.filters)?;
        for filter in sent.iter().filter(|f| f.name == "auto-scaling-group-id") {
            checks::group_ids(&filter.values)?;
        }
        let ids = self.refresh_activity_ids.unwrap_or_default();
        let views = ctx.api.views(&ctx.caller).await;
        let mut found: Vec<Arc<Refresh>> = views
            .map_err(|error| ctx.refused(&error))?
            .iter()
            .flat_map(|view| view.parts.refreshes.values().cloned())
            .filter(|refresh| ids.is_empty() || ids.contains(&refresh.id.to_string()))
            .filter(|refresh| {
                sent.iter().all(|filter| {
                    let shown = match filter.name {
                        "auto-scaling-group-id" => refresh.group.to_string(),
                        "refresh-activity-status-code" => {
                            RefreshStatus::from(refresh.status).word().to_owned()
                        }
                        "refresh-activity-type" => kind(refresh).to_owned(),
                        _ => refresh.id.to_string(),
                    };
                    filter.values.contains(&shown)
                })
            })
            .collect();
        // The newest first, as activities are.
        found.sort_by_key(|refresh| {
            std::cmp::Reverse((refresh.created_at, refresh.ordinal, refresh.id))
        });
        let total_count = found.len();
        let shown = found.iter().skip(page.offset).take(page.limit);
        Ok(RefreshActivities {
            total_count,
            refresh_activity_set: shown
                .map(|refresh| RefreshActivity::from(&**refresh))
                .collect(),
        })
    }
}
