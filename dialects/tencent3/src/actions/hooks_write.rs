//! Lifecycle hooks made and changed (rules H1, H2, H4, H7).

use muster_kit::action::Action;
use muster_model::{Created, GroupCommand, HookChange, HookId, HookPatch, HookSpec};
use serde::{Deserialize, Serialize};

use super::Empty;
use super::hooks::{LifecycleCommand, NotificationTarget, hook_id, on_hook};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::words::{HookResult, HookTransition, HookTransitionType};

/// The name of a hook: 128 bytes where it is made, 128 characters elsewhere (rule H1).
fn check_name(name: &str, ctx: &Ctx) -> Result<(), Fault> {
    let length = match ctx.action {
        "CreateLifecycleHook" => name.len(),
        _ => name.chars().count(),
    };
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    match (1..=128).contains(&length) && name.chars().all(good) {
        true => Ok(()),
        false => Err(Fault::value(
            "LifecycleHookName",
            name,
            "1 to 128 letters, digits, `_`, `-` and `.`",
        )),
    }
}

fn check_metadata(metadata: &str) -> Result<(), Fault> {
    match metadata.chars().count() <= 1024 {
        true => Ok(()),
        false => Err(Fault::value(
            "NotificationMetadata",
            metadata,
            "at most 1024 characters",
        )),
    }
}

/// Seconds to wait. One action lists no code of its own for what is out of range.
fn timeout(value: i64, ctx: &Ctx) -> Result<u32, Fault> {
    checks::number("HeartbeatTimeout", value, 30, 7200).map_err(|fault| match ctx.action {
        "UpgradeLifecycleHook" => Fault::new("InvalidParameterValue", fault.message),
        _ => fault,
    })
}

/// The seconds that a hook waits now, if it is there.
async fn stored_timeout(ctx: &Ctx, id: HookId) -> Result<Option<u32>, Fault> {
    let views = ctx.api.views(&ctx.caller).await;
    let views = views.map_err(|error| ctx.refused(&error))?;
    let found = views.iter().find_map(|view| view.parts.hooks.get(&id));
    Ok(found.map(|hook| hook.timeout_secs))
}

/// A command excludes target and text (rule H2). One action lists no code of its own for that.
fn check_conflict(
    command: bool,
    target: bool,
    metadata: Option<&str>,
    ctx: &Ctx,
) -> Result<(), Fault> {
    let other = match (target, metadata) {
        (true, _) => "NotificationTarget",
        (false, Some(text)) if !text.is_empty() => "NotificationMetadata",
        (false, _) => return Ok(()),
    };
    if !command {
        return Ok(());
    }
    let code = match ctx.action {
        "ModifyLifecycleHook" => "InvalidParameter",
        _ => "InvalidParameter.Conflict",
    };
    let message =
        format!("The parameters `LifecycleCommand` and `{other}` cannot be given together.");
    Err(Fault::new(code, message))
}

/// CreateLifecycleHook.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateLifecycleHook {
    auto_scaling_group_id: String,
    lifecycle_hook_name: String,
    lifecycle_transition: HookTransition,
    default_result: Option<HookResult>,
    heartbeat_timeout: Option<i64>,
    notification_metadata: Option<String>,
    notification_target: Option<NotificationTarget>,
    lifecycle_transition_type: Option<HookTransitionType>,
    lifecycle_command: Option<LifecycleCommand>,
}

/// UpgradeLifecycleHook: what is not given becomes the default (rule H7).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpgradeLifecycleHook {
    lifecycle_hook_id: String,
    lifecycle_hook_name: String,
    lifecycle_transition: HookTransition,
    default_result: Option<HookResult>,
    heartbeat_timeout: Option<i64>,
    notification_metadata: Option<String>,
    notification_target: Option<NotificationTarget>,
    lifecycle_transition_type: Option<HookTransitionType>,
    lifecycle_command: Option<LifecycleCommand>,
}

macro_rules! spec {
    ($sent:ident, $ctx:ident) => {{
        check_name(&$sent.lifecycle_hook_name, $ctx)?;
        let metadata = $sent.notification_metadata.unwrap_or_default();
        check_metadata(&metadata)?;
        check_conflict(
            $sent.lifecycle_command.is_some(),
            $sent.notification_target.is_some(),
            Some(&metadata),
            $ctx,
        )?;
        Box::new(HookSpec {
            name: $sent.lifecycle_hook_name,
            transition: $sent.lifecycle_transition.into(),
            default_result: $sent.default_result.unwrap_or(HookResult::Continue).into(),
            timeout_secs: timeout($sent.heartbeat_timeout.unwrap_or(300), $ctx)?,
            extended: $sent
                .lifecycle_transition_type
                .is_some_and(HookTransitionType::is_extended),
            metadata,
            target: $sent
                .notification_target
                .map(NotificationTarget::checked)
                .transpose()?,
            command: $sent
                .lifecycle_command
                .map(LifecycleCommand::checked)
                .transpose()?,
        })
    }};
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HookCreated {
    lifecycle_hook_id: String,
}

impl Action<Ctx> for CreateLifecycleHook {
    const NAME: &'static str = "CreateLifecycleHook";
    type Response = HookCreated;

    async fn run(self, ctx: &Ctx) -> Result<HookCreated, Fault> {
        let spec = spec!(self, ctx);
        let command = GroupCommand::Hook(HookChange::Create(spec));
        let Created::Hook(hook) = ctx.on_group(&self.auto_scaling_group_id, command).await? else {
            return Err(Fault::made_nothing());
        };
        Ok(HookCreated {
            lifecycle_hook_id: hook.to_string(),
        })
    }
}

impl Action<Ctx> for UpgradeLifecycleHook {
    const NAME: &'static str = "UpgradeLifecycleHook";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let id = hook_id(&self.lifecycle_hook_id, ctx)?;
        let spec = spec!(self, ctx);
        on_hook(ctx, id, HookChange::Upgrade { id, spec }).await
    }
}

/// ModifyLifecycleHook: what is not given stays (rule H7).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyLifecycleHook {
    lifecycle_hook_id: String,
    lifecycle_hook_name: Option<String>,
    lifecycle_transition: Option<HookTransition>,
    default_result: Option<HookResult>,
    heartbeat_timeout: Option<i64>,
    notification_metadata: Option<String>,
    lifecycle_transition_type: Option<HookTransitionType>,
    notification_target: Option<NotificationTarget>,
    lifecycle_command: Option<LifecycleCommand>,
}

impl Action<Ctx> for ModifyLifecycleHook {
    const NAME: &'static str = "ModifyLifecycleHook";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let id = hook_id(&self.lifecycle_hook_id, ctx)?;
        if let Some(name) = &self.lifecycle_hook_name {
            check_name(name, ctx)?;
        }
        // What is written back as it was shown may be another door's, and out of this one's range.
        let own = stored_timeout(ctx, id).await?;
        let secs = self.heartbeat_timeout.map(|secs| match own {
            Some(own) if secs == i64::from(own) => Ok(own),
            Some(_) | None => timeout(secs, ctx),
        });
        check_metadata(self.notification_metadata.as_deref().unwrap_or_default())?;
        check_conflict(
            self.lifecycle_command.is_some(),
            self.notification_target.is_some(),
            self.notification_metadata.as_deref(),
            ctx,
        )?;
        let patch = Box::new(HookPatch {
            name: self.lifecycle_hook_name,
            transition: self.lifecycle_transition.map(Into::into),
            default_result: self.default_result.map(Into::into),
            timeout_secs: secs.transpose()?,
            extended: self
                .lifecycle_transition_type
                .map(HookTransitionType::is_extended),
            metadata: self.notification_metadata,
            target: self
                .notification_target
                .map(NotificationTarget::checked)
                .transpose()?,
            command: self
                .lifecycle_command
                .map(LifecycleCommand::checked)
                .transpose()?,
        });
        on_hook(ctx, id, HookChange::Modify { id, patch }).await
    }
}
