# joblib on pcluster and on loky, its own backend, in one run, on two processes each.
# SPDX-License-Identifier: MIT
import statistics
import time

import numpy
from joblib import Parallel, delayed, parallel_config

import pcluster.joblib  # noqa: F401  registers the backend

TIMES = 5  # each in turn, so that both see the same load


def nothing(number):
    return number


def sums(array):
    return float(array.sum())


def work(seed):
    """Some 20 ms of Python."""
    value = seed
    for step in range(200_000):
        value = (value * 1103515245 + step) & 0x7FFFFFFF
    return value


def seconds(backend, calls):
    """The median of what the calls take, once the processes are there, and their results."""
    taken = []
    with parallel_config(backend, n_jobs=2):
        found = Parallel()(calls)
        for _ in range(TIMES):
            begun = time.perf_counter()
            found = Parallel()(calls)
            taken.append(time.perf_counter() - begun)
    return statistics.median(taken), found


def line(name, calls):
    (own, expected), (ours, found) = seconds("loky", calls), seconds("pcluster", calls)
    assert found == expected, f"{name}: other results"
    print(f"{'joblib ' + name:<44} {ours:8.2f} s {own:8.2f} s {ours / own:6.2f}", flush=True)


if __name__ == "__main__":
    arrays = numpy.random.default_rng(0).random((40, 125_000))  # 1 MB each
    line("2000 calls of nothing", [delayed(nothing)(i) for i in range(2000)])
    line("100 calls of 20 ms", [delayed(work)(i) for i in range(100)])
    line("40 arrays of 1 MB", [delayed(sums)(array) for array in arrays])
