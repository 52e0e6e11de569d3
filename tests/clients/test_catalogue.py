"""A strict catalogue through the real SDK: what is not listed does not exist, and what has gone makes abnormal."""

from conftest import group_of
from test_emulate import config, group, refusal

LISTED = """
[catalogue]
strict = true

[[catalogue.image]]
id = "img-12345678"

[[catalogue.subnet]]
id = "subnet-aaaaaaaa"
zone = "ap-guangzhou-3"
vpc = "vpc-12345678"

[[catalogue.subnet]]
id = "subnet-bbbbbbbb"
zone = "ap-guangzhou-4"
vpc = "vpc-12345678"

[[catalogue.balancer]]
id = "lb-12345678"
vpc = "vpc-12345678"

[[catalogue.balancer.listener]]
id = "lbl-12345678"

[[instance_type]]
name = "S5.SMALL1"
cores = 1
spot_price_millis = 20
"""


def test_what_is_not_listed_is_refused(server, tmp_path):
    file = tmp_path / "muster.toml"
    file.write_text(LISTED)
    muster = server("--emulate", "--config", str(file))
    call = muster.sdk()
    made = {"LaunchConfigurationName": "x", "ImageId": "img-12345678", "InstanceType": "S5.SMALL1"}

    def refused_config(**parameters):
        return refusal(call, "CreateLaunchConfiguration", **(made | parameters))

    assert refused_config(ImageId="img-00000000") == "InvalidParameterValue.ImageNotFound"
    assert refused_config(InstanceType="S9.NONE") == "InvalidParameterValue.InstanceTypeNotSupported"
    assert refused_config(ProjectId=7) == "InvalidParameterValue.ProjectIdNotFound"
    conf = config(call)

    def refused_group(**parameters):
        settings = {"AutoScalingGroupName": "x", "LaunchConfigurationId": conf, "MinSize": 0, "MaxSize": 1}
        place = {"VpcId": "vpc-12345678", "SubnetIds": ["subnet-aaaaaaaa"]}
        return refusal(call, "CreateAutoScalingGroup", **(settings | place | parameters))

    listener = {
        "LoadBalancerId": "lb-12345678",
        "ListenerId": "lbl-00000000",
        "TargetAttributes": [{"Port": 80, "Weight": 10}],
    }
    assert refused_group(SubnetIds=["subnet-00000000"]) == "InvalidParameterValue.SubnetIds"
    assert refused_group(Zones=["ap-guangzhou-9"]) == "InvalidParameterValue.ZoneMismatchRegion"
    assert refused_group(ForwardLoadBalancers=[listener]) == "ResourceNotFound.ListenerNotFound"
    bound = listener | {"ListenerId": "lbl-12345678"}
    web = group(call, 2, LaunchConfigurationId=conf, MultiZoneSubnetPolicy="EQUALITY", ForwardLoadBalancers=[bound])
    muster.settle()
    shown = call("DescribeAutoScalingInstances")["AutoScalingInstanceSet"]
    assert sorted(one["Zone"] for one in shown) == ["ap-guangzhou-3", "ap-guangzhou-4"]
    assert group_of(call, web)["AutoScalingGroupStatus"] == "NORMAL"


def test_what_has_gone_makes_abnormal_until_it_is_back(server, tmp_path):
    # Not emulated: what there is has to outlive the process.
    file = tmp_path / "muster.toml"
    file.write_text(LISTED)
    muster = server("--config", str(file))
    call = muster.sdk()
    conf = config(call)
    web = group(call, 0, LaunchConfigurationId=conf)
    gone = LISTED.replace("img-12345678", "img-87654321").replace("subnet-bbbbbbbb", "subnet-cccccccc")
    file.write_text(gone)
    muster.stop()
    muster.start()
    shown = call("DescribeLaunchConfigurations", LaunchConfigurationIds=[conf])["LaunchConfigurationSet"][0]
    assert shown["LaunchConfigurationStatus"] == "IMAGE_ABNORMAL"
    assert group_of(call, web)["AutoScalingGroupStatus"] == "SUBNET_ABNORMAL"
    code = refusal(call, "ModifyDesiredCapacity", AutoScalingGroupId=web, DesiredCapacity=1)
    assert code == "ResourceUnavailable.AutoScalingGroupAbnormalStatus"
    call("ModifyLaunchConfigurationAttributes", LaunchConfigurationId=conf, ImageId="img-87654321")
    call("ModifyAutoScalingGroup", AutoScalingGroupId=web, SubnetIds=["subnet-aaaaaaaa"])
    assert group_of(call, web)["AutoScalingGroupStatus"] == "NORMAL"
    shown = call("DescribeLaunchConfigurations", LaunchConfigurationIds=[conf])["LaunchConfigurationSet"][0]
    assert shown["LaunchConfigurationStatus"] == "NORMAL"
