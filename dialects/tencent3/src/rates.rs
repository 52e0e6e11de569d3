//! How often an account may call an action (rule P11).

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use muster_model::AccountId;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

type Limiter<C> = RateLimiter<
    (AccountId, &'static str),
    HashMapStateStore<(AccountId, &'static str)>,
    C,
    NoOpMiddleware<<C as Clock>::Instant>,
>;

/// One limiter per rate that occurs, keyed by account and action. Keys are bounded by accounts times actions.
pub(crate) struct Rates<C: Clock = DefaultClock> {
    limiters: BTreeMap<u32, Limiter<C>>,
}

impl<C: Clock + Clone> Rates<C> {
    /// All rates, by this clock: a real one, which nothing moves.
    pub(crate) fn new(clock: &C) -> Rates<C> {
        let rates = crate::actions::ACTIONS
            .iter()
            .map(|entry| crate::actions::rate_per_sec(entry.name));
        let limiter = |rate: u32| {
            let quota = Quota::per_second(NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN));
            (rate, RateLimiter::hashmap_with_clock(quota, clock.clone()))
        };
        Rates {
            limiters: rates.map(limiter).collect(),
        }
    }

    /// Whether one more call is allowed now.
    pub(crate) fn allow(&self, account: AccountId, action: &'static str) -> bool {
        let rate = crate::actions::rate_per_sec(action);
        self.limiters
            .get(&rate)
            .is_none_or(|limiter| limiter.check_key(&(account, action)).is_ok())
    }
}
