//! Commands that change how many instances a group has (rules G20, A5, A6, S2).

use muster_model::{
    ActivityKind, AdjustBy, Adjustment, CooldownRule, Created, Error, Field, Problem, Size,
    Trigger, TriggerKind,
};

use crate::draft::Draft;
use crate::reason::Code;
use crate::{plan, termination};

pub(super) fn manual() -> Trigger {
    Trigger {
        kind: TriggerKind::Manual,
        cooldown: CooldownRule::Ignore,
    }
}

/// Refuses sizes that do not satisfy `min <= desired <= max` (rule G2).
pub(super) fn check_size(size: Size) -> Result<(), Error> {
    if size.min <= size.desired && size.desired <= size.max {
        Ok(())
    } else {
        Err(Error::SizeOrder {
            min: size.min,
            desired: size.desired,
            max: size.max,
        })
    }
}

/// Refuses while the one exclusive activity runs (rule A3).
pub(super) fn check_idle(draft: &Draft<'_>) -> Result<(), Error> {
    match draft.group().busy {
        Some(activity) => Err(Error::Busy { activity }),
        None => Ok(()),
    }
}

pub(super) fn set_desired(
    draft: &mut Draft<'_>,
    desired: u32,
    min: Option<u32>,
    max: Option<u32>,
) -> Result<Created, Error> {
    let old = draft.group().spec.size;
    let size = Size {
        min: min.unwrap_or(old.min),
        desired,
        max: max.unwrap_or(old.max),
    };
    check_size(size)?;
    super::modify::check_base(draft.group().spec.allocation, size.max)?;
    if draft.abnormal().is_some() {
        return Err(Error::Abnormal);
    }
    if !draft.group().spec.enabled {
        return Err(Error::Disabled);
    }
    draft.release_brake();
    if size != old {
        draft.group_mut().spec.size = size;
    }
    Ok(Created::Nothing)
}

pub(super) fn scale_out(draft: &mut Draft<'_>, count: u32) -> Result<Created, Error> {
    check_count(count)?;
    check_idle(draft)?;
    let size = draft.group().spec.size;
    let wanted = size.desired.saturating_add(count);
    if wanted > size.max {
        return Err(Error::AboveMax {
            wanted,
            max: size.max,
        });
    }
    draft.release_brake();
    let activity = draft.start_activity(ActivityKind::ScaleOut, manual(), count, wanted);
    Ok(Created::Activity(activity))
}

pub(super) fn scale_in(draft: &mut Draft<'_>, count: u32) -> Result<Created, Error> {
    check_count(count)?;
    check_idle(draft)?;
    let size = draft.group().spec.size;
    let wanted = size.desired.saturating_sub(count);
    if count > size.desired || wanted < size.min {
        return Err(Error::BelowMin {
            wanted,
            min: size.min,
        });
    }
    let victims = termination::choose(draft, count);
    if victims.is_empty() {
        return Err(Error::NothingToDo);
    }
    draft.release_brake();
    Ok(Created::Activity(plan::start_scale_in(
        draft,
        manual(),
        &victims,
        wanted,
    )))
}

fn check_count(count: u32) -> Result<(), Error> {
    if count >= 1 {
        return Ok(());
    }
    Err(Error::Invalid {
        field: Field::Count,
        problem: Problem::Range {
            value: 0,
            min: 1,
            max: 2000,
        },
    })
}

/// A policy changes the capacity: clamped to the bounds; held back by a cooldown as its trigger says. Refused, it leaves the
/// draft as it was.
pub(crate) fn adjust(draft: &mut Draft<'_>, adjustment: &Adjustment) -> Result<Created, Error> {
    if !draft.group().spec.enabled {
        return Err(Error::Disabled);
    }
    check_idle(draft)?;
    let cooling = draft
        .group()
        .cooldown
        .is_some_and(|cooldown| cooldown.until > draft.now);
    match adjustment.trigger.cooldown {
        CooldownRule::Honor if cooling => return Err(Error::CoolingDown),
        CooldownRule::Honor | CooldownRule::Ignore => {}
    }
    let size = draft.group().spec.size;
    let desired = adjusted(size, adjustment.by);
    if desired == size.desired {
        return Err(Error::NothingToDo);
    }
    if desired > size.desired {
        draft.release_brake();
        draft.group_mut().spec.size.desired = desired;
        let kind = ActivityKind::ScaleOut;
        let activity = draft.start_activity(
            kind,
            adjustment.trigger.clone(),
            desired - size.desired,
            desired,
        );
        return Ok(Created::Activity(activity));
    }
    let victims = termination::choose(draft, size.desired - desired);
    if victims.is_empty() {
        return Err(Error::NothingToDo);
    }
    draft.release_brake();
    draft.group_mut().spec.size.desired = desired;
    draft.because(Code::Leaving, format!("{victims:?} leave"));
    Ok(Created::Activity(plan::start_scale_in(
        draft,
        adjustment.trigger.clone(),
        &victims,
        desired,
    )))
}

/// The new desired number, within the bounds.
pub(crate) fn adjusted(size: Size, by: AdjustBy) -> u32 {
    let bounded = unbounded(size, by).clamp(i64::from(size.min), i64::from(size.max));
    u32::try_from(bounded).unwrap_or(size.min)
}

/// The number that is asked for: percentages round down above 1 and up to 1 between 0 and 1.
pub(crate) fn unbounded(size: Size, by: AdjustBy) -> i64 {
    let now = i64::from(size.desired);
    let percent = |percent: i64| {
        let hundredths = now.saturating_mul(percent);
        match hundredths.abs() {
            0 => 0,
            1..=99 => hundredths.signum(),
            _ => hundredths / 100,
        }
    };
    match by {
        AdjustBy::To(to) => to,
        AdjustBy::By(by) => now.saturating_add(by),
        AdjustBy::ByPercent(by) => now.saturating_add(percent(by)),
        AdjustBy::ToPercent(to) => percent(to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_down_above_one_and_up_to_one_below() {
        let size = |desired| Size {
            min: 0,
            desired,
            max: 20,
        };
        for (desired, by, expected) in [
            (10, AdjustBy::ByPercent(25), 12),
            (3, AdjustBy::ByPercent(10), 4),
            (3, AdjustBy::ByPercent(-10), 2),
            (10, AdjustBy::ByPercent(-25), 8),
            (0, AdjustBy::ByPercent(50), 0),
            (10, AdjustBy::ByPercent(500), 20),
            (10, AdjustBy::By(-30), 0),
            (10, AdjustBy::To(7), 7),
            (10, AdjustBy::ToPercent(50), 5),
            (10, AdjustBy::By(i64::MAX), 20),
        ] {
            assert_eq!(adjusted(size(desired), by), expected, "{desired} {by:?}");
        }
    }
}
