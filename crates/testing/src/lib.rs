//! One service for tests: the doors over the real runtime and the real store, with simulated machines, and signed requests
//! to them. Tests of doors stand on this one; what only one door has is with its tests.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

mod accounts;
mod doors;
mod fragile;
mod ground;
mod names;
mod requests;

pub use accounts::{Accounts, KEY, OTHER, PROJECT, READ_ONLY, REGION, SECRET};
pub use doors::{huawei, ksyun, qcloud, tencent3};
pub use fragile::Fragile;
pub use ground::Ground;
pub use names::{Names, Words};
pub use requests::{
    HOST, NOW, REQUEST_ID, SDK_DATE, TIMESTAMP, body, head, headers, huawei_signed, incoming,
    ksyun_signed, qcloud_signed, tencent_client,
};
