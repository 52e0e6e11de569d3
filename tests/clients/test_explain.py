"""Explanations and the storm brake, through the API: what stood in the way, who leaves, what a restart keeps."""

from urllib.request import urlopen

from conftest import group_of
from test_emulate import group, refusal

REPLACE = {"ServiceSettings": {"ReplaceMonitorUnhealthy": True}}


def explain(server, group):
    return server.native("GET", f"groups/{group}/explain")


def entries(server, group):
    return explain(server, group)["evaluations"]


def codes(server, group):
    return {reason["code"] for entry in entries(server, group) for reason in entry["why"]}


def clamps(server, group):
    found = [clamp for entry in entries(server, group) for reason in entry["why"] for clamp in reason["clamps"]]
    return {clamp["kind"]: clamp for clamp in found}


def members(call, group):
    found = call("DescribeAutoScalingInstances", Filters=[{"Name": "auto-scaling-group-id", "Values": [group]}])
    return {i["InstanceId"] for i in found["AutoScalingInstanceSet"]}


def replacements(call, group):
    filters = [{"Name": "auto-scaling-group-id", "Values": [group]},
               {"Name": "activity-type", "Values": ["REPLACE_UNHEALTHY_INSTANCE"]}]
    return [a["StatusCode"] for a in call("DescribeAutoScalingActivities", Filters=filters)["ActivitySet"]]


def counted(server, reason):
    text = urlopen(f"http://{server.address}/metrics").read().decode()
    lines = [line for line in text.splitlines() if line.startswith("muster_evaluation_reasons_total")]
    return sum(float(line.split()[-1]) for line in lines if f'"{reason}"' in line)


def test_an_evaluation_tells_its_decision_victims_and_clamps(emulated):
    call = emulated.sdk()
    made = group(call, 3)
    emulated.settle()
    preview = explain(emulated, made)["would_leave"]
    assert len(preview) == 3 and all("oldest" in victim["why"][0] for victim in preview)
    assert members(call, made) == {victim["instance"] for victim in preview}, "nobody was taken"
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=1)
    emulated.settle()
    last = [entry for entry in entries(emulated, made) if entry["trigger"] == "set_desired"][-1]
    assert [victim["instance"] for victim in last["victims"]] == [v["instance"] for v in preview[:2]]
    assert last["decision"]["desired"] == [3, 1] and last["decision"]["leave"] == 2
    assert [started["kind"] for started in last["decision"]["started"]] == ["ScaleIn"]
    assert len(last["why"]) == len(last["reasons"]) and last["why"][0]["code"] == "leaving"
    why = explain(emulated, made)["last_activity"]["why"]
    assert why == last["reasons"][0]
    assert clamps(emulated, made)["busy"]["activity"].startswith("asa-")
    call("DisableAutoScalingGroup", AutoScalingGroupId=made)
    emulated.advance(60)
    assert "disabled" in clamps(emulated, made)
    assert counted(emulated, "leaving") >= 1 and counted(emulated, "busy") >= 1
    idle = entries(emulated, made)[-1]
    assert idle["decision"] == {} and idle["count"] >= 3, "the same is told once"
    emulated.restart()
    assert explain(emulated, made)["last_activity"]["why"] == why
    assert refusal(call, "DeleteAutoScalingGroup", AutoScalingGroupId="asg-00000000")


def all_turn(server, machines, health):
    """All turn unhealthy, or healthy, between two listings: without the fault each is noticed as soon as it is told."""
    server.faults({"op": "describe", "effect": "error"})
    for machine in machines:
        server.native("POST", f"machines/{machine}/{health}")
    server.faults()


def test_a_storm_is_ridden_out_and_the_brake_says_why(emulated):
    call = emulated.sdk()
    made = group(call, 6, **REPLACE)
    emulated.settle()
    emulated.advance(3600)
    before = members(call, made)
    all_turn(emulated, before, "unhealthy")
    emulated.advance(20)
    assert replacements(call, made) == ["SUCCESSFUL"], "one at a time"
    assert len(members(call, made) & before) == 5
    assert explain(emulated, made)["storm"]["replaced"] == 1
    assert clamps(emulated, made)["storm"]["sick"] == 5
    # New machines turn unhealthy as well, as soon as they are there.
    for _ in range(200):
        if explain(emulated, made)["brake"]:
            break
        all_turn(emulated, members(call, made), "unhealthy")
        emulated.advance(10)
    brake = explain(emulated, made)["brake"]
    assert (brake["kind"], brake["failures"]) == ("Replacements", 5) and "unhealthy" in brake["reason"]
    assert replacements(call, made) == ["FAILED"] + ["SUCCESSFUL"] * 5, "it stopped, and says so"
    advices = call("DescribeAutoScalingAdvices", AutoScalingGroupIds=[made])["AutoScalingAdviceSet"][0]["Advices"]
    assert "ReplacementBrakeEngaged" in [advice["Problem"] for advice in advices]
    stopped = members(call, made)
    emulated.advance(86_400)
    assert members(call, made) == stopped and group_of(call, made)["InServiceInstanceCount"] == 6
    # They get well: the brake is released by itself, and single ones are replaced at once again.
    all_turn(emulated, stopped, "healthy")
    emulated.advance(20)
    assert explain(emulated, made)["brake"] is None and members(call, made) == stopped
    assert "brake_released" in codes(emulated, made)
    emulated.native("POST", f"machines/{sorted(stopped)[0]}/unhealthy")
    emulated.advance(20)
    assert len(members(call, made) & stopped) == 5 and group_of(call, made)["InServiceInstanceCount"] == 6
