//! The one place where real time is read.
//!
//! A [`ShellClock`] runs as the real clock plus an offset. Under emulation it can be frozen at a moment and moved from
//! wake-up to wake-up; without, the offset stays zero.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use muster_model::Time;
use muster_ports::Clock;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Longest single wait on the real clock: a step of the wall clock is noticed within this.
const LONGEST_WAIT_MILLIS: u64 = 1000;

/// Whether a sleeper is a back-end call that waits in the movable time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sleeper {
    /// It is: nobody waits for it to end.
    Parked,
    /// A deadline of the shell's own.
    Deadline,
}

#[derive(Default)]
struct State {
    offset_millis: i64,
    frozen: Option<Time>,
    newest: Time,
    next_sleeper: u64,
    sleepers: BTreeMap<u64, (Time, Sleeper)>,
}

/// Real time plus an offset, or a frozen moment.
pub struct ShellClock {
    state: Mutex<State>,
    /// Told of every freeze, move and new sleeper. Those who wait are woken in the order in which they came: a seed is a run.
    moved: Notify,
}

impl Default for ShellClock {
    fn default() -> Self {
        ShellClock::new(0)
    }
}

/// Milliseconds since the Unix epoch by the machine's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where real time is read"
)]
fn real_millis() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl ShellClock {
    /// A clock that runs `offset_millis` ahead of the real one.
    #[must_use]
    pub fn new(offset_millis: i64) -> ShellClock {
        let state = State {
            offset_millis,
            ..State::default()
        };
        ShellClock {
            state: Mutex::new(state),
            moved: Notify::new(),
        }
    }

    /// Seconds since the Unix epoch by the machine's clock: what signatures are checked against.
    #[must_use]
    pub fn real_unix_secs() -> i64 {
        real_millis().div_euclid(1000)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(state: &mut State) -> Time {
        let now = state
            .frozen
            .unwrap_or_else(|| Time(real_millis().saturating_add(state.offset_millis)));
        // A wall clock that was set back makes time stand still, not run backwards.
        state.newest = state.newest.max(now);
        state.newest
    }

    /// How far the clock is ahead of the real one, in milliseconds.
    #[must_use]
    pub fn offset_millis(&self) -> i64 {
        self.state().offset_millis
    }

    /// Stops the clock at `at` (never before now) until [`ShellClock::unfreeze`].
    pub fn freeze(&self, at: Time) {
        let mut state = self.state();
        let now = Self::read(&mut state);
        state.frozen = Some(at.max(now));
        drop(state);
        self.moved.notify_waiters();
    }

    /// Whether it is stopped.
    pub(crate) fn is_frozen(&self) -> bool {
        self.state().frozen.is_some()
    }

    /// Lets the clock run on from where it was stopped.
    pub fn unfreeze(&self) {
        let mut state = self.state();
        if let Some(at) = state.frozen.take() {
            state.offset_millis = at.0.saturating_sub(real_millis());
        }
        drop(state);
        self.moved.notify_waiters();
    }

    /// Back-end calls that wait in the movable time for a moment that has not come.
    pub(crate) fn parked(&self) -> usize {
        let mut state = self.state();
        let now = Self::read(&mut state);
        state
            .sleepers
            .values()
            .filter(|(until, kind)| *kind == Sleeper::Parked && *until > now)
            .count()
    }

    /// The earliest moment that somebody sleeps for.
    pub(crate) fn next_deadline(&self) -> Option<Time> {
        self.state()
            .sleepers
            .values()
            .map(|(until, _)| *until)
            .min()
    }

    /// Waits for a deadline of the shell's own.
    pub(crate) async fn deadline(&self, until: Time) {
        let _sleeper = self.enlist(until, Sleeper::Deadline);
        self.wait(until).await;
    }

    /// Waits for a deadline of the shell's own; `then` comes before it is forgotten that somebody slept.
    pub(crate) async fn deadline_then<T>(&self, until: Time, then: impl FnOnce() -> T) -> T {
        let _sleeper = self.enlist(until, Sleeper::Deadline);
        self.wait(until).await;
        then()
    }

    /// Waits without being seen by [`ShellClock::next_deadline`].
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where real time passes"
    )]
    pub(crate) async fn wait(&self, until: Time) {
        loop {
            // From here on nothing that moves is missed.
            let moved = self.moved.notified();
            let (left, frozen) = {
                let mut state = self.state();
                let now = Self::read(&mut state);
                (until.millis_since(now), state.frozen.is_some())
            };
            if left == 0 {
                return;
            }
            if frozen {
                moved.await;
            } else {
                let wait = Duration::from_millis(left.min(LONGEST_WAIT_MILLIS));
                let _ = tokio::time::timeout(wait, moved).await;
            }
        }
    }

    fn enlist(&self, until: Time, kind: Sleeper) -> Enlisted<'_> {
        let mut state = self.state();
        let id = state.next_sleeper;
        state.next_sleeper += 1;
        state.sleepers.insert(id, (until, kind));
        drop(state);
        self.moved.notify_waiters();
        Enlisted { clock: self, id }
    }

    /// The next freeze, move or new sleeper from now on.
    pub(crate) fn moved(&self) -> Notified<'_> {
        self.moved.notified()
    }
}

struct Enlisted<'a> {
    clock: &'a ShellClock,
    id: u64,
}

impl Drop for Enlisted<'_> {
    fn drop(&mut self) {
        self.clock.state().sleepers.remove(&self.id);
        self.clock.moved.notify_waiters();
    }
}

#[async_trait]
impl Clock for ShellClock {
    fn now(&self) -> Time {
        Self::read(&mut self.state())
    }

    async fn sleep_until(&self, until: Time) {
        let _sleeper = self.enlist(until, Sleeper::Parked);
        self.wait(until).await;
    }
}

/// Lets real time pass: for what does not live in the movable time.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where real time passes"
)]
pub(crate) async fn pause_millis(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// Measures real time, for metrics.
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where real time is read"
    )]
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }

    /// Seconds since the start.
    pub(crate) fn secs(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
