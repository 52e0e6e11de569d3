"""Huawei Cloud's own SDK against a running muster: one function, `call("list_scaling_groups", limit=5)`."""

import datetime
import importlib
import json
import os
import pathlib
import urllib.error
import urllib.request

from huaweicloudsdkas import v1
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException
from huaweicloudsdkcore.region.region import Region

# What was read of the clouds.
SHARED = pathlib.Path(os.environ.get("MUSTER_SHARED") or pathlib.Path(__file__).parents[3] / "shared")
# One of those that scripts bring along.
PROJECT = "0dd8cb413000906a2fcdc019b5a84546"


def caller(client, module=v1):
    def call(method, **parameters):
        name = "".join(part.capitalize() for part in method.split("_")) + "Request"
        names = {known.lower(): known for known in dir(module) if known.endswith("Request")}
        request = getattr(module, names[name.lower()])(**parameters)
        answer = getattr(client, method)(request)
        return answer.to_json_object()

    return call


def neighbour(server, service, version, project=PROJECT, key=None):
    """The SDK of another service: `call = neighbour(server, "ecs", "v2")`."""
    module = importlib.import_module(f"huaweicloudsdk{service}.{version}")
    builder = getattr(module, f"{service.capitalize()}Client").new_builder()
    credentials = BasicCredentials(*(key or server.key), project)
    return caller(builder.with_credentials(credentials).with_endpoint(f"http://{server.address}").build(), module)


PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float), "object": object}


def check_types(module, kind, value, path=""):
    """Holds an answer to the types that the SDK documents for it, all the way down."""
    if value is None:
        return
    if kind.startswith("list["):
        assert isinstance(value, list), (path, kind, value)
        for at, item in enumerate(value):
            check_types(module, kind[5:-1], item, f"{path}[{at}]")
    elif kind.startswith("dict("):
        assert isinstance(value, dict), (path, kind, value)
        for name, item in value.items():
            check_types(module, kind[5:-1].split(", ", 1)[1], item, f"{path}.{name}")
    elif kind in PLAIN:
        good = isinstance(value, PLAIN[kind]) and (kind != "int" or not isinstance(value, bool))
        assert good, (path, kind, value)
    elif kind == "datetime":
        datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")
    else:
        model = getattr(module, kind)
        words = {word for name, word in vars(model).items() if name[:2] != "__" and isinstance(word, (str, int))}
        if words and not model.openapi_types:
            assert value in words, (path, kind, value)
            return
        assert isinstance(value, dict), (path, kind, value)
        names = {shown: inner for inner, shown in model.attribute_map.items()}
        for name, item in value.items():
            if name in names:
                check_types(module, model.openapi_types[names[name]], item, f"{path}.{name}")


def answered(server, service, version, method, path, response, body=None, project=PROJECT):
    """What a bare request is answered with, held to the documented types of `response`."""
    module = importlib.import_module(f"huaweicloudsdk{service}.{version}")
    _, headers, answer = log_in(server)
    token, project = headers["X-Subject-Token"], answer["token"]["project"]["id"]
    status, _, answer = http(server, method, path.replace("{p}", project), body, {"X-Auth-Token": token})
    assert status < 300, (status, answer)
    check_types(module, response, answer)
    return answer


def huawei(server, project=PROJECT, key=None):
    """With a project id that is given, as in most scripts."""
    credentials = BasicCredentials(*(key or server.key), project)
    client = v1.AsClient.new_builder().with_credentials(credentials).with_endpoint(f"http://{server.address}").build()
    call = caller(client)
    call.server, call.key = server, key
    return call


def alarm_rule(server, made, key=None, **more):
    """An alarm rule on the CPU of a group, by the first generation: its id."""
    condition = {"period": 300, "filter": "average", "comparison_operator": ">=", "value": 80, "unit": "%", "count": 1}
    body = {
        "alarm_name": "cpu-high",
        "metric": {
            "namespace": "SYS.AS",
            "metric_name": "cpu_util",
            "dimensions": [{"name": "AutoScalingGroup", "value": made}],
        },
        "condition": condition | more.pop("condition", {}),
    } | more
    return neighbour(server, "ces", "v1", key=key)("create_alarm", body=body)["alarm_id"]


def huawei_region(server, region):
    """With a project id that the SDK looks up by the name of a region."""
    endpoint = f"http://{server.address}"
    credentials = BasicCredentials(*server.key).with_iam_endpoint(endpoint)
    builder = v1.AsClient.new_builder().with_credentials(credentials)
    return caller(builder.with_region(Region(region, endpoint)).build())


def refused(call, method, **parameters):
    """Status and code of a call that is refused."""
    try:
        answer = call(method, **parameters)
    except (ClientRequestException, ServerResponseException) as error:
        assert error.request_id and error.error_msg, error
        return error.status_code, error.error_code
    raise AssertionError(f"{method} was not refused: {answer}")


def http(server, method, path, body=None, headers=None):
    """A bare request: status, headers, body as JSON (or text)."""
    data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
    request = urllib.request.Request(f"http://{server.address}{path}", data=data, method=method)
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text else None


def log_in(server, region="cn-north-4", password=None, user="admin", domain="muster"):
    """A token by password, scoped to the project of a region."""
    identity = {
        "methods": ["password"],
        "password": {"user": {"name": user, "password": password or server.key[1], "domain": {"name": domain}}},
    }
    body = {"auth": {"identity": identity, "scope": {"project": {"name": region}}}}
    return http(server, "POST", "/v3/auth/tokens", body)


# The VPC of the groups of the examples.
VPC = "a8327883-6b07-4497-9c61-68d03ee193a"
DISK = {"size": 40, "volume_type": "SATA", "disk_type": "SYS"}


def instance_config(**more):
    return {"flavorRef": "s3.xlarge.4", "imageRef": "627a1223-2ca3-46a7-8d5f-7aef22c74ee6", "disk": [DISK]} | (
        {"key_name": "100vm_key"} | more
    )


def config(call, name="as-config-tlzp", **more):
    body = {"scaling_configuration_name": name, "instance_config": instance_config(**more)}
    return call("create_scaling_config", body=body)["scaling_configuration_id"]


def group(call, desired=0, name="GroupNameTest", resume=True, **more):
    body = {
        "scaling_group_name": name,
        "desire_instance_number": desired,
        "min_instance_number": 0,
        "max_instance_number": 10,
        "vpc_id": VPC,
        "networks": [{"id": "3cd35bca-5a10-416f-8994-f79169559870"}],
    } | more
    if "scaling_configuration_id" not in body:
        body["scaling_configuration_id"] = config(call, f"config-{name}"[:64])
    made = call("create_scaling_group", body=body)["scaling_group_id"]
    if resume:
        call("resume_scaling_group", scaling_group_id=made, body={"action": "resume"})
    return made


def shown(call, made):
    return call("show_scaling_group", scaling_group_id=made)["scaling_group"]


def instances(call, made, **filters):
    return call("list_scaling_instances", scaling_group_id=made, **filters)["scaling_group_instances"]
