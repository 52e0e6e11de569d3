//! What an account has besides groups and configurations: the rules of its records.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::{
    Account, BandwidthPolicyId, Error, ExecutedBy, MetricName, MetricSource, PoolId, Quota,
    Reading, ReadingsSpec, Record, RecordChange, RecordCommand, RecordHead, RecordId, RecordSpec,
    Records, ResourceKind, ServerState, Site, SubscriptionSpec, Time, TopicId,
};

use crate::Context;
use crate::{bandwidth, left_tasks};

pub(crate) fn absent(id: RecordId) -> Error {
    Error::NotFound {
        kind: ResourceKind::Record,
        id: id.to_string(),
    }
}

/// Decides commands on the records of an account in a site: all of them, or none. `records`: all that the account has there.
///
/// # Errors
/// The first that is refused; nothing changes.
pub fn change_records(
    account: &Account,
    site: &Site,
    records: &Records,
    commands: &[RecordCommand],
    context: &mut Context<'_>,
) -> Result<RecordChange, Error> {
    let mut change = RecordChange::default();
    let mut now = records.clone();
    for (at, command) in commands.iter().enumerate() {
        let fresh = fresh(account, site, context.now, at);
        match command {
            RecordCommand::Create(spec) => {
                check(&now, None, spec)?;
                check_quota(&now, spec, context)?;
                let record = spec.clone().made(fresh, context.ids);
                change.made.push(record.id());
                write(&mut now, &mut change, record);
            }
            RecordCommand::Replace { id, version, spec } => {
                let old = now.get(*id).ok_or_else(|| absent(*id))?;
                if old.head().version != *version {
                    return Err(Error::Changed {
                        kind: ResourceKind::Record,
                        id: id.to_string(),
                    });
                }
                check(&now, Some(*id), spec)?;
                let head = changed(old.head(), context.now);
                let record = spec.clone().under(*id, head).ok_or_else(|| absent(*id))?;
                write(&mut now, &mut change, record);
            }
            RecordCommand::Delete { id } => {
                now.get(*id).ok_or_else(|| absent(*id))?;
                check_unused(&now, *id)?;
                for id in with_dependants(&now, *id) {
                    now.remove(id);
                    change.put.retain(|record| record.id() != id);
                    change.gone.push(id);
                }
            }
            RecordCommand::ModifyLeftTask { id, spec, starts } => {
                if let Some(record) = left_tasks::modify(&now, *id, (spec, *starts), context.now)? {
                    write(&mut now, &mut change, record);
                }
            }
            RecordCommand::ResizeBandwidth { policy, by, value } => {
                let what = (*policy, *by, *value);
                for record in resize(&now, what, fresh, context)? {
                    write(&mut now, &mut change, record);
                }
            }
        }
    }
    Ok(change)
}

/// A record, and before it those that go with it: a topic has its subscriptions.
fn with_dependants(records: &Records, id: RecordId) -> Vec<RecordId> {
    let mut gone = Vec::new();
    if let RecordId::Topic(topic) = id {
        gone.extend(of_topic(records, topic).map(RecordId::Subscription));
    }
    gone.push(id);
    gone
}

fn of_topic(
    records: &Records,
    topic: TopicId,
) -> impl Iterator<Item = muster_model::SubscriptionId> {
    let all = records.subscriptions.values();
    all.filter(move |one| one.spec.topic == topic)
        .map(|one| one.id)
}

/// Executes a policy of a bandwidth: what becomes of it, and of the bandwidth.
fn resize(
    records: &Records,
    (policy, by, value): (BandwidthPolicyId, ExecutedBy, Option<f64>),
    fresh: RecordHead,
    context: &mut Context<'_>,
) -> Result<Vec<Record>, Error> {
    let id = RecordId::BandwidthPolicy(policy);
    let old = records.bandwidth_policies.get(&policy);
    let old = old.ok_or_else(|| absent(id))?;
    let execution = (context.ids.next_id(), context.now);
    let done = bandwidth::execute(old, records, (by, value), execution);
    let under = |id: RecordId, head: &RecordHead, spec: RecordSpec| {
        let head = changed(head, execution.1);
        spec.under(id, head).ok_or_else(|| absent(id))
    };
    let spec = RecordSpec::BandwidthPolicy(Box::new(done.policy));
    let mut put = vec![under(id, &old.head, spec)?];
    if let Some(spec) = done.bandwidth {
        let sized = bandwidth::sized(records, &spec.bandwidth);
        let spec = RecordSpec::Bandwidth(Box::new(spec));
        put.push(match sized {
            Some(sized) => under(RecordId::Bandwidth(sized.id), &sized.head, spec)?,
            None => {
                check_quota(records, &spec, context)?;
                spec.made(fresh, context.ids)
            }
        });
    }
    Ok(put)
}

/// More commands than a change ever has: the ordinals of one change end before those of the next.
const ORDINALS: u64 = 1 << 20;

/// The head of a record that is made, by the command with this number in its change.
fn fresh(account: &Account, site: &Site, now: Time, at: usize) -> RecordHead {
    RecordHead {
        account: account.id,
        site: site.clone(),
        version: 1,
        ordinal: account.version * ORDINALS + at as u64,
        created_at: now,
        updated_at: now,
    }
}

/// The head of a record that says something else from now on.
pub(crate) fn changed(old: &RecordHead, now: Time) -> RecordHead {
    RecordHead {
        version: old.version + 1,
        updated_at: now,
        ..old.clone()
    }
}

fn write(now: &mut Records, change: &mut RecordChange, record: Record) {
    change.put.retain(|other| other.id() != record.id());
    change.put.push(record.clone());
    now.put(record);
}

/// Whether a record may say this: of a new one (`None`), or of the one with this id.
fn check(records: &Records, id: Option<RecordId>, spec: &RecordSpec) -> Result<(), Error> {
    match spec {
        RecordSpec::Topic(spec) => {
            let mut others = records.topics.values();
            let taken = others
                .any(|other| Some(RecordId::Topic(other.id)) != id && other.spec.name == spec.name);
            refuse_taken(taken, &spec.name)
        }
        RecordSpec::Subscription(spec) => check_subscription(records, id, spec),
        // Names of alarm rules need not be unique, and values have none.
        RecordSpec::AlarmRule(_) | RecordSpec::Readings(_) => Ok(()),
        RecordSpec::KeyPair(spec) => {
            let mut others = records.key_pairs.values();
            let taken = others.any(|other| {
                Some(RecordId::KeyPair(other.id)) != id && other.spec.name == spec.name
            });
            refuse_taken(taken, &spec.name)
        }
        RecordSpec::SecurityRule(spec) => there(records, RecordId::SecurityGroup(spec.group)),
        RecordSpec::Listener(spec) => {
            there(records, RecordId::LoadBalancer(spec.balancer))?;
            if let Some(pool) = spec.default_pool {
                there(records, RecordId::Pool(pool))?;
            }
            let mut others = records.listeners.values();
            let taken = others.any(|other| {
                Some(RecordId::Listener(other.id)) != id
                    && other.spec.balancer == spec.balancer
                    && other.spec.port == spec.port
                    && is_udp(&other.spec.protocol) == is_udp(&spec.protocol)
            });
            refuse_taken(taken, &format!("protocol_port {}", spec.port))
        }
        RecordSpec::Pool(spec) => {
            if let Some(balancer) = spec.balancer {
                there(records, RecordId::LoadBalancer(balancer))?;
            }
            match spec.listener {
                Some(listener) => there(records, RecordId::Listener(listener)),
                None => Ok(()),
            }
        }
        RecordSpec::PoolMember(spec) => there(records, RecordId::Pool(spec.pool)),
        RecordSpec::HealthMonitor(spec) => there(records, RecordId::Pool(spec.pool)),
        // A subnet may be of a VPC that only the catalogue knows.
        // A name is one VPC's.
        RecordSpec::Vpc(spec) => {
            let mut others = records.vpcs.values();
            let taken = others.any(|other| {
                Some(RecordId::Vpc(other.id)) != id
                    && !spec.name.is_empty()
                    && other.spec.name == spec.name
            });
            refuse_taken(taken, &spec.name)
        }
        RecordSpec::Server(_)
        | RecordSpec::ServerJob(_)
        | RecordSpec::Subnet(_)
        | RecordSpec::SecurityGroup(_)
        | RecordSpec::LoadBalancer(_)
        | RecordSpec::Bandwidth(_)
        | RecordSpec::BandwidthPolicy(_)
        | RecordSpec::LeftTask(_) => Ok(()),
    }
}

/// Whether a protocol shares no ports with TCP.
fn is_udp(protocol: &str) -> bool {
    matches!(protocol, "UDP" | "QUIC")
}

/// Refuses a record that names one which is not there.
fn there(records: &Records, id: RecordId) -> Result<(), Error> {
    records.get(id).map(|_| ()).ok_or_else(|| absent(id))
}

/// What names a pool.
fn user_of_pool(records: &Records, pool: PoolId) -> Option<String> {
    let mut listeners = records.listeners.values();
    let user = listeners.find(|listener| {
        listener.spec.default_pool == Some(pool)
            && records
                .pools
                .get(&pool)
                .is_none_or(|own| own.spec.listener != Some(listener.id))
    });
    let mut members = records.pool_members.values();
    let mut monitors = records.health_monitors.values();
    user.map(|user| user.id.uuid())
        .or_else(|| {
            let user = members.find(|member| member.spec.pool == pool);
            user.map(|user| user.id.uuid())
        })
        .or_else(|| {
            let user = monitors.find(|monitor| monitor.spec.pool == pool);
            user.map(|user| user.id.uuid())
        })
}

/// Refuses to take away what others name.
fn check_unused(records: &Records, id: RecordId) -> Result<(), Error> {
    let by = match id {
        RecordId::Vpc(vpc) => {
            let mut subnets = records.subnets.values();
            let user = subnets.find(|subnet| subnet.spec.vpc == vpc.uuid());
            user.map(|user| user.id.uuid())
        }
        RecordId::LoadBalancer(balancer) => {
            let mut listeners = records.listeners.values();
            let user = listeners.find(|listener| listener.spec.balancer == balancer);
            let mut pools = records.pools.values();
            user.map(|user| user.id.uuid()).or_else(|| {
                let user = pools.find(|pool| pool.spec.balancer == Some(balancer));
                user.map(|user| user.id.uuid())
            })
        }
        RecordId::Listener(listener) => {
            let mut pools = records.pools.values();
            let user = pools.find(|pool| pool.spec.listener == Some(listener));
            user.map(|user| user.id.uuid())
        }
        RecordId::Pool(pool) => user_of_pool(records, pool),
        RecordId::SecurityGroup(group) => {
            let mut rules = records.security_rules.values();
            let user = rules.find(|rule| {
                rule.spec.group != group && rule.spec.remote_group == Some(group.uuid())
            });
            user.map(|user| user.id.uuid())
        }
        RecordId::Topic(_)
        | RecordId::Subscription(_)
        | RecordId::AlarmRule(_)
        | RecordId::Readings(_)
        | RecordId::Server(_)
        | RecordId::ServerJob(_)
        | RecordId::Subnet(_)
        | RecordId::SecurityRule(_)
        | RecordId::KeyPair(_)
        | RecordId::PoolMember(_)
        | RecordId::HealthMonitor(_)
        | RecordId::Bandwidth(_)
        | RecordId::BandwidthPolicy(_)
        | RecordId::LeftTask(_) => None,
    };
    match by {
        Some(by) => Err(Error::InUse {
            kind: ResourceKind::Record,
            id: id.to_string(),
            by,
        }),
        None => Ok(()),
    }
}

/// A topic is there, and hears each endpoint once.
fn check_subscription(
    records: &Records,
    id: Option<RecordId>,
    spec: &SubscriptionSpec,
) -> Result<(), Error> {
    let topic = RecordId::Topic(spec.topic);
    records.get(topic).ok_or_else(|| absent(topic))?;
    let mut others = records.subscriptions.values();
    let taken = others.any(|other| {
        let (other_id, other) = (RecordId::Subscription(other.id), &other.spec);
        Some(other_id) != id
            && other.topic == spec.topic
            && other.protocol == spec.protocol
            && other.endpoint == spec.endpoint
    });
    refuse_taken(taken, &spec.endpoint)
}

fn refuse_taken(taken: bool, name: &str) -> Result<(), Error> {
    if taken {
        return Err(Error::NameTaken {
            kind: ResourceKind::Record,
            name: name.to_owned(),
        });
    }
    Ok(())
}

/// How many of a kind there may be.
fn check_quota(records: &Records, spec: &RecordSpec, context: &Context<'_>) -> Result<(), Error> {
    let quotas = &context.settings.quotas;
    let (used, limit) = match spec {
        RecordSpec::Topic(_) => (records.count(spec), quotas.topics),
        RecordSpec::Subscription(spec) => {
            (of_topic(records, spec.topic).count(), quotas.subscriptions)
        }
        RecordSpec::AlarmRule(_) => (records.count(spec), quotas.alarm_rules),
        RecordSpec::Readings(spec) => {
            let names: BTreeSet<&MetricName> = metrics_of(records);
            match names.contains(&spec.metric) {
                true => return Ok(()),
                false => (names.len(), quotas.pushed_metrics),
            }
        }
        // What is done is bounded by whoever writes it down: old work is forgotten, and so are the oldest tasks.
        RecordSpec::ServerJob(_) | RecordSpec::LeftTask(_) => return Ok(()),
        // One that is there already is only given an owner.
        RecordSpec::Server(spec) if spec.state == ServerState::Made => return Ok(()),
        RecordSpec::Server(_)
        | RecordSpec::Vpc(_)
        | RecordSpec::Subnet(_)
        | RecordSpec::SecurityGroup(_)
        | RecordSpec::SecurityRule(_)
        | RecordSpec::KeyPair(_)
        | RecordSpec::LoadBalancer(_)
        | RecordSpec::Listener(_)
        | RecordSpec::Pool(_)
        | RecordSpec::PoolMember(_)
        | RecordSpec::HealthMonitor(_)
        | RecordSpec::Bandwidth(_)
        | RecordSpec::BandwidthPolicy(_) => (records.count(spec), quotas.neighbours),
    };
    if used >= limit as usize {
        return Err(Error::QuotaExceeded {
            quota: Quota::Records,
            limit,
        });
    }
    Ok(())
}

/// The metrics that values were pushed of.
fn metrics_of(records: &Records) -> BTreeSet<&MetricName> {
    let readings = records.readings.values();
    readings.map(|readings| &readings.spec.metric).collect()
}

/// What becomes of records when values of the account's own metrics come in, each with its metric, moment and unit: what is
/// known already changes nothing.
#[must_use]
pub fn take_readings(records: &Records, readings: &[Reading]) -> Vec<RecordCommand> {
    let mut by_stretch: BTreeMap<(&MetricName, Time), Vec<&Reading>> = BTreeMap::new();
    for reading in readings {
        match &reading.source {
            MetricSource::Account(name) => {
                let stretch = ReadingsSpec::stretch_of(reading.at);
                by_stretch.entry((name, stretch)).or_default().push(reading);
            }
            // Those are kept with their group.
            MetricSource::Group { .. } => {}
        }
    }
    let mut commands = Vec::new();
    for ((metric, from), readings) in by_stretch {
        let mut all = records.readings.values();
        let known = all.find(|known| known.spec.from == from && known.spec.metric == *metric);
        let mut spec = known.map_or_else(
            || ReadingsSpec {
                metric: metric.clone(),
                unit: String::new(),
                from,
                windows: Vec::new(),
            },
            |known| known.spec.clone(),
        );
        for reading in readings {
            spec.take(reading.at, reading.value);
            spec.unit.clone_from(&reading.unit);
        }
        let same = known.is_some_and(|known| known.spec == spec);
        let spec = RecordSpec::Readings(Box::new(spec));
        match known {
            Some(_) if same => {}
            Some(known) => commands.push(RecordCommand::Replace {
                id: RecordId::Readings(known.id),
                version: known.head.version,
                spec,
            }),
            None => commands.push(RecordCommand::Create(spec)),
        }
    }
    commands
}
