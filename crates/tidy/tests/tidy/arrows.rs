//! Which crate may know which: the one table of dependency arrows, and what the pure crates may not touch.

use std::collections::BTreeSet;

/// `(crate, what it may depend on)`. Arrows point down only: data, then rules, then contracts,
/// then what fulfils them, and the binary on top.
const ARROWS: &[(&str, &[&str])] = &[
    ("muster-model", &[]),
    ("muster-engine", &["muster-model"]),
    ("muster-ports", &["muster-model", "muster-engine"]),
    ("muster-store", &["muster-model", "muster-ports"]),
    ("muster-providers", &["muster-model", "muster-ports"]),
    (
        "muster-runtime",
        &["muster-model", "muster-engine", "muster-ports"],
    ),
    (
        "muster-sim",
        &["muster-model", "muster-engine", "muster-ports"],
    ),
    ("muster-kit", &["muster-model", "muster-ports"]),
    (
        "muster-qcloud",
        &["muster-model", "muster-ports", "muster-kit"],
    ),
    (
        "muster-tencent3",
        &["muster-model", "muster-ports", "muster-kit"],
    ),
    (
        "muster-huawei",
        &["muster-model", "muster-ports", "muster-kit"],
    ),
    (
        "muster-ksyun",
        &["muster-model", "muster-ports", "muster-kit"],
    ),
    (
        "muster-testing",
        &[
            "muster-model",
            "muster-ports",
            "muster-store",
            "muster-runtime",
            "muster-sim",
            "muster-kit",
            "muster-qcloud",
            "muster-tencent3",
            "muster-huawei",
            "muster-ksyun",
        ],
    ),
    ("muster-console", &["muster-model", "muster-ports"]),
    (
        "muster",
        &[
            "muster-model",
            "muster-engine",
            "muster-ports",
            "muster-store",
            "muster-providers",
            "muster-runtime",
            "muster-sim",
            "muster-kit",
            "muster-qcloud",
            "muster-tencent3",
            "muster-huawei",
            "muster-ksyun",
            "muster-console",
        ],
    ),
    ("muster-tidy", &[]),
];

/// What a crate's tests may use on top of [`ARROWS`]: real neighbours in place of invented ones.
const DEV_ARROWS: &[(&str, &[&str])] = &[
    ("muster-runtime", &["muster-sim", "muster-store"]),
    ("muster-sim", &["muster-runtime", "muster-store"]),
    ("muster-store", &["muster-engine"]),
    ("muster", &["muster-testing"]),
];

/// The crates that decide. They see no clock, no randomness, no I/O and no async.
const PURE: &[&str] = &["muster-model", "muster-engine"];

/// What gives such things away. Tests may use them.
const IMPURE: &[&str] = &[
    "async-trait",
    "futures-util",
    "nix",
    "procfs",
    "rand",
    "rusqlite",
    "tokio",
    "tracing",
];

fn allowed(
    table: &[(&str, &'static [&'static str])],
    package: &str,
) -> Option<BTreeSet<&'static str>> {
    table
        .iter()
        .find(|(name, _)| *name == package)
        .map(|(_, to)| to.iter().copied().collect())
}

/// `(package, dependency, kind)` for every dependency of every package here; kind is `normal`, `dev` or `build`.
fn edges() -> Vec<(String, String, String)> {
    let metadata = crate::metadata();
    let mut edges = Vec::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            edges.push((
                name.to_owned(),
                dependency["name"].as_str().expect("a name").to_owned(),
                dependency["kind"].as_str().unwrap_or("normal").to_owned(),
            ));
        }
    }
    edges
}

#[test]
fn every_arrow_is_in_the_table() {
    let mut wrong = Vec::new();
    for (from, to, kind) in edges() {
        if to != "muster" && !to.starts_with("muster-") {
            continue;
        }
        let mut may = allowed(ARROWS, &from).unwrap_or_default();
        if kind == "dev" {
            may.extend(allowed(DEV_ARROWS, &from).unwrap_or_default());
        }
        if !may.contains(to.as_str()) {
            wrong.push(format!(
                "{from} -> {to} ({kind}): {from} may use {may:?} only"
            ));
        }
    }
    crate::report(
        "Dependency arrows that are not in the table of crates/tidy/tests/tidy/arrows.rs:",
        &wrong,
    );
}

#[test]
fn every_crate_is_in_the_table() {
    let metadata = crate::metadata();
    let unknown: Vec<&str> = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .filter_map(|package| package["name"].as_str())
        .filter(|name| allowed(ARROWS, name).is_none())
        .collect();
    crate::report(
        "Crates without a row in ARROWS of crates/tidy/tests/tidy/arrows.rs:",
        &unknown,
    );
}

#[test]
fn the_pure_crates_stay_pure() {
    let wrong: Vec<String> = edges()
        .into_iter()
        .filter(|(from, to, kind)| {
            PURE.contains(&from.as_str()) && IMPURE.contains(&to.as_str()) && kind != "dev"
        })
        .map(|(from, to, _)| format!("{from} -> {to}: take the value as an argument instead"))
        .collect();
    crate::report(
        "Crates that decide must not see I/O, async or randomness:",
        &wrong,
    );
}

#[test]
fn the_table_points_down() {
    // Each row only names rows above it, so the table itself cannot hold a cycle.
    let mut above = BTreeSet::new();
    for (name, to) in ARROWS {
        for target in *to {
            assert!(
                above.contains(target),
                "{name} -> {target} points up in ARROWS"
            );
        }
        above.insert(*name);
    }
}
