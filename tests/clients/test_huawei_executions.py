"""Huawei Cloud's door with its own SDK: the log of what policies were executed for."""

import datetime

import pytest
from huawei import group, huawei, refused
from test_huawei_rest import act, clock, hook, minute, policy, size


def logs(call, made, **filters):
    got = call("list_scaling_policy_execute_logs", scaling_policy_id=made, **filters)
    assert got["total_number"] >= len(got["scaling_policy_execute_log"])
    return got["scaling_policy_execute_log"]


def test_a_call_is_logged(emulated):
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    up = policy(call, made, scaling_policy_action={"operation": "ADD", "instance_number": 2})
    assert logs(call, up) == []
    act(call, up, "execute")
    emulated.settle()
    at = clock(emulated)
    (log,) = logs(call, up)
    assert log.pop("id")
    assert datetime.datetime.fromisoformat(log.pop("execute_time").replace("Z", "+00:00")) <= at
    (job,) = log.pop("job_records")
    assert (job["job_name"], job["record_type"], job["job_status"]) == ("ADJUST_VM_NUMBERS", "MEG", "SUCCESS")
    assert log == {
        "status": "SUCCESS",
        "type": "ADD",
        "tenant_id": "0dd8cb413000906a2fcdc019b5a84546",
        "scaling_resource_type": "SCALING_GROUP",
        "scaling_resource_id": made,
        "scaling_policy_id": up,
        "old_value": "1",
        "desire_value": "3",
        "limit_value": "0",
        "execute_type": "MANUAL",
    }


def test_times_are_logged_also_when_nothing_comes_of_them(emulated):
    call = huawei(emulated)
    made = group(call, 1, max_instance_number=2)
    emulated.settle()
    now = clock(emulated)
    times = {
        "launch_time": (now + datetime.timedelta(minutes=30)).strftime("%H:%M"),
        "recurrence_type": "Daily",
        "end_time": minute(now + datetime.timedelta(days=30)),
    }
    daily = policy(call, made, "RECURRENCE", scheduled_policy=times)
    emulated.advance(2 * 86400 + 3600)
    assert size(call, made) == (2, 2)
    newest, middle, oldest = logs(call, daily)
    assert [one["status"] for one in (newest, middle, oldest)] == ["FAIL", "FAIL", "SUCCESS"]
    assert newest["failed_reason"] and newest["job_records"][0]["job_status"] == "FAIL"
    assert (oldest["old_value"], oldest["desire_value"], oldest["execute_type"]) == ("1", "2", "RECURRENCE")
    assert logs(call, daily, log_id=middle["id"]) == [middle]
    assert logs(call, daily, start_time=middle["execute_time"], end_time=middle["execute_time"]) == [middle]
    assert logs(call, daily, start_number=1, limit=1) == [middle]
    assert logs(call, daily, execute_type="MANUAL") == []
    assert logs(call, daily, scaling_resource_type="BANDWIDTH") == []
    assert len(logs(call, daily, scaling_resource_type="SCALING_GROUP", scaling_resource_id=made)) == 3
    # The log goes with its policy.
    call("delete_scaling_policy", scaling_policy_id=daily)
    assert refused(call, "list_scaling_policy_execute_logs", scaling_policy_id=daily) == (404, "AS.0007")


def test_what_waits_is_being_executed(emulated):
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    up = policy(call, made, scaling_policy_action={"instance_number": 2})
    down = policy(call, made, scaling_policy_action={"operation": "REMOVE", "instance_number": 1})
    hook(call, made, default_timeout=600, default_result="CONTINUE")
    act(call, up, "execute")
    emulated.settle()
    act(call, down, "execute")
    (waits,) = logs(call, down)
    assert (waits["status"], waits["type"], waits["job_records"]) == ("EXECUTING", "REMOVE", [])
    emulated.advance(800)
    (done,) = logs(call, down)
    assert (done["status"], done["id"]) == ("SUCCESS", waits["id"])
    assert size(call, made) == (2, 2)


def test_a_policy_that_waits_is_executing_and_does_not_wait_twice(emulated):
    call = huawei(emulated)
    made = group(call, 4, max_instance_number=30)
    emulated.settle()
    hook(call, made, kind="INSTANCE_TERMINATING", default_timeout=600)
    down = policy(call, made, scaling_policy_action={"operation": "REMOVE", "instance_number": 1})
    up = policy(call, made, scaling_policy_action={"instance_number": 3})
    more = policy(call, made, scaling_policy_action={"instance_number": 5})
    act(call, down, "execute")
    emulated.settle()
    act(call, up, "execute")
    assert refused(call, "execute_scaling_policy", scaling_policy_id=up, body={"action": "execute"}) == (400, "AS.0034")
    act(call, more, "execute")
    listed = call("list_scaling_policies", scaling_group_id=made)["scaling_policies"]
    assert {one["policy_status"] for one in listed} == {"EXECUTING"}
    emulated.advance(900)
    assert size(call, made) == (11, 11)
    assert [len(logs(call, one)) for one in (down, up, more)] == [1, 1, 1]
    listed = call("list_scaling_policies", scaling_group_id=made)["scaling_policies"]
    assert {one["policy_status"] for one in listed} == {"INSERVICE"}


def daily(call, server, made, **more):
    at = clock(server) + datetime.timedelta(minutes=30)
    times = {
        "launch_time": at.strftime("%H:%M"),
        "recurrence_type": "Daily",
        "end_time": minute(at + datetime.timedelta(days=30)),
    }
    return policy(call, made, "RECURRENCE", scheduled_policy=times, **more)


def test_what_comes_by_itself_and_is_refused_has_failed(emulated):
    """Nobody waits for the answer of a trigger: what is refused stands in the log. A call is told, and has none."""
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    up = daily(call, emulated, made)

    def told():
        return [(log["status"], log["old_value"], log["desire_value"]) for log in logs(call, up)]

    # A group that is off: nothing is done, and the log says so. A call is refused and leaves none.
    call("pause_scaling_group", scaling_group_id=made, body={"action": "pause"})
    assert refused(call, "execute_scaling_policy", scaling_policy_id=up, body={"action": "execute"}) == (400, "AS.3027")
    assert told() == []
    emulated.advance(3600)
    assert told() == [("FAIL", "1", "2")] and size(call, made) == (1, 1)
    (log,) = logs(call, up)
    assert (log["execute_type"], log["failed_reason"]) == ("RECURRENCE", "the policy or the group is off")
    assert log["job_records"][0]["job_status"] == "FAIL"
    # A policy that is off is not triggered.
    call("resume_scaling_group", scaling_group_id=made, body={"action": "resume"})
    act(call, up, "pause")
    emulated.advance(86400)
    assert len(told()) == 1


def test_a_trigger_within_an_activity_has_failed(emulated):
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    up = daily(call, emulated, made)
    hook(call, made, default_timeout=7200, default_result="CONTINUE")
    other = policy(call, made)
    act(call, other, "execute")
    # A call in the same direction is told so, and leaves nothing in the log.
    assert refused(call, "execute_scaling_policy", scaling_policy_id=other, body={"action": "execute"}) == (400, "AS.0034")
    assert [log["status"] for log in logs(call, other)] == ["SUCCESS"]
    emulated.advance(3600)
    (log,) = logs(call, up)
    assert (log["status"], log["execute_type"]) == ("FAIL", "RECURRENCE") and log["failed_reason"]
    # The one that is held is counted; the trigger wanted no more.
    assert size(call, made) == (2, 2)


@pytest.mark.parametrize("filters, code", [
    ({"start_time": "yesterday"}, "AS.9007"),
    ({"end_time": "yesterday"}, "AS.9007"),
    ({"start_number": -1}, "AS.9008"),
    ({"limit": 101}, "AS.9009"),
    ({"log_id": "x"}, "AS.9010"),
    ({"execute_type": "x"}, "AS.0022"),
])
def test_a_list_is_refused(emulated, filters, code):
    call = huawei(emulated)
    up = policy(call, group(call))
    assert refused(call, "list_scaling_policy_execute_logs", scaling_policy_id=up, **filters) == (400, code)
