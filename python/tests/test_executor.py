# Executor: what concurrent.futures promises, on a real cluster.
# SPDX-License-Identifier: MIT
import concurrent.futures
import os
import pickle
import subprocess
import sys
import threading
import time

import numpy
import pytest

from pcluster import BrokenEngines, CallCrashed, Executor
from pcluster.calls import RemoteTraceback


@pytest.fixture(scope="module")
def executor(cluster):
    with Executor(2, cluster=cluster) as made:
        yield made


@pytest.fixture
def free(cluster, executor):
    """The cluster, its slots free for other executors."""
    assert executor.release(15)
    return cluster


def double(x):
    return 2 * x


def pid_after(seconds):
    time.sleep(seconds)
    return os.getpid()


def fail(x):
    raise ValueError(f"no {x}")


def test_submit_and_map(executor):
    assert executor.submit(pow, 2, exp=5).result(30) == 32
    assert list(executor.map(double, range(3000))) == [2 * x for x in range(3000)]
    assert list(executor.map(pow, range(10), [2] * 10, chunksize=3)) == [x * x for x in range(10)]
    assert list(executor.map(double, [])) == []
    with pytest.raises(ValueError):
        executor.map(double, [1], chunksize=0)


def test_both_engines_run(executor):
    assert len(set(executor.map(pid_after, [0.2] * 4))) == 2


def test_by_value(executor):
    local = 5
    assert executor.submit(lambda x: x + local, 1).result(30) == 6
    results = [executor.submit(lambda: local) for local in range(3)]
    assert [each.result(30) for each in results] == [0, 1, 2]
    content = [1]

    def sees():
        return list(content)
    first = executor.submit(sees)
    content.append(2)
    assert (first.result(30), executor.submit(sees).result(30)) == ([1], [1, 2])


def test_arguments_are_not_shared(executor):
    shared = []
    futures = [executor.submit(lambda x: x.append(1) or len(x), shared) for _ in range(50)]
    assert {each.result(30) for each in futures} == {1}


def test_exceptions(executor):
    error = executor.submit(fail, 3).exception(30)
    assert isinstance(error, ValueError) and str(error) == "no 3"
    assert isinstance(error.__cause__, RemoteTraceback)
    assert 'raise ValueError(f"no {x}")' in str(error.__cause__)
    with pytest.raises(SystemExit):
        executor.submit(sys.exit, 3).result(30)
    with pytest.raises(ValueError):
        list(executor.map(fail, [1, 2], chunksize=2))

    class Odd(Exception):
        def __init__(self, one, two):
            super().__init__(one)

    def odd():
        raise Odd(1, 2)
    told = executor.submit(odd).exception(30)
    assert isinstance(told, RuntimeError) and "Odd" in str(told)


def test_what_cannot_be_pickled(executor):
    with pytest.raises((TypeError, pickle.PicklingError)):
        executor.submit(double, threading.Lock()).result(30)
    with pytest.raises(pickle.PicklingError, match="lock"):
        executor.submit(threading.Lock).result(30)

    class Bad:
        def __reduce__(self):
            return fail, (4,)
    with pytest.raises(ValueError, match="no 4"):
        executor.submit(double, Bad()).result(30)
    with pytest.raises(pickle.UnpicklingError, match="no 4"):
        executor.submit(Bad).result(30)
    assert executor.submit(double, 4).result(30) == 8


def test_callbacks_may_submit(executor):
    second = []
    there = threading.Event()

    def then(future):
        second.append(executor.submit(double, future.result()))
        there.set()
    executor.submit(double, 4).add_done_callback(then)
    assert there.wait(30) and second[0].result(30) == 16


def test_cancel(executor):
    busy = [executor.submit(time.sleep, 0.5) for _ in range(2)]
    queued = executor.submit(double, 1)
    while not all(each.running() for each in busy):
        time.sleep(0.01)
    assert not busy[0].cancel() and queued.cancel()
    assert queued.cancelled() and executor.submit(double, 2).result(30) == 4


def test_timeouts(executor):
    with pytest.raises(concurrent.futures.TimeoutError):
        list(executor.map(time.sleep, [0.4] * 3, timeout=0.1))
    done, _ = concurrent.futures.wait([executor.submit(double, 1)], 30)
    assert len(done) == 1


def test_large(executor):
    array = numpy.arange(4_000_000, dtype="f8")
    back = executor.submit(double, array).result(60)
    assert (back == 2 * array).all() and back.flags.writeable
    assert len(executor.submit(bytes, 50_000_000).result(60)) == 50_000_000


def test_crash_takes_only_the_culprit(executor):
    executor.submit(double, 0).result(30)
    futures = [executor.submit(double, i) for i in range(40)]
    culprit = executor.submit(os._exit, 3)
    futures += [executor.submit(double, i) for i in range(40)]
    with pytest.raises(CallCrashed, match="exit code 3"):
        culprit.result(30)
    assert [each.result(30) for each in futures] == 2 * [2 * i for i in range(40)]
    with pytest.raises(CallCrashed, match="signal 11"):
        executor.submit(lambda: os.kill(os.getpid(), 11)).result(30)


def test_a_short_call_waits_for_no_long_one(executor):
    list(executor.map(pid_after, [0.0] * 20))  # pid_after is known to be short
    begun = time.monotonic()
    futures = [executor.submit(pid_after, 0.0 if i else 2.0) for i in range(40)]
    for each in futures[1:]:
        each.result(30)
    assert time.monotonic() - begun < 1.5
    futures[0].result(30)


def test_channel_is_private(executor):
    def descriptors():
        from pcluster import surroundings
        seen = subprocess.run(["ls", "-l", "/proc/self/fd"], capture_output=True, text=True,
                              close_fds=False).stdout
        kept = sorted(surroundings.private)
        links = [os.readlink(f"/proc/self/fd/{each}") for each in kept]
        os.system("echo from a shell")
        print("printed", flush=True)
        pid = os.fork()
        if pid == 0:
            alive = sum(os.path.exists(f"/proc/self/fd/{each}")
                        and os.readlink(f"/proc/self/fd/{each}") in links for each in kept)
            os._exit(alive)
        return any(each in seen for each in links), os.waitstatus_to_exitcode(
            os.waitpid(pid, 0)[1]), "PCLUSTER_CHANNEL" in os.environ
    assert executor.submit(descriptors).result(30) == (False, 0, False)


def test_path_directory_threads(free, tmp_path, monkeypatch):
    (tmp_path / "beside.py").write_text("def f(x):\n    return x + 1\n")
    (tmp_path / "cv2.py").write_text("n = 8\ndef setNumThreads(to):\n    global n\n    n = to\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import beside

    monkeypatch.chdir(tmp_path)
    with Executor(1, cluster=free) as other:
        assert other.submit(beside.f, 1).result(30) == 2
        assert other.submit(os.getcwd).result(30) == str(tmp_path)
        assert other.submit(os.getenv, "OMP_NUM_THREADS").result(30) == "1"
        assert other.submit(lambda: __import__("cv2").n).result(30) == 0  # OpenCV's stand-in


def test_not_after_shutdown(free):
    executor = Executor(1, cluster=free)
    future = executor.submit(double, 1)
    executor.shutdown()
    assert future.result(0) == 2
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(double, 1)
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.map(double, [1])
    executor.shutdown()


def test_shutdown_cancels(free):
    executor = Executor(1, cluster=free)
    first = executor.submit(time.sleep, 0.3)
    while not first.running():
        time.sleep(0.01)
    rest = [executor.submit(double, i) for i in range(5)]
    executor.shutdown(cancel_futures=True)
    assert first.done() and not first.cancelled() and all(each.cancelled() for each in rest)
    assert repr(executor) == "<Executor engines=0 running=0 queued=0 shut down>"


def test_initializer_that_fails(free):
    with Executor(1, cluster=free, initializer=fail, initargs=(7,)) as executor:
        futures = [executor.submit(double, i) for i in range(3)]
        for each in futures:
            with pytest.raises(concurrent.futures.BrokenExecutor, match="no 7"):
                each.result(30)
        with pytest.raises(BrokenEngines):
            executor.submit(double, 1)


def test_wrong_arguments():
    for wrong in (dict(max_workers=0), dict(start_method="thread")):
        with pytest.raises(ValueError):
            Executor(**wrong)
    with pytest.raises(TypeError):
        Executor(initializer=3)
