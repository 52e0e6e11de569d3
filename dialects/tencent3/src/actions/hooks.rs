//! Lifecycle hooks (rules H1-H7).

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_kit::action::Action;
use muster_kit::time::format_utc;
use muster_model::{
    Command, GroupCommand, Hook, HookChange, HookCommand, HookId, HookWaiter, InstanceId, Tag,
};
use serde::{Deserialize, Serialize};

use super::{Empty, Selection, SentFilter, exact, page};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::words::{HookResult, HookTransition, HookTransitionType};

/// Kinds of targets that are queues; the last is in examples only (L25881).
const QUEUES: [&str; 3] = ["CMQ_QUEUE", "TDMQ_CMQ_QUEUE", "TDMQ_QUEUE"];
/// Kinds of targets that are topics; the last is in examples only (L25802).
const TOPICS: [&str; 3] = ["CMQ_TOPIC", "TDMQ_CMQ_TOPIC", "TDMQ_TOPIC"];
/// Parameters of a command (rule H2).
const MAX_PARAMETERS: usize = 20;

/// NotificationTarget.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NotificationTarget {
    target_type: String,
    queue_name: Option<String>,
    topic_name: Option<String>,
}

impl NotificationTarget {
    pub(super) fn checked(self) -> Result<muster_model::NotificationTarget, Fault> {
        let kind = self.target_type;
        let name = |parameter: &str, name: Option<String>| {
            name.filter(|name| !name.is_empty()).ok_or_else(|| {
                Fault::value(
                    "NotificationTarget.TargetType",
                    &kind,
                    &format!("it needs `NotificationTarget.{parameter}`"),
                )
            })
        };
        if QUEUES.contains(&kind.as_str()) {
            let name = name("QueueName", self.queue_name)?;
            return Ok(muster_model::NotificationTarget::Queue { kind, name });
        }
        if TOPICS.contains(&kind.as_str()) {
            let name = name("TopicName", self.topic_name)?;
            return Ok(muster_model::NotificationTarget::Topic { kind, name });
        }
        Err(Fault::value(
            "NotificationTarget.TargetType",
            &kind,
            "CMQ_QUEUE, CMQ_TOPIC, TDMQ_CMQ_QUEUE or TDMQ_CMQ_TOPIC",
        ))
    }
}

impl From<&muster_model::NotificationTarget> for NotificationTarget {
    fn from(target: &muster_model::NotificationTarget) -> Self {
        let (kind, queue, topic) = match target {
            muster_model::NotificationTarget::UserGroups(groups) => {
                ("", String::new(), groups.join(","))
            }
            muster_model::NotificationTarget::Queue { kind, name } => {
                (kind.as_str(), name.clone(), String::new())
            }
            muster_model::NotificationTarget::Topic { kind, name } => {
                (kind.as_str(), String::new(), name.clone())
            }
        };
        NotificationTarget {
            target_type: kind.to_owned(),
            queue_name: Some(queue),
            topic_name: Some(topic),
        }
    }
}

/// LifecycleCommand.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LifecycleCommand {
    command_id: String,
    parameters: Option<String>,
}

impl LifecycleCommand {
    pub(super) fn checked(self) -> Result<HookCommand, Fault> {
        checks::text_id(
            "InvalidParameterValue",
            "LifecycleCommand.CommandId",
            &self.command_id,
            "cmd-",
        )?;
        let text = self.parameters.unwrap_or_default();
        let wrong = || {
            Fault::value(
                "LifecycleCommand.Parameters",
                &text,
                "JSON text of at most 20 pairs of strings, keys of 1 to 64 letters, digits, `-` and `_`",
            )
        };
        let pairs: BTreeMap<String, String> = match text.is_empty() {
            true => BTreeMap::new(),
            false => serde_json::from_str(&text).map_err(|_| wrong())?,
        };
        let good = |key: &String| {
            (1..=64).contains(&key.len())
                && key
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        if pairs.len() > MAX_PARAMETERS || !pairs.keys().all(good) {
            return Err(wrong());
        }
        Ok(HookCommand {
            command: self.command_id,
            parameters: pairs
                .into_iter()
                .map(|(key, value)| Tag { key, value })
                .collect(),
        })
    }
}

impl From<&HookCommand> for LifecycleCommand {
    fn from(command: &HookCommand) -> Self {
        let pairs: serde_json::Map<_, _> = command
            .parameters
            .iter()
            .map(|pair| (pair.key.clone(), pair.value.clone().into()))
            .collect();
        LifecycleCommand {
            command_id: command.command.clone(),
            parameters: Some(match pairs.is_empty() {
                true => String::new(),
                false => serde_json::Value::Object(pairs).to_string(),
            }),
        }
    }
}

/// The hook to work on. Modify lists no code for a malformed id: such a hook does not exist.
pub(super) fn hook_id(value: &str, ctx: &Ctx) -> Result<HookId, Fault> {
    if !HookId::is_well_formed(value) {
        let code = match ctx.action {
            "ModifyLifecycleHook" => "ResourceNotFound.LifecycleHookNotFound",
            _ => "InvalidParameterValue.InvalidLifecycleHookId",
        };
        return Err(checks::bad_id(code, "LifecycleHookId", value, "ash-"));
    }
    HookId::parse(value).map_err(|_| absent(value, ctx))
}

fn absent(id: &str, ctx: &Ctx) -> Fault {
    ctx.refused(&muster_model::Error::NotFound {
        kind: muster_model::ResourceKind::Hook,
        id: id.to_owned(),
    })
}

/// Does something with a hook, in the group that has it.
pub(super) async fn on_hook(ctx: &Ctx, hook: HookId, change: HookChange) -> Result<Empty, Fault> {
    let views = ctx.api.views(&ctx.caller).await;
    let views = views.map_err(|error| ctx.refused(&error))?;
    // One that is not bound (API of 2017) is not known here; what waits for it can be answered.
    let answers = matches!(change, HookChange::Complete { .. });
    let known = |one: &Arc<Hook>| one.active || answers;
    let group = views
        .iter()
        .find(|view| view.parts.hooks.get(&hook).is_some_and(known))
        .map(|view| view.group.id)
        .ok_or_else(|| absent(&hook.to_string(), ctx))?;
    ctx.execute(Command::Group {
        id: group,
        command: GroupCommand::Hook(change),
    })
    .await?;
    Ok(Empty {})
}

/// DeleteLifecycleHook.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteLifecycleHook {
    lifecycle_hook_id: String,
}

impl Action<Ctx> for DeleteLifecycleHook {
    const NAME: &'static str = "DeleteLifecycleHook";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let id = hook_id(&self.lifecycle_hook_id, ctx)?;
        on_hook(ctx, id, HookChange::Delete { id }).await
    }
}

/// CompleteLifecycleAction.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CompleteLifecycleAction {
    lifecycle_hook_id: String,
    lifecycle_action_result: HookResult,
    instance_id: Option<String>,
    lifecycle_action_token: Option<String>,
}

/// Whom a verdict is for: one of both has to be there (rule H5).
fn waiter(instance: Option<String>, token: Option<String>) -> Result<HookWaiter, Fault> {
    let given = |text: &String| !text.is_empty();
    match (instance.filter(given), token.filter(given)) {
        (Some(_), Some(_)) => Err(Fault::new(
            "InvalidParameter.Conflict",
            "The parameters `InstanceId` and `LifecycleActionToken` cannot be given together.",
        )),
        (None, None) => Err(Fault::new(
            "InvalidParameter.MustOneParameter",
            "One of the parameters `InstanceId` and `LifecycleActionToken` must be given.",
        )),
        (None, Some(token)) => Ok(HookWaiter::Token(token)),
        (Some(instance), None) => {
            if !InstanceId::is_well_formed(&instance) {
                return Err(checks::bad_id(
                    "InvalidParameterValue.InvalidInstanceId",
                    "InstanceId",
                    &instance,
                    "ins-",
                ));
            }
            InstanceId::parse(&instance)
                .map(HookWaiter::Instance)
                .map_err(|_| {
                    Fault::new(
                        "ResourceNotFound.LifecycleHookInstanceNotFound",
                        format!("The instance `{instance}` does not wait for the lifecycle hook."),
                    )
                })
        }
    }
}

impl Action<Ctx> for CompleteLifecycleAction {
    const NAME: &'static str = "CompleteLifecycleAction";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let id = hook_id(&self.lifecycle_hook_id, ctx)?;
        let who = waiter(self.instance_id, self.lifecycle_action_token)?;
        let verdict = self.lifecycle_action_result.into();
        on_hook(ctx, id, HookChange::Complete { id, who, verdict }).await
    }
}

/// DescribeLifecycleHooks.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeLifecycleHooks {
    lifecycle_hook_ids: Option<Vec<String>>,
    filters: Option<Vec<SentFilter>>,
    limit: Option<i64>,
    offset: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Hooks {
    total_count: usize,
    lifecycle_hook_set: Vec<LifecycleHook>,
}

/// LifecycleHook.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LifecycleHook {
    lifecycle_hook_id: String,
    lifecycle_hook_name: String,
    auto_scaling_group_id: String,
    default_result: HookResult,
    heartbeat_timeout: u32,
    lifecycle_transition: HookTransition,
    notification_metadata: String,
    created_time: String,
    notification_target: Option<NotificationTarget>,
    lifecycle_transition_type: HookTransitionType,
    lifecycle_command: Option<LifecycleCommand>,
}

impl From<&Hook> for LifecycleHook {
    fn from(hook: &Hook) -> Self {
        LifecycleHook {
            lifecycle_hook_id: hook.id.to_string(),
            lifecycle_hook_name: hook.name.clone(),
            auto_scaling_group_id: hook.group.to_string(),
            default_result: hook.default_result.into(),
            heartbeat_timeout: hook.timeout_secs,
            lifecycle_transition: hook.transition.into(),
            notification_metadata: hook.metadata.clone(),
            created_time: format_utc(hook.created_at.0),
            notification_target: hook.target.as_ref().map(Into::into),
            lifecycle_transition_type: match hook.extended {
                true => HookTransitionType::Extension,
                false => HookTransitionType::Normal,
            },
            lifecycle_command: hook.command.as_ref().map(Into::into),
        }
    }
}

const SELECTION: Selection = Selection {
    names: &[
        exact("lifecycle-hook-id"),
        exact("lifecycle-hook-name"),
        exact("auto-scaling-group-id"),
    ],
    ids: "LifecycleHookIds",
    conflict: "InvalidParameter.Conflict",
    too_many: "InvalidParameter",
    unknown: "InvalidParameterValue.InvalidFilter",
};

fn check_ids(ids: &[String]) -> Result<(), Fault> {
    match ids.iter().find(|id| !HookId::is_well_formed(id)) {
        None => Ok(()),
        Some(id) => Err(checks::bad_id(
            "InvalidParameterValue.InvalidLifecycleHookId",
            "LifecycleHookIds",
            id,
            "ash-",
        )),
    }
}

impl Action<Ctx> for DescribeLifecycleHooks {
    const NAME: &'static str = "DescribeLifecycleHooks";
    type Response = Hooks;

    async fn run(self, ctx: &Ctx) -> Result<Hooks, Fault> {
        let page = page(self.offset, self.limit)?;
        let sent = SELECTION.check(self.lifecycle_hook_ids.as_ref(), self.filters)?;
        let ids = self.lifecycle_hook_ids.unwrap_or_default();
        check_ids(&ids)?;
        for filter in &sent {
            match filter.name {
                "auto-scaling-group-id" => {
                    checks::group_ids(&filter.values)?;
                }
                "lifecycle-hook-id" => check_ids(&filter.values)?,
                _ => {}
            }
        }
        let views = ctx.api.views(&ctx.caller).await;
        let mut found: Vec<Arc<Hook>> = views
            .map_err(|error| ctx.refused(&error))?
            .iter()
            .flat_map(|view| view.parts.hooks.values().cloned())
            // One that is not bound (API of 2017) does not act, and is not shown.
            .filter(|hook| hook.active)
            .filter(|hook| ids.is_empty() || ids.contains(&hook.id.to_string()))
            .filter(|hook| {
                sent.iter().all(|filter| {
                    let shown = match filter.name {
                        "auto-scaling-group-id" => hook.group.to_string(),
                        "lifecycle-hook-name" => hook.name.clone(),
                        _ => hook.id.to_string(),
                    };
                    filter.values.contains(&shown)
                })
            })
            .collect();
        found.sort_by_key(|hook| (hook.created_at, hook.ordinal, hook.id));
        let shown = found.iter().skip(page.offset).take(page.limit);
        Ok(Hooks {
            total_count: found.len(),
            lifecycle_hook_set: shown.map(|hook| LifecycleHook::from(&**hook)).collect(),
        })
    }
}
