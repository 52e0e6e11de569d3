//! `muster account`: talks to a running server over a socket in the data directory, or opens the store itself.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use muster_model::Access;
use muster_ports::Clock;
use muster_runtime::{Runtime, ShellClock};
use muster_store::{OpenError, SqliteStore};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use crate::AccountCommand;
use crate::accounts::Keyring;
use crate::seal::Sealer;

/// Longest request.
const REQUEST_BYTES: u64 = 4096;

/// What is asked over the socket.
#[derive(Serialize, Deserialize)]
enum Request {
    Create { name: String },
    Key { name: String, read_only: bool },
    List,
}

/// What is answered.
#[derive(Serialize, Deserialize)]
enum Answer {
    Lines(Vec<String>),
    Error(String),
}

fn socket(dir: &Path) -> PathBuf {
    dir.join("admin.sock")
}

/// Runs `muster account`.
pub(crate) fn run(dir: &Path, command: &AccountCommand) -> Result<(), String> {
    let request = match command.clone() {
        AccountCommand::Create { name } => Request::Create { name },
        AccountCommand::Key { name, read_only } => Request::Key { name, read_only },
        AccountCommand::List => Request::List,
    };
    let lines = match UnixStream::connect(socket(dir)) {
        Ok(stream) => ask(stream, &request)?,
        Err(_) => alone(dir, request)?,
    };
    let mut out = std::io::stdout().lock();
    lines
        .iter()
        .try_for_each(|line| writeln!(out, "{line}"))
        .map_err(|error| error.to_string())
}

/// Asks a running server.
fn ask(mut stream: UnixStream, request: &Request) -> Result<Vec<String>, String> {
    let io = |error: std::io::Error| format!("the running server does not answer: {error}");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .map_err(io)?;
    let mut text = serde_json::to_string(request).map_err(|error| error.to_string())?;
    text.push('\n');
    stream.write_all(text.as_bytes()).map_err(io)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).map_err(io)?;
    match serde_json::from_str(&line)
        .map_err(|error| format!("the running server answered nonsense: {error}"))?
    {
        Answer::Lines(lines) => Ok(lines),
        Answer::Error(error) => Err(error),
    }
}

/// Works on the store itself.
fn alone(dir: &Path, request: Request) -> Result<Vec<String>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let store = SqliteStore::open(dir).map_err(|error: OpenError| error.to_string())?;
        let sealer = Arc::new(Sealer::open(dir)?);
        let keyring = Keyring::load(Arc::new(store), sealer, Vec::new()).await?;
        execute(&keyring, None, request).await
    })
}

async fn execute(
    keyring: &Keyring,
    runtime: Option<&Arc<Runtime>>,
    request: Request,
) -> Result<Vec<String>, String> {
    let now = ShellClock::default().now();
    match request {
        Request::Create { name } => {
            let account = keyring.add_account(&name, now).await?;
            if let Some(runtime) = runtime {
                runtime.put_account(Arc::clone(&account));
            }
            Ok(vec![json(
                &keyring.add_key(&account, Access::Full, None, now).await?,
            )?])
        }
        Request::Key { name, read_only } => {
            let account = keyring
                .account(&name)
                .ok_or_else(|| format!("there is no account `{name}`"))?;
            let access = if read_only {
                Access::ReadOnly
            } else {
                Access::Full
            };
            Ok(vec![json(
                &keyring.add_key(&account, access, None, now).await?,
            )?])
        }
        Request::List => keyring.list().iter().map(json).collect(),
    }
}

/// A value as one line of JSON.
fn json(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

/// Answers on the socket until the server stops.
pub(crate) fn listen(
    dir: &Path,
    keyring: Arc<Keyring>,
    runtime: Arc<Runtime>,
) -> Result<(), String> {
    let path = socket(dir);
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    match std::fs::remove_file(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(named(error)),
    }
    let listener = UnixListener::bind(&path).map_err(named)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(named)?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Err(error) = serve(stream, &keyring, &runtime).await {
                tracing::warn!(%error, "an administration request failed");
            }
        }
    });
    Ok(())
}

async fn serve(
    stream: tokio::net::UnixStream,
    keyring: &Keyring,
    runtime: &Arc<Runtime>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    tokio::io::BufReader::new(read.take(REQUEST_BYTES))
        .read_line(&mut line)
        .await?;
    let answer = match serde_json::from_str(&line) {
        Ok(request) => match execute(keyring, Some(runtime), request).await {
            Ok(lines) => Answer::Lines(lines),
            Err(error) => Answer::Error(error),
        },
        Err(error) => Answer::Error(format!("not a request: {error}")),
    };
    let mut text = serde_json::to_string(&answer)?;
    text.push('\n');
    write.write_all(text.as_bytes()).await
}
