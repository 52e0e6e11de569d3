"""One group behind three doors, with the real SDK of each: tencentcloud-sdk-python, kingsoftcloud-sdk-python and
huaweicloudsdkas."""

import json

import pytest
from huawei import config as huawei_config
from huawei import group as huawei_group
from huawei import huawei, instances, shown
from test_ksyun import beijing, kingsoft

SUBNET = "1e3a9b8b-0833-4b29-9d3f-4a4188350591"


class Tencent:
    """What it makes, and what it shows of the one group."""

    def __init__(self, server):
        self.call = server.sdk()

    def make(self):
        call = self.call
        config = call(
            "CreateLaunchConfiguration",
            LaunchConfigurationName="made",
            ImageId="img-12345678",
            InstanceType="S5.SMALL1",
        )
        call(
            "CreateAutoScalingGroup",
            AutoScalingGroupName="group",
            LaunchConfigurationId=config["LaunchConfigurationId"],
            MinSize=0,
            DesiredCapacity=2,
            MaxSize=5,
            VpcId="vpc-12345678",
            SubnetIds=["subnet-12345678"],
        )

    def seen(self):
        group = self.call("DescribeAutoScalingGroups")["AutoScalingGroupSet"][0]
        sizes = [group[name] for name in ("MinSize", "DesiredCapacity", "MaxSize")]
        members = self.call("DescribeAutoScalingInstances")["AutoScalingInstanceSet"]
        states = [(m["LifeCycleState"], m["HealthStatus"], m["CreationType"]) for m in members]
        assert states == [("IN_SERVICE", "HEALTHY", "AUTO_CREATION")] * len(members)
        activities = self.call("DescribeAutoScalingActivities")["ActivitySet"]
        assert {a["StatusCode"] for a in activities} == {"SUCCESSFUL"}
        enabled = group["EnabledStatus"] == "ENABLED"
        return (group["AutoScalingGroupName"], group["LaunchConfigurationName"], sizes, len(members), enabled)


class Kingsoft:
    def __init__(self, server):
        self.call = kingsoft(server, "POST")

    def make(self):
        config = self.call(
            "CreateScalingConfiguration", ScalingConfigurationName="made", ImageId="IMG-1", InstanceType=["N3.2B"]
        )
        self.call(
            "CreateScalingGroup",
            ScalingGroupName="group",
            ScalingConfigurationId=config["ScalingConfigurationId"],
            MinSize=0,
            MaxSize=5,
            DesiredCapacity=2,
            RemovePolicy="RemoveOldestInstance",
            SubnetId=[SUBNET],
            SecurityGroupId=[SUBNET],
        )

    def group(self):
        return self.call("DescribeScalingGroup")["ScalingGroupSet"][0]

    def seen(self):
        group = self.group()
        sizes = [group[name] for name in ("MinSize", "DesiredCapacity", "MaxSize")]
        found = self.call("DescribeScalingInstance", ScalingGroupId=group["ScalingGroupId"])
        states = [(m["LifeCycleState"], m["HealthStatus"], m["CreationType"]) for m in found["ScalingInstanceSet"]]
        assert states == [("InService", "Healthy", "Auto")] * len(states)
        activities = self.call("DescribeScalingActivity", ScalingGroupId=group["ScalingGroupId"])
        assert {(a["Status"], a["Type"]) for a in activities["ScalingActivitySet"]} == {(2, 0)}
        names = (group["ScalingGroupName"], group["ScalingConfigurationName"])
        return (*names, sizes, len(states), group["Status"] == "Active")


class Huawei:
    def __init__(self, server):
        self.call = huawei(server)

    def make(self):
        config = huawei_config(self.call, "made")
        more = {"scaling_configuration_id": config, "max_instance_number": 5}
        huawei_group(self.call, 2, "group", **more)

    def group(self):
        return self.call("list_scaling_groups")["scaling_groups"][0]

    def seen(self):
        group = shown(self.call, self.group()["scaling_group_id"])
        sizes = [group[f"{name}_instance_number"] for name in ("min", "desire", "max")]
        members = instances(self.call, group["scaling_group_id"])
        states = [(m["life_cycle_state"], m["health_status"]) for m in members]
        assert states == [("INSERVICE", "NORMAL")] * len(members)
        logs = self.call("list_scaling_activity_logs", scaling_group_id=group["scaling_group_id"])
        assert {log["status"] for log in logs["scaling_activity_log"]} == {"SUCCESS"}
        names = (group["scaling_group_name"], group["scaling_configuration_name"])
        return (*names, sizes, len(members), group["scaling_group_status"] == "INSERVICE")


DOORS = [Tencent, Kingsoft, Huawei]


@pytest.mark.parametrize("maker", DOORS)
def test_what_one_door_makes_the_others_show(emulated, maker):
    maker(emulated).make()
    emulated.settle()
    for reader in DOORS:
        assert reader(emulated).seen() == ("group", "made", [0, 2, 5], 2, True), reader


def test_a_scheduled_action_is_a_policy_elsewhere_and_each_door_can_change_it(emulated):
    tencent, kingsoft, huawei = (door(emulated) for door in DOORS)
    tencent.make()
    emulated.settle()
    group = tencent.call("DescribeAutoScalingGroups")["AutoScalingGroupSet"][0]["AutoScalingGroupId"]
    # Mondays at three in China: Sunday evening in UTC, and day 1 is Sunday there.
    tencent.call(
        "CreateScheduledAction",
        AutoScalingGroupId=group,
        ScheduledActionName="mondays",
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=3,
        StartTime="2036-02-03T04:05:00+08:00",
        EndTime="2037-02-03T04:05:00+08:00",
        Recurrence="0 3 * * 1",
    )
    theirs = huawei.call("list_scaling_policies", scaling_group_id=huawei.group()["scaling_group_id"])
    [policy] = theirs["scaling_policies"]
    times = policy["scheduled_policy"]
    assert (policy["scaling_policy_type"], times["launch_time"]) == ("RECURRENCE", "19:00")
    assert (times["recurrence_type"], times["recurrence_value"]) == ("Weekly", "1")
    assert policy["scaling_policy_action"] == {"operation": "SET", "instance_number": 3}
    body = {"scaling_policy_action": {"operation": "SET", "instance_number": 2}}
    huawei.call("update_scaling_policy", scaling_policy_id=policy["scaling_policy_id"], body=body)
    [action] = tencent.call("DescribeScheduledActions")["ScheduledActionSet"]
    kept = [action[name] for name in ("MinSize", "DesiredCapacity", "MaxSize", "Recurrence")]
    assert kept == [1, 2, 4, "0 3 * * 1"]

    def tasks():
        own = {"ScalingGroupId": kingsoft.group()["ScalingGroupId"]}
        return own, kingsoft.call("DescribeScheduledTask", **own)["ScalingScheduleTaskSet"]

    own, [task] = tasks()
    assert (task["Recurrence"], task["StartTime"]) == ("0 3 * * 1", "2036-02-03 04:05:00")
    # A policy of Huawei that sets a number is a task here.
    body = {
        "scaling_policy_name": "once",
        "scaling_group_id": huawei.group()["scaling_group_id"],
        "scaling_policy_type": "SCHEDULED",
        "scheduled_policy": {"launch_time": "2036-02-03T04:05Z"},
        "scaling_policy_action": {"operation": "SET", "instance_number": 4},
    }
    huawei.call("create_scaling_policy", body=body)
    own, found = tasks()
    assert [t["ReadjustExpectSize"] for t in found] == [2, 4]
    for task in found:
        kingsoft.call("DeleteScheduledTask", ScalingScheduledTaskId=task["ScalingScheduledTaskId"], **own)
    assert tasks()[1] == [] == tencent.call("DescribeScheduledActions")["ScheduledActionSet"]
    theirs = huawei.call("list_scaling_policies", scaling_group_id=huawei.group()["scaling_group_id"])
    assert theirs["scaling_policies"] == []


@pytest.mark.parametrize("recurs", [False, True])
def test_a_task_of_one_door_that_fires_is_told_as_a_policy_by_another(emulated, recurs):
    """Huawei has no tasks beside policies: what it tells of the activity is what it tells of its own."""
    kings, call = Kingsoft(emulated), huawei(emulated)
    kings.make()
    emulated.settle()
    more = {"EndTime": beijing(emulated, days=9), "Recurrence": "* * * * *"} if recurs else {}
    key = kings.group()["ScalingGroupId"]
    kings.call(
        "CreateScheduledTask",
        ScalingGroupId=key,
        ScalingScheduledTaskName="night",
        ReadjustMaxSize=4,
        ReadjustMinSize=1,
        ReadjustExpectSize=3,
        StartTime=beijing(emulated, minutes=5)[:-2] + "00",
        **more,
    )
    emulated.advance(900)
    made = call("list_scaling_groups")["scaling_groups"][0]["scaling_group_id"]
    (policy,) = call("list_scaling_policies", scaling_group_id=made)["scaling_policies"]
    log = call("list_scaling_activity_logs", scaling_group_id=made)["scaling_activity_log"][0]
    (reason,) = json.loads(log["description"])["reason"]
    assert reason["change_reason"] == ("RECURRENT" if recurs else "SCHEDULED")
    assert (reason["old_value"], reason["new_value"]) == (2, 3)
    assert (reason["scaling_policy_id"], reason["scaling_policy_name"]) == (policy["scaling_policy_id"], "night")
