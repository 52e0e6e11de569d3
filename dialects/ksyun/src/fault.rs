//! The error of this door: a status, a code and a message. The common ones are those of the documentation, to the letter;
//! what a value would have to be follows as a sentence of its own.

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Status of the answer.
    pub(crate) status: u16,
    /// Code of the API.
    pub(crate) code: &'static str,
    /// What is wrong, in words.
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Fault {
        Fault {
            status,
            code,
            message: message.into(),
        }
    }

    /// A parameter that has to be there (L2805).
    pub(crate) fn missing(parameter: &str) -> Fault {
        let message = format!("An value must be supplied for the input parameter {parameter}.");
        Fault::new(400, "MissingParameter", message)
    }

    /// A value that does not do (L2803), and what would.
    pub(crate) fn value(parameter: &str, value: &str, wanted: &str) -> Fault {
        let said = match value {
            "" => "It".to_owned(),
            value => format!("The value `{value}`"),
        };
        let message = format!(
            "An invalid or out-of-range value was supplied for the input parameter {parameter}. \
             {said} is not right: {wanted}."
        );
        Fault::new(400, "InvalidParameterValue", message)
    }

    /// A value out of its range.
    pub(crate) fn range(parameter: &str, value: i64, min: i64, max: i64) -> Fault {
        Fault::value(parameter, &value.to_string(), &format!("{min} to {max}"))
    }

    /// What is sent cannot be read as parameters (L2806).
    pub(crate) fn malformed(parameter: &str) -> Fault {
        let message = format!(
            "The query parameter {parameter} is malformed or does not adhere to KSC standards."
        );
        Fault::new(400, "InvalidQueryParameter", message)
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
