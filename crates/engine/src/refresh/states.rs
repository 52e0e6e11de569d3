//! Where a refresh stands: the one transition function.

use muster_model::RefreshStatus;
use muster_model::RefreshStatus::{
    AutoPause, Cancelled, Failed, FailedPause, Init, ManualPause, Running, Successful,
};

/// Something that happens to a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// It begins.
    Begin,
    /// Its pause policy stops it.
    PauseByPolicy,
    /// Somebody stops it.
    PauseByHand,
    /// A failure stops it.
    PauseByFailure,
    /// It goes on.
    Resume,
    /// It is given up.
    Cancel,
    /// It is given up for a roll-back.
    GiveUp,
    /// All is done.
    Finish,
}

/// All states, in the order of [`RefreshStatus`].
pub const STATES: [RefreshStatus; 8] = [
    Init,
    Running,
    Successful,
    FailedPause,
    AutoPause,
    ManualPause,
    Cancelled,
    Failed,
];

/// All events.
pub const EVENTS: [Event; 8] = [
    Event::Begin,
    Event::PauseByPolicy,
    Event::PauseByHand,
    Event::PauseByFailure,
    Event::Resume,
    Event::Cancel,
    Event::GiveUp,
    Event::Finish,
];

/// The transition function; `None`: the event cannot happen in this state.
#[must_use]
pub fn next(status: RefreshStatus, event: Event) -> Option<RefreshStatus> {
    Some(match (status, event) {
        (Init, Event::Begin) => Running,
        (Running, Event::PauseByPolicy) => AutoPause,
        (Init | Running, Event::PauseByHand) => ManualPause,
        // What was running when somebody stopped it may still fail.
        (Running | ManualPause, Event::PauseByFailure) => FailedPause,
        (FailedPause | AutoPause | ManualPause, Event::Resume) => Running,
        (Running | FailedPause | AutoPause | ManualPause, Event::Cancel) => Cancelled,
        (Running | ManualPause, Event::GiveUp) => Failed,
        (Running, Event::Finish) => Successful,
        (_, _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let mut text = String::new();
        for status in STATES {
            text.push_str(&format!("{status:?}\n"));
            for event in EVENTS {
                if let Some(to) = next(status, event) {
                    text.push_str(&format!("  {event:?} -> {to:?}\n"));
                    assert!(!status.is_ended(), "what has ended stays");
                }
            }
        }
        insta::assert_snapshot!(text);
    }
}
