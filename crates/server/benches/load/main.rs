//! What the service can do, as ratios within one run, because machines are noisy:
//!
//! ```text
//! cargo bench -p muster --bench load                 everything
//! cargo bench -p muster --bench load -- describe     one of: describe mutate machines restart engine commits
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench reads the real clock and says what it found"
)]

mod bare;
mod client;
mod inner;
mod served;

const SECTIONS: [&str; 6] = [
    "describe", "mutate", "machines", "restart", "engine", "commits",
];

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    if words.first().is_some_and(|word| word == bare::WORD) {
        return runtime().block_on(bare::serve());
    }
    if let Some(unknown) = words.iter().find(|word| !SECTIONS.contains(&word.as_str())) {
        panic!("there is no section {unknown}: {SECTIONS:?}");
    }
    let chosen = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    for name in SECTIONS.into_iter().filter(|name| chosen(name)) {
        match name {
            "describe" => runtime().block_on(served::describe()),
            "mutate" => runtime().block_on(served::mutate()),
            "machines" => runtime().block_on(served::machines()),
            "restart" => runtime().block_on(served::restart()),
            "engine" => inner::engine(),
            _ => inner::commits(),
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
