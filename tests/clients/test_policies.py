"""Scaling policies with the real SDK: pushed metrics, alarms, targets, gaps, cooldown, warm-up, explanations."""

import json
import subprocess
from datetime import datetime, timedelta

import pytest
from conftest import BINARY, group_of
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


DEFAULTS = {
    "missing_data": "hold",
    "min_reporting": 0.5,
    "scale_out": {"stabilization_secs": 0, "max_step": None, "max_step_percent": None},
    "scale_in": {"stabilization_secs": 0, "max_step": None, "max_step_percent": None},
    "flap": None,
    "shadow": False,
}


def test_options_are_set_natively_and_survive_a_change_by_the_api_and_a_kill(emulated):
    call = emulated.sdk()
    made = group(call, 1)
    emulated.settle()
    policy = simple(call, made, value=4)
    shown = emulated.native("GET", f"policies/{policy}")
    assert shown == {"id": policy, "group": made, "name": "busy", "options": DEFAULTS}
    wanted = DEFAULTS | {"scale_out": {"stabilization_secs": 0, "max_step": 2, "max_step_percent": None}}
    assert emulated.native("PUT", f"policies/{policy}", {"scale_out": {"max_step": 2}})["options"] == wanted
    call("ModifyScalingPolicy", AutoScalingPolicyId=policy, ScalingPolicyName="busier")
    emulated.restart()
    assert emulated.native("GET", f"policies/{policy}") == shown | {"name": "busier", "options": wanted}
    minutes(emulated, made, 95, 95)
    assert group_of(call, made)["DesiredCapacity"] == 3
    assert any("one change goes no further than 3" in reason for reason in reasons(emulated, made))
    assert emulated.native("PUT", f"policies/{policy}", {})["options"] == DEFAULTS


def test_a_policy_in_shadow_only_says_what_it_would_do(emulated):
    call = emulated.sdk()
    made = group(call, 1)
    emulated.settle()
    policy = simple(call, made, value=4)
    emulated.native("PUT", f"policies/{policy}", {"shadow": True})
    minutes(emulated, made, 95, 95)
    assert group_of(call, made)["DesiredCapacity"] == 1
    assert any("it is in shadow: it would go to 5" in reason for reason in reasons(emulated, made))


def test_a_scale_in_needs_half_of_the_members_to_report(emulated):
    call = emulated.sdk()
    made = group(call, 4)
    emulated.settle()
    emulated.advance(60)
    low = ALARM | {"ComparisonOperator": "LESS_THAN", "Threshold": 20}
    simple(call, made, "idle", -1, MetricAlarm=low)
    members = sorted(machine["id"] for machine in emulated.machines())

    def report(some):
        points = [{"instance": member, "metric": "cpu_util", "value": 5} for member in some]
        emulated.native("POST", "metrics", {"points": points})
        emulated.advance(60)

    for _ in range(3):
        report(members[:1])
    assert group_of(call, made)["DesiredCapacity"] == 4
    assert any("1 of 4 members report" in reason for reason in reasons(emulated, made))
    for _ in range(2):
        report(members[:2])
    assert group_of(call, made)["DesiredCapacity"] == 3


@pytest.mark.parametrize(
    "options, told",
    [
        ({"shadows": True}, "shadows"),
        ({"missing_data": "zero"}, "zero"),
        ({"min_reporting": 1.5}, "min_reporting 1.5 is not 0 to 1"),
        ({"scale_in": {"max_step": 0}}, "scale_in.max_step 0 is not 1 to 2000"),
        ({"scale_out": {"stabilization_secs": 3601}}, "scale_out.stabilization_secs 3601 is not 0 to 3600"),
        ({"scale_out": {"stabilization_secs": -1}}, "-1"),
        ({"flap": {"reversals": 101, "within_secs": 60}}, "flap.reversals 101 is not 0 to 100"),
        ({"flap": {"reversals": 1}}, "within_secs"),
        ([], "sequence"),
        ({"scale_in": [60]}, "scale_in [60] is a list"),
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused_by_name(emulated, options, told):
    call = emulated.sdk()
    policy = simple(call, group(call, 0))
    status, answer = emulated.native("PUT", f"policies/{policy}", options)
    assert status == 400 and told in answer["error"]["message"], answer
    assert emulated.native("GET", f"policies/{policy}")["options"] == DEFAULTS


def test_options_are_of_those_who_may(emulated):
    call = emulated.sdk()
    policy = simple(call, group(call, 0))
    for absent in ("asp-zzzzzzzz", "nonsense"):
        assert emulated.native("GET", f"policies/{absent}")[0] == 404
        assert emulated.native("PUT", f"policies/{absent}", {})[0] == 404
    assert emulated.native("POST", f"policies/{policy}", {})[0] == 405
    reader = new_key(emulated, "key", "muster", "--read-only")
    assert emulated.native("GET", f"policies/{policy}", secret=reader)["options"] == DEFAULTS
    assert emulated.native("PUT", f"policies/{policy}", {}, secret=reader)[0] == 403
    other = new_key(emulated, "create", "other")
    assert emulated.native("GET", f"policies/{policy}", secret=other)[0] == 404
    assert emulated.native("PUT", f"policies/{policy}", {"shadow": True}, secret=other)[0] == 404
    assert emulated.native("GET", f"policies/{policy}")["options"] == DEFAULTS


def new_key(server, *arguments):
    """A key made on the command line: its secret, which the running server knows at once."""
    made = subprocess.run([BINARY, "account", *arguments, "--data", str(server.data)], capture_output=True, check=True)
    return json.loads(made.stdout)["secret_access_key"]
