//! Whose verdict on health counts: said of the group as a whole by two doors, of each balancer by another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use muster_engine::{Context, Facts, Settings, apply, create_group};
use muster_model::{
    Account, AccountId, Balancer, BalancerChange, BalancerPlace, Door, Error, Field, GroupCommand,
    GroupPatch, GroupSpec, HealthKind, Key, Member, MemberHealth, Pool, PoolId, PoolSpec, Problem,
    Record, RecordHead, ServiceSettings, Site, Target, Time,
};

use crate::table::{Table, listener, spec};

const KEC: bool = false;
const SLB: bool = true;

fn pool(id: &str) -> Balancer {
    Balancer::Pool {
        pool: id.to_owned(),
        target: Target {
            port: 80,
            weight: 1,
        },
    }
}

fn at(id: &str) -> BalancerPlace {
    listener(id, &[]).place()
}

/// As Kingsoft says it: of each of its balancers.
fn each(said: &[(&str, bool)]) -> GroupPatch {
    let said = said.iter().map(|(id, counts)| (at(id), *counts));
    GroupPatch {
        heard: said.collect(),
        ..GroupPatch::default()
    }
}

/// As Kingsoft binds: these, and no others that it can show.
fn bound(ids: &[&str], said: &[(&str, bool)]) -> GroupPatch {
    let balancers = ids.iter().map(|id| listener(id, &[(80, 10)]));
    GroupPatch {
        balancers: Some(BalancerChange::Replace {
            door: Door::Ksyun,
            balancers: balancers.collect(),
            check_all: true,
        }),
        ..each(said)
    }
}

/// As Tencent and Huawei say it: of the group.
fn group(kind: HealthKind) -> GroupPatch {
    GroupPatch {
        health_kind: Some(kind),
        ..GroupPatch::default()
    }
}

fn at_huawei(balancers: Vec<Balancer>) -> GroupPatch {
    GroupPatch {
        balancers: Some(BalancerChange::Replace {
            door: Door::Huawei,
            balancers,
            check_all: true,
        }),
        ..GroupPatch::default()
    }
}

/// The kind that the group shows, and how each of its balancers counts.
fn shown(spec: &GroupSpec) -> String {
    let mut text = format!("{:?}", spec.health.kind);
    for balancer in &spec.balancers {
        let word = match spec.hears(&balancer.place()) {
            SLB => "slb",
            KEC => "kec",
        };
        let _ = write!(text, "  {}={word}", balancer.place().listener);
    }
    text
}

#[test]
fn one_group_is_judged_as_every_door_says() {
    use HealthKind::{Balancer as Clb, Machine as Cvm};
    let mut t = Table::new(GroupSpec {
        balancers: vec![listener("A", &[(80, 10)]), listener("B", &[(80, 10)])],
        ..spec(0, 1, 5)
    });
    t.settle();
    let mut text = format!("{:<58} {}\n", "made by Tencent", shown(&t.view.group.spec));
    for (what, patch) in [
        ("Tencent: CLB, as it is", group(Clb)),
        (
            "Kingsoft: A slb, B slb, as it is",
            each(&[("A", SLB), ("B", SLB)]),
        ),
        ("Kingsoft: A slb, B kec", each(&[("A", SLB), ("B", KEC)])),
        ("Tencent: CLB, as it is", group(Clb)),
        ("Tencent: CVM", group(Cvm)),
        (
            "Kingsoft: A kec, B kec, as it is",
            each(&[("A", KEC), ("B", KEC)]),
        ),
        ("Tencent: CLB: the mix is back", group(Clb)),
        ("Kingsoft says nothing of it", each(&[])),
        ("Huawei binds a pool: it counts", at_huawei(vec![pool("P")])),
        (
            "Kingsoft: A kec: the pool counts on",
            each(&[("A", KEC), ("B", KEC)]),
        ),
        (
            "Huawei unbinds it: nobody counts any more",
            at_huawei(Vec::new()),
        ),
        (
            "Huawei binds another: it counts when asked to",
            at_huawei(vec![pool("Q")]),
        ),
        ("Huawei: ELB_AUDIT", group(Clb)),
        ("Huawei: NOVA_AUDIT", group(Cvm)),
        (
            "Kingsoft: B slb: the others do not begin to count",
            each(&[("A", KEC), ("B", SLB)]),
        ),
        ("Huawei unbinds what does not count", at_huawei(Vec::new())),
        (
            "Kingsoft: C without a word: as the group",
            bound(&["A", "B", "C"], &[("A", KEC), ("B", SLB)]),
        ),
        ("Kingsoft takes away who counts", bound(&["A"], &[])),
        ("Tencent: CLB: who else, if not A", group(Clb)),
        (
            "Kingsoft: none at all: the group is as it was",
            bound(&[], &[]),
        ),
        ("Kingsoft: only A, and kec", bound(&["A"], &[("A", KEC)])),
        (
            "Kingsoft: B without a word: as the group",
            bound(&["A", "B"], &[]),
        ),
        ("Tencent: CLB: who was called kec stays so", group(Clb)),
        ("Kingsoft: A slb", each(&[("A", SLB)])),
        ("Kingsoft: both kec", each(&[("A", KEC), ("B", KEC)])),
        ("Tencent: CLB: all, for nobody is left", group(Clb)),
    ] {
        let before = t.view.group.spec.clone();
        t.command(GroupCommand::Modify(Box::new(patch))).unwrap();
        t.settle();
        let spec = &t.view.group.spec;
        if what.ends_with("as it is") {
            assert_eq!(*spec, before, "{what}");
        }
        writeln!(text, "{what:<58} {}", shown(spec)).unwrap();
    }
    insta::assert_snapshot!(text);
}

fn with_verdicts(t: &Table, verdicts: &[(&str, MemberHealth)]) -> Vec<Member> {
    let mut members = t.members();
    for member in &mut members {
        let said = verdicts
            .iter()
            .find(|(id, _)| member.target.listener == *id);
        member.health = said.map_or(MemberHealth::Unknown, |(_, health)| *health);
    }
    members
}

fn sick(t: &Table) -> usize {
    let instances = t.view.instances.values();
    instances.filter(|i| i.health.balancer_unhealthy).count()
}

#[test]
fn only_the_verdicts_of_those_that_count_are_heard() {
    use MemberHealth::{Healthy, Unhealthy, Unknown};
    let mut t = Table::new(GroupSpec {
        balancers: vec![listener("A", &[(80, 10)]), listener("B", &[(80, 10)])],
        unheard: BTreeSet::from([at("B")]),
        ..spec(0, 1, 5)
    });
    t.settle();
    t.now = t.now.plus_secs(60);
    for (a, b, wanted) in [
        (Healthy, Unhealthy, 0),
        (Unknown, Unhealthy, 0),
        (Unhealthy, Healthy, 1),
        // Not known is as it was, whatever the other finds.
        (Unknown, Healthy, 1),
        (Healthy, Unhealthy, 0),
        (Healthy, Unknown, 0),
        (Unhealthy, Unhealthy, 1),
    ] {
        let members = with_verdicts(&t, &[("A", a), ("B", b)]);
        t.observe(Some(members));
        assert_eq!(sick(&t), wanted, "A {a:?}, B {b:?}");
    }
    // What A found does not count from now on, nor does what nobody says.
    let other = each(&[("A", KEC), ("B", SLB)]);
    t.command(GroupCommand::Modify(Box::new(other))).unwrap();
    assert_eq!(sick(&t), 0);
    let members = with_verdicts(&t, &[("A", Unhealthy), ("B", Unknown)]);
    t.observe(Some(members));
    assert_eq!(sick(&t), 0);
    let members = with_verdicts(&t, &[("A", Healthy), ("B", Unhealthy)]);
    t.observe(Some(members));
    assert_eq!(sick(&t), 1);
    // More that count take nothing back.
    let both = each(&[("A", SLB), ("B", SLB)]);
    t.command(GroupCommand::Modify(Box::new(both))).unwrap();
    assert_eq!(sick(&t), 1);
    // Nor does one that is gone leave its verdict behind.
    let gone = bound(&["A"], &[]);
    t.command(GroupCommand::Modify(Box::new(gone))).unwrap();
    assert_eq!(sick(&t), 0);
}

#[test]
fn nobody_is_replaced_for_a_verdict_that_does_not_count() {
    let service = ServiceSettings {
        replace_balancer_unhealthy: true,
        ..ServiceSettings::default()
    };
    for (unheard, replaced) in [("A", true), ("B", false)] {
        let mut t = Table::new(GroupSpec {
            balancers: vec![listener("A", &[(80, 10)]), listener("B", &[(80, 10)])],
            unheard: BTreeSet::from([at(unheard)]),
            service,
            ..spec(0, 1, 5)
        });
        t.settle();
        t.now = t.now.plus_secs(60);
        let before: Vec<_> = t.view.instances.keys().copied().collect();
        let verdicts = [("A", MemberHealth::Healthy), ("B", MemberHealth::Unhealthy)];
        let members = with_verdicts(&t, &verdicts);
        t.observe(Some(members));
        t.settle();
        let after: Vec<_> = t.view.instances.keys().copied().collect();
        assert_eq!(before != after, replaced, "{unheard} is not heard");
    }
}

#[test]
fn rows_of_older_versions_are_read() {
    let old = spec(0, 1, 5);
    let mut row = serde_json::to_value(&old).unwrap();
    assert_eq!(
        row.get("unheard"),
        None,
        "what all groups had stays as it was"
    );
    assert_eq!(serde_json::from_value::<GroupSpec>(row).unwrap(), old);
    let new = GroupSpec {
        unheard: BTreeSet::from([at("lbl-1")]),
        ..old.clone()
    };
    row = serde_json::to_value(&new).unwrap();
    assert_eq!(
        serde_json::from_value::<GroupSpec>(row.clone()).unwrap(),
        new
    );
    row.as_object_mut().unwrap().remove("unheard");
    assert_eq!(serde_json::from_value::<GroupSpec>(row).unwrap(), old);
}

#[test]
fn what_another_account_made_does_not_exist() {
    let id = PoolId::new(Key::from_bits(77));
    let made = Record::Pool(std::sync::Arc::new(Pool {
        id,
        head: RecordHead {
            account: AccountId::new(Key::from_bits(99)),
            site: Site::default(),
            version: 1,
            ordinal: 1,
            created_at: Time(0),
            updated_at: Time(0),
        },
        spec: PoolSpec::default(),
    }));
    // Named as a balancer, which those of Huawei's door are not (`parts/laid.rs`).
    let theirs = Balancer::Forward {
        balancer: id.uuid(),
        listener: "l".to_owned(),
        location: None,
        region: None,
        targets: vec![Target {
            port: 80,
            weight: 10,
        }],
    };
    let facts = Facts {
        records: vec![std::sync::Arc::new([made].into_iter().collect())],
        ..Facts::default()
    };
    let refusal = Error::Invalid {
        field: Field::ForwardBalancers,
        problem: Problem::Unusable(format!("`{}` does not exist", theirs.name())),
    };
    let settings = Settings::default();
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    let before = t.view.clone();
    let mut context = Context {
        now: t.now,
        ids: &mut t.ids,
        settings: &settings,
        facts: &facts,
    };
    let account = Account {
        id: AccountId::new(Key::from_bits(1)),
        name: "test".to_owned(),
        version: 1,
        created_at: Time(0),
    };
    let spec = GroupSpec {
        balancers: vec![pool("ours"), theirs.clone()],
        ..spec(0, 1, 5)
    };
    let made = create_group(&account, Door::Ksyun, &Site::default(), &spec, &mut context);
    assert_eq!(made.unwrap_err(), refusal);
    for command in [
        GroupCommand::Modify(Box::new(at_huawei(vec![theirs.clone()]))),
        GroupCommand::Balancers(BalancerChange::Attach(vec![theirs.clone()])),
    ] {
        let changed = apply(&before, &command, &mut context);
        assert_eq!(changed.unwrap_err(), refusal, "{command:?}");
    }
    // What is bound already, however that came, is kept, changed and taken off.
    let mut view = before;
    let group = std::sync::Arc::make_mut(&mut view.group);
    group.spec.balancers = vec![theirs.clone()];
    for balancers in [vec![theirs, pool("ours")], Vec::new()] {
        let command = GroupCommand::Modify(Box::new(at_huawei(balancers)));
        apply(&view, &command, &mut context).unwrap();
    }
}

#[test]
fn kingsoft_makes_groups_that_are_judged_by_some() {
    for (said, kind, wanted) in [
        (&[][..], HealthKind::Machine, &[][..]),
        (&[("A", KEC)], HealthKind::Machine, &["A"]),
        (&[("A", KEC), ("B", KEC)], HealthKind::Machine, &["A", "B"]),
        (&[("A", SLB)], HealthKind::Balancer, &["B"]),
        (&[("A", KEC), ("B", SLB)], HealthKind::Balancer, &["A"]),
        (&[("A", SLB), ("B", SLB)], HealthKind::Balancer, &[]),
    ] {
        let mut spec = GroupSpec {
            balancers: vec![listener("A", &[(80, 10)]), listener("B", &[(80, 10)])],
            ..spec(0, 1, 5)
        };
        spec.health.kind = HealthKind::Machine;
        let each: BTreeMap<BalancerPlace, bool> = each(said).heard;
        spec.judge_each(&BTreeSet::new(), &each);
        let wanted: BTreeSet<BalancerPlace> = wanted.iter().map(|id| at(id)).collect();
        assert_eq!((spec.health.kind, spec.unheard), (kind, wanted), "{said:?}");
    }
}
