"""What the real ELB SDK makes carries real load: listeners at their ports, checks as they are asked for, members that were
put there by hand beside those of groups."""

import base64
import contextlib
import http.server
import itertools
import json
import socket
import subprocess
import threading
import time
import types
import urllib.error
import urllib.request
import uuid

import pytest
from conftest import BINARY, eventually, free_port
from huawei import VPC, config, group, huawei, instances, neighbour, refused
from ksyun.common.exception.ksyun_sdk_exception import KsyunSDKException
from test_haproxy import MACHINE
from test_ksyun import group as ksyun_group
from test_ksyun import kingsoft

CONFIG = "[backend]\nobserve_secs = 1\n[proxy]\ncheck_interval_millis = 200\nslow_start_secs = 0\n"


class Backend:
    """A server that answers with its name, and with a status at each path that can be changed."""

    def __init__(self, name):
        self.status, self.asked = {}, []
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                backend.asked.append(self.path)
                self.send_response(backend.status.get(self.path, 200))
                self.send_header("Content-Length", str(len(name)))
                self.end_headers()
                self.wfile.write(name.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def backend():
    made = []

    def start(name):
        made.append(Backend(name))
        return made[-1]

    yield start
    for one in made:
        one.end()


@pytest.fixture
def served(server, tmp_path):
    config = tmp_path / "muster.toml"
    config.write_text(CONFIG)
    return server("--config", str(config))


def front(elb, port, protocol="HTTP"):
    """A listener at a port, with its pool."""
    balancer = elb("create_load_balancer", body={"loadbalancer": {"name": "lb", "vpc_id": VPC}})["loadbalancer"]["id"]
    body = {"pool": {"protocol": protocol, "lb_algorithm": "ROUND_ROBIN", "loadbalancer_id": balancer}}
    pool = elb("create_pool", body=body)["pool"]["id"]
    body = {"loadbalancer_id": balancer, "protocol": protocol, "protocol_port": port, "default_pool_id": pool}
    return elb("create_listener", body={"listener": body})["listener"]["id"], pool


def member(elb, pool, port, weight=1):
    body = {"address": "127.0.0.1", "protocol_port": port, "weight": weight}
    return elb("create_member", pool_id=pool, body={"member": body})["member"]["id"]


def monitor(elb, pool, **more):
    body = {"pool_id": pool, "type": "HTTP", "delay": 1, "timeout": 1, "max_retries": 1, "max_retries_down": 1} | more
    return elb("create_health_monitor", body={"healthmonitor": body})["healthmonitor"]["id"]


def get(port, path="/"):
    """What is answered at a port; the status if it is none of success."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code


def shares(port, count):
    answers = [get(port) for _ in range(count)]
    return {answer: answers.count(answer) for answer in answers}


def is_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def native(served, listener):
    shown = served.native("GET", "balancers")["balancers"]
    return next(b for b in shown if b["lb"] == listener)["listeners"][0]


def statuses(elb, pool):
    return {m["id"]: m["operating_status"] for m in elb("list_members", pool_id=pool)["members"]}


def web(served, call, pool, name="GroupNameTest"):
    """A group of one machine that answers with its id, which is bound to a pool: its id, and that of the machine."""
    bound = [{"pool_id": pool, "protocol_port": 80, "weight": 1}]
    how = config(call, f"config-{name}", user_data=base64.b64encode(MACHINE.encode()).decode())
    made = group(call, 1, name, scaling_configuration_id=how, lbaas_listeners=bound)

    def it_serves():
        return [m["life_cycle_state"] for m in instances(call, made)] == ["INSERVICE"]

    eventually(it_serves)
    (machine,) = served.machines()
    return made, machine["id"]


def eventually_is(look, wanted):
    def it_is():
        return look() == wanted

    eventually(it_is)


def test_a_listener_is_open_at_its_port_as_long_as_it_is_there(served, backend):
    elb, port = neighbour(served, "elb", "v3"), free_port()
    assert not is_open(port)
    listener, pool = front(elb, port)
    assert get(port) == 503
    member(elb, pool, backend("a").port)
    assert get(port) == "a"
    assert native(served, listener)["address"] == f"127.0.0.1:{port}"
    assert native(served, listener)["protocol"] == "http"
    served.restart()
    elb = neighbour(served, "elb", "v3")
    assert get(port) == "a"
    # One of TCP carries what it is given, at a port of its own.
    other = free_port()
    pool_of_tcp = front(elb, other, "TCP")[1]
    member(elb, pool_of_tcp, backend("b").port)
    assert get(other) == "b"
    elb("delete_listener", listener_id=listener)
    assert not is_open(port) and is_open(other)
    # What the pool has is reached at a port of its own then.
    own = int(native(served, pool)["address"].rsplit(":", 1)[1])
    assert own != port and get(own) == "a"
    served.restart()
    assert not is_open(port) and get(other) == "b" and get(own) == "a"


def test_a_port_that_cannot_be_had_is_said_and_tried_again(server, tmp_path, backend):
    config = tmp_path / "muster.toml"
    first, last = sorted((free_port(), free_port()))
    allowed = f"listener_first_port = {first}\nlistener_last_port = {last}\n"
    config.write_text(CONFIG + allowed)
    served = server("--config", str(config))
    elb = neighbour(served, "elb", "v3")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", first))
        taken.listen()
        listener, pool = front(elb, first)
        member(elb, pool, backend("a").port)
        assert "Address already in use" in native(served, listener)["error"]
        own = int(native(served, pool)["address"].rsplit(":", 1)[1])
        assert get(own) == "a"
    eventually_is(lambda: "error" in native(served, listener), False)
    assert get(first) == "a"
    # Those that are not allowed are records.
    listener, _ = front(elb, 80)
    assert "proxy.listener_first_port" in native(served, listener)["error"]
    assert elb("show_listener", listener_id=listener)["listener"]["protocol_port"] == 80
    listener, _ = front(elb, last + 1, "UDP")
    assert listener not in {one["lb"] for one in served.native("GET", "balancers")["balancers"]}
    config.write_text(CONFIG + allowed + "listener_ports = false\n")
    served.restart()
    assert not is_open(first)
    # An address that Muster itself is at is nobody's, not at a start either.
    config.write_text(CONFIG)
    served.restart()
    listener, _ = front(neighbour(served, "elb", "v3"), served.port)
    assert "Address already in use" in native(served, listener)["error"]
    served.restart()
    assert "Address already in use" in native(served, listener)["error"]


def test_a_health_monitor_says_who_has_load(served, backend):
    elb, port = neighbour(served, "elb", "v3"), free_port()
    _, pool = front(elb, port)
    one, other = backend("a"), backend("b")
    a, b = member(elb, pool, one.port), member(elb, pool, other.port)
    other.status["/healthz"] = 500
    eventually_is(lambda: shares(port, 4), {"a": 2, "b": 2})
    assert statuses(elb, pool) == {a: "NO_MONITOR", b: "NO_MONITOR"}
    made = monitor(elb, pool, url_path="/healthz")
    eventually_is(lambda: statuses(elb, pool), {a: "ONLINE", b: "OFFLINE"})
    shown = elb("show_member", pool_id=pool, member_id=b)["member"]
    assert [at["operating_status"] for at in shown["status"]] == ["OFFLINE"]
    assert shares(port, 4) == {"a": 4} and "/healthz" in one.asked
    # Another status is good from now on.
    body = {"healthmonitor": {"expected_codes": "200,500-503"}}
    elb("update_health_monitor", healthmonitor_id=made, body=body)
    eventually_is(lambda: statuses(elb, pool), {a: "ONLINE", b: "ONLINE"})
    assert shares(port, 4) == {"a": 2, "b": 2}
    # Another port is asked: nobody is there.
    elb("update_health_monitor", healthmonitor_id=made, body={"healthmonitor": {"monitor_port": free_port()}})
    eventually_is(lambda: statuses(elb, pool), {a: "OFFLINE", b: "OFFLINE"})
    assert get(port) == 503
    # Not saying it keeps the port; null is each member's own again.
    elb("update_health_monitor", healthmonitor_id=made, body={"healthmonitor": {"delay": 2}})
    assert elb("show_health_monitor", healthmonitor_id=made)["healthmonitor"]["monitor_port"] is not None
    body = {"healthmonitor": {"delay": 1, "monitor_port": None}}
    changed = elb("update_health_monitor", healthmonitor_id=made, body=body)["healthmonitor"]
    assert (changed["monitor_port"], changed["delay"]) == (None, 1)
    eventually_is(lambda: statuses(elb, pool), {a: "ONLINE", b: "ONLINE"})
    elb("update_health_monitor", healthmonitor_id=made, body={"healthmonitor": {"type": "TCP", "monitor_port": one.port}})
    eventually_is(lambda: statuses(elb, pool), {a: "ONLINE", b: "ONLINE"})
    served.restart()
    elb = neighbour(served, "elb", "v3")
    eventually_is(lambda: statuses(elb, pool), {a: "ONLINE", b: "ONLINE"})
    elb("update_health_monitor", healthmonitor_id=made, body={"healthmonitor": {"admin_state_up": False}})
    assert statuses(elb, pool) == {a: "NO_MONITOR", b: "NO_MONITOR"}
    elb("delete_health_monitor", healthmonitor_id=made)
    assert statuses(elb, pool) == {a: "NO_MONITOR", b: "NO_MONITOR"}
    other.end()
    eventually_is(lambda: shares(port, 4), {"a": 4})
    for name, value in (
        ("url_path", "healthz"),
        ("url_path", "/a b"),
        ("expected_codes", "2xx"),
        ("http_method", "PUT"),
        ("domain_name", "-a"),
        ("monitor_port", 70000),
    ):
        body = {"pool_id": pool, "type": "HTTP", "delay": 1, "timeout": 1, "max_retries": 1, name: value}
        assert refused(elb, "create_health_monitor", body={"healthmonitor": body}) == (400, "ELB.8902"), name


def test_members_by_hand_and_of_groups_live_beside_each_other(served, backend):
    call, elb, port = huawei(served), neighbour(served, "elb", "v3"), free_port()
    _, pool = front(elb, port)
    by_hand = backend("hand")
    hand = member(elb, pool, by_hand.port, weight=3)
    made, machine = web(served, call, pool)
    eventually_is(lambda: shares(port, 8), {"hand": 6, machine: 2})
    elb("update_member", pool_id=pool, member_id=hand, body={"member": {"weight": 1}})
    # What one is still owed by the old weights it is given first.
    eventually_is(lambda: shares(port, 8), {"hand": 4, machine: 4})
    elb("update_member", pool_id=pool, member_id=hand, body={"member": {"weight": 0}})
    assert shares(port, 4) == {machine: 4}
    elb("update_member", pool_id=pool, member_id=hand, body={"member": {"weight": 1}})
    served.restart()
    elb, call = neighbour(served, "elb", "v3"), huawei(served)
    # On a machine that is busy a check may find one of them too slow at first.
    eventually_is(lambda: shares(port, 8), {"hand": 4, machine: 4})
    # The group goes: what is there by hand stays.
    call("delete_scaling_group", scaling_group_id=made, force_delete="yes")
    # It is shown no more at once; its machine has load until it is drained.
    eventually_is(lambda: shares(port, 4), {"hand": 4})
    eventually_is(served.machines, [])
    assert [m["id"] for m in elb("list_members", pool_id=pool)["members"]] == [hand]
    _, machine = web(served, call, pool, "again")
    # And the other way round.
    elb("delete_member", pool_id=pool, member_id=hand)
    eventually_is(lambda: shares(port, 4), {machine: 4})
    assert refused(elb, "show_member", pool_id=pool, member_id=hand)[0] == 404


def test_requests_that_find_no_member_count(served):
    call, elb, port = huawei(served), neighbour(served, "elb", "v3"), free_port()
    listener, pool = front(elb, port)
    group(call, 0, lbaas_listeners=[{"pool_id": pool, "protocol_port": 80, "weight": 1}])
    for _ in range(3):
        assert get(port) == 503
    text = urllib.request.urlopen(f"http://{served.address}/metrics", timeout=10).read().decode()
    line = f'muster_proxy_unserved_total{{balancer="{listener}",listener="{listener}"}} 3'
    assert line in text.splitlines(), [one for one in text.splitlines() if "unserved" in one]


def test_whenever_muster_is_killed_load_is_what_is_stored(served, backend):
    elb, port = neighbour(served, "elb", "v3"), free_port()
    _, pool = front(elb, port)
    backends = [backend(name) for name in "abcdef"]
    member(elb, pool, backends[0].port)
    names = {one.port: name for one, name in zip(backends, "abcdef")}

    def work(elb):
        """Members come and go until nobody answers any more."""
        there = {}
        with contextlib.suppress(Exception):
            for at in itertools.cycle(range(1, 6)):
                if at in there:
                    elb("delete_member", pool_id=pool, member_id=there.pop(at))
                else:
                    there[at] = member(elb, pool, backends[at].port)

    for millis in (20, 55, 90, 130):
        running = threading.Thread(target=work, args=(neighbour(served, "elb", "v3"),), daemon=True)
        running.start()
        # Wherever that is: each of the kills is somewhere else in the row of commits and effects.
        time.sleep(millis / 1000)
        served.kill9()
        running.join(60)
        served.start()
        elb = neighbour(served, "elb", "v3")
        stored = {names[m["protocol_port"]] for m in elb("list_members", pool_id=pool)["members"]}
        assert "a" in stored and set(shares(port, 12)) == stored
        for one in elb("list_members", pool_id=pool)["members"]:
            if one["protocol_port"] != backends[0].port:
                elb("delete_member", pool_id=pool, member_id=one["id"])
        assert set(shares(port, 4)) == {"a"}


def test_nobody_has_load_of_another_account(served, backend):
    elb, port = neighbour(served, "elb", "v3"), free_port()
    front_id, pool = front(elb, port)
    member(elb, pool, backend("a").port)
    command = [BINARY, "account", "create", "second", "--data", str(served.data)]
    key = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    other = types.SimpleNamespace(address=served.address, key=(key["access_key_id"], key["secret_access_key"]))
    theirs = huawei(other)
    bound = {"lbaas_listeners": [{"pool_id": pool, "protocol_port": 80, "weight": 1}]}
    listening = {"lb_listener_id": front_id}
    how = config(theirs, "theirs")
    body = {"scaling_group_name": "theirs", "scaling_configuration_id": how, "vpc_id": "v", "networks": [{"id": "s"}]}
    plain = theirs("create_scaling_group", body=body)["scaling_group_id"]
    for wish, code in ((bound, "AS.2042"), (listening, "AS.7012")):
        assert refused(theirs, "create_scaling_group", body=body | wish) == (400, code)
        assert refused(theirs, "update_scaling_group", scaling_group_id=plain, body=wish) == (400, code)
    shown = theirs("list_scaling_groups")["scaling_groups"]
    assert [(one["scaling_group_id"], one["lbaas_listeners"], one.get("lb_listener_id")) for one in shown] == [(plain, [], None)]
    # Another door names balancers without knowing of pools: nobody is bound there either.
    slb = {"Slb.1.Id": pool, "Slb.1.ListenerId": pool, "Slb.1.ServerPort.1": 80}
    with pytest.raises(KsyunSDKException, match=pool):
        ksyun_group(kingsoft(other, "POST"), DesiredCapacity=1, **slb)
    # An id that nobody here has is whoever's it is.
    elsewhere = {"lbaas_listeners": [{"pool_id": str(uuid.uuid4()), "protocol_port": 80, "weight": 1}]}
    theirs("update_scaling_group", scaling_group_id=plain, body=elsewhere)
    assert len(elb("list_members", pool_id=pool)["members"]) == 1
    assert shares(port, 4) == {"a": 4}
