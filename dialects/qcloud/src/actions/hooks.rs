//! Lifecycle hooks. Those made here act while they are bound, one of a group at a time; those made elsewhere always act.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_kit::decode::{Many, One};
use muster_model::{
    Created, GroupCommand, GroupView, Hook, HookChange, HookId, HookPatch, HookSpec,
    HookTransition, HookVerdict, HookWaiter, InstanceId, NotificationTarget, ResourceKind,
};
use serde::{Deserialize, Serialize};

use super::{EMPTY, Empty};
use crate::checks;
use crate::codes::{HOOK_PREFIX, hook_id};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::words::{transition, transition_number, verdict, verdict_number};

/// Longest wait, seconds.
const MOST_TIMEOUT: i64 = 604_800;

const WRONG_GROUP: &str = "InvalidParameter.GroupIdInHook";

/// The hook of a group that is named.
fn named(view: &GroupView, id: &One, ctx: &Ctx) -> Result<Arc<Hook>, Fault> {
    let kind = ResourceKind::Hook;
    let key: HookId = checks::id_as("lifeCycleHookId", &id.0, HOOK_PREFIX, kind, ctx)?;
    let found = view.parts.hooks.get(&key).cloned();
    found.ok_or_else(|| ctx.absent(kind, &id.0))
}

fn check_name(name: &str) -> Result<(), Fault> {
    checks::name("lifeCycleHookName", name)
}

fn timeout(parameter: &str, secs: i64) -> Result<u32, Fault> {
    checks::number(parameter, secs, 1, MOST_TIMEOUT)
}

fn default_result(number: i64) -> Result<HookVerdict, Fault> {
    let desc = "HookParameterError.DefaultResult";
    let wrong = || checks::not_one_of("defaultResult", number, desc, "0 or 1");
    verdict(number).ok_or_else(wrong)
}

fn when(number: i64) -> Result<HookTransition, Fault> {
    let desc = "HookParameterError.Transition";
    let wrong = || checks::not_one_of("transition", number, desc, "0 or 1");
    transition(number).ok_or_else(wrong)
}

/// The groups of users that are told.
fn target(given: Option<Many>) -> Result<Option<NotificationTarget>, Fault> {
    let groups = given.map(|ids| ids.0).filter(|ids| !ids.is_empty());
    if let Some(ids) = &groups {
        checks::receivers("notifyIds", ids, checks::MOST_NAMED, WRONG_GROUP)?;
    }
    Ok(groups.map(NotificationTarget::UserGroups))
}

/// CreateLifecycleHook: it does not act before it is bound (L3086).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateLifecycleHook {
    scaling_group_id: Option<One>,
    life_cycle_hook_name: String,
    life_cycle_hook_timeout: i64,
    default_result: Option<i64>,
    transition: Option<i64>,
    notify_ids: Option<Many>,
}

/// The id of a new hook: in a list, or as a text (contradiction T20).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedHook {
    life_cycle_hook_id: ListOrText,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ListOrText {
    List([String; 1]),
    Text(String),
}

impl Action<Ctx> for CreateLifecycleHook {
    const NAME: &'static str = "CreateLifecycleHook";
    type Response = CreatedHook;

    async fn run(self, ctx: &Ctx) -> Result<CreatedHook, Fault> {
        check_name(&self.life_cycle_hook_name)?;
        let spec = HookSpec {
            transition: when(self.transition.unwrap_or(0))?,
            default_result: default_result(self.default_result.unwrap_or(0))?,
            timeout_secs: timeout("lifeCycleHookTimeout", self.life_cycle_hook_timeout)?,
            extended: false,
            metadata: String::new(),
            target: target(self.notify_ids)?,
            command: None,
            name: self.life_cycle_hook_name,
        };
        let group = ctx.group(self.scaling_group_id.as_ref()).await?.group.id;
        let command = GroupCommand::Hook(HookChange::CreateUnbound(Box::new(spec)));
        let Created::Hook(id) = ctx.on_group(group, command).await? else {
            return Err(Fault::internal());
        };
        let id = hook_id(id);
        Ok(CreatedHook {
            life_cycle_hook_id: match ctx.switches.hook_id_as_text {
                false => ListOrText::List([id]),
                true => ListOrText::Text(id),
            },
        })
    }
}

/// ModifyLifecycleHook: what is left out stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModifyLifecycleHook {
    scaling_group_id: Option<One>,
    life_cycle_hook_id: One,
    life_cycle_hook_name: Option<String>,
    life_cycle_hook_timeout: Option<i64>,
    default_result: Option<i64>,
    transition: Option<i64>,
    notify_ids: Option<Many>,
}

impl Action<Ctx> for ModifyLifecycleHook {
    const NAME: &'static str = "ModifyLifecycleHook";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let old = named(&view, &self.life_cycle_hook_id, ctx)?;
        if let Some(name) = &self.life_cycle_hook_name {
            check_name(name)?;
        }
        let secs = self.life_cycle_hook_timeout;
        let secs = secs.filter(|secs| *secs != i64::from(old.timeout_secs));
        let patch = HookPatch {
            name: self.life_cycle_hook_name,
            transition: self.transition.map(when).transpose()?,
            default_result: self.default_result.map(default_result).transpose()?,
            timeout_secs: secs
                .map(|secs| timeout("lifeCycleHookTimeout", secs))
                .transpose()?,
            target: target(self.notify_ids)?,
            // What this door has no words for stays as it is.
            ..HookPatch::default()
        };
        let change = HookChange::Modify {
            id: old.id,
            patch: Box::new(patch),
        };
        ctx.on_group(view.group.id, GroupCommand::Hook(change))
            .await?;
        Ok(EMPTY)
    }
}

/// DeleteLifecycleHook: one that is not in use (L2738).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteLifecycleHook {
    scaling_group_id: Option<One>,
    life_cycle_hook_id: One,
    life_cycle_hook_name: Option<String>,
}

impl Action<Ctx> for DeleteLifecycleHook {
    const NAME: &'static str = "DeleteLifecycleHook";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let old = named(&view, &self.life_cycle_hook_id, ctx)?;
        let change = HookChange::DeleteUnused {
            id: old.id,
            name: self.life_cycle_hook_name,
        };
        ctx.on_group(view.group.id, GroupCommand::Hook(change))
            .await?;
        Ok(EMPTY)
    }
}

/// DescribeLifecycleHook.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeLifecycleHook {
    scaling_group_id: Option<One>,
    life_cycle_hook_id: Option<One>,
    life_cycle_hook_name: Option<String>,
    life_cycle_hook_timeout: Option<i64>,
    transition: Option<i64>,
    default_result: Option<i64>,
    offset: Option<i64>,
    limit: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hooks {
    life_cycle_hook_set: Vec<LifeCycleHook>,
}

/// LifeCycleHook.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LifeCycleHook {
    auto_scaling_group_id: String,
    life_cycle_hook_id: String,
    life_cycle_hook_name: String,
    life_cycle_hook_timeout: u32,
    notify_ids: Vec<String>,
    transition: u8,
    default_result: u8,
}

impl From<&Hook> for LifeCycleHook {
    fn from(hook: &Hook) -> Self {
        LifeCycleHook {
            auto_scaling_group_id: hook.group.to_string(),
            life_cycle_hook_id: hook_id(hook.id),
            life_cycle_hook_name: hook.name.clone(),
            life_cycle_hook_timeout: hook.timeout_secs,
            notify_ids: match &hook.target {
                Some(NotificationTarget::UserGroups(groups)) => groups.clone(),
                Some(NotificationTarget::Queue { .. } | NotificationTarget::Topic { .. })
                | None => Vec::new(),
            },
            transition: transition_number(hook.transition),
            default_result: verdict_number(hook.default_result),
        }
    }
}

impl Action<Ctx> for DescribeLifecycleHook {
    const NAME: &'static str = "DescribeLifecycleHook";
    type Response = Hooks;

    async fn run(self, ctx: &Ctx) -> Result<Hooks, Fault> {
        let page = checks::page(self.offset, self.limit)?;
        let id = self.life_cycle_hook_id.map(|id| {
            checks::ids_as::<muster_model::id::kind::Hook>(
                "lifeCycleHookId",
                &[id.0],
                HOOK_PREFIX,
                1,
            )
        });
        let id = id.transpose()?;
        let (coming, result) = (
            self.transition.map(when).transpose()?,
            self.default_result.map(default_result).transpose()?,
        );
        let views = match self.scaling_group_id.as_ref() {
            Some(group) => vec![ctx.view(Some(group)).await?],
            None => ctx.views().await?,
        };
        let hooks = views.iter().flat_map(|view| view.parts.hooks.values());
        let mut found: Vec<&Arc<Hook>> = hooks
            .filter(|hook| {
                let name = self.life_cycle_hook_name.as_ref();
                let secs = self.life_cycle_hook_timeout;
                id.as_ref().is_none_or(|id| id.contains(&hook.id))
                    && name.is_none_or(|name| hook.name == *name)
                    && secs.is_none_or(|secs| secs == i64::from(hook.timeout_secs))
                    && coming.is_none_or(|coming| coming == hook.transition)
                    && result.is_none_or(|result| result == hook.default_result)
            })
            .collect();
        found.sort_by_key(|hook| (hook.created_at, hook.ordinal, hook.id));
        let shown = checks::cut(found, page);
        Ok(Hooks {
            life_cycle_hook_set: shown.iter().map(|hook| (&***hook).into()).collect(),
        })
    }
}

/// The instance of the group that waits.
fn waiter(view: &GroupView, id: &One, ctx: &Ctx) -> Result<HookWaiter, Fault> {
    let kind = ResourceKind::Instance;
    let key: InstanceId = checks::id("scalingInstanceId", &id.0, kind, ctx)?;
    match view.instances.contains_key(&key) {
        true => Ok(HookWaiter::Instance(key)),
        false => Err(ctx.absent(kind, &id.0)),
    }
}

/// CompleteLifecycleHookAction: the wait of an instance ends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CompleteLifecycleHookAction {
    scaling_group_id: Option<One>,
    life_cycle_hook_id: One,
    scaling_instance_id: One,
    life_cycle_hook_result: Option<i64>,
}

impl Action<Ctx> for CompleteLifecycleHookAction {
    const NAME: &'static str = "CompleteLifecycleHookAction";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let desc = "HookParameterError.LifeCycleHookResult";
        let number = checks::needed_as(desc, "lifeCycleHookResult", self.life_cycle_hook_result)?;
        let wrong = || checks::not_one_of("lifeCycleHookResult", number, desc, "0 or 1");
        let verdict = verdict(number).ok_or_else(wrong)?;
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let change = HookChange::Complete {
            id: named(&view, &self.life_cycle_hook_id, ctx)?.id,
            who: waiter(&view, &self.scaling_instance_id, ctx)?,
            verdict,
        };
        ctx.on_group(view.group.id, GroupCommand::Hook(change))
            .await?;
        Ok(EMPTY)
    }
}

/// RecordLifecycleHookTimeout: the wait of an instance lasts so long from now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecordLifecycleHookTimeout {
    scaling_group_id: Option<One>,
    life_cycle_hook_id: One,
    scaling_instance_id: One,
    record_timeout: i64,
}

impl Action<Ctx> for RecordLifecycleHookTimeout {
    const NAME: &'static str = "RecordLifecycleHookTimeout";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let secs = timeout("recordTimeout", self.record_timeout)?;
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let change = HookChange::Renew {
            id: named(&view, &self.life_cycle_hook_id, ctx)?.id,
            who: waiter(&view, &self.scaling_instance_id, ctx)?,
            secs,
        };
        ctx.on_group(view.group.id, GroupCommand::Hook(change))
            .await?;
        Ok(EMPTY)
    }
}

/// AttachLifecycleHookId: this one acts, and no other of those made here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttachLifecycleHookId {
    scaling_group_id: Option<One>,
    life_cycle_hook_id: One,
}

impl Action<Ctx> for AttachLifecycleHookId {
    const NAME: &'static str = "AttachLifecycleHookId";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let hook = named(&view, &self.life_cycle_hook_id, ctx)?;
        // One made elsewhere acts already; which one of ours does is not touched.
        if hook.bindable {
            let change = HookChange::Bind { id: Some(hook.id) };
            ctx.on_group(view.group.id, GroupCommand::Hook(change))
                .await?;
        }
        Ok(EMPTY)
    }
}

/// DetachLifecycleHookId: none of those made here acts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DetachLifecycleHookId {
    scaling_group_id: Option<One>,
}

impl Action<Ctx> for DetachLifecycleHookId {
    const NAME: &'static str = "DetachLifecycleHookId";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let group = ctx.group(self.scaling_group_id.as_ref()).await?.group.id;
        let change = HookChange::Bind { id: None };
        ctx.on_group(group, GroupCommand::Hook(change)).await?;
        Ok(EMPTY)
    }
}
