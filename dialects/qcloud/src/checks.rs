//! Checks of form and range.

use muster_kit::decode::One;
use muster_model::id::Kind;
use muster_model::{GroupId, Id, Page, ResourceKind};

use crate::codes;
use crate::context::Ctx;
use crate::fault::{Class, Fault};

/// Ids that one request may name where the documentation says so (L1018, L1609, L1714).
pub(crate) const MOST_IDS: usize = 20;
/// The same where it has no limit.
pub(crate) const MOST_NAMED: usize = 100;
/// Groups of users that a policy may tell (L2044).
pub(crate) const MOST_RECEIVERS: usize = 20;
/// Matches on a page when nothing is said.
const DEFAULT_LIMIT: i64 = 20;
/// Most matches on a page.
const MOST_LIMIT: i64 = 100;

/// A whole number in a range.
pub(crate) fn number(parameter: &str, value: i64, min: i64, max: i64) -> Result<u32, Fault> {
    match u32::try_from(value) {
        Ok(number) if (min..=max).contains(&value) => Ok(number),
        Ok(_) | Err(_) => Err(Fault::range(parameter, value, min, max)),
    }
}

/// 0 or 1.
pub(crate) fn switch(parameter: &str, value: Option<i64>) -> Result<Option<bool>, Fault> {
    let number = value.map(|value| number(parameter, value, 0, 1));
    Ok(number.transpose()?.map(|number| number == 1))
}

/// A number of instances: up to the limit, or what is there already.
pub(crate) fn size(parameter: &str, value: i64, old: Option<u32>, ctx: &Ctx) -> Result<u32, Fault> {
    match u32::try_from(value) {
        Ok(size) if Some(size) == old => Ok(size),
        Ok(_) | Err(_) => number(parameter, value, 0, i64::from(ctx.switches.most_instances)),
    }
}

/// A text of a length in characters, without control characters.
pub(crate) fn text(parameter: &str, value: &str, min: usize, max: usize) -> Result<(), Fault> {
    let length = value.chars().count();
    match (min..=max).contains(&length) && !value.chars().any(char::is_control) {
        true => Ok(()),
        false => {
            let start: String = value.chars().take(64).collect();
            let wanted = format!("{min} to {max} characters");
            Err(Fault::value(parameter, &start, &wanted))
        }
    }
}

/// A name.
pub(crate) fn name(parameter: &str, value: &str) -> Result<(), Fault> {
    text(parameter, value, 1, 128)
}

/// A parameter that has to be there.
pub(crate) fn needed<T>(parameter: &str, value: Option<T>) -> Result<T, Fault> {
    value.ok_or_else(|| Fault::missing(parameter))
}

/// A parameter that has to be there, and the code that the action has for it.
pub(crate) fn needed_as<T>(
    desc: &'static str,
    parameter: &str,
    value: Option<T>,
) -> Result<T, Fault> {
    needed(parameter, value).map_err(|fault| fault.with(desc))
}

/// The group that a request has to name.
pub(crate) fn group(given: Option<&One>, ctx: &Ctx) -> Result<GroupId, Fault> {
    let desc = codes::unknown(ResourceKind::Group, ctx.action);
    let given = needed_as(desc, "scalingGroupId", given)?;
    id("scalingGroupId", &given.0, ResourceKind::Group, ctx)
}

/// An id with its prefix and 8 characters; one that nothing can have is absent.
pub(crate) fn id<K: Kind>(
    parameter: &str,
    value: &str,
    kind: ResourceKind,
    ctx: &Ctx,
) -> Result<Id<K>, Fault> {
    id_as(parameter, value, K::PREFIX, kind, ctx)
}

/// The same of ids that begin with `own` here; the prefix that they have inside is taken as well.
pub(crate) fn id_as<K: Kind>(
    parameter: &str,
    value: &str,
    own: &str,
    kind: ResourceKind,
    ctx: &Ctx,
) -> Result<Id<K>, Fault> {
    let inside = spelled::<K>(value, own);
    prefixed(
        parameter,
        (value, own),
        (&inside, K::PREFIX),
        codes::unknown(kind, ctx.action),
    )?;
    Id::parse(&inside).map_err(|_| ctx.absent(kind, value))
}

/// An id as it is spelled inside.
fn spelled<K: Kind>(value: &str, own: &str) -> String {
    match value.strip_prefix(own) {
        Some(body) => format!("{}{body}", K::PREFIX),
        None => value.to_owned(),
    }
}

/// Ids to look for: those that nothing can have are left out.
pub(crate) fn ids<K: Kind>(
    parameter: &str,
    values: &[String],
    most: usize,
) -> Result<Vec<Id<K>>, Fault> {
    ids_as(parameter, values, K::PREFIX, most)
}

/// The same of ids that begin with `own` here; the prefix that they have inside is taken as well.
pub(crate) fn ids_as<K: Kind>(
    parameter: &str,
    values: &[String],
    own: &str,
    most: usize,
) -> Result<Vec<Id<K>>, Fault> {
    at_most(parameter, values, most)?;
    let mut found = Vec::with_capacity(values.len());
    for value in values {
        let inside = spelled::<K>(value, own);
        let desc = "InvalidParameter";
        prefixed(parameter, (value, own), (&inside, K::PREFIX), desc)?;
        found.extend(Id::parse(&inside).ok());
    }
    Ok(found)
}

/// Whether a text has the form of an id; as it is given and as it is inside. The ids of the examples are shorter
/// (`asn-xxxxx`).
fn prefixed(
    parameter: &str,
    (value, own): (&str, &str),
    (inside, prefix): (&str, &str),
    desc: &'static str,
) -> Result<(), Fault> {
    let good = inside.strip_prefix(prefix).is_some_and(|body| {
        (1..=16).contains(&body.len()) && body.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    match good {
        true => Ok(()),
        false => {
            let start: String = value.chars().take(64).collect();
            let wanted = format!("an id that begins with `{own}`");
            Err(Fault::coded(desc, parameter, &start, &wanted))
        }
    }
}

/// A list that is not too long.
pub(crate) fn at_most<T>(parameter: &str, list: &[T], most: usize) -> Result<(), Fault> {
    match list.len() <= most {
        true => Ok(()),
        false => {
            let wanted = format!("at most {most} entries");
            Err(Fault::value(parameter, &list.len().to_string(), &wanted))
        }
    }
}

/// An id that is only passed on.
pub(crate) fn passed_on(parameter: &str, value: &str) -> Result<(), Fault> {
    let good = (1..=64).contains(&value.len())
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    match good {
        true => Ok(()),
        false => {
            let start: String = value.chars().take(64).collect();
            Err(Fault::value(parameter, &start, "an id"))
        }
    }
}

/// Numbers of groups of users, at most so many.
pub(crate) fn receivers(
    parameter: &str,
    values: &[String],
    most: usize,
    desc: &'static str,
) -> Result<(), Fault> {
    if values.len() > most {
        let wanted = format!("at most {most} entries");
        let count = values.len().to_string();
        return Err(Fault::coded(desc, parameter, &count, &wanted));
    }
    for (at, value) in values.iter().enumerate() {
        let good = (1..=20).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
        let again = values[..at].contains(value);
        if !good || again {
            let wanted = if again {
                "each once"
            } else {
                "the number of a user group"
            };
            let start: String = value.chars().take(64).collect();
            return Err(Fault::coded(desc, parameter, &start, wanted));
        }
    }
    Ok(())
}

/// The number of a project.
pub(crate) fn project(given: &str) -> Result<i64, Fault> {
    let number = given.trim().parse().ok().filter(|number| *number >= 0);
    number.ok_or_else(|| {
        let start: String = given.chars().take(64).collect();
        let desc = "InvalidParameter.InvalidProjectId";
        Fault::coded(desc, "projectId", &start, "the number of a project")
    })
}

/// The page that offset and limit name.
pub(crate) fn page(offset: Option<i64>, limit: Option<i64>) -> Result<Page, Fault> {
    let limit = number("limit", limit.unwrap_or(DEFAULT_LIMIT), 1, MOST_LIMIT)?;
    let offset = offset.unwrap_or(0);
    let offset = usize::try_from(offset)
        .map_err(|_| Fault::value("offset", &offset.to_string(), "0 or more"))?;
    Ok(Page {
        offset,
        limit: usize::try_from(limit).unwrap_or(0),
    })
}

/// The part of a list that is on the page.
pub(crate) fn cut<T>(list: Vec<T>, page: Page) -> Vec<T> {
    list.into_iter()
        .skip(page.offset)
        .take(page.limit)
        .collect()
}

/// A value that is one of several words.
pub(crate) fn word<T>(
    parameter: &str,
    value: &str,
    found: Option<T>,
    words: &[&str],
    desc: &'static str,
) -> Result<T, Fault> {
    found.ok_or_else(|| {
        let start: String = value.chars().take(64).collect();
        let wanted = format!("one of {}", words.join(", "));
        Fault::coded(desc, parameter, &start, &wanted)
    })
}

/// What nothing else says: the answer to a number out of a closed set.
pub(crate) fn not_one_of(parameter: &str, value: i64, desc: &'static str, wanted: &str) -> Fault {
    let text = format!("the value `{value}` of the parameter `{parameter}` is not right: {wanted}");
    Fault::new(Class::Parameter, desc, text)
}
