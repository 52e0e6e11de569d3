"""The README's first group, with the command line and with the SDK, on real processes."""

import base64
import os
import signal

from conftest import eventually, processes_of, wait_until

SCRIPT = base64.b64encode(b"#!/bin/sh\necho serving on $PORT\nexec sleep 86400\n").decode()


def instances_running(server):
    return sorted(set(processes_of(server.data).values()))


def first_group(call, desired, script=SCRIPT, **more):
    config = call(
        "CreateLaunchConfiguration",
        LaunchConfigurationName="first",
        ImageId="img-12345678",
        InstanceType="S5.SMALL1",
        UserData=script,
    )["LaunchConfigurationId"]
    place = {"VpcId": "vpc-12345678", "SubnetIds": ["subnet-12345678"]}
    settings = {"AutoScalingGroupName": "web", "MinSize": 0, "MaxSize": 20} | place | more
    return call(
        "CreateAutoScalingGroup",
        LaunchConfigurationId=config,
        DesiredCapacity=desired,
        **settings,
    )["AutoScalingGroupId"]


def test_five_commands_with_the_command_line(server):
    s = server()
    config = s.tccli(
        "CreateLaunchConfiguration",
        *("--LaunchConfigurationName", "first", "--ImageId", "img-12345678"),
        *("--InstanceType", "S5.SMALL1", "--UserData", SCRIPT),
    )["LaunchConfigurationId"]
    group = s.tccli(
        "CreateAutoScalingGroup",
        *("--AutoScalingGroupName", "web", "--LaunchConfigurationId", config, "--MinSize", "0", "--MaxSize", "6"),
        *("--DesiredCapacity", "3", "--VpcId", "vpc-12345678", "--SubnetIds", '["subnet-12345678"]'),
    )["AutoScalingGroupId"]
    call = s.sdk()
    wait_until(call, group, 3)
    shown = s.tccli("DescribeAutoScalingInstances")
    assert shown["TotalCount"] == 3
    assert sorted(i["InstanceId"] for i in shown["AutoScalingInstanceSet"]) == instances_running(s)
    s.tccli("ModifyDesiredCapacity", "--AutoScalingGroupId", group, "--DesiredCapacity", "1")
    wait_until(call, group, 1)
    activities = s.tccli("DescribeAutoScalingActivities")["ActivitySet"]
    assert [a["ActivityType"] for a in activities] == ["SCALE_IN", "SCALE_OUT"]


def test_kill_scale_and_restart_with_the_sdk(server):
    s = server()
    call = s.sdk()
    group = first_group(call, 3)
    wait_until(call, group, 3)
    before = instances_running(s)
    assert len(before) == 3

    pid, victim = next(iter(processes_of(s.data).items()))
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: victim not in instances_running(s))
    wait_until(call, group, 3)
    # The loss is noticed by itself; the group may have looked whole for a moment before it was.
    def replaced():
        types = [a["ActivityType"] for a in call("DescribeAutoScalingActivities")["ActivitySet"]]
        return "TERMINATE_INSTANCES_UNEXPECTEDLY" in types and types[0] == "SCALE_OUT"

    eventually(replaced)
    wait_until(call, group, 3)
    assert victim not in instances_running(s)

    call("ModifyDesiredCapacity", AutoScalingGroupId=group, DesiredCapacity=5)
    wait_until(call, group, 5)
    shown = call("DescribeAutoScalingInstances")["AutoScalingInstanceSet"]
    newest = max(shown, key=lambda i: i["AddTime"])["AddTime"]
    call("ModifyDesiredCapacity", AutoScalingGroupId=group, DesiredCapacity=1)
    wait_until(call, group, 1)
    left = call("DescribeAutoScalingInstances")["AutoScalingInstanceSet"]
    assert [i["AddTime"] for i in left] == [newest], "the oldest leave first"
    assert instances_running(s) == [left[0]["InstanceId"]]

    s.restart()
    call = s.sdk()
    wait_until(call, group, 1)
    assert instances_running(s) == [left[0]["InstanceId"]], "the same machine is found again"
    s.stop()
    assert instances_running(s) == [left[0]["InstanceId"]], "machines outlive muster"


def test_a_script_that_fails_is_replaced_ever_more_slowly_and_noticed(server):
    s = server()
    call = s.sdk()
    config = call(
        "CreateLaunchConfiguration",
        LaunchConfigurationName="broken",
        ImageId="img-12345678",
        InstanceType="S5.SMALL1",
        UserData=base64.b64encode(b"#!/bin/sh\nexit 3\n").decode(),
    )["LaunchConfigurationId"]
    group = call(
        "CreateAutoScalingGroup",
        AutoScalingGroupName="broken",
        LaunchConfigurationId=config,
        DesiredCapacity=1,
        **{"MinSize": 0, "MaxSize": 1, "VpcId": "vpc-12345678", "SubnetIds": ["subnet-12345678"]},
    )["AutoScalingGroupId"]
    def backs_off():
        explained = s.native("GET", f"groups/{group}/explain")
        return any("in a row" in reason for e in explained["evaluations"] for reason in e["reasons"])

    eventually(backs_off)
    call("ModifyDesiredCapacity", AutoScalingGroupId=group, DesiredCapacity=0)
    wait_until(call, group, 0)
    assert instances_running(s) == []


def test_groups_and_accounts_do_not_see_each_other(server):
    import json
    import subprocess

    from conftest import BINARY

    s = server()
    group = first_group(s.sdk(), 0)
    made = subprocess.run(
        [BINARY, "account", "create", "other", "--data", str(s.data)], capture_output=True, text=True, check=True
    )
    key = json.loads(made.stdout)
    other = s.sdk(key=(key["access_key_id"], key["secret_access_key"]))
    assert other("DescribeAutoScalingGroups")["TotalCount"] == 0
    assert other("DescribeLaunchConfigurations")["TotalCount"] == 0
    made = subprocess.run(
        [BINARY, "account", "key", "muster", "--read-only", "--data", str(s.data)],
        capture_output=True, text=True, check=True,
    )
    key = json.loads(made.stdout)
    reader = s.sdk(key=(key["access_key_id"], key["secret_access_key"]))
    assert reader("DescribeAutoScalingGroups")["TotalCount"] == 1
    refused = None
    try:
        reader("DeleteAutoScalingGroup", AutoScalingGroupId=group)
    except Exception as error:
        refused = error.code
    assert refused == "AuthFailure.UnauthorizedOperation"
    mode = (s.data / "credentials.json").stat().st_mode & 0o777
    assert mode == 0o600
    secrets = [json.loads(made.stdout)["secret_access_key"], s.key[1]]
    s.stop()
    for secret in secrets:
        assert secret.encode() not in (s.data / "muster.db").read_bytes(), "secrets are encrypted at rest"
        assert secret not in s.data.with_suffix(".log").read_text()
