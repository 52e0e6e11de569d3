//! Activities come newest first, also when several started in the same millisecond.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

use std::sync::Arc;

use muster_model::{
    Account, AccountId, Activity, ActivityFilter, ActivityId, ActivityKind, ActivityStatus,
    CooldownRule, GroupId, Ids, Page, Time, Trigger, TriggerKind,
};
use muster_ports::{Commit, Row, Store};
use muster_store::SqliteStore;

fn activity(id: ActivityId, group: GroupId, account: AccountId) -> Activity {
    Activity {
        id,
        group,
        account,
        kind: ActivityKind::ScaleOut,
        status: ActivityStatus::Successful,
        trigger: Trigger {
            kind: TriggerKind::Match,
            cooldown: CooldownRule::Ignore,
        },
        cause: String::new(),
        description: String::new(),
        status_message: String::new(),
        created_at: Time(5),
        started_at: Time(5),
        ended_at: Some(Time(6)),
        deadline: Time(7),
        wanted: 0,
        instances: Vec::new(),
        attempts: Vec::new(),
        sold_out: Vec::new(),
        size_before: 0,
        size_wanted: 0,
        hooks: Vec::new(),
    }
}

fn commit(store: &SqliteStore, row: Row) {
    let commit = Commit {
        guards: Vec::new(),
        rows: vec![row],
    };
    pollster::block_on(store.commit(commit)).unwrap();
}

#[test]
fn of_the_same_moment_the_later_written_is_the_newer() {
    let dir = tempfile::tempdir().unwrap();
    let mut ids = Ids::new(1);
    let (account, group): (AccountId, GroupId) = (ids.next_id(), ids.next_id());
    let written: Vec<ActivityId> = (0..20).map(|_| ids.next_id()).collect();
    let store = SqliteStore::open(dir.path()).unwrap();
    commit(
        &store,
        Row::Account(Arc::new(Account {
            id: account,
            name: "a".to_owned(),
            version: 1,
            created_at: Time(0),
        })),
    );
    for id in &written {
        commit(
            &store,
            Row::Activity(Arc::new(activity(*id, group, account))),
        );
    }
    // Written again, an activity keeps its place.
    commit(
        &store,
        Row::Activity(Arc::new(activity(written[0], group, account))),
    );
    drop(store);

    let store = SqliteStore::open(dir.path()).unwrap();
    let newest_first: Vec<ActivityId> = written.iter().rev().copied().collect();
    for filters in [vec![], vec![ActivityFilter::Groups(vec![group])]] {
        let page = Page {
            offset: 3,
            limit: 10,
        };
        let paged = pollster::block_on(store.activities(account, &filters, page)).unwrap();
        let shown: Vec<ActivityId> = paged.items.iter().map(|a| a.id).collect();
        assert_eq!(shown, newest_first[3..13]);
        assert_eq!(paged.total, 20);
    }
    let last = pollster::block_on(store.last_uncancelled(group)).unwrap();
    assert_eq!(last.map(|a| a.id), newest_first.first().copied());
}
