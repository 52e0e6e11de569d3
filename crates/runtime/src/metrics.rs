//! Metrics of the shell, in the Prometheus model. The server adds those of requests and prints them all.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use muster_engine::Record;
use muster_model::{ActivityKind, ActivityStatus};
use muster_ports::{ComputeError, MetricsError, NotifyError, StoreError};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::clock::Stopwatch;
use crate::directory::Directory;

type Labels = Vec<(&'static str, String)>;

/// The metrics of the shell.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    groups: Gauge,
    instances: Family<Labels, Gauge>,
    activities: Family<Labels, Counter>,
    turns: Histogram,
    depth: Gauge,
    calls: Family<Labels, Counter>,
    call_secs: Family<Labels, Histogram>,
    commits: Family<Labels, Counter>,
    listings: Family<Labels, Counter>,
    deliveries: Family<Labels, Counter>,
    waiting: Family<Labels, Gauge>,
    samples: Family<Labels, Counter>,
    sample_calls: Family<Labels, Counter>,
    sample_secs: Family<Labels, Histogram>,
    balancers: Family<Labels, Gauge>,
    collected: Counter,
    panics: Counter,
    evaluations: Counter,
    reasons: Family<[(&'static str, &'static str); 1], Counter>,
}

fn latency() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 4.0, 10))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("muster");
        let metrics = Metrics {
            groups: Gauge::default(),
            instances: Family::default(),
            activities: Family::default(),
            turns: latency(),
            depth: Gauge::default(),
            calls: Family::default(),
            call_secs: Family::new_with_constructor(latency),
            commits: Family::default(),
            listings: Family::default(),
            deliveries: Family::default(),
            waiting: Family::default(),
            samples: Family::default(),
            sample_calls: Family::default(),
            sample_secs: Family::new_with_constructor(latency),
            balancers: Family::default(),
            collected: Counter::default(),
            panics: Counter::default(),
            evaluations: Counter::default(),
            reasons: Family::default(),
            registry: Mutex::new(Registry::default()),
        };
        registry.register("groups", "Scaling groups", metrics.groups.clone());
        registry.register(
            "instances",
            "Instances by life-cycle state",
            metrics.instances.clone(),
        );
        registry.register(
            "activities",
            "Ended activities by kind and result",
            metrics.activities.clone(),
        );
        registry.register(
            "turn_seconds",
            "Time of a turn, its commit included",
            metrics.turns.clone(),
        );
        registry.register(
            "queue_depth",
            "Groups that are due or being worked on",
            metrics.depth.clone(),
        );
        registry.register(
            "backend_calls",
            "Calls to the back end by operation and result",
            metrics.calls.clone(),
        );
        registry.register(
            "backend_call_seconds",
            "Time of calls to the back end",
            metrics.call_secs.clone(),
        );
        metrics.register_counters(&mut registry);
        Metrics {
            registry: Mutex::new(registry),
            ..metrics
        }
    }
}

fn word(value: impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

impl Metrics {
    fn register_counters(&self, registry: &mut Registry) {
        registry.register("commits", "Commits by result", self.commits.clone());
        registry.register(
            "listings",
            "Listings of machines by result",
            self.listings.clone(),
        );
        registry.register(
            "deliveries",
            "Attempts to deliver a message by sink and result",
            self.deliveries.clone(),
        );
        registry.register(
            "undelivered_groups",
            "Groups with messages that a sink does not have yet",
            self.waiting.clone(),
        );
        registry.register(
            "samples",
            "Measured values that were asked for, by source and result: value, gap, or lost on the way to the store",
            self.samples.clone(),
        );
        registry.register(
            "sample_calls",
            "Calls to sources of metrics by source and result",
            self.sample_calls.clone(),
        );
        registry.register(
            "sample_call_seconds",
            "Time of calls to sources of metrics",
            self.sample_secs.clone(),
        );
        registry.register(
            "balancer_up",
            "Whether a balancer answered when it was last asked for its members",
            self.balancers.clone(),
        );
        registry.register(
            "collected_machines",
            "Machines of groups that do not exist, destroyed",
            self.collected.clone(),
        );
        registry.register(
            "evaluations",
            "Evaluations of groups: turns and commands",
            self.evaluations.clone(),
        );
        registry.register(
            "evaluation_reasons",
            "Evaluations by what they said, or what stood in the way",
            self.reasons.clone(),
        );
        registry.register(
            "panics",
            "Tasks that panicked and were taken up again",
            self.panics.clone(),
        );
    }

    pub(crate) fn activity(&self, kind: ActivityKind, status: ActivityStatus) {
        self.activities
            .get_or_create(&vec![("kind", word(kind)), ("result", word(status))])
            .inc();
    }

    /// An evaluation is over.
    pub(crate) fn evaluated(&self, record: &Record) {
        self.evaluations.inc();
        for word in record.words() {
            self.reasons.get_or_create(&[("reason", word)]).inc();
        }
    }

    pub(crate) fn commit(&self, result: &Result<(), StoreError>) {
        let result = match result {
            Ok(()) => "ok",
            Err(StoreError::Conflict) => "conflict",
            Err(StoreError::Unavailable(_)) => "unavailable",
            Err(StoreError::Unknown(_)) => "unknown",
            Err(StoreError::Damaged(_)) => "damaged",
        };
        self.commits
            .get_or_create(&vec![("result", result.to_owned())])
            .inc();
    }

    pub(crate) fn listing(&self, ok: bool) {
        self.listings
            .get_or_create(&vec![(
                "result",
                if ok { "ok" } else { "failed" }.to_owned(),
            )])
            .inc();
    }

    pub(crate) fn delivery(&self, sink: &str, result: &Result<(), NotifyError>) {
        let result = match result {
            Ok(()) => "ok",
            Err(NotifyError::Refused(_)) => "refused",
            Err(NotifyError::Failed(_)) => "failed",
            Err(NotifyError::Unknown(_)) => "unknown",
        };
        self.deliveries
            .get_or_create(&vec![
                ("sink", sink.to_owned()),
                ("result", result.to_owned()),
            ])
            .inc();
    }

    /// How many groups have messages that a sink does not have yet.
    pub(crate) fn undelivered(&self, sink: &str, groups: usize) {
        self.waiting
            .get_or_create(&vec![("sink", sink.to_owned())])
            .set(i64::try_from(groups).unwrap_or(i64::MAX));
    }

    /// Counts what was told by a source.
    pub(crate) fn samples(&self, source: &str, result: &'static str, count: usize) {
        let labels = vec![("source", source.to_owned()), ("result", result.to_owned())];
        let counter = self.samples.get_or_create(&labels);
        counter.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    pub(crate) fn balancer(&self, name: &str, answers: bool) {
        self.balancers
            .get_or_create(&vec![("balancer", name.to_owned())])
            .set(i64::from(answers));
    }

    pub(crate) fn collected(&self) {
        self.collected.inc();
    }

    pub(crate) fn panicked(&self) {
        self.panics.inc();
    }

    /// Times a turn.
    pub(crate) fn turn(&self) -> TurnTimer<'_> {
        TurnTimer {
            metrics: self,
            watch: Stopwatch::start(),
        }
    }

    /// Times a call to the back end.
    pub(crate) fn call(&self, op: &'static str) -> CallTimer<'_> {
        CallTimer {
            metrics: self,
            op,
            watch: Stopwatch::start(),
        }
    }

    /// Times a call to a source of metrics.
    pub(crate) fn sample_call<'a>(&'a self, source: &'a str) -> SampleTimer<'a> {
        SampleTimer {
            metrics: self,
            source,
            watch: Stopwatch::start(),
        }
    }

    /// Counts what is there now.
    pub(crate) fn refresh(&self, directory: &Directory, depth: usize) {
        let slots = directory.slots();
        let mut states: BTreeMap<String, i64> = BTreeMap::new();
        for (_, slot) in &slots {
            for instance in slot.view().instances.values() {
                *states.entry(word(instance.state)).or_default() += 1;
            }
        }
        self.groups
            .set(i64::try_from(slots.len()).unwrap_or(i64::MAX));
        self.depth.set(i64::try_from(depth).unwrap_or(i64::MAX));
        self.instances.clear();
        for (state, count) in states {
            self.instances
                .get_or_create(&vec![("state", state)])
                .set(count);
        }
    }

    pub(crate) fn with_registry<T>(&self, with: impl FnOnce(&Registry) -> T) -> T {
        with(&self.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Times a turn.
pub(crate) struct TurnTimer<'a> {
    metrics: &'a Metrics,
    watch: Stopwatch,
}

impl TurnTimer<'_> {
    pub(crate) fn observe(self) {
        self.metrics.turns.observe(self.watch.secs());
    }
}

/// Times a call to the back end.
pub(crate) struct CallTimer<'a> {
    metrics: &'a Metrics,
    op: &'static str,
    watch: Stopwatch,
}

impl CallTimer<'_> {
    pub(crate) fn observe<T>(self, result: &Result<T, ComputeError>) {
        let word = match result {
            Ok(_) => "ok",
            Err(ComputeError::SoldOut(_)) => "sold_out",
            Err(ComputeError::Quota(_)) => "quota",
            Err(ComputeError::Refused(_)) => "refused",
            Err(ComputeError::Failed(_)) => "failed",
            Err(ComputeError::Unknown(_)) => "unknown",
        };
        let op = ("op", self.op.to_owned());
        self.metrics
            .calls
            .get_or_create(&vec![op.clone(), ("result", word.to_owned())])
            .inc();
        self.metrics
            .call_secs
            .get_or_create(&vec![op])
            .observe(self.watch.secs());
    }
}

/// Times a call to a source of metrics.
pub(crate) struct SampleTimer<'a> {
    metrics: &'a Metrics,
    source: &'a str,
    watch: Stopwatch,
}

impl SampleTimer<'_> {
    pub(crate) fn observe<T>(self, result: &Result<T, MetricsError>) {
        let word = match result {
            Ok(_) => "ok",
            Err(MetricsError::Refused(_)) => "refused",
            Err(MetricsError::Failed(_)) => "failed",
            Err(MetricsError::Unknown(_)) => "unknown",
        };
        let source = ("source", self.source.to_owned());
        let labels = vec![source.clone(), ("result", word.to_owned())];
        self.metrics.sample_calls.get_or_create(&labels).inc();
        let time = self.metrics.sample_secs.get_or_create(&vec![source]);
        time.observe(self.watch.secs());
    }
}
