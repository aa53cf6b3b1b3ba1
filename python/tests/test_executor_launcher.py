# Executor: a launcher that is started again, a cluster that is stopped.
# SPDX-License-Identifier: MIT
import json
import os
import signal
import subprocess
import time

import pytest

from pcluster import BrokenEngines, Executor
from pcluster.program import call


def nap(x):
    time.sleep(0.02)
    return x


def pcluster(*words):
    subprocess.run(["pcluster", *words, "--quiet"], check=True, timeout=60,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def test_a_launcher_that_is_started_again(own_cluster):
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


def test_a_cluster_that_is_stopped(own_cluster):
    with Executor(2) as executor:
        executor.submit(nap, 1).result(30)
        future = executor.submit(time.sleep, 60)
        pcluster("stop")
        with pytest.raises(BrokenEngines):
            future.result(30)
        pcluster("submit", "--site", "local", "--jobs", "1", "--cores", "1")
    assert call("status")["items"]
