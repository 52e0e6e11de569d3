//! Servers, made.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use muster_kit::action::Action;
use muster_model::{
    Command, DataDisk, InstanceId, Key, ServerCommand, ServerSpec, ServerState, SystemDisk, Tag,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::forms;
use super::jobs::job_id;
use super::volumes::Volume;
use crate::services::body::{Body, Reader};
use crate::services::form::Form;
use crate::services::{Beside, Wrong};
use crate::shapes::config::password::flaw;

/// Servers that one call may make.
const MOST: i64 = 100;
/// Bytes of user data, decoded.
const USER_DATA_BYTES: usize = 32 * 1024;
/// Network cards of a server.
const CARDS: usize = 12;
/// Disks of a server, besides that of its system.
const DATA_DISKS: usize = 23;
/// Security groups of a server.
const GROUPS: usize = 16;
/// Tags of a server.
const TAGS: usize = 10;
/// Characters of a name, and of one that a number is added to.
const NAME_CHARS: (usize, usize) = (64, 59);
/// Characters of a tag's key and value.
const TAG_CHARS: (usize, usize) = (36, 43);
/// Metadata of a server: how many there may be, characters of a name and of a text.
const METADATA: Form = Form::Texts {
    most: 10,
    name: 255,
    text: 255,
};

fn is_name(name: &str, most: usize) -> bool {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=most).contains(&name.chars().count()) && name.chars().all(good)
}

/// Something that is named by its id and has to be there.
fn id(reader: &mut Reader<'_>, name: &str) -> Result<String, Wrong> {
    let id = reader.needed(name, 128)?;
    match id.chars().any(char::is_whitespace) {
        false => Ok(id),
        true => Err(reader.invalid(name, id, "an id is right")),
    }
}

/// `key.value` as the documents have it, `key=value` as lists show it; and pairs.
fn tags(server: &mut Reader<'_>) -> Result<Vec<Tag>, Wrong> {
    let mut tags: Vec<Tag> = Vec::new();
    for text in server.texts("tags", TAGS)?.unwrap_or_default() {
        let (key, value) = text.split_once(['.', '=']).unwrap_or((&text, ""));
        tags.push(Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        });
    }
    for mut pair in server.structures("server_tags", TAGS)?.unwrap_or_default() {
        tags.push(Tag {
            key: pair.needed("key", 255)?,
            value: match pair.text("value", 255)? {
                Some(value) => value,
                None => return Err(pair.missing("value")),
            },
        });
    }
    if tags.len() > TAGS {
        return Err(server.invalid("server_tags", tags.len(), "10 tags at most are right"));
    }
    let (key_chars, value_chars) = TAG_CHARS;
    for (at, tag) in tags.iter().enumerate() {
        let twice = tags.iter().skip(at + 1).any(|other| other.key == tag.key);
        let fits = (1..=key_chars).contains(&tag.key.chars().count());
        if twice || !fits || tag.key.contains(['=', '*', '<', '>', '\\', ',', '|', '/']) {
            let wanted = format!(
                "keys of 1 to {key_chars} characters without any of =*<>\\,|/, each once, are right"
            );
            return Err(server.invalid("server_tags.key", &tag.key, &wanted));
        }
        let fits = tag.value.chars().count() <= value_chars;
        if !fits || tag.value.contains(['=', '*', '<', '>', '\\', ',', '|']) {
            let wanted =
                format!("at most {value_chars} characters without any of =*<>\\,| are right");
            return Err(server.invalid("server_tags.value", &tag.value, &wanted));
        }
    }
    Ok(tags)
}

/// The disks of the system and of data, as far as they mean anything here; the rest of what is said is checked.
fn disks(server: &mut Reader<'_>) -> Result<(SystemDisk, Vec<DataDisk>), Wrong> {
    let root = server.structure("root_volume")?;
    let mut root = root.ok_or_else(|| server.missing("root_volume"))?;
    let kind = root.word("volumetype", forms::DISKS)?;
    let kind = kind.ok_or_else(|| root.missing("volumetype"))?;
    // Without a size, or with 0, it is as large as its image needs.
    let size = root.whole("size", 0, 1024)?.filter(|size| *size > 0);
    let system = Volume::read(&mut root, kind, size)?.system();
    let mut data = Vec::new();
    let disks = server.structures("data_volumes", DATA_DISKS)?;
    for mut disk in disks.unwrap_or_default() {
        let kind = disk.word("volumetype", forms::DISKS)?;
        let kind = kind.ok_or_else(|| disk.missing("volumetype"))?;
        let size = disk.whole("size", 10, 32_768)?;
        let size = size.ok_or_else(|| disk.missing("size"))?;
        data.push(Volume::read(&mut disk, kind, Some(size))?.data());
    }
    Ok((system, data))
}

/// The subnets of the network cards.
fn subnets(server: &mut Reader<'_>) -> Result<Vec<String>, Wrong> {
    let cards = server.structures("nics", CARDS)?.unwrap_or_default();
    if cards.is_empty() {
        return Err(server.missing("nics"));
    }
    let mut subnets = Vec::with_capacity(cards.len());
    for mut card in cards {
        let port = card.text("port_id", 64)?;
        if let Some(port) = port.filter(|port| !port.is_empty()) {
            let wanted = "there are no network cards by themselves; say `subnet_id`";
            return Err(card.invalid("port_id", port, wanted));
        }
        subnets.push(id(&mut card, "subnet_id")?);
        let address = card.text("ip_address", 64)?;
        if let Some(text) = address.filter(|text| !text.is_empty())
            && text.parse::<std::net::Ipv4Addr>().is_err()
        {
            return Err(card.invalid("ip_address", text, "an IPv4 address is right"));
        }
        card.kept(forms::CARD)?;
    }
    Ok(subnets)
}

fn user_data(server: &mut Reader<'_>) -> Result<Option<String>, Wrong> {
    let text = server.text("user_data", 4 * USER_DATA_BYTES)?;
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let fits = |bytes: Vec<u8>| bytes.len() <= USER_DATA_BYTES;
    match STANDARD.decode(&text).is_ok_and(fits) {
        true => Ok(Some(text)),
        false => {
            let wanted = "base64 of at most 32 KB is right";
            Err(server.invalid("user_data", "...", wanted))
        }
    }
}

/// A password may stand in the metadata; it is not kept.
fn metadata(server: &mut Reader<'_>) -> Result<BTreeMap<String, String>, Wrong> {
    let given = server.member("metadata", &METADATA)?;
    let Some(Value::Object(given)) = given else {
        return Ok(BTreeMap::new());
    };
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
    let mut kept = BTreeMap::new();
    for (name, value) in given {
        if !name.chars().all(good) {
            let wanted = "names of letters, digits, `-`, `_`, `:` and `.` are right";
            return Err(server.invalid("metadata", name, wanted));
        }
        let secret = matches!(name.as_str(), "admin_pass" | "adminPass" | "admin_password");
        if let Value::String(text) = value
            && !secret
        {
            kept.insert(name, text);
        }
    }
    Ok(kept)
}

/// The password, as it was given. It is kept sealed, for back ends that can set one, and never shown.
fn password(server: &mut Reader<'_>) -> Result<Option<String>, Wrong> {
    let given = server.text("adminPass", 4096)?;
    let given = given.filter(|text| !text.is_empty());
    match given.as_deref().and_then(flaw) {
        Some(wrong) => Err(server.invalid("adminPass", "****", wrong)),
        None => Ok(given),
    }
}

/// What a server is to be like, checked, and how many of them.
fn spec(beside: &Beside, body: Body) -> Result<(ServerSpec, u32), Wrong> {
    let mut server = body.read(beside, "server");
    let count = server.whole("count", 1, MOST)?.unwrap_or(1);
    let name = server.needed("name", 255)?;
    let most = if count > 1 {
        NAME_CHARS.1
    } else {
        NAME_CHARS.0
    };
    if !is_name(&name, most) {
        let wanted = format!("1 to {most} letters, digits, `_`, `-` and `.` are right");
        return Err(server.invalid("name", name, &wanted));
    }
    let (system_disk, data_disks) = disks(&mut server)?;
    let user_data = user_data(&mut server)?;
    let tags = tags(&mut server)?;
    let subnets = subnets(&mut server)?;
    let mut security_groups = Vec::new();
    let groups = server.structures("security_groups", GROUPS)?;
    for mut group in groups.unwrap_or_default() {
        security_groups.push(id(&mut group, "id")?);
    }
    let key_name = server.text("key_name", 255)?;
    let key_name = key_name.filter(|name| !name.is_empty());
    let password = password(&mut server)?.filter(|_| key_name.is_none());
    let enterprise_project = match server.structure("extendparam")? {
        Some(mut more) => {
            let project = more.text("enterprise_project_id", 36)?;
            more.kept(forms::EXTENDED)?;
            project.filter(|project| !project.is_empty())
        }
        None => None,
    };
    let spec = ServerSpec {
        // Filled in where it is decided.
        instance: InstanceId::new(Key::from_bits(0)),
        name,
        description: server.words("description", 85)?.unwrap_or_default(),
        instance_type: id(&mut server, "flavorRef")?,
        image: id(&mut server, "imageRef")?,
        vpc: id(&mut server, "vpcid")?,
        subnets,
        zone: server.text("availability_zone", 128)?.unwrap_or_default(),
        security_groups,
        key_name,
        password: password.map(|text| (beside.ctx.seal)(&text)),
        user_data,
        metadata: metadata(&mut server)?,
        tags,
        enterprise_project,
        kept: {
            for member in forms::CHECKED {
                server.check(member)?;
            }
            server.kept(forms::KEPT)?
        },
        state: ServerState::Building,
        system_disk: Some(system_disk),
        data_disks,
    };
    Ok((spec, u32::try_from(count).unwrap_or(1)))
}

impl Beside {
    /// Has servers made; comes back with the job and their ids.
    async fn make(&self, wanted: Option<Body>, dry_run: bool) -> Result<Value, Wrong> {
        let wanted = wanted.ok_or_else(|| self.missing("server"))?;
        let (spec, count) = spec(self, wanted)?;
        let command = ServerCommand::Create {
            spec: Box::new(spec),
            count,
        };
        if dry_run {
            let checked = self.ctx.api.check(self.caller(), Command::Servers(command));
            return match checked.await {
                Ok(()) => {
                    self.answer_with(StatusCode::ACCEPTED);
                    Ok(json!({}))
                }
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
    server: Option<Body>,
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
    server: Option<Body>,
    dry_run: Option<bool>,
}

impl Action<Beside> for CreatePostPaidServers {
    const NAME: &'static str = "CreatePostPaidServers";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        beside.make(self.server, self.dry_run == Some(true)).await
    }
}
