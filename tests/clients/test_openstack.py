"""`openstack as ...`, the command line of OpenStack with otcextensions: token log-in, and Huawei Cloud's door by hand."""

import json
import os
import pathlib
import subprocess

import pytest
from conftest import ROOT
from huawei import alarm_rule, huawei

OPENSTACK = os.environ.get("MUSTER_OPENSTACK", str(ROOT / "target/venv-openstack/bin/openstack"))


class Refused(Exception):
    pass


def command_line(server):
    """`cli("group", "list")`: what is printed, read as JSON."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("OS_")} | {
        "OS_AUTH_URL": f"http://{server.address}/v3",
        "OS_USERNAME": "admin",
        "OS_PASSWORD": server.key[1],
        "OS_USER_DOMAIN_NAME": "muster",
        "OS_PROJECT_NAME": "cn-north-4",
        "OS_REGION_NAME": "cn-north-4",
        "OS_IDENTITY_API_VERSION": "3",
        "HOME": str(pathlib.Path(server.data).parent),
    }

    def cli(*words, as_json=True):
        command = [OPENSTACK, "as", *words, *(["-f", "json"] if as_json else [])]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise Refused(done.stdout + done.stderr)
        return json.loads(done.stdout) if as_json and done.stdout.strip() else None

    return cli


def test_a_group_by_the_command_line(emulated):
    cli = command_line(emulated)
    place = ["--network-id", "3cd35bca-5a10-416f-8994-f79169559870", "--router-id", "a8327883-6b07-4497-9c61"]
    disk = ["--disk", "SYS,SATA,40"]
    cli("config", "create", "conf", "--flavor", "s3.large.2", "--image-id", "627a1223", *disk, "--key", "k")
    conf = cli("config", "list")[0]["ID"]
    assert cli("config", "show", conf)
    sizes = ["--desire-instance-number", "2", "--min-instance-number", "0", "--max-instance-number", "5"]
    cli("group", "create", "web", *place, *sizes)
    made = cli("group", "list")[0]
    assert (made["Name"], made["status"]) == ("web", "PAUSED")
    group = made["ID"]
    # The command line has no word for the configuration of a group.
    call = huawei(emulated)
    call("update_scaling_group", scaling_group_id=group, body={"scaling_configuration_id": conf})
    cli("group", "enable", group, as_json=False)
    emulated.settle()
    assert cli("group", "show", group)["status"] == "INSERVICE"
    assert len(cli("instance", "list", "--group", group)) == 2
    assert len(cli("activity", "list", "--group", group)) == 1
    action = ["--action-operation", "ADD", "--action-instance-number", "1"]
    cli("policy", "create", "more", "--group", group, "--type", "ALARM", "--alarm-id", alarm_rule(emulated, group), *action)
    policy = call("list_scaling_policies", scaling_group_id=group)["scaling_policies"][0]["scaling_policy_id"]
    assert len(cli("policy", "list", "--group", group)) == 1
    assert cli("policy", "show", policy)["cool_down_time"] == 300
    cli("policy", "update", policy, "--group", group, "--cool-down-time", "10")
    changed = cli("policy", "show", policy)
    assert (changed["cool_down_time"], changed["scaling_policy_action"]["instance_number"]) == (10, 1)
    cli("policy", "execute", policy, as_json=False)
    emulated.settle()
    members = cli("instance", "list", "--group", group)
    assert len(members) == 3
    cli("policy", "disable", policy, as_json=False)
    assert call("show_scaling_policy", scaling_policy_id=policy)["scaling_policy"]["policy_status"] == "PAUSED"
    cli("policy", "enable", policy, as_json=False)
    cli("policy", "delete", policy, as_json=False)
    assert call("list_scaling_policies", scaling_group_id=group)["total_number"] == 0
    assert {row["type"] for row in cli("quota", "list")} >= {"scaling_Group", "scaling_Instance"}
    assert [row["used"] for row in cli("quota", "list", "--group", group)] == [0, 3]
    # (The command `instance batch` calls a method of its own library by a wrong name.)
    cli("instance", "remove", members[0]["ID"], as_json=False)
    emulated.settle()
    assert {row["ID"] for row in cli("instance", "list", "--group", group)} == {row["ID"] for row in members[1:]}
    cli("group", "update", group, "--desire-instance-number", "1")
    emulated.settle()
    assert len(cli("instance", "list", "--group", group)) == 1
    # The command line takes 0 for "not given".
    call("update_scaling_group", scaling_group_id=group, body={"desire_instance_number": 0})
    emulated.settle()
    cli("group", "disable", group, as_json=False)
    assert cli("group", "show", group)["status"] == "PAUSED"
    cli("group", "delete", group, as_json=False)
    assert cli("group", "list") == []
    cli("config", "delete", conf, as_json=False)
    assert cli("config", "list") == []
    with pytest.raises(Refused, match="could not be found|No .* found|404"):
        cli("config", "show", conf)
