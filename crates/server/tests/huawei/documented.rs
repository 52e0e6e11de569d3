//! What is documented of the answers of CES and SMN (`documented.json`, cut from the description of the API), and whether
//! an answer has that shape.
//!
//! Where the full description is at hand (`MUSTER_SHARED`, else `../shared` beside the tree), the cut is compared with it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use http::Method;
use serde::Deserialize;
use serde_json::Value;

/// Fields that are there only when they say something: what a rule was not given, and the statistics of a value that were
/// not asked for. There are no groups of resources with names here, and no rules that belong to others.
const ONLY_SOMETIMES: [&str; 11] = [
    "resource_group_id",
    "resource_group_name",
    "relation_id",
    "selected_unit",
    "hierarchical_value",
    "extra_info",
    "average",
    "max",
    "min",
    "sum",
    "variance",
];

#[derive(Deserialize)]
pub(crate) struct Operation {
    service: String,
    op: String,
    method: String,
    path: String,
    response: Value,
}

/// The operations, and those of them that were carried out.
pub(crate) struct Documented {
    operations: Vec<Operation>,
    done: BTreeSet<String>,
}

impl Documented {
    pub(crate) fn read() -> Documented {
        Documented {
            operations: serde_json::from_str(include_str!("documented.json")).unwrap(),
            done: BTreeSet::new(),
        }
    }

    /// Holds an answer that is no refusal against what is documented of its operation.
    pub(crate) fn check(&mut self, method: &Method, path: &str, answer: &Value) {
        let path = path.split('?').next().unwrap_or(path);
        let mut all = self.operations.iter();
        let Some(operation) = all.find(|one| one.is(method, path)) else {
            return;
        };
        let mut wrong = Vec::new();
        compare(&operation.op, &operation.response, answer, &mut wrong);
        assert!(wrong.is_empty(), "{wrong:#?}\n{answer:#}");
        self.done.insert(operation.op.clone());
    }

    /// The operations of a service below a path that were not carried out.
    pub(crate) fn left(&self, service: &str, below: &str) -> Vec<&str> {
        let all = self.operations.iter();
        let of = all.filter(|one| one.service == service && one.path.starts_with(below));
        of.map(|one| one.op.as_str())
            .filter(|op| !self.done.contains(*op))
            .collect()
    }
}

impl Operation {
    fn is(&self, method: &Method, path: &str) -> bool {
        let (own, given) = (self.path.split('/'), path.split('/'));
        let same = |(own, given): (&str, &str)| own == given || own.starts_with('{');
        self.method == method.as_str()
            && own.clone().count() == given.clone().count()
            && own.zip(given).all(same)
    }
}

/// Whether a value is of a documented type: a word, or a shape of its own.
fn compare(path: &str, shape: &Value, value: &Value, wrong: &mut Vec<String>) {
    match shape {
        // The document shows none.
        Value::Null => {}
        Value::Object(members) => {
            for (name, inner) in members {
                match value.get(name) {
                    Some(value) => compare(&format!("{path}.{name}"), inner, value, wrong),
                    None if ONLY_SOMETIMES.contains(&name.as_str()) => {}
                    // A condition has one threshold, or one for each level.
                    None if name == "value" && value.get("hierarchical_value").is_some() => {}
                    None => wrong.push(format!("{path}.{name} is not there")),
                }
            }
        }
        Value::Array(items) => match value.as_array() {
            Some(values) => {
                for value in values {
                    compare(&format!("{path}[]"), &items[0], value, wrong);
                }
            }
            None => wrong.push(format!("{path} is no list: {value}")),
        },
        Value::String(kind) if !is_of(kind, value) => {
            wrong.push(format!("{path} is no {kind}: {value}"));
        }
        Value::String(_) => {}
        Value::Bool(_) | Value::Number(_) => panic!("{path}: {shape}"),
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    let words = kind
        .strip_prefix("enum(")
        .and_then(|rest| rest.strip_suffix(')'));
    if let Some(words) = words {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        return words.split('|').any(|word| word == text);
    }
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "map" => value.is_object(),
        other => panic!("an unknown type: {other}"),
    }
}

#[test]
fn the_cut_is_of_what_is_documented() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("MUSTER_SHARED").map_or(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(shared.join("spec/huawei.json")) else {
        eprintln!("the description is not at hand");
        return;
    };
    let whole: Value = serde_json::from_str(&text).unwrap();
    let documented = Documented::read();
    let mut cut = documented.operations.iter();
    for service in ["ces", "smn"] {
        for one in whole["facets"][service]["endpoints"].as_array().unwrap() {
            let own = cut.next().unwrap();
            assert_eq!(one["op"], own.op);
            assert_eq!(one["method"], own.method);
            assert_eq!(one["path"], own.path);
            let response = one.get("response").unwrap_or(&Value::Null);
            assert_eq!(*response, own.response, "{}", own.op);
        }
    }
    assert!(cut.next().is_none());
}

#[test]
fn what_is_missing_or_of_another_type_is_told() {
    let shape = serde_json::json!({ "a": "string", "b": [{ "c": "integer" }], "d": "enum(0|300)", "sum": "number" });
    let wrong = |value: Value| {
        let mut wrong = Vec::new();
        compare("x", &shape, &value, &mut wrong);
        wrong
    };
    let good = serde_json::json!({ "a": "", "b": [{ "c": 1 }], "d": 300, "more": null });
    assert_eq!(wrong(good), Vec::<String>::new());
    let bad = serde_json::json!({ "a": 1, "b": [{ "c": 1.5 }, {}], "d": 7, "sum": "1" });
    assert_eq!(
        wrong(bad),
        [
            "x.a is no string: 1",
            "x.b[].c is no integer: 1.5",
            "x.b[].c is not there",
            "x.d is no enum(0|300): 7",
            "x.sum is no number: \"1\"",
        ]
    );
}
