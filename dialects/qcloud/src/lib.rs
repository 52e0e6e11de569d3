//! Tencent Cloud Auto Scaling, the API of 2017 (`scaling.api.qcloud.com/v2/index.php`).
//!
//! Parameters come as a query or as a form, signed with HmacSHA1 or HmacSHA256 and each pair of nonce and time once. The
//! answer is always HTTP 200; whether it went well stands in its `code`. Ids are those of the API 3.0, but for hooks (`lfh-`).

mod actions;
mod checks;
mod codes;
mod context;
mod door;
mod fault;
mod params;
mod places;
mod replay;
mod shapes;
#[cfg(test)]
mod tests;
mod times;
mod types;
mod words;

pub use context::{Seal, Switches};
pub use door::{Options, Qcloud};
