"""docs/clients.md: what it says of each client is run as it stands, in one shell, as a reader would."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT
from test_session import first_group

PAGE = (ROOT / "docs/clients.md").read_text()
BLOCKS = [(kind, text) for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)]
# The first one says who asks; the others use it.
KEY = BLOCKS[0][1]
RUN = [(kind, text) for kind, text in BLOCKS[1:] if kind in ("sh", "python")]


def test_the_page_has_a_block_for_each_client_that_is_run():
    rows = re.findall(r"^\| (?!Client|-)(.*?) \| .*? \| run \|$", PAGE, re.M)
    assert len(rows) == 6 and len(RUN) == 9
    # What is not run is Terraform and the cluster-autoscaler.
    assert sorted(kind for kind, _ in BLOCKS if kind not in ("sh", "python")) == ["hcl", "ini", "text", "text"]


@pytest.mark.parametrize("kind, text", RUN, ids=[f"{kind}{at}" for at, (kind, _) in enumerate(RUN)])
def test_a_block_is_answered(emulated, tmp_path, kind, text):
    first_group(emulated.sdk(), 1, AutoScalingGroupName="of-the-page")
    # The data directory is where the page has it; the packages are where the test command puts them.
    here = tmp_path / "here"
    (here / "home").mkdir(parents=True)
    (here / "muster-data").symlink_to(emulated.data)
    (here / "target").symlink_to(ROOT / "target")
    (here / "block").write_text(text.replace("127.0.0.1:8700", emulated.address))
    runner = {"sh": "bash -eu", "python": sys.executable}[kind]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("OS_", "TENCENTCLOUD_", "HUAWEICLOUD_"))}
    done = subprocess.run(
        ["bash", "-euc", f"{KEY}\nexec {runner} block"],
        cwd=here,
        env=env | {"HOME": str(here / "home")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Every one of them asks for the groups.
    assert "of-the-page" in done.stdout, done.stdout
