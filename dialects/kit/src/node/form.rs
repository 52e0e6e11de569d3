//! Flat pairs with dotted keys as a [`Node`]: `Filters.0.Values.1=x` in a query string or a form body.
//!
//! Rules: the last of two equal keys wins; a level whose names are all plain decimal numbers is a list, in numeric
//! order, whatever its first index (0 and 1 are both in use) and with gaps closed; names are matched exactly, so every
//! other level is a map. Values are always text: the decoder is lenient about scalars.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Budget, Limits, Node, TreeError};

/// The constants of a dialect's flat parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// The word some dialects put between a list's name and its index, as `member` in `Tags.member.1.Key`. Keys
    /// without it are lists as well.
    pub list_infix: Option<&'static str>,
}

/// The decoded pairs of a query string or a form body, in the order sent. `+` is a blank.
pub fn pairs(encoded: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(encoded)
}

/// Builds the tree of the pairs. The result is always a [`Node::Map`].
///
/// # Errors
/// [`TreeError::TooLarge`] over a limit, [`TreeError::Conflict`] when a name has both a value and members.
pub fn tree<K, V>(
    pairs: impl IntoIterator<Item = (K, V)>,
    style: &Style,
    limits: &Limits,
) -> Result<Node, TreeError>
where
    K: AsRef<str>,
    V: Into<String>,
{
    let mut budget = Budget::new(limits);
    let mut root = Branch::default();
    for (key, value) in pairs {
        insert(&mut root, key.as_ref(), value.into(), &mut budget)?;
    }
    let members = root
        .0
        .into_iter()
        .map(|(name, slot)| Ok((name.into_text(), close(slot, style, &budget)?)));
    Ok(Node::Map(members.collect::<Result<_, TreeError>>()?))
}

/// One part of a dotted key. Numbers sort before names and by value.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Index(u32),
    Name(String),
}

impl Part {
    /// A plain decimal number without leading zeros is an index; everything else is a name.
    fn of(text: &str) -> Part {
        let plain =
            text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
        match text.parse() {
            Ok(index) if plain => Part::Index(index),
            _ if plain && !text.is_empty() => Part::Index(u32::MAX),
            Ok(_) | Err(_) => Part::Name(text.to_owned()),
        }
    }

    fn into_text(self) -> String {
        match self {
            Part::Index(index) => index.to_string(),
            Part::Name(name) => name,
        }
    }
}

#[derive(Default)]
struct Branch(BTreeMap<Part, Slot>);

enum Slot {
    Leaf(String),
    Branch(Branch),
}

fn insert(
    root: &mut Branch,
    key: &str,
    value: String,
    budget: &mut Budget,
) -> Result<(), TreeError> {
    budget.node()?;
    budget.string(key.len())?;
    budget.string(value.len())?;
    let conflict = || TreeError::Conflict {
        key: key.to_owned(),
    };
    let mut branch = root;
    let mut depth = 1;
    let mut rest = key;
    while let Some((head, tail)) = rest.split_once('.') {
        depth += 1;
        budget.depth(depth)?;
        let slot = match branch.0.entry(part(head, budget)?) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                budget.node()?;
                entry.insert(Slot::Branch(Branch::default()))
            }
        };
        branch = match slot {
            Slot::Branch(next) => next,
            Slot::Leaf(_) => return Err(conflict()),
        };
        rest = tail;
    }
    match branch.0.insert(part(rest, budget)?, Slot::Leaf(value)) {
        None | Some(Slot::Leaf(_)) => Ok(()),
        Some(Slot::Branch(_)) => Err(conflict()),
    }
}

fn part(text: &str, budget: &Budget) -> Result<Part, TreeError> {
    let part = Part::of(text);
    if let Part::Index(index) = part {
        budget.index(index)?;
    }
    Ok(part)
}

/// Turns a finished level into a scalar, a list or a map. Recursion is bounded by the depth checked in [`insert`].
fn close(slot: Slot, style: &Style, budget: &Budget) -> Result<Node, TreeError> {
    let mut branch = match slot {
        Slot::Leaf(text) => return Ok(Node::Str(text)),
        Slot::Branch(branch) => branch,
    };
    if let Some(infix) = style.list_infix {
        branch = without_infix(branch, infix);
    }
    if is_list(&branch) {
        budget.list(branch.0.len())?;
        let items = branch
            .0
            .into_values()
            .map(|slot| close(slot, style, budget));
        return Ok(Node::List(items.collect::<Result<_, _>>()?));
    }
    let members = branch
        .0
        .into_iter()
        .map(|(name, slot)| Ok((name.into_text(), close(slot, style, budget)?)));
    Ok(Node::Map(members.collect::<Result<_, TreeError>>()?))
}

fn is_list(branch: &Branch) -> bool {
    branch.0.keys().all(|part| matches!(part, Part::Index(_)))
}

/// A level that holds nothing but the infix is replaced by what is under it.
fn without_infix(mut branch: Branch, infix: &str) -> Branch {
    if branch.0.len() != 1 {
        return branch;
    }
    match branch.0.pop_first() {
        Some((Part::Name(name), Slot::Branch(inner))) if name == infix && is_list(&inner) => inner,
        Some((part, slot)) => Branch(BTreeMap::from([(part, slot)])),
        None => branch,
    }
}
