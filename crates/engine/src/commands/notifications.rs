//! Commands on notifications (rule S9).

use std::sync::Arc;

use muster_model::{
    Created, Error, Field, Notification, NotificationCommand, NotificationId, NotificationScenes,
    NotificationSpec, NotificationTarget, Part, PartId, Problem, Quota, ResourceKind,
};

use crate::catalogue;
use crate::draft::Draft;

pub(super) fn notification(
    draft: &mut Draft<'_>,
    command: &NotificationCommand,
) -> Result<Created, Error> {
    match command {
        NotificationCommand::Create(spec) => create(draft, spec),
        NotificationCommand::Modify { id, scenes, target } => {
            modify(draft, *id, *scenes, target.as_ref())
        }
        NotificationCommand::Rename { id, name } => {
            let renamed = Notification {
                name: Some(name.clone()),
                ..(*named(draft, *id)?).clone()
            };
            draft.put_part(Part::Notification(Arc::new(renamed)));
            Ok(Created::Nothing)
        }
        NotificationCommand::Delete { id } => {
            named(draft, *id)?;
            draft.drop_part(PartId::Notification(*id));
            Ok(Created::Nothing)
        }
    }
}

fn named(draft: &Draft<'_>, id: NotificationId) -> Result<Arc<Notification>, Error> {
    let found = draft.parts().notifications.get(&id).cloned();
    found.ok_or_else(|| Error::NotFound {
        kind: ResourceKind::Notification,
        id: id.to_string(),
    })
}

fn create(draft: &mut Draft<'_>, spec: &NotificationSpec) -> Result<Created, Error> {
    let own = draft.own_topic;
    catalogue::check_receiver(&draft.settings.catalogue, spec.target.as_ref(), own)?;
    let limit = draft.settings.quotas.notifications;
    if draft.parts().notifications.len() >= limit as usize {
        return Err(Error::QuotaExceeded {
            quota: Quota::Notifications,
            limit,
        });
    }
    let id: NotificationId = draft.ids.next_id();
    let group = draft.group();
    let notification = Notification {
        id,
        group: group.id,
        scenes: spec.scenes,
        target: spec.target.clone(),
        name: None,
        created_at: draft.now,
        ordinal: group.version,
    };
    draft.put_part(Part::Notification(Arc::new(notification)));
    Ok(Created::Notification(id))
}

/// Who is told stays of the kind that it is.
fn modify(
    draft: &mut Draft<'_>,
    id: NotificationId,
    scenes: Option<NotificationScenes>,
    target: Option<&NotificationTarget>,
) -> Result<Created, Error> {
    let old = named(draft, id)?;
    if let (Some(old), Some(new)) = (&old.target, target)
        && !old.is_like(new)
    {
        return Err(Error::Invalid {
            field: Field::Receiver,
            problem: Problem::NotWith(Field::ReceiverKind),
        });
    }
    catalogue::check_receiver(&draft.settings.catalogue, target, draft.own_topic)?;
    let notification = Notification {
        scenes: scenes.unwrap_or(old.scenes),
        target: target.cloned().or_else(|| old.target.clone()),
        ..(*old).clone()
    };
    draft.put_part(Part::Notification(Arc::new(notification)));
    Ok(Created::Nothing)
}
