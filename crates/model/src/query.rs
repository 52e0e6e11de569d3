//! What can be asked, and the answers. Conditions are ANDed, the values within one ORed (rule I6).

use std::sync::Arc;

use crate::{
    ActivityId, ActivityKind, ActivityStatus, ConfigId, Group, GroupId, Instance, InstanceId,
    LaunchConfiguration, Time,
};

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many matches to skip.
    pub offset: usize,
    /// How many to return.
    pub limit: usize,
}

/// The matches on a page, and how many there are in all.
#[derive(Clone, Debug, PartialEq)]
pub struct Paged<T> {
    /// All matches, not only those of the page (rule I7).
    pub total: usize,
    /// The page.
    pub items: Vec<T>,
}

/// A condition on tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagFilter {
    /// Has one of these keys.
    Keys(Vec<String>),
    /// Has one of these values.
    Values(Vec<String>),
    /// Has this key with one of these values.
    Pair {
        /// The key.
        key: String,
        /// The values.
        values: Vec<String>,
    },
}

/// A condition on groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupFilter {
    /// Is one of these.
    Ids(Vec<GroupId>),
    /// Has one of these names.
    Names(Vec<String>),
    /// Its name contains one of these.
    NameContains(Vec<String>),
    /// Uses one of these configurations.
    Configs(Vec<ConfigId>),
    /// Has such a tag.
    Tags(TagFilter),
}

/// A condition on configurations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFilter {
    /// Is one of these.
    Ids(Vec<ConfigId>),
    /// Has one of these names.
    Names(Vec<String>),
    /// Its name contains one of these.
    NameContains(Vec<String>),
    /// Has such a tag.
    Tags(TagFilter),
}

/// A condition on instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstanceFilter {
    /// Is one of these.
    Ids(Vec<InstanceId>),
    /// Is in one of these groups.
    Groups(Vec<GroupId>),
}

/// A condition on activities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivityFilter {
    /// Is one of these.
    Ids(Vec<ActivityId>),
    /// Is of one of these groups.
    Groups(Vec<GroupId>),
    /// Has one of these states.
    Statuses(Vec<ActivityStatus>),
    /// Is of one of these kinds.
    Kinds(Vec<ActivityKind>),
    /// Started at this moment or later.
    StartedFrom(Time),
    /// Ended at this moment or earlier.
    EndedUntil(Time),
}

/// A group as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupItem {
    /// The group.
    pub group: Arc<Group>,
    /// Name of its configuration, empty without one.
    pub config_name: String,
    /// All members.
    pub total: usize,
    /// Members in service.
    pub in_service: usize,
    /// An activity runs.
    pub busy: bool,
}

/// A configuration as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigItem {
    /// The configuration.
    pub config: Arc<LaunchConfiguration>,
    /// The groups that use it, with their names.
    pub groups: Vec<(GroupId, String)>,
}

/// An instance as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceItem {
    /// The instance.
    pub instance: Arc<Instance>,
    /// Name of its group.
    pub group_name: String,
}
