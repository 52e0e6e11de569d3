"""For the tests of the API of 2017 by its facts: a service that has one of everything, a valid request of every action, and
which values of every parameter are right and wrong."""

import base64
import datetime
import json
import urllib.parse

from conftest import ROOT
from qcloud import client, common, flat, send, signature

FACTS = json.loads((ROOT / "dialects/qcloud/facts.json").read_text())
ACTIONS = FACTS["actions"]
BEIJING = datetime.timezone(datetime.timedelta(hours=8))
OFF = "0000-00-00 00:00:00"

PLACE = {"vpcId": "vpc-12345678", "subnetIds": ["subnet-12345678"]}
METRIC = {"dimensionName": "cpu_usage", "comparisonOperator": "Greater", "threshold": 50, "repeatTimes": 2}
CONFIG = {
    "imageId": "img-50mr2ow7", "cpu": 1, "mem": 2, "storageType": 6, "storageSize": 100, "bandwidthType": "PayByTraffic",
    "bandwidth": 1, "imageType": 2,
}
SIZES = {"minSize": 0, "maxSize": 30, "removePolicy": "RemoveOldestInstance"}


def base(name):
    """A parameter without the index at its end."""
    return name.removesuffix(".n")


def parameters(action):
    """The parameters of an action: name, type, required, what is said of its values."""
    rules = ACTIONS[action]["rules"]
    return [(base(name), kind, required, rules.get(name, {})) for name, kind, required in ACTIONS[action]["input"]]


class World:
    """A group with two members, a policy, a task, a hook and a notification, and what makes more of each."""

    def __init__(self, server):
        self.server, self.call, self.number = server, client(server, "POST"), 0
        self.asc = self.make("CreateScalingConfiguration")
        self.asg = self.make("CreateScalingGroup", desiredCapacity=2)
        server.settle()
        self.members = [one["instanceId"] for one in self.listed("DescribeScalingInstance")]
        self.asp = self.make("CreateScalingPolicy")
        self.task = self.make("CreateScheduledTask")
        self.lfh = self.make("CreateLifecycleHook")
        self.asn = self.make("CreateScalingNotification")
        self.asa = self.listed("DescribeScalingActivity")[0]["scalingActivityId"]

    def name(self):
        self.number += 1
        return f"n{self.number}"

    def china(self, **later):
        now = datetime.datetime.fromisoformat(self.server.native("GET", "clock")["now"].replace("Z", "+00:00"))
        return (now.astimezone(BEIJING) + datetime.timedelta(**later)).strftime("%Y-%m-%d %H:%M:%S")

    def fresh_start(self):
        """A time at which no task runs: one an hour, by the number of things made."""
        self.number += 1
        return self.china(days=1, hours=self.number)

    def raw(self, action, **given):
        """The answer as it is, signed as the documentation says."""
        key_id, secret = self.server.key
        pairs = common(key_id, action) | dict(flat(given))
        pairs["Signature"] = signature(secret, "POST", self.server.address, pairs)
        return send(self.server.address, "POST", urllib.parse.urlencode(pairs))

    def valid(self, action):
        """The required parameters of an action, each with a value that is right; names and times are new ones."""
        group = {"scalingGroupId": self.asg} if hasattr(self, "asg") else {}
        hook = group | {"lifeCycleHookId": getattr(self, "lfh", None)}
        match action:
            case "CreateScalingConfiguration":
                return CONFIG | {"scalingConfigurationName": self.name()}
            case "DeleteScalingConfiguration":
                return {"scalingConfigurationId": self.asc}
            case "CreateScalingGroup":
                return SIZES | PLACE | {"scalingConfigurationId": self.asc, "scalingGroupName": self.name()}
            case "ModifyScalingGroup":
                return group | SIZES
            case "SetCvmProtectedDetach":
                return group | {"instanceIds": self.members[:1], "protectedFromDetach": 0}
            case "AttachInstance" | "DetachInstance":
                return group | {"instanceIds": self.members[:1]}
            case "CreateScalingPolicy":
                by = {"adjustmentType": "QuantityChangeInCapacity", "adjustmentValue": 1, "cooldown": 300}
                return group | by | {"scalingPolicyName": self.name(), "metric": json.dumps(METRIC)}
            case "ModifyScalingPolicy" | "DeleteScalingPolicy":
                return group | {"scalingPolicyId": self.asp}
            case "CreateScheduledTask":
                sizes = {"readjustMaxSize": 4, "readjustMinSize": 1}
                return group | sizes | {"scalingScheduledTaskName": self.name(), "startTime": self.fresh_start()}
            case "ModifyScheduledTask":
                return {"scalingScheduledTaskId": self.task}
            case "DeleteScheduledTask":
                return group | {"scalingScheduledTaskId": self.task}
            case "CreateLifecycleHook":
                return group | {"lifeCycleHookName": self.name(), "lifeCycleHookTimeout": 60}
            case "ModifyLifecycleHook" | "DeleteLifecycleHook" | "AttachLifecycleHookId":
                return hook
            case "CompleteLifecycleHookAction":
                return hook | {"scalingInstanceId": self.members[0], "lifeCycleHookResult": 0}
            case "RecordLifecycleHookTimeout":
                return hook | {"scalingInstanceId": self.members[0], "recordTimeout": 60}
            case "CreateScalingNotification":
                return group | {"notificationTypes": [1], "receiversIds": ["1832"]}
            case "ModifyScalingNotification":
                return group | {"notificationId": self.asn, "notificationTypes": [2]}
            case "DeleteScalingNotification":
                return group | {"notificationIds": [self.asn]}
            case "DescribeScalingConfiguration" | "DescribeScalingGroup" | "DescribeLifecycleHook":
                return {}
            case _:
                return group

    def make(self, action, **more):
        """The id of a new thing."""
        (ids,) = self.call(action, **(self.valid(action) | more)).values()
        return ids if isinstance(ids, str) else ids[0]

    def listed(self, action, **filters):
        """What a Describe lists, all of it."""
        found = self.call(action, **(self.valid(action) | filters))
        (items,) = [value for value in found.values() if isinstance(value, list)]
        return items

    def everything(self):
        """All that can be seen."""
        return {action: self.listed(action, limit=100) for action in ACTIONS if action.startswith("Describe")}

    def shown(self, action, key):
        """A thing that an action made or changed, as its Describe shows it."""
        describe, member, _ = SHOWN_BY[action]
        (one,) = [item for item in self.listed(describe, limit=100) if item[member] == key]
        return one

    def key(self, action, given):
        """What the action works on."""
        return {
            "ModifyScalingGroup": self.asg, "SetCvmProtectedDetach": self.members[0], "ModifyScalingPolicy": self.asp,
            "ModifyScheduledTask": self.task, "ModifyLifecycleHook": self.lfh, "ModifyScalingNotification": self.asn,
        }[action]

    def remove(self, action, key):
        """Takes away what an action made."""
        group = {"scalingGroupId": self.asg}
        match action:
            case "CreateScalingConfiguration":
                self.call("DeleteScalingConfiguration", scalingConfigurationId=key)
            case "CreateScalingGroup":
                self.server.settle()
                self.call("ModifyScalingGroup", scalingGroupId=key, **(SIZES | {"desiredCapacity": 0}))
                self.server.settle()
                self.call("DeleteScalingGroup", scalingGroupId=key)
            case "CreateScalingPolicy":
                self.call("DeleteScalingPolicy", scalingPolicyId=key, **group)
            case "CreateScheduledTask":
                self.call("DeleteScheduledTask", scalingScheduledTaskId=key, **group)
            case "CreateLifecycleHook":
                self.call("DeleteLifecycleHook", lifeCycleHookId=key, **group)
            case "CreateScalingNotification":
                self.call("DeleteScalingNotification", notificationIds=[key], **group)


# What shows the things that an action makes or changes: the Describe, the member that names them, the structure of them.
SHOWN_BY = {
    action: (f"Describe{what}", member, structure)
    for what, member, structure, actions in [
        ("ScalingConfiguration", "scalingConfigurationId", "ScalingConfiguration", ["CreateScalingConfiguration"]),
        ("ScalingGroup", "scalingGroupId", "ScalingGroup", ["CreateScalingGroup", "ModifyScalingGroup"]),
        ("ScalingInstance", "instanceId", "ScalingInstance", ["SetCvmProtectedDetach"]),
        ("ScalingPolicy", "scalingPolicyId", "ScalingPolicy", ["CreateScalingPolicy", "ModifyScalingPolicy"]),
        ("ScheduledTask", "scalingScheduledTaskId", "ScheduledTask", ["CreateScheduledTask", "ModifyScheduledTask"]),
        ("LifecycleHook", "lifeCycleHookId", "LifeCycleHook", ["CreateLifecycleHook", "ModifyLifecycleHook"]),
        ("ScalingNotification", "notificationId", "Notification",
         ["CreateScalingNotification", "ModifyScalingNotification"]),
    ]
    for action in actions
}

# The member that shows a parameter, where it is called otherwise, and what is made of the value.
SHOWN_AS = {
    ("CreateScalingConfiguration", "sgId"): ("sgSet", lambda v: [v]),
    ("CreateScalingConfiguration", "password"): ("password", lambda _: ""),
    "projectId": ("projectId", int),
    "cvmType": ("cvmType", str),
    "vpcId": ("vpcId", lambda v: 0 if str(v) == "0" else v),
    "zoneIds": ("zoneIdSet", lambda v: v),
    "subnetIds": ("subnetIdSet", lambda v: v),
    "loadBalancerIds": ("loadBalancerIdSet", lambda v: v),
    "protectedFromDetach": ("protectedFromScaleIn", lambda v: v),
    ("CreateScalingPolicy", "notifyIds"): ("notifyIdSet", lambda v: v),
    ("ModifyScalingPolicy", "notifyIds"): ("notifyIdSet", lambda v: v),
    "metric": ("metric", lambda v: {"repeatTimes": 3} | json.loads(v)),
    "recurrence": ("recurrence", lambda v: {"*****": "* * * * *"}.get(v, " ".join(v.split()[-5:]))),
    "endTime": ("endTime", lambda v: v.replace(": ", ":")),
}
MEMBER_OF = {"zoneIdSet": "zoneId", "subnetIdSet": "subnetId", "loadBalancerIdSet": "loadBalancerId"}


def echoed(action, parameter, value, one):
    """The member that shows a parameter, what it shows, and what it should."""
    member, meant = SHOWN_AS.get((action, parameter)) or SHOWN_AS.get(parameter) or (parameter, lambda v: v)
    got = one[member]
    if member in MEMBER_OF:
        got = [entry[MEMBER_OF[member]] for entry in got]
    return member, got, meant(value)


LONG = "n" * 128
NAMES = ["n", LONG, "名前 +&=%'\"<>"]
IDS = {"a b": "a sign", "x" * 65: "too long"}


def user_data(length):
    return base64.b64encode(b"x" * length).decode()


def metrics():
    """Every dimension and operator, and both ends of every range (T:2036-2052)."""
    for dimension, ends in [("cpu_usage", (0, 100)), ("mem_usage", (0, 100)), ("lan_outtraffic", (1, 10**9)),
                            ("lan_intraffic", (1, 10**9))]:
        for threshold in ends:
            yield METRIC | {"dimensionName": dimension, "threshold": threshold}
    for operator in ("Greater", "EqualOrGreater", "Less", "EqualOrLess", "Equal", "NotEqual"):
        yield METRIC | {"comparisonOperator": operator}
    for times in (1, 10):
        yield METRIC | {"repeatTimes": times}
    yield {name: value for name, value in METRIC.items() if name != "repeatTimes"}


def wrong_metrics():
    """Each member just beyond its range, and each that is required missing; with the member that is at fault."""
    for dimension in ("cpu_usage", "mem_usage"):
        for threshold in (-1, 101):
            yield "threshold", METRIC | {"dimensionName": dimension, "threshold": threshold}
    for dimension in ("lan_outtraffic", "lan_intraffic"):
        yield "threshold", METRIC | {"dimensionName": dimension, "threshold": 0}
    for member, value in [("dimensionName", "disk"), ("comparisonOperator", "More"), ("threshold", "many"),
                          ("repeatTimes", 0), ("repeatTimes", 11), ("repeatTimes", "x")]:
        yield member, METRIC | {member: value}


def adjustments():
    """Both ends of every range (T:2042)."""
    for kind, ends in [("TotalCapacity", (0, 30)), ("QuantityChangeInCapacity", (-30, 30)),
                       ("PercentChangeInCapacity", (-100, 100))]:
        for value in ends:
            yield {"adjustmentType": kind, "adjustmentValue": value}


def wrong_adjustments():
    for kind, beyond in [("TotalCapacity", (-1, 31)), ("QuantityChangeInCapacity", (-31, 31)),
                         ("PercentChangeInCapacity", (-101, 101))]:
        for value in beyond:
            yield {"adjustmentType": kind, "adjustmentValue": value}
