//! Messages under `/_muster/v1/`: all of them under emulation, and the queues that are built in.

use muster_kit::http::Head;
use muster_model::{EventKind, NotificationTarget};
use muster_ports::{Credential, SavedEvent};
use serde_json::{Value, json};

use crate::native::{Native, Outcome, Refusal, bad, internal, not_found};

/// Messages in one answer, and those that are looked at for it.
const MESSAGES: usize = 1000;

/// The number in the query after which messages are wanted.
fn after(head: &Head) -> Result<u64, Refusal> {
    let pairs = head.raw_query.split('&');
    let after = pairs
        .filter_map(|pair| pair.strip_prefix("after="))
        .next()
        .unwrap_or("0");
    after
        .parse()
        .map_err(|_| bad(format!("after `{after}` is not a number")))
}

fn message_json(saved: &SavedEvent) -> Value {
    let event = &saved.event;
    let target = event.to.as_ref().map(NotificationTarget::words);
    json!({
        "seq": saved.seq,
        "kind": match event.kind {
            EventKind::Notification => "notification",
            EventKind::Hook => "hook",
            EventKind::Published => "published",
            EventKind::Delivery => "delivery",
        },
        "target": target.unwrap_or_default(),
        "body": event.body,
    })
}

impl Native {
    /// Every message, in order. On their ways to endpoints they are the same messages, and not told again.
    pub(crate) async fn messages(&self, head: &Head) -> Outcome {
        let mut after = after(head)?;
        loop {
            let events = self.store.events(after, MESSAGES).await;
            let events = events.map_err(internal)?;
            let told = events
                .iter()
                .filter(|saved| saved.event.kind != EventKind::Delivery);
            let messages: Vec<Value> = told.map(message_json).collect();
            match events.last() {
                // Nothing to tell so far, and more to come.
                Some(last) if messages.is_empty() && events.len() == MESSAGES => after = last.seq,
                Some(_) | None => return Ok(json!({ "messages": messages })),
            }
        }
    }

    /// The caller's messages in a queue. One that is asked for after `next` gets what has come since.
    pub(crate) async fn queue(&self, name: &str, head: &Head, caller: &Credential) -> Outcome {
        let queue = self.queues.iter().find(|queue| queue.name == name);
        let queue = queue.ok_or_else(|| not_found(&format!("the queue `{name}`")))?;
        let after = after(head)?;
        let events = self.store.events(after, MESSAGES).await;
        let events = events.map_err(internal)?;
        let next = events.last().map_or(after, |saved| saved.seq);
        let own = |saved: &&SavedEvent| {
            // Accounts never see each other.
            saved.event.account == Some(caller.account) && queue.targets.take(&saved.event)
        };
        let messages: Vec<Value> = events.iter().filter(own).map(message_json).collect();
        Ok(json!({ "messages": messages, "next": next }))
    }
}
