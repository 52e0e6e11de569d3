"""Cloud Eye with its own SDK of both generations: alarm rules, metric data, and the ALARM policies that rules fire."""

import datetime

import pytest
from conftest import eventually
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huawei import alarm_rule, group, huawei, instances, neighbour, refused, shown
from test_huawei_rest import policy

GROUP = "AutoScalingGroup"


def clients(server):
    return huawei(server), neighbour(server, "ces", "v1"), neighbour(server, "ces", "v2")


def now_ms(server):
    time = server.native("GET", "clock")["now"].replace("Z", "+00:00")
    return int(datetime.datetime.fromisoformat(time).timestamp() * 1000)


def push(server, value, namespace="SYS.AS", metric="cpu_util", unit="%", **dimensions):
    dims = [{"name": name, "value": text} for name, text in dimensions.items()]
    item = {
        "metric": {"namespace": namespace, "metric_name": metric, "dimensions": dims},
        "ttl": 3600, "collect_time": now_ms(server), "value": value, "unit": unit, "type": "float",
    }
    neighbour(server, "ces", "v1")("create_metric_data", body=[item])


def rule(one, made):
    return one("show_alarm", alarm_id=made)["metric_alarms"][0]


def size(call, made):
    got = shown(call, made)
    return got["current_instance_number"], got["desire_instance_number"]


def kinds(alarm):
    return [action["type"] for action in alarm["alarm_actions"]]


def v2_rule(made, **more):
    condition = {"metric_name": "cpu_util", "period": 300, "filter": "average", "comparison_operator": ">=", "value": 80.5,
                 "unit": "%", "count": 1, "suppress_duration": 300, "level": 1}
    return {
        "name": "by-v2", "description": "of the second generation", "namespace": "SYS.AS", "type": "MULTI_INSTANCE",
        "resources": [[{"name": GROUP, "value": made}]], "policies": [condition], "enabled": True,
        "notification_enabled": False, "enterprise_project_id": "0",
    } | more


def test_an_alarm_policy_from_end_to_end(emulated):
    call, one, _ = clients(emulated)
    made = group(call, 1)
    emulated.settle()
    high = alarm_rule(emulated, made)
    low = alarm_rule(emulated, made, alarm_name="cpu-low", condition={"comparison_operator": "<", "value": 20})
    assert kinds(rule(one, high)) == [] and rule(one, high)["alarm_state"] == "insufficient_data"
    more = policy(call, made, alarm_id=high, cool_down_time=0, scaling_policy_action={"instance_number": 2})
    fewer = policy(call, made, alarm_id=low, cool_down_time=0,
                   scaling_policy_action={"operation": "REMOVE", "instance_number": 1})
    assert kinds(rule(one, high)) == ["autoscaling"]
    assert rule(one, high)["alarm_actions"][0]["notificationList"] == []

    push(emulated, 95, **{GROUP: made})
    emulated.advance(300)
    emulated.settle()
    assert rule(one, high)["alarm_state"] == "alarm" and rule(one, low)["alarm_state"] == "ok"
    assert size(call, made) == (3, 3)
    # Once: as long as it stands in alarm it does not ask again. A gap changes nothing.
    push(emulated, 96, **{GROUP: made})
    emulated.advance(300)
    emulated.settle()
    assert size(call, made) == (3, 3)
    emulated.advance(600)
    assert rule(one, high)["alarm_state"] == rule(one, low)["alarm_state"] == "insufficient_data"
    assert size(call, made) == (3, 3)

    push(emulated, 50, **{GROUP: made})
    emulated.advance(300)
    assert rule(one, high)["alarm_state"] == "ok"
    push(emulated, 10, **{GROUP: made})
    emulated.advance(300)
    emulated.settle()
    assert rule(one, low)["alarm_state"] == "alarm" and size(call, made) == (2, 2)
    explained = emulated.native("GET", f"groups/{made}/explain")
    assert any("alarm rule" in text for e in explained["evaluations"] for text in e["reasons"])
    assert {alarm["alarm_id"] for alarm in explained["alarms"]} == {high, low}
    logs = call("list_scaling_activity_logs", scaling_group_id=made)["scaling_activity_log"]
    assert len(logs) == 3

    # A rule that is off says nothing; on again it is looked at afresh.
    one("update_alarm_action", alarm_id=high, body={"alarm_enabled": False})
    push(emulated, 99, **{GROUP: made})
    emulated.advance(300)
    assert size(call, made) == (2, 2) and rule(one, high)["alarm_enabled"] is False
    one("update_alarm_action", alarm_id=high, body={"alarm_enabled": True})
    emulated.settle()
    assert size(call, made) == (4, 4)

    # Without its policy it has no such action any more.
    call("delete_scaling_policy", scaling_policy_id=more)
    assert kinds(rule(one, high)) == [] and kinds(rule(one, low)) == ["autoscaling"]
    one("delete_alarm", alarm_id=high)
    assert refused(one, "show_alarm", alarm_id=high) == (404, "ces.0016")
    body = {"scaling_policy_id": [fewer], "action": "delete", "delete_alarm": "yes"}
    call("batch_delete_scaling_policies", body=body)
    assert refused(one, "delete_alarm", alarm_id=low) == (404, "ces.0016")
    assert one("list_alarms")["meta_data"]["total"] == 0


def test_cooldown_refuses_an_alarm_and_the_other_way_waits(emulated):
    call, one, _ = clients(emulated)
    made = group(call, 1, cool_down_time=0)
    emulated.settle()
    high = alarm_rule(emulated, made, condition={"period": 1, "suppress_duration": 300})
    low = alarm_rule(emulated, made, condition={"period": 1, "comparison_operator": "<", "value": 20})
    policy(call, made, alarm_id=high, cool_down_time=900)
    policy(call, made, alarm_id=low, scaling_policy_action={"operation": "REMOVE"})
    emulated.faults({"op": "launch", "effect": "slow", "latency_secs": 100, "times": 1})
    # Each value by itself is judged when it comes.
    push(emulated, 90, **{GROUP: made})
    emulated.settle()
    assert shown(call, made)["is_scaling"] is True
    push(emulated, 5, **{GROUP: made})
    emulated.settle()
    assert rule(one, low)["alarm_state"] == "alarm"
    emulated.advance(120)
    # What went the other way has waited for its end, and no cooldown held it back.
    assert size(call, made) == (1, 1)
    logs = call("list_scaling_activity_logs", scaling_group_id=made)["scaling_activity_log"]
    assert [log["desire_value"] for log in logs] == [1, 2, 1]
    # Now the group cools down: an alarm is refused.
    push(emulated, 90, **{GROUP: made})
    emulated.settle()
    assert size(call, made) == (1, 1) and rule(one, high)["alarm_state"] == "alarm"
    executions = call("list_scaling_policy_execute_logs", scaling_policy_id=fires(call, made, high))
    assert executions["scaling_policy_execute_log"][0]["status"] == "FAIL"
    # It stands in alarm and asks again, and then nothing is in the way.
    for _ in range(5):
        emulated.advance(250)
        push(emulated, 90, **{GROUP: made})
    emulated.settle()
    assert size(call, made)[1] >= 2


def fires(call, made, alarm):
    listed = call("list_scaling_policies", scaling_group_id=made)["scaling_policies"]
    return next(one["scaling_policy_id"] for one in listed if one["alarm_id"] == alarm)


def counted(server, made, minutes):
    """Time passes, and no minute of it without a look at how many serve."""

    def looked(since):
        metrics = server.native("GET", f"groups/{made}/explain")["metrics"]
        points = next((m["points"] for m in metrics if m["metric"] == "instance_num"), [])
        return any(point["at_ms"] >= since for point in points)

    for _ in range(minutes):
        server.advance(60)
        before = now_ms(server) - 60_000
        eventually(lambda since=before: looked(since))


def test_members_make_the_metrics_of_their_group(emulated):
    call, one, _ = clients(emulated)
    made = group(call, 2)
    emulated.settle()
    high = alarm_rule(emulated, made, condition={"value": 60})
    policy(call, made, alarm_id=high)
    for member, value in zip(instances(call, made), (90, 40)):
        push(emulated, value, "SYS.ECS", instance_id=member["instance_id"])
    emulated.advance(300)
    emulated.settle()
    assert rule(one, high)["alarm_state"] == "alarm" and size(call, made) == (3, 3)
    begin = now_ms(emulated) - 3_600_000
    asked = {"namespace": "SYS.AS", "metric_name": "cpu_util", "dim_0": f"{GROUP},{made}", "_from": begin,
             "to": begin + 3_700_000}
    (point,) = one("show_metric_data", **asked, filter="average", period=300)["datapoints"]
    assert point["average"] == 65 and point["unit"] == "%" and point["timestamp"] % 300_000 == 0
    (point,) = one("show_metric_data", **asked, filter="max", period=3600)["datapoints"][-1:]
    assert point["max"] == 90
    # How many serve is counted as long as a rule looks at it.
    low = alarm_rule(emulated, made, alarm_name="few", metric={
        "namespace": "SYS.AS", "metric_name": "instance_num", "dimensions": [{"name": GROUP, "value": made}],
    }, condition={"comparison_operator": "<", "value": 3, "unit": ""})
    counted(emulated, made, 10)
    assert rule(one, low)["alarm_state"] == "ok"
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 1})
    counted(emulated, made, 15)
    assert rule(one, low)["alarm_state"] == "alarm"
    metrics = one("list_metrics", namespace="SYS.AS", dim_0=f"{GROUP},{made}")
    assert metrics["meta_data"]["total"] == 9
    assert {m["metric_name"] for m in metrics["metrics"]} >= {"cpu_util", "mem_util", "instance_num"}


def test_one_rule_in_both_generations(emulated):
    call, one, two = clients(emulated)
    made = group(call, 1)
    emulated.settle()
    body = v2_rule(made)
    alarm = two("create_alarm_rules", body=body)["alarm_id"]
    assert len(alarm) == 24 and alarm.startswith("al")
    (got,) = two("list_alarm_rules", alarm_id=alarm)["alarms"]
    # A condition is of its rule's namespace, and of its resources' dimension.
    whole = {"enabled": True, "namespace": "SYS.AS", "dimension_name": GROUP}
    assert got["policies"][0] == body["policies"][0] | whole
    for name in ("name", "description", "namespace", "type", "enabled", "notification_enabled", "enterprise_project_id"):
        assert got[name] == body[name], name
    assert got["resources"] == [{"dimensions": body["resources"][0]}]
    old = rule(one, alarm)
    assert old["metric"] == {"namespace": "SYS.AS", "metric_name": "cpu_util", "dimensions": body["resources"][0]}
    assert old["condition"] == {"period": 300, "filter": "average", "comparison_operator": ">=", "value": 80.5, "unit": "%",
                                "count": 1, "suppress_duration": 300}
    assert (old["alarm_name"], old["alarm_level"], old["alarm_type"]) == ("by-v2", 1, "MULTI_INSTANCE")
    assert two("list_alarm_rule_resources", alarm_id=alarm) == {"resources": body["resources"], "count": 1}

    policy(call, made, alarm_id=alarm, cool_down_time=0)
    (got,) = two("list_alarm_rules", alarm_id=alarm)["alarms"]
    assert got["alarm_notifications"] == [{"type": "autoscaling", "notification_list": []}]
    push(emulated, 81, **{GROUP: made})
    emulated.advance(300)
    emulated.settle()
    assert size(call, made) == (2, 2)
    histories = two("list_alarm_histories", alarm_id=[alarm])
    assert [h["status"] for h in histories["alarm_histories"]][:1] == ["alarm"]
    assert histories["alarm_histories"][0]["data_points"][0]["value"] == 81

    other = {"resources": [[{"name": GROUP, "value": "47683a91-93ee-462a-a7d7-484c006f4440"}]]}
    two("add_alarm_rule_resources", alarm_id=alarm, body=other)
    assert two("list_alarm_rule_resources", alarm_id=alarm)["count"] == 2
    two("delete_alarm_rule_resources", alarm_id=alarm, body=other)
    changed = [body["policies"][0] | {"value": 99, "count": 3}]
    assert two("update_alarm_rule_policies", alarm_id=alarm, body={"policies": changed})["policies"][0]["value"] == 99
    told = {"notification_enabled": True, "notification_begin_time": "00:00", "notification_end_time": "23:59",
            "effective_timezone": "GMT+08:00",
            "alarm_notifications": [{"type": "notification", "notification_list": ["urn:smn:cn-north-4:p:t"]}]}
    two("update_alarm_notifications", alarm_id=alarm, body=told)
    old = rule(one, alarm)
    assert (old["condition"]["count"], old["condition"]["value"], kinds(old)) == (3, 99, ["notification", "autoscaling"])
    one("update_alarm", alarm_id=alarm, body={"alarm_name": "new", "alarm_level": 3})
    (got,) = two("list_alarm_rules", name="new")["alarms"]
    assert (got["name"], got["policies"][0]["level"], got["policies"][0]["value"]) == ("new", 3, 99)
    assert two("batch_enable_alarm_rules", body={"alarm_ids": [alarm], "alarm_enabled": False})["alarm_ids"] == [alarm]
    assert rule(one, alarm)["alarm_enabled"] is False
    assert two("batch_delete_alarm_rules", body={"alarm_ids": [alarm]})["alarm_ids"] == [alarm]
    assert two("list_alarm_rules", alarm_id=alarm) == {"alarms": [], "count": 0}
    assert refused(two, "batch_delete_alarm_rules", body={"alarm_ids": [alarm]}) == (404, "ces.0016")


def test_metrics_of_ones_own_tell_topics_and_fire_policies(emulated):
    call, one, two = clients(emulated)
    made = group(call, 1)
    emulated.settle()
    urn = "urn:smn:cn-north-4:p:t"
    mine = {"namespace": "MINE.APP", "metric_name": "queue", "dimensions": [{"name": "app", "value": "a"}]}
    actions = [{"type": "notification", "notificationList": [urn]}]
    alarm = alarm_rule(emulated, made, metric=mine, alarm_actions=actions, ok_actions=actions,
                       condition={"period": 1, "value": 100, "unit": "count"})
    policy(call, made, alarm_id=alarm, cool_down_time=0)
    after = len(emulated.native("GET", "messages")["messages"])
    push(emulated, 150, "MINE.APP", "queue", "count", app="a")
    emulated.settle()
    assert rule(one, alarm)["alarm_state"] == "alarm" and size(call, made) == (2, 2)
    push(emulated, 50, "MINE.APP", "queue", "count", app="b")
    emulated.settle()
    assert rule(one, alarm)["alarm_state"] == "alarm"
    emulated.advance(2)
    push(emulated, 50, "MINE.APP", "queue", "count", app="a")
    emulated.settle()
    assert rule(one, alarm)["alarm_state"] == "ok"
    told = [m for m in emulated.native("GET", "messages")["messages"][after:] if urn in str(m["target"])]
    assert [m["body"]["alarm_status"] for m in told] == ["alarm", "ok"]
    end = now_ms(emulated)
    body = {"metrics": [mine], "from": end - 600_000, "to": end + 1000, "period": "1", "filter": "average"}
    (found,) = one("batch_list_metric_data", body=body)["metrics"]
    assert [p["average"] for p in found["datapoints"]] == [150, 50] and found["unit"] == "count"
    # It survives a restart, and what has fired is not fired again.
    emulated.restart()
    emulated.settle()
    assert rule(one, alarm)["alarm_state"] == "ok" and size(call, made) == (2, 2)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"alarm_name": ""}, "ces.0014"),
        ({"alarm_name": "n" * 129}, "ces.0014"),
        ({"alarm_name": "a b"}, "ces.0014"),
        ({"alarm_description": "d" * 257}, "ces.0014"),
        ({"alarm_level": 5}, "ces.0014"),
        ({"alarm_type": "NONE"}, "ces.0014"),
        ({"condition": {"period": 7}}, "ces.0014"),
        ({"condition": {"count": 6}}, "ces.0014"),
        ({"condition": {"filter": "median"}}, "ces.0014"),
        ({"condition": {"comparison_operator": "~"}}, "ces.0014"),
        ({"alarm_type": "EVENT.SYS", "condition": {"comparison_operator": "cycle_wave"}}, "ces.0014"),
        ({"condition": {"suppress_duration": 1}}, "ces.0014"),
        ({"condition": {"unit": "u" * 33}}, "ces.0014"),
        ({"alarm_actions": [{"type": "autoscaling", "notificationList": ["x"]}]}, "ces.0014"),
        ({"alarm_actions": [{"type": "notification", "notificationList": []}]}, "ces.0014"),
        ({"metric": {"namespace": "SYS", "metric_name": "m", "dimensions": [{"name": "a", "value": "b"}]}}, "ces.0014"),
        ({"metric": {"namespace": "SYS.AS", "metric_name": "1m", "dimensions": [{"name": "a", "value": "b"}]}}, "ces.0014"),
        ({"metric": {"namespace": "SYS.AS", "metric_name": "m", "dimensions": []}}, "ces.0014"),
    ],
    ids=str,
)
def test_a_rule_is_refused(eye, change, code):
    call, made = eye
    condition = {"period": 300, "filter": "average", "comparison_operator": ">=", "value": 80, "unit": "%", "count": 1}
    body = {
        "alarm_name": "cpu",
        "metric": {"namespace": "SYS.AS", "metric_name": "cpu_util", "dimensions": [{"name": GROUP, "value": made}]},
    } | change
    body["condition"] = condition | change.get("condition", {})
    assert refused(call, "create_alarm", body=body) == (400, code)
    assert call("list_alarms")["metric_alarms"] == []


def test_a_rule_of_the_second_generation_is_refused_by_the_name_of_what_is_not_right(emulated):
    _, _, two = clients(emulated)
    made = "47683a91-93ee-462a-a7d7-484c006f4440"
    for change in (
        {"alarm_template_id": "at1628592157541dB1klWgY6"},
        {"effective_timezone": "UTC"},
        {"effective_timezone": "GMT+8"},
        {"notification_begin_time": "eight"},
        {"resource_level": "all"},
        {"type": "EVERYTHING"},
    ):
        (name,) = change
        with pytest.raises(ClientRequestException) as wrong:
            two("create_alarm_rules", body=v2_rule(made, **change))
        assert (wrong.value.status_code, wrong.value.error_code) == (400, "ces.0014"), change
        assert f"`{name}`" in wrong.value.error_msg and change[name] in wrong.value.error_msg
    assert two("list_alarm_rules")["count"] == 0


def test_a_metric_is_compared_with_the_period_before(emulated):
    call, one, two = clients(emulated)
    made = group(call, 1)
    emulated.settle()
    drop = alarm_rule(emulated, made, condition={"comparison_operator": "cycle_decrease", "value": 50})
    body = v2_rule(made)
    body["policies"][0] |= {"comparison_operator": "cycle_increase", "value": 50}
    rise = two("create_alarm_rules", body=body)["alarm_id"]
    policy(call, made, alarm_id=rise, cool_down_time=0)
    states = []
    for value in (40, 70, 50, 20):
        push(emulated, value, **{GROUP: made})
        emulated.advance(300)
        emulated.settle()
        states.append((rule(one, drop)["alarm_state"], rule(one, rise)["alarm_state"]))
    unknown = "insufficient_data"
    assert states == [(unknown, unknown), ("ok", "alarm"), ("ok", "ok"), ("alarm", "ok")]
    assert size(call, made) == (2, 2)
    (history, *_) = two("list_alarm_histories", alarm_id=[rise], status=["alarm"])["alarm_histories"]
    assert [point["value"] for point in history["data_points"]] == [70, 40]
    assert history["mask_status"] == "UN_MASKED" and history["alarm_recovery_time"] == history["end_time"]
    assert two("list_alarm_histories", alarm_type="event")["count"] == 0
    assert two("list_alarm_histories", alarm_type="metric", limit=1)["count"] > 1


@pytest.fixture(scope="module")
def eye(tmp_path_factory):
    """Cloud Eye, and a group's id: no rule is ever made."""
    from conftest import Server

    one = Server(tmp_path_factory.mktemp("eye") / "data", "--emulate")
    yield neighbour(one, "ces", "v1"), "47683a91-93ee-462a-a7d7-484c006f4440"
    one.close()


def test_an_alarm_sizes_a_bandwidth_by_its_value(emulated):
    call, _, _ = clients(emulated)
    made = group(call, 1)
    emulated.settle()
    high = alarm_rule(emulated, made)
    body = {
        "scaling_policy_name": "wide", "scaling_resource_id": "b1c2d3e4-0000-4111-8222-333344445555",
        "scaling_resource_type": "BANDWIDTH", "scaling_policy_type": "INTERVAL_ALARM", "alarm_id": high, "cool_down_time": 0,
        "interval_alarm_actions": [
            {"lower_bound": 0.0, "upper_bound": 90.0, "operation": "SET", "size": 50},
            {"lower_bound": 90.0, "operation": "SET", "size": 300},
        ],
    }
    wide = call("create_scaling_v2_policy", body=body)["scaling_policy_id"]

    def logs():
        got = call("list_scaling_policy_execute_logs", scaling_policy_id=wide)["scaling_policy_execute_log"]
        return [(log["status"], log["execute_type"], log["old_value"], log["desire_value"]) for log in got]

    push(emulated, 95, **{GROUP: made})
    emulated.advance(300)
    emulated.settle()
    assert logs() == [("SUCCESS", "ALARM", "1", "300")]
    push(emulated, 10, **{GROUP: made})
    emulated.advance(300)
    push(emulated, 85, **{GROUP: made})
    emulated.advance(300)
    emulated.settle()
    assert logs() == [("SUCCESS", "ALARM", "300", "50"), ("SUCCESS", "ALARM", "1", "300")]
