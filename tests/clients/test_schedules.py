"""Schedules through the real SDK, with a clock that is moved over their runs."""

import datetime

from conftest import group_of
from test_emulate import group

BEIJING = datetime.timezone(datetime.timedelta(hours=8))


def now(muster):
    return datetime.datetime.fromisoformat(muster.native("GET", "clock")["now"].replace("Z", "+00:00")).astimezone(BEIJING)


def beijing(moment):
    return moment.replace(microsecond=0).isoformat()


def create(call, made, name, start, desired, **more):
    return call(
        "CreateScheduledAction",
        AutoScalingGroupId=made,
        ScheduledActionName=name,
        MinSize=0,
        MaxSize=6,
        DesiredCapacity=desired,
        StartTime=beijing(start),
        **more,
    )["ScheduledActionId"]


def test_once_and_by_cron_over_a_restart(emulated):
    call = emulated.sdk()
    made = group(call, 1)
    emulated.settle()
    start = now(emulated)
    create(call, made, "once", start + datetime.timedelta(hours=1), 3)
    # Eleven at night and seven in the morning, Beijing time.
    days = {"EndTime": beijing(start + datetime.timedelta(days=3))}
    later = start + datetime.timedelta(seconds=5)
    create(call, made, "night", later, 2, Recurrence="0 23 * * *", **days)
    create(call, made, "morning", later, 4, Recurrence="0 7 * * *", **days)
    explained = emulated.native("GET", f"groups/{made}/explain")["schedules"]
    runs = {s["name"]: [datetime.datetime.fromtimestamp(ms / 1000, BEIJING) for ms in s["next_ms"]] for s in explained}
    assert len(runs["once"]) == 1 and len(runs["night"]) == 3
    assert {(run.hour, run.minute) for run in runs["night"]} == {(23, 0)}
    for name, desired in (("morning", 4), ("night", 2)):
        run = max(runs[name])
        emulated.restart()
        wait = (run - now(emulated)).total_seconds()
        if wait > 0:
            emulated.advance(int(wait) + 1)
            assert group_of(call, made)["DesiredCapacity"] == desired
            assert group_of(call, made)["InServiceInstanceCount"] == desired
            cause = call("DescribeAutoScalingActivities", Limit=1)["ActivitySet"][0]["Cause"]
            assert cause == f"Activity was launched in response to a scheduled action: {name}."


def test_disabled_groups_let_them_pass_and_nothing_fires_after_the_end(emulated):
    call = emulated.sdk()
    made = group(call, 1)
    emulated.settle()
    start = now(emulated)
    once = create(call, made, "once", start + datetime.timedelta(minutes=10), 3)
    call("DisableAutoScalingGroup", AutoScalingGroupId=made)
    emulated.advance(1200)
    call("EnableAutoScalingGroup", AutoScalingGroupId=made)
    emulated.settle()
    assert group_of(call, made)["DesiredCapacity"] == 1
    call("DeleteScheduledAction", ScheduledActionId=once)
    end = beijing(now(emulated) + datetime.timedelta(minutes=30))
    create(
        call, made, "minutes", now(emulated) + datetime.timedelta(minutes=1), 2, Recurrence="*/5 * * * *", EndTime=end
    )
    emulated.advance(900)
    assert group_of(call, made)["DesiredCapacity"] == 2
    emulated.advance(3600)
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=1)
    emulated.advance(3600)
    assert group_of(call, made)["DesiredCapacity"] == 1
