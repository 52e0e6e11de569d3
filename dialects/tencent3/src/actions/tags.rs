//! The two calls of the tag API (version 2018-08-13) that Terraform makes for groups and launch configurations.

use muster_kit::action::Action;
use muster_model::{
    Command, ConfigFilter, ConfigId, ConfigPatch, GroupCommand, GroupFilter, GroupId, GroupPatch,
    Page, Tag, TagEdit,
};
use serde::{Deserialize, Serialize};

use super::Empty;
use crate::checks;
use crate::context::Ctx;
use crate::fault::Fault;

/// Resources that one call may name.
const MAX_RESOURCES: usize = 50;
/// Tags that one call may put or take off.
const MAX_TAGS: usize = 10;

/// What is tagged.
enum Tagged {
    /// `auto-scaling-group/asg-...`
    Groups(Vec<GroupId>),
    /// `launch-configuration/asc-...`
    Configs(Vec<ConfigId>),
}

fn tagged(service: &str, prefix: &str, ids: &[String]) -> Result<Tagged, Fault> {
    if service != "as" {
        return Err(Fault::new(
            "InvalidParameterValue.ServiceTypeInvalid",
            format!("The service `{service}` is not served here: `as` is."),
        ));
    }
    let invalid =
        |fault: Fault| Fault::new("InvalidParameterValue.ResourceIdInvalid", fault.message);
    match prefix {
        "auto-scaling-group" => checks::group_ids(ids).map(Tagged::Groups).map_err(invalid),
        "launch-configuration" => checks::config_ids(ids)
            .map(Tagged::Configs)
            .map_err(invalid),
        other => Err(Fault::new(
            "InvalidParameterValue.ResourcePrefixInvalid",
            format!(
                "The resource prefix `{other}` is none of `auto-scaling-group` and `launch-configuration`."
            ),
        )),
    }
}

/// DescribeResourceTagsByResourceIds.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeResourceTagsByResourceIds {
    service_type: String,
    resource_prefix: String,
    resource_ids: Vec<String>,
    #[expect(dead_code, reason = "accepted: the region of the request says where")]
    resource_region: Option<String>,
    offset: Option<i64>,
    limit: Option<i64>,
    #[expect(dead_code, reason = "accepted: all tags here are custom ones")]
    category: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResourceTags {
    total_count: usize,
    offset: usize,
    limit: usize,
    tags: Vec<TagResource>,
}

/// TagResource.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagResource {
    tag_key: String,
    tag_value: String,
    resource_id: String,
    service_type: &'static str,
    category: &'static str,
}

fn rows(id: &impl ToString, tags: &[Tag]) -> Vec<TagResource> {
    let row = |tag: &Tag| TagResource {
        tag_key: tag.key.clone(),
        tag_value: tag.value.clone(),
        resource_id: id.to_string(),
        service_type: "as",
        category: "Custom",
    };
    tags.iter().map(row).collect()
}

/// All of them, however many.
const ALL: Page = Page {
    offset: 0,
    limit: usize::MAX,
};

impl Action<Ctx> for DescribeResourceTagsByResourceIds {
    const NAME: &'static str = "DescribeResourceTagsByResourceIds";
    type Response = ResourceTags;

    async fn run(self, ctx: &Ctx) -> Result<ResourceTags, Fault> {
        checks::count(
            "LimitExceeded.ResourceNumPerRequest",
            "ResourceIds",
            &self.resource_ids,
            MAX_RESOURCES,
        )?;
        let number = |name, value: Option<i64>, plain: i64| {
            let value = value.unwrap_or(plain);
            usize::try_from(value).map_err(|_| Fault::value(name, &value.to_string(), "0 or more"))
        };
        let offset = number("Offset", self.offset, 0)?;
        let limit = number("Limit", self.limit, 15)?;
        let mut all = Vec::new();
        match tagged(
            &self.service_type,
            &self.resource_prefix,
            &self.resource_ids,
        )? {
            Tagged::Groups(ids) => {
                let found = ctx
                    .api
                    .groups(&ctx.caller, &[GroupFilter::Ids(ids)], ALL)
                    .await;
                for item in found.map_err(|error| ctx.refused(&error))?.items {
                    all.extend(rows(&item.group.id, &item.group.spec.tags));
                }
            }
            Tagged::Configs(ids) => {
                let found = ctx
                    .api
                    .configs(&ctx.caller, &[ConfigFilter::Ids(ids)], ALL)
                    .await;
                for item in found.map_err(|error| ctx.refused(&error))?.items {
                    all.extend(rows(&item.config.id, &item.config.spec.tags));
                }
            }
        }
        Ok(ResourceTags {
            total_count: all.len(),
            offset,
            limit,
            tags: all.into_iter().skip(offset).take(limit).collect(),
        })
    }
}

/// Tag, as it is put on.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SentTag {
    tag_key: String,
    tag_value: String,
    #[expect(dead_code, reason = "accepted: all tags here are custom ones")]
    category: Option<String>,
}

/// TagKeyObject.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagKey {
    tag_key: String,
}

/// ModifyResourceTags.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ModifyResourceTags {
    resource: String,
    replace_tags: Option<Vec<SentTag>>,
    delete_tags: Option<Vec<TagKey>>,
}

impl ModifyResourceTags {
    /// What is to be put on and taken off.
    fn edit(self) -> Result<TagEdit, Fault> {
        let put = self.replace_tags.unwrap_or_default();
        let remove = self.delete_tags.unwrap_or_default();
        if put.is_empty() && remove.is_empty() {
            return Err(Fault::new(
                "MissingParameter",
                "One of the parameters `ReplaceTags` and `DeleteTags` must be given.",
            ));
        }
        let code = "LimitExceeded.TagNumPerRequest";
        checks::count(code, "ReplaceTags", &put, MAX_TAGS)?;
        checks::count(code, "DeleteTags", &remove, MAX_TAGS)?;
        let long = |text: &String| text.chars().count() > 127;
        for tag in &put {
            if tag.tag_key.is_empty() {
                return Err(Fault::value(
                    "ReplaceTags.TagKey",
                    "",
                    "1 to 127 characters",
                ));
            }
            if long(&tag.tag_key) || long(&tag.tag_value) {
                return Err(Fault::new(
                    "InvalidParameterValue.TagKeyLengthExceeded",
                    format!("The tag `{}` is longer than 127 characters.", tag.tag_key),
                ));
            }
            if remove.iter().any(|key| key.tag_key == tag.tag_key) {
                return Err(Fault::new(
                    "InvalidParameterValue.DeleteTagsParamError",
                    format!(
                        "The tag key `{}` is both put on and taken off.",
                        tag.tag_key
                    ),
                ));
            }
        }
        Ok(TagEdit {
            put: put
                .into_iter()
                .map(|tag| Tag {
                    key: tag.tag_key,
                    value: tag.tag_value,
                })
                .collect(),
            remove: remove.into_iter().map(|key| key.tag_key).collect(),
        })
    }
}

/// Service, prefix and id of `qcs::as:ap-guangzhou:uin/1:auto-scaling-group/asg-0123abcd`.
fn described(resource: &str) -> Result<(String, String, String), Fault> {
    let wrong = || {
        Fault::new(
            "InvalidParameterValue.ResourceDescriptionError",
            format!(
                "The resource `{resource}` is not of the form `qcs::as:REGION:uin/UIN:auto-scaling-group/ID`."
            ),
        )
    };
    let parts: Vec<&str> = resource.split(':').collect();
    let ["qcs", _, service, _, _, name] = parts.as_slice() else {
        return Err(wrong());
    };
    let (prefix, id) = name.split_once('/').ok_or_else(wrong)?;
    Ok(((*service).to_owned(), prefix.to_owned(), id.to_owned()))
}

impl Action<Ctx> for ModifyResourceTags {
    const NAME: &'static str = "ModifyResourceTags";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let (service, prefix, id) = described(&self.resource)?;
        let edit = self.edit()?;
        let absent = || {
            Fault::new(
                "InvalidParameterValue.ResourceIdInvalid",
                format!("The resource `{prefix}/{id}` does not exist."),
            )
        };
        let command = match tagged(&service, &prefix, std::slice::from_ref(&id))? {
            Tagged::Groups(ids) => Command::Group {
                id: *ids.first().ok_or_else(absent)?,
                command: GroupCommand::Modify(Box::new(GroupPatch {
                    tag_edit: Some(edit),
                    ..GroupPatch::default()
                })),
            },
            Tagged::Configs(ids) => Command::ModifyConfig {
                id: *ids.first().ok_or_else(absent)?,
                patch: Box::new(ConfigPatch {
                    tag_edit: Some(edit),
                    ..ConfigPatch::default()
                }),
            },
        };
        match ctx.api.execute(&ctx.caller, command).await {
            Ok(_) => Ok(Empty {}),
            Err(muster_model::Error::NotFound { .. }) => Err(absent()),
            Err(muster_model::Error::Invalid {
                field: muster_model::Field::Tags,
                ..
            }) => Err(Fault::new(
                "LimitExceeded.ResourceAttachedTags",
                format!("The resource `{prefix}/{id}` would have too many tags."),
            )),
            Err(error) => Err(ctx.refused(&error)),
        }
    }
}
