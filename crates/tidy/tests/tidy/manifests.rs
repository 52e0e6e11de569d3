//! Versions in one place: a crate takes every dependency, and its common fields, from the workspace.

use toml::{Table, Value};

fn table(file: &str) -> Table {
    let text = crate::text(file).unwrap_or_else(|| panic!("{file}: not UTF-8"));
    text.parse()
        .unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn line_of(file: &str, key: &str) -> usize {
    let text = crate::text(file).unwrap_or_default();
    text.lines()
        .position(|line| line.starts_with(key))
        .map_or(1, |index| index + 1)
}

/// Manifests of crates, without the workspace's own.
fn manifests() -> Vec<String> {
    let mut files = crate::files();
    files.retain(|file| file.ends_with("/Cargo.toml"));
    assert!(!files.is_empty(), "there are crates");
    files
}

/// The dependency tables of a manifest, those for one platform too.
fn dependency_tables(manifest: &Table) -> Vec<Table> {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let platforms = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(|targets| targets.values().filter_map(Value::as_table));
    std::iter::once(manifest)
        .chain(platforms)
        .flat_map(|owner| KINDS.iter().filter_map(|kind| owner.get(*kind)?.as_table()))
        .cloned()
        .collect()
}

fn is_from_workspace(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[test]
fn every_dependency_comes_from_the_workspace() {
    let mut own = Vec::new();
    for file in manifests() {
        for (name, value) in dependency_tables(&table(&file)).into_iter().flatten() {
            if !is_from_workspace(&value) {
                own.push(format!(
                    "{file}:{}: write `{name}.workspace = true` and the version into the root's Cargo.toml",
                    line_of(&file, &name)
                ));
            }
        }
    }
    crate::report("Dependencies that a crate declares by itself:", &own);
}

#[test]
fn every_crate_shares_the_common_fields() {
    const FIELDS: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];
    let mut own = Vec::new();
    for file in manifests() {
        let manifest = table(&file);
        let package = manifest.get("package").and_then(Value::as_table);
        for field in FIELDS {
            if !package.is_some_and(|it| it.get(field).is_some_and(is_from_workspace)) {
                own.push(format!(
                    "{file}:{}: `{field}.workspace = true`",
                    line_of(&file, field)
                ));
            }
        }
        if !manifest.get("lints").is_some_and(is_from_workspace) {
            own.push(format!(
                "{file}:{}: `[lints]` `workspace = true`",
                line_of(&file, "[lints]")
            ));
        }
    }
    crate::report(
        "Crates that do not take a common field from the workspace:",
        &own,
    );
}

#[test]
fn every_source_is_crates_io() {
    const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
    let lock = table("Cargo.lock");
    let elsewhere: Vec<String> = lock["package"]
        .as_array()
        .expect("packages")
        .iter()
        .filter(|package| {
            let source = package.get("source").and_then(Value::as_str);
            source.is_some_and(|source| source != CRATES_IO)
        })
        .map(|package| format!("Cargo.lock: {} from {}", package["name"], package["source"]))
        .collect();
    crate::report("Packages that do not come from crates.io:", &elsewhere);
}

#[test]
fn the_copies_of_clippy_toml_hold_the_roots_entries() {
    // Clippy reads only the nearest file, so a crate with one of its own repeats the root's.
    let base = table("clippy.toml");
    let mut copies = 0;
    for file in crate::files() {
        if !file.ends_with("/clippy.toml") {
            continue;
        }
        copies += 1;
        let copy = table(&file);
        for (key, value) in &base {
            assert_eq!(
                copy.get(key),
                Some(value),
                "{file}: `{key}` is not as in the root's clippy.toml"
            );
        }
        assert!(
            copy.contains_key("disallowed-types"),
            "{file}: adds nothing to the root's"
        );
    }
    assert_eq!(
        copies, 3,
        "model, engine and sim have a clippy.toml of their own"
    );
}
