"""Policies over what a real Prometheus answers: out, in, and nothing at all while it is away."""

import json
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import BINARY, eventually, free_port, group_of
from test_emulate import group
from test_policies import activities

PROMETHEUS = shutil.which("prometheus")
PERIOD = 20
ALARM = {"MetricName": "TCP_CURR_ESTAB", "Period": 60, "ContinuousTime": 1}


class Exporter:
    """Metrics in the text format, as they are set; none while it is broken."""

    def __init__(self):
        self.lines = []
        self.broken = False
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = "".join(f"{line}\n" for line in exporter.lines).encode()
                self.send_response(500 if exporter.broken else 200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server.server_port}"


class Prometheus:
    """A prometheus that scrapes an exporter every second; it can be killed and started again."""

    def __init__(self, directory, exporter):
        self.directory = directory
        self.port = free_port()
        self.process = None
        scrape = {"job_name": "app", "static_configs": [{"targets": [exporter.address]}]}
        # JSON is YAML too.
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]}
        (directory / "prometheus.yml").write_text(json.dumps(config))
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        command = [PROMETHEUS, f"--config.file={self.directory}/prometheus.yml", f"--web.listen-address=127.0.0.1:{self.port}",
                   f"--storage.tsdb.path={self.directory}/data", "--log.level=error"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self.answers)

    def answers(self):
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def query(self, query, **more):
        query = urllib.parse.urlencode({"query": query} | more)
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{query}", timeout=10) as answer:
            data = json.loads(answer.read())["data"]
        elements = [{"value": data["result"]}] if data["resultType"] == "scalar" else data["result"]
        return [float(one["value"][1]) for one in elements]

    def knows_lookback(self):
        """Whether it does what `stale_secs` asks of it: 2.42 does not yet."""
        try:
            self.query("1", lookback_delta="?")
        except urllib.error.HTTPError:
            return True
        return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def exporter():
    one = Exporter()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def prometheus(tmp_path_factory, exporter):
    one = Prometheus(tmp_path_factory.mktemp("prometheus"), exporter)
    yield one
    if one.process.poll() is None:
        one.kill()


def asking(server, tmp_path, *metrics):
    """An emulated muster that asks for these."""
    lines = []
    for metric in metrics:
        lines.append("[[metric]]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in metric.items()]
    config = tmp_path / "muster.toml"
    config.write_text("\n".join(lines) + "\n")
    return server("--emulate", "--config", str(config))


def policy(call, group, name, operator, threshold, value):
    alarm = ALARM | {"ComparisonOperator": operator, "Threshold": threshold}
    call("CreateScalingPolicy", AutoScalingGroupId=group, ScalingPolicyName=name, AdjustmentType="CHANGE_IN_CAPACITY",
         AdjustmentValue=value, Cooldown=0, MetricAlarm=alarm)


def look(server, group):
    looks = server.native("GET", f"groups/{group}/explain")["looks"]
    return looks[0] if looks else None


def passes(server, group, secs):
    """Lets time pass with a look in each period; comes back with the last one."""
    for _ in range(0, secs, PERIOD):
        before = look(server, group)
        server.advance(PERIOD)

        def looked():
            now = look(server, group)
            return now and (not before or now["at_ms"] > before["at_ms"])

        eventually(looked)
        server.settle()
    return look(server, group)


def desired(call, group):
    return group_of(call, group)["DesiredCapacity"]


def test_a_query_scales_out_and_in_and_a_dead_prometheus_does_neither(server, tmp_path, exporter, prometheus):
    of = 'queue_length{asg="$group", service="$group_name"}'
    # What is older than ten seconds is left out, also by a Prometheus that does not know `lookback_delta`.
    query = f"sum({of}) and on() (time() - min(timestamp({of})) < 10)"
    metric = {"name": "tcp_established", "prometheus": prometheus.url, "query": query, "period_secs": PERIOD, "stale_secs": 10}
    s = asking(server, tmp_path, metric)
    call = s.sdk()
    made = group(call, 2, name="web", MinSize=1, MaxSize=4)
    s.settle()
    policy(call, made, "more", "GREATER_THAN", 100, 1)
    policy(call, made, "less", "LESS_THAN", 10, -1)

    def load(value):
        exporter.lines = [f'queue_length{{asg="{made}",service="web",shard="{shard}"}} {value / 2}' for shard in "ab"]
        exporter.lines.append('queue_length{asg="asg-00000000",service="web"} 100000')

        def scraped():
            return prometheus.query(f'sum(queue_length{{asg="{made}"}})') == [value]

        eventually(scraped)

    load(50)
    assert passes(s, made, 180)["values"] == 1
    assert desired(call, made) == 2
    load(400)
    passes(s, made, 180)
    assert desired(call, made) == 4
    assert activities(call, made)[0][:2] == ("SCALE_OUT", "SUCCESSFUL")
    machines = {m["id"] for m in s.machines()}

    # It dies: whether there is still something to do, nobody can know.
    prometheus.kill()
    away = passes(s, made, 1200)
    assert (away["values"], away["gaps"]) == (0, 4) and "failed: " in away["gap"], away
    assert desired(call, made) == 4 and {m["id"] for m in s.machines()} == machines
    # Neither does muster, when it is killed meanwhile.
    s.restart()
    passes(s, made, 180)
    assert desired(call, made) == 4 and {m["id"] for m in s.machines()} == machines

    # It is back, but what it scrapes is not. It still answers with what it had, which is older than it may be.
    exporter.broken = True
    prometheus.start()
    eventually(lambda: prometheus.query("up") == [0])
    of = f'queue_length{{asg="{made}"}}'
    eventually(lambda: prometheus.query(f"time() - min(timestamp({of}))") > [10])
    assert prometheus.query(of) == [200, 200]
    away = passes(s, made, 600)
    assert away["gap"] == "the result is empty", away
    assert desired(call, made) == 4 and {m["id"] for m in s.machines()} == machines

    # All is well again, and there is nothing to do: a true zero.
    exporter.broken = False
    load(0)
    assert passes(s, made, 300)["values"] == 1
    assert desired(call, made) == 1
    assert activities(call, made)[0][:2] == ("SCALE_IN", "SUCCESSFUL")
    log = s.data.with_suffix(".log").read_text()
    # Once by each of the two processes, if at all.
    assert log.count("does not know lookback_delta") == (0 if prometheus.knows_lookback() else 2)


def test_members_by_their_label_and_what_is_no_number(server, tmp_path, exporter, prometheus):
    members = {"name": "tcp_established", "prometheus": prometheus.url, "period_secs": PERIOD,
               "query": 'busy{asg=~"$group"}', "instance_label": "machine"}
    s = asking(server, tmp_path, members)
    call = s.sdk()
    made = group(call, 3, name="web")
    s.settle()
    policy(call, made, "more", "GREATER_THAN", 100, 1)
    ids = [m["id"] for m in s.machines()]
    exporter.lines = [f'busy{{asg="{made}",machine="{ids[0]}"}} 50', f'busy{{asg="{made}",machine="{ids[1]}"}} NaN',
                      f'busy{{asg="{made}",machine="ins-00000000"}} 7000']
    eventually(lambda: len(prometheus.query("busy")) == 3)
    seen = passes(s, made, 60)
    assert (seen["values"], seen["gaps"]) == (1, 2), seen
    told = s.native("GET", f"groups/{made}/explain")
    assert seen["gap"] in ("the value is NaN", "the result does not have it")
    assert ids[0] in json.dumps(told["metrics"]) and "ins-00000000" not in json.dumps(told["metrics"])
    # The one that is known decides, and it is calm.
    assert desired(call, made) == 3
    # Several without the label are nobody's.
    exporter.lines = [f'busy{{asg="{made}",zone="{zone}"}} 5000' for zone in "ab"]
    eventually(lambda: len(prometheus.query("busy")) == 2)
    seen = passes(s, made, 180)
    assert seen["gap"] == "the result has 2 elements, and none has the label `machine`", seen
    assert desired(call, made) == 3
    metrics = urllib.request.urlopen(f"http://{s.address}/metrics", timeout=10).read().decode()
    assert 'muster_samples_total{source="prometheus:tcp_established",result="gap"}' in metrics


def test_a_query_that_does_not_parse_is_a_gap_and_says_so(server, tmp_path, exporter, prometheus):
    wrong = {"name": "tcp_established", "prometheus": prometheus.url, "period_secs": PERIOD, "query": "sum(up"}
    s = asking(server, tmp_path, wrong)
    call = s.sdk()
    made = group(call, 1, name="web")
    s.settle()
    policy(call, made, "more", "GREATER_THAN", 1, 1)
    seen = passes(s, made, 60)
    assert seen["gap"].startswith("refused: it answered 400: bad_data: "), seen


def test_a_wrong_metric_is_refused_at_the_start(tmp_path):
    config = tmp_path / "muster.toml"
    config.write_text('[[metric]]\nname = "m"\nprometheus = "http://127.0.0.1:9"\nquery = "up{a=$group}"\n')
    command = [BINARY, "serve", "--config", str(config), "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and "metric `m`: `$group` has to be in a string" in done.stderr
