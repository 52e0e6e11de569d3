//! Notifications: which activities are told of. There are no receivers at this door, one notification of a group, and no
//! action that deletes it: one without types tells of nothing.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Created, GroupCommand, GroupView, Notification, NotificationCommand, NotificationId,
    NotificationScenes, NotificationSpec, ResourceKind,
};
use serde::{Deserialize, Serialize};

use super::{DONE, Done};
use crate::checks::{self, Many, One};
use crate::codes;
use crate::context::Ctx;
use crate::fault::Fault;

/// The switches of the types 1 to 6 (L2375), in their order.
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
fn scenes(types: &[String], old: NotificationScenes) -> Result<NotificationScenes, Fault> {
    let mut scenes = NotificationScenes {
        group_abnormal: old.group_abnormal,
        ..NotificationScenes::default()
    };
    for text in types.iter().flat_map(|text| text.split(',')) {
        let number = text.trim().parse::<usize>().unwrap_or(0);
        let mut all = switches(&mut scenes);
        match number.checked_sub(1).and_then(|at| all.get_mut(at)) {
            Some(switch) => **switch = true,
            None => return Err(Fault::value("NotificationType", text, "1 to 6")),
        }
    }
    Ok(scenes)
}

fn shown(mut scenes: NotificationScenes) -> Vec<String> {
    let all = switches(&mut scenes).into_iter().enumerate();
    all.filter(|(_, switch)| **switch)
        .map(|(at, _)| (at + 1).to_string())
        .collect()
}

/// The notifications of a group, oldest first.
fn all(view: &GroupView) -> Vec<Arc<Notification>> {
    let mut found: Vec<Arc<Notification>> = view.parts.notifications.values().cloned().collect();
    found.sort_by_key(|one| (one.created_at, one.ordinal, one.id));
    found
}

/// CreateScalingNotification.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateScalingNotification {
    scaling_group_id: One,
    notification_type: Many,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedNotification {
    scaling_notification_id: String,
}

impl Action<Ctx> for CreateScalingNotification {
    const NAME: &'static str = "CreateScalingNotification";
    type Response = CreatedNotification;

    async fn run(self, ctx: &Ctx) -> Result<CreatedNotification, Fault> {
        let scenes = scenes(&self.notification_type.0, NotificationScenes::default())?;
        let view = ctx.view(&self.scaling_group_id).await?;
        // Those of other doors have receivers.
        let own = all(&view).into_iter().find(|one| one.target.is_none());
        let (command, there) = match own {
            Some(old) if shown(old.scenes).is_empty() => {
                let scenes = NotificationScenes {
                    group_abnormal: old.scenes.group_abnormal,
                    ..scenes
                };
                let command = NotificationCommand::Modify {
                    id: old.id,
                    scenes: Some(scenes),
                    target: None,
                };
                (command, Some(old.id))
            }
            Some(_) => return Err(codes::used_up("1 notifications")),
            None => {
                let spec = NotificationSpec {
                    scenes,
                    target: None,
                };
                (NotificationCommand::Create(Box::new(spec)), None)
            }
        };
        let command = GroupCommand::Notification(command);
        let created = ctx.on_group(view.group.id, command).await?;
        let id = match (created, there) {
            (_, Some(id)) | (Created::Notification(id), None) => id,
            (_, None) => return Err(Fault::unavailable()),
        };
        Ok(CreatedNotification {
            scaling_notification_id: id.decimal(),
        })
    }
}

/// DescribeScalingNotification.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeScalingNotification {
    scaling_group_id: One,
    scaling_notification_id: Option<Many>,
    marker: Option<i64>,
    max_results: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Notifications {
    scaling_notification_count: usize,
    scaling_notification_set: Vec<ScalingNotification>,
}

/// ScalingNotification.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScalingNotification {
    scaling_notification_id: String,
    scaling_group_id: String,
    scaling_notification_types: Vec<String>,
}

impl Action<Ctx> for DescribeScalingNotification {
    const NAME: &'static str = "DescribeScalingNotification";
    type Response = Notifications;

    async fn run(self, ctx: &Ctx) -> Result<Notifications, Fault> {
        let page = checks::page(self.marker, self.max_results, checks::PAGES, ctx)?;
        let ids = self.scaling_notification_id;
        let ids = ids.map(|ids| checks::ids("ScalingNotificationId", &ids.0));
        let ids: Option<Vec<NotificationId>> = ids.transpose()?;
        let view = ctx.view(&self.scaling_group_id).await?;
        let mut found = all(&view);
        // Terraform deletes one by leaving it without types: it would take it up again as it is.
        let hides = |one: &Notification| ctx.is_terraform && shown(one.scenes).is_empty();
        found.retain(|one| match &ids {
            Some(ids) => ids.contains(&one.id),
            None => !hides(one),
        });
        let count = found.len();
        let one = |one: &Arc<Notification>| ScalingNotification {
            scaling_notification_id: one.id.decimal(),
            scaling_group_id: one.group.decimal(),
            scaling_notification_types: shown(one.scenes),
        };
        Ok(Notifications {
            scaling_notification_count: count,
            scaling_notification_set: checks::cut(found, page).iter().map(one).collect(),
        })
    }
}

/// ModifyScalingNotification: the types as a whole; without any it tells of nothing (contradiction K20).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyScalingNotification {
    scaling_group_id: One,
    scaling_notification_id: One,
    notification_type: Option<Many>,
}

impl Action<Ctx> for ModifyScalingNotification {
    const NAME: &'static str = "ModifyScalingNotification";
    type Response = Done;

    async fn run(self, ctx: &Ctx) -> Result<Done, Fault> {
        let view = ctx.view(&self.scaling_group_id).await?;
        let given = &self.scaling_notification_id.0;
        let kind = ResourceKind::Notification;
        let key: NotificationId = checks::id("ScalingNotificationId", given, kind, ctx)?;
        let old = view.parts.notifications.get(&key);
        let old = old.ok_or_else(|| ctx.absent(kind, given))?;
        let types = self.notification_type.unwrap_or_default().0;
        let command = NotificationCommand::Modify {
            id: old.id,
            scenes: Some(scenes(&types, old.scenes)?),
            target: None,
        };
        ctx.on_group(view.group.id, GroupCommand::Notification(command))
            .await?;
        Ok(DONE)
    }
}
