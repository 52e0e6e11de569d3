//! The error of this door: a common class as `code`, a business code as `codeDesc`, and `(module code) text` as `message`.

use crate::codes::module_code;

/// The common classes (L630-647).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A parameter is missing or not right.
    Parameter = 4000,
    /// The signature is not right.
    Signature = 4100,
    /// The key may not do this (L880).
    Forbidden = 4101,
    /// The request is out of date: it comes with the token of a temporary key, and there are none.
    Expired = 4200,
    /// Too many calls.
    TooMany = 4400,
    /// Nonce and time were there before, or the time is more than two hours off.
    Replay = 4500,
    /// Neither GET nor POST.
    Protocol = 4600,
    /// What is named is not there.
    Absent = 5000,
    /// It cannot be done now, or not so.
    Refused = 5100,
    /// The machine asked for is not to be had.
    Unpurchasable = 5200,
    /// A fault of ours.
    Internal = 6000,
    /// There is no such action.
    Unsupported = 6100,
    /// Try again later.
    Unavailable = 6200,
}

impl Class {
    /// The number in `code`.
    pub(crate) fn number(self) -> u16 {
        self as u16
    }
}

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The common class.
    pub(crate) class: Class,
    /// The business code.
    pub(crate) desc: &'static str,
    /// What is wrong, in words.
    pub(crate) text: String,
}

impl Fault {
    pub(crate) fn new(class: Class, desc: &'static str, text: impl Into<String>) -> Fault {
        Fault {
            class,
            desc,
            text: text.into(),
        }
    }

    /// `(module code) text` (L657-661).
    pub(crate) fn message(&self) -> String {
        format!("({}) {}", module_code(self.desc), self.text)
    }

    /// A parameter that has to be there.
    pub(crate) fn missing(parameter: &str) -> Fault {
        let text = format!("the parameter `{parameter}` is missing");
        Fault::new(Class::Parameter, "InvalidParameter", text)
    }

    /// A value that does not do, and what would.
    pub(crate) fn value(parameter: &str, value: &str, wanted: &str) -> Fault {
        Fault::coded("InvalidParameter", parameter, value, wanted)
    }

    /// A value that does not do, where the action has a code for it.
    pub(crate) fn coded(desc: &'static str, parameter: &str, value: &str, wanted: &str) -> Fault {
        let text =
            format!("the value `{value}` of the parameter `{parameter}` is not right: {wanted}");
        Fault::new(Class::Parameter, desc, text)
    }

    /// A value out of its range.
    pub(crate) fn range(parameter: &str, value: i64, min: i64, max: i64) -> Fault {
        Fault::value(parameter, &value.to_string(), &format!("{min} to {max}"))
    }

    /// Something else that the action refuses.
    pub(crate) fn refused(desc: &'static str, text: impl Into<String>) -> Fault {
        Fault::new(Class::Refused, desc, text)
    }

    /// The same with the code that the action has for it.
    pub(crate) fn with(self, desc: &'static str) -> Fault {
        Fault { desc, ..self }
    }

    /// A fault of ours.
    pub(crate) fn internal() -> Fault {
        Fault::new(
            Class::Internal,
            "InternalError",
            "an internal error occurred",
        )
    }

    /// Too many calls.
    pub(crate) fn too_fast() -> Fault {
        let text = "there are too many requests; try again later";
        Fault::new(Class::TooMany, "RequestLimitExceeded", text)
    }
}
