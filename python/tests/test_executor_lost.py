# Executor: a worker that is lost under its calls, and a launcher that is started again.
# SPDX-License-Identifier: MIT
import json
import os
import signal
import subprocess
import tempfile
import time

import pytest

from pcluster import BrokenEngines, Executor
from pcluster.program import call


@pytest.fixture
def own(tmp_path_factory, monkeypatch):
    """A cluster that may be hurt: $PCLUSTER_DIR is its directory."""
    with tempfile.TemporaryDirectory(prefix="pcl.py.", dir="/tmp") as directory:
        monkeypatch.setenv("PCLUSTER_DIR", directory)
        pcluster("submit", "--site", "local", "--jobs", "2", "--cores", "1")
        yield
        pcluster("stop")


def pcluster(*words):
    subprocess.run(["pcluster", *words, "--quiet"], check=True, timeout=60,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def worker_above():
    """The process of the worker that this runs on."""
    pid = os.getpid()
    while pid > 1:
        with open(f"/proc/{pid}/cmdline", "rb") as command:
            words = command.read().split(b"\0")
        if words[0].endswith(b"pcluster") and words[1] == b"worker":
            return pid
        with open(f"/proc/{pid}/stat") as stat:
            pid = int(stat.read().rsplit(")", 1)[1].split()[1])
    return 0


def end_worker_once(path):
    if not os.path.exists(path):
        open(path, "w").close()
        os.kill(worker_above(), signal.SIGKILL)
        time.sleep(60)
    return os.environ["PCLUSTER_WORKER"]


def nap(x):
    time.sleep(0.02)
    return x


def test_calls_of_a_lost_worker_run_elsewhere(own, tmp_path):
    with Executor(2) as executor:
        list(executor.map(nap, range(4)))
        culprit = executor.submit(end_worker_once, str(tmp_path / "ended"))
        others = [executor.submit(nap, i) for i in range(60)]
        assert culprit.result(60) in ("w0", "w1")
        assert [each.result(60) for each in others] == list(range(60))


def test_a_launcher_that_is_started_again(own):
    with Executor(2) as executor:
        first = executor.submit(nap, 1).result(30)
        futures = [executor.submit(nap, i) for i in range(100)]
        pid = launcher()
        os.kill(pid, signal.SIGKILL)
        assert first == 1 and [each.result(60) for each in futures] == list(range(100))
    assert launcher() != pid


def launcher():
    with open(os.path.join(os.environ["PCLUSTER_DIR"], "default", "launcher.json")) as file:
        return json.load(file)["pid"]


def test_a_cluster_that_is_stopped(own):
    with Executor(2) as executor:
        executor.submit(nap, 1).result(30)
        future = executor.submit(time.sleep, 60)
        pcluster("stop")
        with pytest.raises(BrokenEngines):
            future.result(30)
        pcluster("submit", "--site", "local", "--jobs", "1", "--cores", "1")
    assert call("status")["items"]
