"""Scaling policies with the real SDK: pushed metrics, alarms, targets, gaps, cooldown, warm-up, explanations."""

from datetime import datetime, timedelta

import pytest
from conftest import group_of
from test_emulate import group, refusal

ALARM = {"ComparisonOperator": "GREATER_THAN", "MetricName": "CPU_UTILIZATION", "Threshold": 80, "Period": 60,
         "ContinuousTime": 2}


def push(server, group, value, metric="cpu_util", **more):
    point = {"group": group, "metric": metric, "value": value} | more
    return server.native("POST", "metrics", {"points": [point]})


def minutes(server, group, *values):
    for value in values:
        push(server, group, value)
        server.advance(60)


def simple(call, group, name="busy", value=1, **more):
    settings = {"AdjustmentType": "CHANGE_IN_CAPACITY", "Cooldown": 300, "MetricAlarm": ALARM} | more
    made = call("CreateScalingPolicy", AutoScalingGroupId=group, ScalingPolicyName=name, AdjustmentValue=value,
                **settings)
    return made["AutoScalingPolicyId"]


def activities(call, group):
    found = call("DescribeAutoScalingActivities", Filters=[{"Name": "auto-scaling-group-id", "Values": [group]}])
    return [(a["ActivityType"], a["StatusCode"], a["Cause"]) for a in found["ActivitySet"]]


def reasons(server, group):
    told = server.native("GET", f"groups/{group}/explain")
    return [reason for evaluation in told["evaluations"] for reason in evaluation["reasons"]]


def test_an_alarm_scales_out_once_and_then_cools_down(emulated):
    call = emulated.sdk()
    made = group(call, 1)
    emulated.settle()
    simple(call, made)
    minutes(emulated, made, 95)
    assert group_of(call, made)["DesiredCapacity"] == 1, "one period of two"
    minutes(emulated, made, 95)
    assert group_of(call, made)["InServiceInstanceCount"] == 2
    assert activities(call, made)[0][:2] == ("SCALE_OUT", "SUCCESSFUL")
    assert "alarm" in activities(call, made)[0][2] or "policy" in activities(call, made)[0][2]
    minutes(emulated, made, 95, 95, 95)
    assert group_of(call, made)["DesiredCapacity"] == 2, "held back by its cooldown"
    assert any("cooling down" in reason for reason in reasons(emulated, made))
    minutes(emulated, made, 95, 95, 95)
    assert group_of(call, made)["DesiredCapacity"] == 3


def test_missing_data_never_scales_in(emulated):
    call = emulated.sdk()
    made = group(call, 3)
    emulated.settle()
    low = ALARM | {"ComparisonOperator": "LESS_THAN", "Threshold": 20, "ContinuousTime": 3}
    simple(call, made, "idle", -1, MetricAlarm=low)
    emulated.advance(3600)
    minutes(emulated, made, 5, 5)
    emulated.advance(7200)
    assert group_of(call, made)["DesiredCapacity"] == 3
    assert any("a gap is no value" in reason for reason in reasons(emulated, made))
    minutes(emulated, made, 5, 5, 5)
    assert group_of(call, made)["DesiredCapacity"] == 2


def test_a_late_point_completes_a_period_at_once_and_survives_a_kill(emulated):
    call = emulated.sdk()
    made = group(call, 1)
    emulated.settle()
    simple(call, made)
    push(emulated, made, 95)
    emulated.advance(150)
    emulated.restart()
    now = emulated.native("GET", "clock")["now"]
    # The second period lies between 60 and 120 s after the policy was made: some moment of it is past.
    late = datetime.fromisoformat(now.replace("Z", "+00:00")) - timedelta(seconds=60)
    push(emulated, made, 95, at=late.isoformat())
    emulated.settle()
    assert group_of(call, made)["DesiredCapacity"] == 2


def test_a_target_is_tracked_with_warm_up(emulated):
    call = emulated.sdk()
    made = group(call, 2)
    emulated.settle()
    call("CreateScalingPolicy", AutoScalingGroupId=made, ScalingPolicyName="track", ScalingPolicyType="TARGET_TRACKING",
         PredefinedMetricType="ASG_AVG_CPU_UTILIZATION", TargetValue=50, EstimatedInstanceWarmup=120)
    shown = call("DescribeScalingPolicies")["ScalingPolicySet"][0]
    assert [a["PreciseThreshold"] for a in shown["MetricAlarms"]] == [50, 45]
    assert shown["AdjustmentType"] is None and shown["MetricAlarm"] is None
    minutes(emulated, made, 90, 90, 90)
    assert group_of(call, made)["DesiredCapacity"] == 4
    of_group = [{"Name": "auto-scaling-group-id", "Values": [made]}]
    warmups = [i["WarmupStatus"] for i in call("DescribeAutoScalingInstances", Filters=of_group)["AutoScalingInstanceSet"]]
    assert sorted(warmups) == ["IN_WARMUP"] * 2 + ["NO_NEED_WARMUP"] * 2
    emulated.advance(120)
    warmups = [i["WarmupStatus"] for i in call("DescribeAutoScalingInstances", Filters=of_group)["AutoScalingInstanceSet"]]
    assert sorted(warmups) == ["AFTER_WARMUP"] * 2 + ["NO_NEED_WARMUP"] * 2
    minutes(emulated, made, *[10] * 20)
    assert group_of(call, made)["DesiredCapacity"] == 1


def test_executed_by_a_call(emulated):
    call = emulated.sdk()
    made = group(call, 1)
    emulated.settle()
    policy = simple(call, made, AdjustmentType="PERCENT_CHANGE_IN_CAPACITY", value=10)
    activity = call("ExecuteScalingPolicy", AutoScalingPolicyId=policy)["ActivityId"]
    emulated.settle()
    found = call("DescribeAutoScalingActivities", ActivityIds=[activity])["ActivitySet"][0]
    assert found["StatusCode"] == "SUCCESSFUL" and group_of(call, made)["InServiceInstanceCount"] == 2
    refused = refusal(call, "ExecuteScalingPolicy", AutoScalingPolicyId=policy, HonorCooldown=True)
    assert refused == "FailedOperation.NoActivityToGenerate"
    call("DisableAutoScalingGroup", AutoScalingGroupId=made)
    assert refusal(call, "ExecuteScalingPolicy", AutoScalingPolicyId=policy) == "ResourceInUse.AutoScalingGroupNotActive"


@pytest.mark.parametrize(
    "point",
    [
        {"metric": "cpu_util", "value": 1},
        {"group": "asg-zzzzzzzz", "metric": "cpu_util", "value": 1},
        {"instance": "ins-00000000", "metric": "cpu_util", "value": 1},
        {"metric": "cpu util", "value": 1},
        {"metric": "cpu_util", "value": "high"},
        {"metric": "cpu_util", "value": 1, "at": "yesterday"},
        {"metric": "cpu_util", "value": 1, "at": "2999-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_bad_points_are_refused_as_a_whole(emulated, point):
    made = group(emulated.sdk(), 0)
    if not {"group", "instance"} & point.keys() and "metric" in point and point != {"metric": "cpu_util", "value": 1}:
        point = point | {"group": made}
    good = {"group": made, "metric": "cpu_util", "value": 50}
    status, answer = emulated.native("POST", "metrics", {"points": [good, point]})
    assert status in (400, 404), answer
    assert emulated.native("GET", f"groups/{made}/explain")["metrics"] == []
