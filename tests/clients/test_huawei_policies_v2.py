"""Huawei Cloud's door with its own SDK: the second version of policies, of groups and of bandwidths."""

import datetime

import pytest
from huawei import alarm_rule, group, huawei, refused
from test_huawei_executions import logs
from test_huawei_rest import act, clock, minute, size

BANDWIDTH = "b1c2d3e4-0000-4111-8222-333344445555"
ABSENT = "00000000-0000-4000-8000-000000000000"


def wide(call, kind="ALARM", resource=BANDWIDTH, **more):
    body = {
        "scaling_policy_name": "wide",
        "scaling_resource_id": resource,
        "scaling_resource_type": "BANDWIDTH",
        "scaling_policy_type": kind,
        "scaling_policy_action": {"operation": "ADD", "size": 5, "limits": 8},
    } | more
    if kind.endswith("ALARM") and "alarm_id" not in body:
        body["alarm_id"] = alarm_rule(call.server, ABSENT, call.key)
    return call("create_scaling_v2_policy", body=body)["scaling_policy_id"]


def shown(call, made):
    return call("show_scaling_v2_policy", scaling_policy_id=made)["scaling_policy"]


def outcome(log):
    return log["status"], log["execute_type"], log["old_value"], log["desire_value"], log["limit_value"]


def test_a_policy_of_a_group_is_seen_through_both_versions(emulated):
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    body = {
        "scaling_policy_name": "p2",
        "scaling_resource_id": made,
        "scaling_resource_type": "SCALING_GROUP",
        "scaling_policy_type": "ALARM",
        "alarm_id": alarm_rule(emulated, made, call.key),
        "scaling_policy_action": {"operation": "ADD", "percentage": 200},
        "cool_down_time": 60,
        "description": "words",
    }
    policy = call("create_scaling_v2_policy", body=body)["scaling_policy_id"]
    second = shown(call, policy)
    assert second.pop("create_time")
    assert second == body | {"scaling_policy_id": policy, "policy_status": "INSERVICE"}
    first = call("show_scaling_policy", scaling_policy_id=policy)["scaling_policy"]
    assert first["scaling_policy_action"] == {"operation": "ADD", "instance_percentage": 200}
    assert (first["scaling_group_id"], first["alarm_id"]) == (made, body["alarm_id"])
    # A write through the first version keeps what only the second can say.
    call("update_scaling_policy", scaling_policy_id=policy, body={"scaling_policy_name": "p1"})
    call("update_scaling_v2_policy", scaling_policy_id=policy, body={"scaling_policy_action": {"size": 2}})
    second = shown(call, policy)
    assert (second["scaling_policy_name"], second["description"]) == ("p1", "words")
    assert second["scaling_policy_action"] == {"operation": "ADD", "size": 2}
    act(call, policy, "execute")
    emulated.settle()
    assert size(call, made) == (3, 3)


def test_a_policy_of_a_bandwidth_changes_its_size_within_limits(emulated):
    call = huawei(emulated)
    up = wide(call, description="words")
    assert shown(call, up).pop("create_time")
    assert {name: value for name, value in shown(call, up).items() if name != "create_time"} == {
        "scaling_policy_id": up,
        "scaling_policy_name": "wide",
        "scaling_resource_id": BANDWIDTH,
        "scaling_resource_type": "BANDWIDTH",
        "policy_status": "INSERVICE",
        "scaling_policy_type": "ALARM",
        "alarm_id": shown(call, up)["alarm_id"],
        "scaling_policy_action": {"operation": "ADD", "size": 5, "limits": 8},
        "cool_down_time": 300,
        "description": "words",
    }
    for _ in range(3):
        act(call, up, "execute")
    down = wide(call, scaling_policy_action={"operation": "REDUCE", "size": 3})
    act(call, down, "execute")
    wanted = [("FAIL", "MANUAL", "8", "8", "8"), ("SUCCESS", "MANUAL", "6", "8", "8"), ("SUCCESS", "MANUAL", "1", "6", "8")]
    assert [outcome(log) for log in logs(call, up)] == wanted
    (log,) = logs(call, down)
    assert (outcome(log), log["type"], log["scaling_resource_type"], log["scaling_resource_id"]) == (
        ("SUCCESS", "MANUAL", "8", "5", "1"), "REMOVE", "BANDWIDTH", BANDWIDTH,
    )
    newest = logs(call, up)[0]
    assert newest["failed_reason"] and logs(call, up, log_id=newest["id"]) == [newest]
    assert logs(call, up, scaling_resource_type="SCALING_GROUP") == []
    # Another bandwidth has a size of its own.
    other = wide(call, resource="other")
    act(call, other, "execute")
    assert outcome(logs(call, other)[0])[2:4] == ("1", "6")


def test_a_policy_of_a_bandwidth_is_switched_changed_and_deleted(emulated):
    call = huawei(emulated)
    one = wide(call)
    act(call, one, "pause")
    assert shown(call, one)["policy_status"] == "PAUSED"
    assert refused(call, "execute_scaling_policy", scaling_policy_id=one, body={"action": "execute"}) == (400, "AS.3027")
    act(call, one, "resume")
    times = {"launch_time": minute(clock(emulated) + datetime.timedelta(days=1))}
    body = {"scaling_policy_type": "SCHEDULED", "scheduled_policy": times, "scaling_resource_id": "other"}
    assert call("update_scaling_v2_policy", scaling_policy_id=one, body=body)["scaling_policy_id"] == one
    got = shown(call, one)
    assert (got["scaling_policy_type"], got["scheduled_policy"], got["scaling_resource_id"]) == ("SCHEDULED", times, "other")
    assert "alarm_id" not in got and got["scaling_policy_action"]["limits"] == 8
    both = {"scaling_policy_id": [one]}
    call("batch_pause_scaling_policies", body=both | {"action": "pause"})
    assert shown(call, one)["policy_status"] == "PAUSED"
    call("delete_scaling_policy", scaling_policy_id=one)
    for method in ("show_scaling_v2_policy", "delete_scaling_policy", "list_scaling_policy_execute_logs"):
        assert refused(call, method, scaling_policy_id=one) == (404, "AS.0007")


def test_words_about_a_policy_stay_until_they_are_cleared(emulated):
    call = huawei(emulated)
    made = group(call)
    rule = alarm_rule(emulated, made)
    for resource in ({"scaling_resource_id": made, "scaling_resource_type": "SCALING_GROUP"},
                     {"scaling_resource_id": BANDWIDTH, "scaling_resource_type": "BANDWIDTH"}):
        body = {"scaling_policy_name": "p", "scaling_policy_type": "ALARM", "alarm_id": rule, "description": "words"} | resource
        one = call("create_scaling_v2_policy", body=body)["scaling_policy_id"]
        call("update_scaling_v2_policy", scaling_policy_id=one, body={"cool_down_time": 5})
        assert shown(call, one)["description"] == "words"
        call("update_scaling_v2_policy", scaling_policy_id=one, body={"description": ""})
        assert "description" not in shown(call, one)


def test_times_size_a_bandwidth(emulated):
    call = huawei(emulated)
    now = clock(emulated)
    once = wide(call, "SCHEDULED", scheduled_policy={"launch_time": minute(now + datetime.timedelta(minutes=10))})
    daily = wide(call, "RECURRENCE", resource="other", scheduled_policy={
        "launch_time": (now + datetime.timedelta(minutes=30)).strftime("%H:%M"),
        "recurrence_type": "Daily",
        "end_time": minute(now + datetime.timedelta(days=30)),
    })
    emulated.advance(300)
    assert logs(call, once) == []
    emulated.advance(600)
    assert [outcome(log) for log in logs(call, once)] == [("SUCCESS", "SCHEDULED", "1", "6", "8")]
    emulated.advance(2 * 86400 + 3600)
    assert [outcome(log)[:4] for log in logs(call, daily)] == [
        ("FAIL", "RECURRENCE", "8", "8"), ("SUCCESS", "RECURRENCE", "6", "8"), ("SUCCESS", "RECURRENCE", "1", "6"),
    ]
    assert len(logs(call, once)) == 1
    # What comes while the policy is off passes.
    act(call, daily, "pause")
    emulated.advance(86400)
    act(call, daily, "resume")
    assert len(logs(call, daily)) == 3


def test_steps_are_kept(emulated):
    call = huawei(emulated)
    steps = [
        {"lower_bound": 0.0, "upper_bound": 5.5, "operation": "ADD", "size": 1, "limits": 300},
        {"lower_bound": 5.5, "operation": "SET", "size": 100},
    ]
    one = wide(call, "INTERVAL_ALARM", interval_alarm_actions=steps)
    got = shown(call, one)
    assert (got["scaling_policy_type"], got["interval_alarm_actions"]) == ("INTERVAL_ALARM", steps)


def test_policies_are_listed(emulated):
    call = huawei(emulated)
    made = group(call)
    a = wide(call, scaling_policy_name="a")
    b = wide(call, "SCHEDULED", scaling_policy_name="b", scheduled_policy={"launch_time": "2037-01-01T00:00Z"})
    rule = alarm_rule(emulated, made, call.key)
    c = wide(call, resource=made, scaling_resource_type="SCALING_GROUP", scaling_policy_name="c", alarm_id=rule,
             scaling_policy_action=None)

    def listed(**filters):
        got = call("list_all_scaling_v2_policies", **filters)
        return [one["scaling_policy_id"] for one in got["scaling_policies"]]

    assert listed() == [a, b, c]
    assert listed(sort_by="POLICY_NAME", order="DESC") == [c, b, a]
    assert listed(sort_by="TRIGGER_CONDITION", order="DESC") == [b, a, c]
    assert listed(scaling_resource_type="BANDWIDTH") == listed(scaling_resource_id=BANDWIDTH) == [a, b]
    assert listed(scaling_policy_type="SCHEDULED") == listed(scaling_policy_name="b") == listed(scaling_policy_id=b) == [b]
    assert (listed(alarm_id=shown(call, a)["alarm_id"]), listed(alarm_id=rule)) == ([a], [c])
    assert listed(enterprise_project_id="all_granted_eps") == [a, b, c]
    assert listed(enterprise_project_id="x") == []
    assert listed(start_number=1, limit=1) == [b]
    of_group = call("list_scaling_v2_policies", scaling_resource_id=made)
    assert (of_group["total_number"], of_group["scaling_policies"][0]["scaling_policy_id"]) == (1, c)
    for filters, code in [({"sort_by": "x"}, "AS.3057"), ({"order": "x"}, "AS.3058"), ({"limit": 101}, "AS.1002")]:
        assert refused(call, "list_all_scaling_v2_policies", **filters) == (400, code)


@pytest.mark.parametrize("change, code", [
    ({"scaling_policy_name": None}, "AS.3013"),
    ({"scaling_resource_type": None}, "AS.3054"),
    ({"scaling_resource_type": "x"}, "AS.3037"),
    ({"scaling_resource_id": None}, "AS.3041"),
    ({"scaling_resource_id": "a b"}, "AS.3055"),
    ({"scaling_resource_type": "SCALING_GROUP", "scaling_resource_id": ABSENT, "scaling_policy_action": None}, "AS.3042"),
    ({"scaling_policy_type": None}, "AS.3011"),
    ({"scaling_policy_type": "x"}, "AS.3002"),
    ({"scaling_policy_type": "INTERVAL_ALARM"}, "AS.3015"),
    ({"scaling_policy_type": "SCHEDULED"}, "AS.3003"),
    ({"alarm_id": None}, "AS.3026"),
    ({"alarm_id": "x"}, "AS.3050"),
    ({"alarm_id": "al1505123456789abcdefghi"}, "AS.3030"),
    ({"scaling_policy_type": "INTERVAL_ALARM", "interval_alarm_actions": [{"lower_bound": 0, "size": 1}],
      "alarm_id": "al1505123456789abcdefghi"}, "AS.3030"),
    ({"cool_down_time": 86401}, "AS.3012"),
    ({"scaling_policy_action": {"operation": "x"}}, "AS.3017"),
    ({"scaling_policy_action": {"size": 0}}, "AS.3018"),
    ({"scaling_policy_action": {"percentage": 5}}, "AS.3035"),
    ({"scaling_policy_action": {"limits": 0}}, "AS.3043"),
    ({"description": "x" * 257}, "AS.0022"),
])
def test_a_policy_is_refused(emulated, change, code):
    call = huawei(emulated)
    body = {
        "scaling_policy_name": "wide",
        "scaling_resource_id": BANDWIDTH,
        "scaling_resource_type": "BANDWIDTH",
        "scaling_policy_type": "ALARM",
        "alarm_id": alarm_rule(emulated, ABSENT),
        "scaling_policy_action": {"operation": "ADD", "size": 5},
    } | change
    assert refused(call, "create_scaling_v2_policy", body=body) == (400, code)
    assert call("list_all_scaling_v2_policies")["total_number"] == 0
