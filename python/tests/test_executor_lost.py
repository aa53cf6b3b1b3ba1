# Executor: a worker that is lost under its calls.
# SPDX-License-Identifier: MIT
import os
import signal
import time

from pcluster import Executor


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


def test_calls_of_a_lost_worker_run_elsewhere(own_cluster, tmp_path):
    with Executor(2) as executor:
        list(executor.map(nap, range(4)))
        culprit = executor.submit(end_worker_once, str(tmp_path / "ended"))
        others = [executor.submit(nap, i) for i in range(60)]
        assert culprit.result(60) in ("w0", "w1")
        assert [each.result(60) for each in others] == list(range(60))
