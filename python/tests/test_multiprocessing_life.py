# pcluster.multiprocessing.Pool from its first process to its last: both slots are its own here.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools
import multiprocessing
import os
import threading
import time

import pytest

from pcluster.errors import PclusterError
from pcluster.multiprocessing import Pool


def halves(number):
    return number / 2


def remember(what):
    global remembered
    remembered = what


def recall(_):
    return remembered


def count_calls():
    counted.append(None)
    return len(counted)


counted: list[None] = []


def test_initializer_and_a_process_of_its_own(cluster):
    with Pool(1, remember, ("this",)) as pool:
        assert pool.map(recall, range(3)) == ["this"] * 3
        assert pool.apply(os.getpid) != os.getpid()


def test_close_and_join_let_calls_end(cluster):
    pool = Pool(2)
    result = pool.map_async(time.sleep, [0.3] * 4, 1)
    with pytest.raises(ValueError):
        pool.join()
    pool.close()
    with pytest.raises(ValueError):
        pool.map(halves, [1])
    pool.join()
    assert result.ready() and result.get(0) == [None] * 4


def test_terminate_ends_what_runs_and_tells_who_waits(cluster):
    pool = Pool(2)
    pool.map(halves, range(4))
    running = pool.apply_async(time.sleep, (600,))
    waiting = pool.imap(time.sleep, itertools.repeat(600))
    told = []
    waiter = threading.Thread(
        target=lambda: told.append(pytest.raises(PclusterError, next, waiting)))
    waiter.start()
    time.sleep(0.3)
    began = time.monotonic()
    pool.terminate()
    pool.join()
    waiter.join(10)
    assert time.monotonic() - began < 10 and told
    with pytest.raises((PclusterError, RuntimeError)):
        running.get(0)


def test_maxtasksperchild_replaces_the_process(cluster):
    with Pool(1, maxtasksperchild=2) as pool:
        assert [pool.apply(count_calls) for _ in range(5)] == [1, 2, 1, 2, 1]


@pytest.mark.parametrize("wrong", [{"processes": 0}, {"maxtasksperchild": 0}])
def test_wrong_numbers(cluster, wrong):
    with pytest.raises(ValueError) as theirs:
        multiprocessing.Pool(**wrong)
    with pytest.raises(ValueError) as ours:
        Pool(**wrong)
    assert str(ours.value) == str(theirs.value)
