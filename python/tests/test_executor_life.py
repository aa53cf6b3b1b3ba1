# Executor: how its engines begin and end, on a real cluster.
# SPDX-License-Identifier: MIT
import os
import signal
import statistics
import subprocess
import sys
import textwrap
import time

import pytest

from pcluster import BrokenEngines, CallCrashed, Executor

STATE = []


def keep(value):
    STATE.append(value)
    os.environ["KEPT_BY"] = str(os.getpid())


def kept():
    return STATE, os.getpid(), os.environ.get("KEPT_BY")


def pid_after(seconds):
    time.sleep(seconds)
    return os.getpid()


def fail(x):
    raise ValueError(f"no {x}")


def die_once(path):
    if not os.path.exists(path):
        open(path, "w").close()
        os._exit(9)
    return "second"


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_start_methods(cluster, method):
    with Executor(2, cluster=cluster, start_method=method, initializer=keep, initargs=(3,),
                  preload=["colorsys"]) as executor:
        state, pid, kept_by = executor.submit(kept).result(30)
        assert state == [3] and (str(pid) == kept_by) == (method != "fork")
        assert executor.submit(lambda: "colorsys" in sys.modules).result(30)
        futures = [executor.submit(abs, i) for i in range(30)]
        with pytest.raises(CallCrashed, match="exit code 4"):
            executor.submit(os._exit, 4).result(30)
        with pytest.raises(CallCrashed, match="exit code 0"):
            executor.submit(os._exit, 0).result(30)
        with pytest.raises(CallCrashed, match="signal 9"):
            executor.submit(lambda: os.kill(os.getpid(), 9)).result(30)
        assert [each.result(30) for each in futures] == list(range(30))
        assert executor.submit(kept).result(30)[0] == [3]
        assert len(executor.submit(bytes, 3_000_000).result(30)) == 3_000_000


@pytest.mark.parametrize("method", ["forkserver", "fork"])
def test_initializer_fails_in_forks(cluster, method):
    with Executor(1, cluster=cluster, start_method=method, initializer=fail, initargs=(7,)) as ours:
        with pytest.raises(BrokenEngines, match="no 7"):
            ours.submit(abs, 1).result(30)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_fresh_processes(cluster, method):
    with Executor(1, cluster=cluster, start_method=method, max_tasks_per_child=2) as executor:
        pids = list(executor.map(pid_after, [0.0] * 6))
        if method == "forkserver":
            assert len(set(pids)) == 3 and pids[0] == pids[1] != pids[2]
        states = [executor.submit(keep_and_count).result(30) for _ in range(4)]
        assert states == [1, 2, 1, 2]


def keep_and_count():
    STATE.append(1)
    return len(STATE)


def test_retries(cluster, tmp_path):
    with Executor(1, cluster=cluster, retries=1) as executor:
        assert executor.submit(die_once, str(tmp_path / "died")).result(30) == "second"
        with pytest.raises(CallCrashed):
            executor.submit(os._exit, 1).result(30)


def test_idle_engines_end_and_come_back(cluster):
    with Executor(2, cluster=cluster, idle_timeout=0.3) as executor:
        first = set(executor.map(pid_after, [0.2] * 2))
        end = time.monotonic() + 15
        while any(_runs(pid) for pid in first) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(_runs(pid) for pid in first)
        assert set(executor.map(pid_after, [0.2] * 2)).isdisjoint(first)


def test_release(cluster):
    with Executor(2, cluster=cluster) as executor:
        first = set(executor.map(pid_after, [0.2] * 2))
        busy = executor.submit(pid_after, 1.0)
        time.sleep(0.2)
        assert executor.release(15)
        runs = [pid for pid in first if _runs(pid)]
        assert runs == [busy.result(30)]
        assert executor.release(15) and not any(_runs(pid) for pid in first)
        assert executor.submit(abs, -1).result(30) == 1


def _runs(pid):
    return os.path.exists(f"/proc/{pid}")


def test_on_chosen_workers_beside_others(cluster):
    with Executor(2, cluster=cluster) as executor:
        busy = [executor.submit(time.sleep, 1.5) for _ in range(2)]
        with Executor(cluster=cluster, on=["w1"]) as chosen:
            assert chosen.submit(os.getenv, "PCLUSTER_WORKER").result(30) == "w1"
            assert chosen.release(15)
            assert chosen.submit(os.getenv, "PCLUSTER_WORKER").result(30) == "w1"
        assert all(each.result(30) is None for each in busy)


def test_forgotten_executor(cluster):
    executor = Executor(1, cluster=cluster)
    pid = executor.submit(pid_after, 0).result(30)
    last = executor.submit(pid_after, 0.3)
    del executor
    assert last.result(30) == pid
    end = time.monotonic() + 15
    while _runs(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _runs(pid)


def test_interpreter_that_is_not_there(cluster, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python3")
    with Executor(1, cluster=cluster) as executor:
        with pytest.raises(BrokenEngines, match="ended before it began"):
            executor.submit(abs, 1).result(30)


def test_kill_workers(cluster):
    executor = Executor(1, cluster=cluster)
    running = executor.submit(time.sleep, 100)
    while not running.running():
        time.sleep(0.01)
    queued = executor.submit(abs, 1)
    executor.kill_workers()
    with pytest.raises(BrokenEngines):
        running.result(15)
    assert queued.cancelled()
    executor.shutdown()


SCRIPT = """
import os, time
from pcluster import Executor
{main}
"""


def _script(tmp_path, main):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.format(main=textwrap.dedent(main)))
    return subprocess.Popen([sys.executable, str(path)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("how", ["with", "plain"])
def test_interrupt(cluster, tmp_path, how):
    main = """
        with Executor(1) as executor:
            future = executor.submit(time.sleep, 100)
            print(executor.submit is not None, flush=True)
            future.result()
    """ if how == "with" else """
        executor = Executor(1)
        future = executor.submit(time.sleep, 100)
        print("there", flush=True)
        future.result()
    """
    script = _script(tmp_path, main)
    script.stdout.readline()
    time.sleep(0.5)
    begun = time.monotonic()
    script.send_signal(signal.SIGINT)
    _, errors = script.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors and time.monotonic() - begun < 12
    assert errors.count("Traceback") == 1


def test_what_was_submitted_is_done_at_the_end(cluster, tmp_path):
    script = _script(tmp_path, f"""
        def mine(x):
            open(f"{tmp_path}/done.{{x}}", "w").close()
        class Thing:
            def __init__(self, x): self.x = x
        executor = Executor(2)
        thing = executor.submit(Thing, 5).result()
        assert type(thing) is Thing and thing.x == 5
        for i in range(5):
            executor.submit(mine, i)
    """)
    _, errors = script.communicate(timeout=30)
    assert (script.returncode, errors) == (0, "")
    assert len(list(tmp_path.glob("done.*"))) == 5


def test_no_cluster(tmp_path, monkeypatch):
    monkeypatch.setenv("PCLUSTER_DIR", str(tmp_path))
    with Executor(1) as executor:
        with pytest.raises(BrokenEngines, match="no launcher"):
            executor.submit(abs, 1).result(30)


def test_import_is_cheap():
    """In seconds of processor time, above those of the bare interpreter: others run here too."""
    def seconds(code):
        taken = []
        for _ in range(5):
            child = subprocess.Popen([sys.executable, "-S", "-E", "-c", code])
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            assert child.returncode == 0
            taken.append(used.ru_utime + used.ru_stime)
        return statistics.median(taken)

    import pcluster
    where = os.path.dirname(os.path.dirname(pcluster.__file__))
    path = f"import sys; sys.path.append({where!r})"
    assert seconds(path + "; import pcluster") - seconds(path) < 0.05
