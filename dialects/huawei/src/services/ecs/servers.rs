//! Servers, shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    GroupView, Instance, ListedType, Login, Machine, MachineState, Server, ServerState, Tag, Time,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::size;
use crate::services::{Beside, Wrong};
use crate::times::second;

/// The statuses that a list can ask for.
const STATUSES: [&str; 15] = [
    "ACTIVE",
    "BUILD",
    "DELETED",
    "ERROR",
    "HARD_REBOOT",
    "MIGRATING",
    "REBOOT",
    "REBUILD",
    "RESIZE",
    "REVERT_RESIZE",
    "SHELVED",
    "SHELVED_OFFLOADED",
    "SHUTOFF",
    "UNKNOWN",
    "VERIFY_RESIZE",
];

/// A server as it is known: by its machine, by the record of who made it, or by both.
pub(super) struct Seen {
    machine: Option<Arc<Machine>>,
    server: Option<Arc<Server>>,
    member: Option<(Arc<GroupView>, Arc<Instance>)>,
}

/// How a server is.
struct Standing {
    status: &'static str,
    vm_state: &'static str,
    power_state: u8,
    task_state: Option<&'static str>,
}

/// Where a server is to run: each of it is a list when it is shown.
fn listed_hints(hints: &Value) -> Value {
    let hints = hints.as_object().into_iter().flatten();
    let listed = hints.map(|(name, value)| (name.clone(), json!([value])));
    Value::Object(listed.collect())
}

impl Seen {
    /// Its id.
    pub(super) fn id(&self) -> String {
        let made = self.server.as_ref().map(|server| server.spec.instance);
        let there = self.machine.as_ref().map(|machine| machine.id);
        there.or(made).map(|id| id.uuid()).unwrap_or_default()
    }

    fn standing(&self) -> Standing {
        let state = self.machine.as_ref().map(|machine| machine.state);
        let (status, vm_state, power_state) = match state {
            Some(MachineState::Running) => ("ACTIVE", "active", 1),
            Some(MachineState::Stopped) => ("SHUTOFF", "stopped", 4),
            Some(MachineState::Dead) => ("ERROR", "error", 4),
            Some(MachineState::Pending) => ("BUILD", "building", 0),
            None if self.failure().is_some() => ("ERROR", "error", 0),
            None => ("BUILD", "building", 0),
        };
        let leaving = self
            .member
            .as_ref()
            .map(|(_, member)| member.exit.is_some());
        let task_state = match (status, leaving) {
            ("BUILD", _) => Some("spawning"),
            (_, Some(true)) => Some("deleting"),
            (_, Some(false) | None) => None,
        };
        Standing {
            status,
            vm_state,
            power_state,
            task_state,
        }
    }

    /// Why it was not made.
    fn failure(&self) -> Option<&str> {
        match &self.server.as_ref()?.spec.state {
            ServerState::Failed { message } => Some(message),
            ServerState::Building | ServerState::Made => None,
        }
    }

    fn created_at(&self) -> Time {
        let there = self.machine.as_ref().map(|machine| machine.created_at);
        let made = self.server.as_ref().map(|server| server.head.created_at);
        there.or(made).unwrap_or(Time(0))
    }

    /// A part that both its machine and its record can tell.
    fn told(
        &self,
        machine: impl Fn(&Machine) -> &String,
        server: impl Fn(&Server) -> &String,
    ) -> String {
        let there = self.machine.as_ref().map(|there| machine(there));
        let there = there.filter(|text| !text.is_empty());
        let made = self.server.as_ref().map(|made| server(made));
        there.or(made).cloned().unwrap_or_default()
    }

    fn name(&self) -> String {
        self.told(|machine| &machine.name, |server| &server.spec.name)
    }

    fn flavor(&self) -> String {
        let machine = |machine: &Machine| machine.placement.instance_type.clone();
        let there = self.machine.as_deref().map(machine);
        let there = there.filter(|text| !text.is_empty());
        let made = self.server.as_ref();
        there
            .or_else(|| made.map(|server| server.spec.instance_type.clone()))
            .unwrap_or_default()
    }

    fn zone(&self) -> String {
        self.told(
            |machine| &machine.placement.zone,
            |server| &server.spec.zone,
        )
    }

    fn vpc(&self) -> String {
        self.told(|machine| &machine.vpc, |server| &server.spec.vpc)
    }

    fn address(&self) -> Option<&String> {
        self.machine.as_ref()?.address.as_ref()
    }

    fn tags(&self) -> Vec<Tag> {
        let there = self.machine.as_ref().map(|machine| machine.tags.clone());
        let made = self.server.as_ref().map(|server| server.spec.tags.clone());
        there.or(made).unwrap_or_default()
    }

    fn key_name(&self) -> Option<String> {
        if let Some(server) = &self.server {
            return server.spec.key_name.clone();
        }
        let (view, _) = self.member.as_ref()?;
        match &view.config.as_ref()?.spec.login {
            Some(Login::Keys(keys)) => keys.first().cloned(),
            _ => None,
        }
    }

    fn security_groups(&self) -> Vec<String> {
        if let Some(server) = &self.server {
            return server.spec.security_groups.clone();
        }
        let Some((view, _)) = &self.member else {
            return Vec::new();
        };
        let config = view.config.as_ref();
        let own = config.map(|config| config.spec.security_groups.clone());
        own.filter(|groups| !groups.is_empty())
            .unwrap_or_else(|| view.group.spec.network.security_groups.clone())
    }

    fn enterprise_project(&self) -> String {
        let made = self.server.as_ref();
        let made = made.and_then(|server| server.spec.enterprise_project.clone());
        let group = self.member.as_ref().and_then(|(view, _)| {
            let extras = view.group.spec.huawei.as_ref()?;
            extras.enterprise_project.clone()
        });
        made.or(group).unwrap_or_else(|| "0".to_owned())
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::from([
            ("charging_mode".to_owned(), "0".to_owned()),
            ("metering.image_id".to_owned(), self.image()),
            ("metering.resourcespeccode".to_owned(), self.flavor()),
            ("vpc_id".to_owned(), self.vpc()),
        ]);
        if let Some(server) = &self.server {
            all.extend(server.spec.metadata.clone());
        }
        all
    }

    fn image(&self) -> String {
        self.told(|machine| &machine.image, |server| &server.spec.image)
    }

    fn addresses(&self) -> Value {
        let (Some(address), Some(machine)) = (self.address(), &self.machine) else {
            return json!({});
        };
        // Machines do not tell their network cards: these are made from the id, so that there is one.
        let bits = machine.id.key().bits();
        let mac = format!(
            "fa:16:3e:{:02x}:{:02x}:{:02x}",
            bits >> 16 & 0xff,
            bits >> 8 & 0xff,
            bits & 0xff
        );
        let version = if address.contains(':') { "6" } else { "4" };
        let card = json!({
            "version": version,
            "addr": address,
            "OS-EXT-IPS:type": "fixed",
            "OS-EXT-IPS-MAC:mac_addr": mac,
            "OS-EXT-IPS:port_id": machine.id.uuid(),
            "primary": true,
        });
        let vpc = Some(self.vpc()).filter(|vpc| !vpc.is_empty());
        json!({ vpc.unwrap_or_else(|| "default".to_owned()): [card] })
    }

    fn flavor_shape(&self, listed: Option<&ListedType>) -> Value {
        let name = self.flavor();
        let cores = listed.and_then(|one| one.cores);
        let (vcpus, ram) = size(&name, cores, listed.and_then(|one| one.memory_gb));
        json!({
            "id": name,
            "name": name,
            "disk": "0",
            "vcpus": vcpus.to_string(),
            "ram": ram.to_string(),
            "gpus": [],
            "asic_accelerators": [],
        })
    }

    /// The members of ServerDetail that are extensions.
    fn extended(&self, standing: &Standing, all: &mut Map<String, Value>) {
        let launched = self.machine.as_ref().map(|machine| machine.created_at);
        let user_data = self.server.as_ref();
        let user_data = user_data.and_then(|server| server.spec.user_data.clone());
        let mut put = |name: &str, value: Value| all.insert(name.to_owned(), value);
        put("OS-EXT-AZ:availability_zone", json!(self.zone()));
        put("OS-EXT-STS:vm_state", json!(standing.vm_state));
        put("OS-EXT-STS:task_state", json!(standing.task_state));
        put("OS-EXT-STS:power_state", json!(standing.power_state));
        put("OS-EXT-SRV-ATTR:host", json!(""));
        put("OS-EXT-SRV-ATTR:hypervisor_hostname", json!(""));
        put("OS-EXT-SRV-ATTR:instance_name", json!(self.id()));
        put(
            "OS-EXT-SRV-ATTR:hostname",
            json!(self.name().to_lowercase()),
        );
        put("OS-EXT-SRV-ATTR:reservation_id", json!(""));
        put("OS-EXT-SRV-ATTR:launch_index", json!(0));
        put("OS-EXT-SRV-ATTR:kernel_id", json!(""));
        put("OS-EXT-SRV-ATTR:ramdisk_id", json!(""));
        put("OS-EXT-SRV-ATTR:root_device_name", json!("/dev/vda"));
        put("OS-EXT-SRV-ATTR:user_data", json!(user_data));
        put("OS-DCF:diskConfig", json!("MANUAL"));
        put("OS-SRV-USG:launched_at", json!(launched.map(second)));
        put("OS-SRV-USG:terminated_at", Value::Null);
        put("os-extended-volumes:volumes_attached", json!([]));
        put(
            "os:scheduler_hints",
            self.kept("os:scheduler_hints", listed_hints),
        );
        let as_sent = |value: &Value| value.clone();
        put("cpu_options", self.kept("cpu_options", as_sent));
        put("security_options", self.kept("security_options", as_sent));
        put("enclave_options", self.kept("enclave_options", as_sent));
    }

    /// What was said when it was made, as it is shown.
    fn kept(&self, name: &str, shown: impl Fn(&Value) -> Value) -> Value {
        let server = self.server.as_ref();
        let kept = server.and_then(|server| server.spec.kept.get(name));
        kept.map_or_else(|| json!({}), shown)
    }

    /// ServerDetail.
    pub(super) fn shown(&self, beside: &Beside) -> Value {
        let (standing, id, name) = (self.standing(), self.id(), self.name());
        let created = self.created_at();
        let updated = self.server.as_ref().map(|server| server.head.updated_at);
        let types = &beside.catalogue().types;
        let listed = types.get(&self.flavor());
        let groups = self.security_groups();
        let groups = groups.iter().map(|id| json!({ "id": id, "name": id }));
        let text = |tag: &Tag| format!("{}={}", tag.key, tag.value);
        let tags: Vec<String> = self.tags().iter().map(text).collect();
        let description = self.server.as_ref();
        let description = description.map(|server| server.spec.description.clone());
        let mut all = Map::new();
        let mut put = |name: &str, value: Value| all.insert(name.to_owned(), value);
        put("id", json!(id));
        put("name", json!(name));
        put("status", json!(standing.status));
        put("created", json!(second(created)));
        put("updated", json!(second(updated.unwrap_or(created))));
        put("addresses", self.addresses());
        put("flavor", self.flavor_shape(listed));
        put("image", json!({ "id": self.image() }));
        put("metadata", json!(self.metadata()));
        put("key_name", json!(self.key_name()));
        put("security_groups", groups.collect());
        put("tags", json!(tags));
        put("description", json!(description.unwrap_or_default()));
        put("tenant_id", json!(beside.project()));
        put("user_id", json!(""));
        put("hostId", json!(""));
        put("host_status", json!("UP"));
        put("accessIPv4", json!(""));
        put("accessIPv6", json!(""));
        put(
            "progress",
            json!(if standing.status == "BUILD" { 0 } else { 100 }),
        );
        put("config_drive", json!(""));
        put("locked", json!(false));
        let ends = self.server.as_ref();
        let ends = ends.and_then(|server| server.spec.kept.get("auto_terminate_time").cloned());
        put("auto_terminate_time", ends.unwrap_or_else(|| json!("")));
        put("enterprise_project_id", json!(self.enterprise_project()));
        put(
            "sys_tags",
            json!([{
                "key": "_sys_enterprise_project_id",
                "value": self.enterprise_project(),
            }]),
        );
        put(
            "fault",
            match self.failure() {
                Some(message) => json!({
                    "code": 500,
                    "created": second(updated.unwrap_or(created)),
                    "message": message,
                }),
                None => Value::Null,
            },
        );
        self.extended(&standing, &mut all);
        Value::Object(all)
    }
}

impl Beside {
    /// Every server that the caller may see, newest first.
    pub(super) async fn servers(&self) -> Result<Vec<Seen>, Wrong> {
        let (records, views) = (self.records().await?, self.views().await?);
        let machines = self.machines().await?;
        let member = |machine: &Machine| {
            let group = machine.owner.as_ref()?.group;
            let view = views.iter().find(|view| view.group.id == group)?;
            let member = view.instances.get(&machine.id)?;
            Some((Arc::clone(view), Arc::clone(member)))
        };
        let by_machine: BTreeMap<_, _> = records
            .servers
            .values()
            .map(|server| (server.spec.instance, server))
            .collect();
        let mut seen: Vec<Seen> = machines
            .iter()
            .map(|machine| Seen {
                server: by_machine.get(&machine.id).map(|server| Arc::clone(server)),
                member: member(machine),
                machine: Some(Arc::clone(machine)),
            })
            .collect();
        let there = |server: &Server| machines.iter().any(|one| one.id == server.spec.instance);
        for server in records.servers.values() {
            // One that was made and has no machine is gone.
            if server.spec.state != ServerState::Made && !there(server) {
                seen.push(Seen {
                    machine: None,
                    server: Some(Arc::clone(server)),
                    member: None,
                });
            }
        }
        seen.sort_by_key(|one| (std::cmp::Reverse(one.created_at()), one.id()));
        Ok(seen)
    }
}

/// ShowServer.
#[derive(Deserialize)]
pub(super) struct ShowServer {
    server_id: String,
}

impl Action<Beside> for ShowServer {
    const NAME: &'static str = "ShowServer";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let servers = beside.servers().await?;
        let wanted = self.server_id.to_ascii_lowercase();
        let server = servers.iter().find(|server| server.id() == wanted);
        let server = server.ok_or_else(|| beside.absent("Instance", &self.server_id))?;
        Ok(json!({ "server": server.shown(beside) }))
    }
}

/// ListServersDetails. What it asks for stands in the query.
#[derive(Deserialize)]
pub(super) struct ListServersDetails {}

/// Whether a tag is one of those that are asked for: `key` or `key=value`, comma separated; all of them, or any.
fn has_tag(tags: &[Tag], wanted: &str) -> bool {
    match wanted.split_once('=') {
        Some((key, value)) => tags.iter().any(|tag| tag.key == key && tag.value == value),
        None => tags.iter().any(|tag| tag.key == wanted),
    }
}

impl ListServersDetails {
    fn matches(beside: &Beside, server: &Seen) -> bool {
        let has = |name: &str, with: &dyn Fn(&str) -> bool| beside.asked(name).is_none_or(with);
        let tags = server.tags();
        let all = |list: &str| list.split(',').all(|wanted| has_tag(&tags, wanted.trim()));
        let none = |list: &str| !list.split(',').any(|wanted| has_tag(&tags, wanted.trim()));
        let address = server.address().map(String::as_str).unwrap_or_default();
        let project = server.enterprise_project();
        has("name", &|name| server.name().contains(name))
            && has("flavor", &|flavor| server.flavor() == flavor)
            && has("status", &|status| server.standing().status == status)
            && has("ip", &|ip| address.contains(ip))
            && has("ip_eq", &|ip| address == ip)
            && has("tags", &all)
            && has("not-tags", &none)
            && has("reservation_id", &|_| false)
            && has("enterprise_project_id", &|wanted| {
                wanted == "all_granted_eps" || wanted == project
            })
    }
}

/// Servers by their ids, whatever else is asked for. Of one that does not exist nothing is shown but that.
fn by_ids(beside: &Beside, servers: &[Seen], ids: &str) -> Value {
    let ids = ids.split(',').map(str::trim).filter(|id| !id.is_empty());
    let shown = ids.map(|id| {
        let server = servers.iter().find(|server| server.id() == id);
        let absent = || {
            let message = format!("Instance {id} could not be found.");
            json!({ "id": id, "fault": { "code": 404, "message": message } })
        };
        server.map_or_else(absent, |server| server.shown(beside))
    });
    let shown: Vec<Value> = shown.collect();
    json!({ "count": shown.len(), "servers": shown })
}

impl Action<Beside> for ListServersDetails {
    const NAME: &'static str = "ListServersDetails";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        if let Some(status) = beside.asked("status")
            && !STATUSES.contains(&status)
        {
            let wanted = format!("one of {} is right", STATUSES.join(", "));
            return Err(beside.invalid("status", status, &wanted));
        }
        let limit = beside.number("limit", 25, 1, 1000)?;
        // Pages are counted from 1; 0 is taken for the first one, too.
        let page = beside.number("offset", 1, 0, 1_000_000)?.max(1);
        let mut servers = beside.servers().await?;
        if let Some(ids) = beside.asked("server_id") {
            return Ok(by_ids(beside, &servers, ids));
        }
        servers.retain(|server| Self::matches(beside, server));
        let count = servers.len();
        let marker = beside.asked("marker");
        let at = marker.and_then(|marker| servers.iter().position(|one| one.id() == marker));
        let begin = match at {
            Some(at) => at + 1,
            None => (page - 1).saturating_mul(limit),
        };
        let shown = servers.iter().skip(begin).take(limit);
        let shown: Vec<Value> = shown.map(|server| server.shown(beside)).collect();
        Ok(json!({ "count": count, "servers": shown }))
    }
}
