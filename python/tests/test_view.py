# Chosen workers: one process on each, beside the queue, at once.
# SPDX-License-Identifier: MIT
import os
import time

import pytest

import pcluster
from pcluster.view import _all, choose


@pytest.fixture(scope="module")
def ours(cluster):
    with pcluster.Cluster(name=cluster) as attached:
        yield attached


def worker(*args, **kwargs):
    return os.environ["PCLUSTER_WORKER"], args, kwargs


def test_which_workers(ours):
    names = [each.id for each in ours.workers]
    assert ours[0].workers == names[:1] and ours[-1].workers == names[-1:]
    assert ours[names[1]].workers == [names[1]]
    assert ours[0:4].workers == names and ours[:].workers == names
    assert ours[[1, names[0]]].workers == [names[1], names[0]]
    assert len(ours[0:2]) == 2 and "w0, w1" in repr(ours[0:2])


def test_what_is_not_there_is_named(ours):
    with pytest.raises(IndexError, match="no worker number 7: it has 2, w0, w1"):
        ours[7]
    with pytest.raises(KeyError, match='no worker "w9": it has w0, w1'):
        ours["w9"]
    with pytest.raises(TypeError, match=r"c\[0:4\]"):
        ours[1.5]
    with pytest.raises(IndexError, match="none that is home"):
        choose([], 0, "default")


def test_a_call_on_each(ours):
    assert ours[0:2].apply(worker, 1, a=2) == [("w0", (1,), {"a": 2}), ("w1", (1,), {"a": 2})]
    assert ours["w1"].apply(worker) == ("w1", (), {})
    assert ours[[1]].apply_sync(worker) == [("w1", (), {})]
    assert ours[0:0].apply(worker) == []
    with pytest.raises(ZeroDivisionError):
        ours[0:2].apply(lambda: 1 / 0)
    future = ours[0:2].apply_async(time.sleep, 0.2)
    assert not future.done() and future.result(10) == [None, None]


def test_calls_dealt_out(ours):
    assert ours[0:2].map(lambda a, b: a + b, range(5), range(5)) == [0, 2, 4, 6, 8]
    assert [each[0] for each in ours[0:2].map(worker, range(4))] == ["w0", "w1", "w0", "w1"]


def test_processes_stay_and_keep_what_was_set(ours):
    view = ours[0:2]
    pids = view.apply(os.getpid)
    view.push({"a": 3})
    ours[1].execute("b = a * 2")
    assert ours[1].pull("b") == 6 and view.pull("a") == [3, 3]
    assert ours[:].apply(os.getpid) == pids
    with pytest.raises(NameError, match="'b' is not set"):
        ours[0].pull("b")


def until(path):
    while not os.path.exists(path):
        time.sleep(0.02)


def test_beside_what_runs_there(ours, tmp_path):
    with ours.executor() as busy:
        slots = [busy.submit(until, str(tmp_path / "over")) for _ in range(ours.slots)]
        try:
            assert len(ours[0:2].apply(os.getpid)) == 2
            assert not any(each.done() for each in slots)
        finally:
            (tmp_path / "over").touch()


def test_the_first_error_counts_and_all_are_awaited():
    from concurrent.futures import Future
    first, second = Future(), Future()
    whole = _all([first, second], False)
    second.set_exception(KeyError("second"))
    assert not whole.done()
    first.set_exception(ValueError("first"))
    assert isinstance(whole.exception(), ValueError)
