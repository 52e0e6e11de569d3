//! Commands on instance refreshes (rules R1-R8).

use muster_model::{
    BatchStatus, Created, Error, Field, Problem, Refresh, RefreshCommand, RefreshId,
    RefreshInstance, RefreshMode, RefreshSettings, RefreshStage, RefreshStatus, RefreshedStatus,
    ResourceKind,
};

use super::capacity::check_idle;
use crate::draft::Draft;
use crate::leave::version_of;
use crate::lifecycle::{Role, role};
use crate::refresh::{Event, begin, cancel, hand_over, happen, put, refreshed, waiting};

pub(super) fn refresh(draft: &mut Draft<'_>, command: &RefreshCommand) -> Result<Created, Error> {
    match command {
        RefreshCommand::Start { mode, settings } => start(draft, *mode, *settings),
        RefreshCommand::RollBack { origin, settings } => roll_back(draft, *origin, *settings),
        RefreshCommand::Stop { id } => stop(draft, *id),
        RefreshCommand::Resume { id, retry } => resume(draft, *id, *retry),
        RefreshCommand::Cancel { id } => give_up(draft, *id),
    }
}

fn named(draft: &Draft<'_>, id: RefreshId) -> Result<Refresh, Error> {
    let found = draft.parts().refreshes.get(&id);
    found
        .map(|refresh| (**refresh).clone())
        .ok_or_else(|| Error::NotFound {
            kind: ResourceKind::Refresh,
            id: id.to_string(),
        })
}

fn stands(refresh: &Refresh) -> Error {
    Error::RefreshStands {
        refresh: refresh.id,
        status: refresh.status,
    }
}

/// Refuses more batches than members, and more on top than are in a batch (rule R3).
fn check(settings: RefreshSettings, members: &[RefreshInstance]) -> Result<(), Error> {
    let above = |field, value, limit| Error::Invalid {
        field,
        problem: Problem::Above {
            value,
            than: Field::Instances,
            limit,
        },
    };
    let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
    if settings.batches > count {
        return Err(above(Field::Batches, settings.batches, count));
    }
    let largest = count.div_ceil(settings.batches.max(1));
    if settings.max_surge > largest {
        return Err(above(Field::MaxSurge, settings.max_surge, largest));
    }
    Ok(())
}

fn start(
    draft: &mut Draft<'_>,
    mode: RefreshMode,
    settings: RefreshSettings,
) -> Result<Created, Error> {
    if draft.abnormal().is_some() {
        return Err(Error::Abnormal);
    }
    if let Some(open) = draft.view().open_refresh() {
        return Err(Error::InRefresh { refresh: open.id });
    }
    check_idle(draft)?;
    let config = draft.view().config.clone().ok_or(Error::NoneToRefresh)?;
    let mut serving: Vec<_> = draft
        .instances()
        .filter(|instance| role(instance.state) == Role::Serving)
        .collect();
    serving.sort_by_key(|instance| (instance.created_at, instance.id));
    let members: Vec<RefreshInstance> = serving
        .into_iter()
        .map(|instance| {
            let image = instance
                .machine
                .as_ref()
                .map(|machine| machine.image.clone());
            waiting(instance.id, image.unwrap_or_default())
        })
        .collect();
    if members.is_empty() {
        return Err(Error::NoneToRefresh);
    }
    check(settings, &members)?;
    let version = version_of(&config);
    Ok(Created::Refresh(begin(
        draft, None, mode, settings, version, members,
    )))
}

/// Undoes a refresh that is paused, or the newest one if it succeeded (rule R8).
fn roll_back(
    draft: &mut Draft<'_>,
    origin: RefreshId,
    settings: RefreshSettings,
) -> Result<Created, Error> {
    let mut origin = named(draft, origin)?;
    if draft.abnormal().is_some() {
        return Err(Error::Abnormal);
    }
    if origin.origin.is_some() {
        return Err(Error::RollBackOfRollBack { refresh: origin.id });
    }
    if let Some(open) = draft.view().open_refresh()
        && open.id != origin.id
    {
        return Err(Error::InRefresh { refresh: open.id });
    }
    let newest = draft
        .parts()
        .refreshes
        .values()
        .max_by_key(|refresh| (refresh.created_at, refresh.ordinal, refresh.id))
        .map(|refresh| refresh.id);
    match origin.status {
        RefreshStatus::FailedPause | RefreshStatus::AutoPause | RefreshStatus::ManualPause => {}
        RefreshStatus::Successful if newest == Some(origin.id) => {}
        RefreshStatus::Init | RefreshStatus::Running => return Err(stands(&origin)),
        RefreshStatus::Successful | RefreshStatus::Cancelled | RefreshStatus::Failed => {
            return Err(Error::NoRollBack { refresh: origin.id });
        }
    }
    if origin.mode == RefreshMode::Replace {
        return Err(Error::NoRollBack { refresh: origin.id });
    }
    check_idle(draft)?;
    let config = draft.view().config.clone().ok_or(Error::NoneToRollBack)?;
    let members = refreshed(draft, &origin);
    if members.is_empty() {
        return Err(Error::NoneToRollBack);
    }
    check(settings, &members)?;
    let version = version_of(&config);
    let mode = RefreshMode::Reset;
    let id = begin(draft, Some(&origin), mode, settings, version, members);
    hand_over(&mut origin, draft.now);
    put(draft, origin);
    Ok(Created::Refresh(id))
}

/// What runs goes on to its end; nothing new begins (rule R6).
fn stop(draft: &mut Draft<'_>, id: RefreshId) -> Result<Created, Error> {
    let mut refresh = named(draft, id)?;
    if refresh.stage == RefreshStage::SurgeIn || !happen(draft, &mut refresh, Event::PauseByHand) {
        return Err(stands(&refresh));
    }
    put(draft, refresh);
    Ok(Created::Nothing)
}

/// Goes on: with the failed members of the batch once more, or past them (rule R6). What is rolled out is taken down anew.
fn resume(draft: &mut Draft<'_>, id: RefreshId, retry: bool) -> Result<Created, Error> {
    let mut refresh = named(draft, id)?;
    if !happen(draft, &mut refresh, Event::Resume) {
        return Err(stands(&refresh));
    }
    if let Some(config) = draft.view().config.as_deref() {
        refresh.config = version_of(config);
    }
    let at = (refresh.current as usize).saturating_sub(1);
    if retry
        && let Some(batch) = refresh.batches.get_mut(at)
        && matches!(
            batch.status,
            BatchStatus::Failed | BatchStatus::PartiallySuccessful
        )
    {
        batch.status = BatchStatus::Waiting;
        for member in &mut batch.instances {
            if member.status == RefreshedStatus::Failed {
                member.status = RefreshedStatus::Waiting;
            }
        }
    }
    if !retry && refresh.stage == RefreshStage::SurgeOut {
        refresh.stage = RefreshStage::Batches;
    }
    put(draft, refresh);
    Ok(Created::Nothing)
}

/// Gives it up; not while a batch runs, nor while what was made on top goes (rule R7).
fn give_up(draft: &mut Draft<'_>, id: RefreshId) -> Result<Created, Error> {
    let mut refresh = named(draft, id)?;
    let running = refresh.activity.is_some();
    if refresh.status.is_ended() || running || refresh.stage == RefreshStage::SurgeIn {
        return Err(stands(&refresh));
    }
    check_idle(draft)?;
    cancel(draft, &mut refresh);
    put(draft, refresh);
    Ok(Created::Nothing)
}
