//! Notifications: who is told of which activities. Rule S9 (Tencent 3.0), 1.7 (Huawei), section 5 of the concept map.

use serde::{Deserialize, Serialize};

use crate::{GroupId, NotificationId, Time};

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotificationTarget {
    /// Numbered user groups.
    UserGroups(Vec<String>),
    /// A queue; the kind's word as given.
    Queue {
        /// `CMQ_QUEUE`, `TDMQ_CMQ_QUEUE`, ...
        kind: String,
        /// Name.
        name: String,
    },
    /// A topic; the kind's word as given (`URN` for a Huawei topic).
    Topic {
        /// `CMQ_TOPIC`, `TDMQ_CMQ_TOPIC`, ...
        kind: String,
        /// Name or urn.
        name: String,
    },
}

/// Who is told of which activities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// Its group.
    pub group: GroupId,
    /// What is told.
    pub scenes: NotificationScenes,
    /// Who is told.
    pub target: Option<NotificationTarget>,
    /// Its name, if it was given one (command line of Tencent 2017); kept and echoed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// Of two that were made in the same millisecond, the later one has the larger number: the version of the group then.
    #[serde(default)]
    pub ordinal: u64,
}

/// What is told: seven switches (concept map, "notification").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the spec")]
pub struct NotificationScenes {
    pub scale_out_ok: bool,
    pub scale_out_failed: bool,
    pub scale_in_ok: bool,
    pub scale_in_failed: bool,
    pub replace_ok: bool,
    pub replace_failed: bool,
    pub group_abnormal: bool,
}

impl NotificationTarget {
    /// Itself in words: the numbers of the groups, or kind and name.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            NotificationTarget::UserGroups(groups) => groups.join(","),
            NotificationTarget::Queue { kind, name } | NotificationTarget::Topic { kind, name } => {
                format!("{kind}:{name}")
            }
        }
    }

    /// Whether both are of one kind: what a notification has at its start, it keeps (rule S9).
    #[must_use]
    pub fn is_like(&self, other: &NotificationTarget) -> bool {
        match (self, other) {
            (NotificationTarget::UserGroups(_), NotificationTarget::UserGroups(_)) => true,
            (
                NotificationTarget::Queue { kind, .. },
                NotificationTarget::Queue { kind: other, .. },
            )
            | (
                NotificationTarget::Topic { kind, .. },
                NotificationTarget::Topic { kind: other, .. },
            ) => kind == other,
            (
                NotificationTarget::UserGroups(_)
                | NotificationTarget::Queue { .. }
                | NotificationTarget::Topic { .. },
                _,
            ) => false,
        }
    }
}

/// What a door says of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is the member of Notification of the same name"
)]
pub struct NotificationSpec {
    pub scenes: NotificationScenes,
    pub target: Option<NotificationTarget>,
}

/// Something to do with a notification of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationCommand {
    /// Make one.
    Create(Box<NotificationSpec>),
    /// Change some of it: `None` keeps.
    Modify {
        /// Which.
        id: NotificationId,
        /// What is told.
        scenes: Option<NotificationScenes>,
        /// Who is told: of the kind that is told now.
        target: Option<NotificationTarget>,
    },
    /// Give it a name.
    Rename {
        /// Which.
        id: NotificationId,
        /// The name.
        name: String,
    },
    /// Delete it.
    Delete {
        /// Which.
        id: NotificationId,
    },
}
