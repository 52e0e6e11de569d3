"""Every method of Huawei Cloud's own SDK, each answered with the types that the SDK documents. A method that a later SDK adds,
or that nobody calls here, fails the test."""

import inspect

import pytest
from huawei import check_types, config, group, huawei, instances
from huaweicloudsdkas import v1

# What the SDK has besides the operations of the API.
NO_OPERATIONS = {"call_api", "new_builder"}


def methods():
    own = inspect.getmembers(v1.AsClient, inspect.isroutine)
    names = {name for name, _ in own if not name.startswith("_") and name in v1.AsClient.__dict__}
    return {name for name in names if not name.endswith("_invoker")} - NO_OPERATIONS


class Tour:
    """Calls methods, holds each answer to its documented type, and remembers which were called."""

    def __init__(self, call):
        self.inner = call
        self.called = set()

    def __call__(self, method, **parameters):
        answer = self.inner(method, **parameters)
        responses = {name.lower(): name for name in dir(v1) if name.endswith("Response")}
        check_types(v1, responses[method.replace("_", "") + "response"], answer)
        self.called.add(method)
        return answer




def configurations(call):
    first, second, third = config(call, "one"), config(call, "two"), config(call, "three")
    call("update_scaling_config", scaling_configuration_id=first, body={"instance_config": {"imageRef": "other"}})
    assert call("show_scaling_config", scaling_configuration_id=first)["scaling_configuration"]
    assert call("list_scaling_configs")["total_number"] == 3
    call("delete_scaling_config", scaling_configuration_id=second)
    call("batch_delete_scaling_configs", body={"scaling_configuration_id": [third]})
    return first


def groups(call, made):
    assert call("show_scaling_group", scaling_group_id=made)["scaling_group"]["scaling_group_id"] == made
    assert call("list_scaling_groups")["total_number"] == 1
    call("pause_scaling_group", scaling_group_id=made, body={"action": "pause"})
    call("resume_scaling_group", scaling_group_id=made, body={"action": "resume"})
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 3})


def members(call, made, server):
    ids = [one["instance_id"] for one in instances(call, made)]
    assert len(ids) == 3
    one = {"instances_id": ids[:1]}
    for method, action in [
        ("batch_protect_scaling_instances", "PROTECT"),
        ("batch_unprotect_scaling_instances", "UNPROTECT"),
        ("batch_set_scaling_instances_standby", "ENTER_STANDBY"),
        ("batch_unset_scaling_instances_stantby", "EXIT_STANDBY"),
    ]:
        call(method, scaling_group_id=made, body=one | {"action": action})
        server.settle()
    call("batch_remove_scaling_instances", scaling_group_id=made, body=one | {"action": "REMOVE", "instance_delete": "no"})
    server.settle()
    call("batch_add_scaling_instances", scaling_group_id=made, body=one | {"action": "ADD"})
    server.settle()
    call("delete_scaling_instance", instance_id=ids[1], instance_delete="yes")
    server.settle()
    assert len(instances(call, made)) == 2
    assert call("list_scaling_activity_logs", scaling_group_id=made)["total_number"] >= 4
    assert call("list_scaling_activity_v2_logs", scaling_group_id=made)["total_number"] >= 4


def policy(call, made, name):
    body = {
        "scaling_policy_name": name,
        "scaling_group_id": made,
        "scaling_policy_type": "RECURRENCE",
        "scheduled_policy": {
            "launch_time": "16:00",
            "recurrence_type": "Daily",
            "start_time": "2017-01-14T03:34Z",
            "end_time": "2037-02-14T03:34Z",
        },
        "scaling_policy_action": {"operation": "ADD", "instance_number": 1},
        "cool_down_time": 0,
    }
    return call("create_scaling_policy", body=body)["scaling_policy_id"]


def policies(call, made, server):
    first, second, third = (policy(call, made, name) for name in ("p1", "p2", "p3"))
    call("update_scaling_policy", scaling_policy_id=first, body={"scaling_policy_name": "p0"})
    assert call("show_scaling_policy", scaling_policy_id=first)["scaling_policy"]["scaling_policy_name"] == "p0"
    assert call("list_scaling_policies", scaling_group_id=made)["total_number"] == 3
    call("pause_scaling_policy", scaling_policy_id=first, body={"action": "pause"})
    call("resume_scaling_policy", scaling_policy_id=first, body={"action": "resume"})
    call("execute_scaling_policy", scaling_policy_id=first, body={"action": "execute"})
    server.settle()
    assert len(instances(call, made)) == 3
    both = {"scaling_policy_id": [second, third]}
    call("batch_pause_scaling_policies", body=both | {"action": "pause"})
    call("batch_resume_scaling_policies", body=both | {"action": "resume"})
    call("batch_delete_scaling_policies", body=both | {"action": "delete", "force_delete": "no"})
    return first


def hooks(call, made, server):
    body = {
        "lifecycle_hook_name": "hook",
        "lifecycle_hook_type": "INSTANCE_LAUNCHING",
        "default_result": "CONTINUE",
        "default_timeout": 3600,
        "notification_topic_urn": TOPIC,
    }
    call("create_lify_cycle_hook", scaling_group_id=made, body=body)
    named = {"scaling_group_id": made, "lifecycle_hook_name": "hook"}
    call("update_life_cycle_hook", **named, body={"default_timeout": 600})
    assert call("show_life_cycle_hook", **named)["default_timeout"] == 600
    assert len(call("list_life_cycle_hooks", scaling_group_id=made)["lifecycle_hooks"]) == 1
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 4})
    server.settle()
    (hanging,) = call("list_hook_instances", scaling_group_id=made)["instance_hanging_info"]
    verdict = {"lifecycle_action_key": hanging["lifecycle_action_key"], "lifecycle_action_result": "CONTINUE"}
    call("attach_callback_instance_life_cycle_hook", scaling_group_id=made, body=verdict)
    server.settle()
    assert len(instances(call, made)) == 4
    call("delete_lifecycle_hook", **named)


TOPIC = "urn:smn:cn-north-4:0dd8cb413000906a2fcdc019b5a84546:tour"


def notifications(call, made):
    call("create_scaling_notification", scaling_group_id=made, body={"topic_urn": TOPIC, "topic_scene": ["SCALING_UP"]})
    assert len(call("list_scaling_notifications", scaling_group_id=made)["topics"]) == 1
    call("delete_scaling_notification", scaling_group_id=made, topic_urn=TOPIC)


def tags(call, made):
    where = {"resource_type": "scaling_group_tag", "resource_id": made}
    tag = {"key": "key1", "value": "value1"}
    call("create_scaling_tag_info", **where, body={"action": "create", "tags": [tag]})
    assert call("list_scaling_tag_infos_by_resource_id", **where)["tags"] == [tag]
    kind = {"resource_type": "scaling_group_tag"}
    assert call("list_scaling_tag_infos_by_tenant_id", **kind)["tags"]
    assert call("list_resource_instances", **kind, body={"action": "filter"})["total_count"] == 1
    call("delete_scaling_tag_info", **where, body={"action": "delete", "tags": [{"key": "key1"}]})


def pools(call, made):
    for kind in ("", "_new"):
        call(f"put_warm_pool{kind}", scaling_group_id=made, body={"min_capacity": 1, "max_capacity": 1})
        call(f"show_warm_pool{kind}", scaling_group_id=made)
        call(f"list_warm_pool_instances{kind}", scaling_group_id=made)
        call(f"close_warm_pool{kind}", scaling_group_id=made)


def scheduled_tasks(call, made):
    body = {
        "name": "task",
        "scheduled_policy": {
            "launch_time": "02:10",
            "recurrence_type": "DAILY",
            "start_time": "2037-07-24T02:10Z",
            "end_time": "2037-08-24T02:10Z",
        },
        "instance_number": {"max": 5, "min": 1, "desire": 2},
    }
    task = call("create_group_scheduled_task", scaling_group_id=made, body=body)["task_id"]
    assert len(call("list_group_scheduled_tasks", scaling_group_id=made)["scheduled_tasks"]) == 1
    named = {"scaling_group_id": made, "scheduled_task_id": task}
    call("update_group_scheduled_task", **named, body={"name": "other"})
    call("delete_group_scheduled_task", **named)


def second_version(call, made, first):
    body = {
        "scaling_policy_name": "wide",
        "scaling_resource_id": "bandwidth-1",
        "scaling_resource_type": "BANDWIDTH",
        "scaling_policy_type": "SCHEDULED",
        "scheduled_policy": {"launch_time": "2037-07-24T02:10Z"},
        "scaling_policy_action": {"operation": "ADD", "size": 5, "limits": 300},
        "cool_down_time": 300,
    }
    wide = call("create_scaling_v2_policy", body=body)["scaling_policy_id"]
    assert call("show_scaling_v2_policy", scaling_policy_id=wide)["scaling_policy"]["scaling_policy_id"] == wide
    call("update_scaling_v2_policy", scaling_policy_id=wide, body={"scaling_policy_name": "wider"})
    assert call("list_scaling_v2_policies", scaling_resource_id="bandwidth-1")["total_number"] == 1
    assert call("list_all_scaling_v2_policies")["total_number"] == 2
    logs = call("list_scaling_policy_execute_logs", scaling_policy_id=first)
    assert [log["execute_type"] for log in logs["scaling_policy_execute_log"]] == ["MANUAL"]
    call("delete_scaling_policy", scaling_policy_id=wide)


def test_every_method_of_the_sdk_is_answered_with_its_documented_types(emulated):
    call = Tour(huawei(emulated))
    call("list_api_versions")
    call("show_api_version", api_version="v1")
    made = group(call, 1, scaling_configuration_id=configurations(call))
    emulated.settle()
    groups(call, made)
    emulated.settle()
    members(call, made, emulated)
    first = policies(call, made, emulated)
    hooks(call, made, emulated)
    notifications(call, made)
    tags(call, made)
    assert call("show_resource_quota")["quotas"]
    assert call("show_policy_and_instance_quota", scaling_group_id=made)["quotas"]
    pools(call, made)
    scheduled_tasks(call, made)
    second_version(call, made, first)
    call("delete_scaling_policy", scaling_policy_id=first)
    call("delete_scaling_group", scaling_group_id=made, force_delete="yes")
    emulated.settle()
    assert call("list_scaling_groups")["total_number"] == 0
    assert call.called == methods(), call.called ^ methods()
