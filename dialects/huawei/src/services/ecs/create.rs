//! Servers, made.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_kit::action::Action;
use muster_model::{Command, InstanceId, Key, ServerCommand, ServerSpec, ServerState, Tag};
use serde::Deserialize;
use serde_json::{Value, json};

use super::jobs::job_id;
use super::volumes::{Volume, disks};
use crate::services::{Beside, Wrong};

/// Servers that one call may make.
const MOST: i64 = 500;
/// Bytes of user data, decoded.
const USER_DATA_BYTES: usize = 32 * 1024;
/// Network cards of a server.
const CARDS: usize = 12;

#[derive(Deserialize)]
struct Card {
    subnet_id: Option<String>,
}

#[derive(Deserialize)]
struct IdOnly {
    id: Option<String>,
}

#[derive(Deserialize)]
struct KeyValue {
    key: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Extend {
    enterprise_project_id: Option<String>,
}

/// What a server is to be like. A password is kept sealed, for back ends that can set one, and never shown.
#[derive(Deserialize)]
struct Wanted {
    name: Option<String>,
    #[serde(rename = "imageRef")]
    image: Option<String>,
    #[serde(rename = "flavorRef")]
    flavor: Option<String>,
    vpcid: Option<String>,
    nics: Option<Vec<Card>>,
    security_groups: Option<Vec<IdOnly>>,
    availability_zone: Option<String>,
    key_name: Option<String>,
    #[serde(rename = "adminPass")]
    admin_pass: Option<String>,
    user_data: Option<String>,
    count: Option<i64>,
    root_volume: Option<Volume>,
    data_volumes: Option<Vec<Volume>>,
    metadata: Option<BTreeMap<String, String>>,
    tags: Option<Vec<String>>,
    server_tags: Option<Vec<KeyValue>>,
    description: Option<String>,
    extendparam: Option<Extend>,
}

fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=128).contains(&name.chars().count()) && name.chars().all(good)
}

impl Wanted {
    fn needed(beside: &Beside, name: &str, value: Option<String>) -> Result<String, Wrong> {
        let path = format!("server.{name}");
        let value = value.filter(|text| !text.is_empty());
        let value = value.ok_or_else(|| beside.missing(&path))?;
        let good = |c: char| !c.is_whitespace() && !c.is_control();
        match value.len() <= 128 && value.chars().all(good) {
            true => Ok(value),
            false => Err(beside.invalid(&path, value, "an id is right")),
        }
    }

    fn tags(&self, beside: &Beside) -> Result<Vec<Tag>, Wrong> {
        let mut tags: Vec<Tag> = Vec::new();
        for text in self.tags.iter().flatten() {
            // `key.value`, as the documents have it; `key=value` is what lists show.
            let (key, value) = text.split_once(['.', '=']).unwrap_or((text, ""));
            tags.push(Tag {
                key: key.to_owned(),
                value: value.to_owned(),
            });
        }
        for tag in self.server_tags.iter().flatten() {
            tags.push(Tag {
                key: tag.key.clone().unwrap_or_default(),
                value: tag.value.clone().unwrap_or_default(),
            });
        }
        if tags.len() > 10 {
            return Err(beside.invalid(
                "server.server_tags",
                tags.len(),
                "10 tags at most are right",
            ));
        }
        for (at, tag) in tags.iter().enumerate() {
            let twice = tags.iter().skip(at + 1).any(|other| other.key == tag.key);
            if twice || !(1..=128).contains(&tag.key.chars().count()) {
                let wanted = "keys of 1 to 128 characters, each once, are right";
                return Err(beside.invalid("server.server_tags.key", &tag.key, wanted));
            }
        }
        Ok(tags)
    }

    fn user_data(&self, beside: &Beside) -> Result<(), Wrong> {
        let Some(text) = &self.user_data else {
            return Ok(());
        };
        let fits = |bytes: Vec<u8>| bytes.len() <= USER_DATA_BYTES;
        match STANDARD.decode(text).is_ok_and(fits) {
            true => Ok(()),
            false => {
                let wanted = "base64 of at most 32 KB is right";
                Err(beside.invalid("server.user_data", "...", wanted))
            }
        }
    }

    fn ids(
        beside: &Beside,
        path: &str,
        list: impl Iterator<Item = Option<String>>,
    ) -> Result<Vec<String>, Wrong> {
        list.map(|id| Self::needed(beside, path, id)).collect()
    }

    /// What it says, checked, and how many.
    fn spec(self, beside: &Beside) -> Result<(ServerSpec, u32), Wrong> {
        let name = self.name.clone().unwrap_or_default();
        if name.is_empty() {
            return Err(beside.missing("server.name"));
        }
        if !is_name(&name) {
            let wanted = "1 to 128 letters, digits, `_`, `-` and `.` are right";
            return Err(beside.invalid("server.name", name, wanted));
        }
        let count = self.count.unwrap_or(1);
        if !(1..=MOST).contains(&count) {
            return Err(beside.invalid("server.count", count, "1 to 500 is right"));
        }
        let data = self.data_volumes.as_deref().unwrap_or_default();
        let (system, data) = disks(beside, self.root_volume.as_ref(), data)?;
        self.user_data(beside)?;
        let tags = self.tags(beside)?;
        let cards = self.nics.unwrap_or_default();
        if cards.is_empty() {
            return Err(beside.missing("server.nics"));
        }
        if cards.len() > CARDS {
            return Err(beside.invalid("server.nics", cards.len(), "12 at most are right"));
        }
        let groups = self.security_groups.unwrap_or_default().into_iter();
        let cards = cards.into_iter().map(|card| card.subnet_id);
        let key_name = self.key_name.filter(|name| !name.is_empty());
        let password = self.admin_pass.filter(|text| !text.is_empty());
        let password = password.filter(|_| key_name.is_none());
        let spec = ServerSpec {
            // Filled in where it is decided.
            instance: InstanceId::new(Key::from_bits(0)),
            name,
            description: self.description.unwrap_or_default(),
            instance_type: Self::needed(beside, "flavorRef", self.flavor)?,
            image: Self::needed(beside, "imageRef", self.image)?,
            vpc: Self::needed(beside, "vpcid", self.vpcid)?,
            subnets: Self::ids(beside, "nics.subnet_id", cards)?,
            zone: self.availability_zone.unwrap_or_default(),
            security_groups: Self::ids(beside, "security_groups.id", groups.map(|one| one.id))?,
            key_name,
            password: password.map(|text| (beside.ctx.seal)(&text)),
            user_data: self.user_data.filter(|text| !text.is_empty()),
            metadata: without_secrets(self.metadata.unwrap_or_default()),
            tags,
            enterprise_project: self.extendparam.and_then(|more| more.enterprise_project_id),
            state: ServerState::Building,
            system_disk: Some(system),
            data_disks: data,
        };
        Ok((spec, u32::try_from(count).unwrap_or(1)))
    }
}

/// A password may stand in the metadata; it is not kept.
fn without_secrets(mut metadata: BTreeMap<String, String>) -> BTreeMap<String, String> {
    metadata
        .retain(|name, _| !matches!(name.as_str(), "admin_pass" | "adminPass" | "admin_password"));
    metadata
}

impl Beside {
    /// Has servers made; comes back with the job and their ids.
    async fn make(&self, wanted: Option<Wanted>, dry_run: bool) -> Result<Value, Wrong> {
        let wanted = wanted.ok_or_else(|| self.missing("server"))?;
        let (spec, count) = wanted.spec(self)?;
        let command = ServerCommand::Create {
            spec: Box::new(spec),
            count,
        };
        if dry_run {
            let checked = self.ctx.api.check(self.caller(), Command::Servers(command));
            return match checked.await {
                Ok(()) => Ok(json!({})),
                Err(error) => Err(self.not_made(&error)),
            };
        }
        let id = self.job(command).await?;
        let records = self.records().await?;
        let job = records.server_jobs.get(&id);
        let job = job.ok_or_else(|| self.broken("the job is gone"))?;
        let servers = job.spec.tasks.iter().map(|task| task.instance.uuid());
        Ok(json!({ "job_id": job_id(id), "serverIds": servers.collect::<Vec<_>>() }))
    }
}

/// CreateServers.
#[derive(Deserialize)]
pub(super) struct CreateServers {
    server: Option<Wanted>,
    dry_run: Option<bool>,
}

impl Action<Beside> for CreateServers {
    const NAME: &'static str = "CreateServers";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        beside.make(self.server, self.dry_run == Some(true)).await
    }
}

/// CreatePostPaidServers.
#[derive(Deserialize)]
pub(super) struct CreatePostPaidServers {
    server: Option<Wanted>,
    dry_run: Option<bool>,
}

impl Action<Beside> for CreatePostPaidServers {
    const NAME: &'static str = "CreatePostPaidServers";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        beside.make(self.server, self.dry_run == Some(true)).await
    }
}
