"""The Kingsoft door through its real clients: ksc-sdk-python (GET), kingsoftcloud-sdk-python (GET and POST), and plain
HTTP with the simplified signature."""

import datetime
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import pytest
from conftest import eventually, group_of
from kscore.exceptions import ClientError
from kscore.session import get_session
from ksyun.client.kec.v20160304 import client as kec
from ksyun.common import credential
from ksyun.common.exception.ksyun_sdk_exception import KsyunSDKException
from ksyun.common.profile.client_profile import ClientProfile
from ksyun.common.profile.http_profile import HttpProfile

SUBNETS = ["1e3a9b8b-0833-4b29-9d3f-4a4188350591", "8b4884e8-1199-42e5-a233-35c833408a8b"]
SECURITY_GROUP = "36e08d58-4b10-440c-9b0b-11da1f551c33"
SLB = "41b1a3e7-6c33-4ecc-aaff-47e0b68c1d3d"
LISTENER = "16cba22d-6ecb-4cc8-a52b-b7c537dbb2e2"
IMAGE = "IMG-2418d517-6daa-4f01-8cc0-a05a2b7c077d"
BEIJING = datetime.timezone(datetime.timedelta(hours=8))


def ksc(muster):
    """ksc-sdk-python: the operation names are those of the API, the parameters go through as they are."""
    key_id, secret = muster.key
    client = get_session().create_client(
        "kec",
        "cn-beijing-6",
        use_ssl=False,
        endpoint_url=f"http://{muster.address}",
        ks_access_key_id=key_id,
        ks_secret_access_key=secret,
    )

    def call(action, **params):
        return client._make_api_call(action, params)

    return call


def kingsoft(muster, method):
    """kingsoftcloud-sdk-python by its client; lists from index 0."""
    profile = HttpProfile(protocol="http", endpoint=muster.address, reqMethod=method)
    client = kec.KecClient(credential.Credential(*muster.key), "cn-beijing-6", ClientProfile(httpProfile=profile))

    def call(action, **params):
        return json.loads(client.call_judge(action, params, "application/x-www-form-urlencoded"))

    return call


def simplified(muster, method="GET", secret=None, accept=None, **params):
    """The simplified signature, by hand: (status, body)."""
    key_id, own = muster.key
    params = {
        "Accesskey": key_id,
        "Service": "kec",
        "Version": "2016-03-04",
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "SignatureVersion": "1.0",
        "SignatureMethod": "HMAC-SHA256",
    } | params
    quote = lambda text: urllib.parse.quote(str(text), safe="~")
    text = "&".join(f"{quote(name)}={quote(params[name])}" for name in sorted(params))
    signature = hmac.new((secret or own).encode(), text.encode(), hashlib.sha256).hexdigest()
    encoded = urllib.parse.urlencode(params | {"Signature": signature})
    url, data = f"http://{muster.address}/", None
    if method != "POST":
        url += f"?{encoded}"
    else:
        data = encoded.encode()
    request = urllib.request.Request(url, data=data, method=method)
    if accept:
        request.add_header("Accept", accept)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def config(call, name="as", **more):
    params = {"ImageId": IMAGE, "InstanceType.1": "N3.1A", "InstanceType.2": "S4.1A"} | more
    return call("CreateScalingConfiguration", ScalingConfigurationName=name, **params)["ScalingConfigurationId"]


def group(call, made=None, **more):
    params = {
        "ScalingGroupName": "test-kec",
        "ScalingConfigurationId": made or config(call),
        "MinSize": 0,
        "MaxSize": 4,
        "DesiredCapacity": 0,
        "RemovePolicy": "RemoveOldestInstance",
        "SecurityGroupId": SECURITY_GROUP,
        "SubnetId.1": SUBNETS[0],
        "SubnetId.2": SUBNETS[1],
    } | more
    return call("CreateScalingGroup", **params)["ReturnSet"]["ScalingGroupId"]


def shown(call, made):
    return call("DescribeScalingGroup", **{"ScalingGroupId.1": made})["ScalingGroupSet"][0]


def instances(call, made, **more):
    return call("DescribeScalingInstance", ScalingGroupId=made, **more)["ScalingInstanceSet"]


def refused(act, code):
    with pytest.raises(ClientError) as refusal:
        act()
    assert refusal.value.response["Error"]["Code"] == code
    return refusal.value.response["Error"]["Message"]


def beijing(muster, **later):
    now = datetime.datetime.fromisoformat(muster.native("GET", "clock")["now"].replace("Z", "+00:00"))
    return (now.astimezone(BEIJING) + datetime.timedelta(**later)).strftime("%Y-%m-%d %H:%M:%S")


def test_a_configuration_is_made_changed_shown_and_deleted(emulated):
    call = ksc(emulated)
    made = config(
        call,
        **{
            "SystemDisk.DiskType": "SSD3.0",
            "SystemDisk.DiskSize": 20,
            "DataDisk.1.Type": "SSD3.0",
            "DataDisk.1.Size": 50,
            "DataDisk.1.DeleteWithInstance": "false",
            "DataDiskGb": 10,
            "InstanceType": "X6.2C",
            "InstanceName": "as",
            "InstanceNameSuffix": "1",
            "InstanceNameTimeSuffix": "true",
            "KeepImageLogin": "true",
            "ProjectId": 7,
            "AddressBandWidth": 5,
            "LineId": "BGP",
            "AddressProjectId": 3,
            "UserData": "ZWNobyBoaQ==",
            "Tag.1.Key": "team",
            "Tag.1.Value": "云",
        },
    )
    assert made.isdigit() and len(made) == 18
    found = call("DescribeScalingConfiguration", **{"ScalingConfigurationId.0": made, "ProjectId.1": 0, "ProjectId.2": 7})
    assert found["ScalingConfigurationCount"] == 1
    one = found["ScalingConfigurationSet"][0]
    assert (one["InstanceType"], one["InstanceTypeSet"]) == ("N3.1A,S4.1A", ["N3.1A", "S4.1A"])
    assert (one["SystemDiskType"], one["SystemDiskSize"], one["StorageSize"]) == ("SSD3.0", 20, 10)
    assert json.loads(one["DataDiskEbsDetail"]) == [{"deleteWithInstance": False, "size": 50, "type": "SSD3.0"}]
    assert (one["InstanceName"], one["InstanceNameSuffix"], one["InstanceNameTimeSuffix"]) == ("as", "1", True)
    assert (one["KeepImageLogin"], one["ProjectId"], one["Project"]["ProjectId"]) == (True, 7, 7)
    assert (one["AddressBandWidth"], one["LineId"], one["AddressProjectId"]) == (5, "BGP", 3)
    assert (one["UserData"], one["TagSet"]) == ("ZWNobyBoaQ==", [{"Key": "team", "Value": "云"}])
    assert one["ChargeType"] == "HourlyInstantSettlement" and one["ScalingGroupIdSet"] == []
    assert None not in one.values()
    assert call("ModifyScalingConfiguration", ScalingConfigurationId=made, ScalingConfigurationName="new", DataDiskGb=20)["Return"]
    one = call("DescribeScalingConfiguration", ScalingConfigurationName="new")["ScalingConfigurationSet"][0]
    assert (one["ScalingConfigurationId"], one["StorageSize"], one["AddressProjectId"]) == (made, 20, 3)
    # An address is of the usual line and the default project unless something else is said.
    bought = config(call, AddressBandWidth=5)
    one = call("DescribeScalingConfiguration", **{"ScalingConfigurationId.0": bought})["ScalingConfigurationSet"][0]
    assert (one["AddressBandWidth"], one["LineId"], one["AddressProjectId"]) == (5, "BGP", 0)
    # What is wrong is named as it is given, and what would be right in words.
    for wrong, words in (
        ({"Tag.3.Key": "a", "Tag.7.Value": "b"}, "Tag.7.Key"),
        ({"Tag.11.Key": "a"}, "Tag.N. The value `11` is not right: an N of 1 to 10"),
        ({"ProjectId": "x"}, "ProjectId. The value `x` is not right: a whole number"),
        ({"KeepImageLogin": "maybe"}, "KeepImageLogin. The value `maybe` is not right: true or false"),
    ):
        with pytest.raises(ClientError) as refusal:
            config(call, **wrong)
        assert words in refusal.value.response["Error"]["Message"]
    call("DeleteScalingConfiguration", **{"ScalingConfigurationId.1": bought})
    used = group(call, made)
    assert "is used by a scaling group" in refused(
        lambda: call("DeleteScalingConfiguration", **{"ScalingConfigurationId.1": made}), "ScalingConfigurationInUse"
    )
    call("DeleteScalingGroup", ScalingGroupId=used)
    other = config(call)
    gone = call("DeleteScalingConfiguration", **{"ScalingConfigurationId.1": made, "ScalingConfigurationId.2": other})
    assert [entry["ScalingConfigurationId"] for entry in gone["ReturnSet"]] == [made, other]
    refused(lambda: call("DeleteScalingConfiguration", **{"ScalingConfigurationId.1": made}), "ScalingConfigurationNotFound")


def test_a_group_lives(emulated):
    call = ksc(emulated)
    made = group(
        call, DesiredCapacity=2, **{"Slb.0.Id": SLB, "Slb.0.ListenerId": LISTENER, "Slb.0.ServerPort.0": 80, "Slb.0.ServerPort.1": 81}
    )
    emulated.settle()
    one = shown(call, made)
    assert (one["MinSize"], one["DesiredCapacity"], one["MaxSize"], one["InstanceNum"]) == (0, 2, 4, 2)
    assert (one["Status"], one["ProductLine"], one["RemovePolicy"]) == ("Active", "KEC", "RemoveOldestInstance")
    assert (one["SubnetIdSet"], one["SubnetStrategy"]) == (SUBNETS, "balanced-distribution")
    assert (one["SecurityGroupId"], one["SecurityGroupIdSet"]) == (SECURITY_GROUP, [SECURITY_GROUP])
    slb = {"SlbId": SLB, "ListenerId": LISTENER, "ServerPortSet": [80, 81], "Weight": 20, "HealthCheckType": "kec"}
    assert one["SlbConfigSet"] == [slb]
    assert (one["SlbId"], one["ListenerId"], one["ServerPorts"]) == (SLB, LISTENER, "80, 81")
    assert datetime.datetime.strptime(one["CreateTime"], "%Y-%m-%d %H:%M:%S")
    members = instances(call, made)
    assert [(m["HealthStatus"], m["CreationType"], m["LifeCycleState"]) for m in members] == [("Healthy", "Auto", "InService")] * 2
    known = {m["uuid"] for m in emulated.machines()}
    assert {m["InstanceId"] for m in members} <= known
    # Balanced over both subnets, and in the balancer.
    assert {m["subnet"] for m in emulated.machines()} == set(SUBNETS)
    (balancer,) = emulated.native("GET", "balancers")["balancers"]
    assert balancer["lb"] == SLB and len(balancer["listeners"][0]["members"]) == 4
    protected = call("SetKvmProtectedDetach", ScalingGroupId=made, ProtectedFromDetach=1, **{"ScalingInstanceId.0": members[0]["InstanceId"]})
    assert protected["Return"] and protected["ScalingInstanceSet"][0]["ProtectedFromScaleIn"] == 1
    call("ModifyScalingGroup", ScalingGroupId=made, DesiredCapacity=1, ScalingGroupName="中*大本营2", RemovePolicy="RemoveNewestInstance")
    emulated.settle()
    assert [m["InstanceId"] for m in instances(call, made)] == [members[0]["InstanceId"]]
    activities = call("DescribeScalingActivity", ScalingGroupId=made)
    assert activities["ScalingActivityCount"] == 2
    scale_in, scale_out = activities["ScalingActivitySet"]
    assert (scale_in["Type"], scale_in["Status"], scale_in["SuccInsList"]) == (1, 2, [members[1]["InstanceId"]])
    assert (scale_out["Type"], scale_out["Status"], scale_out["ErrorCode"]) == (0, 2, 0)
    assert set(scale_out["SuccInsList"]) == {m["InstanceId"] for m in members}
    assert call("DescribeScalingGroup", ScalingGroupName="大本营")["ScalingGroupCount"] == 1
    # A machine from outside comes in, and goes as it came.
    foreign = emulated.native("POST", "machines", {"subnet": SUBNETS[0], "name": "mine"})["machine"]["uuid"]
    assert call("AttachInstance", ScalingGroupId=made, **{"ScalingInstanceId.1": foreign})["Return"]
    emulated.settle()
    assert [m["InstanceId"] for m in instances(call, made, CreationType="Manual")] == [foreign]
    assert shown(call, made)["DesiredCapacity"] == 2
    assert call("DetachInstance", ScalingGroupId=made, **{"ScalingInstanceId.1": foreign})["Return"]
    emulated.settle()
    assert len(instances(call, made)) == 1
    elsewhere = emulated.native("POST", "machines", {"subnet": "another-subnet"})["machine"]["uuid"]
    message = refused(lambda: call("AttachInstance", ScalingGroupId=made, **{"ScalingInstanceId.1": elsewhere}), "ScalingInstanceNotAttachable")
    assert "invalid" not in message and "not found" not in message
    call("DisableScalingGroup", ScalingGroupId=made)
    assert shown(call, made)["Status"] == "UnActive"
    call("EnableScalingGroup", ScalingGroupId=made)
    # As Terraform destroys it.
    refused(lambda: call("DeleteScalingGroup", **{"ScalingGroupId.1": made}), "ScalingGroupNotEmpty")
    call("SetKvmProtectedDetach", ScalingGroupId=made, **{"ScalingInstanceId.0": members[0]["InstanceId"]})
    call("ModifyScalingGroup", ScalingGroupId=made, DesiredCapacity=0, MinSize=0)
    emulated.settle()
    assert call("DeleteScalingGroup", **{"ScalingGroupId.1": made})["ReturnSet"]["ScalingGroupId"] == made
    gone = call("DescribeScalingGroup", **{"ScalingGroupId.1": made})
    assert (gone["ScalingGroupCount"], gone["ScalingGroupSet"]) == (0, [])
    refused(lambda: call("DescribeScalingInstance", ScalingGroupId=made), "ScalingGroupNotFound")


def test_load_balancers_are_replaced_as_a_whole(emulated):
    call = ksc(emulated)
    made = group(call, DesiredCapacity=1)
    emulated.settle()
    # Terraform does this before every change of a group.
    answer = call("ModifyScalingLoadBalancers", ScalingGroupId=made)
    assert (answer["Return"], answer["ReturnSet"]) == (True, {"ScalingGroupId": made})
    two = {
        "Slb.1.Id": SLB, "Slb.1.ListenerId": LISTENER, "Slb.1.ServerPort.1": "80,81", "Slb.1.Weight": 7, "Slb.1.HealthCheckType": "slb",
        "Slb.2.Id": SLB, "Slb.2.ListenerId": "ea3ba72b-bc72-4f84-902d-ca869549bf17", "Slb.2.ServerPort.1": 90,
    }
    call("ModifyScalingLoadBalancers", ScalingGroupId=made, **two)
    emulated.settle()
    one, other = shown(call, made)["SlbConfigSet"]
    assert (one["ServerPortSet"], one["Weight"], one["HealthCheckType"]) == ([80, 81], 7, "slb")
    assert (other["ServerPortSet"], other["Weight"]) == ([90], 20)
    for missing in ("Slb.1.ListenerId", "Slb.1.ServerPort.1", "Slb.1.Id"):
        fewer = {name: value for name, value in two.items() if name != missing}
        refused(lambda: call("ModifyScalingLoadBalancers", ScalingGroupId=made, **fewer), "MissingParameter")
    refused(lambda: call("ModifyScalingLoadBalancers", ScalingGroupId=made, **(two | {"Slb.1.Weight": 101})), "InvalidParameterValue")
    assert len(shown(call, made)["SlbConfigSet"]) == 2
    call("ModifyScalingLoadBalancers", ScalingGroupId=made)
    emulated.settle()
    assert shown(call, made)["SlbConfigSet"] == []
    assert emulated.native("GET", "balancers")["balancers"] == [] or all(
        not listener["members"] for balancer in emulated.native("GET", "balancers")["balancers"] for listener in balancer["listeners"]
    )


def test_an_alarm_policy_scales(emulated):
    call = ksc(emulated)
    made = group(call, DesiredCapacity=1, MinSize=1)
    emulated.settle()
    metric = {"dimensionName": "cpu_usage", "comparisonOperator": "Greater", "threshold": 50, "function": "avg", "repeatTimes": 2, "period": 60}
    policy = {"ScalingPolicyName": "up", "AdjustmentType": "QuantityChangeInCapacity", "AdjustmentValue": 2, "CoolDown": 600}
    created = call("CreateScalingPolicy", ScalingGroupId=made, Metric=json.dumps(metric), **policy)
    assert str(created["ScalingPolicyId"]) == created["ReturnSet"]["ScalingPolicyId"]
    found = call("DescribeScalingPolicy", ScalingGroupId=made, **{"ScalingPolicyId.1": created["ReturnSet"]["ScalingPolicyId"]})
    assert found["ScalingPolicySize"] == 1
    one = found["ScalingPolicySet"][0]
    assert one["Metric"] == {
        "DimensionName": "cpu_usage", "ComparisonOperator": "Greater", "Threshold": 50, "RepeatTimes": 2, "Period": 60, "Function": "avg",
    }
    assert (one["AdjustmentType"], one["AdjustmentValue"], one["CoolDown"]) == ("QuantityChangeInCapacity", 2, 600)
    for _ in range(3):
        emulated.native("POST", "metrics", {"points": [{"group": made, "metric": "cpu_util", "value": 95.0}]})
        emulated.advance(60)
    assert shown(call, made)["InstanceNum"] == 3
    traffic = metric | {"dimensionName": "net_outtraffic", "threshold": 100, "comparisonOperator": "EqualOrLess"}
    key = {"ScalingGroupId": made, "ScalingPolicyId": created["ReturnSet"]["ScalingPolicyId"]}
    assert call("ModifyScalingPolicy", Metric=json.dumps(traffic), Cooldown=360, **key)["Return"]
    one = call("DescribeScalingPolicy", ScalingGroupId=made)["ScalingPolicySet"][0]
    assert (one["Metric"]["DimensionName"], one["Metric"]["Threshold"], one["CoolDown"]) == ("net_outtraffic", 100, 360)
    for wrong in ({"CoolDown": 59}, {"AdjustmentValue": 11}, {"Metric": "{}"}, {"Metric": "cpu"}, {"Metric": json.dumps(metric | {"threshold": 101})},
                  {"Metric": json.dumps(metric | {"repeatTimes": 11})}, {"AdjustmentType": "Half"}):
        refused(lambda: call("ModifyScalingPolicy", **key, **wrong), "InvalidParameterValue")
    assert call("DeleteScalingPolicy", **key)["ReturnSet"]["ScalingPolicyId"] == key["ScalingPolicyId"]
    refused(lambda: call("DeleteScalingPolicy", **key), "ScalingPolicyNotFound")


def test_scheduled_tasks_in_both_languages(emulated):
    call = ksc(emulated)
    made = group(call)
    sizes = {"ReadjustMaxSize": 3, "ReadjustMinSize": 1, "ReadjustExpectSize": 2}
    task = {"ScalingGroupId": made, "ScalingScheduledTaskName": "test", **sizes}
    once = call("CreateScheduledTask", StartTime=beijing(emulated, hours=1), **task)["ReturnSet"]["ScalingScheduleTaskId"]
    start, end = beijing(emulated, hours=2), beijing(emulated, days=40)
    cron = call("CreateScheduledTask", StartTime=start, EndTime=end, Recurrence="* * * * 1,2", **task)["ReturnSet"]["ScalingScheduleTaskId"]
    repeat = {"RepeatUnit": "Day", "RepeatCycle": '["2"]'}
    days = call("CreateScheduledTask", StartTime=start, EndTime=end, **repeat, **task)["ReturnSet"]["ScalingScheduleTaskId"]
    found = call("DescribeScheduledTask", ScalingGroupId=made)
    assert found["ScheduledTaskSize"] == 3
    by_id = {entry["ScalingScheduledTaskId"]: entry for entry in found["ScalingScheduleTaskSet"]}
    assert "Recurrence" not in by_id[once] and "EndTime" not in by_id[once]
    assert (by_id[cron]["Recurrence"], by_id[cron]["StartTime"], by_id[cron]["EndTime"]) == ("* * * * 1,2", start, end)
    assert (by_id[days]["RepeatUnit"], by_id[days]["RepeatCycle"]) == ("Day", "2")
    runs = {s["name"]: s for s in emulated.native("GET", f"groups/{made}/explain")["schedules"]}
    assert runs
    emulated.advance(3700)
    one = shown(call, made)
    assert (one["MinSize"], one["DesiredCapacity"], one["MaxSize"], one["InstanceNum"]) == (1, 2, 3, 2)
    # Terraform leaves the first time out and names the group.
    changed = call("ModifyScheduledTask", ScalingGroupId=made, ScalingScheduledTaskId=cron, RepeatUnit="Month", RepeatCycle="2,5")
    assert changed["ReturnSet"]["ScalingScheduleTaskId"] == cron
    one = call("DescribeScheduledTask", ScalingGroupId=made, **{"ScalingScheduledTaskId.1": cron})["ScalingScheduleTaskSet"][0]
    assert (one["RepeatUnit"], one["RepeatCycle"], one["StartTime"]) == ("Month", "2,5", start) and "Recurrence" not in one
    for wrong in ({"Recurrence": "5 4 * * *"}, {"Recurrence": "* * *"}, {"RepeatUnit": "Week", "RepeatCycle": "8"}, {"StartTime": "tomorrow"},
                  {"StartTime": "2020-12-18 11:50:24"}, {"ReadjustMaxSize": 51}):
        refused(lambda: call("ModifyScheduledTask", ScalingScheduledTaskId=cron, **wrong), "InvalidParameterValue")
    refused(lambda: call("CreateScheduledTask", StartTime=start, Recurrence="* * * * *", **task), "MissingParameter")
    call("DeleteScheduledTask", ScalingGroupId=made, ScalingScheduledTaskId=cron)
    refused(lambda: call("DeleteScheduledTask", ScalingGroupId=made, ScalingScheduledTaskId=cron), "ScheduledTaskNotFound")


def test_a_notification_tells_and_is_silenced(emulated):
    call = ksc(emulated)
    made = group(call)
    created = call("CreateScalingNotification", ScalingGroupId=made, **{"NotificationType.1": 1, "NotificationType.2": 3})
    key = {"ScalingGroupId": made, "ScalingNotificationId": created["ScalingNotificationId"]}
    refused(lambda: call("CreateScalingNotification", ScalingGroupId=made, **{"NotificationType.1": 1}), "QuotaExceeded")
    found = call("DescribeScalingNotification", ScalingGroupId=made, NotificationId=key["ScalingNotificationId"])
    assert found["ScalingNotificationCount"] == 1
    assert found["ScalingNotificationSet"][0]["ScalingNotificationTypes"] == ["1", "3"]
    call("ModifyScalingGroup", ScalingGroupId=made, DesiredCapacity=1)
    emulated.settle()
    messages = emulated.native("GET", "messages?after=0")["messages"]
    assert len(messages) == 1 and messages[0]["kind"] == "notification"
    assert call("ModifyScalingNotification", **key, **{"NotificationType.1": 2, "NotificationType.2": 6})["Return"]
    refused(lambda: call("ModifyScalingNotification", **key, **{"NotificationType.1": 7}), "InvalidParameterValue")
    # Terraform's way to delete it.
    assert call("ModifyScalingNotification", **key)["Return"]
    found = call("DescribeScalingNotification", ScalingGroupId=made)
    assert found["ScalingNotificationSet"][0]["ScalingNotificationTypes"] == []
    again = call("CreateScalingNotification", ScalingGroupId=made, **{"ScalingNotificationType.0": 5})
    assert again["ScalingNotificationId"] == key["ScalingNotificationId"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_typed_sdk(server, tmp_path, method):
    settings = tmp_path / "muster.toml"
    settings.write_text("[ksyun]\nlenient_max_size = true\n")
    muster = server("--emulate", "--config", str(settings))
    call = kingsoft(muster, method)
    disk = {"SystemDisk_DiskType": "SSD3.0", "SystemDisk_DiskSize": 30}
    made = call("CreateScalingConfiguration", ScalingConfigurationName="c 1", ImageId=IMAGE, InstanceType=["N3.1A", "S4.1A"], **disk)
    made = made["ScalingConfigurationId"]
    one = call("DescribeScalingConfiguration", ScalingConfigurationId=[made])["ScalingConfigurationSet"][0]
    assert (one["ScalingConfigurationName"], one["SystemDiskSize"], one["InstanceTypeSet"]) == ("c 1", 30, ["N3.1A", "S4.1A"])
    wanted = {
        "ScalingGroupName": "g 组", "ScalingConfigurationId": made, "MinSize": 0, "DesiredCapacity": 2, "RemovePolicy": "RemoveOldestInstance",
        "SubnetId": SUBNETS, "SecurityGroupId": SECURITY_GROUP, "Slb": [{"Id": SLB, "ListenerId": LISTENER, "ServerPort": [80, 81]}],
    }
    made = call("CreateScalingGroup", **wanted)["ReturnSet"]["ScalingGroupId"]
    muster.settle()
    one = call("DescribeScalingGroup", ScalingGroupId=[made])["ScalingGroupSet"][0]
    assert (one["ScalingGroupName"], one["MaxSize"], one["InstanceNum"]) == ("g 组", 2, 2)
    assert one["SlbConfigSet"][0]["ServerPortSet"] == [80, 81]
    with pytest.raises(KsyunSDKException) as refusal:
        call("CreateScalingGroup", **(wanted | {"MinSize": 51}))
    # Everything that is not 200 is one error to it, with the answer in its words.
    assert "InvalidParameterValue" in str(refusal.value) and "MinSize" in str(refusal.value)


def test_terraforms_calls(emulated):
    call = ksc(emulated)
    config(call, ProjectId=12)
    status, body = simplified(emulated, Service="iam", Version="2015-11-01", Action="GetAccountAllProjectList", Format="json")
    projects = json.loads(body)["ListProjectResult"]["ProjectList"]
    assert status == 200 and [project["ProjectId"] for project in projects] == [0, 12]
    for number in range(12):
        group(call, ScalingGroupName=f"g{number:02}")
    first = call("DescribeScalingGroup", Marker=0, MaxResults=5)
    assert first["ScalingGroupCount"] == 12 and len(first["ScalingGroupSet"]) == 5
    rest = call("DescribeScalingGroup", Marker=10)
    assert [g["ScalingGroupName"] for g in rest["ScalingGroupSet"]] == ["g10", "g11"]
    for wrong in ({"MaxResults": 4}, {"MaxResults": 1001}, {"Marker": -1}, {"Marker": "x"}):
        refused(lambda: call("DescribeScalingGroup", **wrong), "InvalidParameterValue")


def test_both_formats_and_the_simplified_signature(emulated):
    call = ksc(emulated)
    made = group(call, ScalingGroupName="a<b>&c")
    for method in ("GET", "POST"):
        status, body = simplified(emulated, method, Action="DescribeScalingGroup", **{"ScalingGroupId.0": made})
        assert status == 200
        root = xml.etree.ElementTree.fromstring(body)
        assert root.tag == "DescribeScalingGroupResponse" and root[0].tag == "ResponseMetadata" and root[0][0].tag == "RequestId"
        assert root.find("ScalingGroupSet/item/ScalingGroupName").text == "a<b>&c"
        assert [item.text for item in root.findall("ScalingGroupSet/item/SubnetIdSet/item")] == SUBNETS
    for more in ({"Format": "json"}, {"accept": "application/json"}):
        status, body = simplified(emulated, Action="DescribeScalingGroup", **more)
        assert status == 200 and json.loads(body)["ScalingGroupCount"] == 1 and json.loads(body)["RequestId"]
    status, body = simplified(emulated, secret="wrong", Action="DescribeScalingGroup")
    root = xml.etree.ElementTree.fromstring(body)
    assert status == 403 and root.tag == "ErrorResponse" and root[0].tag == "RequestId"
    assert (root.find("Error/Type").text, root.find("Error/Code").text) == ("Sender", "SignatureDoesNotMatch")
    assert simplified(emulated, Action="DescribeScalingGroup", Timestamp="2020-12-18T03:50:24Z")[0] == 403
    assert simplified(emulated, Action="Nonsense")[0] == 404
    # Whose request it is shows in its signature, whatever else is wrong with it.
    for wrong, status, words in (
        ({"Version": "2020-01-01"}, 404, "NoSuchEntity"),
        ({"Version": ""}, 400, "input parameter Version."),
        ({"Action": ""}, 400, "input parameter Action."),
    ):
        answer = simplified(emulated, **({"Action": "DescribeScalingGroup"} | wrong))
        assert answer[0] == status and words in answer[1]
    with urllib.request.urlopen(f"http://{emulated.address}/") as versions:
        assert json.loads(versions.read())["versions"], "without any of these it is another door's"
    with pytest.raises(urllib.error.HTTPError) as unsigned:
        urllib.request.urlopen(f"http://{emulated.address}/?Version=2016-03-04")
    assert unsigned.value.code == 403 and "MissingAuthentication" in unsigned.value.read().decode()
    assert simplified(emulated, "PUT", Action="DescribeScalingGroup")[0] == 400


def test_a_dry_run_changes_nothing(emulated):
    call = ksc(emulated)
    made = group(call)
    for action, params in (
        ("DeleteScalingGroup", {"ScalingGroupId": made}),
        ("ModifyScalingGroup", {"ScalingGroupId": made, "DesiredCapacity": 3}),
        ("DescribeScalingGroup", {}),
        ("CreateScalingConfiguration", {"ScalingConfigurationName": "x", "ImageId": IMAGE, "InstanceType": "N3.1A"}),
        ("ModifyScalingLoadBalancers", {"ScalingGroupId": made, "Slb.0.Id": SLB, "Slb.0.ListenerId": LISTENER, "Slb.0.ServerPort.0": 80}),
    ):
        status, body = simplified(emulated, Action=action, DryRun="true", Format="json", **params)
        assert (status, json.loads(body)["Error"]["Code"]) == (412, "DryRunOperation"), body
        assert json.loads(body)["Error"]["Message"] == "Request would have succeeded, but DryRun flag is set"
    status, body = simplified(emulated, Action="ModifyScalingGroup", DryRun="true", Format="json", ScalingGroupId=made, MinSize=5)
    assert (status, json.loads(body)["Error"]["Code"]) == (400, "InvalidParameterValue")
    one = shown(call, made)
    assert (one["DesiredCapacity"], one["SlbConfigSet"]) == (0, [])
    assert call("DescribeScalingConfiguration")["ScalingConfigurationCount"] == 1


def test_the_doors_show_the_same(emulated):
    call, tencent = ksc(emulated), emulated.sdk()
    made = group(call, DesiredCapacity=1, **{"Slb.0.Id": "lb-12345678", "Slb.0.ListenerId": "lbl-12345678", "Slb.0.ServerPort.0": 80})
    emulated.settle()
    (theirs,) = tencent("DescribeAutoScalingGroups")["AutoScalingGroupSet"]
    assert (theirs["DesiredCapacity"], theirs["InServiceInstanceCount"], theirs["MultiZoneSubnetPolicy"]) == (1, 1, "EQUALITY")
    assert theirs["ForwardLoadBalancerSet"][0]["TargetAttributes"] == [{"Port": 80, "Weight": 20}]
    asg = theirs["AutoScalingGroupId"]
    tencent("ModifyAutoScalingGroup", AutoScalingGroupId=asg, DesiredCapacity=2)
    emulated.settle()
    assert shown(call, made)["InstanceNum"] == 2
    assert group_of(tencent, asg)["InstanceCount"] == 2
    eventually(lambda: len(instances(call, made)) == 2)
