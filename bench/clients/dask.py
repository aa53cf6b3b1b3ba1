# Dask's LocalCluster(2) and pcluster.dask.Cluster(2) in one run, on a cluster of two slots.
# SPDX-License-Identifier: MIT
#
# python bench/clients/dask.py: a line per system, with seconds of both and ours / theirs: medians
# of ROUNDS, in turns.  LocalCluster talks plain TCP; ours has certificates, and without them too.
# Started as a script, its directory is on sys.path, where it would be found instead of Dask.
import sys

sys.path[:] = [entry for entry in sys.path if not entry.endswith("bench/clients")]

import contextlib
import io
import logging
import statistics
import time

import dask.distributed as dd
import numpy as np
import pcluster.dask

ROUNDS = 3


def nothing(_):
    return None


def ten_ms(_):
    time.sleep(0.01)


def timed(function):
    begun = time.perf_counter()
    result = function()
    return time.perf_counter() - begun, result


def tasks(client, function, n):
    return timed(lambda: client.gather(client.map(function, range(n), pure=False)))[0]


def there_and_back(client):
    """40 MB to a worker and back."""
    data = np.random.default_rng(0).random(5_000_000)
    return timed(lambda: client.submit(np.negative, client.scatter(data)).result())[0]


def power(spy, data, **words):
    """Seconds, and the spectra."""
    with contextlib.redirect_stdout(io.StringIO()):
        seconds, spectra = timed(lambda: spy.freqanalysis(data, **words))
        return seconds, spectra.data[()]


def start(way):
    begun = time.perf_counter()
    if way == "theirs":
        cluster = dd.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    else:
        cluster = pcluster.dask.Cluster(2, security=None if way == "ours" else False)
    client = dd.Client(cluster)
    return client, time.perf_counter() - begun


def measure(way, spy, data):
    """Seconds by name; the first tasks only warm up."""
    client, up = start(way)
    with client:
        tasks(client, nothing, 20)
        out = {"start of 2 workers": up, "1,000 no-op tasks": tasks(client, nothing, 1000),
               "200 tasks of 10 ms": tasks(client, ten_ms, 200),
               "40 MB there and back": there_and_back(client)}
        power(spy, data)  # imports Syncopy over there
        out["freqanalysis, 100 trials x 32 channels"], spectra = power(spy, data)
    out["end"] = timed(client.cluster.close)[0]
    return out, spectra


def main():
    import syncopy as spy
    logging.getLogger("syncopy").setLevel(logging.ERROR)
    data = spy.synthdata.white_noise(nTrials=100, nChannels=32)
    alone, wanted = power(spy, data, parallel=False)
    found = {"theirs": [], "ours": [], "ours without certificates": []}
    for _ in range(ROUNDS):
        for way, rows in found.items():
            times, spectra = measure(way, spy, data)
            assert np.array_equal(spectra, wanted), f"{way}: other spectra"
            rows.append(times)
    middle = {way: {name: statistics.median(row[name] for row in rows) for name in rows[0]}
              for way, rows in found.items()}
    for way in list(found)[1:]:
        for name, theirs in middle["theirs"].items():
            ours = middle[way][name]
            words = f"dask {name}" + way.removeprefix("ours")
            print(f"{words:<64} {ours:8.3f} s {theirs:8.3f} s {ours / theirs:6.2f}", flush=True)
    print(f"{'(that freqanalysis without any cluster)':<64} {alone:8.3f} s")


if __name__ == "__main__":
    main()
