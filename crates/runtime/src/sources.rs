//! Measured load: each source is asked by its period for what policies look at, and what it tells goes to the groups.
//!
//! Who has no policy that looks at a metric is not asked for it: a thousand idle groups cost nothing. What a source does
//! not tell is a gap. It is counted, and `explain` says why, but nothing of it is written down: that there is no point in
//! a period is how the engine sees a gap.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard, PoisonError};

use muster_engine::lifecycle::{Role, role};
use muster_model::{Error, GroupCommand, GroupId, GroupView, InstanceId, Metric, Point, Time};
use muster_ports::{Clock, Gap, Metrics, MetricsError, Sample, Watched};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::runtime::Runtime;

/// A source of measured values, and how it is asked.
#[derive(Clone)]
pub struct Source {
    /// Its name in logs, metrics and explanations.
    pub name: String,
    /// The way to it.
    pub metrics: Arc<dyn Metrics>,
    /// Time between two looks, seconds.
    pub period_secs: u32,
    /// A call counts as unanswered after this, seconds of real time: sources do not live in the movable time.
    pub timeout_secs: u32,
    /// Groups in one call at the most.
    pub groups_at_once: usize,
    /// Calls at the same time.
    pub calls_at_once: usize,
}

/// A source with the metrics that it is asked for: those that no earlier one tells.
struct Asked {
    source: Source,
    metrics: BTreeSet<Metric>,
}

/// How the last look at a metric of a group went.
pub(crate) struct Look {
    source: String,
    at: Time,
    values: usize,
    gaps: usize,
    /// Of the first gap.
    reason: Option<String>,
}

/// The last looks.
#[derive(Default)]
pub(crate) struct Looks {
    /// The metrics that some source tells.
    told: BTreeSet<Metric>,
    /// Of the groups that are measured.
    of_groups: BTreeMap<GroupId, BTreeMap<Metric, Look>>,
}

impl Runtime {
    /// The metrics that somebody looks at now: policies of the group, or alarm rules of its account.
    fn watched_metrics(&self, view: &GroupView) -> BTreeSet<Metric> {
        let mut metrics = muster_engine::watched_metrics(view);
        if !view.group.deleting {
            metrics.extend(self.ruled_metrics(view).into_keys());
        }
        metrics
    }

    /// Asks these sources from now on. A metric that several of them tell is asked of the first.
    pub fn measure_from(self: &Arc<Self>, sources: Vec<Source>) {
        let mut taken = BTreeSet::new();
        for source in sources {
            let tells = source.metrics.tells().into_iter();
            let metrics: BTreeSet<Metric> = tells
                .filter(|metric| taken.insert(metric.clone()))
                .collect();
            if metrics.is_empty() {
                continue;
            }
            let asked = Asked { source, metrics };
            tokio::spawn(Arc::clone(self).measure_by_period(Arc::new(asked)));
        }
        self.lock_looks().told = taken;
    }

    /// Measures by period until the runtime stops. A look that takes longer than that is followed by the next one at once.
    async fn measure_by_period(self: Arc<Self>, asked: Arc<Asked>) {
        let period_millis = i64::from(asked.source.period_secs.max(1)) * 1000;
        let mut next = self.clock.now();
        while !self.stopping() {
            let round = tokio::spawn(Arc::clone(&self).measure_all(Arc::clone(&asked)));
            if let Err(error) = round.await {
                tracing::error!(source = asked.source.name, %error, "a look at metrics panicked");
                self.metrics.panicked();
            }
            next = next.plus_millis(period_millis).max(self.clock.now());
            tokio::select! {
                biased;
                () = self.clock.wait(next) => {}
                () = self.stopped.notified() => {}
            }
        }
    }

    /// One look at every group that has somebody to use it.
    async fn measure_all(self: Arc<Self>, asked: Arc<Asked>) {
        let slots = self.directory.slots().into_iter();
        let watched: Vec<Watched> = slots
            .filter_map(|(_, slot)| {
                let view = slot.view();
                watched(&view, &self.watched_metrics(&view), &asked.metrics)
            })
            .collect();
        self.forget_looks(&asked.metrics, &watched);
        let mut calls = JoinSet::new();
        for part in watched.chunks(asked.source.groups_at_once.max(1)) {
            if calls.len() >= asked.source.calls_at_once.max(1) {
                self.joined(calls.join_next().await);
            }
            let (runtime, asked) = (Arc::clone(&self), Arc::clone(&asked));
            let part = part.to_vec();
            calls.spawn(async move { runtime.measure_some(&asked, &part).await });
        }
        while let Some(ended) = calls.join_next().await {
            self.joined(Some(ended));
        }
    }

    fn joined(&self, ended: Option<Result<(), tokio::task::JoinError>>) {
        if let Some(Err(error)) = ended {
            tracing::error!(%error, "a look at metrics panicked");
            self.metrics.panicked();
        }
    }

    /// One call, and what it tells given to the groups.
    async fn measure_some(&self, asked: &Asked, watched: &[Watched]) {
        let source = &asked.source;
        let at = self.clock.now();
        let timer = self.metrics.sample_call(&source.name);
        let told = tokio::select! {
            biased;
            told = source.metrics.sample(watched) => told,
            () = crate::clock::pause_millis(u64::from(source.timeout_secs) * 1000) => {
                Err(MetricsError::Unknown(format!("nothing within {} s", source.timeout_secs)))
            }
            () = self.stopped.notified() => return,
        };
        timer.observe(&told);
        if let Err(error) = &told {
            tracing::warn!(source = source.name, %error, "nothing was measured: that is a gap, and no value");
        }
        for one in watched {
            let samples = match &told {
                Ok(samples) => of_group(one, samples),
                Err(error) => untold(one, &Gap::NoValue(error.to_string())),
            };
            self.keep(source, at, one, samples).await;
        }
    }

    /// Gives a group what was measured of it: one command for all of it.
    async fn keep(&self, source: &Source, at: Time, watched: &Watched, samples: Vec<Sample>) {
        self.note_looks(source, at, watched, &samples);
        let points: Vec<(Metric, Point)> = samples
            .iter()
            .filter_map(|sample| {
                let point = Point {
                    at,
                    instance: sample.instance,
                    value: *sample.value.as_ref().ok()?,
                };
                Some((sample.metric.clone(), point))
            })
            .collect();
        let (values, gaps) = (points.len(), samples.len() - points.len());
        self.metrics.samples(&source.name, "gap", gaps);
        if points.is_empty() {
            return;
        }
        let group = watched.group;
        match self.apply_to(group, &GroupCommand::Measured(points)).await {
            Ok(_) => self.metrics.samples(&source.name, "value", values),
            // It was deleted meanwhile.
            Err(Error::NotFound { .. }) => {}
            Err(error) => {
                self.metrics.samples(&source.name, "lost", values);
                tracing::warn!(%group, source = source.name, %error, "what was measured could not be kept: that is a gap");
            }
        }
    }

    fn lock_looks(&self) -> MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the looks at groups that are not measured any more.
    fn forget_looks(&self, metrics: &BTreeSet<Metric>, watched: &[Watched]) {
        let wanted: BTreeMap<GroupId, &BTreeSet<Metric>> = watched
            .iter()
            .map(|one| (one.group, &one.metrics))
            .collect();
        self.lock_looks().of_groups.retain(|group, looks| {
            looks.retain(|metric, _| {
                let still = wanted.get(group).is_some_and(|of| of.contains(metric));
                still || !metrics.contains(metric)
            });
            !looks.is_empty()
        });
    }

    fn note_looks(&self, source: &Source, at: Time, watched: &Watched, samples: &[Sample]) {
        let mut looks = self.lock_looks();
        for metric in &watched.metrics {
            let of = samples.iter().filter(|sample| sample.metric == *metric);
            let (values, gaps): (Vec<_>, Vec<_>) = of.partition(|sample| sample.value.is_ok());
            let reason = gaps.first().and_then(|sample| sample.value.as_ref().err());
            let look = Look {
                source: source.name.clone(),
                at,
                values: values.len(),
                gaps: gaps.len(),
                reason: reason.map(ToString::to_string),
            };
            let of_group = looks.of_groups.entry(watched.group).or_default();
            of_group.insert(metric.clone(), look);
        }
    }

    /// How the last looks at a group went, and which metrics that its policies look at no source tells.
    pub(crate) fn looks_at(&self, view: &GroupView) -> Vec<Value> {
        let looks = self.lock_looks();
        let of_group = looks.of_groups.get(&view.group.id).into_iter().flatten();
        let seen = of_group.map(|(metric, look)| {
            json!({
                "metric": metric.0, "source": look.source, "at_ms": look.at.0, "values": look.values,
                "gaps": look.gaps, "gap": look.reason,
            })
        });
        let untold = self.watched_metrics(view).into_iter();
        let untold = untold
            .filter(|metric| !looks.told.contains(metric))
            .map(|metric| {
                json!({
                    "metric": metric.0, "source": null, "at_ms": null, "values": 0, "gaps": 0,
                    "gap": "no source tells it: it has to be pushed, or asked of a Prometheus",
                })
            });
        seen.chain(untold).collect()
    }
}

/// What is wanted of a group, if anything is.
fn watched(view: &GroupView, wanted: &BTreeSet<Metric>, of: &BTreeSet<Metric>) -> Option<Watched> {
    let metrics: BTreeSet<Metric> = wanted.intersection(of).cloned().collect();
    let serving = view.instances.values();
    let serving = serving.filter(|instance| role(instance.state) == Role::Serving);
    (!metrics.is_empty()).then(|| Watched {
        group: view.group.id,
        name: view.group.spec.name.clone(),
        instances: serving.map(|instance| instance.id).collect(),
        metrics,
    })
}

/// A gap for everything that was asked of a group.
fn untold(watched: &Watched, gap: &Gap) -> Vec<Sample> {
    let metrics = watched.metrics.iter();
    metrics
        .flat_map(|metric| gaps(watched, metric, gap))
        .collect()
}

/// Gaps of one metric: of each member, or of the group when it has none.
fn gaps(watched: &Watched, metric: &Metric, gap: &Gap) -> Vec<Sample> {
    let members = watched.instances.iter().copied().map(Some);
    let mut of: Vec<Option<InstanceId>> = members.collect();
    if of.is_empty() {
        of.push(None);
    }
    let sample = |instance| Sample {
        group: watched.group,
        instance,
        metric: metric.clone(),
        value: Err(gap.clone()),
    };
    of.into_iter().map(sample).collect()
}

/// What was told of a group, held to the contract: what was not asked for is dropped, and what is missing is a gap.
fn of_group(watched: &Watched, told: &[Sample]) -> Vec<Sample> {
    let mut all = Vec::new();
    for metric in &watched.metrics {
        let of = told.iter().filter(|sample| {
            let asked = sample
                .instance
                .is_none_or(|id| watched.instances.contains(&id));
            sample.group == watched.group && sample.metric == *metric && asked
        });
        let mut of: Vec<Sample> = of.cloned().collect();
        for sample in &mut of {
            if sample.value.as_ref().is_ok_and(|value| !value.is_finite()) {
                sample.value = Err(Gap::NoValue("it is no finite number".to_owned()));
            }
        }
        let whole = of.iter().any(|sample| sample.instance.is_none());
        let members: BTreeSet<InstanceId> = of.iter().filter_map(|one| one.instance).collect();
        let once = of.len() == members.len() + usize::from(whole);
        if (whole && !members.is_empty()) || !once {
            let gap = Gap::NoValue("the source told it twice".to_owned());
            all.extend(gaps(watched, metric, &gap));
            continue;
        }
        if !whole {
            let missing = watched.instances.difference(&members);
            of.extend(missing.map(|id| Sample {
                group: watched.group,
                instance: Some(*id),
                metric: metric.clone(),
                value: Err(Gap::NoValue("the source did not tell it".to_owned())),
            }));
        }
        all.extend(of);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_model::Ids;

    /// What is taken over of what a source tells.
    #[test]
    fn a_source_is_held_to_its_contract() {
        let mut ids = Ids::new(1);
        let (group, other): (GroupId, GroupId) = (ids.next_id(), ids.next_id());
        let (a, b, stranger): (InstanceId, InstanceId, InstanceId) =
            (ids.next_id(), ids.next_id(), ids.next_id());
        let metric = Metric("load".to_owned());
        let watched = Watched {
            group,
            name: String::new(),
            instances: BTreeSet::from([a, b]),
            metrics: BTreeSet::from([metric.clone()]),
        };
        let sample = |group, instance, value| Sample {
            group,
            instance,
            metric: metric.clone(),
            value: Ok(value),
        };
        let values = |told: &[Sample]| {
            let kept = of_group(&watched, told);
            let mut kept: Vec<_> = kept
                .into_iter()
                .map(|s| (s.instance, s.value.ok()))
                .collect();
            kept.sort_by_key(|(instance, _)| *instance);
            kept
        };
        let mut both = vec![(Some(a), None), (Some(b), None)];
        both.sort_by_key(|(instance, _)| *instance);
        assert_eq!(values(&[]), both, "what is missing is a gap");
        assert_eq!(values(&[sample(group, None, 3.0)]), [(None, Some(3.0))]);
        let nan = sample(group, None, f64::NAN);
        assert_eq!(values(&[nan]), [(None, None)]);
        let twice = [sample(group, Some(a), 1.0), sample(group, Some(a), 2.0)];
        assert_eq!(values(&twice), both);
        let mixed = [sample(group, Some(a), 1.0), sample(group, None, 2.0)];
        assert_eq!(values(&mixed), both);
        let strangers = [sample(group, Some(stranger), 1.0), sample(other, None, 2.0)];
        assert_eq!(values(&strangers), both);
        let one = values(&[sample(group, Some(a), 0.0)]);
        assert!(one.contains(&(Some(a), Some(0.0))) && one.contains(&(Some(b), None)));
        let empty = Watched {
            instances: BTreeSet::new(),
            ..watched.clone()
        };
        assert_eq!(untold(&empty, &Gap::Absent)[0].instance, None);
        assert_eq!(of_group(&empty, &[]), [], "a group without members");
    }
}
