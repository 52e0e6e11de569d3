//! Checking request signatures. Only checking: the one signer here ([`client`]) is for tests and load.
//!
//! [`canonical`] is the core every "canonical request" scheme shares; [`tc3`] and [`tencent_v1`] are the two schemes of
//! Tencent Cloud 3.0; [`aws4`] and [`ksyun`] are those of Kingsoft Cloud, [`huawei`] is that of Huawei Cloud. The caller
//! looks the secret up (an unknown key is its own error) and says what time it is;
//! signatures always use the real clock. Comparisons take constant time and no secret or signature is ever formatted.

pub mod aws4;
pub mod canonical;
pub mod client;
pub mod huawei;
pub mod keys;
pub mod ksyun;
pub mod tc3;
pub mod tencent_v1;

use std::borrow::Cow;

use thiserror::Error;

use crate::http::Head;

/// How far a request's timestamp may be from now, in seconds, in Tencent Cloud 3.0.
pub const MAX_SKEW_SECS: u64 = 300;

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignError {
    /// There is no signature: no header, or the SDKs' `SKIP`.
    #[error("the request is not signed")]
    Unsigned,
    /// The signature header or parameters do not have the form of the scheme.
    #[error("malformed authorization: {0}")]
    Malformed(&'static str),
    /// A header or parameter the scheme needs is absent or unreadable.
    #[error("{0} is missing or unreadable")]
    MissingInput(&'static str),
    /// A header that must be signed is not among the signed ones.
    #[error("header {0} must be signed")]
    MissingSignedHeader(&'static str),
    /// A header named as signed is not in the request.
    #[error("a signed header is not in the request")]
    AbsentSignedHeader,
    /// The date in the credential scope is not the UTC date of the timestamp.
    #[error("the credential's date is not the date of the timestamp")]
    DateMismatch,
    /// The timestamp is too far from now, in either direction.
    #[error("the timestamp is too far from now")]
    Expired,
    /// The signature is not the one the secret gives.
    #[error("the signature does not match")]
    BadSignature,
}

/// The value of the `Authorization` header.
///
/// # Errors
/// [`SignError::Unsigned`] when there is none, [`SignError::Malformed`] when it is not readable text.
fn authorization_header(head: &Head) -> Result<&str, SignError> {
    if !head.headers.contains_key(http::header::AUTHORIZATION) {
        return Err(SignError::Unsigned);
    }
    let value = head.header("authorization");
    value.ok_or(SignError::Malformed("not readable text"))
}

/// Checks a timestamp against now; both in unix seconds.
///
/// # Errors
/// [`SignError::Expired`] when they are more than `max_skew_secs` apart.
pub fn check_skew(timestamp_secs: i64, now_secs: i64, max_skew_secs: u64) -> Result<(), SignError> {
    if timestamp_secs.abs_diff(now_secs) <= max_skew_secs {
        Ok(())
    } else {
        Err(SignError::Expired)
    }
}

/// A decimal number without sign or blanks, as timestamps are sent.
pub(crate) fn unix_secs(text: &str) -> Option<i64> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// The hosts a client may have signed for one `Host` header: as sent, without a scheme in front, without the port, and
/// without both. Real clients do each of these.
pub fn host_candidates(host: &str) -> impl Iterator<Item = &str> {
    let bare = host
        .strip_prefix("http://")
        .or_else(|| host.strip_prefix("https://"));
    let all = [
        Some(host),
        bare,
        without_port(host),
        bare.and_then(without_port),
    ];
    all.into_iter().flatten()
}

/// The host without `:port`; `None` if there is no port. An IPv6 address keeps its brackets.
fn without_port(host: &str) -> Option<&str> {
    let (name, port) = host.rsplit_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let inside_brackets = name.contains('[') && !name.contains(']');
    (is_port && !inside_brackets).then_some(name)
}

/// `text` in ASCII lower case, borrowed when it already is.
fn lower(text: &[u8]) -> Cow<'_, [u8]> {
    if text.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_aws4;
