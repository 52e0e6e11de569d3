//! SDK-HMAC-SHA256, the signature of Huawei Cloud.
//!
//! What clients disagree on is taken from all of them: the query may be sent unsorted, the host need not be signed, the
//! path is decoded before it is written canonically (one SDK sends `%3A` where another sends `:`), and headers that were
//! added after signing do not count. Only the headers named in `SignedHeaders` are looked at.

use hmac::Mac;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::canonical::{self, Canonical};
use super::{SignError, authorization_header, check_skew, host_candidates, lower};
use crate::http::Head;
use crate::node::form;

/// The scheme's name.
pub const ALGORITHM: &str = "SDK-HMAC-SHA256";
/// How far `X-Sdk-Date` may be from now, seconds.
pub const MAX_SKEW_SECS: u64 = 900;
/// The word clients send as the body's hash when they do not sign the body.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// More signed headers than this are refused.
const MAX_SIGNED_HEADERS: usize = 32;
/// What stands for itself in a canonical path and query.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A parsed `Authorization` header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// Whose key it is.
    pub access_key_id: &'a str,
    /// Names joined by `;`, as sent.
    signed_names: &'a str,
    signature: [u8; 32],
}

impl std::fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorization")
            .field("access", &self.access_key_id)
            .field("signed", &self.signed_names)
            .finish_non_exhaustive()
    }
}

/// Finds and parses the `Authorization` header of a request.
///
/// # Errors
/// [`SignError::Unsigned`] when there is none, [`SignError::Malformed`] for one of another form.
pub fn authorization(head: &Head) -> Result<Authorization<'_>, SignError> {
    parse(authorization_header(head)?)
}

/// Parses the value of an `Authorization` header: `SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…`.
///
/// # Errors
/// [`SignError::Malformed`] for any other form.
pub fn parse(value: &str) -> Result<Authorization<'_>, SignError> {
    let fields = value.trim().strip_prefix(ALGORITHM);
    let fields = fields
        .filter(|rest| rest.starts_with(' '))
        .ok_or(SignError::Malformed("the algorithm is not SDK-HMAC-SHA256"))?;
    let (mut access, mut signed_names, mut signature) = (None, None, None);
    for field in fields.split(',') {
        let (name, value) = field
            .trim()
            .split_once('=')
            .ok_or(SignError::Malformed("a part without ="))?;
        let place = match name {
            "Access" => &mut access,
            "SignedHeaders" => &mut signed_names,
            "Signature" => &mut signature,
            _ => return Err(SignError::Malformed("an unknown part")),
        };
        if place.replace(value).is_some() {
            return Err(SignError::Malformed("a part given twice"));
        }
    }
    let access_key_id = access
        .filter(|access| !access.is_empty())
        .ok_or(SignError::Malformed("no Access"))?;
    let signed_names = signed_names.ok_or(SignError::Malformed("no SignedHeaders"))?;
    let signature = signature.ok_or(SignError::Malformed("no Signature"))?;
    if signed_names.split(';').count() > MAX_SIGNED_HEADERS {
        return Err(SignError::Malformed("too many signed headers"));
    }
    let mut bytes = [0; 32];
    hex::decode_to_slice(signature, &mut bytes)
        .map_err(|_| SignError::Malformed("Signature is not 64 hex digits"))?;
    Ok(Authorization {
        access_key_id,
        signed_names,
        signature: bytes,
    })
}

impl Authorization<'_> {
    /// Checks time and signature. `now_secs` is the real clock in unix seconds.
    ///
    /// # Errors
    /// [`SignError::MissingInput`] without a readable `X-Sdk-Date`, [`SignError::Expired`],
    /// [`SignError::AbsentSignedHeader`], [`SignError::BadSignature`].
    pub fn verify(
        &self,
        head: &Head,
        body: &[u8],
        secret: &[u8],
        now_secs: i64,
    ) -> Result<(), SignError> {
        let date = head
            .header("x-sdk-date")
            .ok_or(SignError::MissingInput("X-Sdk-Date"))?;
        let date_secs = date_secs(date).ok_or(SignError::MissingInput("X-Sdk-Date"))?;
        check_skew(date_secs, now_secs, MAX_SKEW_SECS)?;
        let mut lines = Vec::new();
        for name in self.signed_names.split(';').filter(|name| !name.is_empty()) {
            let value = head
                .headers
                .get(name)
                .ok_or(SignError::AbsentSignedHeader)?;
            lines.push((lower(name.as_bytes()), value.as_bytes().trim_ascii()));
        }
        let payload = payload_hash(head, body)?;
        let (path, query) = (canonical_path(&head.path), canonical_query(&head.raw_query));
        let canonical = Canonical {
            method: head.method.as_str(),
            path: &path,
            query: &query,
            signed_names: self.signed_names,
            payload_hash: &payload,
        };
        let matches = |host: &str| {
            let headers = lines.iter().map(|(name, value)| {
                let value = match name.as_ref() == b"host" {
                    true => host.as_bytes(),
                    false => value,
                };
                (name.as_ref(), value.into())
            });
            let mut mac = canonical::keyed(secret);
            for part in [ALGORITHM, "\n", date, "\n"] {
                mac.update(part.as_bytes());
            }
            mac.update(&canonical.hash(headers));
            canonical::same(&mac.finalize().into_bytes(), &self.signature)
        };
        let host = head.header("host").unwrap_or_default();
        match host_candidates(host).any(matches) {
            true => Ok(()),
            false => Err(SignError::BadSignature),
        }
    }
}

/// `YYYYMMDDThhmmssZ` in unix seconds.
fn date_secs(text: &str) -> Option<i64> {
    if text.len() != 16 || !text.is_ascii() {
        return None;
    }
    let (day, clock) = (&text[..8], &text[9..15]);
    let rfc = format!(
        "{}-{}-{}{}{}:{}:{}{}",
        &day[..4],
        &day[4..6],
        &day[6..],
        &text[8..9],
        &clock[..2],
        &clock[2..4],
        &clock[4..],
        &text[15..]
    );
    Some(crate::time::parse(&rfc).ok()?.div_euclid(1000))
}

/// What was signed for the body: its hash, or the word for "not signed".
fn payload_hash(head: &Head, body: &[u8]) -> Result<String, SignError> {
    let hash = String::from_utf8_lossy(&canonical::sha256_hex(body)).into_owned();
    match head.header("x-sdk-content-sha256") {
        None => Ok(hash),
        Some(given) if given == UNSIGNED_PAYLOAD || given.eq_ignore_ascii_case(&hash) => {
            Ok(given.to_owned())
        }
        Some(_) => Err(SignError::BadSignature),
    }
}

/// Decoded, split at `/`, each part escaped, with a `/` at the end.
fn canonical_path(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut text = String::with_capacity(path.len() + 8);
    let parts = decoded.split('/');
    for (at, part) in parts.enumerate() {
        if at > 0 {
            text.push('/');
        }
        text.extend(utf8_percent_encode(part, ESCAPED));
    }
    if !text.ends_with('/') {
        text.push('/');
    }
    text
}

/// Decoded, sorted by name and value, escaped again.
fn canonical_query(raw: &str) -> String {
    let mut pairs: Vec<(String, String)> = form::pairs(raw.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    pairs.sort();
    let written = pairs.iter().map(|(name, value)| {
        let (name, value) = (
            utf8_percent_encode(name, ESCAPED),
            utf8_percent_encode(value, ESCAPED),
        );
        format!("{name}={value}")
    });
    written.collect::<Vec<_>>().join("&")
}

/// Signs a request as the SDKs do: for tests. `head` has the headers that are named.
#[must_use]
pub fn sign(head: &Head, body: &[u8], secret: &[u8], signed_names: &str) -> String {
    let headers: String = signed_names
        .split(';')
        .map(|name| format!("{name}:{}\n", head.header(name).unwrap_or_default()))
        .collect();
    let hash = |data: &[u8]| String::from_utf8_lossy(&canonical::sha256_hex(data)).into_owned();
    let canonical = format!(
        "{}\n{}\n{}\n{headers}\n{signed_names}\n{}",
        head.method,
        canonical_path(&head.path),
        canonical_query(&head.raw_query),
        hash(body)
    );
    let date = head.header("x-sdk-date").unwrap_or_default();
    let text = format!("{ALGORITHM}\n{date}\n{}", hash(canonical.as_bytes()));
    hex::encode(canonical::chain(secret, &text))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::*;

    fn head(method: Method, path: &str, query: &str, headers: &[(&str, &str)]) -> Head {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        Head {
            method,
            path: path.to_owned(),
            raw_query: query.to_owned(),
            headers: map,
        }
    }

    /// What huaweicloudsdkas 3.1.219 sent, byte for byte, for a list with a name that is not ASCII.
    fn recorded() -> (Head, i64) {
        let head = head(Method::GET, RECORDED_PATH, RECORDED_QUERY, RECORDED_HEADERS);
        let now = date_secs(head.header("x-sdk-date").unwrap()).unwrap();
        (head, now)
    }

    const RECORDED_PATH: &str =
        "/autoscaling-api/v1/0dd8cb413000906a2fcdc019b5a84546/scaling_group";
    const RECORDED_QUERY: &str =
        "limit=20&scaling_group_name=as%20group%2F%E6%B5%8B%E8%AF%95&start_number=0";
    const RECORDED_HEADERS: &[(&str, &str)] = &[
        (
            "user-agent",
            "huaweicloud-usdk-python/3.0; os/Linux##1_SMP_PREEMPT_DYNAMIC_@0#x86_64 python/3.11.7 impl/CPython; app/57f0026f-01e7-4ad1-95f6-08ae66bc3ca0",
        ),
        ("content-type", "application/json"),
        ("x-project-id", "0dd8cb413000906a2fcdc019b5a84546"),
        ("x-sdk-date", "20261126T135323Z"),
        ("host", "127.0.0.1:18471"),
        (
            "authorization",
            "SDK-HMAC-SHA256 Access=AKTEST, SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date, Signature=2988e5ca6d27bf77a01694c99a7fcb19db709aacd517351352544c337bd911ca",
        ),
    ];

    #[test]
    fn what_the_sdk_signs_is_accepted() {
        let (head, now) = recorded();
        let authorization = authorization(&head).unwrap();
        assert_eq!(authorization.access_key_id, "AKTEST");
        for skew in [-900, 0, 900] {
            assert_eq!(
                authorization.verify(&head, b"", b"SKTEST", now + skew),
                Ok(())
            );
        }
        let late = authorization.verify(&head, b"", b"SKTEST", now + 901);
        assert_eq!(late, Err(SignError::Expired));
        let wrong = authorization.verify(&head, b"", b"SKTESU", now);
        assert_eq!(wrong, Err(SignError::BadSignature));
        assert_eq!(
            authorization.verify(&head, b"{}", b"SKTEST", now),
            Err(SignError::BadSignature)
        );
    }

    #[test]
    fn any_order_and_spelling_of_the_query_is_the_same_request() {
        let (mut head, now) = recorded();
        let mut parts: Vec<&str> = RECORDED_QUERY.split('&').collect();
        parts.reverse();
        head.raw_query = parts.join("&").replace("%20", "+");
        let value = head.header("authorization").unwrap().to_owned();
        let authorization = parse(&value).unwrap();
        assert_eq!(authorization.verify(&head, b"", b"SKTEST", now), Ok(()));
        head.raw_query.push_str("&limit=21");
        assert_eq!(
            authorization.verify(&head, b"", b"SKTEST", now),
            Err(SignError::BadSignature)
        );
    }

    #[test]
    fn a_header_that_was_added_later_does_not_count_and_one_that_is_missing_does() {
        let (mut head, now) = recorded();
        head.headers
            .insert("x-domain-id", HeaderValue::from_static("later"));
        let value = head.header("authorization").unwrap().to_owned();
        let authorization = parse(&value).unwrap();
        assert_eq!(authorization.verify(&head, b"", b"SKTEST", now), Ok(()));
        head.headers.remove("user-agent");
        assert_eq!(
            authorization.verify(&head, b"", b"SKTEST", now),
            Err(SignError::AbsentSignedHeader)
        );
    }

    #[test]
    fn paths_are_decoded_before_they_are_signed() {
        let urn = "/autoscaling-api/v1/p/scaling_notification/g/urn:smn:r:p:t";
        let encoded = urn.replace(':', "%3A");
        assert_eq!(canonical_path(urn), canonical_path(&encoded));
        assert!(canonical_path(urn).ends_with("/urn%3Asmn%3Ar%3Ap%3At/"));
        assert_eq!(canonical_path("/"), "/");
        assert_eq!(
            canonical_query("b=2&a=%E6%B5%8B&a=1&c"),
            "a=1&a=%E6%B5%8B&b=2&c="
        );
        let body = br#"{"action":"resume"}"#;
        let mut signed = head(
            Method::POST,
            &encoded,
            "",
            &[
                ("accept", "*/*"),
                ("x-sdk-date", "20261122T022343Z"),
                ("host", "h:1"),
            ],
        );
        let names = "accept;x-sdk-date";
        let signature = sign(&signed, body, b"secret", names);
        let text = format!("{ALGORITHM} Access=AK, SignedHeaders={names}, Signature={signature}");
        signed.path = urn.to_owned();
        let now = date_secs("20261122T022343Z").unwrap();
        assert_eq!(
            parse(&text).unwrap().verify(&signed, body, b"secret", now),
            Ok(())
        );
        signed
            .headers
            .insert("x-sdk-content-sha256", HeaderValue::from_static("0000"));
        assert_eq!(
            parse(&text).unwrap().verify(&signed, body, b"secret", now),
            Err(SignError::BadSignature)
        );
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in [
            "",
            "SDK-HMAC-SHA256",
            "SDK-HMAC-SHA256 Access=AK",
            "SDK-HMAC-SHA256 Access=, SignedHeaders=host, Signature=00",
            "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=00",
            "SDK-HMAC-SHA256 Access=AK, Access=AK, SignedHeaders=host, Signature=00",
            "TC3-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=00",
        ] {
            assert!(matches!(parse(bad), Err(SignError::Malformed(_))), "{bad}");
        }
        for bad in [
            "20261122T02234Z",
            "20261122 022343Z",
            "20261322T022343Z",
            "",
        ] {
            assert_eq!(date_secs(bad), None, "{bad}");
        }
    }
}
