//! The recorder: which parameters does a typed request know? It feeds the test that compares our structs with the
//! published facts of an API.
//!
//! A value of the type is never made (a validated name would refuse any dummy). Instead the type is asked once per
//! struct in it: the recorder leads serde along one path, notes the field names it finds at the end, and stops.

use std::collections::VecDeque;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// Structs nested deeper than this are not followed: a type may contain itself.
const MAX_DEPTH: usize = 12;

/// One parameter of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// Its dotted name; `N` stands for a list's index, as in `Filters.N.Values.N`.
    pub path: String,
    /// What is read there.
    pub shape: Shape,
    /// Whether the type says `Option` (a field with a default is optional too, but does not show it).
    pub option: bool,
}

/// What is read for a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// A boolean.
    Bool,
    /// A whole number.
    Int,
    /// Any number.
    Float,
    /// Text, also of a validated kind.
    Str,
    /// One of these values.
    Enum(&'static [&'static str]),
    /// A list; its elements follow under `.N`.
    List,
    /// A struct; its members follow.
    Struct,
    /// Free names. As the shape of the request itself this means a banned `serde(flatten)`.
    Map,
    /// Anything (a raw value, or a type that is never read).
    Any,
}

/// Every parameter `T` knows, in declaration order, outer before inner. Empty path: the request itself, left out when
/// it is a struct.
pub fn known_fields<T: for<'de> Deserialize<'de>>() -> Vec<Field> {
    let mut found = Vec::new();
    let mut todo: VecDeque<Vec<Step>> = VecDeque::from([Vec::new()]);
    while let Some(route) = todo.pop_front() {
        let Stop::At {
            shape,
            option,
            fields,
        } = visit::<T>(&route)
        else {
            continue;
        };
        if !(route.is_empty() && shape == Shape::Struct) {
            found.push(Field {
                path: written(&route),
                shape,
                option,
            });
        }
        if route.len() >= MAX_DEPTH {
            continue;
        }
        let inner = match shape {
            Shape::Struct => fields.iter().map(|name| Step::Member(name)).collect(),
            Shape::List => vec![Step::Item],
            Shape::Bool
            | Shape::Int
            | Shape::Float
            | Shape::Str
            | Shape::Enum(_)
            | Shape::Map
            | Shape::Any => Vec::new(),
        };
        // Depth first, so that a struct's members stand under it.
        for step in inner.into_iter().rev() {
            todo.push_front(route.iter().copied().chain([step]).collect());
        }
    }
    found
}

fn visit<T: for<'de> Deserialize<'de>>(route: &[Step]) -> Stop {
    match T::deserialize(Recorder {
        route,
        option: false,
    }) {
        Ok(_) => Stop::At {
            shape: Shape::Any,
            option: false,
            fields: &[],
        },
        Err(stop) => stop,
    }
}

#[derive(Clone, Copy)]
enum Step {
    Member(&'static str),
    Item,
}

fn written(route: &[Step]) -> String {
    let parts = route.iter().map(|step| match step {
        Step::Member(name) => *name,
        Step::Item => "N",
    });
    parts.collect::<Vec<_>>().join(".")
}

/// How a walk ends. Walks always end early, so this travels as serde's error.
#[derive(Debug)]
enum Stop {
    At {
        shape: Shape,
        option: bool,
        fields: &'static [&'static str],
    },
    Elsewhere,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("recorded")
    }
}

impl std::error::Error for Stop {}

impl serde::de::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Stop::Elsewhere
    }
}

struct Recorder<'r> {
    route: &'r [Step],
    option: bool,
}

impl Recorder<'_> {
    fn leaf<T>(self, shape: Shape) -> Result<T, Stop> {
        Err(Stop::At {
            shape,
            option: self.option,
            fields: &[],
        })
    }
}

macro_rules! leaves {
    ($($shape:ident: $($method:ident)*;)*) => {$($(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
            self.leaf(Shape::$shape)
        }
    )*)*};
}

impl<'de> Deserializer<'de> for Recorder<'_> {
    type Error = Stop;

    leaves! {
        Bool: deserialize_bool;
        Int: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
            deserialize_u32 deserialize_u64;
        Float: deserialize_f32 deserialize_f64;
        Str: deserialize_str deserialize_string deserialize_char deserialize_bytes deserialize_byte_buf;
        Any: deserialize_any;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_some(Recorder {
            option: self.route.is_empty(),
            ..self
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.route.split_first() {
            Some((Step::Item, rest)) => visitor.visit_seq(OnlyItem { rest }),
            Some((Step::Member(_), _)) => Err(Stop::Elsewhere),
            None => self.leaf(Shape::List),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
        self.leaf(Shape::Map)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match self.route.split_first() {
            Some((Step::Member(name), rest)) => visitor.visit_map(OnlyMember {
                name: Some(name),
                rest,
            }),
            Some((Step::Item, _)) => Err(Stop::Elsewhere),
            None => Err(Stop::At {
                shape: Shape::Struct,
                option: self.option,
                fields,
            }),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Stop> {
        self.leaf(Shape::Enum(variants))
    }

    forward_to_deserialize_any! { unit unit_struct tuple tuple_struct identifier ignored_any i128 u128 }
}

struct OnlyItem<'r> {
    rest: &'r [Step],
}

impl<'de> SeqAccess<'de> for OnlyItem<'_> {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stop> {
        seed.deserialize(Recorder {
            route: self.rest,
            option: false,
        })
        .map(Some)
    }
}

struct OnlyMember<'r> {
    name: Option<&'static str>,
    rest: &'r [Step],
}

impl<'de> MapAccess<'de> for OnlyMember<'_> {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stop> {
        self.name
            .take()
            .map(|name| seed.deserialize(name.into_deserializer()))
            .transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        seed.deserialize(Recorder {
            route: self.rest,
            option: false,
        })
    }
}
