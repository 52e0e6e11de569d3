//! No dead files: every Rust file is part of a crate, because a `mod` line leads to it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Collects the files that the modules of `items` live in, and theirs.
///
/// `folder` is where the children of this module lie.
fn follow(items: &[syn::Item], folder: &Path, file: &Path, found: &mut BTreeSet<PathBuf>) {
    for item in items {
        let syn::Item::Mod(module) = item else {
            continue;
        };
        let name = module.ident.to_string();
        let name = name.trim_start_matches("r#");
        if let Some((_, inner)) = &module.content {
            follow(inner, &folder.join(name), file, found);
            continue;
        }
        let candidates = match path_attribute(module) {
            // Relative to the folder of the file that says it.
            Some(path) => vec![plain(&file.parent().unwrap_or(Path::new("")).join(path))],
            None => vec![
                folder.join(format!("{name}.rs")),
                folder.join(name).join("mod.rs"),
            ],
        };
        // One that does not exist is the compiler's to report.
        for candidate in candidates {
            if crate::root().join(&candidate).is_file() {
                let is_mod_rs = candidate.ends_with("mod.rs");
                let children = match (is_mod_rs, candidate.parent()) {
                    (true, Some(parent)) => parent.to_owned(),
                    (false, _) | (true, None) => candidate.with_extension(""),
                };
                visit(&candidate, &children, found);
            }
        }
    }
}

fn visit(file: &Path, children: &Path, found: &mut BTreeSet<PathBuf>) {
    if !found.insert(file.to_owned()) {
        return;
    }
    let parsed = crate::parsed(&file.to_string_lossy());
    follow(&parsed.items, children, file, found);
}

/// The path without `..`: files are compared by their paths.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

fn path_attribute(module: &syn::ItemMod) -> Option<String> {
    module.attrs.iter().find_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        let syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(path),
            ..
        }) = &pair.value
        else {
            return None;
        };
        pair.path.is_ident("path").then(|| path.value())
    })
}

#[test]
fn no_file_is_dead() {
    let root = crate::root();
    let metadata = crate::metadata();
    let mut found = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages") {
        for target in package["targets"].as_array().expect("targets") {
            let source = Path::new(target["src_path"].as_str().expect("a path"));
            let source = source.canonicalize().expect("a target's file exists");
            let source = source
                .strip_prefix(&root)
                .expect("it lies in the workspace");
            visit(source, source.parent().expect("a folder"), &mut found);
        }
    }
    let dead: Vec<String> = crate::rust_files()
        .into_iter()
        .filter(|file| !found.contains(Path::new(file)))
        .map(|file| format!("{file}:1: no crate root and no `mod` line leads here"))
        .collect();
    crate::report(
        "Rust files that no crate compiles: name them in their parent or delete them:",
        &dead,
    );
}
