"""Huawei Cloud's door with its own SDK: policies, activities, quotas, notifications, hooks, tags."""

import datetime
import json

import pytest
from huawei import alarm_rule, config, group, huawei, instances, refused, shown
from test_huawei import raw, refusing  # noqa: F401 (a fixture)

URN = "urn:smn:cn-north-4:b53e5554fad0494d96206fb84296510b:gsh"


def clock(server):
    return datetime.datetime.fromisoformat(server.native("GET", "clock")["now"].replace("Z", "+00:00"))


def minute(time):
    return time.strftime("%Y-%m-%dT%H:%MZ")


def policy(call, made, kind="ALARM", **more):
    body = {
        "scaling_policy_name": "p",
        "scaling_group_id": made,
        "scaling_policy_type": kind,
        "scaling_policy_action": {"operation": "ADD", "instance_number": 1},
    } | more
    if kind == "ALARM" and "alarm_id" not in body:
        body["alarm_id"] = alarm_rule(call.server, made, call.key)
    return call("create_scaling_policy", body=body)["scaling_policy_id"]


def size(call, made):
    got = shown(call, made)
    return got["current_instance_number"], got["desire_instance_number"]


def act(call, made, action):
    return call(f"{action}_scaling_policy", scaling_policy_id=made, body={"action": action})


def test_a_scheduled_policy_fires_at_its_time(emulated):
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    at = clock(emulated) + datetime.timedelta(minutes=10)
    fires = policy(call, made, "SCHEDULED", scheduled_policy={"launch_time": minute(at)},
                   scaling_policy_action={"operation": "SET", "instance_number": 3})
    got = call("show_scaling_policy", scaling_policy_id=fires)["scaling_policy"]
    assert got["scheduled_policy"] == {"launch_time": minute(at)}
    assert (got["scaling_policy_type"], got["policy_status"], got["cool_down_time"]) == ("SCHEDULED", "INSERVICE", 300)
    emulated.advance(8 * 60)
    assert size(call, made) == (1, 1)
    emulated.advance(3 * 60)
    assert size(call, made) == (3, 3)
    # Once, and never again.
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 1})
    emulated.advance(2 * 86400)
    assert size(call, made) == (1, 1)
    logs = call("list_scaling_activity_v2_logs", scaling_group_id=made)["scaling_activity_log"]
    reasons = [json.loads(log["description"])["reason"][0] for log in logs]
    by_policy = next(reason for reason in reasons if reason["change_reason"] == "SCHEDULED")
    assert by_policy["scaling_policy_id"] == fires and (by_policy["old_value"], by_policy["new_value"]) == (1, 3)


def test_a_recurring_policy_fires_every_day_while_it_may(emulated):
    call = huawei(emulated)
    made = group(call, 0)
    now = clock(emulated)
    at = now + datetime.timedelta(minutes=30)
    times = {
        "launch_time": at.strftime("%H:%M"),
        "recurrence_type": "Daily",
        "end_time": minute(now + datetime.timedelta(days=3, hours=1)),
    }
    daily = policy(call, made, "RECURRENCE", scheduled_policy=times)
    emulated.advance(3600)
    assert size(call, made) == (1, 1)
    act(call, daily, "pause")
    emulated.advance(86400)
    assert size(call, made) == (1, 1), "a policy that is off lets its time pass"
    act(call, daily, "resume")
    emulated.advance(3600)
    assert size(call, made) == (1, 1), "and does not make up for it"
    emulated.advance(86400)
    assert size(call, made) == (2, 2)
    emulated.advance(86400)
    assert size(call, made) == (3, 3)
    emulated.advance(5 * 86400)
    assert size(call, made) == (3, 3), "its window is over"
    logs = call("list_scaling_activity_logs", scaling_group_id=made)["scaling_activity_log"]
    newest = json.loads(logs[0]["description"])["reason"][0]
    assert newest["change_reason"] == "RECURRENT" and newest["scaling_policy_name"] == "p"


def test_an_opposite_firing_waits_for_the_activity(emulated):
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    now = clock(emulated)
    at = minute(now + datetime.timedelta(minutes=5))
    down = policy(call, made, "SCHEDULED", scheduled_policy={"launch_time": at},
                  scaling_policy_action={"operation": "REMOVE", "instance_number": 1})
    up = policy(call, made, scaling_policy_action={"instance_number": 2})
    hook(call, made, default_timeout=600, default_result="CONTINUE")
    act(call, up, "execute")
    emulated.settle()
    assert call("show_scaling_policy", scaling_policy_id=up)["scaling_policy"]["policy_status"] == "EXECUTING"
    again = refused(call, "execute_scaling_policy", scaling_policy_id=up, body={"action": "execute"})
    assert again == (400, "AS.0034")
    emulated.advance(400)
    assert shown(call, made)["is_scaling"] and size(call, made) == (3, 3)
    emulated.advance(400)
    assert size(call, made) == (2, 2), f"{down} waited, and then acted"


def test_policies_are_shown_changed_and_executed(emulated):
    call = huawei(emulated)
    made, other = group(call, 1, max_instance_number=3), group(call, name="other")
    emulated.settle()
    rule = alarm_rule(emulated, made)
    alarm = policy(call, made, scaling_policy_name="by-alarm", cool_down_time=900, alarm_id=rule)
    now = clock(emulated)
    window = {"start_time": minute(now), "end_time": minute(now + datetime.timedelta(days=400))}
    weekly = {"launch_time": "16:05", "recurrence_type": "Weekly", "recurrence_value": "1,3"} | window
    monthly = {"launch_time": "00:00", "recurrence_type": "Monthly", "recurrence_value": "1,31"} | window
    for times in (weekly, monthly):
        one = policy(call, made, "RECURRENCE", scheduled_policy=times)
        got = call("show_scaling_policy", scaling_policy_id=one)["scaling_policy"]
        assert got["scheduled_policy"] == times and "alarm_id" not in got
    got = call("show_scaling_policy", scaling_policy_id=alarm)["scaling_policy"]
    assert (got["alarm_id"], got["cool_down_time"], "scheduled_policy" in got) == (rule, 900, False)
    assert refused(call, "create_scaling_policy", body={
        "scaling_policy_name": "p", "scaling_group_id": other, "scaling_policy_type": "ALARM", "alarm_id": rule,
    }) == (400, "AS.3034")

    listed = call("list_scaling_policies", scaling_group_id=made, scaling_policy_type="RECURRENCE", limit=1)
    assert (listed["total_number"], len(listed["scaling_policies"])) == (2, 1)
    listed = call("list_scaling_policies", scaling_group_id=made, scaling_policy_name="alarm")
    assert [p["scaling_policy_id"] for p in listed["scaling_policies"]] == [alarm]

    # By hand it ignores cooldown, and acts only when it and its group are on.
    act(call, alarm, "execute")
    emulated.settle()
    act(call, alarm, "execute")
    emulated.settle()
    assert size(call, made) == (3, 3)
    execute = {"action": "execute"}
    assert refused(call, "execute_scaling_policy", scaling_policy_id=alarm, body=execute) == (400, "AS.3040")
    act(call, alarm, "pause")
    assert refused(call, "execute_scaling_policy", scaling_policy_id=alarm, body=execute) == (400, "AS.3027")
    act(call, alarm, "resume")
    call("pause_scaling_group", scaling_group_id=made, body={"action": "pause"})
    assert refused(call, "execute_scaling_policy", scaling_policy_id=alarm, body=execute) == (400, "AS.3027")
    call("resume_scaling_group", scaling_group_id=made, body={"action": "resume"})

    change = {"scaling_policy_action": {"operation": "SET", "instance_percentage": 50}, "scaling_policy_name": "half"}
    call("update_scaling_policy", scaling_policy_id=alarm, body=change)
    got = call("show_scaling_policy", scaling_policy_id=alarm)["scaling_policy"]
    assert got["scaling_policy_action"] == change["scaling_policy_action"]
    assert (got["scaling_policy_name"], got["alarm_id"], got["cool_down_time"]) == ("half", rule, 900)
    act(call, alarm, "execute")
    emulated.settle()
    assert size(call, made) == (1, 1)
    gone = [p["scaling_policy_id"] for p in call("list_scaling_policies", scaling_group_id=made)["scaling_policies"]]
    call("batch_pause_scaling_policies", body={"scaling_policy_id": gone, "action": "pause"})
    states = {p["policy_status"] for p in call("list_scaling_policies", scaling_group_id=made)["scaling_policies"]}
    assert states == {"PAUSED"}
    call("delete_scaling_policy", scaling_policy_id=alarm)
    assert refused(call, "show_scaling_policy", scaling_policy_id=alarm) == (404, "AS.0007")
    both = {"scaling_policy_id": gone, "action": "delete"}
    assert refused(call, "batch_delete_scaling_policies", body=both) == (400, "AS.3045")
    assert call("list_scaling_policies", scaling_group_id=made)["total_number"] == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"scaling_policy_name": ""}, "AS.3013"),
        ({"scaling_policy_name": "n" * 65}, "AS.3014"),
        ({"scaling_policy_name": "a b"}, "AS.3031"),
        ({"scaling_policy_type": None}, "AS.3011"),
        ({"scaling_policy_type": "NEVER"}, "AS.3002"),
        ({"scaling_group_id": None}, "AS.3019"),
        ({"scaling_group_id": "47683a91-93ee-462a-a7d7-484c006f4440"}, "AS.2007"),
        ({"alarm_id": None}, "AS.3026"),
        ({"alarm_id": "al1"}, "AS.3050"),
        ({"alarm_id": "al1450321795427dR8p5mQBo"}, "AS.3030"),
        ({"cool_down_time": 86401}, "AS.3012"),
        ({"scaling_policy_action": {"operation": "NONE"}}, "AS.3017"),
        ({"scaling_policy_action": {"instance_number": 0}}, "AS.3018"),
        ({"scaling_policy_action": {"instance_number": 201}}, "AS.3018"),
        ({"scaling_policy_action": {"operation": "SET", "instance_number": 201}}, "AS.3018"),
        ({"scaling_policy_action": {"instance_percentage": 20001}}, "AS.3035"),
        ({"scaling_policy_action": {"instance_number": 1, "instance_percentage": 1}}, "AS.3036"),
        ({"scaling_policy_type": "SCHEDULED"}, "AS.3003"),
        ({"scaling_policy_type": "SCHEDULED", "scheduled_policy": {"recurrence_type": "Daily"}}, "AS.3008"),
        ({"scaling_policy_type": "SCHEDULED", "scheduled_policy": {"launch_time": "soon"}}, "AS.3009"),
        ({"scaling_policy_type": "SCHEDULED", "scheduled_policy": {"launch_time": "2015-07-24T01:21Z"}}, "AS.3010"),
        ({"times": {"launch_time": "25:00"}}, "AS.3009"),
        ({"times": {"recurrence_type": None}}, "AS.3023"),
        ({"times": {"recurrence_type": "Yearly"}}, "AS.3004"),
        ({"times": {"recurrence_type": "Weekly"}}, "AS.3024"),
        ({"times": {"recurrence_type": "Weekly", "recurrence_value": "8"}}, "AS.3025"),
        ({"times": {"end_time": None}}, "AS.3005"),
        ({"times": {"end_time": "later"}}, "AS.3006"),
        ({"times": {"end_time": "2015-07-24T01:21Z"}}, "AS.3007"),
        ({"times": {"start_time": "now"}}, "AS.3028"),
        ({"times": {"start_time": "2999-01-01T00:00Z"}}, "AS.3029"),
        ({"times": {"recurrence_type": "Monthly", "recurrence_value": "31", "start_time": "2098-06-01T00:00Z",
                    "end_time": "2098-06-30T23:59Z"}}, "AS.3033"),
    ],
    ids=str,
)
def test_a_policy_is_refused(policies, change, code):
    call, made, rule = policies
    body = {
        "scaling_policy_name": "p",
        "scaling_group_id": made,
        "scaling_policy_type": "ALARM",
        "alarm_id": rule,
        "scaling_policy_action": {"operation": "ADD", "instance_number": 1},
    }
    times = change.get("times")
    if times is None:
        body |= change
    else:
        usual = {"launch_time": "16:00", "recurrence_type": "Daily", "end_time": "2099-01-01T00:00Z"}
        body |= {"scaling_policy_type": "RECURRENCE", "scheduled_policy": usual | times}
        body["scheduled_policy"] = {k: v for k, v in body["scheduled_policy"].items() if v is not None}
    body = {key: value for key, value in body.items() if value is not None}
    assert refused(call, "create_scaling_policy", body=body) == (400, code)
    assert call("list_scaling_policies", scaling_group_id=made)["total_number"] == 0


@pytest.fixture(scope="module")
def policies(tmp_path_factory):
    """A group that no policy is ever made in."""
    from conftest import Server

    one = Server(tmp_path_factory.mktemp("policies") / "data", "--emulate")
    call = huawei(one)
    made = group(call)
    yield call, made, alarm_rule(one, made)
    one.close()


def test_activities(emulated):
    call = huawei(emulated)
    made = group(call, 2)
    emulated.settle()
    names = sorted(m["instance_name"] for m in instances(call, made))
    ids = sorted(m["instance_id"] for m in instances(call, made))
    vpc = "a8327883-6b07-4497-9c61-68d03ee193a"
    foreign = emulated.native("POST", "machines", {"vpc": vpc, "name": "by-hand"})["machine"]["uuid"]

    def batch(method, action, some, **more):
        body = {"action": action, "instances_id": some} | more
        call(f"batch_{method}_scaling_instances", scaling_group_id=made, body=body)
        emulated.settle()

    batch("add", "ADD", [foreign])
    batch("remove", "REMOVE", [ids[0], foreign], instance_delete="yes")
    logs = call("list_scaling_activity_logs", scaling_group_id=made)
    assert (logs["total_number"], logs["start_number"], logs["limit"]) == (3, 0, 20)
    removed, added, first = logs["scaling_activity_log"]
    assert sorted(first["instance_added_list"].split(",")) == names
    assert (first["instance_value"], first["desire_value"], first["scaling_value"]) == (0, 2, 2)
    assert json.loads(first["description"])["reason"][0]["change_reason"] == "DIFF"
    assert (first["status"], first["instance_deleted_list"], first["instance_removed_list"]) == ("SUCCESS", None, None)
    assert added["instance_added_list"] == "by-hand"
    assert removed["instance_removed_list"] == "by-hand" and removed["instance_deleted_list"] in names

    v2 = call("list_scaling_activity_v2_logs", scaling_group_id=made)["scaling_activity_log"]
    assert [log["type"] for log in v2] == ["MANUAL_DELETE", "MANUAL_ADD", "DIFF"]
    assert [i["instance_id"] for i in v2[0]["instance_deleted_list"]] == [ids[0]]
    assert v2[0]["instance_removed_list"] == [{"instance_name": "by-hand", "instance_id": foreign}]
    assert v2[0]["instance_failed_list"] == []

    def found(**filters):
        return [log["id"] for log in call("list_scaling_activity_v2_logs", scaling_group_id=made, **filters)[
            "scaling_activity_log"]]

    everything = [log["id"] for log in v2]
    assert found(type="MANNUAL_ADD,DIFF") == everything[1:]
    assert found(status="FAIL") == [] and found(status="SUCCESS", limit=1, start_number=1) == everything[1:2]
    assert found(log_id=everything[2]) == everything[2:]
    assert found(start_time="2999-01-01T00:00:00Z") == []
    assert found(end_time="2999-01-01T00:00:00Z") == everything

    def refuses(**filters):
        return refused(call, "list_scaling_activity_v2_logs", scaling_group_id=made, **filters)

    for filters, code in (
        ({"start_time": "now"}, "AS.9001"),
        ({"end_time": "now"}, "AS.9002"),
        ({"start_number": -1}, "AS.9003"),
        ({"limit": 101}, "AS.9004"),
        ({"log_id": "x"}, "AS.9005"),
        ({"type": "NONE"}, "AS.9012"),
        ({"status": "NONE"}, "AS.9013"),
    ):
        assert refuses(**filters) == (400, code), filters

    # A binding that changes on a live group is an activity of its own.
    pool = {"lbaas_listeners": [{"pool_id": "pool", "protocol_port": 82, "weight": 1}]}
    call("update_scaling_group", scaling_group_id=made, body=pool)
    emulated.settle()
    newest = call("list_scaling_activity_v2_logs", scaling_group_id=made)["scaling_activity_log"][0]
    assert newest["type"] == "MODIFY_ELB" and "instance_added_list" not in newest
    bound = newest["lb_bind_success_list"][0]["lbaas_listener"]
    assert bound == {"listener_id": None, "pool_id": "pool", "protocol_port": 82, "weight": 1}


def test_quotas(emulated):
    call = huawei(emulated)
    made = group(call, 1)
    policy(call, made)
    emulated.settle()
    every = {q["type"]: q for q in call("show_resource_quota")["quotas"]["resources"]}
    assert (every["scaling_Group"]["used"], every["scaling_Config"]["used"]) == (1, 1)
    assert (every["scaling_Policy"]["used"], every["scaling_Instance"]["used"]) == (-1, -1)
    own = call("show_policy_and_instance_quota", scaling_group_id=made)["quotas"]["resources"]
    assert [(q["type"], q["used"], q["quota"], q["max"]) for q in own] == [
        ("scaling_Policy", 1, 50, 50),
        ("scaling_Instance", 1, 200, 1000),
    ]
    limit = every["scaling_Group"]["quota"]
    conf = config(call)
    for at in range(limit - 1):
        group(call, name=f"g{at}", resume=False, scaling_configuration_id=conf)
    body = {"scaling_group_name": "more", "vpc_id": "v", "networks": [{"id": "n"}]}
    assert refused(call, "create_scaling_group", body=body) == (400, "AS.2023")


def test_notifications(emulated):
    call = huawei(emulated)
    made = group(call)

    def put(urn=URN, scenes=("SCALING_UP",)):
        body = {"topic_urn": urn, "topic_scene": list(scenes)}
        return call("create_scaling_notification", scaling_group_id=made, body=body)

    everything = ["SCALING_UP", "SCALING_UP_FAIL", "SCALING_DOWN", "SCALING_DOWN_FAIL", "SCALING_GROUP_ABNORMAL"]
    assert put(scenes=everything) == {"topic_urn": URN, "topic_scene": everything, "topic_name": "gsh"}
    put(scenes=["SCALING_UP"])
    listed = call("list_scaling_notifications", scaling_group_id=made)["topics"]
    assert listed == [{"topic_urn": URN, "topic_scene": ["SCALING_UP"], "topic_name": "gsh"}]
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 1})
    emulated.settle()
    told = [m for m in emulated.native("GET", "messages?after=0")["messages"] if URN in m["target"]]
    assert len(told) == 1

    def refuses(body):
        return refused(call, "create_scaling_notification", scaling_group_id=made, body=body)

    assert refuses({"topic_scene": ["SCALING_UP"]}) == (400, "AS.7027")
    assert refuses({"topic_urn": "gsh", "topic_scene": ["SCALING_UP"]}) == (400, "AS.7025")
    assert refuses({"topic_urn": URN, "topic_scene": []}) == (400, "AS.7026")
    assert refuses({"topic_urn": URN, "topic_scene": ["NONE"]}) == (400, "AS.7026")
    for at in range(4):
        put(f"{URN}{at}")
    assert refuses({"topic_urn": f"{URN}-more", "topic_scene": ["SCALING_UP"]}) == (400, "AS.7028")
    call("delete_scaling_notification", scaling_group_id=made, topic_urn=URN)
    gone = refused(call, "delete_scaling_notification", scaling_group_id=made, topic_urn=URN)
    assert gone == (404, "AS.0007")
    assert len(call("list_scaling_notifications", scaling_group_id=made)["topics"]) == 4


def hook(call, made, name="hook-1", kind="INSTANCE_LAUNCHING", **more):
    body = {"lifecycle_hook_name": name, "lifecycle_hook_type": kind, "notification_topic_urn": URN} | more
    return call("create_lify_cycle_hook", scaling_group_id=made, body=body)


def waits(call, made):
    return call("list_hook_instances", scaling_group_id=made)["instance_hanging_info"]


def answer(call, made, result, **who):
    body = {"lifecycle_action_result": result} | who
    return call("attach_callback_instance_life_cycle_hook", scaling_group_id=made, body=body)


def test_hooks_hold_instances(emulated):
    call = huawei(emulated)
    made = group(call)
    new = hook(call, made, default_timeout=600, notification_metadata="meta")
    assert new == {
        "lifecycle_hook_name": "hook-1",
        "lifecycle_hook_type": "INSTANCE_LAUNCHING",
        "default_result": "ABANDON",
        "default_timeout": 600,
        "notification_topic_urn": URN,
        "notification_topic_name": "gsh",
        "notification_metadata": "meta",
        "create_time": new["create_time"],
    }
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 2})
    emulated.settle()
    assert [m["life_cycle_state"] for m in instances(call, made)] == ["PENDING_WAIT"] * 2
    first, second = waits(call, made)
    assert {first["lifecycle_hook_status"], second["lifecycle_hook_status"]} == {"HANGING"}
    told = [m for m in emulated.native("GET", "messages?after=0")["messages"] if URN in m["target"]]
    assert first["lifecycle_action_key"] in json.dumps(told)

    answer(call, made, "EXTEND", lifecycle_action_key=first["lifecycle_action_key"])
    later = next(w for w in waits(call, made) if w["instance_id"] == first["instance_id"])
    before, after = (datetime.datetime.fromisoformat(w["timeout"].replace("Z", "+00:00")) for w in (first, later))
    assert after - before == datetime.timedelta(hours=1)
    answer(call, made, "CONTINUE", instance_id=second["instance_id"], lifecycle_hook_name="hook-1")
    emulated.settle()
    states = {m["instance_id"]: m["life_cycle_state"] for m in instances(call, made)}
    assert states == {first["instance_id"]: "PENDING_WAIT", second["instance_id"]: "INSERVICE"}
    emulated.advance(900)
    assert first["instance_id"] in {m["instance_id"] for m in instances(call, made)}, "its time was extended"
    answer(call, made, "ABANDON", lifecycle_action_key=first["lifecycle_action_key"])
    emulated.settle()
    assert first["instance_id"] not in {m["instance_id"] for m in instances(call, made)}
    emulated.faults()

    for body, code in (
        ({"lifecycle_action_key": first["lifecycle_action_key"]}, "AS.7039"),
        ({"lifecycle_action_result": "NONE", "lifecycle_action_key": "k"}, "AS.7034"),
        ({"lifecycle_action_result": "CONTINUE"}, "AS.7040"),
        ({"lifecycle_action_result": "CONTINUE", "lifecycle_action_key": "k"}, "AS.7042"),
    ):
        got = refused(call, "attach_callback_instance_life_cycle_hook", scaling_group_id=made, body=body)
        assert got == (400, code), body


def test_hooks_are_shown_changed_and_gone(emulated):
    call = huawei(emulated)
    made = group(call)

    def refuses(**body):
        usual = {
            "lifecycle_hook_name": "h",
            "lifecycle_hook_type": "INSTANCE_LAUNCHING",
            "notification_topic_urn": URN,
        }
        return refused(call, "create_lify_cycle_hook", scaling_group_id=made, body=usual | body)

    for body, code in (
        ({"lifecycle_hook_name": ""}, "AS.7032"),
        ({"lifecycle_hook_name": "a b"}, "AS.7031"),
        ({"lifecycle_hook_name": "h" * 33}, "AS.7031"),
        ({"lifecycle_hook_type": ""}, "AS.7037"),
        ({"lifecycle_hook_type": "NONE"}, "AS.7033"),
        ({"default_timeout": 59}, "AS.7030"),
        ({"default_timeout": 86401}, "AS.7030"),
        ({"notification_topic_urn": ""}, "AS.7043"),
        ({"notification_topic_urn": "x"}, "AS.7043"),
        ({"notification_metadata": "m" * 257}, "AS.7035"),
        ({"notification_metadata": "<"}, "AS.7055"),
    ):
        assert refuses(**body) == (400, code), body
    for at in range(5):
        hook(call, made, f"hook-{at}", "INSTANCE_TERMINATING")
    assert refuses() == (400, "AS.7038")
    call("delete_lifecycle_hook", scaling_group_id=made, lifecycle_hook_name="hook-4")
    assert refuses(lifecycle_hook_name="hook-0") == (400, "AS.7041")
    change = {"default_result": "CONTINUE", "default_timeout": 60}
    got = call("update_life_cycle_hook", scaling_group_id=made, lifecycle_hook_name="hook-0", body=change)
    assert (got["default_result"], got["default_timeout"], got["lifecycle_hook_type"]) == (
        "CONTINUE", 60, "INSTANCE_TERMINATING",
    )
    assert call("show_life_cycle_hook", scaling_group_id=made, lifecycle_hook_name="hook-0") == got
    names = [h["lifecycle_hook_name"] for h in call("list_life_cycle_hooks", scaling_group_id=made)["lifecycle_hooks"]]
    assert names == ["hook-0", "hook-1", "hook-2", "hook-3"]
    gone = refused(call, "show_life_cycle_hook", scaling_group_id=made, lifecycle_hook_name="hook-4")
    assert gone == (404, "AS.0007")


def test_tags(emulated):
    call = huawei(emulated)
    first, second = group(call, name="web-1", resume=False), group(call, name="web-2", resume=False)

    def edit(made, action, *tags):
        body = {"action": action, "tags": [{"key": k, "value": v} for k, v in tags]}
        method = "create_scaling_tag_info" if action == "create" else "delete_scaling_tag_info"
        return call(method, resource_type="scaling_group_tag", resource_id=made, body=body)

    edit(first, "create", ("env", "test"), ("team", "a"))
    edit(first, "create", ("env", "prod"))
    edit(second, "create", ("env", "test"))
    own = call("list_scaling_tag_infos_by_resource_id", resource_type="scaling_group_tag", resource_id=first)
    assert own["tags"] == [{"key": "env", "value": "prod"}, {"key": "team", "value": "a"}]
    every = call("list_scaling_tag_infos_by_tenant_id", resource_type="scaling_group_tag")["tags"]
    assert every == [{"key": "env", "values": ["prod", "test"]}, {"key": "team", "values": ["a"]}]
    edit(first, "delete", ("team", ""))

    def found(**body):
        body = {"action": "filter"} | body
        answer = call("list_resource_instances", resource_type="scaling_group_tag", body=body)
        return [r["resource_name"] for r in answer["resources"]]

    def tag(key, *values):
        return [{"key": key, "values": list(values)}]

    assert found() == ["web-2", "web-1"]
    assert found(tags=tag("env", "test", "other")) == ["web-2"] and found(tags=tag("env")) == ["web-2", "web-1"]
    assert found(tags=tag("env", "*es")) == ["web-2"]
    assert found(not_tags=tag("env", "test")) == ["web-1"] and found(tags_any=tag("team", "a")) == []
    assert found(matches=[{"key": "resource_name", "value": "eb-1"}]) == ["web-1"]
    assert found(limit="1", offset="1") == ["web-1"]
    # A marker is a place, or the resource before it (L4652); an offset counts more.
    assert found(marker="1") == ["web-1"] and found(marker=second) == ["web-1"] and found(marker=first) == []
    assert found(marker=second, offset="0") == ["web-2", "web-1"]
    counted = call("list_resource_instances", resource_type="scaling_group_tag", body={"action": "count"})
    assert counted == {"total_count": 2}

    def refuses(**body):
        return refused(call, "list_resource_instances", resource_type="scaling_group_tag", body=body)

    edit(second, "create", ("team", "b"))
    newest = call("list_resource_instances", resource_type="scaling_group_tag", body={"action": "filter"})["resources"][0]
    assert newest["tags"] == [{"key": "team", "value": "b"}, {"key": "env", "value": "test"}]
    assert refuses(action="filter", marker="5bc3aa02-b83e-454c-aba1-4d2095c68f8b") == (400, "AS.1074")
    assert refuses(action="filter", tags=tag("env", "v" * 44)) == (400, "AS.7047")
    assert refuses(action="NONE") == (400, "AS.7049")
    assert refuses(action="filter", tags=tag("env", "*")) == (400, "AS.7046")
    assert refuses(action="filter", tags=tag("env") * 2) == (400, "AS.7046")
    assert refuses(action="filter", tags=tag("env", "a", "a")) == (400, "AS.7054")
    assert refuses(action="filter", matches=[{"key": "name", "value": "x"}]) == (400, "AS.7052")
    assert refuses(action="filter", offset="-1") == (400, "AS.1067")
    body = {"action": "create", "tags": []}
    got = refused(call, "create_scaling_tag_info", resource_type="scaling_group_tag", resource_id=first, body=body)
    assert got == (400, "AS.7044")
    body = {"action": "Create", "tags": [{"key": "a", "value": "b"}]}
    got = refused(call, "create_scaling_tag_info", resource_type="scaling_group_tag", resource_id=first, body=body)
    assert got == (400, "AS.7049")
    got = refused(call, "list_scaling_tag_infos_by_tenant_id", resource_type="disk")
    assert got == (400, "AS.7048")
    many = {"action": "create", "tags": [{"key": f"k{i}", "value": "v"} for i in range(10)]}
    got = refused(call, "create_scaling_tag_info", resource_type="scaling_group_tag", resource_id=first, body=many)
    assert got == (400, "AS.7045")
