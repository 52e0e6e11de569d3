//! Which of the projects a list asks for.

use muster_kit::http::Incoming;

use crate::door::Refusal;
use crate::identity::malformed;
use crate::services::excerpt;

/// The projects that a list asks for: of a domain or below it, enabled, no domains themselves; and which part of them.
pub(crate) fn asked_of(
    incoming: &Incoming,
    domain: &str,
    mut regions: Vec<String>,
) -> Result<Vec<String>, Refusal> {
    let given = |name: &str| incoming.pairs.get(name).filter(|text| !text.is_empty());
    let wrong = |name: &str, text: &str, wanted: &str| {
        let text = excerpt(text);
        malformed(&format!(
            "The value `{text}` of the parameter `{name}`: {wanted} is right."
        ))
    };
    for name in ["domain_id", "parent_id"] {
        if given(name).is_some_and(|id| id != domain) {
            regions.clear();
        }
    }
    for (name, right) in [("enabled", true), ("is_domain", false)] {
        let asked = match given(name).map(str::to_ascii_lowercase).as_deref() {
            None => right,
            Some("true") => true,
            Some("false") => false,
            Some(other) => return Err(wrong(name, other, "true or false")),
        };
        if asked != right {
            regions.clear();
        }
    }
    let number = |name: &str, most: usize| match given(name) {
        None => Ok(None),
        Some(text) => match text.parse::<usize>() {
            Ok(number) if (1..=most).contains(&number) => Ok(Some(number)),
            Ok(_) | Err(_) => Err(wrong(name, text, &format!("1 to {most}"))),
        },
    };
    let (page, size) = (number("page", 1_000_000)?, number("per_page", PROJECTS)?);
    let size = size.unwrap_or(PROJECTS);
    let rest = regions.into_iter().skip((page.unwrap_or(1) - 1) * size);
    Ok(rest.take(size).collect())
}

/// Projects of one page at the most.
const PROJECTS: usize = 5000;
