//! Virtual Private Cloud: networks and security groups (spec `facets.vpc`). Records: nothing is built of them, and groups and
//! configurations name them by their ids. What the catalogue lists is here as well.

mod cidr;
mod groups;
mod rules;
mod subnets;
mod vpcs;

use http::Method;
use serde_json::{Value, json};

use super::{Beside, Codes, Service, Wrong, route};
use crate::routes::Route;

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
];

static ROUTES_V3: &[Route<Beside>] = &[
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
