"""Huawei Cloud's door with the core of its Node SDK, which signs and sends (the package of Auto Scaling itself is not to be
had): a tour of the main calls. It sends queries unsorted, colons in paths as they are, and signs the host."""

import json
import os
import pathlib
import subprocess

import pytest
from conftest import ROOT
from huawei import PROJECT, alarm_rule, instance_config

NODE = os.environ.get("MUSTER_NODE_DIR", str(ROOT / "target/node"))
URN = "urn:smn:cn-north-4:b53e5554fad0494d96206fb84296510b:gsh"


class Node:
    """In a process of its own."""

    def __init__(self, server, key=None):
        script = pathlib.Path(__file__).parent / "node/huawei.js"
        command = ["node", str(script), server.address, *(key or server.key), PROJECT]
        env = os.environ | {"NODE_PATH": f"{NODE}/node_modules"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def send(self, method, path, body=None, query=(), version="v1"):
        url = f"/autoscaling-api/{version}/{{project_id}}/{path}".replace("//", "/")
        given = {"method": method, "url": url, "pathParams": {"project_id": PROJECT}}
        if query:
            given["queryParams"] = dict(query)
        if body is not None:
            given["data"] = body
        self.process.stdin.write(json.dumps(given) + "\n")
        self.process.stdin.flush()
        # The SDK logs what is refused in between.
        for line in self.process.stdout:
            if line.startswith(('{"answer"', '{"error"')):
                return json.loads(line)
        raise AssertionError(f"{method} {path}: the client ended")

    def __call__(self, method, path, body=None, query=(), version="v1"):
        out = self.send(method, path, body, query, version)
        assert "error" not in out, f"{method} {path}: {out}"
        return out["answer"]

    def refused(self, *request, **more):
        error = self.send(*request, **more)["error"]
        return error["status"], error["code"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


@pytest.fixture
def node(emulated):
    made = []

    def make(key=None):
        made.append(Node(emulated, key))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_tour(emulated, node):
    call = node()
    body = {"scaling_configuration_name": "配置_1", "instance_config": instance_config()}
    conf = call("POST", "scaling_configuration", body)["scaling_configuration_id"]
    body = {
        "scaling_group_name": "as_group-测试", "scaling_configuration_id": conf, "desire_instance_number": 2,
        "max_instance_number": 5, "vpc_id": "v1", "networks": [{"id": "n1"}],
        "lbaas_listeners": [{"pool_id": "p", "protocol_port": 80}],
    }
    made = call("POST", "scaling_group", body)["scaling_group_id"]
    assert call("POST", f"scaling_group/{made}/action", {"action": "resume"})["httpStatusCode"] == 204
    emulated.settle()
    # Unsorted, with characters that are escaped in three ways.
    query = [("start_number", 0), ("scaling_group_status", "INSERVICE"), ("limit", 20),
             ("scaling_group_name", "group-测试"), ("enterprise_project_id", "0")]
    listed = call("GET", "scaling_group", query=query)
    assert [one["scaling_group_id"] for one in listed["scaling_groups"]] == [made]
    assert call("GET", "scaling_group", query=[("scaling_group_name", "a b/c~d*e'(f)!+&=")])["total_number"] == 0
    shown = call("GET", f"scaling_group/{made}")["scaling_group"]
    assert (shown["current_instance_number"], shown["scaling_group_name"]) == (2, "as_group-测试")
    found = call("GET", f"scaling_group_instance/{made}/list",
                 query=[("start_number", 0), ("limit", 50), ("life_cycle_state", "INSERVICE")])
    ids = [one["instance_id"] for one in found["scaling_group_instances"]]
    assert len(ids) == 2
    protect = {"instances_id": ids, "action": "PROTECT"}
    call("POST", f"scaling_group_instance/{made}/action", protect)

    # An urn in the path goes with its colons as they are.
    call("PUT", f"scaling_notification/{made}", {"topic_urn": URN, "topic_scene": ["SCALING_UP"]})
    assert call("DELETE", f"scaling_notification/{made}/{URN}")["httpStatusCode"] == 204
    body = {"lifecycle_hook_name": "hook", "lifecycle_hook_type": "INSTANCE_LAUNCHING", "notification_topic_urn": URN}
    call("POST", f"scaling_lifecycle_hook/{made}", body)
    body = {"scaling_policy_name": "up", "scaling_group_id": made, "scaling_policy_type": "ALARM",
            "alarm_id": alarm_rule(emulated, made), "scaling_policy_action": {"operation": "ADD", "instance_number": 1}}
    up = call("POST", "scaling_policy", body)["scaling_policy_id"]
    call("POST", f"scaling_policy/{up}/action", {"action": "execute"})
    emulated.settle()
    waits = call("GET", f"scaling_instance_hook/{made}/list")["instance_hanging_info"]
    answer = {"lifecycle_action_key": waits[0]["lifecycle_action_key"], "lifecycle_action_result": "CONTINUE"}
    call("PUT", f"scaling_instance_hook/{made}/callback", answer)
    emulated.settle()
    log = call("GET", f"scaling_activity_log/{made}", query=[("type", "NORMAL"), ("status", "SUCCESS")], version="v2")
    assert [len(entry["instance_added_list"]) for entry in log["scaling_activity_log"]] == [1]
    call("POST", f"scaling_group_tag/{made}/tags/action", {"action": "create", "tags": [{"key": "a", "value": "ä"}]})
    assert call("GET", f"scaling_group_tag/{made}/tags")["tags"] == [{"key": "a", "value": "ä"}]
    call("PUT", f"scaling-groups/{made}/warm-pool", {"min_capacity": 1, "max_capacity": 1}, version="")
    emulated.settle()
    pool = call("GET", f"scaling-groups/{made}/warm-pool-instances", query=[("limit", 5)], version="")
    assert len(pool["warm_pool_instances"]) == 1
    quotas = call("GET", "quotas")["quotas"]["resources"]
    assert {quota["type"] for quota in quotas} >= {"scaling_Group", "scaling_Config"}

    assert call.refused("PUT", f"scaling_group/{made}", {"max_instance_number": 1}) == (400, "AS.2005")
    assert call.refused("DELETE", f"scaling_configuration/{conf}") == (400, "AS.1006")
    call("DELETE", f"scaling_group/{made}", query=[("force_delete", "yes")])
    emulated.settle()
    assert call.refused("GET", f"scaling_group/{made}") == (400, "AS.2007")
    call("DELETE", f"scaling_configuration/{conf}")


def test_another_secret_signs_nothing(emulated, node):
    call = node(key=(emulated.key[0], "another"))
    assert call.refused("GET", "scaling_group") == (401, "APIGW.0301")
