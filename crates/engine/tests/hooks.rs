//! Engine tables of lifecycle hooks (held on the way in and on the way out, told once, ended once) and of notifications.
//!
//! Times are seconds since the start; ids come from seed 1.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what broke by failing"
)]

use std::fmt::Write as _;
use std::sync::Arc;

use muster_engine::{
    Context, Facts, PlannedCall, Settings, apply, check, create_config, create_group, explain, plan,
};
use muster_model::{
    Account, AccountId, Allocation, AttemptCode, CallKind, ConfigSpec, Created, Door, Error, Field,
    GroupCommand, GroupSpec, GroupView, HealthCheck, HealthKind, HookChange, HookId, HookPatch,
    HookSpec, HookTransition, HookVerdict, HookWaiter, Ids, InstanceId, Key, Lifecycle, Machine,
    MachineHealth, MachineState, Network, NotificationCommand, NotificationId, NotificationScenes,
    NotificationSpec, NotificationTarget, Observation, OwnerKey, Problem, RetryPolicy,
    ServiceSettings, Site, Size, Spread, StepOutcome, StepResult, TerminationPolicy, Time,
    ZonesCheck,
};

fn spec(min: u32, desired: u32, max: u32) -> GroupSpec {
    GroupSpec {
        name: "web".to_owned(),
        config: None,
        size: Size { min, desired, max },
        enabled: true,
        cooldown_secs: 0,
        network: Network {
            vpc: "vpc-1".to_owned(),
            subnets: vec!["s1".to_owned()],
            ..Network::default()
        },
        spread: Spread::Ordered,
        zones_check: ZonesCheck::Any,
        termination: TerminationPolicy::OldestInstance,
        retry: RetryPolicy::None,
        health: HealthCheck {
            kind: HealthKind::Machine,
            period_secs: 0,
            grace_secs: 0,
        },
        balancers: Vec::new(),
        project: 0,
        tags: Vec::new(),
        service: ServiceSettings::default(),
        allocation: Allocation::LaunchConfiguration,
        capacity_rebalance: false,
        name_index: None,
        host_name_index: None,
        concurrent_scale_out: false,
        huawei: None,
    }
}

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

struct Table {
    view: GroupView,
    ids: Ids,
    settings: Settings,
    now: Time,
    calls: Vec<PlannedCall>,
    /// Launches that are refused from now on.
    refused: u32,
    text: String,
}

impl Table {
    fn new(mut spec: GroupSpec) -> Table {
        let settings = Settings::default();
        let mut ids = Ids::new(1);
        let account = Account {
            id: AccountId::new(Key::from_bits(1)),
            name: "test".to_owned(),
            version: 1,
            created_at: Time(0),
        };
        let config = ConfigSpec {
            name: "conf".to_owned(),
            image: Some("img-1".to_owned()),
            instance_types: vec!["A".to_owned()],
            ..ConfigSpec::default()
        };
        let (site, none) = (Site::default(), Facts::default());
        let mut context = Context {
            now: Time(0),
            ids: &mut ids,
            settings: &settings,
            facts: &none,
        };
        let config = create_config(&account, Door::Tencent3, &site, &config, &mut context).unwrap();
        spec.config = Some(config.id);
        let facts = Facts {
            config: Some(Arc::new(config)),
            ..Facts::default()
        };
        context.facts = &facts;
        let view = create_group(&account, Door::Tencent3, &site, &spec, &mut context).unwrap();
        Table {
            view,
            ids,
            settings,
            now: Time(0),
            calls: Vec::new(),
            refused: 0,
            text: String::new(),
        }
    }

    fn say(&mut self, what: &str) {
        let view = explain::view_text(&self.view, Time(0));
        writeln!(self.text, "== {}s: {what}\n{view}", self.now.0 / 1000).unwrap();
        for activity in self.view.activities.values() {
            for outcome in &activity.hooks {
                writeln!(
                    self.text,
                    "  {} {} {:?} {:?}",
                    outcome.hook, outcome.instance, outcome.verdict, outcome.reason
                )
                .unwrap();
            }
        }
    }

    fn accept(&mut self, change: &muster_model::Change) {
        for event in &change.events {
            let to = event.to.as_ref().map(NotificationTarget::words);
            writeln!(self.text, "tell {}: {}", to.unwrap_or_default(), event.body).unwrap();
        }
        self.view = self.view.after(change).unwrap();
        let problems = check::problems(&self.view);
        assert!(problems.is_empty(), "{problems:?}\n{}", self.text);
    }

    fn command(&mut self, command: GroupCommand) -> Result<Created, Error> {
        let facts = Facts::default();
        let mut context = Context {
            now: self.now,
            ids: &mut self.ids,
            settings: &self.settings,
            facts: &facts,
        };
        let (change, created) = apply(&self.view, &command, &mut context)?;
        if !change.is_empty() {
            self.accept(&change);
        }
        Ok(created)
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

    fn machine(&self, id: InstanceId) -> Machine {
        let instance = &self.view.instances[&id];
        Machine {
            id,
            owner: Some(OwnerKey {
                group: self.view.group.id,
                instance: id,
            }),
            state: MachineState::Running,
            health: MachineHealth::Healthy,
            vpc: "vpc-1".to_owned(),
            placement: instance.placement.clone(),
            image: "img-1".to_owned(),
            name: instance.name.clone(),
            address: None,
            port: None,
            reclaim_at: None,
            created_at: Time(0),
        }
    }

    /// Turns, and answers to what they ask for, until nothing is asked for any more.
    fn settle(&mut self) {
        loop {
            let plan = plan(&self.view, self.now, &mut self.ids, &self.settings);
            if !plan.change.is_empty() {
                self.accept(&plan.change);
            }
            self.calls.extend(plan.calls);
            if self.calls.is_empty() {
                return;
            }
            for call in std::mem::take(&mut self.calls) {
                let result = match call.kind {
                    CallKind::Launch if self.refused > 0 => {
                        self.refused -= 1;
                        StepResult::Refused {
                            code: AttemptCode::Quota,
                            message: "no more of them".to_owned(),
                        }
                    }
                    CallKind::Terminate | CallKind::Release => StepResult::Done(None),
                    CallKind::Launch
                    | CallKind::Adopt
                    | CallKind::Start
                    | CallKind::Stop(_)
                    | CallKind::Reset(_)
                    | CallKind::Bind
                    | CallKind::Unbind
                    | CallKind::Rebind => {
                        StepResult::Done(Some(Arc::new(self.machine(call.owner.instance))))
                    }
                };
                self.command(GroupCommand::StepDone(StepOutcome {
                    instance: call.owner.instance,
                    kind: call.kind,
                    attempt: call.attempt,
                    result,
                }))
                .unwrap();
            }
        }
    }

    fn pass(&mut self, secs: u64) {
        self.now = self.now.plus_secs(secs);
        self.settle();
    }

    /// The last one made.
    fn newest(&self) -> InstanceId {
        let newest = self.view.instances.values().max_by_key(|i| i.created_at);
        newest.unwrap().id
    }

    fn states(&self) -> Vec<Lifecycle> {
        self.view.instances.values().map(|i| i.state).collect()
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
