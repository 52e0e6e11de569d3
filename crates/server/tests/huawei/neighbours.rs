//! A tour of the services beside Auto Scaling: every operation once, its answer as golden text, errors too.

use serde_json::json;

use crate::tour::{id, masked, tour};

/// Ids, moments and addresses differ from run to run.
fn assert_golden(name: &str, text: &str) {
    masked().bind(|| insta::assert_snapshot!(name, text));
}

#[tokio::test]
async fn servers() {
    let mut tour = tour().await;
    let server = json!({
        "name": "by-hand",
        "imageRef": "image",
        "flavorRef": "s3.xlarge.4",
        "vpcid": "vpc",
        "nics": [{ "subnet_id": "subnet" }],
        "root_volume": { "volumetype": "SSD", "size": 40 },
        "availability_zone": "cn-north-4a",
        "metadata": { "role": "web", "admin_pass": "secret" },
        "adminPass": "secret",
        "tags": ["a.b"],
    });
    let made = tour
        .post("/v1/{p}/cloudservers", json!({ "server": server }))
        .await;
    tour.service.runtime.settle().await;
    let job = id(&made["job_id"]);
    let one = id(&made["serverIds"][0]);
    tour.get(&format!("/v1/{{p}}/jobs/{job}")).await;
    tour.get(&format!("/v1/{{p}}/cloudservers/{one}")).await;
    tour.get("/v1/{p}/cloudservers/detail?limit=1&name=nobody")
        .await;
    let servers = json!([{ "id": one }]);
    let stop = json!({ "os-stop": { "type": "SOFT", "servers": servers } });
    tour.post("/v1/{p}/cloudservers/action", stop).await;
    tour.service.runtime.settle().await;
    let delete = json!({ "servers": servers, "delete_publicip": true, "delete_volume": true });
    tour.post("/v1/{p}/cloudservers/delete", delete).await;
    tour.service.runtime.settle().await;
    tour.get(&format!("/v1/{{p}}/cloudservers/{one}")).await;
    tour.get("/v1/{p}/cloudservers/flavors?flavor_id=s6.large.2")
        .await;
    tour.get("/v2.1/{p}/os-availability-zone").await;
    tour.post(
        "/v1.1/{p}/cloudservers",
        json!({ "server": { "name": "x" } }),
    )
    .await;
    tour.post("/v1/{p}/cloudservers/action", json!({ "reboot": {} }))
        .await;
    assert!(!tour.text.contains("secret"));
    assert_golden("servers", &tour.text);
}

#[tokio::test]
async fn balancers() {
    let mut tour = tour().await;
    let body = json!({ "loadbalancer": { "name": "lb", "vpc_id": "vpc" } });
    let made = tour.post("/v3/{p}/elb/loadbalancers", body).await;
    let balancer = id(&made["loadbalancer"]["id"]);
    let body = json!({
        "loadbalancer_id": balancer,
        "protocol": "HTTP",
        "protocol_port": 80,
        "insert_headers": { "X-Forwarded-Host": true },
        "nobody_documents_this": 1,
    });
    let made = tour
        .post("/v3/{p}/elb/listeners", json!({ "listener": body }))
        .await;
    let listener = id(&made["listener"]["id"]);
    let body =
        json!({ "listener_id": listener, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN" });
    let made = tour
        .post("/v3/{p}/elb/pools", json!({ "pool": body }))
        .await;
    let pool = id(&made["pool"]["id"]);
    let body =
        json!({ "pool_id": pool, "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2 });
    let body = json!({ "healthmonitor": body });
    let made = tour.post("/v3/{p}/elb/healthmonitors", body).await;
    let monitor = id(&made["healthmonitor"]["id"]);
    let members = format!("/v3/{{p}}/elb/pools/{pool}/members");
    let body = json!({ "member": { "address": "192.168.0.7", "protocol_port": 80 } });
    let made = tour.post(&members, body).await;
    let member = id(&made["member"]["id"]);
    tour.get(&members).await;
    tour.get(&format!("/v2/{{p}}/elb/pools/{pool}/members"))
        .await;
    for path in [
        format!("loadbalancers/{balancer}"),
        format!("listeners/{listener}"),
        format!("pools/{pool}"),
    ] {
        tour.get(&format!("/v3/{{p}}/elb/{path}")).await;
    }
    tour.get("/v3/{p}/elb/pools?name=nobody").await;
    for path in [
        format!("loadbalancers/{balancer}"),
        format!("pools/{pool}/members/{member}"),
        format!("healthmonitors/{monitor}"),
        format!("pools/{pool}"),
        format!("listeners/{listener}"),
        format!("loadbalancers/{balancer}"),
        format!("loadbalancers/{balancer}"),
    ] {
        tour.delete(&format!("/v3/{{p}}/elb/{path}")).await;
    }
    tour.post(
        "/v3/{p}/elb/pools",
        json!({ "pool": { "protocol": "SMTP" } }),
    )
    .await;
    assert_golden("balancers", &tour.text);
}

#[tokio::test]
async fn networks_images_and_keys() {
    let mut tour = tour().await;
    let body = json!({ "vpc": { "name": "net", "cidr": "192.168.0.0/16" } });
    let made = tour.post("/v1/{p}/vpcs", body).await;
    let vpc = id(&made["vpc"]["id"]);
    let body = json!({
        "name": "one",
        "vpc_id": vpc,
        "cidr": "192.168.0.0/24",
        "gateway_ip": "192.168.0.1",
    });
    let made = tour
        .post("/v1/{p}/subnets", json!({ "subnet": body }))
        .await;
    let subnet = id(&made["subnet"]["id"]);
    tour.post("/v1/{p}/subnets", json!({ "subnet": body }))
        .await;
    tour.delete(&format!("/v1/{{p}}/vpcs/{vpc}")).await;
    tour.delete(&format!("/v1/{{p}}/vpcs/{vpc}/subnets/{subnet}"))
        .await;
    tour.delete(&format!("/v1/{{p}}/vpcs/{vpc}")).await;
    tour.get(&format!("/v1/{{p}}/vpcs/{vpc}")).await;
    let body = json!({ "security_group": { "name": "web" } });
    let made = tour.post("/v3/{p}/vpc/security-groups", body).await;
    let group = id(&made["security_group"]["id"]);
    let body = json!({ "security_group_id": group, "direction": "ingress", "multiport": "22" });
    let body = json!({ "security_group_rule": body });
    tour.post("/v3/{p}/vpc/security-group-rules", body).await;
    tour.get(&format!("/v1/{{p}}/security-groups/{group}"))
        .await;
    tour.delete(&format!("/v3/{{p}}/vpc/security-groups/{group}"))
        .await;
    tour.delete(&format!("/v3/{{p}}/vpc/security-groups/{group}"))
        .await;
    tour.get("/v2/cloudimages?__platform=Debian").await;
    let body = json!({ "keypair": { "name": "mine" } });
    tour.post("/v3/{p}/keypairs", body.clone()).await;
    tour.post("/v3/{p}/keypairs", body).await;
    tour.get("/v3/{p}/keypairs").await;
    tour.get("/v3/{p}/keypairs/mine").await;
    tour.delete("/v3/{p}/keypairs/mine").await;
    tour.delete("/v3/{p}/keypairs/mine").await;
    assert_golden("networks_images_and_keys", &tour.text);
}
