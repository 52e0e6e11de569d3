//! Opening, changing and closing the warm pool of a group.

use muster_model::{Created, Error, Field, Problem, WarmPool, WarmPoolCommand};

use crate::draft::Draft;

/// Machines that a warm pool may hold: as many as a group may have members.
const MAX_CAPACITY: u32 = 2000;

/// Closing a pool that is not open changes nothing. What follows for its machines is the planner's.
pub(super) fn pool(draft: &mut Draft<'_>, command: WarmPoolCommand) -> Result<Created, Error> {
    let old = draft.group().warm_pool.clone();
    let new = match command {
        WarmPoolCommand::Close => None,
        WarmPoolCommand::Put {
            capacity,
            init_wait_secs,
        } => {
            let size = draft.group().spec.size;
            let old = old.as_ref();
            let held = old.map(|pool| pool.capacity);
            let capacity = capacity.or(held).unwrap_or(size.max - size.desired);
            let wait = old.map_or(0, |pool| pool.init_wait_secs);
            Some(WarmPool {
                capacity,
                init_wait_secs: init_wait_secs.unwrap_or(wait),
                ..WarmPool::default()
            })
        }
    };
    if let Some(pool) = new.as_ref().filter(|pool| pool.capacity > MAX_CAPACITY) {
        return Err(Error::Invalid {
            field: Field::Count,
            problem: Problem::Range {
                value: i64::from(pool.capacity),
                min: 0,
                max: i64::from(MAX_CAPACITY),
            },
        });
    }
    if new != old {
        draft.group_mut().warm_pool = new;
    }
    Ok(Created::Nothing)
}
