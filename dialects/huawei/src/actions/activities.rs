//! Activities: version 1 with names in comma lists, version 2 with structures.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_kit::page::{Page, Paged};
use muster_model::{
    Activity, ActivityFilter, ActivityId, ActivityKind, Balancer, GroupView, Outcome,
    Page as Slice, RelatedInstance, TriggerKind,
};
use serde::{Deserialize, Serialize};

use super::Numbers;
use super::reasons::description;
use crate::checks::{self, LOGS_PAGE, filled, page};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::times::{second, span};
use crate::words::{LogStatus, LogType};

impl From<&Activity> for LogType {
    fn from(activity: &Activity) -> LogType {
        use ActivityKind as K;
        match (activity.kind, &activity.trigger.kind) {
            (K::Attach, _) => LogType::ManualAdd,
            (K::Detach, _) => LogType::ManualRemove,
            (K::Remove, _) => LogType::ManualDelete,
            (K::ReplaceUnhealthy, _) if activity.by_balancers => LogType::ElbCheckDelete,
            (K::ReplaceUnhealthy | K::TerminateUnexpectedly, _) => LogType::AuditCheckDelete,
            (K::ModifyBalancers, _) => LogType::ModifyElb,
            (K::EnterStandby, _) => LogType::EnterStandby,
            (K::ExitStandby, _) => LogType::ExitStandby,
            (K::ScaleOut | K::ScaleIn, TriggerKind::Match) => LogType::Diff,
            (
                K::ScaleOut
                | K::ScaleIn
                | K::Start
                | K::Stop
                | K::InvokeCommand
                | K::InstanceRefresh,
                _,
            ) => LogType::Normal,
        }
    }
}

/// ListScalingActivityLogs.
#[derive(Deserialize)]
pub(crate) struct ListScalingActivityLogs {
    scaling_group_id: String,
    start_time: Option<String>,
    end_time: Option<String>,
    start_number: Option<String>,
    limit: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Logs<L> {
    #[serde(flatten)]
    numbers: Numbers,
    scaling_activity_log: Vec<L>,
}

/// ScalingActivityLogList.
#[derive(Serialize)]
pub(crate) struct Log {
    id: String,
    status: LogStatus,
    start_time: String,
    end_time: Option<String>,
    instance_value: u32,
    desire_value: u32,
    scaling_value: u32,
    instance_added_list: Option<String>,
    instance_deleted_list: Option<String>,
    instance_removed_list: Option<String>,
    description: String,
}

/// What a list asks for.
struct Asked {
    filters: Vec<ActivityFilter>,
    page: Page,
}

fn asked(
    view: &GroupView,
    times: (Option<String>, Option<String>),
    numbers: (Option<&String>, Option<&String>),
) -> Result<Asked, Fault> {
    let (start, end) = span(("AS.9001", "AS.9002"), times.0, times.1)?;
    let page = page(LOGS_PAGE, numbers.0, numbers.1)?;
    let mut filters = vec![ActivityFilter::Groups(vec![view.group.id])];
    filters.extend(start.map(ActivityFilter::StartedFrom));
    filters.extend(end.map(ActivityFilter::EndedUntil));
    Ok(Asked { filters, page })
}

async fn slice(ctx: &Ctx, asked: &Asked) -> Result<Paged<Arc<Activity>>, Fault> {
    let slice = Slice {
        offset: usize::try_from(asked.page.offset).unwrap_or(usize::MAX),
        limit: asked.page.limit as usize,
    };
    let found = ctx.api.activities(&ctx.caller, &asked.filters, slice).await;
    let found = found.map_err(|error| ctx.refused(&error))?;
    Ok(Paged {
        total: found.total as u64,
        items: found.items,
    })
}

/// What became of the instances of an activity.
#[derive(Default)]
struct Fates<'a> {
    added: Vec<&'a RelatedInstance>,
    deleted: Vec<&'a RelatedInstance>,
    removed: Vec<&'a RelatedInstance>,
    failed: Vec<&'a RelatedInstance>,
    standby: Vec<&'a RelatedInstance>,
}

impl<'a> Fates<'a> {
    fn of(activity: &'a Activity) -> Fates<'a> {
        use ActivityKind as K;
        let mut fates = Fates::default();
        for related in &activity.instances {
            let list = match (related.outcome, activity.kind) {
                (Outcome::Init | Outcome::Running, _) => continue,
                (Outcome::Failed, _) => &mut fates.failed,
                (Outcome::Successful, K::ScaleOut | K::Attach) => &mut fates.added,
                (Outcome::Successful, K::EnterStandby | K::ExitStandby | K::Start | K::Stop) => {
                    &mut fates.standby
                }
                (Outcome::Successful, K::Detach) => &mut fates.removed,
                (Outcome::Successful, K::ScaleIn | K::Remove) if related.kept => &mut fates.removed,
                (Outcome::Successful, K::ScaleIn | K::Remove | K::TerminateUnexpectedly) => {
                    &mut fates.deleted
                }
                // Both are there: those that go, and those that come instead.
                (Outcome::Successful, K::ReplaceUnhealthy | K::InstanceRefresh) => {
                    match related.leaves {
                        true if related.kept => &mut fates.removed,
                        true => &mut fates.deleted,
                        false => &mut fates.added,
                    }
                }
                (Outcome::Successful, K::ModifyBalancers | K::InvokeCommand) => continue,
            };
            list.push(related);
        }
        fates
    }
}

/// What instances are called; those of before names were kept, by their ids.
fn name(related: &RelatedInstance) -> String {
    match related.name.is_empty() {
        true => related.instance.uuid(),
        false => related.name.clone(),
    }
}

fn names(list: &[&RelatedInstance]) -> Option<String> {
    let names: Vec<String> = list.iter().map(|related| name(related)).collect();
    (!names.is_empty()).then(|| names.join(","))
}

/// How many instances come or go; a change of balancers changes no number.
fn scaling_value(activity: &Activity) -> u32 {
    match activity.kind {
        ActivityKind::ModifyBalancers => 0,
        _ => activity.wanted,
    }
}

impl Action<Ctx> for ListScalingActivityLogs {
    const NAME: &'static str = "ListScalingActivityLogs";
    type Response = Logs<Log>;

    async fn run(self, ctx: &Ctx) -> Result<Logs<Log>, Fault> {
        let view = ctx.view(&self.scaling_group_id).await?;
        let numbers = (self.start_number.as_ref(), self.limit.as_ref());
        let asked = asked(&view, (self.start_time, self.end_time), numbers)?;
        let found = slice(ctx, &asked).await?;
        let log = |activity: &Arc<Activity>| {
            let fates = Fates::of(activity);
            Log {
                id: activity.id.uuid(),
                status: activity.status.into(),
                start_time: second(activity.started_at),
                end_time: activity.ended_at.map(second),
                instance_value: activity.size_before,
                desire_value: activity.size_wanted,
                scaling_value: scaling_value(activity),
                instance_added_list: names(&fates.added),
                instance_deleted_list: names(&fates.deleted),
                instance_removed_list: names(&fates.removed),
                description: description(activity, &view.parts),
            }
        };
        Ok(Logs {
            scaling_activity_log: found.items.iter().map(log).collect(),
            numbers: Numbers::of(found.total, asked.page),
        })
    }
}

/// ListScalingActivityV2Logs.
#[derive(Deserialize)]
pub(crate) struct ListScalingActivityV2Logs {
    scaling_group_id: String,
    log_id: Option<String>,
    start_time: Option<String>,
    end_time: Option<String>,
    start_number: Option<String>,
    limit: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    status: Option<String>,
}

/// ScalingInstance.
#[derive(Serialize)]
struct LoggedInstance {
    instance_name: String,
    instance_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_details: Option<String>,
}

/// ModifyLb.
#[derive(Serialize)]
struct LoggedBalancer {
    lbaas_listener: Option<LoggedPool>,
    listener: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_details: Option<String>,
}

/// LbaasListener.
#[derive(Serialize)]
struct LoggedPool {
    listener_id: Option<String>,
    pool_id: String,
    protocol_port: u16,
    weight: u16,
}

/// ScalingActivityLogV2. Lists of instances are not of those that change balancers, and the other way round.
#[derive(Serialize)]
pub(crate) struct LogV2 {
    id: String,
    status: LogStatus,
    start_time: String,
    end_time: Option<String>,
    instance_value: u32,
    desire_value: u32,
    scaling_value: u32,
    #[serde(flatten)]
    instances: Option<LoggedInstances>,
    #[serde(flatten)]
    balancers: Option<LoggedBalancers>,
    description: String,
    #[serde(rename = "type")]
    kind: LogType,
}

#[derive(Serialize)]
struct LoggedInstances {
    instance_added_list: Vec<LoggedInstance>,
    instance_deleted_list: Vec<LoggedInstance>,
    instance_removed_list: Vec<LoggedInstance>,
    instance_failed_list: Vec<LoggedInstance>,
    instance_standby_list: Vec<LoggedInstance>,
}

#[derive(Serialize)]
struct LoggedBalancers {
    lb_bind_success_list: Vec<LoggedBalancer>,
    lb_bind_failed_list: Vec<LoggedBalancer>,
    lb_unbind_success_list: Vec<LoggedBalancer>,
    lb_unbind_failed_list: Vec<LoggedBalancer>,
}

fn logged_instances(list: &[&RelatedInstance]) -> Vec<LoggedInstance> {
    let shown = list.iter().map(|related| {
        let failed = related.outcome == Outcome::Failed;
        LoggedInstance {
            instance_name: name(related),
            instance_id: related.instance.uuid(),
            failed_reason: failed.then(|| related.message.clone()),
            failed_details: failed.then(|| related.message.clone()),
        }
    });
    shown.collect()
}

/// Balancers as they are logged: those that this door has words for, with why if it went wrong.
fn logged_balancers(balancers: &[Balancer], failure: Option<&str>) -> Vec<LoggedBalancer> {
    let logged = |lbaas_listener, listener| LoggedBalancer {
        lbaas_listener,
        listener,
        failed_reason: failure.map(str::to_owned),
        failed_details: failure.map(str::to_owned),
    };
    let shown = balancers.iter().filter_map(|balancer| match balancer {
        Balancer::Pool { pool, target } => Some(logged(
            Some(LoggedPool {
                listener_id: None,
                pool_id: pool.clone(),
                protocol_port: target.port,
                weight: target.weight,
            }),
            None,
        )),
        Balancer::Listener { listener } => Some(logged(None, Some(listener.clone()))),
        Balancer::Classic { .. } | Balancer::Forward { .. } => None,
    });
    shown.collect()
}

/// What a change of balancers bound and unbound. It counts as failed where it failed for any member.
fn balancers(activity: &Activity) -> LoggedBalancers {
    let moves = activity.balancers.clone().unwrap_or_default();
    let of = |wanted: LogStatus, list: &[Balancer]| {
        let status = LogStatus::from(activity.status);
        let failure = (status == LogStatus::Fail).then_some(activity.status_message.as_str());
        match status == wanted {
            true => logged_balancers(list, failure),
            false => Vec::new(),
        }
    };
    LoggedBalancers {
        lb_bind_success_list: of(LogStatus::Success, &moves.bind),
        lb_bind_failed_list: of(LogStatus::Fail, &moves.bind),
        lb_unbind_success_list: of(LogStatus::Success, &moves.unbind),
        lb_unbind_failed_list: of(LogStatus::Fail, &moves.unbind),
    }
}

fn log_v2(activity: &Activity, view: &GroupView) -> LogV2 {
    let kind = LogType::from(activity);
    let of_balancers = kind == LogType::ModifyElb;
    let fates = Fates::of(activity);
    LogV2 {
        id: activity.id.uuid(),
        status: activity.status.into(),
        start_time: second(activity.started_at),
        end_time: activity.ended_at.map(second),
        instance_value: activity.size_before,
        desire_value: activity.size_wanted,
        scaling_value: scaling_value(activity),
        instances: (!of_balancers).then(|| LoggedInstances {
            instance_added_list: logged_instances(&fates.added),
            instance_deleted_list: logged_instances(&fates.deleted),
            instance_removed_list: logged_instances(&fates.removed),
            instance_failed_list: logged_instances(&fates.failed),
            instance_standby_list: logged_instances(&fates.standby),
        }),
        balancers: of_balancers.then(|| balancers(activity)),
        description: description(activity, &view.parts),
        kind,
    }
}

impl Action<Ctx> for ListScalingActivityV2Logs {
    const NAME: &'static str = "ListScalingActivityV2Logs";
    type Response = Logs<LogV2>;

    async fn run(self, ctx: &Ctx) -> Result<Logs<LogV2>, Fault> {
        let kinds = filled(self.kind).unwrap_or_default();
        let kinds = kinds
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        let kinds: Vec<LogType> = kinds
            .map(|word| checks::word("AS.9012", "type", word))
            .collect::<Result<_, _>>()?;
        let status: Option<LogStatus> =
            checks::word_if_given("AS.9013", "status", filled(self.status).as_ref())?;
        let log_id = filled(self.log_id);
        checks::uuid_if_given("AS.9005", "log_id", log_id.as_ref())?;
        let view = ctx.view(&self.scaling_group_id).await?;
        let numbers = (self.start_number.as_ref(), self.limit.as_ref());
        let mut asked = asked(&view, (self.start_time, self.end_time), numbers)?;
        // What no activity can be called is none.
        let ids = log_id.map(|id| ActivityId::parse_uuid(&id).into_iter().collect());
        asked.filters.extend(ids.map(ActivityFilter::Ids));
        let found = match (kinds.is_empty(), status) {
            (true, None) => slice(ctx, &asked).await?,
            // Types and states of this door are none of the store's: they are sorted out here.
            _ => {
                let all = Slice {
                    offset: 0,
                    limit: usize::MAX,
                };
                let found = ctx.api.activities(&ctx.caller, &asked.filters, all).await;
                let found = found.map_err(|error| ctx.refused(&error))?;
                let wanted = |activity: &Arc<Activity>| {
                    (kinds.is_empty() || kinds.contains(&LogType::from(&**activity)))
                        && status.is_none_or(|status| status == activity.status.into())
                };
                asked.page.cut(found.items.into_iter().filter(wanted))
            }
        };
        Ok(Logs {
            scaling_activity_log: found.items.iter().map(|a| log_v2(a, &view)).collect(),
            numbers: Numbers::of(found.total, asked.page),
        })
    }
}
