"""Lifecycle hooks through the real SDK: told, answered by token or instance, or left to their default result."""

from conftest import group_of
from test_emulate import group, refusal


def hook(call, made, name, transition="INSTANCE_LAUNCHING", **more):
    answer = call(
        "CreateLifecycleHook",
        AutoScalingGroupId=made,
        LifecycleHookName=name,
        LifecycleTransition=transition,
        **more,
    )
    return answer["LifecycleHookId"]


def states(call, made):
    found = call("DescribeAutoScalingInstances", Filters=[{"Name": "auto-scaling-group-id", "Values": [made]}])
    return {i["InstanceId"]: i["LifeCycleState"] for i in found["AutoScalingInstanceSet"]}


def messages(emulated):
    return [m for m in emulated.native("GET", "messages?after=0")["messages"] if m["kind"] == "hook"]


def results(call, made):
    newest = call("DescribeAutoScalingGroupLastActivities", AutoScalingGroupIds=[made])["ActivitySet"][0]
    return [
        (r["LifecycleActionResult"], r["ResultReason"], r["NotificationResult"])
        for r in newest["LifecycleActionResultSet"]
    ]


def test_a_launch_is_held_told_and_let_in_by_its_token_over_a_restart(emulated):
    call = emulated.sdk()
    made = group(call)
    target = {"TargetType": "CMQ_QUEUE", "QueueName": "launches"}
    held_by = hook(call, made, "in", NotificationTarget=target, NotificationMetadata="mind the step")
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    emulated.settle()
    ((instance, state),) = states(call, made).items()
    assert state == "IN_LAUNCHING_HOOK" and group_of(call, made)["InServiceInstanceCount"] == 0
    (message,) = messages(emulated)
    body = message["body"]
    assert message["target"] == "CMQ_QUEUE:launches"
    assert (body["InstanceId"], body["LifecycleHookId"]) == (instance, held_by)
    assert body["AutoScalingGroupId"] == made and body["LifecycleTransition"] == "INSTANCE_LAUNCHING"
    assert body["NotificationMetadata"] == "mind the step" and body["Time"].endswith("Z")
    code = refusal(
        call,
        "CompleteLifecycleAction",
        LifecycleHookId=held_by,
        LifecycleActionResult="CONTINUE",
        LifecycleActionToken="4d910016-2590-444d-8f4a-c14940036902",
    )
    assert code == "ResourceNotFound.LifecycleHookTokenNotFound"
    emulated.restart()
    call = emulated.sdk()
    assert states(call, made) == {instance: "IN_LAUNCHING_HOOK"}
    call(
        "CompleteLifecycleAction",
        LifecycleHookId=held_by,
        LifecycleActionResult="CONTINUE",
        LifecycleActionToken=body["LifecycleActionToken"],
    )
    emulated.settle()
    assert states(call, made) == {instance: "IN_SERVICE"}
    assert results(call, made) == [("CONTINUE", "CALL_INTERFACE", "SUCCESSFUL")]
    assert len(messages(emulated)) == 1


def test_a_token_lets_it_in_and_counts_once(emulated):
    call = emulated.sdk()
    made = group(call)
    held_by = hook(call, made, "in")
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    emulated.settle()
    (message,) = messages(emulated)
    answer = {
        "LifecycleHookId": held_by,
        "LifecycleActionResult": "CONTINUE",
        "LifecycleActionToken": message["body"]["LifecycleActionToken"],
    }
    call("CompleteLifecycleAction", **answer)
    code = "ResourceUnavailable.LifecycleActionResultHasSet"
    assert refusal(call, "CompleteLifecycleAction", **answer) == code
    emulated.settle()
    assert list(states(call, made).values()) == ["IN_SERVICE"]
    assert results(call, made) == [("CONTINUE", "CALL_INTERFACE", "NONE")]
    assert len(messages(emulated)) == 1
    assert group_of(call, made)["DesiredCapacity"] == 1


def test_silence_is_the_default_result(emulated):
    call = emulated.sdk()
    made = group(call)
    hook(call, made, "in", DefaultResult="ABANDON", HeartbeatTimeout=60)
    call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)
    emulated.settle()
    emulated.advance(59)
    assert list(states(call, made).values()) == ["IN_LAUNCHING_HOOK"]
    emulated.advance(2)
    emulated.settle()
    assert states(call, made) == {} and emulated.machines() == []
    assert results(call, made) == [("ABANDON", "HEARTBEAT_TIMEOUT", "NONE")]
    assert group_of(call, made)["DesiredCapacity"] == 0


def test_a_machine_lives_until_its_terminate_hook_is_answered(emulated):
    call = emulated.sdk()
    made = group(call, 1)
    emulated.settle()
    held_by = hook(call, made, "out", "INSTANCE_TERMINATING", HeartbeatTimeout=7200)
    call("ModifyDesiredCapacity", AutoScalingGroupId=made, DesiredCapacity=0)
    emulated.settle()
    ((instance, state),) = states(call, made).items()
    assert state == "IN_TERMINATING_HOOK" and len(emulated.machines()) == 1
    emulated.advance(7100)
    assert len(emulated.machines()) == 1, "an activity does not cut its hooks short"
    call(
        "CompleteLifecycleAction",
        LifecycleHookId=held_by,
        LifecycleActionResult="CONTINUE",
        InstanceId=instance,
    )
    emulated.settle()
    assert states(call, made) == {} and emulated.machines() == []
    assert results(call, made) == [("CONTINUE", "CALL_INTERFACE", "NONE")]


def test_a_hook_is_described_changed_and_deleted(emulated):
    call = emulated.sdk()
    made = group(call)
    held_by = hook(call, made, "one", HeartbeatTimeout=120, NotificationMetadata="text")
    call("ModifyLifecycleHook", LifecycleHookId=held_by, DefaultResult="ABANDON")
    (shown,) = call("DescribeLifecycleHooks", LifecycleHookIds=[held_by])["LifecycleHookSet"]
    assert (shown["DefaultResult"], shown["HeartbeatTimeout"], shown["NotificationMetadata"]) == ("ABANDON", 120, "text")
    call(
        "UpgradeLifecycleHook",
        LifecycleHookId=held_by,
        LifecycleHookName="two",
        LifecycleTransition="INSTANCE_TERMINATING",
    )
    (shown,) = call("DescribeLifecycleHooks", LifecycleHookIds=[held_by])["LifecycleHookSet"]
    assert (shown["DefaultResult"], shown["HeartbeatTimeout"], shown["NotificationMetadata"]) == ("CONTINUE", 300, "")
    call("DeleteLifecycleHook", LifecycleHookId=held_by)
    assert call("DescribeLifecycleHooks")["TotalCount"] == 0
