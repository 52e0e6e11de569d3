"""Huawei Cloud's door with its own SDK: scheduled tasks of a group."""

import datetime

import pytest
from huawei import group, huawei, refused
from test_huawei_rest import clock, minute, size


def task(call, made, **parts):
    body = {"name": "task", "instance_number": {"desire": 2}} | parts
    return call("create_group_scheduled_task", scaling_group_id=made, body=body)["task_id"]


def tasks(call, made, **paging):
    return call("list_group_scheduled_tasks", scaling_group_id=made, **paging)["scheduled_tasks"]


def bounds(call, made):
    shown = call("show_scaling_group", scaling_group_id=made)["scaling_group"]
    return tuple(shown[f"{name}_instance_number"] for name in ("min", "desire", "max"))


def soon(server, **later):
    return {"launch_time": minute(clock(server) + datetime.timedelta(**later))}


def test_a_task_is_shown_as_it_was_given(emulated):
    call = huawei(emulated)
    made = group(call)
    daily = {
        "launch_time": "02:10",
        "recurrence_type": "WEEKLY",
        "recurrence_value": "1,7",
        "start_time": "2036-07-24T02:10Z",
        "end_time": "2037-07-24T02:10Z",
    }
    one = task(call, made, scheduled_policy=daily, instance_number={"max": 4, "min": 0, "desire": 2})
    (shown,) = tasks(call, made)
    assert shown.pop("create_time") == shown.pop("update_time")
    assert shown.pop("domain_id")
    assert shown == {
        "task_id": one,
        "scaling_group_id": made,
        "name": "task",
        "scheduled_policy": daily,
        "instance_number": {"max": 4, "min": 0, "desire": 2},
        "tenant_id": "0dd8cb413000906a2fcdc019b5a84546",
    }
    named = {"scaling_group_id": made, "scheduled_task_id": one}
    call("update_group_scheduled_task", **named, body={"name": "other"})
    once = {"launch_time": "2036-07-24T02:10Z"}
    call("update_group_scheduled_task", **named, body={"scheduled_policy": once})
    call("update_group_scheduled_task", **named, body={"instance_number": {"min": 1}})
    (shown,) = tasks(call, made)
    assert (shown["name"], shown["scheduled_policy"], shown["instance_number"]) == ("other", once, {"min": 1})
    call("delete_group_scheduled_task", **named)
    assert tasks(call, made) == []
    assert refused(call, "delete_group_scheduled_task", **named) == (404, "AS.0007")
    assert refused(call, "update_group_scheduled_task", **named, body={"name": "x"}) == (404, "AS.0007")


def test_a_task_sets_what_it_says(emulated):
    call = huawei(emulated)
    made = group(call, 1, max_instance_number=3)
    emulated.settle()
    task(call, made, scheduled_policy=soon(emulated, minutes=5))
    task(call, made, name="wide", scheduled_policy=soon(emulated, minutes=10), instance_number={"max": 5, "min": 3})
    task(call, made, name="most", scheduled_policy=soon(emulated, minutes=15), instance_number={"desire": 9})
    assert bounds(call, made) == (0, 1, 3)
    emulated.advance(400)
    assert (bounds(call, made), size(call, made)) == ((0, 2, 3), (2, 2))
    emulated.advance(300)
    assert (bounds(call, made), size(call, made)) == ((3, 3, 5), (3, 3))
    # The bound that is not said stays.
    emulated.advance(300)
    assert (bounds(call, made), size(call, made)) == ((3, 5, 5), (5, 5))


def test_a_task_comes_again(emulated):
    call = huawei(emulated)
    made = group(call, 0)
    at = (clock(emulated) + datetime.timedelta(minutes=30)).strftime("%H:%M")
    times = {"launch_time": at, "recurrence_type": "DAILY", "end_time": minute(clock(emulated) + datetime.timedelta(days=9))}
    task(call, made, scheduled_policy=times)
    for _ in range(2):
        emulated.advance(86400)
        assert size(call, made) == (2, 2)
        call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 0})
        emulated.settle()
        assert size(call, made) == (0, 0)


def test_tasks_are_paged_by_marker(emulated):
    call = huawei(emulated)
    made = group(call)
    ids = sorted(task(call, made, scheduled_policy=soon(emulated, days=1)) for _ in range(5))
    seen, marker = [], {}
    for _ in range(3):
        page = call("list_group_scheduled_tasks", scaling_group_id=made, limit=2, **marker)
        seen += [one["task_id"] for one in page["scheduled_tasks"]]
        marker = {"marker": page["page_info"].get("next_marker")}
    assert (sorted(seen), marker["marker"]) == (ids, None)
    assert len(seen) == 5
    # A group that is not there has none.
    assert tasks(call, "00000000-0000-4000-8000-000000000000") == []
    for paging, code in [({"marker": "x"}, "AS.1074"), ({"limit": 101}, "AS.1002")]:
        assert refused(call, "list_group_scheduled_tasks", scaling_group_id=made, **paging) == (400, code)


@pytest.mark.parametrize("parts, code", [
    ({"name": ""}, "AS.3013"),
    ({"name": "x" * 65}, "AS.3014"),
    ({"name": "a b"}, "AS.3031"),
    ({"scheduled_policy": None}, "AS.3003"),
    ({"scheduled_policy": {}}, "AS.3008"),
    ({"scheduled_policy": {"launch_time": "02:10"}}, "AS.3009"),
    ({"scheduled_policy": {"launch_time": "2016-02-10T02:10Z"}}, "AS.3010"),
    ({"scheduled_policy": {"launch_time": "02:10", "recurrence_type": "Daily"}}, "AS.3004"),
    ({"scheduled_policy": {"launch_time": "02:10", "recurrence_type": "DAILY"}}, "AS.3005"),
    ({"scheduled_policy": {"launch_time": "02:10", "recurrence_type": "WEEKLY"}}, "AS.3024"),
    ({"instance_number": {}}, "AS.0022"),
    ({"instance_number": {"max": 301}}, "AS.2004"),
    ({"instance_number": {"min": 3, "max": 2}}, "AS.2005"),
    ({"instance_number": {"min": 3, "desire": 2}}, "AS.2005"),
    ({"instance_number": {"desire": -1}}, "AS.2005"),
])
def test_a_task_is_refused(emulated, parts, code):
    call = huawei(emulated)
    made = group(call)
    body = {"name": "task", "scheduled_policy": soon(emulated, days=1), "instance_number": {"desire": 2}} | parts
    assert refused(call, "create_group_scheduled_task", scaling_group_id=made, body=body) == (400, code)
    assert tasks(call, made) == []


def test_a_task_needs_its_group(emulated):
    call = huawei(emulated)
    gone = "00000000-0000-4000-8000-000000000000"
    body = {"name": "task", "scheduled_policy": soon(emulated, days=1), "instance_number": {"desire": 2}}
    assert refused(call, "create_group_scheduled_task", scaling_group_id=gone, body=body) == (400, "AS.2007")
