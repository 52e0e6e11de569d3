"""Huawei Cloud's door with its own SDK: warm pools, and groups that are being deleted."""

import base64

import pytest
from conftest import eventually
from huawei import config, group, huawei, instances, refused, shown
from test_huawei_rest import URN, answer, hook, waits

KINDS = ("", "_new")


def pool(call, made, kind=""):
    got = call(f"show_warm_pool{kind}", scaling_group_id=made)["warm_pool"]
    return got["status"], got["min_capacity"], got["max_capacity"], got["instance_init_wait_time"]


def put(call, made, kind="", **body):
    return call(f"put_warm_pool{kind}", scaling_group_id=made, body=body)


def pooled(call, made, kind="", **page):
    return call(f"list_warm_pool_instances{kind}", scaling_group_id=made, **page)


def statuses(call, made):
    return sorted(row["status"] for row in pooled(call, made)["warm_pool_instances"])


def states(server):
    return {machine["uuid"]: machine["state"] for machine in server.native("GET", "machines")["machines"]}


def slow_terminations(server):
    rule = {"op": "terminate", "effect": "slow", "latency_secs": 20}
    server.native("PUT", "faults", {"rules": [rule]})


@pytest.mark.parametrize("kind", KINDS)
def test_a_pool_is_filled_taken_from_and_closed(emulated, kind):
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    assert pool(call, made, kind) == ("CLOSED", None, None, None)
    put(call, made, kind, min_capacity=2, max_capacity=2, instance_init_wait_time=30)
    assert pool(call, made, kind) == ("ACTIVE", 2, 2, 30)
    emulated.settle()
    assert statuses(call, made) == ["INITIALIZING"] * 2
    emulated.advance(31)
    assert statuses(call, made) == ["STOPPED"] * 2
    held = {row["instance_id"] for row in pooled(call, made, kind)["warm_pool_instances"]}
    assert all(states(emulated)[machine] == "stopped" for machine in held)
    # They are no instances of the group.
    assert shown(call, made)["current_instance_number"] == 1
    assert held.isdisjoint(row["instance_id"] for row in instances(call, made))
    assert refused(call, "batch_remove_scaling_instances", scaling_group_id=made,
                   body={"action": "REMOVE", "instances_id": [held.copy().pop()]}) == (400, "AS.4030")

    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 2})
    emulated.settle()
    members = {row["instance_id"] for row in instances(call, made)}
    assert len(members) == 2 and len(members & held) == 1, "it was started, not made"
    emulated.advance(31)
    assert statuses(call, made) == ["STOPPED"] * 2, "and made up for"
    assert len(states(emulated)) == 4

    slow_terminations(emulated)
    call(f"close_warm_pool{kind}", scaling_group_id=made)
    assert pool(call, made, kind)[0] == "CLOSING"
    assert statuses(call, made) == ["REMOVING"] * 2
    emulated.advance(30)
    assert pool(call, made, kind) == ("CLOSED", None, None, None)
    assert set(states(emulated)) == members
    call(f"close_warm_pool{kind}", scaling_group_id=made)


def test_a_pool_is_listed_page_by_page(emulated):
    call = huawei(emulated)
    made = group(call, 0)
    put(call, made, min_capacity=5, max_capacity=5)
    emulated.settle()
    seen, marker = [], None
    for size in (2, 2, 1):
        page = pooled(call, made, limit=2, **({"marker": marker} if marker else {}))
        assert len(page["warm_pool_instances"]) == size
        seen += [row["id"] for row in page["warm_pool_instances"]]
        marker = page["page_info"].get("next_marker")
    assert len(set(seen)) == 5 and not marker
    assert pooled(call, made, limit=0)["warm_pool_instances"] == []
    assert refused(call, "list_warm_pool_instances", scaling_group_id=made, limit=101) == (400, "AS.1002")
    assert refused(call, "list_warm_pool_instances", scaling_group_id=made, marker="x") == (400, "AS.1074")


def test_numbers_of_a_pool_are_checked(emulated):
    call = huawei(emulated)
    made = group(call, 3)
    for body in (
        {"min_capacity": 1},
        {"max_capacity": 1},
        {"min_capacity": 1, "max_capacity": 2},
        {"min_capacity": -1, "max_capacity": -1},
        {"min_capacity": 301, "max_capacity": 301},
    ):
        assert refused(call, "put_warm_pool", scaling_group_id=made, body=body) == (400, "AS.2004"), body
    assert refused(call, "put_warm_pool", scaling_group_id=made,
                   body={"instance_init_wait_time": -1}) == (400, "AS.0022")
    assert pool(call, made)[0] == "CLOSED"
    # Neither number: what separates the desired number (3) from the maximum (10).
    put(call, made)
    assert pool(call, made) == ("ACTIVE", 7, 7, 0)
    put(call, made, instance_init_wait_time=60)
    assert pool(call, made) == ("ACTIVE", 7, 7, 60)
    put(call, made, min_capacity=1, max_capacity=1)
    assert pool(call, made) == ("ACTIVE", 1, 1, 60)
    nobody = "5bc3aa02-b83e-454c-aba1-4d2095c68f8b"
    for method, more in (("show_warm_pool", {}), ("close_warm_pool_new", {}), ("list_warm_pool_instances_new", {}),
                         ("put_warm_pool_new", {"body": {}})):
        assert refused(call, method, scaling_group_id=nobody, **more) == (400, "AS.2007")


def test_a_forced_deletion_waits_for_what_runs_and_is_seen(emulated):
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    own = instances(call, made)[0]["instance_id"]
    foreign = emulated.native("POST", "machines", {"vpc": "a8327883-6b07-4497-9c61-68d03ee193a"})["machine"]["uuid"]
    call("batch_add_scaling_instances", scaling_group_id=made,
         body={"action": "ADD", "instances_id": [foreign]})
    emulated.settle()
    hook(call, made, default_timeout=600, default_result="CONTINUE")
    put(call, made, min_capacity=1, max_capacity=1)
    emulated.settle()
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 3})
    emulated.settle()
    assert shown(call, made)["is_scaling"]

    call("delete_scaling_group", scaling_group_id=made, force_delete="yes")
    got = shown(call, made)
    assert (got["scaling_group_status"], got["is_scaling"], got["current_instance_number"]) == ("DELETING", True, 3)
    listed = call("list_scaling_groups", scaling_group_status="DELETING")["scaling_groups"]
    assert [one["scaling_group_id"] for one in listed] == [made]
    assert len(instances(call, made)) == 3, "what runs is waited for"
    assert call("list_scaling_activity_logs", scaling_group_id=made)["total_number"] >= 3
    # It takes nothing on any more.
    for method, body in (
        ("update_scaling_group", {"desire_instance_number": 0}),
        ("resume_scaling_group", {"action": "resume"}),
        ("batch_remove_scaling_instances", {"action": "REMOVE", "instances_id": [own]}),
        ("put_warm_pool", {"min_capacity": 2, "max_capacity": 2}),
        ("create_scaling_notification", {"topic_urn": URN, "topic_scene": ["SCALING_UP"]}),
    ):
        assert refused(call, method, scaling_group_id=made, body=body) == (400, "AS.2033"), method
    assert refused(call, "create_scaling_policy", body={
        "scaling_group_id": made, "scaling_policy_name": "p", "scaling_policy_type": "ALARM", "alarm_id": "al1",
    })[0] == 400
    assert refused(call, "delete_scaling_instance", instance_id=own) == (400, "AS.2033")
    call("delete_scaling_group", scaling_group_id=made, force_delete="yes")

    # The hook lets go: what runs ends, and everything goes.
    for wait in waits(call, made):
        answer(call, made, "CONTINUE", lifecycle_action_key=wait["lifecycle_action_key"])
    emulated.settle()
    assert refused(call, "show_scaling_group", scaling_group_id=made) == (400, "AS.2007")
    assert refused(call, "delete_scaling_group", scaling_group_id=made) == (400, "AS.2007")
    left = states(emulated)
    assert left == {foreign: "running"}, "what was added by hand is removed only"


def test_a_deletion_without_force_needs_an_empty_and_idle_group(emulated):
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    assert refused(call, "delete_scaling_group", scaling_group_id=made, force_delete="no") == (400, "AS.2021")
    assert refused(call, "delete_scaling_group", scaling_group_id=made, force_delete="maybe") == (400, "AS.2019")
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 0})
    emulated.settle()
    put(call, made, min_capacity=1, max_capacity=1)
    emulated.settle()
    # The pool is none of its instances: it goes along.
    slow_terminations(emulated)
    call("delete_scaling_group", scaling_group_id=made)
    assert shown(call, made)["scaling_group_status"] == "DELETING"
    assert pool(call, made)[0] == "CLOSING"
    emulated.advance(30)
    assert refused(call, "show_warm_pool", scaling_group_id=made) == (400, "AS.2007")
    assert states(emulated) == {}


def test_what_comes_from_a_pool_passes_hooks_and_balancers(emulated):
    call = huawei(emulated)
    made = group(call, 0, lbaas_listeners=[{"pool_id": "p", "protocol_port": 80, "weight": 1}])
    hook(call, made, default_timeout=600, default_result="CONTINUE")
    put(call, made, min_capacity=1, max_capacity=1)
    emulated.settle()
    assert statuses(call, made) == ["STOPPED"] and waits(call, made) == []
    assert all(not listener["members"] for one in emulated.native("GET", "balancers")["balancers"]
               for listener in one["listeners"])
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 1})
    emulated.settle()
    (one,) = instances(call, made)
    assert one["life_cycle_state"] == "PENDING_WAIT"
    (wait,) = waits(call, made)
    answer(call, made, "CONTINUE", lifecycle_action_key=wait["lifecycle_action_key"])
    emulated.settle()
    (one,) = instances(call, made, life_cycle_state="INSERVICE")
    (pool_,) = emulated.native("GET", "balancers")["balancers"]
    assert [member["uuid"] for member in pool_["listeners"][0]["members"]] == [one["instance_id"]]


def test_a_pool_of_processes_outlives_a_kill(server):
    muster = server()
    call = huawei(muster)
    script = base64.b64encode(b"#!/bin/sh\nexec sleep 1000\n").decode()
    conf = config(call, "sleeps", user_data=script)
    made = group(call, 0, scaling_configuration_id=conf)
    put(call, made, min_capacity=1, max_capacity=1, instance_init_wait_time=1)
    eventually(lambda: statuses(call, made) == ["STOPPED"])
    held = pooled(call, made)["warm_pool_instances"][0]["instance_id"]
    assert states(muster)[held] == "stopped"
    muster.kill9()
    muster.start()
    assert statuses(call, made) == ["STOPPED"] and pool(call, made) == ("ACTIVE", 1, 1, 1)
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 1})
    eventually(lambda: [one["life_cycle_state"] for one in instances(call, made)] == ["INSERVICE"])
    assert instances(call, made)[0]["instance_id"] == held and states(muster)[held] == "running"
    call("delete_scaling_group", scaling_group_id=made, force_delete="yes")
    eventually(lambda: states(muster) == {})
    assert refused(call, "show_scaling_group", scaling_group_id=made) == (400, "AS.2007")
