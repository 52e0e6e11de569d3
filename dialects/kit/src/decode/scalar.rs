//! How scalars are read leniently; see the list in [`super`].

use std::borrow::Cow;

use crate::node::Node;

/// Above this, an `f64` does not hold every whole number, so `5.0`-style integers are not taken.
const EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;

/// A whole number of either sign.
#[derive(Clone, Copy)]
pub(super) enum Whole {
    Signed(i64),
    Unsigned(u64),
}

pub(super) fn whole(node: &Node) -> Option<Whole> {
    match node {
        Node::Int(value) => Some(Whole::Signed(*value)),
        Node::UInt(value) => Some(Whole::Unsigned(*value)),
        Node::Float(value) => whole_float(*value),
        Node::Str(text) => {
            let text = text.trim();
            if let Ok(value) = text.parse() {
                return Some(Whole::Signed(value));
            }
            text.parse().ok().map(Whole::Unsigned)
        }
        Node::Null | Node::Bool(_) | Node::List(_) | Node::Map(_) => None,
    }
}

fn whole_float(value: f64) -> Option<Whole> {
    let exact = value.fract() == 0.0 && value.abs() < EXACT_FLOAT;
    // Exact by the check above.
    exact.then_some(Whole::Signed(value as i64))
}

pub(super) fn float(node: &Node) -> Option<f64> {
    match node {
        Node::Int(value) => Some(*value as f64),
        Node::UInt(value) => Some(*value as f64),
        Node::Float(value) => Some(*value),
        Node::Str(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite()),
        Node::Null | Node::Bool(_) | Node::List(_) | Node::Map(_) => None,
    }
}

pub(super) fn boolean(node: &Node) -> Option<bool> {
    match node {
        Node::Bool(value) => Some(*value),
        Node::Str(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Node::Str(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        Node::Null
        | Node::Int(_)
        | Node::UInt(_)
        | Node::Float(_)
        | Node::Str(_)
        | Node::List(_)
        | Node::Map(_) => None,
    }
}

pub(super) fn text(node: &Node) -> Option<Cow<'_, str>> {
    match node {
        Node::Str(text) => Some(Cow::Borrowed(text)),
        Node::Int(value) => Some(Cow::Owned(value.to_string())),
        Node::UInt(value) => Some(Cow::Owned(value.to_string())),
        Node::Float(value) => Some(Cow::Owned(value.to_string())),
        Node::Null | Node::Bool(_) | Node::List(_) | Node::Map(_) => None,
    }
}
