//! AWS4-HMAC-SHA256 (Signature Version 4) as Kingsoft Cloud takes it: in the `Authorization` header or in the query.
//!
//! The signed headers are those that the client names; `host` must be among them. Region and service are whatever the
//! credential scope says. Two things are tolerated because the clients disagree: the signed host may lack the port, and
//! the query may have been signed as sent or decoded and encoded again.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;

use super::canonical::{self, Canonical, HmacSha256};
use super::keys::SigningKeys;
use super::{check_skew, host_candidates};
use crate::http::Head;
use crate::node::form;

/// The scheme's name.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last part of a credential scope.
pub const TERMINATOR: &str = "aws4_request";
/// How far a request's time may be from now, in seconds, unless it says itself how long it is good.
pub const MAX_SKEW_SECS: u64 = 900;
/// The longest that a signature in a query may be good, in seconds.
pub const MAX_EXPIRES_SECS: u64 = 604_800;

/// More signed headers than this are refused.
const MAX_SIGNED_HEADERS: usize = 32;
/// What RFC 3986 leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Why a signature was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Aws4Error {
    /// There is no signature.
    #[error("the request is not signed")]
    Unsigned,
    /// Another scheme.
    #[error("the algorithm {0} is not supported")]
    Algorithm(String),
    /// The header does not have the form of the scheme.
    #[error("the Authorization header has another form")]
    Format,
    /// A part of the header is not there.
    #[error("the Authorization header has no {0}")]
    MissingPart(&'static str),
    /// A part in the query, or of the simplified signature, is not there.
    #[error("the parameter {0} is missing")]
    MissingParameter(&'static str),
    /// The credential does not have five parts.
    #[error("the credential does not have five parts")]
    Credential(String),
    /// The scope ends in another word.
    #[error("the scope does not end in aws4_request")]
    Terminator(String),
    /// The request has no time.
    #[error("there is neither X-Amz-Date nor Date")]
    NoDate,
    /// The time cannot be read.
    #[error("the time cannot be read")]
    Date(String),
    /// `host` is not among the signed headers.
    #[error("Host is not signed")]
    HostNotSigned,
    /// A header named as signed is not in the request.
    #[error("the signed header {0} is not in the request")]
    AbsentHeader(String),
    /// The scope has another date than the time.
    #[error("the date of the scope is not that of the time")]
    DateMismatch,
    /// The time is too far from now.
    #[error("the signature has expired")]
    Expired(String),
    /// The signature is not the one that the secret gives.
    #[error("the signature does not match")]
    BadSignature,
}

/// A parsed signature.
#[derive(Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose key it is.
    pub access_key: String,
    /// The region of the scope.
    pub region: String,
    /// The service of the scope.
    pub service: String,
    /// `key/date/region/service/aws4_request`, as sent.
    credential: String,
    /// Names joined by `;`, as sent.
    signed_names: String,
    mac: [u8; 32],
    /// `YYYYMMDDThhmmssZ`.
    time: String,
    time_secs: i64,
    /// Seconds that it is good, and that it stands in the query.
    query_expires: Option<u64>,
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signature")
            .field("credential", &self.credential)
            .field("signed", &self.signed_names)
            .finish_non_exhaustive()
    }
}

/// Finds and parses the signature of a request: that of the header, else that of the query.
///
/// # Errors
/// All but [`Aws4Error::Expired`], [`Aws4Error::DateMismatch`], [`Aws4Error::AbsentHeader`] and
/// [`Aws4Error::BadSignature`].
pub fn signature(head: &Head) -> Result<Signature, Aws4Error> {
    if head.headers.contains_key(http::header::AUTHORIZATION) {
        let value = head.header("authorization").ok_or(Aws4Error::Format)?;
        return in_header(head, value);
    }
    let query: Vec<_> = form::pairs(head.raw_query.as_bytes())
        .filter(|(name, _)| name.starts_with("X-Amz-"))
        .collect();
    match query.is_empty() {
        true => Err(Aws4Error::Unsigned),
        false => in_query(&query),
    }
}

fn in_header(head: &Head, value: &str) -> Result<Signature, Aws4Error> {
    let (algorithm, fields) = value.split_once(' ').unwrap_or((value, ""));
    if algorithm != ALGORITHM {
        return Err(Aws4Error::Algorithm(algorithm.to_owned()));
    }
    let (mut credential, mut signed_names, mut mac) = (None, None, None);
    for field in fields.split(',').map(str::trim).filter(|f| !f.is_empty()) {
        let (name, value) = field.split_once('=').ok_or(Aws4Error::Format)?;
        let place = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_names,
            "Signature" => &mut mac,
            _ => return Err(Aws4Error::Format),
        };
        if place.replace(value).is_some() {
            return Err(Aws4Error::Format);
        }
    }
    let credential = credential.ok_or(Aws4Error::MissingPart("Credential"))?;
    let signed_names = signed_names.ok_or(Aws4Error::MissingPart("SignedHeaders"))?;
    let mac = mac.ok_or(Aws4Error::MissingPart("Signature"))?;
    let time = head
        .header("x-amz-date")
        .or_else(|| head.header("date"))
        .ok_or(Aws4Error::NoDate)?;
    assembled(credential, signed_names, mac, time, None)
}

fn in_query(query: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Signature, Aws4Error> {
    let get = |name: &'static str| {
        let found = query.iter().rev().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_ref())
            .ok_or(Aws4Error::MissingParameter(name))
    };
    let algorithm = get("X-Amz-Algorithm")?;
    if algorithm != ALGORITHM {
        return Err(Aws4Error::Algorithm(algorithm.to_owned()));
    }
    let expires = match get("X-Amz-Expires") {
        Ok(text) => text
            .parse()
            .ok()
            .filter(|secs| *secs <= MAX_EXPIRES_SECS)
            .ok_or_else(|| Aws4Error::Expired(text.to_owned()))?,
        Err(_) => MAX_SKEW_SECS,
    };
    assembled(
        get("X-Amz-Credential")?,
        get("X-Amz-SignedHeaders")?,
        get("X-Amz-Signature")?,
        get("X-Amz-Date")?,
        Some(expires),
    )
}

fn assembled(
    credential: &str,
    signed_names: &str,
    mac: &str,
    time: &str,
    query_expires: Option<u64>,
) -> Result<Signature, Aws4Error> {
    let parts: Vec<&str> = credential.split('/').collect();
    let [access_key, _, region, service, terminator] = parts.as_slice() else {
        return Err(Aws4Error::Credential(credential.to_owned()));
    };
    if *terminator != TERMINATOR {
        return Err(Aws4Error::Terminator((*terminator).to_owned()));
    }
    let names = signed_names.split(';');
    if names.clone().count() > MAX_SIGNED_HEADERS {
        return Err(Aws4Error::Format);
    }
    if !names.clone().any(|name| name.eq_ignore_ascii_case("host")) {
        return Err(Aws4Error::HostNotSigned);
    }
    let (time, time_secs) = read_time(time).ok_or_else(|| Aws4Error::Date(time.to_owned()))?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(mac, &mut bytes).map_err(|_| Aws4Error::BadSignature)?;
    Ok(Signature {
        access_key: (*access_key).to_owned(),
        region: (*region).to_owned(),
        service: (*service).to_owned(),
        credential: credential.to_owned(),
        signed_names: signed_names.to_owned(),
        mac: bytes,
        time,
        time_secs,
        query_expires,
    })
}

/// A time as it is signed, and in unix seconds: `YYYYMMDDThhmmssZ`, or the form of mail and HTTP in a `Date` header.
fn read_time(text: &str) -> Option<(String, i64)> {
    if let Some(secs) = basic_secs(text) {
        return Some((text.to_owned(), secs));
    }
    let moment = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some((
        moment.strftime("%Y%m%dT%H%M%SZ").to_string(),
        moment.as_second(),
    ))
}

/// Reads `YYYYMMDDThhmmssZ`.
fn basic_secs(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 16
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 => *byte == b'T',
            15 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return None;
    }
    let extended = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &text[..4],
        &text[4..6],
        &text[6..8],
        &text[9..11],
        &text[11..13],
        &text[13..15]
    );
    crate::time::parse(&extended).ok().map(|ms| ms / 1000)
}

impl Signature {
    /// Checks it. `keys` keeps derived keys; `now_secs` is the real time.
    ///
    /// # Errors
    /// [`Aws4Error::Expired`], [`Aws4Error::DateMismatch`], [`Aws4Error::AbsentHeader`], [`Aws4Error::BadSignature`].
    pub fn verify(
        &self,
        head: &Head,
        body: &[u8],
        secret: &[u8],
        keys: Option<&SigningKeys>,
        now_secs: i64,
    ) -> Result<(), Aws4Error> {
        self.check_time(now_secs)?;
        let date = self.credential.split('/').nth(1).unwrap_or_default();
        if self.time.get(..8) != Some(date) {
            return Err(Aws4Error::DateMismatch);
        }
        let headers = self.headers(head)?;
        let payload = canonical::sha256_hex(body);
        let payload = std::str::from_utf8(&payload).unwrap_or_default();
        // What a client says of the body has to be so.
        let said = head.header("x-amz-content-sha256");
        if said.is_some_and(|said| !said.eq_ignore_ascii_case(payload)) {
            return Err(Aws4Error::BadSignature);
        }
        let kept = keys.and_then(|keys| keys.get(&self.credential, secret));
        let derived = kept.is_none();
        let key = kept.unwrap_or_else(|| self.key(secret, date));
        let host = head.header("host").unwrap_or_default();
        let names = self.signed_names.to_ascii_lowercase();
        let good = queries(&head.raw_query).iter().any(|query| {
            let canonical = Canonical {
                method: head.method.as_str(),
                path: if head.path.is_empty() {
                    "/"
                } else {
                    &head.path
                },
                query,
                signed_names: &names,
                payload_hash: payload,
            };
            host_candidates(host).any(|host| self.matches(&canonical, &headers, host, &key))
        });
        if !good {
            return Err(Aws4Error::BadSignature);
        }
        if let (true, Some(keys)) = (derived, keys) {
            keys.keep(&self.credential, secret, key);
        }
        Ok(())
    }

    fn check_time(&self, now_secs: i64) -> Result<(), Aws4Error> {
        let expired = || Aws4Error::Expired(self.time.clone());
        match self.query_expires {
            None => check_skew(self.time_secs, now_secs, MAX_SKEW_SECS).map_err(|_| expired()),
            Some(expires) => {
                let age = now_secs.saturating_sub(self.time_secs);
                let early = age < 0 && age.unsigned_abs() > MAX_SKEW_SECS;
                let late = age > 0 && age.unsigned_abs() > expires;
                match early || late {
                    true => Err(expired()),
                    false => Ok(()),
                }
            }
        }
    }

    fn key(&self, secret: &[u8], date: &str) -> HmacSha256 {
        let start = zeroize::Zeroizing::new([b"AWS4", secret].concat());
        let date_key = canonical::chain(&start, date);
        let region_key = canonical::chain(&date_key, &self.region);
        let service_key = canonical::chain(&region_key, &self.service);
        canonical::keyed(&canonical::chain(&service_key, TERMINATOR))
    }

    fn matches(
        &self,
        canonical: &Canonical<'_>,
        headers: &[(String, String)],
        host: &str,
        key: &HmacSha256,
    ) -> bool {
        let lines = headers.iter().map(|(name, value)| {
            let value = if name == "host" { host } else { value };
            (name.as_bytes(), Cow::Borrowed(value.as_bytes()))
        });
        let hash = canonical.hash(lines);
        let scope = self
            .credential
            .split_once('/')
            .map_or("", |(_, scope)| scope);
        let mac = canonical::mac(key.clone(), ALGORITHM, &self.time, scope, &hash);
        canonical::same(&mac, &self.mac)
    }

    /// The signed headers in the order that the client names them: lower case, values with single blanks.
    fn headers(&self, head: &Head) -> Result<Vec<(String, String)>, Aws4Error> {
        let line = |name: &str| {
            let value = head
                .header(name)
                .ok_or_else(|| Aws4Error::AbsentHeader(name.to_owned()))?;
            let value: Vec<&str> = value.split_ascii_whitespace().collect();
            Ok((name.to_ascii_lowercase(), value.join(" ")))
        };
        self.signed_names.split(';').map(line).collect()
    }
}

/// Percent-encodes as RFC 3986 has it.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// The ways in which a client may have written the query when it signed it.
fn queries(raw: &str) -> [String; 2] {
    let mut again: Vec<(String, String)> = form::pairs(raw.as_bytes())
        .filter(|(name, _)| name != "X-Amz-Signature")
        .map(|(name, value)| (encoded(&name), encoded(&value)))
        .collect();
    again.sort();
    let again: Vec<String> = again
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut sent: Vec<&str> = raw
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("X-Amz-Signature="))
        .collect();
    sent.sort_unstable();
    [again.join("&"), sent.join("&")]
}
