//! Instance refreshes: one transition function for where a refresh stands, and what a turn does for it (rules R1-R9).
//!
//! A refresh works through activities, one at a time: one that makes the surge, one for each batch, one that takes the
//! surge away. It takes in how an activity ended in the same change in which the activity ends.

mod batch;
mod states;

use std::sync::Arc;

use muster_model::RefreshStatus::{Cancelled, Init, Running};
use muster_model::{
    Activity, ActivityKind, ActivityStatus, BatchPause, BatchStatus, CallKind, ConfigVersion,
    CooldownRule, InstanceId, Lifecycle, OnFailure, Origin, Outcome, Part, Refresh, RefreshBatch,
    RefreshInstance, RefreshMode, RefreshSettings, RefreshStage, RefreshedStatus, Time, Trigger,
    TriggerKind,
};

use batch::{batches, judge};
pub(crate) use batch::{refreshed, waiting};
pub use states::{EVENTS, Event, STATES, next};

use crate::draft::Draft;
use crate::plan;
use crate::reason::Code;

/// Ended refreshes that a group keeps.
const KEPT: usize = 20;
/// Steps of a refresh that take no time, in one turn, at the most: batches whose members are all gone.
const STEPS: usize = 10_000;

/// Makes a refresh of these members and writes it down; the group is off from here on (rule R2).
pub(crate) fn begin(
    draft: &mut Draft<'_>,
    origin: Option<&Refresh>,
    mode: RefreshMode,
    settings: RefreshSettings,
    config: ConfigVersion,
    members: Vec<RefreshInstance>,
) -> muster_model::RefreshId {
    forget_old(draft);
    let (id, now) = (draft.ids.next_id(), draft.now);
    let group = draft.group();
    let was_enabled = origin
        .filter(|origin| !origin.status.is_ended())
        .map_or(group.spec.enabled, |origin| origin.was_enabled);
    let refresh = Refresh {
        id,
        group: group.id,
        origin: origin.map(|origin| origin.id),
        mode,
        settings,
        status: Init,
        stage: match settings.max_surge {
            0 => RefreshStage::Batches,
            _ => RefreshStage::SurgeOut,
        },
        batches: batches(members, settings.batches),
        current: 0,
        config,
        activity: None,
        surge: origin.map_or(Vec::new(), |origin| origin.surge.clone()),
        was_enabled,
        created_at: now,
        ordinal: group.version,
        started_at: None,
        ended_at: None,
    };
    put(draft, refresh);
    if draft.group().spec.enabled {
        draft.group_mut().spec.enabled = false;
    }
    id
}

/// Only so many ended refreshes are kept.
fn forget_old(draft: &mut Draft<'_>) {
    let mut ended: Vec<_> = draft
        .parts()
        .refreshes
        .values()
        .filter(|refresh| refresh.status.is_ended())
        .map(|refresh| (refresh.created_at, refresh.ordinal, refresh.id))
        .collect();
    ended.sort_unstable();
    let surplus = (ended.len() + 1).saturating_sub(KEPT);
    for (_, _, id) in ended.into_iter().take(surplus) {
        draft.drop_part(muster_model::PartId::Refresh(id));
    }
}

pub(crate) fn put(draft: &mut Draft<'_>, refresh: Refresh) {
    draft.put_part(Part::Refresh(Arc::new(refresh)));
}

/// Lets an event happen to a refresh; one that ends gives the group its switch back. Returns whether it could happen.
pub(crate) fn happen(draft: &mut Draft<'_>, refresh: &mut Refresh, event: Event) -> bool {
    let Some(status) = next(refresh.status, event) else {
        return false;
    };
    refresh.status = status;
    let now = draft.now;
    if event == Event::Begin {
        refresh.started_at = Some(now);
    }
    if status.is_ended() {
        refresh.ended_at = Some(now);
        for batch in &mut refresh.batches {
            if batch.status == BatchStatus::Waiting {
                batch.status = BatchStatus::Cancelled;
                for member in &mut batch.instances {
                    if member.status == RefreshedStatus::Waiting {
                        member.status = RefreshedStatus::Cancelled;
                    }
                }
            }
        }
        if refresh.was_enabled && !draft.group().spec.enabled {
            draft.group_mut().spec.enabled = true;
        }
    }
    true
}

/// What a turn does for the refresh that is under way, if there is one.
pub(crate) fn follow(draft: &mut Draft<'_>) {
    for _ in 0..STEPS {
        let Some(refresh) = draft.view().open_refresh().cloned() else {
            return;
        };
        let mut refresh = (*refresh).clone();
        if let Some(id) = refresh.activity {
            match draft.activity(id).cloned() {
                Some(activity) if !activity.status.is_ended() => return,
                activity => {
                    refresh.activity = None;
                    take_in(draft, &mut refresh, activity.as_deref());
                }
            }
        } else if draft.group().busy.is_some() {
            return;
        } else if refresh.status == Init {
            happen(draft, &mut refresh, Event::Begin);
        } else if draft.group().deleting {
            cancel(draft, &mut refresh);
        } else if refresh.status == Running {
            if is_at_balancers(draft, &refresh) {
                draft.because(
                    Code::RefreshWaits,
                    "a member is just being changed at its balancers: the refresh waits",
                );
                return;
            }
            step(draft, &mut refresh);
        } else {
            draft.because(
                Code::RefreshWaits,
                format!(
                    "instance refresh {} is {:?}: it waits to be resumed, rolled back or cancelled",
                    refresh.id, refresh.status
                ),
            );
            return;
        }
        put(draft, refresh);
    }
}

/// Whether the balancers are mending something of a member that waits for its turn. They answer soon, or are given up.
fn is_at_balancers(draft: &Draft<'_>, refresh: &Refresh) -> bool {
    let rebinds = |id: InstanceId| {
        draft
            .instance(id)
            .and_then(|instance| instance.call.as_ref())
            .is_some_and(|call| call.kind == CallKind::Rebind)
    };
    refresh
        .batches
        .iter()
        .flat_map(|batch| &batch.instances)
        .any(|member| member.status == RefreshedStatus::Waiting && rebinds(member.instance))
}

fn trigger(refresh: &Refresh) -> Trigger {
    Trigger {
        kind: TriggerKind::Refresh {
            refresh: refresh.id,
        },
        cooldown: CooldownRule::Ignore,
    }
}

/// Starts what comes next.
fn step(draft: &mut Draft<'_>, refresh: &mut Refresh) {
    match refresh.stage {
        RefreshStage::SurgeOut => grow(draft, refresh),
        RefreshStage::Batches => {
            let waiting = |batch: &RefreshBatch| batch.status == BatchStatus::Waiting;
            match refresh.batches.iter().position(waiting) {
                Some(at) => {
                    refresh.current = u32::try_from(at + 1).unwrap_or(u32::MAX);
                    start_batch(draft, refresh, at);
                }
                None => refresh.stage = RefreshStage::SurgeIn,
            }
        }
        RefreshStage::SurgeIn => match leave_surge(draft, refresh) {
            true => {}
            false => {
                happen(draft, refresh, Event::Finish);
            }
        },
    }
}

/// Makes the members on top.
fn grow(draft: &mut Draft<'_>, refresh: &mut Refresh) {
    let have = u32::try_from(refresh.surge.len()).unwrap_or(u32::MAX);
    let wanted = refresh.settings.max_surge.saturating_sub(have);
    if wanted == 0 {
        refresh.stage = RefreshStage::Batches;
        return;
    }
    let desired = draft.group().spec.size.desired;
    let activity = draft.start_activity(ActivityKind::ScaleOut, trigger(refresh), wanted, desired);
    refresh.activity = Some(activity);
    plan::follow_activities(draft);
}

/// Sends away what is left of the surge; `false` when nothing is.
pub(crate) fn leave_surge(draft: &mut Draft<'_>, refresh: &mut Refresh) -> bool {
    let left: Vec<InstanceId> = refresh
        .surge
        .iter()
        .copied()
        .filter(|id| {
            draft
                .instance(*id)
                .is_some_and(|instance| instance.exit.is_none() && instance.call.is_none())
        })
        .collect();
    if left.is_empty() {
        return false;
    }
    let desired = draft.group().spec.size.desired;
    let activity = plan::start_scale_in(draft, trigger(refresh), &left, desired);
    refresh.activity = Some(activity);
    true
}

/// Starts a batch; members that are gone do not block it (rule R5).
fn start_batch(draft: &mut Draft<'_>, refresh: &mut Refresh, at: usize) {
    let now = draft.now;
    let rolls_back = refresh.origin.is_some();
    let mut work = Vec::new();
    let Some(batch) = refresh.batches.get_mut(at) else {
        return;
    };
    batch.status = BatchStatus::Running;
    batch.started_at.get_or_insert(now);
    batch.ended_at = None;
    for member in &mut batch.instances {
        if member.status != RefreshedStatus::Waiting {
            continue;
        }
        let ready = draft.instance(member.instance).filter(|instance| {
            matches!(instance.state, Lifecycle::InService | Lifecycle::Standby)
                && instance.call.is_none()
        });
        match ready {
            None => {
                member.status = RefreshedStatus::NotFound;
                "the instance is not in the group, or not in service"
                    .clone_into(&mut member.message);
            }
            Some(instance) => {
                work.push((
                    member.instance,
                    instance.origin == Origin::Auto,
                    ConfigVersion {
                        image: rolls_back.then(|| member.image_before.clone()),
                        ..refresh.config.clone()
                    },
                ));
                member.status = RefreshedStatus::Running;
                member.message.clear();
            }
        }
    }
    if work.is_empty() {
        conclude(draft, refresh);
        return;
    }
    let count = u32::try_from(work.len()).unwrap_or(u32::MAX);
    let desired = draft.group().spec.size.desired;
    let kind = ActivityKind::InstanceRefresh;
    let activity = draft.start_activity(kind, trigger(refresh), count, desired);
    if let Some(activity) = draft.activity_mut(activity) {
        activity.in_place = refresh.mode == RefreshMode::Reset;
        // The balancers' time to find its members healthy comes on top.
        if refresh.settings.check_target_health {
            let secs = u64::from(refresh.settings.target_health_timeout_secs);
            activity.deadline = activity.deadline.plus_secs(secs);
        }
    }
    for (id, auto, version) in work {
        draft.relate(activity, id);
        match refresh.mode {
            RefreshMode::Reset => draft.reset(id, version),
            RefreshMode::Replace => draft.leave(id, auto, "the instance is being refreshed"),
        }
    }
    refresh.activity = Some(activity);
    if let Some(batch) = refresh.batches.get_mut(at) {
        for member in &mut batch.instances {
            if member.status == RefreshedStatus::Running {
                member.activity = Some(activity);
            }
        }
    }
}

/// Takes in how an activity of the refresh ended.
fn take_in(draft: &mut Draft<'_>, refresh: &mut Refresh, activity: Option<&Activity>) {
    let succeeded = activity.is_some_and(|a| a.status == ActivityStatus::Successful);
    match refresh.stage {
        RefreshStage::SurgeOut => {
            let made = activity.map_or(&[][..], |activity| &activity.instances);
            let made = made
                .iter()
                .filter(|related| related.outcome == Outcome::Successful)
                .map(|related| related.instance);
            refresh.surge.extend(made);
            match succeeded {
                true => refresh.stage = RefreshStage::Batches,
                false => fail(draft, refresh),
            }
        }
        RefreshStage::Batches => {
            let at = (refresh.current as usize).saturating_sub(1);
            if let Some(batch) = refresh.batches.get_mut(at) {
                judge(draft, batch, refresh.mode, activity);
            }
            conclude(draft, refresh);
        }
        // What would not go is tried on outside of the refresh.
        RefreshStage::SurgeIn => match (succeeded, refresh.settings.on_failure) {
            (true, _) => {}
            (false, OnFailure::Pause) => {
                happen(draft, refresh, Event::PauseByFailure);
            }
            (false, OnFailure::RollBack | OnFailure::Cancel) => {
                happen(draft, refresh, Event::Cancel);
            }
        },
    }
}

/// Ends the batch in progress by how its members fared, and says what follows.
fn conclude(draft: &mut Draft<'_>, refresh: &mut Refresh) {
    let now = draft.now;
    let at = (refresh.current as usize).saturating_sub(1);
    let Some(batch) = refresh.batches.get_mut(at) else {
        return;
    };
    let count = |wanted: RefreshedStatus| {
        let of = |member: &&RefreshInstance| member.status == wanted;
        batch.instances.iter().filter(of).count()
    };
    let failed = count(RefreshedStatus::Failed);
    batch.status = match (failed, count(RefreshedStatus::Successful)) {
        (0, _) => BatchStatus::Successful,
        (_, 0) => BatchStatus::Failed,
        (_, _) => BatchStatus::PartiallySuccessful,
    };
    batch.ended_at = Some(now);
    if failed > 0 {
        fail(draft, refresh);
        return;
    }
    pause(draft, refresh);
}

/// The pause policy after a batch that is over; none after the last.
fn pause(draft: &mut Draft<'_>, refresh: &mut Refresh) {
    let more = refresh
        .batches
        .iter()
        .any(|batch| batch.status == BatchStatus::Waiting);
    let pauses = match refresh.settings.pause {
        BatchPause::Never => false,
        BatchPause::AfterFirst => refresh.current == 1,
        BatchPause::AfterEach => true,
    };
    if more && pauses {
        happen(draft, refresh, Event::PauseByPolicy);
    }
}

/// What follows a failure (rule R4).
fn fail(draft: &mut Draft<'_>, refresh: &mut Refresh) {
    match refresh.settings.on_failure {
        OnFailure::Pause => {
            happen(draft, refresh, Event::PauseByFailure);
        }
        OnFailure::Cancel => cancel(draft, refresh),
        OnFailure::RollBack => {
            let members = refreshed(draft, refresh);
            let possible = refresh.mode == RefreshMode::Reset && refresh.origin.is_none();
            if !possible || members.is_empty() {
                cancel(draft, refresh);
                return;
            }
            let settings = RefreshSettings {
                batches: u32::try_from(members.len()).unwrap_or(u32::MAX),
                pause: BatchPause::Never,
                max_surge: 0,
                on_failure: OnFailure::Pause,
                ..refresh.settings
            };
            let config = refresh.config.clone();
            begin(
                draft,
                Some(refresh),
                RefreshMode::Reset,
                settings,
                config,
                members,
            );
            hand_over(refresh, draft.now);
        }
    }
}

/// A refresh that a roll-back takes over from: its surge and the group's switch are the roll-back's.
pub(crate) fn hand_over(refresh: &mut Refresh, now: Time) {
    refresh.surge.clear();
    if refresh.status.is_ended() {
        return;
    }
    refresh.status = match next(refresh.status, Event::GiveUp) {
        Some(status) => status,
        None => Cancelled,
    };
    refresh.ended_at = Some(now);
    for batch in &mut refresh.batches {
        for member in &mut batch.instances {
            if member.status == RefreshedStatus::Waiting {
                member.status = RefreshedStatus::Cancelled;
            }
        }
        if batch.status == BatchStatus::Waiting {
            batch.status = BatchStatus::Cancelled;
        }
    }
}

/// Gives a refresh up: what was made on top goes at once, what failed stays in standby (rule R7).
pub(crate) fn cancel(draft: &mut Draft<'_>, refresh: &mut Refresh) {
    if happen(draft, refresh, Event::Cancel) {
        leave_surge(draft, refresh);
        refresh.activity = None;
    }
}
