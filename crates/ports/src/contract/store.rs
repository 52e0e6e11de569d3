//! What every store has to keep.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use muster_model::{
    AccountId, Activity, ActivityId, ActivityStatus, ConfigId, Group, GroupId, HookId, Ids,
    InstanceId, NotificationTarget, Part, PartId, PolicyId, TopicId,
};

use super::{Case, history, ok, put, records, sample, some};
use crate::{Guard, Row, SavedEvent, Store, StoreError};

/// All cases, by name. Each wants a fresh store.
pub const CASES: &[Case<dyn Store>] = &[
    ("a fresh store is empty", |s| Box::pin(empty(s))),
    ("what is written is read, whole", |s| {
        Box::pin(async move {
            fill(s).await;
            check_filled(s).await;
        })
    }),
    ("guards hold or nothing is written", |s| Box::pin(guards(s))),
    ("a commit is all or nothing", |s| {
        Box::pin(all_or_nothing(s))
    }),
    ("keys are unique over all kinds", |s| {
        Box::pin(keys_are_unique(s))
    }),
    ("a deleted group takes its parts with it", |s| {
        Box::pin(group_goes(s))
    }),
    ("versions of configurations stay while used", |s| {
        Box::pin(config_versions(s))
    }),
    ("of writers of one version one wins", |s| Box::pin(race(s))),
    ("many writers all get through", |s| {
        Box::pin(many_writers(s))
    }),
    ("records come, change and go", |s| {
        Box::pin(records::come_and_go(s))
    }),
    ("filters of activities", |s| Box::pin(history::filters(s))),
    ("pages and order of activities", |s| {
        Box::pin(history::pages(s))
    }),
    ("old activities are swept", |s| Box::pin(history::sweep(s))),
    ("events are numbered in order", |s| Box::pin(events(s))),
    ("old events are swept", |s| {
        Box::pin(history::sweep_events(s))
    }),
    ("settings are set and deleted", |s| Box::pin(settings(s))),
];

/// The ids of the rows that [`fill`] writes.
struct Names {
    account: AccountId,
    other: AccountId,
    config: ConfigId,
    group: GroupId,
    members: [InstanceId; 2],
    running: ActivityId,
    last: ActivityId,
    hook: HookId,
    policy: PolicyId,
    topic: TopicId,
}

fn names() -> Names {
    let mut ids = Ids::new(1);
    Names {
        account: ids.next_id(),
        other: ids.next_id(),
        config: ids.next_id(),
        group: ids.next_id(),
        members: [ids.next_id(), ids.next_id()],
        running: ids.next_id(),
        last: ids.next_id(),
        hook: ids.next_id(),
        policy: ids.next_id(),
        topic: ids.next_id(),
    }
}

fn filled_group(names: &Names) -> Group {
    Group {
        busy: Some(names.running),
        last_activity: Some(names.last),
        ..sample::group(names.group, names.account, 1)
    }
}

/// Writes one row of each kind. What it wrote is checked by [`check_filled`], also after a reopening or a kill.
pub async fn fill(store: &dyn Store) {
    let names = names();
    let group = filled_group(&names);
    let activity =
        |id, status| Arc::new(sample::activity(id, &group, status, 2000)) as Arc<Activity>;
    let rows = vec![
        Row::Account(sample::account(names.account, 1)),
        Row::Account(sample::account(names.other, 5)),
        Row::AccessKey(sample::access_key(names.account, "AKIDkept")),
        Row::AccessKey(sample::access_key(names.account, "AKIDgone")),
        Row::Config(sample::config(names.config, names.account, 1)),
        Row::Config(sample::config(names.config, names.account, 2)),
        Row::Group(Arc::new(group.clone())),
        Row::Instance(Arc::new(sample::instance(
            names.members[0],
            &group,
            Some((names.config, 1)),
        ))),
        Row::Instance(Arc::new(sample::instance(names.members[1], &group, None))),
        Row::Activity(Arc::new(sample::full_activity(
            names.running,
            &group,
            names.members[0],
        ))),
        Row::Activity(activity(names.last, ActivityStatus::Cancelled)),
        Row::Part(sample::hook(names.hook, &group)),
        Row::Part(sample::policy(names.policy, &group)),
        Row::Record(sample::topic(names.topic, names.account, 1)),
        Row::Record(sample::topic(names.topic, names.account, 2)),
        Row::Event(sample::event(group.id, "first")),
        Row::Setting {
            name: "clock".to_owned(),
            value: Some("42".to_owned()),
        },
    ];
    ok(
        put(store, vec![Guard::NoGroup(group.id)], rows).await,
        "fill",
    );
    let gone = vec![Row::NoAccessKey("AKIDgone".to_owned())];
    ok(put(store, Vec::new(), gone).await, "delete a key");
}

/// That a store holds what [`fill`] wrote, to the last field.
pub async fn check_filled(store: &dyn Store) {
    let names = names();
    let group = filled_group(&names);
    let accounts = vec![
        sample::account(names.account, 1),
        sample::account(names.other, 5),
    ];
    assert_eq!(
        ok(store.accounts().await, "accounts"),
        by_id(accounts, |a| a.id)
    );
    let keys = vec![sample::access_key(names.account, "AKIDkept")];
    assert_eq!(ok(store.access_keys().await, "keys"), keys);
    let configs = vec![sample::config(names.config, names.account, 2)];
    assert_eq!(ok(store.configs().await, "configs"), configs);
    for version in [1, 2] {
        let spec = ok(store.config_version(names.config, version).await, "version");
        let expected = sample::config(names.config, names.account, version);
        assert_eq!(some(spec, "a version").as_ref(), &expected.spec);
    }
    let topics = vec![sample::topic(names.topic, names.account, 2)];
    assert_eq!(ok(store.records().await, "records"), topics);
    let rows = some(ok(store.group(group.id).await, "group"), "the group");
    assert_eq!(*rows.group, group);
    let members = vec![
        sample::instance(names.members[0], &group, Some((names.config, 1))),
        sample::instance(names.members[1], &group, None),
    ];
    let read: Vec<_> = rows.instances.iter().map(|i| (**i).clone()).collect();
    assert_eq!(by_id(read, |i| i.id), by_id(members, |i| i.id));
    let running = sample::full_activity(names.running, &group, names.members[0]);
    let last = sample::activity(names.last, &group, ActivityStatus::Cancelled, 2000);
    let read: Vec<_> = rows.activities.iter().map(|a| (**a).clone()).collect();
    assert_eq!(
        by_id(read, |a| a.id),
        by_id(vec![running.clone(), last], |a| a.id)
    );
    let parts = vec![
        sample::hook(names.hook, &group),
        sample::policy(names.policy, &group),
    ];
    assert_eq!(by_id(rows.parts.clone(), Part::id), by_id(parts, Part::id));
    let one = ok(store.activity(names.running).await, "activity");
    assert_eq!(one.as_deref(), Some(&running));
    // The cancelled one is newer.
    let newest = ok(store.last_uncancelled(group.id).await, "last");
    assert_eq!(newest.as_deref(), Some(&running));
    let all = ok(store.groups().await, "groups");
    assert_eq!(all.len(), 1);
    let ids = |rows: &crate::GroupRows| {
        let members: BTreeSet<InstanceId> = rows.instances.iter().map(|i| i.id).collect();
        let activities: BTreeSet<ActivityId> = rows.activities.iter().map(|a| a.id).collect();
        (
            Arc::clone(&rows.group),
            members,
            activities,
            by_id(rows.parts.clone(), Part::id),
        )
    };
    assert_eq!(
        ids(&all[0]),
        ids(&rows),
        "all groups at once, and one by one"
    );
    let events = ok(store.events(0, 10).await, "events");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event, sample::event(group.id, "first"));
    let clock = ok(store.setting("clock").await, "setting");
    assert_eq!(clock.as_deref(), Some("42"));
}

fn by_id<T, K: Ord>(mut rows: Vec<T>, id: impl Fn(&T) -> K) -> Vec<T> {
    rows.sort_by_key(|row| id(row));
    rows
}

async fn empty(store: &dyn Store) {
    let names = names();
    assert_eq!(ok(store.accounts().await, "accounts"), []);
    assert_eq!(ok(store.access_keys().await, "keys"), []);
    assert_eq!(ok(store.configs().await, "configs"), []);
    assert_eq!(ok(store.records().await, "records"), []);
    assert_eq!(ok(store.groups().await, "groups"), []);
    assert_eq!(ok(store.group(names.group).await, "group"), None);
    assert_eq!(
        ok(store.config_version(names.config, 1).await, "version"),
        None
    );
    assert_eq!(ok(store.activity(names.last).await, "activity"), None);
    assert_eq!(ok(store.last_uncancelled(names.group).await, "last"), None);
    assert_eq!(ok(store.events(0, 10).await, "events"), []);
    assert_eq!(ok(store.setting("clock").await, "setting"), None);
}

/// Each kind of guard, kept and broken.
async fn guards(store: &dyn Store) {
    fill(store).await;
    let names = names();
    let unknown: GroupId = Ids::new(99).next_id();
    let kept = [
        Guard::Group(names.group, 1),
        Guard::NoGroup(unknown),
        Guard::Config(names.config, 2),
        Guard::Account(names.other, 5),
    ];
    let broken = [
        Guard::Group(names.group, 2),
        Guard::Group(unknown, 1),
        Guard::NoGroup(names.group),
        Guard::Config(names.config, 1),
        Guard::Account(names.other, 4),
    ];
    let row = |value: &str| Row::Setting {
        name: "guarded".to_owned(),
        value: Some(value.to_owned()),
    };
    ok(
        put(store, kept.to_vec(), vec![row("kept")]).await,
        "guards that hold",
    );
    for guard in broken {
        let name = format!("{guard:?}");
        let guards = vec![kept[0].clone(), guard];
        let refused = put(store, guards, vec![row("broken")]).await;
        assert_eq!(refused, Err(StoreError::Conflict), "{name}");
    }
    let value = ok(store.setting("guarded").await, "setting");
    assert_eq!(value.as_deref(), Some("kept"));
}

/// A row that cannot be written takes the ones before it back.
async fn all_or_nothing(store: &dyn Store) {
    fill(store).await;
    let names = names();
    let taken = InstanceId::new(names.config.key());
    let group = filled_group(&names);
    let rows = vec![
        Row::Group(Arc::new(Group {
            version: 2,
            ..group.clone()
        })),
        Row::NoInstance(names.members[0]),
        Row::Event(sample::event(group.id, "never")),
        Row::Instance(Arc::new(sample::instance(taken, &group, None))),
    ];
    let refused = put(store, vec![Guard::Group(group.id, 1)], rows).await;
    assert_eq!(refused, Err(StoreError::Conflict));
    check_filled(store).await;
}

/// One 41-bit key space: no resource may share its key with one of another kind or of another owner.
async fn keys_are_unique(store: &dyn Store) {
    fill(store).await;
    let names = names();
    let other = sample::group(Ids::new(50).next_id(), names.account, 1);
    ok(
        put(store, Vec::new(), vec![Row::Group(Arc::new(other.clone()))]).await,
        "a second group",
    );
    let group = filled_group(&names);
    let moved =
        |group: &Group| Row::Instance(Arc::new(sample::instance(names.members[0], group, None)));
    let refused = [
        ("an instance of another group", moved(&other)),
        (
            "a configuration under an instance's key",
            Row::Config(sample::config(
                ConfigId::new(names.members[0].key()),
                names.account,
                1,
            )),
        ),
        (
            "a group of another account",
            Row::Group(Arc::new(sample::group(names.group, names.other, 2))),
        ),
        (
            "an activity under a hook's key",
            Row::Activity(Arc::new(sample::activity(
                ActivityId::new(names.hook.key()),
                &group,
                ActivityStatus::Running,
                1,
            ))),
        ),
    ];
    for (what, row) in refused {
        assert_eq!(
            put(store, Vec::new(), vec![row]).await,
            Err(StoreError::Conflict),
            "{what}"
        );
    }
    ok(
        put(store, Vec::new(), vec![Row::NoInstance(names.members[0])]).await,
        "free a key",
    );
    ok(
        put(store, Vec::new(), vec![moved(&other)]).await,
        "a freed key",
    );
}

async fn group_goes(store: &dyn Store) {
    fill(store).await;
    let names = names();
    let delete = vec![Row::NoGroup(names.group)];
    ok(
        put(store, vec![Guard::Group(names.group, 1)], delete).await,
        "delete",
    );
    assert_eq!(ok(store.group(names.group).await, "group"), None);
    assert_eq!(ok(store.groups().await, "groups"), []);
    let activity = ok(store.activity(names.running).await, "activity");
    assert!(activity.is_some(), "activities outlive their group");
    // Nothing of it is left behind: made anew, it is empty, and the keys of its parts are free.
    let again = sample::group(names.group, names.account, 1);
    ok(
        put(
            store,
            vec![Guard::NoGroup(again.id)],
            vec![Row::Group(Arc::new(again.clone()))],
        )
        .await,
        "again",
    );
    let rows = some(ok(store.group(again.id).await, "group"), "the group");
    assert!(rows.instances.is_empty() && rows.parts.is_empty());
    let other = sample::group(Ids::new(51).next_id(), names.account, 1);
    let reused = vec![
        Row::Group(Arc::new(other.clone())),
        Row::Instance(Arc::new(sample::instance(names.members[0], &other, None))),
        Row::Part(sample::hook(names.hook, &other)),
        Row::Part(sample::policy(names.policy, &other)),
    ];
    ok(put(store, Vec::new(), reused).await, "freed keys");
    // A part that goes frees its key as well.
    let gone = vec![Row::NoPart(PartId::Hook(names.hook))];
    ok(put(store, Vec::new(), gone).await, "a part goes");
    let rows = some(ok(store.group(other.id).await, "group"), "the group");
    assert_eq!(rows.parts, [sample::policy(names.policy, &other)]);
    let reused = vec![Row::Part(sample::hook(names.hook, &again))];
    ok(put(store, Vec::new(), reused).await, "a freed key");
}

async fn config_versions(store: &dyn Store) {
    fill(store).await;
    let names = names();
    let delete = vec![Row::NoConfig(names.config)];
    ok(
        put(store, vec![Guard::Config(names.config, 2)], delete).await,
        "delete",
    );
    assert_eq!(ok(store.configs().await, "configs"), []);
    let used = ok(store.config_version(names.config, 1).await, "used version");
    assert!(used.is_some(), "an instance was made from version 1");
    let unused = ok(
        store.config_version(names.config, 2).await,
        "unused version",
    );
    assert_eq!(unused, None);
}

/// Ten writers that all read version 1: one wins, nine are told.
async fn race(store: &dyn Store) {
    fill(store).await;
    let names = names();
    let group = filled_group(&names);
    let write = |n: u32| {
        let next = Group {
            version: 2,
            next_name_index: n,
            ..group.clone()
        };
        put(
            store,
            vec![Guard::Group(group.id, 1)],
            vec![Row::Group(Arc::new(next))],
        )
    };
    let results = join_all((0..10).map(write)).await;
    let won: Vec<usize> = (0..10).filter(|n| results[*n].is_ok()).collect();
    assert_eq!(won.len(), 1, "{results:?}");
    assert!(
        results
            .iter()
            .all(|r| matches!(r, Ok(()) | Err(StoreError::Conflict))),
        "{results:?}"
    );
    let rows = some(ok(store.group(group.id).await, "group"), "the group");
    assert_eq!(
        usize::try_from(rows.group.next_name_index).ok(),
        won.first().copied()
    );
}

async fn many_writers(store: &dyn Store) {
    fill(store).await;
    let names = names();
    let mut ids = Ids::new(52);
    let groups: Vec<Arc<Group>> = (0..200)
        .map(|_| Arc::new(sample::group(ids.next_id(), names.account, 1)))
        .collect();
    let writes = groups.iter().map(|group| {
        put(
            store,
            vec![Guard::NoGroup(group.id)],
            vec![Row::Group(Arc::clone(group))],
        )
    });
    for result in join_all(writes).await {
        ok(result, "one of many");
    }
    let mut expected: BTreeSet<GroupId> = groups.iter().map(|group| group.id).collect();
    expected.insert(names.group);
    let read: Vec<GroupId> = ok(store.groups().await, "groups")
        .iter()
        .map(|r| r.group.id)
        .collect();
    assert_eq!(
        read,
        expected.into_iter().collect::<Vec<_>>(),
        "in the order of their ids"
    );
}

async fn events(store: &dyn Store) {
    let mut ids = Ids::new(70);
    let (group, other): (GroupId, GroupId) = (ids.next_id(), ids.next_id());
    assert_eq!(ok(store.newest_event().await, "newest"), 0);
    for number in 0..5 {
        let row = Row::Event(sample::event(group, &number.to_string()));
        ok(put(store, Vec::new(), vec![row]).await, "event");
    }
    let all = ok(store.events(0, 100).await, "events");
    let words = |saved: &SavedEvent| saved.event.to.as_ref().map(NotificationTarget::words);
    let targets: Vec<String> = all.iter().filter_map(words).collect();
    assert_eq!(targets, ["0", "1", "2", "3", "4"]);
    assert!(all.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    let some_of = ok(store.events(all[1].seq, 2).await, "events");
    assert_eq!(some_of, all[2..4]);
    let row = Row::Event(sample::event(other, "5"));
    ok(put(store, Vec::new(), vec![row]).await, "event");
    let newest = ok(store.newest_event().await, "newest");
    let after = all[3].seq;
    let of_one = ok(store.group_events(group, after, 9).await, "of one group");
    assert_eq!(of_one, all[4..]);
    let of_other = ok(store.group_events(other, after, 9).await, "of the other");
    assert_eq!(of_other.len(), 1);
    assert_eq!(of_other[0].seq, newest);
}

async fn settings(store: &dyn Store) {
    for value in [Some("1"), Some("2"), None, None] {
        let row = Row::Setting {
            name: "a".to_owned(),
            value: value.map(str::to_owned),
        };
        ok(put(store, Vec::new(), vec![row]).await, "set");
        assert_eq!(ok(store.setting("a").await, "get").as_deref(), value);
    }
}
