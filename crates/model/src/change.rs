//! What the engine sees of a group, and what it wants changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, Activity, ActivityId, ConfigId, ConfigVersion, Group, GroupId, Instance, InstanceId,
    LaunchConfiguration, NotificationTarget, Part, PartId, Parts, Refresh, Time,
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
    /// The machines of its warm pool, also those that are on their way out of it: none of them is a member.
    pub pool: BTreeMap<InstanceId, Arc<Instance>>,
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
    /// The group it tells of. What is of no group stands under the key of the account or subscription: messages with one
    /// key here arrive in order.
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
            EventKind::Notification | EventKind::Published | EventKind::Delivery => None,
            EventKind::Hook => ["LifecycleActionToken", "lifecycle_action_key"]
                .into_iter()
                .find_map(|name| self.body[name].as_str()),
        }
    }

    /// The instance that it tells of, as it is spelled there.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        let body = &self.body;
        let found = body["InstanceId"].as_str();
        found.or_else(|| body["scaling_instance"]["instance_id"].as_str())
    }

    /// It is given up after this, seconds, whatever the receiver's patience is.
    #[must_use]
    pub fn ttl_secs(&self) -> Option<u32> {
        let name = match self.kind {
            EventKind::Notification | EventKind::Hook => return None,
            EventKind::Published => "time_to_live",
            EventKind::Delivery => "ttl_secs",
        };
        let secs = self.body[name].as_u64()?;
        u32::try_from(secs).ok()
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// A notification of an activity.
    Notification,
    /// A hook's message.
    Hook,
    /// What somebody published to a topic: see `Published`.
    Published,
    /// One of the others on its way to one endpoint: see `Delivery`.
    Delivery,
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
            pool: BTreeMap::new(),
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
            next.put_row(Arc::clone(instance));
        }
        for id in &change.gone {
            next.remove_row(*id);
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

    /// A view of what is stored of a group.
    #[must_use]
    pub fn of_rows(
        group: Arc<Group>,
        config: Option<Arc<LaunchConfiguration>>,
        rows: impl IntoIterator<Item = Arc<Instance>>,
        activities: impl IntoIterator<Item = Arc<Activity>>,
        parts: Parts,
    ) -> GroupView {
        let mut view = GroupView::new(group, config);
        for row in rows {
            view.put_row(row);
        }
        view.activities = activities.into_iter().map(|a| (a.id, a)).collect();
        view.parts = parts;
        view
    }

    /// Puts a row where it belongs: among the members, or in the warm pool.
    pub fn put_row(&mut self, row: Arc<Instance>) {
        let id = row.id;
        let (to, from) = match row.pooled {
            true => (&mut self.pool, &mut self.instances),
            false => (&mut self.instances, &mut self.pool),
        };
        from.remove(&id);
        to.insert(id, row);
    }

    /// Takes a row away.
    pub fn remove_row(&mut self, id: InstanceId) {
        self.instances.remove(&id);
        self.pool.remove(&id);
    }

    /// A member, or a machine of the warm pool.
    #[must_use]
    pub fn row(&self, id: InstanceId) -> Option<&Arc<Instance>> {
        self.instances.get(&id).or_else(|| self.pool.get(&id))
    }

    /// The members, and the machines of the warm pool.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<Instance>> {
        self.instances.values().chain(self.pool.values())
    }

    /// How many machines are asked for and not proved gone (promise P1).
    #[must_use]
    pub fn machines(&self) -> usize {
        self.instances.len() + self.pool.len()
    }

    /// How many machines the warm pool is to hold: 0 without one.
    #[must_use]
    pub fn pool_capacity(&self) -> usize {
        let pool = self.group.warm_pool.as_ref();
        pool.map_or(0, |pool| pool.capacity as usize)
    }

    /// The refresh that has not ended: at most one.
    #[must_use]
    pub fn open_refresh(&self) -> Option<&Arc<Refresh>> {
        self.parts
            .refreshes
            .values()
            .find(|refresh| !refresh.status.is_ended())
    }

    /// What a configuration still has to do with here beside being the group's: a member that was made of it, or a refresh
    /// that goes on making such.
    #[must_use]
    pub fn made_of(&self, config: ConfigId) -> Option<String> {
        let is_of = |version: &ConfigVersion| version.id == config;
        let mut members = self.instances.values();
        let member = members.find(|one| one.config.as_ref().is_some_and(is_of));
        let refresh = self.open_refresh().filter(|one| is_of(&one.config));
        let member = member.map(|one| one.id.to_string());
        member.or_else(|| refresh.map(|one| one.id.to_string()))
    }

    /// How many machines there may be (promise P1): the maximum, the surge that a refresh has declared, and what the warm
    /// pool is to hold.
    #[must_use]
    pub fn most_machines(&self) -> usize {
        self.most_members() + self.pool_capacity()
    }

    /// How many members there may be: the maximum, and the surge that a refresh has declared. What is left of a surge counts
    /// until it is gone.
    #[must_use]
    pub fn most_members(&self) -> usize {
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
