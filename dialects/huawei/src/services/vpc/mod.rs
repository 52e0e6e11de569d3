//! Virtual Private Cloud: networks and security groups (spec `facets.vpc`). Records: nothing is built of them, and groups and
//! configurations name them by their ids. What the catalogue lists is here as well.

mod cidr;
mod groups;
mod rules;
mod subnets;
mod tags;
mod vpcs;

use http::{Method, StatusCode};
use muster_model::{Kept, ServerState};
use serde_json::{Map, Value, json};

use super::body::Reader;
use super::{Beside, Codes, Service, Wrong, route};
use crate::routes::Route;

/// Characters of a name.
const NAME_CHARS: usize = 64;
/// Characters of a description.
const DESCRIPTION_CHARS: usize = 255;

/// A name: letters of any kind, digits, `_`, `-` and `.`.
fn name(reader: &mut Reader<'_>) -> Result<Option<String>, Wrong> {
    let name = reader.text("name", NAME_CHARS)?;
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    match name {
        Some(name) if !name.chars().all(good) => {
            let wanted = "letters, digits, Chinese characters, `_`, `-` and `.` are right";
            Err(reader.invalid("name", name, wanted))
        }
        name => Ok(name),
    }
}

/// A name that has to be there.
fn needed_name(reader: &mut Reader<'_>) -> Result<String, Wrong> {
    let name = name(reader)?.filter(|name| !name.is_empty());
    name.ok_or_else(|| reader.missing("name"))
}

/// A description.
fn description(reader: &mut Reader<'_>) -> Result<Option<String>, Wrong> {
    reader.words("description", DESCRIPTION_CHARS)
}

/// What is shown, with what was kept in its place.
fn with_kept(shown: Value, kept: &Kept) -> Value {
    let mut shown: Map<String, Value> = shown.as_object().cloned().unwrap_or_default();
    let kept = kept.iter();
    shown.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
    Value::Object(shown)
}

/// A network that may be in use.
#[derive(Clone, Copy)]
enum Used<'a> {
    Vpc(&'a str),
    Subnet(&'a str),
    SecurityGroup(&'a str),
}

impl Beside {
    /// A trial: nothing is made, and that is said (202).
    fn tried(&self) -> Value {
        self.answer_with(StatusCode::ACCEPTED);
        json!({ "request_id": self.request_id })
    }

    /// What uses a network: a group, a machine of one, a server, a load balancer.
    async fn user_of(&self, used: Used<'_>) -> Result<Option<String>, Wrong> {
        for view in self.views().await? {
            let network = &view.group.spec.network;
            let has = |all: &[String], id: &str| all.iter().any(|one| one == id);
            let config = view.config.as_ref();
            let of_config =
                |id: &str| config.is_some_and(|config| has(&config.spec.security_groups, id));
            let mut machines = view.instances.values();
            let is_used = match used {
                Used::Vpc(id) => network.vpc == id,
                Used::Subnet(id) => {
                    has(&network.subnets, id)
                        || machines.any(|machine| machine.placement.subnet == id)
                }
                Used::SecurityGroup(id) => has(&network.security_groups, id) || of_config(id),
            };
            if is_used {
                return Ok(Some(format!("the group {}", view.group.id.uuid())));
            }
        }
        let records = self.records().await?;
        let mut servers = records.servers.values();
        let server = servers.find(|server| {
            let spec = &server.spec;
            let is_used = match used {
                Used::Vpc(id) => spec.vpc == id,
                Used::Subnet(id) => spec.subnets.iter().any(|one| one == id),
                Used::SecurityGroup(id) => spec.security_groups.iter().any(|one| one == id),
            };
            is_used && !matches!(spec.state, ServerState::Failed { .. })
        });
        if let Some(server) = server {
            return Ok(Some(format!("the server {}", server.spec.instance.uuid())));
        }
        let mut balancers = records.load_balancers.values();
        let balancer = balancers.find(|balancer| {
            let spec = &balancer.spec;
            match used {
                Used::Vpc(id) => spec.vpc.as_deref() == Some(id),
                Used::Subnet(id) => spec.subnet.as_deref() == Some(id),
                Used::SecurityGroup(_) => false,
            }
        });
        Ok(balancer.map(|balancer| format!("the load balancer {}", balancer.id.uuid())))
    }
}

/// Version 1.
pub(super) static SERVICE: Service = Service {
    name: "vpc",
    routes: ROUTES,
    write,
    codes: Codes {
        malformed: "VPC.0101",
        absent: "VPC.0202",
        conflict: "VPC.0209",
        quota: "VPC.0114",
        denied: "VPC.2701",
        system: "VPC.0001",
    },
};

/// Version 3.
pub(super) static SERVICE_V3: Service = Service {
    name: "vpc3",
    routes: ROUTES_V3,
    write: write_v3,
    codes: Codes {
        malformed: "VPC.0601",
        absent: "VPC.0602",
        conflict: "VPC.0606",
        quota: "VPC.0604",
        denied: "VPC.2701",
        system: "VPC.0001",
    },
};

fn write(wrong: &Wrong, _: &str) -> Value {
    json!({ "code": wrong.code, "message": wrong.message })
}

fn write_v3(wrong: &Wrong, request_id: &str) -> Value {
    json!({
        "error_code": wrong.code,
        "error_msg": wrong.message,
        "request_id": request_id,
    })
}

static ROUTES: &[Route<Beside>] = &[
    route::<vpcs::CreateVpc>(Method::POST, "/v1/{project_id}/vpcs", 200),
    route::<vpcs::ListVpcs>(Method::GET, "/v1/{project_id}/vpcs", 200),
    route::<vpcs::ShowVpc>(Method::GET, "/v1/{project_id}/vpcs/{vpc_id}", 200),
    route::<vpcs::UpdateVpc>(Method::PUT, "/v1/{project_id}/vpcs/{vpc_id}", 200),
    route::<vpcs::DeleteVpc>(Method::DELETE, "/v1/{project_id}/vpcs/{vpc_id}", 204),
    route::<subnets::CreateSubnet>(Method::POST, "/v1/{project_id}/subnets", 200),
    route::<subnets::ListSubnets>(Method::GET, "/v1/{project_id}/subnets", 200),
    route::<subnets::ShowSubnet>(Method::GET, "/v1/{project_id}/subnets/{subnet_id}", 200),
    route::<subnets::UpdateSubnet>(
        Method::PUT,
        "/v1/{project_id}/vpcs/{vpc_id}/subnets/{subnet_id}",
        200,
    ),
    route::<subnets::DeleteSubnet>(
        Method::DELETE,
        "/v1/{project_id}/vpcs/{vpc_id}/subnets/{subnet_id}",
        204,
    ),
    route::<groups::CreateSecurityGroup>(Method::POST, "/v1/{project_id}/security-groups", 200),
    route::<groups::ListSecurityGroups>(Method::GET, "/v1/{project_id}/security-groups", 200),
    route::<groups::ShowSecurityGroup>(
        Method::GET,
        "/v1/{project_id}/security-groups/{security_group_id}",
        200,
    ),
    route::<groups::DeleteSecurityGroup>(
        Method::DELETE,
        "/v1/{project_id}/security-groups/{security_group_id}",
        204,
    ),
    route::<tags::ShowTags>(
        Method::GET,
        "/v2.0/{project_id}/vpcs/{resource_id}/tags",
        200,
    ),
    route::<tags::ShowTags>(
        Method::GET,
        "/v2.0/{project_id}/subnets/{resource_id}/tags",
        200,
    ),
    route::<tags::ShowTags>(
        Method::GET,
        "/v2.0/{project_id}/security-groups/{resource_id}/tags",
        200,
    ),
    route::<tags::ChangeTags>(
        Method::POST,
        "/v2.0/{project_id}/vpcs/{resource_id}/tags/action",
        204,
    ),
    route::<tags::ChangeTags>(
        Method::POST,
        "/v2.0/{project_id}/subnets/{resource_id}/tags/action",
        204,
    ),
    route::<tags::ChangeTags>(
        Method::POST,
        "/v2.0/{project_id}/security-groups/{resource_id}/tags/action",
        204,
    ),
    route::<rules::CreateRuleV1>(Method::POST, "/v1/{project_id}/security-group-rules", 200),
    route::<rules::ListRulesV1>(Method::GET, "/v1/{project_id}/security-group-rules", 200),
    route::<rules::ShowRuleV1>(
        Method::GET,
        "/v1/{project_id}/security-group-rules/{security_group_rule_id}",
        200,
    ),
    route::<rules::DeleteSecurityGroupRule>(
        Method::DELETE,
        "/v1/{project_id}/security-group-rules/{security_group_rule_id}",
        204,
    ),
];

static ROUTES_V3: &[Route<Beside>] = &[
    route::<vpcs::ListVpcsV3>(Method::GET, "/v3/{project_id}/vpc/vpcs", 200),
    route::<vpcs::ShowVpcV3>(Method::GET, "/v3/{project_id}/vpc/vpcs/{vpc_id}", 200),
    route::<groups::CreateSecurityGroupV3>(
        Method::POST,
        "/v3/{project_id}/vpc/security-groups",
        201,
    ),
    route::<groups::ListSecurityGroupsV3>(Method::GET, "/v3/{project_id}/vpc/security-groups", 200),
    route::<groups::ShowSecurityGroupV3>(
        Method::GET,
        "/v3/{project_id}/vpc/security-groups/{security_group_id}",
        200,
    ),
    route::<groups::UpdateSecurityGroupV3>(
        Method::PUT,
        "/v3/{project_id}/vpc/security-groups/{security_group_id}",
        200,
    ),
    route::<groups::DeleteSecurityGroup>(
        Method::DELETE,
        "/v3/{project_id}/vpc/security-groups/{security_group_id}",
        204,
    ),
    route::<rules::CreateSecurityGroupRule>(
        Method::POST,
        "/v3/{project_id}/vpc/security-group-rules",
        201,
    ),
    route::<rules::ListSecurityGroupRules>(
        Method::GET,
        "/v3/{project_id}/vpc/security-group-rules",
        200,
    ),
    route::<rules::ShowSecurityGroupRule>(
        Method::GET,
        "/v3/{project_id}/vpc/security-group-rules/{security_group_rule_id}",
        200,
    ),
    route::<rules::DeleteSecurityGroupRule>(
        Method::DELETE,
        "/v3/{project_id}/vpc/security-group-rules/{security_group_rule_id}",
        204,
    ),
];
