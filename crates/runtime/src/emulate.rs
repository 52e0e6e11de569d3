//! Moving the clock, and waiting until all is quiet: for tests of other people's code, and ours.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use muster_model::Time;
use muster_ports::Clock;

use crate::runtime::Runtime;

/// Moments one move of the clock stops at, at the most.
const STOPS: usize = 200_000;

impl Runtime {
    /// Comes back when nothing is due now and no call to the back end is in flight, but for those that wait in the
    /// movable time. Looks at the machines first, so that what was done to them behind our back has been seen.
    pub async fn settle(self: &Arc<Self>) {
        let _moving = self.moving.lock().await;
        self.quiet().await;
        // A listing says nothing of what came about in its own millisecond: it is asked for in a later one.
        self.clock.wait(self.clock.now().plus_millis(1)).await;
        self.look().await;
    }

    /// Lets `secs` seconds pass as if they had: every wake-up that is due on the way is run in its order, at its own
    /// time. Comes back when all is quiet, with the new time. A clock that stood still before stands still again.
    pub async fn advance(self: &Arc<Self>, secs: u64) -> Time {
        let _moving = self.moving.lock().await;
        let stood_still = self.clock.is_frozen();
        let target = self.clock.now().plus_secs(secs);
        self.clock.freeze(self.clock.now());
        for _ in 0..STOPS {
            self.quiet().await;
            self.look().await;
            let next = [self.queue.next_at(), self.clock.next_deadline()]
                .into_iter()
                .flatten()
                .min();
            match next {
                Some(at) if at <= target => self.clock.freeze(at),
                Some(_) | None => break,
            }
            self.queue.nudge();
        }
        self.clock.freeze(target);
        self.queue.nudge();
        self.quiet().await;
        self.look().await;
        if !stood_still {
            self.clock.unfreeze();
        }
        self.clock.now()
    }

    /// Lists the machines and waits until what was seen has been worked in. A listing that was ordered to hang is not
    /// waited for: it is parked in the movable time like any other call.
    async fn look(self: &Arc<Self>) {
        let runtime = Arc::clone(self);
        // Counted before it runs, so that it is not quiet in between.
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            runtime.look_at(None).await;
        });
        self.quiet().await;
    }

    /// Waits until nothing is due and every call in flight is parked in the movable time.
    async fn quiet(&self) {
        loop {
            let stirred = self.quieter.notified();
            tokio::pin!(stirred);
            stirred.as_mut().enable();
            let moved = self.clock.moved();
            if self.is_quiet() {
                return;
            }
            tokio::select! {
                biased;
                () = &mut stirred => {}
                () = moved => {}
                () = crate::clock::pause_millis(5) => {}
            }
        }
    }

    fn is_quiet(&self) -> bool {
        // In this order: a call that comes home leaves `in_flight` only after its group was queued again.
        let in_flight = self.in_flight.load(Ordering::SeqCst);
        in_flight <= self.clock.parked() && self.queue.depth(self.clock.now()) == 0
    }
}
