//! Coming and going of single instances: the steps that commands, answers and the planner share.

use muster_model::{
    ActivityId, ActivityKind, Call, CallKind, CallPhase, ConfigVersion, Exit, Health,
    HookTransition, Instance, InstanceId, LaunchConfiguration, Lifecycle, Origin, Outcome,
    Placement, Time, Warmup,
};

use crate::draft::Draft;
use crate::lifecycle::Event;
use crate::names;

/// The newest version of a configuration.
pub(crate) fn version_of(config: &LaunchConfiguration) -> ConfigVersion {
    ConfigVersion {
        id: config.id,
        version: config.version,
        name: config.spec.name.clone(),
        created_at: config.created_at,
        image: None,
    }
}

impl Draft<'_> {
    /// Writes down that a machine is to be made in `placement`, for `activity`.
    pub(crate) fn launch(&mut self, activity: ActivityId, placement: Placement) {
        if let Some(id) = self.ask_for_machine(placement, false) {
            self.relate(activity, id);
        }
    }

    /// Writes down that a machine is to be made in `placement`: for the warm pool, or as a member.
    pub(crate) fn ask_for_machine(
        &mut self,
        placement: Placement,
        pooled: bool,
    ) -> Option<InstanceId> {
        let config = self.view().config.clone()?;
        let id: InstanceId = self.ids.next_id();
        let stamped = config.spec.name_time_suffix;
        let (instances, hosts) = (&config.spec.instance_names, &config.spec.host_names);
        let names::Named { name, host_name } =
            names::take(self, instances.as_ref(), hosts.as_ref(), stamped, id);
        let now = self.now;
        let group = self.group();
        let instance = Instance {
            id,
            group: group.id,
            account: group.account,
            origin: Origin::Auto,
            state: Lifecycle::Creating,
            health: Health::default(),
            protected: false,
            pooled,
            config: Some(version_of(&config)),
            placement,
            name,
            host_name,
            disaster_recover_groups: config.spec.disaster_recover_groups.clone(),
            created_at: now,
            in_service_at: None,
            activity: None,
            call: None,
            exit: None,
            stopping: None,
            tagging: None,
            machine: None,
            warmup: Warmup::NotNeeded,
            hooks: Vec::new(),
            bindings: Vec::new(),
            bound_at: None,
            healthy_by: None,
            sick_since: None,
            drain_by: None,
        };
        self.add_instance(instance);
        self.call(id, CallKind::Launch, now);
        Some(id)
    }

    /// Has an instance's machine reinstalled in place, as `config` says (rules G16, R1), once it is off its balancers.
    pub(crate) fn reset(&mut self, id: InstanceId, config: ConfigVersion) {
        self.happen(id, Event::Reset);
        if let Some(instance) = self.instance_mut(id) {
            instance.config = Some(config);
            instance.health = Health::default();
        }
        if !self.take_off(id) {
            self.go_on_in_place(id);
        }
    }

    /// An instance that is off its balancers is stopped or reinstalled.
    pub(crate) fn go_on_in_place(&mut self, id: InstanceId) {
        let now = self.now;
        let Some(instance) = self.instance_mut(id) else {
            return;
        };
        instance.drain_by = None;
        let kind = match instance.state {
            Lifecycle::Resetting => CallKind::Reset(now),
            _ => CallKind::Stop(instance.stopping.take().unwrap_or_default()),
        };
        self.call(id, kind, now);
    }

    /// A start, stop or reset did not do. Its instance stays where that leaves it, out of service; but one that was reset
    /// because it is unhealthy goes, and is made up for.
    pub(crate) fn fail_in_place(&mut self, id: InstanceId, message: &str) {
        let Some(instance) = self.instance(id) else {
            return;
        };
        let auto = instance.origin == Origin::Auto;
        let replacing = instance.state == Lifecycle::Resetting
            && instance
                .activity
                .and_then(|activity| self.activity(activity))
                .is_some_and(|activity| activity.kind == ActivityKind::ReplaceUnhealthy);
        // On its way into the warm pool, or out of it: one that has never served is of no use.
        let waking = instance.state == Lifecycle::Starting && instance.in_service_at.is_none();
        let useless = auto && (instance.pooled || waking);
        self.conclude(id, Outcome::Failed, message);
        if replacing || useless {
            self.leave(id, auto, message);
            return;
        }
        self.happen(id, Event::Failed);
        if let Some(instance) = self.instance_mut(id) {
            instance.call = None;
            instance.stopping = None;
            instance.drain_by = None;
        }
    }

    /// Has an instance stopped, which no hook holds any more: first it is taken off its balancers.
    pub(crate) fn halt(&mut self, id: InstanceId) {
        self.happen(id, Event::Stop);
        if !self.take_off(id) {
            self.go_on_in_place(id);
        }
    }

    /// Sends an instance on its way out: past its hooks, off its balancers, then its machine is destroyed, or handed back.
    pub(crate) fn leave(&mut self, id: InstanceId, destroy: bool, reason: &str) {
        self.forget_waits(id);
        if let Some(instance) = self.instance_mut(id) {
            instance.healthy_by = None;
            instance.stopping = None;
            instance.exit = Some(Exit {
                destroy,
                reason: reason.to_owned(),
            });
        }
        // Hooks and balancers know nothing of what is in the warm pool.
        let pooled = self.instance(id).is_some_and(|instance| instance.pooled);
        if pooled || (!self.hold(id, HookTransition::Terminating) && !self.unbind(id)) {
            self.depart(id);
        }
    }

    /// The last step out, for an instance whose exit is decided.
    pub(crate) fn depart(&mut self, id: InstanceId) {
        let now = self.now;
        if let Some(instance) = self.instance_mut(id) {
            instance.drain_by = None;
        }
        let destroy = self
            .instance(id)
            .and_then(|instance| instance.exit.as_ref())
            .is_some_and(|exit| exit.destroy);
        self.happen(
            id,
            if destroy {
                Event::Terminate
            } else {
                Event::Detach
            },
        );
        self.call(
            id,
            if destroy {
                CallKind::Terminate
            } else {
                CallKind::Release
            },
            now,
        );
    }

    /// An instance that would not leave: it is called failed, and the attempts go on.
    pub(crate) fn get_stuck(&mut self, id: InstanceId) {
        let state = self.instance(id).map(|instance| instance.state);
        if matches!(state, Some(Lifecycle::Terminating | Lifecycle::Detaching)) {
            self.happen(id, Event::Stuck);
        }
    }

    /// Puts off the instance's call for another attempt.
    pub(crate) fn retry_call(&mut self, id: InstanceId, unanswered: bool) {
        let (now, settings) = (self.now, self.settings);
        let Some(instance) = self.instance_mut(id) else {
            return;
        };
        let Some(call) = instance.call.as_mut() else {
            return;
        };
        let wait = settings.backoff_secs(call.attempt);
        *call = Call {
            kind: call.kind,
            attempt: call.attempt.saturating_add(1),
            unanswered: call.unanswered.saturating_add(u32::from(unanswered)),
            phase: CallPhase::Due {
                at: now.plus_secs(wait),
            },
            since: call.since,
        };
    }

    /// When the instance's call is due, if it is waiting to be made.
    pub(crate) fn due_at(instance: &Instance) -> Option<Time> {
        match instance.call.as_ref()?.phase {
            CallPhase::Due { at } => Some(at),
            CallPhase::InFlight { .. } => None,
        }
    }
}
