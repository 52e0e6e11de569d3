"""muster is killed at random moments while a group of real processes scales: nothing is lost, doubled or stuck."""

import os
import random
import time

from conftest import processes_of, wait_until
from test_session import first_group

KILLS = int(os.environ.get("MUSTER_KILLS", "50"))
SEED = int(os.environ.get("MUSTER_KILL_SEED", str(random.randrange(1 << 32))))


def test_fifty_kills_leave_no_orphan_no_double_and_nothing_stuck(server):
    print(f"rerun with MUSTER_KILL_SEED={SEED}")
    dice = random.Random(SEED)
    s = server()
    call = s.sdk()
    group = first_group(call, 5)
    for _ in range(KILLS):
        wanted = dice.randrange(21)
        call("ModifyDesiredCapacity", AutoScalingGroupId=group, DesiredCapacity=wanted)
        # A random moment of the scaling is the point of this test, not a wait for something.
        time.sleep(dice.random() * 0.08)
        s.restart()
        call = s.sdk()
    wait_until(call, group, wanted, secs=60)
    shown = call("DescribeAutoScalingInstances", Limit=100)["AutoScalingInstanceSet"]
    running = processes_of(s.data)
    assert sorted(set(running.values())) == sorted(i["InstanceId"] for i in shown), "no orphan, nobody missing"
    assert len(running) == len(set(running.values())), f"no machine twice (seed {SEED}): {running}"
    for page in range(0, 10_000, 100):
        activities = call("DescribeAutoScalingActivities", Limit=100, Offset=page)["ActivitySet"]
        stuck = [a for a in activities if a["StatusCode"] in ("INIT", "RUNNING")]
        assert not stuck, stuck
        if len(activities) < 100:
            break
    call("ModifyDesiredCapacity", AutoScalingGroupId=group, DesiredCapacity=0)
    wait_until(call, group, 0, secs=60)
    assert processes_of(s.data) == {}
