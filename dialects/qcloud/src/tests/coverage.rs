//! What of the API is there, parameter by parameter. What is not, what is read another way, and what is read beyond the
//! documentation is listed in the golden file, so that it shows.

use std::collections::BTreeMap;
use std::fmt::Write;

use muster_kit::decode::{Field, Shape};

use super::facts::{Action, facts};
use crate::actions::ACTIONS;

/// The path without the index at its end.
fn base(path: &str) -> &str {
    let path = path.strip_suffix(".n").unwrap_or(path);
    path.strip_suffix(".N").unwrap_or(path)
}

/// Whether what is read for a parameter is what the documentation calls it.
fn fits(shape: Shape, kind: &str) -> bool {
    match shape {
        Shape::Bool => kind == "boolean",
        Shape::Int => kind == "integer",
        // Numbers that have a code of their own when they are none.
        Shape::Str | Shape::Enum(_) => matches!(kind, "string" | "datetime" | "integer"),
        // A value or a list of values, of any type; the metric in either form.
        Shape::Any => matches!(kind, "string" | "integer" | "array" | "json-string"),
        Shape::Float | Shape::List | Shape::Struct | Shape::Map => false,
    }
}

fn compare(
    name: &str,
    action: &Action,
    fields: &[Field],
    golden: &mut String,
    wrong: &mut Vec<String>,
) {
    let known: BTreeMap<&str, &Field> = fields.iter().map(|f| (base(&f.path), f)).collect();
    let mut lines = Vec::new();
    for (path, kind, required) in &action.input {
        match known.get(base(path)) {
            None => lines.push(format!("  not read: {path} ({kind})")),
            Some(field) if !fits(field.shape, kind) => {
                wrong.push(format!(
                    "{name}: {path} is {kind}, read as {:?}",
                    field.shape
                ));
            }
            Some(field) if *required && field.option => {
                lines.push(format!("  required, and read as optional: {path}"));
            }
            Some(field) if !required && !field.option && !path.contains('.') => {
                lines.push(format!("  optional, and read as required: {path}"));
            }
            Some(_) => {}
        }
    }
    for field in fields {
        let documented = |path: &String| base(path) == base(&field.path);
        let above = matches!(field.shape, Shape::List | Shape::Struct);
        if !above && !action.input.iter().any(|(path, ..)| documented(path)) {
            lines.push(format!("  read beyond the documentation: {}", field.path));
        }
    }
    if !lines.is_empty() {
        writeln!(golden, "{name}:\n{}", lines.join("\n")).unwrap();
    }
}

#[test]
fn every_action_and_parameter_is_covered_or_listed() {
    let facts = facts();
    assert_eq!(facts.actions.len(), 32);
    let (mut golden, mut wrong) = (String::new(), Vec::new());
    for (name, action) in &facts.actions {
        match ACTIONS.iter().find(|entry| entry.name == name) {
            None => wrong.push(format!("{name} is not served")),
            Some(entry) => compare(name, action, &(entry.fields)(), &mut golden, &mut wrong),
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
