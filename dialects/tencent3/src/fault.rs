//! The error of this door: a code of the API and a message that names the parameter and the value.

use std::borrow::Cow;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Code of the API.
    pub(crate) code: Cow<'static, str>,
    /// What is wrong, in words.
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Fault {
        Fault {
            code: Cow::Borrowed(code),
            message: message.into(),
        }
    }

    /// A command that was carried out and did not make what it is there to make: a fault of ours.
    pub(crate) fn made_nothing() -> Fault {
        Fault::new("InternalError", "The request made nothing.")
    }

    /// A value that is out of range: names parameter, value and range.
    pub(crate) fn range(parameter: &str, value: i64, min: i64, max: i64) -> Fault {
        Fault::new(
            "InvalidParameterValue.Range",
            format!(
                "The value `{value}` of the parameter `{parameter}` is out of range [{min}, {max}]."
            ),
        )
    }

    /// A value that is none of those allowed.
    pub(crate) fn value(parameter: &str, value: &str, wanted: &str) -> Fault {
        Fault::new(
            "InvalidParameterValue",
            format!("The value `{value}` of the parameter `{parameter}` is not valid: {wanted}."),
        )
    }

    /// More entries than allowed.
    pub(crate) fn too_many(code: &'static str, parameter: &str, count: usize, max: usize) -> Fault {
        Fault::new(
            code,
            format!("The parameter `{parameter}` has {count} entries; at most {max} are allowed."),
        )
    }
}
