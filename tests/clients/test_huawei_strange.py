"""Strange ids and strange queries at every operation of the services beside Auto Scaling: an answer in the service's shape, and
never a fault of ours."""

import json
import re
import urllib.parse

import pytest
from huawei import SHARED, log_in
from huawei_models import NOBODY, Caller, module_of, request_of, said
from test_huawei_audit import World, operations
from test_huawei_facets import EXPANDED, plain


@pytest.fixture
def world(emulated):
    _, headers, answer = log_in(emulated)
    return World(emulated, Caller(emulated, headers, answer["token"]["project"]["id"]))


STRANGE = ["%00", "..%2F..", "中", "x" * 5000, "0", "-1", "null", "%27%20or%201=1", "a%0D%0Ab", "%FF%FE", "é" * 36, "{}", NOBODY]


def endpoints():
    """Method, path, version of the SDK's module and name of every operation, with the queries that it documents."""
    for service, facet in json.loads((SHARED / "spec" / "huawei.json").read_text())["facets"].items():
        for one in facet["endpoints"]:
            for method, path in EXPANDED.get(one["op"], [(one["method"], plain(one["path"]))]):
                yield service, method, path, one


def test_strange_ids_are_not_there(world):
    wrong, count = [], 0
    bodies = {}
    for _, _, _, verb, path, body in operations(world):
        shape = re.sub(r"(?<=/)(?:[0-9a-f-]{36}|al\w{22}|urn:[^/]+|pair)(?=/|$)", "{}", path.replace("{p}", "{}"))
        bodies[verb, shape] = body
    # Everything that there is, one by one, too: ids of one kind where another's is meant.
    ids = STRANGE + [urllib.parse.quote(value, safe="") for value in vars(world).values() if isinstance(value, str)]
    for service, method, path, _ in endpoints():
        places = path.count("{}")
        if places < 2 or (service, path) == ("kps", "/v3/{}/keypairs"):
            continue
        for strange in ids:
            at = path.replace("{}", "{p}", 1).replace("{}", strange)
            own = [value for value in vars(world).values() if isinstance(value, str)]
            if urllib.parse.unquote(strange, errors="replace") in own:
                # What is really named is not touched.
                if method != "GET":
                    continue
            count += 1
            body = bodies.get((method, path), {"alarm_enabled": True, "display_name": "x"} if method != "GET" else None)
            status, answer = world.call(method, urllib.parse.quote(at, safe="/:%{}?=&"), None if method in ("GET", "DELETE") else body)
            if status >= 500 or (status >= 400 and not said(answer)[0]):
                wrong.append(f"{method} {at[:150]}: {status} {json.dumps(answer)[:200]}")
            elif status >= 400 and len(json.dumps(answer)) > 8000:
                wrong.append(f"{method} {at[:150]}: an answer of {len(json.dumps(answer))} characters")
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong)
    assert count > 500


def test_strange_queries_are_answered(world):
    """Every query that the SDK or the document names, with values that mean nothing: what is not refused is answered as a list."""
    wrong, count = [], 0
    versions = {"ces": ["v1", "v2"], "vpc": ["v2", "v3"], "elb": ["v3", "v2"], "kps": ["v3"]}
    for service, method, path, one in endpoints():
        if method != "GET":
            continue
        names = set(one.get("query", []))
        for version in versions.get(service, ["v2"]):
            try:
                request = request_of(module_of(service, version), one["op"].replace("v3 security groups and rules", "list_security_groups"))
            except KeyError:
                continue
            names |= {shown for shown in request.attribute_map.values() if not shown.startswith("X-")}
        at = path.replace("{}", "{p}", 1)
        for place in re.findall(r"\{\}", at):
            at = at.replace(place, urllib.parse.quote(world.pool if service == "elb" else world.alarm if service == "ces" else
                            world.topic if service == "smn" else world.machine if service == "ecs" else world.vpc, safe=""), 1)  # fmt: skip
        for name in sorted(names):
            for strange in ("", "%00", "中", "-1", "99999999999999999999", "a,b", "a&" + name + "=b"):
                count += 1
                query = urllib.parse.quote(f"{name}={strange}", safe="=&%")
                status, answer = world.call("GET", f"{at}?{query}")
                if status >= 500 or not isinstance(answer, dict) or (status >= 400 and not said(answer)[0]):
                    wrong.append(f"{at}?{query[:120]}: {status} {json.dumps(answer)[:200]}")
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong)
    assert count > 1000
