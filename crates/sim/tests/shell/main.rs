//! Runs of the whole shell: what production runs, but for its back end and its clock, on the real store. What an account has
//! beside groups is asked for by seed, everything goes wrong now and then, the service crashes at any commit and any call,
//! and what the documents promise of alarm rules, topics, servers and bandwidths is held against what was committed, what
//! machines there are, and what subscribers heard.
//!
//! `MUSTER_SEEDS` is the number of seeds (default 200), `MUSTER_SEED_FROM` the first. A failing seed prints the line that
//! reruns it. Ids, faults and times follow from the seed; which of two tasks that are ready goes first, tokio decides.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what broke by failing"
)]

mod audit;
mod commands;
mod crashes;
mod deletions;
mod ports;
mod seeds;
mod world;
