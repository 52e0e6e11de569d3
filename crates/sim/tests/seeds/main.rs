//! Seeded runs: random groups and commands of all four doors, everything goes wrong now and then, the invariants hold after every step, and
//! once nothing goes wrong any more every group comes to rest where it wants to be. All on the real store.
//!
//! `MUSTER_SEEDS` is the number of seeds (default 1,000), `MUSTER_SEED_FROM` the first. A failing seed prints the line that
//! reruns it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what broke by failing"
)]

use std::sync::Arc;

use muster_model::{
    ActivityKind, ActivityStatus, ConfigSpec, Door, EventKind, GroupCommand, GroupId,
};
use muster_ports::Store;
use muster_sim::{Odds, World};
use muster_store::SqliteStore;

mod commands;
mod doors;

use commands::{drop_hooks, end_refresh, make_group, pick, random_command, weather};

const TASKS: u64 = 8;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn fail(seed: u64, world: &World, what: &str) -> ! {
    panic!(
        "seed {seed}: {what}\n{}\n{}\nrerun: MUSTER_SEEDS=1 MUSTER_SEED_FROM={seed} cargo nextest run -p muster-sim --test seeds --no-capture",
        world.broken.join("\n"),
        world.log()
    )
}

/// Every hook that held an instance was told of once, and ended once.
fn hooks_unrest(world: &World, store: &dyn Store) -> Vec<String> {
    let mut told: Vec<String> = pollster::block_on(store.events(0, 100_000))
        .unwrap()
        .iter()
        .filter(|saved| saved.event.kind == EventKind::Hook)
        .map(|saved| format!("{:?}", saved.event.hook_token().unwrap_or_default()))
        .collect();
    let mut ended: Vec<String> = world
        .activities()
        .iter()
        .flat_map(|activity| activity.hooks.iter())
        .map(|outcome| format!("{:?}", outcome.token))
        .collect();
    told.sort();
    ended.sort();
    match told == ended {
        true => Vec::new(),
        false => vec![format!("told of {told:?}, ended {ended:?}")],
    }
}

/// Every end of an activity that somebody wants to hear of was told once, as it was; nothing of what never began.
fn untold(world: &World, store: &dyn Store) -> Vec<String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut told: Vec<String> = pollster::block_on(store.events(0, 100_000))
        .unwrap()
        .iter()
        .filter(|saved| saved.event.kind == EventKind::Notification)
        .map(|saved| &saved.event.body)
        .map(|body| text(&body["ActivityId"]) + " " + &text(&body["StatusCode"]))
        .collect();
    let heard_of = |kind| {
        matches!(
            kind,
            ActivityKind::ScaleOut | ActivityKind::ScaleIn | ActivityKind::ReplaceUnhealthy
        )
    };
    let mut ended: Vec<String> = world
        .activities()
        .iter()
        .filter(|activity| heard_of(activity.kind) && activity.status.is_ended())
        .filter(|activity| activity.status != ActivityStatus::Cancelled)
        .map(|activity| match activity.status {
            ActivityStatus::Successful => format!("{} SUCCESSFUL", activity.id),
            ActivityStatus::Failed => format!("{} FAILED", activity.id),
            _ => format!("{} PARTIALLY_SUCCESSFUL", activity.id),
        })
        .collect();
    told.sort();
    ended.sort();
    match told == ended {
        true => Vec::new(),
        false => vec![format!("told {told:?}, ended {ended:?}")],
    }
}

/// What a run was.
#[derive(Debug, PartialEq)]
struct Run {
    log: String,
    /// The doors of the groups, as they were made.
    doors: Vec<Door>,
    /// How many of them were deleted.
    deleted: usize,
}

fn run_seed(seed: u64, store: Arc<dyn Store>) -> Run {
    let mut world = World::new(Arc::clone(&store), seed, Odds::default()).unwrap();
    let config = ConfigSpec {
        name: "conf".to_owned(),
        image: Some("img-1".to_owned()),
        instance_types: vec!["A".to_owned(), "B".to_owned(), "C".to_owned()],
        ..ConfigSpec::default()
    };
    let door = doors::any(&mut world);
    let config = world.config_through(door, &config).unwrap().id;
    world.dice.odds = Odds::rough();
    let mut doors = Vec::new();
    let mut make = |world: &mut World| {
        let name = format!("g{}", doors.len());
        doors.push(make_group(world, config, &name));
    };
    for _ in 0..=world.dice.below(2) {
        make(&mut world);
    }
    let mut foreign = 0;
    for _ in 0..40 {
        let ids: Vec<GroupId> = world.groups.keys().copied().collect();
        if ids.is_empty() {
            make(&mut world);
            continue;
        }
        let group = pick(&mut world, &ids);
        let command = match world.dice.strikes(20) {
            true => doors::delete(&mut world),
            false => random_command(&mut world, group, &mut foreign),
        };
        // Refusals are answers too; after a crash or a failing store the caller does not ask again here.
        let _ = world.command(group, &command);
        let wait = world.dice.millis(40_000);
        world.pass(wait);
        if !world.broken.is_empty() {
            fail(seed, &world, "an invariant broke");
        }
    }
    if world.dice.strikes(300) {
        weather(&mut world);
        if !world.broken.is_empty() {
            fail(seed, &world, "an invariant broke");
        }
    }
    world.dice.odds = Odds::default();
    // Hanging calls answer at last, patience runs out, everything that was put off comes round.
    world.pass(3 * 3600 * 1000);
    // Hooks hold members of groups that are being deleted too, as long as somebody has extended them.
    for _ in 0..48 {
        if world.groups.values().any(|view| view.group.deleting) {
            world.pass(3600 * 1000);
        }
    }
    let ids: Vec<GroupId> = world.groups.keys().copied().collect();
    for id in &ids {
        let view = &world.groups[id];
        if view.group.deleting {
            let view = muster_engine::explain::view_text(view, world.now);
            fail(seed, &world, &format!("P3: {id} is not deleted\n{view}"));
        }
        drop_hooks(&mut world, *id);
        end_refresh(&mut world, *id);
        world.command(*id, &GroupCommand::Enable).unwrap();
    }
    world.pass(3600 * 1000);
    for id in ids {
        let unrest = world.unrest(id);
        if !unrest.is_empty() {
            let view = muster_engine::explain::view_text(&world.groups[&id], world.now);
            fail(
                seed,
                &world,
                &format!(
                    "P3: {id} does not come to rest: {}\n{view}",
                    unrest.join("; ")
                ),
            );
        }
    }
    world.broken.extend(hooks_unrest(&world, &*store));
    world.broken.extend(untold(&world, &*store));
    delete_all(&mut world, &mut foreign);
    if !world.broken.is_empty() {
        fail(seed, &world, "an invariant broke");
    }
    Run {
        log: world.log(),
        deleted: doors.len() - world.groups.len(),
        doors,
    }
}

/// Every group is deleted by force, in the middle of something: nothing is left of it but machines that were never its own.
fn delete_all(world: &mut World, foreign: &mut u64) {
    world.dice.odds = Odds::rough();
    let ids: Vec<GroupId> = world.groups.keys().copied().collect();
    for id in &ids {
        for _ in 0..world.dice.below(3) {
            let command = random_command(world, *id, foreign);
            let _ = world.command(*id, &command);
            let wait = world.dice.millis(20_000);
            world.pass(wait);
        }
        let is_asked = |world: &World| world.groups.get(id).is_none_or(|view| view.group.deleting);
        while !is_asked(world) {
            let _ = world.command(*id, &GroupCommand::Delete { force: true });
        }
        let wait = world.dice.millis(40_000);
        world.pass(wait);
    }
    world.dice.odds = Odds::default();
    world.pass(6 * 3600 * 1000);
    for (id, view) in &world.groups {
        let text = muster_engine::explain::view_text(view, world.now);
        world.broken.push(format!("{id} is still there:\n{text}"));
    }
    for machine in world.machines.list(None) {
        if machine.owner.is_some() {
            let text = format!("{} is left of a deleted group", machine.id);
            world.broken.push(text);
        }
    }
}

fn memory() -> Arc<dyn Store> {
    Arc::new(SqliteStore::in_memory().unwrap())
}

fn run_share(share: u64) {
    let (from, count) = (number("MUSTER_SEED_FROM", 1), number("MUSTER_SEEDS", 1000));
    for seed in (from..from + count).filter(|seed| seed % TASKS == share) {
        run_seed(seed, memory());
    }
}

macro_rules! shares {
    ($($name:ident $share:literal)*) => { $(#[test] fn $name() { run_share($share); })* };
}

shares! { seeds_0 0 seeds_1 1 seeds_2 2 seeds_3 3 seeds_4 4 seeds_5 5 seeds_6 6 seeds_7 7 }

/// Policies do take machines away in these runs: the check of what they rely on looks at something.
#[test]
fn policies_scale_in_now_and_then() {
    let mut scale_ins = 0;
    for seed in 1..40 {
        let mut world = World::new(memory(), seed, Odds::default()).unwrap();
        let config = ConfigSpec {
            name: "conf".to_owned(),
            image: Some("img-1".to_owned()),
            instance_types: vec!["A".to_owned()],
            ..ConfigSpec::default()
        };
        let config = world.config(&config).unwrap().id;
        make_group(&mut world, config, "g");
        world.pass(600_000);
        weather(&mut world);
        assert!(world.broken.is_empty(), "seed {seed}: {:?}", world.broken);
        scale_ins += world.scale_ins;
    }
    assert!(scale_ins >= 10, "{scale_ins} in 39 runs");
}

/// Groups of every door come, and go, in these runs.
#[test]
fn every_door_makes_groups_and_some_are_deleted() {
    let runs: Vec<Run> = (1..20).map(|seed| run_seed(seed, memory())).collect();
    for door in [Door::Tencent3, Door::Tencent2, Door::Huawei, Door::Ksyun] {
        let made = runs.iter().flat_map(|run| &run.doors);
        assert!(made.filter(|made| **made == door).count() >= 3, "{door:?}");
    }
    let deleted: usize = runs.iter().map(|run| run.deleted).sum();
    assert!(deleted >= 3, "{deleted}");
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 1..4 {
        assert_eq!(run_seed(seed, memory()), run_seed(seed, memory()));
    }
}

#[test]
fn a_few_seeds_on_a_file() {
    for seed in 10_000..10_003 {
        let dir = tempfile::tempdir().unwrap();
        run_seed(seed, Arc::new(SqliteStore::open(dir.path()).unwrap()));
    }
}
