//! The service crashes at every commit and every call of one thing that is asked for: it ends as if there had been none.

use muster_model::{
    AdjustBy, BandwidthTrigger, Command, ExecutedBy, GroupId, Publication, RecordCommand, RecordId,
    RecordSpec, Resize, ResizeWay, ScheduleTimes, ServerCommand, ServerState, ServerWork,
    SubscriptionStatus,
};
use muster_sim::{Odds, Point};

use crate::audit::PUBLISHED;
use crate::commands::{
    HIGH, LOW, bandwidth_policy, external, own_metric, reading, rule, server, subscription, topic,
};
use crate::ports::sorted;
use crate::world::World;

type Script = fn(&mut World, GroupId);

/// Something that is asked for, once: what has no answer may have been done, and is not asked for again if it was.
const SCRIPTS: &[(&str, Script)] = &[
    ("publish to two who hear", |world, _| {
        for part in 0..3 {
            let topic = *world.records().topics.keys().next().unwrap();
            let publication = Publication {
                message: format!("{PUBLISHED}{part}"),
                ..Publication::default()
            };
            let is_said = |world: &World| {
                let around = world.shared.around();
                let mut said = around.audit.said.iter();
                said.any(|said| said.text == publication.message)
            };
            while !is_said(world) {
                world.ask(Command::Publish {
                    topic,
                    publication: Box::new(publication.clone()),
                });
            }
        }
    }),
    ("an alarm changes a group and a bandwidth", |world, _| {
        push(world, LOW);
        push(world, HIGH);
        push(world, HIGH);
        push(world, LOW);
    }),
    ("an alarm comes twice", |world, _| {
        for value in [HIGH, HIGH, LOW, LOW, HIGH, HIGH] {
            push(world, value);
        }
    }),
    ("two servers are made", |world, _| make_servers(world)),
    (
        "servers are made, stopped, started and destroyed",
        |world, _| {
            make_servers(world);
            world.pass(60);
            for kind in [ServerWork::Stop, ServerWork::Start, ServerWork::Delete] {
                let instances = world
                    .records()
                    .servers
                    .values()
                    .map(|one| one.spec.instance)
                    .collect();
                act(world, kind, instances);
                world.pass(60);
            }
        },
    ),
    ("a server is destroyed while it is made", |world, _| {
        make_servers(world);
        let instances = world
            .records()
            .servers
            .values()
            .map(|one| one.spec.instance)
            .collect();
        act(world, ServerWork::Delete, instances);
    }),
    ("a member is destroyed", |world, group| {
        let member = *world.groups[&group].instances.keys().next().unwrap();
        act(world, ServerWork::Delete, vec![member]);
    }),
    ("a bandwidth is sized by time and by call", |world, _| {
        let start_at = world.now().plus_secs(20);
        let times = ScheduleTimes {
            start_at,
            end_at: None,
            cron: None,
            zone: "UTC".to_owned(),
            repeat: None,
        };
        let change = Resize {
            way: ResizeWay::Add,
            size: 5,
            limit: None,
        };
        let trigger = BandwidthTrigger::Timed(times);
        let spec = bandwidth_policy("at a time", trigger, change, world.now());
        while !world
            .records()
            .bandwidth_policies
            .values()
            .any(|one| one.spec.name == spec.name)
        {
            world.make(RecordSpec::BandwidthPolicy(Box::new(spec.clone())));
        }
        world.pass(60);
        let executions = |world: &World| {
            let policies = world.records().bandwidth_policies;
            let mut policies = policies.values();
            let policy = policies.find(|one| one.spec.name == "at a time");
            policy.map(|policy| (policy.id, policy.spec.executions.len()))
        };
        while let Some((policy, 0 | 1)) = executions(world) {
            world.change(vec![RecordCommand::ResizeBandwidth {
                policy,
                by: ExecutedBy::Call,
                value: None,
            }]);
        }
    }),
];

fn push(world: &mut World, value: f64) {
    while !world.push(&[reading(own_metric(0), world.now(), value)]) {}
    world.pass(60);
}

fn make_servers(world: &mut World) {
    while world.records().servers.is_empty() {
        world.ask(Command::Servers(ServerCommand::Create {
            spec: Box::new(server("s")),
            count: 2,
        }));
    }
}

fn act(world: &mut World, kind: ServerWork, instances: Vec<muster_model::InstanceId>) {
    let jobs = |world: &World| {
        let records = world.records();
        records
            .server_jobs
            .values()
            .filter(|job| job.spec.kind == kind)
            .count()
    };
    while jobs(world) == 0 {
        let instances = instances.clone();
        world.ask(Command::Servers(ServerCommand::Act { kind, instances }));
    }
}

/// A group, a topic that two hear, and a rule that changes the group and a bandwidth and tells the topic.
fn begin() -> (World, GroupId) {
    let mut world = World::new(7);
    let group = world.make_group("g");
    let Some(RecordId::Topic(news)) = world.make(topic("news")) else {
        panic!("no topic")
    };
    for number in 0..2 {
        world.make(subscription(news, number, SubscriptionStatus::Confirmed));
    }
    let urn = world.records().topics[&news].urn();
    world.make(rule("rule", own_metric(0), (60, 2), vec![urn]));
    let alarm_id = world
        .records()
        .alarm_rules
        .keys()
        .next()
        .unwrap()
        .alarm_id();
    world.group(group, external("out", alarm_id.clone(), AdjustBy::By(1)));
    let change = Resize {
        way: ResizeWay::Add,
        size: 5,
        limit: Some(12),
    };
    let trigger = BandwidthTrigger::Alarm {
        alarm_id,
        interval: false,
    };
    let spec = bandwidth_policy("by alarm", trigger, change, world.now());
    world.make(RecordSpec::BandwidthPolicy(Box::new(spec)));
    world.pass(120);
    (world, group)
}

/// How the world stands, ids and times aside.
fn summary(world: &World, group: GroupId) -> String {
    let records = world.records();
    let around = world.shared.around();
    let (owned, free) = sorted(&world.shared.machines);
    let mut said: Vec<&str> = around
        .audit
        .said
        .iter()
        .map(|said| said.text.as_str())
        .collect();
    said.retain(|text| text.starts_with(PUBLISHED));
    let servers = records.servers.values();
    let servers: Vec<bool> = servers
        .map(|one| one.spec.state == ServerState::Made)
        .collect();
    let bandwidths = records.bandwidths.values();
    let bandwidths: Vec<u32> = bandwidths.map(|one| one.spec.size).collect();
    let executions = records.bandwidth_policies.values();
    let executions: usize = executions.map(|one| one.spec.executions.len()).sum();
    let fired: usize = around.audit.fired.values().map(Vec::len).sum();
    let executed: usize = around.audit.executed.values().map(|all| all.len()).sum();
    format!(
        "{:?} owned {} free {} servers {servers:?} jobs {} bandwidths {bandwidths:?} executions {executions} \
         fired {fired} executed {executed} said {said:?}",
        world.groups[&group].group.spec.size,
        owned.len(),
        free.len(),
        records.server_jobs.len(),
    )
}

fn run(name: &str, script: Script, crash_at: Option<Point>) -> (String, usize, usize) {
    let (mut world, group) = begin();
    {
        let mut around = world.shared.around();
        (around.commits, around.calls) = (0, 0);
        around.crash_at = crash_at;
    }
    script(&mut world, group);
    world.pass(300);
    world.shared.around().dice.odds = Odds::default();
    world.pass(900);
    let unrest = world.unrest();
    assert!(
        unrest.is_empty(),
        "{name} {crash_at:?}: {unrest:?}\n{}",
        world.log.join("\n")
    );
    let around = world.shared.around();
    assert!(
        around.crash_at.is_none(),
        "{name}: {crash_at:?} was never reached"
    );
    let counts = (around.commits, around.calls);
    drop(around);
    (summary(&world, group), counts.0, counts.1)
}

fn crashes(share: usize) {
    for (name, script) in SCRIPTS.iter().skip(share).step_by(SHARES) {
        let (undisturbed, commits, calls) = run(name, *script, None);
        println!("{name}: {commits} commits, {calls} calls: {undisturbed}");
        assert!(commits >= 2, "{name} does something");
        let commits = (0..commits).flat_map(|n| [Point::BeforeCommit(n), Point::AfterCommit(n)]);
        let calls = (0..calls).flat_map(|n| [Point::BeforeCall(n), Point::AfterCall(n)]);
        for point in commits.chain(calls) {
            let (disturbed, ..) = run(name, *script, Some(point));
            assert_eq!(disturbed, undisturbed, "{name}: crash {point:?}");
        }
    }
}

/// Shares of the scripts, so that they run side by side.
const SHARES: usize = 2;

#[test]
fn a_crash_at_every_commit_and_call_0() {
    crashes(0);
}

#[test]
fn a_crash_at_every_commit_and_call_1() {
    crashes(1);
}
