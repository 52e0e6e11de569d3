//! The last evaluations of a group, for `explain`: bounded by count and bytes, those that say the same counted together.

use std::collections::VecDeque;

use muster_model::{GroupView, Time};

use crate::{PlannedCall, Record};

/// Evaluations kept.
const KEPT: usize = 64;

/// Bytes of text that they take at the most, about; the newest is kept whatever it takes.
const KEPT_BYTES: usize = 32 * 1024;

/// Calls of an evaluation that are kept.
const CALLS: usize = 64;

/// Evaluations that said the same, one after another.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// What they said; the time is that of the newest.
    pub record: Record,
    /// When the first was.
    pub first_at: Time,
    /// How many.
    pub count: u64,
    /// What made the newest happen: `turn`, or the name of a command.
    pub trigger: &'static str,
    /// What was asked of the back end.
    pub calls: Vec<String>,
    /// The desired number before it.
    pub desired: u32,
    /// Members before it.
    pub members: usize,
    bytes: usize,
}

/// The last evaluations of a group, the newest last.
#[derive(Debug, Default)]
pub struct Ring {
    kept: VecDeque<Evaluation>,
    bytes: usize,
}

impl Ring {
    /// Keeps what an evaluation of `view` says. One that changed and asked for nothing, and says the same as the last, is
    /// counted with it.
    pub fn keep(
        &mut self,
        record: Record,
        trigger: &'static str,
        view: &GroupView,
        calls: &[PlannedCall],
    ) {
        if let Some(last) = self.kept.back_mut()
            && calls.is_empty()
            && last.calls.is_empty()
            && last.record.decision.is_nothing()
            && last.record.says_as(&record)
        {
            last.count += 1;
            last.record.at = record.at;
            last.trigger = trigger;
            return;
        }
        let shown = calls.iter().take(CALLS);
        let calls: Vec<String> = shown
            .map(|call| format!("{} {}", call.kind.name(), call.owner.instance))
            .collect();
        let bytes = record.bytes() + calls.iter().map(String::len).sum::<usize>();
        self.bytes += bytes;
        self.kept.push_back(Evaluation {
            first_at: record.at,
            count: 1,
            trigger,
            desired: view.group.spec.size.desired,
            members: view.instances.len(),
            record,
            calls,
            bytes,
        });
        while self.kept.len() > 1 && (self.kept.len() > KEPT || self.bytes > KEPT_BYTES) {
            self.bytes -= self.kept.pop_front().map_or(0, |oldest| oldest.bytes);
        }
    }

    /// The evaluations, the newest last.
    pub fn iter(&self) -> impl Iterator<Item = &Evaluation> {
        self.kept.iter()
    }
}
