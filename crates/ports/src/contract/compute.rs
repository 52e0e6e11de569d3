//! What every back end has to keep.

use std::sync::Arc;

use futures_util::future::{join, poll_immediate};
use muster_model::{
    ConfigSpec, GroupId, Ids, InstanceId, LaunchSpec, Machine, MachineState, OwnerKey, Placement,
    StopMode, Tag, Time,
};

use super::{Case, ok, some};
use crate::{Compute, ComputeError};

/// All cases, by name. Each wants a back end without machines; it leaves none.
pub const CASES: &[Case<dyn Compute>] = &[
    ("a machine is made once and carries its key", |c| {
        Box::pin(launch(c))
    }),
    ("launches of one key at once make one machine", |c| {
        Box::pin(launch_twice_at_once(c))
    }),
    ("terminate is final", |c| Box::pin(terminate(c))),
    ("terminate and a late launch at once", |c| {
        Box::pin(terminate_and_launch(c))
    }),
    ("release is final, and leaves the machine", |c| {
        Box::pin(release(c))
    }),
    ("adopt takes nobody's machines only", |c| Box::pin(adopt(c))),
    ("a call that was given up does nothing later", |c| {
        Box::pin(given_up(c))
    }),
    ("stop and start", |c| Box::pin(stop_and_start(c))),
    ("a reset is done once, in place", |c| Box::pin(reset(c))),
    ("tags are put on, over those there are", |c| {
        Box::pin(tags(c))
    }),
    ("another's key touches nothing", |c| {
        Box::pin(foreign_key(c))
    }),
    ("listings are complete, and by group", |c| Box::pin(list(c))),
];

fn owner(group: u64, instance: u64) -> OwnerKey {
    let mut groups = Ids::new(1000 + group);
    let mut instances = Ids::new(2000 + instance);
    OwnerKey {
        group: groups.next_id(),
        instance: instances.next_id(),
    }
}

fn spec(owner: &OwnerKey) -> LaunchSpec {
    LaunchSpec {
        owner: owner.clone(),
        name: "contract".to_owned(),
        host_name: None,
        group_name: "group".to_owned(),
        vpc: "vpc-1".to_owned(),
        placement: Placement {
            instance_type: "S5.SMALL1".to_owned(),
            zone: "zone-1".to_owned(),
            subnet: "subnet-1".to_owned(),
            spot: false,
        },
        image: "img-1".to_owned(),
        user_data: None,
        security_groups: Vec::new(),
        tags: Vec::new(),
        config: Arc::new(ConfigSpec::default()),
    }
}

async fn made(compute: &dyn Compute, owner: &OwnerKey) -> Machine {
    ok(compute.launch(&spec(owner)).await, "launch")
}

async fn tags(compute: &dyn Compute) {
    let one = owner(1, 90);
    let tag = |key: &str, value: &str| Tag {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    let spec = LaunchSpec {
        tags: vec![tag("a", "1"), tag("b", "2")],
        ..spec(&one)
    };
    let made = ok(compute.launch(&spec).await, "launch");
    assert_eq!(made.tags, spec.tags);
    let put = [tag("b", "3"), tag("c", "4")];
    for _ in 0..2 {
        let tagged = ok(compute.tag(&one, &put).await, "tag");
        assert_eq!(tagged.tags, [tag("a", "1"), tag("b", "3"), tag("c", "4")]);
    }
    let listed = ok(compute.list(Some(one.group)).await, "list");
    assert_eq!(listed[0].tags.len(), 3, "they stay");
    assert!(compute.tag(&owner(1, 91), &put).await.is_err(), "absent");
    gone(compute, &[&one]).await;
}

async fn gone(compute: &dyn Compute, owners: &[&OwnerKey]) {
    for owner in owners {
        ok(compute.terminate(owner).await, "terminate");
    }
    assert_eq!(ok(compute.list(None).await, "list"), [], "nothing is left");
}

async fn ids(compute: &dyn Compute, group: Option<GroupId>) -> Vec<InstanceId> {
    let machines = ok(compute.list(group).await, "list");
    let mut ids: Vec<InstanceId> = machines.iter().map(|machine| machine.id).collect();
    ids.sort();
    ids
}

fn is_refused<T>(result: &Result<T, ComputeError>) -> bool {
    matches!(result, Err(ComputeError::Refused(_)))
}

async fn launch(compute: &dyn Compute) {
    let key = owner(1, 1);
    let first = made(compute, &key).await;
    assert_eq!(first.id, key.instance);
    assert_eq!(first.owner.as_ref(), Some(&key));
    assert_eq!(first.placement, spec(&key).placement);
    assert_eq!(
        (first.vpc.as_str(), first.name.as_str()),
        ("vpc-1", "contract")
    );
    assert_eq!(first.state, MachineState::Running);
    let again = made(compute, &key).await;
    assert_eq!(again, first, "asked twice, done once");
    let listed = ok(compute.list(Some(key.group)).await, "list");
    assert_eq!(listed, [Arc::new(first)]);
    gone(compute, &[&key]).await;
}

async fn launch_twice_at_once(compute: &dyn Compute) {
    let key = owner(1, 1);
    let spec = spec(&key);
    let (one, two) = join(compute.launch(&spec), compute.launch(&spec)).await;
    assert!(one.is_ok() || two.is_ok(), "{one:?} {two:?}");
    assert_eq!(made(compute, &key).await.state, MachineState::Running);
    assert_eq!(ids(compute, None).await, [key.instance]);
    gone(compute, &[&key]).await;
}

async fn reset(compute: &dyn Compute) {
    let key = owner(1, 1);
    let first = made(compute, &key).await;
    let other = LaunchSpec {
        image: "img-2".to_owned(),
        ..spec(&key)
    };
    let at = Time(7);
    let done = ok(compute.reset(&other, at).await, "reset");
    let same = Machine {
        image: "img-2".to_owned(),
        ..first
    };
    assert_eq!(done, same, "the same machine with another image");
    let again = ok(compute.reset(&other, at).await, "the same reset again");
    assert_eq!(again, same, "asked twice, done once");
    let back = ok(compute.reset(&spec(&key), Time(8)).await, "the next reset");
    assert_eq!(back.image, "img-1");
    gone(compute, &[&key]).await;
    assert!(is_refused(&compute.reset(&other, Time(9)).await));
}

async fn terminate(compute: &dyn Compute) {
    let (made_key, never_made) = (owner(1, 1), owner(1, 2));
    made(compute, &made_key).await;
    for key in [&made_key, &made_key, &never_made] {
        ok(compute.terminate(key).await, "terminate");
        let late = compute.launch(&spec(key)).await;
        assert!(is_refused(&late), "a late launch: {late:?}");
    }
    let described = compute
        .describe(&[made_key.instance, never_made.instance])
        .await;
    assert_eq!(ok(described, "describe"), []);
    gone(compute, &[]).await;
}

async fn terminate_and_launch(compute: &dyn Compute) {
    for round in 0..5 {
        let key = owner(1, round);
        let spec = spec(&key);
        let (ended, _late) = join(compute.terminate(&key), compute.launch(&spec)).await;
        ok(ended, "terminate");
        // What the launch had begun may still be on its way: asked again, the answer proves it gone.
        ok(compute.terminate(&key).await, "terminate");
        assert_eq!(ids(compute, None).await, []);
    }
}

async fn release(compute: &dyn Compute) {
    let (key, never_made) = (owner(1, 1), owner(1, 2));
    made(compute, &key).await;
    for _ in 0..2 {
        ok(compute.release(&key).await, "release");
        assert_eq!(
            ids(compute, None).await,
            [],
            "a released machine carries no key"
        );
        let inventory = ok(compute.inventory().await, "inventory");
        let machine = inventory.iter().find(|machine| machine.id == key.instance);
        let machine = some(machine, "the released machine");
        assert_eq!(
            (machine.owner.as_ref(), machine.state),
            (None, MachineState::Running)
        );
        let late = compute.launch(&spec(&key)).await;
        assert!(is_refused(&late), "a late launch: {late:?}");
    }
    ok(
        compute.terminate(&key).await,
        "not ours any more: nothing to destroy",
    );
    let kept = ok(compute.describe(&[key.instance]).await, "describe");
    assert_eq!(
        kept.len(),
        1,
        "terminate by a key that was taken off destroys nothing"
    );
    ok(
        compute.release(&never_made).await,
        "release of a machine that is not there",
    );
    let late = compute.launch(&spec(&never_made)).await;
    assert!(is_refused(&late), "a launch after the release: {late:?}");
    let next = owner(2, 1);
    ok(compute.adopt(&next).await, "adopt");
    gone(compute, &[&next]).await;
}

async fn adopt(compute: &dyn Compute) {
    let (first, second, absent) = (owner(1, 1), owner(2, 1), owner(1, 2));
    let missing = compute.adopt(&absent).await;
    assert!(is_refused(&missing), "{missing:?}");
    made(compute, &first).await;
    ok(compute.adopt(&first).await, "already ours");
    let taken = compute.adopt(&second).await;
    assert!(is_refused(&taken), "{taken:?}");
    ok(compute.release(&first).await, "release");
    for _ in 0..2 {
        let machine = ok(compute.adopt(&second).await, "adopt");
        assert_eq!(machine.owner.as_ref(), Some(&second));
    }
    assert_eq!(ids(compute, Some(second.group)).await, [second.instance]);
    assert_eq!(ids(compute, Some(first.group)).await, []);
    gone(compute, &[&second]).await;
}

/// An adoption that is dropped has put its key on, or never will.
async fn given_up(compute: &dyn Compute) {
    let (first, second) = (owner(1, 1), owner(2, 1));
    made(compute, &first).await;
    for _ in 0..20 {
        ok(compute.release(&first).await, "release");
        let _ = poll_immediate(compute.adopt(&second)).await;
        let then = ids(compute, None).await;
        for key in [owner(3, 3), owner(3, 4)] {
            ok(compute.terminate(&key).await, "something else");
        }
        assert_eq!(ids(compute, None).await, then, "a key was put on late");
        ok(compute.release(&second).await, "release");
        ok(compute.adopt(&first).await, "adopt");
    }
    gone(compute, &[&first]).await;
}

async fn stop_and_start(compute: &dyn Compute) {
    let key = owner(1, 1);
    made(compute, &key).await;
    for _ in 0..2 {
        let stopped = ok(compute.stop(&key, StopMode::KeepCharging).await, "stop");
        assert_eq!(stopped.state, MachineState::Stopped);
    }
    let listed = ok(compute.list(Some(key.group)).await, "list");
    assert_eq!(listed.first().map(|m| m.state), Some(MachineState::Stopped));
    for _ in 0..2 {
        let started = ok(compute.start(&key).await, "start");
        assert_eq!(started.state, MachineState::Running);
    }
    gone(compute, &[&key]).await;
}

async fn foreign_key(compute: &dyn Compute) {
    let (ours, theirs) = (owner(1, 1), owner(2, 1));
    made(compute, &ours).await;
    assert!(is_refused(&compute.launch(&spec(&theirs)).await));
    assert!(is_refused(&compute.start(&theirs).await));
    assert!(is_refused(
        &compute.stop(&theirs, StopMode::KeepCharging).await
    ));
    ok(
        compute.terminate(&theirs).await,
        "not theirs: nothing to destroy",
    );
    ok(
        compute.release(&theirs).await,
        "not theirs: nothing to take off",
    );
    let listed = ok(compute.list(None).await, "list");
    let shown: Vec<_> = listed.iter().map(|m| (m.owner.as_ref(), m.state)).collect();
    assert_eq!(shown, [(Some(&ours), MachineState::Running)]);
    gone(compute, &[&ours]).await;
}

async fn list(compute: &dyn Compute) {
    let keys = [owner(1, 1), owner(1, 2), owner(2, 3)];
    for key in &keys {
        made(compute, key).await;
    }
    let of = |indexes: &[usize]| {
        let mut ids: Vec<InstanceId> = indexes.iter().map(|i| keys[*i].instance).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(compute, None).await, of(&[0, 1, 2]));
    assert_eq!(ids(compute, Some(keys[0].group)).await, of(&[0, 1]));
    assert_eq!(ids(compute, Some(owner(9, 9).group)).await, []);
    let absent = owner(9, 9).instance;
    let described = compute.describe(&[keys[2].instance, absent]).await;
    let described = ok(described, "describe");
    assert_eq!(described.iter().map(|m| m.id).collect::<Vec<_>>(), of(&[2]));
    gone(compute, &[&keys[0], &keys[1], &keys[2]]).await;
}
