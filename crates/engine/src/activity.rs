//! Starting, following and ending activities.

use muster_model::{
    Activity, ActivityId, ActivityKind, ActivityStatus, Attempt, AttemptCode, Brake, BrakeKind,
    Cause, ChargeType, Cooldown, InstanceId, Lifecycle, Obstacle, Origin, Outcome, Placement,
    RelatedInstance, RetryPolicy, Trigger, TriggerKind,
};

use crate::draft::Draft;
use crate::lifecycle::{self, Role};
use crate::{obstacle, pool, replace};

/// Failed attempts that an activity keeps at the most.
const ATTEMPTS_KEPT: usize = 100;
/// Waits after the quick retries of [`RetryPolicy::Incremental`], seconds; the last repeats (rule G6).
const SLOW_RETRIES_SECS: [u64; 4] = [600, 1800, 3600, 86_400];
/// Quick retries of [`RetryPolicy::Incremental`].
const QUICK_RETRIES: u32 = 10;

/// Whether an activity of this kind is the one activity that a group may have at a time (rule A3). Machines that
/// vanish do not wait for their turn: that record stands beside it.
pub(crate) fn is_exclusive(kind: ActivityKind) -> bool {
    match kind {
        ActivityKind::TerminateUnexpectedly => false,
        ActivityKind::ScaleOut
        | ActivityKind::ScaleIn
        | ActivityKind::Attach
        | ActivityKind::Detach
        | ActivityKind::Remove
        | ActivityKind::ReplaceUnhealthy
        | ActivityKind::Start
        | ActivityKind::Stop
        | ActivityKind::InvokeCommand
        | ActivityKind::EnterStandby
        | ActivityKind::ExitStandby
        | ActivityKind::ModifyBalancers
        | ActivityKind::InstanceRefresh => true,
    }
}

/// What an activity of this kind does to `count` instances, after the pattern of L4394.
fn deed(kind: ActivityKind, count: u32) -> String {
    let verb = match kind {
        ActivityKind::ScaleOut => "scale out",
        ActivityKind::ScaleIn => "scale in",
        ActivityKind::Attach => "attach",
        ActivityKind::Detach => "detach",
        ActivityKind::Remove => "remove",
        ActivityKind::TerminateUnexpectedly => "remove unexpectedly terminated",
        ActivityKind::ReplaceUnhealthy => "replace unhealthy",
        ActivityKind::Start => "start",
        ActivityKind::Stop => "stop",
        ActivityKind::InvokeCommand => "invoke a command on",
        ActivityKind::EnterStandby => "put into standby",
        ActivityKind::ExitStandby => "take out of standby",
        ActivityKind::ModifyBalancers => "modify load balancers of",
        ActivityKind::InstanceRefresh => "refresh",
    };
    format!("{verb} {count} instance(s)")
}

fn cause_of(trigger: &TriggerKind) -> Cause {
    match trigger {
        TriggerKind::Manual => Cause::Request,
        TriggerKind::Match => Cause::Difference,
        TriggerKind::Unhealthy => Cause::Unhealthy,
        TriggerKind::Lost => Cause::Vanished,
        TriggerKind::Reclaim => Cause::Reclaim,
        TriggerKind::Policy { .. } => Cause::Policy,
        TriggerKind::Schedule { .. } => Cause::Schedule,
        TriggerKind::Refresh { .. } => Cause::Refresh,
    }
}

impl Draft<'_> {
    /// Starts an activity that is to touch `wanted` instances and to leave the group at `size_wanted`.
    pub(crate) fn start_activity(
        &mut self,
        kind: ActivityKind,
        trigger: Trigger,
        wanted: u32,
        size_wanted: u32,
    ) -> ActivityId {
        let activity = self.new_activity(kind, trigger, wanted, size_wanted);
        let id = activity.id;
        self.add_activity(activity);
        let group = self.group_mut();
        group.last_activity = Some(id);
        if is_exclusive(kind) {
            debug_assert!(group.busy.is_none(), "one activity at a time");
            group.busy = Some(id);
        }
        id
    }

    /// An activity as it is before anything has come of it.
    pub(crate) fn new_activity(
        &mut self,
        kind: ActivityKind,
        trigger: Trigger,
        wanted: u32,
        size_wanted: u32,
    ) -> Activity {
        let id: ActivityId = self.ids.next_id();
        let now = self.now;
        let mut cause = cause_of(&trigger.kind).text().to_owned();
        if let Some(name) = self.name_of(&trigger.kind) {
            cause = format!("{}: {name}.", cause.trim_end_matches('.'));
        }
        let description = format!("{}, {}.", cause.trim_end_matches('.'), deed(kind, wanted));
        let group = self.group();
        Activity {
            id,
            group: group.id,
            account: group.account,
            kind,
            status: ActivityStatus::Init,
            trigger,
            cause,
            description,
            why: String::new(),
            status_message: String::new(),
            created_at: now,
            started_at: now,
            ended_at: None,
            deadline: now.plus_secs(u64::from(self.settings.activity_timeout_secs)),
            wanted,
            in_place: false,
            by_balancers: false,
            balancers: None,
            instances: Vec::new(),
            attempts: Vec::new(),
            sold_out: Vec::new(),
            size_before: self.count(Role::Serving),
            size_wanted,
            hooks: Vec::new(),
            obstacle: None,
        }
    }

    /// The name of the policy or scheduled action that triggers something, while it is there.
    fn name_of(&self, trigger: &TriggerKind) -> Option<&str> {
        let parts = self.parts();
        match trigger {
            TriggerKind::Policy { policy, .. } => {
                let policy = parts.policies.get(policy)?;
                Some(&policy.name)
            }
            TriggerKind::Schedule { schedule, .. } => {
                let schedule = parts.schedules.get(schedule)?;
                Some(&schedule.name)
            }
            TriggerKind::Manual
            | TriggerKind::Match
            | TriggerKind::Unhealthy
            | TriggerKind::Lost
            | TriggerKind::Reclaim
            | TriggerKind::Refresh { .. } => None,
        }
    }

    /// Says why an activity cannot do all it is to do.
    pub(crate) fn say(&mut self, id: ActivityId, why: &str, what: Option<Obstacle>) {
        if let Some(activity) = self.activity_mut(id) {
            activity.obstacle = what;
            why.clone_into(&mut activity.status_message);
        }
    }

    /// Puts an instance under an activity.
    pub(crate) fn relate(&mut self, activity: ActivityId, instance: InstanceId) {
        let mut name = String::new();
        if let Some(member) = self.instance_mut(instance) {
            member.activity = Some(activity);
            name.clone_from(&member.name);
        }
        if let Some(activity) = self.activity_mut(activity) {
            activity.status = ActivityStatus::Running;
            activity.instances.push(RelatedInstance {
                instance,
                outcome: Outcome::Running,
                message: String::new(),
                name,
                leaves: false,
                kept: false,
            });
        }
    }

    /// Writes down how an activity fared with an instance, and takes the instance from under it.
    pub(crate) fn conclude(&mut self, instance: InstanceId, outcome: Outcome, message: &str) {
        let Some(activity) = self.instance(instance).and_then(|member| member.activity) else {
            return;
        };
        let (mut leaves, mut kept) = (false, false);
        if let Some(member) = self.instance_mut(instance) {
            member.activity = None;
            leaves = member.exit.is_some();
            kept = member.exit.as_ref().is_some_and(|exit| !exit.destroy);
        }
        if let Some(activity) = self.activity_mut(activity)
            && let Some(related) = activity
                .instances
                .iter_mut()
                .find(|related| related.instance == instance)
        {
            related.outcome = outcome;
            related.message = message.to_owned();
            related.leaves = leaves;
            related.kept = kept;
        }
    }

    /// Writes down a failed attempt.
    pub(crate) fn attempt_failed(
        &mut self,
        instance: InstanceId,
        placement: &Placement,
        code: AttemptCode,
        message: &str,
    ) {
        if self.instance(instance).is_some_and(|row| row.pooled) {
            pool::attempt_failed(self, instance, placement, code);
            return;
        }
        let Some(activity) = self.instance(instance).and_then(|member| member.activity) else {
            return;
        };
        let config = self.view().config.as_ref();
        let charge = match (placement.spot, config.map(|config| config.spec.charge)) {
            (true, _) => ChargeType::Spot,
            (false, None | Some(ChargeType::Spot)) => ChargeType::PostpaidByHour,
            (false, Some(charge)) => charge,
        };
        let Some(activity) = self.activity_mut(activity) else {
            return;
        };
        if activity.attempts.len() < ATTEMPTS_KEPT {
            activity.attempts.push(Attempt {
                code,
                instance,
                placement: placement.clone(),
                charge,
                message: message.to_owned(),
            });
        }
        if code == AttemptCode::SoldOut && !activity.sold_out.contains(placement) {
            activity.sold_out.push(placement.clone());
        }
    }

    /// Ends the activity if nothing of it is left to do. Returns whether it ended.
    pub(crate) fn end_if_done(&mut self, id: ActivityId) -> bool {
        let Some(activity) = self.activity(id) else {
            return false;
        };
        let open = activity
            .instances
            .iter()
            .any(|related| matches!(related.outcome, Outcome::Init | Outcome::Running));
        if activity.status.is_ended() || open || self.launches_left(id) > 0 {
            return false;
        }
        self.end_activity(id);
        true
    }

    /// How many machines the activity still has to ask for.
    pub(crate) fn launches_left(&self, id: ActivityId) -> u32 {
        let Some(activity) = self.activity(id) else {
            return 0;
        };
        if activity.in_place {
            return 0;
        }
        let asked = activity.instances.len();
        let all = match activity.kind {
            ActivityKind::ScaleOut => activity.wanted,
            ActivityKind::ReplaceUnhealthy | ActivityKind::InstanceRefresh => {
                activity.wanted.saturating_mul(2)
            }
            _ => return 0,
        };
        all.saturating_sub(u32::try_from(asked).unwrap_or(u32::MAX))
    }

    /// Ends an activity: its status by how its instances fared, and what follows from it for the group.
    pub(crate) fn end_activity(&mut self, id: ActivityId) {
        let now = self.now;
        let Some(activity) = self.activity(id) else {
            return;
        };
        let (kind, trigger) = (activity.kind, activity.trigger.clone());
        let succeeded = activity
            .instances
            .iter()
            .filter(|related| related.outcome == Outcome::Successful)
            .count();
        let missing = match kind {
            ActivityKind::ScaleOut
            | ActivityKind::ReplaceUnhealthy
            | ActivityKind::InstanceRefresh => self.launches_left(id) > 0,
            _ => false,
        };
        let obstacle = obstacle::of_failed(self, activity);
        let Some(activity) = self.activity_mut(id) else {
            return;
        };
        let all = succeeded == activity.instances.len() && !missing;
        let status = match (all, succeeded) {
            (true, _) => ActivityStatus::Successful,
            (false, 0) => ActivityStatus::Failed,
            (false, _) => ActivityStatus::PartiallySuccessful,
        };
        activity.status = status;
        activity.ended_at = Some(now);
        activity.obstacle = match status {
            ActivityStatus::Successful => None,
            _ => activity.obstacle.or(obstacle),
        };
        let failure = activity
            .instances
            .iter()
            .find(|related| related.outcome != Outcome::Successful && !related.message.is_empty())
            .map(|related| related.message.clone());
        activity.status_message = match (status, failure) {
            (ActivityStatus::Successful, _) => "Success".to_owned(),
            (_, Some(failure)) => failure,
            // What has been said of it already tells more.
            (_, None) if !activity.status_message.is_empty() => activity.status_message.clone(),
            (_, None) => "there was no room or no time for all instances".to_owned(),
        };
        let message = activity.status_message.clone();
        if self.group().busy == Some(id) {
            self.group_mut().busy = None;
        }
        self.start_cooldown(id, kind, &trigger.kind);
        if matches!(
            kind,
            ActivityKind::ScaleOut | ActivityKind::ReplaceUnhealthy
        ) {
            self.count_failure(status == ActivityStatus::Successful, &message);
        }
        if kind == ActivityKind::ReplaceUnhealthy {
            replace::replaced(self);
        }
        self.notify(id);
    }

    fn start_cooldown(&mut self, id: ActivityId, kind: ActivityKind, trigger: &TriggerKind) {
        // A change of balancers is no change of capacity.
        if !is_exclusive(kind) || kind == ActivityKind::ModifyBalancers {
            return;
        }
        let secs = match trigger {
            TriggerKind::Policy {
                cooldown_secs: Some(secs),
                ..
            } => *secs,
            TriggerKind::Policy { .. } | TriggerKind::Manual | TriggerKind::Schedule { .. } => {
                self.group().spec.cooldown_secs
            }
            // Nobody changed the capacity that is wished for: there is nothing to wait and see of.
            TriggerKind::Match
            | TriggerKind::Unhealthy
            | TriggerKind::Lost
            | TriggerKind::Reclaim
            | TriggerKind::Refresh { .. } => return,
        };
        let until = self.now.plus_secs(u64::from(secs));
        // One that asks for no cooldown does not end another's.
        if secs > 0 {
            self.group_mut().cooldown = Some(Cooldown { until, after: id });
        }
    }

    /// Counts failures in a row and says what follows (rule G6). A partly successful activity counts as failed.
    fn count_failure(&mut self, success: bool, message: &str) {
        if success {
            if self.group().retry.failures > 0 {
                let retry = &mut self.group_mut().retry;
                retry.failures = 0;
                retry.not_before = None;
            }
            return;
        }
        let (now, policy, settings) = (self.now, self.group().spec.retry, self.settings);
        let failures = self.group().retry.failures.saturating_add(1);
        let quick = quick_delay(
            failures,
            settings.retry_backoff_secs,
            settings.retry_backoff_max_secs,
        );
        let wait_secs = match policy {
            RetryPolicy::None => None,
            RetryPolicy::Immediate if failures >= settings.immediate_retries => None,
            RetryPolicy::Immediate => Some(quick),
            RetryPolicy::Incremental if failures < QUICK_RETRIES => Some(quick),
            RetryPolicy::Incremental => {
                let step = usize::try_from(failures - QUICK_RETRIES).unwrap_or(usize::MAX);
                Some(SLOW_RETRIES_SECS[step.min(SLOW_RETRIES_SECS.len() - 1)])
            }
        };
        let retry = &mut self.group_mut().retry;
        retry.failures = failures;
        match wait_secs {
            Some(secs) => retry.not_before = Some(now.plus_secs(secs)),
            None => {
                retry.not_before = None;
                retry.brake = Some(Brake {
                    kind: BrakeKind::Launches,
                    since: now,
                    failures,
                    reason: message.to_owned(),
                });
            }
        }
    }

    /// A call that shows that somebody is looking: retries start afresh and the brake is released.
    /// What set the desired number before has had its say.
    pub(crate) fn release_brake(&mut self) {
        if self.group().asked_by.is_some() {
            self.group_mut().asked_by = None;
        }
        if self.group().retry != muster_model::RetryState::default() {
            self.group_mut().retry = muster_model::RetryState::default();
        }
    }

    /// Time is up for an activity: what has not come is given up, what has not gone goes on outside of it.
    pub(crate) fn time_out(&mut self, id: ActivityId) {
        let Some(activity) = self.activity(id) else {
            return;
        };
        let open: Vec<InstanceId> = activity
            .instances
            .iter()
            .filter(|related| matches!(related.outcome, Outcome::Init | Outcome::Running))
            .map(|related| related.instance)
            .collect();
        for instance in open {
            let Some((state, placement, auto)) = self
                .instance(instance)
                .map(|i| (i.state, i.placement.clone(), i.origin == Origin::Auto))
            else {
                continue;
            };
            let message = "the activity ran out of time";
            self.attempt_failed(instance, &placement, AttemptCode::TimedOut, message);
            if matches!(
                state,
                Lifecycle::Starting | Lifecycle::Stopping | Lifecycle::Resetting
            ) {
                self.fail_in_place(instance, message);
                continue;
            }
            self.conclude(instance, Outcome::Failed, message);
            match lifecycle::role(state) {
                // A machine that was being attached is not ours to destroy.
                Role::Coming => self.leave(instance, auto, message),
                Role::Leaving => self.get_stuck(instance),
                Role::Serving | Role::Resting => {}
            }
        }
        self.end_activity(id);
    }
}

/// 0 for the first failure, then doubling from `first` up to `max`.
fn quick_delay(failures: u32, first: u32, max: u32) -> u64 {
    match failures {
        0 | 1 => 0,
        n => u64::from(first)
            .saturating_mul(1 << (n - 2).min(20))
            .min(u64::from(max)),
    }
}

/// Wait before the next replacement when machines keep dying early: the first two cost nothing.
pub(crate) fn early_death_delay(deaths: u32) -> u64 {
    match deaths {
        0..=2 => 0,
        n => 1u64.checked_shl(n - 3).unwrap_or(60).min(60),
    }
}
