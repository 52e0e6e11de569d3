//! What of the API is there, endpoint by endpoint and parameter by parameter; what is not is listed in the golden file.

use std::collections::BTreeSet;
use std::fmt::Write;

use muster_kit::node::{Limits, json};

use super::facts::{Endpoint, facts};
use crate::actions::ROUTES;
use crate::identity::Call;
use crate::routes::{Found, Route, find};

/// The route of an endpoint, with something in place of its parameters.
fn route(endpoint: &Endpoint) -> Option<&'static Route> {
    let path = endpoint.path.replace(['{', '}'], "");
    match find(ROUTES, &endpoint.method.parse().unwrap(), &path) {
        Found::Route(route, _) => Some(route),
        Found::OtherMethod | Found::Nothing => None,
    }
}

/// Whether the endpoint is one of those that need no project.
fn is_version(endpoint: &Endpoint) -> bool {
    let path = endpoint.path.replace("{api_version}", "v1");
    Call::of(&endpoint.method.parse().unwrap(), &path).is_some()
}

#[test]
fn what_is_not_covered_is_listed() {
    let mut text = String::new();
    for endpoint in facts().endpoints {
        let name = format!("{} {} {}", endpoint.op, endpoint.method, endpoint.path);
        let Some(route) = route(&endpoint) else {
            if !is_version(&endpoint) {
                writeln!(text, "{name}: not served").unwrap();
            }
            continue;
        };
        assert_eq!(route.entry.name, endpoint.op, "{name}");
        assert_eq!(route.status, endpoint.status, "{name}");
        let known: BTreeSet<String> = (route.entry.fields)()
            .into_iter()
            .map(|field| field.path)
            .collect();
        for (path, kind, _) in &endpoint.fields {
            // Free names: whatever stands below them is read.
            let below = |known: &String| {
                path.starts_with(&format!("{known}.")) && path.contains("metadata.")
            };
            if !known.contains(path) && !known.iter().any(below) {
                writeln!(text, "{name}: parameter {path} ({kind})").unwrap();
            }
        }
    }
    insta::assert_snapshot!("uncovered", text);
}

#[test]
fn every_route_is_documented_once() {
    let facts = facts();
    for (at, one) in ROUTES.iter().enumerate() {
        let documented = facts.endpoints.iter().filter(|endpoint| {
            let path = endpoint.path.replace("/autoscaling-api", "");
            endpoint.method == one.method.as_str() && path == one.path
        });
        assert_eq!(documented.count(), 1, "{} {}", one.method, one.path);
        let same = |other: &Route| other.method == one.method && other.path == one.path;
        assert!(
            !ROUTES[..at].iter().any(same),
            "{} {}",
            one.method,
            one.path
        );
    }
}

#[test]
fn documented_requests_are_read() {
    let mut count = 0;
    for endpoint in facts().endpoints {
        let Some(route) = route(&endpoint) else {
            continue;
        };
        for example in &endpoint.examples {
            let mut request = example.as_object().unwrap().clone();
            for part in endpoint
                .path
                .split('/')
                .filter(|part| part.starts_with('{'))
            {
                let name = part.trim_matches(['{', '}']);
                if name != "project_id" {
                    request.insert(name.to_owned(), "x".into());
                }
            }
            let text = serde_json::to_vec(&request).unwrap();
            let node = json::parse_object(&text, &Limits::default()).unwrap();
            let prepared = (route.entry.prepare)(&node).unwrap();
            assert_eq!(prepared.unknown, Vec::<String>::new(), "{}", endpoint.op);
            count += 1;
        }
    }
    assert!(count >= 15, "{count}");
}
