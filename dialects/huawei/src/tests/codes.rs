//! Which codes this door can answer: those that the sources of the crate name, against those that are documented for its
//! operations.

use std::collections::BTreeSet;
use std::path::Path;

use super::facts::facts;
use crate::actions::ROUTES;
use crate::documented::codes;

/// All codes that stand in the sources, but for the table itself and tests.
fn named(dir: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            named(&path, found);
        } else if name.ends_with(".rs") && name != "documented.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            let codes = text
                .split("\"AS.")
                .skip(1)
                .filter_map(|rest| rest.split('"').next());
            found.extend(codes.map(|code| format!("AS.{code}")));
        }
    }
}

/// Documented codes that no request is answered with, each with why.
const NEVER: [(&str, &str); 3] = [
    (
        "AS.0003",
        "changes of a group come one after another: none finds it locked, and one that scales is AS.2033",
    ),
    (
        "AS.2028",
        "clients send the desired number that there is already: that is no mistake",
    ),
    ("AS.7029", "the same topic once more replaces its scenes"),
];

#[test]
fn every_code_that_is_answered_is_documented_and_the_others_say_why_they_are_not() {
    let mut answered = BTreeSet::new();
    named(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut answered,
    );
    let documented: BTreeSet<String> = codes().map(|(code, _, _)| code.to_owned()).collect();
    let unknown: Vec<&String> = answered.difference(&documented).collect();
    assert_eq!(unknown, Vec::<&String>::new());
    let names: BTreeSet<&str> = ROUTES.iter().map(|route| route.entry.name).collect();
    let facts = facts();
    let served = facts
        .endpoints
        .iter()
        .filter(|endpoint| names.contains(endpoint.op.as_str()));
    let wanted: BTreeSet<String> = served
        .flat_map(|endpoint| endpoint.errors.clone())
        .collect();
    let missing: Vec<&str> = wanted.difference(&answered).map(String::as_str).collect();
    let expected: Vec<&str> = NEVER.iter().map(|(code, _)| *code).collect();
    assert_eq!(missing, expected);
}
