//! Each request once: of a key, a pair of time and nonce is taken one time only (L635).
//!
//! What was taken is kept until its time is out of date by itself. Memory is bounded: when a key has used up its room, the
//! oldest times are forgotten and no request of that time or before is taken any more, so that none is ever taken twice.
//! It is memory only: what was taken before a restart is not known after it. Who needs that too has the door refuse what
//! was signed before it started (`refuse_signed_before_start`).

use std::collections::{BTreeMap, HashMap, HashSet};

/// The first place of the times that one key has used, and their nonces.
#[derive(Debug, Default)]
struct Taken {
    /// Nonces by time, unix seconds.
    nonces: BTreeMap<i64, HashSet<u64>>,
    /// How many nonces there are.
    count: usize,
    /// Nothing of this time or before is taken.
    floor: Option<i64>,
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replayed {
    /// Time and nonce were there before.
    Again,
    /// So old that it is not known any more whether they were.
    Forgotten,
}

/// What was taken, by key. There are as many keys as were ever accepted, which an operator has made.
#[derive(Debug)]
pub(crate) struct Seen {
    keys: HashMap<String, Taken>,
    /// Nonces kept of a key.
    most: usize,
    /// How long a time is in date, seconds.
    window_secs: i64,
    /// Nothing before this is taken, unix seconds.
    since: Option<i64>,
}

impl Seen {
    pub(crate) fn new(most: usize, window_secs: u64, since: Option<i64>) -> Seen {
        Seen {
            keys: HashMap::new(),
            most: most.max(1),
            window_secs: i64::try_from(window_secs).unwrap_or(i64::MAX),
            since,
        }
    }

    /// Takes a request that is in date and rightly signed. Times are unix seconds.
    pub(crate) fn take(
        &mut self,
        key: &str,
        at: i64,
        nonce: u64,
        now: i64,
    ) -> Result<(), Replayed> {
        if self.since.is_some_and(|since| at < since) {
            return Err(Replayed::Forgotten);
        }
        if !self.keys.contains_key(key) {
            self.keys.insert(key.to_owned(), Taken::default());
        }
        let (most, oldest) = (self.most, now.saturating_sub(self.window_secs));
        match self.keys.get_mut(key) {
            Some(taken) => taken.take(at, nonce, most, oldest),
            None => Err(Replayed::Forgotten),
        }
    }
}

impl Taken {
    fn take(&mut self, at: i64, nonce: u64, most: usize, oldest: i64) -> Result<(), Replayed> {
        // What is out of date is refused for its time.
        while let Some(entry) = self.nonces.first_entry()
            && *entry.key() < oldest
        {
            self.count -= entry.remove().len();
        }
        if self.floor.is_some_and(|floor| at <= floor) {
            return Err(Replayed::Forgotten);
        }
        let of_time = self.nonces.entry(at).or_default();
        if !of_time.insert(nonce) {
            return Err(Replayed::Again);
        }
        self.count += 1;
        while self.count > most
            && let Some((at, nonces)) = self.nonces.pop_first()
        {
            self.count -= nonces.len();
            self.floor = Some(at);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_of_time_and_nonce_is_taken_once() {
        let mut seen = Seen::new(100, 7200, None);
        assert_eq!(seen.take("a", 1000, 7, 1000), Ok(()));
        assert_eq!(seen.take("a", 1000, 7, 1000), Err(Replayed::Again));
        assert_eq!(seen.take("a", 1000, 7, 8200), Err(Replayed::Again));
        // Another nonce, time or key is another request.
        assert_eq!(seen.take("a", 1000, 8, 1000), Ok(()));
        assert_eq!(seen.take("a", 1001, 7, 1000), Ok(()));
        assert_eq!(seen.take("b", 1000, 7, 1000), Ok(()));
    }

    #[test]
    fn what_is_out_of_date_is_forgotten() {
        let mut seen = Seen::new(100, 7200, None);
        for at in 0..50 {
            assert_eq!(seen.take("a", at, 1, at), Ok(()));
        }
        assert_eq!(seen.take("a", 9000, 1, 9000), Ok(()));
        assert_eq!(seen.keys["a"].count, 1);
    }

    #[test]
    fn memory_is_bounded_and_still_nothing_is_taken_twice() {
        let mut seen = Seen::new(10, 7200, None);
        let mut taken = Vec::new();
        for nonce in 0..100 {
            let at = 1000 + i64::try_from(nonce / 3).unwrap();
            assert_eq!(seen.take("a", at, nonce, at), Ok(()));
            taken.push((at, nonce));
            assert!(seen.keys["a"].count <= 10);
        }
        for (at, nonce) in taken {
            assert!(seen.take("a", at, nonce, 1040).is_err(), "{at} {nonce}");
        }
        assert_eq!(seen.take("a", 1040, 1, 1040), Ok(()));
    }

    #[test]
    fn what_was_signed_before_the_start_is_refused_where_that_is_wanted() {
        let mut seen = Seen::new(10, 7200, Some(500));
        assert_eq!(seen.take("a", 499, 1, 500), Err(Replayed::Forgotten));
        assert_eq!(seen.take("a", 500, 1, 500), Ok(()));
    }
}
