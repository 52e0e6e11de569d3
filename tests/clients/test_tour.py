"""One tour of every action with three clients: the Python SDK, the Node SDK and the command line get the same answers.

`tour.json` has the steps. A `$name` stands for what an earlier step kept. An action that is not served yet (the golden list
of the API's facts names them) is left out, with what needs it; one that is served and not on the tour fails the test.
"""

import json
import os
import pathlib
import re
import subprocess

import pytest
from conftest import ROOT

HERE = pathlib.Path(__file__).parent
NODE = os.environ.get("MUSTER_NODE_DIR", str(ROOT / "target/node"))
STEPS = json.loads((HERE / "tour.json").read_text())
LATER = set(
    re.findall(
        r"^(\w+): not served yet",
        (ROOT / "dialects/tencent3/src/tests/snapshots/uncovered.snap").read_text(),
        re.MULTILINE,
    )
)


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
        if step.get("action") in LATER or step.get("needs") in LATER:
            continue
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


def test_no_action_is_left_out():
    toured = {step["action"] for step in STEPS if "action" in step}
    listed = (ROOT / "dialects/tencent3/src/actions/mod.rs").read_text()
    # The tag calls are of another API: `test_tags.py` makes them with its SDK.
    served = set(re.findall(r"^\s+(?!tags::)\w+::(\w+),$", listed, re.MULTILINE))
    assert served and served <= toured, sorted(served - toured)
    assert toured - served <= LATER
