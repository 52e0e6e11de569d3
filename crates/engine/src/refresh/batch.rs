//! Batches: how members are dealt out, how they fared, and which of them a roll-back sees to.

use muster_model::{
    Activity, BatchStatus, InstanceId, Outcome, Refresh, RefreshBatch, RefreshInstance,
    RefreshMode, RefreshedStatus,
};

use crate::draft::Draft;

/// Members in `count` batches that differ by one at the most, the larger ones first.
#[must_use]
pub(crate) fn batches(members: Vec<RefreshInstance>, count: u32) -> Vec<RefreshBatch> {
    let count = (count as usize).clamp(1, members.len().max(1));
    let (least, larger) = (members.len() / count, members.len() % count);
    let mut rest = members.into_iter();
    (0..count)
        .map(|at| RefreshBatch {
            status: BatchStatus::Waiting,
            instances: rest
                .by_ref()
                .take(least + usize::from(at < larger))
                .collect(),
            started_at: None,
            ended_at: None,
        })
        .collect()
}

/// A member that waits for its turn.
pub(crate) fn waiting(instance: InstanceId, image_before: String) -> RefreshInstance {
    RefreshInstance {
        instance,
        status: RefreshedStatus::Waiting,
        activity: None,
        message: String::new(),
        image_before,
        replacement: None,
    }
}

/// Writes down how the members of a batch fared. The n-th new member took the place of the n-th old one.
pub(super) fn judge(
    draft: &Draft<'_>,
    batch: &mut RefreshBatch,
    mode: RefreshMode,
    activity: Option<&Activity>,
) {
    let running: Vec<InstanceId> = batch
        .instances
        .iter()
        .filter(|member| member.status == RefreshedStatus::Running)
        .map(|member| member.instance)
        .collect();
    let related = activity.map_or(&[][..], |activity| &activity.instances);
    let fared = |id: InstanceId| related.iter().find(|related| related.instance == id);
    let mut new = related
        .iter()
        .filter(|related| !running.contains(&related.instance));
    for member in &mut batch.instances {
        if member.status != RefreshedStatus::Running {
            continue;
        }
        let old = fared(member.instance);
        let successor = match mode {
            RefreshMode::Reset => None,
            RefreshMode::Replace => Some(new.next()),
        };
        member.replacement = successor.flatten().map(|related| related.instance);
        let verdict = |related: Option<&muster_model::RelatedInstance>| match related {
            Some(related) if related.outcome == Outcome::Successful => Ok(()),
            Some(related) => Err(related.message.clone()),
            None => Err("it was not made".to_owned()),
        };
        let verdict = verdict(old).and_then(|()| successor.map_or(Ok(()), verdict));
        let gone = mode == RefreshMode::Reset && draft.instance(member.instance).is_none();
        (member.status, member.message) = match verdict {
            Ok(()) => (RefreshedStatus::Successful, "success".to_owned()),
            Err(message) if gone => (RefreshedStatus::NotFound, message),
            Err(message) => (RefreshedStatus::Failed, message),
        };
    }
}

/// The members of a refresh that a roll-back has to see to: those that were touched and are still there.
pub(crate) fn refreshed(draft: &Draft<'_>, refresh: &Refresh) -> Vec<RefreshInstance> {
    let touched = |member: &&RefreshInstance| match member.status {
        RefreshedStatus::Successful | RefreshedStatus::Failed | RefreshedStatus::Running => {
            draft.instance(member.instance).is_some()
        }
        RefreshedStatus::Waiting | RefreshedStatus::Cancelled | RefreshedStatus::NotFound => false,
    };
    refresh
        .batches
        .iter()
        .flat_map(|batch| &batch.instances)
        .filter(touched)
        .map(|member| waiting(member.instance, member.image_before.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_differ_by_one_at_the_most() {
        let members = |count: u64| -> Vec<RefreshInstance> {
            (0..count)
                .map(|n| {
                    let id = InstanceId::new(muster_model::Key::from_bits(n));
                    waiting(id, String::new())
                })
                .collect()
        };
        for (count, into, expected) in [
            (5, 3, vec![2, 2, 1]),
            (3, 3, vec![1, 1, 1]),
            (7, 2, vec![4, 3]),
            (1, 1, vec![1]),
        ] {
            let sizes: Vec<usize> = batches(members(count), into)
                .iter()
                .map(|batch| batch.instances.len())
                .collect();
            assert_eq!(sizes, expected, "{count} in {into}");
        }
    }
}
