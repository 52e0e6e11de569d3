//! VPCs.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Record, RecordCommand, RecordId, RecordSpec, Records, Vpc, VpcId, VpcSpec, by_age,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cidr::Cidr;
use crate::services::body::Body;
use crate::services::{Beside, Empty, Wrong};
use crate::times::second;

fn shown(beside: &Beside, vpc: &Vpc) -> Value {
    let spec = &vpc.spec;
    json!({
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
    })
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
    })
}

/// The VPC that an id names, if it was made here.
pub(super) fn made(records: &Records, id: &str) -> Option<Arc<Vpc>> {
    let id = VpcId::parse_uuid(id).ok()?;
    records.vpcs.get(&id).cloned()
}

impl Beside {
    /// What has to be changed: not there, or only in the catalogue, which callers do not change.
    async fn own_vpc(&self, id: &str) -> Result<Arc<Vpc>, Wrong> {
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
    if let Some(name) = vpc.text("name", 64)? {
        spec.name = name;
    }
    if let Some(description) = vpc.text("description", 255)? {
        spec.description = description;
    }
    if let Some(cidr) = vpc.text("cidr", 18)?.filter(|cidr| !cidr.is_empty()) {
        let good = Cidr::read(&cidr).is_some_and(|cidr| cidr.has_bits(8, 28));
        if !good {
            return Err(vpc.invalid("cidr", cidr, "a range like 192.168.0.0/16 is right"));
        }
        spec.cidr = cidr;
    }
    if let Some(project) = vpc.text("enterprise_project_id", 36)? {
        spec.enterprise_project = Some(project);
    }
    Ok(spec)
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
        Ok(json!({ "vpc": shown(beside, &vpc) }))
    }
}

/// ListVpcs.
#[derive(Deserialize)]
pub(super) struct ListVpcs {}

impl Action<Beside> for ListVpcs {
    const NAME: &'static str = "ListVpcs";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
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
                && project.is_none_or(|wanted| {
                    wanted == "all_granted_eps" || wanted == text("enterprise_project_id")
                })
        });
        let window = beside.window(2000, 2000)?;
        let vpcs = window.cut(vpcs.collect(), super::subnets::id_of);
        Ok(json!({ "vpcs": vpcs }))
    }
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
        let records = beside.records().await?;
        let found = made(&records, &self.vpc_id).map(|vpc| shown(beside, &vpc));
        let is_listed = beside.catalogue().vpcs.contains(&self.vpc_id);
        let found = found.or_else(|| is_listed.then(|| listed(beside, &self.vpc_id)));
        let vpc = found.ok_or_else(|| beside.absent("The VPC", &self.vpc_id))?;
        Ok(json!({ "vpc": vpc }))
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
        Ok(json!({ "vpc": shown(beside, &vpc) }))
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
        let views = beside.views().await?;
        let mut views = views.iter();
        if let Some(user) = views.find(|view| view.group.spec.network.vpc == self.vpc_id) {
            let user = user.group.id.uuid();
            let message = format!("The VPC {} is used by the group {user}.", self.vpc_id);
            return Err(beside.conflict(message));
        }
        beside.delete(RecordId::Vpc(vpc.id)).await?;
        Ok(Empty {})
    }
}
