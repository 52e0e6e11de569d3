//! TC3-HMAC-SHA256, the signature of Tencent Cloud API 3.0.
//!
//! Two things are tolerated because the official clients disagree with the documents and with each other: the signed
//! host may differ from the `Host` header by scheme and port, and header values may be signed as sent or in lower case.
//! The service is whatever the credential scope says (the Node SDK puts the endpoint's first label there).

use http::Method;

use super::canonical::{self, Canonical, HmacSha256};
use super::keys::SigningKeys;
use super::{
    MAX_SKEW_SECS, SignError, authorization_header, check_skew, host_candidates, lower, unix_secs,
};
use crate::http::Head;
use crate::time::utc_date;

/// The scheme's name.
pub const ALGORITHM: &str = "TC3-HMAC-SHA256";
/// The last part of a credential scope.
pub const TERMINATOR: &str = "tc3_request";
/// The word clients send as the body's hash when they do not sign the body.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// More signed headers than this are refused.
const MAX_SIGNED_HEADERS: usize = 32;

/// A parsed `Authorization` header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// Whose key it is.
    pub secret_id: &'a str,
    /// The scope's date, `YYYY-MM-DD`; not yet compared with the timestamp.
    pub date: &'a str,
    /// The scope's service. Never decide anything by it.
    pub service: &'a str,
    /// `SecretId/date/service/tc3_request`, as sent.
    credential: &'a str,
    /// `date/service/tc3_request`, as sent.
    scope: &'a str,
    /// Names joined by `;`, as sent.
    signed_names: &'a str,
    signature: [u8; 32],
}

impl std::fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Authorization {
            credential,
            signed_names,
            ..
        } = self;
        f.debug_struct("Authorization")
            .field("credential", credential)
            .field("signed", signed_names)
            .finish()
    }
}

/// Finds and parses the `Authorization` header of a request.
///
/// # Errors
/// As [`parse`]; [`SignError::Unsigned`] when there is none.
pub fn authorization(head: &Head) -> Result<Authorization<'_>, SignError> {
    parse(authorization_header(head)?)
}

/// Parses the value of an `Authorization` header.
///
/// # Errors
/// [`SignError::Unsigned`] for the value `SKIP`, [`SignError::Malformed`] for any other form,
/// [`SignError::MissingSignedHeader`] when `content-type` or `host` is not signed.
pub fn parse(value: &str) -> Result<Authorization<'_>, SignError> {
    let value = value.trim();
    if value == "SKIP" {
        return Err(SignError::Unsigned);
    }
    let fields = value
        .strip_prefix(ALGORITHM)
        .filter(|rest| rest.starts_with(' '));
    let fields = fields.ok_or(SignError::Malformed("the algorithm is not TC3-HMAC-SHA256"))?;
    let (mut credential, mut signed_names, mut signature) = (None, None, None);
    for field in fields.split(',') {
        let (name, value) = field
            .trim()
            .split_once('=')
            .ok_or(SignError::Malformed("a part without ="))?;
        let place = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_names,
            "Signature" => &mut signature,
            _ => return Err(SignError::Malformed("an unknown part")),
        };
        if place.replace(value).is_some() {
            return Err(SignError::Malformed("a part given twice"));
        }
    }
    let credential = credential.ok_or(SignError::Malformed("no Credential"))?;
    let signed_names = signed_names.ok_or(SignError::Malformed("no SignedHeaders"))?;
    let signature = signature.ok_or(SignError::Malformed("no Signature"))?;
    check_signed_names(signed_names)?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(signature, &mut bytes)
        .map_err(|_| SignError::Malformed("Signature is not 64 hex digits"))?;
    let (secret_id, scope) = credential
        .split_once('/')
        .ok_or(SignError::Malformed("no credential scope"))?;
    let mut parts = scope.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(date), Some(service), Some(TERMINATOR), None) if !secret_id.is_empty() => {
            Ok(Authorization {
                secret_id,
                date,
                service,
                credential,
                scope,
                signed_names,
                signature: bytes,
            })
        }
        _ => Err(SignError::Malformed(
            "the credential is not SecretId/date/service/tc3_request",
        )),
    }
}

fn check_signed_names(names: &str) -> Result<(), SignError> {
    if names.split(';').count() > MAX_SIGNED_HEADERS {
        return Err(SignError::Malformed("too many signed headers"));
    }
    for needed in ["content-type", "host"] {
        if !names
            .split(';')
            .any(|name| name.eq_ignore_ascii_case(needed))
        {
            return Err(SignError::MissingSignedHeader(needed));
        }
    }
    Ok(())
}

impl Authorization<'_> {
    /// Checks time, date and signature. `now_secs` is the real clock in unix seconds; `keys` saves deriving the key.
    ///
    /// For `GET` the body is not part of the signature, so no parameter may be read from it.
    ///
    /// # Errors
    /// [`SignError::MissingInput`] without a readable `X-TC-Timestamp`, [`SignError::Expired`],
    /// [`SignError::DateMismatch`], [`SignError::AbsentSignedHeader`], [`SignError::BadSignature`].
    pub fn verify(
        &self,
        head: &Head,
        body: &[u8],
        secret: &[u8],
        keys: Option<&SigningKeys>,
        now_secs: i64,
    ) -> Result<(), SignError> {
        let timestamp = head
            .header("x-tc-timestamp")
            .ok_or(SignError::MissingInput("X-TC-Timestamp"))?;
        let timestamp_secs =
            unix_secs(timestamp).ok_or(SignError::MissingInput("X-TC-Timestamp"))?;
        check_skew(timestamp_secs, now_secs, MAX_SKEW_SECS)?;
        if self.date != utc_date(timestamp_secs) {
            return Err(SignError::DateMismatch);
        }
        let headers = self.headers(head)?;
        let payload_hash = payload_hash(head, body);
        let canonical = Canonical {
            method: head.method.as_str(),
            path: "/",
            query: &head.raw_query,
            signed_names: self.signed_names,
            payload_hash: std::str::from_utf8(&payload_hash).unwrap_or_default(),
        };
        let kept = keys.and_then(|keys| keys.get(self.credential, secret));
        let derived = kept.is_none();
        let key = kept.unwrap_or_else(|| signing_key(secret, self.date, self.service));
        if !headers
            .candidates()
            .any(|headers| self.matches(&canonical, headers, timestamp, &key))
        {
            return Err(SignError::BadSignature);
        }
        if let (true, Some(keys)) = (derived, keys) {
            keys.keep(self.credential, secret, key);
        }
        Ok(())
    }

    fn matches(
        &self,
        canonical: &Canonical<'_>,
        headers: Candidate<'_>,
        time: &str,
        key: &HmacSha256,
    ) -> bool {
        let hash = canonical.hash(headers.iter());
        let mac = canonical::mac(key.clone(), ALGORITHM, time, self.scope, &hash);
        canonical::same(&mac, &self.signature)
    }

    /// The signed headers as sent, values trimmed, in the order the client names them.
    fn headers<'h>(&'h self, head: &'h Head) -> Result<Signed<'h>, SignError> {
        let mut lines = Vec::with_capacity(self.signed_names.split(';').count());
        for name in self.signed_names.split(';') {
            let value = head
                .headers
                .get(name)
                .ok_or(SignError::AbsentSignedHeader)?;
            lines.push((lower(name.as_bytes()), value.as_bytes().trim_ascii()));
        }
        let host = head.header("host").ok_or(SignError::MissingInput("Host"))?;
        Ok(Signed { lines, host })
    }
}

/// The signed headers of a request.
struct Signed<'h> {
    lines: Vec<(std::borrow::Cow<'h, [u8]>, &'h [u8])>,
    host: &'h str,
}

impl Signed<'_> {
    /// Every way a client may have written these headers when it signed them, the common way first.
    fn candidates(&self) -> impl Iterator<Item = Candidate<'_>> {
        let has_upper = self
            .lines
            .iter()
            .any(|(_, value)| value.iter().any(u8::is_ascii_uppercase));
        let cases = if has_upper {
            &[false, true][..]
        } else {
            &[false]
        };
        cases.iter().flat_map(move |&lower_case| {
            host_candidates(self.host).map(move |host| Candidate {
                signed: self,
                host,
                lower_case,
            })
        })
    }
}

/// One way to write the signed headers.
#[derive(Clone, Copy)]
struct Candidate<'h> {
    signed: &'h Signed<'h>,
    host: &'h str,
    lower_case: bool,
}

impl<'h> Candidate<'h> {
    fn iter(self) -> impl Iterator<Item = (&'h [u8], std::borrow::Cow<'h, [u8]>)> {
        self.signed.lines.iter().map(move |(name, value)| {
            let value = if name.as_ref() == b"host" {
                self.host.as_bytes()
            } else {
                value
            };
            (
                name.as_ref(),
                if self.lower_case {
                    lower(value)
                } else {
                    value.into()
                },
            )
        })
    }
}

fn payload_hash(head: &Head, body: &[u8]) -> [u8; 64] {
    if head.header("x-tc-content-sha256") == Some(UNSIGNED_PAYLOAD) {
        canonical::sha256_hex(UNSIGNED_PAYLOAD.as_bytes())
    } else if head.method == Method::GET {
        canonical::sha256_hex(b"")
    } else {
        canonical::sha256_hex(body)
    }
}

/// The signing key of one secret, day and service, set up for use.
pub(super) fn signing_key(secret: &[u8], date: &str, service: &str) -> HmacSha256 {
    let start = zeroize::Zeroizing::new([b"TC3", secret].concat());
    let service_key = canonical::chain(&canonical::chain(&start, date), service);
    canonical::keyed(&canonical::chain(&service_key, TERMINATOR))
}
