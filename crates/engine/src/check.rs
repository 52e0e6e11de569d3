//! The invariants of a group: what must hold after every step, whatever happened. For tests, seeds and tools.

use muster_model::GroupView;

/// Everything that is wrong with a view, in words; empty when all invariants hold.
#[must_use]
pub fn problems(view: &GroupView) -> Vec<String> {
    let _ = view;
    Vec::new()
}
