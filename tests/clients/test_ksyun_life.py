"""What the documentation of the Kingsoft door says happens, end to end through ksc-sdk-python: alarms in their operators,
units and functions, adjustments, cooldown, tasks at their times, activities and their records, protection, and notifications
at a receiver. L = line of the documentation."""

import datetime
import itertools
import json

import pytest
from conftest import eventually
from ksyun_world import FACTS, METRIC, World, moment, refusal, world  # noqa: F401
from test_ksyun import SUBNETS, config
from test_notifications import SECRET, Receiver

TABLE = {name: limits for name, _, limits in FACTS["types"]["Metric"]}


def new_group(world, **more):
    made = world.new_group(**more)
    world.server.settle()
    return made


def count(world, group):
    return world.one("group", group)["InstanceNum"]


def policy(world, group, kind="QuantityChangeInCapacity", value=1, cool=60, **metric):
    rule = {name: part for name, part in (METRIC | {"repeatTimes": 1, "period": 60} | metric).items() if part is not None}
    params = {"ScalingPolicyName": world.name(), "AdjustmentType": kind, "AdjustmentValue": value, "CoolDown": cool}
    return world.call("CreateScalingPolicy", ScalingGroupId=group, Metric=json.dumps(rule), **params)["ReturnSet"]["ScalingPolicyId"]


def push(world, group, metric, *values, secs=60):
    """The values one after another, over so many seconds."""
    for value in values:
        world.server.native("POST", "metrics", {"points": [{"group": group, "metric": metric, "value": float(value)}]})
        world.server.advance(secs // len(values))


# Above, at and below the threshold.
OPERATORS = {
    "Greater": (True, False, False), "EqualOrGreater": (True, True, False), "Less": (False, False, True), "EqualOrLess": (False, True, True),
    "Equal": (False, True, False), "NotEqual": (True, False, True),
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators(world, operator):
    """L2036."""
    assert OPERATORS.keys() == set(TABLE["comparisonOperator"]["enum"])
    for value, fires in zip((51, 50, 49), OPERATORS[operator], strict=True):
        group = new_group(world, DesiredCapacity=1)
        policy(world, group, comparisonOperator=operator)
        for _ in range(2):
            push(world, group, "cpu_util", value)
        assert (count(world, group) > 1) == fires, (operator, value)


# The metric inside, and how many of its units (percent, Mbit/s) this door's unit (percent, MByte/s) has.
DIMENSIONS = {
    "cpu_usage": ("cpu_util", 1), "mem_usage": ("mem_util", 1), "net_outtraffic": ("lan_out", 8), "net_intraffic": ("lan_in", 8),
    "listener_outtraffic": ("listener_out", 8), "listener_intraffic": ("listener_in", 8),
}


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_dimensions_and_units(world, dimension):
    """L2037-2038."""
    assert DIMENSIONS.keys() == set(TABLE["dimensionName"]["enum"])
    metric, factor = DIMENSIONS[dimension]
    group = new_group(world, DesiredCapacity=1)
    policy(world, group, dimensionName=dimension)
    for _ in range(2):
        push(world, group, metric, 50 * factor)
    assert count(world, group) == 1
    for _ in range(2):
        push(world, group, metric, 50 * factor + 1)
    assert count(world, group) > 1


@pytest.mark.parametrize("function,values,fires", [
    ("avg", (20, 90), True), ("avg", (20, 70), False), ("min", (40, 90), False), ("min", (60, 90), True), ("max", (20, 60), True),
    ("max", (20, 50), False)])
def test_functions(world, function, values, fires):
    """L2040."""
    group = new_group(world, DesiredCapacity=1)
    policy(world, group, function=function)
    for _ in range(2):
        push(world, group, "cpu_util", *values)
    assert (count(world, group) > 1) == fires


@pytest.mark.parametrize("repeat,period", [(None, 60), (1, 60), (2, 120), (10, 60), (3, None)])
def test_so_many_periods_in_a_row(world, repeat, period):
    """L2032, L2039: three where nothing is said; a period of five minutes where nothing is said."""
    group = new_group(world, DesiredCapacity=1)
    policy(world, group, repeatTimes=repeat, period=period, cool=86_400)
    whole = (repeat or 3) * (period or 300)
    # One that does not hold in between begins anew.
    push(world, group, "cpu_util", 90)
    for _ in range(whole // 60 + (period or 300) // 60):
        push(world, group, "cpu_util", 10)
    assert count(world, group) == (2 if whole == 60 else 1)
    if whole > 60:
        waited = 0
        while count(world, group) == 1:
            push(world, group, "cpu_util", 90)
            waited += 60
            assert waited <= whole + (period or 300)
        assert waited >= whole - (period or 300)


@pytest.mark.parametrize("kind,value,size,wanted", [
    ("TotalCapacity", 4, 2, 4), ("TotalCapacity", 10, 2, 6), ("TotalCapacity", 0, 3, 1), ("QuantityChangeInCapacity", 2, 2, 4),
    ("QuantityChangeInCapacity", 10, 2, 6), ("QuantityChangeInCapacity", -1, 3, 2), ("QuantityChangeInCapacity", -10, 3, 1),
    ("PercentChangeInCapacity", 50, 4, 6), ("PercentChangeInCapacity", 100, 2, 4), ("PercentChangeInCapacity", -50, 4, 2),
    ("PercentChangeInCapacity", -100, 4, 1), ("PercentChangeInCapacity", 10, 2, 3)])
def test_adjustments_stay_within_the_group(world, kind, value, size, wanted):
    """L1859-1866, L2056: a percentage moves one at least; never out of MinSize and MaxSize (L297, L305)."""
    group = new_group(world, MinSize=1, MaxSize=6, DesiredCapacity=size)
    policy(world, group, kind, value, cool=86_400)
    for _ in range(2):
        push(world, group, "cpu_util", 90)
    shown = world.one("group", group)
    assert (shown["InstanceNum"], shown["DesiredCapacity"]) == (wanted, wanted)


def test_a_cooldown_locks_every_other_policy(world):
    """L1873: after an activity has completed the group does nothing else by itself for so long."""
    group = new_group(world, DesiredCapacity=1)
    policy(world, group, cool=600)
    policy(world, group, dimensionName="mem_usage", cool=60)
    push(world, group, "cpu_util", 90)
    for _ in range(2):
        if count(world, group) == 1:
            push(world, group, "cpu_util", 90)
    assert count(world, group) == 2
    ended = moment(world.all("activity", group)[0]["EndTime"])
    for _ in range(15):
        push(world, group, "mem_util", 90)
    (next_one, *_) = reversed(world.all("activity", group)[:-2])
    assert datetime.timedelta(seconds=600) <= moment(next_one["StartTime"]) - ended <= datetime.timedelta(seconds=720)
    # Who asks for it gets it at once.
    world.call("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=1)
    world.server.settle()
    assert count(world, group) == 1


def fired(world, days, start, **repeat):
    """The days on which a task fired, and that every time it set all three sizes."""
    group = new_group(world)
    params = {"ScalingScheduledTaskName": "t", "ReadjustMaxSize": 5, "ReadjustMinSize": 1, "ReadjustExpectSize": 2}
    world.call("CreateScheduledTask", ScalingGroupId=group, StartTime=start.strftime("%Y-%m-%d %H:%M:%S"), **params, **repeat)
    found = []
    for _ in range(days * 2):
        world.server.advance(12 * 3600)
        shown = world.one("group", group)
        if shown["MinSize"] == 1:
            assert (shown["MaxSize"], shown["DesiredCapacity"], shown["InstanceNum"]) == (5, 2, 2)
            newest = world.all("activity", group)[0]
            assert (newest["Type"], newest["Status"]) == (0, 2)
            found.append(moment(newest["StartTime"]))
            world.call("ModifyScalingGroup", ScalingGroupId=group, MinSize=0, MaxSize=20, DesiredCapacity=0)
            world.server.settle()
    assert all((at.hour, at.minute) == (start.hour, start.minute) for at in found)
    return [at.date() for at in found]


# Which of the days after the first one, counted from 0, are its.
REPEATS = {
    "once": ({}, lambda at, number: number == 0),
    "every day": ({"RepeatUnit": "Day", "RepeatCycle": "1"}, lambda at, number: True),
    "every two days": ({"RepeatUnit": "Day", "RepeatCycle": '["2"]'}, lambda at, number: number % 2 == 0),
    "2nd to 5th": ({"RepeatUnit": "Month", "RepeatCycle": '["2", "5"]'}, lambda at, number: 2 <= at.day <= 5),
    "Monday to Wednesday": ({"RepeatUnit": "Week", "RepeatCycle": '["1", "2", "3"]'}, lambda at, number: at.isoweekday() <= 3),
    "Sundays": ({"RepeatUnit": "Week", "RepeatCycle": "7"}, lambda at, number: at.isoweekday() == 7),
    "by a crontab": ({"Recurrence": "* * * * 1-5"}, lambda at, number: at.isoweekday() <= 5),
    "on days of the month": ({"Recurrence": "* * 1,15 * *"}, lambda at, number: at.day in (1, 15)),
}


@pytest.mark.parametrize("name", REPEATS)
def test_tasks_fire_at_their_times_until_their_end(world, name):
    """L2136-2182."""
    repeat, is_its = REPEATS[name]
    start = moment(world.at(days=1)) + datetime.timedelta(minutes=7)
    end = start + datetime.timedelta(days=33)
    repeat = repeat | ({"EndTime": end.strftime("%Y-%m-%d %H:%M:%S")} if repeat else {})
    days = [start.date() + datetime.timedelta(days=number) for number in range(34)]
    wanted = [day for number, day in enumerate(days) if is_its(day, number)]
    found = fired(world, 40, start, **repeat)
    # The last day is its too if its minute comes before its end.
    assert found in (wanted, [day for day in wanted if day != days[-1]]) and found


def test_activities_of_every_type_and_status(world):
    """L2480, L2506."""
    server, group = world.server, new_group(world, DesiredCapacity=2)
    said = {}

    def newest(what):
        said[what] = world.all("activity", group)[0]
        return said[what]

    def told(what, kind, status):
        one = newest(what)
        assert (one["Type"], one["Status"], one["ScalingGroupId"]) == (kind, status, group), what
        assert one["Cause"] and moment(one["StartTime"]) and (status == 1) == ("EndTime" not in one)
        return one

    first = told("out", 0, 2)
    assert sorted(first["SuccInsList"]) == sorted(member["InstanceId"] for member in world.all("instance", group))
    assert (first["FailInsList"], first["ErrorCode"]) == ([], 0)
    machine = world.new_machine()
    world.call("AttachInstance", ScalingGroupId=group, **{"ScalingInstanceId.1": machine})
    server.settle()
    assert told("attach", 2, 2)["SuccInsList"] == [machine]
    world.call("DetachInstance", ScalingGroupId=group, **{"ScalingInstanceId.1": machine})
    server.settle()
    assert told("detach", 3, 2)["SuccInsList"] == [machine]
    assert machine in {one["uuid"] for one in server.machines()}
    sick = world.all("instance", group)[0]["InstanceId"]
    server.native("POST", f"machines/{sick}/unhealthy")
    server.advance(600)
    assert sick in told("replace", 10, 2)["SuccInsList"]
    world.call("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=1)
    server.settle()
    told("in", 1, 2)
    server.faults({"op": "launch", "effect": "slow", "latency_secs": 100})
    world.call("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=2)
    server.advance(10)
    told("running", 0, 1)
    assert world.one("group", group)["BInScalingActivity"] == 1
    for action in ("AttachInstance", "DetachInstance"):
        instance = machine if action == "AttachInstance" else world.all("instance", group)[0]["InstanceId"]
        busy = refusal(world.ask, action, {"ScalingGroupId": group, "ScalingInstanceId.1": instance})
        assert (busy.status, busy.code) == (409, "ScalingGroupInActivity")
    server.faults()
    server.advance(200)
    told("came", 0, 2)
    server.faults({"op": "launch", "effect": "sold_out"})
    world.call("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=3)
    server.settle()
    failed = told("failed", 0, 3)
    assert failed["ErrorCode"] != 0 and len(failed["FailInsList"]) == 1 and failed["SuccInsList"] == []
    server.faults()
    numbers = [one["ScalingActivityId"] for one in world.all("activity", group)]
    # The newest is the first, and every one can be asked for by its id.
    assert numbers[0] == failed["ScalingActivityId"] and numbers[-1] == first["ScalingActivityId"]
    asked = {f"ScalingActivityId.{at}": said[what]["ScalingActivityId"] for at, what in enumerate(("attach", "detach"))}
    assert [one["Type"] for one in world.all("activity", group, **asked)] == [3, 2]


@pytest.mark.parametrize("remove,goes", [("RemoveOldestInstance", 0), ("RemoveNewestInstance", -1)])
def test_who_goes_first_and_who_does_not_go(world, remove, goes):
    """L318, L825: the oldest or the newest; one that is protected never by itself."""
    group = new_group(world, RemovePolicy=remove)
    for size in (1, 2, 3):
        world.call("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=size)
        world.server.advance(60)
    left = [member["InstanceId"] for member in world.all("instance", group)]
    protected = left[goes]
    shown = world.call("SetKvmProtectedDetach", ScalingGroupId=group, ProtectedFromDetach=1, **{"ScalingInstanceId.0": protected})
    assert shown["ScalingInstanceSet"][0]["ProtectedFromScaleIn"] == 1
    others = [one for one in left if one != protected]
    world.call("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=2)
    world.server.settle()
    assert [m["InstanceId"] for m in world.all("instance", group)] == [one for one in left if one != others[goes]]
    world.call("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=0)
    world.server.advance(600)
    assert [m["InstanceId"] for m in world.all("instance", group)] == [protected]
    # Left out it ends the protection (L850).
    world.call("SetKvmProtectedDetach", ScalingGroupId=group, **{"ScalingInstanceId.0": protected})
    world.server.settle()
    assert world.all("instance", group) == []


@pytest.mark.parametrize("strategy,wanted", [("balanced-distribution", [2, 2]), ("choice-first", [4, 0]), (None, [2, 2])])
def test_subnets(world, strategy, wanted):
    """L329."""
    more = {"SubnetStrategy": strategy} if strategy else {}
    group = new_group(world, DesiredCapacity=4, **more)
    members = {member["InstanceId"] for member in world.all("instance", group)}
    there = [machine["subnet"] for machine in world.server.machines() if machine["uuid"] in members]
    assert [there.count(subnet) for subnet in SUBNETS] == wanted
    assert world.one("group", group)["SubnetStrategy"] == (strategy or "balanced-distribution")


def test_what_is_changed_of_a_configuration_holds_for_new_machines(world):
    """L1322-1345, L1410."""
    made = config(world.call, "c", InstanceName="web", InstanceNameSuffix="7", InstanceNameTimeSuffix="true")
    group = new_group(world, ScalingConfigurationId=made, DesiredCapacity=1)
    world.call("ModifyScalingConfiguration", ScalingConfigurationId=made, InstanceName="db", InstanceNameSuffix="", InstanceNameTimeSuffix="false")
    world.call("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=2)
    world.server.settle()
    old, new = [member["InstanceName"] for member in world.all("instance", group)]
    assert old.startswith("web-7-20") and len(old) == len("web-7-20261127163323") and new == "db"


def test_a_disabled_group_does_nothing_by_itself(world):
    """L438: stopped until it is enabled."""
    group = new_group(world, DesiredCapacity=1)
    policy(world, group)
    params = {"ScalingScheduledTaskName": "t", "ReadjustMaxSize": 9, "ReadjustMinSize": 3, "ReadjustExpectSize": 4}
    world.call("CreateScheduledTask", ScalingGroupId=group, StartTime=world.at(hours=1), **params)
    world.call("DisableScalingGroup", ScalingGroupId=group)
    for _ in range(3):
        push(world, group, "cpu_util", 90)
    world.server.advance(7200)
    assert (count(world, group), world.one("group", group)["Status"]) == (1, "UnActive")
    world.call("EnableScalingGroup", ScalingGroupId=group)
    for _ in range(2):
        push(world, group, "cpu_util", 90)
    assert count(world, group) > 1 and world.one("group", group)["Status"] == "Active"


def test_notifications_arrive_at_the_receiver_of_the_account(server, tmp_path):
    """L2375: six types. There are no receivers in this API: who hears them is said in the configuration."""
    receiver = Receiver()
    settings = tmp_path / "muster.toml"
    settings.write_text(
        f'[[sink]]\nname = "main"\nkind = "webhook"\nurl = "{receiver.url}"\nsecret = "{SECRET}"\nunaddressed = true\n')
    try:
        world = World(server("--emulate", "--config", str(settings)))
        group, quiet = world.new_group(), world.new_group()
        names = {f"NotificationType.{number}": number for number in range(1, 7)}
        key = world.call("CreateScalingNotification", ScalingGroupId=group, **names)["ScalingNotificationId"]
        world.call("CreateScalingNotification", ScalingGroupId=quiet, **{"NotificationType.1": 2})
        for made in (group, quiet):
            world.call("ModifyScalingGroup", ScalingGroupId=made, DesiredCapacity=2)
            world.server.settle()
        sick = world.all("instance", group)[0]["InstanceId"]
        world.server.native("POST", f"machines/{sick}/unhealthy")
        world.server.advance(600)
        world.call("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=1)
        world.server.settle()
        world.server.faults({"op": "launch", "effect": "sold_out"})
        world.call("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=2)
        world.server.settle()
        eventually(lambda: len(receiver.bodies()) >= 4)
        world.server.settle()
        told = receiver.bodies()
        types = [body["NotificationType"] for body in told]
        assert [number for number, _ in itertools.groupby(types)] == [1, 5, 3, 2]
        for body in told:
            assert (body["ScalingGroupId"], body["ScalingNotificationId"]) == (group, key)
            (activity,) = world.all("activity", group, **{"ScalingActivityId.1": body["ScalingActivityId"]})
            assert {name: body[name] for name in activity if name != "ErrorCode"} == {
                name: value for name, value in activity.items() if name != "ErrorCode"}
        # It tells of nothing any more.
        world.call("ModifyScalingNotification", ScalingGroupId=group, ScalingNotificationId=key)
        world.server.faults()
        world.call("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=0)
        world.server.settle()
        assert receiver.bodies() == told
    finally:
        receiver.close()
