//! What a request costs before its action runs, beside the bare hashing of the same bytes as a yardstick.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use muster_kit::decode::decode;
use muster_kit::http::Pairs;
use muster_kit::node::{Limits, form, json};
use muster_kit::sign::client::Client;
use muster_kit::sign::keys::SigningKeys;
use muster_kit::sign::tencent_v1::{self, API_3, Algorithm};
use muster_kit::sign::{canonical, tc3};
use serde::Deserialize;
use sha2::{Digest, Sha256};

const NOW: i64 = 1_795_314_807;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "only decoding is measured")]
struct Request {
    name: String,
    max_size: u32,
    spot: bool,
    subnet_ids: Vec<String>,
    tags: Vec<Tag>,
    user_data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "only decoding is measured")]
struct Tag {
    key: String,
    value: String,
}

/// A request of about 1 KiB: its JSON body and its form body.
fn request() -> (Vec<u8>, String) {
    let mut pairs = vec![
        ("Name".to_owned(), "web-servers".to_owned()),
        ("MaxSize".into(), "240".into()),
        ("Spot".into(), "true".into()),
        ("UserData".into(), "IyEvYmluL3NoCg".repeat(24)),
    ];
    let subnets: Vec<String> = (0..8).map(|i| format!("subnet-bench{i:03}")).collect();
    pairs.extend(
        subnets
            .iter()
            .enumerate()
            .map(|(i, id)| (format!("SubnetIds.{i}"), id.clone())),
    );
    let mut tags = Vec::new();
    for i in 0..8 {
        tags.push(serde_json::json!({"Key": format!("team-{i}"), "Value": "the web team"}));
        pairs.push((format!("Tags.{i}.Key"), format!("team-{i}")));
        pairs.push((format!("Tags.{i}.Value"), "the web team".into()));
    }
    let body = serde_json::json!({
        "Name": "web-servers", "MaxSize": 240, "Spot": true, "SubnetIds": subnets, "Tags": tags,
        "UserData": pairs[3].1,
    });
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&pairs)
        .finish();
    (body.to_string().into_bytes(), form)
}

fn benches(c: &mut Criterion) {
    let (body, form_body) = request();
    let limits = Limits::default();
    let client = Client {
        secret_id: "AKIDbench",
        secret_key: "0123456789abcdef0123456789abcdef",
        host: "127.0.0.1:8700",
        service: "as",
        version: "2018-04-19",
        region: Some("ap-guangzhou"),
    };
    let secret = client.secret_key.as_bytes();

    c.bench_function("yardstick/sha256_of_body", |b| {
        b.iter(|| Sha256::digest(black_box(&body)))
    });
    c.bench_function("yardstick/hmac_sha256_of_body", |b| {
        b.iter(|| {
            let mut mac = canonical::keyed(secret);
            mac.update(black_box(&body));
            mac.finalize()
        });
    });
    c.bench_function("yardstick/hmac_sha1_of_body", |b| {
        b.iter(|| {
            let mut mac =
                <Hmac<sha1::Sha1> as KeyInit>::new_from_slice(secret).expect("any length");
            mac.update(black_box(&body));
            mac.finalize()
        });
    });

    let signed = client.post_json("CreateAutoScalingGroup", NOW, body.clone());
    let keys = SigningKeys::new(64);
    for (name, keys) in [
        ("tc3/verify", None),
        ("tc3/verify_with_kept_key", Some(&keys)),
    ] {
        c.bench_function(name, |b| {
            b.iter(|| {
                let authorization = tc3::authorization(black_box(&signed.head)).expect("signed");
                authorization
                    .verify(&signed.head, &signed.body, secret, keys, NOW)
                    .expect("verifies");
            });
        });
    }
    let params = [
        ("Limit", "20"),
        ("Offset", "0"),
        ("AutoScalingGroupIds.0", "asg-12345678"),
    ];
    let old = client.form(
        Method::POST,
        Algorithm::HmacSha1,
        "DescribeAutoScalingGroups",
        NOW,
        &params,
    );
    let pairs = Pairs::read(&old.head, &old.body, &limits).expect("small");
    c.bench_function("v1/verify_sha1", |b| {
        b.iter(|| {
            tencent_v1::verify(black_box(&old.head), &pairs, secret, &API_3, NOW).expect("verifies")
        });
    });

    c.bench_function("decode/json_1k", |b| {
        b.iter(|| {
            let node = json::parse_object(black_box(&body), &limits).expect("JSON");
            decode::<Request>(&node).expect("decodes")
        });
    });
    c.bench_function("decode/json_1k_serde_json_alone", |b| {
        b.iter(|| serde_json::from_slice::<Request>(black_box(&body)).expect("decodes"));
    });
    c.bench_function("decode/form_1k", |b| {
        b.iter(|| {
            let pairs = form::pairs(black_box(form_body.as_bytes()));
            let node = form::tree(pairs, &form::Style::default(), &limits).expect("a tree");
            decode::<Request>(&node).expect("decodes")
        });
    });
}

criterion_group!(group, benches);
criterion_main!(group);
