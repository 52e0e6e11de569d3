"""A group of real processes behind a real HAProxy: who gets load, and what kills of either leave as it was."""

import base64
import http.client
import os
import signal
import socket
import subprocess
import threading
import time

import pytest
from conftest import eventually, free_port, group_of, processes_of, wait_until
from test_load_balancers import members, states

HAPROXY = next((p for p in ("/usr/sbin/haproxy", "/usr/local/sbin/haproxy") if os.path.exists(p)), "haproxy")

# A machine: answers with the name of its instance, `/slow` after a while.
MACHINE = """#!/usr/bin/env python3
import http.server, os, socketserver, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(1)
        body = os.environ["MUSTER_INSTANCE_ID"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
class Machine(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128
Machine(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


class HaProxy:
    """One HAProxy with a frontend on `port`; it can be killed, stopped for a while, and started again."""

    def __init__(self, directory):
        self.socket = directory / "admin.sock"
        self.port = free_port()
        self.config = directory / "haproxy.cfg"
        self.config.write_text(f"""
global
  stats socket {self.socket} mode 600 level admin
  nbthread 1
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:{self.port}
  default_backend web
backend web
  balance roundrobin
  option httpchk GET /
""")
        self.start()

    def start(self):
        self.process = subprocess.Popen([HAPROXY, "-q", "-db", "-f", str(self.config)])
        eventually(self.answers)

    def answers(self):
        try:
            return "haproxy" in self.ask("show info").lower()
        except OSError:
            return False

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.socket))
            s.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: s.recv(65536), b"")).decode()

    def servers(self):
        """Instance -> operational state of the servers."""
        lines = self.ask("show servers state web").splitlines()[2:]
        return {line.split()[3].split(".")[2]: line.split()[5] for line in lines if line}

    def kill9(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def haproxy(tmp_path):
    one = HaProxy(tmp_path)
    yield one
    one.kill9()


@pytest.fixture
def served(server, haproxy, tmp_path):
    """A muster whose listener lbl-12345678 is the HAProxy, with what is looked at every second."""
    config = tmp_path / "muster.toml"
    config.write_text(f"""
[backend]
observe_secs = 1
[[haproxy]]
name = "edge"
socket = "{haproxy.socket}"
timeout_secs = 2
check_interval_millis = 200
[[haproxy.backend]]
lb = "lb-12345678"
listener = "lbl-12345678"
backend = "web"
""")
    return server("--config", str(config))


def group(call, count, most=10):
    config = call(
        "CreateLaunchConfiguration",
        LaunchConfigurationName="web",
        ImageId="img-12345678",
        InstanceType="S5.SMALL1",
        UserData=base64.b64encode(MACHINE.encode()).decode(),
    )["LaunchConfigurationId"]
    made = call(
        "CreateAutoScalingGroup",
        AutoScalingGroupName="web",
        LaunchConfigurationId=config,
        MinSize=0,
        MaxSize=most,
        DesiredCapacity=count,
        VpcId="vpc-12345678",
        SubnetIds=["subnet-12345678"],
        ForwardLoadBalancers=[
            {
                "LoadBalancerId": "lb-12345678",
                "ListenerId": "lbl-12345678",
                "TargetAttributes": [{"Port": 80, "Weight": 10}],
            }
        ],
        ServiceSettings={"ReplaceLoadBalancerUnhealthy": True, "ReplaceMonitorUnhealthy": True},
        LoadBalancerHealthCheckGracePeriod=5,
    )["AutoScalingGroupId"]
    wait_until(call, made, count)
    return made


class Load:
    """Requests all the time, over connections that are kept; every answer that is not the one of a machine is kept."""

    def __init__(self, port, clients=6):
        self.port, self.failed, self.by, self.over = port, [], {}, threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(n,)) for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        # One client in three asks for what takes long.
        path = "/slow" if number % 3 == 0 else "/"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self.over.is_set():
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read().decode()
                good = answer.status == 200
                what = f"{answer.status} {body}"
            except (OSError, http.client.HTTPException) as error:
                good, what = False, repr(error)
                connection.close()
            with self.lock:
                if good:
                    self.by[body] = self.by.get(body, 0) + 1
                else:
                    self.failed.append((path, what))
            if not good:
                time.sleep(0.05)

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def load(haproxy):
    made = []

    def start(**more):
        made.append(Load(haproxy.port, **more))
        return made[-1]

    yield start
    for one in made:
        one.end()


def up(haproxy, count):
    def that_many_are_up():
        return list(haproxy.servers().values()) == ["2"] * count

    eventually(that_many_are_up)


def readyz(one):
    connection = http.client.HTTPConnection(one.address, timeout=10)
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_no_request_is_lost_while_the_group_scales_and_is_refreshed(served, haproxy, load):
    call = served.sdk()
    made = group(call, 2)
    up(haproxy, 2)
    running = load()
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=5)
    wait_until(call, made, 5)
    up(haproxy, 5)
    everybody = set(states(call, made))

    def everybody_has_had_load():
        return everybody <= set(running.by)

    eventually(everybody_has_had_load)
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=2)
    wait_until(call, made, 2, secs=60)
    before = processes_of(served.data)
    refresh = call(
        "StartInstanceRefresh",
        AutoScalingGroupId=made,
        RefreshSettings={"RollingUpdateSettings": {"BatchNumber": 2, "MaxSurge": 1}, "CheckInstanceTargetHealth": True},
        RefreshMode="ROLLING_UPDATE_REPLACE",
    )["RefreshActivityId"]

    def it_is_refreshed():
        shown = call("DescribeRefreshActivities", RefreshActivityIds=[refresh])["RefreshActivitySet"][0]
        assert shown["Status"] in ("INIT", "RUNNING", "SUCCESSFUL"), shown
        return shown["Status"] == "SUCCESSFUL"

    eventually(it_is_refreshed, secs=90)
    wait_until(call, made, 2, secs=60)
    assert not set(before) & set(processes_of(served.data)), "all are new"
    running.end()
    assert running.failed == []
    assert set(haproxy.servers()) == set(states(call, made))


def test_killing_haproxy_loses_no_machine_and_no_member(served, haproxy, load):
    call = served.sdk()
    made = group(call, 3)
    up(haproxy, 3)
    before, machines = states(call, made), processes_of(served.data)
    activities = call("DescribeAutoScalingActivities", Limit=1)["TotalCount"]
    assert readyz(served) == (200, "ready\n")
    haproxy.kill9()

    def it_is_told_of():
        return readyz(served)[1].startswith("ready\nedge/web: failed: ")

    eventually(it_is_told_of)
    assert readyz(served)[0] == 200
    listed = served.native("GET", "balancers")["balancers"][0]["listeners"][0]
    assert listed["members"] == [] and listed["error"].startswith("failed: ")
    # Several looks at it in this state, and past the grace period.
    time.sleep(6)
    assert states(call, made) == before and processes_of(served.data) == machines
    haproxy.start()
    up(haproxy, 3)
    assert set(haproxy.servers()) == set(before)
    eventually(lambda: readyz(served) == (200, "ready\n"))
    assert states(call, made) == before and processes_of(served.data) == machines
    assert call("DescribeAutoScalingActivities", Limit=1)["TotalCount"] == activities, "nobody was replaced"
    assert group_of(call, made)["DesiredCapacity"] == 3
    running = load()
    eventually(lambda: len(running.by) == 3)
    running.end()
    assert running.failed == []


def test_a_haproxy_that_hangs_blinds_nobody(served, haproxy):
    call = served.sdk()
    made = group(call, 2)
    up(haproxy, 2)
    before = states(call, made)
    os.kill(haproxy.process.pid, signal.SIGSTOP)
    try:
        eventually(lambda: "no answer" in readyz(served)[1])
        # A machine that dies meanwhile is noticed and replaced: its place at the balancer has to wait.
        victim, name = next(iter(processes_of(served.data).items()))
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: name not in states(call, made) or states(call, made)[name] != "IN_SERVICE", secs=60)
    finally:
        os.kill(haproxy.process.pid, signal.SIGCONT)
    wait_until(call, made, 2, secs=180)
    after = states(call, made)
    assert len(set(before) & set(after)) == 1 and name not in after
    eventually(lambda: set(haproxy.servers()) == set(after))
    up(haproxy, 2)


def test_killing_muster_loses_no_member_and_doubles_none(served, haproxy, load):
    call = served.sdk()
    made = group(call, 2)
    up(haproxy, 2)
    running = load()
    for count in (4, 1, 3, 2, 5):
        call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=count)
        # A random moment of the scaling is the point of this test, not a wait for something.
        time.sleep(0.05 * count)
        served.restart()
        call = served.sdk()
    wait_until(call, made, 5, secs=120)
    up(haproxy, 5)
    running.end()
    assert running.failed == []
    assert set(haproxy.servers()) == set(states(call, made))
    assert members(served) == {id: [(80, 10, "active")] for id in states(call, made)}
    assert sorted(processes_of(served.data).values()) == sorted(states(call, made))
