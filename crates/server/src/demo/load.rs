//! The load of the demo: requests to the balancer along a curve, and what became of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// Between two looks at the curve, milliseconds.
const STEP_MILLIS: u64 = 20;
/// Requests under way at the same time at the most: what is due beyond that comes later.
const AT_ONCE: usize = 512;
/// A request without an answer for this long has failed, seconds.
const PATIENCE_SECS: u64 = 15;
/// Requests of which the latency is kept for the view: the last second or so.
const RECENT: usize = 256;

/// Requests a second over the run, as points (part of the run from 0 to 1, requests a second); straight between them.
const CURVE: [(f64, f64); 6] = [
    (0.0, 12.0),
    (0.08, 12.0),
    (0.30, 150.0),
    (0.50, 150.0),
    (0.62, 12.0),
    (1.0, 12.0),
];

/// The highest of the curve, requests a second.
pub(super) const PEAK: f64 = 150.0;

/// Requests a second that are due at a part of the run.
pub(super) fn wanted(part: f64) -> f64 {
    let (_, last) = CURVE[CURVE.len() - 1];
    CURVE
        .windows(2)
        .find(|pair| part < pair[1].0)
        .map_or(last, |pair| {
            let [(from, low), (to, high)] = [pair[0], pair[1]];
            low + (high - low) * ((part - from) / (to - from)).clamp(0.0, 1.0)
        })
}

/// What the curve does at a part of the run, in words.
pub(super) fn phase(part: f64) -> &'static str {
    let (before, after) = (wanted(part - 0.01), wanted(part + 0.01));
    match after.total_cmp(&before) {
        std::cmp::Ordering::Greater => "the load rises",
        std::cmp::Ordering::Less => "the load falls",
        std::cmp::Ordering::Equal => "the load stays",
    }
}

/// What became of the requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Answered with 200.
    pub(super) answered: u64,
    /// Not answered, or with anything else.
    pub(super) failed: u64,
    /// What the first failure was.
    pub(super) first_failure: Option<String>,
    /// How many took how long: index = milliseconds, the last one that or more.
    by_millis: Vec<u32>,
    recent: std::collections::VecDeque<u32>,
}

impl Tally {
    fn answered(&mut self, millis: u32) {
        self.answered += 1;
        let most = u32::try_from(PATIENCE_SECS).unwrap_or(u32::MAX) * 1000;
        self.by_millis.resize(most as usize + 1, 0);
        if let Some(count) = self.by_millis.get_mut(millis.min(most) as usize) {
            *count += 1;
        }
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(millis);
    }

    fn failed(&mut self, why: String) {
        self.failed += 1;
        self.first_failure.get_or_insert(why);
    }

    /// The latency that `part` of all answers kept below, milliseconds.
    pub(super) fn quantile_millis(&self, part: f64) -> usize {
        let rank = (self.answered as f64 * part).ceil().max(1.0) as u64;
        let mut seen = 0;
        let found = self.by_millis.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank
        });
        found.unwrap_or(0)
    }

    /// The same for the last answers.
    pub(super) fn recent_quantile_millis(&self, part: f64) -> u32 {
        let mut sorted: Vec<u32> = self.recent.iter().copied().collect();
        sorted.sort_unstable();
        let rank = ((sorted.len() as f64 * part).ceil() as usize).max(1) - 1;
        sorted.get(rank).copied().unwrap_or(0)
    }
}

/// The generator: open loop, so that a slow service does not make the load smaller.
pub(super) struct Load {
    client: Client<HttpConnector, Empty<Bytes>>,
    url: String,
    tally: Mutex<Tally>,
    started: AtomicU64,
    room: Arc<Semaphore>,
}

impl Load {
    pub(super) fn new(address: &str) -> Arc<Load> {
        Arc::new(Load {
            client: Client::builder(TokioExecutor::new()).build_http(),
            url: format!("http://{address}/"),
            tally: Mutex::default(),
            started: AtomicU64::new(0),
            room: Arc::new(Semaphore::new(AT_ONCE)),
        })
    }

    fn held(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of the requests so far.
    pub(super) fn tally(&self) -> Tally {
        self.held().clone()
    }

    /// Requests that were begun so far.
    pub(super) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Goes along the curve for `secs` seconds, or until told to stop; then waits for what is under way.
    #[expect(
        clippy::disallowed_methods,
        reason = "the load of the demo is made in real time"
    )]
    pub(super) async fn run(self: Arc<Self>, secs: u64, mut stop: watch::Receiver<bool>) {
        let begun = Instant::now();
        let mut due = 0.0;
        let mut last = begun;
        loop {
            let now = Instant::now();
            let part = (now - begun).as_secs_f64() / secs as f64;
            if part >= 1.0 || *stop.borrow_and_update() {
                break;
            }
            due += wanted(part) * (now - last).as_secs_f64();
            last = now;
            while due >= 1.0 {
                let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
                    break;
                };
                due -= 1.0;
                let load = Arc::clone(&self);
                tokio::spawn(async move {
                    load.one().await;
                    drop(permit);
                });
            }
            tokio::time::sleep(Duration::from_millis(STEP_MILLIS)).await;
        }
        let all = u32::try_from(AT_ONCE).unwrap_or(u32::MAX);
        let _all_over = self.room.acquire_many(all).await;
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "what a request takes is measured in real time"
    )]
    async fn one(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let patience = Duration::from_secs(PATIENCE_SECS);
        let result = match tokio::time::timeout(patience, self.ask()).await {
            Ok(result) => result,
            Err(_) => Err(format!("no answer in {PATIENCE_SECS} s")),
        };
        let millis = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        match result {
            Ok(()) => self.held().answered(millis),
            Err(why) => self.held().failed(why),
        }
    }

    async fn ask(&self) -> Result<(), String> {
        let request = Request::get(&self.url)
            .body(Empty::new())
            .map_err(|error| error.to_string())?;
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| format!("{error:?}"))?;
        let status = response.status();
        let body = response.into_body().collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        match status {
            StatusCode::OK => Ok(()),
            other => Err(format!(
                "{other}: {}",
                String::from_utf8_lossy(&body[..body.len().min(200)])
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_rises_stays_and_falls() {
        for (part, wish) in [
            (0.0, 12.0),
            (0.08, 12.0),
            (0.19, 81.0),
            (0.4, PEAK),
            (0.56, 81.0),
            (0.8, 12.0),
            (2.0, 12.0),
        ] {
            assert!(
                (wanted(part) - wish).abs() < 1e-6,
                "{part}: {}",
                wanted(part)
            );
        }
        assert!(CURVE.iter().all(|(_, rate)| *rate <= PEAK));
    }

    #[test]
    fn quantiles_are_of_what_was_answered() {
        let mut tally = Tally::default();
        assert_eq!(tally.quantile_millis(0.5), 0);
        for millis in [10, 20, 30, 1000] {
            tally.answered(millis);
        }
        tally.failed("first".to_owned());
        tally.failed("second".to_owned());
        assert_eq!(tally.quantile_millis(0.5), 20);
        assert_eq!(tally.quantile_millis(0.99), 1000);
        assert_eq!(tally.recent_quantile_millis(0.75), 30);
        assert_eq!((tally.answered, tally.failed), (4, 2));
        assert_eq!(tally.first_failure.as_deref(), Some("first"));
    }
}
