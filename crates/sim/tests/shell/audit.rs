//! What the documents promise, held against every commit, every call and every message as it happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_model::{
    AlarmCheck, AlarmRule, AlarmRuleId, BandwidthExecution, BandwidthPolicy, BandwidthSpec,
    BandwidthTrigger, Comparison, Delivery, DeliveryKind, Event, EventKind, ExecutedBy, Execution,
    ExecutionId, NotificationTarget, OwnerKey, Part, Policy, PolicyId, PolicyKind, Reading, Record,
    RecordId, Records, ServerJobSpec, SubscriptionId, SubscriptionStatus, TaskState, Time,
};
use muster_ports::{Commit, Row};

/// A message that was accepted, and who is to hear it.
pub(crate) struct Said {
    pub(crate) text: String,
    hearing: Vec<SubscriptionId>,
}

/// What was seen so far.
#[derive(Default)]
pub(crate) struct Audit {
    /// The records as they are stored.
    pub(crate) records: Records,
    /// What went wrong.
    pub(crate) broken: Vec<String>,
    /// Every value that somebody tried to push.
    pub(crate) pushed: Vec<Reading>,
    /// When rules fired.
    pub(crate) fired: BTreeMap<AlarmRuleId, Vec<Time>>,
    /// Policies of groups that wait for rules.
    pub(crate) policies: BTreeMap<PolicyId, Arc<Policy>>,
    /// What policies of groups were executed for by alarms.
    pub(crate) executed: BTreeMap<PolicyId, BTreeSet<ExecutionId>>,
    /// Messages, in the order in which they were accepted.
    pub(crate) said: Vec<Said>,
    /// What each subscription heard, in order.
    heard: BTreeMap<SubscriptionId, Vec<String>>,
    /// Subscriptions that did not hear all the time, or were not there.
    left: BTreeSet<SubscriptionId>,
    /// Executions of policies of bandwidths.
    sized: BTreeSet<ExecutionId>,
    /// How often what is looked at came about: a check that never looked would prove nothing.
    pub(crate) seen: BTreeMap<&'static str, usize>,
}

impl Audit {
    fn count(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.broken.push(what());
        }
    }

    /// Machines are written down before they are asked for.
    pub(crate) fn is_launched(&mut self, owner: &OwnerKey) {
        let mut accounts = self.records.server_jobs.values();
        let own = accounts.any(|job| job.head.account.key() == owner.group.key());
        if !own {
            return;
        }
        self.count("servers launched");
        let mut jobs = self.records.server_jobs.values();
        let written = jobs.any(|job| {
            let mut tasks = job.spec.tasks.iter();
            tasks.any(|task| task.instance == owner.instance)
        });
        // One that has ended may be begun once more by a service that could not read that again: its key is spent.
        self.expect(written, || {
            format!("{owner} is launched, and no job says so")
        });
    }

    /// An endpoint got a message.
    pub(crate) fn is_heard(&mut self, delivery: &Delivery) {
        if delivery.kind == DeliveryKind::Notification {
            self.count("messages heard");
            let heard = self.heard.entry(delivery.subscription).or_default();
            heard.push(delivery.message.clone());
        }
    }

    /// Something was committed.
    pub(crate) fn is_committed(&mut self, commit: &Commit, now: Time) {
        let before = self.records.clone();
        for row in &commit.rows {
            match row {
                Row::Record(record) => self.records.put(record.clone()),
                Row::NoRecord(id) => {
                    self.records.remove(*id);
                    if let RecordId::Subscription(id) = id {
                        self.left.insert(*id);
                    }
                }
                _ => {}
            }
        }
        let mut fired = BTreeSet::new();
        for row in &commit.rows {
            match row {
                Row::Record(Record::AlarmRule(rule)) if self.is_ruled(&before, rule, now) => {
                    fired.insert(rule.id);
                }
                Row::Record(Record::ServerJob(job)) => {
                    let old = before.server_jobs.get(&job.id);
                    self.goes_on(old.map(|old| &old.spec), &job.spec);
                }
                Row::Record(Record::Subscription(one))
                    if one.spec.status != SubscriptionStatus::Confirmed =>
                {
                    self.left.insert(one.id);
                }
                Row::Part(Part::Policy(policy))
                    if matches!(policy.kind, PolicyKind::External { .. }) =>
                {
                    self.policies.insert(policy.id, Arc::clone(policy));
                }
                Row::Part(Part::Execution(execution)) => self.is_executed(execution),
                Row::Event(event) => self.is_said(event),
                _ => {}
            }
        }
        self.bandwidths(&before, commit, &fired);
    }

    /// A rule was written; whether it fires. It fires on values that were pushed, and once for each time that it comes to
    /// stand in breach.
    fn is_ruled(&mut self, before: &Records, rule: &AlarmRule, now: Time) -> bool {
        let old = before.alarm_rules.get(&rule.id);
        let was = old.and_then(|old| old.spec.state.fired);
        let at = match rule.spec.state.fired {
            Some(at) if Some(at) != was => at,
            _ => return false,
        };
        self.count("rules fired");
        let (name, id) = (rule.spec.name.clone(), rule.id.alarm_id());
        self.expect(at == now && was < Some(at), || {
            format!("{name} fires at {} and it is {}", at.0, now.0)
        });
        for check in &rule.spec.checks {
            self.expect(has_cause(&self.pushed, check, at), || {
                format!("{name} ({id}) fires at {} without values over it", at.0)
            });
            let again = was.is_none_or(|was| was_well(&self.pushed, check, was, at));
            self.expect(again, || {
                format!("{name} ({id}) fires at {} and was never well again", at.0)
            });
        }
        self.fired.entry(rule.id).or_default().push(at);
        true
    }

    /// What has ended in a job stays as it ended.
    fn goes_on(&mut self, old: Option<&ServerJobSpec>, new: &ServerJobSpec) {
        let Some(old) = old else {
            self.count("jobs");
            return;
        };
        let both = old.tasks.iter().zip(&new.tasks);
        let stays = both
            .filter(|(old, _)| old.state != TaskState::Running)
            .all(|(old, new)| old == new);
        self.expect(stays && old.tasks.len() == new.tasks.len(), || {
            format!("a job became another: {old:?} {new:?}")
        });
    }

    /// A firing is taken up by a policy once.
    fn is_executed(&mut self, execution: &Execution) {
        if execution.by != ExecutedBy::Alarm {
            return;
        }
        let Some(policy) = self.policies.get(&execution.policy).cloned() else {
            return;
        };
        let executed = self.executed.entry(policy.id).or_default();
        executed.insert(execution.id);
        let times = executed.len();
        self.count("groups changed by alarms");
        let fired = self.firings_for(&policy);
        self.expect(times <= fired, || {
            format!(
                "{} was executed {times} times, and its alarm fired {fired} times",
                policy.name
            )
        });
    }

    /// How often the rule that a policy names fired since the policy is there.
    pub(crate) fn firings_for(&self, policy: &Policy) -> usize {
        let PolicyKind::External { alarm_id, .. } = &policy.kind else {
            return 0;
        };
        let rule = AlarmRuleId::parse_alarm_id(alarm_id).ok();
        let fired = rule.and_then(|rule| self.fired.get(&rule));
        let later = |at: &&Time| **at > policy.created_at;
        fired.map_or(0, |fired| fired.iter().filter(later).count())
    }

    /// A message was accepted.
    fn is_said(&mut self, event: &Event) {
        let Some(NotificationTarget::Topic { name, .. }) = &event.to else {
            return;
        };
        let text = match event.kind {
            EventKind::Published => {
                let text = event.body["message"].as_str();
                text.unwrap_or_default().to_owned()
            }
            EventKind::Notification => event.body.to_string(),
            EventKind::Hook | EventKind::Delivery => return,
        };
        let mut topics = self.records.topics.values();
        let topic = topics
            .find(|topic| topic.urn() == *name)
            .map(|topic| topic.id);
        let subscriptions = self.records.subscriptions.values();
        let hearing = subscriptions
            .filter(|one| Some(one.spec.topic) == topic)
            .filter(|one| one.spec.status == SubscriptionStatus::Confirmed)
            .map(|one| one.id);
        let hearing = hearing.collect();
        self.count("messages accepted");
        self.said.push(Said { text, hearing });
    }

    /// A size that changes is within its bounds and stands in the log of the policy that changed it, once; a rule that fires
    /// executes what names it in the same commit.
    fn bandwidths(&mut self, before: &Records, commit: &Commit, fired: &BTreeSet<AlarmRuleId>) {
        let mut sizes: BTreeMap<String, u32> = BTreeMap::new();
        for one in before.bandwidths.values() {
            sizes.insert(one.spec.bandwidth.clone(), one.spec.size);
        }
        let mut new: Vec<(Arc<BandwidthPolicy>, BandwidthExecution)> = Vec::new();
        for row in &commit.rows {
            let Row::Record(Record::BandwidthPolicy(policy)) = row else {
                continue;
            };
            for execution in &policy.spec.executions {
                if self.sized.insert(execution.id) {
                    self.count("bandwidths executed");
                    new.push((Arc::clone(policy), execution.clone()));
                }
            }
            let old = before.bandwidth_policies.get(&policy.id);
            let kept = old.map_or(0, |old| old.spec.executions.len());
            self.expect(policy.spec.executions.len() >= kept.min(49), || {
                format!("{} forgot what it did", policy.spec.name)
            });
        }
        for (policy, execution) in &new {
            let of = &execution.bandwidth;
            let size = sizes.get(of).copied().unwrap_or(BandwidthSpec::LEAST);
            let within = (BandwidthSpec::LEAST..=BandwidthSpec::MOST).contains(&execution.wanted);
            if execution.failed.is_some() {
                continue;
            }
            self.expect(within && execution.old == size, || {
                format!(
                    "{of} has {size}, and {} made {} of {}",
                    policy.spec.name, execution.wanted, execution.old
                )
            });
            sizes.insert(of.clone(), execution.wanted);
        }
        for row in &commit.rows {
            if let Row::Record(Record::Bandwidth(one)) = row {
                let (of, size) = (one.spec.bandwidth.clone(), one.spec.size);
                self.expect(sizes.get(&of) == Some(&size), || {
                    format!("{of} has {size}, and no log says so")
                });
            }
        }
        self.by_alarm(before, &new, fired);
        self.by_time(&new);
    }

    fn by_alarm(
        &mut self,
        before: &Records,
        new: &[(Arc<BandwidthPolicy>, BandwidthExecution)],
        fired: &BTreeSet<AlarmRuleId>,
    ) {
        for policy in before.bandwidth_policies.values() {
            let BandwidthTrigger::Alarm { alarm_id, .. } = &policy.spec.trigger else {
                continue;
            };
            let rings = fired.iter().any(|rule| rule.alarm_id() == *alarm_id);
            let by_alarm = new
                .iter()
                .filter(|(of, execution)| of.id == policy.id && execution.by == ExecutedBy::Alarm);
            let (times, due) = (by_alarm.count(), usize::from(rings && policy.spec.enabled));
            self.expect(times == due, || {
                format!(
                    "{} is executed {times} times for {due} alarms",
                    policy.spec.name
                )
            });
        }
    }

    fn by_time(&mut self, new: &[(Arc<BandwidthPolicy>, BandwidthExecution)]) {
        for (policy, execution) in new {
            let times = match &policy.spec.trigger {
                BandwidthTrigger::Timed(times) => times,
                BandwidthTrigger::Alarm { .. } => continue,
            };
            let all = policy.spec.executions.iter();
            let by_time = all.filter(|one| one.by == ExecutedBy::Time).count();
            let early = execution.by != ExecutedBy::Call && execution.at < times.start_at;
            self.expect(by_time <= 1 && !early, || {
                format!("{} came {by_time} times, or early", policy.spec.name)
            });
        }
    }

    /// What is wrong with what subscribers heard, when everything that was said has had time to arrive.
    pub(crate) fn unheard(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let number = self.said.iter().enumerate();
        let number = number.map(|(number, said)| (said.text.as_str(), number));
        let number: BTreeMap<&str, usize> = number.collect();
        for (id, heard) in &self.heard {
            let mut order: Vec<Option<usize>> = heard
                .iter()
                .map(|text| number.get(text.as_str()).copied())
                .collect();
            order.dedup();
            // What groups and rules say comes along lanes of their own.
            let lane =
                |at: &Option<usize>| at.is_some_and(|at| self.said[at].text.starts_with(PUBLISHED));
            if order.iter().any(Option::is_none) {
                broken.push(format!("{id} heard what nobody said: {heard:?}"));
            }
            let order: Vec<_> = order.into_iter().filter(lane).collect();
            if !order.is_sorted_by(|a, b| a < b) {
                broken.push(format!("{id} heard out of order: {heard:?}"));
            }
        }
        for said in &self.said {
            for id in &said.hearing {
                let heard = self.heard.get(id);
                let heard = heard.is_some_and(|heard| heard.contains(&said.text));
                if !heard && !self.left.contains(id) {
                    broken.push(format!("{id} never heard `{}`", said.text));
                }
            }
        }
        broken
    }
}

/// How messages of publishers begin.
pub(crate) const PUBLISHED: &str = "message ";

fn is_over(check: &AlarmCheck, value: f64) -> bool {
    match check.alarm.comparison {
        Comparison::Greater => value > check.alarm.threshold,
        _ => panic!("rules here are about what is greater"),
    }
}

/// Whether a value over the threshold was pushed in each of the periods that a firing is about: the statistic is the
/// maximum.
fn has_cause(pushed: &[Reading], check: &AlarmCheck, at: Time) -> bool {
    let over = |from: Time, until: Time| {
        pushed.iter().any(|one| {
            one.source == check.source
                && one.at >= from
                && one.at < until
                && is_over(check, one.value)
        })
    };
    if check.alarm.period_secs == AlarmCheck::EACH_VALUE_SECS {
        let back = check.looks_back_secs() as i64 * 1000;
        return over(at.plus_millis(-back), at.plus_millis(1));
    }
    let period = i64::from(check.alarm.period_secs) * 1000;
    let end = at.0.div_euclid(period) * period;
    (1..=i64::from(check.alarm.repeat))
        .all(|n| over(Time(end - n * period), Time(end - (n - 1) * period)))
}

/// Whether a value that is not over the threshold was pushed between two firings.
fn was_well(pushed: &[Reading], check: &AlarmCheck, was: Time, at: Time) -> bool {
    let from = match check.alarm.period_secs {
        AlarmCheck::EACH_VALUE_SECS => was.plus_millis(-(check.looks_back_secs() as i64 * 1000)),
        secs => Time(was.0.div_euclid(i64::from(secs) * 1000) * i64::from(secs) * 1000),
    };
    pushed.iter().any(|one| {
        one.source == check.source && one.at >= from && one.at <= at && !is_over(check, one.value)
    })
}
