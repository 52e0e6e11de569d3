//! A JSON body as a [`Node`], read straight from the parser with every limit checked on the way, so that a hostile
//! body costs no more than the limits allow.

use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Budget, Limits, Node, TreeError};

/// Maps up to this size are searched for repeated names by comparing; larger ones with a table.
const SMALL_MAP: usize = 16;

/// Reads any JSON value.
///
/// # Errors
/// [`TreeError::Syntax`] when it is not one JSON value, [`TreeError::TooLarge`] over a limit.
pub fn parse(body: &[u8], limits: &Limits) -> Result<Node, TreeError> {
    let mut build = Build {
        budget: Budget::new(limits),
        over: None,
    };
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = Seed {
        build: &mut build,
        depth: 0,
    }
    .deserialize(&mut json)
    .and_then(|node| json.end().map(|()| node));
    match (read, build.over) {
        (Ok(node), _) => Ok(node),
        (Err(_), Some(over)) => Err(over),
        (Err(error), None) => Err(TreeError::Syntax {
            line: error.line(),
            column: error.column(),
        }),
    }
}

/// Reads the body of a request: a JSON object. An empty body is an object without members (clients send nothing for an
/// action without parameters).
///
/// # Errors
/// As [`parse`], and [`TreeError::NotAnObject`] for any other JSON value.
pub fn parse_object(body: &[u8], limits: &Limits) -> Result<Node, TreeError> {
    if body.trim_ascii().is_empty() {
        return Ok(Node::Map(Vec::new()));
    }
    match parse(body, limits)? {
        node @ Node::Map(_) => Ok(node),
        Node::Null
        | Node::Bool(_)
        | Node::Int(_)
        | Node::UInt(_)
        | Node::Float(_)
        | Node::Str(_)
        | Node::List(_) => Err(TreeError::NotAnObject),
    }
}

/// What one reading shares: the budget, and the typed reason to stop, which the parser's own error type cannot carry.
struct Build {
    budget: Budget,
    over: Option<TreeError>,
}

impl Build {
    fn check<E: serde::de::Error>(&mut self, checked: Result<(), TreeError>) -> Result<(), E> {
        checked.map_err(|error| {
            let text = E::custom(&error);
            self.over = Some(error);
            text
        })
    }

    fn string<E: serde::de::Error>(&mut self, text: &str) -> Result<(), E> {
        let checked = self.budget.string(text.len());
        self.check(checked)
    }
}

/// Reads one value that lies `depth` lists or maps deep.
struct Seed<'b> {
    build: &'b mut Build,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let counted = self.build.budget.node();
        self.build.check(counted)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(i64::try_from(value).map_or(Node::UInt(value), Node::Int))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        if value.is_finite() {
            Ok(Node::Float(value))
        } else {
            Err(E::custom("number out of range"))
        }
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Node, E> {
        self.build.string(value)?;
        Ok(Node::Str(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let depth = self.depth + 1;
        let deep = self.build.budget.depth(depth);
        self.build.check::<A::Error>(deep)?;
        let mut list = Vec::new();
        while let Some(node) = items.next_element_seed(Seed {
            build: &mut *self.build,
            depth,
        })? {
            let long = self.build.budget.list(list.len() + 1);
            self.build.check::<A::Error>(long)?;
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let depth = self.depth + 1;
        let deep = self.build.budget.depth(depth);
        self.build.check::<A::Error>(deep)?;
        let mut members: Vec<(String, Node)> = Vec::new();
        while let Some(name) = entries.next_key::<String>()? {
            self.build.string::<A::Error>(&name)?;
            let node = entries.next_value_seed(Seed {
                build: &mut *self.build,
                depth,
            })?;
            members.push((name, node));
        }
        Ok(Node::Map(last_wins(members)))
    }
}

/// Keeps one member per name: the value given last, at the place given first.
fn last_wins(members: Vec<(String, Node)>) -> Vec<(String, Node)> {
    let repeated = if members.len() <= SMALL_MAP {
        (1..members.len()).any(|i| members[..i].iter().any(|(name, _)| *name == members[i].0))
    } else {
        let mut seen = std::collections::HashSet::with_capacity(members.len());
        !members.iter().all(|(name, _)| seen.insert(name.as_str()))
    };
    if !repeated {
        return members;
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<(String, Node)> = Vec::new();
    for (name, node) in members {
        match places.get(&name) {
            Some(&at) => kept[at].1 = node,
            None => {
                places.insert(name.clone(), kept.len());
                kept.push((name, node));
            }
        }
    }
    kept
}
