//! The API as it is published, cut to what these tests compare with (`facts.json`).
//!
//! Where the full description is at hand (`MUSTER_SHARED`, else `../shared` beside the tree), the cut and the table of
//! codes are compared with it.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::documented::codes;

#[derive(Deserialize)]
pub(super) struct Facts {
    pub(super) endpoints: Vec<Endpoint>,
}

#[derive(Deserialize)]
pub(super) struct Endpoint {
    pub(super) op: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) status: u16,
    /// Path, type, whether it is required.
    pub(super) fields: Vec<(String, String, bool)>,
    pub(super) examples: Vec<Value>,
    pub(super) errors: Vec<String>,
}

pub(super) fn facts() -> Facts {
    serde_json::from_str(include_str!("../../facts.json")).unwrap()
}

/// The full description, where it is at hand.
fn published() -> Option<Value> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("MUSTER_SHARED").map_or(beside, PathBuf::from);
    let text = std::fs::read_to_string(shared.join("spec/huawei.json")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn the_cut_is_of_what_is_published() {
    let Some(published) = published() else {
        eprintln!("the description is not at hand: only the cut is looked at");
        return;
    };
    let facts = facts();
    let endpoints = published["endpoints"].as_array().unwrap();
    assert_eq!(facts.endpoints.len(), endpoints.len());
    for (cut, whole) in facts.endpoints.iter().zip(endpoints) {
        assert_eq!(whole["op"], cut.op);
        assert_eq!(whole["method"], cut.method);
        assert_eq!(whole["path"], cut.path);
        assert_eq!(whole["success"]["status"], cut.status, "{}", cut.op);
        let examples = whole["examples"]["request"].as_array().map_or(0, Vec::len);
        assert_eq!(examples, cut.examples.len(), "{}", cut.op);
    }
}

#[test]
fn codes_are_those_that_are_published() {
    let all: Vec<_> = codes().collect();
    assert!(all.len() > 200 && all.is_sorted());
    let Some(published) = published() else {
        return;
    };
    let lists = ["errors", "errors_secondary"].map(|name| published[name].as_array().unwrap());
    for error in lists.into_iter().flatten() {
        let code = error["code"].as_str().unwrap();
        if !code.starts_with("AS.") {
            continue;
        }
        let known = all.iter().find(|(known, _, _)| *known == code);
        let (_, status, text) = known.unwrap_or_else(|| panic!("{code}"));
        assert_eq!(error["http"], *status, "{code}");
        assert_eq!(error["message"], *text, "{code}");
    }
}
