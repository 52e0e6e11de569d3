"""Notifications at a real message broker and a real mail server."""

import base64
import email
import email.policy
import json
import os
import shutil
import signal
import socket
import subprocess

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from conftest import eventually, free_port
from test_emulate import group
from test_notifications import listen

NATS = shutil.which("nats-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Broker:
    """A nats-server with JetStream, and a connection to it that speaks just enough of its protocol."""

    def __init__(self, store, port):
        self.port = port
        command = [NATS, "-js", "-sd", str(store), "-a", "127.0.0.1", "-p", str(port), "--auth", "t0ken"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self.answers)

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def request(self, subject, body):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as s:
            read = s.makefile("rb")
            read.readline()
            text = json.dumps(body)
            s.sendall(
                b'CONNECT {"verbose":false,"auth_token":"t0ken"}\r\nSUB answer 1\r\n'
                + f"PUB {subject} answer {len(text)}\r\n{text}\r\n".encode()
            )
            while not (line := read.readline()).startswith(b"MSG "):
                assert line and not line.startswith(b"-ERR"), line
            return json.loads(read.read(int(line.split()[-1])))

    def keep(self, subject):
        """Makes a stream that keeps a subject."""
        answer = self.request("$JS.API.STREAM.CREATE.KEPT", {"name": "KEPT", "subjects": [subject]})
        assert "error" not in answer, answer

    def kept(self):
        """All that the stream has, in order."""
        count = self.request("$JS.API.STREAM.INFO.KEPT", {})["state"]["messages"]
        found = [self.request("$JS.API.STREAM.MSG.GET.KEPT", {"seq": n + 1})["message"] for n in range(count)]
        return [json.loads(base64.b64decode(one["data"])) for one in found]

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def broker(tmp_path):
    made = []

    def make(port):
        made.append(Broker(tmp_path / "jetstream", port))
        return made[-1]

    yield make
    for one in made:
        one.close()


def told(server, tmp_path, text, secret):
    config = tmp_path / "muster.toml"
    config.write_text(f'[[sink]]\nname = "out"\nuser_groups = ["1678"]\nsecret_env = "SECRET"\n{text}\n')
    return server("--emulate", "--config", str(config), env={"SECRET": secret})


def test_a_stream_of_nats_gets_everything_once_though_it_was_away(server, broker, tmp_path):
    port = free_port()
    there = told(
        server, tmp_path, f'kind = "nats"\nurl = "nats://127.0.0.1:{port}"\nsubject = "muster.events"', "t0ken"
    )
    call = there.sdk()
    made = group(call)
    listen(call, made, NotificationUserGroupIds=["1678"])
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    there.settle()
    # Nobody was there. Then there is a server without a stream, then one with it.
    one = broker(port)
    there.advance(1)
    one.keep("muster.>")
    there.advance(2)
    (event,) = one.kept()
    assert event["type"] == "muster.notification" and event["data"]["ActivityType"] == "SCALE_OUT"
    call("ScaleInInstances", AutoScalingGroupId=made, ScaleInNumber=1)
    there.settle()
    there.restart()
    call = there.sdk()
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    there.settle()
    assert [event["data"]["ActivityType"] for event in one.kept()] == ["SCALE_OUT", "SCALE_IN", "SCALE_OUT"]
    assert "t0ken" not in there.data.with_suffix(".log").read_text()


class Post:
    """Keeps letters; the first one is put off."""

    def __init__(self):
        self.letters = []
        self.put_off = 1

    async def handle_DATA(self, server, session, envelope):
        if self.put_off:
            self.put_off -= 1
            return "451 come again"
        self.letters.append((envelope.rcpt_tos, envelope.content))
        return "250 kept"


def authenticator(server, session, envelope, mechanism, auth_data):
    good = (auth_data.login, auth_data.password) == (b"muster", b"pa55word")
    return AuthResult(success=good)


# Without TLS there, on one machine.
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_mail_goes_to_everybody_and_again_when_it_was_put_off(server, tmp_path):
    post = Post()
    controller = Controller(
        post,
        hostname="127.0.0.1",
        port=free_port(),
        auth_required=True,
        auth_require_tls=False,
        authenticator=authenticator,
    )
    controller.start()
    try:
        there = told(
            server,
            tmp_path,
            f'kind = "smtp"\nurl = "smtp://127.0.0.1:{controller.port}"\nuser = "muster"\n'
            'from = "Muster <muster@example.org>"\nto = ["a@example.org", "b@example.org"]',
            "pa55word",
        )
        call = there.sdk()
        made = group(call)
        listen(call, made, NotificationUserGroupIds=["1678"])
        call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
        there.settle()
        assert post.letters == []
        there.advance(1)
        ((receivers, content),) = post.letters
        assert receivers == ["a@example.org", "b@example.org"]
        letter = email.message_from_bytes(content, policy=email.policy.default)
        assert letter["Subject"] == f"[muster] {made} SCALE_OUT SUCCESSFUL"
        assert letter["From"] == "Muster <muster@example.org>" and letter["Date"]
        assert letter["Message-ID"].endswith(f".{made}@muster>")
        body = json.loads(letter.get_content())
        assert body["AutoScalingGroupId"] == made and body["StatusCode"] == "SUCCESSFUL"
        assert "pa55word" not in there.data.with_suffix(".log").read_text()
    finally:
        controller.stop()
