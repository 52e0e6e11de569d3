//! Warm pools: opened, changed, shown, closed. Each operation is there twice, at an old path and at one of version 2.

use muster_kit::action::Action;
use muster_model::{GroupCommand, GroupView, Instance, InstanceId, Lifecycle, WarmPoolCommand};
use serde::{Deserialize, Serialize};

use super::Empty;
use crate::checks::{self, PAGE, filled, page};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::words::{PoolStatus, PooledStatus};

/// Of the old path.
pub(super) const OLD: bool = false;
/// Of the path of version 2.
pub(super) const NEW: bool = true;

/// Machines that a pool may hold: as many as a group.
const MOST: i64 = 300;
/// Longest time that a machine runs before it is stopped, seconds.
const LONGEST_WAIT_SECS: i64 = 86_400;

/// PutWarmPool.
#[derive(Deserialize)]
pub(crate) struct PutWarmPool<const N: bool> {
    scaling_group_id: String,
    min_capacity: Option<i64>,
    max_capacity: Option<i64>,
    instance_init_wait_time: Option<i64>,
}

impl<const N: bool> PutWarmPool<N> {
    /// Both numbers are given or none, and they are the same.
    fn capacity(&self) -> Result<Option<u32>, Fault> {
        let number = |name, value| checks::number("AS.2004", name, value, 0, MOST);
        let (min, max) = match (self.min_capacity, self.max_capacity) {
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(Fault::missing("AS.2004", "max_capacity")),
            (None, Some(_)) => return Err(Fault::missing("AS.2004", "min_capacity")),
            (Some(min), Some(max)) => (number("min_capacity", min)?, number("max_capacity", max)?),
        };
        match min == max {
            true => Ok(Some(max)),
            false => {
                let wanted = format!("it must be the same as `max_capacity`, which is {max}");
                Err(Fault::value("AS.2004", "min_capacity", min, &wanted))
            }
        }
    }
}

impl<const N: bool> Action<Ctx> for PutWarmPool<N> {
    const NAME: &'static str = if N { "PutWarmPoolNew" } else { "PutWarmPool" };
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let capacity = self.capacity()?;
        let wait = self.instance_init_wait_time.map(|secs| {
            let name = "instance_init_wait_time";
            checks::number("AS.0022", name, secs, 0, LONGEST_WAIT_SECS)
        });
        let view = ctx.staying(&self.scaling_group_id).await?;
        let command = WarmPoolCommand::Put {
            capacity,
            init_wait_secs: wait.transpose()?,
        };
        ctx.change(view.group.id, GroupCommand::WarmPool(command))
            .await?;
        Ok(Empty {})
    }
}

/// CloseWarmPool.
#[derive(Deserialize)]
pub(crate) struct CloseWarmPool<const N: bool> {
    scaling_group_id: String,
}

impl<const N: bool> Action<Ctx> for CloseWarmPool<N> {
    const NAME: &'static str = if N {
        "CloseWarmPoolNew"
    } else {
        "CloseWarmPool"
    };
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let view = ctx.staying(&self.scaling_group_id).await?;
        let command = GroupCommand::WarmPool(WarmPoolCommand::Close);
        ctx.change(view.group.id, command).await?;
        Ok(Empty {})
    }
}

/// ShowWarmPool.
#[derive(Deserialize)]
pub(crate) struct ShowWarmPool<const N: bool> {
    scaling_group_id: String,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Shown {
    warm_pool: WarmPoolInfo,
}

/// WarmPoolInfo.
#[derive(Serialize)]
struct WarmPoolInfo {
    min_capacity: Option<u32>,
    max_capacity: Option<u32>,
    instance_init_wait_time: Option<u32>,
    status: PoolStatus,
}

/// Closed is a pool of which nothing is left.
fn status(view: &GroupView) -> PoolStatus {
    let group = &view.group;
    match (&group.warm_pool, view.pool.is_empty()) {
        (Some(_), _) if !group.deleting => PoolStatus::Active,
        (_, false) => PoolStatus::Closing,
        (_, true) => PoolStatus::Closed,
    }
}

impl<const N: bool> Action<Ctx> for ShowWarmPool<N> {
    const NAME: &'static str = if N { "ShowWarmPoolNew" } else { "ShowWarmPool" };
    type Response = Shown;

    async fn run(self, ctx: &Ctx) -> Result<Shown, Fault> {
        let view = ctx.view(&self.scaling_group_id).await?;
        let pool = view.group.warm_pool.as_ref();
        Ok(Shown {
            warm_pool: WarmPoolInfo {
                min_capacity: pool.map(|pool| pool.capacity),
                max_capacity: pool.map(|pool| pool.capacity),
                instance_init_wait_time: pool.map(|pool| pool.init_wait_secs),
                status: status(&view),
            },
        })
    }
}

/// ListWarmPoolInstances.
#[derive(Deserialize)]
pub(crate) struct ListWarmPoolInstances<const N: bool> {
    scaling_group_id: String,
    limit: Option<String>,
    marker: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Listed {
    page_info: PageInfo,
    warm_pool_instances: Vec<WarmPoolInstance>,
}

/// PageInfo: the id of the last one shown, if there are more.
#[derive(Serialize)]
struct PageInfo {
    next_marker: Option<String>,
}

/// WarmPoolInstance.
#[derive(Serialize)]
struct WarmPoolInstance {
    id: String,
    instance_id: Option<String>,
    name: String,
    status: PooledStatus,
}

/// Where a machine of a pool stands: made, running, stopped, or on its way out. While its stop is not answered it may run.
fn standing(row: &Instance) -> PooledStatus {
    match row.state {
        _ if row.exit.is_some() => PooledStatus::Removing,
        Lifecycle::Creating => PooledStatus::Pending,
        Lifecycle::Stopping => PooledStatus::Initializing,
        _ => PooledStatus::Stopped,
    }
}

fn shown(row: &Instance) -> WarmPoolInstance {
    let status = standing(row);
    let id = row.id.uuid();
    WarmPoolInstance {
        // There is no machine yet, or nobody knows.
        instance_id: (status != PooledStatus::Pending).then(|| id.clone()),
        id,
        name: row.name.clone(),
        status,
    }
}

impl<const N: bool> Action<Ctx> for ListWarmPoolInstances<N> {
    const NAME: &'static str = if N {
        "ListWarmPoolInstancesNew"
    } else {
        "ListWarmPoolInstances"
    };
    type Response = Listed;

    async fn run(self, ctx: &Ctx) -> Result<Listed, Fault> {
        let limit = page(PAGE, None, self.limit.as_ref())?.limit as usize;
        let marker = filled(self.marker).map(|marker| {
            InstanceId::parse_uuid(&marker).map_err(|_| {
                let wanted = "the `next_marker` of an answer is right";
                Fault::value("AS.1074", "marker", marker, wanted)
            })
        });
        let marker = marker.transpose()?;
        let view = ctx.view(&self.scaling_group_id).await?;
        let rest = view.pool.values();
        let rest = rest.filter(|row| marker.is_none_or(|marker| row.id > marker));
        let mut rows: Vec<&Instance> = rest.map(|row| &**row).take(limit + 1).collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().map(|row| row.id.uuid());
        Ok(Listed {
            page_info: PageInfo {
                next_marker: last.filter(|_| more),
            },
            warm_pool_instances: rows.into_iter().map(shown).collect(),
        })
    }
}
