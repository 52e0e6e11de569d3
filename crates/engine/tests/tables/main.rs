//! Engine tables: a view and what happens go in, the printed views, plans and reasons come out as golden text.
//!
//! No back end here: each test answers the calls itself. Times are seconds since the start; ids come from seed 1.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what broke by failing"
)]

#[path = "../base/mod.rs"]
mod base;
mod groups;
mod health;
mod launches;
mod members;
mod names;
mod refreshes;
mod schedules;
mod spot;
mod standby;
mod table;
