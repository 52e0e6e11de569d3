//! What the embedded balancer has done, in `/metrics`: read from it at every scrape, so that a member is there as long as it
//! is a member.

use std::fmt;
use std::sync::Arc;

use muster_providers::proxy::{ListenerView, MemberView, ProxyBalancer, Whose};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Tells of the members of the embedded balancer.
pub(crate) struct ProxyMetrics(pub(crate) Arc<ProxyBalancer>);

impl fmt::Debug for ProxyMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyMetrics").finish_non_exhaustive()
    }
}

/// One metric of every member.
fn tell<M: EncodeMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help, kind): (&str, &str, MetricType),
    listeners: &[ListenerView],
    value: impl Fn(&MemberView) -> M,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
    for listener in listeners {
        for one in &listener.members {
            let (machine, port) = match &one.whose {
                Whose::Machine { owner, target } => (owner.instance.to_string(), target.port),
                Whose::Hand(id) => (id.uuid(), one.address.port()),
            };
            let labels = [
                ("balancer", listener.balancer.clone()),
                ("listener", listener.listener.clone()),
                ("machine", machine),
                ("port", port.to_string()),
            ];
            value(one).encode(metric.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

impl Collector for ProxyMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let listeners = self.0.view();
        let to = &mut encoder;
        let requests = (
            "proxy_requests",
            "Requests (of TCP: connections) that the embedded balancer handed to a member",
            MetricType::Counter,
        );
        tell(to, requests, &listeners, |one| {
            ConstCounter::new(one.counts.requests)
        })?;
        let failures = (
            "proxy_failures",
            "Of those, how many got no answer",
            MetricType::Counter,
        );
        tell(to, failures, &listeners, |one| {
            ConstCounter::new(one.counts.failures)
        })?;
        let latency = (
            "proxy_answer_seconds",
            "Time until answers began, in all",
            MetricType::Counter,
        );
        tell(to, latency, &listeners, |one| {
            ConstCounter::new(one.counts.micros as f64 / 1_000_000.0)
        })?;
        let mut unserved = to.encode_descriptor(
            "proxy_unserved",
            "Requests (of TCP: connections) at a listener that found no member",
            None,
            MetricType::Counter,
        )?;
        for listener in listeners.iter().filter(|listener| listener.is_open) {
            let labels = [
                ("balancer", listener.balancer.clone()),
                ("listener", listener.listener.clone()),
            ];
            ConstCounter::new(listener.unserved).encode(unserved.encode_family(&labels)?)?;
        }
        let in_flight = (
            "proxy_in_flight",
            "Requests that a member has in hand",
            MetricType::Gauge,
        );
        tell(to, in_flight, &listeners, |one| {
            ConstGauge::new(i64::from(one.in_flight))
        })
    }
}
