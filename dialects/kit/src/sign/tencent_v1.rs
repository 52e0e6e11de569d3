//! HmacSHA1 and HmacSHA256, the older signature of Tencent Cloud (also that of its 2017 API): a MAC over method, host,
//! path and the sorted decoded parameters.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use sha1::Sha1;
use sha2::Sha256;

use super::canonical::same;
use super::{SignError, check_skew, host_candidates, unix_secs};
use crate::http::{Head, Pairs};

/// What differs between the APIs that use this scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// How far the timestamp may be from now.
    pub max_skew_secs: u64,
    /// Hosts that may have been signed whatever the `Host` header says: behind a proxy clients go on signing the official one.
    pub hosts: &'static [&'static str],
    /// Signed as in 2017: `_` in names is a `.`, and a POST leaves out values that begin with `@`.
    pub of_2017: bool,
}

/// Tencent Cloud API 3.0.
pub const API_3: Profile = Profile {
    max_skew_secs: super::MAX_SKEW_SECS,
    hosts: &[],
    of_2017: false,
};

/// The Auto Scaling API of 2017.
pub const API_2017: Profile = Profile {
    max_skew_secs: 2 * 3600,
    hosts: &["scaling.api.qcloud.com"],
    of_2017: true,
};

/// The hash. Anything but exactly `HmacSHA256` means SHA-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `HmacSHA1`, the default.
    HmacSha1,
    /// `HmacSHA256`.
    HmacSha256,
}

impl Algorithm {
    /// The algorithm a request names.
    pub fn of(pairs: &Pairs) -> Self {
        match pairs.get("SignatureMethod") {
            Some("HmacSHA256") => Algorithm::HmacSha256,
            Some(_) | None => Algorithm::HmacSha1,
        }
    }
}

/// Whose key the request is signed with.
///
/// # Errors
/// [`SignError::Unsigned`] when the request has no signature, [`SignError::MissingInput`] when it does not say whose.
pub fn secret_id(pairs: &Pairs) -> Result<&str, SignError> {
    if pairs.get("Signature").is_none() {
        return Err(SignError::Unsigned);
    }
    pairs
        .get("SecretId")
        .filter(|id| !id.is_empty())
        .ok_or(SignError::MissingInput("SecretId"))
}

/// Checks time and signature. `now_secs` is the real clock in unix seconds.
///
/// # Errors
/// [`SignError::Unsigned`], [`SignError::MissingInput`] without a readable timestamp or host,
/// [`SignError::Malformed`] when the signature is not base64, [`SignError::Expired`], [`SignError::BadSignature`].
pub fn verify(
    head: &Head,
    pairs: &Pairs,
    secret: &[u8],
    profile: &Profile,
    now_secs: i64,
) -> Result<(), SignError> {
    let signature = pairs.get("Signature").ok_or(SignError::Unsigned)?;
    let timestamp = pairs
        .get("Timestamp")
        .and_then(unix_secs)
        .ok_or(SignError::MissingInput("Timestamp"))?;
    let host = head.header("host").ok_or(SignError::MissingInput("Host"))?;
    // A plus that was not encoded arrives as a blank, which base64 never has.
    let signature = STANDARD.decode(signature.trim_end().replace(' ', "+"));
    let signature = signature.map_err(|_| SignError::Malformed("Signature is not base64"))?;
    check_skew(timestamp, now_secs, profile.max_skew_secs)?;
    let sorted = sorted(pairs, &head.method, profile);
    let matches = |host| match Algorithm::of(pairs) {
        Algorithm::HmacSha1 => same(
            &mac::<Hmac<Sha1>>(&head.method, host, &head.path, &sorted, secret),
            &signature,
        ),
        Algorithm::HmacSha256 => same(
            &mac::<Hmac<Sha256>>(&head.method, host, &head.path, &sorted, secret),
            &signature,
        ),
    };
    let mut hosts = host_candidates(host).chain(profile.hosts.iter().copied());
    if hosts.any(matches) {
        Ok(())
    } else {
        Err(SignError::BadSignature)
    }
}

/// The parameters that are signed, in plain ASCII order of their names (`InstanceIds.12` before `InstanceIds.2`).
pub(super) fn sorted<'p>(
    pairs: &'p Pairs,
    method: &Method,
    profile: &Profile,
) -> Vec<(Cow<'p, str>, &'p str)> {
    let is_file =
        |value: &str| profile.of_2017 && *method == Method::POST && value.starts_with('@');
    let mut sorted: Vec<_> = pairs
        .iter()
        .filter(|(name, value)| *name != "Signature" && !is_file(value))
        .map(
            |(name, value)| match profile.of_2017 && name.contains('_') {
                true => (Cow::Owned(name.replace('_', ".")), value),
                false => (Cow::Borrowed(name), value),
            },
        )
        .collect();
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    sorted
}

pub(super) fn mac<M: Mac + KeyInit>(
    method: &Method,
    host: &str,
    path: &str,
    sorted: &[(Cow<'_, str>, &str)],
    secret: &[u8],
) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = <M as KeyInit>::new_from_slice(secret).expect("any length");
    for part in [method.as_str(), host, path] {
        mac.update(part.as_bytes());
    }
    let mut separator = "?";
    for (name, value) in sorted {
        for part in [separator, name.as_ref(), "=", value] {
            mac.update(part.as_bytes());
        }
        separator = "&";
    }
    mac.finalize().into_bytes().to_vec()
}
