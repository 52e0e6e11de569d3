//! Engine tables of tags on machines: put on at launch, brought up to date, never taken off.

use std::sync::Arc;

use super::common::{Table, spec};
use muster_engine::{launch_spec, plan};
use muster_model::{
    CallKind, GroupCommand, GroupPatch, GroupSpec, Machine, ServiceSettings, StepOutcome,
    StepResult, Tag,
};

fn tag(key: &str, value: &str) -> Tag {
    Tag {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn tagged(auto_update_tags: bool) -> GroupSpec {
    GroupSpec {
        tags: vec![tag("team", "a")],
        service: ServiceSettings {
            auto_update_tags,
            ..ServiceSettings::default()
        },
        ..spec(0, 1, 5)
    }
}

fn retag(t: &mut Table, tags: Vec<Tag>) {
    let patch = GroupPatch {
        tags: Some(tags),
        ..GroupPatch::default()
    };
    t.command(GroupCommand::Modify(Box::new(patch))).unwrap();
}

/// The machine as launched, with its tags.
fn launched(t: &Table) -> Machine {
    let id = t.newest();
    let config = Arc::new(t.view.config.as_ref().unwrap().spec.clone());
    let spec = launch_spec(&t.view.group, &t.view.instances[&id], config);
    Machine {
        tags: spec.tags,
        ..t.machine(id)
    }
}

/// One turn; the attempts at tags in it.
fn turn(t: &mut Table) -> Vec<u32> {
    let plan = plan(&t.view, t.now, &mut t.ids, &t.settings);
    t.accept(&plan.change);
    let calls = plan.calls.into_iter();
    calls
        .filter(|call| call.kind == CallKind::Tag)
        .map(|call| call.attempt)
        .collect()
}

const NONE: [u32; 0] = [];

fn answer(t: &mut Table, attempt: u32, result: StepResult) {
    let outcome = StepOutcome {
        instance: t.newest(),
        kind: CallKind::Tag,
        attempt,
        until: t.until(t.newest(), CallKind::Tag),
        result,
    };
    t.command(GroupCommand::StepDone(outcome)).unwrap();
}

fn group(auto_update_tags: bool) -> (Table, Machine) {
    let mut t = Table::new(tagged(auto_update_tags));
    let plan = plan(&t.view, t.now, &mut t.ids, &t.settings);
    t.accept(&plan.change);
    let machine = launched(&t);
    assert_eq!(machine.tags, [tag("team", "a")]);
    let outcome = StepOutcome {
        instance: machine.id,
        kind: CallKind::Launch,
        attempt: 1,
        until: t.until(machine.id, CallKind::Launch),
        result: StepResult::Done(Some(Arc::new(machine.clone()))),
    };
    t.command(GroupCommand::StepDone(outcome)).unwrap();
    (t, machine)
}

#[test]
fn new_and_changed_tags_reach_the_machines_and_taken_off_ones_stay() {
    let (mut t, mut machine) = group(true);
    assert_eq!(turn(&mut t), NONE, "it has them from its launch");
    retag(&mut t, vec![tag("team", "b"), tag("cost", "1")]);
    assert_eq!(turn(&mut t), [1]);
    let lost = StepResult::Unknown {
        message: "lost".to_owned(),
    };
    answer(&mut t, 1, lost);
    assert_eq!(turn(&mut t), NONE, "not at once again");
    t.now = t.now.plus_secs(1);
    assert_eq!(turn(&mut t), [2]);
    answer(&mut t, 1, StepResult::Done(None));
    machine.put_tags(&t.view.group.spec.tags);
    let done = StepResult::Done(Some(Arc::new(machine.clone())));
    answer(&mut t, 2, done);
    assert_eq!(turn(&mut t), NONE);
    retag(&mut t, vec![tag("cost", "1")]);
    assert_eq!(turn(&mut t), NONE, "what is taken off stays");
    assert_eq!(t.view.group.wake_at, None);
    let own = t.view.instances[&machine.id].machine.as_ref().unwrap();
    assert_eq!(own.tags, [tag("cost", "1"), tag("team", "b")]);
}

#[test]
fn a_restart_asks_again_and_a_change_of_mind_asks_no_more() {
    let (mut t, _) = group(true);
    retag(&mut t, vec![tag("team", "b")]);
    assert_eq!(turn(&mut t), [1]);
    t.command(GroupCommand::Recover).unwrap();
    assert_eq!(turn(&mut t), [2]);
    t.command(GroupCommand::Recover).unwrap();
    retag(&mut t, vec![tag("team", "a")]);
    assert_eq!(turn(&mut t), NONE);
    // One that nobody reports on is asked for again.
    retag(&mut t, vec![tag("team", "c")]);
    assert_eq!(turn(&mut t), [1]);
    t.now = t.now.plus_secs(66);
    assert_eq!(turn(&mut t), NONE);
    t.now = t.now.plus_secs(1);
    assert_eq!(turn(&mut t), [2]);
}

#[test]
fn nothing_is_touched_where_that_is_not_wanted() {
    let (mut t, _) = group(false);
    retag(&mut t, vec![tag("team", "b")]);
    assert_eq!(turn(&mut t), NONE);
}
