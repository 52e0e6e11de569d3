//! Commands on lifecycle hooks (rules H1, H2, H5, H7).

use std::sync::Arc;

use muster_model::{
    Created, Error, Field, Hook, HookChange, HookCommand, HookId, HookPatch, HookReason, HookSpec,
    HookVerdict, HookWaiter, InstanceId, NotificationTarget, Part, PartId, Problem, Quota,
    ResourceKind,
};

use crate::catalogue;
use crate::draft::Draft;
use crate::hooks;

pub(super) fn change(draft: &mut Draft<'_>, change: &HookChange) -> Result<Created, Error> {
    match change {
        HookChange::Create(spec) => create(draft, spec, false),
        HookChange::CreateUnbound(spec) => create(draft, spec, true),
        HookChange::Bind { id } => bind(draft, *id),
        HookChange::Modify { id, patch } => modify(draft, *id, patch),
        HookChange::Upgrade { id, spec } => upgrade(draft, *id, spec),
        HookChange::Delete { id } => delete(draft, *id),
        HookChange::DeleteUnused { id, name } => {
            check_unused(draft, *id, name.as_deref())?;
            delete(draft, *id)
        }
        HookChange::Complete { id, who, verdict } => complete(draft, *id, who, *verdict),
        HookChange::Extend { id, who, secs } => extend(draft, *id, who, *secs),
        HookChange::Renew { id, who, secs } => renew(draft, *id, who, *secs),
    }
}

fn named(draft: &Draft<'_>, id: HookId) -> Result<Hook, Error> {
    let found = draft.parts().hooks.get(&id);
    found
        .map(|hook| (**hook).clone())
        .ok_or_else(|| Error::NotFound {
            kind: ResourceKind::Hook,
            id: id.to_string(),
        })
}

/// Refuses a name that another hook of the group has.
fn check_name(draft: &Draft<'_>, name: &str, but: Option<HookId>) -> Result<(), Error> {
    let mut others = draft.parts().hooks.values();
    match others.any(|hook| hook.name == name && Some(hook.id) != but) {
        true => Err(Error::NameTaken {
            kind: ResourceKind::Hook,
            name: name.to_owned(),
        }),
        false => Ok(()),
    }
}

fn put(draft: &mut Draft<'_>, hook: Hook) {
    draft.put_part(Part::Hook(Arc::new(hook)));
}

/// What is said of a hook, put into it.
fn fill(hook: &mut Hook, spec: &HookSpec) {
    hook.name.clone_from(&spec.name);
    hook.transition = spec.transition;
    hook.default_result = spec.default_result;
    hook.timeout_secs = spec.timeout_secs;
    hook.extended = spec.extended;
    hook.metadata.clone_from(&spec.metadata);
    hook.target.clone_from(&spec.target);
    hook.command.clone_from(&spec.command);
}

/// Whom a hook tells and what it runs is there.
fn check_named(
    draft: &Draft<'_>,
    target: Option<&NotificationTarget>,
    command: Option<&HookCommand>,
) -> Result<(), Error> {
    let catalogue = &draft.settings.catalogue;
    catalogue::check_receiver(catalogue, target, draft.own_topic)?;
    catalogue::check_command(catalogue, command)
}

/// `bindable`: it acts while it is bound only, and that it is not yet.
fn create(draft: &mut Draft<'_>, spec: &HookSpec, bindable: bool) -> Result<Created, Error> {
    check_named(draft, spec.target.as_ref(), spec.command.as_ref())?;
    check_name(draft, &spec.name, None)?;
    let limit = draft.settings.quotas.hooks;
    if draft.parts().hooks.len() >= limit as usize {
        return Err(Error::QuotaExceeded {
            quota: Quota::Hooks,
            limit,
        });
    }
    let id: HookId = draft.ids.next_id();
    let mut hook = Hook {
        id,
        group: draft.group().id,
        name: String::new(),
        transition: spec.transition,
        default_result: spec.default_result,
        timeout_secs: spec.timeout_secs,
        extended: spec.extended,
        metadata: String::new(),
        target: None,
        command: None,
        active: !bindable,
        bindable,
        created_at: draft.now,
        ordinal: draft.group().version,
    };
    fill(&mut hook, spec);
    put(draft, hook);
    Ok(Created::Hook(id))
}

/// What waits for a hook that does not act any more goes on waiting: it has its deadline.
fn bind(draft: &mut Draft<'_>, id: Option<HookId>) -> Result<Created, Error> {
    if let Some(id) = id {
        named(draft, id)?;
    }
    let all: Vec<Arc<Hook>> = draft.parts().hooks.values().cloned().collect();
    for hook in all.iter().filter(|hook| hook.bindable) {
        let active = id == Some(hook.id);
        if hook.active != active {
            put(
                draft,
                Hook {
                    active,
                    ..(**hook).clone()
                },
            );
        }
    }
    Ok(Created::Nothing)
}

fn upgrade(draft: &mut Draft<'_>, id: HookId, spec: &HookSpec) -> Result<Created, Error> {
    let mut hook = named(draft, id)?;
    check_named(draft, spec.target.as_ref(), spec.command.as_ref())?;
    check_name(draft, &spec.name, Some(id))?;
    fill(&mut hook, spec);
    put(draft, hook);
    Ok(Created::Nothing)
}

fn modify(draft: &mut Draft<'_>, id: HookId, patch: &HookPatch) -> Result<Created, Error> {
    let mut hook = named(draft, id)?;
    check_named(draft, patch.target.as_ref(), patch.command.as_ref())?;
    if let Some(name) = &patch.name {
        check_name(draft, name, Some(id))?;
        hook.name.clone_from(name);
    }
    hook.transition = patch.transition.unwrap_or(hook.transition);
    hook.default_result = patch.default_result.unwrap_or(hook.default_result);
    hook.timeout_secs = patch.timeout_secs.unwrap_or(hook.timeout_secs);
    hook.extended = patch.extended.unwrap_or(hook.extended);
    if let Some(metadata) = &patch.metadata {
        hook.metadata.clone_from(metadata);
    }
    if patch.target.is_some() {
        hook.target.clone_from(&patch.target);
    }
    if patch.command.is_some() {
        hook.command.clone_from(&patch.command);
        hook.target = None;
        hook.metadata.clear();
    } else if patch.target.is_some() || patch.metadata.as_ref().is_some_and(|m| !m.is_empty()) {
        hook.command = None;
    }
    put(draft, hook);
    Ok(Created::Nothing)
}

/// Refuses a hook that is bound or waited for (T:2738), and one that is called otherwise (T:2735).
fn check_unused(draft: &Draft<'_>, id: HookId, name: Option<&str>) -> Result<(), Error> {
    let hook = named(draft, id)?;
    if let Some(name) = name.filter(|name| *name != hook.name) {
        let why = format!("the lifecycle hook is not called `{name}`");
        return Err(Error::Invalid {
            field: Field::HookName,
            problem: Problem::Unusable(why),
        });
    }
    let mut waits = draft.instances().filter(|instance| {
        let mut waits = instance.hooks.iter();
        waits.any(|wait| wait.hook == id && wait.verdict.is_none())
    });
    let by = match hook.bindable && hook.active {
        true => Some(hook.group.to_string()),
        false => waits.next().map(|instance| instance.id.to_string()),
    };
    match by {
        Some(by) => Err(Error::InUse {
            kind: ResourceKind::Hook,
            id: id.to_string(),
            by,
        }),
        None => Ok(()),
    }
}

fn delete(draft: &mut Draft<'_>, id: HookId) -> Result<Created, Error> {
    named(draft, id)?;
    hooks::withdraw(draft, id);
    draft.drop_part(PartId::Hook(id));
    Ok(Created::Nothing)
}

/// Compares secrets in a time that tells nothing of where they differ.
fn is_same(a: &str, b: &str) -> bool {
    let differing = a
        .bytes()
        .zip(b.bytes())
        .fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && differing == 0
}

fn complete(
    draft: &mut Draft<'_>,
    id: HookId,
    who: &HookWaiter,
    verdict: HookVerdict,
) -> Result<Created, Error> {
    let instance = waiting(draft, id, who)?;
    hooks::decide(draft, instance, id, verdict, HookReason::CallInterface);
    Ok(Created::Nothing)
}

/// The deadline of a wait moves; nothing is released.
fn extend(
    draft: &mut Draft<'_>,
    id: HookId,
    who: &HookWaiter,
    secs: u32,
) -> Result<Created, Error> {
    let instance = waiting(draft, id, who)?;
    hooks::extend(draft, instance, id, u64::from(secs));
    Ok(Created::Nothing)
}

/// The deadline of a wait is so long from now, earlier or later than it was.
fn renew(draft: &mut Draft<'_>, id: HookId, who: &HookWaiter, secs: u32) -> Result<Created, Error> {
    let instance = waiting(draft, id, who)?;
    hooks::renew(draft, instance, id, u64::from(secs));
    Ok(Created::Nothing)
}

/// The instance that is meant, if it waits for the hook still.
fn waiting(draft: &Draft<'_>, id: HookId, who: &HookWaiter) -> Result<InstanceId, Error> {
    named(draft, id)?;
    let is_meant = |instance, token: &str| match who {
        HookWaiter::Instance(meant) => *meant == instance,
        HookWaiter::Token(meant) => is_same(meant, token),
    };
    let waits = draft
        .instances()
        .flat_map(|i| i.hooks.iter().map(move |wait| (i.id, wait)));
    let found = waits
        .filter(|(instance, wait)| wait.hook == id && is_meant(*instance, &wait.token))
        .map(|(instance, wait)| (instance, wait.verdict))
        .next();
    match found {
        Some((instance, None)) => return Ok(instance),
        Some((_, Some(_))) => return Err(Error::VerdictGiven),
        None => {}
    }
    // What ended a short while ago is still known to its activity.
    let ended = draft
        .activities()
        .flat_map(|activity| activity.hooks.iter())
        .any(|outcome| outcome.hook == id && is_meant(outcome.instance, &outcome.token));
    Err(match who {
        _ if ended => Error::VerdictGiven,
        HookWaiter::Instance(instance) => Error::NotHeld {
            instance: *instance,
        },
        HookWaiter::Token(_) => Error::NoSuchToken,
    })
}
