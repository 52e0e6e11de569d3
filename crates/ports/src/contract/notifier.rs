//! What every notifier has to keep. A test brings the notifier together with a receiver that it can look into.

use async_trait::async_trait;
use muster_model::Ids;
use serde_json::Value;

use super::{Case, ok, sample};
use crate::{Notifier, NotifyError, SavedEvent};

/// What a receiver does with the messages that come from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It takes them.
    Accepting,
    /// It refuses them, for good.
    Refusing,
    /// It has trouble of its own.
    Failing,
    /// It takes them, but its answer is lost.
    Silent,
}

/// A notifier with its receiver.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// The notifier.
    fn notifier(&self) -> &dyn Notifier;

    /// Changes what the receiver does.
    fn mood(&self, mood: Mood);

    /// Numbers and bodies of all that has arrived, in order.
    async fn arrived(&self) -> Vec<(u64, Value)>;
}

/// All cases, by name. Each wants a receiver that has nothing and accepts.
pub const CASES: &[Case<dyn Inbox>] = &[
    ("a message arrives whole, with its number", |i| {
        Box::pin(whole(i))
    }),
    ("messages arrive in the order in which they are sent", |i| {
        Box::pin(order(i))
    }),
    ("one that is sent again has the same number", |i| {
        Box::pin(again(i))
    }),
    ("what is refused or fails has not arrived", |i| {
        Box::pin(refused(i))
    }),
    ("a lost answer is no success", |i| Box::pin(silent(i))),
];

fn message(seq: u64) -> SavedEvent {
    let group = Ids::new(90).next_id();
    SavedEvent {
        seq,
        event: sample::event(group, "1678"),
    }
}

async fn whole(inbox: &dyn Inbox) {
    let message = message(7);
    ok(inbox.notifier().deliver(&message).await, "deliver");
    assert_eq!(inbox.arrived().await, [(7, message.event.body)]);
}

async fn order(inbox: &dyn Inbox) {
    for seq in 1..=5 {
        ok(inbox.notifier().deliver(&message(seq)).await, "deliver");
    }
    let arrived = inbox.arrived().await;
    let numbers: Vec<u64> = arrived.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
}

async fn again(inbox: &dyn Inbox) {
    for _ in 0..2 {
        ok(inbox.notifier().deliver(&message(3)).await, "deliver");
    }
    let arrived = inbox.arrived().await;
    // A receiver may know the number and keep one.
    assert!(!arrived.is_empty() && arrived.iter().all(|(seq, _)| *seq == 3));
}

async fn refused(inbox: &dyn Inbox) {
    inbox.mood(Mood::Refusing);
    let refused = inbox.notifier().deliver(&message(1)).await;
    assert!(
        matches!(refused, Err(NotifyError::Refused(_))),
        "{refused:?}"
    );
    inbox.mood(Mood::Failing);
    let failed = inbox.notifier().deliver(&message(1)).await;
    assert!(matches!(failed, Err(NotifyError::Failed(_))), "{failed:?}");
    assert_eq!(inbox.arrived().await, []);
    inbox.mood(Mood::Accepting);
    ok(inbox.notifier().deliver(&message(1)).await, "a later try");
    assert_eq!(inbox.arrived().await.len(), 1);
}

async fn silent(inbox: &dyn Inbox) {
    inbox.mood(Mood::Silent);
    let silent = inbox.notifier().deliver(&message(1)).await;
    assert!(matches!(silent, Err(NotifyError::Unknown(_))), "{silent:?}");
}
