//! The work queue: which group or account wants a turn when, and which are being worked on. Keyed by that: the earlier of
//! two wishes counts, and none is worked on twice at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use muster_model::{AccountId, GroupId, Time};
use tokio::sync::Notify;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose {
    /// A group's: members, policies, activities.
    Group(GroupId),
    /// An account's: its alarm rules.
    Account(AccountId),
}

impl From<GroupId> for Whose {
    fn from(id: GroupId) -> Whose {
        Whose::Group(id)
    }
}

impl From<AccountId> for Whose {
    fn from(id: AccountId) -> Whose {
        Whose::Account(id)
    }
}

#[derive(Default)]
struct State {
    wanted: BTreeMap<Whose, Time>,
    order: BTreeSet<(Time, Whose)>,
    running: BTreeSet<Whose>,
}

/// The work queue. It holds at most one entry per group.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A group wants a turn at `at`, or earlier if it already does.
    pub(crate) fn want(&self, whose: impl Into<Whose>, at: Time) {
        let group = whose.into();
        let mut state = self.state();
        match state.wanted.get(&group).copied() {
            Some(old) if old <= at => return,
            Some(old) => {
                state.order.remove(&(old, group));
            }
            None => {}
        }
        state.wanted.insert(group, at);
        state.order.insert((at, group));
        drop(state);
        self.changed.notify_one();
    }

    /// The next group whose time has come and that nobody works on; it counts as being worked on until
    /// [`Queue::done`].
    pub(crate) fn take(&self, now: Time) -> Option<Whose> {
        let mut state = self.state();
        let next = state
            .order
            .iter()
            .take_while(|(at, _)| *at <= now)
            .find(|(_, group)| !state.running.contains(group))
            .copied()?;
        state.order.remove(&next);
        state.wanted.remove(&next.1);
        state.running.insert(next.1);
        Some(next.1)
    }

    /// Nobody works on the group any more.
    pub(crate) fn done(&self, whose: impl Into<Whose>) {
        self.state().running.remove(&whose.into());
        self.changed.notify_one();
    }

    /// The group is gone.
    pub(crate) fn forget(&self, group: GroupId) {
        let group = Whose::Group(group);
        let mut state = self.state();
        if let Some(at) = state.wanted.remove(&group) {
            state.order.remove(&(at, group));
        }
    }

    /// The earliest moment at which a group that nobody works on wants its turn.
    pub(crate) fn next_at(&self) -> Option<Time> {
        let state = self.state();
        state
            .order
            .iter()
            .find(|(_, group)| !state.running.contains(group))
            .map(|(at, _)| *at)
    }

    /// How many groups are due or being worked on.
    pub(crate) fn depth(&self, now: Time) -> usize {
        let state = self.state();
        state.running.len() + state.order.iter().take_while(|(at, _)| *at <= now).count()
    }

    /// Makes the dispatcher look again: the clock was moved.
    pub(crate) fn nudge(&self) {
        self.changed.notify_one();
    }

    /// Comes back when something changed since the last time.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_model::Key;

    fn group(n: u64) -> GroupId {
        GroupId::new(Key::from_bits(n))
    }

    #[test]
    fn the_earlier_wish_counts_and_no_group_runs_twice() {
        let queue = Queue::default();
        queue.want(group(1), Time(50));
        queue.want(group(1), Time(10));
        queue.want(group(1), Time(90));
        queue.want(group(2), Time(20));
        assert_eq!(queue.take(Time(5)), None);
        assert_eq!(queue.take(Time(100)), Some(Whose::Group(group(1))));
        queue.want(group(1), Time(11));
        assert_eq!(queue.take(Time(100)), Some(Whose::Group(group(2))));
        assert_eq!(queue.take(Time(100)), None, "group 1 is being worked on");
        assert_eq!(queue.depth(Time(100)), 3);
        queue.done(group(1));
        assert_eq!(queue.take(Time(100)), Some(Whose::Group(group(1))));
        queue.done(group(1));
        queue.done(group(2));
        assert_eq!((queue.next_at(), queue.depth(Time(100))), (None, 0));
    }
}
