//! What balancers say of their members: missing ones, strange ones, verdicts, silence.

use std::sync::Arc;

use muster_model::{
    CallKind, GroupCommand, GroupSpec, HealthCheck, HealthKind, InstanceId, Lifecycle, Member,
    MemberHealth, Observation, ServiceSettings,
};

use crate::table::{Table, listener, spec};

#[test]
fn what_is_missing_or_strange_at_a_balancer_is_mended() {
    let mut t = Table::new(spec(0, 2, 5));
    t.settle();
    let as_wanted = t.members();
    t.observe(Some(as_wanted.clone()));
    t.say("as it is to be: nothing happens");
    let mut members = as_wanted.clone();
    members.remove(0);
    members[0].weight = 99;
    t.observe(Some(members));
    t.say("one is missing, one has another weight: both are bound again");
    t.settle();
    t.now = t.now.plus_secs(1);
    let mut members = as_wanted.clone();
    members.push(Member {
        target: muster_model::BalancerTarget {
            listener: "lbl-9".to_owned(),
            ..members[0].target.clone()
        },
        ..members[0].clone()
    });
    t.observe(Some(members));
    t.say("one is where nothing says so: it is taken off there");
    t.settle();
    t.say("mended");
    insta::assert_snapshot!(t.text);
}

#[test]
fn the_verdict_of_the_balancer_counts_after_grace_and_unknown_never() {
    let mut t = Table::new(GroupSpec {
        health: HealthCheck {
            kind: HealthKind::Balancer,
            period_secs: 0,
            grace_secs: 30,
        },
        ..spec(0, 1, 5)
    });
    t.settle();
    assert!(
        !t.verdict(MemberHealth::Unhealthy),
        "inside the grace period"
    );
    t.now = t.now.plus_secs(30);
    assert!(!t.verdict(MemberHealth::Unknown));
    assert!(t.verdict(MemberHealth::Unhealthy));
    assert!(t.verdict(MemberHealth::Unknown), "it stays as it was");
    t.observe(None);
    assert!(
        t.view
            .instances
            .values()
            .all(|i| i.health.balancer_unhealthy)
    );
    // Out of load and back: what was found before is over, and grace begins anew.
    assert!(t.verdict(MemberHealth::Unhealthy));
    let instances: Vec<_> = t.view.instances.keys().copied().collect();
    t.command(GroupCommand::Disable).unwrap();
    let enter = GroupCommand::EnterStandby {
        instances: instances.clone(),
    };
    t.command(enter).unwrap();
    t.settle();
    t.command(GroupCommand::ExitStandby { instances }).unwrap();
    t.settle();
    t.now = t.now.plus_secs(28);
    assert!(!t.verdict(MemberHealth::Unhealthy), "inside it again");
    assert!(t.verdict(MemberHealth::Unhealthy));
    assert!(!t.verdict(MemberHealth::Healthy));
    let mut machine_only = t.view.group.spec.clone();
    machine_only.health.kind = HealthKind::Machine;
    machine_only.enabled = true;
    let mut t = Table::new(machine_only);
    t.settle();
    t.now = t.now.plus_secs(60);
    assert!(
        !t.verdict(MemberHealth::Unhealthy),
        "nobody asks the balancer"
    );
}

#[test]
fn what_the_balancer_calls_unhealthy_is_replaced() {
    let mut t = Table::new(GroupSpec {
        service: ServiceSettings {
            replace_balancer_unhealthy: true,
            ..ServiceSettings::default()
        },
        ..spec(0, 1, 5)
    });
    t.settle();
    t.now = t.now.plus_secs(5);
    assert!(t.verdict(MemberHealth::Unhealthy));
    t.say("unhealthy: it leaves");
    t.settle();
    t.say("replaced");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_balancer_that_does_not_answer_loses_no_member_and_no_machine() {
    let mut t = Table::new(GroupSpec {
        balancers: vec![
            listener("lbl-1", &[(80, 10)]),
            listener("lbl-2", &[(80, 20)]),
        ],
        ..spec(0, 2, 5)
    });
    t.settle();
    let before: Vec<InstanceId> = t.view.instances.keys().copied().collect();
    let at = |member: &Member, listener: &str| member.target.listener == listener;
    t.silent = vec![t.members()[0].target.place()];
    assert_eq!(t.silent[0].listener, "lbl-1");
    // Only the other one lists its members: nothing is bound again, nobody is sick.
    let mut heard = t.members();
    heard.retain(|member| at(member, "lbl-2"));
    t.observe(Some(heard.clone()));
    t.turn();
    assert_eq!(
        t.calls,
        [],
        "nothing is mended that is not known to be broken"
    );
    // What the other one says counts all the same.
    heard[0].health = MemberHealth::Unhealthy;
    t.observe(Some(heard.clone()));
    let sick = |t: &Table| {
        let instances = t.view.instances.values();
        instances.filter(|i| i.health.balancer_unhealthy).count()
    };
    assert_eq!(sick(&t), 1);
    heard[0].health = MemberHealth::Healthy;
    t.observe(Some(heard.clone()));
    assert_eq!(sick(&t), 1, "healthy at all of them, or as it was");
    t.silent.clear();
    t.observe(Some(t.members()));
    assert_eq!(sick(&t), 0);
    // It is back, and has forgotten them.
    t.observe(Some(heard));
    t.turn();
    let kinds: Vec<CallKind> = t.calls.iter().map(|call| call.kind).collect();
    assert_eq!(kinds, [CallKind::Rebind, CallKind::Rebind]);
    t.settle();
    let after: Vec<InstanceId> = t.view.instances.keys().copied().collect();
    assert_eq!(before, after);
}

#[test]
fn an_old_listing_of_members_proves_nothing() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    let asked_at = t.now;
    let id = *t.view.instances.keys().next().unwrap();
    let machine = Arc::new(t.machine(id));
    t.command(GroupCommand::Observed(Observation {
        asked_at,
        machines: vec![machine],
        members: Some(Vec::new()),
        silent: Vec::new(),
    }))
    .unwrap();
    assert_eq!(t.view.instances[&id].state, Lifecycle::InService);
}
