"""Every parameter of every action of the Kingsoft door against what its documentation states: what is needed, the values
that are taken and shown again, the values that are not, and that these change nothing. The cases are made from the facts
(`dialects/ksyun/facts.json`); what is left out has a reason, and a reason that is not needed fails."""

import base64
import json

import pytest
from ksyun_world import ACTIONS, FACTS, METRIC, Refused, base, given, refusal, world  # noqa: F401

WHOLE = [(action, *parameter) for action, facts in ACTIONS.items() for parameter in facts["input"]]
WRITES = [action for action in ACTIONS if action.startswith(("Create", "Modify", "SetKvm"))]
# Documented as needed, and left out by a client that has to work.
LEFT_OUT = {
    ("ModifyScalingNotification", "NotificationType.N"): "Terraform deletes a notification by leaving it without types",
    ("ModifyScheduledTask", "StartTime"): "Terraform leaves it out where it does not change",
}
# What is not shown again, and why.
UNSHOWN = {
    ("CreateScalingConfiguration", "Password"): "a password is never shown",
    ("ModifyScalingConfiguration", "Password"): "a password is never shown",
    ("ModifyScalingGroup", "ContainerSubnetId.N"): "of another product line; no answer has a member for it",
}
# Where another parameter that is there needs it.
NEEDED = {
    "CreateScalingConfiguration": ["InstanceType", "InstanceType.N", "Tag.N.Key"],
    "ModifyScalingConfiguration": ["Tag.N.Key"],
    "CreateScheduledTask": ["RepeatUnit", "RepeatCycle", "Recurrence", "EndTime"],
    "ModifyScheduledTask": ["RepeatUnit", "RepeatCycle"],
    **{action: ["Slb.N.Id", "Slb.N.ListenerId", "Slb.N.ServerPort.M"]
       for action in ("CreateScalingGroup", "ModifyScalingGroup", "ModifyScalingLoadBalancers")},
}
# An empty one clears what is there: it is not the same as none.
CLEARED = ["RepeatUnit", "RepeatCycle", "BandWidthShareId", "InstanceName", "InstanceNameSuffix", "UserData"]


def is_needed(action, name, required):
    return (action, name) not in LEFT_OUT and (required or name in NEEDED.get(action, []))


def without(params, name):
    return {key: value for key, value in params.items() if key != given(name)}


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_needed_is_asked_for_and_nothing_else(world, action):
    bases = {name: base(action, world, name) for name, _, _ in ACTIONS[action]["input"]}
    before, wrong = world.everything(), []
    for name, _, required in ACTIONS[action]["input"]:
        fewer = without(bases[name], name)
        if name in ("InstanceType", "InstanceType.N"):
            fewer = {key: value for key, value in fewer.items() if not key.startswith("InstanceType")}
        empty = fewer | {given(name): ""}
        for params in (fewer, empty):
            if params is empty and name in CLEARED:
                continue
            said = refusal(world.ask, action, params | {"DryRun": "true"})
            if not is_needed(action, name, required):
                wrong += [(name, said)] * ((said.status, said.code) != (412, "DryRunOperation"))
                continue
            told = {f"An value must be supplied for the input parameter {one}." for one in names(name)}
            right = (said.status, said.code) == (400, "MissingParameter") and said.message in told
            wrong += [(name, said)] * (not right)
            refusal(world.ask, action, params)
    assert not wrong, "\n".join(map(str, wrong))
    assert world.everything() == before


def names(name):
    """As it is given, and that of the list."""
    of_list = name.removesuffix(".N").removesuffix(".M")
    return {given(name), of_list, given(of_list)}


def encoded(size):
    return base64.b64encode(b"x" * size).decode()


def metric(**more):
    return json.dumps(METRIC | more)


def metrics():
    """Of its table (seed L2034-2041): what is taken, and what is not with the member that is named."""
    taken, refused = [], []
    for name, kind, limits in FACTS["types"]["Metric"]:
        for word in limits.get("enum", []):
            taken.append({name: word})
        if "enum" in limits:
            refused += [{name: "Nonsense"}, {name: limits["enum"][0].swapcase()}, {name: 1}]
        if kind == "integer":
            refused += [{name: "x"}, {name: []}, {name: {}}]
        if limits.get("required"):
            refused.append({name: None})
        if "min" in limits:
            taken += [{name: limits["min"]}, {name: limits["max"]}]
            refused += [{name: limits["min"] - 1}, {name: limits["max"] + 1}]
    for word in dict((name, limits) for name, _, limits in FACTS["types"]["Metric"])["dimensionName"]["enum"]:
        of = {"dimensionName": word}
        if "usage" in word:
            taken += [of | {"threshold": 0}, of | {"threshold": 100}]
            refused += [of | {"threshold": -1}, of | {"threshold": 101}]
        else:
            taken += [of | {"threshold": 1}, of | {"threshold": 10_000}]
            refused += [of | {"threshold": 0}, of | {"threshold": -1}]
    return taken, refused


ORDERED = {"MinSize", "DesiredCapacity", "MaxSize", "ReadjustMinSize", "ReadjustExpectSize", "ReadjustMaxSize"}
# Values that are not repeated: long ones, and a text of which a part is wrong.
UNTOLD = {"UserData", "Metric"}
TIMES = ["tomorrow", "2099-02-30 00:00:00", "2099-01-01T00:00:00Z", "2099-01-01", "2099-01-01 00:00", "2099-01-01 24:00:00"]
TEXT = "中英文Aa0+-=._/@:"
# Values that are taken, with what goes along.
TAKEN = {
    "ScalingGroupName": ["a", "中*大本营2"],
    "MinSize": [0, (1, {"DesiredCapacity": 1}), (4, {"DesiredCapacity": 4}), (50, {"MaxSize": 50, "DesiredCapacity": 50})],
    "MaxSize": [4, 50, (0, {"MinSize": 0, "DesiredCapacity": 0}), (1, {"MinSize": 1, "DesiredCapacity": 1})],
    "DesiredCapacity": [0, 4, (10, {"MaxSize": 10})],
    "Slb.N.ServerPort.M": [1, 80, 255, 65_535],
    "DataDiskGb": [0, 100],
    "ProjectId": [0, 12],
    "AddressProjectId": [0, 12],
    "DataDisk.N.Size": [10, 500],
    "SystemDisk.DiskSize": [20, 500],
    "AddressBandWidth": [1, 100],
    "UserData": [encoded(1), encoded(16 * 1024)],
    "Tag.N.Key": ["k", "键" * 128, TEXT],
    "Tag.N.Value": ["v", "值" * 256, TEXT + "()[]（）【】"],
    "AdjustmentValue": [(value, {"AdjustmentType": kind}) for kind, values in (
        ("TotalCapacity", (0, 10)), ("QuantityChangeInCapacity", (-10, 10)), ("PercentChangeInCapacity", (-100, 100))) for value in values],
    "CoolDown": [60, 86_400],
    "Metric": [metric(**more) for more in metrics()[0]],
    "ReadjustMaxSize": [2, 50],
    "ReadjustMinSize": [0, 2],
    "ReadjustExpectSize": [1, 6],
    "Recurrence": ["* * * * *", "* * 1,15 * *", "* * * * 1-5", "* * * 2-4 *"],
    "RepeatCycle": [("2", {"RepeatUnit": "Day"}), ("2,5", {"RepeatUnit": "Month"}), ("1,2,3", {"RepeatUnit": "Week"}),
                    ("7", {"RepeatUnit": "Week"}), ("1,31", {"RepeatUnit": "Month"})],
    "RepeatUnit": [("Day", {"RepeatCycle": "1"}), ("Month", {"RepeatCycle": "3"}), ("Week", {"RepeatCycle": "7"})],
    "NotificationType.N": [1, 6],
    "ProtectedFromDetach": [1, 0],
    "StartTime": [("2099-12-18 11:50:24", {"EndTime": "2099-12-31 00:00:00"})],
    "EndTime": ["2099-12-18 11:50:24"],
}
# Values that are refused, with what goes along.
REFUSED = {
    "MinSize": [-1, 51, 5, (1, {"DesiredCapacity": 0})],
    "MaxSize": [-1, 51, (0, {"MinSize": 1, "DesiredCapacity": 1}), (1, {"DesiredCapacity": 2})],
    "DesiredCapacity": [-1, 5, (0, {"MinSize": 1})],
    "Slb.N.ServerPort.M": [-1, 65_536],
    "DataDiskGb": [-1],
    "DataDisk.N.Size": [-1, 0],
    "SystemDisk.DiskSize": [-1, 0],
    "AddressBandWidth": [-1, 0],
    "UserData": ["*", "abc", encoded(16 * 1024 + 1)],
    "Tag.N.Key": ["k" * 129, "a!", "a(b)", "a b", "#"],
    "Tag.N.Value": ["v" * 257, "a!", "#", "a*b"],
    "AdjustmentValue": [(value, {"AdjustmentType": kind}) for kind, values in (
        ("TotalCapacity", (-1, 11)), ("QuantityChangeInCapacity", (-11, 11)), ("PercentChangeInCapacity", (-101, 101))) for value in values],
    "CoolDown": [59, 0, -1],
    "Metric": ["cpu", "[]", "{}", "1", *(metric(**more) for more in metrics()[1])],
    "ReadjustMaxSize": [-1, 51, (1, {"ReadjustMinSize": 1, "ReadjustExpectSize": 2})],
    "ReadjustMinSize": [-1, 51, (3, {"ReadjustExpectSize": 2})],
    "ReadjustExpectSize": [-1, 51, (0, {"ReadjustMinSize": 1}), (7, {"ReadjustMaxSize": 6})],
    "Recurrence": ["5 4 * * *", "* 4 * * *", "5 * * * *", "* * *", "* * * * * *", "* * 32 * *", "* * * 13 *", "* * * * 8", "x"],
    "RepeatCycle": [("0", {"RepeatUnit": "Day"}), ("2,5", {"RepeatUnit": "Day"}), ("0", {"RepeatUnit": "Month"}),
                    ("1,32", {"RepeatUnit": "Month"}), ("5,2", {"RepeatUnit": "Month"}), ("0", {"RepeatUnit": "Week"}),
                    ("8", {"RepeatUnit": "Week"}), ("x", {"RepeatUnit": "Week"}), ("1,,2", {"RepeatUnit": "Week"})],
    "NotificationType.N": [0, 7, -1],
    "ProtectedFromDetach": [2, -1],
    "Marker": [-1],
    "MaxResults": [0, -1],
    "StartTime": TIMES,
    "EndTime": TIMES,
    "ScalingGroupId": ["x!", "1234567", "12345678901234567890"],
}


def limits_of(action, name):
    return ACTIONS[action]["limits"].get(name, {})


def taken(action, name, kind):
    limits = limits_of(action, name)
    values = list(TAKEN.get(name, []))
    if kind == "boolean":
        values += ["true", "false"]
    values += [word for word in limits.get("enum", []) if name not in TAKEN]
    if kind == "integer" and name not in TAKEN:
        values += [limits[end] for end in ("min", "max", "default") if isinstance(limits.get(end), int)]
    return [value if isinstance(value, tuple) else (value, {}) for value in values]


def not_taken(action, name, kind):
    limits = limits_of(action, name)
    values = list(REFUSED.get(name, []))
    if kind == "integer":
        values += ["x", "1.5", 10**20]
        values += [limits["min"] - 1] if "min" in limits and "min_accept" not in limits else []
        values += [limits["max"] + 1] if "max" in limits and "max_accept" not in limits else []
    if kind == "boolean":
        values += ["maybe", "2"]
    if "enum" in limits:
        values += ["Nonsense", str(limits["enum"][0]).swapcase()] if kind != "integer" else []
    return [value if isinstance(value, tuple) else (value, {}) for value in values]


def sent(name, kind, value):
    """A value as it is shown."""
    if name == "Metric":
        return json.loads(value)
    if name.endswith("Id") and not name.endswith("ProjectId"):
        # Of one of them the documentation says that it is a number; it is shown as the others are.
        return str(value)
    return {"integer": int, "boolean": lambda text: text == "true"}.get(kind, str)(value)


def first_disk(shown):
    return json.loads(shown["DataDiskEbsDetail"])[0]


def first_slb(shown):
    return shown["SlbConfigSet"][0]


# Where what is written is shown; nothing said = under its own name.
PLACES = {
    "InstanceType": lambda shown: shown["InstanceType"],
    "InstanceType.N": lambda shown: shown["InstanceTypeSet"][0],
    "KeyId.N": lambda shown: json.loads(shown["KeyIds"])[0],
    "DataDiskGb": lambda shown: shown["StorageSize"],
    "DataDisk.N.Type": lambda shown: first_disk(shown)["type"],
    "DataDisk.N.Size": lambda shown: first_disk(shown)["size"],
    "DataDisk.N.DeleteWithInstance": lambda shown: first_disk(shown)["deleteWithInstance"],
    "SystemDisk.DiskType": lambda shown: shown["SystemDiskType"],
    "SystemDisk.DiskSize": lambda shown: shown["SystemDiskSize"],
    "Tag.N.Key": lambda shown: shown["TagSet"][0]["Key"],
    "Tag.N.Value": lambda shown: shown["TagSet"][0]["Value"],
    "SubnetId.N": lambda shown: shown["SubnetIdSet"][0],
    "Slb.N.Id": lambda shown: first_slb(shown)["SlbId"],
    "Slb.N.ListenerId": lambda shown: first_slb(shown)["ListenerId"],
    "Slb.N.ServerPort.M": lambda shown: first_slb(shown)["ServerPortSet"][0],
    "Slb.N.Weight": lambda shown: first_slb(shown)["Weight"],
    "Metric": lambda shown: {name[0].lower() + name[1:]: value for name, value in shown["Metric"].items()},
    "NotificationType.N": lambda shown: int(shown["ScalingNotificationTypes"][0]),
    "ProtectedFromDetach": lambda shown: shown["ProtectedFromScaleIn"],
    "ScalingInstanceId.N": lambda shown: shown["InstanceId"],
}
# Of what kind what is written is, and where its id is: in the request, or in the answer.
KINDS = {
    "CreateScalingConfiguration": ("config", lambda params, answer: answer["ScalingConfigurationId"]),
    "ModifyScalingConfiguration": ("config", lambda params, answer: params["ScalingConfigurationId"]),
    "CreateScalingGroup": ("group", lambda params, answer: answer["ReturnSet"]["ScalingGroupId"]),
    "ModifyScalingGroup": ("group", lambda params, answer: params["ScalingGroupId"]),
    "ModifyScalingLoadBalancers": ("group", lambda params, answer: params["ScalingGroupId"]),
    "SetKvmProtectedDetach": ("instance", lambda params, answer: params["ScalingInstanceId.1"]),
    "CreateScalingPolicy": ("policy", lambda params, answer: answer["ReturnSet"]["ScalingPolicyId"]),
    "ModifyScalingPolicy": ("policy", lambda params, answer: params["ScalingPolicyId"]),
    "CreateScheduledTask": ("task", lambda params, answer: answer["ReturnSet"]["ScalingScheduleTaskId"]),
    "ModifyScheduledTask": ("task", lambda params, answer: params["ScalingScheduledTaskId"]),
    "CreateScalingNotification": ("notification", lambda params, answer: answer["ScalingNotificationId"]),
    "ModifyScalingNotification": ("notification", lambda params, answer: params["ScalingNotificationId"]),
}


def written(world, action, params):
    """The thing that was written, as it is shown."""
    kind, key = KINDS[action]
    answer = world.ask(action, params)
    return world.one(kind, key(params, answer), params.get("ScalingGroupId"))


@pytest.mark.parametrize("action", WRITES)
def test_what_is_written_is_shown_again(world, action):
    unshown, wrong = {name for of, name in UNSHOWN if of == action}, []
    for name, kind, _ in ACTIONS[action]["input"]:
        for value, along in taken(action, name, kind) or [(base(action, world, name)[given(name)], {})]:
            params = base(action, world, name) | {given(name): value} | along
            try:
                shown = written(world, action, params)
            except Refused as refused:
                wrong.append((name, value, refused))
                continue
            for other, other_kind, _ in ACTIONS[action]["input"]:
                # Everything else is as it was asked for, too.
                if given(other) not in params or (action, other) == ("SetKvmProtectedDetach", "ScalingGroupId"):
                    continue
                if other in unshown:
                    wrong += [(other, shown)] * (str(params[given(other)]) in json.dumps(shown))
                    continue
                wanted = sent(other, other_kind, params[given(other)])
                try:
                    found = PLACES.get(other, lambda shown: shown[other])(shown)
                except (KeyError, IndexError):
                    found = "nothing"
                wrong += [(name, value, other, wanted, found)] * (found != wanted)
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_not_taken_is_named_and_changes_nothing(world, action):
    bases = {name: base(action, world, name) for name, _, _ in ACTIONS[action]["input"]}
    before, wrong = world.everything(), []
    for name, kind, _ in ACTIONS[action]["input"]:
        for value, along in not_taken(action, name, kind):
            params = bases[name] | along | {given(name): value}
            try:
                said = refusal(world.ask, action, params)
            except AssertionError as taken:
                wrong.append((name, value, str(taken)[:200]))
                continue
            # Of sizes out of order either may be told.
            told = ORDERED if name in ORDERED else names(name) | ({f"Metric.{part}" for part in METRIC} if name == "Metric" else set())
            told |= {name.split(".")[0] + ".N"}
            start = "An invalid or out-of-range value was supplied for the input parameter "
            right = (said.status, said.code) == (400, "InvalidParameterValue") and any(said.message.startswith(f"{start}{one}. ") for one in told)
            right &= name in ORDERED or name in UNTOLD or f"`{str(value)[:64]}`" in said.message
            wrong += [(name, value, str(said))] * (not right)
    assert not wrong, "\n".join(map(str, wrong))
    assert world.everything() == before


def test_the_reasons_are_needed(world):
    parameters = {(action, name) for action, name, _, _ in WHOLE}
    assert parameters >= LEFT_OUT.keys() | UNSHOWN.keys()
    required = {(action, name) for action, name, _, required in WHOLE if required}
    assert required >= LEFT_OUT.keys()
    names = {name for _, name, _, _ in WHOLE}
    assert names >= TAKEN.keys() | REFUSED.keys()
    # A parameter of an action that only asks or ends something is not shown again: it is looked at elsewhere.
    assert set(WRITES) == KINDS.keys()
