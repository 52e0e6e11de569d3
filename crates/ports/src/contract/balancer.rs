//! What every balancer has to keep.

use futures_util::future::poll_immediate;
use muster_model::{BalancerTarget, Ids, Member, MemberSpec, MemberState, OwnerKey};

use super::{Case, ok};
use crate::LoadBalancer;

/// All cases, by name. Each wants balancers without members; it leaves none.
pub const CASES: &[Case<dyn LoadBalancer>] = &[
    ("a machine becomes a member once", |b| Box::pin(attach(b))),
    ("a member is given another weight", |b| Box::pin(weigh(b))),
    ("a drained member stays until it is detached", |b| {
        Box::pin(drain(b))
    }),
    ("detach is done once and no more", |b| Box::pin(detach(b))),
    ("another's member stays as it is", |b| Box::pin(foreign(b))),
    ("listings are complete, and by group", |b| Box::pin(list(b))),
    ("a call that was given up does nothing later", |b| {
        Box::pin(given_up(b))
    }),
];

fn owner(group: u64, instance: u64) -> OwnerKey {
    let mut groups = Ids::new(1000 + group);
    let mut instances = Ids::new(2000 + instance);
    OwnerKey {
        group: groups.next_id(),
        instance: instances.next_id(),
    }
}

fn target(listener: &str, location: Option<&str>, port: u16) -> BalancerTarget {
    BalancerTarget {
        balancer: "lb-contract".to_owned(),
        listener: listener.to_owned(),
        location: location.map(str::to_owned),
        port,
    }
}

fn spec(owner: &OwnerKey, target: &BalancerTarget, weight: u16) -> MemberSpec {
    MemberSpec {
        owner: owner.clone(),
        target: target.clone(),
        weight,
        address: Some("127.0.0.1".to_owned()),
        machine_port: Some(9),
    }
}

type Shown = (OwnerKey, BalancerTarget, u16, MemberState);

fn shown(member: &Member) -> Shown {
    (
        member.owner.clone(),
        member.target.clone(),
        member.weight,
        member.state,
    )
}

async fn members(balancer: &dyn LoadBalancer) -> Vec<Shown> {
    let listed = ok(balancer.list(None).await, "list");
    assert_eq!(listed.silent(), [], "everybody answers");
    listed.members.iter().map(|member| shown(member)).collect()
}

async fn bind(balancer: &dyn LoadBalancer, owner: &OwnerKey, at: &BalancerTarget, weight: u16) {
    ok(
        balancer.attach(&spec(owner, at, weight)).await,
        "attach a member",
    );
}

async fn gone(balancer: &dyn LoadBalancer, members_: &[(&OwnerKey, &BalancerTarget)]) {
    for (owner, target) in members_ {
        ok(balancer.detach(owner, target).await, "detach");
    }
    assert_eq!(members(balancer).await, [], "nothing is left");
}

async fn attach(balancer: &dyn LoadBalancer) {
    let (key, at) = (owner(1, 1), target("lbl-1", None, 80));
    for _ in 0..2 {
        bind(balancer, &key, &at, 10).await;
        let expected = (key.clone(), at.clone(), 10, MemberState::Active);
        assert_eq!(members(balancer).await, [expected]);
    }
    gone(balancer, &[(&key, &at)]).await;
}

async fn weigh(balancer: &dyn LoadBalancer) {
    let (key, at) = (owner(1, 1), target("lbl-1", None, 80));
    for weight in [10, 0, 100] {
        bind(balancer, &key, &at, weight).await;
        let expected = (key.clone(), at.clone(), weight, MemberState::Active);
        assert_eq!(members(balancer).await, [expected]);
    }
    gone(balancer, &[(&key, &at)]).await;
}

async fn drain(balancer: &dyn LoadBalancer) {
    let (key, at) = (owner(1, 1), target("lbl-1", None, 80));
    ok(balancer.drain(&key, &at).await, "drain what is not there");
    bind(balancer, &key, &at, 10).await;
    for _ in 0..2 {
        ok(balancer.drain(&key, &at).await, "drain");
        let expected = (key.clone(), at.clone(), 10, MemberState::Draining);
        assert_eq!(members(balancer).await, [expected]);
    }
    bind(balancer, &key, &at, 10).await;
    let expected = (key.clone(), at.clone(), 10, MemberState::Active);
    assert_eq!(members(balancer).await, [expected], "it takes load again");
    gone(balancer, &[(&key, &at)]).await;
}

async fn detach(balancer: &dyn LoadBalancer) {
    let key = owner(1, 1);
    let places = [
        target("lbl-1", None, 80),
        target("lbl-1", None, 81),
        target("lbl-1", Some("loc-1"), 80),
        target("lbl-2", None, 80),
    ];
    for at in &places {
        bind(balancer, &key, at, 10).await;
    }
    for (number, at) in places.iter().enumerate() {
        for _ in 0..2 {
            ok(balancer.detach(&key, at).await, "detach");
            let left = members(balancer).await;
            assert_eq!(left.len(), places.len() - number - 1);
            assert!(left.iter().all(|member| member.1 != *at), "{left:?}");
        }
    }
}

async fn foreign(balancer: &dyn LoadBalancer) {
    let (ours, at) = (owner(1, 1), target("lbl-1", None, 80));
    let theirs = OwnerKey {
        group: owner(2, 1).group,
        instance: ours.instance,
    };
    bind(balancer, &ours, &at, 10).await;
    ok(balancer.drain(&theirs, &at).await, "not theirs");
    ok(balancer.detach(&theirs, &at).await, "not theirs");
    let expected = (ours.clone(), at.clone(), 10, MemberState::Active);
    assert_eq!(members(balancer).await, [expected]);
    // The machine changed hands.
    bind(balancer, &theirs, &at, 20).await;
    ok(balancer.detach(&ours, &at).await, "not ours any more");
    let expected = (theirs.clone(), at.clone(), 20, MemberState::Active);
    assert_eq!(members(balancer).await, [expected]);
    gone(balancer, &[(&theirs, &at)]).await;
}

async fn list(balancer: &dyn LoadBalancer) {
    let keys = [owner(1, 1), owner(1, 2), owner(2, 3)];
    let at = target("lbl-1", None, 80);
    for key in &keys {
        bind(balancer, key, &at, 10).await;
    }
    assert_eq!(members(balancer).await.len(), 3);
    for (group, count) in [
        (keys[0].group, 2),
        (keys[2].group, 1),
        (owner(9, 9).group, 0),
    ] {
        let listed = ok(balancer.list(Some(group)).await, "list").members;
        assert_eq!(listed.len(), count);
        assert!(listed.iter().all(|member| member.owner.group == group));
    }
    gone(
        balancer,
        &[(&keys[0], &at), (&keys[1], &at), (&keys[2], &at)],
    )
    .await;
}

/// A binding that is dropped is there, or never will be.
async fn given_up(balancer: &dyn LoadBalancer) {
    let (key, other) = (owner(1, 1), owner(1, 2));
    let at = target("lbl-1", None, 80);
    for _ in 0..20 {
        let _ = poll_immediate(balancer.attach(&spec(&key, &at, 10))).await;
        let then = members(balancer).await;
        ok(balancer.detach(&other, &at).await, "something else");
        assert_eq!(members(balancer).await, then, "it was bound late");
        ok(balancer.detach(&key, &at).await, "detach");
    }
    gone(balancer, &[(&key, &at)]).await;
}
