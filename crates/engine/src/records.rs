//! What an account has besides groups and configurations: the rules of its records.

use muster_model::{
    Account, Error, Quota, Record, RecordChange, RecordCommand, RecordHead, RecordId, RecordSpec,
    Records, ResourceKind, Site,
};

use crate::Context;

fn absent(id: RecordId) -> Error {
    Error::NotFound {
        kind: ResourceKind::Record,
        id: id.to_string(),
    }
}

/// Decides commands on the records of an account in a site: all of them, or none. `records`: all that the account has there.
///
/// # Errors
/// The first that is refused; nothing changes.
pub fn change_records(
    account: &Account,
    site: &Site,
    records: &Records,
    commands: &[RecordCommand],
    context: &mut Context<'_>,
) -> Result<RecordChange, Error> {
    let mut change = RecordChange::default();
    let mut now = records.clone();
    for command in commands {
        match command {
            RecordCommand::Create(spec) => {
                check(&now, None, spec)?;
                check_quota(&now, spec, context)?;
                let head = RecordHead {
                    account: account.id,
                    site: site.clone(),
                    version: 1,
                    ordinal: account.version,
                    created_at: context.now,
                    updated_at: context.now,
                };
                let record = spec.clone().made(head, context.ids);
                change.made.push(record.id());
                write(&mut now, &mut change, record);
            }
            RecordCommand::Replace { id, version, spec } => {
                let old = now.get(*id).ok_or_else(|| absent(*id))?;
                if old.head().version != *version {
                    return Err(Error::Changed {
                        kind: ResourceKind::Record,
                        id: id.to_string(),
                    });
                }
                check(&now, Some(*id), spec)?;
                let head = RecordHead {
                    version: version + 1,
                    updated_at: context.now,
                    ..old.head().clone()
                };
                let record = spec.clone().under(*id, head).ok_or_else(|| absent(*id))?;
                write(&mut now, &mut change, record);
            }
            RecordCommand::Delete { id } => {
                now.get(*id).ok_or_else(|| absent(*id))?;
                now.remove(*id);
                change.put.retain(|record| record.id() != *id);
                change.gone.push(*id);
            }
        }
    }
    Ok(change)
}

fn write(now: &mut Records, change: &mut RecordChange, record: Record) {
    change.put.retain(|other| other.id() != record.id());
    change.put.push(record.clone());
    now.put(record);
}

/// Whether a record may say this: of a new one (`None`), or of the one with this id.
fn check(records: &Records, id: Option<RecordId>, spec: &RecordSpec) -> Result<(), Error> {
    match spec {
        RecordSpec::Topic(spec) => {
            let mut others = records.topics.values();
            let taken = others
                .any(|other| Some(RecordId::Topic(other.id)) != id && other.spec.name == spec.name);
            refuse_taken(taken, &spec.name)
        }
    }
}

fn refuse_taken(taken: bool, name: &str) -> Result<(), Error> {
    if taken {
        return Err(Error::NameTaken {
            kind: ResourceKind::Record,
            name: name.to_owned(),
        });
    }
    Ok(())
}

/// How many of a kind there may be.
fn check_quota(records: &Records, spec: &RecordSpec, context: &Context<'_>) -> Result<(), Error> {
    let limit = match spec {
        RecordSpec::Topic(_) => context.settings.quotas.topics,
    };
    if records.count(spec) >= limit as usize {
        return Err(Error::QuotaExceeded {
            quota: Quota::Records,
            limit,
        });
    }
    Ok(())
}
