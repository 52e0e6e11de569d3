//! Groups, shown.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{ConfigId, Error, GroupFilter, GroupItem, GroupView, Page as Slice};
use serde::{Deserialize, Serialize};

use super::Numbers;
use super::groups_write::enterprise_project;
use crate::checks::{self, PAGE, filled, page};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::group::{ScalingGroup, status};
use crate::words::GroupStatus;

/// ListScalingGroups.
#[derive(Deserialize)]
pub(crate) struct ListScalingGroups {
    scaling_group_name: Option<String>,
    scaling_configuration_id: Option<String>,
    scaling_group_status: Option<String>,
    start_number: Option<String>,
    limit: Option<String>,
    enterprise_project_id: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Groups {
    #[serde(flatten)]
    numbers: Numbers,
    scaling_groups: Vec<ScalingGroup>,
}

impl Ctx {
    /// The groups that match, as they are shown.
    pub(crate) async fn items(&self, filters: &[GroupFilter]) -> Result<Vec<GroupItem>, Fault> {
        let all = Slice {
            offset: 0,
            limit: usize::MAX,
        };
        let found = self.api.groups(&self.caller, filters, all).await;
        found
            .map(|paged| paged.items)
            .map_err(|error: Error| self.refused(&error))
    }

    /// All groups, also those that are being deleted, as they are shown; oldest first.
    async fn every_item(&self) -> Result<Vec<GroupItem>, Fault> {
        let mut items = self.items(&[]).await?;
        let leaving = self.api.leaving(&self.caller).await;
        let leaving = leaving.map_err(|error| self.refused(&error))?;
        items.extend(leaving.iter().map(|view| going(view)));
        items.sort_by_key(|item| (item.group.created_at, item.group.ordinal, item.group.id));
        Ok(items)
    }
}

/// A group that is being deleted.
fn going(view: &GroupView) -> GroupItem {
    let config = view.config.as_ref();
    GroupItem {
        group: Arc::clone(&view.group),
        config_name: config
            .map(|config| config.spec.name.clone())
            .unwrap_or_default(),
        total: view.instances.len(),
        in_service: 0,
        busy: view.is_busy(),
    }
}

fn is_of_project(item: &GroupItem, wanted: Option<&str>) -> bool {
    let extras = item.group.spec.huawei.as_ref();
    let own = extras
        .and_then(|extras| extras.enterprise_project.as_deref())
        .unwrap_or("0");
    wanted.is_none_or(|wanted| wanted == "all_granted_eps" || wanted == own)
}

impl Action<Ctx> for ListScalingGroups {
    const NAME: &'static str = "ListScalingGroups";
    type Response = Groups;

    async fn run(self, ctx: &Ctx) -> Result<Groups, Fault> {
        let wanted: Option<GroupStatus> = checks::word_if_given(
            "AS.2020",
            "scaling_group_status",
            filled(self.scaling_group_status).as_ref(),
        )?;
        let page = page(PAGE, self.start_number.as_ref(), self.limit.as_ref())?;
        enterprise_project(self.enterprise_project_id.as_ref())?;
        let name = filled(self.scaling_group_name).unwrap_or_default();
        // What no configuration can be called, no group uses.
        let config = filled(self.scaling_configuration_id).map(|id| ConfigId::parse_uuid(&id).ok());
        let project = filled(self.enterprise_project_id);
        let mut items = ctx.every_item().await?;
        items.retain(|item| {
            let spec = &item.group.spec;
            spec.name.contains(&name)
                && config.is_none_or(|config| config.is_some() && spec.config == config)
                && wanted.is_none_or(|wanted| wanted == status(item))
                && is_of_project(item, project.as_deref())
        });
        let cut = page.cut(items);
        let views = ctx.every_view().await?;
        let catalogue = ctx.api.catalogue();
        let records = ctx.records().await?;
        let shown = cut.items.iter().map(|item| {
            let view = views.iter().find(|view| view.group.id == item.group.id);
            ScalingGroup::new(item, view.map(|view| &**view), &catalogue, &records)
        });
        Ok(Groups {
            scaling_groups: shown.collect(),
            numbers: Numbers::of(cut.total, page),
        })
    }
}

/// ShowScalingGroup.
#[derive(Deserialize)]
pub(crate) struct ShowScalingGroup {
    scaling_group_id: String,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Shown {
    scaling_group: ScalingGroup,
}

impl Action<Ctx> for ShowScalingGroup {
    const NAME: &'static str = "ShowScalingGroup";
    type Response = Shown;

    async fn run(self, ctx: &Ctx) -> Result<Shown, Fault> {
        let view = ctx.view(&self.scaling_group_id).await?;
        let item = match view.group.deleting {
            true => going(&view),
            false => {
                let items = ctx.items(&[GroupFilter::Ids(vec![view.group.id])]).await?;
                let item = items.into_iter().next();
                item.ok_or_else(|| Fault::no_group(&self.scaling_group_id))?
            }
        };
        let records = ctx.records().await?;
        let catalogue = ctx.api.catalogue();
        Ok(Shown {
            scaling_group: ScalingGroup::new(&item, Some(&view), &catalogue, &records),
        })
    }
}
