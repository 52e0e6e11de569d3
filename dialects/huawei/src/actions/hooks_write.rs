//! Lifecycle hooks: made, changed, deleted, answered.

use muster_kit::action::Action;
use muster_model::{
    Error, GroupCommand, GroupView, HookChange, HookId, HookPatch, HookSpec, HookVerdict,
    HookWaiter, InstanceId, NotificationTarget,
};
use serde::Deserialize;

use super::Empty;
use super::hooks::{ShownHook, named};
use super::notifications::URN;
use crate::checks::{self, filled};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::is_urn;
use crate::words::{CallbackResult, HookResult, HookType};

/// Hooks of a group at the most (L3686).
const HOOKS: usize = 5;
/// Seconds that EXTEND adds (L4084).
const EXTEND_SECS: u32 = 3600;

/// CreateLifeCycleHook.
#[derive(Deserialize)]
pub(crate) struct CreateLifeCycleHook {
    scaling_group_id: String,
    lifecycle_hook_name: Option<String>,
    lifecycle_hook_type: Option<String>,
    default_result: Option<String>,
    default_timeout: Option<i64>,
    notification_topic_urn: Option<String>,
    notification_metadata: Option<String>,
}

fn timeout(value: i64) -> Result<u32, Fault> {
    checks::number("AS.7030", "default_timeout", value, 60, 86_400)
}

fn metadata(text: &str) -> Result<(), Fault> {
    let name = "notification_metadata";
    let chars = text.chars().count();
    if chars > 256 {
        return Err(Fault::new(
            "AS.7035",
            format!("`{name}` has {chars} characters."),
        ));
    }
    match text.contains(['<', '>', '&', '\'', '(', ')']) {
        true => Err(Fault::value(
            "AS.7055",
            name,
            text,
            "none of < > & ' ( ) is right",
        )),
        false => Ok(()),
    }
}

fn topic(urn: &str) -> Result<NotificationTarget, Fault> {
    match is_urn(urn) {
        true => Ok(NotificationTarget::Topic {
            kind: URN.to_owned(),
            name: urn.to_owned(),
        }),
        false => {
            let wanted = "urn:smn:<region>:<project>:<name> is right";
            Err(Fault::value(
                "AS.7043",
                "notification_topic_urn",
                urn,
                wanted,
            ))
        }
    }
}

fn hook_name(text: Option<String>) -> Result<String, Fault> {
    let text = filled(text).ok_or_else(|| Fault::missing("AS.7032", "lifecycle_hook_name"))?;
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    match text.len() <= 32 && text.bytes().all(good) {
        true => Ok(text),
        false => {
            let wanted = "1 to 32 letters, digits, _ and - are right";
            Err(Fault::value("AS.7031", "lifecycle_hook_name", text, wanted))
        }
    }
}

/// Hooks stay as they are while the group scales (rule H7).
fn check_idle(view: &GroupView, ctx: &Ctx) -> Result<(), Fault> {
    match view.group.busy {
        Some(activity) => Err(ctx.refused(&Error::Busy { activity })),
        None => Ok(()),
    }
}

async fn change(view: &GroupView, change: HookChange, ctx: &Ctx) -> Result<(), Fault> {
    ctx.change(view.group.id, GroupCommand::Hook(change))
        .await
        .map(|_| ())
}

/// The hook as it is now.
async fn shown(group: &str, name: &str, ctx: &Ctx) -> Result<ShownHook, Fault> {
    let view = ctx.staying(group).await?;
    Ok(ShownHook::new(&*named(&view, name)?))
}

impl Action<Ctx> for CreateLifeCycleHook {
    const NAME: &'static str = "CreateLifeCycleHook";
    type Response = ShownHook;

    async fn run(self, ctx: &Ctx) -> Result<ShownHook, Fault> {
        let name = hook_name(self.lifecycle_hook_name)?;
        let kind = filled(self.lifecycle_hook_type);
        let kind = kind.ok_or_else(|| Fault::missing("AS.7037", "lifecycle_hook_type"))?;
        let kind: HookType = checks::word("AS.7033", "lifecycle_hook_type", &kind)?;
        let result = self.default_result.as_ref();
        let result = checks::word_if_given("AS.7034", "default_result", result)?;
        let urn = filled(self.notification_topic_urn);
        let urn = urn.ok_or_else(|| Fault::missing("AS.7043", "notification_topic_urn"))?;
        let metadata_text = self.notification_metadata.unwrap_or_default();
        metadata(&metadata_text)?;
        let spec = HookSpec {
            name: name.clone(),
            transition: kind.into(),
            default_result: result.unwrap_or(HookResult::Abandon).into(),
            timeout_secs: timeout(self.default_timeout.unwrap_or(3600))?,
            extended: true,
            metadata: metadata_text,
            target: Some(topic(&urn)?),
            command: None,
        };
        let view = ctx.staying(&self.scaling_group_id).await?;
        check_idle(&view, ctx)?;
        if view.parts.hooks.len() >= HOOKS {
            return Err(Fault::new("AS.7038", format!("There may be {HOOKS}.")));
        }
        change(&view, HookChange::Create(Box::new(spec)), ctx).await?;
        shown(&self.scaling_group_id, &name, ctx).await
    }
}

/// UpdateLifeCycleHook: what is not given stays.
#[derive(Deserialize)]
pub(crate) struct UpdateLifeCycleHook {
    scaling_group_id: String,
    lifecycle_hook_name: String,
    lifecycle_hook_type: Option<String>,
    default_result: Option<String>,
    default_timeout: Option<i64>,
    notification_topic_urn: Option<String>,
    notification_metadata: Option<String>,
}

impl UpdateLifeCycleHook {
    /// Whether the body names nothing of a hook.
    fn says_nothing(&self) -> bool {
        let texts = [
            &self.lifecycle_hook_type,
            &self.default_result,
            &self.notification_topic_urn,
            &self.notification_metadata,
        ];
        self.default_timeout.is_none() && texts.iter().all(|text| text.is_none())
    }
}

impl Action<Ctx> for UpdateLifeCycleHook {
    const NAME: &'static str = "UpdateLifeCycleHook";
    type Response = ShownHook;

    async fn run(self, ctx: &Ctx) -> Result<ShownHook, Fault> {
        if self.says_nothing() {
            return Err(Fault::new("AS.7036", "Nothing of it is to be changed."));
        }
        let kind = filled(self.lifecycle_hook_type);
        let kind: Option<HookType> =
            checks::word_if_given("AS.7033", "lifecycle_hook_type", kind.as_ref())?;
        let result = filled(self.default_result);
        let result: Option<HookResult> =
            checks::word_if_given("AS.7034", "default_result", result.as_ref())?;
        let target = filled(self.notification_topic_urn)
            .map(|urn| topic(&urn))
            .transpose()?;
        let view = ctx.staying(&self.scaling_group_id).await?;
        let hook = named(&view, &self.lifecycle_hook_name)?;
        // What is written back as it was shown may be another door's.
        let text = self.notification_metadata.as_ref();
        text.filter(|text| **text != hook.metadata)
            .map_or(Ok(()), |text| metadata(text))?;
        let secs = self.default_timeout.map(|secs| match hook.timeout_secs {
            own if secs == i64::from(own) => Ok(own),
            _ => timeout(secs),
        });
        let patch = HookPatch {
            transition: kind.map(Into::into),
            default_result: result.map(Into::into),
            timeout_secs: secs.transpose()?,
            metadata: self.notification_metadata,
            target,
            ..HookPatch::default()
        };
        check_idle(&view, ctx)?;
        let modify = HookChange::Modify {
            id: hook.id,
            patch: Box::new(patch),
        };
        change(&view, modify, ctx).await?;
        shown(&self.scaling_group_id, &self.lifecycle_hook_name, ctx).await
    }
}

/// DeleteLifecycleHook.
#[derive(Deserialize)]
pub(crate) struct DeleteLifecycleHook {
    scaling_group_id: String,
    lifecycle_hook_name: String,
}

impl Action<Ctx> for DeleteLifecycleHook {
    const NAME: &'static str = "DeleteLifecycleHook";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let view = ctx.staying(&self.scaling_group_id).await?;
        let hook = named(&view, &self.lifecycle_hook_name)?;
        check_idle(&view, ctx)?;
        change(&view, HookChange::Delete { id: hook.id }, ctx).await?;
        Ok(Empty {})
    }
}

/// CallbackInstanceLifeCycleHook.
#[derive(Deserialize)]
pub(crate) struct CallbackInstanceLifeCycleHook {
    scaling_group_id: String,
    lifecycle_action_key: Option<String>,
    instance_id: Option<String>,
    lifecycle_hook_name: Option<String>,
    lifecycle_action_result: Option<String>,
}

impl CallbackInstanceLifeCycleHook {
    /// Which hook lets go of whom: the key counts more than a name (rule H6).
    fn meant(&self, view: &GroupView) -> Result<(HookId, HookWaiter), Fault> {
        if let Some(key) = filled(self.lifecycle_action_key.clone()) {
            let members = view.instances.values();
            let mut waits = members.flat_map(|member| &member.hooks);
            // The engine compares the key again, in constant time.
            let wait = waits.find(|wait| wait.token == key);
            let absent = || Fault::new("AS.7042", format!("`lifecycle_action_key` is `{key}`."));
            let wait = wait.ok_or_else(absent)?;
            return Ok((wait.hook, HookWaiter::Token(key)));
        }
        let given = (
            filled(self.instance_id.clone()),
            filled(self.lifecycle_hook_name.clone()),
        );
        let (Some(instance), Some(name)) = given else {
            return Err(Fault::missing("AS.7040", "lifecycle_action_key"));
        };
        let absent = || {
            let detail =
                format!("`instance_id` is `{instance}`, `lifecycle_hook_name` is `{name}`.");
            Fault::new("AS.7042", detail)
        };
        let id = InstanceId::parse_uuid(&instance).map_err(|_| absent())?;
        let hook = named(view, &name).map_err(|_| absent())?;
        Ok((hook.id, HookWaiter::Instance(id)))
    }
}

impl Action<Ctx> for CallbackInstanceLifeCycleHook {
    const NAME: &'static str = "CallbackInstanceLifeCycleHook";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let result = filled(self.lifecycle_action_result.clone());
        let result = result.ok_or_else(|| Fault::missing("AS.7039", "lifecycle_action_result"))?;
        let result: CallbackResult = checks::word("AS.7034", "lifecycle_action_result", &result)?;
        let view = ctx.view(&self.scaling_group_id).await?;
        let (id, who) = self.meant(&view)?;
        let complete = |verdict| HookChange::Complete {
            id,
            who: who.clone(),
            verdict,
        };
        let answer = match result {
            CallbackResult::Continue => complete(HookVerdict::Continue),
            CallbackResult::Abandon => complete(HookVerdict::Abandon),
            CallbackResult::Extend => HookChange::Extend {
                id,
                who: who.clone(),
                secs: EXTEND_SECS,
            },
        };
        change(&view, answer, ctx).await?;
        Ok(Empty {})
    }
}
