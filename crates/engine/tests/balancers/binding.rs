//! What is bound and unbound, when, and what is refused.

use std::sync::Arc;

use muster_model::{
    Balancer, BalancerChange, CallKind, Door, Error, GroupCommand, GroupSpec, Lifecycle, Problem,
    StepResult, Target, Time,
};

use crate::table::{Table, failed, listener, refused, spec};

#[test]
fn bound_before_service_and_unbound_before_the_end() {
    let mut t = Table::new(spec(0, 1, 5));
    t.turn();
    t.answer(&StepResult::Done(None));
    t.say("its machine runs: it is being bound");
    t.turn();
    t.answer(&StepResult::Done(None));
    t.say("bound: it serves");
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    t.say("it is to go: off its balancer first");
    t.turn();
    t.answer(&StepResult::Done(None));
    t.say("off its balancer: its machine goes");
    t.settle();
    t.say("gone");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_binding_that_fails_is_tried_again_and_then_fails_the_launch() {
    let mut t = Table::new(spec(0, 0, 5));
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.turn();
    t.answer(&StepResult::Done(None));
    t.turn();
    t.answer(&failed());
    t.say("failed once: again in a while");
    t.fail_for(310);
    t.say("patience is over: it leaves, and what may be bound of it is unbound first");
    t.fail_for(70);
    t.say("the balancer does not answer: the machine goes all the same");
    t.settle();
    t.say("gone; nobody asked for more");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_binding_that_is_refused_fails_the_launch_at_once() {
    let mut t = Table::new(spec(0, 0, 5));
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.turn();
    t.answer(&StepResult::Done(None));
    t.turn();
    t.answer(&refused());
    t.settle();
    t.say("failed, with the balancer's words");
    insta::assert_snapshot!(t.text);
}

#[test]
fn balancers_change_under_what_serves() {
    let mut t = Table::new(spec(0, 2, 5));
    t.settle();
    let more = listener("lbl-2", &[(80, 10), (81, 20)]);
    t.change(BalancerChange::Attach(vec![more])).unwrap();
    t.say("one more listener: both are being bound to it");
    let busy = t.change(BalancerChange::Attach(vec![listener("lbl-3", &[(1, 1)])]));
    assert!(matches!(busy, Err(Error::Busy { .. })), "{busy:?}");
    t.settle();
    t.say("bound");
    let weights = listener("lbl-1", &[(80, 50)]);
    t.change(BalancerChange::SetTargets(vec![weights])).unwrap();
    t.fail_for(70);
    t.say("a change that fails: they serve on, and say what may be there");
    t.observe(None);
    t.say("the next listing has it tried again, outside of any activity");
    t.settle();
    t.say("done");
    t.change(BalancerChange::Replace {
        door: Door::Tencent3,
        balancers: Vec::new(),
        check_all: true,
    })
    .unwrap();
    t.settle();
    t.say("none at all");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_door_overwrites_what_it_can_show_only() {
    let pool = Balancer::Pool {
        pool: "pool-1".to_owned(),
        target: Target {
            port: 80,
            weight: 1,
        },
    };
    let mut t = Table::new(GroupSpec {
        balancers: vec![listener("lbl-1", &[(80, 10)]), pool.clone()],
        ..spec(0, 1, 5)
    });
    t.settle();
    let nothing = |door| BalancerChange::Replace {
        door,
        balancers: Vec::new(),
        check_all: true,
    };
    t.change(nothing(Door::Tencent3)).unwrap();
    t.settle();
    assert_eq!(t.view.group.spec.balancers, [pool]);
    assert_eq!(
        t.change(nothing(Door::Tencent3)),
        Err(Error::NothingToDo),
        "what is left is not Tencent's"
    );
    t.change(nothing(Door::Huawei)).unwrap();
    t.settle();
    assert!(t.view.instances.values().all(|i| i.bindings.is_empty()));
}

#[test]
fn a_place_is_bound_once() {
    let pool = |port, weight| Balancer::Pool {
        pool: "pool-1".to_owned(),
        target: Target { port, weight },
    };
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    let all = |balancers: &[Balancer]| BalancerChange::Replace {
        door: Door::Huawei,
        balancers: balancers.to_vec(),
        check_all: true,
    };
    let twice = t.change(all(&[pool(80, 1), pool(80, 10)]));
    assert!(
        matches!(
            twice,
            Err(Error::Invalid {
                problem: Problem::Duplicate(_),
                ..
            })
        ),
        "{twice:?}"
    );
    t.change(all(&[pool(80, 1), pool(81, 10), pool(80, 1)]))
        .unwrap();
    t.settle();
    assert_eq!(
        t.view.group.spec.balancers[1..],
        [pool(80, 1), pool(81, 10)]
    );
}

#[test]
fn limits_and_refusals_change_nothing() {
    let mut t = Table::new(spec(0, 0, 5));
    t.settle();
    let before = t.view.clone();
    let classic = |n: usize| Balancer::Classic {
        balancer: format!("lb-{n}"),
    };
    let too_many = (0..21).map(classic).collect();
    for (change, expected) in [
        (BalancerChange::Attach(too_many), "QuotaExceeded"),
        (
            BalancerChange::Attach(vec![listener("lbl-1", &[(80, 10)])]),
            "NothingToDo",
        ),
        (
            BalancerChange::Attach(vec![listener("lbl-1", &[(80, 11)])]),
            "Duplicate",
        ),
        (BalancerChange::Detach(vec![classic(1)]), "NotFound"),
        (
            BalancerChange::Detach(vec![listener("lbl-1", &[(81, 0)])]),
            "NotFound",
        ),
        (
            BalancerChange::SetTargets(vec![listener("lbl-2", &[(80, 1)])]),
            "NotFound",
        ),
        (
            BalancerChange::SetTargets(vec![listener("lbl-1", &[(80, 10)])]),
            "NothingToDo",
        ),
    ] {
        let error = t.change(change.clone()).unwrap_err();
        assert!(
            format!("{error:?}").contains(expected),
            "{change:?}: {error:?}"
        );
        assert_eq!(t.view, before, "{change:?}");
    }
}

/// The time of what runs is up: what has not come is given up.
fn run_out(t: &mut Table) {
    let now = t.now;
    for activity in t.view.activities.values_mut() {
        Arc::make_mut(activity).deadline = now;
    }
    let calls = std::mem::take(&mut t.calls);
    t.turn();
    let unbinds = t.calls.iter().any(|call| call.kind == CallKind::Unbind);
    assert!(!unbinds, "what is on its way could still bind");
    t.calls = calls;
}

#[test]
fn an_unbinding_waits_for_a_binding_that_is_on_its_way() {
    let mut t = Table::new(spec(0, 1, 5));
    t.turn();
    t.answer(&StepResult::Done(None));
    t.turn();
    run_out(&mut t);
    t.say("given up while the binding is on its way");
    t.answer(&StepResult::Done(None));
    t.say("that is over: now it is unbound for certain");
    t.turn();
    let unbinds: Vec<_> = t.calls.iter().map(|call| call.kind).collect();
    assert_eq!(unbinds, [CallKind::Unbind]);
    insta::assert_snapshot!(t.text);
}

#[test]
fn an_unbinding_does_not_wait_for_ever_for_a_binding() {
    let mut t = Table::new(spec(0, 1, 5));
    t.turn();
    t.answer(&StepResult::Done(None));
    t.turn();
    run_out(&mut t);
    t.calls.clear();
    t.now = Time(65_000);
    t.turn();
    let unbinds: Vec<_> = t.calls.iter().map(|call| call.kind).collect();
    assert_eq!(unbinds, [CallKind::Unbind], "nobody reported on it in time");
}

#[test]
fn a_restart_makes_calls_to_the_balancers_again() {
    let mut t = Table::new(spec(0, 1, 5));
    t.turn();
    t.answer(&StepResult::Done(None));
    t.turn();
    let late = std::mem::take(&mut t.calls);
    t.command(GroupCommand::Recover).unwrap();
    t.settle();
    let serving = t.view.clone();
    assert!(
        serving
            .instances
            .values()
            .all(|i| i.state == Lifecycle::InService)
    );
    t.calls = late;
    t.answer(&failed());
    assert_eq!(
        t.view, serving,
        "an answer from before the restart is nobody's"
    );
}
