//! The writer thread: group commit.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use muster_ports::{Commit, StoreError};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use crate::commit::apply;

/// Commits that may wait; one more is refused.
const WAITING: usize = 4096;
/// Commits that share a transaction at the most.
const BATCH: usize = 256;

type Answer = oneshot::Sender<Result<(), StoreError>>;
type Job = (Commit, Answer);

/// The writer thread's other end.
pub(crate) struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(connection: Connection) -> Writer {
        let (jobs, waiting) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(connection, &waiting))
            .ok();
        Writer {
            jobs: Some(jobs),
            thread: Mutex::new(thread),
        }
    }

    /// Hands a commit to the thread; the answer comes when it is durable.
    pub(crate) async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let (answer, outcome) = oneshot::channel();
        let gone = || StoreError::Unavailable("the writer has stopped".to_owned());
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.try_send((commit, answer))
            .map_err(|error| match error {
                TrySendError::Full(_) => {
                    StoreError::Unavailable(format!("{WAITING} commits are waiting"))
                }
                TrySendError::Disconnected(_) => gone(),
            })?;
        outcome.await.unwrap_or_else(|_| {
            Err(StoreError::Unknown(
                "the writer stopped on the way".to_owned(),
            ))
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        let thread = self.thread.get_mut().ok().and_then(Option::take);
        if let Some(thread) = thread {
            // A panic of the writer has been reported on its own thread.
            let _ = thread.join();
        }
    }
}

fn run(mut connection: Connection, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH {
            match waiting.try_recv() {
                Ok(job) => batch.push(job),
                Err(_) => break,
            }
        }
        write(&mut connection, batch);
    }
}

/// Writes a batch in one transaction: each commit by itself is all or nothing, all that succeed become durable together.
fn write(connection: &mut Connection, batch: Vec<Job>) {
    let unavailable = |error: &rusqlite::Error| StoreError::Unavailable(error.to_string());
    let mut transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate)
    {
        Ok(transaction) => transaction,
        Err(error) => {
            for (_, answer) in batch {
                let _ = answer.send(Err(unavailable(&error)));
            }
            return;
        }
    };
    let mut answers = Vec::with_capacity(batch.len());
    for (commit, answer) in batch {
        let result = match transaction.savepoint() {
            Ok(mut savepoint) => match apply(&savepoint, &commit) {
                Ok(()) => savepoint.commit().map_err(|error| unavailable(&error)),
                Err(error) => match savepoint.rollback() {
                    Ok(()) => Err(error),
                    Err(rollback) => Err(unavailable(&rollback)),
                },
            },
            Err(error) => Err(unavailable(&error)),
        };
        answers.push((answer, result));
    }
    let outcome = transaction.commit();
    for (answer, result) in answers {
        let result = match (&outcome, result) {
            (Ok(()), result) => result,
            (Err(_), Err(error)) => Err(error),
            // SQLite rolls back or has committed; from here it cannot be told.
            (Err(error), Ok(())) => Err(StoreError::Unknown(error.to_string())),
        };
        let _ = answer.send(result);
    }
}
