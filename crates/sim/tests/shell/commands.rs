//! What callers ask for, by seed.

use std::collections::BTreeMap;

use muster_model::{
    AdjustBy, Alarm, AlarmAction, AlarmCheck, AlarmDetail, AlarmPolicy, AlarmRuleSpec, AlarmState,
    Asks, BandwidthPolicySpec, BandwidthStep, BandwidthTrigger, Command, Comparison, Dimension,
    Door, ExecutedBy, GroupCommand, GroupId, InstanceId, Metric, MetricName, MetricSource,
    PolicyCommand, PolicyKind, PolicySpec, Publication, Reading, RecordCommand, RecordId,
    RecordSpec, Resize, ResizeWay, ScheduleTimes, ServerCommand, ServerSpec, ServerState,
    ServerWork, Statistic, SubscriberAnswer, SubscriptionSpec, SubscriptionStatus, Time, TopicId,
    TopicSpec,
};

use crate::audit::PUBLISHED;
use crate::ports::sorted;
use crate::world::World;

/// Over and under the threshold of every rule here.
pub(crate) const HIGH: f64 = 90.0;
pub(crate) const LOW: f64 = 10.0;

impl World {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.shared.around().dice.below(end)
    }

    pub(crate) fn strikes(&mut self, thousandths: u32) -> bool {
        self.shared.around().dice.strikes(thousandths)
    }

    fn one_of<T: Clone>(&mut self, of: impl IntoIterator<Item = T>) -> Option<T> {
        let all: Vec<T> = of.into_iter().collect();
        let at = self.below(all.len());
        all.get(at).cloned()
    }
}

/// A metric of the account, by number.
pub(crate) fn own_metric(number: usize) -> MetricSource {
    MetricSource::Account(MetricName {
        namespace: "MINE.APP".to_owned(),
        name: format!("queue{number}"),
        dimensions: vec![Dimension {
            name: "app".to_owned(),
            value: "a".to_owned(),
        }],
    })
}

fn group_metric(group: GroupId) -> MetricSource {
    MetricSource::Group {
        group,
        metric: Metric("cpu_util".to_owned()),
        factor: 1.0,
    }
}

/// A rule about the maximum of a metric, that tells these topics.
pub(crate) fn rule(
    name: &str,
    source: MetricSource,
    (period_secs, repeat): (u32, u32),
    topics: Vec<String>,
) -> RecordSpec {
    let alarm = Alarm {
        metric: Metric("queue".to_owned()),
        comparison: Comparison::Greater,
        threshold: 50.0,
        period_secs,
        repeat,
        statistic: Statistic::Maximum,
        finer: AlarmDetail {
            breaches: None,
            asks: Asks::OnChange { again_secs: None },
            level: Some(2),
        },
    };
    let alarm = match &source {
        MetricSource::Group { metric, .. } => Alarm {
            metric: metric.clone(),
            ..alarm
        },
        MetricSource::Account(_) => alarm,
    };
    let policy = AlarmPolicy {
        metric: alarm.metric.0.clone(),
        namespace: None,
        dimension_name: None,
        period_secs,
        filter: "max".to_owned(),
        operator: ">".to_owned(),
        value: Some(50.0),
        levels: [None; 4],
        unit: String::new(),
        count: repeat,
        suppress_secs: None,
        level: 2,
        enabled: true,
        kept: std::collections::BTreeMap::new(),
    };
    let action = AlarmAction {
        kind: AlarmAction::NOTIFICATION.to_owned(),
        targets: topics,
    };
    RecordSpec::AlarmRule(Box::new(AlarmRuleSpec {
        name: name.to_owned(),
        description: String::new(),
        namespace: "MINE.APP".to_owned(),
        kind: None,
        resource_group: None,
        resources: vec![Vec::new()],
        policies: vec![policy],
        enabled: true,
        notify: true,
        alarm_actions: vec![action.clone()],
        ok_actions: vec![action],
        insufficient_actions: Vec::new(),
        begin_time: None,
        end_time: None,
        timezone: None,
        enterprise_project: "0".to_owned(),
        template: None,
        product_name: None,
        resource_level: None,
        tags: Vec::new(),
        checks: vec![AlarmCheck {
            resource: 0,
            policy: 0,
            source,
            alarm,
            cycle: None,
        }],
        state: AlarmState::default(),
    }))
}

/// A value of a metric.
pub(crate) fn reading(source: MetricSource, at: Time, value: f64) -> Reading {
    Reading {
        source,
        member: None,
        at,
        value,
        unit: String::new(),
    }
}

pub(crate) fn topic(name: &str) -> RecordSpec {
    RecordSpec::Topic(Box::new(TopicSpec {
        name: name.to_owned(),
        region: "r".to_owned(),
        project: "p".to_owned(),
        ..TopicSpec::default()
    }))
}

pub(crate) fn subscription(
    topic: TopicId,
    number: usize,
    status: SubscriptionStatus,
) -> RecordSpec {
    RecordSpec::Subscription(Box::new(SubscriptionSpec {
        topic,
        protocol: "http".to_owned(),
        endpoint: format!("http://there/{number}"),
        remark: String::new(),
        status,
        headers: BTreeMap::new(),
        token: format!("token {topic} {number}"),
        base_url: "http://here".to_owned(),
        by_code: false,
    }))
}

pub(crate) fn server(name: &str) -> ServerSpec {
    ServerSpec {
        password: None,
        instance: InstanceId::new(muster_model::Key::from_bits(0)),
        name: name.to_owned(),
        description: String::new(),
        instance_type: "A".to_owned(),
        image: "img-1".to_owned(),
        vpc: "vpc-1".to_owned(),
        subnets: vec!["s1".to_owned()],
        zone: String::new(),
        security_groups: Vec::new(),
        key_name: None,
        user_data: None,
        metadata: BTreeMap::new(),
        tags: Vec::new(),
        enterprise_project: None,
        kept: muster_model::Kept::new(),
        state: ServerState::Building,
        system_disk: None,
        data_disks: Vec::new(),
    }
}

/// A policy of a bandwidth, off until it is on.
pub(crate) fn bandwidth_policy(
    name: &str,
    trigger: BandwidthTrigger,
    change: Resize,
    now: Time,
) -> BandwidthPolicySpec {
    BandwidthPolicySpec {
        name: name.to_owned(),
        description: None,
        bandwidth: "b-1".to_owned(),
        enabled: true,
        cooldown_secs: 0,
        trigger,
        change,
        steps: Vec::new(),
        looked_at: now,
        changed_at: None,
        executions: Vec::new(),
    }
}

/// A policy of a group that waits for a rule.
pub(crate) fn external(name: &str, alarm_id: String, adjust: AdjustBy) -> GroupCommand {
    GroupCommand::Policy(PolicyCommand::Create {
        door: Door::Huawei,
        spec: Box::new(PolicySpec {
            name: name.to_owned(),
            enabled: true,
            cooldown_secs: Some(0),
            kind: PolicyKind::External { alarm_id, adjust },
            notify_groups: Vec::new(),
        }),
    })
}

/// Something that somebody asks for.
pub(crate) fn random(world: &mut World, number: usize) {
    match world.below(20) {
        0..5 => measured(world),
        5 | 6 => published(world, number),
        7 | 8 => subscribed(world, number),
        9 => ruled(world, number),
        10..13 => served(world, number),
        13..16 => sized(world, number),
        16..19 => grouped(world, number),
        _ => {
            let (owned, free) = sorted(&world.shared.machines);
            let all = owned.iter().map(|machine| machine.id).chain(free);
            if let Some(machine) = world.one_of(all) {
                world.kill(machine);
            }
        }
    }
}

fn sources(world: &World) -> Vec<MetricSource> {
    let own = (0..2).map(own_metric);
    own.chain(world.groups.keys().copied().map(group_metric))
        .collect()
}

/// A few minutes of load, or of none; now and then late, double, or with gaps.
fn measured(world: &mut World) {
    let sources = sources(world);
    let Some(source) = world.one_of(sources) else {
        return;
    };
    let value = world.one_of([HIGH, HIGH, LOW]).unwrap_or(LOW);
    for _ in 0..=world.below(4) {
        if world.strikes(800) {
            let at = match world.strikes(200) {
                true => world.now().plus_millis(-90_000),
                false => world.now(),
            };
            world.push(&[reading(source.clone(), at, value)]);
        }
        let secs = 20 + world.below(50) as u64;
        world.pass(secs);
    }
}

fn published(world: &mut World, number: usize) {
    let topics = world.records().topics;
    let Some(topic) = world.one_of(topics.keys().copied()) else {
        world.make(topic(&format!("t{number}")));
        return;
    };
    for part in 0..=world.below(3) {
        let publication = Publication {
            subject: "subject".to_owned(),
            message: format!("{PUBLISHED}{number}.{part}"),
            ..Publication::default()
        };
        world.ask(Command::Publish {
            topic,
            publication: Box::new(publication),
        });
    }
}

/// Somebody comes, says yes or no, or is taken off.
fn subscribed(world: &mut World, number: usize) {
    let records = world.records();
    let Some(topic_id) = world.one_of(records.topics.keys().copied()) else {
        world.make(topic(&format!("t{number}")));
        return;
    };
    let known = world.one_of(records.subscriptions.values().cloned());
    match (world.below(6), known) {
        (0 | 1, Some(one)) => {
            let urn = records.topics[&one.spec.topic].urn();
            let wants = world.strikes(700);
            let token = one.spec.token.clone();
            world.answer(&SubscriberAnswer { urn, token, wants });
        }
        (2, Some(one)) => {
            let id = RecordId::Subscription(one.id);
            world.change(vec![RecordCommand::Delete { id }]);
        }
        (3, _) if records.topics.len() > 1 && world.strikes(200) => {
            let id = RecordId::Topic(topic_id);
            world.change(vec![RecordCommand::Delete { id }]);
        }
        _ => {
            let (status, other) = match world.strikes(700) {
                true => (SubscriptionStatus::Confirmed, number),
                false => (SubscriptionStatus::Unconfirmed, number),
            };
            world.make(subscription(topic_id, other, status));
        }
    }
}

/// A rule comes, goes, or is switched.
fn ruled(world: &mut World, number: usize) {
    let records = world.records();
    let known = world.one_of(records.alarm_rules.values().cloned());
    match (world.below(4), known) {
        (0, Some(rule)) if records.alarm_rules.len() > 2 => {
            let id = RecordId::AlarmRule(rule.id);
            world.change(vec![RecordCommand::Delete { id }]);
        }
        (1, Some(rule)) => {
            let mut spec = rule.spec.clone();
            spec.enabled = !spec.enabled;
            world.change(vec![RecordCommand::Replace {
                id: RecordId::AlarmRule(rule.id),
                version: rule.head.version,
                spec: RecordSpec::AlarmRule(Box::new(spec)),
            }]);
        }
        _ => {
            let sources = sources(world);
            let Some(source) = world.one_of(sources) else {
                return;
            };
            let shape = world.one_of([(60, 1), (60, 2), (1, 1), (300, 1)]);
            let topics = records.topics.values().map(|topic| topic.urn());
            let spec = rule(
                &format!("rule {number}"),
                source,
                shape.unwrap_or((60, 1)),
                topics.take(1).collect(),
            );
            world.make(spec);
        }
    }
}

/// Machines are made, destroyed, stopped and started, whosever they are.
fn served(world: &mut World, number: usize) {
    let records = world.records();
    let (owned, free) = sorted(&world.shared.machines);
    let servers = records.servers.values().map(|server| server.spec.instance);
    let all: Vec<InstanceId> = servers
        .chain(free)
        .chain(owned.iter().map(|machine| machine.id))
        .collect();
    let command = match world.below(5) {
        0 | 1 => ServerCommand::Create {
            spec: Box::new(server(&format!("s{number}"))),
            count: 1 + world.below(3) as u32,
        },
        kind => {
            let mut instances = Vec::new();
            for _ in 0..=world.below(2) {
                instances.extend(world.one_of(all.iter().copied()));
            }
            instances.sort();
            instances.dedup();
            if instances.is_empty() {
                return;
            }
            let kind = match kind {
                2 => ServerWork::Stop,
                3 => ServerWork::Start,
                _ => ServerWork::Delete,
            };
            ServerCommand::Act { kind, instances }
        }
    };
    world.ask(Command::Servers(command));
}

/// A policy of a bandwidth comes, goes, is switched or executed.
fn sized(world: &mut World, number: usize) {
    let records = world.records();
    let known = world.one_of(records.bandwidth_policies.values().cloned());
    match (world.below(6), known) {
        (0, Some(policy)) => {
            let id = RecordId::BandwidthPolicy(policy.id);
            world.change(vec![RecordCommand::Delete { id }]);
        }
        (1, Some(policy)) => {
            let mut spec = policy.spec.clone();
            spec.enabled = !spec.enabled;
            world.change(vec![RecordCommand::Replace {
                id: RecordId::BandwidthPolicy(policy.id),
                version: policy.head.version,
                spec: RecordSpec::BandwidthPolicy(Box::new(spec)),
            }]);
        }
        (2, Some(policy)) => {
            world.change(vec![RecordCommand::ResizeBandwidth {
                policy: policy.id,
                by: ExecutedBy::Call,
                value: None,
            }]);
        }
        _ => {
            let spec = new_policy(world, number);
            world.make(RecordSpec::BandwidthPolicy(Box::new(spec)));
        }
    }
}

fn new_policy(world: &mut World, number: usize) -> BandwidthPolicySpec {
    let rules = world.records().alarm_rules;
    let start_at = world.now().plus_secs(1 + world.below(300) as u64);
    let trigger = match (world.below(3), world.one_of(rules.keys().copied())) {
        (0, Some(rule)) => BandwidthTrigger::Alarm {
            alarm_id: rule.alarm_id(),
            interval: true,
        },
        (1, _) => BandwidthTrigger::Timed(ScheduleTimes {
            start_at,
            end_at: Some(start_at.plus_secs(3600)),
            cron: Some("*/7 * * * *".to_owned()),
            zone: "UTC".to_owned(),
            repeat: None,
        }),
        _ => BandwidthTrigger::Timed(ScheduleTimes {
            start_at,
            end_at: None,
            cron: None,
            zone: "UTC".to_owned(),
            repeat: None,
        }),
    };
    let change = Resize {
        way: world
            .one_of([ResizeWay::Add, ResizeWay::Reduce, ResizeWay::Set])
            .unwrap_or(ResizeWay::Set),
        size: world.one_of([1, 7, 300, 1999]).unwrap_or(1),
        limit: world.one_of([None, Some(5), Some(2000)]).unwrap_or(None),
    };
    let name = format!("bandwidth {number}");
    let mut spec = bandwidth_policy(&name, trigger, change, world.now());
    spec.bandwidth = format!("b-{}", world.below(2));
    if matches!(spec.trigger, BandwidthTrigger::Alarm { .. }) && world.strikes(500) {
        spec.steps = vec![BandwidthStep {
            lower: Some(50.0),
            upper: None,
            change,
        }];
    }
    spec
}

/// A group is given a policy that waits for a rule, or is changed otherwise.
const MOST_GROUPS: usize = 5;

fn grouped(world: &mut World, number: usize) {
    let groups: Vec<GroupId> = world.groups.keys().copied().collect();
    if groups.len() < MOST_GROUPS && world.strikes(100) {
        world.new_group(&format!("g{number} of later"));
        return;
    }
    let Some(group) = world.one_of(groups) else {
        return;
    };
    let rules = world.records().alarm_rules;
    let rule = world.one_of(rules.keys().copied());
    let policies = world.groups[&group].parts.policies.clone();
    let policy = world.one_of(policies.keys().copied());
    let command = match (world.below(8), rule, policy) {
        (0..4, Some(rule), _) => {
            let adjust = world.one_of([AdjustBy::By(1), AdjustBy::By(-1), AdjustBy::To(3)]);
            let adjust = adjust.unwrap_or(AdjustBy::By(1));
            external(&format!("p{number}"), rule.alarm_id(), adjust)
        }
        (4, _, Some(id)) => GroupCommand::Policy(PolicyCommand::Delete { id }),
        (5, _, Some(id)) => GroupCommand::Policy(PolicyCommand::Execute {
            id,
            honor_cooldown: false,
        }),
        (6, ..) if world.strikes(500) => GroupCommand::Disable,
        (6, ..) => GroupCommand::Enable,
        _ => GroupCommand::SetDesired {
            desired: world.below(7) as u32,
            min: None,
            max: None,
        },
    };
    world.group(group, command);
}
