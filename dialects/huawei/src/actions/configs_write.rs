//! Configurations: made, changed, deleted.

use muster_kit::action::Action;
use muster_model::{
    Command, ConfigId, ConfigPatch, ConfigSpec, Created, Door, Error, InstanceId, InstanceNames,
    NameStyle, ResourceKind,
};
use serde::{Deserialize, Serialize};

use super::Empty;
use crate::checks::{self, NameCodes, filled};
use crate::codes;
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::config::{InstanceConfig, check_whole, shown_id};

const CONFIG_NAME: NameCodes = NameCodes("AS.1007", "AS.1008", "AS.1023");
/// Configurations of an account at the most (L1226).
pub(super) const MOST_CONFIGS: u32 = 100;
/// Configurations that one call may delete (L1891).
const BATCH: usize = 50;

/// CreateScalingConfig.
#[derive(Deserialize)]
pub(crate) struct CreateScalingConfig {
    scaling_configuration_name: Option<String>,
    instance_config: Option<InstanceConfig>,
    source_scaling_configuration_id: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct ConfigMade {
    scaling_configuration_id: String,
}

impl CreateScalingConfig {
    /// What the new one starts from: a configuration that is there, or nothing (rules C2, C3).
    async fn base(&self, ctx: &Ctx) -> Result<ConfigSpec, Fault> {
        let by_instance = self
            .instance_config
            .as_ref()
            .is_some_and(|config| config.instance_id.as_ref().is_some_and(|id| !id.is_empty()));
        let source = filled(self.source_scaling_configuration_id.clone());
        match source.filter(|_| !by_instance) {
            Some(id) => {
                let absent = || {
                    let detail = format!("`source_scaling_configuration_id` is `{id}`.");
                    Fault::new("AS.1004", detail)
                };
                let item = ctx.config(&id).await.map_err(|_| absent())?;
                Ok(item.config.spec.clone())
            }
            None if self.instance_config.is_none() => {
                Err(Fault::missing("AS.1011", "instance_config"))
            }
            None => Ok(ConfigSpec::default()),
        }
    }
}

impl Action<Ctx> for CreateScalingConfig {
    const NAME: &'static str = "CreateScalingConfig";
    type Response = ConfigMade;

    async fn run(mut self, ctx: &Ctx) -> Result<ConfigMade, Fault> {
        let mut spec = self.base(ctx).await?;
        let given = self.scaling_configuration_name.take();
        let given = given.or_else(|| (!spec.name.is_empty()).then(|| spec.name.clone()));
        let name = checks::given_name("scaling_configuration_name", given, &CONFIG_NAME)?;
        let config = self.instance_config.unwrap_or_default();
        spec.source_instance = None;
        if let Some(id) = filled(config.instance_id.clone()) {
            let instance = InstanceId::parse_uuid(&id)
                .map_err(|_| Fault::new("AS.4006", format!("`instance_id` is `{id}`.")))?;
            spec.source_instance = Some(instance.to_string());
        }
        config.over(&mut spec, &ctx.seal)?;
        // Machines are named after their configuration.
        spec.instance_names = Some(InstanceNames {
            name: name.clone(),
            style: NameStyle::Unique,
            suffix: None,
            delimiter: Some("_".to_owned()),
        });
        spec.name = name;
        check_whole(&spec)?;
        if ctx.configs(&[]).await?.len() >= MOST_CONFIGS as usize {
            return Err(Fault::new(
                "AS.1024",
                format!("There may be {MOST_CONFIGS}."),
            ));
        }
        let made = ctx
            .execute(Command::CreateConfig {
                door: Door::Huawei,
                site: ctx.caller.site.clone(),
                spec: Box::new(spec),
            })
            .await?;
        match made {
            Created::Config(id) => Ok(ConfigMade {
                scaling_configuration_id: shown_id(id),
            }),
            _ => Err(Fault::system("The request made nothing.")),
        }
    }
}

/// UpdateScalingConfig: another image for new machines.
#[derive(Deserialize)]
pub(crate) struct UpdateScalingConfig {
    scaling_configuration_id: String,
    instance_config: Option<NewImage>,
}

/// UpdateInstanceConfig.
#[derive(Deserialize)]
pub(crate) struct NewImage {
    #[serde(rename = "imageRef")]
    image_ref: Option<String>,
}

impl Action<Ctx> for UpdateScalingConfig {
    const NAME: &'static str = "UpdateScalingConfig";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let config = self.instance_config;
        let config = config.ok_or_else(|| Fault::missing("AS.1011", "instance_config"))?;
        let image = filled(config.image_ref);
        let image = image.ok_or_else(|| Fault::missing("AS.1014", "instance_config.imageRef"))?;
        checks::text_id("AS.1075", "instance_config.imageRef", &image)?;
        let item = ctx.config(&self.scaling_configuration_id).await?;
        let patch = ConfigPatch {
            image: Some(image),
            ..ConfigPatch::default()
        };
        let id = item.config.id;
        ctx.execute(Command::ModifyConfig {
            id,
            patch: Box::new(patch),
        })
        .await?;
        Ok(Empty {})
    }
}

/// DeleteScalingConfig.
#[derive(Deserialize)]
pub(crate) struct DeleteScalingConfig {
    scaling_configuration_id: String,
}

/// Deletes a configuration by the id that was given.
async fn delete(id: &str, ctx: &Ctx) -> Result<(), Error> {
    let absent = || Error::NotFound {
        kind: ResourceKind::Config,
        id: id.to_owned(),
    };
    let config = ConfigId::parse_uuid(id).map_err(|_| absent())?;
    let command = Command::DeleteConfig {
        door: Door::Huawei,
        id: config,
    };
    match ctx.api.execute(&ctx.caller, command).await {
        Ok(_) => Ok(()),
        Err(Error::NotFound { .. }) => Err(absent()),
        Err(error) => Err(error),
    }
}

impl Action<Ctx> for DeleteScalingConfig {
    const NAME: &'static str = "DeleteScalingConfig";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let deleted = delete(&self.scaling_configuration_id, ctx).await;
        deleted.map_err(|error| ctx.refused(&error))?;
        Ok(Empty {})
    }
}

/// BatchDeleteScalingConfigs: those that can go, go; the others are named in the message (rule C8).
#[derive(Deserialize)]
pub(crate) struct BatchDeleteScalingConfigs {
    scaling_configuration_id: Option<Vec<String>>,
}

/// One that did not go, as clients read it.
#[derive(Serialize)]
struct Left<'i> {
    id: &'i str,
    #[serde(rename = "errorCode")]
    error_code: &'static str,
}

impl Action<Ctx> for BatchDeleteScalingConfigs {
    const NAME: &'static str = "BatchDeleteScalingConfigs";
    type Response = Empty;

    async fn run(self, ctx: &Ctx) -> Result<Empty, Fault> {
        let ids = self.scaling_configuration_id.unwrap_or_default();
        if ids.is_empty() {
            return Err(Fault::missing("AS.1040", "scaling_configuration_id"));
        }
        checks::count("AS.1039", "scaling_configuration_id", &ids, BATCH)?;
        let mut left = Vec::new();
        for id in &ids {
            match delete(id, ctx).await {
                Ok(()) => {}
                Err(Error::ReadOnly) => return Err(ctx.refused(&Error::ReadOnly)),
                Err(Error::NotFound { .. }) => left.push(Left {
                    id,
                    error_code: "AS.1004",
                }),
                Err(error) => left.push(Left {
                    id,
                    error_code: codes::fault(&error, ctx.operation).code,
                }),
            }
        }
        if left.is_empty() {
            return Ok(Empty {});
        }
        let text =
            serde_json::to_string(&left).map_err(|error| Fault::system(&error.to_string()))?;
        Err(Fault::exactly("AS.1038", text))
    }
}
