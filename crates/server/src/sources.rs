//! The sources of measured values, put together. Of two that tell the same metric the first is asked: what the
//! configuration names comes before what Muster measures by itself.

use std::sync::Arc;
use std::time::Duration;

use muster_ports::Metrics;
use muster_providers::process::{ProcessBackend, ProcessMetrics};
use muster_providers::prometheus::{Prometheus, PrometheusOptions, Query};
use muster_providers::proxy::ProxyBalancer;
use muster_runtime::{Members, Runtime, ShellClock, Source};
use muster_sim::{FaultyMetrics, SimCompute};

use crate::config::{Config, MetricConfig, metric};

/// Time that a look at all machines may take, seconds.
const SAMPLE_TIMEOUT_SECS: u32 = 60;
/// Time between two counts of members at the least, seconds.
const MEMBERS_PERIOD_SECS: u32 = 60;
/// Periods of the sampler after which a counter that was not looked at gives no rate.
const COUNTER_PERIODS: u32 = 3;

/// What Muster itself measures of machines that are processes; `None` when that is off.
pub(crate) fn sampler(backend: &ProcessBackend, config: &Config) -> Option<Source> {
    let period_secs = config.metrics.sample_secs.0;
    let longest = Duration::from_secs(u64::from(period_secs * COUNTER_PERIODS));
    (period_secs > 0).then(|| Source {
        name: "process".to_owned(),
        metrics: Arc::new(ProcessMetrics::of(backend, longest)),
        period_secs,
        timeout_secs: SAMPLE_TIMEOUT_SECS,
        // One look at all machines: what they share is read once.
        groups_at_once: usize::MAX,
        calls_at_once: 1,
    })
}

/// What the embedded balancer counts; `None` when it or measuring is off.
pub(crate) fn proxy(proxy: Option<&Arc<ProxyBalancer>>, config: &Config) -> Option<Source> {
    let period_secs = config.metrics.sample_secs.0;
    let proxy = proxy.filter(|_| period_secs > 0)?;
    Some(Source {
        name: "proxy".to_owned(),
        metrics: Arc::<ProxyBalancer>::clone(proxy),
        period_secs,
        timeout_secs: SAMPLE_TIMEOUT_SECS,
        groups_at_once: usize::MAX,
        calls_at_once: 1,
    })
}

/// How many members serve; `None` when measuring is off.
fn members(config: &Config) -> Option<Source> {
    let period_secs = config.metrics.sample_secs.0;
    (period_secs > 0).then(|| Source {
        name: "members".to_owned(),
        metrics: Arc::new(Members),
        period_secs: period_secs.max(MEMBERS_PERIOD_SECS),
        timeout_secs: SAMPLE_TIMEOUT_SECS,
        groups_at_once: usize::MAX,
        calls_at_once: 1,
    })
}

/// Measures from now on: what the configuration names, and what Muster measures by itself.
pub(crate) fn start(
    runtime: &Arc<Runtime>,
    config: &Config,
    sim: Option<&Arc<SimCompute>>,
    own: Vec<Source>,
) -> Result<(), String> {
    let named = config.metric.iter().map(|metric| {
        prometheus(metric, sim).map_err(|error| format!("metric `{}`: {error}", metric.name))
    });
    let mut sources: Vec<Source> = named.collect::<Result<_, _>>()?;
    sources.extend(own);
    sources.extend(members(config));
    runtime.measure_from(sources);
    Ok(())
}

/// A query of the configuration. Under emulation faults come before it.
fn prometheus(config: &MetricConfig, sim: Option<&Arc<SimCompute>>) -> Result<Source, String> {
    let options = PrometheusOptions {
        metric: metric(&config.name)?,
        url: config.prometheus.clone(),
        query: Query::parse(&config.query)?,
        instance_label: config.instance_label.clone(),
        stale_secs: config.stale_secs.0,
        token: config.token()?,
        now_unix_secs: Arc::new(ShellClock::real_unix_secs),
    };
    let real: Arc<dyn Metrics> =
        Arc::new(Prometheus::new(options).map_err(|error| error.to_string())?);
    Ok(Source {
        name: format!("prometheus:{}", config.name),
        metrics: match sim {
            Some(sim) => Arc::new(FaultyMetrics::before(Arc::clone(sim), real)),
            None => real,
        },
        period_secs: config.period_secs.0,
        timeout_secs: config.timeout_secs.0,
        groups_at_once: 1,
        calls_at_once: config.queries_at_once.0 as usize,
    })
}
