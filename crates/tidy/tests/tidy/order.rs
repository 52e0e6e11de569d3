//! What the shell does follows from its seed: of two branches that are ready, the first one is taken.

/// `file:line` of every `select!` that leaves the choice to chance.
fn by_chance(file: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let numbered = lines.iter().enumerate();
    let chosen = numbered.filter(|(at, line)| {
        line.ends_with("select! {") && lines.get(at + 1).is_none_or(|next| *next != "biased;")
    });
    chosen.map(|(at, _)| format!("{file}:{}", at + 1)).collect()
}

#[test]
fn the_shell_leaves_no_choice_to_chance() {
    let mut found = Vec::new();
    for file in crate::rust_files() {
        if file.starts_with("crates/runtime/src/") {
            found.extend(by_chance(&file, &crate::text(&file).unwrap_or_default()));
        }
    }
    crate::report(
        "Write `biased;` first, and the branches so that none starves: a failing seed is to run again as it ran:",
        &found,
    );
}

#[test]
fn choices_by_chance_are_found() {
    let text = "a = tokio::select! {\n    biased;\n}\ntokio::select! {\n    () = x => {}\n}\n";
    assert_eq!(by_chance("f.rs", text), ["f.rs:4"]);
}
