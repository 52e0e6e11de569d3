//! Tags of groups.

use muster_kit::action::Action;
use muster_model::{GroupCommand, GroupPatch, GroupView, TagEdit};
use serde::{Deserialize, Serialize};

use super::Empty;
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{MOST_TAGS, SingleTag, tag_key};
use crate::words::TagsAction;

/// Only groups have tags here.
pub(super) fn check_type(text: &str) -> Result<(), Fault> {
    match text.eq_ignore_ascii_case("scaling_group_tag") {
        true => Ok(()),
        false => {
            let wanted = "scaling_group_tag is right";
            Err(Fault::value("AS.7048", "resource_type", text, wanted))
        }
    }
}

/// ListScalingTagInfosByTenantId.
#[derive(Deserialize)]
pub(crate) struct ListScalingTagInfosByTenantId {
    resource_type: String,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Keys {
    tags: Vec<KeyValues>,
}

/// TagsMultiValue.
#[derive(Serialize)]
struct KeyValues {
    key: String,
    values: Vec<String>,
}

impl Action<Ctx> for ListScalingTagInfosByTenantId {
    const NAME: &'static str = "ListScalingTagInfosByTenantId";
    type Response = Keys;

    async fn run(self, ctx: &Ctx) -> Result<Keys, Fault> {
        check_type(&self.resource_type)?;
        let mut tags: Vec<KeyValues> = Vec::new();
        for view in ctx.views().await? {
            for tag in &view.group.spec.tags {
                match tags.iter_mut().find(|known| known.key == tag.key) {
                    Some(known) if known.values.contains(&tag.value) => {}
                    Some(known) => known.values.push(tag.value.clone()),
                    None => tags.push(KeyValues {
                        key: tag.key.clone(),
                        values: vec![tag.value.clone()],
                    }),
                }
            }
        }
        Ok(Keys { tags })
    }
}

/// ListScalingTagInfosByResourceId.
#[derive(Deserialize)]
pub(crate) struct ListScalingTagInfosByResourceId {
    resource_type: String,
    resource_id: String,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Tags {
    tags: Vec<SingleTag>,
    sys_tags: Option<Vec<SingleTag>>,
}

impl Action<Ctx> for ListScalingTagInfosByResourceId {
    const NAME: &'static str = "ListScalingTagInfosByResourceId";
    type Response = Tags;

    async fn run(self, ctx: &Ctx) -> Result<Tags, Fault> {
        check_type(&self.resource_type)?;
        let view = ctx.view(&self.resource_id).await?;
        Ok(Tags {
            tags: view.group.spec.tags.iter().map(Into::into).collect(),
            sys_tags: None,
        })
    }
}

/// CreateOrDeleteScalingTagInfo.
#[derive(Deserialize)]
pub(crate) struct CreateOrDeleteScalingTagInfo {
    resource_type: String,
    resource_id: String,
    tags: Option<Vec<SingleTag>>,
    action: Option<String>,
}

/// What a group would have then, counted.
fn count_after(view: &GroupView, edit: &TagEdit) -> usize {
    let mut tags = view.group.spec.tags.clone();
    edit.apply(&mut tags);
    tags.len()
}

impl Action<Ctx> for CreateOrDeleteScalingTagInfo {
    const NAME: &'static str = "CreateOrDeleteScalingTagInfo";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        check_type(&self.resource_type)?;
        let action = self.action.unwrap_or_default();
        let action: TagsAction = checks::word("AS.7049", "action", &action)?;
        let list = self.tags.unwrap_or_default();
        if list.is_empty() {
            return Err(Fault::missing("AS.7044", "tags"));
        }
        let edit = match action {
            TagsAction::Create => TagEdit {
                put: SingleTag::tags(&list, MOST_TAGS)?,
                remove: Vec::new(),
            },
            TagsAction::Delete => {
                checks::count("AS.7045", "tags", &list, MOST_TAGS)?;
                let keys = list
                    .iter()
                    .map(|tag| tag_key(tag.key.as_ref()).map(str::to_owned));
                TagEdit {
                    put: Vec::new(),
                    remove: keys.collect::<Result<_, _>>()?,
                }
            }
        };
        let view = ctx.staying(&self.resource_id).await?;
        let after = count_after(&view, &edit);
        if action == TagsAction::Create && after > MOST_TAGS {
            let detail = format!("There would be {after}, at most {MOST_TAGS} are allowed.");
            return Err(Fault::new("AS.7045", detail));
        }
        let patch = GroupPatch {
            tag_edit: Some(edit),
            ..GroupPatch::default()
        };
        ctx.change(view.group.id, GroupCommand::Modify(Box::new(patch)))
            .await?;
        Ok(Empty {})
    }
}
