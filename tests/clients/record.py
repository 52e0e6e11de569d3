"""Records what real clients send, byte for byte, for `crates/server/tests/tencent3/wire`: run by hand when clients change.

    target/venv/bin/python tests/clients/record.py target/venv-tccli/bin/tccli

Every client speaks to a listener that keeps the request and answers nothing useful. What is there already is left as it
is: remove a file to record it anew.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import threading

from tencentcloud.autoscaling.v20180419 import autoscaling_client, models
from tencentcloud.common import credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

OUT = pathlib.Path(__file__).resolve().parents[2] / "crates/server/tests/tencent3/wire"
KEY = ("AKIDtest", "test-secret")
GROUP, CONFIG, INSTANCES = "asg-absent01", "asc-absent01", ["ins-absent01", "ins-absent02"]
HOOK, POLICY, SCHEDULE, NOTIFICATION, REFRESH = "ash-absent01", "asp-absent01", "asst-absent01", "asn-absent01", "asr-absent01"
PLACE = {"VpcId": "vpc-1a2b3c4d", "SubnetIds": ["subnet-1a2b3c4d"]}
MACHINE = {
    "ImageId": "img-8toqc6s3",
    "InstanceType": "S5.SMALL1",
    "SystemDisk": {"DiskType": "CLOUD_PREMIUM", "DiskSize": 50},
    "DataDisks": [{"DiskType": "CLOUD_SSD", "DiskSize": 100, "DeleteWithInstance": True}],
    "InternetAccessible": {"InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR", "InternetMaxBandwidthOut": 10, "PublicIpAssigned": True},
    "LoginSettings": {"Password": "Secret-123"},
    "SecurityGroupIds": ["sg-1a2b3c4d"],
    "EnhancedService": {"SecurityService": {"Enabled": True}, "MonitorService": {"Enabled": False}},
    "UserData": "IyEvYmluL3NoCmVjaG8gaGVsbG8K",
    "InstanceTags": [{"Key": "team", "Value": "演示 a&b=c+d"}],
}
BINDING = {"LoadBalancerId": "lb-1a2b3c4d", "ListenerId": "lbl-1a2b3c4d", "LocationId": "loc-1a2b3c4d",
           "TargetAttributes": [{"Port": 80, "Weight": 50}, {"Port": 81, "Weight": 0}], "Region": "ap-guangzhou"}
ALARM = {"ComparisonOperator": "GREATER_THAN", "MetricName": "CPU_UTILIZATION", "Threshold": 80, "Period": 60, "ContinuousTime": 3, "Statistic": "MAXIMUM"}
ROLLING = {"BatchNumber": 2, "BatchPause": "FIRST_BATCH_PAUSE", "FailProcess": "AUTO_CANCEL"}
REQUESTS = {
    "CreateLaunchConfiguration": {"LaunchConfigurationName": "web", **MACHINE},
    "DescribeLaunchConfigurations": {"Filters": [{"Name": "launch-configuration-name", "Values": ["web 1", "b&c"]}], "Limit": 5},
    "ModifyLaunchConfigurationAttributes": {"LaunchConfigurationId": CONFIG, "LaunchConfigurationName": "web-2", "UserData": ""},
    "ClearLaunchConfigurationAttributes": {"LaunchConfigurationId": CONFIG, "ClearDataDisks": True, "ClearInstanceTags": False},
    "DeleteLaunchConfiguration": {"LaunchConfigurationId": CONFIG},
    "UpgradeLaunchConfiguration": {"LaunchConfigurationId": CONFIG, "LaunchConfigurationName": "web", "ImageId": "img-8toqc6s3", "InstanceTypes": ["S5.SMALL1"]},
    "CreateAutoScalingGroup": {"AutoScalingGroupName": "web", "LaunchConfigurationId": CONFIG, "MinSize": 0, "MaxSize": 5, "DesiredCapacity": 2, **PLACE,
                               "ForwardLoadBalancers": [{"LoadBalancerId": "lb-1a2b3c4d", "ListenerId": "lbl-1a2b3c4d", "TargetAttributes": [{"Port": 80, "Weight": 50}]}],
                               "ServiceSettings": {"ReplaceMonitorUnhealthy": True}},
    "DescribeAutoScalingGroups": {"Filters": [{"Name": "auto-scaling-group-name", "Values": ["my group", "b&c"]}], "Limit": 5},
    "ModifyAutoScalingGroup": {"AutoScalingGroupId": GROUP, "MaxSize": 7, "TerminationPolicies": ["NEWEST_INSTANCE"]},
    "EnableAutoScalingGroup": {"AutoScalingGroupId": GROUP},
    "DisableAutoScalingGroup": {"AutoScalingGroupId": GROUP},
    "DeleteAutoScalingGroup": {"AutoScalingGroupId": GROUP},
    "ModifyDesiredCapacity": {"AutoScalingGroupId": GROUP, "DesiredCapacity": 3},
    "ScaleOutInstances": {"AutoScalingGroupId": GROUP, "ScaleOutNumber": 1},
    "ScaleInInstances": {"AutoScalingGroupId": GROUP, "ScaleInNumber": 1},
    "DescribeAutoScalingInstances": {"InstanceIds": INSTANCES},
    "AttachInstances": {"AutoScalingGroupId": GROUP, "InstanceIds": INSTANCES},
    "DetachInstances": {"AutoScalingGroupId": GROUP, "InstanceIds": INSTANCES},
    "RemoveInstances": {"AutoScalingGroupId": GROUP, "InstanceIds": INSTANCES},
    "SetInstancesProtection": {"AutoScalingGroupId": GROUP, "InstanceIds": INSTANCES, "ProtectedFromScaleIn": True},
    "DescribeAutoScalingActivities": {"ActivityIds": ["asa-absent01"]},
    "DescribeAutoScalingGroupLastActivities": {"AutoScalingGroupIds": [GROUP], "ExcludeCancelledActivity": True},
    "CreateAutoScalingGroupFromInstance": {"AutoScalingGroupName": "from", "InstanceId": INSTANCES[0], "MinSize": 0, "MaxSize": 3, "DesiredCapacity": 1, "InheritInstanceTag": True},
    "DescribeAccountLimits": {},
    "DescribeAutoScalingAdvices": {"AutoScalingGroupIds": [GROUP, "asg-absent02"]},
    "StartAutoScalingInstances": {"AutoScalingGroupId": GROUP, "InstanceIds": INSTANCES},
    "StopAutoScalingInstances": {"AutoScalingGroupId": GROUP, "InstanceIds": INSTANCES, "StoppedMode": "STOP_CHARGING"},
    "EnterStandby": {"AutoScalingGroupId": GROUP, "InstanceIds": INSTANCES},
    "ExitStandby": {"AutoScalingGroupId": GROUP, "InstanceIds": INSTANCES},
    "AttachLoadBalancers": {"AutoScalingGroupId": GROUP, "ForwardLoadBalancers": [BINDING]},
    "DetachLoadBalancers": {"AutoScalingGroupId": GROUP, "ForwardLoadBalancerIdentifications": [{k: BINDING[k] for k in ("LoadBalancerId", "ListenerId", "LocationId")}]},
    "ModifyLoadBalancers": {"AutoScalingGroupId": GROUP, "LoadBalancerIds": ["lb-1a2b3c4d", "lb-2a2b3c4d"], "LoadBalancersCheckPolicy": "DIFF"},
    "ModifyLoadBalancerTargetAttributes": {"AutoScalingGroupId": GROUP, "ForwardLoadBalancers": [BINDING | {"TargetAttributes": [{"Port": 8080, "Weight": 10}]}]},
    "CreateLifecycleHook": {"AutoScalingGroupId": GROUP, "LifecycleHookName": "演示-1", "LifecycleTransition": "INSTANCE_LAUNCHING", "DefaultResult": "ABANDON", "HeartbeatTimeout": 60,
                            "NotificationMetadata": "a&b=c+d", "NotificationTarget": {"TargetType": "TDMQ_CMQ_QUEUE", "QueueName": "queue-1"}, "LifecycleTransitionType": "EXTENSION"},
    "DescribeLifecycleHooks": {"Filters": [{"Name": "lifecycle-hook-name", "Values": ["演示-1", "b&c"]}, {"Name": "auto-scaling-group-id", "Values": [GROUP]}], "Limit": 5, "Offset": 0},
    "ModifyLifecycleHook": {"LifecycleHookId": HOOK, "HeartbeatTimeout": 7200, "LifecycleCommand": {"CommandId": "cmd-1a2b3c4d", "Parameters": "{\"a\": \"b\"}"}},
    "UpgradeLifecycleHook": {"LifecycleHookId": HOOK, "LifecycleHookName": "hook", "LifecycleTransition": "INSTANCE_TERMINATING", "NotificationMetadata": ""},
    "DeleteLifecycleHook": {"LifecycleHookId": HOOK},
    "CompleteLifecycleAction": {"LifecycleHookId": HOOK, "LifecycleActionResult": "CONTINUE", "InstanceId": INSTANCES[0]},
    "CreateNotificationConfiguration": {"AutoScalingGroupId": GROUP, "NotificationTypes": ["SCALE_OUT_FAILED", "SCALE_IN_FAILED"], "TargetType": "TDMQ_CMQ_TOPIC", "TopicName": "topic-1"},
    "DescribeNotificationConfigurations": {"Filters": [{"Name": "auto-scaling-group-id", "Values": [GROUP]}], "Limit": 5},
    "ModifyNotificationConfiguration": {"AutoScalingNotificationId": NOTIFICATION, "NotificationTypes": ["SCALE_OUT_SUCCESSFUL"], "TopicName": "topic-2"},
    "DeleteNotificationConfiguration": {"AutoScalingNotificationId": NOTIFICATION},
    "CreateScalingPolicy": {"AutoScalingGroupId": GROUP, "ScalingPolicyName": "up", "AdjustmentType": "CHANGE_IN_CAPACITY", "AdjustmentValue": -1, "Cooldown": 0, "MetricAlarm": ALARM},
    "DescribeScalingPolicies": {"AutoScalingPolicyIds": [POLICY, "asp-absent02"], "Offset": 0},
    "ModifyScalingPolicy": {"AutoScalingPolicyId": POLICY, "AdjustmentType": "EXACT_CAPACITY", "AdjustmentValue": 5, "Cooldown": 0, "MetricAlarm": ALARM},
    "ExecuteScalingPolicy": {"AutoScalingPolicyId": POLICY, "HonorCooldown": True, "TriggerSource": "API"},
    "DeleteScalingPolicy": {"AutoScalingPolicyId": POLICY},
    "CreateScheduledAction": {"AutoScalingGroupId": GROUP, "ScheduledActionName": "night", "MinSize": 0, "DesiredCapacity": 1, "MaxSize": 2,
                              "StartTime": "2035-01-01T00:00:00+08:00", "EndTime": "2035-12-31T00:00:00+08:00", "Recurrence": "0 23 * * *"},
    "DescribeScheduledActions": {"Filters": [{"Name": "scheduled-action-name", "Values": ["night"]}], "Offset": 0, "Limit": 100},
    "ModifyScheduledAction": {"ScheduledActionId": SCHEDULE, "Recurrence": "*/5 0-6 * * 1", "DisableUpdateDesiredCapacity": True},
    "DeleteScheduledAction": {"ScheduledActionId": SCHEDULE},
    "StartInstanceRefresh": {"AutoScalingGroupId": GROUP, "RefreshSettings": {"RollingUpdateSettings": ROLLING | {"MaxSurge": 1}, "CheckInstanceTargetHealth": True}, "RefreshMode": "ROLLING_UPDATE_REPLACE"},
    "DescribeRefreshActivities": {"RefreshActivityIds": [REFRESH]},
    "StopInstanceRefresh": {"AutoScalingGroupId": GROUP, "RefreshActivityId": REFRESH},
    "ResumeInstanceRefresh": {"AutoScalingGroupId": GROUP, "RefreshActivityId": REFRESH, "ResumeMode": "CONTINUE"},
    "CancelInstanceRefresh": {"AutoScalingGroupId": GROUP, "RefreshActivityId": REFRESH},
    "RollbackInstanceRefresh": {"AutoScalingGroupId": GROUP, "OriginRefreshActivityId": REFRESH, "RefreshSettings": {"RollingUpdateSettings": ROLLING}},
}
# What the two older signatures and TC3 by GET are recorded with: parameters of every kind.
OTHER_WAYS = ["DescribeAutoScalingGroups", "CreateLaunchConfiguration", "SetInstancesProtection", "CreateScalingPolicy", "StartInstanceRefresh"]
BODY = b'{"Response":{"RequestId":"r"}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(v) for k, v in (l.split(b":", 1) for l in head.split(b"\r\n")[1:]) if k.lower() == b"content-length"), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def record(name, send):
    if (OUT / f"{name}.http").exists():
        return
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=send, args=(f"127.0.0.1:{listener.getsockname()[1]}",))
        thread.start()
        connection, _ = listener.accept()
        with connection:
            (OUT / f"{name}.http").write_bytes(read_request(connection))
            connection.sendall(ANSWER)
        thread.join()


def sdk(action, parameters, method="POST", sign="TC3-HMAC-SHA256"):
    def send(endpoint):
        profile = ClientProfile(httpProfile=HttpProfile(endpoint=endpoint, protocol="http", reqMethod=method), signMethod=sign)
        client = autoscaling_client.AutoscalingClient(credential.Credential(*KEY), "ap-guangzhou", profile)
        request = getattr(models, action + "Request")()
        request.from_json_string(json.dumps(parameters))
        getattr(client, action)(request)

    return send


def tccli(binary, action, parameters):
    def send(endpoint):
        env = os.environ | {"TENCENTCLOUD_SECRET_ID": KEY[0], "TENCENTCLOUD_SECRET_KEY": KEY[1], "TENCENTCLOUD_REGION": "ap-guangzhou"}
        words = [part for name, value in parameters.items() for part in ("--" + name, value if isinstance(value, str) else json.dumps(value))]
        subprocess.run([binary, "as", action, *words, "--endpoint", "http://" + endpoint], env=env, check=False, stdout=subprocess.DEVNULL)

    return send


def main():
    OUT.mkdir(exist_ok=True)
    for action, parameters in REQUESTS.items():
        record(f"python-tc3-post-{action}", sdk(action, parameters))
    for action in OTHER_WAYS:
        for name, method, sign in [("tc3-get", "GET", "TC3-HMAC-SHA256"), ("sha1-get", "GET", "HmacSHA1"), ("sha1-post", "POST", "HmacSHA1"),
                                   ("sha256-get", "GET", "HmacSHA256"), ("sha256-post", "POST", "HmacSHA256")]:
            record(f"python-{name}-{action}", sdk(action, REQUESTS[action], method, sign))
        record(f"tccli-{action}", tccli(sys.argv[1], action, REQUESTS[action]))


if __name__ == "__main__":
    main()
