//! Signed requests of every API, handed over as the front would.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use muster_kit::http::{FORM, Head, Incoming, Reply};
use muster_kit::node::Limits;
use muster_kit::sign::aws4::encoded;
use muster_kit::sign::client::{Client, Request};
use muster_kit::sign::{huawei, ksyun};
use serde_json::Value;

use crate::{KEY, SECRET};

/// The host of every request.
pub const HOST: &str = "127.0.0.1:8700";
/// The request id of every request.
pub const REQUEST_ID: &str = "11111111-2222-4333-8444-555555555555";
/// What signatures are made and checked at: 2026-11-24T02:00:00Z.
pub const NOW: i64 = 1_795_485_600;
/// The same as Kingsoft's simplified signature has it.
pub const TIMESTAMP: &str = "2026-11-24T02:00:00Z";
/// The same as Huawei's signature has it.
pub const SDK_DATE: &str = "20261124T020000Z";

/// Headers from pairs.
#[must_use]
pub fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let one = |(name, value): &(&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(one).collect()
}

/// A head.
#[must_use]
pub fn head(method: Method, path: &str, raw_query: &str, pairs: &[(&str, &str)]) -> Head {
    Head {
        method,
        path: path.to_owned(),
        raw_query: raw_query.to_owned(),
        headers: headers(pairs),
    }
}

/// A request as the front hands it to a door.
#[must_use]
pub fn incoming(head: Head, body: Bytes) -> Incoming {
    Incoming::new(head, body, REQUEST_ID.to_owned(), &Limits::default()).unwrap()
}

/// The JSON of an answer; null where there is no body.
#[must_use]
pub fn body(reply: &Reply) -> Value {
    match reply.body.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&reply.body).unwrap(),
    }
}

/// Who signs for Tencent Cloud API 3.0.
#[must_use]
pub fn tencent_client(key: &str) -> Client<'_> {
    Client {
        secret_id: key,
        secret_key: SECRET,
        host: HOST,
        service: "as",
        version: "2018-04-19",
        region: Some("ap-guangzhou"),
    }
}

/// The parameters that are given, and of the common ones those that are not among them.
fn with_common<'a>(
    given: &[(&'a str, &'a str)],
    common: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let own = |name: &str| given.iter().any(|(known, _)| *known == name);
    let rest = common.iter().filter(|(name, _)| !own(name));
    given.iter().chain(rest).copied().collect()
}

/// A request of the Tencent Cloud API of 2017, the action among its parameters. No nonce is taken twice.
#[must_use]
pub fn qcloud_signed(method: Method, nonce: u64, given: &[(&str, &str)]) -> Request {
    let (nonce, now) = (nonce.to_string(), NOW.to_string());
    let common = [
        ("Region", "gz"),
        ("SecretId", KEY),
        ("Timestamp", now.as_str()),
        ("Nonce", nonce.as_str()),
    ];
    let client = Client {
        service: "",
        version: "",
        region: None,
        ..tencent_client(KEY)
    };
    client.form_2017(method, &with_common(given, &common))
}

/// A request of Kingsoft Cloud with the simplified signature, answered in JSON; the action among its parameters.
#[must_use]
pub fn ksyun_signed(method: Method, key: &str, given: &[(&str, &str)]) -> Request {
    let common = [
        ("Accesskey", key),
        ("Service", "kec"),
        ("Version", "2016-03-04"),
        ("Timestamp", TIMESTAMP),
        ("SignatureVersion", "1.0"),
        ("SignatureMethod", "HMAC-SHA256"),
        ("Format", "json"),
    ];
    let pairs = with_common(given, &common);
    let mac = ksyun::sign(SECRET.as_bytes(), &ksyun::text(pairs.iter().copied()));
    let all = pairs.iter().copied().chain([("Signature", mac.as_str())]);
    let form: Vec<String> = all
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    let form = form.join("&");
    let (raw_query, body) = match method {
        Method::GET => (form, String::new()),
        _ => (String::new(), form),
    };
    let headers = [("host", HOST), ("content-type", FORM)];
    Request {
        head: head(method, "/", &raw_query, &headers),
        body: body.into(),
    }
}

/// A request of Huawei Cloud, with the signature of its SDK; `extra` are headers that are signed, too.
#[must_use]
pub fn huawei_signed(method: Method, path: &str, body: &Value, extra: &[(&str, &str)]) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let body: Bytes = match body {
        Value::Null => Bytes::new(),
        body => body.to_string().into(),
    };
    let common = [
        ("host", HOST),
        ("content-type", "application/json"),
        ("x-sdk-date", SDK_DATE),
    ];
    let all: Vec<(&str, &str)> = common.iter().chain(extra).copied().collect();
    let mut names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let names = names.join(";");
    let mut head = head(method, path, query, &all);
    let mac = huawei::sign(&head, &body, SECRET.as_bytes(), &names);
    let text = format!(
        "{} Access={KEY}, SignedHeaders={names}, Signature={mac}",
        huawei::ALGORITHM
    );
    let value = HeaderValue::from_str(&text).unwrap();
    head.headers.insert("authorization", value);
    Request { head, body }
}
