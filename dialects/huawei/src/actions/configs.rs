//! Configurations, shown.

use muster_kit::action::Action;
use muster_model::{ConfigFilter, ConfigId, ConfigItem, Page as Slice};
use serde::{Deserialize, Serialize};

use super::Numbers;
use crate::checks::{PAGE, filled, page};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::config::ScalingConfiguration;

/// ListScalingConfigs.
#[derive(Deserialize)]
pub(crate) struct ListScalingConfigs {
    scaling_configuration_name: Option<String>,
    image_id: Option<String>,
    start_number: Option<String>,
    limit: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Configs {
    #[serde(flatten)]
    numbers: Numbers,
    scaling_configurations: Vec<ScalingConfiguration>,
}

impl Ctx {
    /// The configurations that match.
    pub(crate) async fn configs(&self, filters: &[ConfigFilter]) -> Result<Vec<ConfigItem>, Fault> {
        let all = Slice {
            offset: 0,
            limit: usize::MAX,
        };
        let found = self.api.configs(&self.caller, filters, all).await;
        found
            .map(|paged| paged.items)
            .map_err(|error| self.refused(&error))
    }

    /// The configuration that an id names.
    pub(crate) async fn config(&self, id: &str) -> Result<ConfigItem, Fault> {
        let config = ConfigId::parse_uuid(id).map_err(|_| Fault::absent(id))?;
        let found = self.configs(&[ConfigFilter::Ids(vec![config])]).await?;
        found.into_iter().next().ok_or_else(|| Fault::absent(id))
    }
}

impl Action<Ctx> for ListScalingConfigs {
    const NAME: &'static str = "ListScalingConfigs";
    type Response = Configs;

    async fn run(self, ctx: &Ctx) -> Result<Configs, Fault> {
        let page = page(PAGE, self.start_number.as_ref(), self.limit.as_ref())?;
        let name = filled(self.scaling_configuration_name);
        let filters: Vec<_> = name
            .into_iter()
            .map(|name| ConfigFilter::NameContains(vec![name]))
            .collect();
        let image = filled(self.image_id);
        let mut items = ctx.configs(&filters).await?;
        items.retain(|item| image.is_none() || item.config.spec.image == image);
        let records = ctx.records().await?;
        let cut = page.cut(items);
        let shown = cut.items.iter();
        Ok(Configs {
            scaling_configurations: shown
                .map(|item| ScalingConfiguration::new(item, &ctx.project, &records))
                .collect(),
            numbers: Numbers::of(cut.total, page),
        })
    }
}

/// ShowScalingConfig.
#[derive(Deserialize)]
pub(crate) struct ShowScalingConfig {
    scaling_configuration_id: String,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Shown {
    scaling_configuration: ScalingConfiguration,
}

impl Action<Ctx> for ShowScalingConfig {
    const NAME: &'static str = "ShowScalingConfig";
    type Response = Shown;

    async fn run(self, ctx: &Ctx) -> Result<Shown, Fault> {
        let item = ctx.config(&self.scaling_configuration_id).await?;
        let records = ctx.records().await?;
        let shown = ScalingConfiguration::by_itself(&item, &ctx.project, &records);
        Ok(Shown {
            scaling_configuration: shown,
        })
    }
}
