"""Stop, start and standby through the real SDK: simulated, over a restart, and on real processes."""

import base64

from conftest import eventually, group_of, processes_of, wait_until
from test_emulate import config, group, refusal


def states(call):
    return sorted(i["LifeCycleState"] for i in call("DescribeAutoScalingInstances")["AutoScalingInstanceSet"])


def test_stopped_ones_are_woken_over_a_restart(emulated):
    call = emulated.sdk()
    made = group(call, 2, MaxSize=2, ServiceSettings={"ScalingMode": "WAKE_UP_STOPPED_SCALING"})
    emulated.settle()
    ids = [m["id"] for m in emulated.machines()]
    call("StopAutoScalingInstances", AutoScalingGroupId=made, InstanceIds=ids)
    emulated.settle()
    assert states(call) == ["STOPPED", "STOPPED"] and group_of(call, made)["DesiredCapacity"] == 0
    emulated.restart()
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=2)
    emulated.settle()
    assert states(call) == ["IN_SERVICE", "IN_SERVICE"]
    assert sorted(ids) == sorted(m["id"] for m in emulated.machines())


def test_standby_with_a_balancer_takes_no_load(emulated):
    call = emulated.sdk()
    targets = [{"Port": 80, "Weight": 10}]
    balancer = {"LoadBalancerId": "lb-1a2b3c4d", "ListenerId": "lbl-1a2b3c4d", "TargetAttributes": targets}
    made = group(call, 1, ForwardLoadBalancers=[balancer])
    emulated.settle()

    def weights():
        listed = emulated.native("GET", "balancers")["balancers"]
        return [m["weight"] for b in listed for one in b["listeners"] for m in one["members"]]

    assert weights() == [10]
    first = [emulated.machines()[0]["id"]]
    call("EnterStandby", AutoScalingGroupId=made, InstanceIds=first)
    emulated.settle()
    assert states(call) == ["STANDBY"] and weights() == [0]
    code = "FailedOperation.NoActivityToGenerate"
    assert refusal(call, "EnterStandby", AutoScalingGroupId=made, InstanceIds=first) == code
    call("ExitStandby", AutoScalingGroupId=made, InstanceIds=first)
    emulated.settle()
    assert states(call) == ["IN_SERVICE"] and weights() == [10]


def test_real_processes_stop_and_start(server):
    muster = server()
    call = muster.sdk()
    script = base64.b64encode(b"#!/bin/sh\nexec sleep 86400\n").decode()
    made = group(call, 2, LaunchConfigurationId=config(call, UserData=script))
    wait_until(call, made, 2)
    victim = sorted(processes_of(muster.data).values())[0]
    activity = call("StopAutoScalingInstances", AutoScalingGroupId=made, InstanceIds=[victim])["ActivityId"]

    def done(activity):
        def ended():
            shown = call("DescribeAutoScalingActivities", ActivityIds=[activity])["ActivitySet"][0]
            return shown["StatusCode"] == "SUCCESSFUL"

        eventually(ended)

    done(activity)
    assert victim not in processes_of(muster.data).values()
    done(call("StartAutoScalingInstances", AutoScalingGroupId=made, InstanceIds=[victim])["ActivityId"])
    wait_until(call, made, 2)
    assert victim in processes_of(muster.data).values()
