//! Alarm rules of accounts: judged in the account's turn, and what they fire is brought to the groups whose policies name
//! them.
//!
//! A firing is committed with the rule, as the moment at which it last fired; a policy keeps up to which moment it knows.
//! What lies between the two is what a group is still to be told: a crash loses nothing of that, and telling twice changes
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use muster_engine::{Facts, Known};
use muster_model::{
    Access, AccountId, AlarmRule, Error, GroupId, GroupView, Metric, MetricSource, Point, Reading,
    Site, Standing, Summary, Time,
};
use muster_ports::metrics::names::INSTANCE_NUM;
use muster_ports::{ApiResult, Caller, Clock, Metrics, MetricsError, Sample, Watched};
use serde_json::{Value, json};

use crate::directory::AccountSlot;
use crate::measure::Measured;
use crate::runtime::Runtime;

/// Counts the members of groups that serve.
#[derive(Clone, Copy, Debug)]
pub struct Members;

#[async_trait]
impl Metrics for Members {
    fn tells(&self) -> Vec<Metric> {
        vec![Metric(INSTANCE_NUM.to_owned())]
    }

    async fn sample(&self, watched: &[Watched]) -> Result<Vec<Sample>, MetricsError> {
        let of = |one: &Watched| {
            let metrics = one.metrics.iter();
            let own = metrics.filter(|metric| metric.0 == INSTANCE_NUM);
            let count = one.instances.len() as f64;
            let sample = |metric: &Metric| Sample {
                group: one.group,
                instance: None,
                metric: metric.clone(),
                value: Ok(count),
            };
            own.map(sample).collect::<Vec<_>>()
        };
        Ok(watched.iter().flat_map(of).collect())
    }
}

impl Runtime {
    /// Looks at the rules of every account: when the service starts.
    pub(crate) fn look_at_alarms(&self) {
        let now = self.clock.now();
        for id in self.directory.account_ids() {
            self.queue.want(id, now);
        }
    }

    /// The groups of an account in a site.
    fn groups_of(&self, account: AccountId, site: &Site) -> BTreeMap<GroupId, Arc<GroupView>> {
        let views = self.directory.views(account, site).into_iter();
        views.map(|view| (view.group.id, view)).collect()
    }

    /// One turn of an account: its alarm rules are judged, and what they have fired goes to its groups.
    pub(crate) async fn turn_of_account(self: Arc<Self>, id: AccountId) {
        let Some(slot) = self.directory.account(id) else {
            return;
        };
        if slot.is_stale() {
            let _lock = slot.lock.lock().await;
            self.reload_account(&slot).await;
            return;
        }
        let records = slot.records();
        let rules = records.alarm_rules.values().map(|rule| &rule.head.site);
        let readings = records.readings.values().map(|one| &one.head.site);
        let sites: BTreeSet<Site> = rules.chain(readings).cloned().collect();
        for site in sites {
            if let Err(error) = self.judge(&slot, id, &site).await {
                tracing::warn!(account = %id, %error, "how alarm rules stand could not be written down");
                self.retry_later(id);
                continue;
            }
            self.bring_rings(&slot, id, &site).await;
        }
    }

    /// Judges the rules of an account in a site, and writes down what has come of that.
    async fn judge(&self, slot: &AccountSlot, id: AccountId, site: &Site) -> ApiResult<()> {
        let _lock = slot.lock.lock().await;
        let groups = self.groups_of(id, site);
        let records = slot.records().in_site(site);
        let alarms = muster_engine::judge_alarms(&Known {
            records: &records,
            groups: &groups,
            now: self.clock.now(),
        });
        let mut change = alarms.change;
        // In the same commit: what has fired is brought to bandwidths once.
        let resizes = muster_engine::bandwidth_rung(&records, &alarms.fired);
        match self.decide_records(slot, site, &resizes) {
            Ok(resized) => change.put.extend(resized.put),
            Err(error) => tracing::warn!(account = %id, %error, "bandwidths are not sized"),
        }
        self.commit_records(slot, &change, alarms.events).await?;
        if let Some(at) = alarms.wake_at {
            self.queue.want(id, at);
        }
        Ok(())
    }

    /// Tells groups of what has fired. What cannot be told now is told in a later turn.
    async fn bring_rings(&self, slot: &AccountSlot, id: AccountId, site: &Site) {
        let records = slot.records().in_site(site);
        for (group, view) in self.groups_of(id, site) {
            for ring in muster_engine::rings(&view, &records) {
                if let Err(error) = self.apply_to(group, &ring).await {
                    tracing::warn!(%group, %error, "the group could not be told of an alarm yet");
                    self.retry_later(id);
                }
            }
        }
    }

    /// The rules that look at a group.
    fn rules_of(&self, view: &GroupView) -> Vec<Arc<AlarmRule>> {
        let records = self.records_of(view.group.account);
        let group = view.group.id;
        let rules = records.alarm_rules.values();
        let of = rules.filter(|rule| rule.spec.checks_of(group).next().is_some());
        of.cloned().collect()
    }

    /// The metrics of a group that alarm rules look at, and how far back they look, seconds.
    pub(crate) fn ruled_metrics(&self, view: &GroupView) -> BTreeMap<Metric, u64> {
        let mut metrics = BTreeMap::new();
        for rule in self.rules_of(view) {
            if !rule.spec.enabled {
                continue;
            }
            for (metric, check) in rule.spec.checks_of(view.group.id) {
                let most: &mut u64 = metrics.entry(metric.clone()).or_default();
                *most = check.looks_back_secs().max(*most);
            }
        }
        metrics
    }

    /// What values of a group that come in depend on besides the group.
    pub(crate) fn measured_facts(&self, id: GroupId) -> Facts {
        let view = self.directory.group(id).map(|slot| slot.view());
        let looks_back_secs = view.map(|view| self.ruled_metrics(&view));
        Facts {
            looks_back_secs: looks_back_secs.unwrap_or_default(),
            ..Facts::default()
        }
    }

    /// Values of a group have come in: the rules that look at it are looked at.
    pub(crate) fn measured(&self, id: GroupId) {
        let view = self.directory.group(id).map(|slot| slot.view());
        if let Some(view) = view.filter(|view| !self.rules_of(view).is_empty()) {
            self.queue.want(view.group.account, self.clock.now());
        }
    }

    /// Takes in what a door was pushed.
    pub(crate) async fn push_readings(
        &self,
        caller: &Caller,
        readings: &[Reading],
    ) -> ApiResult<()> {
        if caller.access == Access::ReadOnly {
            return Err(Error::ReadOnly);
        }
        let mut of_groups = Vec::new();
        for reading in readings {
            if let MetricSource::Group {
                group,
                metric,
                factor,
            } = &reading.source
            {
                self.visible(caller, *group)?;
                let point = Point {
                    at: reading.at,
                    instance: reading.member,
                    value: reading.value / factor,
                };
                let of = reading
                    .member
                    .map_or(Measured::Group(*group), Measured::Instance);
                of_groups.push((of, metric.clone(), point));
            }
        }
        self.measure(caller.account, &of_groups).await?;
        if of_groups.len() == readings.len() {
            return Ok(());
        }
        self.change_records(caller.account, &caller.site, |records| {
            muster_engine::take_readings(&records.in_site(&caller.site), readings)
        })
        .await?;
        self.queue.want(caller.account, self.clock.now());
        Ok(())
    }

    /// What the values of a metric come to.
    pub(crate) fn statistics_of(
        &self,
        caller: &Caller,
        source: &MetricSource,
        period_secs: u32,
        first: Time,
        end: Time,
    ) -> BTreeMap<Time, Summary> {
        let groups = self.groups_of(caller.account, &caller.site);
        let records = self.records_of(caller.account).in_site(&caller.site);
        let known = Known {
            records: &records,
            groups: &groups,
            now: self.clock.now(),
        };
        known.periods(source, period_secs, first, end)
    }

    /// How the rules that look at a group stand, with what they see now.
    pub(crate) fn alarms_of(&self, view: &GroupView) -> Vec<Value> {
        let groups = self.groups_of(view.group.account, &view.group.site);
        let records = self
            .records_of(view.group.account)
            .in_site(&view.group.site);
        let known = Known {
            records: &records,
            groups: &groups,
            now: self.clock.now(),
        };
        let shown = |rule: Arc<AlarmRule>| {
            let looks = rule.spec.checks_of(view.group.id).map(|(_, check)| {
                let look = known.look(check);
                json!({
                    "words": muster_engine::alarms::in_words(check, &look),
                    "periods": look.levels.iter().map(|level| level.value()).collect::<Vec<_>>(),
                })
            });
            let state = &rule.spec.state;
            json!({
                "alarm_id": rule.id.alarm_id(),
                "name": rule.spec.name,
                "enabled": rule.spec.enabled,
                "stands": match state.standing {
                    Standing::Breach => "alarm",
                    Standing::Ok => "ok",
                    Standing::Unknown => "insufficient_data",
                },
                "since_ms": state.since.map(|at| at.0),
                "fired_ms": state.fired.map(|at| at.0),
                "sees": looks.collect::<Vec<_>>(),
            })
        };
        self.rules_of(view).into_iter().map(shown).collect()
    }
}
