//! How often an account may call an action (L2802).

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use muster_model::AccountId;
use std::num::NonZeroU32;

type Key = (AccountId, &'static str);

/// One limit for each account and action. Keys are bounded by accounts times actions.
pub(crate) struct Rates<C: Clock = DefaultClock>(
    RateLimiter<Key, HashMapStateStore<Key>, C, NoOpMiddleware<<C as Clock>::Instant>>,
);

impl<C: Clock + Clone> Rates<C> {
    /// So many calls a second, by this clock: a real one, which nothing moves.
    pub(crate) fn new(calls_per_sec: u32, clock: &C) -> Rates<C> {
        let quota = Quota::per_second(NonZeroU32::new(calls_per_sec).unwrap_or(NonZeroU32::MIN));
        Rates(RateLimiter::hashmap_with_clock(quota, clock.clone()))
    }

    /// Whether one more call is allowed now.
    pub(crate) fn allow(&self, account: AccountId, action: &'static str) -> bool {
        self.0.check_key(&(account, action)).is_ok()
    }
}
