//! Where messages go: receivers, and which messages are theirs.

use std::sync::Arc;

use muster_model::{AccountId, Event, EventKind, NotificationTarget};
use muster_ports::Notifier;

/// A receiver and what goes to it.
#[derive(Clone)]
pub struct Sink {
    /// Its name: unique, and the one under which is kept how far it is.
    pub name: String,
    /// Which messages are its.
    pub route: Route,
    /// The way to it.
    pub notifier: Arc<dyn Notifier>,
    /// A message that does not arrive for this long is given up.
    pub patience_secs: u32,
    /// An attempt counts as unanswered after this.
    pub timeout_secs: u32,
    /// Groups whose messages are delivered at the same time.
    pub groups_at_once: usize,
}

/// Which messages go to a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Those for one of these.
    Targets(Targets),
    /// Those for topics that their account made: to be spread.
    Topics,
    /// Those on their way to one endpoint.
    Deliveries,
    /// Those for somebody whom no earlier sink has.
    Rest,
}

/// Names of those who are told; `*` means all of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Whose messages: user groups, queues and topics belong to an account. `None` = everybody's.
    pub account: Option<AccountId>,
    /// Numbers of user groups.
    pub user_groups: Vec<String>,
    /// Names of queues, of any kind; or `KIND:name`.
    pub queues: Vec<String>,
    /// Names of topics, of any kind; or `KIND:name`.
    pub topics: Vec<String>,
    /// Those of notifications that name nobody: they are for the account itself.
    pub unaddressed: bool,
}

fn names(listed: &[String], kind: &str, name: &str) -> bool {
    listed.iter().any(|one| {
        let whole = one
            .strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix(':'));
        one == "*" || one == name || whole == Some(name)
    })
}

impl Targets {
    /// Whether a message is for one of these.
    #[must_use]
    pub fn take(&self, event: &Event) -> bool {
        if self.account.is_some() && self.account != event.account {
            return false;
        }
        match &event.to {
            None => self.unaddressed && event.kind == EventKind::Notification,
            Some(NotificationTarget::UserGroups(groups)) => groups.iter().any(|group| {
                self.user_groups
                    .iter()
                    .any(|one| one == "*" || one == group)
            }),
            Some(NotificationTarget::Queue { kind, name }) => names(&self.queues, kind, name),
            Some(NotificationTarget::Topic { kind, name }) => names(&self.topics, kind, name),
        }
    }
}

/// Whether a message goes to the sink at `index`. `own_topic`: it is for a topic that its account made.
pub(crate) fn takes(sinks: &[Sink], index: usize, event: &Event, own_topic: bool) -> bool {
    match &sinks[index].route {
        Route::Targets(targets) => targets.take(event),
        Route::Topics => own_topic,
        Route::Deliveries => event.kind == EventKind::Delivery,
        Route::Rest => {
            let earlier = 0..index;
            let taken = |other| takes(sinks, other, event, own_topic);
            event.to.is_some() && !earlier.into_iter().any(taken)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_model::{Ids, Time};

    fn event(account: u64, to: NotificationTarget) -> Event {
        Event {
            group: Ids::new(1).next_id(),
            account: Some(Ids::new(account).next_id()),
            at: Time(0),
            kind: EventKind::Notification,
            to: Some(to),
            body: serde_json::Value::Null,
        }
    }

    #[test]
    fn targets_go_by_kind_name_and_account() {
        let mine = Targets {
            account: Some(Ids::new(5).next_id()),
            user_groups: vec!["7".to_owned()],
            queues: vec!["a".to_owned(), "CMQ_QUEUE:b".to_owned()],
            topics: vec!["*".to_owned()],
            unaddressed: false,
        };
        let groups = |groups: &[&str]| {
            NotificationTarget::UserGroups(groups.iter().map(ToString::to_string).collect())
        };
        let queue = |kind: &str, name: &str| NotificationTarget::Queue {
            kind: kind.to_owned(),
            name: name.to_owned(),
        };
        let topic = NotificationTarget::Topic {
            kind: "URN".to_owned(),
            name: "urn:x:y".to_owned(),
        };
        for (to, taken) in [
            (groups(&["6", "7"]), true),
            (groups(&["6"]), false),
            (queue("TDMQ_CMQ_QUEUE", "a"), true),
            (queue("CMQ_QUEUE", "b"), true),
            (queue("TDMQ_CMQ_QUEUE", "b"), false),
            (topic, true),
        ] {
            assert_eq!(mine.take(&event(5, to.clone())), taken, "{to:?}");
            assert!(!mine.take(&event(6, to)), "another's");
        }
    }

    #[test]
    fn what_names_nobody_goes_where_that_is_said() {
        let notification = Event {
            to: None,
            ..event(5, NotificationTarget::UserGroups(Vec::new()))
        };
        let hook = Event {
            kind: EventKind::Hook,
            ..notification.clone()
        };
        let all = Targets {
            user_groups: vec!["*".to_owned()],
            queues: vec!["*".to_owned()],
            topics: vec!["*".to_owned()],
            ..Targets::default()
        };
        assert!(!all.take(&notification));
        let unaddressed = Targets {
            account: Some(Ids::new(5).next_id()),
            unaddressed: true,
            ..Targets::default()
        };
        assert!(unaddressed.take(&notification));
        // A hook that tells nobody tells nobody.
        assert!(!unaddressed.take(&hook));
        let others = Targets {
            account: Some(Ids::new(6).next_id()),
            ..unaddressed
        };
        assert!(!others.take(&notification), "another's");
    }
}
