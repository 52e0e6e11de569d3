//! Runs by seed.

use muster_model::{
    BandwidthTrigger, Command, GroupCommand, Publication, RecordCommand, RecordId,
    SubscriptionStatus,
};
use muster_sim::{ForeignSpec, Odds};

use crate::audit::PUBLISHED;
use crate::commands::{HIGH, LOW, own_metric, random, reading, rule, subscription, topic};
use crate::world::World;

const TASKS: u64 = 4;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn fail(seed: u64, world: &World, what: &[String]) -> ! {
    let from = world.log.len().saturating_sub(150);
    panic!(
        "seed {seed}: {}\n{}\nrerun: MUSTER_SEEDS=1 MUSTER_SEED_FROM={seed} cargo nextest run -p muster-sim --test shell seeds --no-capture",
        what.join("\n"),
        world.log[from..].join("\n"),
    )
}

/// What goes wrong in these runs.
fn rough() -> Odds {
    Odds {
        crash: 30,
        ..Odds::rough()
    }
}

/// What is there to begin with: a group, a topic that somebody hears, a rule.
fn begin(seed: u64) -> World {
    let mut world = World::new(seed);
    for name in ["g0", "g1"] {
        world.make_group(name);
    }
    let vpc = "vpc-1".to_owned();
    let foreign = ForeignSpec {
        vpc,
        ..ForeignSpec::default()
    };
    let foreign = world.shared.machines.make_foreign(&foreign).unwrap();
    world.foreign.insert(foreign.id);
    let Some(RecordId::Topic(news)) = world.make(topic("news")) else {
        panic!("no topic")
    };
    world.make(subscription(news, 0, SubscriptionStatus::Confirmed));
    let urn = world.records().topics[&news].urn();
    world.make(rule("rule", own_metric(0), (60, 1), vec![urn]));
    world.pass(60);
    world
}

fn run(seed: u64) -> World {
    let mut world = begin(seed);
    world.shared.around().dice.odds = rough();
    for number in 1..=50 {
        random(&mut world, number);
        let secs = world.below(40) as u64;
        world.pass(secs);
        if !world.broken().is_empty() {
            fail(seed, &world, &world.broken());
        }
    }
    settle(&mut world);
    let unrest = world.unrest();
    if !unrest.is_empty() {
        fail(seed, &world, &unrest);
    }
    all_is_well(seed, &mut world);
    world
}

/// Nothing goes wrong any more, and there is time for everything to end.
fn settle(world: &mut World) {
    world.shared.around().dice.odds = Odds::default();
    world.look();
    let groups: Vec<_> = world.groups.keys().copied().collect();
    for group in groups {
        world
            .insist(&Command::Group {
                id: group,
                command: GroupCommand::Enable,
            })
            .unwrap();
    }
    // Recurring times would come for ever.
    for policy in world.records().bandwidth_policies.values() {
        if matches!(&policy.spec.trigger, BandwidthTrigger::Timed(times) if times.cron.is_some()) {
            let id = RecordId::BandwidthPolicy(policy.id);
            world.change(vec![RecordCommand::Delete { id }]);
        }
    }
    world.pass(3600);
    world.pass(600);
}

/// When all is quiet, every rule fires for what comes over its threshold, once, and everybody hears.
fn all_is_well(seed: u64, world: &mut World) {
    let rules = world.records().alarm_rules;
    let before = world.shared.around().audit.fired.clone();
    let executed = world.shared.around().audit.executed.clone();
    for value in [LOW, HIGH] {
        // Two periods of the longest, at the least.
        for _ in 0..22 {
            let sources = rules.values().flat_map(|rule| &rule.spec.checks);
            let readings: Vec<_> = sources
                .map(|check| reading(check.source.clone(), world.now(), value))
                .collect();
            world.push(&readings);
            world.pass(30);
        }
    }
    for topic in world.records().topics.keys() {
        let publication = Publication {
            message: format!("{PUBLISHED}at last to {topic}"),
            ..Publication::default()
        };
        let publication = Box::new(publication);
        let publish = Command::Publish {
            topic: *topic,
            publication,
        };
        world.insist(&publish).unwrap();
    }
    world.pass(1800);
    let mut wrong = world.unrest();
    let around = world.shared.around();
    for rule in rules.values().filter(|rule| rule.spec.enabled) {
        let count =
            |fired: &std::collections::BTreeMap<_, Vec<_>>| fired.get(&rule.id).map_or(0, Vec::len);
        let times = count(&around.audit.fired) - count(&before);
        if times != 1 {
            wrong.push(format!("{} fired {times} times at last", rule.spec.name));
        }
    }
    for view in world.groups.values() {
        for policy in view.parts.policies.values() {
            let muster_model::PolicyKind::External { alarm_id, .. } = &policy.kind else {
                continue;
            };
            let named = rules
                .values()
                .any(|rule| rule.spec.enabled && rule.id.alarm_id() == *alarm_id);
            let count = |executed: &std::collections::BTreeMap<
                _,
                std::collections::BTreeSet<_>,
            >| { executed.get(&policy.id).map_or(0, |all| all.len()) };
            let times = count(&around.audit.executed) - count(&executed);
            if times != usize::from(named) {
                wrong.push(format!("{} acted {times} times at last", policy.name));
            }
        }
    }
    drop(around);
    if !wrong.is_empty() {
        fail(seed, world, &wrong);
    }
}

fn run_share(share: u64) {
    let (from, count) = (number("MUSTER_SEED_FROM", 1), number("MUSTER_SEEDS", 200));
    for seed in (from..from + count).filter(|seed| seed % TASKS == share) {
        run(seed);
    }
}

macro_rules! shares {
    ($($name:ident $share:literal)*) => { $(#[test] fn $name() { run_share($share); })* };
}

shares! { seeds_0 0 seeds_1 1 seeds_2 2 seeds_3 3 }

/// A seed is a run: it goes the same way again, to the last step.
#[test]
fn a_seed_goes_the_same_way_again() {
    for seed in [2, 41, 113, 167] {
        let (first, again) = (run(seed), run(seed));
        let mut both = first.log.iter().zip(&again.log);
        if let Some((was, is)) = both.find(|(was, is)| was != is) {
            panic!("seed {seed}:\n{was}\n{is}");
        }
        assert_eq!(first.log.len(), again.log.len(), "seed {seed}");
    }
}

/// What is looked at does come about in these runs.
#[test]
fn everything_comes_about() {
    let mut seen = std::collections::BTreeMap::new();
    let mut crashes = 0;
    for seed in 1..12 {
        let world = run(seed);
        crashes += world.shared.around().crashes;
        for (what, times) in &world.shared.around().audit.seen {
            *seen.entry(*what).or_default() += times;
        }
    }
    println!("{crashes} crashes, {seen:?}");
    assert!(crashes > 20, "{crashes}");
    for what in [
        "servers launched",
        "messages heard",
        "rules fired",
        "jobs",
        "groups changed by alarms",
        "messages accepted",
        "bandwidths executed",
    ] {
        let times: usize = seen.get(what).copied().unwrap_or_default();
        assert!(times >= 20, "{what}: {times}");
    }
}
