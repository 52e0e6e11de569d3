//! Deleting a group (rule G23).

use muster_model::{Created, Error, Lifecycle};

use super::capacity::check_idle;
use crate::draft::Draft;

/// Deletes a group that is idle and empty. Members that would not leave do not hold it: the group goes out of sight,
/// their machines are handed back, and the last one takes the group along. With `force`, all members are removed.
pub(super) fn delete(draft: &mut Draft<'_>, force: bool) -> Result<Created, Error> {
    if draft.group().deleting {
        return Ok(Created::Nothing);
    }
    if !force {
        check_idle(draft)?;
        let held = draft
            .instances()
            .filter(|i| {
                !matches!(
                    i.state,
                    Lifecycle::TerminationFailed | Lifecycle::DetachFailed
                )
            })
            .count();
        if held > 0 {
            return Err(Error::HasInstances { count: held });
        }
        let stuck: Vec<_> = draft.instances().map(|i| i.id).collect();
        for id in stuck {
            draft.leave(
                id,
                false,
                "the group is being deleted: a machine that would not go is left alive",
            );
        }
    }
    if draft.view().machines() == 0 && draft.group().busy.is_none() {
        draft.delete_group();
        return Ok(Created::Nothing);
    }
    draft.group_mut().deleting = true;
    Ok(Created::Nothing)
}
