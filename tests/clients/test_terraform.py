"""What the Terraform provider does, call by call, with the SDK: it is not run here, but it asks in these ways and cannot
stand other answers."""

import time

import pytest
from conftest import group_of
from tencentcloud.common import credential
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from test_emulate import config

PLACE = {"VpcId": "vpc-12345678", "SubnetIds": ["subnet-aaaaaaaa"]}
# The only two refusals on which a deletion is tried again.
RETRIED = {"ResourceInUse.ActivityInProgress", "ResourceInUse.InstanceInGroup"}


def retried(act, secs=30):
    deadline = time.monotonic() + secs
    while True:
        try:
            return act()
        except TencentCloudSDKException as refused:
            assert refused.code in RETRIED and time.monotonic() < deadline, refused
        time.sleep(0.1)


def created(call, **more):
    """Creates a group and waits as the provider does."""
    settings = {"MinSize": 0, "MaxSize": 10, "LaunchConfigurationId": config(call), **PLACE} | more
    made = call("CreateAutoScalingGroup", AutoScalingGroupName="tf", **settings)["AutoScalingGroupId"]
    deadline = time.monotonic() + 30
    while group_of(call, made)["InActivityStatus"] != "NOT_IN_ACTIVITY":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return made


def followed(call, activity):
    """The first entry of the answer is taken without a look whether there is one."""
    deadline = time.monotonic() + 30
    while True:
        status = call("DescribeAutoScalingActivities", ActivityIds=[activity])["ActivitySet"][0]["StatusCode"]
        if status == "SUCCESSFUL":
            return
        assert status in ("INIT", "RUNNING") and time.monotonic() < deadline, status
        time.sleep(0.1)


def test_a_group_is_created_read_changed_and_destroyed(emulated):
    call = emulated.sdk()
    made = created(call, DesiredCapacity=2, DefaultCooldown=400, RetryPolicy="INCREMENTAL_INTERVALS",
                   TerminationPolicies=["NEWEST_INSTANCE"], Tags=[{"Key": "team", "Value": "a"}],
                   ForwardLoadBalancers=[{"LoadBalancerId": "lb-12345678", "ListenerId": "lbl-12345678",
                                          "TargetAttributes": [{"Port": 8080, "Weight": 20}]}])
    shown = group_of(call, made)
    assert (shown["DesiredCapacity"], shown["InstanceCount"]) == (2, 2)
    assert (shown["DefaultCooldown"], shown["RetryPolicy"]) == (400, "INCREMENTAL_INTERVALS")
    assert shown["TerminationPolicySet"] == ["NEWEST_INSTANCE"]
    # These are looked into without a question.
    balancer, = shown["ForwardLoadBalancerSet"]
    assert balancer["LocationId"] == "" and balancer["ListenerId"] == "lbl-12345678"
    assert balancer["TargetAttributes"] == [{"Port": 8080, "Weight": 20}]
    assert None not in shown.values(), shown
    call("ModifyAutoScalingGroup", AutoScalingGroupId=made)
    call("ModifyAutoScalingGroup", AutoScalingGroupId=made, MinSize=0, MaxSize=0, DesiredCapacity=0)
    retried(lambda: call("DeleteAutoScalingGroup", AutoScalingGroupId=made))
    with pytest.raises(TencentCloudSDKException) as gone:
        call("DeleteAutoScalingGroup", AutoScalingGroupId=made)
    assert gone.value.code == "ResourceNotFound.AutoScalingGroupNotFound"
    assert call("DescribeAutoScalingGroups", AutoScalingGroupIds=[made])["AutoScalingGroupSet"] == []
    call("DeleteLaunchConfiguration", LaunchConfigurationId=shown["LaunchConfigurationId"])


def test_attachments_are_followed_by_their_activities(emulated):
    call = emulated.sdk()
    made = created(call, DesiredCapacity=1)
    stranger = emulated.native("POST", "machines", {"vpc": "vpc-12345678"})["machine"]["id"]
    followed(call, call("AttachInstances", AutoScalingGroupId=made, InstanceIds=[stranger])["ActivityId"])
    of_group = [{"Name": "auto-scaling-group-id", "Values": [made]}]
    members = call("DescribeAutoScalingInstances", Filters=of_group)["AutoScalingInstanceSet"]
    attached = [member["InstanceId"] for member in members if member["CreationType"] == "MANUAL_ATTACHING"]
    assert attached == [stranger]
    followed(call, call("DetachInstances", AutoScalingGroupId=made, InstanceIds=[stranger])["ActivityId"])
    assert stranger in [machine["id"] for machine in emulated.machines() if machine["group"] is None]


def test_a_refresh_is_followed_to_its_end(emulated):
    call = emulated.sdk()
    made = created(call, DesiredCapacity=2)
    settings = {"RollingUpdateSettings": {"BatchNumber": 1, "BatchPause": "AUTOMATIC"}}
    refresh = call("StartInstanceRefresh", AutoScalingGroupId=made, RefreshSettings=settings)["RefreshActivityId"]
    deadline = time.monotonic() + 30
    while call("DescribeRefreshActivities", RefreshActivityIds=[refresh])["RefreshActivitySet"][0]["Status"] != "SUCCESSFUL":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_every_read_of_a_group_asks_for_its_tags(emulated):
    call = emulated.sdk()
    made = created(call, Tags=[{"Key": "team", "Value": "a"}])
    profile = ClientProfile(httpProfile=HttpProfile(endpoint=emulated.address, protocol="http"), language="en-US")
    client = CommonClient("tag", "2018-08-13", credential.Credential(*emulated.key), "ap-guangzhou", profile)
    answer = client.call_json("DescribeResourceTagsByResourceIds", {
        "ServiceType": "as", "ResourcePrefix": "auto-scaling-group", "ResourceIds": [made],
        "ResourceRegion": "ap-guangzhou", "Limit": 50})["Response"]
    assert [(row["TagKey"], row["TagValue"]) for row in answer["Tags"]] == [("team", "a")]
