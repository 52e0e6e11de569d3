//! Notifications (rule S9).

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Command, Created, Error, GroupCommand, GroupId, Notification, NotificationCommand,
    NotificationId, NotificationScenes, NotificationSpec, NotificationTarget, ResourceKind,
};
use serde::{Deserialize, Serialize};

use super::{Empty, Selection, SentFilter, exact, page};
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::words::{NotificationType, ReceiverType};

/// What a notification is told to, as sent: what belongs to its kind, and nothing else.
struct Receivers {
    groups: Option<Vec<String>>,
    queue: Option<String>,
    topic: Option<String>,
}

const GROUPS: &str = "NotificationUserGroupIds";
const QUEUE: &str = "QueueName";
const TOPIC: &str = "TopicName";

impl Receivers {
    /// Empty ones are not given.
    fn new(groups: Option<Vec<String>>, queue: Option<String>, topic: Option<String>) -> Receivers {
        let given = |name: &String| !name.is_empty();
        Receivers {
            groups: groups.filter(|groups| !groups.is_empty()),
            queue: queue.filter(given),
            topic: topic.filter(given),
        }
    }

    /// Whether nothing is said of them.
    fn is_empty(&self) -> bool {
        self.groups.is_none() && self.queue.is_none() && self.topic.is_none()
    }

    /// Refuses what another kind would have.
    fn only(&self, kind: &str, own: &str) -> Result<(), Fault> {
        let given = [
            (GROUPS, self.groups.is_some()),
            (QUEUE, self.queue.is_some()),
            (TOPIC, self.topic.is_some()),
        ];
        match given.iter().find(|(name, given)| *given && *name != own) {
            None => Ok(()),
            Some((name, _)) => Err(Fault::new(
                "InvalidParameterValue.ConflictNotificationTarget",
                format!(
                    "The parameter `{name}` does not go with the TargetType `{kind}`: `{own}` does."
                ),
            )),
        }
    }

    /// Who is told.
    fn target(self, kind: ReceiverType) -> Result<NotificationTarget, Fault> {
        let word = kind.word();
        let missing = |name: &str| {
            Fault::new(
                "MissingParameter",
                format!("The parameter `{name}` is needed by the TargetType `{word}`."),
            )
        };
        match kind {
            ReceiverType::UserGroup => {
                self.only(word, GROUPS)?;
                let groups = self.groups.ok_or_else(|| missing(GROUPS))?;
                check_groups(&groups)?;
                Ok(NotificationTarget::UserGroups(groups))
            }
            ReceiverType::CmqQueue | ReceiverType::TdmqQueue => {
                self.only(word, QUEUE)?;
                Ok(NotificationTarget::Queue {
                    kind: word.to_owned(),
                    name: self.queue.ok_or_else(|| missing(QUEUE))?,
                })
            }
            ReceiverType::CmqTopic | ReceiverType::TdmqTopic => {
                self.only(word, TOPIC)?;
                Ok(NotificationTarget::Topic {
                    kind: word.to_owned(),
                    name: self.topic.ok_or_else(|| missing(TOPIC))?,
                })
            }
        }
    }

    /// Who is told from now on instead of `old`, whose kind stays.
    fn instead_of(self, old: &NotificationTarget) -> Result<NotificationTarget, Fault> {
        match old {
            NotificationTarget::UserGroups(_) => self.target(ReceiverType::UserGroup),
            NotificationTarget::Queue { kind, .. } => {
                self.only(kind, QUEUE)?;
                Ok(NotificationTarget::Queue {
                    kind: kind.clone(),
                    name: self.queue.unwrap_or_default(),
                })
            }
            NotificationTarget::Topic { kind, .. } => {
                self.only(kind, TOPIC)?;
                Ok(NotificationTarget::Topic {
                    kind: kind.clone(),
                    name: self.topic.unwrap_or_default(),
                })
            }
        }
    }
}

/// User groups are numbers.
pub(super) fn check_groups(groups: &[String]) -> Result<(), Fault> {
    checks::count(
        "InvalidParameterValue.LimitExceeded",
        GROUPS,
        groups,
        checks::MAX_IDS,
    )?;
    let good = |id: &String| (1..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
    match groups.iter().find(|id| !good(id)) {
        None => Ok(()),
        Some(id) => Err(Fault::new(
            "InvalidParameterValue.InvalidNotificationUserGroupId",
            Fault::value(GROUPS, id, "a number of a user group").message,
        )),
    }
}

fn types_of(scenes: NotificationScenes) -> Vec<NotificationType> {
    NotificationType::ALL
        .into_iter()
        .filter(|kind| *kind.switch(&mut scenes.clone()))
        .collect()
}

fn scenes_of(types: &[NotificationType]) -> NotificationScenes {
    let mut scenes = NotificationScenes::default();
    for kind in types {
        *kind.switch(&mut scenes) = true;
    }
    scenes
}

/// CreateNotificationConfiguration.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateNotificationConfiguration {
    auto_scaling_group_id: String,
    notification_types: Vec<NotificationType>,
    notification_user_group_ids: Option<Vec<String>>,
    target_type: Option<ReceiverType>,
    queue_name: Option<String>,
    topic_name: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedNotification {
    auto_scaling_notification_id: String,
}

impl Action<Ctx> for CreateNotificationConfiguration {
    const NAME: &'static str = "CreateNotificationConfiguration";
    type Response = CreatedNotification;

    async fn run(self, ctx: &Ctx) -> Result<CreatedNotification, Fault> {
        if self.notification_types.is_empty() {
            return Err(Fault::new(
                "MissingParameter",
                "The parameter `NotificationTypes` must name at least one type.",
            ));
        }
        let receivers = Receivers::new(
            self.notification_user_group_ids,
            self.queue_name,
            self.topic_name,
        );
        let kind = self.target_type.unwrap_or(ReceiverType::UserGroup);
        let spec = Box::new(NotificationSpec {
            scenes: scenes_of(&self.notification_types),
            target: Some(receivers.target(kind)?),
        });
        let command = GroupCommand::Notification(NotificationCommand::Create(spec));
        let Created::Notification(id) = ctx.on_group(&self.auto_scaling_group_id, command).await?
        else {
            return Err(Fault::made_nothing());
        };
        Ok(CreatedNotification {
            auto_scaling_notification_id: id.to_string(),
        })
    }
}

fn check_id(parameter: &str, value: &str) -> Result<(), Fault> {
    match NotificationId::is_well_formed(value) {
        true => Ok(()),
        false => Err(checks::bad_id(
            "InvalidParameterValue.InvalidAutoScalingNotificationId",
            parameter,
            value,
            "asn-",
        )),
    }
}

/// All notifications that the caller has, by age.
async fn all(ctx: &Ctx) -> Result<Vec<Arc<Notification>>, Fault> {
    let views = ctx.api.views(&ctx.caller).await;
    let mut found: Vec<Arc<Notification>> = views
        .map_err(|error| ctx.refused(&error))?
        .iter()
        .flat_map(|view| view.parts.notifications.values().cloned())
        .collect();
    found.sort_by_key(|one| (one.created_at, one.ordinal, one.id));
    Ok(found)
}

async fn named(value: &str, ctx: &Ctx) -> Result<Arc<Notification>, Fault> {
    check_id("AutoScalingNotificationId", value)?;
    let found = all(ctx).await?;
    let one = found.into_iter().find(|one| one.id.to_string() == value);
    one.ok_or_else(|| {
        ctx.refused(&Error::NotFound {
            kind: ResourceKind::Notification,
            id: value.to_owned(),
        })
    })
}

async fn execute(ctx: &Ctx, group: GroupId, command: NotificationCommand) -> Result<Empty, Fault> {
    let command = GroupCommand::Notification(command);
    ctx.execute(Command::Group { id: group, command }).await?;
    Ok(Empty {})
}

/// ModifyNotificationConfiguration: what is left out stays, and so does the kind of the receiver.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyNotificationConfiguration {
    auto_scaling_notification_id: String,
    notification_types: Option<Vec<NotificationType>>,
    notification_user_group_ids: Option<Vec<String>>,
    queue_name: Option<String>,
    topic_name: Option<String>,
}

impl Action<Ctx> for ModifyNotificationConfiguration {
    const NAME: &'static str = "ModifyNotificationConfiguration";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let old = named(&self.auto_scaling_notification_id, ctx).await?;
        let receivers = Receivers::new(
            self.notification_user_group_ids,
            self.queue_name,
            self.topic_name,
        );
        let target = match &old.target {
            Some(target) if !receivers.is_empty() => Some(receivers.instead_of(target)?),
            Some(_) => None,
            // One that another door made without receivers.
            None if receivers.is_empty() => None,
            None => Some(receivers.target(ReceiverType::UserGroup)?),
        };
        let types = self.notification_types.filter(|types| !types.is_empty());
        let command = NotificationCommand::Modify {
            id: old.id,
            scenes: types.map(|types| NotificationScenes {
                group_abnormal: old.scenes.group_abnormal,
                ..scenes_of(&types)
            }),
            target,
        };
        execute(ctx, old.group, command).await
    }
}

/// DeleteNotificationConfiguration: the id is needed, although it is typed optional (L23763).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteNotificationConfiguration {
    auto_scaling_notification_id: Option<String>,
}

impl Action<Ctx> for DeleteNotificationConfiguration {
    const NAME: &'static str = "DeleteNotificationConfiguration";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let id = self.auto_scaling_notification_id.ok_or_else(|| {
            Fault::new(
                "MissingParameter",
                "The parameter `AutoScalingNotificationId` is missing.",
            )
        })?;
        let old = named(&id, ctx).await?;
        execute(ctx, old.group, NotificationCommand::Delete { id: old.id }).await
    }
}

/// DescribeNotificationConfigurations.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeNotificationConfigurations {
    auto_scaling_notification_ids: Option<Vec<String>>,
    filters: Option<Vec<SentFilter>>,
    limit: Option<i64>,
    offset: Option<i64>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Notifications {
    total_count: usize,
    auto_scaling_notification_set: Vec<AutoScalingNotification>,
}

/// AutoScalingNotification.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AutoScalingNotification {
    auto_scaling_group_id: String,
    notification_user_group_ids: Vec<String>,
    notification_types: Vec<NotificationType>,
    auto_scaling_notification_id: String,
    target_type: String,
    queue_name: String,
    topic_name: String,
}

impl From<&Notification> for AutoScalingNotification {
    fn from(notification: &Notification) -> Self {
        let mut shown = AutoScalingNotification {
            auto_scaling_group_id: notification.group.to_string(),
            notification_user_group_ids: Vec::new(),
            notification_types: types_of(notification.scenes),
            auto_scaling_notification_id: notification.id.to_string(),
            target_type: ReceiverType::UserGroup.word().to_owned(),
            queue_name: String::new(),
            topic_name: String::new(),
        };
        match &notification.target {
            None => {}
            Some(NotificationTarget::UserGroups(groups)) => {
                shown.notification_user_group_ids.clone_from(groups);
            }
            Some(NotificationTarget::Queue { kind, name }) => {
                shown.target_type.clone_from(kind);
                shown.queue_name.clone_from(name);
            }
            Some(NotificationTarget::Topic { kind, name }) => {
                shown.target_type.clone_from(kind);
                shown.topic_name.clone_from(name);
            }
        }
        shown
    }
}

const SELECTION: Selection = Selection {
    names: &[
        exact("auto-scaling-notification-id"),
        exact("auto-scaling-group-id"),
    ],
    ids: "AutoScalingNotificationIds",
    // Rule I4: this one lists the code without its dot.
    conflict: "InvalidParameterConflict",
    too_many: "InvalidParameterValue.LimitExceeded",
    unknown: "InvalidParameterValue.InvalidFilter",
};

fn check_ids(ids: &[String]) -> Result<(), Fault> {
    ids.iter()
        .try_for_each(|id| check_id("AutoScalingNotificationIds", id))
}

impl Action<Ctx> for DescribeNotificationConfigurations {
    const NAME: &'static str = "DescribeNotificationConfigurations";
    type Response = Notifications;

    async fn run(self, ctx: &Ctx) -> Result<Notifications, Fault> {
        let page = page(self.offset, self.limit)?;
        let sent = SELECTION.check(self.auto_scaling_notification_ids.as_ref(), self.filters)?;
        let ids = self.auto_scaling_notification_ids.unwrap_or_default();
        check_ids(&ids)?;
        for filter in &sent {
            match filter.name {
                "auto-scaling-group-id" => {
                    checks::group_ids(&filter.values)?;
                }
                _ => check_ids(&filter.values)?,
            }
        }
        let mut found = all(ctx).await?;
        found.retain(|one| ids.is_empty() || ids.contains(&one.id.to_string()));
        found.retain(|one| {
            sent.iter().all(|filter| {
                let shown = match filter.name {
                    "auto-scaling-group-id" => one.group.to_string(),
                    _ => one.id.to_string(),
                };
                filter.values.contains(&shown)
            })
        });
        let shown = found.iter().skip(page.offset).take(page.limit);
        Ok(Notifications {
            total_count: found.len(),
            auto_scaling_notification_set: shown.map(|one| (&**one).into()).collect(),
        })
    }
}
