"""One brain, from outside: `muster simulate` and a server under --emulate decide the same for the same load."""

import datetime
import json
import subprocess

from conftest import BINARY

BOOT, CAPACITY = 45, 50.0
START = datetime.datetime(2024, 3, 1, tzinfo=datetime.timezone.utc)
# Load by steps of five minutes; nobody measured at None.
LOADS = [60, 60, 190, 230, 230, None, None, 400, 400, 90, 90, 0, 0, 0, 0, 0, 0]

GROUP = {
    "AutoScalingGroupName": "web", "MinSize": 1, "MaxSize": 20, "DesiredCapacity": 2,
    "VpcId": "vpc-12345678", "SubnetIds": ["subnet-12345678"],
}
POLICY = {
    "ScalingPolicyName": "cpu", "ScalingPolicyType": "TARGET_TRACKING",
    "PredefinedMetricType": "ASG_AVG_CPU_UTILIZATION", "TargetValue": 60, "EstimatedInstanceWarmup": 100,
}


def simulated(tmp_path):
    """Decisions of the command: (minute, from, to)."""
    rows = [(START + datetime.timedelta(minutes=5 * at), load) for at, load in enumerate(LOADS)]
    csv = "timestamp,value\n" + "".join(f"{at:%Y-%m-%d %H:%M:%S},{load}\n" for at, load in rows if load is not None)
    (tmp_path / "load.csv").write_text(csv)
    service = {"Capacity": CAPACITY, "BootSeconds": BOOT}
    described = {"AutoScalingGroup": GROUP, "ScalingPolicies": [POLICY], "Service": service}
    (tmp_path / "web.json").write_text(json.dumps(described))
    command = [BINARY, "simulate", "web.json", "--trace", "load.csv", "--explain"]
    text = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    decisions = []
    for line in text.split("\nweb:\n")[1].splitlines():
        if " -> " in line and not line.startswith(" "):
            at, before, _, after = line.split(" ")
            passed = datetime.datetime.fromisoformat(at.replace("Z", "+00:00")) - START
            decisions.append((passed.total_seconds() / 60, int(before), int(after)))
    return decisions


def lived(server):
    """Decisions of the server, with the load coming minute by minute."""
    server.faults({"op": "launch", "effect": "slow", "latency_secs": BOOT})
    call = server.sdk()
    config = call("CreateLaunchConfiguration", LaunchConfigurationName="c", ImageId="img-12345678", InstanceType="S5.SMALL1")
    config = config["LaunchConfigurationId"]
    group = call("CreateAutoScalingGroup", LaunchConfigurationId=config, **GROUP)["AutoScalingGroupId"]
    server.advance(3 * BOOT)
    call("CreateScalingPolicy", AutoScalingGroupId=group, **POLICY)
    decisions, wanted = [], 2
    for minute in range(5 * len(LOADS)):
        load = LOADS[minute // 5]
        if load is not None:
            serving = sum(machine["state"] == "running" for machine in server.machines())
            value = min(load / serving, CAPACITY) / CAPACITY * 100
            point = {"group": group, "metric": "cpu_util", "value": value}
            assert server.native("POST", "metrics", {"points": [point]}) == {"accepted": 1}
        # The alarm's periods are counted from when the policy was made: one ends in here.
        server.advance(60)
        desired = server.native("GET", f"groups/{group}/explain")["desired"]
        if desired != wanted:
            decisions.append((minute + 1, wanted, desired))
            wanted = desired
    return decisions


def test_the_command_and_the_server_decide_the_same(emulated, tmp_path):
    told = simulated(tmp_path)
    assert len(told) >= 3, told
    assert lived(emulated) == told
