"""Real load on real processes, measured by muster itself: out when a machine burns its CPU, in when it rests; and a group
beside it that a real Prometheus tells of. In real time: the shortest period of an alarm is a minute, and a target looks at
three."""

import base64
import re
import time
import urllib.request

from conftest import eventually, processes_of, wait_until
from test_policies import activities
from test_prometheus import exporter, prometheus  # noqa: F401 (fixtures)
from test_session import first_group

# Burns its CPU between `/burn` and `/rest`.
WORKER = b"""#!/usr/bin/env python3
import http.server, os, threading, time

busy = threading.Event()

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        busy.set() if self.path == "/burn" else busy.clear()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass

def work():
    while True:
        busy.wait()
        until = time.monotonic() + 0.05
        while time.monotonic() < until:
            pass

threading.Thread(target=work, daemon=True).start()
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def members(call, group):
    of_group = [{"Name": "auto-scaling-group-id", "Values": [group]}]
    return {i["InstanceId"] for i in call("DescribeAutoScalingInstances", Filters=of_group)["AutoScalingInstanceSet"]}


def processes(server, call, group):
    """The processes of a group's members, with whose they are."""
    ids = members(call, group)
    return {(pid, instance) for pid, instance in processes_of(server.data).items() if instance in ids}


def ask(server, call, group, path):
    """Asks every machine of a group."""
    for instance in members(call, group):
        machine = (server.data / "machines" / instance / "machine.json").read_text()
        port = re.search(r'"port":\s*(\d+)', machine).group(1)

        def answered():
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10).status == 204
            except OSError:
                return False

        eventually(answered)


def look(server, group):
    """How the last look at the only metric of a group went."""
    return (server.native("GET", f"groups/{group}/explain")["looks"] or [{"source": None, "values": 0, "gap": None}])[0]


def idle(call, group, metric, threshold):
    """A policy that takes one away when there is little to do."""
    alarm = {"ComparisonOperator": "LESS_THAN", "MetricName": metric, "Threshold": threshold, "Period": 60, "ContinuousTime": 1}
    call("CreateScalingPolicy", AutoScalingGroupId=group, ScalingPolicyName=f"idle-{metric}", AdjustmentValue=-1, Cooldown=0,
         AdjustmentType="CHANGE_IN_CAPACITY", MetricAlarm=alarm)


def test_cpu_scales_out_and_in_and_kills_of_muster_and_prometheus_do_neither(server, tmp_path, exporter, prometheus):
    query = 'sum(queue_length{asg="$group"})'
    config = tmp_path / "muster.toml"
    config.write_text("[[metric]]\n" f'name = "tcp_established"\nprometheus = "{prometheus.url}"\nquery = \'{query}\'\nperiod_secs = 5\n')
    s = server("--config", str(config))
    call = s.sdk()
    group = first_group(call, 1, MinSize=1, MaxSize=2, script=base64.b64encode(WORKER).decode())
    shown = call("DescribeAutoScalingGroups")["AutoScalingGroupSet"][0]
    queue = call("CreateAutoScalingGroup", AutoScalingGroupName="queue", MinSize=0, MaxSize=2, DesiredCapacity=2,
                 LaunchConfigurationId=shown["LaunchConfigurationId"], VpcId="vpc-12345678", SubnetIds=["subnet-12345678"])
    queue = queue["AutoScalingGroupId"]
    wait_until(call, group, 1)
    wait_until(call, queue, 2)
    exporter.lines = [f'queue_length{{asg="{queue}"}} 50']
    idle(call, queue, "TCP_CURR_ESTAB", 10)
    ask(s, call, group, "burn")
    # How much CPU it gets depends on what else this host does; idle is under one percent.
    made = time.monotonic()
    s.tccli(
        "CreateScalingPolicy",
        *("--AutoScalingGroupId", group, "--ScalingPolicyName", "track", "--ScalingPolicyType", "TARGET_TRACKING"),
        *("--PredefinedMetricType", "ASG_AVG_CPU_UTILIZATION", "--TargetValue", "10", "--DisableScaleIn", "True"),
        *("--EstimatedInstanceWarmup", "0"),
    )
    idle(call, group, "CPU_UTILIZATION", 5)
    eventually(lambda: (look(s, group)["source"], look(s, group)["values"]) == ("process", 1))
    eventually(lambda: (look(s, queue)["source"], look(s, queue)["values"]) == ("prometheus:tcp_established", 1))

    # In the middle of the second of the three periods that the target needs. Prometheus stays away.
    eventually(lambda: time.monotonic() > made + 100, secs=120)
    before, waiting = processes(s, call, group), processes(s, call, queue)
    prometheus.kill()
    exporter.lines = [f'queue_length{{asg="{queue}"}} 0']
    s.restart()
    call = s.sdk()
    assert processes(s, call, group) == before and processes(s, call, queue) == waiting, "the machines do not notice"
    wait_until(call, group, 2, secs=120)
    # Without the periods before the kill it would have taken three new ones.
    assert time.monotonic() < made + 215

    ask(s, call, group, "rest")
    wait_until(call, group, 1, secs=200)
    assert [(kind, status) for kind, status, _ in activities(call, group)] == [
        ("SCALE_IN", "SUCCESSFUL"), ("SCALE_OUT", "SUCCESSFUL"), ("SCALE_OUT", "SUCCESSFUL")]
    # Its queue is empty by now, but for more than a period nobody could tell: nothing is concluded from that.
    assert "failed: " in look(s, queue)["gap"]
    assert processes(s, call, queue) == waiting
    assert [kind for kind, _, _ in activities(call, queue)] == ["SCALE_OUT"]
    text = urllib.request.urlopen(f"http://{s.address}/metrics", timeout=10).read().decode()
    assert 'muster_samples_total{source="process",result="value"}' in text
