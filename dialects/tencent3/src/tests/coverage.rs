//! What of the API is there, parameter by parameter; what is not is listed in the golden file, so that the gap shows.

use std::collections::BTreeMap;
use std::fmt::Write;

use muster_kit::decode::{Field, Shape};

use super::facts::{Action, facts};
use crate::actions::{ACTIONS, rate_per_sec};

/// Whether what is read for a parameter is what the documentation calls it. Text is read where a number in text is
/// documented, and the other way round nothing is lost: the decoder reads numbers from text.
fn fits(shape: Shape, kind: &str) -> bool {
    let kind = kind.trim();
    match shape {
        Shape::Bool => matches!(kind, "Boolean" | "Any"),
        Shape::Int => matches!(kind, "Integer" | "Any"),
        Shape::Float => matches!(kind, "Float" | "Any"),
        Shape::Str | Shape::Enum(_) => matches!(kind, "String" | "Timestamp ISO8601" | "Any"),
        Shape::List => kind.starts_with("Array of ") || kind == "Any",
        Shape::Struct => !matches!(kind, "Boolean" | "Integer" | "Float" | "String"),
        Shape::Map | Shape::Any => false,
    }
}

fn compare(
    name: &str,
    action: &Action,
    fields: &[Field],
    gaps: &mut Vec<String>,
    wrong: &mut Vec<String>,
) {
    let known: BTreeMap<&str, &Field> = fields.iter().map(|f| (f.path.as_str(), f)).collect();
    for (path, kind, required) in &action.input {
        match known.get(path.as_str()) {
            None => gaps.push(format!("  parameter {path} ({kind})")),
            Some(field) if !fits(field.shape, kind) => {
                wrong.push(format!(
                    "{name}: {path} is {kind}, read as {:?}",
                    field.shape
                ));
            }
            Some(field) if *required && field.option && !path.contains(".N.") => {
                gaps.push(format!(
                    "  parameter {path} is required, read as optional (checked by the action)"
                ));
            }
            Some(field) if !required && !field.option && field.shape != Shape::List => {
                gaps.push(format!("  parameter {path} is optional, read as required"));
            }
            Some(_) => {}
        }
    }
    // Of what only an SDK has, the members are not in the facts.
    let is_documented = |field: &Field| {
        action.input.iter().any(|(path, kind, _)| {
            *path == field.path || (kind.ends_with("Any") && field.path.starts_with(path.as_str()))
        })
    };
    for field in fields {
        // A list's elements are a row of their own in what we read, but not in the facts.
        if !field.path.ends_with(".N") && !is_documented(field) {
            wrong.push(format!("{name}: {} is not in the API", field.path));
        }
    }
}

#[test]
fn every_action_and_parameter_is_covered_or_listed() {
    let facts = facts();
    let mut golden = String::new();
    let mut wrong = Vec::new();
    for (name, action) in &facts.actions {
        let Some(entry) = ACTIONS.iter().find(|entry| entry.name == name) else {
            let parameters = action
                .input
                .iter()
                .filter(|(path, ..)| !path.contains('.'))
                .count();
            writeln!(golden, "{name}: not served yet ({parameters} parameters)").unwrap();
            continue;
        };
        let mut gaps = Vec::new();
        compare(name, action, &(entry.fields)(), &mut gaps, &mut wrong);
        if !gaps.is_empty() {
            writeln!(golden, "{name}:\n{}", gaps.join("\n")).unwrap();
        }
        if action.rate_per_sec != rate_per_sec(name) {
            wrong.push(format!(
                "{name}: {} calls a second, not {}",
                action.rate_per_sec,
                rate_per_sec(name)
            ));
        }
    }
    for entry in ACTIONS {
        if !facts.actions.contains_key(entry.name) {
            wrong.push(format!("{} is not an action of the API", entry.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("uncovered", golden);
    });
}
