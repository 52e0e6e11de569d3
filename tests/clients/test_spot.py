"""Spot mixes through the real SDK: base and percentage, compensation, the reclaim notice."""

from test_emulate import group


def spots(muster):
    return sorted(m["spot"] for m in muster.machines())


def test_a_mix_and_a_reclaim_notice(emulated):
    call = emulated.sdk()
    mix = {"BaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 1}
    made = group(
        call,
        3,
        InstanceAllocationPolicy="SPOT_MIXED",
        SpotMixedAllocationPolicy=mix,
        CapacityRebalance=True,
    )
    emulated.settle()
    assert spots(emulated) == [False, False, True], "base 1, and 1 % of two, rounded up"
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=1)
    emulated.settle()
    assert spots(emulated) == [False], "the base stays"
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=3)
    emulated.settle()
    spot = next(m for m in emulated.machines() if m["spot"])
    emulated.native("POST", f"machines/{spot['id']}/reclaim")
    emulated.settle()
    kinds = [a["Cause"] for a in call("DescribeAutoScalingActivities", Limit=2)["ActivitySet"]]
    assert "reclaimed" in kinds[1] and "difference" in kinds[0]
    assert spot["id"] not in {m["id"] for m in emulated.machines()} and spots(emulated) == [False, False, True]


def test_without_rebalance_the_loss_is_waited_for(emulated):
    call = emulated.sdk()
    mix = {"BaseCapacity": 0, "OnDemandPercentageAboveBaseCapacity": 0}
    group(call, 2, InstanceAllocationPolicy="SPOT_MIXED", SpotMixedAllocationPolicy=mix)
    emulated.settle()
    first = emulated.machines()[0]["id"]
    emulated.native("POST", f"machines/{first}/reclaim")
    emulated.advance(60)
    assert first in {m["id"] for m in emulated.machines()}
    emulated.advance(90)
    assert first not in {m["id"] for m in emulated.machines()}
    assert spots(emulated) == [True, True]


def test_sold_out_spot_machines_are_bought_on_demand(emulated):
    call = emulated.sdk()
    mix = {"BaseCapacity": 0, "OnDemandPercentageAboveBaseCapacity": 0, "CompensateWithBaseInstance": True}
    emulated.faults({"op": "launch", "effect": "sold_out", "times": 1})
    group(call, 1, InstanceAllocationPolicy="SPOT_MIXED", SpotMixedAllocationPolicy=mix, SubnetIds=["subnet-aaaaaaaa"])
    emulated.settle()
    assert spots(emulated) == [False]
    shown = call("DescribeAutoScalingActivities", Limit=1)["ActivitySet"][0]
    assert shown["DetailedStatusMessageSet"][0]["InstanceChargeType"] == "SPOTPAID"
