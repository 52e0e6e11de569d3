"""Huawei Cloud's door with its own SDK: rules of balancers, health, errors of a group, and machines that are added."""

import json

import pytest
from huawei import alarm_rule, config, group, huawei, instances, refused, shown
from test_huawei_rest import act, answer, hook, policy, waits

VPC = "a8327883-6b07-4497-9c61-68d03ee193a"


def log(call, made, **filters):
    return call("list_scaling_activity_v2_logs", scaling_group_id=made, **filters)["scaling_activity_log"]


def bound(server):
    balancers = server.native("GET", "balancers")["balancers"]
    return {
        one["lb"]: len(listener["members"])
        for one in balancers
        for listener in one["listeners"]
        if listener["members"]
    }


def pools(*ids):
    return {"lbaas_listeners": [{"pool_id": id, "protocol_port": 80, "weight": 1} for id in ids]}


def moved(entry):
    def ids(name):
        return sorted(one["lbaas_listener"]["pool_id"] for one in entry[name])

    return {name: ids(f"lb_{name}_list") for name in ("bind_success", "bind_failed", "unbind_success", "unbind_failed")}


def test_each_change_of_pools_tells_what_it_bound_and_unbound(emulated):
    call = huawei(emulated)
    made = group(call, 2, **pools("a"))
    emulated.settle()
    assert bound(emulated) == {"a": 2}
    call("update_scaling_group", scaling_group_id=made, body=pools("b", "c"))
    emulated.advance(60)
    assert bound(emulated) == {"b": 2, "c": 2}
    call("update_scaling_group", scaling_group_id=made, body=pools("c"))
    emulated.advance(60)
    weight = {"lbaas_listeners": [{"pool_id": "c", "protocol_port": 80, "weight": 9}]}
    call("update_scaling_group", scaling_group_id=made, body=weight)
    emulated.advance(60)
    changes = log(call, made, type="MODIFY_ELB")
    nothing = {"bind_success": [], "bind_failed": [], "unbind_success": [], "unbind_failed": []}
    # Newest first, each with its own.
    assert [moved(entry) for entry in changes] == [
        nothing | {"bind_success": ["c"]},
        nothing | {"unbind_success": ["b"]},
        nothing | {"bind_success": ["b", "c"], "unbind_success": ["a"]},
    ]
    assert all("instance_added_list" not in entry and entry["status"] == "SUCCESS" for entry in changes)
    assert all((entry["instance_value"], entry["desire_value"], entry["scaling_value"]) == (2, 2, 0) for entry in changes)
    # The same once more is no change.
    call("update_scaling_group", scaling_group_id=made, body=weight)
    emulated.settle()
    assert len(log(call, made, type="MODIFY_ELB")) == 3


def test_a_binding_that_fails_is_told_with_why(emulated):
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    emulated.faults({"op": "lb_attach", "effect": "error"})
    call("update_scaling_group", scaling_group_id=made, body=pools("a"))
    emulated.advance(600)
    entry = log(call, made, type="MODIFY_ELB")[0]
    assert (entry["status"], moved(entry)["bind_failed"], moved(entry)["bind_success"]) == ("FAIL", ["a"], [])
    assert entry["lb_bind_failed_list"][0]["failed_reason"]


def test_a_change_of_a_group_is_made_as_a_whole_or_not_at_all(emulated):
    call = huawei(emulated)
    made = group(call, 1, **pools("a"))
    emulated.settle()
    before = shown(call, made)
    body = pools("b") | {"scaling_configuration_id": "00000000-0000-8000-8000-000000000000", "cool_down_time": 5}
    assert refused(call, "update_scaling_group", scaling_group_id=made, body=body) == (400, "AS.1004")
    body = pools("b") | {"scaling_group_name": "new", "cool_down_time": 86401}
    assert refused(call, "update_scaling_group", scaling_group_id=made, body=body) == (400, "AS.2006")
    emulated.settle()
    assert shown(call, made) == before and bound(emulated) == {"a": 1}
    call("update_scaling_group", scaling_group_id=made,
         body=pools("b") | {"scaling_group_name": "new", "desire_instance_number": 2, "cool_down_time": 5})
    emulated.advance(60)
    after = shown(call, made)
    assert (after["scaling_group_name"], after["cool_down_time"], after["current_instance_number"]) == ("new", 5, 2)
    assert bound(emulated) == {"b": 2}

    emulated.faults({"op": "launch", "effect": "slow", "latency_secs": 60})
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 3})
    assert refused(call, "update_scaling_group", scaling_group_id=made, body=pools("c")) == (400, "AS.2047")


def test_whose_verdict_replaced_an_instance_is_told_apart(emulated):
    call = huawei(emulated)
    made = group(call, 2, health_periodic_audit_method="ELB_AUDIT", health_periodic_audit_time=1,
                 health_periodic_audit_grace_period=0, **pools("a"))
    emulated.advance(10)
    first, second = sorted(one["instance_id"] for one in instances(call, made))
    emulated.native("POST", f"balancers/a/listeners/a/members/{first}/unhealthy")
    emulated.advance(200)
    (entry,) = log(call, made, type="ELB_CHECK_DELETE")
    assert [one["instance_id"] for one in entry["instance_deleted_list"]] == [first]
    assert len(entry["instance_added_list"]) == 1
    assert log(call, made, type="AUDIT_CHECK_DELETE") == []
    emulated.native("POST", f"machines/{second}/unhealthy")
    emulated.advance(200)
    (entry,) = log(call, made, type="AUDIT_CHECK_DELETE")
    assert [one["instance_id"] for one in entry["instance_deleted_list"]] == [second]
    assert len(log(call, made, type="ELB_CHECK_DELETE,AUDIT_CHECK_DELETE")) == 2
    assert shown(call, made)["current_instance_number"] == 2


@pytest.mark.parametrize("effect", ["error", "quota", "sold_out"])
def test_a_group_whose_launches_fail_is_in_error_until_it_is_resumed(emulated, effect):
    call = huawei(emulated)
    emulated.faults({"op": "launch", "effect": effect})
    made = group(call, 1)
    up = policy(call, made)
    emulated.settle()
    emulated.advance(3600)
    failed = shown(call, made)
    assert failed["scaling_group_status"] == "ERROR" and failed["detail"], failed
    assert [one["scaling_group_id"] for one in
            call("list_scaling_groups", scaling_group_status="ERROR")["scaling_groups"]] == [made]
    assert all(entry["status"] == "FAIL" and entry["instance_failed_list"] for entry in log(call, made))
    emulated.faults()
    emulated.advance(3600)
    assert shown(call, made)["scaling_group_status"] == "ERROR", "it does not mend itself"
    call("resume_scaling_group", scaling_group_id=made, body={"action": "resume"})
    emulated.settle()
    mended = shown(call, made)
    assert (mended["scaling_group_status"], mended["detail"], mended["current_instance_number"]) == ("INSERVICE", None, 1)
    act(call, up, "execute")
    emulated.settle()
    assert shown(call, made)["current_instance_number"] == 2


def foreign(server, **more):
    body = {"vpc": VPC, "zone": "cn-north-4a"} | more
    return server.native("POST", "machines", body)["machine"]["uuid"]


def add(call, made, *ids):
    return {"scaling_group_id": made, "body": {"action": "ADD", "instances_id": list(ids)}}


def refused_add(call, made, *ids):
    """The codes of single instances in the message of a refused batch."""
    from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

    with pytest.raises(ClientRequestException) as refused:
        call("batch_add_scaling_instances", **add(call, made, *ids))
    assert refused.value.error_code == "AS.4029"
    text = refused.value.error_msg
    return [one["errorCode"] for one in json.loads(text[text.index("["):])]


def test_what_cannot_be_added(emulated):
    call = huawei(emulated)
    made = group(call, 0, available_zones=["cn-north-4a"], max_instance_number=2)
    assert refused_add(call, made, foreign(emulated, zone="cn-north-4b")) == ["AS.4020"]
    assert refused_add(call, made, foreign(emulated, vpc="another")) == ["AS.4021"]
    stopped = foreign(emulated)
    emulated.native("POST", f"machines/{stopped}/stop")
    assert refused_add(call, made, stopped) == ["AS.4024"]
    assert refused_add(call, made, "no-uuid") == ["AS.4006"]
    mine = foreign(emulated)
    call("batch_add_scaling_instances", **add(call, made, mine))
    emulated.settle()
    assert refused_add(call, made, mine) == ["AS.4023"]
    other = group(call, 0, name="other")
    assert refused_add(call, other, mine) == ["AS.4027"]
    two = [foreign(emulated), foreign(emulated)]
    assert refused(call, "batch_add_scaling_instances", **add(call, made, *two)) == (400, "AS.2035")
    got = shown(call, made)
    assert (got["current_instance_number"], got["desire_instance_number"]) == (1, 1)


def test_an_opposite_call_waits_and_the_same_direction_is_refused(emulated):
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    up = policy(call, made, scaling_policy_action={"instance_number": 2})
    down = policy(call, made, scaling_policy_action={"operation": "REMOVE", "instance_number": 1})
    hook(call, made, default_timeout=600, default_result="CONTINUE")
    act(call, up, "execute")
    emulated.settle()
    assert refused(call, "execute_scaling_policy", scaling_policy_id=up, body={"action": "execute"}) == (400, "AS.0034")
    # Within the cooldown, too (rule G13): it runs when the scale-out is over.
    act(call, down, "execute")
    for wait in waits(call, made):
        answer(call, made, "CONTINUE", lifecycle_action_key=wait["lifecycle_action_key"])
    emulated.settle()
    got = shown(call, made)
    assert (got["current_instance_number"], got["desire_instance_number"]) == (2, 2)
    newest = json.loads(log(call, made)[0]["description"])["reason"][0]
    assert newest["scaling_policy_id"] == down and (newest["old_value"], newest["new_value"]) == (3, 2)
    # Policies that are called are by hand, whatever they wait for (L3165).
    reasons = [json.loads(entry["description"])["reason"][0]["change_reason"] for entry in log(call, made)]
    assert reasons == ["MANNUAL", "MANNUAL", "DIFF"]


def test_a_hook_of_which_nothing_changes_and_an_empty_operation(emulated):
    call = huawei(emulated)
    made = group(call, 0)
    hook(call, made)
    assert refused(call, "update_life_cycle_hook", scaling_group_id=made, lifecycle_hook_name="hook-1",
                   body={}) == (400, "AS.7036")
    body = {"scaling_policy_name": "p", "scaling_group_id": made, "scaling_policy_type": "ALARM",
            "alarm_id": alarm_rule(emulated, made), "scaling_policy_action": {"operation": ""}}
    assert refused(call, "create_scaling_policy", body=body) == (400, "AS.3016")
