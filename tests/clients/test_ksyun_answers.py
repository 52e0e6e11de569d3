"""What the Kingsoft door answers against what its documentation shows: every member with its type, in JSON and in XML, pages
and filters, every id, both signatures and both methods, lists from any index, and the examples word for word. The cases are
made from the facts (`dialects/ksyun/facts.json`); what is left out has a reason, and a reason that is not needed fails."""

import json
import re
import urllib.parse
import xml.etree.ElementTree

import pytest
from ksyun_world import ACTIONS, FACTS, SHOWN, base, given, moment, refusal, world  # noqa: F401
from test_ksyun import kingsoft, simplified

# Members that are documented and not there, or only sometimes, and why.
ABSENT = {
    "ScalingConfiguration.Password": "a password is never shown",
    "ScalingConfiguration.KeyIds": "only where keys log in; in this one the image's login is kept",
    "ScalingConfiguration.Cpu": "only of instance types that the operator has described",
    "ScalingConfiguration.Mem": "only of instance types that the operator has described",
    "ScalingConfiguration.SupportAvailabilityZones": "only zones that the operator has named",
    "ScalingGroup.AvailabilityZone": "only where the operator has said in which zones subnets are",
    "ScalingPolicy.AvailabilityZone": "only where the operator has said in which zones subnets are",
    "ScalingInstance.AvailabilityZone": "only where the operator has said in which zones subnets are",
    "ScalingInstance.HostName": "only where the configuration names hosts, which this door cannot say",
    "ScalingGroup.Description": "clients have a member for it, and no action takes one",
    "ScalingGroup.LockDesiredCapacity": "clients have a member for it, and nothing says what it means",
    "ScalingGroup.AllowSlbScalingPolicy": "clients have a member for it, and nothing says what it means",
    "ScalingScheduleTask.Description": "clients have a member for it, and no action takes one",
    "ScalingActivity.FailInsList": "nothing failed",
    "ScalingNotification.Description": "clients have a member for it, and nothing is said of its meaning",
}
# Of another type than one place of the documentation says.
RETYPED = {
    ("CreateScalingPolicy", "ScalingPolicyId"): "the number of the example; the text is in ReturnSet",
    ("CreateScheduledTask", "ReturnSet"): "the object that clients read",
}
KINDS = {"string": str, "integer": int, "boolean": bool, "object": dict, "number": int, "json-string": str, "datetime": str}


def check_type(path, kind, value, wrong):
    kind = kind.removesuffix(", UpperCamel keys")
    if kind.startswith("array<"):
        inner = kind.removeprefix("array<").removesuffix(">")
        if not isinstance(value, list):
            wrong.append((path, kind, value))
            return
        for one in value:
            check_type(path, inner, one, wrong)
    elif kind in FACTS["types"]:
        for name, of, _ in FACTS["types"][kind]:
            if name in value:
                check_type(f"{kind}.{name}", of, value[name], wrong)
    elif kind == "see example" or kind == "number|object":
        return
    elif kind not in KINDS and kind != "Tag":
        wrong.append((path, f"a type {kind}"))
    elif kind == "Tag":
        wrong += [(path, value)] * (set(value) != {"Key", "Value"} or not all(isinstance(v, str) for v in value.values()))
    elif type(value) is not KINDS[kind]:
        wrong.append((path, kind, value))
    elif kind == "datetime":
        moment(value)
    elif kind == "json-string":
        json.loads(value)


def full_world(world):
    """Something of every kind that has everything, described."""
    config = world.ask("CreateScalingConfiguration", base("CreateScalingConfiguration", world))["ScalingConfigurationId"]
    params = base("CreateScalingGroup", world) | {"ScalingConfigurationId": config, "DesiredCapacity": 1}
    group = world.ask("CreateScalingGroup", params)["ReturnSet"]["ScalingGroupId"]
    world.server.settle()
    world.call("CreateScalingPolicy", **(base("CreateScalingPolicy", world) | {"ScalingGroupId": group}))
    world.call("CreateScheduledTask", **(base("CreateScheduledTask", world) | {"ScalingGroupId": group}))
    cron = {"Recurrence": "* * * * 1", "ScalingGroupId": group}
    world.call("CreateScheduledTask", **(base("CreateScheduledTask", world, "Recurrence") | cron))
    world.new_notification(group)
    return config, group


def test_every_member_is_there_with_its_type(world):
    config, group = full_world(world)
    wrong, seen = [], set()
    for kind, (action, key, members) in SHOWN.items():
        params = {"config": {f"{key}.1": config}, "group": {f"{key}.1": group}}.get(kind, {"ScalingGroupId": group})
        answer = world.ask(action, params)
        (of,) = {inner.removeprefix("array<").removesuffix(">") for name, inner in ACTIONS[action]["output"] if name == members}
        assert answer[members]
        check_type(members, f"array<{of}>", answer[members], wrong)
        seen |= {f"{of}.{name}" for one in answer[members] for name, value in one.items() if value != []}
        for one in answer[members]:
            seen |= {f"SlbConfig.{name}" for slb in one.get("SlbConfigSet", []) for name in slb}
    assert not wrong, "\n".join(map(str, wrong))
    shown = {inner.removeprefix("array<").removesuffix(">") for facts in ACTIONS.values() for _, inner in facts["output"]}
    documented = {f"{of}.{name}" for of in FACTS["types"] if of in shown | {"SlbConfig"} for name, _, _ in FACTS["types"][of]}
    assert documented - seen == ABSENT.keys()


@pytest.mark.parametrize("action", ACTIONS)
def test_every_answer_has_its_members_in_both_formats(world, action):
    answers = []
    for form in ("json", "xml"):
        params = base(action, world) | {"Action": action}
        if action == "DescribeScalingActivity":
            params.pop("ScalingActivityId.1")
        world.server.settle()
        status, body = simplified(world.server, "POST", **params, **({"Format": "json"} if form == "json" else {}))
        assert status == 200, body
        answers.append(json.loads(body) if form == "json" else xml.etree.ElementTree.fromstring(body))
    told, root = answers
    wrong = []
    for name, kind in ACTIONS[action]["output"]:
        if name not in told:
            wrong.append((name, "is not there"))
        elif (action, name) not in RETYPED:
            check_type(f"{action}.{name}", kind, told[name], wrong)
    assert not wrong, "\n".join(map(str, wrong))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\w*", told["RequestId"])
    assert root.tag == f"{action}Response" and root[0].tag == "ResponseMetadata" and root[0][0].tag == "RequestId"
    del told["RequestId"]
    root.remove(root[0])
    if action.startswith("Describe"):
        assert plain(root, told) == told
    else:
        # Another thing of the same kind: the same members.
        assert shape(plain(root, told)) == shape(told)


def plain(element, like):
    """An element as JSON has it; `like` says what is a list, a number or a truth."""
    if isinstance(like, dict):
        assert [one.tag for one in element] == list(like), (element.tag, list(like))
        return {one.tag: plain(one, like[one.tag]) for one in element}
    if isinstance(like, list):
        assert all(one.tag == "item" for one in element)
        return [plain(one, of) for one, of in zip(element, like, strict=True)]
    text = element.text or ""
    if isinstance(like, bool):
        return {"true": True, "false": False}[text]
    return type(like)(text)


def shape(value):
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else type(value)


PAGED = [action for action, facts in ACTIONS.items() if any(name == "Marker" for name, _, _ in facts["input"])]


@pytest.fixture(scope="module")
def many(world):
    """A group with 23 of everything."""
    group = world.new_group(MaxSize=50, DesiredCapacity=23)
    world.server.settle()
    for number in range(22):
        world.call("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=22 + number % 2)
        world.server.settle()
    for number in range(23):
        world.ask("CreateScalingPolicy", base("CreateScalingPolicy", world) | {"ScalingGroupId": group})
        world.ask("CreateScheduledTask", base("CreateScheduledTask", world) | {"ScalingGroupId": group})
        if number < 20:
            world.new_config()
            world.new_group()
    return group


@pytest.mark.parametrize("action", PAGED)
def test_pages(world, many, action):
    kind, (_, key, members) = next((kind, one) for kind, one in SHOWN.items() if one[0] == action)
    count = next(name for name, of in ACTIONS[action]["output"] if of == "integer" and name.endswith(("Count", "Size")))
    of = {} if kind in ("config", "group") else {"ScalingGroupId": many}
    limits = ACTIONS[action]["limits"]["MaxResults"]
    ask = lambda **more: world.ask(action, of | more)
    whole = ask(MaxResults=1000)
    key = "InstanceId" if kind == "instance" else key
    ids = [one[key] for one in whole[members]]
    total = len(ids)
    assert total == len(set(ids)) == whole[count] >= 20
    assert [one[key] for one in ask()[members]] == ids[:limits["default"]]
    sizes = [limits.get("min", 1), 7, 1000]
    for size in sizes:
        found = []
        for marker in range(0, total + size, size):
            page = ask(Marker=marker, MaxResults=size)
            assert page[count] == total
            found += [one[key] for one in page[members]]
        assert found == ids
    # From anywhere, and from beyond the end.
    assert [one[key] for one in ask(Marker=3, MaxResults=5)[members]] == ids[3:8]
    assert [one[key] for one in ask(Marker=total - 1)[members]] == ids[-1:]
    assert ask(Marker=total)[members] == ask(Marker=10**9)[members] == []
    for name, value in (("Marker", -1), ("Marker", "x"), ("MaxResults", limits.get("min", 1) - 1), ("MaxResults", 1001), ("MaxResults", "1.5")):
        said = refusal(world.ask, action, of | {name: value})
        assert (said.status, said.code) == (400, "InvalidParameterValue") and f"parameter {name}. The value `{value}`" in said.message


def test_filters(world, many):
    """Each alone, together with another, and by what nothing has."""
    nothing = "9" * 18
    config, group = world.new_config(), None
    group = world.new_group(ScalingConfigurationId=config, ScalingGroupName="only 中 one")
    of = {"ScalingGroupId": many}
    policies, tasks, members = (world.all(kind, many) for kind in ("policy", "task", "instance"))
    activities = world.all("activity", many)
    machine = world.new_member()
    cases = [
        ("group", {"ScalingGroupId.0": group}, [group]),
        ("group", {"ScalingGroupId.0": group, "ScalingGroupId.4": many}, sorted([group, many], key=[one["ScalingGroupId"] for one in world.all("group")].index)),
        ("group", {"ScalingGroupName": "only 中 one"}, [group]),
        ("group", {"ScalingConfigurationId": config}, [group]),
        ("group", {"ScalingConfigurationId": config, "ScalingGroupId.1": many}, []),
        ("group", {"ScalingConfigurationId": nothing}, []),
        ("group", {"ScalingGroupId.1": nothing}, []),
        ("group", {"VpcId": "c909f149-83d5-4bdc-a54a-a9beecda43f3"}, []),
        ("group", {"VpcId": "0", "ScalingGroupId.1": group}, [group]),
        ("config", {"ScalingConfigurationId.0": config}, [config]),
        ("config", {"ScalingConfigurationId.0": config, "ProjectId.1": 7}, []),
        ("config", {"ScalingConfigurationId.0": config, "ProjectId.1": 7, "ProjectId.2": 0}, [config]),
        ("config", {"ScalingConfigurationId.0": nothing}, []),
        ("config", {"ScalingConfigurationName": world.one("config", config)["ScalingConfigurationName"]}, [config]),
        ("config", {f"ScalingConfigurationId.{at}": nothing if at else config for at in range(20)}, [config]),
        ("instance", of | {"ScalingInstanceId.0": members[3]["InstanceId"]}, [members[3]["InstanceId"]]),
        ("instance", of | {"CreationType": "Manual"}, []),
        ("instance", of | {"HealthStatus": "UnHealthy"}, []),
        ("instance", {"ScalingGroupId": world.group, "CreationType": "Manual", "ScalingInstanceId.1": machine}, [machine]),
        ("instance", {"ScalingGroupId": world.group, "CreationType": "Auto", "ScalingInstanceId.1": machine}, []),
        ("instance", of | {"ScalingInstanceId.0": machine}, []),
        ("policy", of | {"ScalingPolicyId.0": policies[5]["ScalingPolicyId"]}, [policies[5]["ScalingPolicyId"]]),
        ("policy", of | {"ScalingPolicyName": policies[5]["ScalingPolicyName"]}, [policies[5]["ScalingPolicyId"]]),
        ("policy", of | {"ScalingPolicyId.0": nothing}, []),
        ("policy", of | {"ScalingPolicyId.0": world.policy}, []),
        ("task", of | {"ScalingScheduledTaskId.0": tasks[5]["ScalingScheduledTaskId"]}, [tasks[5]["ScalingScheduledTaskId"]]),
        ("task", of | {"ScalingScheduledTaskName": tasks[5]["ScalingScheduledTaskName"]}, [tasks[5]["ScalingScheduledTaskId"]]),
        ("task", of | {"ScalingScheduledTaskId.0": world.task}, []),
        ("notification", {"ScalingGroupId": world.group, "NotificationId": world.notification}, [world.notification]),
        ("notification", {"ScalingGroupId": world.group, "NotificationId": nothing}, []),
        ("activity", of | {"ScalingActivityId.0": activities[1]["ScalingActivityId"]}, [activities[1]["ScalingActivityId"]]),
        ("activity", of | {"ScalingActivityId.0": nothing}, []),
        ("activity", of | {"StartTime": "2099-01-01 00:00:00"}, []),
        ("activity", of | {"EndTime": "2018-03-15 00:00:00"}, []),
    ]
    wrong = []
    for kind, params, wanted in cases:
        action, key, listed = SHOWN[kind]
        answer = world.ask(action, params)
        found = [one["InstanceId" if kind == "instance" else key] for one in answer[listed]]
        wrong += [(kind, params, wanted, found)] * (found != wanted)
    assert not wrong, "\n".join(map(str, wrong))
    # Both ends count.
    first = activities[-1]
    found = world.all("activity", many, StartTime=first["StartTime"], EndTime=first["EndTime"])
    assert first["ScalingActivityId"] in {one["ScalingActivityId"] for one in found}
    filtered = {name for action, facts in ACTIONS.items() if action.startswith("Describe") for name, _, required in facts["input"] if not required}
    assert filtered - {"Marker", "MaxResults"} <= {name.split(".")[0] + (".N" if "." in name else "") for _, params, _ in cases for name in params} | {"StartTime", "EndTime"}
    more = {f"ScalingConfigurationId.{at}": nothing for at in range(21)}
    assert "at most 20" in refusal(world.ask, "DescribeScalingConfiguration", more).message


# What a request names that is not there.
GONE = {
    "ScalingGroupId": "ScalingGroupNotFound", "ScalingConfigurationId": "ScalingConfigurationNotFound", "ScalingPolicyId": "ScalingPolicyNotFound",
    "ScalingScheduledTaskId": "ScheduledTaskNotFound", "ScalingNotificationId": "ScalingNotificationNotFound",
    "ScalingInstanceId.N": "ScalingInstanceNotFound", "ScalingConfigurationId.N": "ScalingConfigurationNotFound",
}


@pytest.mark.parametrize("action", ACTIONS)
def test_ids(world, action):
    wrong = []
    names = [name for name, _, _ in ACTIONS[action]["input"] if name.removesuffix(".N").endswith("Id") and not name.startswith(("Slb", "Image"))]
    names = [name for name in names if name not in ("SubnetId.N", "ContainerSubnetId.N", "SecurityGroupId", "KeyId.N", "LineId", "BandWidthShareId")]
    bases = {name: base(action, world, name) for name in names}
    before = world.everything()
    for name in names:
        if name in ("ProjectId", "AddressProjectId", "ProjectId.N", "VpcId"):
            continue
        nothing = "4c5b8053-6245-4824-9a34-9f866b5f0593" if "Instance" in name else "9" * 18
        filtering = action.startswith("Describe") and name != "ScalingGroupId"
        filtering |= action == "DescribeScalingGroup"
        if not filtering:
            said = refusal(world.ask, action, bases[name] | {given(name): nothing})
            right = (said.status, said.code) == (404, GONE[name]) and "not found" in said.message and nothing in said.message
            wrong += [(name, nothing, str(said))] * (not right)
        for bad in ("x", "-1", "1 2", "'; --", "12345678901234567890", "１２３４５６７８９"):
            said = refusal(world.ask, action, bases[name] | {given(name): bad})
            right = (said.status, said.code) == (400, "InvalidParameterValue") and f"`{bad}`" in said.message
            wrong += [(name, bad, str(said))] * (not right)
    assert not wrong, "\n".join(map(str, wrong))
    assert world.everything() == before


def nested(params):
    """Flat parameters as the typed SDK takes them."""
    out = {}
    for name, value in params.items():
        parts = name.split(".")
        at, here = 0, out
        if len(parts) == 1 or not parts[1].isdigit():
            out[name] = value
        elif len(parts) == 2:
            out.setdefault(parts[0], []).append(value)
        else:
            while len(out.setdefault(parts[0], [])) < int(parts[1]):
                out[parts[0]].append({})
            here = out[parts[0]][int(parts[1]) - 1]
            here[parts[2]] = [value] if len(parts) == 4 else value
    return out


@pytest.mark.parametrize("action", ACTIONS)
def test_every_signature_method_and_index(world, action):
    shapes = []
    for method in ("GET", "POST"):
        world.server.settle()
        status, body = simplified(world.server, method, Action=action, Format="json", **base(action, world))
        assert status == 200, body
        shapes.append(json.loads(body))
        world.server.settle()
        params = {name.replace("SystemDisk.", "SystemDisk_"): value for name, value in nested(base(action, world)).items()}
        shapes.append(kingsoft(world.server, method)(action, **params))
    for index in ("0", "1", "7"):
        world.server.settle()
        params = {re.sub(r"\.1(?=\.|$)", f".{index}", name): value for name, value in base(action, world).items()}
        shapes.append(world.ask(action, params))
    for answer in shapes:
        answer.pop("ResponseMetadata", None)
        assert list(answer) == list(shapes[0])
        assert answer.get("Return", True) is True
        # A list that is not read finds nothing, or everything.
        counts = {name: value for name, value in answer.items() if name.endswith(("Count", "Size"))}
        assert counts == {name: value for name, value in shapes[0].items() if name in counts}


def examples():
    return [(action, at) for action, facts in ACTIONS.items() for at in range(len(facts["examples"]))]


@pytest.mark.parametrize("action,at", examples())
def test_the_examples_word_for_word(world, action, at):
    """Only ids are those of things that are there, and a time that is past is not."""
    url, wanted = ACTIONS[action]["examples"][at]
    shown = dict(urllib.parse.parse_qsl(url.split("?", 1)[1].rstrip(">"), keep_blank_values=True))
    assert (shown.pop("Action"), shown.pop("Version")) == (action, "2016-03-04")
    live = base(action, world)
    for name in shown:
        if re.sub(r"\.\d+", "", name) in ("ScalingGroupId", "ScalingConfigurationId", "ScalingPolicyId", "ScalingNotificationId", "ScalingInstanceId"):
            shown[name] = live.get(re.sub(r"\.\d+", ".1", name), live.get(name))
    if "StartTime" in shown:
        shown["StartTime"] = world.at(days=1)
    answer = world.ask(action, shown)
    for name, value in (wanted or {}).items():
        if (action, name) not in RETYPED:
            assert type(answer[name]) is type(value), (name, answer)
