//! What goes wrong, by seed.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};

/// How likely what goes wrong is, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Odds {
    /// A call fails, certainly not done.
    pub error: u32,
    /// A launch finds its place sold out.
    pub sold_out: u32,
    /// A call hits a quota.
    pub quota: u32,
    /// A call is done and its answer lost.
    pub lost_done: u32,
    /// A call is not done and there is no answer.
    pub lost_not_done: u32,
    /// A call hangs and is done much later, or never.
    pub hang: u32,
    /// An answer comes twice.
    pub doubled: u32,
    /// A listing fails.
    pub no_listing: u32,
    /// A listing leaves a machine out.
    pub lying_listing: u32,
    /// A machine dies between two listings.
    pub death: u32,
    /// A machine becomes unhealthy between two listings.
    pub sickness: u32,
    /// Most machines of a group become unhealthy at once between two listings.
    pub storm: u32,
    /// All machines of a group become healthy between two listings.
    pub recovery: u32,
    /// A member has load when it is first drained.
    pub load: u32,
    /// A balancer loses a member between two listings.
    pub lost_member: u32,
    /// A balancer restarts between two listings, and has forgotten its members.
    pub forgetful_balancer: u32,
    /// A balancer stops answering for a while.
    pub silent_balancer: u32,
    /// A balancer does not know the health of a member when it is asked.
    pub unknown_health: u32,
    /// A commit fails, not written.
    pub commit_lost: u32,
    /// A commit is written, but its answer is lost.
    pub commit_unknown: u32,
    /// The service crashes at a commit.
    pub crash: u32,
}

impl Odds {
    /// Everything goes wrong now and then.
    #[must_use]
    pub fn rough() -> Odds {
        Odds {
            error: 60,
            sold_out: 80,
            quota: 20,
            lost_done: 50,
            lost_not_done: 50,
            hang: 20,
            doubled: 80,
            no_listing: 100,
            lying_listing: 30,
            death: 40,
            sickness: 40,
            storm: 15,
            recovery: 40,
            load: 500,
            lost_member: 30,
            forgetful_balancer: 10,
            silent_balancer: 40,
            unknown_health: 100,
            commit_lost: 15,
            commit_unknown: 15,
            crash: 12,
        }
    }
}

/// Seeded dice.
#[derive(Debug)]
pub struct Dice {
    rng: ChaCha8Rng,
    /// The odds in force; all zero = nothing goes wrong.
    pub odds: Odds,
}

impl Dice {
    /// Dice of a seed.
    #[must_use]
    pub fn new(seed: u64, odds: Odds) -> Dice {
        Dice {
            rng: ChaCha8Rng::seed_from_u64(seed),
            odds,
        }
    }

    /// Whether something with these odds happens.
    pub fn strikes(&mut self, thousandths: u32) -> bool {
        thousandths > 0 && self.rng.random_range(0..1000) < thousandths
    }

    /// A number below `end` (0 for 0).
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 {
            0
        } else {
            self.rng.random_range(0..end)
        }
    }

    /// A number of milliseconds up to `most`.
    pub fn millis(&mut self, most: i64) -> i64 {
        self.rng.random_range(0..=most)
    }

    /// Bits for fresh ids.
    pub fn bits(&mut self) -> u64 {
        self.rng.next_u64()
    }
}
