//! Groups by their tags (rules T3, T4).

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{GroupView, Tag};
use serde::{Deserialize, Serialize};

use super::tags::check_type;
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{SingleTag, VALUE_CHARS};
use crate::words::SearchAction;

/// Keys of one condition, and values of one key, at the most.
const MOST: usize = 10;
/// Resources of one answer at the most (L4651).
const PAGE: i64 = 1000;

/// ListResourceInstances.
#[derive(Deserialize)]
pub(crate) struct ListResourceInstances {
    resource_type: String,
    tags: Option<Vec<Wanted>>,
    tags_any: Option<Vec<Wanted>>,
    not_tags: Option<Vec<Wanted>>,
    not_tags_any: Option<Vec<Wanted>>,
    limit: Option<String>,
    marker: Option<String>,
    action: Option<String>,
    offset: Option<String>,
    matches: Option<Vec<Match>>,
}

/// TagsMultiValue: a key with one of some values, or with any.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    key: Option<String>,
    values: Option<Vec<String>>,
}

/// Matches.
#[derive(Deserialize)]
pub(crate) struct Match {
    key: Option<String>,
    value: Option<String>,
}

/// The answer; of a count only the number.
#[derive(Serialize)]
pub(crate) struct Found {
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<Resource>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    total_count: usize,
}

/// Resources.
#[derive(Serialize)]
struct Resource {
    resource_id: String,
    resource_detail: &'static str,
    tags: Vec<SingleTag>,
    resource_name: String,
}

/// Checks the keys of one condition.
fn check(name: &str, list: Option<&Vec<Wanted>>) -> Result<(), Fault> {
    let Some(list) = list else {
        return Ok(());
    };
    checks::count("AS.7046", name, list, MOST)?;
    for (at, wanted) in list.iter().enumerate() {
        let key = wanted.key.as_deref().unwrap_or_default();
        if key.is_empty() || key.chars().count() > 36 {
            return Err(Fault::value(
                "AS.7046",
                &format!("{name}.key"),
                key,
                "1 to 36 characters are right",
            ));
        }
        if list[..at]
            .iter()
            .any(|other| other.key.as_deref() == Some(key))
        {
            return Err(Fault::value(
                "AS.7046",
                &format!("{name}.key"),
                key,
                "it is there twice",
            ));
        }
        let values_name = format!("{name}.values");
        // None of them is any of them, but the list is there (L4663).
        let values = wanted
            .values
            .as_deref()
            .ok_or_else(|| Fault::missing("AS.7046", &values_name))?;
        checks::count("AS.7046", &values_name, values, MOST)?;
        for (at, value) in values.iter().enumerate() {
            if values[..at].contains(value) {
                return Err(Fault::value(
                    "AS.7054",
                    &values_name,
                    value,
                    "it is there twice",
                ));
            }
            if value.chars().count() > VALUE_CHARS {
                let wanted = format!("at most {VALUE_CHARS} characters are right");
                return Err(Fault::value("AS.7047", &values_name, value, &wanted));
            }
            if value == "*" {
                return Err(Fault::value(
                    "AS.7046",
                    &values_name,
                    value,
                    "a text after * is right",
                ));
            }
        }
    }
    Ok(())
}

/// Whether tags have the key with one of the values; `*text` is a part of the value.
fn has(tags: &[Tag], wanted: &Wanted) -> bool {
    let key = wanted.key.as_deref().unwrap_or_default();
    let values = wanted.values.as_deref().unwrap_or_default();
    let fits = |tag: &Tag| {
        values.is_empty()
            || values.iter().any(|value| match value.strip_prefix('*') {
                Some(part) => tag.value.contains(part),
                None => tag.value == *value,
            })
    };
    tags.iter().any(|tag| tag.key == key && fits(tag))
}

fn number(
    code: &'static str,
    name: &str,
    text: Option<&String>,
    default: i64,
) -> Result<i64, Fault> {
    let read = text.map(|text| {
        let number = text.trim().parse::<i64>();
        number.map_err(|_| Fault::value(code, name, text, "a whole number is right"))
    });
    Ok(read.transpose()?.unwrap_or(default))
}

impl ListResourceInstances {
    fn check(&self) -> Result<(), Fault> {
        for (name, list) in [
            ("tags", &self.tags),
            ("tags_any", &self.tags_any),
            ("not_tags", &self.not_tags),
            ("not_tags_any", &self.not_tags_any),
        ] {
            check(name, list.as_ref())?;
        }
        let matches = self.matches.as_deref().unwrap_or_default();
        for wanted in matches {
            let key = wanted.key.as_deref().unwrap_or_default();
            if key != "resource_name" {
                return Err(Fault::value(
                    "AS.7052",
                    "matches.key",
                    key,
                    "resource_name is right",
                ));
            }
            let value = wanted.value.as_deref();
            let value = value.ok_or_else(|| Fault::missing("AS.7052", "matches.value"))?;
            if value.chars().count() > 255 {
                return Err(Fault::value(
                    "AS.7052",
                    "matches.value",
                    value,
                    "at most 255 characters are right",
                ));
            }
        }
        Ok(())
    }

    /// Where the marker says that a page begins: it is the place itself, or the id of the resource before it (L4652).
    fn marked(&self, found: &[Arc<GroupView>]) -> Result<usize, Fault> {
        let Some(marker) = &self.marker else {
            return Ok(0);
        };
        if let Ok(place) = marker.trim().parse::<u32>() {
            return Ok(place as usize);
        }
        let at = found
            .iter()
            .position(|view| view.group.id.uuid() == *marker);
        at.map(|at| at + 1).ok_or_else(|| {
            let wanted = "a place or the id of one of the resources is right";
            Fault::value("AS.1074", "marker", marker, wanted)
        })
    }

    fn fits(&self, view: &GroupView) -> bool {
        let tags = &view.group.spec.tags;
        let list = |list: &Option<Vec<Wanted>>, test: fn(&[Tag], &[Wanted]) -> bool| {
            list.as_ref()
                .is_none_or(|list| list.is_empty() || test(tags, list))
        };
        let named = |wanted: &Match| {
            let value = wanted.value.as_deref().unwrap_or_default();
            match value.is_empty() {
                true => view.group.spec.name.is_empty(),
                false => view.group.spec.name.contains(value),
            }
        };
        list(&self.tags, |tags, all| {
            all.iter().all(|wanted| has(tags, wanted))
        }) && list(&self.tags_any, |tags, all| {
            all.iter().any(|wanted| has(tags, wanted))
        }) && list(&self.not_tags, |tags, all| {
            !all.iter().all(|wanted| has(tags, wanted))
        }) && list(&self.not_tags_any, |tags, all| {
            !all.iter().any(|wanted| has(tags, wanted))
        }) && self
            .matches
            .as_deref()
            .unwrap_or_default()
            .iter()
            .all(named)
    }
}

impl Action<Ctx> for ListResourceInstances {
    const NAME: &'static str = "ListResourceInstances";
    type Response = Found;

    async fn run(self, ctx: &Ctx) -> Result<Found, Fault> {
        check_type(&self.resource_type)?;
        let action = self.action.clone().unwrap_or_default();
        let action: SearchAction = checks::word("AS.7049", "action", &action)?;
        self.check()?;
        let mut found: Vec<_> = ctx.views().await?;
        found.retain(|view| self.fits(view));
        // Newest first (L4628).
        found.reverse();
        let total_count = found.len();
        if action == SearchAction::Count {
            return Ok(Found {
                resources: None,
                marker: None,
                total_count,
            });
        }
        let limit = number("AS.1002", "limit", self.limit.as_ref(), PAGE)?;
        let limit = checks::number("AS.1002", "limit", limit, 1, PAGE)?;
        let from = match &self.offset {
            Some(_) => {
                let offset = number("AS.1067", "offset", self.offset.as_ref(), 0)?;
                checks::number("AS.1067", "offset", offset, 0, i64::from(u32::MAX))? as usize
            }
            None => self.marked(&found)?,
        };
        let page: Vec<_> = found.iter().skip(from).take(limit as usize).collect();
        let next = from.saturating_add(page.len());
        let resources = page.iter().map(|view| Resource {
            resource_id: view.group.id.uuid(),
            resource_detail: "SCALING_GROUP_TAG",
            // As the resources, the newest first.
            tags: view.group.spec.tags.iter().rev().map(Into::into).collect(),
            resource_name: view.group.spec.name.clone(),
        });
        Ok(Found {
            resources: Some(resources.collect()),
            marker: Some(next.to_string()),
            total_count,
        })
    }
}
