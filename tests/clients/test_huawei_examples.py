"""Every example of Huawei Cloud's document is accepted, with ids that exist here, and answered in the shape that is printed
there: no member that is printed is missing, and none is of another kind."""

import datetime
import json

from huawei import SHARED, http, log_in

ENDPOINTS = {one["op"]: one for one in json.loads((SHARED / "spec/huawei.json").read_text())["endpoints"]}
TOPIC = "urn:smn:regionId:b53e5554fad0494d96206fb84296510b:gsh"


def kind(value):
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def misshapen(printed, given, path=""):
    """Where an answer is not as it is printed. What is empty or null on either side says nothing of its kind."""
    if printed is None or given is None:
        return []
    if kind(printed) != kind(given):
        return [f"{path}: {printed!r} is printed, {given!r} came"]
    if isinstance(printed, list):
        return misshapen(printed[0], given[0], path + "[0]") if printed and given else []
    if isinstance(printed, dict):
        missing = [f"{path}.{name} is missing" for name in printed if name not in given]
        both = [name for name in printed if name in given]
        return missing + [one for name in both for one in misshapen(printed[name], given[name], f"{path}.{name}")]
    return []


class Document:
    """Sends the examples of one operation after the other."""

    def __init__(self, server):
        self.server = server
        _, headers, answer = log_in(server)
        self.token = headers["X-Subject-Token"]
        self.ids = {"project_id": answer["token"]["project"]["id"], "resource_type": "scaling_group_tag"}
        self.seen = set()
        self.wrong = []

    def __call__(self, op, example=0, query="", **instead):
        """`instead`: values in place of the printed ones, which name nothing here."""
        endpoint = ENDPOINTS[op]
        examples = endpoint["examples"]
        self.seen.add(op)
        body = None
        if "request" in examples:
            body = examples["request"][example]["json"] | instead
        path = endpoint["path"].format(**self.ids) + query
        status, _, answer = http(self.server, endpoint["method"], path, body, {"X-Auth-Token": self.token})
        assert status == endpoint["success"]["status"], (op, body, status, answer)
        if "response" in examples and answer is not None:
            printed = examples["response"]
            printed = printed[min(example, len(printed) - 1)]["json"]
            self.wrong += [f"{op} {one}" for one in misshapen(printed, answer)]
        self.server.settle()
        return answer


def members(send):
    listed = send("ListScalingInstances", query="?life_cycle_state=INSERVICE")
    return [one["instance_id"] for one in listed["scaling_group_instances"]]


def window(server):
    """A window of time that is not over, as the document writes one."""
    now = datetime.datetime.fromisoformat(server.native("GET", "clock")["now"].replace("Z", "+00:00"))
    end = now + datetime.timedelta(days=13)
    return {"start_time": now.strftime("%Y-%m-%dT%H:%MZ"), "end_time": end.strftime("%Y-%m-%dT%H:%MZ")}


def scheduled(op, server):
    return ENDPOINTS[op]["examples"]["request"][0]["json"]["scheduled_policy"] | window(server)


def test_every_example_is_accepted_and_answered_in_shape(emulated):
    send = Document(emulated)
    ids = send.ids
    config = ids["scaling_configuration_id"] = send("CreateScalingConfig")["scaling_configuration_id"]
    more = [send("CreateScalingConfig", scaling_configuration_name=name)["scaling_configuration_id"] for name in "ab"]
    send("ShowScalingConfig")
    send("ListScalingConfigs", query="?image_id=627a1223-2ca3-46a7-8d5f-7aef22c74ee6")
    ids["scaling_group_id"] = send("CreateScalingGroup", scaling_configuration_id=config)["scaling_group_id"]
    ids["resource_id"] = ids["scaling_group_id"]
    send("ResumeOrPauseScalingGroup", 1)
    send("ResumeOrPauseScalingGroup", 0)
    send("UpdateScalingGroup", scaling_configuration_id=config)
    send("ShowScalingGroup")
    send("ListScalingGroups", query="?scaling_group_name=group_1")
    send("ShowResourceQuota")
    send("ShowPolicyAndInstanceQuota")

    made = send("CreateScalingPolicy", scaling_group_id=ids["scaling_group_id"],
                scheduled_policy=scheduled("CreateScalingPolicy", emulated))
    ids["scaling_policy_id"] = made["scaling_policy_id"]
    send("ExecuteResumeOrPauseScalingPolicy")
    send("UpdateScalingPolicy", scheduled_policy=scheduled("UpdateScalingPolicy", emulated))
    send("ShowScalingPolicy")
    send("ListScalingPolicies", query="?scaling_policy_name=policy&scaling_policy_type=RECURRENCE")
    assert len(members(send)) >= 2

    send("CreateScalingNotification")
    send("ListScalingNotifications")
    ids["topic_urn"] = TOPIC
    send("DeleteScalingNotification")

    send("CreateOrDeleteScalingTagInfo")
    send("ListScalingTagInfosByResourceId")
    send("ListScalingTagInfosByTenantId")
    tagged = [{"key": "ENV15", "values": ["ENV15"]}]
    named = [{"key": "resource_name", "value": "group"}]
    found = send("ListResourceInstances", 0, tags=tagged, matches=named, offset="0")
    assert len(found["resources"]) == 1
    assert send("ListResourceInstances", 1, tags=tagged, matches=named)["total_count"] == 1

    removed = members(send)[:1]
    send("BatchInstancesAction", 1, instances_id=removed, instance_delete="no")
    send("BatchInstancesAction", 0, instances_id=removed)

    send("CreateLifeCycleHook")
    ids["lifecycle_hook_name"] = "test-hook1"
    send("ShowLifeCycleHook")
    send("ListLifeCycleHooks")
    send("UpdateLifeCycleHook")
    out = {"desire_instance_number": 3, "min_instance_number": 1, "max_instance_number": 3}
    path = ENDPOINTS["UpdateScalingGroup"]["path"].format(**ids)
    assert http(emulated, "PUT", path, out, {"X-Auth-Token": send.token})[0] == 200
    emulated.settle()
    held = send("ListHookInstances")["instance_hanging_info"]
    for one in held:
        send("CallbackInstanceLifeCycleHook", lifecycle_action_key=one["lifecycle_action_key"], lifecycle_action_result="CONTINUE")
    assert held and len(members(send)) == 3
    send("DeleteLifecycleHook")

    send("ListScalingActivityLogs")
    send("ListScalingActivityV2Logs")
    ids["instance_id"] = members(send)[0]
    send("DeleteScalingInstance", query="?instance_delete=no")
    send("DeleteScalingPolicy")
    send("DeleteScalingGroup", query="?force_delete=yes")
    send("BatchDeleteScalingConfigs", scaling_configuration_id=more)
    send("DeleteScalingConfig")

    # Only activities that change balancers have these (L3124); here the newest is another.
    bound = [f"lb_{way}_{what}_list" for way in ("bind", "unbind") for what in ("success", "failed")]
    wrong = [one for one in send.wrong if not any(f".{name} is missing" in one for name in bound)]
    assert not wrong, "\n".join(wrong)
    assert send.seen == {op for op, one in ENDPOINTS.items() if "examples" in one}
