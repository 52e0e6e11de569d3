//! The contracts of the Compute, LoadBalancer, Notifier and Metrics ports, on the simulated ones.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use muster_model::{Ids, InstanceId, Metric, Time};
use muster_ports::contract::metrics::Scene;
use muster_ports::contract::notifier::{Inbox, Mood};
use muster_ports::contract::{balancer, compute::CASES, metrics, notifier};
use muster_ports::{Clock, Metrics, Notifier, NotifyError, SavedEvent, Watched};
use muster_sim::{
    Action, Effect, Fault, Faults, ForeignSpec, Match, Op, SimCompute, SimMetrics, SimNotifier,
};
use serde_json::Value;

/// A clock that stands still.
struct Still;

#[async_trait::async_trait]
impl Clock for Still {
    fn now(&self) -> Time {
        Time(0)
    }

    async fn sleep_until(&self, _: Time) {
        std::future::pending().await
    }
}

#[test]
fn in_memory() {
    for (name, case) in CASES {
        println!("case: {name}");
        pollster::block_on(case(&SimCompute::in_memory(Arc::new(Still), 1)));
    }
}

#[test]
fn with_a_journal() {
    for (name, case) in CASES {
        println!("case: {name}");
        let dir = tempfile::tempdir().unwrap();
        pollster::block_on(case(
            &SimCompute::open(dir.path(), Arc::new(Still), 1).unwrap(),
        ));
    }
}

#[test]
fn balancers_in_memory() {
    for (name, case) in balancer::CASES {
        println!("case: {name}");
        pollster::block_on(case(&SimCompute::in_memory(Arc::new(Still), 1)));
    }
}

#[test]
fn balancers_with_a_journal() {
    for (name, case) in balancer::CASES {
        println!("case: {name}");
        let dir = tempfile::tempdir().unwrap();
        pollster::block_on(case(
            &SimCompute::open(dir.path(), Arc::new(Still), 1).unwrap(),
        ));
        let reopened = SimCompute::open(dir.path(), Arc::new(Still), 1).unwrap();
        let left = pollster::block_on(muster_ports::LoadBalancer::list(&reopened, None)).unwrap();
        assert_eq!(left.members, [], "{name}: what is gone stays gone");
    }
}

/// Notes what comes.
#[derive(Default)]
struct Notes(Mutex<Vec<(u64, Value)>>);

#[async_trait::async_trait]
impl Notifier for Notes {
    async fn deliver(&self, message: &SavedEvent) -> Result<(), NotifyError> {
        let note = (message.seq, message.event.body.clone());
        self.0.lock().unwrap().push(note);
        Ok(())
    }
}

struct Faulty {
    sim: Arc<SimCompute>,
    notes: Arc<Notes>,
    notifier: SimNotifier,
}

#[async_trait::async_trait]
impl Inbox for Faulty {
    fn notifier(&self) -> &dyn Notifier {
        &self.notifier
    }

    fn mood(&self, mood: Mood) {
        let effect = match mood {
            Mood::Accepting => None,
            Mood::Refusing => Some(Effect::Quota),
            Mood::Failing => Some(Effect::Error),
            Mood::Silent => Some(Effect::TimeoutDone),
        };
        let rule = |effect| Fault {
            op: Op::Notify,
            matching: Match::default(),
            effect,
            times: None,
            latency_secs: None,
        };
        self.sim.set_faults(Faults {
            rules: effect.map(rule).into_iter().collect(),
        });
    }

    async fn arrived(&self) -> Vec<(u64, Value)> {
        self.notes.0.lock().unwrap().clone()
    }
}

#[test]
fn receivers_with_faults() {
    for (name, case) in notifier::CASES {
        println!("case: {name}");
        let sim = Arc::new(SimCompute::in_memory(Arc::new(Still), 1));
        let notes = Arc::new(Notes::default());
        let real = Arc::<Notes>::clone(&notes);
        pollster::block_on(case(&Faulty {
            notifier: SimNotifier::before(Arc::clone(&sim), real),
            sim,
            notes,
        }));
    }
}

/// Machines of one group, and what was ordered of them.
struct Measured {
    sim: Arc<SimCompute>,
    source: SimMetrics,
    watched: Watched,
}

impl Measured {
    async fn new() -> Measured {
        let sim = Arc::new(SimCompute::in_memory(Arc::new(Still), 1));
        let cpu = Metric("cpu_util".to_owned());
        let source = SimMetrics::new(Arc::clone(&sim), vec![cpu.clone()]);
        let mut watched = Watched {
            group: Ids::new(1).next_id(),
            name: "web".to_owned(),
            instances: BTreeSet::new(),
            metrics: BTreeSet::from([cpu.clone()]),
        };
        for value in [10.0, 20.0] {
            let machine = sim.make_foreign(&ForeignSpec::default()).unwrap();
            watched.instances.insert(machine.id);
            source.order(machine.id, &cpu, Some(value));
        }
        Measured {
            sim,
            source,
            watched,
        }
    }
}

#[async_trait::async_trait]
impl Scene for Measured {
    fn source(&self) -> &dyn Metrics {
        &self.source
    }

    fn watched(&self) -> Watched {
        self.watched.clone()
    }

    async fn work(&self) {}

    async fn vanish(&self, instance: Option<InstanceId>) {
        self.sim.act(instance.unwrap(), Action::Kill).unwrap();
    }
}

#[test]
fn measured_values() {
    for (name, case) in metrics::CASES {
        println!("case: {name}");
        pollster::block_on(async { case(&Measured::new().await).await });
    }
}

#[test]
fn a_source_with_faults_tells_no_value() {
    pollster::block_on(async {
        let scene = Measured::new().await;
        for (effect, wanted) in [
            (Effect::Error, "failed: "),
            (Effect::TimeoutDone, "no answer: "),
            (Effect::TimeoutNotDone, "no answer: "),
            (Effect::Quota, "refused: "),
        ] {
            scene.sim.set_faults(Faults {
                rules: vec![Fault {
                    op: Op::Measure,
                    matching: Match::default(),
                    effect,
                    times: Some(1),
                    latency_secs: None,
                }],
            });
            let watched = [scene.watched()];
            let error = scene.source.sample(&watched).await.unwrap_err();
            assert!(error.to_string().starts_with(wanted), "{error}");
            assert_eq!(scene.source.sample(&watched).await.unwrap().len(), 2);
        }
    });
}
