"""What the Terraform provider and the cluster-autoscaler do at Huawei's door, call by call and in their signing. They are not
run here, but they ask in these ways and cannot stand other answers."""

import datetime
import hashlib
import hmac
import json
import urllib.parse

import pytest
from huawei import DISK, PROJECT, alarm_rule, http

TERRAFORM = {"Accept": "application/json", "User-Agent": "terraform-provider-iac/huaweicloud golangsdk/2.0.0"}
AUTOSCALER = {"User-Agent": "huaweicloud-usdk-go/3.0", "X-Project-Id": PROJECT}
URN = "urn:smn:cn-north-4:b53e5554fad0494d96206fb84296510b:gsh"


class Go:
    """A client in Go: `signed` are the headers that it signs; more are added afterwards and are not."""

    def __init__(self, server, signed, added=(), host=False):
        self.server, self.signed, self.added, self.host = server, signed, dict(added), host

    def __call__(self, method, path, body=None, query=(), ok=None, version="autoscaling-api/v1"):
        # One that begins with a slash has no project.
        path = path if path.startswith("/") else f"/{version}/{PROJECT}/{path}"
        text = json.dumps(body).encode() + b"\n" if body is not None else b""
        query = urllib.parse.urlencode(list(query), quote_via=urllib.parse.quote)
        headers = {name.lower(): value for name, value in self.signed.items()}
        headers["x-sdk-date"] = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        if body is not None:
            headers["content-type"] = "application/json"
        canonical = dict(headers, host=self.server.address) if self.host else headers
        names = ";".join(sorted(canonical))
        lines = "".join(f"{name}:{canonical[name]}\n" for name in sorted(canonical))
        pieces = "&".join(sorted(query.split("&")))
        # Escaped there, though not on the wire.
        place = "/".join(urllib.parse.quote(part, safe="") for part in path.split("/"))
        request = f"{method}\n{place}/\n{pieces}\n{lines}\n{names}\n{hashlib.sha256(text).hexdigest()}"
        date, digest = headers["x-sdk-date"], hashlib.sha256(request.encode()).hexdigest()
        key, secret = self.server.key
        to_sign = f"SDK-HMAC-SHA256\n{date}\n{digest}".encode()
        signature = hmac.new(secret.encode(), to_sign, hashlib.sha256).hexdigest()
        headers["authorization"] = f"SDK-HMAC-SHA256 Access={key}, SignedHeaders={names}, Signature={signature}"
        url = f"{path}?{query}" if query else path
        status, _, answer = http(self.server, method, url, text or None, headers | self.added)
        # What is accepted where nothing else is said.
        accepted = ok or {"GET": (200,), "POST": (200, 201, 202), "PUT": (200, 201, 202), "DELETE": (200, 202, 204)}[method]
        if status not in accepted:
            raise Refused(status, (answer or {}).get("error", {}).get("code"), method, path, answer)
        return answer


class Refused(Exception):
    @property
    def code(self):
        return self.args[:2]


@pytest.fixture
def terraform(emulated):
    return Go(emulated, TERRAFORM, {"X-Project-Id": PROJECT, "X-Domain-Id": "d" * 32})


def every_instance(call, made):
    """Page by page, until one is empty."""
    found = []
    while True:
        page = call("GET", f"scaling_group_instance/{made}/list", query=[("limit", 50), ("start_number", len(found))])
        if not page["scaling_group_instances"]:
            return found
        found += page["scaling_group_instances"]


def waited(server, holds, secs=600):
    """A first look after ten seconds, then one every ten."""
    for _ in range(secs // 10):
        server.advance(10)
        if holds():
            return
    raise AssertionError("it takes too long")


def configuration(call, **more):
    config = {"flavorRef": "s6.large.2", "imageRef": "627a1223-2ca3-46a7-8d5f-7aef22c74ee6", "disk": [DISK],
              "key_name": "key", "personality": None, "public_ip": None, "user_data": None} | more
    config = {name: value for name, value in config.items() if value is not None}
    body = {"scaling_configuration_name": "tf", "instance_config": config}
    return call("POST", "scaling_configuration", body)["scaling_configuration_id"]


def body_of(conf, **more):
    """Numbers are always there, booleans and texts only when they are set."""
    return {
        "scaling_group_name": "tf-group", "scaling_configuration_id": conf, "desire_instance_number": 0,
        "min_instance_number": 0, "max_instance_number": 5, "networks": [{"id": "sub-1", "ipv6_enable": False}],
        "security_groups": [{"id": "sg-1"}], "cool_down_time": 300,
    } | more


def group(call, server, conf, desired, **more):
    body = body_of(conf, desire_instance_number=desired, vpc_id="vpc-1", **more)
    made = call("POST", "scaling_group", body)["scaling_group_id"]
    tags = {"action": "create", "tags": [{"key": "team", "value": "a"}]}
    call("POST", f"scaling_group_tag/{made}/tags/action", tags, ok=(204,))
    call("POST", f"scaling_group/{made}/action", {"action": "resume"}, ok=(204,))

    def there():
        states = [one["life_cycle_state"] for one in every_instance(call, made)]
        return len(states) == desired and set(states) <= {"INSERVICE"}

    waited(server, there)
    return made


def read(call, made):
    shown = call("GET", f"scaling_group/{made}")["scaling_group"]
    instances = every_instance(call, made)
    tags = call("GET", f"scaling_group_tag/{made}/tags")["tags"]
    # Read without a look whether they are there.
    for network in shown["networks"]:
        assert isinstance(network["id"], str) and isinstance(network["ipv6_enable"], bool)
    assert all(isinstance(one["id"], str) for one in shown["security_groups"])
    return shown, instances, {tag["key"]: tag["value"] for tag in tags}


def test_a_group_is_created_read_changed_and_destroyed(emulated, terraform):
    call = terraform
    conf = configuration(call)
    made = group(call, emulated, conf, 3, lbaas_listeners=[{"pool_id": "p", "protocol_port": 80, "weight": 1}],
                 available_zones=["cn-north-4a"], multi_az_priority_policy="PICK_FIRST")
    shown, instances, tags = read(call, made)
    assert (shown["scaling_group_status"], shown["current_instance_number"], tags) == ("INSERVICE", 3, {"team": "a"})
    assert len(instances) == 3
    # Everything goes along with every change, as it was.
    same = body_of(conf, desire_instance_number=3, networks=shown["networks"], security_groups=shown["security_groups"],
                   available_zones=shown["available_zones"], lbaas_listeners=shown["lbaas_listeners"], description="")
    call("PUT", f"scaling_group/{made}", same)
    call("PUT", f"scaling_group/{made}", same | {"description": "changed", "desire_instance_number": 1})
    for action, tag in (("delete", {"key": "team", "value": "a"}), ("create", {"key": "team", "value": "b"})):
        call("POST", f"scaling_group_tag/{made}/tags/action", {"action": action, "tags": [tag]}, ok=(204,))
    waited(emulated, lambda: len(every_instance(call, made)) == 1)
    shown, _, tags = read(call, made)
    assert (shown["description"], shown["desire_instance_number"], tags) == ("changed", 1, {"team": "b"})
    call("POST", f"scaling_group/{made}/action", {"action": "pause"}, ok=(204,))
    assert read(call, made)[0]["scaling_group_status"] == "PAUSED"

    # A configuration is asked for its groups before it is deleted.
    using = call("GET", "scaling_group", query=[("scaling_configuration_id", conf), ("limit", 50), ("start_number", 0)])
    assert [one["scaling_group_id"] for one in using["scaling_groups"]] == [made]
    with pytest.raises(Refused) as used:
        call("DELETE", f"scaling_configuration/{conf}", ok=(204,))
    assert used.value.code == (400, "AS.1006")
    # Instances first, then the group.
    ids = [one["instance_id"] for one in every_instance(call, made)]
    remove = {"instances_id": ids, "instance_delete": "yes", "action": "REMOVE"}
    call("POST", f"scaling_group_instance/{made}/action", remove, ok=(204,))
    waited(emulated, lambda: every_instance(call, made) == [])
    call("DELETE", f"scaling_group/{made}", ok=(204,))
    with pytest.raises(Refused) as gone:
        read(call, made)
    assert gone.value.code == (400, "AS.2007")
    call("DELETE", f"scaling_configuration/{conf}", ok=(204,))
    with pytest.raises(Refused) as gone:
        call("GET", f"scaling_configuration/{conf}")
    assert gone.value.code[0] == 404


def test_a_group_is_destroyed_by_force(emulated, terraform):
    call = terraform
    made = group(call, emulated, configuration(call), 2)
    emulated.faults({"op": "terminate", "effect": "slow", "latency_secs": 25})
    call("DELETE", f"scaling_group/{made}", query=[("force_delete", "yes")], ok=(204,))
    states = []

    def gone():
        try:
            states.append(call("GET", f"scaling_group/{made}")["scaling_group"]["scaling_group_status"])
            return False
        except Refused as refused:
            assert refused.code == (400, "AS.2007")
            return True

    waited(emulated, gone)
    assert states and set(states) == {"DELETING"}


def test_an_instance_is_attached_put_aside_and_detached(emulated, terraform):
    call = terraform
    made = group(call, emulated, configuration(call), 1)
    mine = emulated.native("POST", "machines", {"vpc": "vpc-1"})["machine"]["uuid"]

    def act(action, **more):
        body = {"action": action, "instances_id": [mine]} | more
        for _ in range(30):
            try:
                return call("POST", f"scaling_group_instance/{made}/action", body, ok=(204,))
            except Refused as refused:
                # The only ones that are tried again.
                assert refused.code in ((400, "AS.2033"), (400, "AS.0003")), refused
                emulated.advance(10)
        raise AssertionError(action)

    def settled():
        return all("ING" not in one["life_cycle_state"] for one in every_instance(call, made))

    def state():
        waited(emulated, settled)
        return {one["instance_id"]: one["life_cycle_state"] for one in every_instance(call, made)}.get(mine)

    emulated.faults({"op": "launch", "effect": "slow", "latency_secs": 40})
    call("PUT", f"scaling_group/{made}", {"desire_instance_number": 2, "min_instance_number": 0, "max_instance_number": 5})
    act("ADD")
    assert state() == "INSERVICE"
    act("PROTECT")
    act("ENTER_STANDBY", instance_append="no")
    assert state() == "STANDBY"
    act("EXIT_STANDBY")
    assert state() == "INSERVICE"
    act("UNPROTECT")
    act("REMOVE")
    waited(emulated, lambda: state() is None)
    assert mine in {machine["uuid"] for machine in emulated.machines()}


def test_what_stands_beside_a_group(emulated, terraform):
    call = terraform
    made = group(call, emulated, configuration(call), 0)
    hook = {"lifecycle_hook_name": "h", "lifecycle_hook_type": "INSTANCE_LAUNCHING", "default_result": "ABANDON",
            "default_timeout": 3600, "notification_topic_urn": URN}
    call("POST", f"scaling_lifecycle_hook/{made}", hook)
    call("PUT", f"scaling_lifecycle_hook/{made}/h", {"default_timeout": 600})
    assert call("GET", f"scaling_lifecycle_hook/{made}/h")["default_timeout"] == 600
    call("DELETE", f"scaling_lifecycle_hook/{made}/h", ok=(204,))
    for path in (f"scaling_lifecycle_hook/{made}/h", f"scaling_policy/{made}"):
        with pytest.raises(Refused) as gone:
            call("GET", path)
        assert gone.value.code[0] == 404
    call("PUT", f"scaling_notification/{made}", {"topic_urn": URN, "topic_scene": ["SCALING_UP"]})
    call("PUT", f"scaling_notification/{made}", {"topic_urn": URN, "topic_scene": ["SCALING_DOWN"]})
    (topic,) = call("GET", f"scaling_notification/{made}")["topics"]
    assert (topic["topic_urn"], topic["topic_scene"], topic["topic_name"]) == (URN, ["SCALING_DOWN"], "gsh")
    # The colons go as they are.
    call("DELETE", f"scaling_notification/{made}/{URN}", ok=(204,))
    policy = {"scaling_policy_name": "p", "scaling_group_id": made, "scaling_policy_type": "ALARM",
              "alarm_id": alarm_rule(emulated, made), "scaling_policy_action": {"operation": "ADD", "instance_number": 1},
              "cool_down_time": 900}
    one = call("POST", "scaling_policy", policy)["scaling_policy_id"]
    call("POST", f"scaling_policy/{one}/action", {"action": "pause"}, ok=(204,))
    assert call("GET", f"scaling_policy/{one}")["scaling_policy"]["policy_status"] == "PAUSED"
    call("DELETE", f"scaling_policy/{one}", ok=(204,))


def test_a_warm_pool(emulated, terraform):
    call = terraform
    made = group(call, emulated, configuration(call), 1)
    path = f"scaling-groups/{made}/warm-pool"

    def pool(method, body=None, ok=None):
        return call(method, path, body, ok=ok, version="v2")

    pool("PUT", {"min_capacity": 1, "max_capacity": 1, "instance_init_wait_time": 30}, ok=(204,))
    assert pool("GET")["warm_pool"] == {
        "min_capacity": 1, "max_capacity": 1, "instance_init_wait_time": 30, "status": "ACTIVE"}
    emulated.advance(60)
    listed = call("GET", f"{path}-instances", version="v2")
    assert [one["status"] for one in listed["warm_pool_instances"]] == ["STOPPED"]
    # One that is deleted where servers are is made up for, and the group has lost none.
    (lost,) = [one["instance_id"] for one in listed["warm_pool_instances"]]
    call("POST", "cloudservers/delete", {"servers": [{"id": lost}]}, version="v1")
    emulated.advance(120)
    (new,) = call("GET", f"{path}-instances", version="v2")["warm_pool_instances"]
    assert new["status"] == "STOPPED" and new["instance_id"] != lost
    assert read(call, made)[0]["desire_instance_number"] == 1
    pool("DELETE", ok=(204,))
    emulated.advance(20)
    assert pool("GET")["warm_pool"]["status"] == "CLOSED"


def test_the_cluster_autoscaler(emulated):
    call = Go(emulated, AUTOSCALER, host=True)
    made = group(call, emulated, configuration(call), 2)

    def size():
        return call("GET", f"scaling_group/{made}")["scaling_group"]

    listed = call("GET", "scaling_group")["scaling_groups"]
    assert [one["scaling_group_name"] for one in listed] == ["tf-group"]
    assert call("GET", f"scaling_configuration/{size()['scaling_configuration_id']}")
    nodes = call("GET", f"scaling_group_instance/{made}/list")["scaling_group_instances"]
    assert all(one["instance_id"] and one["health_status"] == "NORMAL" for one in nodes)

    # Out: a policy for later, executed now; then the wish is waited for, and the policy goes.
    at = datetime.datetime.fromisoformat(emulated.native("GET", "clock")["now"].replace("Z", "+00:00"))
    later = (at + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%MZ")
    for _ in range(2):
        body = {"scaling_policy_name": f"hws_{made}", "scaling_group_id": made, "scaling_policy_type": "SCHEDULED",
                "scheduled_policy": {"launch_time": later},
                "scaling_policy_action": {"operation": "ADD", "instance_number": 1}}
        before = size()["desire_instance_number"]
        policy = call("POST", "scaling_policy", body)["scaling_policy_id"]
        call("POST", f"scaling_policy/{policy}/action", {"action": "execute"}, ok=(204,))
        assert size()["desire_instance_number"] == before + 1
        call("DELETE", f"scaling_policy/{policy}", ok=(204,))
        waited(emulated, lambda: not size()["is_scaling"])
    assert (size()["current_instance_number"], size()["desire_instance_number"]) == (4, 4)
    emulated.advance(7200)
    assert size()["current_instance_number"] == 4, "what is deleted does not act later"

    # In: the node's server is deleted where servers are, and that is followed; the group wants one less, and makes up for none.
    assert call("GET", "cloudservers/flavors", version="v1")["flavors"] is not None
    node = call("GET", f"scaling_group_instance/{made}/list")["scaling_group_instances"][1]["instance_id"]
    body = {"servers": [{"id": node}], "delete_publicip": False, "delete_volume": False}
    job = call("POST", "cloudservers/delete", body, version="v1")["job_id"]
    waited(emulated, lambda: call("GET", f"jobs/{job}", version="v1")["status"] == "SUCCESS")
    emulated.advance(600)
    assert (size()["current_instance_number"], size()["desire_instance_number"]) == (3, 3)
    left = {one["instance_id"] for one in call("GET", f"scaling_group_instance/{made}/list")["scaling_group_instances"]}
    assert node not in left and len(left) == 3
