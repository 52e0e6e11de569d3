"""`muster demo`, as a visitor runs it: it shows the whole loop, and leaves nothing behind but the plot."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time
import xml.etree.ElementTree

from conftest import BINARY


def leftovers():
    """Processes and directories of demos: those of the machines know their data directory."""
    left = set()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            command = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes()
        except OSError:
            continue
        if b"muster-demo-" in command or b"demo-worker" in command:
            left.add(int(entry))
    return left | {d for d in os.listdir(tempfile.gettempdir()) if d.startswith("muster-demo-")}


def run(tmp_path, *args):
    command = [BINARY, "demo", "--svg", str(tmp_path / "demo.svg"), *args]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)


def test_load_comes_and_machines_come_load_goes_and_machines_go(tmp_path):
    before = leftovers()
    demo = run(tmp_path)
    out, err = demo.communicate(timeout=200)
    assert demo.returncode == 0, out + err
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert " 0 failed; " in lines["requests"], out
    most = int(lines["machines"].split(" at the most")[0].split()[-1])
    assert "machines   1 at first" in lines["machines"] and lines["machines"].endswith(" 1 at the end"), out
    assert most >= 4, out
    assert "scaling policy: hold, scale out" in out and "scaling policy: hold, scale in" in out, out
    svg = xml.etree.ElementTree.parse(tmp_path / "demo.svg").getroot()
    assert svg.tag.endswith("svg") and svg.get("role") == "img"
    assert leftovers() == before


def test_interrupted_it_leaves_nothing_behind(tmp_path):
    before = leftovers()
    demo = run(tmp_path)
    for line in demo.stdout:
        if " 1 in service" in line:
            break
    time.sleep(1)
    demo.send_signal(signal.SIGINT)
    out, err = demo.communicate(timeout=60)
    assert demo.returncode == 1 and "interrupted" in err, out + err
    assert leftovers() == before
