//! The members of a listener, and whose turn it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::upstream::{Held, Upstream};

/// A member with its place in the round.
#[derive(Debug)]
struct Seat {
    upstream: Arc<Upstream>,
    /// What smooth weighted round robin has saved up for it.
    credit: i64,
}

/// The members of a listener.
#[derive(Debug, Default)]
pub(super) struct Board {
    seats: Mutex<Vec<Seat>>,
}

impl Board {
    fn seats(&self) -> MutexGuard<'_, Vec<Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These and no others are members from now on; those that stay keep their place in the round.
    pub(super) fn keep(&self, members: Vec<Arc<Upstream>>) {
        let mut seats = self.seats();
        let mut credits: BTreeMap<*const Upstream, i64> = seats
            .iter()
            .map(|seat| (Arc::as_ptr(&seat.upstream), seat.credit))
            .collect();
        *seats = members
            .into_iter()
            .map(|upstream| Seat {
                credit: credits.remove(&Arc::as_ptr(&upstream)).unwrap_or(0),
                upstream,
            })
            .collect();
    }

    /// Whoever is being chosen now has been by the time that this comes back, and is counted.
    pub(super) fn pass(&self) {
        drop(self.seats());
    }

    /// Whose turn it is, among those of `fits` that have not been tried: by their shares, so that of any row of turns each
    /// has its part. Those that no check has seen yet are asked only when nobody else is there.
    pub(super) fn pick(
        &self,
        slow_start_millis: u64,
        now: Instant,
        fits: impl Fn(&Upstream) -> bool,
        tried: &[Arc<Upstream>],
    ) -> Option<Held> {
        let mut seats = self.seats();
        for unchecked in [false, true] {
            let (mut total, mut best): (i64, Option<(usize, i64)>) = (0, None);
            for (at, seat) in seats.iter_mut().enumerate() {
                let one = &seat.upstream;
                if !fits(one) || tried.iter().any(|other| Arc::ptr_eq(other, one)) {
                    continue;
                }
                let share = one.share(slow_start_millis, unchecked, now);
                if share == 0 {
                    continue;
                }
                let share = i64::try_from(share).unwrap_or(i64::MAX);
                seat.credit = seat.credit.saturating_add(share);
                total = total.saturating_add(share);
                if best.is_none_or(|(_, credit)| seat.credit > credit) {
                    best = Some((at, seat.credit));
                }
            }
            if let Some((at, _)) = best {
                seats[at].credit = seats[at].credit.saturating_sub(total);
                return Some(Held::new(&seats[at].upstream));
            }
        }
        None
    }
}
