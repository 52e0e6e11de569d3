"""Every answer of Huawei Cloud Auto Scaling with every member that the documents name, of its documented type; every filter and
every page of its lists; and ids in paths that are of nothing, of no form, or of somebody else."""

import json
import re
import subprocess
import urllib.parse

import huawei_walk as walk
import pytest
from conftest import BINARY, Server
from huawei import huawei, neighbour
from huawei_walk import ENDPOINTS, NOBODY, STRUCTS, URN, Place, kind

READS = [op for op, facts in ENDPOINTS.items() if facts["method"] == "GET" or op == "ListResourceInstances"]
TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}

# Members that are there only when there is something to say, with what they wait for.
CONDITIONAL = {
    ("ScalingV1PolicyDetail", "alarm_id"): "of ALARM policies (L2551)",
    ("ScalingV1PolicyDetail", "scheduled_policy"): "of SCHEDULED and RECURRENCE policies (L2551)",
    ("ScalingV2PolicyDetail", "alarm_id"): "as in the first version",
    ("ScalingV2PolicyDetail", "scheduled_policy"): "as in the first version",
    ("ScalingV2PolicyDetail", "description"): "if it has one",
    ("ScalingV2PolicyDetail", "interval_alarm_actions"): "of policies by intervals",
    ("ScheduledPolicy", "recurrence_type"): "of RECURRENCE policies (L2551)",
    ("ScheduledPolicy", "recurrence_value"): "of weekly and monthly ones",
    ("ScheduledPolicy", "start_time"): "of RECURRENCE policies",
    ("ScheduledPolicy", "end_time"): "of RECURRENCE policies",
    ("ScheduledTaskPolicy", "recurrence_type"): "of tasks that come again",
    ("ScheduledTaskPolicy", "recurrence_value"): "of weekly and monthly ones",
    ("ScheduledTaskPolicy", "start_time"): "of tasks that come again",
    ("ScheduledTaskPolicy", "end_time"): "of tasks that come again",
    ("ScalingPolicyActionV1", "instance_number"): "one of the two is given (L2306)",
    ("ScalingPolicyActionV1", "instance_percentage"): "one of the two is given",
    ("ScalingPolicyActionV2", "size"): "one of the two is given",
    ("ScalingPolicyActionV2", "percentage"): "one of the two is given",
    ("ScalingPolicyActionV2", "limits"): "of bandwidths",
    ("IntervalAlarmActionsV2", "lower_bound"): "if it is given",
    ("IntervalAlarmActionsV2", "upper_bound"): "if it is given",
    ("IntervalAlarmActionsV2", "limits"): "if it is given",
    ("IntegerRange", "min"): "what a task does not set is not there",
    ("IntegerRange", "max"): "as min",
    ("IntegerRange", "desire"): "as min",
    ("InstanceConfigResult", "adminPass"): "in lists if one logs in with a password",
    ("DiskResult", "dedicated_storage_id"): "the example (L1568) has what was given",
    ("DiskResult", "data_disk_image_id"): "as dedicated_storage_id",
    ("DiskResult", "snapshot_id"): "as dedicated_storage_id",
    ("DiskResult", "metadata"): "as dedicated_storage_id",
    ("DiskResult", "iops"): "as dedicated_storage_id",
    ("DiskResult", "throughput"): "as dedicated_storage_id",
    ("MetaData", "__system__encrypted"): "if it is given",
    ("MetaData", "__system__cmkid"): "if it is given",
    ("BandwidthResult", "id"): "of shared bandwidths",
    ("NetworksResult", "allowed_address_pairs"): "if they are given",
    ("LbaasListenersResult", "protocol_version"): "if it is given",
    ("ScalingInstance", "failed_reason"): "of those that failed",
    ("ScalingInstance", "failed_details"): "of those that failed",
    ("ModifyLb", "failed_reason"): "of those that failed",
    ("ModifyLb", "failed_details"): "of those that failed",
    ("ScalingPolicyExecuteLogList", "failed_reason"): "of those that failed",
} | {
    ("ScalingActivityLogV2", name): "lists of instances and of balancers are of different activities (L3124)"
    for name in STRUCTS["ScalingActivityLogV2"]["fields"] if name.startswith(("instance_", "lb_")) and name.endswith("_list")
}
# Members that are never there or always null, with why.
NEVER = {
    ("VersionInfo", "min_version"): "empty in the documents",
    ("VersionInfo", "version"): "empty in the documents",
    ("ScalingGroups", "cloud_location_id"): "reserved (L682)",
    ("InstanceConfigResult", "instance_name"): "reserved (L1454)",
    ("InstanceConfigResult", "instance_id"): "reserved (L1455)",
    ("VmMetaData", "admin_pass"): "a password is never shown",
    ("ScalingV2PolicyDetail", "meta_data"): "nobody here knows the addresses of a bandwidth",
    ("ScalingPolicyExecuteLogList", "meta_data"): "as of the policy",
    ("IntervalAlarmActionsV2", "percentage"): "bandwidths are changed by size",
    ("JobRecords", "request"): "of records of type API; what is done here is of type MEG",
    ("JobRecords", "response"): "as request",
    ("JobRecords", "code"): "as request",
    ("ScalingInstance", "instance_config"): "no document says what stands in it",
    ("ListScalingTagInfosByResourceId", "sys_tags"): "null in the documents (L4470)",
    ("LbaasListener", "listener_id"): "what is bound is the pool",
    ("ModifyLb", "listener"): "a classic listener is changed while there are no members (L965)",
    ("ScalingActivityLogV2", "instance_standby_list"): "seen by the tests of standby",
    ("ScalingActivityLogV2", "lb_bind_failed_list"): "seen by the tests of faults",
    ("ScalingActivityLogV2", "lb_unbind_failed_list"): "seen by the tests of faults",
    ("ModifyLb", "failed_reason"): "seen by the tests of faults",
    ("ModifyLb", "failed_details"): "seen by the tests of faults",
}
WORDS_BESIDE = {("ScalingV2PolicyDetail", "scaling_policy_type"): ["INTERVAL_ALARM"]}


class Full(Place):
    """A place in which there is something of everything."""

    def __init__(self, server):
        super().__init__(server)
        self.balancer(server)
        key = neighbour(server, "kps", "v3", self.project)
        key("create_keypair", body={"keypair": {"name": "k1"}})
        bodies = walk.config_bodies(self)[:5]
        bodies[1]["instance_config"]["metadata"]["name"] = "web"
        for body in bodies:
            self.good("CreateScalingConfig", body)
        pools = [{"pool_id": self.pool, "protocol_port": 80, "weight": 5, "protocol_version": "ipv4"}]
        self.good("UpdateScalingGroup", walk.changed_group_bodies(self)[0] | {"lbaas_listeners": pools})
        self.classic = self.good("CreateScalingGroup", walk.group_bodies(self)[1])["scaling_group_id"]
        once = {"scaling_policy_name": "once", "scaling_group_id": self.group, "scaling_policy_type": "SCHEDULED",
                "scheduled_policy": {"launch_time": self.minute(days=9)}}
        made = [self.good("CreateScalingPolicy", body) for body in [*walk.policy_bodies(self), once]]
        self.policies = [one["scaling_policy_id"] for one in made]
        self.policies_v2 = [self.good("CreateScalingV2Policy", body)["scaling_policy_id"] for body in walk.v2_bodies(self)]
        self.task = self.good("CreateGroupScheduledTask", walk.task_bodies(self)[0])["task_id"]
        for name in ("one", "two"):
            task = {"name": name, "scheduled_policy": {"launch_time": self.minute(days=9)}, "instance_number": {"min": 0}}
            self.good("CreateGroupScheduledTask", task)
        self.good("CreateOrDeleteScalingTagInfo", {"tags": [{"key": "k", "value": "v"}], "action": "create"})
        self.good("CreateScalingNotification", {"topic_urn": URN, "topic_scene": ["SCALING_UP"]})
        self.good("CreateLifeCycleHook", walk.hook_bodies(self)[0])
        self.activities(server)
        self.ids |= {"scaling_policy_id": self.policies[1], "scheduled_task_id": self.task, "lifecycle_hook_name": "h",
                     "topic_urn": urllib.parse.quote(URN, safe=""), "api_version": "v1", "instance_id": self.members[0]}

    def balancer(self, server):
        call = neighbour(server, "elb", "v3", self.project)
        front = call("create_load_balancer", body={"loadbalancer": {
            "name": "front", "vip_subnet_cidr_id": "subnet", "availability_zone_list": ["az1"]}})["loadbalancer"]["id"]
        self.listener = call("create_listener", body={"listener": {
            "name": "http", "protocol": "HTTP", "protocol_port": 80, "loadbalancer_id": front}})["listener"]["id"]
        self.pool = call("create_pool", body={"pool": {
            "name": "web", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "listener_id": self.listener}})["pool"]["id"]

    def activities(self, server):
        """Every list of an activity has somebody in it; at last one instance waits, and one is in the pool."""
        busy = {"scaling_group_id": self.busy}
        up = {"operation": "ADD", "instance_number": 1}
        by_time = walk.policy_bodies(self)[1] | busy | {"scaling_policy_action": up}
        self.executed = self.good("CreateScalingPolicy", by_time)["scaling_policy_id"]
        self.good("ExecuteResumeOrPauseScalingPolicy", {"action": "execute"}, scaling_policy_id=self.executed)
        server.settle()
        self.good("UpdateScalingGroup", {"max_instance_number": 4}, **busy)
        self.call("ExecuteResumeOrPauseScalingPolicy", {"action": "execute"}, scaling_policy_id=self.executed)
        for count, way in ((1, "yes"), (1, "no")):
            gone = [self.members.pop() for _ in range(count)]
            self.good("BatchInstancesAction", {"action": "REMOVE", "instances_id": gone, "instance_delete": way}, **busy)
            server.settle()
        self.good("UpdateScalingGroup", {"max_instance_number": 9,
                                         "lbaas_listeners": [{"pool_id": "p9", "protocol_port": 1, "weight": 1}]}, **busy)
        server.advance(60)
        self.good("UpdateScalingGroup", {"lbaas_listeners": []}, **busy)
        server.advance(60)
        # One group has failed, and a policy of one that is off.
        server.faults({"op": "launch", "effect": "error"})
        body = walk.group_bodies(self)[0] | {"scaling_group_name": "hurt", "available_zones": [], "lbaas_listeners": [],
                                             "health_periodic_audit_method": "NOVA_AUDIT"}
        self.hurt = self.good("CreateScalingGroup", body)["scaling_group_id"]
        self.good("ResumeOrPauseScalingGroup", {"action": "resume"}, scaling_group_id=self.hurt)
        soon = walk.policy_bodies(self)[1] | {"scaling_policy_type": "SCHEDULED",
                                              "scheduled_policy": {"launch_time": self.minute(minutes=20)}}
        self.refused = self.good("CreateScalingPolicy", soon)["scaling_policy_id"]
        server.advance(3600)
        server.faults()
        self.good("PutWarmPoolNew", {"min_capacity": 3, "max_capacity": 3, "instance_init_wait_time": 0}, **busy)
        server.advance(60)
        self.good("CreateLifeCycleHook", walk.hook_bodies(self)[0] | {"lifecycle_hook_type": "INSTANCE_LAUNCHING"}, **busy)
        self.good("UpdateScalingGroup", {"desire_instance_number": 4}, **busy)
        server.settle()

    def read(self, op, query=""):
        """Every answer of an operation that there is something to say of."""
        groups = (self.group, self.busy, self.classic, self.hurt)
        body, ids = None, [{"scaling_group_id": group} for group in groups]
        if op == "ListResourceInstances":
            body, ids = {"action": "filter"}, [{}]
        elif "V2Policy" in op:
            ids = [{"scaling_policy_id": id} for id in self.policies_v2]
        elif op == "ShowScalingPolicy":
            ids = [{"scaling_policy_id": id} for id in self.policies]
        elif op == "ListScalingPolicyExecuteLogs":
            ids = [{"scaling_policy_id": id} for id in (self.executed, self.refused)]
        elif op == "ShowScalingConfig":
            listed = self.good("ListScalingConfigs")["scaling_configurations"]
            ids = [{"scaling_configuration_id": one["scaling_configuration_id"]} for one in listed]
        elif op == "ShowLifeCycleHook":
            ids = [{}]
        return [self.good(op, body, query, **one) for one in ids]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    one = Server(tmp_path_factory.mktemp("reads") / "data", "--emulate")
    yield Full(one)
    one.close()


class Look:
    """Holds answers to what is documented of them, and remembers which members were seen with a value."""

    def __init__(self):
        self.seen, self.wrong = set(), []

    def at(self, struct, members, node, path):
        for name, facts in members.items():
            here, where = (struct, name), f"{path}.{name}"
            if name not in node:
                if here not in CONDITIONAL and here not in NEVER:
                    self.wrong.append(f"{where} is not there")
                continue
            value = node[name]
            if value is None:
                continue
            what, inner = kind(facts)
            good = isinstance(value, TYPES[what]) and (what == "boolean" or not isinstance(value, bool))
            words = facts.get("enum", []) + facts.get("enum_sdk_extra", []) + WORDS_BESIDE.get(here, [])
            if not good:
                self.wrong.append(f"{where} is {value!r}, no {what}")
                continue
            if what == "string" and words and value not in words:
                self.wrong.append(f"{where} is {value}, none of {words}")
            if name in ("create_time", "update_time", "execute_time", "timeout", "record_time") or "date-time" in facts["type"]:
                if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
                    self.wrong.append(f"{where} is {value}, no time")
            if value not in ([], {}, ""):
                self.seen.add(here)
            if inner:
                for item in value if what == "array" else [value]:
                    self.at(inner, STRUCTS[inner]["fields"], item, where)

    def documented(self, struct, members):
        for name, facts in members.items():
            yield struct, name
            inner = kind(facts)[1]
            if inner and (struct, name) not in NEVER:
                yield from self.documented(inner, STRUCTS[inner]["fields"])


def test_every_member_of_every_answer_is_there_and_of_its_type(full):
    look, named = Look(), set()
    for op in READS:
        members = ENDPOINTS[op]["success"]["body"]
        if "marker" in ENDPOINTS[op].get("query", {}):
            look.at(op, members, ask(full, op, limit=1)[1], op)
        named |= set(look.documented(op, members))
        for answer in full.read(op):
            look.at(op, members, answer, op)
    assert look.wrong == []
    # Null or empty in every answer there is: then no test has seen it.
    unseen = {one for one in named - look.seen if one not in NEVER}
    assert unseen == set()
    stale = {one for one in [*NEVER, *CONDITIONAL] if one not in named}
    assert stale == set()
    lies = {one for one in NEVER if one in look.seen}
    assert lies == set()


PAGES = {"ListScalingInstances": ("AS.4000", "AS.4001"), "ListScalingActivityLogs": ("AS.9003", "AS.9004"),
         "ListScalingActivityV2Logs": ("AS.9003", "AS.9004"), "ListScalingPolicyExecuteLogs": ("AS.9008", "AS.9009")}
# The codes of filters that are not right; the others are texts that match or not.
FILTERS = {
    "scaling_group_status": "AS.2020", "life_cycle_state": "AS.4003", "health_status": "AS.4004",
    "protect_from_scaling_down": "AS.0022", "scaling_policy_type": "AS.3002", "type": "AS.9012", "status": "AS.9013",
    "sort_by": "AS.3057", "order": "AS.3058", "marker": "AS.1074", "log_id": "AS.9005", "start_time": "AS.9001",
    "end_time": "AS.9002", "scaling_resource_type": "AS.3037",
}
LOG_FILTERS = {"log_id": "AS.9010", "start_time": "AS.9007", "end_time": "AS.9007", "execute_type": "AS.0022",
               "scaling_resource_type": "AS.0022"}
LISTS = [op for op in READS if ENDPOINTS[op].get("query")]


def rows(answer):
    (found,) = [value for value in answer.values() if isinstance(value, list)]
    return found


def ids_of(full, op):
    own = {"scaling_policy_id": full.executed} if "ExecuteLogs" in op else {}
    busy = op in ("ListScalingInstances", "ListScalingActivityLogs", "ListScalingActivityV2Logs", "ListHookInstances",
                  "ListWarmPoolInstances", "ListWarmPoolInstancesNew")
    return own | ({"scaling_group_id": full.busy} if busy else {})


def ask(full, op, **query):
    return full.call(op, query="?" + urllib.parse.urlencode(query), **ids_of(full, op))


@pytest.mark.parametrize("op", LISTS)
def test_what_a_list_is_asked_for_is_checked(full, op):
    wrong = []
    start, limit = PAGES.get(op, ("AS.1001", "AS.1002"))
    codes = FILTERS | (LOG_FILTERS if "ExecuteLogs" in op else {}) | {"start_number": start, "limit": limit}
    bad = {"start_number": [-1, "x", 1.5, 10**30], "limit": [-1, 101, "x", 1.5, 10**30], "marker": ["x", NOBODY[:-1]],
           "start_time": ["x", "2026-01-01T00:00Z", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00"]}
    bad["end_time"] = bad["start_time"]
    for name, facts in ENDPOINTS[op]["query"].items():
        words = facts.get("enum", []) + facts.get("enum_sdk_extra", [])
        good = words or {"start_number": [0, 10**6], "limit": [0, 1, 100], "marker": [""], "start_time": ["2015-01-01T00:00:00Z"],
                         "end_time": ["2999-01-01T00:00:00Z"], "protect_from_scaling_down": ["true", "false"]}.get(name, [NOBODY])
        for value in good:
            status, answer = ask(full, op, **{name: value})
            if status != 200:
                wrong.append((name, value, status, answer))
        if name not in codes:
            if rows(ask(full, op, **{name: "no-such-thing"})[1]):
                wrong.append((name, "does not filter"))
            continue
        for value in bad.get(name, ["NONE", words[0].lower()] if words else ["x"]):
            status, answer = ask(full, op, **{name: value})
            error = answer.get("error", {})
            right = (status, error.get("code")) == (400, codes[name])
            if not right or name not in error["message"] or str(value) not in error["message"]:
                wrong.append((name, value, status, answer))
    assert wrong == []


@pytest.mark.parametrize("op", [op for op in LISTS if "limit" in ENDPOINTS[op]["query"]])
def test_pages_are_the_list(full, op):
    asked = ENDPOINTS[op]["query"]
    whole = rows(ask(full, op, limit=100)[1])
    assert whole, "nothing to page"
    for size in (1, 2, 3):
        seen, marker = [], {}
        for start in range(0, len(whole) + size, size):
            place = {"start_number": start} if "start_number" in asked else marker
            _, answer = ask(full, op, limit=size, **place)
            if "start_number" in asked:
                numbers = [answer[name] for name in ("total_number", "start_number", "limit")]
                assert numbers == [len(whole), start, size]
            seen += rows(answer)
            if "marker" in asked:
                marker = {"marker": answer["page_info"]["next_marker"]}
                if not marker["marker"]:
                    break
        assert seen == whole
    _, answer = ask(full, op)
    assert rows(answer) == whole[:20]
    if "start_number" in asked:
        assert [answer[name] for name in ("total_number", "start_number", "limit")] == [len(whole), 0, 20]
    assert rows(ask(full, op, limit=0)[1]) == []


# Filters that are the values of members: one finds those that have it, and none besides.
MEMBERS = {
    "ListScalingGroups": ["scaling_configuration_id", "scaling_group_status", "enterprise_project_id"],
    "ListScalingInstances": ["life_cycle_state", "health_status", "protect_from_scaling_down"],
    "ListScalingPolicies": ["scaling_policy_type", "scaling_policy_id"],
    "ListScalingV2Policies": ["scaling_policy_type", "scaling_policy_id"],
    "ListAllScalingV2Policies": ["scaling_policy_type", "scaling_policy_id", "scaling_resource_id",
                                 "scaling_resource_type", "alarm_id"],
    "ListScalingActivityV2Logs": ["type", "status"],
    "ListScalingPolicyExecuteLogs": ["execute_type", "scaling_resource_id", "scaling_resource_type"],
    "ListHookInstances": ["instance_id"],
}
# A part of a name finds it, in either case of nothing else.
FUZZY = {"ListScalingGroups": "scaling_group_name", "ListScalingConfigs": "scaling_configuration_name",
         "ListScalingPolicies": "scaling_policy_name", "ListScalingV2Policies": "scaling_policy_name",
         "ListAllScalingV2Policies": "scaling_policy_name"}


def test_filters_find_what_they_name(full):
    for op, names in MEMBERS.items():
        whole = rows(ask(full, op)[1])
        for name in names:
            # With OVERALL types, an interval policy is found by no word of the filter.
            values = {json.dumps(one.get(name)) for one in whole if one.get(name) not in (None, "INTERVAL_ALARM")}
            assert values, (op, name)
            for value in map(json.loads, values):
                text = str(value).lower() if isinstance(value, bool) else value
                found = rows(ask(full, op, **{name: text})[1])
                assert found == [one for one in whole if one.get(name) == value], (op, name, value)
    for op, name in FUZZY.items():
        whole = rows(ask(full, op)[1])
        part = whole[0][name][:3]
        assert rows(ask(full, op, **{name: part})[1]) == [one for one in whole if part in one[name]]
        # All filters together (L617).
        assert rows(ask(full, op, **{name: part + "-not"})[1]) == []
    for op, name in (("ListScalingActivityV2Logs", "log_id"), ("ListScalingPolicyExecuteLogs", "log_id")):
        for one in rows(ask(full, op)[1]):
            assert rows(ask(full, op, log_id=one["id"])[1]) == [one]
        assert rows(ask(full, op, log_id=NOBODY)[1]) == []
    whole = rows(ask(full, "ListScalingConfigs")[1])
    image = whole[-1]["instance_config"]["imageRef"]
    with_it = [one for one in whole if one["instance_config"]["imageRef"] == image]
    assert rows(ask(full, "ListScalingConfigs", image_id=image)[1]) == with_it


def test_times_filter_activities(full):
    for op in ("ListScalingActivityLogs", "ListScalingActivityV2Logs"):
        whole = rows(ask(full, op)[1])
        assert [one["start_time"] for one in whole] == sorted((one["start_time"] for one in whole), reverse=True)
        for one in whole:
            later = rows(ask(full, op, start_time=one["start_time"])[1])
            assert later == [other for other in whole if other["start_time"] >= one["start_time"]]
            if one["end_time"]:
                over = rows(ask(full, op, end_time=one["end_time"])[1])
                assert over == [other for other in whole if other["end_time"] and other["end_time"] <= one["end_time"]]


# What an id in a path is answered with that is of nothing here.
ABSENT = {
    "project_id": (400, "AS.0008"), "scaling_group_id": (400, "AS.2007"), "resource_id": (400, "AS.2007"),
    "resource_type": (400, "AS.7048"), "scaling_configuration_id": (404, "AS.0007"), "scaling_policy_id": (404, "AS.0007"),
    "scheduled_task_id": (404, "AS.0007"), "lifecycle_hook_name": (404, "AS.0007"), "topic_urn": (404, "AS.0007"),
    "instance_id": (400, "AS.4006"), "scaling_resource_id": (400, "AS.3042"), "api_version": (404, "AS.0033"),
}
FORMS = ["x", NOBODY, NOBODY.upper(), "0" * 300, "a" * 32, " ", "\0", "/", "..", "中", "%", "*", "'", '"']
# A group that is not there has no tasks (rule O3); what is no group may be a bandwidth, of which nobody knows.
LENIENT = {("ListGroupScheduledTasks", "scaling_group_id"), ("ListScalingV2Policies", "scaling_resource_id")}


def body_of(full, op):
    """A body that an operation would take."""
    from test_huawei_walk import WALKED, Walk

    if op not in WALKED:
        return None
    known = {"UpdateScalingPolicy": {"cool_down_time": 1}, "UpdateScalingV2Policy": {"cool_down_time": 1},
             "ExecuteResumeOrPauseScalingPolicy": {"action": "resume"}, "UpdateGroupScheduledTask": {"name": "t"},
             "UpdateLifeCycleHook": {"default_timeout": 100}}
    return known.get(op) or Walk(full, op).bodies[0]


def answered(full, op, name, id):
    body = body_of(full, op)
    if op in ("CreateLifeCycleHook",):
        body = body | {"lifecycle_hook_name": "another"}
    status, answer = full.call(op, body, **{name: urllib.parse.quote(id, safe="")})
    if answer is None:
        return status, None
    return status, (answer.get("error") or {}).get("code")


def test_ids_of_nothing(full):
    before, wrong = full.state(), []
    for op, facts in ENDPOINTS.items():
        for name in re.findall(r"\{(\w+)\}", facts["path"]):
            for id in FORMS if name != "api_version" else ["v9"]:
                got = answered(full, op, name, id)
                if (op, name) in LENIENT:
                    if got[0] != 200:
                        wrong.append((op, name, id, got))
                elif got != ABSENT[name]:
                    wrong.append((op, name, id, got))
    assert wrong == []
    assert full.state() == before


def test_ids_of_another_account(full):
    """What is another's is not there."""
    command = [BINARY, "account", "create", "second", "--data", str(full.server.data)]
    key = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    other = huawei(full.server, key=(key["access_key_id"], key["secret_access_key"]))
    before, wrong = full.state(), []
    from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

    calls = {
        "scaling_group_id": ["show_scaling_group", "delete_scaling_group", "list_scaling_instances", "list_scaling_policies",
                             "list_life_cycle_hooks", "list_hook_instances", "list_scaling_notifications",
                             "list_scaling_activity_logs", "list_scaling_activity_v2_logs", "show_warm_pool_new",
                             "close_warm_pool_new", "list_warm_pool_instances_new", "show_policy_and_instance_quota"],
        "scaling_configuration_id": ["show_scaling_config", "delete_scaling_config"],
        "scaling_policy_id": ["show_scaling_policy", "delete_scaling_policy", "show_scaling_v2_policy",
                              "list_scaling_policy_execute_logs"],
        "instance_id": ["delete_scaling_instance"],
    }
    for name, methods in calls.items():
        for method in methods:
            try:
                wrong.append((method, other(method, **{name: full.ids[name]})))
            except ClientRequestException as error:
                if (error.status_code, error.error_code) != ABSENT[name]:
                    wrong.append((method, error.status_code, error.error_code))
    for method in ("list_scaling_groups", "list_scaling_configs", "list_all_scaling_v2_policies"):
        if other(method)["total_number"]:
            wrong.append((method, "shows what is another's"))
    assert wrong == []
    assert full.state() == before
