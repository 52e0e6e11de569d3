//! `[tls]`: HTTPS on the same port, and the hosts that HTTP CONNECT is answered for.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// Most names and most hosts.
const MOST: usize = 256;
/// Longest host name, bytes.
const HOST_BYTES: usize = 253;
/// Longest label of one, bytes.
const LABEL_BYTES: usize = 63;

/// Where the clients of the APIs that are served go by themselves. `*` is one label: a region.
const HOSTS: [&str; 20] = [
    "as.tencentcloudapi.com",
    "as.*.tencentcloudapi.com",
    "tag.tencentcloudapi.com",
    "tag.*.tencentcloudapi.com",
    "scaling.api.qcloud.com",
    "kec.api.ksyun.com",
    "kec.*.api.ksyun.com",
    "iam.api.ksyun.com",
    "iam.*.api.ksyun.com",
    "iam.myhuaweicloud.com",
    "iam.*.myhuaweicloud.com",
    "as.*.myhuaweicloud.com",
    "ces.*.myhuaweicloud.com",
    "smn.*.myhuaweicloud.com",
    "ecs.*.myhuaweicloud.com",
    "elb.*.myhuaweicloud.com",
    "vpc.*.myhuaweicloud.com",
    "ims.*.myhuaweicloud.com",
    "kms.*.myhuaweicloud.com",
    "kps.*.myhuaweicloud.com",
];

/// `[tls]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TlsConfig {
    pub(crate) enabled: bool,
    pub(crate) cert: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) names: Vec<String>,
    pub(crate) hosts: Vec<String>,
}

impl Default for TlsConfig {
    fn default() -> Self {
        TlsConfig {
            enabled: true,
            cert: None,
            key: None,
            names: Vec::new(),
            hosts: HOSTS.map(str::to_owned).to_vec(),
        }
    }
}

/// Labels of letters, digits and `-`; `*` may stand for a label if the last two are written out.
fn is_host(name: &str) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    let plain = |label: &&str| {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=LABEL_BYTES).contains(&label.len())
            && label.bytes().all(good)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let stars = labels.iter().filter(|label| **label == "*").count();
    let ends = labels.iter().rev().take(2).all(plain);
    name.len() <= HOST_BYTES
        && labels.iter().all(|label| *label == "*" || plain(label))
        && (stars == 0 || (labels.len() > 2 && ends))
}

impl TlsConfig {
    /// What is wrong with it as a whole, if anything is.
    pub(super) fn problem(&self) -> Option<String> {
        match (&self.cert, &self.key) {
            (Some(_), None) => return Some("tls.key goes with tls.cert".to_owned()),
            (None, Some(_)) => return Some("tls.cert goes with tls.key".to_owned()),
            (Some(_), Some(_)) | (None, None) => {}
        }
        for (key, listed) in [("names", &self.names), ("hosts", &self.hosts)] {
            if listed.len() > MOST {
                return Some(format!("tls.{key}: at most {MOST} are right"));
            }
            let mut seen = BTreeSet::new();
            for name in listed {
                let address = key == "names" && name.parse::<IpAddr>().is_ok();
                if !address && !is_host(name) {
                    return Some(format!("tls.{key} `{name}`: a host name is right"));
                }
                if !seen.insert(name.to_ascii_lowercase()) {
                    return Some(format!("tls.{key} `{name}`: each is there once"));
                }
            }
        }
        None
    }
}
