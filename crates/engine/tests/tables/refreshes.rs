//! Instance refreshes.

use std::sync::Arc;

use muster_model::{
    AttemptCode, BatchPause, CallKind, Created, Error, GroupCommand, Lifecycle, OnFailure,
    RefreshCommand, RefreshId, RefreshMode, RefreshSettings, RefreshStatus, StepResult,
};

use crate::table::{Table, spec};

fn refresh_settings(batches: u32) -> RefreshSettings {
    RefreshSettings {
        batches,
        pause: BatchPause::Never,
        max_surge: 0,
        on_failure: OnFailure::Pause,
        check_target_health: false,
        target_health_timeout_secs: 1800,
    }
}

/// A group of five, at its maximum, with a refresh begun.
fn five(mode: RefreshMode, settings: RefreshSettings) -> (Table, RefreshId) {
    let mut t = Table::new(spec(0, 5, 5));
    t.settle();
    t.pass(60);
    t.text.clear();
    let start = RefreshCommand::Start { mode, settings };
    let created = t.command(GroupCommand::Refresh(start)).unwrap();
    let Created::Refresh(id) = created else {
        panic!("{created:?}");
    };
    (t, id)
}

#[test]
fn a_refresh_resets_batch_by_batch_and_gives_the_switch_back() {
    let (mut t, id) = five(RefreshMode::Reset, refresh_settings(3));
    assert!(!t.view.group.spec.enabled);
    assert!(matches!(
        t.command(GroupCommand::Enable),
        Err(Error::InRefresh { .. })
    ));
    t.settle();
    t.say("refreshed");
    assert_eq!(t.refresh(id).status, RefreshStatus::Successful);
    assert!(t.view.group.spec.enabled);
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_refresh_with_surge_replaces_within_the_declared_bound() {
    let settings = RefreshSettings {
        max_surge: 2,
        pause: BatchPause::AfterFirst,
        ..refresh_settings(2)
    };
    let (mut t, id) = five(RefreshMode::Replace, settings);
    let old = t.members();
    t.settle();
    t.say("paused after the first batch");
    assert_eq!(t.refresh(id).status, RefreshStatus::AutoPause);
    let resume = RefreshCommand::Resume { id, retry: true };
    t.command(GroupCommand::Refresh(resume)).unwrap();
    t.settle();
    t.say("replaced");
    assert_eq!(t.refresh(id).status, RefreshStatus::Successful);
    assert_eq!(t.view.instances.len(), 5);
    assert!(old.iter().all(|id| !t.view.instances.contains_key(id)));
    insta::assert_snapshot!(t.text);
}

/// Turns and answers; resets from the `good`-th on are refused.
fn reset_until(t: &mut Table, good: usize) {
    let done = std::cell::Cell::new(0);
    loop {
        t.turn();
        if t.calls.is_empty() {
            return;
        }
        t.answer(|table, call| {
            if matches!(call.kind, CallKind::Reset(_)) {
                done.set(done.get() + 1);
                if done.get() > good {
                    return StepResult::Refused {
                        code: AttemptCode::Failed,
                        message: "no such image".to_owned(),
                    };
                }
            }
            StepResult::Done(Some(Arc::new(table.machine(call.owner.instance))))
        });
    }
}

#[test]
fn a_failed_batch_pauses_and_can_be_tried_again_or_rolled_back() {
    let (mut t, id) = five(RefreshMode::Reset, refresh_settings(3));
    reset_until(&mut t, 3);
    t.say("the second batch failed in part");
    assert_eq!(t.refresh(id).status, RefreshStatus::FailedPause);
    let resume = RefreshCommand::Resume { id, retry: true };
    t.command(GroupCommand::Refresh(resume)).unwrap();
    reset_until(&mut t, 0);
    t.say("tried again, and it failed again");
    assert_eq!(t.refresh(id).status, RefreshStatus::FailedPause);
    let back = RefreshCommand::RollBack {
        origin: id,
        settings: refresh_settings(1),
    };
    let Ok(Created::Refresh(back)) = t.command(GroupCommand::Refresh(back)) else {
        panic!("no roll-back");
    };
    t.settle();
    t.say("rolled back");
    assert_eq!(t.refresh(back).status, RefreshStatus::Successful);
    let touched = &t.refresh(back).batches[0].instances;
    assert_eq!(touched.len(), 4, "those that were refreshed, or failed");
    for member in touched {
        let image = t.view.instances[&member.instance].config.as_ref().unwrap();
        assert_eq!(image.image.as_deref(), Some("img-1"));
    }
    let again = RefreshCommand::RollBack {
        origin: back,
        settings: refresh_settings(1),
    };
    assert!(matches!(
        t.command(GroupCommand::Refresh(again)),
        Err(Error::RollBackOfRollBack { .. })
    ));
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_failure_rolls_back_by_itself_one_at_a_time() {
    let settings = RefreshSettings {
        on_failure: OnFailure::RollBack,
        max_surge: 1,
        ..refresh_settings(5)
    };
    let (mut t, id) = five(RefreshMode::Reset, settings);
    reset_until(&mut t, 1);
    assert_eq!(t.refresh(id).status, RefreshStatus::Failed);
    let open = t.view.open_refresh().cloned().unwrap();
    assert_eq!((open.origin, open.batches.len()), (Some(id), 2));
    let resume = RefreshCommand::Resume {
        id: open.id,
        retry: true,
    };
    t.command(GroupCommand::Refresh(resume)).unwrap();
    t.settle();
    t.say("rolled back, the surge is gone");
    assert_eq!(t.refresh(open.id).status, RefreshStatus::Successful);
    assert_eq!(t.view.instances.len(), 5);
    assert!(t.view.group.spec.enabled);
    insta::assert_snapshot!(t.text);
}

#[test]
fn a_cancelled_refresh_takes_its_surge_away_and_leaves_failures_in_standby() {
    let settings = RefreshSettings {
        on_failure: OnFailure::Cancel,
        max_surge: 1,
        ..refresh_settings(5)
    };
    let (mut t, id) = five(RefreshMode::Reset, settings);
    reset_until(&mut t, 1);
    t.settle();
    assert_eq!(t.refresh(id).status, RefreshStatus::Cancelled);
    let standby = t.view.instances.values();
    let standby = standby.filter(|i| i.state == Lifecycle::Standby).count();
    assert_eq!(standby, 1);
    assert!(t.view.group.spec.enabled);
    for command in [
        RefreshCommand::Resume { id, retry: true },
        RefreshCommand::Stop { id },
        RefreshCommand::Cancel { id },
    ] {
        assert!(matches!(
            t.command(GroupCommand::Refresh(command)),
            Err(Error::RefreshStands { .. })
        ));
    }
}

#[test]
fn a_refresh_asks_for_what_can_be_done_only() {
    let mut t = Table::new(spec(0, 2, 5));
    let start = |settings| {
        GroupCommand::Refresh(RefreshCommand::Start {
            mode: RefreshMode::Reset,
            settings,
        })
    };
    assert!(matches!(
        t.command(start(refresh_settings(1))),
        Err(Error::Busy { .. })
    ));
    t.settle();
    for (settings, field) in [
        (refresh_settings(3), muster_model::Field::Batches),
        (
            RefreshSettings {
                max_surge: 2,
                ..refresh_settings(2)
            },
            muster_model::Field::MaxSurge,
        ),
    ] {
        match t.command(start(settings)) {
            Err(Error::Invalid { field: wrong, .. }) => assert_eq!(wrong, field),
            other => panic!("{other:?}"),
        }
    }
    t.command(start(refresh_settings(2))).unwrap();
    assert!(matches!(
        t.command(start(refresh_settings(2))),
        Err(Error::InRefresh { .. })
    ));
}
