//! A configuration as it is sent and shown.
//!
//! What the model has no members for is kept beside them as it was given, and shown as long as it agrees with them: what
//! another door has changed since counts more.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_model::{
    ConfigId, ConfigItem, ConfigSpec, DataDisk, InternetAccess, Login, Personality, Records,
    SystemDisk, Tag,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{IdOnly, SingleTag};
use crate::checks;
use crate::context::Seal;
use crate::fault::Fault;
use crate::times::second;
use crate::words::DiskType;

mod disk;
pub(crate) mod password;
mod public_ip;

pub(crate) use disk::Disk;
pub(crate) use public_ip::PublicIp;

/// Instance types of a configuration at the most (L1252).
const FLAVORS: usize = 10;
/// Files put on a machine at the most, and bytes of each (L1286).
const FILES: (usize, usize) = (5, 1024);
/// Bytes of user data at the most (L1260).
const USER_DATA_BYTES: usize = 32 * 1024;
/// Tags of a configuration at the most, as the SDK documents it.
const TAGS: usize = 20;
/// Bytes of all metadata at the most (L4934).
const METADATA_BYTES: usize = 512;

/// How a configuration's id is shown.
pub(crate) fn shown_id(id: ConfigId) -> String {
    id.uuid()
}

/// PersonalityInfo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct File {
    path: Option<String>,
    content: Option<String>,
}

/// CpuOptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CpuOptions {
    hw_cpu_threads: Option<i64>,
}

impl CpuOptions {
    /// One thread of a core or both.
    fn check(&self) -> Result<(), Fault> {
        let name = "cpu_options.hw_cpu_threads";
        let threads = self.hw_cpu_threads;
        let checked = threads.map(|number| checks::number("AS.0022", name, number, 1, 2));
        checked.transpose().map(|_| ())
    }
}

/// InstanceConfig.
#[derive(Default, Deserialize)]
pub(crate) struct InstanceConfig {
    pub(crate) instance_id: Option<String>,
    #[serde(rename = "flavorRef")]
    flavor_ref: Option<String>,
    #[serde(rename = "imageRef")]
    image_ref: Option<String>,
    disk: Option<Vec<Disk>>,
    key_name: Option<String>,
    personality: Option<Vec<File>>,
    public_ip: Option<PublicIp>,
    user_data: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    security_groups: Option<Vec<IdOnly>>,
    server_group_id: Option<String>,
    tenancy: Option<String>,
    dedicated_host_id: Option<String>,
    multi_flavor_priority_policy: Option<String>,
    market_type: Option<String>,
    cpu_options: Option<CpuOptions>,
    tags: Option<Vec<SingleTag>>,
    tag_transmission_policy: Option<String>,
}

/// Sets what is kept under a name; nothing takes it away.
fn keep(spec: &mut ConfigSpec, name: &str, value: Option<String>) {
    spec.huawei_extras.retain(|tag| tag.key != name);
    spec.huawei_extras.extend(value.map(|value| Tag {
        key: name.to_owned(),
        value,
    }));
}

fn kept<'s>(spec: &'s ConfigSpec, name: &str) -> Option<&'s str> {
    let found = spec.huawei_extras.iter().find(|tag| tag.key == name);
    found.map(|tag| tag.value.as_str())
}

/// Keeps a structure as it was given.
fn keep_shape<T: Serialize>(spec: &mut ConfigSpec, name: &str, shape: &T) -> Result<(), Fault> {
    let text = serde_json::to_string(shape).map_err(|error| Fault::system(&error.to_string()))?;
    keep(spec, name, Some(text));
    Ok(())
}

fn kept_shape<T: DeserializeOwned>(spec: &ConfigSpec, name: &str) -> Option<T> {
    serde_json::from_str(kept(spec, name)?).ok()
}

/// Names of the password among metadata: that of the table and that of its text (L1309).
const PASSWORDS: [&str; 2] = ["admin_pass", "adminPass"];

fn check_user_data(text: &str) -> Result<(), Fault> {
    let bytes = STANDARD.decode(text);
    match bytes {
        Ok(bytes) if bytes.len() <= USER_DATA_BYTES => Ok(()),
        Ok(bytes) => Err(Fault::new(
            "AS.1049",
            format!("`user_data` has {} bytes.", bytes.len()),
        )),
        Err(_) => Err(Fault::new("AS.1049", "`user_data` is not base64.")),
    }
}

fn files(list: &[File]) -> Result<Vec<Personality>, Fault> {
    checks::count("AS.1027", "personality", list, FILES.0)?;
    let file = |file: &File| {
        let path = file
            .path
            .clone()
            .filter(|path| !path.is_empty() && path.len() <= 255);
        let path = path.ok_or_else(|| Fault::missing("AS.1027", "personality.path"))?;
        let content = file.content.clone();
        let content = content.ok_or_else(|| Fault::missing("AS.1027", "personality.content"))?;
        match STANDARD.decode(&content) {
            Ok(bytes) if bytes.len() <= FILES.1 => Ok(Personality { path, content }),
            Ok(_) | Err(_) => {
                let wanted = "base64 of at most 1 KB is right";
                Err(Fault::value("AS.1027", "personality.content", path, wanted))
            }
        }
    };
    list.iter().map(file).collect()
}

fn metadata(map: &BTreeMap<String, String>) -> Result<Vec<Tag>, Fault> {
    let bytes: usize = map.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > METADATA_BYTES {
        return Err(Fault::new(
            "AS.1052",
            format!("`metadata` has {bytes} bytes."),
        ));
    }
    let is_unfit = |c: char| c.is_whitespace() || matches!(c, '$' | '.');
    let entry = |(key, value): (&String, &String)| match key.is_empty() || key.contains(is_unfit) {
        true => Err(Fault::value(
            "AS.1052",
            "metadata",
            key,
            "no blank, $ or . is right",
        )),
        false => Ok(Tag {
            key: key.clone(),
            value: value.clone(),
        }),
    };
    map.iter()
        .filter(|(key, _)| !PASSWORDS.contains(&key.as_str()))
        .map(entry)
        .collect()
}

impl InstanceConfig {
    /// Puts what is given over `spec`: nothing keeps, a value replaces, an empty one clears (rule C3). What a machine that
    /// serves as the template has of its own does not count (rule C2).
    pub(crate) fn over(mut self, spec: &mut ConfigSpec, seal: &Seal) -> Result<(), Fault> {
        if spec.source_instance.is_some() {
            (self.flavor_ref, self.image_ref) = (None, None);
            (self.disk, self.security_groups) = (None, None);
        }
        if let Some(list) = &self.flavor_ref {
            let types = list.split(',').map(str::trim).filter(|id| !id.is_empty());
            let types: Vec<String> = types.map(str::to_owned).collect();
            checks::count("AS.1087", "flavorRef", &types, FLAVORS)?;
            let id = |id: &String| checks::text_id("AS.1016", "flavorRef", id);
            types.iter().try_for_each(id)?;
            spec.instance_types = types;
        }
        if let Some(image) = &self.image_ref {
            spec.image = checks::filled(Some(image.clone()));
            if let Some(image) = &spec.image {
                checks::text_id("AS.1075", "imageRef", image)?;
            }
        }
        if let Some(list) = &self.disk {
            (spec.system_disk, spec.data_disks) = disk::disks(list, &spec.instance_types)?;
            keep_shape(spec, "disk", list)?;
        }
        let clears = |public_ip: &PublicIp| public_ip.is_empty() && spec.internet.is_some();
        if self.public_ip.as_ref().is_some_and(clears) {
            spec.internet = None;
            keep(spec, "public_ip", None);
        } else if let Some(public_ip) = &self.public_ip {
            spec.internet = Some(public_ip.access()?);
            keep_shape(spec, "public_ip", public_ip)?;
        }
        if let Some(list) = &self.security_groups {
            let id = |group: &IdOnly| {
                let id = group.id.clone().unwrap_or_default();
                checks::text_id("AS.2014", "security_groups.id", &id).map(|()| id)
            };
            spec.security_groups = list.iter().map(id).collect::<Result<_, Fault>>()?;
        }
        if let Some(list) = &self.personality {
            spec.personality = files(list)?;
        }
        if let Some(text) = &self.user_data {
            check_user_data(text)?;
            spec.user_data = checks::filled(Some(text.clone()));
        }
        self.login(spec, seal)?;
        self.rest(spec)
    }

    /// Key or password: exactly one of them (rule C5), unless user data sets one.
    fn login(&self, spec: &mut ConfigSpec, seal: &Seal) -> Result<(), Fault> {
        let password = match &self.metadata {
            Some(map) => {
                spec.metadata = metadata(map)?;
                PASSWORDS.iter().find_map(|name| map.get(*name))
            }
            None => None,
        };
        let key = self.key_name.as_ref();
        match (key.filter(|key| !key.is_empty()), password) {
            (Some(_), Some(_)) => {
                let detail = "`key_name` and `metadata.admin_pass` exclude each other.";
                return Err(Fault::new("AS.1025", detail));
            }
            (Some(key), None) => {
                checks::text_id("AS.1050", "key_name", key)?;
                spec.login = Some(Login::Keys(vec![key.clone()]));
            }
            (None, Some(password)) => {
                password::check(password)?;
                spec.login = Some(Login::Password {
                    sealed: seal(password),
                });
            }
            (None, None) if key.is_some() => spec.login = None,
            (None, None) => {}
        }
        Ok(())
    }

    /// What is kept as it is given.
    fn rest(self, spec: &mut ConfigSpec) -> Result<(), Fault> {
        let policy = self.multi_flavor_priority_policy.as_deref();
        let policy = policy.filter(|policy| !policy.is_empty());
        if policy.is_some_and(|policy| !["PICK_FIRST", "COST_FIRST"].contains(&policy)) {
            let wanted = "PICK_FIRST or COST_FIRST is right";
            let name = "multi_flavor_priority_policy";
            return Err(Fault::value(
                "AS.1085",
                name,
                policy.unwrap_or_default(),
                wanted,
            ));
        }
        let transmission = self.tag_transmission_policy.as_deref();
        if transmission.is_some_and(|word| !["OVERRIDE", "SUPPRESS"].contains(&word)) {
            let wanted = "OVERRIDE or SUPPRESS is right";
            let name = "tag_transmission_policy";
            return Err(Fault::value(
                "AS.0022",
                name,
                transmission.unwrap_or_default(),
                wanted,
            ));
        }
        for (name, value) in [
            ("server_group_id", self.server_group_id),
            ("tenancy", self.tenancy),
            ("dedicated_host_id", self.dedicated_host_id),
            (
                "multi_flavor_priority_policy",
                self.multi_flavor_priority_policy,
            ),
            ("market_type", self.market_type),
            ("tag_transmission_policy", self.tag_transmission_policy),
        ] {
            if value.is_some() {
                checks::text_id_if_given("AS.0022", name, value.as_ref())?;
                keep(spec, name, checks::filled(value));
            }
        }
        if let Some(options) = &self.cpu_options {
            options.check()?;
            keep_shape(spec, "cpu_options", options)?;
        }
        if let Some(list) = &self.tags {
            SingleTag::tags(list, TAGS)?;
            keep_shape(spec, "tags", list)?;
        }
        // Only with OVERRIDE do the configuration's own tags go onto machines. Another door's go, as long as nothing is said.
        let tags: Option<Vec<SingleTag>> = kept_shape(spec, "tags");
        let transmission = kept(spec, "tag_transmission_policy");
        spec.instance_tags = match (transmission, tags) {
            (None, None) => return Ok(()),
            (Some("OVERRIDE"), Some(tags)) => SingleTag::tags(&tags, TAGS)?,
            (Some("OVERRIDE"), None) => return Ok(()),
            (Some(_), _) | (None, Some(_)) => Vec::new(),
        };
        Ok(())
    }
}

/// What a configuration must have in the end (rules C2, C4).
pub(crate) fn check_whole(spec: &ConfigSpec) -> Result<(), Fault> {
    if spec.source_instance.is_none() {
        if spec.instance_types.is_empty() {
            return Err(Fault::missing("AS.1016", "instance_config.flavorRef"));
        }
        if spec.image.is_none() && spec.image_family.is_none() {
            return Err(Fault::missing("AS.1014", "instance_config.imageRef"));
        }
        if spec.system_disk.is_none() {
            return Err(Fault::missing("AS.1028", "instance_config.disk"));
        }
    }
    match spec.login.is_none() && spec.user_data.is_none() {
        true => Err(Fault::missing("AS.1026", "instance_config.key_name")),
        false => Ok(()),
    }
}

/// InstanceConfigResult.
#[derive(Serialize)]
struct Shown {
    disk: Vec<Disk>,
    #[serde(rename = "adminPass", skip_serializing_if = "Option::is_none")]
    admin_pass: Option<&'static str>,
    personality: Option<Vec<File>>,
    instance_name: Option<String>,
    instance_id: Option<String>,
    #[serde(rename = "flavorRef")]
    flavor_ref: String,
    #[serde(rename = "imageRef")]
    image_ref: Option<String>,
    key_name: Option<String>,
    key_fingerprint: Option<String>,
    public_ip: Option<PublicIp>,
    user_data: Option<String>,
    metadata: BTreeMap<String, String>,
    security_groups: Vec<IdOnly>,
    server_group_id: Option<String>,
    tenancy: Option<String>,
    dedicated_host_id: Option<String>,
    market_type: Option<String>,
    multi_flavor_priority_policy: String,
    cpu_options: Option<CpuOptions>,
    tags: Vec<SingleTag>,
    tag_transmission_policy: String,
}

/// ScalingConfiguration.
#[derive(Serialize)]
pub(crate) struct ScalingConfiguration {
    tenant: String,
    scaling_configuration_id: String,
    scaling_configuration_name: String,
    instance_config: Shown,
    create_time: String,
    scaling_group_id: Option<String>,
}

/// The key's name, if one logs in with a key.
fn key_name(login: Option<&Login>) -> Option<String> {
    match login {
        Some(Login::Keys(keys)) => keys.first().cloned(),
        Some(Login::Password { .. } | Login::KeepImage) | None => None,
    }
}

/// The tags that another door puts onto machines.
fn tags(spec: &ConfigSpec) -> Vec<SingleTag> {
    spec.instance_tags.iter().map(Into::into).collect()
}

/// The fingerprint of a key pair that was made or brought here; of others nobody knows.
fn fingerprint(key: Option<&String>, records: &Records) -> Option<String> {
    let key = key?;
    let mut pairs = records.key_pairs.values();
    let found = pairs.find(|pair| pair.spec.name == *key)?;
    Some(found.spec.fingerprint.clone())
}

fn shown(spec: &ConfigSpec, records: &Records) -> Shown {
    let text = |name: &str| kept(spec, name).map(str::to_owned);
    let files = spec.personality.iter().map(|file| File {
        path: Some(file.path.clone()),
        content: Some(file.content.clone()),
    });
    let files: Vec<File> = files.collect();
    let key = key_name(spec.login.as_ref());
    let has_password = matches!(spec.login, Some(Login::Password { .. }));
    let metadata = spec
        .metadata
        .iter()
        .map(|tag| (tag.key.clone(), tag.value.clone()));
    Shown {
        disk: disk::shown(spec, kept_shape(spec, "disk")),
        admin_pass: has_password.then_some("****"),
        personality: (!files.is_empty()).then_some(files),
        instance_name: None,
        instance_id: None,
        flavor_ref: spec.instance_types.join(","),
        image_ref: spec.image.clone().or_else(|| spec.image_family.clone()),
        key_fingerprint: fingerprint(key.as_ref(), records),
        key_name: key,
        public_ip: public_ip::shown(spec.internet.as_ref(), kept_shape(spec, "public_ip")),
        user_data: spec.user_data.clone(),
        metadata: metadata.collect(),
        security_groups: spec
            .security_groups
            .iter()
            .map(|id| IdOnly::new(id))
            .collect(),
        server_group_id: text("server_group_id"),
        tenancy: text("tenancy"),
        dedicated_host_id: text("dedicated_host_id"),
        market_type: text("market_type"),
        multi_flavor_priority_policy: text("multi_flavor_priority_policy")
            .unwrap_or_else(|| "PICK_FIRST".to_owned()),
        cpu_options: kept_shape(spec, "cpu_options"),
        tags: kept_shape(spec, "tags").unwrap_or_else(|| tags(spec)),
        tag_transmission_policy: text("tag_transmission_policy").unwrap_or_else(|| {
            let word = match spec.instance_tags.is_empty() {
                true => "SUPPRESS",
                false => "OVERRIDE",
            };
            word.to_owned()
        }),
    }
}

impl ScalingConfiguration {
    /// A configuration as it is shown to a project.
    pub(crate) fn new(item: &ConfigItem, project: &str, records: &Records) -> ScalingConfiguration {
        let config = &item.config;
        let groups: Vec<String> = item.groups.iter().map(|(id, _)| id.uuid()).collect();
        ScalingConfiguration {
            tenant: project.to_owned(),
            scaling_configuration_id: shown_id(config.id),
            scaling_configuration_name: config.spec.name.clone(),
            instance_config: shown(&config.spec, records),
            create_time: second(config.created_at),
            scaling_group_id: (!groups.is_empty()).then(|| groups.join(",")),
        }
    }

    /// The same by itself: the member that is reserved for a password is there then, whatever the login (L1768).
    pub(crate) fn by_itself(
        item: &ConfigItem,
        project: &str,
        records: &Records,
    ) -> ScalingConfiguration {
        let mut shown = ScalingConfiguration::new(item, project, records);
        shown.instance_config.admin_pass = Some("****");
        shown
    }
}
