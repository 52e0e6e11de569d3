//! The simplified signature of Kingsoft Cloud: HMAC-SHA256 over all parameters but itself, sorted and percent-encoded.

use super::aws4::{Aws4Error, MAX_SKEW_SECS, encoded};
use super::canonical;
use super::check_skew;

/// The only `SignatureMethod`.
pub const METHOD: &str = "HMAC-SHA256";

/// The text that is signed: every pair but `Signature`, sorted by name.
pub fn text<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> String {
    let mut pairs: Vec<_> = pairs.filter(|(name, _)| *name != "Signature").collect();
    // Of equal names in the order sent.
    pairs.sort_by_key(|(name, _)| *name);
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.join("&")
}

/// The signature of a text, in hex.
pub fn sign(secret: &[u8], text: &str) -> String {
    hex::encode(canonical::chain(secret, text))
}

/// Checks the signature in `pairs`: the query of a GET, the form of a POST. The key (`Accesskey`) has been looked up.
///
/// # Errors
/// [`Aws4Error::MissingParameter`], [`Aws4Error::Algorithm`], [`Aws4Error::Date`], [`Aws4Error::Expired`],
/// [`Aws4Error::BadSignature`].
pub fn verify(pairs: &[(&str, &str)], secret: &[u8], now_secs: i64) -> Result<(), Aws4Error> {
    let get = |name: &'static str| {
        let found = pairs.iter().rev().find(|(key, _)| *key == name);
        let found = found.map(|(_, value)| *value);
        found
            .filter(|value| !value.is_empty())
            .ok_or(Aws4Error::MissingParameter(name))
    };
    let signature = get("Signature")?;
    let method = get("SignatureMethod")?;
    if method != METHOD {
        return Err(Aws4Error::Algorithm(method.to_owned()));
    }
    let version = get("SignatureVersion")?;
    if !matches!(version, "1.0" | "1") {
        return Err(Aws4Error::Algorithm(format!("{method} {version}")));
    }
    get("Service")?;
    let time = get("Timestamp")?;
    let secs = crate::time::parse(time).map_err(|_| Aws4Error::Date(time.to_owned()))? / 1000;
    check_skew(secs, now_secs, MAX_SKEW_SECS).map_err(|_| Aws4Error::Expired(time.to_owned()))?;
    let mut mac = [0; 32];
    hex::decode_to_slice(signature, &mut mac).map_err(|_| Aws4Error::BadSignature)?;
    let right = canonical::chain(secret, &text(pairs.iter().copied()));
    match canonical::same(&right, &mac) {
        true => Ok(()),
        false => Err(Aws4Error::BadSignature),
    }
}
