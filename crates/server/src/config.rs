//! The configuration file. A wrong key or value is refused with file, line and what would be right.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use muster_engine::{Quotas, Settings};
use serde::{Deserialize, Deserializer};

mod catalogue;
mod haproxy;
mod ksyun;
mod metrics;
mod proxy;
mod qcloud;
mod sink;
mod smn;
mod tls;

use catalogue::{CatalogueConfig, TypeConfig};
pub(crate) use haproxy::HaProxyConfig;
use ksyun::KsyunConfig;
use metrics::MetricsConfig;
pub(crate) use metrics::{MetricConfig, metric};
pub(crate) use proxy::{ListenerConfig, ProxyConfig};
use qcloud::QcloudConfig;
pub(crate) use sink::{SinkConfig, SinkKind};
pub(crate) use smn::{Confirmation, SmnConfig};
pub(crate) use tls::TlsConfig;

/// A whole number in a range; outside, the error says the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Within<const MIN: u32, const MAX: u32>(pub(crate) u32);

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Within<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = i64::deserialize(deserializer)?;
        match u32::try_from(value) {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(Within(number)),
            Ok(_) | Err(_) => Err(serde::de::Error::custom(format!(
                "{value} is out of range: a whole number from {MIN} to {MAX} is right"
            ))),
        }
    }
}

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) data: Option<PathBuf>,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) tls: TlsConfig,
    #[serde(default)]
    pub(crate) log: Log,
    #[serde(default)]
    pub(crate) backend: Backend,
    #[serde(default)]
    pub(crate) engine: Engine,
    #[serde(default)]
    pub(crate) quotas: QuotaConfig,
    #[serde(default)]
    pub(crate) retention: Retention,
    #[serde(default)]
    pub(crate) rate_limits: RateLimits,
    #[serde(default)]
    ksyun: KsyunConfig,
    #[serde(default)]
    qcloud: QcloudConfig,
    #[serde(default)]
    pub(crate) account: Vec<AccountConfig>,
    #[serde(default)]
    pub(crate) site: Vec<SiteConfig>,
    #[serde(default)]
    pub(crate) sink: Vec<SinkConfig>,
    #[serde(default)]
    pub(crate) smn: SmnConfig,
    #[serde(default)]
    instance_type: Vec<TypeConfig>,
    #[serde(default)]
    catalogue: CatalogueConfig,
    #[serde(default)]
    pub(crate) command: Vec<CommandConfig>,
    #[serde(default)]
    pub(crate) metrics: MetricsConfig,
    #[serde(default)]
    pub(crate) metric: Vec<MetricConfig>,
    #[serde(default)]
    pub(crate) haproxy: Vec<HaProxyConfig>,
    #[serde(default)]
    pub(crate) proxy: ProxyConfig,
    #[serde(default)]
    pub(crate) listener: Vec<ListenerConfig>,
}

/// `[limits]`: of the front door.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    pub(crate) body_mib: Within<1, 64>,
    pub(crate) connections: Within<1, 65_536>,
    pub(crate) requests: Within<1, 65_536>,
    pub(crate) request_secs: Within<1, 3600>,
    pub(crate) handshake_secs: Within<1, 60>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body_mib: Within(12),
            connections: Within(1024),
            requests: Within(512),
            request_secs: Within(30),
            handshake_secs: Within(10),
        }
    }
}

/// `[log]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    pub(crate) filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Log {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// `[backend]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Backend {
    pub(crate) kind: BackendKind,
    pub(crate) user: Option<String>,
    pub(crate) first_port: Within<1024, 65_000>,
    pub(crate) last_port: Within<1024, 65_535>,
    pub(crate) calls: Within<1, 4096>,
    pub(crate) observe_secs: Within<1, 3600>,
}

impl Default for Backend {
    fn default() -> Self {
        Backend {
            kind: BackendKind::Process,
            user: None,
            first_port: Within(20_000),
            last_port: Within(29_999),
            calls: Within(64),
            observe_secs: Within(10),
        }
    }
}

/// What runs the machines.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BackendKind {
    Process,
}

/// `[engine]`: what can be tuned of the rules; see `muster_engine::Settings`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Engine {
    call_timeout_secs: Option<Within<1, 3600>>,
    call_backoff_secs: Option<Within<1, 3600>>,
    call_backoff_max_secs: Option<Within<1, 86_400>>,
    launch_patience_secs: Option<Within<1, 86_400>>,
    leave_patience_secs: Option<Within<1, 86_400>>,
    activity_timeout_secs: Option<Within<60, 604_800>>,
    immediate_retries: Option<Within<1, 1000>>,
    retry_backoff_secs: Option<Within<1, 3600>>,
    retry_backoff_max_secs: Option<Within<1, 86_400>>,
    activity_batch: Option<Within<1, 2000>>,
    group_calls: Option<Within<1, 2000>>,
    early_death_secs: Option<Within<0, 3600>>,
    early_deaths: Option<Within<1, 1000>>,
    early_sick_secs: Option<Within<0, 86_400>>,
    replace_failures: Option<Within<1, 1000>>,
    replace_percent: Option<Within<1, 100>>,
    storm_percent: Option<Within<1, 100>>,
    storm_members: Option<Within<2, 2000>>,
    storm_wait_secs: Option<Within<1, 86_400>>,
    storm_wait_max_secs: Option<Within<1, 86_400>>,
    balancer_patience_secs: Option<Within<1, 86_400>>,
    drain_secs: Option<Within<0, 1800>>,
}

/// `[quotas]`: per account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct QuotaConfig {
    groups: Within<0, 1_000_000>,
    launch_configurations: Within<0, 1_000_000>,
    scheduled_actions: Within<0, 1_000_000>,
    scaling_policies: Within<0, 1_000_000>,
    lifecycle_hooks: Within<0, 1_000_000>,
    notifications: Within<0, 1_000_000>,
    classic_balancers: Within<0, 1_000_000>,
    application_balancers: Within<0, 1_000_000>,
    topics: Within<0, 1_000_000>,
    neighbours: Within<0, 100_000>,
    subscriptions: Within<0, 1_000_000>,
    alarm_rules: Within<0, 1_000_000>,
    pushed_metrics: Within<0, 1_000_000>,
}

impl Default for QuotaConfig {
    fn default() -> Self {
        let quotas = Quotas::default();
        QuotaConfig {
            groups: Within(quotas.groups),
            launch_configurations: Within(quotas.configs),
            scheduled_actions: Within(quotas.schedules),
            scaling_policies: Within(quotas.policies),
            lifecycle_hooks: Within(quotas.hooks),
            notifications: Within(quotas.notifications),
            classic_balancers: Within(quotas.classic_balancers),
            application_balancers: Within(quotas.application_balancers),
            topics: Within(quotas.topics),
            neighbours: Within(quotas.neighbours),
            subscriptions: Within(quotas.subscriptions),
            alarm_rules: Within(quotas.alarm_rules),
            pushed_metrics: Within(quotas.pushed_metrics),
        }
    }
}

/// `[retention]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Retention {
    pub(crate) activity_days: Within<1, 3650>,
    pub(crate) message_days: Within<1, 3650>,
}

impl Default for Retention {
    fn default() -> Self {
        Retention {
            activity_days: Within(90),
            message_days: Within(30),
        }
    }
}

/// `[rate_limits]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RateLimits {
    pub(crate) enabled: bool,
}

impl Default for RateLimits {
    fn default() -> Self {
        RateLimits { enabled: true }
    }
}

/// `[[account]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountConfig {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) key: Vec<KeyConfig>,
}

/// `[[account.key]]`. The secret stands here or in the environment variable that is named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyConfig {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Option<String>,
    pub(crate) secret_env: Option<String>,
    #[serde(default)]
    pub(crate) read_only: bool,
}

impl std::fmt::Debug for KeyConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyConfig")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// `[[site]]`: binds region names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteConfig {
    pub(crate) name: String,
    pub(crate) regions: Vec<String>,
}

/// `[[command]]`: what hooks run on machines that are processes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandConfig {
    pub(crate) id: String,
    pub(crate) script: String,
}

impl Config {
    /// Reads a file; without one, everything is at its default.
    pub(crate) fn load(path: Option<&Path>) -> Result<Config, String> {
        let Some(path) = path else {
            return Ok(Config::default());
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&path.display().to_string(), &text)
    }

    fn parse(file: &str, text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            format!(
                "{file}:{}: {}",
                position(text, at),
                error.message().trim_end()
            )
        })?;
        if config.backend.first_port.0 > config.backend.last_port.0 {
            let at = text
                .find("first_port")
                .or_else(|| text.find("last_port"))
                .unwrap_or(0);
            let (first, last) = (config.backend.first_port.0, config.backend.last_port.0);
            return Err(format!(
                "{file}:{}: first_port {first} is above last_port {last}: first_port at most last_port is right",
                position(text, at)
            ));
        }
        let settings = config.settings();
        if settings.drain_secs > settings.activity_timeout_secs {
            let at = text.find("drain_secs").unwrap_or(0);
            return Err(format!(
                "{file}:{}: drain_secs {} is above activity_timeout_secs {}: an activity would end before its instances are drained",
                position(text, at),
                settings.drain_secs,
                settings.activity_timeout_secs
            ));
        }
        if let Some((table, number, id)) = config.catalogue.twice(&config.instance_type) {
            let at = text.match_indices(table).nth(number);
            let at = at.map_or(0, |(at, _)| at);
            return Err(format!(
                "{file}:{}: {table} `{id}`: each is there once",
                position(text, at)
            ));
        }
        let sinks = config
            .sink
            .iter()
            .map(|one| (one.name.as_str(), one.problem()));
        check_tables(file, text, "sink", sinks)?;
        if let Some(problem) = config.smn.problem() {
            let at = text.find("[smn]").unwrap_or(0);
            return Err(format!("{file}:{}: smn: {problem}", position(text, at)));
        }
        let metrics = config.metric.iter();
        let metrics = metrics.map(|one| (one.name.as_str(), one.problem()));
        check_tables(file, text, "metric", metrics)?;
        let haproxys = haproxy::problems(&config.haproxy);
        check_tables(file, text, "haproxy", haproxys.into_iter())?;
        let listeners = proxy::problems(&config.listener);
        let listeners = listeners
            .iter()
            .map(|(ids, problem)| (ids.as_str(), problem.clone()));
        check_tables(file, text, "listener", listeners)?;
        let whole = [
            ("[proxy]", config.proxy.problem()),
            ("[tls]", config.tls.problem()),
        ];
        for (table, problem) in whole {
            if let Some(problem) = problem {
                let at = text.find(table).unwrap_or(0);
                return Err(format!("{file}:{}: {problem}", position(text, at)));
            }
        }
        Ok(config)
    }

    /// The engine's settings.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings {
            quotas: Quotas {
                groups: self.quotas.groups.0,
                configs: self.quotas.launch_configurations.0,
                schedules: self.quotas.scheduled_actions.0,
                policies: self.quotas.scaling_policies.0,
                hooks: self.quotas.lifecycle_hooks.0,
                notifications: self.quotas.notifications.0,
                classic_balancers: self.quotas.classic_balancers.0,
                application_balancers: self.quotas.application_balancers.0,
                topics: self.quotas.topics.0,
                neighbours: self.quotas.neighbours.0,
                subscriptions: self.quotas.subscriptions.0,
                alarm_rules: self.quotas.alarm_rules.0,
                pushed_metrics: self.quotas.pushed_metrics.0,
                of_2017: self.qcloud.quotas(),
            },
            types: self.instance_type.iter().map(TypeConfig::facts).collect(),
            catalogue: self
                .catalogue
                .catalogue(&self.instance_type, &self.site, &self.command),
            ..Settings::default()
        };
        let engine = &self.engine;
        macro_rules! take {
            ($($name:ident)*) => { $(if let Some(value) = engine.$name { settings.$name = value.0; })* };
        }
        take!(
            call_timeout_secs call_backoff_secs call_backoff_max_secs launch_patience_secs leave_patience_secs
            activity_timeout_secs immediate_retries retry_backoff_secs retry_backoff_max_secs activity_batch
            group_calls early_death_secs early_deaths early_sick_secs replace_failures replace_percent storm_percent
            storm_members storm_wait_secs storm_wait_max_secs balancer_patience_secs drain_secs
        );
        settings
    }
}

/// The first of these tables that has a problem, or a name that an earlier one has.
fn check_tables<'a>(
    file: &str,
    text: &str,
    table: &str,
    named: impl Iterator<Item = (&'a str, Option<String>)>,
) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for (number, (name, problem)) in named.enumerate() {
        let twice = (!names.insert(name)).then(|| "each name is there once".to_owned());
        if let Some(problem) = problem.or(twice) {
            let header = format!("[[{table}]]");
            let at = text.match_indices(&header).nth(number);
            let at = at.map_or(0, |(at, _)| at);
            let at = position(text, at);
            return Err(format!("{file}:{at}: {table} `{name}`: {problem}"));
        }
    }
    Ok(())
}

/// `LINE:COLUMN` of a byte, from 1.
fn position(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("{line}:{column}")
}

#[cfg(test)]
mod tests;
