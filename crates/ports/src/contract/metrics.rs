//! What every source of measured values has to keep. A test brings the source together with something to measure.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures_util::future::poll_immediate;
use muster_model::{Ids, InstanceId, Metric};

use super::{Case, ok};
use crate::{Gap, Metrics, Sample, Watched};

/// A source with a group that it can measure.
#[async_trait]
pub trait Scene: Send + Sync {
    /// The source.
    fn source(&self) -> &dyn Metrics;

    /// A group with all metrics that the source tells of it. With members, unless the source tells of whole groups only;
    /// then two at the least.
    fn watched(&self) -> Watched;

    /// Lets a little time pass in which something happens that can be measured.
    async fn work(&self);

    /// From now on there is nothing to be known of this member, or, with `None`, of the whole group.
    async fn vanish(&self, instance: Option<InstanceId>);
}

/// All cases, by name. Each wants a fresh scene.
pub const CASES: &[Case<dyn Scene>] = &[
    ("nothing is asked, nothing is told", |s| {
        Box::pin(nothing(s))
    }),
    ("what is asked for is told, and nothing else", |s| {
        Box::pin(as_asked(s))
    }),
    ("a second look has a value", |s| Box::pin(second_look(s))),
    ("what vanishes is a gap", |s| Box::pin(vanished(s))),
    ("strangers are gaps", |s| Box::pin(strangers(s))),
    ("a call that is dropped harms nothing", |s| {
        Box::pin(dropped(s))
    }),
];

fn check(watched: &Watched, samples: &[Sample]) {
    for sample in samples {
        assert_eq!(sample.group, watched.group, "of no other group");
        let is_member = |id| watched.instances.contains(&id);
        assert!(sample.instance.is_none_or(is_member), "{sample:?}");
        assert!(watched.metrics.contains(&sample.metric), "{sample:?}");
        let finite = |value: &f64| value.is_finite();
        assert!(sample.value.as_ref().map_or(true, finite), "{sample:?}");
    }
    for metric in &watched.metrics {
        let of: Vec<Option<InstanceId>> = samples
            .iter()
            .filter(|sample| sample.metric == *metric)
            .map(|sample| sample.instance)
            .collect();
        let each: BTreeSet<Option<InstanceId>> = of.iter().copied().collect();
        assert_eq!(each.len(), of.len(), "{metric:?} is told twice of one");
        let members: BTreeSet<Option<InstanceId>> =
            watched.instances.iter().copied().map(Some).collect();
        let whole = BTreeSet::from([None]);
        assert!(each == members || each == whole, "{metric:?}: {each:?}");
    }
}

async fn look(scene: &dyn Scene, watched: &Watched) -> Vec<Sample> {
    let samples = scene.source().sample(std::slice::from_ref(watched)).await;
    let samples = ok(samples, "sample");
    check(watched, &samples);
    samples
}

async fn nothing(scene: &dyn Scene) {
    assert_eq!(ok(scene.source().sample(&[]).await, "nobody"), []);
    let watched = Watched {
        metrics: BTreeSet::new(),
        ..scene.watched()
    };
    assert_eq!(look(scene, &watched).await, []);
}

async fn as_asked(scene: &dyn Scene) {
    let watched = scene.watched();
    let tells: BTreeSet<Metric> = scene.source().tells().into_iter().collect();
    assert!(!tells.is_empty());
    assert!(watched.metrics.is_subset(&tells) && !watched.metrics.is_empty());
    for metric in &watched.metrics {
        let one = Watched {
            metrics: BTreeSet::from([metric.clone()]),
            ..watched.clone()
        };
        look(scene, &one).await;
    }
    look(scene, &watched).await;
}

async fn second_look(scene: &dyn Scene) {
    let watched = scene.watched();
    look(scene, &watched).await;
    scene.work().await;
    let samples = look(scene, &watched).await;
    let first = |sample: &Sample| sample.value == Err(Gap::FirstLook);
    assert!(!samples.iter().any(first), "{samples:?}");
    let known = samples.iter().filter(|sample| sample.value.is_ok());
    assert!(known.count() > 0, "{samples:?}");
}

async fn vanished(scene: &dyn Scene) {
    let watched = scene.watched();
    look(scene, &watched).await;
    let gone = watched.instances.first().copied();
    scene.vanish(gone).await;
    scene.work().await;
    let samples = look(scene, &watched).await;
    // A source of whole groups has nothing left to tell; one of members still tells of the others.
    for sample in &samples {
        let lost = gone.is_none() || sample.instance == gone;
        assert!(!lost || sample.value.is_err(), "{sample:?}");
    }
    let known = samples.iter().filter(|sample| sample.value.is_ok());
    assert_eq!(known.count() > 0, gone.is_some(), "{samples:?}");
}

async fn strangers(scene: &dyn Scene) {
    let mut ids = Ids::new(4711);
    let known = scene.watched();
    let stranger = Watched {
        group: ids.next_id(),
        name: "nobody's".to_owned(),
        instances: known.instances.iter().map(|_| ids.next_id()).collect(),
        ..known.clone()
    };
    let samples = look(scene, &stranger).await;
    assert!(samples.iter().all(|s| s.value.is_err()), "{samples:?}");
    let untold = Watched {
        metrics: BTreeSet::from([Metric("no_such_metric".to_owned())]),
        ..known
    };
    let samples = look(scene, &untold).await;
    assert!(samples.iter().all(|s| s.value.is_err()), "{samples:?}");
}

async fn dropped(scene: &dyn Scene) {
    let watched = scene.watched();
    for _ in 0..5 {
        let _ = poll_immediate(scene.source().sample(std::slice::from_ref(&watched))).await;
    }
    scene.work().await;
    look(scene, &watched).await;
    scene.work().await;
    let samples = look(scene, &watched).await;
    assert!(samples.iter().any(|s| s.value.is_ok()), "{samples:?}");
}
