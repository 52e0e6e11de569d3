//! Launch configurations: made.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_kit::action::Action;
use muster_model::{
    ChargeType, Command, ConfigSpec, Created, DataDisk, Door, EnhancedService, InternetAccess,
    Login, SystemDisk,
};
use serde::{Deserialize, Serialize};

use super::configs::{BANDWIDTHS, DISKS, ROOT_GB};
use crate::checks;
use crate::context::Ctx;
use crate::fault::{Class, Fault};
use crate::types;

/// Decoded bytes of user data (L933).
const MOST_USER_DATA: usize = 16 * 1024;
/// Largest data disk that is local, GB (L917).
const MOST_LOCAL_GB: i64 = 500;
/// Largest data disk in the cloud, GB (L917).
const MOST_CLOUD_GB: i64 = 4000;
/// Smallest and largest system disk, GB.
const ROOT_RANGE_GB: std::ops::RangeInclusive<i64> = 8..=1024;
/// Largest bandwidth, Mbit/s, and the number that says that it has no limit (L919).
const MOST_BANDWIDTH: i64 = 200;
const NO_LIMIT: i64 = 65_535;

/// CreateScalingConfiguration. The last member is of the command line (difference U06).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateScalingConfiguration {
    scaling_configuration_name: String,
    image_id: String,
    cpu: i64,
    mem: i64,
    storage_type: i64,
    storage_size: i64,
    bandwidth_type: String,
    bandwidth: i64,
    image_type: i64,
    root_size: Option<i64>,
    key_id: Option<String>,
    password: Option<String>,
    need_monitor_agent: Option<i64>,
    need_security_agent: Option<i64>,
    wan_ip: Option<i64>,
    sg_id: Option<String>,
    project_id: Option<String>,
    data_snapshot_id: Option<String>,
    cvm_type: Option<String>,
    userdata: Option<String>,
    keep_image_setting: Option<i64>,
}

/// The ids of new configurations.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedConfigs {
    scaling_configuration_id_set: [String; 1],
}

/// Base64 of at most 16 KB.
fn user_data(text: &str) -> Result<(), Fault> {
    let wrong = |wanted| Err(Fault::value("userdata", "...", wanted));
    match STANDARD.decode(text.as_bytes()) {
        Ok(bytes) if bytes.len() > MOST_USER_DATA => wrong("at most 16 KB before its encoding"),
        Ok(_) => Ok(()),
        Err(_) => wrong("base64"),
    }
}

/// 8 to 16 characters of at least two of: letters, digits, signs (L923).
fn is_password(text: &str) -> bool {
    let signs = "!@#$%^*(){}[]<>,.:;&_-+=|~?/\\'\"`";
    let kinds = [
        text.chars().any(|c| c.is_ascii_alphabetic()),
        text.chars().any(|c| c.is_ascii_digit()),
        text.chars().any(|c| signs.contains(c)),
    ];
    (8..=16).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
        && kinds.iter().filter(|kind| **kind).count() >= 2
}

impl CreateScalingConfiguration {
    /// The name of the kind of machine; whether there is one is for the catalogue to say.
    fn machine(&self) -> Result<String, Fault> {
        let series = self.cvm_type.as_deref().unwrap_or("11");
        if !types::series().any(|known| known == series) {
            let all: Vec<&str> = types::series().collect();
            let start: String = series.chars().take(64).collect();
            return Err(Fault::value(
                "cvmType",
                &start,
                &format!("one of {}", all.join(", ")),
            ));
        }
        let cpu = checks::number("cpu", self.cpu, 1, i64::from(u32::MAX))?;
        let mem = checks::number("mem", self.mem, 1, i64::from(u32::MAX))?;
        types::name(series, cpu, mem).ok_or_else(|| {
            let text = format!("there is no machine with `cpu` {cpu} and `mem` {mem}");
            Fault::new(Class::Unpurchasable, "OprationFail.CpuOrMemNotExsit", text)
        })
    }

    /// System disk and data disk: of one type (L902).
    fn disks(&self) -> Result<(SystemDisk, Vec<DataDisk>), Fault> {
        let known = DISKS
            .iter()
            .find(|(number, _)| *number == self.storage_type);
        let (number, word) = known.ok_or_else(|| {
            let desc = "InvalidParameter.storageType";
            checks::not_one_of("storageType", self.storage_type, desc, "1, 2, 3, 5 or 6")
        })?;
        let local = matches!(number, 1 | 3);
        // The smallest machines have cloud disks only (L958).
        if local && self.cpu == 1 && self.mem == 1 {
            let text = "a machine with 1 core and 1 GB has cloud disks only";
            let desc = "InvalidParameter.CbsNotMatchCpu";
            return Err(Fault::new(Class::Parameter, desc, text));
        }
        let most = if local { MOST_LOCAL_GB } else { MOST_CLOUD_GB };
        let size = self.storage_size;
        if !(0..=most).contains(&size) || size % 10 != 0 {
            let text = format!(
                "the value `{size}` of the parameter `storageSize` is not right: 0 to {most} in steps of 10"
            );
            return Err(Fault::refused("QuotaExceeded.storageSize", text));
        }
        let root = self.root_size.unwrap_or(ROOT_GB);
        if !ROOT_RANGE_GB.contains(&root) {
            let (min, max) = (ROOT_RANGE_GB.start(), ROOT_RANGE_GB.end());
            let text = format!(
                "the value `{root}` of the parameter `rootSize` is not right: {min} to {max}"
            );
            return Err(Fault::refused("QuotaExceeded.rootSize", text));
        }
        if let Some(id) = &self.data_snapshot_id {
            checks::passed_on("dataSnapshotId", id)?;
            if local || size == 0 {
                let wanted = "it needs a cloud disk that is larger than the snapshot";
                return Err(Fault::value("dataSnapshotId", id, wanted));
            }
        }
        let system = SystemDisk {
            disk_type: Some((*word).to_owned()),
            size_gb: Some(root),
            ..SystemDisk::default()
        };
        let data = DataDisk {
            disk_type: Some((*word).to_owned()),
            size_gb: Some(size),
            snapshot: self.data_snapshot_id.clone(),
            ..DataDisk::default()
        };
        Ok((system, if size > 0 { vec![data] } else { Vec::new() }))
    }

    fn internet(&self) -> Result<InternetAccess, Fault> {
        let given = &self.bandwidth_type;
        let known = BANDWIDTHS
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(given.trim()));
        let words = BANDWIDTHS.map(|(word, _)| word);
        let (_, paid) = checks::word("bandwidthType", given, known, &words, "InvalidParameter")?;
        if self.bandwidth != NO_LIMIT {
            checks::number("bandwidth", self.bandwidth, 0, MOST_BANDWIDTH).map_err(|_| {
                let value = self.bandwidth.to_string();
                Fault::value("bandwidth", &value, "0 to 200, or 65535 for no limit")
            })?;
        }
        let wan = checks::switch("wanIp", self.wan_ip)?.unwrap_or(true);
        Ok(InternetAccess {
            charge_type: Some((*paid).to_owned()),
            max_bandwidth_out_mbps: Some(self.bandwidth),
            // No bandwidth is no public network, and so no address (L919); that one was asked for is shown again.
            public_ip: match wan {
                true if self.bandwidth == 0 => None,
                wan => Some(wan),
            },
            ..InternetAccess::default()
        })
    }

    /// Key and password exclude each other (L923).
    fn login(&self, ctx: &Ctx) -> Result<Option<Login>, Fault> {
        let keep = checks::switch("keepImageSetting", self.keep_image_setting)?;
        match (&self.key_id, &self.password, keep.unwrap_or(false)) {
            (Some(key), Some(_), _) => {
                let wanted = "not together with `password`";
                let start: String = key.chars().take(64).collect();
                Err(Fault::value("keyId", &start, wanted))
            }
            (Some(_), _, true) | (_, Some(_), true) => {
                let wanted = "not together with `keyId` or `password`";
                Err(Fault::value("keepImageSetting", "1", wanted))
            }
            (Some(key), None, false) => {
                checks::passed_on("keyId", key)?;
                Ok(Some(Login::Keys(vec![key.clone()])))
            }
            (None, Some(password), false) if is_password(password) => Ok(Some(Login::Password {
                sealed: (ctx.seal)(password),
            })),
            (None, Some(_), false) => {
                let wanted = "8 to 16 characters of at least two of letters, digits and signs";
                Err(Fault::value("password", "...", wanted))
            }
            (None, None, true) => Ok(Some(Login::KeepImage)),
            (None, None, false) => Ok(None),
        }
    }

    fn spec(self, ctx: &Ctx) -> Result<ConfigSpec, Fault> {
        checks::name("scalingConfigurationName", &self.scaling_configuration_name)?;
        checks::passed_on("imageId", &self.image_id)?;
        let image_type = checks::number("imageType", self.image_type, 1, 2)?;
        if let Some(data) = &self.userdata {
            user_data(data)?;
        }
        if let Some(id) = &self.sg_id {
            let desc = "InvalidParameter.SecurityGroupId";
            checks::passed_on("sgId", id).map_err(|fault| fault.with(desc))?;
        }
        let project = self.project_id.as_deref().map(checks::project);
        let machine = self.machine()?;
        let (system, data) = self.disks()?;
        Ok(ConfigSpec {
            project: project.transpose()?.unwrap_or(0),
            image: Some(self.image_id.clone()),
            instance_types: vec![machine],
            system_disk: Some(system),
            data_disks: data,
            internet: Some(self.internet()?),
            login: self.login(ctx)?,
            security_groups: self.sg_id.iter().cloned().collect(),
            enhanced: Some(EnhancedService {
                monitor: Some(
                    checks::switch("needMonitorAgent", self.need_monitor_agent)?.unwrap_or(true),
                ),
                security: Some(
                    checks::switch("needSecurityAgent", self.need_security_agent)?.unwrap_or(true),
                ),
                automation: None,
            }),
            user_data: self.userdata,
            charge: ChargeType::PostpaidByHour,
            public_image: Some(image_type == 2),
            name: self.scaling_configuration_name,
            ..ConfigSpec::default()
        })
    }
}

impl Action<Ctx> for CreateScalingConfiguration {
    const NAME: &'static str = "CreateScalingConfiguration";
    type Response = CreatedConfigs;

    async fn run(self, ctx: &Ctx) -> Result<CreatedConfigs, Fault> {
        let spec = self.spec(ctx)?;
        let command = Command::CreateConfig {
            door: Door::Tencent2,
            site: ctx.caller.site.clone(),
            spec: Box::new(spec),
        };
        let Created::Config(id) = ctx.execute(command, "").await? else {
            return Err(Fault::internal());
        };
        Ok(CreatedConfigs {
            scaling_configuration_id_set: [id.to_string()],
        })
    }
}
