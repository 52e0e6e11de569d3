"""Instance refreshes through the real SDK: reinstalled batch by batch, rolled back, replaced; and on real processes."""

import base64

from conftest import eventually, group_of, processes_of, wait_until
from test_emulate import config, group, refusal


def rolling(batches, **more):
    return {"RollingUpdateSettings": {"BatchNumber": batches} | more}


def refresh_of(call, refresh):
    return call("DescribeRefreshActivities", RefreshActivityIds=[refresh])["RefreshActivitySet"][0]


def start(call, made, settings, **more):
    answer = call("StartInstanceRefresh", AutoScalingGroupId=made, RefreshSettings=settings, **more)
    return answer["RefreshActivityId"]


def test_a_bad_image_pauses_is_tried_again_and_rolled_back(emulated):
    call = emulated.sdk()
    template = config(call)
    made = group(call, 4, LaunchConfigurationId=template)
    emulated.settle()
    before = {m["id"] for m in emulated.machines()}
    call("ModifyLaunchConfigurationAttributes", LaunchConfigurationId=template, ImageId="img-87654321")
    emulated.faults({"op": "reset", "effect": "error", "times": 1})
    refresh = start(call, made, rolling(2))
    emulated.settle()
    shown = refresh_of(call, refresh)
    assert shown["Status"] == "FAILED_PAUSE" and shown["CurrentRefreshBatchNum"] == 1
    assert [b["RefreshBatchStatus"] for b in shown["RefreshBatchSet"]] == ["WAITING", "PARTIALLY_SUCCESSFUL"]
    assert group_of(call, made)["EnabledStatus"] == "DISABLED"
    code = "ResourceUnavailable.AutoScalingGroupInRefreshActivity"
    assert refusal(call, "EnableAutoScalingGroup", AutoScalingGroupId=made) == code
    call("ResumeInstanceRefresh", AutoScalingGroupId=made, RefreshActivityId=refresh)
    emulated.settle()
    assert refresh_of(call, refresh)["Status"] == "SUCCESSFUL"
    assert {m["image"] for m in emulated.machines()} == {"img-87654321"}
    assert {m["id"] for m in emulated.machines()} == before, "the same machines, reinstalled"
    answer = call(
        "RollbackInstanceRefresh",
        AutoScalingGroupId=made,
        OriginRefreshActivityId=refresh,
        RefreshSettings=rolling(1),
    )
    emulated.settle()
    back = refresh_of(call, answer["RefreshActivityId"])
    assert (back["Status"], back["ActivityType"]) == ("SUCCESSFUL", "ROLLBACK")
    assert {m["image"] for m in emulated.machines()} == {"img-12345678"}
    assert group_of(call, made)["EnabledStatus"] == "ENABLED"


def test_replaced_with_a_surge_over_a_restart(emulated):
    call = emulated.sdk()
    made = group(call, 3, MaxSize=3)
    emulated.settle()
    before = {m["id"] for m in emulated.machines()}
    settings = rolling(3, BatchPause="BATCH_INTERVAL_PAUSE", MaxSurge=1)
    refresh = start(call, made, settings, RefreshMode="ROLLING_UPDATE_REPLACE")
    for done in (1, 2, 3):
        emulated.settle()
        shown = refresh_of(call, refresh)
        assert shown["CurrentRefreshBatchNum"] == done
        assert shown["Status"] == ("SUCCESSFUL" if done == 3 else "AUTO_PAUSE")
        assert len(emulated.machines()) == (3 if done == 3 else 4)
        emulated.restart()
        if done < 3:
            call("ResumeInstanceRefresh", AutoScalingGroupId=made, RefreshActivityId=refresh)
    assert before.isdisjoint(m["id"] for m in emulated.machines())
    assert group_of(call, made)["DesiredCapacity"] == 3


def test_real_processes_are_reinstalled_in_place(server):
    muster = server()
    call = muster.sdk()

    def script(word):
        return base64.b64encode(f"#!/bin/sh\necho {word} >> said\nexec sleep 86400\n".encode()).decode()

    template = config(call, UserData=script("one"))
    made = group(call, 2, LaunchConfigurationId=template)
    wait_until(call, made, 2)
    before = processes_of(muster.data)
    homes = [muster.data / "machines" / instance / "work" for instance in set(before.values())]

    def said_one():
        return all((home / "said").exists() for home in homes)

    eventually(said_one)
    call("ModifyLaunchConfigurationAttributes", LaunchConfigurationId=template, UserData=script("two"))
    refresh = start(call, made, rolling(2))

    def refreshed():
        return refresh_of(call, refresh)["Status"] == "SUCCESSFUL"

    eventually(refreshed)
    after = processes_of(muster.data)
    assert set(after.values()) == set(before.values()) and set(after).isdisjoint(before)
    for instance in set(after.values()):
        said = muster.data / "machines" / instance / "work" / "said"

        def said_both():
            return said.exists() and said.read_text().split() == ["one", "two"]

        # In service means that the script runs, not that it has come to its first line.
        eventually(said_both)
