//! The error of this door: a code of the API, its documented text, and what it is about.

use http::StatusCode;

use crate::documented::documented;

/// Characters of a value that are said again at the most.
const SAID_CHARS: usize = 256;

/// As much of a value as is said again.
fn shortened(value: String) -> String {
    match value.char_indices().nth(SAID_CHARS) {
        Some((end, _)) => format!("{}...", &value[..end]),
        None => value,
    }
}

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Code of the API.
    pub(crate) code: &'static str,
    /// The documented text, followed by the parameter and the value.
    pub(crate) message: String,
}

impl Fault {
    /// The code's text, and more words.
    pub(crate) fn new(code: &'static str, detail: impl AsRef<str>) -> Fault {
        Fault::filled(code, "", detail)
    }

    /// The code's text with its blank filled in, and more words.
    pub(crate) fn filled(code: &'static str, fill: &str, detail: impl AsRef<str>) -> Fault {
        let text = documented(code).1.replace("[%s]", &format!("[{fill}]"));
        let detail = detail.as_ref();
        let message = match detail.is_empty() {
            true => text,
            false => format!("{text} {detail}"),
        };
        Fault { code, message }
    }

    /// A message that clients read: nothing but what is given.
    pub(crate) fn exactly(code: &'static str, message: String) -> Fault {
        Fault { code, message }
    }

    /// A parameter that has to be given.
    pub(crate) fn missing(code: &'static str, parameter: &str) -> Fault {
        Fault::new(code, format!("The parameter `{parameter}` is missing."))
    }

    /// A value that is not right.
    pub(crate) fn value(
        code: &'static str,
        parameter: &str,
        value: impl std::fmt::Display,
        wanted: &str,
    ) -> Fault {
        let value = shortened(value.to_string());
        let detail =
            format!("The value `{value}` of the parameter `{parameter}` is not valid: {wanted}.");
        Fault::new(code, detail)
    }

    /// Something that does not exist (HTTP 404).
    pub(crate) fn absent(id: &str) -> Fault {
        Fault::filled("AS.0007", id, "")
    }

    /// A group that does not exist.
    pub(crate) fn no_group(id: &str) -> Fault {
        Fault::new("AS.2007", format!("`scaling_group_id` is `{id}`."))
    }

    /// A fault of ours.
    pub(crate) fn system(detail: &str) -> Fault {
        Fault::new("AS.0001", detail)
    }

    /// Its HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(documented(self.code).0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_not_said_in_full() {
        let long = "组".repeat(SAID_CHARS + 1);
        let said = Fault::value("AS.2003", "scaling_group_name", &long, "shorter is right").message;
        assert!(
            said.contains(&"组".repeat(SAID_CHARS)) && !said.contains(&long),
            "{said}"
        );
        let short = "x".repeat(SAID_CHARS);
        let said =
            Fault::value("AS.2003", "scaling_group_name", &short, "shorter is right").message;
        assert!(said.contains(&format!("`{short}`")), "{said}");
    }
}
