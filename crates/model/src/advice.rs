//! What an account has and may have, and what is to be said of how a group is set up.

use crate::GroupId;

/// How many there are, and how many there may be (rule Q1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountLimits {
    /// Launch configurations there are.
    pub configs: usize,
    /// Launch configurations there may be.
    pub most_configs: u32,
    /// Groups there are.
    pub groups: usize,
    /// Groups there may be.
    pub most_groups: u32,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdviceLevel {
    /// It may go wrong.
    Warning,
    /// It does go wrong.
    Critical,
}

/// One thing to be said of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What is wrong, as one word.
    pub problem: &'static str,
    /// What is wrong, with the values in it.
    pub detail: String,
    /// What would be right.
    pub solution: &'static str,
    /// How bad it is.
    pub level: AdviceLevel,
}

/// All that is to be said of a group; nothing when it is fine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupAdvice {
    /// The group.
    pub group: GroupId,
    /// What is to be said, the worst first.
    pub advices: Vec<Advice>,
}
