"""The two calls of the tag API that Terraform makes, sent by the real common client."""

import pytest
from conftest import group_of
from test_emulate import config, group
from tencentcloud.common import credential
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile


@pytest.fixture
def tag(emulated):
    profile = ClientProfile(httpProfile=HttpProfile(endpoint=emulated.address, protocol="http"))
    client = CommonClient("tag", "2018-08-13", credential.Credential(*emulated.key), "ap-guangzhou", profile)
    return lambda action, **parameters: client.call_json(action, parameters)["Response"]


def tags_of(tag, prefix, resource):
    answer = tag(
        "DescribeResourceTagsByResourceIds",
        ServiceType="as",
        ResourcePrefix=prefix,
        ResourceIds=[resource],
        ResourceRegion="ap-guangzhou",
        Limit=50,
    )
    assert answer["TotalCount"] == len(answer["Tags"])
    assert all(row["ResourceId"] == resource for row in answer["Tags"])
    return {row["TagKey"]: row["TagValue"] for row in answer["Tags"]}


@pytest.mark.parametrize("prefix", ["auto-scaling-group", "launch-configuration"])
def test_tags_are_read_put_on_and_taken_off(emulated, tag, prefix):
    call = emulated.sdk()
    given = [{"Key": "team", "Value": "a", "ResourceType": prefix}]
    made = group(call, 0, Tags=given) if prefix == "auto-scaling-group" else config(call, Tags=given)
    assert tags_of(tag, prefix, made) == {"team": "a"}
    tag(
        "ModifyResourceTags",
        Resource=f"qcs::as:ap-guangzhou:uin/:{prefix}/{made}",
        ReplaceTags=[{"TagKey": "team", "TagValue": "b"}, {"TagKey": "cost", "TagValue": "7"}],
    )
    assert tags_of(tag, prefix, made) == {"team": "b", "cost": "7"}
    tag(
        "ModifyResourceTags",
        Resource=f"qcs::as:ap-guangzhou:uin/100000:{prefix}/{made}",
        DeleteTags=[{"TagKey": "team"}],
    )
    assert tags_of(tag, prefix, made) == {"cost": "7"}
    assert tags_of(tag, prefix, made[:4] + "00000000") == {}


def test_what_is_wrong_is_said(emulated, tag):
    made = group(emulated.sdk(), 0)
    good = f"qcs::as:ap-guangzhou:uin/:auto-scaling-group/{made}"
    put = [{"TagKey": "team", "TagValue": "b"}]
    for code, parameters in [
        ("InvalidParameterValue.ResourceDescriptionError", {"Resource": made, "ReplaceTags": put}),
        ("InvalidParameterValue.ServiceTypeInvalid", {"Resource": good.replace("as:", "cvm:", 1), "ReplaceTags": put}),
        ("InvalidParameterValue.ResourcePrefixInvalid", {"Resource": good.replace("group/", "policy/"), "ReplaceTags": put}),
        ("InvalidParameterValue.ResourceIdInvalid", {"Resource": good[:-8] + "00000000", "ReplaceTags": put}),
        ("MissingParameter", {"Resource": good}),
        (
            "InvalidParameterValue.DeleteTagsParamError",
            {"Resource": good, "ReplaceTags": put, "DeleteTags": [{"TagKey": "team"}]},
        ),
    ]:
        with pytest.raises(TencentCloudSDKException) as caught:
            tag("ModifyResourceTags", **parameters)
        assert caught.value.code == code


def machine_tags(server):
    return [{tag["key"]: tag["value"] for tag in machine["tags"]} for machine in server.machines()]


def test_tags_reach_the_machines_where_the_group_wants_that(emulated, tag):
    call = emulated.sdk()
    made = group(call, 2, Tags=[{"Key": "team", "Value": "a"}])
    emulated.settle()
    assert machine_tags(emulated) == [{"team": "a"}] * 2

    def retag(**change):
        resource = f"qcs::as:ap-guangzhou:uin/1:auto-scaling-group/{made}"
        tag("ModifyResourceTags", Resource=resource, **change)
        emulated.settle()

    retag(ReplaceTags=[{"TagKey": "team", "TagValue": "b"}, {"TagKey": "cost", "TagValue": "1"}])
    assert machine_tags(emulated) == [{"team": "a"}] * 2, "off by default"
    call("ModifyAutoScalingGroup", AutoScalingGroupId=made, ServiceSettings={"AutoUpdateInstanceTags": True})
    emulated.settle()
    assert machine_tags(emulated) == [{"team": "b", "cost": "1"}] * 2
    retag(ReplaceTags=[{"TagKey": "cost", "TagValue": "2"}], DeleteTags=[{"TagKey": "team"}])
    assert machine_tags(emulated) == [{"team": "b", "cost": "2"}] * 2, "what is taken off stays on the machines"


def test_a_group_inherits_the_tags_of_the_instance_it_is_made_of(emulated):
    call = emulated.sdk()
    source = emulated.native("POST", "machines", {
        "vpc": "vpc-12345678", "subnet": "subnet-aaaaaaaa", "instance_type": "S5.SMALL1", "image": "img-12345678",
        "tags": [{"key": "team", "value": "a"}]})["machine"]["id"]
    for name, inherit, wanted in [("plain", False, []), ("heir", True, [{"ResourceType": "auto-scaling-group",
                                                                        "Key": "team", "Value": "a"}])]:
        made = call("CreateAutoScalingGroupFromInstance", AutoScalingGroupName=name, InstanceId=source, MinSize=0,
                    MaxSize=1, InheritInstanceTag=inherit)["AutoScalingGroupId"]
        shown = group_of(call, made)["Tags"]
        assert [(tag["Key"], tag["Value"]) for tag in shown] == [(tag["Key"], tag["Value"]) for tag in wanted]
