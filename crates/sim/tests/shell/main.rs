//! Runs of the whole shell: what production runs, but for its back end and its clock, on the real store. What an account has
//! beside groups is asked for by seed, everything goes wrong now and then, the service crashes at any commit and any call,
//! and what the documents promise of alarm rules, topics, servers and bandwidths is held against what was committed, what
//! machines there are, and what subscribers heard.
//!
//! `MUSTER_SEEDS` is the number of seeds (default 200), `MUSTER_SEED_FROM` the first. A failing seed prints the line that
//! reruns it. Ids, faults, times and the order of tasks follow from the seed: the same seed goes the same way again.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what broke by failing"
)]

mod audit;
mod commands;
mod crashes;
mod deletions;
mod jobs;
mod ports;
mod seeds;
mod world;
