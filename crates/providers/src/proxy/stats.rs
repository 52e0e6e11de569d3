//! Counts and times of requests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::timing;

/// Seconds that a rate is taken over.
const SECS: u64 = 10;

/// What has been counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests (of TCP: connections) that were handed over.
    pub requests: u64,
    /// Of those, how many got no answer.
    pub failures: u64,
    /// Those that were answered: how long it took until the answer began, in all, microseconds.
    pub micros: u64,
}

impl Counts {
    /// Mean time until an answer began, milliseconds; `None` when nothing was answered.
    #[must_use]
    pub fn latency_millis(&self) -> Option<f64> {
        let answered = self.requests.saturating_sub(self.failures);
        (answered > 0).then(|| self.micros as f64 / 1000.0 / answered as f64)
    }
}

/// Counters of a member, or of a group.
#[derive(Debug)]
pub(super) struct Stats {
    since: Instant,
    requests: AtomicU64,
    failures: AtomicU64,
    micros: AtomicU64,
    window: Mutex<Window>,
}

/// Requests of the last seconds, by second.
#[derive(Debug, Default)]
struct Window {
    last: u64,
    counts: [u64; SECS as usize + 1],
}

impl Window {
    /// Goes on to this second: those that have not been seen are empty.
    fn advance(&mut self, second: u64) {
        let slots = self.counts.len() as u64;
        for passed in (self.last + 1..=second).take(self.counts.len()) {
            self.counts[(passed % slots) as usize] = 0;
        }
        if second > self.last + slots {
            self.counts = [0; SECS as usize + 1];
        }
        self.last = self.last.max(second);
    }
}

impl Default for Stats {
    fn default() -> Self {
        Stats {
            since: timing::now(),
            requests: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            micros: AtomicU64::new(0),
            window: Mutex::new(Window::default()),
        }
    }
}

impl Stats {
    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.since).as_secs()
    }

    /// A request was handed over.
    pub(super) fn began(&self, now: Instant) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let second = self.second(now);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        window.advance(second);
        let slot = (window.last % window.counts.len() as u64) as usize;
        window.counts[slot] += 1;
    }

    pub(super) fn answered(&self, began: Instant, now: Instant) {
        let micros = now.saturating_duration_since(began).as_micros();
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            requests: self.requests.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            micros: self.micros.load(Ordering::Relaxed),
        }
    }

    /// Requests a second over the last whole seconds.
    pub(super) fn rate(&self, now: Instant) -> f64 {
        let second = self.second(now);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        window.advance(second);
        let current = (window.last % window.counts.len() as u64) as usize;
        let whole: u64 = window.counts.iter().sum::<u64>() - window.counts[current];
        whole as f64 / second.clamp(1, SECS) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_rate_is_of_the_last_whole_seconds() {
        let stats = Stats::default();
        let at = |millis| stats.since + Duration::from_millis(millis);
        for n in 0..40 {
            stats.began(at(n * 100));
        }
        assert!((stats.rate(at(4000)) - 10.0).abs() < 1e-9);
        assert!((stats.rate(at(10_500)) - 4.0).abs() < 1e-9);
        assert!(stats.rate(at(13_900)) < 1.1);
        assert!(stats.rate(at(60_000)) == 0.0);
        assert_eq!(stats.counts().requests, 40);
    }
}
