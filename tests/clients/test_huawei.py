"""Huawei Cloud's door with its own SDK: log-in, groups, configurations, instances."""

import base64
import re

import pytest
from huawei import (
    DISK,
    PROJECT,
    config,
    group,
    http,
    huawei,
    huawei_region,
    instance_config,
    instances,
    log_in,
    refused,
    shown,
)

DATA = {"size": 10, "volume_type": "SATA", "disk_type": "DATA"}


def test_a_group_lives_and_dies(emulated):
    call = huawei(emulated)
    made = group(call, 2, resume=False, health_periodic_audit_method="NOVA_AUDIT")
    emulated.settle()
    new = shown(call, made)
    assert (new["scaling_group_status"], new["current_instance_number"], new["is_scaling"]) == ("PAUSED", 0, False)
    call("resume_scaling_group", scaling_group_id=made, body={"action": "resume"})
    # Twice is as good as once.
    call("resume_scaling_group", scaling_group_id=made, body={"action": "resume"})
    emulated.settle()
    there = shown(call, made)
    assert (there["scaling_group_status"], there["current_instance_number"]) == ("INSERVICE", 2)
    members = instances(call, made, life_cycle_state="INSERVICE", health_status="NORMAL")
    assert len(members) == 2 and {m["scaling_group_name"] for m in members} == {"GroupNameTest"}
    assert {m["instance_id"] for m in members} == {m["uuid"] for m in emulated.machines()}
    assert all(re.fullmatch("config-GroupNameTest_[0-9A-Z]{8}", m["instance_name"]) for m in members)

    # Desired, by either spelling; what is sent back unchanged changes nothing.
    back = {k: there[k] for k in ("networks", "available_zones", "security_groups", "min_instance_number")}
    call("update_scaling_group", scaling_group_id=made, body=back | {"desire_instance_number": 3})
    emulated.settle()
    assert shown(call, made)["current_instance_number"] == 3
    status, _, _ = raw(emulated, "PUT", f"scaling_group/{made}", {"desired_instance_number": 1})
    assert status == 200
    emulated.settle()
    assert shown(call, made)["current_instance_number"] == 1

    call("pause_scaling_group", scaling_group_id=made, body={"action": "pause"})
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 4})
    emulated.settle()
    paused = shown(call, made)
    assert (paused["scaling_group_status"], paused["current_instance_number"]) == ("PAUSED", 1)
    assert refused(call, "delete_scaling_group", scaling_group_id=made) == (400, "AS.2021")
    call("delete_scaling_group", scaling_group_id=made, force_delete="yes")
    emulated.settle()
    assert refused(call, "show_scaling_group", scaling_group_id=made) == (400, "AS.2007")
    assert [m for m in emulated.machines() if m["owner_key"]] == []


def raw(server, method, path, body=None, token=None, project=None):
    """A request with a token, to a path below the project's."""
    if token is None:
        _, headers, answer = log_in(server)
        token, project = headers["X-Subject-Token"], answer["token"]["project"]["id"]
    return http(server, method, f"/autoscaling-api/v1/{project}/{path}", body, {"X-Auth-Token": token})


def test_log_in_with_a_password(emulated):
    status, headers, answer = log_in(emulated)
    token, told = headers["X-Subject-Token"], answer["token"]
    assert status == 201 and told["methods"] == ["password"] and told["project"]["name"] == "cn-north-4"
    assert told["user"]["name"] == "admin" and told["user"]["domain"]["name"] == "muster"
    project = told["project"]["id"]
    services = {entry["type"]: entry["endpoints"][0]["url"] for entry in told["catalog"]}
    assert services["as"] == f"http://{emulated.address}/autoscaling-api/v1/{project}"
    assert len(project) == 32 and int(project, 16)

    # The same project by its name and by the SDK's own look-up; the same groups everywhere.
    call = huawei_region(emulated, "cn-north-4")
    made = group(call)
    status, headers, found = raw(emulated, "GET", "scaling_group", None, token, project)
    assert status == 200 and [g["scaling_group_id"] for g in found["scaling_groups"]] == [made]
    assert headers["X-Request-Id"]
    assert [g["scaling_group_id"] for g in huawei(emulated)("list_scaling_groups")["scaling_groups"]] == [made]

    # It is held to its project, and there is none without one.
    status, _, answer = raw(emulated, "GET", "scaling_group", None, token, PROJECT)
    assert (status, answer["error"]["code"]) == (400, "AS.0008")
    status, _, answer = raw(emulated, "GET", "scaling_group", None, "k1:nonsense", project)
    assert (status, answer["error"]["code"]) == (401, "AS.0006")
    status, _, answer = http(emulated, "GET", f"/autoscaling-api/v1/{project}/scaling_group")
    assert (status, answer["error"]["code"]) == (401, "AS.0005")
    for wrong in ({"password": "no"}, {"user": "root"}, {"domain": "nobody"}):
        status, _, answer = log_in(emulated, **wrong)
        assert (status, answer["error"]["code"]) == (401, 401), wrong

    # It outlives a restart: the server keeps none.
    emulated.restart()
    status, _, _ = raw(emulated, "GET", "scaling_group", None, token, project)
    assert status == 200
    status, _, shown_token = http(
        emulated, "GET", "/v3/auth/tokens", None, {"X-Auth-Token": token, "X-Subject-Token": token}
    )
    assert status == 200 and shown_token["token"]["project"]["id"] == project


def test_projects_and_versions(emulated):
    _, headers, answer = log_in(emulated, "eu-west-101")
    token = {"X-Auth-Token": headers["X-Subject-Token"]}
    _, _, one = http(emulated, "GET", "/v3/projects?name=eu-west-101", None, token)
    assert [p["id"] for p in one["projects"]] == [answer["token"]["project"]["id"]]
    _, _, all_of_them = http(emulated, "GET", "/v3/projects", None, token)
    names = [p["name"] for p in all_of_them["projects"]]
    assert len(names) >= 2 and "eu-west-101" in names
    assert http(emulated, "GET", "/v3/projects?name=no%20region", None, token)[2]["projects"] == []
    _, _, domains = http(emulated, "GET", "/v3/auth/domains", None, token)
    assert [d["name"] for d in domains["domains"]] == ["muster"]
    assert http(emulated, "GET", "/v3/projects")[0] == 401
    call = huawei(emulated)
    versions = call("list_api_versions")["versions"]
    assert [v["id"] for v in versions] == ["v1", "v2"]
    assert call("show_api_version", api_version="v1")["version"]["status"] == "CURRENT"
    assert refused(call, "show_api_version", api_version="v9") == (404, "AS.0033")
    assert http(emulated, "GET", "/autoscaling-api/latest")[2]["error"]["code"] == "AS.0033"


def test_who_may_not(emulated):
    key_id, secret = emulated.key
    wrong = huawei(emulated, key=(key_id, "not the secret"))
    assert refused(wrong, "list_scaling_groups") == (401, "APIGW.0301")
    unknown = huawei(emulated, key=("AKIDnobody", "x"))
    assert refused(unknown, "list_scaling_groups") == (401, "APIGW.0301")
    for project in ("{project_id}", "0dd8cb41", PROJECT + "0"):
        assert refused(huawei(emulated, project=project), "list_scaling_groups") == (400, "AS.0008")
    status, _, answer = http(emulated, "GET", "/v1/x/y/z/no-such-path")
    assert (status, answer["error_code"]) == (501, "APIGW.0101")
    status, _, answer = http(emulated, "GET", f"/autoscaling-api/v1/{PROJECT}/no_such_path")
    assert (status, answer["error_code"]) == (404, "APIGW.0101")
    status, _, answer = http(emulated, "PATCH", f"/autoscaling-api/v1/{PROJECT}/scaling_group")
    assert (status, answer["error_code"]) == (405, "APIGW.0101")


def test_a_read_only_key_may_look(server):
    one = server("--emulate")
    import json
    import subprocess

    from conftest import BINARY

    done = subprocess.run(
        [BINARY, "account", "key", "muster", "--read-only", "--data", str(one.data)], capture_output=True, text=True
    )
    made = json.loads(done.stdout)
    call = huawei(one, key=(made["access_key_id"], made["secret_access_key"]))
    assert call("list_scaling_groups")["total_number"] == 0
    body = {"scaling_configuration_name": "c", "instance_config": instance_config()}
    assert refused(call, "create_scaling_config", body=body) == (403, "AS.0011")


def test_bodies(emulated):
    def code(body):
        status, _, answer = raw(emulated, "POST", "scaling_group", body)
        return status, answer["error"]["code"]

    assert code(b"") == (400, "AS.0002")
    assert code(b"{") == (400, "AS.0022")
    assert code(b"[]") == (400, "AS.0022")
    assert code({"scaling_group_name": "a", "no_such_field": 1}) == (400, "AS.0022")
    assert code({"scaling_group_name": "a", "min_instance_number": "many"}) == (400, "AS.2004")
    assert code({"scaling_group_name": "a", "cool_down_time": "long"}) == (400, "AS.2006")
    _, _, answer = raw(emulated, "POST", "scaling_policy", {"cool_down_time": "long"})
    assert answer["error"]["code"] == "AS.3012" and "expected a whole number, got \"long\"" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"scaling_group_name": ""}, "AS.2002"),
        ({"scaling_group_name": "n" * 65}, "AS.2003"),
        ({"scaling_group_name": "a b"}, "AS.2022"),
        ({"min_instance_number": -1}, "AS.2004"),
        ({"min_instance_number": 5, "max_instance_number": 4, "desire_instance_number": 5}, "AS.2004"),
        ({"max_instance_number": 301}, "AS.2045"),
        ({"desire_instance_number": 11}, "AS.2005"),
        ({"cool_down_time": 86401}, "AS.2006"),
        ({"available_zones": [""]}, "AS.2011"),
        ({"vpc_id": ""}, "AS.2017"),
        ({"networks": []}, "AS.2013"),
        ({"networks": [{"id": f"n{i}"} for i in range(6)]}, "AS.2024"),
        ({"networks": [{"id": "n", "ipv6_bandwidth": {"id": "b"}}]}, "AS.2050"),
        ({"security_groups": [{"id": "a"}, {"id": "b"}]}, "AS.2025"),
        ({"lb_listener_id": ",".join("abcdefg")}, "AS.2037"),
        ({"lbaas_listeners": [{"pool_id": "", "protocol_port": 1}]}, "AS.2042"),
        ({"lbaas_listeners": [{"pool_id": "p", "protocol_port": 0}]}, "AS.2039"),
        ({"lbaas_listeners": [{"pool_id": "p", "protocol_port": 1, "weight": 101}]}, "AS.2040"),
        ({"lb_listener_id": "a", "lbaas_listeners": [{"pool_id": "p", "protocol_port": 1}]}, "AS.2026"),
        ({"health_periodic_audit_method": "ELB_AUDIT"}, "AS.2029"),
        ({"health_periodic_audit_method": "NONE"}, "AS.2029"),
        ({"health_periodic_audit_time": 2}, "AS.2031"),
        ({"health_periodic_audit_grace_period": 86401}, "AS.2046"),
        ({"instance_terminate_policy": "NONE"}, "AS.2032"),
        ({"notifications": ["SMS"]}, "AS.2034"),
        ({"multi_az_priority_policy": "NONE"}, "AS.2053"),
        ({"scaling_configuration_id": "47683a91-93ee-462a-a7d7-484c006f4440"}, "AS.1004"),
        ({"tags": [{"key": f"k{i}", "value": "v"} for i in range(11)]}, "AS.7045"),
        ({"tags": [{"key": "k" * 37, "value": "v"}]}, "AS.7063"),
        ({"tags": [{"key": "k", "value": "v" * 44}]}, "AS.7047"),
        ({"tags": [{"key": "k", "value": "v"}] * 2}, "AS.7050"),
    ],
    ids=str,
)
def test_a_group_is_refused(refusing, change, code):
    body = {
        "scaling_group_name": "g",
        "min_instance_number": 0,
        "max_instance_number": 10,
        "vpc_id": "v",
        "networks": [{"id": "n"}],
    } | change
    assert refused(refusing, "create_scaling_group", body=body) == (400, code)
    assert refusing("list_scaling_groups")["total_number"] == 0


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    """A server that nothing is ever made on."""
    from conftest import Server

    one = Server(tmp_path_factory.mktemp("refusing") / "data", "--emulate")
    yield huawei(one)
    one.close()


def test_groups_are_found(emulated):
    call = huawei(emulated)
    conf = config(call)
    made = [group(call, name=name, resume=name != "web-2", scaling_configuration_id=conf) for name in
            ("web-1", "web-2", "db", "组-3", "db")]
    # Names need not be unique here.
    assert len(set(made)) == 5

    def found(**filters):
        answer = call("list_scaling_groups", **filters)
        return [g["scaling_group_name"] for g in answer["scaling_groups"]], answer["total_number"]

    assert found(scaling_group_name="web") == (["web-1", "web-2"], 2)
    assert found(scaling_group_name="组") == (["组-3"], 1)
    assert found(scaling_group_name="web", scaling_group_status="PAUSED") == (["web-2"], 1)
    assert found(scaling_configuration_id=conf, limit=2, start_number=1) == (["web-2", "db"], 5)
    assert found(limit=0) == ([], 5)
    assert found(scaling_configuration_id=made[0]) == ([], 0)
    assert refused(call, "list_scaling_groups", limit=101) == (400, "AS.1002")
    assert refused(call, "list_scaling_groups", start_number=-1) == (400, "AS.1001")
    assert refused(call, "list_scaling_groups", scaling_group_status="GONE") == (400, "AS.2020")


def test_everything_of_a_group_is_shown_again(emulated):
    call = huawei(emulated)
    given = {
        "cool_down_time": 900,
        "lbaas_listeners": [{"pool_id": "pool-1", "protocol_port": 8080, "weight": 5}],
        "available_zones": ["cn-north-4a", "cn-north-4b"],
        "networks": [
            {"id": "n1", "ipv6_enable": True, "ipv6_bandwidth": {"id": "bw"}},
            {"id": "n2", "ipv6_enable": False, "allowed_address_pairs": [{"ip_address": "1.1.1.1/0"}]},
        ],
        "security_groups": [{"id": "sg-1"}],
        "health_periodic_audit_method": "ELB_AUDIT",
        "health_periodic_audit_time": 15,
        "health_periodic_audit_grace_period": 60,
        "instance_terminate_policy": "NEW_INSTANCE",
        "notifications": ["EMAIL"],
        "delete_publicip": True,
        "delete_volume": True,
        "enterprise_project_id": "ep-1",
        "multi_az_priority_policy": "PICK_FIRST",
        "iam_agency_name": "agency",
        "description": "the web",
        "tags": [{"key": "team", "value": "a"}],
    }
    made = group(call, resume=False, **given)
    got = shown(call, made)

    def holds(want, have):
        if isinstance(want, dict):
            return all(holds(value, have[key]) for key, value in want.items())
        if isinstance(want, list):
            return len(want) == len(have) and all(map(holds, want, have))
        return want == have

    for key, value in given.items():
        assert holds(value, got[key]), (key, value, got[key])
    change = {
        "scaling_group_name": "other",
        "lbaas_listeners": [{"pool_id": "pool-2", "protocol_port": 80, "weight": 1}],
        "networks": [{"id": "n3", "ipv6_enable": False}],
        "security_groups": [{"id": "sg-2"}],
        "available_zones": ["cn-north-4c"],
        "health_periodic_audit_time": 0,
        "instance_terminate_policy": "OLD_CONFIG_NEW_INSTANCE",
        "notifications": [],
        "delete_publicip": False,
        "description": "changed",
        "multi_az_priority_policy": "EQUILIBRIUM_DISTRIBUTE",
    }
    call("update_scaling_group", scaling_group_id=made, body=change)
    emulated.settle()
    got = shown(call, made)
    assert got["notifications"] is None
    del change["notifications"]
    for key, value in (given | change).items():
        if key != "notifications":
            assert holds(value, got[key]), (key, value, got[key])


def test_what_a_busy_or_full_group_refuses(emulated):
    call = huawei(emulated)
    made = group(call, 2, lb_listener_id="l1")
    emulated.settle()

    def update(**body):
        return refused(call, "update_scaling_group", scaling_group_id=made, body=body)

    assert update(networks=[{"id": "other"}]) == (400, "AS.2030")
    assert update(security_groups=[{"id": "other"}]) == (400, "AS.2030")
    assert update(lb_listener_id="l2") == (400, "AS.2030")
    assert update(desire_instance_number=11) == (400, "AS.2005")
    assert update(scaling_group_name="") == (400, "AS.2002")
    ids = [m["instance_id"] for m in instances(call, made)]
    protect = {"action": "PROTECT", "instances_id": ids}
    call("batch_protect_scaling_instances", scaling_group_id=made, body=protect)
    assert update(desire_instance_number=1) == (400, "AS.2010")

    emulated.faults({"op": "launch", "effect": "slow", "latency_secs": 60})
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 3})
    busy = shown(call, made)
    assert busy["is_scaling"] and busy["activity_type"] == "DIFF"
    assert update(available_zones=["zz"]) == (400, "AS.2054")
    assert refused(call, "delete_scaling_group", scaling_group_id=made) == (400, "AS.2033")
    remove = {"action": "REMOVE", "instances_id": ids[:1]}
    assert refused(call, "batch_remove_scaling_instances", scaling_group_id=made, body=remove) == (400, "AS.2033")
    assert refused(call, "delete_scaling_instance", instance_id=ids[0]) == (400, "AS.2033")
    assert refused(call, "delete_scaling_group", scaling_group_id=made, force_delete="maybe") == (400, "AS.2019")
    status, _, answer = raw(emulated, "POST", f"scaling_group/{made}/action", {"action": "stop"})
    assert (status, answer["error"]["code"]) == (400, "AS.2008")


def test_a_group_without_configuration(emulated):
    call = huawei(emulated)
    body = {"scaling_group_name": "bare", "vpc_id": "v", "networks": [{"id": "n"}]}
    made = call("create_scaling_group", body=body)["scaling_group_id"]
    resume = {"action": "resume"}
    assert refused(call, "resume_scaling_group", scaling_group_id=made, body=resume) == (400, "AS.2018")
    new = shown(call, made)
    assert new["scaling_configuration_id"] is None and new["max_instance_number"] == 1
    call("update_scaling_group", scaling_group_id=made, body={"scaling_configuration_id": config(call)})
    call("resume_scaling_group", scaling_group_id=made, body=resume)


def test_a_failing_launch_says_why(emulated):
    call = huawei(emulated)
    emulated.faults({"op": "launch", "effect": "error"})
    made = group(call, 1)
    emulated.settle()
    emulated.advance(3600)
    failed = shown(call, made)
    assert failed["scaling_group_status"] == "ERROR" and failed["detail"]
    emulated.faults()
    call("resume_scaling_group", scaling_group_id=made, body={"action": "resume"})
    emulated.settle()
    mended = shown(call, made)
    assert (mended["scaling_group_status"], mended["current_instance_number"]) == ("INSERVICE", 1)


def test_everything_of_a_configuration_is_shown_again(emulated):
    call = huawei(emulated)
    text = base64.b64encode(b"hello").decode()
    eip = {"ip_type": "5_bgp", "bandwidth": {"size": 10, "share_type": "PER", "charging_mode": "traffic"}}
    given = {
        "flavorRef": "s3.xlarge.4,s3.large.2",
        "disk": [{"size": 100, "volume_type": "SSD", "disk_type": "DATA"}, DISK],
        "personality": [{"path": "/etc/motd", "content": text}],
        "public_ip": {"eip": eip},
        "user_data": text,
        "metadata": {},
        "security_groups": [{"id": "sg-1"}],
        "tenancy": "dedicated",
        "dedicated_host_id": "dh-1",
        "multi_flavor_priority_policy": "COST_FIRST",
        "market_type": "spot",
        "tags": [{"key": "a", "value": "b"}],
    }
    made = config(call, **given)
    got = call("show_scaling_config", scaling_configuration_id=made)["scaling_configuration"]
    assert got["tenant"] == PROJECT and got["scaling_configuration_name"] == "as-config-tlzp"
    inner = got["instance_config"]
    for key in ("flavorRef", "user_data", "tenancy", "dedicated_host_id", "multi_flavor_priority_policy"):
        assert inner[key] == given[key], key
    assert [(d["size"], d["volume_type"], d["disk_type"]) for d in inner["disk"]] == [
        (100, "SSD", "DATA"),
        (40, "SATA", "SYS"),
    ]
    assert inner["public_ip"]["eip"]["bandwidth"]["size"] == 10 and inner["key_name"] == "100vm_key"
    assert inner["personality"] == given["personality"] and inner["security_groups"] == [{"id": "sg-1"}]

    # Like another one, with some of it changed: null keeps, an empty value clears.
    body = {
        "scaling_configuration_name": "like",
        "source_scaling_configuration_id": made,
        "instance_config": {
            "flavorRef": "s6.large.2",
            "user_data": "",
            "public_ip": {},
            "multi_flavor_priority_policy": "",
        },
    }
    like = call("create_scaling_config", body=body)["scaling_configuration_id"]
    got = call("show_scaling_config", scaling_configuration_id=like)["scaling_configuration"]["instance_config"]
    assert (got["flavorRef"], got["user_data"], got["key_name"]) == ("s6.large.2", None, "100vm_key")
    assert len(got["disk"]) == 2 and got["public_ip"] is None
    assert got["multi_flavor_priority_policy"] == "PICK_FIRST"
    found = call("list_scaling_configs", scaling_configuration_name="like")
    assert [c["scaling_configuration_id"] for c in found["scaling_configurations"]] == [like]
    assert call("list_scaling_configs", image_id="no-such")["total_number"] == 0

    # A password is never shown, under either of its names.
    for name in ("admin_pass", "adminPass"):
        body = {
            "scaling_configuration_name": "password",
            "instance_config": instance_config(metadata={name: "Secret-123"}, key_name=None),
        }
        secret = raw(emulated, "POST", "scaling_configuration", body)[2]["scaling_configuration_id"]
        status, _, answer = raw(emulated, "GET", f"scaling_configuration/{secret}")
        shown_config = answer["scaling_configuration"]["instance_config"]
        assert status == 200 and shown_config["adminPass"] == "****" and shown_config["metadata"] == {}
        assert "Secret-123" not in str(answer)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"flavorRef": None}, "AS.1016"),
        ({"flavorRef": ",".join(f"f{i}" for i in range(11))}, "AS.1087"),
        ({"imageRef": None}, "AS.1014"),
        ({"disk": None}, "AS.1028"),
        ({"disk": []}, "AS.1028"),
        ({"disk": [DISK, DISK]}, "AS.1029"),
        ({"disk": [DISK | {"disk_type": "DATA"}]}, "AS.1029"),
        ({"disk": [DISK | {"size": 0}]}, "AS.1031"),
        ({"disk": [DISK, DISK | {"disk_type": "DATA", "size": 9}]}, "AS.1031"),
        ({"disk": [DISK] + [DISK | {"disk_type": "DATA"}] * 24}, "AS.1032"),
        ({"disk": [DISK | {"volume_type": "TAPE"}]}, "AS.1033"),
        ({"disk": [DISK | {"disk_type": "BOOT"}]}, "AS.1034"),
        ({"metadata": {"admin_pass": "Secret-123"}}, "AS.1025"),
        ({"key_name": None}, "AS.1026"),
        ({"key_name": None, "metadata": {"admin_pass": "short"}}, "AS.1035"),
        ({"key_name": None, "metadata": {"adminPass": "lower-only"}}, "AS.1035"),
        ({"key_name": None, "metadata": {"admin_pass": "lower123#"}}, "AS.1035"),
        ({"key_name": None, "metadata": {"admin_pass": "Root-1234"}}, "AS.1035"),
        ({"key_name": None, "metadata": {"admin_pass": "1234-toor-A"}}, "AS.1035"),
        ({"metadata": {"adminPass": "Secret-123"}}, "AS.1025"),
        ({"personality": [{"path": "/a", "content": ""}] * 6}, "AS.1027"),
        ({"personality": [{"path": "/a"}]}, "AS.1027"),
        ({"personality": [{"path": "/a", "content": base64.b64encode(b"x" * 1025).decode()}]}, "AS.1027"),
        ({"user_data": "%"}, "AS.1049"),
        ({"user_data": base64.b64encode(b"x" * (32 * 1024 + 1)).decode()}, "AS.1049"),
        ({"metadata": {"k": "v" * 512}}, "AS.1052"),
        ({"metadata": {"k\t1": "v"}}, "AS.1052"),
        ({"disk": [DISK | {"data_disk_image_id": "i"}]}, "AS.1055"),
        ({"disk": [DISK | {"dedicated_storage_id": "d"}, DATA]}, "AS.1060"),
        ({"disk": [DISK | {"dedicated_storage_id": "d", "snapshot_id": "s"}]}, "AS.1063"),
        ({"disk": [DISK, DATA | {"data_disk_image_id": "i", "snapshot_id": "s"}]}, "AS.1064"),
        ({"disk": [DISK | {"metadata": {"__system__encrypted": "1"}}]}, "AS.0022"),
        ({"disk": [DISK, DATA | {"metadata": {"__system__encrypted": "yes"}}]}, "AS.0022"),
        ({"public_ip": {"eip": {"ip_type": "6", "bandwidth": {}}}}, "AS.1043"),
        (
            {
                "public_ip": {
                    "eip": {
                        "ip_type": "5_bgp",
                        "bandwidth": {"size": 301, "share_type": "PER", "charging_mode": "traffic"},
                    }
                }
            },
            "AS.1042",
        ),
        ({"multi_flavor_priority_policy": "NONE"}, "AS.1085"),
    ],
    ids=str,
)
def test_a_configuration_is_refused(refusing, change, code):
    settings = {key: value for key, value in (instance_config() | change).items() if value is not None}
    body = {"scaling_configuration_name": "c", "instance_config": settings}
    assert refused(refusing, "create_scaling_config", body=body) == (400, code)
    assert refusing("list_scaling_configs")["total_number"] == 0


def test_configurations_go(emulated):
    call = huawei(emulated)
    body = {"scaling_configuration_name": "c"}
    assert refused(call, "create_scaling_config", body=body) == (400, "AS.1011")
    for name, code in (("", "AS.1007"), ("n" * 65, "AS.1008"), ("a b", "AS.1023")):
        body = {"scaling_configuration_name": name, "instance_config": instance_config()}
        assert refused(call, "create_scaling_config", body=body) == (400, code)
    used = config(call)
    made = group(call, resume=False, scaling_configuration_id=used)
    free = [config(call, f"free-{i}") for i in range(3)]
    got = call("show_scaling_config", scaling_configuration_id=used)["scaling_configuration"]
    assert got["scaling_group_id"] == made
    assert refused(call, "delete_scaling_config", scaling_configuration_id=used) == (400, "AS.1006")
    _, _, answer = raw(emulated, "DELETE", f"scaling_configuration/{used}")
    assert answer["error"]["message"].endswith(f" `scaling_group_id` is `{made}`.")
    call("delete_scaling_config", scaling_configuration_id=free[0])
    assert refused(call, "delete_scaling_config", scaling_configuration_id=free[0]) == (404, "AS.0007")
    assert refused(call, "show_scaling_config", scaling_configuration_id=free[0]) == (404, "AS.0007")
    batch = {"scaling_configuration_id": [free[1], used, free[0]]}
    status, _, answer = raw(emulated, "POST", "scaling_configurations", batch)
    assert (status, answer["error"]["code"]) == (400, "AS.1038")
    import json

    left = json.loads(answer["error"]["message"])
    assert left == [{"id": used, "errorCode": "AS.1006"}, {"id": free[0], "errorCode": "AS.1004"}]
    ids = [c["scaling_configuration_id"] for c in call("list_scaling_configs")["scaling_configurations"]]
    assert ids == [used, free[2]]
    call("batch_delete_scaling_configs", body={"scaling_configuration_id": [free[2]]})
    many = {"scaling_configuration_id": ["x"] * 51}
    assert refused(call, "batch_delete_scaling_configs", body=many) == (400, "AS.1039")
    none = {"scaling_configuration_id": []}
    assert refused(call, "batch_delete_scaling_configs", body=none) == (400, "AS.1040")
    image = {"instance_config": {"imageRef": "another"}}
    call("update_scaling_config", scaling_configuration_id=used, body=image)
    got = call("show_scaling_config", scaling_configuration_id=used)["scaling_configuration"]
    assert got["instance_config"]["imageRef"] == "another"


def test_a_configuration_like_a_machine(emulated):
    call = huawei(emulated)
    machine = emulated.native("POST", "machines", {"instance_type": "s6.small.1", "image": "img-of-it"})["machine"]
    body = {
        "scaling_configuration_name": "like-it",
        "instance_config": {"instance_id": machine["uuid"], "key_name": "k"},
    }
    made = call("create_scaling_config", body=body)["scaling_configuration_id"]
    got = call("show_scaling_config", scaling_configuration_id=made)["scaling_configuration"]["instance_config"]
    assert (got["flavorRef"], got["imageRef"]) == ("s6.small.1", "img-of-it")
    # What the machine has counts, whatever is said beside it.
    own = {"flavorRef": "f", "imageRef": "i", "disk": [{"size": 0}], "security_groups": [{"id": "sg-9"}]}
    body["instance_config"] |= own
    made = call("create_scaling_config", body=body)["scaling_configuration_id"]
    assert call("show_scaling_config", scaling_configuration_id=made)["scaling_configuration"]["instance_config"] == got
    body["instance_config"]["instance_id"] = "47683a91-93ee-462a-a7d7-484c006f4440"
    assert refused(call, "create_scaling_config", body=body) == (400, "AS.4006")


def batch(call, made, method, action, ids, **more):
    body = {"action": action, "instances_id": ids} | more
    return call(f"batch_{method}_scaling_instances", scaling_group_id=made, body=body)


def test_machines_come_and_go_by_hand(emulated):
    call = huawei(emulated)
    made = group(call, 1)
    emulated.settle()
    own = instances(call, made)[0]["instance_id"]
    vpc = "a8327883-6b07-4497-9c61-68d03ee193a"
    foreign = emulated.native("POST", "machines", {"vpc": vpc})["machine"]["uuid"]
    batch(call, made, "add", "ADD", [foreign])
    emulated.settle()
    there = shown(call, made)
    assert (there["current_instance_number"], there["desire_instance_number"]) == (2, 2)
    added = next(m for m in instances(call, made) if m["instance_id"] == foreign)
    assert (added["scaling_configuration_name"], added["scaling_configuration_id"]) == ("MANNUAL_ADD", None)

    def refuses(method, action, ids, **more):
        body = {"action": action, "instances_id": ids} | more
        return refused(call, f"batch_{method}_scaling_instances", scaling_group_id=made, body=body)

    nobody = "47683a91-93ee-462a-a7d7-484c006f4440"
    elsewhere = emulated.native("POST", "machines", {"vpc": "another"})["machine"]["uuid"]
    for ids, inner in (([foreign], "AS.4023"), ([nobody], "AS.4006"), ([elsewhere], "AS.4021")):
        status, _, answer = raw(
            emulated, "POST", f"scaling_group_instance/{made}/action", {"action": "ADD", "instances_id": ids}
        )
        assert (status, answer["error"]["code"]) == (400, "AS.4029")
        assert ids[0] in answer["error"]["message"] and inner in answer["error"]["message"]
    assert refuses("add", "ADD", []) == (400, "AS.4019")
    assert refuses("remove", "REMOVE", []) == (400, "AS.4013")
    assert refuses("protect", "PROTECT", []) == (400, "AS.4032")
    assert refuses("remove", "NONE", [own]) == (400, "AS.4018")
    assert refuses("remove", "REMOVE", ["x"] * 11) == (400, "AS.4043")
    assert refuses("remove", "REMOVE", [nobody]) == (400, "AS.4030")
    assert refuses("protect", "PROTECT", [nobody]) == (400, "AS.4033")
    assert refuses("remove", "REMOVE", [own], instance_delete="maybe") == (400, "AS.4007")

    # What was added by hand leaves with its machine alive; what the group made is deleted on request only.
    batch(call, made, "remove", "REMOVE", [foreign], instance_delete="yes")
    emulated.settle()
    assert [m["state"].lower() for m in emulated.machines() if m["uuid"] == foreign] == ["running"]
    there = shown(call, made)
    assert (there["current_instance_number"], there["desire_instance_number"]) == (1, 1)
    call("update_scaling_group", scaling_group_id=made, body={"min_instance_number": 1})
    assert refuses("remove", "REMOVE", [own]) == (400, "AS.2036")
    assert refused(call, "delete_scaling_instance", instance_id=own) == (400, "AS.2036")
    call("update_scaling_group", scaling_group_id=made, body={"min_instance_number": 0})
    call("delete_scaling_instance", instance_id=own, instance_delete="no")
    emulated.settle()
    assert [m for m in emulated.machines() if m["uuid"] == own], "it was only taken out"
    assert shown(call, made)["desire_instance_number"] == 0
    assert refused(call, "delete_scaling_instance", instance_id=own) == (400, "AS.4006")
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 1})
    emulated.settle()
    own = instances(call, made)[0]["instance_id"]
    call("delete_scaling_instance", instance_id=own, instance_delete="yes")
    emulated.settle()
    assert not [m for m in emulated.machines() if m["uuid"] == own]

    call("pause_scaling_group", scaling_group_id=made, body={"action": "pause"})
    assert refuses("add", "ADD", [foreign]) == (400, "AS.2033")


def test_standby_and_protection(emulated):
    call = huawei(emulated)
    made = group(call, 2)
    emulated.settle()
    first, second = (m["instance_id"] for m in instances(call, made))
    batch(call, made, "protect", "PROTECT", [first])
    assert [m["instance_id"] for m in instances(call, made, protect_from_scaling_down="true")] == [first]
    call("update_scaling_group", scaling_group_id=made, body={"desire_instance_number": 1})
    emulated.settle()
    assert [m["instance_id"] for m in instances(call, made)] == [first]
    batch(call, made, "unprotect", "UNPROTECT", [first])
    body = {"action": "ENTER_STANDBY", "instances_id": [first], "instance_append": "yes"}
    call("batch_set_scaling_instances_standby", scaling_group_id=made, body=body)
    emulated.settle()
    states = {m["instance_id"]: m["life_cycle_state"] for m in instances(call, made)}
    assert states.pop(first) == "STANDBY" and list(states.values()) == ["INSERVICE"]
    body = {"action": "EXIT_STANDBY", "instances_id": [first]}
    call("batch_unset_scaling_instances_stantby", scaling_group_id=made, body=body)
    emulated.settle()
    assert {m["life_cycle_state"] for m in instances(call, made)} == {"INSERVICE"}
    assert refused(call, "list_scaling_instances", scaling_group_id=made, life_cycle_state="X") == (400, "AS.4003")
    assert refused(call, "list_scaling_instances", scaling_group_id=made, health_status="X") == (400, "AS.4004")
    assert refused(call, "list_scaling_instances", scaling_group_id=made, limit=101) == (400, "AS.4001")
    assert refused(call, "list_scaling_instances", scaling_group_id=made, start_number=-1) == (400, "AS.4000")
    assert refused(call, "list_scaling_instances", scaling_group_id=second) == (400, "AS.2007")
