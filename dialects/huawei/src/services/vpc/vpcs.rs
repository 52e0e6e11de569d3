//! VPCs.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Record, RecordCommand, RecordId, RecordSpec, Records, Vpc, VpcId, VpcSpec, by_age,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cidr::Cidr;
use super::{Used, description, name, tags, with_kept};
use crate::services::body::Body;
use crate::services::form::{Form, Member, may};
use crate::services::{Beside, Empty, Wrong};
use crate::times::second;

/// A way out.
const ROUTE: Form = Form::Of(&[
    may("destination", Form::OneOf(&["0.0.0.0/0"])),
    may("nexthop", Form::Text(15)),
]);

/// What is shown again as it was sent.
const KEPT: &[Member] = &[
    may("block_service_endpoint_states", Form::OneOf(&["on", "off"])),
    may("enable_network_address_usage_metrics", Form::Flag),
    may("routes", Form::List(1, &ROUTE)),
];

fn shown(beside: &Beside, vpc: &Vpc) -> Value {
    let spec = &vpc.spec;
    let shown = json!({
        "id": vpc.id.uuid(),
        "name": spec.name,
        "description": spec.description,
        "cidr": spec.cidr,
        "status": "OK",
        "routes": [],
        "enterprise_project_id": spec.enterprise_project.as_deref().unwrap_or("0"),
        "tenant_id": beside.project(),
        "created_at": second(vpc.head.created_at),
        "updated_at": second(vpc.head.updated_at),
        "block_service_endpoint_states": "off",
        "enable_network_address_usage_metrics": false,
    });
    with_kept(shown, &spec.kept)
}

/// One that only the catalogue knows: its id.
fn listed(beside: &Beside, id: &str) -> Value {
    json!({
        "id": id,
        "name": id,
        "description": "",
        "cidr": "",
        "status": "OK",
        "routes": [],
        "enterprise_project_id": "0",
        "tenant_id": beside.project(),
        "created_at": null,
        "updated_at": null,
        "block_service_endpoint_states": "off",
        "enable_network_address_usage_metrics": false,
    })
}

/// The VPC that an id names, if it was made here.
pub(super) fn made(records: &Records, id: &str) -> Option<Arc<Vpc>> {
    let id = VpcId::parse_uuid(id).ok()?;
    records.vpcs.get(&id).cloned()
}

impl Beside {
    /// What has to be changed: not there, or only in the catalogue, which callers do not change.
    pub(super) async fn own_vpc(&self, id: &str) -> Result<Arc<Vpc>, Wrong> {
        if self.catalogue().vpcs.contains(id) {
            return Err(self.conflict(format!("The VPC {id} is set up by the operator.")));
        }
        let records = self.records().await?;
        made(&records, id).ok_or_else(|| self.absent("The VPC", id))
    }
}

/// What a request says, over what there was.
fn read(beside: &Beside, vpc: Option<Body>, old: Option<&VpcSpec>) -> Result<VpcSpec, Wrong> {
    let vpc = vpc.ok_or_else(|| beside.missing("vpc"))?;
    let mut vpc = vpc.read(beside, "vpc");
    let mut spec = old.cloned().unwrap_or_default();
    if let Some(name) = name(&mut vpc)? {
        spec.name = name;
    }
    if let Some(description) = description(&mut vpc)? {
        spec.description = description;
    }
    if let Some(cidr) = vpc.text("cidr", 18)?.filter(|cidr| !cidr.is_empty()) {
        let good = Cidr::read(&cidr).is_some_and(|cidr| cidr.has_bits(8, 28) && cidr.is_private());
        if !good {
            let wanted = "a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, not smaller than /28, is right";
            return Err(vpc.invalid("cidr", cidr, wanted));
        }
        spec.cidr = cidr;
    }
    if let Some(project) = vpc.text("enterprise_project_id", 36)? {
        spec.enterprise_project = Some(project);
    }
    if let Some(tags) = tags::given(&mut vpc)? {
        spec.kept.insert("tags".to_owned(), tags);
    }
    spec.kept.extend(vpc.kept(KEPT)?);
    Ok(spec)
}

/// As version 1 shows it: tags have calls of their own.
fn v1(mut shown: Value) -> Value {
    if let Value::Object(shown) = &mut shown {
        shown.remove("tags");
    }
    shown
}

/// As version 3 shows it: what version 1 does, and what only that one knows.
fn v3(mut shown: Value) -> Value {
    if let Value::Object(shown) = &mut shown {
        let tenant = shown.remove("tenant_id");
        for only_v1 in ["routes", "enable_network_address_usage_metrics"] {
            shown.remove(only_v1);
        }
        let more = json!({
            "project_id": tenant,
            "extend_cidrs": [],
            "cloud_resources": [],
        });
        shown.extend(more.as_object().cloned().unwrap_or_default());
        shown.entry("tags").or_insert_with(|| json!([]));
    }
    shown
}

/// ListVpcs, version 3.
#[derive(Deserialize)]
pub(super) struct ListVpcsV3 {}

impl Action<Beside> for ListVpcsV3 {
    const NAME: &'static str = "ListVpcsV3";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let vpcs = asked(beside).await?.into_iter().map(v3);
        let vpcs: Vec<Value> = vpcs.collect();
        Ok(json!({
            "request_id": beside.request_id,
            "page_info": beside.page_info(&vpcs, super::subnets::id_of),
            "vpcs": vpcs,
        }))
    }
}

/// ShowVpc, version 3.
#[derive(Deserialize)]
pub(super) struct ShowVpcV3 {
    vpc_id: String,
}

impl Action<Beside> for ShowVpcV3 {
    const NAME: &'static str = "ShowVpcV3";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let vpc = v3(one(beside, &self.vpc_id).await?);
        Ok(json!({ "request_id": beside.request_id, "vpc": vpc }))
    }
}

/// CreateVpc.
#[derive(Deserialize)]
pub(super) struct CreateVpc {
    vpc: Option<Body>,
}

impl Action<Beside> for CreateVpc {
    const NAME: &'static str = "CreateVpc";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let spec = read(beside, self.vpc, None)?;
        let id = beside.create(RecordSpec::Vpc(Box::new(spec))).await?;
        let made = beside.records().await?.get(id);
        let Some(Record::Vpc(vpc)) = made else {
            return Err(beside.broken("the VPC is gone"));
        };
        Ok(json!({ "vpc": v1(shown(beside, &vpc)) }))
    }
}

/// ListVpcs.
#[derive(Deserialize)]
pub(super) struct ListVpcs {}

impl Action<Beside> for ListVpcs {
    const NAME: &'static str = "ListVpcs";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let vpcs = asked(beside).await?.into_iter().map(v1);
        Ok(json!({ "vpcs": vpcs.collect::<Vec<_>>() }))
    }
}

/// The VPCs that a list asks for.
async fn asked(beside: &Beside) -> Result<Vec<Value>, Wrong> {
    let (catalogue, records) = (beside.catalogue(), beside.records().await?);
    let made = by_age(&records.vpcs)
        .into_iter()
        .map(|vpc| shown(beside, vpc));
    let listed = catalogue.vpcs.iter().map(|id| listed(beside, id));
    let vpcs = listed.chain(made).filter(|vpc| {
        let text = |name: &str| vpc[name].as_str().unwrap_or_default().to_owned();
        let project = beside.asked("enterprise_project_id");
        beside.matches("id", &text("id"))
            && beside.matches("name", &text("name"))
            && beside.matches("description", &text("description"))
            && beside.matches("cidr", &text("cidr"))
            && project.is_none_or(|wanted| {
                wanted == "all_granted_eps" || wanted == text("enterprise_project_id")
            })
    });
    let window = beside.window(2000, 2000)?;
    Ok(window.cut(vpcs.collect(), super::subnets::id_of))
}

/// One of them.
pub(super) async fn one(beside: &Beside, id: &str) -> Result<Value, Wrong> {
    let records = beside.records().await?;
    let found = made(&records, id).map(|vpc| shown(beside, &vpc));
    let is_listed = beside.catalogue().vpcs.contains(id);
    let found = found.or_else(|| is_listed.then(|| listed(beside, id)));
    found.ok_or_else(|| beside.absent("The VPC", id))
}

/// ShowVpc.
#[derive(Deserialize)]
pub(super) struct ShowVpc {
    vpc_id: String,
}

impl Action<Beside> for ShowVpc {
    const NAME: &'static str = "ShowVpc";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        Ok(json!({ "vpc": v1(one(beside, &self.vpc_id).await?) }))
    }
}

/// UpdateVpc.
#[derive(Deserialize)]
pub(super) struct UpdateVpc {
    vpc_id: String,
    vpc: Option<Body>,
}

impl Action<Beside> for UpdateVpc {
    const NAME: &'static str = "UpdateVpc";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let old = beside.own_vpc(&self.vpc_id).await?;
        let spec = read(beside, self.vpc, Some(&old.spec))?;
        let replace = RecordCommand::Replace {
            id: RecordId::Vpc(old.id),
            version: old.head.version,
            spec: RecordSpec::Vpc(Box::new(spec)),
        };
        beside.change(vec![replace]).await?;
        let records = beside.records().await?;
        let vpc = made(&records, &self.vpc_id);
        let vpc = vpc.ok_or_else(|| beside.absent("The VPC", &self.vpc_id))?;
        Ok(json!({ "vpc": v1(shown(beside, &vpc)) }))
    }
}

/// DeleteVpc.
#[derive(Deserialize)]
pub(super) struct DeleteVpc {
    vpc_id: String,
}

impl Action<Beside> for DeleteVpc {
    const NAME: &'static str = "DeleteVpc";
    type Response = Empty;

    async fn run(self, beside: &Beside) -> Result<Empty, Wrong> {
        let vpc = beside.own_vpc(&self.vpc_id).await?;
        if let Some(user) = beside.user_of(Used::Vpc(&self.vpc_id)).await? {
            let message = format!("The VPC {} is used by {user}.", self.vpc_id);
            return Err(beside.conflict(message));
        }
        beside.delete(RecordId::Vpc(vpc.id)).await?;
        Ok(Empty {})
    }
}
