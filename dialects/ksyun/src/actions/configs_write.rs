//! Launch configurations: made and changed in place.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_kit::action::Action;
use muster_model::{
    ChargeType, Command, ConfigFilter, ConfigId, ConfigPatch, ConfigSpec, Created, Door,
    EnhancedService, InstanceNames, InternetAccess, Login, ResourceKind, Tag as Pair,
};
use serde::{Deserialize, Serialize};

use super::configs::charge_word;
use super::{DONE, Done};
use crate::checks::{self, Many, One, needed};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{DataDisk, SystemDisk, Tag};

/// Instance types of a configuration (L1228).
const MOST_TYPES: usize = 10;
/// Decoded bytes of user data (L1336).
const MOST_USER_DATA: usize = 16 * 1024;
/// Joins name and suffix of machines.
const DELIMITER: &str = "-";

/// What can be said of a configuration.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    scaling_configuration_id: Option<One>,
    scaling_configuration_name: Option<String>,
    image_id: Option<String>,
    password: Option<String>,
    instance_type: Option<Many>,
    charge_type: Option<String>,
    data_disk_gb: Option<i64>,
    project_id: Option<i64>,
    keep_image_login: Option<bool>,
    key_id: Option<Many>,
    data_disk: Option<Vec<DataDisk>>,
    system_disk: Option<SystemDisk>,
    address_band_width: Option<i64>,
    band_width_share_id: Option<String>,
    line_id: Option<String>,
    address_project_id: Option<i64>,
    instance_name: Option<String>,
    instance_name_suffix: Option<String>,
    user_data: Option<String>,
    instance_name_time_suffix: Option<bool>,
    tag: Option<Vec<Tag>>,
    need_monitor_agent: Option<i64>,
    need_security_agent: Option<i64>,
}

/// 0 or 1.
fn switch(parameter: &str, value: Option<i64>) -> Result<Option<bool>, Fault> {
    let number = value.map(|value| checks::number(parameter, value, 0, 1));
    Ok(number.transpose()?.map(|number| number == 1))
}

/// Base64 of at most 16 KB; empty = none.
fn user_data(text: String) -> Result<Option<String>, Fault> {
    let wrong = |wanted| Err(Fault::value("UserData", "...", wanted));
    match STANDARD.decode(text.as_bytes()) {
        Ok(bytes) if bytes.len() > MOST_USER_DATA => wrong("at most 16 KB before its encoding"),
        Ok(_) => Ok((!text.is_empty()).then_some(text)),
        Err(_) => wrong("base64"),
    }
}

fn types(given: Many) -> Result<Vec<String>, Fault> {
    // Terraform splits a list itself, the single parameter may be one.
    let all = given.0.iter().flat_map(|text| text.split(','));
    let all: Vec<String> = all.map(|text| text.trim().to_owned()).collect();
    if all.len() > MOST_TYPES {
        let count = all.len().to_string();
        return Err(Fault::value("InstanceType", &count, "at most 10"));
    }
    for (at, name) in all.iter().enumerate() {
        checks::passed_on("InstanceType", name)?;
        if all[..at].contains(name) {
            return Err(Fault::value("InstanceType", name, "each once"));
        }
    }
    Ok(all)
}

impl Given {
    fn name(&mut self) -> Result<Option<String>, Fault> {
        let name = self.scaling_configuration_name.take();
        if let Some(name) = &name {
            checks::name("ScalingConfigurationName", name)?;
        }
        Ok(name)
    }

    fn image(&mut self) -> Result<Option<String>, Fault> {
        let image = self.image_id.take();
        if let Some(id) = &image {
            checks::passed_on("ImageId", id)?;
        }
        Ok(image)
    }

    /// How one logs in: by one way.
    fn login(&mut self, old: Option<&Login>, ctx: &Ctx) -> Result<Option<Login>, Fault> {
        let keys = self.key_id.take().map(|keys| keys.0);
        let keys = keys.filter(|keys| !keys.is_empty());
        let keep = self.keep_image_login == Some(true);
        match (self.password.take(), keys, keep) {
            (Some(_), Some(_), _) => Err(Fault::value("KeyId", "", "not together with Password")),
            (Some(_), None, true) | (None, Some(_), true) => Err(Fault::value(
                "KeepImageLogin",
                "true",
                "not together with Password or KeyId",
            )),
            (Some(password), None, false) => {
                checks::text("Password", &password, 1, 128)
                    .map_err(|_| Fault::value("Password", "...", "1 to 128 characters"))?;
                Ok(Some(Login::Password {
                    sealed: (ctx.seal)(&password),
                }))
            }
            (None, Some(keys), false) => {
                keys.iter()
                    .try_for_each(|key| checks::passed_on("KeyId", key))?;
                Ok(Some(Login::Keys(keys)))
            }
            (None, None, true) => Ok(Some(Login::KeepImage)),
            // Without the login of the image there has to be another one.
            (None, None, false)
                if self.keep_image_login.is_some() && matches!(old, Some(Login::KeepImage)) =>
            {
                Err(Fault::missing("Password"))
            }
            (None, None, false) => Ok(None),
        }
    }

    /// Network access over what is there; a bandwidth is needed where an address is bought (L1296).
    fn internet(&mut self, old: Option<&InternetAccess>) -> Result<Option<InternetAccess>, Fault> {
        let band = self.address_band_width.take();
        let (share, line) = (self.band_width_share_id.take(), self.line_id.take());
        if band.is_none() && share.is_none() && line.is_none() {
            return Ok(None);
        }
        if let Some(band) = band {
            checks::number("AddressBandWidth", band, 1, 15_000)?;
        }
        if let Some(share) = share.as_ref().filter(|share| !share.is_empty()) {
            checks::passed_on("BandWidthShareId", share)?;
        }
        if let Some(line) = &line {
            checks::passed_on("LineId", line)?;
        }
        let old = old.cloned().unwrap_or_default();
        let new = InternetAccess {
            max_bandwidth_out_mbps: band.or(old.max_bandwidth_out_mbps),
            bandwidth_package: share.or(old.bandwidth_package).filter(|id| !id.is_empty()),
            provider: line.or(old.provider),
            ..old
        };
        if new.max_bandwidth_out_mbps.is_none() && new.bandwidth_package.is_none() {
            return Err(Fault::missing("AddressBandWidth"));
        }
        Ok(Some(new))
    }

    fn names(&mut self, old: Option<&InstanceNames>) -> Result<Option<InstanceNames>, Fault> {
        let (name, suffix) = (self.instance_name.take(), self.instance_name_suffix.take());
        if name.is_none() && suffix.is_none() {
            return Ok(None);
        }
        for (parameter, text) in [("InstanceName", &name), ("InstanceNameSuffix", &suffix)] {
            if let Some(text) = text {
                checks::text(parameter, text, 0, 128)?;
            }
        }
        let fresh = InstanceNames {
            delimiter: Some(DELIMITER.to_owned()),
            ..InstanceNames::default()
        };
        let old = old.cloned().unwrap_or(fresh);
        Ok(Some(InstanceNames {
            name: name.unwrap_or(old.name),
            suffix: suffix.or(old.suffix).filter(|suffix| !suffix.is_empty()),
            ..old
        }))
    }

    fn agents(&self, old: Option<&EnhancedService>) -> Result<Option<EnhancedService>, Fault> {
        let monitor = switch("NeedMonitorAgent", self.need_monitor_agent)?;
        let security = switch("NeedSecurityAgent", self.need_security_agent)?;
        if monitor.is_none() && security.is_none() {
            return Ok(None);
        }
        let old = old.cloned().unwrap_or_default();
        Ok(Some(EnhancedService {
            monitor: monitor.or(old.monitor),
            security: security.or(old.security),
            ..old
        }))
    }

    /// What only this door has words for, over what is kept.
    fn extras(&mut self, old: &ConfigSpec) -> Result<Vec<Pair>, Fault> {
        let disk = self.data_disk_gb.take();
        if let Some(size) = disk {
            checks::number("DataDiskGb", size, 0, 32_000)?;
        }
        let charge = self.charge_type.take();
        if let Some(word) = &charge {
            checks::passed_on("ChargeType", word)?;
        }
        let known = |word: &String| word != charge_word(old.charge);
        let given = [
            ("DataDiskGb", disk.map(|size| size.to_string())),
            (
                "AddressProjectId",
                self.address_project_id.take().map(|id| id.to_string()),
            ),
            ("ChargeType", charge.clone().filter(known)),
        ];
        let mut extras = old.ksyun_extras.clone();
        if charge.is_some() {
            extras.retain(|extra| extra.key != "ChargeType");
        }
        for (key, value) in given {
            let Some(value) = value else { continue };
            extras.retain(|extra| extra.key != key);
            extras.push(Pair {
                key: key.to_owned(),
                value,
            });
        }
        Ok(extras)
    }

    /// The patch over a configuration; `old` is an empty one for a new one.
    fn patch(mut self, old: &ConfigSpec, ctx: &Ctx) -> Result<ConfigPatch, Fault> {
        let login = self.login(old.login.as_ref(), ctx)?;
        let disks = self.data_disk.take();
        let data = self.user_data.take().map(user_data);
        let system = self.system_disk.take();
        Ok(ConfigPatch {
            name: self.name()?,
            project: self.project_id,
            image: self.image()?,
            instance_types: self.instance_type.take().map(types).transpose()?,
            system_disk: system
                .map(|disk| disk.over(old.system_disk.as_ref()))
                .transpose()?,
            data_disks: disks
                .map(|disks| DataDisk::list(disks, &old.data_disks))
                .transpose()?,
            internet: self.internet(old.internet.as_ref())?,
            login,
            enhanced: self.agents(old.enhanced.as_ref())?,
            user_data: data.transpose()?,
            instance_tags: self
                .tag
                .take()
                .map(|tags| Tag::list(tags, &old.instance_tags))
                .transpose()?,
            instance_names: self.names(old.instance_names.as_ref())?,
            name_time_suffix: self.instance_name_time_suffix,
            ksyun_extras: Some(self.extras(old)?),
            // What this door has no words for stays as it is.
            ..ConfigPatch::default()
        })
    }
}

/// What is said of an address that is bought where the request says nothing (L1312, L1320).
fn address_defaults(internet: &mut InternetAccess, extras: &mut Vec<Pair>) {
    internet.provider.get_or_insert_with(|| "BGP".to_owned());
    if !extras.iter().any(|extra| extra.key == "AddressProjectId") {
        extras.push(Pair {
            key: "AddressProjectId".to_owned(),
            value: "0".to_owned(),
        });
    }
}

/// CreateScalingConfiguration.
#[derive(Deserialize)]
pub(crate) struct CreateScalingConfiguration(Given);

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedConfig {
    scaling_configuration_id: String,
}

impl Action<Ctx> for CreateScalingConfiguration {
    const NAME: &'static str = "CreateScalingConfiguration";
    type Response = CreatedConfig;

    async fn run(self, ctx: &Ctx) -> Result<CreatedConfig, Fault> {
        let given = self.0;
        needed(
            "ScalingConfigurationName",
            given.scaling_configuration_name.as_ref(),
        )?;
        needed("ImageId", given.image_id.as_ref())?;
        needed("InstanceType", given.instance_type.as_ref())?;
        let mut patch = given.patch(&ConfigSpec::default(), ctx)?;
        if let Some(internet) = &mut patch.internet {
            address_defaults(internet, patch.ksyun_extras.get_or_insert_default());
        }
        let spec = ConfigSpec {
            name: patch.name.unwrap_or_default(),
            project: patch.project.unwrap_or(0),
            image: patch.image,
            instance_types: patch.instance_types.unwrap_or_default(),
            system_disk: patch.system_disk,
            data_disks: patch.data_disks.unwrap_or_default(),
            internet: patch.internet,
            login: patch.login,
            enhanced: patch.enhanced,
            user_data: patch.user_data.flatten(),
            charge: ChargeType::PostpaidByHour,
            instance_tags: patch.instance_tags.unwrap_or_default(),
            instance_names: patch.instance_names,
            name_time_suffix: patch.name_time_suffix.unwrap_or(false),
            ksyun_extras: patch.ksyun_extras.unwrap_or_default(),
            ..ConfigSpec::default()
        };
        let command = Command::CreateConfig {
            door: Door::Ksyun,
            site: ctx.caller.site.clone(),
            spec: Box::new(spec),
        };
        let Created::Config(id) = ctx.execute(command, "").await? else {
            return Err(Fault::unavailable());
        };
        Ok(CreatedConfig {
            scaling_configuration_id: id.decimal(),
        })
    }
}

/// ModifyScalingConfiguration: what is left out stays.
#[derive(Deserialize)]
pub(crate) struct ModifyScalingConfiguration(Given);

impl Action<Ctx> for ModifyScalingConfiguration {
    const NAME: &'static str = "ModifyScalingConfiguration";
    type Response = Done;

    async fn run(self, ctx: &Ctx) -> Result<Done, Fault> {
        let given = self.0;
        let text = given.scaling_configuration_id.clone();
        let text = needed("ScalingConfigurationId", text)?.0;
        let kind = ResourceKind::Config;
        let id: ConfigId = checks::id("ScalingConfigurationId", &text, kind, ctx)?;
        let found = ctx.configs(&[ConfigFilter::Ids(vec![id])]).await?;
        let old = found.first().ok_or_else(|| ctx.absent(kind, &text))?;
        let patch = Box::new(given.patch(&old.config.spec, ctx)?);
        ctx.execute(Command::ModifyConfig { id, patch }, &text)
            .await?;
        Ok(DONE)
    }
}
