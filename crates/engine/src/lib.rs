//! The rules of an auto scaling service.
//!
//! Pure: no I/O, no async, no clock, no randomness, no hash order. Time, ids and settings come in, changes go out:
//!
//! * [`apply`]: a command in, a change (or an error that changed nothing) out;
//! * [`plan`]: a group in, the next steps out: what to write down as intent, what to ask of the back end after that,
//!   when to look again, and why;
//! * [`lifecycle`]: the one transition function of an instance;
//! * [`alarm`]: values of periods, gaps and a comparison in, how the alarm stands out;
//! * [`judge_alarms`]: the alarm rules of an account and what is known of their metrics in, how they stand out;
//! * [`check`]: the invariants, for tests and tools;
//! * [`explain`]: views and plans as text.
//!
//! Production, dry run, simulator and tests all call these.

mod activity;
mod advise;
pub mod alarm;
mod alarm_messages;
pub mod alarms;
mod apply;
pub mod balancers;
mod bandwidth;
mod calls;
mod catalogue;
pub mod check;
mod commands;
mod configs;
mod draft;
mod draining;
mod executions;
pub mod explain;
mod health;
mod hooks;
mod layout;
mod leave;
mod left_tasks;
pub mod lifecycle;
mod market;
mod names;
mod notify;
mod obstacle;
mod placement;
mod plan;
mod pool;
mod reason;
mod records;
pub mod refresh;
mod replace;
mod ring;
mod runs;
mod scaling;
pub mod schedule;
mod settings;
mod tags;
mod termination;
mod timed;
mod unaddressed;
mod urn;
mod wake;

pub use advise::advise;
pub use alarms::{Alarms, Known, READINGS_KEPT_SECS, judge_alarms, rings};
pub use apply::{Context, apply, apply_told};
pub use bandwidth::{bandwidth_by_itself, bandwidth_due, bandwidth_rung};
pub use calls::{PlannedCall, launch_spec};
pub use catalogue::{abnormal, check_server, judged, judged_config, with_made};
pub use commands::create::{create_group, like_machine};
pub use configs::{clear_config, create_config, delete_config, modify_config, upgrade_config};
pub use layout::{is_anothers, layout};
pub use left_tasks::leave_tasks;
pub use plan::{Plan, plan};
pub use reason::{Acted, Clamp, Code, Decision, Input, Reason, Record, Victim};
pub use records::{change_records, take_readings};
pub use ring::{Evaluation, Ring};
pub use scaling::watched_metrics;
pub use settings::{Facts, Quotas, Quotas2017, Settings, TypeFacts};
pub use tags::kept_tags;
pub use termination::who_leaves;
