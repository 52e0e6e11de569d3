//! What is measured of members and groups.

use std::collections::BTreeSet;

use async_trait::async_trait;
use muster_ports::contract::metrics::{CASES, Scene};
use muster_ports::{Metrics, Watched};

use super::*;

struct Stage {
    balancer: ProxyBalancer,
    _backends: [Backend; 2],
    groups: bool,
}

impl Stage {
    async fn new(groups: bool) -> Stage {
        let backends = [Backend::start("a").await, Backend::start("b").await];
        let balancer = open(options()).await;
        for (number, backend) in (1..).zip(&backends) {
            balancer
                .attach(&spec(number, backend.address))
                .await
                .unwrap();
        }
        healthy(&balancer, &[1, 2]).await;
        Stage {
            balancer,
            _backends: backends,
            groups,
        }
    }
}

#[async_trait]
impl Scene for Stage {
    fn source(&self) -> &dyn Metrics {
        &self.balancer
    }

    fn watched(&self) -> Watched {
        let all = self.balancer.tells().into_iter();
        Watched {
            group: owner(1).group,
            name: "web".to_owned(),
            instances: match self.groups {
                true => BTreeSet::new(),
                false => BTreeSet::from([owner(1).instance, owner(2).instance]),
            },
            metrics: all
                .filter(|metric| metric.0.starts_with("group_") == self.groups)
                .collect(),
        }
    }

    async fn work(&self) {
        for view in self.balancer.view() {
            for _ in 0..4 {
                get(view.address.unwrap(), "/").await;
            }
        }
    }

    async fn vanish(&self, instance: Option<InstanceId>) {
        for number in [1, 2] {
            let own = owner(number);
            if instance.is_none_or(|id| id == own.instance) {
                self.balancer.detach(&own, &target("lbl-1")).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn the_contract_of_sources() {
    for groups in [false, true] {
        for (name, case) in CASES {
            println!("{name}, groups: {groups}");
            case(&Stage::new(groups).await).await;
        }
    }
}

#[tokio::test]
async fn rates_and_times_are_those_of_the_requests() {
    let stage = Stage::new(false).await;
    let mut watched = stage.watched();
    watched.metrics = stage.balancer.tells().into_iter().collect();
    let asked = std::slice::from_ref(&watched);
    stage.balancer.sample(asked).await.unwrap();
    let began = timing::now();
    stage.work().await;
    timing::pause(300).await;
    let samples = stage.balancer.sample(asked).await.unwrap();
    let secs = timing::millis_since(began, timing::now()) as f64 / 1000.0;
    for sample in samples {
        let value = sample.value.unwrap();
        match sample.metric.0.as_str() {
            "requests_per_sec" => assert!((value * secs - 2.0).abs() < 0.3, "{value} in {secs}"),
            "group_requests_per_sec" => assert!((value * secs - 4.0).abs() < 0.6, "{value}"),
            _ => assert!(value > 0.0 && value < 1000.0, "{value} ms"),
        }
    }
}
