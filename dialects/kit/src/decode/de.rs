//! The deserializer over [`Node`]. Paths are a linked list on the stack, so a request that decodes allocates nothing
//! for them; they are written out only for an error or an unknown parameter.

use std::cell::RefCell;
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::error::{Fault, excerpt};
use super::scalar::{self, Whole};
use super::{DecodeError, Decoded, MAX_UNKNOWN};
use crate::node::{Limits, Measure, Node};

pub(super) fn decode<T: DeserializeOwned>(node: &Node) -> Result<Decoded<T>, DecodeError> {
    let unknown = RefCell::new(Vec::new());
    let decoded = T::deserialize(De {
        node,
        path: Path::Root,
        depth: 0,
        nulls: false,
        unknown: &unknown,
    });
    let unknown = unknown.into_inner();
    match decoded {
        Ok(value) => Ok(Decoded { value, unknown }),
        Err(fault) => Err(fault.into_error(node, unknown)),
    }
}

/// Where a value is.
#[derive(Clone, Copy)]
enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parent = match self {
            Path::Root => return Ok(()),
            Path::Member(parent, _) | Path::Item(parent, _) => parent,
        };
        parent.fmt(f)?;
        if !matches!(parent, Path::Root) {
            f.write_str(".")?;
        }
        match self {
            Path::Root => Ok(()),
            Path::Member(_, name) => f.write_str(name),
            Path::Item(_, index) => index.fmt(f),
        }
    }
}

/// One value, and where it is.
#[derive(Clone, Copy)]
struct De<'a> {
    node: &'a Node,
    path: Path<'a>,
    depth: usize,
    /// Members that are null are told of.
    nulls: bool,
    unknown: &'a RefCell<Vec<String>>,
}

impl De<'_> {
    fn refuse(&self, expected: &dyn Expected) -> Fault {
        Fault::malformed(&expected.to_string(), excerpt(self.node)).placed(self.node, &self.path)
    }

    /// Gives whatever the visitor said a place.
    fn place<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.map_err(|fault| fault.placed(self.node, &self.path))
    }

    /// A tree built by this crate is never deeper; one built by hand could be.
    fn check_depth(&self) -> Result<(), Fault> {
        if self.depth <= Limits::DEEPEST {
            return Ok(());
        }
        Err(Fault::too_large(Measure::Depth, Limits::DEEPEST).placed(self.node, &self.path))
    }

    fn note_unknown(&self) {
        let mut unknown = self.unknown.borrow_mut();
        if unknown.len() < MAX_UNKNOWN {
            unknown.push(self.path.to_string());
        }
    }
}

impl<'de> De<'_> {
    fn whole<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let visited = match scalar::whole(self.node) {
            Some(Whole::Signed(value)) => visitor.visit_i64(value),
            Some(Whole::Unsigned(value)) => visitor.visit_u64(value),
            None => return Err(self.refuse(&visitor)),
        };
        self.place(visited)
    }

    fn float<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match scalar::float(self.node) {
            Some(value) => self.place(visitor.visit_f64(value)),
            None => Err(self.refuse(&visitor)),
        }
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match scalar::text(self.node) {
            Some(text) => self.place(visitor.visit_str(&text)),
            None => Err(self.refuse(&visitor)),
        }
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.check_depth()?;
        match self.node {
            Node::List(items) => self.place(visitor.visit_seq(Items {
                of: &self,
                items,
                next: 0,
            })),
            Node::Null
            | Node::Bool(_)
            | Node::Int(_)
            | Node::UInt(_)
            | Node::Float(_)
            | Node::Str(_)
            | Node::Map(_) => Err(self.refuse(&"a list")),
        }
    }

    fn structure<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.check_depth()?;
        match self.node {
            Node::Map(members) => self.place(visitor.visit_map(Members {
                of: &self,
                members,
                value: None,
            })),
            Node::Null
            | Node::Bool(_)
            | Node::Int(_)
            | Node::UInt(_)
            | Node::Float(_)
            | Node::Str(_)
            | Node::List(_) => Err(self.refuse(&"a structure")),
        }
    }
}

/// Forwards the integer and float methods serde distinguishes to the one that reads them.
macro_rules! same {
    ($reader:ident: $($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.$reader(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for De<'_> {
    type Error = Fault;

    same! { whole: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
    deserialize_u32 deserialize_u64 }
    same! { float: deserialize_f32 deserialize_f64 }
    same! { text: deserialize_str deserialize_string deserialize_char deserialize_bytes deserialize_byte_buf
    deserialize_identifier }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let visited = match self.node {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(*value),
            Node::Int(value) => visitor.visit_i64(*value),
            Node::UInt(value) => visitor.visit_u64(*value),
            Node::Float(value) => visitor.visit_f64(*value),
            Node::Str(text) => visitor.visit_str(text),
            Node::List(_) => return self.list(visitor),
            Node::Map(_) => return self.structure(visitor),
        };
        self.place(visited)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match scalar::boolean(self.node) {
            Some(value) => self.place(visitor.visit_bool(value)),
            None => Err(self.refuse(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node {
            Node::Null => self.place(visitor.visit_none()),
            Node::Bool(_)
            | Node::Int(_)
            | Node::UInt(_)
            | Node::Float(_)
            | Node::Str(_)
            | Node::List(_)
            | Node::Map(_) => self.place(visitor.visit_some(self)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let inner = De {
            nulls: name == super::WITH_NULLS,
            ..self
        };
        self.place(visitor.visit_newtype_struct(inner))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.structure(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.structure(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match scalar::text(self.node) {
            Some(text) => self.place(visitor.visit_enum(text.trim().into_deserializer())),
            None => Err(self.refuse(&"text")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.note_unknown();
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { unit unit_struct i128 u128 }
}

struct Items<'a> {
    of: &'a De<'a>,
    items: &'a [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some(node) = self.items.get(self.next) else {
            return Ok(None);
        };
        let path = Path::Item(&self.of.path, self.next);
        self.next += 1;
        let de = De {
            node,
            path,
            depth: self.of.depth + 1,
            nulls: false,
            unknown: self.of.unknown,
        };
        de.place(seed.deserialize(de)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len().saturating_sub(self.next))
    }
}

struct Members<'a> {
    of: &'a De<'a>,
    members: &'a [(String, Node)],
    value: Option<&'a (String, Node)>,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        while let Some((member, rest)) = self.members.split_first() {
            self.members = rest;
            // Null means "not given": defaults apply, and a required field is missing.
            if member.1 == Node::Null && !self.of.nulls {
                continue;
            }
            self.value = Some(member);
            return seed
                .deserialize(member.0.as_str().into_deserializer())
                .map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let Some((name, node)) = self.value.take() else {
            return Err(Fault::malformed(
                &"a name before its value",
                excerpt(self.of.node),
            ));
        };
        let path = Path::Member(&self.of.path, name);
        let de = De {
            node,
            path,
            depth: self.of.depth + 1,
            nulls: false,
            unknown: self.of.unknown,
        };
        de.place(seed.deserialize(de))
    }
}
