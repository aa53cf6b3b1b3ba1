# A call whose result, or whose argument, is 1 GB: through pcluster's Executor and through a pipe of
# ProcessPoolExecutor, in one run.
# SPDX-License-Identifier: MIT
import statistics
import time
from concurrent.futures import ProcessPoolExecutor

import numpy

import pcluster

SIZE = 1_000_000_000
TIMES = 3


def make(size):
    return numpy.ones(size, dtype="u1")


def total(array):
    return int(array.sum(dtype="u8"))


def seconds(executor):
    """The medians of a result and of an argument of SIZE bytes, once a process is there."""
    executor.submit(total, make(10)).result()
    results, arguments = [], []
    for _ in range(TIMES):
        begun = time.perf_counter()
        array = executor.submit(make, SIZE).result()
        results.append(time.perf_counter() - begun)
        assert total(array) == SIZE
        begun = time.perf_counter()
        assert executor.submit(total, array).result() == SIZE
        arguments.append(time.perf_counter() - begun)
    return statistics.median(results), statistics.median(arguments)


if __name__ == "__main__":
    with ProcessPoolExecutor(1) as executor:
        theirs = seconds(executor)
    with pcluster.Executor(max_workers=1) as executor:
        ours = seconds(executor)
    for name, mine, other in zip(("1 GB result", "1 GB argument"), ours, theirs):
        print(f"{'Executor ' + name:<44} {mine:8.2f} s {other:8.2f} s {mine / other:6.2f}")
