//! `muster serve`: puts the parts together, says when it is ready, and stops in good order.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use muster_huawei::{Huawei, TopicOptions};
use muster_kit::http::Dialect;
use muster_kit::node;
use muster_ksyun::Ksyun;
use muster_model::{Access, AccountId, BalancerPlace, GroupId, Instance, Records};
use muster_ports::{Clock, Compute, Identity, Keys, LoadBalancer, Store};
use muster_providers::process::{ProcessBackend, ProcessOptions};
use muster_providers::proxy::ProxyBalancer;
use muster_qcloud::Qcloud;
use muster_runtime::{Options, Runtime, ShellClock, Source};
use muster_sim::SimCompute;
use muster_store::SqliteStore;
use muster_tencent3::Tencent3;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tracing_subscriber::EnvFilter;

use crate::ServeArgs;
use crate::accounts::{Keyring, NewKey};
use crate::balancers;
use crate::config::{BackendKind, Config, Confirmation, LogFormat};
use crate::front::Front;
use crate::metrics::RequestMetrics;
use crate::native::{Native, OFFSET_SETTING};
use crate::projects::Projects;
use crate::seal::Sealer;
use crate::signing::Signer;
use crate::tls::Tls;

const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8700);
/// How long a stop waits for what clients and members of the embedded balancer still have to say to each other.
const PROXY_DRAIN_MILLIS: u64 = 10_000;
const DATA: &str = "./muster-data";
/// What tokens are sealed for: nothing else opens as one.
const TOKEN: &str = "token";

/// Runs the service until it is told to stop.
pub(crate) fn run(args: &ServeArgs) -> Result<(), String> {
    let config = Config::load(args.config.as_deref())?;
    start_logging(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(serve(args, config))
}

fn start_logging(config: &Config) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.log.filter)
        .map_err(|error| format!("log filter `{}`: {error}", config.log.filter))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Text => lines.with_ansi(false).init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}

/// A line on standard output, at once.
fn say(line: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())
}

async fn serve(args: &ServeArgs, config: Config) -> Result<(), String> {
    let dir = args
        .data
        .clone()
        .or_else(|| config.data.clone())
        .unwrap_or_else(|| PathBuf::from(DATA));
    let store = SqliteStore::open(&dir).map_err(|error| error.to_string())?;
    let dir = dir
        .canonicalize()
        .map_err(|error| format!("{}: {error}", dir.display()))?;
    let store: Arc<dyn Store> = Arc::new(store);
    let sealer = Arc::new(Sealer::open(&dir)?);
    let keyring = Arc::new(
        Keyring::load(Arc::clone(&store), Arc::clone(&sealer), config.site.clone()).await?,
    );
    let real = ShellClock::default().now();
    let first = keyring.first_key(&dir, real).await?;
    configured_accounts(&keyring, &config).await?;
    let projects = Projects::load(Arc::clone(&keyring), Arc::clone(&store), &config.site).await?;
    let projects = Arc::new(projects);

    let clock = clock(args, &store).await?;
    // First of all: no listener of an account takes this address.
    let (listener, address) = bind(args.listen.or(config.listen).unwrap_or(LISTEN)).await?;
    let back = back_end(args, &config, &dir, &clock, &store).await?;
    let runtime = Runtime::start(
        Arc::clone(&store),
        Arc::clone(&back.compute),
        back.balancer,
        clock,
        options(&config),
    )
    .await
    .map_err(|error| error.to_string())?;
    let tls = Tls::configured(&config.tls, &dir, &sealer, address)?;
    let signer = Signer::load(&store, &sealer).await?;
    let queues =
        crate::sinks::start(&runtime, &config, &keyring, back.sim.as_ref(), &signer).await?;
    crate::sources::start(&runtime, &config, back.sim.as_ref(), back.measured)?;
    crate::admin::listen(&dir, Arc::clone(&keyring), Arc::clone(&runtime))?;

    let front = Arc::new(Front {
        dialects: dialects(&runtime, &keyring, &projects, &sealer, &signer, &config),
        native: Native {
            runtime: Arc::clone(&runtime),
            keyring,
            store,
            compute: back.compute,
            sim: back.sim,
            proxy: back.proxy.clone(),
            queues,
        },
        metrics: RequestMetrics::new(back.proxy.clone()),
        requests: Semaphore::new(config.limits.requests.0 as usize),
        tree: tree_limits(),
        limits: config.limits,
        runtime: Arc::clone(&runtime),
        tls,
    });
    let told_to_stop = stop_signals()?;
    announce(first.as_ref(), &dir, front.tls.as_ref(), address)?;
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(Arc::clone(&front).serve(listener, stopped));
    told_to_stop.await;
    tracing::info!("stopping");
    stop.send_replace(true);
    end(serving, &runtime, back.proxy.as_deref()).await;
    Ok(())
}

/// Listens at an address, and says which it is.
async fn bind(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| format!("{listen}: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok((listener, address))
}

/// What the configuration says of the shell.
fn options(config: &Config) -> Options {
    Options {
        settings: config.settings(),
        calls: config.backend.calls.0 as usize,
        observe_period_millis: i64::from(config.backend.observe_secs.0) * 1000,
        activity_days: config.retention.activity_days.0,
        message_days: config.retention.message_days.0,
        ..Options::default()
    }
}

/// Parameters may be as large as the largest body of any door.
fn tree_limits() -> node::Limits {
    node::Limits {
        max_nodes: 100_000,
        ..node::Limits::default()
    }
}

/// Says what is needed to come in; the last line is that everything is ready.
fn announce(
    key: Option<&NewKey>,
    dir: &Path,
    tls: Option<&Tls>,
    address: SocketAddr,
) -> Result<(), String> {
    if let Some(key) = key {
        say(&format!("access key id:     {}", key.access_key_id))?;
        say(&format!("secret access key: {}", key.secret_access_key))?;
        let kept = dir.join("credentials.json");
        say(&format!("(kept in {})", kept.display()))?;
    }
    if let Some(tls) = tls {
        let ca = tls.authority().display();
        say(&format!("https on the same port; clients trust {ca}"))?;
    }
    say(&format!("muster ready on http://{address}"))
}

/// The APIs that are served; no two recognise the same request.
fn dialects(
    runtime: &Arc<Runtime>,
    keyring: &Arc<Keyring>,
    projects: &Arc<Projects>,
    sealer: &Arc<Sealer>,
    signer: &Signer,
    config: &Config,
) -> Vec<Arc<dyn Dialect>> {
    vec![
        // Known by its path: the others look at less.
        qcloud(runtime, keyring, sealer, config),
        tencent3(runtime, keyring, sealer, config),
        huawei(runtime, projects, sealer, topics(signer, config)),
        ksyun(runtime, keyring, sealer, config),
    ]
}

/// Seals the passwords of machines.
fn seal(sealer: &Arc<Sealer>) -> Arc<dyn Fn(&str) -> String + Send + Sync> {
    let sealer = Arc::clone(sealer);
    Arc::new(move |secret: &str| match sealer.seal("login", secret) {
        Ok(sealed) => sealed,
        // A password that cannot be sealed is not kept at all.
        Err(error) => {
            tracing::error!(error, "a password is not kept");
            String::new()
        }
    })
}

fn ksyun(
    runtime: &Arc<Runtime>,
    keyring: &Arc<Keyring>,
    sealer: &Arc<Sealer>,
    config: &Config,
) -> Arc<dyn Dialect> {
    Arc::new(Ksyun::new(
        Arc::<Runtime>::clone(runtime),
        Arc::<Keyring>::clone(keyring) as Arc<dyn Keys>,
        muster_ksyun::Options {
            rate_limits: config.rate_limits.enabled,
            limits: tree_limits(),
            now_unix_secs: Arc::new(ShellClock::real_unix_secs),
            seal: seal(sealer),
            switches: config.ksyun_switches(),
        },
    ))
}

fn qcloud(
    runtime: &Arc<Runtime>,
    keyring: &Arc<Keyring>,
    sealer: &Arc<Sealer>,
    config: &Config,
) -> Arc<dyn Dialect> {
    Arc::new(Qcloud::new(
        Arc::<Runtime>::clone(runtime),
        Arc::<Keyring>::clone(keyring) as Arc<dyn Keys>,
        muster_qcloud::Options {
            rate_limits: config.rate_limits.enabled,
            limits: tree_limits(),
            now_unix_secs: Arc::new(ShellClock::real_unix_secs),
            seal: seal(sealer),
            switches: config.qcloud_switches(),
        },
    ))
}

fn tencent3(
    runtime: &Arc<Runtime>,
    keyring: &Arc<Keyring>,
    sealer: &Arc<Sealer>,
    config: &Config,
) -> Arc<dyn Dialect> {
    Arc::new(Tencent3::new(
        Arc::<Runtime>::clone(runtime),
        Arc::<Keyring>::clone(keyring) as Arc<dyn Keys>,
        muster_tencent3::Options {
            rate_limits: config.rate_limits.enabled,
            limits: tree_limits(),
            now_unix_secs: Arc::new(ShellClock::real_unix_secs),
            seal: seal(sealer),
        },
    ))
}

/// How topics are treated.
fn topics(signer: &Signer, config: &Config) -> TopicOptions {
    TopicOptions {
        confirm_at_once: config.smn.confirmed == Confirmation::AtOnce,
        has_mail: config.smn.has_mail(),
        certificate: signer.certificate(),
        public_url: config.smn.public_url().map(Arc::from),
    }
}

fn huawei(
    runtime: &Arc<Runtime>,
    projects: &Arc<Projects>,
    sealer: &Arc<Sealer>,
    topics: TopicOptions,
) -> Arc<dyn Dialect> {
    let (to_seal, to_open) = (Arc::clone(sealer), Arc::clone(sealer));
    Arc::new(Huawei::new(
        Arc::<Runtime>::clone(runtime),
        Arc::<Projects>::clone(projects) as Arc<dyn Identity>,
        muster_huawei::Options {
            limits: tree_limits(),
            now_unix_secs: Arc::new(ShellClock::real_unix_secs),
            seal: seal(sealer),
            seal_token: Arc::new(move |text| to_seal.seal(TOKEN, text).ok()),
            open_token: Arc::new(move |sealed| {
                let opened = to_open.open_sealed(TOKEN, sealed);
                opened.ok().map(|text| text.to_string())
            }),
            random: Arc::new(crate::seal::entropy),
            topics,
        },
    ))
}

/// What runs machines and spreads load over them; `sim` is behind both under `--emulate`.
struct BackEnd {
    compute: Arc<dyn Compute>,
    balancer: Arc<dyn LoadBalancer>,
    sim: Option<Arc<SimCompute>>,
    /// What Muster measures by itself.
    measured: Vec<Source>,
    /// The embedded balancer, unless it is switched off.
    proxy: Option<Arc<ProxyBalancer>>,
}

/// The machines: real processes, or simulated ones; and the balancers.
async fn back_end(
    args: &ServeArgs,
    config: &Config,
    dir: &Path,
    clock: &Arc<ShellClock>,
    store: &Arc<dyn Store>,
) -> Result<BackEnd, String> {
    if args.emulate {
        let clock: Arc<dyn Clock> = Arc::<ShellClock>::clone(clock);
        let sim = SimCompute::open(dir, clock, u64::from_le_bytes(crate::seal::entropy()))
            .map_err(|error| format!("{}: {error}", dir.display()))?;
        let sim = Arc::new(sim);
        return Ok(BackEnd {
            compute: Arc::<SimCompute>::clone(&sim),
            balancer: Arc::<SimCompute>::clone(&sim),
            sim: Some(sim),
            measured: Vec::new(),
            proxy: None,
        });
    }
    match config.backend.kind {
        BackendKind::Process => {
            let muster = std::env::current_exe().map_err(|error| error.to_string())?;
            let options = ProcessOptions {
                shim: vec![muster.into_os_string(), "shim".into()],
                user: config.backend.user.clone(),
                ports: config.backend.first_port.0..=config.backend.last_port.0,
                commands: config
                    .command
                    .iter()
                    .map(|command| (command.id.clone(), command.script.clone()))
                    .collect(),
            };
            let backend = ProcessBackend::open(dir, options).map_err(|error| error.to_string())?;
            tracing::info!("machines are processes: {}", backend.capabilities());
            let groups = store.groups().await.map_err(|error| error.to_string())?;
            let records = store.records().await.map_err(|error| error.to_string())?;
            // Ids are unique: those of all accounts may lie beside each other.
            let records = [Arc::new(records.into_iter().collect::<Records>())];
            let layout = muster_engine::layout(&records, []);
            let accounts: BTreeMap<GroupId, AccountId> = groups
                .iter()
                .map(|rows| (rows.group.id, rows.group.account))
                .collect();
            let is_anothers = |instance: &Instance, place: &BalancerPlace| {
                let account = accounts.get(&instance.group);
                account.is_none_or(|account| muster_engine::is_anothers(&records, *account, place))
            };
            let instances = groups.iter().flat_map(|rows| &rows.instances);
            let instances = instances.map(|instance| &**instance);
            let (rest, proxy) =
                balancers::own(config, dir, (layout, is_anothers), instances).await?;
            let mut measured: Vec<Source> = Vec::new();
            measured.extend(crate::sources::sampler(&backend, config));
            measured.extend(crate::sources::proxy(proxy.as_ref(), config));
            Ok(BackEnd {
                measured,
                compute: Arc::new(backend),
                balancer: balancers::routes(config, rest),
                sim: None,
                proxy,
            })
        }
    }
}

/// The clock: under emulation as far ahead as it was moved.
async fn clock(args: &ServeArgs, store: &Arc<dyn Store>) -> Result<Arc<ShellClock>, String> {
    let ahead = match args.emulate {
        true => offset(store).await?,
        false => 0,
    };
    Ok(Arc::new(ShellClock::new(ahead)))
}

async fn offset(store: &Arc<dyn Store>) -> Result<i64, String> {
    let kept = store
        .setting(OFFSET_SETTING)
        .await
        .map_err(|error| error.to_string())?;
    Ok(kept.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Makes the accounts and keys of the configuration that are not there yet.
async fn configured_accounts(keyring: &Keyring, config: &Config) -> Result<(), String> {
    let now = ShellClock::default().now();
    for wanted in &config.account {
        let account = match keyring.account(&wanted.name) {
            Some(account) => account,
            None => keyring.add_account(&wanted.name, now).await?,
        };
        for key in &wanted.key {
            let secret = match (&key.secret_access_key, &key.secret_env) {
                (Some(secret), None) => secret.clone(),
                (None, Some(name)) => std::env::var(name).map_err(|_| {
                    format!(
                        "key `{}`: the environment variable {name} is not set",
                        key.access_key_id
                    )
                })?,
                _ => {
                    return Err(format!(
                        "key `{}`: exactly one of secret_access_key and secret_env is right",
                        key.access_key_id
                    ));
                }
            };
            let access = if key.read_only {
                Access::ReadOnly
            } else {
                Access::Full
            };
            keyring
                .add_key(
                    &account,
                    access,
                    Some((key.access_key_id.clone(), secret)),
                    now,
                )
                .await?;
        }
    }
    Ok(())
}

/// Listens for the signals that stop the service from now on, before anybody is told that there is something to stop;
/// comes back when there was one.
fn stop_signals() -> Result<impl Future<Output = ()>, String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Stops in good order: the API, the shell, and at last what carries load.
async fn end(
    serving: tokio::task::JoinHandle<()>,
    runtime: &Runtime,
    proxy: Option<&ProxyBalancer>,
) {
    drain(serving).await;
    runtime.stop().await;
    if let Some(proxy) = proxy {
        proxy.stop(PROXY_DRAIN_MILLIS).await;
    }
}

/// Waits for open connections, within bounds.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a stop may take is real time"
)]
async fn drain(serving: tokio::task::JoinHandle<()>) {
    if tokio::time::timeout(std::time::Duration::from_secs(10), serving)
        .await
        .is_err()
    {
        tracing::warn!("some connections did not end in time");
    }
}
