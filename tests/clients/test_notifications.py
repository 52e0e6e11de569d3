"""Notifications and hook messages at real receivers: a webhook, the built-in queue; also over a SIGKILL."""

import base64
import hashlib
import hmac
import json
import random
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import eventually
from test_emulate import group
from test_hooks import hook, results, states

SECRET = "whsec_" + base64.b64encode(b"a key of the test").decode()


class Receiver:
    """An HTTP server that keeps what is posted to it, checks signatures, and answers as it is told to."""

    def __init__(self, certificate=None):
        self.events = []
        self.status = 204
        self.open = threading.Event()
        self.open.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(self.headers, body)
                receiver.open.wait()
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://localhost:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, headers, body):
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
        assert abs(time.time() - int(headers["webhook-timestamp"])) < 300
        event = json.loads(body)
        assert event["id"] == headers["webhook-id"]
        assert headers["Content-Type"] == "application/cloudevents+json"
        self.events.append(event)

    def bodies(self):
        return [event["data"] for event in self.events]

    def close(self):
        self.open.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.close()


@pytest.fixture
def told(server, receiver, tmp_path):
    """A server whose user group 1678, queues and topics are at the receiver."""
    config = tmp_path / "muster.toml"
    config.write_text(
        f"""
[[sink]]
name = "hook"
kind = "webhook"
url = "{receiver.url}"
secret_env = "HOOK_SECRET"
user_groups = ["1678"]
queues = ["launches"]
patience_secs = 60

[[sink]]
name = "pulled"
kind = "queue"
user_groups = ["1678"]
topics = ["*"]
"""
    )
    return server("--emulate", "--config", str(config), env={"HOOK_SECRET": SECRET})


EVENTS = ["SCALE_OUT_SUCCESSFUL", "SCALE_OUT_FAILED", "SCALE_IN_SUCCESSFUL"]


def listen(call, made, **target):
    answer = call("CreateNotificationConfiguration", AutoScalingGroupId=made, NotificationTypes=EVENTS, **target)
    return answer["AutoScalingNotificationId"]


def messages(emulated):
    return emulated.native("GET", "messages?after=0")["messages"]


def test_a_webhook_is_told_signed_and_in_order(told, receiver):
    call = told.sdk()
    made = group(call)
    listen(call, made, NotificationUserGroupIds=["1678"])
    listen(call, made, NotificationUserGroupIds=["9"])
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=2)
    told.settle()
    call("ScaleInInstances", AutoScalingGroupId=made, ScaleInNumber=1)
    told.settle()
    out, back = receiver.events
    assert (out["specversion"], out["type"], out["source"]) == ("1.0", "muster.notification", f"/muster/groups/{made}")
    assert out["data"]["AutoScalingGroupId"] == made
    assert (out["data"]["ActivityType"], out["data"]["StatusCode"]) == ("SCALE_OUT", "SUCCESSFUL")
    assert back["data"]["ActivityType"] == "SCALE_IN" and int(back["id"]) > int(out["id"])
    # What nobody stands for is written down, too.
    assert [m["target"] for m in messages(told)] == ["1678", "9", "1678", "9"]


def test_a_webhook_with_tls_is_told_when_its_certificate_is_known(server, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    make += ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run([*make, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    receiver = Receiver((certificate, key))
    try:
        config = tmp_path / "muster.toml"
        config.write_text(
            f'[[sink]]\nname = "tls"\nkind = "webhook"\nurl = "{receiver.url}"\nsecret = "{SECRET}"\nuser_groups = ["*"]\n'
        )
        for known in (False, True):
            env = {"SSL_CERT_FILE": str(certificate)} if known else {}
            there = server("--emulate", "--config", str(config), env=env, name=f"data-{known}")
            call = there.sdk()
            made = group(call)
            listen(call, made, NotificationUserGroupIds=["5"])
            call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
            there.settle()
            assert len(receiver.events) == known
    finally:
        receiver.close()


def test_one_that_is_away_gets_everything_later_in_order(told, receiver):
    call = told.sdk()
    made = group(call)
    listen(call, made, NotificationUserGroupIds=["1678"])
    receiver.status = 503
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    told.settle()
    call("ScaleInInstances", AutoScalingGroupId=made, ScaleInNumber=1)
    told.settle()
    assert [body["ActivityType"] for body in receiver.bodies()] == ["SCALE_OUT"]
    receiver.status = 200
    told.advance(1)
    assert [body["ActivityType"] for body in receiver.bodies()] == ["SCALE_OUT", "SCALE_OUT", "SCALE_IN"]
    assert receiver.events[0]["id"] == receiver.events[1]["id"]


def test_the_built_in_queue_is_fetched_by_number(told):
    call = told.sdk()
    made = group(call)
    listen(call, made, TargetType="TDMQ_CMQ_TOPIC", TopicName="any")
    assert told.native("GET", "queues/pulled") == {"messages": [], "next": 0}
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    told.settle()
    first = told.native("GET", "queues/pulled?after=0")
    assert [m["target"] for m in first["messages"]] == ["TDMQ_CMQ_TOPIC:any"]
    assert told.native("GET", f"queues/pulled?after={first['next']}")["messages"] == []
    call("ScaleInInstances", AutoScalingGroupId=made, ScaleInNumber=1)
    told.settle()
    told.restart()
    (second,) = told.native("GET", f"queues/pulled?after={first['next']}")["messages"]
    assert second["body"]["ActivityType"] == "SCALE_IN"
    assert told.native("GET", "queues/other")[0] == 404


def test_a_hook_is_told_by_the_webhook_and_answered_with_its_token(told, receiver):
    call = told.sdk()
    made = group(call)
    held_by = hook(call, made, "in", NotificationTarget={"TargetType": "CMQ_QUEUE", "QueueName": "launches"})
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    told.settle()
    ((instance, state),) = states(call, made).items()
    assert state == "IN_LAUNCHING_HOOK"
    (event,) = receiver.events
    assert event["type"] == "muster.hook" and event["data"]["InstanceId"] == instance
    call(
        "CompleteLifecycleAction",
        LifecycleHookId=held_by,
        LifecycleActionResult="CONTINUE",
        LifecycleActionToken=event["data"]["LifecycleActionToken"],
    )
    told.settle()
    assert states(call, made) == {instance: "IN_SERVICE"}
    assert event["data"]["LifecycleActionToken"] not in told.data.with_suffix(".log").read_text()


def test_a_hook_that_cannot_be_told_ends_with_its_default_result(told, receiver):
    call = told.sdk()
    made = group(call)
    hook(
        call,
        made,
        "in",
        DefaultResult="ABANDON",
        NotificationTarget={"TargetType": "CMQ_QUEUE", "QueueName": "launches"},
    )
    receiver.status = 500
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    told.settle()
    assert list(states(call, made).values()) == ["IN_LAUNCHING_HOOK"]
    told.advance(60)
    assert results(call, made) == [("ABANDON", "NOTIFICATION_FAILURE", "FAILED")]


def test_faults_reach_receivers_that_nobody_configured(emulated):
    call = emulated.sdk()
    made = group(call)
    hook(call, made, "in", NotificationTarget={"TargetType": "CMQ_QUEUE", "QueueName": "nowhere"})
    emulated.faults({"op": "notify", "effect": "quota", "times": 1})
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    emulated.settle()
    assert results(call, made) == [("CONTINUE", "NOTIFICATION_FAILURE", "FAILED")]
    # One that hangs is not waited for; it is tried again.
    emulated.faults({"op": "notify", "effect": "hang", "times": 1})
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    emulated.settle()
    emulated.advance(11)
    assert "IN_LAUNCHING_HOOK" in states(call, made).values()


def test_a_hook_without_a_receiver_only_waits(server):
    real = server()
    call = real.sdk()
    made = group(call)
    hook(call, made, "in", NotificationTarget={"TargetType": "CMQ_QUEUE", "QueueName": "nowhere"})
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    eventually(lambda: list(states(call, made).values()) == ["IN_LAUNCHING_HOOK"])
    assert results(call, made) == []


def test_a_kill_between_commit_and_delivery_loses_nothing(told, receiver):
    call = told.sdk()
    made = group(call)
    listen(call, made, NotificationUserGroupIds=["1678"])
    # The first has arrived, but its answer is under way when the service is killed.
    receiver.open.clear()
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    eventually(lambda: len(receiver.events) == 1)
    call("ScaleInInstances", AutoScalingGroupId=made, ScaleInNumber=1)
    eventually(lambda: len([m for m in messages(told) if m["kind"] == "notification"]) == 2)
    told.kill9()
    receiver.open.set()
    told.start()
    told.settle()
    kinds = [body["ActivityType"] for body in receiver.bodies()]
    assert kinds == ["SCALE_OUT", "SCALE_OUT", "SCALE_IN"]
    assert receiver.events[0]["id"] == receiver.events[1]["id"]
    # What has been delivered is not delivered again.
    told.restart()
    told.settle()
    assert len(receiver.events) == 3


def test_kills_at_any_moment_lose_nothing_and_keep_the_order(told, receiver):
    call = told.sdk()
    made = group(call)
    listen(call, made, NotificationUserGroupIds=["1678"])
    dice = random.Random(7)
    for turn in range(12):
        receiver.status = dice.choice([204, 204, 503])
        action, number = [("ScaleOutInstances", "ScaleOutNumber"), ("ScaleInInstances", "ScaleInNumber")][turn % 2]
        call(action, AutoScalingGroupId=made, **{number: 1})
        time.sleep(dice.random() * 0.03)
        told.restart()
        call = told.sdk()
        told.settle()
    receiver.status = 204
    told.advance(60)
    wanted = [m["body"]["ActivityId"] for m in messages(told)]
    assert len(wanted) >= 12
    first = []
    for body in receiver.bodies():
        if body["ActivityId"] not in first:
            first.append(body["ActivityId"])
    assert first == wanted
