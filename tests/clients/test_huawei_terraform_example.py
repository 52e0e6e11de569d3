"""The example of the Terraform provider for a group with an alarm (`examples/as/alarm-policy`), and a rule of a security group,
a hook and a notification besides: call by call as the provider makes them, made, read back, changed and destroyed."""

import pytest
from test_huawei_terraform import TERRAFORM, Go, Refused, waited

PROJECT_HEADERS = {"X-Project-Id": "0dd8cb413000906a2fcdc019b5a84546", "X-Domain-Id": "d" * 32}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"


@pytest.fixture
def call(emulated):
    return Go(emulated, TERRAFORM, PROJECT_HEADERS)


def gone(call, version, path):
    with pytest.raises(Refused) as refused:
        call("GET", path, version=version)
    return refused.value.args[0] == 404


def data_sources(call):
    """A zone, a flavor of two cores with 4 GiB, and an image of Ubuntu."""
    zones = call("GET", "os-availability-zone", version="v2.1")["availabilityZoneInfo"]
    zone = next(one["zoneName"] for one in zones if one["zoneState"]["available"])
    flavors = call("GET", "cloudservers/flavors", query=[("availability_zone", zone)], version="v1")["flavors"]
    wanted = [
        one["id"] for one in flavors
        if one["vcpus"] == "2" and one["ram"] == 4096 and one["os_extra_specs"]["ecs:performancetype"] == "normal"
        and one["os_extra_specs"].get("cond:operation:status") != "abandon"
    ]  # fmt: skip
    asked = [("__imagetype", "gold"), ("__platform", "Ubuntu"), ("enterprise_project_id", "all_granted_eps"), ("sort_dir", "asc"),
             ("flavor_id", wanted[0]), ("sort_key", "name"), ("status", "active")]  # fmt: skip
    found, marker = [], []
    while True:
        page = call("GET", "/v2/cloudimages", query=asked + marker)["images"]
        if not page:
            return zone, wanted[0], found[0]["id"]
        found += page
        marker = [("marker", page[-1]["id"])]


def network(call):
    vpc = call("POST", "vpcs", {"vpc": {"name": "tf-vpc", "cidr": "192.168.0.0/16"}}, version="v1")["vpc"]["id"]
    shown = call("GET", f"vpcs/{vpc}", version="v1")["vpc"]
    assert (shown["status"], shown["name"], shown["cidr"], shown["description"]) == ("OK", "tf-vpc", "192.168.0.0/16", "")
    # What fails here fails the whole reading.
    assert call("GET", f"vpc/vpcs/{vpc}", version="v3")["vpc"]["extend_cidrs"] == []
    body = {
        "name": "tf-subnet", "cidr": "192.168.0.0/24", "gateway_ip": "192.168.0.1", "ipv6_enable": False, "dhcp_enable": True,
        "vpc_id": vpc, "dnsList": ["100.125.1.250", "100.125.129.250"],
    }  # fmt: skip
    subnet = call("POST", "subnets", {"subnet": body}, version="v1")["subnet"]["id"]
    shown = call("GET", f"subnets/{subnet}", version="v1")["subnet"]
    assert {name: shown[name] for name in body} == body and shown["status"] == "ACTIVE"
    assert (shown["primary_dns"], shown["secondary_dns"]) == tuple(body["dnsList"])
    # Changed as the provider does: what is taken back is named without a value.
    change = {"name": "tf-subnet-2", "dhcp_enable": True, "extra_dhcp_opts": [
        {"opt_name": "addresstime", "opt_value": "24h"}, {"opt_name": "ntp"}, {"opt_name": "domainname"}]}  # fmt: skip
    call("PUT", f"vpcs/{vpc}/subnets/{subnet}", {"subnet": change}, version="v1")
    shown = call("GET", f"subnets/{subnet}", version="v1")["subnet"]
    assert shown["name"] == "tf-subnet-2" and shown["dnsList"] == body["dnsList"]
    assert shown["extra_dhcp_opts"] == [{"opt_name": "addresstime", "opt_value": "24h"}]
    call("PUT", f"vpcs/{vpc}", {"vpc": {"name": "tf-vpc", "cidr": "192.168.0.0/16", "description": "web"}}, version="v1")
    assert call("GET", f"vpcs/{vpc}", version="v1")["vpc"]["description"] == "web"
    return vpc, subnet


def guard(call):
    """A security group without the rules that new ones have, and a rule of its own by version 1."""
    made = call("POST", "vpc/security-groups", {"security_group": {"name": "tf-guard"}}, version="v3")["security_group"]
    for rule in made["security_group_rules"]:
        call("DELETE", f"vpc/security-group-rules/{rule['id']}", version="v3", ok=(204,))
    shown = call("GET", f"security-groups/{made['id']}", version="v1")["security_group"]
    assert (shown["name"], shown["security_group_rules"], shown["enterprise_project_id"]) == ("tf-guard", [], "0")
    assert call("GET", f"vpc/security-groups/{made['id']}", version="v3")["security_group"]["created_at"]
    body = {
        "security_group_id": made["id"], "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 8080,
        "port_range_max": 8088, "remote_ip_prefix": "0.0.0.0/0",
    }  # fmt: skip
    rule = call("POST", "security-group-rules", {"security_group_rule": body}, version="v1")["security_group_rule"]["id"]
    shown = call("GET", f"security-group-rules/{rule}", version="v1")["security_group_rule"]
    assert {name: shown[name] for name in body} == body
    shown = call("GET", f"vpc/security-group-rules/{rule}", version="v3")["security_group_rule"]
    assert (shown["multiport"], shown["action"]) == ("8080-8088", "allow")
    body = {
        "security_group_id": made["id"], "direction": "egress", "ethertype": "IPv4", "protocol": "udp", "multiport": "53,5353",
        "action": "deny", "priority": 5,
    }  # fmt: skip
    other = call("POST", "vpc/security-group-rules", {"security_group_rule": body}, version="v3")["security_group_rule"]["id"]
    call("PUT", f"vpc/security-groups/{made['id']}", {"security_group": {"name": "tf-guard", "description": "d"}}, version="v3")
    assert call("GET", f"security-groups/{made['id']}", version="v1")["security_group"]["description"] == "d"
    return made["id"], [rule, other]


def alarm(call, group, topic):
    body = {
        "name": "tf-alarm", "namespace": "SYS.AS", "type": "MULTI_INSTANCE", "enabled": True, "notification_enabled": True,
        "resources": [[{"name": "AutoScalingGroup", "value": group}]],
        "policies": [{"metric_name": "cpu_util", "period": 300, "filter": "average", "comparison_operator": ">", "value": 80,
                      "count": 1, "suppress_duration": 300, "level": 2}],
        "alarm_notifications": [{"type": "autoscaling", "notification_list": [topic]}],
    }  # fmt: skip
    made = call("POST", "alarms", body, version="v2", ok=(201,))["alarm_id"]
    (old,) = call("GET", f"alarms/{made}", version="V1.0")["metric_alarms"]
    (new,) = call("GET", "alarms", query=[("alarm_id", made)], version="v2")["alarms"]
    resources = call("GET", f"alarms/{made}/resources", version="v2")["resources"]
    assert old["alarm_actions"] == [{"type": "autoscaling", "notificationList": [topic]}] and old["ok_actions"] == []
    assert (old["alarm_name"], old["alarm_type"], old["alarm_enabled"]) == ("tf-alarm", "MULTI_INSTANCE", True)
    assert {name: new["policies"][0][name] for name in body["policies"][0]} == body["policies"][0]
    assert resources == body["resources"]
    change = {"alarm_name": "tf-alarm-2", "alarm_action_enabled": True,
              "alarm_actions": [{"type": "autoscaling", "notificationList": [topic]}]}  # fmt: skip
    call("PUT", f"alarms/{made}", change, version="V1.0", ok=(204,))
    policies = [body["policies"][0] | {"value": 90}]
    call("PUT", f"alarms/{made}/policies", {"policies": policies}, version="v2", ok=(200,))
    call("POST", "alarms/action", {"alarm_ids": [made], "alarm_enabled": False}, version="v2", ok=(200,))
    (old,) = call("GET", f"alarms/{made}", version="V1.0")["metric_alarms"]
    assert (old["alarm_name"], old["alarm_enabled"], old["condition"]["value"]) == ("tf-alarm-2", False, 90)
    call("POST", "alarms/action", {"alarm_ids": [made], "alarm_enabled": True}, version="v2", ok=(200,))
    return made


def test_the_example_is_made_read_changed_and_destroyed(emulated, call):
    zone, flavor, image = data_sources(call)
    vpc, subnet = network(call)
    secgroup, rules = guard(call)
    pair = call("POST", "keypairs", {"keypair": {"name": "tf-pair", "type": "ssh", "public_key": KEY}}, version="v3")["keypair"]
    assert pair["name"] == "tf-pair"
    call("PUT", "keypairs/tf-pair", {"keypair": {"description": "of terraform"}}, version="v3", ok=(204,))
    shown = call("GET", "keypairs/tf-pair", version="v3")["keypair"]
    assert (shown["public_key"], shown["description"], shown["scope"]) == (KEY, "of terraform", "user")
    assert isinstance(shown["create_time"], int) and shown["is_key_protection"] is False

    disk = {"size": 40, "volume_type": "SSD", "disk_type": "SYS"}
    instance = {"flavorRef": flavor, "imageRef": image, "disk": [disk], "key_name": "tf-pair"}
    body = {"scaling_configuration_name": "tf-config", "instance_config": instance}
    config = call("POST", "scaling_configuration", body)["scaling_configuration_id"]
    shown = call("GET", f"scaling_configuration/{config}")["scaling_configuration"]["instance_config"]
    assert (shown["flavorRef"], shown["imageRef"], shown["key_name"]) == (flavor, image, "tf-pair")
    body = {
        "scaling_group_name": "tf-group", "scaling_configuration_id": config, "desire_instance_number": 2,
        "min_instance_number": 0, "max_instance_number": 4, "vpc_id": vpc, "networks": [{"id": subnet, "ipv6_enable": False}],
        "security_groups": [{"id": secgroup}], "cool_down_time": 300, "delete_publicip": True, "available_zones": [zone],
    }  # fmt: skip
    group = call("POST", "scaling_group", body)["scaling_group_id"]
    call("POST", f"scaling_group/{group}/action", {"action": "resume"}, ok=(204,))

    def members():
        return call("GET", f"scaling_group_instance/{group}/list", query=[("limit", 50), ("start_number", 0)])["scaling_group_instances"]

    waited(emulated, lambda: [one["life_cycle_state"] for one in members()] == ["INSERVICE"] * 2)
    shown = call("GET", f"scaling_group/{group}")["scaling_group"]
    assert shown["networks"][0].pop("ipv6_bandwidth") is None
    assert {name: shown[name] for name in body} == body

    topic = call("POST", "notifications/topics", {"name": "tf-topic"}, version="v2", ok=(200, 201))["topic_urn"]
    call("PUT", f"notifications/topics/{topic}", {"display_name": "TF"}, version="v2")
    shown = call("GET", f"notifications/topics/{topic}", version="v2")
    assert (shown["name"], shown["display_name"], shown["push_policy"]) == ("tf-topic", "TF", 0)
    rule = alarm(call, group, topic)
    policies = []
    for name, operation in (("up", "ADD"), ("down", "REMOVE")):
        body = {"scaling_policy_name": name, "scaling_group_id": group, "scaling_policy_type": "ALARM", "alarm_id": rule,
                "scaling_policy_action": {"operation": operation, "instance_number": 1}, "cool_down_time": 600}  # fmt: skip
        made = call("POST", "scaling_policy", body)["scaling_policy_id"]
        shown = call("GET", f"scaling_policy/{made}")["scaling_policy"]
        assert {one: shown[one] for one in ("scaling_policy_name", "scaling_policy_type", "alarm_id", "cool_down_time")} == {
            one: body[one] for one in ("scaling_policy_name", "scaling_policy_type", "alarm_id", "cool_down_time")
        }
        policies.append(made)
    hook = {"lifecycle_hook_name": "tf-hook", "lifecycle_hook_type": "INSTANCE_TERMINATING", "default_result": "CONTINUE",
            "default_timeout": 600, "notification_topic_urn": topic}  # fmt: skip
    call("POST", f"scaling_lifecycle_hook/{group}", hook)
    shown = call("GET", f"scaling_lifecycle_hook/{group}/tf-hook")
    assert {name: shown[name] for name in hook} == hook
    call("PUT", f"scaling_notification/{group}", {"topic_urn": topic, "topic_scene": ["SCALING_UP", "SCALING_UP_FAIL"]})
    (shown,) = call("GET", f"scaling_notification/{group}")["topics"]
    assert (shown["topic_urn"], shown["topic_scene"]) == (topic, ["SCALING_UP", "SCALING_UP_FAIL"])

    # What others name stays while they do.
    for version, path, status in (
        ("v1", f"vpcs/{vpc}", 409), ("v1", f"vpcs/{vpc}/subnets/{subnet}", 409), ("v1", f"security-groups/{secgroup}", 409),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            call("DELETE", path, version=version)
        assert refused.value.args[0] == status and group in str(refused.value.args[4])

    # In reverse order.
    call("DELETE", f"scaling_notification/{group}/{topic}", ok=(204,))
    call("DELETE", f"scaling_lifecycle_hook/{group}/tf-hook", ok=(204,))
    for made in policies:
        call("DELETE", f"scaling_policy/{made}", ok=(204,))
    call("POST", "alarms/batch-delete", {"alarm_ids": [rule]}, version="v2", ok=(200,))
    assert gone(call, "V1.0", f"alarms/{rule}")
    call("DELETE", f"notifications/topics/{topic}", version="v2", ok=(200,))
    assert gone(call, "v2", f"notifications/topics/{topic}")
    remove = {"instances_id": [one["instance_id"] for one in members()], "instance_delete": "yes", "action": "REMOVE"}
    call("POST", f"scaling_group_instance/{group}/action", remove, ok=(204,))
    waited(emulated, lambda: members() == [])
    call("DELETE", f"scaling_group/{group}", ok=(204,))
    call("DELETE", f"scaling_configuration/{config}", ok=(204,))
    call("DELETE", "keypairs/tf-pair", version="v3", ok=(204,))
    assert gone(call, "v3", "keypairs/tf-pair")
    for made in rules:
        call("DELETE", f"security-group-rules/{made}", version="v1", ok=(204,))
        assert gone(call, "v1", f"security-group-rules/{made}")
    call("DELETE", f"security-groups/{secgroup}", version="v1", ok=(204,))
    assert gone(call, "v1", f"security-groups/{secgroup}")
    call("DELETE", f"vpcs/{vpc}/subnets/{subnet}", version="v1", ok=(204,))
    assert gone(call, "v1", f"subnets/{subnet}")
    call("DELETE", f"vpcs/{vpc}", version="v1", ok=(204,))
    assert gone(call, "v1", f"vpcs/{vpc}")
    # Nothing is left.
    emulated.settle()
    assert emulated.machines() == []
    for version, path, name in (
        ("v1", "vpcs", "vpcs"), ("v1", "subnets", "subnets"), ("v3", "keypairs", "keypairs"), ("V1.0", "alarms", "metric_alarms"),
        ("v2", "notifications/topics", "topics"), ("v3", "vpc/security-group-rules", "security_group_rules"),
        ("autoscaling-api/v1", "scaling_group", "scaling_groups"),
        ("autoscaling-api/v1", "scaling_configuration", "scaling_configurations"),
        ("v1", "cloudservers/detail", "servers"),
    ):  # fmt: skip
        assert call("GET", path, version=version)[name] == [], name


def test_networks_have_tags(call):
    vpc = call("POST", "vpcs", {"vpc": {"name": "n", "cidr": "10.0.0.0/8", "tags": ["a*1", "b"]}}, version="v1")["vpc"]["id"]
    body = {"name": "s", "vpc_id": vpc, "cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1"}
    subnet = call("POST", "subnets", {"subnet": body}, version="v1")["subnet"]["id"]
    group = call("POST", "vpc/security-groups", {"security_group": {"name": "g"}}, version="v3")["security_group"]["id"]

    def tags(kind, made):
        return {tag["key"]: tag["value"] for tag in call("GET", f"{kind}/{made}/tags", version="v2.0")["tags"]}

    def act(kind, made, action, **more):
        body = {"action": action, "tags": [{"key": key, "value": value} for key, value in more.items()]}
        return call("POST", f"{kind}/{made}/tags/action", body, version="v2.0", ok=(204,))

    assert tags("vpcs", vpc) == {"a": "1", "b": ""} and "tags" not in call("GET", f"vpcs/{vpc}", version="v1")["vpc"]
    for kind, made in (("vpcs", vpc), ("subnets", subnet), ("security-groups", group)):
        act(kind, made, "create", team="a", role="web")
        act(kind, made, "create", team="b")
        act(kind, made, "delete", role="web")
        assert tags(kind, made)["team"] == "b" and "role" not in tags(kind, made)
        for bad, name in ((("create", {}), "tags"), (("move", {"a": "b"}), "move"), (("create", {"k" * 129: "v"}), "key"),
                          (("create", {"k": "v" * 256}), "value"), (("create", {f"k{n}": "" for n in range(20)}), "tags")):  # fmt: skip
            with pytest.raises(Refused) as refused:
                act(kind, made, bad[0], **bad[1])
            assert refused.value.args[0] == 400 and name in refused.value.args[4]["message"]
        with pytest.raises(Refused) as refused:
            tags(kind, made[:-1] + "x")
        assert refused.value.args[0] == 404
    shown = call("GET", f"vpc/security-groups/{group}", version="v3")["security_group"]
    assert shown["tags"] == [{"key": "team", "value": "b"}]
    assert {"key": "team", "value": "b"} in call("GET", f"vpc/vpcs/{vpc}", version="v3")["vpc"]["tags"]
    # What a network is called changes nothing of its tags.
    call("PUT", f"vpcs/{vpc}", {"vpc": {"name": "m", "cidr": "10.0.0.0/8"}}, version="v1")
    assert tags("vpcs", vpc) == {"a": "1", "b": "", "team": "b"}
