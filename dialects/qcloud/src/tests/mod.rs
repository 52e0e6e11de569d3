//! The door against the facts of its API.
