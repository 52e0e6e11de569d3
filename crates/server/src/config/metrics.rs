//! `[metrics]` and `[[metric]]`: what is measured, and where from.

use muster_model::Metric;
use muster_providers::prometheus::{Query, check_address};
use serde::Deserialize;

use super::Within;

/// Longest name of a metric, bytes.
const NAME_BYTES: usize = 64;

/// The metric of this name, if that is one: letters, digits, `_`, `-` and `.`.
pub(crate) fn metric(name: &str) -> Result<Metric, String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    match (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(good) {
        true => Ok(Metric(name.to_owned())),
        false => Err(format!(
            "metric `{name}` is not 1 to {NAME_BYTES} letters, digits, `_`, `-` and `.`"
        )),
    }
}

/// `[metrics]`: what is measured of machines that are processes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MetricsConfig {
    pub(crate) sample_secs: Within<0, 3600>,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        MetricsConfig {
            sample_secs: Within(5),
        }
    }
}

/// `[[metric]]`: a metric that is asked of a Prometheus.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricConfig {
    pub(crate) name: String,
    pub(crate) prometheus: String,
    pub(crate) query: String,
    #[serde(default = "period")]
    pub(crate) period_secs: Within<1, 3600>,
    #[serde(default = "timeout")]
    pub(crate) timeout_secs: Within<1, 300>,
    #[serde(default = "stale")]
    pub(crate) stale_secs: Within<1, 3600>,
    #[serde(default = "instance_label")]
    pub(crate) instance_label: String,
    #[serde(default = "queries_at_once")]
    pub(crate) queries_at_once: Within<1, 256>,
    token_env: Option<String>,
}

fn period() -> Within<1, 3600> {
    Within(15)
}

fn timeout() -> Within<1, 300> {
    Within(10)
}

fn stale() -> Within<1, 3600> {
    Within(120)
}

fn instance_label() -> String {
    "instance_id".to_owned()
}

fn queries_at_once() -> Within<1, 256> {
    Within(8)
}

impl MetricConfig {
    /// What is wrong with it as a whole, if anything is.
    pub(super) fn problem(&self) -> Option<String> {
        let label = &self.instance_label;
        let mut letters = label.bytes();
        let first = |b: u8| b.is_ascii_alphabetic() || b == b'_';
        if !letters.next().is_some_and(first) || !letters.all(|b| first(b) || b.is_ascii_digit()) {
            return Some(format!("instance_label `{label}` is no name of a label"));
        }
        let address = check_address(&self.prometheus).map_err(|error| error.to_string());
        let named = metric(&self.name).and(address);
        named.and(Query::parse(&self.query)).err()
    }

    /// The bearer token, from the environment.
    pub(crate) fn token(&self) -> Result<Option<String>, String> {
        let absent = |name: &String| {
            let absent = |_| format!("the environment variable {name} is not set");
            std::env::var(name).map_err(absent)
        };
        self.token_env.as_ref().map(absent).transpose()
    }
}
