"""LifecycleCommand: what hooks run on machines, real and simulated."""

import getpass
import os

from conftest import eventually, group_of, wait_until
from test_emulate import group

COMMANDS = """
[[command]]
id = "cmd-greet"
script = "echo $MUSTER_PARAMETER_NAME > greeted; id -un >> greeted"

[[command]]
id = "cmd-fail"
script = "echo broken; exit 3"

[[command]]
id = "cmd-slow"
script = "echo run >> runs; sleep 3"
"""


def hook(call, group, command, default="ABANDON", transition="INSTANCE_LAUNCHING", **more):
    command = {"CommandId": command, "Parameters": '{"name": "you"}'}
    settings = {"HeartbeatTimeout": 60, "LifecycleCommand": command, "DefaultResult": default} | more
    made = call("CreateLifecycleHook", AutoScalingGroupId=group, LifecycleHookName="run",
                LifecycleTransition=transition, **settings)
    return made["LifecycleHookId"]


def results(call, activity):
    found = call("DescribeAutoScalingActivities", ActivityIds=[activity])["ActivitySet"][0]
    if found["StatusCode"] in ("INIT", "RUNNING"):
        return None
    action, = found["LifecycleActionResultSet"]
    run, = found["InvocationResultSet"]
    assert run["InvocationId"] == action["InvocationId"] and run["InstanceId"] == action["InstanceId"]
    return (found["StatusCode"], action["LifecycleActionResult"], action["ResultReason"],
            action["InvokeCommandResult"], run["TaskStatus"], run["ErrorMessage"])


def configured(server, tmp_path):
    file = tmp_path / "muster.toml"
    file.write_text(COMMANDS)
    return server("--config", str(file))


def ended(call, activity):
    found = []
    eventually(lambda: found.append(results(call, activity)) or found[-1])
    return found[-1]


def test_commands_run_on_real_machines(server, tmp_path):
    muster = configured(server, tmp_path)
    call = muster.sdk()
    made = group(call, 0)
    greet = hook(call, made, "cmd-greet")
    activity = call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)["ActivityId"]
    assert ended(call, activity) == ("SUCCESSFUL", "CONTINUE", "COMMAND_EXEC_FINISH", "SUCCESSFUL", "SUCCESS", "")
    greeted, = tmp_path.rglob("greeted")
    runs_as_root = os.geteuid() == 0
    assert greeted.read_text().split() == ["you", "nobody" if runs_as_root else getpass.getuser()]
    call("ModifyLifecycleHook", LifecycleHookId=greet, LifecycleCommand={"CommandId": "cmd-fail"})
    activity = call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)["ActivityId"]
    assert ended(call, activity) == (
        "FAILED", "ABANDON", "COMMAND_EXEC_FAILURE", "SUCCESSFUL", "FAILED", "the command ended with code 3: broken")
    assert group_of(call, made)["InServiceInstanceCount"] == 1
    call("ModifyLifecycleHook", LifecycleHookId=greet, LifecycleCommand={"CommandId": "cmd-none"},
         DefaultResult="CONTINUE")
    activity = call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)["ActivityId"]
    assert ended(call, activity)[:5] == ("SUCCESSFUL", "CONTINUE", "COMMAND_CALL_FAILURE", "FAILED", "START_FAILED")


def test_a_command_outlives_a_kill_and_is_run_once(server, tmp_path):
    muster = configured(server, tmp_path)
    call = muster.sdk()
    made = group(call, 0)
    hook(call, made, "cmd-slow")
    activity = call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)["ActivityId"]
    eventually(lambda: list(tmp_path.rglob("runs")))
    muster.restart()
    assert ended(call, activity)[:3] == ("SUCCESSFUL", "CONTINUE", "COMMAND_EXEC_FINISH")
    runs, = tmp_path.rglob("runs")
    assert runs.read_text() == "run\n"
    wait_until(call, made, 1)


def test_simulated_commands_and_ordered_faults(emulated):
    call = emulated.sdk()
    made = group(call, 0)
    hook(call, made, "cmd-anything")

    def scaled_out():
        activity = call("ScaleOutInstances", AutoScalingGroupId=made, ScaleOutNumber=1)["ActivityId"]
        emulated.settle()
        return activity

    assert results(call, scaled_out())[:3] == ("SUCCESSFUL", "CONTINUE", "COMMAND_EXEC_FINISH")
    emulated.faults({"op": "command", "effect": "error"})
    assert results(call, scaled_out())[:3] == ("FAILED", "ABANDON", "COMMAND_CALL_FAILURE")
    emulated.faults({"op": "command", "effect": "timeout_done", "times": 1})
    activity = scaled_out()
    assert results(call, activity) is None
    emulated.advance(1)
    assert results(call, activity)[:3] == ("SUCCESSFUL", "CONTINUE", "COMMAND_EXEC_FINISH")
    emulated.faults({"op": "command", "effect": "timeout_not_done"})
    activity = scaled_out()
    emulated.advance(60)
    assert results(call, activity)[2:5] == ("COMMAND_EXEC_RESULT_CHECK_FAILURE", "SUCCESSFUL", "TASK_TIMEOUT")
    emulated.faults({"op": "command", "effect": "hang"})
    activity = scaled_out()
    emulated.advance(60)
    assert results(call, activity)[2:5] == ("HEARTBEAT_TIMEOUT", "SUCCESSFUL", "TIMEOUT")
