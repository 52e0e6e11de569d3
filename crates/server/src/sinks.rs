//! The receivers of messages that the configuration names, put together.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use muster_model::AccountId;
use muster_ports::Notifier;
use muster_providers::notify::mail::{Mail, MailOptions};
use muster_providers::notify::nats::{Nats, NatsOptions};
use muster_providers::notify::stored::Stored;
use muster_providers::notify::subscriber::{Subscribers, SubscribersOptions};
use muster_providers::notify::webhook::{Webhook, WebhookOptions};
use muster_runtime::{Route, Runtime, ShellClock, Sink, Spread, Targets};
use muster_sim::{SimCompute, SimNotifier};

use crate::accounts::Keyring;
use crate::config::{Config, SinkConfig, SinkKind};
use crate::signing::Signer;

/// A message for a topic is kept this long at the most: as long as it may say itself (a week).
const SPREAD_PATIENCE_SECS: u32 = 604_800;

/// A queue that is built in: its messages are fetched from here.
pub(crate) struct Queue {
    pub(crate) name: String,
    pub(crate) targets: Targets,
}

/// Delivers messages from now on; the queues that are built in come back.
pub(crate) async fn start(
    runtime: &Arc<Runtime>,
    config: &Config,
    keyring: &Keyring,
    sim: Option<&Arc<SimCompute>>,
    signer: &Signer,
) -> Result<Vec<Queue>, String> {
    let (mut sinks, queues) = sinks(config, keyring, sim)?;
    sinks.extend(topics(runtime, config, sim, signer)?);
    sinks.extend(sim.map(emulated));
    let started = runtime.deliver_to(sinks).await;
    started.map_err(|error| error.to_string())?;
    Ok(queues)
}

/// Puts the receivers of the configuration together. Under emulation faults come before each.
fn sinks(
    config: &Config,
    keyring: &Keyring,
    sim: Option<&Arc<SimCompute>>,
) -> Result<(Vec<Sink>, Vec<Queue>), String> {
    let (mut all, mut queues) = (Vec::new(), Vec::new());
    for sink in &config.sink {
        let wrong = |error: String| format!("sink `{}`: {error}", sink.name);
        let account = account(sink, keyring).map_err(wrong)?;
        let targets = sink.targets(account);
        if sink.kind == SinkKind::Queue {
            queues.push(Queue {
                name: sink.name.clone(),
                targets: targets.clone(),
            });
        }
        let notifier = notifier(sink).map_err(wrong)?;
        all.push(Sink {
            name: sink.name.clone(),
            route: Route::Targets(targets),
            notifier: match sim {
                Some(sim) => Arc::new(SimNotifier::before(Arc::clone(sim), notifier)),
                None => notifier,
            },
            patience_secs: sink.patience_secs.0,
            timeout_secs: sink.timeout_secs.0,
            groups_at_once: sink.groups_at_once.0 as usize,
        });
    }
    Ok((all, queues))
}

/// Takes what no other has. No sink of the configuration can have its name.
fn emulated(sim: &Arc<SimCompute>) -> Sink {
    Sink {
        name: "(emulated)".to_owned(),
        route: Route::Rest,
        notifier: Arc::new(SimNotifier::new(Arc::clone(sim))),
        patience_secs: 300,
        timeout_secs: 10,
        groups_at_once: 64,
    }
}

/// The two steps of topics that are made here: from a message to its deliveries, and to their endpoints. No sink of the
/// configuration can have their names.
fn topics(
    runtime: &Arc<Runtime>,
    config: &Config,
    sim: Option<&Arc<SimCompute>>,
    signer: &Signer,
) -> Result<[Sink; 2], String> {
    let subscribers = Subscribers::new(&SubscribersOptions {
        mail: config.smn.mail()?,
        sign: signer.sign(),
        timeout: config.smn.timeout(),
    });
    let subscribers = subscribers.map_err(|error| format!("smn: {error}"))?;
    let subscribers: Arc<dyn Notifier> = Arc::new(subscribers);
    Ok([
        Sink {
            name: "(topics)".to_owned(),
            route: Route::Topics,
            notifier: Arc::new(Spread::of(runtime)),
            patience_secs: SPREAD_PATIENCE_SECS,
            timeout_secs: 30,
            groups_at_once: 64,
        },
        Sink {
            name: "(subscriptions)".to_owned(),
            route: Route::Deliveries,
            notifier: match sim {
                Some(sim) => Arc::new(SimNotifier::before(Arc::clone(sim), subscribers)),
                None => subscribers,
            },
            // Each message says how long it is kept.
            patience_secs: SPREAD_PATIENCE_SECS,
            timeout_secs: config.smn.timeout_secs.0,
            groups_at_once: config.smn.endpoints_at_once.0 as usize,
        },
    ])
}

fn account(sink: &SinkConfig, keyring: &Keyring) -> Result<Option<AccountId>, String> {
    match &sink.account {
        None => Ok(None),
        Some(name) => match keyring.account(name) {
            Some(account) => Ok(Some(account.id)),
            None => Err(format!("there is no account `{name}`")),
        },
    }
}

fn notifier(sink: &SinkConfig) -> Result<Arc<dyn Notifier>, String> {
    let secret = sink.secret()?;
    let timeout = Duration::from_secs(u64::from(sink.timeout_secs.0));
    match sink.kind {
        SinkKind::Queue => Ok(Arc::new(Stored)),
        SinkKind::Webhook => {
            let webhook = Webhook::new(WebhookOptions {
                url: sink.url.clone().unwrap_or_default(),
                secret: webhook_key(&secret)?,
                timeout,
                now_unix_secs: Arc::new(ShellClock::real_unix_secs),
            });
            Ok(Arc::new(webhook.map_err(|error| error.to_string())?))
        }
        SinkKind::Smtp => {
            let mail = Mail::new(&MailOptions {
                url: sink.url.clone().unwrap_or_default(),
                login: sink.user.clone().map(|user| (user, secret)),
                from: sink.from.clone().unwrap_or_default(),
                to: sink.to.clone(),
                timeout,
            });
            Ok(Arc::new(mail.map_err(|error| error.to_string())?))
        }
        SinkKind::Nats => Ok(Arc::new(Nats::new(NatsOptions {
            url: sink.url.clone().unwrap_or_default(),
            subject: sink.subject.clone().unwrap_or_default(),
            token: (sink.user.is_none() && !secret.is_empty()).then(|| secret.clone()),
            login: sink.user.clone().map(|user| (user, secret)),
            timeout,
        }))),
    }
}

/// The key of a webhook: `whsec_` and base64, as Standard Webhooks writes it, or any other text as it is.
fn webhook_key(secret: &str) -> Result<Vec<u8>, String> {
    let key = match secret.strip_prefix("whsec_") {
        None => secret.as_bytes().to_vec(),
        Some(text) => BASE64
            .decode(text)
            .map_err(|_| "what follows `whsec_` in the secret is not base64".to_owned())?,
    };
    match key.is_empty() {
        true => Err("the secret is empty".to_owned()),
        false => Ok(key),
    }
}
