"""The door of 2017 through a client that signs by itself: every action, both methods and both hashes, and what it refuses."""

import datetime
import json
import time
import urllib.parse

import pytest
from conftest import eventually
from qcloud import Refused, checked, client, common, refused, send, signature

CONFIG = {
    "scalingConfigurationName": "configuration_test",
    "imageType": 2,
    "imageId": "img-50mr2ow7",
    "cpu": 1,
    "mem": 2,
    "storageType": 6,
    "storageSize": 100,
    "bandwidthType": "PayByTraffic",
    "bandwidth": 1,
    "projectId": 0,
    "cvmType": 12,
}
BEIJING = datetime.timezone(datetime.timedelta(hours=8))
ALL = [("GET", None), ("GET", "HmacSHA256"), ("POST", None), ("POST", "HmacSHA256")]


def china(**later):
    at = datetime.datetime.now(BEIJING) + datetime.timedelta(**later)
    return at.strftime("%Y-%m-%d %H:%M:00")


def config(call, **more):
    return call("CreateScalingConfiguration", **(CONFIG | more))["scalingConfigurationIdSet"][0]


def group(call, made=None, **more):
    parameters = {
        "scalingGroupName": "test",
        "scalingConfigurationId": made or config(call),
        "minSize": 0,
        "maxSize": 10,
        "vpcId": 0,
        "removePolicy": "RemoveOldestInstance",
        "zoneIds": [100001],
    }
    return call("CreateScalingGroup", **(parameters | more))["scalingGroupIdSet"][0]


def members(call, asg, state="InService"):
    found = call("DescribeScalingInstance", scalingGroupId=asg)["scalingInstancesSet"]
    return [one["instanceId"] for one in found if one["lifeCycleState"] == state]


def idle(call, asg):
    shown = call("DescribeScalingGroup", scalingGroupIds=[asg])["scalingGroupSet"][0]
    return shown["bInScalingActivity"] == 0 and shown["instanceNum"] == shown["desiredCapacity"]


@pytest.mark.parametrize("method,algorithm", ALL)
def test_every_action(emulated, method, algorithm):
    call = client(emulated, method, algorithm)
    asc = config(call)
    shown = call("DescribeScalingConfiguration", scalingConfigurationIds=[asc])
    assert shown["totalCount"] == 1
    one = shown["scalingConfigurationSet"][0]
    for name in ("imageType", "imageId", "cpu", "mem", "storageType", "storageSize", "bandwidthType", "bandwidth"):
        assert one[name] == CONFIG[name]
    assert (one["cvmType"], one["rootSize"], one["wanIp"], one["password"]) == ("12", 50, 1, "")

    asg = group(call, asc, minSize=1, maxSize=4)
    eventually(lambda: idle(call, asg) and len(members(call, asg)) == 1)
    shown = call("DescribeScalingGroup", scalingConfigurationId=asc, vpcId=0)["scalingGroupSet"][0]
    assert (shown["vpcId"], shown["subnetIdSet"], shown["zoneIdSet"][0]["zoneId"]) == (0, [], 100001)
    assert call("ModifyScalingGroup", scalingGroupId=asg, minSize=2, maxSize=5, removePolicy="RemoveNewestInstance") is None
    eventually(lambda: idle(call, asg) and len(members(call, asg)) == 2)
    first, second = members(call, asg)

    assert call("SetCvmProtectedDetach", scalingGroupId=asg, instanceIds=[first], protectedFromDetach=1) is None
    one = call("DescribeScalingInstance", scalingGroupId=asg, instanceIds=[first])["scalingInstancesSet"][0]
    assert (one["protectedFromScaleIn"], one["creationType"], one["healthStatus"]) == (1, "Auto", "Healthy")
    call("ModifyScalingGroup", scalingGroupId=asg, minSize=0, maxSize=5, removePolicy="RemoveNewestInstance")
    assert call("DetachInstance", scalingGroupId=asg, instanceIds=[second], keepInstance=1) is None
    eventually(lambda: members(call, asg) == [first] and idle(call, asg))
    assert call("AttachInstance", scalingGroupId=asg, instanceIds=[second]) is None
    eventually(lambda: members(call, asg) == [first, second] and idle(call, asg))
    page = call("DescribeScalingActivity", scalingGroupId=asg, limit=1)
    assert page["totalCount"] > 1 and len(page["scalingActivitySet"]) == 1
    done = page["scalingActivitySet"][0]
    assert (done["type"], done["status"], done["errorCode"], done["succInsList"]) == (2, 2, 0, [second])
    assert done["msg"] == "success" and done["autoScalingGroupId"] == asg

    asp = call(
        "CreateScalingPolicy",
        scalingGroupId=asg,
        scalingPolicyName="policy",
        adjustmentType="QuantityChangeInCapacity",
        adjustmentValue=10,
        cooldown=300,
        metric=json.dumps({"dimensionName": "lan_intraffic", "comparisonOperator": "EqualOrGreater", "threshold": 50}),
        notifyIds=[1832, 1833],
    )["scalingPolicyIdSet"][0]
    # The command line takes the metric apart.
    flat = {"dimensionName": "cpu_usage", "threshold": 70}
    assert call("ModifyScalingPolicy", scalingGroupId=asg, scalingPolicyId=asp, metric=flat) is None
    own, default = call("DescribeScalingPolicy", scalingGroupId=asg)["scalingPolicySet"]
    assert own["metric"] == {
        "dimensionName": "cpu_usage",
        "comparisonOperator": "EqualOrGreater",
        "threshold": 70,
        "repeatTimes": 3,
    }
    assert own["notifyIdSet"] == ["1832", "1833"] and default["adjustmentType"] == "UnhealthyInstance"
    unhealthy = default["scalingPolicyId"]
    for action, desc in [("Modify", "ModifyDefault"), ("Delete", "DeleteDefault")]:
        pair = refused(call, f"{action}ScalingPolicy", scalingGroupId=asg, scalingPolicyId=unhealthy)
        assert pair == (5100, f"Conflict.{desc}ScalingPolicyError")
    assert call("DeleteScalingPolicy", scalingGroupId=asg, scalingPolicyId=asp.replace("asp-", "sp-")) == []

    task = call(
        "CreateScheduledTask",
        scalingGroupId=asg,
        scalingScheduledTaskName="task",
        readjustMaxSize=10,
        readjustMinSize=1,
        startTime=china(days=1),
        endTime=china(days=90),
        recurrence=" * * 1 * *",
    )["scalingScheduleTaskId"][0]
    assert call("ModifyScheduledTask", scalingScheduledTaskId=task, recurrence="* * * * * 1") == []
    shown = call("DescribeScheduledTask", scalingGroupId=asg)["scalingScheduleTaskSet"][0]
    assert (shown["recurrence"], shown["readjustMaxSize"], shown["readjustMinSize"]) == ("* * * * 1", 10, 1)
    off = {"recurrence": "*****", "endTime": "0000-00-00 00: 00: 00"}
    assert call("ModifyScheduledTask", scalingScheduledTaskId=task, **off) == []
    shown = call("DescribeScheduledTask", scalingGroupId=asg)["scalingScheduleTaskSet"][0]
    assert (shown["recurrence"], shown["endTime"]) == ("* * * * *", "0000-00-00 00:00:00")
    assert call("DeleteScheduledTask", scalingGroupId=asg, scalingScheduleTaskId=task) == []

    lfh = call(
        "CreateLifeCycleHook", scalingGroupId=asg, lifeCycleHookName="hook", lifeCycleHookTimeout=100, notifyIds=[1844]
    )["lifeCycleHookId"][0]
    assert lfh.startswith("lfh-")
    assert call("ModifyLifeCycleHook", scalingGroupId=asg, lifeCycleHookId=lfh, lifeCycleHookTimeout=600) == []
    shown = call("DescribeLIfeCycleHook", lifeCycleHookId=lfh)["lifeCycleHookSet"][0]
    assert (shown["lifeCycleHookTimeout"], shown["transition"], shown["defaultResult"]) == (600, 0, 0)
    assert call("AttachLifeCycleHookId", scalingGroupId=asg, lifeCycleHookId=lfh) == []
    pair = refused(call, "DeleteLifeCycleHook", scalingGroupId=asg, lifeCycleHookId=lfh)
    assert pair == (5100, "InActivity.HookId")
    sizes = {"minSize": 0, "maxSize": 5, "removePolicy": "RemoveNewestInstance"}
    call("ModifyScalingGroup", scalingGroupId=asg, desiredCapacity=3, **sizes)
    eventually(lambda: len(members(call, asg, "Preheating")) == 1)
    held = {"scalingGroupId": asg, "lifeCycleHookId": lfh, "scalingInstanceId": members(call, asg, "Preheating")[0]}
    assert call("RecordLifeCycleHookTimeout", recordTimeout=900, **held) == []
    assert call("CompleteLifeCycleHookAction", lifeCycleHookResult=0, **held) == []
    eventually(lambda: len(members(call, asg)) == 3 and idle(call, asg))
    assert call("DetachLifeCycleHookId", scalingGroupId=asg) == []
    wrong = {"scalingGroupId": asg, "lifeCycleHookId": lfh, "lifeCycleHookName": "another"}
    assert refused(call, "DeleteLifeCycleHook", **wrong) == (5100, "Conflict.NameVsLifeCycleHookId")
    assert call("DeleteLifeCycleHook", scalingGroupId=asg, lifeCycleHookId=lfh) == []

    asn = call("CreateScalingNotification", scalingGroupId=asg, notificationTypes=[1, 2], receiversIds=[1832, 1833])
    asn = asn["notificationId"]
    pair = refused(call, "ModifyScalingNotification", scalingGroupId=asg, notificationTypes=[1, 2])
    assert pair == (4000, "InvalidParameter.NotifyId")
    assert call("ModifyScalingNotification", scalingGroupId=asg, notificationId=asn, notificationTypes=[5, 6]) == []
    shown = call("DescribeScalingNotification", scalingGroupId=asg)["scalingNotificationSet"][0]
    assert (shown["notificationTypes"], shown["receiversIds"]) == ([5, 6], ["1832", "1833"])
    assert call("DeleteScalingNotification", scalingGroupId=asg, notificationIds=[asn]) == []

    pair = refused(call, "DeleteScalingConfiguration", scalingConfigurationId=asc)
    assert pair == (5100, "Conflict.ScallingConfigurationUse")
    call("SetCvmProtectedDetach", scalingGroupId=asg, instanceIds=[first], protectedFromDetach=0)
    call("ModifyScalingGroup", scalingGroupId=asg, desiredCapacity=0, **sizes)
    eventually(lambda: idle(call, asg) and not members(call, asg))
    assert call("DeleteScalingGroup", scalingGroupId=asg) is None
    assert call("DeleteScalingConfiguration", scalingConfigurationId=asc) == []
    assert call("DescribeScalingGroup") == {"totalCount": 0, "scalingGroupSet": []}


def test_each_request_is_taken_once(emulated):
    key_id, secret = emulated.key

    def twice(method, **changed):
        pairs = common(key_id, "DescribeScalingGroup") | changed
        pairs["Signature"] = signature(secret, method, emulated.address, pairs)
        encoded = urllib.parse.urlencode(pairs)
        return [send(emulated.address, method, encoded) for _ in range(2)]

    for method in ("GET", "POST"):
        first, again = twice(method)
        assert first["code"] == 0 and (again["code"], again["codeDesc"]) == (4500, "ReplayAttack")
    now = int(time.time())
    # One nonce at two times is two requests; what is out of date is none.
    for timestamp in (now, now - 7000, now + 7000):
        assert twice("GET", Timestamp=str(timestamp), Nonce="7")[0]["code"] == 0
    for timestamp in (now - 7300, now + 7300):
        assert twice("GET", Timestamp=str(timestamp))[0]["code"] == 4500


def test_what_is_signed(emulated):
    key_id, secret = emulated.key
    for host in (emulated.address, "127.0.0.1", "scaling.api.qcloud.com"):
        for method, algorithm in ALL:
            assert client(emulated, method, algorithm, host=host)("DescribeScalingGroup", scalingGroupName="策略 +&=%") == {
                "totalCount": 0,
                "scalingGroupSet": [],
            }
    for wrong in ({"host": "example.com"}, {"key": (key_id, secret + "x")}, {"key": ("AKIDnobody", secret)}):
        assert refused(client(emulated, **wrong), "DescribeScalingGroup") == (4100, "AuthFailure")
    assert refused(client(emulated, Token="x"), "DescribeScalingGroup") == (4200, "RequestExpired")
    assert refused(client(emulated, Region="no where"), "DescribeScalingGroup") == (4000, "InvalidParameter")
    assert refused(client(emulated), "DescribeScalingLimit") == (6100, "UnsupportedAction")
    assert refused(client(emulated, Nonce="x"), "DescribeScalingGroup") == (4000, "InvalidParameter")
    # A body that is not encoded, as the documentation allows; the query of a POST does not count.
    pairs = common(key_id, "DescribeScalingGroup") | {"scalingGroupName": "a b"}
    pairs["Signature"] = signature(secret, "POST", emulated.address, pairs)
    raw = "&".join(f"{name}={value}" for name, value in pairs.items())
    answer = send(emulated.address, "POST", raw, {"content-type": "text/plain"})
    assert checked(answer)["totalCount"] == 0
    with pytest.raises(Refused) as refusal:
        checked(send(emulated.address, "PUT", ""))
    assert refusal.value.pair == (4600, "UnsupportedProtocol")


def test_lists_of_any_base_and_names_in_any_case(emulated):
    call = client(emulated)
    ids = [group(call, config(call, scalingConfigurationName=f"c{n}"), scalingGroupName=f"g{n}") for n in range(2)]
    for named in (
        {"scalingGroupIds.0": ids[0], "scalingGroupIds.1": ids[1]},
        {"scalingGroupIds.1": ids[0], "scalingGroupIds.2": ids[1]},
        {"scalingGroupIds_5": ids[0], "scalingGroupIds_9": ids[1]},
    ):
        found = call("describescalinggroup", **named)["scalingGroupSet"]
        assert [one["scalingGroupId"] for one in found] == ids
    assert call("DescribeScalingGroup", scalingGroupIds=ids, offset=1, limit=1)["totalCount"] == 2
    assert refused(call, "DescribeScalingGroup", limit=0) == (4000, "InvalidParameter")


def test_the_other_tencent_door_reads_the_same_group(emulated):
    call, sdk = client(emulated), emulated.sdk()
    asg = group(call, maxSize=3)
    found = sdk("DescribeAutoScalingGroups", AutoScalingGroupIds=[asg])["AutoScalingGroupSet"][0]
    assert (found["AutoScalingGroupName"], found["MaxSize"], found["ZoneSet"]) == ("test", 3, ["ap-guangzhou-1"])
    configs = sdk("DescribeLaunchConfigurations", LaunchConfigurationIds=[found["LaunchConfigurationId"]])
    assert configs["LaunchConfigurationSet"][0]["InstanceTypes"] == ["S2.SMALL2"]
    hook = {"scalingGroupId": asg, "lifeCycleHookName": "h", "lifeCycleHookTimeout": 30}
    lfh = call("CreateLifecycleHook", **hook)["lifeCycleHookId"][0]
    assert sdk("DescribeLifecycleHooks")["TotalCount"] == 0
    call("AttachLifecycleHookId", scalingGroupId=asg, lifeCycleHookId=lfh)
    shown = sdk("DescribeLifecycleHooks")["LifecycleHookSet"][0]
    assert shown["LifecycleHookId"] == lfh.replace("lfh-", "ash-") and shown["HeartbeatTimeout"] == 30
    theirs = sdk(
        "CreateLifecycleHook",
        AutoScalingGroupId=asg,
        LifecycleHookName="theirs",
        LifecycleTransition="INSTANCE_TERMINATING",
    )["LifecycleHookId"]
    call("DetachLifecycleHookId", scalingGroupId=asg)
    assert [one["LifecycleHookId"] for one in sdk("DescribeLifecycleHooks")["LifecycleHookSet"]] == [theirs]
    assert len(call("DescribeLifecycleHook", scalingGroupId=asg)["lifeCycleHookSet"]) == 2
    sdk("DisableAutoScalingGroup", AutoScalingGroupId=asg)
    pair = refused(call, "AttachInstance", scalingGroupId=asg, instanceIds=["ins-12345678"])
    assert pair == (5100, "Conflict.ScalingGroupInactive")


def test_tasks_of_one_time_are_refused(emulated):
    call = client(emulated)
    asg = group(call)
    start = china(days=1)
    task = {"scalingGroupId": asg, "readjustMaxSize": 3, "readjustMinSize": 1, "startTime": start}
    call("CreateScheduledTask", scalingScheduledTaskName="once", **task)
    daily = task | {"endTime": china(days=30), "recurrence": "* * * * *"}
    pair = refused(call, "CreateScheduledTask", scalingScheduledTaskName="daily", **daily)
    assert pair == (5100, "InvalidScheduleTask.TimeConflict")
    daily["startTime"] = china(days=1, hours=1)
    made = call("CreateScheduledTask", scalingScheduledTaskName="daily", **daily)["scalingScheduleTaskId"][0]
    pair = refused(call, "ModifyScheduledTask", scalingScheduledTaskId=made, startTime=start)
    assert pair == (5100, "InvalidScheduleTask.TimeConflict")
    alone = task | {"startTime": china(days=2, hours=3), "recurrence": "* * 1 * *"}
    pair = refused(call, "CreateScheduledTask", scalingScheduledTaskName="alone", **alone)
    assert pair == (4000, "InvalidParameter.EndtimeAndRecurrence")
    pair = refused(call, "ModifyScheduledTask", scalingScheduledTaskId="asst-00000000", readjustMaxSize=3)
    assert pair == (5000, "InvalidScheduledTask.NotExist")


def test_tasks_stay_when_their_group_is_deleted(emulated):
    call = client(emulated)
    asg = group(call)
    task = {"readjustMaxSize": 3, "readjustMinSize": 1, "startTime": china(days=1)}
    made = call("CreateScheduledTask", scalingGroupId=asg, scalingScheduledTaskName="once", **task)
    (made,) = made["scalingScheduleTaskId"]
    before = call("DescribeScheduledTask", scalingGroupId=asg)
    # Whichever API deletes the group, and whatever becomes of the server.
    emulated.sdk()("DeleteAutoScalingGroup", AutoScalingGroupId=asg)
    emulated.restart()
    assert call("DescribeScalingGroup", scalingGroupIds=[asg])["totalCount"] == 0
    assert call("DescribeScheduledTask", scalingGroupId=asg) == before
    assert emulated.sdk()("DescribeScheduledActions")["TotalCount"] == 0
    emulated.advance(3 * 86_400)
    emulated.settle()
    assert call("DescribeScheduledTask", scalingGroupId=asg) == before
    assert call("ModifyScheduledTask", scalingScheduledTaskId=made, readjustMaxSize=4) == []
    (changed,) = call("DescribeScheduledTask", scalingGroupId=asg)["scalingScheduleTaskSet"]
    assert changed == before["scalingScheduleTaskSet"][0] | {"readjustMaxSize": 4}
    assert call("DeleteScheduledTask", scalingGroupId=asg, scalingScheduledTaskId=made) == []
    gone = (5000, "InvalidParameter.ScalingGroupIdError")
    assert refused(call, "DescribeScheduledTask", scalingGroupId=asg) == gone
    assert refused(call, "DeleteScheduledTask", scalingGroupId=asg, scalingScheduledTaskId=made) == gone


def test_activities_say_how_they_ended(emulated):
    call = client(emulated)
    asg = group(call)
    sizes = {"minSize": 0, "maxSize": 10, "removePolicy": "RemoveOldestInstance"}

    def newest(desired):
        before = call("DescribeScalingActivity", scalingGroupId=asg)["totalCount"]
        call("ModifyScalingGroup", scalingGroupId=asg, desiredCapacity=desired, **sizes)

        def first():
            found = call("DescribeScalingActivity", scalingGroupId=asg)
            # The oldest of those that the call led to; the others try again.
            return found["scalingActivitySet"][found["totalCount"] - before - 1] if found["totalCount"] > before else None

        eventually(lambda: (first() or {"status": 0})["status"] > 1)
        return first()

    def how(one):
        return one["status"], one["type"], one["errorCode"], len(one["succInsList"]), len(one["failInsList"]) > 0

    assert how(newest(1)) == (2, 0, 0, 1, False)
    emulated.faults({"op": "launch", "effect": "sold_out"})
    assert how(newest(2)) == (4, 0, 20000, 0, True)
    emulated.faults({"op": "launch", "effect": "quota"})
    assert how(newest(3)) == (4, 0, 30000, 0, True)
    emulated.faults()
    call("ModifyScalingGroup", scalingGroupId=asg, desiredCapacity=3, **sizes)
    eventually(lambda: idle(call, asg) and len(members(call, asg)) == 3)
    emulated.faults({"op": "launch", "effect": "quota", "times": 1})
    partly = newest(5)
    assert how(partly) == (3, 0, 30000, 1, True) and partly["msg"] != "success"
    eventually(lambda: idle(call, asg) and len(members(call, asg)) == 5)
    assert how(newest(4)) == (2, 1, 0, 1, False)


def test_every_quota_of_a_group(emulated):
    call = client(emulated)
    asg = group(call)
    metric = json.dumps({"dimensionName": "cpu_usage", "comparisonOperator": "Greater", "threshold": 50})
    policy = {"adjustmentType": "TotalCapacity", "adjustmentValue": 1, "cooldown": 300, "metric": metric}
    hook, told = {"lifeCycleHookTimeout": 10}, {"notificationTypes": [1], "receiversIds": [1832]}
    task = {"readjustMaxSize": 3, "readjustMinSize": 1}
    for action, most, code, parameters in [
        ("CreateScalingPolicy", 100, "ScalingPolicy", lambda n: policy | {"scalingPolicyName": f"p{n}"}),
        ("CreateLifecycleHook", 10, "HookLimit", lambda n: hook | {"lifeCycleHookName": f"h{n}"}),
        ("CreateScalingNotification", 20, "ScalingNotification", lambda _: told),
        (
            "CreateScheduledTask",
            10,
            "ScheduledTask",
            lambda n: task | {"scalingScheduledTaskName": f"t{n}", "startTime": china(days=n + 1)},
        ),
    ]:
        for number in range(most):
            call(action, scalingGroupId=asg, **parameters(number))
        assert refused(call, action, scalingGroupId=asg, **parameters(most)) == (5100, f"QuotaExceeded.{code}")
