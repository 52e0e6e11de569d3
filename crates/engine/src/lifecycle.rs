//! The life-cycle of an instance: one transition function for every state and event.

use muster_model::Lifecycle;
use muster_model::Lifecycle::{
    AttachFailed, Attaching, AttachingBalancer, Creating, CreationFailed, DetachFailed, Detaching,
    DetachingBalancer, EnteringStandby, ExitingStandby, InService, LaunchingHook,
    ModifyingBalancer, Resetting, Standby, StartFailed, Starting, StopFailed, Stopped, Stopping,
    Terminating, TerminatingHook, TerminationFailed,
};

/// Something that happens to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Its machine is there (launched, attached, started, bound to its balancers, out of its hook): it serves.
    Serve,
    /// A launch hook holds it.
    HoldLaunch,
    /// It is being bound to balancers.
    Bind,
    /// A terminate hook holds it.
    HoldTerminate,
    /// It is being taken off balancers.
    Unbind,
    /// Its balancers change.
    Rebind,
    /// It never came to be, for certain.
    Refused,
    /// Destroy its machine.
    Terminate,
    /// Hand its machine back.
    Detach,
    /// It is gone, or handed back, for certain.
    Left,
    /// It would not leave; somebody goes on trying.
    Stuck,
    /// Start its machine.
    Start,
    /// Stop its machine.
    Stop,
    /// Reinstall its machine in place.
    Reset,
    /// Its machine is stopped.
    Halted,
    /// It would not start, stop or be reset.
    Failed,
    /// Take it out of load.
    EnterStandby,
    /// It is out of load.
    StoodBy,
    /// Take it into load again.
    ExitStandby,
}

/// What becomes of the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It goes on in this state.
    Is(Lifecycle),
    /// It is no member any more.
    Gone,
}

/// The event cannot happen in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Illegal {
    /// The state.
    pub state: Lifecycle,
    /// The event.
    pub event: Event,
}

/// All states, in the order of [`Lifecycle`].
pub const STATES: [Lifecycle; 23] = [
    Creating,
    CreationFailed,
    LaunchingHook,
    Attaching,
    AttachFailed,
    AttachingBalancer,
    InService,
    ModifyingBalancer,
    EnteringStandby,
    Standby,
    ExitingStandby,
    Starting,
    StartFailed,
    Stopping,
    StopFailed,
    Stopped,
    Resetting,
    TerminatingHook,
    DetachingBalancer,
    Terminating,
    TerminationFailed,
    Detaching,
    DetachFailed,
];

/// All events.
pub const EVENTS: [Event; 19] = [
    Event::Serve,
    Event::HoldLaunch,
    Event::Bind,
    Event::HoldTerminate,
    Event::Unbind,
    Event::Rebind,
    Event::Refused,
    Event::Terminate,
    Event::Detach,
    Event::Left,
    Event::Stuck,
    Event::Start,
    Event::Stop,
    Event::Reset,
    Event::Halted,
    Event::Failed,
    Event::EnterStandby,
    Event::StoodBy,
    Event::ExitStandby,
];

/// The transition function.
///
/// # Errors
/// The event cannot happen in this state; nothing changes.
pub fn next(state: Lifecycle, event: Event) -> Result<Next, Illegal> {
    let to = match (state, event) {
        (
            Creating | Attaching | LaunchingHook | AttachingBalancer | ModifyingBalancer | Starting
            | Resetting | ExitingStandby,
            Event::Serve,
        ) => InService,
        (Creating | Attaching | Starting | Resetting, Event::HoldLaunch) => LaunchingHook,
        (
            Creating | Attaching | LaunchingHook | Starting | Resetting | ExitingStandby,
            Event::Bind,
        ) => AttachingBalancer,
        (InService, Event::Rebind) => ModifyingBalancer,
        (Creating | Attaching, Event::Refused) => return Ok(Next::Gone),

        (InService | Standby | Stopped | StartFailed | StopFailed, Event::HoldTerminate) => {
            TerminatingHook
        }
        (
            LaunchingHook | AttachingBalancer | InService | ModifyingBalancer | EnteringStandby
            | Standby | ExitingStandby | Starting | StartFailed | Stopping | StopFailed | Stopped
            | Resetting | TerminatingHook,
            Event::Unbind,
        ) => DetachingBalancer,
        (Terminating | Detaching, Event::Terminate | Event::Detach) => {
            return Err(Illegal { state, event });
        }
        (_, Event::Terminate) => Terminating,
        (
            Attaching | InService | Standby | Stopped | StartFailed | StopFailed | TerminatingHook
            | DetachingBalancer | LaunchingHook | AttachingBalancer | ModifyingBalancer
            | AttachFailed | DetachFailed | TerminationFailed | Resetting,
            Event::Detach,
        ) => Detaching,
        (Terminating | TerminationFailed | Detaching | DetachFailed, Event::Left) => {
            return Ok(Next::Gone);
        }
        (Terminating, Event::Stuck) => TerminationFailed,
        (Detaching, Event::Stuck) => DetachFailed,

        (Stopped | StartFailed, Event::Start) => Starting,
        // From the first: for the warm pool.
        (Creating | InService | StopFailed | Standby | TerminatingHook, Event::Stop) => Stopping,
        (Stopping | Attaching, Event::Halted) => Stopped,
        (InService | Standby, Event::Reset) => Resetting,
        (Starting, Event::Failed) => StartFailed,
        (Resetting, Event::Failed) => Standby,
        (Stopping, Event::Failed) => StopFailed,

        (InService, Event::EnterStandby) => EnteringStandby,
        (EnteringStandby | AttachingBalancer, Event::StoodBy) => Standby,
        (Standby, Event::ExitStandby) => ExitingStandby,

        (_, _) => return Err(Illegal { state, event }),
    };
    Ok(Next::Is(to))
}

/// What a state means for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// On its way into service.
    Coming,
    /// In service.
    Serving,
    /// A member, out of service on purpose: not counted towards desired.
    Resting,
    /// On its way out.
    Leaving,
}

/// What a state means for counting.
#[must_use]
pub fn role(state: Lifecycle) -> Role {
    match state {
        Creating | LaunchingHook | Attaching | AttachingBalancer | ExitingStandby | Starting
        | Resetting => Role::Coming,
        InService | ModifyingBalancer => Role::Serving,
        EnteringStandby | Standby | StartFailed | Stopping | StopFailed | Stopped => Role::Resting,
        CreationFailed | AttachFailed | TerminatingHook | DetachingBalancer | Terminating
        | TerminationFailed | Detaching | DetachFailed => Role::Leaving,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as text: the documentation of the life-cycle, reviewed as a golden file.
    #[test]
    fn table() {
        let mut text = String::new();
        for state in STATES {
            text.push_str(&format!("{state:?} ({:?})\n", role(state)));
            for event in EVENTS {
                match next(state, event) {
                    Ok(Next::Is(to)) => text.push_str(&format!("  {event:?} -> {to:?}\n")),
                    Ok(Next::Gone) => text.push_str(&format!("  {event:?} -> gone\n")),
                    Err(Illegal { .. }) => {}
                }
            }
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn every_state_can_be_left() {
        for state in STATES {
            let mut reached = vec![state];
            let mut gone = false;
            let mut at = 0;
            while at < reached.len() {
                for event in EVENTS {
                    match next(reached[at], event) {
                        Ok(Next::Is(to)) if !reached.contains(&to) => reached.push(to),
                        Ok(Next::Gone) => gone = true,
                        Ok(Next::Is(_)) | Err(_) => {}
                    }
                }
                at += 1;
            }
            assert!(gone, "{state:?} is a trap");
        }
    }
}
