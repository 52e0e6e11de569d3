//! Turns: the dispatcher gives groups and accounts whose time has come to workers.

use std::sync::Arc;

use muster_model::GroupId;
use muster_ports::{Clock, Commit, StoreError};
use tokio::sync::Semaphore;

use crate::queue::Whose;
use crate::runtime::Runtime;

/// Wait before a group is tried again after the store failed, milliseconds.
const STORE_RETRY_MILLIS: i64 = 500;

impl Runtime {
    /// Gives turns until the runtime stops.
    pub(crate) async fn dispatch(self: Arc<Self>) {
        let workers = Arc::new(Semaphore::new(self.options.workers));
        while !self.stopping() {
            let now = self.clock.now();
            let Some(whose) = self.queue.take(now) else {
                let next = self.queue.next_at();
                tokio::select! {
                    biased;
                    () = self.queue.changed() => {}
                    () = wait_for(&self, next) => {}
                    () = self.stopped.notified() => {}
                }
                continue;
            };
            let Ok(permit) = Arc::clone(&workers).acquire_owned().await else {
                return;
            };
            let runtime = Arc::clone(&self);
            tokio::spawn(async move {
                let turn = match whose {
                    Whose::Group(group) => tokio::spawn(Arc::clone(&runtime).turn(group)),
                    Whose::Account(account) => {
                        tokio::spawn(Arc::clone(&runtime).turn_of_account(account))
                    }
                };
                if let Err(error) = turn.await {
                    tracing::error!(?whose, %error, "a turn panicked");
                    runtime.metrics.panicked();
                    runtime.retry_later(whose);
                }
                runtime.queue.done(whose);
                runtime.stirred();
                drop(permit);
            });
        }
    }

    /// One turn of a group.
    async fn turn(self: Arc<Self>, id: GroupId) {
        let Some(slot) = self.directory.group(id) else {
            return;
        };
        let _lock = slot.lock.lock().await;
        // It may turn out to be gone.
        if self.freshen(id, &slot).await.is_err() || self.directory.group(id).is_none() {
            return;
        }
        let view = slot.view();
        let now = self.clock.now();
        let timer = self.metrics.turn();
        let mut ids = self.fresh_ids();
        let settings = self.settings_of(view.group.account, &view.group.site);
        let plan = muster_engine::plan(&view, now, &mut ids, &settings);
        drop(settings);
        self.evaluated(&slot, plan.record, "turn", &view, &plan.calls);
        if plan.change.is_empty() {
            if let Some(at) = view.group.wake_at {
                self.queue.want(id, at.max(now.plus_millis(1)));
            }
            return;
        }
        match self
            .commit_change(&slot, &view, &plan.change, Commit::default())
            .await
        {
            Ok(()) => {
                timer.observe();
                let view = slot.view();
                for call in plan.calls {
                    self.start_call(&view, call);
                }
            }
            Err(StoreError::Conflict) => self.queue.want(id, now),
            Err(error) => {
                tracing::warn!(group = %id, %error, "a turn could not be committed");
                self.retry_later(id);
            }
        }
    }

    /// The group or account is looked at again soon, although nothing says so in the store.
    pub(crate) fn retry_later(&self, whose: impl Into<Whose>) {
        self.queue
            .want(whose, self.clock.now().plus_millis(STORE_RETRY_MILLIS));
    }
}

async fn wait_for(runtime: &Runtime, next: Option<muster_model::Time>) {
    match next {
        Some(at) => runtime.clock.wait(at).await,
        None => std::future::pending().await,
    }
}
