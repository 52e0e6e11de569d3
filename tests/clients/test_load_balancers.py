"""Load balancers: who gets load, and when."""

import random
import time

from conftest import eventually, group_of, wait_until
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from test_emulate import group, refusal


def listener(name, *ports, weight=10, location=None):
    targets = [{"Port": port, "Weight": weight} for port in ports]
    place = {"LocationId": location} if location else {}
    return {"LoadBalancerId": "lb-12345678", "ListenerId": name, "TargetAttributes": targets} | place


def members(server, listener="lbl-12345678", lb="lb-12345678"):
    """Machine -> port, weight, state of the members of a listener."""
    found = {}
    for balancer in server.native("GET", "balancers")["balancers"]:
        for one in balancer["listeners"]:
            if (balancer["lb"], one["listener"]) == (lb, listener):
                for member in one["members"]:
                    found.setdefault(member["machine"], []).append((member["port"], member["weight"], member["state"]))
    return found


def states(call, made):
    shown = call("DescribeAutoScalingInstances", Filters=[{"Name": "auto-scaling-group-id", "Values": [made]}])
    return {one["InstanceId"]: one["LifeCycleState"] for one in shown["AutoScalingInstanceSet"]}


def test_the_members_are_what_is_in_service(emulated):
    call = emulated.sdk()
    made = group(call, 2, ForwardLoadBalancers=[listener("lbl-12345678", 80, 81)])
    emulated.settle()
    expected = [(80, 10, "active"), (81, 10, "active")]
    assert members(emulated) == {machine["id"]: expected for machine in emulated.machines()}
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=3)
    emulated.settle()
    assert len(members(emulated)) == 3
    call("ScaleInInstances", AutoScalingGroupId=made, ScaleInNumber=2)
    emulated.settle()
    assert set(members(emulated)) == set(states(call, made)) and len(members(emulated)) == 1
    only = next(iter(members(emulated)))
    call("DetachInstances", AutoScalingGroupId=made, InstanceIds=[only])
    emulated.settle()
    assert members(emulated) == {} and [m["id"] for m in emulated.machines()] == [only], "it lives, without load"
    call("AttachInstances", AutoScalingGroupId=made, InstanceIds=[only])
    emulated.settle()
    assert members(emulated) == {only: expected}


def test_the_balancers_change_under_a_running_group(emulated):
    call = emulated.sdk()
    made = group(call, 1)
    emulated.settle()
    assert emulated.native("GET", "balancers") == {"balancers": []}
    activity = call("AttachLoadBalancers", AutoScalingGroupId=made, LoadBalancerIds=["lb-aaaaaaaa"])["ActivityId"]
    emulated.settle()
    assert len(members(emulated, "lb-aaaaaaaa", "lb-aaaaaaaa")) == 1
    done = call("DescribeAutoScalingActivities", ActivityIds=[activity])["ActivitySet"][0]
    assert done["StatusCode"] == "SUCCESSFUL" and len(done["ActivityRelatedInstanceSet"]) == 1
    call("ModifyLoadBalancers", AutoScalingGroupId=made, ForwardLoadBalancers=[listener("lbl-12345678", 80)])
    emulated.settle()
    assert members(emulated, "lb-aaaaaaaa", "lb-aaaaaaaa") == {}
    changed = [listener("lbl-12345678", 80, weight=77)]
    call("ModifyLoadBalancerTargetAttributes", AutoScalingGroupId=made, ForwardLoadBalancers=changed)
    emulated.settle()
    assert list(members(emulated).values()) == [[(80, 77, "active")]]
    shown = group_of(call, made)
    assert shown["LoadBalancerIdSet"] == []
    never_null = {"LocationId": "", "Region": "ap-guangzhou"}
    assert shown["ForwardLoadBalancerSet"] == [changed[0] | never_null]
    same = {"AutoScalingGroupId": made, "ForwardLoadBalancers": shown["ForwardLoadBalancerSet"]}
    assert refusal(call, "ModifyLoadBalancers", **same) == "FailedOperation.NoActivityToGenerate"
    gone = [{"LoadBalancerId": "lb-12345678", "ListenerId": "lbl-12345678"}]
    call("DetachLoadBalancers", AutoScalingGroupId=made, ForwardLoadBalancerIdentifications=gone)
    emulated.settle()
    assert emulated.native("GET", "balancers") == {"balancers": []}
    again = {"AutoScalingGroupId": made, "ForwardLoadBalancerIdentifications": gone}
    assert refusal(call, "DetachLoadBalancers", **again) == "ResourceNotFound.LoadBalancerNotInAutoScalingGroup"


def test_what_the_balancer_finds_unhealthy_is_replaced_after_the_grace_period(emulated):
    call = emulated.sdk()
    made = group(
        call,
        1,
        ForwardLoadBalancers=[listener("lbl-12345678", 80)],
        LoadBalancerHealthCheckGracePeriod=60,
        ServiceSettings={"ReplaceLoadBalancerUnhealthy": True},
    )
    emulated.settle()
    before = emulated.machines()[0]
    path = "balancers/lb-12345678/listeners/lbl-12345678/members"
    emulated.native("POST", f"{path}/{before['uuid']}/unhealthy")
    emulated.settle()
    assert list(states(call, made)) == [before["id"]], "inside the grace period"
    emulated.advance(120)
    assert before["id"] not in states(call, made) and len(states(call, made)) == 1
    assert set(members(emulated)) == set(states(call, made))
    assert emulated.native("POST", f"{path}/{before['id']}/unhealthy")[0] == 404
    assert emulated.native("POST", f"{path}/{next(iter(members(emulated)))}/odd")[0] == 404


def test_without_replacement_the_verdict_is_shown(emulated):
    call = emulated.sdk()
    group(call, 1, ForwardLoadBalancers=[listener("lbl-12345678", 80)])
    emulated.settle()
    machine = emulated.machines()[0]["id"]
    for verdict, shown in [("unhealthy", "CLB_UNHEALTHY"), ("healthy", "HEALTHY")]:
        emulated.native("POST", f"balancers/lb-12345678/listeners/lbl-12345678/members/{machine}/{verdict}")
        emulated.settle()
        assert call("DescribeAutoScalingInstances")["AutoScalingInstanceSet"][0]["HealthStatus"] == shown


def test_a_balancer_that_does_not_answer_holds_nobody_for_ever(emulated):
    call = emulated.sdk()
    made = group(call, 1, ForwardLoadBalancers=[listener("lbl-12345678", 80)])
    emulated.settle()
    machine = emulated.machines()[0]["id"]
    emulated.faults({"op": "lb_detach", "effect": "error"})
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=0)
    emulated.settle()
    assert states(call, made) == {machine: "DETACHING_LB"}
    assert members(emulated) == {machine: [(80, 10, "draining")]}
    emulated.advance(120)
    assert states(call, made) == {} and emulated.machines() == []
    assert members(emulated) == {machine: [(80, 10, "draining")]}, "the balancer still has it"
    emulated.faults()
    emulated.advance(20)
    assert members(emulated) == {}, "it is taken off as soon as the balancer answers"


def test_a_launch_that_cannot_be_bound_fails_with_its_reason(emulated):
    call = emulated.sdk()
    made = group(call, 0, ForwardLoadBalancers=[listener("lbl-12345678", 80)])
    emulated.faults({"op": "lb_attach", "effect": "timeout_done", "times": 1})
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    emulated.settle()
    assert list(states(call, made).values()) == ["ATTACHING_LB"]
    emulated.advance(10)
    assert list(states(call, made).values()) == ["IN_SERVICE"], "asked again"
    emulated.faults({"op": "lb_attach", "effect": "error"})
    activity = call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)["ActivityId"]
    emulated.advance(600)
    failed = call("DescribeAutoScalingActivities", ActivityIds=[activity])["ActivitySet"][0]
    assert failed["StatusCode"] == "FAILED" and "lb-12345678" in failed["StatusMessage"]
    assert len(emulated.machines()) == 1 and len(members(emulated)) == 1


def test_the_members_survive_a_kill_and_the_work_goes_on(emulated):
    call = emulated.sdk()
    made = group(call, 2, ForwardLoadBalancers=[listener("lbl-12345678", 80)])
    emulated.settle()
    before = members(emulated)
    emulated.faults({"op": "lb_attach", "effect": "hang"})
    call("AttachLoadBalancers", AutoScalingGroupId=made, ForwardLoadBalancers=[listener("lbl-aaaaaaaa", 90)])
    emulated.restart()
    emulated.settle()
    assert members(emulated) == before
    assert len(members(emulated, "lbl-aaaaaaaa")) == 2, "what was begun is done"
    assert set(states(call, made).values()) == {"IN_SERVICE"}


def test_a_refreshed_instance_serves_when_its_balancer_finds_it_healthy(emulated):
    call = emulated.sdk()
    made = group(call, 2, ForwardLoadBalancers=[listener("lbl-12345678", 80)])
    emulated.settle()
    sick, well = sorted(states(call, made))
    verdict = "balancers/lb-12345678/listeners/lbl-12345678/members"
    emulated.native("POST", f"{verdict}/{sick}/unhealthy")
    settings = {
        "RollingUpdateSettings": {"BatchNumber": 1, "FailProcess": "AUTO_PAUSE"},
        "CheckInstanceTargetHealth": True,
    }
    refresh = call("StartInstanceRefresh", AutoScalingGroupId=made, RefreshSettings=settings)["RefreshActivityId"]
    emulated.settle()
    assert states(call, made) == {sick: "ATTACHING_LB", well: "IN_SERVICE"}
    emulated.advance(1900)
    shown = call("DescribeRefreshActivities", RefreshActivityIds=[refresh])["RefreshActivitySet"][0]
    assert shown["Status"] == "FAILED_PAUSE"
    assert states(call, made) == {sick: "STANDBY", well: "IN_SERVICE"}
    assert members(emulated) == {sick: [(80, 0, "active")], well: [(80, 10, "active")]}
    emulated.native("POST", f"{verdict}/{sick}/healthy")
    call("ResumeInstanceRefresh", AutoScalingGroupId=made, RefreshActivityId=refresh)
    emulated.settle()
    assert states(call, made) == {sick: "IN_SERVICE", well: "IN_SERVICE"}
    assert members(emulated)[sick] == [(80, 10, "active")]


def test_kills_at_any_moment_leave_the_members_right(emulated):
    dice = random.Random(1)
    made = group(emulated.sdk(), 2, ForwardLoadBalancers=[listener("lbl-0", 80)])
    for _ in range(10):
        call = emulated.sdk()
        effects = ["error", "timeout_done", "timeout_not_done"]
        emulated.faults(*[{"op": op, "effect": dice.choice(effects), "times": 2} for op in ("lb_attach", "lb_detach")])
        ports = [listener(f"lbl-{n}", 80, 90, weight=dice.randrange(100)) for n in range(dice.randrange(3))]
        for action, more in [
            ("ModifyDesiredCapacity", {"DesiredCapacity": dice.randrange(5)}),
            ("ModifyLoadBalancers", {"ForwardLoadBalancers": ports}),
        ]:
            try:
                call(action, AutoScalingGroupId=made, **more)
            except TencentCloudSDKException as busy:
                refusals = "ResourceUnavailable.AutoScalingGroupInActivity", "FailedOperation.NoActivityToGenerate"
                assert busy.code in refusals
            # A random moment is the point of this test, not a wait for something.
            time.sleep(dice.random() * 0.05)
            emulated.restart()
    emulated.faults()
    emulated.advance(3600)
    call = emulated.sdk()
    serving = {id for id, state in states(call, made).items() if state == "IN_SERVICE"}
    shown = group_of(call, made)
    assert shown["InActivityStatus"] == "NOT_IN_ACTIVITY" and len(serving) == shown["DesiredCapacity"]
    for one in shown["ForwardLoadBalancerSet"]:
        expected = sorted((t["Port"], t["Weight"], "active") for t in one["TargetAttributes"])
        found = members(emulated, one["ListenerId"])
        assert {machine: sorted(member) for machine, member in found.items()} == dict.fromkeys(serving, expected)
    bound = {one["ListenerId"] for one in shown["ForwardLoadBalancerSet"]}
    listed = emulated.native("GET", "balancers")["balancers"]
    assert {one["listener"] for lb in listed for one in lb["listeners"] if one["members"]} <= bound


def test_real_machines_are_told_of_in_the_table(server):
    one = server()
    call = one.sdk()
    made = group(call, 1, ForwardLoadBalancers=[listener("lbl-12345678", 80)])
    wait_until(call, made, 1)
    before = members(one)
    assert list(before.values()) == [[(80, 10, "active")]]
    one.restart()
    assert members(one) == before, "the table is there from the first answer on"
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=0)
    eventually(lambda: members(one) == {})
