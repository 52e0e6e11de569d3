"""The command line itself: what it prints, what it refuses, and how it ends."""

import json
import re
import subprocess

import pytest
from conftest import BINARY, eventually
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException


def muster(*words, **options):
    return subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, timeout=60, **options)


def key_of(text):
    made = json.loads(text)
    return made["access_key_id"], made["secret_access_key"]


def test_help_and_version():
    shown = muster("--help")
    assert shown.returncode == 0 and "serve" in shown.stdout and "account" in shown.stdout
    assert "shim" not in shown.stdout
    assert re.fullmatch(r"muster \d+\.\d+\.\d+\n", muster("--version").stdout)
    assert muster("nonsense").returncode == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lissten = 1\n", "bad.toml:1:1: unknown field `lissten`"),
        ("[limits]\nbody_mib = 100\n", "bad.toml:2:12: 100 is out of range: a whole number from 1 to 64 is right"),
        ("[[account]]\nname = 'a'\n[[account.key]]\naccess_key_id = 'AKIDx'\nsecret_env = 'NOT_SET_ANYWHERE'\n", "NOT_SET_ANYWHERE"),
    ],
)
def test_a_wrong_configuration_is_refused_with_file_line_and_what_would_be_right(tmp_path, text, said):
    config = tmp_path / "bad.toml"
    config.write_text(text)
    done = muster("serve", "--config", config, "--data", tmp_path / "data", "--listen", "127.0.0.1:0")
    assert done.returncode == 1
    assert said in done.stderr, done.stderr
    assert "ready" not in done.stdout


def test_a_missing_configuration_file_is_named(tmp_path):
    done = muster("serve", "--config", tmp_path / "none.toml", "--data", tmp_path / "data")
    assert done.returncode == 1 and "none.toml" in done.stderr


def test_a_data_directory_has_one_server(server):
    first = server("--emulate")
    second = muster("serve", "--data", first.data, "--listen", "127.0.0.1:0", "--emulate")
    assert second.returncode == 1 and "in use by another muster" in second.stderr


def test_a_taken_port_is_named(server, tmp_path):
    first = server("--emulate")
    second = muster("serve", "--data", tmp_path / "other", "--listen", first.address, "--emulate")
    assert second.returncode == 1 and first.address in second.stderr


def test_accounts_and_keys_of_a_running_server_and_of_none(server):
    running = server("--emulate")
    made = muster("account", "create", "team", "--data", running.data)
    assert made.returncode == 0, made.stderr
    reader = muster("account", "key", "team", "--read-only", "--data", running.data)
    assert reader.returncode == 0, reader.stderr
    # At once, without a restart.
    call, look = running.sdk(key_of(made.stdout)), running.sdk(key_of(reader.stdout))
    conf = dict(LaunchConfigurationName="own", ImageId="img-8toqc6s3", InstanceType="S5.SMALL1")
    call("CreateLaunchConfiguration", **conf)
    assert look("DescribeLaunchConfigurations")["TotalCount"] == 1
    assert running.sdk()("DescribeLaunchConfigurations")["TotalCount"] == 0
    with pytest.raises(TencentCloudSDKException) as refused:
        look("CreateLaunchConfiguration", **(conf | {"LaunchConfigurationName": "other"}))
    assert refused.value.code == "AuthFailure.UnauthorizedOperation"
    twice = muster("account", "create", "team", "--data", running.data)
    assert twice.returncode == 1 and "team" in twice.stderr
    absent = muster("account", "key", "nobody", "--data", running.data)
    assert absent.returncode == 1 and "nobody" in absent.stderr

    listed = muster("account", "list", "--data", running.data).stdout
    assert "team" in listed and key_of(reader.stdout)[0] in listed
    for secret in (key_of(made.stdout)[1], key_of(reader.stdout)[1]):
        assert secret not in listed
        # Sealed: in no file of the data directory, but the first key's own that is kept for its owner.
        for path in running.data.rglob("*"):
            if path.is_file() and path.name != "credentials.json":
                assert secret.encode() not in path.read_bytes(), path

    running.stop()
    alone = muster("account", "create", "later", "--data", running.data)
    assert alone.returncode == 0, alone.stderr
    running.start()
    assert running.sdk(key_of(alone.stdout))("DescribeAutoScalingGroups")["TotalCount"] == 0


def test_what_holds_secrets_is_for_its_owner_only(server):
    running = server("--emulate")
    for name in ("credentials.json", "muster.db", "muster.db-wal", "admin.sock"):
        assert (running.data / name).stat().st_mode & 0o077 == 0, name


def test_it_ends_by_a_signal_and_finishes_what_it_was_asked(server):
    running = server("--emulate")
    running.stop()
    running.start()
    assert running.sdk()("DescribeAutoScalingGroups")["TotalCount"] == 0


def test_logs_are_structured_when_asked(server, tmp_path):
    config = tmp_path / "json.toml"
    config.write_text("[log]\nformat = 'json'\nfilter = 'debug'\n")
    running = server("--emulate", "--config", str(config))
    running.sdk()("DescribeAutoScalingGroups")
    log = running.data.with_suffix(".log")

    def logged():
        return "DescribeAutoScalingGroups" in log.read_text()

    eventually(logged)
    lines = [json.loads(line) for line in log.read_text().splitlines() if line]
    answered = [line for line in lines if line["fields"].get("action") == "DescribeAutoScalingGroups"]
    assert answered and answered[0]["fields"]["dialect"] == "tencent3"
    assert running.key[1] not in log.read_text()
