# pcluster.multiprocessing.Pool beside Python's own: the same calls, the same answers.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools
import multiprocessing
import operator
import threading
import time

import pytest

from pcluster.multiprocessing import Pool


def halves(number):
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number / 2


def breaks_after(count):
    yield from range(count)
    raise KeyError("the items end here")


def called_back(pool, method, *arguments):
    """What comes to the callbacks, and out of get()."""
    seen = []
    result = getattr(pool, method)(*arguments, callback=lambda value: seen.append(("good", value)),
                                   error_callback=lambda error: seen.append(("bad", str(error))))
    result.wait(60)
    try:
        return seen, result.successful(), result.get(1)
    except ValueError as error:
        return seen, result.successful(), str(error)


CALLS = {
    "apply": lambda pool: pool.apply(divmod, (17, 5)),
    "apply keywords": lambda pool: pool.apply(int, ("ff",), {"base": 16}),
    "apply raises": lambda pool: pool.apply(halves, (-1,)),
    "apply_async": lambda pool: pool.apply_async(halves, (3,)).get(4294967),
    "apply_async called back": lambda pool: called_back(pool, "apply_async", halves, (3,)),
    "apply_async error": lambda pool: called_back(pool, "apply_async", halves, (-3,)),
    "map": lambda pool: pool.map(halves, range(37)),
    "map of nothing": lambda pool: pool.map(halves, []),
    "map of a generator": lambda pool: pool.map(halves, (i for i in range(5))),
    "map in chunks": lambda pool: pool.map(halves, range(10), 3),
    "map raises": lambda pool: pool.map(halves, [1, 2, -3, 4], 1),
    "map over what breaks": lambda pool: pool.map(halves, breaks_after(3)),
    "map_async": lambda pool: pool.map_async(halves, [1, 2]).get(4294967),
    "map_async called back": lambda pool: called_back(pool, "map_async", halves, [4, 6]),
    "map_async error": lambda pool: called_back(pool, "map_async", halves, [4, -6, 8]),
    "starmap": lambda pool: pool.starmap(pow, [(2, 3), (3, 2)]),
    "starmap_async": lambda pool: pool.starmap_async(pow, [(2, 3), (5, 2)], 1).get(60),
    "starmap raises": lambda pool: pool.starmap(pow, [(2, 3), (2,)]),
    "imap": lambda pool: list(pool.imap(halves, range(20))),
    "imap in chunks": lambda pool: list(pool.imap(halves, range(20), chunksize=7)),
    "imap raises": lambda pool: list(pool.imap(halves, [1, -1])),
    "imap goes on": lambda pool: (lambda it: [next(it), pytest.raises(ValueError, next, it).type,
                                              next(it)])(pool.imap(halves, [1, -1, 2])),
    "imap over what breaks": lambda pool: list(pool.imap(halves, breaks_after(3))),
    "imap chunk of none": lambda pool: pool.imap(halves, [1], chunksize=0),
    "imap_unordered": lambda pool: sorted(pool.imap_unordered(halves, range(50))),
    "imap_unordered in chunks": lambda pool: sorted(pool.imap_unordered(halves, range(50), 8)),
    "imap late": lambda pool: pool.imap(time.sleep, [2]).next(timeout=0.01),
    "get late": lambda pool: pool.apply_async(time.sleep, (2,)).get(0.01),
    "not ready": lambda pool: pytest.raises(
        ValueError, pool.apply_async(time.sleep, (0.3,)).successful).type,
    "result that cannot travel": lambda pool: pytest.raises(
        multiprocessing.pool.MaybeEncodingError, pool.apply, threading.Lock).type,
    "no such exception here": lambda pool: pool.map(operator.attrgetter("nothing"), [1]),
}


def answer(call, pool):
    try:
        return call(pool)
    except Exception as error:  # its class and words are the answer
        return type(error), str(error)


@pytest.fixture(scope="module")
def pools(cluster):
    with multiprocessing.Pool(2) as theirs, Pool(2) as ours:
        yield theirs, ours


@pytest.mark.parametrize("name", CALLS)
def test_answers_as_pythons_own(pools, name):
    theirs, ours = (answer(CALLS[name], pool) for pool in pools)
    assert ours == theirs


def test_is_taken_for_a_multiprocessing_pool(pools):
    assert "multiprocessing" in str(type(pools[1]))
    assert isinstance(pools[1], multiprocessing.pool.Pool)
    with pytest.raises(NotImplementedError):
        pools[1].__reduce__()


def test_traceback_of_the_process_is_shown(pools):
    with pytest.raises(ValueError) as raised:
        pools[1].apply(halves, (-1,))
    assert "in halves" in str(raised.value.__cause__)


def test_functions_that_cannot_be_imported(pools):
    twice = 2
    assert pools[1].map(lambda number: number * twice, [1, 2]) == [2, 4]


def test_endless_items_are_not_all_read(pools):
    items = itertools.count()
    results = pools[1].imap(halves, items)
    assert [next(results) for _ in range(5)] == [0, .5, 1, 1.5, 2]
    time.sleep(0.5)
    assert next(items) < 1_000_000
