//! Warm pools: machines of a group that are prepared and then stopped. They are no members; a scale-out takes them before it
//! has new machines made.

use serde::{Deserialize, Serialize};

use crate::{Placement, Time};

/// The warm pool of a group (Huawei: `warm-pool`), and how filling it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmPool {
    /// How many machines it holds: they come on top of the maximum (promise P1).
    pub capacity: u32,
    /// How long a new machine runs before it is stopped, seconds.
    pub init_wait_secs: u32,
    /// Failures in a row while it was filled.
    #[serde(default)]
    pub failures: u32,
    /// It is not filled before this moment.
    #[serde(default)]
    pub not_before: Option<Time>,
    /// Where machines for it were sold out since it was last waited.
    #[serde(default)]
    pub sold_out: Vec<Placement>,
}

/// A change of a warm pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmPoolCommand {
    /// Open it, or change it.
    Put {
        /// How many machines it holds; `None` = as many as it held, and of a new one as many as separate the desired number
        /// from the maximum now.
        capacity: Option<u32>,
        /// How long a new machine runs before it is stopped, seconds; `None` = as it was, at first 0.
        init_wait_secs: Option<u32>,
    },
    /// Close it: its machines go.
    Close,
}
