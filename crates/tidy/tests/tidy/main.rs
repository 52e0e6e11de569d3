//! What every check needs: the repository's files, and one way to report what is wrong.

mod arrows;
mod leftovers;
mod manifests;
mod order;
mod reach;
mod size;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root, absolute.
fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the workspace root exists")
}

/// Every file git knows or would add, relative to the root, sorted. A new file is checked before
/// it is committed; a deleted one is not looked for.
fn files() -> Vec<String> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output()
        .expect("git runs: these checks work on a git checkout");
    assert!(
        output.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let names = String::from_utf8(output.stdout).expect("file names are UTF-8");
    let mut files: Vec<String> = names
        .split('\0')
        .filter(|name| !name.is_empty() && root().join(name).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    assert!(
        files.iter().any(|file| file == "Cargo.toml"),
        "the list of files is complete"
    );
    files
}

/// The Rust files among [`files`].
fn rust_files() -> Vec<String> {
    let mut files = files();
    files.retain(|file| file.ends_with(".rs"));
    files
}

/// The text of a file, or `None` for one that is not text.
fn text(file: &str) -> Option<String> {
    let bytes = std::fs::read(root().join(file)).expect("a listed file can be read");
    String::from_utf8(bytes).ok()
}

/// A Rust file, parsed.
fn parsed(file: &str) -> syn::File {
    let source = text(file).unwrap_or_else(|| panic!("{file}: not UTF-8"));
    syn::parse_file(&source)
        .unwrap_or_else(|error| panic!("{file}:{}: {error}", error.span().start().line))
}

/// Whether a file holds only test or benchmark code by where it lies.
fn is_test_file(file: &str) -> bool {
    let in_test_folder = file
        .split('/')
        .rev()
        .skip(1)
        .any(|folder| matches!(folder, "tests" | "benches"));
    in_test_folder || file.ends_with("/tests.rs") || file.ends_with("_tests.rs")
}

/// What `cargo metadata` says of the workspace's own packages.
fn metadata() -> serde_json::Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// Fails with every finding on a line of its own, under a line that says what would be right.
fn report<T: Display>(rule: &str, findings: &[T]) {
    if findings.is_empty() {
        return;
    }
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| format!("  {finding}"))
        .collect();
    panic!("\n{rule}\n{}\n", lines.join("\n"));
}

#[test]
fn test_files_are_told_by_their_place() {
    for (file, expected) in [
        ("crates/engine/src/lib.rs", false),
        ("crates/engine/src/testsuite.rs", false),
        ("crates/engine/tests/tables/main.rs", true),
        ("crates/engine/src/plan/tests.rs", true),
        ("crates/engine/src/plan_tests.rs", true),
        ("crates/engine/src/tests/plan.rs", true),
        ("crates/engine/benches/plan.rs", true),
    ] {
        assert_eq!(is_test_file(file), expected, "{file}");
    }
}
