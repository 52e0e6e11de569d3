"""Every member of every request of the services beside Auto Scaling, as Huawei's SDKs model them: each is refused by name when
it is not of its type, what is needed is needed, and nothing changes."""

import json
import subprocess

import pytest
from conftest import BINARY
from huawei import config, group, huawei, log_in
from huawei_models import LONG, NOBODY, WRONG, Caller, leaf, module_of, needed, places, put, request_of, said, there, without
from test_huawei_ces import now_ms
from test_huawei_neighbours import SERVER

# Members of requests that the documents let say anything, that name nothing here, or that are the path's.
FREE = {
    # "Any other value is taken for false."
    "hw:passthrough",
    "support_auto_recovery",
    # A number in one path's model, a text in the other's.
    "chargingMode",
    # Said by the path.
    "project_id",
    "tenant_id",
}

DIMENSION = {"name": "AutoScalingGroup", "value": NOBODY}
METRIC = {"namespace": "SYS.AS", "metric_name": "cpu_util", "dimensions": [DIMENSION]}
TOLD = [{"type": "notification", "notificationList": ["urn:smn:cn-north-4:p:t"]}]
TOLD_V2 = [{"type": "notification", "notification_list": ["urn:smn:cn-north-4:p:t"]}]
CONDITION = {
    "comparison_operator": ">=", "count": 1, "filter": "average", "period": 300, "unit": "%", "value": 80,
    "suppress_duration": 300,
}  # fmt: skip
POLICY = CONDITION | {"metric_name": "cpu_util", "level": 2, "namespace": "SYS.AS", "dimension_name": "AutoScalingGroup"}


class World:
    """One of everything, so that requests can name it."""

    def __init__(self, server, call):
        self.server, self.call, self.as_ = server, call, huawei(server, call.project)
        self.config = config(self.as_)
        self.group = group(self.as_, scaling_configuration_id=self.config)
        made = self.made
        self.vpc = made("/v1/{p}/vpcs", {"vpc": {"name": "world", "cidr": "192.168.0.0/16"}}, "vpc", "id")
        body = {"name": "s", "vpc_id": self.vpc, "cidr": "192.168.0.0/24", "gateway_ip": "192.168.0.1"}
        self.subnet = made("/v1/{p}/subnets", {"subnet": body}, "subnet", "id")
        self.guard = made("/v3/{p}/vpc/security-groups", {"security_group": {"name": "g"}}, "security_group", "id")
        body = {"security_group_id": self.guard, "direction": "ingress", "multiport": "1", "protocol": "tcp"}
        path = "/v3/{p}/vpc/security-group-rules"
        self.rule = made(path, {"security_group_rule": body}, "security_group_rule", "id")
        made("/v3/{p}/keypairs", {"keypair": {"name": "pair"}}, "keypair", "name")
        self.topic = made("/v2/{p}/notifications/topics", {"name": "t", "display_name": "T"}, "topic_urn")
        path = f"/v2/{{p}}/notifications/topics/{self.topic}/subscriptions"
        self.subscription = made(path, {"protocol": "sms", "endpoint": "13600000000"}, "subscription_urn")
        balancer = {"loadbalancer": {"name": "lb", "vpc_id": "v", "availability_zone_list": ["az"]}}
        self.balancer = made("/v3/{p}/elb/loadbalancers", balancer, "loadbalancer", "id")
        body = {"loadbalancer_id": self.balancer, "protocol": "HTTP", "protocol_port": 80}
        self.listener = made("/v3/{p}/elb/listeners", {"listener": body}, "listener", "id")
        body = {"loadbalancer_id": self.balancer, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
        self.pool = made("/v3/{p}/elb/pools", {"pool": body}, "pool", "id")
        body = {"pool_id": self.pool, "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 3}
        self.monitor = made("/v3/{p}/elb/healthmonitors", {"healthmonitor": body}, "healthmonitor", "id")
        body = {"member": {"address": "192.168.0.7", "protocol_port": 8080}}
        self.member = made(f"/v3/{{p}}/elb/pools/{self.pool}/members", body, "member", "id")
        body = {"pool_id": made("/v3/{p}/elb/pools", {"pool": {"loadbalancer_id": self.balancer, "protocol": "HTTP",
                "lb_algorithm": "ROUND_ROBIN"}}, "pool", "id")}  # fmt: skip
        self.bare = body["pool_id"]
        alarm = {"alarm_name": "a", "metric": METRIC, "condition": CONDITION}
        self.alarm = made("/V1.0/{p}/alarms", alarm, "alarm_id")
        answer = self.made("/v1/{p}/cloudservers", {"server": SERVER})
        self.machine, self.job = answer["serverIds"][0], answer["job_id"]
        server.settle()

    def made(self, path, body, *names):
        status, answer = self.call("POST", path, body)
        assert status in (200, 201), (path, status, answer)
        for name in names:
            answer = answer[name]
        return answer

    def seen(self):
        """All that there is to see."""
        lists = [
            "/v1/{p}/vpcs", "/v1/{p}/subnets", "/v1/{p}/security-groups", "/v3/{p}/vpc/security-groups",
            "/v3/{p}/vpc/security-group-rules", "/v3/{p}/keypairs", "/v2/{p}/notifications/topics",
            "/v2/{p}/notifications/subscriptions", "/v3/{p}/elb/loadbalancers", "/v3/{p}/elb/listeners", "/v3/{p}/elb/pools",
            "/v3/{p}/elb/healthmonitors", f"/v3/{{p}}/elb/pools/{self.pool}/members", "/V1.0/{p}/alarms", "/v2/{p}/alarms",
            "/V1.0/{p}/metrics", "/v1/{p}/cloudservers/detail", f"/v2/{{p}}/notifications/topics/{self.topic}/attributes",
        ]  # fmt: skip
        found = {}
        for path in lists:
            status, answer = self.call("GET", path)
            assert status == 200, (path, answer)
            answer.pop("request_id", None)
            found[path] = answer
        return found


# What each operation is asked with, all of it right: method, path, the model of its body, the body. Of a member that a body
# leaves out, the cases are made as well.
def operations(w):
    e, s, v2, v3 = "/v3/{p}/elb", "/v2/{p}/notifications", "/v1/{p}", "/v3/{p}/vpc"
    a1, a2 = "/V1.0/{p}", "/v2/{p}"
    server = SERVER | {
        "data_volumes": [{"volumetype": "SSD", "size": 10}], "security_groups": [{"id": w.guard}],
        "server_tags": [{"key": "a", "value": "b"}],
    }  # fmt: skip
    listener = {"loadbalancer_id": w.balancer, "protocol": "HTTP", "protocol_port": 8181}
    pool = {"loadbalancer_id": w.balancer, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    check = {"pool_id": w.bare, "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 3}
    subnet = {"name": "n", "vpc_id": w.vpc, "cidr": "192.168.1.0/24", "gateway_ip": "192.168.1.1"}
    rule = {"security_group_id": w.guard, "direction": "egress", "multiport": "2", "protocol": "tcp"}
    alarm2 = {
        "name": "b", "namespace": "SYS.AS", "type": "MULTI_INSTANCE", "resources": [[DIMENSION]], "policies": [POLICY],
        "enabled": True, "notification_enabled": True, "alarm_notifications": TOLD_V2, "tags": [{"key": "a", "value": "b"}],
    }  # fmt: skip
    value = {"metric": METRIC, "ttl": 60, "collect_time": now_ms(w.server), "value": 1}
    asked = {"metrics": [METRIC], "period": "300", "filter": "average", "from": 1_700_000_000_000, "to": 1_700_000_600_000}
    alarm = {"alarm_name": "b", "metric": METRIC, "condition": CONDITION, "alarm_actions": TOLD}
    alarm |= {"ok_actions": TOLD, "insufficientdata_actions": TOLD}
    change = {"alarm_name": "c", "condition": CONDITION}
    change |= {name: [TOLD] for name in ("alarm_actions", "ok_actions", "insufficientdata_actions")}
    told = {"notification_enabled": True, "alarm_notifications": TOLD_V2, "ok_notifications": TOLD_V2}
    alarm2["ok_notifications"] = TOLD_V2
    several = {"protocol": "sms", "endpoint": "1", "subscriptions": [{"protocol": "sms", "endpoint": "13600000002"}]}
    message = {"message": "m", "message_attributes": [{"name": "a", "type": "STRING", "value": "b"}]}
    return [
        ("ces", "v1", "create_alarm", "POST", f"{a1}/alarms", alarm),
        ("ces", "v1", "update_alarm", "PUT", f"{a1}/alarms/{w.alarm}", change),
        ("ces", "v1", "update_alarm_action", "PUT", f"{a1}/alarms/{w.alarm}/action", {"alarm_enabled": True}),
        ("ces", "v1", "create_metric_data", "POST", f"{a1}/metric-data", [value]),
        ("ces", "v1", "batch_list_metric_data", "POST", f"{a1}/batch-query-metric-data", asked),
        ("ces", "v2", "create_alarm_rules", "POST", f"{a2}/alarms", alarm2),
        ("ces", "v2", "add_alarm_rule_resources", "POST", f"{a2}/alarms/{w.alarm}/resources/batch-create",
         {"resources": [[DIMENSION]]}),
        ("ces", "v2", "delete_alarm_rule_resources", "POST", f"{a2}/alarms/{w.alarm}/resources/batch-delete",
         {"resources": [[{"name": "AutoScalingGroup", "value": "x"}]]}),
        ("ces", "v2", "update_alarm_rule_policies", "PUT", f"{a2}/alarms/{w.alarm}/policies", {"policies": [POLICY]}),
        ("ces", "v2", "update_alarm_notifications", "PUT", f"{a2}/alarms/{w.alarm}/notifications", told),
        ("ces", "v2", "batch_enable_alarm_rules", "POST", f"{a2}/alarms/action",
         {"alarm_ids": [w.alarm], "alarm_enabled": True}),
        ("ces", "v2", "batch_delete_alarm_rules", "POST", f"{a2}/alarms/batch-delete", {"alarm_ids": ["al" + "x" * 22]}),
        ("smn", "v2", "create_topic", "POST", f"{s}/topics", {"name": "u", "display_name": "U"}),
        ("smn", "v2", "update_topic", "PUT", f"{s}/topics/{w.topic}", {"display_name": "U"}),
        ("smn", "v2", "add_subscription", "POST", f"{s}/topics/{w.topic}/subscriptions",
         {"protocol": "sms", "endpoint": "13600000001"}),
        ("smn", "v2", "add_subscription", "POST", f"{s}/topics/{w.topic}/subscriptions", several),
        ("smn", "v2", "update_subscription", "PUT", f"{s}/topics/{w.topic}/subscriptions/{w.subscription}", {"remark": "r"}),
        ("smn", "v2", "publish_message", "POST", f"{s}/topics/{w.topic}/publish", message),
        ("ecs", "v2", "create_servers", "POST", "/v1.1/{p}/cloudservers", {"server": server}),
        ("ecs", "v2", "create_post_paid_servers", "POST", f"{v2}/cloudservers", {"server": server}),
        ("ecs", "v2", "delete_servers", "POST", f"{v2}/cloudservers/delete", {"servers": [{"id": NOBODY}]}),
        ("ecs", "v2", "batch_stop_servers", "POST", f"{v2}/cloudservers/action",
         {"os-stop": {"servers": [{"id": NOBODY}], "type": "SOFT"}}),
        ("elb", "v3", "create_load_balancer", "POST", f"{e}/loadbalancers",
         {"loadbalancer": {"vpc_id": "v", "availability_zone_list": ["az"]}}),
        ("elb", "v3", "update_load_balancer", "PUT", f"{e}/loadbalancers/{w.balancer}", {"loadbalancer": {"name": "n"}}),
        ("elb", "v3", "create_listener", "POST", f"{e}/listeners", {"listener": listener}),
        ("elb", "v3", "update_listener", "PUT", f"{e}/listeners/{w.listener}", {"listener": {"name": "n"}}),
        ("elb", "v3", "create_pool", "POST", f"{e}/pools", {"pool": pool}),
        ("elb", "v3", "update_pool", "PUT", f"{e}/pools/{w.pool}", {"pool": {"name": "n"}}),
        ("elb", "v3", "create_health_monitor", "POST", f"{e}/healthmonitors", {"healthmonitor": check}),
        ("elb", "v3", "update_health_monitor", "PUT", f"{e}/healthmonitors/{w.monitor}", {"healthmonitor": {"name": "n"}}),
        ("elb", "v3", "create_member", "POST", f"{e}/pools/{w.pool}/members",
         {"member": {"address": "192.168.0.8", "protocol_port": 80}}),
        ("elb", "v3", "update_member", "PUT", f"{e}/pools/{w.pool}/members/{w.member}", {"member": {"name": "n"}}),
        ("elb", "v2", "create_loadbalancer", "POST", "/v2/{p}/elb/loadbalancers", {"loadbalancer": {"vip_subnet_id": "s"}}),
        ("elb", "v2", "create_listener", "POST", "/v2/{p}/elb/listeners", {"listener": listener | {"protocol_port": 8282}}),
        ("elb", "v2", "create_pool", "POST", "/v2/{p}/elb/pools", {"pool": pool}),
        ("vpc", "v2", "create_vpc", "POST", f"{v2}/vpcs", {"vpc": {"name": "n", "cidr": "10.0.0.0/16"}}),
        ("vpc", "v2", "update_vpc", "PUT", f"{v2}/vpcs/{w.vpc}", {"vpc": {"name": "m"}}),
        ("vpc", "v2", "create_subnet", "POST", f"{v2}/subnets", {"subnet": subnet}),
        ("vpc", "v2", "update_subnet", "PUT", f"{v2}/vpcs/{w.vpc}/subnets/{w.subnet}", {"subnet": {"name": "n"}}),
        ("vpc", "v2", "create_security_group", "POST", f"{v2}/security-groups", {"security_group": {"name": "n"}}),
        ("vpc", "v3", "create_security_group", "POST", f"{v3}/security-groups", {"security_group": {"name": "n"}}),
        ("vpc", "v3", "update_security_group", "PUT", f"{v3}/security-groups/{w.guard}", {"security_group": {"name": "n"}}),
        ("vpc", "v3", "create_security_group_rule", "POST", f"{v3}/security-group-rules", {"security_group_rule": rule}),
        ("kps", "v3", "create_keypair", "POST", "/v3/{p}/keypairs", {"keypair": {"name": "n"}}),
        ("kps", "v3", "update_keypair_description", "PUT", "/v3/{p}/keypairs/pair", {"keypair": {"description": "d"}}),
    ]  # fmt: skip


# Needed by the SDK's model, and not by us.
LENIENT = {
    # What is not said is what the documents name as the default.
    ("create_alarm_rules", "enabled"), ("create_alarm_rules", "notification_enabled"), ("create_alarm_rules", "resources"),
    ("batch_enable_alarm_rules", "alarm_enabled"), ("create_topic", "display_name"),
    # Old scripts say none: load balancers that are shared have none.
    ("create_load_balancer", "availability_zone_list"),
    # The SDK's name for stopping; starting is on the same path.
    ("batch_stop_servers", "os-stop"),
    # What is not said stays.
    ("update_subnet", "name"),
}  # fmt: skip


@pytest.fixture
def world(emulated):
    _, headers, answer = log_in(emulated)
    return World(emulated, Caller(emulated, headers, answer["token"]["project"]["id"]))


def refuses(world, op, body, name, value=None):
    """What is wrong with how a body is refused, if anything is."""
    _, _, method, verb, path, _ = op
    status, answer = world.call(verb, path, body)
    if not 400 <= status < 500 or not isinstance(answer, dict):
        return f"{method} {name} {json.dumps(value)[:60]}: {status} {json.dumps(answer)[:200]}"
    code, text = said(answer)
    # What names something that does not exist is not there; it is named by its value.
    if status == 404 and name in ("alarm_ids", "id", "vpc_id", "remote_group_id", "security_group_id"):
        return None if code else f"{method} {name}: {answer}"
    # Secrets are not said.
    shown = isinstance(value, (str, int, float)) and not isinstance(value, bool) and len(str(value)) < 100
    if not code or name not in text or (shown and str(value) not in text and "1e+30" not in text and "****" not in text):
        return f"{method} {name} {json.dumps(value)[:60]}: {status} {code} {text[:200]}"
    return None


def skipped(method, path, body):
    """Of a list of subscriptions each is whole, and those besides do not count."""
    return method == "add_subscription" and (path[:1] == ("subscriptions",)) != ("subscriptions" in body)


def test_what_is_not_of_its_type_is_refused_by_name(world):
    before, wrong, count = world.seen(), [], 0
    for op in operations(world):
        service, version, method, _, _, body = op
        module = module_of(service, version)
        for path, kind, _ in places(module, request_of(module, method).openapi_types["body"]):
            if leaf(path) in FREE or not path or skipped(method, path, body):
                continue
            for value in WRONG[kind]:
                count += 1
                wrong.append(refuses(world, op, put(body, path, value), leaf(path), value))
    wrong = [one for one in wrong if one]
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong)
    assert count > 4000
    assert world.seen() == before


def test_what_is_too_long_is_refused_by_name(world):
    before, wrong = world.seen(), []
    # What they may say is not bounded but by the request: a message is, and its structure.
    free = FREE | {"message_structure", "message_template_name"}
    for op in operations(world):
        service, version, method, _, _, body = op
        module = module_of(service, version)
        for path, kind, _ in places(module, request_of(module, method).openapi_types["body"]):
            if kind == "str" and leaf(path) not in free and not skipped(method, path, body):
                wrong.append(refuses(world, op, put(body, path, LONG * (4 if leaf(path) == "message" else 1)), leaf(path)))
    wrong = [one for one in wrong if one]
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)
    assert world.seen() == before


def test_what_is_needed_is_needed(world):
    before, wrong = world.seen(), []
    for op in operations(world):
        service, version, method, _, _, body = op
        module = module_of(service, version)
        for path, kind, of in places(module, request_of(module, method).openapi_types["body"]):
            if kind != "model" or of.startswith("dict(") or not there(body, path):
                continue
            for name in needed(module, of):
                if (method, name) in LENIENT or not there(body, (*path, name)) or skipped(method, (*path, name, ""), body):
                    continue
                if method == "add_subscription" and "subscriptions" in body and not path:
                    continue
                at = (*path, name)
                for broken in (without(body, at), put(body, at, None)):
                    wrong.append(refuses(world, op, broken, name))
    wrong = [one for one in wrong if one]
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)
    assert world.seen() == before


def test_all_that_was_asked_with_is_right(world):
    """The bodies above are accepted as they are: what is refused above is refused for what was made of it."""
    for service, version, method, verb, path, body in operations(world):
        status, answer = world.call(verb, path, body)
        gone = method in ("batch_delete_alarm_rules", "delete_servers", "batch_stop_servers")
        assert (status == 404) if gone else (status < 300), (method, status, answer)


def test_what_is_of_another_account_is_not_there(world, emulated):
    """Every path and every id in a body, by somebody else: nothing is seen, and nothing changes."""
    command = [BINARY, "account", "create", "second", "--data", str(emulated.data)]
    key = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    _, headers, answer = log_in(emulated, password=key["secret_access_key"], domain="second")
    theirs = Caller(emulated, headers, answer["token"]["project"]["id"])
    before, wrong = world.seen(), []
    ids = [value for name, value in vars(world).items() if isinstance(value, str)]
    w = world
    named = [
        f"/V1.0/{{p}}/alarms/{w.alarm}", f"/v2/{{p}}/alarms/{w.alarm}/resources", f"/v2/{{p}}/alarms/{w.alarm}/policies",
        f"/v2/{{p}}/notifications/topics/{w.topic}", f"/v2/{{p}}/notifications/topics/{w.topic}/attributes",
        f"/v2/{{p}}/notifications/topics/{w.topic}/attributes/introduction",
        f"/v2/{{p}}/notifications/topics/{w.topic}/subscriptions", f"/v2/{{p}}/notifications/subscriptions/{w.subscription}",
        f"/v1/{{p}}/cloudservers/{w.machine}", f"/v1/{{p}}/jobs/{w.job}", f"/v3/{{p}}/elb/loadbalancers/{w.balancer}",
        f"/v3/{{p}}/elb/listeners/{w.listener}", f"/v3/{{p}}/elb/pools/{w.pool}", f"/v3/{{p}}/elb/pools/{w.pool}/members",
        f"/v3/{{p}}/elb/pools/{w.pool}/members/{w.member}", f"/v3/{{p}}/elb/healthmonitors/{w.monitor}",
        f"/v2/{{p}}/elb/pools/{w.pool}/members", f"/v2/{{p}}/elb/listeners/{w.listener}", f"/v1/{{p}}/vpcs/{w.vpc}",
        f"/v1/{{p}}/subnets/{w.subnet}", f"/v1/{{p}}/vpcs/{w.vpc}/subnets/{w.subnet}", f"/v1/{{p}}/security-groups/{w.guard}",
        f"/v3/{{p}}/vpc/security-groups/{w.guard}", f"/v3/{{p}}/vpc/security-group-rules/{w.rule}", "/v3/{p}/keypairs/pair",
    ]  # fmt: skip
    for path in named:
        for verb in ("GET", "DELETE"):
            status, answer = theirs(verb, path)
            # The operations that there are.
            if status != 405 and status != 404:
                wrong.append(f"{verb} {path}: {status} {json.dumps(answer)[:200]}")
    # What names nobody here is not refused for that: ids of networks, and of things that are not served.
    own = ("create_alarm", "create_alarm_rules", "create_metric_data", "batch_list_metric_data", "create_topic",
           "create_load_balancer", "create_loadbalancer", "create_vpc", "create_security_group", "create_keypair",
           "create_servers", "create_post_paid_servers")  # fmt: skip
    for op in operations(world):
        _, _, method, verb, path, body = op
        if method in own:
            continue
        status, answer = theirs(verb, path, body)
        if not 400 <= status < 500 or not isinstance(answer, dict) or not said(answer)[0]:
            wrong.append(f"{method}: {status} {json.dumps(answer)[:200]}")
    # Nothing of theirs lists anything of ours.
    for path in before:
        status, answer = theirs("GET", path)
        text = json.dumps(answer)
        if status == 200 and any(one in text for one in ids if len(one) > 20):
            wrong.append(f"GET {path}: {text[:200]}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)
    assert world.seen() == before
    # With the project of somebody else in the path.
    for path in named + list(before):
        status, _ = theirs("GET", path.replace("{p}", world.call.project))
        assert 400 <= status < 500 or status == 405, (path, status)
    assert world.seen() == before
