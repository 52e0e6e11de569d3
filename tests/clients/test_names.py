"""Names of machines and hosts through the real SDK; host names reach the process."""

import base64

from conftest import eventually, wait_until
from test_emulate import config, group


def test_numbers_suffixes_and_delimiters(emulated):
    call = emulated.sdk()
    template = config(
        call,
        InstanceNameSettings={"InstanceName": "web", "InstanceNameSuffix": "prod", "InstanceNameDelimiter": "-"},
    )
    made = group(
        call,
        2,
        LaunchConfigurationId=template,
        InstanceNameIndexSettings={"Enabled": True, "BeginIndex": 9, "IndexLength": 3},
    )
    emulated.settle()
    assert sorted(m["name"] for m in emulated.machines()) == ["web-009-prod", "web-010-prod"]
    call("ModifyAutoScalingGroup", AutoScalingGroupId=made, InstanceNameIndexSettings={"Enabled": False})
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=3)
    emulated.settle()
    assert "web-prod" in {m["name"] for m in emulated.machines()}


def test_unique_names_differ_and_the_plain_one_is_the_groups(emulated):
    call = emulated.sdk()
    unique = config(call, InstanceNameSettings={"InstanceName": "web", "InstanceNameStyle": "UNIQUE"})
    group(call, 2, LaunchConfigurationId=unique)
    group(call, 1, name="plain")
    emulated.settle()
    names = {m["name"] for m in emulated.machines()}
    assert len(names) == 3 and "as-plain" in names
    assert sum(name.startswith("web.") for name in names) == 2


def test_a_host_name_reaches_the_process(server):
    muster = server()
    call = muster.sdk()
    script = base64.b64encode(b"#!/bin/sh\necho $MUSTER_HOST_NAME > host\nexec sleep 86400\n").decode()
    template = config(
        call, UserData=script, HostNameSettings={"HostName": "node", "HostNameSuffix": "local"}
    )
    made = group(
        call, 1, LaunchConfigurationId=template, HostNameIndexSettings={"Enabled": True, "BeginIndex": 4}
    )
    wait_until(call, made, 1)
    instance = call("DescribeAutoScalingInstances")["AutoScalingInstanceSet"][0]["InstanceId"]
    host = muster.data / "machines" / instance / "work" / "host"

    def told():
        return host.exists() and host.read_text().strip() == "node.4.local"

    eventually(told)
