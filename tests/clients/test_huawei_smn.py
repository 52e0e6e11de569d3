"""Topics and subscriptions with Huawei Cloud's own SDKs, and receivers that hear what really arrives."""

import base64
import email
import email.policy
import json
import subprocess
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from conftest import BINARY, eventually, free_port
from huawei import PROJECT, config, group, huawei, instances, log_in, http, refused
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdksmn import v2

SCENES = ["SCALING_UP", "SCALING_UP_FAIL", "SCALING_DOWN", "SCALING_DOWN_FAIL", "SCALING_GROUP_ABNORMAL"]


def smn(server, project=PROJECT, key=None):
    """The SDK of the service: `call("create_topic", body={...})`."""
    credentials = BasicCredentials(*(key or server.key), project)
    client = v2.SmnClient.new_builder().with_credentials(credentials).with_endpoint(f"http://{server.address}").build()

    def call(method, **parameters):
        name = "".join(part.capitalize() for part in method.split("_")) + "Request"
        answer = getattr(client, method)(getattr(v2, name)(**parameters))
        assert answer.to_json_object().get("request_id"), answer
        return answer.to_json_object() | {"status": answer.status_code}

    return call


class Endpoint:
    """An HTTP server that keeps what is posted to it. `confirms`: it follows the link that it is sent."""

    def __init__(self, port=0):
        self.got = []
        self.answers = []
        self.confirms = False
        self.on_message = None
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = endpoint.take(self.headers, json.loads(body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/told"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, headers, body):
        status = self.answers.pop(0) if self.answers else 200
        if status != 200:
            return status
        assert headers["X-SMN-MESSAGE-TYPE"] == body["type"]
        assert headers["X-SMN-MESSAGE-ID"] == body["message_id"]
        assert headers["X-SMN-TOPIC-URN"] == body["topic_urn"]
        assert headers["X-SMN-SUBSCRIPTION-URN"].startswith(body["topic_urn"] + ":")
        self.got.append((dict(headers), body))
        if self.confirms and body["type"] == "SubscriptionConfirmation":
            urllib.request.urlopen(body["subscribe_url"], timeout=30).close()
        if self.on_message and body["type"] == "Notification":
            self.on_message(body)
        return status

    def messages(self, kind="Notification"):
        return [body for _, body in self.got if body["type"] == kind]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def endpoint():
    made = []

    def make(port=0):
        made.append(Endpoint(port))
        return made[-1]

    yield make
    for one in made:
        one.close()


def configured(server, tmp_path, text):
    file = tmp_path / "muster.toml"
    file.write_text(text)
    return server("--emulate", "--config", str(file))


def subscribe(call, topic, protocol, endpoint, **more):
    body = {"protocol": protocol, "endpoint": endpoint} | more
    return call("add_subscription", topic_urn=topic, body=body)["subscription_urn"]


def topic(call, name="news", **more):
    return call("create_topic", body={"name": name} | more)["topic_urn"]


def all_of(call, urn):
    return call("list_subscriptions_by_topic", topic_urn=urn)["subscriptions"]


def test_topics_live_and_die(emulated):
    call = smn(emulated)
    made = call("create_topic", body={"name": "news", "display_name": "The news"})
    urn = made["topic_urn"]
    assert made["status"] == 201 and urn.split(":")[:2] == ["urn", "smn"] and urn.endswith(f":{PROJECT}:news")
    again = call("create_topic", body={"name": "news"})
    assert (again["status"], again["topic_urn"]) == (200, urn)
    other = topic(call, "other-topic", enterprise_project_id="ep-1")
    shown = call("list_topic_details", topic_urn=urn)
    assert (shown["name"], shown["display_name"], shown["push_policy"]) == ("news", "The news", 0)
    assert shown["enterprise_project_id"] == "0" and len(shown["topic_id"]) == 32
    assert shown["create_time"].endswith("Z") and shown["create_time"] == shown["update_time"]
    listed = call("list_topics", offset=0, limit=1)
    assert (listed["topic_count"], [t["topic_urn"] for t in listed["topics"]]) == (2, [urn])
    for asked, found in [
        ({"offset": 1}, [other]),
        ({"name": "news"}, [urn]),
        ({"fuzzy_name": "ther"}, [other]),
        ({"fuzzy_display_name": "news"}, [urn]),
        ({"topic_id": shown["topic_id"]}, [urn]),
        ({"enterprise_project_id": "ep-1"}, [other]),
        ({"name": "nobody"}, []),
    ]:
        assert [t["topic_urn"] for t in call("list_topics", **asked)["topics"]] == found, asked
    emulated.advance(2)
    assert call("update_topic", topic_urn=urn, body={"display_name": "New"})["status"] == 200
    shown = call("list_topic_details", topic_urn=urn)
    assert shown["display_name"] == "New" and shown["update_time"] > shown["create_time"]

    attributes = call("list_topic_attributes", topic_urn=urn)["attributes"]
    assert json.loads(attributes["access_policy"])["Statement"][0]["Resource"] == urn
    policy = json.dumps({"Version": "2016-09-07", "Id": "mine", "Statement": []})
    call("update_topic_attribute", topic_urn=urn, name="access_policy", body={"value": policy})
    call("update_topic_attribute", topic_urn=urn, name="introduction", body={"value": "what is new"})
    attributes = call("list_topic_attributes", topic_urn=urn, name="access_policy")["attributes"]
    assert attributes["access_policy"] == policy and "introduction" not in attributes
    assert call("list_topic_attributes", topic_urn=urn)["attributes"]["introduction"] == "what is new"
    call("delete_topic_attribute_by_name", topic_urn=urn, name="introduction")
    call("delete_topic_attributes", topic_urn=urn)
    assert call("list_topic_attributes", topic_urn=urn)["attributes"]["introduction"] == ""

    emulated.restart()
    assert call("delete_topic", topic_urn=urn)["status"] == 200
    assert refused(call, "list_topic_details", topic_urn=urn) == (404, "SMN.0006")
    assert refused(call, "delete_topic", topic_urn=urn) == (404, "SMN.0006")
    assert [t["topic_urn"] for t in call("list_topics")["topics"]] == [other]


def test_subscriptions_are_listed_by_what_they_are(emulated, endpoint):
    call, one = smn(emulated), endpoint()
    news, other = topic(call), topic(call, "other")
    added = call("add_subscription", topic_urn=news, body={"protocol": "http", "endpoint": one.url, "remark": "ops"})
    assert added["status"] == 201
    urn = added["subscription_urn"]
    assert urn.startswith(news + ":") and len(urn.rsplit(":", 1)[1]) == 32
    again = call("add_subscription", topic_urn=news, body={"protocol": "http", "endpoint": one.url})
    assert (again["status"], again["subscription_urn"]) == (200, urn)
    sms = subscribe(call, other, "sms", "+8613600000000")
    mail = subscribe(call, other, "email", "ops@example.org")
    everything = call("list_subscriptions")
    assert everything["subscription_count"] == 3
    (first, second, third) = everything["subscriptions"]
    assert first == {
        "topic_urn": news,
        "protocol": "http",
        "subscription_urn": urn,
        "owner": PROJECT,
        "endpoint": one.url,
        "remark": "ops",
        "status": 1,
        "filter_polices": [],
        "extension": {"verification_code_enabled": False},
    }
    # Nothing goes by text message, and there is no mail server: nobody can have confirmed.
    assert [(s["subscription_urn"], s["status"]) for s in (second, third)] == [(sms, 0), (mail, 0)]
    for asked, found in [
        ({"protocol": "sms"}, [sms]),
        ({"status": 0}, [sms, mail]),
        ({"status": 1}, [urn]),
        ({"endpoint": one.url}, [urn]),
        ({"fuzzy_remark": "op"}, [urn]),
        ({"offset": 2}, [mail]),
        ({"limit": 1}, [urn]),
    ]:
        shown = call("list_subscriptions", **asked)["subscriptions"]
        assert [s["subscription_urn"] for s in shown] == found, asked
    call("update_subscription", topic_urn=news, subscription_urn=urn, body={"remark": "dev"})
    assert [s["remark"] for s in all_of(call, news)] == ["dev"]
    several = call(
        "add_subscription",
        topic_urn=other,
        body={"subscriptions": [{"protocol": "http", "endpoint": f"{one.url}/{n}"} for n in range(3)]},
    )
    assert several["status"] == 201
    assert len(all_of(call, other)) == 5
    emulated.settle()
    assert len(one.messages("SubscriptionConfirmation")) == 4
    assert call("cancel_subscription", subscription_urn=urn)["status"] == 200
    assert refused(call, "cancel_subscription", subscription_urn=urn) == (404, "SMN.0013")
    emulated.settle()
    (left,) = one.messages("UnsubscribeConfirmation")
    assert left["topic_urn"] == news and "subscribe_url" not in left
    # A topic takes its subscriptions along.
    call("delete_topic", topic_urn=other)
    assert call("list_subscriptions")["subscriptions"] == []


def test_what_is_wrong_has_the_code_of_the_service(emulated, server):
    call = smn(emulated)
    urn = topic(call)
    missing = urn.replace(":news", ":nothing")
    for expected, method, parameters in [
        ((400, "SMN.0002"), "create_topic", {"body": {}}),
        ((400, "SMN.0002"), "create_topic", {"body": {"name": "-x"}}),
        ((400, "SMN.0002"), "create_topic", {"body": {"name": "x" * 256}}),
        ((400, "SMN.0003"), "create_topic", {"body": {"name": "x", "display_name": "x" * 193}}),
        ((400, "SMN.0015"), "list_topics", {"limit": 101}),
        ((400, "SMN.0015"), "list_topics", {"limit": 0}),
        ((400, "SMN.0015"), "list_subscriptions", {"offset": -1}),
        ((400, "SMN.0005"), "list_topic_details", {"topic_urn": "news"}),
        ((404, "SMN.0006"), "list_topic_details", {"topic_urn": missing}),
        ((404, "SMN.0006"), "update_topic", {"topic_urn": missing, "body": {"display_name": "x"}}),
        ((400, "SMN.0003"), "update_topic", {"topic_urn": urn, "body": {}}),
        ((400, "SMN.0046"), "list_topic_attributes", {"topic_urn": urn, "name": "colour"}),
        ((404, "SMN.0006"), "add_subscription", {"topic_urn": missing, "body": {"protocol": "sms", "endpoint": "13600000000"}}),
        ((400, "SMN.0011"), "add_subscription", {"topic_urn": urn, "body": {"endpoint": "x"}}),
        ((400, "SMN.0011"), "add_subscription", {"topic_urn": urn, "body": {"protocol": "smoke", "endpoint": "x"}}),
        ((400, "SMN.0012"), "add_subscription", {"topic_urn": urn, "body": {"protocol": "http"}}),
        ((400, "SMN.0012"), "add_subscription", {"topic_urn": urn, "body": {"protocol": "http", "endpoint": "https://x"}}),
        ((400, "SMN.0012"), "add_subscription", {"topic_urn": urn, "body": {"protocol": "email", "endpoint": "x"}}),
        ((400, "SMN.0017"), "add_subscription", {"topic_urn": urn, "body": {"protocol": "http", "endpoint": "http://x", "remark": "x" * 129}}),
        ((400, "SMN.0077"), "list_subscriptions", {"status": 5}),
        ((400, "SMN.0014"), "cancel_subscription", {"subscription_urn": "x"}),
        ((404, "SMN.0013"), "cancel_subscription", {"subscription_urn": f"{urn}:{'0' * 32}"}),
        ((403, "SMN.0009"), "publish_message", {"topic_urn": urn, "body": {"subject": "x"}}),
        ((403, "SMN.0008"), "publish_message", {"topic_urn": urn, "body": {"subject": "x" * 513, "message": "x"}}),
        ((400, "SMN.0010"), "publish_message", {"topic_urn": urn, "body": {"message": "x", "time_to_live": "0"}}),
        ((400, "SMN.0021"), "publish_message", {"topic_urn": urn, "body": {"message_structure": "{}"}}),
        ((404, "SMN.0027"), "publish_message", {"topic_urn": urn, "body": {"message_template_name": "x"}}),
        ((404, "SMN.0006"), "publish_message", {"topic_urn": missing, "body": {"message": "x"}}),
    ]:
        assert refused(call, method, **parameters) == expected, (method, parameters)
    # Somebody else's topic is not there.
    made = subprocess.run(
        [BINARY, "account", "create", "other", "--data", str(emulated.data)], capture_output=True, check=True
    )
    other = json.loads(made.stdout)
    theirs = smn(emulated, project="0" * 32, key=(other["access_key_id"], other["secret_access_key"]))
    assert refused(theirs, "list_topic_details", topic_urn=urn) == (404, "SMN.0006")
    assert theirs("list_topics")["topics"] == []
    # A token does as well as a signature.
    _, headers, body = log_in(emulated)
    project = body["token"]["project"]["id"]
    path = f"/v2/{project}/notifications/topics"
    status, _, answer = http(emulated, "GET", path, headers={"X-Auth-Token": headers["X-Subject-Token"]})
    assert (status, answer["topic_count"]) == (200, 1)
    status, _, answer = http(emulated, "GET", path)
    assert status == 401 and "error_msg" in answer


def test_quotas_have_their_codes(server, tmp_path):
    there = configured(server, tmp_path, "[quotas]\ntopics = 1\nsubscriptions = 1\n")
    call = smn(there)
    urn = topic(call)
    assert refused(call, "create_topic", body={"name": "more"}) == (403, "SMN.0004")
    subscribe(call, urn, "sms", "13600000000")
    more = {"protocol": "sms", "endpoint": "13600000001"}
    assert refused(call, "add_subscription", topic_urn=urn, body=more) == (403, "SMN.0007")


def signature_holds(body, tmp_path):
    """Whether the certificate verifies the signature of a message."""
    certificate = urllib.request.urlopen(body["signing_cert_url"], timeout=30).read()
    (tmp_path / "cert.pem").write_bytes(certificate)
    names = ["message", "message_id", "subject", "subscribe_url", "timestamp", "topic_urn", "type"]
    text = "".join(f"{name}\n{body[name]}\n" for name in names if body.get(name))
    (tmp_path / "text").write_text(text)
    (tmp_path / "signature").write_bytes(base64.b64decode(body["signature"]))
    run = lambda *args: subprocess.run(["openssl", *args], capture_output=True, cwd=tmp_path)
    (tmp_path / "key.pem").write_bytes(run("x509", "-in", "cert.pem", "-pubkey", "-noout").stdout)
    return run("dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "text").returncode == 0


def test_a_message_goes_to_everybody_who_subscribed(emulated, endpoint, tmp_path):
    call, one, two = smn(emulated), endpoint(), endpoint()
    urn = topic(call)
    subscribe(call, urn, "http", one.url, extension={"header": {"x-team": "ops"}})
    emulated.settle()
    (asked,) = one.messages("SubscriptionConfirmation")
    assert asked["topic_urn"] == urn and urn in asked["message"] and signature_holds(asked, tmp_path)
    subscribe(call, urn, "http", two.url)
    sent = call("publish_message", topic_urn=urn, body={"subject": "demo", "message": "My test message"})
    assert sent["status"] == 200 and len(sent["message_id"]) == 32
    structure = json.dumps({"default": "for all", "http": "for addresses"})
    call("publish_message", topic_urn=urn, body={"message_structure": structure, "time_to_live": "60"})
    emulated.settle()
    for endpoint_ in (one, two):
        first, second = endpoint_.messages()
        assert (first["subject"], first["message"]) == ("demo", "My test message")
        assert first["message_id"] == sent["message_id"] and first["signature_version"] == "v1"
        assert first["timestamp"].endswith("Z") and second["message"] == "for addresses"
        assert signature_holds(first, tmp_path) and signature_holds(second, tmp_path)
        assert not signature_holds(first | {"message": "another"}, tmp_path)
    assert one.got[-1][0]["x-team"] == "ops" and "x-team" not in two.got[-1][0]
    told = [m for m in emulated.native("GET", "messages?after=0")["messages"]]
    assert [(m["kind"], m["target"]) for m in told] == [("published", f"URN:{urn}")] * 2

    # Whoever says no hears nothing more, until they say yes again.
    urllib.request.urlopen(one.messages()[0]["unsubscribe_url"], timeout=30).close()
    emulated.settle()
    (left,) = one.messages("UnsubscribeConfirmation")
    assert [s["status"] for s in all_of(call, urn)] == [3, 1] and signature_holds(left, tmp_path)
    call("publish_message", topic_urn=urn, body={"message": "third"})
    emulated.settle()
    assert (len(one.messages()), len(two.messages())) == (2, 3)
    urllib.request.urlopen(left["subscribe_url"], timeout=30).close()
    assert [s["status"] for s in all_of(call, urn)] == [1, 1]
    # A link with another secret is none.
    with pytest.raises(urllib.error.HTTPError) as wrong:
        urllib.request.urlopen(left["subscribe_url"].replace("token=", "token=0"), timeout=30)
    assert wrong.value.code == 404 and json.loads(wrong.value.read())["code"] == "SMN.0013"


def test_an_endpoint_that_does_not_answer_holds_up_nobody(emulated, endpoint):
    call, one, two = smn(emulated), endpoint(), endpoint()
    urn = topic(call)
    subscribe(call, urn, "http", one.url)
    subscribe(call, urn, "http", two.url)
    emulated.settle()
    one.answers = [503, 500]
    for text in ("first", "second"):
        call("publish_message", topic_urn=urn, body={"message": text, "time_to_live": "60"})
    emulated.settle()
    assert [m["message"] for m in two.messages()] == ["first", "second"] and one.messages() == []
    emulated.advance(3)
    assert [m["message"] for m in one.messages()] == ["first", "second"]
    # Kept no longer than it was to be.
    one.answers = [503] * 100
    call("publish_message", topic_urn=urn, body={"message": "third", "time_to_live": "30"})
    emulated.settle()
    emulated.advance(31)
    one.answers = []
    call("publish_message", topic_urn=urn, body={"message": "fourth"})
    emulated.settle()
    assert [m["message"] for m in one.messages()] == ["first", "second", "fourth"]


def test_nobody_hears_before_they_confirm_where_that_is_asked_for(server, tmp_path, endpoint):
    there = configured(server, tmp_path, '[smn]\nconfirmed = "by_endpoint"\n')
    call, one, two = smn(there), endpoint(), endpoint()
    two.confirms = True
    urn = topic(call)
    subscribe(call, urn, "http", one.url)
    subscribe(call, urn, "http", two.url)
    there.settle()
    assert [s["status"] for s in all_of(call, urn)] == [0, 1]
    call("publish_message", topic_urn=urn, body={"message": "first"})
    there.settle()
    assert (len(one.messages()), len(two.messages())) == (0, 1)
    # The link is good for two days.
    there.advance(48 * 3600 + 1)
    (asked,) = one.messages("SubscriptionConfirmation")
    with pytest.raises(urllib.error.HTTPError) as late:
        urllib.request.urlopen(asked["subscribe_url"], timeout=30)
    assert late.value.code == 404
    assert [s["status"] for s in all_of(call, urn)] == [0, 1]


def test_links_begin_where_the_operator_says(server, tmp_path, endpoint):
    there = configured(server, tmp_path, '[smn]\npublic_url = "https://scale.example:8443/"\n')
    one = endpoint()
    _, headers, answer = log_in(there)
    headers = {"X-Auth-Token": headers["X-Subject-Token"], "Host": "evil.example", "x-forwarded-proto": "http"}
    project, news = answer["token"]["project"]["id"], topic(smn(there))
    body = {"protocol": "http", "endpoint": one.url}
    path = f"/v2/{project}/notifications/topics/{news}/subscriptions"
    assert http(there, "POST", path, body, headers)[0] == 201
    there.settle()
    (asked,) = one.messages("SubscriptionConfirmation")
    links = [asked["subscribe_url"], asked["signing_cert_url"]]
    assert [link.split("/smn/")[0] for link in links] == ["https://scale.example:8443"] * 2, links
    # It is no more than the beginning.
    for wrong in ("scale.example", "ftp://scale.example", "https://scale.example/?a=b"):
        config = tmp_path / "wrong.toml"
        config.write_text(f'[smn]\npublic_url = "{wrong}"\n')
        command = [BINARY, "serve", "--data", str(tmp_path / "wrong"), "--config", str(config)]
        failed = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert failed.returncode != 0 and f"public_url `{wrong}`" in failed.stderr, failed


def hooked(call, made, urn, name="hook", **more):
    body = {
        "lifecycle_hook_name": name,
        "lifecycle_hook_type": "INSTANCE_LAUNCHING",
        "notification_topic_urn": urn,
        "notification_metadata": "what I say",
    }
    return call("create_lify_cycle_hook", scaling_group_id=made, body=body | more)


def test_a_hook_tells_its_topic_and_the_key_lets_the_instance_in(emulated, endpoint):
    call, topics, one = huawei(emulated), smn(emulated), endpoint()
    urn = topic(topics, "gsh")
    subscribe(topics, urn, "http", one.url)
    made = group(call, 0)
    told = call("create_scaling_notification", scaling_group_id=made, body={"topic_urn": urn, "topic_scene": SCENES})
    assert told["topic_name"] == "gsh"
    assert hooked(call, made, urn)["notification_topic_name"] == "gsh"
    seen = []

    def answer(body):
        message = json.loads(body["message"])
        if "lifecycle_action_key" in message:
            seen.append([i["life_cycle_state"] for i in instances(call, made)])
            call(
                "attach_callback_instance_life_cycle_hook",
                scaling_group_id=made,
                body={
                    "lifecycle_action_key": message["lifecycle_action_key"],
                    "lifecycle_action_result": "CONTINUE",
                },
            )

    one.on_message = answer
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 1})
    eventually(lambda: [i["life_cycle_state"] for i in instances(call, made)] == ["INSERVICE"])
    emulated.settle()
    assert seen == [["PENDING_WAIT"]]
    (instance,) = instances(call, made)
    held, up = [json.loads(body["message"]) for body in one.messages()]
    assert held["service"] == "AutoScaling" and held["tenant_id"] == PROJECT
    assert held["lifecycle_hook_name"] == "hook" and held["notification_metadata"] == "what I say"
    assert held["lifecycle_hook_type"] == held["lifecycle_transition"] == "INSTANCE_LAUNCHING"
    assert held["scaling_instance"]["instance_id"] == held["instance_id"] == instance["instance_id"]
    assert held["scaling_instance"]["instance_name"] == instance["instance_name"]
    assert held["scaling_group"]["scaling_group_id"] == held["scaling_group_id"] == made
    assert held["scaling_group_name"] == "GroupNameTest"
    assert up["topic_scene"] == "SCALING_UP" and up["scaling_group_id"] == made
    activity = up["scaling_activity"]
    assert (activity["status"], activity["instance_value"], activity["desire_value"]) == ("SUCCESS", 0, 1)
    assert [i["instance_id"] for i in activity["instance_added_list"]] == [instance["instance_id"]]
    assert [body["subject"] for body in one.messages()] == [
        "[Auto Scaling] INSTANCE_LAUNCHING GroupNameTest",
        "[Auto Scaling] SCALING_UP GroupNameTest",
    ]
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 0})
    emulated.settle()
    down = json.loads(one.messages()[-1]["message"])
    assert down["topic_scene"] == "SCALING_DOWN"
    assert [i["instance_id"] for i in down["scaling_activity"]["instance_deleted_list"]] == [instance["instance_id"]]


def test_a_group_that_gives_up_tells_that_it_is_abnormal(emulated, endpoint):
    call, topics, one = huawei(emulated), smn(emulated), endpoint()
    urn = topic(topics)
    subscribe(topics, urn, "http", one.url)
    made = group(call, 0)
    body = {"topic_urn": urn, "topic_scene": ["SCALING_GROUP_ABNORMAL"]}
    call("create_scaling_notification", scaling_group_id=made, body=body)
    emulated.faults({"op": "launch", "match": {}, "effect": "error"})
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 1})
    emulated.advance(3600)
    (message,) = [json.loads(body["message"]) for body in one.messages()]
    assert (message["topic_scene"], message["scaling_group_id"]) == ("SCALING_GROUP_ABNORMAL", made)
    assert message["description"]


def test_nothing_is_lost_when_muster_is_killed(server, endpoint, tmp_path):
    there = server("--emulate")
    call, topics = huawei(there), smn(there)
    one = endpoint()
    port = one.server.server_port
    urn = topic(topics)
    subscribe(topics, urn, "http", one.url)
    there.settle()
    made = group(call, 0)
    hooked(call, made, urn)
    # Connections that are open stay so: nobody takes anything by them either.
    one.answers = [503] * 10_000
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 1})
    topics("publish_message", topic_urn=urn, body={"message": "while away"})
    there.settle()
    there.kill9()
    one.close()
    assert one.messages() == []
    back = endpoint(port)
    there.start()
    call = huawei(there)
    eventually(lambda: len({body["message_id"] for body in back.messages()}) == 2)
    keys = {json.loads(b["message"])["lifecycle_action_key"] for b in back.messages() if "action_key" in b["message"]}
    (key,) = keys
    done = {"lifecycle_action_key": key, "lifecycle_action_result": "CONTINUE"}
    call("attach_callback_instance_life_cycle_hook", scaling_group_id=made, body=done)
    there.settle()
    assert [i["life_cycle_state"] for i in instances(call, made)] == ["INSERVICE"]
    assert [s["status"] for s in all_of(smn(there), urn)] == [1]


class Post:
    """Keeps letters."""

    def __init__(self):
        self.letters = []

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.letters.append((envelope.rcpt_tos, letter))
        return "250 kept"


@pytest.mark.parametrize("confirmed", ["at_once", "by_endpoint"])
def test_mail_goes_to_who_subscribed(server, tmp_path, confirmed):
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        there = configured(
            server,
            tmp_path,
            f'[smn]\nconfirmed = "{confirmed}"\nmail_url = "smtp://127.0.0.1:{controller.port}"\n'
            'mail_from = "Muster <muster@example.org>"\n',
        )
        call, topics = huawei(there), smn(there)
        urn = topic(topics, display_name="The news")
        subscribe(topics, urn, "email", "ops@example.org")
        there.settle()
        if confirmed == "by_endpoint":
            ((to, letter),) = post.letters
            text = letter.get_content()
            link = text[text.index("http://") :].split()[0]
            assert to == ["ops@example.org"] and all_of(topics, urn)[0]["status"] == 0
            urllib.request.urlopen(link, timeout=30).close()
            post.letters.clear()
        assert all_of(topics, urn)[0]["status"] == 1
        structure = json.dumps({"default": "x", "email": "for people"})
        topics("publish_message", topic_urn=urn, body={"subject": "demo", "message_structure": structure})
        there.settle()
        ((to, letter),) = post.letters
        assert to == ["ops@example.org"] and letter["Subject"] == "demo"
        assert letter["From"] == "The news <muster@example.org>"
        assert letter.get_content().startswith("for people")
        made = group(call, 0)
        call("create_scaling_notification", scaling_group_id=made, body={"topic_urn": urn, "topic_scene": SCENES})
        call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 1})
        there.settle()
        (_, (to, letter)) = post.letters
        assert letter["Subject"] == "[Auto Scaling] SCALING_UP GroupNameTest" and made in letter.get_content()
    finally:
        controller.stop()


STRICT = """
[catalogue]
strict = true
[[catalogue.topic]]
name = "urn:smn:r:p:listed"
"""


def test_a_topic_has_to_be_there_where_the_catalogue_is_strict(server, tmp_path):
    # Made while nothing was strict: what the group itself names is another test's.
    there = server("--emulate")
    made = group(huawei(there), 0)
    there.stop()
    file = tmp_path / "muster.toml"
    file.write_text(STRICT)
    there.args += ["--config", str(file)]
    there.start()
    topics, call = smn(there), huawei(there)
    urn = topic(topics)
    for known in (urn, "urn:smn:r:p:listed"):
        body = {"topic_urn": known, "topic_scene": ["SCALING_UP"]}
        call("create_scaling_notification", scaling_group_id=made, body=body)
    body = {"topic_urn": urn + "x", "topic_scene": ["SCALING_UP"]}
    assert refused(call, "create_scaling_notification", scaling_group_id=made, body=body) == (400, "AS.7025")
