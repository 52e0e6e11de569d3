//! A member as the balancer sees it: where it is, how it is, what it has in its hands.

use std::fmt::{Display, Formatter};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use muster_model::{
    BalancerTarget, GroupId, Member, MemberHealth, MemberState, OwnerKey, PoolMemberId, ProbeAsk,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::options::{Check, ListenerOptions};
use super::stats::Stats;
use super::timing;
use super::view::MemberView;

/// A share is this many times the weight, so that slow starts have steps.
const SCALE: u64 = 100;
/// The least that a slow start begins with, of `SCALE`.
const LEAST: u64 = SCALE / 10;

/// Whose a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A machine of a group.
    Machine {
        /// Which.
        owner: OwnerKey,
        /// Where it is a member.
        target: BalancerTarget,
    },
    /// It was put there by hand.
    Hand(PoolMemberId),
}

impl Display for Whose {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Machine { owner, .. } => Display::fmt(owner, f),
            Self::Hand(id) => f.write_str(&id.uuid()),
        }
    }
}

/// A member.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) whose: Whose,
    pub(super) address: SocketAddr,
    in_flight: AtomicU32,
    pub(super) stats: Stats,
    /// Counters of its group, if it has one.
    group_stats: Option<Arc<Stats>>,
    marks: Mutex<Marks>,
    /// Everything that it has is cut off.
    pub(super) cut: CancellationToken,
    /// It is to be checked at once.
    pub(super) hurry: Notify,
}

/// What changes about a member.
#[derive(Clone, Copy, Debug)]
struct Marks {
    weight: u16,
    state: MemberState,
    health: MemberHealth,
    /// It could not be connected to; no check has passed since.
    suspect: bool,
    /// Since when it is healthy: its share rises from there.
    healthy_since: Option<Instant>,
    added_at: Instant,
    good: u32,
    bad: u32,
}

impl Upstream {
    pub(super) fn new(
        whose: Whose,
        address: SocketAddr,
        weight: u16,
        group_stats: Option<Arc<Stats>>,
    ) -> Upstream {
        Upstream {
            whose,
            address,
            in_flight: AtomicU32::new(0),
            stats: Stats::default(),
            group_stats,
            marks: Mutex::new(Marks {
                weight,
                state: MemberState::Active,
                health: MemberHealth::Unknown,
                suspect: false,
                healthy_since: None,
                added_at: timing::now(),
                good: 0,
                bad: 0,
            }),
            cut: CancellationToken::new(),
            hurry: Notify::new(),
        }
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It takes load by this weight.
    pub(super) fn activate(&self, weight: u16) {
        let mut marks = self.marks();
        marks.weight = weight;
        marks.state = MemberState::Active;
    }

    pub(super) fn drain(&self) {
        self.marks().state = MemberState::Draining;
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Acquire)
    }

    pub(super) fn health(&self) -> MemberHealth {
        self.marks().health
    }

    /// The machine that it is, as it is listed.
    pub(super) fn as_member(&self) -> Option<Member> {
        let Whose::Machine { owner, target } = &self.whose else {
            return None;
        };
        let marks = *self.marks();
        Some(Member {
            owner: owner.clone(),
            target: target.clone(),
            weight: marks.weight,
            state: marks.state,
            health: marks.health,
            in_flight: Some(self.in_flight()),
        })
    }

    /// The machine of a group that it is.
    pub(super) fn owner(&self) -> Option<&OwnerKey> {
        match &self.whose {
            Whose::Machine { owner, .. } => Some(owner),
            Whose::Hand(_) => None,
        }
    }

    pub(super) fn is_of(&self, group: GroupId) -> bool {
        self.owner().is_some_and(|owner| owner.group == group)
    }

    /// Whether it is this machine at this target.
    pub(super) fn is(&self, own: &OwnerKey, at: &BalancerTarget) -> bool {
        matches!(&self.whose, Whose::Machine { owner, target } if owner == own && target == at)
    }

    /// Whether both are the same machine at the same target, whoever owns it, or the same one by hand.
    pub(super) fn is_same_place(&self, other: &Whose) -> bool {
        match (&self.whose, other) {
            (
                Whose::Machine { owner, target },
                Whose::Machine {
                    owner: other,
                    target: at,
                },
            ) => owner.instance == other.instance && target == at,
            (Whose::Hand(id), Whose::Hand(other)) => id == other,
            (Whose::Machine { .. }, Whose::Hand(_)) | (Whose::Hand(_), Whose::Machine { .. }) => {
                false
            }
        }
    }

    /// The rule of the listener that sends load to it, if there is one.
    pub(super) fn location(&self) -> Option<&str> {
        match &self.whose {
            Whose::Machine { target, .. } => target.location.as_deref(),
            Whose::Hand(_) => None,
        }
    }

    /// To be shown.
    pub(super) fn view(&self, now: Instant) -> MemberView {
        let marks = *self.marks();
        MemberView {
            whose: self.whose.clone(),
            weight: marks.weight,
            state: marks.state,
            health: marks.health,
            in_flight: self.in_flight(),
            address: self.address,
            counts: self.stats.counts(),
            requests_per_sec: self.stats.rate(now),
        }
    }

    /// It is checked in another way from now on: what was found in a row so far does not count. Where nothing is asked any
    /// more, nothing is known.
    pub(super) fn check_has_changed(&self, check: &Check) {
        let mut marks = self.marks();
        (marks.good, marks.bad) = (0, 0);
        if check.ask == ProbeAsk::Nothing {
            (marks.health, marks.suspect) = (MemberHealth::Unknown, false);
        }
    }

    /// Its share of the load now, 0 = none. `unchecked`: one of which nothing is known yet may have some.
    pub(super) fn share(&self, slow_start_millis: u64, unchecked: bool, now: Instant) -> u64 {
        let marks = *self.marks();
        let weight = u64::from(marks.weight);
        if marks.state == MemberState::Draining || marks.suspect {
            return 0;
        }
        match marks.health {
            MemberHealth::Unhealthy => 0,
            MemberHealth::Unknown if unchecked => weight * SCALE,
            MemberHealth::Unknown => 0,
            MemberHealth::Healthy => {
                let since = marks.healthy_since.unwrap_or(marks.added_at);
                let risen = timing::millis_since(since, now)
                    .saturating_mul(SCALE)
                    .checked_div(slow_start_millis)
                    .unwrap_or(SCALE);
                weight * risen.clamp(LEAST, SCALE)
            }
        }
    }

    /// It could not be connected to: it gets nothing until a check passes, and is checked at once.
    pub(super) fn suspect(&self) {
        self.marks().suspect = true;
        self.hurry.notify_one();
    }

    /// Takes over what a check found.
    pub(super) fn checked(&self, passed: bool, check: &Check, now: Instant) {
        let mut marks = self.marks();
        let was = marks.health;
        (marks.good, marks.bad) = match passed {
            true => (marks.good.saturating_add(1), 0),
            false => (0, marks.bad.saturating_add(1)),
        };
        if passed {
            marks.suspect = false;
        }
        let patience = check.interval_millis.saturating_mul(u64::from(check.fall));
        let late = timing::millis_since(marks.added_at, now) >= patience;
        marks.health = match (was, passed) {
            (MemberHealth::Unknown, true) => MemberHealth::Healthy,
            (MemberHealth::Unknown, false) if late => MemberHealth::Unhealthy,
            (MemberHealth::Healthy, false) if marks.bad >= check.fall => MemberHealth::Unhealthy,
            (MemberHealth::Unhealthy, true) if marks.good >= check.rise => MemberHealth::Healthy,
            (same, _) => same,
        };
        if marks.health != was {
            let health = marks.health;
            if health == MemberHealth::Healthy {
                marks.healthy_since = Some(now);
            }
            drop(marks);
            tracing::info!(owner = %self.whose, address = %self.address, ?health, "a member has changed");
        }
    }

    /// One that came back from a restart of ours with the load that it had: its slow start is over.
    pub(super) fn is_old(&self, options: &ListenerOptions, now: Instant) {
        let past = std::time::Duration::from_millis(options.slow_start_millis);
        let mut marks = self.marks();
        marks.health = MemberHealth::Healthy;
        marks.healthy_since = now.checked_sub(past);
    }
}

/// A request, or a connection, in the hands of a member, from its choice until it is dropped.
#[derive(Debug)]
pub(super) struct Held(pub(super) Arc<Upstream>);

impl Held {
    pub(super) fn new(upstream: &Arc<Upstream>) -> Held {
        upstream.in_flight.fetch_add(1, Ordering::AcqRel);
        Held(Arc::clone(upstream))
    }

    pub(super) fn began(&self, now: Instant) {
        self.0.stats.began(now);
        if let Some(group) = &self.0.group_stats {
            group.began(now);
        }
    }

    pub(super) fn answered(&self, began: Instant, now: Instant) {
        self.0.stats.answered(began, now);
        if let Some(group) = &self.0.group_stats {
            group.answered(began, now);
        }
    }

    pub(super) fn failed(&self) {
        self.0.stats.failed();
        if let Some(group) = &self.0.group_stats {
            group.failed();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
