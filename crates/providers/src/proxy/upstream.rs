//! A member as the balancer sees it: where it is, how it is, what it has in its hands.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use muster_model::{BalancerTarget, Member, MemberHealth, MemberState, OwnerKey};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::options::{Check, ListenerOptions};
use super::stats::Stats;
use super::timing;

/// A share is this many times the weight, so that slow starts have steps.
const SCALE: u64 = 100;
/// The least that a slow start begins with, of `SCALE`.
const LEAST: u64 = SCALE / 10;

/// A member.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) owner: OwnerKey,
    pub(super) target: BalancerTarget,
    pub(super) address: SocketAddr,
    in_flight: AtomicU32,
    pub(super) stats: Stats,
    pub(super) group_stats: Arc<Stats>,
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
        owner: OwnerKey,
        target: BalancerTarget,
        address: SocketAddr,
        weight: u16,
        group_stats: Arc<Stats>,
    ) -> Upstream {
        Upstream {
            owner,
            target,
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

    pub(super) fn as_member(&self) -> Member {
        let marks = *self.marks();
        Member {
            owner: self.owner.clone(),
            target: self.target.clone(),
            weight: marks.weight,
            state: marks.state,
            health: marks.health,
            in_flight: Some(self.in_flight()),
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
            tracing::info!(owner = %self.owner, address = %self.address, ?health, "a member has changed");
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
        self.0.group_stats.began(now);
    }

    pub(super) fn answered(&self, began: Instant, now: Instant) {
        self.0.stats.answered(began, now);
        self.0.group_stats.answered(began, now);
    }

    pub(super) fn failed(&self) {
        self.0.stats.failed();
        self.0.group_stats.failed();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
