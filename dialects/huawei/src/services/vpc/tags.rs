//! Tags of VPCs, subnets and security groups: shown, added, taken away.

use muster_kit::action::Action;
use muster_model::{Kept, RecordCommand, RecordId, RecordSpec};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Used, groups, subnets, vpcs};
use crate::services::body::{Body, Reader};
use crate::services::form::Form;
use crate::services::{Beside, Empty, Wrong};

/// Tags of one thing at the most.
const MOST: usize = 20;
/// Characters of a key, and of a value.
const KEY_CHARS: usize = 128;
const VALUE_CHARS: usize = 255;
/// Where they are kept.
const TAGS: &str = "tags";

/// Tags as they are given to what is made: `key*value`.
const GIVEN: Form = Form::List(10, &Form::Text(KEY_CHARS + VALUE_CHARS + 1));

/// The tags that are given to what is made, as they are kept.
pub(super) fn given(reader: &mut Reader<'_>) -> Result<Option<Value>, Wrong> {
    let Some(Value::Array(texts)) = reader.member(TAGS, &GIVEN)? else {
        return Ok(None);
    };
    let pair = |text: &Value| {
        let text = text.as_str().unwrap_or_default();
        let (key, value) = text.split_once('*').unwrap_or((text, ""));
        json!({ "key": key, "value": value })
    };
    Ok(Some(texts.iter().map(pair).collect()))
}

/// The tags that are kept.
fn tags_of(kept: &Kept) -> Vec<Value> {
    let tags = kept.get(TAGS).and_then(Value::as_array);
    tags.cloned().unwrap_or_default()
}

/// What has tags, by the path of the call.
fn used<'a>(beside: &Beside, id: &'a str) -> Used<'a> {
    match beside.path {
        path if path.contains("/vpcs/") => Used::Vpc(id),
        path if path.contains("/subnets/") => Used::Subnet(id),
        _ => Used::SecurityGroup(id),
    }
}

/// What was made here and is to have other tags.
async fn own(beside: &Beside, used: Used<'_>) -> Result<(RecordId, u64, RecordSpec), Wrong> {
    Ok(match used {
        Used::Vpc(id) => {
            let vpc = beside.own_vpc(id).await?;
            let spec = RecordSpec::Vpc(Box::new(vpc.spec.clone()));
            (RecordId::Vpc(vpc.id), vpc.head.version, spec)
        }
        Used::Subnet(id) => {
            let subnet = beside.own_subnet(None, id).await?;
            let spec = RecordSpec::Subnet(Box::new(subnet.spec.clone()));
            (RecordId::Subnet(subnet.id), subnet.head.version, spec)
        }
        Used::SecurityGroup(id) => {
            let group = beside.own_group(id).await?;
            let spec = RecordSpec::SecurityGroup(Box::new(group.spec.clone()));
            (RecordId::SecurityGroup(group.id), group.head.version, spec)
        }
    })
}

/// ShowResourceTags.
#[derive(Deserialize)]
pub(super) struct ShowTags {
    resource_id: String,
}

impl Action<Beside> for ShowTags {
    const NAME: &'static str = "ShowNetworkTags";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let records = beside.records().await?;
        let id = self.resource_id.as_str();
        let kept = match used(beside, id) {
            Used::Vpc(id) => vpcs::made(&records, id).map(|vpc| vpc.spec.kept.clone()),
            Used::Subnet(id) => subnets::made(&records, id).map(|one| one.spec.kept.clone()),
            Used::SecurityGroup(id) => groups::made(&records, id).map(|one| one.spec.kept.clone()),
        };
        let tags = match kept {
            Some(kept) => tags_of(&kept),
            // One of the operator's has none; one that does not exist is said not to.
            None => {
                match used(beside, id) {
                    Used::Vpc(id) => drop(vpcs::one(beside, id).await?),
                    Used::Subnet(id) => drop(subnets::one(beside, id).await?),
                    Used::SecurityGroup(id) => drop(beside.security_group(id).await?),
                }
                Vec::new()
            }
        };
        Ok(json!({ "tags": tags }))
    }
}

/// BatchCreateTags and BatchDeleteTags.
#[derive(Deserialize)]
pub(super) struct ChangeTags {
    resource_id: String,
    action: Option<String>,
    tags: Option<Vec<Body>>,
}

/// The tags that a call names: keys, and values where there are some.
fn named(beside: &Beside, tags: Vec<Body>) -> Result<Vec<(String, Option<String>)>, Wrong> {
    let mut named = Vec::with_capacity(tags.len());
    for (n, tag) in tags.into_iter().enumerate() {
        let mut tag = tag.read(beside, &format!("tags.{n}"));
        let key = tag.needed("key", KEY_CHARS)?;
        named.push((key, tag.text("value", VALUE_CHARS)?));
    }
    Ok(named)
}

impl Action<Beside> for ChangeTags {
    const NAME: &'static str = "ChangeNetworkTags";
    type Response = Empty;

    async fn run(self, beside: &Beside) -> Result<Empty, Wrong> {
        let (id, version, mut spec) = own(beside, used(beside, &self.resource_id)).await?;
        let tags = self.tags.filter(|tags| !tags.is_empty());
        let tags = named(beside, tags.ok_or_else(|| beside.missing(TAGS))?)?;
        let adds = match self.action.as_deref() {
            Some("create") => true,
            Some("delete") => false,
            Some(other) => {
                return Err(beside.invalid("action", other, "create or delete is right"));
            }
            None => return Err(beside.missing("action")),
        };
        let kept = match &mut spec {
            RecordSpec::Vpc(spec) => &mut spec.kept,
            RecordSpec::Subnet(spec) => &mut spec.kept,
            RecordSpec::SecurityGroup(spec) => &mut spec.kept,
            _ => return Err(beside.broken("it has no tags")),
        };
        let mut all = tags_of(kept);
        for (key, value) in tags {
            all.retain(|tag| tag["key"] != key.as_str());
            if adds {
                all.push(json!({ "key": key, "value": value.unwrap_or_default() }));
            }
        }
        if all.len() > MOST {
            let wanted = format!("at most {MOST} are right");
            return Err(beside.invalid(TAGS, all.len(), &wanted));
        }
        kept.insert(TAGS.to_owned(), Value::Array(all));
        let replace = RecordCommand::Replace { id, version, spec };
        beside.change(vec![replace]).await?;
        Ok(Empty {})
    }
}
