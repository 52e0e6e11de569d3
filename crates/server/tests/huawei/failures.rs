//! A store that fails: whatever needs it is AS.0001 or the failure of the service beside, in shape, and afterwards all is as
//! it was.

use std::sync::Arc;

use http::Method;
use muster_ports::Store;
use muster_runtime::Options;
use muster_store::SqliteStore;
use muster_testing::{Fragile, Ground};
use serde_json::{Value, json};

use crate::service::Service;

const AS: &str = "/autoscaling-api/v1/{p}";

async fn everything(service: &Service) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "/autoscaling-api/v1/{p}/scaling_group",
        "/autoscaling-api/v1/{p}/scaling_configuration",
        "/V1.0/{p}/alarms",
        "/v2/{p}/notifications/topics?offset=0&limit=100",
        "/v1/{p}/vpcs",
        "/v3/{p}/keypairs",
    ] {
        let (status, answer) = service.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        let mut answer = answer;
        answer.as_object_mut().unwrap().remove("request_id");
        all.push(answer);
    }
    all
}

#[tokio::test]
async fn what_fails_is_told_in_shape_and_changes_nothing() {
    let store = Arc::new(Fragile::new(SqliteStore::in_memory().unwrap()));
    let kept: Arc<dyn Store> = Arc::<Fragile>::clone(&store);
    let service = Service::over(Ground::on(kept, 1, Options::default()).await).await;
    let post = async |path: &str, body: Value| service.ask(Method::POST, path, Some(body)).await;

    let disk = json!([{ "size": 40, "volume_type": "SATA", "disk_type": "SYS" }]);
    let like = json!({ "flavorRef": "s3.large.2", "imageRef": "i", "disk": disk, "key_name": "k" });
    let config = json!({ "scaling_configuration_name": "c", "instance_config": like });
    let (_, made) = post(&format!("{AS}/scaling_configuration"), config.clone()).await;
    let id = made["scaling_configuration_id"].as_str().unwrap();
    let group = json!({
        "scaling_group_name": "g", "scaling_configuration_id": id, "vpc_id": "v", "networks": [{ "id": "n" }],
    });
    let (_, made) = post(&format!("{AS}/scaling_group"), group.clone()).await;
    let of = format!(
        "{AS}/scaling_group/{}",
        made["scaling_group_id"].as_str().unwrap()
    );
    let before = everything(&service).await;

    store.fail(true);
    let hook = json!({ "lifecycle_hook_name": "h", "lifecycle_hook_type": "INSTANCE_LAUNCHING",
        "notification_topic_urn": "urn:smn:cn-north-4:0dd8cb413000906a2fcdc019b5a84546:t" });
    let hooks = of.replace("scaling_group/", "scaling_lifecycle_hook/");
    for (method, path, body) in [
        (Method::POST, format!("{AS}/scaling_configuration"), config),
        (Method::POST, format!("{AS}/scaling_group"), group),
        (
            Method::PUT,
            of.clone(),
            json!({ "scaling_group_name": "other" }),
        ),
        (Method::PUT, of.clone(), json!({ "max_instance_number": 7 })),
        (
            Method::POST,
            format!("{of}/action"),
            json!({ "action": "resume" }),
        ),
        (Method::POST, hooks, hook),
        (Method::DELETE, of.clone(), Value::Null),
    ] {
        let sent = (!body.is_null()).then_some(body);
        let (status, answer) = service.ask(method.clone(), &path, sent).await;
        let code = answer["error"]["code"].as_str();
        assert_eq!(
            (status, code),
            (500, Some("AS.0001")),
            "{method} {path}: {answer}"
        );
    }
    for (path, body, code) in [
        (
            "/v2/{p}/notifications/topics",
            json!({ "name": "t" }),
            "/error_code",
        ),
        (
            "/v1/{p}/vpcs",
            json!({ "vpc": { "name": "v", "cidr": "10.0.0.0/8" } }),
            "/code",
        ),
        (
            "/v3/{p}/keypairs",
            json!({ "keypair": { "name": "k" } }),
            "/error_code",
        ),
    ] {
        let (status, answer) = post(path, body).await;
        let code = answer.pointer(code).and_then(Value::as_str);
        assert!(
            matches!(status, 500 | 503) && code.is_some(),
            "{path}: {status} {answer}"
        );
    }
    store.fail(false);
    assert_eq!(everything(&service).await, before);
}

#[tokio::test]
async fn what_has_stopped_writes_nothing() {
    let service = Service::start().await;
    let before = everything(&service).await;
    service.runtime.stop().await;
    let vpc = json!({ "vpc": { "name": "v", "cidr": "10.0.0.0/8" } });
    let (status, answer) = service.ask(Method::POST, "/v1/{p}/vpcs", Some(vpc)).await;
    assert_eq!(status, 503, "{answer}");
    assert!(
        answer.to_string().contains("the service has stopped"),
        "{answer}"
    );
    assert_eq!(everything(&service).await, before);
}
