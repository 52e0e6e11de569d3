//! `[[haproxy]]`: balancers outside, and which ids mean which of their backends.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use muster_model::BalancerPlace;
use muster_providers::haproxy::{Check, HaProxyOptions, is_name};
use serde::Deserialize;

use super::Within;

/// `[[haproxy]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HaProxyConfig {
    name: String,
    socket: PathBuf,
    #[serde(default = "mark")]
    mark: String,
    #[serde(default = "timeout")]
    timeout_secs: Within<2, 30>,
    #[serde(default = "check")]
    check: bool,
    #[serde(default = "interval")]
    check_interval_millis: Within<100, 300_000>,
    #[serde(default = "rise")]
    check_rise: Within<1, 100>,
    #[serde(default = "fall")]
    check_fall: Within<1, 100>,
    #[serde(default = "up_patience")]
    up_patience_secs: Within<0, 30>,
    #[serde(default = "slow_start")]
    slow_start_secs: Within<0, 3600>,
    backend: Vec<BackendConfig>,
}

/// `[[haproxy.backend]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BackendConfig {
    lb: String,
    listener: Option<String>,
    location: Option<String>,
    backend: String,
}

fn mark() -> String {
    "muster".to_owned()
}

fn timeout() -> Within<2, 30> {
    Within(5)
}

fn check() -> bool {
    true
}

fn interval() -> Within<100, 300_000> {
    Within(1000)
}

fn rise() -> Within<1, 100> {
    Within(1)
}

fn fall() -> Within<1, 100> {
    Within(3)
}

fn up_patience() -> Within<0, 30> {
    Within(5)
}

fn slow_start() -> Within<0, 3600> {
    Within(0)
}

impl BackendConfig {
    /// A pool, a classic balancer and a listener without one are their own.
    fn place(&self) -> BalancerPlace {
        BalancerPlace {
            balancer: self.lb.clone(),
            listener: self.listener.clone().unwrap_or_else(|| self.lb.clone()),
            location: self.location.clone(),
        }
    }
}

impl HaProxyConfig {
    /// What the provider is given.
    pub(crate) fn options(&self) -> HaProxyOptions {
        HaProxyOptions {
            name: self.name.clone(),
            socket: self.socket.clone(),
            mark: self.mark.clone(),
            timeout: Duration::from_secs(u64::from(self.timeout_secs.0)),
            check: self.check.then_some(Check {
                interval_millis: self.check_interval_millis.0,
                rise: self.check_rise.0,
                fall: self.check_fall.0,
            }),
            up_patience: Duration::from_secs(u64::from(self.up_patience_secs.0)),
            slow_start_secs: self.slow_start_secs.0,
            backends: self
                .backend
                .iter()
                .map(|backend| (backend.place(), backend.backend.clone()))
                .collect(),
        }
    }

    /// What is wrong with it as a whole, if anything is.
    fn problem(&self) -> Option<String> {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let short = |text: &str| (1..=32).contains(&text.len()) && text.chars().all(good);
        if !short(&self.name) {
            return Some("a name of 1 to 32 letters, digits, `-` and `_` is right".to_owned());
        }
        if !short(&self.mark) {
            return Some(format!(
                "mark `{}`: 1 to 32 letters, digits, `-` and `_` are right",
                self.mark
            ));
        }
        if self.backend.is_empty() {
            return Some("at least one [[haproxy.backend]] is needed".to_owned());
        }
        for backend in &self.backend {
            if !is_name(&backend.backend) {
                return Some(format!(
                    "backend `{}`: 1 to 128 letters, digits, `-`, `_`, `.` and `:` are right",
                    backend.backend
                ));
            }
            if backend.lb.is_empty() || backend.listener.as_deref() == Some("") {
                return Some(format!("backend `{}`: an id is empty", backend.backend));
            }
            if backend.location.is_some() && backend.listener.is_none() {
                return Some(format!(
                    "backend `{}`: location goes with listener",
                    backend.backend
                ));
            }
        }
        None
    }
}

/// What is wrong with each of the HAProxys, if anything is, by name.
pub(super) fn problems(all: &[HaProxyConfig]) -> Vec<(&str, Option<String>)> {
    let (mut places, mut backends) = (BTreeSet::new(), BTreeSet::new());
    let mut problems = Vec::new();
    for one in all {
        let mut problem = one.problem();
        for backend in &one.backend {
            let place = backend.place();
            if !places.insert(place.clone()) {
                problem = problem.or(Some(format!("{place}: each place is there once")));
            }
            if !backends.insert((&one.socket, &backend.backend)) {
                let name = &backend.backend;
                problem = problem.or(Some(format!("backend `{name}`: each is one place only")));
            }
        }
        problems.push((one.name.as_str(), problem));
    }
    problems
}
