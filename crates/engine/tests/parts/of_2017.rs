//! What the API of 2017 asks for: hooks that are bound, waits that are renewed, scheduled tasks that take turns, and machines
//! of the right kind.

use std::sync::Arc;

use muster_engine::{Context, Facts, delete_config};
use muster_model::{
    ActivityKind, ActivityStatus, AdjustBy, AttachRefusal, Balancer, Catalogue, Comparison,
    ConfigId, ConfigSpec, Created, DataDisk, Door, Error, Field, GroupCommand, HookChange, HookId,
    HookSpec, HookTransition, HookVerdict, HookWaiter, InstanceId, Key, Lifecycle, ListedImage,
    ListedSubnet, ListedType, ListedZone, Login, Machine, MachineState, Obstacle, Placement,
    PolicyCommand, PolicySpec, Problem, ResourceKind, ScheduleCommand, ScheduleSpec, ScheduleTimes,
    Target, Time,
};

use super::common::{Table, spec};
use super::scaling::simple;

fn at(secs: u64) -> Time {
    Time(0).plus_secs(secs)
}

/// A group that was made through the API of 2017.
fn group() -> Table {
    let mut t = Table::new(spec(0, 0, 9));
    Arc::make_mut(&mut t.view.group).door = Door::Tencent2;
    t
}

fn hook(name: &str, timeout_secs: u32) -> HookSpec {
    HookSpec {
        name: name.to_owned(),
        transition: HookTransition::Launching,
        default_result: HookVerdict::Continue,
        timeout_secs,
        extended: false,
        metadata: String::new(),
        target: None,
        command: None,
    }
}

fn change(t: &mut Table, change: HookChange) -> Result<Created, Error> {
    t.command(GroupCommand::Hook(change))
}

fn unbound(t: &mut Table, name: &str) -> HookId {
    match change(t, HookChange::CreateUnbound(Box::new(hook(name, 60)))) {
        Ok(Created::Hook(id)) => id,
        other => panic!("{other:?}"),
    }
}

fn active(t: &Table) -> Vec<HookId> {
    let hooks = t.view.parts.hooks.values();
    hooks
        .filter(|hook| hook.active)
        .map(|hook| hook.id)
        .collect()
}

#[test]
fn a_hook_acts_while_it_is_bound_and_one_of_another_door_always() {
    let mut t = group();
    let (one, two) = (unbound(&mut t, "one"), unbound(&mut t, "two"));
    assert_eq!(active(&t), []);
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    assert_eq!(t.view.instances[&t.newest()].state, Lifecycle::InService);
    change(&mut t, HookChange::Bind { id: Some(one) }).unwrap();
    assert_eq!(active(&t), [one]);
    let theirs = match change(&mut t, HookChange::Create(Box::new(hook("theirs", 60)))) {
        Ok(Created::Hook(id)) => id,
        other => panic!("{other:?}"),
    };
    // One at a time, and what always acts goes on doing so.
    change(&mut t, HookChange::Bind { id: Some(two) }).unwrap();
    let mut both = vec![two, theirs];
    both.sort();
    assert_eq!(active(&t), both);
    change(&mut t, HookChange::Bind { id: None }).unwrap();
    assert_eq!(active(&t), [theirs]);
    let nobody = HookId::new(Key::from_bits(5));
    assert!(matches!(
        change(&mut t, HookChange::Bind { id: Some(nobody) }),
        Err(Error::NotFound { .. })
    ));
}

#[test]
fn a_wait_is_renewed_from_now_on_earlier_or_later() {
    let mut t = group();
    let id = unbound(&mut t, "one");
    change(&mut t, HookChange::Bind { id: Some(id) }).unwrap();
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    let member = t.newest();
    let renew = |secs| HookChange::Renew {
        id,
        who: HookWaiter::Instance(member),
        secs,
    };
    let ends = |t: &Table| {
        let activity = t.view.activities.values().next().unwrap();
        (
            t.view.instances[&member].hooks[0].deadline,
            activity.deadline,
        )
    };
    let (_, before) = ends(&t);
    t.now = at(50);
    change(&mut t, renew(600)).unwrap();
    assert_eq!(ends(&t), (at(650), before.plus_secs(590)));
    change(&mut t, renew(10)).unwrap();
    assert_eq!(ends(&t), (at(60), before.plus_secs(590)));
    t.now = at(60);
    t.settle();
    assert_eq!(t.view.instances[&member].state, Lifecycle::InService);
    assert_eq!(change(&mut t, renew(10)), Err(Error::VerdictGiven));
}

#[test]
fn a_hook_that_is_in_use_stays() {
    let mut t = group();
    let id = unbound(&mut t, "one");
    let group = t.view.group.id.to_string();
    let unused = |name: Option<&str>| HookChange::DeleteUnused {
        id,
        name: name.map(str::to_owned),
    };
    let in_use = |by: String| {
        Err(Error::InUse {
            kind: ResourceKind::Hook,
            id: id.to_string(),
            by,
        })
    };
    // (how it stands, what deleting it comes to)
    change(&mut t, HookChange::Bind { id: Some(id) }).unwrap();
    assert_eq!(change(&mut t, unused(None)), in_use(group), "bound");
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    change(&mut t, HookChange::Bind { id: None }).unwrap();
    let member = t.newest();
    assert_eq!(
        change(&mut t, unused(None)),
        in_use(member.to_string()),
        "waited for"
    );
    let verdict = HookVerdict::Continue;
    let who = HookWaiter::Instance(member);
    change(&mut t, HookChange::Complete { id, who, verdict }).unwrap();
    t.settle();
    let misnamed = Err(Error::Invalid {
        field: Field::HookName,
        problem: Problem::Unusable("the lifecycle hook is not called `two`".to_owned()),
    });
    assert_eq!(change(&mut t, unused(Some("two"))), misnamed, "misnamed");
    let before = t.view.clone();
    assert!(before.parts.hooks.contains_key(&id), "nothing was changed");
    assert_eq!(change(&mut t, unused(Some("one"))), Ok(Created::Nothing));
    assert!(t.view.parts.hooks.is_empty());
    assert!(matches!(
        change(&mut t, unused(Some("one"))),
        Err(Error::NotFound { .. })
    ));
    // One of another door always acts: that alone is no use.
    let theirs = match change(&mut t, HookChange::Create(Box::new(hook("theirs", 60)))) {
        Ok(Created::Hook(id)) => id,
        other => panic!("{other:?}"),
    };
    let (id, name) = (theirs, None);
    assert_eq!(
        change(&mut t, HookChange::DeleteUnused { id, name }),
        Ok(Created::Nothing)
    );
}

#[test]
fn a_configuration_whose_machines_are_there_stays_for_one_door() {
    let mut t = group();
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    let (member, config) = (t.newest().to_string(), t.view.group.spec.config.unwrap());
    assert_eq!(t.view.made_of(config), Some(member.clone()));
    let other = ConfigId::new(Key::from_bits(77));
    assert_eq!(t.view.made_of(other), None);
    // (a group that uses it, what was made of it, who is in the way of 2017, and of the others)
    let (used, made) = (Some("asg-1".to_owned()), Some(member));
    let none = None::<String>;
    for (used_by, made, of_2017, of_others) in [
        (&none, &none, &none, &none),
        (&used, &none, &used, &used),
        (&used, &made, &used, &used),
        (&none, &made, &made, &none),
    ] {
        let facts = Facts {
            used_by: used_by.clone(),
            made: made.clone(),
            ..Facts::default()
        };
        for door in [Door::Tencent2, Door::Tencent3, Door::Huawei, Door::Ksyun] {
            let mut context = Context {
                now: t.now,
                ids: &mut t.ids,
                settings: &t.settings,
                facts: &facts,
            };
            let by = match door {
                Door::Tencent2 => of_2017,
                Door::Tencent3 | Door::Huawei | Door::Ksyun => of_others,
            };
            let wanted = match by.clone() {
                None => Ok(()),
                Some(by) => Err(Error::InUse {
                    kind: ResourceKind::Config,
                    id: config.to_string(),
                    by,
                }),
            };
            assert_eq!(delete_config(door, config, &mut context), wanted);
        }
    }
}

fn task(name: &str, start_secs: u64, cron: Option<&str>, desired: u32) -> ScheduleSpec {
    ScheduleSpec {
        name: name.to_owned(),
        times: ScheduleTimes {
            start_at: at(start_secs),
            end_at: cron.map(|_| at(40 * 86_400)),
            cron: cron.map(str::to_owned),
            zone: "UTC".to_owned(),
            repeat: None,
        },
        min: 0,
        max: 9,
        desired: Some(desired),
    }
}

fn create(t: &mut Table, spec: ScheduleSpec) -> Result<Created, Error> {
    t.command(GroupCommand::Schedule(ScheduleCommand::Create(Box::new(
        spec,
    ))))
}

#[test]
fn tasks_take_turns_the_earliest_first() {
    let mut t = group();
    let id = unbound(&mut t, "hold");
    change(&mut t, HookChange::Bind { id: Some(id) }).unwrap();
    create(&mut t, task("one", 100, None, 2)).unwrap();
    create(&mut t, task("two", 150, None, 1)).unwrap();
    // Both are due when somebody looks: the earlier one acts, and holds the other up with its activity.
    t.wake_until(155);
    assert_eq!(t.view.group.spec.size.desired, 2);
    assert!(t.view.group.busy.is_some());
    let waiting = |t: &Table| {
        let tasks = t.view.parts.schedules.values();
        tasks.filter(|task| task.next_at.is_some()).count()
    };
    assert_eq!(waiting(&t), 1);
    // The hook lets go after 60 s: the activity ends, and the other one has its turn.
    t.wake_until(240);
    assert_eq!((t.view.group.spec.size.desired, waiting(&t)), (1, 0));
    assert_eq!(t.view.instances.len(), 1);
    let begun = ended(&mut t)
        .into_iter()
        .filter(|(_, status, _)| *status != ActivityStatus::Cancelled);
    assert_eq!(begun.count(), 2);
}

#[test]
fn two_that_are_due_at_once_both_have_their_turn() {
    let mut t = group();
    create(&mut t, task("one", 100, None, 3)).unwrap();
    create(&mut t, task("two", 170, None, 1)).unwrap();
    // Nobody has looked for a while.
    t.now = at(1000);
    t.settle();
    t.wake_until(1001);
    assert_eq!(t.view.group.spec.size.desired, 1);
    let begun = t
        .ended
        .iter()
        .filter(|one| one.status != ActivityStatus::Cancelled);
    let wanted: Vec<_> = begun.map(|activity| activity.wanted).collect();
    assert_eq!(wanted, [3, 2], "three come, two go");
}

#[test]
fn two_tasks_of_one_time_are_refused_in_such_a_group_only() {
    let conflict = |other: &str| {
        Err(Error::Invalid {
            field: Field::Start,
            problem: Problem::Duplicate(other.to_owned()),
        })
    };
    let mut t = group();
    create(&mut t, task("daily", 3600, Some("0 1 * * *"), 1)).unwrap();
    assert_eq!(
        create(&mut t, task("once", 3630, None, 1)),
        conflict("daily")
    );
    let weekly = task("weekly", 7200, Some("0 1 * * 1"), 1);
    assert_eq!(create(&mut t, weekly), conflict("daily"));
    let id = match create(&mut t, task("later", 7200, Some("0 2 * * 1"), 1)) {
        Ok(Created::Schedule(id)) => id,
        other => panic!("{other:?}"),
    };
    let moved = |start, cron| {
        GroupCommand::Schedule(ScheduleCommand::Modify {
            id,
            spec: Box::new(task("later", start, Some(cron), 2)),
            restart: false,
        })
    };
    assert_eq!(t.command(moved(7200, "0 1 1 * *")), conflict("daily"));
    t.command(moved(7200, "0 2 * * 1")).unwrap();
    let mut other = Table::new(spec(0, 0, 9));
    create(&mut other, task("daily", 3600, Some("0 1 * * *"), 1)).unwrap();
    create(&mut other, task("once", 3600, None, 1)).unwrap();
    // Unless the API of 2017 asks.
    let asked = ScheduleCommand::Create2017(Box::new(task("again", 3600, None, 1)));
    let asked = other.command(GroupCommand::Schedule(asked));
    assert!(
        asked == conflict("daily") || asked == conflict("once"),
        "{asked:?}"
    );
}

#[test]
fn machines_of_another_kind_and_stopped_ones_are_not_attached() {
    let mut t = group();
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    let plain = t.machine(t.newest());
    let machine = |bits, kind: &str, state| Machine {
        id: InstanceId::new(Key::from_bits(bits)),
        owner: None,
        state,
        placement: Placement {
            instance_type: kind.to_owned(),
            ..plain.placement.clone()
        },
        ..plain.clone()
    };
    let mut attach = |machine: Machine| {
        t.command(GroupCommand::Attach {
            instances: vec![machine.id],
            machines: vec![machine],
        })
    };
    for (machine, refusal) in [
        (
            machine(50, "B", MachineState::Running),
            AttachRefusal::OtherType,
        ),
        (
            machine(51, "A", MachineState::Stopped),
            AttachRefusal::NotRunning,
        ),
    ] {
        let instance = machine.id;
        assert_eq!(
            attach(machine),
            Err(Error::CannotAttach { instance, refusal })
        );
    }
    assert!(attach(machine(52, "A", MachineState::Running)).is_ok());
}

/// Kind, status and obstacle of the activities that have ended since the last look.
fn ended(t: &mut Table) -> Vec<(ActivityKind, ActivityStatus, Option<Obstacle>)> {
    let ended = std::mem::take(&mut t.ended);
    let told = ended.iter().map(|one| (one.kind, one.status, one.obstacle));
    told.collect()
}

#[test]
fn a_task_that_finds_an_activity_leaves_a_cancelled_one_and_is_tried_again() {
    use {ActivityKind::ScaleIn, ActivityKind::ScaleOut, ActivityStatus::*};
    let mut t = group();
    let id = unbound(&mut t, "hold");
    change(&mut t, HookChange::Bind { id: Some(id) }).unwrap();
    create(&mut t, task("one", 100, None, 2)).unwrap();
    create(&mut t, task("two", 130, None, 1)).unwrap();
    t.wake_until(150);
    let cancelled = (ScaleIn, Cancelled, Some(Obstacle::Busy));
    assert_eq!(ended(&mut t), [cancelled]);
    // However often it is looked at meanwhile.
    t.command(GroupCommand::Recover).unwrap();
    t.wake_until(400);
    assert_eq!(
        ended(&mut t),
        [(ScaleOut, Successful, None), (ScaleIn, Successful, None)]
    );
    assert!(
        t.view
            .parts
            .schedules
            .values()
            .all(|task| task.waits_for.is_none())
    );
}

/// A strict catalogue that has what the group needs, and nothing else.
fn strict() -> Catalogue {
    let subnet = ListedSubnet {
        zone: "z1".to_owned(),
        vpc: "vpc-1".to_owned(),
        ..ListedSubnet::default()
    };
    Catalogue {
        strict: true,
        images: [("img-1".to_owned(), ListedImage::default())].into(),
        types: [("A".to_owned(), ListedType::default())].into(),
        vpcs: ["vpc-1".to_owned()].into(),
        zones: [("z1".to_owned(), ListedZone::default())].into(),
        subnets: [("s1".to_owned(), subnet)].into(),
        ..Catalogue::default()
    }
}

#[test]
fn an_activity_says_what_stood_in_its_way() {
    let catalogue = strict();
    let without = |change: fn(&mut Catalogue)| {
        let mut catalogue = catalogue.clone();
        change(&mut catalogue);
        catalogue
    };
    let sold_out = |catalogue: &mut Catalogue| {
        catalogue
            .types
            .values_mut()
            .for_each(|one| one.sold_out = true);
    };
    let plain = |_: &mut ConfigSpec| {};
    let named = |config: &mut ConfigSpec| {
        config.security_groups = vec!["sg-1".to_owned()];
    };
    let with_key = |config: &mut ConfigSpec| {
        config.login = Some(Login::Keys(vec!["skey-1".to_owned()]));
    };
    let with_snapshot = |config: &mut ConfigSpec| {
        config.data_disks = vec![DataDisk {
            snapshot: Some("snap-1".to_owned()),
            ..DataDisk::default()
        }];
    };
    type Change = fn(&mut ConfigSpec);
    let cases: [(Catalogue, Change, Option<Obstacle>); 8] = [
        (catalogue.clone(), plain, None),
        (
            without(|all| all.images.clear()),
            plain,
            Some(Obstacle::Image),
        ),
        (
            without(|all| all.types.clear()),
            plain,
            Some(Obstacle::InstanceType),
        ),
        (
            without(|all| all.subnets.clear()),
            plain,
            Some(Obstacle::Subnet),
        ),
        (without(sold_out), plain, Some(Obstacle::SoldOut)),
        (catalogue.clone(), named, Some(Obstacle::SecurityGroup)),
        (catalogue.clone(), with_key, Some(Obstacle::KeyPair)),
        (catalogue, with_snapshot, Some(Obstacle::Snapshot)),
    ];
    for (catalogue, change, what) in cases {
        let mut t = group();
        change(&mut Arc::make_mut(t.view.config.as_mut().unwrap()).spec);
        t.settings.catalogue = catalogue;
        t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
        t.settle();
        let (_, status, obstacle) = ended(&mut t).pop().unwrap();
        assert_eq!(obstacle, what);
        assert_eq!(status == ActivityStatus::Successful, what.is_none());
    }
}

#[test]
fn a_balancer_that_is_gone_stands_in_the_way() {
    let mut t = group();
    let group = Arc::make_mut(&mut t.view.group);
    group.spec.balancers = vec![Balancer::Forward {
        balancer: "lb-1".to_owned(),
        listener: "lbl-1".to_owned(),
        location: None,
        region: None,
        targets: vec![Target {
            port: 80,
            weight: 10,
        }],
    }];
    t.settings.catalogue = strict();
    t.unbindable = true;
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    let (_, status, obstacle) = ended(&mut t).pop().unwrap();
    assert_eq!(
        (status, obstacle),
        (ActivityStatus::Failed, Some(Obstacle::Balancer))
    );
}

#[test]
fn a_policy_that_finds_a_cooldown_leaves_a_cancelled_activity() {
    let asks = || simple("busy", Comparison::Greater, 80.0, 1, AdjustBy::By(1));
    let told = |t: &mut Table| {
        t.policy(asks());
        for _ in 0..2 {
            t.minute(95.0);
        }
        ended(t)
    };
    use {ActivityKind::ScaleOut, ActivityStatus::*};
    let (grew, held) = (
        (ScaleOut, Successful, None),
        (ScaleOut, Cancelled, Some(Obstacle::Cooldown)),
    );
    assert_eq!(told(&mut group()), [grew, held]);
    // Other APIs list none.
    assert_eq!(told(&mut Table::new(spec(0, 0, 9))), [grew]);
}

#[test]
fn a_policy_that_acts_tells_its_user_groups_once_where_they_are_not_retired() {
    for (door, times) in [(Door::Tencent2, 1), (Door::Tencent3, 0)] {
        let mut t = Table::started(1, 2, 10);
        let policy = PolicySpec {
            notify_groups: vec!["1832".to_owned(), "1833".to_owned()],
            cooldown_secs: Some(3600),
            ..simple("up", Comparison::Greater, 80.0, 2, AdjustBy::By(3))
        };
        let spec = Box::new(policy);
        t.command(GroupCommand::Policy(PolicyCommand::Create { door, spec }))
            .unwrap();
        for _ in 0..6 {
            t.minute(95.0);
        }
        assert_eq!(t.desired(), 5);
        let told: Vec<&str> = t
            .text
            .lines()
            .filter(|l| l.contains("tell 1832,1833"))
            .collect();
        assert_eq!(told.len(), times, "{}", t.text);
        let says = "policy up: the group goes from 2 to 5";
        assert!(told.iter().all(|line| line.contains(says)), "{told:?}");
    }
}

#[test]
fn a_repetition_may_have_begun_when_it_is_written() {
    let mut t = group();
    t.now = at(10 * 86_400);
    let past = |cron| {
        GroupCommand::Schedule(ScheduleCommand::Create2017(Box::new(task(
            "past", 3600, cron, 1,
        ))))
    };
    let refused = |field, why: &str| {
        let problem = Problem::Unusable(why.to_owned());
        Err(Error::Invalid { field, problem })
    };
    assert_eq!(t.command(past(None)), refused(Field::Start, "it is past"));
    // In January only, and it ends in February.
    assert_eq!(
        t.command(past(Some("0 1 1 1 *"))),
        refused(Field::Recurrence, "no such time comes")
    );
    t.command(past(Some("0 1 * * *"))).unwrap();
    let next = t.view.parts.schedules.values().next().unwrap().next_at;
    assert_eq!(next, Some(at(10 * 86_400 + 3600)));
}
