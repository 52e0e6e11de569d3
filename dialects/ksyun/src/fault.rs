//! The error of this door: a status, a code and a message. The common ones are those of the documentation, to the letter;
//! what a value would have to be follows as a sentence of its own.

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Status of the answer.
    pub(crate) status: u16,
    /// Code of the API.
    pub(crate) code: &'static str,
    words: Words,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Words {
    Plain(String),
    /// This parameter is missing.
    Missing(String),
    /// The value of a parameter, if it is at hand, and what it would have to be.
    Value(String, String, String),
    /// This parameter cannot be read.
    Malformed(String),
}

impl Fault {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Fault {
        Fault {
            status,
            code,
            words: Words::Plain(message.into()),
        }
    }

    /// What is wrong, in words.
    pub(crate) fn message(&self) -> String {
        match &self.words {
            Words::Plain(text) => text.clone(),
            Words::Missing(parameter) => {
                format!("An value must be supplied for the input parameter {parameter}.")
            }
            Words::Value(parameter, value, wanted) => {
                let said = match value.as_str() {
                    "" => "It".to_owned(),
                    value => format!("The value `{value}`"),
                };
                format!(
                    "An invalid or out-of-range value was supplied for the input parameter {parameter}. \
                     {said} is not right: {wanted}."
                )
            }
            Words::Malformed(parameter) => format!(
                "The query parameter {parameter} is malformed or does not adhere to KSC standards."
            ),
        }
    }

    /// The same, with the parameter that it is about as the caller spells it, and with its value where that was not at hand:
    /// `given` knows both.
    pub(crate) fn told_as_given(
        self,
        given: impl FnOnce(&str) -> (String, Option<String>),
    ) -> Fault {
        let words = match self.words {
            Words::Plain(text) => Words::Plain(text),
            Words::Missing(parameter) => Words::Missing(given(&parameter).0),
            Words::Malformed(parameter) => Words::Malformed(given(&parameter).0),
            Words::Value(parameter, value, wanted) => {
                let (parameter, as_given) = given(&parameter);
                let value = match value.is_empty() {
                    true => as_given.unwrap_or_default(),
                    false => value,
                };
                Words::Value(parameter, value, wanted)
            }
        };
        Fault { words, ..self }
    }

    /// A parameter that has to be there (L2805).
    pub(crate) fn missing(parameter: &str) -> Fault {
        Fault {
            status: 400,
            code: "MissingParameter",
            words: Words::Missing(parameter.to_owned()),
        }
    }

    /// A value that does not do (L2803), and what would.
    pub(crate) fn value(parameter: &str, value: &str, wanted: &str) -> Fault {
        let [parameter, value, wanted] = [parameter, value, wanted].map(str::to_owned);
        Fault {
            status: 400,
            code: "InvalidParameterValue",
            words: Words::Value(parameter, value, wanted),
        }
    }

    /// A value out of its range.
    pub(crate) fn range(parameter: &str, value: i64, min: i64, max: i64) -> Fault {
        Fault::value(parameter, &value.to_string(), &format!("{min} to {max}"))
    }

    /// What is sent cannot be read as parameters (L2806).
    pub(crate) fn malformed(parameter: &str) -> Fault {
        Fault {
            status: 400,
            code: "InvalidQueryParameter",
            words: Words::Malformed(parameter.to_owned()),
        }
    }

    /// It would have been done (L2800).
    pub(crate) fn dry_run() -> Fault {
        let message = "Request would have succeeded, but DryRun flag is set";
        Fault::new(412, "DryRunOperation", message)
    }

    /// A fault of ours (L2799).
    pub(crate) fn unavailable() -> Fault {
        let message =
            "OpenAPI or Service is unavailable because of an unknown error, exception or failure.";
        Fault::new(500, "ServiceUnavailable", message)
    }

    /// Too many calls (L2802).
    pub(crate) fn too_fast() -> Fault {
        let message = "Request was rejected because the request speed of this openAPI is beyond the current flow control limit.";
        Fault::new(409, "LimitExceeded", message)
    }
}
