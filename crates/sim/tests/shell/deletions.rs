//! A group is deleted, and at one of the commits that this takes the store refuses, does not answer, or the service crashes:
//! the group is whole or gone, never in between, and nothing of it is left but what stays by the rules of its door.

use std::sync::Arc;

use muster_model::{
    AdjustBy, Command, Created, Door, Error, GroupCommand, GroupId, GroupView, HookChange,
    HookSpec, HookTransition, HookVerdict, ScheduleCommand, ScheduleSpec, ScheduleTimes,
};
use muster_ports::{Api, Commit, Guard, Row, Store};
use muster_sim::Point;

use crate::commands::external;
use crate::ports::sorted;
use crate::world::{Answer, World};

/// What is deleted, and how.
#[derive(Clone, Copy, Debug)]
struct Case {
    door: Door,
    force: bool,
    members: u32,
    /// Scheduled tasks that stay: those of groups of the API of 2017 (T:1973).
    left: &'static [&'static str],
}

const TASKS: [&str; 3] = ["a", "b", "c"];

const CASES: [Case; 5] = [
    Case {
        door: Door::Tencent2,
        force: false,
        members: 0,
        left: &TASKS,
    },
    // Another API may delete it so.
    Case {
        door: Door::Tencent2,
        force: true,
        members: 2,
        left: &TASKS,
    },
    Case {
        door: Door::Tencent3,
        force: false,
        members: 0,
        left: &[],
    },
    Case {
        door: Door::Huawei,
        force: true,
        members: 2,
        left: &[],
    },
    Case {
        door: Door::Ksyun,
        force: false,
        members: 0,
        left: &[],
    },
];

#[derive(Clone, Copy, Debug)]
enum Trouble {
    None,
    Refused(usize),
    Unanswered(usize),
    Crash(Point),
}

/// A group with something of every kind that goes with it.
fn begin(case: Case) -> (World, GroupId) {
    let mut world = World::new(11);
    let group = world.make_group_at("g", case.door, case.members);
    for (days, name) in TASKS.into_iter().enumerate() {
        let start_at = world.now().plus_secs(86_400 * (days as u64 + 100));
        let spec = ScheduleSpec {
            name: name.to_owned(),
            times: ScheduleTimes {
                start_at,
                end_at: None,
                cron: None,
                zone: "UTC".to_owned(),
                repeat: None,
            },
            min: 0,
            max: 6,
            desired: Some(1),
        };
        let create = ScheduleCommand::Create(Box::new(spec));
        let made = world.group(group, GroupCommand::Schedule(create));
        assert!(matches!(made, Some(Ok(Created::Schedule(_)))), "{made:?}");
    }
    let hook = HookSpec {
        name: "hook".to_owned(),
        transition: HookTransition::Terminating,
        default_result: HookVerdict::Continue,
        timeout_secs: 30,
        extended: false,
        metadata: String::new(),
        target: None,
        command: None,
    };
    for command in [
        GroupCommand::Hook(HookChange::Create(Box::new(hook))),
        external("policy", "nobody's".to_owned(), AdjustBy::By(1)),
    ] {
        let made = world.group(group, command);
        assert!(matches!(made, Some(Ok(_))), "{made:?}");
    }
    world.pass(120);
    let view = &world.groups[&group];
    assert_eq!(view.instances.len(), case.members as usize);
    (world, group)
}

fn delete(world: &mut World, group: GroupId, case: Case) -> Option<Answer> {
    let force = case.force;
    world.group(group, GroupCommand::Delete { force })
}

/// Names of the scheduled tasks that groups have left, as the service tells.
fn left(world: &mut World) -> Vec<String> {
    let caller = world.caller.clone();
    let told = world.with(|runtime| async move { runtime.records(&caller).await });
    let records = told.unwrap().unwrap();
    let stored = world.records();
    assert_eq!(
        records.left_tasks, stored.left_tasks,
        "what is told is stored"
    );
    let tasks = records.left_tasks.values();
    let mut names: Vec<String> = tasks.map(|left| left.spec.task.name.clone()).collect();
    names.sort();
    names
}

/// The group is as it was: with all that belongs to it, and nothing is left of it elsewhere.
fn is_whole(world: &mut World, before: &GroupView) {
    let view = Arc::clone(&world.groups[&before.group.id]);
    assert!(!view.group.deleting);
    assert_eq!(view.parts.schedules, before.parts.schedules);
    assert_eq!(view.parts.hooks, before.parts.hooks);
    let policies = |view: &GroupView| -> Vec<_> { view.parts.policies.keys().copied().collect() };
    assert_eq!(policies(&view), policies(before));
    assert!(view.instances.keys().eq(before.instances.keys()));
    assert_eq!(left(world), [""; 0]);
}

/// Nothing is there any more, but for the tasks that stay; its keys and its name are free.
fn is_gone(world: &mut World, before: &GroupView, case: Case) {
    let id = before.group.id;
    assert_eq!(left(world), case.left);
    assert!(!world.groups.contains_key(&id));
    let caller = world.caller.clone();
    let leaving = world.with(|runtime| async move { runtime.leaving(&caller).await });
    assert!(leaving.unwrap().unwrap().is_empty());
    let stored = pollster::block_on(world.shared.store.groups()).unwrap();
    assert!(stored.is_empty(), "{stored:?}");
    let (owned, free) = sorted(&world.shared.machines);
    assert_eq!((owned.len(), free.len()), (0, 0), "machines are left");
    let config = before.group.spec.config.unwrap();
    let door = case.door;
    let unused = world.insist(&Command::DeleteConfig { door, id: config });
    assert_eq!(unused, Ok(Created::Nothing), "its configuration is free");
    let parts = before.parts.clone();
    let schedules = parts
        .schedules
        .into_values()
        .map(muster_model::Part::Schedule);
    let hooks = parts.hooks.into_values().map(muster_model::Part::Hook);
    let policies = parts.policies.into_values().map(muster_model::Part::Policy);
    let parts = schedules.chain(hooks).chain(policies).map(Row::Part);
    let members = before.instances.values().map(Arc::clone).map(Row::Instance);
    let group = Row::Group(Arc::clone(&before.group));
    let again = Commit {
        guards: vec![Guard::NoGroup(id)],
        rows: [group].into_iter().chain(members).chain(parts).collect(),
    };
    let written = pollster::block_on(world.shared.store.commit(again));
    assert_eq!(written, Ok(()), "its keys are free");
}

/// Deletes the group, with the trouble; `unread`: how often the store cannot be read again then. How many commits that took.
fn run(case: Case, trouble: Trouble, unread: usize) -> usize {
    let (mut world, group) = begin(case);
    let before = Arc::clone(&world.groups[&group]);
    {
        let mut around = world.shared.around();
        around.commits = 0;
        around.unread = unread;
        match trouble {
            Trouble::None => around.unread = 0,
            Trouble::Refused(at) => around.refuse_at = Some(at),
            Trouble::Unanswered(at) => around.unanswered_at = Some(at),
            Trouble::Crash(point) => around.crash_at = Some(point),
        }
    }
    let answer = delete(&mut world, group, case);
    world.pass(900);
    let commits = {
        let around = world.shared.around();
        let left = (around.refuse_at, around.unanswered_at, around.crash_at);
        assert_eq!(left, (None, None, None), "it was never reached");
        around.commits
    };
    let is_there = world.groups.contains_key(&group);
    match (&answer, trouble) {
        (Some(Ok(_)), _) => assert!(!is_there, "it was said to be done"),
        // Nothing was written, or all of it: the first commit is the command's own.
        (_, Trouble::Refused(0) | Trouble::Crash(Point::BeforeCommit(0))) => assert!(is_there),
        (_, Trouble::Unanswered(0) | Trouble::Crash(Point::AfterCommit(0))) => assert!(!is_there),
        (None | Some(Err(Error::Store { .. })), _) => {}
        (Some(Err(error)), _) => panic!("{error:?}"),
    }
    if is_there {
        is_whole(&mut world, &before);
        let again = delete(&mut world, group, case);
        assert!(matches!(again, Some(Ok(_))), "{again:?}");
        world.pass(900);
    }
    assert!(world.broken().is_empty(), "{:?}", world.broken());
    // What is told then does not come from memory alone.
    let told = left(&mut world);
    world.restart();
    assert_eq!(left(&mut world), told);
    let again = delete(&mut world, group, case);
    assert!(
        matches!(again, Some(Err(Error::NotFound { .. }))),
        "{again:?}"
    );
    is_gone(&mut world, &before, case);
    commits
}

#[test]
fn the_store_fails_at_every_commit_of_a_deletion() {
    for case in CASES {
        let commits = run(case, Trouble::None, 0);
        println!("{case:?}: {commits} commits");
        assert!(commits >= if case.force { 3 } else { 1 }, "{commits}");
        for at in 0..commits {
            for unread in 0..3 {
                run(case, Trouble::Refused(at), unread);
                run(case, Trouble::Unanswered(at), unread);
            }
            run(case, Trouble::Crash(Point::BeforeCommit(at)), 0);
            run(case, Trouble::Crash(Point::AfterCommit(at)), 0);
        }
    }
}

/// Somebody makes one more task meanwhile: it stays with the others, or comes too late.
#[test]
fn a_task_that_comes_while_its_group_goes_stays_or_is_refused() {
    let case = CASES[0];
    let mut seen = [0, 0];
    for first in [true, false] {
        for unanswered in [None, Some(0), Some(1)] {
            let (mut world, group) = begin(case);
            {
                let mut around = world.shared.around();
                around.commits = 0;
                around.unanswered_at = unanswered;
            }
            let spec = ScheduleSpec {
                name: "late".to_owned(),
                times: ScheduleTimes {
                    start_at: world.now().plus_secs(86_400),
                    end_at: None,
                    cron: None,
                    zone: "UTC".to_owned(),
                    repeat: None,
                },
                min: 0,
                max: 6,
                desired: Some(1),
            };
            let on_group = |command| Command::Group { id: group, command };
            let create = on_group(GroupCommand::Schedule(ScheduleCommand::Create2017(
                Box::new(spec),
            )));
            let delete_it = on_group(GroupCommand::Delete { force: false });
            let caller = world.caller.clone();
            let both = world.with(|runtime| async move {
                let create = runtime.execute(&caller, create);
                let delete = runtime.execute(&caller, delete_it);
                match first {
                    true => tokio::join!(create, delete),
                    false => {
                        let (delete, create) = tokio::join!(delete, create);
                        (create, delete)
                    }
                }
            });
            let (created, deleted) = both.unwrap();
            world.pass(300);
            world.shared.around().unanswered_at = None;
            if world.groups.contains_key(&group) {
                assert!(deleted.is_err(), "{deleted:?}");
                assert_eq!(left(&mut world), [""; 0]);
                let again = delete(&mut world, group, case);
                assert!(matches!(again, Some(Ok(_))), "{again:?}");
            }
            let all = left(&mut world);
            let late = all.iter().any(|name| name == "late");
            assert_eq!(all.len(), TASKS.len() + usize::from(late), "{all:?}");
            match created {
                Ok(_) => assert!(late),
                Err(Error::NotFound { .. }) => assert!(!late),
                Err(Error::Store { .. }) => assert!(unanswered.is_some()),
                Err(error) => panic!("{error:?}"),
            }
            seen[usize::from(late)] += 1;
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}
