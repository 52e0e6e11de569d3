//! The outbox: messages that were committed, on their way to those who are to be told.
//!
//! The stored messages are the queue, and only numbers are in memory. What one sink still has for one group is a *lane*:
//! delivered in order, one at a time, again and again until the receiver has it or the patience with it is over. A sink's
//! *floor* is the message up to which everything is done; how far a lane is ahead of it is written down after each
//! message. So a crash repeats at most the message that was on its way in each lane, and loses none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use muster_model::{Event, GroupCommand, GroupId, Time};
use muster_ports::{Clock, Commit, NotifyError, Row, SavedEvent, StoreError};
use tokio::sync::{Mutex, Notify, Semaphore};

use crate::runtime::{Runtime, StartError};
use crate::sink::{Sink, takes};

/// Messages read at once.
const BATCH: usize = 256;
/// Messages for others that are passed over before that is written down.
const STRIDE: u64 = 1000;
/// Wait before the second attempt; doubles with each.
const FIRST_WAIT_MILLIS: u64 = 1000;
/// Longest wait between two attempts.
const LONGEST_WAIT_MILLIS: u64 = 60_000;
/// A message of a hook that does not arrive for this long is given up at the latest, seconds: its instance waits, and the
/// shortest time that it can be given is as long.
const HOOK_PATIENCE_SECS: u32 = 30;
/// Wait before the store is asked again after it failed, milliseconds of real time.
const STORE_RETRY_MILLIS: u64 = 500;

/// Rung when messages have been committed. Each ring counts as in flight until the outbox has looked.
#[derive(Default)]
pub(crate) struct Bell {
    rung: AtomicUsize,
    notify: Notify,
}

/// Something that is going on: while it is held, it is not quiet.
struct Busy(Arc<Runtime>);

impl Busy {
    fn new(runtime: &Arc<Runtime>) -> Busy {
        runtime.in_flight.fetch_add(1, Ordering::SeqCst);
        Busy(Arc::clone(runtime))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.0.stirred();
    }
}

/// What a sink has for one group.
struct Lane {
    /// Everything up to here is done.
    done: u64,
    /// The last message that is to go this way.
    until: u64,
}

/// Where a sink stands.
#[derive(Default)]
struct Standing {
    /// Everything up to here has been looked at.
    position: u64,
    /// Everything up to here is done, and that is written down.
    floor: u64,
    lanes: BTreeMap<GroupId, Lane>,
    /// Where groups stand that are written down ahead of the floor.
    ahead: BTreeMap<GroupId, u64>,
}

/// The outbox of one sink.
struct Outbox {
    runtime: Arc<Runtime>,
    sinks: Arc<[Sink]>,
    index: usize,
    bell: Arc<Bell>,
    standing: Mutex<Standing>,
    permits: Semaphore,
    /// When it was opened: patience with what waited for that begins then.
    opened_at: Time,
    /// The newest message at that time: up to there, groups may be written down ahead of the floor.
    horizon: u64,
}

impl Runtime {
    /// Delivers messages to these sinks from now on. A sink that is new hears of what comes; one that was here before goes
    /// on where it was.
    ///
    /// # Errors
    /// What is stored could not be read or written.
    pub async fn deliver_to(self: &Arc<Self>, sinks: Vec<Sink>) -> Result<(), StartError> {
        let sinks: Arc<[Sink]> = sinks.into();
        let bells: Vec<Arc<Bell>> = sinks.iter().map(|_| Arc::default()).collect();
        // Rung from here on, so that nothing falls between the first look and the next ring.
        let _first = self.bells.set(bells.clone());
        for (index, bell) in bells.into_iter().enumerate() {
            let outbox = Outbox::open(self, Arc::clone(&sinks), index, bell).await?;
            let busy = Busy::new(self);
            tokio::spawn(Arc::new(outbox).run(busy));
        }
        Ok(())
    }

    /// Messages have been committed.
    pub(crate) fn ring(&self) {
        for bell in self.bells.get().into_iter().flatten() {
            self.in_flight.fetch_add(1, Ordering::SeqCst);
            bell.rung.fetch_add(1, Ordering::SeqCst);
            bell.notify.notify_one();
        }
    }
}

impl Outbox {
    async fn open(
        runtime: &Arc<Runtime>,
        sinks: Arc<[Sink]>,
        index: usize,
        bell: Arc<Bell>,
    ) -> Result<Outbox, StartError> {
        let horizon = runtime.store.newest_event().await?;
        let permits = Semaphore::new(sinks[index].groups_at_once);
        let outbox = Outbox {
            runtime: Arc::clone(runtime),
            sinks,
            index,
            bell,
            standing: Mutex::default(),
            permits,
            opened_at: runtime.clock.now(),
            horizon,
        };
        let floor = match outbox.written(&outbox.floor_name()).await? {
            Some(floor) => floor,
            None => {
                outbox.write(vec![outbox.floor_row(horizon)]).await?;
                horizon
            }
        };
        {
            let mut standing = outbox.standing.lock().await;
            (standing.position, standing.floor) = (floor, floor);
        }
        Ok(outbox)
    }

    fn sink(&self) -> &Sink {
        &self.sinks[self.index]
    }

    /// Whether a message goes to the sink at `index`.
    fn takes(&self, index: usize, event: &Event) -> bool {
        takes(&self.sinks, index, event, self.runtime.is_own_topic(event))
    }

    fn floor_name(&self) -> String {
        format!("outbox.{}", self.sink().name)
    }

    fn lane_name(&self, group: GroupId) -> String {
        format!("outbox.{}.{group}", self.sink().name)
    }

    fn floor_row(&self, floor: u64) -> Row {
        Row::Setting {
            name: self.floor_name(),
            value: Some(floor.to_string()),
        }
    }

    async fn written(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let value = self.runtime.store.setting(name).await?;
        Ok(value.and_then(|text| text.parse().ok()))
    }

    async fn write(&self, rows: Vec<Row>) -> Result<(), StoreError> {
        let guards = Vec::new();
        self.runtime.commit(Commit { guards, rows }).await
    }

    /// Looks for messages at every ring until the runtime stops.
    async fn run(self: Arc<Self>, opening: Busy) {
        let mut opening = Some(opening);
        while !self.runtime.stopping() {
            let rung = self.bell.rung.swap(0, Ordering::SeqCst);
            while let Err(error) = self.collect().await {
                tracing::warn!(sink = self.sink().name, %error, "the outbox could not be read");
                if self.runtime.stopping() {
                    return;
                }
                crate::clock::pause_millis(STORE_RETRY_MILLIS).await;
            }
            self.runtime.in_flight.fetch_sub(rung, Ordering::SeqCst);
            opening = None;
            self.runtime.stirred();
            tokio::select! {
                biased;
                () = self.bell.notify.notified() => {}
                () = self.runtime.stopped.notified() => {}
            }
        }
        drop(opening);
    }

    /// Looks at all messages that have not been looked at, and sets the lanes to work that have some.
    async fn collect(self: &Arc<Self>) -> Result<(), StoreError> {
        loop {
            let mut standing = self.standing.lock().await;
            let events = self.runtime.store.events(standing.position, BATCH).await?;
            let Some(last) = events.last().map(|saved| saved.seq) else {
                return Ok(());
            };
            for saved in events {
                if self.takes(self.index, &saved.event) {
                    self.to_lane(&mut standing, &saved).await?;
                }
                standing.position = saved.seq;
            }
            if standing.lanes.is_empty() && last >= standing.floor + STRIDE {
                self.write(vec![self.floor_row(last)]).await?;
                standing.floor = last;
            }
        }
    }

    async fn to_lane(
        self: &Arc<Self>,
        standing: &mut Standing,
        saved: &SavedEvent,
    ) -> Result<(), StoreError> {
        let group = saved.event.group;
        if let Some(lane) = standing.lanes.get_mut(&group) {
            lane.until = saved.seq;
            return Ok(());
        }
        let mut done = saved.seq - 1;
        if saved.seq <= self.horizon
            && let Some(ahead) = self.written(&self.lane_name(group)).await?
        {
            standing.ahead.insert(group, ahead);
            done = done.max(ahead);
        }
        let until = saved.seq;
        standing.lanes.insert(group, Lane { done, until });
        self.count(standing);
        tokio::spawn(Arc::clone(self).lane(group, Busy::new(&self.runtime)));
        Ok(())
    }

    /// Delivers what there is for a group, in order.
    async fn lane(self: Arc<Self>, group: GroupId, _busy: Busy) {
        while let Some((done, until)) = self.next(group).await {
            let read = self.runtime.store.group_events(group, done, BATCH).await;
            let events = match read {
                Ok(events) => events,
                Err(error) => {
                    tracing::warn!(sink = self.sink().name, %group, %error, "messages could not be read");
                    crate::clock::pause_millis(STORE_RETRY_MILLIS).await;
                    continue;
                }
            };
            let all = events.len() < BATCH;
            let mut last = done;
            for saved in events.iter().take_while(|saved| saved.seq <= until) {
                last = saved.seq;
                if self.takes(self.index, &saved.event) {
                    if !self.deliver(saved).await {
                        return;
                    }
                    self.done(group, saved.seq).await;
                }
            }
            self.done(group, if all { until } else { last }).await;
        }
    }

    /// What is left for a group; a lane that has nothing left is closed.
    async fn next(&self, group: GroupId) -> Option<(u64, u64)> {
        if self.runtime.stopping() {
            return None;
        }
        let mut standing = self.standing.lock().await;
        let lane = standing.lanes.get(&group)?;
        if lane.done < lane.until {
            return Some((lane.done, lane.until));
        }
        standing.lanes.remove(&group);
        self.count(&standing);
        None
    }

    fn count(&self, standing: &Standing) {
        let metrics = &self.runtime.metrics;
        metrics.undelivered(&self.sink().name, standing.lanes.len());
    }

    /// Writes down that everything up to a message is done for a group. One writer at a time, so that what is written never
    /// goes back.
    async fn done(&self, group: GroupId, seq: u64) {
        let mut standing = self.standing.lock().await;
        let Some(lane) = standing.lanes.get_mut(&group) else {
            return;
        };
        if seq <= lane.done {
            return;
        }
        lane.done = seq;
        let open = standing
            .lanes
            .values()
            .filter(|lane| lane.done < lane.until);
        let floor = open.map(|lane| lane.done).min();
        let floor = floor.unwrap_or(standing.position).max(standing.floor);
        let mut rows = Vec::new();
        if floor > standing.floor {
            rows.push(self.floor_row(floor));
        }
        let passed: Vec<GroupId> = standing
            .ahead
            .iter()
            .filter(|(_, ahead)| **ahead <= floor)
            .map(|(group, _)| *group)
            .collect();
        for group in passed {
            standing.ahead.remove(&group);
            rows.push(Row::Setting {
                name: self.lane_name(group),
                value: None,
            });
        }
        if seq > floor {
            standing.ahead.insert(group, seq);
            rows.push(Row::Setting {
                name: self.lane_name(group),
                value: Some(seq.to_string()),
            });
        }
        standing.floor = floor;
        while let Err(error) = self.write(rows.clone()).await {
            tracing::warn!(sink = self.sink().name, %error, "a delivery could not be written down yet");
            if self.runtime.stopping() {
                return;
            }
            crate::clock::pause_millis(STORE_RETRY_MILLIS).await;
        }
    }

    /// Delivers a message, or gives it up. Returns whether that is settled: not when the runtime stops.
    async fn deliver(&self, saved: &SavedEvent) -> bool {
        let clock = &self.runtime.clock;
        let since = saved.event.at.max(self.opened_at);
        let own = match saved.event.hook_token() {
            Some(_) => Some(HOOK_PATIENCE_SECS),
            None => saved.event.ttl_secs(),
        };
        let patience = own.unwrap_or(u32::MAX).min(self.sink().patience_secs);
        let patient_until = since.plus_secs(u64::from(patience));
        let mut wait_millis = FIRST_WAIT_MILLIS;
        loop {
            if self.runtime.is_moot(&saved.event) {
                return true;
            }
            let error = match self.attempt(saved).await {
                Ok(()) => return true,
                Err(error) => error,
            };
            let (sink, group, seq) = (&self.sink().name, saved.event.group, saved.seq);
            let now = clock.now();
            let hopeless = match error {
                NotifyError::Refused(_) => true,
                NotifyError::Failed(_) | NotifyError::Unknown(_) => now >= patient_until,
            };
            if hopeless {
                tracing::warn!(sink, %group, seq, %error, "a message is given up");
                self.give_up(saved).await;
                return true;
            }
            tracing::warn!(sink, %group, seq, %error, "a message was not delivered yet");
            let wait = i64::try_from(wait_millis).unwrap_or(i64::MAX);
            tokio::select! {
                biased;
                () = clock.sleep_until(now.plus_millis(wait).min(patient_until)) => {}
                () = self.runtime.stopped.notified() => return false,
            }
            if self.runtime.stopping() {
                return false;
            }
            wait_millis = (wait_millis * 2).min(LONGEST_WAIT_MILLIS);
        }
    }

    /// One attempt. The time of a receiver is its provider's business; this bounds it in the movable time.
    async fn attempt(&self, saved: &SavedEvent) -> Result<(), NotifyError> {
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(NotifyError::Failed("the outbox is closing".to_owned()));
        };
        let clock = &self.runtime.clock;
        let until = clock.now().plus_secs(u64::from(self.sink().timeout_secs));
        let (notifier, saved) = (Arc::clone(&self.sink().notifier), saved.clone());
        let mut delivery = tokio::spawn(async move { notifier.deliver(&saved).await });
        let result = tokio::select! {
            biased;
            joined = &mut delivery => joined.unwrap_or_else(|error| {
                tracing::error!(sink = self.sink().name, %error, "a delivery panicked");
                self.runtime.metrics.panicked();
                Err(NotifyError::Unknown("the delivery panicked".to_owned()))
            }),
            () = clock.deadline(until) => {
                delivery.abort();
                Err(NotifyError::Unknown("no answer in time".to_owned()))
            }
        };
        self.runtime.metrics.delivery(&self.sink().name, &result);
        result
    }

    /// What follows when a message does not arrive. A hook that could not tell its receiver (the first sink that takes the
    /// message; the others have copies) ends with its default result.
    async fn give_up(&self, saved: &SavedEvent) {
        let event = &saved.event;
        let receiver = (0..self.sinks.len()).find(|index| self.takes(*index, event));
        let Some(token) = event.hook_token().filter(|_| receiver == Some(self.index)) else {
            return;
        };
        let untold = GroupCommand::Untold {
            token: token.to_owned(),
        };
        self.runtime.deliver(event.group, untold).await;
    }
}
