//! The canonical request: method, path, query, headers, names of the signed headers and the body's hash, one per line,
//! hashed. TC3, AWS4 and the SDK schemes modelled on it differ in how they fill the parts in, not in the layout.
//!
//! Everything is streamed into the hash; nothing is put together in memory first.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// HMAC-SHA256 with its key set up.
pub type HmacSha256 = Hmac<Sha256>;

/// The parts of a canonical request, as the scheme wants them written.
#[derive(Clone, Copy, Debug)]
pub struct Canonical<'a> {
    /// The method.
    pub method: &'a str,
    /// The path.
    pub path: &'a str,
    /// The query: raw or re-encoded and sorted, as the scheme says.
    pub query: &'a str,
    /// The signed headers' names, joined by `;`.
    pub signed_names: &'a str,
    /// The hex hash of the body, or the word that stands for it.
    pub payload_hash: &'a str,
}

impl Canonical<'_> {
    /// The hex SHA-256 of the canonical request. `headers` are the names and values in the order of `signed_names`.
    pub fn hash<'h>(&self, headers: impl Iterator<Item = (&'h [u8], Cow<'h, [u8]>)>) -> [u8; 64] {
        let mut hash = Sha256::new();
        for part in [self.method, self.path, self.query] {
            hash.update(part);
            hash.update(b"\n");
        }
        for (name, value) in headers {
            hash.update(name);
            hash.update(b":");
            hash.update(value);
            hash.update(b"\n");
        }
        hash.update(b"\n");
        hash.update(self.signed_names);
        hash.update(b"\n");
        hash.update(self.payload_hash);
        to_hex(&hash.finalize().into())
    }
}

/// The MAC of the string to sign: algorithm, time, scope and the canonical request's hash, one per line.
pub fn mac(key: HmacSha256, algorithm: &str, time: &str, scope: &str, hash: &[u8; 64]) -> [u8; 32] {
    let mut mac = key;
    for part in [algorithm, time, scope] {
        mac.update(part.as_bytes());
        mac.update(b"\n");
    }
    mac.update(hash);
    mac.finalize().into_bytes().into()
}

/// HMAC-SHA256 keyed with `key`.
pub fn keyed(key: &[u8]) -> HmacSha256 {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    <HmacSha256 as KeyInit>::new_from_slice(key).expect("any length")
}

/// One step of a key chain: the HMAC-SHA256 of `data` under `key`.
pub fn chain(key: &[u8], data: &str) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(data.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Whether two MACs are equal, in constant time.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// The lower-case hex SHA-256 of `data`.
pub fn sha256_hex(data: &[u8]) -> [u8; 64] {
    to_hex(&Sha256::digest(data).into())
}

/// Lower-case hex.
pub fn to_hex(bytes: &[u8; 32]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [0; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    hex
}
