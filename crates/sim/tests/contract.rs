//! The contracts of the Compute and LoadBalancer ports, on the simulated machines.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

use std::sync::Arc;

use muster_model::Time;
use muster_ports::Clock;
use muster_ports::contract::{balancer, compute::CASES};
use muster_sim::SimCompute;

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
        assert_eq!(left, [], "{name}: what is gone stays gone");
    }
}
