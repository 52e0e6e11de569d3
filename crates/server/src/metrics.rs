//! Metrics of requests, printed together with those of the runtime.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use muster_providers::proxy::ProxyBalancer;
use muster_runtime::Runtime;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::proxy_metrics::ProxyMetrics;

/// How a connection speaks HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// As it is.
    Plain,
    /// Over TLS.
    Tls,
    /// Over TLS through a tunnel, as a cloud's host or Muster's own name.
    Tunnel,
}

impl Connection {
    fn name(self) -> &'static str {
        match self {
            Connection::Plain => "plain",
            Connection::Tls => "tls",
            Connection::Tunnel => "tunnel",
        }
    }
}

type Labels = [(&'static str, Cow<'static, str>); 3];

/// Metrics of requests.
pub(crate) struct RequestMetrics {
    registry: Mutex<Registry>,
    calls: Family<Labels, Counter>,
    seconds: Histogram,
    panics: Counter,
    refused: Counter,
    connections: Family<[(&'static str, &'static str); 1], Counter>,
    handshakes: Counter,
    tunnels: Counter,
}

impl RequestMetrics {
    /// With what the embedded balancer has done, if there is one.
    pub(crate) fn new(proxy: Option<Arc<ProxyBalancer>>) -> RequestMetrics {
        let mut registry = Registry::with_prefix("muster");
        if let Some(proxy) = proxy {
            registry.register_collector(Box::new(ProxyMetrics(proxy)));
        }
        let calls = Family::default();
        let seconds = Histogram::new(exponential_buckets(0.0001, 4.0, 10));
        let (panics, refused) = (Counter::default(), Counter::default());
        let connections = Family::default();
        let (handshakes, tunnels) = (Counter::default(), Counter::default());
        registry.register(
            "api_calls",
            "API calls by dialect, action and code",
            calls.clone(),
        );
        registry.register("api_call_seconds", "Time of API calls", seconds.clone());
        registry.register(
            "api_panics",
            "Requests whose handler panicked",
            panics.clone(),
        );
        registry.register(
            "refused_connections",
            "Connections refused because there were too many",
            refused.clone(),
        );
        registry.register(
            "connections",
            "Connections that spoke HTTP, by how: plain, tls, tunnel",
            connections.clone(),
        );
        registry.register(
            "failed_handshakes",
            "TLS handshakes that failed or took too long",
            handshakes.clone(),
        );
        registry.register(
            "refused_tunnels",
            "CONNECT requests for hosts that are none of ours",
            tunnels.clone(),
        );
        RequestMetrics {
            registry: Mutex::new(registry),
            calls,
            seconds,
            panics,
            refused,
            connections,
            handshakes,
            tunnels,
        }
    }

    pub(crate) fn call(&self, dialect: &'static str, action: &'static str, code: &str, secs: f64) {
        let action = if action.is_empty() { "other" } else { action };
        let code = match code {
            "" => Cow::Borrowed("ok"),
            code => Cow::Owned(code.to_owned()),
        };
        let labels = [
            ("dialect", Cow::Borrowed(dialect)),
            ("action", Cow::Borrowed(action)),
            ("code", code),
        ];
        self.calls.get_or_create(&labels).inc();
        self.seconds.observe(secs);
    }

    pub(crate) fn panicked(&self) {
        self.panics.inc();
    }

    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    pub(crate) fn connected(&self, kind: Connection) {
        self.connections
            .get_or_create(&[("kind", kind.name())])
            .inc();
    }

    pub(crate) fn handshake_failed(&self) {
        self.handshakes.inc();
    }

    pub(crate) fn tunnel_refused(&self) {
        self.tunnels.inc();
    }

    /// Everything, in the text format.
    pub(crate) fn print(&self, runtime: &Runtime) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        runtime.with_registry(|registry| encode(&mut text, registry))?;
        // The end mark stands once, at the end.
        let mut whole = text.trim_end().trim_end_matches("# EOF").to_owned();
        let mut own = String::new();
        encode(
            &mut own,
            &self.registry.lock().unwrap_or_else(PoisonError::into_inner),
        )?;
        whole.push_str(&own);
        Ok(whole)
    }
}
