//! Lifecycle hooks, shown.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{GroupView, Hook, InstanceId};
use serde::{Deserialize, Serialize};

use super::notifications::urn;
use crate::checks::filled;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::topic_name;
use crate::times::second;
use crate::words::{HookResult, HookType};

/// A hook as it is shown.
#[derive(Serialize)]
pub(crate) struct ShownHook {
    lifecycle_hook_name: String,
    lifecycle_hook_type: HookType,
    default_result: HookResult,
    default_timeout: u32,
    notification_topic_urn: Option<String>,
    notification_topic_name: Option<String>,
    notification_metadata: Option<String>,
    create_time: String,
}

impl ShownHook {
    pub(super) fn new(hook: &Hook) -> ShownHook {
        let topic = urn(hook.target.as_ref());
        ShownHook {
            lifecycle_hook_name: hook.name.clone(),
            lifecycle_hook_type: hook.transition.into(),
            default_result: hook.default_result.into(),
            default_timeout: hook.timeout_secs,
            notification_topic_urn: topic.map(str::to_owned),
            notification_topic_name: topic.map(|urn| topic_name(urn).to_owned()),
            notification_metadata: filled(Some(hook.metadata.clone())),
            create_time: second(hook.created_at),
        }
    }
}

/// The hook of this name.
pub(super) fn named(view: &GroupView, name: &str) -> Result<Arc<Hook>, Fault> {
    let mut hooks = view.parts.hooks.values();
    let found = hooks.find(|hook| hook.active && hook.name == name);
    found.cloned().ok_or_else(|| Fault::absent(name))
}

/// ListLifeCycleHooks.
#[derive(Deserialize)]
pub(crate) struct ListLifeCycleHooks {
    scaling_group_id: String,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Hooks {
    lifecycle_hooks: Vec<ShownHook>,
}

impl Action<Ctx> for ListLifeCycleHooks {
    const NAME: &'static str = "ListLifeCycleHooks";
    type Response = Hooks;

    async fn run(self, ctx: &Ctx) -> Result<Hooks, Fault> {
        let view = ctx.view(&self.scaling_group_id).await?;
        let mut hooks: Vec<_> = view.parts.hooks.values().collect();
        // One that is not bound (API of 2017) does not act, and is not shown.
        hooks.retain(|hook| hook.active);
        hooks.sort_by_key(|hook| (hook.created_at, hook.ordinal, hook.id));
        Ok(Hooks {
            lifecycle_hooks: hooks.into_iter().map(|hook| ShownHook::new(hook)).collect(),
        })
    }
}

/// ShowLifeCycleHook.
#[derive(Deserialize)]
pub(crate) struct ShowLifeCycleHook {
    scaling_group_id: String,
    lifecycle_hook_name: String,
}

impl Action<Ctx> for ShowLifeCycleHook {
    const NAME: &'static str = "ShowLifeCycleHook";
    type Response = ShownHook;

    async fn run(self, ctx: &Ctx) -> Result<ShownHook, Fault> {
        let view = ctx.view(&self.scaling_group_id).await?;
        let hook = named(&view, &self.lifecycle_hook_name)?;
        Ok(ShownHook::new(&hook))
    }
}

/// ListHookInstances: what waits for hooks.
#[derive(Deserialize)]
pub(crate) struct ListHookInstances {
    scaling_group_id: String,
    instance_id: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Waits {
    instance_hanging_info: Vec<ShownWait>,
}

/// InstanceHangingInfos.
#[derive(Serialize)]
struct ShownWait {
    lifecycle_hook_name: String,
    lifecycle_action_key: String,
    instance_id: String,
    scaling_group_id: String,
    lifecycle_hook_status: &'static str,
    timeout: String,
    default_result: HookResult,
}

impl Action<Ctx> for ListHookInstances {
    const NAME: &'static str = "ListHookInstances";
    type Response = Waits;

    async fn run(self, ctx: &Ctx) -> Result<Waits, Fault> {
        let view = ctx.view(&self.scaling_group_id).await?;
        let wanted = filled(self.instance_id).map(|id| InstanceId::parse_uuid(&id).ok());
        let mut shown = Vec::new();
        for member in view.instances.values() {
            if wanted.is_some_and(|wanted| wanted != Some(member.id)) {
                continue;
            }
            for wait in &member.hooks {
                // A hook that has gone since has let go of what waited.
                let Some(hook) = view.parts.hooks.get(&wait.hook) else {
                    continue;
                };
                shown.push(ShownWait {
                    lifecycle_hook_name: hook.name.clone(),
                    lifecycle_action_key: wait.token.clone(),
                    instance_id: member.id.uuid(),
                    scaling_group_id: view.group.id.uuid(),
                    lifecycle_hook_status: match wait.verdict {
                        None => "HANGING",
                        Some(verdict) => HookResult::from(verdict).word(),
                    },
                    timeout: second(wait.deadline),
                    default_result: hook.default_result.into(),
                });
            }
        }
        Ok(Waits {
            instance_hanging_info: shown,
        })
    }
}
