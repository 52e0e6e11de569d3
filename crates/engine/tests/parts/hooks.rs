//! Engine tables of lifecycle hooks (held on the way in and on the way out, told once, ended once) and of notifications.
//!
//! Times are seconds since the start; ids come from seed 1.

use std::sync::Arc;

use super::common::{Table, spec};
use muster_engine::plan;
use muster_model::{
    ActivityStatus, AttemptCode, CallKind, Created, Error, Field, GroupCommand, HookChange,
    HookCommand, HookId, HookOutcome, HookPatch, HookReason, HookSpec, HookTransition, HookVerdict,
    HookWaiter, InstanceId, Key, Lifecycle, MachineState, NotificationCommand, NotificationId,
    NotificationScenes, NotificationSpec, NotificationTarget, Observation, Problem, RunStatus,
    StepOutcome, StepResult, StopMode, Tag, Time,
};

fn hook(name: &str, transition: HookTransition, timeout_secs: u32) -> HookSpec {
    HookSpec {
        name: name.to_owned(),
        transition,
        default_result: HookVerdict::Continue,
        timeout_secs,
        extended: false,
        metadata: "note".to_owned(),
        target: Some(NotificationTarget::Queue {
            kind: "CMQ_QUEUE".to_owned(),
            name: "q".to_owned(),
        }),
        command: None,
    }
}

impl Table {
    fn pass(&mut self, secs: u64) {
        self.now = self.now.plus_secs(secs);
        self.settle();
    }

    fn states(&self) -> Vec<Lifecycle> {
        self.view.instances.values().map(|i| i.state).collect()
    }

    fn make(&mut self, spec: HookSpec) -> HookId {
        let made = self.command(GroupCommand::Hook(HookChange::Create(Box::new(spec))));
        let Ok(Created::Hook(id)) = made else {
            panic!("{made:?}");
        };
        id
    }

    fn complete(
        &mut self,
        id: HookId,
        instance: InstanceId,
        verdict: HookVerdict,
    ) -> Result<Created, Error> {
        let who = HookWaiter::Instance(instance);
        self.command(GroupCommand::Hook(HookChange::Complete {
            id,
            who,
            verdict,
        }))
    }
}

fn scale_out() -> GroupCommand {
    GroupCommand::ScaleOut { count: 1 }
}

fn scale_in() -> GroupCommand {
    GroupCommand::ScaleIn { count: 1 }
}

#[test]
fn held_on_the_way_in_by_two_hooks_and_on_the_way_out_by_one() {
    let mut t = Table::new(spec(0, 0, 5));
    let one = t.make(hook("one", HookTransition::Launching, 300));
    let two = t.make(hook("two", HookTransition::Launching, 7200));
    let out = t.make(hook("out", HookTransition::Terminating, 60));
    t.command(scale_out()).unwrap();
    t.settle();
    t.say("both launch hooks hold it");
    let id = t.newest();
    t.pass(10);
    t.complete(one, id, HookVerdict::Continue).unwrap();
    t.say("one let it go");
    let again = t.complete(one, id, HookVerdict::Abandon);
    assert_eq!(again, Err(Error::VerdictGiven));
    // Longer than an activity would have without hooks.
    t.pass(7189);
    assert_eq!(t.states(), [Lifecycle::LaunchingHook]);
    t.pass(1);
    t.say("nobody answered the other in time: it serves");
    assert_eq!(
        t.complete(two, id, HookVerdict::Continue),
        Err(Error::VerdictGiven)
    );
    t.command(scale_in()).unwrap();
    t.settle();
    t.say("held on the way out");
    t.pass(1);
    t.complete(out, id, HookVerdict::Abandon).unwrap();
    t.settle();
    t.say("gone, whatever the verdict");
    insta::assert_snapshot!(t.text);
}

#[test]
fn one_that_a_launch_hook_abandons_is_released_and_the_other_hook_ends() {
    let mut t = Table::new(spec(0, 0, 5));
    let one = t.make(hook("one", HookTransition::Launching, 300));
    t.make(hook("two", HookTransition::Launching, 300));
    t.command(scale_out()).unwrap();
    t.settle();
    let id = t.newest();
    t.complete(one, id, HookVerdict::Abandon).unwrap();
    t.say("abandoned");
    t.settle();
    t.say("gone");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_hook_that_is_deleted_holds_nobody() {
    let mut t = Table::new(spec(0, 0, 5));
    let id = t.make(hook("one", HookTransition::Launching, 300));
    t.command(scale_out()).unwrap();
    t.settle();
    t.command(GroupCommand::Hook(HookChange::Delete { id }))
        .unwrap();
    t.say("it serves");
    assert_eq!(t.states(), [Lifecycle::InService]);
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_machine_that_dies_ends_its_hook_at_once() {
    let mut t = Table::new(spec(0, 0, 5));
    t.make(hook("in", HookTransition::Launching, 300));
    t.command(scale_out()).unwrap();
    t.settle();
    t.now = t.now.plus_secs(5);
    let nothing = |t: &Table, secs: i64| {
        GroupCommand::Observed(Observation {
            asked_at: Time(t.now.0 - secs * 1000),
            machines: Vec::new(),
            members: None,
            silent: Vec::new(),
        })
    };
    let early = nothing(&t, 6);
    t.command(early).unwrap();
    assert_eq!(t.states(), [Lifecycle::LaunchingHook], "asked for before");
    let late = nothing(&t, 1);
    t.command(late).unwrap();
    t.settle();
    t.say("its machine is not there any more");
    insta::assert_snapshot!(t.text);
}

#[test]
fn hooks_act_on_scaling_and_the_extended_ones_also_on_what_is_done_by_hand() {
    for extended in [false, true] {
        let mut t = Table::new(spec(0, 1, 5));
        t.settle();
        let out = t.make(HookSpec {
            extended,
            ..hook("out", HookTransition::Terminating, 60)
        });
        let instances = vec![t.newest()];
        t.command(GroupCommand::Detach { instances }).unwrap();
        let held = t.states() == [Lifecycle::TerminatingHook];
        assert_eq!(held, extended);
        if held {
            let id = t.newest();
            t.complete(out, id, HookVerdict::Continue).unwrap();
        }
        assert_eq!(t.states(), [Lifecycle::Detaching]);
    }
}

#[test]
fn names_are_unique_and_hooks_are_counted() {
    let mut t = Table::new(spec(0, 0, 5));
    let first = t.make(hook("h0", HookTransition::Launching, 60));
    let again = Box::new(hook("h0", HookTransition::Launching, 60));
    let again = t.command(GroupCommand::Hook(HookChange::Create(again)));
    assert!(matches!(again, Err(Error::NameTaken { .. })), "{again:?}");
    for n in 1..10 {
        t.make(hook(&format!("h{n}"), HookTransition::Launching, 60));
    }
    let more = Box::new(hook("more", HookTransition::Launching, 60));
    let more = t.command(GroupCommand::Hook(HookChange::Create(more)));
    assert!(matches!(more, Err(Error::QuotaExceeded { .. })), "{more:?}");
    let patch = HookPatch {
        name: Some("h1".to_owned()),
        ..HookPatch::default()
    };
    let renamed = t.command(GroupCommand::Hook(HookChange::Modify {
        id: first,
        patch: Box::new(patch),
    }));
    assert!(
        matches!(renamed, Err(Error::NameTaken { .. })),
        "{renamed:?}"
    );
    let nobody = t.complete(
        first,
        InstanceId::new(Key::from_bits(5)),
        HookVerdict::Continue,
    );
    assert!(matches!(nobody, Err(Error::NotHeld { .. })), "{nobody:?}");
    let token = GroupCommand::Hook(HookChange::Complete {
        id: first,
        who: HookWaiter::Token("x".to_owned()),
        verdict: HookVerdict::Continue,
    });
    assert_eq!(t.command(token), Err(Error::NoSuchToken));
}

#[test]
fn a_hook_that_cannot_tell_ends_with_its_default_result() {
    let mut t = Table::new(spec(0, 0, 5));
    let mut tells = hook("tells", HookTransition::Launching, 300);
    tells.default_result = HookVerdict::Abandon;
    t.make(tells);
    let other = t.make(hook("other", HookTransition::Launching, 300));
    t.command(scale_out()).unwrap();
    t.settle();
    let id = t.newest();
    let waits = t.view.instances[&id].hooks.clone();
    let (first, second) = (waits[0].token.clone(), waits[1].token.clone());
    t.complete(other, id, HookVerdict::Continue).unwrap();
    t.say("the other let it go");
    t.command(GroupCommand::Untold { token: second }).unwrap();
    t.command(GroupCommand::Untold {
        token: "strange".to_owned(),
    })
    .unwrap();
    assert_eq!(t.states(), [Lifecycle::LaunchingHook]);
    t.command(GroupCommand::Untold { token: first }).unwrap();
    t.settle();
    t.say("nobody could be told: abandoned");
    insta::assert_snapshot!(t.text);
}

fn listen(t: &mut Table, scenes: NotificationScenes, to: &str) -> NotificationId {
    let target = Some(NotificationTarget::UserGroups(vec![to.to_owned()]));
    let spec = Box::new(NotificationSpec { scenes, target });
    let create = GroupCommand::Notification(NotificationCommand::Create(spec));
    match t.command(create) {
        Ok(Created::Notification(id)) => id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn those_who_want_to_hear_of_an_activity_are_told_when_it_ends() {
    let mut t = Table::new(spec(0, 0, 9));
    let good = NotificationScenes {
        scale_out_ok: true,
        scale_in_ok: true,
        replace_ok: true,
        ..NotificationScenes::default()
    };
    let bad = NotificationScenes {
        scale_out_failed: true,
        scale_in_failed: true,
        replace_failed: true,
        ..NotificationScenes::default()
    };
    let outs = NotificationScenes {
        scale_out_ok: true,
        scale_out_failed: true,
        ..NotificationScenes::default()
    };
    listen(&mut t, good, "good");
    listen(&mut t, bad, "bad");
    t.now = t.now.plus_secs(1);
    let last = listen(&mut t, outs, "outs");
    let two = || GroupCommand::ScaleOut { count: 2 };
    t.text.push_str("== both come\n");
    t.command(two()).unwrap();
    t.settle();
    t.text.push_str("== one of two comes: it has failed\n");
    t.pass(10);
    t.refused = 1;
    t.command(two()).unwrap();
    t.settle();
    t.text.push_str("== none comes\n");
    t.pass(10);
    t.refused = 9;
    t.command(two()).unwrap();
    t.settle();
    t.refused = 0;
    t.text.push_str("== one goes\n");
    t.pass(10);
    t.command(scale_in()).unwrap();
    t.settle();
    t.text.push_str("== one is put aside: nobody is told\n");
    let aside = t.newest();
    t.command(GroupCommand::EnterStandby {
        instances: vec![aside],
    })
    .unwrap();
    t.settle();
    t.text
        .push_str("== one listener less, and one that hears of other things\n");
    t.command(GroupCommand::Notification(NotificationCommand::Delete {
        id: last,
    }))
    .unwrap();
    t.command(scale_out()).unwrap();
    t.settle();
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_receiver_keeps_its_kind_and_a_group_has_at_most_twenty() {
    let mut t = Table::new(spec(0, 0, 1));
    let id = listen(&mut t, NotificationScenes::default(), "1");
    let to = |target| {
        GroupCommand::Notification(NotificationCommand::Modify {
            id,
            scenes: None,
            target: Some(target),
        })
    };
    let queue = NotificationTarget::Queue {
        kind: "CMQ_QUEUE".to_owned(),
        name: "q".to_owned(),
    };
    assert_eq!(
        t.command(to(queue)),
        Err(Error::Invalid {
            field: Field::Receiver,
            problem: Problem::NotWith(Field::ReceiverKind),
        })
    );
    let groups = NotificationTarget::UserGroups(vec!["2".to_owned()]);
    t.command(to(groups.clone())).unwrap();
    assert_eq!(t.view.parts.notifications[&id].target, Some(groups));
    for n in 1..20 {
        listen(&mut t, NotificationScenes::default(), &n.to_string());
    }
    let spec = NotificationSpec {
        scenes: NotificationScenes::default(),
        target: None,
    };
    let more = NotificationCommand::Create(Box::new(spec));
    let more = t.command(GroupCommand::Notification(more));
    assert!(matches!(more, Err(Error::QuotaExceeded { .. })), "{more:?}");
    let gone = NotificationId::new(Key::from_bits(5));
    let gone = NotificationCommand::Delete { id: gone };
    let gone = t.command(GroupCommand::Notification(gone));
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
}

fn with_command(transition: HookTransition, default_result: HookVerdict) -> HookSpec {
    HookSpec {
        default_result,
        target: None,
        metadata: String::new(),
        command: Some(HookCommand {
            command: "cmd-1".to_owned(),
            parameters: vec![Tag {
                key: "who".to_owned(),
                value: "you".to_owned(),
            }],
        }),
        ..hook("run", transition, 600)
    }
}

fn failed(code: AttemptCode) -> StepResult {
    StepResult::Refused {
        code,
        message: "no".to_owned(),
    }
}

/// How the hook of the last activity ended.
fn ended(t: &Table) -> HookOutcome {
    let last = t.view.group.last_activity.unwrap();
    t.view.activities[&last].hooks.last().unwrap().clone()
}

#[test]
fn the_end_of_a_command_ends_its_hook() {
    let (go, stop) = (HookVerdict::Continue, HookVerdict::Abandon);
    for (result, default, verdict, reason, status) in [
        (
            StepResult::Done(None),
            stop,
            go,
            HookReason::CommandExecFinish,
            RunStatus::Succeeded,
        ),
        (
            failed(AttemptCode::CommandFailed),
            stop,
            stop,
            HookReason::CommandExecFailure,
            RunStatus::Failed,
        ),
        (
            failed(AttemptCode::CommandFailed),
            go,
            go,
            HookReason::CommandExecFailure,
            RunStatus::Failed,
        ),
        (
            failed(AttemptCode::Refused),
            stop,
            stop,
            HookReason::CommandCallFailure,
            RunStatus::NotRun,
        ),
        (
            failed(AttemptCode::Failed),
            go,
            go,
            HookReason::CommandCallFailure,
            RunStatus::NotRun,
        ),
    ] {
        let mut t = Table::new(spec(0, 0, 5));
        t.make(with_command(HookTransition::Launching, default));
        t.commands = vec![result.clone()];
        t.command(scale_out()).unwrap();
        t.settle();
        let outcome = ended(&t);
        assert_eq!(
            (outcome.verdict, outcome.reason),
            (verdict, reason),
            "{result:?}"
        );
        let run = outcome.run.unwrap();
        assert_eq!((run.status, run.command.as_str()), (status, "cmd-1"));
        let serving = t.states() == [Lifecycle::InService];
        assert_eq!(serving, verdict == go, "{result:?}");
    }
}

#[test]
fn a_command_nobody_knows_the_end_of_is_asked_for_again_until_time_is_up() {
    let mut t = Table::new(spec(0, 0, 5));
    let lost = || StepResult::Unknown {
        message: "lost".to_owned(),
    };
    t.make(with_command(
        HookTransition::Launching,
        HookVerdict::Abandon,
    ));
    t.commands = vec![StepResult::Done(None), lost(), lost()];
    t.command(scale_out()).unwrap();
    t.settle();
    assert_eq!(t.states(), [Lifecycle::LaunchingHook]);
    t.pass(1);
    t.pass(1);
    assert_eq!(
        t.states(),
        [Lifecycle::LaunchingHook],
        "the second wait is longer"
    );
    t.pass(1);
    assert_eq!(t.states(), [Lifecycle::InService]);
    // It is never heard of again; after a restart it is asked for once more, in vain.
    t.commands = vec![lost()];
    t.command(scale_out()).unwrap();
    t.settle();
    t.command(GroupCommand::Recover).unwrap();
    t.settle();
    t.pass(599);
    assert_eq!(t.view.instances.len(), 2);
    t.pass(1);
    let outcome = ended(&t);
    let reason = HookReason::CommandExecResultCheckFailure;
    assert_eq!(
        (outcome.reason, outcome.run.unwrap().status),
        (reason, RunStatus::Unknown)
    );
    assert_eq!(
        t.states(),
        [Lifecycle::InService],
        "the default result abandons it"
    );
    // One that goes on for too long has no such doubt.
    t.command(scale_out()).unwrap();
    t.settle();
    t.pass(600);
    let outcome = ended(&t);
    let reason = HookReason::HeartbeatTimeout;
    assert_eq!(
        (outcome.reason, outcome.run.unwrap().status),
        (reason, RunStatus::TimedOut)
    );
}

#[test]
fn a_verdict_overtakes_a_command() {
    let mut t = Table::new(spec(0, 0, 5));
    let id = t.make(with_command(
        HookTransition::Launching,
        HookVerdict::Abandon,
    ));
    t.command(scale_out()).unwrap();
    t.settle();
    let instance = t.newest();
    t.complete(id, instance, HookVerdict::Continue).unwrap();
    let late = StepOutcome {
        instance,
        kind: CallKind::Command(id),
        attempt: 1,
        until: t.until(instance, CallKind::Command(id)),
        result: failed(AttemptCode::CommandFailed),
    };
    t.command(GroupCommand::StepDone(late)).unwrap();
    t.settle();
    assert_eq!(t.states(), [Lifecycle::InService]);
    assert_eq!(ended(&t).run.unwrap().status, RunStatus::Overtaken);
}

#[test]
fn an_extended_hook_holds_what_is_stopped_before_that() {
    let mut t = Table::new(spec(0, 0, 5));
    let id = t.make(HookSpec {
        extended: true,
        ..hook("out", HookTransition::Terminating, 60)
    });
    t.command(scale_out()).unwrap();
    t.settle();
    let instances = vec![t.newest()];
    let mode = StopMode::StopCharging;
    let stop = GroupCommand::Stop {
        instances: instances.clone(),
        mode,
    };
    t.command(stop.clone()).unwrap();
    t.settle();
    assert_eq!(t.states(), [Lifecycle::TerminatingHook]);
    t.complete(id, instances[0], HookVerdict::Abandon).unwrap();
    let call = t.view.instances[&instances[0]].call.clone().unwrap();
    assert_eq!(call.kind, CallKind::Stop(mode));
    let last = t.view.group.last_activity.unwrap();
    let mut stopped = t.machine(instances[0]);
    stopped.state = MachineState::Stopped;
    let plan = plan(&t.view, t.now, &mut t.ids, &t.settings);
    t.accept(&plan.change);
    let until = t.until(instances[0], CallKind::Stop(mode));
    t.command(GroupCommand::StepDone(StepOutcome {
        instance: instances[0],
        kind: CallKind::Stop(mode),
        attempt: 1,
        until,
        result: StepResult::Done(Some(Arc::new(stopped))),
    }))
    .unwrap();
    assert_eq!(t.states(), [Lifecycle::Stopped]);
    assert_eq!(t.view.activities[&last].status, ActivityStatus::Successful);
}
