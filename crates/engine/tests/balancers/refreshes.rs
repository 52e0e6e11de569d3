//! Instance refreshes beside balancers.

use muster_model::{Lifecycle, MemberHealth, StepResult, Time};

use crate::table::{Table, spec};

#[test]
fn a_refresh_waits_for_what_the_balancers_are_mending() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.observe(Some(Vec::new()));
    t.refresh(false);
    t.say("a missing member is being bound again: the refresh waits");
    t.turn();
    t.answer(&StepResult::Done(None));
    t.say("bound: it is reinstalled");
    t.turn();
    t.answer(&StepResult::Done(None));
    t.say("reinstalled: it is bound before it serves");
    t.settle();
    t.say("refreshed");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_refresh_waits_until_the_balancer_finds_its_member_healthy() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.refresh(true);
    t.settle();
    t.say("reinstalled and bound: it serves when it is found healthy");
    t.verdict(MemberHealth::Unhealthy);
    t.say("not yet");
    t.verdict(MemberHealth::Healthy);
    t.settle();
    t.say("healthy: refreshed");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_refreshed_member_that_the_balancer_finds_unhealthy_gets_no_load() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.refresh(true);
    t.settle();
    t.verdict(MemberHealth::Unhealthy);
    t.now = Time(99_000);
    t.settle();
    t.say("unhealthy, but there is time left");
    t.now = Time(100_000);
    t.settle();
    t.say("too long: it is on standby with weight 0, and the refresh pauses");
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_balancer_that_says_nothing_does_not_fail_a_refresh() {
    let mut t = Table::new(spec(0, 1, 5));
    t.settle();
    t.refresh(true);
    t.settle();
    t.verdict(MemberHealth::Unknown);
    t.now = Time(100_000);
    t.settle();
    assert!(
        t.view
            .instances
            .values()
            .all(|i| i.state == Lifecycle::InService)
    );
    assert!(t.view.open_refresh().is_none());
}
