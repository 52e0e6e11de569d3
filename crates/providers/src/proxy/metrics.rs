//! What the embedded balancer measures of members and groups: requests a second, and how long they took.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use muster_model::{GroupId, InstanceId, Metric};
use muster_ports::metrics::names;
use muster_ports::{Gap, Metrics, MetricsError, Sample, Watched};

use super::options::Protocol;
use super::provider::ProxyBalancer;
use super::stats::Counts;
use super::timing;

/// What was counted of somebody at the last look for a metric.
type Look = (GroupId, Option<InstanceId>, &'static str);

/// The last looks.
#[derive(Default)]
pub(super) struct Looks(Mutex<BTreeMap<Look, (Counts, Instant)>>);

impl Looks {
    /// What has been counted since the last look, and in how many seconds.
    fn since(&self, look: Look, counts: Counts, now: Instant) -> Result<(Counts, f64), Gap> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, then) = looks.insert(look, (counts, now)).ok_or(Gap::FirstLook)?;
        let secs = now.saturating_duration_since(then).as_secs_f64();
        let less = |now: u64, before: u64| now.checked_sub(before).ok_or(Gap::FirstLook);
        let passed = Counts {
            requests: less(counts.requests, before.requests)?,
            failures: less(counts.failures, before.failures)?,
            micros: less(counts.micros, before.micros)?,
        };
        match secs > 0.0 {
            true => Ok((passed, secs)),
            false => Err(Gap::NoValue(
                "no time has passed since the last look".to_owned(),
            )),
        }
    }

    /// Forgets those that are not watched any more.
    fn keep(&self, watched: &[Watched]) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|(group, instance, _), _| {
            let group = watched.iter().find(|one| one.group == *group);
            group.is_some_and(|one| instance.is_none_or(|id| one.instances.contains(&id)))
        });
    }
}

fn sum(one: Counts, other: Counts) -> Counts {
    Counts {
        requests: one.requests + other.requests,
        failures: one.failures + other.failures,
        micros: one.micros + other.micros,
    }
}

fn rate((passed, secs): (Counts, f64)) -> Result<f64, Gap> {
    Ok(passed.requests as f64 / secs)
}

fn latency((passed, _): (Counts, f64)) -> Result<f64, Gap> {
    passed
        .latency_millis()
        .ok_or_else(|| Gap::NoValue("no request was answered".to_owned()))
}

/// What becomes of what was counted.
type Measure = fn((Counts, f64)) -> Result<f64, Gap>;

impl ProxyBalancer {
    fn of_members(
        &self,
        watched: &Watched,
        name: &'static str,
        measure: Measure,
    ) -> Vec<(Option<InstanceId>, Result<f64, Gap>)> {
        let now = timing::now();
        let members = self.members_of(watched.group);
        let value = |id: InstanceId| {
            let own = || {
                members
                    .iter()
                    .filter(|(one, _)| one.owner().is_some_and(|own| own.instance == id))
            };
            if own().next().is_none() {
                return Err(Gap::Absent);
            }
            if name == names::LATENCY_MS && own().all(|(_, spoken)| *spoken == Protocol::Tcp) {
                let why = "a TCP listener does not see when a request is answered";
                return Err(Gap::NotMeasured(why.to_owned()));
            }
            let counts = own().map(|(one, _)| one.stats.counts());
            let counts = counts.fold(Counts::default(), sum);
            let look = (watched.group, Some(id), name);
            measure(self.looks.since(look, counts, now)?)
        };
        watched
            .instances
            .iter()
            .map(|id| (Some(*id), value(*id)))
            .collect()
    }

    fn of_group(
        &self,
        watched: &Watched,
        name: &'static str,
        measure: Measure,
    ) -> Vec<(Option<InstanceId>, Result<f64, Gap>)> {
        let value = self.counts(watched.group).ok_or(Gap::Absent);
        let look = (watched.group, None, name);
        let passed = value.and_then(|counts| self.looks.since(look, counts, timing::now()));
        vec![(None, passed.and_then(measure))]
    }
}

#[async_trait]
impl Metrics for ProxyBalancer {
    fn tells(&self) -> Vec<Metric> {
        [
            names::REQUESTS_PER_SEC,
            names::LATENCY_MS,
            names::GROUP_REQUESTS_PER_SEC,
            names::GROUP_LATENCY_MS,
        ]
        .map(|name| Metric(name.to_owned()))
        .to_vec()
    }

    async fn sample(&self, watched: &[Watched]) -> Result<Vec<Sample>, MetricsError> {
        self.looks.keep(watched);
        let mut samples = Vec::new();
        for group in watched {
            for metric in &group.metrics {
                let values = match metric.0.as_str() {
                    names::REQUESTS_PER_SEC => {
                        self.of_members(group, names::REQUESTS_PER_SEC, rate)
                    }
                    names::LATENCY_MS => self.of_members(group, names::LATENCY_MS, latency),
                    names::GROUP_REQUESTS_PER_SEC => {
                        self.of_group(group, names::GROUP_REQUESTS_PER_SEC, rate)
                    }
                    names::GROUP_LATENCY_MS => {
                        self.of_group(group, names::GROUP_LATENCY_MS, latency)
                    }
                    _ => {
                        let why = "the embedded balancer does not measure this";
                        vec![(None, Err(Gap::NotMeasured(why.to_owned())))]
                    }
                };
                samples.extend(values.into_iter().map(|(instance, value)| Sample {
                    group: group.group,
                    instance,
                    metric: metric.clone(),
                    value,
                }));
            }
        }
        Ok(samples)
    }
}
