//! From the parameter tree to the typed struct of an action, and from a typed struct to the list of its parameters.
//!
//! One concrete serde deserializer (`de`) does it all: it knows the path of what it reads, takes scalars leniently,
//! and notes the parameters no field asked for. `serde(flatten)` and tagged enums are banned in requests: serde buffers
//! them and the lenience is lost (the recorder shows a flattened struct as [`Shape::Map`]).
//!
//! What is taken leniently, because real clients and the documents' own examples send it: numbers and booleans as text
//! (`"240"`, `"true"`, `"TRUE"`), whole numbers written as `5.0`, a number where text is wanted, blanks around numbers,
//! booleans and the values of an enum. A boolean is never taken for text or a number. JSON `null` means "not given", but to a
//! structure that asks for it ([`WITH_NULLS`]).

mod de;
mod error;
mod fields;
mod scalar;
mod values;

pub use error::{DecodeError, DecodeErrorKind};
pub use fields::{Field, Shape, known_fields};
pub use values::{Many, One};

use serde::de::DeserializeOwned;

use crate::node::Node;

/// At most this many unknown parameters are noted per request: enough to tell the caller, bounded for the log.
pub const MAX_UNKNOWN: usize = 64;

/// The serde name of a newtype around a map that is told which of its own members are null, where an API resets by that.
pub const WITH_NULLS: &str = "muster::WithNulls";

/// A typed request, and what was sent along that it does not know.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<T> {
    /// The request.
    pub value: T,
    /// Paths of the parameters no field asked for, in the order found, at most [`MAX_UNKNOWN`].
    pub unknown: Vec<String>,
}

/// Decodes a request. The names of `T`'s fields are matched exactly.
///
/// Unknown parameters are not an error here: some dialects ignore them, some have a code for them.
///
/// # Errors
/// The first parameter that is missing or cannot be read, with its path. Of an error's own `unknown` list only the
/// parameters met before it are known.
pub fn decode<T: DeserializeOwned>(node: &Node) -> Result<Decoded<T>, DecodeError> {
    de::decode(node)
}
