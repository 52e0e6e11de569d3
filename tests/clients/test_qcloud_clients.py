"""The three clients of the Tencent Cloud API of 2017, each through a tour of its actions: npm qcloudapi-sdk over plain HTTP,
and qcloudapi-sdk-python and qcloudcli, which speak HTTPS to their cloud's host only, with Muster as their proxy."""

import contextlib
import datetime
import json
import os
import subprocess

import pytest
from conftest import ROOT
from qcloud import Refused, checked

NODE = os.environ.get("MUSTER_NODE_DIR", str(ROOT / "target/node"))
VENV = os.environ.get("MUSTER_QCLOUD_VENV", str(ROOT / "target/venv-qcloud"))
CLIENTS = ROOT / "tests/clients"
BEIJING = datetime.timezone(datetime.timedelta(hours=8))

# The seed's 32 actions.
ACTIONS = {
    *(f"{verb}ScalingConfiguration" for verb in ("Create", "Describe", "Delete")),
    *(f"{verb}ScalingGroup" for verb in ("Create", "Describe", "Modify", "Delete")),
    *("SetCvmProtectedDetach", "DescribeScalingInstance", "AttachInstance", "DetachInstance", "DescribeScalingActivity"),
    *(f"{verb}ScalingPolicy" for verb in ("Create", "Describe", "Modify", "Delete")),
    *(f"{verb}ScheduledTask" for verb in ("Create", "Describe", "Modify", "Delete")),
    *(f"{verb}LifecycleHook" for verb in ("Create", "Describe", "Modify", "Delete")),
    *("CompleteLifecycleHookAction", "RecordLifecycleHookTimeout", "AttachLifecycleHookId", "DetachLifecycleHookId"),
    *(f"{verb}ScalingNotification" for verb in ("Create", "Describe", "Modify", "Delete")),
}
# The command line spells these otherwise, and has no word for SetCvmProtectedDetach.
CLI_SPELLING = {action: action.replace("Lifecycle", "LifeCycle") for action in ACTIONS}
CLI_SPELLING["DescribeLifecycleHook"] = "DescribeLIfeCycleHook"


def proxied(server):
    """The environment in which a client that is left as it is reaches Muster."""
    ca = str(server.data / "tls/ca.pem")
    home = server.data.parent / "home"
    (home / ".qcloudcli").mkdir(parents=True, exist_ok=True)
    key_id, secret = server.key
    (home / ".qcloudcli/configure").write_text("[default]\nregion = gz\noutput = json\n")
    (home / ".qcloudcli/credentials").write_text(f"[default]\nqcloud_secretid = {key_id}\nqcloud_secretkey = {secret}\n")
    return os.environ | {
        "https_proxy": f"http://{server.address}",
        "SSL_CERT_FILE": ca,
        "NODE_EXTRA_CA_CERTS": ca,
        "NODE_PATH": f"{NODE}/node_modules",
        "HOME": str(home),
    }


class Caller:
    """`call("DescribeScalingGroup", limit=5)`: the data of the answer. What was called and succeeded is kept."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.done = set()

    def __call__(self, action, **parameters):
        data = checked(self.exchange(action, parameters))
        self.done.add(action)
        return data

    def refused(self, action, **parameters):
        try:
            answer = self(action, **parameters)
        except Refused as refusal:
            return refusal.pair
        raise AssertionError(f"{action} was not refused: {answer}")


@contextlib.contextmanager
def lines(command, env):
    """A driver that is asked and answers line by line."""
    process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def exchange(action, parameters):
        process.stdin.write(json.dumps({"action": action, "parameters": parameters}) + "\n")
        process.stdin.flush()
        out = json.loads(process.stdout.readline())
        assert "answer" in out, out
        return out["answer"]

    try:
        yield Caller(exchange)
    finally:
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def npm(server, **defaults):
    key_id, secret = server.key
    plain = {"SecretId": key_id, "SecretKey": secret} | defaults
    # The driver stands beside the packages' pins, the packages elsewhere.
    return lines(["node", "--no-deprecation", str(CLIENTS / "node/qcloud.js"), json.dumps(plain)], proxied(server))


def python(server, module="scaling", env=None, **config):
    key_id, secret = server.key
    plain = {"Region": "gz", "secretId": key_id, "secretKey": secret} | config
    command = [f"{VENV}/bin/python", str(CLIENTS / "qcloud_sdk.py"), json.dumps(plain), module]
    return lines(command, env or proxied(server))


@contextlib.contextmanager
def command_line(server):
    env = proxied(server)

    def exchange(action, parameters):
        words = []
        for name, value in parameters.items():
            words += [f"--{name}", json.dumps(value) if isinstance(value, (dict, list)) else str(value)]
        command = [f"{VENV}/bin/python", "-W", "ignore", f"{VENV}/bin/qcloudcli", "scaling", CLI_SPELLING.get(action, action)]
        done = subprocess.run([*command, *words], env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stdout.lstrip().startswith("{"), done.stdout + done.stderr
        return json.loads(done.stdout)

    yield Caller(exchange)


CONNECTED = {
    "npm": lambda server: npm(server, protocol="http", host=server.address),
    "python": python,
    "qcloudcli": command_line,
}


def in_beijing(server, **later):
    now = datetime.datetime.fromisoformat(server.native("GET", "clock")["now"].replace("Z", "+00:00"))
    return (now.astimezone(BEIJING) + datetime.timedelta(**later)).strftime("%Y-%m-%d %H:%M:%S")


def configuration(call, name="test", **more):
    made = call(
        "CreateScalingConfiguration",
        **{
            "scalingConfigurationName": name, "imageId": "img-31tjrtph", "imageType": 2, "cpu": 1, "mem": 1,
            "storageType": 2, "storageSize": 50, "rootSize": 50, "bandwidthType": "PayByTraffic", "bandwidth": 1,
            "keyId": "skey-1a2b3c4d", "sgId": "sg-12345678", "userdata": "ZWNobyBoaQ==",
        } | more,
    )
    return made["scalingConfigurationIdSet"][0]


def group(call, configuration, name="test", **more):
    place = {"vpcId": "vpc-12345678", "subnetIds": ["subnet-12345678", "subnet-87654321"]}
    sizes = {"minSize": 0, "maxSize": 5, "desiredCapacity": 2, "removePolicy": "RemoveOldestInstance"}
    named = {"scalingConfigurationId": configuration, "scalingGroupName": name}
    return call("CreateScalingGroup", **(named | sizes | place | more))["scalingGroupIdSet"][0]


def members(call, made, **filters):
    return call("DescribeScalingInstance", scalingGroupId=made, **filters)["scalingInstancesSet"]


def groups_and_members(server, call, made, conf):
    found = call("DescribeScalingConfiguration", scalingConfigurationIds=[conf])
    assert (found["totalCount"], found["scalingConfigurationSet"][0]["scalingConfigurationName"]) == (1, "test")
    server.settle()
    found = call("DescribeScalingGroup", scalingGroupIds=[made, "asg-absent01"], limit=20)
    (one,) = found["scalingGroupSet"]
    assert (found["totalCount"], one["scalingGroupId"], one["instanceNum"], one["maxSize"]) == (1, made, 2, 5)
    first, second = members(call, made)
    assert (first["healthStatus"], first["creationType"], first["lifeCycleState"]) == ("Healthy", "Auto", "InService")
    activities = call("DescribeScalingActivity", scalingGroupId=made)
    assert activities["totalCount"] == 1 and activities["scalingActivitySet"][0]["status"] == 2
    # The protected one stays.
    if "SetCvmProtectedDetach" in call.has:
        call("SetCvmProtectedDetach", scalingGroupId=made, instanceIds=[first["instanceId"]], protectedFromDetach=1)
        sizes = {"minSize": 0, "maxSize": 5, "desiredCapacity": 1, "removePolicy": "RemoveOldestInstance"}
        call("ModifyScalingGroup", scalingGroupId=made, scalingGroupName="other", **sizes)
        server.settle()
        assert [m["instanceId"] for m in members(call, made)] == [first["instanceId"]]
    else:
        sizes = {"minSize": 0, "maxSize": 5, "desiredCapacity": 1, "removePolicy": "RemoveNewestInstance"}
        call("ModifyScalingGroup", scalingGroupId=made, scalingGroupName="other", **sizes)
        server.settle()
        assert len(members(call, made)) == 1
    machine = server.native("POST", "machines", {"vpc": "vpc-12345678", "subnet": "subnet-12345678"})["machine"]["id"]
    call("AttachInstance", scalingGroupId=made, instanceIds=[machine])
    server.settle()
    assert [m["instanceId"] for m in members(call, made, creationType="Manual")] == [machine]
    call("DetachInstance", scalingGroupId=made, instanceIds=[machine], keepInstance=1)
    server.settle()
    assert len(members(call, made)) == 1
    assert call.refused("DetachInstance", scalingGroupId=made, instanceIds=[machine])[0] != 0


METRIC = {
    "dimensionName": "cpu_usage", "comparisonOperator": "Greater", "threshold": 50, "repeatTimes": 2,
}


def policies(server, call, made):
    by = {"adjustmentType": "QuantityChangeInCapacity", "adjustmentValue": 1, "cooldown": 300}
    data = call("CreateScalingPolicy", scalingGroupId=made, scalingPolicyName="up", metric=METRIC, notifyIds=["1832"], **by)
    policy = data["scalingPolicyIdSet"][0]
    key = {"scalingGroupId": made, "scalingPolicyId": policy}
    call("ModifyScalingPolicy", scalingPolicyName="more", adjustmentValue=2, **key)
    (one,) = call("DescribeScalingPolicy", scalingGroupId=made, scalingPolicyIds=[policy])["scalingPolicySet"]
    assert (one["scalingPolicyName"], one["adjustmentValue"], one["cooldown"]) == ("more", 2, 300)
    assert one["metric"]["dimensionName"] == "cpu_usage"
    call("DeleteScalingPolicy", **key)
    assert call.refused("DeleteScalingPolicy", **key)[0] != 0


def tasks(server, call, made):
    # Nearer than five minutes to each other they would be refused.
    sizes = {"readjustMaxSize": 4, "readjustMinSize": 1}
    times = {"startTime": in_beijing(server, hours=1), "endTime": in_beijing(server, days=40), "recurrence": "* * 1 * *"}
    data = call("CreateScheduledTask", scalingGroupId=made, scalingScheduledTaskName="monthly", **sizes, **times)
    task = data["scalingScheduleTaskId"]
    task = task[0] if isinstance(task, list) else task
    call("ModifyScheduledTask", scalingGroupId=made, scalingScheduledTaskId=task, scalingScheduledTaskName="renamed",
         readjustMaxSize=3, readjustMinSize=0)
    (one,) = call("DescribeScheduledTask", scalingGroupId=made, scalingScheduledTaskIds=[task])["scalingScheduleTaskSet"]
    assert (one["scalingScheduledTaskName"], one["readjustMaxSize"], one["readjustMinSize"]) == ("renamed", 3, 0)
    call("DeleteScheduledTask", scalingGroupId=made, scalingScheduledTaskId=task)
    assert call("DescribeScheduledTask", scalingGroupId=made)["scalingScheduleTaskSet"] == []


def hooks(server, call, made):
    named = {"lifeCycleHookName": "hold", "lifeCycleHookTimeout": 600, "transition": 0, "defaultResult": 0}
    hook = call("CreateLifecycleHook", scalingGroupId=made, notifyIds=["1832"], **named)["lifeCycleHookId"]
    hook = hook[0] if isinstance(hook, list) else hook
    key = {"scalingGroupId": made, "lifeCycleHookId": hook}
    call("ModifyLifecycleHook", lifeCycleHookTimeout=900, lifeCycleHookName="held", defaultResult=0, transition=0, **key)
    (one,) = call("DescribeLifecycleHook", **key)["lifeCycleHookSet"]
    assert (one["lifeCycleHookName"], one["lifeCycleHookTimeout"]) == ("held", 900)
    call("AttachLifecycleHookId", **key)
    sizes = {"minSize": 0, "maxSize": 5, "desiredCapacity": 2, "removePolicy": "RemoveNewestInstance"}
    call("ModifyScalingGroup", scalingGroupId=made, **sizes)
    server.settle()
    (waits,) = [m for m in members(call, made) if m["lifeCycleState"] != "InService"]
    waiting = key | {"scalingInstanceId": waits["instanceId"]}
    call("RecordLifecycleHookTimeout", recordTimeout=1200, **waiting)
    server.advance(1000)
    assert {m["lifeCycleState"] for m in members(call, made)} != {"InService"}
    call("CompleteLifecycleHookAction", lifeCycleHookResult=0, **waiting)
    server.settle()
    assert [m["lifeCycleState"] for m in members(call, made)] == ["InService"] * 2
    call("DetachLifecycleHookId", scalingGroupId=made)
    call("DeleteLifecycleHook", lifeCycleHookName="held", **key)
    assert call("DescribeLifecycleHook", scalingGroupId=made)["lifeCycleHookSet"] == []


def notifications(server, call, made):
    named = {"notificationName": "told"} if call.named_notifications else {}
    data = call("CreateScalingNotification", scalingGroupId=made, notificationTypes=[1, 2], receiversIds=["1832"], **named)
    told = data["notificationId"]
    told = told[0] if isinstance(told, list) else told
    key = {"scalingGroupId": made, "notificationId": told}
    call("ModifyScalingNotification", notificationTypes=[3], receiversIds=["1832"], **named, **key)
    (one,) = call("DescribeScalingNotification", scalingGroupId=made, notificationIds=[told])["scalingNotificationSet"]
    assert [int(kind) for kind in one["notificationTypes"]] == [3]
    call("DeleteScalingNotification", scalingGroupId=made, notificationIds=[told])
    assert call("DescribeScalingNotification", scalingGroupId=made)["scalingNotificationSet"] == []


def farewell(server, call, made, conf):
    assert call.refused("DeleteScalingGroup", scalingGroupId=made)[0] != 0
    sizes = {"minSize": 0, "maxSize": 5, "desiredCapacity": 0, "removePolicy": "RemoveNewestInstance"}
    for member in members(call, made):
        if "SetCvmProtectedDetach" in call.has:
            call("SetCvmProtectedDetach", scalingGroupId=made, instanceIds=[member["instanceId"]], protectedFromDetach=0)
    call("ModifyScalingGroup", scalingGroupId=made, **sizes)
    server.settle()
    call("DeleteScalingGroup", scalingGroupId=made)
    assert call("DescribeScalingGroup")["totalCount"] == 0
    call("DeleteScalingConfiguration", scalingConfigurationId=conf)
    assert call("DescribeScalingConfiguration")["scalingConfigurationSet"] == []


@pytest.mark.parametrize("client", CONNECTED)
def test_a_tour_of_all_actions(emulated, client):
    with CONNECTED[client](emulated) as call:
        call.has = ACTIONS - ({"SetCvmProtectedDetach"} if client == "qcloudcli" else set())
        call.named_notifications = client == "qcloudcli"
        conf = configuration(call)
        made = group(call, conf)
        groups_and_members(emulated, call, made, conf)
        policies(emulated, call, made)
        tasks(emulated, call, made)
        hooks(emulated, call, made)
        notifications(emulated, call, made)
        farewell(emulated, call, made, conf)
    assert call.done == call.has


@pytest.mark.parametrize("algorithm", ["HmacSHA1", "HmacSHA256"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_python_signs_in_all_its_ways(emulated, method, algorithm):
    with python(emulated, method=method, SignatureMethod=algorithm) as call:
        conf = configuration(call, "配置 1+1=2&~*'()")
        found = call("DescribeScalingConfiguration", scalingConfigurationIds=[conf])["scalingConfigurationSet"]
        assert [one["scalingConfigurationName"] for one in found] == ["配置 1+1=2&~*'()"]


def test_python_at_musters_own_name(emulated):
    env = proxied(emulated) | {"https_proxy": ""}
    with python(emulated, "any", env, endpoint=f"localhost:{emulated.port}") as call:
        assert call("DescribeScalingGroup")["totalCount"] == 0


@pytest.mark.parametrize("signs", ["sha1", "sha256"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("way", ["http", "proxy"])
def test_npm_signs_in_all_its_ways(emulated, way, method, signs):
    at = {"protocol": "http", "host": emulated.address} if way == "http" else {}
    with npm(emulated, method=method, signatureMethod=signs, **at) as call:
        conf = configuration(call, "配置 1+1=2")
        found = call("DescribeScalingConfiguration", scalingConfigurationIds=[conf])["scalingConfigurationSet"]
        assert [one["scalingConfigurationName"] for one in found] == ["配置 1+1=2"]


def test_who_may_not_is_told_so(emulated):
    with python(emulated, secretKey="wrong") as call:
        assert call.refused("DescribeScalingGroup")[0] == 4100
    with npm(emulated, SecretId="AKIDnobody", protocol="http", host=emulated.address) as call:
        assert call.refused("DescribeScalingGroup")[0] in (4100, 4104)
