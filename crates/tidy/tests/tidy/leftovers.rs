//! Nothing half done and nothing of the machine it was written on: words, paths, package sources, links.

use std::path::Path;

/// Words that mark unfinished work. In pieces, because this file is searched too.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!"),
    concat!("unimpl", "emented!"),
];

/// Where build machines keep their checkouts.
const BUILD_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/tmp/", "wt/"),
    concat!("/home/", "runner/"),
    concat!("/root/", ".cargo"),
    concat!("/github/", "workspace"),
];

/// Options that bind an installation to one package server.
const PACKAGE_SERVERS: &[&str] = &[
    concat!("--index", "-url"),
    concat!("--extra-index", "-url"),
    concat!("--find", "-links"),
    concat!("replace", "-with ="),
];

/// Whether `word` stands in `line` by itself: no letter, digit or underscore touches it, and for a
/// path nothing that would make it a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let path = word.starts_with('/');
    let joins =
        |c: char| c.is_ascii_alphanumeric() || c == '_' || (path && matches!(c, '.' | '-' | '/'));
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(joins);
        let after = line[at + word.len()..].chars().next().is_some_and(joins);
        let open_end = word.ends_with(['/', '!', '=']) || path;
        !before && (open_end || !after)
    })
}

/// `file:line: word` for every place where one of the words stands.
fn find(files: &[String], words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let Some(text) = crate::text(file) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| has_word(line, word)) {
                found.push(format!("{file}:{}: {word}", index + 1));
            }
        }
    }
    found
}

#[test]
fn nothing_is_left_unfinished() {
    crate::report(
        "Finish it, or write it down where decisions are kept; code holds no reminders:",
        &find(&crate::rust_files(), UNFINISHED),
    );
}

#[test]
fn no_path_of_a_build_machine() {
    let here = crate::root();
    let here = here.to_string_lossy();
    let mut words = BUILD_PATHS.to_vec();
    // A checkout right under `/` would make every absolute path a finding.
    if here.matches('/').count() > 1 {
        words.push(&here);
    }
    crate::report(
        "Use a path relative to the repository, or an environment variable:",
        &find(&crate::files(), &words),
    );
}

#[test]
fn no_package_server_of_its_own() {
    crate::report(
        "Packages come from the public registries; whoever uses a mirror configures it at home:",
        &find(&crate::files(), PACKAGE_SERVERS),
    );
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for file in crate::files() {
        if !file.ends_with(".md") {
            continue;
        }
        let text = crate::text(&file).unwrap_or_default();
        let folder = Path::new(&file).parent().unwrap_or(Path::new(""));
        for (index, line) in text.lines().enumerate() {
            for link in links(line) {
                if !crate::root().join(folder).join(link).exists() {
                    broken.push(format!("{file}:{}: {link} does not exist", index + 1));
                }
            }
        }
    }
    crate::report("Links between documents that lead nowhere:", &broken);
}

/// The targets of a line's Markdown links that are files of this repository, without their anchor.
fn links(line: &str) -> Vec<&str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ']).next())
        .filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        .filter_map(|link| link.split('#').next())
        .filter(|link| !link.is_empty())
        .collect()
}

#[test]
fn words_are_found_by_themselves_only() {
    let mark = UNFINISHED[0];
    for (line, word, expected) in [
        (format!("// {mark}: later"), mark, true),
        (format!("{mark}S"), mark, false),
        (format!("a_{mark}"), mark, false),
        (format!("{}x/y", BUILD_PATHS[0]), BUILD_PATHS[0], true),
        (format!("net{}x", BUILD_PATHS[0]), BUILD_PATHS[0], false),
        ("    unimplemented".to_owned(), UNFINISHED[4], false),
        (format!("    {}()", UNFINISHED[4]), UNFINISHED[4], true),
    ] {
        assert_eq!(has_word(&line, word), expected, "{line}");
    }
    assert_eq!(
        links("see [a](docs/a.md#b), [c](https://c.example/) and [d](#d)"),
        ["docs/a.md"]
    );
}
