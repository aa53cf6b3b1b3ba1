# Calls that do nothing, per second: this package's Executor and others, in one run on a cluster.
# SPDX-License-Identifier: MIT
"""python exec.py [--calls N] [--cluster NAME] [--repeat R] [--json]

Two workers each, chunksize 1, medians of R repeats that alternate.  Dask and ipyparallel take part
where they can be imported.
"""
from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import statistics
import time
from concurrent.futures import ProcessPoolExecutor


def nothing(x):
    return x


def by_submit(executor, count):
    begun = time.perf_counter()
    futures = [executor.submit(nothing, i) for i in range(count)]
    assert [each.result() for each in futures] == list(range(count))
    return count / (time.perf_counter() - begun)


def by_map(executor, count):
    begun = time.perf_counter()
    assert list(executor.map(nothing, range(count))) == list(range(count))
    return count / (time.perf_counter() - begun)


def one_by_one(executor, count):
    taken = []
    for i in range(count):
        begun = time.perf_counter()
        assert executor.submit(nothing, i).result() == i
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def measure(executor, count):
    by_map(executor, 500)  # all are there, and warm
    return {"submit": by_submit(executor, count), "map": by_map(executor, count),
            "alone": one_by_one(executor, min(500, count))}


def ours(count, cluster):
    from pcluster import Executor
    with Executor(2, cluster=cluster) as executor:
        return measure(executor, count)


def stdlib(count, _cluster):
    with ProcessPoolExecutor(2) as executor:
        return measure(executor, count)


def dask(count, _cluster):
    from distributed import Client, LocalCluster
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local, \
            Client(local) as client:
        return measure(client.get_executor(pure=False), min(count, 1000))


def pool(count, _cluster):
    """multiprocessing.Pool, which has another interface."""
    with multiprocessing.Pool(2) as workers:
        workers.map(nothing, range(500), chunksize=1)
        begun = time.perf_counter()
        calls = [workers.apply_async(nothing, (i,)) for i in range(count)]
        assert [call.get() for call in calls] == list(range(count))
        submit, begun = count / (time.perf_counter() - begun), time.perf_counter()
        assert workers.map(nothing, range(count), chunksize=1) == list(range(count))
        by_map, taken = count / (time.perf_counter() - begun), []
        for i in range(min(500, count)):
            begun = time.perf_counter()
            assert workers.apply(nothing, (i,)) == i
            taken.append(time.perf_counter() - begun)
    return {"submit": submit, "map": by_map, "alone": statistics.median(taken)}


def ipyparallel(count, _cluster):
    import ipyparallel as ipp
    with ipp.Cluster(n=2, log_level=40) as client:
        return measure(client.executor(), min(count, 1000))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--cluster")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="every repeat, for bench/rows")
    options = parser.parse_args()
    kinds = {"pcluster.Executor": ours, "ProcessPoolExecutor": stdlib,
             "multiprocessing.Pool": pool}
    for module, kind in (("distributed", dask), ("ipyparallel", ipyparallel)):
        if importlib.util.find_spec(module):
            kinds[module] = kind
    found = {name: [] for name in kinds}
    for _ in range(options.repeat):
        for name, kind in kinds.items():
            found[name].append(kind(options.calls, options.cluster))
    if options.json:
        print(json.dumps(found))
        return
    middle = {name: {key: statistics.median(each[key] for each in rows) for key in rows[0]}
              for name, rows in found.items()}
    own = middle["pcluster.Executor"]
    print(f"{'':22}{'submit/s':>10}{'map/s':>10}{'alone':>10}   pcluster's submit is")
    for name, row in middle.items():
        print(f"{name:22}{row['submit']:10.0f}{row['map']:10.0f}{row['alone'] * 1e6:7.0f} us"
              f"   {own['submit'] / row['submit']:.2f} x")


if __name__ == "__main__":
    main()
