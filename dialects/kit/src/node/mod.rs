//! The parameter tree: every wire format is read into one [`Node`] before any type is decoded from it.
//!
//! JSON bodies ([`json`]) and flat form or query pairs with dotted keys ([`form`]) give the same tree, so there is one
//! decoder and one place where hostile sizes are refused.

pub mod form;
pub mod json;

use std::fmt;

use thiserror::Error;

/// One value of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// JSON `null`. The decoder reads it as "not given".
    Null,
    /// JSON `true` or `false`. Form values are always [`Node::Str`].
    Bool(bool),
    /// A whole number that fits an `i64`.
    Int(i64),
    /// A whole number above `i64::MAX`.
    UInt(u64),
    /// Any other number. Always finite.
    Float(f64),
    /// Text.
    Str(String),
    /// A list. From form keys: the elements in the order of their index, gaps closed.
    List(Vec<Node>),
    /// Named members. Each name occurs once; JSON keeps the order of the body, form members are in name order.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The member called `name`, if this is a map that has one.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match self {
            Node::Map(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, node)| node),
            Node::Null
            | Node::Bool(_)
            | Node::Int(_)
            | Node::UInt(_)
            | Node::Float(_)
            | Node::Str(_)
            | Node::List(_) => None,
        }
    }

    /// Takes the member called `name` out of a map (a dialect removes its common parameters this way).
    pub fn take(&mut self, name: &str) -> Option<Node> {
        let Node::Map(members) = self else {
            return None;
        };
        let at = members.iter().position(|(key, _)| key == name)?;
        Some(members.remove(at).1)
    }
}

/// How large a parameter tree may become. Everything over a limit is a [`TreeError`], never a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep lists and maps may nest; a scalar at the top has depth 0. Never more than [`Limits::DEEPEST`].
    pub max_depth: usize,
    /// Elements of one list.
    pub max_list: usize,
    /// Nodes of the whole tree: scalars, lists and maps.
    pub max_nodes: usize,
    /// Bytes of one string or one name.
    pub max_string_bytes: usize,
    /// The largest index in a dotted key (`Filters.7`): indexes may have gaps, but not absurd ones.
    pub max_index: u32,
}

impl Limits {
    /// The deepest nesting any configuration can allow: reading and dropping a tree are recursive, and this many
    /// frames fit every thread's stack.
    pub const DEEPEST: usize = 100;

    /// `max_depth`, held to [`Limits::DEEPEST`].
    pub(crate) fn depth(&self) -> usize {
        self.max_depth.min(Self::DEEPEST)
    }
}

impl Default for Limits {
    /// The defaults: depth 24 (the deepest request in any dialect has 6), 1,000 elements per list (APIs allow at most
    /// 100 and say so with a code of their own), 20,000 nodes, 256 KiB per string (user data is at most 32 KiB) and
    /// indexes up to 9,999.
    fn default() -> Self {
        Limits {
            max_depth: 24,
            max_list: 1_000,
            max_nodes: 20_000,
            max_string_bytes: 256 * 1024,
            max_index: 9_999,
        }
    }
}

/// Why a request could not be read into a tree.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TreeError {
    /// The body is not JSON.
    #[error("not valid JSON at line {line} column {column}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1 (0 at a line's start).
        column: usize,
    },
    /// The body is JSON, but no object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// One name is used both for a value and for a structure (`A=1&A.B=2`).
    #[error("parameter {key} is given both as a value and as a structure")]
    Conflict {
        /// The dotted name.
        key: String,
    },
    /// Something is larger than [`Limits`] allow.
    #[error("{what} exceeds {max}")]
    TooLarge {
        /// What is too large.
        what: Measure,
        /// The most that is allowed.
        max: usize,
    },
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Nesting.
    Depth,
    /// Elements of one list.
    List,
    /// Nodes of the whole tree.
    Nodes,
    /// Bytes of one string.
    Str,
    /// An index in a dotted key.
    Index,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Measure::Depth => "nesting depth",
            Measure::List => "list length",
            Measure::Nodes => "number of values",
            Measure::Str => "string length in bytes",
            Measure::Index => "list index",
        })
    }
}

/// Counts what has been built so far against the limits.
pub(crate) struct Budget {
    limits: Limits,
    nodes_left: usize,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Budget {
            limits: *limits,
            nodes_left: limits.max_nodes,
        }
    }

    pub(crate) fn node(&mut self) -> Result<(), TreeError> {
        match self.nodes_left.checked_sub(1) {
            Some(left) => {
                self.nodes_left = left;
                Ok(())
            }
            None => Err(TreeError::TooLarge {
                what: Measure::Nodes,
                max: self.limits.max_nodes,
            }),
        }
    }

    pub(crate) fn depth(&self, depth: usize) -> Result<(), TreeError> {
        check(Measure::Depth, depth, self.limits.depth())
    }

    pub(crate) fn list(&self, len: usize) -> Result<(), TreeError> {
        check(Measure::List, len, self.limits.max_list)
    }

    pub(crate) fn string(&self, bytes: usize) -> Result<(), TreeError> {
        check(Measure::Str, bytes, self.limits.max_string_bytes)
    }

    pub(crate) fn index(&self, index: u32) -> Result<(), TreeError> {
        if index <= self.limits.max_index {
            return Ok(());
        }
        Err(TreeError::TooLarge {
            what: Measure::Index,
            max: self.limits.max_index as usize,
        })
    }
}

fn check(what: Measure, got: usize, max: usize) -> Result<(), TreeError> {
    if got <= max {
        Ok(())
    } else {
        Err(TreeError::TooLarge { what, max })
    }
}
