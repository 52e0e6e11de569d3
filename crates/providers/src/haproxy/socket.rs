//! The runtime socket: one command a connection, one after the other.
//!
//! A command that was sent may still be carried out after its caller has given up. The next one therefore first waits
//! for the end of the connection of that one: what has an answer was asked for last.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use muster_ports::BalancerError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{Mutex, MutexGuard};

/// Largest answer: a hundred thousand servers.
const ANSWER_BYTES: u64 = 64 * 1024 * 1024;
/// How long one that did not answer the last time is waited for.
const SILENT_MILLIS: u64 = 300;

/// The socket of one HAProxy.
pub(super) struct Socket {
    path: PathBuf,
    timeout: Duration,
    line: Mutex<Option<UnixStream>>,
    silent: AtomicBool,
}

/// The right to send commands: nobody else does meanwhile.
pub(super) struct Line<'a> {
    socket: &'a Socket,
    /// The connection of a command whose answer is not whole.
    owed: MutexGuard<'a, Option<UnixStream>>,
}

impl Socket {
    pub(super) fn new(path: PathBuf, timeout: Duration) -> Socket {
        Socket {
            path,
            timeout,
            line: Mutex::new(None),
            silent: AtomicBool::new(false),
        }
    }

    /// Lets `work` take no longer than HAProxy may.
    #[expect(
        clippy::disallowed_methods,
        reason = "HAProxy lives in real time; this back end is not there under emulation"
    )]
    pub(super) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, BalancerError>>,
    ) -> Result<T, BalancerError> {
        let timeout = match self.silent.load(Ordering::Relaxed) {
            true => self.timeout.min(Duration::from_millis(SILENT_MILLIS)),
            false => self.timeout,
        };
        match tokio::time::timeout(timeout, work).await {
            Ok(done) => done,
            Err(_) => {
                self.silent.store(true, Ordering::Relaxed);
                let waited = format!("no answer in {} ms", timeout.as_millis());
                Err(BalancerError::Unknown(waited))
            }
        }
    }

    pub(super) async fn line(&self) -> Line<'_> {
        Line {
            socket: self,
            owed: self.line.lock().await,
        }
    }
}

impl Line<'_> {
    /// Sends a command, and comes back with the whole answer.
    pub(super) async fn ask(&mut self, command: &str) -> Result<String, BalancerError> {
        if let Some(earlier) = &mut *self.owed {
            let _ = read(earlier).await;
            *self.owed = None;
        }
        let path = &self.socket.path;
        let stream = UnixStream::connect(path)
            .await
            .map_err(|error| BalancerError::Failed(format!("{}: {error}", path.display())))?;
        let stream = self.owed.insert(stream);
        let answer = match stream.write_all(format!("{command}\n").as_bytes()).await {
            Ok(()) => read(stream).await,
            Err(error) => Err(error.to_string()),
        };
        *self.owed = None;
        let answer = answer
            .map_err(|error| BalancerError::Unknown(format!("{}: {error}", path.display())))?;
        self.socket.silent.store(false, Ordering::Relaxed);
        Ok(answer)
    }
}

/// Everything up to the end of the connection.
async fn read(stream: &mut UnixStream) -> Result<String, String> {
    let mut answer = Vec::new();
    let read = stream.take(ANSWER_BYTES).read_to_end(&mut answer).await;
    match read {
        Err(error) => Err(error.to_string()),
        Ok(size) if size as u64 == ANSWER_BYTES => Err("the answer is too long".to_owned()),
        // Every answer ends with an empty line; without one it was cut off.
        Ok(_) if !answer.ends_with(b"\n") => Err("the answer is cut off".to_owned()),
        Ok(_) => String::from_utf8(answer).map_err(|_| "the answer is not UTF-8".to_owned()),
    }
}
