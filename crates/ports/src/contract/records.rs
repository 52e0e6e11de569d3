//! What a store has to keep of records.

use muster_model::{AccountId, Ids, RecordId, TopicId};

use super::{ok, put, sample};
use crate::{Guard, Row, Store, StoreError};

pub(super) async fn come_and_go(store: &dyn Store) {
    let mut ids = Ids::new(2);
    let (own, other): (AccountId, AccountId) = (ids.next_id(), ids.next_id());
    let (first, second): (TopicId, TopicId) = (ids.next_id(), ids.next_id());
    let accounts = vec![
        Row::Account(sample::account(own, 1)),
        Row::Account(sample::account(other, 1)),
        Row::Record(sample::topic(first, own, 1)),
        Row::Record(sample::topic(second, other, 1)),
    ];
    ok(put(store, Vec::new(), accounts).await, "made");
    let guards = vec![Guard::Account(own, 1)];
    let rows = vec![Row::Record(sample::topic(first, own, 2))];
    ok(put(store, guards, rows).await, "changed");
    let mut there = vec![
        sample::topic(first, own, 2),
        sample::topic(second, other, 1),
    ];
    there.sort_by_key(|record| record.id().to_string());
    assert_eq!(ok(store.records().await, "records"), there, "by id");
    let taken = vec![Row::Record(sample::topic(first, other, 1))];
    assert_eq!(
        put(store, Vec::new(), taken).await,
        Err(StoreError::Conflict),
        "the key of another account"
    );
    let late = vec![Row::NoRecord(RecordId::Topic(first))];
    assert_eq!(
        put(store, vec![Guard::Account(own, 7)], late.clone()).await,
        Err(StoreError::Conflict)
    );
    ok(put(store, Vec::new(), late).await, "gone");
    let left = vec![sample::topic(second, other, 1)];
    assert_eq!(ok(store.records().await, "records"), left);
    let again = vec![Row::Record(sample::topic(first, other, 1))];
    ok(put(store, Vec::new(), again).await, "a freed key");
}
