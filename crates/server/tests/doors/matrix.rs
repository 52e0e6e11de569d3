//! The tests themselves.

use std::fmt::Write;
use std::sync::Arc;

use muster_model::{ConfigSpec, GroupSpec, Parts, Policy, PolicyId, Watch};
use serde_json::{Value, json};

use crate::door::{Door, Kind, Of};
use crate::huawei::post;
use crate::masked::Mask;
use crate::service::Service;

/// How many doors there are.
pub(crate) const DOORS: usize = 4;

/// Everything of a kind as a door shows it.
pub(crate) async fn tell(
    service: &Service,
    reader: &dyn Door,
    kind: Kind,
    of: Of,
    mask: &Mask,
    golden: &mut String,
) {
    match service.shown(reader, kind, of).await {
        None => writeln!(golden, "(no words)").unwrap(),
        Some(list) if list.is_empty() => writeln!(golden, "(nothing)").unwrap(),
        Some(list) => {
            for mut one in list {
                mask.apply(&mut one);
                let text = serde_json::to_string_pretty(&one).unwrap();
                writeln!(golden, "{text}").unwrap();
            }
        }
    }
}

#[tokio::test]
async fn what_every_door_makes_is_read_through_every_other() {
    let mut golden: Vec<String> = vec![String::new(); Kind::ALL.len()];
    for maker in 0..DOORS {
        let (service, of) = Service::made_by(maker).await;
        assert_eq!(service.doors.len(), DOORS);
        let mask = Mask::of(&*service.view().await, of);
        let made_by = service.doors[maker].name();
        for (kind, golden) in Kind::ALL.into_iter().zip(&mut golden) {
            for reader in &service.doors {
                writeln!(golden, "== made by {made_by}, read by {}", reader.name()).unwrap();
                tell(&service, &**reader, kind, of, &mask, golden).await;
            }
        }
    }
    for (kind, golden) in Kind::ALL.into_iter().zip(golden) {
        let name = format!("{kind:?}").to_lowercase();
        insta::with_settings!({ prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, golden);
        });
    }
}

/// What is stored that a caller can set.
async fn stored(service: &Service) -> (GroupSpec, Option<ConfigSpec>, Parts) {
    let view = service.view().await;
    let config = view.config.as_ref().map(|config| config.spec.clone());
    let mut parts = view.parts.clone();
    for policy in parts.policies.values_mut() {
        // How far its alarms have been looked at is no setting.
        *policy = Arc::new(Policy {
            watch: Watch::default(),
            ..(**policy).clone()
        });
    }
    (view.group.spec.clone(), config, parts)
}

/// Writes back everything of a kind that a door shows, one after the other; what was refused or changed, and how much was
/// written.
pub(crate) async fn write_back(
    service: &Service,
    writer: usize,
    kind: Kind,
    of: Of,
) -> (Vec<String>, usize) {
    let door = &service.doors[writer];
    let list: Vec<Value> = service.shown(&**door, kind, of).await.unwrap_or_default();
    let (mut wrong, mut written) = (Vec::new(), 0);
    for one in &list {
        let Some(request) = door.write_back(kind, of, one) else {
            continue;
        };
        let before = stored(service).await;
        let answer = service.try_send(&**door, request).await;
        wrong.extend(answer.err());
        service.runtime.settle().await;
        let after = stored(service).await;
        if before != after {
            wrong.push(format!("{one}\nbefore {before:?}\nafter  {after:?}"));
        }
        written += 1;
    }
    (wrong, written)
}

#[tokio::test]
async fn what_a_door_shows_can_be_written_back_and_changes_nothing() {
    let mut all = Vec::new();
    for maker in 0..DOORS {
        let (service, of) = Service::made_by(maker).await;
        let made_by = service.doors[maker].name();
        let mut total = 0;
        for kind in Kind::ALL {
            for writer in 0..DOORS {
                let by = service.doors[writer].name();
                let (wrong, written) = write_back(&service, writer, kind, of).await;
                total += written;
                let told = |wrong| format!("{kind:?} of {made_by} written back by {by}: {wrong}");
                all.extend(wrong.into_iter().map(told));
            }
        }
        assert!(total > 9, "{made_by}: {total}");
    }
    assert!(all.is_empty(), "{}", all.join("\n\n"));
}

#[tokio::test]
async fn a_scheduled_action_that_one_door_pauses_stays_paused_through_the_others() {
    let (service, of) = Service::made_by(0).await;
    let task = service.view().await.tasks()[0].clone();
    let as_policy = PolicyId::new(task.id.key()).uuid();
    let door = service.doors.iter().find(|door| door.name() == "huawei");
    let door = &**door.unwrap();
    let said = |action: &str| {
        let path = format!("scaling_policy/{as_policy}/action");
        post(&path, &json!({ "action": action }))
    };
    service.send(door, said("pause")).await;
    for writer in 0..DOORS {
        write_back(&service, writer, Kind::Schedule, of).await;
    }
    let enabled = service.view().await.parts.schedules[&task.id].enabled;
    assert!(!enabled, "it was switched on again");
    service.send(door, said("resume")).await;
    assert!(service.view().await.parts.schedules[&task.id].enabled);
    // By hand, it sets the sizes now.
    service.send(door, said("execute")).await;
    let size = service.view().await.group.spec.size;
    assert_eq!(Some(size.desired), task.desired);
    assert_eq!((size.min, size.max), (task.min, task.max));
}
