//! How parameters are given, and checks of form and range.

pub(crate) use muster_kit::decode::{Many, One};
use muster_model::id::Kind;
use muster_model::{Id, Page, ResourceKind};

use crate::context::Ctx;
use crate::fault::Fault;

/// A whole number in a range.
pub(crate) fn number(parameter: &str, value: i64, min: i64, max: i64) -> Result<u32, Fault> {
    match u32::try_from(value) {
        Ok(number) if (min..=max).contains(&value) => Ok(number),
        Ok(_) | Err(_) => Err(Fault::range(parameter, value, min, max)),
    }
}

/// A number of instances: up to the quota, or what is there already.
pub(crate) fn size(parameter: &str, value: i64, old: Option<u32>, ctx: &Ctx) -> Result<u32, Fault> {
    match u32::try_from(value) {
        Ok(size) if Some(size) == old => Ok(size),
        Ok(_) | Err(_) => number(parameter, value, 0, i64::from(ctx.switches.most_instances)),
    }
}

/// A text of a length in characters.
pub(crate) fn text(parameter: &str, value: &str, min: usize, max: usize) -> Result<(), Fault> {
    let length = value.chars().count();
    match (min..=max).contains(&length) && !value.chars().any(char::is_control) {
        true => Ok(()),
        false => {
            let start: String = value.chars().take(64).collect();
            Err(Fault::value(
                parameter,
                &start,
                &format!("{min} to {max} characters"),
            ))
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

/// An id of 8 to 19 digits; one that nothing can have is absent.
pub(crate) fn id<K: Kind>(
    parameter: &str,
    value: &str,
    kind: ResourceKind,
    ctx: &Ctx,
) -> Result<Id<K>, Fault> {
    digits(parameter, value)?;
    Id::parse_decimal(value).map_err(|_| ctx.absent(kind, value))
}

/// Ids to look for: those that nothing can have are left out.
pub(crate) fn ids<K: Kind>(parameter: &str, values: &[String]) -> Result<Vec<Id<K>>, Fault> {
    let mut found = Vec::with_capacity(values.len());
    for value in values {
        digits(parameter, value)?;
        found.extend(Id::parse_decimal(value).ok());
    }
    Ok(found)
}

/// Refuses what has not the form of an id.
pub(crate) fn digits(parameter: &str, value: &str) -> Result<(), Fault> {
    match (8..=19).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit()) {
        true => Ok(()),
        false => Err(Fault::value(parameter, value, "an id of 8 to 19 digits")),
    }
}

/// Whether a text has the form of a UUID.
pub(crate) fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// An id that is only passed on: UUIDs at this door, prefixed ids where it comes from another.
pub(crate) fn passed_on(parameter: &str, value: &str) -> Result<(), Fault> {
    let good = (1..=64).contains(&value.len())
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    match good {
        true => Ok(()),
        false => Err(Fault::value(parameter, value, "an id")),
    }
}

/// How long pages are.
#[derive(Clone, Copy)]
pub(crate) struct PageSizes {
    /// The least that may be asked for.
    least: i64,
    /// What is meant where nothing is said.
    usual: i64,
}

/// Of most lists (L550, L753, L1040, L1638, L1938).
pub(crate) const PAGES: PageSizes = PageSizes {
    least: 5,
    usual: 10,
};

/// Of scheduled tasks, of which no least one is stated (L2241).
pub(crate) const TASK_PAGES: PageSizes = PageSizes {
    least: 1,
    usual: 20,
};

/// The page that Marker and MaxResults name (L542-550).
pub(crate) fn page(
    marker: Option<i64>,
    most: Option<i64>,
    sizes: PageSizes,
    ctx: &Ctx,
) -> Result<Page, Fault> {
    let most = most.unwrap_or(sizes.usual);
    let limit = number("MaxResults", most, sizes.least, 1000)?;
    let mut offset = marker.unwrap_or(0);
    // Terraform's data sources ask for 1, 11, 21: without this they would lose the first of each page.
    if ctx.is_terraform && offset > 0 && offset % most == 1 {
        offset -= 1;
    }
    let offset = usize::try_from(offset)
        .map_err(|_| Fault::value("Marker", &offset.to_string(), "0 or more"))?;
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
