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

/// What is wrong, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Words {
    Plain(String),
    /// With the parameter that it is about between them.
    About(String, String, String),
}

impl Fault {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Fault {
        Fault {
            status,
            code,
            words: Words::Plain(message.into()),
        }
    }

    fn about(code: &'static str, parameter: &str, before: &str, after: String) -> Fault {
        Fault {
            status: 400,
            code,
            words: Words::About(before.to_owned(), parameter.to_owned(), after),
        }
    }

    /// What is wrong, in words.
    pub(crate) fn message(&self) -> String {
        match &self.words {
            Words::Plain(text) => text.clone(),
            Words::About(before, parameter, after) => format!("{before}{parameter}{after}"),
        }
    }

    /// The same, with the parameter that it is about as `spelled` has it.
    pub(crate) fn spelled(self, spelled: impl FnOnce(&str) -> String) -> Fault {
        let words = match self.words {
            Words::About(before, parameter, after) => {
                Words::About(before, spelled(&parameter), after)
            }
            plain @ Words::Plain(_) => plain,
        };
        Fault { words, ..self }
    }

    /// A parameter that has to be there (L2805).
    pub(crate) fn missing(parameter: &str) -> Fault {
        let before = "An value must be supplied for the input parameter ";
        Fault::about("MissingParameter", parameter, before, ".".to_owned())
    }

    /// A value that does not do (L2803), and what would.
    pub(crate) fn value(parameter: &str, value: &str, wanted: &str) -> Fault {
        let said = match value {
            "" => "It".to_owned(),
            value => format!("The value `{value}`"),
        };
        let before = "An invalid or out-of-range value was supplied for the input parameter ";
        let after = format!(". {said} is not right: {wanted}.");
        Fault::about("InvalidParameterValue", parameter, before, after)
    }

    /// A value out of its range.
    pub(crate) fn range(parameter: &str, value: i64, min: i64, max: i64) -> Fault {
        Fault::value(parameter, &value.to_string(), &format!("{min} to {max}"))
    }

    /// What is sent cannot be read as parameters (L2806).
    pub(crate) fn malformed(parameter: &str) -> Fault {
        let after = " is malformed or does not adhere to KSC standards.";
        let before = "The query parameter ";
        Fault::about("InvalidQueryParameter", parameter, before, after.to_owned())
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
