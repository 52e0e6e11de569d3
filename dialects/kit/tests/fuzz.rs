//! Hostile input: nothing panics, limits hold, and what was encoded decodes to the same.

use http::{HeaderMap, HeaderValue, Method};
use muster_kit::decode::decode;
use muster_kit::http::Head;
use muster_kit::node::{Limits, Measure, Node, TreeError, form, json};
use muster_kit::sign::client::Client;
use muster_kit::sign::{host_candidates, tc3};
use muster_kit::time;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

const TIGHT: Limits = Limits {
    max_depth: 4,
    max_list: 5,
    max_nodes: 40,
    max_string_bytes: 16,
    max_index: 50,
};

fn within(node: &Node, limits: &Limits) -> bool {
    fn walk(node: &Node, depth: usize, nodes: &mut usize, limits: &Limits) -> bool {
        *nodes += 1;
        match node {
            Node::Null | Node::Bool(_) | Node::Int(_) | Node::UInt(_) => true,
            Node::Float(value) => value.is_finite(),
            Node::Str(text) => text.len() <= limits.max_string_bytes,
            Node::List(items) => {
                depth < limits.max_depth
                    && items.len() <= limits.max_list
                    && items
                        .iter()
                        .all(|item| walk(item, depth + 1, nodes, limits))
            }
            Node::Map(members) => {
                let mut names: Vec<_> = members.iter().map(|(name, _)| name).collect();
                names.sort();
                names.dedup();
                depth < limits.max_depth
                    && names.len() == members.len()
                    && members.iter().all(|(name, node)| {
                        name.len() <= limits.max_string_bytes
                            && walk(node, depth + 1, nodes, limits)
                    })
            }
        }
    }
    let mut nodes = 0;
    // The root of a form costs nothing.
    walk(node, 0, &mut nodes, limits) && nodes <= limits.max_nodes + 1
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    name: String,
    count: i64,
    big: u64,
    on: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    #[serde(default)]
    kinds: Vec<Kind>,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Kind {
    One,
    Two,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    key: String,
    value: Option<u8>,
}

prop_compose! {
    fn request()(
        name in any::<String>(), count: i64, big: u64, on: bool,
        ratio in proptest::option::of(-1e9f64..1e9),
        kinds in vec(prop_oneof![Just(Kind::One), Just(Kind::Two)], 0..4),
        parts in vec((any::<String>(), any::<Option<u8>>()).prop_map(|(key, value)| Part { key, value }), 0..12),
    ) -> Request {
        Request { name, count, big, on, ratio, kinds, parts }
    }
}

/// The flat pairs of a JSON value, as an SDK writes them.
fn flatten(prefix: &str, value: &serde_json::Value, base: usize, out: &mut Vec<(String, String)>) {
    let join = |name: &str| {
        if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}.{name}")
        }
    };
    match value {
        serde_json::Value::Null => {}
        serde_json::Value::Bool(value) => {
            out.push((prefix.into(), if *value { "True" } else { "False" }.into()))
        }
        serde_json::Value::Number(value) => out.push((prefix.into(), value.to_string())),
        serde_json::Value::String(value) => out.push((prefix.into(), value.clone())),
        serde_json::Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, item)| flatten(&join(&(i + base).to_string()), item, base, out));
        }
        serde_json::Value::Object(map) => map
            .iter()
            .for_each(|(name, item)| flatten(&join(name), item, base, out)),
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,20}".prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Into::into),
            btree_map("[A-C]{1,2}", inner, 0..8).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn json_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(node) = json::parse(&bytes, &TIGHT) {
            prop_assert!(within(&node, &TIGHT));
        }
    }

    #[test]
    fn json_values_keep_the_limits(value in any_json()) {
        let text = value.to_string();
        match json::parse(text.as_bytes(), &TIGHT) {
            Ok(node) => {
                prop_assert!(within(&node, &TIGHT));
                let _ = decode::<Request>(&node);
                let _ = decode::<serde_json::Value>(&node);
            }
            Err(TreeError::TooLarge { .. }) => {
                let whole = json::parse(text.as_bytes(), &Limits::default()).expect("only the limits refused it");
                prop_assert!(!within(&whole, &TIGHT) || whole == Node::Null);
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn forms_keep_the_limits(pairs in vec(("[A-B]{0,1}|([A-B0-3]{1,2}\\.){0,5}[A-B0-9]{0,3}", ".{0,18}"), 0..30)) {
        if let Ok(node) = form::tree(pairs, &form::Style { list_infix: Some("A") }, &TIGHT) {
            prop_assert!(within(&node, &TIGHT));
            let _ = decode::<Request>(&node);
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same(request in request(), base in 0usize..2) {
        let value = serde_json::to_value(&request).expect("serializes");
        let limits = Limits::default();
        let body = json::parse_object(value.to_string().as_bytes(), &limits).expect("JSON");
        let decoded = decode::<Request>(&body).expect("decodes");
        prop_assert_eq!(&decoded.value, &request);
        prop_assert!(decoded.unknown.is_empty());
        let mut pairs = Vec::new();
        flatten("", &value, base, &mut pairs);
        let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let tree = form::tree(form::pairs(encoded.as_bytes()), &form::Style::default(), &limits).expect("a tree");
        prop_assert_eq!(decode::<Request>(&tree).expect("decodes").value, request);
    }

    #[test]
    fn authorization_headers_never_panic(
        noise in ".{0,80}",
        parts in vec("(Credential|SignedHeaders|Signature|X)?=?[a-z0-9/;-]{0,70}(/tc3_request)?", 0..5),
    ) {
        let _ = tc3::parse(&noise);
        let value = format!("TC3-HMAC-SHA256 {}", parts.join(", "));
        let _ = tc3::parse(&value);
        prop_assert!(host_candidates(&noise).all(|host| noise.contains(host)));
        let mut headers = HeaderMap::new();
        for (name, value) in [("host", &noise), ("authorization", &value), ("x-tc-timestamp", &noise)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        let head = Head { method: Method::POST, path: "/".into(), raw_query: noise, headers };
        if let Ok(authorization) = tc3::authorization(&head) {
            prop_assert!(authorization.verify(&head, b"", b"secret", None, 0).is_err());
        }
    }

    #[test]
    fn signed_requests_verify_until_a_bit_flips(
        body in vec(any::<u8>(), 1..100), now in 0i64..4_000_000_000, flip: prop::sample::Index, secret in "[!-~]{1,100}",
    ) {
        let client = Client {
            secret_id: "id", secret_key: &secret, host: "H:1", service: "as", version: "v", region: None,
        };
        let request = client.post_json("A", now, body.clone());
        let authorization = tc3::authorization(&request.head).expect("well formed");
        prop_assert_eq!(authorization.verify(&request.head, &body, secret.as_bytes(), None, now), Ok(()));
        let mut changed = body.clone();
        changed[flip.index(body.len())] ^= 1;
        prop_assert!(authorization.verify(&request.head, &changed, secret.as_bytes(), None, now).is_err());
    }

    #[test]
    fn times_read_back(secs in -62_000_000_000i64..253_000_000_000, hours in -23i8..=23, text in ".{0,30}") {
        prop_assert_eq!(time::parse(&time::format_utc(secs * 1000)), Ok(secs * 1000));
        prop_assert_eq!(time::parse(&time::format_offset(secs * 1000, hours)), Ok(secs * 1000));
        let _ = time::parse(&text);
    }
}

#[test]
fn deep_nesting_is_an_error_not_an_overflow() {
    let deep = Limits {
        max_depth: usize::MAX,
        ..Limits::default()
    };
    for limits in [Limits::default(), deep] {
        let max = limits.max_depth.min(Limits::DEEPEST);
        let error = Err(TreeError::TooLarge {
            what: Measure::Depth,
            max,
        });
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert!(json::parse(nested(max).as_bytes(), &limits).is_ok());
            assert_eq!(json::parse(nested(max + 1).as_bytes(), &limits), error);
            assert_eq!(
                json::parse(open.repeat(1_000_000).as_bytes(), &limits),
                error
            );
        }
        let key = "a.".repeat(100_000);
        let limits = Limits {
            max_string_bytes: 1_000_000,
            ..limits
        };
        assert_eq!(
            form::tree([(key, "")], &form::Style::default(), &limits),
            error
        );
    }
    let mut by_hand = Node::Null;
    for _ in 0..1_000 {
        by_hand = Node::List(vec![by_hand]);
    }
    assert!(decode::<serde_json::Value>(&by_hand).is_err());
}
