"""A running muster for tests with real clients: started on a free port of 127.0.0.1, killed with all it started."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from tencentcloud.autoscaling.v20180419 import autoscaling_client, models
from tencentcloud.common import credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("MUSTER_BIN", str(ROOT / "target/debug/muster"))
TCCLI = os.environ.get("MUSTER_TCCLI", str(ROOT / "target/venv-tccli/bin/tccli"))
READY_SECS = 30


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def processes_of(data):
    """Processes of machines of this data directory, by the environment that the operating system shows: pid -> instance."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as f:
                env = dict(p.split(b"=", 1) for p in f.read().split(b"\0") if b"=" in p)
        except OSError:
            continue
        if env.get(b"MUSTER_DATA_DIR", b"").decode() == str(data):
            found[int(entry)] = env[b"MUSTER_INSTANCE_ID"].decode()
    return found


class Server:
    """One muster and its data directory; it can be killed and started again."""

    def __init__(self, data, *args, env=None):
        self.data = pathlib.Path(data)
        self.args = list(args)
        self.env = env or {}
        self.port = free_port()
        self.process = None
        self.out = []
        self.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith("MUSTER_")} | self.env
        command = [BINARY, "serve", "--data", str(self.data), "--listen", self.address, *self.args]
        self.log = open(self.data.with_suffix(".log"), "ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, env=env, text=True)
        deadline = time.monotonic() + READY_SECS
        self.out = []
        while time.monotonic() < deadline:
            line = self.process.stdout.readline()
            if not line:
                break
            self.out.append(line.strip())
            if line.startswith("muster ready on "):
                assert line.strip() == f"muster ready on http://{self.address}"
                return
        raise AssertionError(f"muster did not become ready: {self.out} {self.data.with_suffix('.log').read_text()}")

    def kill9(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0

    def restart(self):
        if self.process.poll() is None:
            self.kill9()
        self.start()

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill9()
        for _ in range(100):
            left = processes_of(self.data)
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            subprocess.run(["pkill", "-9", "-f", f"shim {self.data}/machines/"], check=False)
            if not left:
                return
            time.sleep(0.02)

    @property
    def key(self):
        if "MUSTER_ACCESS_KEY_ID" in self.env:
            return self.env["MUSTER_ACCESS_KEY_ID"], self.env["MUSTER_SECRET_ACCESS_KEY"]
        kept = json.loads((self.data / "credentials.json").read_text())
        return kept["access_key_id"], kept["secret_access_key"]

    def sdk(self, key=None, sign=None, method="POST", region="ap-guangzhou"):
        profile = ClientProfile(httpProfile=HttpProfile(endpoint=self.address, protocol="http", reqMethod=method))
        if sign:
            profile.signMethod = sign
        client = autoscaling_client.AutoscalingClient(credential.Credential(*(key or self.key)), region, profile)

        def call(action, **parameters):
            request = getattr(models, action + "Request")()
            request.from_json_string(json.dumps(parameters))
            return json.loads(getattr(client, action)(request).to_json_string())

        return call

    def tccli(self, action, *args):
        """The command line: what it prints, read as JSON; an error is raised with what it said."""
        key_id, secret = self.key
        env = os.environ | {
            "TENCENTCLOUD_SECRET_ID": key_id,
            "TENCENTCLOUD_SECRET_KEY": secret,
            "TENCENTCLOUD_REGION": "ap-guangzhou",
            "HOME": str(self.data.parent),
        }
        command = [TCCLI, "as", action, *args, "--endpoint", f"http://{self.address}"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
        return json.loads(done.stdout)

    def native(self, method, path, body=None, secret=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.address}/_muster/v1/{path}", data=data, method=method)
        request.add_header("Authorization", f"Bearer {secret or self.key[1]}")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def settle(self):
        return self.native("POST", "settle", {})

    def advance(self, secs):
        return self.native("POST", "clock", {"advance_secs": secs})

    def machines(self):
        return self.native("GET", "machines")["machines"]

    def faults(self, *rules):
        return self.native("PUT", "faults", {"rules": list(rules)})


def group_of(call, group):
    return call("DescribeAutoScalingGroups", AutoScalingGroupIds=[group])["AutoScalingGroupSet"][0]


def eventually(holds, secs=30):
    """Waits until `holds()`; asks ten times a second, which every action allows."""
    deadline = time.monotonic() + secs
    while not holds():
        assert time.monotonic() < deadline, f"{holds.__name__} does not hold after {secs} s"
        time.sleep(0.1)


def wait_until(call, group, count, secs=30):
    """Waits until the group is idle with `count` instances in service, and none besides."""
    deadline = time.monotonic() + secs
    while time.monotonic() < deadline:
        shown = group_of(call, group)
        idle = shown["InActivityStatus"] == "NOT_IN_ACTIVITY"
        if idle and shown["InServiceInstanceCount"] == shown["InstanceCount"] == count:
            return shown
        time.sleep(0.02)
    activities = call("DescribeAutoScalingActivities", Limit=5)["ActivitySet"]
    raise AssertionError(f"not {count} in service after {secs} s: {shown} {activities}")


@pytest.fixture
def server(tmp_path):
    """Makes servers, and ends all of them with everything they started."""
    made = []

    def make(*args, env=None, name="data"):
        made.append(Server(tmp_path / name, *args, env=env))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def emulated(server):
    return server("--emulate")
