"""What the walks along the Kingsoft door need: the facts of its API, something of every kind, and a request of every action."""

import datetime
import itertools
import json
import os
import pathlib

import pytest
from conftest import Server
from kscore.exceptions import ClientError
from test_ksyun import IMAGE, LISTENER, SECURITY_GROUP, SLB, SUBNETS, beijing, config, group, ksc

FACTS_FILE = os.environ.get("MUSTER_KSYUN_FACTS", pathlib.Path(__file__).resolve().parents[2] / "dialects/ksyun/facts.json")
FACTS = json.loads(pathlib.Path(FACTS_FILE).read_text())
ACTIONS = FACTS["actions"]
METRIC = {"dimensionName": "cpu_usage", "comparisonOperator": "Greater", "threshold": 50, "repeatTimes": 2, "function": "avg", "period": 120}
# What is asked for of a kind, its ids, and where it is in the answer.
SHOWN = {
    "config": ("DescribeScalingConfiguration", "ScalingConfigurationId", "ScalingConfigurationSet"),
    "group": ("DescribeScalingGroup", "ScalingGroupId", "ScalingGroupSet"),
    "instance": ("DescribeScalingInstance", "ScalingInstanceId", "ScalingInstanceSet"),
    "policy": ("DescribeScalingPolicy", "ScalingPolicyId", "ScalingPolicySet"),
    "task": ("DescribeScheduledTask", "ScalingScheduledTaskId", "ScalingScheduleTaskSet"),
    "notification": ("DescribeScalingNotification", "ScalingNotificationId", "ScalingNotificationSet"),
    "activity": ("DescribeScalingActivity", "ScalingActivityId", "ScalingActivitySet"),
}
OF_ACCOUNT = ("config", "group")


# More than the default: every case makes things of its own.
QUOTAS = ("groups", "launch_configurations", "scheduled_actions", "scaling_policies")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    place = tmp_path_factory.mktemp("ksyun")
    (place / "muster.toml").write_text("[quotas]\n" + "".join(f"{name} = 10000\n" for name in QUOTAS))
    server = Server(place / "data", "--emulate", "--config", str(place / "muster.toml"))
    try:
        yield World(server)
    finally:
        server.close()


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message


def asker(server):
    """ksc-sdk-python; what is refused has its status, code and message apart."""
    call = ksc(server)

    def ask(action, params):
        try:
            return call(action, **params)
        except ClientError as error:
            said = error.response["Error"]
            raise Refused(error.response["ResponseMetadata"]["HTTPStatusCode"], said["Code"], said["Message"]) from None

    return ask


def refusal(ask, action, params):
    try:
        answer = ask(action, params)
    except Refused as refused:
        return refused
    raise AssertionError(f"{action} {params} is not refused: {answer}")


def given(name):
    """A documented name as a client sends it."""
    return name.replace(".N", ".1").replace(".M", ".1")


class World:
    """An account with one of everything, and new ones of what requests use up."""

    def __init__(self, server):
        self.server, self.ask = server, asker(server)
        self.call = lambda action, **params: self.ask(action, params)
        self.numbers = itertools.count()
        self.config = config(self.call, self.name())
        self.group = self.new_group(DesiredCapacity=2)
        server.settle()
        self.instance = self.all("instance")[0]["InstanceId"]
        self.policy, self.task = self.new_policy(), self.new_task()
        self.notification = self.new_notification(self.group)

    def name(self):
        return f"n{next(self.numbers):04}"

    def at(self, **later):
        return beijing(self.server, **later)

    def new_config(self):
        return config(self.call, self.name())

    def new_group(self, **more):
        return group(self.call, self.config, **{"ScalingGroupName": self.name(), "MaxSize": 20} | more)

    def new_machine(self):
        return self.server.native("POST", "machines", {"subnet": SUBNETS[0]})["machine"]["uuid"]

    def new_member(self):
        machine = self.new_machine()
        self.server.settle()
        self.call("AttachInstance", ScalingGroupId=self.group, **{"ScalingInstanceId.1": machine})
        self.server.settle()
        return machine

    def new_policy(self):
        params = base("CreateScalingPolicy", self)
        return self.ask("CreateScalingPolicy", params)["ReturnSet"]["ScalingPolicyId"]

    def new_task(self):
        params = base("CreateScheduledTask", self)
        return self.ask("CreateScheduledTask", params)["ReturnSet"]["ScalingScheduleTaskId"]

    def new_notification(self, of):
        made = self.call("CreateScalingNotification", ScalingGroupId=of, **{"NotificationType.1": 1, "NotificationType.2": 2})
        return made["ScalingNotificationId"]

    def all(self, kind, of=None, **more):
        action, _, members = SHOWN[kind]
        params = {"MaxResults": 1000} | more
        if kind not in OF_ACCOUNT:
            params["ScalingGroupId"] = of or self.group
        return self.ask(action, params)[members]

    def one(self, kind, key, of=None):
        (found,) = self.all(kind, of, **{f"{SHOWN[kind][1]}.1": key})
        return found

    def everything(self):
        return {kind: self.all(kind) for kind in SHOWN}


FULL_CONFIG = {
    "ImageId": IMAGE, "InstanceType.1": "N3.1A", "ChargeType": "HourlyInstantSettlement", "DataDiskGb": 10, "ProjectId": 7,
    "KeepImageLogin": "true", "DataDisk.1.Type": "SSD3.0", "DataDisk.1.Size": 50, "DataDisk.1.DeleteWithInstance": "true",
    "SystemDisk.DiskType": "SSD3.0", "SystemDisk.DiskSize": 20, "AddressBandWidth": 5, "BandWidthShareId": "9b4de3d1-7a0c-4b0d-a3a0-3fb2c0b0f3a5",
    "LineId": "5fc2595f-1bfd-481b-bf64-2d08f116d800", "AddressProjectId": 3, "InstanceName": "as", "InstanceNameSuffix": "1",
    "UserData": "ZWNobyBoaQ==", "InstanceNameTimeSuffix": "true", "Tag.1.Key": "team", "Tag.1.Value": "云",
}
BALANCER = {"Slb.1.Id": SLB, "Slb.1.ListenerId": LISTENER, "Slb.1.ServerPort.1": 80, "Slb.1.Weight": 7}
FULL_GROUP = {
    "MinSize": 0, "MaxSize": 4, "DesiredCapacity": 0, "RemovePolicy": "RemoveOldestInstance", "SubnetId.1": SUBNETS[0],
    "SubnetStrategy": "choice-first",
} | BALANCER
FULL_POLICY = {"Metric": json.dumps(METRIC), "AdjustmentType": "QuantityChangeInCapacity", "AdjustmentValue": 1, "CoolDown": 60}
SIZES = {"ReadjustMaxSize": 6, "ReadjustMinSize": 1, "ReadjustExpectSize": 2}
REPEAT = {"RepeatUnit": "Week", "RepeatCycle": "1,2,3"}


def full_task(world):
    return SIZES | REPEAT | {"StartTime": world.at(days=2), "EndTime": world.at(days=40)}


def in_group(world, **more):
    return {"ScalingGroupId": world.group} | more


# A request with every parameter that can be there together; what it uses up is new.
BASES = {
    "CreateScalingGroup": lambda w: FULL_GROUP | {
        "ScalingGroupName": w.name(), "ScalingConfigurationId": w.config, "SecurityGroupId": SECURITY_GROUP},
    "EnableScalingGroup": in_group,
    "DisableScalingGroup": lambda w: {"ScalingGroupId": w.new_group()},
    "DeleteScalingGroup": lambda w: {"ScalingGroupId": w.new_group()},
    "DescribeScalingActivity": lambda w: in_group(
        w, StartTime=w.at(days=-1), EndTime=w.at(days=1), Marker=0, MaxResults=5,
        **{"ScalingActivityId.1": w.all("activity")[0]["ScalingActivityId"]}),
    "AttachInstance": lambda w: in_group(w, **{"ScalingInstanceId.1": w.new_machine()}),
    "DetachInstance": lambda w: in_group(w, **{"ScalingInstanceId.1": w.new_member()}),
    "DescribeScalingInstance": lambda w: in_group(
        w, CreationType="Auto", HealthStatus="Healthy", Marker=0, MaxResults=5, **{"ScalingInstanceId.1": w.instance}),
    "SetKvmProtectedDetach": lambda w: in_group(w, ProtectedFromDetach=1, **{"ScalingInstanceId.1": w.instance}),
    "ModifyScalingGroup": lambda w: FULL_GROUP | {
        "ScalingGroupId": w.new_group(), "ScalingGroupName": w.name(), "ScalingConfigurationId": w.new_config(),
        "ContainerSubnetId.1": SUBNETS[1]},
    "DescribeScalingGroup": lambda w: {
        "ScalingGroupId.1": w.group, "ScalingGroupName": w.one("group", w.group)["ScalingGroupName"],
        "ScalingConfigurationId": w.config, "VpcId": "0", "Marker": 0, "MaxResults": 5},
    "ModifyScalingLoadBalancers": lambda w: {"ScalingGroupId": w.new_group()} | BALANCER,
    "CreateScalingConfiguration": lambda w: FULL_CONFIG | {"ScalingConfigurationName": w.name()},
    "ModifyScalingConfiguration": lambda w: FULL_CONFIG | {
        "ScalingConfigurationId": w.new_config(), "ScalingConfigurationName": w.name()},
    "DescribeScalingConfiguration": lambda w: {
        "ScalingConfigurationName": w.one("config", w.config)["ScalingConfigurationName"], "ScalingConfigurationId.1": w.config,
        "Marker": 0, "ProjectId.1": 0, "MaxResults": 5},
    "DeleteScalingConfiguration": lambda w: {"ScalingConfigurationId.1": w.new_config()},
    "CreateScalingPolicy": lambda w: in_group(w, ScalingPolicyName=w.name(), **FULL_POLICY),
    "DescribeScalingPolicy": lambda w: in_group(
        w, ScalingPolicyName=w.one("policy", w.policy)["ScalingPolicyName"], Marker=0, MaxResults=5, **{"ScalingPolicyId.1": w.policy}),
    "ModifyScalingPolicy": lambda w: in_group(w, ScalingPolicyId=w.new_policy(), ScalingPolicyName=w.name(), **FULL_POLICY),
    "DeleteScalingPolicy": lambda w: in_group(w, ScalingPolicyId=w.new_policy()),
    "CreateScheduledTask": lambda w: in_group(w, ScalingScheduledTaskName=w.name(), **full_task(w)),
    "DescribeScheduledTask": lambda w: in_group(
        w, ScalingScheduledTaskName=w.one("task", w.task)["ScalingScheduledTaskName"], Marker=0, MaxResults=5,
        **{"ScalingScheduledTaskId.1": w.task}),
    "ModifyScheduledTask": lambda w: {"ScalingScheduledTaskId": w.new_task(), "ScalingScheduledTaskName": w.name()} | full_task(w),
    "DeleteScheduledTask": lambda w: in_group(w, ScalingScheduledTaskId=w.new_task()),
    "CreateScalingNotification": lambda w: {"ScalingGroupId": w.new_group(), "NotificationType.1": 1},
    "DescribeScalingNotification": lambda w: in_group(w, NotificationId=w.notification),
    "ModifyScalingNotification": lambda w: in_group(w, ScalingNotificationId=w.notification, **{"NotificationType.1": 2}),
}
# What cannot be there together with a parameter.
APART = {
    "InstanceType": ["InstanceType.1"],
    "Password": ["KeepImageLogin"],
    "KeyId.N": ["KeepImageLogin"],
    "Recurrence": ["RepeatUnit", "RepeatCycle"],
}
# And what it is then.
ALONE = {"InstanceType": "N3.1A", "Password": "Aa123456", "KeyId.N": "e5f9a1c2-3b4d-4e5f-8a6b-7c8d9e0f1a2b", "Recurrence": "* * * * 1"}


def base(action, world, parameter=""):
    """A request that has `parameter`, and everything else that can be there."""
    params = BASES[action](world)
    if parameter in APART:
        params = {name: value for name, value in params.items() if name not in APART[parameter]}
        params[given(parameter)] = ALONE[parameter]
    return params


def moment(text):
    return datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
