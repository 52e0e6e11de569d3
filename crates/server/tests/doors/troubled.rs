//! What goes wrong, waits or comes from outside, through every door: a machine that was attached, an activity that failed, a
//! hook that was bound and holds an instance, and a group whose network is gone.

use std::fmt::Write;

use muster_model::{Command, GroupCommand, GroupPatch, Page};
use muster_ports::Api;
use muster_sim::{Effect, Fault, Faults, ForeignSpec, Match, Op};

use crate::door::{Kind, Of};
use crate::masked::Mask;
use crate::matrix::{DOORS, tell, write_back};
use crate::service::Service;

/// What all doors show of some kinds.
async fn told(service: &Service, of: Of, what: &str, kinds: &[Kind], golden: &mut String) {
    let mut mask = Mask::of(&*service.view().await, of);
    let all = Page {
        offset: 0,
        limit: 100,
    };
    let past = service
        .runtime
        .activities(&service.caller(), &[], all)
        .await;
    mask.past(&past.unwrap().items);
    for kind in kinds.iter().copied() {
        for reader in &service.doors {
            writeln!(golden, "== {what}: {kind:?} read by {}", reader.name()).unwrap();
            tell(service, &**reader, kind, of, &mask, golden).await;
        }
    }
}

/// What is shown can be written back, and is still what it was.
async fn written_back(service: &Service, of: Of, kind: Kind, what: &str) {
    let mut total = 0;
    for writer in 0..DOORS {
        let (wrong, written) = write_back(service, writer, kind, of).await;
        let by = service.doors[writer].name();
        assert!(wrong.is_empty(), "{what}: {kind:?} by {by}: {wrong:?}");
        total += written;
    }
    assert!(total > 0, "{what}: {kind:?}");
}

/// The group wants one more.
async fn wish_one_more(service: &Service, of: Of) {
    let size = service.view().await.group.spec.size;
    let patch = GroupPatch {
        desired: Some(size.desired + 1),
        ..GroupPatch::default()
    };
    let command = Command::Group {
        id: of.group,
        command: GroupCommand::Modify(Box::new(patch)),
    };
    let done = service.runtime.execute(&service.caller(), command).await;
    done.unwrap();
    service.runtime.settle().await;
}

async fn attach(service: &Service, maker: usize, of: Of) {
    let machine = service
        .sim
        .make_foreign(&ForeignSpec::default())
        .unwrap()
        .id;
    let door = &service.doors[maker];
    service.send(&**door, door.attach(of, machine)).await;
    service.runtime.settle().await;
}

#[tokio::test]
async fn what_goes_wrong_is_read_through_every_door_and_written_back_unchanged() {
    for maker in 0..DOORS {
        let (mut service, of) = Service::made_by(maker).await;
        let made_by = service.doors[maker].name();
        let mut golden = String::new();

        attach(&service, maker, of).await;
        told(
            &service,
            of,
            "attached",
            &[Kind::Instance, Kind::Activity],
            &mut golden,
        )
        .await;
        written_back(&service, of, Kind::Group, "attached").await;

        service.sim.set_faults(Faults {
            rules: vec![Fault {
                op: Op::Launch,
                matching: Match::default(),
                effect: Effect::SoldOut,
                times: None,
                latency_secs: None,
            }],
        });
        wish_one_more(&service, of).await;
        told(
            &service,
            of,
            "failed",
            &[Kind::Group, Kind::Activity],
            &mut golden,
        )
        .await;
        written_back(&service, of, Kind::Group, "failed").await;

        service.restart_without_anything().await;
        told(&service, of, "abnormal", &[Kind::Group], &mut golden).await;

        insta::with_settings!({ prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("troubled_{made_by}"), golden);
        });
    }
}

#[tokio::test]
async fn a_hook_that_is_bound_by_its_door_holds_and_is_read_by_the_others() {
    let (service, of) = Service::made_by(DOORS - 1).await;
    let door = &service.doors[DOORS - 1];
    let unbound = service.shown(&**door, Kind::Hook, of).await.unwrap();
    let bind = door.bind(of, &unbound[0]).unwrap();
    service.send(&**door, bind).await;
    written_back(&service, of, Kind::Hook, "bound").await;
    wish_one_more(&service, of).await;
    let mut golden = String::new();
    told(
        &service,
        of,
        "held",
        &[Kind::Instance, Kind::Activity, Kind::Hook],
        &mut golden,
    )
    .await;
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("held", golden);
    });
}
