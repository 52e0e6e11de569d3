//! Notifications: which activities are told of, and to which groups of users.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_kit::decode::{Many, One};
use muster_model::{
    Created, GroupCommand, GroupView, Notification, NotificationCommand, NotificationId,
    NotificationScenes, NotificationSpec, NotificationTarget, ResourceKind,
};
use serde::{Deserialize, Serialize};

use super::{EMPTY, Empty};
use crate::checks;
use crate::context::Ctx;
use crate::fault::{Class, Fault};

const WRONG_TYPE: &str = "InvalidParameter.NotifyType";
const WRONG_ID: &str = "InvalidParameter.NotifyId";
const WRONG_GROUP: &str = "InvalidParameter.GroupId";

/// The switches of the types 1 to 6 (L3179), in their order.
fn switches(scenes: &mut NotificationScenes) -> [&mut bool; 6] {
    let NotificationScenes {
        scale_out_ok,
        scale_out_failed,
        scale_in_ok,
        scale_in_failed,
        replace_ok,
        replace_failed,
        // Only Huawei has a word for this.
        group_abnormal: _,
    } = scenes;
    [
        scale_out_ok,
        scale_out_failed,
        scale_in_ok,
        scale_in_failed,
        replace_ok,
        replace_failed,
    ]
}

/// The types that are given, over what this door has no word for.
fn scenes(types: &Many, old: NotificationScenes) -> Result<NotificationScenes, Fault> {
    let mut scenes = NotificationScenes {
        group_abnormal: old.group_abnormal,
        ..NotificationScenes::default()
    };
    for text in &types.0 {
        let number = text.trim().parse::<usize>().unwrap_or(0);
        let mut all = switches(&mut scenes);
        match number.checked_sub(1).and_then(|at| all.get_mut(at)) {
            Some(switch) => **switch = true,
            None => {
                let start: String = text.chars().take(64).collect();
                return Err(Fault::coded(
                    WRONG_TYPE,
                    "notificationTypes",
                    &start,
                    "1 to 6",
                ));
            }
        }
    }
    Ok(scenes)
}

fn shown(mut scenes: NotificationScenes) -> Vec<usize> {
    let all = switches(&mut scenes).into_iter().enumerate();
    all.filter(|(_, switch)| **switch)
        .map(|(at, _)| at + 1)
        .collect()
}

fn target(given: Many) -> Result<NotificationTarget, Fault> {
    checks::receivers("receiversIds", &given.0, checks::MOST_NAMED, WRONG_GROUP)?;
    Ok(NotificationTarget::UserGroups(given.0))
}

/// The notifications of a group, oldest first.
fn all(view: &GroupView) -> Vec<Arc<Notification>> {
    let mut found: Vec<Arc<Notification>> = view.parts.notifications.values().cloned().collect();
    found.sort_by_key(|one| (one.created_at, one.ordinal, one.id));
    found
}

/// The notification of a group that is named.
fn named(
    view: &GroupView,
    (parameter, id): (&str, &str),
    ctx: &Ctx,
) -> Result<Arc<Notification>, Fault> {
    let kind = ResourceKind::Notification;
    let key: NotificationId = checks::id(parameter, id, kind, ctx)?;
    let found = view.parts.notifications.get(&key).cloned();
    found.ok_or_else(|| ctx.absent(kind, id))
}

/// CreateScalingNotification. The name is of the command line (difference U06).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateScalingNotification {
    scaling_group_id: Option<One>,
    notification_types: Option<Many>,
    receivers_ids: Option<Many>,
    notification_name: Option<String>,
}

/// The id of a new notification.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedNotification {
    notification_id: String,
}

impl Action<Ctx> for CreateScalingNotification {
    const NAME: &'static str = "CreateScalingNotification";
    type Response = CreatedNotification;

    async fn run(self, ctx: &Ctx) -> Result<CreatedNotification, Fault> {
        let types = checks::needed_as(WRONG_TYPE, "notificationTypes", self.notification_types)?;
        let receivers = checks::needed_as(WRONG_GROUP, "receiversIds", self.receivers_ids)?;
        let spec = NotificationSpec {
            scenes: scenes(&types, NotificationScenes::default())?,
            target: Some(target(receivers)?),
        };
        if let Some(name) = &self.notification_name {
            checks::name("notificationName", name)?;
        }
        let group = ctx.group(self.scaling_group_id.as_ref()).await?.group.id;
        let command = NotificationCommand::Create(Box::new(spec));
        let created = ctx
            .on_group(group, GroupCommand::Notification(command))
            .await?;
        let Created::Notification(id) = created else {
            return Err(Fault::internal());
        };
        if let Some(name) = self.notification_name {
            let command = NotificationCommand::Rename { id, name };
            ctx.on_group(group, GroupCommand::Notification(command))
                .await?;
        }
        Ok(CreatedNotification {
            notification_id: id.to_string(),
        })
    }
}

/// DescribeScalingNotification (contradiction T12).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeScalingNotification {
    scaling_group_id: Option<One>,
    notification_ids: Option<Many>,
    notification_name: Option<String>,
    offset: Option<i64>,
    limit: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notifications {
    total_count: usize,
    scaling_notification_set: Vec<ScalingNotification>,
}

/// Notification.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScalingNotification {
    notification_id: String,
    auto_scaling_group_id: String,
    notification_name: String,
    notification_types: Vec<usize>,
    receivers_ids: Vec<String>,
}

impl From<&Notification> for ScalingNotification {
    fn from(one: &Notification) -> Self {
        ScalingNotification {
            notification_id: one.id.to_string(),
            auto_scaling_group_id: one.group.to_string(),
            notification_name: one.name.clone().unwrap_or_default(),
            notification_types: shown(one.scenes),
            receivers_ids: match &one.target {
                Some(NotificationTarget::UserGroups(groups)) => groups.clone(),
                Some(NotificationTarget::Queue { .. } | NotificationTarget::Topic { .. })
                | None => Vec::new(),
            },
        }
    }
}

impl Action<Ctx> for DescribeScalingNotification {
    const NAME: &'static str = "DescribeScalingNotification";
    type Response = Notifications;

    async fn run(self, ctx: &Ctx) -> Result<Notifications, Fault> {
        let page = checks::page(self.offset, self.limit)?;
        let ids = self.notification_ids;
        let ids = ids.map(|ids| checks::ids("notificationIds", &ids.0, checks::MOST_NAMED));
        let ids: Option<Vec<NotificationId>> = ids.transpose()?;
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let mut found = all(&view);
        found.retain(|one| {
            let (wanted, own) = (self.notification_name.as_ref(), one.name.as_ref());
            let called = |wanted: &String| own == Some(wanted);
            ids.as_ref().is_none_or(|ids| ids.contains(&one.id)) && wanted.is_none_or(called)
        });
        Ok(Notifications {
            total_count: found.len(),
            scaling_notification_set: checks::cut(found, page)
                .iter()
                .map(|one| (&**one).into())
                .collect(),
        })
    }
}

/// ModifyScalingNotification: what is left out stays; something has to be given.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModifyScalingNotification {
    scaling_group_id: Option<One>,
    notification_id: Option<One>,
    notification_types: Option<Many>,
    receivers_ids: Option<Many>,
    notification_name: Option<String>,
}

impl Action<Ctx> for ModifyScalingNotification {
    const NAME: &'static str = "ModifyScalingNotification";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let given = checks::needed_as(WRONG_ID, "notificationId", self.notification_id)?;
        let old = named(&view, ("notificationId", &given.0), ctx)?;
        let types = self.notification_types;
        let (receivers, name) = (self.receivers_ids, self.notification_name);
        if types.is_none() && receivers.is_none() && name.is_none() {
            let text = "one of `notificationTypes` and `receiversIds` has to be given";
            let desc = "InvalidParameter.NotifyPara";
            return Err(Fault::new(Class::Parameter, desc, text));
        }
        let mut commands = Vec::new();
        if types.is_some() || receivers.is_some() {
            let types = types.map(|types| scenes(&types, old.scenes));
            commands.push(NotificationCommand::Modify {
                id: old.id,
                scenes: types.transpose()?,
                target: receivers.map(target).transpose()?,
            });
        }
        if let Some(name) = name {
            checks::name("notificationName", &name)?;
            commands.push(NotificationCommand::Rename { id: old.id, name });
        }
        let commands = commands.into_iter().map(GroupCommand::Notification);
        ctx.all_on(view.group.id, commands.collect()).await?;
        Ok(EMPTY)
    }
}

/// DeleteScalingNotification: several at once, all of them or none.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteScalingNotification {
    scaling_group_id: Option<One>,
    notification_ids: Option<Many>,
}

impl Action<Ctx> for DeleteScalingNotification {
    const NAME: &'static str = "DeleteScalingNotification";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let ids = self.notification_ids.filter(|ids| !ids.0.is_empty());
        let mut ids = checks::needed_as(WRONG_ID, "notificationIds", ids)?.0;
        checks::at_most("notificationIds", &ids, checks::MOST_NAMED)?;
        ids.sort_unstable();
        ids.dedup();
        let view = ctx.view(self.scaling_group_id.as_ref()).await?;
        let mut commands = Vec::with_capacity(ids.len());
        for id in &ids {
            let id = named(&view, ("notificationIds", id), ctx)?.id;
            commands.push(GroupCommand::Notification(NotificationCommand::Delete {
                id,
            }));
        }
        ctx.all_on(view.group.id, commands).await?;
        Ok(EMPTY)
    }
}
