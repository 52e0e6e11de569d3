//! Elastic Cloud Server: the machines, one by one (spec `facets.ecs`).
//!
//! What is made here is a machine of the account's own, in no group; what a group made is here as well.

mod change;
mod create;
mod flavors;
mod forms;
mod jobs;
mod refused;
mod servers;
mod volumes;

use http::Method;
use serde_json::{Value, json};

use super::{Beside, Codes, Service, Wrong, route};
use crate::routes::Route;

pub(super) use flavors::size;

/// The service.
pub(super) static SERVICE: Service = Service {
    name: "ecs",
    routes: ROUTES,
    write,
    codes: Codes {
        malformed: "Ecs.0005",
        absent: "Ecs.0114",
        conflict: "Ecs.0111",
        quota: "Ecs.0013",
        denied: "Ecs.0003",
        system: "Ecs.0000",
    },
};

/// Errors of Nova's paths carry a name for their status; those of the others do not.
fn write(wrong: &Wrong, _: &str) -> Value {
    json!({ "error": { "code": wrong.code, "message": wrong.message } })
}

static ROUTES: &[Route<Beside>] = &[
    route::<create::CreateServers>(Method::POST, "/v1.1/{project_id}/cloudservers", 200),
    route::<create::CreatePostPaidServers>(Method::POST, "/v1/{project_id}/cloudservers", 200),
    route::<servers::ListServersDetails>(Method::GET, "/v1/{project_id}/cloudservers/detail", 200),
    route::<flavors::ListFlavors>(Method::GET, "/v1/{project_id}/cloudservers/flavors", 200),
    route::<change::DeleteServers>(Method::POST, "/v1/{project_id}/cloudservers/delete", 200),
    route::<change::BatchStopServers>(Method::POST, "/v1/{project_id}/cloudservers/action", 200),
    route::<servers::ShowServer>(
        Method::GET,
        "/v1/{project_id}/cloudservers/{server_id}",
        200,
    ),
    route::<jobs::ShowJob>(Method::GET, "/v1/{project_id}/jobs/{job_id}", 200),
    route::<flavors::NovaListAvailabilityZones>(
        Method::GET,
        "/v2.1/{project_id}/os-availability-zone",
        200,
    ),
];
