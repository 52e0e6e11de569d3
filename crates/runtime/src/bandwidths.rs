//! Policies of bandwidths whose time has come.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use muster_engine::{bandwidth_by_itself, bandwidth_due};
use muster_model::{AccountId, BandwidthPolicy, ExecutedBy, RecordCommand, Records, Time};
use muster_ports::Clock;

use crate::runtime::Runtime;

/// For so long a failed commit is not tried again, seconds.
const RETRY_SECS: u64 = 30;

/// The policies of an account that are due, and when.
fn timed(records: &Records) -> impl Iterator<Item = (Time, &Arc<BandwidthPolicy>)> {
    let policies = records.bandwidth_policies.values();
    policies.filter_map(|policy| Some((bandwidth_due(&policy.spec)?, policy)))
}

impl Runtime {
    /// Executes policies of bandwidths at their times until the runtime stops.
    pub(crate) async fn size_bandwidths(self: Arc<Self>) {
        let mut not_before = Time(0);
        while !self.stopping() {
            let slots = self.directory.accounts();
            let accounts: Vec<AccountId> = slots.iter().map(|slot| slot.account().id).collect();
            let dues = accounts.iter().filter_map(|account| {
                let records = self.records_of(*account);
                timed(&records).map(|(at, _)| at).min()
            });
            let next = dues.min().map(|at| at.max(not_before));
            let at = next.unwrap_or(Time::NEVER);
            // Counted before the sleeper is gone, so that it is not quiet in between.
            let count = || self.in_flight.fetch_add(1, Ordering::SeqCst);
            tokio::select! {
                biased;
                _ = self.clock.deadline_then(at, count) => {}
                () = self.records_bell.notified() => continue,
                () = self.stopped.notified() => continue,
            }
            let now = self.clock.now();
            for account in accounts {
                if self.size_due(account, now).await.is_err() {
                    not_before = now.plus_secs(RETRY_SECS);
                }
            }
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            self.stirred();
        }
    }

    /// Executes what is due of an account, the earliest first.
    async fn size_due(&self, account: AccountId, now: Time) -> Result<(), ()> {
        let records = self.records_of(account);
        let mut due: Vec<(Time, &Arc<BandwidthPolicy>)> =
            timed(&records).filter(|(at, _)| *at <= now).collect();
        due.sort_by_key(|(at, policy)| (*at, policy.head.ordinal, policy.id));
        let mut done = Ok(());
        for (_, policy) in due {
            let (id, site) = (policy.id, policy.head.site.clone());
            // It may be another one by now, or gone.
            let command = |records: &Records| {
                let there = records.bandwidth_policies.get(&id);
                let there =
                    there.filter(|policy| bandwidth_due(&policy.spec).is_some_and(|at| at <= now));
                there.map_or_else(Vec::new, |policy| {
                    let by: ExecutedBy = bandwidth_by_itself(&policy.spec);
                    vec![RecordCommand::ResizeBandwidth {
                        policy: id,
                        by,
                        value: None,
                    }]
                })
            };
            if let Err(error) = self.change_records(account, &site, command).await {
                tracing::warn!(policy = %id, %error, "a bandwidth policy is due and could not be executed");
                done = Err(());
            }
        }
        done
    }
}
