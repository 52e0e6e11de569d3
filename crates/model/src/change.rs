//! What the engine sees of a group, and what it wants changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, Activity, ActivityId, Group, GroupId, Instance, InstanceId, LaunchConfiguration,
    NotificationTarget, Part, PartId, Parts, Refresh, Time,
};

/// A group with everything that belongs to it: all that a decision may depend on, besides the time.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupView {
    /// The group.
    pub group: Arc<Group>,
    /// Its configuration at the newest version.
    pub config: Option<Arc<LaunchConfiguration>>,
    /// Its members.
    pub instances: BTreeMap<InstanceId, Arc<Instance>>,
    /// Its activities that have not ended, and its newest one.
    pub activities: BTreeMap<ActivityId, Arc<Activity>>,
    /// Its hooks, policies, schedules and the like.
    pub parts: Parts,
}

/// What becomes of one row.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Delta<T> {
    /// Nothing.
    #[default]
    Keep,
    /// It is written.
    Put(T),
    /// It goes.
    Delete,
}

/// What changes in a group: rows and messages, committed in one transaction that is guarded by the group's version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// The group itself. With any other change in here it is `Put` (its version grows) or `Delete`.
    pub group: Delta<Arc<Group>>,
    /// Members written.
    pub instances: Vec<Arc<Instance>>,
    /// Members gone.
    pub gone: Vec<InstanceId>,
    /// Activities written.
    pub activities: Vec<Arc<Activity>>,
    /// Hooks, policies, schedules and the like that are written.
    pub parts: Vec<Part>,
    /// Those that are gone.
    pub parts_gone: Vec<PartId>,
    /// Messages to send after the commit.
    pub events: Vec<Event>,
}

/// A message for the outside, committed with what it tells of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The group it tells of.
    pub group: GroupId,
    /// Whose it is.
    #[serde(default)]
    pub account: Option<AccountId>,
    /// When.
    pub at: Time,
    /// What it is.
    pub kind: EventKind,
    /// Whom it is for; nobody: it is only kept.
    #[serde(default)]
    pub to: Option<NotificationTarget>,
    /// The message.
    pub body: serde_json::Value,
}

impl Event {
    /// The secret of the wait that a hook's message tells of.
    #[must_use]
    pub fn hook_token(&self) -> Option<&str> {
        match self.kind {
            EventKind::Notification => None,
            EventKind::Hook => self.body["LifecycleActionToken"].as_str(),
        }
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// A notification of an activity.
    Notification,
    /// A hook's message.
    Hook,
}

impl Change {
    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.group, Delta::Keep)
    }
}

impl GroupView {
    /// A group without members.
    #[must_use]
    pub fn new(group: Arc<Group>, config: Option<Arc<LaunchConfiguration>>) -> GroupView {
        GroupView {
            group,
            config,
            instances: BTreeMap::new(),
            activities: BTreeMap::new(),
            parts: Parts::default(),
        }
    }

    /// The view after `change`; `None` when the change deletes the group.
    #[must_use]
    pub fn after(&self, change: &Change) -> Option<GroupView> {
        let mut next = self.clone();
        match &change.group {
            Delta::Keep => {}
            Delta::Put(group) => next.group = Arc::clone(group),
            Delta::Delete => return None,
        }
        for instance in &change.instances {
            next.instances.insert(instance.id, Arc::clone(instance));
        }
        for id in &change.gone {
            next.instances.remove(id);
        }
        for activity in &change.activities {
            next.activities.insert(activity.id, Arc::clone(activity));
        }
        for part in &change.parts {
            next.parts.put(part.clone());
        }
        for id in &change.parts_gone {
            next.parts.remove(*id);
        }
        let last = next.group.last_activity;
        next.activities
            .retain(|id, activity| Some(*id) == last || !activity.status.is_ended());
        Some(next)
    }

    /// The refresh that has not ended: at most one.
    #[must_use]
    pub fn open_refresh(&self) -> Option<&Arc<Refresh>> {
        self.parts
            .refreshes
            .values()
            .find(|refresh| !refresh.status.is_ended())
    }

    /// How many machines there may be (promise P1): the maximum, and the surge that a refresh has declared. What is left of
    /// a surge counts until it is gone.
    #[must_use]
    pub fn most_machines(&self) -> usize {
        let declared = self
            .open_refresh()
            .map_or(0, |refresh| refresh.settings.max_surge as usize);
        let left = |refresh: &Arc<Refresh>| {
            let there = |id: &&InstanceId| self.instances.contains_key(id);
            refresh.surge.iter().filter(there).count()
        };
        let left: usize = self.parts.refreshes.values().map(left).sum();
        self.group.spec.size.max as usize + declared.max(left)
    }

    /// Whether an activity of the group has not ended.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.activities
            .values()
            .any(|activity| !activity.status.is_ended())
    }
}
