"""Other people's tests: simulated machines, ordered faults, a clock that moves."""

import pytest
from conftest import group_of
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

PLACE = {"VpcId": "vpc-12345678", "SubnetIds": ["subnet-aaaaaaaa", "subnet-bbbbbbbb"]}


def config(call, name="conf", **more):
    types = {} if "InstanceTypes" in more else {"InstanceType": "S5.SMALL1"}
    answer = call("CreateLaunchConfiguration", LaunchConfigurationName=name, ImageId="img-12345678", **types, **more)
    return answer["LaunchConfigurationId"]


def group(call, desired=0, name="web", **more):
    settings = {"MinSize": 0, "MaxSize": 10, "LaunchConfigurationId": None, **PLACE} | more
    settings["LaunchConfigurationId"] = settings["LaunchConfigurationId"] or config(call, f"conf-{name}")
    answer = call("CreateAutoScalingGroup", AutoScalingGroupName=name, DesiredCapacity=desired, **settings)
    return answer["AutoScalingGroupId"]


def refusal(call, action, **parameters):
    with pytest.raises(TencentCloudSDKException) as caught:
        call(action, **parameters)
    return caught.value.code


@pytest.mark.parametrize(
    "profile",
    [
        {},
        {"method": "GET"},
        {"sign": "HmacSHA1"},
        {"sign": "HmacSHA256"},
        {"sign": "HmacSHA1", "method": "GET"},
        {"sign": "HmacSHA256", "method": "GET"},
    ],
    ids=str,
)
def test_every_signature_and_method(emulated, profile):
    call = emulated.sdk(**profile)
    made = group(call, 2, Tags=[{"Key": "team", "Value": "a&b c+d"}])
    emulated.settle()
    found = call(
        "DescribeAutoScalingGroups", Filters=[{"Name": "tag:team", "Values": ["a&b c+d"]}], Limit=5, Offset=0
    )
    assert found["TotalCount"] == 1 and found["AutoScalingGroupSet"][0]["AutoScalingGroupId"] == made
    assert found["AutoScalingGroupSet"][0]["InServiceInstanceCount"] == 2
    wrong = emulated.sdk(key=(emulated.key[0], "not the secret"), **profile)
    assert refusal(wrong, "DescribeAutoScalingGroups") == "AuthFailure.SignatureFailure"
    unknown = emulated.sdk(key=("AKIDnobody", "x"), **profile)
    assert refusal(unknown, "DescribeAutoScalingGroups") == "AuthFailure.SecretIdNotFound"


def test_loss_is_noticed_recorded_and_made_up_for(emulated):
    call = emulated.sdk()
    made = group(call, 3)
    emulated.settle()
    victim = emulated.machines()[0]
    assert victim["group"] == made and victim["state"] == "running" and victim["subnet"] == "subnet-aaaaaaaa"
    emulated.native("POST", f"machines/{victim['uuid']}/kill")
    emulated.settle()
    shown = group_of(call, made)
    assert (shown["InstanceCount"], shown["InServiceInstanceCount"]) == (3, 3)
    kinds = [a["ActivityType"] for a in call("DescribeAutoScalingActivities")["ActivitySet"]]
    assert sorted(kinds) == ["SCALE_OUT", "SCALE_OUT", "TERMINATE_INSTANCES_UNEXPECTEDLY"]
    assert victim["id"] not in [m["id"] for m in emulated.machines()]


def test_sold_out_types_fall_back_by_type_before_subnet(emulated):
    call = emulated.sdk()
    emulated.faults({"op": "launch", "match": {"subnet": "subnet-aaaaaaaa", "instance_type": "A"}, "effect": "sold_out"})
    made = group(call, 2, LaunchConfigurationId=config(call, InstanceTypes=["A", "B"]))
    emulated.settle()
    assert {(m["instance_type"], m["subnet"]) for m in emulated.machines()} == {("A", "subnet-bbbbbbbb")}
    activity = call("DescribeAutoScalingActivities")["ActivitySet"][0]
    assert activity["StatusCode"] == "SUCCESSFUL"
    assert {d["InstanceType"] for d in activity["DetailedStatusMessageSet"]} == {"A"}, "failed attempts are told"
    emulated.faults({"op": "launch", "match": {"instance_type": "A"}, "effect": "sold_out"})
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=3)
    emulated.settle()
    assert sorted(m["instance_type"] for m in emulated.machines()) == ["A", "A", "B"]


def test_failing_launches_back_off_then_stop_with_a_reason(emulated):
    call = emulated.sdk()
    emulated.faults({"op": "launch", "effect": "error"})
    made = group(call, 1)
    emulated.settle()
    emulated.advance(3600)
    failed = call("DescribeAutoScalingActivities", Filters=[{"Name": "activity-status-code", "Values": ["FAILED"]}])
    assert failed["TotalCount"] == 5, "immediate retries stop after five in a row"
    explained = emulated.native("GET", f"groups/{made}/explain")
    assert explained["brake"]["failures"] == 5 and "fail" in explained["brake"]["reason"]
    emulated.faults()
    emulated.advance(86_400)
    assert group_of(call, made)["InstanceCount"] == 0, "it stays stopped"
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=1)
    emulated.settle()
    assert group_of(call, made)["InServiceInstanceCount"] == 1, "a call releases the brake"


def test_lost_answers_are_asked_again_with_the_same_key(emulated):
    call = emulated.sdk()
    emulated.faults({"op": "launch", "effect": "timeout_done", "times": 2})
    made = group(call, 2, MaxSize=2)
    emulated.settle()
    assert len(emulated.machines()) == 2
    assert group_of(call, made)["InActivityStatus"] == "IN_ACTIVITY"
    emulated.advance(60)
    assert group_of(call, made)["InServiceInstanceCount"] == 2
    assert len(emulated.machines()) == 2


def test_a_hanging_call_ends_and_the_clock_moves_in_order(emulated):
    call = emulated.sdk()
    emulated.faults({"op": "launch", "effect": "hang", "times": 1})
    made = group(call, 1, MaxSize=1)
    emulated.settle()
    assert group_of(call, made)["InActivityStatus"] == "IN_ACTIVITY"
    before = emulated.native("GET", "clock")["now"]
    after = emulated.advance(120)["now"]
    assert before < after
    assert group_of(call, made)["InServiceInstanceCount"] == 1
    assert len(emulated.machines()) == 1


def test_attach_detach_and_protection(emulated):
    call = emulated.sdk()
    made = group(call, 1)
    emulated.settle()
    foreign = emulated.native("POST", "machines", {"vpc": "vpc-12345678", "subnet": "subnet-aaaaaaaa"})["machine"]["id"]
    elsewhere = emulated.native("POST", "machines", {"vpc": "vpc-other000"})["machine"]["id"]
    ids = {"AutoScalingGroupId": made}
    assert refusal(call, "AttachInstances", InstanceIds=[elsewhere], **ids) == "ResourceUnavailable.CvmVpcInconsistent"
    assert refusal(call, "AttachInstances", InstanceIds=["ins-00000000"], **ids) == "ResourceNotFound.InstancesNotFound"
    activity = call("AttachInstances", InstanceIds=[foreign], **ids)["ActivityId"]
    emulated.settle()
    assert call("DescribeAutoScalingActivities", ActivityIds=[activity])["ActivitySet"][0]["StatusCode"] == "SUCCESSFUL"
    assert group_of(call, made)["DesiredCapacity"] == 2
    again = refusal(call, "AttachInstances", InstanceIds=[foreign], **ids)
    assert again == "ResourceUnavailable.InstancesAlreadyInAutoScalingGroup"
    call("SetInstancesProtection", InstanceIds=[foreign], ProtectedFromScaleIn=True, **ids)
    call("ModifyDesiredCapacity", DesiredCapacity=0, **ids)
    emulated.settle()
    left = call("DescribeAutoScalingInstances")["AutoScalingInstanceSet"]
    assert [(i["InstanceId"], i["CreationType"], i["ProtectedFromScaleIn"]) for i in left] == [
        (foreign, "MANUAL_ATTACHING", True)
    ]
    call("RemoveInstances", InstanceIds=[foreign], **ids)
    emulated.settle()
    kept = [m for m in emulated.machines() if m["id"] == foreign]
    assert kept and kept[0]["owner_key"] is None, "an attached machine is handed back, not destroyed"


def test_everything_survives_a_kill(emulated):
    call = emulated.sdk()
    made = group(call, 3)
    emulated.settle()
    emulated.advance(1000)
    now = emulated.native("GET", "clock")["now"]
    before = sorted(m["id"] for m in emulated.machines())
    emulated.restart()
    assert sorted(m["id"] for m in emulated.machines()) == before
    assert emulated.native("GET", "clock")["now"] >= now
    emulated.settle()
    assert group_of(emulated.sdk(), made)["InServiceInstanceCount"] == 3


def test_delete_as_terraform_does_it(emulated):
    call = emulated.sdk()
    made = group(call, 2)
    emulated.settle()
    used = group_of(call, made)["LaunchConfigurationId"]
    assert refusal(call, "DeleteAutoScalingGroup", AutoScalingGroupId=made) == "ResourceInUse.InstanceInGroup"
    in_use = refusal(call, "DeleteLaunchConfiguration", LaunchConfigurationId=used)
    assert in_use == "ResourceInUse.LaunchConfigurationIdInUse"
    call("ModifyAutoScalingGroup", AutoScalingGroupId=made, MinSize=0, MaxSize=0, DesiredCapacity=0)
    emulated.settle()
    call("DeleteAutoScalingGroup", AutoScalingGroupId=made)
    assert refusal(call, "DeleteAutoScalingGroup", AutoScalingGroupId=made) == "ResourceNotFound.AutoScalingGroupNotFound"
    call("DeleteLaunchConfiguration", LaunchConfigurationId=used)
    assert call("DescribeAutoScalingGroups")["TotalCount"] == 0
    assert emulated.machines() == []


@pytest.mark.parametrize(
    "changed, code",
    [
        ({"AutoScalingGroupName": "x" * 56}, "InvalidParameterValue.TooLong"),
        ({"MinSize": 3, "MaxSize": 2}, "InvalidParameterValue.Size"),
        ({"MaxSize": 2001}, "InvalidParameterValue.Range"),
        ({"DefaultCooldown": 3601}, "InvalidParameterValue.Range"),
        ({"LaunchConfigurationId": "asc-00000000"}, "InvalidParameterValue.LaunchConfigurationNotFound"),
        ({"LaunchConfigurationId": "lc-1"}, "InvalidParameterValue.InvalidLaunchConfigurationId"),
        ({"SubnetIds": ["subnet-aaaaaaaa"] * 2}, "InvalidParameterValue.DuplicatedSubnet"),
        ({"SubnetIds": []}, "MissingParameter.InScenario"),
        ({"RetryPolicy": "OFTEN"}, "InvalidParameterValue"),
        ({"TerminationPolicies": ["OLDEST_INSTANCE", "NEWEST_INSTANCE"]}, "InvalidParameterValue.LimitExceeded"),
        ({"SpotMixedAllocationPolicy": {"BaseCapacity": 1}}, "InvalidParameter.InScenario"),
        (
            {"InstanceAllocationPolicy": "SPOT_MIXED", "SpotMixedAllocationPolicy": {"BaseCapacity": 11}},
            "InvalidParameterValue.BaseCapacityTooLarge",
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_bad_groups_are_refused_with_the_documented_code(emulated, changed, code):
    call = emulated.sdk()
    good = {"MinSize": 0, "MaxSize": 10, "LaunchConfigurationId": config(call), **PLACE}
    assert refusal(call, "CreateAutoScalingGroup", **({"AutoScalingGroupName": "web"} | good | changed)) == code
    assert call("DescribeAutoScalingGroups")["TotalCount"] == 0


def test_every_argument_of_a_group_is_echoed(emulated):
    call = emulated.sdk()
    given = {
        "DefaultCooldown": 17,
        "ProjectId": 7,
        "SubnetIds": PLACE["SubnetIds"],
        "Zones": ["ap-guangzhou-3"],
        "RetryPolicy": "INCREMENTAL_INTERVALS",
        "Ipv6AddressCount": 1,
        "MultiZoneSubnetPolicy": "EQUALITY",
        "HealthCheckType": "CVM",
        "LoadBalancerHealthCheckGracePeriod": 77,
        "InstanceAllocationPolicy": "SPOT_MIXED",
        "CapacityRebalance": True,
        "InstanceNameIndexSettings": {"Enabled": True, "BeginIndex": 3},
    }
    mix = {
        "BaseCapacity": 2,
        "OnDemandPercentageAboveBaseCapacity": 30,
        "SpotAllocationStrategy": "CAPACITY_OPTIMIZED",
        "CompensateWithBaseInstance": False,
    }
    service = {"ReplaceMonitorUnhealthy": True, "ScalingMode": "WAKE_UP_STOPPED_SCALING", "ReplaceMode": "RESET"}
    balancer = {
        "LoadBalancerId": "lb-12345678",
        "ListenerId": "lbl-12345678",
        "TargetAttributes": [{"Port": 8080, "Weight": 10}],
    }
    made = group(
        call,
        TerminationPolicies=["NEWEST_INSTANCE"],
        SpotMixedAllocationPolicy=mix,
        ServiceSettings=service,
        ForwardLoadBalancers=[balancer],
        Tags=[{"Key": "k", "Value": "v"}],
        **given,
    )
    shown = group_of(call, made)
    shown["SubnetIds"], shown["Zones"] = shown["SubnetIdSet"], shown["ZoneSet"]
    for name, value in given.items():
        if isinstance(value, dict):
            assert {k: shown[name][k] for k in value} == value, name
        else:
            assert shown[name] == value, name
    assert shown["SpotMixedAllocationPolicy"] == mix
    assert {k: shown["ServiceSettings"][k] for k in service} == service
    assert shown["TerminationPolicySet"] == ["NEWEST_INSTANCE"]
    assert shown["ForwardLoadBalancerSet"] == [balancer | {"LocationId": "", "Region": "ap-guangzhou"}]
    assert shown["Tags"] == [{"Key": "k", "Value": "v", "ResourceType": "auto-scaling-group"}]


def test_calls_above_the_documented_rate_are_refused(emulated):
    call = emulated.sdk()
    codes = set()
    for _ in range(200):
        try:
            call("DescribeLaunchConfigurations")
        except TencentCloudSDKException as error:
            codes.add(error.code)
            break
    assert codes == {"RequestLimitExceeded"}


def test_a_listing_that_hangs_is_not_waited_for_and_concludes_nothing(emulated):
    call = emulated.sdk()
    made = group(call, desired=2)
    emulated.settle()
    emulated.faults({"match": {"op": "describe"}, "effect": "hang"})
    emulated.settle()
    emulated.advance(600)
    assert group_of(call, made)["InServiceInstanceCount"] == 2
    emulated.faults()
    emulated.settle()
    assert len(emulated.machines()) == 2
