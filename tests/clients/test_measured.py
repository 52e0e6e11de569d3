"""Real load on real processes, measured by muster itself: out when a machine burns its CPU, in when it rests. In real time:
the shortest period of an alarm is a minute, and a target looks at three."""

import base64
import re
import time
import urllib.request

from conftest import eventually, processes_of, wait_until
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


def ask(server, path):
    """Asks every machine that serves."""
    for instance in set(processes_of(server.data).values()):
        machine = (server.data / "machines" / instance / "machine.json").read_text()
        port = re.search(r'"port":\s*(\d+)', machine).group(1)

        def answered():
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10).status == 204
            except OSError:
                return False

        eventually(answered)


def test_cpu_scales_out_and_in_and_a_kill_of_muster_blinds_nobody(server):
    s = server()
    call = s.sdk()
    group = first_group(call, 1, MinSize=1, MaxSize=2, script=base64.b64encode(WORKER).decode())
    wait_until(call, group, 1)
    ask(s, "burn")
    # How much CPU it gets depends on what else this host does; idle is under one percent.
    made = time.monotonic()
    s.tccli(
        "CreateScalingPolicy",
        *("--AutoScalingGroupId", group, "--ScalingPolicyName", "track", "--ScalingPolicyType", "TARGET_TRACKING"),
        *("--PredefinedMetricType", "ASG_AVG_CPU_UTILIZATION", "--TargetValue", "10", "--DisableScaleIn", "True"),
        *("--EstimatedInstanceWarmup", "0"),
    )
    call("CreateScalingPolicy", AutoScalingGroupId=group, ScalingPolicyName="idle", AdjustmentType="CHANGE_IN_CAPACITY",
         AdjustmentValue=-1, Cooldown=0, MetricAlarm={"ComparisonOperator": "LESS_THAN", "MetricName": "CPU_UTILIZATION",
                                                      "Threshold": 5, "Period": 60, "ContinuousTime": 1})

    def measured():
        told = s.native("GET", f"groups/{group}/explain")
        look = (told["looks"] or [{}])[0]
        return look.get("source") == "process" and look["values"] == 1 and told["metrics"]

    eventually(measured)
    # In the middle of the second of the three periods that the target needs.
    eventually(lambda: time.monotonic() > made + 100, secs=120)
    machine = set(processes_of(s.data).items())
    s.restart()
    call = s.sdk()
    assert set(processes_of(s.data).items()) == machine, "the machine does not notice"
    wait_until(call, group, 2, secs=120)
    # Without the periods before the kill it would have taken three new ones.
    assert time.monotonic() < made + 215
    found = call("DescribeAutoScalingActivities")["ActivitySet"]
    assert [a["ActivityType"] for a in found] == ["SCALE_OUT", "SCALE_OUT"]

    ask(s, "rest")
    wait_until(call, group, 1, secs=200)
    found = call("DescribeAutoScalingActivities")["ActivitySet"]
    assert found[0]["ActivityType"] == "SCALE_IN" and found[0]["StatusCode"] == "SUCCESSFUL", found[0]
    text = urllib.request.urlopen(f"http://{s.address}/metrics", timeout=10).read().decode()
    assert 'muster_samples_total{source="process",result="value"}' in text
