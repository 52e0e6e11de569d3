//! The facts of the API that tests compare with: `facts.json`, cut down from the full description of the API.
//!
//! Where the full description is at hand (`MUSTER_SHARED`, else `../shared` beside the tree), the cut is made again and
//! compared; `MUSTER_UPDATE_FACTS=1` writes it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What tests need to know of the API.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Facts {
    /// Every action by name.
    pub(super) actions: BTreeMap<String, Action>,
    /// The members of structures: name, type, what is said of its values.
    pub(super) types: BTreeMap<String, Vec<(String, String, Limits)>>,
    /// Errors of any action: code, message, status.
    pub(super) common_errors: Vec<(String, String, u16)>,
}

/// What is said of the values of a parameter or member, of those words that [`LIMITS`] has.
pub(super) type Limits = BTreeMap<String, Value>;

/// What the client tests walk along (`tests/clients/test_ksyun_rules.py`); `_accept` and `_quota` where the documentation
/// contradicts itself, and what is taken instead.
const LIMITS: [&str; 11] = [
    "required",
    "min",
    "min_accept",
    "max",
    "max_accept",
    "max_quota",
    "max_items",
    "enum",
    "default",
    "default_accept",
    "aliases",
];

/// One action.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Action {
    /// Parameters: dotted name with `N` and `M` for indexes, type, required.
    pub(super) input: Vec<(String, String, bool)>,
    /// What is said of their values, of those of which something is said.
    pub(super) limits: BTreeMap<String, Limits>,
    /// Members of the answer: name, type.
    pub(super) output: Vec<(String, String)>,
    /// Requests that the documentation shows, and their answers.
    pub(super) examples: Vec<(String, Value)>,
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

/// What is said of a value; `null` says nothing.
fn limits(of: &Value) -> Limits {
    let known = LIMITS.iter().filter(|word| !of[**word].is_null());
    known
        .map(|word| ((*word).to_owned(), of[*word].clone()))
        .collect()
}

/// Cuts the full description down.
fn cut(spec: &Value) -> Facts {
    let action = |action: &Value| {
        let input = list(action, "inputs").iter();
        let output = list(action, "outputs").iter();
        let examples = list(action, "examples").iter();
        let one = Action {
            input: input
                .map(|p| (text(p, "name"), text(p, "type"), p["required"] == true))
                .collect(),
            limits: list(action, "inputs")
                .iter()
                .map(|p| {
                    let mut limits = limits(p);
                    limits.remove("required");
                    (text(p, "name"), limits)
                })
                .filter(|(_, limits)| !limits.is_empty())
                .collect(),
            output: output.map(|m| (text(m, "name"), text(m, "type"))).collect(),
            examples: examples
                .map(|e| (text(e, "request"), e["response"].clone()))
                .collect(),
        };
        (text(action, "name"), one)
    };
    let types = spec["types"].as_object().unwrap().iter();
    let errors = list(spec, "common_errors").iter();
    Facts {
        actions: list(spec, "actions").iter().map(action).collect(),
        types: types
            .map(|(name, kind)| {
                let fields = list(kind, "fields").iter();
                let fields = fields.map(|f| (text(f, "name"), text(f, "type"), limits(f)));
                (name.clone(), fields.collect())
            })
            .collect(),
        common_errors: errors
            .map(|e| {
                let status = e["http"].as_u64().unwrap();
                (
                    text(e, "code"),
                    text(e, "message"),
                    u16::try_from(status).unwrap(),
                )
            })
            .collect(),
    }
}

#[test]
fn the_committed_facts_are_those_of_the_description() {
    let shared = std::env::var_os("MUSTER_SHARED")
        .map_or_else(|| crate_file("../../../shared"), PathBuf::from);
    let path = shared.join("spec/ksyun.json");
    let Ok(spec) = std::fs::read(&path) else {
        eprintln!("not compared: there is no {}", path.display());
        return;
    };
    let cut = cut(&serde_json::from_slice(&spec).unwrap());
    if std::env::var_os("MUSTER_UPDATE_FACTS").is_some() {
        let mut text = serde_json::to_string(&cut).unwrap();
        // One action, type or list a line: a change shows as one.
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
