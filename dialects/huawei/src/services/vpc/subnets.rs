//! Subnets. Their id is that of their network too: what groups name.

use std::net::Ipv4Addr;
use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    ListedSubnet, Record, RecordCommand, RecordId, RecordSpec, Records, Subnet, SubnetId,
    SubnetSpec, by_age,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cidr::Cidr;
use super::{Used, description, name, needed_name, tags, vpcs, with_kept};
use crate::services::body::{Body, Reader};
use crate::services::form::{Form, Member, may, must};
use crate::services::{Beside, Empty, Wrong};
use crate::times::second;

/// The id of something that is shown.
pub(super) fn id_of(shown: &Value) -> String {
    shown["id"].as_str().unwrap_or_default().to_owned()
}

/// What machines are told with their addresses.
const OPTION: Form = Form::Of(&[
    must(
        "opt_name",
        Form::OneOf(&["ntp", "addresstime", "ipv6_addresstime", "domainname"]),
    ),
    may("opt_value", Form::Text(255)),
]);

/// What is shown again as it was sent.
const KEPT: &[Member] = &[
    may("enable_network_address_usage_metrics", Form::Flag),
    may("extra_dhcp_opts", Form::List(4, &OPTION)),
];

/// Name servers of a subnet.
const NAME_SERVERS: usize = 5;

fn shown(beside: &Beside, subnet: &Subnet) -> Value {
    let (spec, id) = (&subnet.spec, subnet.id.uuid());
    let room = Cidr::read(&spec.cidr).map_or(0, Cidr::room);
    let shown = json!({
        "id": id,
        "name": spec.name,
        "description": spec.description,
        "cidr": spec.cidr,
        "gateway_ip": spec.gateway,
        "ipv6_enable": spec.ipv6,
        "cidr_v6": null,
        "gateway_ip_v6": null,
        "dhcp_enable": spec.dhcp,
        "primary_dns": spec.dns.first(),
        "secondary_dns": spec.dns.get(1),
        "dnsList": spec.dns,
        "availability_zone": spec.zone,
        "vpc_id": spec.vpc,
        "status": "ACTIVE",
        "neutron_network_id": id,
        "neutron_subnet_id": id,
        "neutron_subnet_id_v6": null,
        "extra_dhcp_opts": [],
        "scope": "center",
        "tenant_id": beside.project(),
        "available_ip_address_count": room,
        "created_at": second(subnet.head.created_at),
        "updated_at": second(subnet.head.updated_at),
        "enable_network_address_usage_metrics": false,
    });
    let mut shown = with_kept(shown, &spec.kept);
    // Those have calls of their own.
    if let Value::Object(shown) = &mut shown {
        shown.remove("tags");
    }
    shown
}

/// One that only the catalogue knows.
fn listed(beside: &Beside, id: &str, subnet: &ListedSubnet) -> Value {
    json!({
        "id": id,
        "name": id,
        "description": "",
        "cidr": "",
        "gateway_ip": "",
        "ipv6_enable": false,
        "dhcp_enable": true,
        "primary_dns": null,
        "secondary_dns": null,
        "dnsList": [],
        "availability_zone": subnet.zone,
        "vpc_id": subnet.vpc,
        "status": if subnet.unavailable { "ERROR" } else { "ACTIVE" },
        "neutron_network_id": id,
        "neutron_subnet_id": id,
        "extra_dhcp_opts": [],
        "tenant_id": beside.project(),
        "created_at": null,
        "updated_at": null,
    })
}

pub(super) fn made(records: &Records, id: &str) -> Option<Arc<Subnet>> {
    let id = SubnetId::parse_uuid(id).ok()?;
    records.subnets.get(&id).cloned()
}

impl Beside {
    /// One that was made here, in this VPC if one is named.
    pub(super) async fn own_subnet(
        &self,
        vpc: Option<&str>,
        id: &str,
    ) -> Result<Arc<Subnet>, Wrong> {
        if self.catalogue().subnets.contains_key(id) {
            return Err(self.conflict(format!("The subnet {id} is set up by the operator.")));
        }
        let records = self.records().await?;
        let found =
            made(&records, id).filter(|subnet| vpc.is_none_or(|vpc| subnet.spec.vpc == vpc));
        found.ok_or_else(|| self.absent("The subnet", id))
    }
}

/// Whether a time server or a time of lease is one.
fn check_option(subnet: &Reader<'_>, option: &Value) -> Result<(), Wrong> {
    let Some(text) = option["opt_value"].as_str() else {
        return Ok(());
    };
    let (good, wanted) = match option["opt_name"].as_str() {
        Some("ntp") => {
            let servers: Vec<&str> = text.split(',').map(str::trim).collect();
            let twice = |at: usize| servers[at + 1..].contains(&servers[at]);
            let all = servers.iter().all(|one| one.parse::<Ipv4Addr>().is_ok());
            let once = !(0..servers.len()).any(twice);
            let few = servers.len() <= 4;
            (
                all && once && few,
                "1 to 4 IPv4 addresses, each once, are right",
            )
        }
        Some("domainname") => {
            let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            let wanted = "a name of letters, digits, `.` and `-` is right";
            (!text.is_empty() && text.chars().all(good), wanted)
        }
        _ => {
            let hours = text.strip_suffix('h').and_then(|hours| hours.parse().ok());
            let good = text == "-1" || hours.is_some_and(|hours| (1..=30_000).contains(&hours));
            (good, "-1 or 1h to 30000h is right")
        }
    };
    match good {
        true => Ok(()),
        false => Err(subnet.invalid("extra_dhcp_opts.opt_value", text, wanted)),
    }
}

/// The name servers that are asked for, if any are.
fn name_servers(subnet: &mut Reader<'_>) -> Result<Option<Vec<String>>, Wrong> {
    let address = |subnet: &Reader<'_>, name: &str, text: &str| match text.parse::<Ipv4Addr>() {
        Ok(_) => Ok(()),
        Err(_) => Err(subnet.invalid(name, text, "an IPv4 address is right")),
    };
    let mut single = Vec::new();
    let mut is_said = false;
    for name in ["primary_dns", "secondary_dns"] {
        if let Some(text) = subnet.text(name, 255)? {
            is_said = true;
            if !text.is_empty() {
                address(subnet, name, &text)?;
                single.push(text);
            }
        }
    }
    let Some(all) = subnet.texts("dnsList", NAME_SERVERS)? else {
        return Ok(is_said.then_some(single));
    };
    for text in &all {
        address(subnet, "dnsList", text)?;
    }
    if let Some(other) = single.iter().find(|one| !all.contains(one)) {
        let wanted = "a server of `dnsList` is right";
        return Err(subnet.invalid("primary_dns", other, wanted));
    }
    Ok(Some(all))
}

/// What a request says, over what there was.
fn read(
    beside: &Beside,
    subnet: Option<Body>,
    old: Option<&SubnetSpec>,
) -> Result<SubnetSpec, Wrong> {
    let subnet = subnet.ok_or_else(|| beside.missing("subnet"))?;
    let mut subnet = subnet.read(beside, "subnet");
    let mut spec = match old {
        Some(old) => old.clone(),
        None => SubnetSpec {
            name: needed_name(&mut subnet)?,
            vpc: subnet.needed("vpc_id", 64)?,
            cidr: subnet.needed("cidr", 18)?,
            gateway: subnet.needed("gateway_ip", 15)?,
            zone: subnet.text("availability_zone", 64)?.unwrap_or_default(),
            dhcp: true,
            ..SubnetSpec::default()
        },
    };
    if let Some(name) = name(&mut subnet)?.filter(|name| !name.is_empty()) {
        spec.name = name;
    }
    if let Some(description) = description(&mut subnet)? {
        spec.description = description;
    }
    spec.dhcp = subnet.flag("dhcp_enable")?.unwrap_or(spec.dhcp);
    spec.ipv6 = subnet.flag("ipv6_enable")?.unwrap_or(spec.ipv6);
    if let Some(servers) = name_servers(&mut subnet)? {
        spec.dns = servers;
    }
    if let Some(tags) = tags::given(&mut subnet)? {
        spec.kept.insert("tags".to_owned(), tags);
    }
    let mut kept = subnet.kept(KEPT)?;
    if let Some(Value::Array(options)) = kept.get_mut("extra_dhcp_opts") {
        for option in options.iter() {
            check_option(&subnet, option)?;
        }
        // One that is named without a value is taken back.
        options.retain(|option| option.get("opt_value").is_some());
    }
    spec.kept.extend(kept);
    let wanted = "a range of addresses like 192.168.0.0/24 is right";
    let cidr = Cidr::read(&spec.cidr).filter(|cidr| cidr.has_bits(8, 28));
    let cidr = cidr.ok_or_else(|| subnet.invalid("cidr", &spec.cidr, wanted))?;
    let gateway = spec.gateway.parse::<Ipv4Addr>().ok();
    match gateway.is_some_and(|gateway| cidr.has(gateway)) {
        true => Ok(spec),
        false => {
            let wanted = "an address of the subnet is right";
            Err(subnet.invalid("gateway_ip", &spec.gateway, wanted))
        }
    }
}

/// Whether a new subnet fits into its VPC, next to the others there.
fn check_fits(beside: &Beside, records: &Records, spec: &SubnetSpec) -> Result<(), Wrong> {
    let vpc = vpcs::made(records, &spec.vpc);
    let catalogue = beside.catalogue();
    if vpc.is_none() && !catalogue.vpcs.contains(&spec.vpc) {
        return Err(beside.absent("The VPC of `subnet.vpc_id`,", &spec.vpc));
    }
    let Some(cidr) = Cidr::read(&spec.cidr) else {
        return Ok(());
    };
    let all = vpc.and_then(|vpc| Cidr::read(&vpc.spec.cidr));
    if all.is_some_and(|all| !all.contains(cidr)) {
        let wanted = "a part of the VPC is right";
        return Err(beside.invalid("subnet.cidr", &spec.cidr, wanted));
    }
    let mut others = records.subnets.values();
    let overlaps = |other: &&Arc<Subnet>| {
        let other = &other.spec;
        other.vpc == spec.vpc && Cidr::read(&other.cidr).is_some_and(|one| one.overlaps(cidr))
    };
    match others.find(overlaps) {
        Some(other) => {
            let wanted = format!("it overlaps the subnet {}", other.id.uuid());
            Err(beside.invalid("subnet.cidr", &spec.cidr, &wanted))
        }
        None => Ok(()),
    }
}

/// CreateSubnet.
#[derive(Deserialize)]
pub(super) struct CreateSubnet {
    subnet: Option<Body>,
}

impl Action<Beside> for CreateSubnet {
    const NAME: &'static str = "CreateSubnet";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let spec = read(beside, self.subnet, None)?;
        check_fits(beside, &*beside.records().await?, &spec)?;
        let id = beside.create(RecordSpec::Subnet(Box::new(spec))).await?;
        let made = beside.records().await?.get(id);
        let Some(Record::Subnet(subnet)) = made else {
            return Err(beside.broken("the subnet is gone"));
        };
        Ok(json!({ "subnet": shown(beside, &subnet) }))
    }
}

/// ListSubnets.
#[derive(Deserialize)]
pub(super) struct ListSubnets {}

impl Action<Beside> for ListSubnets {
    const NAME: &'static str = "ListSubnets";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let (catalogue, records) = (beside.catalogue(), beside.records().await?);
        let made = by_age(&records.subnets).into_iter();
        let made = made.map(|subnet| shown(beside, subnet));
        let given = catalogue.subnets.iter();
        let given = given.map(|(id, subnet)| listed(beside, id, subnet));
        let subnets = given.chain(made).filter(|subnet| {
            let text = |name: &str| subnet[name].as_str().unwrap_or_default().to_owned();
            beside.matches("vpc_id", &text("vpc_id")) && beside.matches("id", &text("id"))
        });
        let window = beside.window(2000, 2000)?;
        let subnets = window.cut(subnets.collect(), id_of);
        Ok(json!({ "subnets": subnets }))
    }
}

/// One of the subnets that there are.
pub(super) async fn one(beside: &Beside, id: &str) -> Result<Value, Wrong> {
    let records = beside.records().await?;
    let catalogue = beside.catalogue();
    let found = made(&records, id).map(|subnet| shown(beside, &subnet));
    let found = found.or_else(|| {
        let subnet = catalogue.subnets.get(id)?;
        Some(listed(beside, id, subnet))
    });
    found.ok_or_else(|| beside.absent("The subnet", id))
}

/// ShowSubnet.
#[derive(Deserialize)]
pub(super) struct ShowSubnet {
    subnet_id: String,
}

impl Action<Beside> for ShowSubnet {
    const NAME: &'static str = "ShowSubnet";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let subnet = one(beside, &self.subnet_id).await?;
        Ok(json!({ "subnet": subnet }))
    }
}

/// UpdateSubnet.
#[derive(Deserialize)]
pub(super) struct UpdateSubnet {
    vpc_id: String,
    subnet_id: String,
    subnet: Option<Body>,
}

impl Action<Beside> for UpdateSubnet {
    const NAME: &'static str = "UpdateSubnet";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let old = beside
            .own_subnet(Some(&self.vpc_id), &self.subnet_id)
            .await?;
        let spec = read(beside, self.subnet, Some(&old.spec))?;
        let replace = RecordCommand::Replace {
            id: RecordId::Subnet(old.id),
            version: old.head.version,
            spec: RecordSpec::Subnet(Box::new(spec)),
        };
        beside.change(vec![replace]).await?;
        Ok(json!({ "subnet": { "id": self.subnet_id, "status": "ACTIVE" } }))
    }
}

/// DeleteSubnet.
#[derive(Deserialize)]
pub(super) struct DeleteSubnet {
    vpc_id: String,
    subnet_id: String,
}

impl Action<Beside> for DeleteSubnet {
    const NAME: &'static str = "DeleteSubnet";
    type Response = Empty;

    async fn run(self, beside: &Beside) -> Result<Empty, Wrong> {
        let subnet = beside
            .own_subnet(Some(&self.vpc_id), &self.subnet_id)
            .await?;
        let id = &self.subnet_id;
        if let Some(user) = beside.user_of(Used::Subnet(id)).await? {
            return Err(beside.conflict(format!("The subnet {id} is used by {user}.")));
        }
        beside.delete(RecordId::Subnet(subnet.id)).await?;
        Ok(Empty {})
    }
}
