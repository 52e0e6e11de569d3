//! Why a request could not be decoded: a closed list, so that each dialect answers each kind with its own code.

use std::fmt;

use thiserror::Error;

use crate::node::{Measure, Node, TreeError};

/// The longest excerpt of a refused value, in characters.
const EXCERPT_CHARS: usize = 64;

/// A parameter that could not be decoded.
///
/// It may hold what the caller sent: give it back to the caller, never write it to a log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}: {kind}", if path.is_empty() { "request" } else { path })]
pub struct DecodeError {
    /// The parameter, as `Filters.1.Values` (list indexes from 0). Empty for the request as a whole.
    pub path: String,
    /// What is wrong with it.
    pub kind: DecodeErrorKind,
    /// Unknown parameters met before the error, so that a misspelled name can be told from a missing one.
    pub unknown: Vec<String>,
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeErrorKind {
    /// A required parameter was not given (or was `null`).
    #[error("missing")]
    Missing,
    /// The value is not one of a closed list.
    #[error("{got} is not one of {}", allowed.join(", "))]
    NotOneOf {
        /// The values allowed.
        allowed: &'static [&'static str],
        /// An excerpt of the value given.
        got: String,
    },
    /// The value has the wrong type, range or form.
    #[error("expected {expected}, got {got}")]
    Malformed {
        /// What was wanted, in words.
        expected: String,
        /// An excerpt of the value given.
        got: String,
    },
    /// The request exceeds a limit of this server, before any type was looked at.
    #[error("{what} exceeds {max}")]
    TooLarge {
        /// What is too large.
        what: Measure,
        /// The most that is allowed.
        max: usize,
    },
}

impl From<TreeError> for DecodeError {
    fn from(error: TreeError) -> Self {
        let malformed = |expected: &str, got: String| DecodeErrorKind::Malformed {
            expected: expected.into(),
            got,
        };
        let (path, kind) = match error {
            TreeError::Syntax { line, column } => (
                String::new(),
                malformed("JSON", format!("an error at line {line} column {column}")),
            ),
            TreeError::NotAnObject => (
                String::new(),
                malformed("a JSON object", "another value".into()),
            ),
            TreeError::Conflict { key } => {
                (key, malformed("a value or a structure", "both".into()))
            }
            TreeError::TooLarge { what, max } => {
                (String::new(), DecodeErrorKind::TooLarge { what, max })
            }
        };
        DecodeError {
            path,
            kind,
            unknown: Vec::new(),
        }
    }
}

/// The error while decoding: it gets its path from the innermost value it passes on the way out.
#[derive(Debug)]
pub(super) struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None` until placed.
    path: Option<String>,
    what: What,
}

#[derive(Debug)]
enum What {
    /// A field of the struct the fault is placed at.
    MissingField(&'static str),
    /// A refusal by the type itself: its words say what was expected, the value comes from where it is placed.
    Refused(String),
    Known(DecodeErrorKind),
}

impl Fault {
    fn new(what: What) -> Self {
        Fault(Box::new(Inner { path: None, what }))
    }

    pub(super) fn malformed(expected: &dyn fmt::Display, got: String) -> Self {
        Fault::new(What::Known(DecodeErrorKind::Malformed {
            expected: expected.to_string(),
            got,
        }))
    }

    pub(super) fn too_large(what: Measure, max: usize) -> Self {
        Fault::new(What::Known(DecodeErrorKind::TooLarge { what, max }))
    }

    /// Says where the fault is, unless an inner value has already said it.
    pub(super) fn placed(mut self, node: &Node, path: &dyn fmt::Display) -> Self {
        if self.0.path.is_some() {
            return self;
        }
        let mut path = path.to_string();
        let what = std::mem::replace(&mut self.0.what, What::Refused(String::new()));
        let kind = match what {
            What::MissingField(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
                DecodeErrorKind::Missing
            }
            What::Refused(expected) => DecodeErrorKind::Malformed {
                expected,
                got: excerpt(node),
            },
            What::Known(kind) => kind,
        };
        self.0.what = What::Known(kind);
        self.0.path = Some(path);
        self
    }

    pub(super) fn into_error(self, root: &Node, unknown: Vec<String>) -> DecodeError {
        let inner = self.placed(root, &"").0;
        let kind = match inner.what {
            What::Known(kind) => kind,
            What::MissingField(_) => DecodeErrorKind::Missing,
            What::Refused(expected) => DecodeErrorKind::Malformed {
                expected,
                got: excerpt(root),
            },
        };
        DecodeError {
            path: inner.path.unwrap_or_default(),
            kind,
            unknown,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.what {
            What::MissingField(name) => write!(f, "missing {name}"),
            What::Refused(text) => f.write_str(text),
            What::Known(kind) => kind.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Fault::new(What::Refused(message.to_string()))
    }

    fn invalid_type(_: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Fault::new(What::Refused(expected.to_string()))
    }

    fn invalid_value(_: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Fault::new(What::Refused(expected.to_string()))
    }

    fn invalid_length(_: usize, expected: &dyn serde::de::Expected) -> Self {
        Fault::new(What::Refused(expected.to_string()))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Fault::new(What::Known(DecodeErrorKind::NotOneOf {
            allowed: expected,
            got: quoted(variant),
        }))
    }

    fn missing_field(field: &'static str) -> Self {
        Fault::new(What::MissingField(field))
    }
}

/// A value in a few words: scalars as written, structures by name.
pub(super) fn excerpt(node: &Node) -> String {
    match node {
        Node::Null => "null".into(),
        Node::Bool(value) => value.to_string(),
        Node::Int(value) => value.to_string(),
        Node::UInt(value) => value.to_string(),
        Node::Float(value) => value.to_string(),
        Node::Str(text) => quoted(text),
        Node::List(_) => "a list".into(),
        Node::Map(_) => "a structure".into(),
    }
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}
