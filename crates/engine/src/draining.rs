//! Draining: what goes from a balancer first finishes what it has.
//!
//! A call that takes members off lets them have no new load and says what they still have in their hands. While there is
//! something, the call is made again until there is nothing left or the stored deadline has come; then what is left is cut
//! off. A machine that is dead has nothing to finish.

use muster_model::{
    Binding, Call, CallKind, CallPhase, InstanceId, Lifecycle, MachineState, Observation, Time,
};

use crate::draft::Draft;
use crate::reason::Code;

/// Between two looks at what a draining member still has, seconds.
const LOOK_SECS: u64 = 1;

impl Draft<'_> {
    /// Until when what goes from now on may finish what it has.
    pub(crate) fn drain_by(&self) -> Option<Time> {
        let secs = u64::from(self.settings.drain_secs);
        (secs > 0).then(|| self.now.plus_secs(secs))
    }

    /// Aims the bindings of an instance at `wanted`: what was there before is to go, and may take until `drain_by` for
    /// what it has. One on its way into standby finishes what it has too.
    pub(crate) fn aim(&mut self, id: InstanceId, wanted: Vec<Binding>, drain_by: Option<Time>) {
        let Some(instance) = self.instance_mut(id) else {
            return;
        };
        let gone = |old: &Binding| wanted.iter().all(|new| new.target != old.target);
        instance.bindings.retain(gone);
        for old in &mut instance.bindings {
            old.wanted = false;
        }
        let goes = !instance.bindings.is_empty() || instance.state == Lifecycle::EnteringStandby;
        instance.bindings.extend(wanted);
        instance.bound_at = None;
        instance.drain_by = drain_by.filter(|_| goes);
    }

    /// Takes an instance off all its balancers, drained first. Returns whether that has to be waited for.
    pub(crate) fn take_off(&mut self, id: InstanceId) -> bool {
        let Some(instance) = self.instance(id) else {
            return false;
        };
        if instance.bindings.is_empty() {
            return false;
        }
        // A call to the balancers that is on its way has to be over first: it could bind after the unbinding.
        let on_its_way = instance.call.as_ref().is_some_and(|call| {
            matches!(call.kind, CallKind::Bind | CallKind::Rebind)
                && matches!(call.phase, CallPhase::InFlight { .. })
        });
        let now = self.now;
        let drain_by = self.drain_by();
        self.aim(id, Vec::new(), drain_by);
        if !on_its_way {
            self.call(id, CallKind::Unbind, now);
        }
        true
    }

    /// Members of an instance that go still have load: they are looked at again soon.
    pub(crate) fn wait_for_drained(&mut self, id: InstanceId, left: u32) {
        let now = self.now;
        let Some(drain_by) = self.instance(id).map(|instance| instance.drain_by) else {
            return;
        };
        match (drain_by, left) {
            (None, _) => self.because(Code::Draining, format!("{id} is drained no longer: what it has is cut off")),
            (Some(by), 0) => self.because(Code::Draining, format!(
                "{id} is drained until {}: its balancer does not say what it still has",
                by.0
            )),
            (Some(by), left) => self.because(Code::Draining, format!(
                "{id} still has {left} request(s) or connection(s): it is drained until {} at the latest",
                by.0
            )),
        }
        let look = now.plus_secs(LOOK_SECS);
        let at = drain_by.map_or(look, |by| look.min(by).max(now));
        if let Some(call) = self
            .instance_mut(id)
            .and_then(|instance| instance.call.as_mut())
        {
            // The balancers have answered: patience with them begins anew.
            *call = Call {
                kind: call.kind,
                attempt: 1,
                unanswered: 0,
                phase: CallPhase::Due { at },
                since: now,
            };
        }
    }

    /// What an instance has at its balancers is cut off, at once.
    fn cut(&mut self, id: InstanceId) {
        let now = self.now;
        let Some(instance) = self.instance_mut(id) else {
            return;
        };
        instance.drain_by = None;
        if let Some(call) = instance.call.as_mut()
            && is_to_balancers(call.kind)
            && matches!(call.phase, CallPhase::Due { at } if at > now)
        {
            call.phase = CallPhase::Due { at: now };
        }
    }
}

fn is_to_balancers(kind: CallKind) -> bool {
    match kind {
        CallKind::Bind | CallKind::Unbind | CallKind::Rebind => true,
        CallKind::Launch
        | CallKind::Terminate
        | CallKind::Adopt
        | CallKind::Release
        | CallKind::Start
        | CallKind::Stop(_)
        | CallKind::Reset(_)
        | CallKind::Command(_)
        | CallKind::Tag => false,
    }
}

/// Those that have had their time are drained no longer.
pub(crate) fn follow(draft: &mut Draft<'_>) {
    let now = draft.now;
    let over: Vec<InstanceId> = draft
        .instances()
        .filter(|i| i.drain_by.is_some_and(|by| by <= now))
        .map(|i| i.id)
        .collect();
    for id in over {
        draft.because(
            Code::Draining,
            format!("{id} has had its time to finish what it has"),
        );
        draft.cut(id);
    }
}

/// Machines that are listed dead are not drained. One that is missing from a listing may well be at work.
pub(crate) fn see(draft: &mut Draft<'_>, observation: &Observation) {
    let dead = observation
        .machines
        .iter()
        .filter(|machine| machine.state == MachineState::Dead);
    for machine in dead {
        let drained = draft
            .instance(machine.id)
            .is_some_and(|instance| instance.drain_by.is_some());
        if drained {
            draft.because(
                Code::Draining,
                format!("{} is dead: it is not drained", machine.id),
            );
            draft.cut(machine.id);
        }
    }
}
