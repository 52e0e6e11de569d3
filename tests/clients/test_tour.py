"""One tour of every action with three clients: the Python SDK, the Node SDK and the command line get the same answers.

`tour.json` has the steps. A `$name` stands for what an earlier step kept. Real processes take the same tour, but for what
only simulated machines can do: be made by hand, and be slow when that is ordered.
"""

import json
import os
import pathlib
import re
import subprocess

import pytest
from conftest import ROOT, eventually, group_of, processes_of

HERE = pathlib.Path(__file__).parent
NODE = os.environ.get("MUSTER_NODE_DIR", str(ROOT / "target/node"))
STEPS = json.loads((HERE / "tour.json").read_text())
# Actions that need such machines, or a call that takes its time.
EMULATED = {"AttachInstances", "DetachInstances", "StopInstanceRefresh", "CreateAutoScalingGroupFromInstance"}


class Node:
    """The Node SDK in a process of its own."""

    def __init__(self, server):
        command = ["node", str(HERE / "node/client.js"), server.address, *server.key]
        env = os.environ | {"NODE_PATH": f"{NODE}/node_modules"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def call(self, action, parameters):
        self.process.stdin.write(json.dumps({"action": action, "parameters": parameters}) + "\n")
        self.process.stdin.flush()
        out = json.loads(self.process.stdout.readline())
        assert "error" not in out, f"{action} {parameters}: {out}"
        return out["answer"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


def command_line(server):
    def call(action, parameters):
        if not parameters:
            return server.tccli(action)
        given = server.data.parent / "input.json"
        given.write_text(json.dumps(parameters))
        return server.tccli(action, "--cli-input-json", f"file://{given}")

    return call


def python_sdk(server):
    sdk = server.sdk()
    return lambda action, parameters: sdk(action, **parameters)


def filled(value, kept):
    """The value with what was kept in place of `$name`."""
    if isinstance(value, dict):
        return {name: filled(member, kept) for name, member in value.items()}
    if isinstance(value, list):
        return [filled(member, kept) for member in value]
    return kept[value[1:]] if isinstance(value, str) and value.startswith("$") else value


def found(value, path):
    """A member of an answer: names, positions, and `?Name=value` for the first entry that has it."""
    for part in path.split("."):
        if part.startswith("?"):
            name, wanted = part[1:].split("=")
            value = next(entry for entry in value if entry[name] == wanted)
        else:
            value = value[int(part)] if part.isdigit() else value[part]
    return value


def plain(value, names):
    """An answer that is the same in every run: ids by the order in which they appeared, no moments, no nulls.

    Instances are not told apart: of those that were made at once, chance says which comes first.
    """
    if isinstance(value, dict):
        members = {name: plain(member, names) for name, member in sorted(value.items()) if name != "RequestId"}
        return {name: member for name, member in members.items() if member is not None}
    if isinstance(value, list):
        return [plain(member, names) for member in value]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+08:00)", value):
        return "a moment"
    if isinstance(value, str):
        value = re.sub(r"\bins-[0-9a-z]{8}\b", "ins", value)
        return re.sub(
            r"\b(as[acghnpr]|asst)-[0-9a-z]{8}\b",
            lambda found: names.setdefault(found[0], f"{found[1]}-{len(names)}"),
            value,
        )
    return value


def tour(server, call):
    kept, names, answers = {}, {}, []
    for step in STEPS:
        if "native" in step:
            server.native("POST", step["native"], {})
            continue
        if "faults" in step:
            server.faults(*step["faults"])
            continue
        if "advance" in step:
            server.advance(step["advance"])
            continue
        if "foreign" in step:
            answer = server.native("POST", "machines", step["foreign"])
        else:
            answer = call(step["action"], filled(step.get("parameters", {}), kept))
            answers.append((step["action"], plain(answer, names)))
        for name, path in step.get("keep", {}).items():
            kept[name] = found(answer, path)
    return answers


def rest(call, group):
    """Waits until nothing happens in a group: idle, or held by a hook, and no refresh under way."""

    def quiet():
        instances = call("DescribeAutoScalingInstances", Filters=[{"Name": "auto-scaling-group-id", "Values": [group]}])
        states = {instance["LifeCycleState"] for instance in instances["AutoScalingInstanceSet"]}
        if "IN_LAUNCHING_HOOK" in states:
            return True
        shown = group_of(call, group)
        refreshes = call("DescribeRefreshActivities", Filters=[{"Name": "auto-scaling-group-id", "Values": [group]}])
        under_way = {"INIT", "RUNNING"} & {refresh["Status"] for refresh in refreshes["RefreshActivitySet"]}
        serving = shown["InServiceInstanceCount"]
        settled = serving == shown["DesiredCapacity"] or shown["EnabledStatus"] == "DISABLED"
        return settled and shown["InActivityStatus"] == "NOT_IN_ACTIVITY" and not under_way

    eventually(quiet, 60)


@pytest.fixture(scope="module")
def answers():
    return {}


@pytest.mark.parametrize("client", ["python", "node", "tccli"])
def test_every_action_with_each_client(emulated, answers, client):
    if client == "node":
        node = Node(emulated)
        got = tour(emulated, node.call)
        node.close()
    else:
        got = tour(emulated, {"python": python_sdk, "tccli": command_line}[client](emulated))
    answers[client] = got
    first = next(iter(answers.values()))
    for mine, theirs in zip(got, first, strict=True):
        assert mine == theirs


def test_real_processes_take_the_tour(server):
    muster = server()
    call = muster.sdk()
    kept = {}
    for step in STEPS:
        if "native" in step or "advance" in step:
            rest(call, kept["group"])
        if "action" not in step or step["action"] in EMULATED:
            continue
        answer = call(step["action"], **filled(step.get("parameters", {}), kept))
        for name, path in step.get("keep", {}).items():
            kept[name] = found(answer, path)
    assert not processes_of(muster.data)


def test_no_action_is_left_out():
    toured = {step["action"] for step in STEPS if "action" in step}
    listed = (ROOT / "dialects/tencent3/src/actions/mod.rs").read_text()
    # The tag calls are of another API: `test_tags.py` makes them with its SDK.
    served = set(re.findall(r"^\s+(?!tags::)\w+::(\w+),$", listed, re.MULTILINE))
    assert served and served <= toured, sorted(served - toured)
    assert toured <= served
