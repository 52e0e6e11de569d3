//! Notifications: one per topic of a group.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    GroupCommand, GroupView, Notification, NotificationCommand, NotificationScenes,
    NotificationSpec, NotificationTarget,
};
use serde::{Deserialize, Serialize};

use super::Empty;
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{is_urn, topic_name};
use crate::words::Scene;

/// Topics of a group at the most (L3431).
const TOPICS: usize = 5;
/// The kind of a topic that is named by a urn.
pub(super) const URN: &str = "URN";

/// CreateScalingNotification: makes one, or gives the one of this topic other scenes (rule N1).
#[derive(Deserialize)]
pub(crate) struct CreateScalingNotification {
    scaling_group_id: String,
    topic_urn: Option<String>,
    topic_scene: Option<Vec<String>>,
}

/// Topics.
#[derive(Serialize)]
pub(crate) struct Topic {
    topic_urn: String,
    topic_scene: Vec<Scene>,
    topic_name: String,
}

fn scenes(words: &[Scene]) -> NotificationScenes {
    let has = |scene| words.contains(&scene);
    NotificationScenes {
        scale_out_ok: has(Scene::Up),
        scale_out_failed: has(Scene::UpFail),
        scale_in_ok: has(Scene::Down),
        scale_in_failed: has(Scene::DownFail),
        replace_ok: false,
        replace_failed: false,
        group_abnormal: has(Scene::Abnormal),
    }
}

fn words(scenes: NotificationScenes) -> Vec<Scene> {
    let all = [
        (scenes.scale_out_ok, Scene::Up),
        (scenes.scale_out_failed, Scene::UpFail),
        (scenes.scale_in_ok, Scene::Down),
        (scenes.scale_in_failed, Scene::DownFail),
        (scenes.group_abnormal, Scene::Abnormal),
    ];
    all.into_iter()
        .filter(|(on, _)| *on)
        .map(|(_, word)| word)
        .collect()
}

/// The urn that a notification tells, if it is one.
pub(super) fn urn(target: Option<&NotificationTarget>) -> Option<&str> {
    match target {
        Some(NotificationTarget::Topic { kind, name }) if kind == URN => Some(name),
        Some(
            NotificationTarget::Topic { .. }
            | NotificationTarget::Queue { .. }
            | NotificationTarget::UserGroups(_),
        )
        | None => None,
    }
}

/// Those of a group that tell a topic, oldest first.
fn of_topics(view: &GroupView) -> Vec<(&str, &Arc<Notification>)> {
    let all = view.parts.notifications.values();
    let mut found: Vec<_> = all
        .filter_map(|known| Some((urn(known.target.as_ref())?, known)))
        .collect();
    found.sort_by_key(|(_, known)| (known.created_at, known.ordinal, known.id));
    found
}

impl Action<Ctx> for CreateScalingNotification {
    const NAME: &'static str = "CreateScalingNotification";
    type Response = Topic;

    async fn run(self, ctx: &Ctx) -> Result<Topic, Fault> {
        let topic = checks::filled(self.topic_urn);
        let topic = topic.ok_or_else(|| Fault::missing("AS.7027", "topic_urn"))?;
        if !is_urn(&topic) {
            let wanted = "urn:smn:<region>:<project>:<name> is right";
            return Err(Fault::value("AS.7025", "topic_urn", topic, wanted));
        }
        let list = self.topic_scene.unwrap_or_default();
        if list.is_empty() {
            return Err(Fault::missing("AS.7026", "topic_scene"));
        }
        let list: Vec<Scene> = list
            .iter()
            .map(|word| checks::word("AS.7026", "topic_scene", word))
            .collect::<Result<_, _>>()?;
        let scenes = scenes(&list);
        let view = ctx.staying(&self.scaling_group_id).await?;
        let topics = of_topics(&view);
        let command = match topics.iter().find(|(urn, _)| *urn == topic) {
            Some((_, known)) => NotificationCommand::Modify {
                id: known.id,
                // What this door has no words for stays as it is.
                scenes: Some(NotificationScenes {
                    replace_ok: known.scenes.replace_ok,
                    replace_failed: known.scenes.replace_failed,
                    ..scenes
                }),
                target: None,
            },
            None if topics.len() >= TOPICS => {
                return Err(Fault::new("AS.7028", format!("There may be {TOPICS}.")));
            }
            None => NotificationCommand::Create(Box::new(NotificationSpec {
                scenes,
                target: Some(NotificationTarget::Topic {
                    kind: URN.to_owned(),
                    name: topic.clone(),
                }),
            })),
        };
        ctx.change(view.group.id, GroupCommand::Notification(command))
            .await?;
        Ok(Topic {
            topic_name: topic_name(&topic).to_owned(),
            topic_scene: words(scenes),
            topic_urn: topic,
        })
    }
}

/// ListScalingNotifications.
#[derive(Deserialize)]
pub(crate) struct ListScalingNotifications {
    scaling_group_id: String,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Listed {
    topics: Vec<Topic>,
}

impl Action<Ctx> for ListScalingNotifications {
    const NAME: &'static str = "ListScalingNotifications";
    type Response = Listed;

    async fn run(self, ctx: &Ctx) -> Result<Listed, Fault> {
        let view = ctx.view(&self.scaling_group_id).await?;
        let topics = of_topics(&view).into_iter().map(|(urn, known)| Topic {
            topic_urn: urn.to_owned(),
            topic_scene: words(known.scenes),
            topic_name: topic_name(urn).to_owned(),
        });
        Ok(Listed {
            topics: topics.collect(),
        })
    }
}

/// DeleteScalingNotification.
#[derive(Deserialize)]
pub(crate) struct DeleteScalingNotification {
    scaling_group_id: String,
    topic_urn: String,
}

impl Action<Ctx> for DeleteScalingNotification {
    const NAME: &'static str = "DeleteScalingNotification";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let view = ctx.staying(&self.scaling_group_id).await?;
        let topics = of_topics(&view);
        let found = topics.iter().find(|(urn, _)| *urn == self.topic_urn);
        let (_, known) = found.ok_or_else(|| Fault::absent(&self.topic_urn))?;
        let command = NotificationCommand::Delete { id: known.id };
        ctx.change(view.group.id, GroupCommand::Notification(command))
            .await?;
        Ok(Empty {})
    }
}
