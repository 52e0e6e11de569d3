//! What every store has to keep of activities: filters, pages and order.

use std::sync::Arc;

use muster_model::{
    AccountId, Activity, ActivityFilter, ActivityId, ActivityKind, ActivityStatus, Group, Ids,
    Page, Time,
};

use super::{ok, put, sample};
use crate::{Row, Store};

/// Two groups with six activities each: one of each status, at seconds 0 to 5 (the second group: 100 to 105).
async fn history(store: &dyn Store) -> (AccountId, [Group; 2], Vec<Activity>) {
    let mut ids = Ids::new(60);
    let account: AccountId = ids.next_id();
    let groups: [Group; 2] = [1, 2].map(|_| sample::group(ids.next_id(), account, 1));
    let statuses = [
        ActivityStatus::Init,
        ActivityStatus::Running,
        ActivityStatus::Successful,
        ActivityStatus::PartiallySuccessful,
        ActivityStatus::Failed,
        ActivityStatus::Cancelled,
    ];
    let mut all = Vec::new();
    for (offset, group) in [0, 100_000].into_iter().zip(&groups) {
        for (at, status) in (0..).zip(statuses) {
            let kind = match at % 2 {
                0 => ActivityKind::ScaleOut,
                _ => ActivityKind::ScaleIn,
            };
            let activity = sample::activity(ids.next_id(), group, status, offset + at * 1000);
            all.push(Activity { kind, ..activity });
        }
    }
    let mut rows = vec![Row::Account(sample::account(account, 1))];
    rows.extend(
        groups
            .iter()
            .map(|group| Row::Group(Arc::new(group.clone()))),
    );
    rows.extend(
        all.iter()
            .map(|activity| Row::Activity(Arc::new(activity.clone()))),
    );
    ok(put(store, Vec::new(), rows).await, "history");
    (account, groups, all)
}

const ALL: Page = Page {
    offset: 0,
    limit: 100,
};

/// Every filter alone and all together, against the same conditions asked of the rows in memory.
pub(super) async fn filters(store: &dyn Store) {
    let (account, groups, mut all) = history(store).await;
    all.reverse();
    let sets: Vec<Vec<ActivityFilter>> = vec![
        vec![],
        vec![ActivityFilter::Ids(vec![all[3].id, all[7].id])],
        vec![ActivityFilter::Ids(vec![])],
        vec![ActivityFilter::Groups(vec![groups[1].id])],
        vec![ActivityFilter::Statuses(vec![
            ActivityStatus::Failed,
            ActivityStatus::Init,
        ])],
        vec![ActivityFilter::Kinds(vec![ActivityKind::ScaleIn])],
        vec![ActivityFilter::StartedFrom(Time(3000))],
        vec![ActivityFilter::EndedUntil(Time(4010))],
        vec![
            ActivityFilter::Groups(vec![groups[0].id]),
            ActivityFilter::Kinds(vec![ActivityKind::ScaleOut]),
            ActivityFilter::StartedFrom(Time(1000)),
        ],
    ];
    for set in sets {
        let expected: Vec<ActivityId> = all
            .iter()
            .filter(|a| set.iter().all(|f| holds(f, a)))
            .map(|a| a.id)
            .collect();
        let paged = ok(store.activities(account, &set, ALL).await, "activities");
        let read: Vec<ActivityId> = paged.items.iter().map(|a| a.id).collect();
        assert_eq!(read, expected, "{set:?}");
        assert_eq!(paged.total, expected.len(), "{set:?}");
    }
    let stranger: AccountId = Ids::new(61).next_id();
    let paged = ok(store.activities(stranger, &[], ALL).await, "activities");
    assert_eq!(
        (paged.total, paged.items.len()),
        (0, 0),
        "accounts never see each other"
    );
}

fn holds(filter: &ActivityFilter, activity: &Activity) -> bool {
    match filter {
        ActivityFilter::Ids(ids) => ids.contains(&activity.id),
        ActivityFilter::Groups(ids) => ids.contains(&activity.group),
        ActivityFilter::Statuses(statuses) => statuses.contains(&activity.status),
        ActivityFilter::Kinds(kinds) => kinds.contains(&activity.kind),
        ActivityFilter::StartedFrom(at) => activity.started_at >= *at,
        ActivityFilter::EndedUntil(at) => activity.ended_at.is_some_and(|ended| ended <= *at),
    }
}

/// Newest first; of one moment, the later written first, also when an earlier one is written again.
pub(super) async fn pages(store: &dyn Store) {
    let mut ids = Ids::new(62);
    let account: AccountId = ids.next_id();
    let group = sample::group(ids.next_id(), account, 1);
    let written: Vec<Activity> = (0..20)
        .map(|_| sample::activity(ids.next_id(), &group, ActivityStatus::Successful, 5))
        .collect();
    let rows = |from: &[Activity]| {
        from.iter()
            .map(|a| Row::Activity(Arc::new(a.clone())))
            .collect()
    };
    ok(
        put(store, Vec::new(), rows(&written[..12])).await,
        "one commit",
    );
    ok(
        put(store, Vec::new(), rows(&written[12..])).await,
        "another",
    );
    ok(
        put(store, Vec::new(), rows(&written[..1])).await,
        "the first again",
    );
    let newest_first: Vec<ActivityId> = written.iter().rev().map(|a| a.id).collect();
    for (offset, limit) in [(0, 20), (3, 10), (19, 5), (20, 5), (100, 5), (0, 0)] {
        let paged = ok(
            store.activities(account, &[], Page { offset, limit }).await,
            "page",
        );
        let read: Vec<ActivityId> = paged.items.iter().map(|a| a.id).collect();
        let expected: Vec<ActivityId> = newest_first
            .iter()
            .skip(offset)
            .take(limit)
            .copied()
            .collect();
        assert_eq!(
            (paged.total, read),
            (20, expected),
            "offset {offset}, limit {limit}"
        );
    }
    let last = ok(store.last_uncancelled(group.id).await, "last");
    assert_eq!(last.map(|a| a.id), newest_first.first().copied());
}

/// Old ended ones go, and their keys are free; running ones and the newest of a group that exists stay.
pub(super) async fn sweep(store: &dyn Store) {
    let (account, groups, all) = history(store).await;
    let group = Group {
        last_activity: Some(all[3].id),
        ..groups[0].clone()
    };
    let rows = vec![Row::Group(Arc::new(group)), Row::NoGroup(groups[1].id)];
    ok(put(store, Vec::new(), rows).await, "the newest one");
    // All of the first group's have ended by then, and none of the second's.
    let sweep = || put(store, Vec::new(), vec![Row::OldActivities(Time(50_000))]);
    let kept: Vec<ActivityId> = [11, 10, 9, 8, 7, 6, 3, 1, 0].map(|n| all[n].id).to_vec();
    for _ in 0..2 {
        ok(sweep().await, "sweep");
        let paged = ok(store.activities(account, &[], ALL).await, "activities");
        let read: Vec<ActivityId> = paged.items.iter().map(|a| a.id).collect();
        assert_eq!(read, kept);
    }
    let reused = Activity {
        group: groups[1].id,
        ..all[2].clone()
    };
    ok(
        put(store, Vec::new(), vec![Row::Activity(Arc::new(reused))]).await,
        "a freed key",
    );
    ok(
        put(store, Vec::new(), vec![Row::OldActivities(Time::NEVER)]).await,
        "sweep",
    );
    let paged = ok(store.activities(account, &[], ALL).await, "activities");
    let read: Vec<ActivityId> = paged.items.iter().map(|a| a.id).collect();
    assert_eq!(
        read,
        [7, 6, 3, 1, 0].map(|n| all[n].id),
        "running ones, and the newest of a group that exists"
    );
}

pub(super) async fn sweep_events(store: &dyn Store) {
    let group = Ids::new(71).next_id();
    for at in [1, 2, 9, 3] {
        let event = muster_model::Event {
            at: Time(at),
            ..sample::event(group, &at.to_string())
        };
        ok(put(store, Vec::new(), vec![Row::Event(event)]).await, "put");
    }
    let newest = ok(store.newest_event().await, "newest");
    for (before, left) in [(0, 4), (2, 3), (4, 2), (10, 0)] {
        let sweep = vec![Row::OldEvents(Time(before))];
        ok(put(store, Vec::new(), sweep).await, "sweep");
        assert_eq!(ok(store.events(0, 9).await, "events").len(), left);
    }
    let row = Row::Event(sample::event(group, "next"));
    ok(put(store, Vec::new(), vec![row]).await, "put");
    let next = ok(store.newest_event().await, "newest");
    assert!(next > newest, "no number is given twice");
}
