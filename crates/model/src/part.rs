//! What belongs to a group besides its members and activities: kept with it, and gone with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Execution, ExecutionId, GroupId, Hook, HookId, Key, Notification, NotificationId, Policy,
    PolicyId, Refresh, RefreshId, Schedule, ScheduleId, Series, SeriesId,
};

macro_rules! parts {
    ($($(#[$doc:meta])* $part:ident $id:ident $map:ident $word:literal;)*) => {
        /// A part of a group.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub enum Part {
            $($(#[$doc])* $part(Arc<$part>),)*
        }

        /// The id of a part.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum PartId {
            $($(#[$doc])* $part($id),)*
        }

        /// The parts of a group, by id.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Parts {
            $($(#[$doc])* pub $map: BTreeMap<$id, Arc<$part>>,)*
        }

        impl Part {
            /// Its id.
            #[must_use]
            pub fn id(&self) -> PartId {
                match self {
                    $(Part::$part(part) => PartId::$part(part.id),)*
                }
            }

            /// The group it belongs to.
            #[must_use]
            pub fn group(&self) -> GroupId {
                match self {
                    $(Part::$part(part) => part.group,)*
                }
            }
        }

        impl PartId {
            /// Its key.
            #[must_use]
            pub fn key(self) -> Key {
                match self {
                    $(PartId::$part(id) => id.key(),)*
                }
            }

            /// Its kind, in one word.
            #[must_use]
            pub fn kind(self) -> &'static str {
                match self {
                    $(PartId::$part(_) => $word,)*
                }
            }
        }

        impl std::fmt::Display for PartId {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(PartId::$part(id) => std::fmt::Display::fmt(id, f),)*
                }
            }
        }

        impl Parts {
            /// Puts a part in place of the one with its id, if there is one.
            pub fn put(&mut self, part: Part) {
                match part {
                    $(Part::$part(part) => {
                        self.$map.insert(part.id, part);
                    })*
                }
            }

            /// Takes a part out.
            pub fn remove(&mut self, id: PartId) {
                match id {
                    $(PartId::$part(id) => {
                        self.$map.remove(&id);
                    })*
                }
            }

            /// Whether there is such a part.
            #[must_use]
            pub fn contains(&self, id: PartId) -> bool {
                match id {
                    $(PartId::$part(id) => self.$map.contains_key(&id),)*
                }
            }
        }
    };
}

parts! {
    /// A lifecycle hook.
    Hook HookId hooks "hook";
    /// A scaling policy.
    Policy PolicyId policies "policy";
    /// A scheduled action.
    Schedule ScheduleId schedules "schedule";
    /// A notification configuration.
    Notification NotificationId notifications "notification";
    /// An instance refresh.
    Refresh RefreshId refreshes "refresh";
    /// An execution of a policy.
    Execution ExecutionId executions "execution";
    /// The points of a metric.
    Series SeriesId series "series";
}

impl FromIterator<Part> for Parts {
    fn from_iter<T: IntoIterator<Item = Part>>(parts: T) -> Parts {
        let mut all = Parts::default();
        parts.into_iter().for_each(|part| all.put(part));
        all
    }
}
