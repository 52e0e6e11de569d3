//! The doors, each with the options that tests want.

use std::sync::Arc;

use muster_huawei::{Huawei, TopicOptions};
use muster_kit::node::Limits;
use muster_ksyun::Ksyun;
use muster_ports::Api;
use muster_qcloud::Qcloud;
use muster_runtime::Runtime;
use muster_tencent3::Tencent3;

use crate::{Ground, NOW};

fn api(ground: &Ground) -> Arc<dyn Api> {
    Arc::<Runtime>::clone(&ground.runtime)
}

/// What stands for a secret at rest: how long it is.
fn sealed(secret: &str) -> String {
    format!("sealed({})", secret.len())
}

/// Tencent Cloud API 3.0, with signatures checked at `now_secs`.
#[must_use]
pub fn tencent3(ground: &Ground, rate_limits: bool, now_secs: i64) -> Tencent3 {
    let options = muster_tencent3::Options {
        rate_limits,
        limits: Limits::default(),
        now_unix_secs: Arc::new(move || now_secs),
        seal: Arc::new(sealed),
    };
    Tencent3::new(api(ground), Arc::new(ground.accounts), options)
}

/// Tencent Cloud, the API of 2017.
#[must_use]
pub fn qcloud(ground: &Ground, rate_limits: bool, switches: muster_qcloud::Switches) -> Qcloud {
    let options = muster_qcloud::Options {
        rate_limits,
        limits: Limits::default(),
        now_unix_secs: Arc::new(|| NOW),
        seal: Arc::new(sealed),
        switches,
    };
    Qcloud::new(api(ground), Arc::new(ground.accounts), options)
}

/// Kingsoft Cloud.
#[must_use]
pub fn ksyun(ground: &Ground, rate_limits: bool, switches: muster_ksyun::Switches) -> Ksyun {
    let options = muster_ksyun::Options {
        rate_limits,
        limits: Limits::default(),
        now_unix_secs: Arc::new(|| NOW),
        seal: Arc::new(sealed),
        switches,
    };
    Ksyun::new(api(ground), Arc::new(ground.accounts), options)
}

/// Huawei Cloud. Subscriptions are confirmed at once; tokens are open, without what a header may not hold.
#[must_use]
pub fn huawei(ground: &Ground) -> Huawei {
    let options = muster_huawei::Options {
        limits: Limits::default(),
        now_unix_secs: Arc::new(|| NOW),
        seal: Arc::new(sealed),
        seal_token: Arc::new(|text| Some(text.replace('"', "'"))),
        open_token: Arc::new(|text| Some(text.replace('\'', "\""))),
        // What is made of it is nobody's secret here.
        random: Arc::new(|| [7; 32]),
        topics: TopicOptions {
            confirm_at_once: true,
            has_mail: false,
            certificate: Arc::from(""),
            public_url: None,
        },
    };
    Huawei::new(api(ground), Arc::new(ground.accounts), options)
}
