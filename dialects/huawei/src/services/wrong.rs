//! Errors of services, in words.

use http::StatusCode;
use muster_kit::decode::{DecodeError, DecodeErrorKind};

use super::{Service, Wrong};

/// Characters of a value that an error shows.
const SHOWN_CHARS: usize = 256;

/// A value as errors show it: the begin of a long one.
pub(crate) fn excerpt(value: impl std::fmt::Display) -> String {
    let mut text = value.to_string();
    if let Some((at, _)) = text.char_indices().nth(SHOWN_CHARS) {
        text.truncate(at);
        text.push_str("...");
    }
    text
}

pub(super) fn malformed(service: &'static Service, message: String) -> Wrong {
    Wrong {
        status: StatusCode::BAD_REQUEST,
        code: service.codes.malformed.to_owned(),
        message,
    }
}

/// A parameter that is missing or cannot be read.
pub(super) fn unreadable(service: &'static Service, error: &DecodeError) -> Wrong {
    let path = match error.path.as_str() {
        "" => "the request",
        path => path,
    };
    let message = match &error.kind {
        DecodeErrorKind::Missing => format!("The parameter `{path}` is missing."),
        DecodeErrorKind::NotOneOf { allowed, got } => format!(
            "The value {got} of the parameter `{path}` is not valid: one of {} is right.",
            allowed.join(", ")
        ),
        DecodeErrorKind::Malformed { expected, got } => {
            format!("The parameter `{path}`: expected {expected}, got {got}.")
        }
        DecodeErrorKind::TooLarge { what, max } => {
            format!("The parameter `{path}`: {what} exceeds {max}.")
        }
    };
    malformed(service, message)
}
