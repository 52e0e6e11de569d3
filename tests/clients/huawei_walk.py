"""What the documents say of every request of Huawei Cloud Auto Scaling, as cases: field by field from the facts that were read
of them, so that none is left out. `Place` is where requests go and what they leave behind."""

import copy
import datetime
import json
import re

from huawei import DISK, SHARED, alarm_rule, config, group, http, huawei, log_in

SPEC = json.loads((SHARED / "spec/huawei.json").read_text())
ENDPOINTS = {one["op"]: one for one in SPEC["endpoints"]}
STRUCTS = SPEC["structs"]
GONE = object()
NOBODY = "5bc3aa02-b83e-454c-aba1-4d2095c68f8b"
URN = "urn:smn:cn-north-4:b53e5554fad0494d96206fb84296510b:gsh"

# Values that are none of a type. A number stands for its text, as one client sends it.
WRONG = {
    "string": [True, [], {}],
    "integer": ["x", 1.5, True, [], {}, 10**30, -(10**30)],
    "number": ["x", True, [], {}],
    "boolean": ["x", 5, [], {}],
    "array": ["x", 5, {}, True],
    "object": ["x", 5, [], True],
}


def kind(facts):
    """The JSON type of a field, and the struct of its entries or of itself."""
    text = facts["type"]
    inner = re.search(r"ref:(\w+)", text)
    inner = inner.group(1) if inner else None
    if text.startswith("array"):
        return "array", inner
    if text.startswith("ref:"):
        return "object", inner
    return text.split("(")[0], None


def fields(struct, path=()):
    """Every field below a struct: where it is, whose it is, what is said of it."""
    for name, facts in STRUCTS[struct]["fields"].items():
        here = (*path, name)
        yield here, struct, facts
        what, inner = kind(facts)
        if inner:
            yield from fields(inner, (*here, 0) if what == "array" else here)


def said(path):
    return ".".join("[]" if part == 0 else part for part in path)


def at(node, path):
    for part in path:
        node = node[part]
    return node


def has(node, path):
    try:
        at(node, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def put(body, path, value):
    body = copy.deepcopy(body)
    inner = at(body, path[:-1])
    if value is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return body


class Place:
    """A server with something of each kind, and requests to it by the names of operations."""

    def __init__(self, server):
        self.server = server
        _, headers, answer = log_in(server)
        self.token, self.project = headers["X-Subject-Token"], answer["token"]["project"]["id"]
        call = self.sdk = huawei(server)
        self.config = config(call, "conf")
        self.spare = config(call, "spare")
        self.group = group(call, name="quiet", resume=False, scaling_configuration_id=self.config)
        self.busy = group(call, 3, name="busy", scaling_configuration_id=self.config)
        server.settle()
        listed = call("list_scaling_instances", scaling_group_id=self.busy)["scaling_group_instances"]
        self.members = [one["instance_id"] for one in listed]
        self.rule = alarm_rule(server, self.group)
        self.ids = {"scaling_group_id": self.group, "scaling_configuration_id": self.config,
                    "resource_type": "scaling_group_tag", "resource_id": self.group, "scaling_resource_id": self.group}
        now = datetime.datetime.fromisoformat(server.native("GET", "clock")["now"].replace("Z", "+00:00"))
        self.now = now.replace(second=0, microsecond=0)

    def minute(self, **later):
        return (self.now + datetime.timedelta(**later)).strftime("%Y-%m-%dT%H:%MZ")

    def path(self, op, **ids):
        def one(found):
            name = found.group(1)
            known = self.ids | {"project_id": self.project} | ids
            return str(known[name])

        return re.sub(r"\{(\w+)\}", one, ENDPOINTS[op]["path"])

    def call(self, op, body=None, query="", **ids):
        where = self.path(op, **ids)
        status, _, answer = http(self.server, ENDPOINTS[op]["method"], where + query, body, {"X-Auth-Token": self.token})
        return status, answer

    def good(self, op, body=None, query="", **ids):
        status, answer = self.call(op, body, query, **ids)
        assert status == ENDPOINTS[op]["success"]["status"], (op, ids, body, status, answer)
        return answer

    def state(self):
        """All that requests could have changed."""
        one = {"scaling_group_id": self.group}
        some = ["ListScalingGroups", "ListScalingConfigs", "ListAllScalingV2Policies", "ListScalingPolicies",
                "ListLifeCycleHooks", "ListScalingNotifications", "ListGroupScheduledTasks", "ShowWarmPoolNew"]
        return {op: self.good(op, query="?limit=100", **one) for op in some} | {
            "members": self.good("ListScalingInstances", scaling_group_id=self.busy)}


def group_bodies(place):
    """Bodies that together have every field of a group."""
    one = {
        "scaling_group_name": "g", "scaling_configuration_id": place.config, "desire_instance_number": 2,
        "min_instance_number": 1, "max_instance_number": 9, "cool_down_time": 200,
        "lbaas_listeners": [{"pool_id": "p1", "protocol_port": 80, "weight": 5, "protocol_version": "ipv4"}],
        "available_zones": ["cn-north-4a"],
        "networks": [{"id": "n1", "ipv6_enable": True, "ipv6_bandwidth": {"id": "b1"},
                      "allowed_address_pairs": [{"ip_address": "1.1.1.1/0"}]}],
        "security_groups": [{"id": "s1"}], "vpc_id": "v1", "health_periodic_audit_method": "ELB_AUDIT",
        "health_periodic_audit_time": 15, "health_periodic_audit_grace_period": 60,
        "instance_terminate_policy": "NEW_INSTANCE", "notifications": ["EMAIL"], "delete_publicip": True,
        "delete_volume": True, "enterprise_project_id": "0", "multi_az_priority_policy": "PICK_FIRST",
        "iam_agency_name": "agency", "description": "words", "tags": [{"key": "k", "value": "v"}],
    }
    return [one, put(put(one, ("lbaas_listeners",), GONE), ("lb_listener_id",), "l1,l2")]


def changed_group_bodies(place):
    one, two = group_bodies(place)
    for body in (one, two):
        del body["vpc_id"], body["tags"]
    two["lbaas_listeners"] = []
    one["lb_listener_id"] = ""
    return [put(one, ("lb_listener_id",), GONE), put(two, ("lbaas_listeners",), GONE)]


def config_bodies(place):
    data = {"size": 100, "volume_type": "GPSSD2", "disk_type": "DATA", "data_disk_image_id": "i1", "iops": 3000,
            "throughput": 125, "metadata": {"__system__encrypted": "1", "__system__cmkid": "c1"}}
    eip = {"ip_type": "5_bgp", "bandwidth": {"size": 10, "share_type": "PER", "charging_mode": "traffic"}}
    one = {"scaling_configuration_name": "c", "instance_config": {
        "flavorRef": "s3.xlarge.4", "imageRef": "i1", "disk": [data, DISK], "key_name": "k1",
        "personality": [{"path": "/a", "content": "aGk="}], "public_ip": {"eip": eip}, "user_data": "aGk=",
        "metadata": {}, "security_groups": [{"id": "s1"}], "server_group_id": "sg1", "tenancy": "dedicated",
        "dedicated_host_id": "h1", "multi_flavor_priority_policy": "COST_FIRST", "market_type": "spot",
        "cpu_options": {"hw_cpu_threads": 1}, "tags": [{"key": "k", "value": "v"}],
        "tag_transmission_policy": "OVERRIDE",
    }}
    inner = "instance_config"
    password = put(put(one, (inner, "key_name"), GONE), (inner, "metadata"), {"admin_pass": "Secret-123"})
    shared = {"size": 5, "share_type": "WHOLE", "charging_mode": "bandwidth", "id": "bw1"}
    return [
        one, password,
        put(one, (inner, "disk"), [DISK | {"dedicated_storage_id": "d1"}]),
        put(one, (inner, "disk"), [DISK | {"snapshot_id": "n1"}]),
        put(one, (inner, "public_ip", "eip", "bandwidth"), shared),
        put(one, (inner, "instance_id"), place.members[0]),
        put(one, ("source_scaling_configuration_id",), place.config),
    ]


def times(place, form="Weekly"):
    return {"launch_time": "16:00", "recurrence_type": form, "recurrence_value": "1,3",
            "start_time": place.minute(hours=1), "end_time": place.minute(days=30)}


def policy_bodies(place):
    name = {"scaling_policy_name": "p", "scaling_group_id": place.group, "cool_down_time": 200}
    number = {"operation": "ADD", "instance_number": 2}
    return [
        name | {"scaling_policy_type": "ALARM", "alarm_id": place.rule, "scaling_policy_action": number},
        name | {"scaling_policy_type": "RECURRENCE", "scheduled_policy": times(place),
                "scaling_policy_action": {"operation": "SET", "instance_percentage": 50}},
    ]


def v2_bodies(place):
    name = {"scaling_policy_name": "p", "scaling_resource_id": place.group, "scaling_resource_type": "SCALING_GROUP",
            "cool_down_time": 200, "description": "words"}
    wide = name | {"scaling_resource_id": "bw1", "scaling_resource_type": "BANDWIDTH"}
    step = {"lower_bound": 0.5, "upper_bound": 9.5, "operation": "ADD", "size": 2, "limits": 300}
    return [
        name | {"scaling_policy_type": "ALARM", "alarm_id": place.rule,
                "scaling_policy_action": {"operation": "ADD", "size": 2}},
        name | {"scaling_policy_type": "RECURRENCE", "scheduled_policy": times(place),
                "scaling_policy_action": {"operation": "SET", "percentage": 50}},
        wide | {"scaling_policy_type": "INTERVAL_ALARM", "alarm_id": place.rule, "interval_alarm_actions": [step],
                "scaling_policy_action": {"operation": "ADD", "size": 2, "limits": 100}},
    ]


def without(bodies, *names):
    return [{name: value for name, value in body.items() if name not in names} for body in bodies]


def task_bodies(place):
    return [{"name": "t", "scheduled_policy": times(place, "WEEKLY"), "instance_number": {"max": 9, "min": 1, "desire": 2}}]


def hook_bodies(_):
    return [{"lifecycle_hook_name": "h", "lifecycle_hook_type": "INSTANCE_TERMINATING", "default_result": "CONTINUE",
             "default_timeout": 120, "notification_topic_urn": URN, "notification_metadata": "words"}]


def search_bodies(_):
    tag = [{"key": "k", "values": ["v"]}]
    return [{"tags": tag, "tags_any": tag, "not_tags": tag, "not_tags_any": tag, "limit": "5", "marker": "0",
             "action": "filter", "offset": "0", "matches": [{"key": "resource_name", "value": "g"}]}]


# The code of a bad value, which is that of a wrong type, too; by name, then by name in a structure.
BAD = {
    "scaling_group_name": "AS.2022", "min_instance_number": "AS.2004", "max_instance_number": "AS.2004",
    "desire_instance_number": "AS.2005", "cool_down_time": "AS.2006", "available_zones": "AS.2011", "vpc_id": "AS.2012",
    "networks": "AS.2013", "ipv6_enable": "AS.2013", "ipv6_bandwidth": "AS.2013", "allowed_address_pairs": "AS.2013",
    "ip_address": "AS.2013", "lb_listener_id": "AS.2015", "health_periodic_audit_method": "AS.2029",
    "health_periodic_audit_time": "AS.2031", "instance_terminate_policy": "AS.2032", "notifications": "AS.2034",
    "protocol_port": "AS.2039", "weight": "AS.2040", "lbaas_listeners": "AS.2042", "pool_id": "AS.2042",
    "protocol_version": "AS.2042", "health_periodic_audit_grace_period": "AS.2046", "multi_az_priority_policy": "AS.2053",
    "enterprise_project_id": "AS.7065", "min_capacity": "AS.2004", "max_capacity": "AS.2004",
    "scaling_configuration_name": "AS.1023", "flavorRef": "AS.1016", "imageRef": "AS.1075", "volume_type": "AS.1033",
    "disk_type": "AS.1034", "admin_pass": "AS.1035", "personality": "AS.1027", "path": "AS.1027", "content": "AS.1027",
    "ip_type": "AS.1043", "charging_mode": "AS.1044", "share_type": "AS.1045", "user_data": "AS.1049",
    "key_name": "AS.1050", "snapshot_id": "AS.1066", "multi_flavor_priority_policy": "AS.1085",
    "source_scaling_configuration_id": "AS.1004", "scaling_policy_name": "AS.3031", "scaling_policy_type": "AS.3002",
    "recurrence_type": "AS.3004", "end_time": "AS.3006", "launch_time": "AS.3009", "operation": "AS.3017",
    "instance_number": "AS.3018", "size": "AS.3018", "recurrence_value": "AS.3025", "start_time": "AS.3028",
    "instance_percentage": "AS.3035", "percentage": "AS.3035", "scaling_resource_type": "AS.3037", "limits": "AS.3043",
    "force_delete": "AS.3048", "alarm_id": "AS.3050", "scaling_resource_id": "AS.3055", "delete_alarm": "AS.3056",
    "instance_delete": "AS.4007", "topic_urn": "AS.7025", "topic_scene": "AS.7026", "default_timeout": "AS.7030",
    "lifecycle_hook_name": "AS.7031", "lifecycle_hook_type": "AS.7033", "default_result": "AS.7034",
    "lifecycle_action_result": "AS.7034", "lifecycle_action_key": "AS.7042", "notification_topic_urn": "AS.7043",
    "tags": "AS.7046", "key": "AS.7046", "value": "AS.7046", "values": "AS.7046", "tags_any": "AS.7046",
    "not_tags": "AS.7046", "not_tags_any": "AS.7046", "matches": "AS.7052",
}
BAD_IN = {
    ("InstanceConfig", "instance_id"): "AS.4006", ("CallbackLifeCycleHookOption", "instance_id"): "AS.7042",
    ("CallbackLifeCycleHookOption", "lifecycle_hook_name"): "AS.7042",
    ("Networks", "id"): "AS.2013", ("Ipv6Bandwidth", "id"): "AS.2013", ("DiskInfo", "size"): "AS.1031",
    ("BandwidthInfo", "size"): "AS.1042", ("InstanceConfig", "metadata"): "AS.1052", ("Matches", "key"): "AS.7052",
    ("Matches", "value"): "AS.7052", ("CreateScalingGroupOption", "scaling_configuration_id"): "AS.1004",
    ("UpdateScalingGroupOption", "scaling_configuration_id"): "AS.1004",
    ("CreateScalingPolicyOption", "cool_down_time"): "AS.3012", ("UpdateScalingPolicyOption", "cool_down_time"): "AS.3012",
    ("CreateScalingPolicyV2Option", "cool_down_time"): "AS.3012",
    ("UpdateScalingV2PolicyOption", "cool_down_time"): "AS.3012",
    ("CreateScalingPolicyOption", "scaling_group_id"): "AS.2007", ("CreateScheduledTaskOption", "name"): "AS.3031",
    ("UpdateScheduledTaskOption", "name"): "AS.3031", ("IntegerRange", "min"): "AS.2004",
    ("IntegerRange", "max"): "AS.2004", ("IntegerRange", "desire"): "AS.2005", ("GroupActionOption", "action"): "AS.2008",
    ("PolicyActionOption", "action"): "AS.3022", ("BatchPoliciesOption", "action"): "AS.3022",
    ("BatchInstancesOption", "action"): "AS.4018", ("TagsActionOption", "action"): "AS.7049",
    ("QueryTagsOption", "action"): "AS.7049",
}
# The code of a field that has to be there and is not.
MISSING = {
    ("CreateScalingGroupOption", "scaling_group_name"): "AS.2002", ("CreateScalingGroupOption", "networks"): "AS.2013",
    ("CreateScalingGroupOption", "vpc_id"): "AS.2017", ("LbaasListeners", "pool_id"): "AS.2042",
    ("LbaasListeners", "protocol_port"): "AS.2039", ("Networks", "id"): "AS.2013", ("Ipv6Bandwidth", "id"): "AS.2013",
    ("SecurityGroups", "id"): "AS.2014", ("TagsSingleValue", "key"): "AS.7062", ("GroupActionOption", "action"): "AS.2008",
    ("CreateScalingConfigOption", "scaling_configuration_name"): "AS.1007",
    ("CreateScalingConfigOption", "instance_config"): "AS.1011", ("InstanceConfig", "flavorRef"): "AS.1016",
    ("InstanceConfig", "imageRef"): "AS.1014", ("InstanceConfig", "disk"): "AS.1028", ("DiskInfo", "size"): "AS.1031",
    ("DiskInfo", "volume_type"): "AS.1033", ("DiskInfo", "disk_type"): "AS.1034", ("PersonalityInfo", "path"): "AS.1027",
    ("PersonalityInfo", "content"): "AS.1027", ("PublicIp", "eip"): "AS.1041", ("EipInfo", "ip_type"): "AS.1043",
    ("EipInfo", "bandwidth"): "AS.1046", ("BandwidthInfo", "size"): "AS.1046", ("BandwidthInfo", "share_type"): "AS.1045",
    ("BandwidthInfo", "charging_mode"): "AS.1044", ("BandwidthInfo", "id"): "AS.1045",
    ("UpdateScalingConfigOption", "instance_config"): "AS.1011", ("UpdateInstanceConfig", "imageRef"): "AS.1014",
    ("BatchDeleteScalingConfigOption", "scaling_configuration_id"): "AS.1040",
    ("BatchInstancesOption", "instances_id"): "AS.4032", ("BatchInstancesOption", "action"): "AS.4018",
    ("CreateScalingPolicyOption", "scaling_policy_name"): "AS.3013",
    ("CreateScalingPolicyOption", "scaling_group_id"): "AS.3019",
    ("CreateScalingPolicyOption", "scaling_policy_type"): "AS.3011", ("CreateScalingPolicyOption", "alarm_id"): "AS.3026",
    ("CreateScalingPolicyOption", "scheduled_policy"): "AS.3003", ("ScheduledPolicy", "launch_time"): "AS.3008",
    ("ScheduledPolicy", "recurrence_type"): "AS.3023", ("ScheduledPolicy", "recurrence_value"): "AS.3024",
    ("ScheduledPolicy", "end_time"): "AS.3005", ("PolicyActionOption", "action"): "AS.3022",
    ("BatchPoliciesOption", "scaling_policy_id"): "AS.3049", ("BatchPoliciesOption", "action"): "AS.3022",
    ("CreateNotificationOption", "topic_urn"): "AS.7027", ("CreateNotificationOption", "topic_scene"): "AS.7026",
    ("CreateLifeCycleHookOption", "lifecycle_hook_name"): "AS.7032",
    ("CreateLifeCycleHookOption", "lifecycle_hook_type"): "AS.7037",
    ("CreateLifeCycleHookOption", "notification_topic_urn"): "AS.7043",
    ("CallbackLifeCycleHookOption", "lifecycle_action_result"): "AS.7039", ("TagsActionOption", "tags"): "AS.7044",
    ("TagsActionOption", "action"): "AS.7049", ("TagsMultiValue", "key"): "AS.7046", ("TagsMultiValue", "values"): "AS.7046",
    ("Matches", "key"): "AS.7052", ("Matches", "value"): "AS.7052", ("QueryTagsOption", "action"): "AS.7049",
    ("CreateScalingPolicyV2Option", "scaling_policy_name"): "AS.3013",
    ("CreateScalingPolicyV2Option", "scaling_resource_id"): "AS.3041",
    ("CreateScalingPolicyV2Option", "scaling_resource_type"): "AS.3054",
    ("CreateScalingPolicyV2Option", "scaling_policy_type"): "AS.3011",
    ("CreateScalingPolicyV2Option", "alarm_id"): "AS.3026", ("CreateScalingPolicyV2Option", "scheduled_policy"): "AS.3003",
    ("CreateScalingPolicyV2Option", "interval_alarm_actions"): "AS.3015",
    ("CreateScheduledTaskOption", "name"): "AS.3013", ("CreateScheduledTaskOption", "scheduled_policy"): "AS.3003",
    ("CreateScheduledTaskOption", "instance_number"): "AS.0022", ("ScheduledTaskPolicy", "launch_time"): "AS.3008",
    ("ScheduledTaskPolicy", "recurrence_value"): "AS.3024", ("ScheduledTaskPolicy", "end_time"): "AS.3005",
    ("PutWarmPoolOption", "min_capacity"): "AS.2004", ("PutWarmPoolOption", "max_capacity"): "AS.2004",
}
# The code of a text that is too long, or of too many entries.
LONG = {
    "scaling_group_name": "AS.2003", "lb_listener_id": "AS.2037", "lbaas_listeners": "AS.2037", "networks": "AS.2024",
    "security_groups": "AS.2025", "tags": "AS.7045", "key": "AS.7063", "value": "AS.7047",
    "scaling_configuration_name": "AS.1008", "flavorRef": "AS.1087", "disk": "AS.1032", "personality": "AS.1027",
    "admin_pass": "AS.1035", "scaling_configuration_id": "AS.1039", "scaling_policy_name": "AS.3014",
    "scaling_policy_id": "AS.0022", "instances_id": "AS.4043", "notification_metadata": "AS.7035",
    "tags_any": "AS.7046", "not_tags": "AS.7046", "not_tags_any": "AS.7046", "description": "AS.0022",
    "lifecycle_hook_name": "AS.7031", "max_instance_number": "AS.2045",
}
LONG_IN = {("CallbackLifeCycleHookOption", "lifecycle_hook_name"): "AS.7042",
           ("QueryTagsOption", "tags"): "AS.7046", ("TagsMultiValue", "key"): "AS.7046", ("Matches", "value"): "AS.7052"}


def bad(struct, name):
    return BAD_IN.get((struct, name)) or BAD.get(name, "AS.0022")


def long(struct, name):
    return LONG_IN.get((struct, name)) or LONG[name]
