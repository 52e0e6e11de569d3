//! Every kind of object, made through every door and read through every other: the whole answers are the golden text. And
//! what a door shows, written back through it, changes nothing of what is stored.
//!
//! One more door is one more [`door::Door`] in [`door::all`].
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

mod door;
mod huawei;
mod ksyun;
mod masked;
mod matrix;
mod qcloud;
mod service;
mod tencent3;
mod troubled;
