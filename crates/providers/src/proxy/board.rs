//! The members of a listener, and whose turn it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use muster_model::{BalancerTarget, InstanceId, OwnerKey};

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

    /// The member at this target with this machine, whoever's it is.
    pub(super) fn at(&self, target: &BalancerTarget, id: InstanceId) -> Option<Arc<Upstream>> {
        self.seats()
            .iter()
            .map(|seat| &seat.upstream)
            .find(|one| one.target == *target && one.owner.instance == id)
            .map(Arc::clone)
    }

    /// The member of this owner at this target.
    pub(super) fn own(&self, owner: &OwnerKey, target: &BalancerTarget) -> Option<Arc<Upstream>> {
        self.at(target, owner.instance)
            .filter(|one| one.owner == *owner)
    }

    /// Takes a member in; one that was there before in its place is cut off.
    pub(super) fn put(&self, upstream: Arc<Upstream>) {
        let mut seats = self.seats();
        let same = |seat: &Seat| {
            seat.upstream.target == upstream.target
                && seat.upstream.owner.instance == upstream.owner.instance
        };
        if let Some(at) = seats.iter().position(same) {
            seats.remove(at).upstream.cut.cancel();
        }
        seats.push(Seat {
            upstream,
            credit: 0,
        });
    }

    /// From here on a member gets nothing new: whoever has been given something by then is counted.
    pub(super) fn drain(&self, owner: &OwnerKey, target: &BalancerTarget) {
        let own = self.own(owner, target);
        let _turn = self.seats();
        if let Some(own) = own {
            own.drain();
        }
    }

    /// A member goes, with what it has. Whether it was there.
    pub(super) fn remove(&self, owner: &OwnerKey, target: &BalancerTarget) -> bool {
        let mut seats = self.seats();
        let own = |seat: &Seat| seat.upstream.owner == *owner && seat.upstream.target == *target;
        let Some(at) = seats.iter().position(own) else {
            return false;
        };
        seats.remove(at).upstream.cut.cancel();
        true
    }

    pub(super) fn all(&self) -> Vec<Arc<Upstream>> {
        let seats = self.seats();
        seats
            .iter()
            .map(|seat| Arc::clone(&seat.upstream))
            .collect()
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
