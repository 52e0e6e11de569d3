//! What stands in the way of activities, as far as an API has codes for it (2017 L1895-1908).

use muster_model::{
    Abnormal, Activity, ActivityKind, ActivityStatus, AttemptCode, ConfigStatus, Login, Obstacle,
    Trigger,
};

use crate::draft::Draft;
use crate::placement::{self, places};
use crate::{catalogue, schedule};

/// Why nothing can be launched at all, by the catalogue: the configuration is abnormal, or no place is usable.
pub(crate) fn hindrance(draft: &Draft<'_>) -> Option<(Option<Obstacle>, String)> {
    let Some(config) = draft.view().config.as_ref() else {
        let why = "the group has no launch configuration".to_owned();
        return Some((None, why));
    };
    let catalogue = &draft.settings.catalogue;
    if !catalogue.strict {
        return None;
    }
    if let Some(obstacle) = of_config(draft) {
        let why = match obstacle {
            Obstacle::KeyPair => "the key pair of the launch configuration is gone",
            _ => "the launch configuration is abnormal",
        };
        return Some((Some(obstacle), why.to_owned()));
    }
    if placement::choose(draft, &[], None).is_some() {
        return None;
    }
    let why = "no place of the group is available with one of its instance types".to_owned();
    let types = &config.spec.instance_types;
    let mut subnets = places(draft).into_iter().map(|(_, subnet)| subnet);
    let obstacle = if !types.iter().any(|one| catalogue.types.contains_key(one)) {
        Obstacle::InstanceType
    } else if subnets.all(|id| !id.is_empty() && !catalogue.subnets.contains_key(&id)) {
        Obstacle::Subnet
    } else {
        Obstacle::SoldOut
    };
    Some((Some(obstacle), why))
}

/// What the configuration of the group names and is gone.
fn of_config(draft: &Draft<'_>) -> Option<Obstacle> {
    let config = draft.view().config.as_ref()?;
    let catalogue = &draft.settings.catalogue;
    match catalogue::config_status(catalogue, config) {
        ConfigStatus::Normal => {}
        ConfigStatus::ImageAbnormal => return Some(Obstacle::Image),
        ConfigStatus::SnapshotAbnormal => return Some(Obstacle::Snapshot),
        ConfigStatus::SecurityGroupAbnormal => return Some(Obstacle::SecurityGroup),
    }
    let gone = |key: &String| catalogue.strict && !catalogue.keys.contains(key);
    match &config.spec.login {
        Some(Login::Keys(keys)) => keys.iter().any(gone).then_some(Obstacle::KeyPair),
        Some(Login::Password { .. } | Login::KeepImage) | None => None,
    }
}

/// What the group is in or bound to and is gone.
fn of_group(draft: &Draft<'_>) -> Option<Obstacle> {
    Some(match draft.abnormal()? {
        Abnormal::Machine => Obstacle::Image,
        Abnormal::Balancer
        | Abnormal::Listener
        | Abnormal::Location
        | Abnormal::BalancerRegion
        | Abnormal::BalancerVpc => Obstacle::Balancer,
        Abnormal::Subnet | Abnormal::Vpc => Obstacle::Subnet,
        Abnormal::Balance => Obstacle::Balance,
    })
}

/// What an activity failed for that its attempts do not tell: the back end refused without saying, or was never asked.
pub(crate) fn of_failed(draft: &Draft<'_>, activity: &Activity) -> Option<Obstacle> {
    match activity.attempts.last().map(|attempt| attempt.code) {
        Some(AttemptCode::Refused) | None => of_group(draft).or_else(|| of_config(draft)),
        Some(
            AttemptCode::SoldOut
            | AttemptCode::Quota
            | AttemptCode::Failed
            | AttemptCode::NoAnswer
            | AttemptCode::Died
            | AttemptCode::TimedOut
            | AttemptCode::CommandFailed,
        ) => None,
    }
}

/// Writes down an activity that did not begin, because another one goes on or the group cools down: the API of 2017 lists
/// such, with codes that say so (L1906). Groups of other APIs only explain it.
pub(crate) fn cancelled(draft: &mut Draft<'_>, trigger: Trigger, desired: u32, what: Obstacle) {
    if !schedule::take_turns(draft.group()) {
        return;
    }
    let present = draft.group().spec.size.desired;
    let kind = match desired > present {
        true => ActivityKind::ScaleOut,
        false => ActivityKind::ScaleIn,
    };
    let mut activity = draft.new_activity(kind, trigger, desired.abs_diff(present), desired);
    activity.status = ActivityStatus::Cancelled;
    activity.ended_at = Some(draft.now);
    activity.obstacle = Some(what);
    activity.status_message = match what {
        Obstacle::Busy => "the scaling group is performing a scaling activity",
        _ => "the scaling group is in its cooldown period",
    }
    .to_owned();
    draft.add_activity(activity);
}
