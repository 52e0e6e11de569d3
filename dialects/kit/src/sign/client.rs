//! The other side: makes signed requests, for tests, benches and fuzzers. It writes the string to sign out as text, as
//! the SDKs do, and shares only the hash functions with the verifiers, so that the two can catch each other's mistakes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::Hmac;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::canonical::{chain, sha256_hex, to_hex};
use super::tc3::{ALGORITHM, TERMINATOR};
use super::tencent_v1::{API_3, API_2017, Algorithm, Profile, mac, sorted};
use crate::http::{FORM, Head, Pairs};
use crate::time::utc_date;

/// Who signs, and for which endpoint.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// The key's id.
    pub secret_id: &'a str,
    /// The key's secret.
    pub secret_key: &'a str,
    /// The `Host` header, and the host that is signed.
    pub host: &'a str,
    /// The service in the credential scope.
    pub service: &'a str,
    /// `X-TC-Version`.
    pub version: &'a str,
    /// `X-TC-Region`, if any.
    pub region: Option<&'a str>,
}

/// A signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its head.
    pub head: Head,
    /// Its body.
    pub body: Bytes,
}

impl Client<'_> {
    /// A TC3 `POST` with a JSON body.
    pub fn post_json(&self, action: &str, timestamp_secs: i64, body: impl Into<Bytes>) -> Request {
        let body = body.into();
        let head = self.tc3(
            Method::POST,
            "application/json",
            action,
            timestamp_secs,
            "",
            &body,
        );
        Request { head, body }
    }

    /// A TC3 `GET` with an already encoded query.
    pub fn get(&self, action: &str, timestamp_secs: i64, raw_query: &str) -> Request {
        Request {
            head: self.tc3(Method::GET, FORM, action, timestamp_secs, raw_query, b""),
            body: Bytes::new(),
        }
    }

    /// A `GET` or form `POST` with the older signature. `params` are the action's own, not encoded.
    pub fn form(
        &self,
        method: Method,
        algorithm: Algorithm,
        action: &str,
        timestamp_secs: i64,
        params: &[(&str, &str)],
    ) -> Request {
        let timestamp = timestamp_secs.to_string();
        let name = match algorithm {
            Algorithm::HmacSha1 => "HmacSHA1",
            Algorithm::HmacSha256 => "HmacSHA256",
        };
        let common = [
            ("Action", action),
            ("Nonce", "3732947899015618323"),
            ("SecretId", self.secret_id),
            ("SignatureMethod", name),
            ("Timestamp", &timestamp),
            ("Version", self.version),
        ];
        let region = self.region.map(|region| ("Region", region));
        let all: Pairs = params.iter().copied().chain(common).chain(region).collect();
        self.signed_form(method, "/", &all, &API_3)
    }

    /// A `GET` or form `POST` of the API of 2017. `pairs` are all its parameters but the signature, not encoded.
    pub fn form_2017(&self, method: Method, pairs: &[(&str, &str)]) -> Request {
        let all = pairs.iter().copied().collect();
        self.signed_form(method, "/v2/index.php", &all, &API_2017)
    }

    fn signed_form(&self, method: Method, path: &str, all: &Pairs, profile: &Profile) -> Request {
        let secret = self.secret_key.as_bytes();
        let list = sorted(all, &method, profile);
        let mac = match Algorithm::of(all) {
            Algorithm::HmacSha1 => mac::<Hmac<sha1::Sha1>>(&method, self.host, path, &list, secret),
            Algorithm::HmacSha256 => {
                mac::<Hmac<sha2::Sha256>>(&method, self.host, path, &list, secret)
            }
        };
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded
            .extend_pairs(all.iter())
            .append_pair("Signature", &STANDARD.encode(mac));
        let encoded = encoded.finish();
        let is_get = method == Method::GET;
        let (raw_query, body) = if is_get {
            (encoded, String::new())
        } else {
            (String::new(), encoded)
        };
        let headers = headers([("host", self.host), ("content-type", FORM)]);
        Request {
            head: Head {
                method,
                path: path.into(),
                raw_query,
                headers,
            },
            body: body.into(),
        }
    }

    fn tc3(
        &self,
        method: Method,
        media: &str,
        action: &str,
        timestamp_secs: i64,
        query: &str,
        body: &[u8],
    ) -> Head {
        let date = utc_date(timestamp_secs);
        let scope = format!("{date}/{}/{TERMINATOR}", self.service);
        let canonical = format!(
            "{method}\n/\n{query}\ncontent-type:{media}\nhost:{}\n\ncontent-type;host\n{}",
            self.host,
            text(&sha256_hex(body))
        );
        let hash = sha256_hex(canonical.as_bytes());
        let to_sign = format!("{ALGORITHM}\n{timestamp_secs}\n{scope}\n{}", text(&hash));
        let start = format!("TC3{}", self.secret_key);
        let key = [&date, self.service, TERMINATOR]
            .iter()
            .fold(start.into_bytes(), |key, part| chain(&key, part).to_vec());
        let authorization = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders=content-type;host, Signature={}",
            self.secret_id,
            text(&to_hex(&chain(&key, &to_sign)))
        );
        let timestamp = timestamp_secs.to_string();
        let mut headers = headers([
            ("host", self.host),
            ("content-type", media),
            ("x-tc-action", action),
            ("x-tc-timestamp", &timestamp),
            ("x-tc-version", self.version),
            ("authorization", &authorization),
        ]);
        if let Some(region) = self
            .region
            .and_then(|region| HeaderValue::from_str(region).ok())
        {
            headers.insert("x-tc-region", region);
        }
        Head {
            method,
            path: "/".into(),
            raw_query: query.into(),
            headers,
        }
    }
}

fn text(hex: &[u8; 64]) -> &str {
    std::str::from_utf8(hex).unwrap_or_default()
}

/// Headers from pairs; a value that is none is left out.
fn headers<const N: usize>(pairs: [(&'static str, &str); N]) -> HeaderMap {
    let pairs = pairs.into_iter();
    pairs
        .filter_map(|(name, value)| {
            Some((
                HeaderName::from_static(name),
                HeaderValue::from_str(value).ok()?,
            ))
        })
        .collect()
}
