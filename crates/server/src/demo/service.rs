//! The service of the demo: `muster serve` as a child with a data directory of its own, spoken to as any client does.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use muster_kit::sign::client;
use muster_providers::process::{ProcessBackend, ProcessOptions};
use muster_runtime::ShellClock;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The key of the demo: it opens nothing but a service on 127.0.0.1 that is gone in two minutes.
const KEY: (&str, &str) = ("AKIDmusterdemo", "the-demo-keeps-no-secrets");
/// The region that is named: any does.
const REGION: &str = "ap-guangzhou";
/// Longest answer that is read.
const ANSWER_BYTES: usize = 4 << 20;
/// Longest wait for the service to stop, seconds.
const STOP_SECS: u64 = 20;

/// The service, its child process, and how it is spoken to.
pub(super) struct Service {
    child: Child,
    address: String,
    http: Client<HttpConnector, Full<Bytes>>,
}

/// The user that runs this: the machines of the demo run as they, since nobody else may be able to start this binary.
pub(super) fn own_user() -> Option<String> {
    let user = User::from_uid(Uid::effective()).ok().flatten()?;
    Some(user.name)
}

impl Service {
    /// Starts it and waits until it is ready. It stays in the terminal's background: a Ctrl-C is for the demo alone.
    pub(super) async fn start(dir: &Path, config: &str) -> Result<Service, String> {
        let file = dir.join("demo.toml");
        std::fs::write(&file, config).map_err(|error| format!("{}: {error}", file.display()))?;
        let log = std::fs::File::create(dir.join("muster.log"));
        let log = log.map_err(|error| format!("{}: {error}", dir.display()))?;
        let muster = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut child = Command::new(muster)
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&file)
            .arg("--data")
            .arg(dir.join("data"))
            .env("MUSTER_ACCESS_KEY_ID", KEY.0)
            .env("MUSTER_SECRET_ACCESS_KEY", KEY.1)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("the service did not start: {error}"))?;
        let out = child.stdout.take().ok_or("the service says nothing")?;
        let mut lines = BufReader::new(out).lines();
        while let Some(line) = lines.next_line().await.map_err(|error| error.to_string())? {
            if let Some(address) = line.strip_prefix("muster ready on http://") {
                return Ok(Service {
                    child,
                    address: address.to_owned(),
                    http: Client::builder(TokioExecutor::new()).build_http(),
                });
            }
        }
        let log = std::fs::read_to_string(dir.join("muster.log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(5).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        Err(format!("the service did not start: {}", last.join(" | ")))
    }

    /// Its address, `HOST:PORT`.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// One call of the Tencent Cloud API 3.0, signed as its SDKs do.
    pub(super) async fn call(&self, action: &str, parameters: &Value) -> Result<Value, String> {
        let client = client::Client {
            secret_id: KEY.0,
            secret_key: KEY.1,
            host: &self.address,
            service: "as",
            version: "2018-04-19",
            region: Some(REGION),
        };
        let signed = client.post_json(
            action,
            ShellClock::real_unix_secs(),
            parameters.to_string().into_bytes(),
        );
        let mut request = Request::post(format!("http://{}/", self.address));
        if let Some(headers) = request.headers_mut() {
            *headers = signed.head.headers;
        }
        let request = request.body(Full::new(signed.body));
        let request = request.map_err(|error| error.to_string())?;
        let (_, answer) = self.send(request).await?;
        let answer = &answer["Response"];
        match answer["Error"].as_object() {
            Some(error) => Err(format!("{action}: {} {}", error["Code"], error["Message"])),
            None => Ok(answer.clone()),
        }
    }

    /// One of the native endpoints.
    pub(super) async fn native(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}/_muster/v1/{path}", self.address))
            .header("authorization", format!("Bearer {}", KEY.1))
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| error.to_string())?;
        let (status, answer) = self.send(request).await?;
        match status {
            StatusCode::OK => Ok(answer),
            other => Err(format!("{path}: {other} {answer}")),
        }
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Value), String> {
        let response = self.http.request(request).await;
        let response = response.map_err(|error| format!("{error:?}"))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES);
        let body = body.collect().await.map_err(|error| error.to_string())?;
        let answer = serde_json::from_slice(&body.to_bytes());
        Ok((status, answer.map_err(|error| error.to_string())?))
    }

    /// Stops it in good order, and if that takes too long, at once.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a stop may take is real time"
    )]
    pub(super) async fn stop(mut self) -> Result<(), String> {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid {
            kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(|error| error.to_string())?;
        }
        let patience = std::time::Duration::from_secs(STOP_SECS);
        match tokio::time::timeout(patience, self.child.wait()).await {
            Ok(ended) => ended.map(drop).map_err(|error| error.to_string()),
            Err(_) => self.child.kill().await.map_err(|error| error.to_string()),
        }
    }
}

/// Ends every machine that is left of a demo whose service has stopped. Returns how many there were.
pub(super) async fn end_machines(dir: &Path) -> Result<usize, String> {
    use muster_ports::Compute;
    let muster = std::env::current_exe().map_err(|error| error.to_string())?;
    let options = ProcessOptions {
        shim: vec![muster.into_os_string(), "shim".into()],
        user: own_user(),
        ports: 20_000..=29_999,
        commands: std::collections::BTreeMap::new(),
    };
    let data = dir.join("data");
    if !data.exists() {
        return Ok(0);
    }
    let backend = ProcessBackend::open(&data, options).map_err(|error| error.to_string())?;
    let backend: Arc<dyn Compute> = Arc::new(backend);
    let machines = backend.list(None).await;
    let machines = machines.map_err(|error| error.to_string())?;
    let owners: Vec<_> = machines
        .iter()
        .filter_map(|machine| machine.owner.as_ref())
        .collect();
    for owner in &owners {
        let ended = backend.terminate(owner).await;
        ended.map_err(|error| error.to_string())?;
    }
    Ok(owners.len())
}
