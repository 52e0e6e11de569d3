//! How often something may be done.

use std::hash::Hash;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// One limit for each key, so many a second. There have to be few keys: none is forgotten.
pub struct Rates<K: Hash + Eq + Clone, C: Clock = DefaultClock>(
    RateLimiter<K, HashMapStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>,
);

impl<K: Hash + Eq + Clone> Rates<K> {
    /// So many a second, by the real clock, which nothing moves.
    pub fn per_sec(per_sec: u32) -> Rates<K> {
        Rates::new(per_sec, &DefaultClock::default())
    }
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Rates<K, C> {
    /// So many a second, by this clock.
    pub fn new(per_sec: u32, clock: &C) -> Rates<K, C> {
        let quota = Quota::per_second(NonZeroU32::new(per_sec).unwrap_or(NonZeroU32::MIN));
        Rates(RateLimiter::hashmap_with_clock(quota, clock.clone()))
    }

    /// Whether one more is allowed now.
    pub fn allow(&self, key: K) -> bool {
        self.0.check_key(&key).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn every_key_has_its_own_rate() {
        let clock = FakeRelativeClock::default();
        let rates = Rates::new(3, &clock);
        let calls = |key| (0..10).filter(|_| rates.allow(key)).count();
        assert_eq!(calls((1, "DescribeScalingGroup")), 3);
        assert_eq!(calls((1, "CreateScalingGroup")), 3);
        assert_eq!(calls((2, "DescribeScalingGroup")), 3);
        clock.advance(Duration::from_secs(1));
        assert_eq!(calls((1, "DescribeScalingGroup")), 3);
    }
}
