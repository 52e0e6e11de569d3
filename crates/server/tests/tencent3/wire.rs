//! Requests as real clients sent them, byte for byte (made by `tests/clients/record.py`): their signatures hold, and
//! their parameters are understood. `scripts/sdk.txt` sends the bodies of all actions again where their ids exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use muster_kit::http::Head;

use super::facts::Facts;
use super::service::{Service, answer};
use super::spec::Spec;

struct Recorded {
    head: Head,
    body: Bytes,
    timestamp_secs: i64,
}

/// Reads a request as it was on the wire.
fn parse(bytes: &[u8]) -> Recorded {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let text = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = text.split("\r\n");
    let mut first = lines.next().unwrap().split(' ');
    let method = Method::from_bytes(first.next().unwrap().as_bytes()).unwrap();
    let target = first.next().unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        let name = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(value.trim()).unwrap());
    }
    let body = Bytes::copy_from_slice(&bytes[end + 4..]);
    let in_header = headers
        .get("x-tc-timestamp")
        .map(|v| v.to_str().unwrap().to_owned());
    let in_parameters = || {
        let all = format!("{query}&{}", String::from_utf8_lossy(&body));
        let found = all
            .split('&')
            .find_map(|pair| pair.strip_prefix("Timestamp="));
        found.unwrap().to_owned()
    };
    let timestamp_secs = in_header.unwrap_or_else(in_parameters).parse().unwrap();
    let head = Head {
        method,
        path: path.to_owned(),
        raw_query: query.to_owned(),
        headers,
    };
    Recorded {
        head,
        body,
        timestamp_secs,
    }
}

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tencent3/wire")
}

/// The body of an action that the Python SDK was recorded to send.
pub(crate) fn recorded_body(action: &str) -> String {
    let bytes = std::fs::read(dir().join(format!("python-tc3-post-{action}.http"))).unwrap();
    String::from_utf8(parse(&bytes).body.to_vec()).unwrap()
}

/// No action is without its recorded request, and each is answered well when its ids exist.
#[test]
fn every_action_is_recorded_and_answered() {
    let mut all: BTreeSet<String> = Facts::read().examples().into_keys().collect();
    assert_eq!(all.len(), 58);
    if let Some(spec) = Spec::read() {
        assert_eq!(spec.actions(), all);
    }
    let files = std::fs::read_dir(dir()).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let recorded: BTreeSet<String> = files
        .filter_map(|name| {
            let name = name.strip_prefix("python-tc3-post-")?;
            name.strip_suffix(".http").map(str::to_owned)
        })
        .collect();
    assert_eq!(recorded, all);
    let golden = dir().join("../snapshots/sdk.snap");
    let golden = std::fs::read_to_string(golden).unwrap();
    let golden: Vec<&str> = golden.lines().collect();
    for three in golden.windows(3) {
        if let Some(call) = three[0].strip_prefix("> sdk ") {
            let action = call.split(' ').next().unwrap();
            assert!(three[1].starts_with(&format!("> {action} ")), "{three:?}");
            assert!(three[2].starts_with("  {"), "{three:?}");
            all.remove(action);
        }
    }
    assert!(all.is_empty(), "not answered: {all:?}");
}

#[tokio::test]
async fn what_real_clients_sent_is_understood() {
    let mut names: Vec<_> = std::fs::read_dir(dir())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    names.sort();
    let mut golden = String::new();
    for path in names {
        let recorded = parse(&std::fs::read(&path).unwrap());
        let service = Service::start(recorded.timestamp_secs, false).await;
        let reply = service.handle(recorded.head, recorded.body).await;
        let response = answer(&reply);
        let said = match response.get("Error") {
            None => "answered".to_owned(),
            Some(error) => format!(
                "{}: {}",
                error["Code"].as_str().unwrap(),
                error["Message"].as_str().unwrap()
            ),
        };
        let name = path.file_stem().unwrap().to_string_lossy();
        golden.push_str(&format!("{name}: {} {said}\n", reply.action));
    }
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("wire", golden);
    });
}
