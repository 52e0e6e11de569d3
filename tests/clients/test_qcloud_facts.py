"""The API of 2017 by its facts (`dialects/qcloud/facts.json`), every action and every parameter: what is right up to both
ends of each range is taken and shown, what is just beyond is refused with its code, names parameter and value, and changes
nothing; what is required is missed, what has a default has it, and what is left out of a change stays."""

import json
import re

import pytest
from qcloud_world import (
    ACTIONS, FACTS, IDS, LONG, METRIC, NAMES, OFF, SHOWN_BY, World, adjustments, echoed, metrics, parameters, user_data,
    wrong_adjustments, wrong_metrics,
)

INVALID = (4000, "InvalidParameter")
GROUP = "InvalidParameter.ScalingGroupIdError"
ABSENT = {
    "scalingGroupId": ("asg-absent01", GROUP),
    "scalingConfigurationId": ("asc-absent01", "InvalidParameter.ScalingConfigurationIdError"),
    "instanceIds": ("ins-absent01", "InvalidParameter.InstanceIdError"),
    "scalingInstanceId": ("ins-absent01", "InvalidParameter.InstanceIdError"),
    "scalingPolicyId": ("asp-absent01", "InvalidParameter.ScalingPolicyIdError"),
    "scalingScheduledTaskId": ("asst-absent01", "InvalidScheduledTask.NotExist"),
    "lifeCycleHookId": ("lfh-absent01", "InvalidParameter.LifeCycleHookIdError"),
    "notificationId": ("asn-absent01", "InvalidParameter.NotifyId"),
    "notificationIds": ("asn-absent01", "InvalidParameter.NotifyId"),
}
# The code that an action has for a parameter that is not right, or not there; of others it is INVALID.
OWN = {
    ("CreateScalingConfiguration", "storageType"): "InvalidParameter.storageType",
    ("CreateScalingConfiguration", "sgId"): "InvalidParameter.SecurityGroupId",
    ("CreateScalingGroup", "zoneIds"): "InvalidParameter.ZoneIdError",
    ("CreateScalingGroup", "vpcId"): "InvalidParameter.VpIdOrSubnetIdError",
    ("CreateScalingGroup", "subnetIds"): "InvalidParameter.VpIdOrSubnetIdError",
    ("CreateScalingGroup", "loadBalancerIds"): "InvalidParameter.LoadBalancerIdError",
    ("CreateScalingGroup", "desiredCapacity"): "InvalidParameter.DesiredCapacity",
    ("ModifyScalingGroup", "desiredCapacity"): "InvalidParameter.DesiredCapacity",
    ("SetCvmProtectedDetach", "protectedFromDetach"): "InvalidParameter.ProtectedFromDetach",
    ("CreateScalingPolicy", "scalingPolicyName"): "InvalidParameter.ScalingPolicyNameError",
    ("ModifyScalingPolicy", "scalingPolicyName"): "InvalidParameter.ScalingPolicyNameError",
    ("CreateScalingPolicy", "metric"): "InvalidParameter.Metric",
    ("ModifyScalingPolicy", "metric"): "InvalidParameter.MetricError",
    ("CreateScalingPolicy", "adjustmentType"): "InvalidParameter.ScalingPolicyAdjustmentTypeError",
    ("ModifyScalingPolicy", "adjustmentType"): "InvalidParameter.ScalingPolicyAdjustmenttypeError",
    ("CreateScalingPolicy", "adjustmentValue"): "InvalidParameter.AdjustmentValue",
    ("ModifyScalingPolicy", "adjustmentValue"): "InvalidParameter.AdjustmentValue",
    ("CreateScalingPolicy", "notifyIds"): "InvalidParameter.GroupId",
    ("ModifyScalingPolicy", "notifyIds"): "InvalidParameter.GroupId",
    ("CreateLifecycleHook", "notifyIds"): "InvalidParameter.GroupIdInHook",
    ("ModifyLifecycleHook", "notifyIds"): "InvalidParameter.GroupIdInHook",
    ("CompleteLifecycleHookAction", "lifeCycleHookResult"): "HookParameterError.LifeCycleHookResult",
    ("CreateScalingNotification", "notificationTypes"): "InvalidParameter.NotifyType",
    ("ModifyScalingNotification", "notificationTypes"): "InvalidParameter.NotifyType",
    ("CreateScalingNotification", "receiversIds"): "InvalidParameter.GroupId",
    ("ModifyScalingNotification", "receiversIds"): "InvalidParameter.GroupId",
    ("AttachLifecycleHookId", "lifeCycleHookId"): "Conflict.ScalingGroupIdVsLifeCycleHookId",
    "projectId": "InvalidParameter.InvalidProjectId",
    "transition": "HookParameterError.Transition",
    "defaultResult": "HookParameterError.DefaultResult",
}
RECEIVERS = {"team": None, "1" * 21: None}
SIZE = [0, 1, 30]
BEYOND = [-1, 31]

# What is right: a value, or several parameters together. Where facts have an `enum` or both ends of a range, those count.
GOOD = {
    "scalingConfigurationName": NAMES, "scalingGroupName": NAMES, "scalingPolicyName": NAMES,
    "scalingScheduledTaskName": NAMES, "lifeCycleHookName": NAMES,
    "imageId": ["img-1", "img-31tjrtph"], "keyId": ["skey-1a2b3c4d"], "sgId": ["sg-12345678"],
    "cpu": [1, 2, 4, 8, 64], "mem": [1, 2, 1024],
    "storageSize": [
        *({"storageType": kind, "storageSize": size, "cpu": 2} for kind in (1, 3) for size in (0, 10, 500)),
        *({"storageType": kind, "storageSize": size} for kind in (2, 5, 6) for size in (0, 10, 4000)),
    ],
    "bandwidth": [*({"bandwidth": 0, "wanIp": wan} for wan in (0, 1)), 1, 200, 65535],
    "rootSize": [8, 50, 51, 1024], "projectId": [0, 7, 2**31 - 1],
    "password": ["abcdefg1", "abcdefghijklmno1", "1234567!", "abc(){}!"],
    "dataSnapshotId": [{"storageType": kind, "dataSnapshotId": "snap-12345678"} for kind in (2, 5, 6)],
    "userdata": [user_data(0) or "eA==", user_data(16384)],
    "scalingConfigurationId": [{}],
    "minSize": [{"minSize": 0, "maxSize": 0}, {"minSize": 30, "maxSize": 30}, {"minSize": 2, "maxSize": 2}],
    "maxSize": [{"minSize": 0, "maxSize": 30}, {"minSize": 1, "maxSize": 1}],
    "desiredCapacity": [{"minSize": 1, "maxSize": 3, "desiredCapacity": n} for n in (1, 2, 3)],
    "vpcId": [{"vpcId": 0, "subnetIds": None, "zoneIds": [100001]}, {"vpcId": "vpc-1", "subnetIds": ["subnet-1"]}],
    "zoneIds": [{"vpcId": 0, "subnetIds": None, "zoneIds": [100002, 100001]}],
    "subnetIds": [[f"subnet-{n}" for n in range(20)]],
    "loadBalancerIds": [["lb-12345678"], [f"lb-{n}" for n in range(20)]],
    "metric": [{"metric": json.dumps(one)} for one in metrics()],
    "adjustmentType": list(adjustments()), "adjustmentValue": list(adjustments()),
    "cooldown": [0, 1, 300, 86400],
    "notifyIds": [["1832"], ["1833", "1832"]], "receiversIds": [["1832"], ["1833", "1832"]],
    "notificationTypes": [[n] for n in range(1, 7)] + [[1, 2, 3, 4, 5, 6]],
    "readjustMaxSize": [{"readjustMinSize": 0, "readjustMaxSize": n} for n in SIZE],
    "readjustMinSize": [{"readjustMinSize": n, "readjustMaxSize": 30} for n in SIZE],
    "lifeCycleHookTimeout": [1, 10, 7200, 604800],
}
REPEATED = ["* * * * *", "* * 1 * *", " * * 1,15 * *", "* * * * 1-5", "* * * * 0", "* * */2 * *", "* * * 1,7 *", "* * * * * 1"]

# What is not: the value, and the code where it is another than that of its parameter.
WRONG = {
    "scalingConfigurationName": {LONG + "n": None, "a\tb": None}, "scalingGroupName": {LONG + "n": None},
    "scalingPolicyName": {LONG + "n": None}, "scalingScheduledTaskName": {LONG + "n": None},
    "lifeCycleHookName": {LONG + "n": None},
    "imageId": IDS, "keyId": IDS, "sgId": IDS, "dataSnapshotId": IDS, "vpcId": IDS,
    "cpu": {0: None, -1: None, 3: (5200, "OprationFail.CpuOrMemNotExsit"), 5: (5200, "OprationFail.CpuOrMemNotExsit")},
    "mem": {0: None, -1: None, 99999: (5200, "OprationFail.CpuOrMemNotExsit")},
    "storageType": {0: None, 4: None, 7: None, -1: None},
    "storageSize": {n: (5100, "QuotaExceeded.storageSize") for n in (-10, 1, 105, 4010)},
    "rootSize": {n: (5100, "QuotaExceeded.rootSize") for n in (-1, 0, 1025)},
    "bandwidth": {n: None for n in (-1, 201, 65534, 65536)},
    "bandwidthType": {"PayByYear": None}, "imageType": {0: None, 3: None}, "cvmType": {"13": None, "S1": None},
    "password": {text: None for text in ("abcdef1", "abcdefghijklmnop1", "abcdefgh", "12345678", "abcd efg1", "pässwörd1")},
    "userdata": {"not base64!": None, user_data(16385): None},
    "projectId": {"-1": None, "x": None, "1.5": None},
    "minSize": {n: None for n in BEYOND}, "maxSize": {n: None for n in BEYOND},
    "desiredCapacity": {n: None for n in BEYOND},
    "removePolicy": {"RemoveAny": None}, "creationType": {"Other": None}, "healthStatus": {"Ill": None},
    "zoneIds": {n: None for n in ("abc", "999999", "100000")},
    "subnetIds": {"a b": None}, "loadBalancerIds": {"a b": None},
    "adjustmentType": {"Double": None, "UnhealthyInstance": None},
    "cooldown": {-1: None}, "notifyIds": RECEIVERS, "receiversIds": RECEIVERS,
    "notificationTypes": {n: None for n in (0, 7, -1, "x")},
    "readjustMaxSize": {n: None for n in BEYOND}, "readjustMinSize": {n: None for n in BEYOND},
    "startTime": {text: None for text in ("tomorrow", "2099-13-01 00:00:00", "2099-01-01", "2099-01-01T00:00:00Z")},
    "endTime": {text: None for text in ("tomorrow", "2099-02-30 00:00:00")},
    "recurrence": {text: None for text in ("0 9 * * *", "* 9 * * *", "* * * *", "* * 32 * *", "* * * * 9", "x")},
    "lifeCycleHookTimeout": {0: None, -1: None, 604801: None}, "recordTimeout": {0: None, -1: None, 604801: None},
    "transition": {2: None, -1: None}, "defaultResult": {2: None, -1: None}, "lifeCycleHookResult": {2: None, -1: None},
    "protectedFromDetach": {2: None, -1: None, "x": None}, "keepInstance": {2: None, -1: None},
    "offset": {-1: None}, "limit": {0: None, -1: None, 101: None},
    **{name: {2: None, -1: None} for name in ("needMonitorAgent", "needSecurityAgent", "wanIp")},
}
# Filters of ids name nothing, not something wrong, when there is no such id.
FILTERS_OF_IDS = {
    "scalingConfigurationIds", "scalingGroupIds", "scalingActivityIds", "scalingPolicyIds", "scalingScheduledTaskIds",
    "notificationIds", "instanceIds", "scalingConfigurationId", "lifeCycleHookId",
}
# Parameters of which every text is right: names to look for.
ANY_TEXT = {
    (action, name)
    for action, name in [
        ("DescribeScalingConfiguration", "scalingConfigurationName"), ("DescribeScalingGroup", "scalingGroupName"),
        ("DescribeScalingGroup", "vpcId"), ("DescribeScalingPolicy", "scalingPolicyName"),
        ("DescribeScheduledTask", "scalingScheduledTaskName"), ("DescribeLifecycleHook", "lifeCycleHookName"),
        ("DescribeLifecycleHook", "lifeCycleHookTimeout"), ("DescribeScalingNotification", "notificationName"),
        ("DeleteLifecycleHook", "lifeCycleHookName"),
    ]
}
# The message does not repeat what is secret, or 21 KB.
UNSAID = {"password", "userdata"}


def own_code(action, name):
    desc = OWN.get((action, name)) or OWN.get(name)
    if name in ABSENT and not (action.startswith("Describe") and name in FILTERS_OF_IDS):
        desc = desc or ABSENT[name][1]
    if desc == GROUP and action.endswith("ScalingNotification"):
        desc = "InvalidParameter.ScalingGroupId"
    return (4000, desc or "InvalidParameter")


def good(action, name, said):
    """Values that are right, or parameters that are right together."""
    if "enum" in said and name not in ("adjustmentType", "storageType"):
        return said["enum"]
    if name == "storageType":
        # The smallest machines have no local disks (T:958).
        return [{"storageType": kind, "cpu": 2} for kind in said["enum"]]
    if name in ("notifyIds", "receiversIds"):
        return [*GOOD[name], [str(n) for n in range(1, said.get("max_items", 100) + 1)]]
    return GOOD[name]


def wrong(action, name, kind, said):
    """Values that are not right, each with the code it is refused with, and the text that the message has."""
    described = action.startswith("Describe")
    if described and name in FILTERS_OF_IDS:
        yield "x", (4000, "InvalidParameter"), "x"
        if "max_items" in said:
            yield [ABSENT[name.replace("urationIds", "urationId")][0]] * 21, INVALID, "21"
        return
    own = own_code(action, name)
    if name in ABSENT:
        absent = 5100 if own[1] == "Conflict.ScalingGroupIdVsLifeCycleHookId" else 5000
        yield ABSENT[name][0], (absent, own[1]), ABSENT[name][0]
        yield "no id", own, "no id"
    if name == "metric":
        for member, metric in wrong_metrics():
            yield {"metric": json.dumps(metric)}, own, f"metric.{member}"
        for text in ("{}x", "no JSON", "[]"):
            yield {"metric": text}, own, text
    if name == "adjustmentValue":
        for both in wrong_adjustments():
            yield both, own, str(both["adjustmentValue"])
    if action == "AttachInstance" and name == "instanceIds":
        yield [f"ins-{n:08}" for n in range(21)], own, "21"
    if name in ("notifyIds", "receiversIds"):
        # What the documentation does not bound is bounded where nobody gets.
        most = said.get("max_items", 100)
        yield [str(n) for n in range(1, most + 2)], own, str(most + 1)
    for value, code in WRONG.get(name, {}).items():
        if (action, name) in ANY_TEXT:
            continue
        code = code if isinstance(code, tuple) else own
        sent = [value] if name.endswith("Ids") or name == "notificationTypes" else value
        if name == "zoneIds":
            sent = {"vpcId": 0, "subnetIds": None, "zoneIds": [value]}
        if name == "recurrence":
            sent = {"endTime": "2199-01-01 00:00:00", "recurrence": value}
        yield sent, code, None if name in UNSAID else str(value).strip()[:64]
    # Numbers that are none.
    if kind == "integer" and (action, name) != ("CreateScalingNotification", "notificationTypes"):
        for text in ("many", "1.5", "99999999999999999999"):
            yield text, own, text


def given(name, value):
    return value if isinstance(value, dict) else {name: value}


@pytest.fixture
def world(emulated):
    return World(emulated)


def faults_of(world, action):
    """What is not refused as it should be."""
    before = world.everything()

    def check(what, answer, pair, texts):
        if (answer["code"], answer["codeDesc"]) != pair:
            return [f"{what}: {answer}, not {pair}"]
        said = re.fullmatch(r"\(\d{6}\) (.+)", answer["message"], re.S)
        if not said or set(answer) != {"code", "message", "codeDesc"}:
            return [f"{what}: {answer}"]
        return [f"{what}: `{text}` is not in {answer['message']}" for text in texts if text not in said[1]]

    found = []
    for name, kind, required, said in parameters(action):
        if required:
            less = {key: value for key, value in world.valid(action).items() if key != name}
            if action == "ModifyScalingNotification" and name == "notificationTypes":
                continue
            found += check(f"{name} missing", world.raw(action, **less), own_code(action, name), [name])
        for value, pair, text in wrong(action, name, kind, said):
            sent = world.valid(action) | given(name, value)
            texts = [name] if text is None else [name, text]
            # An id that nothing has is named by what it would be.
            if pair[0] in (5000, 5200) or pair[1] in ("Conflict.ScalingGroupIdVsLifeCycleHookId",):
                texts = texts[1:]
            found += check(f"{name}={str(value)[:80]}", world.raw(action, **sent), pair, texts)
    if world.everything() != before:
        found.append("something has changed")
    return found


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_missing_or_beyond_is_refused(world, action):
    found = faults_of(world, action)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("action", [action for action in SHOWN_BY if action.startswith("Create")])
def test_what_is_made_is_shown_as_it_was_given(world, action):
    found = []

    def made(values):
        sent = world.valid(action) | values
        answer = world.raw(action, **sent)
        if answer["code"] != 0:
            found.append(f"{values}: {answer}")
            return None
        (ids,) = answer["data"].values()
        key = ids if isinstance(ids, str) else ids[0]
        one = world.shown(action, key)
        for name in {*sent} - {"scalingGroupId"}:
            if sent[name] is None or name == "desiredCapacity":
                continue
            _, got, meant = echoed(action, name, sent[name], one)
            if got != meant:
                found.append(f"{name}={str(sent[name])[:80]} is shown as {str(got)[:80]} with {str(values)[:80]}")
        world.remove(action, key)
        return one

    for name, _, _, said in parameters(action):
        if name in ("scalingGroupId", "startTime", "endTime", "recurrence"):
            continue
        for value in good(action, name, said):
            if name in ("subnetIds", "loadBalancerIds", "notifyIds") or name in ANY_TEXT:
                value = {name: value}
            made(given(name, value))
        if "default" in said:
            one = made({name: None})
            _, got, meant = echoed(action, name, said["default"], one)
            if got != meant:
                found.append(f"{name} is {got} when it is left out")
    if action == "CreateScheduledTask":
        for text in REPEATED:
            made({"recurrence": text, "endTime": world.china(days=400)})
    assert not found, "\n".join(found)


@pytest.mark.parametrize("action", [action for action in SHOWN_BY if not action.startswith("Create")])
def test_a_change_changes_what_it_names_and_nothing_else(world, action):
    found = []

    def changed(values):
        world.server.settle()
        sent = world.valid(action) | values
        key = world.key(action, sent)
        before = world.shown(action, key)
        answer = world.raw(action, **sent)
        if answer["code"] != 0:
            found.append(f"{values}: {answer}")
            return
        after = world.shown(action, key)
        # What the change leads to by itself.
        loose = {"instanceNum", "bInScalingActivity", "desiredCapacity", "lifeCycleState"}
        if "scalingConfigurationId" in sent:
            loose |= {"scalingConfigurationName"}
        for name in {*sent} - {"scalingGroupId", "instanceIds"}:
            member, got, meant = echoed(action, name, sent[name], after)
            loose.add(member)
            if got != meant:
                found.append(f"{name}={str(sent[name])[:80]} is shown as {str(got)[:80]} after {str(values)[:80]}")
        for name in {*before} - loose:
            if before[name] != after[name]:
                found.append(f"{name} went from {before[name]} to {after[name]} with {values}")

    for name, _, required, said in parameters(action):
        if name in ("scalingGroupId", "instanceIds", "startTime", "endTime", "recurrence") or name in ABSENT and required:
            continue
        for value in good(action, name, said):
            if name == "scalingConfigurationId":
                value = {name: world.make("CreateScalingConfiguration")}
            if name == "metric" and "repeatTimes" not in value["metric"]:
                continue
            changed(given(name, value))
    if action == "ModifyScheduledTask":
        changed({"startTime": world.fresh_start()})
        for text in REPEATED[1:]:
            changed({"recurrence": text, "endTime": world.china(days=400)})
        changed({"endTime": world.china(days=500)})
        again = {"recurrence": "* * 1 * *", "endTime": world.china(days=400)}
        off = ("* * * * *", OFF)
        for values in ({"recurrence": "*****", "endTime": OFF}, {"recurrence": "*****"}, {"endTime": "0000-00-00 00: 00: 00"}):
            world.call(action, scalingScheduledTaskId=world.task, **again)
            world.call(action, scalingScheduledTaskId=world.task, **values)
            one = world.shown(action, world.task)
            if (one["recurrence"], one["endTime"]) != off:
                found.append(f"{values}: {one}")
    assert not found, "\n".join(found)


def test_what_does_not_go_together(world):
    """Rules of several parameters (T:902, T:923, T:929, T:958, T:1202-1210, T:1239, T:2397-2399)."""
    later, end = world.fresh_start(), world.china(days=300)
    conflict, network = (4000, "Conflict.VpIdVszoneId"), (4000, "InvalidParameter.VpIdOrSubnetIdError")
    alone = (4000, "InvalidParameter.EndtimeAndRecurrence")
    for action, more, pair in [
        ("CreateScalingConfiguration", {"keyId": "skey-1", "password": "abcdefg1"}, INVALID),
        ("CreateScalingConfiguration", {"cpu": 1, "mem": 1, "storageType": 1}, (4000, "InvalidParameter.CbsNotMatchCpu")),
        ("CreateScalingConfiguration", {"cpu": 1, "mem": 1, "storageType": 3}, (4000, "InvalidParameter.CbsNotMatchCpu")),
        *(("CreateScalingConfiguration", {"cpu": 2, "storageType": kind, "storageSize": 510},
           (5100, "QuotaExceeded.storageSize")) for kind in (1, 3)),
        *(("CreateScalingConfiguration", {"cpu": 2, "storageType": kind, "dataSnapshotId": "snap-1"}, INVALID)
          for kind in (1, 3)),
        ("CreateScalingGroup", {"minSize": 3, "maxSize": 2}, (4000, "Conflict.MaxsizeLessMinsize")),
        ("CreateScalingGroup", {"maxSize": 2, "desiredCapacity": 3}, (4000, "InvalidParameter.DesiredCapacity")),
        ("CreateScalingGroup", {"vpcId": 0, "subnetIds": None}, (4000, "InvalidParameter.ZoneIdError")),
        ("CreateScalingGroup", {"subnetIds": None}, network),
        ("CreateScalingGroup", {"zoneIds": [100001]}, conflict),
        ("CreateScalingGroup", {"subnetIds": None, "zoneIds": [100001]}, conflict),
        ("CreateScalingGroup", {"vpcId": 0, "zoneIds": [100001]}, conflict),
        ("CreateScalingGroup", {"loadBalancerIds": [f"lb-{n}" for n in range(21)]}, (5100, "QuotaExceeded.LoadBalancerId")),
        ("CreateScalingGroup", {"subnetIds": [f"subnet-{n}" for n in range(21)]}, (5100, "QuotaExceeded.SubnetId")),
        ("CreateScalingGroup", {"vpcId": 0, "subnetIds": None, "zoneIds": [*range(100001, 100012)]},
         (5100, "QuotaExceeded.ZoneId")),
        ("ModifyScalingGroup", {"minSize": 3, "maxSize": 2}, (4000, "Conflict.MaxsizeLessMinsize")),
        ("ModifyScalingGroup", {"minSize": 1, "desiredCapacity": 0}, (4000, "InvalidParameter.DesiredCapacity")),
        ("CreateScheduledTask", {"recurrence": "* * 1 * *"}, alone),
        ("CreateScheduledTask", {"endTime": end}, alone),
        ("CreateScheduledTask", {"startTime": later, "endTime": later, "recurrence": "* * 1 * *"}, INVALID),
        ("CreateScheduledTask", {"startTime": world.china(hours=-1)}, INVALID),
        ("CreateScheduledTask", {"readjustMinSize": 5}, (4000, "Conflict.MaxsizeLessMinsize")),
        ("ModifyScheduledTask", {"recurrence": "* * 1 * *"}, alone),
        ("ModifyScheduledTask", {"endTime": end}, alone),
        ("ModifyScheduledTask", {"readjustMinSize": 5}, (4000, "Conflict.MaxsizeLessMinsize")),
    ]:
        before = world.everything()
        answer = world.raw(action, **(world.valid(action) | more))
        assert (answer["code"], answer["codeDesc"]) == pair, (action, more, answer)
        assert world.everything() == before, (action, more)


def test_what_is_left_out_has_its_default(world):
    """Defaults that the facts do not list: T:1211, T:2052, T:2177."""
    asg = world.make("CreateScalingGroup", minSize=2, maxSize=4)
    assert world.shown("CreateScalingGroup", asg)["desiredCapacity"] == 2
    metric = {name: value for name, value in METRIC.items() if name != "repeatTimes"}
    asp = world.make("CreateScalingPolicy", metric=json.dumps(metric))
    shown = world.shown("CreateScalingPolicy", asp)
    assert (shown["metric"]["repeatTimes"], shown["notifyIdSet"]) == (3, [])
    asc = world.make("CreateScalingConfiguration", bandwidth=0)
    assert world.shown("CreateScalingConfiguration", asc)["wanIp"] == 1
    task = world.shown("CreateScheduledTask", world.task)
    assert (task["recurrence"], task["endTime"]) == ("* * * * *", OFF)
    # A change of the metric leaves what it does not say.
    world.call("ModifyScalingPolicy", scalingGroupId=world.asg, scalingPolicyId=world.asp, metric='{"threshold":51}')
    assert world.shown("ModifyScalingPolicy", world.asp)["metric"] == METRIC | {"threshold": 51}


def test_each_name_is_taken_once(world):
    for action, name, desc in [
        ("CreateScalingConfiguration", "scalingConfigurationName", "ScallingConfiguration"),
        ("CreateScalingGroup", "scalingGroupName", "ScalingGroup"),
        ("CreateScalingPolicy", "scalingPolicyName", "ScalingPolicy"),
        ("CreateScheduledTask", "scalingScheduledTaskName", "ScheduledTask"),
        ("CreateLifecycleHook", "lifeCycleHookName", "LifeCycleHook"),
    ]:
        world.make(action, **{name: "once"})
        own = world.make(action)
        answer = world.raw(action, **(world.valid(action) | {name: "once"}))
        assert (answer["code"], answer["codeDesc"]) == (5100, f"NameDuplicate.{desc}"), answer
        assert "`once`" in answer["message"]
        change = action.replace("Create", "Modify")
        if change in ACTIONS:
            member = SHOWN_BY[change][1]
            sent = world.valid(change) | {member: own}
            answer = world.raw(change, **sent, **{name: "once"})
            assert (answer["code"], answer["codeDesc"]) == (5100, f"NameDuplicate.{desc}"), answer
            # Its own name is no other's.
            world.call(change, **sent, **{name: world.shown(change, own)[name]})


def test_every_parameter_has_right_and_wrong_values():
    """Nothing of the facts is left out above; what is looked at elsewhere says where."""
    import test_qcloud_lists as lists
    import test_qcloud_run as run

    elsewhere = {
        ("DetachInstance", "keepInstance"): run.test_instances_come_and_go,
        ("AttachInstance", "instanceIds"): run.test_instances_come_and_go,
        ("DetachInstance", "instanceIds"): run.test_instances_come_and_go,
        ("CompleteLifecycleHookAction", "lifeCycleHookResult"): run.test_hooks_hold_renew_and_let_go,
        ("RecordLifecycleHookTimeout", "recordTimeout"): run.test_hooks_hold_renew_and_let_go,
        ("DeleteLifecycleHook", "lifeCycleHookName"): run.test_hooks_hold_renew_and_let_go,
    }
    times = {"startTime", "endTime", "recurrence"}
    lost = []
    for action in ACTIONS:
        for name, kind, required, said in parameters(action):
            one = (action, name)
            if one not in ANY_TEXT and not list(wrong(action, name, kind, said)):
                lost.append(f"{one} has nothing wrong")
            described = action.startswith("Describe")
            if described and not (name in lists.FILTERS.get(action, {}) or name in ("offset", "limit", "scalingGroupId")):
                lost.append(f"{one} filters nothing")
            if not described and one not in elsewhere and name not in ABSENT:
                if action not in SHOWN_BY or not (name in times or good(action, name, said)):
                    lost.append(f"{one} has nothing right")
    assert not lost, lost
    assert {*FACTS["types"]} == {structure for _, _, structure in SHOWN_BY.values()} | {"ScalingActivity", "Metric"}
