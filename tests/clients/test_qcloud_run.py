"""What the document of the API of 2017 says that groups do, sentence by sentence, through its clients: sizes and who goes,
machines of one's own, protection, ill machines, alarms and their cooldown, tasks, hooks, messages, codes of activities."""

import contextlib
import json

import pytest
from conftest import eventually
from qcloud import Refused, client
from qcloud_world import CONFIG, METRIC, OFF, PLACE, SIZES, World
from test_qcloud_clients import npm, python

SCALE_OUT, SCALE_IN, ADDED, REMOVED, REPLACED = 0, 1, 2, 3, 10
EXECUTING, SUCCESSFUL, FAILED, CANCELLED = 1, 2, 4, 5


@contextlib.contextmanager
def signing(server):
    yield client(server)


CLIENTS = {"signed": signing, "npm": lambda server: npm(server, protocol="http", host=server.address), "python": python}


class Cloud:
    """A service through one client, and what its machines and messages are."""

    def __init__(self, server, call):
        self.server, self.call, self.number = server, call, 0

    china, name = World.china, World.name

    def config(self, **more):
        made = self.call("CreateScalingConfiguration", **(CONFIG | {"scalingConfigurationName": self.name()} | more))
        return made["scalingConfigurationIdSet"][0]

    def group(self, desired=0, **more):
        given = SIZES | PLACE | {"scalingGroupName": self.name(), "desiredCapacity": desired} | more
        given.setdefault("scalingConfigurationId", None)
        given["scalingConfigurationId"] = given["scalingConfigurationId"] or self.config()
        made = self.call("CreateScalingGroup", **given)["scalingGroupIdSet"][0]
        self.server.settle()
        return made

    def shown(self, asg):
        return self.call("DescribeScalingGroup", scalingGroupIds=[asg])["scalingGroupSet"][0]

    def resize(self, asg, settle=True, **sizes):
        self.call("ModifyScalingGroup", scalingGroupId=asg, **(SIZES | sizes))
        if settle:
            self.server.settle()

    def members(self, asg, **filters):
        found = self.call("DescribeScalingInstance", scalingGroupId=asg, limit=100, **filters)["scalingInstancesSet"]
        return {one["instanceId"]: one["lifeCycleState"] for one in found}

    def activities(self, asg):
        """Newest first: type, status, errorCode, how many succeeded."""
        found = self.call("DescribeScalingActivity", scalingGroupId=asg, limit=100)["scalingActivitySet"]
        return [(one["type"], one["status"], one["errorCode"], len(one["succInsList"])) for one in found]

    def machine(self, **more):
        made = {"vpc": "vpc-12345678", "subnet": "subnet-12345678", "instance_type": "S1.SMALL2"} | more
        return self.server.native("POST", "machines", made)["machine"]["id"]

    def running(self):
        return {one["id"] for one in self.server.machines()}

    def push(self, asg, value, metric="cpu_util"):
        self.server.native("POST", "metrics", {"points": [{"group": asg, "metric": metric, "value": value}]})

    def minutes(self, asg, value, count, metric="cpu_util"):
        for _ in range(count):
            self.push(asg, value, metric)
            self.server.advance(60)

    def messages(self, kind="notification"):
        return [m for m in self.server.native("GET", "messages?after=0")["messages"] if m["kind"] == kind]

    def refused(self, action, **given):
        try:
            answer = self.call(action, **given)
        except Refused as refusal:
            return refusal.pair
        raise AssertionError(f"{action} was not refused: {answer}")


@pytest.fixture(params=CLIENTS)
def cloud(emulated, request):
    with CLIENTS[request.param](emulated) as call:
        yield Cloud(emulated, call)


def test_sizes_are_kept_by_itself(cloud):
    """T:1202-1203, T:1441, T:1453-1456, T:898, T:1137-1138."""
    first = cloud.config()
    asg = cloud.group(scalingConfigurationId=first, minSize=1, desired=1)
    (oldest,) = cloud.members(asg)
    cloud.server.advance(60)
    cloud.resize(asg, minSize=3)
    assert len(cloud.members(asg)) == 3 and cloud.shown(asg)["desiredCapacity"] == 3
    assert cloud.activities(asg)[0] == (SCALE_OUT, SUCCESSFUL, 0, 2)
    cloud.resize(asg, maxSize=2)
    assert len(cloud.members(asg)) == 2 and oldest not in cloud.members(asg)
    assert cloud.activities(asg)[0] == (SCALE_IN, SUCCESSFUL, 0, 1)
    # What is there keeps its configuration, what comes has the new one.
    second = cloud.config(cpu=2, mem=4)
    old = {*cloud.members(asg)}
    cloud.resize(asg, scalingConfigurationId=second)
    assert {*cloud.members(asg)} == old
    cloud.server.advance(60)
    cloud.resize(asg, desiredCapacity=3)
    (newest,) = {*cloud.members(asg)} - old
    kinds = {one["id"]: one["instance_type"] for one in cloud.server.machines()}
    assert kinds[newest] == "S1.MEDIUM4" and {kinds[one] for one in old} == {"S1.SMALL2"}
    for used in (first, second):
        assert cloud.refused("DeleteScalingConfiguration", scalingConfigurationId=used) == (
            5100, "Conflict.ScallingConfigurationUse")
    cloud.resize(asg, desiredCapacity=2, removePolicy="RemoveNewestInstance")
    assert {*cloud.members(asg)} == old
    cloud.resize(asg, desiredCapacity=0)
    cloud.call("DeleteScalingConfiguration", scalingConfigurationId=first)
    assert cloud.refused("ModifyScalingConfiguration", scalingConfigurationId=second, cpu=4)[0] == 6100
    cloud.call("DeleteScalingGroup", scalingGroupId=asg)
    gone = (5000, "InvalidParameter.ScalingGroupIdError")
    for action in ("DescribeScalingActivity", "DescribeScalingPolicy", "DescribeScalingInstance"):
        assert cloud.refused(action, scalingGroupId=asg) == gone


def test_a_group_that_works_or_has_machines_stays(cloud):
    """T:1338, T:1968-1969, T:1700, T:1773."""
    asg = cloud.group(desired=1)
    assert cloud.refused("DeleteScalingGroup", scalingGroupId=asg) == (5100, "Conflict.ScalingGroupNotEmpty")
    cloud.server.faults({"op": "launch", "effect": "hang"})
    cloud.resize(asg, settle=False, desiredCapacity=2)
    eventually(lambda: cloud.shown(asg)["bInScalingActivity"] == 1)
    (member,) = [one for one, state in cloud.members(asg).items() if state == "InService"]
    busy = (5100, "InActivity.ScalingGroup")
    assert cloud.refused("DeleteScalingGroup", scalingGroupId=asg) == busy
    assert cloud.refused("AttachInstance", scalingGroupId=asg, instanceIds=[cloud.machine()]) == busy
    assert cloud.refused("DetachInstance", scalingGroupId=asg, instanceIds=[member]) == busy
    assert cloud.activities(asg)[0][:3] == (SCALE_OUT, EXECUTING, 0)
    assert set(cloud.members(asg).values()) == {"InService", "Creating"}


def test_instances_come_and_go(cloud):
    """T:1569-1571, T:1690-1706, T:1714, T:1770-1779."""
    asg, other = cloud.group(desired=1, maxSize=4), cloud.group(desired=1)
    (auto,) = cloud.members(asg)
    group = {"scalingGroupId": asg}
    (taken,) = cloud.members(other)
    for machine, pair in [
        (taken, (5100, "IncorrectInstanceStatus.InOtherScalingGroup")),
        (cloud.machine(instance_type="S1.MEDIUM4"), (5100, "InvalidInstanceId.ScalingConfigurationMismatch")),
        (cloud.machine(state="stopped"), (5100, "IncorrectInstanceStatus.NotRunning")),
        (cloud.machine(vpc="vpc-87654321"), (5100, "InvalidInstanceId.VpcMismatch")),
        ("ins-absent01", (5000, "InvalidParameter.InstanceIdError")),
    ]:
        assert cloud.refused("AttachInstance", instanceIds=[machine], **group) == pair, machine
    own = [cloud.machine() for _ in range(4)]
    assert cloud.refused("AttachInstance", instanceIds=own, **group) == (5100, "QuotaExceeded.MaxSize")
    # The two of them are attached though the group has just changed: no cooldown holds that.
    cloud.call("AttachInstance", instanceIds=own[:3], **group)
    cloud.server.settle()
    assert {*cloud.members(asg, creationType="Manual")} == {*own[:3]} and [*cloud.members(asg, creationType="Auto")] == [auto]
    assert (cloud.shown(asg)["instanceNum"], cloud.shown(asg)["desiredCapacity"]) == (4, 4)
    assert cloud.activities(asg)[0] == (ADDED, SUCCESSFUL, 0, 3)
    # What was added is not of the configuration: only the member that was made keeps it in use.
    before = cloud.shown(asg)["scalingConfigurationId"]
    cloud.resize(asg, maxSize=4, scalingConfigurationId=cloud.config())
    assert cloud.refused("DeleteScalingConfiguration", scalingConfigurationId=before)[0] == 5100
    # Protection is not against this; by default what was made is released, what was added never is.
    cloud.call("SetCvmProtectedDetach", instanceIds=[auto], protectedFromDetach=1, **group)
    cloud.call("DetachInstance", instanceIds=[auto, own[0]], **group)
    cloud.server.settle()
    assert {*cloud.members(asg)} == {*own[1:3]} and auto not in cloud.running() and own[0] in cloud.running()
    assert cloud.activities(asg)[0] == (REMOVED, SUCCESSFUL, 0, 2) and cloud.shown(asg)["desiredCapacity"] == 2
    cloud.call("DeleteScalingConfiguration", scalingConfigurationId=before)
    cloud.call("DetachInstance", instanceIds=[own[1]], keepInstance=0, **group)
    cloud.server.settle()
    assert own[1] in cloud.running()
    cloud.resize(asg, minSize=1, maxSize=4, desiredCapacity=2)
    (auto,) = cloud.members(asg, creationType="Auto")
    cloud.call("DetachInstance", instanceIds=[auto], keepInstance=1, **group)
    cloud.server.settle()
    assert auto in cloud.running() and [*cloud.members(asg)] == [own[2]]
    assert cloud.refused("DetachInstance", instanceIds=[own[2]], **group) == (5100, "Conflict.LessThanMinSize")
    assert cloud.refused("DetachInstance", instanceIds=[auto], **group) == (5000, "InvalidParameter.InstanceIdError")
    # What a smaller group gives up of what was added is not released either (T:1601, T:1770).
    cloud.resize(asg, desiredCapacity=0)
    assert not cloud.members(asg) and own[2] in cloud.running()


def test_what_is_protected_stays(cloud):
    """T:1505: replacement, alarms and a smaller desired number leave it; taken off, it goes."""
    asg = cloud.group(desired=2)
    first, second = cloud.members(asg)
    group = {"scalingGroupId": asg}
    cloud.call("SetCvmProtectedDetach", instanceIds=[first], protectedFromDetach=1, **group)
    cloud.resize(asg, desiredCapacity=0)
    assert [*cloud.members(asg)] == [first]
    cloud.resize(asg, desiredCapacity=1)
    by = {"adjustmentType": "TotalCapacity", "adjustmentValue": 0, "cooldown": 0}
    cloud.call("CreateScalingPolicy", scalingPolicyName="none", metric=json.dumps(METRIC), **by, **group)
    cloud.minutes(asg, 95, 16)
    assert [*cloud.members(asg)] == [first]
    cloud.server.native("POST", f"machines/{first}/unhealthy", {})
    cloud.server.advance(600)
    assert [*cloud.members(asg, healthStatus="UnHealthy")] == [first]
    cloud.call("SetCvmProtectedDetach", instanceIds=[first], protectedFromDetach=0, **group)
    eventually(lambda: cloud.server.advance(60) and first not in cloud.members(asg))


def test_the_ill_are_replaced(cloud):
    """T:1601, T:1890, T:2153: what was made is stopped and released, what was added is only taken out."""
    asg = cloud.group(desired=1)
    group = {"scalingGroupId": asg}
    own = cloud.machine()
    cloud.call("AttachInstance", instanceIds=[own], **group)
    cloud.server.settle()
    cloud.call("CreateScalingNotification", notificationTypes=[5], receiversIds=["1832"], **group)
    (auto,) = cloud.members(asg, creationType="Auto")
    for one, stays in [(auto, False), (own, True)]:
        cloud.server.native("POST", f"machines/{one}/unhealthy", {})
        eventually(lambda one=one: cloud.server.advance(60) and one not in cloud.members(asg))
        eventually(lambda: cloud.server.advance(60) and [*cloud.members(asg).values()] == ["InService"] * 2)
        assert (one in cloud.running()) == stays
        assert cloud.activities(asg)[0][:3] == (REPLACED, SUCCESSFUL, 0), cloud.activities(asg)
    assert [m["body"]["ActivityType"] for m in cloud.messages()] == ["REPLACE_UNHEALTHY_INSTANCE"] * 2
    (default,) = cloud.call("DescribeScalingPolicy", **group)["scalingPolicySet"]
    assert (default["adjustmentType"], default["metric"], default["notifyIdSet"]) == ("UnhealthyInstance", {}, [])


@pytest.mark.parametrize(
    "rule,by,start,value,wanted",
    [
        ({"comparisonOperator": "Greater", "threshold": 50}, ("QuantityChangeInCapacity", 2), 2, 51, 4),
        ({"comparisonOperator": "EqualOrGreater", "threshold": 50}, ("QuantityChangeInCapacity", -1), 2, 50, 1),
        ({"comparisonOperator": "Less", "threshold": 50}, ("TotalCapacity", 5), 2, 49, 5),
        ({"comparisonOperator": "EqualOrLess", "threshold": 50}, ("TotalCapacity", 0), 2, 50, 0),
        ({"comparisonOperator": "Equal", "threshold": 50}, ("PercentChangeInCapacity", 50), 4, 50, 6),
        ({"comparisonOperator": "NotEqual", "threshold": 50}, ("PercentChangeInCapacity", -100), 4, 49, 0),
        ({"dimensionName": "mem_usage", "threshold": 50}, ("QuantityChangeInCapacity", 30), 2, 51, 30),
        ({"dimensionName": "lan_intraffic", "threshold": 1000000}, ("QuantityChangeInCapacity", 1), 1, 8.1, 2),
        ({"dimensionName": "lan_outtraffic", "threshold": 1000000}, ("QuantityChangeInCapacity", 1), 1, 8.1, 2),
    ],
)
def test_alarms_change_the_group(emulated, rule, by, start, value, wanted):
    """T:2026-2038: every operator, dimension and kind of adjustment, two service periods of five minutes."""
    cloud = Cloud(emulated, client(emulated))
    asg = cloud.group(desired=start)
    how = {"adjustmentType": by[0], "adjustmentValue": by[1], "cooldown": 3600}
    cloud.call("CreateScalingPolicy", scalingGroupId=asg, scalingPolicyName="p", metric=json.dumps(METRIC | rule), **how)
    metric = {"cpu_usage": "cpu_util", "mem_usage": "mem_util", "lan_intraffic": "lan_in", "lan_outtraffic": "lan_out"}
    metric = metric[rule.get("dimensionName", "cpu_usage")]
    cloud.minutes(asg, value, 5, metric)
    assert cloud.shown(asg)["instanceNum"] == start, "one period of two"
    cloud.minutes(asg, value, 6, metric)
    assert (cloud.shown(asg)["instanceNum"], cloud.shown(asg)["desiredCapacity"]) == (wanted, wanted)
    assert cloud.activities(asg)[0][:3] == (SCALE_OUT if wanted > start else SCALE_IN, SUCCESSFUL, 0)


def test_an_alarm_tells_its_user_groups(cloud):
    """T:2044: when the policy acts, those that it names are told, and what became of it once."""
    asg = cloud.group(desired=1)
    by = {"adjustmentType": "QuantityChangeInCapacity", "adjustmentValue": 2, "cooldown": 3600}
    cloud.call("CreateScalingPolicy", scalingGroupId=asg, scalingPolicyName="up", metric=json.dumps(METRIC),
               notifyIds=["1832", "1833"], **by)
    cloud.minutes(asg, 90, 25)
    (told,) = cloud.messages()
    assert told["target"] == "1832,1833" and told["body"]["ScalingPolicyName"] == "up"
    assert (told["body"]["AutoScalingGroupId"], told["body"]["DesiredCapacity"]) == (asg, 3)


def test_an_alarm_locks_its_group_for_the_cooldown(cloud):
    """T:129, T:2043, T:1907: nothing else runs until it is over; that one was held up is an activity of its own."""
    asg = cloud.group(desired=1)
    by = {"adjustmentType": "QuantityChangeInCapacity", "adjustmentValue": 1, "cooldown": 1200}
    asp = cloud.call("CreateScalingPolicy", scalingGroupId=asg, scalingPolicyName="up", metric=json.dumps(METRIC), **by)
    asp = asp["scalingPolicyIdSet"][0]
    cloud.minutes(asg, 90, 12)
    assert cloud.shown(asg)["instanceNum"] == 2
    cloud.minutes(asg, 90, 8)
    assert cloud.shown(asg)["instanceNum"] == 2
    assert (SCALE_OUT, CANCELLED, 40001, 0) in cloud.activities(asg)
    # By hand it goes on: whoever asks wants it now (T:1702).
    cloud.resize(asg, desiredCapacity=3)
    assert len(cloud.members(asg)) == 3
    cloud.minutes(asg, 90, 30)
    assert cloud.shown(asg)["instanceNum"] >= 4
    # A policy that is gone acts no more.
    cloud.call("DeleteScalingPolicy", scalingGroupId=asg, scalingPolicyId=asp)
    left = cloud.shown(asg)["instanceNum"]
    cloud.minutes(asg, 90, 30)
    assert cloud.shown(asg)["instanceNum"] == left


def test_tasks_run_at_their_time(cloud):
    """T:2395-2399, T:2540-2541: sizes are set, by the clock of China; repeated every day until the end, or no more."""
    asg = cloud.group()
    made = cloud.call("CreateScheduledTask", scalingGroupId=asg, scalingScheduledTaskName="once", readjustMinSize=2,
                      readjustMaxSize=3, startTime=cloud.china(hours=1))["scalingScheduleTaskId"][0]
    cloud.server.advance(3500)
    assert cloud.shown(asg)["instanceNum"] == 0
    cloud.server.advance(200)
    one = cloud.shown(asg)
    assert (one["minSize"], one["maxSize"], one["instanceNum"], one["desiredCapacity"]) == (2, 3, 2, 2)
    (shown,) = cloud.call("DescribeScheduledTask", scalingGroupId=asg)["scalingScheduleTaskSet"]
    assert (shown["scalingScheduledTaskId"], shown["endTime"]) == (made, OFF)
    cloud.resize(asg, desiredCapacity=0)
    cloud.server.advance(86_400 * 2)
    assert cloud.shown(asg)["instanceNum"] == 0, "once is once"
    daily = cloud.call("CreateScheduledTask", scalingGroupId=asg, scalingScheduledTaskName="daily", readjustMinSize=1,
                       readjustMaxSize=5, startTime=cloud.china(hours=1), endTime=cloud.china(days=2, hours=2),
                       recurrence="* * * * *")["scalingScheduleTaskId"][0]
    for _ in range(3):
        cloud.server.advance(3700)
        assert cloud.shown(asg)["instanceNum"] == 1
        cloud.resize(asg, desiredCapacity=0)
        cloud.server.advance(86_400 - 3700)
    cloud.server.advance(86_400)
    assert cloud.shown(asg)["instanceNum"] == 0, "the end is past"
    cloud.call("DeleteScheduledTask", scalingGroupId=asg, scalingScheduledTaskId=daily)


def test_tasks_near_each_other_take_turns(cloud):
    """T:2358-2359: the earliest first; the later ones try again and run after it."""
    asg = cloud.group()
    for minutes, least in [(10, 1), (11, 2), (12, 3)]:
        cloud.call("CreateScheduledTask", scalingGroupId=asg, scalingScheduledTaskName=f"t{minutes}", readjustMinSize=least,
                   readjustMaxSize=5, startTime=cloud.china(minutes=minutes))
    cloud.server.faults({"op": "launch", "effect": "slow", "latency_secs": 150})
    cloud.server.advance(610)
    assert (cloud.shown(asg)["minSize"], cloud.shown(asg)["bInScalingActivity"]) == (1, 1)
    cloud.server.advance(120)
    assert cloud.shown(asg)["minSize"] == 1, "both others wait for the first"
    assert [one[:3] for one in cloud.activities(asg)].count((SCALE_OUT, CANCELLED, 40000)) == 2
    cloud.server.faults()
    cloud.server.advance(600)
    one = cloud.shown(asg)
    assert (one["minSize"], one["instanceNum"], one["bInScalingActivity"]) == (3, 3, 0)
    done = [one for one in cloud.activities(asg) if one[1] == SUCCESSFUL]
    assert done == [(SCALE_OUT, SUCCESSFUL, 0, 1)] * 3


def test_a_task_that_fails_is_tried_again(cloud):
    """T:2358, T:1202: however long it takes, though less and less often."""
    asg = cloud.group()
    cloud.call("CreateScheduledTask", scalingGroupId=asg, scalingScheduledTaskName="t", readjustMinSize=1, readjustMaxSize=5,
               startTime=cloud.china(minutes=10))
    cloud.server.faults({"op": "launch", "effect": "sold_out"})
    cloud.server.advance(660)
    assert cloud.activities(asg)[0][1:3] == (FAILED, 20000) and not cloud.members(asg)
    cloud.server.faults()
    eventually(lambda: cloud.server.advance(300) and [*cloud.members(asg).values()] == ["InService"])


def hook(cloud, asg, **more):
    given = {"lifeCycleHookName": cloud.name(), "lifeCycleHookTimeout": 300} | more
    return cloud.call("CreateLifecycleHook", scalingGroupId=asg, **given)["lifeCycleHookId"][0]


def test_hooks_hold_renew_and_let_go(cloud):
    """T:214, T:2735-2738, T:2852, T:2911, T:3030-3039, T:3085-3097."""
    asg = cloud.group()
    group = {"scalingGroupId": asg}
    lfh, other = hook(cloud, asg, notifyIds=["1844"]), hook(cloud, asg, transition=1)
    cloud.resize(asg, desiredCapacity=1)
    assert [*cloud.members(asg).values()] == ["InService"], "it is not bound"
    cloud.call("AttachLifecycleHookId", lifeCycleHookId=lfh, **group)
    used = (5100, "InActivity.HookId")
    assert cloud.refused("DeleteLifecycleHook", lifeCycleHookId=lfh, **group) == used
    cloud.resize(asg, desiredCapacity=2)
    (held,) = [one for one, state in cloud.members(asg).items() if state == "Preheating"]
    (told,) = cloud.messages("hook")
    assert (told["target"], told["body"]["InstanceId"]) == ("1844", held)
    waits = {"lifeCycleHookId": lfh, "scalingInstanceId": held} | group
    cloud.server.advance(250)
    cloud.call("RecordLifecycleHookTimeout", recordTimeout=600, **waits)
    cloud.server.advance(590)
    assert cloud.members(asg)[held] == "Preheating"
    cloud.server.advance(20)
    assert cloud.members(asg)[held] == "InService", "continue is what happens by default"
    over = (5100, "IncorrectInstanceStatus.NotInHook")
    assert cloud.refused("CompleteLifecycleHookAction", lifeCycleHookResult=0, **waits) == over
    assert cloud.refused("RecordLifecycleHookTimeout", recordTimeout=9, **waits) == over
    # The other one takes its place: what comes is not held any more, what goes is.
    cloud.call("AttachLifecycleHookId", lifeCycleHookId=other, **group)
    cloud.resize(asg, desiredCapacity=3)
    assert [*cloud.members(asg).values()] == ["InService"] * 3
    cloud.resize(asg, desiredCapacity=2)
    (going,) = [one for one, state in cloud.members(asg).items() if state == "Removing"]
    assert going in cloud.running()
    cloud.call("CompleteLifecycleHookAction", lifeCycleHookResult=0, lifeCycleHookId=other, scalingInstanceId=going, **group)
    cloud.server.settle()
    assert going not in cloud.members(asg) and going not in cloud.running()
    # Unbound, nothing is held and it can go; id and name have to agree.
    cloud.call("DetachLifecycleHookId", **group)
    cloud.resize(asg, desiredCapacity=1)
    assert [*cloud.members(asg).values()] == ["InService"]
    wrong = cloud.refused("DeleteLifecycleHook", lifeCycleHookId=lfh, lifeCycleHookName="another", **group)
    assert wrong == (5100, "Conflict.NameVsLifeCycleHookId")
    name = cloud.call("DescribeLifecycleHook", lifeCycleHookId=lfh)["lifeCycleHookSet"][0]["lifeCycleHookName"]
    cloud.call("DeleteLifecycleHook", lifeCycleHookId=lfh, lifeCycleHookName=name, **group)
    mine = cloud.group()
    strange = cloud.refused("AttachLifecycleHookId", scalingGroupId=mine, lifeCycleHookId=other)
    assert strange == (5100, "Conflict.ScalingGroupIdVsLifeCycleHookId")


def test_hooks_that_disable(cloud):
    """T:3096, T:2862: 1 is to disable: what was being created is not taken in, by default or when it is said."""
    asg = cloud.group()
    lfh = hook(cloud, asg, defaultResult=1, lifeCycleHookTimeout=10)
    cloud.call("AttachLifecycleHookId", scalingGroupId=asg, lifeCycleHookId=lfh)
    cloud.resize(asg, desiredCapacity=1)
    (first,) = cloud.members(asg)
    cloud.server.advance(15)
    assert first not in cloud.members(asg) and first not in cloud.running()
    assert cloud.activities(asg)[0][:2] in ((SCALE_OUT, EXECUTING), (SCALE_OUT, FAILED))
    cloud.call("ModifyLifecycleHook", scalingGroupId=asg, lifeCycleHookId=lfh, defaultResult=0, lifeCycleHookTimeout=86400)
    # What waits goes on waiting as it was told; then the group has one.
    eventually(lambda: cloud.server.advance(15) and [*cloud.members(asg).values()] == ["InService"])
    (first,) = cloud.members(asg)
    cloud.resize(asg, desiredCapacity=2)
    (second,) = {*cloud.members(asg)} - {first}
    assert cloud.members(asg)[second] == "Preheating"
    waits = {"scalingGroupId": asg, "lifeCycleHookId": lfh, "scalingInstanceId": second}
    cloud.call("CompleteLifecycleHookAction", lifeCycleHookResult=1, **waits)
    eventually(lambda: cloud.server.advance(1) and second not in cloud.members(asg))
    assert second not in cloud.running()


def test_everybody_is_told_what_was_asked_for(cloud):
    """T:3179-3180: the six types, each told to those who listen for it, and to nobody else."""
    asg = cloud.group()
    told = {
        kind: cloud.call("CreateScalingNotification", scalingGroupId=asg, notificationTypes=[kind], receiversIds=[f"{kind}"])
        for kind in range(1, 7)
    }

    def after(do):
        before = len(cloud.messages())
        do()
        return {m["target"] for m in cloud.messages()[before:]}

    assert after(lambda: cloud.resize(asg, desiredCapacity=2)) == {"1"}
    assert after(lambda: cloud.resize(asg, desiredCapacity=1)) == {"3"}
    cloud.server.faults({"op": "launch", "effect": "quota", "times": 1})
    assert after(lambda: cloud.resize(asg, desiredCapacity=2)) >= {"2"}
    cloud.server.faults()
    eventually(lambda: cloud.server.advance(300) and [*cloud.members(asg).values()] == ["InService"] * 2)

    def ill():
        (one, *_) = cloud.members(asg)
        cloud.server.native("POST", f"machines/{one}/unhealthy", {})
        eventually(lambda: cloud.server.advance(60) and one not in cloud.members(asg))
        cloud.server.advance(600)

    assert after(ill) == {"5"}
    cloud.server.faults({"op": "launch", "effect": "sold_out"})
    assert "6" in after(ill)
    cloud.server.faults()
    ids = [made["notificationId"] for made in told.values()]
    cloud.call("DeleteScalingNotification", scalingGroupId=asg, notificationIds=ids)
    assert after(lambda: cloud.resize(asg, desiredCapacity=0)) == set()


def test_twenty_of_a_project(emulated):
    """T:903, T:1192: 20 configurations and 20 groups of each project."""
    cloud = Cloud(emulated, client(emulated))
    for project in (0, 7):
        asc = [cloud.config(projectId=project) for _ in range(20)]
        with pytest.raises(Refused, match="QuotaExceeded.ScallingConfiguration"):
            cloud.config(projectId=project)
        for _ in range(20):
            cloud.group(projectId=project, scalingConfigurationId=asc[0])
        with pytest.raises(Refused, match="QuotaExceeded.ScalingGroup"):
            cloud.group(projectId=project, scalingConfigurationId=asc[0])
    assert cloud.call("DescribeScalingGroup")["totalCount"] == 40
