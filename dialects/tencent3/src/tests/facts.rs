//! The facts of the API that tests compare with: `facts.json`, cut down from the full description of the API.
//!
//! Where the full description is at hand (`MUSTER_SHARED`, else `../shared` beside the tree), the cut is made again and
//! compared; `MUSTER_UPDATE_FACTS=1` writes it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Name and type of a member of an answer, or of a structure in one.
pub(super) type Member = (String, String);

/// What tests need to know of the API.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Facts {
    /// Every action by name.
    pub(super) actions: BTreeMap<String, Action>,
    /// The structures of answers.
    pub(super) structures: BTreeMap<String, Vec<Member>>,
    /// Codes that any action may answer.
    pub(super) common_errors: Vec<String>,
    /// All other codes.
    pub(super) service_errors: Vec<String>,
    /// Names of regions.
    pub(super) regions: Vec<String>,
}

/// One action.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Action {
    /// Calls per second.
    pub(super) rate_per_sec: u32,
    /// Parameters, with their members: dotted path, type, required.
    pub(super) input: Vec<(String, String, bool)>,
    /// Members of the answer.
    pub(super) output: Vec<Member>,
    /// Codes it documents.
    pub(super) errors: Vec<String>,
    /// Requests that the documentation shows.
    pub(super) examples: Vec<Value>,
}

fn crate_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The committed facts.
pub(super) fn facts() -> Facts {
    serde_json::from_slice(&std::fs::read(crate_file("facts.json")).unwrap()).unwrap()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// The type that only an SDK tells, in the words of the documentation.
fn sdk_type(name: &str, kind: &str) -> String {
    match kind.strip_prefix("list of ") {
        Some(element) => format!("Array of {element}"),
        None => match kind {
            "bool" => "Boolean".to_owned(),
            "int" => "Integer".to_owned(),
            "string" => "String".to_owned(),
            "list" => "Array of Any".to_owned(),
            "object" => name.to_owned(),
            _ => kind.to_owned(),
        },
    }
}

/// Members of all structures, with those that only an SDK has: name, type, required.
fn structures(spec: &Value) -> BTreeMap<String, Vec<(String, String, bool)>> {
    let mut all = BTreeMap::new();
    for (name, structure) in spec["structures"].as_object().unwrap() {
        let members = list(structure, "members")
            .iter()
            .map(|m| (text(m, "name"), text(m, "type"), m["required"] == true));
        all.insert(name.clone(), members.collect::<Vec<_>>());
    }
    for difference in list(spec, "differences") {
        let (place, name) = (text(difference, "where"), text(difference, "name"));
        match difference["kind"].as_str() {
            Some("structure") => {
                let members = list(difference, "members").iter().filter_map(Value::as_str);
                let members = members.map(|m| (m.to_owned(), "Any".to_owned(), false));
                all.insert(name, members.collect());
            }
            Some("structure_member") => {
                let kind = sdk_type(&name, &text(difference, "type"));
                all.entry(place).or_default().push((name, kind, false));
            }
            _ => {}
        }
    }
    all
}

/// A parameter and, under it, the members of its type.
fn expand(
    path: &str,
    kind: &str,
    required: bool,
    structures: &BTreeMap<String, Vec<(String, String, bool)>>,
    into: &mut Vec<(String, String, bool)>,
) {
    into.push((path.to_owned(), kind.to_owned(), required));
    let (element, under) = match kind.strip_prefix("Array of ") {
        Some(element) => (element, format!("{path}.N")),
        None => (kind, path.to_owned()),
    };
    for (name, kind, required) in structures.get(element).into_iter().flatten() {
        expand(
            &format!("{under}.{name}"),
            kind,
            *required,
            structures,
            into,
        );
    }
}

/// Cuts the full description down.
fn cut(spec: &Value) -> Facts {
    let structures = structures(spec);
    let mut actions = BTreeMap::new();
    for (name, action) in spec["actions"].as_object().unwrap() {
        let mut input = Vec::new();
        for parameter in list(action, "input") {
            let required = parameter["required"] == true;
            expand(
                &text(parameter, "name"),
                &text(parameter, "type"),
                required,
                &structures,
                &mut input,
            );
        }
        for difference in list(spec, "differences") {
            if difference["kind"] == "request_field" && difference["where"] == name.as_str() {
                let parameter = text(difference, "name");
                let kind = sdk_type(&parameter, &text(difference, "type"));
                expand(&parameter, &kind, false, &structures, &mut input);
            }
        }
        let rate = action["rate_per_sec"]
            .as_u64()
            .or(action["rate_limit_per_sec"].as_u64());
        let output = list(action, "output")
            .iter()
            .map(|m| (text(m, "name"), text(m, "type")));
        let errors = list(action, "errors")
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned);
        let examples = list(action, "examples")
            .iter()
            .map(|e| e["request"].clone());
        let action = Action {
            rate_per_sec: u32::try_from(rate.unwrap()).unwrap(),
            input,
            output: output.collect(),
            errors: errors.collect(),
            examples: examples.collect(),
        };
        actions.insert(name.clone(), action);
    }
    let plain = structures.into_iter().map(|(name, members)| {
        (
            name,
            members
                .into_iter()
                .map(|(name, kind, _)| (name, kind))
                .collect(),
        )
    });
    let codes = |of: &str| spec["errors"][of].as_object().unwrap().keys().cloned();
    let sdk_codes = list(spec, "differences").iter();
    let sdk_codes = sdk_codes
        .filter(|d| d["kind"] == "error_code")
        .map(|d| text(d, "name"));
    Facts {
        actions,
        structures: plain.collect(),
        common_errors: codes("common").collect(),
        service_errors: codes("service").chain(sdk_codes).collect(),
        regions: list(spec, "regions")
            .iter()
            .filter_map(|region| region.as_str().map(str::to_owned))
            .collect(),
    }
}

#[test]
fn the_committed_facts_are_those_of_the_description() {
    let shared = std::env::var_os("MUSTER_SHARED")
        .map_or_else(|| crate_file("../../../shared"), PathBuf::from);
    let path = shared.join("spec/tencent-v3.json");
    let Ok(spec) = std::fs::read(&path) else {
        eprintln!("not compared: there is no {}", path.display());
        return;
    };
    let cut = cut(&serde_json::from_slice(&spec).unwrap());
    if std::env::var_os("MUSTER_UPDATE_FACTS").is_some() {
        let mut text = serde_json::to_string(&cut).unwrap();
        // One action, structure or list a line: a change shows as one.
        for (from, to) in [
            ("},\"", "},\n\""),
            ("]],\"", "]],\n\""),
            ("\"],\"", "\"],\n\""),
        ] {
            text = text.replace(from, to);
        }
        std::fs::write(crate_file("facts.json"), text + "\n").unwrap();
    }
    assert_eq!(facts(), cut);
}
