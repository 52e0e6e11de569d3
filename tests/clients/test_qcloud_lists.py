"""What the API of 2017 lists: every member that is documented with its type, every filter, every page, lists of ids of any
base and number, and what is in which order. From `dialects/qcloud/facts.json`."""

import re

import pytest
from conftest import eventually
from qcloud import client
from qcloud_world import ACTIONS, FACTS, OFF, PLACE, SHOWN_BY, SIZES, World, base

TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
DESCRIBES = [action for action in ACTIONS if action.startswith("Describe")]
STRUCTURE = {describe: (member, structure) for describe, member, structure in SHOWN_BY.values()}
STRUCTURE["DescribeScalingActivity"] = ("scalingActivityId", "ScalingActivity")


def is_a(value, kind):
    """Whether a value is of a documented type."""
    named = re.fullmatch(r"array<\{(.+)\}>", kind)
    if named:
        return isinstance(value, list) and all({*named[1].split(",")} == {*one} for one in value)
    if kind.startswith("array<"):
        return isinstance(value, list) and all(is_a(one, kind[6:-1]) for one in value)
    return {
        "string": lambda: isinstance(value, str),
        "integer": lambda: type(value) is int,
        "datetime": lambda: isinstance(value, str) and bool(TIME.fullmatch(value)),
        "array": lambda: isinstance(value, list),
        "string|array": lambda: isinstance(value, list),
        "integer|string": lambda: type(value) is int or isinstance(value, str),
        "object": lambda: isinstance(value, dict),
    }[kind]()


@pytest.fixture
def world(emulated):
    return World(emulated)


def balanced(world):
    """A group that has one of everything: in the basic network, with a balancer."""
    place = {"vpcId": 0, "zoneIds": [100001], "subnetIds": None}
    return world.make("CreateScalingGroup", loadBalancerIds=["lb-12345678"], projectId=7, **place)


def test_every_member_has_its_type(world):
    balanced(world)
    wrong = []
    for describe in DESCRIBES:
        data = world.call(describe, **world.valid(describe))
        for name, kind in ACTIONS[describe]["output"]:
            if not name.startswith("data.") or name.count(".") > 1:
                continue
            if name[5:] not in data:
                wrong.append(f"{describe}: {name} is not there")
            elif not kind.startswith("array") and not is_a(data[name[5:]], kind):
                wrong.append(f"{describe}: {name} is {data[name[5:]]}, not {kind}")
        items = world.listed(describe)
        assert items, describe
        for one in items:
            for name, kind in FACTS["types"][STRUCTURE[describe][1]]:
                if name not in one:
                    wrong.append(f"{describe}: {name} is not there")
                elif not is_a(one[name], kind):
                    wrong.append(f"{describe}: {name} is {one[name]!r}, not {kind}")
            # What nothing documents is for clients that know more: the command line, and what a change needs.
            more = {*one} - {name for name, _ in FACTS["types"][STRUCTURE[describe][1]]} - BEYOND.get(describe, set())
            wrong += [f"{describe}: {name} is beyond what is documented" for name in more]
    metric = world.shown("CreateScalingPolicy", world.asp)["metric"]
    wrong += [f"metric.{name}" for name, kind in FACTS["types"]["Metric"] if not is_a(metric.get(name), kind)]
    assert not wrong, "\n".join(sorted({*wrong}))


BEYOND = {
    # Each can be written and was not to be read again.
    "DescribeScalingConfiguration": {"cvmType", "dataSnapshotId", "userdata"},
    "DescribeScalingGroup": {"desiredCapacity"},
    # One that stays when its group is gone says of which it was.
    "DescribeScheduledTask": {"scalingGroupId"},
}


def test_what_is_created_answers_with_its_ids(world):
    """T:948, T:1228, T:2067, T:2387, T:3113, T:3195; and what has no data to answer with (T02)."""
    for action, kind in [("CreateScalingConfiguration", list), ("CreateScalingGroup", list), ("CreateScalingPolicy", list),
                         ("CreateScheduledTask", list), ("CreateLifecycleHook", list), ("CreateScalingNotification", str)]:
        answer = world.raw(action, **world.valid(action))
        assert {*answer} == {"code", "message", "codeDesc", "data"} and answer["code"] == 0, answer
        ((name, ids),) = answer["data"].items()
        assert f"data.{name}" in [name for name, _ in ACTIONS[action]["output"]]
        assert isinstance(ids, kind) and len([ids] if kind is str else ids) == 1
    none = {"DeleteScalingGroup", "ModifyScalingGroup", "SetCvmProtectedDetach", "ModifyScalingPolicy"}
    for action in ("ModifyScalingPolicy", "ModifyScheduledTask", "ModifyLifecycleHook", "ModifyScalingNotification",
                   "SetCvmProtectedDetach", "ModifyScalingGroup", "AttachLifecycleHookId", "DetachLifecycleHookId",
                   "DeleteScalingPolicy", "DeleteScheduledTask", "DeleteLifecycleHook", "DeleteScalingNotification"):
        answer = world.raw(action, **world.valid(action))
        assert answer == {"code": 0, "message": "", "codeDesc": "Success"} | ({} if action in none else {"data": []}), action


def pair(world, action, one, two):
    """Two things that differ in what is given."""
    return world.make(action, **one), world.make(action, **two)


def of_configurations(world):
    a, b = pair(world, "CreateScalingConfiguration", {"scalingConfigurationName": "web", "projectId": 0},
                {"scalingConfigurationName": "web2", "projectId": 7})
    return a, b, {"scalingConfigurationName": ("web", "we"), "projectId": (0, 8)}


def of_groups(world):
    other = world.make("CreateScalingConfiguration")
    a = world.make("CreateScalingGroup", scalingGroupName="web", scalingConfigurationId=other)
    b = balanced(world)
    world.call("ModifyScalingGroup", scalingGroupId=b, scalingGroupName="web2", **SIZES)
    more = {"scalingConfigurationId": (other, "asc-absent01"), "vpcId": ("vpc-12345678", "vpc-87654321"), "projectId": (0, 8)}
    return a, b, {"scalingGroupName": ("web", "we")} | more


def of_policies(world):
    a, b = pair(world, "CreateScalingPolicy", {"scalingPolicyName": "up"}, {"scalingPolicyName": "up2"})
    return a, b, {"scalingPolicyName": ("up", "u")}


def of_tasks(world):
    a, b = pair(world, "CreateScheduledTask", {"scalingScheduledTaskName": "day"}, {"scalingScheduledTaskName": "day2"})
    return a, b, {"scalingScheduledTaskName": ("day", "da")}


def of_hooks(world):
    group = world.make("CreateScalingGroup")
    own = {"scalingGroupId": group, "lifeCycleHookName": "in", "lifeCycleHookTimeout": 30, "transition": 1, "defaultResult": 1}
    a, b = pair(world, "CreateLifecycleHook", own, {"lifeCycleHookName": "in2"})
    return a, b, {
        "scalingGroupId": (group, None), "lifeCycleHookName": ("in", "i"), "lifeCycleHookTimeout": (30, 31),
        "transition": (1, None), "defaultResult": (1, None),
    }


def of_notifications(world):
    a, b = pair(world, "CreateScalingNotification", {"notificationName": "ops"}, {"notificationName": "ops2"})
    return a, b, {"notificationName": ("ops", "op")}


def of_instances(world):
    server, group = world.server, {"scalingGroupId": world.asg}
    machine = {"vpc": "vpc-12345678", "subnet": "subnet-12345678", "instance_type": "S1.SMALL2"}
    own = server.native("POST", "machines", machine)["machine"]["id"]
    world.call("AttachInstance", instanceIds=[own], **group)
    server.settle()
    # What is protected is not replaced: it stays and is seen to be ill (T:1505).
    world.call("SetCvmProtectedDetach", instanceIds=[own], protectedFromDetach=1, **group)
    server.native("POST", f"machines/{own}/unhealthy", {})
    eventually(lambda: server.advance(60) and world.listed("DescribeScalingInstance", healthStatus="UnHealthy"))
    return own, world.members[0], {"creationType": ("Manual", None), "healthStatus": ("UnHealthy", None)}


def of_activities(world):
    first = world.asa
    world.server.advance(3600)
    between = world.china()
    world.server.advance(3600)
    world.call("ModifyScalingGroup", scalingGroupId=world.asg, desiredCapacity=1, **SIZES)
    world.server.settle()
    last = world.listed("DescribeScalingActivity")[0]["scalingActivityId"]
    return last, first, {"startTime": (between, world.china(hours=1)), "endTime": (None, world.china(hours=-9))}


# Of every Describe: two things, and of each filter a value that only the first one has and a value that none has. The
# parameters of ids and pages are looked at by themselves.
MADE = {
    "DescribeScalingConfiguration": (of_configurations, "scalingConfigurationIds"),
    "DescribeScalingGroup": (of_groups, "scalingGroupIds"),
    "DescribeScalingInstance": (of_instances, "instanceIds"),
    "DescribeScalingActivity": (of_activities, "scalingActivityIds"),
    "DescribeScalingPolicy": (of_policies, "scalingPolicyIds"),
    "DescribeScheduledTask": (of_tasks, "scalingScheduledTaskIds"),
    "DescribeLifecycleHook": (of_hooks, "lifeCycleHookId"),
    "DescribeScalingNotification": (of_notifications, "notificationIds"),
}
FILTERS = {
    describe: {base(name) for name, *_ in ACTIONS[describe]["input"]} - {"offset", "limit"} for describe in MADE
}


@pytest.mark.parametrize("describe", DESCRIBES)
def test_every_filter(world, describe):
    make, ids = MADE[describe]
    a, b, filters = make(world)
    member = STRUCTURE[describe][0]
    # Each of the facts is tried.
    assert {*filters} | {ids, "scalingGroupId"} >= FILTERS[describe]

    def found(**asked):
        return [one[member] for one in world.listed(describe, **asked)]

    everything = found()
    assert {a, b} <= {*everything}
    for name, (one, none) in filters.items():
        if one is not None:
            got = found(**{name: one})
            assert a in got and b not in got, (name, one, got)
        if none is not None:
            assert found(**{name: none}) == [], (name, none)
    absent = a[:-8] + "absent01"
    if ids == "lifeCycleHookId":
        assert found(lifeCycleHookId=a) == [a] and found(lifeCycleHookId=absent) == []
        return
    in_order = [one for one in everything if one in (a, b)]
    for asked in ([a], [absent, a], [absent], [a, b], [b, a, absent]):
        assert found(**{ids: asked}) == [one for one in in_order if one in asked], asked
    # Twenty where the documentation says so, else as many as anybody has.
    said = ACTIONS[describe]["rules"].get(f"{ids}.n", {})
    most = said.get("max_items", 100)
    assert found(**{ids: [a, *[f"{a[:-8]}{n:08}" for n in range(most - 1)]]}) == [a]
    # All filters have to fit at once.
    name, (one, _) = next(((n, v) for n, v in filters.items() if v[0] is not None))
    assert found(**{name: one, ids: [b]}) == []


# What makes enough of everything for pages.
MORE = {
    "DescribeScalingConfiguration": "CreateScalingConfiguration", "DescribeScalingGroup": "CreateScalingGroup",
    "DescribeScalingPolicy": "CreateScalingPolicy", "DescribeScheduledTask": "CreateScheduledTask",
    "DescribeLifecycleHook": "CreateLifecycleHook", "DescribeScalingNotification": "CreateScalingNotification",
}


@pytest.mark.parametrize("describe", DESCRIBES)
def test_every_page(world, describe):
    if describe in MORE:
        made = [world.make(MORE[describe]) for _ in range(5)]
    else:
        made = []
        for desired in (3, 4, 5, 6, 5):
            world.call("ModifyScalingGroup", scalingGroupId=world.asg, desiredCapacity=desired, **SIZES)
            world.server.settle()
    member = STRUCTURE[describe][0]
    total = "totalCount" in [name.removeprefix("data.") for name, _ in ACTIONS[describe]["output"]]

    def page(**asked):
        data = world.call(describe, **(world.valid(describe) | asked))
        (items,) = [value for value in data.values() if isinstance(value, list)]
        return data.get("totalCount"), [one[member] for one in items]

    count, everything = page(limit=100)
    assert len(everything) >= 5 and [one for one in everything if one in made] == made
    # All that match, not those of the page (T:1922); hooks have none (T:2797).
    assert count == (len(everything) if total or describe == "DescribeScalingNotification" else None)
    for limit in (1, 2, 3, 100):
        pages = [page(offset=at, limit=limit) for at in range(0, len(everything), limit)]
        assert [one for _, part in pages for one in part] == everything
        assert {part for part, _ in pages} == {count}
    assert page() == page(offset=0, limit=20) == page(limit=20) == (count, everything[:20])
    assert page(offset=len(everything)) == (count, []) == page(offset=10**9)
    assert page(offset=1)[1] == everything[1:21]


def test_a_page_has_twenty_when_nothing_is_said(world):
    """T:1021 and its like: 20 of 25 policies, in the order they were made, the default one last."""
    made = [world.make("CreateScalingPolicy") for _ in range(24)]
    data = world.call("DescribeScalingPolicy", scalingGroupId=world.asg)
    assert data["totalCount"] == 26 and [one["scalingPolicyId"] for one in data["scalingPolicySet"]] == [world.asp, *made[:19]]
    rest = world.call("DescribeScalingPolicy", scalingGroupId=world.asg, offset=20)["scalingPolicySet"]
    assert [one["scalingPolicyId"] for one in rest[:-1]] == made[19:]
    assert rest[-1]["adjustmentType"] == "UnhealthyInstance" and rest[-1]["metric"] == {}


def test_the_region_need_not_be_said(world):
    """T:1009 of configurations; of the others it is the one that the operator names."""
    for describe in DESCRIBES:
        call = client(world.server, "GET", Region="")
        assert call(describe, **world.valid(describe)) == world.call(describe, **world.valid(describe))


def test_filters_of_activities_look_at_both_ends(world):
    """T:1836-1837: what began from the one time on, what had ended by the other."""
    world.server.advance(3600)
    world.call("ModifyScalingGroup", scalingGroupId=world.asg, desiredCapacity=3, **SIZES)
    world.server.settle()
    last, first = world.listed("DescribeScalingActivity")

    def found(**asked):
        return [one["scalingActivityId"] for one in world.listed("DescribeScalingActivity", **asked)]

    assert found(startTime=last["startTime"]) == [last["scalingActivityId"]]
    assert found(endTime=first["endTime"]) == [first["scalingActivityId"]]
    both = {"startTime": first["startTime"], "endTime": last["endTime"]}
    assert found(**both) == [last["scalingActivityId"], first["scalingActivityId"]]
    assert found(startTime=world.china(days=1)) == [] and found(endTime=first["startTime"]) in ([], [first["scalingActivityId"]])


def test_what_runs_has_no_end_yet(world):
    world.server.faults({"op": "launch", "effect": "hang"})
    world.call("ModifyScalingGroup", scalingGroupId=world.asg, desiredCapacity=3, **SIZES)
    eventually(lambda: world.listed("DescribeScalingActivity")[0]["status"] == 1)
    running = world.listed("DescribeScalingActivity")[0]
    assert (running["endTime"], running["errorCode"], running["succInsList"], running["failInsList"]) == (OFF, 0, [], [])
    one = world.shown("ModifyScalingGroup", world.asg)
    assert (one["bInScalingActivity"], one["desiredCapacity"]) == (1, 3)
    assert PLACE["subnetIds"] == [subnet["subnetId"] for subnet in one["subnetIdSet"]]
