//! Commands on scaling policies (rules S1-S5).

use std::sync::Arc;

use muster_model::{
    AdjustBy, Adjustment, CooldownRule, Created, Door, Error, ExecutedBy, Field, Part, PartId,
    Policy, PolicyCommand, PolicyId, PolicyKind, PolicyMemory, PolicyOptions, PolicySpec, Problem,
    Quota, ResourceKind, Trigger, TriggerKind, Watch,
};

use super::capacity::adjust;
use crate::Facts;
use crate::catalogue;
use crate::draft::Draft;
use crate::executions;
use crate::schedule::next_after;
use crate::timed;

/// Numbers of policies begin here: they have eight digits, until an account has changed ninety million times.
const FIRST_NUMBER: u64 = 10_000_000;

pub(super) fn policy(
    draft: &mut Draft<'_>,
    command: &PolicyCommand,
    facts: &Facts,
) -> Result<Created, Error> {
    match command {
        PolicyCommand::Create { door, spec } => create(draft, *door, spec, None, facts),
        PolicyCommand::CreateDescribed {
            door,
            spec,
            description,
        } => create(draft, *door, spec, description.clone(), facts),
        PolicyCommand::Modify { id, spec } => {
            let description = named(draft, *id)?.description.clone();
            modify(draft, *id, spec, description, facts)
        }
        PolicyCommand::ModifyDescribed {
            id,
            spec,
            description,
        } => modify(draft, *id, spec, description.clone(), facts),
        PolicyCommand::Delete { id } => {
            named(draft, *id)?;
            executions::drop_all(draft, *id);
            draft.drop_part(PartId::Policy(*id));
            Ok(Created::Nothing)
        }
        PolicyCommand::Execute { id, honor_cooldown } => {
            let policy = named(draft, *id)?;
            match !honor_cooldown && timed::goes_the_other_way(draft, &policy) {
                true => Ok(timed::wait(draft, &policy)),
                false => executions::execute(draft, &policy, ExecutedBy::Call, *honor_cooldown),
            }
        }
        PolicyCommand::SetOptions { id, options } => set_options(draft, *id, options),
    }
}

fn named(draft: &Draft<'_>, id: PolicyId) -> Result<Arc<Policy>, Error> {
    let found = draft.parts().policies.get(&id).cloned();
    found.ok_or_else(|| Error::NotFound {
        kind: ResourceKind::Policy,
        id: id.to_string(),
    })
}

fn check_name(door: Door, spec: &PolicySpec, facts: &Facts) -> Result<(), Error> {
    match facts.name_taken && door.has_unique_names() {
        false => Ok(()),
        true => Err(Error::NameTaken {
            kind: ResourceKind::Policy,
            name: spec.name.clone(),
        }),
    }
}

/// Times that never come are a mistake.
fn check_times(draft: &Draft<'_>, kind: &PolicyKind) -> Result<(), Error> {
    match kind {
        PolicyKind::Timed { times, .. } if next_after(times, draft.now).is_none() => {
            Err(Error::Invalid {
                field: Field::Recurrence,
                problem: Problem::Unusable("no such time comes".to_owned()),
            })
        }
        PolicyKind::Timed { .. }
        | PolicyKind::Simple { .. }
        | PolicyKind::External { .. }
        | PolicyKind::Target(_)
        | PolicyKind::Unhealthy => Ok(()),
    }
}

fn create(
    draft: &mut Draft<'_>,
    door: Door,
    spec: &PolicySpec,
    description: Option<String>,
    facts: &Facts,
) -> Result<Created, Error> {
    check_times(draft, &spec.kind)?;
    catalogue::check_user_groups(&draft.settings.catalogue, &spec.notify_groups)?;
    check_name(door, spec, facts)?;
    let policies = &draft.parts().policies;
    let tracks = |policy: &PolicyKind| matches!(policy, PolicyKind::Target(_));
    if tracks(&spec.kind) && policies.values().any(|policy| tracks(&policy.kind)) {
        return Err(Error::QuotaExceeded {
            quota: Quota::TargetTracking,
            limit: 1,
        });
    }
    let limit = draft.settings.quotas.policies;
    if policies.len() >= limit as usize {
        return Err(Error::QuotaExceeded {
            quota: Quota::Policies,
            limit,
        });
    }
    let (id, now) = (draft.ids.next_id(), draft.now);
    let group = draft.group();
    let policy = Policy {
        id,
        group: group.id,
        name: spec.name.clone(),
        door,
        enabled: spec.enabled,
        cooldown_secs: spec.cooldown_secs,
        kind: spec.kind.clone(),
        created_at: now,
        ordinal: group.version,
        number: facts
            .numbered
            .map(|number| FIRST_NUMBER.saturating_add(number)),
        notify_groups: spec.notify_groups.clone(),
        watch: Watch::default(),
        options: PolicyOptions::default(),
        memory: PolicyMemory::default(),
        description,
    };
    draft.put_part(Part::Policy(Arc::new(policy)));
    Ok(Created::Policy(id))
}

/// A policy whose rule changes is looked at afresh; it still asks at most once for a period.
fn modify(
    draft: &mut Draft<'_>,
    id: PolicyId,
    spec: &PolicySpec,
    description: Option<String>,
    facts: &Facts,
) -> Result<Created, Error> {
    let old = named(draft, id)?;
    if spec.kind != old.kind {
        check_times(draft, &spec.kind)?;
    }
    if spec.notify_groups != old.notify_groups {
        catalogue::check_user_groups(&draft.settings.catalogue, &spec.notify_groups)?;
    }
    check_name(old.door, spec, facts)?;
    let policy = Policy {
        name: spec.name.clone(),
        enabled: spec.enabled,
        cooldown_secs: spec.cooldown_secs,
        kind: spec.kind.clone(),
        notify_groups: spec.notify_groups.clone(),
        description,
        watch: match (spec.kind == old.kind, &spec.kind) {
            (true, _) => old.watch,
            // The times that it has now, and the firings of the rule that it names now, begin now.
            (false, PolicyKind::Timed { .. } | PolicyKind::External { .. }) => Watch {
                evaluated: Some(draft.now),
                acted: old.watch.acted,
                ..Watch::default()
            },
            (false, _) => Watch {
                acted: old.watch.acted,
                ..Watch::default()
            },
        },
        ..(*old).clone()
    };
    draft.put_part(Part::Policy(Arc::new(policy)));
    Ok(Created::Nothing)
}

/// What it found right under other options does not bind it; how often it turned round does.
fn set_options(
    draft: &mut Draft<'_>,
    id: PolicyId,
    options: &PolicyOptions,
) -> Result<Created, Error> {
    debug_assert!(options.check().is_ok(), "the shell checks ranges");
    let old = named(draft, id)?;
    if old.options == *options {
        return Ok(Created::Nothing);
    }
    let looks = |options: &PolicyOptions| options.alarms(&old.kind);
    let policy = Policy {
        // Other periods or another metric: it looks afresh.
        watch: match looks(options) == looks(&old.options) {
            true => old.watch,
            false => Watch {
                acted: old.watch.acted,
                ..Watch::default()
            },
        },
        options: options.clone(),
        memory: PolicyMemory {
            wishes: Vec::new(),
            ..old.memory.clone()
        },
        ..(*old).clone()
    };
    draft.put_part(Part::Policy(Arc::new(policy)));
    Ok(Created::Nothing)
}

/// What a policy changes, if that is a plain adjustment.
pub(crate) fn adjustment(kind: &PolicyKind) -> Option<AdjustBy> {
    match kind {
        PolicyKind::Simple { adjust, .. }
        | PolicyKind::External { adjust, .. }
        | PolicyKind::Timed { adjust, .. } => Some(*adjust),
        PolicyKind::Target(_) | PolicyKind::Unhealthy => None,
    }
}

pub(crate) fn execute(
    draft: &mut Draft<'_>,
    id: PolicyId,
    honor_cooldown: bool,
) -> Result<Created, Error> {
    let policy = named(draft, id)?;
    let by = adjustment(&policy.kind).ok_or(Error::NotExecutable { policy: id })?;
    if draft.abnormal().is_some() {
        return Err(Error::Abnormal);
    }
    let trigger = Trigger {
        kind: TriggerKind::Policy {
            policy: id,
            cooldown_secs: policy.cooldown_secs,
        },
        cooldown: match honor_cooldown {
            true => CooldownRule::Honor,
            false => CooldownRule::Ignore,
        },
    };
    adjust(draft, &Adjustment { by, trigger })
}
