"""Every operation of the services beside Auto Scaling that Huawei's document names, with the SDK of its service: statuses, the
types that the SDK documents, and every field that the document does. An operation that nobody calls here fails the test."""

import importlib
import json
import re

import pytest
from huawei import PROJECT, SHARED, check_types, group, http, huawei, log_in
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from test_huawei_ces import now_ms
from test_huawei_neighbours import SERVER

# What the document writes as one line.
EXPANDED = {
    "v3 security groups and rules": [
        ("GET", "/v3/{}/vpc/security-groups"),
        ("POST", "/v3/{}/vpc/security-groups"),
        ("GET", "/v3/{}/vpc/security-groups/{}"),
        ("PUT", "/v3/{}/vpc/security-groups/{}"),
        ("DELETE", "/v3/{}/vpc/security-groups/{}"),
        ("GET", "/v3/{}/vpc/security-group-rules"),
        ("POST", "/v3/{}/vpc/security-group-rules"),
        ("GET", "/v3/{}/vpc/security-group-rules/{}"),
        ("DELETE", "/v3/{}/vpc/security-group-rules/{}"),
    ],
    "keypairs": [
        ("GET", "/v3/{}/keypairs"),
        ("POST", "/v3/{}/keypairs"),
        ("GET", "/v3/{}/keypairs/{}"),
        ("DELETE", "/v3/{}/keypairs/{}"),
    ],
}


def plain(path):
    return re.sub(r"\{\w+\}", "{}", path)


def facets():
    """Operations by service, method and path: what the document shows of the answer."""
    found = {}
    for service, facet in json.loads((SHARED / "spec" / "huawei.json").read_text())["facets"].items():
        for one in facet["endpoints"]:
            for method, path in EXPANDED.get(one["op"], [(one["method"], plain(one["path"]))]):
                found[service, method, path] = one.get("response")
    return found


# Fields that are there only when they say something.
ONLY_SOMETIMES = {
    # Of a group of resources.
    "resource_group_id", "resource_group_name", "relation_id",
    # Of a condition by levels, and of one whose metric is another rule's.
    "hierarchical_value", "extra_info", "selected_unit",
    # Which one of the statistics was asked for.
    "average", "min", "max", "sum", "variance",
    # Of an alarm that has ended.
    "end_time", "first_alarm_time", "last_alarm_time",
}  # fmt: skip


def check_fields(shown, value, path, absent):
    if isinstance(shown, dict) and isinstance(value, dict):
        for name, inner in shown.items():
            if name in value:
                check_fields(inner, value[name], f"{path}.{name}", absent)
            elif name not in ONLY_SOMETIMES:
                absent.add(f"{path}.{name}")
    elif isinstance(shown, list) and isinstance(value, list):
        for item in value:
            check_fields(shown[0], item, f"{path}[]", absent)


class Tour:
    """Calls operations, holds each answer to what is documented of it, and remembers which were called."""

    def __init__(self, server):
        self.server = server
        self.documented = facets()
        self.called, self.absent = set(), set()

    def __call__(self, service, version, method, status=200, **parameters):
        module = importlib.import_module(f"huaweicloudsdk{service}.{version}")
        client = getattr(module, f"{service.capitalize()}Client")
        builder = client.new_builder().with_credentials(BasicCredentials(*self.server.key, PROJECT))
        built = builder.with_endpoint(f"http://{self.server.address}").build()
        names = {known.lower(): known for known in dir(module) if known.endswith("Request")}
        request = getattr(module, names[method.replace("_", "") + "request"])(**parameters)
        answer = getattr(built, method)(request)
        body = answer.to_json_object()
        assert answer.status_code == status, (method, answer.status_code, body)
        assert (status == 204) == (body is None), (method, body)
        check_types(module, type(answer).__name__, body, f"{service}.{method}")
        info = getattr(client, f"_{method}_http_info")(request)
        which = service, info["method"], plain(info["resource_path"])
        self.called.add(which)
        check_fields(self.documented.get(which), body, f"{service}.{method}", self.absent)
        return body


def cloud_eye(call, server, made):
    dimension = {"name": "AutoScalingGroup", "value": made}
    metric = {"namespace": "SYS.AS", "metric_name": "cpu_util", "dimensions": [dimension]}
    told = [{"type": "notification", "notificationList": ["urn:smn:cn-north-4:p:t"]}]
    condition = {"comparison_operator": ">=", "count": 1, "filter": "average", "period": 300, "unit": "%", "value": 80}
    body = {"alarm_name": "one", "metric": metric, "condition": condition | {"suppress_duration": 300}}
    body |= {"alarm_actions": told, "ok_actions": told, "insufficientdata_actions": told}
    first = call("ces", "v1", "create_alarm", 201, body=body)["alarm_id"]
    assert len(first) == 24
    now = now_ms(server)
    pushed = {"metric": metric, "ttl": 3600, "collect_time": now, "value": 95, "unit": "%", "type": "float"}
    call("ces", "v1", "create_metric_data", 201, body=[pushed])
    server.advance(300)
    server.settle()
    (alarm,) = call("ces", "v1", "list_alarms")["metric_alarms"]
    assert call("ces", "v1", "show_alarm", alarm_id=first)["metric_alarms"] == [alarm]
    span = {"_from": now - 3_600_000, "to": now + 600_000}
    asked = span | {"namespace": "SYS.AS", "metric_name": "cpu_util", "dim_0": f"AutoScalingGroup,{made}", "period": 300}
    for statistic in ("average", "max", "min", "sum", "variance"):
        (point,) = call("ces", "v1", "show_metric_data", filter=statistic, **asked)["datapoints"]
        assert set(point) == {statistic, "timestamp", "unit"}
    span = {"from": span["_from"], "to": span["to"]}
    body = {"metrics": [metric], "period": "300", "filter": "average"} | span
    assert call("ces", "v1", "batch_list_metric_data", body=body)["metrics"][0]["datapoints"]
    assert call("ces", "v1", "list_metrics")["metrics"]
    call("ces", "v1", "update_alarm", 204, alarm_id=first, body={"alarm_name": "new", "alarm_actions": [told]})
    call("ces", "v1", "update_alarm_action", 204, alarm_id=first, body={"alarm_enabled": False})

    policy = condition | {"metric_name": "cpu_util", "suppress_duration": 300, "level": 2}
    policy |= {"namespace": "SYS.AS", "dimension_name": "AutoScalingGroup"}
    told = [{"type": "notification", "notification_list": ["urn:smn:cn-north-4:p:t"]}]
    body = {
        "name": "two", "description": "of v2", "namespace": "SYS.AS", "type": "MULTI_INSTANCE", "resources": [[dimension]],
        "policies": [policy], "alarm_notifications": told, "ok_notifications": told, "enabled": True,
        "notification_enabled": True, "notification_begin_time": "00:00", "notification_end_time": "23:59",
        "effective_timezone": "GMT+08:00", "enterprise_project_id": "0", "tags": [{"key": "a", "value": "b"}],
    }  # fmt: skip
    second = call("ces", "v2", "create_alarm_rules", 201, body=body)["alarm_id"]
    server.settle()
    assert call("ces", "v2", "list_alarm_rules", alarm_id=second)["count"] == 1
    assert call("ces", "v2", "list_alarm_rule_resources", alarm_id=second)["count"] == 1
    other = {"resources": [[dimension | {"value": "47683a91-93ee-462a-a7d7-484c006f4440"}]]}
    call("ces", "v2", "add_alarm_rule_resources", alarm_id=second, body=other)
    call("ces", "v2", "delete_alarm_rule_resources", alarm_id=second, body=other)
    call("ces", "v2", "update_alarm_rule_policies", alarm_id=second, body={"policies": [policy | {"value": 90, "type": ""}]})
    body = {"notification_enabled": True, "alarm_notifications": told}
    call("ces", "v2", "update_alarm_notifications", alarm_id=second, body=body)
    server.settle()
    assert call("ces", "v2", "list_alarm_histories")["alarm_histories"]
    body = {"alarm_ids": [second], "alarm_enabled": False}
    assert call("ces", "v2", "batch_enable_alarm_rules", body=body)["alarm_ids"] == [second]
    assert call("ces", "v2", "batch_delete_alarm_rules", body={"alarm_ids": [second]})["alarm_ids"] == [second]
    call("ces", "v1", "delete_alarm", 204, alarm_id=first)


def notification(call):
    urn = call("smn", "v2", "create_topic", 201, body={"name": "tour", "display_name": "Tour"})["topic_urn"]
    call("smn", "v2", "update_topic", topic_urn=urn, body={"display_name": "tour"})
    assert call("smn", "v2", "list_topics")["topic_count"] == 1
    assert call("smn", "v2", "list_topic_details", topic_urn=urn)["display_name"] == "tour"
    call("smn", "v2", "list_topic_attributes", topic_urn=urn)
    body = {"protocol": "sms", "endpoint": "13600000000", "remark": "me"}
    subscription = call("smn", "v2", "add_subscription", 201, topic_urn=urn, body=body)["subscription_urn"]
    assert call("smn", "v2", "list_subscriptions_by_topic", topic_urn=urn)["subscription_count"] == 1
    assert call("smn", "v2", "list_subscriptions")["subscription_count"] == 1
    assert call("smn", "v2", "publish_message", topic_urn=urn, body={"message": "hear"})["message_id"]
    call("smn", "v2", "cancel_subscription", subscription_urn=subscription)
    call("smn", "v2", "delete_topic", topic_urn=urn)


def servers(call, server):
    answer = call("ecs", "v2", "create_post_paid_servers", body={"server": SERVER})
    both = answer["serverIds"] + call("ecs", "v2", "create_servers", body={"server": SERVER})["serverIds"]
    server.settle()
    assert call("ecs", "v2", "show_job", job_id=answer["job_id"])["status"] == "SUCCESS"
    assert call("ecs", "v2", "show_server", server_id=both[0])["server"]["id"] == both[0]
    assert call("ecs", "v2", "list_servers_details", server_id=",".join(both))["count"] == 2
    call("ecs", "v2", "batch_stop_servers", body={"os-stop": {"servers": [{"id": both[0]}], "type": "SOFT"}})
    server.settle()
    assert call("ecs", "v2", "list_flavors")["flavors"]
    assert call("ecs", "v2", "nova_list_availability_zones")["availabilityZoneInfo"]
    job = call("ecs", "v2", "delete_servers", body={"servers": [{"id": one} for one in both]})["job_id"]
    server.settle()
    assert call("ecs", "v2", "show_job", job_id=job)["entities"]["sub_jobs_total"] == 2


def balancers(call):
    body = {"loadbalancer": {"name": "lb", "vpc_id": "v", "availability_zone_list": ["az"]}}
    balancer = call("elb", "v3", "create_load_balancer", 201, body=body)["loadbalancer"]["id"]
    body = {"listener": {"loadbalancer_id": balancer, "protocol": "HTTP", "protocol_port": 80}}
    listener = call("elb", "v3", "create_listener", 201, body=body)["listener"]["id"]
    body = {"pool": {"listener_id": listener, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}}
    pool = call("elb", "v3", "create_pool", 201, body=body)["pool"]["id"]
    body = {"healthmonitor": {"pool_id": pool, "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 3}}
    monitor = call("elb", "v3", "create_health_monitor", 201, body=body)["healthmonitor"]["id"]
    body = {"member": {"address": "192.168.0.7", "protocol_port": 8080, "subnet_cidr_id": "s"}}
    member = call("elb", "v3", "create_member", 201, pool_id=pool, body=body)["member"]["id"]
    named = [
        ("load_balancer", "loadbalancers", {"loadbalancer_id": balancer}),
        ("listener", "listeners", {"listener_id": listener}),
        ("pool", "pools", {"pool_id": pool}),
        ("member", "members", {"pool_id": pool, "member_id": member}),
    ]
    for kind, many, ids in named:
        within = {"pool_id": pool} if kind == "member" else {}
        assert len(call("elb", "v3", f"list_{kind}s", **within)[many]) == 1
        assert call("elb", "v3", f"show_{kind}", **ids)
    assert call("elb", "v3", "show_health_monitor", healthmonitor_id=monitor)["healthmonitor"]["id"] == monitor
    assert len(call("elb", "v2", "list_members", pool_id=pool)["members"]) == 1
    body = {"loadbalancer": {"name": "old", "vip_subnet_id": "s"}}
    old = call("elb", "v2", "create_loadbalancer", 201, body=body)["loadbalancer"]["id"]
    body = {"listener": {"loadbalancer_id": old, "protocol": "TCP", "protocol_port": 81}}
    front = call("elb", "v2", "create_listener", 201, body=body)["listener"]["id"]
    body = {"pool": {"listener_id": front, "protocol": "TCP", "lb_algorithm": "ROUND_ROBIN"}}
    call("elb", "v2", "create_pool", 201, body=body)
    call("elb", "v3", "delete_member", 204, pool_id=pool, member_id=member)
    call("elb", "v3", "delete_health_monitor", 204, healthmonitor_id=monitor)
    call("elb", "v3", "delete_pool", 204, pool_id=pool)
    call("elb", "v3", "delete_listener", 204, listener_id=listener)
    call("elb", "v3", "delete_load_balancer", 204, loadbalancer_id=balancer)


def networks(call):
    vpc = call("vpc", "v2", "create_vpc", body={"vpc": {"name": "net", "cidr": "192.168.0.0/16"}})["vpc"]["id"]
    call("vpc", "v2", "update_vpc", vpc_id=vpc, body={"vpc": {"name": "web"}})
    assert call("vpc", "v2", "show_vpc", vpc_id=vpc)["vpc"]["name"] == "web"
    assert vpc in {one["id"] for one in call("vpc", "v2", "list_vpcs")["vpcs"]}
    body = {"name": "s", "vpc_id": vpc, "cidr": "192.168.0.0/24", "gateway_ip": "192.168.0.1"}
    subnet = call("vpc", "v2", "create_subnet", body={"subnet": body})["subnet"]["id"]
    call("vpc", "v2", "update_subnet", vpc_id=vpc, subnet_id=subnet, body={"subnet": {"name": "t"}})
    assert call("vpc", "v2", "show_subnet", subnet_id=subnet)["subnet"]["name"] == "t"
    assert len(call("vpc", "v2", "list_subnets", vpc_id=vpc)["subnets"]) == 1
    call("vpc", "v2", "delete_subnet", 204, vpc_id=vpc, subnet_id=subnet)
    call("vpc", "v2", "delete_vpc", 204, vpc_id=vpc)
    one = call("vpc", "v2", "create_security_group", body={"security_group": {"name": "one"}})["security_group"]["id"]
    assert call("vpc", "v2", "list_security_groups")["security_groups"]
    assert call("vpc", "v2", "show_security_group", security_group_id=one)["security_group"]["name"] == "one"
    call("vpc", "v2", "delete_security_group", 204, security_group_id=one)
    two = call("vpc", "v3", "create_security_group", 201, body={"security_group": {"name": "two"}})["security_group"]["id"]
    call("vpc", "v3", "update_security_group", security_group_id=two, body={"security_group": {"description": "web"}})
    assert call("vpc", "v3", "list_security_groups")["security_groups"]
    assert call("vpc", "v3", "show_security_group", security_group_id=two)["security_group"]["description"] == "web"
    body = {"security_group_rule": {"security_group_id": two, "direction": "ingress", "protocol": "tcp", "multiport": "22"}}
    rule = call("vpc", "v3", "create_security_group_rule", 201, body=body)["security_group_rule"]["id"]
    assert call("vpc", "v3", "list_security_group_rules")["security_group_rules"]
    assert call("vpc", "v3", "show_security_group_rule", security_group_rule_id=rule)["security_group_rule"]["id"] == rule
    call("vpc", "v3", "delete_security_group_rule", 204, security_group_rule_id=rule)
    call("vpc", "v3", "delete_security_group", 204, security_group_id=two)


def images_and_keys(call):
    assert call("ims", "v2", "list_images")["images"]
    call("kps", "v3", "create_keypair", body={"keypair": {"name": "mine"}})
    assert call("kps", "v3", "list_keypairs")["keypairs"]
    assert call("kps", "v3", "list_keypair_detail", keypair_name="mine")["keypair"]["name"] == "mine"
    call("kps", "v3", "delete_keypair", 204, keypair_name="mine")


def test_every_operation_of_the_services_beside_is_answered_as_documented(emulated):
    call = Tour(emulated)
    made = group(huawei(emulated), 1)
    emulated.settle()
    cloud_eye(call, emulated, made)
    notification(call)
    servers(call, emulated)
    balancers(call)
    networks(call)
    images_and_keys(call)
    assert not set(call.documented) - call.called
    assert not call.absent, "\n".join(sorted(call.absent))



@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"x"', b"{}", b'{"a":{"b":[', b"\xff"], ids=repr)
def test_a_body_that_is_not_right_is_refused_by_every_operation(emulated, body):
    _, headers, answer = log_in(emulated)
    project, token = answer["token"]["project"]["id"], {"X-Auth-Token": headers["X-Subject-Token"]}
    token["Content-Type"] = "application/json"
    for service, method, path in sorted(facets()):
        if method not in ("POST", "PUT"):
            continue
        at = path.replace("{}", project, 1).replace("{}", "00000000-0000-4000-8000-000000000000")
        status, _, answer = http(emulated, method, at, body, token)
        assert 400 <= status < 500, (service, method, path, status, answer)
        assert isinstance(answer, dict) and answer, (service, method, path, answer)
