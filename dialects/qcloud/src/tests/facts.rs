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
    /// The members of the structures of answers: name, type.
    pub(super) types: BTreeMap<String, Vec<(String, String)>>,
    /// Errors of any action: code, what it is.
    pub(super) common_errors: Vec<(u16, String)>,
}

/// One action.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Action {
    /// Parameters: dotted name with `N` and `M` for indexes, type, required.
    pub(super) input: Vec<(String, String, bool)>,
    /// What values there may be, by parameter: [`RULES`].
    pub(super) rules: BTreeMap<String, BTreeMap<String, Value>>,
    /// Members of the answer: name, type.
    pub(super) output: Vec<(String, String)>,
    /// Business codes of its errors.
    pub(super) errors: Vec<String>,
    /// Requests that the documentation shows, and their answers.
    pub(super) examples: Vec<(String, Value)>,
}

/// What the full description says of the values of a parameter.
const RULES: [&str; 7] = [
    "enum",
    "min",
    "max",
    "step",
    "max_items",
    "default",
    "aliases",
];

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

/// What is said of the values of a parameter.
fn rules(parameter: &Value) -> BTreeMap<String, Value> {
    let said = RULES.iter().filter_map(|rule| {
        let value = parameter.get(rule)?;
        Some(((*rule).to_owned(), value.clone()))
    });
    said.collect()
}

/// Cuts the full description down.
fn cut(spec: &Value) -> Facts {
    let action = |action: &Value| {
        let input = list(action, "inputs").iter();
        let output = list(action, "outputs").iter();
        let examples = list(action, "examples").iter();
        let errors = list(action, "documented_error_codes").iter();
        let one = Action {
            input: input
                .map(|p| (text(p, "name"), text(p, "type"), p["required"] == true))
                .collect(),
            rules: list(action, "inputs")
                .iter()
                .map(|p| (text(p, "name"), rules(p)))
                .filter(|(_, said)| !said.is_empty())
                .collect(),
            output: output.map(|m| (text(m, "name"), text(m, "type"))).collect(),
            errors: errors.map(|e| text(e, "code")).collect(),
            examples: examples
                .map(|e| (text(e, "request"), e["response"].clone()))
                .collect(),
        };
        (text(action, "name"), one)
    };
    let types = spec["types"].as_object().unwrap().iter();
    let errors = list(spec, "common_errors").iter();
    let errors = errors.chain(list(spec, "auth_errors"));
    Facts {
        actions: list(spec, "actions").iter().map(action).collect(),
        types: types
            .map(|(name, kind)| {
                let fields = list(kind, "fields").iter();
                let members = fields.map(|f| (text(f, "name"), text(f, "type")));
                (name.clone(), members.collect())
            })
            .collect(),
        common_errors: errors
            .map(|e| {
                let code = e["code"].as_u64().unwrap();
                (u16::try_from(code).unwrap(), text(e, "meaning"))
            })
            .collect(),
    }
}

#[test]
fn the_committed_facts_are_those_of_the_description() {
    let shared = std::env::var_os("MUSTER_SHARED")
        .map_or_else(|| crate_file("../../../shared"), PathBuf::from);
    let path = shared.join("spec/tencent-v2.json");
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
